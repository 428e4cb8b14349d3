/* SPDX-License-Identifier: MIT
 *
 * What weft's hashes are measured against: the plain loop that calls xxHash for each row, compiled once for each table with
 * that table's flags, once in a baseline build, and once calling the shared libxxhash. Used by hash_case.c.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "rows.h"

/* First those with 64-bit seeds for each row, then the one that has composite keys in its own way, then that of 32 bits. */
enum algo { XXH3, XXH64_, XXH3_128, XXH32_, ALGOS };

#define MOST_KEYS 4

/* What is hashed, and how. Several columns are a composite key: u64 and offsets32, then u32, then offsets32. */
struct keys {
  enum algo algo;
  size_t n; /* columns */
  struct rows *columns[MOST_KEYS];
  size_t call;   /* rows in a call, of ROWS_OFFSETS32 or 8 bytes wide; 0: all at once */
  uint64_t seed; /* of all rows: 0, or ONE_SEED, of one column of 64-bit hashes, ROWS_OFFSETS32 or 8 bytes wide */
};

/* A seed that is no 0, for which xxHash has code of its own. */
#define ONE_SEED 42

/* Hashes rows first .. first + n into out[n], of the algorithm's hashes; the seed is that of keys, or the row's own. */
typedef void peer_hash(const struct keys *keys, size_t first, size_t n, void *out);

struct peer {
  peer_hash *hash[ALGOS];
};

/* BENCH_PEERS, from the build, is PEER(scalar)PEER(sse)…: the tables of this target machine. */
#define PEER(name) extern const struct peer bench_peer_##name;
BENCH_PEERS
#undef PEER
extern const struct peer bench_peer_baseline;
extern const struct peer bench_peer_lib;

#endif
