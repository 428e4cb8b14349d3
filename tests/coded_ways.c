/* SPDX-License-Identifier: MIT
 *
 * What must come of encoding and decoding: plain loops over the truth of a column's rows. Knows the public headers alone.
 */
#include <stdio.h>

#include "coded_say.h"

static bool is_strings(const struct coded *coded) {
  return coded->info.type == WEFT_STRING;
}

/* ---- Encoding ---- */

/* What a column takes as it is, as weft_encode_bound's comment has it: of strings by offsets, without a selection, all
 * bytes that lie between the first and the last. */
static size_t raw_bytes(const struct test_column *truth) {
  const struct weft_column *column = &truth->column;
  size_t bytes = 0, all = 0;
  for (size_t i = 0; i < truth->rows; i++)
    bytes += column->layout == WEFT_FIXED ? column->width : 4 + truth->lengths[i];
  if (column->layout == WEFT_OFFSETS32 && !column->selection)
    all = 4 * truth->rows + (size_t)(((const int32_t *)column->aux)[truth->rows] - ((const int32_t *)column->aux)[0]);
  if (column->layout == WEFT_OFFSETS64 && !column->selection)
    all = 4 * truth->rows + (size_t)(((const int64_t *)column->aux)[truth->rows] - ((const int64_t *)column->aux)[0]);
  bytes = all > bytes ? all : bytes;
  return bytes + (column->base_validity || column->row_validity ? (truth->rows + 7) / 8 : 0);
}

/* Sections and parts as weft_describe gives them: they tile the encoding, and streams have the children that they say. */
static const char *wrong_description(const struct coded *coded) {
  const struct weft_encoded_info *info = &coded->info;
  const struct test_column *truth = coded->truth;
  bool fixed = truth->column.layout == WEFT_FIXED;
  size_t nulls = 0, data = 0;
  for (size_t i = 0; i < truth->rows; i++) {
    nulls += truth->nulls[i];
    data += fixed ? truth->column.width : truth->lengths[i];
  }
  SAY_UNLESS(info->type == (fixed ? truth->column.type : WEFT_STRING) && info->width == (fixed ? truth->column.width : 0),
             "described as type %d of %u bytes", info->type, info->width);
  SAY_UNLESS(info->rows == truth->rows && info->nulls == nulls && info->data_bytes == data && info->bytes == coded->bytes,
             "described as %llu rows, %llu nulls, %llu bytes of data, %llu in all; there are %zu, %zu, %zu, %zu",
             (unsigned long long)info->rows, (unsigned long long)info->nulls, (unsigned long long)info->data_bytes,
             (unsigned long long)info->bytes, truth->rows, nulls, data, coded->bytes);
  uint64_t end = 0;
  unsigned due[WEFT_NODES] = {1}, depth = 0;
  for (uint32_t i = 0; i < info->n_nodes; i++) {
    const struct weft_encoded_node *node = &info->nodes[i];
    while (depth > 0 && due[depth] == 0)
      depth--;
    due[0] = depth == 0 ? due[0] + 1 : due[0];
    SAY_UNLESS(node->depth == depth, "stream %u is described at depth %u, not %u", i, node->depth, depth);
    due[depth]--;
    SAY_UNLESS(i == 0 || node->offset == end, "stream %u is described at byte %llu, not %llu", i,
               (unsigned long long)node->offset, (unsigned long long)end);
    end = node->offset + node->bytes;
    if (node->children > 0)
      due[++depth] = node->children;
  }
  SAY_UNLESS(end <= coded->bytes, "streams are described to byte %llu of %zu", (unsigned long long)end, coded->bytes);
  return NULL;
}

