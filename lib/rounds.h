/* SPDX-License-Identifier: MIT
 *
 * The distinct keys of rows, found by several threads, for grouping.c.
 *
 * The first rows are numbered by one thread; the others come in rounds, each as long as all before it up to a limit, so
 * that few of a round's rows have a key that is new in it and comes twice. In a round the rows are looked up in the
 * table of the keys before, which nobody writes to meanwhile; those that are not there, the round's newcomers, are
 * brought together by part, and each part is entered in its range of the table by one thread; then their keys are
 * numbered in the order of the rows. So what a key's number is does not depend on who did what when.
 *
 * A chunk whose first rows are newcomers with keys that come again and again, as in rows in an order, is grouped by
 * itself, and one newcomer stands for each key. After a round of new keys alone no chunk is looked up whose first rows
 * are newcomers.
 */
#ifndef LIB_ROUNDS_H
#define LIB_ROUNDS_H

#include "lib/group.h"

enum {
  ROUND_CHUNK = 8192,        /* rows: what a thread works on for some 50 microseconds */
  ROUND_MOST_ROWS = 1 << 24, /* whose newcomers' 24 bytes, and packed keys, are kept */
  ROUND_CHUNKS = ROUND_MOST_ROWS / ROUND_CHUNK,
  ROUND_PART_BITS = 9,
  ROUND_PARTS = 1 << ROUND_PART_BITS
};

struct rounds {
  const struct weft_column *keys;  /* [n_keys] */
  size_t n_keys, rows, usual_rows; /* usual_rows: of a round, at the most */
  uint32_t *group;                 /* [rows] */
  struct distinct distinct;        /* the keys so far */
  bool open;                       /* distinct is */
  unsigned table_bits;             /* the table is one of 1 << table_bits parts; 0: not made to be shared */

  /* The round: rows first .. end. Of its newcomers a chunk's lie in places from chunk * ROUND_CHUNK on, by part, and
   * those of a part in the order of their rows; their ids in the table, until they are numbered, are new_ids more than
   * the place. */
  size_t first, end, missing; /* missing: newcomers */
  uint32_t before, new_ids;   /* keys; new_ids: above all numbers */
  unsigned bits;              /* 1 << bits parts */
  double share;               /* of newcomers whose keys were new ones, in the round before */
  uint64_t most_keys;         /* that the table's overflow has room for */
  bool look;                  /* all rows are looked up first */
  struct table larger;        /* what the table is replaced by; without buckets: by nothing */
  struct round_chunk {
    uint32_t newcomers, next; /* next: the number of its first new key */
    bool grouped;             /* its rows have groups among themselves, whose newcomers are in that order */
    _Atomic uint32_t added;   /* new keys */
  } * chunks;
  uint32_t *starts; /* [chunks][ROUND_PARTS + 1] a chunk's parts' first places, from the chunk's own first */
  uint32_t *order;  /* a chunk's newcomers' places in the order of their rows, from the chunk's own first */
  uint64_t *hashes; /* by place, like all that follows: */
  uint32_t *row;    /* a newcomer's row, */
  uint32_t *met;    /* the id of the first with its key, */
  uint32_t *number; /* its number, where it is the first, */
  uint8_t *packed;  /* and its packed key; NULL: keys are not packed */
  void *memory;     /* of all these, for so many rows: */
  size_t room;

  struct os_lock lock;                     /* over the pieces of the table's overflow, and */
  struct overflow_room spare[ROUND_PARTS]; /* rooms there of writers that are done */
  uint32_t n_spare;
};

/* What is done in a round, each to the end before the next begins; and its units, any of which any thread may do.
 * Behind the last row there are none. */
enum round_step { ROUND_FIND, ROUND_PLAN, ROUND_ENTER, ROUND_COUNT, ROUND_NUMBER, ROUND_WRITE, ROUND_END, ROUND_STEPS };
size_t weft__round_units(const struct rounds *rounds, enum round_step step);
weft_status weft__round_work(weft_ctx *ctx, struct rounds *rounds, enum round_step step, size_t unit);

/* Opens what numbers keys[n_keys], which have passed, by hash `how`; all stay until it is closed, which is due.
 * threads: how many there are to be. */
void weft__rounds_open(const struct weft_column *keys, size_t n_keys, const struct key_hash *how, size_t threads,
                       uint32_t *group, struct rounds *rounds);
void weft__rounds_close(weft_slab *slab, struct rounds *rounds);

/* How many rounds there are at the most. */
size_t weft__rounds_count(const struct rounds *rounds);

/* Numbers the first rows, before all rounds. */
weft_status weft__rounds_begin(weft_ctx *ctx, struct rounds *rounds);

/* The id of a row's key in a table of the keys before and newcomers: SIMD_NO_ID where it is not there. */
uint32_t weft__round_search(weft_ctx *ctx, const struct rounds *rounds, const struct simd_table *table, uint64_t hash,
                            size_t row, struct key_scratch *scratch);

/* ROUND_FIND of a chunk; ROUND_ENTER of parts first .. end. */
weft_status weft__round_find(weft_ctx *ctx, struct rounds *rounds, size_t chunk);
weft_status weft__round_enter(weft_ctx *ctx, struct rounds *rounds, size_t first, size_t end);

static inline size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static inline size_t round_chunks(const struct rounds *rounds) {
  return (rounds->end - rounds->first + ROUND_CHUNK - 1) / ROUND_CHUNK;
}

static inline uint32_t *round_starts(const struct rounds *rounds, size_t chunk) {
  return rounds->starts + chunk * (ROUND_PARTS + 1);
}

/* The places of a part's newcomers from a chunk. Those from the chunk some further on, which are a few lines elsewhere,
 * are asked for. */
struct places {
  size_t first, end;
};

static inline struct places round_places(const struct rounds *rounds, size_t chunk, size_t part) {
  enum { AHEAD = 4 };
  const uint32_t *starts = round_starts(rounds, chunk) + part;
  if (chunk + AHEAD < round_chunks(rounds)) {
    size_t first = (chunk + AHEAD) * ROUND_CHUNK + round_starts(rounds, chunk + AHEAD)[part];
    __builtin_prefetch(rounds->hashes + first);
    __builtin_prefetch(rounds->met + first);
  }
  return (struct places){chunk * ROUND_CHUNK + starts[0], chunk * ROUND_CHUNK + starts[1]};
}

#endif
