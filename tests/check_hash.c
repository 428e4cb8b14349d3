/* SPDX-License-Identifier: MIT
 *
 * The checks of hash kernels, of 64 and of 32 bits: batches resolved by hand, each row in a guarded area of its own, so
 * that exactly what the contract grants (SIMD_EDGE bytes, or the row) can be read; results beside libxxhash's.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>

/* A hash kernel of either width behind one shape; word is sizeof a seed and a hash. */
struct kernel {
  const char *isa, *what;
  size_t word;
  simd_hash64_fn *hash64;
  simd_hash32_fn *hash32;
  reference_hash *reference;
};

static struct guard_pool pool;

static uint64_t get(const struct kernel *k, const void *words, size_t i) {
  uint32_t narrow;
  uint64_t wide;
  if (k->word == sizeof narrow) {
    memcpy(&narrow, (const uint8_t *)words + i * sizeof narrow, sizeof narrow);
    return narrow;
  }
  memcpy(&wide, (const uint8_t *)words + i * sizeof wide, sizeof wide);
  return wide;
}

static void put(const struct kernel *k, void *words, size_t i, uint64_t value) {
  uint32_t narrow = (uint32_t)value;
  memcpy((uint8_t *)words + i * k->word, k->word == sizeof narrow ? (const void *)&narrow : &value, k->word);
}

static size_t run(const struct kernel *k, const struct simd_rows *batch, const void *seeds, bool seed_per_row, void *out) {
  return k->word == sizeof(uint32_t) ? k->hash32(batch, seeds, seed_per_row, out)
                                     : k->hash64(batch, seeds, seed_per_row, out);
}

/* What a case is made of; lengths[i] and nulls[i] say what row i is. */
struct plan {
  size_t rows;
  size_t lengths[1100];
  bool nulls[1100];
  enum guard_side side;
  size_t prefetch;
  bool seed_per_row, in_place;
};

/* Row i gets a guarded area of its own, flush where i is even, else at alignment i & 63. */
static void place_row(struct rng *rng, const struct plan *plan, size_t i, struct simd_rows *batch) {
  size_t n = plan->nulls[i] ? 0 : plan->lengths[i];
  size_t readable = n < SIMD_EDGE ? SIMD_EDGE : n;
  batch->ptrs[i] = guard_take(&pool, plan->side, readable, i % 2 ? i & 63 : 0, rng);
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
  struct simd_rows batch = {.rows = plan->rows, .prefetch = plan->prefetch};
  batch.ptrs = guard_take(&pool, GUARD_HIGH, capacity * sizeof *batch.ptrs, 0, rng);
  batch.bytes = guard_take(&pool, GUARD_HIGH, capacity * sizeof *batch.bytes, 0, rng);
  batch.valid = guard_take(&pool, GUARD_HIGH, capacity / 64 * sizeof *batch.valid, 0, rng);
  batch.edges = guard_take(&pool, GUARD_HIGH, capacity * sizeof *batch.edges, 0, rng);
  for (size_t i = 0; i < plan->rows; i++)
    place_row(rng, plan, i, &batch);
  for (size_t i = plan->rows; i < capacity; i++) {
    batch.ptrs[i] = batch.edges[i];
    batch.bytes[i] = 0;
  }
  return batch;
}

static uint64_t draw_seed(struct rng *rng) {
  static const uint64_t corners[] = {0, 1, UINT32_MAX, UINT64_MAX, UINT64_C(1) << 63};
  return rng_percent(rng, 20) ? corners[rng_upto(rng, 4)] : rng_next(rng);
}

/* Hashes one case and checks every row, and that nothing was written before or (where rows end unaligned) after out. */
static void check_plan(const struct kernel *k, uint64_t seed, struct rng *rng, const struct plan *plan) {
  guard_reset(&pool, 0);
  guard_case = (struct guard_case){.what = k->what, .isa = k->isa, .rows = plan->rows, .seed = seed};
  struct simd_rows batch = resolve_by_hand(rng, plan);
  size_t seeds_n = plan->seed_per_row ? plan->rows : 1;
  uint64_t *truth = guard_take(&pool, GUARD_HIGH, plan->rows * sizeof *truth, 0, NULL);
  void *seeds = guard_take(&pool, GUARD_HIGH, seeds_n * k->word, 0, rng);
  void *out = plan->in_place ? seeds : guard_take(&pool, plan->side, plan->rows * k->word, 0, rng);
  for (size_t i = 0; i < seeds_n; i++)
    put(k, seeds, i, draw_seed(rng));
  for (size_t i = 0; i < plan->rows; i++) {
    uint64_t row_seed = get(k, seeds, plan->seed_per_row ? i : 0);
    truth[i] = plan->nulls[i] ? row_seed : k->reference(batch.ptrs[i], plan->lengths[i], row_seed);
  }
  size_t vector_rows = run(k, &batch, seeds, plan->seed_per_row, out);
  for (size_t i = 0; i < plan->rows; i++)
    CASE_CHECK(get(k, out, i) == truth[i], i, "%zu bytes%s: hash %llx, reference %llx", (size_t)batch.bytes[i],
               plan->nulls[i] ? " (null)" : "", (unsigned long long)get(k, out, i), (unsigned long long)truth[i]);
  CASE_CHECK(vector_rows <= plan->rows, 0, "%zu rows in vector code of %zu", vector_rows, plan->rows);
  if (strcmp(k->isa, "scalar") == 0)
    CASE_CHECK(vector_rows == 0, 0, "the scalar table claims %zu rows in vector code", vector_rows);
}

