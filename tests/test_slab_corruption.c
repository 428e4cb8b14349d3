/* SPDX-License-Identifier: MIT
 *
 * What a caller may overwrite by mistake: everything in the slab's memory but other live objects. Free objects and free
 * pages, gaps, the bytes of an object beyond those asked for are filled with garbage again and again; frees, refusals,
 * figures and later allocations stay right, as the slab keeps nothing there.
 */
#include "tests/slabs.h"
#include "tests/suite.h"

enum { OBJECTS = 3000, TURNS = 40, STEPS = 3000 };

static struct fixture f;
static struct slab_cache second; /* comes and goes, so that objects reach the depot and their slabs */
static struct {
  uint8_t *p;
  size_t bytes;
  uint64_t tag;
} objects[OBJECTS];
static struct rng rng;

#define SEED_EXPECT(condition, ...)                                    \
  do {                                                                 \
    if (!(condition)) {                                                \
      char text_[300];                                                 \
      snprintf(text_, sizeof text_, __VA_ARGS__);                      \
      ck_abort_msg("seed 0x%" PRIx64 ": %s", rng_case_seed(0), text_); \
    }                                                                  \
  } while (0)

static size_t edge(size_t i) {
  return objects[i].bytes < 64 ? objects[i].bytes : 64;
}

/* Both ends of an object are marked; what is between them is the caller's as well, and not looked at. */
static void mark_ends(size_t i) {
  size_t bytes = objects[i].bytes;
  mark(objects[i].p, objects[i].tag, 0, edge(i));
  mark(objects[i].p, objects[i].tag, bytes - edge(i), bytes);
}

static void check_ends(size_t i) {
  for (size_t k = 0; k < edge(i); k++) {
    size_t last = objects[i].bytes - 1 - k;
    SEED_EXPECT(objects[i].p[k] == mark_byte(objects[i].tag, k) && objects[i].p[last] == mark_byte(objects[i].tag, last),
                "byte %zu or %zu of %zu is another's", k, last, objects[i].bytes);
  }
}

/* Overwrites with garbage all memory of slabs, and what mapped allocations have beyond the bytes asked for; then live
 * objects get their marks again. */
static void scribble(void) {
  for (size_t i = 0; i < OBJECTS; i++)
    if (objects[i].p != NULL) {
      check_ends(i);
      size_t usable = weft_usable_size(f.ctx, objects[i].p);
      SEED_EXPECT(usable >= objects[i].bytes, "%zu bytes: %zu usable", objects[i].bytes, usable);
      memset(objects[i].p + objects[i].bytes, (int)rng_upto(&rng, 255), usable - objects[i].bytes);
    }
  static uint64_t garbage[512];
  rng_fill(&rng, garbage, sizeof garbage);
  for (size_t slot = 0; slot < f.slab->known; slot++) {
    uint8_t kind = GET(f.slab->hot[slot].kind);
    if (kind == SLOT_OBJECTS || kind == SLOT_RUNS)
      for (size_t at = 0; at < f.slab->cold[slot].committed; at += sizeof garbage)
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
          stray_write(slot_start(f.slab, slot) + at + i * sizeof garbage[0], garbage[i]);
  }
  for (size_t i = 0; i < OBJECTS; i++)
    if (objects[i].p != NULL)
      mark_ends(i);
}

static void step(size_t i) {
  weft_ctx *ctx = rng_percent(&rng, 50) ? f.ctx : (weft_ctx *)(void *)&second;
  uint8_t *p = objects[i].p;
  if (p == NULL) {
    objects[i].bytes = 1 + (rng_percent(&rng, 90) ? rng_upto(&rng, 3000) : random_size(&rng));
    objects[i].tag = rng_next(&rng);
    bool zeroed = rng_percent(&rng, 30);
    p = zeroed ? weft_zalloc(ctx, objects[i].bytes) : weft_alloc(ctx, objects[i].bytes);
    SEED_EXPECT(p != NULL, "%zu bytes: %s", objects[i].bytes, ((struct slab_cache *)(void *)ctx)->message);
    for (size_t k = 0; k < objects[i].bytes && zeroed; k += k < 4096 ? 1 : 1021)
      SEED_EXPECT(p[k] == 0, "byte %zu of zeroed %zu is %u", k, objects[i].bytes, p[k]);
    objects[i].p = p;
    mark_ends(i);
    return;
  }
  check_ends(i);
  objects[i].p = NULL;
  SEED_EXPECT(weft_free(ctx, p + 1 + rng_upto(&rng, 14)) == WEFT_E_INVALID || objects[i].bytes < 16,
              "a free inside passed");
  SEED_EXPECT(weft_free(ctx, p) == WEFT_OK, "free of %zu bytes: %s", objects[i].bytes,
              ((struct slab_cache *)(void *)ctx)->message);
  SEED_EXPECT(weft_free(ctx, p) != WEFT_OK, "a second free of %zu bytes passed", objects[i].bytes);
}

