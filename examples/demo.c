/* SPDX-License-Identifier: MIT
 *
 * The program behind ./run-demo: hashes each line of a file by batch and by the plain loop over xxHash, in turns, and
 * prints how long each took. `demo LINES HASHES` writes a row "hash  line" per line to the file HASHES.
 *
 * The loop is XXH3_64bits inlined into this file, so compiled with this file's flags: -O3 in a release build, for any CPU
 * of the architecture, as a program that calls xxHash by itself would be. The library picks its kernels when it starts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { ROUNDS = 101 };

/* The lines of a file, one after another without their ends: Arrow's layout of strings. */
struct lines {
  char *bytes;
  int64_t *offsets; /* [rows + 1] */
  size_t rows;
};

static void fail(const char *what, const char *why) {
  fprintf(stderr, "demo: %s: %s\n", what, why);
  exit(1);
}

static void *allocate(size_t count, size_t bytes) {
  void *p = calloc(count ? count : 1, bytes);
  if (!p)
    fail("memory", strerror(errno));
  return p;
}

static char *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0)
    fail(path, strerror(errno));
  long size = ftell(file);
  if (size < 0 || fseek(file, 0, SEEK_SET) != 0)
    fail(path, strerror(errno));
  char *text = allocate((size_t)size + 1, 1);
  *bytes = fread(text, 1, (size_t)size, file);
  if (*bytes != (size_t)size)
    fail(path, "could not be read whole");
  fclose(file);
  return text;
}

static struct lines read_lines(const char *path) {
  size_t bytes;
  char *text = read_file(path, &bytes);
  struct lines lines = {.bytes = text};
  for (size_t i = 0; i < bytes; i++)
    lines.rows += text[i] == '\n';
  if (bytes > 0 && text[bytes - 1] != '\n')
    text[bytes++] = '\n', lines.rows++;
  lines.offsets = allocate(lines.rows + 1, sizeof *lines.offsets);
  size_t kept = 0, row = 0;
  for (size_t i = 0; i < bytes; i++) {
    if (text[i] == '\n')
      lines.offsets[++row] = (int64_t)kept;
    else
      text[kept++] = text[i];
  }
  return lines;
}

static void write_hashes(const char *path, const struct lines *lines, const uint64_t *hashes) {
  FILE *file = fopen(path, "wb");
  if (!file)
    fail(path, strerror(errno));
  for (size_t i = 0; i < lines->rows; i++) {
    size_t bytes = (size_t)(lines->offsets[i + 1] - lines->offsets[i]);
    fprintf(file, "%016" PRIx64 "  ", hashes[i]);
    fwrite(lines->bytes + lines->offsets[i], 1, bytes, file);
    fputc('\n', file);
  }
  int failed = ferror(file);
  if (fclose(file) != 0 || failed)
    fail(path, strerror(errno));
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void hash_by_loop(const struct lines *lines, uint64_t *hashes) {
  for (size_t i = 0; i < lines->rows; i++)
    hashes[i] = XXH3_64bits(lines->bytes + lines->offsets[i], (size_t)(lines->offsets[i + 1] - lines->offsets[i]));
}

static void hash_by_batch(weft_ctx *ctx, const struct weft_column *column, uint64_t *hashes) {
  weft_status status = weft_hash64(ctx, WEFT_XXH3_64, column, 1, 0, hashes);
  if (status != WEFT_OK)
    fail(weft_status_text(status), weft_ctx_message(ctx));
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *seconds) {
  qsort(seconds, ROUNDS, sizeof *seconds, compare);
  return seconds[ROUNDS / 2];
}

static void print_time(const char *who, double seconds, size_t rows, const char *how) {
  printf("  %-6s %8.3f ms  %7.1f million rows/s  %s\n", who, seconds * 1e3, (double)rows / seconds * 1e-6, how);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: demo LINES HASHES\n");
    return 2;
  }
  struct lines lines = read_lines(argv[1]);
  size_t bytes = (size_t)lines.offsets[lines.rows];
  struct weft_column column = weft_column_offsets64(lines.bytes, bytes, lines.offsets, lines.rows);

  weft_ctx *ctx;
  struct weft_features features;
  if (weft_ctx_create(NULL, &ctx) != WEFT_OK)
    fail("context", weft_ctx_message(NULL));
  if (weft_ctx_features(ctx, &features, sizeof features) != WEFT_OK || weft_column_validate(ctx, &column) != WEFT_OK)
    fail("context", weft_ctx_message(ctx));

  uint64_t *by_batch = allocate(lines.rows, sizeof *by_batch), *by_loop = allocate(lines.rows, sizeof *by_loop);
  double batch_seconds[ROUNDS], loop_seconds[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    hash_by_batch(ctx, &column, by_batch);
    double middle = now();
    hash_by_loop(&lines, by_loop);
    batch_seconds[round] = middle - start;
    loop_seconds[round] = now() - middle;
  }
  if (memcmp(by_batch, by_loop, lines.rows * sizeof *by_batch) != 0)
    fail("hashes", "the batch and the loop disagree");

  double batch = median(batch_seconds), loop = median(loop_seconds);
  printf("  %zu rows of %.1f bytes on average; table %s, %s\n", lines.rows,
         lines.rows ? (double)bytes / (double)lines.rows : 0.0, features.isa, features.cpu);
  print_time("batch", batch, lines.rows, "weft_hash64");
  print_time("loop", loop, lines.rows, "XXH3_64bits, inlined, baseline build at -O3");
  printf("  the batch is %.2f times as fast (medians of %d rounds each, in turns)\n", loop / batch, ROUNDS);
  write_hashes(argv[2], &lines, by_batch);

  weft_ctx_free(ctx);
  free(by_loop);
  free(by_batch);
  free(lines.offsets);
  free(lines.bytes);
  return 0;
}
