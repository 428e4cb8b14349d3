/* SPDX-License-Identifier: MIT
 *
 * What weft's hashes are measured against: the plain loop that calls xxHash for each row, compiled once for each table with
 * that table's flags, once in a baseline build, and once calling the shared libxxhash. Used by bench_hash.c.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "rows.h"

/* Hashes n rows from first on into out[n], with seed 0. */
struct peer {
  void (*xxh3_64)(const struct rows *rows, size_t first, size_t n, uint64_t *out);
  void (*xxh64)(const struct rows *rows, size_t first, size_t n, uint64_t *out);
  void (*xxh32)(const struct rows *rows, size_t first, size_t n, uint32_t *out);
};

/* BENCH_PEERS, from the build, is PEER(scalar)PEER(sse)…: the tables of this target machine. */
#define PEER(name) extern const struct peer bench_peer_##name;
BENCH_PEERS
#undef PEER
extern const struct peer bench_peer_baseline;
extern const struct peer bench_peer_lib;

#endif
