/* SPDX-License-Identifier: MIT
 *
 * Rows in memory. Called by join.c for the table that is indexed, by group.c for keys, by partition.c and pack_tables.c
 * for what they gather; knows nothing of any.
 */
#include "cli/store.h"

#include <inttypes.h>
#include <string.h>

/* What a store begins with: fewer rows where so many columns are kept that their offsets would be large. */
#define STORE_ROWS ((size_t)8192)
#define STORE_OFFSETS ((size_t)1 << 20)
#define STORE_DATA ((size_t)4096)

/* How many rows ahead the bytes of fields are asked for, and as many before that the offsets that lead to them. */
#define AHEAD ((size_t)8)

/* Sets the room for rows; it may be less than before, if not less than there are. */
static enum cli_exit resize_rows(struct store *store, size_t capacity, const char *name) {
  for (size_t i = 0; i < store->n_columns; i++) {
    struct store_column *column = &store->columns[i];
    void *offsets = column->offsets, *valid = column->valid;
    CLI_TRY(memory_resize(store->ctx, &offsets, capacity + 1, sizeof *column->offsets, name, "rows to keep"));
    column->offsets = offsets;
    column->offsets[0] = 0;
    if (store->nulls)
      CLI_TRY(memory_resize(store->ctx, &valid, capacity / 8 + 1, 1, name, "rows to keep"));
    column->valid = valid;
  }
  store->capacity = capacity;
  return CLI_OK;
}

static enum cli_exit resize_data(struct store *store, struct store_column *column, size_t capacity, const char *name) {
  void *data = column->data;
  CLI_TRY(memory_resize(store->ctx, &data, capacity, 1, name, "rows to keep"));
  column->data = data;
  column->capacity = capacity;
  return CLI_OK;
}

enum cli_exit store_open(struct store *store, weft_ctx *ctx, size_t n_columns, bool nulls, const char *name) {
  void *columns = NULL, *views = NULL;
  *store = (struct store){.ctx = ctx, .nulls = nulls};
  CLI_TRY(memory_resize(ctx, &views, n_columns, sizeof *store->views, name, "rows to keep"));
  store->views = views;
  CLI_TRY(memory_resize(ctx, &columns, n_columns, sizeof *store->columns, name, "rows to keep"));
  store->columns = columns;
  memset(columns, 0, n_columns * sizeof *store->columns);
  store->n_columns = n_columns;
  for (size_t i = 0; i < n_columns; i++)
    CLI_TRY(resize_data(store, &store->columns[i], STORE_DATA, name));
  return resize_rows(store, n_columns <= STORE_OFFSETS / STORE_ROWS ? STORE_ROWS : STORE_OFFSETS / n_columns, name);
}

static bool is_valid(const uint8_t *bits, size_t row) {
  return bits[row / 8] >> row % 8 & 1;
}

static void set_valid(uint8_t *bits, size_t row, bool valid) {
  bits[row / 8] = (uint8_t)((bits[row / 8] & ~(1u << row % 8)) | (unsigned)valid << row % 8);
}

static enum cli_exit add_column(struct store *store, struct store_column *column, const struct weft_column *from,
                                const char *name) {
  const int64_t *offsets = from->aux;
  int64_t *ends = column->offsets + store->rows;
  size_t used = (size_t)ends[0], bytes = (size_t)(offsets[from->rows] - offsets[0]);
  if (bytes > column->capacity - used) /* half as much again: both count memory that is there */
    CLI_TRY(resize_data(store, column, (used + bytes) / 2 * 3 + 1, name));
  if (bytes > 0)
    memcpy(column->data + used, (const char *)from->data + offsets[0], bytes);
  for (size_t row = 1; row <= from->rows; row++)
    ends[row] = ends[0] + (offsets[row] - offsets[0]);
  for (size_t row = 0; store->nulls && row < from->rows; row++)
    set_valid(column->valid, store->rows + row,
              !from->base_validity || is_valid(from->base_validity, from->base_bit_offset + row));
  return CLI_OK;
}

enum cli_exit store_add(struct store *store, const struct rows *rows, const char *name) {
  const size_t most = WEFT_NO_ROW - 1;
  if (rows->rows > most - store->rows)
    return cli_fail(CLI_DATA, "%s:%" PRIu64 ": the rows up to here are more than the %zu that can be kept in memory", name,
                    rows->lines[most - store->rows], most);
  if (rows->rows > store->capacity - store->rows)
    CLI_TRY(resize_rows(store, (store->rows + rows->rows) / 2 * 3 + 1, name));
  for (size_t i = 0; i < store->n_columns; i++)
    CLI_TRY(add_column(store, &store->columns[i], &rows->columns[i], name));
  store->rows += rows->rows;
  return CLI_OK;
}

void store_move(struct store *store, size_t from, size_t to) {
  if (from == to)
    return;
  for (size_t i = 0; i < store->n_columns; i++) {
    struct store_column *column = &store->columns[i];
    int64_t start = column->offsets[from], bytes = column->offsets[from + 1] - start, place = column->offsets[to];
    if (bytes > 0)
      memmove(column->data + place, column->data + start, (size_t)bytes);
    column->offsets[to + 1] = place + bytes;
    if (store->nulls)
      set_valid(column->valid, to, is_valid(column->valid, from));
  }
}

void store_cut(struct store *store, size_t rows) {
  store->rows = rows;
}

enum cli_exit store_fit(struct store *store, const char *name) {
  CLI_TRY(resize_rows(store, store->rows, name));
  for (size_t i = 0; i < store->n_columns; i++)
    CLI_TRY(resize_data(store, &store->columns[i], (size_t)store->columns[i].offsets[store->rows], name));
  return CLI_OK;
}

const struct weft_column *store_columns(struct store *store) {
  for (size_t i = 0; i < store->n_columns; i++) {
    const struct store_column *column = &store->columns[i];
    store->views[i] =
        weft_column_offsets64(column->data, (size_t)column->offsets[store->rows], column->offsets, store->rows);
    if (store->nulls)
      store->views[i] = weft_column_with_validity(store->views[i], column->valid, 0);
  }
  return store->views;
}

void store_prefetch(const struct store *store, const uint32_t *rows, size_t n) {
  for (size_t i = 0; i < store->n_columns; i++) {
    const struct store_column *column = &store->columns[i];
    if (n > AHEAD && rows[AHEAD] != WEFT_NO_ROW)
      __builtin_prefetch(column->data + column->offsets[rows[AHEAD]]);
    if (n > 2 * AHEAD && rows[2 * AHEAD] != WEFT_NO_ROW)
      __builtin_prefetch(column->offsets + rows[2 * AHEAD]);
  }
}

void store_close(struct store *store) {
  for (size_t i = 0; i < store->n_columns; i++) {
    memory_free(store->ctx, store->columns[i].data);
    memory_free(store->ctx, store->columns[i].offsets);
    memory_free(store->ctx, store->columns[i].valid);
  }
  memory_free(store->ctx, store->columns);
  memory_free(store->ctx, store->views);
}
