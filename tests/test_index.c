/* SPDX-License-Identifier: MIT
 *
 * Indexes: what rows are found, beside nested loops over random tables; the rules of equality one by one.
 */
#include <inttypes.h>
#include <math.h>

#include "keys.h"
#include "lib/keys.h"
#include "shapes.h"
#include "suite.h"
#include "tables.h"

#define CASES 1200

static struct tables tables;
static struct guard_pool build_pool, probe_pool, out_pool;
static struct shape shape;

static void check_lookup(weft_ctx *ctx, const weft_index *index, const struct side *side) {
  static uint32_t expected[SHAPE_ROWS];
  guard_reset(&out_pool, 0);
  uint32_t *first_row = guard_take(&out_pool, GUARD_HIGH, side->rows * sizeof *first_row, 0, &shape.rng);
  size_t bytes = (side->rows + 7) / 8;
  uint8_t *bits = guard_take(&out_pool, GUARD_HIGH, bytes, 0, &shape.rng);
  naive_lookup(&shape, side, expected);
  MUST(ctx, weft_index_lookup(ctx, index, side->keys, shape.n_keys, first_row));
  MUST(ctx, weft_index_contains(ctx, index, side->keys, shape.n_keys, bits));
  for (size_t row = 0; row < side->rows; row++) {
    bool bit = bits[row / 8] >> row % 8 & 1;
    CASE_CHECK(first_row[row] == expected[row], row, "first row %u, not %u (mask %" PRIx64 ")", first_row[row],
               expected[row], shape.key_mask);
    CASE_CHECK(bit == (expected[row] != WEFT_NO_ROW), row, "contained: %d, first row %u", bit, expected[row]);
  }
  for (size_t row = side->rows; row < 8 * bytes; row++)
    CASE_CHECK(!(bits[row / 8] >> row % 8 & 1), row, "a bit past the last row is set");
}

static void check_figures(const weft_index *index, uint64_t seed) {
  static uint32_t group[SHAPE_ROWS], first_row[SHAPE_ROWS];
  const struct side *build = &shape.build;
  struct weft_index_figures figures = figures_of(index);
  uint64_t null_rows = 0, keys = 0;
  for (size_t row = 0; row < build->rows; row++)
    null_rows += !rows_match(&shape, build, row, build, row);
  size_t groups = naive_group(&shape, build, group, first_row);
  for (size_t g = 0; g < groups; g++)
    keys += rows_match(&shape, build, first_row[g], build, first_row[g]);
  CASE_CHECK(figures.rows == build->rows && figures.null_rows == null_rows && figures.keys == keys, 0,
             "%" PRIu64 " rows, %" PRIu64 " null, %" PRIu64 " keys; not %" PRIu64 " null, %" PRIu64 " keys", figures.rows,
             figures.null_rows, figures.keys, null_rows, keys);
  CASE_CHECK(figures.seed == seed, 0, "seed %" PRIx64 ", not %" PRIx64, figures.seed, seed);
  CASE_CHECK(figures.bytes > 0, 0, "no bytes");
}

START_TEST(lookups_in_random_tables_equal_nested_loops) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    shape_draw(&build_pool, &probe_pool, i, SHAPE_ANY, &shape);
    guard_case.isa = tables.list[_i]->isa;
    weft_ctx *builder = ctxs[rng_upto(&shape.rng, KNOBS - 1)], *prober = ctxs[rng_upto(&shape.rng, KNOBS - 1)];
    struct weft_index_options options = index_defaults();
    options.has_seed = true;
    options.seed = rng_next(&shape.rng);
    options.copy_keys = i % 2;
    weft_index *index;
    builder->key_mask = shape.key_mask;
    MUST(builder, weft_index_build(builder, shape.build.keys, shape.n_keys, &options, &index));
    builder->key_mask = UINT64_MAX;
    if (shape.build.rows < 300)
      check_lookup(prober, index, &shape.build); /* each row finds the first of its like */
    if (options.copy_keys)
      guard_close(&build_pool);
    for (size_t p = 0; p < SHAPE_PROBES; p++)
      check_lookup(prober, index, &shape.probes[p]);
    check_figures(index, options.seed);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  ctxs_close(ctxs);
  guard_close(&build_pool);
  guard_close(&probe_pool);
  guard_close(&out_pool);
}
END_TEST

/* Equality */

/* The first row of each row of a column among its own rows. */
static void look_up_itself(weft_ctx *ctx, struct weft_column column, uint32_t *first_row) {
  weft_index *index = index_of(ctx, &column, 1);
  MUST(ctx, weft_index_lookup(ctx, index, &column, 1, first_row));
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
}

