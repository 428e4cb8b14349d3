/* SPDX-License-Identifier: MIT
 *
 * The slab and the lives of threads: wrong frees from all of them at once, contexts that end with their thread, before it
 * or after it, contexts that move from thread to thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft/ctx.h>

#include "tests/slabs.h"
#include "tests/suite.h"

enum { THREADS = 4, HELD = 200 };

static weft_slab *slab;
static weft_ctx *first; /* the main thread's, of which the others are clones */

/* A thread's part. Check's own thread alone may fail the test. */
struct worker {
  pthread_t thread;
  size_t i;
  struct rng rng;
  weft_ctx *ctx;
  struct {
    uint8_t *p;
    size_t bytes;
  } held[HELD];
  char failure[400];
};
static struct worker workers[THREADS];

#define WORKER_EXPECT(worker, condition, ...)                            \
  do {                                                                   \
    if (!(condition) && (worker)->failure[0] == 0)                       \
      snprintf((worker)->failure, sizeof(worker)->failure, __VA_ARGS__); \
  } while (0)

static weft_ctx *create_on(weft_slab *on) {
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.slab = on;
  weft_ctx *ctx;
  ck_assert_int_eq(weft_ctx_create(&options, &ctx), WEFT_OK);
  return ctx;
}

static void open_slab(void) {
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  first = create_on(slab);
}

/* Nothing may be left of what the threads did. */
static void close_slab(void) {
  weft_ctx_free(first);
  weft__depot_trim(slab);
  struct weft_slab_figures stats = stats_of(slab);
  ck_assert_msg(stats.live_objects == 0 && stats.allocations == stats.frees && stats.contexts == 0 && stats.slabs == 0,
                "%" PRIu64 " objects are live, %" PRIu64 " contexts are open, %" PRIu64 " slabs are left",
                stats.live_objects, stats.contexts, stats.slabs);
  ck_assert_uint_eq(stats.double_frees, 0);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}

static void start_all(void *(*run)(void *)) {
  for (size_t i = 0; i < THREADS; i++) {
    memset(&workers[i], 0, sizeof workers[i]);
    workers[i].i = i;
    workers[i].rng.state = rng_case_seed(i);
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
  }
}

static void join_all(void) {
  for (size_t i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    ck_assert_msg(workers[i].failure[0] == 0, "thread %zu, seed 0x%" PRIx64 ": %s", i, rng_case_seed(i),
                  workers[i].failure);
  }
}

/* Gives out, or checks and frees, one of the worker's objects. */
static void work(struct worker *worker, weft_ctx *ctx, size_t i) {
  uint8_t *p = worker->held[i].p;
  if (p != NULL) {
    size_t bad = unmarked(p, worker->i + i, worker->held[i].bytes);
    WORKER_EXPECT(worker, bad == worker->held[i].bytes, "byte %zu of %zu is another's", bad, worker->held[i].bytes);
    weft_status status = rng_percent(&worker->rng, 10) ? weft_slab_free(slab, p) : weft_free(ctx, p);
    WORKER_EXPECT(worker, status == WEFT_OK, "free: %s: %s", weft_status_text(status), weft_ctx_message(ctx));
    worker->held[i].p = NULL;
    return;
  }
  size_t bytes = 1 + rng_upto(&worker->rng, rng_percent(&worker->rng, 95)   ? 500
                                            : rng_percent(&worker->rng, 90) ? 50000
                                                                            : 2000000);
  p = weft_alloc(ctx, bytes);
  WORKER_EXPECT(worker, p != NULL, "%zu bytes: %s", bytes, weft_ctx_message(ctx));
  if (p == NULL)
    return;
  worker->held[i].p = p;
  worker->held[i].bytes = bytes < 600 ? bytes : 600;
  mark(p, worker->i + i, 0, worker->held[i].bytes);
}

static void free_held(struct worker *worker, weft_ctx *ctx) {
  for (size_t i = 0; i < HELD; i++)
    if (worker->held[i].p != NULL)
      work(worker, ctx, i);
}

/* Wrong frees */

static uint8_t *_Atomic published[THREADS]; /* addresses of objects that were live a moment ago */

