/* SPDX-License-Identifier: MIT
 *
 * Rows of a column that are put behind those before, batch by batch, for the writer of files and the builder of indexes.
 */
#ifndef LIB_APPEND_H
#define LIB_APPEND_H

#include "lib/column.h"

#include <weft/file.h>

/* Memory that grows. */
struct bytes {
  uint8_t *at;
  size_t used, room;
};

/* Makes room for `more` bytes behind those used. WEFT_E_NOMEM, WEFT_E_LIMIT, WEFT_E_OVERFLOW: nothing has changed. */
weft_status weft__reserve(weft_ctx *ctx, struct bytes *bytes, size_t more);

/* Puts n bytes behind them. The same. */
weft_status weft__append_bytes(weft_ctx *ctx, struct bytes *bytes, const void *from, size_t n);

/* Rows of a column. Begun with zeros. */
struct appended {
  struct bytes values;  /* of strings their bytes */
  struct bytes offsets; /* of strings; int64_t */
  struct bytes valid;   /* bitmap of the rows, used where has_nulls */
  bool has_nulls;
};

/* Adds rows first .. first + rows of a column that passed weft__columns_check, as row `at` and on. */
weft_status weft__append(weft_ctx *ctx, const struct weft_column *column, size_t first, size_t rows, size_t at,
                         struct appended *appended);

/* The `rows` rows of a field's that were added: a column that holds until more are. */
struct weft_column weft__appended_column(const struct appended *appended, const struct weft_field *field, size_t rows);

/* No rows again, the memory staying for the next ones. */
void weft__appended_empty(struct appended *appended);

void weft__appended_close(weft_slab *slab, struct appended *appended);

#endif
