/* SPDX-License-Identifier: MIT
 *
 * What the suites about the slab and the system share: a fixture, and objects that are held with marks in them, which are
 * looked at when they are freed, as what went back to the system by mistake reads as zeros.
 */
#ifndef TESTS_HELD_H
#define TESTS_HELD_H

#include "tests/one_slab.h"

enum { MOST = 140000 };

static struct object {
  void *at;
  size_t bytes;
} held[MOST];

/* A byte in every STEP of an object, so that none of its pages goes unmarked. */
enum { STEP = 251 };

static inline void stamp(void *p, uint64_t tag, size_t bytes) {
  for (size_t i = 0; i < bytes; i += STEP)
    ((uint8_t *)p)[i] = mark_byte(tag, i) | 1;
}

static inline bool is_stamped(const void *p, uint64_t tag, size_t bytes) {
  for (size_t i = 0; i < bytes; i += STEP)
    if (((const uint8_t *)p)[i] != (mark_byte(tag, i) | 1))
      return false;
  return true;
}

static inline void hold(size_t i, size_t bytes) {
  held[i] = (struct object){weft_alloc(f.ctx, bytes), bytes};
  EXPECT(held[i].at != NULL, "%zu bytes: %s", bytes, f.cache.message);
  stamp(held[i].at, i, bytes);
}

static inline void drop(size_t i) {
  EXPECT(is_stamped(held[i].at, i, held[i].bytes), "object %zu of %zu bytes is not as it was", i, held[i].bytes);
  EXPECT(weft_free(f.ctx, held[i].at) == WEFT_OK, "%s", f.cache.message);
  held[i].at = NULL;
}

static inline uint64_t committed(void) {
  return stats_of(f.slab).committed_bytes;
}

/* Trims, with nothing left in the magazines; how much went back. */
static inline size_t trim(void) {
  size_t bytes;
  weft_flush(f.ctx);
  uint64_t before = committed();
  ck_assert_int_eq(weft_slab_trim(f.slab, &bytes), WEFT_OK);
  ck_assert_uint_eq(before - committed(), bytes);
  return bytes;
}

static const size_t sizes[] = {16, 64, 100, 1000, 3000, 4096, 5000, 9000, 20000, 33000, 70000, 300000, FITS(1 << 20)};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static inline size_t count_for(size_t bytes, size_t total) {
  return total / bytes < 80000 ? total / bytes : 80000;
}

static inline struct weft_slab_options options_with_limit(size_t limit_bytes) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = limit_bytes;
  return options;
}

/* The fixture on a slab with these options, in place of the one that is open. */
static inline void reopen(const struct weft_slab_options *options) {
  fixture_close(&f);
  fixture_open_with(&f, options);
}

#endif
