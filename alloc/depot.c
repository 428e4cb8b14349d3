/* SPDX-License-Identifier: MIT
 *
 * The depot: per class, a shelf of full magazines, empty ones, and under them the slabs. Every object that passes between
 * threads moves under a class's lock here, so there is nothing to go wrong about order: no ABA, no lock-free pop.
 * Called by cache.c and direct.c.
 */
#include "alloc/registry.h"
#include <string.h>

static bool holds_runs(const struct slab_depot *depot) {
  return class_at(depot->home) >= CLASSES;
}

static const struct size_class *class_of_depot(const struct slab_depot *depot) {
  return &weft__classes[class_at(depot->home)];
}

static uint32_t take_from_slabs(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                                bool may_grow, weft_status *status) {
  return holds_runs(depot) ? weft__runs_take(slab, depot->home, 1, rounds, want, may_grow, status)
                           : weft__objects_take(slab, depot, rounds, want, may_grow, status);
}

static uint32_t give_to_slabs(weft_slab *slab, struct slab_depot *depot, const struct slab_round *rounds, uint32_t n) {
  return holds_runs(depot) ? weft__runs_give(slab, depot->home, rounds, n) : weft__objects_give(slab, depot, rounds, n);
}

void weft__depot_twins(weft_slab *slab, struct slab_depot *depot, uint32_t n) {
  ADD_SHARED(slab->double_frees, n);
  ADD_SHARED(depot->frees, -(uint64_t)n);
}

bool weft__depot_make_live(weft_slab *slab, struct slab_depot *depot, const struct slab_round *round) {
  if (GET(*GET(round->state)) == STATE_LIVE) {
    weft__depot_twins(slab, depot, 1);
    return false;
  }
  SET(*GET(round->state), STATE_LIVE);
  return true;
}

static void empty_into_slabs(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *magazine) {
  uint32_t given = give_to_slabs(slab, depot, magazine->rounds, magazine->count);
  if (given < magazine->count)
    weft__depot_twins(slab, depot, magazine->count - given);
}

static struct slab_magazine *pop(struct slab_magazine **list) {
  struct slab_magazine *magazine = *list;
  *list = magazine->next;
  return magazine;
}

static void push(struct slab_magazine **list, struct slab_magazine *magazine) {
  magazine->next = *list;
  *list = magazine;
}

/* Moves up to want rounds from the shelf's first magazine. */
static uint32_t take_from_shelf(struct slab_depot *depot, struct slab_round *rounds, uint32_t want) {
  struct slab_magazine *full = depot->full;
  if (full == NULL)
    return 0;
  uint32_t n = full->count < want ? full->count : want;
  full->count -= n;
  memcpy((void *)rounds, (void *)(full->rounds + full->count), n * sizeof *rounds);
  if (full->count == 0) {
    push(&depot->empty, pop(&depot->full));
    depot->full_count--;
  }
  return n;
}

static uint32_t take(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                     weft_status *status) {
  uint32_t got = take_from_slabs(slab, depot, rounds, want, false, status);
  if (got == 0)
    got = take_from_shelf(depot, rounds, want);
  if (got == 0)
    got = take_from_slabs(slab, depot, rounds, want, true, status);
  return got;
}

uint32_t weft__depot_take(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                          weft_status *status) {
  os_lock_take(&depot->lock);
  uint32_t got = take(slab, depot, rounds, want, status);
  os_lock_give(&depot->lock);
  return got;
}

uint32_t weft__depot_take_aligned(weft_slab *slab, struct slab_depot *depot, size_t align, struct slab_round *round,
                                  weft_status *status) {
  return weft__runs_take(slab, depot->home, align, round, 1, true, status);
}

uint32_t weft__depot_give(weft_slab *slab, struct slab_depot *depot, const struct slab_round *rounds, uint32_t n) {
  os_lock_take(&depot->lock);
  uint32_t given = give_to_slabs(slab, depot, rounds, n);
  os_lock_give(&depot->lock);
  return given;
}

static struct slab_magazine *empty_magazine(weft_slab *slab, struct slab_depot *depot) {
  weft_status status;
  if (depot->empty != NULL)
    return pop(&depot->empty);
  size_t bytes = sizeof(struct slab_magazine) + class_of_depot(depot)->rounds * sizeof(struct slab_round);
  struct slab_magazine *magazine = weft__meta_take(slab, bytes, &status);
  if (magazine != NULL)
    SET(magazine->end.state, &weft__always_live);
  return magazine;
}

struct slab_magazine *weft__depot_magazine(weft_slab *slab, struct slab_depot *depot) {
  os_lock_take(&depot->lock);
  struct slab_magazine *magazine = empty_magazine(slab, depot);
  os_lock_give(&depot->lock);
  return magazine;
}

void weft__depot_retire(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *magazine) {
  os_lock_take(&depot->lock);
  empty_into_slabs(slab, depot, magazine);
  push(&depot->empty, magazine);
  os_lock_give(&depot->lock);
}

struct slab_magazine *weft__depot_refill(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *empty,
                                         uint32_t capacity, weft_status *status) {
  struct slab_magazine *filled = empty;
  os_lock_take(&depot->lock);
  if (depot->full != NULL && depot->full->count <= capacity) {
    filled = pop(&depot->full);
    depot->full_count--;
    push(&depot->empty, empty);
  } else {
    empty->count = take_from_shelf(depot, empty->rounds, capacity);
    if (empty->count == 0)
      empty->count = take(slab, depot, empty->rounds, capacity, status);
  }
  os_lock_give(&depot->lock);
  return filled;
}

struct slab_magazine *weft__depot_drain(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *full) {
  uint32_t shelf = MAGAZINE_SHELF / (class_of_depot(depot)->rounds * class_of_depot(depot)->bytes);
  struct slab_magazine *empty = NULL;
  os_lock_take(&depot->lock);
  if (depot->full_count < (shelf < 2 ? 2 : shelf))
    empty = empty_magazine(slab, depot);
  if (empty != NULL) {
    push(&depot->full, full);
    depot->full_count++;
  } else {
    empty_into_slabs(slab, depot, full);
    empty = full;
  }
  os_lock_give(&depot->lock);
  return empty;
}

/* Gives what a depot keeps back to its slabs, and spare slabs to the system. */
static void empty_depot(weft_slab *slab, struct slab_depot *depot) {
  os_lock_take(&depot->lock);
  while (depot->full != NULL) {
    struct slab_magazine *full = pop(&depot->full);
    empty_into_slabs(slab, depot, full);
    push(&depot->empty, full);
  }
  depot->full_count = 0;
  if (!holds_runs(depot))
    weft__objects_trim(slab, depot);
  os_lock_give(&depot->lock);
}

void weft__depots_empty(weft_slab *slab) {
  for (unsigned node = 0; node < slab->n_nodes; node++) {
    for (unsigned class_ = 0; class_ < BINS; class_++)
      empty_depot(slab, depot_at(slab, node, class_));
    weft__runs_trim(slab, &slab->nodes[node]);
  }
}
