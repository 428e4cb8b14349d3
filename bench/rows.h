/* SPDX-License-Identifier: MIT
 *
 * Rows to measure on: strings of a law (laws.h) in each of the layouts that columns have, enough of them to come from DRAM.
 * Used by bench programs and by the peers' loops; knows no hash.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "laws.h"

#include <weft/column.h>

enum rows_layout {
  ROWS_OFFSETS32,
  ROWS_OFFSETS64,
  ROWS_POINTERS,  /* pointers and lengths, in the order of the bytes */
  ROWS_SCATTERED, /* pointers and lengths in random order: every row is somewhere else */
  ROWS_VIEWS,     /* Arrow's string views, longer strings in one buffer */
  ROWS_SELECTION, /* offsets32 under a filter's selection: every second row on average, ascending */
  ROWS_SHUFFLED,  /* offsets32 under a selection of all rows in random order */
  ROWS_FIXED      /* integers */
};

/* Which rows to make. */
struct rows_spec {
  const struct law *law;
  enum rows_layout layout;
  bool nulls; /* one row in ten, at random */
  bool seeds; /* each row has a seed of its own */
};

/* Does one row follow the other in memory, so that what comes next is known without a look at where each row is? */
static inline bool rows_follow(const struct rows_spec *spec) {
  return spec->layout == ROWS_OFFSETS32 || spec->layout == ROWS_OFFSETS64 || spec->layout == ROWS_FIXED;
}

/* Rows in one layout. A piece is piece_rows of them that with their offsets and hashes take about 400 KB. */
struct rows {
  struct rows_spec spec;
  size_t base_rows, rows; /* of the layout; to be hashed: fewer under a filter's selection */
  size_t width;           /* ROWS_FIXED */
  uint8_t *data;
  size_t data_bytes;
  int32_t *offsets; /* [base_rows + 1] */
  int64_t *offsets64;
  const void **ptrs; /* [base_rows] */
  size_t *lengths;   /* [base_rows] of the pointers */
  struct weft_view *views;
  const uint8_t *buffers[1]; /* of views: data */
  size_t buffer_bytes[1];
  uint32_t *selection; /* [rows] */
  uint8_t *validity;   /* a bit a row; NULL: no nulls */
  uint64_t *seeds;     /* [rows]; NULL: none */
  size_t piece_rows, pieces;
  uint64_t *piece_bytes; /* [pieces] of values that are not null */
  uint64_t seed;
};

/* About how many bytes rows take: 200 MB, and four times the last cache where that is larger. */
size_t rows_memory(void);

/* Makes n columns of as many rows each, rows[n], that are hashed together: their memory is that of rows_memory in all, and
 * a piece of one is as many rows as a piece of the others. Only a column alone may have a selection. Ends the program when
 * there is no memory. */
void rows_make(const struct rows_spec *specs, size_t n, const struct law_names *names, struct rows **rows);
void rows_free(struct rows *rows);

/* Cuts the bytes into strings of new lengths, where that is what keeps their number of distinct strings above 500,000. */
void rows_recut(struct rows *rows);

/* Brings all memory of a piece but its hashes into the cache, by a walk whose branches do not depend on the lengths. The
 * rows are not ROWS_SHUFFLED or ROWS_SCATTERED, which come from DRAM only. */
void rows_touch(const struct rows *rows, size_t piece);
void rows_touch_bytes(const void *start, size_t bytes);

/* n rows from first on as a column of weft. */
struct weft_column rows_column(const struct rows *rows, size_t first, size_t n);

/* Bytes of one row's value, whether it is null or not; and is it? */
size_t rows_length(const struct rows *rows, size_t row);
static inline bool rows_valid(const uint8_t *validity, size_t row) {
  return validity[row / 8] >> row % 8 & 1;
}

#endif
