/* SPDX-License-Identifier: MIT
 *
 * The whole joins, groups and other lines that bench_join times beside DuckDB, and how many times faster they should be.
 */
#ifndef BENCH_JOIN_TARGETS_H
#define BENCH_JOIN_TARGETS_H

#include "join_keys.h"

/* A join, build and probes, to count and sums of payloads. */
struct join_spec {
  const char *name; /* behind "join " */
  struct key_law law;
  size_t build, keys;            /* rows, and distinct keys that they are drawn from; 0: as many, no two alike */
  double match;                  /* the share of probes whose key is among the build's */
  double build_skew, probe_skew; /* exponents of Zipf's law; 0: each key as often as the others */
  double times;                  /* faster than DuckDB; 0: no target */
  const char *row;               /* in the summary */
  size_t probes;                 /* 0: 10 million; else the case is run on request */
};

/* A group by one key of rows, to a count each, and where they have a payload its sum. */
struct group_spec {
  const char *name; /* behind "group-by " */
  struct key_law law;
  size_t rows, groups;
  bool payload;
  double times;
  const char *row;
};

extern const struct join_spec join_specs[];
extern const size_t join_specs_n;
extern const struct group_spec group_specs[];
extern const size_t group_specs_n;

/* Times faster than DuckDB: an index over given lines, against its count(DISTINCT). */
extern const double index_target;
/* Two threads, times as fast as one. */
extern const double threads_target;
/* Memory of an index over one column of 64-bit numbers, all different, bytes a row. */
extern const double bytes_target;
/* Times faster than unordered_map's loop: 10,000 distinct strings over a million rows, numbered. */
extern const double number_target;

#endif
