/* SPDX-License-Identifier: MIT
 *
 * A column of strings with nulls, compressed in memory and taken out of it again: a range of its rows, some rows by their
 * numbers as views, and all of them as codes of a dictionary.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

enum { ROWS = 10000 };

/* Row i is the word number i % 4, and every tenth is null. */
static const char *const words[] = {"warp", "weft", "selvedge of a broadcloth", "heddle"};
static const void *texts[ROWS];
static size_t lengths[ROWS];
static uint8_t validity[(ROWS + 7) / 8];

static struct weft_column make_column(void) {
  for (size_t i = 0; i < ROWS; i++) {
    texts[i] = words[i % 4];
    lengths[i] = strlen(words[i % 4]);
    validity[i / 8] = (uint8_t)(validity[i / 8] | (i % 10 != 0) << i % 8);
  }
  return weft_column_with_validity(weft_column_ptrs(texts, lengths, ROWS), validity, 0);
}

/* What an encoding says of itself, in its header. */
static weft_status describe(weft_ctx *ctx, const void *encoded, size_t bytes) {
  struct weft_encoded_info info;
  weft_status status = weft_describe(ctx, encoded, bytes, &info, sizeof info);
  if (status != WEFT_OK)
    return status;
  printf("%" PRIu64 " rows, %" PRIu64 " of them null, as %s of %" PRIu64 " words\n", info.rows, info.nulls,
         weft_codec_name(info.nodes[0].codec), info.dictionary_rows);
  return WEFT_OK;
}

/* Strings as offsets and bytes are what decoding gives unless it is asked for something else. */
static weft_status print_range(weft_ctx *ctx, const void *encoded, size_t bytes) {
  struct weft_decode_options options;
  weft_decoded *decoded;
  weft_decode_options_init(&options, sizeof options);
  options.first_row = 5000;
  options.rows = 4;
  weft_status status = weft_decode(ctx, encoded, bytes, &options, &decoded);
  if (status != WEFT_OK)
    return status;
  const struct weft_column *column = weft_decoded_column(decoded);
  const char *data = column->data;
  const int32_t *offsets = column->aux;
  for (size_t i = 0; i < column->rows; i++) {
    if (column->base_validity && !(column->base_validity[i / 8] >> i % 8 & 1))
      printf("row %zu is null\n", 5000 + i);
    else
      printf("row %zu is %.*s\n", 5000 + i, (int)(offsets[i + 1] - offsets[i]), data + offsets[i]);
  }
  weft_decoded_free(decoded);
  return WEFT_OK;
}

/* Rows by their numbers, in any order, as views, which hold what is no longer than 12 bytes and lead to the rest. */
static weft_status print_views(weft_ctx *ctx, const void *encoded, size_t bytes) {
  static const uint32_t rows[] = {9999, 1, 2};
  struct weft_decode_options options;
  weft_decoded *decoded;
  weft_decode_options_init(&options, sizeof options);
  options.selection = rows;
  options.selected = sizeof rows / sizeof *rows;
  options.form = WEFT_FORM_VIEWS;
  weft_status status = weft_decode(ctx, encoded, bytes, &options, &decoded);
  if (status != WEFT_OK)
    return status;
  const struct weft_column *column = weft_decoded_column(decoded);
  const struct weft_view *views = column->data;
  for (size_t i = 0; i < column->rows; i++) {
    const struct weft_view *view = &views[i];
    const uint8_t *text = view->as.inlined;
    if (view->length > 12)
      text = column->buffers[view->as.ref.buffer] + view->as.ref.offset;
    printf("row %u is %.*s\n", rows[i], view->length, (const char *)text);
  }
  weft_decoded_free(decoded);
  return WEFT_OK;
}

/* Codes are what one counts, joins or sorts by: a number a row, and each word once. */
static weft_status count_words(weft_ctx *ctx, const void *encoded, size_t bytes) {
  size_t counts[8] = {0};
  struct weft_decode_options options;
  weft_decoded *decoded;
  weft_decode_options_init(&options, sizeof options);
  options.form = WEFT_FORM_CODES;
  weft_status status = weft_decode(ctx, encoded, bytes, &options, &decoded);
  if (status != WEFT_OK)
    return status;
  const struct weft_column *column = weft_decoded_column(decoded); /* the dictionary, with the codes as its selection */
  const char *data = column->data;
  const int32_t *offsets = column->aux;
  for (size_t i = 0; i < column->rows; i++)
    if (column->row_validity[i / 8] >> i % 8 & 1)
      counts[column->selection[i]]++;
  for (size_t i = 0; i < column->base_rows; i++)
    printf("%zu times %.*s\n", counts[i], (int)(offsets[i + 1] - offsets[i]), data + offsets[i]);
  weft_decoded_free(decoded);
  return WEFT_OK;
}

static weft_status run(weft_ctx *ctx) {
  static uint8_t encoded[ROWS * 30];
  struct weft_column column = make_column();
  struct weft_encode_options options;
  size_t bytes = 0;
  weft_encode_options_init(&options, sizeof options);
  options.sorted_dictionary = true;
  weft_status status = weft_encode(ctx, &column, &options, encoded, sizeof encoded, &bytes);
  if (status == WEFT_OK)
    status = describe(ctx, encoded, bytes);
  if (status == WEFT_OK)
    status = print_range(ctx, encoded, bytes);
  if (status == WEFT_OK)
    status = print_views(ctx, encoded, bytes);
  return status == WEFT_OK ? count_words(ctx, encoded, bytes) : status;
}

int main(void) {
  weft_ctx *ctx = NULL;
  weft_status status = weft_ctx_create(NULL, &ctx);
  if (status == WEFT_OK)
    status = run(ctx);
  if (status != WEFT_OK)
    fprintf(stderr, "columns: %s: %s\n", weft_status_text(status), weft_ctx_message(ctx));
  weft_ctx_free(ctx);
  return status == WEFT_OK ? 0 : 1;
}
