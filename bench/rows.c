/* SPDX-License-Identifier: MIT
 *
 * See rows.h.
 */
#include "rows.h"
#include "bench.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 400000
#define LEAST_PIECE 64
#define DISTINCT 500000

size_t rows_memory(void) {
  size_t last = 4 * machine_cache_bytes(3), most = (size_t)1 << 30, bytes = 200000000;
  bytes = last > bytes ? last : bytes;
  return bytes < most ? bytes : most; /* 32-bit offsets reach 2 GiB */
}

/* Bytes of a row beside its string. */
static size_t side_bytes(const struct rows_spec *spec) {
  size_t seed = spec->seeds ? sizeof(uint64_t) : 0;
  switch (spec->layout) {
  case ROWS_OFFSETS32: return seed + sizeof(int32_t);
  case ROWS_OFFSETS64: return seed + sizeof(int64_t);
  case ROWS_POINTERS:
  case ROWS_SCATTERED: return seed + sizeof(void *) + sizeof(size_t);
  case ROWS_VIEWS: return seed + sizeof(struct weft_view);
  case ROWS_SELECTION:
  case ROWS_SHUFFLED: return seed + sizeof(int32_t) + sizeof(uint32_t);
  case ROWS_FIXED: break;
  }
  return seed;
}

/* Writes a string as the given row; returns where the next one's bytes begin. */
static size_t put(struct rows *r, size_t row, const uint8_t *bytes, uint32_t length, size_t used) {
  if (r->views) {
    struct weft_view *v = &r->views[row];
    *v = (struct weft_view){.length = (int32_t)length};
    if (length <= sizeof v->as.inlined) {
      memcpy(v->as.inlined, bytes, length);
      return used;
    }
    memcpy(v->as.ref.prefix, bytes, sizeof v->as.ref.prefix);
    v->as.ref.offset = (int32_t)used;
  }
  memcpy(r->data + used, bytes, length);
  if (r->ptrs) {
    r->ptrs[row] = r->data + used;
    r->lengths[row] = length;
  } else if (r->offsets64) {
    r->offsets64[row + 1] = (int64_t)(used + length);
  } else if (r->offsets) {
    r->offsets[row + 1] = (int32_t)(used + length);
  }
  return used + length;
}

static void make_strings(struct rows *r, struct drawer *d, size_t capacity) {
  size_t used = 0;
  for (size_t row = 0; row < r->base_rows; row++) {
    uint32_t length;
    const uint8_t *bytes = drawer_next(d, &length);
    if (length > capacity - used)
      length = (uint32_t)(capacity - used);
    used = put(r, row, bytes, length, used);
  }
  r->data_bytes = used;
}

/* Random bytes, no integer 0: the same as drawing them one by one, but there may be 200 million. */
static void make_integers(struct rows *r) {
  uint64_t state = r->seed;
  r->data_bytes = r->base_rows * r->width;
  for (size_t i = 0; i < r->data_bytes; i += 8) /* there is room behind them */
    memcpy(r->data + i, &(uint64_t){law_random(&state)}, 8);
  for (size_t i = 0; i < r->data_bytes; i += r->width)
    r->data[i] |= 1;
}

static void make_selection(struct rows *r, uint64_t state) {
  r->selection = bench_memory(r->base_rows * sizeof *r->selection);
  r->rows = 0;
  if (r->spec.layout == ROWS_SELECTION) {
    for (uint32_t row = 0; row < r->base_rows; row++) {
      r->selection[r->rows] = row;
      r->rows += law_random(&state) >> 63;
    }
    return;
  }
  for (uint32_t row = 0; row < r->base_rows; row++) {
    uint32_t other = law_below(&state, row + 1);
    r->selection[row] = r->selection[other];
    r->selection[other] = row;
  }
  r->rows = r->base_rows;
}

static void scatter(struct rows *r, uint64_t state) {
  for (size_t row = r->base_rows; row > 1; row--) {
    size_t other = law_below(&state, row);
    const void *ptr = r->ptrs[row - 1];
    size_t length = r->lengths[row - 1];
    r->ptrs[row - 1] = r->ptrs[other];
    r->lengths[row - 1] = r->lengths[other];
    r->ptrs[other] = ptr;
    r->lengths[other] = length;
  }
}

static void make_validity(struct rows *r, uint64_t state) {
  r->validity = bench_memory(r->rows / 8 + 1);
  memset(r->validity, 0, r->rows / 8 + 1);
  for (size_t row = 0; row < r->rows; row++)
    r->validity[row / 8] |= (uint8_t)((law_below(&state, 10) != 0) << row % 8);
}

