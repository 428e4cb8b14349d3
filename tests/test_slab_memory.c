/* SPDX-License-Identifier: MIT
 *
 * The slab and the system: limits, huge pages, the steps by which memory is taken.
 */
#include "tests/held.h"
#include "tests/suite.h"

/* Limits */

START_TEST(pages_of_one_class_serve_another_once_the_limit_is_reached) {
  struct weft_slab_options options = options_with_limit(24 << 20);
  reopen(&options);
  for (size_t kind = 0; kind < SIZES; kind++) {
    size_t n = count_for(sizes[kind], 14 << 20);
    for (size_t i = 0; i < n; i++)
      hold(i, sizes[kind]);
    for (size_t i = 0; i < n; i++) /* of each slab something stays */
      if (i * sizes[kind] % (2 << 20) >= sizes[kind])
        drop(i);
    size_t want = 14 << 20;
    char *p = weft_alloc(f.ctx, want);
    ck_assert_msg(p != NULL, "%zu bytes after %zu of %zu bytes: %s", want, n, sizes[kind], f.cache.message);
    memset(p, 1, want);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
    for (size_t i = 0; i < n; i++)
      if (held[i].at != NULL)
        drop(i);
  }
}
END_TEST

START_TEST(a_purged_object_that_would_pass_the_limit_stays_free) {
  struct weft_slab_options options = options_with_limit(24 << 20);
  reopen(&options);
  for (size_t kind = 0; kind < SIZES; kind++) {
    size_t n = count_for(sizes[kind], 8 << 20);
    for (size_t i = 0; i < n; i++)
      hold(i, sizes[kind]);
    for (size_t i = 0; i < n; i++)
      if (i * sizes[kind] % (2 << 20) >= sizes[kind])
        drop(i);
    trim();
    void *filler[40];
    size_t fillers = 0;
    for (size_t bytes = 8 << 20; bytes > RUN_MAX_BYTES; bytes -= 4096)
      while ((filler[fillers] = weft_alloc(f.ctx, bytes)) != NULL)
        fillers++;
    /* What is left does not do for all. */
    size_t i = 0;
    for (; i < n; i++)
      if (held[i].at == NULL) {
        held[i] = (struct object){weft_alloc(f.ctx, sizes[kind]), sizes[kind]};
        if (held[i].at == NULL)
          break;
        stamp(held[i].at, i, sizes[kind]);
      }
    if (n * sizes[kind] > 4 << 20 && sizes[kind] < 1 << 20) {
      ck_assert_uint_lt(i, n);
      ck_assert_int_eq(f.cache.status, WEFT_E_LIMIT);
    }
    struct weft_slab_figures stats = stats_of(f.slab);
    ck_assert_uint_le(stats.committed_bytes, options.limit_bytes);
    while (fillers > 0)
      ck_assert_int_eq(weft_free(f.ctx, filler[--fillers]), WEFT_OK);
    for (i = 0; i < n; i++)
      if (held[i].at == NULL)
        hold(i, sizes[kind]);
    for (i = 0; i < n; i++)
      drop(i);
  }
}
END_TEST

START_TEST(random_work_at_the_limit_never_passes_it) {
  enum { LIVE = 3000 };
  struct weft_slab_options options = options_with_limit(8 << 20);
  reopen(&options);
  struct rng rng = {rng_case_seed((size_t)_i)};
  size_t refused = 0, served = 0;
  for (int step = 0; step < 40000; step++) {
    size_t i = rng_upto(&rng, LIVE - 1), bytes = 1 + random_size(&rng);
    if (held[i].at != NULL) {
      drop(i);
      continue;
    }
    held[i] = (struct object){weft_alloc(f.ctx, bytes), bytes};
    if (held[i].at != NULL)
      stamp(held[i].at, i, bytes);
    else
      ck_assert_int_eq(f.cache.status, WEFT_E_LIMIT);
    *(held[i].at != NULL ? &served : &refused) += 1;
    EXPECT(GET(f.slab->committed) <= options.limit_bytes, "%" PRIu64 " bytes taken", GET(f.slab->committed));
  }
  ck_assert_msg(refused > 20 && served > refused, "%zu refused, %zu served", refused, served);
  for (size_t i = 0; i < LIVE; i++)
    if (held[i].at != NULL)
      drop(i);
  trim();
  ck_assert_uint_eq(stats_of(f.slab).slabs, 0);
}
END_TEST

/* The soft limit */

