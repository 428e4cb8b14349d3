/* SPDX-License-Identifier: MIT
 *
 * The reader of files: opening, what a file says of itself, and encodings, which are read when they are asked for.
 */
#include "lib/reader.h"
#include "lib/decode.h"

#include <string.h>

weft_status weft__reader_take(weft_reader *reader, size_t count, size_t size, void *out_pointer) {
  size_t bytes;
  void *p = NULL;
  memcpy(out_pointer, &p, sizeof p);
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > reader->max_bytes - reader->taken)
    return weft__fail(reader->ctx, WEFT_E_LIMIT, "weft_reader: %zu times %zu bytes more, and max_bytes, %llu, leaves %llu",
                      count, size, (unsigned long long)reader->max_bytes,
                      (unsigned long long)(reader->max_bytes - reader->taken));
  p = weft_aligned_alloc(reader->ctx, bytes, FILE_ALIGN_LARGE);
  if (!p)
    return reader->ctx->cache.status;
  reader->taken += bytes;
  memcpy(out_pointer, &p, sizeof p);
  return WEFT_OK;
}

void weft__reader_drop(weft_reader *reader, void *p, size_t bytes) {
  reader->taken -= bytes;
  (void)!weft_free(reader->ctx, p);
}

weft_status weft__reader_fetch(weft_reader *reader, uint64_t offset, void *dst, size_t n, size_t *got) {
  size_t read = n;
  if (n == 0)
    return got ? (*got = 0, WEFT_OK) : WEFT_OK;
  if (reader->source.mapped)
    memcpy(dst, (const uint8_t *)reader->source.mapped + offset, n);
  else if (!reader->source.read(reader->source.user, offset, dst, n, &read) ||
           (read != n && !(reader->forward && read < n)))
    return weft__fail(reader->ctx, WEFT_E_IO, "weft_reader: reading %zu bytes from offset %llu on failed", n,
                      (unsigned long long)offset);
  if (got)
    *got = read;
  return WEFT_OK;
}

/* ---- Opening ---- */

static weft_status open(weft_reader *reader) {
  WEFT_TRY(weft__reader_head(reader));
  if (!reader->forward)
    return weft__reader_footer(reader);
  reader->chain = reader->schema.sum;
  WEFT_TRY(weft__reader_take(reader, 1, sizeof *reader->chunks, &reader->chunks));
  return weft__reader_take(reader, reader->schema.n, sizeof *reader->places, &reader->places);
}

weft_status weft_reader_open(weft_ctx *ctx, const struct weft_source *source, uint64_t max_bytes, weft_reader **out) {
  if (out)
    *out = NULL;
  if (!ctx || !source || !out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_reader_open: %s is NULL", !ctx ? "ctx" : !source ? "source" : "out");
  bool forward = source->bytes == UINT64_MAX;
  if (forward ? source->mapped || !source->read : !source->mapped && !source->read)
    return weft__fail(ctx, WEFT_E_INVALID,
                      "weft_reader_open: a source that is neither read nor mapped, or mapped and "
                      "of unknown length");
  if (!forward && source->bytes > (source->mapped ? SIZE_MAX / 2 : (uint64_t)1 << 62))
    return weft__fail(ctx, WEFT_E_INVALID, "weft_reader_open: a source of %llu bytes", (unsigned long long)source->bytes);
  weft_reader *reader = weft_zalloc(ctx, sizeof *reader);
  if (!reader)
    return weft__fail_within(ctx, ctx->cache.status, "weft_reader_open");
  reader->ctx = ctx;
  reader->source = *source;
  reader->max_bytes = max_bytes ? max_bytes : (uint64_t)1 << 30;
  reader->forward = forward;
  reader->bytes = forward ? 0 : source->bytes;
  weft_status status = open(reader);
  if (status == WEFT_OK)
    *out = reader;
  else
    weft_reader_free(reader);
  return weft__fail_within(ctx, status, "weft_reader_open");
}

void weft_reader_free(weft_reader *reader) {
  if (!reader)
    return;
  weft_ctx *ctx = reader->ctx;
  void *owned[] = {reader->footer, reader->pairs, reader->chunks, reader->places, reader->buffer, reader->entry};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    (void)!weft_free(ctx, owned[i]);
  weft__schema_close(ctx, &reader->schema);
  (void)!weft_free(ctx, reader);
}

/* ---- What a file says of itself ---- */

weft_status weft_reader_info(const weft_reader *reader, struct weft_file_info *info, size_t size) {
  if (!reader || !info)
    return WEFT_E_INVALID;
  bool known = !reader->forward || reader->at_end;
  struct weft_file_info mine = {.rows = known ? reader->rows : 0,
                                .chunks = known ? reader->n_chunks : 0,
                                .bytes = reader->bytes,
                                .columns = (uint32_t)reader->schema.n,
                                .metadata = known ? reader->n_pairs : 0};
  memset(info, 0, size);
  memcpy(info, &mine, size < sizeof mine ? size : sizeof mine);
  return WEFT_OK;
}

weft_status weft_reader_field(const weft_reader *reader, size_t column, struct weft_field *field) {
  if (!reader)
    return WEFT_E_INVALID;
  if (!field || column >= reader->schema.n)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "weft_reader_field: column %zu of %zu, or field is NULL", column,
                      reader->schema.n);
  *field = reader->schema.fields[column];
  return WEFT_OK;
}

