/* SPDX-License-Identifier: MIT
 *
 * Columns and batches for the checks of kernels.
 */
#include "batches.h"

struct simd_column kernel_view(const struct weft_column *c) {
  static const enum simd_layout layouts[] = {[WEFT_FIXED] = SIMD_FIXED,
                                             [WEFT_OFFSETS32] = SIMD_OFFSETS32,
                                             [WEFT_OFFSETS64] = SIMD_OFFSETS64,
                                             [WEFT_POINTERS] = SIMD_POINTERS,
                                             [WEFT_VIEWS] = SIMD_VIEWS};
  struct simd_column view = {.layout = layouts[c->layout],
                             .base_rows = c->base_rows,
                             .width = c->width,
                             .data = c->data,
                             .aux = c->aux,
                             .buffers = c->buffers,
                             .buffer_bytes = c->buffer_bytes,
                             .base_validity = c->base_validity,
                             .base_bit_offset = c->base_bit_offset,
                             .selection = c->selection,
                             .row_validity = c->row_validity,
                             .row_bit_offset = c->row_bit_offset};
  switch (c->layout) {
  case WEFT_FIXED: view.data_bytes = c->base_rows * c->width; break;
  case WEFT_VIEWS: view.data_bytes = c->base_rows * sizeof(struct weft_view); break;
  default: view.data_bytes = c->data_bytes;
  }
  return view;
}

/* The address `bytes` before p: outside its array, so no matter for pointer arithmetic. */
static const void *before(const void *p, size_t bytes) {
  return (const void *)((uintptr_t)p - bytes);
}

static void move_bits(const uint8_t **bits, size_t *bit_offset, size_t rows) {
  size_t bytes = (rows + 7) / 8;
  *bits = *bits ? before(*bits, bytes) : NULL;
  *bit_offset += bytes * 8 - rows;
}

struct simd_column kernel_view_behind(struct simd_column view, size_t first) {
  move_bits(&view.row_validity, &view.row_bit_offset, first);
  if (view.selection) {
    view.selection = before(view.selection, first * sizeof *view.selection);
    return view;
  }
  size_t data = 0, aux = 0; /* bytes for each row */
  switch (view.layout) {
  case SIMD_FIXED: data = view.width; break;
  case SIMD_OFFSETS32: aux = sizeof(int32_t); break;
  case SIMD_OFFSETS64: aux = sizeof(int64_t); break;
  case SIMD_POINTERS: data = sizeof(void *), aux = sizeof(size_t); break;
  case SIMD_VIEWS: data = sizeof(struct weft_view); break;
  }
  view.data = before(view.data, first * data);
  view.aux = before(view.aux, first * aux);
  if (view.layout == SIMD_FIXED || view.layout == SIMD_VIEWS)
    view.data_bytes += first * data;
  view.base_rows += first;
  move_bits(&view.base_validity, &view.base_bit_offset, first);
  return view;
}

struct simd_rows batch_take(struct guard_pool *pool, struct rng *rng, size_t n) {
  size_t capacity = (n + SIMD_BLOCK - 1) / SIMD_BLOCK * SIMD_BLOCK;
  struct simd_rows batch;
  rng_fill(rng, &batch, sizeof batch);
  batch.ptrs = guard_take(pool, GUARD_HIGH, capacity * sizeof *batch.ptrs, 0, rng);
  batch.bytes = guard_take(pool, GUARD_HIGH, capacity * sizeof *batch.bytes, 0, rng);
  batch.valid = guard_take(pool, GUARD_HIGH, capacity / 64 * sizeof *batch.valid, 0, rng);
  batch.edges = guard_take(pool, GUARD_HIGH, capacity * sizeof *batch.edges, 0, rng);
  batch.prefetch = rng_percent(rng, 50) ? 0 : rng_upto(rng, 64);
  batch.has_nulls = false; /* a bool must hold one: the rest may start as garbage */
  return batch;
}
