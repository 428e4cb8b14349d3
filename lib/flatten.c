/* SPDX-License-Identifier: MIT
 *
 * Columns to plain arrays: validity first, as words of bits; then values by the kernels that gather and compact, or
 * strings, whose bytes are borrowed where those of all rows follow one another.
 */
#include "lib/flatten.h"

#include <string.h>

#define BLOCK 1024 /* rows whose numbers are listed at a time */

static size_t words_of(size_t rows) {
  return rows / 64 + (rows % 64 != 0);
}

static weft_status take(weft_ctx *ctx, struct flat *out, int slot, size_t bytes, void **p) {
  *p = out->owned[slot] = weft_alloc(ctx, bytes);
  return *p ? WEFT_OK : ctx->cache.status;
}

/* n <= 64 bits of a bitmap from bit `first` on, the others 0. Reads only bytes that hold them. */
static uint64_t bitmap_word(const uint8_t *bits, size_t first, size_t n) {
  const uint8_t *p = bits + first / 8;
  size_t shift = first % 8, bytes = (shift + n + 7) / 8;
  uint64_t word = 0;
  if (bytes >= 8) /* of a constant count the compiler makes one load */
    for (size_t i = 0; i < 8; i++)
      word |= (uint64_t)p[i] << 8 * i;
  else
    for (size_t i = 0; i < bytes; i++)
      word |= (uint64_t)p[i] << 8 * i;
  word >>= shift;
  if (bytes > 8)
    word |= (uint64_t)p[8] << (64 - shift);
  return n < 64 ? word & (((uint64_t)1 << n) - 1) : word;
}

/* Which of the n <= 64 rows from `first` on are not null. The number that a selection has for a null row is not looked
 * at. */
static uint64_t valid_word(const struct weft_column *c, size_t first, size_t n) {
  uint64_t word = n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX, valid = 0;
  if (c->row_validity)
    word = bitmap_word(c->row_validity, c->row_bit_offset + first, n);
  if (!c->base_validity || word == 0)
    return word;
  if (!c->selection)
    return word & bitmap_word(c->base_validity, c->base_bit_offset + first, n);
  for (size_t i = 0; i < n; i++) {
    uint64_t keep = word >> i & 1;
    size_t bit = c->base_bit_offset + (c->selection[first + i] & (uint32_t)(0 - keep));
    valid |= (uint64_t)(c->base_validity[bit / 8] >> bit % 8 & 1) << i;
  }
  return word & valid;
}

static weft_status flatten_validity(weft_ctx *ctx, const struct weft_column *c, struct flat *out) {
  if (!c->base_validity && !c->row_validity)
    return WEFT_OK;
  void *p;
  WEFT_TRY(take(ctx, out, 0, words_of(c->rows) * sizeof(uint64_t), &p));
  uint64_t *valid = p;
  size_t set = 0;
  for (size_t row = 0; row < c->rows; row += 64) {
    uint64_t word = valid_word(c, row, c->rows - row < 64 ? c->rows - row : 64);
    valid[row / 64] = word;
    set += (size_t)__builtin_popcountll(word);
  }
  out->nulls = c->rows - set;
  if (out->nulls != 0)
    out->valid = valid;
  return WEFT_OK;
}

/* The kernels for values of a width; NULL where there are none. */
static simd_gather_fn *gather_of(const weft_ctx *ctx, size_t width) {
  const struct simd_codecs *k = ctx->kernels->codecs;
  return width == 1 ? k->gather8 : width == 2 ? k->gather16 : width == 4 ? k->gather32 : width == 8 ? k->gather64 : NULL;
}

static simd_compact_fn *compact_of(const weft_ctx *ctx, size_t width) {
  const struct simd_codecs *k = ctx->kernels->codecs;
  return width == 1   ? k->compact8
         : width == 2 ? k->compact16
         : width == 4 ? k->compact32
         : width == 8 ? k->compact64
                      : NULL;
}

/* The numbers, counted from base row `origin` on, of the values that block rows first .. first + n give; *count of them.
 * plain has room for BLOCK and the kernels' slack. */
static const uint32_t *block_rows(const weft_ctx *ctx, const struct weft_column *c, const struct flat *out, bool dense,
                                  size_t first, size_t n, uint32_t *plain, size_t *count) {
  const uint64_t *valid = out->valid ? out->valid + first / 64 : NULL;
  const uint32_t *selection = c->selection ? c->selection + first : NULL;
  *count = n;
  if (!selection) { /* only where values are to be left out */
    *count = ctx->kernels->codecs->positions(valid, n, 0, plain);
    return plain;
  }
  if (!valid)
    return selection;
  if (dense) {
    *count = ctx->kernels->codecs->compact32(selection, valid, n, plain);
    return plain;
  }
  for (size_t i = 0; i < n; i++)
    plain[i] = selection[i] & (uint32_t)(0 - (valid[i / 64] >> i % 64 & 1));
  return plain;
}

