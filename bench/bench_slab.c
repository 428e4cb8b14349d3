/* SPDX-License-Identifier: MIT
 *
 * The slab allocator against glibc's malloc and, where their libraries are there, mimalloc, jemalloc and tcmalloc: the same
 * loops (slab_loops.c) with the same sizes in the same order, every allocator in the same process. Here: the options and
 * the cases of one thread. Frees are checked, as they always are.
 */
#include "bench.h"
#include "slab_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A case of one thread. */
struct spec {
  const char *name, *about;
  loop_function *loop;
  struct sizes sizes;
  size_t slots;
  enum order order;
  size_t ops, pieces;   /* ops in a piece */
  struct target target; /* TARGETS; without a row the case is run on request */
};

static const struct spec specs[] = {
    {"pair 64",
     "allocated and freed at once, 64 B; the first byte is written",
     loop_pairs,
     {64, 64, true},
     1,
     IN_ORDER,
     10000,
     64,
     {1.0, 1.0, "64 B, freed at once", 0}},
    {"thousand 64",
     "1000 allocated, 64 B, their first byte written, then freed in random order",
     loop_batches,
     {64, 64, true},
     1000,
     SHUFFLED,
     4000,
     64,
     {0.9, 0.9, "1000 of 64 B, freed in random order", 1}},
    {"thousand 16-256",
     "1000 allocated, uniform in 16 to 256 B, their first byte written, then freed in random order",
     loop_batches,
     {16, 256, true},
     1000,
     SHUFFLED,
     4000,
     64,
     {0, 0, NULL, 0}},
    {"random 16-32k 10k-live",
     "a random one of 10,000 is freed and another allocated, 16 B to 32 KiB, log-uniform; the first byte is written",
     loop_churn,
     {16, 32768, false},
     10000,
     RANDOM,
     10000,
     64,
     {1.0, 1.0, "random 16 B to 32 KiB, 10,000 live", 2}},
    {"random 16-32k-uniform 10k-live",
     "a random one of 10,000 is freed and another allocated, uniform in 16 B to 32 KiB; the first byte is written",
     loop_churn,
     {16, 32768, true},
     10000,
     RANDOM,
     10000,
     64,
     {0, 0, NULL, 0}},
    {"scratch 8k-64k",
     "16 vectors of 8 to 64 KiB, log-uniform: a word of each cache line written and read again; then all freed",
     loop_scratch,
     {8192, 65536, false},
     16,
     IN_ORDER,
     64,
     64,
     {0.9, 0.9, "scratch vectors of 8 to 64 KiB", 3}},
    {"random 16-1k hot",
     "a random one of 1000 is freed and another allocated, uniform in 16 B to 1 KiB; the first byte is written",
     loop_churn,
     {16, 1024, true},
     1000,
     RANDOM,
     5000,
     64,
     {1.2, 1.2, "random up to 1 KiB, 1000 live", 5}},
    {"random 16-1k million-live",
     "a random one of a million is freed and another allocated, uniform in 16 B to 1 KiB; the first byte is written",
     loop_churn,
     {16, 1024, true},
     1000000,
     RANDOM,
     10000,
     64,
     {1.2, 1.2, "random up to 1 KiB, a million live", 6}},
};
enum { SPECS = sizeof specs / sizeof specs[0], PAIR = 0, THOUSAND = 1, LOCKSTEP_ROW = 4, THREADS_ROW = 7 };

struct comparison {
  const struct program *program;
  const struct spec *spec;
  struct op *ops;
  void **live[MOST_ALLOCATORS];
  struct weft_slab_figures before; /* the first piece of work after the check */
  bool started;
  uint64_t sum; /* lockstep */
};

static const struct hand *hand_of(const struct comparison *c, size_t contender) {
  return &c->program->allocators[contender].hand;
}

static struct job job_of(const struct comparison *c, size_t contender, uint64_t piece) {
  return (struct job){
      .ops = c->ops + piece * c->spec->ops, .n = c->spec->ops, .live = c->live[contender], .slots = c->spec->slots};
}

