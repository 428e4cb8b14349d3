/* SPDX-License-Identifier: MIT
 *
 * What must come of the parts of an encoding: dictionaries, zones; and all checks of coded.h together.
 */
#include <stdarg.h>
#include <stdio.h>

#include "coded_say.h"

const char *coded_say(const char *format, ...) {
  static char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

struct coded_value coded_value_of(const struct weft_column *column, size_t i) {
  struct coded_value value = {0};
  if (column->row_validity && !coded_bit(column->row_validity, i + column->row_bit_offset)) {
    value.null = true;
    return value;
  }
  size_t row = column->selection ? column->selection[i] : i;
  const uint8_t *data = column->data;
  if (column->base_validity && !coded_bit(column->base_validity, row + column->base_bit_offset)) {
    value.null = true;
  } else if (column->layout == WEFT_FIXED) {
    value = (struct coded_value){data + row * column->width, column->width, false};
  } else if (column->layout == WEFT_OFFSETS32) {
    const int32_t *offsets = column->aux;
    value = (struct coded_value){data + offsets[row], (size_t)(offsets[row + 1] - offsets[row]), false};
  } else if (column->layout == WEFT_OFFSETS64) {
    const int64_t *offsets = column->aux;
    value = (struct coded_value){data + offsets[row], (size_t)(offsets[row + 1] - offsets[row]), false};
  } else {
    const struct weft_view *view = (const struct weft_view *)column->data + row;
    value.bytes = (size_t)view->length;
    value.at = view->length <= 12 ? view->as.inlined : column->buffers[view->as.ref.buffer] + view->as.ref.offset;
  }
  return value;
}

/* ---- Dictionaries ---- */

static uint64_t word_of(const uint8_t *at, size_t bytes) {
  uint8_t word8;
  uint16_t word16;
  uint32_t word32;
  uint64_t word64;
  switch (bytes) {
  case 1: return memcpy(&word8, at, 1), word8;
  case 2: return memcpy(&word16, at, 2), word16;
  case 4: return memcpy(&word32, at, 4), word32;
  default: return memcpy(&word64, at, 8), word64;
  }
}

/* Order of two values of a type, as a sorted dictionary has it: floats by their bits. */
static int order_of(enum weft_type type, const struct coded_value *a, const struct coded_value *b) {
  if (type >= WEFT_FIXED_BYTES) {
    size_t both = a->bytes < b->bytes ? a->bytes : b->bytes;
    int order = both > 0 ? memcmp(a->at, b->at, both) : 0;
    return order != 0 ? order : a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
  }
  uint64_t flip = type <= WEFT_I64 ? UINT64_C(1) << (8 * a->bytes - 1) : 0;
  uint64_t x = word_of(a->at, a->bytes) ^ flip, y = word_of(b->at, b->bytes) ^ flip;
  return x < y ? -1 : x > y;
}

const char *coded_wrong_dictionary(weft_ctx *ctx, const struct coded *coded, bool sorted) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.form = WEFT_FORM_DICTIONARY;
  weft_decoded *decoded;
  weft_status status = weft_decode(ctx, coded->at, coded->bytes, &options, &decoded);
  if (coded->info.dictionary_rows == 0) {
    SAY_UNLESS(status == WEFT_E_INVALID && !decoded, "the dictionary that is not there: %s", weft_status_text(status));
    return NULL;
  }
  SAY_UNLESS(status == WEFT_OK, "weft_decode of the dictionary: %s", weft_ctx_message(ctx));
  const struct weft_column *dictionary = weft_decoded_column(decoded);
  const char *say = dictionary->rows == coded->info.dictionary_rows ? NULL : coded_say("%zu values", dictionary->rows);
  for (size_t i = 1; !say && sorted && i < dictionary->rows; i++) {
    struct coded_value a = coded_value_of(dictionary, i - 1), b = coded_value_of(dictionary, i);
    if (order_of(coded->info.type, &a, &b) >= 0)
      say = coded_say("values %zu and %zu of the dictionary are not ascending", i - 1, i);
  }
  weft_decoded_free(decoded);
  return say;
}

/* ---- Zones ---- */

static bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

static double float_of(enum weft_type type, const uint8_t *at) {
  float single;
  double value;
  if (type == WEFT_F32)
    return memcpy(&single, at, sizeof single), (double)single;
  return memcpy(&value, at, sizeof value), value;
}

