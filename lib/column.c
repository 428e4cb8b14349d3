/* SPDX-License-Identifier: MIT
 *
 * Columns: the constructors, the full check that untrusted columns need, and the way to the kernels' form.
 */
#include "lib/column.h"

#include <assert.h>

#include <string.h>

/* Bytes of a value of a numeric type; 0 for others. */
static size_t type_width(enum weft_type type) {
  switch (type) {
  case WEFT_I8:
  case WEFT_U8: return 1;
  case WEFT_I16:
  case WEFT_U16: return 2;
  case WEFT_I32:
  case WEFT_U32:
  case WEFT_F32: return 4;
  case WEFT_I64:
  case WEFT_U64:
  case WEFT_F64: return 8;
  default: return 0;
  }
}

static const struct weft_column no_column;

/* Every field one by one: cleared as a whole first, or copied, a column takes as long to make as a row to hash. */
static inline void set_column(struct weft_column *c, enum weft_layout layout, enum weft_type type, size_t rows,
                              size_t width, const void *data, const void *aux, size_t data_bytes) {
  c->layout = layout;
  c->type = type;
  c->rows = c->base_rows = rows;
  c->width = width;
  c->data = data;
  c->aux = aux;
  c->data_bytes = data_bytes;
  c->buffers = NULL;
  c->buffer_bytes = NULL;
  c->n_buffers = 0;
  c->base_validity = NULL;
  c->base_bit_offset = 0;
  c->selection = NULL;
  c->row_validity = NULL;
  c->row_bit_offset = 0;
}

struct weft_column weft_column_fixed(const void *values, enum weft_type type, size_t rows) {
  struct weft_column column;
  size_t width = type_width(type);
  if (width != 0)
    set_column(&column, WEFT_FIXED, type, rows, width, values, NULL, 0);
  else
    column = no_column;
  return column;
}

struct weft_column weft_column_bytes(const void *values, size_t width, size_t rows) {
  struct weft_column column;
  set_column(&column, WEFT_FIXED, WEFT_FIXED_BYTES, rows, width, values, NULL, 0);
  return column;
}

struct weft_column weft_column_offsets32(const void *data, size_t data_bytes, const int32_t *offsets, size_t rows) {
  struct weft_column column;
  set_column(&column, WEFT_OFFSETS32, WEFT_STRING, rows, 0, data, offsets, data_bytes);
  return column;
}

struct weft_column weft_column_offsets64(const void *data, size_t data_bytes, const int64_t *offsets, size_t rows) {
  struct weft_column column;
  set_column(&column, WEFT_OFFSETS64, WEFT_STRING, rows, 0, data, offsets, data_bytes);
  return column;
}

struct weft_column weft_column_ptrs(const void *const *ptrs, const size_t *lengths, size_t rows) {
  struct weft_column column;
  set_column(&column, WEFT_POINTERS, WEFT_STRING, rows, 0, ptrs, lengths, 0);
  return column;
}

struct weft_column weft_column_views(const struct weft_view *views, size_t rows, const uint8_t *const *buffers,
                                     const size_t *buffer_bytes, size_t n_buffers) {
  struct weft_column column;
  set_column(&column, WEFT_VIEWS, WEFT_STRING, rows, 0, views, NULL, 0);
  column.buffers = buffers;
  column.buffer_bytes = buffer_bytes;
  column.n_buffers = n_buffers;
  return column;
}

struct weft_column weft_column_with_validity(struct weft_column column, const uint8_t *bits, size_t bit_offset) {
  if (column.selection) {
    column.row_validity = bits;
    column.row_bit_offset = bit_offset;
  } else {
    column.base_validity = bits;
    column.base_bit_offset = bit_offset;
  }
  return column;
}

struct weft_column weft_column_with_selection(struct weft_column column, const uint32_t *selection, size_t n) {
  static const uint32_t none[1]; /* a selection of no rows is one all the same */
  if (column.selection || (!selection && n > 0))
    return no_column;
  column.selection = selection ? selection : none;
  column.rows = n;
  return column;
}

/* Bytes that the arrays of a column's layout span; SIZE_MAX when no memory could hold them. */
static size_t span(size_t count, size_t width) {
  return width != 0 && count > PTRDIFF_MAX / width ? SIZE_MAX : count * width;
}

