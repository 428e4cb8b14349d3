/* SPDX-License-Identifier: MIT
 *
 * What a file says of a column of a chunk: nulls, bytes, and the least and the greatest value, found in columns or in
 * encodings. The writer and weft_reader_verify both find it here, and so find the same.
 */
#include "lib/column.h"
#include "lib/file.h"
#include "lib/zones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define PIECE_ROWS 65536       /* of an encoding, decoded at a time */
#define FLAT_ROWS 16384        /* of a column, flattened at a time: they stay in the second cache */
#define PIECE_BYTES (4u << 20) /* of strings, decoded at a time, roughly */
#define ZONES 256              /* read at a time */

enum { HAS_RANGE = 1, CUT_MIN = 2, CUT_MAX = 4, FLAGS = 7 };

static bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

/* ---- Entries ---- */

static uint8_t *put_string(uint8_t *to, const uint8_t *bytes, uint32_t n) {
  *to = (uint8_t)n;
  memcpy(to + 1, bytes, n);
  return to + 1 + n;
}

size_t weft__stats_put(const struct weft_field *field, const struct weft_chunk_info *info, uint8_t *to) {
  uint8_t *p = to + FILE_COLUMN_BYTES;
  to[0] = (uint8_t)((info->has_range ? HAS_RANGE : 0) | (info->cut_min ? CUT_MIN : 0) | (info->cut_max ? CUT_MAX : 0));
  codec_put(to + 1, info->nulls, 3);
  codec_put(to + 4, info->bytes, 8);
  if (!info->has_range)
    return FILE_COLUMN_BYTES;
  if (field->type == WEFT_STRING)
    return (size_t)(put_string(put_string(p, info->min, info->min_bytes), info->max, info->max_bytes) - to);
  codec_copy(p, info->min, 1, field->width);
  codec_copy(p + field->width, info->max, 1, field->width);
  return FILE_COLUMN_BYTES + 2 * (size_t)field->width;
}

/* A string of a range and its length; NULL: there is none. */
static const uint8_t *get_string(const uint8_t *p, const uint8_t *end, bool cut, uint8_t *bytes, uint32_t *n) {
  if (p == end || *p > FILE_STRING_BYTES || *p >= end - p || (cut && *p != FILE_STRING_BYTES))
    return NULL;
  *n = *p;
  memcpy(bytes, p + 1, *n);
  return p + 1 + *n;
}

size_t weft__stats_get(const struct weft_field *field, uint64_t rows, const uint8_t *from, size_t room,
                       struct weft_chunk_info *info) {
  *info = (struct weft_chunk_info){0};
  if (room < FILE_COLUMN_BYTES || from[0] > FLAGS)
    return 0;
  info->has_range = (from[0] & HAS_RANGE) != 0;
  info->cut_min = (from[0] & CUT_MIN) != 0;
  info->cut_max = (from[0] & CUT_MAX) != 0;
  info->nulls = codec_get(from + 1, 3);
  info->bytes = codec_get(from + 4, 8);
  bool string = field->type == WEFT_STRING;
  if (info->nulls > rows || info->bytes > INT64_MAX || ((info->cut_min || info->cut_max) && !(info->has_range && string)) ||
      (info->has_range && (field->type == WEFT_FIXED_BYTES || info->nulls == rows)))
    return 0;
  const uint8_t *p = from + FILE_COLUMN_BYTES, *end = from + room;
  if (!info->has_range)
    return FILE_COLUMN_BYTES;
  if (string) {
    p = get_string(p, end, info->cut_min, info->min, &info->min_bytes);
    p = p ? get_string(p, end, info->cut_max, info->max, &info->max_bytes) : NULL;
    return p ? (size_t)(p - from) : 0;
  }
  if (room - FILE_COLUMN_BYTES < 2 * (size_t)field->width)
    return 0;
  info->min_bytes = info->max_bytes = field->width;
  codec_copy(info->min, p, 1, field->width);
  codec_copy(info->max, p + field->width, 1, field->width);
  return FILE_COLUMN_BYTES + 2 * (size_t)field->width;
}

/* ---- Ranges ---- */

