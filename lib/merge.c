/* SPDX-License-Identifier: MIT
 *
 * Merging the keys of slices; see merge.h.
 *
 * A part's keys are looked up in the first slice's table, whose buckets come by in the same order, so that both are read
 * from front to back. Mostly all are there. The rest, of all slices but the first, goes to a table of the part's own.
 */
#include "lib/merge.h"

#include <string.h>

enum {
  PART_KEYS = 16384, /* to look up: what a thread works on for a tenth of a millisecond */
  MOST_PART_BITS = 11,
  CHAINS_AHEAD = 16 /* buckets */
};

/* One part at work. */
struct part {
  const struct merge *merge;
  size_t number;
  struct key_scratch *scratch; /* hashes, places: of a batch of a slice's keys; ids: the first slice's keys that they met */
  uint32_t *rows;              /* [batch] to be compared */
  struct rest {
    size_t n, room;
    uint64_t *hashes;
    uint32_t *rows, *places;
  } rest; /* keys that the first slice does not have */
};

weft_status weft__merge_plan(weft_ctx *ctx, struct merge *merge) {
  merge->places = 0;
  for (size_t i = 0; i < merge->n_slices; i++) {
    merge->slices[i].place = (uint32_t)merge->places;
    merge->places += merge->slices[i].distinct.count;
  }
  size_t others = merge->places - merge->slices[0].distinct.count, bytes = (others + 1) * sizeof *merge->number;
  while (merge->bits < MOST_PART_BITS && others >> merge->bits > PART_KEYS)
    merge->bits++;
  merge->number = weft_alloc(ctx, bytes);
  if (!merge->number)
    return ctx->cache.status;
  weft__slab_advise(ctx->cache.slab, merge->number, bytes);
  return WEFT_OK;
}

static uint32_t first_row(const struct slice *slice, uint32_t key) {
  return (uint32_t)slice->first + distinct_first_row(&slice->distinct, key);
}

/* ---- Comparing ---- */

/* The candidates among part->rows[n] that differ from the rows in scratch->others, besides those in scratch->unlike: to
 * scratch->unlike. */
static void compare_rows(weft_ctx *ctx, struct part *part, size_t n) {
  const struct merge *merge = part->merge;
  struct key_scratch *scratch = part->scratch;
  weft__keys_compare(ctx, merge->keys, merge->n_keys, 0, part->rows, n, false, merge->keys, NULL, NULL, NULL, scratch);
  for (size_t w = 0; w < (n + SIMD_BLOCK - 1) / SIMD_BLOCK; w++)
    scratch->unlike[w] |= scratch->differ[w];
}

/* Whether row i of a batch's, at `row`, has its key at another row. */
static bool equal(weft_ctx *ctx, const struct part *part, uint32_t row, uint32_t other) {
  const struct merge *merge = part->merge;
  return weft__keys_equal(ctx, merge->keys, merge->n_keys, row, merge->keys, other, part->scratch);
}

/* Compares the keys of a slice that met a hash of the first slice with the key of that; those that differ may still equal
 * another one of the same hash, or none. */
static void verify_found(weft_ctx *ctx, struct part *part, const struct slice *slice, size_t n) {
  const struct slice *first = &part->merge->slices[0];
  struct key_scratch *scratch = part->scratch;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  uint32_t *ids = scratch->ids, *keys = scratch->places;
  memset(scratch->candidates, 0, words * sizeof *scratch->candidates);
  memset(scratch->unlike, 0, words * sizeof *scratch->unlike);
  for (size_t i = 0; i < n; i++)
    scratch->candidates[i / SIMD_BLOCK] |= (uint64_t)(ids[i] != SIMD_NO_ID) << i % SIMD_BLOCK;
  bool look = true;
  if (slice->distinct.prefixes && first->distinct.prefixes) {
    look = weft__prefixes_compare(ctx, slice->distinct.prefixes, keys, n, first->distinct.prefixes, ids, scratch);
    memcpy(scratch->candidates, scratch->look, words * sizeof *scratch->candidates);
  }
  for (size_t i = 0; look && i < n; i++) {
    bool wanted = scratch->candidates[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
    part->rows[i] = wanted ? first_row(slice, keys[i]) : 0;
    scratch->others[i] = wanted ? first_row(first, ids[i]) : 0;
  }
  if (look)
    compare_rows(ctx, part, n);
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w]; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      struct table_walk walk = {0};
      do
        ids[i] = weft__table_next(&first->distinct.table.simd, scratch->hashes[i], &walk);
      while (ids[i] != SIMD_NO_ID && !equal(ctx, part, first_row(slice, keys[i]), first_row(first, ids[i])));
    }
}

