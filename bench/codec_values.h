/* SPDX-License-Identifier: MIT
 *
 * Columns to encode: made ones whose law is known, and real ones, read from this machine and from files. Used by the
 * codec_*.c.
 */
#ifndef BENCH_CODEC_VALUES_H
#define BENCH_CODEC_VALUES_H

#include "bench.h"
#include "codec_abi.h"

#include <weft/weft.h>

#define VALUES_ALIGN 64

/* Memory for values or encoded bytes: aligned, with BENCH_CODEC_SLACK bytes behind. Freed with free(); never NULL. */
void *values_memory(size_t bytes);

/* Bytes of a value of a numeric type. */
size_t values_width(enum weft_type type);

/* A column that this program owns: values[rows], or strings with their offsets. What lies under a null is 0. */
struct values {
  char name[40];   /* of a column: a word in cases' names */
  char about[120]; /* what it holds */
  enum weft_type type;
  enum bench_codec_data data;
  size_t rows;
  size_t width;      /* bytes of a value; 0: strings */
  size_t period;     /* made ones repeat themselves after so many rows; 0: they do not */
  uint8_t *values;   /* of strings their bytes, one string after the other */
  int32_t *offsets;  /* of strings [rows + 1]; else NULL */
  uint8_t *validity; /* bitmap; NULL: there are no nulls */
};

/* rows numbers of `bits` random bits above a random base, so that each 1024 of them take just so many bits. */
struct values *values_packed(enum weft_type type, unsigned bits, size_t rows, size_t period);

/* rows numbers, each greater than the one before by 1 to 2^bits, all alike likely; each period starts anew at base. */
struct values *values_increasing(enum weft_type type, unsigned bits, uint64_t base, size_t rows, size_t period);

/* Runs of 1 to 2 * mean - 1 equal random numbers, all lengths alike likely, so that no predictor learns where they end. */
struct values *values_runs(enum weft_type type, size_t mean, size_t rows, size_t period);

/* Of `distinct` random numbers any one in each row. */
struct values *values_drawn(enum weft_type type, size_t distinct, size_t rows, size_t period);

/* Of `distinct` strings of 4 to 24 random letters any one in each row. */
struct values *values_strings(size_t distinct, size_t rows, size_t period);

/* Floats such as a sensor gives: a random walk in steps of a full mantissa, so that only their high bytes are alike. */
struct values *values_walk(enum weft_type type, size_t rows, size_t period);

/* The same values, a share (in 1024ths) of which is null; the period has to be a multiple of 8, or 0. */
void values_make_nulls(struct values *v, unsigned share);

/* One in so many values is an outlier of all the type's bits. */
void values_make_outliers(struct values *v, unsigned one_in);

void values_free(struct values *v);

/* n rows from first on as a column of weft, which v has to outlive. */
struct weft_column values_column(const struct values *v, size_t first, size_t n);

/* The bytes that these rows take as they are: values, lengths of strings, validity. */
size_t values_bytes(const struct values *v, size_t first, size_t n);

/* The real columns: those of the machine's own files and the word list; of the Debian package index in the file packages
 * ("apt-cache dumpavail"; NULL: none is given); and files of raw columns, a list "NAME=TYPE:FILE,..." (NULL: none), where
 * TYPE is i8 to u64, f32, f64, of little-endian values, or "lines". What is not there is said in a line each; a wrong
 * list ends the program with 2. They are read when they are asked for. */
struct columns;
struct columns *columns_find(const struct bench *bench, const char *packages, const char *files);
size_t columns_count(const struct columns *columns);
const char *columns_name(const struct columns *columns, size_t i);

/* The column number i; NULL, said with a note: it could not be read, or is empty. The caller frees it. */
struct values *columns_read(const struct columns *columns, size_t i);
void columns_free(struct columns *columns);

#endif
