/* SPDX-License-Identifier: MIT
 *
 * The hash table behind index, join and group: entries of a hash and an id in buckets of one cache line (struct
 * simd_bucket), which kernels fill and search; here is what they may not do: allocate, grow, look at keys. And distinct
 * keys: the rows of some columns numbered by their keys.
 */
#ifndef LIB_TABLE_H
#define LIB_TABLE_H

#include "lib/keys.h"

struct table {
  struct simd_table simd;
  uint64_t capacity;          /* entries at which it grows */
  uint32_t overflow_capacity; /* buckets */
};

void weft__table_close(weft_slab *slab, struct table *table);
size_t weft__table_bytes(const struct table *table);

/* The entries of one hash, one after another: where weft__table_next stands. Zero-initialised. */
struct table_walk {
  const struct simd_bucket *bucket;
  unsigned slot;
};

/* The next entry's id, SIMD_NO_ID after the last. */
uint32_t weft__table_next(const struct table *table, uint64_t hash, struct table_walk *walk);

/* The distinct keys of rows that were added batch by batch, numbered from 0 on. */
struct distinct {
  struct table table;
  struct key_hash how;
  const struct weft_column *keys;
  size_t n_keys;
  uint64_t rows;       /* added */
  uint32_t count;      /* distinct keys */
  uint32_t *first_row; /* [table.capacity + 1] of each key; NULL while it is the identity: every row a new key */
  bool in_order;       /* numbers follow the keys' first rows; lost when different keys have the same hash */
};

/* Sets up for keys, of which total rows will come, by hash `how`. */
weft_status weft__distinct_open(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const struct key_hash *how,
                                uint64_t total, struct distinct *out);

/* Adds the next n rows, at most a batch: scratch->ids[n] are their numbers, SIMD_NO_ID for rows that are left out. */
weft_status weft__distinct_add(weft_ctx *ctx, struct distinct *distinct, size_t n, struct key_scratch *scratch);

/* Frees all. Any thread. */
void weft__distinct_close(weft_slab *slab, struct distinct *distinct);

#endif
