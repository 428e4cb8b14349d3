/* SPDX-License-Identifier: MIT
 *
 * `weft join`: the rows of RIGHT go into a store and an index over their keys, batches of LEFT probe it, and the pairs that
 * come back are printed. Called by main.c.
 */
#include "cli/crew.h"
#include "cli/fields.h"
#include "cli/join_options.h"
#include "cli/join_plan.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/store.h"
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Pairs asked for at one time. */
#define PAIRS ((size_t)4096)

/* A run of the command. Its arrays of two are of LEFT and RIGHT. */
struct job {
  struct join_options options;
  struct memory memory;
  struct join_keys keys;
  struct names columns;
  struct source sources[2];
  struct table *tables[2];
  struct join_plan plan;
  struct output output;
  struct field_style style;
  struct store store; /* rows of RIGHT; the index borrows their keys */
  weft_index *index;
  weft_join *join;
  uint32_t *build, *probe; /* [PAIRS] */
  double build_seconds;
  struct weft_stats stats; /* of the threads beside this one */
  uint64_t rows[2], bytes[2], output_rows;
};

static enum cli_exit open_tables(struct job *job) {
  const struct join_options *options = &job->options;
  for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++) {
    const char *file = options->files[side];
    const struct table_format format = {.delimiter = options_delimiter(&options->common, file),
                                        .null = options->common.null};
    CLI_TRY(source_open(&job->sources[side], file));
    CLI_TRY(table_open(job->memory.ctx, &job->sources[side], &format, &job->tables[side]));
  }
  return CLI_OK;
}

static void close_table(struct job *job, int side) {
  table_close(job->tables[side]);
  job->tables[side] = NULL;
  source_close(&job->sources[side]);
}

static void show_progress(const struct job *job) {
  progress_update(job->rows[JOIN_LEFT] + job->rows[JOIN_RIGHT], job->bytes[JOIN_LEFT] + job->bytes[JOIN_RIGHT]);
}

/* The next batch of one side, counted. */
static enum cli_exit next_rows(struct job *job, int side, struct rows *rows) {
  CLI_TRY(table_next(job->tables[side], rows));
  CLI_TRY(memory_validate(job->memory.ctx, rows->columns, rows->n_columns, job->sources[side].name));
  job->rows[side] += rows->rows;
  job->bytes[side] = rows->bytes;
  show_progress(job);
  return CLI_OK;
}

static weft_status work(weft_ctx *ctx, void *builder) {
  return weft_index_work(ctx, builder);
}

/* An index over the store's keys, by all threads where it is large; by this one alone where there is no memory for all. */
static weft_status index_store(struct job *job, weft_ctx *ctx) {
  const struct weft_column *keys = store_columns(&job->store);
  size_t n_keys = job->plan.n_keys, threads = options_threads(&job->options.common);
  weft_index_builder *builder = NULL;
  if (threads > 1 && job->store.rows >= CREW_LEAST_ROWS && weft_index_builder_open(ctx, NULL, &builder) == WEFT_OK &&
      weft_index_append(ctx, builder, keys, n_keys, NULL) == WEFT_OK &&
      crew_run(ctx, threads, work, builder, &job->stats) == WEFT_OK)
    return weft_index_seal(ctx, builder, &job->index);
  weft_index_builder_free(builder);
  return weft_index_build(ctx, keys, n_keys, NULL, &job->index);
}

static enum cli_exit build_index(struct job *job) {
  const struct join_plan *plan = &job->plan;
  weft_ctx *ctx = job->memory.ctx;
  const char *name = job->sources[JOIN_RIGHT].name;
  struct rows rows;
  CLI_TRY(store_open(&job->store, ctx, plan->n_reads[JOIN_RIGHT], job->options.common.null != NULL, name));
  do {
    CLI_TRY(next_rows(job, JOIN_RIGHT, &rows));
    CLI_TRY(store_add(&job->store, &rows, name));
  } while (rows.rows > 0);
  close_table(job, JOIN_RIGHT);
  CLI_TRY(store_fit(&job->store, name));
  double started = progress_seconds();
  weft_status status = index_store(job, ctx);
  if (status == WEFT_OK)
    status = weft_join_open(ctx, job->index, job->options.kind, &job->join);
  job->build_seconds = progress_seconds() - started;
  if (status == WEFT_OK)
    return CLI_OK;
  char what[512]; /* a longer name is cut */
  snprintf(what, sizeof what, "%s: an index of %zu rows", name, job->store.rows);
  return memory_status(ctx, status, what);
}

