/* SPDX-License-Identifier: MIT
 *
 * The kernel xxh3_64 of a table with vectors: rows of at most 16 bytes by xxh3_short.h, longer ones by xxHash's own function.
 * Included by isa_table.c.
 */
#ifndef SIMD_KERNELS_XXH3_H
#define SIMD_KERNELS_XXH3_H

#include "simd/kernels/loop.h"
#include "simd/kernels/xxh3_short.h"

/* Where the vector code stops paying: it computes every row of a block, also those above 16 bytes, whose hashes are then
 * overwritten; the loop mispredicts about once a short row. Cycles a row, measured (bench_hash, 1-16 B in cache, Zen 4). */
#define SHORT_BYTES 16
#define LOOP_SHORT_COST 22
#if V64_LANES == 8
#define VECTOR_SHORT_COST 6
#elif V64_LANES == 4
#define VECTOR_SHORT_COST 11
#else
#define VECTOR_SHORT_COST 17
#endif

/* Bit i: row i of the SIMD_BLOCK rows has more than 16 bytes. */
static inline uint64_t above16(const uint64_t *bytes) {
  uint64_t mask = 0;
  for (size_t i = 0; i < SIMD_BLOCK; i += V64_LANES)
    mask |= m64_bits(v64_gt(v64_load(bytes + i), v64_set1(SHORT_BYTES))) << i;
  return mask;
}

/* Hashes the SIMD_BLOCK rows from row `first` of a batch on, none of them null or above 16 bytes. */
static inline void xxh3_short_block(const struct simd_rows *batch, size_t first, const uint64_t *seeds, bool seed_per_row,
                                    struct short_flips flips, uint64_t *out) {
  for (size_t i = first; i < first + SIMD_BLOCK; i += V64_LANES) {
    prefetch_ahead(batch, i, V64_LANES);
    if (seed_per_row)
      flips = short_flips(v64_load(seeds + i));
    v64_store(out + i, xxh3_short(batch->ptrs + i, batch->bytes + i, flips));
  }
}

/* Hashes a block of n <= SIMD_BLOCK rows in which there may be nulls, and rows above 16 bytes where `above` has their bits: all
 * of them as short ones, on copies of what may not be read past n, then row by row what is different. */
static void xxh3_mixed_block(const struct simd_rows *batch, size_t first, size_t n, uint64_t above, const uint64_t *seeds,
                             bool seed_per_row, struct short_flips flips, uint64_t *out) {
  uint64_t hashes[SIMD_BLOCK], row_seeds[SIMD_BLOCK] = {0}, short_bytes[SIMD_BLOCK];
  const uint8_t *const *ptrs = batch->ptrs + first;
  const uint64_t *bytes = batch->bytes + first;
  for (size_t i = 0; i < n; i++)
    row_seeds[i] = seeds[seed_per_row ? first + i : 0];
  const v64 limit = v64_set1(SHORT_BYTES);
  for (size_t i = 0; i < n; i += V64_LANES) {
    v64 length = v64_load(bytes + i);
    v64_store(short_bytes + i, v64_select(v64_gt(length, limit), limit, length));
  }
  for (size_t i = 0; i < n; i += V64_LANES) {
    prefetch_ahead(batch, first + i, V64_LANES);
    if (seed_per_row)
      flips = short_flips(v64_load(row_seeds + i));
    v64_store(hashes + i, xxh3_short(ptrs + i, short_bytes + i, flips));
  }
  for (uint64_t bits = above; bits != 0; bits &= bits - 1) {
    int i = __builtin_ctzll(bits);
    hashes[i] = XXH3_64bits_withSeed(ptrs[i], bytes[i], row_seeds[i]);
  }
  uint64_t live = n < SIMD_BLOCK ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
  for (uint64_t bits = ~batch->valid[first / SIMD_BLOCK] & live; bits != 0; bits &= bits - 1) {
    int i = __builtin_ctzll(bits);
    hashes[i] = row_seeds[i];
  }
  memcpy(out + first, hashes, n * sizeof *out);
}

static size_t xxh3_64(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, uint64_t *out) {
  struct short_flips flips = short_flips(v64_set1(seed_per_row ? 0 : seeds[0])); /* no rows, no seeds to read */
  size_t done = 0;
  prefetch_start(batch);
  for (size_t first = 0; first < batch->rows; first += SIMD_BLOCK) {
    size_t left = batch->rows - first, n = left < SIMD_BLOCK ? left : SIMD_BLOCK;
    uint64_t above = above16(batch->bytes + first);
    size_t rows_short = n - (size_t)__builtin_popcountll(above);
    if (rows_short * LOOP_SHORT_COST < n * VECTOR_SHORT_COST) {
      xxh3_64_rows(batch, first, first + n, seeds, seed_per_row, out);
      continue;
    }
    if (n == SIMD_BLOCK && above == 0 && batch->valid[first / SIMD_BLOCK] == UINT64_MAX)
      xxh3_short_block(batch, first, seeds, seed_per_row, flips, out);
    else
      xxh3_mixed_block(batch, first, n, above, seeds, seed_per_row, flips, out);
    done += rows_short;
  }
  return done;
}

#endif
