/* SPDX-License-Identifier: MIT
 *
 * What describes a file: its head, its footer with metadata and entries, its trailer. Nothing here is trusted: every length
 * is held against what is left before it is used, and where chunks and columns lie follows from their lengths alone, so
 * that none can overlap.
 */
#include "lib/reader.h"

#include <string.h>

bool weft__all_zeros(const uint8_t *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (bytes[i] != 0)
      return false;
  return true;
}

static weft_status cut_off(weft_reader *reader, uint64_t at) {
  return weft__fail(reader->ctx, WEFT_E_CORRUPT,
                    at == 0 ? "offset 0: the file is empty" : "offset %llu: the file ends here, and is cut off",
                    (unsigned long long)at);
}

/* Bytes of the head that must be there. */
static weft_status fetch_head(weft_reader *reader, uint64_t at, uint8_t *to, size_t n) {
  size_t got = 0;
  if (!reader->forward && reader->bytes < at + n) /* nobody asks for what is past a known end */
    return cut_off(reader, reader->bytes);
  WEFT_TRY(weft__reader_fetch(reader, at, to, n, &got));
  return got == n ? WEFT_OK : cut_off(reader, at + got);
}

weft_status weft__reader_head(weft_reader *reader) {
  uint8_t start[FILE_HEAD_BYTES], padding[FILE_ALIGN], *head;
  size_t bytes, n;
  WEFT_TRY(fetch_head(reader, 0, start, sizeof start));
  WEFT_TRY(weft__schema_head(reader->ctx, start, &bytes, &n));
  size_t room = weft__schema_room(bytes, n);
  if (room > reader->max_bytes)
    return weft__fail(reader->ctx, WEFT_E_LIMIT, "weft_reader_open: a head of %zu bytes, and max_bytes is %llu", bytes,
                      (unsigned long long)reader->max_bytes);
  head = weft_alloc(reader->ctx, bytes);
  if (!head)
    return reader->ctx->cache.status;
  memcpy(head, start, sizeof start);
  weft_status status = fetch_head(reader, sizeof start, head + sizeof start, bytes - sizeof start);
  if (status != WEFT_OK) {
    (void)!weft_free(reader->ctx, head);
    return status;
  }
  WEFT_TRY(weft__schema_read(reader->ctx, head, bytes, &reader->schema));
  reader->taken += room;
  size_t pad = file_padding(bytes, FILE_ALIGN);
  reader->head_end = bytes + pad;
  WEFT_TRY(fetch_head(reader, bytes, padding, pad));
  if (!weft__all_zeros(padding, pad))
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %zu: the padding behind the head is not zeros", bytes);
  return WEFT_OK;
}

weft_status weft__reader_entry(weft_reader *reader, const uint8_t *entry, size_t room, uint64_t offset, uint64_t limit,
                               struct reader_chunk *chunk, struct reader_place *places) {
  size_t n = reader->schema.n, bytes = room < FILE_ENTRY_BYTES ? 0 : (size_t)codec_get(entry, 4);
  if (bytes < FILE_ENTRY_BYTES + n * FILE_COLUMN_BYTES || bytes > room)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: an entry of %zu bytes, of %zu columns and with %zu left",
                      (unsigned long long)offset, bytes, n, room);
  chunk->rows = codec_get(entry + 4, 4);
  chunk->entry = entry;
  chunk->entry_bytes = bytes;
  if (chunk->rows == 0 || chunk->rows > WEFT_CHUNK_ROWS)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: a chunk of %llu rows, not 1 to %d",
                      (unsigned long long)offset + 4, (unsigned long long)chunk->rows, WEFT_CHUNK_ROWS);
  const uint8_t *p = entry + FILE_ENTRY_BYTES, *end = entry + bytes;
  uint64_t at = chunk->at + FILE_MARK_BYTES + bytes + FILE_SUM_BYTES;
  for (size_t i = 0; i < n; i++) {
    struct weft_chunk_info info;
    size_t used = weft__stats_get(&reader->schema.fields[i], chunk->rows, p, (size_t)(end - p), &info);
    if (used == 0)
      return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: an entry contradicts itself on column %zu",
                        (unsigned long long)offset + (size_t)(p - entry), i);
    at += file_encoding_padding(at, info.bytes);
    if (at > limit || info.bytes > limit - at)
      return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: column %zu has %llu bytes from %llu on, past %llu",
                        (unsigned long long)offset + (size_t)(p - entry), i, (unsigned long long)info.bytes,
                        (unsigned long long)at, (unsigned long long)limit);
    places[i] = (struct reader_place){.at = at, .stats = p};
    at += info.bytes;
    p += used;
  }
  if (p != end)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: an entry has %zu bytes behind its last column",
                      (unsigned long long)offset + (size_t)(p - entry), (size_t)(end - p));
  chunk->end = at + file_padding(at, FILE_ALIGN);
  return WEFT_OK;
}