/* ---- Keys that the first slice has ---- */

static weft_status longer(weft_ctx *ctx, size_t room, size_t width, void *array) {
  void *old, *more;
  memcpy(&old, array, sizeof old);
  more = weft_realloc(ctx, old, room * width);
  if (!more)
    return ctx->cache.status;
  memcpy(array, &more, sizeof more);
  return WEFT_OK;
}

static weft_status make_room(weft_ctx *ctx, struct rest *rest, size_t n) {
  if (rest->room - rest->n >= n)
    return WEFT_OK;
  size_t room = 2 * rest->n + n;
  WEFT_TRY(longer(ctx, room, sizeof *rest->hashes, &rest->hashes));
  WEFT_TRY(longer(ctx, room, sizeof *rest->rows, &rest->rows));
  WEFT_TRY(longer(ctx, room, sizeof *rest->places, &rest->places));
  rest->room = room;
  return WEFT_OK;
}

/* Looks n keys of a slice up. Of two slices, keys that the first does not have are no one else's either. */
static weft_status look_up(weft_ctx *ctx, struct part *part, const struct slice *slice, size_t n) {
  const struct merge *merge = part->merge;
  struct key_scratch *scratch = part->scratch;
  struct rest *rest = &part->rest;
  uint32_t *number = merge_numbers(merge, slice);
  bool list = merge->n_slices > 2;
  ctx->kernels->find(&merge->slices[0].distinct.table.simd, scratch->hashes, n, ctx->prefetch_distance, scratch->ids,
                     scratch->later);
  if (!merge->how.exact)
    verify_found(ctx, part, slice, n);
  if (list)
    WEFT_TRY(make_room(ctx, rest, n));
  for (size_t i = 0; i < n; i++) {
    uint32_t key = scratch->places[i], id = scratch->ids[i], place = slice->place + key;
    number[key] = id != SIMD_NO_ID ? id : place;
    if (!list || id != SIMD_NO_ID)
      continue;
    rest->hashes[rest->n] = scratch->hashes[i];
    rest->rows[rest->n] = first_row(slice, key);
    rest->places[rest->n++] = place;
  }
  return WEFT_OK;
}

/* Walks a slice's keys of the part, which fill a range of its table's buckets, save that the first and the last of them
 * have others too. */
static weft_status look_slice_up(weft_ctx *ctx, struct part *part, const struct slice *slice) {
  const struct simd_table *table = &slice->distinct.table.simd;
  unsigned bits = part->merge->bits;
  uint64_t *hashes = part->scratch->hashes, buckets = table->n_buckets, round_up = ((uint64_t)1 << bits) - 1;
  uint32_t *keys = part->scratch->places;
  size_t n = 0, end = (size_t)(((part->number + 1) * buckets + round_up) >> bits);
  for (size_t i = (size_t)(part->number * buckets >> bits); i < end; i++) {
    const struct simd_bucket *bucket = &table->buckets[i], *later = i + CHAINS_AHEAD < end ? bucket + CHAINS_AHEAD : bucket;
    if (later->id[SIMD_SLOTS] != SIMD_NO_ID)
      __builtin_prefetch(simd_overflow_bucket(table, later->id[SIMD_SLOTS]));
    for (;;) {
      if (n + SIMD_SLOTS > ctx->batch_size) {
        WEFT_TRY(look_up(ctx, part, slice, n));
        n = 0;
      }
      for (unsigned slot = 0; slot < SIMD_SLOTS; slot++) {
        hashes[n] = bucket->hash[slot];
        keys[n] = bucket->id[slot];
        n += (keys[n] != SIMD_NO_ID) & (simd_part(hashes[n], bits) == part->number);
      }
      if (bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
        break;
      bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS]);
    }
  }
  return look_up(ctx, part, slice, n);
}

/* ---- The rest ---- */

