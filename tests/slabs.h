/* SPDX-License-Identifier: MIT
 *
 * What the suites of the slab share: a slab with a cache of its own on it, and the ways to fail with numbers. The caches
 * are opened without a context around them, which is all that alloc/ sees of one.
 */
#ifndef TESTS_SLABS_H
#define TESTS_SLABS_H

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/registry.h"
#include "tests/rng.h"

/* In hot loops, where ck_assert itself would take most of the time. */
#define EXPECT(condition, ...)   \
  do {                           \
    if (!(condition))            \
      ck_abort_msg(__VA_ARGS__); \
  } while (0)

/* What to ask for to be given an object of bytes, its red zone and all where there is one; and the class for a request. */
#define FITS(bytes) ((bytes)-ANNOTATE_RED_ZONE)
static inline unsigned class_for(size_t bytes) {
  return weft__class_aligned(annotate_room(bytes), 1);
}

/* Stray reads and writes of 8 bytes, which a memory checker is not to see. */
#define UNSEEN __attribute__((no_sanitize("address"), noinline, unused))
UNSEEN static uint64_t stray_read(const void *p) {
  return *(const volatile uint64_t *)p;
}
UNSEEN static void stray_write(void *p, uint64_t value) {
  *(volatile uint64_t *)p = value;
}

/* Sizes of each kind of memory: objects, runs, mapped. */
static const size_t kinds[] = {16, 96, 1000, 32768, 40000, 500000, FITS(1 << 20), 3000000, 9 << 20};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct fixture {
  weft_slab *slab;
  struct slab_cache cache;
  weft_ctx *ctx;
};

static inline void fixture_open_with(struct fixture *f, const struct weft_slab_options *options) {
  weft_status status = weft_slab_create(options, &f->slab);
  ck_assert_msg(status == WEFT_OK, "weft_slab_create: %s", weft_status_text(status));
  weft__cache_open(&f->cache, f->slab);
  f->ctx = (weft_ctx *)(void *)&f->cache;
}

static inline void fixture_open(struct fixture *f) {
  fixture_open_with(f, NULL);
}

static inline struct weft_slab_figures stats_of(const weft_slab *slab) {
  struct weft_slab_figures stats;
  ck_assert_int_eq(weft_slab_stats(slab, &stats, sizeof stats), WEFT_OK);
  return stats;
}

static inline struct weft_slab_context_figures context_stats_of(const weft_ctx *ctx) {
  struct weft_slab_context_figures stats;
  ck_assert_int_eq(weft_ctx_slab_stats(ctx, &stats, sizeof stats), WEFT_OK);
  return stats;
}

/* Ends the cache and the slab, which must be wholly free. */
static inline void fixture_close(struct fixture *f) {
  weft__cache_close(&f->cache);
  weft__slab_unref(f->slab);
  struct weft_slab_figures stats = stats_of(f->slab);
  ck_assert_msg(stats.live_objects == 0 && stats.live_bytes == 0, "%" PRIu64 " objects of %" PRIu64 " bytes are live",
                stats.live_objects, stats.live_bytes);
  ck_assert_int_eq(weft_slab_release(f->slab), WEFT_OK);
}

/* Bytes that tell one object from another: of tag, at offset. */
static inline uint8_t mark_byte(uint64_t tag, size_t offset) {
  return (uint8_t)((tag * RNG_STEP >> 56) + offset * 31 + (offset >> 8));
}

static inline void mark(void *p, uint64_t tag, size_t from, size_t to) {
  for (size_t i = from; i < to; i++)
    ((uint8_t *)p)[i] = mark_byte(tag, i);
}

/* The first byte of p[bytes] that is not tag's; bytes when all are. */
static inline size_t unmarked(const void *p, uint64_t tag, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (((const uint8_t *)p)[i] != mark_byte(tag, i))
      return i;
  return bytes;
}

/* A size in 0 … 4 MiB, small ones more often than large ones. */
static inline size_t random_size(struct rng *rng) {
  return (size_t)(rng_next(rng) & (((uint64_t)1 << rng_upto(rng, rng_percent(rng, 3) ? 22 : 15)) - 1));
}

#endif
