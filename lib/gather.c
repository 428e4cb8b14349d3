/* SPDX-License-Identifier: MIT
 *
 * Late gather: rows of a column by their numbers, piece by piece. Numbers are first brought down to rows of the layout,
 * with a bit for each that is not null. Fixed widths are then copied; strings resolved as a batch, and copied or viewed.
 *
 * What bounds it is the memory: a miss a row, of strings two, one for where they are and one for the bytes, each asked for
 * the context's distance ahead (5 M strings: 0.8 of the time). Loads of fixed widths do not wait for each other; those of a
 * far column are asked for a piece at once (20 M values: 0.9 of the time, 0.5 where pages are huge).
 */
#include <weft/gather.h>

#include "lib/view.h"

enum { PIECE = 1024 };

struct gather {
  weft_ctx *ctx;
  const char *who;
  enum weft_form form;
  const struct weft_column *column;
  const uint32_t *numbers;
  size_t n;
  struct weft_buffers *buffers;
  size_t width; /* of a row that is written, where it is not a string's bytes */
  size_t used;  /* bytes of strings so far */
};

/* Some of the numbers, as rows of the layout: of null ones row 0. */
struct piece {
  const uint32_t *rows; /* [n] */
  size_t n, nulls;
  uint64_t valid[PIECE / SIMD_BLOCK]; /* bits past n are 0 */
  uint32_t plain[PIECE];              /* rows, where they are not the caller's numbers */
};

static bool bit_of(const uint8_t *bits, size_t i) {
  return bits[i / 8] >> i % 8 & 1;
}

/* ---- From numbers to rows ---- */

/* Numbers that are all rows of the column, which has no selection and no nulls, can be taken as they are. */
static bool are_plain(const struct weft_column *c, const uint32_t *numbers, size_t n) {
  uint32_t greatest = 0;
  for (size_t i = 0; i < n; i++)
    greatest = numbers[i] > greatest ? numbers[i] : greatest;
  return greatest < c->rows && !c->selection && !c->base_validity && !c->row_validity;
}

/* Notes which numbers are rows, and makes the others 0. False: one of them is neither a row nor none. */
static bool sort_out(const struct weft_column *c, const uint32_t *numbers, struct piece *piece) {
  uint32_t strays = 0;
  for (size_t at = 0; at < piece->n; at += SIMD_BLOCK) {
    uint64_t valid = 0;
    for (size_t k = 0, i = at; k < SIMD_BLOCK && i < piece->n; k++, i++) {
      bool there = numbers[i] < WEFT_UNKNOWN_ROW;
      strays |= there & (numbers[i] >= c->rows);
      piece->plain[i] = numbers[i] & (uint32_t)(0 - there);
      valid |= (uint64_t)there << k;
    }
    piece->valid[at / SIMD_BLOCK] = valid;
  }
  return strays == 0;
}

/* Follows the column's selection. What it says of null rows is not looked at. */
static void select_rows(const struct weft_column *c, size_t ahead, struct piece *piece) {
  for (size_t i = 0; i < piece->n; i++) {
    uint64_t *word = &piece->valid[i / SIMD_BLOCK], bit = (uint64_t)1 << i % SIMD_BLOCK;
    uint32_t row = piece->plain[i];
    if (ahead != 0 && i + ahead < piece->n)
      __builtin_prefetch(&c->selection[piece->plain[i + ahead]]);
    if ((*word & bit) && c->row_validity && !bit_of(c->row_validity, c->row_bit_offset + row))
      *word &= ~bit;
    piece->plain[i] = *word & bit ? c->selection[row] : 0;
  }
}

/* Leaves out rows that are null in the layout. */
static void leave_out_nulls(const struct weft_column *c, struct piece *piece) {
  for (size_t at = 0; at < piece->n; at += SIMD_BLOCK) {
    uint64_t valid = piece->valid[at / SIMD_BLOCK], bits = 0;
    for (size_t k = 0, i = at; valid != 0 && k < SIMD_BLOCK && i < piece->n; k++, i++)
      bits |= (uint64_t)bit_of(c->base_validity, c->base_bit_offset + piece->plain[i]) << k;
    piece->valid[at / SIMD_BLOCK] = valid & bits;
    for (size_t k = 0, i = at; k < SIMD_BLOCK && i < piece->n; k++, i++)
      piece->plain[i] &= (uint32_t)(0 - ((valid & bits) >> k & 1));
  }
}

/* Writes a piece's bits of validity. */
static weft_status put_validity(const struct gather *g, size_t at, const struct piece *piece) {
  g->buffers->nulls += piece->nulls;
  if (piece->nulls > 0 && !g->buffers->validity)
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: buffers.validity is NULL, and there are nulls", g->who);
  for (size_t i = 0; g->buffers->validity && i < (piece->n + 7) / 8; i++)
    g->buffers->validity[at / 8 + i] = (uint8_t)(piece->valid[i / 8] >> i % 8 * 8);
  return WEFT_OK;
}