START_TEST(minus_zero_is_zero_and_every_nan_the_same) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  double wide[] = {0.0, -0.0, (double)NAN, -(double)NAN, 1.0, 0.0, (double)INFINITY, -(double)INFINITY};
  float narrow[] = {0.0f, -0.0f, NAN, -NAN, 1.0f, 0.0f, INFINITY, -INFINITY};
  uint64_t signalling = 0x7ff0000000000001;
  uint32_t first_row[8], expected[] = {0, 0, 2, 2, 4, 0, 6, 7};
  memcpy(&wide[3], &signalling, sizeof signalling);
  look_up_itself(ctx, weft_column_fixed(wide, WEFT_F64, 8), first_row);
  ck_assert(memcmp(first_row, expected, sizeof expected) == 0);
  look_up_itself(ctx, weft_column_fixed(narrow, WEFT_F32, 8), first_row);
  ck_assert(memcmp(first_row, expected, sizeof expected) == 0);
  weft_ctx_free(ctx);
}
END_TEST

/* The same bytes as those of the numbers above, and no numbers: nothing is equal to anything but itself. */
START_TEST(bytes_and_integers_of_the_same_pattern_as_zeros_and_nans_are_told_apart) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t patterns[] = {0, UINT64_C(1) << 63, 0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001};
  uint32_t first_row[5];
  const struct weft_column columns[] = {weft_column_fixed(patterns, WEFT_U64, 5), weft_column_fixed(patterns, WEFT_I64, 5),
                                        weft_column_bytes(patterns, 8, 5)};
  for (size_t c = 0; c < 3; c++) {
    look_up_itself(ctx, columns[c], first_row);
    for (uint32_t i = 0; i < 5; i++)
      ck_assert_uint_eq(first_row[i], i);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(strings_that_differ_in_length_alone_are_told_apart) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  int32_t offsets[301] = {0};
  static const uint8_t zeros[300 * 300]; /* string i is i zeros */
  uint32_t first_row[300];
  for (int32_t i = 0; i < 300; i++)
    offsets[i + 1] = offsets[i] + i;
  look_up_itself(ctx, weft_column_offsets32(zeros, sizeof zeros, offsets, 300), first_row);
  for (uint32_t i = 0; i < 300; i++)
    ck_assert_uint_eq(first_row[i], i);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_null_is_found_by_nothing_and_finds_nothing) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint32_t values[] = {7, 7, 8, 8}, first_row[4];
  uint8_t validity = 0x0a; /* rows 1 and 3 */
  look_up_itself(ctx, weft_column_with_validity(weft_column_fixed(values, WEFT_U32, 4), &validity, 0), first_row);
  uint32_t expected[] = {WEFT_NO_ROW, 1, WEFT_NO_ROW, 3};
  ck_assert(memcmp(first_row, expected, sizeof expected) == 0);
  weft_ctx_free(ctx);
}
END_TEST

/* Undoes XXH3 of 8 bytes, the function of that name in xxhash.h read backwards: from a hash to the one number that
 * has it. */
static uint64_t number_of_hash(uint64_t hash, uint64_t seed) {
  const uint64_t secret_8 = UINT64_C(0x1cad21f72c81017c), secret_16 = UINT64_C(0xdb979083e96dd4de);
  const uint64_t factor = UINT64_C(0x9fb21c651e98df25);
  uint64_t inverse = factor, h = hash ^ hash >> 28 ^ hash >> 56;
  for (int i = 0; i < 6; i++)
    inverse *= 2 - factor * inverse; /* Newton: each turn doubles the bits that are right */
  h *= inverse;
  h ^= (h >> 35) + 8;
  h *= inverse;
  for (int i = 0; i < 63;
       i++) /* the 64th turn of this step would be the identity, as (1 + x^24 + x^49)^64 = 1 mod x^64 - 1 */
    h ^= (h << 49 | h >> 15) ^ (h << 24 | h >> 40);
  uint64_t mixed = seed ^ (uint64_t)__builtin_bswap32((uint32_t)seed) << 32;
  h ^= (secret_8 ^ secret_16) - mixed;
  return h << 32 | h >> 32;
}

