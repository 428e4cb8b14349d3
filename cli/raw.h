/* SPDX-License-Identifier: MIT
 *
 * Columns out of files that hold nothing but little-endian values.
 */
#ifndef CLI_RAW_H
#define CLI_RAW_H

#include "cli/memory.h"
#include "cli/source.h"
#include "cli/type.h"

/* One array. Zeroes, but for source.fd = -1, may be closed. */
struct raw {
  struct source source;
  struct type type;
  uint64_t rows; /* read so far */
};

/* Opens the file of one array. */
enum cli_exit raw_open(struct raw *raw, const char *file, struct type type);

/* Reads the next values, at most rows: *read of them into values, in this machine's byte order, less than rows at the
 * end only. */
enum cli_exit raw_read(struct raw *raw, void *values, size_t rows, size_t *read);

/* The column of values. */
struct weft_column raw_column(const struct raw *raw, const void *values, size_t rows);

/* Turns little-endian values into this machine's, and these into those. */
void raw_order(struct type type, void *values, size_t rows);

#endif