/* The values rows[n] of size values at data, one after another. False: there is no such row. */
static bool pick(simd_gather_fn *gather, const uint8_t *data, size_t size, size_t width, const uint32_t *rows, size_t n,
                 uint8_t *to) {
  if (gather)
    return gather(data, size, rows, n, to);
  for (size_t i = 0; i < n; i++) {
    if (rows[i] >= size)
      return false;
    memcpy(to + i * width, data + rows[i] * width, width);
  }
  return true;
}

/* Values chosen by a selection, or by not being null. */
static weft_status flatten_chosen(weft_ctx *ctx, const struct weft_column *c, bool dense, struct flat *out) {
  size_t width = c->width, done = 0, bytes;
  if (__builtin_mul_overflow(out->values, width, &bytes) || bytes > PTRDIFF_MAX)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "%zu rows of %zu bytes are more than memory can hold", out->values, width);
  void *p;
  WEFT_TRY(take(ctx, out, 1, bytes + SIMD_SLACK, &p));
  out->data = p;
  if (c->base_rows == 0) { /* all null */
    memset(p, 0, bytes);
    return WEFT_OK;
  }
  simd_compact_fn *compact = c->selection ? NULL : compact_of(ctx, width);
  simd_gather_fn *gather = gather_of(ctx, width);
  uint32_t plain[BLOCK + SIMD_SLACK / sizeof(uint32_t)];
  for (size_t row = 0; row < c->rows; row += BLOCK) {
    size_t n = c->rows - row < BLOCK ? c->rows - row : BLOCK, count;
    size_t origin = c->selection ? 0 : row;
    const uint8_t *from = (const uint8_t *)c->data + origin * width;
    uint8_t *to = (uint8_t *)p + done * width;
    if (compact) {
      done += compact(from, out->valid + row / 64, n, to);
      continue;
    }
    const uint32_t *rows = block_rows(ctx, c, out, dense, row, n, plain, &count);
    if (!pick(gather, from, c->base_rows - origin, width, rows, count, to))
      return weft__fail(ctx, WEFT_E_INVALID, "selection[%zu .. %zu) reaches past the column's %zu rows", row, row + n,
                        c->base_rows);
    done += count;
  }
  return WEFT_OK;
}

static weft_status flatten_fixed(weft_ctx *ctx, const struct weft_column *c, bool dense, struct flat *out) {
  if (c->width == 0 || (!c->selection && !(dense && out->valid))) {
    if (c->width != 0)
      out->data = c->data;
    return WEFT_OK;
  }
  return flatten_chosen(ctx, c, dense, out);
}

static int64_t offset_at(const struct weft_column *c, size_t i) {
  return c->layout == WEFT_OFFSETS32 ? ((const int32_t *)c->aux)[i] : ((const int64_t *)c->aux)[i];
}

/* Offsets from 0 on, of the rows' bytes without those under nulls. offsets has room for values + 2: of a row that is left
 * out the end is written too, and then overwritten by that of the next. */
static void rebase(const struct weft_column *c, const uint64_t *valid, bool dense, int64_t *offsets) {
  int64_t start = offset_at(c, 0), at = 0;
  size_t value = 0;
  offsets[0] = 0;
  if (!valid) {
    if (c->layout == WEFT_OFFSETS32)
      for (size_t i = 1; i <= c->rows; i++)
        offsets[i] = ((const int32_t *)c->aux)[i] - start;
    else
      for (size_t i = 1; i <= c->rows; i++)
        offsets[i] = ((const int64_t *)c->aux)[i] - start;
    return;
  }
  for (size_t i = 0; i < c->rows; i++) {
    size_t bit = valid[i / 64] >> i % 64 & 1;
    int64_t end = offset_at(c, i + 1);
    at += (end - start) & -(int64_t)bit;
    start = end;
    offsets[value + 1] = at;
    value += dense ? bit : 1;
  }
}

/* The first row from `row` on whose bit, xored with flip, is set; rows when there is none. */
static size_t next_row(const uint64_t *valid, uint64_t flip, size_t row, size_t rows) {
  while (row < rows) {
    uint64_t word = (valid[row / 64] ^ flip) >> row % 64;
    if (word != 0) {
      row += (size_t)__builtin_ctzll(word);
      return row < rows ? row : rows;
    }
    row = (row / 64 + 1) * 64;
  }
  return rows;
}

/* Strings whose bytes lie one after the other; but for those of null rows, all is borrowed. */
static weft_status flatten_offsets(weft_ctx *ctx, const struct weft_column *c, bool dense, struct flat *out) {
  const uint8_t *data = (const uint8_t *)c->data;
  int64_t start = offset_at(c, 0), span = offset_at(c, c->rows) - start;
  if (data)
    out->data = data + start;
  if (c->layout == WEFT_OFFSETS64 && start == 0 && !out->valid) {
    out->offsets = c->aux;
    return WEFT_OK;
  }
  void *p;
  WEFT_TRY(take(ctx, out, 1, (out->values + 2) * sizeof(int64_t), &p));
  int64_t *offsets = p;
  rebase(c, out->valid, dense, offsets);
  out->offsets = offsets;
  if (offsets[out->values] == span)
    return WEFT_OK;
  WEFT_TRY(take(ctx, out, 2, (size_t)offsets[out->values], &p));
  out->data = p;
  uint8_t *to = p;
  for (size_t row = next_row(out->valid, 0, 0, c->rows); row < c->rows;) {
    size_t end = next_row(out->valid, UINT64_MAX, row, c->rows);
    size_t bytes = (size_t)(offset_at(c, end) - offset_at(c, row));
    if (bytes > 0)
      memcpy(to, data + offset_at(c, row), bytes);
    to += bytes;
    row = next_row(out->valid, 0, end, c->rows);
  }
  return WEFT_OK;
}

