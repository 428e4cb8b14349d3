/* SPDX-License-Identifier: MIT
 *
 * Aggregates by numbers of groups beside the loops that a program would write: whole jobs, from values and groups' numbers
 * to a column of results. Here: the options, and sums, averages, extremes and counts. Partitions and the rest are in
 * aggregate_whole.c.
 */
#include "aggregate_case.h"
#include "aggregate_loops.h"
#include "join_keys.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE "Aggregates of 10 M rows by numbers of groups, one thread: times faster than a loop"

enum { WEFT, LOOP, EXACT_LOOP };

static const struct {
  enum weft_type type;
  size_t bytes;
  const char *name;
} types[] = {{WEFT_U64, 8, "u64"}, {WEFT_I64, 8, "i64"}, {WEFT_F64, 8, "f64"}, {WEFT_U32, 4, "u32"},
             {WEFT_I32, 4, "i32"}, {WEFT_F32, 4, "f32"}, {WEFT_I16, 2, "i16"}, {WEFT_U8, 1, "u8"}};
enum { TYPES = sizeof types / sizeof types[0] };

static const struct {
  const char *name;
  enum work work;
  uint32_t kinds;
} verbs[] = {{"sum", WORK_SUM, WEFT_SUM},
             {"average", WORK_AVERAGE, WEFT_AVG},
             {"extremes", WORK_EXTREMES, WEFT_MIN | WEFT_MAX},
             {"count", WORK_COUNT, WEFT_COUNT}};
enum { VERBS = sizeof verbs / sizeof verbs[0], COUNT = 3 };

static const struct {
  size_t groups;
  const char *name;
} sizes[] = {{1, "1"}, {16, "16"}, {100, "100"}, {100000, "100k"}, {1000000, "1m"}};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

struct comparison {
  const struct program *program;
  struct grouped rows;
  enum work work;
  uint32_t kinds;
  size_t bytes; /* of a value */
  void *out;    /* [2 * groups] of at most 8 bytes */
  void *wanted; /* the same */
};

size_t case_share(const struct program *p, size_t n) {
  return n / p->divisor ? n / p->divisor : 1;
}

void must(const struct program *p, weft_status status) {
  if (status == WEFT_OK)
    return;
  fprintf(stderr, "bench_aggregate: %s: %s\n", weft_status_text(status), weft_ctx_message(p->ctx));
  exit(1);
}

void measure_jobs(const struct program *p, const char *name, const char *about, const struct bench_contender *contenders,
                  size_t n, void *state, bool (*check)(void *, size_t), struct bench_amount (*prepare)(void *, uint64_t),
                  void (*work)(void *, size_t, uint64_t)) {
  struct bench_case frame_case = {.name = name,
                                  .about = about,
                                  .unit = "row",
                                  .contenders = contenders,
                                  .n_contenders = n,
                                  .pieces = 1000,
                                  .same = true,
                                  .whole = true,
                                  .state = state,
                                  .check = check,
                                  .prepare = prepare,
                                  .work = work};
  bench_run(p->bench, &frame_case);
}

static bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

static void aggregate(const struct comparison *c) {
  const struct program *p = c->program;
  const struct grouped *rows = &c->rows;
  struct weft_column column = weft_column_fixed(rows->values, rows->type, rows->rows);
  weft_aggregate *a;
  must(p, weft_aggregate_open(p->ctx, rows->type, c->kinds, &a));
  must(p, weft_aggregate_add(p->ctx, a, &column, rows->groups > 1 ? rows->group : NULL, rows->groups));
  if (c->work == WORK_EXTREMES) {
    must(p, weft_aggregate_finish(p->ctx, a, WEFT_MIN, c->out, NULL));
    must(p, weft_aggregate_finish(p->ctx, a, WEFT_MAX, (char *)c->out + rows->groups * c->bytes, NULL));
  } else {
    must(p, weft_aggregate_finish(p->ctx, a, (enum weft_aggregate_kind)c->kinds, c->out, NULL));
  }
  weft_aggregate_free(a);
}

static void work(void *state, size_t contender, uint64_t piece) {
  struct comparison *c = state;
  (void)piece;
  if (contender == WEFT)
    aggregate(c);
  else
    loop_aggregate(&c->rows, contender == EXACT_LOOP ? WORK_COMPENSATED : c->work, c->out);
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  const struct comparison *c = state;
  (void)piece;
  return (struct bench_amount){(double)c->rows.rows, 0};
}

/* Bit by bit; but sums of floats that keep the errors of additions within two units in the last place, as the order of rows
 * is another, and others about so. */
static bool check(void *state, size_t contender) {
  struct comparison *c = state;
  size_t groups = c->rows.groups, bytes = groups * (c->work == WORK_EXTREMES ? 2 * c->bytes : sizeof(uint64_t));
  work(c, contender, 0);
  if (!is_float(c->rows.type) || c->work == WORK_EXTREMES)
    return memcmp(c->out, c->wanted, bytes) == 0;
  const double *out = c->out, *wanted = c->wanted;
  for (size_t k = 0; k < groups; k++) {
    double slack = contender != LOOP && c->work == WORK_SUM ? 2 * DBL_EPSILON * fabs(wanted[k]) : 1e-6;
    if (!(fabs(out[k] - wanted[k]) <= slack))
      return false;
  }
  return true;
}

