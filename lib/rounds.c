/* SPDX-License-Identifier: MIT
 *
 * Numbering keys in rounds, see rounds.h: what a round consists of, room for its keys, and their numbers.
 *
 * grouping.c calls these, and asks which units of work there are.
 */
#include "lib/rounds.h"

#include <assert.h>
#include <string.h>

enum {
  FIRST_ROWS = 65536,     /* for fewer, several threads would wait for one another longer than they work */
  THREAD_ROWS = 1 << 17,  /* of a round, for each thread: more are new twice, of fewer threads wait more often */
  USUAL_ROWS = 1 << 20,   /* and at most */
  LEAST_NEWCOMERS = 2048, /* a unit's, where it is parts */
  PART_KEYS = 16384,      /* their buckets take 400 KB, which the second-level cache holds */
  LEAST_BITS = 6,
  LARGE_ALIGN = 64
};

static unsigned bits_for(uint64_t keys) {
  unsigned bits = LEAST_BITS;
  while (bits < ROUND_PART_BITS && keys >> bits > PART_KEYS)
    bits++;
  return bits;
}

/* ---- From round to round ---- */

void weft__rounds_open(const struct weft_column *keys, size_t n_keys, const struct key_hash *how, size_t threads,
                       uint32_t *group, struct rounds *rounds) {
  size_t rows = keys[0].rows, usual = FIRST_ROWS;
  while (usual < USUAL_ROWS && usual / THREAD_ROWS < threads)
    usual *= 2;
  bool alone = threads == 1 || rows <= FIRST_ROWS || rows >= SIMD_NO_ID - ROUND_MOST_ROWS; /* no ids are left for places */
  *rounds = (struct rounds){.keys = keys,
                            .n_keys = n_keys,
                            .rows = rows,
                            .usual_rows = usual,
                            .new_ids = (uint32_t)rows,
                            .group = group,
                            .distinct.how = *how,
                            .end = alone ? rows : FIRST_ROWS};
  os_lock_init(&rounds->lock);
}

void weft__rounds_close(weft_slab *slab, struct rounds *rounds) {
  (void)!weft_slab_free(slab, rounds->memory);
  if (rounds->open)
    weft__distinct_close(slab, &rounds->distinct);
  if (rounds->larger.simd.buckets)
    weft__table_close(slab, &rounds->larger);
  os_lock_end(&rounds->lock);
}

size_t weft__rounds_count(const struct rounds *rounds) {
  size_t count = 0;
  for (size_t end = rounds->end; end < rounds->rows; end += least(end, rounds->usual_rows))
    count++;
  return count;
}

/* Room for n elements in a block of memory, behind *size bytes, which it adds to; NULL where there is no block yet. */
static void *carve(uint8_t *block, size_t *size, size_t n, size_t width) {
  size_t at = *size;
  *size += (n * width + LARGE_ALIGN - 1) / LARGE_ALIGN * LARGE_ALIGN;
  return block ? block + at : NULL;
}

/* Lays a round of so many rows, in whole chunks, out in a block of memory, or none. Returns its bytes. */
static size_t lay_out(struct rounds *rounds, uint8_t *block, size_t rows) {
  size_t size = 0, chunks = rows / ROUND_CHUNK;
  rounds->hashes = carve(block, &size, rows, sizeof *rounds->hashes);
  rounds->order = carve(block, &size, rows, sizeof *rounds->order);
  rounds->row = carve(block, &size, rows, sizeof *rounds->row);
  rounds->met = carve(block, &size, rows, sizeof *rounds->met);
  rounds->number = carve(block, &size, rows, sizeof *rounds->number);
  rounds->starts = carve(block, &size, chunks * (ROUND_PARTS + 1), sizeof *rounds->starts);
  rounds->chunks = carve(block, &size, chunks, sizeof *rounds->chunks);
  rounds->packed = NULL;
  if (rounds->distinct.packed)
    rounds->packed = carve(block, &size, rows, rounds->distinct.how.packing.stride);
  return size;
}

/* Begins the next round, of at most so many rows. */
static weft_status next_round(weft_ctx *ctx, struct rounds *rounds, size_t most) {
  rounds->before = rounds->distinct.count;
  rounds->first = rounds->end;
  rounds->end += least(most, rounds->rows - rounds->first);
  rounds->missing = 0;
  size_t rows = rounds->end - rounds->first;
  if (rows <= rounds->room)
    return WEFT_OK;
  /* At once for as many as rounds usually come to. */
  rows = least(rounds->rows - rounds->first, rows > rounds->usual_rows ? rows : rounds->usual_rows);
  rows = (rows + ROUND_CHUNK - 1) / ROUND_CHUNK * ROUND_CHUNK;
  (void)!weft_free(ctx, rounds->memory);
  size_t bytes = lay_out(rounds, NULL, rows);
  rounds->memory = weft_alloc(ctx, bytes);
  if (!rounds->memory)
    return ctx->cache.status;
  weft__slab_advise(ctx->cache.slab, rounds->memory, bytes);
  (void)lay_out(rounds, rounds->memory, rows);
  rounds->room = rows;
  return WEFT_OK;
}

