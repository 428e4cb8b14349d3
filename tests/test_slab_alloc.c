/* SPDX-License-Identifier: MIT
 *
 * Allocations of a slab on one thread: sizes, alignment, contents, resizing.
 */
#include "tests/one_slab.h"

static struct fixture own; /* for tests that set a slab's options */

/* Giving out */

START_TEST(every_size_is_given_aligned_and_usable) {
  for (size_t bytes = 0; bytes <= 40000; bytes++) {
    uint8_t *p = weft_alloc(f.ctx, bytes);
    EXPECT(p, "%zu bytes: %s", bytes, f.cache.message);
    size_t usable = weft_usable_size(f.ctx, p);
    EXPECT(usable >= bytes && usable >= 1, "%zu bytes: %zu usable", bytes, usable);
    EXPECT((uintptr_t)p % (bytes >= 512 ? 64 : 16) == 0, "%zu bytes at %p", bytes, (void *)p);
    p[0] = p[usable - 1] = 1;
    EXPECT(weft_free_sized(f.ctx, p, bytes) == WEFT_OK, "%zu bytes: %s", bytes, f.cache.message);
  }
}
END_TEST

START_TEST(large_sizes_are_given_and_usable_to_the_end) {
  struct rng rng = {rng_case_seed(0)};
  for (int i = 0; i < 200; i++) {
    size_t bytes = 32000 + rng_upto(&rng, i % 8 == 0 ? 64 << 20 : 4 << 20);
    uint8_t *p = weft_alloc(f.ctx, bytes);
    ck_assert_msg(p != NULL, "%zu bytes: %s", bytes, f.cache.message);
    size_t usable = weft_usable_size(f.ctx, p);
    ck_assert_msg(usable >= bytes && (uintptr_t)p % 64 == 0, "%zu bytes at %p, %zu usable", bytes, (void *)p, usable);
    p[0] = p[usable - 1] = 1;
    ck_assert_msg(weft_free_sized(f.ctx, p, bytes) == WEFT_OK, "%zu bytes: %s", bytes, f.cache.message);
  }
}
END_TEST

START_TEST(aligned_requests_are_aligned) {
  for (size_t align = 1; align <= MAX_ALIGN; align *= 2)
    for (size_t bytes = 0; bytes <= 5 << 20; bytes = bytes * 3 / 2 + 1) {
      void *held[3];
      for (int i = 0; i < 3; i++) {
        held[i] = weft_aligned_alloc(f.ctx, bytes, align);
        EXPECT(held[i], "%zu bytes at %zu: %s", bytes, align, f.cache.message);
        EXPECT((uintptr_t)held[i] % align == 0, "%zu bytes at %zu: %p", bytes, align, held[i]);
        EXPECT(weft_usable_size(f.ctx, held[i]) >= bytes, "%zu bytes at %zu", bytes, align);
        memset(held[i], i, bytes);
      }
      for (int i = 0; i < 3; i++)
        EXPECT(weft_free_sized(f.ctx, held[i], bytes) == WEFT_OK, "%zu bytes at %zu: %s", bytes, align, f.cache.message);
    }
}
END_TEST

START_TEST(alignments_that_are_none_are_refused) {
  const size_t none[] = {0, 3, 48, 4 << 20, SIZE_MAX};
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
    ck_assert_ptr_null(weft_aligned_alloc(f.ctx, 64, none[i]));
    ck_assert_int_eq(f.cache.status, WEFT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(f.cache.message, "alignment"));
  }
}
END_TEST

START_TEST(zalloc_is_zero_where_memory_was_used_before) {
  for (size_t bytes = 1; bytes <= 3 << 20; bytes = bytes * 2 + 7) {
    void *dirty = weft_alloc(f.ctx, bytes);
    memset(dirty, 0xEE, bytes);
    ck_assert_int_eq(weft_free(f.ctx, dirty), WEFT_OK);
    const uint8_t *p = weft_zalloc(f.ctx, bytes);
    for (size_t i = 0; i < bytes; i++)
      EXPECT(p[i] == 0, "%zu bytes: byte %zu is %u", bytes, i, p[i]);
    ck_assert_int_eq(weft_free(f.ctx, (void *)p), WEFT_OK);
  }
}
END_TEST