static struct soft {
  size_t calls;
  uint64_t committed;
  weft_slab *slab;
  struct slab_cache *other; /* a cache that the callback may use */
  void *frees;              /* what it is to free */
  bool trims;               /* whether it trims */
  size_t takes;             /* what it is to allocate, keep and free the next time */
  void *took;
} soft;

static void on_soft_limit(void *user, weft_slab *slab, uint64_t committed_bytes) {
  struct soft *told = user;
  told->calls++;
  told->slab = slab;
  told->committed = committed_bytes;
  if (told->frees != NULL)
    ck_assert_int_eq(weft_slab_free(slab, told->frees), WEFT_OK);
  told->frees = NULL;
  if (told->takes > 0)
    ck_assert_ptr_nonnull(told->took = weft_alloc((weft_ctx *)(void *)told->other, told->takes));
  told->takes = 0;
  if (told->trims)
    ck_assert_int_eq(weft_slab_trim(slab, NULL), WEFT_OK);
  ck_assert_uint_eq(stats_of(slab).contexts, told->other != NULL ? 2 : 1);
}

enum { SOFT = 16 << 20 };

static void reopen_soft(void) {
  struct weft_slab_options options = options_with_limit(0);
  options.soft_limit_bytes = SOFT;
  options.on_soft_limit = on_soft_limit;
  options.soft_limit_user = &soft;
  reopen(&options);
}

START_TEST(each_passing_of_the_soft_limit_is_told_once) {
  reopen_soft();
  for (size_t kind = 0; kind < SIZES; kind++) {
    size_t n = 0, calls = soft.calls;
    if (sizes[kind] < 3000)
      continue;
    while (soft.calls == calls) {
      EXPECT(GET(f.slab->committed) <= SOFT, "%zu bytes: not told", sizes[kind]);
      hold(n++, sizes[kind]);
    }
    ck_assert_uint_eq(soft.calls, calls + 1);
    ck_assert_ptr_eq(soft.slab, f.slab);
    ck_assert_uint_gt(soft.committed, SOFT);
    for (size_t i = 0; i < 500; i++)
      hold(n++, sizes[kind]);
    ck_assert_uint_eq(soft.calls, calls + 1);
    while (n > 0)
      drop(--n);
    trim();
    ck_assert_uint_lt(committed(), SOFT);
  }
}
END_TEST

START_TEST(mapped_and_resized_and_contextless_memory_passes_the_soft_limit_too) {
  reopen_soft();
  void *p = weft_alloc(f.ctx, SOFT);
  ck_assert_uint_eq(soft.calls, 1);
  ck_assert_ptr_nonnull(p = weft_realloc(f.ctx, p, 2 << 20));
  ck_assert_uint_eq(soft.calls, 1);
  ck_assert_ptr_nonnull(p = weft_realloc(f.ctx, p, SOFT));
  ck_assert_uint_eq(soft.calls, 2);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  trim();
  p = weft__slab_alloc(f.slab, SOFT);
  ck_assert_uint_eq(soft.calls, 2);
  weft__slab_tell(f.slab);
  ck_assert_uint_eq(soft.calls, 3);
  weft__slab_tell(f.slab);
  ck_assert_uint_eq(soft.calls, 3);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
}
END_TEST

START_TEST(who_is_told_of_the_soft_limit_may_free_trim_and_use_other_contexts) {
  reopen_soft();
  struct slab_cache other;
  weft__cache_open(&other, f.slab);
  soft.other = &other;
  soft.trims = true;
  soft.frees = weft__slab_alloc(f.slab, 3 << 20);
  soft.takes = SOFT; /* so that the callback itself passes the limit, once what it frees is back */
  void *p = weft_alloc(f.ctx, SOFT);
  ck_assert_ptr_nonnull(p);
  ck_assert_uint_eq(soft.calls, 1);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  ck_assert_int_eq(weft_free((weft_ctx *)(void *)&other, soft.took), WEFT_OK);
  ck_assert_int_eq(weft_slab_trim(f.slab, NULL), WEFT_OK);
  ck_assert_ptr_nonnull(p = weft_alloc(f.ctx, SOFT));
  ck_assert_uint_eq(soft.calls, 2);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  weft__cache_close(&other);
  weft__slab_unref(f.slab);
}
END_TEST

