/* SPDX-License-Identifier: MIT
 *
 * A slab's life and its limits: options, the limit of bytes, the end of the range, requests that fail, release.
 */
#include "tests/one_slab.h"

static struct fixture own; /* for tests that set a slab's options */

/* Limits */

START_TEST(a_limit_refuses_what_would_pass_it) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = 32 << 20;
  fixture_open_with(&own, &options);
  for (size_t kind = 0; kind < KINDS; kind++) {
    static void *held[3 << 20];
    size_t n = 0, room = kinds[kind] + ANNOTATE_RED_ZONE;
    struct slab_tally none = {0}, *tally = room > RUN_MAX_BYTES ? &none : &own.cache.tallies[weft__class_aligned(room, 1)];
    uint64_t misses = 0;
    for (; (held[n] = weft_alloc(own.ctx, kinds[kind])) != NULL; n++)
      misses = GET(tally->misses);
    ck_assert_msg(GET(tally->misses) == misses, "a refused request counts as a miss");
    ck_assert_int_eq(own.cache.status, WEFT_E_LIMIT);
    ck_assert_msg(strstr(own.cache.message, "limit of 33554432") != NULL, "%s", own.cache.message);
    struct weft_slab_figures stats = stats_of(own.slab);
    ck_assert_msg(stats.committed_bytes <= options.limit_bytes, "%" PRIu64 " bytes taken", stats.committed_bytes);
    ck_assert_msg(stats.mapped > 0 || stats.magazine_hits + stats.magazine_misses == stats.allocations + stats.frees,
                  "%" PRIu64 " hits, %" PRIu64 " misses", stats.magazine_hits, stats.magazine_misses);
    ck_assert_msg(stats.live_bytes + n * ANNOTATE_RED_ZONE >= 20 << 20, "refused with %" PRIu64 " bytes live",
                  stats.live_bytes);
    weft_status status;
    ck_assert_ptr_null(weft__slab_take(own.slab, 3 << 20, &status));
    ck_assert_int_eq(status, WEFT_E_LIMIT);
    while (n > 0)
      EXPECT(weft_free(own.ctx, held[--n]) == WEFT_OK, "%s", own.cache.message);
  }
  fixture_close(&own);
}
END_TEST

START_TEST(a_limit_below_the_registry_refuses_the_slab) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  size_t page = weft__os_page_bytes(), least = 72 << 10; /* as slab.h says, where pages are of 4 KiB */
  options.limit_bytes = page == 4096 ? least - 1 : page;
  weft_slab *slab = (weft_slab *)&options;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_E_LIMIT);
  ck_assert_ptr_null(slab);
  options.limit_bytes = least;
  if (page == 4096) {
    ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_OK);
    ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  }
}
END_TEST

START_TEST(a_range_that_is_full_refuses_and_serves_again) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = 256 << 20;
  fixture_open_with(&own, &options);
  ck_assert_uint_eq(stats_of(own.slab).reserved_bytes, 256 << 20);
  void *held[256];
  for (int round = 0; round < 3; round++) {
    int n = 0;
    while ((held[n] = weft_alloc(own.ctx, 3 << 20)) != NULL)
      n++;
    ck_assert_int_ge(n, 62);
    ck_assert_int_eq(own.cache.status, WEFT_E_NOMEM);
    while (n > 0)
      ck_assert_int_eq(weft_free(own.ctx, held[--n]), WEFT_OK);
  }
  fixture_close(&own);
}
END_TEST

START_TEST(each_request_fails_once_and_leaves_the_slab_whole) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  bool passed = false;
  uint64_t countdown = 1, in_all = 0;
  for (; !passed; countdown++) {
    weft__slab_fail_at(slab, countdown);
    uint64_t before = weft__slab_requests(slab);
    weft__cache_open(&own.cache, slab);
    own.ctx = (weft_ctx *)(void *)&own.cache;
    void *held[KINDS] = {NULL};
    int refused = 0;
    for (size_t kind = 0; kind < KINDS; kind++)
      if ((held[kind] = weft_alloc(own.ctx, kinds[kind])) == NULL)
        refused++;
      else
        memset(held[kind], 1, kinds[kind]);
    void *moved = weft_realloc(own.ctx, held[1], 100000);
    refused += moved == NULL;
    held[1] = moved != NULL ? moved : held[1];
    in_all += (unsigned)refused;
    passed = weft__slab_requests(slab) - before < countdown;
    ck_assert_msg(refused <= 1, "request %" PRIu64 ": %d were refused", countdown, refused);
    ck_assert_msg(!passed || refused == 0, "request %" PRIu64 " is past the last", countdown);
    ck_assert_msg(refused == 0 || own.cache.message[0] != 0, "request %" PRIu64 ": no message", countdown);
    for (size_t kind = 0; kind < KINDS; kind++)
      ck_assert_int_eq(weft_free(own.ctx, held[kind]), WEFT_OK);
    weft__cache_close(&own.cache);
    weft__slab_unref(slab);
    ck_assert_uint_eq(stats_of(slab).live_objects, 0);
    weft__depot_trim(slab);
  }
  ck_assert_msg(in_all > KINDS, "%" PRIu64 " refusals of %" PRIu64 " requests", in_all, countdown);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

