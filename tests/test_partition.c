/* SPDX-License-Identifier: MIT
 *
 * Partitions: row numbers by part beside a division and an append for each row, by every way to divide, on every table; and
 * what is refused.
 */
#include "contexts.h"
#include "guard.h"
#include "keys.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define MOST_PARTS 65536
#define SMALL 3000
#define LARGE ((1 << 20) + 12345) /* where whole cache lines are collected, if there are enough parts */

static struct tables tables;
static struct guard_pool pool;

struct request {
  enum weft_parts by;
  uint32_t n;
};

static size_t parts_of(struct request request) {
  return request.by == WEFT_PARTS_BITS ? (size_t)1 << request.n : request.n;
}

/* As the header has it, by divisions. */
static size_t part_of(struct request request, uint64_t hash) {
  int64_t rest;
  switch (request.by) {
  case WEFT_PARTS_BITS: return request.n == 0 ? 0 : (size_t)(hash >> (64 - request.n));
  case WEFT_PARTS_MODULO: return (size_t)(hash % request.n);
  default: rest = (int64_t)hash % (int64_t)request.n; return (size_t)(rest < 0 ? rest + (int64_t)request.n : rest);
  }
}

/* Every row stands in its part, behind the row before it of that part: what is expected follows from the hashes alone. */
static void check_rows(struct request request, const uint64_t *hashes, size_t rows, const uint32_t *got,
                       const size_t *offsets) {
  static size_t next[MOST_PARTS + 1];
  size_t parts = parts_of(request);
  memset(next, 0, (parts + 1) * sizeof *next);
  for (size_t i = 0; i < rows; i++)
    next[part_of(request, hashes[i]) + 1]++;
  for (size_t part = 0; part < parts; part++)
    next[part + 1] += next[part];
  for (size_t part = 0; part <= parts; part++)
    CASE_CHECK(offsets[part] == next[part], part, "part begins at %zu, not %zu", offsets[part], next[part]);
  for (size_t i = 0; i < rows; i++) {
    size_t at = next[part_of(request, hashes[i])]++;
    CASE_CHECK(got[at] == i, i, "place %zu has row %u", at, got[at]);
  }
}

/* Runs the call on memory that ends at guard pages, rows_out beginning anywhere in a cache line. */
static void check(weft_ctx *ctx, struct request request, const uint64_t *hashes, size_t rows, struct rng *rng) {
  guard_case.rows = rows;
  guard_case.length = request.n;
  size_t slack = rng_upto(rng, 16), parts = parts_of(request);
  uint32_t *out = guard_take(&pool, GUARD_HIGH, (rows + slack) * sizeof *out, 0, rng);
  size_t *offsets = guard_take(&pool, GUARD_HIGH, (parts + 1) * sizeof *offsets, 0, rng);
  uint32_t before[16], behind[16];
  size_t front = rng_upto(rng, slack);
  memcpy(before, out, front * sizeof *out);
  memcpy(behind, out + front + rows, (slack - front) * sizeof *out);
  MUST(ctx, weft_partition(ctx, hashes, rows, request.by, request.n, out + front, offsets));
  check_rows(request, hashes, rows, out + front, offsets);
  CASE_CHECK(memcmp(before, out, front * sizeof *out) == 0, 0, "what is before rows_out was written");
  CASE_CHECK(memcmp(behind, out + front + rows, (slack - front) * sizeof *out) == 0, rows, "what is behind it was written");
}

static struct request draw(struct rng *rng) {
  struct request request = {.by = (enum weft_parts)rng_upto(rng, 2)};
  if (request.by == WEFT_PARTS_BITS)
    request.n = (uint32_t)rng_upto(rng, 16);
  else if (rng_percent(rng, 30))
    request.n = (uint32_t)1 << rng_upto(rng, 16);
  else
    request.n = 1 + (uint32_t)rng_upto(rng, rng_percent(rng, 50) ? 100 : MOST_PARTS - 1);
  return request;
}

