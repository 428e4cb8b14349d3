/* SPDX-License-Identifier: MIT
 *
 * The checks of hash kernels, of 64, 32 and 128 bits: batches resolved by hand, each row in a guarded area of its own, so
 * that exactly what the contract grants (SIMD_EDGE bytes, or the row) can be read; results beside libxxhash's.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>

#include "batches.h"
#include "hash_kernels.h"
#include "length_edges.h"

static struct guard_pool pool;

/* What a case is made of; lengths[i] and nulls[i] say what row i is. */
struct plan {
  size_t rows;
  size_t lengths[1100];
  bool nulls[1100];
  enum guard_side side;
  size_t prefetch;
};

/* Every second row lies flush; the others have half of all alignments where lengths are even, the other half where odd. */
static size_t alignment_of(size_t i, size_t length) {
  return i % 2 ? (i / 2 + (length % 2 ? 32 : 0)) & 63 : 0;
}

/* Row i gets a guarded area of its own. */
static void place_row(struct rng *rng, const struct plan *plan, size_t i, struct simd_rows *batch) {
  size_t n = plan->nulls[i] ? 0 : plan->lengths[i];
  size_t readable = n < SIMD_EDGE ? SIMD_EDGE : n;
  batch->ptrs[i] = guard_take(&pool, plan->side, readable, alignment_of(i, n), rng);
  batch->bytes[i] = n;
  if (!plan->nulls[i])
    batch->valid[i / 64] |= UINT64_C(1) << (i & 63);
  else {
    batch->valid[i / 64] &= ~(UINT64_C(1) << (i & 63));
    batch->has_nulls = true;
  }
  batch->total_bytes += n;
  guard_case.length = n > guard_case.length ? n : guard_case.length;
}

/* The arrays end at a guard page right behind the last block; the bits of valid beyond rows are garbage. */
static struct simd_rows resolve_by_hand(struct rng *rng, const struct plan *plan) {
  size_t capacity = (plan->rows + SIMD_BLOCK - 1) / SIMD_BLOCK * SIMD_BLOCK;
  struct simd_rows batch = batch_take(&pool, rng, plan->rows);
  batch.rows = plan->rows, batch.prefetch = plan->prefetch, batch.total_bytes = 0;
  /* What is only asked for may be anywhere. */
  batch.next.at = rng_percent(rng, 50) ? NULL : (const uint8_t *)(uintptr_t)rng_next(rng);
  batch.next.step = rng_upto(rng, 300), batch.next.lead_step = rng_upto(rng, 8);
  for (size_t i = 0; i < plan->rows; i++)
    place_row(rng, plan, i, &batch);
  for (size_t i = plan->rows; i < capacity; i++) {
    batch.ptrs[i] = batch.edges[i];
    batch.bytes[i] = 0;
  }
  return batch;
}

static void check_plan(const struct hash_kernel *k, uint64_t seed, struct rng *rng, const struct plan *plan) {
  guard_reset(&pool, 0);
  guard_case = (struct guard_case){.what = k->what, .isa = k->isa, .rows = plan->rows, .seed = seed};
  struct simd_rows batch = resolve_by_hand(rng, plan);
  const struct hash_rows rows = {.rows = plan->rows,
                                 .bytes = batch.ptrs,
                                 .lengths = plan->lengths,
                                 .nulls = plan->nulls,
                                 .batch = &batch,
                                 .side = plan->side};
  hash_kernel_check(k, &pool, rng, &rows);
}

static size_t draw_edge(struct rng *rng) {
  return length_edges[rng_upto(rng, LENGTH_EDGES - 1)];
}

/* What lengths are like: up to a limit, all the same, and at the edges: any of them, block by block, or rising. */
enum { TO_8, TO_16, TO_32, TO_300, TO_1025, EQUAL, ANY_EDGES, BLOCKS_OF_EDGES, RISING_EDGES, LENGTHS };

static void draw_lengths(struct rng *rng, size_t rows, size_t *lengths) {
  static const size_t tops[] = {[TO_8] = 8, [TO_16] = 16, [TO_32] = 32, [TO_300] = 300, [TO_1025] = 1025};
  size_t kind = rng_upto(rng, LENGTHS - 1), equal = rng_upto(rng, 300), first = rng_upto(rng, LENGTH_EDGES - 1);
  for (size_t i = 0; i < rows; i++) {
    switch (kind) {
    case EQUAL: lengths[i] = equal; break;
    case ANY_EDGES: lengths[i] = draw_edge(rng); break;
    case BLOCKS_OF_EDGES: lengths[i] = length_edges[(first + i / SIMD_BLOCK) % LENGTH_EDGES]; break;
    case RISING_EDGES: lengths[i] = length_edges[(first + i) % LENGTH_EDGES]; break;
    default: lengths[i] = rng_upto(rng, tops[kind]);
    }
    if (rng_percent(rng, 1))
      lengths[i] = rng_upto(rng, 3000);
  }
}

static void draw_plan(struct rng *rng, size_t rows, struct plan *plan) {
  unsigned null_percent = rng_percent(rng, 50) ? 0 : (unsigned)rng_upto(rng, 100);
  *plan = (struct plan){.rows = rows, .side = rng_percent(rng, 60) ? GUARD_HIGH : GUARD_LOW};
  plan->prefetch = rng_percent(rng, 50) ? 0 : rng_upto(rng, rng_percent(rng, 80) ? 64 : 4096);
  draw_lengths(rng, rows, plan->lengths);
  for (size_t i = 0; i < rows; i++)
    plan->nulls[i] = rng_percent(rng, null_percent);
}

