/* SPDX-License-Identifier: MIT
 *
 * See hash_targets.h.
 */
#include "hash_targets.h"

#include <fnmatch.h>
#include <stdio.h>

/* How many times faster than a peer weft is meant to be. Patterns as in fnmatch; the first line that fits counts. Lines
 * that name rows are about plain columns: offsets32 or integers, without nulls, seeds or other keys. The floor for any rows
 * ("*") is about all else: a batch is never slower than the loop. */
static const struct hash_line {
  const char *rows, *algo, *table, *memory;
  enum peer_kind peer;
  double times;
} lines[] = {
    {"1-16", "xxh3", "avx512*", "cache", LOOP, 4.5},
    {"1-16", "xxh3", "avx512*", "dram", LOOP, 4},
    {"1-16", "xxh3", "avx2", "cache", LOOP, 2.5},
    {"1-32", "xxh3", "avx512*", "cache", LOOP, 3.5},
    {"1-32", "xxh3", "avx512*", "dram", LOOP, 3},
    {"1-32", "xxh3", "avx2", "cache", LOOP, 2},
    {"names", "xxh3", "avx512*", "cache", LOOP, 3},
    {"names", "xxh3", "avx512*", "dram", LOOP, 2.5},
    {"names", "xxh3", "avx2", "cache", LOOP, 1.6},
    {"urls", "xxh3", "avx512*", "cache", LOOP, 2.3},
    {"urls", "xxh3", "avx512*", "dram", LOOP, 1.5},
    {"urls", "xxh3", "avx2", "cache", LOOP, 1.4},
    {"64-256", "xxh3", "avx512*", "cache", LOOP, 2},
    {"64-256", "xxh3", "avx512*", "dram", LOOP, 1.4},
    {"64-256", "xxh3", "avx2", "cache", LOOP, 1.4},
    {"150-310", "xxh3", "*", "*", LOOP, 0.95},
    {"1k", "xxh3", "avx512*", "*", LOOP, 1},
    {"1k", "xxh3", "avx2", "cache", LOOP, 1},
    {"names", "xxh64", "avx512*", "*", LOOP, 4.5},
    {"names", "xxh64", "avx2", "cache", LOOP, 2.2},
    {"1-32", "xxh64", "avx512*", "cache", LOOP, 6.5},
    {"1-32", "xxh64", "avx512*", "dram", LOOP, 6},
    {"1-32", "xxh64", "avx2", "cache", LOOP, 2.2},
    {"u64", "xxh3", "avx512*", "*", LOOP, 1},
    {"u64", "xxh64", "avx512*", "cache", LOOP, 4},
    {"u64", "xxh64", "avx512*", "dram", LOOP, 1},
    {"u64", "xxh3", "avx2", "cache", LOOP, 1},
    {"u64", "xxh64", "avx2", "cache", LOOP, 1},
    {"u64", "xxh3", "avx512*", "cache", BASELINE, 5},
    {"u64", "xxh64", "avx512*", "cache", BASELINE, 5},
    {"u64", "xxh3", "avx512*", "dram", BASELINE, 1.5},
    {"u64", "xxh64", "avx512*", "dram", BASELINE, 1.5},
    {"u64", "xxh3", "avx2", "cache", BASELINE, 2.5},
    {"u64", "xxh64", "avx2", "cache", BASELINE, 2.5},
    {"*", "xxh128", "*", "*", LOOP, 1},
    {"*", "*", "*", "*", LOOP, 0.95},
};

/* Rows of one seed that is not 0, on every table: times the speed of the loop. */
#define SEED_TARGET 0.95

/* Calls of 1 to 7 rows, on every table: times the speed of calls into the shared library, and ns over the inlined loop. */
#define FEW_ROWS 7
#define FEW_ROWS_TARGET 0.95
#define FEW_ROWS_BOUND_NS 5

/* Calls of more rows, on every table: times the speed of the inlined loop. */
#define CALLS_TARGET 0.95

/* The time without statistics over that with them, of large batches; and the ns that they may add to a call. */
#define STATISTICS_TARGET 0.99
#define STATISTICS_BOUND_NS 1

/* A distance of 16 rows against none, of rows that are scattered over the memory: the curve is not flat. */
#define PREFETCH_TARGET 1.1

static const char times_faster[] = "Times faster than the same rows in a loop";

/* Rows of the summary: first those that name rows, in the order of the lines above. */
enum order {
  PREFETCH = 200,
  OTHER,
  OTHER_128 = OTHER + 2,
  SEED = OTHER_128 + 2,
  FEW,
  FEW_NS,
  CALLS,
  STATISTICS,
  STATISTICS_NS,
  OUTSIDE
};

static void place(struct bench_against *against, const char *table, int order, const char *column) {
  against->table = table;
  against->order = order;
  against->column = column;
}

/* The first line that names these rows, on whatever table; a negative number where there is none. */
static int line_of(const char *rows, const char *algo, const char *memory, enum peer_kind peer) {
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    if (lines[i].rows[0] != '*' && lines[i].peer == peer && fnmatch(lines[i].rows, rows, 0) == 0 &&
        fnmatch(lines[i].algo, algo, 0) == 0 && fnmatch(lines[i].memory, memory, 0) == 0)
      return (int)i;
  return -1;
}

