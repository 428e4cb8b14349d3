/* SPDX-License-Identifier: MIT
 *
 * Inside an aggregate: its cells, one for each group, and the forms that values have there. For aggregate.c, which has the
 * calls, and cells.c and few.c, which have the rows.
 */
#ifndef LIB_AGGREGATE_H
#define LIB_AGGREGATE_H

#include "lib/ctx.h"

#include <string.h>
#include <weft/aggregate.h>

enum {
  AGGREGATE_PIECE = 1024, /* rows at a time at the most */
  ALL_SUMS = WEFT_SUM | WEFT_AVG | WEFT_SUM128,
  EXTREMES = WEFT_MIN | WEFT_MAX,
  ALL_KINDS = WEFT_COUNT | ALL_SUMS | EXTREMES
};

/* A cell is words of 64 bits: the count; the sum, if wanted; the least and the greatest value as order words, if wanted. A
 * sum of doubles has two words, the other being what rounding took from it. One of integers has in the cell its low 64
 * bits, of signed and narrow types a signed number; what passes them goes to a word apart, which is so seldom touched that
 * it would be a waste of cache lines among the others. */
enum { COUNT_WORD = 0, SUM_WORD = 1, MOST_WORDS = 8 /* five, and up to a power of two */ };

struct weft_aggregate {
  weft_slab *slab;
  enum weft_type type;
  uint32_t kinds;
  unsigned extremes_word; /* where in a cell; 0: not wanted */
  unsigned shift;         /* a cell has 1 << shift words: it lies in one cache line */
  uint64_t *cells;        /* [room << shift] */
  uint64_t *highs;        /* [room], of integers where sums are wanted; behind the cells */
  size_t groups, room;
  bool failed;
};

static inline bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

static inline bool is_signed(enum weft_type type) {
  return type <= WEFT_I64;
}

static inline double real_of(uint64_t word) {
  double real;
  memcpy(&real, &word, sizeof real);
  return real;
}

static inline uint64_t word_of(double real) {
  uint64_t word;
  memcpy(&word, &real, sizeof word);
  return word;
}

#define TOP_BIT ((uint64_t)1 << 63)

/* Order words compare as signed numbers: of a double with its sign set the other bits are turned over, and all NaNs are the
 * same positive one, above infinity; of u64 the top bit is. */
static inline uint64_t turn_real(uint64_t word) {
  return word ^ (0 - (word >> 63)) >> 1;
}

static inline uint64_t order_of(enum weft_type type, uint64_t word) {
  const uint64_t infinity = 0x7ff0000000000000, nan = 0x7ff8000000000000;
  if (is_float(type))
    return (word & ~TOP_BIT) > infinity ? nan : turn_real(word);
  return type == WEFT_U64 ? word ^ TOP_BIT : word;
}

static inline uint64_t of_order(enum weft_type type, uint64_t order) {
  return is_float(type) ? turn_real(order) : type == WEFT_U64 ? order ^ TOP_BIT : order;
}

static inline uint64_t *cell_of(const weft_aggregate *a, size_t group) {
  return a->cells + (group << a->shift);
}

/* A group's sum of integers in 128 bits. */
static inline void whole_sum(const weft_aggregate *a, size_t group, uint64_t *sum) {
  sum[0] = cell_of(a, group)[SUM_WORD];
  sum[1] = a->highs[group] - (a->type != WEFT_U64 ? sum[0] >> 63 : 0);
}

/* n cells of no values. */
void weft__cells_clear(const weft_aggregate *a, uint64_t *cells, size_t n);

/* Adds a cell to a group, its sum (a double's two words, or 128 bits) given apart. */
void weft__cells_merge(weft_aggregate *a, size_t group, const uint64_t *cell, const uint64_t *sum);

/* Adds n <= AGGREGATE_PIECE values of the aggregate's type at any alignment, none of them null, to the cells of their
 * groups; of one group, all to it; where groups are few, by way of `few` (few.h), which wants them to be below n_groups.
 * False: one is not, and some rows were added. */
struct few;
bool weft__cells_add(weft_ctx *ctx, weft_aggregate *a, struct few *few, const void *values, const uint32_t *group, size_t n,
                     size_t n_groups);

#endif
