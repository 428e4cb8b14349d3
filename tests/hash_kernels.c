/* SPDX-License-Identifier: MIT
 *
 * The check of a hash kernel's call: seeds of every kind in guarded memory, each row's hash, and what else a call promises.
 */
#include "hash_kernels.h"

#include <check.h>
#include <stdio.h>

/* How seeds are given. The seed 0 alone is a kind: xxHash has code of its own for it. */
enum seeds { SEED_0, ONE_SEED, SEED_PER_ROW, SEEDS_OVERWRITTEN, SEEDS_KINDS };
static const char *const seeds_names[] = {"seed 0", "one seed", "a seed per row", "a seed per row, overwritten"};

static bool is_128(const struct hash_kernel *k) {
  return k->word == sizeof(struct simd_hash128);
}

/* Hash i of an array; what it lacks of 128 bits is 0. */
static XXH128_hash_t get(const struct hash_kernel *k, const void *hashes, size_t i) {
  if (k->word == sizeof(uint32_t))
    return (XXH128_hash_t){((const uint32_t *)hashes)[i], 0};
  if (!is_128(k))
    return (XXH128_hash_t){((const uint64_t *)hashes)[i], 0};
  const struct simd_hash128 *wide = (const struct simd_hash128 *)hashes + i;
  return (XXH128_hash_t){wide->low, wide->high};
}

static size_t seed_bytes(const struct hash_kernel *k) {
  return k->word == sizeof(uint32_t) ? sizeof(uint32_t) : sizeof(uint64_t);
}

static uint64_t seed_at(const struct hash_kernel *k, const void *seeds, size_t i) {
  return k->word == sizeof(uint32_t) ? ((const uint32_t *)seeds)[i] : ((const uint64_t *)seeds)[i];
}

static void put_seed(const struct hash_kernel *k, void *seeds, size_t i, uint64_t seed) {
  if (k->word == sizeof(uint32_t))
    ((uint32_t *)seeds)[i] = (uint32_t)seed;
  else
    ((uint64_t *)seeds)[i] = seed;
}

static uint64_t draw_seed(struct rng *rng) {
  static const uint64_t corners[] = {0, 1, UINT32_MAX, UINT64_MAX, UINT64_C(1) << 63};
  return rng_percent(rng, 20) ? corners[rng_upto(rng, 4)] : rng_next(rng);
}

/* What row i must hash to. */
static XXH128_hash_t expected(const struct hash_kernel *k, const struct hash_rows *rows, size_t i, uint64_t seed) {
  if (rows->nulls[i])
    return (XXH128_hash_t){seed, 0};
  return is_128(k) ? k->reference128(rows->bytes[i], rows->lengths[i], seed)
                   : (XXH128_hash_t){k->reference(rows->bytes[i], rows->lengths[i], seed), 0};
}

static bool is_few(const struct hash_kernel *k) {
  return k->few64 || k->few32 || k->few128;
}

/* Runs a kernel of a few rows; returns the bytes that it says they have. */
static struct simd_done run_few(const struct hash_kernel *k, const struct simd_column *c, size_t n, uint64_t seed,
                                void *out) {
  const void *lead = simd_lead(c->layout, c->aux, c->buffers, c->width);
  return k->few64   ? k->few64(c->layout, c->data, lead, n, seed, out)
         : k->few32 ? k->few32(c->layout, c->data, lead, n, (uint32_t)seed, out)
                    : k->few128(c->layout, c->data, lead, n, seed, out);
}

/* Runs the kernel; *total_bytes is what it says, if it is one of columns or of a few rows. */
static size_t run(const struct hash_kernel *k, const struct hash_rows *r, const void *seeds, bool per_row, void *out,
                  uint64_t *total_bytes) {
  if (is_few(k)) {
    struct simd_done done = run_few(k, r->column, r->rows, seed_at(k, seeds, 0), out);
    *total_bytes = done.bytes;
    return done.vector_rows;
  }
  struct simd_rows batch = *r->batch; /* that of a kernel of columns, which may change it, begins as garbage */
  size_t vector_rows = k->hash64      ? k->hash64(&batch, seeds, per_row, out)
                       : k->hash32    ? k->hash32(&batch, seeds, per_row, out)
                       : k->hash128   ? k->hash128(&batch, seeds, per_row, out)
                       : k->column64  ? k->column64(r->column, r->first, r->rows, seeds, per_row, out, &batch)
                       : k->column32  ? k->column32(r->column, r->first, r->rows, seeds, per_row, out, &batch)
                       : k->column128 ? k->column128(r->column, r->first, r->rows, seeds, per_row, out, &batch)
                                      : SIZE_MAX;
  *total_bytes = batch.total_bytes;
  return vector_rows;
}

