/* SPDX-License-Identifier: MIT
 *
 * Columns: borrowed views of rows in the caller's memory, in the layouts of Apache Arrow's columnar format
 * (specification, "Physical Memory Layout"). Every module of weft takes columns and no other shape of input.
 */
#ifndef WEFT_COLUMN_H
#define WEFT_COLUMN_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/* What a row's value is. */
enum weft_type {
  WEFT_NO_TYPE = 0,
  WEFT_I8 = 1,
  WEFT_I16 = 2,
  WEFT_I32 = 3,
  WEFT_I64 = 4,
  WEFT_U8 = 5,
  WEFT_U16 = 6,
  WEFT_U32 = 7,
  WEFT_U64 = 8,
  WEFT_F32 = 9,
  WEFT_F64 = 10,
  WEFT_FIXED_BYTES = 11, /* every row the same number of bytes */
  WEFT_STRING = 12       /* each row a length of its own */
};

/* How the rows lie in memory. */
enum weft_layout {
  WEFT_NO_LAYOUT = 0, /* no column: what a constructor gives for arguments that contradict each other */
  WEFT_FIXED = 1,
  WEFT_OFFSETS32 = 2,
  WEFT_OFFSETS64 = 3,
  WEFT_POINTERS = 4,
  WEFT_VIEWS = 5
};

/* A string view of Arrow's: 16 bytes, the string itself up to 12 bytes, else its first 4 and where it lies. */
struct weft_view {
  int32_t length;
  union {
    uint8_t inlined[12]; /* length <= 12; the bytes after the string are 0 */
    struct {
      uint8_t prefix[4];
      int32_t buffer; /* number of the buffer */
      int32_t offset; /* of the first byte in it */
    } ref;            /* length > 12 */
  } as;
};

/* A column. Made by the constructors below and passed by address; the fields are for reading. The memory that it points
 * to stays the caller's and must hold still while a call uses the column. */
struct weft_column {
  enum weft_layout layout;
  enum weft_type type;
  size_t rows;                   /* rows that calls see: of the selection, where there is one */
  size_t base_rows;              /* rows of the layout */
  size_t width;                  /* WEFT_FIXED: bytes of a row */
  const void *data;              /* values; bytes that offsets lead to; pointers; views */
  const void *aux;               /* offsets[base_rows + 1]; lengths[base_rows] of pointers */
  size_t data_bytes;             /* WEFT_OFFSETS*: bytes at data */
  const uint8_t *const *buffers; /* WEFT_VIEWS: buffers[n_buffers], each of buffer_bytes[i] bytes */
  const size_t *buffer_bytes;
  size_t n_buffers;
  const uint8_t *base_validity; /* bitmap over base_rows: bit i + base_bit_offset; 0 is null. NULL: none is null */
  size_t base_bit_offset;
  const uint32_t *selection;   /* selection[rows]: numbers of base rows; NULL: all, in order */
  const uint8_t *row_validity; /* bitmap over the selected rows, as base_validity over the base rows */
  size_t row_bit_offset;
};

/* rows values of a numeric type (WEFT_I8 to WEFT_F64), aligned or not. values may be NULL when rows is 0. Another type
 * gives a column of WEFT_NO_LAYOUT, which every call refuses. */
WEFT_API struct weft_column weft_column_fixed(const void *values, enum weft_type type, size_t rows);

/* rows values of width bytes each, one after another; width 0 is allowed. */
WEFT_API struct weft_column weft_column_bytes(const void *values, size_t width, size_t rows);

/* rows strings: string i is data[offsets[i] .. offsets[i + 1]). data_bytes is what may be read at data, at least
 * offsets[rows]; offsets[0] need not be 0. offsets has rows + 1 elements, aligned to their type. */
WEFT_API struct weft_column weft_column_offsets32(const void *data, size_t data_bytes, const int32_t *offsets, size_t rows);
WEFT_API struct weft_column weft_column_offsets64(const void *data, size_t data_bytes, const int64_t *offsets, size_t rows);

/* rows strings, each anywhere: lengths[i] bytes at ptrs[i], which may be NULL when lengths[i] is 0. */
WEFT_API struct weft_column weft_column_ptrs(const void *const *ptrs, const size_t *lengths, size_t rows);

/* rows string views into n_buffers buffers, buffer i of buffer_bytes[i] bytes. views are aligned to 4 bytes. buffers and
 * buffer_bytes may be NULL when n_buffers is 0. */
WEFT_API struct weft_column weft_column_views(const struct weft_view *views, size_t rows, const uint8_t *const *buffers,
                                              const size_t *buffer_bytes, size_t n_buffers);

/* The same column with a validity bitmap, Arrow's way: row i is null where bit (i + bit_offset) & 7 of byte
 * (i + bit_offset) >> 3 is 0. Said of a column that has a selection, the bitmap is over the selected rows (a dictionary
 * array whose codes are null), else over the rows of the layout (and a selection added later reaches through it). bits
 * NULL: no row is null. The value of a null row is never read, nor its selection. */
WEFT_API struct weft_column weft_column_with_validity(struct weft_column column, const uint8_t *bits, size_t bit_offset);

/* The rows selection[0 .. n) of a column, in that order, each any number of times. A column that has a selection already
 * gives one of WEFT_NO_LAYOUT. selection may be NULL when n is 0. */
WEFT_API struct weft_column weft_column_with_selection(struct weft_column column, const uint32_t *selection, size_t n);

/* Checks all that the constructors could not: that offsets do not decrease and stay within the data, views within their
 * buffers and with the prefix that the bytes there have, selections within the rows, lengths within what the address space
 * holds. The other calls trust a column; a caller who does not, such as one who reads files, checks it once. O(rows). The
 * context's thread only.
 * WEFT_OK, or what is wrong, and weft_ctx_message says where with the numbers:
 * WEFT_E_INVALID: ctx or column is NULL, the column has no layout, a pointer is NULL where it may not be, or one of the
 * checks failed. WEFT_E_OVERFLOW: rows, widths or lengths whose sum no memory could hold. */
WEFT_API WEFT_MUST_CHECK weft_status weft_column_validate(weft_ctx *ctx, const struct weft_column *column);

WEFT_END_DECLS

#endif
