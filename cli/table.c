/* SPDX-License-Identifier: MIT
 *
 * From CSV and TSV to columns of offsets. libcsv cuts the records; this file feeds it line by line, so that every message
 * can name the line where a record starts, and copies the fields of the key. Called by hash.c; knows nothing of hashes.
 *
 * Rules (RFC 4180, strictly): blanks belong to their field; a quote may only open a field, close it, or be doubled in one;
 * LF, CRLF or CR end a record. A line without a byte is skipped, or is an empty field where the table has one column.
 */
#include "cli/table.h"

#include <csv.h>
#include <inttypes.h>
#include <string.h>

#define TABLE_BLOCK ((size_t)256 << 10)
/* Rows of a batch, fewer where the key has so many columns that their offsets would be large. */
#define TABLE_ROWS ((size_t)8192)
#define TABLE_ROWS_MIN ((size_t)64)
#define TABLE_OFFSETS ((size_t)1 << 20)
/* Bytes that a column of the key begins with; it grows. */
#define TABLE_DATA ((size_t)4096)

/* One column of the key. */
struct key {
  size_t field;   /* its number in the header; */
  size_t matches; /* how many fields there have its name, */
  size_t again;   /* and the second of them */
  char *data;
  size_t bytes, capacity;
  int64_t *offsets; /* [max_rows + 1] */
  uint8_t *valid;   /* [max_rows / 8] */
};

struct table {
  weft_ctx *ctx;
  struct source *source;
  struct table_format format;
  const struct names *names;
  struct csv_parser parser;
  bool parsing; /* the parser is set up */

  char *block;
  size_t next, line_end,
      used; /* first byte not taken; end of its line, where known to lie behind it; end of what was read */
  uint64_t bytes;
  bool ended;
  enum cli_exit code; /* what stopped the reading */

  uint64_t line, record_line; /* from 1: lines begun so far; where the open record began */
  bool in_line, in_record, after_cr;
  size_t fields; /* of the open record, so far */

  bool has_header;
  size_t width; /* fields of the header */
  struct key *keys;
  size_t n_keys, keys_capacity;
  size_t *order; /* [n_keys] the keys by their fields, */
  size_t cursor; /* and the next one that the open record is to fill */
  struct weft_column *columns;
  size_t rows, max_rows;
};

/* libcsv's hooks carry no argument. One table is open at a time, and one thread reads it. */
static weft_ctx *hook_ctx;

/* libcsv grows by a constant; twice as much makes a field of n bytes cost O(n). */
static void *hook_realloc(void *p, size_t bytes) {
  size_t usable = p ? weft_usable_size(hook_ctx, p) : 0;
  if (bytes <= usable)
    return p;
  return weft_realloc(hook_ctx, p, bytes < SIZE_MAX / 2 && usable > bytes / 2 ? bytes * 2 : bytes);
}

static void hook_free(void *p) {
  memory_free(hook_ctx, p);
}

static int no_space(unsigned char byte) {
  (void)byte;
  return 0;
}

static enum cli_exit grow(struct table *table, void **p, size_t count, size_t bytes) {
  return memory_resize(table->ctx, p, count, bytes, table->source->name, "columns");
}

static enum cli_exit add_key(struct table *table, size_t field, size_t matches) {
  if (table->n_keys == table->keys_capacity) {
    void *keys = table->keys;
    size_t capacity = table->keys_capacity > 0 ? table->keys_capacity * 2 : 16;
    CLI_TRY(grow(table, &keys, capacity, sizeof *table->keys));
    table->keys = keys;
    table->keys_capacity = capacity;
  }
  table->keys[table->n_keys++] = (struct key){.field = field, .matches = matches};
  return CLI_OK;
}

static enum cli_exit header_field(struct table *table, const char *text, size_t bytes) {
  if (table->names->n == 0)
    return add_key(table, table->fields, 1);
  for (size_t i = 0; i < table->n_keys; i++) {
    struct key *key = &table->keys[i];
    size_t name_bytes;
    const char *name = names_at(table->names, i, &name_bytes);
    if (name_bytes != bytes || memcmp(name, text, bytes) != 0)
      continue;
    if (key->matches == 0)
      key->field = table->fields;
    else if (key->matches == 1)
      key->again = table->fields;
    key->matches++;
  }
  return CLI_OK;
}

