/* SPDX-License-Identifier: MIT
 *
 * The slab on one thread: sizes and classes, contents, alignment, checked frees, resizing, limits, figures, failures.
 */
#include "tests/slabs.h"
#include "tests/suite.h"

static struct fixture f;

/* Sizes */

START_TEST(class_of_is_the_smallest_class_that_holds_each_size) {
  for (size_t bytes = 0; bytes <= CLASS_MAX_BYTES; bytes++) {
    unsigned smallest = 0;
    while (weft__classes[smallest].bytes < bytes)
      smallest++;
    EXPECT(class_of(bytes) == smallest, "%zu bytes: class %u, not %u", bytes, class_of(bytes), smallest);
  }
}
END_TEST

START_TEST(classes_grow_and_keep_their_alignment) {
  for (unsigned i = 0; i < CLASSES; i++) {
    uint32_t bytes = weft__classes[i].bytes;
    ck_assert_msg(i == 0 || bytes > weft__classes[i - 1].bytes, "class %u of %u bytes", i, bytes);
    ck_assert_msg(bytes % (bytes >= 512 ? 64 : 16) == 0, "class %u of %u bytes", i, bytes);
    ck_assert_msg(bytes < 2048 || bytes / 64 % 2 == 1, "class %u of %u bytes is an even multiple of 64", i, bytes);
    ck_assert_msg(weft__classes[i].rounds >= 20, "class %u: magazines of %u", i, weft__classes[i].rounds);
  }
  ck_assert_uint_ge(weft__classes[CLASSES - 1].bytes, 32 << 10);
}
END_TEST

START_TEST(classes_waste_at_most_5_percent_on_average_and_16_above_512_bytes) {
  double sum = 0, worst = 0;
  for (size_t bytes = 16; bytes <= 32 << 10; bytes++) {
    double waste = 1 - (double)bytes / weft__classes[class_of(bytes)].bytes;
    sum += waste;
    if (bytes > 512 && waste > worst)
      worst = waste;
  }
  double mean = sum / ((32 << 10) - 15);
  ck_assert_msg(mean <= 0.05 && worst <= 0.16, "mean %.4f, worst %.4f", mean, worst);
}
END_TEST

START_TEST(class_index_is_exact_for_every_class_and_offset) {
  for (unsigned i = 0; i < CLASSES; i++) {
    uint32_t bytes = weft__classes[i].bytes, index = 0, within = 0;
    for (uint32_t offset = 0; offset < SLAB_BYTES; offset++) {
      bool at_start;
      uint32_t found = class_index(weft__classes[i].reciprocal, offset, &at_start);
      EXPECT(found == index && at_start == (within == 0), "class of %u bytes, offset %u: object %u%s", bytes, offset, found,
             at_start ? ", at its start" : "");
      if (++within == bytes) {
        within = 0;
        index++;
      }
    }
  }
}
END_TEST

START_TEST(a_class_serves_what_some_alignment_gives_it) {
  for (size_t bytes = 0; bytes <= 70000; bytes += bytes < 5000 ? 1 : 61)
    for (unsigned class_ = 0; class_ < BINS; class_++) {
      bool serves = false;
      for (size_t align = 1; align <= PAGE_BYTES; align *= 2)
        serves |= weft__class_aligned(bytes, align) == class_;
      EXPECT(weft__class_serves(class_, bytes) == serves, "class of %u bytes, %zu bytes: %d", weft__classes[class_].bytes,
             bytes, !serves);
    }
}
END_TEST

START_TEST(run_classes_hold_each_count_of_pages) {
  for (size_t bytes = 1; bytes <= RUN_MAX_BYTES; bytes += 512) {
    unsigned class_ = weft__class_aligned(bytes, PAGE_BYTES);
    EXPECT(class_ >= CLASSES && class_ < BINS && weft__classes[class_].bytes >= bytes &&
               (class_ == CLASSES || weft__classes[class_ - 1].bytes < bytes),
           "%zu bytes: run class %u", bytes, class_);
  }
}
END_TEST

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
  ck_assert_uint_le(stats.cached_bytes, 8 << 20);
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

