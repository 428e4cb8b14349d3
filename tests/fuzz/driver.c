/* SPDX-License-Identifier: MIT
 *
 * Drives a fuzz target where there is no libFuzzer: through files (a corpus, or an input that failed), then through
 * generated inputs, the same ones in every run (WEFT_TEST_SEED in the environment sets others): of a target that has a
 * mutator, the files changed by it, else of random bytes.
 *
 *   driver [--from N] [--runs N] [FILE or FOLDER]...
 *
 * An input that fails is named on stderr as the program ends: --from with its number and --runs 1 try it again.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/guard.h"

#define INPUT_MAX 16384
#define FILES_MAX 400 /* that are kept for the mutator */

#pragma weak LLVMFuzzerCustomMutator /* not all targets have one */

static uint8_t input[INPUT_MAX];
static char current[600]; /* what is being tried */
static size_t tried;

static struct file {
  uint8_t *bytes;
  size_t n;
} files[FILES_MAX];
static size_t n_files;

static void say_what_failed(int number) {
  char text[700];
  int n = snprintf(text, sizeof text, "failed: %s\n", current);
  if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
    _exit(70);
  signal(number, SIG_DFL);
  raise(number);
}

static void die(const char *path) {
  fprintf(stderr, "fuzz driver: %s: %s\n", path, strerror(errno));
  exit(EXIT_FAILURE);
}

/* Inputs lie at the end of their memory, so that what reads on can be seen to. */
static void try_input(size_t bytes) {
  memmove(input + INPUT_MAX - bytes, input, bytes);
  LLVMFuzzerTestOneInput(input + INPUT_MAX - bytes, bytes);
  tried++;
}

static void try_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file)
    die(path);
  size_t bytes = fread(input, 1, sizeof input, file);
  if (ferror(file))
    die(path);
  fclose(file);
  if (LLVMFuzzerCustomMutator && n_files < FILES_MAX && (files[n_files].bytes = malloc(bytes + 1))) {
    memcpy(files[n_files].bytes, input, bytes);
    files[n_files++].n = bytes;
  }
  snprintf(current, sizeof current, "%s", path);
  try_input(bytes);
}

/* A file, or each file of a folder, in the order of their names. */
static void try_path(const char *path) {
  struct dirent **entries;
  int n = scandir(path, &entries, NULL, alphasort);
  if (n < 0 && errno == ENOTDIR) {
    try_file(path);
    return;
  }
  if (n < 0)
    die(path);
  size_t before = tried;
  for (int i = 0; i < n; i++) {
    char name[600];
    snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.')
      try_file(name);
    free(entries[i]);
  }
  free(entries);
  if (tried == before) {
    fprintf(stderr, "fuzz driver: %s holds no file\n", path);
    exit(EXIT_FAILURE);
  }
}

/* Up to 400 bytes, half of them small, as numbers of rows and of columns and lengths mostly should be. */
static size_t generate(struct rng *rng) {
  size_t bytes = rng_upto(rng, 400);
  for (size_t k = 0; k < bytes; k++)
    input[k] = (uint8_t)rng_upto(rng, rng_percent(rng, 50) ? 255 : 40);
  return bytes;
}

/* One of the files, changed a few times. */
static size_t mutate(struct rng *rng) {
  const struct file *file = &files[rng_upto(rng, n_files - 1)];
  size_t bytes = file->n;
  memcpy(input, file->bytes, bytes);
  for (size_t n = 1 + rng_upto(rng, 3); n > 0; n--)
    bytes = LLVMFuzzerCustomMutator(input, bytes, INPUT_MAX, (unsigned)rng_next(rng));
  return bytes;
}

/* Bytes are set, put in and taken out, as `bytewise` draws. */
static struct rng bytewise;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) {
  for (size_t n = 1 + rng_upto(&bytewise, 3); n > 0; n--) {
    size_t at = rng_upto(&bytewise, size), way = rng_upto(&bytewise, 3);
    if (way == 0 && size < most) {
      memmove(data + at + 1, data + at, size++ - at);
      data[at] = (uint8_t)rng_next(&bytewise);
    } else if (way == 1 && at < size) {
      memmove(data + at, data + at + 1, --size - at);
    } else if (at < size) {
      data[at] = (uint8_t)(way == 2 ? rng_next(&bytewise) : data[at] ^ 1u << rng_upto(&bytewise, 7));
    }
  }
  return size;
}

static void try_generated(size_t i) {
  struct rng rng = {rng_case_seed(i)};
  bytewise.state = rng_next(&rng);
  size_t bytes = n_files > 0 ? mutate(&rng) : generate(&rng);
  snprintf(current, sizeof current, "generated input, --from %zu --runs 1", i);
  try_input(bytes);
}

int main(int argc, char **argv) {
  size_t from = 0, runs = 0;
  static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    signal(numbers[i], say_what_failed);
  guard_catch(); /* says its part first */
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
      from = strtoull(argv[++i], NULL, 0);
    else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
      runs = strtoull(argv[++i], NULL, 0);
    else
      try_path(argv[i]);
  }
  size_t replayed = tried;
  for (size_t i = from; i < from + runs; i++)
    try_generated(i);
  printf("%zu files and %zu generated inputs, nothing wrong\n", replayed, runs);
  return tried > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
