/* SPDX-License-Identifier: MIT
 *
 * Freed mapped allocations whose memory is kept for the next ones.
 */
#include "tests/held.h"
#include "tests/suite.h"

/* Mapped allocations whose memory is kept */

enum { MIB = 1 << 20, KEPT_BYTES = 32 * MIB };

START_TEST(freed_mapped_memory_serves_requests_that_waste_at_most_an_eighth) {
  static const struct {
    size_t freed, asked;
    bool kept;
  } cases[] = {
      {8 * MIB, 8 * MIB, true},
      {9 * MIB, 8 * MIB, true},
      {9 * MIB + 4096, 8 * MIB, false},
      {8 * MIB, 8 * MIB + 1, false},
      {MIB + 1, MIB + 4096, true},
      {KEPT_BYTES, KEPT_BYTES, true},
      {KEPT_BYTES + 1, KEPT_BYTES + 1, false},
      {4 * MIB, 3 * MIB, false},
  };
  if (f.slab->page_bytes > PAGE_BYTES)
    return;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    trim();
    hold(0, FITS(cases[i].freed));
    void *was = held[0].at;
    drop(0);
    uint64_t before = committed();
    void *filler = weft_aligned_alloc(f.ctx, 100, 2 * MIB); /* where slots go from first to last, it takes what is free */
    hold(1, FITS(cases[i].asked));
    bool same = held[1].at == was, taken = committed() >= before + cases[i].asked;
    ck_assert_msg(same == cases[i].kept && taken == !cases[i].kept, "%zu bytes for %zu: %s", cases[i].freed, cases[i].asked,
                  same ? "kept" : "not kept");
    ck_assert_uint_lt(weft_usable_size(f.ctx, held[1].at), cases[i].asked + 4096);
    ck_assert_int_eq(weft_free_sized(f.ctx, held[1].at, FITS(cases[i].asked)), WEFT_OK);
    ck_assert_int_eq(weft_free(f.ctx, filler), WEFT_OK);
  }
}
END_TEST

START_TEST(of_kept_memory_the_best_fit_is_taken) {
  hold(0, 80 * MIB / 10);
  hold(1, 88 * MIB / 10);
  hold(2, 84 * MIB / 10);
  void *best = held[2].at;
  for (size_t i = 0; i < 3; i++)
    drop(i);
  hold(3, 82 * MIB / 10);
  ck_assert_ptr_eq(held[3].at, best);
  drop(3);
}
END_TEST

START_TEST(frees_into_kept_memory_are_refused) {
  hold(0, 5 * MIB);
  char *p = held[0].at;
  drop(0);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_E_DOUBLE_FREE);
  ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_E_DOUBLE_FREE);
  for (size_t at = 64; at < 6 * MIB; at += 60000)
    ck_assert_int_eq(weft_free(f.ctx, p + at), WEFT_E_FOREIGN);
  ck_assert_uint_eq(weft_usable_size(f.ctx, p), 0);
  hold(1, 5 * MIB - 500000); /* the same, with something behind it */
  ck_assert_ptr_eq(held[1].at, p);
  for (size_t at = 64; at < 6 * MIB; at += 60000)
    ck_assert_int_eq(weft_free(f.ctx, p + at), at < weft_usable_size(f.ctx, p) ? WEFT_E_INVALID : WEFT_E_FOREIGN);
  drop(1);
}
END_TEST

