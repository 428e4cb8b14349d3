/* SPDX-License-Identifier: MIT
 *
 * Frees of a slab on one thread: what is refused and why, second frees, the twins that two frees at one instant leave.
 */
#include "tests/one_slab.h"

/* Refused */

START_TEST(free_inside_an_object_is_invalid_at_every_offset) {
  for (unsigned class_ = 0; class_ < CLASSES; class_++) {
    size_t bytes = weft__classes[class_].bytes;
    char *p = weft_alloc(f.ctx, bytes);
    for (size_t i = 1; i < bytes; i++) {
      weft_status status = weft_free(f.ctx, p + i);
      EXPECT(status == WEFT_E_INVALID, "byte %zu of %zu: %s", i, bytes, weft_status_text(status));
    }
    EXPECT(weft_free(f.ctx, p) == WEFT_OK, "%zu bytes: %s", bytes, f.cache.message);
  }
}
END_TEST

START_TEST(free_inside_a_large_object_is_invalid_to_its_last_byte) {
  for (size_t kind = 0; kind < KINDS; kind++) {
    char *p = weft_alloc(f.ctx, kinds[kind]);
    size_t usable = weft_usable_size(f.ctx, p);
    for (size_t i = 1; i < usable; i += i < 5000 ? 1 : 4093) {
      weft_status status = weft_free(f.ctx, p + i);
      EXPECT(status == WEFT_E_INVALID, "byte %zu of %zu: %s", i, usable, weft_status_text(status));
    }
    ck_assert_int_eq(weft_free(f.ctx, p + usable - 1), WEFT_E_INVALID);
    if (kinds[kind] > RUN_MAX_BYTES)
      ck_assert_int_eq(weft_free(f.ctx, p + usable + ANNOTATE_RED_ZONE), WEFT_E_FOREIGN);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

START_TEST(a_failed_free_tells_what_the_pointer_is) {
  char *p = weft_alloc(f.ctx, 90), expected[200];
  ck_assert_int_eq(weft_free(f.ctx, p + 16), WEFT_E_INVALID);
  snprintf(expected, sizeof expected, "free of %p: inside an object of 96 bytes at %p, byte 16 of it", (void *)(p + 16),
           (void *)p);
  ck_assert_str_eq(f.cache.message, expected);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_E_DOUBLE_FREE);
  snprintf(expected, sizeof expected, "free of %p: an object of 96 bytes, freed before", (void *)p);
  ck_assert_str_eq(f.cache.message, expected);
}
END_TEST

START_TEST(free_of_foreign_memory_is_refused) {
  static struct fixture other;
  fixture_open(&other);
  int local = 0;
  static int global;
  void *heap = malloc(100), *theirs = weft_alloc(other.ctx, 100), *ours = weft_alloc(f.ctx, 100);
  char *base = (char *)f.slab->base;
  void *foreign[] = {&local,
                     &global,
                     heap,
                     theirs,
                     base - 1,
                     base + f.slab->range_bytes,
                     f.slab,
                     (void *)f.slab->hot,
                     (void *)1,
                     (void *)UINTPTR_MAX,
                     base + ((size_t)100 << SLAB_SHIFT),
                     base + f.slab->range_bytes - 16};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
    weft_status status = weft_free(f.ctx, foreign[i]);
    ck_assert_msg(status == WEFT_E_FOREIGN, "pointer %zu: %s", i, weft_status_text(status));
    ck_assert_int_eq(weft_slab_free(f.slab, foreign[i]), WEFT_E_FOREIGN);
    ck_assert_uint_eq(weft_usable_size(f.ctx, foreign[i]), 0);
  }
  ck_assert_uint_eq(stats_of(f.slab).live_objects, 1);
  ck_assert_int_eq(weft_free(f.ctx, ours), WEFT_OK);
  ck_assert_int_eq(weft_free(other.ctx, theirs), WEFT_OK);
  fixture_close(&other);
  free(heap);
}
END_TEST

START_TEST(no_address_of_the_used_slots_is_freed_but_the_live_ones) {
  enum { LIVE = 40 };
  char *live[LIVE];
  struct rng rng = {rng_case_seed(0)};
  for (size_t i = 0; i < LIVE; i++)
    ck_assert_ptr_nonnull(live[i] = weft_alloc(f.ctx, i < KINDS ? kinds[i] : random_size(&rng)));
  size_t end = f.slab->known;
  while (end > 1 && (f.slab->used[(end - 1) / 64] >> (end - 1) % 64 & 1) == 0)
    end--;
  for (char *p = (char *)f.slab->base; p < (char *)f.slab->base + (end << SLAB_SHIFT); p += 16) {
    bool is_live = false;
    for (size_t i = 0; i < LIVE; i++)
      is_live |= p == live[i];
    if (!is_live)
      EXPECT(weft_slab_free(f.slab, p) != WEFT_OK, "%p was freed", (void *)p);
  }
  ck_assert_uint_eq(stats_of(f.slab).live_objects, LIVE);
  for (size_t i = 0; i < LIVE; i++)
    ck_assert_int_eq(weft_free(f.ctx, live[i]), WEFT_OK);
}
END_TEST