/* Life */

START_TEST(release_is_refused_while_something_is_live) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  void *p = weft__slab_alloc(slab, 100);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_E_BUSY);
  ck_assert_msg(strstr(weft__cache_words(NULL), ": 1 objects of ") != NULL, "%s", weft__cache_words(NULL));
  ck_assert_int_eq(weft_slab_free(slab, p), WEFT_OK);
  weft__slab_ref(slab);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_E_BUSY);
  weft__slab_unref(slab);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

START_TEST(options_that_are_none_are_refused) {
  struct weft_slab_options options;
  weft_slab *slab;
  weft_slab_options_init(&options, sizeof options);
  ck_assert_int_eq(weft_slab_create(&options, NULL), WEFT_E_INVALID);
  options.size = 8;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_E_INVALID);
  options.size = sizeof options;
  options.reserve_bytes = 1 << 20;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_E_INVALID);
  ck_assert_ptr_null(slab);
  struct {
    struct weft_slab_options known;
    size_t unknown;
  } newer = {.unknown = 0};
  weft_slab_options_init(&newer.known, sizeof newer);
  newer.unknown = 1;
  ck_assert_int_eq(weft_slab_create(&newer.known, &slab), WEFT_E_INVALID);
  newer.unknown = 0;
  ck_assert_int_eq(weft_slab_create(&newer.known, &slab), WEFT_OK);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

START_TEST(null_where_there_is_nothing_is_no_harm) {
  struct weft_slab_figures stats;
  weft_slab_options_init(NULL, 8);
  ck_assert_int_eq(weft_slab_release(NULL), WEFT_OK);
  ck_assert_ptr_null(weft_alloc(NULL, 1));
  ck_assert_ptr_null(weft_zalloc(NULL, 1));
  ck_assert_ptr_null(weft_aligned_alloc(NULL, 1, 16));
  ck_assert_ptr_null(weft_aligned_alloc(NULL, 1, 3));
  ck_assert_ptr_null(weft_realloc(NULL, f.ctx, 1));
  ck_assert_int_eq(weft_free(NULL, f.ctx), WEFT_E_INVALID);
  ck_assert_int_eq(weft_free_sized(NULL, f.ctx, 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_free(NULL, f.ctx), WEFT_E_INVALID);
  ck_assert_int_eq(weft_free(f.ctx, NULL), WEFT_OK);
  ck_assert_int_eq(weft_free_sized(f.ctx, NULL, 1), WEFT_OK);
  ck_assert_int_eq(weft_slab_free(f.slab, NULL), WEFT_OK);
  ck_assert_uint_eq(weft_usable_size(f.ctx, NULL), 0);
  ck_assert_uint_eq(weft_usable_size(NULL, f.ctx), 0);
  ck_assert_int_eq(weft_slab_stats(NULL, &stats, sizeof stats), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_stats(f.slab, NULL, sizeof stats), WEFT_E_INVALID);
  void *p = weft_realloc(f.ctx, NULL, 10);
  ck_assert_ptr_nonnull(p);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, a_limit_refuses_what_would_pass_it);
  tcase_add_test(tcase, a_limit_below_the_registry_refuses_the_slab);
  tcase_add_test(tcase, a_range_that_is_full_refuses_and_serves_again);
  tcase_add_test(tcase, each_request_fails_once_and_leaves_the_slab_whole);
  tcase_add_test(tcase, release_is_refused_while_something_is_live);
  tcase_add_test(tcase, options_that_are_none_are_refused);
  tcase_add_test(tcase, null_where_there_is_nothing_is_no_harm);
}

int main(void) {
  return suite_main("slab_limits", add_tests);
}
