/* SPDX-License-Identifier: MIT
 *
 * What a slab says of itself, by class, by context and whole, held against what the test knows it has done.
 */
#include "tests/one_slab.h"
#include <math.h>
#include <pthread.h>

static struct fixture own; /* own: for tests that set a slab's options */

static struct weft_slab_class_figures class_of_slab(const weft_slab *slab, unsigned node, unsigned class_) {
  struct weft_slab_class_figures stats;
  ck_assert_int_eq(weft_slab_class_stats(slab, (size_t)node * BINS + class_, &stats, sizeof stats), WEFT_OK);
  return stats;
}

static void open_own(size_t cache_bytes, size_t limit_bytes) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.cache_bytes = cache_bytes;
  options.limit_bytes = limit_bytes;
  fixture_open_with(&own, &options);
}

static bool near(double a, double b) {
  return fabs(a - b) < 1e-9;
}

/* Classes */

START_TEST(a_class_tells_its_objects) {
  enum { N = 700, FREED = 300 };
  static void *held[N];
  size_t sizes[] = {16, 100, 1000, 32000, 40000, 300000};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    unsigned class_ = class_for(sizes[s]);
    size_t n = sizes[s] > 100000 ? 60 : N, freed = n * FREED / N;
    for (size_t i = 0; i < n; i++)
      held[i] = i % 5 == 0 ? weft__slab_alloc(f.slab, sizes[s]) : weft_alloc(f.ctx, sizes[s]);
    for (size_t i = 0; i < freed; i++)
      ck_assert_int_eq(i % 3 == 0 ? weft_slab_free(f.slab, held[i]) : weft_free(f.ctx, held[i]), WEFT_OK);
    struct weft_slab_class_figures stats = class_of_slab(f.slab, 0, class_);
    size_t bytes = class_usable(class_);
    ck_assert_uint_eq(stats.node, 0);
    ck_assert_uint_eq(stats.bytes, bytes);
    ck_assert_uint_eq(stats.allocations, n);
    ck_assert_uint_eq(stats.frees, freed);
    ck_assert_uint_eq(stats.live_objects, n - freed);
    ck_assert_uint_eq(stats.live_bytes, (n - freed) * bytes);
    ck_assert_uint_gt(stats.cached_objects, 0);
    ck_assert_uint_eq(stats.cached_bytes, stats.cached_objects * bytes);
    ck_assert_uint_eq(stats.free_bytes, stats.free_objects * bytes);
    for (size_t i = freed; i < n; i++)
      ck_assert(((uintptr_t)held[i] & (stats.alignment - 1)) == 0);
    for (size_t i = freed; i < n; i++)
      ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  }
}
END_TEST

/* With nothing cached, what is not live is free, and all of a slab's objects are one or the other. */
START_TEST(a_class_counts_every_object_of_its_slabs) {
  enum { N = 3000 };
  static void *held[N];
  open_own(1, 0);
  for (size_t i = 0; i < N; i++)
    held[i] = weft_alloc(own.ctx, 1000);
  struct weft_slab_class_figures stats = class_of_slab(own.slab, 0, class_for(1000));
  size_t whole = SLAB_BYTES / 1024, last = N % whole; /* the last slab doubles from 64 KiB on */
  size_t memory = COMMIT_STEP;
  while (memory / 1024 < last)
    memory *= 2;
  ck_assert_uint_eq(stats.slabs, N / whole + 1);
  ck_assert_uint_eq(stats.active_bytes, N / whole * SLAB_BYTES + memory);
  ck_assert_uint_eq(stats.live_objects, N);
  ck_assert_uint_eq(stats.cached_objects, 0);
  ck_assert_uint_eq(stats.free_objects, memory / 1024 - last);
  ck_assert(near(stats.external_fragmentation, 1 - (double)FITS(1024) * N / (double)stats.active_bytes));
  for (size_t i = 0; i < N; i++)
    ck_assert_int_eq(weft_free(own.ctx, held[i]), WEFT_OK);
  stats = class_of_slab(own.slab, 0, class_for(1000));
  ck_assert_uint_eq(stats.slabs, 1); /* a spare one */
  ck_assert_uint_eq(stats.slabs_made, N / whole + 1);
  ck_assert_uint_eq(stats.slabs_returned, N / whole);
  ck_assert_uint_eq(stats.free_objects * 1024 + stats.active_bytes % 1024, stats.active_bytes);
  fixture_close(&own);
}
END_TEST

