/* SPDX-License-Identifier: MIT
 *
 * The statistics of a context: that each count is what <weft/ctx.h> says it is, after random work and in the corners.
 */
#include "contexts.h"
#include "hash_calls.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;

#define ROWS_MAX 5000

static void hash(weft_ctx *ctx, size_t call, const struct weft_column *columns, size_t n) {
  static uint64_t seeds[ROWS_MAX];
  static struct weft_fingerprint out[ROWS_MAX];
  weft_status status = hash_call_run(ctx, &hash_calls[call], columns, n, 1, seeds, out);
  ck_assert_msg(status == WEFT_OK, "%s: %s", guard_case_text(), weft_ctx_message(ctx));
}

/* The counts that a reader can work out from the columns alone. */
struct expected {
  uint64_t rows, bytes, rows_selected, ops;
};

static void expect(struct expected *sum, const struct test_column *column, size_t batch_size) {
  sum->rows += column->rows;
  sum->rows_selected += column->column.selection ? column->rows : 0;
  sum->ops += (column->rows + batch_size - 1) / batch_size;
  for (size_t i = 0; i < column->rows; i++)
    sum->bytes += column->lengths[i];
}

static void check_counts(const weft_ctx *ctx, const struct expected *sum) {
  struct weft_stats stats = stats_of(ctx);
  CASE_CHECK(stats.rows == sum->rows, 0, "rows %llu, not %llu", (unsigned long long)stats.rows,
             (unsigned long long)sum->rows);
  CASE_CHECK(stats.bytes == sum->bytes, 0, "bytes %llu, not %llu", (unsigned long long)stats.bytes,
             (unsigned long long)sum->bytes);
  CASE_CHECK(stats.rows_selected == sum->rows_selected, 0, "rows_selected %llu, not %llu",
             (unsigned long long)stats.rows_selected, (unsigned long long)sum->rows_selected);
  CASE_CHECK(stats.simd_rows + stats.scalar_rows == stats.rows, 0, "simd_rows %llu + scalar_rows %llu are not %llu",
             (unsigned long long)stats.simd_rows, (unsigned long long)stats.scalar_rows, (unsigned long long)stats.rows);
  CASE_CHECK(stats.simd_ops + stats.scalar_ops == sum->ops, 0, "simd_ops %llu + scalar_ops %llu are not %llu",
             (unsigned long long)stats.simd_ops, (unsigned long long)stats.scalar_ops, (unsigned long long)sum->ops);
  CASE_CHECK((stats.simd_ops == 0) == (stats.simd_rows == 0), 0, "simd_ops %llu for %llu rows",
             (unsigned long long)stats.simd_ops, (unsigned long long)stats.simd_rows);
  double row_ratio = stats.rows ? (double)stats.simd_rows / (double)stats.rows : 0;
  double op_ratio = sum->ops ? (double)stats.simd_ops / (double)sum->ops : 0;
  CASE_CHECK(stats.simd_row_ratio == row_ratio, 0, "simd_row_ratio %g, not %g", stats.simd_row_ratio, row_ratio);
  CASE_CHECK(stats.simd_op_ratio == op_ratio, 0, "simd_op_ratio %g, not %g", stats.simd_op_ratio, op_ratio);
}

START_TEST(counts_stay_true_over_random_work) {
  const char *isa = tables.list[_i]->isa;
  static const uint32_t batch_sizes[] = {64, 128, 1024, 65536};
  for (size_t b = 0; b < sizeof batch_sizes / sizeof *batch_sizes; b++) {
    weft_ctx *ctx = ctx_on(isa, batch_sizes[b]);
    struct expected sum = {0};
    for (size_t i = 0; i < 400; i++) {
      uint64_t seed = rng_case_seed(i);
      struct rng rng = {seed};
      size_t rows = i % 4 ? column_rows_draw(&rng) : rng_upto(&rng, 8), n = 1 + rng_upto(&rng, 2);
      struct weft_column columns[3];
      guard_reset(&pool, 0);
      for (size_t k = 0; k < n; k++) {
        struct column_spec spec = column_spec_draw(&rng, rows);
        struct test_column column;
        column_build(&pool, &rng, &spec, &column);
        columns[k] = column.column;
        expect(&sum, &column, batch_sizes[b]);
      }
      guard_case = (struct guard_case){.what = "statistics", .isa = isa, .rows = rows, .seed = seed};
      uint64_t simd_rows = stats_of(ctx).simd_rows;
      hash(ctx, rng_upto(&rng, HASH_CALLS - 1), columns, n);
      check_counts(ctx, &sum);
      simd_rows = stats_of(ctx).simd_rows - simd_rows;
      CASE_CHECK(simd_rows <= rows * n, 0, "%llu rows in vector code of %zu", (unsigned long long)simd_rows, rows * n);
    }
    weft_ctx_free(ctx);
  }
  guard_close(&pool);
}
END_TEST

