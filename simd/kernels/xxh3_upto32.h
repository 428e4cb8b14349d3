/* SPDX-License-Identifier: MIT
 *
 * XXH3-64 of rows of at most 32 bytes, V64_LANES rows at a time and without a branch on their lengths (which is what a loop
 * over XXH3_64bits spends its time on: some 20 cycles a row in mispredicted branches). Included by xxh3.h.
 *
 * xxHash's ways for 1-3, 4-8, 9-16 and 17-32 bytes, and that for none, differ in how they read the row, in constants and in
 * shifts. A row is one load and one shuffle by length, which leaves
 *   0 bytes   low 0
 *   1-3       low: last, (length, added below), first, middle byte
 *   4-8       low: last 4 bytes, first 4 bytes
 *   9-16      low: first 8 bytes; high: last 8 bytes
 *   17-32     low, high: first 16 bytes, and a second load: last 16
 * Then each step is computed for all ways that have it and blended: two 64-bit multiplies serve all ways, a 128-bit one the
 * ways above 8, a second one the last alone.
 */
#ifndef SIMD_KERNELS_XXH3_UPTO32_H
#define SIMD_KERNELS_XXH3_UPTO32_H

#include "simd/kernels/xxh3_secret.h"
#include "simd/vec.h"

/* Byte shuffles that put the bytes of an XXH3 row of at most 16 bytes where its hash wants them, by length: first the low
 * word, then the high one, as the list above says. 0x80 gives a zero byte. */
#define Z 0x80
/* clang-format off */
static const uint8_t short_shuffles[17][16] __attribute__((aligned(64))) = {
    { Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 0,  Z,  0,  0,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 1,  Z,  0,  1,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 2,  Z,  0,  1,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 0,  1,  2,  3,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 1,  2,  3,  4,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 2,  3,  4,  5,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 3,  4,  5,  6,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 4,  5,  6,  7,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 0,  1,  2,  3,  4,  5,  6,  7,   1,  2,  3,  4,  5,  6,  7,  8},
    { 0,  1,  2,  3,  4,  5,  6,  7,   2,  3,  4,  5,  6,  7,  8,  9},
    { 0,  1,  2,  3,  4,  5,  6,  7,   3,  4,  5,  6,  7,  8,  9, 10},
    { 0,  1,  2,  3,  4,  5,  6,  7,   4,  5,  6,  7,  8,  9, 10, 11},
    { 0,  1,  2,  3,  4,  5,  6,  7,   5,  6,  7,  8,  9, 10, 11, 12},
    { 0,  1,  2,  3,  4,  5,  6,  7,   6,  7,  8,  9, 10, 11, 12, 13},
    { 0,  1,  2,  3,  4,  5,  6,  7,   7,  8,  9, 10, 11, 12, 13, 14},
    { 0,  1,  2,  3,  4,  5,  6,  7,   8,  9, 10, 11, 12, 13, 14, 15}};
/* clang-format on */
#undef Z

/* The secret with the seed worked in, as it is xored into the words of a row, by way. */
struct xxh3_flips {
  v64 none, to3, to8, to16, to16_high;
  v64 to32[4]; /* first 16 bytes: low, high; last 16: low, high */
};

ALWAYS_INLINE struct xxh3_flips xxh3_flips(v64 seed) {
  /* 4 to 8 bytes: the seed's low half, its bytes swapped, is xored into its high half. */
  v64 swapped = v64_and(v64_swap_bytes(seed), v64_set1(0xffffffff00000000));
  const uint64_t *s = xxh3_secret;
  struct xxh3_flips flips = {.none = v64_xor(v64_set1(s[7] ^ s[8]), seed),
                             .to3 = v64_add(v64_set1((s[0] ^ s[0] >> 32) & 0xffffffff), seed),
                             .to8 = v64_sub(v64_set1(s[1] ^ s[2]), v64_xor(seed, swapped)),
                             .to16 = v64_add(v64_set1(s[3] ^ s[4]), seed),
                             .to16_high = v64_sub(v64_set1(s[5] ^ s[6]), seed),
                             .to32 = {v64_add(v64_set1(s[0]), seed), v64_sub(v64_set1(s[1]), seed),
                                      v64_add(v64_set1(s[2]), seed), v64_sub(v64_set1(s[3]), seed)}};
  return flips;
}

