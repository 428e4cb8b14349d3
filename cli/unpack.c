/* SPDX-License-Identifier: MIT
 *
 * `weft unpack` and `weft cat`: chunk by chunk, the rows that are wanted of the columns that are wanted. Called by main.c.
 */
#include "cli/unpack.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/report.h"

#include <string.h>

/* The part of a chunk that is wanted: rows of it from first on. False: none is, and *past says whether none of later
 * ones is. */
static bool wanted(const struct unpack_options *options, const struct weft_chunk_info *chunk, uint64_t *first,
                   uint64_t *rows, bool *past) {
  uint64_t begin = chunk->first_row, end = begin + chunk->rows;
  uint64_t want_end = options->rows == UINT64_MAX ? UINT64_MAX : options->first_row + options->rows;
  *past = want_end <= end;
  *first = options->first_row > begin ? options->first_row - begin : 0;
  if (want_end < end)
    end = want_end;
  *rows = end > begin + *first ? end - begin - *first : 0;
  return *rows > 0;
}

static enum cli_exit print_chunks(struct unpack *unpack, struct print *print) {
  struct packed *packed = &unpack->packed;
  bool past = unpack->options.rows == 0;
  while (!past) {
    struct weft_chunk_info info;
    uint64_t chunk, first, rows;
    CLI_TRY(packed_next(packed, &chunk));
    if (chunk == UINT64_MAX)
      return CLI_OK;
    CLI_TRY(packed_chunk(packed, chunk, 0, &info));
    if (!wanted(&unpack->options, &info, &first, &rows, &past))
      continue;
    CLI_TRY(print_rows(print, chunk, first, rows));
    unpack->rows += rows;
    progress_update(unpack->rows, packed_is_mapped(packed) ? info.offset : packed->taken);
  }
  return CLI_OK;
}

static enum cli_exit print_table(struct unpack *unpack) {
  const struct options_common *common = &unpack->options.common;
  struct print print = {0};
  CLI_TRY(output_open(&unpack->output, unpack->memory.ctx, common->output));
  enum cli_exit code = print_open(&print, &unpack->packed, &unpack->columns, &unpack->output,
                                  unpack_options_delimiter(&unpack->options), common->null);
  if (code == CLI_OK)
    code = print_header(&print);
  if (code == CLI_OK)
    code = print_chunks(unpack, &print);
  print_close(&print);
  return code == CLI_OK ? output_commit(&unpack->output) : code;
}

static enum cli_exit unpack_file(struct unpack *unpack) {
  const struct unpack_options *options = &unpack->options;
  CLI_TRY(names_parse(unpack->memory.ctx, "--columns", options->columns, &unpack->columns));
  CLI_TRY(packed_open(&unpack->packed, unpack->memory.ctx, options->file));
  progress_start(!options->common.no_progress, unpack->packed.map_bytes);
  CLI_TRY(options->folder ? unpack_arrays(unpack) : print_table(unpack));
  progress_clear();
  return options->common.stats ? report_stats(&unpack->memory, NULL, unpack->packed.info.bytes, unpack->rows) : CLI_OK;
}

static enum cli_exit run(int argc, char **argv, const char *help) {
  struct unpack unpack = {.output.fd = -1, .packed.source.fd = -1};
  CLI_TRY(unpack_options_parse(argc, argv, &unpack.options));
  if (unpack.options.common.help)
    return output_text(help, strlen(help));
  CLI_TRY(memory_open(&unpack.memory, unpack.options.common.isa, unpack.options.common.memory_limit));
  enum cli_exit code = unpack_file(&unpack);
  output_abandon(&unpack.output);
  packed_close(&unpack.packed);
  names_free(unpack.memory.ctx, &unpack.columns);
  memory_close(&unpack.memory);
  return code;
}

enum cli_exit unpack_run(int argc, char **argv) {
  return run(argc, argv, unpack_help);
}

enum cli_exit cat_run(int argc, char **argv) {
  return run(argc, argv, cat_help);
}