/* The file's last bytes, of a trailer that is at `at`. */
static weft_status check_end(weft_reader *reader, const uint8_t *trailer, uint64_t at) {
  size_t magic = FILE_TRAILER_BYTES - FILE_MAGIC_BYTES;
  if (memcmp(trailer + magic, FILE_END_MAGIC, FILE_MAGIC_BYTES) == 0)
    return WEFT_OK;
  return weft__fail(reader->ctx, WEFT_E_CORRUPT,
                    "offset %llu: the file does not end as one does: it is cut off, or damaged, or there are bytes behind "
                    "its end",
                    (unsigned long long)at + magic);
}

weft_status weft__reader_trailer(weft_reader *reader, const uint8_t *footer, size_t bytes, uint64_t at) {
  const uint8_t *trailer = footer + bytes - FILE_TRAILER_BYTES;
  uint64_t trailer_at = at + bytes - FILE_TRAILER_BYTES, version = codec_get(trailer + 8, 8);
  WEFT_TRY(check_end(reader, trailer, trailer_at));
  if (codec_get(trailer, 8) != bytes - FILE_TRAILER_BYTES)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: a footer of %llu bytes, where %zu are",
                      (unsigned long long)trailer_at, (unsigned long long)codec_get(trailer, 8),
                      bytes - FILE_TRAILER_BYTES);
  size_t summed = bytes - FILE_TRAILER_BYTES + FILE_TRAILER_SUM;
  if (file_sum(reader->ctx, footer, summed, reader->schema.sum) != codec_get(trailer + FILE_TRAILER_SUM, 8))
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: the footer's sum is wrong",
                      (unsigned long long)trailer_at + FILE_TRAILER_SUM);
  if (version != FILE_VERSION)
    return weft__fail(reader->ctx, WEFT_E_UNSUPPORTED, "offset %llu: a footer of version %llu, and %d is known",
                      (unsigned long long)trailer_at + 8, (unsigned long long)version, FILE_VERSION);
  return WEFT_OK;
}

weft_status weft__reader_pairs(weft_reader *reader, uint64_t footer_at, size_t *end) {
  const uint8_t *footer = reader->footer;
  size_t at = FILE_FOOTER_BYTES, last = reader->footer_bytes;
  if (last < FILE_FOOTER_BYTES || memcmp(footer, FILE_FOOTER_MAGIC, FILE_MARK_BYTES) != 0)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: no footer is here", (unsigned long long)footer_at);
  uint64_t n = codec_get(footer + 4, 4);
  if (n > (last - at) / FILE_PAIR_BYTES)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: %llu metadata entries in %zu bytes",
                      (unsigned long long)footer_at + 4, (unsigned long long)n, last - at);
  WEFT_TRY(weft__reader_take(reader, (size_t)n, sizeof *reader->pairs, &reader->pairs));
  for (uint32_t i = 0; i < n; i++) {
    const uint8_t *pair = footer + at;
    size_t key = 0, value = 0, left = last - at;
    bool sound = left >= FILE_PAIR_BYTES;
    if (sound) {
      key = (size_t)codec_get(pair, 4);
      value = (size_t)codec_get(pair + 4, 4);
      left -= FILE_PAIR_BYTES;
      sound = key <= left && value <= left - key && pair[8 + key] == 0 && !memchr(pair + 8, 0, key) &&
              weft__is_utf8(pair + 8, key);
    }
    if (!sound)
      return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: metadata entry %u, of %zu and %zu bytes, is none",
                        (unsigned long long)footer_at + at, i, key, value);
    reader->pairs[i] = pair;
    at += FILE_PAIR_BYTES + key + value;
  }
  reader->n_pairs = (uint32_t)n;
  *end = at;
  return WEFT_OK;
}