static void make_seeds(struct rows *r, uint64_t state) {
  r->seeds = bench_memory(r->rows * sizeof *r->seeds);
  for (size_t row = 0; row < r->rows; row++)
    r->seeds[row] = law_random(&state);
}

size_t rows_length(const struct rows *r, size_t row) {
  if (r->selection)
    row = r->selection[row];
  if (r->width)
    return r->width;
  if (r->ptrs)
    return r->lengths[row];
  if (r->views)
    return (size_t)r->views[row].length;
  return r->offsets64 ? (size_t)(r->offsets64[row + 1] - r->offsets64[row])
                      : (size_t)(r->offsets[row + 1] - r->offsets[row]);
}

static void measure_pieces(struct rows *r) {
  for (size_t piece = 0; piece < r->pieces; piece++) {
    uint64_t bytes = 0;
    for (size_t row = piece * r->piece_rows; row < (piece + 1) * r->piece_rows; row++)
      bytes += r->validity && !rows_valid(r->validity, row) ? 0 : rows_length(r, row);
    r->piece_bytes[piece] = bytes;
  }
}

static struct rows *make_column(const struct rows_spec *spec, size_t n, double mean, const struct law_names *names,
                                uint64_t seed) {
  struct rows *r = bench_memory(sizeof *r);
  *r = (struct rows){.spec = *spec, .base_rows = n, .rows = n, .seed = seed};
  /* A hundredth more than the mean wants: sums of half a million lengths vary by less. */
  size_t capacity = (size_t)((double)n * mean * 1.01) + 65536;
  r->data = bench_memory(capacity);
  switch (spec->layout) {
  case ROWS_POINTERS:
  case ROWS_SCATTERED:
    r->ptrs = bench_memory(n * sizeof *r->ptrs);
    r->lengths = bench_memory(n * sizeof *r->lengths);
    break;
  case ROWS_VIEWS: r->views = bench_memory(n * sizeof *r->views); break;
  case ROWS_FIXED: r->width = spec->law->low; break;
  case ROWS_OFFSETS64:
    r->offsets64 = bench_memory((n + 1) * sizeof *r->offsets64);
    r->offsets64[0] = 0;
    break;
  default: r->offsets = bench_memory((n + 1) * sizeof *r->offsets); r->offsets[0] = 0;
  }
  if (r->width) {
    make_integers(r);
  } else {
    struct drawer *d = drawer_make(spec->law, names, n, seed);
    make_strings(r, d, capacity);
    drawer_free(d);
  }
  if (spec->layout == ROWS_SELECTION || spec->layout == ROWS_SHUFFLED)
    make_selection(r, seed + 1);
  if (spec->layout == ROWS_SCATTERED)
    scatter(r, seed + 1);
  if (spec->nulls)
    make_validity(r, seed + 2);
  if (spec->seeds)
    make_seeds(r, seed + 3);
  r->buffers[0] = r->data;
  r->buffer_bytes[0] = r->data_bytes;
  return r;
}

void rows_make(const struct rows_spec *specs, size_t n, const struct law_names *names, struct rows **rows) {
  double row_bytes = 0;
  for (size_t i = 0; i < n; i++)
    row_bytes += law_mean(specs[i].law, names) + (double)side_bytes(&specs[i]);
  size_t count = (size_t)((double)rows_memory() / row_bytes);
  for (size_t i = 0; i < n; i++)
    rows[i] = make_column(&specs[i], count, law_mean(specs[i].law, names), names, 1 + 100 * i);
  /* Under a filter's selection the rows between are in the piece's memory too. */
  double memory = row_bytes * (double)rows[0]->base_rows / (double)rows[0]->rows + sizeof(uint64_t);
  size_t piece_rows = (size_t)(PIECE_BYTES / memory);
  for (size_t i = 0; i < n; i++) {
    struct rows *r = rows[i];
    r->piece_rows = piece_rows < LEAST_PIECE ? LEAST_PIECE : piece_rows;
    r->pieces = r->rows / r->piece_rows;
    r->piece_bytes = bench_memory(r->pieces * sizeof *r->piece_bytes);
    measure_pieces(r);
  }
}

void rows_free(struct rows *r) {
  if (!r)
    return;
  free(r->data);
  free(r->offsets);
  free(r->offsets64);
  free(r->ptrs);
  free(r->lengths);
  free(r->views);
  free(r->selection);
  free(r->validity);
  free(r->seeds);
  free(r->piece_bytes);
  free(r);
}

void rows_recut(struct rows *r) {
  if (r->rows >= DISTINCT || r->spec.layout != ROWS_OFFSETS32 || r->spec.law->kind != LAW_UNIFORM)
    return;
  struct drawer *d = drawer_make(r->spec.law, NULL, 0, ++r->seed);
  size_t used = 0;
  for (size_t row = 0; row < r->base_rows; row++) {
    size_t length = drawer_length(d), left = r->data_bytes - used;
    used += length < left ? length : left;
    r->offsets[row + 1] = (int32_t)used;
  }
  measure_pieces(r);
  drawer_free(d);
}

