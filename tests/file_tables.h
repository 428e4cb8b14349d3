/* SPDX-License-Identifier: MIT
 *
 * Tables for the suites of files: random columns of every type and layout with the truth of their rows, how they are
 * written, and the check that a file has them, every value of them, and says the right things of them.
 */
#ifndef TESTS_FILE_TABLES_H
#define TESTS_FILE_TABLES_H

#include "files.h"

#define MOST_COLUMNS 5

/* One case: a table, whose columns have the same rows, and the file of it. */
struct table {
  struct rng rng;
  size_t rows, n;
  struct test_column truth[MOST_COLUMNS];
  struct weft_column columns[MOST_COLUMNS];
  struct weft_field fields[MOST_COLUMNS];
  uint32_t chunk_rows;
};

extern const char *const table_names[MOST_COLUMNS];

/* Draws case number `number`, whose memory is the pool's. */
void table_draw(struct guard_pool *pool, struct table *table, size_t number, const char *isa);

/* Writes the table, `step` rows an append (0: any numbers of rows). */
void table_write(weft_ctx *ctx, struct table *table, const struct weft_writer_options *options, size_t step,
                 struct file *to);

/* Reads the file and holds it against the table. */
void table_check(weft_ctx *ctx, const struct table *table, struct file *from, enum source_kind kind);

#endif