/* Numbers at .. at + n as rows. */
static weft_status take_piece(const struct gather *g, size_t at, size_t n, struct piece *piece) {
  const struct weft_column *c = g->column;
  const uint32_t *numbers = g->numbers + at;
  piece->n = n;
  piece->rows = numbers;
  piece->nulls = 0;
  if (are_plain(c, numbers, n)) {
    memset(piece->valid, 0xff, sizeof piece->valid);
    if (n % SIMD_BLOCK != 0)
      piece->valid[n / SIMD_BLOCK] = ((uint64_t)1 << n % SIMD_BLOCK) - 1;
    return WEFT_OK;
  }
  memset(piece->valid, 0, sizeof piece->valid);
  if (!sort_out(c, numbers, piece))
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: one of rows[%zu .. %zu) is none of the column's %zu rows", g->who, at,
                      at + n, c->rows);
  if (c->selection)
    select_rows(c, g->ctx->prefetch_distance, piece);
  if (c->base_validity)
    leave_out_nulls(c, piece);
  piece->rows = piece->plain;
  size_t valid = 0;
  for (size_t i = 0; i < n; i += SIMD_BLOCK)
    valid += (size_t)__builtin_popcountll(piece->valid[i / SIMD_BLOCK]);
  piece->nulls = n - valid;
  return WEFT_OK;
}

/* What is done with each piece, `at` being the place of its first row in the output. */
typedef weft_status piece_fn(struct gather *g, size_t at, struct piece *piece);

static piece_fn add_up;

static weft_status each_piece(struct gather *g, piece_fn *put) {
  size_t most = g->ctx->batch_size < PIECE ? g->ctx->batch_size : PIECE;
  for (size_t at = 0, n; at < g->n; at += n) {
    struct piece piece;
    n = g->n - at < most ? g->n - at : most;
    WEFT_TRY(take_piece(g, at, n, &piece));
    if (put != add_up)
      WEFT_TRY(put_validity(g, at, &piece));
    WEFT_TRY(put(g, at, &piece));
  }
  return WEFT_OK;
}

/* ---- Fixed widths, and views of views ---- */

/* Asks for the piece's values, where they are far. */
static void ask_for_rows(const struct gather *g, const struct piece *piece) {
  if (g->ctx->prefetch_distance == 0 || g->column->base_rows <= SIMD_FAR_BYTES / g->width)
    return;
  for (size_t i = 0; i < piece->n; i++)
    simd_ask_far((const void *)((uintptr_t)g->column->data + piece->rows[i] * g->width));
}

ALWAYS_INLINE void copy_rows(const uint8_t *from, const uint32_t *rows, size_t n, size_t width, uint8_t *to) {
  for (size_t i = 0; i < n; i++)
    memcpy(to + i * width, from + rows[i] * width, width);
}

static weft_status put_fixed(struct gather *g, size_t at, struct piece *piece) {
  const struct simd_codecs *k = g->ctx->kernels->codecs;
  const uint8_t *from = g->column->data;
  size_t width = g->width, n = piece->n, base_rows = g->column->base_rows;
  uint8_t *to = (uint8_t *)g->buffers->values + at * width;
  const uint32_t *rows = piece->rows;
  bool inside = true;
  if (width == 0)
    return WEFT_OK;
  if (base_rows == 0) { /* all null */
    memset(to, 0, n * width);
    return WEFT_OK;
  }
  ask_for_rows(g, piece);
  switch (width) {
  case 1: inside = k->gather8(from, base_rows, rows, n, to); break;
  case 2: inside = k->gather16(from, base_rows, rows, n, to); break;
  case 4: inside = k->gather32(from, base_rows, rows, n, to); break;
  case 8: inside = k->gather64(from, base_rows, rows, n, to); break;
  case 12: copy_rows(from, rows, n, 12, to); break;
  case 16: copy_rows(from, rows, n, 16, to); break;
  default: copy_rows(from, rows, n, width, to); break;
  }
  if (!inside)
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: the selection reaches past the column's %zu rows", g->who, base_rows);
  for (size_t first = 0; piece->nulls > 0 && first < n; first += SIMD_BLOCK)
    for (uint64_t nulls = ~piece->valid[first / SIMD_BLOCK]; nulls != 0; nulls &= nulls - 1) {
      size_t i = first + (size_t)__builtin_ctzll(nulls);
      if (i < n)
        memset(to + i * width, 0, width);
    }
  return WEFT_OK;
}

/* ---- Strings ---- */