weft_status weft__rounds_begin(weft_ctx *ctx, struct rounds *rounds) {
  struct key_hash how = rounds->distinct.how;
  WEFT_TRY(weft__group(ctx, rounds->keys, rounds->n_keys, &how, rounds->end, rounds->group, &rounds->distinct));
  rounds->open = rounds->look = true;
  rounds->share = 1;
  rounds->bits = LEAST_BITS;
  return next_round(ctx, rounds, rounds->end);
}

static weft_status end_round(weft_ctx *ctx, struct rounds *rounds) {
  size_t rows = rounds->end - rounds->first, added = rounds->distinct.count - rounds->before;
  rounds->bits = rounds->table_bits > 0 ? rounds->table_bits : LEAST_BITS;
  rounds->look = added < rows - rows / 32;
  if (rounds->missing > 0)
    rounds->share = (double)added / (double)rounds->missing;
  return next_round(ctx, rounds,
                    rounds->look ? least(rounds->end, rounds->usual_rows) : least(2 * rounds->end, ROUND_MOST_ROWS));
}

/* ---- Making room ---- */

/* Keys that there may be after this round: of newcomers as many are new keys as in the round before, but half of what
 * there may be at least. */
static uint64_t keys_to_come(const struct rounds *rounds) {
  uint64_t likely = rounds->before + (uint64_t)((double)rounds->missing * rounds->share);
  uint64_t half = (rounds->before + rounds->missing) / 2;
  return likely > half ? likely : half;
}

static weft_status plan(weft_ctx *ctx, struct rounds *rounds) {
  struct distinct *distinct = &rounds->distinct;
  for (size_t chunk = 0; chunk < round_chunks(rounds); chunk++)
    rounds->missing += rounds->chunks[chunk].newcomers;
  uint64_t keys = keys_to_come(rounds), most = rounds->before + rounds->missing, capacity = distinct->table.capacity;
  bool shared = rounds->table_bits > 0, full = keys > capacity || rounds->before > capacity || most > rounds->most_keys;
  if (shared ? full : rounds->missing > 0) {
    distinct->rows = rounds->first;
    capacity = weft__distinct_expect(distinct, keys, rounds->rows);
    rounds->table_bits = bits_for(capacity); /* never fewer than before: it grows */
    rounds->most_keys = (capacity > most ? capacity : most) + rounds->usual_rows;
    WEFT_TRY(weft__table_open(ctx, capacity, rounds->most_keys, 1u << rounds->table_bits, &rounds->larger));
    assert(rounds->table_bits >= rounds->bits);
    rounds->n_spare = 0;
  }
  return rounds->missing > 0 ? weft__distinct_reserve(ctx, distinct, capacity > most ? capacity : most) : WEFT_OK;
}

/* ---- Numbering ---- */

/* Tells chunks where their numbers begin. */
static void count(struct rounds *rounds) {
  struct distinct *distinct = &rounds->distinct;
  for (size_t chunk = 0; chunk < round_chunks(rounds); chunk++) {
    rounds->chunks[chunk].next = distinct->count;
    distinct->count += atomic_load_explicit(&rounds->chunks[chunk].added, memory_order_relaxed);
  }
}

static void replace_table(weft_ctx *ctx, struct rounds *rounds) {
  if (!rounds->larger.simd.buckets)
    return;
  weft__table_close(ctx->cache.slab, &rounds->distinct.table);
  rounds->distinct.table = rounds->larger;
  rounds->larger = (struct table){0};
}

/* Numbers the new keys of a chunk. */
static void number_chunk(const struct rounds *rounds, size_t chunk) {
  const struct round_chunk *mine = &rounds->chunks[chunk];
  const struct distinct *distinct = &rounds->distinct;
  bool packs = rounds->packed && rounds->end < rounds->rows; /* nobody looks for keys after the last round */
  const uint32_t *order = rounds->order + chunk * ROUND_CHUNK;
  uint32_t next = mine->next, end = next + atomic_load_explicit(&mine->added, memory_order_relaxed);
  while (next < end) {
    size_t place = chunk * ROUND_CHUNK + *order++;
    rounds->number[place] = next;
    distinct->first_row[next] = rounds->row[place];
    if (packs)
      packed_copy(&distinct->how.packing, rounds->packed, place, distinct->packed, next);
    next += rounds->met[place] == rounds->new_ids + place; /* no branch: nobody knows which are new */
  }
}