void rows_touch_bytes(const void *start, size_t bytes) {
  const volatile uint8_t *p = start;
  for (size_t i = 0; i < bytes; i += 64)
    (void)p[i];
  if (bytes)
    (void)p[bytes - 1];
}

/* The bytes of a piece of views: from its first long string to its last. */
static void touch_views(const struct rows *r, size_t first, size_t last) {
  rows_touch_bytes(r->views + first, (last - first + 1) * sizeof *r->views);
  while (first < last && r->views[first].length <= 12)
    first++;
  while (first < last && r->views[last].length <= 12)
    last--;
  const struct weft_view *a = &r->views[first], *b = &r->views[last];
  if (a->length > 12 && b->length > 12)
    rows_touch_bytes(r->data + a->as.ref.offset, (size_t)(b->as.ref.offset + b->length - a->as.ref.offset));
}

static void touch_pointers(const struct rows *r, size_t first, size_t last) {
  const uint8_t *start = r->ptrs[first], *end = (const uint8_t *)r->ptrs[last] + r->lengths[last];
  rows_touch_bytes(start, (size_t)(end - start));
  rows_touch_bytes(r->ptrs + first, (last - first + 1) * sizeof *r->ptrs);
  rows_touch_bytes(r->lengths + first, (last - first + 1) * sizeof *r->lengths);
}

static void touch_offsets(const struct rows *r, size_t first, size_t last) {
  size_t rows = last - first + 2;
  if (r->offsets64) {
    rows_touch_bytes(r->offsets64 + first, rows * sizeof *r->offsets64);
    rows_touch_bytes(r->data + r->offsets64[first], (size_t)(r->offsets64[last + 1] - r->offsets64[first]));
    return;
  }
  rows_touch_bytes(r->offsets + first, rows * sizeof *r->offsets);
  rows_touch_bytes(r->data + r->offsets[first], (size_t)(r->offsets[last + 1] - r->offsets[first]));
}

void rows_touch(const struct rows *r, size_t piece) {
  size_t first = piece * r->piece_rows, last = first + r->piece_rows - 1;
  if (r->validity)
    rows_touch_bytes(r->validity + first / 8, r->piece_rows / 8 + 1);
  if (r->seeds)
    rows_touch_bytes(r->seeds + first, r->piece_rows * sizeof *r->seeds);
  if (r->width) {
    rows_touch_bytes(r->data + first * r->width, r->piece_rows * r->width);
  } else if (r->views) {
    touch_views(r, first, last);
  } else if (r->ptrs) {
    touch_pointers(r, first, last);
  } else if (r->selection) {
    rows_touch_bytes(r->selection + first, r->piece_rows * sizeof *r->selection);
    touch_offsets(r, r->selection[first], r->selection[last]);
  } else {
    touch_offsets(r, first, last);
  }
}

static struct weft_column fixed_column(const struct rows *r, size_t first, size_t n) {
  const uint8_t *values = r->data + first * r->width;
  switch (r->width) {
  case 1: return weft_column_fixed(values, WEFT_U8, n);
  case 2: return weft_column_fixed(values, WEFT_U16, n);
  case 4: return weft_column_fixed(values, WEFT_U32, n);
  case 8: return weft_column_fixed(values, WEFT_U64, n);
  default: return weft_column_bytes(values, r->width, n);
  }
}

static struct weft_column plain_column(const struct rows *r, size_t first, size_t n) {
  switch (r->spec.layout) {
  case ROWS_OFFSETS64: return weft_column_offsets64(r->data, r->data_bytes, r->offsets64 + first, n);
  case ROWS_POINTERS:
  case ROWS_SCATTERED: return weft_column_ptrs(r->ptrs + first, r->lengths + first, n);
  case ROWS_VIEWS: return weft_column_views(r->views + first, n, r->buffers, r->buffer_bytes, 1);
  case ROWS_FIXED: return fixed_column(r, first, n);
  case ROWS_SELECTION:
  case ROWS_SHUFFLED:
    return weft_column_with_selection(weft_column_offsets32(r->data, r->data_bytes, r->offsets, r->base_rows),
                                      r->selection + first, n);
  case ROWS_OFFSETS32: break;
  }
  return weft_column_offsets32(r->data, r->data_bytes, r->offsets + first, n);
}

struct weft_column rows_column(const struct rows *r, size_t first, size_t n) {
  struct weft_column column = plain_column(r, first, n);
  return r->validity ? weft_column_with_validity(column, r->validity, first) : column;
}
