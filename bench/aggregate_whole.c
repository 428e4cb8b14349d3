/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_aggregate: partitions beside a counting sort; sketches of distinct values, and groups with their extremes,
 * beside DuckDB.
 */
#include "aggregate_case.h"
#include "aggregate_loops.h"
#include "join_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS "Partitions of 10 M rows by hashes, one thread: times faster than a counting sort"
#define WHOLE "Keys to extremes and sketches, 10 M rows, one thread: times faster than DuckDB over the same rows in memory"

enum { WEFT, PEER };

static void name_contenders(const struct program *p, struct bench_contender contenders[2], const char *peer,
                            struct bench_against against) {
  snprintf(contenders[WEFT].name, sizeof contenders[WEFT].name, "%s", p->contender);
  snprintf(contenders[PEER].name, sizeof contenders[PEER].name, "%s", peer);
  contenders[WEFT].against[0] = against;
  contenders[WEFT].n_against = 1;
}

/* ---- Partitions ---- */

struct parts {
  const struct program *program;
  size_t rows, parts;
  unsigned bits; /* 0: by modulo */
  uint64_t *hashes;
  uint32_t *rows_out, *wanted;
  size_t *offsets, *wanted_offsets;
};

static void parts_work(void *state, size_t contender, uint64_t piece) {
  struct parts *s = state;
  (void)piece;
  if (contender == PEER)
    loop_partition(s->hashes, s->rows, s->parts, s->bits, s->rows_out, s->offsets);
  else
    must(s->program, weft_partition(s->program->ctx, s->hashes, s->rows, s->bits ? WEFT_PARTS_BITS : WEFT_PARTS_MODULO,
                                    s->bits ? s->bits : (uint32_t)s->parts, s->rows_out, s->offsets));
}

static struct bench_amount parts_prepare(void *state, uint64_t piece) {
  const struct parts *s = state;
  (void)piece;
  return (struct bench_amount){(double)s->rows, 0};
}

static bool parts_check(void *state, size_t contender) {
  struct parts *s = state;
  memset(s->rows_out, 0xff, s->rows * sizeof *s->rows_out);
  parts_work(s, contender, 0);
  return memcmp(s->rows_out, s->wanted, s->rows * sizeof *s->wanted) == 0 &&
         memcmp(s->offsets, s->wanted_offsets, (s->parts + 1) * sizeof *s->offsets) == 0;
}

static void run_partition(const struct program *p, size_t parts, unsigned bits, int order) {
  char name[64], column[32];
  snprintf(name, sizeof name, "partition %s %zu", bits ? "bits" : "modulo", parts);
  if (!bench_wants(p->bench, name, false))
    return;
  struct parts s = {.program = p, .rows = case_share(p, AGGREGATE_ROWS), .parts = parts, .bits = bits};
  s.hashes = bench_memory(s.rows * sizeof *s.hashes);
  s.rows_out = bench_memory(s.rows * sizeof *s.rows_out);
  s.wanted = bench_memory(s.rows * sizeof *s.wanted);
  s.offsets = bench_memory((parts + 1) * sizeof *s.offsets);
  s.wanted_offsets = bench_memory((parts + 1) * sizeof *s.offsets);
  struct key_set keys = keys_make((struct key_law){KEYS_DENSE, 0, 1}, s.rows, NULL);
  struct weft_column key = weft_column_fixed(keys.keys.numbers[0], WEFT_U64, s.rows);
  must(p, weft_hash64(p->ctx, WEFT_XXH3_64, &key, 1, 0, s.hashes));
  keys_free(&keys);
  loop_partition(s.hashes, s.rows, parts, bits, s.wanted, s.wanted_offsets);
  struct bench_contender contenders[2] = {{.n_against = 0}};
  struct bench_against against = {.peer = PEER, .table = PARTS, .order = order, .column = column};
  snprintf(column, sizeof column, "%zu parts", parts);
  snprintf(against.row, sizeof against.row, "%s", bits ? "by the first bits" : "by the hash modulo their number");
  name_contenders(p, contenders, "counting sort", against);
  measure_jobs(p, name, "hashes to row numbers, part by part, and where parts begin", contenders, 2, &s, parts_check,
               parts_prepare, parts_work);
  free(s.hashes);
  free(s.rows_out);
  free(s.wanted);
  free(s.offsets);
  free(s.wanted_offsets);
}