START_TEST(random_rows_are_where_a_division_puts_them) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t k = 0; k < rng_cases(600); k++) {
    struct rng rng = {rng_case_seed(k)};
    guard_case = (struct guard_case){.what = "partition", .isa = tables.list[_i]->isa, .seed = rng.state};
    guard_reset(&pool, 0);
    struct request request = draw(&rng);
    size_t rows = k < 130 ? k : rng_upto(&rng, SMALL);
    uint64_t *hashes = guard_take(&pool, GUARD_HIGH, rows * sizeof *hashes, 0, &rng);
    uint64_t mask = rng_percent(&rng, 70) ? UINT64_MAX : rng_next(&rng) & rng_next(&rng) & rng_next(&rng);
    for (size_t i = 0; i < rows; i++)
      hashes[i] = rng_next(&rng) & mask;
    check(ctx, request, hashes, rows, &rng);
  }
  guard_close(&pool);
  weft_ctx_free(ctx);
}
END_TEST

/* Quotients that a reciprocal may miss by one lie beside multiples of n, and at both ends of the numbers. */
START_TEST(hashes_beside_multiples_are_divided_exactly) {
  static const uint32_t divisors[] = {1, 2, 3, 5, 7, 10, 641, 1000, 4095, 4096, 4097, 32767, 32768, 65535, 65536};
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t hashes[600];
  for (size_t d = 0; d < sizeof divisors / sizeof *divisors; d++) {
    struct rng rng = {rng_case_seed(d)};
    uint64_t n = divisors[d], most = UINT64_MAX / n;
    for (size_t i = 0; i < 600; i++) {
      uint64_t quotient = i < 200 ? most - i % 50 : i < 400 ? ((uint64_t)1 << 63) / n + i % 50 - 25 : rng_next(&rng) % most;
      hashes[i] = quotient * n + (i % 3) - 1;
    }
    guard_case = (struct guard_case){.what = "division", .isa = tables.list[_i]->isa, .seed = rng.state};
    for (enum weft_parts by = WEFT_PARTS_MODULO; by <= WEFT_PARTS_PMOD; by++) {
      guard_reset(&pool, 0);
      check(ctx, (struct request){by, (uint32_t)n}, hashes, 600, &rng);
    }
  }
  guard_close(&pool);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_million_rows_are_where_a_division_puts_them) {
  static const struct request requests[] = {{WEFT_PARTS_BITS, 9},       {WEFT_PARTS_BITS, 13},   {WEFT_PARTS_MODULO, 511},
                                            {WEFT_PARTS_MODULO, 513},   {WEFT_PARTS_PMOD, 4099}, {WEFT_PARTS_PMOD, 8192},
                                            {WEFT_PARTS_MODULO, 65536}, {WEFT_PARTS_BITS, 4}};
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t k = 0; k < 2 * sizeof requests / sizeof *requests; k++) {
    struct rng rng = {rng_case_seed(k)};
    guard_case = (struct guard_case){.what = "large partition", .isa = tables.list[_i]->isa, .seed = rng.state};
    guard_reset(&pool, 0);
    uint64_t *hashes = guard_take(&pool, GUARD_HIGH, LARGE * sizeof *hashes, 0, &rng);
    for (size_t i = 0; i < LARGE; i++) /* the second time a few parts have most rows */
      hashes[i] = k % 2 == 1 && rng_percent(&rng, 90) ? rng_upto(&rng, 5) << 60 : rng_next(&rng);
    check(ctx, requests[k / 2], hashes, LARGE, &rng);
  }
  guard_close(&pool);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(no_rows_have_offsets_all_the_same) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  size_t offsets[4] = {7, 7, 7, 7};
  MUST(ctx, weft_partition(ctx, NULL, 0, WEFT_PARTS_MODULO, 3, NULL, offsets));
  for (size_t i = 0; i < 4; i++)
    ck_assert_uint_eq(offsets[i], 0);
  weft_ctx_free(ctx);
}
END_TEST

/* Spark's xxhash64 is -7001672635703045582 of 1L (0x9ed50fd59358d232 in the tests of DataFusion Comet) and, in its
 * documentation, 5602566077635097486 of ('Spark', array(123), 2). */