/* All rows of one length, against either guard page. */
static void check_length(const struct hash_kernel *k, size_t i, size_t rows, size_t length) {
  static struct plan plan;
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  for (int side = GUARD_LOW; side <= GUARD_HIGH; side++) {
    plan = (struct plan){.rows = rows, .side = (enum guard_side)side};
    for (size_t row = 0; row < rows; row++)
      plan.lengths[row] = length;
    check_plan(k, seed, &rng, &plan);
  }
}

/* More than a block of rows, so that the last one is cut off; of long ones, more than any vector has lanes. */
static void equals_the_reference_at_every_length(const struct hash_kernel *k) {
  for (size_t length = 0; length <= 1025; length = rng_count_after(length))
    check_length(k, length, length <= 300 ? 67 : length <= 520 ? 35 : 19, length);
}

static void equals_the_reference_on_rows_to_64_kib(const struct hash_kernel *k) {
  struct rng rng = {rng_case_seed(0)};
  for (size_t length = 4096 - 33; length <= 4096 + 33; length++)
    check_length(k, length, 3, length);
  for (size_t length = 2048; length <= 65536; length *= 2)
    for (size_t near = length - 1; near <= length + 1 && near <= 65536; near++)
      check_length(k, near, 9, near);
  for (size_t i = 0; i < 30; i++)
    check_length(k, i, 3, 1026 + rng_upto(&rng, 65536 - 1026));
}

static void check_drawn(const struct hash_kernel *k, size_t i, size_t rows) {
  static struct plan plan;
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  draw_plan(&rng, rows, &plan);
  check_plan(k, seed, &rng, &plan);
}

static void equals_the_reference_at_every_row_count(const struct hash_kernel *k) {
  for (size_t rows = 0; rows <= 70; rows = rng_count_after(rows))
    check_drawn(k, rows + 1000, rows);
  for (size_t rows = 0; rows <= 130; rows = rng_count_after(rows))
    check_drawn(k, rows, rows);
  for (size_t rows = 1023; rows <= 1025; rows++)
    check_drawn(k, rows, rows);
}

static void equals_the_reference_on_random_batches(const struct hash_kernel *k) {
  for (size_t i = 0; i < rng_cases(700); i++) {
    struct rng rng = {rng_case_seed(i)};
    check_drawn(k, i, rng_upto(&rng, 200));
  }
}

/* One row of another class in every place of a block and of the next one's beginning; classes by eight pairs a place. */
static void equals_the_reference_with_an_outlier_in_every_place(const struct hash_kernel *k) {
  static struct plan plan;
  for (size_t i = 0; i < 8 * (SIMD_BLOCK + 3); i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    plan = (struct plan){.rows = SIMD_BLOCK + 3, .side = i & 1 ? GUARD_LOW : GUARD_HIGH};
    size_t length = draw_edge(&rng);
    for (size_t row = 0; row < plan.rows; row++)
      plan.lengths[row] = length;
    plan.lengths[i / 8] = draw_edge(&rng);
    check_plan(k, seed, &rng, &plan);
  }
}

static void leaves_the_seed_of_a_null_row(const struct hash_kernel *k) {
  static struct plan plan;
  for (size_t i = 0; i < 128; i++) { /* a null in each place of two blocks, alone and with all others null too */
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    for (int all = 0; all <= 1; all++) {
      draw_plan(&rng, 128, &plan);
      for (size_t row = 0; row < plan.rows; row++)
        plan.nulls[row] = (row == i) != all;
      check_plan(k, seed, &rng, &plan);
    }
  }
}

FACTS_hash64(DEFINE_HASH_CHECK, any) FACTS_hash32(DEFINE_HASH_CHECK, any) FACTS_hash128(DEFINE_HASH_CHECK, any)

    void check_combine128_joins_two_hashes_at_every_row_count(const char *isa, simd_combine128_fn *kernel) {
  static const uint64_t seeds[] = {0, 1, UINT64_MAX, UINT64_C(0x9E3779B97F4A7C15)};
  for (size_t rows = 0; rows <= 1025; rows += rows < 130 ? 1 : 179) {
    struct rng rng = {rng_case_seed(rows)};
    guard_reset(&pool, 0);
    guard_case = (struct guard_case){.what = "combine128", .isa = isa, .rows = rows, .seed = rng.state};
    uint64_t seed = seeds[rows % 4];
    struct simd_hash128 *next = guard_take(&pool, GUARD_HIGH, rows * sizeof *next, 0, &rng);
    struct simd_hash128 *acc = guard_take(&pool, GUARD_HIGH, rows * sizeof *acc, 0, &rng);
    XXH128_hash_t *truth = guard_take(&pool, GUARD_HIGH, rows * sizeof *truth, 0, NULL);
    for (size_t i = 0; i < rows; i++)
      truth[i] =
          reference_combined((XXH128_hash_t){acc[i].low, acc[i].high}, (XXH128_hash_t){next[i].low, next[i].high}, seed);
    kernel(next, rows, seed, acc);
    for (size_t i = 0; i < rows; i++)
      CASE_CHECK(acc[i].low == truth[i].low64 && acc[i].high == truth[i].high64, i, "hash %llx %llx, reference %llx %llx",
                 (unsigned long long)acc[i].high, (unsigned long long)acc[i].low, (unsigned long long)truth[i].high64,
                 (unsigned long long)truth[i].low64);
  }
  guard_close(&pool);
}
