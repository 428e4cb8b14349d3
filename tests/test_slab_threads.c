/* SPDX-License-Identifier: MIT
 *
 * The slab between threads: each with a cache of its own, objects passed from one to another, figures read meanwhile.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/slabs.h"
#include "tests/suite.h"

enum { THREADS = 3, RING = 256 };

static weft_slab *slab;

static void open_slab(void) {
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
}

static void close_slab(void) {
  struct weft_slab_figures stats = stats_of(slab);
  ck_assert_msg(stats.live_objects == 0 && stats.live_bytes == 0, "%" PRIu64 " objects of %" PRIu64 " bytes are live",
                stats.live_objects, stats.live_bytes);
  ck_assert_uint_eq(stats.allocations, stats.frees);
  ck_assert_uint_eq(stats.contexts, 0);
  ck_assert_uint_eq(stats.cached_bytes, 0);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}

/* One thread's part: a cache, and the first thing that went wrong ("" for nothing), as Check's own thread alone may
 * fail. */
struct worker {
  struct slab_cache cache;
  pthread_t thread;
  struct rng rng;
  char failure[300];
};

static struct worker workers[THREADS];

#define WORKER_EXPECT(worker, condition, ...)                            \
  do {                                                                   \
    if (!(condition) && (worker)->failure[0] == 0)                       \
      snprintf((worker)->failure, sizeof(worker)->failure, __VA_ARGS__); \
  } while (0)

static weft_ctx *worker_open(struct worker *worker) {
  weft__cache_open(&worker->cache, slab);
  return (weft_ctx *)(void *)&worker->cache;
}

static void worker_close(struct worker *worker) {
  weft__cache_close(&worker->cache);
  weft__slab_unref(slab);
}

static void start(size_t i, void *(*run)(void *)) {
  memset((void *)&workers[i], 0, sizeof workers[i]);
  workers[i].rng.state = rng_case_seed(i);
  ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
}

static void join(size_t i) {
  ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
  ck_assert_msg(workers[i].failure[0] == 0, "thread %zu: %s", i, workers[i].failure);
}

/* A producer, a consumer, a reader of figures */

enum { PASSED = 150000 };
static struct { void *_Atomic object; } ring[RING];
static atomic_bool done;

static void *produce(void *argument) {
  struct worker *worker = argument;
  weft_ctx *ctx = worker_open(worker);
  for (size_t i = 0; i < PASSED; i++) {
    size_t bytes = 16 + (i % 1000 == 0 ? 2000000 : i % 50 == 0 ? 50000 : i % 600);
    uint64_t *p = weft_alloc(ctx, bytes);
    WORKER_EXPECT(worker, p != NULL, "%zu bytes: %s", bytes, worker->cache.message);
    if (p != NULL) {
      p[0] = i;
      p[1] = ~i;
    }
    while (atomic_load(&ring[i % RING].object) != NULL)
      sched_yield();
    atomic_store(&ring[i % RING].object, p);
  }
  worker_close(worker);
  return NULL;
}

static void *consume(void *argument) {
  struct worker *worker = argument;
  weft_ctx *ctx = worker_open(worker);
  for (size_t i = 0; i < PASSED; i++) {
    uint64_t *p;
    while ((p = atomic_exchange(&ring[i % RING].object, NULL)) == NULL)
      sched_yield();
    WORKER_EXPECT(worker, p[0] == i && p[1] == ~(uint64_t)i, "object %zu holds %" PRIu64, i, p[0]);
    weft_status status = i % 7 == 0 ? weft_slab_free(slab, p) : weft_free(ctx, p);
    WORKER_EXPECT(worker, status == WEFT_OK, "object %zu: %s", i, worker->cache.message);
  }
  worker_close(worker);
  atomic_store(&done, true);
  return NULL;
}

static void *read_figures(void *argument) {
  struct worker *worker = argument;
  uint64_t allocations = 0, frees = 0;
  while (!atomic_load(&done)) {
    struct weft_slab_figures stats;
    WORKER_EXPECT(worker, weft_slab_stats(slab, &stats, sizeof stats) == WEFT_OK, "weft_slab_stats");
    WORKER_EXPECT(worker, stats.allocations >= allocations && stats.frees + stats.contexts >= frees,
                  "%" PRIu64 " allocations and %" PRIu64 " frees after %" PRIu64 " and %" PRIu64, stats.allocations,
                  stats.frees, allocations, frees);
    WORKER_EXPECT(worker, stats.allocations >= stats.frees, "%" PRIu64 " allocations, %" PRIu64 " frees", stats.allocations,
                  stats.frees);
    WORKER_EXPECT(worker, stats.cached_bytes <= 2 * (16 << 20), "%" PRIu64 " bytes cached", stats.cached_bytes);
    allocations = stats.allocations;
    frees = stats.frees;
  }
  return NULL;
}

