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

static inline bool is_plain(const struct simd_column *column) {
  return !column->selection && !column->base_validity && !column->row_validity;
}

/* Rows of a plain column from some row on, as arguments that stay in registers: what a call of a few rows waits for is each
 * store that is loaded again on the way to its first row. lead: what leads to rows at data (simd_lead of kernels.h). */
#define PLAIN_ROWS enum simd_layout layout, const void *data, const void *lead, size_t n

static inline const void *plain_data(const struct simd_column *column, size_t first) {
  static const size_t strides[] = {[SIMD_POINTERS] = sizeof(void *), [SIMD_VIEWS] = 16};
  size_t stride = column->layout == SIMD_FIXED ? column->width : strides[column->layout];
  return (const uint8_t *)column->data + first * stride;
}

static inline const void *plain_lead(const struct simd_column *column, size_t first) {
  static const size_t strides[] = {[SIMD_OFFSETS32] = sizeof(int32_t),
                                   [SIMD_OFFSETS64] = sizeof(int64_t),
                                   [SIMD_POINTERS] = sizeof(size_t),
                                   [SIMD_VIEWS] = 0};
  const void *lead = simd_lead(column->layout, column->aux, column->buffers, column->width);
  return column->layout == SIMD_FIXED ? lead : (const uint8_t *)lead + first * strides[column->layout];
}

/* DO, with i from 0, p and bytes, for PLAIN_ROWS. One loop per layout. */
#define FOR_PLAIN_ROWS(DO)                                                         \
  switch (layout) {                                                                \
  case SIMD_FIXED: {                                                               \
    const size_t bytes = (uintptr_t)lead;                                          \
    const uint8_t *p = data;                                                       \
    for (size_t i = 0; i < n; i++, p += bytes)                                     \
      DO;                                                                          \
    break;                                                                         \
  }                                                                                \
  case SIMD_OFFSETS32: {                                                           \
    const int32_t *offsets_ = lead;                                                \
    for (size_t i = 0; i < n; i++) {                                               \
      const uint8_t *p = (const uint8_t *)data + offsets_[i];                      \
      const size_t bytes = (size_t)(offsets_[i + 1] - offsets_[i]);                \
      DO;                                                                          \
    }                                                                              \
    break;                                                                         \
  }                                                                                \
  case SIMD_OFFSETS64: {                                                           \
    const int64_t *offsets_ = lead;                                                \
    for (size_t i = 0; i < n; i++) {                                               \
      const uint8_t *p = (const uint8_t *)data + offsets_[i];                      \
      const size_t bytes = (size_t)(offsets_[i + 1] - offsets_[i]);                \
      DO;                                                                          \
    }                                                                              \
    break;                                                                         \
  }                                                                                \
  case SIMD_POINTERS: {                                                            \
    const uint8_t *const *ptrs_ = data;                                            \
    const size_t *lengths_ = lead;                                                 \
    for (size_t i = 0; i < n; i++) {                                               \
      const uint8_t *p = ptrs_[i];                                                 \
      const size_t bytes = lengths_[i];                                            \
      DO;                                                                          \
    }                                                                              \
    break;                                                                         \
  }                                                                                \
  default: {                                                                       \
    const uint8_t *const *buffers_ = lead, *view_ = data;                          \
    for (size_t i = 0; i < n; i++, view_ += 16) {                                  \
      int32_t words_[4];                                                           \
      memcpy(words_, view_, sizeof words_);                                        \
      const size_t bytes = (size_t)words_[0];                                      \
      const uint8_t *p = bytes > 12 ? buffers_[words_[2]] + words_[3] : view_ + 4; \
      DO;                                                                          \
    }                                                                              \
    break;                                                                         \
  }                                                                                \
  }

/* Lengths of some rows of a plain column: two runs of neighbours, a third of the way and two thirds through. */
#define SAMPLE_RUN 32
#define SAMPLED (2 * SAMPLE_RUN)
struct sample {
  uint64_t bytes[SAMPLED];
};

static inline void take_run(PLAIN_ROWS, uint64_t *out) {
  FOR_PLAIN_ROWS(((void)p, out[i] = bytes))
}

