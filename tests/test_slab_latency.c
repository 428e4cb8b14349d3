/* SPDX-License-Identifier: MIT
 *
 * Latencies: buckets, quantiles, ticks that become nanoseconds, and what is timed.
 */
#include "tests/one_slab.h"
#include <time.h>

static struct weft_latencies latencies_of(enum weft_latency_kind kind) {
  struct weft_latencies latencies;
  ck_assert_int_eq(weft_slab_latencies(f.slab, kind, &latencies, sizeof latencies), WEFT_OK);
  return latencies;
}

/* A tick of a nanosecond, so that what is recorded is what is read. */
static void equal_ticks(void) {
  SET(f.slab->tick_rate, UINT64_C(1) << 32);
}

START_TEST(buckets_hold_values_up_to_their_bounds) {
  uint64_t below = 0;
  for (size_t i = 0; i < WEFT_LATENCY_BUCKETS - 1; i++) {
    uint64_t bound = weft_latency_bound(i);
    ck_assert_uint_gt(bound, below);
    ck_assert_msg(bound - below <= below / 8 + 1, "bucket %zu is %" PRIu64 " wide from %" PRIu64, i, bound - below, below);
    ck_assert_uint_eq(latency_bucket(below), i);
    ck_assert_uint_eq(latency_bucket(bound - 1), i);
    below = bound;
  }
  ck_assert_uint_eq(below, UINT64_C(1) << 36);
  ck_assert_uint_eq(weft_latency_bound(WEFT_LATENCY_BUCKETS - 1), UINT64_MAX);
  ck_assert_uint_eq(weft_latency_bound(SIZE_MAX), UINT64_MAX);
}
END_TEST

START_TEST(what_is_recorded_is_read_in_its_bucket) {
  equal_ticks();
  uint64_t sum = 0, n = 0;
  for (uint64_t value = 0; value < UINT64_C(1) << 44; value = value * 5 / 4 + 1, n++) {
    struct weft_latencies before = latencies_of(WEFT_LATENCY_FREE_FAST), after;
    weft__latency_record(f.slab, 0, WEFT_LATENCY_FREE_FAST, value);
    after = latencies_of(WEFT_LATENCY_FREE_FAST);
    size_t bucket = value < UINT64_C(1) << 36 ? latency_bucket(value) : WEFT_LATENCY_BUCKETS - 1;
    ck_assert_msg(after.buckets[bucket] == before.buckets[bucket] + 1, "%" PRIu64 " is not in bucket %zu", value, bucket);
    ck_assert_uint_eq(after.max_ns, value);
    sum += value;
  }
  struct weft_latencies all = latencies_of(WEFT_LATENCY_FREE_FAST);
  ck_assert_uint_eq(all.count, n);
  ck_assert_uint_eq(all.sum_ns, sum);
  ck_assert_uint_eq(latencies_of(WEFT_LATENCY_ALLOC_FAST).count, 0);
}
END_TEST

START_TEST(one_of_8192_calls_that_magazines_serve_is_timed) {
  uint64_t misses = stats_of(f.slab).magazine_misses;
  for (int i = 0; i < 10 * 8192; i++) {
    void *p = weft_alloc(f.ctx, 100);
    EXPECT(p != NULL && weft_free(f.ctx, p) == WEFT_OK, "pair %d", i);
  }
  ck_assert_uint_eq(latencies_of(WEFT_LATENCY_ALLOC_FAST).count, 10);
  ck_assert_uint_eq(latencies_of(WEFT_LATENCY_FREE_FAST).count, 10);
  ck_assert_uint_eq(stats_of(f.slab).magazine_misses, misses + 1);
}
END_TEST

START_TEST(a_time_that_goes_back_counts_as_none) {
  weft__latency_record(f.slab, 0, WEFT_LATENCY_FREE_FAST, (uint64_t)-5);
  struct weft_latencies latencies = latencies_of(WEFT_LATENCY_FREE_FAST);
  ck_assert_uint_eq(latencies.buckets[0], 1);
  ck_assert_uint_eq(latencies.max_ns, 0);
}
END_TEST

START_TEST(quantiles_are_right_to_an_eighth) {
  equal_ticks();
  enum { N = 10000 };
  for (uint64_t value = 1; value <= N; value++)
    weft__latency_record(f.slab, 0, WEFT_LATENCY_MAPPED, value);
  struct weft_latencies latencies = latencies_of(WEFT_LATENCY_MAPPED);
  for (int percent = 1; percent < 100; percent++) {
    double true_value = percent * N / 100.0,
           told = (double)weft_latencies_quantile(&latencies, sizeof latencies, percent / 100.0);
    ck_assert_msg(told >= true_value && told <= true_value * 9 / 8 + 1, "%d %%: %g, not %g", percent, told, true_value);
  }
  ck_assert_uint_eq(weft_latencies_quantile(&latencies, sizeof latencies, 1), N);
  ck_assert_uint_le(weft_latencies_quantile(&latencies, sizeof latencies, 0), 2);
  struct weft_latencies none = latencies_of(WEFT_LATENCY_FREE_FAST);
  ck_assert_uint_eq(weft_latencies_quantile(&none, sizeof none, 0.5), 0);
  ck_assert_uint_eq(weft_latencies_quantile(NULL, sizeof(struct weft_latencies), 0.5), 0);
}
END_TEST

