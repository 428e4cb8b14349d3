/* SPDX-License-Identifier: MIT
 *
 * The slab allocator against glibc's malloc and, where their libraries are there, mimalloc, jemalloc and tcmalloc: the same
 * loops (slab_loops.c) with the same sizes in the same order, every allocator in the same process. Checked frees are on, as
 * they always are.
 */
#include "bench.h"
#include "slab_loops.h"
#include "slab_peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES "Slab, times faster than"

enum order { IN_ORDER, SHUFFLED, RANDOM };

/* A case of one thread, and of each peer's time the share that weft may take (TARGETS). */
struct spec {
  const char *name, *about, *row;
  loop_function *loop;
  size_t slots, least, most; /* sizes from least to most bytes */
  bool even;                 /* sizes are uniform; else their logarithms are */
  enum order order;          /* of ops[].slot */
  size_t ops, pieces;        /* ops in a piece */
  double share, share_of_jemalloc;
  bool on_request;
};

static const struct spec specs[] = {
    {"pair 64", "allocated and freed at once, 64 B; the first byte is written", "64 B, allocated and freed at once",
     loop_pairs, 1, 64, 64, true, IN_ORDER, 10000, 64, 1.0, 1.0, false},
    {"thousand 64", "1000 allocated, 64 B, their first byte written, then freed in random order",
     "1000 of 64 B, freed in random order", loop_batches, 1000, 64, 64, true, SHUFFLED, 4000, 64, 0.9, 0.9, false},
    {"thousand 16-256", "the same, sizes uniform in 16 to 256 B", "", loop_batches, 1000, 16, 256, true, SHUFFLED, 4000, 64,
     0, 0, true},
    {"random 16-32k 10k-live",
     "a random one of 10,000 is freed and another allocated, 16 B to 32 KiB, log-uniform; the first byte is written",
     "random 16 B to 32 KiB, 10,000 live", loop_churn, 10000, 16, 32768, false, RANDOM, 10000, 64, 1.0, 1.0, false},
    {"random 16-32k-uniform 10k-live", "the same, sizes uniform", "", loop_churn, 10000, 16, 32768, true, RANDOM, 10000, 64,
     0, 0, true},
    {"scratch 8k-64k",
     "16 vectors of 8 to 64 KiB, log-uniform: a word of each cache line written and read again; then all freed",
     "scratch vectors of 8 to 64 KiB", loop_scratch, 16, 8192, 65536, false, IN_ORDER, 64, 64, 0.9, 0.9, false},
    {"random 16-1k hot",
     "a random one of 1000 is freed and another allocated, uniform in 16 B to 1 KiB; the first byte is written",
     "random up to 1 KiB, 1000 live", loop_churn, 1000, 16, 1024, true, RANDOM, 5000, 64, 1.2, 1.2, false},
    {"random 16-1k million-live", "the same, a million live", "random up to 1 KiB, a million live", loop_churn, 1000000, 16,
     1024, true, RANDOM, 10000, 64, 1.2, 1.2, false},
};

/* What the contenders of a case have in hand. */
struct side {
  void **live;
};

struct comparison {
  const struct allocator *allocators;
  size_t n;
  const struct spec *spec;
  struct op *ops;
  struct side sides[MOST_ALLOCATORS];
  struct weft_slab_figures before; /* the first piece of work that is timed */
  bool started;
  uint64_t sum; /* lockstep */
};

struct program {
  struct bench *bench;
  struct allocator allocators[MOST_ALLOCATORS];
  size_t n;
  struct bench_contender contenders[MOST_ALLOCATORS];
};

/* Random numbers: splitmix64 (Steele, Lea, Flood 2014) */

static uint64_t random_state;

