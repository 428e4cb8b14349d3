/* SPDX-License-Identifier: MIT
 *
 * Tables that follow one another, batch by batch.
 */
#ifndef CLI_TABLES_H
#define CLI_TABLES_H

#include "cli/options.h"
#include "cli/table.h"

/* What is done with tables. */
struct tables_hooks {
  /* The header of one is read: chooses its columns. */
  enum cli_exit (*choose)(void *user, struct table *table, const struct source *source);
  /* Its next rows, which the library may trust. */
  enum cli_exit (*take)(void *user, const struct rows *rows, const struct source *source);
  void *user;
};

/* What was read: rows of all tables, and bytes. */
struct tables_done {
  uint64_t rows, bytes;
};

/* Reads the tables in files, and shows progress. */
enum cli_exit tables_read(weft_ctx *ctx, const struct options_common *options, char *const *files, size_t n,
                          const struct tables_hooks *hooks, struct tables_done *done);

#endif
