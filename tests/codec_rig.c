/* SPDX-License-Identifier: MIT
 *
 * Streams of values, encoded and read again. Knows the frame of an encoding, not what codecs do.
 */
#include "codec_rig.h"

#include <weft/group.h>

void rig_open(struct rig *rig, const char *isa, size_t i) {
  memset(rig, 0, sizeof *rig);
  uint64_t seed = rng_case_seed(i);
  guard_case = (struct guard_case){.isa = isa, .seed = seed};
  rig->rng.state = seed;
  MUST(NULL, weft_slab_create(NULL, &rig->slab));
  struct weft_ctx_options options = ctx_defaults();
  options.slab = rig->slab;
  options.isa = isa;
  rig->ctx = ctx_with(&options);
  weft_encode_options_init(&rig->options, sizeof rig->options);
  rig->out = (struct codec_out){.ctx = rig->ctx,
                                .kernels = rig->ctx->kernels,
                                .codecs = rig->ctx->kernels->codecs,
                                .options = &rig->options,
                                .group = weft_group,
                                .at = malloc(RIG_CAP),
                                .cap = RIG_CAP};
  ck_assert_ptr_nonnull(rig->out.at);
}

void rig_close(struct rig *rig) {
  free(rig->out.at);
  guard_close(&rig->encodings);
  guard_close(&rig->arrays);
  close_slab(rig->ctx, rig->slab);
}

void rig_begin(struct rig *rig) {
  rig->out.no_dictionary = false;
  MUST(rig->ctx, weft__codec_open_out(&rig->out));
}

uint8_t *rig_finish(struct rig *rig, enum weft_type type, uint32_t width, uint32_t rows) {
  uint64_t data = (uint64_t)rows * width;
  if (type == WEFT_STRING)
    for (unsigned i = 0; i < rig->out.n_nodes; i++)
      data += rig->out.nodes[i].codec == WEFT_CODEC_STRINGS ? rig->out.nodes[i].bytes : 0;
  const struct codec_head head = {.type = type, .rows = rows, .width = width, .data_bytes = data};
  MUST(rig->ctx, weft__codec_close_out(&rig->out, &head));
  enum guard_side side = rng_percent(&rig->rng, 50) ? GUARD_LOW : GUARD_HIGH;
  uint8_t *at = guard_take(&rig->encodings, side, rig->out.used, 0, &rig->rng);
  memcpy(at, rig->out.at, rig->out.used);
  rig->in.at = at;
  rig->in.bytes = rig->out.used;
  return at;
}

weft_status rig_reopen(struct rig *rig) {
  const uint8_t *at = rig->in.at;
  size_t bytes = rig->in.bytes;
  memset(&rig->in, 0, sizeof rig->in);
  rig->in.ctx = rig->ctx;
  rig->in.kernels = rig->out.kernels;
  rig->in.codecs = rig->out.codecs;
  rig->in.who = "test";
  rig->in.budget = 1 << 30;
  rig->in.at = at;
  rig->in.bytes = bytes;
  return weft__codec_open(&rig->in);
}

void rig_end(struct rig *rig, enum weft_type type, uint32_t width, uint32_t rows) {
  rig_finish(rig, type, width, rows);
  MUST(rig->ctx, rig_reopen(rig));
}

static enum weft_type type_of(const struct codec_values *values) {
  switch (values->item) {
  case 1: return values->is_signed ? WEFT_I8 : WEFT_U8;
  case 2: return values->is_signed ? WEFT_I16 : WEFT_U16;
  case 4: return values->is_float ? WEFT_F32 : values->is_signed ? WEFT_I32 : WEFT_U32;
  case 8: return values->is_float ? WEFT_F64 : values->is_signed ? WEFT_I64 : WEFT_U64;
  default: return WEFT_FIXED_BYTES;
  }
}

void rig_encode(struct rig *rig, const struct codec_values *values, const uint8_t *cascade) {
  guard_case.rows = values->n;
  guard_case.length = values->item;
  rig_begin(rig);
  MUST(rig->ctx, weft__codec_encode(&rig->out, values, WEFT_ROLE_VALUES, cascade, 0));
  rig_end(rig, type_of(values), values->item, values->n);
}

void rig_encode_strings(struct rig *rig, const struct codec_strings *strings, const uint8_t *cascade) {
  guard_case.rows = strings->n;
  rig_begin(rig);
  MUST(rig->ctx, weft__codec_encode_strings(&rig->out, strings, WEFT_ROLE_VALUES, cascade, 0));
  rig_end(rig, WEFT_STRING, 0, strings->n);
}

