/* SPDX-License-Identifier: MIT
 *
 * The kernel xxh3_64 of the scalar and the SSE table: rows are sorted by the way that XXH3 goes for their length, and each
 * way's rows hashed by xxHash's code for it, whose branches are then known. In vectors of two lanes, which have no 64-bit
 * multiplication, the same takes longer (docs/internals/hash.md). Included by isa_table.c.
 */
#ifndef SIMD_KERNELS_XXH3_SCALAR_H
#define SIMD_KERNELS_XXH3_SCALAR_H

#include "simd/kernels/xxh3_row.h"
#include "simd/kernels/xxh3_ways.h"

/* A row's hash, whose length is known to be in a range (constants): the compiler leaves that way alone. seedless: with seed
 * 0, a constant too. */
ALWAYS_INLINE uint64_t xxh3_ranged(const uint8_t *p, size_t bytes, size_t least, size_t most, bool seedless,
                                   uint64_t seed) {
  if (bytes < least || bytes > most)
    __builtin_unreachable();
  return seedless ? xxh3_64_seedless(p, bytes) : xxh3_64_seeded(p, bytes, seed);
}

#define PIECE_ROWS 256 /* rows sorted at a time; their numbers are bytes */

/* A piece of a batch; arrays begin at it. The seed of row i is seeds[i * step]. */
struct xxh3_piece {
  const struct simd_rows *batch;
  size_t first, n;
  const uint8_t *const *ptrs;
  const uint64_t *bytes;
  const uint64_t *seeds;
  size_t step;
  const uint64_t *long_secret; /* of the one seed */
  uint64_t *out;
};

/* For every eighth of a list's rows asks for the share of so many. */
ALWAYS_INLINE void ask_by_eights(const struct simd_rows *batch, size_t asked, size_t k, size_t n) {
  if (k % 8 == 0)
    prefetch_ahead(batch, asked + k, n - k < 8 ? n - k : 8);
}

/* The rows of one list, which all go one way; seedless: with seed 0 (a constant). asked: the rows of the batch whose share
 * of what comes next has been asked for. */
ALWAYS_INLINE void xxh3_way_rows(const struct xxh3_piece *p, unsigned way, const uint8_t *list, size_t n, size_t asked,
                                 bool seedless) {
#define WAY_ROWS(least, most)                                                                       \
  for (size_t k = 0; k < n; k++) {                                                                  \
    size_t i = list[k];                                                                             \
    ask_by_eights(p->batch, asked, k, n);                                                           \
    p->out[i] = xxh3_ranged(p->ptrs[i], p->bytes[i], least, most, seedless, p->seeds[i * p->step]); \
  }                                                                                                 \
  break
  switch (way) {
  case WAY_0: WAY_ROWS(0, 0);
  case WAY_1TO3: WAY_ROWS(1, 3);
  case WAY_4TO8: WAY_ROWS(4, 8);
  case WAY_9TO16: WAY_ROWS(9, 16);
  case WAY_17TO32: WAY_ROWS(17, 32);
  case WAY_33TO64: WAY_ROWS(33, 64);
  case WAY_65TO96: WAY_ROWS(65, 96);
  case WAY_97TO128: WAY_ROWS(97, 128);
  case WAY_LONG:
    if (seedless || p->step != 0) {
      WAY_ROWS(241, SIZE_MAX);
    }
    for (size_t k = 0; k < n; k++) {
      ask_by_eights(p->batch, asked, k, n);
      p->out[list[k]] = xxh3_64_long(p->ptrs[list[k]], p->bytes[list[k]], p->long_secret);
    }
    break;
  default: WAY_ROWS(129, 240);
  }
#undef WAY_ROWS
}

ALWAYS_INLINE void xxh3_piece_rows(const struct xxh3_piece *p, bool seedless) {
  uint8_t lists[XXH3_WAYS][PIECE_ROWS];
  uint32_t counts[XXH3_WAYS] = {0};
  for (size_t i = 0; i < p->n; i++) {
    unsigned way = xxh3_ways[p->bytes[i] < 255 ? p->bytes[i] : 255];
    lists[way][counts[way]++] = (uint8_t)i;
  }
  size_t asked = p->first; /* rows whose share of what comes next has been asked for */
  for (unsigned way = 0; way < XXH3_WAYS; asked += counts[way++])
    if (counts[way] != 0)
      xxh3_way_rows(p, way, lists[way], counts[way], asked, seedless);
}

static void xxh3_seedless_piece(const struct xxh3_piece *p) {
  xxh3_piece_rows(p, true);
}

static void xxh3_seeded_piece(const struct xxh3_piece *p) {
  xxh3_piece_rows(p, false);
}

static size_t xxh3_64(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, uint64_t *out) {
  uint64_t row_seeds[PIECE_ROWS], long_secret[XXH3_LONG_SECRET / 8];
  if (batch->total_bytes > SORTED_MEAN * batch->rows) {
    xxh3_64_rows(batch, 0, batch->rows, seeds, seed_per_row, out);
    return 0;
  }
  if (batch->rows == 0)
    return 0;
  bool seedless = !seed_per_row && seeds[0] == 0;
  if (!seed_per_row)
    xxh3_long_secret(seeds[0], long_secret);
  prefetch_start(batch);
  for (size_t first = 0; first < batch->rows; first += PIECE_ROWS) {
    size_t left = batch->rows - first, n = left < PIECE_ROWS ? left : PIECE_ROWS;
    if (seed_per_row) /* out may be seeds */
      memcpy(row_seeds, seeds + first, n * sizeof *seeds);
    struct xxh3_piece piece = {.batch = batch,
                               .first = first,
                               .n = n,
                               .ptrs = batch->ptrs + first,
                               .bytes = batch->bytes + first,
                               .seeds = seed_per_row ? row_seeds : seeds,
                               .step = seed_per_row,
                               .long_secret = long_secret,
                               .out = out + first};
    (seedless ? xxh3_seedless_piece : xxh3_seeded_piece)(&piece);
    if (batch->has_nulls)
      NULLS_KEEP_SEEDS(batch, first, n, piece.seeds, piece.step, piece.out, NULL_IS_SEED);
  }
  return 0;
}

#endif
