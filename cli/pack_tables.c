/* SPDX-License-Identifier: MIT
 *
 * Columns of `weft pack` from tables. A first reading finds the types of columns that have none, and keeps the rows as long
 * as they fit into one chunk; where they do not, a second one hands them over. Called by pack.c.
 */
#include "cli/convert.h"
#include "cli/detect.h"
#include "cli/fields.h"
#include "cli/pack.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/value.h"

#include <string.h>

struct reading {
  struct pack *pack;
  struct detect *detects;     /* [names.n] */
  struct weft_column *slices; /* [names.n] of a batch */
  struct source_again *again; /* [n_files] */
  struct chunk *chunk;        /* with rows in it, not handed over yet; NULL: none */
  bool known;                 /* all types are, and the file has begun */
  bool examining, gathering;  /* what is done with the rows */
  uint64_t bytes_before;      /* of a first reading */
};

/* Holds the fields of a column against its type, or lets them tell what it can be. */
static enum cli_exit examine(struct reading *reading, const struct rows *rows, size_t column, const char *input) {
  const struct weft_column *text = &rows->columns[column];
  struct type type = reading->pack->columns[column].type;
  bool empty_is_null = !reading->pack->encoders.nulls;
  const char *field, *problem;
  size_t bytes;
  for (size_t row = 0; row < rows->rows; row++) {
    if (!convert_field(text, row, empty_is_null, &field, &bytes))
      continue;
    if (type.type == WEFT_NO_TYPE)
      detect_field(&reading->detects[column], field, bytes);
    else if ((problem = value_problem(type, field, bytes)) != NULL)
      return field_refuse(text, row, type, problem, input, rows->lines[row], &reading->pack->names, column);
  }
  return CLI_OK;
}

static bool is_full(const struct reading *reading) {
  const struct store *store = &reading->chunk->store;
  size_t bytes = 0;
  if (store->rows % PACK_STEP != 0)
    return false;
  for (size_t i = 0; i < store->n_columns; i++)
    bytes += (size_t)store->columns[i].offsets[store->rows];
  return store->rows >= reading->pack->options.chunk_rows || bytes >= PACK_CHUNK_BYTES;
}

static void submit(struct reading *reading) {
  struct chunk *chunk = reading->chunk;
  chunk->columns = store_columns(&chunk->store);
  chunk->rows = chunk->store.rows;
  encoders_submit(&reading->pack->encoders);
  reading->chunk = NULL;
}

/* Rows [first, first + n) of a batch into the chunk. */
static enum cli_exit keep(struct reading *reading, const struct rows *rows, size_t first, size_t n, const char *input) {
  for (size_t i = 0; i < rows->n_columns; i++) {
    const struct weft_column *from = &rows->columns[i];
    reading->slices[i] = weft_column_offsets64(from->data, from->data_bytes, (const int64_t *)from->aux + first, n);
    if (from->base_validity)
      reading->slices[i] = weft_column_with_validity(reading->slices[i], from->base_validity, first);
  }
  struct rows slice = {.columns = reading->slices, .n_columns = rows->n_columns, .lines = rows->lines + first, .rows = n};
  return store_add(&reading->chunk->store, &slice, input);
}

/* Rows into chunks, and full chunks to the encoders. They are cut at multiples of PACK_STEP alone, so that they do not
 * depend on how the input comes in. */
static enum cli_exit gather(struct reading *reading, const struct rows *rows, const char *input) {
  for (size_t first = 0; first < rows->rows;) {
    if (!reading->chunk) {
      CLI_TRY(encoders_chunk(&reading->pack->encoders, &reading->chunk));
      store_cut(&reading->chunk->store, 0);
    }
    size_t room = PACK_STEP - reading->chunk->store.rows % PACK_STEP, left = rows->rows - first;
    size_t n = left < room ? left : room;
    CLI_TRY(keep(reading, rows, first, n, input));
    first += n;
    if (!is_full(reading))
      continue;
    if (!reading->known) { /* it will be read again */
      reading->gathering = false;
      reading->chunk = NULL;
      return CLI_OK;
    }
    submit(reading);
  }
  return CLI_OK;
}

static enum cli_exit take_batch(struct reading *reading, const struct rows *rows, const char *input) {
  struct pack *pack = reading->pack;
  CLI_TRY(memory_validate(pack->memory.ctx, rows->columns, rows->n_columns, input));
  for (size_t i = 0; reading->examining && i < rows->n_columns; i++)
    if (pack->columns[i].type.type != WEFT_STRING)
      CLI_TRY(examine(reading, rows, i, input));
  if (reading->gathering)
    CLI_TRY(gather(reading, rows, input));
  pack->rows += rows->rows;
  return CLI_OK;
}

