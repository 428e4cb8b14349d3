/* SPDX-License-Identifier: MIT
 *
 * Slabs across fork: a child has one thread and a copy of everything, so also of the locks, and those that other threads
 * held would be held for ever. So all locks of all slabs are taken before a fork, which finds everything under them whole,
 * and given back on both sides. The bins of contexts, which have no lock, are put right in the child. Called by slab.c;
 * knows the locks and their order.
 */
#include "alloc/bins.h"

static struct os_lock slabs_lock = OS_LOCK_INIT; /* before all locks of slabs; over the rest */
static weft_slab *slabs;
static bool has_handlers;

static void take_locks(weft_slab *slab) {
  os_lock_take(&slab->caches_lock);
  for (unsigned node = 0; node < slab->n_nodes; node++)
    for (unsigned class_ = 0; class_ < BINS; class_++)
      os_lock_take(&depot_at(slab, node, class_)->lock);
  for (unsigned node = 0; node < slab->n_nodes; node++)
    os_lock_take(&slab->nodes[node].runs_lock);
  os_lock_take(&slab->registry_lock);
}

static void give_locks(weft_slab *slab) {
  os_lock_give(&slab->registry_lock);
  for (unsigned node = 0; node < slab->n_nodes; node++)
    os_lock_give(&slab->nodes[node].runs_lock);
  for (unsigned node = 0; node < slab->n_nodes; node++)
    for (unsigned class_ = 0; class_ < BINS; class_++)
      os_lock_give(&depot_at(slab, node, class_)->lock);
  os_lock_give(&slab->caches_lock);
}

static void before_fork(void) {
  os_lock_take(&slabs_lock);
  for (weft_slab *slab = slabs; slab != NULL; slab = slab->next_slab)
    take_locks(slab);
}

static void in_parent(void) {
  for (weft_slab *slab = slabs; slab != NULL; slab = slab->next_slab)
    give_locks(slab);
  os_lock_give(&slabs_lock);
}

static void in_child(void) {
  for (weft_slab *slab = slabs; slab != NULL; slab = slab->next_slab)
    for (struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next)
      for (unsigned class_ = 0; class_ < BINS; class_++)
        weft__bin_abandon(&cache->bins[class_]);
  in_parent();
}

bool weft__fork_enter(weft_slab *slab) {
  os_lock_take(&slabs_lock);
  if (!has_handlers)
    has_handlers = weft__os_at_fork(before_fork, in_parent, in_child);
  bool done = has_handlers;
  if (done) {
    slab->next_slab = slabs;
    if (slabs != NULL)
      slabs->prev_slab = slab;
    slabs = slab;
  }
  os_lock_give(&slabs_lock);
  return done;
}

void weft__fork_leave(weft_slab *slab) {
  os_lock_take(&slabs_lock);
  if (slab->next_slab != NULL)
    slab->next_slab->prev_slab = slab->prev_slab;
  if (slab->prev_slab != NULL)
    slab->prev_slab->next_slab = slab->next_slab;
  else
    slabs = slab->next_slab;
  os_lock_give(&slabs_lock);
}
