/* SPDX-License-Identifier: MIT
 *
 * Text to typed columns, by several threads at one time: nothing here is shared, and nothing prints. Called by encoders.c
 * and, field by field, by pack.c.
 */
#include "cli/convert.h"
#include "cli/fields.h"
#include "cli/value.h"

#include <stdlib.h>
#include <string.h>

bool convert_field(const struct weft_column *text, size_t row, bool empty_is_null, const char **field, size_t *bytes) {
  return field_text(text, row, field, bytes) && !(empty_is_null && *bytes == 0);
}

static weft_status convert_rows(struct converted *out, const struct weft_column *text, struct type type, bool empty_is_null,
                                size_t *row) {
  size_t nulls = 0;
  for (*row = 0; *row < text->rows; (*row)++) {
    const char *field;
    size_t bytes;
    unsigned char *value = (unsigned char *)out->values + *row * type.width;
    if (!convert_field(text, *row, empty_is_null, &field, &bytes)) {
      memset(value, 0, type.width);
      out->valid[*row / 8] &= (uint8_t) ~(1u << *row % 8);
      nulls++;
    } else if (value_parse(type, field, bytes, value) != NULL) {
      return WEFT_E_INVALID;
    }
  }
  out->column = type.type == WEFT_FIXED_BYTES ? weft_column_bytes(out->values, type.width, text->rows)
                                              : weft_column_fixed(out->values, type.type, text->rows);
  if (nulls > 0)
    out->column = weft_column_with_validity(out->column, out->valid, 0);
  return WEFT_OK;
}

weft_status convert_column(weft_ctx *ctx, const struct weft_column *text, struct type type, bool empty_is_null,
                           struct converted *out, size_t *row) {
  *out = (struct converted){.column = *text};
  if (type.type == WEFT_STRING)
    return WEFT_OK;
  if (text->rows > SIZE_MAX / type.width)
    return WEFT_E_OVERFLOW;
  out->values = weft_alloc(ctx, text->rows * type.width);
  out->valid = weft_alloc(ctx, text->rows / 8 + 1);
  if (!out->values || !out->valid)
    return WEFT_E_NOMEM;
  memset(out->valid, 0xff, text->rows / 8 + 1);
  return convert_rows(out, text, type, empty_is_null, row);
}

void convert_free(weft_ctx *ctx, struct converted *converted) {
  if ((converted->values && weft_free(ctx, converted->values) != WEFT_OK) ||
      (converted->valid && weft_free(ctx, converted->valid) != WEFT_OK))
    abort();
  *converted = (struct converted){0};
}
