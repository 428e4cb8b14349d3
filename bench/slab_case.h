/* SPDX-License-Identifier: MIT
 *
 * What the cases of bench_slab share: random sizes, contenders and their targets, magazine hits. The cases are in
 * bench_slab.c (one thread), slab_threads.c, slab_depot.c and slab_resident.c.
 */
#ifndef BENCH_SLAB_CASE_H
#define BENCH_SLAB_CASE_H

#include "slab_loops.h"
#include "slab_peers.h"

#define LEAST_HITS 95 /* % of weft's allocations and frees that its magazines should serve */

struct program {
  struct bench *bench;
  struct allocator allocators[MOST_ALLOCATORS];
  size_t n;
  struct bench_contender contenders[MOST_ALLOCATORS];
};

/* Sizes from least to most bytes, uniform where even, else with uniform logarithms. */
struct sizes {
  size_t least, most;
  bool even;
};

/* Of ops[].slot: 0, 1, ..., slots - 1, and again; each of these rows shuffled; any. */
enum order { IN_ORDER, SHUFFLED, RANDOM };

/* The target of a case: the share of each peer's time that weft may take; 0: no target. */
struct target {
  double share, share_of_jemalloc;
  const char *row; /* in the summary */
  int order;       /* of that row */
};

/* Random numbers are the same in every run: each case starts with its own seed. */
void case_seed(uint64_t seed);
uint64_t case_number(void);
uint32_t case_bytes(const struct sizes *sizes);

/* n steps; freed with free(). */
struct op *case_ops(size_t n, size_t slots, enum order order, const struct sizes *sizes);

/* p->contenders: weft against each of the others, in the order of p->allocators. */
void case_contenders(struct program *p, const struct target *target);

/* weft's figures now; case_hits prints what share of allocations and frees since then its magazines served. */
void case_figures(const struct program *p, struct weft_slab_figures *figures);
void case_hits(struct program *p, const char *name, const struct target *target, const struct weft_slab_figures *before);

/* slab_threads.c: cases of several threads, each on a core of its own; order is that of their first row. */
void run_threads(struct program *p, int order);

/* slab_depot.c: magazines exchanged with the depot, new slabs. */
void run_depot(struct program *p);

/* slab_resident.c: memory that is kept. Runs before all other cases, as it starts processes that should have used no
 * allocator yet. */
void run_resident(struct program *p);

#endif
