/* SPDX-License-Identifier: MIT
 *
 * Merging the keys of slices; see merge.h.
 *
 * A part's keys are looked up in the tables of the slices before, whose buckets come by in the same order, so that all are
 * read from front to back. Mostly the first has them. Where no two slices share keys, the work grows with the square of the
 * slices, divided among as many threads, and is 6 to 11 ns a key and slice.
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
  struct key_scratch *scratch; /* hashes, places: of a batch of a slice's keys; ids: another slice's keys that they met */
  uint32_t *rows;              /* [batch] to be compared */
};

weft_status weft__merge_plan(weft_ctx *ctx, struct merge *merge) {
  size_t places = 0;
  for (size_t i = 0; i < merge->n_slices; i++) {
    merge->slices[i].place = (uint32_t)places;
    places += merge->slices[i].distinct.count;
  }
  merge->n_numbers = places - merge->slices[0].distinct.count;
  while (merge->bits < MOST_PART_BITS && merge->n_numbers >> merge->bits > PART_KEYS)
    merge->bits++;
  size_t bytes = (merge->n_numbers + 1) * sizeof *merge->number; /* of one slice there is none */
  merge->number = weft_alloc(ctx, bytes);
  if (!merge->number)
    return ctx->cache.status;
  weft__slab_advise(ctx->cache.slab, merge->number, bytes);
  return WEFT_OK;
}

static uint32_t first_row(const struct slice *slice, uint32_t key) {
  return (uint32_t)slice->first + distinct_first_row(&slice->distinct, key);
}

/* Compares the keys of a slice that met a hash of one before with the key of that; those that differ may still equal
 * another one of the same hash, or none. */
static void verify(weft_ctx *ctx, const struct part *part, const struct slice *slice, const struct slice *before,
                   size_t n) {
  const struct merge *merge = part->merge;
  const struct weft_column *columns = merge->keys;
  struct key_scratch *scratch = part->scratch;
  const struct key_packing *packing = &before->distinct.how.packing;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  uint32_t *ids = scratch->ids, *keys = scratch->places;
  memset(scratch->candidates, 0, words * sizeof *scratch->candidates);
  memset(scratch->unlike, 0, words * sizeof *scratch->unlike);
  for (size_t i = 0; i < n; i++) {
    bool met = ids[i] != SIMD_NO_ID;
    scratch->candidates[i / SIMD_BLOCK] |= (uint64_t)met << i % SIMD_BLOCK;
    scratch->others[i] = met ? ids[i] : 0;
  }
  bool look = true;
  if (slice->distinct.packed && before->distinct.packed) { /* alike: what tells slices apart is whether strings are short */
    weft__packed_gather(packing, slice->distinct.packed, keys, n, scratch->packed);
    look = weft__packed_compare(packing, scratch->packed, true, n, before->distinct.packed, scratch->others,
                                scratch->candidates, scratch->unlike, scratch->look);
    memcpy(scratch->candidates, scratch->look, words * sizeof *scratch->candidates);
  }
  for (size_t i = 0; look && i < n; i++) {
    bool wanted = scratch->candidates[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
    part->rows[i] = wanted ? first_row(slice, keys[i]) : 0;
    scratch->others[i] = wanted ? first_row(before, ids[i]) : 0;
  }
  if (look)
    weft__keys_compare(ctx, &merge->how, columns, merge->n_keys, 0, part->rows, n, columns, NULL, NULL, NULL, scratch);
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w] |= look ? scratch->differ[w] : 0; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      struct table_walk walk = {0};
      do
        ids[i] = weft__table_next(&before->distinct.table.simd, scratch->hashes[i], &walk);
      while (ids[i] != SIMD_NO_ID && !weft__keys_equal(ctx, columns, merge->n_keys, first_row(slice, keys[i]), columns,
                                                       first_row(before, ids[i]), scratch));
    }
}

/* Looks n keys of a slice up in one slice before after another, until all are found. */
static void look_up(weft_ctx *ctx, const struct part *part, const struct slice *slice, size_t n) {
  const struct merge *merge = part->merge;
  struct key_scratch *scratch = part->scratch;
  uint64_t *hashes = scratch->hashes;
  uint32_t *keys = scratch->places, *number = merge_numbers(merge, slice);
  for (const struct slice *before = merge->slices; before < slice && n > 0; before++) {
    size_t left = 0;
    ctx->kernels->find(&before->distinct.table.simd, hashes, n, ctx->prefetch_distance, scratch->ids, scratch->later);
    if (!merge->how.exact)
      verify(ctx, part, slice, before, n);
    for (size_t i = 0; i < n; i++) {
      uint32_t key = keys[i], id = scratch->ids[i], none;
      *(id != SIMD_NO_ID ? &number[key] : &none) = before->place + id; /* no branch, and no store that would wait */
      hashes[left] = hashes[i];
      keys[left] = key;
      left += id == SIMD_NO_ID;
    }
    n = left;
  }
}

/* Walks a slice's keys of the part, which fill a range of its table's buckets, save that the first and the last of them
 * have others too. */
static void look_slice_up(weft_ctx *ctx, const struct part *part, const struct slice *slice) {
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
        look_up(ctx, part, slice, n);
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
  look_up(ctx, part, slice, n);
}

weft_status weft__merge_part(weft_ctx *ctx, const struct merge *merge, size_t number) {
  struct part part = {.merge = merge, .number = number};
  WEFT_TRY(weft__scratch_open(ctx, &part.scratch));
  part.rows = weft_alloc(ctx, ctx->batch_size * sizeof *part.rows);
  weft_status status = part.rows ? WEFT_OK : ctx->cache.status;
  for (size_t i = 1; i < merge->n_slices && status == WEFT_OK; i++)
    look_slice_up(ctx, &part, &merge->slices[i]);
  (void)!weft_free(ctx, part.rows);
  weft__scratch_close(ctx, part.scratch);
  return status;
}

size_t weft__merge_number(const struct merge *merge) {
  size_t first = merge->slices[0].distinct.count;
  uint32_t next = (uint32_t)first, *number = merge->number;
  for (size_t i = 0; i < merge->n_numbers; i++) {
    /* No branch: which keys are new is not to be guessed. The first slice's keys, which are less than `first`, and new ones
     * make a difference above i. */
    size_t same = number[i] - first;
    uint32_t known = number[i - ((i - same) & -(size_t)(same < i))];
    bool is_new = known == SIMD_NO_ID;
    number[i] = is_new ? next : known;
    next += is_new;
  }
  return next;
}
