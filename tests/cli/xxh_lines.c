/* SPDX-License-Identifier: MIT
 *
 * An independent witness for `weft hash`: hashes lines with stock libxxhash, one call a line, and links nothing of weft.
 *
 *   xxh_lines [--seed N] [--fields C] [--null TEXT] [--verify] xxh3|xxh64|xxh32 < INPUT
 *
 * Prints `HEX  LINE` for each line of stdin. With --fields, a line is a composite key of fields between the byte C (TAB for
 * a tab): the hash of one field is the seed of the next, and with --null a field that is TEXT leaves the seed as it is.
 * With --verify, stdin is such output: each hash is computed anew, the first ten that differ are printed, the last line is
 * `verified N of M`, and the exit status is 0 only when N is M. 2: wrong usage. 3: reading or writing failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <xxhash.h>

enum algo { XXH3_LINES, XXH64_LINES, XXH32_LINES };

struct job {
  enum algo algo;
  uint64_t seed;
  int separator; /* -1: a line is one field */
  const char *null;
  bool verify;
};

static int usage(void) {
  fputs("usage: xxh_lines [--seed N] [--fields C] [--null TEXT] [--verify] xxh3|xxh64|xxh32\n", stderr);
  return 2;
}

static uint64_t hash_field(const struct job *job, const char *field, size_t bytes, uint64_t seed) {
  if (job->null && strlen(job->null) == bytes && memcmp(field, job->null, bytes) == 0)
    return seed;
  if (job->algo == XXH3_LINES)
    return XXH3_64bits_withSeed(field, bytes, seed);
  if (job->algo == XXH64_LINES)
    return XXH64(field, bytes, seed);
  return XXH32(field, bytes, (uint32_t)seed);
}

static uint64_t hash_line(const struct job *job, const char *line, size_t bytes) {
  uint64_t hash = job->seed;
  for (;;) {
    const char *end = job->separator < 0 ? NULL : memchr(line, job->separator, bytes);
    size_t field = end ? (size_t)(end - line) : bytes;
    hash = hash_field(job, line, field, hash);
    if (!end)
      return hash;
    line += field + 1;
    bytes -= field + 1;
  }
}

/* Reads the hash that a line of output begins with. Says no to anything but its exact form. */
static bool parse_hash(const char *line, size_t bytes, size_t digits, uint64_t *hash) {
  if (bytes < digits + 2 || line[digits] != ' ' || line[digits + 1] != ' ')
    return false;
  *hash = 0;
  for (size_t i = 0; i < digits; i++) {
    const char *digit = strchr("0123456789abcdef", line[i]);
    if (!digit || !line[i])
      return false;
    *hash = *hash << 4 | (uint64_t)(digit - "0123456789abcdef");
  }
  return true;
}

static int run(const struct job *job) {
  const size_t digits = job->algo == XXH32_LINES ? 8 : 16;
  char *line = NULL;
  size_t capacity = 0;
  uint64_t lines = 0, right = 0;
  ssize_t got;
  while ((got = getline(&line, &capacity, stdin)) >= 0) {
    size_t bytes = (size_t)got;
    if (bytes > 0 && line[bytes - 1] == '\n')
      bytes--;
    lines++;
    if (!job->verify) {
      printf("%0*" PRIx64 "  ", (int)digits, hash_line(job, line, bytes));
      fwrite(line, 1, bytes, stdout);
      putchar('\n');
      continue;
    }
    uint64_t said, is;
    if (!parse_hash(line, bytes, digits, &said)) {
      if (lines - right <= 10)
        printf("line %" PRIu64 ": does not begin with %zu hexadecimal digits and two blanks\n", lines, digits);
      continue;
    }
    is = hash_line(job, line + digits + 2, bytes - digits - 2);
    right += said == is;
    if (said != is && lines - right <= 10)
      printf("line %" PRIu64 ": %0*" PRIx64 ", should be %0*" PRIx64 "\n", lines, (int)digits, said, (int)digits, is);
  }
  free(line);
  if (job->verify)
    printf("verified %" PRIu64 " of %" PRIu64 "\n", right, lines);
  if (ferror(stdin) || fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "xxh_lines: %s\n", strerror(errno));
    return 3;
  }
  return right == lines || !job->verify ? 0 : 1;
}

int main(int argc, char **argv) {
  struct job job = {.separator = -1};
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; i++) {
    if (strcmp(argv[i], "--verify") == 0) {
      job.verify = true;
    } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      job.seed = strtoull(argv[++i], NULL, 0);
    } else if (strcmp(argv[i], "--fields") == 0 && i + 1 < argc) {
      const char *separator = argv[++i];
      job.separator = strcmp(separator, "TAB") == 0 ? '\t' : (unsigned char)separator[0];
    } else if (strcmp(argv[i], "--null") == 0 && i + 1 < argc) {
      job.null = argv[++i];
    } else {
      return usage();
    }
  }
  if (i + 1 != argc)
    return usage();
  if (strcmp(argv[i], "xxh3") == 0)
    job.algo = XXH3_LINES;
  else if (strcmp(argv[i], "xxh64") == 0)
    job.algo = XXH64_LINES;
  else if (strcmp(argv[i], "xxh32") == 0)
    job.algo = XXH32_LINES;
  else
    return usage();
  return run(&job);
}
