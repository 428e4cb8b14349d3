/* SPDX-License-Identifier: MIT
 *
 * The kernel `resolve`: from a column of any layout, with nulls and a selection, to a batch of addresses and lengths, the
 * one form that the hash kernels take. Included by isa_table.c, after vec.h where there are vectors.
 *
 * Null rows become empty ones, whose bytes nobody reads. Rows of which fewer than SIMD_EDGE bytes may be read are copied to
 * batch->edges: where a layout's data has a known end, those that lie less than SIMD_EDGE before it; of rows that are
 * anywhere (SIMD_POINTERS), those whose SIMD_EDGE bytes would reach into the next page, which may not be there.
 *
 * Numbers of a big-endian machine go there too, as their little-endian bytes.
 *
 * Lengths, nulls and whether a view is inline are what no predictor knows, so no row takes a branch on them: where it lies
 * is computed in each way that it could, and one is picked. Rows to copy are rare; they are noted as bits, and copied after
 * their block.
 */
#ifndef SIMD_KERNELS_RESOLVE_H
#define SIMD_KERNELS_RESOLVE_H

#include "simd/kernels/loop.h"
#include "simd/kernels/resolve_singly.h"
#include "simd/kernels/validity.h"

#define EACH_LAYOUT(LAYOUT) LAYOUT(FIXED) LAYOUT(OFFSETS32) LAYOUT(OFFSETS64) LAYOUT(POINTERS) LAYOUT(VIEWS)

#include "simd/kernels/resolve_lanes.h"

#ifndef RESOLVE_LANES
struct known_buffer {
  char none;
};
#define NO_KNOWN_BUFFER 0
ALWAYS_INLINE uint64_t resolve_some(const struct simd_column *c, enum simd_layout layout, bool selected, bool nulls,
                                    const struct some_rows *some, struct known_buffer *known, struct simd_rows *batch) {
  (void)known;
  return resolve_singly(c, layout, selected, nulls, some, 0, batch);
}
#endif

/* Rows first .. end of a batch are empty. */
static void resolve_to_nothing(size_t first, size_t end, struct simd_rows *batch) {
  for (size_t i = first; i < end; i++) {
    batch->ptrs[i] = nothing;
    batch->bytes[i] = 0;
  }
}

ALWAYS_INLINE void resolve_layout(const struct simd_column *column, enum simd_layout layout, bool selected, size_t first,
                                  size_t n, struct simd_rows *batch) {
  const struct simd_column c = *column; /* of which nothing changes when a batch's arrays do */
  size_t ahead = batch->prefetch, asked = ahead != 0 && ahead < n ? n - ahead : 0;
  struct known_buffer known = {NO_KNOWN_BUFFER};
  bool nullable = c.base_validity || c.row_validity, has_nulls = false;
  uint64_t total = 0;
  for (size_t at = 0; at < n; at += SIMD_BLOCK) {
    uint32_t plain[SIMD_BLOCK];
    size_t here = n - at < SIMD_BLOCK ? n - at : SIMD_BLOCK;
    uint64_t live = here < SIMD_BLOCK ? ((uint64_t)1 << here) - 1 : UINT64_MAX;
    struct some_rows some = {.row = first + at, .n = here, .valid = live, .at = at};
    if (selected) {
      some.rows = some.selection = c.selection + first + at;
      some.asked = asked > at ? asked - at : 0;
    }
    if (nullable)
      some.valid = validity(column, first + at, here, &some.rows, plain);
    batch->valid[at / SIMD_BLOCK] = some.valid | ~live;
    if (some.valid == live) {
      total += resolve_some(&c, layout, selected, false, &some, &known, batch);
      continue;
    }
    has_nulls = true;
    if (some.valid != 0)
      total += resolve_some(&c, layout, selected, true, &some, &known, batch);
    else
      resolve_to_nothing(at, at + here, batch);
  }
  batch->has_nulls = has_nulls;
  batch->total_bytes = total;
}

/* A function of its own for each way, so that what it has to decide is decided outside of its loops. */
#define FUNCTIONS(layout)                                                                                           \
  static void resolve_##layout(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) { \
    resolve_layout(column, SIMD_##layout, false, first, n, batch);                                                  \
  }                                                                                                                 \
  static void resolve_selected_##layout(const struct simd_column *column, size_t first, size_t n,                   \
                                        struct simd_rows *batch) {                                                  \
    resolve_layout(column, SIMD_##layout, true, first, n, batch);                                                   \
  }
EACH_LAYOUT(FUNCTIONS)

/* resolve, but for the empty rows up to the next block. */
static void resolve_rows(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
#define PAIR(layout) [SIMD_##layout] = {resolve_##layout, resolve_selected_##layout},
  static simd_resolve_fn *const functions[][2] = {EACH_LAYOUT(PAIR)};
  batch->rows = n;
  batch->next.at = NULL;
  functions[column->layout][column->selection != NULL](column, first, n, batch);
}
#undef FUNCTIONS
#undef PAIR
#undef EACH_LAYOUT

/* Of a resolved batch whose rows follow one another, all of them or with few left out: sets what is to be asked for, as far
 * ahead as rows are sorted at a time. The processor's own prefetching stops at the end of every page, and loses its way
 * where rows are visited by length. Of layouts that may lead anywhere the first row and the last one tell whether they
 * do. */
#define NEXT_SPARSE 4 /* one byte in so many is a row's */
static inline void set_next(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  bool plain = !column->selection, wide = column->layout == SIMD_OFFSETS64;
  if (column->layout == SIMD_FIXED && plain)
    batch->prefetch = 0; /* in steps that the processor foresees */
  if (batch->prefetch == 0)
    return;
  size_t ahead = chunk_rows(batch);
  if (plain && (wide || column->layout == SIMD_OFFSETS32)) {
    size_t width = wide ? sizeof(int64_t) : sizeof(int32_t);
    int64_t start = wide ? ((const int64_t *)column->aux)[first] : ((const int32_t *)column->aux)[first];
    batch->next.step = (size_t)(batch->total_bytes + n - 1) / n;
    batch->next.at = (const uint8_t *)column->data + start + ahead * batch->next.step;
    batch->next.lead = (const uint8_t *)column->aux + (first + ahead) * width;
    batch->next.lead_step = width;
    return;
  }
  uintptr_t start = (uintptr_t)batch->ptrs[0], span = (uintptr_t)batch->ptrs[n - 1] - start;
  if (n < SIMD_BLOCK || span > batch->total_bytes * NEXT_SPARSE || span < batch->total_bytes / 2)
    return;
  batch->next.step = span / n + 1;
  batch->next.at = (const uint8_t *)(start + ahead * batch->next.step);
  batch->next.lead_step = 0;
}

/* Numbers become copies, of at most 8 bytes, in which the last byte is the first. */
static inline void turn_numbers(struct simd_rows *batch) {
  for (size_t i = 0; i < batch->rows; i++) {
    size_t bytes = batch->bytes[i];
    uint8_t number[8]; /* the row may be its edge's already */
    memcpy(number, batch->ptrs[i], bytes);
    for (size_t k = 0; k < bytes; k++)
      batch->edges[i][k] = number[bytes - 1 - k];
    batch->ptrs[i] = batch->edges[i];
  }
}

static void resolve(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  resolve_rows(column, first, n, batch);
  if (simd_is_turned(column))
    turn_numbers(batch);
  resolve_to_nothing(n, (n + SIMD_BLOCK - 1) / SIMD_BLOCK * SIMD_BLOCK, batch);
  if (n > 0)
    set_next(column, first, n, batch);
}

#endif