static_assert(WEFT_OFFSETS32 - WEFT_FIXED == SIMD_OFFSETS32 && WEFT_OFFSETS64 - WEFT_FIXED == SIMD_OFFSETS64 &&
                  WEFT_POINTERS - WEFT_FIXED == SIMD_POINTERS && WEFT_VIEWS - WEFT_FIXED == SIMD_VIEWS,
              "layouts have the same order on both sides");

weft_status weft__columns_check(weft_ctx *ctx, const char *who, const struct weft_column *columns, size_t n) {
  if (!columns || n == 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s", who, columns ? "0 columns" : "columns is NULL");
  for (size_t i = 0; i < n; i++) {
    const struct weft_column *c = &columns[i];
    if (c->layout < WEFT_FIXED || c->layout > WEFT_VIEWS)
      return weft__fail(ctx, WEFT_E_INVALID,
                        "%s: column %zu has no layout: its constructor was given a type or a selection that it cannot have",
                        who, i);
    if (c->rows != columns[0].rows)
      return weft__fail(ctx, WEFT_E_INVALID, "%s: column %zu has %zu rows, column 0 has %zu", who, i, c->rows,
                        columns[0].rows);
    size_t width = c->layout == WEFT_FIXED ? c->width : 16; /* no other layout takes more a row */
    if (span(c->base_rows, width) == SIZE_MAX)
      return weft__fail(ctx, WEFT_E_OVERFLOW, "%s: column %zu has %zu rows of %zu bytes, more than memory can hold", who, i,
                        c->base_rows, width);
    if (span(c->rows, sizeof(uint32_t)) == SIZE_MAX)
      return weft__fail(ctx, WEFT_E_OVERFLOW, "%s: column %zu selects %zu rows, more than memory can hold", who, i,
                        c->rows);
  }
  return WEFT_OK;
}

struct simd_column weft__column_simd(const struct weft_column *c) {
  static const uint8_t empty[1];                    /* so that kernels may add 0 to an address that is no NULL */
  static const uint8_t *const empty_buffer = empty; /* so that there is a first buffer */
  static const size_t no_bytes = 0;
  struct simd_column column = {.layout = (enum simd_layout)(c->layout - WEFT_FIXED),
                               .turned = column_is_turned(c),
                               .base_rows = c->base_rows,
                               .width = c->width,
                               .data_bytes = c->data_bytes,
                               .data = c->data ? c->data : empty,
                               .aux = c->aux,
                               .buffers = c->n_buffers > 0 ? c->buffers : &empty_buffer,
                               .buffer_bytes = c->n_buffers > 0 ? c->buffer_bytes : &no_bytes,
                               .base_validity = c->base_validity,
                               .base_bit_offset = c->base_bit_offset,
                               .selection = c->selection,
                               .row_validity = c->row_validity,
                               .row_bit_offset = c->row_bit_offset};
  if (c->layout == WEFT_FIXED)
    column.data_bytes = c->base_rows * c->width;
  else if (c->layout == WEFT_VIEWS)
    column.data_bytes = c->base_rows * sizeof(struct weft_view);
  return column;
}

struct weft_column weft__column_slice(const struct weft_column *column, size_t first, size_t rows) {
  /* From a row to the next, at data and at aux. Offsets lead into data wherever they are counted from. */
  static const struct {
    size_t data, aux;
  } steps[] = {[WEFT_FIXED] = {0, 0},
               [WEFT_OFFSETS32] = {0, sizeof(int32_t)},
               [WEFT_OFFSETS64] = {0, sizeof(int64_t)},
               [WEFT_POINTERS] = {sizeof(void *), sizeof(size_t)},
               [WEFT_VIEWS] = {sizeof(struct weft_view), 0}};
  struct weft_column slice = *column;
  slice.rows = rows;
  slice.row_bit_offset += first;
  if (slice.selection) {
    slice.selection += first;
    return slice;
  }
  slice.base_rows = rows;
  slice.base_bit_offset += first;
  size_t step = slice.layout == WEFT_FIXED ? slice.width : steps[slice.layout].data;
  if (slice.data) /* NULL where there are no rows */
    slice.data = (const uint8_t *)slice.data + first * step;
  if (slice.aux)
    slice.aux = (const uint8_t *)slice.aux + first * steps[slice.layout].aux;
  return slice;
}

static bool is_null(const uint8_t *bits, size_t i) {
  return bits && !(bits[i / 8] >> i % 8 & 1);
}

static bool base_is_null(const struct weft_column *c, size_t row) {
  return is_null(c->base_validity, c->base_bit_offset + row);
}

uint64_t weft__string_bytes(const struct weft_column *c) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < c->rows; i++) {
    if (is_null(c->row_validity, i + c->row_bit_offset))
      continue;
    size_t row = c->selection ? c->selection[i] : i;
    if (base_is_null(c, row))
      continue;
    switch (c->layout) {
    case WEFT_OFFSETS32: bytes += (uint64_t)(((const int32_t *)c->aux)[row + 1] - ((const int32_t *)c->aux)[row]); break;
    case WEFT_OFFSETS64: bytes += (uint64_t)(((const int64_t *)c->aux)[row + 1] - ((const int64_t *)c->aux)[row]); break;
    case WEFT_POINTERS: bytes += ((const size_t *)c->aux)[row]; break;
    default: bytes += (uint64_t)((const struct weft_view *)c->data)[row].length;
    }
  }
  return bytes;
}

