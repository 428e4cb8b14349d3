/* SPDX-License-Identifier: MIT
 *
 * `weft pack`: columns by name and type, from tables (pack_tables.c) or arrays (pack_arrays.c), through the encoders into a
 * file. Called by main.c.
 */
#include "cli/pack.h"
#include "cli/progress.h"
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A sink that takes everything. */
static bool drop(void *user, const void *bytes, size_t n) {
  (void)user, (void)bytes, (void)n;
  return true;
}

/* Settings for columns that are not there help nobody. */
static enum cli_exit check_settings(const struct pack *pack, const char *input) {
  static const char *const options[] = {[PACK_TYPE] = "--type", [PACK_CODEC] = "--codec"};
  for (size_t i = 0; i < pack->options.n_settings; i++) {
    const struct pack_setting *setting = &pack->options.settings[i];
    if (setting->name && setting->kind <= PACK_CODEC &&
        names_find(&pack->names, setting->name, setting->name_bytes) == pack->names.n)
      return cli_fail(CLI_DATA, "%s: %s: no column '%.*s' among the %zu", input, options[setting->kind],
                      (int)setting->name_bytes, setting->name, pack->names.n);
  }
  return CLI_OK;
}

static enum cli_exit check_names(const struct pack *pack, const char *input) {
  for (size_t i = 0; i < pack->names.n; i++) {
    size_t bytes;
    const char *name = names_at(&pack->names, i, &bytes);
    if (bytes == 0)
      return cli_fail(CLI_DATA, "%s: column %zu of %zu has no name in --names", input, i + 1, pack->names.n);
    if (memchr(name, '\0', bytes))
      return cli_fail(CLI_DATA, "%s: column %zu of %zu has a zero byte in its name: tables are UTF-8, not UTF-16", input,
                      i + 1, pack->names.n);
    json_t *text = json_stringn(name, bytes);
    if (!text)
      return cli_fail(CLI_DATA, "%s: column %zu of %zu has a name that is no UTF-8: give all by --names", input, i + 1,
                      pack->names.n);
    json_decref(text);
  }
  return CLI_OK;
}

/* What the library does not take of the columns. It finds names that are there twice faster than it is said which. */
static enum cli_exit refuse_columns(const struct pack *pack, const char *input, weft_status status) {
  for (size_t i = 0; status == WEFT_E_INVALID && i < pack->names.n; i++) {
    size_t bytes;
    const char *name = names_at(&pack->names, i, &bytes);
    size_t other = names_find(&pack->names, name, bytes);
    if (other < i)
      return cli_fail(CLI_DATA, "%s: columns %zu and %zu of %zu are both named '%.*s': give all by --names", input,
                      other + 1, i + 1, pack->names.n, bytes > 200 ? 200 : (int)bytes, name);
  }
  return memory_status(pack->memory.ctx, status, input);
}

static void writer_options(const struct pack *pack, struct weft_writer_options *options) {
  weft_writer_options_init(options, sizeof *options);
  options->chunk_rows = (uint32_t)pack->options.chunk_rows;
  options->encode.zones = !pack->options.no_zones;
  options->encode.sorted_dictionary = pack->options.sorted_dictionary;
}

/* text: the names, terminated, one behind the other; as_strings: whatever the types. */
static weft_status open_writer(struct pack *pack, struct weft_field *fields, char *text, bool as_strings,
                               weft_writer **out) {
  struct weft_writer_options options;
  writer_options(pack, &options);
  for (size_t i = 0; i < pack->names.n; i++) {
    size_t bytes;
    const char *name = names_at(&pack->names, i, &bytes);
    struct type type = as_strings ? type_of(WEFT_STRING, 0) : pack->columns[i].type;
    fields[i] = (struct weft_field){.name = text, .type = type.type};
    fields[i].width = type.type == WEFT_FIXED_BYTES ? type.width : 0;
    memcpy(text, name, bytes);
    text[bytes] = '\0';
    text += bytes + 1;
  }
  return as_strings ? weft_writer_open(pack->memory.ctx, fields, pack->names.n, &options, drop, NULL, out)
                    : weft_writer_open(pack->memory.ctx, fields, pack->names.n, &options, sink_write, &pack->sink, out);
}

/* The file's writer; with as_strings one that writes nowhere, which shows what is wrong with names before types are
 * known. */
static enum cli_exit make_writer(struct pack *pack, bool as_strings, const char *name, weft_writer **out) {
  weft_ctx *ctx = pack->memory.ctx;
  void *fields = NULL, *text = NULL;
  size_t n = pack->names.n;
  enum cli_exit code = memory_resize(ctx, &fields, n, sizeof(struct weft_field), name, "columns");
  if (code == CLI_OK)
    code = memory_resize(ctx, &text, pack->names.ends[n - 1] + n, 1, name, "columns");
  if (code == CLI_OK) {
    weft_status status = open_writer(pack, fields, text, as_strings, out);
    if (status != WEFT_OK)
      code = as_strings ? refuse_columns(pack, name, status) : sink_status(&pack->sink, status);
  }
  memory_free(ctx, fields);
  memory_free(ctx, text);
  return code;
}

