/* SPDX-License-Identifier: MIT
 *
 * An index's inside, for index.c, which builds and probes it, and join.c, which turns its answers into pairs.
 */
#ifndef LIB_INDEX_H
#define LIB_INDEX_H

#include "alloc/os.h"
#include "lib/table.h"

#include <weft/index.h>

/* Immutable once built, but for what the last line holds. Rows of key id are row_list[starts[id] .. starts[id + 1]); while
 * every row is a key of its own the id is the row, and both lists are NULL. */
struct weft_index {
  weft_slab *slab;
  struct table table;
  struct key_hash how;
  uint32_t rows;
  uint32_t count; /* distinct keys */
  uint32_t null_rows;
  uint32_t *starts;   /* [count + 1] */
  uint32_t *row_list; /* [rows - null_rows] */
  size_t n_keys;
  struct weft_column *keys; /* [n_keys]; borrowed memory, or copies */
  void **copies;            /* [n_keys * 2] what copied keys consist of, or NULL */
  size_t copied_bytes;

  struct os_lock lock; /* over what follows */
  uint32_t open_joins;
  uint32_t matching_joins;  /* right and full joins among them */
  bool finished;            /* one of those has gone on to the unmatched rows */
  _Atomic uint8_t *matched; /* [count] key was met by a prober; there while matching_joins > 0; stores need no lock */
};

/* Looks up rows first .. first + n of keys, at most a batch: scratch->ids[n] are their keys' ids, or SIMD_NO_ID. keys have
 * passed weft__keys_check and weft__keys_match. */
void weft__index_probe(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, size_t first, size_t n,
                       struct key_scratch *scratch);

static inline uint32_t index_first_row(const weft_index *index, uint32_t id) {
  return index->row_list ? index->row_list[index->starts[id]] : id;
}

#endif
