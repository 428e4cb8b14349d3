/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds `bloom_insert` and `bloom_find`, beside the loops of bloom_loop.h. Filters, hashes and
 * bitmaps end at guard pages.
 */
#include "bloom_loop.h"
#include "checks.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define MOST_BLOCKS 3000

static struct guard_pool pool;

struct plan {
  size_t n, ahead;
  uint32_t n_blocks;
  enum guard_side side;
};

static struct plan draw_plan(struct rng *rng, size_t n, const char *what, const char *isa, uint64_t seed) {
  static const size_t aheads[] = {0, 1, 24, 4096};
  struct plan plan = {.n = n, .ahead = aheads[rng_upto(rng, 3)], .side = rng_percent(rng, 50) ? GUARD_LOW : GUARD_HIGH};
  plan.n_blocks = 1 + (uint32_t)rng_upto(rng, rng_percent(rng, 50) ? 7 : MOST_BLOCKS - 1);
  guard_case = (struct guard_case){.what = what, .isa = isa, .rows = n, .length = plan.n_blocks, .seed = seed};
  guard_reset(&pool, 0);
  return plan;
}

static uint64_t *lay_hashes(struct rng *rng, const struct plan *plan) {
  uint64_t *hashes = guard_take(&pool, plan->side, plan->n * sizeof *hashes, 0, rng);
  for (size_t i = 0; i < plan->n; i++)
    if (rng_percent(rng, 20))
      hashes[i] = rng_percent(rng, 50) ? 0 : UINT64_MAX; /* the first block and the last */
  return hashes;
}

/* A filter in which each bit is set in percent of 100 cases. */
static uint8_t *lay_blocks(struct rng *rng, const struct plan *plan, unsigned percent) {
  uint8_t *blocks = guard_take(&pool, plan->side, (size_t)plan->n_blocks * SIMD_BLOOM_BLOCK, 0, rng);
  memset(blocks, 0, (size_t)plan->n_blocks * SIMD_BLOOM_BLOCK);
  for (size_t bit = 0; percent > 0 && bit < (size_t)plan->n_blocks * 256; bit++)
    blocks[bit / 8] |= (uint8_t)(rng_percent(rng, percent) << bit % 8);
  return blocks;
}

static void sets_the_bits_of_the_specification_at_every_row_count(const char *isa, simd_bloom_insert_fn *kernel) {
  static uint8_t expected[MOST_BLOCKS * SIMD_BLOOM_BLOCK];
  for (size_t n = 0; n <= 200; n = rng_count_after(n)) {
    uint64_t seed = rng_case_seed(n);
    struct rng rng = {seed};
    struct plan plan = draw_plan(&rng, n, "bloom_insert", isa, seed);
    uint64_t *hashes = lay_hashes(&rng, &plan);
    uint8_t *blocks = lay_blocks(&rng, &plan, n % 2 * 30);
    memcpy(expected, blocks, (size_t)plan.n_blocks * SIMD_BLOOM_BLOCK);
    for (size_t i = 0; i < n; i++)
      loop_insert(expected, plan.n_blocks, hashes[i]);
    kernel(blocks, plan.n_blocks, hashes, n, plan.ahead);
    for (size_t at = 0; at < (size_t)plan.n_blocks * SIMD_BLOOM_BLOCK; at++)
      CASE_CHECK(blocks[at] == expected[at], at, "byte %x of the filter, not %x", blocks[at], expected[at]);
  }
}

static void check_find(simd_bloom_find_fn *kernel, const struct plan *plan, struct rng *rng, const uint8_t *blocks,
                       const uint64_t *hashes) {
  size_t words = (plan->n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  uint64_t *bits = guard_take(&pool, plan->side, words * sizeof *bits, 0, rng);
  kernel(blocks, plan->n_blocks, hashes, plan->n, plan->ahead, bits);
  for (size_t i = 0; i < words * SIMD_BLOCK; i++) {
    bool expected = i < plan->n && loop_finds(blocks, plan->n_blocks, hashes[i]);
    CASE_CHECK((bits[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1) == expected, i, "not %d", expected);
  }
}

/* Filters so full that the answers are mixed: 0.92^8 is about a half. */
static void finds_what_a_loop_finds_at_every_row_count(const char *isa, simd_bloom_find_fn *kernel) {
  for (size_t n = 0; n <= 200; n = rng_count_after(n)) {
    uint64_t seed = rng_case_seed(n);
    struct rng rng = {seed};
    struct plan plan = draw_plan(&rng, n, "bloom_find", isa, seed);
    uint64_t *hashes = lay_hashes(&rng, &plan);
    check_find(kernel, &plan, &rng, lay_blocks(&rng, &plan, 92), hashes);
  }
}

static void misses_a_hash_that_lacks_one_bit(const char *isa, simd_bloom_find_fn *kernel) {
  for (unsigned lacking = 0; lacking <= 8; lacking++) /* 8: none */
    for (size_t k = 0; k < 40; k++) {
      uint64_t seed = rng_case_seed(lacking * 40 + k);
      struct rng rng = {seed};
      struct plan plan = draw_plan(&rng, 1, "bloom_find", isa, seed);
      uint64_t *hashes = lay_hashes(&rng, &plan);
      uint8_t *blocks = lay_blocks(&rng, &plan, 0);
      loop_insert(blocks, plan.n_blocks, hashes[0]);
      if (lacking < 8) {
        size_t bit = loop_bit(hashes[0], plan.n_blocks, lacking);
        blocks[bit / 8] ^= (uint8_t)(1 << bit % 8);
      }
      ck_assert(loop_finds(blocks, plan.n_blocks, hashes[0]) == (lacking == 8));
      check_find(kernel, &plan, &rng, blocks, hashes);
    }
}

#define DEFINE(kind, name, fact)                                          \
  void check_##kind##_##fact(const char *isa, simd_##kind##_fn *kernel) { \
    fact(isa, kernel);                                                    \
    guard_close(&pool);                                                   \
  }
FACTS_bloom_insert(DEFINE, any) FACTS_bloom_find(DEFINE, any)
