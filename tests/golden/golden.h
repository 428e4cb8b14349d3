/* SPDX-License-Identifier: MIT
 *
 * The golden files: encodings, NAME.wfc, and files of columns, NAME.weft, that every version reads for ever. Made once, by
 * make_golden.c, and never again to make a test pass. What they hold follows from the row's number by plain arithmetic.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <weft/weft.h>

#include "tests/columns.h"

/* What row i holds, as a number: integers have its low bytes, floats a quarter of it, bytes and strings what is made of
 * it. */
enum golden_values {
  GOLDEN_CONSTANT, /* -7 */
  GOLDEN_RAMP,     /* 3 i - 50 */
  GOLDEN_MIXED,    /* 37 i mod 61 */
  GOLDEN_PATCHES,  /* the same, and every 300th far above */
  GOLDEN_JUMPS,    /* 4 i + i mod 5, and 2^20 more after every 300th */
  GOLDEN_TIMES,    /* 1,700,000,000,000 + 250 i + i mod 5 */
  GOLDEN_RUNS,     /* (i / 40) squared mod 13 */
  GOLDEN_SHORT,    /* a run of 3 and one of 1 by turns */
  GOLDEN_BLOCKS,   /* i / 1024 - 20 */
  GOLDEN_SPECIAL   /* floats: NaNs, infinities, both zeros; integers: the extremes */
};

enum golden_nulls {
  GOLDEN_VALID,
  GOLDEN_THIRDS, /* every third row, from the second on */
  GOLDEN_FEW,    /* every 90th */
  GOLDEN_MOST,   /* all but every 90th */
  GOLDEN_NULL    /* all */
};

struct golden {
  const char *name;
  enum weft_type type;
  uint32_t rows;
  enum golden_values values;
  uint8_t codec[WEFT_CODEC_DEPTH];
  enum golden_nulls nulls;
  uint32_t width; /* of WEFT_FIXED_BYTES */
  bool sorted, zones;
};

extern const struct golden golden[];
extern const size_t golden_count;

/* A file: columns of so many rows, in chunks of 1024. */
#define GOLDEN_COLUMNS 14
struct golden_file {
  const char *name;
  uint32_t rows;
  bool metadata;            /* {"made by": "make_golden"}, {"empty": ""} and {"é": the bytes 0 to 255} */
  const char *const *names; /* of columns: each is that golden encoding's, with the file's number of rows; NULL ends them */
};

extern const struct golden_file golden_files[];
extern const size_t golden_files_count;

/* The golden encoding of that name. */
const struct golden *golden_of(const char *name);

/* Row `row`: writes at most GOLDEN_BYTES bytes, of numbers in the machine's order, and returns how many; whether it is
 * null. */
#define GOLDEN_BYTES 1024
size_t golden_value(const struct golden *g, uint32_t row, uint8_t *to);
bool golden_is_null(const struct golden *g, uint32_t row);

/* The column of rows rows, beside its truth; its memory is the pool's. Null rows hold garbage. */
void golden_build(struct guard_pool *pool, const struct golden *g, uint32_t rows, struct test_column *out);

/* The file tests/golden/NAME.extension in memory of malloc; ends the program when it cannot be read. */
uint8_t *golden_read(const char *name, const char *extension, size_t *bytes);

#endif
