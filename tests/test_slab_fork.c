/* SPDX-License-Identifier: MIT
 *
 * The slab across fork: children that go on with it while the parent's other threads were in the midst of calls. A child
 * tells by its exit status what went wrong, and dies of an alarm where it would wait for ever.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/ctx.h>

#include "tests/slabs.h"
#include "tests/suite.h"

enum { THREADS = 3, FORKS = 300, HELD = 64, CHILD_SECONDS = 30 };

static weft_slab *slab;
static weft_ctx *ctx;

static void open_ctx(void) {
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.slab = slab;
  ck_assert_int_eq(weft_ctx_create(&options, &ctx), WEFT_OK);
}

static void close_ctx(void) {
  weft_ctx_free(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}

static size_t size_at(struct rng *rng) {
  return rng_percent(rng, 2) ? (2 << 20) + random_size(rng) : 1 + random_size(rng) % 60000;
}

static atomic_bool done;
static atomic_uint turns;

/* Slow parts of all kinds: every step goes to a depot, a slab or the system sooner or later. */
static void *churn(void *argument) {
  enum { LIVE = 100 };
  struct rng rng = {rng_case_seed((size_t)(uintptr_t)argument)};
  weft_ctx *own = NULL;
  void *live[LIVE] = {NULL};
  uintptr_t wrong = 0;
  while (!atomic_load(&done)) {
    if (own == NULL)
      wrong += weft_ctx_clone(ctx, &own) != WEFT_OK;
    for (int step = 0; step < 400; step++) {
      size_t i = rng_upto(&rng, LIVE - 1);
      if (live[i] != NULL)
        wrong += (rng_percent(&rng, 30) ? weft_slab_free(slab, live[i]) : weft_free(own, live[i])) != WEFT_OK;
      wrong += (live[i] = weft_alloc(own, size_at(&rng))) == NULL;
    }
    wrong += weft_slab_trim(slab, NULL) != WEFT_OK;
    for (size_t i = 0; i < LIVE; i++) {
      wrong += weft_free(own, live[i]) != WEFT_OK;
      live[i] = NULL;
    }
    weft_ctx_free(own);
    own = NULL;
    atomic_fetch_add(&turns, 1);
  }
  return (void *)wrong;
}

static void *held[HELD];
static size_t held_bytes[HELD];

static void hold_all(weft_ctx *of, struct rng *rng) {
  for (size_t i = 0; i < HELD; i++) {
    held_bytes[i] = size_at(rng);
    ck_assert_ptr_nonnull(held[i] = weft_alloc(of, held_bytes[i]));
    mark(held[i], i, 0, held_bytes[i] < 4096 ? held_bytes[i] : 4096);
  }
}

/* 0, or which object is not as it was. */
static int free_all(weft_ctx *of) {
  for (size_t i = 0; i < HELD; i++) {
    size_t bytes = held_bytes[i] < 4096 ? held_bytes[i] : 4096;
    if (unmarked(held[i], i, bytes) < bytes || weft_free(of, held[i]) != WEFT_OK)
      return (int)i + 1;
  }
  return 0;
}

static void limit_child(void) {
  signal(SIGALRM, SIG_DFL); /* Check's handler would end the parent, too */
  alarm(CHILD_SECONDS);
}

/* What a child may do, with the statuses that it must get. */
static int live_on(struct rng *rng) {
  limit_child();
  if (free_all(ctx) != 0)
    return 2;
  weft_ctx *clone;
  if (weft_ctx_clone(ctx, &clone) != WEFT_OK)
    return 3;
  void *p[200];
  for (size_t i = 0; i < 200; i++) {
    size_t bytes = size_at(rng);
    if ((p[i] = weft_alloc(i & 1 ? clone : ctx, bytes)) == NULL)
      return 4;
    memset(p[i], 1, bytes < 100 ? bytes : 100);
  }
  for (size_t i = 0; i < 200; i++)
    if (weft_free(i & 2 ? clone : ctx, p[i]) != WEFT_OK)
      return 5;
  weft_ctx_free(clone);
  struct weft_slab_figures stats;
  if (weft_slab_trim(slab, NULL) != WEFT_OK || weft_slab_stats(slab, &stats, sizeof stats) != WEFT_OK)
    return 6;
  weft_ctx_free(ctx);
  weft_status status = weft_slab_release(slab);
  /* Where only this thread's context is left, another thread may still have been about to open or close one. */
  return status == WEFT_E_BUSY || (status == WEFT_OK && stats.contexts == 1) ? 0 : 7;
}

static void expect_well(pid_t child) {
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(!WIFSIGNALED(status), "the child died of signal %d%s", WTERMSIG(status),
                WTERMSIG(status) == SIGALRM ? ": it waited for ever" : "");
  ck_assert_msg(WEXITSTATUS(status) == 0, "the child failed at step %d", WEXITSTATUS(status));
}

START_TEST(a_child_goes_on_whatever_other_threads_did_at_the_fork) {
  pthread_t threads[THREADS];
  struct rng rng = {rng_case_seed(9)};
  atomic_store(&done, false);
  for (size_t i = 0; i < THREADS; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)i), 0);
  for (size_t i = 0; i < rng_cases(FORKS); i++) {
    hold_all(ctx, &rng);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
      _exit(live_on(&rng));
    ck_assert_int_eq(free_all(ctx), 0);
    expect_well(child);
  }
  atomic_store(&done, true);
  for (size_t i = 0; i < THREADS; i++) {
    void *wrong;
    ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
    ck_assert_msg(wrong == NULL, "%zu calls of thread %zu failed", (size_t)(uintptr_t)wrong, i);
  }
  ck_assert_uint_gt(atomic_load(&turns), 0);
}
END_TEST