START_TEST(objects_pass_from_a_producer_to_a_consumer_while_figures_are_read) {
  atomic_store(&done, false);
  start(0, produce);
  start(1, consume);
  start(2, read_figures);
  for (size_t i = 0; i < 3; i++)
    join(i);
  ck_assert_uint_eq(stats_of(slab).allocations, PASSED);
}
END_TEST

/* Everyone allocates, everyone frees what anyone allocated */

enum { SHELF = 512, STEPS = 60000 };
static struct parcel {
  size_t bytes;
  uint64_t tag;
} * _Atomic shelf[SHELF];

static struct parcel *pack(struct worker *worker, weft_ctx *ctx) {
  size_t bytes = sizeof(struct parcel) + random_size(&worker->rng) % 100000;
  struct parcel *parcel = weft_alloc(ctx, bytes);
  WORKER_EXPECT(worker, parcel != NULL, "%zu bytes: %s", bytes, worker->cache.message);
  if (parcel == NULL)
    return NULL;
  parcel->bytes = bytes - sizeof *parcel;
  parcel->tag = rng_next(&worker->rng);
  mark(parcel + 1, parcel->tag, 0, parcel->bytes);
  return parcel;
}

static void unpack(struct worker *worker, weft_ctx *ctx, struct parcel *parcel) {
  if (parcel == NULL)
    return;
  size_t bad = unmarked(parcel + 1, parcel->tag, parcel->bytes);
  WORKER_EXPECT(worker, bad == parcel->bytes, "byte %zu of %zu is another's", bad, parcel->bytes);
  weft_status status = rng_percent(&worker->rng, 10) ? weft_slab_free(slab, parcel) : weft_free(ctx, parcel);
  WORKER_EXPECT(worker, status == WEFT_OK, "%s: %s", weft_status_text(status), worker->cache.message);
}

static void *swap_parcels(void *argument) {
  struct worker *worker = argument;
  weft_ctx *ctx = worker_open(worker);
  for (int step = 0; step < STEPS; step++) {
    if (step % (STEPS / 8) == 0) { /* caches come and go */
      worker_close(worker);
      ctx = worker_open(worker);
    }
    struct parcel *mine = rng_percent(&worker->rng, 50) ? pack(worker, ctx) : NULL;
    unpack(worker, ctx, atomic_exchange(&shelf[rng_upto(&worker->rng, SHELF - 1)], mine));
  }
  worker_close(worker);
  return NULL;
}

START_TEST(contents_stay_whole_when_all_threads_free_what_others_allocated) {
  for (size_t i = 0; i < THREADS; i++)
    start(i, swap_parcels);
  for (size_t i = 0; i < THREADS; i++)
    join(i);
  for (size_t i = 0; i < SHELF; i++)
    ck_assert_int_eq(weft_slab_free(slab, atomic_exchange(&shelf[i], NULL)), WEFT_OK);
}
END_TEST

/* Two threads free the same objects at the same time */

enum { TWINS = 400, ROUNDS = 150 };
static void *twins[TWINS];
static pthread_barrier_t barrier;
static _Atomic unsigned freed[TWINS];

static void *free_twins(void *argument) {
  struct worker *worker = argument;
  weft_ctx *ctx = worker_open(worker);
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < TWINS; i++) {
      weft_status status = weft_free(ctx, twins[i]);
      /* WEFT_E_FOREIGN: the other thread's free was the last in its slab, which has gone back to the system. */
      WORKER_EXPECT(worker, status == WEFT_OK || status == WEFT_E_DOUBLE_FREE || status == WEFT_E_FOREIGN, "%s",
                    weft_status_text(status));
      if (status == WEFT_OK)
        freed[i]++;
    }
    pthread_barrier_wait(&barrier);
  }
  worker_close(worker);
  return NULL;
}

static int by_address(const void *a, const void *b) {
  uintptr_t x = (uintptr_t) * (void *const *)a, y = (uintptr_t) * (void *const *)b;
  return x < y ? -1 : x > y;
}

/* Each round takes as many objects as the last one freed, and so would get the same one twice if a twin had survived. Sizes
 * of which a slab holds few are left to WEFT_CHECK_ATOMIC: a twin may outlive its slab, and then is not found (slab.h). */
