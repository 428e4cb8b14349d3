/* SPDX-License-Identifier: MIT
 *
 * The way from files to batches of rows. Called by the subcommands that go through tables once; knows nothing of what
 * they do with the rows.
 */
#include "cli/tables.h"
#include "cli/progress.h"

static enum cli_exit read_table(weft_ctx *ctx, struct table *table, const struct source *source,
                                const struct tables_hooks *hooks, struct tables_done *done) {
  uint64_t before = done->bytes;
  CLI_TRY(hooks->choose(hooks->user, table, source));
  for (;;) {
    struct rows rows = {0};
    CLI_TRY(table_next(table, &rows));
    done->bytes = before + rows.bytes;
    if (rows.rows == 0)
      return CLI_OK;
    CLI_TRY(memory_validate(ctx, rows.columns, rows.n_columns, source->name));
    CLI_TRY(hooks->take(hooks->user, &rows, source));
    done->rows += rows.rows;
    progress_update(done->rows, done->bytes);
  }
}

enum cli_exit tables_read(weft_ctx *ctx, const struct options_common *options, char *const *files, size_t n,
                          const struct tables_hooks *hooks, struct tables_done *done) {
  progress_start(!options->no_progress, source_total(files, n));
  for (size_t i = 0; i < n; i++) {
    const struct table_format format = {.delimiter = options_delimiter(options, files[i]), .null = options->null};
    struct source source;
    struct table *table = NULL;
    CLI_TRY(source_open(&source, files[i]));
    enum cli_exit code = table_open(ctx, &source, &format, &table);
    if (code == CLI_OK)
      code = read_table(ctx, table, &source, hooks, done);
    table_close(table);
    source_close(&source);
    CLI_TRY(code);
  }
  return CLI_OK;
}
