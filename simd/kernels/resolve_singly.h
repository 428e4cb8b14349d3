/* SPDX-License-Identifier: MIT
 *
 * Rows of a column one by one, for resolve.h: where each lies, and the copies that keep reads within bounds.
 */
#ifndef SIMD_KERNELS_RESOLVE_SINGLY_H
#define SIMD_KERNELS_RESOLVE_SINGLY_H

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

/* Where empty rows lie that have no address of their own; within a page. */
static const uint8_t nothing[SIMD_EDGE] __attribute__((aligned(SIMD_EDGE)));

#define INLINE_BYTES 12 /* the longest string that a view holds itself, behind its length */

/* Where a row is, how long, and how many bytes beyond SIMD_EDGE may be read there: where that is negative, it has to be
 * copied. */
struct place {
  const uint8_t *p;
  uint64_t bytes;
  int64_t spare;
};

/* Keeps compilers from guessing which way a condition goes: they pick a value rather than take a branch. */
#define UNKNOWN(condition) __builtin_expect_with_probability(condition, 1, 0.5)

/* Row `row` of the layout. keep is all ones, or 0 for a null row, of which nothing is followed: its offsets, its view and
 * its pointer are there, but may be anything. layout is a constant in every caller. */
ALWAYS_INLINE struct place place_of(const struct simd_column *c, enum simd_layout layout, size_t row, uint64_t keep) {
  const uint8_t *data = c->data, *p, *end = data + c->data_bytes;
  uint64_t bytes;
  switch (layout) {
  case SIMD_FIXED: p = data + row * c->width, bytes = c->width & keep; break;
  case SIMD_OFFSETS32: {
    const int32_t *offsets = (const int32_t *)c->aux + row;
    p = data + ((uint64_t)offsets[0] & keep);
    bytes = (uint64_t)(offsets[1] - offsets[0]) & keep;
    break;
  }
  case SIMD_OFFSETS64: {
    const int64_t *offsets = (const int64_t *)c->aux + row;
    p = data + ((uint64_t)offsets[0] & keep);
    bytes = (uint64_t)(offsets[1] - offsets[0]) & keep;
    break;
  }
  case SIMD_POINTERS: {
    bytes = ((const size_t *)c->aux)[row] & keep;
    p = ((const uint8_t *const *)c->data)[row];
    p = UNKNOWN(bytes != 0) ? p : nothing;
    return (struct place){p, bytes, CHECKED_READS ? -1 : PAGE - SIMD_EDGE - (int64_t)((uintptr_t)p & (PAGE - 1))};
  }
  default: { /* SIMD_VIEWS: length; inline bytes, or prefix, number of the buffer, offset */
    const uint8_t *view = data + row * 16;
    uint32_t words[4];
    memcpy(words, view, sizeof words);
    bytes = words[0] & keep;
    /* One way by a condition, one by a mask: gcc makes a branch of two that are alike. */
    uint64_t far = (uint64_t)((int64_t)(INLINE_BYTES - bytes) >> 63);
    size_t number = words[2] & far;
    const uint8_t *buffer = c->buffers[number];
    p = UNKNOWN(bytes > INLINE_BYTES) ? buffer + words[3] : view + 4;
    end += (size_t)(buffer + c->buffer_bytes[number] - end) & far;
    break;
  }
  }
  return (struct place){p, bytes, end - SIMD_EDGE - p};
}

/* Makes row i of a batch one of which SIMD_EDGE bytes may be read. */
static inline void copy_to_edge(struct simd_rows *batch, size_t i) {
  size_t bytes = batch->bytes[i];
  if (bytes >= SIMD_EDGE) /* a row of pointers that ends beyond its page */
    return;
  if (bytes != 0)
    memcpy(batch->edges[i], batch->ptrs[i], bytes);
  batch->ptrs[i] = batch->edges[i];
}

/* Asks for what leads to the bytes of a row to come. Of a null row that is any number, and a prefetch of any address is
 * harmless. */
ALWAYS_INLINE void ask_for(const struct simd_column *c, enum simd_layout layout, size_t row) {
  static const size_t strides[] = {
      [SIMD_OFFSETS32] = 4, [SIMD_OFFSETS64] = 8, [SIMD_POINTERS] = sizeof(void *), [SIMD_VIEWS] = 16};
  const void *base = layout == SIMD_OFFSETS32 || layout == SIMD_OFFSETS64 ? c->aux : c->data;
  if (layout != SIMD_FIXED)
    __builtin_prefetch((const void *)((uintptr_t)base + row * strides[layout]));
  if (layout == SIMD_POINTERS)
    __builtin_prefetch((const void *)((uintptr_t)c->aux + row * sizeof(size_t)));
}

/* Up to SIMD_BLOCK rows, which go to places `at` and on of the batch: row and on, or, of a selection, rows[n]; where no row
 * is null, that is selection[n]. Bit i of valid: row i of them is not null. For the first `asked` of them the row
 * batch->prefetch places on is asked for. */
struct some_rows {
  size_t row;
  const uint32_t *rows, *selection;
  size_t n, asked;
  uint64_t valid;
  size_t at;
};

/* Rows that lie one after the other with nothing between, so that only the last ones can be too near the data's end. */
ALWAYS_INLINE bool is_row_of_rows(enum simd_layout layout, bool selected, bool nulls) {
  return !selected && !nulls && (layout == SIMD_FIXED || layout == SIMD_OFFSETS32 || layout == SIMD_OFFSETS64);
}

/* What is left to do for the first n rows of such: the sum of their lengths, and the copies. */
ALWAYS_INLINE uint64_t finish_row_of_rows(const struct simd_column *c, enum simd_layout layout,
                                          const struct some_rows *some, size_t n, struct simd_rows *batch) {
  for (size_t i = n; i > 0 && place_of(c, layout, some->row + i - 1, UINT64_MAX).spare < 0; i--)
    copy_to_edge(batch, some->at + i - 1);
  if (n == 0)
    return 0;
  struct place first = place_of(c, layout, some->row, UINT64_MAX),
               last = place_of(c, layout, some->row + n - 1, UINT64_MAX);
  return (uint64_t)(last.p - first.p) + last.bytes;
}

/* Rows i and on of some, one by one. Returns the sum of their lengths. */
ALWAYS_INLINE uint64_t resolve_singly(const struct simd_column *c, enum simd_layout layout, bool selected, bool nulls,
                                      const struct some_rows *some, size_t i, struct simd_rows *batch) {
  const uint8_t **restrict ptrs = batch->ptrs + some->at;
  uint64_t *restrict bytes = batch->bytes + some->at;
  size_t n = some->n, ahead = batch->prefetch, asked = some->asked, row = some->row;
  const uint32_t *rows = some->rows, *selection = some->selection;
  uint64_t total = 0, edges = 0, valid = some->valid;
  for (; i < n; i++) {
    if (selected && i < asked)
      ask_for(c, layout, selection[i + ahead]);
    uint64_t keep = nulls ? 0 - (valid >> i & 1) : UINT64_MAX;
    struct place place = place_of(c, layout, selected ? rows[i] : row + i, keep);
    ptrs[i] = place.p;
    bytes[i] = place.bytes;
    if (!is_row_of_rows(layout, selected, nulls)) {
      total += place.bytes;
      edges = edges * 2 + ((uint64_t)place.spare >> 63);
    }
  }
  if (is_row_of_rows(layout, selected, nulls))
    return finish_row_of_rows(c, layout, some, n, batch);
  for (; edges != 0; edges &= edges - 1)
    copy_to_edge(batch, some->at + n - 1 - (size_t)__builtin_ctzll(edges));
  return total;
}

#endif