/* What lies beyond the open end of array[bytes], which guard_take filled without an rng, is as it left it. */
static bool open_end_is_whole(const uint8_t *array, size_t bytes, enum guard_side side) {
  const uint8_t *beyond = side == GUARD_LOW ? array + bytes : array - 64;
  for (size_t i = 0; i < 64; i++)
    if (beyond[i] != 0xA5)
      return false;
  return true;
}

/* Hashes the rows with seeds of one kind and checks every row. */
static void check_seeds(const struct hash_kernel *k, struct guard_pool *pool, struct rng *rng, const struct hash_rows *r,
                        enum seeds kind) {
  size_t kept = pool->taken;
  bool seed_per_row = kind == SEED_PER_ROW || kind == SEEDS_OVERWRITTEN;
  size_t seeds_n = seed_per_row ? r->rows : 1;
  XXH128_hash_t *truth = guard_take(pool, GUARD_HIGH, r->rows * sizeof *truth, 0, NULL);
  void *seeds = guard_take(pool, GUARD_HIGH, seeds_n * seed_bytes(k), 0, NULL);
  void *out = kind == SEEDS_OVERWRITTEN ? seeds : guard_take(pool, r->side, r->rows * k->word, 0, NULL);
  uint64_t total = 0, total_bytes;
  for (size_t i = 0; i < seeds_n; i++)
    put_seed(k, seeds, i, kind == SEED_0 ? 0 : draw_seed(rng));
  for (size_t i = 0; i < r->rows; i++) {
    truth[i] = expected(k, r, i, seed_at(k, seeds, seed_per_row ? i : 0));
    total += r->nulls[i] ? 0 : r->lengths[i];
  }
  size_t vector_rows = run(k, r, seeds, seed_per_row, out, &total_bytes);
  for (size_t i = 0; i < r->rows; i++) {
    XXH128_hash_t hash = get(k, out, i);
    CASE_CHECK(hash.low64 == truth[i].low64 && hash.high64 == truth[i].high64, i,
               "%s, %zu bytes%s: hash %llx %llx, reference %llx %llx", seeds_names[kind], r->lengths[i],
               r->nulls[i] ? " (null)" : "", (unsigned long long)hash.high64, (unsigned long long)hash.low64,
               (unsigned long long)truth[i].high64, (unsigned long long)truth[i].low64);
  }
  CASE_CHECK(open_end_is_whole(out, r->rows * k->word, kind == SEEDS_OVERWRITTEN ? GUARD_HIGH : r->side), r->rows,
             "%s: written beyond out", seeds_names[kind]);
  CASE_CHECK(total_bytes == total || !r->column, 0, "%s: total_bytes is %llu, not %llu", seeds_names[kind],
             (unsigned long long)total_bytes, (unsigned long long)total);
  CASE_CHECK(vector_rows <= r->rows, 0, "%zu rows in vector code of %zu", vector_rows, r->rows);
  if (strcmp(k->isa, "scalar") == 0)
    CASE_CHECK(vector_rows == 0, 0, "the scalar table claims %zu rows in vector code", vector_rows);
  guard_reset(pool, kept);
}

void hash_kernel_check(const struct hash_kernel *k, struct guard_pool *pool, struct rng *rng,
                       const struct hash_rows *rows) {
  int kinds = is_few(k) ? SEED_PER_ROW : is_128(k) ? SEEDS_OVERWRITTEN : SEEDS_KINDS;
  for (int kind = SEED_0; kind < kinds; kind++)
    check_seeds(k, pool, rng, rows, (enum seeds)kind);
}
