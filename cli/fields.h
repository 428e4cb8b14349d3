/* SPDX-License-Identifier: MIT
 *
 * Fields: out of columns, and into records of CSV and TSV.
 */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "cli/names.h"
#include "cli/output.h"
#include "cli/type.h"

#include <weft/column.h>

/* How a record is written. */
struct field_style {
  char delimiter;
  const char *null; /* what stands for a null; NULL: nothing does, and a null is written as an empty field */
  bool quote_empty; /* empty fields that are no nulls go in quotes */
};

/* alone: a field may be all that stands in its line. Empty ones go in quotes then, as other programs skip empty lines; and
 * where they would read as nulls. */
struct field_style field_style(char delimiter, const char *null, bool alone);

/* The value of a row, of lines (pointers and lengths) or of a table (64-bit offsets). False: it is null. */
bool field_text(const struct weft_column *column, size_t row, const char **text, size_t *bytes);

/* A field as a table has it: in quotes where it must be. */
enum cli_exit field_write(struct output *output, const struct field_style *style, const char *text, size_t bytes);

enum cli_exit field_write_null(struct output *output, const struct field_style *style);

/* The field of a row, as one or the other. */
enum cli_exit field_write_row(struct output *output, const struct field_style *style, const struct weft_column *column,
                              size_t row);

/* CLI_DATA, and a message: the field of a row cannot be of its column's type, because of problem. line: where the row
 * begins in input; names: of the columns, among them this one. */
enum cli_exit field_refuse(const struct weft_column *text, size_t row, struct type type, const char *problem,
                           const char *input, uint64_t line, const struct names *names, size_t column);

/* The names as the first record of a table. */
enum cli_exit field_write_header(struct output *output, char delimiter, const struct names *names);

#endif
