/* SPDX-License-Identifier: MIT
 *
 * See aggregate_loops.h. Types are instances of the same macros.
 */
#include "aggregate_loops.h"
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static void *cleared(size_t n, size_t bytes) {
  void *cells = calloc(n ? n : 1, bytes);
  if (!cells)
    abort();
  return cells;
}

static void count_rows(const struct grouped *g, uint64_t *out) {
  memset(out, 0, g->groups * sizeof *out);
  for (size_t i = 0; i < g->rows; i++)
    out[g->group[i]]++;
}

/* T: of values; S: of their sums. */
#define SUMS(T, S, name)                                                    \
  static void sum_##name(const struct grouped *g, int average, void *out) { \
    struct cell {                                                           \
      uint64_t count;                                                       \
      S sum;                                                                \
    } *cells = cleared(g->groups, sizeof *cells);                           \
    const T *values = g->values;                                            \
    for (size_t i = 0; i < g->rows; i++) {                                  \
      struct cell *cell = &cells[g->group[i]];                              \
      cell->count++;                                                        \
      cell->sum += (S)values[i];                                            \
    }                                                                       \
    for (size_t k = 0; k < g->groups; k++)                                  \
      if (average)                                                          \
        ((double *)out)[k] = (double)cells[k].sum / (double)cells[k].count; \
      else                                                                  \
        ((S *)out)[k] = cells[k].sum;                                       \
    free(cells);                                                            \
  }

#define COMPENSATED(T, name)                                                                               \
  static void compensated_##name(const struct grouped *g, double *out) {                                   \
    struct cell {                                                                                          \
      uint64_t count;                                                                                      \
      double sum, lost;                                                                                    \
    } *cells = cleared(g->groups, sizeof *cells);                                                          \
    const T *values = g->values;                                                                           \
    for (size_t i = 0; i < g->rows; i++) {                                                                 \
      struct cell *cell = &cells[g->group[i]];                                                             \
      double value = (double)values[i], before = cell->sum, total = before + value, part = total - before; \
      cell->count++;                                                                                       \
      cell->lost += (before - (total - part)) + (value - part);                                            \
      cell->sum = total;                                                                                   \
    }                                                                                                      \
    for (size_t k = 0; k < g->groups; k++)                                                                 \
      out[k] = cells[k].sum + cells[k].lost;                                                               \
    free(cells);                                                                                           \
  }

#define EXTREMES(T, name)                                        \
  static void extremes_##name(const struct grouped *g, T *out) { \
    struct cell {                                                \
      uint64_t count;                                            \
      T least, most;                                             \
    } *cells = cleared(g->groups, sizeof *cells);                \
    const T *values = g->values;                                 \
    for (size_t i = 0; i < g->rows; i++) {                       \
      struct cell *cell = &cells[g->group[i]];                   \
      T value = values[i];                                       \
      if (cell->count++ == 0)                                    \
        cell->least = cell->most = value;                        \
      if (value < cell->least)                                   \
        cell->least = value;                                     \
      if (value > cell->most)                                    \
        cell->most = value;                                      \
    }                                                            \
    for (size_t k = 0; k < g->groups; k++) {                     \
      out[k] = cells[k].least;                                   \
      out[g->groups + k] = cells[k].most;                        \
    }                                                            \
    free(cells);                                                 \
  }

#define TYPES(X)                       \
  X(WEFT_I16, int16_t, int64_t, i16)   \
  X(WEFT_I32, int32_t, int64_t, i32)   \
  X(WEFT_I64, int64_t, int64_t, i64)   \
  X(WEFT_U8, uint8_t, uint64_t, u8)    \
  X(WEFT_U32, uint32_t, uint64_t, u32) \
  X(WEFT_U64, uint64_t, uint64_t, u64) \
  X(WEFT_F32, float, double, f32)      \
  X(WEFT_F64, double, double, f64)
#define DEFINE(type, T, S, name) SUMS(T, S, name) EXTREMES(T, name)
TYPES(DEFINE)
COMPENSATED(float, f32)
COMPENSATED(double, f64)

void loop_aggregate(const struct grouped *g, enum work work, void *out) {
  if (work == WORK_COUNT) {
    count_rows(g, out);
    return;
  }
  if (work == WORK_COMPENSATED) {
    (g->type == WEFT_F32 ? compensated_f32 : compensated_f64)(g, out);
    return;
  }
#define CASE(type, T, S, name)                  \
  case type:                                    \
    if (work == WORK_EXTREMES)                  \
      extremes_##name(g, out);                  \
    else                                        \
      sum_##name(g, work == WORK_AVERAGE, out); \
    break;
  switch (g->type) {
    TYPES(CASE)
  default: abort();
  }
}

void loop_partition(const uint64_t *hashes, size_t rows, size_t parts, unsigned bits, uint32_t *rows_out, size_t *offsets) {
  size_t *next = cleared(parts, sizeof *next), at = 0;
  for (size_t i = 0; i < rows; i++)
    next[bits ? hashes[i] >> (64 - bits) : hashes[i] % parts]++;
  for (size_t p = 0; p < parts; p++) {
    size_t count = next[p];
    offsets[p] = next[p] = at;
    at += count;
  }
  offsets[parts] = at;
  for (size_t i = 0; i < rows; i++)
    rows_out[next[bits ? hashes[i] >> (64 - bits) : hashes[i] % parts]++] = (uint32_t)i;
  free(next);
}
