/* SPDX-License-Identifier: MIT
 *
 * The kernels that hash rows of a column (kinds column64 to column128, few64 to few128), which choose how: a few rows one
 * by one; rows whose lengths a predictor learns, or that are long, by a plain loop where they lie, which then nothing
 * beats; all others resolved, by the kernels of batches. Included by isa_table.c.
 */
#ifndef SIMD_KERNELS_COLUMN_H
#define SIMD_KERNELS_COLUMN_H

#include "simd/kernels/loop.h"
#include "simd/kernels/resolve_singly.h"
#include "simd/kernels/validity.h"

/* Rows that may be hashed where they lie, one after the other. */
static inline bool is_plain(const struct simd_column *column) {
  return !column->selection && !column->base_validity && !column->row_validity && !simd_is_turned(column);
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

/* Row i of PLAIN_ROWS of a layout: p and bytes. */
#define ROW_FIXED                       \
  const size_t bytes = (uintptr_t)lead; \
  const uint8_t *p = (const uint8_t *)data + i * bytes;
#define ROW_OFFSETS(word)                                 \
  const word *offsets_ = (const word *)lead + i;          \
  const uint8_t *p = (const uint8_t *)data + offsets_[0]; \
  const size_t bytes = (size_t)(offsets_[1] - offsets_[0]);
#define ROW_OFFSETS32 ROW_OFFSETS(int32_t)
#define ROW_OFFSETS64 ROW_OFFSETS(int64_t)
#define ROW_POINTERS                                    \
  const uint8_t *p = ((const uint8_t *const *)data)[i]; \
  const size_t bytes = ((const size_t *)lead)[i];
#define ROW_VIEWS                                        \
  const uint8_t *view_ = (const uint8_t *)data + i * 16; \
  int32_t words_[4];                                     \
  memcpy(words_, view_, sizeof words_);                  \
  const size_t bytes = (size_t)words_[0];                \
  const uint8_t *p = bytes > 12 ? ((const uint8_t *const *)lead)[words_[2]] + words_[3] : view_ + 4;

/* DO, with i, p and bytes, for all PLAIN_ROWS of a layout, or of whichever `layout` is. */
#define FOR_ROWS_OF(LAYOUT, DO)    \
  for (size_t i = 0; i < n; i++) { \
    ROW_##LAYOUT DO;               \
  }
#define FOR_ROWS(DO)                                     \
  switch (layout) {                                      \
  case SIMD_FIXED: FOR_ROWS_OF(FIXED, DO) break;         \
  case SIMD_OFFSETS32: FOR_ROWS_OF(OFFSETS32, DO) break; \
  case SIMD_OFFSETS64: FOR_ROWS_OF(OFFSETS64, DO) break; \
  case SIMD_POINTERS: FOR_ROWS_OF(POINTERS, DO) break;   \
  default: FOR_ROWS_OF(VIEWS, DO) break;                 \
  }

/* The sum of the rows' lengths; of all layouts but views. It is no part of the loops, where registers are short. */
static inline uint64_t plain_bytes(enum simd_layout layout, const void *lead, size_t n) {
  uint64_t total = 0;
  switch (layout) {
  case SIMD_FIXED: return n * (uintptr_t)lead;
  case SIMD_OFFSETS32: return (uint64_t)(((const int32_t *)lead)[n] - ((const int32_t *)lead)[0]);
  case SIMD_OFFSETS64: return (uint64_t)(((const int64_t *)lead)[n] - ((const int64_t *)lead)[0]);
  default:
    for (size_t i = 0; i < n; i++) {
      ONE_BY_ONE(i);
      total += ((const size_t *)lead)[i];
    }
    return total;
  }
}

/* Lengths of some rows of a plain column of SIMD_FEW rows or more: a run of neighbours in the middle, or where there are
 * more rows two, a third of the way and two thirds through. */
#define SAMPLE_RUN 24 /* at most */
#define SAMPLED (2 * SAMPLE_RUN)
struct sample {
  size_t rows; /* that it stands for */
  size_t mean; /* of their lengths, or where to know it takes a look at each row, of the sample's */
  size_t run;  /* rows of a run, a multiple of 8 */
  size_t n;    /* rows of the sample: of one run, or of two */
  uint64_t bytes[SAMPLED];
};

static inline void take_run(PLAIN_ROWS, uint64_t *out) {
  FOR_ROWS(((void)p, out[i] = bytes))
}

static inline void take_sample(const struct simd_column *column, size_t first, size_t n, struct sample *sample) {
  size_t runs = n < 256 ? 1 : 2, run = runs == 1 ? 16 : SAMPLE_RUN;
  sample->rows = n;
  sample->run = run;
  sample->n = runs * run;
  for (size_t k = 0; k < runs; k++) {
    size_t from = first + n * (k + 1) / (runs + 1) - run / 2;
    take_run(column->layout, plain_data(column, from), plain_lead(column, from), run, sample->bytes + k * run);
  }
  if (column->layout != SIMD_POINTERS && column->layout != SIMD_VIEWS) {
    sample->mean = plain_bytes(column->layout, plain_lead(column, first), n) / n;
  } else {
    sample->mean = 0;
    for (size_t i = 0; i < sample->n; i++)
      sample->mean += sample->bytes[i];
    sample->mean /= sample->n;
  }
}

/* Where rows lie; returns the sum of their lengths. */
static uint64_t plain_block(PLAIN_ROWS, const uint8_t **ptrs, uint64_t *lengths) {
  uint64_t total = 0;
  FOR_ROWS((ptrs[i] = p, lengths[i] = bytes, total += bytes))
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
    GATHER(12)
    GATHER(16)
  default: break;
  }
#undef GATHER
}