/* One row of the output. left, right: row numbers, or WEFT_NO_ROW. */
static enum cli_exit print_row(struct job *job, const struct weft_column *columns, uint32_t left, uint32_t right) {
  const struct join_plan *plan = &job->plan;
  struct output *output = &job->output;
  for (size_t i = 0; i < plan->n_outputs; i++) {
    const struct join_output *out = &plan->outputs[i];
    if (i > 0)
      CLI_TRY(output_write(output, &job->style.delimiter, 1));
    if (out->side == JOIN_LEFT && left != WEFT_NO_ROW)
      CLI_TRY(field_write_row(output, &job->style, &columns[out->column], left));
    else if (out->side == JOIN_RIGHT && right != WEFT_NO_ROW)
      CLI_TRY(field_write_row(output, &job->style, &job->store.views[out->column], right));
    else if (out->side == JOIN_LEFT && out->is_key)
      CLI_TRY(field_write_row(output, &job->style, &job->store.views[out->key], right));
    else
      CLI_TRY(field_write_null(output, &job->style));
  }
  return output_write(output, "\n", 1);
}

/* Prints all pairs that are due. columns: of the batch of LEFT that they are of. */
static enum cli_exit print_pairs(struct job *job, const struct weft_column *columns) {
  for (;;) {
    size_t n;
    weft_status status = weft_join_next(job->join, job->build, job->probe, PAIRS, &n);
    if (status != WEFT_OK)
      return memory_status(job->memory.ctx, status, job->sources[JOIN_LEFT].name);
    for (size_t i = 0; i < n; i++) {
      store_prefetch(&job->store, job->build + i, n - i);
      CLI_TRY(print_row(job, columns, job->probe[i], job->build[i]));
    }
    job->output_rows += n;
    if (n == 0)
      return CLI_OK;
    progress_output(job->output_rows);
    show_progress(job);
  }
}

static enum cli_exit probe_index(struct job *job) {
  weft_ctx *ctx = job->memory.ctx;
  const struct source *source = &job->sources[JOIN_LEFT];
  struct rows rows;
  for (;;) {
    CLI_TRY(next_rows(job, JOIN_LEFT, &rows));
    if (rows.rows == 0)
      break;
    weft_status status = weft_join_probe(job->join, rows.columns, job->plan.n_keys);
    if (status != WEFT_OK)
      return memory_status(ctx, status, source->name);
    CLI_TRY(print_pairs(job, rows.columns));
    if (!source->regular) /* whoever feeds a pipe row by row sees each answer before the next row */
      CLI_TRY(output_flush(&job->output));
  }
  weft_status status = weft_join_finish(job->join);
  if (status != WEFT_OK)
    return memory_status(ctx, status, source->name);
  return print_pairs(job, NULL);
}

static enum cli_exit index_figures(const struct job *job, struct weft_index_figures *figures, double *bytes_per_row) {
  uint64_t rows = job->rows[JOIN_RIGHT];
  weft_status status = weft_index_info(job->index, figures, sizeof *figures);
  *bytes_per_row = status == WEFT_OK && rows > 0 ? (double)figures->bytes / (double)rows : 0;
  return status == WEFT_OK ? CLI_OK : memory_status(job->memory.ctx, status, "the index");
}

