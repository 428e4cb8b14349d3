/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds sums and reals, which add values to words of their groups, beside loops: row by row to the
 * copy that the row's number gives.
 */
#include <math.h>

#include "codec_checks.h"

#define MOST_GROUPS 100
static uint64_t expected[MOST_GROUPS * SIMD_REAL_COPIES * 2];
static uint32_t expected_counts[MOST_GROUPS * SIMD_REAL_COPIES];

/* Numbers of groups: one, which all rows go to, and more. */
static size_t groups_of(struct codec_case *c) {
  static const size_t groups[] = {1, 2, 3, 7, 16, 64, MOST_GROUPS};
  return groups[rng_upto(&c->rng, 6)];
}

static uint32_t *rows_of(struct codec_case *c, size_t groups) {
  uint32_t *group = input(c, c->n * sizeof *group, sizeof *group);
  for (size_t i = 0; i < c->n; i++)
    group[i] = (uint32_t)rng_upto(&c->rng, groups - 1);
  return group;
}

static void sums_one(struct codec_case *c) {
  simd_sums_fn *kernel = (simd_sums_fn *)c->kernel;
  const bool copied = rng_percent(&c->rng, 50);
  const size_t groups = groups_of(c), copies = copied ? SIMD_SUM_COPIES : 1, bytes = groups * copies * 16;
  const uint64_t flip = rng_percent(&c->rng, 50) ? (uint64_t)1 << 63 : 0;
  uint8_t *values = input(c, c->n * sizeof(uint64_t), 1);
  uint32_t *group = rows_of(c, groups);
  uint64_t *words = output(c, bytes, sizeof *words);
  memset(words, 0, bytes);
  memset(expected, 0, bytes);
  for (size_t i = 0; i < c->n; i++)
    put_word(values, 64, i, some_word(&c->rng));
  for (int twice = 0; twice < 2; twice++) {
    for (size_t i = 0; i < c->n; i++) {
      uint64_t value = word_of(values, 64, i) ^ flip, *to = expected + 2 * (group[i] * copies + i % copies);
      to[0] += value % ((uint64_t)1 << 32) + ((uint64_t)1 << 48);
      to[1] += value / ((uint64_t)1 << 32);
    }
    kernel(values, flip, group, c->n, copied, words);
  }
  expect_output(c, sizeof *words, words, expected, bytes, 0);
}

/* What rounding takes from a + b, by Dekker's way, which compares the two. */
static double lost_in(double a, double b) {
  volatile double sum = a + b, rest;
  bool a_is_greater = fabs(a) >= fabs(b);
  rest = sum - (a_is_greater ? a : b);
  return (a_is_greater ? b : a) - rest;
}

static double real_at(const uint8_t *values, bool single, size_t i) {
  double real;
  float narrow;
  memcpy(&narrow, values + i * sizeof narrow, sizeof narrow);
  if (!single)
    memcpy(&real, values + i * sizeof real, sizeof real);
  return single ? (double)narrow : real;
}

static void expect_real(const uint8_t *values, bool single, size_t i, size_t at) {
  double word[2], real = real_at(values, single, i);
  memcpy(word, expected + 2 * at, sizeof word);
  word[1] += lost_in(word[0], real);
  word[0] += real;
  memcpy(expected + 2 * at, word, sizeof word);
  expected_counts[at]++;
}

static void reals_one(struct codec_case *c) {
  simd_reals_fn *kernel = (simd_reals_fn *)c->kernel;
  const bool single = case_width(c) == 32;
  const size_t groups = groups_of(c), entries = groups * SIMD_REAL_COPIES;
  uint8_t *values = input(c, c->n * case_width(c) / 8, 1);
  uint32_t *group = rows_of(c, groups);
  uint64_t *words = output(c, entries * 16, sizeof *words);
  uint32_t *counts = output(c, entries * sizeof *counts, sizeof *counts);
  memset(words, 0, entries * 16);
  memset(counts, 0, entries * sizeof *counts);
  memset(expected, 0, entries * 16);
  memset(expected_counts, 0, entries * sizeof *counts);
  for (size_t i = 0; i < c->n; i++) {
    double real = ldexp((double)(int64_t)rng_next(&c->rng), (int)rng_upto(&c->rng, 60) - 63);
    float narrow = (float)real;
    memcpy(values + i * case_width(c) / 8, single ? (const void *)&narrow : &real, case_width(c) / 8);
  }
  for (int twice = 0; twice < 2; twice++) {
    for (size_t i = 0; i < c->n; i++)
      expect_real(values, single, i, group[i] * (size_t)SIMD_REAL_COPIES + i % SIMD_REAL_COPIES);
    kernel(values, group, c->n, words, counts);
  }
  expect_output(c, sizeof *words, words, expected, entries * 16, 0);
  expect_output(c, sizeof *counts, counts, expected_counts, entries * sizeof *counts, 0);
}

#define GROUP_FACTS(kind)                                                                    \
  void check_##kind##_adds_to_the_words_of_groups_at_every_row_count(struct codec_case *c) { \
    at_every_count(c, 0, CASE_MOST, kind##_one);                                             \
  }                                                                                          \
  void check_##kind##_adds_to_the_words_of_groups_at_every_alignment(struct codec_case *c) { \
    at_every_alignment(c, 0, CASE_MOST, kind##_one);                                         \
  }
GROUP_FACTS(sums)
GROUP_FACTS(reals)
