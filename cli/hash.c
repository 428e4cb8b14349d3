/* SPDX-License-Identifier: MIT
 *
 * `weft hash`: batches of rows from lines.c or table.c, hashed by one call each, printed through output.c. Called by
 * main.c.
 */
#include "cli/fields.h"
#include "cli/hash_options.h"
#include "cli/lines.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/tables.h"

#include <string.h>

/* A run of the command. */
struct job {
  struct hash_options options;
  struct memory memory;
  struct names names;
  char delimiter; /* of the table; 0: lines */
  struct output output;
  void *hashes; /* [capacity] of hash_bytes each */
  size_t capacity;
  struct tables_done done;
};

/* Bytes of one hash. */
static size_t hash_bytes(enum hash_algo algo) {
  switch (algo) {
  case HASH_XXH32: return sizeof(uint32_t);
  case HASH_XXH128: return sizeof(struct weft_fingerprint);
  default: return sizeof(uint64_t);
  }
}

/* The hash of a row; its high half is 0 where it has none. */
static struct weft_fingerprint hash_of(const struct job *job, size_t row) {
  switch (job->options.algo) {
  case HASH_XXH32: return (struct weft_fingerprint){((const uint32_t *)job->hashes)[row], 0};
  case HASH_XXH128: return ((const struct weft_fingerprint *)job->hashes)[row];
  default: return (struct weft_fingerprint){((const uint64_t *)job->hashes)[row], 0};
  }
}

/* The lowest 4 * digits bits of hash, most significant digit first; 8 digits at a time. */
static void write_hex(char *out, uint64_t hash, size_t digits) {
  for (size_t done = 0; done < digits; done += 8) {
    uint64_t x = hash >> (digits - done - 8) * 4 & 0xffffffff;
    x = (x | x << 16) & 0x0000ffff0000ffff; /* a nibble a byte, */
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    uint64_t letters = (x + 0x0606060606060606) >> 4 & 0x0101010101010101; /* 1 where it is 10 or more */
    x += 0x3030303030303030 + letters * ('a' - '0' - 10);
    for (size_t i = 0; i < 8; i++)
      out[done + i] = (char)(x >> (56 - 8 * i));
  }
}

static void write_hash(char *out, struct weft_fingerprint hash, size_t digits) {
  if (digits == 32) {
    write_hex(out, hash.high, 16);
    write_hex(out + 16, hash.low, 16);
  } else {
    write_hex(out, hash.low, digits);
  }
}

static enum cli_exit write_key(struct output *output, const struct field_style *style, const struct rows *rows,
                               size_t row) {
  for (size_t i = 0; i < rows->n_columns; i++) {
    if (i > 0)
      CLI_TRY(output_write(output, &style->delimiter, 1));
    CLI_TRY(field_write_row(output, style, &rows->columns[i], row));
  }
  return CLI_OK;
}

static enum cli_exit print_text(struct job *job, const struct rows *rows) {
  const struct hash_options *options = &job->options;
  const struct field_style style = field_style(job->delimiter, options->common.null, false);
  const size_t digits = 2 * hash_bytes(options->algo);
  const char end = options->zero ? '\0' : '\n';
  struct output *output = &job->output;
  for (size_t row = 0; row < rows->rows; row++) {
    enum cli_exit code;
    const char *text = "";
    size_t bytes = 0;
    char *line = output_room(output, &code);
    if (!line)
      return code;
    write_hash(line, hash_of(job, row), digits);
    output->used += digits;
    if (!options->hash_only) {
      memcpy(line + digits, "  ", 2);
      output->used += 2;
      if (job->delimiter)
        CLI_TRY(write_key(output, &style, rows, row));
      else
        field_text(rows->columns, row, &text, &bytes);
    }
    CLI_TRY(output_write(output, text, bytes));
    CLI_TRY(output_write(output, &end, 1));
  }
  return CLI_OK;
}

static enum cli_exit print_binary(struct job *job, const struct rows *rows) {
  const size_t width = hash_bytes(job->options.algo);
  for (size_t row = 0; row < rows->rows; row++) {
    struct weft_fingerprint hash = hash_of(job, row);
    enum cli_exit code;
    char *out = output_room(&job->output, &code);
    if (!out)
      return code;
    for (size_t i = 0; i < width; i++)
      out[i] = (char)((i < 8 ? hash.low : hash.high) >> 8 * (i % 8));
    job->output.used += width;
  }
  return CLI_OK;
}