/* A width of fixed.h. */
static inline bool is_straight(size_t width) {
  return width <= 16 && ((1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 12 | 1 << 16) >> width & 1) != 0;
}

/* STRAIGHT_COLUMN(name, seed_word, hash_word, NULL_HASH): name_straight, which hashes columns of the widths of fixed.h by
 * name_fixed, selected values being gathered first and null rows' hashes mended afterwards; false, and nothing is done, for
 * others. */
#define STRAIGHT_COLUMN(name, seed_word, hash_word, NULL_HASH)                                                          \
  static bool name##_straight(const struct simd_column *column, size_t first, size_t n, const seed_word *seeds,         \
                              bool seed_per_row, hash_word *out, struct simd_rows *batch, size_t *vector_rows) {        \
    const uint8_t *data = column->data;                                                                                 \
    size_t width = column->width, step = seed_per_row, done = 0, valid_rows = 0;                                        \
    if (column->layout != SIMD_FIXED || !is_straight(width) || simd_is_turned(column))                                  \
      return false;                                                                                                     \
    if (is_plain(column)) {                                                                                             \
      batch->total_bytes = n * width;                                                                                   \
      *vector_rows = name##_fixed(data + first * width, width, n, seeds, seed_per_row, out);                            \
      return true;                                                                                                      \
    }                                                                                                                   \
    for (size_t at = 0; at < n; at += SIMD_BLOCK) {                                                                     \
      uint8_t values[SIMD_BLOCK * 16];                                                                                  \
      uint32_t plain[SIMD_BLOCK];                                                                                       \
      seed_word row_seeds[SIMD_BLOCK];                                                                                  \
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
        NULLS_KEEP_SEEDS(batch, at, here, row_seeds, step, out + at, NULL_HASH);                                        \
    }                                                                                                                   \
    batch->total_bytes = valid_rows * width;                                                                            \
    *vector_rows = done;                                                                                                \
    return true;                                                                                                        \
  }

/* Fewer values than this are done one by one sooner than in vectors, which fewer do not fill. */
#if defined(V64_LANES) && V64_LANES > 2
#define FEW_VALUES (2 * V64_LANES)
#else
#define FEW_VALUES 4
#endif

/* PLAIN_LOOP(function, hash_word, HASH(p, bytes), LAYOUT, ASK): a function that hashes PLAIN_ROWS of one layout and returns
 * their bytes, each layout having a function of its own, as registers are short in one that has all. ASK: a statement, done
 * for each row i. */