void hash_target(const struct hash_case *c, const char *table, enum peer_kind peer, struct bench_against *against) {
  const struct rows_spec *spec = &c->keys.columns[0]->spec;
  const char *memory = c->in_cache ? "cache" : "dram", *algo = hash_words[c->keys.algo], *rows = spec->law->name;
  bool plain =
      (spec->layout == ROWS_OFFSETS32 || spec->layout == ROWS_FIXED) && !spec->nulls && !spec->seeds && c->keys.n == 1;
  if (spec->law->kind == LAW_REPLAYED)
    return;
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    const struct hash_line *l = &lines[i];
    if (l->peer != peer || !(plain || l->rows[0] == '*') || fnmatch(l->rows, rows, 0) || fnmatch(l->algo, algo, 0) ||
        fnmatch(l->table, table, 0) || fnmatch(l->memory, memory, 0))
      continue;
    int line = plain ? line_of(rows, algo, memory, peer) : -1, from_dram = !c->in_cache;
    int other = c->keys.algo == XXH3_128 ? OTHER_128 : OTHER;
    const char *from = c->in_cache ? "cache" : "DRAM", *function = hash_functions[c->keys.algo];
    against->target = l->times;
    place(against, times_faster, line < 0 ? other + from_dram : 2 * line + from_dram, table);
    if (line < 0)
      snprintf(against->row, sizeof against->row, "%s rows and layouts, the worst of them, %s",
               other == OTHER_128 ? "XXH3_128bits: any" : "any other", from);
    else
      snprintf(against->row, sizeof against->row, "%s, %s%s, %s", spec->law->about, function,
               peer == BASELINE ? " in a baseline build" : "", from);
    return;
  }
}

void hash_target_seed(const struct hash_case *c, const char *table, struct bench_against *against) {
  against->target = SEED_TARGET;
  place(against, times_faster, SEED, table);
  snprintf(against->row, sizeof against->row, "one seed, not 0: %s, %s, %s", c->keys.columns[0]->spec.law->about,
           hash_functions[c->keys.algo], c->in_cache ? "cache" : "DRAM");
}

void hash_target_calls(const struct hash_case *c, const char *table, struct bench_against *lib,
                       struct bench_against *loop) {
  size_t call = c->keys.call;
  if (call > FEW_ROWS) {
    loop->target = CALLS_TARGET;
    place(loop, times_faster, CALLS, table);
    snprintf(loop->row, sizeof loop->row, "calls of %zu %s", call, c->keys.columns[0]->width ? "integers" : "strings");
    return;
  }
  lib->target = FEW_ROWS_TARGET;
  place(lib, times_faster, FEW, table);
  snprintf(lib->row, sizeof lib->row, "calls of 1 to 7 rows, against calls into libxxhash");
  loop->bound_ns = FEW_ROWS_BOUND_NS;
  place(loop, times_faster, FEW_NS, table);
  snprintf(loop->row, sizeof loop->row, "the same, ns a call over the inlined loop");
}

void hash_target_statistics(size_t call, const char *table, struct bench_against *against) {
  if (call) {
    against->bound_ns = STATISTICS_BOUND_NS;
    place(against, times_faster, STATISTICS_NS, table);
    snprintf(against->row, sizeof against->row, "the same, ns that they add to a call of %zu rows", call);
    return;
  }
  against->target = STATISTICS_TARGET;
  place(against, times_faster, STATISTICS, table);
  snprintf(against->row, sizeof against->row, "statistics on, against off");
}

void hash_target_prefetch(const struct hash_case *c, const char *table, uint32_t distance, struct bench_against *loop,
                          struct bench_against *unprefetched) {
  const struct rows_spec *spec = &c->keys.columns[0]->spec;
  bool follow = rows_follow(spec);
  const char *order = spec->layout == ROWS_SHUFFLED    ? "selected in random order"
                      : spec->layout == ROWS_SCATTERED ? "by pointers in random order"
                                                       : "in order";
  place(loop, "From DRAM with prefetch_distance, times faster than the loop", 0,
        distance == 0    ? "distance 0"
        : follow         ? "on"
        : distance == 4  ? "4"
        : distance == 16 ? "16"
                         : "64");
  snprintf(loop->row, sizeof loop->row, "%s, %s", spec->law->about, order);
  if (!unprefetched || follow || distance != 16)
    return;
  unprefetched->target = PREFETCH_TARGET;
  place(unprefetched, times_faster, PREFETCH, table);
  snprintf(unprefetched->row, sizeof unprefetched->row, "prefetch_distance 16 against 0, rows in random order, DRAM");
}

void hash_target_outside(const char *table, const char *name, struct bench_against *against) {
  against->target = 1;
  place(against, times_faster, OUTSIDE, table);
  snprintf(against->row, sizeof against->row, "%s, names and strings of 1 to 32 B", name);
}
