/* SPDX-License-Identifier: MIT
 *
 * Rows of a packed file as records of a table.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "cli/fields.h"
#include "cli/packed.h"
#include "cli/type.h"

struct print_column {
  size_t column; /* of the file */
  struct type type;
  weft_decoded *decoded; /* of the chunk that is printed; NULL: none */
  struct weft_column values;
};

/* Zeroes may be closed. */
struct print {
  struct packed *packed;
  struct output *output;
  struct field_style style;
  struct print_column *columns;
  size_t n_columns;
};

/* The columns of these names, or all where there are none. After a failure too, print_close must be called. */
enum cli_exit print_open(struct print *print, struct packed *packed, const struct names *names, struct output *output,
                         char delimiter, const char *null);

/* The names as the first record. */
enum cli_exit print_header(const struct print *print);

/* Rows [first, first + rows) of a chunk. Nothing else of it is decoded. */
enum cli_exit print_rows(struct print *print, uint64_t chunk, uint64_t first, uint64_t rows);

void print_close(struct print *print);

#endif
