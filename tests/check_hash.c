/* SPDX-License-Identifier: MIT
 *
 * The checks of hash kernels, of 64, 32 and 128 bits: batches resolved by hand, each row in a guarded area of its own, so
 * that exactly what the contract grants (SIMD_EDGE bytes, or the row) can be read; results beside libxxhash's.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>

#include "length_edges.h"

/* A hash kernel of any width behind one shape; word is sizeof a hash. */
struct kernel {
  const char *isa, *what;
  size_t word;
  simd_hash64_fn *hash64;
  simd_hash32_fn *hash32;
  simd_hash128_fn *hash128;
  reference_hash *reference;
  reference_hash128 *reference128;
};

static struct guard_pool pool;

/* Hash i of an array; what it lacks of 128 bits is 0. */
static XXH128_hash_t get(const struct kernel *k, const void *hashes, size_t i) {
  XXH128_hash_t hash = {0, 0};
  memcpy(&hash, (const uint8_t *)hashes + i * k->word, k->word);
  return hash;
}

static size_t seed_bytes(const struct kernel *k) {
  return k->hash32 ? sizeof(uint32_t) : sizeof(uint64_t);
}

static uint64_t seed_at(const struct kernel *k, const void *seeds, size_t i) {
  uint64_t seed = 0;
  memcpy(&seed, (const uint8_t *)seeds + i * seed_bytes(k), seed_bytes(k));
  return seed;
}

static void put_seed(const struct kernel *k, void *seeds, size_t i, uint64_t seed) {
  memcpy((uint8_t *)seeds + i * seed_bytes(k), &seed, seed_bytes(k));
}

static XXH128_hash_t reference_of(const struct kernel *k, const void *bytes, size_t n, uint64_t seed) {
  return k->hash128 ? k->reference128(bytes, n, seed) : (XXH128_hash_t){k->reference(bytes, n, seed), 0};
}

static size_t run(const struct kernel *k, const struct simd_rows *batch, const void *seeds, bool seed_per_row, void *out) {
  if (k->hash32)
    return k->hash32(batch, seeds, seed_per_row, out);
  return k->hash64 ? k->hash64(batch, seeds, seed_per_row, out) : k->hash128(batch, seeds, seed_per_row, out);
}

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

/* How seeds are given. The seed 0 alone is a kind: xxHash has code of its own for it. */
enum seeds { SEED_0, ONE_SEED, SEED_PER_ROW, SEEDS_OVERWRITTEN, SEEDS_KINDS };
static const char *const seeds_names[] = {"seed 0", "one seed", "a seed per row", "a seed per row, overwritten"};

static uint64_t draw_seed(struct rng *rng) {
  static const uint64_t corners[] = {0, 1, UINT32_MAX, UINT64_MAX, UINT64_C(1) << 63};
  return rng_percent(rng, 20) ? corners[rng_upto(rng, 4)] : rng_next(rng);
}

/* What lies beyond the open end of array[bytes], which guard_take filled without an rng, is as it left it. */
static bool open_end_is_whole(const uint8_t *array, size_t bytes, enum guard_side side) {
  const uint8_t *beyond = side == GUARD_LOW ? array + bytes : array - 64;
  for (size_t i = 0; i < 64; i++)
    if (beyond[i] != 0xA5)
      return false;
  return true;
}

