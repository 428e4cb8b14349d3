/* SPDX-License-Identifier: MIT
 *
 * From a public column to what kernels take. For the files of lib/.
 */
#ifndef LIB_COLUMN_H
#define LIB_COLUMN_H

#include "lib/ctx.h"

#include <weft/column.h>

/* Checks what can be checked in O(1) of columns[n] that a call was given: that there are some, that each has a layout and a
 * size that memory could hold, and as many rows as the first. who names the call in messages. */
weft_status weft__columns_check(weft_ctx *ctx, const char *who, const struct weft_column *columns, size_t n);

/* Rows first .. first + rows of a column that has passed, all of which it has. */
struct weft_column weft__column_slice(const struct weft_column *column, size_t first, size_t rows);

/* Bytes of the strings of a column's rows, nulls being empty, one length after another. */
uint64_t weft__string_bytes(const struct weft_column *column);

/* Numbers of a big-endian machine: they count as their little-endian bytes, so kernels have to turn them. */
static inline bool column_is_turned(const struct weft_column *column) {
  return SIMD_BIG_ENDIAN && column->layout == WEFT_FIXED && column->type != WEFT_FIXED_BYTES;
}

/* A column that has passed, for kernels that hash it or compare its rows. Who copies its values clears `turned`. */
struct simd_column weft__column_simd(const struct weft_column *column);

#endif
