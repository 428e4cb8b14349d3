/* SPDX-License-Identifier: MIT
 *
 * `weft group`: keys of rows are kept until there are as many as groups, and one call then numbers groups and rows
 * together. So memory is bounded by the groups, and a row costs the grouping of two. Called by main.c.
 */
#include "cli/crew.h"
#include "cli/group_options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/store.h"
#include "cli/tables.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Least rows that are kept before they are grouped. */
#define PENDING ((size_t)64 << 10)

/* Library's bound on the columns of a key. */
#define MOST_KEYS ((size_t)64)

/* A run of the command. */
struct job {
  struct group_options options;
  struct memory memory;
  struct names columns; /* what is read: the key's n_keys columns, then each column of numbers once */
  size_t n_keys;
  struct aggregate *aggregates;
  size_t n_aggregates;
  struct names header; /* of the output */
  struct output output;
  struct store store; /* keys: one of each group, then those of pending rows */
  size_t groups;
  uint64_t *counts;      /* [groups] */
  struct values *values; /* [n_values] the columns of numbers, with those of pending rows */
  uint32_t *numbering;   /* of the store's rows: their groups */
  size_t numbering_capacity;
  struct weft_stats stats; /* of the threads beside this one */
  struct tables_done done;
};

static size_t n_values(const struct job *job) {
  return job->columns.n - job->n_keys;
}

/* One more column of the output; its numbers are read once, whatever is made of them. */
static enum cli_exit add_aggregate(struct job *job, enum aggregate_kind kind, const char *name, size_t bytes) {
  weft_ctx *ctx = job->memory.ctx;
  size_t value = job->n_keys;
  while (value < job->columns.n && !names_is(&job->columns, value, name, bytes))
    value++;
  if (value == job->columns.n)
    CLI_TRY(names_add(ctx, &job->columns, name, bytes, "columns"));
  job->aggregates[job->n_aggregates++] = (struct aggregate){.kind = kind, .value = value - job->n_keys};

  void *title = NULL;
  const char *kind_name = aggregate_names[kind];
  size_t kind_bytes = strlen(kind_name);
  CLI_TRY(memory_resize(ctx, &title, kind_bytes + 1 + bytes, 1, "columns", "names"));
  memcpy(title, kind_name, kind_bytes);
  ((char *)title)[kind_bytes] = '_';
  memcpy((char *)title + kind_bytes + 1, name, bytes);
  enum cli_exit code = names_add_unlike(ctx, &job->header, title, kind_bytes + 1 + bytes, "_2", "columns");
  memory_free(ctx, title);
  return code;
}

static enum cli_exit plan_aggregates(struct job *job, const struct names lists[AGGREGATE_N_KINDS]) {
  weft_ctx *ctx = job->memory.ctx;
  void *aggregates = NULL;
  size_t n = 0;
  for (int kind = 0; kind < AGGREGATE_N_KINDS; kind++)
    n += lists[kind].n;
  CLI_TRY(memory_resize(ctx, &aggregates, n, sizeof *job->aggregates, "columns", "sums"));
  job->aggregates = aggregates;
  for (int kind = 0; kind < AGGREGATE_N_KINDS; kind++)
    for (size_t i = 0; i < lists[kind].n; i++) {
      size_t bytes;
      const char *name = names_at(&lists[kind], i, &bytes);
      CLI_TRY(add_aggregate(job, (enum aggregate_kind)kind, name, bytes));
    }
  void *values = NULL;
  CLI_TRY(memory_resize(ctx, &values, n_values(job), sizeof *job->values, "columns", "numbers"));
  job->values = values;
  memset(job->values, 0, n_values(job) * sizeof *job->values);
  for (size_t i = 0; i < n; i++)
    job->values[job->aggregates[i].value].kinds |= 1u << job->aggregates[i].kind;
  return CLI_OK;
}

/* What to read and what to print, by the options. */
static enum cli_exit plan(struct job *job) {
  static const char *const options[] = {[AGGREGATE_SUM] = "--sum", [AGGREGATE_MIN] = "--min", [AGGREGATE_MAX] = "--max"};
  weft_ctx *ctx = job->memory.ctx;
  struct names lists[AGGREGATE_N_KINDS] = {{0}};
  CLI_TRY(names_parse(ctx, "--by", job->options.by, &job->columns));
  job->n_keys = job->columns.n;
  if (job->n_keys > MOST_KEYS)
    return options_fail("group", "--by names %zu columns, and a key has at most %zu", job->n_keys, MOST_KEYS);
  for (size_t i = 0; i < job->n_keys; i++) {
    size_t bytes;
    const char *name = names_at(&job->columns, i, &bytes);
    CLI_TRY(names_add_unlike(ctx, &job->header, name, bytes, "_2", "columns"));
  }
  CLI_TRY(names_add_unlike(ctx, &job->header, "count", strlen("count"), "_2", "columns"));
  enum cli_exit code = CLI_OK;
  for (int kind = 0; kind < AGGREGATE_N_KINDS && code == CLI_OK; kind++)
    code = names_parse(ctx, options[kind], job->options.columns[kind], &lists[kind]);
  if (code == CLI_OK)
    code = plan_aggregates(job, lists);
  for (int kind = 0; kind < AGGREGATE_N_KINDS; kind++)
    names_free(ctx, &lists[kind]);
  return code;
}