START_TEST(a_negative_hash_has_the_part_that_pmod_gives) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  const uint64_t hashes[] = {(uint64_t)-7001672635703045582, 5602566077635097486, (uint64_t)-1, (uint64_t)1 << 63};
  uint32_t rows[4];
  size_t offsets[11];
  MUST(ctx, weft_partition(ctx, hashes, 4, WEFT_PARTS_PMOD, 10, rows, offsets));
  ck_assert(rows[0] == 3 && rows[1] == 1 && rows[2] == 0 && rows[3] == 2); /* parts 2, 6, 8, 9 */
  ck_assert(offsets[2] == 0 && offsets[3] == 1 && offsets[6] == 1 && offsets[7] == 2 && offsets[9] == 3);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t hash = 1;
  uint32_t out;
  size_t offsets[3];
  ck_assert_int_eq(weft_partition(NULL, &hash, 1, WEFT_PARTS_BITS, 1, &out, offsets), WEFT_E_INVALID);
  REFUSED(ctx, weft_partition(ctx, NULL, 1, WEFT_PARTS_BITS, 1, &out, offsets), WEFT_E_INVALID, "hashes is NULL");
  REFUSED(ctx, weft_partition(ctx, &hash, 1, WEFT_PARTS_BITS, 1, NULL, offsets), WEFT_E_INVALID, "rows_out is NULL");
  REFUSED(ctx, weft_partition(ctx, &hash, 0, WEFT_PARTS_BITS, 1, &out, NULL), WEFT_E_INVALID, "offsets is NULL");
  REFUSED(ctx, weft_partition(ctx, &hash, 1, WEFT_PARTS_BITS, 17, &out, offsets), WEFT_E_INVALID, "n is 17");
  REFUSED(ctx, weft_partition(ctx, &hash, 1, WEFT_PARTS_MODULO, 0, &out, offsets), WEFT_E_INVALID, "n is 0");
  REFUSED(ctx, weft_partition(ctx, &hash, 1, WEFT_PARTS_PMOD, 65537, &out, offsets), WEFT_E_INVALID, "n is 65537");
  REFUSED(ctx, weft_partition(ctx, &hash, 1, (enum weft_parts)3, 1, &out, offsets), WEFT_E_INVALID, "number 3");
  if (SIZE_MAX > UINT32_MAX)
    REFUSED(ctx, weft_partition(ctx, &hash, UINT32_MAX, WEFT_PARTS_BITS, 1, &out, offsets), WEFT_E_OVERFLOW,
            "4294967295 rows");
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_limit_of_the_slab_is_told_and_nothing_is_left) {
  struct weft_slab_options options;
  weft_slab *slab;
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = 4 << 20;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_OK);
  struct weft_ctx_options ctx_options = ctx_defaults();
  ctx_options.slab = slab;
  weft_ctx *ctx = ctx_with(&ctx_options);
  uint64_t live = live_objects(slab);
  uint64_t *hashes = calloc(3 << 20, sizeof *hashes);
  uint32_t *rows = calloc(3 << 20, sizeof *rows);
  size_t offsets[3];
  ck_assert(hashes && rows);
  REFUSED(ctx, weft_partition(ctx, hashes, 3 << 20, WEFT_PARTS_BITS, 1, rows, offsets), WEFT_E_LIMIT, "6291472");
  ck_assert_uint_eq(live_objects(slab), live);
  MUST(ctx, weft_partition(ctx, hashes, 100, WEFT_PARTS_BITS, 1, rows, offsets));
  free(hashes);
  free(rows);
  weft_ctx_free(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, random_rows_are_where_a_division_puts_them, 0, tables.n);
  tcase_add_loop_test(tcase, hashes_beside_multiples_are_divided_exactly, 0, tables.n);
  tcase_add_loop_test(tcase, a_million_rows_are_where_a_division_puts_them, 0, tables.n);
  tcase_add_loop_test(tcase, no_rows_have_offsets_all_the_same, 0, tables.n);
  tcase_add_loop_test(tcase, a_negative_hash_has_the_part_that_pmod_gives, 0, tables.n);
  tcase_add_test(tcase, bad_arguments_are_refused);
  tcase_add_test(tcase, a_limit_of_the_slab_is_told_and_nothing_is_left);
}

int main(void) {
  tables = tables_here();
  return suite_main("partition", add_tests);
}
