/* SPDX-License-Identifier: MIT
 *
 * An independent witness for `weft hash`: hashes lines with stock libxxhash, one call a line, and links nothing of weft.
 *
 *   xxh_lines [--seed N] [--fields C] [--types T] [--null TEXT] [--verify] xxh3|xxh128|xxh64|xxh32 < INPUT
 *
 * Prints `HEX  LINE` for each line of stdin. With --fields, a line is a composite key of fields between the byte C (TAB for
 * a tab): the hash of one field is the seed of the next, and with --null a field that is TEXT leaves the seed as it is.
 * With --types, T has a letter for each field: s is its text; b, h, w, q the 1, 2, 4, 8 little-endian bytes of a whole
 * number, f and d the 4 and 8 of a float.
 * With xxh128 the hashes of a line's first fields and of one more, 32 bytes, are hashed to that of all of them, always with
 * the seed; a field that is null has that very seed, and 0 for the high half, for its hash.
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

enum algo { XXH3_LINES, XXH128_LINES, XXH64_LINES, XXH32_LINES };

struct job {
  enum algo algo;
  uint64_t seed;
  int separator; /* -1: a line is one field */
  const char *null, *types;
  bool verify;
};

static int usage(void) {
  fputs("usage: xxh_lines [--seed N] [--fields C] [--types T] [--null TEXT] [--verify] xxh3|xxh128|xxh64|xxh32\n", stderr);
  return 2;
}

static bool is_null(const struct job *job, const char *field, size_t bytes) {
  return job->null && strlen(job->null) == bytes && memcmp(field, job->null, bytes) == 0;
}

/* Hashes of fewer bits are in the low half. */
static XXH128_hash_t hash_field(const struct job *job, const char *field, size_t bytes, uint64_t seed) {
  XXH128_hash_t hash = {seed, 0};
  if (is_null(job, field, bytes))
    return hash;
  switch (job->algo) {
  case XXH128_LINES: return XXH3_128bits_withSeed(field, bytes, seed);
  case XXH3_LINES: hash.low64 = XXH3_64bits_withSeed(field, bytes, seed); break;
  case XXH64_LINES: hash.low64 = XXH64(field, bytes, seed); break;
  case XXH32_LINES: hash.low64 = XXH32(field, bytes, (uint32_t)seed); break;
  }
  return hash;
}

/* From the hash of the fields before to that with one more. */
static XXH128_hash_t add_field(const struct job *job, XXH128_hash_t before, const char *field, size_t bytes) {
  if (job->algo != XXH128_LINES)
    return hash_field(job, field, bytes, before.low64);
  XXH128_hash_t next = hash_field(job, field, bytes, job->seed);
  const uint64_t words[4] = {before.low64, before.high64, next.low64, next.high64};
  uint8_t both[sizeof words]; /* little-endian */
  for (size_t i = 0; i < sizeof both; i++)
    both[i] = (uint8_t)(words[i / 8] >> 8 * (i % 8));
  return XXH3_128bits_withSeed(both, sizeof both, job->seed);
}

/* The bytes of a field's value: in place of its text where it is a number. */
static size_t value_of(char type, const char *field, size_t bytes, uint8_t value[8]) {
  char text[64];
  double wide;
  float narrow;
  uint32_t bits = 0;
  uint64_t word = 0;
  snprintf(text, sizeof text, "%.*s", (int)bytes, field);
  wide = strtod(text, NULL);
  narrow = strtof(text, NULL);
  memcpy(&word, &wide, sizeof word);
  memcpy(&bits, &narrow, sizeof bits);
  if (type != 'd')
    word = type == 'f' ? bits : text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
  for (size_t i = 0; i < 8; i++)
    value[i] = (uint8_t)(word >> 8 * i);
  return type == 'b' ? 1 : type == 'h' ? 2 : type == 'w' || type == 'f' ? 4 : 8;
}

static XXH128_hash_t hash_line(const struct job *job, const char *line, size_t bytes) {
  XXH128_hash_t hash = {0, 0};
  for (size_t i = 0;; i++) {
    const char *end = job->separator < 0 ? NULL : memchr(line, job->separator, bytes), *text = line;
    size_t field = end ? (size_t)(end - line) : bytes, n = field;
    uint8_t value[8];
    if (job->types && i < strlen(job->types) && job->types[i] != 's' && !is_null(job, line, field)) {
      n = value_of(job->types[i], line, field, value);
      text = (const char *)value;
    }
    hash = i == 0 ? hash_field(job, text, n, job->seed) : add_field(job, hash, text, n);
    if (!end)
      return hash;
    line += field + 1;
    bytes -= field + 1;
  }
}

/* As it is printed: at most 32 digits, the most significant first. */
static void hash_text(char text[33], XXH128_hash_t hash, size_t digits) {
  char all[33];
  snprintf(all, sizeof all, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
  memcpy(text, all + 32 - digits, digits + 1);
}

/* A line of output begins with its hash and two blanks. */
static bool has_hash(const char *line, size_t bytes, size_t digits) {
  return bytes >= digits + 2 && strspn(line, "0123456789abcdef") >= digits && line[digits] == ' ' &&
         line[digits + 1] == ' ';
}

static int run(const struct job *job) {
  const size_t digits = job->algo == XXH32_LINES ? 8 : job->algo == XXH128_LINES ? 32 : 16;
  char is[33];
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
      hash_text(is, hash_line(job, line, bytes), digits);
      printf("%s  ", is);
      fwrite(line, 1, bytes, stdout);
      putchar('\n');
      continue;
    }
    if (!has_hash(line, bytes, digits)) {
      if (lines - right <= 10)
        printf("line %" PRIu64 ": does not begin with %zu hexadecimal digits and two blanks\n", lines, digits);
      continue;
    }
    hash_text(is, hash_line(job, line + digits + 2, bytes - digits - 2), digits);
    bool agrees = memcmp(is, line, digits) == 0;
    right += agrees;
    if (!agrees && lines - right <= 10)
      printf("line %" PRIu64 ": %.*s, should be %s\n", lines, (int)digits, line, is);
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
    } else if (strcmp(argv[i], "--types") == 0 && i + 1 < argc) {
      job.types = argv[++i];
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
  else if (strcmp(argv[i], "xxh128") == 0)
    job.algo = XXH128_LINES;
  else if (strcmp(argv[i], "xxh64") == 0)
    job.algo = XXH64_LINES;
  else if (strcmp(argv[i], "xxh32") == 0)
    job.algo = XXH32_LINES;
  else
    return usage();
  return run(&job);
}
