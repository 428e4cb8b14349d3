/* SPDX-License-Identifier: MIT
 *
 * `weft unpack --raw`: a file for each array that makes up a column, one after the other, each there only when it is whole.
 * Called by unpack.c.
 */
#include "cli/progress.h"
#include "cli/raw.h"
#include "cli/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a file holds of a column. */
enum part { PART_VALUES, PART_OFFSETS, PART_VALIDITY };

/* One such file. */
struct array {
  struct unpack *unpack;
  size_t column;
  struct weft_field field;
  struct type type;
  enum part part;
  int64_t offset;  /* of the strings of the next chunk */
  unsigned bits;   /* of rows that fill no byte of the validity yet, */
  unsigned n_bits; /* and how many */
};

static enum cli_exit write_values(struct array *array, const struct weft_column *values) {
  struct output *output = &array->unpack->output;
  if (array->type.type != WEFT_STRING) {
    raw_order(array->type, (void *)(uintptr_t)values->data, values->rows); /* the decoded column is ours */
    return output_write(output, values->data, values->rows * array->type.width);
  }
  int64_t first = values->layout == WEFT_OFFSETS32 ? *(const int32_t *)values->aux : *(const int64_t *)values->aux;
  int64_t last = values->layout == WEFT_OFFSETS32 ? ((const int32_t *)values->aux)[values->rows]
                                                  : ((const int64_t *)values->aux)[values->rows];
  return output_write(output, (const char *)values->data + first, (size_t)(last - first));
}

static enum cli_exit write_offset(struct array *array) {
  int64_t offset = array->offset;
  raw_order(type_of(WEFT_I64, 0), &offset, 1);
  return output_write(&array->unpack->output, &offset, sizeof offset);
}

static enum cli_exit write_offsets(struct array *array, const struct weft_column *values) {
  for (size_t row = 0; row < values->rows; row++) {
    if (values->layout == WEFT_OFFSETS32)
      array->offset += ((const int32_t *)values->aux)[row + 1] - ((const int32_t *)values->aux)[row];
    else
      array->offset += ((const int64_t *)values->aux)[row + 1] - ((const int64_t *)values->aux)[row];
    CLI_TRY(write_offset(array));
  }
  return CLI_OK;
}

static enum cli_exit write_bits(struct array *array) {
  unsigned char byte = (unsigned char)array->bits;
  array->bits = array->n_bits = 0;
  return output_write(&array->unpack->output, &byte, 1);
}

static enum cli_exit write_validity(struct array *array, const struct weft_column *values) {
  for (size_t row = 0; row < values->rows; row++) {
    size_t bit = values->base_bit_offset + row;
    unsigned valid = !values->base_validity || (values->base_validity[bit / 8] >> bit % 8 & 1);
    array->bits |= valid << array->n_bits++;
    if (array->n_bits == 8)
      CLI_TRY(write_bits(array));
  }
  return CLI_OK;
}

static enum cli_exit write_chunk(struct array *array, uint64_t chunk) {
  static enum cli_exit (*const write[])(struct array *, const struct weft_column *) = {
      [PART_VALUES] = write_values, [PART_OFFSETS] = write_offsets, [PART_VALIDITY] = write_validity};
  struct packed *packed = &array->unpack->packed;
  struct weft_decode_options options;
  weft_decoded *decoded = NULL;
  weft_decode_options_init(&options, sizeof options);
  options.check_sums = true;
  weft_status status = weft_reader_decode(packed->reader, chunk, array->column, &options, &decoded);
  if (status != WEFT_OK)
    return packed_fail(packed, status);
  enum cli_exit code = write[array->part](array, weft_decoded_column(decoded));
  weft_decoded_free(decoded);
  return code;
}

static enum cli_exit write_chunks(struct array *array) {
  struct packed *packed = &array->unpack->packed;
  if (array->part == PART_OFFSETS)
    CLI_TRY(write_offset(array));
  for (uint64_t chunk = 0; chunk < packed->info.chunks; chunk++) {
    struct weft_chunk_info info;
    CLI_TRY(write_chunk(array, chunk));
    CLI_TRY(packed_chunk(packed, chunk, array->column, &info));
    progress_update(info.first_row + info.rows, info.offset + info.bytes);
  }
  return array->n_bits > 0 ? write_bits(array) : CLI_OK;
}

