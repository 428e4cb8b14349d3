/* SPDX-License-Identifier: MIT
 *
 * Columns of a table in CSV or TSV, by the names in its first record.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/memory.h"
#include "cli/names.h"
#include "cli/rows.h"
#include "cli/source.h"

struct table;

struct table_format {
  char delimiter;
  bool numbers;     /* columns that the header leaves without a name are "column 1" and so on by their places */
  const char *null; /* a field that is this text is null; "": one that is empty without quotes. NULL: none is */
};

/* Begins, and reads the header. All that is given must outlive the table. After a failure too, table_close must be called:
 * *out is then NULL or not. */
enum cli_exit table_open(weft_ctx *ctx, struct source *source, const struct table_format *format, struct table **out);

/* The names of the columns, and the line on which they begin. */
const struct names *table_header(const struct table *table);
uint64_t table_header_line(const struct table *table);

/* The number of the column that has this name. CLI_DATA, and a message, where none has or several have. */
enum cli_exit table_find(const struct table *table, const char *name, size_t bytes, size_t *column);

/* CLI_DATA, and a message, unless the header has n fields, as whose has. */
enum cli_exit table_expect(const struct table *table, size_t n, const char *whose);

/* Chooses the n > 0 columns of the batches, in the batches' order, each any number of times. Called once, before
 * table_next. */
enum cli_exit table_choose(struct table *table, const size_t *columns, size_t n);

/* The same by names, each of which the header must have once; no names: all columns, in the table's order. */
enum cli_exit table_choose_names(struct table *table, const struct names *names);

/* The next rows. A failure is returned only after all rows before it were. */
enum cli_exit table_next(struct table *table, struct rows *out);

/* NULL is fine. */
void table_close(struct table *table);

#endif
