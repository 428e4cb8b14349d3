/* SPDX-License-Identifier: MIT
 *
 * Indexes, joins and groups against std::unordered_map and, with --duckdb, DuckDB. Every contender sees the same rows in
 * memory, and its counts and sums are compared before it is timed. Here: the options, and with every table of kernels
 * builds, probes of a finished index, and numbers of groups.
 */
#include "bench.h"
#include "join_case.h"
#include "join_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_PIECE = 16384, PROBE_PIECES = 256, GROUP_ROWS = 1000000, GROUP_KEYS = 10000 };

static const struct key_law u64 = {KEYS_SPARSE, 0, 1}, str15 = {KEYS_TEXT, 15, 1}, str24 = {KEYS_TEXT, -24, 1};

/* Has the frame measure c, whose contenders are there; pieces are whole jobs unless they are many. */
static void measure(const struct program *p, struct comparison *c, struct bench_case frame_case) {
  frame_case.unit = "row";
  frame_case.contenders = c->contenders;
  frame_case.n_contenders = c->n;
  frame_case.state = c;
  bench_run(p->bench, &frame_case);
}

/* Builds */

static void build_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  (void)piece;
  if (c->sides[contender] == MAP)
    map_free(map_build(&c->build.keys));
  else
    free_index(index_of(case_ctx(c, contender), &c->build.keys));
}

static struct bench_amount build_prepare(void *context, uint64_t piece) {
  const struct comparison *c = context;
  (void)piece;
  return (struct bench_amount){(double)c->build.keys.rows, 0};
}

/* Every key is found at its row. */
static bool build_check(void *context, size_t contender) {
  struct comparison *c = context;
  size_t rows = c->build.keys.rows;
  if (c->sides[contender] == MAP)
    return true;
  weft_ctx *ctx = case_ctx(c, contender);
  weft_index *index = index_of(ctx, &c->build.keys);
  struct weft_column columns[MOST_KEY_COLUMNS];
  uint32_t *found = bench_memory(rows * sizeof *found);
  if (weft_index_lookup(ctx, index, columns, columns_of(&c->build.keys, 0, rows, columns), found))
    die(ctx);
  bool right = true;
  for (size_t i = 0; i < rows; i++)
    right = right && found[i] == i;
  free(found);
  free_index(index);
  return right;
}

static void run_build(const struct program *p, const char *keys, struct key_law law, size_t rows, const char *size) {
  char name[64];
  snprintf(name, sizeof name, "build %s %s", keys, size);
  if (!bench_wants(p->bench, name, false))
    return;
  struct comparison c = {.build = keys_make(law, case_rows(p, rows), NULL)};
  case_open(p, &c, false);
  case_peer(&c, MAP, 0, NULL, NULL, 0);
  measure(p, &c,
          (struct bench_case){.name = name,
                              .about = "an index of distinct keys is built and freed",
                              .pieces = 1000,
                              .same = true,
                              .whole = true,
                              .check = build_check,
                              .prepare = build_prepare,
                              .work = build_work});
  case_close(&c);
}

/* Probes of a finished index, piece by piece */

static struct join_sums probe_piece(const struct comparison *c, size_t contender, uint64_t piece) {
  size_t first = (size_t)piece * PROBE_PIECE;
  if (c->sides[contender] == MAP)
    return map_probe(c->map, &c->build.keys, &c->probe.keys, first, PROBE_PIECE);
  weft_index *index = c->index[c->sides[contender] - WEFT];
  return join_rows(case_ctx(c, contender), index, &c->build.keys, &c->probe.keys, first, PROBE_PIECE);
}

static void probe_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  c->sums = probe_piece(c, contender, piece);
}

static struct bench_amount probe_prepare(void *context, uint64_t piece) {
  (void)context;
  (void)piece;
  return (struct bench_amount){PROBE_PIECE, 0};
}

static bool probe_check(void *context, size_t contender) {
  const struct comparison *c = context;
  for (uint64_t piece = 0; piece < PROBE_PIECES; piece += 7) {
    size_t first = (size_t)piece * PROBE_PIECE;
    if (!same_sums(probe_piece(c, contender, piece), map_probe(c->map, &c->build.keys, &c->probe.keys, first, PROBE_PIECE)))
      return false;
  }
  return true;
}

