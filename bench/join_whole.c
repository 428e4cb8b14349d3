/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_join that are whole jobs: joins (build, probes, sums of payloads), groups and indexes, weft's best table
 * beside DuckDB; and joins beside what a program would write without either.
 */
#include "bench.h"
#include "join_case.h"
#include "join_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FURTHER "Further whole joins, one thread: times faster than DuckDB over the same rows in memory"
#define MEMORY "Memory of the indexes of these joins, keys that they borrow not counted"
#define PLAIN "Whole joins, one thread: times faster than plain loops"

enum { JOIN_PROBES = 10000000, PLAIN_PROBES = 2000000 };

/* With contenders and rows there, has the frame measure c: each piece is the whole job. */
static void measure(struct comparison *c, const char *name, const char *about, const char *unit,
                    bool (*check)(void *, size_t), struct bench_amount (*prepare)(void *, uint64_t),
                    void (*work)(void *, size_t, uint64_t)) {
  struct bench_case frame_case = {.name = name,
                                  .about = about,
                                  .unit = unit,
                                  .contenders = c->contenders,
                                  .n_contenders = c->n,
                                  .pieces = 1000,
                                  .same = true,
                                  .whole = true,
                                  .state = c,
                                  .check = check,
                                  .prepare = prepare,
                                  .work = work};
  bench_run(c->program->bench, &frame_case);
}

/* most 0: no target. */
static void report_bytes(const struct comparison *c, const char *name, double most, const char *row, int order) {
  double bytes = c->bytes_a_row;
  char target_row[100];
  if (c->wrong)
    return;
  snprintf(target_row, sizeof target_row, "bytes a build row: %s", row);
  bench_value(c->program->bench, &(struct bench_value){.name = name,
                                                       .contender = "weft",
                                                       .unit = "bytes a build row",
                                                       .samples = &bytes,
                                                       .n = 1,
                                                       .most = case_target(c->program, most),
                                                       .table = most > 0 ? JOIN_TARGETS : MEMORY,
                                                       .row = most > 0 ? target_row : row,
                                                       .order = most > 0 ? ORDER_BYTES + order : order,
                                                       .column = "bytes a build row"});
}

/* Joins */

static void join_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  const struct keys *build = &c->build.keys, *probe = &c->probe.keys;
  (void)piece;
  switch (c->sides[contender]) {
  case MAP: {
    struct map *map = map_build(build);
    c->sums = map_probe(map, build, probe, 0, probe->rows);
    map_free(map);
    break;
  }
  case MERGE: c->sums = merge_join(build, probe); break;
  case DUCKDB: {
    struct weft_column columns[MOST_KEY_COLUMNS];
    c->sums = duckdb_join(c->program->duckdb, "build", "probe", columns_of(build, 0, 0, columns));
    break;
  }
  default: {
    weft_ctx *ctx = case_ctx(c, contender);
    weft_index *index = index_of(ctx, build);
    c->sums = join_rows(ctx, index, build, probe, 0, probe->rows);
    c->bytes_a_row = index_bytes(index);
    free_index(index);
  }
  }
}

static struct bench_amount join_prepare(void *context, uint64_t piece) {
  const struct comparison *c = context;
  (void)piece;
  return (struct bench_amount){(double)c->probe.keys.rows, 0};
}

static bool join_check(void *context, size_t contender) {
  struct comparison *c = context;
  join_work(c, contender, 0);
  bool right = same_sums(c->sums, c->wanted);
  c->wrong = c->wrong || !right;
  return right;
}

/* Both sides of a join, and what it gives. */
static void make_sides(const struct program *p, struct comparison *c, const struct join_spec *spec) {
  size_t build = case_rows(p, spec->build), keys = spec->keys ? case_rows(p, spec->keys) : build;
  size_t probes = case_rows(p, spec->probes ? spec->probes : JOIN_PROBES);
  uint32_t *build_ids = spec->build_skew > 0 ? ids_drawn(build, keys, spec->build_skew) : ids_each(build, keys);
  uint32_t *probe_ids = ids_drawn(probes, keys, spec->probe_skew);
  if (spec->match < 1)
    ids_miss(probe_ids, probes, keys, spec->match);
  c->build = keys_make(spec->law, build, build_ids);
  c->probe = keys_make(spec->law, probes, probe_ids);
  keys_pay(&c->build, JOIN_PAYLOAD);
  keys_pay(&c->probe, JOIN_PAYLOAD);
  c->wanted = ids_join(keys, build_ids, &c->build.keys, probe_ids, &c->probe.keys);
  free(build_ids);
  free(probe_ids);
}

