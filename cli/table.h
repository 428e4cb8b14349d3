/* SPDX-License-Identifier: MIT
 *
 * Columns of a table in CSV or TSV, by the names in its first record, as a key.
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
  const char *null; /* a field that is this text is null; "": one that is empty without quotes. NULL: none is */
};

/* Begins, and reads the header. names: the columns wanted, in the key's order; none: all, in the table's order. All that
 * is given must outlive the table. After a failure too, table_close must be called: *out is then NULL or not. */
enum cli_exit table_open(weft_ctx *ctx, struct source *source, const struct table_format *format, const struct names *names,
                         struct table **out);

/* The next rows. A failure is returned only after all rows before it were. */
enum cli_exit table_next(struct table *table, struct rows *out);

/* NULL is fine. */
void table_close(struct table *table);

#endif