/* Resolves a piece's rows into the context's batch. */
static const struct simd_rows *resolve(const struct gather *g, struct piece *piece) {
  struct simd_column column = weft__column_simd(g->column);
  struct simd_rows *batch = &g->ctx->batch;
  for (size_t i = 0; SIMD_BIG_ENDIAN && i < PIECE / SIMD_BLOCK; i++)
    piece->valid[i] = from_little(piece->valid[i], 64); /* they are read as bytes, and as words no more */
  column.selection = piece->rows;
  column.row_validity = piece->nulls > 0 ? (const uint8_t *)piece->valid : NULL;
  column.row_bit_offset = 0;
  column.base_validity = NULL;
  batch->prefetch = g->ctx->prefetch_distance;
  g->ctx->kernels->resolve(&column, 0, piece->n, batch);
  return batch;
}

static weft_status too_long(const struct gather *g, uint64_t bytes) {
  return weft__fail(g->ctx, WEFT_E_OVERFLOW, "%s: %llu bytes of strings, more than 32 bits with a sign reach", g->who,
                    (unsigned long long)bytes);
}

/* Copies a resolved piece's strings, each with as many bytes behind it as the room allows: most are shorter than those. */
static void copy_strings(const struct simd_rows *batch, size_t ahead, uint8_t *to, size_t room) {
  for (size_t i = 0; i < batch->rows; i++) {
    size_t bytes = batch->bytes[i];
    const uint8_t *from = batch->ptrs[i];
    if (ahead != 0 && i + ahead < batch->rows)
      __builtin_prefetch(batch->ptrs[i + ahead]);
    if (room < SIMD_EDGE) {
      memcpy(to, from, bytes);
    } else {
      memcpy(to, from, SIMD_EDGE);
      if (bytes > SIMD_EDGE)
        memcpy(to + SIMD_EDGE, from + SIMD_EDGE, bytes - SIMD_EDGE);
    }
    to += bytes;
    room -= bytes;
  }
}

static void put_offsets(const struct gather *g, size_t at, const struct simd_rows *batch) {
  uint64_t end = g->used;
  if (g->buffers->offset_bytes == sizeof(int32_t)) {
    int32_t *offsets = (int32_t *)g->buffers->offsets + at + 1;
    for (size_t i = 0; i < batch->rows; i++)
      offsets[i] = (int32_t)(end += batch->bytes[i]);
  } else {
    int64_t *offsets = (int64_t *)g->buffers->offsets + at + 1;
    for (size_t i = 0; i < batch->rows; i++)
      offsets[i] = (int64_t)(end += batch->bytes[i]);
  }
}

/* Adds up the bytes of strings alone. */
static weft_status add_up(struct gather *g, size_t at, struct piece *piece) {
  uint64_t bytes = resolve(g, piece)->total_bytes;
  (void)at;
  if (bytes > PTRDIFF_MAX - g->used)
    return weft__fail(g->ctx, WEFT_E_OVERFLOW, "%s: strings of more bytes than memory can hold", g->who);
  g->used += (size_t)bytes;
  return WEFT_OK;
}

static weft_status no_space(const struct gather *g, size_t bytes) {
  return weft__fail(g->ctx, WEFT_E_SPACE, "%s: buffers.values has %zu bytes, and takes %zu", g->who,
                    g->buffers->values_bytes, bytes);
}

static weft_status put_strings(struct gather *g, size_t at, struct piece *piece) {
  const struct simd_rows *batch = resolve(g, piece);
  const struct weft_buffers *buffers = g->buffers;
  if (batch->total_bytes > buffers->values_bytes - g->used) {
    struct gather all = *g;
    all.used = 0;
    WEFT_TRY(each_piece(&all, add_up));
    return no_space(g, all.used);
  }
  if (buffers->offset_bytes == sizeof(int32_t) && batch->total_bytes > INT32_MAX - g->used)
    return too_long(g, g->used + batch->total_bytes);
  put_offsets(g, at, batch);
  copy_strings(batch, g->ctx->prefetch_distance, (uint8_t *)buffers->values + g->used, buffers->values_bytes - g->used);
  g->used += (size_t)batch->total_bytes;
  return WEFT_OK;
}

/* Views of strings that lie at offsets. */
static weft_status put_views(struct gather *g, size_t at, struct piece *piece) {
  const struct weft_column *c = g->column;
  const struct simd_rows *batch = resolve(g, piece);
  struct weft_view *views = (struct weft_view *)g->buffers->values + at;
  size_t ahead = g->ctx->prefetch_distance;
  uint64_t reach = 0;
  for (size_t i = 0; i < piece->n; i++) {
    if (ahead != 0 && i + ahead < piece->n)
      __builtin_prefetch(batch->ptrs[i + ahead]);
    uint64_t bytes = batch->bytes[i], offset = 0; /* a null's row may not be there */
    if (bytes > 0)
      offset = c->layout == WEFT_OFFSETS32 ? (uint64_t)((const int32_t *)c->aux)[piece->rows[i]]
                                           : (uint64_t)((const int64_t *)c->aux)[piece->rows[i]];
    reach |= bytes > VIEW_INLINED ? offset + bytes : 0;
    views[i] = view_of(batch->ptrs[i], bytes, offset);
  }
  return reach > INT32_MAX ? too_long(g, reach) : WEFT_OK;
}

