/* SPDX-License-Identifier: MIT
 *
 * An index's inside, for builder.c and build.c, which build it, index.c, which probes it, and join.c, which turns its
 * answers into pairs.
 */
#ifndef LIB_INDEX_H
#define LIB_INDEX_H

#include "alloc/os.h"
#include "lib/table.h"

#include <weft/index.h>

/* Immutable once built, but for what the last lines hold. While every row is a key of its own an id is that row, and
 * row_list is NULL; else it is the place where the key's rows begin in row_list, and last has a bit for where they end. */
struct weft_index {
  weft_slab *slab;
  struct table table;
  struct key_hash how;
  uint32_t rows;
  uint32_t count; /* distinct keys */
  uint32_t null_rows;
  uint64_t overflowing; /* buckets of the table's overflow */
  uint32_t places;      /* ids are below */
  uint32_t *direct;     /* [span] id of the key least + place, or SIMD_NO_ID; NULL: there is a table */
  uint64_t least, span;
  uint32_t *row_list; /* [places] */
  uint64_t *last;     /* [places / 64 + 1] bitmap */
  uint8_t *packed;    /* [rows * how.packing.stride] their keys; NULL: they are not packed */
  size_t n_keys;
  struct weft_column *keys; /* [n_keys]; borrowed memory, or copies */
  void **copies;            /* [n_keys * 2] what copied keys consist of, or NULL */
  size_t copied_bytes;

  uint32_t filter_blocks; /* of a filter, if there is one */

  struct os_lock lock;       /* over what follows */
  _Atomic(uint8_t *) filter; /* once a prober has seen few matches; read without the lock */
  uint32_t open_joins;
  uint32_t matching_joins;  /* right and full joins among them */
  bool finished;            /* one of those has gone on to the unmatched rows */
  _Atomic uint8_t *matched; /* [places] key was met by a prober; there while matching_joins > 0; stores need no lock */
};

/* Memory for n elements, aligned to a cache line, for the pointer at out. All of it will be used, so pages may be huge: to
 * be given small ones takes as long as to fill them. */
weft_status weft__index_take(weft_ctx *ctx, size_t n, size_t each, void *out);

/* Gives back all that an index holds, and it itself. */
void weft__index_end(weft_index *index);

/* Looks up rows first .. first + n of keys, at most a batch: scratch->ids[n] are their keys' ids, or SIMD_NO_ID. keys have
 * passed weft__keys_check and weft__keys_match. hashes: those of the n rows, or NULL. scratch->valid and has_nulls tell
 * which of them have a null. */
void weft__index_probe(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, const uint64_t *hashes,
                       size_t first, size_t n, struct key_scratch *scratch);

static inline uint32_t index_first_row(const weft_index *index, uint32_t id) {
  return index->row_list ? index->row_list[id] : id;
}

/* How many rows the key has. Mostly few, so that the bits from its first row on that one load brings tell. */
static inline uint32_t index_key_rows(const weft_index *index, uint32_t id) {
  if (!index->row_list)
    return 1;
  size_t word = id / SIMD_BLOCK, next = word + (word < index->places / SIMD_BLOCK);
  uint64_t bits = index->last[word] >> id % SIMD_BLOCK | index->last[next] << 1 << (SIMD_BLOCK - 1 - id % SIMD_BLOCK);
  if (bits != 0)
    return (uint32_t)__builtin_ctzll(bits) + 1;
  for (word = next; (bits = index->last[word]) == 0; word++)
    ;
  return (uint32_t)(word * SIMD_BLOCK + (size_t)__builtin_ctzll(bits)) + 1 - id;
}

#endif
