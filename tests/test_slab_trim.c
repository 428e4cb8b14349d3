/* SPDX-License-Identifier: MIT
 *
 * Memory that goes back to the system by a trim, pages inside slabs that are in use among it, and comes again.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "alloc/bits.h"
#include "tests/held.h"
#include "tests/suite.h"

/* How many bytes of pages the live objects touch. */
static size_t touched_bytes(size_t n) {
  static uint64_t pages[1 << 12];
  memset(pages, 0, sizeof pages);
  for (size_t i = 0; i < n; i++) {
    if (held[i].at == NULL)
      continue;
    size_t at = (size_t)((uintptr_t)held[i].at - f.slab->base) / PAGE_BYTES;
    size_t end = ((uintptr_t)held[i].at - f.slab->base + weft_usable_size(f.ctx, held[i].at) - 1) / PAGE_BYTES + 1;
    ck_assert_uint_lt(end, sizeof pages * 8);
    bits_fill(pages, at, end - at);
  }
  return bits_count(pages, 0, sizeof pages * 8) * PAGE_BYTES;
}

START_TEST(a_trim_leaves_the_pages_with_live_objects_and_no_others) {
  size_t bytes = sizes[_i], n = count_for(bytes, 24 << 20);
  if (f.slab->page_bytes != PAGE_BYTES)
    return;
  for (size_t i = 0; i < n; i++)
    hold(i, bytes);
  struct rng rng = {rng_case_seed((size_t)_i)};
  uint64_t none = 0;
  for (size_t i = 0; i < n; i++)
    if (!rng_percent(&rng, 3))
      drop(i);
  trim();
  size_t need = touched_bytes(n);
  uint64_t have = 0;
  for (size_t slot = 0; slot < f.slab->known; slot++) {
    uint8_t kind = GET(f.slab->hot[slot].kind);
    const struct slab_cold *cold = &f.slab->cold[slot];
    if (kind != SLOT_OBJECTS && kind != SLOT_RUNS)
      continue;
    have += cold->committed - (size_t)cold->purged * PAGE_BYTES;
    if (kind == SLOT_OBJECTS) /* behind its last object */
      none += SLAB_BYTES % weft__classes[class_at(GET(f.slab->hot[slot].home))].bytes;
    none += COMMIT_STEP; /* of one that grows still */
  }
  ck_assert_msg(have >= need && have <= need + none, "%zu bytes: %" PRIu64 " kept, %zu needed", bytes, have, need);
  ck_assert_uint_eq(trim(), 0);
  for (size_t i = 0; i < n; i++)
    if (held[i].at != NULL)
      drop(i);
}
END_TEST

START_TEST(purged_objects_are_given_out_again_and_counted) {
  size_t bytes = sizes[_i], n = count_for(bytes, 16 << 20);
  struct rng rng = {rng_case_seed((size_t)_i)};
  for (size_t i = 0; i < n; i++)
    hold(i, bytes);
  uint64_t full = committed(), slabs = stats_of(f.slab).slabs;
  for (int round = 0; round < 4; round++) {
    /* By stretches, so that there are whole pages among them, and one by one. */
    bool stays = false;
    for (size_t i = 0, last = 1; i < n; i++) {
      if (i * bytes >> 15 != last)
        stays = rng_percent(&rng, 5 + 20 * (uint32_t)round);
      last = i * bytes >> 15;
      if (!stays && !(i * bytes >> 15 & rng_percent(&rng, 20)))
        drop(i);
    }
    size_t back = trim();
    ck_assert_msg(back >= n * bytes / 4 || round > 0, "only %zu bytes went back", back);
    for (size_t i = 0; i < n; i++)
      if (held[i].at == NULL)
        hold(i, bytes);
    ck_assert_uint_le(stats_of(f.slab).slabs, slabs + 1);
    ck_assert_uint_le(committed(), full + 2 * SLAB_BYTES);
  }
  for (size_t i = 0; i < n; i++)
    drop(i);
  weft_flush(f.ctx);
  (void)!weft_slab_trim(f.slab, NULL);
  ck_assert_uint_eq(stats_of(f.slab).slabs, 0);
}
END_TEST