/* Every wanted column must be there, once. */
static enum cli_exit check_names(struct table *table) {
  for (size_t i = 0; i < table->n_keys; i++) {
    const struct key *key = &table->keys[i];
    size_t bytes = 0;
    const char *name = table->names->n > 0 ? names_at(table->names, i, &bytes) : "";
    if (key->matches == 0)
      return cli_fail(CLI_DATA, "%s:%" PRIu64 ": no column '%.*s' among the %zu of the header", table->source->name,
                      table->record_line, (int)bytes, name, table->fields);
    if (key->matches > 1)
      return cli_fail(CLI_DATA, "%s:%" PRIu64 ": column '%.*s' is in the header %zu times, as fields %zu and %zu",
                      table->source->name, table->record_line, (int)bytes, name, key->matches, key->field + 1,
                      key->again + 1);
  }
  return CLI_OK;
}

/* The header is known: sets up the columns of the key. */
static enum cli_exit header_end(struct table *table) {
  CLI_TRY(check_names(table));
  table->width = table->fields;
  table->max_rows = TABLE_OFFSETS / table->n_keys & ~(TABLE_ROWS_MIN - 1);
  table->max_rows = table->max_rows > TABLE_ROWS ? TABLE_ROWS : table->max_rows;
  table->max_rows = table->max_rows < TABLE_ROWS_MIN ? TABLE_ROWS_MIN : table->max_rows;
  void *order = NULL, *columns = NULL;
  CLI_TRY(grow(table, &order, table->n_keys, sizeof *table->order));
  table->order = order;
  CLI_TRY(grow(table, &columns, table->n_keys, sizeof *table->columns));
  table->columns = columns;
  for (size_t i = 0; i < table->n_keys; i++) {
    struct key *key = &table->keys[i];
    void *data = NULL, *offsets = NULL, *valid = NULL;
    size_t place = i; /* insertion sort: keys are few, or in the order of the fields already */
    for (; place > 0 && table->keys[table->order[place - 1]].field > key->field; place--)
      table->order[place] = table->order[place - 1];
    table->order[place] = i;
    CLI_TRY(grow(table, &data, TABLE_DATA, 1));
    key->data = data;
    key->capacity = TABLE_DATA;
    CLI_TRY(grow(table, &offsets, table->max_rows + 1, sizeof *key->offsets));
    key->offsets = offsets;
    key->offsets[0] = 0;
    CLI_TRY(grow(table, &valid, table->max_rows / 8, 1));
    key->valid = valid;
    memset(valid, 0xff, table->max_rows / 8);
  }
  table->has_header = true;
  return CLI_OK;
}

/* text is NULL for a field that is empty without quotes, when the format cares. */
static bool is_null(const struct table *table, const char *text, size_t bytes) {
  const char *null = table->format.null;
  return null && (bytes == 0 ? !text && !null[0] : strlen(null) == bytes && memcmp(null, text, bytes) == 0);
}

static enum cli_exit key_field(struct table *table, struct key *key, const char *text, size_t bytes) {
  if (is_null(table, text, bytes)) {
    key->valid[table->rows / 8] &= (uint8_t) ~(1u << table->rows % 8);
    return CLI_OK;
  }
  if (bytes > key->capacity - key->bytes) { /* both count memory that is there: twice their sum fits a size_t */
    void *data = key->data;
    size_t capacity = (key->bytes + bytes) * 2;
    CLI_TRY(grow(table, &data, capacity, 1));
    key->data = data;
    key->capacity = capacity;
  }
  if (bytes > 0)
    memcpy(key->data + key->bytes, text, bytes);
  key->bytes += bytes;
  return CLI_OK;
}

static void on_field(void *text, size_t bytes, void *argument) {
  struct table *table = argument;
  if (!table->has_header && table->code == CLI_OK)
    table->code = header_field(table, text ? text : "", bytes);
  while (table->has_header && table->code == CLI_OK && table->cursor < table->n_keys &&
         table->keys[table->order[table->cursor]].field == table->fields)
    table->code = key_field(table, &table->keys[table->order[table->cursor++]], text, bytes);
  table->fields++;
}