weft_status coded_encode(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const struct test_column *truth,
                         const struct weft_encode_options *options, struct coded *out, const char **said) {
  size_t bound = 0, bytes = 1, again = 0, raw = raw_bytes(truth);
  *out = (struct coded){.truth = truth};
  *said = NULL;
  weft_status status = weft_encode_bound(&truth->column, &bound);
  if (status != WEFT_OK || bound != raw + raw / 100 + 128) {
    *said = coded_say("weft_encode_bound: %s, %zu bytes for %zu", weft_status_text(status), bound, raw);
    return status;
  }
  uint8_t *first = guard_take(pool, GUARD_HIGH, bound, rng_upto(rng, 15), NULL);
  status = weft_encode(ctx, &truth->column, options, first, bound, &bytes);
  if (status != WEFT_OK) {
    if (bytes != 0 || (status != WEFT_E_INVALID && status != WEFT_E_NOMEM))
      *said = coded_say("weft_encode: %s, %zu bytes: %s", weft_status_text(status), bytes, weft_ctx_message(ctx));
    return status;
  }
  if (bytes > bound) {
    *said = coded_say("weft_encode took %zu bytes, the bound is %zu", bytes, bound);
    return status;
  }
  uint8_t *exact = guard_take(pool, rng_percent(rng, 20) ? GUARD_LOW : GUARD_HIGH, bytes, 0, NULL);
  weft_status second = weft_encode(ctx, &truth->column, options, exact, bytes, &again);
  if (second != WEFT_OK || again != bytes || memcmp(first, exact, bytes) != 0)
    *said =
        coded_say("weft_encode into the %zu bytes that it takes: %s, %zu bytes", bytes, weft_status_text(second), again);
  out->at = exact;
  out->bytes = bytes;
  if (!*said && weft_describe(ctx, exact, bytes, &out->info, sizeof out->info) != WEFT_OK)
    *said = coded_say("weft_describe: %s", weft_ctx_message(ctx));
  if (!*said)
    *said = wrong_description(out);
  return status;
}

/* ---- Ways ---- */

struct way coded_way_draw(struct guard_pool *pool, struct rng *rng, const struct coded *coded) {
  struct way way = {.first = rng_upto(rng, coded->info.rows)};
  uint64_t left = coded->info.rows - way.first;
  way.rows = rng_percent(rng, 30) ? UINT64_MAX : rng_percent(rng, 50) ? left : rng_upto(rng, left);
  uint64_t rows = way.rows == UINT64_MAX ? left : way.rows;
  if (rows > 0 && rng_percent(rng, 40)) {
    way.selected = rng_percent(rng, 80) ? rng_upto(rng, 50) : rng_upto(rng, 2500);
    uint32_t *selection = guard_take(pool, GUARD_HIGH, way.selected * sizeof *selection, 0, rng);
    size_t near = rng_upto(rng, rows - 1);
    bool close = rng_percent(rng, 50);
    for (size_t i = 0; i < way.selected; i++)
      selection[i] = (uint32_t)(close ? (near + i % 7) % rows : rng_upto(rng, rows - 1));
    way.selection = selection;
  }
  if (is_strings(coded) && rng_percent(rng, 50))
    way.form = WEFT_FORM_VIEWS;
  if (coded->info.dictionary_rows > 0 && rng_percent(rng, 30))
    way.form = WEFT_FORM_CODES;
  way.streaming = rng_percent(rng, 30);
  way.check_sums = rng_percent(rng, 30);
  way.side = rng_percent(rng, 70) ? GUARD_HIGH : GUARD_LOW;
  way.shift = rng_percent(rng, 50) ? 0 : rng_upto(rng, 17);
  return way;
}

const char *coded_way_text(const struct way *way) {
  static const char *const forms[] = {"values", "views", "codes", "the dictionary"};
  static char text[160];
  snprintf(text, sizeof text, "%s of rows %llu, %lld, %zu selected%s, side %d shift %zu", forms[way->form],
           (unsigned long long)way->first, (long long)way->rows, way->selected,
           way->streaming    ? ", streaming"
           : way->check_sums ? ", sums"
                             : "",
           way->side, way->shift);
  return text;
}

static struct weft_decode_options options_of(const struct way *way) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.first_row = way->first;
  options.rows = way->rows;
  options.selection = way->selection;
  options.selected = way->selected;
  options.form = way->form;
  options.streaming = way->streaming;
  options.check_sums = way->check_sums;
  return options;
}

/* How many rows come out, and which row of the truth is the i-th. */
static size_t rows_of(const struct coded *coded, const struct way *way) {
  if (way->selection)
    return way->selected;
  return (size_t)(way->rows == UINT64_MAX ? coded->truth->rows - way->first : way->rows);
}

static size_t row_of(const struct way *way, size_t i) {
  return (size_t)way->first + (way->selection ? way->selection[i] : i);
}