size_t weft_reader_find(const weft_reader *reader, const char *name) {
  return reader && name ? weft__schema_find(reader->ctx, &reader->schema, name, strlen(name)) : SIZE_MAX;
}

weft_status weft_reader_metadata(const weft_reader *reader, size_t entry, const char **key, const void **value,
                                 size_t *bytes) {
  if (!reader)
    return WEFT_E_INVALID;
  bool known = !reader->forward || reader->at_end;
  if (!key || !value || !bytes || !known || entry >= reader->n_pairs)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "weft_reader_metadata: entry %zu of %u, or an argument is NULL", entry,
                      known ? reader->n_pairs : 0);
  const uint8_t *pair = reader->pairs[entry];
  *key = (const char *)pair + 8;
  *value = pair + FILE_PAIR_BYTES + codec_get(pair, 4);
  *bytes = (size_t)codec_get(pair + 4, 4);
  return WEFT_OK;
}

static bool has_chunk(const weft_reader *reader, uint64_t number) {
  return reader->forward ? reader->present && number == reader->present_chunk : number < reader->n_chunks;
}

/* The chunk of that number; *places: of its columns. */
static weft_status find_chunk(const weft_reader *reader, const char *who, uint64_t number,
                              const struct reader_chunk **chunk, const struct reader_place **places) {
  if (!has_chunk(reader, number))
    return weft__fail(reader->ctx, WEFT_E_INVALID, "%s: there is no chunk %llu, or none any more", who,
                      (unsigned long long)number);
  size_t at = reader->forward ? 0 : (size_t)number;
  *chunk = &reader->chunks[at];
  *places = &reader->places[at * reader->schema.n];
  return WEFT_OK;
}

/* What the entry says of a column of a chunk. It was read before, so it can be. */
static struct weft_chunk_info info_of(const weft_reader *reader, const struct reader_chunk *chunk,
                                      const struct reader_place *place, size_t column) {
  struct weft_chunk_info info;
  weft__stats_get(&reader->schema.fields[column], chunk->rows, place->stats,
                  (size_t)(chunk->entry + chunk->entry_bytes - place->stats), &info);
  info.first_row = chunk->first_row;
  info.rows = chunk->rows;
  info.offset = place->at;
  return info;
}

weft_status weft_reader_chunk(const weft_reader *reader, uint64_t chunk, size_t column, struct weft_chunk_info *info,
                              size_t size) {
  if (!reader)
    return WEFT_E_INVALID;
  const struct reader_chunk *found = NULL;
  const struct reader_place *places = NULL;
  if (!info || column >= reader->schema.n)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "weft_reader_chunk: column %zu of %zu, or info is NULL", column,
                      reader->schema.n);
  WEFT_TRY(find_chunk(reader, "weft_reader_chunk", chunk, &found, &places));
  struct weft_chunk_info mine = info_of(reader, found, &places[column], column);
  memset(info, 0, size);
  memcpy(info, &mine, size < sizeof mine ? size : sizeof mine);
  return WEFT_OK;
}

/* ---- Encodings ---- */

