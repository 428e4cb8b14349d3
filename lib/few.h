/* SPDX-License-Identifier: MIT
 *
 * Rows of few groups on their way into an aggregate's cells: tables on the stack of a call, which hold several copies of
 * each group's words, so that a row need not wait for the store of the one before. For cells.c and aggregate.c.
 */
#ifndef LIB_FEW_H
#define LIB_FEW_H

#include "lib/cells.h"

enum { FEW_WORDS = 1024, FEW_COUNTS = 1024 };

struct few {
  unsigned copies; /* of a group's words; row i of a piece goes to copy i % copies. 0: groups are not few */
  size_t left;     /* rows that may be added before the words must go to the cells */
  uint64_t less;   /* by what each integer came too large, so that the least of its type was 0 */
  _Alignas(64) uint64_t words[FEW_WORDS];
  uint32_t counts[FEW_COUNTS];
};

/* Begins with so many rows in so many groups, which are few or are not. */
void weft__few_open(weft_ctx *ctx, const weft_aggregate *a, size_t n_groups, size_t rows, struct few *few);

/* Adds rows 0 to p->n of p, whose groups are all below p->n_groups. Where extremes are wanted, which go to the cells at
 * once, integers have 4 bytes at least, and floats are doubles. */
void weft__few_add(weft_ctx *ctx, weft_aggregate *a, struct few *few, const struct piece *p);

/* Adds what there is to the cells. */
void weft__few_close(weft_aggregate *a, size_t n_groups, struct few *few);

#endif