/* The checks of weft_column_validate, by layout. Each returns at the first fault. */

static weft_status check_array(weft_ctx *ctx, const char *what, const void *p, size_t count, size_t align) {
  if (count > 0 && !p)
    return weft__fail(ctx, WEFT_E_INVALID, "%s is NULL, and there are %zu rows", what, count);
  if ((uintptr_t)p % align != 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s is at %p, not aligned to %zu bytes", what, p, align);
  return WEFT_OK;
}

static int64_t offset_at(const struct weft_column *c, size_t i) {
  return c->layout == WEFT_OFFSETS32 ? ((const int32_t *)c->aux)[i] : ((const int64_t *)c->aux)[i];
}

static weft_status check_offsets(weft_ctx *ctx, const struct weft_column *c) {
  WEFT_TRY(
      check_array(ctx, "offsets", c->aux, c->base_rows, c->layout == WEFT_OFFSETS32 ? sizeof(int32_t) : sizeof(int64_t)));
  if (!c->data && c->data_bytes > 0)
    return weft__fail(ctx, WEFT_E_INVALID, "data is NULL, and data_bytes is %zu", c->data_bytes);
  if (c->data_bytes > PTRDIFF_MAX)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "data_bytes is %zu, more than memory can hold", c->data_bytes);
  if (c->base_rows == 0)
    return WEFT_OK;
  int64_t before = offset_at(c, 0);
  if (before < 0)
    return weft__fail(ctx, WEFT_E_INVALID, "row 0: offset %lld is negative", (long long)before);
  for (size_t row = 0; row < c->base_rows; row++) {
    int64_t after = offset_at(c, row + 1);
    if (after < before)
      return weft__fail(ctx, WEFT_E_INVALID, "row %zu: offsets decrease from %lld to %lld", row, (long long)before,
                        (long long)after);
    before = after;
  }
  if ((uint64_t)before > c->data_bytes)
    return weft__fail(ctx, WEFT_E_INVALID, "row %zu: ends at offset %lld, past the data's %zu bytes", c->base_rows - 1,
                      (long long)before, c->data_bytes);
  return WEFT_OK;
}

static weft_status check_pointers(weft_ctx *ctx, const struct weft_column *c) {
  const uint8_t *const *ptrs = c->data;
  const size_t *lengths = c->aux;
  WEFT_TRY(check_array(ctx, "ptrs", ptrs, c->base_rows, sizeof *ptrs));
  WEFT_TRY(check_array(ctx, "lengths", lengths, c->base_rows, sizeof *lengths));
  for (size_t row = 0; row < c->base_rows; row++) {
    if (base_is_null(c, row) || lengths[row] == 0)
      continue;
    if (!ptrs[row])
      return weft__fail(ctx, WEFT_E_INVALID, "row %zu: its pointer is NULL, and its length %zu", row, lengths[row]);
    if (lengths[row] > PTRDIFF_MAX || lengths[row] > UINTPTR_MAX - (uintptr_t)ptrs[row])
      return weft__fail(ctx, WEFT_E_OVERFLOW, "row %zu: %zu bytes at %p pass the end of memory", row, lengths[row],
                        (const void *)ptrs[row]);
  }
  return WEFT_OK;
}

