/* SPDX-License-Identifier: MIT
 *
 * The building of an index, part by part. For builder.c, whose calls it serves.
 *
 * Rows are brought together by the first bits of their hashes, so that each part fills a range of the table's buckets that
 * stays in the second-level cache. Slices of the rows, and then parts, may be worked on by several threads, each with a
 * context of its own; what index comes of it does not depend on who did what when.
 */
#ifndef LIB_BUILD_H
#define LIB_BUILD_H

#include "lib/index.h"

struct index_build {
  weft_index *index;
  size_t slices, slice_rows; /* the last slice may have fewer */
  unsigned bits;             /* 1 << bits parts */
  const uint64_t *given;     /* [rows] hashes that came with the rows; or NULL */
  uint64_t *hashes;          /* [rows] else; not used any more once all slices are scattered */
  uint64_t *valid;           /* bitmap of rows without nulls; NULL: all */
  uint32_t *starts;          /* [slices << bits] rows of each slice by part; later where they go */
  uint32_t *first;           /* [1 << bits] where each part begins, a multiple of 64 */
  uint32_t *count;           /* [1 << bits] and its rows */
  uint32_t *overflowing;     /* [1 << bits] and, once it is done, the buckets that it took from the overflow */
  uint64_t *part_hashes;     /* by part; index->row_list has their rows */
  struct os_lock lock;       /* over what follows */
  uint8_t *state;            /* [1 << bits] enum part_state */
  uint32_t n_spare;
  struct overflow_room *spare; /* [1 << bits] of writers whose part is done */
  uint64_t distinct;           /* keys of the parts that are done */
  _Atomic bool listed;         /* a part has a key of several rows, so that all get lists */
};

/* What is built: index, which has how, n_keys, keys and rows. given: the rows' hashes, or NULL; they and what the keys lead
 * to stay until weft__build_close, which is due in any case. */
weft_status weft__build_open(weft_ctx *ctx, weft_index *index, const uint64_t *given, struct index_build *build);
void weft__build_close(weft_slab *slab, struct index_build *build);

/* The steps, each to be done of all its slices or parts before the next begins. */
weft_status weft__build_hash(weft_ctx *ctx, struct index_build *build, size_t slice);    /* any thread */
weft_status weft__build_place(weft_ctx *ctx, struct index_build *build);                 /* once */
weft_status weft__build_scatter(weft_ctx *ctx, struct index_build *build, size_t slice); /* any thread */
weft_status weft__build_plan(weft_ctx *ctx, struct index_build *build);                  /* once */
weft_status weft__build_part(weft_ctx *ctx, struct index_build *build, size_t part);     /* any thread */
weft_status weft__build_seal(weft_ctx *ctx, struct index_build *build);                  /* once */

#endif
