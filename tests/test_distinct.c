/* SPDX-License-Identifier: MIT
 *
 * Sketches of distinct values: their registers beside a loop over stock xxHash, bit by bit; their estimates beside the true
 * counts, over many seeds; merged, stored and read again; what is refused.
 */
#include <math.h>

#include "keys.h"
#include "oracle.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define MOST_BYTES (8 + (1 << 18))

static struct tables tables;

static weft_distinct *opened(weft_ctx *ctx, unsigned precision) {
  weft_distinct *distinct;
  MUST(ctx, weft_distinct_open(ctx, precision, &distinct));
  return distinct;
}

/* What the documented format has, from the hashes. */
static size_t naive_sketch(const uint64_t *hashes, size_t n, unsigned precision, uint8_t *out) {
  size_t bytes = 8 + ((size_t)1 << precision);
  memset(out, 0, bytes);
  memcpy(out, "WHLL\1", 5);
  out[5] = (uint8_t)precision;
  for (size_t i = 0; i < n; i++) {
    uint8_t *at = &out[8 + (hashes[i] >> (64 - precision))], rank = 1;
    for (unsigned bit = 64 - precision; bit > 0 && !(hashes[i] >> (bit - 1) & 1); bit--)
      rank++;
    *at = *at < rank ? rank : *at;
  }
  return bytes;
}

static void check_sketch(weft_ctx *ctx, const weft_distinct *distinct, const uint64_t *hashes, size_t n,
                         unsigned precision) {
  static uint8_t expected[MOST_BYTES], written[MOST_BYTES];
  size_t bytes = 1, expected_bytes = naive_sketch(hashes, n, precision, expected);
  MUST(ctx, weft_distinct_write(ctx, distinct, written, sizeof written, &bytes));
  CASE_CHECK(bytes == expected_bytes, bytes, "%zu bytes", expected_bytes);
  for (size_t i = 0; i < bytes; i++)
    CASE_CHECK(written[i] == expected[i], i, "byte %u, not %u", written[i], expected[i]);
}

static double estimate_of(weft_ctx *ctx, const uint64_t *hashes, size_t n, unsigned precision) {
  weft_distinct *distinct = opened(ctx, precision);
  weft_distinct_add_hashes(distinct, hashes, n);
  double estimate = weft_distinct_estimate(distinct);
  weft_distinct_free(distinct);
  return estimate;
}

#define ROWS 5000
static uint64_t numbers[ROWS], hashes[ROWS];

START_TEST(registers_are_those_of_stock_xxhash) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  struct rng rng = {rng_case_seed(0)};
  uint8_t bytes[8];
  for (size_t i = 0; i < ROWS; i++) {
    numbers[i] = rng_next(&rng);
    hashes[i] = XXH3_64bits_withSeed(little_endian(&numbers[i], 8, bytes), 8, 0);
  }
  for (unsigned precision = 4; precision <= 18; precision++)
    for (size_t rows = 0; rows <= ROWS; rows += rows < 130 ? 1 : 1623) {
      weft_ctx *ctx = ctxs[rows % KNOBS];
      guard_case = (struct guard_case){.what = "distinct", .isa = tables.list[_i]->isa, .rows = rows, .length = precision};
      struct weft_column column = weft_column_fixed(numbers, WEFT_U64, rows);
      weft_distinct *distinct = opened(ctx, precision);
      MUST(ctx, weft_distinct_add(ctx, distinct, &column, 1));
      check_sketch(ctx, distinct, hashes, rows, precision);
      weft_distinct_free(distinct);
    }
  ctxs_close(ctxs);
}
END_TEST