static void draw_plan(struct rng *rng, size_t rows, struct plan *plan) {
  size_t kind = rng_upto(rng, 5), equal = rng_upto(rng, 300);
  unsigned null_percent = rng_percent(rng, 50) ? 0 : (unsigned)rng_upto(rng, 100);
  static const size_t tops[] = {16, 32, 300, 1025, 8};
  *plan = (struct plan){.rows = rows, .side = rng_percent(rng, 60) ? GUARD_HIGH : GUARD_LOW};
  plan->prefetch = rng_percent(rng, 50) ? 0 : rng_upto(rng, rng_percent(rng, 80) ? 64 : 4096);
  plan->seed_per_row = rng_percent(rng, 50);
  plan->in_place = plan->seed_per_row && rng_percent(rng, 30);
  for (size_t i = 0; i < rows; i++) {
    plan->lengths[i] = kind == 5 ? equal : rng_upto(rng, tops[kind]);
    if (rng_percent(rng, 1))
      plan->lengths[i] = rng_upto(rng, 3000);
    plan->nulls[i] = rng_percent(rng, null_percent);
  }
}

/* All rows of one length; more than a block of them, so that the last one is cut off. */
static void check_length(const struct kernel *k, size_t i, size_t rows, size_t length) {
  static struct plan plan;
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  for (int side = GUARD_LOW; side <= GUARD_HIGH; side++) {
    plan = (struct plan){.rows = rows, .side = (enum guard_side)side, .seed_per_row = length & 1};
    for (size_t row = 0; row < rows; row++)
      plan.lengths[row] = length;
    check_plan(k, seed, &rng, &plan);
  }
}

static void equals_the_reference_at_every_length(const struct kernel *k) {
  for (size_t length = 0; length <= 1025; length++)
    check_length(k, length, 67, length);
}

static void equals_the_reference_on_rows_to_64_kib(const struct kernel *k) {
  struct rng rng = {rng_case_seed(0)};
  for (size_t length = 2048; length <= 65536; length *= 2)
    for (size_t near = length - 1; near <= length + 1 && near <= 65536; near++)
      check_length(k, near, 9, near);
  for (size_t i = 0; i < 30; i++)
    check_length(k, i, 3, 1026 + rng_upto(&rng, 65536 - 1026));
}

static void check_drawn(const struct kernel *k, size_t i, size_t rows) {
  static struct plan plan;
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  draw_plan(&rng, rows, &plan);
  check_plan(k, seed, &rng, &plan);
}

static void equals_the_reference_at_every_row_count(const struct kernel *k) {
  for (size_t rows = 0; rows <= 130; rows++)
    check_drawn(k, rows, rows);
  for (size_t rows = 1023; rows <= 1025; rows++)
    check_drawn(k, rows, rows);
}

static void equals_the_reference_on_random_batches(const struct kernel *k) {
  for (size_t i = 0; i < 1000; i++) {
    struct rng rng = {rng_case_seed(i)};
    check_drawn(k, i, rng_upto(&rng, 200));
  }
}

static void leaves_the_seed_of_a_null_row(const struct kernel *k) {
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

static void may_overwrite_its_seeds(const struct kernel *k) {
  static struct plan plan;
  for (size_t i = 0; i < 200; i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    draw_plan(&rng, i, &plan);
    plan.seed_per_row = plan.in_place = true;
    check_plan(k, seed, &rng, &plan);
  }
}

/* check_hash64_<fact> and check_hash32_<fact>, from the facts above. */
#define DEFINE_HASH(kind, name, fact)                                                                                  \
  void check_##kind##_##fact(const char *isa, const char *what, simd_##kind##_fn *kernel, reference_hash *reference) { \
    struct kernel k = {.isa = isa, .what = what, .word = WORD_##kind, .kind = kernel, .reference = reference};         \
    fact(&k);                                                                                                          \
    guard_close(&pool);                                                                                                \
  }
#define WORD_hash64 sizeof(uint64_t)
#define WORD_hash32 sizeof(uint32_t)
FACTS_hash64(DEFINE_HASH, any) FACTS_hash32(DEFINE_HASH, any)
