/* SPDX-License-Identifier: MIT
 *
 * Indexes, joins and groups against std::unordered_map and, with --duckdb, DuckDB: builds, probes of a finished index,
 * whole joins, groups. Every contender sees the same rows in memory, and its counts and sums are compared before it is
 * timed.
 */
#include "bench.h"
#include "joins.h"

#include <weft/weft.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_PIECE = 16384, GROUP_ROWS = 1000000, GROUP_KEYS = 10000, JOIN_PROBES = 10000000, PAIRS = 4096 };
/* Times faster than unordered_map's loop: 10,000 distinct strings over a million rows. */
#define GROUP_TARGET 5

/* Whole joins against DuckDB: times faster, the reciprocals of TARGETS' shares of its time. */
static const struct {
  const char *keys;
  size_t rows;
  double times;
} join_targets[] = {
    {"u64", 1000, 1 / 0.50},    {"u64", 65536, 1 / 0.33},     {"u64", 1000000, 1 / 0.30},    {"u64", 10000000, 1 / 0.25},
    {"str15", 65536, 1 / 0.30}, {"str15", 1000000, 1 / 0.35}, {"str15", 10000000, 1 / 0.33},
};

/* Keys that this program owns. */
struct key_set {
  struct keys keys;
  uint64_t *numbers;
  char *bytes;
  int32_t *offsets;
};

enum peer { MAP, DUCKDB, WEFT }; /* WEFT + i: the table of kernels number i */

struct comparison {
  struct key_set build, probe;
  size_t n_tables;
  weft_ctx *ctx[WEFT_MAX_ISAS];
  enum peer sides[WEFT_MAX_ISAS + 2];
  struct map *map;
  weft_index *index[WEFT_MAX_ISAS];
  struct duckdb *duckdb;
  uint32_t *group, *wanted; /* [GROUP_ROWS] */
  struct join_sums sums;    /* of the work last done */
};

struct program {
  struct bench *bench;
  const char *const *tables;
  size_t n_tables;
  struct duckdb *duckdb;
};

static uint64_t state = 0x9e3779b97f4a7c15;

/* splitmix64 (Steele, Lea, Flood 2014): a bijection of a counter, so numbers[i] of distinct counters are distinct. */
static uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static uint64_t next_number(void) {
  return mixed(state += 0x9e3779b97f4a7c15);
}

static void die(const weft_ctx *ctx) {
  fprintf(stderr, "bench_join: %s\n", weft_ctx_message(ctx));
  exit(1);
}

/* rows keys: of row i the key number id(i); the same number is the same key. length 0: numbers; else strings of that many
 * bytes, or, where it is negative, of 4 up to -length bytes. ids NULL: row i has key i. */
static struct key_set make_keys(size_t rows, int length, const uint32_t *ids) {
  struct key_set set = {.keys.rows = rows};
  if (length == 0) {
    set.numbers = bench_memory(rows * sizeof *set.numbers);
    for (size_t i = 0; i < rows; i++)
      set.numbers[i] = mixed((ids ? ids[i] : i) + 0x51ed270b);
    set.keys.numbers = set.numbers;
    return set;
  }
  size_t most = (size_t)(length < 0 ? -length : length);
  set.bytes = bench_memory(rows * most);
  set.offsets = bench_memory((rows + 1) * sizeof *set.offsets);
  size_t used = 0;
  for (size_t i = 0; i < rows; i++) {
    uint64_t id = ids ? ids[i] : i, bits = mixed(id + 0x51ed270b);
    size_t bytes = length > 0 ? most : 8 + bits % (most - 7);
    char *text = set.bytes + used;
    set.offsets[i] = (int32_t)used;
    for (size_t k = 0; k < bytes; k++)
      text[k] = (char)('a' + (k < 7 ? id >> 4 * k & 15 : bits >> k % 32 & 15));
    used += bytes;
  }
  set.offsets[rows] = (int32_t)used;
  set.keys.bytes = set.bytes;
  set.keys.offsets = set.offsets;
  return set;
}

static void free_keys(struct key_set *set) {
  free(set->numbers);
  free(set->bytes);
  free(set->offsets);
}

static uint32_t *random_ids(size_t rows, size_t keys) {
  uint32_t *ids = bench_memory(rows * sizeof *ids);
  for (size_t i = 0; i < rows; i++)
    ids[i] = (uint32_t)(next_number() % keys);
  return ids;
}

static struct weft_column column_of(const struct keys *keys, size_t first, size_t n) {
  return keys->numbers ? weft_column_fixed(keys->numbers + first, WEFT_U64, n)
                       : weft_column_offsets32(keys->bytes, (size_t)keys->offsets[keys->rows], keys->offsets + first, n);
}

