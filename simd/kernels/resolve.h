/* SPDX-License-Identifier: MIT
 *
 * The kernel `resolve`: from a column of any layout, with nulls and a selection, to a batch of addresses and lengths, the one
 * form that the hash kernels take. Included by isa_table.c.
 *
 * Null rows become empty ones, whose bytes nobody reads. Rows of which fewer than SIMD_EDGE bytes may be read are copied to
 * batch->edges: where a layout's data has a known end, those that lie less than SIMD_EDGE before it; of rows that are
 * anywhere (SIMD_POINTERS), those whose SIMD_EDGE bytes would reach into the next page, which may not be there.
 */
#ifndef SIMD_KERNELS_RESOLVE_H
#define SIMD_KERNELS_RESOLVE_H

#include "simd/kernels.h"

#include <string.h>

#define PAGE 4096 /* the smallest page of any supported system */

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || defined(__SANITIZE_THREAD__) || \
    __has_feature(thread_sanitizer)
#define CHECKED_READS 1 /* reads past a row, though within its page, would be reported: copy every short row */
#else
#define CHECKED_READS 0
#endif

static const uint8_t nothing[SIMD_EDGE];

/* 64 bits of a bitmap from bit `first` on, of which n <= 64 are wanted and the others 0. Reads only bytes that hold wanted bits. */
static inline uint64_t bitmap_word(const uint8_t *bits, size_t first, size_t n) {
  const uint8_t *p = bits + first / 8;
  unsigned shift = first % 8;
  uint64_t word = 0;
  size_t bytes = (shift + n + 7) / 8;
  memcpy(&word, p, bytes < 8 ? bytes : 8);
  word >>= shift;
  if (bytes > 8)
    word |= (uint64_t)p[8] << (64 - shift);
  return n < 64 ? word & (((uint64_t)1 << n) - 1) : word;
}

static inline bool bitmap_bit(const uint8_t *bits, size_t i) {
  return bits[i / 8] >> i % 8 & 1;
}

/* Makes row i of a batch one of which SIMD_EDGE bytes may be read. */
static inline void copy_to_edge(struct simd_rows *batch, size_t i) {
  if (batch->bytes[i] != 0)
    memcpy(batch->edges[i], batch->ptrs[i], batch->bytes[i]);
  batch->ptrs[i] = batch->edges[i];
}

/* Row `row` of the layout into place i of the batch. keep is all ones, or 0 for a null row, of which nothing is read but
 * what every row has: its offsets, or its view. layout is a constant in every caller. */
static inline void resolve_row(const struct simd_column *column, enum simd_layout layout, size_t row, uint64_t keep,
                               struct simd_rows *batch, size_t i) {
  const uint8_t *data = column->data, *p, *end = data + column->data_bytes;
  uint64_t bytes;
  switch (layout) {
  case SIMD_FIXED:
    p = data + row * column->width;
    bytes = column->width;
    break;
  case SIMD_OFFSETS32: {
    const int32_t *offsets = (const int32_t *)column->aux + row;
    p = data + offsets[0];
    bytes = (uint64_t)(offsets[1] - offsets[0]);
    break;
  }
  case SIMD_OFFSETS64: {
    const int64_t *offsets = (const int64_t *)column->aux + row;
    p = data + offsets[0];
    bytes = (uint64_t)(offsets[1] - offsets[0]);
    break;
  }
  case SIMD_POINTERS:
    p = ((const uint8_t *const *)column->data)[row];
    bytes = ((const size_t *)column->aux)[row];
    break;
  default: { /* SIMD_VIEWS: length; inline bytes, or prefix, number of the buffer, offset */
    const uint8_t *view = data + row * 16;
    int32_t words[4];
    memcpy(words, view, sizeof words);
    bytes = (uint64_t)words[0] & keep;
    p = view + 4;
    if (bytes > 12) {
      p = column->buffers[words[2]] + words[3];
      end = column->buffers[words[2]] + column->buffer_bytes[words[2]];
    }
    break;
  }
  }
  bytes &= keep;
  batch->bytes[i] = bytes;
  batch->ptrs[i] = bytes != 0 ? p : nothing;
  if (bytes == 0 || bytes > SIMD_EDGE)
    return;
  bool edge = layout == SIMD_POINTERS ? CHECKED_READS || ((uintptr_t)p & (PAGE - 1)) > PAGE - SIMD_EDGE
                                      : (size_t)(end - p) < SIMD_EDGE;
  if (edge)
    copy_to_edge(batch, i);
}

