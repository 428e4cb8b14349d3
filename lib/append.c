/* SPDX-License-Identifier: MIT
 *
 * Appending rows: they are flattened piece by piece and put behind those before. Memory doubles as it grows.
 */
#include "lib/append.h"
#include "lib/flatten.h"

#include <string.h>

#define PIECE_ROWS 16384 /* flattened at a time: they stay in the second cache */

weft_status weft__reserve(weft_ctx *ctx, struct bytes *bytes, size_t more) {
  size_t needed;
  if (__builtin_add_overflow(bytes->used, more, &needed) || needed > PTRDIFF_MAX / 2)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "%zu bytes and %zu more are more than memory can hold", bytes->used, more);
  if (needed <= bytes->room)
    return WEFT_OK;
  size_t room = 2 * bytes->room > needed ? 2 * bytes->room : needed;
  void *p = weft_alloc(ctx, room);
  if (!p)
    return ctx->cache.status;
  if (bytes->used > 0) /* weft_realloc would copy the room too, which may never have been touched */
    memcpy(p, bytes->at, bytes->used);
  (void)!weft_free(ctx, bytes->at);
  bytes->at = p;
  bytes->room = room;
  return WEFT_OK;
}

weft_status weft__append_bytes(weft_ctx *ctx, struct bytes *bytes, const void *from, size_t n) {
  WEFT_TRY(weft__reserve(ctx, bytes, n));
  if (n > 0)
    memcpy(bytes->at + bytes->used, from, n);
  bytes->used += n;
  return WEFT_OK;
}

/* Sets the bits of n rows from row `at` on of a bitmap that is 0 there, and for 8 bytes more: words' bits, or, where
 * that is NULL, ones. */
static void set_valid(uint8_t *to, size_t at, const uint64_t *words, size_t n) {
  for (size_t i = 0; i < n; i += 64) {
    uint64_t word = words ? words[i / 64] : UINT64_MAX;
    if (n - i < 64)
      word &= ((uint64_t)1 << (n - i)) - 1;
    uint8_t *p = to + (at + i) / 8;
    unsigned shift = (unsigned)((at + i) % 8);
    for (unsigned b = 0; b < 8; b++)
      p[b] |= (uint8_t)(word << shift >> 8 * b);
    if (shift > 0)
      p[8] |= (uint8_t)(word >> (64 - shift));
  }
}

static weft_status append_valid(weft_ctx *ctx, struct appended *g, size_t at, const struct flat *flat) {
  if (!flat->valid && !g->has_nulls)
    return WEFT_OK;
  size_t bytes = (at + flat->rows) / 8 + 16; /* those that bits may be written to */
  if (bytes > g->valid.used) {
    WEFT_TRY(weft__reserve(ctx, &g->valid, bytes - g->valid.used));
    memset(g->valid.at + g->valid.used, 0, bytes - g->valid.used);
    g->valid.used = bytes;
  }
  if (!g->has_nulls)
    set_valid(g->valid.at, 0, NULL, at);
  g->has_nulls = true;
  set_valid(g->valid.at, at, flat->valid, flat->rows);
  return WEFT_OK;
}

static weft_status append_values(weft_ctx *ctx, struct appended *g, const struct flat *flat) {
  if (!flat->offsets)
    return weft__append_bytes(ctx, &g->values, flat->data, flat->values * flat->width);
  int64_t base = (int64_t)g->values.used;
  WEFT_TRY(weft__reserve(ctx, &g->offsets, (flat->values + 1) * sizeof(int64_t)));
  int64_t *offsets = (int64_t *)(void *)(g->offsets.at + g->offsets.used);
  if (g->offsets.used == 0) {
    *offsets++ = 0;
    g->offsets.used = sizeof(int64_t);
  }
  for (size_t i = 0; i < flat->values; i++)
    offsets[i] = base + flat->offsets[i + 1];
  g->offsets.used += flat->values * sizeof(int64_t);
  return weft__append_bytes(ctx, &g->values, flat->data, (size_t)flat->offsets[flat->values]);
}

weft_status weft__append(weft_ctx *ctx, const struct weft_column *column, size_t first, size_t rows, size_t at,
                         struct appended *appended) {
  for (size_t end = first + rows; first < end;) {
    size_t n = end - first < PIECE_ROWS ? end - first : PIECE_ROWS;
    struct flat flat;
    WEFT_TRY(weft__flatten(ctx, column, first, n, false, &flat));
    weft_status status = append_valid(ctx, appended, at, &flat);
    if (status == WEFT_OK)
      status = append_values(ctx, appended, &flat);
    weft__flat_close(ctx, &flat);
    WEFT_TRY(status);
    first += n;
    at += n;
  }
  return WEFT_OK;
}

struct weft_column weft__appended_column(const struct appended *appended, const struct weft_field *field, size_t rows) {
  const struct bytes *values = &appended->values;
  struct weft_column column =
      field->type == WEFT_STRING
          ? weft_column_offsets64(values->at, values->used, (const int64_t *)(const void *)appended->offsets.at, rows)
      : field->type == WEFT_FIXED_BYTES ? weft_column_bytes(values->at, field->width, rows)
                                        : weft_column_fixed(values->at, field->type, rows);
  return weft_column_with_validity(column, appended->has_nulls ? appended->valid.at : NULL, 0);
}

void weft__appended_empty(struct appended *appended) {
  appended->values.used = appended->offsets.used = appended->valid.used = 0;
  appended->has_nulls = false;
}

void weft__appended_close(weft_slab *slab, struct appended *appended) {
  (void)!weft_slab_free(slab, appended->values.at);
  (void)!weft_slab_free(slab, appended->offsets.at);
  (void)!weft_slab_free(slab, appended->valid.at);
  *appended = (struct appended){0};
}