static weft_index *build_index(weft_ctx *ctx, const struct keys *keys) {
  struct weft_column column = column_of(keys, 0, keys->rows);
  weft_index *index;
  if (weft_index_build(ctx, &column, 1, NULL, &index))
    die(ctx);
  return index;
}

static void free_index(weft_index *index) {
  if (weft_index_free(index)) {
    fprintf(stderr, "bench_join: an index is still in use\n");
    exit(1);
  }
}

static struct join_sums join_rows(weft_ctx *ctx, weft_index *index, const struct keys *keys, size_t first, size_t n) {
  struct join_sums sums = {0, 0, 0};
  struct weft_column column = column_of(keys, first, n);
  uint32_t build[PAIRS], probe[PAIRS];
  size_t pairs;
  weft_join *join;
  if (weft_join_open(ctx, index, WEFT_JOIN_INNER, &join) || weft_join_probe(join, &column, 1))
    die(ctx);
  do {
    if (weft_join_next(join, build, probe, PAIRS, &pairs))
      die(ctx);
    for (size_t i = 0; i < pairs; i++) {
      sums.build += build[i];
      sums.probe += first + probe[i];
    }
    sums.pairs += pairs;
  } while (pairs == PAIRS);
  weft_join_close(join);
  return sums;
}

/* Builds */

static void build_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  (void)piece;
  if (c->sides[contender] == MAP)
    map_free(map_build(&c->build.keys));
  else
    free_index(build_index(c->ctx[c->sides[contender] - WEFT], &c->build.keys));
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
  weft_ctx *ctx = c->ctx[c->sides[contender] - WEFT];
  weft_index *index = build_index(ctx, &c->build.keys);
  struct weft_column column = column_of(&c->build.keys, 0, rows);
  uint32_t *found = bench_memory(rows * sizeof *found);
  if (weft_index_lookup(ctx, index, &column, 1, found))
    die(ctx);
  bool right = true;
  for (size_t i = 0; i < rows; i++)
    right = right && found[i] == i;
  free(found);
  free_index(index);
  return right;
}

/* Probes of a finished index, piece by piece */

