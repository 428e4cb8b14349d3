/* SPDX-License-Identifier: MIT
 *
 * What weft's codecs are measured against, all by the interface of codec_abi.h: memcpy, the libraries of packages (lz4,
 * zstd at level 1, streamvbyte), the files of --peer, and loops such as a user would write. Used by the codec_*.c.
 */
#ifndef BENCH_CODEC_PEERS_H
#define BENCH_CODEC_PEERS_H

#include "bench.h"
#include "codec_abi.h"
#include "outside.h"

#define MOST_PEERS (4 + MOST_OUTSIDE)

/* The packages' libraries, by options or their sonames. */
struct codec_files {
  const char *lz4, *zstd, *streamvbyte;
  const char *outside; /* those of --peer, divided by commas; NULL: none */
  bool required; /* a package's library that cannot be loaded ends the program with 2; else it is left out, with a note */
};

struct codec_peers {
  size_t n, outside;                               /* outside: the first of --peer's */
  const struct bench_codec_peer *list[MOST_PEERS]; /* memcpy first */
};

/* Fills in memcpy and what can be loaded. */
void codec_peers_load(const struct bench *bench, const struct codec_files *files, struct codec_peers *peers);

/* A loop over runs, value by value: BENCH_PEERS, from the build, is PEER(scalar)PEER(sse)…, the tables of this target
 * machine, and each has the loop compiled with its flags (codec_loops.c). NULL: there is no such table. */
const struct bench_codec_peer *codec_fill_loop(const char *table);

/* A dictionary of strings by std::unordered_map (maps.cc), with codes of 32 bits that are not packed. */
extern const struct bench_codec_peer codec_map_peer;

#endif
