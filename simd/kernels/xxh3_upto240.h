/* SPDX-License-Identifier: MIT
 *
 * XXH3-64 of rows of 33 to 240 bytes. Such a hash is a sum over 16-byte blocks of the row, each xored with its place in the
 * secret and its two halves multiplied to 128 bits and folded. Blocks of one row fill the lanes, loaded as they lie in
 * memory; then sums of V64_LANES rows are put together, and their avalanches share vectors. Included by xxh3.h.
 *
 * Blocks come from the row's front (f0 at byte 0, f1 at 16, ...) and from its back (b0: the last 16 bytes, b1 those
 * before):
 *   33-64     f0 f1 b1 b0
 *   65-128    f0 f1 f2 f3 b3 b2 b1 b0; up to 96 bytes without f3 and b3
 *   129-240   f0 .. f7, summed and avalanched; then those of f8 .. f14 that are whole, and b0
 */
#ifndef SIMD_KERNELS_XXH3_UPTO240_H
#define SIMD_KERNELS_XXH3_UPTO240_H

#include "simd/kernels/xxh3_upto32.h"

/* The secret as blocks are xored with it, the seed worked in: added to first halves, taken from second ones. Vectors hold
 * two blocks or four; a vector at a time in the orders above, `rest` being f8 to f14, b0. */
#define VECTORS(blocks) ((blocks)*2 / V64_LANES)
struct xxh3_secrets {
  v64 to64[VECTORS(4)], to128[VECTORS(8)], to240[VECTORS(8)], rest[VECTORS(8)];
};

/* Lanes of seed and -seed in turn. */
ALWAYS_INLINE v64 alternate(uint64_t seed) {
  uint64_t lanes[V64_LANES];
  for (size_t i = 0; i < V64_LANES; i += 2) {
    lanes[i] = seed;
    lanes[i + 1] = 0 - seed;
  }
  return v64_load(lanes);
}

/* Vectors of the default secret's 16 bytes at each of these places, with the seed. */
ALWAYS_INLINE void xxh3_secret_at(const uint8_t *places, size_t blocks, uint64_t seed, v64 *out) {
  uint64_t words[16];
  for (size_t i = 0; i < blocks; i++)
    memcpy(&words[2 * i], (const uint8_t *)xxh3_secret + places[i], 16);
  for (size_t i = 0; i < VECTORS(blocks); i++)
    out[i] = v64_add(v64_load(words + i * V64_LANES), alternate(seed));
}

ALWAYS_INLINE struct xxh3_secrets xxh3_secrets(uint64_t seed) {
  static const uint8_t to64[] = {0, 32, 48, 16}, to128[] = {0, 32, 64, 96, 112, 80, 48, 16};
  static const uint8_t to240[] = {0, 16, 32, 48, 64, 80, 96, 112}, rest[] = {3, 19, 35, 51, 67, 83, 99, 119};
  struct xxh3_secrets s;
  xxh3_secret_at(to64, 4, seed, s.to64);
  xxh3_secret_at(to128, 8, seed, s.to128);
  xxh3_secret_at(to240, 8, seed, s.to240);
  xxh3_secret_at(rest, 8, seed, s.rest);
  return s;
}

/* A vector of a row's blocks, xored with its secret; seeds: of each row, when they differ, else NULL (a constant). */
ALWAYS_INLINE v64 blocks_at(const uint8_t *p, v64 secret, const uint64_t *seeds, size_t row) {
  v64 s = seeds ? v64_add(secret, alternate(seeds[row])) : secret;
  return v64_xor(v64_load((const uint64_t *)p), s);
}

/* The products of two vectors of blocks, folded. */
ALWAYS_INLINE v64 fold_blocks(v64 a, v64 b) {
  return v64_mul_fold(v64_unpack_low(a, b), v64_unpack_high(a, b));
}

#if V64_LANES == 8

/* Lane r: the sum of the lanes of f[r / 2] that are even (r even) or odd. */
ALWAYS_INLINE v64 sums_of_halves(const v64 *f) {
  v64 a = v64_add(_mm512_shuffle_i64x2(f[0], f[1], 0x88), _mm512_shuffle_i64x2(f[0], f[1], 0xdd));
  v64 b = v64_add(_mm512_shuffle_i64x2(f[2], f[3], 0x88), _mm512_shuffle_i64x2(f[2], f[3], 0xdd));
  return v64_add(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xdd));
}

/* Lane r: the sum of the lanes of f[r]. */
ALWAYS_INLINE v64 sums_of_lanes(const v64 *f) {
  v64 halves[4];
  for (size_t i = 0; i < 4; i++)
    halves[i] = v64_add(v64_unpack_low(f[2 * i], f[2 * i + 1]), v64_unpack_high(f[2 * i], f[2 * i + 1]));
  return sums_of_halves(halves);
}

