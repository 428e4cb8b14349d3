/* SPDX-License-Identifier: MIT
 *
 * Strings as they are copied out of encodings: of every length about the widths that are copied at once, between guard
 * pages, in ranges and selections, with nulls, past the caches, and by codes that no dictionary has. On every table.
 */
#include "keys.h"
#include "lib/ctx.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#include <weft/codec.h>

#define MOST_ROWS 3000
#define LONGEST 70

static struct tables tables;
static struct guard_pool pool;
static struct rng rng;
static weft_slab *slab;
static weft_ctx *ctx;

static void open_case(const char *isa, size_t i) {
  rng.state = rng_case_seed(i);
  guard_case = (struct guard_case){.isa = isa, .seed = rng.state};
  MUST(NULL, weft_slab_create(NULL, &slab));
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  options.isa = isa;
  ctx = ctx_with(&options);
}

static void close_case(void) {
  guard_close(&pool);
  close_slab(ctx, slab);
}

/* Strings that are encoded, and their encoding. */
struct text {
  size_t rows;
  int32_t offsets[MOST_ROWS + 1];
  uint8_t bytes[MOST_ROWS * LONGEST];
  uint8_t validity[(MOST_ROWS + 7) / 8];
  bool has_nulls;
  const uint8_t *at;
  size_t size;
  struct weft_encoded_info info;
};
static struct text text;

/* In which order strings come; where they are distinct, the codes of a dictionary are consecutive. */
enum order { AS_DRAWN, ALL_DISTINCT, DISTINCT_AT_FIRST };

