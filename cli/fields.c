/* SPDX-License-Identifier: MIT
 *
 * Fields between columns and the text of tables. Called by the subcommands that print rows; knows nothing of what they do.
 */
#include "cli/fields.h"

#include <inttypes.h>
#include <string.h>

struct field_style field_style(char delimiter, const char *null, bool alone) {
  return (struct field_style){.delimiter = delimiter, .null = null, .quote_empty = alone || (null && !null[0])};
}

bool field_text(const struct weft_column *column, size_t row, const char **text, size_t *bytes) {
  if (column->layout == WEFT_POINTERS) {
    *text = ((const char *const *)column->data)[row];
    *bytes = ((const size_t *)column->aux)[row];
    return true;
  }
  const int64_t *offsets = column->aux;
  *text = (const char *)column->data + offsets[row];
  *bytes = (size_t)(offsets[row + 1] - offsets[row]);
  return !column->base_validity || (column->base_validity[row / 8] >> row % 8 & 1);
}

enum cli_exit field_write(struct output *output, const struct field_style *style, const char *text, size_t bytes) {
  bool plain = !memchr(text, style->delimiter, bytes) && !memchr(text, '"', bytes) && !memchr(text, '\n', bytes) &&
               !memchr(text, '\r', bytes);
  if (plain && !(bytes == 0 && style->quote_empty))
    return output_write(output, text, bytes);
  CLI_TRY(output_write(output, "\"", 1));
  for (const char *quote; (quote = memchr(text, '"', bytes)) != NULL; text = quote + 1) {
    size_t part = (size_t)(quote - text) + 1;
    CLI_TRY(output_write(output, text, part));
    CLI_TRY(output_write(output, "\"", 1));
    bytes -= part;
  }
  CLI_TRY(output_write(output, text, bytes));
  return output_write(output, "\"", 1);
}

enum cli_exit field_write_null(struct output *output, const struct field_style *style) {
  if (style->null && !style->null[0])
    return CLI_OK;
  const char *text = style->null ? style->null : ""; /* without a null's text it reads as an empty field */
  return field_write(output, style, text, strlen(text));
}

enum cli_exit field_write_row(struct output *output, const struct field_style *style, const struct weft_column *column,
                              size_t row) {
  const char *text;
  size_t bytes;
  if (field_text(column, row, &text, &bytes))
    return field_write(output, style, text, bytes);
  return field_write_null(output, style);
}

enum cli_exit field_refuse(const struct weft_column *text, size_t row, struct type type, const char *problem,
                           const char *input, uint64_t line, const struct names *names, size_t column) {
  size_t title_bytes, bytes;
  const char *field, *title = names_at(names, column, &title_bytes);
  char of[TYPE_TEXT];
  field_text(text, row, &field, &bytes);
  type_print(type, of);
  return cli_fail(CLI_DATA, "%s:%" PRIu64 ": column '%.*s' of type %s: '%.*s'%s %s", input, line, (int)title_bytes, title,
                  of, bytes > 40 ? 40 : (int)bytes, field, bytes > 40 ? "..." : "", problem);
}

enum cli_exit field_write_header(struct output *output, char delimiter, const struct names *names) {
  /* An empty name in quotes: a line that holds nothing else would be skipped. */
  const struct field_style style = {.delimiter = delimiter, .quote_empty = true};
  for (size_t i = 0; i < names->n; i++) {
    size_t bytes;
    const char *name = names_at(names, i, &bytes);
    if (i > 0)
      CLI_TRY(output_write(output, &delimiter, 1));
    CLI_TRY(field_write(output, &style, name, bytes));
  }
  return output_write(output, "\n", 1);
}