START_TEST(hits_and_misses_are_told_by_class) {
  void *a = weft_alloc(f.ctx, 64), *b = weft_alloc(f.ctx, 64), *c = weft_alloc(f.ctx, 500);
  struct weft_slab_class_figures of64 = class_of_slab(f.slab, 0, class_for(64)),
                                 of500 = class_of_slab(f.slab, 0, class_for(500));
  ck_assert_uint_eq(of64.magazine_misses, 1);
  ck_assert_uint_eq(of64.magazine_hits, 1);
  ck_assert_uint_eq(of500.magazine_misses, 1);
  ck_assert_uint_eq(of500.magazine_hits, 0);
  ck_assert_int_eq(weft_free(f.ctx, a) | weft_free(f.ctx, b) | weft_free(f.ctx, c), WEFT_OK);
  ck_assert_uint_eq(class_of_slab(f.slab, 0, class_for(64)).magazine_hits, 3);
}
END_TEST

/* Random work over two nodes and three contexts. */
static uint32_t node_now;

static uint32_t node_of(void *user) {
  (void)user;
  return node_now;
}

struct crowd {
  struct slab_cache caches[3];
  weft_ctx *ctx[3];
  void *held[1000];
};

static void crowd_open(struct crowd *crowd, const struct weft_slab_options *options) {
  node_now = 0;
  ck_assert_int_eq(weft_slab_create(options, &own.slab), WEFT_OK);
  for (unsigned i = 0; i < 3; i++) {
    node_now = i % 2;
    weft__cache_open(&crowd->caches[i], own.slab);
    crowd->ctx[i] = (weft_ctx *)(void *)&crowd->caches[i];
  }
  memset(crowd->held, 0, sizeof crowd->held);
}

static void crowd_work(struct crowd *crowd, struct rng *rng, int steps) {
  for (int step = 0; step < steps; step++) {
    void **at = &crowd->held[rng_upto(rng, 999)];
    EXPECT(weft_free(crowd->ctx[rng_upto(rng, 2)], *at) == WEFT_OK, "step %d", step);
    *at = weft_alloc(crowd->ctx[rng_upto(rng, 2)], random_size(rng));
  }
}

static void crowd_close(struct crowd *crowd) {
  for (int i = 0; i < 1000; i++)
    ck_assert_int_eq(weft_free(crowd->ctx[0], crowd->held[i]), WEFT_OK);
  for (int i = 0; i < 3; i++) {
    weft__cache_close(&crowd->caches[i]);
    weft__slab_unref(own.slab);
  }
  ck_assert_int_eq(weft_slab_release(own.slab), WEFT_OK);
}

static struct weft_slab_options two_nodes(void) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.nodes = 2;
  options.node_of = node_of;
  return options;
}

START_TEST(classes_add_up_to_the_slab) {
  static struct crowd crowd;
  struct weft_slab_options options = two_nodes();
  struct rng rng = {rng_case_seed(0)};
  crowd_open(&crowd, &options);
  crowd_work(&crowd, &rng, 30000);
  struct weft_slab_figures whole = stats_of(own.slab);
  struct weft_slab_class_figures sum = {0}, stats;
  uint64_t mapped_bytes = own.slab->mapped_bytes - whole.mapped * ANNOTATE_RED_ZONE, ends = 0;
  ck_assert_uint_eq(weft_slab_classes(own.slab), 2 * BINS);
  double internal = 0;
  for (size_t i = 0; i < 2 * BINS; i++) {
    ck_assert_int_eq(weft_slab_class_stats(own.slab, i, &stats, sizeof stats), WEFT_OK);
    ck_assert_uint_eq(stats.node, i / BINS);
    sum.live_objects += stats.live_objects;
    sum.live_bytes += stats.live_bytes;
    sum.cached_bytes += stats.cached_bytes;
    sum.allocations += stats.allocations;
    sum.frees += stats.frees;
    sum.magazine_hits += stats.magazine_hits;
    sum.magazine_misses += stats.magazine_misses;
    sum.exchanges += stats.exchanges;
    ends += stats.slabs * stats.bytes;
    internal += stats.internal_fragmentation * (double)stats.live_bytes;
  }
  ck_assert_uint_eq(whole.live_objects, sum.live_objects + whole.mapped);
  ck_assert_uint_eq(whole.live_bytes, sum.live_bytes + mapped_bytes);
  ck_assert_uint_eq(whole.cached_bytes, sum.cached_bytes);
  ck_assert_uint_eq(whole.allocations, sum.allocations + own.slab->mapped_allocations);
  ck_assert_uint_eq(whole.frees, sum.frees + own.slab->mapped_frees);
  ck_assert_uint_eq(whole.magazine_hits, sum.magazine_hits);
  ck_assert_uint_eq(whole.magazine_misses, sum.magazine_misses);
  ck_assert_uint_eq(whole.exchanges, sum.exchanges);
  ck_assert(near(whole.internal_fragmentation, internal / (double)sum.live_bytes));
  ck_assert_double_gt(whole.internal_fragmentation, 0.01);
  ck_assert_double_lt(whole.internal_fragmentation, 0.16);
  uint64_t parts = whole.live_bytes + whole.cached_bytes + whole.free_bytes;
  ck_assert_msg(parts <= whole.active_bytes && whole.active_bytes <= parts + ends,
                "%" PRIu64 " bytes in parts, %" PRIu64 " active, the ends at most %" PRIu64, parts, whole.active_bytes,
                ends);
  crowd_close(&crowd);
}
END_TEST

