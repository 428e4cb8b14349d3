/* SPDX-License-Identifier: MIT
 *
 * What a reader of lines or of a table hands over: a batch of rows, column by column.
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include <weft/column.h>

/* Valid until the reader's next call. */
struct rows {
  const struct weft_column *columns;
  size_t n_columns;
  const uint64_t *lines; /* [rows] of a table: the line on which each row begins; NULL: row is line */
  size_t rows;           /* 0: the input has ended */
  uint64_t bytes;        /* of input, read so far */
};

#endif