static enum cli_exit hash_batch(struct job *job, const struct rows *rows, const char *name) {
  weft_ctx *ctx = job->memory.ctx;
  const struct hash_options *options = &job->options;
  if (rows->rows > job->capacity) {
    CLI_TRY(memory_resize(ctx, &job->hashes, rows->rows, hash_bytes(options->algo), name, "hashes"));
    job->capacity = rows->rows;
  }
  weft_status status;
  if (options->algo == HASH_XXH32)
    status = weft_hash32(ctx, rows->columns, rows->n_columns, (uint32_t)options->seed, job->hashes);
  else if (options->algo == HASH_XXH128)
    status = weft_hash128(ctx, rows->columns, rows->n_columns, options->seed, job->hashes);
  else
    status = weft_hash64(ctx, options->algo == HASH_XXH64 ? WEFT_XXH64 : WEFT_XXH3_64, rows->columns, rows->n_columns,
                         options->seed, job->hashes);
  return status == WEFT_OK ? CLI_OK : memory_status(ctx, status, name);
}

static enum cli_exit choose(void *user, struct table *table, const struct source *source) {
  struct job *job = user;
  job->delimiter = options_delimiter(&job->options.common, source->name);
  return table_choose_names(table, &job->names);
}

static enum cli_exit take(void *user, const struct rows *rows, const struct source *source) {
  struct job *job = user;
  CLI_TRY(hash_batch(job, rows, source->name));
  CLI_TRY(job->options.binary ? print_binary(job, rows) : print_text(job, rows));
  /* Whoever feeds a pipe line by line sees each answer before the next line. */
  return source->regular ? CLI_OK : output_flush(&job->output);
}

static enum cli_exit hash_lines(struct job *job, const struct source *source, struct lines *lines) {
  uint64_t before = job->done.bytes;
  for (;;) {
    struct rows rows;
    CLI_TRY(lines_next(lines, &rows));
    job->done.bytes = before + rows.bytes;
    if (rows.rows == 0)
      return CLI_OK;
    CLI_TRY(memory_validate(job->memory.ctx, rows.columns, rows.n_columns, source->name));
    CLI_TRY(take(job, &rows, source));
    job->done.rows += rows.rows;
    progress_update(job->done.rows, job->done.bytes);
  }
}

static enum cli_exit read_lines(struct job *job) {
  const struct hash_options *options = &job->options;
  progress_start(!options->common.no_progress, source_total(options->files, options->n_files));
  for (size_t i = 0; i < options->n_files; i++) {
    struct source source;
    struct lines lines;
    CLI_TRY(source_open(&source, options->files[i]));
    enum cli_exit code = lines_open(&lines, job->memory.ctx, &source, options->zero ? '\0' : '\n');
    if (code == CLI_OK)
      code = hash_lines(job, &source, &lines);
    lines_close(&lines);
    source_close(&source);
    CLI_TRY(code);
  }
  return CLI_OK;
}

static enum cli_exit hash_files(struct job *job) {
  const struct hash_options *options = &job->options;
  const struct tables_hooks hooks = {choose, take, job};
  weft_ctx *ctx = job->memory.ctx;
  CLI_TRY(names_parse(ctx, "--column", options->columns, &job->names));
  CLI_TRY(output_open(&job->output, ctx, options->common.output));
  CLI_TRY(options->is_table ? tables_read(ctx, &options->common, options->files, options->n_files, &hooks, &job->done)
                            : read_lines(job));
  CLI_TRY(output_commit(&job->output));
  progress_clear();
  return options->common.stats ? report_stats(&job->memory, NULL, job->done.bytes, job->done.rows) : CLI_OK;
}

enum cli_exit hash_run(int argc, char **argv) {
  struct job job = {.output.fd = -1};
  CLI_TRY(hash_options_parse(argc, argv, &job.options));
  if (job.options.common.help)
    return output_text(hash_help, strlen(hash_help));
  CLI_TRY(memory_open(&job.memory, job.options.common.isa, job.options.common.memory_limit));
  enum cli_exit code = hash_files(&job);
  output_abandon(&job.output);
  names_free(job.memory.ctx, &job.names);
  memory_free(job.memory.ctx, job.hashes);
  memory_close(&job.memory);
  return code;
}
