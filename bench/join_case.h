/* SPDX-License-Identifier: MIT
 *
 * What the cases of bench_join share: contexts of weft's, indexes over keys, joins to sums, and contenders' names.
 */
#ifndef BENCH_JOIN_CASE_H
#define BENCH_JOIN_CASE_H

#include "bench.h"
#include "join_keys.h"

#include <weft/weft.h>

struct program {
  struct bench *bench;
  const char *const *tables;
  size_t n_tables;
  struct duckdb *duckdb; /* NULL: it takes no part */
  const char *lines;     /* a file; NULL: none was named */
  size_t divisor;        /* of rows: above 1 nothing is judged */
};

enum peer { MAP, MERGE, DUCKDB, WEFT }; /* WEFT + i: the table of kernels number i */

#define MOST_PEERS 3
#define MOST_CONTENDERS (WEFT_MAX_ISAS + MOST_PEERS)

/* One case: who takes part, and what it works on. */
struct comparison {
  const struct program *program;
  struct key_set build, probe;
  size_t n_tables; /* contexts */
  weft_ctx *ctx[WEFT_MAX_ISAS];
  struct bench_contender contenders[MOST_CONTENDERS];
  enum peer sides[MOST_CONTENDERS];
  size_t n;
  struct map *map;
  weft_index *index[WEFT_MAX_ISAS];
  struct join_sums sums, wanted; /* of the work last done; what it should give */
  struct group_sums groups, wanted_groups;
  uint32_t *group, *wanted_group; /* [rows] numbers of groups */
  double bytes_a_row;             /* of the index last built by weft */
  bool wrong;                     /* somebody's results: then there are no figures */
};

/* weft with each table, or with the best alone, as contenders. case_close frees keys and contexts too. */
void case_open(const struct program *p, struct comparison *c, bool best_alone);
void case_close(struct comparison *c);

/* One more contender, which all that are weft's stand beside. Target: times faster; row NULL: in no summary. With a target
 * and a row the table is that of targets. */
void case_peer(struct comparison *c, enum peer peer, double target, const char *table, const char *row, int order);

/* The title of the summary's table of targets, and the numbers from which on its lines are in order. */
#define JOIN_TARGETS "Index and join: share of DuckDB's time, one thread, the same rows in memory; bytes; two threads"
enum { ORDER_JOINS = 0, ORDER_GROUPS = 100, ORDER_INDEX = 200, ORDER_BYTES = 300, ORDER_THREADS = 400 };

weft_ctx *case_ctx(const struct comparison *c, size_t contender);

/* rows / divisor, 1 at least. */
size_t case_rows(const struct program *p, size_t rows);
double case_target(const struct program *p, double target);

/* Ends the program with the context's message. */
void die(const weft_ctx *ctx);

/* Rows first .. first + n as columns; returns how many there are. */
size_t columns_of(const struct keys *keys, size_t first, size_t n, struct weft_column columns[MOST_KEY_COLUMNS]);

weft_index *index_of(weft_ctx *ctx, const struct keys *keys);
void free_index(weft_index *index);
double index_bytes(const weft_index *index);

/* Joins rows first .. first + n of probe with the index of build, fetching payloads by the numbers of rows. */
struct join_sums join_rows(weft_ctx *ctx, weft_index *index, const struct keys *build, const struct keys *probe,
                           size_t first, size_t n);

/* The cases of whole joins, groups and indexes beside DuckDB, and of plain loops; and those of two threads. */
void run_whole(const struct program *p);
void run_threads(const struct program *p);

#endif
