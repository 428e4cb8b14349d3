/* SPDX-License-Identifier: MIT
 *
 * XXH3's ways: ranges of lengths that its code tells apart by branches, and what rows of each cost by a loop and in
 * batches. Included by the XXH3 kernels.
 */
#ifndef SIMD_KERNELS_XXH3_WAYS_H
#define SIMD_KERNELS_XXH3_WAYS_H

#include "simd/kernels/column.h"
#include "simd/kernels/xxh3_secret.h"

/* For tables of classes by length: `count` of these. */
#define TIMES_4(x) x, x, x, x
#define TIMES_8(x) TIMES_4(x), TIMES_4(x)
#define TIMES_16(x) TIMES_8(x), TIMES_8(x)
#define TIMES_32(x) TIMES_16(x), TIMES_16(x)

enum xxh3_way {
  WAY_0,
  WAY_1TO3,
  WAY_4TO8,
  WAY_9TO16,
  WAY_17TO32,
  WAY_33TO64,
  WAY_65TO96,
  WAY_97TO128,
  WAY_129TO143, /* and six for 16 lengths each: another round of a loop */
  WAY_240 = WAY_129TO143 + 7,
  WAY_LONG,
  XXH3_WAYS
};
/* clang-format off */
static const uint8_t xxh3_ways[256] = {
    WAY_0, WAY_1TO3, WAY_1TO3, WAY_1TO3, TIMES_4(WAY_4TO8), WAY_4TO8, TIMES_4(WAY_9TO16), TIMES_4(WAY_9TO16),
    TIMES_16(WAY_17TO32), TIMES_32(WAY_33TO64), TIMES_32(WAY_65TO96), TIMES_32(WAY_97TO128),
    TIMES_8(WAY_129TO143), TIMES_4(WAY_129TO143), WAY_129TO143, WAY_129TO143, WAY_129TO143,
    TIMES_16(WAY_129TO143 + 1), TIMES_16(WAY_129TO143 + 2), TIMES_16(WAY_129TO143 + 3), TIMES_16(WAY_129TO143 + 4),
    TIMES_16(WAY_129TO143 + 5), TIMES_16(WAY_129TO143 + 6), WAY_240, TIMES_8(WAY_LONG), TIMES_4(WAY_LONG), WAY_LONG, WAY_LONG,
    WAY_LONG};

/* Cycles by which a loop is ahead of batches for a row, where its branches are foreseen (Zen 4, rows of one length; what
 * each takes is in docs/internals/hash.md). */
#if defined(V64_LANES) && V64_LANES == 8
static const int8_t xxh3_loop_gains[XXH3_WAYS] = {-1, -1, -1, -1, -1, -2, -2, -7, -1, -2, -5, -8, -10, -13, -16, -19, 8};
#elif defined(V64_LANES) && V64_LANES == 4
static const int8_t xxh3_loop_gains[XXH3_WAYS] = {3, 3, 3, 3, 5, 4, 7, 2, 14, 12, 9, 6, 4, 1, -2, -5, 12};
#else
static const int8_t xxh3_loop_gains[XXH3_WAYS] = {5, 5, 5, 5, 5, 6, 7, 7, 8, 9, 9, 10, 10, 10, 10, 11, 8};
#endif
/* clang-format on */
#define MISPREDICTED 23      /* cycles for each row whose way is not foreseen */
#define XXH3_BATCH_START 300 /* cycles for each batch */

/* Does a processor that knows the ways of the last rows foresee a sample's, all but `most`? It does where ways repeat after
 * one row, or two, or as many as the longest period that is looked for. */
#define LONGEST_PERIOD 8
static inline bool xxh3_foreseen(const uint8_t *ways, const struct sample *sample, size_t most) {
  size_t run = sample->run;
  size_t most_here = most * (run - LONGEST_PERIOD) / run; /* the first rows of a run are compared with none */
  for (size_t period = 1; period <= LONGEST_PERIOD; period++) {
    uint64_t changes = 0; /* in bytes, 8 rows at a time: ways are below 128 */
    for (size_t first = 0; first < sample->n; first += run)
      for (size_t i = LONGEST_PERIOD; i < run; i += 8) {
        uint64_t here, before;
        memcpy(&here, ways + first + i, sizeof here);
        memcpy(&before, ways + first + i - period, sizeof before);
        changes += ((here ^ before) + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101;
      }
    if ((changes * 0x0101010101010101) >> 56 <= most_here)
      return true;
  }
  return false;
}

/* Sorting rows gains less than the order of memory does where rows are long and come from DRAM, which nothing in a batch
 * can tell. So rows above so many bytes in the mean go by the loop, though sorting them gains something in the cache
 * (docs/internals/hash.md). */
#if defined(V64_LANES) && V64_LANES == 8
#define SORTED_MEAN 176
#elif defined(V64_LANES) && V64_LANES == 4
#define SORTED_MEAN 96
#else
#define SORTED_MEAN 32
#endif

static inline bool xxh3_loop_wins(const struct sample *sample) {
  int32_t gain =
      (int32_t)(XXH3_BATCH_START * sample->n / sample->rows); /* cycles by which a loop is ahead, were all foreseen */
  uint8_t ways[SAMPLED];
  if (sample->mean > SORTED_MEAN)
    return true;
  for (size_t i = 0; i < sample->n; i++) {
    ways[i] = xxh3_ways[sample->bytes[i] < 255 ? sample->bytes[i] : 255];
    gain += xxh3_loop_gains[ways[i]];
  }
  return gain > 0 && xxh3_foreseen(ways, sample, (size_t)(gain - 1) / MISPREDICTED);
}

#endif