static void pause_for(long nanoseconds) {
  struct timespec time = {0, nanoseconds};
  nanosleep(&time, NULL);
}

START_TEST(ticks_become_nanoseconds) {
  pause_for(12000000);
  uint64_t from = weft__os_nanoseconds(), begin = latency_begin();
  pause_for(20000000);
  latency_end(f.slab, 0, WEFT_LATENCY_MAPPED, begin);
  double true_value = (double)(weft__os_nanoseconds() - from);
  struct weft_latencies latencies = latencies_of(WEFT_LATENCY_MAPPED);
  ck_assert_uint_eq(latencies.count, 1);
  ck_assert_msg((double)latencies.max_ns > 0.8 * true_value && (double)latencies.max_ns < 1.2 * true_value,
                "%" PRIu64 " ns, not %g", latencies.max_ns, true_value);
  uint64_t rate = GET(f.slab->tick_rate);
  ck_assert_uint_gt(rate, 0);
  pause_for(1000000);
  latencies_of(WEFT_LATENCY_MAPPED);
  ck_assert_uint_eq(GET(f.slab->tick_rate), rate); /* it stays */
}
END_TEST

START_TEST(one_of_8_slow_trips_is_timed) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.cache_bytes = 1; /* no magazines: every request is slow */
  struct weft_slab *kept = f.slab;
  struct fixture own;
  fixture_open_with(&own, &options);
  static void *held[800];
  for (int i = 0; i < 800; i++)
    held[i] = weft_alloc(own.ctx, 100);
  for (int i = 0; i < 800; i++)
    ck_assert_int_eq(weft_free(own.ctx, held[i]), WEFT_OK);
  f.slab = own.slab;
  struct weft_latencies allocations = latencies_of(WEFT_LATENCY_ALLOC_SLOW), frees = latencies_of(WEFT_LATENCY_FREE_SLOW);
  f.slab = kept;
  ck_assert_uint_eq(allocations.count, 100);
  ck_assert_uint_eq(frees.count, 100);
  ck_assert_uint_gt(allocations.sum_ns, 0);
  fixture_close(&own);
}
END_TEST

START_TEST(new_slabs_and_mapped_allocations_are_all_timed) {
  static void *held[400];
  for (int i = 0; i < 400; i++)
    held[i] = weft_alloc(f.ctx, i < 200 ? 30000 : i < 395 ? 100000 : 2 << 20);
  ck_assert_uint_eq(latencies_of(WEFT_LATENCY_NEW_SLAB).count, stats_of(f.slab).slabs_made);
  ck_assert_uint_gt(latencies_of(WEFT_LATENCY_NEW_SLAB).count, 9);
  ck_assert_uint_eq(latencies_of(WEFT_LATENCY_MAPPED).count, 5);
  for (int i = 0; i < 400; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
}
END_TEST

START_TEST(there_is_no_kind_behind_the_last) {
  struct weft_latencies latencies;
  ck_assert_int_eq(weft_slab_latencies(f.slab, WEFT_LATENCY_KINDS, &latencies, sizeof latencies), WEFT_E_INVALID);
  uint64_t words[2] = {7, 7};
  ck_assert_int_eq(
      weft_slab_latencies(f.slab, WEFT_LATENCY_MAPPED, (struct weft_latencies *)(void *)words, sizeof words[0]), WEFT_OK);
  ck_assert(words[0] == 0 && words[1] == 7);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, buckets_hold_values_up_to_their_bounds);
  tcase_add_test(tcase, what_is_recorded_is_read_in_its_bucket);
  tcase_add_test(tcase, one_of_8192_calls_that_magazines_serve_is_timed);
  tcase_add_test(tcase, a_time_that_goes_back_counts_as_none);
  tcase_add_test(tcase, quantiles_are_right_to_an_eighth);
  tcase_add_test(tcase, ticks_become_nanoseconds);
  tcase_add_test(tcase, one_of_8_slow_trips_is_timed);
  tcase_add_test(tcase, new_slabs_and_mapped_allocations_are_all_timed);
  tcase_add_test(tcase, there_is_no_kind_behind_the_last);
}

int main(void) {
  return suite_main("slab_latency", add_tests);
}
