/* SPDX-License-Identifier: MIT
 *
 * Packed keys: which keys have them; indexes, joins' probes and groups over them beside nested loops; their memory.
 */
#include <inttypes.h>
#include <math.h>

#include "keys.h"
#include "lib/index.h"
#include "shapes.h"
#include "suite.h"
#include "tables.h"

#define CASES 1000

static struct tables tables;
static struct guard_pool build_pool, probe_pool, out_pool;
static struct shape shape;

/* Which keys */

/* Columns of two rows. */
static const uint64_t no_values[2 * 5];
static struct weft_column number(enum weft_type type) {
  return weft_column_fixed(no_values, type, 2);
}

static struct weft_column fixed_bytes(size_t width) {
  return weft_column_bytes(no_values, width, 2);
}

static struct weft_column with_null(struct weft_column column) {
  static const uint8_t bits = 1;
  return weft_column_with_validity(column, &bits, 0);
}

/* Two strings of so many bytes. */
static struct weft_column strings(int32_t bytes) {
  static int32_t offsets[41][3];
  offsets[bytes][1] = bytes;
  offsets[bytes][2] = 2 * bytes;
  return weft_column_offsets32(no_values, sizeof no_values, offsets[bytes], 2);
}

/* Bytes of a packed key of n columns; 0: it is not packed. */
static size_t stride_of(bool nulls_equal, const struct weft_column *keys, size_t n) {
  weft_ctx *ctx = ctx_with(NULL);
  struct key_packing packing;
  weft__packing_choose(ctx, keys, n, nulls_equal, &packing);
  weft_ctx_free(ctx);
  return packing.stride;
}
#define STRIDE(nulls_equal, ...)                                      \
  stride_of((nulls_equal), (const struct weft_column[]){__VA_ARGS__}, \
            sizeof((const struct weft_column[]){__VA_ARGS__}) / sizeof(struct weft_column))

/* Columns without bytes can be many, and then nothing is packed. */
START_TEST(only_columns_that_can_be_packed_are_told_apart_by_their_hashes_alone) {
  struct weft_column keys[PACKED_COLUMNS + 1] = {number(WEFT_U32), number(WEFT_U32)};
  for (size_t k = 2; k < sizeof keys / sizeof *keys; k++)
    keys[k] = fixed_bytes(0);
  for (size_t n = 1; n <= sizeof keys / sizeof *keys; n++) {
    bool packed = stride_of(false, keys, n) != 0;
    ck_assert_msg(weft__keys_exact(keys, n, false) == packed, "%zu columns", n);
    ck_assert_int_eq(packed, n <= PACKED_COLUMNS);
  }
}
END_TEST

START_TEST(keys_of_at_most_32_bytes_are_packed_in_8_or_16_or_32) {
  struct weft_column u64 = number(WEFT_U64), u32 = number(WEFT_U32), i8 = number(WEFT_I8), f64 = number(WEFT_F64);
  ck_assert_uint_eq(STRIDE(false, u32, u32), 8);
  ck_assert_uint_eq(STRIDE(false, u64, i8), 16);
  ck_assert_uint_eq(STRIDE(false, u64, u64), 16);
  ck_assert_uint_eq(STRIDE(false, i8, u64, f64), 32);
  ck_assert_uint_eq(STRIDE(false, u64, u64, u64, u64), 32);
  ck_assert_uint_eq(STRIDE(false, u64, u64, u64, u64, i8), 0);
  ck_assert_uint_eq(STRIDE(false, fixed_bytes(32)), 32);
  ck_assert_uint_eq(STRIDE(false, fixed_bytes(33)), 0);
  ck_assert_uint_eq(STRIDE(false, fixed_bytes(16), fixed_bytes(0), u64, u64), 32);
}
END_TEST

START_TEST(short_strings_are_packed_in_16_bytes_and_long_ones_not) {
  struct weft_column u64 = number(WEFT_U64), i8 = number(WEFT_I8);
  ck_assert_uint_eq(STRIDE(false, strings(15)), 16);
  ck_assert_uint_eq(STRIDE(false, strings(16)), 0);
  ck_assert_uint_eq(STRIDE(false, u64, strings(15), u64), 32);
  ck_assert_uint_eq(STRIDE(false, u64, strings(15), u64, i8), 0);
  ck_assert_uint_eq(STRIDE(false, u64, strings(16)), 0);
  ck_assert_uint_eq(STRIDE(false, strings(0), strings(1)), 32);
  ck_assert_uint_eq(STRIDE(false, strings(0), strings(1), strings(2)), 0);
}
END_TEST

