/* SPDX-License-Identifier: MIT
 *
 * No memory for codecs: what golden encodings are of is encoded, and they are decoded, once for each memory request that
 * this makes, that request failing. It must end with the documented status and outputs, leave nothing behind, and succeed
 * when it is called again. As test_oom.c, with every codec and every form.
 */
#include "alloc/cache.h"
#include "contexts.h"
#include "golden/golden.h"
#include "suite.h"

static struct guard_pool pool;
static struct test_column truth;
static uint8_t *encoding;
static size_t encoding_bytes;

/* Success or no memory, with a call and a number in the message; true for success. */
static bool went_well(weft_ctx *ctx, weft_status status) {
  ck_assert_msg(status == WEFT_OK || status == WEFT_E_NOMEM, "%s: %s: %s", guard_case_text(), weft_status_text(status),
                weft_ctx_message(ctx));
  if (status != WEFT_OK)
    ck_assert_msg(strncmp(weft_ctx_message(ctx), "weft_", 5) == 0 && strpbrk(weft_ctx_message(ctx), "123456789"),
                  "%s: message \"%s\" names no call, or has no number", guard_case_text(), weft_ctx_message(ctx));
  return status == WEFT_OK;
}

/* By way of a selection, so that rows must be gathered. */
static bool encode(weft_ctx *ctx, const struct golden *g) {
  static uint32_t selection[40000];
  static uint8_t out[100000];
  struct weft_encode_options options;
  size_t bytes = 1, rows = truth.rows;
  weft_encode_options_init(&options, sizeof options);
  memcpy(options.codec, g->codec, sizeof options.codec);
  options.sorted_dictionary = g->sorted;
  options.zones = g->zones;
  for (size_t i = 0; i < rows; i++)
    selection[i] = (uint32_t)i;
  struct weft_column column = weft_column_with_selection(truth.column, selection, rows);
  bool ok = went_well(ctx, weft_encode(ctx, &column, &options, out, sizeof out, &bytes));
  ck_assert(ok == (bytes != 0));
  return ok;
}

static bool encode_auto(weft_ctx *ctx, const struct golden *g) {
  static uint8_t out[100000];
  size_t bytes = 1;
  (void)g;
  bool ok = went_well(ctx, weft_encode(ctx, &truth.column, NULL, out, sizeof out, &bytes));
  ck_assert(ok == (bytes != 0));
  return ok;
}

static bool decode_form(weft_ctx *ctx, uint32_t form, bool some) {
  static const uint32_t rows[] = {0, 2, 2, 1};
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.form = form;
  options.selection = some ? rows : NULL;
  options.selected = some ? 4 : 0;
  weft_decoded *decoded = (weft_decoded *)&truth;
  bool ok = went_well(ctx, weft_decode(ctx, encoding, encoding_bytes, &options, &decoded));
  ck_assert(ok == (decoded != NULL));
  weft_decoded_free(decoded);
  return ok;
}

static bool decode(weft_ctx *ctx, const struct golden *g) {
  struct weft_encoded_info info;
  ck_assert(went_well(ctx, weft_describe(ctx, encoding, encoding_bytes, &info, sizeof info))); /* takes none */
  bool ok = decode_form(ctx, WEFT_FORM_VALUES, false);
  if (g->rows >= 3)
    ok &= decode_form(ctx, WEFT_FORM_VALUES, true);
  if (g->type == WEFT_STRING)
    ok &= decode_form(ctx, WEFT_FORM_VIEWS, g->rows % 2 != 0);
  if (info.dictionary_rows > 0)
    ok &= decode_form(ctx, WEFT_FORM_CODES, g->rows % 2 == 0);
  if (info.dictionary_rows > 0)
    ok &= decode_form(ctx, WEFT_FORM_DICTIONARY, false);
  return ok;
}

static bool decode_into(weft_ctx *ctx, const struct golden *g) {
  static uint64_t values[100000], offsets[40001];
  static uint8_t validity[40000 / 8];
  struct weft_buffers buffers = {.size = sizeof buffers, .values = values, .offsets = offsets, .validity = validity};
  (void)g;
  bool ok = went_well(ctx, weft_decode_room(ctx, encoding, encoding_bytes, NULL, &buffers));
  if (!ok)
    return false;
  ck_assert_uint_le(buffers.values_bytes, sizeof values);
  return went_well(ctx, weft_decode_into(ctx, encoding, encoding_bytes, NULL, &buffers));
}