static void check_figures(void) {
  struct weft_slab_figures stats = stats_of(f.slab);
  uint64_t live = 0, bytes = 0;
  for (size_t i = 0; i < OBJECTS; i++)
    if (objects[i].p != NULL) {
      live++;
      bytes += weft_usable_size(f.ctx, objects[i].p);
    }
  SEED_EXPECT(stats.live_objects == live && stats.live_bytes == bytes && stats.allocations - stats.frees == live,
              "%" PRIu64 " objects of %" PRIu64 " bytes, not %" PRIu64 " of %" PRIu64, stats.live_objects, stats.live_bytes,
              live, bytes);
  SEED_EXPECT(stats.double_frees == 0, "%" PRIu64 " second frees", stats.double_frees);
}

START_TEST(garbage_around_every_object_changes_nothing) {
  fixture_open(&f);
  rng.state = rng_case_seed(0);
  for (size_t turn = 0; turn < rng_cases(TURNS); turn++) {
    weft__cache_open(&second, f.slab);
    for (size_t k = 0; k < STEPS; k++)
      step(rng_upto(&rng, OBJECTS - 1));
    scribble();
    check_figures();
    for (size_t k = 0; k < STEPS; k++)
      step(rng_upto(&rng, OBJECTS - 1));
    weft__cache_close(&second);
    weft__slab_unref(f.slab);
    if (turn % 4 == 3)
      weft__depot_trim(f.slab);
    scribble();
    check_figures();
  }
  weft__cache_open(&second, f.slab);
  for (size_t i = 0; i < OBJECTS; i++)
    if (objects[i].p != NULL)
      step(i);
  check_figures();
  weft__cache_close(&second);
  weft__slab_unref(f.slab);
  fixture_close(&f);
}
END_TEST

/* One class at a time, every other object freed: each free one, and every gap, between live neighbours. */
START_TEST(garbage_in_the_neighbours_of_each_class_changes_nothing) {
  enum { N = 60 };
  fixture_open(&f);
  for (unsigned class_ = class_for(1); class_ < BINS; class_++) {
    size_t bytes = class_usable(class_), align = class_ < CLASSES ? 1 : PAGE_BYTES;
    uint8_t *p[N];
    for (size_t i = 0; i < N; i++)
      EXPECT((p[i] = weft_aligned_alloc(f.ctx, bytes, align)) != NULL, "class %u: %s", class_, f.cache.message);
    for (size_t i = 1; i < N; i += 2)
      mark(p[i], i, 0, bytes);
    for (size_t i = 0; i < N; i += 2)
      EXPECT(weft_free(f.ctx, p[i]) == WEFT_OK, "class %u: %s", class_, f.cache.message);
    for (size_t i = 0; i < N; i += 2)
      for (size_t at = 0; at < weft__classes[class_].bytes; at += 8)
        stray_write(p[i] + at, UINT64_MAX / 255 * 0xA5);
    for (size_t i = 0; i < N; i += 2) {
      EXPECT(weft_free(f.ctx, p[i]) == WEFT_E_DOUBLE_FREE, "class %u: object %zu is not freed", class_, i);
      EXPECT(weft_usable_size(f.ctx, p[i + 1]) == bytes, "class %u: object %zu is not live", class_, i + 1);
    }
    for (size_t i = 0; i < N; i += 2) {
      uint8_t *again = weft_aligned_alloc(f.ctx, bytes, align);
      EXPECT(again != NULL, "class %u: %s", class_, f.cache.message);
      memset(again, 0x5A, bytes);
      p[i] = again;
    }
    for (size_t i = 1; i < N; i += 2)
      EXPECT(unmarked(p[i], i, bytes) == bytes, "class %u: object %zu is another's", class_, i);
    for (size_t i = 0; i < N; i++)
      EXPECT(weft_free(f.ctx, p[i]) == WEFT_OK, "class %u: %s", class_, f.cache.message);
  }
  fixture_close(&f);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, garbage_around_every_object_changes_nothing);
  tcase_add_test(tcase, garbage_in_the_neighbours_of_each_class_changes_nothing);
}

int main(void) {
  return suite_main("slab_corruption", add_tests);
}
