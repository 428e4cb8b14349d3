/* SPDX-License-Identifier: MIT
 *
 * What a slab keeps and what it says of itself: magazines within their bounds, figures, memory given back.
 */
#include "tests/one_slab.h"

static struct fixture own; /* for tests that set a slab's options */

/* Magazines */

START_TEST(magazines_keep_to_cache_bytes) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.cache_bytes = 200000;
  fixture_open_with(&own, &options);
  static void *held[400];
  struct rng rng = {rng_case_seed(0)};
  for (int step = 0; step < 200000; step++) {
    void **at = &held[rng_upto(&rng, 399)];
    EXPECT(weft_free(own.ctx, *at) == WEFT_OK, "%s", own.cache.message);
    *at = weft_alloc(own.ctx, random_size(&rng) % 50000);
    if (step % 100 == 0) {
      struct weft_slab_figures stats = stats_of(own.slab);
      EXPECT(stats.cached_bytes <= options.cache_bytes, "%" PRIu64 " bytes cached", stats.cached_bytes);
    }
  }
  ck_assert_uint_gt(stats_of(own.slab).cached_bytes, 10000);
  for (int i = 0; i < 400; i++)
    ck_assert_int_eq(weft_free(own.ctx, held[i]), WEFT_OK);
  fixture_close(&own);
}
END_TEST

START_TEST(magazines_serve_95_of_100_requests) {
  static void *held[1000];
  for (int round = 0; round < 200; round++) {
    for (int i = 0; i < 1000; i++)
      held[i] = weft_alloc(f.ctx, 64);
    for (int i = 0; i < 1000; i++)
      EXPECT(weft_free(f.ctx, held[(i * 617) % 1000]) == WEFT_OK, "%s", f.cache.message);
  }
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.magazine_hits + stats.magazine_misses, 400000);
  ck_assert_msg(stats.magazine_hits >= 380000, "%" PRIu64 " hits", stats.magazine_hits);
  ck_assert_uint_gt(stats.exchanges, 0);
  ck_assert_uint_le(stats.exchanges, stats.magazine_misses);
}
END_TEST

/* Figures */

START_TEST(figures_tell_what_was_done) {
  void *small = weft_alloc(f.ctx, FITS(100)), *run = weft_alloc(f.ctx, 90000), *mapped = weft_alloc(f.ctx, 3000000);
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.live_objects, 3);
  ck_assert_uint_eq(stats.live_bytes, FITS(112) + FITS(90112) + FITS((3000000 + 4095) / 4096 * 4096));
  ck_assert_uint_eq(stats.mapped, 1);
  ck_assert_uint_eq(stats.slabs, 2);
  ck_assert_uint_eq(stats.contexts, 1);
  ck_assert_uint_eq(stats.allocations, 3);
  ck_assert_uint_eq(stats.frees, 0);
  ck_assert_uint_ge(stats.committed_bytes, stats.live_bytes + stats.cached_bytes);
  ck_assert_int_eq(weft_free(f.ctx, small), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, run), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, mapped), WEFT_OK);
  stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.live_objects, 0);
  ck_assert_uint_eq(stats.live_bytes, 0);
  ck_assert_uint_eq(stats.frees, 3);
  ck_assert_uint_eq(stats.mapped, 0);
  ck_assert_uint_ge(stats.cached_bytes, 112 + 90112);
  ck_assert_uint_eq(stats.magazine_misses, 2); /* each class's first */
  ck_assert_uint_eq(stats.magazine_hits, 2);
}
END_TEST

START_TEST(figures_of_a_closed_cache_stay) {
  ck_assert_int_eq(weft_free(f.ctx, weft_alloc(f.ctx, 64)), WEFT_OK);
  struct weft_slab_figures before = stats_of(f.slab);
  weft__cache_close(&f.cache);
  struct weft_slab_figures after = stats_of(f.slab);
  weft__slab_unref(f.slab);
  weft__cache_open(&f.cache, f.slab);
  ck_assert_uint_eq(after.allocations, before.allocations);
  ck_assert_uint_eq(after.frees, before.frees);
  ck_assert_uint_eq(after.magazine_hits, before.magazine_hits);
  ck_assert_uint_eq(after.magazine_misses, before.magazine_misses);
  ck_assert_uint_eq(after.exchanges, before.exchanges);
  ck_assert_uint_eq(after.contexts, 0);
  ck_assert_uint_eq(after.cached_bytes, 0);
}
END_TEST

START_TEST(a_caller_of_an_older_version_gets_the_figures_it_knows) {
  uint64_t figures[3] = {1, 2, 3};
  ck_assert_int_eq(weft_slab_stats(f.slab, (struct weft_slab_figures *)(void *)figures, sizeof figures[0]), WEFT_OK);
  ck_assert_uint_eq(figures[0], f.slab->range_bytes);
  ck_assert_uint_eq(figures[1], 2);
}
END_TEST

START_TEST(a_caller_of_a_newer_version_gets_zeros_for_what_is_not_known) {
  struct {
    struct weft_slab_figures known;
    uint64_t unknown[2];
  } figures;
  memset(&figures, 0xAB, sizeof figures);
  ck_assert_int_eq(weft_slab_stats(f.slab, &figures.known, sizeof figures), WEFT_OK);
  ck_assert_uint_eq(figures.known.contexts, 1);
  ck_assert(figures.unknown[0] == 0 && figures.unknown[1] == 0);
}
END_TEST

/* Memory */

START_TEST(slabs_that_are_wholly_free_go_back_to_the_system) {
  enum { N = 60000 };
  static void *held[N];
  for (size_t kind = 1; kind <= 5; kind++) {
    size_t n = (60 << 20) / kinds[kind] < N ? (60 << 20) / kinds[kind] : N;
    for (size_t i = 0; i < n; i++)
      ck_assert_ptr_nonnull(held[i] = weft_alloc(f.ctx, kinds[kind]));
    uint64_t full = stats_of(f.slab).committed_bytes;
    for (size_t i = 0; i < n; i++)
      EXPECT(weft_free(f.ctx, held[i]) == WEFT_OK, "%s", f.cache.message);
    uint64_t left = stats_of(f.slab).committed_bytes;
    ck_assert_msg(left + n * kinds[kind] / 2 < full || n * kinds[kind] < 16 << 20,
                  "%zu bytes: %" PRIu64 " of %" PRIu64 " bytes kept", kinds[kind], left, full);
  }
  weft__cache_close(&f.cache);
  weft__depot_trim(f.slab);
  struct weft_slab_figures stats = stats_of(f.slab);
  weft__slab_unref(f.slab);
  weft__cache_open(&f.cache, f.slab);
  ck_assert_uint_eq(stats.slabs, 0);
  ck_assert_msg(stats.committed_bytes < 1 << 20, "%" PRIu64 " bytes kept", stats.committed_bytes);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, magazines_keep_to_cache_bytes);
  tcase_add_test(tcase, magazines_serve_95_of_100_requests);
  tcase_add_test(tcase, figures_tell_what_was_done);
  tcase_add_test(tcase, figures_of_a_closed_cache_stay);
  tcase_add_test(tcase, a_caller_of_an_older_version_gets_the_figures_it_knows);
  tcase_add_test(tcase, a_caller_of_a_newer_version_gets_zeros_for_what_is_not_known);
  tcase_add_test(tcase, slabs_that_are_wholly_free_go_back_to_the_system);
}

int main(void) {
  return suite_main("slab_figures", add_tests);
}