/* A read that fails is repeated at once, and then succeeds. */
static bool read_twice(weft_ctx *ctx, weft_encoding *open, uint32_t form, bool some) {
  static const uint32_t rows[] = {0, 2, 2, 1};
  static uint64_t values[100000], data[100000], offsets[40001];
  static uint8_t validity[40000 / 8];
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.form = form;
  options.selection = some ? rows : NULL;
  options.selected = some ? 4 : 0;
  const struct weft_buffers all = {sizeof all, values, sizeof values, offsets, 4, data, sizeof data, validity, 0};
  struct weft_buffers first = all, second = all;
  bool ok = went_well(ctx, weft_encoding_read(open, &options, &first));
  ck_assert(went_well(ctx, weft_encoding_read(open, &options, &second)));
  return ok;
}

static bool read_open(weft_ctx *ctx, const struct golden *g) {
  struct weft_encoded_info info;
  weft_encoding *open = (weft_encoding *)&truth;
  bool ok = went_well(ctx, weft_encoding_open(ctx, encoding, encoding_bytes, 0, &open));
  ck_assert(ok == (open != NULL));
  if (!ok)
    return false;
  ck_assert(went_well(ctx, weft_encoding_info(open, &info, sizeof info)));
  if (g->rows >= 3)
    ok &= read_twice(ctx, open, WEFT_FORM_VALUES, true);
  ok &= read_twice(ctx, open, WEFT_FORM_VALUES, false);
  if (g->type == WEFT_STRING)
    ok &= read_twice(ctx, open, WEFT_FORM_VIEWS, false);
  if (info.dictionary_rows > 0)
    ok &= read_twice(ctx, open, WEFT_FORM_CODES, false);
  weft_encoding_free(open);
  return ok;
}

static bool check(weft_ctx *ctx, const struct golden *g) {
  static uint64_t min[40], max[40];
  static uint32_t nulls[40];
  bool ok = went_well(ctx, weft_verify(ctx, encoding, encoding_bytes));
  return g->zones ? went_well(ctx, weft_zones(ctx, encoding, encoding_bytes, NULL, min, max, nulls)) && ok : ok;
}

static const struct {
  const char *name;
  bool (*run)(weft_ctx *ctx, const struct golden *g);
} operations[] = {{"encode", encode},  {"encode by AUTO", encode_auto},
                  {"decode", decode},  {"decode into", decode_into},
                  {"read", read_open}, {"verify", check}};
#define OPERATIONS (sizeof operations / sizeof *operations)

/* One run, its nth request failing; false: it made no nth. */
static bool fail_once(const struct golden *g, size_t operation, uint64_t nth, uint64_t *failures) {
  char what[100];
  weft_slab *slab;
  snprintf(what, sizeof what, "%s of %s, request %llu", operations[operation].name, g->name, (unsigned long long)nth);
  guard_case = (struct guard_case){.what = what, .rows = g->rows};
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  weft__slab_fail_at(slab, 0); /* before the context opens, so that every object is a request */
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  weft_ctx *ctx = ctx_with(&options);
  uint64_t before = weft__slab_requests(slab);
  weft__slab_fail_at(slab, nth);
  bool ok = operations[operation].run(ctx, g), reached = weft__slab_requests(slab) - before >= nth;
  ck_assert_msg(ok || reached, "%s: failed, and no request had", what);
  *failures += !ok;
  weft__slab_fail_at(slab, 0);
  ck_assert_msg(operations[operation].run(ctx, g), "%s: once failed, it fails again with memory at hand", what);
  weft_ctx_free(ctx);
  struct weft_slab_figures figures;
  ck_assert_int_eq(weft_slab_stats(slab, &figures, sizeof figures), WEFT_OK);
  ck_assert_msg(figures.live_objects == 0, "%s leaves %llu objects", what, (unsigned long long)figures.live_objects);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  return reached;
}

START_TEST(each_request_may_fail_once) {
  const struct golden *g = &golden[_i];
  uint64_t failures = 0;
  golden_build(&pool, g, g->rows, &truth);
  encoding = golden_read(g->name, "wfc", &encoding_bytes);
  for (size_t k = 0; k < OPERATIONS; k++)
    for (uint64_t nth = 1; fail_once(g, k, nth, &failures); nth++)
      ;
  ck_assert_msg(failures >= 3, "%s: %llu failures", g->name, (unsigned long long)failures);
  free(encoding);
  guard_close(&pool);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, each_request_may_fail_once, 0, (int)golden_count);
}

int main(void) {
  return suite_main("codec_oom", add_tests);
}
