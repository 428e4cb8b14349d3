/* SPDX-License-Identifier: MIT
 *
 * The kernels that hash rows of a column (kinds column64, column32, column128), which choose how: a few rows one by one; rows
 * whose lengths a predictor learns, or that are long, by a plain loop where they lie, which then nothing beats; all others
 * resolved, by the kernels of batches. Included by isa_table.c.
 */
#ifndef SIMD_KERNELS_COLUMN_H
#define SIMD_KERNELS_COLUMN_H

#include "simd/kernels/loop.h"
#include "simd/kernels/resolve.h"

/* A call of so many rows ends before vector code would have begun. */
#define FEW_ROWS 8

static inline bool is_plain(const struct simd_column *column) {
  return !column->selection && !column->base_validity && !column->row_validity;
}

/* DO, with i from 0, p and bytes, for rows first .. first + n of a plain column. One loop per layout. */
#define FOR_PLAIN_ROWS(column, first, n, DO)                                                  \
  {                                                                                           \
    const uint8_t *data_ = (column)->data;                                                    \
    switch ((column)->layout) {                                                               \
    case SIMD_FIXED: {                                                                        \
      const size_t bytes = (column)->width;                                                   \
      const uint8_t *p = data_ + (first)*bytes;                                               \
      for (size_t i = 0; i < (n); i++, p += bytes)                                            \
        DO;                                                                                   \
      break;                                                                                  \
    }                                                                                         \
    case SIMD_OFFSETS32: {                                                                    \
      const int32_t *offsets_ = (const int32_t *)(column)->aux + (first);                     \
      for (size_t i = 0; i < (n); i++) {                                                      \
        const uint8_t *p = data_ + offsets_[i];                                               \
        const size_t bytes = (size_t)(offsets_[i + 1] - offsets_[i]);                         \
        DO;                                                                                   \
      }                                                                                       \
      break;                                                                                  \
    }                                                                                         \
    case SIMD_OFFSETS64: {                                                                    \
      const int64_t *offsets_ = (const int64_t *)(column)->aux + (first);                     \
      for (size_t i = 0; i < (n); i++) {                                                      \
        const uint8_t *p = data_ + offsets_[i];                                               \
        const size_t bytes = (size_t)(offsets_[i + 1] - offsets_[i]);                         \
        DO;                                                                                   \
      }                                                                                       \
      break;                                                                                  \
    }                                                                                         \
    case SIMD_POINTERS: {                                                                     \
      const uint8_t *const *ptrs_ = (const uint8_t *const *)(const void *)data_ + (first);    \
      const size_t *lengths_ = (const size_t *)(column)->aux + (first);                       \
      for (size_t i = 0; i < (n); i++) {                                                      \
        const uint8_t *p = ptrs_[i];                                                          \
        const size_t bytes = lengths_[i];                                                     \
        DO;                                                                                   \
      }                                                                                       \
      break;                                                                                  \
    }                                                                                         \
    default: {                                                                                \
      const uint8_t *view_ = data_ + (first)*16;                                              \
      for (size_t i = 0; i < (n); i++, view_ += 16) {                                         \
        int32_t words_[4];                                                                    \
        memcpy(words_, view_, sizeof words_);                                                 \
        const size_t bytes = (size_t)words_[0];                                               \
        const uint8_t *p = bytes > 12 ? (column)->buffers[words_[2]] + words_[3] : view_ + 4; \
        DO;                                                                                   \
      }                                                                                       \
      break;                                                                                  \
    }                                                                                         \
    }                                                                                         \
  }

/* Lengths of some rows of a plain column: two runs of neighbours, a third of the way and two thirds through. */
#define SAMPLE_RUN 8
struct sample {
  uint64_t bytes[2 * SAMPLE_RUN];
};

static inline void take_sample(const struct simd_column *column, size_t first, size_t n, struct sample *sample) {
  for (size_t run = 0; run < 2; run++) {
    size_t from = first + n * (run + 1) / 3 - SAMPLE_RUN / 2;
    FOR_PLAIN_ROWS(column, from, SAMPLE_RUN, ((void)p, sample->bytes[run * SAMPLE_RUN + i] = bytes))
  }
}

