/* SPDX-License-Identifier: MIT
 *
 * The writer of files: rows gather column by column until they fill a chunk, unless a call brings whole chunks; a chunk is
 * encoded, and goes out with its frame; its entry is kept for the footer. How a column is encoded is lib/encode.c's affair.
 */
#include "lib/append.h"
#include "lib/column.h"
#include "lib/file.h"

#include <string.h>

#define PENDING_BYTES 32768 /* small pieces that go out together */
#define MOST_ROWS ((uint64_t)1 << 62)

struct weft_writer {
  weft_ctx *ctx;
  weft_sink sink;
  void *user;
  struct weft_writer_options options;
  struct file_schema schema;
  weft_status status; /* what broke the file */
  bool finished;
  uint64_t at; /* bytes of the file so far, pending ones too */
  uint64_t total_rows, chunks;
  size_t rows;               /* appended */
  struct appended *appended; /* [schema.n] */
  struct bytes encoded;      /* the chunk's encodings that the writer made */
  const void **encodings;    /* [schema.n] of the chunk */
  size_t *encoding_bytes;
  struct bytes entries;  /* of all chunks */
  size_t entry;          /* where the last one begins */
  struct bytes metadata; /* as in the footer */
  uint32_t pairs;
  size_t pair_bytes; /* keys and values */
  uint32_t
      *pair_slots; /* [n_slots], a power of two: by the sums of their keys, where pairs are in metadata, + 1; 0: none */
  uint32_t n_slots;
  size_t pending_bytes;
  uint8_t pending[PENDING_BYTES];
};

/* ---- Going out ---- */

static weft_status flush(weft_writer *writer) {
  size_t n = writer->pending_bytes;
  writer->pending_bytes = 0;
  if (n > 0 && !writer->sink(writer->user, writer->pending, n))
    return weft__fail(writer->ctx, WEFT_E_IO, "weft_writer: the sink refused %zu bytes at offset %llu", n,
                      (unsigned long long)(writer->at - n));
  return WEFT_OK;
}

static weft_status emit(weft_writer *writer, const void *bytes, size_t n) {
  if (n > PENDING_BYTES - writer->pending_bytes)
    WEFT_TRY(flush(writer));
  if (n > PENDING_BYTES / 4) {
    WEFT_TRY(flush(writer));
    if (!writer->sink(writer->user, bytes, n))
      return weft__fail(writer->ctx, WEFT_E_IO, "weft_writer: the sink refused %zu bytes at offset %llu", n,
                        (unsigned long long)writer->at);
  } else if (n > 0) {
    memcpy(writer->pending + writer->pending_bytes, bytes, n);
    writer->pending_bytes += n;
  }
  writer->at += n;
  return WEFT_OK;
}

static weft_status pad(weft_writer *writer, size_t n) {
  static const uint8_t zeros[FILE_ALIGN_LARGE];
  return emit(writer, zeros, n);
}

/* ---- Chunks ---- */

static weft_status begin_entry(weft_writer *writer, size_t rows) {
  uint8_t start[FILE_ENTRY_BYTES] = {0};
  codec_put(start + 4, rows, 4);
  writer->entry = writer->entries.used;
  return weft__append_bytes(writer->ctx, &writer->entries, start, sizeof start);
}

/* Adds a column to the entry: from its rows where they are at hand and its encoding has no zones, else from its
 * encoding. */
static weft_status add_column(weft_writer *writer, const struct weft_field *field, const struct weft_column *column,
                              const void *encoding, size_t bytes, const struct weft_encoded_info *described) {
  struct weft_chunk_info info = {.nulls = described->nulls, .bytes = bytes};
  struct file_range range = {0};
  uint8_t put[FILE_COLUMN_MOST];
  if (column && !described->has_zones)
    WEFT_TRY(weft__range_add(writer->ctx, field, column, &range));
  else
    WEFT_TRY(weft__range_decode(writer->ctx, field, encoding, bytes, described, (uint64_t)1 << 30, &range));
  weft__range_end(field, &range, &info);
  return weft__append_bytes(writer->ctx, &writer->entries, put, weft__stats_put(field, &info, put));
}