static void run_join(const struct program *p, const struct join_spec *spec, int order) {
  char name[64], about[200];
  snprintf(name, sizeof name, "join %s", spec->name);
  if (!bench_wants(p->bench, name, !p->duckdb || spec->probes))
    return;
  struct comparison c = {.n = 0};
  make_sides(p, &c, spec);
  case_open(p, &c, true);
  if (p->duckdb) {
    case_peer(&c, DUCKDB, spec->times, spec->times > 0 ? JOIN_TARGETS : FURTHER, spec->row, order);
    duckdb_table(p->duckdb, "build", &c.build.keys);
    duckdb_table(p->duckdb, "probe", &c.probe.keys);
  }
  snprintf(about, sizeof about, "the whole join to count, sum, sum: %zu rows built, %zu probes, %llu pairs",
           c.build.keys.rows, c.probe.keys.rows, (unsigned long long)c.wanted.pairs);
  measure(&c, name, about, "probe", join_check, join_prepare, join_work);
  bool plain = spec->law.kind == KEYS_SPARSE && spec->law.columns == 1 && !spec->keys && spec->match == 1 &&
               spec->probe_skew == 0 && !spec->probes;
  report_bytes(&c, name, plain ? bytes_target : 0, spec->row, order);
  if (p->duckdb) {
    duckdb_drop(p->duckdb, "build");
    duckdb_drop(p->duckdb, "probe");
  }
  case_close(&c);
}

static void run_plain(const struct program *p, const char *keys, struct key_law law, int order) {
  char name[64], row[80];
  snprintf(name, sizeof name, "plain %s 1m", keys);
  if (!bench_wants(p->bench, name, false))
    return;
  struct comparison c = {.n = 0};
  make_sides(p, &c, &(struct join_spec){.law = law, .build = 1000000, .match = 1, .probes = PLAIN_PROBES});
  case_open(p, &c, true);
  snprintf(row, sizeof row, "%s, 1 M built, 2 M probes", keys);
  case_peer(&c, MAP, 0, PLAIN, row, order);
  case_peer(&c, MERGE, 0, PLAIN, row, order);
  measure(&c, name, "the whole join to count, sum, sum, a million rows built, beside plain loops", "probe", join_check,
          join_prepare, join_work);
  case_close(&c);
}

/* Groups */

/* Counts each group's rows, and where there is a payload sums it, in c->groups. */
static void aggregate(weft_ctx *ctx, struct comparison *c, size_t groups) {
  const struct keys *keys = &c->build.keys;
  struct weft_column payload = weft_column_fixed(keys->values, WEFT_I64, keys->rows);
  uint32_t kinds = WEFT_COUNT | (keys->values ? WEFT_SUM128 : 0);
  uint64_t *count = bench_memory(groups * sizeof *count);
  struct wide *sum = bench_memory(groups * sizeof *sum);
  weft_aggregate *aggregate;
  if (!keys->values)
    payload = weft_column_bytes(NULL, 0, keys->rows);
  if (weft_aggregate_open(ctx, payload.type, kinds, &aggregate) ||
      weft_aggregate_add(ctx, aggregate, &payload, c->group, groups) ||
      weft_aggregate_finish(ctx, aggregate, WEFT_COUNT, count, NULL) ||
      (keys->values && weft_aggregate_finish(ctx, aggregate, WEFT_SUM128, sum, NULL)))
    die(ctx);
  weft_aggregate_free(aggregate);
  c->groups = (struct group_sums){.groups = groups};
  for (size_t g = 0; g < groups; g++) {
    c->groups.rows += count[g];
    c->groups.squares += count[g] * count[g];
    if (keys->values)
      wide_gather(&c->groups.payload, &c->groups.most, sum[g]);
  }
  free(sum);
  free(count);
}

static void group_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  (void)piece;
  if (c->sides[contender] == DUCKDB) {
    c->groups = duckdb_group(c->program->duckdb, "build", c->build.keys.values != NULL);
    return;
  }
  weft_ctx *ctx = case_ctx(c, contender);
  struct weft_column columns[MOST_KEY_COLUMNS];
  size_t rows = c->build.keys.rows, groups;
  if (weft_group(ctx, columns, columns_of(&c->build.keys, 0, rows, columns), c->group, &groups, NULL))
    die(ctx);
  aggregate(ctx, c, groups);
}

