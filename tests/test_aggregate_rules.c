/* SPDX-License-Identifier: MIT
 *
 * What an aggregate refuses, what is left after that, and how long it lives.
 */
#include "keys.h"
#include "suite.h"

static weft_aggregate *opened(weft_ctx *ctx, enum weft_type type, uint32_t kinds) {
  weft_aggregate *aggregate;
  MUST(ctx, weft_aggregate_open(ctx, type, kinds, &aggregate));
  return aggregate;
}

START_TEST(what_is_no_aggregate_is_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  weft_aggregate *a = (void *)ctx;
  ck_assert_int_eq(weft_aggregate_open(NULL, WEFT_I32, WEFT_SUM, &a), WEFT_E_INVALID);
  ck_assert_ptr_null(a);
  REFUSED(ctx, weft_aggregate_open(ctx, WEFT_I32, WEFT_SUM, NULL), WEFT_E_INVALID, "out is NULL");
  REFUSED(ctx, weft_aggregate_open(ctx, WEFT_I32, 0, &a), WEFT_E_INVALID, "kinds 0x0");
  REFUSED(ctx, weft_aggregate_open(ctx, WEFT_I32, 64, &a), WEFT_E_INVALID, "kinds 0x40");
  REFUSED(ctx, weft_aggregate_open(ctx, WEFT_STRING, WEFT_COUNT, &a), WEFT_E_INVALID, "type 12");
  REFUSED(ctx, weft_aggregate_open(ctx, WEFT_FIXED_BYTES, WEFT_MIN, &a), WEFT_E_INVALID, "type 11");
  REFUSED(ctx, weft_aggregate_open(ctx, WEFT_F64, WEFT_SUM128, &a), WEFT_E_INVALID, "type 10");
  ck_assert_uint_eq(weft_aggregate_groups(NULL), 0);
  weft_aggregate_free(NULL);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(rows_that_fit_no_group_are_refused) {
  weft_ctx *ctx = ctx_with(NULL), *stranger = ctx_with(NULL);
  weft_aggregate *a = opened(ctx, WEFT_I32, WEFT_SUM);
  int32_t values[3] = {1, 2, 3};
  uint32_t group[3] = {0, 1, 1}, past[3] = {0, 2, 1};
  int64_t sums[2];
  struct weft_column column = weft_column_fixed(values, WEFT_I32, 3), other = weft_column_fixed(values, WEFT_U32, 3);
  struct weft_column no_layout = {.rows = 3};
  ck_assert_int_eq(weft_aggregate_add(NULL, a, &column, group, 2), WEFT_E_INVALID);
  REFUSED(ctx, weft_aggregate_add(ctx, NULL, &column, group, 2), WEFT_E_INVALID, "aggregate is NULL");
  REFUSED(ctx, weft_aggregate_add(ctx, a, NULL, group, 2), WEFT_E_INVALID, "NULL");
  REFUSED(ctx, weft_aggregate_add(ctx, a, &other, group, 2), WEFT_E_INVALID, "type 7");
  REFUSED(ctx, weft_aggregate_add(ctx, a, &no_layout, group, 2), WEFT_E_INVALID, "no layout");
  REFUSED(ctx, weft_aggregate_add(ctx, a, &column, NULL, 2), WEFT_E_INVALID, "group is NULL");
  REFUSED(ctx, weft_aggregate_add(ctx, a, &column, group, 0), WEFT_E_INVALID, "0 groups");
  REFUSED(ctx, weft_aggregate_add(ctx, a, &column, group, UINT32_MAX), WEFT_E_OVERFLOW, "4294967295 groups");
  REFUSED(stranger, weft_aggregate_add(stranger, a, &column, group, 2), WEFT_E_INVALID, "another slab");
  ck_assert_uint_eq(weft_aggregate_groups(a), 0);
  MUST(ctx, weft_aggregate_add(ctx, a, &column, group, 2));
  ck_assert_int_eq(weft_aggregate_finish(NULL, a, WEFT_SUM, sums, NULL), WEFT_E_INVALID);
  REFUSED(ctx, weft_aggregate_finish(ctx, NULL, WEFT_SUM, sums, NULL), WEFT_E_INVALID, "aggregate is NULL");
  REFUSED(ctx, weft_aggregate_finish(ctx, a, WEFT_SUM, NULL, NULL), WEFT_E_INVALID, "2 groups");
  REFUSED(ctx, weft_aggregate_finish(ctx, a, WEFT_MAX, sums, NULL), WEFT_E_INVALID, "kind 0x8");
  REFUSED(ctx, weft_aggregate_finish(ctx, a, (enum weft_aggregate_kind)3, sums, NULL), WEFT_E_INVALID, "kind 0x3");
  MUST(ctx, weft_aggregate_finish(ctx, a, WEFT_SUM, sums, NULL));
  ck_assert_int_eq(sums[1], 5);
  REFUSED(ctx, weft_aggregate_add(ctx, a, &column, past, 2), WEFT_E_INVALID, "group 2 ");
  REFUSED(ctx, weft_aggregate_finish(ctx, a, WEFT_SUM, sums, NULL), WEFT_E_INVALID, "a call before has failed");
  weft_aggregate_free(a);
  weft_ctx_free(stranger);
  weft_ctx_free(ctx);
}
END_TEST

/* Cells of any group past the last would lie outside the memory, or in another's sums' high halves. */
static void try_stray(weft_ctx *ctx, enum weft_type type, uint32_t kinds, size_t rows, size_t row, bool null) {
  static const uint8_t values[8 * 1100];
  static uint32_t group[1100];
  uint8_t valid[1100 / 8 + 1];
  const size_t groups = 3; /* few enough for tables of their own, where there are 64 rows for each */
  const uint32_t strays[] = {(uint32_t)groups, UINT32_MAX};
  struct weft_column column = weft_column_fixed(values, type, rows);
  memset(valid, 0xff, sizeof valid);
  valid[row / 8] = (uint8_t)(valid[row / 8] & ~(1u << row % 8));
  if (null)
    column = weft_column_with_validity(column, valid, 0);
  for (size_t i = 0; i < rows; i++)
    group[i] = (uint32_t)(i % groups);
  for (size_t k = 0; k < 2; k++) {
    weft_aggregate *a = opened(ctx, type, kinds);
    group[row] = strays[k];
    weft_status status = weft_aggregate_add(ctx, a, &column, group, groups);
    if (status != WEFT_E_INVALID)
      ck_abort_msg("type %d kinds 0x%x rows %zu, group %u of row %zu: status %d", (int)type, kinds, rows, strays[k], row,
                   (int)status);
    weft_aggregate_free(a);
  }
}

START_TEST(a_group_that_is_none_is_refused_in_every_row_and_of_a_null_too) {
  static const enum weft_type types[] = {WEFT_I8, WEFT_U16, WEFT_I32, WEFT_I64, WEFT_U64, WEFT_F32, WEFT_F64};
  static const uint32_t kinds[] = {WEFT_COUNT, WEFT_SUM, WEFT_MIN, WEFT_AVG | WEFT_MAX};
  static const size_t rows[] = {1, 24, 25, 60, 1024, 1050};
  static const uint32_t distances[] = {0, 1, 24, 4096};
  for (size_t d = 0; d < 4; d++) {
    struct weft_ctx_options options;
    weft_ctx *ctx;
    weft_ctx_options_init(&options, sizeof options);
    options.prefetch_distance = distances[d];
    MUST(NULL, weft_ctx_create(&options, &ctx));
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
      for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
          for (size_t row = 0; row<rows[r]; row += rows[r]> 60 && row >= 30 && row + 60 < rows[r] ? 29 : 1)
            try_stray(ctx, types[t], kinds[k], rows[r], row, (row + t) % 2);
    weft_ctx_free(ctx);
  }
}
END_TEST

START_TEST(merges_that_fit_no_group_are_refused_and_change_nothing) {
  weft_ctx *ctx = ctx_with(NULL);
  int32_t values[3] = {1, 2, 3};
  uint32_t group[3] = {0, 1, 1}, map[2] = {0, 7};
  int64_t sums[2] = {0};
  struct weft_column column = weft_column_fixed(values, WEFT_I32, 3);
  weft_aggregate *into = opened(ctx, WEFT_I32, WEFT_SUM), *from = opened(ctx, WEFT_I32, WEFT_SUM);
  weft_aggregate *other_kind = opened(ctx, WEFT_I32, WEFT_MIN), *other_type = opened(ctx, WEFT_I64, WEFT_SUM);
  MUST(ctx, weft_aggregate_add(ctx, into, &column, group, 2));
  MUST(ctx, weft_aggregate_add(ctx, from, &column, group, 2));
  ck_assert_int_eq(weft_aggregate_merge(NULL, into, from, NULL, 2), WEFT_E_INVALID);
  REFUSED(ctx, weft_aggregate_merge(ctx, NULL, from, NULL, 2), WEFT_E_INVALID, "aggregate is NULL");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, NULL, NULL, 2), WEFT_E_INVALID, "aggregate is NULL");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, into, NULL, 2), WEFT_E_INVALID, "from is into");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, other_kind, NULL, 2), WEFT_E_INVALID, "kinds 0x4");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, other_type, NULL, 2), WEFT_E_INVALID, "type 4");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, from, NULL, 1), WEFT_E_INVALID, "group 1 goes to group 1,");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, from, map, 2), WEFT_E_INVALID, "group 1 goes to group 7,");
  REFUSED(ctx, weft_aggregate_merge(ctx, into, from, NULL, UINT32_MAX), WEFT_E_OVERFLOW, "4294967295 groups");
  MUST(ctx, weft_aggregate_finish(ctx, into, WEFT_SUM, sums, NULL));
  ck_assert_int_eq(sums[0], 1);
  ck_assert_int_eq(sums[1], 5);
  weft_aggregate_free(other_type);
  weft_aggregate_free(other_kind);
  weft_aggregate_free(from);
  weft_aggregate_free(into);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(an_aggregate_outlives_its_context) {
  weft_ctx *ctx = ctx_with(NULL);
  weft_aggregate *a = opened(ctx, WEFT_F32, WEFT_AVG | WEFT_MAX);
  struct weft_column column = weft_column_fixed(&(float){1}, WEFT_F32, 1);
  MUST(ctx, weft_aggregate_add(ctx, a, &column, NULL, 1));
  weft_ctx_free(ctx);
  ck_assert_uint_eq(weft_aggregate_groups(a), 1);
  weft_aggregate_free(a);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, what_is_no_aggregate_is_refused);
  tcase_add_test(tcase, rows_that_fit_no_group_are_refused);
  tcase_add_test(tcase, a_group_that_is_none_is_refused_in_every_row_and_of_a_null_too);
  tcase_add_test(tcase, merges_that_fit_no_group_are_refused_and_change_nothing);
  tcase_add_test(tcase, an_aggregate_outlives_its_context);
}

int main(void) {
  return suite_main("aggregate_rules", add_tests);
}