/* The chunk goes out whose entry is the last, and whose encodings are in writer->encodings. */
static weft_status write_chunk(weft_writer *writer, size_t rows) {
  uint8_t *entry = writer->entries.at + writer->entry, sum[FILE_SUM_BYTES];
  size_t bytes = writer->entries.used - writer->entry;
  uint64_t chain = writer->schema.sum;
  for (size_t i = 0; i < writer->schema.n; i++)
    chain = file_sum(writer->ctx, writer->encodings[i], writer->encoding_bytes[i], chain);
  codec_put(entry, bytes, 4);
  codec_put(entry + 8, chain, 8);
  codec_put(sum, file_sum(writer->ctx, entry, bytes, writer->schema.sum), 8);
  WEFT_TRY(emit(writer, FILE_CHUNK_MAGIC, FILE_MARK_BYTES));
  WEFT_TRY(emit(writer, entry, bytes));
  WEFT_TRY(emit(writer, sum, sizeof sum));
  for (size_t i = 0; i < writer->schema.n; i++) {
    WEFT_TRY(pad(writer, file_encoding_padding(writer->at, writer->encoding_bytes[i])));
    WEFT_TRY(emit(writer, writer->encodings[i], writer->encoding_bytes[i]));
  }
  WEFT_TRY(pad(writer, file_padding(writer->at, FILE_ALIGN)));
  writer->chunks++;
  writer->total_rows += rows;
  return flush(writer);
}

/* Encodes field number i's rows behind the encodings before, at a multiple of FILE_ALIGN_LARGE. */
static weft_status encode_column(weft_writer *writer, size_t i, const struct weft_column *column) {
  struct bytes *encoded = &writer->encoded;
  size_t bound, start = encoded->used + file_padding(encoded->used, FILE_ALIGN_LARGE);
  WEFT_TRY(weft_encode_bound(column, &bound));
  if (bound > PTRDIFF_MAX / 4)
    return weft__fail(writer->ctx, WEFT_E_OVERFLOW, "weft_writer: it may take %zu bytes encoded", bound);
  WEFT_TRY(weft__reserve(writer->ctx, encoded, start - encoded->used + bound));
  uint8_t *to = encoded->at + start;
  WEFT_TRY(weft_encode(writer->ctx, column, &writer->options.encode, to, bound, &writer->encoding_bytes[i]));
  struct weft_encoded_info described;
  WEFT_TRY(weft_describe(writer->ctx, to, writer->encoding_bytes[i], &described, sizeof described));
  encoded->used = start + writer->encoding_bytes[i];
  return add_column(writer, &writer->schema.fields[i], column, to, writer->encoding_bytes[i], &described);
}

/* The rows of the column that a chunk is made of: of columns[i], or, where that is NULL, those appended. */
static struct weft_column chunk_column(const weft_writer *writer, const struct weft_column *columns, size_t i, size_t first,
                                       size_t rows) {
  if (columns)
    return weft__column_slice(&columns[i], first, rows);
  return weft__appended_column(&writer->appended[i], &writer->schema.fields[i], rows);
}

/* A failure with a column. */
static weft_status told(const weft_writer *writer, size_t column, weft_status status) {
  return weft__fail_within(writer->ctx, status, "weft_writer: column \"%.60s\"", writer->schema.fields[column].name);
}

/* Encodes and writes rows first .. first + rows of columns, or what is appended where that is NULL. */
static weft_status encode_chunk(weft_writer *writer, const struct weft_column *columns, size_t first, size_t rows) {
  writer->encoded.used = 0;
  WEFT_TRY(begin_entry(writer, rows));
  size_t n = writer->schema.n;
  for (size_t i = 0; i < n; i++) {
    struct weft_column column = chunk_column(writer, columns, i, first, rows);
    WEFT_TRY(told(writer, i, encode_column(writer, i, &column)));
  }
  for (size_t i = 0, at = 0; i < n; i++) { /* the memory stays where it is from here on */
    at += file_padding(at, FILE_ALIGN_LARGE);
    writer->encodings[i] = writer->encoded.at + at;
    at += writer->encoding_bytes[i];
  }
  return write_chunk(writer, rows);
}