/* Fills what lives through the case, and works through all of it with checks. */
static bool check_spec(void *state, size_t contender) {
  const struct comparison *c = state;
  struct job job = job_of(c, contender, 0);
  job.checked = true;
  if (c->spec->order == RANDOM) {
    struct op *fill = case_ops(c->spec->slots, c->spec->slots, IN_ORDER, &c->spec->sizes);
    job.ops = fill;
    job.n = c->spec->slots;
    loop_churn(hand_of(c, contender), &job);
    free(fill);
  }
  job.n = c->spec->ops;
  for (uint64_t piece = 0; piece < c->spec->pieces; piece++) {
    job.ops = c->ops + piece * job.n;
    c->spec->loop(hand_of(c, contender), &job);
  }
  return !job.broken;
}

static struct bench_amount prepare_spec(void *state, uint64_t piece) {
  struct comparison *c = state;
  (void)piece;
  if (!c->started)
    case_figures(c->program, &c->before);
  c->started = true;
  return (struct bench_amount){(double)c->spec->ops, 0};
}

static void work_spec(void *state, size_t contender, uint64_t piece) {
  const struct comparison *c = state;
  struct job job = job_of(c, contender, piece);
  c->spec->loop(hand_of(c, contender), &job);
}

static void run_spec(struct program *p, const struct spec *spec) {
  if (!bench_wants(p->bench, spec->name, !spec->target.row))
    return;
  case_seed(1);
  struct comparison c = {.program = p, .spec = spec};
  c.ops = case_ops(spec->ops * spec->pieces, spec->slots, spec->order, &spec->sizes);
  for (size_t i = 0; i < p->n; i++) {
    c.live[i] = bench_memory(spec->slots * sizeof *c.live[i]);
    memset(c.live[i], 0, spec->slots * sizeof *c.live[i]);
  }
  case_contenders(p, &spec->target);
  struct bench_case frame_case = {.name = spec->name,
                                  .about = spec->about,
                                  .unit = spec->loop == loop_scratch ? "vector" : "pair",
                                  .contenders = p->contenders,
                                  .n_contenders = p->n,
                                  .pieces = spec->pieces,
                                  .same = true,
                                  .state = &c,
                                  .check = check_spec,
                                  .prepare = prepare_spec,
                                  .work = work_spec};
  bench_run(p->bench, &frame_case);
  if (c.started)
    case_hits(p, spec->name, &spec->target, &c.before);
  for (size_t i = 0; i < p->n; i++) {
    struct job job = {.live = c.live[i], .slots = spec->order == RANDOM ? spec->slots : 0};
    loop_empty(hand_of(&c, i), &job);
    free(c.live[i]);
  }
  free(c.ops);
}

/* Vectors walked in lockstep */

enum { STREAMS = 16, STREAM_BYTES = 32768, STREAM_WORDS = STREAM_BYTES / sizeof(uint64_t), WALKS = 32 };
static const struct spec lockstep = {
    .name = "lockstep 16x32k",
    .about = "16 vectors of 32 KiB are summed side by side, word by word; allocated anew every 32 walks",
    .sizes = {STREAM_BYTES, STREAM_BYTES, true},
    .slots = STREAMS,
    .ops = STREAMS,
    .pieces = WALKS,
    .target = {0.4, 1.1, "16 vectors of 32 KiB, walked in lockstep", LOCKSTEP_ROW}};

/* New vectors for each contender while it still has the old ones, so that they are others. */
static void renew_vectors(void *state) {
  struct comparison *c = state;
  void *old[STREAMS];
  for (size_t i = 0; i < c->program->n; i++) {
    void **live = c->live[i];
    struct job job = job_of(c, i, 0), ended = {.live = old, .slots = STREAMS};
    memcpy(old, live, sizeof old);
    memset(live, 0, sizeof old);
    loop_churn(hand_of(c, i), &job);
    loop_empty(hand_of(c, i), &ended);
    for (size_t k = 0; k < STREAMS; k++)
      for (size_t w = 0; w < STREAM_WORDS; w++)
        ((uint64_t *)live[k])[w] = k * STREAM_WORDS + w;
  }
}

static void work_lockstep(void *state, size_t contender, uint64_t piece) {
  struct comparison *c = state;
  (void)piece;
  struct job job = {.live = c->live[contender], .slots = STREAMS, .n = STREAM_WORDS};
  loop_lockstep(&job);
  c->sum = job.sum;
}