/* Rows first .. first + n without selection, nulls being in batch->valid already where there are any. */
static inline void resolve_in_order(const struct simd_column *column, enum simd_layout layout, size_t first, size_t n,
                                    struct simd_rows *batch) {
  for (size_t i = 0; i < n; i++) {
    uint64_t valid = !batch->has_nulls || (batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1);
    resolve_row(column, layout, first + i, 0 - valid, batch, i);
  }
}

/* Asks for what leads to the bytes of the row that is selected batch->prefetch places after place i of `selection`. */
static inline void ask_for_selected(const struct simd_column *column, enum simd_layout layout, const uint32_t *selection,
                                    size_t i, size_t n, const struct simd_rows *batch) {
  static const size_t strides[] = {
      [SIMD_OFFSETS32] = 4, [SIMD_OFFSETS64] = 8, [SIMD_POINTERS] = sizeof(void *), [SIMD_VIEWS] = 16};
  if (batch->prefetch == 0 || i + batch->prefetch >= n || layout == SIMD_FIXED)
    return;
  size_t row = selection[i + batch->prefetch]; /* of a null row any number, and a prefetch of any address is harmless */
  const char *base = layout == SIMD_OFFSETS32 || layout == SIMD_OFFSETS64 ? column->aux : column->data;
  __builtin_prefetch((const void *)((uintptr_t)base + row * strides[layout]));
  if (layout == SIMD_POINTERS)
    __builtin_prefetch((const void *)((uintptr_t)column->aux + row * sizeof(size_t)));
}

/* Selected rows: as above; a null row's number is not looked at, row 0 takes its place (there is one: not all rows are null). */
static inline void resolve_selected(const struct simd_column *column, enum simd_layout layout, size_t first, size_t n,
                                    struct simd_rows *batch) {
  for (size_t i = 0; i < n; i++) {
    uint64_t valid = !batch->has_nulls || (batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1);
    ask_for_selected(column, layout, column->selection + first, i, n, batch);
    resolve_row(column, layout, column->selection[first + i] & (uint32_t)(0 - valid), 0 - valid, batch, i);
  }
}

/* Offsets in order, without nulls: a loop that compilers turn into vector code, and only rows at the data's end need more (after
 * the block in which nothing but the restricted pointers may reach the arrays). */
#define RESOLVE_OFFSETS(name, type)                                                                     \
  static void name(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) { \
    const uint8_t *data = column->data;                                                                 \
    const type *offsets = (const type *)column->aux + first;                                            \
    {                                                                                                   \
      const uint8_t **restrict ptrs = batch->ptrs;                                                      \
      uint64_t *restrict bytes = batch->bytes;                                                          \
      for (size_t i = 0; i < n; i++) {                                                                  \
        ptrs[i] = data + offsets[i];                                                                    \
        bytes[i] = (uint64_t)(offsets[i + 1] - offsets[i]);                                             \
      }                                                                                                 \
    }                                                                                                   \
    for (size_t i = n; i > 0 && column->data_bytes - (size_t)offsets[i - 1] < SIMD_EDGE; i--)           \
      copy_to_edge(batch, i - 1);                                                                       \
  }
RESOLVE_OFFSETS(resolve_offsets32, int32_t)
RESOLVE_OFFSETS(resolve_offsets64, int64_t)
#undef RESOLVE_OFFSETS

/* The same, selected. */
#define RESOLVE_SELECTED_OFFSETS(name, type)                                                            \
  static void name(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) { \
    const uint8_t *data = column->data, *end = data + column->data_bytes;                               \
    const type *offsets = column->aux;                                                                  \
    const uint32_t *selection = column->selection + first;                                              \
    size_t ahead = batch->prefetch, asked = ahead != 0 && ahead < n ? n - ahead : 0;                    \
    for (size_t i = 0; i < n; i++) {                                                                    \
      if (i < asked)                                                                                    \
        __builtin_prefetch(&offsets[selection[i + ahead]]);                                             \
      const type *row = offsets + selection[i];                                                         \
      batch->ptrs[i] = data + row[0];                                                                   \
      batch->bytes[i] = (uint64_t)(row[1] - row[0]);                                                    \
      if (end - batch->ptrs[i] < SIMD_EDGE)                                                             \
        copy_to_edge(batch, i);                                                                         \
    }                                                                                                   \
  }
