/* SPDX-License-Identifier: MIT
 *
 * Sizes: which class serves a request, and what a class is. Used by every file of alloc/; knows no slab and no memory.
 */
#ifndef ALLOC_CLASSES_H
#define ALLOC_CLASSES_H

#include "alloc/annotate.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  SLAB_SHIFT = 21,
  SLAB_BYTES = 1 << SLAB_SHIFT,
  PAGE_SHIFT = 12, /* of page runs; the system's own pages may be larger */
  PAGE_BYTES = 1 << PAGE_SHIFT,
  SLAB_PAGES = SLAB_BYTES / PAGE_BYTES,

  CLASSES = 72,                   /* classes of objects */
  RUN_CLASSES = 48,               /* classes of page runs: 1 to 8 pages, then 8 per doubling to 256 */
  BINS = CLASSES + RUN_CLASSES,   /* both, in one numbering: a run class follows the last class of objects */
  CLASS_MAX_BYTES = 1025 * 64,    /* the largest object, 64 KiB and its odd 64 bytes */
  RUN_MAX_BYTES = SLAB_BYTES / 2, /* the largest run; what is larger is mapped */
  MAX_ALIGN = SLAB_BYTES,
  MAX_ROUNDS = 256,
};

/* One class, of objects or of runs. */
struct size_class {
  uint32_t bytes;      /* of an object: its stride, and all of it usable */
  uint32_t objects;    /* in a slab; 0 for runs */
  uint64_t reciprocal; /* class_reciprocal; 0 for runs */
  uint16_t rounds;     /* that a magazine of this class holds at most; a multiple of 64 >> spread */
  uint8_t spread; /* an object's state is 2^spread bytes behind the one before: a cache line has the states of 64 >> spread
                          objects, 8 to 16 KiB of them, so that what different contexts take together shares few lines */
};

#define HIDDEN __attribute__((visibility("hidden"))) /* so that position-independent code need not look the address up */
extern HIDDEN const struct size_class weft__classes[BINS];
extern HIDDEN const uint8_t weft__class_map[CLASS_MAX_BYTES / 16 + 1];

/* The smallest class whose objects hold bytes; bytes is at most CLASS_MAX_BYTES. */
static inline unsigned class_of(size_t bytes) {
  return weft__class_map[(bytes + 15) >> 4];
}

/* The smallest class of runs of at least bytes, which is 1 to RUN_MAX_BYTES: 8 classes a doubling of pages, from 8 up. */
static inline unsigned run_class_of(size_t bytes) {
  uint32_t pages = (uint32_t)((bytes - 1) >> PAGE_SHIFT);
  unsigned doublings = pages < 16 ? 0 : 28 - (unsigned)__builtin_clz(pages);
  return CLASSES + (pages >> doublings) + 8 * doublings;
}

/* The class, of objects or runs, for a request at a multiple of align (a power of two, at most RUN_MAX_BYTES);
 * bytes is at most RUN_MAX_BYTES. */
unsigned weft__class_aligned(size_t bytes, size_t align);

/* Whether a request of bytes, at some alignment, is served by this class. */
bool weft__class_serves(unsigned class_, size_t bytes);

/* How many bytes of an object its owner may use: all of them, where there are no red zones. */
static inline size_t class_usable(unsigned class_) {
  return weft__classes[class_].bytes - (size_t)ANNOTATE_RED_ZONE;
}

/* Where the state of an object of reciprocal's class lies; a shift takes no more than the six bits. */
static inline size_t class_state(uint64_t reciprocal, uint32_t index) {
  return (size_t)index << (reciprocal & 63);
}

/* Bytes of the states of a slab of objects: one more than objects, for the end of the slab, where none fits. */
static inline size_t class_states_bytes(const struct size_class *class) {
  return ((((size_t) class->objects + 1) << class->spread) + 63) & ~(size_t)63;
}

/* What divides by a class's bytes: ceil(2^64 / bytes), up to the next multiple of 64, and in the six bits that this leaves
 * the spread, so that whoever reads the one has the other of the same class. */
#define class_reciprocal(bytes, spread) (((UINT64_MAX / (bytes) + 64) & ~UINT64_C(63)) + (spread))

/* How many objects of reciprocal's class lie wholly before offset (of a slab), and in *at_start whether one starts there.
 *
 * With s the class's bytes and r its reciprocal, s r = 2^64 + e with 0 <= e < 128 s, and offset = q s + m with m < s:
 *   offset r = q (2^64 + e) + m r = q 2^64 + (q e + m r).
 * q e + m r < 2^64, because m r <= (s - 1) r = 2^64 + e - r and (q + 1) e < r: (q + 1) e <= 128 (2^21 + 2^17) < 2^29, and
 * r > 2^47. So the high half is q. The low half is q e < r where m = 0, and at least r where m >= 1. */
static inline uint32_t class_index(uint64_t reciprocal, uint32_t offset, bool *at_start) {
  __extension__ unsigned __int128 product = (unsigned __int128)reciprocal * offset;
  *at_start = (uint64_t)product < reciprocal;
  return (uint32_t)(product >> 64);
}

#endif
