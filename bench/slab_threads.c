/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_slab with several threads, each on a core of its own with a context of its own.
 */
#include "bench.h"
#include "crew.h"
#include "slab_case.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALING "Slab, threads that each churn objects of their own: share of one thread's speed that each has"

enum {
  PIECES = 16,
  SLOTS = 1000, /* objects that a thread has */
  MOST_THREADS = 64,
  LARSON_ROUNDS = 8, /* arrays are handed on after each */
  OPS = 32 * 1024,   /* of a thread in a job; a multiple of RING_BATCH and LARSON_ROUNDS */
};

/* A job by several threads, of several allocators: contender i uses allocator of[i], with threads[i] threads. */
struct team {
  struct program *program;
  struct crew *crew;
  size_t most; /* threads */
  size_t n_contenders;
  size_t of[2 * MOST_ALLOCATORS], threads[2 * MOST_ALLOCATORS];
  struct op *ops; /* [PIECES][OPS]; threads start at different ones */
  struct hand hands[MOST_ALLOCATORS][MOST_THREADS];
  void **live[MOST_ALLOCATORS][MOST_THREADS];
  struct ring ring;
  void (*part)(void *team, size_t thread);
  bool churns; /* objects live on from job to job */
  bool checked;
  _Atomic bool broken;
  /* of the job now being done */
  size_t contender;
  uint64_t piece;
  struct weft_slab_figures before;
  bool started;
};

static struct job job_of(struct team *t, size_t thread) {
  size_t first = (size_t)(t->piece + thread) % PIECES * OPS;
  return (struct job){.ops = t->ops + first,
                      .n = OPS,
                      .live = t->live[t->of[t->contender]][thread],
                      .slots = SLOTS,
                      .ring = &t->ring,
                      .checked = t->checked};
}

static void end_job(struct team *t, const struct job *job) {
  if (job->broken)
    atomic_store(&t->broken, true);
}

static void fill_part(void *state, size_t thread) {
  struct team *t = state;
  struct job job = job_of(t, thread);
  struct op fill[SLOTS];
  for (size_t i = 0; i < SLOTS; i++)
    fill[i] = (struct op){(uint32_t)i, job.ops[i].bytes};
  job.ops = fill;
  job.n = SLOTS;
  loop_churn(&t->hands[t->of[t->contender]][thread], &job);
}

static void churn_part(void *state, size_t thread) {
  struct team *t = state;
  struct job job = job_of(t, thread);
  loop_churn(&t->hands[t->of[t->contender]][thread], &job);
  end_job(t, &job);
}

static void larson_part(void *state, size_t thread) {
  struct team *t = state;
  struct job job = job_of(t, thread);
  void ***live = t->live[t->of[t->contender]];
  job.n = OPS / LARSON_ROUNDS;
  for (size_t round = 0; round < LARSON_ROUNDS; round++) {
    job.live = live[(thread + round) % t->most];
    loop_churn(&t->hands[t->of[t->contender]][thread], &job);
    job.ops += job.n;
    crew_meet(t->crew);
  }
  end_job(t, &job);
}

static void hand_over_part(void *state, size_t thread) {
  struct team *t = state;
  struct job job = job_of(t, 0);
  (thread == 0 ? loop_produce : loop_consume)(&t->hands[t->of[t->contender]][thread], &job);
  end_job(t, &job);
}

static void do_job(struct team *t, size_t contender, uint64_t piece, void (*part)(void *team, size_t thread)) {
  t->contender = contender;
  t->piece = piece;
  if (t->threads[contender] == 1)
    part(t, 0);
  else
    crew_run(t->crew, part, t);
}

static void work(void *state, size_t contender, uint64_t piece) {
  struct team *t = state;
  do_job(t, contender, piece, t->part);
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  struct team *t = state;
  (void)piece;
  if (!t->started)
    case_figures(t->program, &t->before);
  t->started = true;
  return (struct bench_amount){OPS, 0};
}

/* Contenders with one thread come before those with more of the same allocator, whose objects theirs are. */
static bool check(void *state, size_t contender) {
  struct team *t = state;
  t->checked = true;
  if (t->churns && !t->live[t->of[contender]][t->threads[contender] - 1][0])
    do_job(t, contender, 0, fill_part);
  for (uint64_t piece = 0; piece < PIECES; piece++)
    do_job(t, contender, piece, t->part);
  t->checked = false;
  return !atomic_exchange(&t->broken, false);
}

/* Opens what n_contenders contenders of allocators of[] need; the crew has all of the threads. */
static void open_team(struct team *t, size_t threads, const struct sizes *sizes) {
  struct program *p = t->program;
  case_seed(2);
  t->most = threads;
  t->crew = crew_open(threads);
  t->ops = case_ops(PIECES * OPS, SLOTS, RANDOM, sizes);
  for (size_t i = 0; i < p->n; i++)
    for (size_t k = 0; k < threads; k++) {
      t->hands[i][k] = k == 0 ? p->allocators[i].hand : allocator_hand(&p->allocators[i]);
      t->live[i][k] = bench_memory(SLOTS * sizeof *t->live[i][k]);
      memset(t->live[i][k], 0, SLOTS * sizeof *t->live[i][k]);
    }
}

