/* SPDX-License-Identifier: MIT
 *
 * Files of unknown length, chunk by chunk: each is read whole, as nobody can go back to it; in the end the footer is held
 * against what came before it.
 */
#include "lib/reader.h"

#include <string.h>

#define FIRST_BYTES ((size_t)1 << 20) /* asked for at once, however long a chunk says that it is */

/* Bytes that must be there. */
static weft_status fetch(weft_reader *reader, uint64_t at, void *to, size_t n) {
  size_t got = 0;
  WEFT_TRY(weft__reader_fetch(reader, at, to, n, &got));
  if (got < n)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: the file ends here, and is cut off",
                      (unsigned long long)(at + got));
  return WEFT_OK;
}

/* Makes *p, of *room bytes of which `used` count, at least as large as `needed`. */
static weft_status grow(weft_reader *reader, uint8_t **p, size_t *room, size_t used, size_t needed) {
  void *larger;
  if (needed <= *room)
    return WEFT_OK;
  WEFT_TRY(weft__reader_take(reader, 1, needed, &larger));
  if (used > 0)
    memcpy(larger, *p, used);
  weft__reader_drop(reader, *p, *room);
  *p = larger;
  *room = needed;
  return WEFT_OK;
}

/* Reads the entry of the chunk whose mark was read at `at`. */
static weft_status next_entry(weft_reader *reader, uint64_t at) {
  uint8_t start[4];
  size_t n = reader->schema.n, most = FILE_ENTRY_BYTES + n * FILE_COLUMN_MOST;
  WEFT_TRY(fetch(reader, at + FILE_MARK_BYTES, start, sizeof start));
  size_t bytes = (size_t)codec_get(start, 4);
  if (bytes < FILE_ENTRY_BYTES || bytes > most)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: an entry of %zu bytes for %zu columns",
                      (unsigned long long)at + FILE_MARK_BYTES, bytes, n);
  WEFT_TRY(grow(reader, &reader->entry, &reader->entry_room, 0, bytes + FILE_SUM_BYTES));
  memcpy(reader->entry, start, sizeof start);
  WEFT_TRY(fetch(reader, at + FILE_MARK_BYTES + sizeof start, reader->entry + sizeof start,
                 bytes + FILE_SUM_BYTES - sizeof start));
  if (file_sum(reader->ctx, reader->entry, bytes, reader->schema.sum) != codec_get(reader->entry + bytes, 8))
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: the sum of a chunk's entry is wrong",
                      (unsigned long long)at + FILE_MARK_BYTES + bytes);
  *reader->chunks = (struct reader_chunk){.first_row = reader->rows, .at = at};
  return weft__reader_entry(reader, reader->entry, bytes, at + FILE_MARK_BYTES, (uint64_t)1 << 62, reader->chunks,
                            reader->places);
}

/* Reads the chunk that the entry has described, into a buffer that grows as bytes come. */
static weft_status next_bytes(weft_reader *reader) {
  const struct reader_chunk *chunk = reader->chunks;
  uint64_t from = chunk->at + FILE_MARK_BYTES + chunk->entry_bytes + FILE_SUM_BYTES, whole = chunk->end - from;
  size_t lead = (size_t)(from % FILE_ALIGN_LARGE);
  if (whole > SIZE_MAX / 4 || whole > reader->max_bytes)
    return weft__fail(reader->ctx, WEFT_E_LIMIT, "offset %llu: a chunk of %llu bytes, and max_bytes is %llu",
                      (unsigned long long)chunk->at, (unsigned long long)whole, (unsigned long long)reader->max_bytes);
  reader->buffer_bytes = 0;
  for (size_t have = 0, step = FIRST_BYTES; have < whole; step *= 2) {
    size_t n = whole - have < step ? (size_t)whole - have : step;
    WEFT_TRY(grow(reader, &reader->buffer, &reader->buffer_room, have > 0 ? lead + have : 0, lead + have + n));
    WEFT_TRY(fetch(reader, from + have, reader->buffer + lead + have, n));
    have += n;
  }
  reader->buffer_at = from;
  reader->buffer_bytes = (size_t)whole;
  return WEFT_OK;
}