static enum cli_exit print_summary(const struct job *job) {
  struct weft_index_figures figures;
  double bytes_per_row;
  CLI_TRY(index_figures(job, &figures, &bytes_per_row));
  json_t *summary =
      json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "kind", job->options.kind_name, "left_rows",
                (json_int_t)job->rows[JOIN_LEFT], "left_bytes", (json_int_t)job->bytes[JOIN_LEFT], "right_rows",
                (json_int_t)job->rows[JOIN_RIGHT], "right_bytes", (json_int_t)job->bytes[JOIN_RIGHT], "right_keys",
                (json_int_t)figures.keys, "right_null_rows", (json_int_t)figures.null_rows, "output_rows",
                (json_int_t)job->output_rows, "index_bytes", (json_int_t)figures.bytes, "index_bytes_per_row",
                bytes_per_row, "build_seconds", job->build_seconds);
  return report_summary(&job->memory, summary, job->options.common.output != NULL);
}

static enum cli_exit print_stats(const struct job *job) {
  struct weft_index_figures figures;
  double bytes_per_row;
  CLI_TRY(index_figures(job, &figures, &bytes_per_row));
  CLI_TRY(report_stats(&job->memory, &job->stats, job->bytes[JOIN_LEFT] + job->bytes[JOIN_RIGHT], job->output_rows));
  fprintf(stderr, "index bytes      %" PRIu64 "\nindex bytes per row %.1f\n", figures.bytes, bytes_per_row);
  return CLI_OK;
}

static enum cli_exit join_tables(struct job *job) {
  const struct options_common *common = &job->options.common;
  weft_ctx *ctx = job->memory.ctx;
  struct join_plan *plan = &job->plan;
  void *build = NULL, *probe = NULL;
  CLI_TRY(join_keys_parse(ctx, job->options.on, &job->keys));
  CLI_TRY(names_parse(ctx, "--columns", job->options.columns, &job->columns));
  CLI_TRY(output_open(&job->output, ctx, common->output));
  progress_start(!common->no_progress, source_total(job->options.files, 2));
  CLI_TRY(open_tables(job));
  CLI_TRY(join_plan_make(ctx, &job->options, &job->keys, &job->columns, job->tables, plan));
  for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++)
    CLI_TRY(table_choose(job->tables[side], plan->reads[side], plan->n_reads[side]));
  job->style = field_style(options_delimiter(common, job->options.files[JOIN_LEFT]), common->null, plan->n_outputs == 1);
  CLI_TRY(memory_resize(ctx, &build, PAIRS, sizeof *job->build, "output", "pairs of rows"));
  job->build = build;
  CLI_TRY(memory_resize(ctx, &probe, PAIRS, sizeof *job->probe, "output", "pairs of rows"));
  job->probe = probe;
  CLI_TRY(build_index(job));
  CLI_TRY(field_write_header(&job->output, job->style.delimiter, &plan->header));
  CLI_TRY(probe_index(job));
  CLI_TRY(output_commit(&job->output));
  progress_clear();
  if (common->json)
    CLI_TRY(print_summary(job));
  return common->stats ? print_stats(job) : CLI_OK;
}

enum cli_exit join_run(int argc, char **argv) {
  struct job job = {.output.fd = -1, .sources = {{.fd = -1}, {.fd = -1}}};
  CLI_TRY(join_options_parse(argc, argv, &job.options));
  if (job.options.common.help)
    return output_text(join_help, strlen(join_help));
  CLI_TRY(memory_open(&job.memory, job.options.common.isa, job.options.common.memory_limit));
  weft_ctx *ctx = job.memory.ctx;
  enum cli_exit code = join_tables(&job);
  output_abandon(&job.output);
  weft_join_close(job.join);
  if (weft_index_free(job.index) != WEFT_OK)
    code = cli_fail(CLI_IO, "a defect of weft: the index is still in use");
  store_close(&job.store);
  close_table(&job, JOIN_LEFT);
  close_table(&job, JOIN_RIGHT);
  memory_free(ctx, job.build);
  memory_free(ctx, job.probe);
  join_plan_free(ctx, &job.plan);
  names_free(ctx, &job.columns);
  join_keys_free(ctx, &job.keys);
  memory_close(&job.memory);
  return code;
}
