/* SPDX-License-Identifier: MIT
 *
 * The kernels xxh3_128 and combine128: XXH3 of 128 bits by xxHash's own functions, row by row, in every table. Included by
 * isa_table.c.
 */
#ifndef SIMD_KERNELS_XXH3_128_H
#define SIMD_KERNELS_XXH3_128_H

#include "simd/kernels/column.h"
#include "simd/kernels/xxh3_row.h"

__attribute__((flatten)) static void combine128(const struct simd_hash128 *next, size_t n, uint64_t seed,
                                                struct simd_hash128 *acc) {
  for (size_t i = 0; i < n; i++) {
    const uint64_t words[4] = {from_little(acc[i].low, 64), from_little(acc[i].high, 64), from_little(next[i].low, 64),
                               from_little(next[i].high, 64)};
    acc[i] = xxh3_128_seeded((const uint8_t *)words, sizeof words, seed);
  }
}

static size_t xxh3_128(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, struct simd_hash128 *out) {
  if (batch->rows == 0)
    return 0;
  prefetch_start(batch);
  xxh3_128_rows(batch, 0, batch->rows, seeds, seed_per_row, out);
  return 0;
}

#endif
