/* SPDX-License-Identifier: MIT
 *
 * Keys, payloads and which row has which key, for bench_join and bench_aggregate: rows name their keys by numbers, so that
 * what a join or a group should give is known from the numbers alone.
 */
#ifndef BENCH_JOIN_KEYS_H
#define BENCH_JOIN_KEYS_H

#include "joins.h"

enum key_kind {
  KEYS_SPARSE, /* 64-bit numbers anywhere */
  KEYS_DENSE,  /* the numbers from 1 on */
  KEYS_TEXT
};

struct key_law {
  enum key_kind kind;
  int bytes;      /* KEYS_TEXT: of each string; negative: of 8 up to -bytes each */
  size_t columns; /* KEYS_SPARSE: no column tells keys apart, all of them together do */
};

/* Keys that this program owns. */
struct key_set {
  struct keys keys;
  uint64_t *numbers[MOST_KEY_COLUMNS];
  char *bytes;
  int32_t *offsets;
  uint64_t *values;
};

/* The bits that a key's number may have. */
#define KEY_BITS 28

/* Row i has key number ids[i]; ids NULL: i. The same number is the same key, another is another. */
struct key_set keys_make(struct key_law law, size_t rows, const uint32_t *ids);

/* The lines of a file, of at most 2 GiB. Ends the program, with a message, when it cannot be read or has none. */
struct key_set keys_read(const char *path);

/* Adds a payload of random numbers of so many bits. A join's sums of 63 bits are wider than 64, as theirs may be; a group's
 * of 40 are not, as those of most data. */
enum { JOIN_PAYLOAD = 63, GROUP_PAYLOAD = 40 };
void keys_pay(struct key_set *set, unsigned bits);

void keys_free(struct key_set *set);

/* Key numbers of rows, below `keys`: each as often as any other and in random order; drawn at random, the number k (of a
 * random order of the keys) with a chance as 1 / (k + 1)^exponent, exponent 0 to 1. Freed with free(). */
uint32_t *ids_each(size_t rows, size_t keys);
uint32_t *ids_drawn(size_t rows, size_t keys, double exponent);

/* Leaves a random share of them, and gives the others numbers from `keys` on, each of them drawn among as many. */
void ids_miss(uint32_t *ids, size_t rows, size_t keys, double share);

/* What the join of rows with these key numbers gives. Those from `keys` on match nothing. */
struct join_sums ids_join(size_t keys, const uint32_t *build_ids, const struct keys *build, const uint32_t *probe_ids,
                          const struct keys *probe);

/* And their groups; and the groups' numbers, in the order in which keys first appear, freed with free(). */
struct group_sums ids_group(size_t keys, const uint32_t *ids, const struct keys *rows);
uint32_t *ids_number(size_t keys, const uint32_t *ids, size_t rows);

#endif