/* A field of a column of numbers. Nulls and empty fields are none. */
static enum cli_exit read_number(const struct job *job, const struct rows *rows, size_t column, size_t row,
                                 const char *name, struct number *out) {
  const char *text, *problem;
  size_t bytes, title_bytes;
  out->kind = NUMBER_NONE;
  if (!field_text(&rows->columns[column], row, &text, &bytes) || bytes == 0)
    return CLI_OK;
  problem = number_parse(text, bytes, out);
  if (!problem)
    return CLI_OK;
  const char *title = names_at(&job->columns, column, &title_bytes);
  return cli_fail(CLI_DATA, "%s:%" PRIu64 ": column '%.*s': '%.*s'%s %s", name, rows->lines[row], (int)title_bytes, title,
                  bytes > 40 ? 40 : (int)bytes, text, bytes > 40 ? "..." : "", problem);
}

/* Reads the numbers of the rows that were added to the store last. */
static enum cli_exit read_numbers(struct job *job, const struct rows *rows, const char *name) {
  size_t first = job->store.rows - rows->rows - job->groups;
  for (size_t i = 0; i < n_values(job); i++)
    CLI_TRY(values_reserve(job->memory.ctx, &job->values[i], first + rows->rows, name));
  for (size_t row = 0; row < rows->rows; row++)
    for (size_t i = 0; i < n_values(job); i++) {
      struct number number;
      CLI_TRY(read_number(job, rows, job->n_keys + i, row, name, &number));
      values_set(&job->values[i], first + row, &number);
    }
  return CLI_OK;
}

/* Makes room for what is kept of groups up to the last. */
static enum cli_exit reserve_groups(struct job *job, size_t last) {
  weft_ctx *ctx = job->memory.ctx;
  void *counts = job->counts;
  CLI_TRY(memory_resize(ctx, &counts, last, sizeof *job->counts, "count", "groups"));
  job->counts = counts;
  memset(job->counts + job->groups, 0, (last - job->groups) * sizeof *job->counts);
  return CLI_OK;
}

static weft_status work(weft_ctx *ctx, void *grouping) {
  return weft_grouping_work(ctx, grouping);
}

/* Numbers the store's keys, by all threads where there are many; and by this one alone where there is no memory for all. */
static weft_status number_keys(struct job *job, weft_ctx *ctx, size_t *groups) {
  size_t threads = options_threads(&job->options.common);
  const struct weft_column *keys = store_columns(&job->store);
  weft_grouping *grouping;
  if (threads > 1 && job->store.rows >= CREW_LEAST_ROWS &&
      weft_grouping_open(ctx, keys, job->n_keys, threads, job->numbering, &grouping) == WEFT_OK) {
    (void)!crew_run(ctx, threads, work, grouping, &job->stats); /* closing says how it went */
    if (weft_grouping_close(ctx, grouping, groups, NULL) == WEFT_OK)
      return WEFT_OK;
  }
  return weft_group(ctx, keys, job->n_keys, job->numbering, groups, NULL);
}

/* Puts the pending rows into their groups. The keys of groups stand first in the store, each another, so that the library
 * gives them the numbers that they have, and new ones in the order of their first rows. */
static enum cli_exit group_pending(struct job *job) {
  weft_ctx *ctx = job->memory.ctx;
  size_t rows = job->store.rows, before = job->groups, after;
  if (rows > job->numbering_capacity) {
    void *numbering = job->numbering;
    CLI_TRY(memory_resize(ctx, &numbering, rows, sizeof *job->numbering, "groups", "their numbers"));
    job->numbering = numbering;
    job->numbering_capacity = rows;
  }
  weft_status status = number_keys(job, ctx, &after);
  if (status != WEFT_OK) {
    char what[64];
    snprintf(what, sizeof what, "the groups of %zu keys", rows);
    return memory_status(ctx, status, what);
  }
  CLI_TRY(reserve_groups(job, after));
  for (size_t row = before; row < rows; row++) {
    size_t group = job->numbering[row];
    if (group == job->groups)
      store_move(&job->store, row, job->groups++);
    job->counts[group]++;
  }
  for (size_t i = 0; i < n_values(job); i++)
    CLI_TRY(values_add(ctx, &job->values[i], job->numbering + before, rows - before, after));
  assert(job->groups == after);
  store_cut(&job->store, job->groups);
  return CLI_OK;
}

