/* SPDX-License-Identifier: MIT
 *
 * What the cases of bench_aggregate share, and those that it has beside aggregates.
 */
#ifndef BENCH_AGGREGATE_CASE_H
#define BENCH_AGGREGATE_CASE_H

#include "bench.h"
#include "joins.h"

#include <weft/weft.h>

enum { AGGREGATE_ROWS = 10000000 };

struct program {
  struct bench *bench;
  weft_ctx *ctx;         /* of the best table that may take part */
  char contender[40];    /* its name */
  struct duckdb *duckdb; /* NULL: it takes no part */
  size_t divisor;        /* of rows and groups: above 1 nothing is judged */
};

/* n / divisor, 1 at least. */
size_t case_share(const struct program *p, size_t n);

/* Ends the program with the context's message unless the status is WEFT_OK. */
void must(const struct program *p, weft_status status);

/* Has the frame measure whole jobs over so many rows. */
void measure_jobs(const struct program *p, const char *name, const char *about, const struct bench_contender *contenders,
                  size_t n, void *state, bool (*check)(void *, size_t), struct bench_amount (*prepare)(void *, uint64_t),
                  void (*work)(void *, size_t, uint64_t));

/* Partitions beside a counting sort; keys to groups with their extremes, and to sketches, beside DuckDB. */
void run_partitions(const struct program *p);
void run_keys(const struct program *p);

#endif
