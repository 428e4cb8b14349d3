/* SPDX-License-Identifier: MIT
 *
 * What a packed file holds, as JSON. Called by describe.c.
 */
#include "cli/describe.h"
#include "cli/value.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text of any bytes: null where it is not UTF-8. */
static json_t *text_json(const char *text, size_t bytes) {
  json_t *json = json_stringn(text, bytes);
  return json ? json : json_null();
}

/* A number, or its text where JSON, or what reads it, has no such number. */
static json_t *number_json(enum weft_type type, const void *value) {
  char text[NUMBER_TEXT + 1], *end;
  size_t bytes = value_print(type, value, text);
  text[bytes] = '\0';
  if (!type_is_whole(type)) {
    double real = strtod(text, NULL);
    return isfinite(real) ? json_real(real) : json_string(text);
  }
  long long whole = strtoll(text, &end, 10);
  return whole == LLONG_MAX ? json_string(text) : json_integer(whole);
}

static json_t *hex_json(const uint8_t *bytes, uint32_t n) {
  char text[2 * sizeof((struct weft_chunk_info *)NULL)->min + 1] = "";
  for (uint32_t i = 0; i < n; i++)
    snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  return json_string(text);
}

/* A least or greatest string: its bytes in hexadecimal too where they are no text. What is left of one that was cut may end
 * within a character. */
static void set_string(json_t *piece, const char *const keys[3], const uint8_t *bound, uint32_t bytes, bool cut) {
  json_t *text = NULL;
  for (uint32_t less = 0; !text && less <= (cut ? 3 : 0) && less <= bytes; less++)
    text = json_stringn((const char *)bound, bytes - less);
  if (!text)
    json_object_set_new(piece, keys[1], hex_json(bound, bytes));
  json_object_set_new(piece, keys[0], text ? text : json_null());
  json_object_set_new(piece, keys[2], json_boolean(cut));
}

static void set_range(json_t *piece, const struct described *column, const struct weft_chunk_info *info) {
  static const char *const least[] = {"min", "min_hex", "min_cut"}, *const greatest[] = {"max", "max_hex", "max_cut"};
  enum weft_type type = column->type.type;
  if (info->has_range && !type_is_number(type)) {
    set_string(piece, least, info->min, info->min_bytes, info->cut_min);
    set_string(piece, greatest, info->max, info->max_bytes, info->cut_max);
    return;
  }
  json_object_set_new(piece, "min", info->has_range ? number_json(type, info->min) : json_null());
  json_object_set_new(piece, "max", info->has_range ? number_json(type, info->max) : json_null());
}

static json_t *cascade_json(const struct piece *piece) {
  json_t *list = json_array();
  for (size_t i = 0; list && i < WEFT_CODEC_DEPTH && piece->cascade[i] != 0; i++)
    json_array_append_new(list, json_string(weft_codec_name(piece->cascade[i])));
  return list;
}

static json_t *piece_json(const struct described *column, const struct piece *piece) {
  const struct weft_chunk_info *info = &piece->info;
  json_t *json =
      json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "first_row", (json_int_t)info->first_row, "rows",
                (json_int_t)info->rows, "nulls", (json_int_t)info->nulls, "offset", (json_int_t)info->offset, "bytes",
                (json_int_t)info->bytes, "decoded_bytes", (json_int_t)piece->decoded, "codecs", cascade_json(piece));
  set_range(json, column, info);
  return json;
}

static json_t *tree_json(const struct described *column) {
  json_t *list = json_array();
  for (size_t i = description_next(column, SIZE_MAX); list && i != SIZE_MAX; i = description_next(column, i)) {
    const struct tree_node *node = &column->nodes[i];
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I}", "role", description_role(node->role), "codec",
                                    weft_codec_name(node->codec), "depth", (int)node->depth, "chunks",
                                    (json_int_t)node->chunks, "values", (json_int_t)node->values, "bytes",
                                    (json_int_t)node->bytes, "bytes_with_parts", (json_int_t)description_bytes(column, i)));
  }
  return list;
}

static double ratio(uint64_t decoded, uint64_t bytes) {
  return bytes > 0 ? (double)decoded / (double)bytes : 0;
}

static json_t *column_json(const struct description *description, const struct described *column) {
  char type[TYPE_TEXT];
  json_t *chunks = json_array();
  type_print(column->type, type);
  for (size_t i = 0; chunks && i < description->n_chunks; i++)
    json_array_append_new(chunks, piece_json(column, &column->pieces[i]));
  return json_pack("{s:s, s:s, s:I, s:I, s:I, s:f, s:o, s:o}", "name", column->name, "type", type, "nulls",
                   (json_int_t)column->nulls, "bytes", (json_int_t)column->bytes, "decoded_bytes",
                   (json_int_t)column->decoded, "ratio", ratio(column->decoded, column->bytes), "streams",
                   tree_json(column), "chunks", chunks);
}

static json_t *metadata_json(const struct packed *packed) {
  json_t *list = json_array();
  for (size_t i = 0; list && i < packed->info.metadata; i++) {
    const char *key;
    const void *value;
    size_t bytes;
    if (weft_reader_metadata(packed->reader, i, &key, &value, &bytes) == WEFT_OK)
      json_array_append_new(list, json_pack("{s:o, s:I, s:o}", "key", text_json(key, strlen(key)), "bytes",
                                            (json_int_t)bytes, "value", text_json(value, bytes)));
  }
  return list;
}

json_t *description_json(const struct description *description) {
  const struct packed *packed = description->packed;
  json_t *columns = json_array();
  for (size_t i = 0; columns && i < packed->info.columns; i++)
    json_array_append_new(columns, column_json(description, &description->columns[i]));
  return json_pack("{s:o, s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "file",
                   text_json(packed->source.name, strlen(packed->source.name)), "rows", (json_int_t)packed->info.rows,
                   "chunks", (json_int_t)description->n_chunks, "bytes", (json_int_t)packed->info.bytes, "decoded_bytes",
                   (json_int_t)description->decoded, "ratio", ratio(description->decoded, packed->info.bytes), "metadata",
                   metadata_json(packed), "columns", columns);
}
