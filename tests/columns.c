/* SPDX-License-Identifier: MIT
 *
 * Builds columns: first lengths, nulls and the selection are drawn, then the rows are laid out as the layout wants them,
 * then the truth is written down row by row. Knows the public headers and guarded memory only.
 */
#include "columns.h"

#include <limits.h>

#include "length_edges.h"

/* Scattered rows end at the guard pages of this many areas in turn; rows with values, each at that of its value. */
#define SCATTER 8
#define SCATTER_VALUES 40

/* The rows of the layout, before any selection. */
struct base {
  size_t rows;
  size_t *lengths;
  const uint8_t **bytes;
  bool *nulls; /* null, or reached by no valid row: what lies there may be garbage */
  const struct column_values *values;
  uint32_t *picks; /* with values: which of them is the row's */
};

static void *take(struct guard_pool *pool, size_t bytes) {
  return guard_take(pool, GUARD_HIGH, bytes, 0, NULL);
}

/* Of row i of the layout. */
static size_t draw_length(struct rng *rng, const struct column_spec *spec, size_t i) {
  switch (spec->lengths) {
  case LENGTHS_0_16: return rng_upto(rng, 16);
  case LENGTHS_0_32: return rng_upto(rng, 32);
  case LENGTHS_0_300: return rng_upto(rng, 300);
  case LENGTHS_RARELY_LONG: return rng_percent(rng, 3) ? rng_upto(rng, 5000) : rng_upto(rng, 20);
  case LENGTHS_EDGES: return length_edges[rng_upto(rng, LENGTH_EDGES - 1)];
  case LENGTHS_BLOCKS:
    return rng_percent(rng, 2) ? rng_upto(rng, 300) : length_edges[(spec->length + i / 64) % LENGTH_EDGES];
  default: return spec->length;
  }
}

size_t column_type_width(enum weft_type type) {
  static const uint8_t widths[] = {[WEFT_I8] = 1,  [WEFT_I16] = 2, [WEFT_I32] = 4, [WEFT_I64] = 8, [WEFT_U8] = 1,
                                   [WEFT_U16] = 2, [WEFT_U32] = 4, [WEFT_U64] = 8, [WEFT_F32] = 4, [WEFT_F64] = 8};
  return (size_t)type < sizeof widths ? widths[type] : 0;
}

const char *column_layout_name(enum weft_layout layout) {
  static const char *const names[] = {"none", "fixed", "offsets32", "offsets64", "pointers", "views"};
  return (size_t)layout < sizeof names / sizeof *names ? names[layout] : "unknown";
}

/* Says where row i lies, and puts its value there; without values it is the garbage that it finds. */
static void place_row(struct base *base, size_t i, uint8_t *at) {
  base->bytes[i] = at;
  if (base->values && base->lengths[i] > 0)
    memcpy(at, base->values->bytes[base->picks[i]], base->lengths[i]);
}

static size_t sum_of_lengths(const struct base *base) {
  size_t sum = 0;
  for (size_t i = 0; i < base->rows; i++)
    sum += base->lengths[i];
  return sum;
}

/* A bitmap whose bits before bit_offset and after the last are garbage, and which ends in its last byte. */
static uint8_t *draw_bitmap(struct guard_pool *pool, struct rng *rng, enum guard_side side, const bool *nulls, size_t rows,
                            size_t bit_offset) {
  uint8_t *bits = guard_take(pool, side, (bit_offset + rows + 7) / 8, 0, rng);
  for (size_t i = 0; i < rows; i++) {
    size_t bit = i + bit_offset;
    uint8_t mask = (uint8_t)(1u << (bit & 7));
    bits[bit >> 3] = (uint8_t)(nulls[i] ? bits[bit >> 3] & ~mask : bits[bit >> 3] | mask);
  }
  return bits;
}

static struct weft_column lay_fixed(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec,
                                    struct base *base) {
  bool numeric = spec->type != WEFT_FIXED_BYTES;
  size_t width = numeric ? column_type_width(spec->type) : spec->length;
  uint8_t *values = guard_take(pool, spec->side, width * base->rows, spec->shift, rng);
  for (size_t i = 0; i < base->rows; i++) {
    base->lengths[i] = width;
    place_row(base, i, values + i * width);
  }
  return numeric ? weft_column_fixed(values, spec->type, base->rows) : weft_column_bytes(values, width, base->rows);
}