START_TEST(sizes_that_no_memory_holds_are_refused_with_a_message) {
  const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX / 2, (size_t)2 << 40};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    ck_assert_ptr_null(weft_alloc(f.ctx, sizes[i]));
    ck_assert_ptr_null(weft_aligned_alloc(f.ctx, sizes[i], 4096));
    ck_assert_ptr_null(weft__slab_alloc(f.slab, sizes[i]));
    ck_assert_int_eq(f.cache.status, WEFT_E_NOMEM);
  }
  ck_assert_uint_eq(stats_of(f.slab).refused, 3 * sizeof sizes / sizeof sizes[0]);
}
END_TEST

START_TEST(without_magazines_all_is_served_as_well) {
  ck_assert_int_eq(weft_slab_create(NULL, &own.slab), WEFT_OK);
  weft__slab_fail_at(own.slab, 0);
  weft__cache_open(&own.cache, own.slab);
  own.ctx = (weft_ctx *)(void *)&own.cache;
  for (size_t bytes = 0; bytes < 40000; bytes += 97) {
    uint64_t before = weft__slab_requests(own.slab);
    void *p = weft_alloc(own.ctx, bytes);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_gt(weft__slab_requests(own.slab), before);
    ck_assert_int_eq(weft_free(own.ctx, p), WEFT_OK);
    ck_assert_int_eq(weft_free(own.ctx, p), WEFT_E_DOUBLE_FREE);
    ck_assert_uint_eq(stats_of(own.slab).cached_bytes, 0);
  }
  fixture_close(&own);
}
END_TEST

/* Contents under random work, against a shadow of what should be there */

enum { SHADOWS = 1500 };
static struct {
  uint8_t *p;
  size_t bytes;
  uint64_t tag;
} shadow[SHADOWS];

static void shadow_check(size_t i) {
  size_t bad = unmarked(shadow[i].p, shadow[i].tag, shadow[i].bytes);
  EXPECT(bad == shadow[i].bytes, "byte %zu of %zu at %p is another's", bad, shadow[i].bytes, (void *)shadow[i].p);
}

static void shadow_step(struct rng *rng, size_t i) {
  size_t bytes = random_size(rng);
  size_t align = (size_t)1 << rng_upto(rng, 13);
  if (shadow[i].p == NULL) {
    uint8_t *p = rng_percent(rng, 20) ? weft_aligned_alloc(f.ctx, bytes, align) : weft_alloc(f.ctx, bytes);
    EXPECT(p, "%zu bytes: %s", bytes, f.cache.message);
    shadow[i].p = p;
    shadow[i].tag = rng_next(rng);
    mark(p, shadow[i].tag, 0, bytes);
    shadow[i].bytes = bytes;
    return;
  }
  shadow_check(i);
  if (rng_percent(rng, 30)) {
    uint8_t *p = weft_realloc(f.ctx, shadow[i].p, bytes);
    EXPECT(p, "resizing %zu to %zu bytes: %s", shadow[i].bytes, bytes, f.cache.message);
    size_t kept = bytes < shadow[i].bytes ? bytes : shadow[i].bytes;
    shadow[i].p = p;
    shadow[i].bytes = kept;
    shadow_check(i);
    mark(p, shadow[i].tag, kept, bytes);
    shadow[i].bytes = bytes;
    return;
  }
  weft_status status = rng_percent(rng, 20)   ? weft_slab_free(f.slab, shadow[i].p)
                       : rng_percent(rng, 20) ? weft_free_sized(f.ctx, shadow[i].p, shadow[i].bytes)
                                              : weft_free(f.ctx, shadow[i].p);
  EXPECT(status == WEFT_OK, "%s: %s", weft_status_text(status), f.cache.message);
  shadow[i].p = NULL;
}

START_TEST(contents_stay_whole_under_random_work_and_figures_add_up) {
  uint64_t seed = rng_case_seed((size_t)_i);
  struct rng rng = {seed};
  for (int step = 0; step < 60000; step++)
    shadow_step(&rng, rng_upto(&rng, SHADOWS - 1));
  uint64_t live = 0, bytes = 0;
  for (size_t i = 0; i < SHADOWS; i++) {
    if (shadow[i].p == NULL)
      continue;
    shadow_check(i);
    live++;
    bytes += weft_usable_size(f.ctx, shadow[i].p);
  }
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_msg(stats.live_objects == live && stats.live_bytes == bytes,
                "seed %" PRIu64 ": %" PRIu64 " objects of %" PRIu64 " bytes, not %" PRIu64 " of %" PRIu64, seed,
                stats.live_objects, stats.live_bytes, live, bytes);
  ck_assert_uint_eq(stats.allocations - stats.frees, live);
  ck_assert_uint_le(stats.cached_bytes, 16 << 20);
  for (size_t i = 0; i < SHADOWS; i++)
    ck_assert_int_eq(weft_free(f.ctx, shadow[i].p), WEFT_OK);
  memset(shadow, 0, sizeof shadow);
}
END_TEST