/* Checked frees */

/* Sizes of each kind of memory: objects, runs, mapped. */
static const size_t kinds[] = {16, 96, 1000, 32768, 40000, 500000, 1 << 20, 3000000, 9 << 20};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

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
      ck_assert_int_eq(weft_free(f.ctx, p + usable), WEFT_E_FOREIGN);
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
  ck_assert_int_eq(weft_free(f.ctx, p + 64), WEFT_E_FOREIGN);        /* in the magazine */
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
    ck_assert_int_eq(weft_free(f.ctx, stays), WEFT_OK);
    ck_assert_uint_eq(stats_of(f.slab).live_objects, 0);
  }
}
END_TEST

START_TEST(free_sized_refuses_another_size) {
  const size_t wrong[][2] = {{64, 65}, {112, 60}, {2000, 500}, {50000, 60000}, {50000, 50}, {4 << 20, 3 << 20}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    void *p = weft_alloc(f.ctx, wrong[i][0]);
    weft_status status = weft_free_sized(f.ctx, p, wrong[i][1]);
    ck_assert_msg(status == WEFT_E_INVALID, "%zu as %zu bytes: %s", wrong[i][0], wrong[i][1], weft_status_text(status));
    ck_assert_int_eq(weft_free_sized(f.ctx, p, wrong[i][0]), WEFT_OK);
  }
}
END_TEST

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

START_TEST(a_twin_of_a_run_that_was_cut_anew_is_dropped) {
  static struct slab_cache second;
  weft__cache_open(&second, f.slab);
  void *p = weft_alloc(f.ctx, 40000);
  free_twice_at_once(p, f.ctx, (weft_ctx *)(void *)&second);
  close_cache(&f.cache); /* its pages are free again */
  weft__cache_open(&f.cache, f.slab);
  ck_assert_ptr_eq(weft_alloc(f.ctx, 100000), p);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  close_cache(&second); /* the twin, of 40960 bytes, meets the start of a free run of more */
  ck_assert_uint_eq(stats_of(f.slab).double_frees, 1);
  char *run = weft_alloc(f.ctx, 100000), *other = weft_alloc(f.ctx, 40000);
  ck_assert_msg(other >= run + 100000 || other < run, "%p lies in the run at %p", (void *)other, (void *)run);
  ck_assert_int_eq(weft_free(f.ctx, run), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, other), WEFT_OK);
}
END_TEST

/* Limits, figures, memory */

static struct fixture own; /* for tests that set a slab's options */

START_TEST(a_limit_refuses_what_would_pass_it) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = 32 << 20;
  fixture_open_with(&own, &options);
  for (size_t kind = 0; kind < KINDS; kind++) {
    static void *held[3 << 20];
    size_t n = 0;
    uint64_t misses = 0;
    for (; (held[n] = weft_alloc(own.ctx, kinds[kind])) != NULL; n++)
      misses = GET(own.cache.misses);
    ck_assert_msg(GET(own.cache.misses) == misses, "a refused request counts as a miss");
    ck_assert_int_eq(own.cache.status, WEFT_E_LIMIT);
    ck_assert_msg(strstr(own.cache.message, "limit of 33554432") != NULL, "%s", own.cache.message);
    struct weft_slab_figures stats = stats_of(own.slab);
    ck_assert_msg(stats.committed_bytes <= options.limit_bytes, "%" PRIu64 " bytes taken", stats.committed_bytes);
    ck_assert_msg(stats.mapped > 0 || stats.magazine_hits + stats.magazine_misses == stats.allocations + stats.frees,
                  "%" PRIu64 " hits, %" PRIu64 " misses", stats.magazine_hits, stats.magazine_misses);
    ck_assert_msg(stats.live_bytes >= 20 << 20, "refused with %" PRIu64 " bytes live", stats.live_bytes);
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
  options.limit_bytes = 4096;
  weft_slab *slab = (weft_slab *)&options;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_E_LIMIT);
  ck_assert_ptr_null(slab);
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

