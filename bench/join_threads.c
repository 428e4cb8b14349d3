/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_join with two threads of one job, each with a context and a core of its own, beside one thread. Judged is
 * the wall's time. Beside it stands by how much the job gets shorter where no other process takes a core: one thread's own
 * time on a core over that of the busier of the two.
 */
#include "bench.h"
#include "crew.h"
#include "join_case.h"
#include "join_targets.h"
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2, ONE = 0, TWO = 1, ROWS = 10000000, GROUPS = 1000000, MOST_SAMPLES = 4096 };
enum stage { BUILD = 1, PROBE = 2, JOIN = BUILD | PROBE, GROUP = 4 };

struct job {
  struct comparison c;
  enum stage stage;
  struct crew *crew;
  weft_ctx *ctx[THREADS];
  weft_index_builder *builder;
  weft_index *index;
  struct join_sums part[THREADS];
  weft_grouping *grouping;
  uint64_t since[THREADS], used[THREADS]; /* of cores, by the threads, when a job began and in it */
  double *samples[2];                     /* [contender][MOST_SAMPLES] ns that the busiest thread used */
  size_t n_samples[2];
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

static void group_part(void *state, size_t thread) {
  struct job *j = state;
  if (weft_grouping_work(j->ctx[thread], j->grouping))
    die(j->ctx[thread]);
}

static void group_rows(struct job *j, size_t contender) {
  struct weft_column columns[MOST_KEY_COLUMNS];
  const struct keys *keys = &j->c.build.keys;
  size_t n = columns_of(keys, 0, keys->rows, columns), groups;
  if (contender == ONE) {
    if (weft_group(j->ctx[0], columns, n, j->c.group, &groups, NULL))
      die(j->ctx[0]);
    return;
  }
  if (weft_grouping_open(j->ctx[0], columns, n, THREADS, j->c.group, &j->grouping))
    die(j->ctx[0]);
  crew_run(j->crew, group_part, j);
  if (weft_grouping_close(j->ctx[0], j->grouping, &groups, NULL))
    die(j->ctx[0]);
}

static void look_at_clock(void *state, size_t thread) {
  struct job *j = state;
  uint64_t now = machine_thread_used();
  j->used[thread] = now - j->since[thread];
  j->since[thread] = now;
}

static void do_job(struct job *j, size_t contender) {
  if (j->stage & BUILD)
    build_index(j, contender);
  if (j->stage & PROBE)
    probe_index(j, contender);
  if (j->stage & BUILD) {
    free_index(j->index);
    j->index = NULL;
  }
  if (j->stage == GROUP)
    group_rows(j, contender);
}

static void work(void *state, size_t contender, uint64_t piece) {
  struct job *j = state;
  (void)piece;
  crew_run(j->crew, look_at_clock, j);
  do_job(j, contender);
  crew_run(j->crew, look_at_clock, j);
  if (j->n_samples[contender] < MOST_SAMPLES)
    j->samples[contender][j->n_samples[contender]++] = (double)(j->used[0] > j->used[1] ? j->used[0] : j->used[1]);
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  const struct job *j = state;
  (void)piece;
  return (struct bench_amount){(double)(j->stage & PROBE ? j->c.probe.keys.rows : j->c.build.keys.rows), 0};
}

/* An index is checked by its probes, built with as many threads; probes alone have one that a single thread built. */
static bool check_join(struct job *j, size_t contender) {
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

static bool check(void *state, size_t contender) {
  struct job *j = state;
  bool right;
  if (j->stage == GROUP) {
    size_t bytes = j->c.build.keys.rows * sizeof *j->c.group;
    memset(j->c.group, 0xff, bytes);
    group_rows(j, contender);
    right = memcmp(j->c.group, j->c.wanted_group, bytes) == 0;
  } else {
    right = check_join(j, contender);
  }
  j->c.wrong = j->c.wrong || !right;
  return right;
}

/* Rows to work on, and what is to come of it. */
static void make_rows(struct job *j, struct key_law law) {
  struct comparison *c = &j->c;
  size_t rows = case_rows(c->program, ROWS), groups = case_rows(c->program, GROUPS);
  uint32_t *ids = j->stage == GROUP ? ids_drawn(rows, groups, 0) : ids_each(rows, rows);
  c->build = keys_make(law, rows, ids);
  if (j->stage == GROUP) {
    c->group = bench_memory(rows * sizeof *c->group);
    c->wanted_group = ids_number(groups, ids, rows);
  } else {
    uint32_t *probe_ids = ids_drawn(rows, rows, 0);
    c->probe = keys_make(law, rows, probe_ids);
    keys_pay(&c->build, JOIN_PAYLOAD);
    keys_pay(&c->probe, JOIN_PAYLOAD);
    c->wanted = ids_join(rows, ids, &c->build.keys, probe_ids, &c->probe.keys);
    free(probe_ids);
  }
  free(ids);
}

static void open_job(struct job *j, const struct program *p, struct key_law law) {
  j->c.program = p;
  j->crew = crew_open(THREADS);
  make_rows(j, law);
  case_open(p, &j->c, true);
  j->ctx[0] = j->c.ctx[0];
  if (weft_ctx_clone(j->ctx[0], &j->ctx[1]))
    die(NULL);
  for (size_t i = 0; i < 2; i++)
    j->samples[i] = bench_memory(MOST_SAMPLES * sizeof **j->samples);
}

static void close_job(struct job *j) {
  if (j->index)
    free_index(j->index);
  weft_ctx_free(j->ctx[1]);
  case_close(&j->c);
  crew_close(j->crew);
  free(j->c.group);
  free(j->c.wanted_group);
  free(j->samples[0]);
  free(j->samples[1]);
}

/* One after another, a job by one thread and one by two stand beside each other. */
static void report_own_time(struct job *j, const char *name, const char *row, int order) {
  size_t n = j->n_samples[ONE] < j->n_samples[TWO] ? j->n_samples[ONE] : j->n_samples[TWO];
  if (j->c.wrong || !n)
    return;
  for (size_t i = 0; i < n; i++)
    j->samples[ONE][i] /= j->samples[TWO][i];
  bench_value(j->c.program->bench, &(struct bench_value){.name = name,
                                                         .contender = "weft, 2 threads",
                                                         .unit = "times as fast by the threads' own time",
                                                         .samples = j->samples[ONE],
                                                         .n = n,
                                                         .table = JOIN_TARGETS,
                                                         .row = row,
                                                         .order = order,
                                                         .column = "own time"});
}

static const struct {
  const char *verb, *about, *unit, *size;
} stages[] = {
    [BUILD] = {"build", "10 million distinct keys: an index is built and freed", "row", "10m"},
    [PROBE] = {"probe", "10 million rows built: 10 million probes, to count, sum, sum", "probe", "10m"},
    [JOIN] = {"join", "10 million rows built and 10 million probes, to count, sum, sum", "probe", "10m"},
    [GROUP] = {"group", "10 million rows of a million keys are numbered", "row", "1m"},
};

static void run_two(const struct program *p, enum stage stage, const char *keys, struct key_law law, int order) {
  char name[64], own_row[80];
  snprintf(name, sizeof name, "threads2-%s %s %s", stages[stage].verb, keys, stages[stage].size);
  if (!bench_wants(p->bench, name, false))
    return;
  if (crew_most() < THREADS) {
    bench_note(p->bench, "\n%s is left out: two threads need two cores\n", name);
    return;
  }
  struct job j = {.stage = stage};
  open_job(&j, p, law);
  struct bench_contender contenders[] = {{.name = "weft, 1 thread"}, {.name = "weft, 2 threads", .n_against = 1}};
  struct bench_against *against = &contenders[TWO].against[0];
  *against = (struct bench_against){
      .peer = ONE, .target = case_target(p, threads_target), .table = JOIN_TARGETS, .order = order, .column = "wall"};
  snprintf(against->row, sizeof against->row, "two threads, times as fast as one: %s, %s, by the wall", stages[stage].verb,
           keys);
  snprintf(own_row, sizeof own_row, "the same by the time that cores worked: %s, %s", stages[stage].verb, keys);
  struct bench_case frame_case = {.name = name,
                                  .about = stages[stage].about,
                                  .unit = stages[stage].unit,
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
  report_own_time(&j, name, own_row, order);
  close_job(&j);
}

void run_threads(const struct program *p) {
  const struct key_law u64 = {KEYS_SPARSE, 0, 1}, str15 = {KEYS_TEXT, 15, 1};
  static const enum stage order[] = {BUILD, PROBE, JOIN, GROUP};
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
    run_two(p, order[i], "u64", u64, ORDER_THREADS + (int)i);
    run_two(p, order[i], "str15", str15, ORDER_THREADS + (int)i);
  }
}