START_TEST(a_soft_limit_below_the_registry_or_without_a_callback_is_none) {
  reopen_soft();
  struct weft_slab_options options = options_with_limit(0);
  options.soft_limit_bytes = 1;
  options.on_soft_limit = on_soft_limit;
  options.soft_limit_user = &soft;
  reopen(&options);
  ck_assert_ptr_nonnull(weft_alloc(f.ctx, 100));
  options.on_soft_limit = NULL;
  options.soft_limit_bytes = 1 << 20;
  static struct fixture own;
  fixture_open_with(&own, &options);
  void *p = weft_alloc(own.ctx, 2 << 20);
  ck_assert_int_eq(weft_free(own.ctx, p), WEFT_OK);
  fixture_close(&own);
  ck_assert_uint_eq(soft.calls, 0);
  weft__cache_close(&f.cache); /* the object goes with the slab */
  fixture_open(&f);
}
END_TEST

/* Huge pages */

/* Of the mapping at p: whether its flags, as Linux shows them, hold flag, and how many bytes of it are in huge pages. */
static bool has_flag(const void *p, const char *flag, size_t *huge) {
  FILE *file = fopen("/proc/self/smaps", "r");
  char line[512];
  bool within = false, has = false;
  *huge = 0;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    uintptr_t from, to;
    size_t kib;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
      within = (uintptr_t)p >= from && (uintptr_t)p < to;
    else if (within && sscanf(line, "AnonHugePages: %zu", &kib) == 1)
      *huge = kib << 10;
    else if (within && strncmp(line, "VmFlags:", 8) == 0)
      has = strstr(line, flag) != NULL;
  }
  if (file != NULL)
    fclose(file);
  return has;
}

/* What this system does for whoever asks as plainly as can be. */
static bool system_has_flag(bool wanted, const char *flag, size_t *huge) {
  char *p = weft__os_reserve(4 << 20, 2 << 20);
  ck_assert(weft__os_commit(p, 4 << 20));
  weft__os_huge_pages(p, 4 << 20, wanted);
  memset(p, 1, 4 << 20);
  bool has = has_flag(p, flag, huge);
  weft__os_release(p, 4 << 20);
  return has;
}

START_TEST(huge_pages_are_asked_for_where_they_are_wanted) {
  struct weft_slab_options options = options_with_limit(0);
  options.huge_pages = WEFT_HUGE_PAGES_ALWAYS;
  size_t granted, huge;
  if (!system_has_flag(true, " hg", &granted))
    return;
  hold(0, 100);
  ck_assert(!has_flag(held[0].at, " hg", &huge));
  drop(0);
  fixture_close(&f);
  fixture_open_with(&f, &options);
  static const size_t requests[] = {100, 100000, 2 << 20, 5000000};
  for (size_t i = 0; i < 4; i++) {
    hold(i, requests[i]);
    ck_assert_msg(has_flag(held[i].at, " hg", &huge), "%zu bytes: not asked for", requests[i]);
    ck_assert_msg(huge > 0 || granted == 0, "%zu bytes: none in huge pages", requests[i]);
  }
  hold(4, (1 << 20) + 1);
  ck_assert(!has_flag(held[4].at, " hg", &huge));
  ck_assert_ptr_nonnull(held[4].at = weft_realloc(f.ctx, held[4].at, 3 << 20));
  ck_assert_msg(has_flag(held[4].at, " hg", &huge), "not asked for in growing");
  for (size_t i = 0; i < 5; i++)
    drop(i);
}
END_TEST

START_TEST(huge_pages_are_not_had_where_they_are_not_wanted) {
  struct weft_slab_options options = options_with_limit(0);
  options.huge_pages = WEFT_HUGE_PAGES_NEVER;
  size_t huge;
  if (!system_has_flag(false, " nh", &huge))
    return;
  reopen(&options);
  for (size_t kind = 0; kind < SIZES; kind++) {
    hold(kind, sizes[kind]);
    ck_assert_msg(has_flag(held[kind].at, " nh", &huge), "%zu bytes: the system is free to choose", sizes[kind]);
  }
  hold(SIZES, 8 << 20);
  ck_assert(has_flag(held[SIZES].at, " nh", &huge));
  for (size_t i = 0; i <= SIZES; i++)
    drop(i);
}
END_TEST

START_TEST(huge_pages_of_no_kind_are_refused) {
  struct weft_slab_options options = options_with_limit(0);
  options.huge_pages = WEFT_HUGE_PAGES_NEVER + 1;
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_E_INVALID);
  ck_assert_ptr_null(slab);
}
END_TEST

START_TEST(a_limit_that_holds_no_whole_slab_is_kept_with_huge_pages_too) {
  struct weft_slab_options options = options_with_limit(1 << 20);
  options.huge_pages = WEFT_HUGE_PAGES_ALWAYS;
  reopen(&options);
  size_t n = 0;
  while ((held[n].at = weft_alloc(f.ctx, 1000)) != NULL)
    n++;
  ck_assert_uint_gt(n, 300);
  ck_assert_uint_le(committed(), 1 << 20);
  while (n > 0)
    ck_assert_int_eq(weft_free(f.ctx, held[--n].at), WEFT_OK);
}
END_TEST

