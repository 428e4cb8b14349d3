/* SPDX-License-Identifier: MIT
 *
 * Late gather: the rows of a column that the row numbers of a join, a lookup or a group lead to. So a join works on keys
 * alone, and of all other columns only what is wanted in the end is touched.
 *
 *     weft_join_next(join, build, probe, capacity, &n);
 *     weft_gather_room(ctx, WEFT_FORM_VALUES, &names, build, n, &buffers);     (strings: how many bytes; else known)
 *     weft_gather(ctx, WEFT_FORM_VALUES, &names, build, n, &buffers);
 */
#ifndef WEFT_GATHER_H
#define WEFT_GATHER_H

#include <weft/base.h>
#include <weft/codec.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* The room that weft_gather needs: sets values_bytes, data_bytes, which is 0, and offset_bytes to 4 or 8 as the bytes ask
 * for. Of fixed widths and views at once, of strings as values by their lengths, O(n). The rest of buffers stays. The
 * context's thread only. Statuses as weft_gather's, but for WEFT_E_SPACE. */
WEFT_API WEFT_MUST_CHECK weft_status weft_gather_room(weft_ctx *ctx, enum weft_form form, const struct weft_column *column,
                                                      const uint32_t *rows, size_t n, struct weft_buffers *room);

/* Writes rows rows[n] of column to buffers, in that order, each any number of times. The number WEFT_NO_ROW, or
 * WEFT_UNKNOWN_ROW, gives a null. The column is trusted (see weft_column_validate), row numbers are not. rows may be
 * NULL when n is 0. The outputs overlap no input.
 * WEFT_FORM_VALUES: values of a fixed width go to values[n], strings of any layout to values as bytes and to
 * offsets[n + 1], from 0 on, of offset_bytes each. WEFT_FORM_VIEWS, of strings: struct weft_view[n] to values, which
 * lead to where the column's bytes lie: of a column of views into its buffers, of one of offsets into its data, as
 * buffer 0. data and data_bytes are not used. Nulls: validity has n bits, those past n being 0, and may be NULL where no
 * row is null; nulls is how many are; their values are zeros, their strings empty.
 * The context's thread only; nothing is allocated. On failure the buffers' memory is undefined, and nothing beyond it
 * was touched. WEFT_E_INVALID: a pointer is NULL that may not be, the column has no layout, a row number is none of the
 * column's, buffers->size is none this library knows, offset_bytes is neither 4 nor 8, or the column has no such form
 * (of fixed widths and of WEFT_POINTERS there are no views). WEFT_E_SPACE: values_bytes is too small; the message has
 * what it takes. WEFT_E_OVERFLOW: offsets of 4 bytes, or views, for more than 2^31 - 1 bytes; or more than memory can
 * hold. */
WEFT_API WEFT_MUST_CHECK weft_status weft_gather(weft_ctx *ctx, enum weft_form form, const struct weft_column *column,
                                                 const uint32_t *rows, size_t n, struct weft_buffers *buffers);

WEFT_END_DECLS

#endif