/* The columns are those of the first table. */
static enum cli_exit open_columns(struct reading *reading, const struct table *table, const char *input) {
  struct pack *pack = reading->pack;
  weft_ctx *ctx = pack->memory.ctx;
  void *detects = NULL, *slices = NULL;
  CLI_TRY(names_parse(ctx, "--names", pack->options.names, &pack->names));
  if (!pack->options.names)
    CLI_TRY(names_add_all(ctx, &pack->names, table_header(table), input));
  CLI_TRY(memory_resize(ctx, &slices, pack->names.n, sizeof *reading->slices, input, "columns"));
  reading->slices = slices;
  CLI_TRY(memory_resize(ctx, &detects, pack->names.n, sizeof *reading->detects, input, "columns"));
  reading->detects = detects;
  CLI_TRY(pack_open_columns(pack, true, input));
  reading->known = true;
  for (size_t i = 0; i < pack->names.n; i++) {
    detect_begin(&reading->detects[i]);
    reading->known = reading->known && pack->columns[i].type.type != WEFT_NO_TYPE;
  }
  return reading->known ? pack_open_writer(pack) : CLI_OK;
}

/* Finds the columns in a table: by their names, or by their places where --names gives them. */
static enum cli_exit choose(struct reading *reading, struct table *table, const char *input) {
  struct pack *pack = reading->pack;
  const struct names none = {0};
  if (pack->names.n == 0)
    CLI_TRY(open_columns(reading, table, input));
  CLI_TRY(table_expect(table, pack->names.n, pack->options.names ? "--names" : pack->encoders.input));
  return table_choose_names(table, pack->options.names ? &none : &pack->names);
}

static enum cli_exit read_table(struct reading *reading, struct source *source, const char *file) {
  struct pack *pack = reading->pack;
  const struct table_format format = {
      .delimiter = options_delimiter(&pack->options.common, file), .numbers = true, .null = pack->options.common.null};
  struct table *table = NULL;
  struct rows rows = {0};
  enum cli_exit code = table_open(pack->memory.ctx, source, &format, &table);
  if (code == CLI_OK)
    code = choose(reading, table, source->name);
  if (reading->known) /* nothing will be read again */
    source->copy = -1;
  while (code == CLI_OK && (code = table_next(table, &rows)) == CLI_OK && rows.rows > 0) {
    code = take_batch(reading, &rows, source->name);
    progress_update(pack->rows, reading->bytes_before + pack->bytes + rows.bytes);
  }
  pack->bytes += rows.bytes;
  table_close(table);
  return code;
}

static enum cli_exit read_all(struct reading *reading, bool again) {
  struct pack *pack = reading->pack;
  bool all_given = reading->known || pack_options_find(&pack->options, PACK_TYPE, NULL, 0);
  for (size_t i = 0; i < pack->options.n_files; i++) {
    const char *file = pack->options.files[i];
    struct source source = {.fd = -1};
    enum cli_exit code = again ? source_reopen(&source, file, &reading->again[i]) : source_open(&source, file);
    if (code == CLI_OK && !again && !all_given)
      code = source_keep(&source, &reading->again[i]);
    if (code == CLI_OK)
      code = read_table(reading, &source, file);
    source_close(&source);
    CLI_TRY(code);
  }
  return CLI_OK;
}

/* All types by what was seen. */
static void settle(struct reading *reading) {
  struct pack *pack = reading->pack;
  for (size_t i = 0; i < pack->names.n; i++)
    if (pack->columns[i].type.type == WEFT_NO_TYPE)
      pack->columns[i].type = detect_type(&reading->detects[i]);
  reading->known = true;
}

static enum cli_exit read_tables(struct reading *reading) {
  struct pack *pack = reading->pack;
  uint64_t total = source_total(pack->options.files, pack->options.n_files);
  progress_start(!pack->options.common.no_progress, total);
  CLI_TRY(read_all(reading, false));
  if (!reading->known) {
    settle(reading);
    CLI_TRY(pack_open_writer(pack));
  }
  if (!reading->gathering) {
    progress_total(2 * total);
    reading->bytes_before = pack->bytes;
    reading->examining = false;
    reading->gathering = true;
    pack->rows = pack->bytes = 0;
    CLI_TRY(read_all(reading, true));
  }
  if (reading->chunk && reading->chunk->store.rows > 0)
    submit(reading);
  return CLI_OK;
}

enum cli_exit pack_tables(struct pack *pack) {
  struct reading reading = {.pack = pack, .examining = true, .gathering = true};
  size_t n = pack->options.n_files;
  void *again = NULL;
  CLI_TRY(memory_resize(pack->memory.ctx, &again, n, sizeof *reading.again, "pack", "inputs"));
  reading.again = again;
  for (size_t i = 0; i < n; i++)
    reading.again[i] = (struct source_again){.copy = -1};
  enum cli_exit code = read_tables(&reading);
  for (size_t i = 0; i < n; i++)
    source_forget(&reading.again[i]);
  memory_free(pack->memory.ctx, reading.again);
  memory_free(pack->memory.ctx, reading.detects);
  memory_free(pack->memory.ctx, reading.slices);
  return code;
}
