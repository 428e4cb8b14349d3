/* SPDX-License-Identifier: MIT
 *
 * The loops that bench_aggregate measures weft's aggregates and partitions against: what a program writes that has neither.
 */
#ifndef BENCH_AGGREGATE_LOOPS_H
#define BENCH_AGGREGATE_LOOPS_H

#include <stddef.h>
#include <stdint.h>
#include <weft/weft.h>

/* Rows of values, each of a group. */
struct grouped {
  enum weft_type type; /* WEFT_I16, I32, I64, U8, U32, U64, F32 or F64 */
  const void *values;
  const uint32_t *group;
  size_t rows, groups;
};

/* What a loop makes of each group's rows; outputs are of the types of weft_aggregate_finish. */
enum work {
  WORK_COUNT,
  WORK_SUM,         /* of 64 bits, which may wrap; of floats in doubles, each addition rounded */
  WORK_COMPENSATED, /* of floats, with the errors of additions beside it: Ogita, Rump, Oishi's Sum2 */
  WORK_AVERAGE,
  WORK_EXTREMES /* all the least, then all the greatest; every group has a row, and none is a NaN */
};

/* Cells of a count and what is wanted are allocated, filled row by row, and written to out. */
void loop_aggregate(const struct grouped *g, enum work work, void *out);

/* Row numbers by hash % parts, or by the top bits where bits is not 0: rows are counted, and then put in their places.
 * rows_out[rows], offsets[parts + 1]. */
void loop_partition(const uint64_t *hashes, size_t rows, size_t parts, unsigned bits, uint32_t *rows_out, size_t *offsets);

#endif
