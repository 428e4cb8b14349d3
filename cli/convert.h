/* SPDX-License-Identifier: MIT
 *
 * A column of text as a column of a type.
 */
#ifndef CLI_CONVERT_H
#define CLI_CONVERT_H

#include "cli/type.h"

#include <weft/weft.h>

/* Where the values go. Zeroes are nothing; convert_free frees it. */
struct converted {
  void *values;   /* [rows] of the type */
  uint8_t *valid; /* bitmap over the rows; NULL: none is null */
  struct weft_column column;
};

/* The field of a row. False: it is null, as the text's validity says, or an empty one where those count as null. */
bool convert_field(const struct weft_column *text, size_t row, bool empty_is_null, const char **field, size_t *bytes);

/* Makes out->column, which for strings is text itself. On WEFT_E_INVALID *row is the row whose field is no such value;
 * else a status of weft_alloc's. Any thread, ctx being its own. */
weft_status convert_column(weft_ctx *ctx, const struct weft_column *text, struct type type, bool empty_is_null,
                           struct converted *out, size_t *row);

/* Frees what ctx allocated; aborts where it cannot. */
void convert_free(weft_ctx *ctx, struct converted *converted);

#endif
