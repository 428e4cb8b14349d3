/* SPDX-License-Identifier: MIT
 *
 * From CSV and TSV to columns of offsets. libcsv cuts the records; this file feeds it line by line, so that every message
 * can name the line where a record starts, and copies the fields of the chosen columns. Called by the subcommands; knows
 * nothing of what they do with the rows.
 *
 * Rules (RFC 4180, strictly): blanks belong to their field; a quote may only open a field, close it, or be doubled in one;
 * LF, CRLF or CR end a record. A line without a byte is skipped, or is an empty field where the table has one column.
 */
#include "cli/table.h"

#include <csv.h>
#include <inttypes.h>
#include <string.h>

#define TABLE_BLOCK ((size_t)256 << 10)
/* Rows of a batch, fewer where so many columns are chosen that their offsets would be large. */
#define TABLE_ROWS ((size_t)8192)
#define TABLE_ROWS_MIN ((size_t)64)
#define TABLE_OFFSETS ((size_t)1 << 20)
/* Bytes that a chosen column begins with; it grows. */
#define TABLE_DATA ((size_t)4096)

/* One chosen column. */
struct chosen {
  size_t field; /* its number in the header */
  char *data;
  size_t bytes, capacity;
  int64_t *offsets; /* [max_rows + 1] */
  uint8_t *valid;   /* [max_rows / 8] */
};

struct table {
  weft_ctx *ctx;
  struct source *source;
  struct table_format format;
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
  uint64_t header_line;
  struct names header;
  size_t width; /* fields of the header */
  struct chosen *chosen;
  size_t n_chosen;
  size_t *order; /* [n_chosen] the chosen columns by their fields, */
  size_t cursor; /* and the next one that the open record is to fill */
  struct weft_column *columns;
  uint64_t *lines; /* [max_rows] where each row begins */
  size_t rows, max_rows;
};

/* libcsv's hooks carry no argument. All tables of a run are read by one thread, on one context. */
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

/* text is NULL for a field that is empty without quotes, when the format cares. */
static bool is_null(const struct table *table, const char *text, size_t bytes) {
  const char *null = table->format.null;
  return null && (bytes == 0 ? !text && !null[0] : strlen(null) == bytes && memcmp(null, text, bytes) == 0);
}

static enum cli_exit take_field(struct table *table, struct chosen *chosen, const char *text, size_t bytes) {
  if (is_null(table, text, bytes)) {
    chosen->valid[table->rows / 8] &= (uint8_t) ~(1u << table->rows % 8);
    return CLI_OK;
  }
  if (bytes > chosen->capacity - chosen->bytes) { /* both count memory that is there: twice their sum fits a size_t */
    void *data = chosen->data;
    size_t capacity = (chosen->bytes + bytes) * 2;
    CLI_TRY(grow(table, &data, capacity, 1));
    chosen->data = data;
    chosen->capacity = capacity;
  }
  if (bytes > 0)
    memcpy(chosen->data + chosen->bytes, text, bytes);
  chosen->bytes += bytes;
  return CLI_OK;
}

static enum cli_exit take_name(struct table *table, const char *text, size_t bytes) {
  char number[40];
  if (bytes == 0 && table->format.numbers) {
    bytes = (size_t)snprintf(number, sizeof number, "column %zu", table->fields + 1);
    text = number;
  }
  return names_add(table->ctx, &table->header, text, bytes, table->source->name);
}

static void on_field(void *text, size_t bytes, void *argument) {
  struct table *table = argument;
  if (!table->has_header && table->code == CLI_OK)
    table->code = take_name(table, text, bytes);
  while (table->code == CLI_OK && table->cursor < table->n_chosen &&
         table->chosen[table->order[table->cursor]].field == table->fields)
    table->code = take_field(table, &table->chosen[table->order[table->cursor++]], text, bytes);
  table->fields++;
}