/* Sizes at random, with trims between: what the figures say is what the slabs hold. */
START_TEST(random_work_with_trims_between_leaves_contents_and_figures_right) {
  enum { LIVE = 3000 };
  struct rng rng = {rng_case_seed((size_t)_i)};
  for (int step = 0; step < 60000; step++) {
    size_t i = rng_upto(&rng, LIVE - 1);
    if (held[i].at != NULL)
      drop(i);
    else
      hold(i, 1 + random_size(&rng) % 40000);
    if (rng_upto(&rng, 999) == 0) {
      for (size_t k = 0; k < LIVE; k++)
        if (held[k].at != NULL && rng_percent(&rng, 50))
          drop(k);
      trim();
    }
  }
  for (size_t i = 0; i < LIVE; i++)
    if (held[i].at != NULL)
      drop(i);
  trim();
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.slabs, 0);
  ck_assert_uint_eq(stats.double_frees, 0);
  uint64_t registry = (size_t)((char *)f.slab->hot - (char *)f.slab), meta = 0;
  for (size_t i = 0; i < 3; i++)
    registry += f.slab->arrays[i].memory;
  for (size_t slot = 0; slot < f.slab->known; slot++)
    if (GET(f.slab->hot[slot].kind) == SLOT_META)
      meta += slot_start(f.slab, slot) == f.slab->meta_end - META_BYTES
                  ? (size_t)(f.slab->meta_memory - slot_start(f.slab, slot))
                  : META_BYTES;
  ck_assert_uint_eq(stats.committed_bytes, registry + meta);
}
END_TEST

START_TEST(a_second_free_of_a_purged_object_is_found) {
  for (size_t kind = 0; kind < SIZES; kind++) {
    for (size_t i = 0; i < 200; i++)
      hold(i, sizes[kind]);
    void *freed[199];
    for (size_t i = 0; i < 199; i++) {
      freed[i] = held[i].at;
      drop(i);
    }
    trim();
    for (size_t i = 0; i < 199; i++)
      EXPECT(weft_free(f.ctx, freed[i]) != WEFT_OK, "object %zu of %zu bytes was freed twice", i, sizes[kind]);
    drop(199);
  }
}
END_TEST

/* The twin of a free that another thread made at the same instant, come to its slab after a purge. */
START_TEST(a_twin_of_a_purged_object_is_dropped_by_its_slab) {
  for (size_t i = 0; i < 3000; i++)
    hold(i, 100);
  void *twin = held[1000].at;
  struct slab_place place;
  ck_assert_int_eq(weft__slab_find(f.slab, twin, &place), WEFT_OK);
  for (size_t i = 0; i < 2999; i++)
    drop(i);
  trim();
  uint32_t slot = slot_of(f.slab, twin), hidden = f.slab->cold[slot].hidden;
  ck_assert_uint_gt(hidden, 2000);
  struct slab_round round = {twin, place.state};
  ck_assert_uint_eq(weft__depot_give(f.slab, depot_at(f.slab, 0, place.class_), &round, 1), 0);
  ck_assert_uint_eq(f.slab->cold[slot].hidden, hidden);
  drop(2999);
}
END_TEST

START_TEST(purged_pages_read_as_zeros_and_take_writes) {
  for (size_t i = 0; i < 400; i++)
    hold(i, 4096);
  char *p = held[200].at;
  for (size_t i = 1; i < 400; i++)
    drop(i);
  trim();
  for (size_t i = 0; i < 4096; i += 8) {
    ck_assert_msg(stray_read(p + i) == 0, "byte %zu of a purged object is kept", i);
    stray_write(p + i, 1);
  }
  drop(0);
}
END_TEST