/* Refusals */

static void check_refused_frees(uint64_t foreign, uint64_t interior, uint64_t repeated, uint64_t missized) {
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.foreign_frees, foreign);
  ck_assert_uint_eq(stats.interior_frees, interior);
  ck_assert_uint_eq(stats.repeated_frees, repeated);
  ck_assert_uint_eq(stats.missized_frees, missized);
}

START_TEST(refused_frees_are_counted_by_kind) {
  char *p = weft_alloc(f.ctx, 100), *freed = weft_alloc(f.ctx, 100);
  int foreign;
  ck_assert_int_eq(weft_free(f.ctx, freed), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, &foreign), WEFT_E_FOREIGN);
  check_refused_frees(1, 0, 0, 0);
  ck_assert_int_eq(weft_slab_free(f.slab, &foreign), WEFT_E_FOREIGN);
  check_refused_frees(2, 0, 0, 0);
  ck_assert_int_eq(weft_free(f.ctx, p + 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_free(f.slab, p + 1), WEFT_E_INVALID);
  check_refused_frees(2, 2, 0, 0);
  ck_assert_int_eq(weft_free(f.ctx, freed), WEFT_E_DOUBLE_FREE);
  ck_assert_int_eq(weft_slab_free(f.slab, freed), WEFT_E_DOUBLE_FREE);
  ck_assert_ptr_null(weft_realloc(f.ctx, freed, 10));
  check_refused_frees(2, 2, 3, 0);
  ck_assert_int_eq(weft_free_sized(f.ctx, p, 5000), WEFT_E_INVALID);
  check_refused_frees(2, 2, 3, 1);
  struct weft_slab_context_figures context = context_stats_of(f.ctx); /* its own, without weft_slab_free's */
  ck_assert_uint_eq(context.foreign_frees, 1);
  ck_assert_uint_eq(context.interior_frees, 1);
  ck_assert_uint_eq(context.repeated_frees, 2);
  ck_assert_uint_eq(context.missized_frees, 1);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  weft__cache_close(&f.cache);
  weft__slab_unref(f.slab);
  weft__cache_open(&f.cache, f.slab);
  check_refused_frees(2, 2, 3, 1);
}
END_TEST

START_TEST(refused_requests_are_counted_by_kind) {
  weft_status status;
  open_own(0, 8 << 20);
  ck_assert_ptr_null(weft_alloc(own.ctx, 9 << 20));
  ck_assert_ptr_null(weft_alloc(own.ctx, SIZE_MAX / 2));
  ck_assert_ptr_null(weft__slab_take(own.slab, 9 << 20, &status));
  struct weft_slab_figures stats = stats_of(own.slab);
  ck_assert_uint_eq(stats.refused, 3);
  ck_assert_uint_eq(stats.refused_limit, 2);
  struct weft_slab_context_figures context = context_stats_of(own.ctx);
  ck_assert_uint_eq(context.refused, 2);
  ck_assert_uint_eq(context.refused_limit, 1);
  fixture_close(&own);
}
END_TEST