/* Random values whose sums pass 64 bits in no group: -512 to 511.5, in floats with all bits of them. */
static void *random_values(enum weft_type type, size_t bytes, size_t rows) {
  char *values = bench_memory(rows * bytes);
  uint64_t state = 0x2545f4914f6cdd1d;
  for (size_t i = 0; i < rows; i++) {
    uint64_t word = (state = state * 6364136223846793005 + 1442695040888963407) >> 24;
    double real = (double)word * 0x1p-30 - 512;
    float single = (float)real;
    const void *value = type == WEFT_F64 ? &real : type == WEFT_F32 ? (const void *)&single : &word;
    uint32_t half = (uint32_t)word;
    uint16_t quarter = (uint16_t)word;
    uint8_t byte = (uint8_t)word;
    if (!is_float(type))
      value = bytes == 8 ? &word : bytes == 4 ? (const void *)&half : bytes == 2 ? (const void *)&quarter : &byte;
    memcpy(values + i * bytes, value, bytes);
  }
  return values;
}

static uint32_t *random_groups(size_t rows, size_t groups) {
  uint32_t *group = ids_drawn(rows, groups, 0);
  for (size_t k = 0; k < groups && k < rows; k++)
    group[k * (rows / groups)] = (uint32_t)k; /* none is without a row */
  return group;
}

static void run_one(const struct program *p, size_t verb, size_t type, size_t size) {
  char name[64];
  snprintf(name, sizeof name, "aggregate %s %s %s", verbs[verb].name, verb == COUNT ? "rows" : types[type].name,
           sizes[size].name);
  if (!bench_wants(p->bench, name, false))
    return;
  struct comparison c = {.program = p,
                         .rows = {.type = types[type].type,
                                  .rows = case_share(p, AGGREGATE_ROWS),
                                  .groups = case_share(p, sizes[size].groups)},
                         .work = verbs[verb].work,
                         .kinds = verbs[verb].kinds,
                         .bytes = types[type].bytes};
  void *values = random_values(c.rows.type, c.bytes, c.rows.rows);
  uint32_t *group = random_groups(c.rows.rows, c.rows.groups);
  c.rows.values = values;
  c.rows.group = group;
  c.out = bench_memory(2 * c.rows.groups * sizeof(uint64_t));
  c.wanted = bench_memory(2 * c.rows.groups * sizeof(uint64_t));
  bool exact = c.work == WORK_SUM && is_float(c.rows.type);
  loop_aggregate(&c.rows, exact ? WORK_COMPENSATED : c.work, c.wanted);
  struct bench_contender contenders[] = {{.n_against = exact ? 2 : 1}, {.name = "loop"}, {.name = "loop, Sum2"}};
  snprintf(contenders[WEFT].name, sizeof contenders[WEFT].name, "%s", p->contender);
  for (size_t k = 0; k < contenders[WEFT].n_against; k++) {
    struct bench_against *against = &contenders[WEFT].against[k];
    *against = (struct bench_against){
        .peer = LOOP + k, .table = TITLE, .order = (int)(verb * TYPES + type), .column = sizes[size].name};
    snprintf(against->row, sizeof against->row, "%s%s%s%s", verbs[verb].name, verb == COUNT ? "" : ", ",
             verb == COUNT ? "" : types[type].name, k ? ", than one that keeps rounding errors too" : "");
  }
  measure_jobs(p, name, "values and numbers of groups to a column of results", contenders, 2 + exact, &c, check, prepare,
               work);
  free(values);
  free(group);
  free(c.out);
  free(c.wanted);
}

static void run_aggregates(const struct program *p) {
  for (size_t verb = 0; verb < VERBS; verb++)
    for (size_t type = 0; type < (verb == COUNT ? 1 : TYPES); type++)
      for (size_t size = 0; size < SIZES; size++)
        run_one(p, verb, type, size);
}

static size_t divisor_of(const char *text) {
  char *end;
  unsigned long n = text ? strtoul(text, &end, 10) : 1;
  if (n >= 1 && n <= 1000000 && (!text || !*end))
    return n;
  fprintf(stderr, "bench_aggregate: --divide takes a number from 1 to 1000000, not '%s'\n", text);
  exit(2);
}

int main(int argc, char **argv) {
  struct program p = {.divisor = 1};
  const char *library = NULL, *divisor = NULL;
  const struct bench_option options[] = {{"duckdb", "FILE", "compare with DuckDB, its libduckdb.so being FILE", &library},
                                         {"divide", "N", "so many times fewer rows and groups, for a look", &divisor}};
  p.bench = bench_open(argc, argv, "Measures aggregates, partitions and sketches against loops and DuckDB.", options, 2);
  p.divisor = divisor_of(divisor);
  if (library && !(p.duckdb = duckdb_load(library)))
    return 2;
  size_t n_tables;
  const char *const *tables = bench_tables(p.bench, &n_tables);
  struct weft_ctx_options ctx_options;
  weft_ctx_options_init(&ctx_options, sizeof ctx_options);
  ctx_options.isa = tables[n_tables - 1];
  must(&p, weft_ctx_create(&ctx_options, &p.ctx));
  snprintf(p.contender, sizeof p.contender, "weft %s", ctx_options.isa);
  run_aggregates(&p);
  run_partitions(&p);
  run_keys(&p);
  weft_ctx_free(p.ctx);
  duckdb_unload(p.duckdb);
  return bench_close(p.bench);
}
