/* SPDX-License-Identifier: MIT
 *
 * XXH3-64 of rows of at most 16 bytes, V64_LANES rows at a time and without a branch on their lengths (which is what a loop
 * over XXH3_64bits spends its time on: some 20 cycles a row in mispredicted branches). Included by xxh3.h.
 *
 * xxHash's three ways for 1-3, 4-8 and 9-16 bytes, and that for none, differ in how they read the row, in constants and in
 * shifts. A row is one load and one shuffle by length, which leaves
 *   0 bytes   low 0
 *   1-3       low: last, (length, added below), first, middle byte
 *   4-8       low: last 4 bytes, first 4 bytes
 *   9-16      low: first 8 bytes; high: last 8 bytes
 * Then each step is computed for all ways that have it and blended: two 64-bit multiplies serve all four ways, the 128-bit
 * one the last way alone.
 */
#ifndef SIMD_KERNELS_XXH3_SHORT_H
#define SIMD_KERNELS_XXH3_SHORT_H

#include "simd/vec.h"

/* xxHash's multipliers (xxhash.h), and the words of the default secret that the short ways use, xored as they use them. */
#define PRIME64_2 0xc2b2ae3d27d4eb4f
#define PRIME64_3 0x165667b19e3779f9
#define PRIME_MX1 0x165667919e3779f9
#define PRIME_MX2 0x9fb21c651e98df25
#define SECRET_0 0x8726f9105dc21ddc    /* secret[56..64) ^ secret[64..72): no bytes */
#define SECRET_1 0x0000000087275a9b    /* secret[0..4) ^ secret[4..8): 1 to 3 */
#define SECRET_4 0xc73ab174c5ecd5a2    /* secret[8..16) ^ secret[16..24): 4 to 8 */
#define SECRET_9 0x6782737bea4239b9    /* secret[24..32) ^ secret[32..40): 9 to 16, low */
#define SECRET_9_HI 0xaf56bc3b0996523a /* secret[40..48) ^ secret[48..56): 9 to 16, high */

/* What is xored into the low and high words, by way: the secret with the seed worked in. */
struct short_flips {
  v64 none, to3, to8, to16, to16_high;
};

static inline struct short_flips short_flips(v64 seed) {
  /* 4 to 8 bytes: the seed's low half, its bytes swapped, is xored into its high half. */
  v64 swapped = v64_and(v64_swap_bytes(seed), v64_set1(0xffffffff00000000));
  struct short_flips flips = {.none = v64_xor(v64_set1(SECRET_0), seed),
                              .to3 = v64_add(v64_set1(SECRET_1), seed),
                              .to8 = v64_sub(v64_set1(SECRET_4), v64_xor(seed, swapped)),
                              .to16 = v64_add(v64_set1(SECRET_9), seed),
                              .to16_high = v64_sub(v64_set1(SECRET_9_HI), seed)};
  return flips;
}

/* The hashes of V64_LANES rows: bytes[i] <= 16, and 16 bytes readable at every ptrs[i]. */
static inline v64 xxh3_short(const uint8_t *const *ptrs, const uint64_t *bytes, struct short_flips flips) {
  v64 low, high;
  v64_load_short(ptrs, bytes, &low, &high);
  v64 length = v64_load(bytes);
  m64 some = v64_gt(length, v64_set1(0)), above3 = v64_gt(length, v64_set1(3)), above8 = v64_gt(length, v64_set1(8));

  v64 flip = v64_select(above8, flips.to16, v64_select(above3, flips.to8, v64_select(some, flips.to3, flips.none)));
  v64 x = v64_xor(low, flip), y = v64_xor(high, flips.to16_high);

  v64 x3 = v64_xor(x, v64_shl(length, 8));
  x3 = v64_xor(x3, v64_shr(x3, 33));
  v64 x8 = v64_xor(x, v64_xor(v64_rotl(x, 49), v64_rotl(x, 24)));
  v64 first = v64_mul(v64_select(above3, x8, x3), v64_select(above3, v64_set1(PRIME_MX2), v64_set1(PRIME64_2)));

  x3 = v64_xor(first, v64_shr(first, 29));
  x8 = v64_xor(first, v64_add(v64_shr(first, 35), length));
  v64 x16 = v64_add(v64_add(length, v64_swap_bytes(x)), v64_add(y, v64_mul_fold(x, y)));
  x16 = v64_xor(x16, v64_shr(x16, 37));
  v64 factor = v64_select(above3, v64_set1(PRIME_MX2), v64_set1(PRIME64_3));
  v64 second =
      v64_mul(v64_select(above8, x16, v64_select(above3, x8, x3)), v64_select(above8, v64_set1(PRIME_MX1), factor));

  v64 by32 = v64_shr(second, 32), by28 = v64_shr(second, 28);
  return v64_xor(second, v64_select(above8, by32, v64_select(above3, by28, by32)));
}

#endif
