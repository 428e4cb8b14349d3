/* SPDX-License-Identifier: MIT
 *
 * Rows that stay in memory: of each column its bytes, where each field ends, and which are null.
 */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include "cli/memory.h"
#include "cli/rows.h"

struct store_column {
  char *data;
  size_t capacity;  /* bytes at data */
  int64_t *offsets; /* [capacity of rows + 1] */
  uint8_t *valid;   /* a bit for each row; NULL: none is null */
};

/* Zeroes may be closed. */
struct store {
  weft_ctx *ctx;
  struct store_column *columns;
  struct weft_column *views; /* what store_columns returns */
  size_t n_columns, rows, capacity;
  bool nulls;
};

/* Begins without rows. nulls: fields may be null. After a failure too, store_close may be called. */
enum cli_exit store_open(struct store *store, weft_ctx *ctx, size_t n_columns, bool nulls, const char *name);

/* Adds a batch of a table, whose first columns are the store's; name is its input's. At most WEFT_NO_ROW - 1 rows fit. */
enum cli_exit store_add(struct store *store, const struct rows *rows, const char *name);

/* Puts row number from in the place of row number to <= from. What lay between two moved rows is lost: they are moved in
 * ascending order, the first to its own place or below, and store_cut ends it. */
void store_move(struct store *store, size_t from, size_t to);

/* Keeps the first rows alone. */
void store_cut(struct store *store, size_t rows);

/* Gives back what was taken for rows to come. */
enum cli_exit store_fit(struct store *store, const char *name);

/* All rows as columns; valid until rows are added or moved. */
const struct weft_column *store_columns(struct store *store);

/* Asks memory for the fields of rows to come, which may lie anywhere: rows[0] comes next, rows[n - 1] last, and WEFT_NO_ROW
 * is none. Called for each row that is printed. */
void store_prefetch(const struct store *store, const uint32_t *rows, size_t n);

void store_close(struct store *store);

#endif