enum cli_exit pack_open_columns(struct pack *pack, bool is_text, const char *input) {
  weft_writer *trial = NULL;
  void *columns = NULL;
  CLI_TRY(check_names(pack, input));
  CLI_TRY(make_writer(pack, true, input, &trial));
  weft_writer_free(trial);
  CLI_TRY(check_settings(pack, input));
  CLI_TRY(memory_resize(pack->memory.ctx, &columns, pack->names.n, sizeof *pack->columns, input, "columns"));
  pack->columns = columns;
  for (size_t i = 0; i < pack->names.n; i++) {
    size_t bytes;
    const char *name = names_at(&pack->names, i, &bytes);
    const struct pack_setting *type = pack_options_find(&pack->options, is_text ? PACK_TYPE : PACK_RAW, name, bytes);
    const struct pack_setting *codec = pack_options_find(&pack->options, PACK_CODEC, name, bytes);
    pack->columns[i] = (struct encoder_column){0};
    if (type)
      pack->columns[i].type = type->type;
    if (codec)
      memcpy(pack->columns[i].codec, codec->codec, sizeof codec->codec);
  }
  struct weft_writer_options options;
  writer_options(pack, &options);
  pack->encoders.memory = &pack->memory;
  pack->encoders.columns = pack->columns;
  pack->encoders.names = &pack->names;
  pack->encoders.n_columns = pack->names.n;
  pack->encoders.options = options.encode;
  pack->encoders.is_text = is_text;
  pack->encoders.nulls = pack->options.common.null != NULL;
  pack->encoders.input = input;
  pack->encoders.sink = &pack->sink;
  return encoders_open(&pack->encoders, pack->options.threads);
}

enum cli_exit pack_open_writer(struct pack *pack) {
  CLI_TRY(make_writer(pack, false, pack->output.name, &pack->writer));
  pack->encoders.writer = pack->writer;
  for (size_t i = 0; i < pack->options.n_settings; i++) {
    const struct pack_setting *setting = &pack->options.settings[i];
    if (setting->kind != PACK_METADATA)
      continue;
    char *key = strndup(setting->name, setting->name_bytes);
    if (!key)
      return cli_fail(CLI_IO, "--metadata: %s", strerror(errno));
    weft_status status = weft_writer_metadata(pack->writer, key, setting->value, strlen(setting->value));
    free(key);
    if (status != WEFT_OK)
      return memory_status(pack->memory.ctx, status, "--metadata");
  }
  return CLI_OK;
}

static enum cli_exit print_summary(const struct pack *pack) {
  double ratio = pack->sink.bytes > 0 ? (double)pack->bytes / (double)pack->sink.bytes : 0;
  json_t *summary =
      json_pack("{s:I, s:I, s:I, s:I, s:I, s:f, s:I}", "rows", (json_int_t)pack->rows, "columns", (json_int_t)pack->names.n,
                "chunks", (json_int_t)pack->encoders.written, "bytes", (json_int_t)pack->bytes, "output_bytes",
                (json_int_t)pack->sink.bytes, "ratio", ratio, "threads", (json_int_t)pack->options.threads);
  return report_summary(&pack->memory, summary, pack->options.common.output != NULL);
}

static enum cli_exit pack_files(struct pack *pack) {
  const struct options_common *common = &pack->options.common;
  CLI_TRY(output_open(&pack->output, pack->memory.ctx, common->output));
  pack->sink.output = &pack->output;
  CLI_TRY(pack->options.n_of[PACK_RAW] > 0 ? pack_arrays(pack) : pack_tables(pack));
  CLI_TRY(encoders_finish(&pack->encoders));
  CLI_TRY(sink_status(&pack->sink, weft_writer_finish(pack->writer)));
  CLI_TRY(output_commit(&pack->output));
  progress_clear();
  if (common->json)
    CLI_TRY(print_summary(pack));
  encoders_close(&pack->encoders);
  return common->stats ? report_stats(&pack->memory, &pack->encoders.stats, pack->bytes, pack->rows) : CLI_OK;
}

enum cli_exit pack_run(int argc, char **argv) {
  struct pack pack = {.output.fd = -1};
  enum cli_exit code = pack_options_parse(argc, argv, &pack.options);
  if (code == CLI_OK && pack.options.common.help)
    code = output_text(pack_help, strlen(pack_help));
  else if (code == CLI_OK)
    code = memory_open(&pack.memory, pack.options.common.isa, pack.options.common.memory_limit);
  if (pack.memory.ctx) {
    code = pack_files(&pack);
    encoders_close(&pack.encoders);
    weft_writer_free(pack.writer);
    output_abandon(&pack.output);
    names_free(pack.memory.ctx, &pack.names);
    memory_free(pack.memory.ctx, pack.columns);
    memory_close(&pack.memory);
  }
  pack_options_free(&pack.options);
  return code;
}