/* COLUMN_KERNEL(name, seed_word, hash_word, SEEDLESS(p, bytes), SEEDED(p, bytes, seed), loop_wins): the kernel name_column. Those
 * in capitals hash one row; loop_wins says of a sample, and of whether there is a seed, that the plain loop is faster than name,
 * the kernel of batches. name_rows does the rows of a batch one by one. */
#define COLUMN_KERNEL(name, seed_word, hash_word, SEEDLESS, SEEDED, loop_wins)                                             \
  /* Flat: gcc stops inlining in a function of so many loops, and calls cost what a short row does. */                     \
  __attribute__((flatten)) static uint64_t name##_seedless_loop(const struct simd_column *column, size_t first, size_t n,  \
                                                                hash_word *out) {                                          \
    uint64_t total = 0;                                                                                                    \
    FOR_PLAIN_ROWS(column, first, n, (out[i] = SEEDLESS(p, bytes), total += bytes))                                        \
    return total;                                                                                                          \
  }                                                                                                                        \
                                                                                                                           \
  /* With seeds one loop serves all layouts, a block of rows at a time. */                                                 \
  __attribute__((flatten)) static uint64_t name##_seeded_loop(const struct simd_column *column, size_t first, size_t n,    \
                                                              const seed_word *seeds, bool seed_per_row, hash_word *out) { \
    const uint8_t *ptrs[SIMD_BLOCK];                                                                                       \
    size_t lengths[SIMD_BLOCK], step = seed_per_row;                                                                       \
    uint64_t total = 0;                                                                                                    \
    for (size_t block = 0; block < n; block += SIMD_BLOCK) {                                                               \
      size_t here = n - block < SIMD_BLOCK ? n - block : SIMD_BLOCK;                                                       \
      FOR_PLAIN_ROWS(column, first + block, here, (ptrs[i] = p, lengths[i] = bytes, total += bytes))                       \
      for (size_t i = 0; i < here; i++)                                                                                    \
        out[block + i] = SEEDED(ptrs[i], lengths[i], seeds[(block + i) * step]);                                           \
    }                                                                                                                      \
    return total;                                                                                                          \
  }                                                                                                                        \
                                                                                                                           \
  static uint64_t name##_plain_loop(const struct simd_column *column, size_t first, size_t n, const seed_word *seeds,      \
                                    bool seed_per_row, hash_word *out) {                                                   \
    return !seed_per_row && seeds[0] == 0 ? name##_seedless_loop(column, first, n, out)                                    \
                                          : name##_seeded_loop(column, first, n, seeds, seed_per_row, out);                \
  }                                                                                                                        \
                                                                                                                           \
  static size_t name##_column(const struct simd_column *column, size_t first, size_t n, const seed_word *seeds,            \
                              bool seed_per_row, hash_word *out, struct simd_rows *batch) {                                \
    bool plain = is_plain(column), by_loop = n < FEW_ROWS;                                                                 \
    if (plain && n >= 2 * SAMPLE_RUN) {                                                                                    \
      struct sample sample;                                                                                                \
      take_sample(column, first, n, &sample);                                                                              \
      by_loop = loop_wins(&sample, seed_per_row || seeds[0] != 0);                                                         \
    }                                                                                                                      \
    if (plain && by_loop) {                                                                                                \
      batch->total_bytes = name##_plain_loop(column, first, n, seeds, seed_per_row, out);                                  \
      return 0;                                                                                                            \
    }                                                                                                                      \
    if (by_loop) {                                                                                                         \
      resolve_rows(column, first, n, batch);                                                                               \
      name##_rows(batch, 0, n, seeds, seed_per_row, out);                                                                  \
      return 0;                                                                                                            \
    }                                                                                                                      \
    resolve(column, first, n, batch);                                                                                      \
    return name(batch, seeds, seed_per_row, out);                                                                          \
  }

/* Of algorithms without a kernel of batches. */
#define LOOP_ALWAYS_WINS(sample, seeded) ((void)(sample), true)

#endif