/* The entries of the footer, from byte `at` of it on. */
static weft_status read_entries(weft_reader *reader, uint64_t footer_at, size_t at) {
  size_t n = reader->schema.n, left = reader->footer_bytes - at;
  uint64_t chunks = codec_get(reader->footer + 8, 8), rows = 0, next = reader->head_end;
  if (chunks > left / (FILE_ENTRY_BYTES + n * FILE_COLUMN_BYTES))
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: %llu chunks of %zu columns, with %zu bytes left",
                      (unsigned long long)footer_at + 8, (unsigned long long)chunks, n, left);
  WEFT_TRY(weft__reader_take(reader, (size_t)chunks, sizeof *reader->chunks, &reader->chunks));
  reader->n_chunks = chunks;
  WEFT_TRY(weft__reader_take(reader, (size_t)chunks * n, sizeof *reader->places, &reader->places));
  for (size_t i = 0; i < chunks; i++) {
    struct reader_chunk *chunk = &reader->chunks[i];
    *chunk = (struct reader_chunk){.first_row = rows, .at = next};
    WEFT_TRY(weft__reader_entry(reader, reader->footer + at, reader->footer_bytes - at, footer_at + at, footer_at, chunk,
                                &reader->places[i * n]));
    at += chunk->entry_bytes;
    rows += chunk->rows;
    next = chunk->end;
  }
  reader->rows = codec_get(reader->footer + 16, 8);
  if (at != reader->footer_bytes || rows != reader->rows || next != footer_at)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT,
                      "offset %llu: the footer speaks of %llu rows up to offset %llu; its %llu chunks have %llu up to %llu",
                      (unsigned long long)footer_at, (unsigned long long)reader->rows, (unsigned long long)footer_at,
                      (unsigned long long)chunks, (unsigned long long)rows, (unsigned long long)next);
  return WEFT_OK;
}

weft_status weft__reader_footer(weft_reader *reader) {
  uint8_t trailer[FILE_TRAILER_BYTES];
  uint64_t room = reader->bytes < reader->head_end ? 0 : reader->bytes - reader->head_end;
  if (room < FILE_FOOTER_BYTES + FILE_TRAILER_BYTES)
    return cut_off(reader, reader->bytes);
  WEFT_TRY(weft__reader_fetch(reader, reader->bytes - sizeof trailer, trailer, sizeof trailer, NULL));
  uint64_t bytes = codec_get(trailer, 8);
  WEFT_TRY(check_end(reader, trailer, reader->bytes - sizeof trailer)); /* first, as else any number may stand there */
  if (bytes < FILE_FOOTER_BYTES || bytes > room - FILE_TRAILER_BYTES)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: a footer of %llu bytes, where %llu are",
                      (unsigned long long)(reader->bytes - sizeof trailer), (unsigned long long)bytes,
                      (unsigned long long)(room - FILE_TRAILER_BYTES));
  uint64_t footer_at = reader->bytes - FILE_TRAILER_BYTES - bytes;
  size_t whole = (size_t)bytes + FILE_TRAILER_BYTES, end;
  WEFT_TRY(weft__reader_take(reader, 1, whole, &reader->footer));
  reader->footer_bytes = (size_t)bytes;
  WEFT_TRY(weft__reader_fetch(reader, footer_at, reader->footer, whole, NULL));
  WEFT_TRY(weft__reader_trailer(reader, reader->footer, whole, footer_at));
  WEFT_TRY(weft__reader_pairs(reader, footer_at, &end));
  return read_entries(reader, footer_at, end);
}