static weft_status write_appended(weft_writer *writer) {
  if (writer->rows == 0)
    return WEFT_OK;
  WEFT_TRY(encode_chunk(writer, NULL, 0, writer->rows));
  writer->rows = 0;
  for (size_t i = 0; i < writer->schema.n; i++)
    weft__appended_empty(&writer->appended[i]);
  return WEFT_OK;
}

static weft_status check_columns(const weft_writer *writer, const struct weft_column *columns, size_t n) {
  const char *who = "weft_writer_append";
  weft_ctx *ctx = writer->ctx;
  WEFT_TRY(weft__columns_check(ctx, who, columns, n));
  if (n != writer->schema.n)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %zu columns, and the file has %zu", who, n, writer->schema.n);
  for (size_t i = 0; i < n; i++) {
    const struct weft_field *field = &writer->schema.fields[i];
    if (columns[i].type != field->type || (columns[i].layout == WEFT_FIXED && columns[i].width != field->width))
      return weft__fail(ctx, WEFT_E_INVALID,
                        "%s: column %zu has type %d and width %zu, field \"%.60s\" type %d and width %u", who, i,
                        (int)columns[i].type, columns[i].width, field->name, (int)field->type, field->width);
  }
  return WEFT_OK;
}

static weft_status check_rows(const weft_writer *writer, uint64_t rows) {
  if (rows > MOST_ROWS - writer->total_rows - writer->rows)
    return weft__fail(writer->ctx, WEFT_E_OVERFLOW, "weft_writer: %llu rows, and %llu more pass 2^62",
                      (unsigned long long)(writer->total_rows + writer->rows), (unsigned long long)rows);
  return WEFT_OK;
}

static weft_status append(weft_writer *writer, const struct weft_column *columns, size_t n) {
  WEFT_TRY(check_columns(writer, columns, n));
  WEFT_TRY(check_rows(writer, columns[0].rows));
  size_t rows = columns[0].rows, chunk_rows = writer->options.chunk_rows;
  for (size_t first = 0; first < rows;) {
    size_t left = rows - first, here = chunk_rows - writer->rows;
    if (left >= chunk_rows && writer->rows == 0) {
      WEFT_TRY(encode_chunk(writer, columns, first, chunk_rows));
      first += chunk_rows;
      continue;
    }
    here = here < left ? here : left;
    for (size_t i = 0; i < n; i++)
      WEFT_TRY(weft__append(writer->ctx, &columns[i], first, here, writer->rows, &writer->appended[i]));
    writer->rows += here;
    first += here;
    if (writer->rows == chunk_rows)
      WEFT_TRY(write_appended(writer));
  }
  return WEFT_OK;
}

/* ---- What was encoded elsewhere ---- */

static weft_status check_encoding(const weft_writer *writer, size_t i, const void *encoding, size_t bytes, uint64_t *rows,
                                  struct weft_encoded_info *described) {
  const struct weft_field *field = &writer->schema.fields[i];
  WEFT_TRY(weft_describe(writer->ctx, encoding, bytes, described, sizeof *described));
  if (described->type != field->type || described->width != field->width)
    return weft__fail(writer->ctx, WEFT_E_INVALID, "its encoding is of type %d and width %u, not of type %d and width %u",
                      (int)described->type, described->width, (int)field->type, field->width);
  if (described->rows == 0 || described->rows > WEFT_CHUNK_ROWS)
    return weft__fail(writer->ctx, WEFT_E_INVALID, "its encoding has %llu rows, not 1 to %d",
                      (unsigned long long)described->rows, WEFT_CHUNK_ROWS);
  if (i > 0 && described->rows != *rows)
    return weft__fail(writer->ctx, WEFT_E_INVALID, "its encoding has %llu rows, and those before it %llu",
                      (unsigned long long)described->rows, (unsigned long long)*rows);
  *rows = described->rows;
  return WEFT_OK;
}

