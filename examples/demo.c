/* SPDX-License-Identifier: MIT
 *
 * The program behind ./run-demo: hashes each line of a file by batch and by the plain loop over xxHash, in turns, and
 * prints how long each took. `demo LINES HASHES` writes a row "hash  line" per line to the file HASHES.
 *
 * The rows are timed in the order in which they lie, where a CPU that meets the same rows again and again comes to foresee
 * their lengths, and in an order drawn anew for each round, as keys arrive in a join, where it cannot.
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

enum { ROUNDS = 51 };

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
  if (lines.rows > UINT32_MAX - 1)
    fail(path, "more than 2^32 - 2 lines");
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

static uint64_t random_below(uint64_t *state, uint64_t bound) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 (Steele, Lea and Flood, 2014) */
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (z ^ z >> 31) % bound; /* the bias is under 2^-44 for as many rows as there are here */
}

/* The rows of from, laid out in an order drawn from *state; order[rows] is the last one drawn, at first any permutation. */
static void shuffle(const struct lines *from, uint64_t *state, uint32_t *order, struct lines *to) {
  for (size_t i = from->rows; i > 1; i--) {
    size_t j = (size_t)random_below(state, i);
    uint32_t row = order[i - 1];
    order[i - 1] = order[j];
    order[j] = row;
  }
  for (size_t i = 0; i < from->rows; i++) {
    size_t bytes = (size_t)(from->offsets[order[i] + 1] - from->offsets[order[i]]);
    memcpy(to->bytes + to->offsets[i], from->bytes + from->offsets[order[i]], bytes);
    to->offsets[i + 1] = to->offsets[i] + (int64_t)bytes;
  }
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The two contenders and what they write to. */
struct contest {
  weft_ctx *ctx;
  uint64_t *hashes[2]; /* [rows] by the batch and by the loop */
  double seconds[2][ROUNDS];
};

/* One round: both hash the rows, the one first in even rounds, the other in odd ones. */
static void play(struct contest *contest, const struct lines *lines, int round) {
  struct weft_column column =
      weft_column_offsets64(lines->bytes, (size_t)lines->offsets[lines->rows], lines->offsets, lines->rows);
  for (int turn = 0; turn < 2; turn++) {
    int who = (turn + round) & 1;
    double start = now();
    if (who == 0)
      hash_by_batch(contest->ctx, &column, contest->hashes[0]);
    else
      hash_by_loop(lines, contest->hashes[1]);
    contest->seconds[who][round] = now() - start;
  }
  if (memcmp(contest->hashes[0], contest->hashes[1], lines->rows * sizeof *contest->hashes[0]) != 0)
    fail("hashes", "the batch and the loop disagree");
}

static void print_times(struct contest *contest, size_t rows, const char *order) {
  static const char *const names[2] = {"batch", "loop"};
  double medians[2];
  for (int who = 0; who < 2; who++) {
    qsort(contest->seconds[who], ROUNDS, sizeof contest->seconds[who][0], compare);
    medians[who] = contest->seconds[who][ROUNDS / 2];
    printf("  %-28s %-5s %8.3f ms %8.1f million rows/s\n", who ? "" : order, names[who], medians[who] * 1e3,
           (double)rows / medians[who] * 1e-6);
  }
  printf("  %-28s the batch is %.2f times as fast\n", "", medians[1] / medians[0]);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: demo LINES HASHES\n");
    return 2;
  }
  struct lines lines = read_lines(argv[1]);
  size_t bytes = (size_t)lines.offsets[lines.rows];
  struct weft_column column = weft_column_offsets64(lines.bytes, bytes, lines.offsets, lines.rows);

  struct contest contest = {.hashes = {allocate(lines.rows, sizeof(uint64_t)), allocate(lines.rows, sizeof(uint64_t))}};
  struct weft_features features;
  if (weft_ctx_create(NULL, &contest.ctx) != WEFT_OK)
    fail("context", weft_ctx_message(NULL));
  if (weft_ctx_features(contest.ctx, &features, sizeof features) != WEFT_OK ||
      weft_column_validate(contest.ctx, &column) != WEFT_OK)
    fail("context", weft_ctx_message(contest.ctx));
  printf("  %zu rows of %.1f bytes on average; table %s on %s\n", lines.rows,
         lines.rows ? (double)bytes / (double)lines.rows : 0.0, features.isa, features.cpu);
  printf("  medians of %d rounds, in turns; the loop is XXH3_64bits, inlined, in a baseline build at -O3\n", ROUNDS);

  for (int round = 0; round < ROUNDS; round++)
    play(&contest, &lines, round);
  print_times(&contest, lines.rows, "in the order they lie");
  write_hashes(argv[2], &lines, contest.hashes[0]);

  struct lines shuffled = {allocate(bytes, 1), allocate(lines.rows + 1, sizeof *shuffled.offsets), lines.rows};
  uint32_t *order = allocate(lines.rows, sizeof *order);
  for (size_t i = 0; i < lines.rows; i++)
    order[i] = (uint32_t)i;
  uint64_t state = 1;
  for (int round = 0; round < ROUNDS; round++) {
    shuffle(&lines, &state, order, &shuffled);
    play(&contest, &shuffled, round);
  }
  print_times(&contest, lines.rows, "shuffled for each round");

  weft_ctx_free(contest.ctx);
  free(order);
  free(shuffled.offsets);
  free(shuffled.bytes);
  free(contest.hashes[1]);
  free(contest.hashes[0]);
  free(lines.offsets);
  free(lines.bytes);
  return 0;
}