static void on_record(int end, void *argument) {
  struct table *table = argument;
  (void)end;
  if (table->code == CLI_OK && !table->has_header) {
    table->code = header_end(table);
  } else if (table->code == CLI_OK && table->fields != table->width) {
    table->code = cli_fail(CLI_DATA, "%s:%" PRIu64 ": the row has %zu fields, the header %zu", table->source->name,
                           table->record_line, table->fields, table->width);
  } else if (table->code == CLI_OK) {
    table->rows++;
    for (size_t i = 0; i < table->n_keys; i++)
      table->keys[i].offsets[table->rows] = (int64_t)table->keys[i].bytes;
  }
  table->fields = table->cursor = 0;
  table->in_record = false;
}

static void parse(struct table *table, const char *text, size_t bytes) {
  if (csv_parse(&table->parser, text, bytes, on_field, on_record, table) == bytes || table->code != CLI_OK)
    return;
  if (csv_error(&table->parser) == CSV_EPARSE)
    table->code = cli_fail(CLI_DATA,
                           "%s:%" PRIu64 ": a quote stands inside field %zu, where it may only open the field, close it "
                           "or be doubled",
                           table->source->name, table->record_line, table->fields + 1);
  else
    table->code =
        cli_fail(CLI_IO, "%s:%" PRIu64 ": no memory for field %zu, of more than %zu bytes: %s", table->source->name,
                 table->record_line, table->fields + 1, csv_get_buffer_size(&table->parser), weft_ctx_message(table->ctx));
}

/* A whole record on one line without a quote: its fields are what lies between the delimiters. The parser comes to the
 * same, byte by byte: two million rows of 69 bytes, hashed by one column, took 0.71 s through it and 0.28 s this way. */
static void split(struct table *table, char *text, size_t bytes) {
  for (;;) {
    char *end = memchr(text, table->format.delimiter, bytes);
    size_t field = end ? (size_t)(end - text) : bytes;
    on_field(field > 0 ? text : NULL, field, table);
    if (!end)
      break;
    text = end + 1;
    bytes -= field + 1;
  }
  on_record('\n', table);
}

static bool ends_line(char byte) {
  return byte == '\n' || byte == '\r';
}

/* Takes the rest of the line that the block has reached, or of the block. */
static void take_piece(struct table *table) {
  char *text = table->block + table->next;
  if (table->line_end <= table->next) {
    const char *end = memchr(text, '\n', table->used - table->next);
    table->line_end = end ? (size_t)(end - table->block) + 1 : table->used;
  }
  size_t bytes = table->line_end - table->next;
  const char *cr = memchr(text, '\r', bytes);
  if (cr && (size_t)(cr - text) + 1 < bytes && cr[1] != '\n')
    bytes = (size_t)(cr - text) + 1;
  bool second_half = table->after_cr && text[0] == '\n'; /* of a CRLF: no line of its own */
  bool blank = !table->in_line && ends_line(text[0]);
  table->next += bytes;
  if (!table->in_line && !second_half)
    table->line++;
  table->in_line = !ends_line(text[bytes - 1]);
  table->after_cr = text[bytes - 1] == '\r';
  if (!table->in_record && second_half)
    return;
  if (!table->in_record) {
    if (blank && table->width != 1)
      return;
    table->record_line = table->line;
    if (blank) { /* libcsv skips it */
      on_field(table->format.null ? NULL : "", 0, table);
      on_record('\n', table);
      return;
    }
    if (!table->in_line && !memchr(text, '"', bytes)) {
      split(table, text, cr ? (size_t)(cr - text) : bytes - 1);
      return;
    }
    table->in_record = true;
  }
  parse(table, text, bytes);
}

