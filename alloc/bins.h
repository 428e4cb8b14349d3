/* SPDX-License-Identifier: MIT
 *
 * A context's bins: the two fast steps, inline, and what a bin does when its magazine is empty or full. For cache.c, and
 * for the figures.
 */
#ifndef ALLOC_BINS_H
#define ALLOC_BINS_H

#include "alloc/registry.h"

/* Of so many allocations of a bin's one goes the slow way, where its size and time are noted. */
#ifdef WEFT_SLAB_PLAIN
#define SAMPLED UINT64_MAX
#else
#define SAMPLED UINT64_C(8192)
#endif

/* Takes a free object out of the loaded magazine. false: it holds none, or the uppermost is the twin of a live one (it was
 * freed twice at one instant), or this is one to be sampled and sampled is not set. */
static inline bool bin_take_top(struct slab_bin *bin, bool sampled, void **object) {
  struct slab_round *top = GET(bin->top);
  slab_state *state = GET(top[-1].state);
  uint64_t allocations = GET(bin->allocations) + 1;
  if (GET(*state) == STATE_LIVE || (!sampled && allocations % SAMPLED == 0))
    return false;
  SET(*state, STATE_LIVE);
  SET(bin->allocations, allocations);
  SET(bin->top, top - 1);
  *object = GET(top[-1].object);
  return true;
}
static inline bool bin_pop(struct slab_bin *bin, void **object) {
  return bin_take_top(bin, false, object);
}

static inline bool bin_has_room(const struct slab_bin *bin) {
  return GET(bin->top) != bin->high;
}

/* Puts a live object into the loaded magazine; false: it has no room, or there is none. */
static inline bool bin_push(struct slab_bin *bin, void *object, slab_state *state) {
  struct slab_round *top = GET(bin->top);
  if (top == bin->high)
    return false;
  SET(*state, STATE_FREED);
  __builtin_prefetch(object, 1); /* it may be cold, and is the next to be given out */
  SET(top->object, object);
  SET(top->state, state);
  SET(bin->top, top + 1);
  return true;
}

/* What a bin counts, read by any thread: of a bin in use, as at some instants of the call. */
struct bin_counts {
  uint64_t allocations;
  uint64_t frees;
  uint32_t cached; /* objects in its magazines */
};
struct bin_counts weft__bin_counts(const struct slab_bin *bin);

/* For the context's thread: */

/* Allocates where bin_pop found nothing. NULL: *status says why. */
void *weft__bin_take(struct slab_cache *cache, unsigned class_, weft_status *status);
/* Allocates past the magazine: a run at a multiple of align, more than a page. */
void *weft__bin_take_aligned(struct slab_cache *cache, unsigned class_, size_t align, weft_status *status);
/* Makes room in the loaded magazine; false: there can be none. */
bool weft__bin_make_room(struct slab_cache *cache, unsigned class_);
/* Begins a bin, zeroed: without a magazine. */
void weft__bin_open(struct slab_bin *bin);
/* Takes back what the loaded magazine may hold beyond what it does, so that the next free goes the slow way. */
void weft__bin_lapse(struct slab_cache *cache, unsigned class_);
/* Counts a free of this context's that went past the magazine. */
void weft__bin_count_free(struct slab_bin *bin);
/* Begins the counts of an empty bin anew. */
void weft__bin_restart(struct slab_bin *bin);
/* In a child after fork: a bin that its thread was changing, and never will again, is made one that readers find whole.
 * What it kept is lost. */
void weft__bin_abandon(struct slab_bin *bin);
/* Gives all of a cache's free objects to the depot. */
void weft__bins_flush(struct slab_cache *cache);

#endif