/* Steps of memory */

START_TEST(a_load_that_swings_about_a_slab_s_end_leaves_the_system_alone) {
  for (size_t kind = 0; kind < SIZES; kind++) {
    size_t n = 0, swing = SLAB_BYTES / sizes[kind] / 2;
    for (uint64_t slabs = stats_of(f.slab).slabs + 2; stats_of(f.slab).slabs < slabs; n++)
      EXPECT((held[n].at = weft__slab_alloc(f.slab, sizes[kind])) != NULL, "%zu bytes", sizes[kind]);
    uint64_t returned = GET(f.slab->returned), before = committed();
    for (int round = 0; round < 10; round++) {
      for (size_t i = n - swing; i < n; i++)
        EXPECT(weft_slab_free(f.slab, held[i].at) == WEFT_OK, "%zu bytes", sizes[kind]);
      for (size_t i = n - swing; i < n; i++)
        EXPECT((held[i].at = weft__slab_alloc(f.slab, sizes[kind])) != NULL, "%zu bytes", sizes[kind]);
    }
    ck_assert_uint_eq(GET(f.slab->returned), returned);
    ck_assert_uint_le(committed(), before + SLAB_BYTES);
    while (n > 0)
      EXPECT(weft_slab_free(f.slab, held[--n].at) == WEFT_OK, "%zu bytes", sizes[kind]);
  }
}
END_TEST

/* Each allocation of a little more than 1 MiB is a mapping of its own to the system, and what lies behind it another. */
START_TEST(all_the_mappings_that_a_process_may_have_are_refused_and_served_again) {
  FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
  size_t most = 0;
  if (file == NULL || fscanf(file, "%zu", &most) != 1 || most > MOST || f.slab->slots < most)
    most = 0;
  if (file != NULL)
    fclose(file);
  uint64_t before = committed();
  size_t n = 0;
  while (n < most && (held[n].at = weft_alloc(f.ctx, RUN_MAX_BYTES + 1)) != NULL)
    n++;
  if (most == 0)
    return;
  ck_assert_uint_gt(n, most / 3);
  ck_assert_uint_lt(n, most / 2 + 1);
  ck_assert_int_eq(f.cache.status, WEFT_E_NOMEM);
  for (size_t i = 0; i < n; i += 2)
    EXPECT(weft_free(f.ctx, held[i].at) == WEFT_OK, "%s", f.cache.message);
  for (size_t i = 0; i < n; i += 2)
    EXPECT((held[i].at = weft_alloc(f.ctx, RUN_MAX_BYTES + 1)) != NULL, "%zu of %zu: %s", i, n, f.cache.message);
  while (n > 0)
    EXPECT(weft_free(f.ctx, held[--n].at) == WEFT_OK, "%s", f.cache.message);
  trim();
  ck_assert_uint_lt(committed(), before + (8 << 20)); /* descriptors of so many slots */
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, pages_of_one_class_serve_another_once_the_limit_is_reached);
  tcase_add_test(tcase, a_purged_object_that_would_pass_the_limit_stays_free);
  tcase_add_loop_test(tcase, random_work_at_the_limit_never_passes_it, 0, 2);
  tcase_add_test(tcase, each_passing_of_the_soft_limit_is_told_once);
  tcase_add_test(tcase, mapped_and_resized_and_contextless_memory_passes_the_soft_limit_too);
  tcase_add_test(tcase, who_is_told_of_the_soft_limit_may_free_trim_and_use_other_contexts);
  tcase_add_test(tcase, a_soft_limit_below_the_registry_or_without_a_callback_is_none);
  tcase_add_test(tcase, huge_pages_are_asked_for_where_they_are_wanted);
  tcase_add_test(tcase, huge_pages_are_not_had_where_they_are_not_wanted);
  tcase_add_test(tcase, huge_pages_of_no_kind_are_refused);
  tcase_add_test(tcase, a_limit_that_holds_no_whole_slab_is_kept_with_huge_pages_too);
  tcase_add_test(tcase, a_load_that_swings_about_a_slab_s_end_leaves_the_system_alone);
  tcase_add_test(tcase, all_the_mappings_that_a_process_may_have_are_refused_and_served_again);
}

int main(void) {
  return suite_main("slab_memory", add_tests);
}