RESOLVE_SELECTED_OFFSETS(resolve_selected_offsets32, int32_t)
RESOLVE_SELECTED_OFFSETS(resolve_selected_offsets64, int64_t)
#undef RESOLVE_SELECTED_OFFSETS

/* Fixed width in order, without nulls. */
static void resolve_fixed(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  const uint8_t *p = (const uint8_t *)column->data + first * column->width;
  size_t width = column->width;
  for (size_t i = 0; i < n; i++) {
    batch->ptrs[i] = p + i * width;
    batch->bytes[i] = width;
  }
  for (size_t i = n; i > 0 && column->data_bytes - (first + i - 1) * width < SIMD_EDGE; i--)
    copy_to_edge(batch, i - 1);
}

/* Fills batch->valid and has_nulls; returns the number of rows that are not null. */
static size_t resolve_validity(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  size_t valid_rows = 0;
  for (size_t block = 0; block * SIMD_BLOCK < n; block++) {
    size_t start = block * SIMD_BLOCK, left = n - start, here = left < SIMD_BLOCK ? left : SIMD_BLOCK;
    uint64_t live = here < SIMD_BLOCK ? ((uint64_t)1 << here) - 1 : UINT64_MAX, word = live;
    if (column->row_validity)
      word = bitmap_word(column->row_validity, column->row_bit_offset + first + start, here);
    if (column->base_validity && !column->selection)
      word &= bitmap_word(column->base_validity, column->base_bit_offset + first + start, here);
    else if (column->base_validity)
      for (uint64_t bits = word; bits != 0; bits &= bits - 1) {
        int i = __builtin_ctzll(bits);
        uint32_t row = column->selection[first + start + (size_t)i];
        word &= ~((uint64_t)!bitmap_bit(column->base_validity, column->base_bit_offset + row) << i);
      }
    valid_rows += (size_t)__builtin_popcountll(word);
    batch->valid[block] = word | ~live;
  }
  batch->has_nulls = valid_rows != n;
  return valid_rows;
}

/* Rows first .. end of a batch are empty. */
static void resolve_to_nothing(size_t first, size_t end, struct simd_rows *batch) {
  for (size_t i = first; i < end; i++) {
    batch->ptrs[i] = nothing;
    batch->bytes[i] = 0;
  }
}

/* resolve, but for the empty rows up to the next block. */
static void resolve_rows(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  batch->rows = n;
  batch->next.at = NULL;
  bool plain = !column->selection;
  if (resolve_validity(column, first, n, batch) == 0) {
    resolve_to_nothing(0, n, batch);
  } else if (!batch->has_nulls && column->layout == SIMD_OFFSETS32) {
    (plain ? resolve_offsets32 : resolve_selected_offsets32)(column, first, n, batch);
  } else if (!batch->has_nulls && column->layout == SIMD_OFFSETS64) {
    (plain ? resolve_offsets64 : resolve_selected_offsets64)(column, first, n, batch);
  } else if (plain && !batch->has_nulls && column->layout == SIMD_FIXED) {
    resolve_fixed(column, first, n, batch);
  } else {
    /* One loop per layout, so that its switch is decided outside. */
#define EACH(layout)                                     \
  case layout:                                           \
    if (plain)                                           \
      resolve_in_order(column, layout, first, n, batch); \
    else                                                 \
      resolve_selected(column, layout, first, n, batch); \
    break;
    switch (column->layout) {
      EACH(SIMD_FIXED)
      EACH(SIMD_OFFSETS32)
      EACH(SIMD_OFFSETS64)
      EACH(SIMD_POINTERS)
      EACH(SIMD_VIEWS)
    }
#undef EACH
  }
  uint64_t total = 0;
  for (size_t i = 0; i < n; i++)
    total += batch->bytes[i];
  batch->total_bytes = total;
}

static void resolve(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  resolve_rows(column, first, n, batch);
  resolve_to_nothing(n, (n + SIMD_BLOCK - 1) / SIMD_BLOCK * SIMD_BLOCK, batch);
}

#endif