#define PLAIN_LOOP(function, hash_word, HASH, LAYOUT, ASK)                                                          \
  FLAT_COPY struct simd_done function(const void *data, const void *lead, size_t n, size_t ahead, hash_word *out) { \
    (void)ahead;                                                                                                    \
    FOR_ROWS_OF(LAYOUT, (ASK, out[i] = HASH(p, bytes)))                                                             \
    return (struct simd_done){plain_bytes(SIMD_##LAYOUT, lead, n), 0};                                              \
  }
#define ASK_NOTHING (void)0
/* For the pointer `ahead` rows on, or the last one. */
#define ASK_POINTER __builtin_prefetch(((const uint8_t *const *)data)[i + ahead < n ? i + ahead : n - 1])

/* COLUMN_KERNEL(name, seed_word, hash_word, SEEDLESS(p, bytes), loop_wins): the kernels name_column and name_few. SEEDLESS
 * hashes one row with seed 0; loop_wins says of a sample that the plain loop is faster than name, the kernel of batches.
 * name_rows does the rows of a batch one by one. */
#define COLUMN_KERNEL(name, seed_word, hash_word, SEEDLESS, loop_wins)                                                \
  PLAIN_LOOP(name##_of_fixed, hash_word, SEEDLESS, FIXED, ASK_NOTHING)                                                \
  PLAIN_LOOP(name##_of_offsets32, hash_word, SEEDLESS, OFFSETS32, ASK_NOTHING)                                        \
  PLAIN_LOOP(name##_of_offsets64, hash_word, SEEDLESS, OFFSETS64, ASK_NOTHING)                                        \
  PLAIN_LOOP(name##_of_pointers, hash_word, SEEDLESS, POINTERS, ASK_POINTER)                                          \
                                                                                                                      \
  /* All layouts but views, without a seed. Returns the rows' bytes. */                                               \
  ALWAYS_INLINE struct simd_done name##_plain(PLAIN_ROWS, size_t ahead, hash_word *out) {                             \
    switch (layout) {                                                                                                 \
    case SIMD_FIXED: return name##_of_fixed(data, lead, n, ahead, out);                                               \
    case SIMD_OFFSETS32: return name##_of_offsets32(data, lead, n, ahead, out);                                       \
    case SIMD_OFFSETS64: return name##_of_offsets64(data, lead, n, ahead, out);                                       \
    default: return name##_of_pointers(data, lead, n, ahead, out);                                                    \
    }                                                                                                                 \
  }                                                                                                                   \
                                                                                                                      \
  /* Views, and all layouts with a seed. */                                                                           \
  __attribute__((noinline)) static struct simd_done name##_few_else(PLAIN_ROWS, seed_word seed, hash_word *out) {     \
    const uint8_t *ptrs[SIMD_FEW];                                                                                    \
    uint64_t lengths[SIMD_FEW], total = plain_block(layout, data, lead, n, ptrs, lengths);                            \
    const struct simd_rows rows = {.rows = n, .ptrs = ptrs, .bytes = lengths};                                        \
    if (seed == 0)                                                                                                    \
      name##_of_pointers(ptrs, lengths, n, 0, out);                                                                   \
    else                                                                                                              \
      name##_rows(&rows, 0, n, &seed, false, out);                                                                    \
    return (struct simd_done){total, 0};                                                                              \
  }                                                                                                                   \
                                                                                                                      \
  static struct simd_done name##_few(PLAIN_ROWS, seed_word seed, hash_word *out) {                                    \
    if (layout == SIMD_FIXED && n >= FEW_VALUES && is_straight((uintptr_t)lead))                                      \
      return (struct simd_done){n * (uintptr_t)lead, name##_fixed(data, (uintptr_t)lead, n, &seed, false, out)};      \
    if (seed != 0 || layout == SIMD_VIEWS)                                                                            \
      return name##_few_else(layout, data, lead, n, seed, out);                                                       \
    return name##_plain(layout, data, lead, n, 0, out);                                                               \
  }                                                                                                                   \
                                                                                                                      \
  static size_t name##_column(const struct simd_column *column, size_t first, size_t n, const seed_word *seeds,       \
                              bool seed_per_row, hash_word *out, struct simd_rows *batch) {                           \
    size_t vector_rows;                                                                                               \
    if (name##_straight(column, first, n, seeds, seed_per_row, out, batch, &vector_rows))                             \
      return vector_rows;                                                                                             \
    bool plain = is_plain(column), seeded = seed_per_row || seeds[0] != 0, by_loop = n < SIMD_FEW;                    \
    if (plain && !by_loop) {                                                                                          \
      struct sample sample;                                                                                           \
      take_sample(column, first, n, &sample);                                                                         \
      by_loop = loop_wins(&sample);                                                                                   \
    }                                                                                                                 \
    if (!by_loop) {                                                                                                   \
      resolve(column, first, n, batch);                                                                               \
      return name(batch, seeds, seed_per_row, out);                                                                   \
    }                                                                                                                 \
    if (plain && !seeded && column->layout != SIMD_VIEWS) {                                                           \
      batch->total_bytes =                                                                                            \
          name##_plain(column->layout, plain_data(column, first), plain_lead(column, first), n, batch->prefetch, out) \
              .bytes;                                                                                                 \
      return 0;                                                                                                       \
    }                                                                                                                 \
    if (plain) { /* blocks, so that reading where rows lie goes along with reading them */                            \
      uint64_t total = 0;                                                                                             \
      batch->has_nulls = false;                                                                                       \
      batch->next.at = NULL;                                                                                          \
      for (size_t at = 0; at < n; at += SIMD_BLOCK) {                                                                 \
        const void *data = plain_data(column, first + at), *lead = plain_lead(column, first + at);                    \
        batch->rows = n - at < SIMD_BLOCK ? n - at : SIMD_BLOCK;                                                      \
        total += plain_block(column->layout, data, lead, batch->rows, batch->ptrs, batch->bytes);                     \
        if (seeded)                                                                                                   \
          name##_rows(batch, 0, batch->rows, seed_per_row ? seeds + at : seeds, seed_per_row, out + at);              \
        else                                                                                                          \
          name##_of_pointers(batch->ptrs, batch->bytes, batch->rows, batch->prefetch, out + at);                      \
      }                                                                                                               \
      batch->total_bytes = total;                                                                                     \
      return 0;                                                                                                       \
    }                                                                                                                 \
    resolve(column, first, n, batch);                                                                                 \
    name##_rows(batch, 0, n, seeds, seed_per_row, out);                                                               \
    return 0;                                                                                                         \
  }

/* Of algorithms without a kernel of batches. */
#define LOOP_ALWAYS_WINS(sample) ((void)(sample), true)

#endif