/* Bytes from .. from + n of the file, of the present chunk where the length is unknown, until the next call. */
static weft_status bytes_of(weft_reader *reader, uint64_t from, uint64_t n, const uint8_t **out) {
  size_t lead = (size_t)(from % FILE_ALIGN_LARGE);
  if (reader->source.mapped) {
    *out = (const uint8_t *)reader->source.mapped + from;
    return WEFT_OK;
  }
  bool there = from >= reader->buffer_at && from - reader->buffer_at <= reader->buffer_bytes &&
               n <= reader->buffer_bytes - (from - reader->buffer_at);
  if (there) {
    *out = reader->buffer + reader->buffer_at % FILE_ALIGN_LARGE + (from - reader->buffer_at);
    return WEFT_OK;
  }
  if (n > SIZE_MAX / 4)
    return weft__fail(reader->ctx, WEFT_E_LIMIT, "weft_reader: %llu bytes in one piece", (unsigned long long)n);
  reader->buffer_bytes = 0;
  if (lead + n > reader->buffer_room) {
    weft__reader_drop(reader, reader->buffer, reader->buffer_room);
    reader->buffer_room = 0;
    WEFT_TRY(weft__reader_take(reader, 1, lead + (size_t)n, &reader->buffer));
    reader->buffer_room = lead + (size_t)n;
  }
  WEFT_TRY(weft__reader_fetch(reader, from, reader->buffer + lead, (size_t)n, NULL));
  reader->buffer_at = from;
  reader->buffer_bytes = (size_t)n;
  *out = reader->buffer + lead;
  return WEFT_OK;
}

/* An encoding is what the file says that it is. */
static weft_status check_encoding(weft_reader *reader, const struct weft_chunk_info *info, size_t column,
                                  const void *encoding, struct weft_encoded_info *described) {
  const struct weft_field *field = &reader->schema.fields[column];
  WEFT_TRY(weft_describe(reader->ctx, encoding, (size_t)info->bytes, described, sizeof *described));
  if (described->type != field->type || described->width != field->width || described->rows != info->rows ||
      described->nulls != info->nulls)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT,
                      "offset %llu: an encoding of type %d, width %u, %llu rows and %llu nulls, and the file says type %d, "
                      "width %u, %llu rows and %llu nulls",
                      (unsigned long long)info->offset, (int)described->type, described->width,
                      (unsigned long long)described->rows, (unsigned long long)described->nulls, (int)field->type,
                      field->width, (unsigned long long)info->rows, (unsigned long long)info->nulls);
  return WEFT_OK;
}

/* A failure of `who` with a column of a chunk. */
static weft_status told(const weft_reader *reader, const char *who, uint64_t chunk, size_t column, weft_status status) {
  size_t n = reader->schema.n;
  if (column >= n || !has_chunk(reader, chunk))
    return weft__fail_within(reader->ctx, status, "%s", who);
  const struct reader_place *places = reader->places + (reader->forward ? 0 : (size_t)chunk * n);
  return weft__fail_within(reader->ctx, status, "%s: column \"%.60s\" of chunk %llu, from offset %llu on", who,
                           reader->schema.fields[column].name, (unsigned long long)chunk,
                           (unsigned long long)places[column].at);
}

static weft_status read_encoding(weft_reader *reader, uint64_t chunk, size_t column, const void **encoding, size_t *bytes) {
  const struct reader_chunk *found = NULL;
  const struct reader_place *places = NULL;
  if (column >= reader->schema.n)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "weft_reader: column %zu of %zu", column, reader->schema.n);
  WEFT_TRY(find_chunk(reader, "weft_reader", chunk, &found, &places));
  struct weft_chunk_info info = info_of(reader, found, &places[column], column);
  struct weft_encoded_info described;
  const uint8_t *at = NULL;
  WEFT_TRY(bytes_of(reader, info.offset, info.bytes, &at));
  WEFT_TRY(check_encoding(reader, &info, column, at, &described));
  *encoding = at;
  *bytes = (size_t)info.bytes;
  return WEFT_OK;
}

weft_status weft_reader_encoding(weft_reader *reader, uint64_t chunk, size_t column, const void **encoding, size_t *bytes) {
  const char *who = "weft_reader_encoding";
  if (encoding)
    *encoding = NULL;
  if (bytes)
    *bytes = 0;
  if (!reader)
    return WEFT_E_INVALID;
  if (!encoding || !bytes)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "%s: %s is NULL", who, encoding ? "bytes" : "encoding");
  return told(reader, who, chunk, column, read_encoding(reader, chunk, column, encoding, bytes));
}

weft_status weft_reader_decode(weft_reader *reader, uint64_t chunk, size_t column,
                               const struct weft_decode_options *options, weft_decoded **out) {
  const char *who = "weft_reader_decode";
  if (out)
    *out = NULL;
  if (!reader)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(reader->ctx, WEFT_E_INVALID, "%s: out is NULL", who);
  const void *encoding = NULL;
  size_t bytes = 0;
  weft_status status = read_encoding(reader, chunk, column, &encoding, &bytes);
  if (status == WEFT_OK)
    status = weft_decode(reader->ctx, encoding, bytes, options, out);
  return told(reader, who, chunk, column, status);
}

/* ---- Verifying ---- */

