/* SPDX-License-Identifier: MIT
 *
 * Numbering keys in rounds: rows are looked up among the keys before, and newcomers brought together by part. Most of the
 * time is spent here; what is read is shared, what is written is a chunk's own, so that no thread waits for another.
 */
#include "lib/rounds.h"

#include <string.h>

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
      struct table_walk walk = {0};
      uint32_t id;
      do
        id = weft__table_next(&distinct->table.simd, scratch->hashes[i], &walk);
      while (id != SIMD_NO_ID && !weft__keys_equal(ctx, rounds->keys, rounds->n_keys, first + i, rounds->keys,
                                                   distinct_first_row(distinct, id), scratch));
      scratch->ids[i] = id;
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
  size_t stride = rounds->packed ? rounds->distinct.how.packing.stride : 0;
  *newcomers = (struct newcomers){
      .hashes = weft_alloc(ctx, (ROUND_CHUNK + 1) * (sizeof *newcomers->hashes + sizeof *newcomers->row + stride))};
  if (!newcomers->hashes)
    return ctx->cache.status;
  newcomers->row = (uint32_t *)(newcomers->hashes + ROUND_CHUNK + 1);
  newcomers->packed = (uint8_t *)(newcomers->row + ROUND_CHUNK + 1);
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

weft_status weft__round_find(weft_ctx *ctx, struct rounds *rounds, size_t chunk) {
  const struct distinct *distinct = &rounds->distinct;
  size_t first = rounds->first + chunk * ROUND_CHUNK, end = least(first + ROUND_CHUNK, rounds->end);
  struct key_scratch *scratch;
  struct newcomers newcomers;
  WEFT_TRY(open_newcomers(ctx, rounds, &newcomers));
  weft_status status = weft__scratch_open(ctx, &scratch);
  for (size_t at = first, n; status == WEFT_OK && at < end; at += n) {
    n = least(end - at, ctx->batch_size);
    scratch->ids = rounds->group + at;
    weft__keys_hash(ctx, &distinct->how, rounds->keys, rounds->n_keys, at, n, scratch);
    if (!rounds->look)
      memset(scratch->ids, 0xff, n * sizeof *scratch->ids);
    else
      ctx->kernels->find(&distinct->table.simd, scratch->hashes, n, ctx->prefetch_distance, scratch->ids, scratch->later);
    if (rounds->look && !distinct->how.exact)
      verify_found(ctx, rounds, at, n, scratch);
    note_newcomers(rounds, at, n, scratch, &newcomers);
  }
  if (status == WEFT_OK) {
    place_newcomers(rounds, chunk, &newcomers);
    weft__scratch_close(ctx, scratch);
  }
  (void)!weft_free(ctx, newcomers.hashes);
  return status;
}