/* Reads a block; at the end of the input, ends the last record. */
static void fill(struct table *table) {
  static const char mark[3] = "\xef\xbb\xbf"; /* a byte order mark is no part of the first name */
  bool first = table->bytes == 0;
  size_t bytes;
  table->next = table->line_end = table->used = 0;
  do {
    table->code = source_read(table->source, table->block + table->used, TABLE_BLOCK - table->used, &bytes);
    if (table->code != CLI_OK)
      return;
    table->used += bytes;
    table->bytes += bytes;
  } while (bytes > 0 && table->bytes < sizeof mark);
  if (first && table->used >= sizeof mark && memcmp(table->block, mark, sizeof mark) == 0)
    table->next = sizeof mark;
  if (table->used > 0)
    return;
  table->ended = true;
  if (csv_fini(&table->parser, on_field, on_record, table) != 0)
    table->code = cli_fail(CLI_DATA, "%s:%" PRIu64 ": the quote that opens field %zu is not closed", table->source->name,
                           table->record_line, table->fields + 1);
  else if (table->code == CLI_OK && !table->has_header)
    table->code = cli_fail(CLI_DATA, "%s:%" PRIu64 ": no header: the input has no record", table->source->name,
                           table->line > 0 ? table->line : 1);
}

enum cli_exit table_open(weft_ctx *ctx, struct source *source, const struct table_format *format, const struct names *names,
                         struct table **out) {
  void *memory = NULL, *block = NULL;
  *out = NULL;
  CLI_TRY(memory_resize(ctx, &memory, 1, sizeof(struct table), source->name, "a table"));
  struct table *table = *out = memory;
  *table = (struct table){.ctx = ctx, .source = source, .format = *format, .names = names};
  CLI_TRY(grow(table, &block, TABLE_BLOCK, 1));
  table->block = block;
  for (size_t i = 0; i < names->n; i++)
    CLI_TRY(add_key(table, 0, 0));
  hook_ctx = ctx;
  csv_init(&table->parser,
           (unsigned char)(CSV_STRICT | CSV_STRICT_FINI | (format->null && !format->null[0] ? CSV_EMPTY_IS_NULL : 0)));
  csv_set_delim(&table->parser, (unsigned char)format->delimiter);
  csv_set_space_func(&table->parser, no_space);
  csv_set_realloc_func(&table->parser, hook_realloc);
  csv_set_free_func(&table->parser, hook_free);
  table->parsing = true;
  while (table->code == CLI_OK && !table->has_header) {
    if (table->next == table->used)
      fill(table);
    else
      take_piece(table);
  }
  return table->code;
}

static void make_columns(struct table *table) {
  for (size_t i = 0; i < table->n_keys; i++) {
    const struct key *key = &table->keys[i];
    table->columns[i] = weft_column_offsets64(key->data, key->bytes, key->offsets, table->rows);
    if (table->format.null)
      table->columns[i] = weft_column_with_validity(table->columns[i], key->valid, 0);
  }
}

/* Forgets the rows handed over. Of a record that is still open (then rows < max_rows) the fields so far become row 0's. */
static void begin_batch(struct table *table) {
  for (size_t i = 0; i < table->n_keys; i++) {
    struct key *key = &table->keys[i];
    size_t done = (size_t)key->offsets[table->rows];
    bool null = table->rows < table->max_rows && !(key->valid[table->rows / 8] >> table->rows % 8 & 1);
    memmove(key->data, key->data + done, key->bytes - done);
    key->bytes -= done;
    memset(key->valid, 0xff, table->max_rows / 8);
    key->valid[0] ^= (uint8_t)null;
  }
  table->rows = 0;
}

enum cli_exit table_next(struct table *table, struct rows *out) {
  begin_batch(table);
  *out = (struct rows){.columns = table->columns, .n_columns = table->n_keys};
  while (table->code == CLI_OK && table->rows < table->max_rows) {
    if (table->next < table->used)
      take_piece(table);
    else if (table->rows > 0 || table->ended)
      break;
    else
      fill(table);
  }
  out->rows = table->rows;
  out->bytes = table->bytes;
  if (table->rows == 0)
    return table->code;
  make_columns(table);
  return CLI_OK;
}

void table_close(struct table *table) {
  if (!table)
    return;
  if (table->parsing)
    csv_free(&table->parser);
  for (size_t i = 0; i < table->n_keys; i++) {
    memory_free(table->ctx, table->keys[i].data);
    memory_free(table->ctx, table->keys[i].offsets);
    memory_free(table->ctx, table->keys[i].valid);
  }
  memory_free(table->ctx, table->keys);
  memory_free(table->ctx, table->order);
  memory_free(table->ctx, table->columns);
  memory_free(table->ctx, table->block);
  memory_free(table->ctx, table);
}