/* The frame of a chunk repeats the footer's entry. That of the present one was read when it came. */
static weft_status verify_frame(weft_reader *reader, const struct reader_chunk *chunk) {
  const uint8_t *frame = NULL;
  size_t bytes = chunk->entry_bytes;
  if (reader->forward)
    return WEFT_OK;
  WEFT_TRY(bytes_of(reader, chunk->at, FILE_MARK_BYTES + bytes + FILE_SUM_BYTES, &frame));
  uint64_t sum = file_sum(reader->ctx, chunk->entry, bytes, reader->schema.sum);
  if (memcmp(frame, FILE_CHUNK_MAGIC, FILE_MARK_BYTES) != 0 || memcmp(frame + FILE_MARK_BYTES, chunk->entry, bytes) != 0 ||
      codec_get(frame + FILE_MARK_BYTES + bytes, 8) != sum)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: a chunk's frame and the footer's entry differ",
                      (unsigned long long)chunk->at);
  return WEFT_OK;
}

/* A column, the bytes before it from `from` on, and those up to `to` behind it. stats[said] is what the entry says of
 * it. */
static weft_status verify_column(weft_reader *reader, const struct weft_chunk_info *info, size_t column, uint64_t from,
                                 uint64_t to, const uint8_t *stats, size_t said, uint64_t *chain) {
  const struct weft_field *field = &reader->schema.fields[column];
  const uint8_t *region = NULL, *encoding;
  uint8_t found[FILE_COLUMN_MOST];
  size_t bytes = (size_t)info->bytes;
  struct weft_encoded_info described;
  WEFT_TRY(bytes_of(reader, from, to - from, &region));
  encoding = region + (info->offset - from);
  if (!weft__all_zeros(region, (size_t)(info->offset - from)) ||
      !weft__all_zeros(encoding + bytes, (size_t)(to - info->offset) - bytes))
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: the padding around it is not zeros",
                      (unsigned long long)from);
  *chain = file_sum(reader->ctx, encoding, bytes, *chain);
  WEFT_TRY(check_encoding(reader, info, column, encoding, &described)); /* first, as it may claim billions of rows */
  WEFT_TRY(weft__verify(reader->ctx, encoding, bytes, reader->max_bytes));
  struct weft_chunk_info mine = {.nulls = described.nulls, .bytes = bytes};
  struct file_range range = {0};
  WEFT_TRY(weft__range_decode(reader->ctx, field, encoding, bytes, &described, reader->max_bytes, &range));
  weft__range_end(field, &range, &mine);
  size_t put = weft__stats_put(field, &mine, found);
  if (put != said || memcmp(found, stats, put) != 0)
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: it has another least or greatest value than is said",
                      (unsigned long long)info->offset);
  return WEFT_OK;
}

static weft_status verify_chunk(weft_reader *reader, const char *who, uint64_t number) {
  const struct reader_chunk *chunk = NULL;
  const struct reader_place *places = NULL;
  WEFT_TRY(find_chunk(reader, who, number, &chunk, &places));
  WEFT_TRY(verify_frame(reader, chunk));
  uint64_t from = chunk->at + FILE_MARK_BYTES + chunk->entry_bytes + FILE_SUM_BYTES, chain = reader->schema.sum;
  weft_status unknown = WEFT_OK;
  for (size_t i = 0; i < reader->schema.n; i++) {
    struct weft_chunk_info info = info_of(reader, chunk, &places[i], i);
    uint64_t end = info.offset + info.bytes, to = i + 1 < reader->schema.n ? end : chunk->end;
    const uint8_t *next = i + 1 < reader->schema.n ? places[i + 1].stats : chunk->entry + chunk->entry_bytes;
    size_t said = (size_t)(next - places[i].stats);
    weft_status status = verify_column(reader, &info, i, from, to, places[i].stats, said, &chain);
    status = told(reader, who, number, i, status);
    if (status == WEFT_E_UNSUPPORTED) /* unless it is damaged, as the sum of all will tell */
      unknown = status;
    else if (status != WEFT_OK)
      return status;
    from = end;
  }
  if (chain != codec_get(chunk->entry + 8, 8))
    return weft__fail(reader->ctx, WEFT_E_CORRUPT, "offset %llu: the sum of a chunk's bytes is wrong",
                      (unsigned long long)chunk->at);
  return unknown;
}

weft_status weft_reader_verify(weft_reader *reader, uint64_t chunk) {
  const char *who = "weft_reader_verify";
  return reader ? weft__fail_within(reader->ctx, verify_chunk(reader, who, chunk), "%s", who) : WEFT_E_INVALID;
}
