/* SPDX-License-Identifier: MIT
 *
 * What kernels of every table share: asking for memory ahead, chunks, null rows, and the plain loops over xxHash's own
 * functions, one row at a time, for rows that no other code is faster on. Included by the kernels.
 */
#ifndef SIMD_KERNELS_LOOP_H
#define SIMD_KERNELS_LOOP_H

#include "simd/kernels/xxh3_row.h"

/* Asks for `bytes` bytes of memory, which go to the second cache: there they find room whatever a chunk's rows take. Where
 * the first line begins is not looked at: points of 64 bytes' distance meet every line, and their number stays the same
 * from call to call, so that no branch is mispredicted. */
static inline void prefetch_bytes(const uint8_t *from, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64)
    __builtin_prefetch(from + at, 0, 2);
}

/* While rows i .. i + n are worked on: asks for the first bytes of those batch->prefetch rows on (beyond the batch for
 * nothing), or where rows follow one another for all of batch->next. */
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

/* Rows of a batch that are sorted at a time, a multiple of SIMD_BLOCK: so few that their bytes stay in the nearest caches
 * until their class has its turn, as far as that leaves enough of each class. */
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

/* A null row's hash is its seed: of rows first .. first + n of a batch (first a multiple of SIMD_BLOCK), the seed of row i
 * being seeds[i * step]; NULL_HASH(seed): as a hash. */
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

/* ROWS(name, word, hash_word, NULL_HASH, HASH): name, which does the rows first .. end of a batch one by one, where they
 * are, by HASH(p, bytes, seed); words are the types of seeds and hashes. What lies in order it does not ask for: the
 * processor does. Nothing of the batch is read in the loop but its arrays: after a branch that was mispredicted each read
 * is waited for. */
#define ROWS(name, word, hash_word, NULL_HASH, HASH)                                                           \
  FLAT_COPY void name(const struct simd_rows *batch, size_t first, size_t end, const word *seeds, size_t step, \
                      hash_word *out, const uint64_t *secret) {                                                \
    const uint8_t *const *ptrs = batch->ptrs;                                                                  \
    const uint64_t *lengths = batch->bytes, *valid = batch->has_nulls ? batch->valid : NULL;                   \
    size_t ahead = batch->next.at ? 0 : batch->prefetch, last = batch->rows - 1;                               \
    (void)secret;                                                                                              \
    for (size_t i = first; i < end; i++) {                                                                     \
      word seed = seeds[i * step];                                                                             \
      if (ahead != 0)                                                                                          \
        __builtin_prefetch(ptrs[i + ahead < last ? i + ahead : last]);                                         \
      if (valid && !(valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1))                                             \
        out[i] = NULL_HASH(seed);                                                                              \
      else                                                                                                     \
        out[i] = HASH(ptrs[i], lengths[i], seed);                                                              \
    }                                                                                                          \
  }

/* LOOP_ROWS(hash, word, HASH): hash_rows, for algorithms to which all seeds are alike. */
#define LOOP_ROWS(hash, word, HASH)                                                                          \
  ROWS(hash##_one_by_one, word, word, NULL_IS_SEED, HASH)                                                    \
  static inline void hash##_rows(const struct simd_rows *batch, size_t first, size_t end, const word *seeds, \
                                 bool seed_per_row, word *out) {                                             \
    hash##_one_by_one(batch, first, end, seeds, seed_per_row, out, NULL);                                    \
  }

/* XXH3_ROWS(hash, hash_word, NULL_HASH): hash_rows, of XXH3: without a seed its secret is constant; with one for all rows
 * that of rows above 240 bytes is made once. */
#define XXH3_ROWS(hash, hash_word, NULL_HASH)                                                             \
  ROWS(hash##_seedless_rows, uint64_t, hash_word, NULL_HASH, hash##_SEEDLESS)                             \
  ROWS(hash##_seed_rows, uint64_t, hash_word, NULL_HASH, hash##_SEED)                                     \
  ROWS(hash##_seeds_rows, uint64_t, hash_word, NULL_HASH, hash##_seeded)                                  \
  static void hash##_rows(const struct simd_rows *batch, size_t first, size_t end, const uint64_t *seeds, \
                          bool seed_per_row, hash_word *out) {                                            \
    uint64_t secret[24];                                                                                  \
    if (seed_per_row) {                                                                                   \
      hash##_seeds_rows(batch, first, end, seeds, 1, out, NULL);                                          \
    } else if (seeds[0] == 0) {                                                                           \
      hash##_seedless_rows(batch, first, end, seeds, 0, out, NULL);                                       \
    } else {                                                                                              \
      xxh3_long_secret(seeds[0], secret);                                                                 \
      hash##_seed_rows(batch, first, end, seeds, 0, out, secret);                                         \
    }                                                                                                     \
  }
#define xxh3_64_SEEDLESS(p, bytes, seed) ((void)seed, xxh3_64_seedless(p, bytes))
#define xxh3_64_SEED(p, bytes, seed) ((bytes) > 240 ? xxh3_64_long(p, bytes, secret) : xxh3_64_seeded(p, bytes, seed))
#define xxh3_128_SEEDLESS(p, bytes, seed) ((void)seed, xxh3_128_seedless(p, bytes))
#define xxh3_128_SEED(p, bytes, seed) ((bytes) > 240 ? xxh3_128_long(p, bytes, secret) : xxh3_128_seeded(p, bytes, seed))

/* LOOP_KERNEL(hash, word): hash_loop, the kernel that does a whole batch by hash_rows. */
#define LOOP_KERNEL(hash, word)                                                                               \
  static size_t hash##_loop(const struct simd_rows *batch, const word *seeds, bool seed_per_row, word *out) { \
    prefetch_start(batch);                                                                                    \
    hash##_rows(batch, 0, batch->rows, seeds, seed_per_row, out);                                             \
    return 0;                                                                                                 \
  }

XXH3_ROWS(xxh3_64, uint64_t, NULL_IS_SEED)
XXH3_ROWS(xxh3_128, struct simd_hash128, NULL_IS_SEED128)
LOOP_ROWS(xxh64, uint64_t, XXH64)
LOOP_ROWS(xxh32, uint32_t, XXH32)

#endif
