/* SPDX-License-Identifier: MIT
 *
 * Groups: numbers in order of first sight and first rows, beside nested loops over random tables; the rules of equality one
 * by one; statuses with numbers in their messages; limits.
 */
#include <math.h>

#include "keys.h"
#include "shapes.h"
#include "suite.h"
#include "tables.h"

#define CASES 2000

static struct tables tables;
static struct guard_pool build_pool, probe_pool, out_pool;
static struct shape shape;

static void check_side(weft_ctx *ctx, const struct side *side) {
  static uint32_t expected[SHAPE_ROWS], expected_first[SHAPE_ROWS];
  guard_reset(&out_pool, 0);
  uint32_t *group = guard_take(&out_pool, GUARD_HIGH, side->rows * sizeof *group, 0, &shape.rng);
  uint32_t *first_row = guard_take(&out_pool, GUARD_HIGH, side->rows * sizeof *first_row, 0, &shape.rng);
  bool first_wanted = rng_percent(&shape.rng, 80);
  size_t groups = 12345, expected_groups = naive_group(&shape, side, expected, expected_first);
  ctx->key_mask = shape.key_mask;
  MUST(ctx, weft_group(ctx, side->keys, shape.n_keys, group, &groups, first_wanted ? first_row : NULL));
  ctx->key_mask = UINT64_MAX;
  for (size_t row = 0; row < side->rows; row++)
    CASE_CHECK(group[row] == expected[row], row, "group %u, not %u (mask %llx)", group[row], expected[row],
               (unsigned long long)shape.key_mask);
  CASE_CHECK(groups == expected_groups, side->rows, "%zu groups, not %zu", groups, expected_groups);
  for (size_t g = 0; first_wanted && g < groups; g++)
    CASE_CHECK(first_row[g] == expected_first[g], g, "group %zu first in row %u, not %u", g, first_row[g],
               expected_first[g]);
}

START_TEST(groups_of_random_tables_equal_nested_loops) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    shape_draw(&build_pool, &probe_pool, i, SHAPE_ANY, &shape);
    guard_case.isa = tables.list[_i]->isa;
    check_side(ctxs[rng_upto(&shape.rng, KNOBS - 1)], &shape.build);
    check_side(ctxs[rng_upto(&shape.rng, KNOBS - 1)], &shape.probes[0]);
  }
  ctxs_close(ctxs);
  guard_close(&build_pool);
  guard_close(&probe_pool);
  guard_close(&out_pool);
}
END_TEST

/* Groups the rows of some columns; expected numbers and first rows follow from expected[rows]. */
static void check_groups(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const uint32_t *expected) {
  uint32_t group[100], first_row[100], next = 0;
  size_t groups;
  MUST(ctx, weft_group(ctx, keys, n_keys, group, &groups, first_row));
  for (uint32_t row = 0; row < keys[0].rows; row++) {
    ck_assert_msg(group[row] == expected[row], "row %u: group %u, not %u", row, group[row], expected[row]);
    if (expected[row] == next)
      ck_assert_uint_eq(first_row[next++], row);
  }
  ck_assert_uint_eq(groups, next);
}