/* The hash of a null is the seed as it was; where hashes alone decide, the number that has this hash is not it. */
START_TEST(a_null_does_not_find_the_number_whose_hash_is_the_seed) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint8_t none = 0;
  for (uint64_t i = 0; i < 100; i++) {
    const uint64_t seed = i * RNG_STEP;
    uint64_t number = number_of_hash(seed, seed), hash;
    struct weft_column keys = weft_column_fixed(&number, WEFT_U64, 1), null = weft_column_with_validity(keys, &none, 0);
    struct weft_index_options options = index_defaults();
    weft_index *index;
    uint32_t first_row;
    options.has_seed = true;
    options.seed = seed;
    MUST(ctx, weft_hash64(ctx, WEFT_XXH3_64, &keys, 1, seed, &hash));
    ck_assert_uint_eq(hash, seed);
    MUST(ctx, weft_index_build(ctx, &keys, 1, &options, &index));
    MUST(ctx, weft_index_lookup(ctx, index, &keys, 1, &first_row));
    ck_assert_uint_eq(first_row, 0);
    MUST(ctx, weft_index_lookup(ctx, index, &null, 1, &first_row));
    ck_assert_uint_eq(first_row, WEFT_NO_ROW);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(hashes_alone_decide_for_columns_of_at_most_8_bytes_together) {
  static const uint8_t bits[1];
  struct weft_column pair[] = {weft_column_fixed(NULL, WEFT_U32, 0), weft_column_fixed(NULL, WEFT_U32, 0),
                               weft_column_fixed(NULL, WEFT_U8, 0)};
  struct weft_column string = weft_column_offsets32(NULL, 0, NULL, 0);
  struct weft_column nulls = weft_column_with_validity(pair[0], bits, 0);
  for (size_t width = 0; width <= 20; width++) {
    struct weft_column bytes = weft_column_bytes(NULL, width, 0);
    ck_assert_int_eq(weft__keys_exact(&bytes, 1, false), width <= 8);
    ck_assert_int_eq(weft__keys_exact(&bytes, 1, true), width <= 8);
  }
  ck_assert(weft__keys_exact(pair, 2, false));
  ck_assert(weft__keys_exact(pair, 2, true));
  ck_assert(!weft__keys_exact(pair, 3, false));
  pair[1] = string;
  ck_assert(!weft__keys_exact(pair, 2, false));
  ck_assert(!weft__keys_exact(&string, 1, false));
  ck_assert(weft__keys_exact(&nulls, 1, false));
  ck_assert(!weft__keys_exact(&nulls, 1, true)); /* a null's hash may be that of a number */
  pair[1] = nulls;
  ck_assert(weft__keys_exact(pair, 2, false));
  ck_assert(!weft__keys_exact(pair, 2, true));
  nulls = weft_column_with_validity(weft_column_with_selection(pair[0], NULL, 0), bits, 0);
  ck_assert(!weft__keys_exact(&nulls, 1, true));
}
END_TEST

START_TEST(columns_of_a_key_are_not_run_together) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  int32_t left_offsets[] = {0, 1, 3, 3, 6}, right_offsets[] = {0, 2, 3, 6, 6}; /* (a,bc) (ab,c) (,abc) (abc,) */
  struct weft_column keys[] = {weft_column_offsets32("aababc", 6, left_offsets, 4),
                               weft_column_offsets32("bccabc", 6, right_offsets, 4)};
  weft_index *index = index_of(ctx, keys, 2);
  uint32_t first_row[4];
  MUST(ctx, weft_index_lookup(ctx, index, keys, 2, first_row));
  for (uint32_t i = 0; i < 4; i++)
    ck_assert_uint_eq(first_row[i], i);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(keys_may_have_64_columns) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  enum { COLUMNS = 64, ROWS = 65 };
  static uint8_t values[COLUMNS][ROWS]; /* row r differs from row 64, all zeros, in column r alone */
  struct weft_column keys[COLUMNS + 1];
  uint32_t first_row[ROWS];
  for (size_t c = 0; c < COLUMNS; c++) {
    values[c][c] = 1;
    keys[c] = weft_column_fixed(values[c], WEFT_U8, ROWS);
  }
  keys[COLUMNS] = keys[0];
  weft_index *index = index_of(ctx, keys, COLUMNS), *none = index;
  MUST(ctx, weft_index_lookup(ctx, index, keys, COLUMNS, first_row));
  for (uint32_t i = 0; i < ROWS; i++)
    ck_assert_uint_eq(first_row[i], i);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  REFUSED(ctx, weft_index_build(ctx, keys, COLUMNS + 1, NULL, &none), WEFT_E_INVALID, "65 key columns, and at most 64");
  ck_assert_ptr_null(none);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *on_every_table[] = {lookups_in_random_tables_equal_nested_loops,
                                   minus_zero_is_zero_and_every_nan_the_same,
                                   bytes_and_integers_of_the_same_pattern_as_zeros_and_nans_are_told_apart,
                                   strings_that_differ_in_length_alone_are_told_apart,
                                   a_null_is_found_by_nothing_and_finds_nothing,
                                   a_null_does_not_find_the_number_whose_hash_is_the_seed,
                                   columns_of_a_key_are_not_run_together,
                                   keys_may_have_64_columns};
  for (size_t i = 0; i < sizeof on_every_table / sizeof *on_every_table; i++)
    tcase_add_loop_test(tcase, on_every_table[i], 0, tables.n);
  tcase_add_test(tcase, hashes_alone_decide_for_columns_of_at_most_8_bytes_together);
}

int main(void) {
  tables = tables_here();
  return suite_main("index", add_tests);
}
