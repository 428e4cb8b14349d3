/* SPDX-License-Identifier: MIT
 *
 * The plain loops over xxHash's own functions, one row at a time: the whole of the scalar table (the oracle of the tests),
 * and what the other tables use for rows that no vector kernel is faster on. Included by isa_table.c and xxh3.h.
 */
#ifndef SIMD_KERNELS_LOOP_H
#define SIMD_KERNELS_LOOP_H

#include "simd/kernels.h"

/* Asks for the first bytes of the n rows that come batch->prefetch rows after row i; for rows beyond the batch, nothing. */
static inline void prefetch_ahead(const struct simd_rows *batch, size_t i, size_t n) {
  if (batch->prefetch == 0 || i + batch->prefetch + n > batch->rows)
    return;
  for (size_t k = 0; k < n; k++)
    __builtin_prefetch(batch->ptrs[i + batch->prefetch + k]);
}

/* The rows at a batch's start, which no earlier row has asked for. */
static inline void prefetch_start(const struct simd_rows *batch) {
  for (size_t i = 0; i < batch->prefetch && i < batch->rows; i++)
    __builtin_prefetch(batch->ptrs[i]);
}

/* LOOP(kernel, word, hash): the kernel's name, the type of its seeds and hashes, and hash(bytes, length, seed). Defines
 * kernel_rows, which does the rows first .. end of a batch, and the kernel. */
#define LOOP(kernel, word, hash)                                                                                           \
  static void kernel##_rows(const struct simd_rows *batch, size_t first, size_t end, const word *seeds, bool seed_per_row, \
                            word *out) {                                                                                   \
    size_t step = seed_per_row;                                                                                            \
    if (!batch->has_nulls && batch->prefetch == 0) {                                                                       \
      for (size_t i = first; i < end; i++)                                                                                 \
        out[i] = hash(batch->ptrs[i], batch->bytes[i], seeds[i * step]);                                                   \
      return;                                                                                                              \
    }                                                                                                                      \
    for (size_t i = first; i < end; i++) {                                                                                 \
      prefetch_ahead(batch, i, 1);                                                                                         \
      word seed = seeds[i * step];                                                                                         \
      bool valid = batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;                                                     \
      out[i] = valid ? hash(batch->ptrs[i], batch->bytes[i], seed) : seed;                                                 \
    }                                                                                                                      \
  }                                                                                                                        \
  static size_t kernel(const struct simd_rows *batch, const word *seeds, bool seed_per_row, word *out) {                   \
    prefetch_start(batch);                                                                                                 \
    kernel##_rows(batch, 0, batch->rows, seeds, seed_per_row, out);                                                        \
    return 0;                                                                                                              \
  }

LOOP(xxh3_64_loop, uint64_t, XXH3_64bits_withSeed)
LOOP(xxh64_loop, uint64_t, XXH64)
LOOP(xxh32_loop, uint32_t, XXH32)

#undef LOOP

#endif
