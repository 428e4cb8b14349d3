/* SPDX-License-Identifier: MIT
 *
 * A slab for the scheduler: begun anew for each schedule, worked on by logical threads with a context each, checked after
 * it. Every object must be in one place, every magazine in one place, and the counts must add up.
 */
#ifndef TESTS_SLAB_WORLD_H
#define TESTS_SLAB_WORLD_H

#include <stdio.h>

#include "tests/schedule.h"
#include "tests/slabs.h"

extern struct slab_world {
  char *arena;
  struct {
    char *at;
    size_t bytes;
  } commits[64];
  size_t n_commits;
  char *copy;
  weft_slab *slab;
  struct slab_cache caches[SCHEDULE_THREADS], caches_copy[SCHEDULE_THREADS];
  bool open[SCHEDULE_THREADS];
  unsigned class_; /* of all objects in the world */
} world;

/* What the threads hold and have seen. */
extern struct world_seen {
  void *held[SCHEDULE_THREADS][8];
  size_t n_held[SCHEDULE_THREADS];
  struct {
    void *p;
    uint64_t began, ended;
  } taken[SCHEDULE_THREADS]; /* each thread's latest allocation */
  uint64_t free_ended;       /* the latest free of twin */
  unsigned free_calls;       /* for twin, that have ended */
  unsigned freed;            /* of those, how many were WEFT_OK */
  bool taken_twice;
  bool at_once; /* while the other allocation of it, or a free of it, was under way */
  char failure[400];
} seen;

/* What more than one thread frees; NULL: nothing. */
extern void *world_twin;

/* Of the schedules explored last: in how many twin was freed more than once with success, and given out twice. */
extern uint64_t world_twice_freed, world_taken_twice;

/* In a logical thread, which cannot fail the test itself. */
#define SEEN_EXPECT(condition, ...)                             \
  do {                                                          \
    if (!(condition) && seen.failure[0] == 0)                   \
      snprintf(seen.failure, sizeof seen.failure, __VA_ARGS__); \
  } while (0)

/* A slab with a context for each thread; then prepare does what comes before the threads start, and may set twin. */
void world_open(unsigned class_, size_t cache_bytes, void (*prepare)(void));

/* Explores the threads' schedules from that world, with one preemption more where WEFT_TEST_PERCENT is 1000 and one less
 * where it is under 100. */
void world_explore(const char *name, unsigned preemptions, void (*a)(void), void (*b)(void), void (*c)(void));

/* What thread i does: allocates an object of the class (with its context, without
 * one, or aligned past the magazines) and holds it; frees the one that it took last; frees twin, with its
 * context or without one; closes its context. */
enum world_way { WITH, WITHOUT, ALIGNED };
void world_take_as(int i, enum world_way way);
void world_take(int i);
void world_give(int i);
void world_free_twin(int i, bool with_context);
void world_close(int i);

/* How many objects a bin's loaded magazine has. */
static inline uint32_t bin_count(const struct slab_bin *bin) {
  return (uint32_t)(GET(bin->top) - GET(bin->low));
}

static inline weft_ctx *world_ctx(int i) {
  return (weft_ctx *)(void *)&world.caches[i];
}

#endif