static inline void take_sample(const struct simd_column *column, size_t first, size_t n, struct sample *sample) {
  for (size_t run = 0; run < 2; run++) {
    size_t from = first + n * (run + 1) / 3 - SAMPLE_RUN / 2;
    take_run(column->layout, plain_data(column, from), plain_lead(column, from), SAMPLE_RUN,
             sample->bytes + run * SAMPLE_RUN);
  }
}

/* Where rows lie; returns the sum of their lengths. */
static uint64_t plain_block(PLAIN_ROWS, const uint8_t **ptrs, uint64_t *lengths) {
  uint64_t total = 0;
  FOR_PLAIN_ROWS((ptrs[i] = p, lengths[i] = bytes, total += bytes))
  return total;
}

/* Puts the values of rows[n] of a column of fixed width one behind another. */
static inline void gather_values(const struct simd_column *column, const uint32_t *rows, size_t n, uint8_t *out) {
#define GATHER(w)                                                                      \
  case w:                                                                              \
    for (size_t i = 0; i < n; i++)                                                     \
      memcpy(out + i * (w), (const uint8_t *)column->data + (size_t)rows[i] * (w), w); \
    break;
  switch (column->width) {
    GATHER(1)
    GATHER(2)
    GATHER(4)
    GATHER(8)
    GATHER(16)
  default: break;
  }
#undef GATHER
}

static inline bool is_straight(const struct simd_column *column) {
  size_t width = column->width;
  return column->layout == SIMD_FIXED && width - 1 < 16 && (width & (width - 1)) == 0;
}

/* STRAIGHT_COLUMN(name, word): name_straight, which hashes columns of the widths of fixed.h by name_fixed, selected values being
 * gathered first and null rows' hashes mended afterwards; false, and nothing is done, for others. */
#define STRAIGHT_COLUMN(name, word)                                                                                     \
  static bool name##_straight(const struct simd_column *column, size_t first, size_t n, const word *seeds,              \
                              bool seed_per_row, word *out, struct simd_rows *batch, size_t *vector_rows) {             \
    const uint8_t *data = column->data;                                                                                 \
    size_t width = column->width, step = seed_per_row, done = 0, valid_rows = 0;                                        \
    if (!is_straight(column))                                                                                           \
      return false;                                                                                                     \
    if (is_plain(column)) {                                                                                             \
      batch->total_bytes = n * width;                                                                                   \
      *vector_rows = name##_fixed(data + first * width, width, n, seeds, seed_per_row, out);                            \
      return true;                                                                                                      \
    }                                                                                                                   \
    for (size_t at = 0; at < n; at += SIMD_BLOCK) {                                                                     \
      uint8_t values[SIMD_BLOCK * 16];                                                                                  \
      uint32_t plain[SIMD_BLOCK];                                                                                       \
      word row_seeds[SIMD_BLOCK];                                                                                       \
      size_t here = n - at < SIMD_BLOCK ? n - at : SIMD_BLOCK;                                                          \
      const uint32_t *rows = column->selection ? column->selection + first + at : NULL;                                 \
      uint64_t valid = validity(column, first + at, here, &rows, plain);                                                \
      size_t valid_here = (size_t)__builtin_popcountll(valid);                                                          \
      batch->valid[at / SIMD_BLOCK] = valid;                                                                            \
      valid_rows += valid_here;                                                                                         \
      memcpy(row_seeds, seeds + at * step, seed_per_row ? here * sizeof *seeds : sizeof *seeds); /* out may be seeds */ \
      if (column->selection && valid != 0) /* when all are null there may be no row 0 */                                \
        gather_values(column, rows, here, values);                                                                      \
      if (valid != 0)                                                                                                   \
        done += name##_fixed(column->selection ? values : data + (first + at) * width, width, here, row_seeds,          \
                             seed_per_row, out + at);                                                                   \
      if (valid_here != here)                                                                                           \
        NULLS_KEEP_SEEDS(batch, at, here, row_seeds, step, out + at);                                                   \
    }                                                                                                                   \
    batch->total_bytes = valid_rows * width;                                                                            \
    *vector_rows = done;                                                                                                \
    return true;                                                                                                        \
  }

