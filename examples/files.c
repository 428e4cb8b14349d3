/* SPDX-License-Identifier: MIT
 *
 * A file of two columns, written chunk by chunk and read back: what its footer says, and only the chunks that can hold what
 * is looked for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

enum { ROWS = 5000, AT_ONCE = 1000 };

static int failed(const weft_ctx *ctx, weft_status status) {
  fprintf(stderr, "files: %s: %s\n", weft_status_text(status), weft_ctx_message(ctx));
  return 1;
}

/* The file, as the writer and the reader see it: bytes that go to it, and bytes that come from anywhere in it. */
static bool put(void *file, const void *bytes, size_t n) {
  return fwrite(bytes, 1, n, file) == n;
}

static bool get(void *file, uint64_t offset, void *dst, size_t n, size_t *got) {
  if (fseek(file, (long)offset, SEEK_SET) != 0)
    return false;
  *got = fread(dst, 1, n, file);
  return *got == n;
}

/* Days since 1970, and a word for each. */
static weft_status write_rows(weft_ctx *ctx, FILE *file) {
  static const char words[] = "warpweftheddle";
  static const struct weft_field fields[] = {{.name = "day", .type = WEFT_I32}, {.name = "word", .type = WEFT_STRING}};
  struct weft_writer_options options;
  weft_writer *writer;
  weft_writer_options_init(&options, sizeof options);
  options.chunk_rows = 1024;
  weft_status status = weft_writer_open(ctx, fields, 2, &options, put, file, &writer);
  if (status != WEFT_OK)
    return status;
  for (int32_t first = 0; status == WEFT_OK && first < ROWS; first += AT_ONCE) {
    int32_t days[AT_ONCE];
    const void *texts[AT_ONCE];
    size_t lengths[AT_ONCE];
    for (int32_t i = 0; i < AT_ONCE; i++) {
      days[i] = 19000 + first + i;
      texts[i] = words + 4 * (i % 3);
      lengths[i] = i % 3 == 2 ? 6 : 4;
    }
    struct weft_column columns[] = {weft_column_fixed(days, WEFT_I32, AT_ONCE), weft_column_ptrs(texts, lengths, AT_ONCE)};
    status = weft_writer_append(writer, columns, 2);
  }
  if (status == WEFT_OK)
    status = weft_writer_metadata(writer, "made by", "an example", strlen("an example"));
  if (status == WEFT_OK)
    status = weft_writer_finish(writer);
  weft_writer_free(writer);
  return status;
}

/* The word of a day: chunks whose days do not reach it are not read. */
static weft_status find_day(weft_reader *reader, uint64_t chunks, int32_t day) {
  size_t days = weft_reader_find(reader, "day"), words = weft_reader_find(reader, "word");
  for (uint64_t chunk = 0; chunk < chunks; chunk++) {
    struct weft_chunk_info info;
    struct weft_decode_options options;
    weft_decoded *decoded;
    int32_t least, greatest;
    weft_status status = weft_reader_chunk(reader, chunk, days, &info, sizeof info);
    if (status != WEFT_OK)
      return status;
    memcpy(&least, info.min, sizeof least);
    memcpy(&greatest, info.max, sizeof greatest);
    printf("chunk %" PRIu64 ": %" PRIu64 " rows, days %d to %d\n", chunk, info.rows, least, greatest);
    if (day < least || day > greatest)
      continue;
    weft_decode_options_init(&options, sizeof options);
    options.first_row = (uint64_t)(day - least); /* there is one row a day */
    options.rows = 1;
    status = weft_reader_decode(reader, chunk, words, &options, &decoded);
    if (status != WEFT_OK)
      return status;
    const struct weft_column *column = weft_decoded_column(decoded);
    const int32_t *offsets = column->aux;
    printf("  day %d: %.*s\n", day, (int)(offsets[1] - offsets[0]), (const char *)column->data + offsets[0]);
    weft_decoded_free(decoded);
  }
  return WEFT_OK;
}

static weft_status read_rows(weft_ctx *ctx, FILE *file) {
  struct weft_source source = {.read = get, .user = file};
  struct weft_file_info info;
  weft_reader *reader;
  const char *key;
  const void *value;
  size_t bytes;
  if (fseek(file, 0, SEEK_END) != 0)
    return WEFT_E_IO;
  source.bytes = (uint64_t)ftell(file);
  weft_status status = weft_reader_open(ctx, &source, 0, &reader);
  if (status != WEFT_OK)
    return status;
  status = weft_reader_info(reader, &info, sizeof info);
  if (status == WEFT_OK)
    status = weft_reader_metadata(reader, 0, &key, &value, &bytes);
  if (status == WEFT_OK) {
    printf("%" PRIu64 " rows of %u columns, %s %.*s\n", info.rows, info.columns, key, (int)bytes, (const char *)value);
    status = find_day(reader, info.chunks, 22000);
  }
  weft_reader_free(reader);
  return status;
}

int main(void) {
  weft_ctx *ctx;
  weft_status status = weft_ctx_create(NULL, &ctx);
  if (status != WEFT_OK)
    return failed(NULL, status);
  FILE *file = tmpfile();
  if (!file)
    return 1;
  if ((status = write_rows(ctx, file)) != WEFT_OK || (status = read_rows(ctx, file)) != WEFT_OK)
    return failed(ctx, status);
  fclose(file);
  weft_ctx_free(ctx);
  return 0;
}