/* ---- The calls ---- */

static weft_status check(struct gather *g) {
  WEFT_TRY(weft__columns_check(g->ctx, g->who, g->column, 1));
  if (!g->buffers || (!g->numbers && g->n > 0))
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: %s is NULL", g->who, g->buffers ? "rows" : "buffers");
  if (g->buffers->size != sizeof *g->buffers)
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: buffers.size is %zu, and this library knows %zu", g->who,
                      g->buffers->size, sizeof *g->buffers);
  enum weft_layout layout = g->column->layout;
  if (g->form != WEFT_FORM_VALUES && (g->form != WEFT_FORM_VIEWS || layout == WEFT_FIXED || layout == WEFT_POINTERS))
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: a column of layout %d cannot be had in form %d", g->who, (int)layout,
                      (int)g->form);
  size_t bytes;
  g->width = layout == WEFT_FIXED ? g->column->width : sizeof(struct weft_view);
  if (__builtin_mul_overflow(g->n, g->width, &bytes) || bytes > PTRDIFF_MAX)
    return weft__fail(g->ctx, WEFT_E_OVERFLOW, "%s: %zu rows of %zu bytes, more than memory can hold", g->who, g->n,
                      g->width);
  return WEFT_OK;
}

/* Strings whose bytes are to be copied. */
static bool has_bytes(const struct gather *g) {
  return g->form == WEFT_FORM_VALUES && g->column->layout != WEFT_FIXED;
}

static weft_status sum_up(struct gather *g) {
  struct weft_buffers *room = g->buffers;
  WEFT_TRY(check(g));
  if (has_bytes(g))
    WEFT_TRY(each_piece(g, add_up));
  room->values_bytes = has_bytes(g) ? g->used : g->n * g->width;
  room->offset_bytes = g->used > INT32_MAX ? sizeof(int64_t) : sizeof(int32_t);
  room->data_bytes = 0;
  return WEFT_OK;
}

static weft_status check_room(const struct gather *g) {
  const struct weft_buffers *buffers = g->buffers;
  bool strings = has_bytes(g);
  if (strings && !buffers->offsets)
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: buffers.offsets is NULL", g->who);
  if (strings && buffers->offset_bytes != sizeof(int32_t) && buffers->offset_bytes != sizeof(int64_t))
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: offset_bytes is %zu, neither 4 nor 8", g->who, buffers->offset_bytes);
  if (!strings && buffers->values_bytes < g->n * g->width)
    return no_space(g, g->n * g->width);
  if (!buffers->values && (strings ? buffers->values_bytes : g->n * g->width) > 0)
    return weft__fail(g->ctx, WEFT_E_INVALID, "%s: buffers.values is NULL", g->who);
  return WEFT_OK;
}

static weft_status gather(struct gather *g) {
  WEFT_TRY(check(g));
  WEFT_TRY(check_room(g));
  struct weft_buffers *buffers = g->buffers;
  enum weft_layout layout = g->column->layout;
  buffers->nulls = 0;
  if (has_bytes(g))
    memset(buffers->offsets, 0, buffers->offset_bytes);
  WEFT_TRY(each_piece(g, has_bytes(g)                                   ? put_strings
                         : layout == WEFT_FIXED || layout == WEFT_VIEWS ? put_fixed
                                                                        : put_views));
  buffers->values_bytes = has_bytes(g) ? g->used : g->n * g->width;
  ctx_count_column(g->ctx, true, g->n, buffers->values_bytes);
  return WEFT_OK;
}

static weft_status run(struct gather g, weft_status (*what)(struct gather *)) {
  if (!g.ctx)
    return WEFT_E_INVALID;
  ctx_enter(g.ctx);
  weft_status status = what(&g);
  ctx_leave(g.ctx);
  return status;
}

weft_status weft_gather_room(weft_ctx *ctx, enum weft_form form, const struct weft_column *column, const uint32_t *rows,
                             size_t n, struct weft_buffers *room) {
  return run((struct gather){ctx, "weft_gather_room", form, column, rows, n, room, 0, 0}, sum_up);
}

weft_status weft_gather(weft_ctx *ctx, enum weft_form form, const struct weft_column *column, const uint32_t *rows,
                        size_t n, struct weft_buffers *buffers) {
  return run((struct gather){ctx, "weft_gather", form, column, rows, n, buffers, 0, 0}, gather);
}