static struct bench_amount group_prepare(void *context, uint64_t piece) {
  const struct comparison *c = context;
  (void)piece;
  return (struct bench_amount){(double)c->build.keys.rows, 0};
}

static bool group_check(void *context, size_t contender) {
  struct comparison *c = context;
  group_work(c, contender, 0);
  return memcmp(&c->groups, &c->wanted_groups, sizeof c->groups) == 0;
}

static void run_group(const struct program *p, const struct group_spec *spec, int order) {
  char name[64];
  snprintf(name, sizeof name, "group-by %s", spec->name);
  if (!bench_wants(p->bench, name, !p->duckdb))
    return;
  size_t rows = case_rows(p, spec->rows), groups = case_rows(p, spec->groups);
  uint32_t *ids = ids_drawn(rows, groups, 0);
  struct comparison c = {.build = keys_make(spec->law, rows, ids)};
  if (spec->payload)
    keys_pay(&c.build, GROUP_PAYLOAD);
  c.wanted_groups = ids_group(groups, ids, &c.build.keys);
  free(ids);
  c.group = bench_memory(rows * sizeof *c.group);
  case_open(p, &c, true);
  if (p->duckdb) {
    case_peer(&c, DUCKDB, spec->times, JOIN_TARGETS, spec->row, order);
    duckdb_table(p->duckdb, "build", &c.build.keys);
  }
  measure(&c, name,
          spec->payload ? "rows of random keys to a count and a sum for each key"
                        : "rows of random keys to a count for each key",
          "row", group_check, group_prepare, group_work);
  if (p->duckdb)
    duckdb_drop(p->duckdb, "build");
  case_close(&c);
  free(c.group);
}

/* An index over lines of a file */

static void lines_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  (void)piece;
  if (c->sides[contender] == DUCKDB) {
    c->groups.groups = duckdb_distinct(c->program->duckdb, "build");
    return;
  }
  struct weft_index_figures figures;
  weft_index *index = index_of(case_ctx(c, contender), &c->build.keys);
  if (weft_index_info(index, &figures, sizeof figures))
    die(NULL);
  c->groups.groups = figures.keys;
  c->bytes_a_row = index_bytes(index);
  free_index(index);
}

static bool lines_check(void *context, size_t contender) {
  struct comparison *c = context;
  lines_work(c, contender, 0);
  bool right = c->groups.groups == c->wanted_groups.groups;
  c->wrong = c->wrong || !right;
  return right;
}

static void run_lines(const struct program *p, int order) {
  static const char name[] = "index lines", row[] = "an index over given lines, against count(DISTINCT)";
  if (!bench_wants(p->bench, name, !p->duckdb))
    return;
  if (!p->lines) {
    bench_note(p->bench, "\n%s is left out: no --lines\n", name);
    return;
  }
  char about[200];
  struct comparison c = {.build = keys_read(p->lines)};
  uint32_t *numbers = bench_memory(c.build.keys.rows * sizeof *numbers);
  c.wanted_groups.groups = map_group(&c.build.keys, numbers);
  free(numbers);
  case_open(p, &c, true);
  if (p->duckdb) {
    case_peer(&c, DUCKDB, index_target, JOIN_TARGETS, row, order);
    duckdb_table(p->duckdb, "build", &c.build.keys);
  }
  snprintf(about, sizeof about, "%zu lines, mean %.0f B, %llu distinct", c.build.keys.rows,
           (double)c.build.keys.offsets[c.build.keys.rows] / (double)c.build.keys.rows,
           (unsigned long long)c.wanted_groups.groups);
  measure(&c, name, about, "line", lines_check, group_prepare, lines_work);
  report_bytes(&c, name, 0, row, order);
  if (p->duckdb)
    duckdb_drop(p->duckdb, "build");
  case_close(&c);
}

void run_whole(const struct program *p) {
  for (size_t i = 0; i < join_specs_n; i++)
    run_join(p, &join_specs[i], ORDER_JOINS + (int)i);
  for (size_t i = 0; i < group_specs_n; i++)
    run_group(p, &group_specs[i], ORDER_GROUPS + (int)i);
  run_lines(p, ORDER_INDEX);
  run_plain(p, "u64", (struct key_law){KEYS_SPARSE, 0, 1}, 0);
  run_plain(p, "str15", (struct key_law){KEYS_TEXT, 15, 1}, 1);
}