ALWAYS_INLINE v64 blocks_to64(const uint8_t *p, size_t n, const struct xxh3_secrets *s, const uint64_t *seeds, size_t row) {
  v64 v = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256((const void *)p)),
                             _mm256_loadu_si256((const void *)(p + n - 32)), 1);
  return v64_xor(v, seeds ? v64_add(s->to64[0], alternate(seeds[row])) : s->to64[0]);
}

/* The sums of V64_LANES rows' blocks: of 33 to 64 bytes. */
ALWAYS_INLINE v64 sums_to64(const uint8_t *const *p, const size_t *n, const struct xxh3_secrets *s, const uint64_t *seeds) {
  v64 f[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++)
    f[i] = fold_blocks(blocks_to64(p[2 * i], n[2 * i], s, seeds, 2 * i),
                       blocks_to64(p[2 * i + 1], n[2 * i + 1], s, seeds, 2 * i + 1));
  return sums_of_halves(f);
}

/* Of 65 to 128 bytes. */
ALWAYS_INLINE v64 sums_to128(const uint8_t *const *p, const size_t *n, const struct xxh3_secrets *s,
                             const uint64_t *seeds) {
  v64 f[8];
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; i++) {
    v64 front = blocks_at(p[i], s->to128[0], seeds, i), back = blocks_at(p[i] + n[i] - 64, s->to128[1], seeds, i);
    m64 counted = (m64)(n[i] > 96 ? 0xff : 0xbd); /* without f3 and b3 */
    f[i] = v64_mul_fold(v64_keep(counted, v64_unpack_low(front, back)), v64_unpack_high(front, back));
  }
  return sums_of_lanes(f);
}

/* Of the first 128 bytes of rows of 129 to 240. */
ALWAYS_INLINE v64 sums_to240(const uint8_t *const *p, const struct xxh3_secrets *s, const uint64_t *seeds) {
  v64 f[8];
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; i++)
    f[i] = fold_blocks(blocks_at(p[i], s->to240[0], seeds, i), blocks_at(p[i] + 64, s->to240[1], seeds, i));
  return sums_of_lanes(f);
}

/* Of the rest of such rows: nothing past a row is read. */
ALWAYS_INLINE v64 sums_rest(const uint8_t *const *p, const size_t *n, const struct xxh3_secrets *s, const uint64_t *seeds) {
  static const uint8_t counted[] = {0x80, 0x81, 0x85, 0x95, 0xd5, 0xd7, 0xdf, 0xff}; /* by the number of whole blocks */
  v64 f[8];
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; i++) {
    unsigned blocks = (unsigned)(n[i] / 16 - 8), words = (1u << 2 * blocks) - 1;
    v64 a = _mm512_maskz_loadu_epi64((m64)words, p[i] + 128), b = _mm512_maskz_loadu_epi64((m64)(words >> 8), p[i] + 192);
    b = _mm512_inserti64x2(b, _mm_loadu_si128((const void *)(p[i] + n[i] - 16)), 3);
    v64 seed = seeds ? alternate(seeds[i]) : v64_set1(0);
    a = v64_xor(a, seeds ? v64_add(s->rest[0], seed) : s->rest[0]);
    b = v64_xor(b, seeds ? v64_add(s->rest[1], seed) : s->rest[1]);
    f[i] = v64_mul_fold(v64_keep((m64)counted[blocks], v64_unpack_low(a, b)), v64_unpack_high(a, b));
  }
  return sums_of_lanes(f);
}

#else

/* Lane r: the sum of the lanes of f[r]. */
ALWAYS_INLINE v64 sums_of_lanes(const v64 *f) {
  v64 a = v64_add(v64_unpack_low(f[0], f[1]), v64_unpack_high(f[0], f[1]));
  v64 b = v64_add(v64_unpack_low(f[2], f[3]), v64_unpack_high(f[2], f[3]));
  return v64_add(simde_mm256_permute2x128_si256(a, b, 0x20), simde_mm256_permute2x128_si256(a, b, 0x31));
}

/* The sums of V64_LANES rows' blocks: of 33 to 64 bytes. */
ALWAYS_INLINE v64 sums_to64(const uint8_t *const *p, const size_t *n, const struct xxh3_secrets *s, const uint64_t *seeds) {
  v64 f[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++)
    f[i] = fold_blocks(blocks_at(p[i], s->to64[0], seeds, i), blocks_at(p[i] + n[i] - 32, s->to64[1], seeds, i));
  return sums_of_lanes(f);
}