/* ---- Reading ---- */

static void expect_range(struct rig *rig, const struct codec_values *expected, uint32_t first, uint32_t n) {
  size_t item = expected->item;
  uint8_t *out = rig_array(rig, n * item);
  MUST(rig->ctx, weft__codec_read(&rig->in, rig->in.values, first, n, out));
  const uint8_t *right = (const uint8_t *)expected->at + first * item;
  for (size_t i = 0; i < n * item && memcmp(out, right, n * item) != 0; i++)
    CASE_CHECK(out[i] == right[i], first + i / item, "byte %zu is %02x, not %02x, of rows %u to %u", i % item, out[i],
               right[i], first, first + n);
  guard_reset(&rig->arrays, 1);
}

static void expect_picked(struct rig *rig, const struct codec_values *expected) {
  enum { PICKED = 20 };
  uint32_t rows[PICKED];
  size_t item = expected->item;
  for (size_t i = 0; i < PICKED; i++)
    rows[i] = i % 3 == 2 ? (rows[i - 1] + 1) % expected->n : (uint32_t)rng_upto(&rig->rng, expected->n - 1);
  uint8_t *out = rig_array(rig, PICKED * item);
  MUST(rig->ctx, weft__codec_pick(&rig->in, rig->in.values, rows, PICKED, out));
  for (size_t i = 0; i < PICKED; i++)
    CASE_CHECK(memcmp(out + i * item, (const uint8_t *)expected->at + rows[i] * item, item) == 0, rows[i], "picked wrong");
  guard_reset(&rig->arrays, 1);
}

/* A range of rows; half of them short. */
static uint32_t any_range(struct rig *rig, uint32_t n, uint32_t *first) {
  *first = (uint32_t)rng_upto(&rig->rng, n - 1);
  uint32_t most = n - *first;
  return 1 + (uint32_t)rng_upto(&rig->rng, (rng_percent(&rig->rng, 50) && most > 40 ? 40 : most) - 1);
}

void rig_expect(struct rig *rig, const struct codec_values *expected) {
  uint32_t n = expected->n, first;
  guard_case.rows = n;
  guard_case.length = expected->item;
  MUST(rig->ctx, weft__codec_start(&rig->in, rig->in.values));
  if (rng_percent(&rig->rng, 50) && n > 0)
    expect_picked(rig, expected);
  expect_range(rig, expected, 0, n);
  for (first = 0; first < n; first += CODEC_BLOCK)
    expect_range(rig, expected, first, n - first < CODEC_BLOCK ? n - first : CODEC_BLOCK);
  for (size_t i = 0; n > 0 && i < 6; i++) {
    uint32_t rows = any_range(rig, n, &first);
    expect_range(rig, expected, first, rows);
  }
  if (n > 0)
    expect_picked(rig, expected);
}

static void expect_strings(struct rig *rig, const struct codec_strings *expected, uint32_t first, uint32_t n) {
  int64_t *offsets = rig_array(rig, (n + (size_t)1) * sizeof *offsets);
  struct codec_text text;
  struct codec_node *node = rig->in.values;
  uint32_t *codes = NULL;
  if (node->codec == WEFT_CODEC_DICT) {
    codes = rig_array(rig, n * sizeof *codes);
    MUST(rig->ctx, weft__dict_codes(&rig->in, node, first, n, codes));
    node = node->child[0];
    offsets = rig_array(rig, (node->n + (size_t)1) * sizeof *offsets);
    MUST(rig->ctx, weft__strings_read(&rig->in, node, 0, node->n, offsets, 8, &text));
  } else {
    MUST(rig->ctx, weft__strings_read(&rig->in, node, first, n, offsets, 8, &text));
  }
  ck_assert_int_eq(offsets[0], 0);
  for (uint32_t i = 0; i < n; i++) {
    const int64_t *right = expected->offsets + first + i;
    const int64_t *string = offsets + (codes ? codes[i] : i);
    CASE_CHECK(string[1] - string[0] == right[1] - right[0], first + i, "%lld bytes, not %lld",
               (long long)(string[1] - string[0]), (long long)(right[1] - right[0]));
    CASE_CHECK(memcmp(text.data + string[0], expected->data + right[0], (size_t)(right[1] - right[0])) == 0, first + i,
               "other bytes");
  }
  guard_reset(&rig->arrays, 2);
}

