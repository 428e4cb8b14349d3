/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kind `differ`: pairs of batches resolved by hand, rows flush against guard pages, so that of
 * each row exactly what the contract grants (SIMD_EDGE bytes, or the row) can be read.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>

#include "batches.h"

#define MOST_ROWS 1000

static struct guard_pool pool;

/* Arrays for exactly the blocks of n rows: all rows valid and empty, to be filled in; what lies past them in the bitmap is
 * garbage. */
static struct simd_rows open_batch(struct rng *rng, size_t n) {
  size_t capacity = (n + SIMD_BLOCK - 1) / SIMD_BLOCK * SIMD_BLOCK;
  struct simd_rows batch = batch_take(&pool, rng, n);
  batch.rows = n;
  for (size_t i = 0; i < capacity; i++) {
    batch.ptrs[i] = batch.edges[i];
    batch.bytes[i] = 0;
    if (i < n)
      batch.valid[i / 64] |= UINT64_C(1) << i % 64;
  }
  return batch;
}

static void set_null(struct simd_rows *batch, size_t i) {
  batch->ptrs[i] = batch->edges[i];
  batch->bytes[i] = 0;
  batch->valid[i / 64] &= ~(UINT64_C(1) << i % 64);
  batch->has_nulls = true;
}

static size_t readable(size_t length) {
  return length < SIMD_EDGE ? SIMD_EDGE : length;
}

/* Batches of the one row that a[length] and b[length] are. */
struct single {
  struct simd_rows a, b;
  uint64_t *out;
};

static struct single open_single(struct rng *rng) {
  struct single s = {.a = open_batch(rng, 1), .b = open_batch(rng, 1)};
  s.out = guard_take(&pool, GUARD_HIGH, sizeof *s.out, 0, rng);
  return s;
}

static bool row_differs(simd_differ_fn *kernel, struct single *s, const uint8_t *a, const uint8_t *b, size_t length) {
  s->a.ptrs[0] = a;
  s->b.ptrs[0] = b;
  s->a.bytes[0] = s->b.bytes[0] = length;
  *s->out = 0;
  kernel(&s->a, &s->b, s->out);
  return *s->out & 1;
}

static void sees_one_changed_byte_at_every_place_of_every_length(const char *isa, simd_differ_fn *kernel) {
  for (int side = GUARD_LOW; side <= GUARD_HIGH; side++)
    for (size_t length = 0; length <= 1025; length = rng_count_after(length)) {
      uint64_t seed = rng_case_seed(length);
      struct rng rng = {seed};
      guard_reset(&pool, 0);
      guard_case = (struct guard_case){.what = "differ", .isa = isa, .rows = 1, .length = length, .seed = seed};
      struct single s = open_single(&rng);
      uint8_t *a = guard_take(&pool, (enum guard_side)side, readable(length), 0, &rng);
      uint8_t *b = guard_take(&pool, (enum guard_side)side, readable(length), 0, &rng); /* other bytes behind short rows */
      memcpy(b, a, length);
      CASE_CHECK(!row_differs(kernel, &s, a, b, length), 0, "equal rows differ");
      for (size_t at = 0; at < length; at++) {
        uint8_t change = (uint8_t)(1u << at % 8);
        b[at] ^= change;
        CASE_CHECK(row_differs(kernel, &s, a, b, length), 0, "byte %zu differs, and the rows do not", at);
        b[at] ^= change;
      }
    }
}

static void sees_changes_at_every_alignment(const char *isa, simd_differ_fn *kernel) {
  static const size_t lengths[] = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 130};
  for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
    uint64_t seed = rng_case_seed(k);
    struct rng rng = {seed};
    size_t length = lengths[k], span = readable(length) + 64;
    guard_reset(&pool, 0);
    guard_case = (struct guard_case){.what = "differ", .isa = isa, .rows = 1, .length = length, .seed = seed};
    struct single s = open_single(&rng);
    uint8_t *area_a = guard_take(&pool, GUARD_HIGH, span, 0, &rng), *area_b = guard_take(&pool, GUARD_HIGH, span, 0, &rng);
    for (size_t shift_a = 0; shift_a <= 64; shift_a++)
      for (size_t shift_b = 0; shift_b <= 64; shift_b++) {
        uint8_t *a = area_a + shift_a, *b = area_b + shift_b;
        memcpy(b, a, length);
        CASE_CHECK(!row_differs(kernel, &s, a, b, length), 0, "equal rows at %zu and %zu differ", shift_a, shift_b);
        if (length == 0)
          continue;
        size_t at[] = {0, length / 2, length - 1};
        for (size_t i = 0; i < 3; i++) {
          b[at[i]] ^= 0x80;
          CASE_CHECK(row_differs(kernel, &s, a, b, length), 0, "rows at %zu and %zu: byte %zu differs, and they do not",
                     shift_a, shift_b, at[i]);
          b[at[i]] ^= 0x80;
        }
      }
  }
}

/* What two rows may be to each other. */
enum pair { EQUAL, CHANGED, CUT, A_NULL, B_NULL, BOTH_NULL, PAIRS };