/* Odd addresses are the start of nothing, whatever becomes of the memory meanwhile. */
static void free_wrongly(struct worker *worker) {
  static char foreign;
  weft_ctx *ctx = worker->ctx;
  uint8_t *other = atomic_load_explicit(&published[rng_upto(&worker->rng, THREADS - 1)], memory_order_relaxed);
  uintptr_t anywhere = slab->base + (rng_next(&worker->rng) % ((uintptr_t)64 << SLAB_SHIFT) | 1);
  weft_status status = weft_free(ctx, (void *)anywhere); /* NOLINT: an address on purpose */
  WORKER_EXPECT(worker, status == WEFT_E_FOREIGN || status == WEFT_E_INVALID, "anywhere: %s", weft_status_text(status));
  status = weft_slab_free(slab, &foreign);
  WORKER_EXPECT(worker, status == WEFT_E_FOREIGN, "foreign: %s", weft_status_text(status));
  if (other == NULL)
    return;
  status = rng_percent(&worker->rng, 50) ? weft_free(ctx, other + 1) : weft_slab_free(slab, other + 1);
  WORKER_EXPECT(worker, status == WEFT_E_FOREIGN || status == WEFT_E_INVALID, "inside: %s", weft_status_text(status));
  WORKER_EXPECT(worker, weft_realloc(ctx, other + 3, 100) == NULL, "an inner address was resized");
  WORKER_EXPECT(worker, weft_usable_size(ctx, other + 5) == 0, "an inner address has a size");
}

/* An object freed once lies in this thread's magazine, where nobody else can get it, until the next call here. */
static void free_twice(struct worker *worker) {
  void *p = weft_alloc(worker->ctx, 1 + rng_upto(&worker->rng, 3000));
  WORKER_EXPECT(worker, weft_free(worker->ctx, p) == WEFT_OK, "%s", weft_ctx_message(worker->ctx));
  weft_status status = rng_percent(&worker->rng, 50) ? weft_free(worker->ctx, p) : weft_slab_free(slab, p);
  WORKER_EXPECT(worker, status == WEFT_E_DOUBLE_FREE, "second free: %s", weft_status_text(status));
}

static void *abuse(void *argument) {
  struct worker *worker = argument;
  WORKER_EXPECT(worker, weft_ctx_clone(first, &worker->ctx) == WEFT_OK, "no context");
  for (size_t step = rng_cases(300000); step > 0 && worker->ctx != NULL; step--) {
    size_t i = rng_upto(&worker->rng, HELD - 1);
    work(worker, worker->ctx, i);
    if (worker->held[i].p != NULL)
      atomic_store_explicit(&published[worker->i], worker->held[i].p, memory_order_relaxed);
    if (step % 8 == 0)
      free_wrongly(worker);
    if (step % 16 == 0)
      free_twice(worker);
    if (step % 1024 == 0)
      WORKER_EXPECT(worker, weft_slab_trim(slab, NULL) == WEFT_OK, "not trimmed");
    if (step % 3072 == 0)
      weft_flush(worker->ctx);
  }
  free_held(worker, worker->ctx);
  weft_ctx_free(worker->ctx);
  return NULL;
}

START_TEST(wrong_frees_from_all_threads_at_once_free_nothing) {
  start_all(abuse);
  join_all();
}
END_TEST

/* Contexts that end with their thread */

static pthread_key_t key;
static _Atomic unsigned ended;

static void end_context(void *ctx) {
  weft_ctx_free(ctx);
  ended++;
}

/* Leaves its objects to the main thread, and its context to the key. */
static void *live_and_leave(void *argument) {
  struct worker *worker = argument;
  WORKER_EXPECT(worker, weft_ctx_clone(first, &worker->ctx) == WEFT_OK, "no context");
  WORKER_EXPECT(worker, pthread_setspecific(key, worker->ctx) == 0, "no key");
  for (size_t step = 0; step < 300; step++)
    work(worker, worker->ctx, rng_upto(&worker->rng, HELD - 1));
  return NULL;
}

START_TEST(objects_outlive_the_thread_and_the_context_that_took_them) {
  ended = 0;
  ck_assert_int_eq(pthread_key_create(&key, end_context), 0);
  size_t rounds = rng_cases(60) + 1;
  for (size_t round = 0; round < rounds; round++) {
    start_all(live_and_leave);
    join_all();
    EXPECT(stats_of(slab).contexts == 1, "a context is left open");
    for (size_t i = 0; i < THREADS; i++) {
      free_held(&workers[i], first);
      EXPECT(workers[i].failure[0] == 0, "%s", workers[i].failure);
    }
    EXPECT(stats_of(slab).live_objects == 1, "%" PRIu64 " objects are live", stats_of(slab).live_objects);
  }
  ck_assert_uint_eq(ended, rounds * THREADS);
  ck_assert_int_eq(pthread_key_delete(key), 0);
}
END_TEST