static enum cli_exit choose(void *user, struct table *table, const struct source *source) {
  const struct job *job = user;
  (void)source;
  return table_choose_names(table, &job->columns);
}

static enum cli_exit take(void *user, const struct rows *rows, const struct source *source) {
  struct job *job = user;
  CLI_TRY(store_add(&job->store, rows, source->name));
  CLI_TRY(read_numbers(job, rows, source->name));
  size_t enough = job->groups > PENDING ? job->groups : PENDING;
  return job->store.rows - job->groups >= enough ? group_pending(job) : CLI_OK;
}

static enum cli_exit print_groups(struct job *job) {
  const char delimiter = options_delimiter(&job->options.common, job->options.files[0]);
  const struct field_style style = field_style(delimiter, job->options.common.null, false);
  const struct weft_column *keys = store_columns(&job->store);
  struct output *output = &job->output;
  for (size_t i = 0; i < job->n_aggregates; i++) {
    struct aggregate *aggregate = &job->aggregates[i];
    CLI_TRY(aggregate_finish(job->memory.ctx, aggregate, &job->values[aggregate->value], job->groups));
  }
  CLI_TRY(field_write_header(output, delimiter, &job->header));
  for (size_t group = 0; group < job->groups; group++) {
    struct number count = {.kind = NUMBER_WHOLE, .as.whole = (int64_t)job->counts[group]};
    char text[NUMBER_TEXT];
    for (size_t i = 0; i < job->n_keys; i++) {
      CLI_TRY(field_write_row(output, &style, &keys[i], group));
      CLI_TRY(output_write(output, &delimiter, 1));
    }
    CLI_TRY(output_write(output, text, number_print(&count, text)));
    for (size_t i = 0; i < job->n_aggregates; i++) {
      const struct aggregate *aggregate = &job->aggregates[i];
      size_t bytes;
      const char *column = names_at(&job->columns, job->n_keys + aggregate->value, &bytes);
      CLI_TRY(output_write(output, &delimiter, 1));
      CLI_TRY(aggregate_write(aggregate, group, output, &style, column, bytes));
    }
    CLI_TRY(output_write(output, "\n", 1));
  }
  return CLI_OK;
}

static enum cli_exit print_summary(const struct job *job) {
  json_t *summary = json_pack("{s:I, s:I, s:I}", "rows", (json_int_t)job->done.rows, "bytes", (json_int_t)job->done.bytes,
                              "groups", (json_int_t)job->groups);
  return report_summary(&job->memory, summary, job->options.common.output != NULL);
}

static enum cli_exit group_files(struct job *job) {
  const struct group_options *options = &job->options;
  const struct options_common *common = &options->common;
  CLI_TRY(plan(job));
  CLI_TRY(output_open(&job->output, job->memory.ctx, common->output));
  CLI_TRY(store_open(&job->store, job->memory.ctx, job->n_keys, common->null != NULL, "groups"));
  const struct tables_hooks hooks = {choose, take, job};
  CLI_TRY(tables_read(job->memory.ctx, common, options->files, options->n_files, &hooks, &job->done));
  if (job->store.rows > job->groups)
    CLI_TRY(group_pending(job));
  CLI_TRY(print_groups(job));
  CLI_TRY(output_commit(&job->output));
  progress_clear();
  if (common->json)
    CLI_TRY(print_summary(job));
  return common->stats ? report_stats(&job->memory, &job->stats, job->done.bytes, job->groups) : CLI_OK;
}

enum cli_exit group_run(int argc, char **argv) {
  struct job job = {.output.fd = -1};
  CLI_TRY(group_options_parse(argc, argv, &job.options));
  if (job.options.common.help)
    return output_text(group_help, strlen(group_help));
  CLI_TRY(memory_open(&job.memory, job.options.common.isa, job.options.common.memory_limit));
  weft_ctx *ctx = job.memory.ctx;
  enum cli_exit code = group_files(&job);
  output_abandon(&job.output);
  for (size_t i = 0; i < job.n_aggregates; i++)
    aggregate_free(ctx, &job.aggregates[i]);
  memory_free(ctx, job.aggregates);
  memory_free(ctx, job.counts);
  for (size_t i = 0; job.values && i < n_values(&job); i++)
    values_free(ctx, &job.values[i]);
  memory_free(ctx, job.values);
  memory_free(ctx, job.numbering);
  store_close(&job.store);
  names_free(ctx, &job.columns);
  names_free(ctx, &job.header);
  memory_close(&job.memory);
  return code;
}