START_TEST(nulls_that_are_equal_take_a_bit_a_column_and_those_that_are_not_none) {
  struct weft_column u64 = number(WEFT_U64), null = with_null(u64);
  ck_assert_uint_eq(STRIDE(true, null), 16);
  ck_assert_uint_eq(STRIDE(false, null), 8);
  ck_assert_uint_eq(STRIDE(true, u64, null), 32);
  ck_assert_uint_eq(STRIDE(false, u64, null), 16);
  ck_assert_uint_eq(STRIDE(true, u64, u64, u64, null), 0);
  ck_assert_uint_eq(STRIDE(true, with_null(strings(1))), 16); /* a length says it */
}
END_TEST

START_TEST(columns_without_bytes_are_packed_as_well_and_33_columns_may_be_too_many) {
  struct weft_column many[64];
  for (size_t k = 0; k < 64; k++)
    many[k] = number(WEFT_U8);
  ck_assert_uint_eq(stride_of(false, many, 32), 32);
  ck_assert_uint_eq(stride_of(false, many, 33), 0);
  for (size_t k = 0; k < 64; k++)
    many[k] = with_null(fixed_bytes(0));
  ck_assert_uint_eq(stride_of(false, many, 33), 8);
  ck_assert_uint_eq(stride_of(true, many, 33), 8);
  ck_assert_uint_eq(stride_of(true, many, 64), 0);
}
END_TEST

/* Beside nested loops */

static void check_lookup(weft_ctx *ctx, const weft_index *index, const struct side *side, const uint64_t *hashes) {
  static uint32_t expected[SHAPE_ROWS];
  guard_reset(&out_pool, 0);
  uint32_t *first_row = guard_take(&out_pool, GUARD_HIGH, side->rows * sizeof *first_row, 0, &shape.rng);
  naive_lookup(&shape, side, expected);
  if (!hashes) {
    MUST(ctx, weft_index_lookup(ctx, index, side->keys, shape.n_keys, first_row));
  } else {
    weft_join *join = join_on(ctx, (weft_index *)(uintptr_t)index, WEFT_JOIN_SEMI);
    MUST(ctx, weft_join_probe_hashed(join, side->keys, shape.n_keys, hashes));
    memset(first_row, 0xff, side->rows * sizeof *first_row);
    for (size_t n = 1; n > 0;) {
      uint32_t build[100], probe[100];
      MUST(ctx, weft_join_next(join, build, probe, 100, &n));
      for (size_t i = 0; i < n; i++)
        first_row[probe[i]] = build[i];
    }
    weft_join_close(join);
  }
  for (size_t row = 0; row < side->rows; row++)
    CASE_CHECK(first_row[row] == expected[row], row, "first row %u, not %u (mask %" PRIx64 ", stride %u)", first_row[row],
               expected[row], shape.key_mask, index->how.packing.stride);
}

/* strides[s / 8]: how many of the shapes had keys of s bytes. */
static void check_index(weft_ctx *builder, weft_ctx *prober, size_t i, unsigned strides[5]) {
  static uint64_t hashes[SHAPE_ROWS];
  struct weft_index_options options = index_defaults();
  weft_index *index;
  options.has_seed = true;
  options.seed = rng_next(&shape.rng);
  options.copy_keys = i % 2;
  builder->key_mask = shape.key_mask;
  MUST(builder, weft_index_build(builder, shape.build.keys, shape.n_keys, &options, &index));
  builder->key_mask = UINT64_MAX;
  strides[index->how.packing.stride / 8]++;
  if (shape.build.rows < 300)
    check_lookup(prober, index, &shape.build, NULL);
  if (options.copy_keys)
    guard_close(&build_pool);
  for (size_t p = 0; p < SHAPE_PROBES; p++) {
    const struct side *side = &shape.probes[p];
    check_lookup(prober, index, side, NULL);
    prober->key_mask = shape.key_mask;
    MUST(prober, weft_index_hash(prober, options.seed, side->keys, shape.n_keys, hashes));
    prober->key_mask = UINT64_MAX;
    check_lookup(prober, index, side, hashes);
  }
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
}

START_TEST(lookups_and_probes_by_packed_keys_equal_nested_loops) {
  weft_ctx *ctxs[KNOBS];
  unsigned strides[5] = {0};
  size_t cases = rng_cases(CASES);
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0; i < cases; i++) {
    shape_draw(&build_pool, &probe_pool, i, SHAPE_NARROW, &shape);
    guard_case.isa = tables.list[_i]->isa;
    check_index(ctxs[rng_upto(&shape.rng, KNOBS - 1)], ctxs[rng_upto(&shape.rng, KNOBS - 1)], i, strides);
  }
  ck_assert_msg(strides[1] > cases / 50 && strides[2] > cases / 10 && strides[4] > cases / 4, "%u, %u and %u of %zu shapes",
                strides[1], strides[2], strides[4], cases);
  ctxs_close(ctxs);
  guard_close(&build_pool);
  guard_close(&probe_pool);
  guard_close(&out_pool);
}
END_TEST

