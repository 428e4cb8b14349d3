/* SPDX-License-Identifier: MIT
 *
 * weft_encode: from a column to the streams of an encoding: values without those under nulls, validity, zones. What becomes
 * of a stream is codecs/'s.
 */
#include "codecs/tree.h"
#include "lib/flatten.h"
#include "lib/zones.h"

#include <weft/group.h>

void weft_encode_options_init(struct weft_encode_options *options, size_t size) {
  const struct weft_encode_options defaults = {.size = size, .dictionary_rows = 1 << 20};
  if (!options)
    return;
  memset(options, 0, size);
  memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static weft_status read_options(weft_ctx *ctx, const struct weft_encode_options *options,
                                struct weft_encode_options *mine) {
  weft_encode_options_init(mine, sizeof *mine);
  if (!options)
    return WEFT_OK;
  size_t least = offsetof(struct weft_encode_options, choices) + sizeof options->choices;
  WEFT_TRY(weft__options_read(ctx, "weft_encode", options, options->size, least, mine, sizeof *mine));
  for (int i = 0; i < WEFT_CODEC_DEPTH; i++)
    if (mine->codec[i] > WEFT_CODEC_SPLIT)
      return weft__fail(ctx, WEFT_E_INVALID, "weft_encode: options.codec[%d] is %u, not in 0 to %d", i, mine->codec[i],
                        WEFT_CODEC_SPLIT);
  if (mine->choices)
    mine->choices->n = 0;
  return WEFT_OK;
}

/* Bytes of all rows' strings. */
static uint64_t string_bytes(const struct weft_column *column) {
  if (!column->selection && column->layout == WEFT_OFFSETS32 && column->rows > 0) {
    const int32_t *offsets = column->aux;
    return (uint64_t)(offsets[column->rows] - offsets[0]);
  }
  if (!column->selection && column->layout == WEFT_OFFSETS64 && column->rows > 0) {
    const int64_t *offsets = column->aux;
    return (uint64_t)(offsets[column->rows] - offsets[0]);
  }
  return weft__string_bytes(column);
}

weft_status weft_encode_bound(const struct weft_column *column, size_t *bytes) {
  if (bytes)
    *bytes = 0;
  if (!column || !bytes || column->layout < WEFT_FIXED || column->layout > WEFT_VIEWS)
    return WEFT_E_INVALID;
  if (column->rows > CODEC_MAX_ROWS)
    return WEFT_E_OVERFLOW;
  uint64_t raw, rows = column->rows, strings = 0;
  if (column->layout == WEFT_FIXED) {
    if (__builtin_mul_overflow(rows, (uint64_t)column->width, &raw))
      return WEFT_E_OVERFLOW;
  } else {
    strings = string_bytes(column);
    raw = rows * (strings > UINT32_MAX ? 8 : 4);
    if (__builtin_add_overflow(raw, strings, &raw))
      return WEFT_E_OVERFLOW;
  }
  raw += column->base_validity || column->row_validity ? (rows + 7) / 8 : 0;
  if (raw > PTRDIFF_MAX / 2)
    return WEFT_E_OVERFLOW;
  *bytes = (size_t)(raw + raw / 100 + 128);
  return WEFT_OK;
}

/* A column on its way out. */
struct encoding {
  weft_ctx *ctx;
  const struct weft_column *column;
  const struct weft_encode_options *options;
  struct flat flat;
  struct codec_out out;
};

static bool is_signed(enum weft_type type) {
  return type >= WEFT_I8 && type <= WEFT_I64;
}

static bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

static weft_status encode_values(struct encoding *e, const uint8_t *cascade) {
  const struct flat *flat = &e->flat;
  if (e->column->layout != WEFT_FIXED) {
    const struct codec_strings strings = {flat->data, flat->offsets, (uint32_t)flat->values};
    return weft__codec_encode_strings(&e->out, &strings, WEFT_ROLE_VALUES, cascade, 0);
  }
  struct codec_values values = {.at = flat->data,
                                .n = (uint32_t)flat->values,
                                .item = (uint32_t)flat->width,
                                .is_signed = is_signed(e->column->type),
                                .is_float = is_float(e->column->type),
                                .is_bytes = e->column->type == WEFT_FIXED_BYTES};
  uint8_t *turned = NULL;
  if (codec_is_turned(e->column->type, flat->width)) {
    WEFT_TRY(codec_alloc(e->ctx, flat->values, flat->width, 0, &turned));
    codec_copy(turned, flat->data, flat->values, (unsigned)flat->width);
    values.at = turned;
  }
  return codec_free(e->ctx, turned, weft__codec_encode(&e->out, &values, WEFT_ROLE_VALUES, cascade, 0));
}

/* The rows that are null, or those that are not, whichever are fewer, as a stream of row numbers. */
static weft_status encode_positions(struct encoding *e, bool nulls, const uint8_t *cascade) {
  const struct flat *flat = &e->flat;
  size_t words = (flat->rows + 63) / 64, n = nulls ? flat->nulls : flat->values;
  uint32_t *positions = weft_alloc(e->ctx, n * sizeof *positions + SIMD_SLACK);
  if (!positions)
    return e->ctx->cache.status;
  size_t found = 0;
  for (size_t i = 0; i < words; i++) {
    uint64_t word = nulls ? ~flat->valid[i] : flat->valid[i];
    size_t rows = flat->rows - 64 * i < 64 ? flat->rows - 64 * i : 64;
    found += e->out.codecs->positions(&word, rows, (uint32_t)(64 * i), positions + found);
  }
  const struct codec_values values = {.at = positions, .n = (uint32_t)n, .item = 4};
  weft_status status = weft__codec_encode(&e->out, &values, WEFT_ROLE_VALIDITY, cascade, 0);
  weft_status freed = weft_free(e->ctx, positions);
  return status != WEFT_OK ? status : freed;
}

static weft_status encode_bitmap(struct encoding *e, const uint8_t *cascade) {
  const struct flat *flat = &e->flat;
  size_t words = (flat->rows + 63) / 64;
  uint64_t *bytes = weft_alloc(e->ctx, words * sizeof *bytes);
  if (!bytes)
    return e->ctx->cache.status;
  codec_copy(bytes, flat->valid, words, sizeof *bytes);
  const struct codec_values values = {.at = bytes, .n = (uint32_t)((flat->rows + 7) / 8), .item = 1};
  weft_status status = weft__codec_encode(&e->out, &values, WEFT_ROLE_VALIDITY, cascade, 0);
  weft_status freed = weft_free(e->ctx, bytes);
  return status != WEFT_OK ? status : freed;
}

/* Row numbers take about the logarithm of their mean distance, so they are smaller than the bitmap where a row in 16 or
 * fewer is the odd one. */
static enum codec_nulls form_of_nulls(const struct flat *flat) {
  enum { RARE = 16 };
  if (flat->nulls == 0)
    return NULLS_NONE;
  if (flat->nulls < flat->rows / RARE)
    return NULLS_POSITIONS;
  return flat->values < flat->rows / RARE || flat->values == 0 ? VALID_POSITIONS : NULLS_BITMAP;
}

static weft_status encode_zones(struct encoding *e) {
  struct zones zones;
  WEFT_TRY(weft__zones_find(e->ctx, e->column->type, &e->flat, &zones));
  struct codec_values values = {.n = (uint32_t)zones.n,
                                .item = (uint32_t)e->flat.width,
                                .is_signed = is_signed(e->column->type),
                                .is_float = is_float(e->column->type)};
  values.at = zones.min;
  weft_status status = weft__codec_encode(&e->out, &values, WEFT_ROLE_ZONE_MIN, weft__codec_auto, 0);
  values.at = zones.max;
  if (status == WEFT_OK)
    status = weft__codec_encode(&e->out, &values, WEFT_ROLE_ZONE_MAX, weft__codec_auto, 0);
  const struct codec_values nulls = {.at = zones.nulls, .n = (uint32_t)zones.n, .item = 4};
  if (status == WEFT_OK && e->flat.nulls > 0)
    status = weft__codec_encode(&e->out, &nulls, WEFT_ROLE_ZONE_NULLS, weft__codec_auto, 0);
  weft__zones_close(e->ctx, &zones);
  return status;
}

/* Fewer rows have statistics in a file's footer, and zones would take more than the bound allows. */
#define ZONES_FROM (32 * CODEC_BLOCK)

/* Encodes it all; plain: with RAW alone, which is within the bound. */
static weft_status encode(struct encoding *e, bool plain) {
  static const uint8_t raw[WEFT_CODEC_DEPTH] = {WEFT_CODEC_RAW, WEFT_CODEC_RAW, WEFT_CODEC_RAW};
  const struct flat *flat = &e->flat;
  e->out.no_dictionary = false;
  WEFT_TRY(weft__codec_open_out(&e->out));
  WEFT_TRY(encode_values(e, plain ? raw : e->options->codec));
  const uint8_t *cascade = plain ? raw : weft__codec_auto;
  enum codec_nulls nulls = form_of_nulls(flat);
  if (plain && nulls != NULLS_NONE)
    nulls = NULLS_BITMAP;
  if (nulls == NULLS_BITMAP)
    WEFT_TRY(encode_bitmap(e, cascade));
  else if (nulls != NULLS_NONE)
    WEFT_TRY(encode_positions(e, nulls == NULLS_POSITIONS, cascade));
  bool numbers = e->column->type >= WEFT_I8 && e->column->type <= WEFT_F64;
  if (e->options->zones && numbers && flat->rows >= ZONES_FROM && !plain)
    WEFT_TRY(encode_zones(e));
  bool strings = e->column->layout != WEFT_FIXED;
  const struct codec_head head = {.type = strings ? WEFT_STRING : e->column->type,
                                  .nulls = nulls,
                                  .rows = (uint32_t)flat->rows,
                                  .width = (uint32_t)flat->width,
                                  .data_bytes = strings ? (uint64_t)(flat->offsets[flat->values] - flat->offsets[0])
                                                        : (uint64_t)flat->rows * flat->width};
  WEFT_TRY(weft__codec_close_out(&e->out, &head));
  ctx_count_column(e->ctx, e->column->selection, flat->rows, head.data_bytes);
  return WEFT_OK;
}

/* weft_group within a call of the context's, which it is one of itself. */
static weft_status group(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, uint32_t *codes, size_t *count,
                         uint32_t *first) {
  ctx_leave(ctx);
  weft_status status = weft_group(ctx, keys, n_keys, codes, count, first);
  ctx_enter(ctx);
  return status;
}

weft_status weft_encode(weft_ctx *ctx, const struct weft_column *column, const struct weft_encode_options *options,
                        void *dst, size_t cap, size_t *bytes) {
  if (bytes)
    *bytes = 0;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!column || !dst || !bytes)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_encode: %s is NULL", !column ? "column" : !dst ? "dst" : "bytes");
  struct weft_encode_options mine;
  WEFT_TRY(read_options(ctx, options, &mine));
  WEFT_TRY(weft__columns_check(ctx, "weft_encode", column, 1));
  size_t bound;
  weft_status status = weft_encode_bound(column, &bound);
  if (status != WEFT_OK || (column->layout == WEFT_FIXED && column->width > UINT32_MAX))
    return weft__fail(ctx, WEFT_E_OVERFLOW, "weft_encode: %zu rows of %zu bytes, at most %u rows go into one encoding",
                      column->rows, column->width, CODEC_MAX_ROWS);
  ctx_enter(ctx);
  struct encoding e = {.ctx = ctx, .column = column, .options = &mine};
  status = weft__flatten(ctx, column, 0, column->rows, true, &e.flat);
  if (status == WEFT_OK) {
    e.out.ctx = ctx;
    e.out.kernels = ctx->kernels;
    e.out.codecs = ctx->kernels->codecs;
    e.out.options = &mine;
    e.out.group = group;
    e.out.at = dst;
    e.out.cap = cap < bound ? cap : bound;
    status = encode(&e, false);
    if (status == WEFT_E_SPACE)
      status = encode(&e, true);
    *bytes = status == WEFT_OK ? e.out.used : 0;
    weft__flat_close(ctx, &e.flat);
  }
  ctx_leave(ctx);
  return weft__fail_within(ctx, status, "weft_encode");
}
