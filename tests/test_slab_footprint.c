/* SPDX-License-Identifier: MIT
 *
 * What a slab says of its memory: the peak, what is active, free and touched, fragmentation, slabs that came and went.
 */
#include "tests/one_slab.h"
#include <math.h>

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

static uint64_t page_up(uint64_t bytes) {
  return (bytes + f.slab->page_bytes - 1) / f.slab->page_bytes * f.slab->page_bytes;
}

static bool near(double a, double b) {
  return fabs(a - b) < 1e-9;
}

START_TEST(the_peak_is_the_most_that_was_committed) {
  enum { N = 40 };
  static void *held[N];
  struct rng rng = {rng_case_seed(0)};
  uint64_t peak = stats_of(f.slab).committed_bytes;
  for (int step = 0; step < 400; step++) {
    void **at = &held[rng_upto(&rng, N - 1)];
    ck_assert_int_eq(weft_free(f.ctx, *at), WEFT_OK);
    *at = weft_alloc(f.ctx, (2 << 20) + rng_upto(&rng, 8 << 20));
    struct weft_slab_figures stats = stats_of(f.slab);
    peak = stats.committed_bytes > peak ? stats.committed_bytes : peak;
    ck_assert_uint_eq(stats.peak_committed_bytes, peak);
  }
  for (int i = 0; i < N; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  ck_assert_uint_eq(stats_of(f.slab).peak_committed_bytes, peak);
}
END_TEST

START_TEST(a_refused_request_is_no_peak) {
  open_own(0, 8 << 20);
  uint64_t before = stats_of(own.slab).peak_committed_bytes;
  ck_assert_ptr_null(weft_alloc(own.ctx, 9 << 20));
  ck_assert_uint_eq(stats_of(own.slab).peak_committed_bytes, before);
  fixture_close(&own);
}
END_TEST

START_TEST(memory_that_no_object_has_left_is_not_resident) {
  void *half = weft_alloc(f.ctx, FITS(RUN_MAX_BYTES));
  struct weft_slab_figures first = stats_of(f.slab);
  ck_assert_uint_eq(first.active_bytes, RUN_MAX_BYTES);
  ck_assert_uint_eq(first.resident_bytes, first.committed_bytes);
  void *page = weft_alloc(f.ctx, CLASS_MAX_BYTES + 1); /* for which the slab grows to its end, and of which some are cut */
  struct weft_slab_class_figures runs = class_of_slab(f.slab, 0, class_for(CLASS_MAX_BYTES + 1));
  uint64_t cut = (runs.live_objects + runs.cached_objects + runs.free_objects) * (runs.bytes + ANNOTATE_RED_ZONE);
  ck_assert_uint_eq(cut, runs.active_bytes);
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.active_bytes, SLAB_BYTES);
  ck_assert_uint_eq(stats.committed_bytes - stats.resident_bytes, SLAB_BYTES - RUN_MAX_BYTES - cut);
  ck_assert_uint_eq(stats.free_bytes, SLAB_BYTES - RUN_MAX_BYTES - cut);
  ck_assert_int_eq(weft_free(f.ctx, half) | weft_free(f.ctx, page), WEFT_OK);
  ck_assert_uint_eq(stats_of(f.slab).resident_bytes, stats.resident_bytes);
  open_own(1, 0);
  void *object = weft_alloc(own.ctx, 5000);
  stats = stats_of(own.slab);
  ck_assert_uint_eq(stats.committed_bytes - stats.resident_bytes,
                    COMMIT_STEP - page_up(weft__classes[class_for(5000)].bytes));
  ck_assert_int_eq(weft_free(own.ctx, object), WEFT_OK);
  fixture_close(&own);
}
END_TEST

/* Live objects apart by more than pages, so that a trim finds pages between them; with and without runs. */
START_TEST(what_a_trim_gives_back_is_neither_active_nor_free) {
  enum { N = 20000 };
  static void *held[N];
  for (int i = 0; i < N; i++)
    ck_assert_ptr_nonnull(held[i] = weft_alloc(f.ctx, i % 100 == 99 ? 100000 : 1000));
  for (int i = 0; i < N; i++)
    if (i % 40 != 0 && i % 300 != 99) {
      ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
      held[i] = NULL;
    }
  weft_flush(f.ctx);
  struct weft_slab_figures before = stats_of(f.slab), after;
  size_t bytes;
  ck_assert_int_eq(weft_slab_trim(f.slab, &bytes), WEFT_OK);
  after = stats_of(f.slab);
  ck_assert_uint_gt(bytes, 10 << 20);
  ck_assert_uint_eq(before.active_bytes - after.active_bytes, bytes);
  ck_assert_uint_eq(before.committed_bytes - after.committed_bytes, bytes);
  ck_assert_uint_eq(after.live_bytes, before.live_bytes);
  ck_assert_uint_le(after.live_bytes + after.free_bytes, after.active_bytes);
  ck_assert_uint_le(after.resident_bytes, after.committed_bytes);
  uint64_t registry = after.committed_bytes - after.active_bytes;
  for (int i = 0; i < N; i++) {
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
    ck_assert_ptr_nonnull(held[i] = weft_alloc(f.ctx, i % 100 == 99 ? 100000 : 1000)); /* takes memory again */
  }
  struct weft_slab_figures full = stats_of(f.slab);
  ck_assert_uint_ge(full.committed_bytes - full.active_bytes, registry);
  ck_assert_uint_le(full.live_bytes + full.cached_bytes + full.free_bytes, full.active_bytes);
  ck_assert_uint_ge(full.resident_bytes, full.live_bytes);
  for (int i = 0; i < N; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  weft_flush(f.ctx);
  ck_assert_int_eq(weft_slab_trim(f.slab, NULL), WEFT_OK);
  after = stats_of(f.slab);
  ck_assert_uint_eq(after.active_bytes, 0);
  ck_assert_uint_eq(after.free_bytes, 0);
  ck_assert_uint_eq(after.resident_bytes, after.committed_bytes);
}
END_TEST

START_TEST(what_a_class_has_touched_of_its_slabs_is_resident) {
  void *first = weft_alloc(f.ctx, FITS(1024)), *held[2000];
  struct weft_slab_class_figures before, after;
  size_t class_ = class_of(1024);
  ck_assert_int_eq(weft_slab_class_stats(f.slab, class_, &before, sizeof before), WEFT_OK);
  ck_assert_uint_gt(before.resident_bytes, 0);
  ck_assert_uint_lt(before.resident_bytes, before.active_bytes); /* a step of memory is more than the first magazine */
  for (int i = 0; i < 2000; i++)
    ck_assert_ptr_nonnull(held[i] = weft_alloc(f.ctx, FITS(1024)));
  ck_assert_int_eq(weft_slab_class_stats(f.slab, class_, &after, sizeof after), WEFT_OK);
  ck_assert_uint_ge(after.resident_bytes, 2001 * 1024);
  ck_assert_uint_le(after.resident_bytes, after.active_bytes);
  for (int i = 0; i < 2000; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, first), WEFT_OK);
}
END_TEST