START_TEST(a_trim_asks_every_context_once) {
  struct slab_cache other;
  weft__cache_open(&other, f.slab);
  weft_ctx *ctx = (weft_ctx *)(void *)&other;
  void *p[300];
  for (size_t i = 0; i < 300; i++)
    ck_assert_ptr_nonnull(p[i] = weft_alloc(ctx, 2000));
  for (size_t i = 0; i < 300; i++)
    ck_assert_int_eq(weft_free(ctx, p[i]), WEFT_OK);
  ck_assert_uint_gt(stats_of(f.slab).cached_bytes, 60000);
  ck_assert_int_eq(weft_slab_trim(f.slab, NULL), WEFT_OK);
  ck_assert_uint_gt(stats_of(f.slab).cached_bytes, 60000);          /* it is idle */
  ck_assert_int_eq(weft_free(ctx, weft_alloc(ctx, 5000)), WEFT_OK); /* which needs the depot */
  ck_assert_uint_lt(stats_of(f.slab).cached_bytes, 60000);
  uint64_t misses = context_stats_of(ctx).magazine_misses;
  for (size_t i = 0; i < 300; i++)
    ck_assert_int_eq(weft_free(ctx, weft_alloc(ctx, 5000)), WEFT_OK);
  ck_assert_uint_eq(context_stats_of(ctx).magazine_misses, misses);
  weft__cache_close(&other);
  weft__slab_unref(f.slab);
}
END_TEST

START_TEST(a_flush_empties_the_magazines_and_no_figure_changes) {
  for (size_t i = 0; i < 500; i++)
    hold(i, i * 50);
  for (size_t i = 0; i < 500; i++)
    drop(i);
  struct weft_slab_figures before = stats_of(f.slab);
  ck_assert_uint_gt(before.cached_bytes, 0);
  weft_flush(f.ctx);
  struct weft_slab_figures after = stats_of(f.slab);
  ck_assert_uint_eq(after.cached_bytes, 0);
  ck_assert_uint_eq(after.allocations, before.allocations);
  ck_assert_uint_eq(after.frees, before.frees);
  ck_assert_uint_eq(after.magazine_hits, before.magazine_hits);
  ck_assert_uint_eq(after.magazine_misses, before.magazine_misses);
  weft_flush(NULL);
  ck_assert_int_eq(weft_slab_trim(NULL, NULL), WEFT_E_INVALID);
}
END_TEST

static uint32_t this_node;
static uint32_t node_now(void *user) {
  return *(uint32_t *)user;
}

START_TEST(a_flush_takes_the_context_to_the_thread_s_node) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.nodes = 2;
  options.node_of = node_now;
  options.node_user = &this_node;
  static struct fixture own;
  this_node = 0;
  fixture_open_with(&own, &options);
  void *p[100];
  for (uint32_t turn = 0; turn < 5; turn++) {
    this_node = turn % 2;
    weft_flush(own.ctx);
    struct weft_slab_figures before = stats_of(own.slab);
    for (size_t i = 0; i < 100; i++) {
      ck_assert_ptr_nonnull(p[i] = weft_alloc(own.ctx, 700 * i));
      struct slab_place place;
      ck_assert_int_eq(weft__slab_find(own.slab, p[i], &place), WEFT_OK);
      ck_assert_uint_eq(place.node, this_node);
    }
    this_node = 1 - this_node;
    weft_flush(own.ctx); /* with objects live, which then are another node's */
    struct weft_slab_figures after = stats_of(own.slab);
    ck_assert_uint_eq(after.live_objects, before.live_objects + 100);
    ck_assert_uint_eq(after.allocations, before.allocations + 100);
    ck_assert_uint_eq(after.magazine_hits + after.magazine_misses, before.magazine_hits + before.magazine_misses + 100);
    for (size_t i = 0; i < 100; i++)
      ck_assert_int_eq(weft_free(own.ctx, p[i]), WEFT_OK);
    ck_assert_uint_eq(stats_of(own.slab).live_objects, before.live_objects);
  }
  fixture_close(&own);
}
END_TEST

