/* SPDX-License-Identifier: MIT
 *
 * Pre-filters, see filter.h. One is built from the table's hashes when a prober has seen that few of its rows match; it is
 * the index's from then on, for all probers that see the same.
 */
#include "lib/filter.h"

#include <string.h>

/* A filter of 10 bits a key lets 1.3 % of the others through. Probing it takes half of what probing the table takes where
 * that is beyond the second-level cache, so it pays where fewer than two in five rows match; it is built when a prober has
 * seen a sixteenth as many rows as there are keys, and so may see some more. */
enum {
  FILTER_BITS = 10,
  LEAST_TABLE_BYTES = 1 << 20,
  LEAST_PROBED = 16384,
  PROBED_SHARE = 16,
  BLOCK_BYTES = SIMD_BLOOM_BLOCK
};

uint32_t weft__filter_blocks(uint32_t keys) {
  return (uint32_t)((uint64_t)keys * FILTER_BITS / (8 * BLOCK_BYTES)) + 1;
}

size_t weft__filter_bytes(const weft_index *index) {
  return atomic_load_explicit(&index->filter, memory_order_relaxed) ? (size_t)index->filter_blocks * BLOCK_BYTES : 0;
}

static bool pays(const weft_index *index, const struct key_scratch *scratch) {
  return (size_t)index->table.simd.n_buckets * sizeof(struct simd_bucket) > LEAST_TABLE_BYTES &&
         scratch->probed > LEAST_PROBED && scratch->probed > index->count / PROBED_SHARE &&
         scratch->met * 5 < scratch->probed * 2;
}

/* Inserts the hashes of all entries, a batch at a time. Buckets are in the order of their hashes' first bits, as a filter's
 * blocks are, so both are walked from front to back. */
static void fill(weft_ctx *ctx, const struct simd_table *table, uint8_t *blocks, uint32_t n_blocks,
                 struct key_scratch *scratch) {
  uint64_t *hashes = scratch->picked;
  size_t n = 0;
  for (size_t i = 0; i < table->n_buckets; i++) {
    const struct simd_bucket *bucket = &table->buckets[i];
    for (;;) {
      if (n + SIMD_SLOTS > ctx->batch_size) {
        ctx->kernels->bloom_insert(blocks, n_blocks, hashes, n, 0);
        n = 0;
      }
      for (unsigned slot = 0; slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID; slot++)
        hashes[n++] = bucket->hash[slot];
      if (bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
        break;
      bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS]);
    }
  }
  ctx->kernels->bloom_insert(blocks, n_blocks, hashes, n, 0);
}

/* The index's filter, made by the first that asks; NULL where there is no memory for it. */
static const uint8_t *filter_of(weft_ctx *ctx, weft_index *index, struct key_scratch *scratch) {
  uint8_t *filter = atomic_load_explicit(&index->filter, memory_order_acquire);
  if (filter)
    return filter;
  os_lock_take(&index->lock);
  filter = atomic_load_explicit(&index->filter, memory_order_relaxed);
  uint32_t n_blocks = index->filter_blocks;
  if (!filter) {
    filter = weft__slab_take(index->slab, (size_t)n_blocks * BLOCK_BYTES, NULL);
    if (filter) {
      weft__slab_advise(index->slab, filter, (size_t)n_blocks * BLOCK_BYTES);
      memset(filter, 0, (size_t)n_blocks * BLOCK_BYTES);
      fill(ctx, &index->table.simd, filter, n_blocks, scratch);
      atomic_store_explicit(&index->filter, filter, memory_order_release);
    }
  }
  os_lock_give(&index->lock);
  weft__slab_tell(index->slab);
  return filter;
}

/* Both ways of looking up a batch return how many rows met a hash. */
static size_t find_filtered(weft_ctx *ctx, const weft_index *index, const uint8_t *filter, const uint64_t *hashes, size_t n,
                            struct key_scratch *scratch) {
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK, picked = 0;
  ctx->kernels->bloom_find(filter, index->filter_blocks, hashes, n, ctx->prefetch_distance, scratch->look);
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->look[w] & scratch->valid[w]; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      if (i >= n)
        break;
      scratch->picked[picked] = hashes[i];
      scratch->places[picked++] = (uint32_t)i;
    }
  ctx->kernels->find(&index->table.simd, scratch->picked, picked, ctx->prefetch_distance, scratch->others, scratch->later);
  memset(scratch->ids, 0xff, n * sizeof *scratch->ids);
  size_t met = 0;
  for (size_t k = 0; k < picked; k++) {
    scratch->ids[scratch->places[k]] = scratch->others[k];
    met += scratch->others[k] != SIMD_NO_ID;
  }
  return met;
}

static size_t find_all(weft_ctx *ctx, const weft_index *index, const uint64_t *hashes, size_t n,
                       struct key_scratch *scratch) {
  ctx->kernels->find(&index->table.simd, hashes, n, ctx->prefetch_distance, scratch->ids, scratch->later);
  size_t met = 0;
  for (size_t i = 0; i < n; i++)
    met += scratch->ids[i] != SIMD_NO_ID;
  return met;
}

size_t weft__filter_find(weft_ctx *ctx, const weft_index *index, const uint64_t *hashes, size_t n,
                         struct key_scratch *scratch) {
  const uint8_t *filter = NULL;
  if (pays(index, scratch)) {
    filter = filter_of(ctx, (weft_index *)(uintptr_t)index, scratch);
    if (!filter) /* asked for again when as many more rows have come */
      scratch->probed = scratch->met = 0;
  }
  size_t met = filter ? find_filtered(ctx, index, filter, hashes, n, scratch) : find_all(ctx, index, hashes, n, scratch);
  scratch->met += met;
  scratch->probed += n;
  return met;
}
