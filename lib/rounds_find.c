/* SPDX-License-Identifier: MIT
 *
 * Numbering keys in rounds: rows are looked up among the keys before, and newcomers brought together by part. Most of the
 * time is spent here; what is read is shared, what is written is a chunk's own, so that no thread waits for another.
 */
#include "lib/column.h"
#include "lib/rounds.h"

#include <string.h>

enum { FEW = 512 /* newcomers of a chunk, which show what the others are like */ };

/* Compares each row of a batch that met a hash with the first row of its key; where they differ the row may still have
 * another key of that hash, or none. */
static void verify_found(weft_ctx *ctx, const struct rounds *rounds, size_t first, size_t n, struct key_scratch *scratch) {
  const struct distinct *distinct = &rounds->distinct;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  for (size_t start = 0; start < n; start += SIMD_BLOCK) {
    uint64_t bits = 0;
    for (size_t k = 0, i = start; k < SIMD_BLOCK && i < n; k++, i++) {
      bool met = scratch->ids[i] != SIMD_NO_ID;
      scratch->others[i] = met ? scratch->ids[i] : 0;
      bits |= (uint64_t)met << k;
    }
    scratch->candidates[start / SIMD_BLOCK] = bits;
  }
  weft__keys_compare(ctx, &distinct->how, rounds->keys, rounds->n_keys, first, NULL, n, rounds->keys, distinct->packed,
                     scratch->others, distinct->first_row, scratch);
  memcpy(scratch->unlike, scratch->differ, words * sizeof *scratch->unlike); /* the other is weft__keys_equal's */
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w]; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      scratch->ids[i] = weft__round_search(ctx, rounds, &distinct->table.simd, scratch->hashes[i], first + i, scratch);
    }
}

/* A chunk's newcomers, in the order of their rows. */
struct newcomers {
  uint32_t n;
  uint64_t *hashes; /* [ROUND_CHUNK + 1], as row is: the last is one that is none after all */
  uint32_t *row;
  uint8_t *packed; /* [ROUND_CHUNK] */
};

static weft_status open_newcomers(weft_ctx *ctx, const struct rounds *rounds, struct newcomers *newcomers) {
  size_t stride = rounds->packed ? rounds->distinct.how.packing.stride : 0, room = ROUND_CHUNK + 1;
  *newcomers =
      (struct newcomers){.hashes = weft_alloc(ctx, room * (sizeof *newcomers->hashes + sizeof *newcomers->row + stride))};
  if (!newcomers->hashes)
    return ctx->cache.status;
  newcomers->row = (uint32_t *)(newcomers->hashes + room);
  newcomers->packed = (uint8_t *)(newcomers->row + room);
  return WEFT_OK;
}

/* Takes those of a batch down. */
static void note_newcomers(const struct rounds *rounds, size_t first, size_t rows, const struct key_scratch *scratch,
                           struct newcomers *newcomers) {
  uint32_t n = newcomers->n, before = n;
  for (size_t start = 0, end; start < rows; start = end) {
    end = least(rows, start + SIMD_BLOCK);
    uint32_t some = 0;
    for (size_t i = start; i < end; i++)
      some |= scratch->ids[i] == SIMD_NO_ID;
    for (size_t i = start; some && i < end; i++) { /* no branch: which keys are new is not to be guessed */
      newcomers->row[n] = (uint32_t)(first + i);
      newcomers->hashes[n] = scratch->hashes[i];
      n += scratch->ids[i] == SIMD_NO_ID;
    }
  }
  for (uint32_t k = before; rounds->packed && k < n; k++)
    packed_copy(&rounds->distinct.how.packing, scratch->packed, newcomers->row[k] - first, newcomers->packed, k);
  newcomers->n = n;
}

/* Gives a chunk's newcomers their places: a counting sort by part. */
static void place_newcomers(const struct rounds *rounds, size_t chunk, const struct newcomers *newcomers) {
  size_t base = chunk * ROUND_CHUNK, parts = (size_t)1 << rounds->bits;
  uint32_t *starts = round_starts(rounds, chunk), next[ROUND_PARTS] = {0}, at = 0;
  for (uint32_t k = 0; k < newcomers->n; k++)
    next[simd_part(newcomers->hashes[k], rounds->bits)]++;
  for (size_t part = 0; part < parts; part++) {
    starts[part] = at;
    at += next[part];
    next[part] = starts[part];
  }
  starts[parts] = at;
  for (uint32_t k = 0; k < newcomers->n; k++) {
    uint32_t to = next[simd_part(newcomers->hashes[k], rounds->bits)]++;
    rounds->order[base + k] = to;
    rounds->hashes[base + to] = newcomers->hashes[k];
    rounds->row[base + to] = newcomers->row[k];
    if (rounds->packed)
      packed_copy(&rounds->distinct.how.packing, newcomers->packed, k, rounds->packed, base + to);
  }
  rounds->chunks[chunk].newcomers = newcomers->n;
  atomic_store_explicit(&rounds->chunks[chunk].added, 0, memory_order_relaxed);
}

/* ---- Chunks in which keys come again and again ---- */

