/* SPDX-License-Identifier: MIT
 *
 * `weft partition`: rows and their keys' hashes gather in memory until there are many, are brought together by part, and go
 * to the ends of the parts' files, one file after the other. Called by main.c.
 */
#include "cli/fields.h"
#include "cli/partition_options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/store.h"
#include "cli/tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What gathers: so much text and offsets, or so many rows. A part then gets so much of it that opening its file again takes
 * little of the time: 16 KiB of 4096 parts. */
#define GATHER_BYTES ((size_t)64 << 20)
#define GATHER_ROWS ((size_t)1 << 20)

/* A run of the command. */
struct job {
  struct partition_options options;
  struct memory memory;
  struct key_hash key;
  struct names columns; /* of the first table */
  struct output output;
  struct field_style style;
  char *name;         /* room for a part's file name */
  size_t name_bytes;  /* of that room */
  struct store store; /* all columns */
  bool opened;        /* the store and the files are */
  uint64_t *hashes;   /* [hashes_capacity] of the rows in the store */
  size_t hashes_capacity;
  uint32_t *order; /* [order_capacity] */
  size_t order_capacity;
  size_t *offsets;     /* [parts + 1] */
  uint64_t *part_rows; /* [parts] */
  struct tables_done done;
};

static bool is_pattern(const struct job *job) {
  return strstr(job->options.common.output, "{}") != NULL;
}

/* The file of a part, in job->name. */
static const char *name_of(void *user, size_t part) {
  struct job *job = user;
  const char *output = job->options.common.output, *place = strstr(output, "{}");
  if (place)
    snprintf(job->name, job->name_bytes, "%.*s%zu%s", (int)(place - output), output, part, place + 2);
  else
    snprintf(job->name, job->name_bytes, "%s/part-%zu.%s", output, part, job->style.delimiter == ',' ? "csv" : "tsv");
  return job->name;
}

/* ---- Out: from the store to the files ---- */

static enum cli_exit write_rows(struct job *job, const struct weft_column *columns, const uint32_t *rows, size_t n) {
  struct output *output = &job->output;
  for (size_t i = 0; i < n; i++) {
    store_prefetch(&job->store, rows + i, n - i);
    for (size_t c = 0; c < job->store.n_columns; c++) {
      if (c > 0)
        CLI_TRY(output_write(output, &job->style.delimiter, 1));
      CLI_TRY(field_write_row(output, &job->style, &columns[c], rows[i]));
    }
    CLI_TRY(output_write(output, "\n", 1));
  }
  return CLI_OK;
}

/* The rows of a part, behind those that its file has. A part that was never begun gets the header first. */
static enum cli_exit write_part(struct job *job, size_t part, const struct weft_column *columns) {
  size_t first = job->offsets[part], n = job->offsets[part + 1] - first;
  CLI_TRY(output_begin_file(&job->output, part, name_of(job, part)));
  if (job->part_rows[part] == 0)
    CLI_TRY(field_write_header(&job->output, job->style.delimiter, &job->columns));
  if (n > 0) /* without any row of the table there is no order */
    CLI_TRY(write_rows(job, columns, job->order + first, n));
  job->part_rows[part] += n;
  return output_end_file(&job->output);
}

/* Brings what gathered to its files. last: nothing more comes, so that parts without rows get their files too. */
static enum cli_exit spread(struct job *job, bool last) {
  weft_ctx *ctx = job->memory.ctx;
  const struct partition_options *options = &job->options;
  size_t rows = job->store.rows;
  if (rows > job->order_capacity) {
    void *order = job->order;
    CLI_TRY(memory_resize(ctx, &order, rows, sizeof *job->order, "partition", "numbers of rows"));
    job->order = order;
    job->order_capacity = rows;
  }
  enum weft_parts by = options->rules == KEY_SPARK ? WEFT_PARTS_PMOD : WEFT_PARTS_MODULO;
  weft_status status = weft_partition(ctx, job->hashes, rows, by, options->parts, job->order, job->offsets);
  if (status != WEFT_OK)
    return memory_status(ctx, status, "partition");
  const struct weft_column *columns = store_columns(&job->store);
  for (size_t part = 0; part < options->parts; part++)
    if (job->offsets[part] < job->offsets[part + 1] || (last && job->part_rows[part] == 0))
      CLI_TRY(write_part(job, part, columns));
  store_cut(&job->store, 0);
  return CLI_OK;
}

/* ---- In: from tables to the store ---- */

/* The folder and the names. Nothing that is there may be in their way. */
static enum cli_exit open_files(struct job *job) {
  const struct partition_options *options = &job->options;
  const char *output = options->common.output;
  struct stat info;
  void *name = NULL;
  job->name_bytes = strlen(output) + 40;
  CLI_TRY(memory_resize(job->memory.ctx, &name, job->name_bytes, 1, output, "a file's name"));
  job->name = name;
  if (!is_pattern(job))
    CLI_TRY(output_make_folder(output));
  for (size_t part = 0; part < options->parts; part++)
    if (stat(name_of(job, part), &info) == 0 && !S_ISREG(info.st_mode))
      return cli_fail(CLI_IO, "%s: it is there, and is no file that could be replaced", job->name);
  return output_open_files(&job->output, job->memory.ctx, name_of(job, 0), options->parts);
}

static enum cli_exit open_parts(struct job *job, const char *input) {
  weft_ctx *ctx = job->memory.ctx;
  size_t parts = job->options.parts;
  void *offsets = NULL, *part_rows = NULL;
  job->opened = true;
  CLI_TRY(memory_resize(ctx, &offsets, parts + 1, sizeof *job->offsets, "partition", "parts"));
  job->offsets = offsets;
  CLI_TRY(memory_resize(ctx, &part_rows, parts, sizeof *job->part_rows, "partition", "parts"));
  job->part_rows = part_rows;
  memset(part_rows, 0, parts * sizeof *job->part_rows);
  job->style = field_style(job->style.delimiter, job->options.common.null, job->columns.n == 1);
  CLI_TRY(store_open(&job->store, ctx, job->columns.n, job->options.common.null != NULL, input));
  return open_files(job);
}

