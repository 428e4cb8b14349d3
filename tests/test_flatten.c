/* SPDX-License-Identifier: MIT
 *
 * Flattening: any range of columns of every layout, with nulls and selections, in guarded memory, beside the truth of their
 * rows; what is borrowed, and what is refused.
 */
#include "columns.h"
#include "contexts.h"
#include "lib/flatten.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;

static bool bit_of(const uint64_t *bits, size_t i) {
  return bits[i / 64] >> i % 64 & 1;
}

/* The value of row `row`, number `value` of the flat ones. */
static void check_value(const struct flat *flat, const struct test_column *truth, size_t row, size_t value) {
  size_t bytes = flat->offsets ? (size_t)(flat->offsets[value + 1] - flat->offsets[value]) : flat->width;
  const uint8_t *at = (const uint8_t *)flat->data + (flat->offsets ? (size_t)flat->offsets[value] : value * flat->width);
  if (truth->nulls[row]) {
    CASE_CHECK(!flat->offsets || bytes == 0, row, "a null of %zu bytes", bytes);
    return;
  }
  CASE_CHECK(bytes == truth->lengths[row], row, "%zu bytes, not %zu", bytes, truth->lengths[row]);
  CASE_CHECK(bytes == 0 || memcmp(at, truth->bytes[row], bytes) == 0, row, "value %zu differs", value);
}

static void check_range(weft_ctx *ctx, const struct test_column *truth, size_t first, size_t rows, bool dense) {
  struct flat flat;
  weft_status status = weft__flatten(ctx, &truth->column, first, rows, dense, &flat);
  CASE_CHECK(status == WEFT_OK, first, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
  size_t nulls = 0, value = 0;
  for (size_t i = 0; i < rows; i++) {
    bool null = truth->nulls[first + i];
    nulls += null;
    CASE_CHECK(flat.valid ? bit_of(flat.valid, i) == !null : !null, first + i, "%s", null ? "null lost" : "null invented");
    if (dense && null)
      continue;
    check_value(&flat, truth, first + i, value++);
  }
  for (size_t i = rows; flat.valid && i % 64 != 0; i++)
    CASE_CHECK(!bit_of(flat.valid, i), i, "a bit past the rows is set");
  CASE_CHECK(flat.rows == rows && flat.nulls == nulls && flat.values == value, first, "%zu rows, %zu nulls, %zu values",
             flat.rows, flat.nulls, flat.values);
  CASE_CHECK(!flat.offsets || flat.offsets[0] == 0, first, "offsets begin at %lld", (long long)flat.offsets[0]);
  weft__flat_close(ctx, &flat);
}

START_TEST(every_range_of_a_random_column_is_flattened_right) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(3000); i < cases; i++) {
    struct rng rng = {rng_case_seed(i)};
    struct column_spec spec = column_spec_draw(&rng, column_rows_draw(&rng));
    struct test_column truth;
    guard_case = (struct guard_case){
        .what = column_layout_name(spec.layout), .isa = tables.list[_i]->isa, .rows = spec.rows, .seed = rng_case_seed(i)};
    guard_reset(&pool, 0);
    column_build(&pool, &rng, &spec, &truth);
    weft_ctx *ctx = ctxs[rng_upto(&rng, KNOBS - 1)];
    check_range(ctx, &truth, 0, spec.rows, false);
    check_range(ctx, &truth, 0, spec.rows, true);
    size_t first = rng_upto(&rng, spec.rows);
    check_range(ctx, &truth, first, rng_upto(&rng, spec.rows - first), rng_percent(&rng, 50));
  }
  ctxs_close(ctxs);
  guard_close(&pool);
}
END_TEST