static uint32_t number_of(const struct rounds *rounds, uint32_t id) {
  return id < rounds->new_ids ? id : rounds->number[id - rounds->new_ids];
}

/* Gives a chunk's newcomers their groups, or all of its rows where they have been grouped by themselves. */
static void write_chunk(const struct rounds *rounds, size_t chunk) {
  size_t base = chunk * ROUND_CHUNK, first = rounds->first + base;
  if (rounds->chunks[chunk].grouped)
    for (size_t row = first; row < least(first + ROUND_CHUNK, rounds->end); row++)
      rounds->group[row] = number_of(rounds, rounds->met[base + rounds->order[base + rounds->group[row]]]);
  else
    for (size_t place = base; place < base + rounds->chunks[chunk].newcomers; place++)
      rounds->group[rounds->row[place]] = number_of(rounds, rounds->met[place]);
}

/* The number of an entry of this hash: where its id is. */
static uint32_t *entry_of(const struct simd_table *table, uint64_t hash, uint32_t id) {
  for (struct simd_bucket *bucket = &table->buckets[simd_place(hash, table->n_buckets)];;
       bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS])) {
    unsigned slots = 0; /* no branch for each: which one has it is not to be guessed */
    for (unsigned slot = 0; slot < SIMD_SLOTS; slot++)
      slots |= (unsigned)(bucket->id[slot] == id) << slot;
    if (slots != 0)
      return &bucket->id[__builtin_ctz(slots)];
  }
}

/* Gives the entries of n new keys their numbers. */
static void write_entries(const struct rounds *rounds, const uint32_t *places, size_t n) {
  for (size_t k = 0; k < n; k++)
    *entry_of(&rounds->distinct.table.simd, rounds->hashes[places[k]], rounds->new_ids + places[k]) =
        rounds->number[places[k]];
}

/* Gives the entries of a part's new keys their numbers: of some at once, whose buckets have been asked for before. */
static void write_part(const struct rounds *rounds, size_t number) {
  enum { SOME = 64 };
  const struct simd_table *table = &rounds->distinct.table.simd;
  uint32_t some[SOME] = {0};
  size_t n = 0;
  for (size_t chunk = 0; chunk < round_chunks(rounds); chunk++) {
    struct places places = round_places(rounds, chunk, number);
    for (size_t place = places.first; place < places.end; place++) {
      some[n] = (uint32_t)place;
      __builtin_prefetch(&table->buckets[simd_place(rounds->hashes[place], table->n_buckets)], 1);
      n += rounds->met[place] == rounds->new_ids + place;
      if (n < SOME)
        continue;
      write_entries(rounds, some, n);
      n = 0;
    }
  }
  write_entries(rounds, some, n);
}

/* ---- The steps ---- */

/* How many units the parts make, each of as many parts. */
static size_t part_units(const struct rounds *rounds) {
  size_t parts = (size_t)1 << rounds->bits;
  while (!rounds->larger.simd.buckets && parts > 1 && rounds->missing / parts < LEAST_NEWCOMERS)
    parts /= 2;
  return parts;
}

size_t weft__round_units(const struct rounds *rounds, enum round_step step) {
  size_t chunks = round_chunks(rounds);
  bool any = rounds->missing > 0, moves = rounds->larger.simd.buckets != NULL;
  bool last = rounds->end == rounds->rows; /* after it nobody looks into the table */
  switch (step) {
  case ROUND_FIND: return chunks;
  case ROUND_PLAN: return chunks > 0;
  case ROUND_ENTER: return any || moves ? part_units(rounds) : 0;
  case ROUND_COUNT: return any || moves;
  case ROUND_NUMBER: return any ? chunks : 0;
  case ROUND_WRITE: return any ? chunks + (last ? 0 : part_units(rounds)) : 0;
  default: return chunks > 0;
  }
}

weft_status weft__round_work(weft_ctx *ctx, struct rounds *rounds, enum round_step step, size_t unit) {
  size_t chunks = round_chunks(rounds), parts = ((size_t)1 << rounds->bits) / part_units(rounds);
  switch (step) {
  case ROUND_FIND: return weft__round_find(ctx, rounds, unit);
  case ROUND_PLAN: return plan(ctx, rounds);
  case ROUND_ENTER: return weft__round_enter(ctx, rounds, unit * parts, (unit + 1) * parts);
  case ROUND_COUNT:
    replace_table(ctx, rounds);
    count(rounds);
    return WEFT_OK;
  case ROUND_NUMBER: number_chunk(rounds, unit); return WEFT_OK;
  case ROUND_WRITE:
    if (unit < chunks)
      write_chunk(rounds, unit);
    for (size_t part = (unit - chunks) * parts; unit >= chunks && part < (unit - chunks + 1) * parts; part++)
      write_part(rounds, part);
    return WEFT_OK;
  default: return end_round(ctx, rounds);
  }
}