/* Numbers that compare as the values of a type do; not for NaNs. */
static uint64_t order_number(enum weft_type type, const uint8_t *at) {
  size_t bytes = column_type_width(type);
  if (!is_float(type))
    return word_of(at, bytes) ^ (type <= WEFT_I64 ? UINT64_C(1) << (8 * bytes - 1) : 0);
  double value = float_of(type, at) + 0.0; /* -0.0 becomes 0.0 */
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* The block's values, gone through one by one. */
struct zone {
  bool any, nan;
  uint64_t min, max; /* as order_number has them */
  uint32_t nulls;
};

static struct zone zone_of(const struct coded *coded, size_t block) {
  const struct test_column *truth = coded->truth;
  enum weft_type type = coded->info.type;
  struct zone zone = {0};
  for (size_t row = block * 1024; row < truth->rows && row < (block + 1) * 1024; row++) {
    zone.nulls += truth->nulls[row];
    if (truth->nulls[row])
      continue;
    if (is_float(type) && float_of(type, truth->bytes[row]) != float_of(type, truth->bytes[row])) {
      zone.nan = true;
      continue;
    }
    uint64_t number = order_number(type, truth->bytes[row]);
    zone.min = !zone.any || number < zone.min ? number : zone.min;
    zone.max = !zone.any || number > zone.max ? number : zone.max;
    zone.any = true;
  }
  return zone;
}

/* Whether a bound that weft_zones gave is right: a number, of zeros the one with that sign, or a NaN, or all bits 0. */
static bool is_bound(enum weft_type type, const uint8_t *at, bool is_nan, bool is_number, uint64_t number, bool is_min) {
  size_t bytes = column_type_width(type);
  if (is_nan)
    return float_of(type, at) != float_of(type, at);
  if (!is_number)
    return word_of(at, bytes) == 0;
  if (is_float(type) && float_of(type, at) == 0)
    return order_number(type, at) == number && word_of(at, bytes) >> (8 * bytes - 1) == is_min;
  return order_number(type, at) == number;
}

const char *coded_wrong_zones(weft_ctx *ctx, struct guard_pool *pool, const struct coded *coded, size_t first_block,
                              size_t n) {
  size_t kept = pool->taken, width = coded->info.width, rows = (size_t)coded->info.rows, first = first_block * 1024;
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.first_row = first;
  options.rows = first + n * 1024 < rows ? n * 1024 : rows - first;
  uint8_t *min = guard_take(pool, GUARD_HIGH, n * width, 0, NULL), *max = guard_take(pool, GUARD_HIGH, n * width, 0, NULL);
  uint32_t *nulls = guard_take(pool, GUARD_HIGH, n * sizeof *nulls, 0, NULL);
  weft_status status = weft_zones(ctx, coded->at, coded->bytes, &options, min, max, nulls);
  SAY_UNLESS(status == (coded->info.has_zones ? WEFT_OK : WEFT_E_INVALID), "weft_zones: %s: %s", weft_status_text(status),
             weft_ctx_message(ctx));
  for (size_t i = 0; i < n && status == WEFT_OK; i++) {
    struct zone zone = zone_of(coded, first_block + i);
    enum weft_type type = coded->info.type;
    SAY_UNLESS(is_bound(type, min + i * width, zone.nan && !zone.any, zone.any, zone.min, true), "min of block %zu",
               first_block + i);
    SAY_UNLESS(is_bound(type, max + i * width, zone.nan, zone.any, zone.max, false), "max of block %zu", first_block + i);
    SAY_UNLESS(nulls[i] == zone.nulls, "block %zu has %u nulls, not %u", first_block + i, nulls[i], zone.nulls);
  }
  guard_reset(pool, kept);
  return NULL;
}

/* ---- All ---- */

/* By a call for one read, by way of what is open, and by weft_decode. */
static const char *wrong_way(weft_ctx *ctx, struct guard_pool *pool, const struct coded *coded, const struct way *way) {
  static char text[600];
  struct coded closed = *coded;
  closed.open = NULL;
  const char *say = coded_wrong_into(ctx, pool, &closed, way), *how = "";
  if (!say && (say = coded_wrong_into(ctx, pool, coded, way)))
    how = ", kept open";
  if (!say)
    say = coded_wrong_decoded(ctx, coded, way);
  if (!say)
    return NULL;
  snprintf(text, sizeof text, "%s%s: %s", coded_way_text(way), how, say);
  return text;
}

static const char *wrong_info(const struct coded *coded) {
  struct weft_encoded_info info;
  weft_status status = weft_encoding_info(coded->open, &info, sizeof info);
  SAY_UNLESS(status == WEFT_OK && memcmp(&info, &coded->info, sizeof info) == 0,
             "weft_encoding_info: %s, or not what weft_describe says", weft_status_text(status));
  return NULL;
}

static const char *wrong_ways(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const struct coded *coded,
                              size_t ways) {
  bool strings = coded->info.type == WEFT_STRING, codes = coded->info.dictionary_rows > 0;
  for (uint32_t form = WEFT_FORM_VALUES; form <= WEFT_FORM_CODES; form++) {
    struct way way = {.form = form, .rows = UINT64_MAX, .side = GUARD_HIGH, .streaming = rng_percent(rng, 20)};
    if ((form == WEFT_FORM_VIEWS && !strings) || (form == WEFT_FORM_CODES && !codes))
      continue;
    SAY(wrong_way(ctx, pool, coded, &way));
  }
  for (size_t i = 0; i < ways; i++) {
    size_t kept = pool->taken;
    struct way way = coded_way_draw(pool, rng, coded);
    SAY(wrong_way(ctx, pool, coded, &way));
    guard_reset(pool, kept);
  }
  return wrong_info(coded);
}

const char *coded_wrong(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const struct coded *coded,
                        const struct weft_encode_options *options, size_t ways) {
  struct coded kept = *coded;
  weft_status status = weft_encoding_open(ctx, coded->at, coded->bytes, 0, &kept.open);
  SAY_UNLESS(status == WEFT_OK, "weft_encoding_open: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
  const char *say = wrong_ways(ctx, pool, rng, &kept, ways);
  weft_encoding_free(kept.open);
  SAY(say);
  SAY(coded_wrong_dictionary(ctx, coded, options && options->sorted_dictionary));
  SAY(coded_wrong_zones(ctx, pool, coded, 0, ((size_t)coded->info.rows + 1023) / 1024));
  status = weft_verify(ctx, coded->at, coded->bytes);
  SAY_UNLESS(status == WEFT_OK, "weft_verify: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
  return NULL;
}