START_TEST(mapped_memory_that_is_kept_is_free) {
  struct weft_slab_figures before = stats_of(f.slab), after;
  ck_assert_int_eq(weft_free(f.ctx, weft_alloc(f.ctx, FITS(8 << 20))), WEFT_OK);
  after = stats_of(f.slab);
  ck_assert_uint_eq(after.active_bytes - before.active_bytes, 8 << 20);
  ck_assert_uint_eq(after.free_bytes - before.free_bytes, 8 << 20);
  void *smaller = weft_alloc(f.ctx, FITS((8 << 20) - 65536));
  after = stats_of(f.slab);
  ck_assert_uint_eq(after.live_bytes, FITS((8 << 20) - 65536));
  ck_assert_uint_eq(after.active_bytes - before.active_bytes, 8 << 20);
  ck_assert_uint_eq(after.free_bytes, before.free_bytes);
  ck_assert_int_eq(weft_free(f.ctx, smaller), WEFT_OK);
}
END_TEST

START_TEST(internal_fragmentation_is_what_nobody_asked_for) {
  enum { N = 300 };
  static void *held[2 * N];
  open_own(1, 0); /* no magazines: every size is noted */
  for (size_t i = 0; i < N; i++) {
    held[2 * i] = weft_alloc(own.ctx, FITS(65));
    held[2 * i + 1] = i % 2 == 0 ? weft_alloc(own.ctx, FITS(600)) : weft__slab_alloc(own.slab, FITS(640));
  }
  ck_assert(near(class_of_slab(own.slab, 0, class_for(FITS(65))).internal_fragmentation, 15.0 / FITS(80)));
  ck_assert(near(class_of_slab(own.slab, 0, class_for(FITS(600))).internal_fragmentation, 20.0 / FITS(640)));
  struct weft_slab_figures stats = stats_of(own.slab);
  ck_assert(near(stats.internal_fragmentation, (15.0 + 20) / (FITS(80) + FITS(640))));
  ck_assert(near(stats.external_fragmentation, 1 - (double)stats.live_bytes / (double)stats.active_bytes));
  for (size_t i = 0; i < 2 * N; i++)
    ck_assert_int_eq(weft_free(own.ctx, held[i]), WEFT_OK);
  ck_assert(near(stats_of(own.slab).external_fragmentation, 1));
  fixture_close(&own);
}
END_TEST

START_TEST(slabs_made_less_slabs_returned_are_in_use) {
  enum { N = 2000 };
  static void *held[N];
  size_t sizes[] = {32000, 200000};
  for (int s = 0; s < 2; s++) {
    for (int i = 0; i < N; i++)
      ck_assert_ptr_nonnull(held[i] = weft_alloc(f.ctx, sizes[s]));
    for (int i = 0; i < N; i++)
      ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
    struct weft_slab_figures stats = stats_of(f.slab);
    ck_assert_uint_eq(stats.slabs, stats.slabs_made - stats.slabs_returned);
    ck_assert_uint_ge(stats.slabs_made, (s == 0 ? 0 : N * sizes[0] / SLAB_BYTES) + N * sizes[s] / SLAB_BYTES);
    ck_assert_uint_ge(stats.slabs_returned, N * sizes[s] / SLAB_BYTES / 2);
  }
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, the_peak_is_the_most_that_was_committed);
  tcase_add_test(tcase, a_refused_request_is_no_peak);
  tcase_add_test(tcase, memory_that_no_object_has_left_is_not_resident);
  tcase_add_test(tcase, what_a_trim_gives_back_is_neither_active_nor_free);
  tcase_add_test(tcase, what_a_class_has_touched_of_its_slabs_is_resident);
  tcase_add_test(tcase, mapped_memory_that_is_kept_is_free);
  tcase_add_test(tcase, internal_fragmentation_is_what_nobody_asked_for);
  tcase_add_test(tcase, slabs_made_less_slabs_returned_are_in_use);
}

int main(void) {
  return suite_main("slab_footprint", add_tests);
}
