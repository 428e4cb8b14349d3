/* SPDX-License-Identifier: MIT
 *
 * The head of a file: its columns' names and types, made of a writer's fields and read back, with a table by which names
 * are found. Both ways end in the same check, so that no head is written that would not be read.
 */
#include "alloc/os.h"
#include "lib/column.h"
#include "lib/file.h"

#include <string.h>

/* The longest head: WEFT_FILE_COLUMNS fields, whose names together take no more than WEFT_METADATA_BYTES. */
#define MOST_HEAD (FILE_HEAD_BYTES + (size_t)WEFT_FILE_COLUMNS * FILE_FIELD_BYTES + WEFT_METADATA_BYTES + FILE_SUM_BYTES)

bool weft__is_utf8(const uint8_t *text, size_t bytes) {
  for (size_t i = 0; i < bytes;) {
    uint32_t lead = text[i++];
    if (lead < 0x80)
      continue;
    uint32_t more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3, point = lead & (0x3fu >> more);
    if (lead < 0xc2 || lead > 0xf4 || more > bytes - i)
      return false;
    for (uint32_t k = 0; k < more; k++) {
      if ((text[i] & 0xc0) != 0x80)
        return false;
      point = point << 6 | (text[i++] & 0x3fu);
    }
    bool longer = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (longer || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      return false;
  }
  return true;
}

/* The width that a type's values have in a file; a column of fixed bytes says its own. */
static uint32_t width_of(enum weft_type type, uint32_t own) {
  return type == WEFT_FIXED_BYTES ? own : (uint32_t)weft_column_fixed(NULL, type, 0).width; /* strings: 0 */
}

static bool is_type(unsigned type) {
  return type >= WEFT_I8 && type <= WEFT_STRING;
}

/* Where a name is in the table, or where it would be. */
static uint32_t name_place(const weft_ctx *ctx, const struct file_schema *schema, const char *name, size_t bytes) {
  uint32_t place = (uint32_t)file_sum(ctx, name, bytes, schema->seed) & schema->mask;
  while (schema->names[place] != UINT32_MAX) {
    const char *other = schema->fields[schema->names[place]].name;
    if (strncmp(other, name, bytes) == 0 && other[bytes] == '\0')
      break;
    place = (place + 1) & schema->mask;
  }
  return place;
}

size_t weft__schema_find(const weft_ctx *ctx, const struct file_schema *schema, const char *name, size_t bytes) {
  uint32_t number = schema->names[name_place(ctx, schema, name, bytes)];
  return number == UINT32_MAX ? SIZE_MAX : number;
}

/* Slots of a table of n names, at most half of them taken. */
static uint32_t slots(size_t n) {
  uint32_t count = 4;
  while (count < 2 * n)
    count *= 2;
  return count;
}

size_t weft__schema_room(size_t head_bytes, size_t n) {
  return head_bytes + n * sizeof(struct weft_field) + slots(n) * sizeof(uint32_t);
}

weft_status weft__schema_head(weft_ctx *ctx, const uint8_t *start, size_t *head_bytes, size_t *n) {
  if (memcmp(start, FILE_MAGIC, FILE_MAGIC_BYTES) != 0)
    return weft__fail(ctx, WEFT_E_CORRUPT, "offset 0: no file of this format: it begins with other bytes");
  *n = (size_t)codec_get(start + 10, 2);
  *head_bytes = (size_t)codec_get(start + 12, 4);
  if (*head_bytes < FILE_HEAD_BYTES + *n * FILE_FIELD_BYTES + FILE_SUM_BYTES || *head_bytes > MOST_HEAD)
    return weft__fail(ctx, WEFT_E_CORRUPT, "offset 12: a head of %zu bytes for %zu columns", *head_bytes, *n);
  return WEFT_OK;
}

/* One field at `at` of the head; wrong is the status of what it may not be. Returns its end in *end. */
static weft_status read_field(weft_ctx *ctx, struct file_schema *schema, size_t number, weft_status wrong, size_t at,
                              size_t *end) {
  size_t last = schema->head_bytes - FILE_SUM_BYTES;
  const uint8_t *p = schema->head + at, *name = p + FILE_FIELD_BYTES - 1;
  if (last - at < FILE_FIELD_BYTES)
    return weft__fail(ctx, wrong, "offset %zu: the head ends within column %zu", at, number);
  unsigned type = p[0];
  size_t name_bytes = (size_t)codec_get(p + 2, 2);
  uint32_t width = (uint32_t)codec_get(p + 4, 4);
  if (last - at - FILE_FIELD_BYTES < name_bytes)
    return weft__fail(ctx, wrong, "offset %zu: the head ends within the name of column %zu", at, number);
  if (!is_type(type) || p[1] != 0)
    return weft__fail(ctx, wrong, "offset %zu: column %zu has type %u, which is none", at, number, type);
  if (width != width_of((enum weft_type)type, width))
    return weft__fail(ctx, wrong, "offset %zu: column %zu of type %u has values of %u bytes", at, number, type, width);
  const char *odd = name_bytes == 0 ? "is empty"
                    : memchr(name, 0, name_bytes) != NULL || name[name_bytes] != 0
                        ? "has a zero byte in it, or none behind it"
                    : !weft__is_utf8(name, name_bytes) ? "is no UTF-8"
                                                       : NULL;
  if (odd)
    return weft__fail(ctx, wrong, "offset %zu: the name of column %zu %s", at + FILE_FIELD_BYTES - 1, number, odd);
  uint32_t place = name_place(ctx, schema, (const char *)name, name_bytes);
  if (schema->names[place] != UINT32_MAX)
    return weft__fail(ctx, wrong, "columns %u and %zu are both named \"%.60s\"", schema->names[place], number, name);
  schema->names[place] = (uint32_t)number;
  schema->fields[number] = (struct weft_field){.name = (const char *)name, .type = (enum weft_type)type, .width = width};
  *end = at + FILE_FIELD_BYTES + name_bytes;
  return WEFT_OK;
}

static weft_status read_fields(weft_ctx *ctx, struct file_schema *schema, weft_status wrong) {
  schema->fields = weft_alloc(ctx, schema->n * sizeof *schema->fields);
  uint32_t count = slots(schema->n);
  schema->mask = count - 1;
  schema->names = schema->fields ? weft_alloc(ctx, count * sizeof *schema->names) : NULL;
  if (!schema->names)
    return ctx->cache.status;
  memset(schema->names, 0xff, count * sizeof *schema->names);
  weft__os_random(&schema->seed, sizeof schema->seed); /* nobody can make names that all go to one place */
  size_t at = FILE_HEAD_BYTES;
  for (size_t i = 0; i < schema->n; i++)
    WEFT_TRY(read_field(ctx, schema, i, wrong, at, &at));
  if (at != schema->head_bytes - FILE_SUM_BYTES)
    return weft__fail(ctx, wrong, "offset %zu: the head has %zu bytes behind its last column", at,
                      schema->head_bytes - FILE_SUM_BYTES - at);
  return WEFT_OK;
}

weft_status weft__schema_read(weft_ctx *ctx, uint8_t *head, size_t head_bytes, struct file_schema *out) {
  size_t summed = head_bytes - FILE_SUM_BYTES;
  uint64_t version = codec_get(head + 8, 2), sum = file_sum(ctx, head, summed, 0);
  *out = (struct file_schema){.n = (size_t)codec_get(head + 10, 2), .head = head, .head_bytes = head_bytes, .sum = sum};
  weft_status status = WEFT_OK;
  if (sum != codec_get(head + summed, 8))
    status = weft__fail(ctx, WEFT_E_CORRUPT, "offset %zu: the head's sum is wrong", summed);
  else if (version != FILE_VERSION)
    status = weft__fail(ctx, WEFT_E_UNSUPPORTED, "offset 8: a file of version %u, and %d is known", (unsigned)version,
                        FILE_VERSION);
  else if (out->n == 0)
    status = weft__fail(ctx, WEFT_E_CORRUPT, "offset 10: a file of no columns");
  else
    status = read_fields(ctx, out, WEFT_E_CORRUPT);
  if (status != WEFT_OK)
    weft__schema_close(ctx, out);
  return status;
}

/* Checks what cannot be said of a head, and how long it will be. */
static weft_status check_fields(weft_ctx *ctx, const struct weft_field *fields, size_t n, size_t *head_bytes) {
  size_t names = 0;
  for (size_t i = 0; i < n; i++) {
    size_t bytes = fields[i].name ? strlen(fields[i].name) : 0;
    if (bytes == 0 || bytes > UINT16_MAX)
      return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: field %zu has a name of %zu bytes, not 1 to %d", i, bytes,
                        UINT16_MAX);
    if (!weft__is_utf8((const uint8_t *)fields[i].name, bytes))
      return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: field %zu has a name that is no UTF-8", i);
    if (!is_type((unsigned)fields[i].type))
      return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: field %zu, \"%.60s\", has type %d, which is none", i,
                        fields[i].name, (int)fields[i].type);
    uint32_t width = width_of(fields[i].type, fields[i].width);
    if (fields[i].width != 0 && fields[i].width != width)
      return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: field %zu, \"%.60s\", has width %u; its type has %u", i,
                        fields[i].name, fields[i].width, width);
    names += bytes;
  }
  if (names > WEFT_METADATA_BYTES)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: names of %zu bytes, and at most %d can be", names,
                      WEFT_METADATA_BYTES);
  *head_bytes = FILE_HEAD_BYTES + n * FILE_FIELD_BYTES + names + FILE_SUM_BYTES;
  return WEFT_OK;
}

