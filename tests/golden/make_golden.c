/* SPDX-License-Identifier: MIT
 *
 * Makes golden files, of golden.c's list those that the folder does not have yet; by hand, when the list has grown:
 *     build/…/tests/make_golden tests/golden
 * A file that is there stays as it is, whatever this version of weft would write: it shows that what was written once is
 * read for ever. So a file is deleted only where the format of a version that was never released has changed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "golden.h"

static struct guard_pool pool;

static void die(const char *what, const char *why) {
  fprintf(stderr, "make_golden: %s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

/* Opens a file to write, NULL when there is one. */
static FILE *create(const char *folder, const char *name, const char *extension) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s.%s", folder, name, extension);
  FILE *file = fopen(path, "rb");
  if (file) {
    fclose(file);
    return NULL;
  }
  file = fopen(path, "wb");
  if (!file)
    die(path, "cannot be written");
  return file;
}

static struct weft_encode_options options_of(const struct golden *g) {
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  memcpy(options.codec, g->codec, sizeof options.codec);
  options.sorted_dictionary = g->sorted;
  options.zones = g->zones;
  return options;
}

static void make_encoding(weft_ctx *ctx, const struct golden *g, FILE *file) {
  static uint8_t encoded[1 << 20];
  struct weft_encode_options options = options_of(g);
  struct test_column column;
  size_t bytes;
  guard_reset(&pool, 0);
  golden_build(&pool, g, g->rows, &column);
  if (weft_encode(ctx, &column.column, &options, encoded, sizeof encoded, &bytes) != WEFT_OK)
    die(g->name, weft_ctx_message(ctx));
  struct weft_encoded_info info;
  if (weft_describe(ctx, encoded, bytes, &info, sizeof info) != WEFT_OK)
    die(g->name, weft_ctx_message(ctx));
  printf("%-20s %5zu bytes:", g->name, bytes);
  for (uint32_t i = 0; i < info.n_nodes; i++)
    printf("%*s%s", info.nodes[i].depth + 1, " ", weft_codec_name(info.nodes[i].codec));
  printf("\n");
  if (fwrite(encoded, 1, bytes, file) != bytes)
    die(g->name, "cannot be written");
}

static bool sink(void *user, const void *bytes, size_t n) {
  return fwrite(bytes, 1, n, user) == n;
}

static void add_metadata(weft_writer *writer) {
  uint8_t all[256];
  for (int i = 0; i < 256; i++)
    all[i] = (uint8_t)i;
  if (weft_writer_metadata(writer, "made by", "make_golden", 11) != WEFT_OK ||
      weft_writer_metadata(writer, "empty", "", 0) != WEFT_OK ||
      weft_writer_metadata(writer, "\xc3\xa9", all, sizeof all) != WEFT_OK)
    die("metadata", "not taken");
}

static void make_file(weft_ctx *ctx, const struct golden_file *g, FILE *file) {
  struct weft_field fields[GOLDEN_COLUMNS];
  struct weft_column columns[GOLDEN_COLUMNS];
  struct weft_writer_options options;
  weft_writer_options_init(&options, sizeof options);
  options.chunk_rows = 1024;
  size_t n = 0;
  guard_reset(&pool, 0);
  for (; g->names[n]; n++) {
    const struct golden *column = golden_of(g->names[n]);
    struct test_column truth;
    golden_build(&pool, column, g->rows, &truth);
    columns[n] = truth.column;
    fields[n] = (struct weft_field){column->name, column->type, column->width};
  }
  weft_writer *writer;
  if (weft_writer_open(ctx, fields, n, &options, sink, file, &writer) != WEFT_OK)
    die(g->name, weft_ctx_message(ctx));
  if (g->metadata)
    add_metadata(writer);
  if (weft_writer_append(writer, columns, n) != WEFT_OK || weft_writer_finish(writer) != WEFT_OK)
    die(g->name, weft_ctx_message(ctx));
  weft_writer_free(writer);
  printf("%-20s %5ld bytes\n", g->name, ftell(file));
}

int main(int argc, char **argv) {
  weft_ctx *ctx;
  if (argc != 2 || weft_ctx_create(NULL, &ctx) != WEFT_OK)
    die("usage", "make_golden FOLDER");
  for (size_t i = 0; i < golden_count; i++) {
    FILE *file = create(argv[1], golden[i].name, "wfc");
    if (file)
      make_encoding(ctx, &golden[i], file);
    if (file && fclose(file) != 0)
      die(golden[i].name, "cannot be written");
  }
  for (size_t i = 0; i < golden_files_count; i++) {
    FILE *file = create(argv[1], golden_files[i].name, "weft");
    if (file)
      make_file(ctx, &golden_files[i], file);
    if (file && fclose(file) != 0)
      die(golden_files[i].name, "cannot be written");
  }
  weft_ctx_free(ctx);
  guard_close(&pool);
  return EXIT_SUCCESS;
}