START_TEST(rows_with_a_null_are_left_out) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  static uint8_t valid[2][ROWS / 8];
  struct rng rng = {rng_case_seed(1)};
  size_t n = 0;
  uint8_t bytes[8];
  rng_fill(&rng, valid, sizeof valid);
  for (size_t i = 0; i < ROWS; i++) {
    numbers[i] = rng_next(&rng);
    uint64_t first = XXH3_64bits_withSeed(little_endian(&numbers[i], 8, bytes), 8, 0);
    if (valid[0][i / 8] & valid[1][i / 8] & 1 << i % 8)
      hashes[n++] = XXH3_64bits_withSeed(bytes, 8, first);
  }
  struct weft_column column = weft_column_fixed(numbers, WEFT_U64, ROWS);
  struct weft_column columns[] = {weft_column_with_validity(column, valid[0], 0),
                                  weft_column_with_validity(column, valid[1], 0)};
  weft_distinct *distinct = opened(ctx, 10);
  guard_case = (struct guard_case){.what = "nulls", .isa = tables.list[_i]->isa, .rows = ROWS};
  MUST(ctx, weft_distinct_add(ctx, distinct, columns, 2));
  check_sketch(ctx, distinct, hashes, n, 10);
  weft_distinct_free(distinct);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(zeros_of_both_signs_and_all_nans_are_one_value_each) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  double wide[] = {0.0, -0.0, (double)NAN, -(double)NAN, 1};
  float narrow[] = {0.0f, -0.0f, NAN, -NAN, 1};
  struct weft_column columns[] = {weft_column_fixed(wide, WEFT_F64, 5), weft_column_fixed(narrow, WEFT_F32, 5)};
  for (size_t c = 0; c < 2; c++) {
    weft_distinct *distinct = opened(ctx, 0);
    MUST(ctx, weft_distinct_add(ctx, distinct, &columns[c], 1));
    ck_assert_double_eq_tol(weft_distinct_estimate(distinct), 3, 0.01);
    weft_distinct_free(distinct);
  }
  weft_ctx_free(ctx);
}
END_TEST

#define SEEDS 1000
#define SIZES 16

/* Root mean square errors over all seeds, at each size, against the standard error of a sketch: 1000 squares of one have a
 * mean within 1 in 6 of it with all but 1 in 10^4 chances. Small sizes, where few registers are touched twice, are better
 * than that. The mean error is to be within 4 of its own standard deviations. */
static void check_errors(weft_ctx *ctx, unsigned precision, size_t seeds) {
  static const size_t sizes[SIZES] = {0,    1,    2,     5,     10,     30,     100,    300,
                                      1000, 3000, 10000, 30000, 100000, 200000, 500000, 1000000};
  static uint64_t some[10000];
  double squares[SIZES] = {0}, errors[SIZES] = {0}, standard = 1.04 / sqrt((double)((size_t)1 << precision));
  for (size_t s = 0; s < seeds; s++) {
    struct rng rng = {rng_case_seed(s)};
    weft_distinct *distinct = opened(ctx, precision);
    size_t at = 0;
    for (size_t k = 0; k < SIZES; k++) {
      while (at < sizes[k]) {
        size_t n = sizes[k] - at < 10000 ? sizes[k] - at : 10000;
        for (size_t i = 0; i < n; i++)
          some[i] = rng_next(&rng);
        weft_distinct_add_hashes(distinct, some, n);
        at += n;
      }
      double estimate = weft_distinct_estimate(distinct), error = k == 0 ? estimate : estimate / (double)sizes[k] - 1;
      double off = fabs(estimate - (double)sizes[k]), bound = 5.5 * standard * (double)sizes[k] + 2; /* 2: few collide */
      ck_assert_msg(off <= bound, "precision %u seed %zu size %zu: %f", precision, s, sizes[k], estimate);
      errors[k] += error;
      squares[k] += error * error;
    }
    weft_distinct_free(distinct);
  }
  for (size_t k = 0; k < SIZES; k++) {
    double rms = sqrt(squares[k] / (double)seeds), mean = errors[k] / (double)seeds, slack = 1 + 5 / sqrt((double)seeds);
    ck_assert_msg(rms <= standard * slack, "precision %u size %zu: %f, not %f", precision, sizes[k], rms, standard);
    ck_assert_msg(fabs(mean) <= 4 * standard * slack / sqrt((double)seeds), "precision %u size %zu: mean error %f",
                  precision, sizes[k], mean);
    if (getenv("WEFT_TEST_VERBOSE"))
      printf("precision %u size %7zu: rms %.5f of standard %.5f, mean %+.5f\n", precision, sizes[k], rms, standard, mean);
  }
}