/* Hashes a batch with seeds of one kind and checks every row. */
static void check_seeds(const struct kernel *k, struct rng *rng, const struct plan *plan, const struct simd_rows *batch,
                        enum seeds kind) {
  size_t kept = pool.taken;
  bool seed_per_row = kind == SEED_PER_ROW || kind == SEEDS_OVERWRITTEN;
  size_t seeds_n = seed_per_row ? plan->rows : 1;
  XXH128_hash_t *truth = guard_take(&pool, GUARD_HIGH, plan->rows * sizeof *truth, 0, NULL);
  void *seeds = guard_take(&pool, GUARD_HIGH, seeds_n * seed_bytes(k), 0, NULL);
  void *out = kind == SEEDS_OVERWRITTEN ? seeds : guard_take(&pool, plan->side, plan->rows * k->word, 0, NULL);
  for (size_t i = 0; i < seeds_n; i++)
    put_seed(k, seeds, i, kind == SEED_0 ? 0 : draw_seed(rng));
  for (size_t i = 0; i < plan->rows; i++) {
    uint64_t row_seed = seed_at(k, seeds, seed_per_row ? i : 0);
    truth[i] = plan->nulls[i] ? (XXH128_hash_t){row_seed, 0} : reference_of(k, batch->ptrs[i], plan->lengths[i], row_seed);
  }
  size_t vector_rows = run(k, batch, seeds, seed_per_row, out);
  for (size_t i = 0; i < plan->rows; i++) {
    XXH128_hash_t hash = get(k, out, i);
    CASE_CHECK(hash.low64 == truth[i].low64 && hash.high64 == truth[i].high64, i,
               "%s, %zu bytes%s: hash %llx %llx, reference %llx %llx", seeds_names[kind], (size_t)batch->bytes[i],
               plan->nulls[i] ? " (null)" : "", (unsigned long long)hash.high64, (unsigned long long)hash.low64,
               (unsigned long long)truth[i].high64, (unsigned long long)truth[i].low64);
  }
  CASE_CHECK(open_end_is_whole(out, plan->rows * k->word, kind == SEEDS_OVERWRITTEN ? GUARD_HIGH : plan->side), plan->rows,
             "%s: written beyond out", seeds_names[kind]);
  CASE_CHECK(vector_rows <= plan->rows, 0, "%zu rows in vector code of %zu", vector_rows, plan->rows);
  if (strcmp(k->isa, "scalar") == 0)
    CASE_CHECK(vector_rows == 0, 0, "the scalar table claims %zu rows in vector code", vector_rows);
  guard_reset(&pool, kept);
}

/* One case with seeds of every kind that the kernel takes. */
static void check_plan(const struct kernel *k, uint64_t seed, struct rng *rng, const struct plan *plan) {
  guard_reset(&pool, 0);
  guard_case = (struct guard_case){.what = k->what, .isa = k->isa, .rows = plan->rows, .seed = seed};
  struct simd_rows batch = resolve_by_hand(rng, plan);
  for (int kind = SEED_0; kind < (k->hash128 ? SEEDS_OVERWRITTEN : SEEDS_KINDS); kind++)
    check_seeds(k, rng, plan, &batch, (enum seeds)kind);
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
static void check_length(const struct kernel *k, size_t i, size_t rows, size_t length) {
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
static void equals_the_reference_at_every_length(const struct kernel *k) {
  for (size_t length = 0; length <= 1025; length++)
    check_length(k, length, length <= 300 ? 67 : length <= 520 ? 35 : 19, length);
}

static void equals_the_reference_on_rows_to_64_kib(const struct kernel *k) {
  struct rng rng = {rng_case_seed(0)};
  for (size_t length = 4096 - 33; length <= 4096 + 33; length++)
    check_length(k, length, 3, length);
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
  for (size_t rows = 0; rows <= 70; rows++)
    check_drawn(k, rows + 1000, rows);
  for (size_t rows = 0; rows <= 130; rows++)
    check_drawn(k, rows, rows);
  for (size_t rows = 1023; rows <= 1025; rows++)
    check_drawn(k, rows, rows);
}

static void equals_the_reference_on_random_batches(const struct kernel *k) {
  for (size_t i = 0; i < 700; i++) {
    struct rng rng = {rng_case_seed(i)};
    check_drawn(k, i, rng_upto(&rng, 200));
  }
}

/* One row of another class in every place of a block and of the next one's beginning; classes by eight pairs a place. */
static void equals_the_reference_with_an_outlier_in_every_place(const struct kernel *k) {
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

/* check_<kind>_<fact>, from the facts above. */
#define DEFINE_HASH(kind, name, fact)                                                                                    \
  void check_##kind##_##fact(const char *isa, const char *what, simd_##kind##_fn *kernel, REFERENCE_##kind *reference) { \
    struct kernel k = {.isa = isa, .what = what, .word = WORD_##kind, .kind = kernel};                                   \
    k.FIELD_##kind = reference;                                                                                          \
    fact(&k);                                                                                                            \
    guard_close(&pool);                                                                                                  \
  }
#define WORD_hash64 sizeof(uint64_t)
#define WORD_hash32 sizeof(uint32_t)
#define WORD_hash128 sizeof(struct simd_hash128)
#define FIELD_hash64 reference
#define FIELD_hash32 reference
#define FIELD_hash128 reference128
FACTS_hash64(DEFINE_HASH, any) FACTS_hash32(DEFINE_HASH, any) FACTS_hash128(DEFINE_HASH, any)

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