/* Resizing */

START_TEST(realloc_stays_in_place_while_its_class_fits) {
  const size_t sizes[][2] = {{100, 112}, {33000, 36864}, {2 << 20, (2 << 20) - 5000}, {(3 << 20) + 1, 4 << 20}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    void *p = weft_alloc(f.ctx, sizes[i][0]);
    ck_assert_ptr_eq(weft_realloc(f.ctx, p, sizes[i][1]), p);
    ck_assert_uint_ge(weft_usable_size(f.ctx, p), sizes[i][1]);
    memset(p, 1, sizes[i][1]);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

START_TEST(realloc_of_a_mapped_allocation_takes_slots_behind_it) {
  uint8_t *p = weft_alloc(f.ctx, 2 << 20);
  mark(p, 1, 0, 2 << 20);
  ck_assert_ptr_eq(weft_realloc(f.ctx, p, 9 << 20), p);
  ck_assert_uint_eq(unmarked(p, 1, 2 << 20), 2 << 20);
  ck_assert_int_eq(weft_free(f.ctx, p + (8 << 20)), WEFT_E_INVALID);
  uint64_t committed = stats_of(f.slab).committed_bytes;
  ck_assert_ptr_eq(weft_realloc(f.ctx, p, 3 << 20), p);
  ck_assert_uint_eq(stats_of(f.slab).committed_bytes, committed - (6 << 20));
  ck_assert_int_eq(weft_free(f.ctx, p + (8 << 20)), WEFT_E_FOREIGN);
  uint8_t *q = weft_alloc(f.ctx, 2 << 20);
  ck_assert_ptr_eq(q, p + (4 << 20));
  uint8_t *moved = weft_realloc(f.ctx, p, 5 << 20);
  ck_assert_ptr_ne(moved, p);
  ck_assert_uint_eq(unmarked(moved, 1, 2 << 20), 2 << 20);
  ck_assert_int_eq(weft_free(f.ctx, q), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, moved), WEFT_OK);
}
END_TEST

START_TEST(realloc_of_what_is_not_live_fails_and_says_so) {
  char *p = weft_alloc(f.ctx, 100);
  int local = 0;
  ck_assert_ptr_null(weft_realloc(f.ctx, &local, 10));
  ck_assert_int_eq(f.cache.status, WEFT_E_FOREIGN);
  ck_assert_ptr_null(weft_realloc(f.ctx, p + 16, 10));
  ck_assert_int_eq(f.cache.status, WEFT_E_INVALID);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  ck_assert_ptr_null(weft_realloc(f.ctx, p, 10));
  ck_assert_int_eq(f.cache.status, WEFT_E_DOUBLE_FREE);
  ck_assert_ptr_nonnull(strstr(f.cache.message, "resizing of 0x"));
}
END_TEST

START_TEST(realloc_that_cannot_grow_leaves_the_object) {
  uint8_t *p = weft_alloc(f.ctx, 5000);
  mark(p, 9, 0, 5000);
  ck_assert_ptr_null(weft_realloc(f.ctx, p, SIZE_MAX / 2));
  ck_assert_uint_eq(unmarked(p, 9, 5000), 5000);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, every_size_is_given_aligned_and_usable);
  tcase_add_test(tcase, large_sizes_are_given_and_usable_to_the_end);
  tcase_add_test(tcase, aligned_requests_are_aligned);
  tcase_add_test(tcase, alignments_that_are_none_are_refused);
  tcase_add_test(tcase, zalloc_is_zero_where_memory_was_used_before);
  tcase_add_test(tcase, sizes_that_no_memory_holds_are_refused_with_a_message);
  tcase_add_test(tcase, without_magazines_all_is_served_as_well);
  tcase_add_loop_test(tcase, contents_stay_whole_under_random_work_and_figures_add_up, 0, 4);
  tcase_add_test(tcase, realloc_stays_in_place_while_its_class_fits);
  tcase_add_test(tcase, realloc_of_a_mapped_allocation_takes_slots_behind_it);
  tcase_add_test(tcase, realloc_of_what_is_not_live_fails_and_says_so);
  tcase_add_test(tcase, realloc_that_cannot_grow_leaves_the_object);
}

int main(void) {
  return suite_main("slab_alloc", add_tests);
}