START_TEST(what_lies_as_wanted_is_borrowed) {
  static const int32_t offsets32[] = {2, 3, 5, 5};
  static const int64_t offsets64[] = {0, 1, 3, 3};
  static const uint32_t numbers[] = {7, 8, 9};
  static const uint8_t all_but_last[] = {3};
  weft_ctx *ctx = ctx_with(NULL);
  struct flat flat;
  struct weft_column column = weft_column_fixed(numbers, WEFT_U32, 3);
  ck_assert_int_eq(weft__flatten(ctx, &column, 1, 2, true, &flat), WEFT_OK);
  ck_assert_ptr_eq(flat.data, numbers + 1);
  weft__flat_close(ctx, &flat);
  column = weft_column_offsets64("abcd", 4, offsets64, 3);
  ck_assert_int_eq(weft__flatten(ctx, &column, 0, 3, true, &flat), WEFT_OK);
  ck_assert_ptr_eq(flat.data, column.data);
  ck_assert_ptr_eq(flat.offsets, offsets64);
  weft__flat_close(ctx, &flat);
  column = weft_column_with_validity(weft_column_offsets32("abcde", 5, offsets32, 3), all_but_last, 0);
  ck_assert_int_eq(weft__flatten(ctx, &column, 0, 3, true, &flat), WEFT_OK); /* its null is empty */
  ck_assert_uint_eq(flat.nulls, 1);
  ck_assert_ptr_eq(flat.data, (const char *)column.data + 2);
  weft__flat_close(ctx, &flat);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(no_rows_are_flattened_to_none_whatever_the_pointers) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column columns[] = {weft_column_fixed(NULL, WEFT_U32, 0), weft_column_offsets32(NULL, 0, NULL, 0),
                                  weft_column_ptrs(NULL, NULL, 0), weft_column_views(NULL, 0, NULL, NULL, 0)};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    struct flat flat;
    ck_assert_int_eq(weft__flatten(ctx, &columns[i], 0, 0, i % 2, &flat), WEFT_OK);
    ck_assert_uint_eq(flat.rows + flat.nulls + flat.values, 0);
    ck_assert_ptr_nonnull(flat.data);
    ck_assert(i == 0 ? !flat.offsets : flat.offsets[0] == 0);
    weft__flat_close(ctx, &flat);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_selection_past_the_rows_of_numbers_is_refused) {
  static const uint32_t numbers[4] = {0}, selection[] = {3, 4};
  weft_ctx *ctx = ctx_with(NULL);
  struct flat flat;
  struct weft_column columns[] = {weft_column_fixed(numbers, WEFT_U32, 4), weft_column_bytes(numbers, 3, 4)};
  for (size_t i = 0; i < 2; i++) {
    struct weft_column column = weft_column_with_selection(columns[i], selection, 2);
    ck_assert_int_eq(weft__flatten(ctx, &column, 0, 2, false, &flat), WEFT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "4 rows"));
  }
  weft_ctx_free(ctx);
}
END_TEST

/* As if all rows were as long as those first ones it would take a hundred times what there is. */
START_TEST(one_long_string_among_the_first_takes_no_more_than_there_is) {
  enum { ROWS = 100000, LONG = 1 << 20 };
  static char bytes[LONG];
  static const void *ptrs[ROWS];
  static size_t lengths[ROWS];
  struct weft_slab_options slab_options;
  weft_slab_options_init(&slab_options, sizeof slab_options);
  slab_options.limit_bytes = 32 << 20;
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(&slab_options, &slab), WEFT_OK);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  weft_ctx *ctx = ctx_with(&options);
  int64_t all = 0;
  for (size_t i = 0; i < ROWS; i++) {
    ptrs[i] = bytes;
    lengths[i] = i == 7 ? LONG : i % 3;
    all += (int64_t)lengths[i];
  }
  struct weft_column column = weft_column_ptrs(ptrs, lengths, ROWS);
  struct flat flat;
  weft_status status = weft__flatten(ctx, &column, 0, ROWS, true, &flat);
  ck_assert_msg(status == WEFT_OK, "%s", weft_ctx_message(ctx));
  ck_assert_int_eq(flat.offsets[ROWS], all);
  weft__flat_close(ctx, &flat);
  weft_ctx_free(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, every_range_of_a_random_column_is_flattened_right, 0, tables.n);
  tcase_add_test(tcase, what_lies_as_wanted_is_borrowed);
  tcase_add_test(tcase, no_rows_are_flattened_to_none_whatever_the_pointers);
  tcase_add_test(tcase, a_selection_past_the_rows_of_numbers_is_refused);
  tcase_add_test(tcase, one_long_string_among_the_first_takes_no_more_than_there_is);
}

int main(void) {
  return suite_main("flatten", add_tests);
}
