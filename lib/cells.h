/* SPDX-License-Identifier: MIT
 *
 * Rows on their way into the cells of an aggregate: a piece of them, its values as words, and sums of words. For cells.c,
 * which has cells of any number of groups, and few.c, which has the ways of a few.
 */
#ifndef LIB_CELLS_H
#define LIB_CELLS_H

#include "lib/aggregate.h"

/* Which loop: integers by their width, with a sign or without, and floats. */
enum form { BYTES1, BYTES2, BYTES4, BYTES8, SINGLES, DOUBLES };

/* Rows first .. n of at most AGGREGATE_PIECE, without nulls. */
struct piece {
  enum form form;
  uint64_t flip;         /* the sign bit, if they have one; of 64 bits if they have none: see load */
  const uint8_t *values; /* at any alignment */
  const uint32_t *group;
  size_t first, n;
  size_t ahead;    /* so many rows before their turn; group[n + ahead) is there */
  size_t n_groups; /* groups must be below; of rows first to first + ahead they are */
};

#define LOADED(type, word_of_value)                          \
  do {                                                       \
    type value;                                              \
    memcpy(&value, values + i * sizeof value, sizeof value); \
    return word_of_value;                                    \
  } while (0)
/* Value i as a word: of integers one that compares as a signed number, of floats a double. */
ALWAYS_INLINE uint64_t load(enum form form, const uint8_t *values, size_t i, uint64_t flip) {
  switch (form) {
  case BYTES1: LOADED(uint8_t, (value ^ flip) - flip);
  case BYTES2: LOADED(uint16_t, (value ^ flip) - flip);
  case BYTES4: LOADED(uint32_t, (value ^ flip) - flip);
  case SINGLES: LOADED(float, word_of(value));
  default: LOADED(uint64_t, value ^ flip);
  }
}
#undef LOADED

/* Of 128 bits, low word first. */
static inline void add_whole(uint64_t *sum, uint64_t low, uint64_t high) {
  uint64_t total = sum[0] + low;
  sum[1] += high + (total < low);
  sum[0] = total;
}

/* Knuth's TwoSum: the rounding error of a sum, exactly. */
static inline void add_real(uint64_t *sum, double real) {
  double before = real_of(sum[0]), total = before + real, part = total - before;
  sum[0] = word_of(total);
  sum[1] = word_of(real_of(sum[1]) + ((before - (total - part)) + (real - part)));
}

/* Adds to a group: a sum of integers in 128 bits, or of doubles in two words. */
void weft__cells_add_whole(weft_aggregate *a, size_t group, const uint64_t *sum);
void weft__cells_add_real(weft_aggregate *a, size_t group, const uint64_t *sum);

#endif