static struct weft_column lay_offsets(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec,
                                      struct base *base) {
  bool wide = spec->layout == WEFT_OFFSETS64;
  size_t data_bytes = spec->lead + sum_of_lengths(base) + spec->trail;
  uint8_t *data = guard_take(pool, spec->side, data_bytes, spec->shift, rng);
  int32_t *offsets32 = guard_take(pool, spec->side, (base->rows + 1) * sizeof *offsets32, 0, rng);
  int64_t *offsets64 = guard_take(pool, spec->side, (base->rows + 1) * sizeof *offsets64, 0, rng);
  size_t at = spec->lead;
  for (size_t i = 0; i <= base->rows; i++) {
    offsets32[i] = (int32_t)at;
    offsets64[i] = (int64_t)at;
    if (i == base->rows)
      break;
    place_row(base, i, data + at);
    at += base->lengths[i];
  }
  return wide ? weft_column_offsets64(data, data_bytes, offsets64, base->rows)
              : weft_column_offsets32(data, data_bytes, offsets32, base->rows);
}

static struct weft_column lay_pointers(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec,
                                       struct base *base) {
  const void **ptrs = guard_take(pool, spec->side, base->rows * sizeof *ptrs, 0, rng);
  size_t *lengths = guard_take(pool, spec->side, base->rows * sizeof *lengths, 0, rng);
  bool scattered = spec->scattered && (!base->values || base->values->n <= SCATTER_VALUES);
  size_t areas = !scattered ? 1 : base->values ? base->values->n : SCATTER, longest = 0, at = 0;
  for (size_t i = 0; i < base->rows; i++)
    longest = base->lengths[i] > longest ? base->lengths[i] : longest;
  size_t area_bytes = scattered ? longest : sum_of_lengths(base);
  uint8_t *area[SCATTER_VALUES];
  for (size_t k = 0; k < areas; k++)
    area[k] = guard_take(pool, spec->side, area_bytes, spec->shift, rng);
  for (size_t i = 0; i < base->rows; i++) {
    size_t n = base->lengths[i];
    uint8_t *own = area[!scattered ? 0 : base->values ? base->picks[i] : i % areas];
    if (scattered)
      place_row(base, i, spec->side == GUARD_LOW ? own : own + area_bytes - n);
    else
      place_row(base, i, own + at);
    at += n;
    ptrs[i] = n == 0 && rng_percent(rng, 50) ? NULL : base->bytes[i];
    lengths[i] = n;
    if (base->nulls[i]) {
      ptrs[i] = rng_percent(rng, 50) ? NULL : (const void *)(uintptr_t)rng_next(rng);
      lengths[i] = (size_t)rng_next(rng);
    }
  }
  return weft_column_ptrs(ptrs, lengths, base->rows);
}

/* Long strings go to three buffers by turns, back to back in each; the middle one is empty when there are few rows. */
#define VIEW_BUFFERS 3
static struct weft_column lay_views(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec,
                                    struct base *base) {
  struct weft_view *views = guard_take(pool, spec->side, base->rows * sizeof *views, spec->shift & ~(size_t)3, rng);
  const uint8_t **buffers = guard_take(pool, spec->side, VIEW_BUFFERS * sizeof *buffers, 0, rng);
  size_t *buffer_bytes = guard_take(pool, spec->side, VIEW_BUFFERS * sizeof *buffer_bytes, 0, rng);
  uint8_t *memory[VIEW_BUFFERS];
  size_t at[VIEW_BUFFERS];
  for (size_t b = 0; b < VIEW_BUFFERS; b++) {
    size_t bytes = spec->lead + spec->trail;
    for (size_t i = b; i < base->rows; i += VIEW_BUFFERS)
      bytes += base->lengths[i] > 12 ? base->lengths[i] : 0;
    buffers[b] = memory[b] = guard_take(pool, spec->side, bytes, spec->shift, rng);
    buffer_bytes[b] = bytes;
    at[b] = spec->lead;
  }
  for (size_t i = 0; i < base->rows; i++) {
    size_t n = base->lengths[i], b = i % VIEW_BUFFERS;
    struct weft_view *view = &views[i];
    if (base->nulls[i])
      continue; /* the garbage of guard_take: a wild length, buffer and offset */
    memset(view, 0, sizeof *view);
    view->length = (int32_t)n;
    if (n <= 12) {
      rng_fill(rng, view->as.inlined, n);
      place_row(base, i, view->as.inlined);
      continue;
    }
    place_row(base, i, memory[b] + at[b]);
    memcpy(view->as.ref.prefix, base->bytes[i], 4);
    view->as.ref.buffer = (int32_t)b;
    view->as.ref.offset = (int32_t)at[b];
    at[b] += n;
  }
  return weft_column_views(views, base->rows, buffers, buffer_bytes, VIEW_BUFFERS);
}

