/* SPDX-License-Identifier: MIT
 *
 * The hash table behind index, join and group: entries of a hash and an id in buckets of one cache line (struct
 * simd_bucket), which kernels fill and search; here is what they may not do: allocate, grow, look at keys. And distinct
 * keys: the rows of some columns numbered by their keys.
 */
#ifndef LIB_TABLE_H
#define LIB_TABLE_H

#include "alloc/os.h"
#include "lib/keys.h"

struct table {
  struct simd_table simd;
  uint64_t capacity;    /* entries at which it grows */
  uint32_t pieces;      /* of the overflow */
  uint32_t most_pieces; /* that simd.overflow has room for */
  uint32_t trimmed;     /* buckets that pieces lack again */
};

/* Opens a table for so many keys, on average; most_keys may come without its growing. n_buckets is a multiple of `parts`,
 * so that simd_part's parts of as many are ranges of buckets. The buckets are not emptied. */
weft_status weft__table_open(weft_ctx *ctx, uint64_t keys, uint64_t most_keys, uint32_t parts, struct table *table);
void weft__table_close(weft_slab *slab, struct table *table);
size_t weft__table_bytes(const struct table *table);

/* Gives back what pieces have from overflow bucket `next` to `end`, which a writer had room for and has not taken: once for
 * each writer, and nobody is to write to the table again. weft__table_finish: and the list of pieces that never came. Where
 * there is no memory for the shorter ones, the longer ones stay. */
void weft__table_trim(weft_ctx *ctx, struct table *table, uint32_t next, uint32_t end);
void weft__table_finish(weft_ctx *ctx, struct table *table);

/* One who enters hashes in a table: several may at once, each in places of its own, with overflow buckets of its own. */
struct table_writer {
  struct table *table;
  struct os_lock *lock;   /* over the table's pieces, where there are several writers; else NULL */
  struct simd_table simd; /* the table, with this writer's next overflow bucket */
  uint32_t begin, end;    /* of the overflow buckets that it may take */
  uint32_t taken;         /* those before begin */
};

static inline struct table_writer table_writer(struct table *table, struct os_lock *lock) {
  struct table_writer writer = {.table = table, .lock = lock, .simd = table->simd};
  writer.simd.n_overflow = 0;
  return writer;
}

/* What a writer has room for and has not taken: another writer of the table may go on there. */
struct overflow_room {
  uint32_t next, end;
};

static inline struct overflow_room table_writer_rest(const struct table_writer *writer) {
  return (struct overflow_room){writer->simd.n_overflow, writer->end};
}

static inline void table_writer_go_on(struct table_writer *writer, struct overflow_room room) {
  writer->begin = writer->simd.n_overflow = room.next;
  writer->end = room.end;
}

/* Overflow buckets that it has taken. */
static inline uint32_t table_writer_taken(const struct table_writer *writer) {
  return writer->taken + writer->simd.n_overflow - writer->begin;
}

/* Finds or enters hashes[n] as the kernel `insert` does; *entered is how many were new. WEFT_E_NOMEM, WEFT_E_LIMIT: some
 * of them may have been entered. */
weft_status weft__table_insert(weft_ctx *ctx, struct table_writer *writer, const uint64_t *hashes, const uint32_t *rows,
                               size_t n, uint32_t next_id, uint32_t *ids, size_t *entered);

/* Enters a hash that may be there already, behind all entries of its place. Statuses as weft__table_insert. */
weft_status weft__table_enter(weft_ctx *ctx, struct table_writer *writer, uint64_t hash, uint32_t id);

/* Empties the buckets of a part, of 1 << bits, of a writer's table, and enters that part of another table there: in
 * order, so that entries of one hash keep theirs. The writer's table was opened for so many parts; statuses as
 * weft__table_insert. */
weft_status weft__table_move(weft_ctx *ctx, const struct table *from, struct table_writer *to, unsigned bits, size_t part);

/* Gives the entries of a part, of 1 << bits, the ids base + id_of[id]. */
void weft__table_relabel(const struct simd_table *table, unsigned bits, size_t part, const uint32_t *id_of, uint32_t base);

/* The entries of one hash, one after another: where weft__table_next stands. Zero-initialised. */
struct table_walk {
  const struct simd_bucket *bucket;
  unsigned slot;
};

/* The next entry's id, SIMD_NO_ID after the last. */
uint32_t weft__table_next(const struct simd_table *table, uint64_t hash, struct table_walk *walk);

/* The distinct keys of rows that were added batch by batch, numbered from 0 on. */
struct distinct {
  struct table table;
  struct table_writer writer;
  struct key_hash how;
  const struct weft_column *keys;
  size_t n_keys;
  uint64_t rows;       /* added */
  uint64_t total;      /* to be added */
  uint32_t count;      /* distinct keys */
  uint64_t room;       /* keys that what follows is long enough for, and one */
  uint32_t *first_row; /* [room] of each key; NULL while it is the identity: every row a new key */
  uint8_t *packed;     /* [room] keys as how.packing has them; first_row is there too; NULL: none */
  bool in_order;       /* numbers follow the keys' first rows; lost when different keys have the same hash */
};

/* Sets up for keys, of which total rows will come, by hash `how`; how they are packed is chosen here, unless `how` says
 * it. */
weft_status weft__distinct_open(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const struct key_hash *how,
                                uint64_t total, struct distinct *out);

/* How many keys to make room for, when there are `needed` of them already, and of total rows more are to come. */
uint64_t weft__distinct_expect(const struct distinct *distinct, uint64_t needed, uint64_t total);

/* Makes room for the first rows, and the packed keys, of so many keys; first_row is there from now on. WEFT_E_NOMEM,
 * WEFT_E_LIMIT: as it was. */
weft_status weft__distinct_reserve(weft_ctx *ctx, struct distinct *distinct, uint64_t keys);

/* Adds the next n rows, at most a batch: scratch->ids[n] are their numbers. */
weft_status weft__distinct_add(weft_ctx *ctx, struct distinct *distinct, size_t n, struct key_scratch *scratch);

/* Frees all. Any thread. */
void weft__distinct_close(weft_slab *slab, struct distinct *distinct);

#endif