/* Contexts */

START_TEST(a_context_counts_what_it_did) {
  static struct crowd crowd;
  struct weft_slab_options options = two_nodes();
  struct rng rng = {rng_case_seed(0)};
  crowd_open(&crowd, &options);
  uint64_t allocations[3] = {0}, frees[3] = {0}, remote[3] = {0}, mapped = 0;
  static unsigned node[1000];
  static bool large[1000];
  for (int step = 0; step < 20000; step++) {
    uint64_t i = rng_upto(&rng, 999), who = rng_upto(&rng, 2);
    size_t bytes = random_size(&rng);
    if (crowd.held[i] != NULL) {
      frees[who]++;
      remote[who] += !large[i] && node[i] != who % 2;
      mapped += large[i];
    }
    EXPECT(weft_free(crowd.ctx[who], crowd.held[i]) == WEFT_OK, "step %d", step);
    who = rng_upto(&rng, 2);
    crowd.held[i] = weft_alloc(crowd.ctx[who], bytes);
    allocations[who]++;
    node[i] = who % 2;
    large[i] = bytes > RUN_MAX_BYTES;
    mapped += large[i];
  }
  struct weft_slab_figures whole = stats_of(own.slab);
  uint64_t requests = 0, cached = 0;
  for (unsigned i = 0; i < 3; i++) {
    struct weft_slab_context_figures stats = context_stats_of(crowd.ctx[i]);
    ck_assert_uint_eq(stats.node, i % 2);
    ck_assert_uint_eq(stats.allocations, allocations[i]);
    ck_assert_uint_eq(stats.frees, frees[i]);
    ck_assert_uint_eq(stats.remote_frees, remote[i]);
    requests += stats.magazine_hits + stats.magazine_misses;
    cached += stats.cached_bytes;
  }
  ck_assert_uint_eq(whole.remote_frees, remote[0] + remote[1] + remote[2]);
  ck_assert_uint_eq(whole.allocations, allocations[0] + allocations[1] + allocations[2]);
  ck_assert_uint_eq(whole.frees, frees[0] + frees[1] + frees[2]);
  ck_assert_uint_eq(requests, whole.allocations + whole.frees - whole.remote_frees - mapped);
  ck_assert_uint_eq(requests, whole.magazine_hits + whole.magazine_misses);
  ck_assert_uint_eq(cached, whole.cached_bytes);
  crowd_close(&crowd);
}
END_TEST

/* Threads */

static void *free_without_context(void *p) {
  ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_OK);
  return NULL;
}

START_TEST(a_lock_that_is_found_taken_is_a_wait) {
  void *p = weft_alloc(f.ctx, 100);
  unsigned class_ = class_for(100);
  struct slab_depot *depot = depot_at(f.slab, 0, class_);
  ck_assert_uint_eq(class_of_slab(f.slab, 0, class_).lock_waits, 0);
  pthread_t thread;
  os_lock_take(&depot->lock);
  ck_assert_int_eq(pthread_create(&thread, NULL, free_without_context, p), 0);
  while (class_of_slab(f.slab, 0, class_).lock_waits == 0)
    continue;
  os_lock_give(&depot->lock);
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  ck_assert_uint_eq(class_of_slab(f.slab, 0, class_).lock_waits, 1);
  ck_assert_uint_ge(stats_of(f.slab).lock_waits, 1);
}
END_TEST

static _Atomic bool stop;

static void *work(void *seed) {
  struct rng rng = {*(uint64_t *)seed};
  static _Thread_local struct slab_cache cache;
  void *held[200] = {0};
  while (!stop) {
    weft__cache_open(&cache, f.slab);
    weft_ctx *ctx = (weft_ctx *)(void *)&cache;
    for (int step = 0; step < 3000; step++) {
      void **at = &held[rng_upto(&rng, 199)];
      EXPECT(weft_free(ctx, *at) == WEFT_OK, "%s", cache.message);
      *at = weft_alloc(ctx, random_size(&rng) % 60000);
    }
    for (int i = 0; i < 200; i++) {
      EXPECT(weft_slab_free(f.slab, held[i]) == WEFT_OK, "free of %p", held[i]);
      held[i] = NULL;
    }
    weft__cache_close(&cache);
    weft__slab_unref(f.slab);
  }
  return NULL;
}

