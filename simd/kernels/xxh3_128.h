/* SPDX-License-Identifier: MIT
 *
 * The kernels xxh3_128 and combine128: XXH3 of 128 bits by xxHash's own functions, row by row, in every table. Included by
 * isa_table.c.
 */
#ifndef SIMD_KERNELS_XXH3_128_H
#define SIMD_KERNELS_XXH3_128_H

#include "simd/kernels/loop.h"

/* Rows above so many bytes mix their bytes with a secret; a seed other than 0 makes one of its own. */
#define SECRET_ABOVE 240

/* A seed and its secret, which xxHash derives anew for each such row: here once a batch, when the first one is met. */
struct seeded128 {
  uint64_t seed;
  bool derived;
  uint8_t secret[XXH3_SECRET_DEFAULT_SIZE] __attribute__((aligned(64)));
};

/* xxHash 0.8.0 has no function that takes a secret and the seed that it comes from. */
__attribute__((noinline)) static XXH128_hash_t xxh3_128_long(const uint8_t *p, size_t bytes, struct seeded128 *seeded) {
#if XXH_VERSION_NUMBER >= 801
  if (!seeded->derived)
    XXH3_generateSecret_fromSeed(seeded->secret, seeded->seed);
  seeded->derived = true;
  return XXH3_128bits_withSecretandSeed(p, bytes, seeded->secret, sizeof seeded->secret, seeded->seed);
#else
  return XXH3_128bits_withSeed(p, bytes, seeded->seed);
#endif
}

static inline struct simd_hash128 xxh3_128_row(const uint8_t *p, size_t bytes, struct seeded128 *seeded) {
  XXH128_hash_t hash =
      bytes <= SECRET_ABOVE ? XXH3_128bits_withSeed(p, bytes, seeded->seed) : xxh3_128_long(p, bytes, seeded);
  return (struct simd_hash128){hash.low64, hash.high64};
}

/* Without a seed the secret is constant: words of it become immediates. */
static inline struct simd_hash128 xxh3_128_seedless_row(const uint8_t *p, size_t bytes) {
  XXH128_hash_t hash = XXH3_128bits(p, bytes);
  return (struct simd_hash128){hash.low64, hash.high64};
}

static size_t xxh3_128(const struct simd_rows *batch, uint64_t seed, struct simd_hash128 *out) {
  struct seeded128 seeded;
  seeded.seed = seed;
  seeded.derived = false;
  prefetch_start(batch);
  if (!batch->has_nulls && seed == 0) {
    for (size_t i = 0; i < batch->rows; i++) {
      prefetch_ahead(batch, i, 1);
      out[i] = xxh3_128_seedless_row(batch->ptrs[i], batch->bytes[i]);
    }
    return 0;
  }
  for (size_t i = 0; i < batch->rows; i++) {
    prefetch_ahead(batch, i, 1);
    bool valid = batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
    out[i] = valid ? xxh3_128_row(batch->ptrs[i], batch->bytes[i], &seeded) : (struct simd_hash128){seed, 0};
  }
  return 0;
}

static void combine128(const struct simd_hash128 *next, size_t n, uint64_t seed, struct simd_hash128 *acc) {
  for (size_t i = 0; i < n; i++) {
    const uint64_t words[4] = {acc[i].low, acc[i].high, next[i].low, next[i].high};
    XXH128_hash_t hash = XXH3_128bits_withSeed(words, sizeof words, seed);
    acc[i] = (struct simd_hash128){hash.low64, hash.high64};
  }
}

#endif
