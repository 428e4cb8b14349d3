/* SPDX-License-Identifier: MIT
 *
 * Walks over a slab's live objects: each once, none that is not live, while they are freed under it and by other threads.
 */
#include "alloc/bins.h"
#include "tests/one_slab.h"
#include <pthread.h>

enum { MOST = 100000 };

struct seen {
  struct weft_slab_object objects[MOST];
  size_t n;
  size_t stop_at; /* 0: never */
};
static struct seen seen;

static bool note(void *user, const struct weft_slab_object *object) {
  struct seen *all = user;
  EXPECT(all->n < MOST, "more than %d objects", MOST);
  all->objects[all->n++] = *object;
  return all->n != all->stop_at;
}

static struct seen *visit_all(weft_slab *slab) {
  seen.n = seen.stop_at = 0;
  ck_assert_int_eq(weft_slab_visit(slab, note, &seen), WEFT_OK);
  return &seen;
}

static int by_address(const void *a, const void *b) {
  uintptr_t x = (uintptr_t) * (void *const *)a, y = (uintptr_t) * (void *const *)b;
  return (x > y) - (x < y);
}

START_TEST(every_live_object_is_shown_once_by_ascending_address) {
  enum { N = 4000 };
  static void *held[N];
  struct rng rng = {rng_case_seed(0)};
  for (int step = 0; step < 20000; step++) {
    void **at = &held[rng_upto(&rng, N - 1)];
    EXPECT(weft_free(f.ctx, *at) == WEFT_OK, "%s", f.cache.message);
    *at = step % 8 == 0 ? weft_aligned_alloc(f.ctx, 1, PAGE_BYTES) : weft_alloc(f.ctx, random_size(&rng));
  }
  qsort(held, N, sizeof held[0], by_address);
  const struct seen *all = visit_all(f.slab);
  size_t empty = 0;
  while (held[empty] == NULL)
    empty++;
  ck_assert_uint_eq(all->n, N - empty);
  for (size_t i = 0; i < all->n; i++) {
    const struct weft_slab_object *object = &all->objects[i];
    size_t usable = weft_usable_size(f.ctx, held[empty + i]), whole = usable + ANNOTATE_RED_ZONE;
    EXPECT(object->start == held[empty + i], "object %zu: %p, not %p", i, object->start, held[empty + i]);
    EXPECT(object->bytes == usable, "object %zu: %zu bytes, not %zu", i, object->bytes, usable);
    EXPECT(object->kind == (whole <= CLASS_MAX_BYTES && whole % PAGE_BYTES != 0 ? WEFT_SLAB_OBJECT
                            : whole <= RUN_MAX_BYTES                            ? WEFT_SLAB_RUN
                                                                                : WEFT_SLAB_MAPPED),
           "object %zu of %zu bytes: kind %u", i, usable, object->kind);
    EXPECT(object->node == 0, "object %zu: node %u", i, object->node);
  }
  for (size_t i = empty; i < N; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  ck_assert_uint_eq(visit_all(f.slab)->n, 0);
}
END_TEST

static uint32_t node_one(void *user) {
  (void)user;
  return 1;
}

START_TEST(objects_and_runs_are_shown_with_their_node) {
  struct fixture own;
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.nodes = 2;
  options.node_of = node_one;
  fixture_open_with(&own, &options);
  void *object = weft_alloc(own.ctx, 10), *run = weft_alloc(own.ctx, 100000), *mapped = weft_alloc(own.ctx, 2 << 20);
  const struct seen *all = visit_all(own.slab);
  ck_assert_uint_eq(all->n, 3);
  for (size_t i = 0; i < 3; i++)
    ck_assert_uint_eq(all->objects[i].node, all->objects[i].kind == WEFT_SLAB_MAPPED ? 0 : 1);
  ck_assert_int_eq(weft_free(own.ctx, object) | weft_free(own.ctx, run) | weft_free(own.ctx, mapped), WEFT_OK);
  fixture_close(&own);
}
END_TEST

START_TEST(a_visitor_that_returns_false_is_called_no_more) {
  void *held[300];
  for (int i = 0; i < 300; i++)
    held[i] = weft_alloc(f.ctx, 48);
  const size_t stops[] = {1, 100, 200};
  for (int i = 0; i < 3; i++) {
    seen.n = 0;
    seen.stop_at = stops[i];
    ck_assert_int_eq(weft_slab_visit(f.slab, note, &seen), WEFT_OK);
    ck_assert_uint_eq(seen.n, stops[i]);
  }
  for (int i = 0; i < 300; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
}
END_TEST

static bool free_it(void *user, const struct weft_slab_object *object) {
  EXPECT(weft_free(user, object->start) == WEFT_OK, "%s", f.cache.message);
  return true;
}

START_TEST(a_visitor_may_free_what_it_is_shown) {
  for (int i = 0; i < 30000; i++)
    ck_assert_ptr_nonnull(weft_alloc(f.ctx, i % 100 == 0 ? 500000 : i % 1000 == 1 ? 3 << 20 : 700));
  ck_assert_int_eq(weft_slab_visit(f.slab, free_it, f.ctx), WEFT_OK);
  ck_assert_uint_eq(stats_of(f.slab).live_objects, 0);
}
END_TEST

/* Threads: some of what they hold stays for all of the walks, the rest comes and goes. */

enum { THREADS = 2, KEPT = 500, PASSING = 300 };
static _Atomic bool stop;
static _Atomic int ready;
struct worker {
  uint64_t seed;
  void *kept[KEPT];
};

static void *come_and_go(void *user) {
  struct worker *worker = user;
  struct rng rng = {worker->seed};
  void *held[PASSING] = {0};
  static _Thread_local struct slab_cache cache;
  weft_ctx *ctx = (weft_ctx *)(void *)&cache;
  weft__cache_open(&cache, f.slab);
  for (int i = 0; i < KEPT; i++)
    EXPECT((worker->kept[i] = weft_alloc(ctx, random_size(&rng) % 70000)) != NULL, "%s", cache.message);
  ready++;
  while (!stop) {
    void **at = &held[rng_upto(&rng, PASSING - 1)];
    EXPECT(weft_free(ctx, *at) == WEFT_OK, "%s", cache.message);
    *at = weft_alloc(ctx, random_size(&rng) % 3000000);
    if (rng_percent(&rng, 1))
      weft__bins_flush(&cache);
  }
  for (int i = 0; i < PASSING; i++)
    EXPECT(weft_free(ctx, held[i]) == WEFT_OK, "%s", cache.message);
  for (int i = 0; i < KEPT; i++)
    EXPECT(weft_free(ctx, worker->kept[i]) == WEFT_OK, "%s", cache.message);
  weft__cache_close(&cache);
  weft__slab_unref(f.slab);
  return NULL;
}

START_TEST(what_is_live_all_the_time_is_shown_once_while_others_allocate_and_free) {
  static struct worker workers[THREADS];
  pthread_t threads[THREADS];
  stop = false;
  ready = 0;
  for (int t = 0; t < THREADS; t++) {
    workers[t].seed = (uint64_t)t + 1;
    ck_assert_int_eq(pthread_create(&threads[t], NULL, come_and_go, &workers[t]), 0);
  }
  while (ready < THREADS)
    continue;
  for (int round = 0; round < 200; round++) {
    const struct seen *all = visit_all(f.slab);
    ck_assert_uint_ge(all->n, THREADS * KEPT);
    static void *starts[MOST];
    for (size_t i = 0; i < all->n; i++) {
      starts[i] = all->objects[i].start;
      EXPECT(i == 0 || (uintptr_t)starts[i] > (uintptr_t)starts[i - 1], "%p after %p", starts[i], starts[i - 1]);
    }
    for (int t = 0; t < THREADS; t++)
      for (int i = 0; i < KEPT; i++)
        EXPECT(bsearch(&workers[t].kept[i], starts, all->n, sizeof starts[0], by_address) != NULL,
               "round %d: %p is not shown", round, workers[t].kept[i]);
  }
  stop = true;
  for (int t = 0; t < THREADS; t++)
    ck_assert_int_eq(pthread_join(threads[t], NULL), 0);
  ck_assert_uint_eq(visit_all(f.slab)->n, 0);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, every_live_object_is_shown_once_by_ascending_address);
  tcase_add_test(tcase, objects_and_runs_are_shown_with_their_node);
  tcase_add_test(tcase, a_visitor_that_returns_false_is_called_no_more);
  tcase_add_test(tcase, a_visitor_may_free_what_it_is_shown);
  tcase_add_test(tcase, what_is_live_all_the_time_is_shown_once_while_others_allocate_and_free);
}

int main(void) {
  return suite_main("slab_visit", add_tests);
}