void run_partitions(const struct program *p) {
  for (unsigned bits = 4; bits <= 12; bits += 4)
    run_partition(p, (size_t)1 << bits, bits, 0);
  static const size_t parts[] = {16, 256, 4096};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    run_partition(p, parts[i], 0, 1);
}

/* ---- Keys to sketches and to extremes, beside DuckDB ---- */

struct whole {
  const struct program *program;
  struct key_set rows;
  size_t keys;
  uint32_t *group; /* [rows] */
  struct wide got[3], wanted[3];
};

static struct weft_column key_column(const struct keys *keys) {
  return keys->numbers[0]
             ? weft_column_fixed(keys->numbers[0], WEFT_U64, keys->rows)
             : weft_column_offsets32(keys->bytes, (size_t)keys->offsets[keys->rows], keys->offsets, keys->rows);
}

static struct bench_amount whole_prepare(void *state, uint64_t piece) {
  const struct whole *w = state;
  (void)piece;
  return (struct bench_amount){(double)w->rows.keys.rows, 0};
}

static void sketch_work(void *state, size_t contender, uint64_t piece) {
  struct whole *w = state;
  const struct program *p = w->program;
  (void)piece;
  if (contender == PEER) {
    w->got[0].low = duckdb_sketch(p->duckdb, "build");
    return;
  }
  struct weft_column key = key_column(&w->rows.keys);
  weft_distinct *sketch;
  must(p, weft_distinct_open(p->ctx, 0, &sketch));
  must(p, weft_distinct_add(p->ctx, sketch, &key, 1));
  w->got[0].low = (uint64_t)weft_distinct_estimate(sketch);
  weft_distinct_free(sketch);
}

/* Both estimate: within a fifth of what there is is right. */
static bool sketch_check(void *state, size_t contender) {
  struct whole *w = state;
  sketch_work(w, contender, 0);
  return w->got[0].low >= w->keys - w->keys / 5 - 1 && w->got[0].low <= w->keys + w->keys / 5 + 1;
}

/* How many groups there are, the greatest of the least and the least of the greatest values. */
static void extremes_of(struct whole *w, const struct weft_column *values, size_t groups) {
  const struct program *p = w->program;
  int64_t *least = bench_memory(groups * sizeof *least), *most = bench_memory(groups * sizeof *most);
  weft_aggregate *a;
  must(p, weft_aggregate_open(p->ctx, WEFT_I64, WEFT_MIN | WEFT_MAX, &a));
  must(p, weft_aggregate_add(p->ctx, a, values, w->group, groups));
  must(p, weft_aggregate_finish(p->ctx, a, WEFT_MIN, least, NULL));
  must(p, weft_aggregate_finish(p->ctx, a, WEFT_MAX, most, NULL));
  weft_aggregate_free(a);
  int64_t high = 0, low = INT64_MAX;
  for (size_t k = 0; k < groups; k++) {
    high = least[k] > high ? least[k] : high;
    low = most[k] < low ? most[k] : low;
  }
  w->got[1].low = (uint64_t)high;
  w->got[2].low = (uint64_t)low;
  free(least);
  free(most);
}

static void grouped_work(void *state, size_t contender, uint64_t piece) {
  struct whole *w = state;
  const struct program *p = w->program;
  (void)piece;
  memset(w->got, 0, sizeof w->got);
  if (contender == PEER) {
    duckdb_extremes(p->duckdb, "build", w->got);
    return;
  }
  const struct keys *keys = &w->rows.keys;
  struct weft_column key = key_column(keys), values = weft_column_fixed(keys->values, WEFT_I64, keys->rows);
  size_t groups;
  must(p, weft_group(p->ctx, &key, 1, w->group, &groups, NULL));
  w->got[0].low = groups;
  extremes_of(w, &values, groups);
}

