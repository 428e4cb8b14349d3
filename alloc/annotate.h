/* SPDX-License-Identifier: MIT
 *
 * What memory checkers are told of the slab's memory: AddressSanitizer in builds with -fsanitize=address, Valgrind's
 * memcheck in builds with WEFT_VALGRIND. Called wherever memory changes hands; in other builds nothing of it is left.
 *
 * Memory of slots is closed from its commit to its decommit, but for the bytes that were asked for of live objects; so what
 * is free is closed wherever it waits: in its slab, in a magazine, in a mapped allocation that is kept, on a purged page.
 * Each object ends in a red zone, closed as well, and so the first byte past one that fits its class exactly is found, and
 * the byte before its neighbour.
 */
#ifndef ALLOC_ANNOTATE_H
#define ALLOC_ANNOTATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ANNOTATE_ASAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ANNOTATE_ASAN
#endif

#if defined(ANNOTATE_ASAN)
#include <sanitizer/asan_interface.h>
#elif defined(WEFT_VALGRIND)
#define ANNOTATE_VALGRIND
#include <valgrind/memcheck.h>
#endif

/* Bytes at an object's end; a multiple of 16, so that classes keep their alignments. */
enum {
#if defined(ANNOTATE_ASAN) || defined(ANNOTATE_VALGRIND)
  ANNOTATE_RED_ZONE = 16
#else
  ANNOTATE_RED_ZONE = 0
#endif
};

/* How many bytes an object for a request of bytes has to have. */
static inline size_t annotate_room(size_t bytes) {
  if (ANNOTATE_RED_ZONE == 0)
    return bytes;
  size_t asked = bytes == 0 ? 1 : bytes;
  return asked < SIZE_MAX - ANNOTATE_RED_ZONE ? asked + ANNOTATE_RED_ZONE : SIZE_MAX;
}

/* Memory has come from the system, and is nobody's. */
static inline void annotate_fresh(void *at, size_t bytes) {
#if defined(ANNOTATE_ASAN)
  __asan_poison_memory_region(at, bytes);
#elif defined(ANNOTATE_VALGRIND)
  VALGRIND_MAKE_MEM_NOACCESS(at, bytes);
#else
  (void)at, (void)bytes;
#endif
}

/* It is about to go back, and its addresses may be another's soon: Valgrind sees that by itself. */
static inline void annotate_gone(void *at, size_t bytes) {
#if defined(ANNOTATE_ASAN)
  __asan_unpoison_memory_region(at, bytes);
#else
  (void)at, (void)bytes;
#endif
}

/* An object is given out to who asked for bytes (0 counts as 1). Returns it. */
static inline void *annotate_given(void *object, size_t bytes) {
#if defined(ANNOTATE_ASAN)
  __asan_unpoison_memory_region(object, bytes == 0 ? 1 : bytes);
#elif defined(ANNOTATE_VALGRIND)
  VALGRIND_MALLOCLIKE_BLOCK(object, bytes == 0 ? 1 : bytes, 0, 0);
#else
  (void)bytes;
#endif
  return object;
}

/* A new object's bytes are zeros, though nobody has written them. */
static inline void *annotate_zeros(void *object, size_t bytes) {
#if defined(ANNOTATE_VALGRIND)
  VALGRIND_MAKE_MEM_DEFINED(object, bytes);
#else
  (void)bytes;
#endif
  return object;
}

/* An object of usable bytes is freed. By the thread that freed it, before any other can be given it. */
static inline void annotate_taken_back(void *object, size_t usable) {
#if defined(ANNOTATE_ASAN)
  __asan_poison_memory_region(object, usable);
#elif defined(ANNOTATE_VALGRIND)
  VALGRIND_FREELIKE_BLOCK(object, 0);
  (void)usable;
#else
  (void)object, (void)usable;
#endif
}

/* How many of an object's usable bytes are open: those that were asked for. */
static inline size_t annotate_open(void *object, size_t usable) {
#if defined(ANNOTATE_ASAN)
  const char *closed = __asan_region_is_poisoned(object, usable);
  return closed == NULL ? usable : (size_t)(closed - (const char *)object);
#elif defined(ANNOTATE_VALGRIND)
  size_t open = 0, end = usable; /* the last open byte is in open .. end */
  while (RUNNING_ON_VALGRIND && end - open > 1) {
    size_t middle = open + (end - open) / 2;
    char bits; /* the answer is 3 for a byte that is closed */
    if (VALGRIND_GET_VBITS((char *)object + middle, &bits, 1) == 3)
      end = middle;
    else
      open = middle;
  }
  return end;
#else
  (void)object;
  return usable;
#endif
}

/* The first bytes (0 counts as 1) of a live object are open from here on, the rest of its usable bytes closed. */
static inline void annotate_resized(void *object, size_t bytes, size_t usable) {
  size_t asked = bytes == 0 ? 1 : bytes;
#if defined(ANNOTATE_ASAN)
  __asan_unpoison_memory_region(object, asked);
  __asan_poison_memory_region((char *)object + asked, usable - asked);
#elif defined(ANNOTATE_VALGRIND)
  VALGRIND_RESIZEINPLACE_BLOCK(object, annotate_open(object, usable), asked, 0);
#else
  (void)object, (void)asked, (void)usable;
#endif
}

#endif