/* The hashes of V64_LANES rows of `length` <= (long_too ? 32 : 16) bytes, of each of which 16 may be read at ptrs[i].
 * shuffles[i]: the row's, of short_shuffles. tails[i]: the last 16 bytes of a row above 16, else anything readable.
 * long_too is a constant. */
ALWAYS_INLINE v64 xxh3_upto32(const uint8_t *const *ptrs, const uint8_t *const *shuffles, const uint8_t *const *tails,
                              v64 length, const struct xxh3_flips *flips, bool long_too) {
  v64 low, high, last_low, last_high;
  v64_load_shuffled(ptrs, shuffles, &low, &high);
  m64 some = v64_gt(length, v64_set1(0)), above3 = v64_gt(length, v64_set1(3)), above8 = v64_gt(length, v64_set1(8));
  m64 above16 = v64_gt(length, v64_set1(16));

  v64 flip = v64_select(above8, flips->to16, v64_select(above3, flips->to8, v64_select(some, flips->to3, flips->none)));
  v64 flip_high = flips->to16_high;
  if (long_too) {
    flip = v64_select(above16, flips->to32[0], flip);
    flip_high = v64_select(above16, flips->to32[1], flip_high);
  }
  v64 x = v64_xor(low, flip), y = v64_xor(high, flip_high);

  v64 x3 = v64_xor(x, v64_shl(length, 8));
  x3 = v64_xor(x3, v64_shr(x3, 33));
  v64 x8 = v64_xor(x, v64_xor(v64_rotl(x, 49), v64_rotl(x, 24)));
  v64 first = v64_mul(v64_select(above3, x8, x3), v64_select(above3, v64_set1(PRIME_MX2), v64_set1(PRIME64_2)));
  x3 = v64_xor(first, v64_shr(first, 29));
  x8 = v64_xor(first, v64_add(v64_shr(first, 35), length));

  v64 rest = v64_add(v64_add(length, v64_swap_bytes(x)), y);
  if (long_too) {
    v64_load_pairs(tails, &last_low, &last_high);
    v64 fold = v64_mul_fold(v64_xor(last_low, flips->to32[2]), v64_xor(last_high, flips->to32[3]));
    rest = v64_select(above16, v64_add(v64_mul(length, v64_set1(PRIME64_1)), fold), rest);
  }
  v64 x16 = v64_add(rest, v64_mul_fold(x, y));
  x16 = v64_xor(x16, v64_shr(x16, 37));

  v64 factor = v64_select(above3, v64_set1(PRIME_MX2), v64_set1(PRIME64_3));
  v64 second =
      v64_mul(v64_select(above8, x16, v64_select(above3, x8, x3)), v64_select(above8, v64_set1(PRIME_MX1), factor));

  v64 by32 = v64_shr(second, 32), by28 = v64_shr(second, 28);
  return v64_xor(second, v64_select(above8, by32, v64_select(above3, by28, by32)));
}

/* The end of the hash of rows above 16 bytes. */
ALWAYS_INLINE v64 xxh3_avalanche(v64 h) {
  h = v64_xor(h, v64_shr(h, 37));
  h = v64_mul(h, v64_set1(PRIME_MX1));
  return v64_xor(h, v64_shr(h, 32));
}

/* The hashes of V64_LANES rows of 17 to 32 bytes; tails: their last 16. */
ALWAYS_INLINE v64 xxh3_17to32(const uint8_t *const *ptrs, const uint8_t *const *tails, v64 length,
                              const struct xxh3_flips *flips) {
  v64 low, high, last_low, last_high;
  v64_load_pairs(ptrs, &low, &high);
  v64_load_pairs(tails, &last_low, &last_high);
  v64 sum = v64_add(v64_mul_fold(v64_xor(low, flips->to32[0]), v64_xor(high, flips->to32[1])),
                    v64_mul_fold(v64_xor(last_low, flips->to32[2]), v64_xor(last_high, flips->to32[3])));
  return xxh3_avalanche(v64_add(sum, v64_mul(length, v64_set1(PRIME64_1))));
}

#endif