static bool grouped_check(void *state, size_t contender) {
  struct whole *w = state;
  grouped_work(w, contender, 0);
  return memcmp(w->got, w->wanted, sizeof w->got) == 0;
}

/* What is to come out, by the numbers of the rows' keys. */
static void want_grouped(struct whole *w, const uint32_t *ids) {
  const struct keys *keys = &w->rows.keys;
  struct cell {
    uint64_t least, most;
  } *cells = bench_memory(w->keys * sizeof *cells);
  uint64_t high = 0, low = UINT64_MAX, groups = 0;
  for (size_t k = 0; k < w->keys; k++)
    cells[k] = (struct cell){UINT64_MAX, 0};
  for (size_t i = 0; i < keys->rows; i++) {
    struct cell *cell = &cells[ids[i]];
    uint64_t value = keys->values[i];
    cell->least = value < cell->least ? value : cell->least;
    cell->most = value > cell->most ? value : cell->most;
  }
  for (const struct cell *cell = cells; cell < cells + w->keys; cell++) {
    if (cell->least > cell->most)
      continue;
    groups++;
    high = cell->least > high ? cell->least : high;
    low = cell->most < low ? cell->most : low;
  }
  w->wanted[0].low = groups;
  w->wanted[1].low = high;
  w->wanted[2].low = low;
  free(cells);
}

static const struct whole_spec {
  const char *name, *row;
  struct key_law law;
  size_t keys;
  bool sketch;
} specs[] = {
    {"group-extremes u64 100k", "GROUP BY, u64, 100 k groups: least, greatest", {KEYS_SPARSE, 0, 1}, 100000, false},
    {"group-extremes u64 1m", "GROUP BY, u64, 1 M groups: least, greatest", {KEYS_SPARSE, 0, 1}, 1000000, false},
    {"sketch u64 1m", "approx_count_distinct, u64, 1 M", {KEYS_SPARSE, 0, 1}, 1000000, true},
    {"sketch str15 1m", "approx_count_distinct, 15 B, 1 M", {KEYS_TEXT, 15, 1}, 1000000, true},
};

static void run_whole(const struct program *p, const struct whole_spec *spec, int order) {
  if (!bench_wants(p->bench, spec->name, !p->duckdb))
    return;
  size_t rows = case_share(p, AGGREGATE_ROWS), keys = case_share(p, spec->keys);
  uint32_t *ids = ids_drawn(rows, keys, 0);
  struct whole w = {.program = p, .keys = keys};
  w.rows = keys_make(spec->law, rows, ids);
  keys_pay(&w.rows, JOIN_PAYLOAD);
  w.group = bench_memory(rows * sizeof *w.group);
  want_grouped(&w, ids);
  free(ids);
  struct bench_contender contenders[2] = {{.n_against = 0}};
  char peer[40];
  snprintf(contenders[WEFT].name, sizeof contenders[WEFT].name, "%s", p->contender);
  if (p->duckdb) {
    snprintf(peer, sizeof peer, "DuckDB %.20s", duckdb_version(p->duckdb));
    struct bench_against against = {.peer = PEER, .table = WHOLE, .order = order, .column = peer};
    snprintf(against.row, sizeof against.row, "%s", spec->row);
    name_contenders(p, contenders, peer, against);
    duckdb_table(p->duckdb, "build", &w.rows.keys);
  }
  bool sketch = spec->sketch;
  measure_jobs(p, spec->name, sketch ? "an estimate of how many distinct keys there are" : "keys and values to results",
               contenders, p->duckdb ? 2 : 1, &w, sketch ? sketch_check : grouped_check, whole_prepare,
               sketch ? sketch_work : grouped_work);
  if (p->duckdb)
    duckdb_drop(p->duckdb, "build");
  keys_free(&w.rows);
  free(w.group);
}

void run_keys(const struct program *p) {
  for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
    run_whole(p, &specs[i], (int)i);
}
