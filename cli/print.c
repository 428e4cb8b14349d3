/* SPDX-License-Identifier: MIT
 *
 * From packed columns to the text of tables. Called by unpack.c; knows nothing of which rows are wanted, or why.
 */
#include "cli/print.h"
#include "cli/value.h"

#include <stdio.h>
#include <string.h>

enum cli_exit print_open(struct print *print, struct packed *packed, const struct names *names, struct output *output,
                         char delimiter, const char *null) {
  size_t n = names->n > 0 ? names->n : packed->info.columns;
  void *columns = NULL;
  *print = (struct print){.packed = packed, .output = output, .style = field_style(delimiter, null, n == 1)};
  CLI_TRY(memory_resize(packed->ctx, &columns, n, sizeof *print->columns, packed->source.name, "columns"));
  memset(columns, 0, n * sizeof *print->columns);
  print->columns = columns;
  print->n_columns = n;
  for (size_t i = 0; i < n; i++) {
    struct print_column *column = &print->columns[i];
    struct weft_field field;
    column->column = i;
    if (names->n > 0)
      CLI_TRY(packed_find(packed, names, i, &column->column));
    CLI_TRY(packed_field(packed, column->column, &field));
    column->type = type_of(field.type, field.width);
  }
  return CLI_OK;
}

enum cli_exit print_header(const struct print *print) {
  weft_ctx *ctx = print->packed->ctx;
  struct names names = {0};
  enum cli_exit code = CLI_OK;
  for (size_t i = 0; i < print->n_columns && code == CLI_OK; i++) {
    struct weft_field field;
    code = packed_field(print->packed, print->columns[i].column, &field);
    if (code == CLI_OK)
      code = names_add(ctx, &names, field.name, strlen(field.name), print->packed->source.name);
  }
  if (code == CLI_OK)
    code = field_write_header(print->output, print->style.delimiter, &names);
  names_free(ctx, &names);
  return code;
}

static enum cli_exit decode(struct print *print, struct print_column *column, uint64_t chunk, uint64_t first,
                            uint64_t rows) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.check_sums = true;
  options.first_row = first;
  options.rows = rows;
  options.form = column->type.type == WEFT_STRING ? WEFT_FORM_VIEWS : WEFT_FORM_VALUES;
  weft_status status = weft_reader_decode(print->packed->reader, chunk, column->column, &options, &column->decoded);
  if (status != WEFT_OK)
    return packed_fail(print->packed, status);
  column->values = *weft_decoded_column(column->decoded);
  return CLI_OK;
}

static bool is_null(const struct weft_column *values, size_t row) {
  size_t bit = values->base_bit_offset + row;
  return values->base_validity && !(values->base_validity[bit / 8] >> bit % 8 & 1);
}

/* A string where it lies. */
static const char *string_at(const struct weft_column *values, size_t row, size_t *bytes) {
  const struct weft_view *view = (const struct weft_view *)values->data + row;
  *bytes = (size_t)view->length;
  if (*bytes <= sizeof view->as.inlined)
    return (const char *)view->as.inlined;
  return (const char *)values->buffers[view->as.ref.buffer] + view->as.ref.offset;
}

static enum cli_exit write_value(const struct print *print, const struct print_column *column, size_t row) {
  const struct weft_column *values = &column->values;
  enum cli_exit code;
  size_t bytes = column->type.width;
  if (is_null(values, row))
    return field_write_null(print->output, &print->style);
  if (column->type.type == WEFT_STRING) {
    const char *text = string_at(values, row, &bytes);
    return field_write(print->output, &print->style, text, bytes);
  }
  const char *value = (const char *)values->data + row * bytes;
  if (!type_is_number(column->type.type))
    return field_write(print->output, &print->style, value, bytes);
  char *room = output_room(print->output, &code);
  if (room)
    print->output->used += value_print(column->type.type, value, room);
  return code;
}

/* A row to print of the columns decoded. */
static enum cli_exit write_row(const struct print *print, size_t row) {
  for (size_t i = 0; i < print->n_columns; i++) {
    if (i > 0)
      CLI_TRY(output_write(print->output, &print->style.delimiter, 1));
    CLI_TRY(write_value(print, &print->columns[i], row));
  }
  return output_write(print->output, "\n", 1);
}

static void forget(struct print *print) {
  for (size_t i = 0; i < print->n_columns; i++) {
    weft_decoded_free(print->columns[i].decoded);
    print->columns[i].decoded = NULL;
  }
}

enum cli_exit print_rows(struct print *print, uint64_t chunk, uint64_t first, uint64_t rows) {
  for (size_t i = 0; i < print->n_columns; i++)
    CLI_TRY(decode(print, &print->columns[i], chunk, first, rows));
  for (size_t row = 0; row < rows; row++)
    CLI_TRY(write_row(print, row));
  forget(print);
  return CLI_OK;
}

void print_close(struct print *print) {
  if (!print->packed)
    return;
  forget(print);
  memory_free(print->packed->ctx, print->columns);
}