static double as_double(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint64_t as_bits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* A float of an array, as a double, which holds every one exactly. */
static double float_at(const struct weft_field *field, const void *values, size_t i) {
  if (field->type == WEFT_F64)
    return as_double(codec_word(values, i, 8));
  float value;
  memcpy(&value, (const uint8_t *)values + i * sizeof value, sizeof value);
  return (double)value;
}

/* What signed words are xored with, to be ordered as unsigned ones. */
static uint64_t flip_of(const struct weft_field *field) {
  return field->type <= WEFT_I64 ? (uint64_t)1 << (8 * field->width - 1) : 0;
}

/* Widens a range by the least and the greatest of some rows, number i of min[] and max[], as weft__range finds them: where
 * there are NaNs the greatest is one, and the least too where there is nothing else. */
static void widen(const struct weft_field *field, const void *min, const void *max, size_t i, struct file_range *range) {
  if (is_float(field->type)) {
    double low = float_at(field, min, i), high = float_at(field, max, i);
    range->has_nan |= isnan(high) != 0;
    if (isnan(low))
      return;
    if (!range->any || low < as_double(range->min))
      range->min = as_bits(low);
    if (!range->any || high > as_double(range->max)) /* no longer right once there was a NaN, and then not asked for */
      range->max = as_bits(high);
  } else {
    uint64_t flip = flip_of(field), low = codec_word(min, i, field->width), high = codec_word(max, i, field->width);
    if (!range->any || (low ^ flip) < (range->min ^ flip))
      range->min = low;
    if (!range->any || (high ^ flip) > (range->max ^ flip))
      range->max = high;
  }
  range->any = true;
}

static weft_status add_numbers(weft_ctx *ctx, const struct weft_field *field, const struct weft_column *column,
                               struct file_range *range) {
  for (size_t row = 0; row < column->rows; row += FLAT_ROWS) {
    size_t n = column->rows - row < FLAT_ROWS ? column->rows - row : FLAT_ROWS;
    uint64_t min, max;
    struct flat flat;
    WEFT_TRY(weft__flatten(ctx, column, row, n, true, &flat));
    if (flat.values > 0) {
      weft__range(ctx->kernels->codecs, field->type, flat.data, flat.values, &min, &max);
      widen(field, &min, &max, 0, range);
    }
    weft__flat_close(ctx, &flat);
  }
  return WEFT_OK;
}

/* The first 8 bytes of a string, zeros behind its end, as a number that is ordered as they are. 8 bytes may be read. */
static uint64_t first_bytes(const uint8_t *p, uint64_t bytes) {
  uint64_t word = __builtin_bswap64(codec_get(p, 8));
  return bytes >= 8 ? word : bytes == 0 ? 0 : word >> (64 - 8 * bytes) << (64 - 8 * bytes);
}

/* Less than 0 where string a is less than b, of those whose bytes are counted to FILE_STRING_BYTES + 1. */
static int compare_strings(const uint8_t *a, uint32_t a_bytes, const uint8_t *b, uint32_t b_bytes) {
  uint32_t both = a_bytes < b_bytes ? a_bytes : b_bytes;
  int order = memcmp(a, b, both < FILE_STRING_BYTES ? both : FILE_STRING_BYTES);
  return order != 0 ? order : a_bytes < b_bytes ? -1 : a_bytes > b_bytes;
}

static void set_string(const uint8_t *p, uint32_t bytes, uint8_t *to, uint32_t *to_bytes) {
  memcpy(to, p, bytes < FILE_STRING_BYTES ? bytes : FILE_STRING_BYTES);
  *to_bytes = bytes;
}

/* One string, of which FILE_STRING_BYTES may be read whatever its length. */
static void add_string(const uint8_t *p, uint64_t length, struct file_range *range) {
  uint32_t bytes = length > FILE_STRING_BYTES ? FILE_STRING_BYTES + 1 : (uint32_t)length;
  uint64_t first = first_bytes(p, bytes);
  if (range->any && first > range->min && first < range->max)
    return;
  if (!range->any || first < range->min || compare_strings(p, bytes, range->least, range->least_bytes) < 0) {
    range->min = first;
    set_string(p, bytes, range->least, &range->least_bytes);
  }
  if (!range->any || first > range->max || compare_strings(p, bytes, range->most, range->most_bytes) > 0) {
    range->max = first;
    set_string(p, bytes, range->most, &range->most_bytes);
  }
  range->any = true;
}

static_assert(FILE_STRING_BYTES <= SIMD_EDGE, "as many bytes of a resolved row may be read");

static void add_strings(weft_ctx *ctx, const struct weft_column *column, struct file_range *range) {
  struct simd_column source = weft__column_simd(column);
  struct simd_rows *batch = &ctx->batch;
  for (size_t row = 0; row < column->rows; row += ctx->batch_size) {
    size_t n = column->rows - row < ctx->batch_size ? column->rows - row : ctx->batch_size;
    batch->prefetch = ctx->prefetch_distance;
    ctx->kernels->resolve(&source, row, n, batch);
    for (size_t i = 0; i < n; i++)
      if (batch->valid[i / 64] >> i % 64 & 1)
        add_string(batch->ptrs[i], batch->bytes[i], range);
  }
}

weft_status weft__range_add(weft_ctx *ctx, const struct weft_field *field, const struct weft_column *column,
                            struct file_range *range) {
  if (field->type == WEFT_STRING)
    add_strings(ctx, column, range);
  else if (field->type != WEFT_FIXED_BYTES)
    return add_numbers(ctx, field, column, range);
  return WEFT_OK;
}

void weft__range_end(const struct weft_field *field, const struct file_range *range, struct weft_chunk_info *info) {
  info->has_range = range->any;
  info->cut_min = info->cut_max = false;
  info->min_bytes = info->max_bytes = range->any ? field->width : 0;
  memset(info->min, 0, sizeof info->min);
  memset(info->max, 0, sizeof info->max);
  if (!range->any)
    return;
  if (field->type == WEFT_STRING) {
    info->cut_min = range->least_bytes > FILE_STRING_BYTES;
    info->cut_max = range->most_bytes > FILE_STRING_BYTES;
    set_string(range->least, range->least_bytes - info->cut_min, info->min, &info->min_bytes);
    set_string(range->most, range->most_bytes - info->cut_max, info->max, &info->max_bytes);
    return;
  }
  uint64_t min = range->min, max = range->has_nan ? as_bits((double)NAN) : range->max;
  if (field->type == WEFT_F32) {
    float narrow[2] = {(float)as_double(min), (float)as_double(max)};
    min = codec_word(narrow, 0, sizeof *narrow);
    max = codec_word(narrow, 1, sizeof *narrow);
  }
  codec_set_word(info->min, 0, field->width, min);
  codec_set_word(info->max, 0, field->width, max);
}

/* ---- Ranges of encodings ---- */

static void decode_defaults(struct weft_decode_options *options, uint64_t max_bytes) {
  weft_decode_options_init(options, sizeof *options);
  options->max_bytes = max_bytes;
}

/* From zones, of which those of nulls alone have nothing to say. */
static weft_status add_zones(weft_ctx *ctx, const struct weft_field *field, const void *encoding, size_t bytes,
                             uint64_t rows, uint64_t max_bytes, struct file_range *range) {
  uint64_t min[ZONES], max[ZONES];
  uint32_t nulls[ZONES];
  struct weft_decode_options options;
  decode_defaults(&options, max_bytes);
  for (uint64_t row = 0; row < rows; row += ZONES * CODEC_BLOCK) {
    uint64_t here = rows - row < ZONES * CODEC_BLOCK ? rows - row : ZONES * CODEC_BLOCK;
    options.first_row = row;
    options.rows = here;
    WEFT_TRY(weft_zones(ctx, encoding, bytes, &options, min, max, nulls));
    for (size_t i = 0; i * CODEC_BLOCK < here; i++) {
      uint64_t zone_rows = here - i * CODEC_BLOCK < CODEC_BLOCK ? here - i * CODEC_BLOCK : CODEC_BLOCK;
      if (nulls[i] < zone_rows)
        widen(field, min, max, i, range);
    }
  }
  return WEFT_OK;
}

static weft_status add_decoded(weft_ctx *ctx, const struct weft_field *field, const void *encoding, size_t bytes,
                               const struct weft_decode_options *options, struct file_range *range) {
  weft_decoded *decoded;
  WEFT_TRY(weft_decode(ctx, encoding, bytes, options, &decoded));
  weft_status status = weft__range_add(ctx, field, weft_decoded_column(decoded), range);
  weft_decoded_free(decoded);
  return status;
}

/* As many rows at a time as give PIECE_BYTES of strings, if all are alike; fewer where a piece proves too large. */
static weft_status add_pieces(weft_ctx *ctx, const struct weft_field *field, const void *encoding, size_t bytes,
                              const struct weft_encoded_info *described, struct weft_decode_options *options,
                              struct file_range *range) {
  uint64_t mean = described->data_bytes / described->rows + sizeof(struct weft_view);
  uint64_t step = mean * PIECE_ROWS <= PIECE_BYTES ? PIECE_ROWS : PIECE_BYTES / mean + 1;
  for (uint64_t row = 0; row < described->rows;) {
    options->first_row = row;
    options->rows = described->rows - row < step ? described->rows - row : step;
    weft_status status = add_decoded(ctx, field, encoding, bytes, options, range);
    if ((status == WEFT_E_LIMIT || status == WEFT_E_OVERFLOW) && step > 1)
      step = (step + 1) / 2;
    else if (status != WEFT_OK)
      return status;
    else
      row += options->rows;
  }
  return WEFT_OK;
}

weft_status weft__range_decode(weft_ctx *ctx, const struct weft_field *field, const void *encoding, size_t bytes,
                               const struct weft_encoded_info *described, uint64_t max_bytes, struct file_range *range) {
  if (field->type == WEFT_FIXED_BYTES || described->nulls == described->rows)
    return WEFT_OK;
  if (described->has_zones)
    return add_zones(ctx, field, encoding, bytes, described->rows, max_bytes, range);
  struct weft_decode_options options;
  decode_defaults(&options, max_bytes);
  if (described->dictionary_rows > 0) {
    options.form = WEFT_FORM_DICTIONARY;
    weft_status status = add_decoded(ctx, field, encoding, bytes, &options, range);
    if (status != WEFT_E_LIMIT)
      return status;
  }
  options.form = field->type == WEFT_STRING ? WEFT_FORM_VIEWS : WEFT_FORM_VALUES;
  return add_pieces(ctx, field, encoding, bytes, described, &options, range);
}
