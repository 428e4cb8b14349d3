/* SPDX-License-Identifier: MIT
 *
 * sums64, reals32 and reals64: values added to words of their groups, of which there are several copies, so that no row
 * waits for the store of the one before. Included by isa_codecs.c. A group's words are two, and vectors hold such a pair:
 * longer ones gain nothing, as words lie in as many places as there are rows. Tables of SSE and NEON have the
 * loops, as few.c does not call them there.
 */
#ifndef SIMD_KERNELS_GROUPS_H
#define SIMD_KERNELS_GROUPS_H

#include "simd/codec_kernels.h"
#include "simd/kernels.h"

#ifdef SIMD_ISA_scalar
#define GROUPS(name) plain_##name
#else
#define GROUPS(name) move_##name
#endif
#define SUM_ONE ((uint64_t)1 << 48)

ALWAYS_INLINE uint64_t group_word(const uint8_t *values, size_t i) {
  uint64_t word;
  memcpy(&word, values + i * sizeof word, sizeof word);
  return word;
}

ALWAYS_INLINE double group_real(bool singles, const uint8_t *values, size_t i) {
  double real;
  float single;
  if (!singles) {
    memcpy(&real, values + i * sizeof real, sizeof real);
    return real;
  }
  memcpy(&single, values + i * sizeof single, sizeof single);
  return (double)single;
}

ALWAYS_INLINE void sum_row(uint64_t word, uint64_t *words) {
  words[0] += (word & UINT32_MAX) + SUM_ONE;
  words[1] += word >> 32;
}

/* In this order, and no other, on every table: results are the same. */
ALWAYS_INLINE void real_row(double real, uint64_t *words) {
  double before, lost;
  memcpy(&before, words, sizeof before);
  memcpy(&lost, words + 1, sizeof lost);
  double total = before + real, part = total - before;
  lost += (before - (total - part)) + (real - part);
  memcpy(words, &total, sizeof total);
  memcpy(words + 1, &lost, sizeof lost);
}

#ifndef SIMD_ISA_scalar

#include "simd/vec.h"

ALWAYS_INLINE __m128i pair_at(const void *p) {
  return _mm_loadu_si128(p);
}

/* Rows i and i + 1, to the words of their groups. */
ALWAYS_INLINE void sum_pair(const uint8_t *values, size_t i, uint64_t flip, uint64_t *first, uint64_t *second) {
  const __m128i one = _mm_set1_epi64x((int64_t)SUM_ONE), half = _mm_set1_epi64x(UINT32_MAX);
  __m128i two = _mm_xor_si128(pair_at(values + i * sizeof *first), _mm_set1_epi64x((int64_t)flip));
  __m128i low = _mm_add_epi64(_mm_and_si128(two, half), one), high = _mm_srli_epi64(two, 32);
  _mm_storeu_si128((void *)first, _mm_add_epi64(pair_at(first), _mm_unpacklo_epi64(low, high)));
  _mm_storeu_si128((void *)second, _mm_add_epi64(pair_at(second), _mm_unpackhi_epi64(low, high)));
}

/* Their totals in one vector, what rounding took in another. The two are of different copies, so never the same. */
ALWAYS_INLINE void real_pair(bool singles, const uint8_t *values, size_t i, uint64_t *first, uint64_t *second) {
  __m128d reals = singles ? _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const void *)(values + i * sizeof(float)))))
                          : _mm_castsi128_pd(pair_at(values + i * sizeof(double)));
  __m128d a = _mm_castsi128_pd(pair_at(first)), b = _mm_castsi128_pd(pair_at(second));
  __m128d before = _mm_unpacklo_pd(a, b), lost = _mm_unpackhi_pd(a, b);
  __m128d total = _mm_add_pd(before, reals), part = _mm_sub_pd(total, before);
  __m128d error = _mm_add_pd(_mm_sub_pd(before, _mm_sub_pd(total, part)), _mm_sub_pd(reals, part));
  lost = _mm_add_pd(lost, error);
  _mm_storeu_si128((void *)first, _mm_castpd_si128(_mm_unpacklo_pd(total, lost)));
  _mm_storeu_si128((void *)second, _mm_castpd_si128(_mm_unpackhi_pd(total, lost)));
}

/* Rows 0 to n, in steps of so many that a row's copy is a constant; returns how many that were. */
ALWAYS_INLINE size_t sum_steps(const uint8_t *values, uint64_t flip, const uint32_t *group, size_t n, size_t copies,
                               uint64_t *words) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t k = 0; k < 4; k += 2)
      sum_pair(values, i + k, flip, words + 2 * (group[i + k] * copies + k % copies),
               words + 2 * (group[i + k + 1] * copies + (k + 1) % copies));
  return i;
}

ALWAYS_INLINE size_t real_steps(bool singles, const uint8_t *values, const uint32_t *group, size_t n, uint64_t *words,
                                uint32_t *counts) {
  const size_t copies = SIMD_REAL_COPIES;
  size_t i = 0;
  for (; i + copies <= n; i += copies)
    for (size_t k = 0; k < copies; k += 2) {
      const size_t first = group[i + k] * copies + k, second = group[i + k + 1] * copies + k + 1;
      real_pair(singles, values, i + k, words + 2 * first, words + 2 * second);
      counts[first]++;
      counts[second]++;
    }
  return i;
}

#else
#define sum_steps(values, flip, group, n, copies, words) 0
#define real_steps(singles, values, group, n, words, counts) 0
#endif

ALWAYS_INLINE void sum_words(const uint8_t *values, uint64_t flip, const uint32_t *group, size_t n, size_t copies,
                             uint64_t *words) {
  for (size_t i = sum_steps(values, flip, group, n, copies, words); i < n; i++) {
    ONE_BY_ONE(i);
    sum_row(group_word(values, i) ^ flip, words + 2 * (group[i] * copies + i % copies));
  }
}

static void GROUPS(sums64)(const void *values, uint64_t flip, const uint32_t *group, size_t n, bool copied,
                           uint64_t *words) {
  if (copied)
    sum_words(values, flip, group, n, SIMD_SUM_COPIES, words);
  else
    sum_words(values, flip, group, n, 1, words);
}

ALWAYS_INLINE void real_words(bool singles, const uint8_t *values, const uint32_t *group, size_t n, uint64_t *words,
                              uint32_t *counts) {
  for (size_t i = real_steps(singles, values, group, n, words, counts); i < n; i++) {
    const size_t at = group[i] * (size_t)SIMD_REAL_COPIES + i % SIMD_REAL_COPIES;
    ONE_BY_ONE(i);
    real_row(group_real(singles, values, i), words + 2 * at);
    counts[at]++;
  }
}

static void GROUPS(reals32)(const void *values, const uint32_t *group, size_t n, uint64_t *words, uint32_t *counts) {
  real_words(true, values, group, n, words, counts);
}

static void GROUPS(reals64)(const void *values, const uint32_t *group, size_t n, uint64_t *words, uint32_t *counts) {
  real_words(false, values, group, n, words, counts);
}

#endif