START_TEST(figures_tell_what_was_done) {
  void *small = weft_alloc(f.ctx, 100), *run = weft_alloc(f.ctx, 40000), *mapped = weft_alloc(f.ctx, 3000000);
  struct weft_slab_figures stats = stats_of(f.slab);
  ck_assert_uint_eq(stats.live_objects, 3);
  ck_assert_uint_eq(stats.live_bytes, 112 + 40960 + (3000000 + 4095) / 4096 * 4096);
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
  ck_assert_uint_ge(stats.cached_bytes, 112 + 40960);
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

START_TEST(release_is_refused_while_something_is_live) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  void *p = weft__slab_alloc(slab, 100);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_E_BUSY);
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

/* Requests that fail */

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

static void open_f(void) {
  fixture_open(&f);
}

static void close_f(void) {
  fixture_close(&f);
}

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, class_of_is_the_smallest_class_that_holds_each_size);
  tcase_add_test(tcase, classes_grow_and_keep_their_alignment);
  tcase_add_test(tcase, classes_waste_at_most_5_percent_on_average_and_16_above_512_bytes);
  tcase_add_test(tcase, class_index_is_exact_for_every_class_and_offset);
  tcase_add_test(tcase, a_class_serves_what_some_alignment_gives_it);
  tcase_add_test(tcase, run_classes_hold_each_count_of_pages);
  tcase_add_test(tcase, every_size_is_given_aligned_and_usable);
  tcase_add_test(tcase, large_sizes_are_given_and_usable_to_the_end);
  tcase_add_test(tcase, aligned_requests_are_aligned);
  tcase_add_test(tcase, alignments_that_are_none_are_refused);
  tcase_add_test(tcase, zalloc_is_zero_where_memory_was_used_before);
  tcase_add_test(tcase, sizes_that_no_memory_holds_are_refused_with_a_message);
  tcase_add_loop_test(tcase, contents_stay_whole_under_random_work_and_figures_add_up, 0, 4);
  tcase_add_test(tcase, realloc_stays_in_place_while_its_class_fits);
  tcase_add_test(tcase, realloc_of_a_mapped_allocation_takes_slots_behind_it);
  tcase_add_test(tcase, realloc_of_what_is_not_live_fails_and_says_so);
  tcase_add_test(tcase, realloc_that_cannot_grow_leaves_the_object);
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
  tcase_add_test(tcase, a_twin_of_a_run_that_was_cut_anew_is_dropped);
  tcase_add_test(tcase, a_limit_refuses_what_would_pass_it);
  tcase_add_test(tcase, a_limit_below_the_registry_refuses_the_slab);
  tcase_add_test(tcase, a_range_that_is_full_refuses_and_serves_again);
  tcase_add_test(tcase, magazines_keep_to_cache_bytes);
  tcase_add_test(tcase, magazines_serve_95_of_100_requests);
  tcase_add_test(tcase, figures_tell_what_was_done);
  tcase_add_test(tcase, figures_of_a_closed_cache_stay);
  tcase_add_test(tcase, a_caller_of_an_older_version_gets_the_figures_it_knows);
  tcase_add_test(tcase, a_caller_of_a_newer_version_gets_zeros_for_what_is_not_known);
  tcase_add_test(tcase, slabs_that_are_wholly_free_go_back_to_the_system);
  tcase_add_test(tcase, release_is_refused_while_something_is_live);
  tcase_add_test(tcase, options_that_are_none_are_refused);
  tcase_add_test(tcase, null_where_there_is_nothing_is_no_harm);
  tcase_add_test(tcase, each_request_fails_once_and_leaves_the_slab_whole);
  tcase_add_test(tcase, without_magazines_all_is_served_as_well);
}

int main(void) {
  return suite_main("slab", add_tests);
}
