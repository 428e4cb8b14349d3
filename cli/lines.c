/* SPDX-License-Identifier: MIT
 *
 * From blocks of an input to rows, without a copy: a batch is a column of pointers into the block. Called by hash.c; knows
 * nothing of what becomes of the rows.
 */
#include "cli/lines.h"

#include <string.h>

/* A block stays in the second-level cache from reading to printing. Lines of 4 bytes and more fill it before they fill the
 * arrays. */
#define LINES_BLOCK ((size_t)256 << 10)
#define LINES_BATCH ((size_t)64 << 10)

enum cli_exit lines_open(struct lines *lines, weft_ctx *ctx, struct source *source, char end) {
  *lines = (struct lines){.ctx = ctx, .source = source, .end = end};
  void *buffer = NULL, *starts = NULL, *lengths = NULL;
  enum cli_exit code = memory_resize(ctx, &buffer, LINES_BLOCK, 1, source->name, "a block");
  if (code == CLI_OK)
    code = memory_resize(ctx, &starts, LINES_BATCH, sizeof *lines->starts, source->name, "a batch of lines");
  if (code == CLI_OK)
    code = memory_resize(ctx, &lengths, LINES_BATCH, sizeof *lines->lengths, source->name, "a batch of lines");
  lines->buffer = buffer;
  lines->capacity = LINES_BLOCK;
  lines->starts = starts;
  lines->lengths = lengths;
  return code;
}

/* Makes room behind the line that has begun, and reads. */
static enum cli_exit fill(struct lines *lines) {
  size_t bytes;
  if (lines->next > 0) {
    memmove(lines->buffer, lines->buffer + lines->next, lines->used - lines->next);
    lines->seen -= lines->next;
    lines->used -= lines->next;
    lines->next = 0;
  }
  if (lines->used == lines->capacity) { /* one line fills it */
    void *buffer = lines->buffer;
    CLI_TRY(memory_resize(lines->ctx, &buffer, lines->capacity, 2, lines->source->name, "a long line"));
    lines->buffer = buffer;
    lines->capacity *= 2;
  }
  CLI_TRY(source_read(lines->source, lines->buffer + lines->used, lines->capacity - lines->used, &bytes));
  lines->used += bytes;
  lines->bytes += bytes;
  lines->ended = bytes == 0;
  return CLI_OK;
}

/* Cuts what was read into lines; the number of them. */
static size_t cut(struct lines *lines) {
  size_t rows = 0;
  while (rows < LINES_BATCH && lines->seen < lines->used) {
    const char *from = lines->buffer + lines->seen;
    const char *end = memchr(from, lines->end, lines->used - lines->seen);
    if (!end) {
      lines->seen = lines->used;
      break;
    }
    lines->starts[rows] = lines->buffer + lines->next;
    lines->lengths[rows] = (size_t)(end - lines->buffer) - lines->next;
    lines->next = lines->seen = (size_t)(end - lines->buffer) + 1;
    rows++;
  }
  if (rows == 0 && lines->ended && lines->next < lines->used) { /* a last line without an end */
    lines->starts[0] = lines->buffer + lines->next;
    lines->lengths[0] = lines->used - lines->next;
    lines->next = lines->used;
    rows = 1;
  }
  return rows;
}

enum cli_exit lines_next(struct lines *lines, struct rows *out) {
  size_t rows = cut(lines);
  while (rows == 0 && !lines->ended) {
    CLI_TRY(fill(lines));
    rows = cut(lines);
  }
  lines->column = weft_column_ptrs(lines->starts, lines->lengths, rows);
  *out = (struct rows){.columns = &lines->column, .n_columns = 1, .rows = rows, .bytes = lines->bytes};
  return CLI_OK;
}

void lines_close(struct lines *lines) {
  memory_free(lines->ctx, lines->buffer);
  memory_free(lines->ctx, lines->starts);
  memory_free(lines->ctx, lines->lengths);
}