static weft_status append_encoded(weft_writer *writer, const void *const *encodings, const size_t *bytes, size_t n) {
  struct weft_encoded_info described;
  uint64_t rows = 0;
  if (!encodings || !bytes || n != writer->schema.n)
    return weft__fail(writer->ctx, WEFT_E_INVALID, "weft_writer_append_encoded: %s",
                      !encodings || !bytes ? "encodings or bytes is NULL" : "n is not the file's number of columns");
  for (size_t i = 0; i < n; i++)
    WEFT_TRY(told(writer, i, check_encoding(writer, i, encodings[i], bytes[i], &rows, &described)));
  WEFT_TRY(check_rows(writer, rows));
  WEFT_TRY(write_appended(writer));
  WEFT_TRY(begin_entry(writer, (size_t)rows));
  for (size_t i = 0; i < n; i++) {
    writer->encodings[i] = encodings[i];
    writer->encoding_bytes[i] = bytes[i];
    WEFT_TRY(weft_describe(writer->ctx, encodings[i], bytes[i], &described, sizeof described));
    WEFT_TRY(told(writer, i, add_column(writer, &writer->schema.fields[i], NULL, encodings[i], bytes[i], &described)));
  }
  return write_chunk(writer, (size_t)rows);
}

/* ---- Metadata and the footer ---- */

static size_t pair_bytes(const uint8_t *pair) {
  return FILE_PAIR_BYTES + (size_t)codec_get(pair, 4) + (size_t)codec_get(pair + 4, 4);
}

/* The slot that a key has, or would have. */
static uint32_t *pair_slot(const weft_writer *writer, const uint8_t *key, size_t bytes) {
  uint32_t mask = writer->n_slots - 1, slot = (uint32_t)file_sum(writer->ctx, key, bytes, writer->schema.seed) & mask;
  for (; writer->pair_slots[slot] != 0; slot = (slot + 1) & mask) {
    const uint8_t *pair = writer->metadata.at + writer->pair_slots[slot] - 1;
    if (codec_get(pair, 4) == bytes && memcmp(pair + 8, key, bytes) == 0)
      break;
  }
  return &writer->pair_slots[slot];
}

static void fill_slots(weft_writer *writer) {
  memset(writer->pair_slots, 0, writer->n_slots * sizeof *writer->pair_slots);
  for (size_t at = 0; at < writer->metadata.used; at += pair_bytes(writer->metadata.at + at)) {
    const uint8_t *pair = writer->metadata.at + at;
    *pair_slot(writer, pair + 8, (size_t)codec_get(pair, 4)) = (uint32_t)at + 1;
  }
}

/* Room for one more pair, so that at most half of the slots are taken. */
static weft_status reserve_slots(weft_writer *writer) {
  uint32_t n = writer->n_slots == 0 ? 16 : 2 * writer->n_slots;
  if (writer->pairs < writer->n_slots / 2)
    return WEFT_OK;
  uint32_t *slots = weft_alloc(writer->ctx, n * sizeof *slots);
  if (!slots)
    return writer->ctx->cache.status;
  (void)!weft_free(writer->ctx, writer->pair_slots);
  writer->pair_slots = slots;
  writer->n_slots = n;
  fill_slots(writer);
  return WEFT_OK;
}

/* A new key takes time by its own bytes, one that is there by those of all. */
static weft_status set_metadata(weft_writer *writer, const char *key, const void *value, size_t bytes) {
  WEFT_TRY(reserve_slots(writer));
  size_t key_bytes = strlen(key), at = *pair_slot(writer, (const uint8_t *)key, key_bytes), had = 0;
  if (at > 0)
    had = pair_bytes(writer->metadata.at + --at);
  size_t others = writer->pair_bytes - (had > 0 ? had - FILE_PAIR_BYTES : 0);
  if (key_bytes > WEFT_METADATA_BYTES || bytes > WEFT_METADATA_BYTES || key_bytes + bytes + others > WEFT_METADATA_BYTES)
    return weft__fail(writer->ctx, WEFT_E_LIMIT, "weft_writer_metadata: %zu bytes and %zu more, and at most %d can be",
                      others, bytes + key_bytes, WEFT_METADATA_BYTES);
  WEFT_TRY(weft__reserve(writer->ctx, &writer->metadata, FILE_PAIR_BYTES + key_bytes + bytes));
  uint8_t *p = writer->metadata.at;
  if (had > 0) {
    memmove(p + at, p + at + had, writer->metadata.used - at - had);
    writer->metadata.used -= had;
    writer->pairs--;
    fill_slots(writer);
  }
  *pair_slot(writer, (const uint8_t *)key, key_bytes) = (uint32_t)writer->metadata.used + 1;
  p += writer->metadata.used;
  codec_put(p, key_bytes, 4);
  codec_put(p + 4, bytes, 4);
  memcpy(p + 8, key, key_bytes + 1);
  memcpy(p + 9 + key_bytes, value, bytes);
  writer->metadata.used += FILE_PAIR_BYTES + key_bytes + bytes;
  writer->pair_bytes = others + key_bytes + bytes;
  writer->pairs++;
  return WEFT_OK;
}