static void check_groups(weft_ctx *ctx, const struct side *side) {
  static uint32_t expected[SHAPE_ROWS], expected_first[SHAPE_ROWS];
  guard_reset(&out_pool, 0);
  uint32_t *group = guard_take(&out_pool, GUARD_HIGH, side->rows * sizeof *group, 0, &shape.rng);
  uint32_t *first_row = guard_take(&out_pool, GUARD_HIGH, side->rows * sizeof *first_row, 0, &shape.rng);
  size_t groups, expected_groups = naive_group(&shape, side, expected, expected_first);
  ctx->key_mask = shape.key_mask;
  MUST(ctx, weft_group(ctx, side->keys, shape.n_keys, group, &groups, first_row));
  ctx->key_mask = UINT64_MAX;
  for (size_t row = 0; row < side->rows; row++)
    CASE_CHECK(group[row] == expected[row], row, "group %u, not %u (mask %" PRIx64 ")", group[row], expected[row],
               shape.key_mask);
  CASE_CHECK(groups == expected_groups, side->rows, "%zu groups, not %zu", groups, expected_groups);
  for (size_t g = 0; g < groups; g++)
    CASE_CHECK(first_row[g] == expected_first[g], g, "group %zu first in row %u, not %u", g, first_row[g],
               expected_first[g]);
}

START_TEST(groups_by_packed_keys_equal_nested_loops) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    shape_draw(&build_pool, &probe_pool, i, SHAPE_NARROW, &shape);
    guard_case.isa = tables.list[_i]->isa;
    check_groups(ctxs[rng_upto(&shape.rng, KNOBS - 1)], &shape.build);
    check_groups(ctxs[rng_upto(&shape.rng, KNOBS - 1)], &shape.probes[0]);
  }
  ctxs_close(ctxs);
  guard_close(&build_pool);
  guard_close(&probe_pool);
  guard_close(&out_pool);
}
END_TEST

/* Equality */

START_TEST(numbers_that_are_equal_are_found_by_packed_keys_whatever_their_bytes) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  int8_t small[] = {1, 1, 1, 1, 2, 1};
  uint64_t large[] = {7, 7, 7, 7, 7, 7};
  double floats[] = {0.0, -0.0, (double)NAN, -(double)NAN, 0.0, 1.0};
  struct weft_column keys[] = {weft_column_fixed(small, WEFT_I8, 6), weft_column_fixed(large, WEFT_U64, 6),
                               weft_column_fixed(floats, WEFT_F64, 6)};
  uint32_t first_row[6], expected[] = {0, 0, 2, 2, 4, 5};
  weft_index *index = index_of(ctx, keys, 3);
  ck_assert_uint_eq(index->how.packing.stride, 32);
  MUST(ctx, weft_index_lookup(ctx, index, keys, 3, first_row));
  ck_assert(memcmp(first_row, expected, sizeof expected) == 0);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_null_in_one_column_is_no_null_in_another_and_no_zero) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint32_t zeros[5] = {0}, group[5], expected[] = {0, 1, 2, 3, 3};
  uint8_t left = 0x05, right = 0x03; /* (0, 0) (null, 0) (0, null) (null, null) (null, null) */
  struct weft_column keys[] = {weft_column_with_validity(weft_column_fixed(zeros, WEFT_U32, 5), &left, 0),
                               weft_column_with_validity(weft_column_fixed(zeros, WEFT_U32, 5), &right, 0)};
  size_t groups;
  ctx->key_mask = 0; /* all collide: keys alone decide */
  MUST(ctx, weft_group(ctx, keys, 2, group, &groups, NULL));
  ck_assert(memcmp(group, expected, sizeof expected) == 0);
  weft_ctx_free(ctx);
}
END_TEST

