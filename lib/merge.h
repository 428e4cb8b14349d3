/* SPDX-License-Identifier: MIT
 *
 * The distinct keys of slices of rows made those of all rows, part by part, for grouping.c. Each slice has a table of its
 * keys, whose buckets are in the order of the hashes' first bits; so what begins alike is a range of each table, and such
 * a part can be merged by any thread.
 */
#ifndef LIB_MERGE_H
#define LIB_MERGE_H

#include "lib/group.h"

struct slice {
  size_t first, rows;
  struct distinct distinct; /* its keys, in the order of their first rows */
  uint32_t place;           /* of its first key among the keys of all slices, one slice after another */
};

struct merge {
  const struct weft_column *keys; /* [n_keys] of all rows */
  size_t n_keys;
  struct key_hash how; /* all slices' */
  struct slice *slices;
  size_t n_slices;
  unsigned bits; /* 1 << bits parts */
  size_t n_numbers;
  uint32_t *number; /* [n_numbers] of all slices' keys but the first's, whose places are their numbers */
};

/* Chooses the parts, once all slices have their keys, and makes room for the numbers, all of which are to be
 * SIMD_NO_ID. */
weft_status weft__merge_plan(weft_ctx *ctx, struct merge *merge);

/* Writes to number, for each of a part's keys that a slice before has too, the place of the first such one; for others
 * SIMD_NO_ID is there. Any thread. */
weft_status weft__merge_part(weft_ctx *ctx, const struct merge *merge, size_t part);

/* Makes numbers of the places when all parts are done. Returns how many distinct keys there are. */
size_t weft__merge_number(const struct merge *merge);

/* Those of a slice's keys; NULL: as they are. */
static inline uint32_t *merge_numbers(const struct merge *merge, const struct slice *slice) {
  return slice->place == 0 ? NULL : merge->number + (slice->place - merge->slices[0].distinct.count);
}

#endif