START_TEST(the_scalar_table_counts_no_row_as_vector_code) {
  weft_ctx *ctx = ctx_on("scalar", 0);
  uint64_t keys[100] = {0};
  struct weft_column column = weft_column_fixed(keys, WEFT_U64, 100);
  for (size_t call = 0; call < HASH_CALLS; call++)
    hash(ctx, call, &column, 1);
  struct weft_stats stats = stats_of(ctx);
  ck_assert_uint_eq(stats.simd_rows, 0);
  ck_assert_uint_eq(stats.simd_ops, 0);
  ck_assert_uint_eq(stats.scalar_rows, 100 * HASH_CALLS);
  ck_assert_uint_eq(stats.scalar_ops, HASH_CALLS);
  weft_ctx_free(ctx);
}
END_TEST

/* How rows are done is a table's own choice, so of vector code no more is asked than that there is some, for what it is
 * there for: many short rows of lengths that no predictor learns, on vectors of 256 bits or more. */
START_TEST(many_short_rows_count_as_vector_code_on_wide_vectors) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  if (tables.list[_i]->vector_bits >= 256) {
    static uint8_t bytes[16 * 1024];
    static int32_t offsets[1024 + 1];
    struct rng rng = {1};
    for (int i = 0; i < 1024; i++)
      offsets[i + 1] = offsets[i] + (int32_t)rng_upto(&rng, 16);
    struct weft_column column = weft_column_offsets32(bytes, sizeof bytes, offsets, 1024);
    hash(ctx, 0, &column, 1);
    struct weft_stats stats = stats_of(ctx);
    ck_assert_msg(stats.simd_rows > 0 && stats.simd_ops > 0, "isa=%s: no row in vector code", tables.list[_i]->isa);
    ck_assert(stats.simd_row_ratio > 0 && stats.simd_op_ratio > 0);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_new_context_has_counted_nothing) {
  weft_ctx *ctx = ctx_with(NULL);
  check_counts(ctx, &(struct expected){0});
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_reset_sets_every_count_to_zero) {
  weft_ctx *ctx = ctx_with(NULL);
  uint8_t keys[100] = {0};
  struct weft_column column = weft_column_fixed(keys, WEFT_U8, 100);
  hash(ctx, 0, &column, 1);
  weft_ctx_stats_reset(ctx);
  check_counts(ctx, &(struct expected){0});
  hash(ctx, 0, &column, 1);
  check_counts(ctx, &(struct expected){.rows = 100, .bytes = 100, .ops = 1});
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_call_that_fails_counts_nothing) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t out[100];
  uint8_t keys[100] = {0};
  struct weft_column columns[2] = {weft_column_fixed(keys, WEFT_U8, 100), weft_column_fixed(keys, WEFT_U8, 99)};
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, columns, 2, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, columns, 1, 0, NULL), WEFT_E_INVALID);
  check_counts(ctx, &(struct expected){0});
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(counts_stay_zero_when_they_are_switched_off) {
  struct weft_ctx_options options = ctx_defaults();
  options.collect_stats = false;
  weft_ctx *ctx = ctx_with(&options), *clone;
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  uint8_t keys[100] = {0};
  struct weft_column column = weft_column_fixed(keys, WEFT_U8, 100);
  for (size_t call = 0; call < HASH_CALLS; call++) {
    hash(ctx, call, &column, 1);
    hash(clone, call, &column, 1);
  }
  check_counts(ctx, &(struct expected){0});
  check_counts(clone, &(struct expected){0});
  weft_ctx_free(clone);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(merged_statistics_are_sums_with_ratios_of_their_own) {
  struct weft_stats a = {.rows = 10,
                         .bytes = 100,
                         .rows_selected = 3,
                         .simd_rows = 8,
                         .scalar_rows = 2,
                         .simd_ops = 1,
                         .scalar_ops = 1,
                         .simd_row_ratio = 0.8,
                         .simd_op_ratio = 0.5};
  struct weft_stats b = {
      .rows = 30, .bytes = 7, .rows_selected = 5, .simd_rows = 0, .scalar_rows = 30, .simd_ops = 0, .scalar_ops = 2};
  weft_stats_merge(&a, &b, sizeof(struct weft_stats));
  ck_assert_uint_eq(a.rows, 40);
  ck_assert_uint_eq(a.bytes, 107);
  ck_assert_uint_eq(a.rows_selected, 8);
  ck_assert_uint_eq(a.simd_rows, 8);
  ck_assert_uint_eq(a.scalar_rows, 32);
  ck_assert_uint_eq(a.simd_ops, 1);
  ck_assert_uint_eq(a.scalar_ops, 3);
  ck_assert(a.simd_row_ratio == 0.2);
  ck_assert(a.simd_op_ratio == 0.25);
}
END_TEST

START_TEST(merging_nothing_gives_ratios_of_zero) {
  struct weft_stats a = {0}, b = {0};
  weft_stats_merge(&a, &b, sizeof(struct weft_stats));
  ck_assert(a.simd_row_ratio == 0 && a.simd_op_ratio == 0);
}
END_TEST

START_TEST(merging_null_changes_nothing) {
  struct weft_stats a = {.rows = 3}, before = a;
  weft_stats_merge(&a, NULL, sizeof(struct weft_stats));
  weft_stats_merge(NULL, &a, sizeof(struct weft_stats));
  ck_assert_mem_eq(&a, &before, sizeof a);
}
END_TEST

START_TEST(a_smaller_struct_of_an_older_caller_is_filled_to_its_size) {
  weft_ctx *ctx = ctx_with(NULL);
  uint8_t keys[100] = {0};
  struct weft_column column = weft_column_fixed(keys, WEFT_U8, 100);
  hash(ctx, 0, &column, 1);
  struct weft_stats stats;
  memset(&stats, 0xAB, sizeof stats);
  ck_assert_int_eq(weft_ctx_stats(ctx, &stats, offsetof(struct weft_stats, rows_selected)), WEFT_OK);
  ck_assert_uint_eq(stats.rows, 100);
  ck_assert_uint_eq(stats.bytes, 100);
  ck_assert_uint_eq(stats.rows_selected, UINT64_C(0xABABABABABABABAB));
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_bigger_struct_of_a_newer_caller_ends_in_zeros) {
  weft_ctx *ctx = ctx_with(NULL);
  struct {
    struct weft_stats known;
    uint64_t unknown[4];
  } stats;
  memset(&stats, 0xAB, sizeof stats);
  ck_assert_int_eq(weft_ctx_stats(ctx, &stats.known, sizeof stats), WEFT_OK);
  for (size_t i = 0; i < 4; i++)
    ck_assert_uint_eq(stats.unknown[i], 0);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, counts_stay_true_over_random_work, 0, tables.n);
  tcase_add_loop_test(tcase, many_short_rows_count_as_vector_code_on_wide_vectors, 0, tables.n);
  tcase_add_test(tcase, the_scalar_table_counts_no_row_as_vector_code);
  tcase_add_test(tcase, a_new_context_has_counted_nothing);
  tcase_add_test(tcase, a_reset_sets_every_count_to_zero);
  tcase_add_test(tcase, a_call_that_fails_counts_nothing);
  tcase_add_test(tcase, counts_stay_zero_when_they_are_switched_off);
  tcase_add_test(tcase, merged_statistics_are_sums_with_ratios_of_their_own);
  tcase_add_test(tcase, merging_nothing_gives_ratios_of_zero);
  tcase_add_test(tcase, merging_null_changes_nothing);
  tcase_add_test(tcase, a_smaller_struct_of_an_older_caller_is_filled_to_its_size);
  tcase_add_test(tcase, a_bigger_struct_of_a_newer_caller_ends_in_zeros);
}

int main(void) {
  tables = tables_here();
  return suite_main("stats", add_tests);
}