/* Strings of 20 bytes, of which the first 15 are packed, among twice as many short ones. */
START_TEST(strings_that_are_cut_when_packed_are_told_apart_by_their_ends) {
  enum { ROWS = 90 };
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  static char text[ROWS * 20 + 1];
  uint32_t numbers[ROWS], first_row[ROWS], group[ROWS];
  int32_t offsets[ROWS + 1] = {0};
  for (int32_t i = 0; i < ROWS; i++) {
    offsets[i + 1] = offsets[i] + (i % 3 == 0 ? 20 : 3);
    sprintf(text + offsets[i], i % 3 == 0 ? "012345678901234567%02d" : "%03d", i);
    numbers[i] = 7;
  }
  struct weft_column keys[] = {weft_column_fixed(numbers, WEFT_U32, ROWS),
                               weft_column_offsets32(text, (size_t)offsets[ROWS], offsets, ROWS)};
  size_t groups;
  ctx->key_mask = 0; /* all collide: keys alone decide */
  weft_index *index = index_of(ctx, keys, 2);
  MUST(ctx, weft_group(ctx, keys, 2, group, &groups, NULL));
  ck_assert_uint_eq(index->how.packing.stride, 32);
  MUST(ctx, weft_index_lookup(ctx, index, keys, 2, first_row));
  for (uint32_t i = 0; i < ROWS; i++)
    CASE_CHECK(first_row[i] == i && group[i] == i, i, "first row %u, group %u", first_row[i], group[i]);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Memory */

START_TEST(an_index_that_copies_keys_keeps_packed_ones_alone_where_they_say_it_all) {
  enum { ROWS = 100000 };
  static uint64_t left[ROWS], right[ROWS];
  static uint32_t first_row[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_index_options options = index_defaults();
  weft_index *index;
  for (uint64_t i = 0; i < ROWS; i++) {
    left[i] = i * RNG_STEP;
    right[i] = i;
  }
  struct weft_column keys[] = {weft_column_fixed(left, WEFT_U64, ROWS), weft_column_fixed(right, WEFT_U64, ROWS)};
  options.copy_keys = true;
  MUST(ctx, weft_index_build(ctx, keys, 2, &options, &index));
  double each = (double)figures_of(index).bytes / ROWS;
  ck_assert_msg(each > 16 + 25 && each < 16 + 27, "%.2f bytes a key", each);
  MUST(ctx, weft_index_lookup(ctx, index, keys, 2, first_row));
  for (uint32_t i = 0; i < ROWS; i++)
    CASE_CHECK(first_row[i] == i, i, "first row %u", first_row[i]);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(an_index_of_keys_of_8_bytes_in_several_columns_takes_what_one_of_one_column_does) {
  enum { ROWS = 100000 };
  static uint32_t left[ROWS], right[ROWS], first_row[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_index_options options = index_defaults();
  weft_index *index;
  for (uint32_t i = 0; i < ROWS; i++) {
    left[i] = i % 317;
    right[i] = i / 317;
  }
  struct weft_column keys[] = {weft_column_fixed(left, WEFT_U32, ROWS), weft_column_fixed(right, WEFT_I32, ROWS)};
  options.copy_keys = true;
  MUST(ctx, weft_index_build(ctx, keys, 2, &options, &index));
  double each = (double)figures_of(index).bytes / ROWS;
  ck_assert_msg(each > 25 && each < 27, "%.2f bytes a key", each);
  MUST(ctx, weft_index_lookup(ctx, index, keys, 2, first_row));
  for (uint32_t i = 0; i < ROWS; i++)
    CASE_CHECK(first_row[i] == i, i, "first row %u", first_row[i]);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *on_every_table[] = {lookups_and_probes_by_packed_keys_equal_nested_loops,
                                   groups_by_packed_keys_equal_nested_loops,
                                   numbers_that_are_equal_are_found_by_packed_keys_whatever_their_bytes,
                                   a_null_in_one_column_is_no_null_in_another_and_no_zero,
                                   strings_that_are_cut_when_packed_are_told_apart_by_their_ends};
  for (size_t i = 0; i < sizeof on_every_table / sizeof *on_every_table; i++)
    tcase_add_loop_test(tcase, on_every_table[i], 0, tables.n);
  tcase_add_test(tcase, only_columns_that_can_be_packed_are_told_apart_by_their_hashes_alone);
  tcase_add_test(tcase, keys_of_at_most_32_bytes_are_packed_in_8_or_16_or_32);
  tcase_add_test(tcase, short_strings_are_packed_in_16_bytes_and_long_ones_not);
  tcase_add_test(tcase, nulls_that_are_equal_take_a_bit_a_column_and_those_that_are_not_none);
  tcase_add_test(tcase, columns_without_bytes_are_packed_as_well_and_33_columns_may_be_too_many);
  tcase_add_test(tcase, an_index_of_keys_of_8_bytes_in_several_columns_takes_what_one_of_one_column_does);
  tcase_add_test(tcase, an_index_that_copies_keys_keeps_packed_ones_alone_where_they_say_it_all);
}

int main(void) {
  tables = tables_here();
  return suite_main("packing", add_tests);
}
