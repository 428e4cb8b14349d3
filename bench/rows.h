/* SPDX-License-Identifier: MIT
 *
 * Rows to measure on: several laws of lengths, in each of the layouts that columns have, enough of them to come from DRAM.
 * Used by bench programs and by the peers' loops; knows no hash.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weft/column.h>

enum rows_kind {
  ROWS_UNIFORM,  /* lengths low to high, alike likely */
  ROWS_NAMES,    /* names of packages */
  ROWS_MIXED,    /* nine of ten 1 to 32 B, one up to high */
  ROWS_REPEATED, /* uniform, each string 1 to 16 times in a row, as in a column that is sorted */
  ROWS_REPLAYED, /* uniform, the same 2,000 strings over and over: predictors learn them, so this is only a control */
  ROWS_INTEGERS  /* low bytes each, never zero */
};

struct rows_law {
  const char *name;
  const char *about;
  enum rows_kind kind;
  uint32_t low, high;
};

enum rows_layout {
  ROWS_OFFSETS,   /* offsets32 */
  ROWS_POINTERS,  /* pointers and lengths, in the order of the bytes */
  ROWS_VIEWS,     /* Arrow's string views, longer strings in one buffer */
  ROWS_SELECTION, /* offsets32 under a filter's selection: every second row on average, ascending */
  ROWS_SHUFFLED,  /* offsets32 under a selection of all rows in random order */
  ROWS_FIXED      /* integers */
};

/* Names to draw from: read by rows_names_read; n 0: none, lengths are then drawn from a recorded table. */
struct rows_name {
  const char *bytes; /* in text, no NUL behind them */
  uint32_t length;   /* 1 to ROWS_LONGEST; longer ones are left out */
};
struct rows_names {
  size_t n;
  struct rows_name *list;
  char *text;
};
#define ROWS_LONGEST 2048

/* Rows in one layout. A piece is piece_rows of them that with their offsets and hashes take about 400 KB. */
struct rows {
  const struct rows_law *law;
  enum rows_layout layout;
  size_t base_rows, rows; /* of the layout; to be hashed: fewer under a filter's selection */
  size_t width;           /* ROWS_FIXED */
  uint8_t *data;
  size_t data_bytes;
  int32_t *offsets;  /* [base_rows + 1]; of ROWS_VIEWS and ROWS_POINTERS too, where bytes of row i begin in data */
  const void **ptrs; /* ROWS_POINTERS */
  size_t *lengths;   /* ROWS_POINTERS */
  struct weft_view *views;
  const uint8_t *buffers[1]; /* ROWS_VIEWS: data */
  size_t buffer_bytes[1];
  uint32_t *selection; /* [rows] */
  size_t piece_rows, pieces;
  uint64_t *piece_bytes; /* [pieces] of values */
  uint64_t seed;
};

/* About how many bytes rows take: 200 MB, and four times the last cache where that is larger. */
size_t rows_memory(void);

/* Makes rows of a law in a layout. names is used by ROWS_NAMES. Ends the program when there is no memory. */
struct rows *rows_make(const struct rows_law *law, enum rows_layout layout, const struct rows_names *names);
void rows_free(struct rows *rows);

/* Cuts the bytes into strings of new lengths, where that is what keeps their number of distinct strings above 500,000. */
void rows_recut(struct rows *rows);

/* Brings all memory of a piece but its hashes into the cache, by a walk whose branches do not depend on the lengths. */
void rows_touch(const struct rows *rows, size_t piece);
void rows_touch_bytes(const void *start, size_t bytes);

/* n rows from first on as a column of weft. */
struct weft_column rows_column(const struct rows *rows, size_t first, size_t n);

/* Bytes of one row's value. */
size_t rows_length(const struct rows *rows, size_t row);

/* Reads names, one a line; of lines such as "Package: NAME", if there are any, only those. Ends the program, with a
 * message, when the file cannot be read or holds no name. */
void rows_names_read(const char *path, struct rows_names *names);
void rows_names_free(struct rows_names *names);

/* A number below n (n > 0) and the state's next; the generator is splitmix64. */
uint64_t rows_random(uint64_t *state);

#endif