/* The number of the column that is called as column i of the first table is: that one where it is. */
static enum cli_exit find(const struct job *job, const struct table *table, size_t i, size_t *column) {
  size_t bytes;
  const char *name = names_at(&job->columns, i, &bytes);
  *column = i;
  return names_is(table_header(table), i, name, bytes) ? CLI_OK : table_find(table, name, bytes, column);
}

static enum cli_exit choose_columns(struct job *job, struct table *table, size_t *columns) {
  const struct names *key = &job->key.names;
  size_t n = job->columns.n, bytes;
  for (size_t i = 0; i < n; i++)
    CLI_TRY(find(job, table, i, &columns[i]));
  for (size_t i = 0; i < key->n; i++) {
    const char *name = names_at(key, i, &bytes);
    CLI_TRY(table_find(table, name, bytes, &columns[n + i]));
  }
  return table_choose(table, columns, n + key->n);
}

/* Chooses all columns and then the key's: those of the first table by their places, of others by their names. */
static enum cli_exit choose(void *user, struct table *table, const struct source *source) {
  struct job *job = user;
  weft_ctx *ctx = job->memory.ctx;
  const char *input = source->name;
  void *columns = NULL;
  if (!job->opened)
    CLI_TRY(names_add_all(ctx, &job->columns, table_header(table), input));
  CLI_TRY(table_expect(table, job->columns.n, job->options.files[0]));
  CLI_TRY(memory_resize(ctx, &columns, job->columns.n + job->key.names.n, sizeof(size_t), input, "columns"));
  enum cli_exit code = choose_columns(job, table, columns);
  memory_free(ctx, columns);
  return code == CLI_OK && !job->opened ? open_parts(job, input) : code;
}

static bool is_enough(const struct store *store) {
  size_t bytes = store->rows * store->n_columns * sizeof(int64_t);
  for (size_t i = 0; i < store->n_columns; i++)
    bytes += (size_t)store->columns[i].offsets[store->rows];
  return store->rows >= GATHER_ROWS || bytes >= GATHER_BYTES;
}

static enum cli_exit take(void *user, const struct rows *rows, const struct source *source) {
  struct job *job = user;
  weft_ctx *ctx = job->memory.ctx;
  const char *input = source->name;
  size_t before = job->store.rows;
  if (before + rows->rows > job->hashes_capacity) {
    void *hashes = job->hashes;
    size_t capacity = (before + rows->rows) / 2 * 3 + 1;
    CLI_TRY(memory_resize(ctx, &hashes, capacity, sizeof *job->hashes, input, "hashes"));
    job->hashes = hashes;
    job->hashes_capacity = capacity;
  }
  const struct rows key = {.columns = rows->columns + job->columns.n, .lines = rows->lines, .rows = rows->rows};
  CLI_TRY(key_hash_rows(ctx, &job->key, &key, input, job->hashes + before));
  CLI_TRY(store_add(&job->store, rows, input));
  return is_enough(&job->store) ? spread(job, false) : CLI_OK;
}

static enum cli_exit print_summary(const struct job *job) {
  uint64_t least = UINT64_MAX, most = 0;
  for (size_t part = 0; part < job->options.parts; part++) {
    least = job->part_rows[part] < least ? job->part_rows[part] : least;
    most = job->part_rows[part] > most ? job->part_rows[part] : most;
  }
  json_t *summary =
      json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "by", job->options.rules_name, "rows", (json_int_t)job->done.rows,
                "bytes", (json_int_t)job->done.bytes, "parts", (json_int_t)job->options.parts, "least_rows",
                (json_int_t)least, "most_rows", (json_int_t)most);
  return report_summary(&job->memory, summary, true);
}

static enum cli_exit partition_files(struct job *job) {
  const struct partition_options *options = &job->options;
  const struct options_common *common = &options->common;
  CLI_TRY(key_hash_open(job->memory.ctx, options->key, options->rules, &job->key));
  job->key.empty_is_null = common->null == NULL;
  const struct tables_hooks hooks = {choose, take, job};
  CLI_TRY(tables_read(job->memory.ctx, common, options->files, options->n_files, &hooks, &job->done));
  CLI_TRY(spread(job, true));
  CLI_TRY(output_commit_files(&job->output, name_of, job));
  progress_clear();
  if (common->json)
    CLI_TRY(print_summary(job));
  return common->stats ? report_stats(&job->memory, NULL, job->done.bytes, job->done.rows) : CLI_OK;
}

enum cli_exit partition_run(int argc, char **argv) {
  struct job job = {.output.fd = -1};
  CLI_TRY(partition_options_parse(argc, argv, &job.options));
  if (job.options.common.help)
    return output_text(partition_help, strlen(partition_help));
  CLI_TRY(memory_open(&job.memory, job.options.common.isa, job.options.common.memory_limit));
  weft_ctx *ctx = job.memory.ctx;
  job.style.delimiter = options_delimiter(&job.options.common, job.options.files[0]);
  enum cli_exit code = partition_files(&job);
  output_abandon(&job.output);
  store_close(&job.store);
  key_hash_free(ctx, &job.key);
  names_free(ctx, &job.columns);
  memory_free(ctx, job.name);
  memory_free(ctx, job.hashes);
  memory_free(ctx, job.order);
  memory_free(ctx, job.offsets);
  memory_free(ctx, job.part_rows);
  memory_close(&job.memory);
  return code;
}