static const char *wrong_value(const struct coded *coded, size_t row, const struct coded_value *value) {
  const struct test_column *truth = coded->truth;
  SAY_UNLESS(value->null == truth->nulls[row], "row %zu: %s", row, value->null ? "a null" : "no null");
  if (value->null)
    return NULL;
  SAY_UNLESS(value->bytes == truth->lengths[row], "row %zu: %zu bytes, not %zu", row, value->bytes, truth->lengths[row]);
  SAY_UNLESS(value->bytes == 0 || memcmp(value->at, truth->bytes[row], value->bytes) == 0, "row %zu: another value", row);
  return NULL;
}

const char *coded_wrong_decoded(weft_ctx *ctx, const struct coded *coded, const struct way *way) {
  struct weft_decode_options options = options_of(way);
  weft_decoded *decoded;
  weft_status status = weft_decode(ctx, coded->at, coded->bytes, &options, &decoded);
  SAY_UNLESS(status == WEFT_OK, "weft_decode: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
  const struct weft_column *column = weft_decoded_column(decoded);
  size_t rows = rows_of(coded, way);
  const char *say = column->rows == rows ? NULL : coded_say("weft_decode: %zu rows, not %zu", column->rows, rows);
  if (!say && weft_column_validate(ctx, column) != WEFT_OK)
    say = coded_say("weft_decode: %s", weft_ctx_message(ctx));
  for (size_t i = 0; !say && i < rows; i++) {
    struct coded_value value = coded_value_of(column, i);
    say = wrong_value(coded, row_of(way, i), &value);
  }
  weft_decoded_free(decoded);
  return say;
}

/* ---- Buffers ---- */

/* Bytes around an array of guard_take that nobody may have changed. */
#define AROUND 48
static const char *wrong_around(const struct way *way, const uint8_t *at, size_t bytes, const char *what) {
  const uint8_t *around = way->side == GUARD_HIGH ? at - AROUND : at + bytes;
  for (size_t i = 0; i < AROUND; i++)
    SAY_UNLESS(around[i] == 0xA5, "%s[%zu] is written %zu bytes from the near end", what, bytes, i);
  return NULL;
}

static const char *wrong_validity(const struct coded *coded, const struct way *way, const struct weft_buffers *buffers) {
  size_t rows = rows_of(coded, way), nulls = 0;
  for (size_t i = 0; i < rows; i++) {
    bool null = coded->truth->nulls[row_of(way, i)];
    nulls += null;
    SAY_UNLESS(!buffers->validity || coded_bit(buffers->validity, i) == !null, "validity of row %zu, number %zu",
               row_of(way, i), i);
  }
  for (size_t i = rows; buffers->validity && i % 8 != 0; i++)
    SAY_UNLESS(!coded_bit(buffers->validity, i), "validity has bit %zu past the rows", i);
  SAY_UNLESS(buffers->nulls == nulls, "%llu nulls, not %zu", (unsigned long long)buffers->nulls, nulls);
  return NULL;
}

static bool is_zero(const uint8_t *at, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (at[i] != 0)
      return false;
  return true;
}

static const char *wrong_fixed(const struct coded *coded, const struct way *way, const struct weft_buffers *buffers) {
  const struct test_column *truth = coded->truth;
  size_t rows = rows_of(coded, way), width = truth->column.width;
  const uint8_t *at = buffers->values;
  SAY_UNLESS(buffers->values_bytes == rows * width, "%zu bytes of values", buffers->values_bytes);
  for (size_t i = 0; i < rows; i++, at += width) {
    size_t row = row_of(way, i);
    if (truth->nulls[row])
      SAY_UNLESS(is_zero(at, width), "row %zu, number %zu, is null and not zero", row, i);
    else
      SAY_UNLESS(width == 0 || memcmp(at, truth->bytes[row], width) == 0, "row %zu, number %zu: another value", row, i);
  }
  return NULL;
}

static const char *wrong_strings(const struct coded *coded, const struct way *way, const struct weft_buffers *buffers) {
  size_t rows = rows_of(coded, way);
  int64_t at = 0;
  for (size_t i = 0; i <= rows; i++) {
    int64_t offset =
        buffers->offset_bytes == 4 ? ((const int32_t *)buffers->offsets)[i] : ((const int64_t *)buffers->offsets)[i];
    SAY_UNLESS(offset == at, "offset %zu is %lld, not %lld", i, (long long)offset, (long long)at);
    if (i == rows)
      break;
    size_t row = row_of(way, i), bytes = coded->truth->lengths[row];
    SAY_UNLESS((uint64_t)at + bytes <= buffers->values_bytes, "%zu bytes of strings are too few", buffers->values_bytes);
    SAY_UNLESS(bytes == 0 || memcmp((const uint8_t *)buffers->values + at, coded->truth->bytes[row], bytes) == 0,
               "row %zu, number %zu: another string", row, i);
    at += (int64_t)bytes;
  }
  SAY_UNLESS((uint64_t)at == buffers->values_bytes, "%zu bytes of strings, not %lld", buffers->values_bytes, (long long)at);
  return NULL;
}

static const char *wrong_views(const struct coded *coded, const struct way *way, const struct weft_buffers *buffers) {
  const struct test_column *truth = coded->truth;
  size_t rows = rows_of(coded, way);
  SAY_UNLESS(buffers->values_bytes == rows * sizeof(struct weft_view), "%zu bytes of views", buffers->values_bytes);
  for (size_t i = 0; i < rows; i++) {
    const struct weft_view *view = (const struct weft_view *)buffers->values + i;
    size_t row = row_of(way, i), bytes = truth->lengths[row];
    SAY_UNLESS((size_t)view->length == bytes, "row %zu: a view of %d bytes", row, view->length);
    if (bytes <= 12) {
      SAY_UNLESS(bytes == 0 || memcmp(view->as.inlined, truth->bytes[row], bytes) == 0, "row %zu: another string", row);
      SAY_UNLESS(is_zero(view->as.inlined + bytes, 12 - bytes), "row %zu: a view that is not filled with zeros", row);
      continue;
    }
    SAY_UNLESS(view->as.ref.buffer == 0 && view->as.ref.offset >= 0 &&
                   (size_t)view->as.ref.offset + bytes <= buffers->data_bytes,
               "row %zu: a view to bytes from %d on, of buffer %d, in %zu", row, view->as.ref.offset, view->as.ref.buffer,
               buffers->data_bytes);
    SAY_UNLESS(memcmp(view->as.ref.prefix, truth->bytes[row], 4) == 0, "row %zu: another prefix", row);
    SAY_UNLESS(memcmp((const uint8_t *)buffers->data + view->as.ref.offset, truth->bytes[row], bytes) == 0,
               "row %zu: another string", row);
  }
  return NULL;
}

static const char *wrong_codes(weft_ctx *ctx, const struct coded *coded, const struct way *way,
                               const struct weft_buffers *buffers) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.form = WEFT_FORM_DICTIONARY;
  weft_decoded *decoded;
  weft_status status = weft_decode(ctx, coded->at, coded->bytes, &options, &decoded);
  SAY_UNLESS(status == WEFT_OK, "weft_decode of the dictionary: %s", weft_ctx_message(ctx));
  const struct weft_column *dictionary = weft_decoded_column(decoded);
  const char *say = NULL;
  for (size_t i = 0; !say && i < rows_of(coded, way); i++) {
    size_t row = row_of(way, i);
    uint32_t code = ((const uint32_t *)buffers->values)[i];
    if (coded->truth->nulls[row]) {
      say = code == 0 ? NULL : coded_say("row %zu is null, and its code %u", row, code);
    } else if (code >= dictionary->rows) {
      say = coded_say("row %zu: code %u of %zu", row, code, dictionary->rows);
    } else {
      struct coded_value value = coded_value_of(dictionary, code);
      say = wrong_value(coded, row, &value);
    }
  }
  weft_decoded_free(decoded);
  return say;
}