/* Of 65 to 128 bytes. */
ALWAYS_INLINE v64 sums_to128(const uint8_t *const *p, const size_t *n, const struct xxh3_secrets *s,
                             const uint64_t *seeds) {
  v64 f[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++) {
    const uint8_t *end = p[i] + n[i];
    v64 f01 = blocks_at(p[i], s->to128[0], seeds, i), f23 = blocks_at(p[i] + 32, s->to128[1], seeds, i);
    v64 b32 = blocks_at(end - 64, s->to128[2], seeds, i), b10 = blocks_at(end - 32, s->to128[3], seeds, i);
    /* Lanes f2 b3 f3 b2: up to 96 bytes without b3 and f3. */
    v64 all = v64_set1(n[i] > 96 ? UINT64_MAX : 0), some = simde_mm256_blend_epi32(v64_set1(UINT64_MAX), all, 0x3c);
    v64 inner = v64_mul_fold(v64_and(v64_unpack_low(f23, b32), some), v64_unpack_high(f23, b32));
    f[i] = v64_add(inner, fold_blocks(f01, b10));
  }
  return sums_of_lanes(f);
}

/* Of the first 128 bytes of rows of 129 to 240. */
ALWAYS_INLINE v64 sums_to240(const uint8_t *const *p, const struct xxh3_secrets *s, const uint64_t *seeds) {
  v64 f[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++)
    f[i] = v64_add(fold_blocks(blocks_at(p[i], s->to240[0], seeds, i), blocks_at(p[i] + 32, s->to240[1], seeds, i)),
                   fold_blocks(blocks_at(p[i] + 64, s->to240[2], seeds, i), blocks_at(p[i] + 96, s->to240[3], seeds, i)));
  return sums_of_lanes(f);
}

/* Two of the four vectors of a row's rest, number `from` and the next; the first `words` of its words are there. */
ALWAYS_INLINE v64 fold_rest(const uint8_t *p, size_t n, size_t words, size_t from, const v64 *secrets,
                            const uint64_t *seeds, size_t row) {
  static const uint64_t ones_zeros[32] = {[0 ... 15] = UINT64_MAX};
  const uint64_t *mask = ones_zeros + 16 - words + from * 4;
  v64 here[2] = {v64_load(mask), v64_load(mask + 4)}, seed = seeds ? alternate(seeds[row]) : v64_set1(0), v[2];
  for (size_t i = 0; i < 2; i++)
    v[i] = simde_mm256_maskload_epi64((const int64_t *)(const void *)(p + 128 + 32 * (from + i)), here[i]);
  if (from == 2) { /* the last 16 bytes are the last block's */
    v64 last = simde_mm256_broadcastsi128_si256(simde_mm_loadu_si128((const void *)(p + n - 16)));
    v[1] = simde_mm256_blend_epi32(v[1], last, 0xf0);
    here[1] = simde_mm256_blend_epi32(here[1], v64_set1(UINT64_MAX), 0xf0);
  }
  for (size_t i = 0; i < 2; i++)
    v[i] = v64_xor(v[i], seeds ? v64_add(secrets[from + i], seed) : secrets[from + i]);
  v64 counted = v64_unpack_low(here[0], here[1]);
  return v64_mul_fold(v64_and(v64_unpack_low(v[0], v[1]), counted), v64_unpack_high(v[0], v[1]));
}

/* Of the rest of such rows: nothing past a row is read. */
ALWAYS_INLINE v64 sums_rest(const uint8_t *const *p, const size_t *n, const struct xxh3_secrets *s, const uint64_t *seeds) {
  v64 f[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++) {
    size_t words = n[i] / 16 * 2 - 16;
    f[i] = v64_add(fold_rest(p[i], n[i], words, 0, s->rest, seeds, i), fold_rest(p[i], n[i], words, 2, s->rest, seeds, i));
  }
  return sums_of_lanes(f);
}

#endif

/* The hashes of V64_LANES rows of a class: 33 to `most` = 64, 65 to 128 or 129 to 240 bytes; most is a constant. length: n
 * as a vector. */
ALWAYS_INLINE v64 xxh3_upto240(size_t most, const uint8_t *const *p, const size_t *n, v64 length,
                               const struct xxh3_secrets *s, const uint64_t *seeds) {
  v64 start = v64_mul(length, v64_set1(PRIME64_1));
  if (most == 64)
    return xxh3_avalanche(v64_add(start, sums_to64(p, n, s, seeds)));
  if (most == 128)
    return xxh3_avalanche(v64_add(start, sums_to128(p, n, s, seeds)));
  v64 first = xxh3_avalanche(v64_add(start, sums_to240(p, s, seeds)));
  return xxh3_avalanche(v64_add(first, sums_rest(p, n, s, seeds)));
}

#endif