static weft_status write_footer(weft_writer *writer) {
  WEFT_TRY(write_appended(writer));
  size_t bytes = FILE_FOOTER_BYTES + writer->metadata.used + writer->entries.used;
  uint8_t *footer = weft_alloc(writer->ctx, bytes + FILE_TRAILER_BYTES), *p = footer;
  if (!footer)
    return writer->ctx->cache.status;
  memcpy(p, FILE_FOOTER_MAGIC, FILE_MARK_BYTES);
  codec_put(p + 4, writer->pairs, 4);
  codec_put(p + 8, writer->chunks, 8);
  codec_put(p + 16, writer->total_rows, 8);
  p += FILE_FOOTER_BYTES;
  if (writer->metadata.used > 0)
    memcpy(p, writer->metadata.at, writer->metadata.used);
  if (writer->entries.used > 0)
    memcpy(p + writer->metadata.used, writer->entries.at, writer->entries.used);
  p = footer + bytes;
  codec_put(p, bytes, 8);
  codec_put(p + 8, FILE_VERSION, 8);
  codec_put(p + FILE_TRAILER_SUM, file_sum(writer->ctx, footer, bytes + FILE_TRAILER_SUM, writer->schema.sum), 8);
  memcpy(p + FILE_TRAILER_BYTES - FILE_MAGIC_BYTES, FILE_END_MAGIC, FILE_MAGIC_BYTES);
  weft_status status = emit(writer, footer, bytes + FILE_TRAILER_BYTES);
  (void)!weft_free(writer->ctx, footer);
  return status == WEFT_OK ? flush(writer) : status;
}

/* ---- The calls ---- */

void weft_writer_options_init(struct weft_writer_options *options, size_t size) {
  struct weft_writer_options defaults = {.size = size, .chunk_rows = WEFT_CHUNK_ROWS};
  if (!options)
    return;
  size_t known = size < sizeof defaults ? size : sizeof defaults, start = offsetof(struct weft_writer_options, encode);
  weft_encode_options_init(&defaults.encode, known > start ? known - start : 0);
  defaults.encode.zones = true;
  memset(options, 0, size);
  memcpy(options, &defaults, known);
}

static weft_status read_options(weft_ctx *ctx, const struct weft_writer_options *options,
                                struct weft_writer_options *mine) {
  weft_writer_options_init(mine, sizeof *mine);
  if (options) {
    size_t least = offsetof(struct weft_writer_options, encode.choices) + sizeof options->encode.choices;
    WEFT_TRY(weft__options_read(ctx, "weft_writer_open", options, options->size, least, mine, sizeof *mine));
  }
  mine->encode.size = sizeof mine->encode;
  if (mine->chunk_rows < CODEC_BLOCK || mine->chunk_rows > WEFT_CHUNK_ROWS || mine->chunk_rows % CODEC_BLOCK != 0)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: options.chunk_rows is %u, not a multiple of %d up to %d",
                      mine->chunk_rows, CODEC_BLOCK, WEFT_CHUNK_ROWS);
  return WEFT_OK;
}

/* What is left to set up once there is a writer. */
static weft_status open(weft_writer *writer, const struct weft_field *fields, size_t n) {
  weft_ctx *ctx = writer->ctx;
  WEFT_TRY(weft__schema_make(ctx, fields, n, &writer->schema));
  writer->appended = weft_zalloc(ctx, n * sizeof *writer->appended);
  writer->encodings = writer->appended ? weft_alloc(ctx, n * sizeof *writer->encodings) : NULL;
  writer->encoding_bytes = writer->encodings ? weft_alloc(ctx, n * sizeof *writer->encoding_bytes) : NULL;
  if (!writer->encoding_bytes)
    return ctx->cache.status;
  WEFT_TRY(emit(writer, writer->schema.head, writer->schema.head_bytes));
  WEFT_TRY(pad(writer, file_padding(writer->at, FILE_ALIGN)));
  return flush(writer);
}