/* The room that must be asked for, where it can be told without knowing how strings were encoded. */
static const char *wrong_room(const struct coded *coded, const struct way *way, const struct weft_buffers *room) {
  size_t rows = rows_of(coded, way), strings = 0, long_strings = 0;
  bool coded_strings = coded->info.dictionary_rows > 0;
  for (size_t i = 0; i < rows && is_strings(coded); i++) {
    size_t bytes = coded->truth->lengths[row_of(way, i)];
    strings += bytes;
    long_strings += bytes > 12 ? bytes : 0;
  }
  bool values = is_strings(coded) && way->form == WEFT_FORM_VALUES, views = way->form == WEFT_FORM_VIEWS;
  size_t expected = values                         ? strings
                    : views                        ? rows * sizeof(struct weft_view)
                    : way->form == WEFT_FORM_CODES ? rows * sizeof(uint32_t)
                                                   : rows * coded->truth->column.width;
  SAY_UNLESS(room->values_bytes == expected, "room for %zu bytes, not %zu", room->values_bytes, expected);
  SAY_UNLESS(room->offset_bytes == (values ? 4 : 0), "offsets of %zu bytes", room->offset_bytes);
  SAY_UNLESS((views && coded_strings) || room->data_bytes == (views ? long_strings : 0), "room for %zu bytes of data",
             room->data_bytes);
  return NULL;
}

