/* SPDX-License-Identifier: MIT
 *
 * The lines of an input as a column: every byte between two line ends is data, a carriage return and a NUL too.
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "cli/memory.h"
#include "cli/rows.h"
#include "cli/source.h"

struct lines {
  weft_ctx *ctx;
  struct source *source;
  char end; /* what ends a line */
  char *buffer;
  size_t capacity;
  size_t next, seen, used; /* first byte not handed over; first one not searched; end of what was read */
  bool ended;
  uint64_t bytes;
  const void **starts; /* [LINES_BATCH] */
  size_t *lengths;     /* [LINES_BATCH] */
  struct weft_column column;
};

/* Begins. end: '\n', or 0 for input whose lines end in NUL. After a failure too, lines_close may be called. */
enum cli_exit lines_open(struct lines *lines, weft_ctx *ctx, struct source *source, char end);

/* The next lines: those of one block, at most LINES_BATCH. A last line need not have an end. */
enum cli_exit lines_next(struct lines *lines, struct rows *out);

void lines_close(struct lines *lines);

#endif