START_TEST(nulls_are_a_group_of_their_own) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t values[] = {0, 0, 1, 1, 0}; /* under the nulls lie values of other groups */
  uint8_t validity = 0x15;             /* rows 0, 2, 4 */
  struct weft_column keys = weft_column_with_validity(weft_column_fixed(values, WEFT_U64, 5), &validity, 0);
  check_groups(ctx, &keys, 1, (uint32_t[]){0, 1, 2, 1, 0});
  int32_t offsets[] = {0, 0, 0, 1, 1, 1};
  keys = weft_column_with_validity(weft_column_offsets32("a", 1, offsets, 5), &validity, 0);
  check_groups(ctx, &keys, 1, (uint32_t[]){0, 1, 2, 1, 0}); /* empty strings are no nulls */
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(rows_of_nulls_alone_are_one_group) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  static const uint8_t none[13];
  static const uint32_t zeros[100];
  struct weft_column keys[] = {weft_column_with_validity(weft_column_fixed(zeros, WEFT_U32, 100), none, 0),
                               weft_column_with_validity(weft_column_bytes(zeros, 3, 100), none, 2)};
  check_groups(ctx, keys, 1, zeros);
  check_groups(ctx, keys, 2, zeros);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(null_and_seven_and_seven_and_null_are_two_groups) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t sevens[] = {7, 7, 7, 7};
  uint8_t first = 0x06, second = 0x05; /* (NULL, 7) (7, NULL) (7, 7) (NULL, NULL) */
  struct weft_column column = weft_column_fixed(sevens, WEFT_U64, 4);
  struct weft_column keys[] = {weft_column_with_validity(column, &first, 0), weft_column_with_validity(column, &second, 0)};
  check_groups(ctx, keys, 2, (uint32_t[]){0, 1, 2, 3});
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(minus_zero_is_zero_and_every_nan_one_group) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  double wide[] = {(double)NAN, -0.0, 0.0, -(double)NAN, 1.0, -1.0};
  float narrow[] = {NAN, -0.0f, 0.0f, -NAN, 1.0f, -1.0f};
  struct weft_column keys = weft_column_fixed(wide, WEFT_F64, 6);
  check_groups(ctx, &keys, 1, (uint32_t[]){0, 1, 1, 0, 2, 3});
  keys = weft_column_fixed(narrow, WEFT_F32, 6);
  check_groups(ctx, &keys, 1, (uint32_t[]){0, 1, 1, 0, 2, 3});
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(rows_of_no_bytes_are_one_group) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  static const uint32_t zeros[100];
  struct weft_column keys = weft_column_bytes(NULL, 0, 100);
  check_groups(ctx, &keys, 1, zeros);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(no_rows_are_no_groups_and_need_no_memory) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct weft_column keys[] = {weft_column_fixed(NULL, WEFT_U64, 0), weft_column_offsets32(NULL, 0, NULL, 0)};
  size_t groups = 99;
  MUST(ctx, weft_group(ctx, keys, 2, NULL, &groups, NULL));
  ck_assert_uint_eq(groups, 0);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(columns_that_are_no_keys_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t values[4] = {0};
  uint32_t group[4];
  struct weft_column keys[] = {weft_column_fixed(values, WEFT_U64, 4), weft_column_fixed(values, WEFT_U64, 3), {.rows = 4}};
  struct weft_column many = weft_column_bytes(NULL, 0, UINT32_MAX), columns[65];
  size_t groups = 99;
  ck_assert_int_eq(weft_group(NULL, keys, 1, group, &groups, NULL), WEFT_E_INVALID);
  ck_assert_uint_eq(groups, 0);
  groups = 99;
  REFUSED(ctx, weft_group(ctx, keys, 1, group, NULL, NULL), WEFT_E_INVALID, "groups is NULL");
  REFUSED(ctx, weft_group(ctx, NULL, 1, group, &groups, NULL), WEFT_E_INVALID, "NULL");
  ck_assert_uint_eq(groups, 0);
  REFUSED(ctx, weft_group(ctx, keys, 1, NULL, &groups, NULL), WEFT_E_INVALID, "4 rows");
  REFUSED(ctx, weft_group(ctx, keys, 0, group, &groups, NULL), WEFT_E_INVALID, "0 columns");
  REFUSED(ctx, weft_group(ctx, keys, 2, group, &groups, NULL), WEFT_E_INVALID, "column 1 has 3 rows, column 0 has 4");
  REFUSED(ctx, weft_group(ctx, keys + 2, 1, group, &groups, NULL), WEFT_E_INVALID, "column 0 has no layout");
  for (size_t i = 0; i < 65; i++)
    columns[i] = keys[0];
  MUST(ctx, weft_group(ctx, columns, 64, group, &groups, NULL));
  ck_assert_uint_eq(groups, 1);
  REFUSED(ctx, weft_group(ctx, columns, 65, group, &groups, NULL), WEFT_E_INVALID, "65 key columns, and at most 64");
  ck_assert_uint_eq(groups, 0);
  groups = 99;
  REFUSED(ctx, weft_group(ctx, &many, 1, group, &groups, NULL), WEFT_E_OVERFLOW, "4294967295 rows, and at most 4294967294");
  ck_assert_uint_eq(groups, 0);
  many = weft_column_with_selection(weft_column_bytes(NULL, 0, 1), group, (size_t)1 << 33);
  REFUSED(ctx, weft_group(ctx, &many, 1, group, &groups, NULL), WEFT_E_OVERFLOW, "8589934592");
  weft_ctx_free(ctx);
}
END_TEST

