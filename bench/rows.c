/* SPDX-License-Identifier: MIT
 *
 * See rows.h. Bytes of strings are random, but for names that were read: a hash takes no branch on them, only on lengths.
 */
#include "rows.h"
#include "bench.h"
#include "machine.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 400000
#define LEAST_PIECE 64
#define DISTINCT 500000
#define REPLAYED 2000

uint64_t rows_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* Below n, which is under 2^32. */
static uint32_t below(uint64_t *state, uint64_t n) {
  return (uint32_t)(((rows_random(state) >> 32) * n) >> 32);
}

size_t rows_memory(void) {
  size_t last = 4 * machine_cache_bytes(3), most = (size_t)1 << 30, bytes = 200000000;
  bytes = last > bytes ? last : bytes;
  return bytes < most ? bytes : most; /* 32-bit offsets reach 2 GiB */
}

/* Draws the strings of a law, one after another. */
struct drawer {
  const struct rows_law *law;
  const struct rows_names *names;
  uint64_t seed, state;
  size_t drawn;
  uint32_t again; /* ROWS_REPEATED: how often the last string comes once more */
  const uint8_t *bytes;
  uint32_t length;
  uint8_t name_lengths[NAMES_COUNTED];
  uint64_t text[ROWS_LONGEST / 8];
};

static struct drawer *drawer_make(const struct rows_law *law, const struct rows_names *names, uint64_t seed) {
  struct drawer *d = bench_memory(sizeof *d);
  d->law = law;
  d->names = names;
  d->seed = d->state = seed;
  d->drawn = d->again = d->length = 0;
  d->bytes = (const uint8_t *)d->text;
  for (size_t length = 1, n = 0; length <= sizeof names_counts / sizeof names_counts[0]; length++)
    for (uint32_t k = 0; k < names_counts[length - 1]; k++)
      d->name_lengths[n++] = (uint8_t)length;
  return d;
}

static uint32_t draw_length(struct drawer *d) {
  const struct rows_law *law = d->law;
  switch (law->kind) {
  case ROWS_NAMES: return d->name_lengths[below(&d->state, NAMES_COUNTED)];
  case ROWS_MIXED: return 1 + below(&d->state, below(&d->state, 10) ? 32 : law->high);
  case ROWS_INTEGERS: return law->low;
  default: return law->low + below(&d->state, law->high - law->low + 1);
  }
}

/* The next string, at d->bytes for d->length, which is at most ROWS_LONGEST. */
static void draw(struct drawer *d) {
  if (d->law->kind == ROWS_REPLAYED && d->drawn % REPLAYED == 0)
    d->state = d->seed;
  d->drawn++;
  if (d->again) {
    d->again--;
    return;
  }
  if (d->law->kind == ROWS_NAMES && d->names->n) {
    const struct rows_name *name = &d->names->list[below(&d->state, d->names->n)];
    d->bytes = (const uint8_t *)name->bytes;
    d->length = name->length;
    return;
  }
  d->length = draw_length(d);
  for (uint32_t i = 0; i < (d->length + 7) / 8; i++)
    d->text[i] = rows_random(&d->state) | (d->law->kind == ROWS_INTEGERS);
  if (d->law->kind == ROWS_REPEATED)
    d->again = below(&d->state, 16);
}

/* The mean of the law's lengths, by drawing some. */
static double mean_length(struct drawer *d) {
  const int draws = 100000;
  double sum = 0;
  for (int i = 0; i < draws; i++) {
    draw(d);
    sum += d->length;
  }
  return sum / draws;
}

/* Bytes of a row beside its string, in the layout and in the selection. */
static size_t side_bytes(enum rows_layout layout) {
  switch (layout) {
  case ROWS_POINTERS: return sizeof(void *) + sizeof(size_t);
  case ROWS_VIEWS: return sizeof(struct weft_view);
  case ROWS_SELECTION:
  case ROWS_SHUFFLED: return sizeof(int32_t) + sizeof(uint32_t);
  case ROWS_OFFSETS: return sizeof(int32_t);
  default: return 0;
  }
}

/* Writes a string as the given row; returns where the next one's bytes begin. */
static size_t put(struct rows *r, size_t row, const uint8_t *bytes, uint32_t length, size_t used) {
  if (r->layout == ROWS_VIEWS) {
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
  if (r->layout == ROWS_POINTERS) {
    r->ptrs[row] = r->data + used;
    r->lengths[row] = length;
  } else if (r->offsets) {
    r->offsets[row + 1] = (int32_t)(used + length);
  }
  return used + length;
}

static void make_strings(struct rows *r, struct drawer *d, size_t capacity) {
  size_t used = 0;
  for (size_t row = 0; row < r->base_rows; row++) {
    draw(d);
    if (d->length > capacity - used)
      d->length = (uint32_t)(capacity - used);
    used = put(r, row, d->bytes, d->length, used);
  }
  r->data_bytes = used;
}

static void make_selection(struct rows *r, uint64_t state) {
  r->selection = bench_memory(r->base_rows * sizeof *r->selection);
  r->rows = 0;
  if (r->layout == ROWS_SELECTION) {
    for (uint32_t row = 0; row < r->base_rows; row++) {
      r->selection[r->rows] = row;
      r->rows += rows_random(&state) >> 63;
    }
    return;
  }
  for (uint32_t row = 0; row < r->base_rows; row++) {
    uint32_t other = below(&state, row + 1);
    r->selection[row] = r->selection[other];
    r->selection[other] = row;
  }
  r->rows = r->base_rows;
}

size_t rows_length(const struct rows *r, size_t row) {
  if (r->selection)
    row = r->selection[row];
  switch (r->layout) {
  case ROWS_FIXED: return r->width;
  case ROWS_POINTERS: return r->lengths[row];
  case ROWS_VIEWS: return (size_t)r->views[row].length;
  default: return (size_t)(r->offsets[row + 1] - r->offsets[row]);
  }
}

static void measure_pieces(struct rows *r) {
  for (size_t piece = 0; piece < r->pieces; piece++) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < r->piece_rows; i++)
      bytes += rows_length(r, piece * r->piece_rows + i);
    r->piece_bytes[piece] = bytes;
  }
}

