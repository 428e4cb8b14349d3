/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_slab beneath the magazines, weft's alone: an exchange with the depot, a new slab.
 */
#include "bench.h"
#include "slab_case.h"

#include <stdio.h>
#include <stdlib.h>

#define DEPOT "Slab, beneath the magazines"
#define EXCHANGE_NS 100
#define NEW_SLAB_NS 5000

static void die(const char *what) {
  fprintf(stderr, "bench_slab: %s\n", what);
  exit(1);
}

/* Exchanges: sweeps of allocations and frees that the magazines hold, and of as many that they do not. Of objects of 4 KiB
 * magazines have 20 rounds, so the rounds of all sweeps stay in the first cache. */
enum { SHORT = 16, LONG = 128, SWEEP_OPS = 64 * LONG };

struct sweeps {
  struct program *program;
  struct hand hands[2]; /* a context for each, so that each has magazines of its own */
  struct op *ops[2];
  void *live[LONG];
  double exchanges; /* in a piece of the long sweeps */
};

static void work_sweeps(void *state, size_t contender, uint64_t piece) {
  struct sweeps *s = state;
  (void)piece;
  struct job job = {.ops = s->ops[contender], .n = SWEEP_OPS, .live = s->live, .slots = contender == 0 ? LONG : SHORT};
  loop_batches(&s->hands[contender], &job);
}

/* What has been seen once comes again: the second time is counted. */
static bool check_sweeps(void *state, size_t contender) {
  struct sweeps *s = state;
  struct weft_slab_figures before, after;
  work_sweeps(s, contender, 0);
  case_figures(s->program, &before);
  work_sweeps(s, contender, 0);
  case_figures(s->program, &after);
  double exchanges = (double)(after.exchanges - before.exchanges);
  if (contender == 0)
    s->exchanges = exchanges;
  return contender == 0 ? exchanges > 0 : exchanges == 0;
}

static struct bench_amount prepare_sweeps(void *state, uint64_t piece) {
  const struct sweeps *s = state;
  (void)piece;
  return (struct bench_amount){s->exchanges, 0};
}

static void run_exchange(struct program *p) {
  const char *name = "exchange 4k";
  if (!bench_wants(p->bench, name, false))
    return;
  const struct allocator *weft = &p->allocators[ALLOCATOR_WEFT];
  struct sweeps s = {.program = p, .hands = {allocator_hand(weft), allocator_hand(weft)}};
  const struct sizes sizes = {4096, 4096, true};
  s.ops[0] = case_ops(SWEEP_OPS, LONG, IN_ORDER, &sizes);
  s.ops[1] = case_ops(SWEEP_OPS, SHORT, IN_ORDER, &sizes);
  const struct bench_contender contenders[2] = {{"weft with exchanges",
                                                 {{.peer = 1,
                                                   .bound_ns = EXCHANGE_NS,
                                                   .table = DEPOT,
                                                   .row = "an exchange of magazines with the depot",
                                                   .order = 0,
                                                   .column = "time"}},
                                                 1},
                                                {"weft without", {{.peer = 0}}, 0}};
  struct bench_case frame_case = {
      .name = name,
      .about = "128 of 4 KiB allocated, then freed, beside 8 times 16: ns for each exchange of the first",
      .unit = "exchange",
      .contenders = contenders,
      .n_contenders = 2,
      .pieces = 1,
      .same = true,
      .state = &s,
      .check = check_sweeps,
      .prepare = prepare_sweeps,
      .work = work_sweeps};
  bench_run(p->bench, &frame_case);
  for (size_t i = 0; i < 2; i++) {
    allocator_hand_close(weft, &s.hands[i]);
    free(s.ops[i]);
  }
}

/* New slabs: the first object of each class of a slab allocator that has just been created. */

enum { MOST_CLASSES = 256, OBJECT_MOST = 32768 };

struct new_slabs {
  size_t bytes[MOST_CLASSES]; /* a request for each class */
  size_t n;
  struct allocator fresh;
  void *live[MOST_CLASSES];
};

static void close_fresh(struct new_slabs *s) {
  struct job job = {.live = s->live, .slots = s->n};
  if (!s->fresh.slab)
    return;
  loop_empty(&s->fresh.hand, &job);
  allocators_close(&s->fresh, 1);
}

static struct bench_amount prepare_new(void *state, uint64_t piece) {
  struct new_slabs *s = state;
  struct weft_slab_options options;
  (void)piece;
  close_fresh(s);
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = (size_t)1 << 30;
  allocator_open_weft(&s->fresh, "weft", &options);
  return (struct bench_amount){(double)s->n, 0};
}

static void work_new(void *state, size_t contender, uint64_t piece) {
  struct new_slabs *s = state;
  weft_ctx *ctx = s->fresh.hand.ctx;
  (void)contender;
  (void)piece;
  for (size_t i = 0; i < s->n; i++) {
    char *p = weft_alloc(ctx, s->bytes[i]);
    if (!p)
      loop_no_memory(s->bytes[i]);
    *p = 1;
    s->live[i] = p;
  }
}

/* Each object brought a slab. */
static bool check_new(void *state, size_t contender) {
  struct new_slabs *s = state;
  struct weft_slab_figures before, after;
  prepare_new(s, 0);
  if (weft_slab_stats(s->fresh.slab, &before, sizeof before))
    die("no figures of the slab");
  work_new(s, contender, 0);
  if (weft_slab_stats(s->fresh.slab, &after, sizeof after))
    die("no figures of the slab");
  return s->n > 0 && after.slabs - before.slabs == s->n;
}

/* A class is known by what its objects have room for. */
static void list_classes(const struct program *p, struct new_slabs *s) {
  weft_ctx *ctx = p->allocators[ALLOCATOR_WEFT].hand.ctx;
  for (size_t bytes = 16; bytes <= OBJECT_MOST && s->n < MOST_CLASSES;) {
    void *object = weft_alloc(ctx, bytes);
    size_t room = weft_usable_size(ctx, object);
    if (!object || weft_free(ctx, object) != WEFT_OK)
      loop_no_memory(bytes);
    s->bytes[s->n++] = bytes;
    bytes = room + 1;
  }
}

static void run_new(struct program *p) {
  const char *name = "new-slab";
  if (!bench_wants(p->bench, name, false))
    return;
  static struct new_slabs s;
  list_classes(p, &s);
  const struct bench_contender weft = {"weft",
                                       {{.peer = BENCH_NOTHING,
                                         .bound_ns = NEW_SLAB_NS,
                                         .table = DEPOT,
                                         .row = "a new slab and its first object, written to",
                                         .order = 1,
                                         .column = "time"}},
                                       1};
  struct bench_case frame_case = {
      .name = name,
      .about = "the first object of each class to 32 KiB of a fresh slab allocator; its first byte is written",
      .unit = "slab",
      .contenders = &weft,
      .n_contenders = 1,
      .pieces = 1,
      .same = true,
      .state = &s,
      .check = check_new,
      .prepare = prepare_new,
      .work = work_new};
  bench_run(p->bench, &frame_case);
  close_fresh(&s);
}

void run_depot(struct program *p) {
  run_exchange(p);
  run_new(p);
}