#define MILLION 1000000
static uint64_t numbers[2 * MILLION];
static uint32_t group_of[MILLION];

/* Once by hashes alone, once with rows compared. */
START_TEST(a_group_that_reaches_the_slabs_limit_leaves_nothing) {
  size_t refused = 0;
  for (size_t i = 0; i < MILLION; i++)
    numbers[2 * i] = i / 2;
  const struct weft_column columns[] = {weft_column_fixed(numbers, WEFT_U64, MILLION),
                                        weft_column_bytes(numbers, 16, MILLION)};
  for (size_t c = 0; c < 2; c++) {
    weft_status status = WEFT_E_LIMIT;
    for (size_t limit = (size_t)3 << 20; status != WEFT_OK; limit += (size_t)3 << 20) {
      weft_slab *slab;
      weft_ctx *ctx = ctx_on_slab(NULL, limit, &slab);
      uint64_t before = live_objects(slab);
      size_t groups = 99;
      char number[30];
      snprintf(number, sizeof number, "%zu", limit);
      status = weft_group(ctx, &columns[c], 1, group_of, &groups, NULL);
      ck_assert_uint_eq(live_objects(slab), before);
      if (status != WEFT_OK) {
        ck_assert_msg(status == WEFT_E_LIMIT, "limit %zu: %s", limit, weft_status_text(status));
        ck_assert_uint_eq(groups, 0);
        ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), number));
        refused++;
      }
      close_slab(ctx, slab);
      ck_assert_uint_lt(limit, (size_t)200 << 20);
    }
  }
  ck_assert_uint_gt(refused, 8);
}
END_TEST

/* Sorted, the usual case of a file; each row was hashed once, and the table holds one entry a group. */
START_TEST(rows_of_one_key_take_one_entry_and_one_hash) {
  weft_ctx *ctx = ctx_with(NULL);
  memset(numbers, 0, sizeof numbers);
  struct weft_column keys = weft_column_bytes(numbers, 16, MILLION);
  size_t groups;
  MUST(ctx, weft_group(ctx, &keys, 1, group_of, &groups, NULL));
  ck_assert_uint_eq(groups, 1);
  for (size_t i = 0; i < MILLION; i++)
    CASE_CHECK(group_of[i] == 0, i, "group %u", group_of[i]);
  ck_assert_uint_eq(stats_of(ctx).rows, MILLION);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *on_every_table[] = {
      groups_of_random_tables_equal_nested_loops, nulls_are_a_group_of_their_own,
      rows_of_nulls_alone_are_one_group,          null_and_seven_and_seven_and_null_are_two_groups,
      minus_zero_is_zero_and_every_nan_one_group, rows_of_no_bytes_are_one_group,
      no_rows_are_no_groups_and_need_no_memory};
  const TTest *once[] = {columns_that_are_no_keys_are_refused, a_group_that_reaches_the_slabs_limit_leaves_nothing,
                         rows_of_one_key_take_one_entry_and_one_hash};
  for (size_t i = 0; i < sizeof on_every_table / sizeof *on_every_table; i++)
    tcase_add_loop_test(tcase, on_every_table[i], 0, tables.n);
  for (size_t i = 0; i < sizeof once / sizeof *once; i++)
    tcase_add_test(tcase, once[i]);
}

int main(void) {
  tables = tables_here();
  return suite_main("group", add_tests);
}