static const char *wrong_output(weft_ctx *ctx, const struct coded *coded, const struct way *way,
                                const struct weft_buffers *buffers) {
  SAY(wrong_validity(coded, way, buffers));
  if (way->form == WEFT_FORM_CODES)
    return wrong_codes(ctx, coded, way, buffers);
  if (way->form == WEFT_FORM_VIEWS)
    return wrong_views(coded, way, buffers);
  return is_strings(coded) ? wrong_strings(coded, way, buffers) : wrong_fixed(coded, way, buffers);
}

static weft_status find_room(weft_ctx *ctx, const struct coded *coded, const struct weft_decode_options *options,
                             struct weft_buffers *room) {
  return coded->open ? weft_encoding_room(coded->open, options, room)
                     : weft_decode_room(ctx, coded->at, coded->bytes, options, room);
}

static weft_status decode_into(weft_ctx *ctx, const struct coded *coded, const struct weft_decode_options *options,
                               struct weft_buffers *buffers) {
  return coded->open ? weft_encoding_read(coded->open, options, buffers)
                     : weft_decode_into(ctx, coded->at, coded->bytes, options, buffers);
}

/* One byte less than the room is WEFT_E_SPACE; of values where there are any, of data where views lead to it. */
static const char *wrong_lack(weft_ctx *ctx, const struct coded *coded, const struct weft_decode_options *options,
                              const struct weft_buffers *buffers) {
  struct weft_buffers less = *buffers;
  if (less.data_bytes > 0)
    less.data_bytes--;
  else if (less.values_bytes > 0)
    less.values_bytes--;
  else
    return NULL;
  weft_status status = decode_into(ctx, coded, options, &less);
  SAY_UNLESS(status == WEFT_E_SPACE, "a byte less of room: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
  return NULL;
}

const char *coded_wrong_into(weft_ctx *ctx, struct guard_pool *pool, const struct coded *coded, const struct way *way) {
  struct weft_decode_options options = options_of(way);
  struct weft_buffers buffers = {.size = sizeof buffers};
  size_t kept = pool->taken, rows = rows_of(coded, way);
  weft_status status = find_room(ctx, coded, &options, &buffers);
  SAY_UNLESS(status == WEFT_OK, "the room for decoding: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
  SAY(wrong_room(coded, way, &buffers));
  bool words = way->form == WEFT_FORM_VIEWS || way->form == WEFT_FORM_CODES;
  size_t shift = words ? way->shift & ~(size_t)3 : way->shift;
  size_t values = buffers.values_bytes, data = buffers.data_bytes, offsets = (rows + 1) * buffers.offset_bytes;
  buffers.values = guard_take(pool, way->side, values, shift, NULL);
  buffers.data = guard_take(pool, way->side, data, way->shift, NULL);
  buffers.offsets = guard_take(pool, way->side, offsets, 0, NULL);
  bool validity = coded->info.nulls > 0 || way->shift % 2 == 0;
  buffers.validity = validity ? guard_take(pool, way->side, (rows + 7) / 8, way->shift, NULL) : NULL;
  SAY(wrong_lack(ctx, coded, &options, &buffers));
  status = decode_into(ctx, coded, &options, &buffers);
  SAY_UNLESS(status == WEFT_OK, "decoding into buffers: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
  SAY(wrong_output(ctx, coded, way, &buffers));
  SAY(wrong_around(way, buffers.values, values, "values"));
  SAY(wrong_around(way, buffers.data, data, "data"));
  SAY(wrong_around(way, buffers.offsets, offsets, "offsets"));
  if (validity)
    SAY(wrong_around(way, buffers.validity, (rows + 7) / 8, "validity"));
  guard_reset(pool, kept);
  return NULL;
}