/* Makes row i of both batches; returns whether they differ. */
static bool make_pair(struct rng *rng, enum pair pair, size_t i, struct simd_rows *a, struct simd_rows *b) {
  size_t length = rng_upto(rng, rng_percent(rng, 80) ? 40 : 700), more = pair == CUT ? 1 + rng_upto(rng, 20) : 0;
  uint8_t *row_a = guard_take(&pool, GUARD_HIGH, readable(length), i % 2 ? i & 31 : 0, rng);
  uint8_t *row_b = guard_take(&pool, GUARD_HIGH, readable(length + more), i % 3 ? i & 31 : 0, rng);
  memcpy(row_b, row_a, length);
  if (pair == CHANGED && length == 0)
    pair = EQUAL;
  if (pair == CHANGED)
    row_b[rng_upto(rng, length - 1)] ^= (uint8_t)(1 + rng_upto(rng, 254));
  a->ptrs[i] = row_a;
  a->bytes[i] = length;
  b->ptrs[i] = row_b;
  b->bytes[i] = length + more;
  if (pair == A_NULL || pair == BOTH_NULL)
    set_null(a, i);
  if (pair == B_NULL || pair == BOTH_NULL)
    set_null(b, i);
  return pair != EQUAL && pair != BOTH_NULL;
}

/* Pairs all of one kind; PAIRS: drawn. Two areas a row are what a pool holds for MOST_ROWS. */
static void check_pairs(const char *isa, simd_differ_fn *kernel, size_t n, size_t i, enum pair only) {
  static bool expected[MOST_ROWS];
  static const size_t distances[] = {0, 1, 24, 4096};
  uint64_t seed = rng_case_seed(i), before[MOST_ROWS / 64 + 1];
  struct rng rng = {seed};
  guard_reset(&pool, 0);
  guard_case = (struct guard_case){.what = "differ", .isa = isa, .rows = n, .seed = seed};
  struct simd_rows a = open_batch(&rng, n), b = open_batch(&rng, n);
  size_t out_bytes = (n + 63) / 64 * sizeof(uint64_t);
  uint64_t *out = guard_take(&pool, GUARD_HIGH, out_bytes, 0, &rng);
  if (i % 4 != 0)
    memset(out, 0, out_bytes); /* else bits are set here and there, and must stay */
  memcpy(before, out, out_bytes);
  for (size_t row = 0; row < n; row++) {
    enum pair pair = only == PAIRS ? (enum pair)(rng_percent(&rng, 50) ? EQUAL : rng_upto(&rng, PAIRS - 1)) : only;
    expected[row] = make_pair(&rng, pair, row, &a, &b);
  }
  a.prefetch = distances[rng_upto(&rng, 3)];
  b.prefetch = distances[rng_upto(&rng, 3)];
  kernel(&a, &b, out);
  for (size_t row = 0; row < n; row++) {
    bool was = before[row / 64] >> row % 64 & 1, is = out[row / 64] >> row % 64 & 1;
    CASE_CHECK(is == (was || expected[row]), row, "%llu and %llu bytes: bit is %d, was %d, rows differ: %d",
               (unsigned long long)a.bytes[row], (unsigned long long)b.bytes[row], is, was, expected[row]);
  }
}

static void judges_each_row_of_batches_of_every_row_count(const char *isa, simd_differ_fn *kernel) {
  for (size_t n = 0; n <= 130; n = rng_count_after(n))
    for (size_t k = 0; k < 4; k++)
      check_pairs(isa, kernel, n, 4 * n + k, PAIRS);
  for (size_t k = 0; k < 4; k++)
    check_pairs(isa, kernel, MOST_ROWS, k, PAIRS);
}

static void takes_a_null_for_equal_to_a_null_alone(const char *isa, simd_differ_fn *kernel) {
  for (int pair = A_NULL; pair <= BOTH_NULL; pair++)
    for (size_t n = 0; n <= 130; n = rng_count_after(n))
      check_pairs(isa, kernel, n, n, (enum pair)pair);
}

/* The same bytes are in reach on both sides, so that the validity alone tells the rows apart. */
static void tells_a_null_from_an_empty_row(const char *isa, simd_differ_fn *kernel) {
  for (int null_in_a = 0; null_in_a <= 1; null_in_a++)
    for (size_t n = 1; n <= 130; n = rng_count_after(n)) {
      uint64_t seed = rng_case_seed(n);
      struct rng rng = {seed};
      guard_reset(&pool, 0);
      guard_case = (struct guard_case){.what = "differ", .isa = isa, .rows = n, .seed = seed};
      struct simd_rows a = open_batch(&rng, n), b = open_batch(&rng, n);
      uint64_t *out = guard_take(&pool, GUARD_HIGH, (n + 63) / 64 * sizeof *out, 0, NULL);
      memset(out, 0, (n + 63) / 64 * sizeof *out);
      memcpy(b.edges, a.edges, n * sizeof *a.edges);
      size_t null = rng_upto(&rng, n - 1);
      set_null(null_in_a ? &a : &b, null);
      kernel(&a, &b, out);
      for (size_t row = 0; row < n; row++)
        CASE_CHECK((out[row / 64] >> row % 64 & 1) == (row == null), row, "row %zu alone is null, on one side", null);
    }
}

#define DEFINE(kind, name, fact)                                          \
  void check_##kind##_##fact(const char *isa, simd_##kind##_fn *kernel) { \
    fact(isa, kernel);                                                    \
    guard_close(&pool);                                                   \
  }
FACTS_differ(DEFINE, any)