static weft_status check_view(weft_ctx *ctx, const struct weft_column *c, size_t row, const struct weft_view *view) {
  if (view->length < 0)
    return weft__fail(ctx, WEFT_E_INVALID, "row %zu: a view of length %d", row, view->length);
  if (view->length <= (int32_t)sizeof view->as.inlined)
    return WEFT_OK;
  int32_t buffer = view->as.ref.buffer, offset = view->as.ref.offset;
  if (buffer < 0 || (size_t)buffer >= c->n_buffers)
    return weft__fail(ctx, WEFT_E_INVALID, "row %zu: a view into buffer %d, and there are %zu", row, buffer, c->n_buffers);
  if (!c->buffers || !c->buffer_bytes || !c->buffers[buffer])
    return weft__fail(ctx, WEFT_E_INVALID, "row %zu: a view into buffer %d, which is NULL", row, buffer);
  if (offset < 0 || (uint64_t)offset + (uint64_t)view->length > c->buffer_bytes[buffer])
    return weft__fail(ctx, WEFT_E_INVALID, "row %zu: %d bytes at offset %d of buffer %d, which has %zu", row, view->length,
                      offset, buffer, c->buffer_bytes[buffer]);
  if (memcmp(view->as.ref.prefix, c->buffers[buffer] + offset, sizeof view->as.ref.prefix) != 0)
    return weft__fail(ctx, WEFT_E_INVALID, "row %zu: the view's prefix differs from the bytes at offset %d of buffer %d",
                      row, offset, buffer);
  return WEFT_OK;
}

static weft_status check_views(weft_ctx *ctx, const struct weft_column *c) {
  const struct weft_view *views = c->data;
  WEFT_TRY(check_array(ctx, "views", views, c->base_rows, sizeof(int32_t)));
  for (size_t row = 0; row < c->base_rows; row++)
    if (!base_is_null(c, row))
      WEFT_TRY(check_view(ctx, c, row, &views[row]));
  return WEFT_OK;
}

static weft_status check_fixed(weft_ctx *ctx, const struct weft_column *c) {
  if (!c->data && c->base_rows > 0 && c->width > 0)
    return weft__fail(ctx, WEFT_E_INVALID, "values is NULL, and there are %zu rows of %zu bytes", c->base_rows, c->width);
  return WEFT_OK;
}

static weft_status check_selection(weft_ctx *ctx, const struct weft_column *c) {
  WEFT_TRY(check_array(ctx, "selection", c->selection, c->rows, sizeof *c->selection));
  for (size_t i = 0; i < c->rows; i++)
    if (!is_null(c->row_validity, c->row_bit_offset + i) && c->selection[i] >= c->base_rows)
      return weft__fail(ctx, WEFT_E_INVALID, "selection[%zu] is row %u, and there are %zu", i, c->selection[i],
                        c->base_rows);
  return WEFT_OK;
}

weft_status weft_column_validate(weft_ctx *ctx, const struct weft_column *column) {
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(weft__columns_check(ctx, "weft_column_validate", column, 1));
  if (column->base_bit_offset > PTRDIFF_MAX || column->row_bit_offset > PTRDIFF_MAX)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "a validity bitmap starts at bit %zu, more than memory can hold",
                      column->base_bit_offset > column->row_bit_offset ? column->base_bit_offset : column->row_bit_offset);
  switch (column->layout) {
  case WEFT_FIXED: WEFT_TRY(check_fixed(ctx, column)); break;
  case WEFT_OFFSETS32:
  case WEFT_OFFSETS64: WEFT_TRY(check_offsets(ctx, column)); break;
  case WEFT_POINTERS: WEFT_TRY(check_pointers(ctx, column)); break;
  default: WEFT_TRY(check_views(ctx, column)); break;
  }
  return column->selection ? check_selection(ctx, column) : WEFT_OK;
}
