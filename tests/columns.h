/* SPDX-License-Identifier: MIT
 *
 * Columns of every layout, with nulls and selections, in guarded memory, each beside the plain truth of its rows, for tests
 * of whatever takes columns. What null rows hold is garbage: wild pointers, lengths, views and selection numbers.
 */
#ifndef TESTS_COLUMNS_H
#define TESTS_COLUMNS_H

#include <weft/column.h>

#include "guard.h"
#include "rng.h"

/* LENGTHS_EDGES: any of length_edges. LENGTHS_BLOCKS: the same one for the rows of a block, with a few outliers. */
enum lengths {
  LENGTHS_0_16,
  LENGTHS_0_32,
  LENGTHS_0_300,
  LENGTHS_RARELY_LONG,
  LENGTHS_EDGES,
  LENGTHS_BLOCKS,
  LENGTHS_EQUAL,
  LENGTHS_KINDS
};
enum choice { CHOICE_NONE, CHOICE_RANDOM, CHOICE_REVERSED, CHOICE_ONE_ROW, CHOICE_KINDS };

/* Values that rows are to have, rather than garbage. */
struct column_values {
  size_t n;
  const uint8_t *const *bytes; /* [n] */
  const size_t *lengths;       /* [n] all the width, where the layout is WEFT_FIXED */
};

/* How to build a column. With values, rows share memory where selections let them: CHOICE_RANDOM reaches rows that are
 * scattered among others, CHOICE_ONE_ROW one row for each value (a dictionary). */
struct column_spec {
  enum weft_layout layout;
  enum weft_type type; /* WEFT_FIXED: a numeric type, or WEFT_FIXED_BYTES */
  size_t rows;         /* of the finished column */
  enum lengths lengths;
  size_t length; /* of every row: LENGTHS_EQUAL, and the width of WEFT_FIXED_BYTES */
  enum choice selection;
  bool base_nulls, row_nulls; /* validity bitmaps; row_nulls only with a selection */
  unsigned null_percent;
  size_t base_bit, row_bit; /* where the bitmaps start */
  enum guard_side side;
  size_t shift;                       /* bytes between the data and the guard page, where the layout allows any alignment */
  size_t lead;                        /* bytes before the first row: offsets[0], the first view's offset */
  size_t trail;                       /* bytes after the last row that the column says may be read */
  bool scattered;                     /* WEFT_POINTERS: each row ends (or starts) at a guard page of its own */
  const struct column_values *values; /* NULL: lengths and type say what rows are */
  const uint32_t *picks;              /* [rows] with values: which of them each row has, unless it is null */
};

/* A column and what its rows are. */
struct test_column {
  struct weft_column column;
  size_t rows, longest;
  const uint8_t **bytes; /* [rows] */
  size_t *lengths;       /* [rows] 0 for a null */
  bool *nulls;           /* [rows] */
};

/* Builds the column of a spec; all memory, the truth included, is of the pool. */
void column_build(struct guard_pool *pool, struct rng *rng, const struct column_spec *spec, struct test_column *out);

/* A spec of rows rows in which all else is drawn. */
struct column_spec column_spec_draw(struct rng *rng, size_t rows);

/* The number of rows for a random case: mostly few, every count from 0 to 130, the edges of batches, rarely 5000. */
size_t column_rows_draw(struct rng *rng);

/* "offsets32", "views", … and the width of a numeric type in bytes. */
const char *column_layout_name(enum weft_layout layout);
size_t column_type_width(enum weft_type type);

#endif
