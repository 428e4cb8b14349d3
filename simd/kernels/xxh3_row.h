/* SPDX-License-Identifier: MIT
 *
 * XXH3 of one row by xxHash's own code, of 64 and 128 bits, without a seed and with one. Included by the kernels. Takes
 * functions from the inside of xxhash.h, by names that are the same in all of xxHash 0.8.
 *
 * Rows of 129 to 240 bytes have a function in xxHash that is never inlined. While it is called without a seed alone, the
 * compiler makes seed and secret constants in it; else both are loaded (5 % slower, with AVX-512 20 % for 128 bits). So
 * with a seed such rows go by functions of ours.
 */
#ifndef SIMD_KERNELS_XXH3_ROW_H
#define SIMD_KERNELS_XXH3_ROW_H

#include "simd/kernels.h"
#include "simd/kernels/xxh3_secret.h"

/* xxHash cuts the secret at these places for rows of 129 to 240 bytes. */
#define XXH3_REST_AT 3
#define XXH3_LAST_AT (136 - 17)

FLAT_COPY uint64_t xxh3_64_upto240_seeded(const uint8_t *p, size_t bytes, uint64_t seed) {
  uint64_t sum = bytes * PRIME64_1;
  for (size_t i = 0; i < 8; i++)
    sum += XXH3_mix16B(p + 16 * i, XXH3_kSecret + 16 * i, seed);
  sum = XXH3_avalanche(sum);
  for (size_t i = 8; i < bytes / 16; i++)
    sum += XXH3_mix16B(p + 16 * i, XXH3_kSecret + XXH3_REST_AT + 16 * (i - 8), seed);
  return XXH3_avalanche(sum + XXH3_mix16B(p + bytes - 16, XXH3_kSecret + XXH3_LAST_AT, seed));
}

FLAT_COPY struct simd_hash128 xxh3_128_upto240_seeded(const uint8_t *p, size_t bytes, uint64_t seed) {
  XXH128_hash_t sum = {.low64 = bytes * PRIME64_1, .high64 = 0};
  for (size_t i = 0; i < 4; i++)
    sum = XXH128_mix32B(sum, p + 32 * i, p + 32 * i + 16, XXH3_kSecret + 32 * i, seed);
  sum.low64 = XXH3_avalanche(sum.low64), sum.high64 = XXH3_avalanche(sum.high64);
  for (size_t i = 4; i < bytes / 32; i++)
    sum = XXH128_mix32B(sum, p + 32 * i, p + 32 * i + 16, XXH3_kSecret + XXH3_REST_AT + 32 * (i - 4), seed);
  sum = XXH128_mix32B(sum, p + bytes - 16, p + bytes - 32, XXH3_kSecret + XXH3_LAST_AT - 16, 0 - seed);
  uint64_t high = sum.low64 * PRIME64_1 + sum.high64 * PRIME64_4 + (bytes - seed) * PRIME64_2;
  return (struct simd_hash128){XXH3_avalanche(sum.low64 + sum.high64), 0 - XXH3_avalanche(high)};
}

ALWAYS_INLINE uint64_t xxh3_64_seedless(const uint8_t *p, size_t bytes) {
  return XXH3_64bits_internal(p, bytes, 0, XXH3_kSecret, sizeof XXH3_kSecret, XXH3_hashLong_64b_default);
}

ALWAYS_INLINE uint64_t xxh3_64_seeded(const uint8_t *p, size_t bytes, uint64_t seed) {
  if (bytes > 128 && bytes <= 240)
    return xxh3_64_upto240_seeded(p, bytes, seed);
  return XXH3_64bits_internal(p, bytes, seed, XXH3_kSecret, sizeof XXH3_kSecret, XXH3_hashLong_64b_withSeed);
}

ALWAYS_INLINE struct simd_hash128 xxh3_128_of(XXH128_hash_t hash) {
  return (struct simd_hash128){hash.low64, hash.high64};
}

ALWAYS_INLINE struct simd_hash128 xxh3_128_seedless(const uint8_t *p, size_t bytes) {
  return xxh3_128_of(XXH3_128bits_internal(p, bytes, 0, XXH3_kSecret, sizeof XXH3_kSecret, XXH3_hashLong_128b_default));
}

ALWAYS_INLINE struct simd_hash128 xxh3_128_seeded(const uint8_t *p, size_t bytes, uint64_t seed) {
  if (bytes > 128 && bytes <= 240)
    return xxh3_128_upto240_seeded(p, bytes, seed);
  return xxh3_128_of(XXH3_128bits_internal(p, bytes, seed, XXH3_kSecret, sizeof XXH3_kSecret, XXH3_hashLong_128b_withSeed));
}

/* Of rows above 240 bytes, with the secret that xxh3_long_secret made of the seed: it need not be made for each. */
FLAT_COPY uint64_t xxh3_64_long(const uint8_t *p, size_t bytes, const uint64_t *secret) {
  if (bytes <= 240)
    __builtin_unreachable();
  return XXH3_64bits_withSecret(p, bytes, secret, XXH3_LONG_SECRET);
}

FLAT_COPY struct simd_hash128 xxh3_128_long(const uint8_t *p, size_t bytes, const uint64_t *secret) {
  if (bytes <= 240)
    __builtin_unreachable();
  return xxh3_128_of(XXH3_128bits_withSecret(p, bytes, secret, XXH3_LONG_SECRET));
}

#endif