START_TEST(free_of_an_object_never_given_out_is_foreign) {
  char *p = weft_alloc(f.ctx, 64);
  size_t next = weft_usable_size(f.ctx, p) + ANNOTATE_RED_ZONE;
  ck_assert_int_eq(weft_free(f.ctx, p + next), WEFT_E_FOREIGN);      /* in the magazine */
  ck_assert_int_eq(weft_free(f.ctx, p + (1 << 20)), WEFT_E_FOREIGN); /* in the slab */
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
}
END_TEST

START_TEST(a_second_free_is_found_whoever_does_it) {
  static struct slab_cache second;
  for (size_t kind = 0; kind < KINDS; kind++) {
    void *p = weft_alloc(f.ctx, kinds[kind]);
    void *stays = weft_alloc(f.ctx, kinds[kind]); /* so that p's slab is not given back to the system */
    weft__cache_open(&second, f.slab);
    weft_ctx *other = (weft_ctx *)(void *)&second;
    ck_assert_int_eq(weft_free(kind % 2 ? f.ctx : other, p), WEFT_OK);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_E_DOUBLE_FREE);
    ck_assert_int_eq(weft_free(other, p), WEFT_E_DOUBLE_FREE);
    ck_assert_uint_eq(weft_usable_size(f.ctx, p), 0);
    ck_assert_int_eq(weft_free_sized(f.ctx, p, kinds[kind]), WEFT_E_DOUBLE_FREE);
    ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_E_DOUBLE_FREE);
    weft__cache_close(&second); /* its magazines go to the depot */
    weft__slab_unref(f.slab);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_E_DOUBLE_FREE);
    ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_E_DOUBLE_FREE);
    ck_assert_msg(strstr(weft__cache_words(NULL), "freed before") != NULL, "%s", weft__cache_words(NULL));
    ck_assert_int_eq(weft_free(f.ctx, stays), WEFT_OK);
  }
}
END_TEST

START_TEST(freed_without_a_context_is_freed) {
  for (size_t kind = 0; kind < KINDS; kind++) {
    void *p = weft__slab_alloc(f.slab, kinds[kind]), *stays = weft__slab_alloc(f.slab, kinds[kind]);
    ck_assert_uint_eq(stats_of(f.slab).live_objects, 2);
    ck_assert_int_eq(weft_slab_free(f.slab, (char *)p + 1), WEFT_E_INVALID);
    ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_OK);
    ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_E_DOUBLE_FREE);
    ck_assert_msg(strstr(weft__cache_words(NULL), "freed before") != NULL, "%s", weft__cache_words(NULL));
    ck_assert_int_eq(weft_free(f.ctx, stays), WEFT_OK);
    ck_assert_uint_eq(stats_of(f.slab).live_objects, 0);
  }
}
END_TEST

START_TEST(free_sized_refuses_another_size) {
  const size_t wrong[][2] = {{64, 65}, {112, 60}, {2000, 500}, {50000, 60000}, {50000, 50}, {4 << 20, 3 << 20}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    void *p = weft_alloc(f.ctx, FITS(wrong[i][0]));
    weft_status status = weft_free_sized(f.ctx, p, FITS(wrong[i][1]));
    ck_assert_msg(status == WEFT_E_INVALID, "%zu as %zu bytes: %s", wrong[i][0], wrong[i][1], weft_status_text(status));
    ck_assert_int_eq(weft_free_sized(f.ctx, p, FITS(wrong[i][0])), WEFT_OK);
  }
}
END_TEST

/* Twins */

/* What two threads do that free one object at the same instant, each having read the state before the other wrote it. */
static void free_twice_at_once(void *p, weft_ctx *first, weft_ctx *second) {
  struct slab_place place;
  ck_assert_int_eq(weft__slab_find(f.slab, p, &place), WEFT_OK);
  ck_assert_int_eq(weft_free(first, p), WEFT_OK);
  SET(*place.state, STATE_LIVE);
  ck_assert_int_eq(weft_free(second, p), WEFT_OK);
}

static void close_cache(struct slab_cache *cache) {
  weft__cache_close(cache);
  weft__slab_unref(f.slab);
}

START_TEST(an_object_freed_twice_at_once_is_given_out_once) {
  for (size_t kind = 0; kind < 7; kind++) {
    void *p = weft_alloc(f.ctx, kinds[kind]), *again[2];
    free_twice_at_once(p, f.ctx, f.ctx);
    for (int i = 0; i < 2; i++)
      ck_assert_ptr_nonnull(again[i] = weft_alloc(f.ctx, kinds[kind]));
    ck_assert_msg(again[0] != again[1], "%zu bytes: %p twice", kinds[kind], again[0]);
    for (int i = 0; i < 2; i++)
      ck_assert_int_eq(weft_free(f.ctx, again[i]), WEFT_OK);
  }
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 7);
}
END_TEST