void rig_expect_strings(struct rig *rig, const struct codec_strings *expected) {
  uint32_t n = expected->n, first;
  MUST(rig->ctx, weft__codec_start(&rig->in, rig->in.values));
  if (rig->in.values->codec != WEFT_CODEC_DICT || n > 0)
    expect_strings(rig, expected, 0, n);
  for (first = 0; first < n; first += CODEC_BLOCK)
    expect_strings(rig, expected, first, n - first < CODEC_BLOCK ? n - first : CODEC_BLOCK);
  for (size_t i = 0; n > 0 && i < 6; i++) {
    uint32_t rows = any_range(rig, n, &first);
    expect_strings(rig, expected, first, rows);
  }
}

/* ---- Values ---- */

static uint64_t next_value(struct rng *rng, enum value_kind kind, uint64_t last, uint32_t row) {
  static const uint64_t extremes[] = {0, 1, UINT64_MAX, (uint64_t)1 << 63, ((uint64_t)1 << 63) - 1, 0x7f800001, 0x80000000};
  switch (kind) {
  case VALUES_RANDOM: return rng_next(rng);
  case VALUES_CONSTANT: return last;
  case VALUES_FEW: return rng_upto(rng, 6) * RNG_STEP;
  case VALUES_RUNS_2: return rng_percent(rng, 50) ? last : rng_upto(rng, 99);
  case VALUES_RUNS_100: return rng_percent(rng, 99) ? last : rng_next(rng);
  case VALUES_RUNS_EVEN: return row % 4 != 0 ? last : (last % 100 + 1 + rng_upto(rng, 98)) % 100;
  case VALUES_ASCENDING: return last + rng_upto(rng, 9);
  default: return rng_percent(rng, 50) ? extremes[rng_upto(rng, 6)] : last + 1;
  }
}

struct codec_values rig_values(struct rig *rig, enum value_kind kind, uint32_t item, uint32_t n) {
  guard_reset(&rig->arrays, 0);
  uint8_t *at = rig_array(rig, (size_t)n * item);
  uint64_t word = rng_next(&rig->rng);
  for (uint32_t i = 0; i < n; i++) {
    word = next_value(&rig->rng, kind, word, i);
    if (codec_is_word(item))
      codec_set_word(at, i, item, word);
    else
      for (uint32_t k = 0; k < item; k++)
        at[(size_t)i * item + k] = (uint8_t)(word >> 8 * (k % 8));
  }
  return (struct codec_values){.at = at, .n = n, .item = item};
}

struct codec_strings rig_strings(struct rig *rig, uint32_t n, uint32_t distinct) {
  enum { LONGEST = 20, BEFORE = 5 };
  guard_reset(&rig->arrays, 0);
  int64_t *offsets = rig_array(rig, (n + (size_t)1) * sizeof *offsets);
  uint32_t *numbers = malloc((n + (size_t)1) * sizeof *numbers);
  uint64_t salt = rng_next(&rig->rng);
  ck_assert_ptr_nonnull(numbers);
  offsets[0] = BEFORE;
  for (uint32_t i = 0; i < n; i++) {
    struct rng rng = {salt + (numbers[i] = (uint32_t)rng_upto(&rig->rng, distinct - 1))};
    offsets[i + 1] = offsets[i] + (int64_t)rng_upto(&rng, LONGEST);
  }
  uint8_t *data = guard_take(&rig->arrays, GUARD_HIGH, (size_t)offsets[n], 0, &rig->rng);
  for (uint32_t i = 0; i < n; i++) {
    struct rng rng = {salt + numbers[i]};
    size_t bytes = rng_upto(&rng, LONGEST);
    for (size_t k = 0; k < bytes; k++)
      data[offsets[i] + (int64_t)k] = (uint8_t)rng_next(&rng);
  }
  free(numbers);
  return (struct codec_strings){.data = data, .offsets = offsets, .n = n};
}

weft_status rig_read(struct rig *rig, uint32_t first, uint32_t n) {
  struct codec_node *node = rig->in.values;
  struct codec_text text;
  if (rig->in.type != WEFT_STRING)
    return weft__codec_read(&rig->in, node, first, n, rig_array(rig, (size_t)n * node->item));
  if (node->codec != WEFT_CODEC_DICT)
    return weft__strings_read(&rig->in, node, first, n, rig_array(rig, (n + (size_t)1) * 8), 8, &text);
  uint32_t size = node->child[0]->n;
  weft_status status = weft__dict_codes(&rig->in, node, first, n, rig_array(rig, (size_t)n * 4));
  return status != WEFT_OK || size > 100000
             ? status
             : weft__strings_read(&rig->in, node->child[0], 0, size, rig_array(rig, (size + (size_t)1) * 8), 8, &text);
}