static struct join_sums probe_piece(const struct comparison *c, size_t contender, uint64_t piece) {
  size_t first = (size_t)piece * PROBE_PIECE;
  enum peer side = c->sides[contender];
  return side == MAP ? map_probe(c->map, &c->probe.keys, first, PROBE_PIECE)
                     : join_rows(c->ctx[side - WEFT], c->index[side - WEFT], &c->probe.keys, first, PROBE_PIECE);
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

static bool same_sums(struct join_sums a, struct join_sums b) {
  return a.pairs == b.pairs && a.build == b.build && a.probe == b.probe;
}

static bool probe_check(void *context, size_t contender) {
  const struct comparison *c = context;
  for (uint64_t piece = 0; piece < c->probe.keys.rows / PROBE_PIECE; piece += 7)
    if (!same_sums(probe_piece(c, contender, piece),
                   map_probe(c->map, &c->probe.keys, (size_t)piece * PROBE_PIECE, PROBE_PIECE)))
      return false;
  return true;
}

/* Whole joins: build and probe */

static void join_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  const struct keys *probe = &c->probe.keys;
  (void)piece;
  switch (c->sides[contender]) {
  case MAP: {
    struct map *map = map_build(&c->build.keys);
    c->sums = map_probe(map, probe, 0, probe->rows);
    map_free(map);
    break;
  }
  case DUCKDB: c->sums = duckdb_join(c->duckdb, "build", "probe"); break;
  default: {
    weft_ctx *ctx = c->ctx[c->sides[contender] - WEFT];
    weft_index *index = build_index(ctx, &c->build.keys);
    c->sums = join_rows(ctx, index, probe, 0, probe->rows);
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
  return same_sums(c->sums, map_probe(c->map, &c->probe.keys, 0, c->probe.keys.rows));
}

/* Groups */

static void group_work(void *context, size_t contender, uint64_t piece) {
  struct comparison *c = context;
  (void)piece;
  if (c->sides[contender] == MAP) {
    map_group(&c->build.keys, c->group);
    return;
  }
  weft_ctx *ctx = c->ctx[c->sides[contender] - WEFT];
  struct weft_column column = column_of(&c->build.keys, 0, c->build.keys.rows);
  size_t groups;
  if (weft_group(ctx, &column, 1, c->group, &groups, NULL))
    die(ctx);
}

static bool group_check(void *context, size_t contender) {
  struct comparison *c = context;
  memset(c->group, 0xff, c->build.keys.rows * sizeof *c->group);
  group_work(c, contender, 0);
  return memcmp(c->group, c->wanted, c->build.keys.rows * sizeof *c->group) == 0;
}

/* The cases */

static void open_tables(const struct program *p, struct comparison *c, bool best_alone) {
  size_t first = best_alone ? p->n_tables - 1 : 0;
  c->n_tables = p->n_tables - first;
  for (size_t i = 0; i < c->n_tables; i++) {
    struct weft_ctx_options options;
    weft_ctx_options_init(&options, sizeof options);
    options.isa = p->tables[first + i];
    if (weft_ctx_create(&options, &c->ctx[i]))
      die(NULL);
  }
}

static void close_tables(struct comparison *c) {
  for (size_t i = 0; i < c->n_tables; i++)
    weft_ctx_free(c->ctx[i]);
}

/* weft with each of c's tables against the map, and against DuckDB where there is a target for it or duckdb is set. */
static size_t list_contenders(const struct program *p, struct comparison *c, double map_target, double duckdb_target,
                              struct bench_contender contenders[WEFT_MAX_ISAS + 2]) {
  size_t n = c->n_tables;
  memset(contenders, 0, (WEFT_MAX_ISAS + 2) * sizeof *contenders);
  for (size_t i = 0; i < n; i++) {
    struct bench_contender *weft = &contenders[i];
    snprintf(weft->name, sizeof weft->name, "weft %s", p->tables[p->n_tables - n + i]);
    weft->against[weft->n_against++] = (struct bench_against){.peer = n, .target = map_target};
    if (c->duckdb)
      weft->against[weft->n_against++] = (struct bench_against){.peer = n + 1, .target = duckdb_target};
    c->sides[i] = (enum peer)(WEFT + i);
  }
  snprintf(contenders[n].name, sizeof contenders[n].name, "unordered_map");
  c->sides[n] = MAP;
  if (!c->duckdb)
    return n + 1;
  snprintf(contenders[n + 1].name, sizeof contenders[n].name, "DuckDB %.20s", duckdb_version(c->duckdb));
  c->sides[n + 1] = DUCKDB;
  return n + 2;
}

static const char *rows_name(size_t rows, char *name, size_t bytes) {
  if (rows % 1000000 == 0)
    snprintf(name, bytes, "%zum", rows / 1000000);
  else if (rows % 1024 == 0)
    snprintf(name, bytes, "%zuki", rows / 1024);
  else
    snprintf(name, bytes, "%zuk", rows / 1000);
  return name;
}

static void run_build(const struct program *p, const char *keys, int length, size_t rows) {
  char name[64], size[24];
  snprintf(name, sizeof name, "build %s %s", keys, rows_name(rows, size, sizeof size));
  if (!bench_wants(p->bench, name, false))
    return;
  struct comparison c = {.build = make_keys(rows, length, NULL)};
  struct bench_contender contenders[WEFT_MAX_ISAS + 2];
  open_tables(p, &c, false);
  size_t n = list_contenders(p, &c, 0, 0, contenders);
  struct bench_case frame_case = {.name = name,
                                  .about = "an index of distinct keys is built and freed",
                                  .unit = "row",
                                  .contenders = contenders,
                                  .n_contenders = n,
                                  .pieces = 1000,
                                  .same = true,
                                  .whole = true,
                                  .state = &c,
                                  .check = build_check,
                                  .prepare = build_prepare,
                                  .work = build_work};
  bench_run(p->bench, &frame_case);
  close_tables(&c);
  free_keys(&c.build);
}

static void run_probe(const struct program *p, const char *keys, int length, size_t rows) {
  char name[64], size[24];
  snprintf(name, sizeof name, "probe %s %s", keys, rows_name(rows, size, sizeof size));
  if (!bench_wants(p->bench, name, false))
    return;
  const size_t probes = (size_t)PROBE_PIECE * 256;
  uint32_t *ids = random_ids(probes, rows);
  struct comparison c = {.build = make_keys(rows, length, NULL), .probe = make_keys(probes, length, ids)};
  struct bench_contender contenders[WEFT_MAX_ISAS + 2];
  free(ids);
  open_tables(p, &c, false);
  size_t n = list_contenders(p, &c, 0, 0, contenders);
  c.map = map_build(&c.build.keys);
  for (size_t i = 0; i < c.n_tables; i++)
    c.index[i] = build_index(c.ctx[i], &c.build.keys);
  struct bench_case frame_case = {.name = name,
                                  .about = "random probes that all match, to pairs of rows and their sums",
                                  .unit = "row",
                                  .contenders = contenders,
                                  .n_contenders = n,
                                  .pieces = 256,
                                  .same = false,
                                  .state = &c,
                                  .check = probe_check,
                                  .prepare = probe_prepare,
                                  .work = probe_work};
  bench_run(p->bench, &frame_case);
  for (size_t i = 0; i < c.n_tables; i++)
    free_index(c.index[i]);
  map_free(c.map);
  close_tables(&c);
  free_keys(&c.build);
  free_keys(&c.probe);
}

static void run_join(const struct program *p, const char *keys, int length, size_t rows, double times) {
  char name[64], size[24];
  snprintf(name, sizeof name, "join %s %s", keys, rows_name(rows, size, sizeof size));
  if (!bench_wants(p->bench, name, !p->duckdb))
    return;
  uint32_t *ids = random_ids(JOIN_PROBES, rows);
  struct comparison c = {
      .build = make_keys(rows, length, NULL), .probe = make_keys(JOIN_PROBES, length, ids), .duckdb = p->duckdb};
  struct bench_contender contenders[WEFT_MAX_ISAS + 2];
  free(ids);
  open_tables(p, &c, true);
  size_t n = list_contenders(p, &c, 0, times, contenders);
  c.map = map_build(&c.build.keys);
  if (c.duckdb) {
    duckdb_table(c.duckdb, "build", &c.build.keys);
    duckdb_table(c.duckdb, "probe", &c.probe.keys);
  }
  struct bench_case frame_case = {.name = name,
                                  .about = "the whole join, build and 10 million probes that all match: count, sum, sum",
                                  .unit = "probe",
                                  .contenders = contenders,
                                  .n_contenders = n,
                                  .pieces = 1000,
                                  .same = true,
                                  .whole = true,
                                  .state = &c,
                                  .check = join_check,
                                  .prepare = join_prepare,
                                  .work = join_work};
  bench_run(p->bench, &frame_case);
  map_free(c.map);
  close_tables(&c);
  free_keys(&c.build);
  free_keys(&c.probe);
}

static void run_group(const struct program *p, const char *keys, int length, double target) {
  char name[64];
  snprintf(name, sizeof name, "group %s 10k", keys);
  if (!bench_wants(p->bench, name, false))
    return;
  uint32_t *ids = random_ids(GROUP_ROWS, GROUP_KEYS);
  struct comparison c = {.build = make_keys(GROUP_ROWS, length, ids)};
  struct bench_contender contenders[WEFT_MAX_ISAS + 2];
  free(ids);
  c.group = bench_memory(GROUP_ROWS * sizeof *c.group);
  c.wanted = bench_memory(GROUP_ROWS * sizeof *c.wanted);
  map_group(&c.build.keys, c.wanted);
  open_tables(p, &c, false);
  size_t n = list_contenders(p, &c, 0, 0, contenders);
  contenders[c.n_tables - 1].against[0].target = target;
  struct bench_case frame_case = {.name = name,
                                  .about = "a million rows of 10,000 distinct keys are numbered",
                                  .unit = "row",
                                  .contenders = contenders,
                                  .n_contenders = n,
                                  .pieces = 1000,
                                  .same = true,
                                  .whole = true,
                                  .state = &c,
                                  .check = group_check,
                                  .prepare = build_prepare,
                                  .work = group_work};
  bench_run(p->bench, &frame_case);
  close_tables(&c);
  free(c.group);
  free(c.wanted);
  free_keys(&c.build);
}

int main(int argc, char **argv) {
  struct program p = {0};
  const char *library = NULL;
  const struct bench_option options[] = {
      {"duckdb", "FILE", "compare whole joins with DuckDB, its libduckdb.so being FILE", &library}};
  p.bench = bench_open(argc, argv, "Measures weft's indexes, joins and groups against std::unordered_map and DuckDB.",
                       options, 1);
  p.tables = bench_tables(p.bench, &p.n_tables);
  if (library && !(p.duckdb = duckdb_load(library)))
    return 2;
  static const size_t sizes[] = {1000, 65536, 1000000};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    run_build(&p, "u64", 0, sizes[i]);
    run_build(&p, "str15", 15, sizes[i]);
  }
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    run_probe(&p, "u64", 0, sizes[i]);
    run_probe(&p, "str15", 15, sizes[i]);
  }
  run_group(&p, "u64", 0, 0);
  run_group(&p, "str15", 15, GROUP_TARGET);
  run_group(&p, "str8-24", -24, GROUP_TARGET);
  for (size_t i = 0; i < sizeof join_targets / sizeof join_targets[0]; i++)
    run_join(&p, join_targets[i].keys, join_targets[i].keys[0] == 'u' ? 0 : 15, join_targets[i].rows,
             join_targets[i].times);
  return bench_close(p.bench);
}