START_TEST(objects_freed_by_two_threads_at_once_are_given_out_once) {
  const size_t sizes[] = {48, 4000, 90000, 2000000};
  size_t bytes = sizes[_i];
  static struct fixture f;
  f.slab = slab;
  weft__cache_open(&f.cache, slab);
  f.ctx = (weft_ctx *)(void *)&f.cache;
  pthread_barrier_init(&barrier, NULL, 3);
  start(0, free_twins);
  start(1, free_twins);
  for (int round = 0; round < ROUNDS; round++) {
    static void *sorted[TWINS];
    for (size_t i = 0; i < TWINS; i++) {
      EXPECT(twins[i] = weft_alloc(f.ctx, bytes), "%s", f.cache.message);
      freed[i] = 0;
    }
    memcpy(sorted, twins, sizeof sorted);
    qsort(sorted, TWINS, sizeof sorted[0], by_address);
    for (size_t i = 1; i < TWINS; i++)
      EXPECT(sorted[i] != sorted[i - 1], "round %d: %p was given out twice", round, sorted[i]);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < TWINS; i++)
      EXPECT(freed[i] >= 1, "round %d: neither thread freed %p", round, twins[i]);
  }
  join(0);
  join(1);
  pthread_barrier_destroy(&barrier);
  weft__cache_close(&f.cache);
  weft__slab_unref(slab);
  weft__depot_trim(slab);
}
END_TEST

/* Requests without a context, on many threads at once */

static void *work_without_context(void *argument) {
  struct worker *worker = argument;
  void *held[64] = {NULL};
  for (int step = 0; step < STEPS; step++) {
    void **at = &held[rng_upto(&worker->rng, 63)];
    weft_status status = weft_slab_free(slab, *at);
    WORKER_EXPECT(worker, status == WEFT_OK, "%s", weft_status_text(status));
    size_t bytes = 1 + random_size(&worker->rng) % (step % 100 == 0 ? 3000000 : 3000);
    *at = weft__slab_alloc(slab, bytes);
    WORKER_EXPECT(worker, *at != NULL, "%zu bytes", bytes);
    if (*at != NULL)
      *(char *)*at = 1;
  }
  for (size_t i = 0; i < 64; i++)
    WORKER_EXPECT(worker, weft_slab_free(slab, held[i]) == WEFT_OK, "at the end");
  return NULL;
}

START_TEST(requests_without_a_context_work_on_many_threads) {
  for (size_t i = 0; i < THREADS; i++)
    start(i, work_without_context);
  for (size_t i = 0; i < THREADS; i++)
    join(i);
}
END_TEST

/* Requests far above the slab's limit, while others stay within it */

enum { LIMIT = 64 << 20 };

static void *ask_too_much(void *argument) {
  struct worker *worker = argument;
  while (!atomic_load(&done))
    WORKER_EXPECT(worker, weft__slab_alloc(slab, 2 * LIMIT) == NULL, "more than the limit was given out");
  return NULL;
}

static void *ask_a_little(void *argument) {
  struct worker *worker = argument;
  for (int step = 0; step < 20000; step++) {
    weft_status status = WEFT_OK;
    void *p = weft__slab_take(slab, 2 << 20, &status);
    WORKER_EXPECT(worker, p != NULL, "step %d: %s", step, weft_status_text(status));
    WORKER_EXPECT(worker, weft_slab_free(slab, p) == WEFT_OK, "step %d: not freed", step);
  }
  atomic_store(&done, true);
  return NULL;
}

START_TEST(a_request_over_the_limit_costs_no_other_thread_its_memory) {
  struct weft_slab_options options;
  close_slab();
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = LIMIT;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_OK);
  atomic_store(&done, false);
  start(0, ask_too_much);
  start(1, ask_a_little);
  join(1);
  join(0);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_slab, close_slab);
  tcase_add_test(tcase, objects_pass_from_a_producer_to_a_consumer_while_figures_are_read);
  tcase_add_test(tcase, contents_stay_whole_when_all_threads_free_what_others_allocated);
  tcase_add_loop_test(tcase, objects_freed_by_two_threads_at_once_are_given_out_once, 0, 4);
  tcase_add_test(tcase, requests_without_a_context_work_on_many_threads);
  tcase_add_test(tcase, a_request_over_the_limit_costs_no_other_thread_its_memory);
}

int main(void) {
  return suite_main("slab_threads", add_tests);
}