static bool check_lockstep(void *state, size_t contender) {
  struct comparison *c = state;
  const uint64_t words = STREAMS * STREAM_WORDS;
  work_lockstep(c, contender, 0);
  return c->sum == words * (words - 1) / 2;
}

static struct bench_amount prepare_lockstep(void *state, uint64_t piece) {
  (void)state;
  (void)piece;
  return (struct bench_amount){STREAMS * STREAM_WORDS, STREAMS * STREAM_BYTES};
}

static void run_lockstep(struct program *p) {
  if (!bench_wants(p->bench, lockstep.name, false))
    return;
  void *live[MOST_ALLOCATORS][STREAMS] = {{NULL}};
  struct comparison c = {.program = p, .spec = &lockstep};
  c.ops = case_ops(STREAMS, STREAMS, IN_ORDER, &lockstep.sizes);
  for (size_t i = 0; i < p->n; i++)
    c.live[i] = live[i];
  case_figures(p, &c.before);
  renew_vectors(&c);
  case_contenders(p, &lockstep.target);
  struct bench_case frame_case = {.name = lockstep.name,
                                  .about = lockstep.about,
                                  .unit = "word",
                                  .contenders = p->contenders,
                                  .n_contenders = p->n,
                                  .pieces = WALKS,
                                  .same = true,
                                  .state = &c,
                                  .check = check_lockstep,
                                  .prepare = prepare_lockstep,
                                  .work = work_lockstep,
                                  .lap = renew_vectors};
  bench_run(p->bench, &frame_case);
  case_hits(p, lockstep.name, &lockstep.target, &c.before);
  for (size_t i = 0; i < p->n; i++) {
    struct job job = {.live = live[i], .slots = STREAMS};
    loop_empty(hand_of(&c, i), &job);
  }
  free(c.ops);
}

/* What frees by compare-and-swap cost: weft beside itself. */
static void run_atomic(struct program *p) {
  static const struct {
    size_t spec;
    const char *name, *row;
  } cases[] = {{PAIR, "atomic-pair 64", "64 B, freed at once: WEFT_CHECK_ATOMIC"},
               {THOUSAND, "atomic-thousand 64", "1000 of 64 B, freed in random order: WEFT_CHECK_ATOMIC"}};
  struct program both = {.bench = p->bench, .n = 2};
  both.allocators[0] = p->allocators[ALLOCATOR_WEFT];
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.check = WEFT_CHECK_ATOMIC;
  allocator_open_weft(&both.allocators[1], "weft atomic", &options);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct spec spec = specs[cases[i].spec];
    spec.name = cases[i].name;
    spec.target = (struct target){0, 0, cases[i].row, (int)i};
    run_spec(&both, &spec);
  }
  allocators_close(&both.allocators[1], 1);
}

int main(int argc, char **argv) {
  static struct program p;
  struct allocator_files files = {"libmimalloc.so.2", "libjemalloc.so.2", "libtcmalloc_minimal.so.4", NULL, false};
  const char *required = NULL;
  const struct bench_option options[] = {
      {"mimalloc", "FILE", "mimalloc's library (libmimalloc.so.2)", &files.mimalloc},
      {"jemalloc", "FILE", "jemalloc's (libjemalloc.so.2)", &files.jemalloc},
      {"tcmalloc", "FILE", "tcmalloc's (libtcmalloc_minimal.so.4)", &files.tcmalloc},
      {"weft", "FILE", "another build of weft, as a shared library, that stands beside the others", &files.weft},
      {"require-peers", NULL, "fail where one of them cannot be loaded, in place of leaving it out", &required},
  };
  /* What is printed before the program is started anew is never seen. */
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  p.bench =
      bench_open(argc, argv, "Measures weft's slab allocator against malloc of glibc, mimalloc, jemalloc and tcmalloc.",
                 options, sizeof options / sizeof options[0]);
  files.required = required != NULL;
  p.n = allocators_load(p.bench, &files, argv, p.allocators);
  run_resident(&p);
  for (size_t i = 0; i < SPECS; i++)
    run_spec(&p, &specs[i]);
  run_lockstep(&p);
  run_threads(&p, THREADS_ROW);
  run_depot(&p);
  run_atomic(&p);
  allocators_close(p.allocators, p.n);
  return bench_close(p.bench);
}