static uint64_t next_number(void) {
  uint64_t x = random_state += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static uint32_t random_bytes(size_t least, size_t most, bool even) {
  double u = (double)(next_number() >> 11) * 0x1p-53;
  double bytes =
      even ? (double)least + u * (double)(most - least + 1) : (double)least * exp2(u * log2((double)most / (double)least));
  return bytes < (double)most ? (uint32_t)bytes : (uint32_t)most;
}

/* n ops on so many slots: SHUFFLED: each slots of them have each slot once, in random order. */
static struct op *make_ops(size_t n, const struct spec *spec, enum order order) {
  struct op *ops = bench_memory(n * sizeof *ops);
  for (size_t i = 0; i < n; i++) {
    size_t slot = order == RANDOM ? (size_t)(next_number() % spec->slots) : i % spec->slots;
    ops[i] = (struct op){(uint32_t)slot, random_bytes(spec->least, spec->most, spec->even)};
    size_t other = i - (size_t)(next_number() % (slot + 1));
    if (order == SHUFFLED) { /* inside out (Durstenfeld 1964) */
      ops[i].slot = ops[other].slot;
      ops[other].slot = (uint32_t)slot;
    }
  }
  return ops;
}

/* Cases of one thread */

static struct job job_of(const struct comparison *c, size_t contender, uint64_t piece) {
  return (struct job){
      .ops = c->ops + piece * c->spec->ops, .n = c->spec->ops, .live = c->sides[contender].live, .slots = c->spec->slots};
}

/* Fills what lives through the case, and works through some of it with checks. */
static bool check_spec(void *state, size_t contender) {
  struct comparison *c = state;
  const struct hand *hand = &c->allocators[contender].hand;
  struct job job = job_of(c, contender, 0);
  job.checked = true;
  if (c->spec->order == RANDOM) {
    struct op *fill = make_ops(c->spec->slots, c->spec, IN_ORDER);
    job.ops = fill;
    job.n = c->spec->slots;
    loop_churn(hand, &job);
    free(fill);
  }
  job.n = c->spec->ops;
  for (uint64_t piece = 0; piece < c->spec->pieces; piece++) {
    job.ops = c->ops + piece * job.n;
    c->spec->loop(hand, &job);
  }
  return !job.broken;
}

static void read_figures(const struct comparison *c, struct weft_slab_figures *figures) {
  if (weft_slab_stats(c->allocators[ALLOCATOR_WEFT].slab, figures, sizeof *figures)) {
    fprintf(stderr, "bench_slab: no figures of the slab\n");
    exit(1);
  }
}

static struct bench_amount prepare_spec(void *state, uint64_t piece) {
  struct comparison *c = state;
  (void)piece;
  if (!c->started)
    read_figures(c, &c->before);
  c->started = true;
  return (struct bench_amount){(double)c->spec->ops, 0};
}

static void work_spec(void *state, size_t contender, uint64_t piece) {
  const struct comparison *c = state;
  struct job job = job_of(c, contender, piece);
  c->spec->loop(&c->allocators[contender].hand, &job);
}

/* weft against each of the others. row NULL or "": not in the summary. */
static void list_contenders(struct program *p, double share, double share_of_jemalloc, const char *row, int order) {
  memset(p->contenders, 0, sizeof p->contenders);
  for (size_t i = 0; i < p->n; i++) {
    struct bench_contender *weft = &p->contenders[ALLOCATOR_WEFT];
    snprintf(p->contenders[i].name, sizeof p->contenders[i].name, "%s", p->allocators[i].name);
    if (i == ALLOCATOR_WEFT)
      continue;
    struct bench_against *against = &weft->against[weft->n_against++];
    bool peer = p->allocators[i].hand.kind == KIND_MALLOC;
    double most = strcmp(p->allocators[i].name, "jemalloc") == 0 ? share_of_jemalloc : share;
    *against = (struct bench_against){.peer = i, .target = peer && most > 0 ? 1 / most : 0};
    if (peer && most > 0) {
      against->table = TIMES;
      against->column = p->allocators[i].name;
      against->order = order;
      snprintf(against->row, sizeof against->row, "%s", row);
    }
  }
}

static void run_spec(struct program *p, const struct spec *spec, int order) {
  if (!bench_wants(p->bench, spec->name, spec->on_request))
    return;
  random_state = 1;
  struct comparison c = {.allocators = p->allocators, .n = p->n, .spec = spec};
  c.ops = make_ops(spec->ops * spec->pieces, spec, spec->order);
  for (size_t i = 0; i < p->n; i++) {
    c.sides[i].live = bench_memory(spec->slots * sizeof *c.sides[i].live);
    memset(c.sides[i].live, 0, spec->slots * sizeof *c.sides[i].live);
  }
  list_contenders(p, spec->share, spec->share_of_jemalloc, spec->row, order);
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
  for (size_t i = 0; i < p->n; i++) {
    struct job job = {.live = c.sides[i].live, .slots = spec->order == RANDOM ? spec->slots : 0};
    loop_empty(&p->allocators[i].hand, &job);
    free(c.sides[i].live);
  }
  free(c.ops);
}

/* Vectors walked in lockstep */

enum { STREAMS = 16, STREAM_WORDS = 32768 / sizeof(uint64_t) };
static const struct spec lockstep = {
    .name = "lockstep 16x32k",
    .about = "16 vectors of 32 KiB, each allocation anew every 32 walks, are summed side by side",
    .row = "16 vectors of 32 KiB, walked in lockstep",
    .slots = STREAMS,
    .least = STREAM_WORDS * sizeof(uint64_t),
    .most = STREAM_WORDS * sizeof(uint64_t),
    .order = IN_ORDER,
    .ops = STREAMS,
    .pieces = 32,
    .share = 0.4,
    .share_of_jemalloc = 1.1};

/* New vectors for each contender while it still has the old ones, so that they are others. */
static void renew_vectors(void *state) {
  struct comparison *c = state;
  void *old[STREAMS];
  for (size_t i = 0; i < c->n; i++) {
    void **live = c->sides[i].live;
    struct job job = {.ops = c->ops, .n = STREAMS, .live = live, .slots = STREAMS}, ended = {.live = old, .slots = STREAMS};
    memcpy(old, live, sizeof old);
    memset(live, 0, sizeof old);
    loop_churn(&c->allocators[i].hand, &job);
    loop_empty(&c->allocators[i].hand, &ended);
    for (size_t k = 0; k < STREAMS; k++)
      for (size_t w = 0; w < STREAM_WORDS; w++)
        ((uint64_t *)live[k])[w] = k * STREAM_WORDS + w;
  }
}

static void work_lockstep(void *state, size_t contender, uint64_t piece) {
  struct comparison *c = state;
  (void)piece;
  struct job job = {.live = c->sides[contender].live, .slots = STREAMS, .n = STREAM_WORDS};
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
  return (struct bench_amount){STREAMS * STREAM_WORDS, STREAMS * STREAM_WORDS * sizeof(uint64_t)};
}

static void run_lockstep(struct program *p, int order) {
  if (!bench_wants(p->bench, lockstep.name, false))
    return;
  void *live[MOST_ALLOCATORS][STREAMS] = {{NULL}};
  struct comparison c = {.allocators = p->allocators, .n = p->n, .spec = &lockstep};
  c.ops = make_ops(STREAMS, &lockstep, IN_ORDER);
  for (size_t i = 0; i < p->n; i++)
    c.sides[i].live = live[i];
  renew_vectors(&c);
  list_contenders(p, lockstep.share, lockstep.share_of_jemalloc, lockstep.row, order);
  struct bench_case frame_case = {.name = lockstep.name,
                                  .about = lockstep.about,
                                  .unit = "word",
                                  .contenders = p->contenders,
                                  .n_contenders = p->n,
                                  .pieces = lockstep.pieces,
                                  .same = true,
                                  .state = &c,
                                  .check = check_lockstep,
                                  .prepare = prepare_lockstep,
                                  .work = work_lockstep,
                                  .lap = renew_vectors};
  bench_run(p->bench, &frame_case);
  for (size_t i = 0; i < p->n; i++) {
    struct job job = {.live = live[i], .slots = STREAMS};
    loop_empty(&p->allocators[i].hand, &job);
  }
  free(c.ops);
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
  /* Nothing that is printed before the program is started anew is seen. */
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  p.bench =
      bench_open(argc, argv, "Measures weft's slab allocator against malloc of glibc, mimalloc, jemalloc and tcmalloc.",
                 options, sizeof options / sizeof options[0]);
  files.required = required != NULL;
  p.n = allocators_load(p.bench, &files, argv, p.allocators);
  for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
    run_spec(&p, &specs[i], (int)i);
  run_lockstep(&p, (int)(sizeof specs / sizeof specs[0]));
  allocators_close(p.allocators, p.n);
  return bench_close(p.bench);
}