weft_status weft_writer_open(weft_ctx *ctx, const struct weft_field *fields, size_t n_fields,
                             const struct weft_writer_options *options, weft_sink sink, void *user, weft_writer **out) {
  if (out)
    *out = NULL;
  if (!ctx || !fields || !sink || !out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: %s is NULL",
                      !ctx      ? "ctx"
                      : !fields ? "fields"
                      : !sink   ? "sink"
                                : "out");
  if (n_fields == 0 || n_fields > WEFT_FILE_COLUMNS)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_writer_open: %zu fields, not 1 to %d", n_fields, WEFT_FILE_COLUMNS);
  struct weft_writer_options mine;
  WEFT_TRY(read_options(ctx, options, &mine));
  weft_writer *writer = weft_zalloc(ctx, sizeof *writer);
  if (!writer)
    return weft__fail_within(ctx, ctx->cache.status, "weft_writer_open");
  writer->ctx = ctx;
  writer->sink = sink;
  writer->user = user;
  writer->options = mine;
  weft_status status = open(writer, fields, n_fields);
  if (status == WEFT_OK)
    *out = writer;
  else
    weft_writer_free(writer);
  return weft__fail_within(ctx, status, "weft_writer_open");
}

/* Whether a call may go on. */
static weft_status check_open(weft_writer *writer, const char *who) {
  if (writer->status != WEFT_OK)
    return weft__fail(writer->ctx, writer->status, "%s: a call before failed: %s", who, weft_status_text(writer->status));
  if (writer->finished)
    return weft__fail(writer->ctx, WEFT_E_INVALID, "%s: the file is finished", who);
  return WEFT_OK;
}

weft_status weft_writer_metadata(weft_writer *writer, const char *key, const void *value, size_t bytes) {
  if (!writer)
    return WEFT_E_INVALID;
  WEFT_TRY(check_open(writer, "weft_writer_metadata"));
  if (!key || !value || !weft__is_utf8((const uint8_t *)key, strlen(key)))
    return weft__fail(writer->ctx, WEFT_E_INVALID, "weft_writer_metadata: %s",
                      !key     ? "key is NULL"
                      : !value ? "value is NULL"
                               : "key is no UTF-8");
  return weft__fail_within(writer->ctx, set_metadata(writer, key, value, bytes), "weft_writer_metadata");
}

weft_status weft_writer_append(weft_writer *writer, const struct weft_column *columns, size_t n) {
  if (!writer)
    return WEFT_E_INVALID;
  WEFT_TRY(check_open(writer, "weft_writer_append"));
  return writer->status = weft__fail_within(writer->ctx, append(writer, columns, n), "weft_writer_append");
}

weft_status weft_writer_append_encoded(weft_writer *writer, const void *const *encodings, const size_t *bytes, size_t n) {
  if (!writer)
    return WEFT_E_INVALID;
  WEFT_TRY(check_open(writer, "weft_writer_append_encoded"));
  weft_status status = append_encoded(writer, encodings, bytes, n);
  return writer->status = weft__fail_within(writer->ctx, status, "weft_writer_append_encoded");
}

weft_status weft_writer_finish(weft_writer *writer) {
  if (!writer)
    return WEFT_E_INVALID;
  WEFT_TRY(check_open(writer, "weft_writer_finish"));
  writer->status = weft__fail_within(writer->ctx, write_footer(writer), "weft_writer_finish");
  writer->finished = writer->status == WEFT_OK;
  return writer->status;
}

void weft_writer_free(weft_writer *writer) {
  if (!writer)
    return;
  weft_ctx *ctx = writer->ctx;
  for (size_t i = 0; writer->appended && i < writer->schema.n; i++)
    weft__appended_close(ctx->cache.slab, &writer->appended[i]);
  void *owned[] = {writer->appended,   writer->encodings,   writer->encoding_bytes, writer->encoded.at,
                   writer->entries.at, writer->metadata.at, writer->pair_slots};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    (void)!weft_free(ctx, owned[i]);
  weft__schema_close(ctx, &writer->schema);
  (void)!weft_free(ctx, writer);
}