/* Reads all that is left of the file behind the footer's mark, which is at `at`. */
static weft_status last_bytes(weft_reader *reader, uint64_t at, size_t *bytes) {
  size_t room = 0, have = FILE_MARK_BYTES, got;
  do {
    size_t step = have < FIRST_BYTES ? FIRST_BYTES / 16 : have;
    WEFT_TRY(grow(reader, &reader->footer, &room, room > 0 ? have : 0, have + step));
    WEFT_TRY(weft__reader_fetch(reader, at + have, reader->footer + have, step, &got));
    have += got;
    if (got < step)
      break;
  } while (true);
  memcpy(reader->footer, FILE_FOOTER_MAGIC, FILE_MARK_BYTES);
  *bytes = have;
  return WEFT_OK;
}

/* The entries of the footer are those that came. */
static weft_status compare_entries(weft_reader *reader, uint64_t footer_at, size_t at) {
  uint64_t chunks = codec_get(reader->footer + 8, 8), rows = codec_get(reader->footer + 16, 8), n = 0;
  uint64_t chain = reader->schema.sum;
  for (; at < reader->footer_bytes; n++) {
    size_t left = reader->footer_bytes - at, bytes = left < 4 ? 0 : (size_t)codec_get(reader->footer + at, 4);
    if (bytes < FILE_ENTRY_BYTES || bytes > left)
      return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: an entry of %zu bytes, with %zu left",
                        (unsigned long long)footer_at + at, bytes, left);
    chain = file_sum(reader->ctx, reader->footer + at, bytes, chain);
    at += bytes;
  }
  if (n != reader->n_chunks || chunks != n || rows != reader->rows || chain != reader->chain)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT,
                      "offset %llu: the footer speaks of %llu chunks of %llu rows, %llu of %llu came, or others",
                      (unsigned long long)footer_at, (unsigned long long)chunks, (unsigned long long)rows,
                      (unsigned long long)reader->n_chunks, (unsigned long long)reader->rows);
  return WEFT_OK;
}

static weft_status next_is_footer(weft_reader *reader, uint64_t at) {
  size_t whole, end;
  WEFT_TRY(last_bytes(reader, at, &whole));
  if (whole < FILE_FOOTER_BYTES + FILE_TRAILER_BYTES)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: the file ends here, and is cut off",
                      (unsigned long long)at + whole);
  WEFT_TRY(weft__reader_trailer(reader, reader->footer, whole, at));
  reader->footer_bytes = whole - FILE_TRAILER_BYTES;
  WEFT_TRY(weft__reader_pairs(reader, at, &end));
  WEFT_TRY(compare_entries(reader, at, end));
  reader->bytes = at + whole;
  reader->at_end = true;
  return WEFT_OK;
}

/* Forward over one chunk, or to the end. */
static weft_status next(weft_reader *reader) {
  uint64_t at = reader->n_chunks == 0 ? reader->head_end : reader->chunks->end;
  uint8_t mark[FILE_MARK_BYTES];
  reader->present = false;
  WEFT_TRY(fetch(reader, at, mark, sizeof mark));
  if (memcmp(mark, FILE_FOOTER_MAGIC, sizeof mark) == 0)
    return next_is_footer(reader, at);
  if (memcmp(mark, FILE_CHUNK_MAGIC, sizeof mark) != 0)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: neither a chunk nor the footer begins here",
                      (unsigned long long)at);
  WEFT_TRY(next_entry(reader, at));
  WEFT_TRY(next_bytes(reader));
  reader->chain = file_sum(reader->ctx, reader->entry, reader->chunks->entry_bytes, reader->chain);
  reader->present_chunk = reader->n_chunks++;
  reader->rows += reader->chunks->rows;
  reader->present = true;
  return WEFT_OK;
}

weft_status weft_reader_next(weft_reader *reader, uint64_t *chunk) {
  if (!reader)
    return WEFT_E_INVALID;
  if (!chunk || !reader->forward)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "weft_reader_next: %s",
                      chunk ? "the source's length is known" : "chunk is NULL");
  *chunk = UINT64_MAX;
  if (reader->status != WEFT_OK)
    return weft__fail(reader->ctx, reader->status, "weft_reader_next: a call before failed: %s",
                      weft_status_text(reader->status));
  if (reader->at_end)
    return WEFT_OK;
  reader->status = weft__fail_within(reader->ctx, next(reader), "weft_reader_next");
  if (reader->status == WEFT_OK && reader->present)
    *chunk = reader->present_chunk;
  return reader->status;
}
