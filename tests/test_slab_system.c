/* SPDX-License-Identifier: MIT
 *
 * The slab and the system: what goes back to it and comes again, limits. Contents of live neighbours are checked throughout,
 * as what is given back by mistake reads as zeros.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "alloc/bits.h"
#include "tests/slabs.h"
#include "tests/suite.h"

enum { MOST = 140000 };

static struct fixture f;
static struct object {
  void *at;
  size_t bytes;
} held[MOST];

static void open_f(void) {
  fixture_open(&f);
}

static void close_f(void) {
  fixture_close(&f);
}

/* A byte in every STEP of an object, so that none of its pages goes unmarked. */
enum { STEP = 251 };

static void stamp(void *p, uint64_t tag, size_t bytes) {
  for (size_t i = 0; i < bytes; i += STEP)
    ((uint8_t *)p)[i] = mark_byte(tag, i) | 1;
}

static bool is_stamped(const void *p, uint64_t tag, size_t bytes) {
  for (size_t i = 0; i < bytes; i += STEP)
    if (((const uint8_t *)p)[i] != (mark_byte(tag, i) | 1))
      return false;
  return true;
}

static void hold(size_t i, size_t bytes) {
  held[i] = (struct object){weft_alloc(f.ctx, bytes), bytes};
  EXPECT(held[i].at != NULL, "%zu bytes: %s", bytes, f.cache.message);
  stamp(held[i].at, i, bytes);
}

static void drop(size_t i) {
  EXPECT(is_stamped(held[i].at, i, held[i].bytes), "object %zu of %zu bytes is not as it was", i, held[i].bytes);
  EXPECT(weft_free(f.ctx, held[i].at) == WEFT_OK, "%s", f.cache.message);
  held[i].at = NULL;
}

static uint64_t committed(void) {
  return stats_of(f.slab).committed_bytes;
}

/* Trims, with nothing left in the magazines; how much went back. */
static size_t trim(void) {
  size_t bytes;
  weft_flush(f.ctx);
  uint64_t before = committed();
  ck_assert_int_eq(weft_slab_trim(f.slab, &bytes), WEFT_OK);
  ck_assert_uint_eq(before - committed(), bytes);
  return bytes;
}

static const size_t sizes[] = {16, 64, 100, 1000, 3000, 4096, 5000, 9000, 20000, 33000, 70000, 300000, 1 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static size_t count_for(size_t bytes, size_t total) {
  return total / bytes < 80000 ? total / bytes : 80000;
}

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
    none += SLAB_BYTES % weft__classes[class_at(GET(f.slab->hot[slot].home))].bytes; /* behind its last object */
    none += COMMIT_STEP;                                                             /* of one that grows still */
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
      meta += slot_start(f.slab, slot) == f.slab->meta_end - SLAB_BYTES
                  ? (size_t)(f.slab->meta_memory - slot_start(f.slab, slot))
                  : SLAB_BYTES;
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
  for (size_t i = 0; i < 4096; i++)
    ck_assert_msg(p[i] == 0, "byte %zu of a purged object is kept", i);
  memset(p, 1, 4096); /* as a stray write of the caller's might */
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
  uint64_t misses = GET(other.misses);
  for (size_t i = 0; i < 300; i++)
    ck_assert_int_eq(weft_free(ctx, weft_alloc(ctx, 5000)), WEFT_OK);
  ck_assert_uint_eq(GET(other.misses), misses);
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

/* Limits */

static struct weft_slab_options options_with_limit(size_t limit_bytes) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = limit_bytes;
  return options;
}

/* The fixture on a slab with these options, in place of the one that is open. */
static void reopen(const struct weft_slab_options *options) {
  fixture_close(&f);
  fixture_open_with(&f, options);
}

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
  static const size_t kinds[] = {100, 100000, 2 << 20, 5000000};
  for (size_t i = 0; i < 4; i++) {
    hold(i, kinds[i]);
    ck_assert_msg(has_flag(held[i].at, " hg", &huge), "%zu bytes: not asked for", kinds[i]);
    ck_assert_msg(huge > 0 || granted == 0, "%zu bytes: none in huge pages", kinds[i]);
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
    for (uint64_t slabs = GET(f.slab->slabs) + 2; GET(f.slab->slabs) < slabs; n++)
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

static void *trim_meanwhile(void *argument) {
  for (int i = 0; i < 100; i++)
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
  tcase_add_test(tcase, trims_by_two_threads_leave_what_others_work_with);
}

int main(void) {
  return suite_main("slab_system", add_tests);
}