/* The part's ending: no two parts of any columns get one name, as an ending has no dot in it. */
static void ending(const struct array *array, char text[TYPE_TEXT]) {
  if (array->part == PART_OFFSETS)
    snprintf(text, TYPE_TEXT, "offsets");
  else if (array->part == PART_VALIDITY)
    snprintf(text, TYPE_TEXT, "validity");
  else if (array->type.type == WEFT_FIXED_BYTES)
    snprintf(text, TYPE_TEXT, "bytes%u", (unsigned)array->type.width);
  else
    type_print(array->type, text);
}

static enum cli_exit write_file(struct array *array) {
  struct unpack *unpack = array->unpack;
  weft_ctx *ctx = unpack->memory.ctx;
  void *path = NULL;
  char end[TYPE_TEXT];
  ending(array, end);
  if (strchr(array->field.name, '/'))
    return cli_fail(CLI_DATA, "%s: column '%s': no file can have a name with a slash in it", unpack->packed.source.name,
                    array->field.name);
  size_t bytes = strlen(unpack->options.folder) + strlen(array->field.name) + sizeof end + 3;
  CLI_TRY(memory_resize(ctx, &path, bytes, 1, unpack->options.folder, "a file's name"));
  snprintf(path, bytes, "%s/%s.%s", unpack->options.folder, array->field.name, end);
  enum cli_exit code = output_open(&unpack->output, ctx, path);
  if (code == CLI_OK)
    code = write_chunks(array);
  if (code == CLI_OK)
    code = output_commit(&unpack->output);
  output_abandon(&unpack->output);
  unpack->output = (struct output){.fd = -1};
  memory_free(ctx, path);
  return code;
}

static enum cli_exit write_column(struct unpack *unpack, size_t column) {
  struct array array = {.unpack = unpack, .column = column};
  uint64_t nulls = 0;
  CLI_TRY(packed_field(&unpack->packed, column, &array.field));
  array.type = type_of(array.field.type, array.field.width);
  for (uint64_t chunk = 0; chunk < unpack->packed.info.chunks; chunk++) {
    struct weft_chunk_info info;
    CLI_TRY(packed_chunk(&unpack->packed, chunk, column, &info));
    nulls += info.nulls;
  }
  CLI_TRY(write_file(&array));
  array.part = PART_OFFSETS;
  if (array.type.type == WEFT_STRING)
    CLI_TRY(write_file(&array));
  array.part = PART_VALIDITY;
  return nulls > 0 ? write_file(&array) : CLI_OK;
}

/* Is the column among those asked for? */
static enum cli_exit asked_for(const struct unpack *unpack, size_t column, bool *asked) {
  struct weft_field field;
  CLI_TRY(packed_field(&unpack->packed, column, &field));
  *asked = unpack->columns.n == 0 || names_find(&unpack->columns, field.name, strlen(field.name)) < unpack->columns.n;
  return CLI_OK;
}

static enum cli_exit check_columns(const struct unpack *unpack) {
  for (size_t i = 0; i < unpack->columns.n; i++) {
    size_t column;
    CLI_TRY(packed_find(&unpack->packed, &unpack->columns, i, &column));
  }
  return CLI_OK;
}

enum cli_exit unpack_arrays(struct unpack *unpack) {
  const char *folder = unpack->options.folder;
  if (!packed_is_mapped(&unpack->packed))
    return cli_fail(CLI_USAGE, "%s: --raw reads the file column by column, which a pipe does not allow",
                    unpack->packed.source.name);
  CLI_TRY(check_columns(unpack));
  if (mkdir(folder, 0777) != 0 && errno != EEXIST)
    return cli_fail(CLI_IO, "%s: %s", folder, strerror(errno));
  for (size_t column = 0; column < unpack->packed.info.columns; column++) {
    bool asked;
    CLI_TRY(asked_for(unpack, column, &asked));
    if (asked)
      CLI_TRY(write_column(unpack, column));
  }
  unpack->rows = unpack->packed.info.rows;
  return CLI_OK;
}