START_TEST(kept_memory_is_zeroed_where_that_is_asked_for) {
  for (size_t bytes = 2 * MIB; bytes < 10 * MIB; bytes += bytes / 3) {
    trim();
    hold(0, bytes);
    memset(held[0].at, 255, bytes);
    void *was = held[0].at;
    ck_assert_int_eq(weft_free(f.ctx, was), WEFT_OK);
    unsigned char *p = weft_zalloc(f.ctx, bytes - bytes / 20);
    ck_assert_ptr_eq(p, was);
    for (size_t i = 0; i < bytes - bytes / 20; i++)
      EXPECT(p[i] == 0, "byte %zu of %zu is kept", i, bytes);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

START_TEST(kept_memory_is_resized_within_what_it_has_and_beyond) {
  hold(0, 8 * MIB);
  drop(0);
  hold(1, 8 * MIB - 700000);
  uint64_t before = committed();
  ck_assert_ptr_eq(weft_realloc(f.ctx, held[1].at, 8 * MIB), held[1].at);
  ck_assert_uint_eq(committed(), before);
  ck_assert_ptr_eq(weft_realloc(f.ctx, held[1].at, 9 * MIB), held[1].at);
  ck_assert_uint_eq(committed(), before + MIB);
  ck_assert_ptr_eq(weft_realloc(f.ctx, held[1].at, 3 * MIB), held[1].at);
  ck_assert_uint_eq(committed(), before - 5 * MIB);
  held[1].bytes = 3 * MIB;
  drop(1);
  ck_assert_uint_eq(stats_of(f.slab).live_bytes, 0);
  ck_assert_uint_ge(trim(), 3 * MIB);
}
END_TEST

START_TEST(kept_memory_stays_within_twice_cache_bytes) {
  for (size_t i = 0; i < 60; i++)
    hold(i, 3 * MIB + i * 4096);
  for (size_t i = 0; i < 60; i++) {
    drop(i);
    ck_assert_uint_le(f.slab->kept_bytes, KEPT_BYTES);
  }
  ck_assert_uint_ge(f.slab->kept_bytes, KEPT_BYTES - 4 * MIB);
  for (size_t i = 0; i < 60; i++)
    hold(i, MIB + 1 + i * 4096);
  for (size_t i = 0; i < 60; i++)
    drop(i);
  ck_assert_uint_le(f.slab->n_kept, MAPPED_KEPT);
  ck_assert_uint_ge(trim(), 16 * MIB);
  ck_assert_uint_eq(f.slab->kept_bytes, 0);
}
END_TEST

START_TEST(kept_memory_goes_once_the_limit_is_reached) {
  struct weft_slab_options options = options_with_limit(40 * MIB);
  reopen(&options);
  for (size_t i = 0; i < 10; i++)
    hold(i, 3 * MIB);
  for (size_t i = 0; i < 10; i++)
    drop(i);
  for (size_t i = 0; i < 600; i++)
    hold(i, 60000);
  for (size_t i = 0; i < 600; i++)
    drop(i);
}
END_TEST

START_TEST(random_mapped_work_leaves_contents_and_figures_right) {
  enum { LIVE = 12 };
  struct rng rng = {rng_case_seed((size_t)_i)};
  size_t reused = 0;
  for (int step = 0; step < 800; step++) {
    size_t i = rng_upto(&rng, LIVE - 1), bytes = MIB + 1 + rng_upto(&rng, 7 * MIB);
    if (held[i].at == NULL) {
      hold(i, bytes);
      reused += weft__mapped_is_used(f.slab, held[i].at);
    } else if (rng_percent(&rng, 20)) {
      void *moved = weft_realloc(f.ctx, held[i].at, bytes);
      ck_assert_ptr_nonnull(moved);
      EXPECT(is_stamped(moved, i, bytes < held[i].bytes ? bytes : held[i].bytes), "resizing to %zu bytes", bytes);
      held[i] = (struct object){moved, bytes};
      stamp(moved, i, bytes);
    } else {
      drop(i);
    }
    if (rng_upto(&rng, 199) == 0)
      trim();
  }
  ck_assert_uint_gt(reused, 40);
  for (size_t i = 0; i < LIVE; i++)
    if (held[i].at != NULL)
      drop(i);
  trim();
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.mapped, 0);
  ck_assert_uint_eq(stats.live_bytes, 0);
  ck_assert_uint_lt(stats.committed_bytes, MIB);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, freed_mapped_memory_serves_requests_that_waste_at_most_an_eighth);
  tcase_add_test(tcase, of_kept_memory_the_best_fit_is_taken);
  tcase_add_test(tcase, frees_into_kept_memory_are_refused);
  tcase_add_test(tcase, kept_memory_is_zeroed_where_that_is_asked_for);
  tcase_add_test(tcase, kept_memory_is_resized_within_what_it_has_and_beyond);
  tcase_add_test(tcase, kept_memory_stays_within_twice_cache_bytes);
  tcase_add_test(tcase, kept_memory_goes_once_the_limit_is_reached);
  tcase_add_loop_test(tcase, random_mapped_work_leaves_contents_and_figures_right, 0, 2);
}

int main(void) {
  return suite_main("slab_kept", add_tests);
}