/* The rows of the layout that the rows are. Those of null rows are made wild by the caller. */
static uint32_t *draw_selection(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec,
                                size_t base_rows) {
  uint32_t *selection = guard_take(pool, spec->side, spec->rows * sizeof *selection, 0, rng);
  size_t one = base_rows ? rng_upto(rng, base_rows - 1) : 0;
  for (size_t i = 0; i < spec->rows; i++) {
    if (spec->selection == CHOICE_REVERSED)
      selection[i] = (uint32_t)(base_rows - 1 - i % base_rows);
    else if (spec->selection == CHOICE_ONE_ROW)
      selection[i] = (uint32_t)(spec->values ? spec->picks[i] : one);
    else
      selection[i] = (uint32_t)rng_upto(rng, base_rows - 1);
  }
  return selection;
}

/* With values: rows of the layout, each of one row at most, in random order. */
static void shuffle(struct guard_pool *pool, struct rng *rng, uint32_t *selection, size_t rows, size_t base_rows) {
  uint32_t *order = take(pool, base_rows * sizeof *order);
  for (size_t i = 0; i < base_rows; i++)
    order[i] = (uint32_t)i;
  for (size_t i = 0; i < rows; i++) {
    size_t k = i + rng_upto(rng, base_rows - 1 - i);
    selection[i] = order[k];
    order[k] = order[i];
  }
}

/* How many rows the layout has. */
static size_t draw_base_rows(struct rng *rng, const struct column_spec *spec) {
  if (spec->selection == CHOICE_NONE)
    return spec->rows;
  if (!spec->values)
    return 1 + rng_upto(rng, 2 * spec->rows);
  if (spec->selection == CHOICE_ONE_ROW)
    return spec->values->n;
  return spec->rows + (spec->selection == CHOICE_RANDOM ? 1 + rng_upto(rng, spec->rows) : 0);
}

/* The values of the layout's rows, so that through the selection each row has its own. */
static void spread_picks(struct rng *rng, const struct column_spec *spec, const uint32_t *selection, struct base *base) {
  for (size_t i = 0; i < base->rows; i++)
    base->picks[i] = (uint32_t)(spec->selection == CHOICE_ONE_ROW ? i : rng_upto(rng, spec->values->n - 1));
  for (size_t i = 0; i < spec->rows; i++)
    base->picks[selection ? selection[i] : i] = spec->picks[i];
}

static void write_truth(struct guard_pool *pool, const struct base *base, const uint32_t *selection, const bool *row_nulls,
                        struct test_column *out) {
  out->bytes = take(pool, out->rows * sizeof *out->bytes);
  out->lengths = take(pool, out->rows * sizeof *out->lengths);
  out->nulls = take(pool, out->rows * sizeof *out->nulls);
  out->longest = 0;
  for (size_t i = 0; i < out->rows; i++) {
    bool null = row_nulls[i];
    size_t row = null ? 0 : selection ? selection[i] : i;
    null = null || base->nulls[row];
    out->nulls[i] = null;
    out->bytes[i] = null ? NULL : base->bytes[row];
    out->lengths[i] = null ? 0 : base->lengths[row];
    out->longest = out->lengths[i] > out->longest ? out->lengths[i] : out->longest;
  }
}

static struct weft_column lay_out(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec,
                                  struct base *base) {
  switch (spec->layout) {
  case WEFT_FIXED: return lay_fixed(pool, rng, spec, base);
  case WEFT_POINTERS: return lay_pointers(pool, rng, spec, base);
  case WEFT_VIEWS: return lay_views(pool, rng, spec, base);
  default: return lay_offsets(pool, rng, spec, base);
  }
}