/* Makes room for `more` bytes behind used at out->data, and SIMD_EDGE beyond: as much as the rows to come may take, if they
 * are like the `done` before them. */
static weft_status grow(weft_ctx *ctx, struct flat *out, size_t done, size_t used, uint64_t more, size_t *room) {
  if (more > PTRDIFF_MAX / 4 || used > PTRDIFF_MAX / 4)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "strings of %zu bytes and %llu more: more than memory can hold", used,
                      (unsigned long long)more);
  size_t needed = used + (size_t)more;
  if (out->owned[2] && needed <= *room)
    return WEFT_OK;
  double guess = (double)needed / (double)done * (double)out->rows * 1.0625;
  size_t least = needed + used / 2;
  *room = guess > (double)least && guess < (double)(PTRDIFF_MAX / 2) ? (size_t)guess : least;
  void *p = weft_realloc(ctx, out->owned[2], *room + SIMD_EDGE);
  if (!p && *room > least) { /* where the rows at hand are the longest, the guess may be more than there is */
    *room = least;
    p = weft_realloc(ctx, out->owned[2], *room + SIMD_EDGE);
  }
  if (!p)
    return ctx->cache.status;
  out->data = out->owned[2] = p;
  return WEFT_OK;
}

/* Copies a resolved batch's strings, the first SIMD_EDGE bytes of each whatever its length. Returns the end. */
static uint8_t *copy_batch(const struct simd_rows *batch, bool dense, uint8_t *to, size_t used, int64_t **offsets) {
  int64_t *next = *offsets;
  for (size_t i = 0; i < batch->rows; i++) {
    uint64_t bytes = batch->bytes[i];
    memcpy(to, batch->ptrs[i], SIMD_EDGE);
    if (bytes > SIMD_EDGE)
      memcpy(to + SIMD_EDGE, batch->ptrs[i] + SIMD_EDGE, bytes - SIMD_EDGE);
    to += bytes;
    used += bytes;
    *next = (int64_t)used;
    next += dense ? batch->valid[i / 64] >> i % 64 & 1 : 1;
  }
  *offsets = next;
  return to;
}

/* Strings from anywhere. */
static weft_status flatten_scattered(weft_ctx *ctx, const struct weft_column *c, bool dense, struct flat *out) {
  void *p;
  WEFT_TRY(take(ctx, out, 1, (out->values + 2) * sizeof(int64_t), &p));
  int64_t *offsets = p;
  size_t used = 0, room = 0;
  out->offsets = offsets;
  *offsets++ = 0;
  struct simd_column column = weft__column_simd(c);
  for (size_t row = 0; row < c->rows; row += ctx->batch_size) {
    size_t n = c->rows - row < ctx->batch_size ? c->rows - row : ctx->batch_size;
    ctx->batch.prefetch = ctx->prefetch_distance;
    ctx->kernels->resolve(&column, row, n, &ctx->batch);
    WEFT_TRY(grow(ctx, out, row + n, used, ctx->batch.total_bytes, &room));
    uint8_t *to = (uint8_t *)out->owned[2] + used;
    used += (size_t)(copy_batch(&ctx->batch, dense, to, used, &offsets) - to);
  }
  return WEFT_OK;
}

weft_status weft__flatten(weft_ctx *ctx, const struct weft_column *column, size_t first, size_t rows, bool dense,
                          struct flat *out) {
  static const int64_t nothing[1];
  struct weft_column part = weft__column_slice(column, first, rows);
  bool fixed = part.layout == WEFT_FIXED;
  bool in_a_line = !part.selection && (part.layout == WEFT_OFFSETS32 || part.layout == WEFT_OFFSETS64);
  *out = (struct flat){.rows = rows, .width = fixed ? part.width : 0, .data = nothing, .offsets = fixed ? NULL : nothing};
  if (rows == 0)
    return WEFT_OK;
  weft_status status = flatten_validity(ctx, &part, out);
  out->values = dense ? rows - out->nulls : rows;
  if (status == WEFT_OK)
    status = fixed       ? flatten_fixed(ctx, &part, dense, out)
             : in_a_line ? flatten_offsets(ctx, &part, dense, out)
                         : flatten_scattered(ctx, &part, dense, out);
  if (status != WEFT_OK)
    weft__flat_close(ctx, out);
  return status;
}

void weft__flat_close(weft_ctx *ctx, struct flat *flat) {
  for (size_t i = 0; i < sizeof flat->owned / sizeof *flat->owned; i++)
    (void)!weft_free(ctx, flat->owned[i]);
  *flat = (struct flat){0};
}
