/* SPDX-License-Identifier: MIT
 *
 * Requests without a context, each straight to the depot, and the figures of a slab. Called by lib/ for contexts and
 * outputs, and by users on threads that have no context.
 */
#include "alloc/bins.h"
#include <string.h>

void *weft__slab_take(weft_slab *slab, size_t bytes, weft_status *status) {
  weft_status ignored;
  if (status == NULL)
    status = &ignored;
  *status = WEFT_E_NOMEM;
  if (!weft__fault(slab)) {
    struct slab_round round;
    bool mapped = bytes > RUN_MAX_BYTES;
    struct slab_depot *depot = mapped ? NULL : depot_at(slab, weft__node(slab), weft__class_aligned(bytes, 1));
    do {
      if (mapped) {
        void *p = weft__mapped_take(slab, bytes, status);
        if (p != NULL)
          return p;
      }
      while (!mapped && weft__depot_take(slab, depot, &round, 1, status) == 1)
        if (weft__depot_make_live(slab, depot, &round)) {
          ADD_SHARED(depot->allocations, 1);
          return GET(round.object);
        }
    } while (weft__depot_trim(slab) > 0);
  }
  ADD_SHARED(slab->refused, 1);
  return NULL;
}

weft_status weft_slab_free(weft_slab *slab, void *p) {
  struct slab_place place;
  if (slab == NULL)
    return WEFT_E_INVALID;
  if (p == NULL)
    return WEFT_OK;
  weft_status status = weft__slab_find(slab, p, &place);
  if (status != WEFT_OK)
    return status;
  if (place.kind == SLOT_MAPPED)
    return weft__mapped_give(slab, slot_of(slab, p));
  uint8_t live = STATE_LIVE;
  struct slab_round round = {p, place.state};
  struct slab_depot *depot = depot_at(slab, place.node, place.class_);
  if (!atomic_compare_exchange_strong(place.state, &live, STATE_FREED) || weft__depot_give(slab, depot, &round, 1) == 0)
    return WEFT_E_DOUBLE_FREE;
  ADD_SHARED(depot->frees, 1);
  return WEFT_OK;
}

/* One class's counts: frees before allocations, so that what is freed meanwhile cannot make the live ones negative. The
 * acquiring loads hold that order (a fence would too, and ThreadSanitizer does not know fences). */
static void count_class(weft_slab *slab, unsigned class_, struct weft_slab_figures *stats, uint64_t *cached_requests) {
  uint64_t bytes = weft__classes[class_].bytes, frees = 0, allocations = 0;
  for (unsigned node = 0; node < slab->n_nodes; node++)
    frees += atomic_load_explicit(&depot_at(slab, node, class_)->frees, memory_order_acquire);
  for (unsigned node = 0; node < slab->n_nodes; node++)
    allocations += GET(depot_at(slab, node, class_)->allocations);
  for (const struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next) {
    struct bin_counts counts = weft__bin_counts(&cache->bins[class_]);
    frees += counts.frees;
    *cached_requests += counts.frees;
    stats->cached_bytes += bytes * counts.cached;
  }
  for (const struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next) {
    uint64_t n = GET(cache->bins[class_].allocations);
    allocations += n;
    *cached_requests += n;
  }
  uint64_t live = allocations > frees ? allocations - frees : 0;
  stats->allocations += allocations;
  stats->frees += frees;
  stats->live_objects += live;
  stats->live_bytes += live * bytes;
}

weft_status weft_slab_stats(const weft_slab *read_slab, struct weft_slab_figures *out, size_t size) {
  weft_slab *slab = (weft_slab *)read_slab; /* for its locks */
  if (slab == NULL || out == NULL)
    return WEFT_E_INVALID;
  struct weft_slab_figures stats = {.reserved_bytes = slab->range_bytes};
  uint64_t requests = 0;
  os_lock_take(&slab->caches_lock);
  stats.contexts = slab->n_caches;
  stats.magazine_misses = slab->closed_misses;
  stats.exchanges = slab->closed_exchanges;
  uint64_t misses = 0;
  for (const struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next) {
    misses += GET(cache->misses);
    stats.exchanges += GET(cache->exchanges);
  }
  for (unsigned class_ = 0; class_ < BINS; class_++)
    count_class(slab, class_, &stats, &requests);
  stats.magazine_misses += misses;
  stats.magazine_hits = slab->closed_hits + (requests > misses ? requests - misses : 0);
  os_lock_give(&slab->caches_lock);

  os_lock_take(&slab->registry_lock);
  stats.mapped = slab->mapped_allocations - slab->mapped_frees;
  stats.allocations += slab->mapped_allocations;
  stats.frees += slab->mapped_frees;
  stats.live_objects += stats.mapped;
  stats.live_bytes += slab->mapped_bytes;
  os_lock_give(&slab->registry_lock);
  stats.committed_bytes = GET(slab->committed);
  stats.slabs = GET(slab->slabs);
  stats.refused = GET(slab->refused);
  stats.double_frees = GET(slab->double_frees);
  memset(out, 0, size);
  memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
  return WEFT_OK;
}