static void close_team(struct team *t) {
  struct program *p = t->program;
  crew_close(t->crew);
  for (size_t i = 0; i < p->n; i++)
    for (size_t k = 0; k < t->most; k++) {
      struct job job = {.live = t->live[i][k], .slots = SLOTS};
      loop_empty(&p->allocators[i].hand, &job);
      free(t->live[i][k]);
      if (k > 0)
        allocator_hand_close(&p->allocators[i], &t->hands[i][k]);
    }
  free(t->ops);
}

static void run_team(struct team *t, const char *name, const char *about, const char *unit,
                     const struct bench_contender *contenders) {
  struct bench_case frame_case = {.name = name,
                                  .about = about,
                                  .unit = unit,
                                  .contenders = contenders,
                                  .n_contenders = t->n_contenders,
                                  .pieces = PIECES,
                                  .same = true,
                                  .threads = true,
                                  .state = t,
                                  .check = check,
                                  .prepare = prepare,
                                  .work = work};
  bench_run(t->program->bench, &frame_case);
}

static struct team team;

/* Two threads, every allocator once. */
static void run_two(struct program *p, const char *name, const char *about, const char *unit, const struct sizes *sizes,
                    void (*part)(void *team, size_t thread), bool churns, const struct target *target) {
  if (!bench_wants(p->bench, name, false))
    return;
  if (crew_most() < 2) {
    bench_note(p->bench, "%s is left out: two threads need two cores\n", name);
    return;
  }
  team = (struct team){.program = p, .n_contenders = p->n, .part = part, .churns = churns};
  for (size_t i = 0; i < p->n; i++) {
    team.of[i] = i;
    team.threads[i] = 2;
  }
  open_team(&team, 2, sizes);
  case_contenders(p, target);
  run_team(&team, name, about, unit, p->contenders);
  if (team.started)
    case_hits(p, name, target, &team.before);
  close_team(&team);
}

/* Every allocator twice: with one thread, and with so many. The ratio of the two times is the share of its speed alone that
 * a thread has beside the others. */
static void run_scaling(struct program *p, size_t threads, int order) {
  char name[40], about[120];
  struct bench_contender contenders[2 * MOST_ALLOCATORS] = {{.n_against = 0}};
  snprintf(name, sizeof name, "scaling 16-1k threads%zu", threads);
  if (!bench_wants(p->bench, name, false))
    return;
  snprintf(about, sizeof about,
           "a thread frees a random one of its 1000 and allocates another, 16 B to 1 KiB; 1 and %zu at once", threads);
  team = (struct team){.program = p, .n_contenders = 2 * p->n, .part = churn_part, .churns = true};
  for (size_t i = 0; i < 2 * p->n; i++) {
    const char *allocator = p->allocators[i % p->n].name;
    team.of[i] = i % p->n;
    team.threads[i] = i < p->n ? 1 : threads;
    snprintf(contenders[i].name, sizeof contenders[i].name, "%s, %zu", allocator, team.threads[i]);
    if (i < p->n)
      continue;
    double target = i % p->n != ALLOCATOR_WEFT ? 0 : threads < 16 ? 0.9 : 13.0 / 16;
    struct bench_against *against = &contenders[i].against[contenders[i].n_against++];
    *against =
        (struct bench_against){.peer = i - p->n, .target = target, .table = SCALING, .order = order, .column = allocator};
    snprintf(against->row, sizeof against->row, "%zu threads", threads);
  }
  open_team(&team, threads, &(struct sizes){16, 1024, true});
  run_team(&team, name, about, "pair", contenders);
  close_team(&team);
}

void run_threads(struct program *p, int order) {
  const struct target larson = {1.2, 1.2, "larson: two threads, up to 1 KiB, arrays handed over", order};
  const struct target hand_over = {0.7, 0.7, "two threads: one allocates 64 B, the other frees", order + 1};
  run_two(p, "larson 16-1k threads2",
          "two threads: random ones of 1000 are freed and others allocated, 16 B to 1 KiB; then the arrays change hands",
          "pair", &(struct sizes){16, 1024, true}, larson_part, true, &larson);
  run_two(p, "hand-over 64 threads2",
          "one thread allocates, 64 B, the other frees, in batches of 64 through a ring of 1024", "object",
          &(struct sizes){64, 64, true}, hand_over_part, false, &hand_over);
  size_t most = crew_most() < MOST_THREADS ? crew_most() : MOST_THREADS;
  if (most < 2)
    bench_note(p->bench, "the scaling is left out: there is one core\n");
  for (size_t threads = 2, row = 0; threads <= most; row++) {
    run_scaling(p, threads, (int)row);
    threads = threads < most && 2 * threads > most ? most : 2 * threads;
  }
}
