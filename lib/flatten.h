/* SPDX-License-Identifier: MIT
 *
 * Rows of a column of any layout as plain arrays: what the encoder and the writer of files work on. Borrowed where the
 * column's memory has that form already, else copied to memory of the context's.
 */
#ifndef LIB_FLATTEN_H
#define LIB_FLATTEN_H

#include "lib/column.h"

/* Rows, flat. Where dense, values has those of the rows that are not null and no others; else each row has its place, what
 * lies at a null row's is undefined, and of strings empty. */
struct flat {
  size_t rows, nulls;
  size_t values;          /* rows - nulls where dense, else rows */
  size_t width;           /* of a value; 0 for strings */
  const void *data;       /* fixed: values * width bytes at any alignment; strings: offsets[values] bytes; never NULL */
  const int64_t *offsets; /* strings: [values + 1], from 0 on; else NULL */
  const uint64_t *valid;  /* [(rows + 63) / 64], bits past the rows 0; NULL: no row is null */
  void *owned[3];         /* what of it was allocated */
};

/* Rows first .. first + rows of a column that passed weft__columns_check. *out is closed by weft__flat_close, on any
 * failure it is closed. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory. WEFT_E_OVERFLOW: strings of more bytes than memory can
 * hold. WEFT_E_INVALID: a selection reaches past the column's rows. */
weft_status weft__flatten(weft_ctx *ctx, const struct weft_column *column, size_t first, size_t rows, bool dense,
                          struct flat *out);

void weft__flat_close(weft_ctx *ctx, struct flat *flat);

#endif