/* Lengths, values and nulls of the layout's rows. */
static struct base draw_base(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec, size_t rows,
                             const uint32_t *selection) {
  struct base base = {.rows = rows, .values = spec->values};
  base.lengths = take(pool, rows * sizeof *base.lengths);
  base.bytes = take(pool, rows * sizeof *base.bytes);
  base.nulls = take(pool, rows * sizeof *base.nulls);
  if (spec->values) {
    base.picks = take(pool, rows * sizeof *base.picks);
    spread_picks(rng, spec, selection, &base);
  }
  for (size_t i = 0; i < rows; i++) {
    base.lengths[i] = spec->values ? spec->values->lengths[base.picks[i]] : draw_length(rng, spec, i);
    base.bytes[i] = NULL;
    base.nulls[i] = spec->base_nulls && rng_percent(rng, spec->null_percent);
  }
  return base;
}

void column_build(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec, struct test_column *out) {
  bool selected = spec->selection != CHOICE_NONE;
  size_t base_rows = draw_base_rows(rng, spec);
  uint32_t *selection = selected ? draw_selection(pool, rng, spec, base_rows) : NULL;
  if (selected && spec->values && spec->selection == CHOICE_RANDOM)
    shuffle(pool, rng, selection, spec->rows, base_rows);
  struct base base = draw_base(pool, rng, spec, base_rows, selection);
  bool *row_nulls = take(pool, spec->rows * sizeof *row_nulls);
  for (size_t i = 0; i < spec->rows; i++)
    row_nulls[i] = selected && spec->row_nulls && rng_percent(rng, spec->null_percent);

  out->rows = spec->rows;
  out->column = lay_out(pool, rng, spec, &base);
  if (spec->base_nulls) {
    uint8_t *bits = draw_bitmap(pool, rng, spec->side, base.nulls, base.rows, spec->base_bit);
    out->column = weft_column_with_validity(out->column, bits, spec->base_bit);
  }
  write_truth(pool, &base, selection, row_nulls, out);
  if (selected) {
    out->column = weft_column_with_selection(out->column, selection, spec->rows);
    if (spec->row_nulls) {
      uint8_t *bits = draw_bitmap(pool, rng, spec->side, row_nulls, spec->rows, spec->row_bit);
      out->column = weft_column_with_validity(out->column, bits, spec->row_bit);
    }
  }
  for (size_t i = 0; i < spec->rows; i++)
    if (row_nulls[i])
      selection[i] = (uint32_t)rng_next(rng); /* never read */
}

struct column_spec column_spec_draw(struct rng *rng, size_t rows) {
  struct column_spec spec = {.rows = rows};
  spec.layout = (enum weft_layout)(WEFT_FIXED + rng_upto(rng, WEFT_VIEWS - WEFT_FIXED));
  spec.type = (enum weft_type)(WEFT_I8 + rng_upto(rng, WEFT_FIXED_BYTES - WEFT_I8));
  spec.lengths = (enum lengths)rng_upto(rng, LENGTHS_KINDS - 1);
  spec.length = rng_percent(rng, 70) ? rng_upto(rng, 40) : length_edges[rng_upto(rng, LENGTH_EDGES - 1)];
  spec.selection = rng_percent(rng, 50) ? CHOICE_NONE : (enum choice)rng_upto(rng, CHOICE_KINDS - 1);
  spec.base_nulls = rng_percent(rng, 40);
  spec.row_nulls = rng_percent(rng, 40);
  static const unsigned percents[] = {1, 10, 50, 95, 100};
  spec.null_percent = percents[rng_upto(rng, 4)];
  spec.base_bit = rng_upto(rng, 200);
  spec.row_bit = rng_upto(rng, 200);
  spec.side = rng_percent(rng, 70) ? GUARD_HIGH : GUARD_LOW;
  spec.shift = rng_percent(rng, 70) ? 0 : rng_upto(rng, 63);
  spec.lead = rng_percent(rng, 50) ? 0 : rng_upto(rng, 40);
  spec.trail = rng_percent(rng, 70) ? 0 : rng_upto(rng, 40);
  spec.scattered = rng_percent(rng, 60);
  return spec;
}

size_t column_rows_draw(struct rng *rng) {
  static const size_t edges[] = {1023, 1024, 1025, 2047, 2048, 5000};
  return rng_percent(rng, 4) ? edges[rng_upto(rng, sizeof edges / sizeof *edges - 1)] : rng_upto(rng, 130);
}