START_TEST(an_object_freed_twice_at_once_comes_to_its_slab_once) {
  void *stays = weft_alloc(f.ctx, 64);
  void *p = weft_alloc(f.ctx, 64);
  free_twice_at_once(p, f.ctx, f.ctx);
  weft__cache_close(&f.cache); /* both go to the slab */
  weft__slab_unref(f.slab);
  weft__cache_open(&f.cache, f.slab);
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 1);
  void *again[2];
  for (int i = 0; i < 2; i++)
    ck_assert_ptr_nonnull(again[i] = weft_alloc(f.ctx, 64));
  ck_assert_ptr_ne(again[0], again[1]);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(weft_free(f.ctx, again[i]), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, stays), WEFT_OK);
}
END_TEST

START_TEST(a_twin_of_a_live_object_is_dropped_by_its_slab) {
  void *stays = weft_alloc(f.ctx, 64), *p = weft_alloc(f.ctx, 64), *again[300];
  free_twice_at_once(p, f.ctx, f.ctx);
  ck_assert_ptr_eq(weft_alloc(f.ctx, 64), p);
  close_cache(&f.cache);
  weft__cache_open(&f.cache, f.slab);
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 1);
  ck_assert_uint_eq(stats_of(f.slab).live_objects, 2);
  for (int i = 0; i < 300; i++)
    ck_assert_ptr_ne(again[i] = weft_alloc(f.ctx, 64), p);
  for (int i = 0; i < 300; i++)
    ck_assert_int_eq(weft_free(f.ctx, again[i]), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, stays), WEFT_OK);
}
END_TEST

START_TEST(a_slab_does_not_give_out_an_object_whose_twin_is_live) {
  static struct slab_cache second;
  weft__cache_open(&second, f.slab);
  void *stays = weft_alloc(f.ctx, 64), *p = weft_alloc(f.ctx, 64), *again[300];
  free_twice_at_once(p, f.ctx, (weft_ctx *)(void *)&second);
  close_cache(&f.cache); /* p is free in its slab, and in second's magazine */
  weft__cache_open(&f.cache, f.slab);
  ck_assert_ptr_eq(weft_alloc((weft_ctx *)(void *)&second, 64), p);
  for (int i = 0; i < 300; i++)
    ck_assert_ptr_ne(again[i] = weft__slab_alloc(f.slab, 64), p);
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 1);
  for (int i = 0; i < 300; i++)
    ck_assert_int_eq(weft_slab_free(f.slab, again[i]), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, stays), WEFT_OK);
  close_cache(&second);
}
END_TEST

START_TEST(a_twin_of_a_run_that_was_cut_anew_is_dropped) {
  static struct slab_cache second;
  weft__cache_open(&second, f.slab);
  void *p = weft_alloc(f.ctx, 90000);
  free_twice_at_once(p, f.ctx, (weft_ctx *)(void *)&second);
  close_cache(&f.cache); /* its pages are free again */
  weft__cache_open(&f.cache, f.slab);
  ck_assert_ptr_eq(weft_alloc(f.ctx, 150000), p);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  close_cache(&second); /* the twin, of 90112 bytes, meets the start of a free run of more */
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 1);
  char *run = weft_alloc(f.ctx, 150000), *other = weft_alloc(f.ctx, 90000);
  ck_assert_msg(other >= run + 150000 || other < run, "%p lies in the run at %p", (void *)other, (void *)run);
  ck_assert_int_eq(weft_free(f.ctx, run), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, other), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, free_inside_an_object_is_invalid_at_every_offset);
  tcase_add_test(tcase, free_inside_a_large_object_is_invalid_to_its_last_byte);
  tcase_add_test(tcase, a_failed_free_tells_what_the_pointer_is);
  tcase_add_test(tcase, free_of_foreign_memory_is_refused);
  tcase_add_test(tcase, no_address_of_the_used_slots_is_freed_but_the_live_ones);
  tcase_add_test(tcase, free_of_an_object_never_given_out_is_foreign);
  tcase_add_test(tcase, a_second_free_is_found_whoever_does_it);
  tcase_add_test(tcase, freed_without_a_context_is_freed);
  tcase_add_test(tcase, free_sized_refuses_another_size);
  tcase_add_test(tcase, an_object_freed_twice_at_once_is_given_out_once);
  tcase_add_test(tcase, an_object_freed_twice_at_once_comes_to_its_slab_once);
  tcase_add_test(tcase, a_twin_of_a_live_object_is_dropped_by_its_slab);
  tcase_add_test(tcase, a_slab_does_not_give_out_an_object_whose_twin_is_live);
  tcase_add_test(tcase, a_twin_of_a_run_that_was_cut_anew_is_dropped);
}

int main(void) {
  return suite_main("slab_frees", add_tests);
}
