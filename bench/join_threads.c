/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_join with two threads of one job, each with a context and a core of its own, beside one thread.
 */
#include "bench.h"
#include "crew.h"
#include "join_case.h"
#include "join_targets.h"

#include <stdio.h>
#include <stdlib.h>

#define TITLE "Indexes and joins by two threads: times as fast as by one"

enum { THREADS = 2, ONE = 0, TWO = 1, JOIN_PROBES = 10000000 };
enum stage { BUILD = 1, PROBE = 2, JOIN = BUILD | PROBE };

struct job {
  struct comparison c;
  enum stage stage;
  struct crew *crew;
  weft_ctx *ctx[THREADS];
  weft_index_builder *builder;
  weft_index *index;
  struct join_sums part[THREADS];
};

static void build_part(void *state, size_t thread) {
  struct job *j = state;
  if (weft_index_work(j->ctx[thread], j->builder))
    die(j->ctx[thread]);
}

static void build_index(struct job *j, size_t contender) {
  struct weft_column columns[MOST_KEY_COLUMNS];
  const struct keys *keys = &j->c.build.keys;
  size_t n = columns_of(keys, 0, keys->rows, columns);
  if (contender == ONE) {
    j->index = index_of(j->ctx[0], keys);
    return;
  }
  if (weft_index_builder_open(j->ctx[0], NULL, &j->builder) || weft_index_append(j->ctx[0], j->builder, columns, n, NULL))
    die(j->ctx[0]);
  crew_run(j->crew, build_part, j);
  if (weft_index_seal(j->ctx[0], j->builder, &j->index))
    die(j->ctx[0]);
}

static void probe_part(void *state, size_t thread) {
  struct job *j = state;
  size_t rows = j->c.probe.keys.rows, half = rows / 2;
  j->part[thread] =
      join_rows(j->ctx[thread], j->index, &j->c.build.keys, &j->c.probe.keys, thread * half, thread ? rows - half : half);
}

static void add(struct wide *sum, struct wide more) {
  wide_add(sum, more.low);
  sum->high += more.high;
}

static void probe_index(struct job *j, size_t contender) {
  if (contender == ONE) {
    j->c.sums = join_rows(j->ctx[0], j->index, &j->c.build.keys, &j->c.probe.keys, 0, j->c.probe.keys.rows);
    return;
  }
  crew_run(j->crew, probe_part, j);
  j->c.sums = j->part[0];
  j->c.sums.pairs += j->part[1].pairs;
  add(&j->c.sums.build, j->part[1].build);
  add(&j->c.sums.probe, j->part[1].probe);
}

static void work(void *state, size_t contender, uint64_t piece) {
  struct job *j = state;
  (void)piece;
  if (j->stage & BUILD)
    build_index(j, contender);
  if (j->stage & PROBE)
    probe_index(j, contender);
  if (j->stage & BUILD) {
    free_index(j->index);
    j->index = NULL;
  }
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  const struct job *j = state;
  (void)piece;
  return (struct bench_amount){(double)(j->stage == BUILD ? j->c.build.keys.rows : j->c.probe.keys.rows), 0};
}

/* An index is checked by its probes, built with as many threads; probes alone have one that a single thread built. */
static bool check(void *state, size_t contender) {
  struct job *j = state;
  if (j->stage == PROBE && !j->index)
    build_index(j, ONE);
  if (j->stage & BUILD)
    build_index(j, contender);
  probe_index(j, contender);
  if (j->stage & BUILD) {
    free_index(j->index);
    j->index = NULL;
  }
  return same_sums(j->c.sums, j->c.wanted);
}

static void run_two(const struct program *p, enum stage stage, const char *keys, struct key_law law, int order) {
  static const char *const verbs[] = {[BUILD] = "build", [PROBE] = "probe", [JOIN] = "join"};
  static const char *const abouts[] = {[BUILD] = "10 million distinct keys: an index is built and freed",
                                       [PROBE] = "10 million rows built: 10 million probes, to count, sum, sum",
                                       [JOIN] = "10 million rows built and 10 million probes, to count, sum, sum"};
  char name[64];
  snprintf(name, sizeof name, "threads2-%s %s 10m", verbs[stage], keys);
  if (!bench_wants(p->bench, name, false))
    return;
  if (crew_most() < THREADS) {
    bench_note(p->bench, "\n%s is left out: two threads need two cores\n", name);
    return;
  }
  struct job j = {.stage = stage, .crew = crew_open(THREADS)};
  size_t rows = case_rows(p, JOIN_PROBES);
  uint32_t *build_ids = ids_each(rows, rows), *probe_ids = ids_drawn(rows, rows, 0);
  j.c.build = keys_make(law, rows, build_ids);
  j.c.probe = keys_make(law, rows, probe_ids);
  keys_pay(&j.c.build);
  keys_pay(&j.c.probe);
  j.c.wanted = ids_join(rows, build_ids, &j.c.build.keys, probe_ids, &j.c.probe.keys);
  free(build_ids);
  free(probe_ids);
  case_open(p, &j.c, true);
  j.ctx[0] = j.c.ctx[0];
  if (weft_ctx_clone(j.ctx[0], &j.ctx[1]))
    die(NULL);
  struct bench_contender contenders[] = {{.name = "weft, 1 thread"}, {.name = "weft, 2 threads", .n_against = 1}};
  contenders[TWO].against[0] = (struct bench_against){
      .peer = ONE, .target = case_target(p, threads_target), .table = TITLE, .order = order, .column = verbs[stage]};
  snprintf(contenders[TWO].against[0].row, sizeof contenders[TWO].against[0].row, "%s, 10 M rows", keys);
  struct bench_case frame_case = {.name = name,
                                  .about = abouts[stage],
                                  .unit = stage == BUILD ? "row" : "probe",
                                  .contenders = contenders,
                                  .n_contenders = 2,
                                  .pieces = 1000,
                                  .same = true,
                                  .threads = true,
                                  .state = &j,
                                  .check = check,
                                  .prepare = prepare,
                                  .work = work};
  bench_run(p->bench, &frame_case);
  if (j.index)
    free_index(j.index);
  weft_ctx_free(j.ctx[1]);
  case_close(&j.c);
  crew_close(j.crew);
}

void run_threads(const struct program *p) {
  const struct key_law u64 = {KEYS_SPARSE, 0, 1}, str15 = {KEYS_TEXT, 15, 1};
  static const enum stage stages[] = {BUILD, PROBE, JOIN};
  for (size_t i = 0; i < 3; i++) {
    run_two(p, stages[i], "u64", u64, 0);
    run_two(p, stages[i], "str15", str15, 1);
  }
}