static void run_probe(const struct program *p, const char *keys, struct key_law law, size_t rows, const char *size) {
  char name[64];
  snprintf(name, sizeof name, "probe %s %s", keys, size);
  if (!bench_wants(p->bench, name, false))
    return;
  rows = case_rows(p, rows);
  const size_t probes = (size_t)PROBE_PIECE * PROBE_PIECES;
  uint32_t *ids = ids_drawn(probes, rows, 0);
  struct comparison c = {.build = keys_make(law, rows, NULL), .probe = keys_make(law, probes, ids)};
  free(ids);
  case_open(p, &c, false);
  case_peer(&c, MAP, 0, NULL, NULL, 0);
  c.map = map_build(&c.build.keys);
  for (size_t i = 0; i < c.n_tables; i++)
    c.index[i] = index_of(c.ctx[i], &c.build.keys);
  measure(p, &c,
          (struct bench_case){.name = name,
                              .about = "random probes that all match, to pairs of rows and sums of their numbers",
                              .pieces = PROBE_PIECES,
                              .same = false,
                              .check = probe_check,
                              .prepare = probe_prepare,
                              .work = probe_work});
  for (size_t i = 0; i < c.n_tables; i++)
    free_index(c.index[i]);
  map_free(c.map);
  case_close(&c);
}

/* Numbers of groups */

static void number_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  (void)piece;
  if (c->sides[contender] == MAP) {
    map_group(&c->build.keys, c->group);
    return;
  }
  weft_ctx *ctx = case_ctx(c, contender);
  struct weft_column columns[MOST_KEY_COLUMNS];
  size_t groups;
  if (weft_group(ctx, columns, columns_of(&c->build.keys, 0, c->build.keys.rows, columns), c->group, &groups, NULL))
    die(ctx);
}

static bool number_check(void *context, size_t contender) {
  struct comparison *c = context;
  memset(c->group, 0xff, c->build.keys.rows * sizeof *c->group);
  number_work(c, contender, 0);
  return memcmp(c->group, c->wanted_group, c->build.keys.rows * sizeof *c->group) == 0;
}

static void run_number(const struct program *p, const char *keys, struct key_law law, double target) {
  char name[64];
  snprintf(name, sizeof name, "group %s 10k", keys);
  if (!bench_wants(p->bench, name, false))
    return;
  size_t rows = case_rows(p, GROUP_ROWS);
  uint32_t *ids = ids_drawn(rows, case_rows(p, GROUP_KEYS), 0);
  struct comparison c = {.build = keys_make(law, rows, ids)};
  free(ids);
  c.group = bench_memory(rows * sizeof *c.group);
  c.wanted_group = bench_memory(rows * sizeof *c.wanted_group);
  map_group(&c.build.keys, c.wanted_group);
  case_open(p, &c, false);
  case_peer(&c, MAP, 0, NULL, NULL, 0);
  c.contenders[c.n_tables - 1].against[0].target = case_target(p, target);
  measure(p, &c,
          (struct bench_case){.name = name,
                              .about = "a million rows of 10,000 distinct keys are numbered",
                              .pieces = 1000,
                              .same = true,
                              .whole = true,
                              .check = number_check,
                              .prepare = build_prepare,
                              .work = number_work});
  case_close(&c);
  free(c.group);
  free(c.wanted_group);
}

static size_t divisor_of(const char *text) {
  char *end;
  unsigned long n = text ? strtoul(text, &end, 10) : 1;
  if (n >= 1 && n <= 1000000 && (!text || !*end))
    return n;
  fprintf(stderr, "bench_join: --divide takes a number from 1 to 1000000, not '%s'\n", text);
  exit(2);
}

int main(int argc, char **argv) {
  struct program p = {.divisor = 1};
  const char *library = NULL, *divisor = NULL;
  const struct bench_option options[] = {
      {"duckdb", "FILE", "compare with DuckDB, its libduckdb.so being FILE", &library},
      {"lines", "FILE", "an index over the lines of FILE as well", &p.lines},
      {"divide", "N", "so many times fewer rows, for a look; no target is judged", &divisor}};
  p.bench = bench_open(argc, argv, "Measures weft's indexes, joins and groups against std::unordered_map and DuckDB.",
                       options, 3);
  p.tables = bench_tables(p.bench, &p.n_tables);
  p.divisor = divisor_of(divisor);
  if (library && !(p.duckdb = duckdb_load(library)))
    return 2;
  static const struct {
    size_t rows;
    const char *name;
  } sizes[] = {{1000, "1k"}, {65536, "64ki"}, {1000000, "1m"}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    run_build(&p, "u64", u64, sizes[i].rows, sizes[i].name);
    run_build(&p, "str15", str15, sizes[i].rows, sizes[i].name);
  }
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    run_probe(&p, "u64", u64, sizes[i].rows, sizes[i].name);
    run_probe(&p, "str15", str15, sizes[i].rows, sizes[i].name);
  }
  run_number(&p, "u64", u64, 0);
  run_number(&p, "str15", str15, number_target);
  run_number(&p, "str8-24", str24, number_target);
  run_whole(&p);
  run_threads(&p);
  duckdb_unload(p.duckdb);
  return bench_close(p.bench);
}