START_TEST(figures_that_only_grow_do_so_while_contexts_run) {
  pthread_t threads[3];
  uint64_t seeds[3] = {1, 2, 3};
  stop = false;
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &seeds[i]), 0);
  struct weft_slab_figures before = stats_of(f.slab), stats;
  for (int round = 0; round < 500 || before.allocations < 100000; round++, before = stats) {
    stats = stats_of(f.slab);
    ck_assert_uint_ge(stats.allocations, before.allocations);
    ck_assert_uint_ge(stats.magazine_misses, before.magazine_misses);
    ck_assert_uint_ge(stats.exchanges, before.exchanges);
    ck_assert_uint_ge(stats.slabs_made, before.slabs_made);
    ck_assert_uint_ge(stats.slabs_returned, before.slabs_returned);
    ck_assert_uint_ge(stats.lock_waits, before.lock_waits);
    ck_assert_uint_ge(stats.peak_committed_bytes, before.peak_committed_bytes);
    /* Those of a round, and those that weft_slab_free has freed since its count was read. */
    ck_assert_uint_le(stats.live_objects, 3 * 2 * 200);
    ck_assert_uint_le(stats.contexts, 4);
    ck_assert_double_ge(stats.external_fragmentation, 0);
    ck_assert_double_le(stats.external_fragmentation, 1);
    ck_assert_double_ge(stats.internal_fragmentation, 0);
    ck_assert_double_le(stats.internal_fragmentation, 1);
  }
  stop = true;
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
  ck_assert_uint_eq(stats_of(f.slab).live_objects, 0);
}
END_TEST

/* Versions */

START_TEST(callers_of_other_versions_get_what_they_know) {
  struct {
    union {
      struct weft_slab_class_figures class;
      struct weft_slab_context_figures context;
    } known;
    uint64_t unknown;
  } figures;
  uint64_t *words = (uint64_t *)(void *)&figures;
  memset(&figures, 0xAB, sizeof figures);
  ck_assert_int_eq(weft_slab_class_stats(f.slab, 3, &figures.known.class, 2 * sizeof *words), WEFT_OK);
  ck_assert_uint_eq(words[1], FITS(64));
  ck_assert_uint_eq(words[2], UINT64_C(0xABABABABABABABAB));
  ck_assert_int_eq(weft_slab_class_stats(f.slab, 3, &figures.known.class, sizeof figures), WEFT_OK);
  ck_assert_uint_eq(figures.unknown, 0);
  memset(&figures, 0xAB, sizeof figures);
  ck_assert_int_eq(weft_ctx_slab_stats(f.ctx, &figures.known.context, sizeof *words), WEFT_OK);
  ck_assert_uint_eq(words[0], 0);
  ck_assert_uint_eq(words[1], UINT64_C(0xABABABABABABABAB));
  ck_assert_int_eq(weft_ctx_slab_stats(f.ctx, &figures.known.context, sizeof figures), WEFT_OK);
  ck_assert_uint_eq(figures.unknown, 0);
}
END_TEST

START_TEST(there_is_no_class_behind_the_last) {
  struct weft_slab_class_figures stats;
  ck_assert_uint_eq(weft_slab_classes(f.slab), BINS);
  ck_assert_int_eq(weft_slab_class_stats(f.slab, BINS - 1, &stats, sizeof stats), WEFT_OK);
  ck_assert_uint_eq(stats.bytes, FITS(RUN_MAX_BYTES));
  ck_assert_int_eq(weft_slab_class_stats(f.slab, BINS, &stats, sizeof stats), WEFT_E_INVALID);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  const TTest *tests[] = {a_class_tells_its_objects,
                          a_class_counts_every_object_of_its_slabs,
                          hits_and_misses_are_told_by_class,
                          classes_add_up_to_the_slab,
                          refused_frees_are_counted_by_kind,
                          refused_requests_are_counted_by_kind,
                          a_context_counts_what_it_did,
                          a_lock_that_is_found_taken_is_a_wait,
                          figures_that_only_grow_do_so_while_contexts_run,
                          callers_of_other_versions_get_what_they_know,
                          there_is_no_class_behind_the_last};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("slab_numbers", add_tests);
}
