/* SPDX-License-Identifier: MIT
 *
 * Tries hostile files, as a mapped one, by a callback, and of a length that is not known.
 */
#include <stdio.h>

#include "attempts.h"
#include "coded_say.h"

#define MOST_BYTES ((uint64_t)1 << 20)
#define MOST_ROWS 70000
#define MOST_CHUNKS 8 /* of each, of which the columns are decoded */

struct bytes {
  const uint8_t *at;
  size_t n;
};

static bool read_bytes(void *user, uint64_t offset, void *dst, size_t n, size_t *got) {
  const struct bytes *file = user;
  uint64_t left = offset < file->n ? file->n - offset : 0;
  size_t here = n < left ? n : (size_t)left;
  if (here > 0)
    memcpy(dst, file->at + offset, here);
  *got = here;
  return true;
}

static bool is_documented(weft_status status) {
  return status == WEFT_OK || status == WEFT_E_CORRUPT || status == WEFT_E_UNSUPPORTED || status == WEFT_E_LIMIT ||
         status == WEFT_E_OVERFLOW;
}

static const char *wrong_status(const weft_ctx *ctx, const char *what, weft_status status) {
  SAY_UNLESS(is_documented(status), "%s: %s: %s", what, weft_status_text(status), weft_ctx_message(ctx));
  return NULL;
}

static const char *attempt_column(weft_ctx *ctx, weft_reader *reader, uint64_t chunk, size_t column) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.max_bytes = MOST_BYTES;
  weft_decoded *decoded;
  weft_status status = weft_reader_decode(reader, chunk, column, &options, &decoded);
  SAY(wrong_status(ctx, "weft_reader_decode", status));
  const char *say = NULL;
  if (decoded && weft_column_validate(ctx, weft_decoded_column(decoded)) != WEFT_OK)
    say = coded_say("what weft_reader_decode gave: %s", weft_ctx_message(ctx));
  weft_decoded_free(decoded);
  return say;
}

static const char *attempt_chunk(weft_ctx *ctx, weft_reader *reader, uint64_t chunk, size_t columns, weft_status *all) {
  struct weft_chunk_info info;
  for (size_t i = 0; i < columns; i++) {
    weft_status status = weft_reader_chunk(reader, chunk, i, &info, sizeof info);
    SAY_UNLESS(status == WEFT_OK, "weft_reader_chunk: %s", weft_ctx_message(ctx));
    SAY_UNLESS(info.min_bytes <= sizeof info.min && info.max_bytes <= sizeof info.max && info.nulls <= info.rows,
               "column %zu: min of %u bytes, max of %u, %llu nulls", i, info.min_bytes, info.max_bytes,
               (unsigned long long)info.nulls);
    SAY(attempt_column(ctx, reader, chunk, i));
  }
  weft_status verified = columns == 0 || info.rows > MOST_ROWS ? WEFT_OK : weft_reader_verify(reader, chunk);
  SAY(wrong_status(ctx, "weft_reader_verify", verified));
  *all = *all == WEFT_OK ? verified : *all;
  return NULL;
}

/* What an open file says of itself. */
static const char *attempt_names(weft_ctx *ctx, const weft_reader *reader, const struct weft_file_info *info) {
  for (size_t i = 0; i < info->columns; i++) {
    struct weft_field field;
    SAY_UNLESS(weft_reader_field(reader, i, &field) == WEFT_OK, "weft_reader_field: %s", weft_ctx_message(ctx));
    SAY_UNLESS(field.name && weft_reader_find(reader, field.name) == i, "column %zu is not found by its name", i);
  }
  for (size_t i = 0; i < info->metadata; i++) {
    const char *key;
    const void *value;
    size_t bytes, sum = 0;
    SAY_UNLESS(weft_reader_metadata(reader, i, &key, &value, &bytes) == WEFT_OK, "weft_reader_metadata: %s",
               weft_ctx_message(ctx));
    for (size_t k = 0; k < bytes; k++)
      sum += ((const uint8_t *)value)[k];
    SAY_UNLESS(strlen(key) + sum < SIZE_MAX, "metadata without end");
  }
  return NULL;
}

static const char *attempt_reader(weft_ctx *ctx, struct rng *rng, weft_reader *reader, bool is_known, weft_status *all) {
  struct weft_file_info info;
  uint64_t chunk = 0;
  SAY_UNLESS(weft_reader_info(reader, &info, sizeof info) == WEFT_OK, "weft_reader_info: %s", weft_ctx_message(ctx));
  SAY(attempt_names(ctx, reader, &info));
  if (is_known) {
    for (uint64_t i = 0; i < info.chunks && i < MOST_CHUNKS; i++) {
      chunk = info.chunks <= MOST_CHUNKS ? i : rng_upto(rng, (size_t)info.chunks - 1);
      SAY(attempt_chunk(ctx, reader, chunk, info.columns, all));
    }
    return NULL;
  }
  for (size_t i = 0; chunk != UINT64_MAX; i++) {
    weft_status status = weft_reader_next(reader, &chunk);
    SAY(wrong_status(ctx, "weft_reader_next", status));
    if (status != WEFT_OK) {
      *all = status;
      return NULL;
    }
    if (chunk != UINT64_MAX && i < MOST_CHUNKS && rng_percent(rng, 80)) /* the others are gone past */
      SAY(attempt_chunk(ctx, reader, chunk, info.columns, all));
  }
  return NULL;
}

const char *attempt_file(weft_ctx *ctx, struct rng *rng, const uint8_t *file, size_t bytes, weft_status *all) {
  struct bytes user = {file, bytes};
  *all = WEFT_OK;
  for (int kind = 0; kind < 3; kind++) {
    struct weft_source source = {.read = read_bytes, .user = &user, .bytes = kind == 2 ? UINT64_MAX : bytes};
    source.mapped = kind == 0 ? file : NULL;
    weft_reader *reader = (weft_reader *)&reader;
    weft_status status = weft_reader_open(ctx, &source, MOST_BYTES, &reader);
    SAY(wrong_status(ctx, "weft_reader_open", status));
    SAY_UNLESS((status == WEFT_OK) == (reader != NULL), "weft_reader_open: %s, and %p", weft_status_text(status),
               (void *)reader);
    *all = *all == WEFT_OK ? status : *all;
    const char *say = reader ? attempt_reader(ctx, rng, reader, kind != 2, all) : NULL;
    weft_reader_free(reader);
    if (say)
      return say;
  }
  return NULL;
}
