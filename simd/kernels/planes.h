/* SPDX-License-Identifier: MIT
 *
 * split and unsplit: the bytes of words taken apart into planes and put together. Included by isa_codecs.c. Sixteen words
 * (128 bits of each of their planes) go through each quarter of 128 bits of the vectors; the last vectors of a call overlap
 * those before them.
 */
#ifndef SIMD_KERNELS_PLANES_H
#define SIMD_KERNELS_PLANES_H

#include "simd/kernels/orders.h"

#define PLANE_ROWS (8 * V64_LANES) /* of a step: a whole vector of each plane */

#if V64_LANES == 4
#define QUARTERWISE(name) simde_mm256_##name
#else
#define QUARTERWISE(name) simde_mm_##name
#endif

/* 16 bytes from `from` on in the lowest quarter, and in each next one 16 bytes that lie `apart` bytes on; and back. */
ALWAYS_INLINE v64 load_quarters(const uint8_t *from, size_t apart) {
#if V64_LANES == 4
  return simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(simde_mm_loadu_si128((const void *)from)),
                                      simde_mm_loadu_si128((const void *)(from + apart)), 1);
#else
  (void)apart;
  return load_wide(from);
#endif
}

ALWAYS_INLINE void store_quarters(uint8_t *to, size_t apart, v64 words) {
#if V64_LANES == 4
  simde_mm_storeu_si128((void *)to, simde_mm256_castsi256_si128(words));
  simde_mm_storeu_si128((void *)(to + apart), simde_mm256_extracti128_si256(words, 1));
#else
  (void)apart;
  store_wide(to, words);
#endif
}

/* Row q of a quarter's words of 32 bits: words 4q to 4q + 3. Stores their bytes from row `at` of four planes on; and the
 * reverse. */
ALWAYS_INLINE void store_planes(const v64 rows[4], uint8_t *const *planes, size_t at) {
  const simde__m128i order = simde_mm_set_epi32(0x0f0b0703, 0x0e0a0602, 0x0d090501, 0x0c080400);
  v64 by_plane[4], turned[4];
  for (unsigned q = 0; q < 4; q++) {
#if V64_LANES == 4
    by_plane[q] = simde_mm256_shuffle_epi8(rows[q], simde_mm256_broadcastsi128_si256(order));
#else
    by_plane[q] = simde_mm_shuffle_epi8(rows[q], order);
#endif
  }
  v32_turn(by_plane, turned);
  for (unsigned k = 0; k < 4; k++)
    store_wide(planes[k] + at, turned[k]);
}

ALWAYS_INLINE void load_planes(const uint8_t *const *planes, size_t at, v64 rows[4]) {
  v64 plane[4];
  for (unsigned k = 0; k < 4; k++)
    plane[k] = load_wide(planes[k] + at);
  v64 low = QUARTERWISE(unpacklo_epi8)(plane[0], plane[1]), upper_low = QUARTERWISE(unpacklo_epi8)(plane[2], plane[3]);
  v64 high = QUARTERWISE(unpackhi_epi8)(plane[0], plane[1]), upper_high = QUARTERWISE(unpackhi_epi8)(plane[2], plane[3]);
  rows[0] = QUARTERWISE(unpacklo_epi16)(low, upper_low), rows[1] = QUARTERWISE(unpackhi_epi16)(low, upper_low);
  rows[2] = QUARTERWISE(unpacklo_epi16)(high, upper_high), rows[3] = QUARTERWISE(unpackhi_epi16)(high, upper_high);
}

/* PLANE_ROWS words, from row i on. */
ALWAYS_INLINE void split32_step(const uint8_t *in, uint8_t *const *planes, size_t i) {
  v64 rows[4];
  for (unsigned q = 0; q < 4; q++)
    rows[q] = load_quarters(in + 4 * i + 16 * q, 64);
  store_planes(rows, planes, i);
}

ALWAYS_INLINE void split64_step(const uint8_t *in, uint8_t *const *planes, size_t i) {
  v64 low[4], high[4];
  for (unsigned q = 0; q < 4; q++) {
    v64 a = load_quarters(in + 8 * i + 32 * q, 128), b = load_quarters(in + 8 * i + 32 * q + 16, 128);
#if V64_LANES == 4
    low[q] =
        simde_mm256_castps_si256(simde_mm256_shuffle_ps(simde_mm256_castsi256_ps(a), simde_mm256_castsi256_ps(b), 0x88));
    high[q] =
        simde_mm256_castps_si256(simde_mm256_shuffle_ps(simde_mm256_castsi256_ps(a), simde_mm256_castsi256_ps(b), 0xdd));
#else
    low[q] = v32_narrow(a, b), high[q] = v32_narrow_high(a, b);
#endif
  }
  store_planes(low, planes, i);
  store_planes(high, planes + 4, i);
}

ALWAYS_INLINE void unsplit32_step(const uint8_t *const *planes, uint8_t *out, size_t i) {
  v64 rows[4];
  load_planes(planes, i, rows);
  for (unsigned q = 0; q < 4; q++)
    store_quarters(out + 4 * i + 16 * q, 64, rows[q]);
}

ALWAYS_INLINE void unsplit64_step(const uint8_t *const *planes, uint8_t *out, size_t i) {
  v64 low[4], high[4];
  load_planes(planes, i, low);
  load_planes(planes + 4, i, high);
  for (unsigned q = 0; q < 4; q++) {
    store_quarters(out + 8 * i + 32 * q, 128, QUARTERWISE(unpacklo_epi32)(low[q], high[q]));
    store_quarters(out + 8 * i + 32 * q + 16, 128, QUARTERWISE(unpackhi_epi32)(low[q], high[q]));
  }
}

/* The kernels for words of so many bytes. */
#define PLANE_KERNELS(SPLIT, UNSPLIT, word_bytes)                                 \
  static void move_##SPLIT(const void *in, size_t n, uint8_t *const *planes) {    \
    const uint8_t *from = in;                                                     \
    for (size_t i = 0; n >= PLANE_ROWS && i < n; i += PLANE_ROWS)                 \
      SPLIT##_step(from, planes, i < n - PLANE_ROWS ? i : n - PLANE_ROWS);        \
    for (size_t i = 0; n < PLANE_ROWS && i < n * word_bytes; i++) {               \
      ONE_BY_ONE(i);                                                              \
      planes[i % word_bytes][i / word_bytes] = from[i];                           \
    }                                                                             \
  }                                                                               \
  static void move_##UNSPLIT(const uint8_t *const *planes, size_t n, void *out) { \
    uint8_t *to = out;                                                            \
    for (size_t i = 0; n >= PLANE_ROWS && i < n; i += PLANE_ROWS)                 \
      UNSPLIT##_step(planes, to, i < n - PLANE_ROWS ? i : n - PLANE_ROWS);        \
    for (size_t i = 0; n < PLANE_ROWS && i < n * word_bytes; i++) {               \
      ONE_BY_ONE(i);                                                              \
      to[i] = planes[i % word_bytes][i / word_bytes];                             \
    }                                                                             \
  }

PLANE_KERNELS(split32, unsplit32, 4)
PLANE_KERNELS(split64, unsplit64, 8)

#undef QUARTERWISE
#undef PLANE_KERNELS

#endif
