/* SPDX-License-Identifier: MIT
 *
 * Files in memory for the suites of the writer and the reader: a sink that may fail, sources of every kind that may fail,
 * and what a file must be to read back as.
 */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <weft/weft.h>

#include "columns.h"
#include "contexts.h"
#include "suite.h"

/* What MUST in other suites is for keys. */
#define FILE_MUST(ctx, call)                                                                                  \
  do {                                                                                                        \
    weft_status must_ = (call);                                                                               \
    ck_assert_msg(must_ == WEFT_OK, "%s: %s: %s (%s)", #call, weft_status_text(must_), weft_ctx_message(ctx), \
                  guard_case_text());                                                                         \
  } while (0)

/* A file's bytes. As a sink it takes them, as a source it gives them; call number fail_at fails (0: none). */
struct file {
  uint8_t *bytes;
  size_t n, room;
  size_t calls, fail_at;
  uint64_t next; /* where the next read of a file of unknown length begins */
  size_t most;   /* bytes of the longest read */
};

static inline bool file_take(void *user, const void *bytes, size_t n) {
  struct file *file = user;
  if (++file->calls == file->fail_at)
    return false;
  if (file->n + n > file->room) {
    file->room = 2 * (file->n + n);
    file->bytes = realloc(file->bytes, file->room);
    ck_assert_ptr_nonnull(file->bytes);
  }
  memcpy(file->bytes + file->n, bytes, n);
  file->n += n;
  return true;
}

static inline bool file_read(void *user, uint64_t offset, void *dst, size_t n, size_t *got) {
  struct file *file = user;
  if (++file->calls == file->fail_at)
    return false;
  ck_assert_msg(offset + n <= file->n, "a read of %zu bytes from %llu on, of %zu", n, (unsigned long long)offset, file->n);
  memcpy(dst, file->bytes + offset, n);
  *got = n;
  file->most = n > file->most ? n : file->most;
  return true;
}

/* As a pipe: every read goes on where the last one ended. */
static inline bool file_read_forward(void *user, uint64_t offset, void *dst, size_t n, size_t *got) {
  struct file *file = user;
  if (++file->calls == file->fail_at)
    return false;
  ck_assert_msg(offset == file->next, "a read from %llu on, the last one ended at %llu", (unsigned long long)offset,
                (unsigned long long)file->next);
  *got = n < file->n - offset ? n : (size_t)(file->n - offset);
  memcpy(dst, file->bytes + offset, *got);
  file->next = offset + *got;
  file->most = n > file->most ? n : file->most;
  return true;
}

static inline void file_close(struct file *file) {
  free(file->bytes);
  *file = (struct file){0};
}

enum source_kind { SOURCE_READ, SOURCE_MAPPED, SOURCE_FORWARD, SOURCE_KINDS };
static const char *const source_names[SOURCE_KINDS] = {"read", "mapped", "forward"};

static inline struct weft_source file_source(struct file *file, enum source_kind kind) {
  struct weft_source source = {.user = file, .bytes = file->n};
  file->calls = 0;
  file->next = 0;
  if (kind == SOURCE_MAPPED)
    source.mapped = file->bytes;
  else
    source.read = kind == SOURCE_READ ? file_read : file_read_forward;
  if (kind == SOURCE_FORWARD)
    source.bytes = UINT64_MAX;
  return source;
}

static inline struct weft_field field_of(const char *name, const struct weft_column *column) {
  return (struct weft_field){
      .name = name, .type = column->type, .width = column->type == WEFT_FIXED_BYTES ? (uint32_t)column->width : 0};
}

static inline struct weft_writer_options writer_defaults(uint32_t chunk_rows) {
  struct weft_writer_options options;
  weft_writer_options_init(&options, sizeof options);
  options.chunk_rows = chunk_rows;
  return options;
}

/* Opens a reader and goes through the whole file: every chunk is verified. The first status that is not OK. */
static inline weft_status file_verify(weft_ctx *ctx, struct file *file, enum source_kind kind, uint64_t max_bytes) {
  struct weft_source source = file_source(file, kind);
  struct weft_file_info info;
  weft_reader *reader;
  weft_status status = weft_reader_open(ctx, &source, max_bytes, &reader);
  if (status != WEFT_OK)
    return status;
  uint64_t chunk = 0;
  ck_assert_int_eq(weft_reader_info(reader, &info, sizeof info), WEFT_OK);
  while (status == WEFT_OK) {
    if (kind == SOURCE_FORWARD)
      status = weft_reader_next(reader, &chunk);
    if (status != WEFT_OK || (kind == SOURCE_FORWARD ? chunk == UINT64_MAX : chunk == info.chunks))
      break;
    status = weft_reader_verify(reader, chunk++);
  }
  weft_reader_free(reader);
  return status;
}

#endif
