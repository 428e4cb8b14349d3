/* SPDX-License-Identifier: MIT
 *
 * One case of hashing: keys, and contenders that hash them. Filled by bench_hash.c, measured by the frame.
 */
#ifndef BENCH_HASH_CASE_H
#define BENCH_HASH_CASE_H

#include "bench.h"
#include "peer.h"
#include "peer_abi.h"

#include <weft/weft.h>

#define MOST_CONTENDERS (2 * WEFT_MAX_ISAS + 2)

/* Who hashes: exactly one of these. */
struct side {
  weft_ctx *ctx;
  const struct peer *peer;                  /* a loop over xxHash */
  const struct bench_peer_outside *outside; /* another hash's, over ROWS_OFFSETS32 */
};

struct hash_case {
  struct keys keys;
  bool in_cache;
  struct bench_contender contenders[MOST_CONTENDERS];
  struct side sides[MOST_CONTENDERS];
  size_t n;
  void *out; /* [piece_rows] */
};

/* Adds a contender; returns its number. */
size_t hash_case_add(struct hash_case *c, struct side side, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Another comparison of a contender with the peer, of which the caller may set the rest. */
struct bench_against *hash_case_against(struct hash_case *c, size_t contender, size_t peer);

/* Has the frame check, measure and print the case. Every hash of xxHash's is compared with the shared libxxhash's for the
 * first half million rows. */
void hash_case_run(struct hash_case *c, struct bench *bench, const char *name);

/* "XXH3_64bits": the function of xxHash's that the algorithm is. And as a word in cases' names. */
extern const char *const hash_functions[ALGOS];
extern const char *const hash_words[ALGOS];

#endif