weft_status weft__schema_make(weft_ctx *ctx, const struct weft_field *fields, size_t n, struct file_schema *out) {
  size_t head_bytes = 0;
  WEFT_TRY(check_fields(ctx, fields, n, &head_bytes));
  uint8_t *head = weft_zalloc(ctx, head_bytes), *p = head;
  if (!head)
    return ctx->cache.status;
  memcpy(p, FILE_MAGIC, FILE_MAGIC_BYTES);
  codec_put(p + 8, FILE_VERSION, 2);
  codec_put(p + 10, n, 2);
  codec_put(p + 12, head_bytes, 4);
  p += FILE_HEAD_BYTES;
  for (size_t i = 0; i < n; i++) {
    size_t bytes = strlen(fields[i].name);
    p[0] = (uint8_t)fields[i].type;
    codec_put(p + 2, bytes, 2);
    codec_put(p + 4, width_of(fields[i].type, fields[i].width), 4);
    memcpy(p + FILE_FIELD_BYTES - 1, fields[i].name, bytes);
    p += FILE_FIELD_BYTES + bytes;
  }
  uint64_t sum = file_sum(ctx, head, head_bytes - FILE_SUM_BYTES, 0);
  codec_put(p, sum, 8);
  *out = (struct file_schema){.n = n, .head = head, .head_bytes = head_bytes, .sum = sum};
  weft_status status = read_fields(ctx, out, WEFT_E_INVALID);
  if (status != WEFT_OK)
    weft__schema_close(ctx, out);
  return status;
}

void weft__schema_close(weft_ctx *ctx, struct file_schema *schema) {
  (void)!weft_free(ctx, schema->fields);
  (void)!weft_free(ctx, schema->names);
  (void)!weft_free(ctx, schema->head);
  *schema = (struct file_schema){0};
}