/* Whether they do among the first newcomers: they are numbered, in a table of their own. */
static weft_status do_repeat(weft_ctx *ctx, const struct newcomers *newcomers, bool *out) {
  uint32_t ids[FEW];
  size_t n = least(newcomers->n, FEW), keys = 0;
  struct table table;
  WEFT_TRY(weft__table_open(ctx, n, n, 1, &table));
  struct table_writer writer = table_writer(&table, NULL);
  memset(table.simd.buckets, 0xff, table.simd.n_buckets * sizeof *table.simd.buckets);
  weft_status status = weft__table_insert(ctx, &writer, newcomers->hashes, NULL, n, 0, ids, &keys);
  *out = keys < n - n / 8;
  weft__table_close(ctx->cache.slab, &table);
  return status;
}

/* The hashes of keys, by their numbers. */
static void read_hashes(const struct simd_table *table, uint64_t *hashes) {
  for (size_t i = 0; i < table->n_buckets; i++)
    for (const struct simd_bucket *bucket = &table->buckets[i];;) {
      for (unsigned slot = 0; slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID; slot++)
        hashes[bucket->id[slot]] = bucket->hash[slot];
      if (bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
        break;
      bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS]);
    }
}

/* Numbers the rows first .. end of a chunk by themselves, in group: one newcomer stands for each key. *out: this was
 * done; else different keys had the same hash. */
static weft_status group_chunk(weft_ctx *ctx, const struct rounds *rounds, size_t first, size_t end,
                               struct newcomers *newcomers, bool *out) {
  struct weft_column *keys = weft_alloc(ctx, rounds->n_keys * sizeof *keys);
  if (!keys)
    return ctx->cache.status;
  for (size_t k = 0; k < rounds->n_keys; k++)
    keys[k] = weft__column_slice(&rounds->keys[k], first, end - first);
  struct distinct distinct;
  weft_status status =
      weft__group(ctx, keys, rounds->n_keys, &rounds->distinct.how, end - first, rounds->group + first, &distinct);
  (void)!weft_free(ctx, keys);
  if (status != WEFT_OK)
    return status;
  *out = distinct.packed || !rounds->packed;
  newcomers->n = distinct.count;
  read_hashes(&distinct.table.simd, newcomers->hashes);
  for (uint32_t id = 0; id < distinct.count; id++)
    newcomers->row[id] = (uint32_t)first + distinct_first_row(&distinct, id);
  if (rounds->packed && distinct.packed)
    memcpy(newcomers->packed, distinct.packed, (size_t)distinct.count * distinct.how.packing.stride);
  weft__distinct_close(ctx->cache.slab, &distinct);
  return WEFT_OK;
}

/* Looks rows first .. end of a chunk up. *repeat: its first ones are newcomers whose keys come again and again, and no
 * more was done. */
static weft_status look_up(weft_ctx *ctx, const struct rounds *rounds, size_t first, size_t end,
                           struct newcomers *newcomers, bool *repeat) {
  const struct distinct *distinct = &rounds->distinct;
  bool look = true;
  struct key_scratch *scratch;
  weft_status status = weft__scratch_open(ctx, &scratch);
  if (status != WEFT_OK)
    return status;
  for (size_t at = first, n; status == WEFT_OK && at < end; at += n) {
    n = least(end - at, ctx->batch_size);
    scratch->ids = rounds->group + at;
    weft__keys_hash(ctx, &distinct->how, rounds->keys, rounds->n_keys, at, n, scratch);
    if (look)
      ctx->kernels->find(&distinct->table.simd, scratch->hashes, n, ctx->prefetch_distance, scratch->ids, scratch->later);
    else
      memset(scratch->ids, 0xff, n * sizeof *scratch->ids);
    if (look && !distinct->how.exact)
      verify_found(ctx, rounds, at, n, scratch);
    note_newcomers(rounds, at, n, scratch, newcomers);
    bool strange = at == first && newcomers->n >= n - n / 8;
    look = look && !(strange && !rounds->look);
    if (strange && repeat)
      status = do_repeat(ctx, newcomers, repeat);
    if (repeat && *repeat)
      break;
  }
  weft__scratch_close(ctx, scratch);
  return status;
}

weft_status weft__round_find(weft_ctx *ctx, struct rounds *rounds, size_t chunk) {
  size_t first = rounds->first + chunk * ROUND_CHUNK, end = least(first + ROUND_CHUNK, rounds->end);
  struct newcomers newcomers;
  bool repeat = false, grouped = false;
  WEFT_TRY(open_newcomers(ctx, rounds, &newcomers));
  weft_status status = look_up(ctx, rounds, first, end, &newcomers, &repeat);
  if (status == WEFT_OK && repeat)
    status = group_chunk(ctx, rounds, first, end, &newcomers, &grouped);
  if (status == WEFT_OK && repeat && !grouped) {
    newcomers.n = 0;
    status = look_up(ctx, rounds, first, end, &newcomers, NULL);
  }
  if (status == WEFT_OK) {
    place_newcomers(rounds, chunk, &newcomers);
    rounds->chunks[chunk].grouped = grouped;
  }
  (void)!weft_free(ctx, newcomers.hashes);
  return status;
}