static void make_pieces(struct rows *r) {
  size_t memory = r->data_bytes + r->base_rows * side_bytes(r->layout) + r->rows * sizeof(uint64_t);
  r->piece_rows = (size_t)((double)PIECE_BYTES / ((double)memory / (double)r->rows));
  if (r->piece_rows < LEAST_PIECE)
    r->piece_rows = LEAST_PIECE;
  r->pieces = r->rows / r->piece_rows;
  r->piece_bytes = bench_memory(r->pieces * sizeof *r->piece_bytes);
  measure_pieces(r);
}

struct rows *rows_make(const struct rows_law *law, enum rows_layout layout, const struct rows_names *names) {
  struct rows *r = bench_memory(sizeof *r);
  *r = (struct rows){.law = law, .layout = layout, .seed = 1};
  struct drawer *d = drawer_make(law, names, r->seed);
  double mean = mean_length(d);
  r->base_rows = r->rows = (size_t)((double)rows_memory() / (mean + (double)side_bytes(layout)));
  /* A hundredth more than the mean wants: sums of half a million lengths vary by less. */
  size_t n = r->base_rows, capacity = (size_t)((double)n * mean * 1.01) + 65536;
  r->data = bench_memory(capacity);
  if (layout == ROWS_POINTERS) {
    r->ptrs = bench_memory(n * sizeof *r->ptrs);
    r->lengths = bench_memory(n * sizeof *r->lengths);
  } else if (layout == ROWS_VIEWS) {
    r->views = bench_memory(n * sizeof *r->views);
  } else if (layout == ROWS_FIXED) {
    r->width = law->low;
  } else {
    r->offsets = bench_memory((n + 1) * sizeof *r->offsets);
    r->offsets[0] = 0;
  }
  make_strings(r, d, capacity);
  if (layout == ROWS_SELECTION || layout == ROWS_SHUFFLED)
    make_selection(r, r->seed + 1);
  r->buffers[0] = r->data;
  r->buffer_bytes[0] = r->data_bytes;
  make_pieces(r);
  free(d);
  return r;
}

void rows_free(struct rows *r) {
  if (!r)
    return;
  free(r->data);
  free(r->offsets);
  free(r->ptrs);
  free(r->lengths);
  free(r->views);
  free(r->selection);
  free(r->piece_bytes);
  free(r);
}

void rows_recut(struct rows *r) {
  if (r->rows >= DISTINCT || r->layout != ROWS_OFFSETS || r->law->kind != ROWS_UNIFORM)
    return;
  struct drawer *d = drawer_make(r->law, NULL, ++r->seed);
  size_t used = 0;
  for (size_t row = 0; row < r->base_rows; row++) {
    size_t length = draw_length(d), left = r->data_bytes - used;
    used += length < left ? length : left;
    r->offsets[row + 1] = (int32_t)used;
  }
  measure_pieces(r);
  free(d);
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

void rows_touch(const struct rows *r, size_t piece) {
  size_t first = piece * r->piece_rows, last = first + r->piece_rows - 1;
  if (r->layout == ROWS_FIXED) {
    rows_touch_bytes(r->data + first * r->width, r->piece_rows * r->width);
    return;
  }
  if (r->layout == ROWS_VIEWS) {
    touch_views(r, first, last);
    return;
  }
  if (r->layout == ROWS_POINTERS) {
    const uint8_t *start = r->ptrs[first], *end = (const uint8_t *)r->ptrs[last] + r->lengths[last];
    rows_touch_bytes(start, (size_t)(end - start));
    rows_touch_bytes(r->ptrs + first, r->piece_rows * sizeof *r->ptrs);
    rows_touch_bytes(r->lengths + first, r->piece_rows * sizeof *r->lengths);
    return;
  }
  if (r->selection) {
    rows_touch_bytes(r->selection + first, r->piece_rows * sizeof *r->selection);
    first = r->selection[first]; /* ascending; a shuffled set is measured from DRAM only */
    last = r->selection[last];
  }
  rows_touch_bytes(r->offsets + first, (last - first + 2) * sizeof *r->offsets);
  rows_touch_bytes(r->data + r->offsets[first], (size_t)(r->offsets[last + 1] - r->offsets[first]));
}

struct weft_column rows_column(const struct rows *r, size_t first, size_t n) {
  switch (r->layout) {
  case ROWS_POINTERS: return weft_column_ptrs(r->ptrs + first, r->lengths + first, n);
  case ROWS_VIEWS: return weft_column_views(r->views + first, n, r->buffers, r->buffer_bytes, 1);
  case ROWS_FIXED: return weft_column_fixed(r->data + first * r->width, r->width == 8 ? WEFT_U64 : WEFT_U32, n);
  case ROWS_SELECTION:
  case ROWS_SHUFFLED:
    return weft_column_with_selection(weft_column_offsets32(r->data, r->data_bytes, r->offsets, r->base_rows),
                                      r->selection + first, n);
  default: return weft_column_offsets32(r->data, r->data_bytes, r->offsets + first, n);
  }
}