START_TEST(estimates_of_1000_seeds_have_the_documented_error) {
  weft_ctx *ctx = ctx_with(NULL);
  check_errors(ctx, 14, rng_cases(SEEDS));
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(estimates_of_other_precisions_have_the_documented_error) {
  static const unsigned precisions[] = {8, 11, 18};
  weft_ctx *ctx = ctx_with(NULL);
  for (size_t i = 0; i < 3; i++)
    check_errors(ctx, precisions[i], rng_cases(SEEDS) / 10 + 1);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(integers_in_a_row_are_estimated_as_well_as_random_ones) {
  weft_ctx *ctx = ctx_with(NULL);
  static uint32_t row[1000000];
  for (uint32_t i = 0; i < 1000000; i++)
    row[i] = i;
  for (size_t rows = 10; rows <= 1000000; rows *= 10) {
    struct weft_column column = weft_column_fixed(row, WEFT_U32, rows);
    weft_distinct *distinct = opened(ctx, 0);
    for (int again = 0; again < 2; again++)
      MUST(ctx, weft_distinct_add(ctx, distinct, &column, 1));
    ck_assert_double_eq_tol(weft_distinct_estimate(distinct) / (double)rows, 1, 0.03);
    weft_distinct_free(distinct);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Ertl's estimate of counts[k] registers that are k, by the series of his definitions. */
static long double ertl(const size_t *counts, unsigned precision) {
  const unsigned q = 64 - precision;
  const long double m = (long double)((size_t)1 << precision);
  long double x = 1 - (long double)counts[q + 1] / m, tau = 1 - x, y = (long double)counts[0] / m, sigma = y, z;
  for (int k = 1; k < 70; k++) {
    tau -= powl(1 - powl(x, ldexpl(1, -k)), 2) * ldexpl(1, -k);
    sigma += powl(y, ldexpl(1, k)) * ldexpl(1, k - 1);
  }
  z = m * (counts[q + 1] == (size_t)1 << precision ? 0 : tau / 3) * ldexpl(1, -(int)q) + m * sigma;
  for (unsigned k = 1; k <= q; k++)
    z += (long double)counts[k] * ldexpl(1, -(int)k);
  return m * m / z / (2 * logl(2));
}

START_TEST(estimates_are_those_of_ertls_definition) {
  static uint8_t bytes[8 + 1024];
  weft_ctx *ctx = ctx_with(NULL);
  struct rng rng = {rng_case_seed(4)};
  for (unsigned precision = 4; precision <= 10; precision++)
    for (int i = 0; i < 300; i++) {
      size_t counts[66] = {0}, m = naive_sketch(hashes, 0, precision, bytes) - 8, most = 65 - precision;
      unsigned empty = (unsigned)rng_upto(&rng, 2) * 40, full = (unsigned)rng_upto(&rng, 2) * 49;
      size_t from = rng_upto(&rng, most), to = from + rng_upto(&rng, most - from);
      for (size_t r = 0; r < m; r++) {
        size_t rank = rng_percent(&rng, empty) ? 0 : rng_percent(&rng, full) ? most : from + rng_upto(&rng, to - from);
        bytes[8 + r] = (uint8_t)rank;
        counts[rank]++;
      }
      weft_distinct *distinct;
      MUST(ctx, weft_distinct_read(ctx, bytes, 8 + m, &distinct));
      double estimate = weft_distinct_estimate(distinct);
      if (counts[0] < m && counts[most] < m)
        ck_assert_msg(fabsl((long double)estimate / ertl(counts, precision) - 1) < 1e-12L, "%.20g, not %.20Lg", estimate,
                      ertl(counts, precision));
      weft_distinct_free(distinct);
    }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(an_estimate_is_infinite_when_every_register_is_full_and_only_then) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t last[16];
  for (uint64_t i = 0; i < 16; i++)
    last[i] = i << 60;
  ck_assert(isinf(estimate_of(ctx, last, 16, 4)));
  last[15] |= 1; /* one value is not the rarest */
  double nearly = estimate_of(ctx, last, 16, 4);
  ck_assert_msg(nearly > 1e18 && nearly < 1e22, "%f", nearly);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(merged_sketches_are_the_sketch_of_all) {
  weft_ctx *ctx = ctx_with(NULL), *other = ctx_with(NULL);
  struct rng rng = {rng_case_seed(3)};
  for (size_t i = 0; i < ROWS; i++) /* zeros of every number behind the first bits */
    hashes[i] = rng_percent(&rng, 50) ? rng_next(&rng) : rng_next(&rng) & UINT64_MAX << rng_upto(&rng, 63);
  for (unsigned coarse = 4; coarse <= 18; coarse += 2)
    for (unsigned fine = coarse; fine <= 18; fine++) {
      guard_case = (struct guard_case){.what = "merge", .rows = coarse, .length = fine};
      weft_distinct *into = opened(ctx, coarse), *from = opened(other, fine);
      weft_distinct_add_hashes(into, hashes, ROWS / 2);
      weft_distinct_add_hashes(from, hashes + ROWS / 2, ROWS - ROWS / 2);
      MUST(ctx, weft_distinct_merge(ctx, into, from));
      check_sketch(ctx, into, hashes, ROWS, coarse);
      weft_distinct_free(into);
      weft_distinct_free(from);
    }
  weft_ctx_free(other);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_sketch_is_written_and_read_again) {
  static uint8_t bytes[MOST_BYTES];
  weft_ctx *ctx = ctx_with(NULL);
  for (size_t i = 0; i < ROWS; i++)
    hashes[i] = i * RNG_STEP;
  for (unsigned precision = 4; precision <= 18; precision++) {
    weft_distinct *distinct = opened(ctx, precision), *again;
    size_t n = 0;
    weft_distinct_add_hashes(distinct, hashes, ROWS);
    MUST(ctx, weft_distinct_write(ctx, distinct, NULL, 0, &n));
    ck_assert_uint_eq(n, 8 + ((size_t)1 << precision));
    char text[30];
    snprintf(text, sizeof text, "%zu bytes, and there are", n - 1);
    REFUSED(ctx, weft_distinct_write(ctx, distinct, bytes, n - 1, &n), WEFT_E_SPACE, text);
    MUST(ctx, weft_distinct_write(ctx, distinct, bytes, n, &n));
    MUST(ctx, weft_distinct_read(ctx, bytes, n, &again));
    check_sketch(ctx, again, hashes, ROWS, precision);
    weft_distinct_free(again);
    weft_distinct_free(distinct);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(what_is_no_sketch_is_not_read) {
  weft_ctx *ctx = ctx_with(NULL);
  uint8_t good[24], bytes[25] = {0};
  weft_distinct *out = (void *)ctx;
  naive_sketch(hashes, 0, 4, good);
#define DAMAGED(place, value, n, status, text)                           \
  do {                                                                   \
    memcpy(bytes, good, sizeof good);                                    \
    bytes[place] = value;                                                \
    REFUSED(ctx, weft_distinct_read(ctx, bytes, n, &out), status, text); \
    ck_assert_ptr_null(out);                                             \
  } while (0)
  DAMAGED(0, 'w', 24, WEFT_E_CORRUPT, "24 bytes that do not start");
  DAMAGED(0, 'W', 7, WEFT_E_CORRUPT, "7 bytes that do not start");
  DAMAGED(0, 'W', 0, WEFT_E_CORRUPT, "0 bytes that do not start");
  DAMAGED(4, 2, 24, WEFT_E_UNSUPPORTED, "version 2");
  DAMAGED(5, 3, 16, WEFT_E_CORRUPT, "precision 3");
  DAMAGED(5, 19, 24, WEFT_E_CORRUPT, "precision 19");
  DAMAGED(5, 5, 24, WEFT_E_CORRUPT, "24 bytes");
  DAMAGED(6, 1, 24, WEFT_E_CORRUPT, "1, 0 where zeros");
  DAMAGED(7, 1, 24, WEFT_E_CORRUPT, "0, 1 where zeros");
  DAMAGED(0, 'W', 23, WEFT_E_CORRUPT, "23 bytes");
  DAMAGED(0, 'W', 25, WEFT_E_CORRUPT, "25 bytes");
  DAMAGED(23, 62, 24, WEFT_E_CORRUPT, "register 15 is 62, and 61");
  memcpy(bytes, good, sizeof good);
  bytes[23] = 61;
  MUST(ctx, weft_distinct_read(ctx, bytes, 24, &out));
  weft_distinct_free(out);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(arguments_that_make_no_sketch_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  weft_distinct *d = (void *)ctx, *fine, *coarse;
  uint64_t value = 1;
  size_t bytes;
  struct weft_column columns[] = {weft_column_fixed(&value, WEFT_U64, 1), weft_column_fixed(&value, WEFT_U32, 0)};
  ck_assert_int_eq(weft_distinct_open(NULL, 0, &d), WEFT_E_INVALID);
  ck_assert_ptr_null(d);
  REFUSED(ctx, weft_distinct_open(ctx, 0, NULL), WEFT_E_INVALID, "out is NULL");
  REFUSED(ctx, weft_distinct_open(ctx, 3, &d), WEFT_E_INVALID, "precision 3,");
  REFUSED(ctx, weft_distinct_open(ctx, 19, &d), WEFT_E_INVALID, "precision 19,");
  fine = opened(ctx, 5);
  coarse = opened(ctx, 4);
  ck_assert_int_eq(weft_distinct_add(NULL, fine, columns, 1), WEFT_E_INVALID);
  REFUSED(ctx, weft_distinct_add(ctx, NULL, columns, 1), WEFT_E_INVALID, "distinct is NULL");
  REFUSED(ctx, weft_distinct_add(ctx, fine, NULL, 1), WEFT_E_INVALID, "NULL");
  REFUSED(ctx, weft_distinct_add(ctx, fine, columns, 0), WEFT_E_INVALID, "0 columns");
  REFUSED(ctx, weft_distinct_add(ctx, fine, columns, 2), WEFT_E_INVALID, "column 1 has 0 rows");
  ck_assert_int_eq(weft_distinct_merge(NULL, fine, fine), WEFT_E_INVALID);
  REFUSED(ctx, weft_distinct_merge(ctx, NULL, fine), WEFT_E_INVALID, "into is NULL");
  REFUSED(ctx, weft_distinct_merge(ctx, fine, NULL), WEFT_E_INVALID, "from is NULL");
  REFUSED(ctx, weft_distinct_merge(ctx, fine, coarse), WEFT_E_INVALID, "precision 4 into one of 5");
  ck_assert_int_eq(weft_distinct_write(NULL, fine, NULL, 0, &bytes), WEFT_E_INVALID);
  REFUSED(ctx, weft_distinct_write(ctx, NULL, NULL, 0, &bytes), WEFT_E_INVALID, "distinct is NULL");
  REFUSED(ctx, weft_distinct_write(ctx, fine, NULL, 0, NULL), WEFT_E_INVALID, "bytes is NULL");
  ck_assert_int_eq(weft_distinct_read(NULL, &value, 8, &d), WEFT_E_INVALID);
  REFUSED(ctx, weft_distinct_read(ctx, NULL, 8, &d), WEFT_E_INVALID, "src is NULL");
  REFUSED(ctx, weft_distinct_read(ctx, &value, 8, NULL), WEFT_E_INVALID, "out is NULL");
  weft_distinct_add_hashes(NULL, &value, 1);
  weft_distinct_add_hashes(fine, NULL, 1);
  ck_assert_double_eq(weft_distinct_estimate(fine), 0);
  ck_assert_double_eq(weft_distinct_estimate(NULL), 0);
  weft_ctx_free(ctx);
  weft_distinct_free(fine);
  weft_distinct_free(coarse);
  weft_distinct_free(NULL);
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, registers_are_those_of_stock_xxhash, 0, tables.n);
  tcase_add_loop_test(tcase, rows_with_a_null_are_left_out, 0, tables.n);
  tcase_add_loop_test(tcase, zeros_of_both_signs_and_all_nans_are_one_value_each, 0, tables.n);
  tcase_add_test(tcase, estimates_of_1000_seeds_have_the_documented_error);
  tcase_add_test(tcase, estimates_of_other_precisions_have_the_documented_error);
  tcase_add_test(tcase, integers_in_a_row_are_estimated_as_well_as_random_ones);
  tcase_add_test(tcase, estimates_are_those_of_ertls_definition);
  tcase_add_test(tcase, an_estimate_is_infinite_when_every_register_is_full_and_only_then);
  tcase_add_test(tcase, merged_sketches_are_the_sketch_of_all);
  tcase_add_test(tcase, a_sketch_is_written_and_read_again);
  tcase_add_test(tcase, what_is_no_sketch_is_not_read);
  tcase_add_test(tcase, arguments_that_make_no_sketch_are_refused);
}

int main(void) {
  return suite_main("distinct", add_tests);
}
