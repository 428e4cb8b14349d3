/* SPDX-License-Identifier: MIT
 *
 * What kernels of every table share: asking for memory ahead, null rows, and the plain loops over xxHash's own functions, one row
 * at a time, for rows that no other code is faster on. Included by the kernels.
 */
#ifndef SIMD_KERNELS_LOOP_H
#define SIMD_KERNELS_LOOP_H

#include "simd/kernels/xxh3_row.h"

/* Asks for `bytes` bytes of memory, which go to the second cache: there they find room whatever a chunk's rows take. Where the
 * first line begins is not looked at: points of 64 bytes' distance meet every line, and their number stays the same from call to
 * call, so that no branch is mispredicted. */
static inline void prefetch_bytes(const uint8_t *from, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64)
    __builtin_prefetch(from + at, 0, 2);
}

/* While rows i .. i + n are worked on: asks for the first bytes of those batch->prefetch rows on (beyond the batch for nothing),
 * or where rows follow one another for all of batch->next. */
static inline void prefetch_ahead(const struct simd_rows *batch, size_t i, size_t n) {
  if (batch->next.at) {
    const struct simd_next *next = &batch->next;
    prefetch_bytes(next->at + i * next->step, n * next->step);
    prefetch_bytes(next->lead + i * next->lead_step, n * next->lead_step);
    return;
  }
  size_t from = i + batch->prefetch, to = from + n < batch->rows ? from + n : batch->rows;
  if (batch->prefetch == 0)
    return;
  for (size_t k = from; k < to; k++)
    __builtin_prefetch(batch->ptrs[k]);
}

/* Rows of a batch that are sorted at a time, a multiple of SIMD_BLOCK: so few that their bytes stay in the nearest caches until
 * their class has its turn, as far as that leaves enough of each class. */
#define CHUNK 1024
#define CHUNK_BYTES 65536
#define CHUNK_LEAST 256
static inline size_t chunk_rows(const struct simd_rows *batch) {
  size_t mean = (size_t)(batch->total_bytes / batch->rows) + 1, rows = CHUNK_BYTES / mean / SIMD_BLOCK * SIMD_BLOCK;
  return rows < CHUNK_LEAST ? CHUNK_LEAST : rows > CHUNK ? CHUNK : rows;
}

/* The rows at a batch's start, which no earlier row has asked for. */
static inline void prefetch_start(const struct simd_rows *batch) {
  for (size_t i = 0; i < batch->prefetch && i < batch->rows && !batch->next.at; i++)
    __builtin_prefetch(batch->ptrs[i]);
}

/* A null row's hash is its seed: of rows first .. first + n of a batch (first a multiple of SIMD_BLOCK), the seed of row i being
 * seeds[i * step]; NULL_HASH(seed): as a hash. */
#define NULL_IS_SEED(seed) (seed)
#define NULL_IS_SEED128(seed) ((struct simd_hash128){seed, 0})
#define NULLS_KEEP_SEEDS(batch, first, n, seeds, step, out, NULL_HASH)                                                    \
  for (size_t block_ = 0; block_ < (n); block_ += SIMD_BLOCK) {                                                           \
    size_t here_ = (n)-block_ < SIMD_BLOCK ? (n)-block_ : SIMD_BLOCK;                                                     \
    uint64_t live_ = here_ < SIMD_BLOCK ? ((uint64_t)1 << here_) - 1 : UINT64_MAX;                                        \
    for (uint64_t nulls_ = ~(batch)->valid[((first) + block_) / SIMD_BLOCK] & live_; nulls_ != 0; nulls_ &= nulls_ - 1) { \
      size_t null_ = block_ + (size_t)__builtin_ctzll(nulls_);                                                            \
      (out)[null_] = NULL_HASH((seeds)[null_ * (step)]);                                                                  \
    }                                                                                                                     \
  }

/* LOOP_ROWS(hash, word, function): hash_rows, which does the rows first .. end of a batch by function(bytes, length, seed);
 * word is the type of seeds and hashes. */
#define LOOP_ROWS(hash, word, function)                                                                  \
  FLAT_COPY void hash##_rows(const struct simd_rows *batch, size_t first, size_t end, const word *seeds, \
                             bool seed_per_row, word *out) {                                             \
    size_t step = seed_per_row;                                                                          \
    for (size_t i = first; i < end; i++) {                                                               \
      word seed = seeds[i * step];                                                                       \
      prefetch_ahead(batch, i, 1);                                                                       \
      if (batch->has_nulls && !(batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1))                     \
        out[i] = seed;                                                                                   \
      else                                                                                               \
        out[i] = function(batch->ptrs[i], batch->bytes[i], seed);                                        \
    }                                                                                                    \
  }

/* LOOP_KERNEL(hash, word): hash_loop, the kernel that does a whole batch by hash_rows. */
#define LOOP_KERNEL(hash, word)                                                                               \
  static size_t hash##_loop(const struct simd_rows *batch, const word *seeds, bool seed_per_row, word *out) { \
    prefetch_start(batch);                                                                                    \
    hash##_rows(batch, 0, batch->rows, seeds, seed_per_row, out);                                             \
    return 0;                                                                                                 \
  }

LOOP_ROWS(xxh3_64, uint64_t, xxh3_64_seeded)
LOOP_ROWS(xxh64, uint64_t, XXH64)
LOOP_ROWS(xxh32, uint32_t, XXH32)

#endif