/* Threads */

static atomic_bool done;
static weft_slab *shared;

static void *work(void *argument) {
  enum { LIVE = 400 };
  struct slab_cache cache;
  weft__cache_open(&cache, shared);
  weft_ctx *ctx = (weft_ctx *)(void *)&cache;
  struct rng rng = {rng_case_seed((size_t)(uintptr_t)argument)};
  static _Thread_local struct object mine[LIVE];
  size_t wrong = 0;
  for (int step = 0; step < 20000 || !atomic_load(&done); step++) {
    size_t i = rng_upto(&rng, LIVE - 1);
    if (mine[i].at != NULL) {
      wrong += !is_stamped(mine[i].at, i, mine[i].bytes);
      wrong += weft_free(ctx, mine[i].at) != WEFT_OK;
      mine[i].at = NULL;
    } else {
      mine[i].bytes = 1 + random_size(&rng) % 9000;
      mine[i].at = weft_alloc(ctx, mine[i].bytes);
      if (mine[i].at == NULL)
        wrong++;
      else
        stamp(mine[i].at, i, mine[i].bytes);
    }
  }
  for (size_t i = 0; i < LIVE; i++)
    wrong += mine[i].at != NULL && weft_free(ctx, mine[i].at) != WEFT_OK;
  weft__cache_close(&cache);
  weft__slab_unref(shared);
  return (void *)(uintptr_t)wrong;
}

/* A hundred times, and on until something could be given back: the workers may have had no processor yet. */
static void *trim_meanwhile(void *argument) {
  for (int i = 0; i < 100 || (i < 1000000 && GET(shared->returned) == 0); i++)
    (void)!weft_slab_trim(shared, NULL);
  return argument;
}

START_TEST(trims_by_two_threads_leave_what_others_work_with) {
  shared = f.slab;
  pthread_t workers[2], trimmers[2];
  atomic_store(&done, false);
  for (size_t i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&workers[i], NULL, work, (void *)(uintptr_t)i), 0);
  for (size_t i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&trimmers[i], NULL, trim_meanwhile, NULL), 0);
  for (size_t i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_join(trimmers[i], NULL), 0);
  atomic_store(&done, true);
  for (size_t i = 0; i < 2; i++) {
    void *wrong;
    ck_assert_int_eq(pthread_join(workers[i], &wrong), 0);
    ck_assert_msg(wrong == NULL, "thread %zu: %zu calls went wrong", i, (size_t)(uintptr_t)wrong);
  }
  ck_assert_uint_gt(GET(f.slab->returned), 0);
  trim();
  ck_assert_uint_eq(stats_of(f.slab).slabs, 0);
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 0);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_loop_test(tcase, a_trim_leaves_the_pages_with_live_objects_and_no_others, 0, SIZES);
  tcase_add_loop_test(tcase, purged_objects_are_given_out_again_and_counted, 0, SIZES);
  tcase_add_loop_test(tcase, random_work_with_trims_between_leaves_contents_and_figures_right, 0, 3);
  tcase_add_test(tcase, a_second_free_of_a_purged_object_is_found);
  tcase_add_test(tcase, a_twin_of_a_purged_object_is_dropped_by_its_slab);
  tcase_add_test(tcase, purged_pages_read_as_zeros_and_take_writes);
  tcase_add_test(tcase, a_trim_asks_every_context_once);
  tcase_add_test(tcase, a_flush_empties_the_magazines_and_no_figure_changes);
  tcase_add_test(tcase, a_flush_takes_the_context_to_the_thread_s_node);
  tcase_add_test(tcase, trims_by_two_threads_leave_what_others_work_with);
}

int main(void) {
  return suite_main("slab_trim", add_tests);
}