static pthread_barrier_t barrier;

/* Works on after the main thread has freed its own context and has tried to release the slab. */
static void *outlive(void *argument) {
  struct worker *worker = argument;
  WORKER_EXPECT(worker, weft_ctx_clone(first, &worker->ctx) == WEFT_OK, "no context");
  WORKER_EXPECT(worker, pthread_setspecific(key, worker->ctx) == 0, "no key");
  pthread_barrier_wait(&barrier);
  for (size_t step = 0; step < 300; step++)
    work(worker, worker->ctx, rng_upto(&worker->rng, HELD - 1));
  pthread_barrier_wait(&barrier);
  free_held(worker, worker->ctx);
  return NULL;
}

START_TEST(threads_outlive_the_context_that_theirs_were_cloned_from) {
  ck_assert_int_eq(pthread_key_create(&key, end_context), 0);
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  for (size_t round = rng_cases(40); round > 0; round--) {
    start_all(outlive);
    pthread_barrier_wait(&barrier);
    weft_ctx_free(first);
    EXPECT(weft_slab_release(slab) == WEFT_E_BUSY, "released under its contexts");
    pthread_barrier_wait(&barrier);
    join_all();
    struct weft_slab_figures stats = stats_of(slab);
    EXPECT(stats.contexts == 0 && stats.live_objects == 0, "%" PRIu64 " objects are live", stats.live_objects);
    EXPECT(weft_slab_release(slab) == WEFT_OK, "not released");
    open_slab();
  }
  pthread_barrier_destroy(&barrier);
  ck_assert_int_eq(pthread_key_delete(key), 0);
}
END_TEST

/* The slab has no owner but the contexts: the last one to end, on whichever thread, gives all of it back. */
START_TEST(the_last_context_takes_its_slab_with_it_on_any_thread) {
  weft_slab *own = slab;
  weft_ctx *owns = first;
  ck_assert_int_eq(pthread_key_create(&key, end_context), 0);
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  for (size_t round = rng_cases(40); round > 0; round--) {
    ck_assert_int_eq(weft_ctx_create(NULL, &first), WEFT_OK);
    slab = ((struct slab_cache *)(void *)first)->slab;
    start_all(outlive);
    pthread_barrier_wait(&barrier);
    weft_ctx_free(first);
    pthread_barrier_wait(&barrier);
    join_all();
  }
  pthread_barrier_destroy(&barrier);
  ck_assert_int_eq(pthread_key_delete(key), 0);
  slab = own;
  first = owns;
}
END_TEST

/* Contexts that move: each turn a thread works with the context, and frees the objects, of the one before it. */

static weft_ctx *moving[THREADS];
enum { TURNS = 200 };

static void *work_in_turns(void *argument) {
  struct worker *worker = argument;
  for (size_t turn = rng_cases(TURNS); turn > 0; turn--) {
    size_t at = (worker->i + turn) % THREADS;
    struct worker *place = &workers[at]; /* whose objects and numbers go with the context at */
    for (size_t step = 0; step < 150; step++)
      work(place, moving[at], rng_upto(&place->rng, HELD - 1));
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

START_TEST(contexts_move_between_threads) {
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (size_t i = 0; i < THREADS; i++) {
    ck_assert_int_eq(weft_ctx_clone(first, &moving[i]), WEFT_OK);
    memset(&workers[i], 0, sizeof workers[i]);
    workers[i].i = i;
    workers[i].rng.state = rng_case_seed(i);
  }
  for (size_t i = 0; i < THREADS; i++)
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work_in_turns, &workers[i]), 0);
  join_all();
  for (size_t i = 0; i < THREADS; i++) {
    free_held(&workers[i], moving[i]);
    ck_assert_msg(workers[i].failure[0] == 0, "%s", workers[i].failure);
    weft_ctx_free(moving[i]);
  }
  pthread_barrier_destroy(&barrier);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_slab, close_slab);
  tcase_add_test(tcase, wrong_frees_from_all_threads_at_once_free_nothing);
  tcase_add_test(tcase, objects_outlive_the_thread_and_the_context_that_took_them);
  tcase_add_test(tcase, threads_outlive_the_context_that_theirs_were_cloned_from);
  tcase_add_test(tcase, the_last_context_takes_its_slab_with_it_on_any_thread);
  tcase_add_test(tcase, contexts_move_between_threads);
}

int main(void) {
  return suite_main("slab_thread_life", add_tests);
}