/* COLUMN_KERNEL(name, seed_word, hash_word, SEEDLESS(p, bytes), SEEDED(p, bytes, seed), loop_wins): the kernels name_column and
 * name_few. Those in capitals hash one row; loop_wins says of a sample, and of whether there is one seed other than 0, that the plain loop is
 * faster than name, the kernel of batches. name_rows does the rows of a batch one by one.
 * Loops are flat: gcc stops inlining in a function of so many, and calls cost what a short row does. */
#define COLUMN_KERNEL(name, seed_word, hash_word, SEEDLESS, SEEDED, loop_wins)                                           \
  __attribute__((flatten)) static uint64_t name##_seedless_loop(PLAIN_ROWS, hash_word *out) {                            \
    uint64_t total = 0;                                                                                                  \
    FOR_PLAIN_ROWS((out[i] = SEEDLESS(p, bytes), total += bytes))                                                        \
    return total;                                                                                                        \
  }                                                                                                                      \
                                                                                                                         \
  /* With seeds one loop serves all layouts, a block of rows at a time. */                                               \
  __attribute__((noinline)) static uint64_t name##_seeded_loop(PLAIN_ROWS, const seed_word *seeds, bool seed_per_row,    \
                                                               hash_word *out) {                                         \
    const uint8_t *ptrs[SIMD_BLOCK];                                                                                     \
    uint64_t lengths[SIMD_BLOCK], total = plain_block(layout, data, lead, n, ptrs, lengths);                             \
    const struct simd_rows rows = {.rows = n, .ptrs = ptrs, .bytes = lengths};                                           \
    name##_rows(&rows, 0, n, seeds, seed_per_row, out);                                                                  \
    return total;                                                                                                        \
  }                                                                                                                      \
                                                                                                                         \
  static uint64_t name##_few(PLAIN_ROWS, seed_word seed, hash_word *out) {                                               \
    return seed == 0 ? name##_seedless_loop(layout, data, lead, n, out)                                                  \
                     : name##_seeded_loop(layout, data, lead, n, &seed, false, out);                                     \
  }                                                                                                                      \
                                                                                                                         \
  static size_t name##_column(const struct simd_column *column, size_t first, size_t n, const seed_word *seeds,          \
                              bool seed_per_row, hash_word *out, struct simd_rows *batch) {                              \
    size_t vector_rows;                                                                                                  \
    if (name##_straight(column, first, n, seeds, seed_per_row, out, batch, &vector_rows))                                \
      return vector_rows;                                                                                                \
    bool plain = is_plain(column), seeded = seed_per_row || seeds[0] != 0, by_loop = n < SIMD_FEW;                       \
    if (plain && n >= 2 * SAMPLED) {                                                                                     \
      struct sample sample;                                                                                              \
      take_sample(column, first, n, &sample);                                                                            \
      by_loop = loop_wins(&sample, seeded && !seed_per_row);                                                             \
    }                                                                                                                    \
    if (!by_loop) {                                                                                                      \
      resolve(column, first, n, batch);                                                                                  \
      return name(batch, seeds, seed_per_row, out);                                                                      \
    }                                                                                                                    \
    if (!plain) {                                                                                                        \
      resolve_rows(column, first, n, batch);                                                                             \
      name##_rows(batch, 0, n, seeds, seed_per_row, out);                                                                \
    } else if (seeded) {                                                                                                 \
      batch->total_bytes = 0;                                                                                            \
      for (size_t i = 0; i < n; i += SIMD_BLOCK)                                                                         \
        batch->total_bytes += name##_seeded_loop(column->layout, plain_data(column, first + i),                          \
                                                 plain_lead(column, first + i), n - i < SIMD_BLOCK ? n - i : SIMD_BLOCK, \
                                                 seed_per_row ? seeds + i : seeds, seed_per_row, out + i);               \
    } else {                                                                                                             \
      batch->total_bytes =                                                                                               \
          name##_seedless_loop(column->layout, plain_data(column, first), plain_lead(column, first), n, out);            \
    }                                                                                                                    \
    return 0;                                                                                                            \
  }

/* Of algorithms without a kernel of batches. */
#define LOOP_ALWAYS_WINS(sample, seeded) ((void)(sample), (void)(seeded), true)

#endif