static void on_record(int end, void *argument) {
  struct table *table = argument;
  (void)end;
  if (table->code == CLI_OK && !table->has_header) {
    table->has_header = true;
    table->header_line = table->record_line;
    table->width = table->fields;
  } else if (table->code == CLI_OK && table->fields != table->width) {
    table->code = cli_fail(CLI_DATA, "%s:%" PRIu64 ": the row has %zu fields, the header %zu", table->source->name,
                           table->record_line, table->fields, table->width);
  } else if (table->code == CLI_OK) {
    table->lines[table->rows++] = table->record_line;
    for (size_t i = 0; i < table->n_chosen; i++)
      table->chosen[i].offsets[table->rows] = (int64_t)table->chosen[i].bytes;
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

enum cli_exit table_open(weft_ctx *ctx, struct source *source, const struct table_format *format, struct table **out) {
  void *memory = NULL, *block = NULL;
  *out = NULL;
  CLI_TRY(memory_resize(ctx, &memory, 1, sizeof(struct table), source->name, "a table"));
  struct table *table = *out = memory;
  *table = (struct table){.ctx = ctx, .source = source, .format = *format};
  CLI_TRY(grow(table, &block, TABLE_BLOCK, 1));
  table->block = block;
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

const struct names *table_header(const struct table *table) {
  return &table->header;
}

uint64_t table_header_line(const struct table *table) {
  return table->header_line;
}

enum cli_exit table_find(const struct table *table, const char *name, size_t bytes, size_t *column) {
  size_t matches = 0, again = 0;
  for (size_t i = 0; i < table->header.n; i++) {
    if (!names_is(&table->header, i, name, bytes))
      continue;
    if (matches == 0)
      *column = i;
    else if (matches == 1)
      again = i;
    matches++;
  }
  if (matches == 0)
    return cli_fail(CLI_DATA, "%s:%" PRIu64 ": no column '%.*s' among the %zu of the header", table->source->name,
                    table->header_line, (int)bytes, name, table->width);
  if (matches > 1)
    return cli_fail(CLI_DATA, "%s:%" PRIu64 ": column '%.*s' is in the header %zu times, as fields %zu and %zu",
                    table->source->name, table->header_line, (int)bytes, name, matches, *column + 1, again + 1);
  return CLI_OK;
}

enum cli_exit table_expect(const struct table *table, size_t n, const char *whose) {
  if (table->width == n)
    return CLI_OK;
  return cli_fail(CLI_DATA, "%s:%" PRIu64 ": the header has %zu fields, and %s %zu", table->source->name,
                  table->header_line, table->width, whose, n);
}

static enum cli_exit open_chosen(struct table *table, struct chosen *chosen) {
  void *data = NULL, *offsets = NULL, *valid = NULL;
  CLI_TRY(grow(table, &data, TABLE_DATA, 1));
  chosen->data = data;
  chosen->capacity = TABLE_DATA;
  CLI_TRY(grow(table, &offsets, table->max_rows + 1, sizeof *chosen->offsets));
  chosen->offsets = offsets;
  chosen->offsets[0] = 0;
  CLI_TRY(grow(table, &valid, table->max_rows / 8, 1));
  chosen->valid = valid;
  memset(valid, 0xff, table->max_rows / 8);
  return CLI_OK;
}

enum cli_exit table_choose(struct table *table, const size_t *fields, size_t n) {
  size_t rows = TABLE_OFFSETS / n & ~(TABLE_ROWS_MIN - 1);
  rows = rows > TABLE_ROWS ? TABLE_ROWS : rows;
  table->max_rows = rows < TABLE_ROWS_MIN ? TABLE_ROWS_MIN : rows;
  void *chosen = NULL, *order = NULL, *columns = NULL, *lines = NULL;
  CLI_TRY(grow(table, &order, n, sizeof *table->order));
  table->order = order;
  CLI_TRY(grow(table, &columns, n, sizeof *table->columns));
  table->columns = columns;
  CLI_TRY(grow(table, &lines, table->max_rows, sizeof *table->lines));
  table->lines = lines;
  CLI_TRY(grow(table, &chosen, n, sizeof *table->chosen));
  table->chosen = chosen;
  for (; table->n_chosen < n; table->n_chosen++) {
    size_t i = table->n_chosen, place = i;
    table->chosen[i] = (struct chosen){.field = fields[i]};
    /* Insertion sort: the columns are few, or in the order of the fields already. */
    for (; place > 0 && table->chosen[table->order[place - 1]].field > fields[i]; place--)
      table->order[place] = table->order[place - 1];
    table->order[place] = i;
  }
  for (size_t i = 0; i < n; i++)
    CLI_TRY(open_chosen(table, &table->chosen[i]));
  return CLI_OK;
}

enum cli_exit table_choose_names(struct table *table, const struct names *names) {
  size_t n = names->n > 0 ? names->n : table->width;
  void *memory = NULL;
  CLI_TRY(grow(table, &memory, n, sizeof(size_t)));
  size_t *fields = memory;
  enum cli_exit code = CLI_OK;
  for (size_t i = 0; i < n && code == CLI_OK; i++) {
    size_t bytes;
    fields[i] = i;
    if (names->n > 0) {
      const char *name = names_at(names, i, &bytes);
      code = table_find(table, name, bytes, &fields[i]);
    }
  }
  if (code == CLI_OK)
    code = table_choose(table, fields, n);
  memory_free(table->ctx, fields);
  return code;
}

static void make_columns(struct table *table) {
  for (size_t i = 0; i < table->n_chosen; i++) {
    const struct chosen *chosen = &table->chosen[i];
    table->columns[i] = weft_column_offsets64(chosen->data, chosen->bytes, chosen->offsets, table->rows);
    if (table->format.null)
      table->columns[i] = weft_column_with_validity(table->columns[i], chosen->valid, 0);
  }
}

/* Forgets the rows handed over. Of a record that is still open (then rows < max_rows) the fields so far become row 0's. */
static void begin_batch(struct table *table) {
  for (size_t i = 0; i < table->n_chosen; i++) {
    struct chosen *chosen = &table->chosen[i];
    size_t done = (size_t)chosen->offsets[table->rows];
    bool null = table->rows < table->max_rows && !(chosen->valid[table->rows / 8] >> table->rows % 8 & 1);
    memmove(chosen->data, chosen->data + done, chosen->bytes - done);
    chosen->bytes -= done;
    memset(chosen->valid, 0xff, table->max_rows / 8);
    chosen->valid[0] ^= (uint8_t)null;
  }
  table->rows = 0;
}

enum cli_exit table_next(struct table *table, struct rows *out) {
  begin_batch(table);
  *out = (struct rows){.columns = table->columns, .n_columns = table->n_chosen, .lines = table->lines};
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
  make_columns(table);
  return table->rows > 0 ? CLI_OK : table->code;
}

void table_close(struct table *table) {
  if (!table)
    return;
  if (table->parsing)
    csv_free(&table->parser);
  for (size_t i = 0; i < table->n_chosen; i++) {
    memory_free(table->ctx, table->chosen[i].data);
    memory_free(table->ctx, table->chosen[i].offsets);
    memory_free(table->ctx, table->chosen[i].valid);
  }
  memory_free(table->ctx, table->chosen);
  memory_free(table->ctx, table->order);
  memory_free(table->ctx, table->lines);
  names_free(table->ctx, &table->header);
  memory_free(table->ctx, table->columns);
  memory_free(table->ctx, table->block);
  memory_free(table->ctx, table);
}
