/* SPDX-License-Identifier: MIT
 *
 * The plain loops over xxHash's own functions, one row at a time: the whole of the scalar table (the oracle of the tests),
 * and what the other tables use for rows that no vector kernel is faster on. Included by isa_table.c and xxh3.h.
 */
#ifndef SIMD_KERNELS_LOOP_H
#define SIMD_KERNELS_LOOP_H

#include "simd/kernels.h"

/* Asks for all lines of memory from `from` to `to`. */
static inline void prefetch_lines(const uint8_t *from, const uint8_t *to) {
  for (uintptr_t line = (uintptr_t)from & ~(uintptr_t)63; line < (uintptr_t)to; line += 64)
    __builtin_prefetch((const void *)line);
}

/* While rows i .. i + n are worked on: asks for the first bytes of those batch->prefetch rows on (beyond the batch for nothing),
 * or where rows follow one another for all of batch->next. */
static inline void prefetch_ahead(const struct simd_rows *batch, size_t i, size_t n) {
  if (batch->next.at) {
    const struct simd_next *next = &batch->next;
    prefetch_lines(next->at + i * next->step, next->at + (i + n) * next->step);
    prefetch_lines(next->lead + i * next->lead_step, next->lead + (i + n) * next->lead_step);
    return;
  }
  size_t from = i + batch->prefetch, to = from + n < batch->rows ? from + n : batch->rows;
  if (batch->prefetch == 0)
    return;
  for (size_t k = from; k < to; k++)
    __builtin_prefetch(batch->ptrs[k]);
}

/* The rows at a batch's start, which no earlier row has asked for. */
static inline void prefetch_start(const struct simd_rows *batch) {
  for (size_t i = 0; i < batch->prefetch && i < batch->rows && !batch->next.at; i++)
    __builtin_prefetch(batch->ptrs[i]);
}

/* A null row's hash is its seed: of rows first .. first + n (first a multiple of SIMD_BLOCK), row_seeds[n] or the one seed. */
static inline void nulls_keep_seeds(const struct simd_rows *batch, size_t first, size_t n, const uint64_t *row_seeds,
                                    uint64_t seed, uint64_t *out) {
  for (size_t block = 0; block < n; block += SIMD_BLOCK) {
    uint64_t nulls = ~batch->valid[(first + block) / SIMD_BLOCK];
    for (nulls &= n - block < SIMD_BLOCK ? ((uint64_t)1 << (n - block)) - 1 : UINT64_MAX; nulls != 0; nulls &= nulls - 1) {
      size_t i = block + (size_t)__builtin_ctzll(nulls);
      out[i] = row_seeds ? row_seeds[i] : seed;
    }
  }
}

/* LOOP_ROWS(hash, word, function): hash_rows, which does the rows first .. end of a batch by function(bytes, length, seed);
 * word is the type of seeds and hashes. */
#define LOOP_ROWS(hash, word, function)                                                                                  \
  static void hash##_rows(const struct simd_rows *batch, size_t first, size_t end, const word *seeds, bool seed_per_row, \
                          word *out) {                                                                                   \
    size_t step = seed_per_row;                                                                                          \
    if (!batch->has_nulls && batch->prefetch == 0 && !batch->next.at) {                                                  \
      for (size_t i = first; i < end; i++)                                                                               \
        out[i] = function(batch->ptrs[i], batch->bytes[i], seeds[i * step]);                                             \
      return;                                                                                                            \
    }                                                                                                                    \
    for (size_t i = first; i < end; i++) {                                                                               \
      prefetch_ahead(batch, i, 1);                                                                                       \
      word seed = seeds[i * step];                                                                                       \
      bool valid = batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;                                                   \
      out[i] = valid ? function(batch->ptrs[i], batch->bytes[i], seed) : seed;                                           \
    }                                                                                                                    \
  }

/* LOOP_KERNEL(hash, word): hash_loop, the kernel that does a whole batch by hash_rows. */
#define LOOP_KERNEL(hash, word)                                                                               \
  static size_t hash##_loop(const struct simd_rows *batch, const word *seeds, bool seed_per_row, word *out) { \
    prefetch_start(batch);                                                                                    \
    hash##_rows(batch, 0, batch->rows, seeds, seed_per_row, out);                                             \
    return 0;                                                                                                 \
  }

LOOP_ROWS(xxh3_64, uint64_t, XXH3_64bits_withSeed)
LOOP_ROWS(xxh64, uint64_t, XXH64)
LOOP_ROWS(xxh32, uint32_t, XXH32)

#endif
