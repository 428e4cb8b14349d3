/* SPDX-License-Identifier: MIT
 *
 * What the suites about the rules of writers and readers share: a context, a file of one column, and how it is written.
 */
#ifndef TESTS_FILE_RULES_H
#define TESTS_FILE_RULES_H

#include "files.h"

static weft_ctx *ctx;
static struct file file;

enum { ROWS = 3000 };
static uint32_t numbers[ROWS];
static struct weft_column column;
static const struct weft_field field = {.name = "n", .type = WEFT_U32};

static inline void set_up(void) {
  ctx = ctx_with(NULL);
  for (uint32_t i = 0; i < ROWS; i++)
    numbers[i] = i * 7;
  column = weft_column_fixed(numbers, WEFT_U32, ROWS);
}

static inline void tear_down(void) {
  weft_ctx_free(ctx);
  file_close(&file);
}

static inline weft_writer *open_writer(void) {
  struct weft_writer_options options = writer_defaults(1024);
  weft_writer *writer;
  file.n = 0;
  FILE_MUST(ctx, weft_writer_open(ctx, &field, 1, &options, file_take, &file, &writer));
  return writer;
}

/* ROWS rows in chunks of 1024. */
static inline void write_file(void) {
  weft_writer *writer = open_writer();
  FILE_MUST(ctx, weft_writer_append(writer, &column, 1));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
}

static inline weft_reader *open_reader(enum source_kind kind) {
  struct weft_source source = file_source(&file, kind);
  weft_reader *reader;
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  return reader;
}

static inline struct weft_file_info info_of(const weft_reader *reader) {
  struct weft_file_info info;
  FILE_MUST(ctx, weft_reader_info(reader, &info, sizeof info));
  return info;
}

static inline void says(const char *word) {
  ck_assert_msg(strstr(weft_ctx_message(ctx), word) != NULL, "\"%s\" lacks \"%s\"", weft_ctx_message(ctx), word);
}

#endif
