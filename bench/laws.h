/* SPDX-License-Identifier: MIT
 *
 * Laws of strings: which lengths come in which order. Strings are drawn one after another, for rows.c to lay out.
 */
#ifndef BENCH_LAWS_H
#define BENCH_LAWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum law_kind {
  LAW_UNIFORM,  /* lengths low to high, alike likely */
  LAW_NAMES,    /* names of packages, in random order */
  LAW_MIXED,    /* nine of ten 1 to 32 B, one up to high */
  LAW_SORTED,   /* names of packages, sorted: each many times in a row, neighbours alike, as in a sorted column of facts */
  LAW_REPEATED, /* uniform, each string 1 to 16 times in a row */
  LAW_REPLAYED, /* uniform, the same 2,000 strings over and over: predictors learn them, so this is only a control */
  LAW_INTEGERS  /* low bytes each, none zero */
};

struct law {
  const char *name;
  const char *about;
  enum law_kind kind;
  uint32_t low, high;
};

#define LAW_LONGEST 2048

struct law_name {
  const char *bytes; /* no NUL behind them */
  uint32_t length;   /* 1 to LAW_LONGEST */
};

/* Names to draw from, in the order of the file they came from. */
struct law_names {
  size_t n; /* at least 1 */
  struct law_name *list;
  char *text; /* what list points into */
};

/* Reads names, one a line; of lines such as "Package: NAME", if there are any, only those. Longer ones are left out. Ends
 * the program, with a message, when the file cannot be read or holds no name. */
void law_names_read(const char *path, struct law_names *names);

/* Makes up as many names as Debian 12 has packages, with the lengths that those have. */
void law_names_make_up(struct law_names *names);

void law_names_free(struct law_names *names);

struct drawer;

/* Draws strings of a law. names is for the laws of names, rows (how many will be drawn, about) for LAW_SORTED. Never NULL;
 * freed by drawer_free. */
struct drawer *drawer_make(const struct law *law, const struct law_names *names, size_t rows, uint64_t seed);
void drawer_free(struct drawer *drawer);

/* The next string: its bytes, which hold until the next call, and their number, 1 to LAW_LONGEST. */
const uint8_t *drawer_next(struct drawer *drawer, uint32_t *length);

/* Only the length of the next one, of laws whose strings are made up. */
uint32_t drawer_length(struct drawer *drawer);

/* The mean length of a law's strings. */
double law_mean(const struct law *law, const struct law_names *names);

/* A number below 2^64 and the state's next; the generator is splitmix64. */
uint64_t law_random(uint64_t *state);

/* A number below n, which is under 2^32. */
uint32_t law_below(uint64_t *state, uint64_t n);

#endif