static void draw_text(size_t rows, size_t longest, enum order order, bool nulls) {
  size_t distinct = order == AS_DRAWN ? 1 + rng_upto(&rng, 40) : rows, salt = rng_next(&rng);
  text.rows = rows;
  text.has_nulls = nulls;
  for (size_t i = 0; i < rows; i++) {
    size_t number = order == AS_DRAWN || (order == DISTINCT_AT_FIRST && i > rows / 2) ? rng_upto(&rng, distinct - 1) : i;
    struct rng own = {salt + number};
    size_t length = number % 4 == 0 ? longest : number % 4 == 1 ? 0 : rng_upto(&own, longest);
    rng_fill(&own, text.bytes + text.offsets[i], length);
    if (order != AS_DRAWN && length >= sizeof(uint32_t)) /* indeed another one */
      memcpy(text.bytes + text.offsets[i], &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
    text.offsets[i + 1] = text.offsets[i] + (int32_t)length;
  }
  rng_fill(&rng, text.validity, sizeof text.validity);
}

static bool is_null(size_t row) {
  return text.has_nulls && !(text.validity[row / 8] >> row % 8 & 1);
}

static void encode_text(const uint8_t *cascade) {
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  memcpy(options.codec, cascade, sizeof options.codec);
  struct weft_column column = weft_column_offsets32(text.bytes, sizeof text.bytes, text.offsets, text.rows);
  if (text.has_nulls)
    column = weft_column_with_validity(column, text.validity, 0);
  size_t bound;
  MUST(ctx, weft_encode_bound(&column, &bound));
  uint8_t *dst = malloc(bound);
  ck_assert_ptr_nonnull(dst);
  MUST(ctx, weft_encode(ctx, &column, &options, dst, bound, &text.size));
  uint8_t *at = guard_take(&pool, rng_percent(&rng, 50) ? GUARD_LOW : GUARD_HIGH, text.size, 0, &rng);
  memcpy(at, dst, text.size);
  text.at = at;
  free(dst);
  MUST(ctx, weft_describe(ctx, text.at, text.size, &text.info, sizeof text.info));
}

/* Which rows are decoded, and how many bytes their strings have. */
struct wanted {
  struct weft_decode_options options;
  size_t n;
  uint64_t bytes;
};

static size_t row_of(const struct wanted *wanted, size_t i) {
  return (size_t)wanted->options.first_row + (wanted->options.selection ? wanted->options.selection[i] : i);
}

static size_t length_of(size_t row) {
  return is_null(row) ? 0 : (size_t)(text.offsets[row + 1] - text.offsets[row]);
}

/* All rows, a range, or some of them. */
static struct wanted draw_wanted(unsigned which, uint32_t form) {
  struct wanted wanted = {.n = text.rows};
  weft_decode_options_init(&wanted.options, sizeof wanted.options);
  wanted.options.form = form;
  wanted.options.streaming = rng_percent(&rng, 20);
  if (which > 0) {
    wanted.options.first_row = rng_upto(&rng, text.rows);
    wanted.options.rows = wanted.n = rng_upto(&rng, text.rows - wanted.options.first_row);
  }
  if (which > 1 && wanted.n > 0) {
    size_t rows = wanted.n;
    wanted.n = wanted.options.selected = rng_upto(&rng, 1100);
    uint32_t *selection = guard_take(&pool, GUARD_HIGH, wanted.n * sizeof *selection, 0, &rng);
    for (size_t i = 0; i < wanted.n; i++)
      selection[i] = (uint32_t)rng_upto(&rng, rows - 1);
    wanted.options.selection = selection;
  }
  for (size_t i = 0; i < wanted.n; i++)
    wanted.bytes += length_of(row_of(&wanted, i));
  return wanted;
}

static void *taken(size_t bytes) {
  return guard_take(&pool, rng_percent(&rng, 70) ? GUARD_HIGH : GUARD_LOW, bytes, 0, &rng);
}

static void expect_string(size_t i, size_t row, const uint8_t *at, uint64_t length) {
  CASE_CHECK(length == length_of(row), i, "%llu bytes of row %zu, not %zu", (unsigned long long)length, row,
             length_of(row));
  CASE_CHECK(length == 0 || memcmp(at, text.bytes + text.offsets[row], (size_t)length) == 0, i, "other bytes than row %zu",
             row);
}

/* Decodes into room that has so many bytes more than the strings fill. */
static void expect_values(unsigned which, size_t offset_bytes, size_t more) {
  struct wanted wanted = draw_wanted(which, WEFT_FORM_VALUES);
  struct weft_buffers buffers = {.size = sizeof buffers, .offset_bytes = offset_bytes};
  buffers.values_bytes = (size_t)wanted.bytes + more;
  buffers.values = taken(buffers.values_bytes);
  buffers.offsets = taken((wanted.n + 1) * offset_bytes);
  buffers.validity = taken((wanted.n + 7) / 8);
  MUST(ctx, weft_decode_into(ctx, text.at, text.size, &wanted.options, &buffers));
  CASE_CHECK(buffers.values_bytes == wanted.bytes, 0, "%zu bytes, not %zu", buffers.values_bytes, (size_t)wanted.bytes);
  uint64_t ends[2] = {0, 0};
  for (size_t i = 0; i <= wanted.n; i++) {
    int32_t narrow;
    memcpy(offset_bytes == 4 ? (void *)&narrow : &ends[1], (uint8_t *)buffers.offsets + i * offset_bytes, offset_bytes);
    ends[1] = offset_bytes == 4 ? (uint64_t)narrow : ends[1];
    CASE_CHECK(ends[1] >= ends[0] && ends[1] <= wanted.bytes && (i > 0 || ends[1] == 0), i, "it ends at %llu",
               (unsigned long long)ends[1]);
    if (i > 0)
      expect_string(i - 1, row_of(&wanted, i - 1), (uint8_t *)buffers.values + ends[0], ends[1] - ends[0]);
    CASE_CHECK(i == 0 || (buffers.validity[(i - 1) / 8] >> (i - 1) % 8 & 1) == !is_null(row_of(&wanted, i - 1)), i,
               "validity");
    ends[0] = ends[1];
  }
  if (wanted.bytes == 0)
    return;
  buffers.values_bytes = (size_t)rng_upto(&rng, wanted.bytes - 1);
  buffers.values = taken(buffers.values_bytes);
  REFUSED(ctx, weft_decode_into(ctx, text.at, text.size, &wanted.options, &buffers), WEFT_E_SPACE, "buffers.values");
}

static void expect_views(unsigned which) {
  struct wanted wanted = draw_wanted(which, WEFT_FORM_VIEWS);
  struct weft_buffers buffers = {.size = sizeof buffers};
  MUST(ctx, weft_decode_room(ctx, text.at, text.size, &wanted.options, &buffers));
  ck_assert_uint_eq(buffers.values_bytes, wanted.n * sizeof(struct weft_view));
  size_t data_bytes = buffers.data_bytes;
  struct weft_view *views = buffers.values = taken(buffers.values_bytes);
  uint8_t *data = buffers.data = taken(data_bytes);
  buffers.validity = taken((wanted.n + 7) / 8);
  MUST(ctx, weft_decode_into(ctx, text.at, text.size, &wanted.options, &buffers));
  for (size_t i = 0; i < wanted.n; i++) {
    static const uint8_t zeros[sizeof views->as.inlined];
    const struct weft_view *view = &views[i];
    size_t length = (size_t)view->length;
    if (length <= sizeof view->as.inlined) {
      expect_string(i, row_of(&wanted, i), view->as.inlined, length);
      CASE_CHECK(memcmp(view->as.inlined + length, zeros, sizeof zeros - length) == 0, i, "bytes after the string");
      continue;
    }
    size_t from = (size_t)view->as.ref.offset;
    CASE_CHECK(view->as.ref.buffer == 0 && from <= data_bytes && length <= data_bytes - from, i, "it refers to %zu", from);
    expect_string(i, row_of(&wanted, i), data + from, length);
    CASE_CHECK(memcmp(view->as.ref.prefix, data + from, sizeof view->as.ref.prefix) == 0, i, "its prefix");
  }
  if (data_bytes == 0)
    return;
  buffers.data_bytes = rng_upto(&rng, data_bytes - 1);
  buffers.data = taken(buffers.data_bytes);
  REFUSED(ctx, weft_decode_into(ctx, text.at, text.size, &wanted.options, &buffers), WEFT_E_SPACE, "buffers.data");
}

static const uint8_t cascades[][WEFT_CODEC_DEPTH] = {{WEFT_CODEC_STRINGS},
                                                     {WEFT_CODEC_STRINGS, WEFT_CODEC_RAW},
                                                     {WEFT_CODEC_DICT},
                                                     {WEFT_CODEC_DICT, WEFT_CODEC_RLE},
                                                     {WEFT_CODEC_DICT, WEFT_CODEC_RAW}};
enum { CASCADES = sizeof cascades / sizeof *cascades };
static const size_t counts[] = {1, 2, 7, 8, 9, 40, 1023, 1024, 1025, MOST_ROWS};
enum { COUNTS = sizeof counts / sizeof *counts };

START_TEST(strings_of_every_length_are_copied_between_guard_pages) {
  open_case(tables.list[_i]->isa, 7000 + (size_t)_i);
  size_t cases = rng_cases(600), by_dictionary[3] = {0};
  for (size_t i = 0; i < cases; i++) {
    size_t longest = i % (LONGEST + 1), rows = counts[rng_upto(&rng, COUNTS - 1)];
    const uint8_t *cascade = cascades[i % CASCADES];
    draw_text(rows, longest, (enum order)(i / CASCADES % 3), rng_percent(&rng, 30));
    guard_case.what = weft_codec_name(cascade[0]);
    guard_case.rows = rows;
    guard_case.length = longest;
    encode_text(cascade);
    by_dictionary[i / CASCADES % 3] += text.info.dictionary_rows > 0;
    for (unsigned which = 0; which < 3; which++) {
      expect_values(which, 4, rng_percent(&rng, 50) ? 0 : rng_upto(&rng, 100));
      expect_values(which, 8, rng_percent(&rng, 50) ? 0 : rng_upto(&rng, 100));
      expect_views(which);
    }
    guard_reset(&pool, 0);
  }
  for (size_t order = 0; order < 3; order++) /* others were too small for one */
    ck_assert_msg(by_dictionary[order] >= cases / 20, "%zu of %zu", by_dictionary[order], cases);
  close_case();
}
END_TEST

START_TEST(a_code_that_the_dictionary_does_not_have_is_damage_wherever_it_is) {
  static const uint8_t cascade[WEFT_CODEC_DEPTH] = {WEFT_CODEC_DICT, WEFT_CODEC_RAW};
  open_case(tables.list[_i]->isa, 7100 + (size_t)_i);
  for (size_t i = 0; i < 4; i++) {
    draw_text(counts[COUNTS - 1 - i], 20, AS_DRAWN, false);
    encode_text(cascade);
    const struct weft_encoded_info *info = &text.info;
    ck_assert_uint_eq(info->nodes[info->n_nodes - 1].role, WEFT_ROLE_CODES);
    const size_t rows[] = {0, text.rows / 2, text.rows - 1};
    const uint32_t codes[] = {(uint32_t)info->dictionary_rows, UINT32_MAX, 1u << 31};
    for (size_t k = 0; k < 9; k++) {
      uint8_t *code = (uint8_t *)text.at + info->nodes[info->n_nodes - 1].offset + 4 * rows[k % 3], right[4];
      memcpy(right, code, sizeof right);
      for (unsigned byte = 0; byte < 4; byte++)
        code[byte] = (uint8_t)(codes[k / 3] >> 8 * byte);
      for (uint32_t form = WEFT_FORM_VALUES; form <= WEFT_FORM_CODES; form++) {
        struct wanted wanted = draw_wanted(0, form);
        struct weft_buffers buffers = {.size = sizeof buffers, .offset_bytes = 8, .values_bytes = 20 * MOST_ROWS};
        buffers.values = taken(buffers.values_bytes);
        buffers.offsets = taken(8 * (text.rows + 1));
        buffers.data_bytes = sizeof text.bytes;
        buffers.data = taken(buffers.data_bytes);
        REFUSED(ctx, weft_decode_into(ctx, text.at, text.size, &wanted.options, &buffers), WEFT_E_CORRUPT, "the code of");
      }
      memcpy(code, right, sizeof right);
    }
    guard_reset(&pool, 0);
  }
  close_case();
}
END_TEST

/* The kernel stream, and what it was last called for. */
static simd_stream_fn *stream;
static size_t streams, streamed_last;

static void noted_stream(const void *in, size_t bytes, void *out) {
  streams++;
  streamed_last = bytes;
  stream(in, bytes, out);
}

/* Stores past the caches are in order with what the caller stores next once the kernel was called for no bytes. */
START_TEST(what_is_streamed_is_in_order_when_the_call_ends) {
  static const uint8_t cascade[WEFT_CODEC_DEPTH] = {WEFT_CODEC_STRINGS};
  open_case(tables.list[_i]->isa, 7200 + (size_t)_i);
  struct simd_kernels kernels = *ctx->kernels;
  struct simd_codecs codecs = *kernels.codecs;
  stream = codecs.stream;
  codecs.stream = noted_stream;
  kernels.codecs = &codecs;
  ctx->kernels = &kernels;
  draw_text(MOST_ROWS, LONGEST, AS_DRAWN, false);
  encode_text(cascade);
  streams = 0;
  struct weft_buffers buffers = {.size = sizeof buffers, .offset_bytes = 4, .values_bytes = sizeof text.bytes};
  struct weft_decode_options options;
  buffers.values = taken(buffers.values_bytes);
  buffers.offsets = taken(4 * (text.rows + 1));
  weft_decode_options_init(&options, sizeof options);
  options.streaming = true;
  MUST(ctx, weft_decode_into(ctx, text.at, text.size, &options, &buffers));
  CASE_CHECK(streams > 0 && streamed_last == 0, 0, "%zu calls of the kernel, the last for %zu bytes", streams,
             streamed_last);
  close_case();
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, strings_of_every_length_are_copied_between_guard_pages, 0, tables.n);
  tcase_add_loop_test(tcase, a_code_that_the_dictionary_does_not_have_is_damage_wherever_it_is, 0, tables.n);
  tcase_add_loop_test(tcase, what_is_streamed_is_in_order_when_the_call_ends, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("codec_copies", add_tests);
}
