/* SPDX-License-Identifier: MIT
 *
 * `weft describe`: what a packed file holds, in words, as JSON, as a picture. Called by main.c.
 */
#include "cli/describe.h"
#include "cli/options.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: weft describe [OPTION]... [FILE]\n"
    "Tell what a packed file holds: its columns with their types, nulls and sizes, how each is encoded, its metadata.\n"
    "Without FILE, or for -, stdin, which may be a pipe.\n"
    "\n"
    "      --json            as JSON, with every chunk, its least and greatest values (what is no UTF-8 in hexadecimal)\n"
    "      --svg FILE        also draw where the bytes are, by column, codec and chunk, into FILE\n"
    "      --isa NAME        use this table of kernels; see weft features\n"
    "      --memory-limit N  take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help            print this help\n"
    "\n"
    "Below a column stand the streams that it is made of, each below the one that it is part of, with its codec and its\n"
    "bytes, those of its own parts among them; where chunks differ, in how many of them it is so. The fields of --json "
    "are\n"
    "in weft(1).\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no memory.\n";

enum { OPTION_SVG = OPTION_OWN };

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"svg", required_argument, NULL, OPTION_SVG},
    OPTIONS_ISA_ROWS,
};

/* A run of the command. */
struct job {
  struct options_common options;
  const char *file, *svg;
  struct memory memory;
  struct packed packed;
  struct description description;
  struct output output;
};

static enum cli_exit take(void *user, int option, const char *value) {
  struct job *job = user;
  if (option != OPTION_SVG)
    return options_common("describe", option, value, &job->options);
  job->svg = value;
  return CLI_OK;
}

static enum cli_exit parse(int argc, char **argv, struct job *job) {
  CLI_TRY(options_parse(argc, argv, ":h", long_options, take, job, &job->options));
  if (job->options.help)
    return CLI_OK;
  return options_file(argc, argv, &job->file);
}

/* Texts of others' making, on one line: no byte that moves a terminal's cursor, or worse. */
static enum cli_exit print_text(struct output *output, const char *text, size_t bytes) {
  for (size_t i = 0, control; i<bytes; i += control> 0 ? control : 1) {
    control = cli_control_bytes(text + i, bytes - i);
    CLI_TRY(output_write(output, control > 0 ? "??" : text + i, control > 0 ? control : 1));
  }
  return CLI_OK;
}

static double percent(uint64_t part, uint64_t whole) {
  return whole > 0 ? 100 * (double)part / (double)whole : 0;
}

static enum cli_exit print_head(struct job *job) {
  const struct weft_file_info *info = &job->packed.info;
  struct output *output = &job->output;
  CLI_TRY(output_print(output, "rows      %" PRIu64 " in %zu chunk%s\n", info->rows, job->description.n_chunks,
                       job->description.n_chunks == 1 ? "" : "s"));
  CLI_TRY(output_print(output, "bytes     %" PRIu64 " for %" PRIu64 " of values decoded (%.1f %%)\n", info->bytes,
                       job->description.decoded, percent(info->bytes, job->description.decoded)));
  for (size_t i = 0; i < info->metadata; i++) {
    const char *key;
    const void *value;
    size_t bytes;
    weft_status status = weft_reader_metadata(job->packed.reader, i, &key, &value, &bytes);
    if (status != WEFT_OK)
      return packed_fail(&job->packed, status);
    CLI_TRY(output_print(output, "metadata  "));
    CLI_TRY(print_text(output, key, strlen(key)));
    CLI_TRY(output_print(output, " = "));
    CLI_TRY(print_text(output, value, bytes < 1000 ? bytes : 1000));
    CLI_TRY(output_print(output, "%s\n", bytes < 1000 ? "" : "..."));
  }
  return CLI_OK;
}

static enum cli_exit print_stream(struct job *job, const struct described *column, size_t number, int indent) {
  const struct tree_node *node = &column->nodes[number];
  char what[80];
  int bytes = snprintf(what, sizeof what, "%*s%s: %s", (int)node->depth * 2, "", description_role(node->role),
                       weft_codec_name(node->codec));
  CLI_TRY(
      output_print(&job->output, "  %s%*s %14" PRIu64, what, indent - 2 - bytes, "", description_bytes(column, number)));
  if (node->chunks < job->description.n_chunks)
    CLI_TRY(output_print(&job->output, "   in %" PRIu64 " of %zu chunks", node->chunks, job->description.n_chunks));
  return output_print(&job->output, "\n");
}

static enum cli_exit print_column(struct job *job, const struct described *column) {
  const int indent = 40; /* of the numbers, behind names that are not longer */
  struct output *output = &job->output;
  char type[TYPE_TEXT];
  size_t bytes = strlen(column->name);
  type_print(column->type, type);
  CLI_TRY(output_print(output, "\n"));
  CLI_TRY(print_text(output, column->name, bytes));
  int rest = indent - (int)(bytes < 100 ? bytes : 100) - 12;
  CLI_TRY(output_print(output, "  %*s %-9s %14" PRIu64 " for %" PRIu64 " (%.1f %%)", rest > 0 ? rest : 0, "", type,
                       column->bytes, column->decoded, percent(column->bytes, column->decoded)));
  if (column->nulls > 0)
    CLI_TRY(output_print(output, ", %" PRIu64 " null", column->nulls));
  CLI_TRY(output_print(output, "\n"));
  for (size_t i = description_next(column, SIZE_MAX); i != SIZE_MAX; i = description_next(column, i))
    CLI_TRY(print_stream(job, column, i, indent));
  return CLI_OK;
}

static enum cli_exit print_words(struct job *job) {
  CLI_TRY(output_open(&job->output, job->memory.ctx, NULL));
  CLI_TRY(print_head(job));
  for (size_t i = 0; i < job->packed.info.columns; i++)
    CLI_TRY(print_column(job, &job->description.columns[i]));
  return output_commit(&job->output);
}

static enum cli_exit draw(struct job *job) {
  enum cli_exit code = output_open(&job->output, job->memory.ctx, job->svg);
  if (code == CLI_OK)
    code = description_svg(&job->description, &job->output);
  if (code == CLI_OK)
    code = output_commit(&job->output);
  output_abandon(&job->output);
  job->output = (struct output){.fd = -1};
  return code;
}

static enum cli_exit describe(struct job *job) {
  CLI_TRY(packed_open(&job->packed, job->memory.ctx, job->file));
  CLI_TRY(description_read(&job->description, &job->packed));
  if (job->svg)
    CLI_TRY(draw(job));
  return job->options.json ? report_json(description_json(&job->description), true) : print_words(job);
}

enum cli_exit describe_run(int argc, char **argv) {
  struct job job = {.output.fd = -1, .packed.source.fd = -1};
  CLI_TRY(parse(argc, argv, &job));
  if (job.options.help)
    return output_text(help, strlen(help));
  CLI_TRY(memory_open(&job.memory, job.options.isa, job.options.memory_limit));
  enum cli_exit code = describe(&job);
  output_abandon(&job.output);
  description_free(&job.description);
  packed_close(&job.packed);
  memory_close(&job.memory);
  return code;
}