/* Row i of the rest has the hash of another key: finds its key among the entries of that hash, or enters it. */
static weft_status settle(weft_ctx *ctx, struct part *part, struct table_writer *writer, size_t i, uint32_t *id) {
  const struct rest *rest = &part->rest;
  struct table_walk walk = {0};
  while ((*id = weft__table_next(&writer->simd, rest->hashes[i], &walk)) != SIMD_NO_ID)
    if (equal(ctx, part, rest->rows[i], rest->rows[*id]))
      return WEFT_OK;
  *id = (uint32_t)i;
  return weft__table_enter(ctx, writer, rest->hashes[i], *id);
}

/* Compares those of the rest's at .. at + n that met another's hash, ids[n]. */
static weft_status verify_rest(weft_ctx *ctx, struct part *part, struct table_writer *writer, size_t at, size_t n) {
  struct key_scratch *scratch = part->scratch;
  const uint32_t *rows = part->rest.rows;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  memset(scratch->candidates, 0, words * sizeof *scratch->candidates);
  memset(scratch->unlike, 0, words * sizeof *scratch->unlike);
  for (size_t i = 0; i < n; i++) {
    part->rows[i] = rows[at + i];
    scratch->others[i] = rows[scratch->ids[i]];
    scratch->candidates[i / SIMD_BLOCK] |= (uint64_t)(scratch->ids[i] != at + i) << i % SIMD_BLOCK;
  }
  compare_rows(ctx, part, n);
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w]; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      WEFT_TRY(settle(ctx, part, writer, at + i, &scratch->ids[i]));
    }
  return WEFT_OK;
}

/* Enters the rest in a table of its own, with their places in the rest as ids; those come by in the order of the slices, so
 * that a key's entry is its first slice's. */
static weft_status enter_rest(weft_ctx *ctx, struct part *part, struct table *table) {
  const struct merge *merge = part->merge;
  const struct rest *rest = &part->rest;
  uint32_t *number = merge_numbers(merge, &merge->slices[1]), *ids = part->scratch->ids, base = merge->slices[1].place;
  struct table_writer writer = table_writer(table, NULL);
  memset(table->simd.buckets, 0xff, (size_t)table->simd.n_buckets * sizeof *table->simd.buckets);
  for (size_t at = 0, n; at < rest->n; at += n) {
    size_t entered;
    n = rest->n - at < ctx->batch_size ? rest->n - at : ctx->batch_size;
    for (size_t i = 0; i < n; i++)
      ids[i] = (uint32_t)(at + i);
    WEFT_TRY(weft__table_insert(ctx, &writer, rest->hashes + at, ids, n, 0, ids, &entered));
    if (entered < n && !merge->how.exact)
      WEFT_TRY(verify_rest(ctx, part, &writer, at, n));
    for (size_t i = 0; i < n; i++)
      number[rest->places[at + i] - base] = rest->places[ids[i]];
  }
  return WEFT_OK;
}

static weft_status merge_rest(weft_ctx *ctx, struct part *part) {
  struct table table;
  if (part->rest.n == 0)
    return WEFT_OK;
  WEFT_TRY(weft__table_open(ctx, part->rest.n, part->rest.n, 1, &table));
  weft_status status = enter_rest(ctx, part, &table);
  weft__table_close(ctx->cache.slab, &table);
  return status;
}

/* ---- All of it ---- */

weft_status weft__merge_part(weft_ctx *ctx, const struct merge *merge, size_t number) {
  struct part part = {.merge = merge, .number = number};
  WEFT_TRY(weft__scratch_open(ctx, &part.scratch));
  part.rows = weft_alloc(ctx, ctx->batch_size * sizeof *part.rows);
  weft_status status = part.rows ? WEFT_OK : ctx->cache.status;
  for (size_t i = 1; i < merge->n_slices && status == WEFT_OK; i++)
    status = look_slice_up(ctx, &part, &merge->slices[i]);
  if (status == WEFT_OK)
    status = merge_rest(ctx, &part);
  (void)!weft_free(ctx, part.rest.hashes);
  (void)!weft_free(ctx, part.rest.rows);
  (void)!weft_free(ctx, part.rest.places);
  (void)!weft_free(ctx, part.rows);
  weft__scratch_close(ctx, part.scratch);
  return status;
}

size_t weft__merge_number(const struct merge *merge) {
  uint32_t first = merge->slices[0].distinct.count, next = first;
  for (size_t i = 0; i < merge->places - first; i++) {
    uint32_t place = merge->number[i];
    if (place == first + i)
      merge->number[i] = next++;
    else if (place >= first)
      merge->number[i] = merge->number[place - first];
  }
  return next;
}