/* Waits in no call of the slab's. */
static pthread_barrier_t reached, over;
static weft_ctx *idle;

static void *be_idle(void *argument) {
  struct rng rng = {rng_case_seed(1)};
  (void)argument;
  if (weft_ctx_clone(ctx, &idle) != WEFT_OK)
    return &idle;
  hold_all(idle, &rng);
  pthread_barrier_wait(&reached);
  pthread_barrier_wait(&over);
  int wrong = free_all(idle);
  weft_ctx_free(idle);
  return wrong ? &idle : NULL;
}

START_TEST(a_child_may_free_the_context_of_a_thread_that_was_in_no_call) {
  pthread_t thread;
  pthread_barrier_init(&reached, NULL, 2);
  pthread_barrier_init(&over, NULL, 2);
  ck_assert_int_eq(pthread_create(&thread, NULL, be_idle, NULL), 0);
  pthread_barrier_wait(&reached);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    limit_child();
    if (weft_slab_release(slab) != WEFT_E_BUSY || free_all(idle) != 0)
      _exit(2);
    weft_ctx_free(idle);
    weft_ctx_free(ctx);
    _exit(weft_slab_release(slab) == WEFT_OK ? 0 : 3);
  }
  expect_well(child);
  pthread_barrier_wait(&over);
  void *wrong;
  ck_assert_int_eq(pthread_join(thread, &wrong), 0);
  ck_assert_ptr_null(wrong);
}
END_TEST

/* As a thread leaves it that is between the two ends of a change. */
START_TEST(a_child_reads_figures_of_contexts_whose_threads_were_at_work) {
  static struct slab_cache other;
  weft__cache_open(&other, slab);
  void *p = weft_alloc((weft_ctx *)(void *)&other, 100);
  struct slab_bin *bin = &other.bins[class_for(100)];
  ADD(bin->version, 1);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    limit_child();
    struct weft_slab_figures stats;
    _exit(weft_slab_stats(slab, &stats, sizeof stats) == WEFT_OK && stats.contexts == 2 ? 0 : 2);
  }
  expect_well(child);
  ADD(bin->version, 1);
  ck_assert_int_eq(weft_free((weft_ctx *)(void *)&other, p), WEFT_OK);
  weft__cache_close(&other);
  weft__slab_unref(slab);
}
END_TEST

START_TEST(forks_between_the_lives_of_slabs_reach_the_live_ones_alone) {
  for (int i = 0; i < 20; i++) {
    weft_slab *more[3];
    for (size_t k = 0; k < 3; k++)
      ck_assert_int_eq(weft_slab_create(NULL, &more[k]), WEFT_OK);
    ck_assert_int_eq(weft_slab_release(more[i % 3]), WEFT_OK);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
      limit_child();
      void *p = weft__slab_alloc(more[(i + 1) % 3], 100);
      if (p == NULL || weft_slab_free(more[(i + 1) % 3], p) != WEFT_OK)
        _exit(2);
      _exit(weft_slab_release(more[(i + 1) % 3]) == WEFT_OK && weft_slab_release(more[(i + 2) % 3]) == WEFT_OK ? 0 : 3);
    }
    expect_well(child);
    ck_assert_int_eq(weft_slab_release(more[(i + 1) % 3]), WEFT_OK);
    ck_assert_int_eq(weft_slab_release(more[(i + 2) % 3]), WEFT_OK);
  }
}
END_TEST

/* Each lock of a slab, held by another thread when a fork begins. */

static struct os_lock *taken;

static void *hold_lock(void *argument) {
  (void)argument;
  os_lock_take(taken);
  pthread_barrier_wait(&reached);
  usleep(5000);
  os_lock_give(taken);
  return NULL;
}

START_TEST(a_child_finds_every_lock_free) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.nodes = 2;
  weft_slab *own;
  ck_assert_int_eq(weft_slab_create(&options, &own), WEFT_OK);
  struct os_lock *locks[] = {&own->caches_lock,          &own->registry_lock,
                             &own->nodes[0].runs_lock,   &own->nodes[1].runs_lock,
                             &depot_at(own, 0, 0)->lock, &depot_at(own, 0, BINS - 1)->lock,
                             &depot_at(own, 1, 0)->lock, &depot_at(own, 1, BINS - 1)->lock};
  pthread_barrier_init(&reached, NULL, 2);
  for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
    pthread_t thread;
    taken = locks[i];
    ck_assert_int_eq(pthread_create(&thread, NULL, hold_lock, NULL), 0);
    pthread_barrier_wait(&reached);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
      _exit(pthread_mutex_trylock(&locks[i]->mutex) == 0 ? 0 : 2 + (int)i);
    expect_well(child);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(pthread_mutex_trylock(&locks[i]->mutex), 0);
    os_lock_give(locks[i]);
  }
  ck_assert_int_eq(weft_slab_release(own), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
  tcase_add_test(tcase, a_child_goes_on_whatever_other_threads_did_at_the_fork);
  tcase_add_test(tcase, a_child_may_free_the_context_of_a_thread_that_was_in_no_call);
  tcase_add_test(tcase, a_child_finds_every_lock_free);
  tcase_add_test(tcase, a_child_reads_figures_of_contexts_whose_threads_were_at_work);
  tcase_add_test(tcase, forks_between_the_lives_of_slabs_reach_the_live_ones_alone);
}

int main(void) {
  return suite_main("slab_fork", add_tests);
}
