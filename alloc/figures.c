/* SPDX-License-Identifier: MIT
 *
 * The figures of a slab, of its classes and of contexts: reads counters that others write, under caches_lock where contexts
 * must not come and go. Called by users; knows nothing of how an object moves.
 */
#include "alloc/bins.h"
#include <string.h>

#define GET_FIRST(at) atomic_load_explicit(&(at), memory_order_acquire) /* before what is read after it */

static uint64_t less(uint64_t a, uint64_t b) {
  return a > b ? a - b : 0;
}

/* 1 - part / whole, within 0 and 1. */
static double rest_of(double part, double whole) {
  return whole > part ? 1 - part / whole : 0;
}

static weft_status copy_out(void *out, size_t size, const void *figures, size_t known) {
  memset(out, 0, size);
  memcpy(out, figures, size < known ? size : known);
  return WEFT_OK;
}

/* Contexts */

static uint64_t hits(uint64_t requests, uint64_t misses) {
  return less(requests, misses); /* a second free that the bitmap finds has missed and was no request */
}

void weft__cache_settle(struct slab_cache *cache) {
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    struct slab_depot *depot = &cache->depots[class_];
    const struct slab_tally *tally = &cache->tallies[class_];
    struct bin_counts counts = weft__bin_counts(&cache->bins[class_]);
    ADD_SHARED(depot->allocations, counts.allocations);
    ADD_SHARED(depot->frees, counts.frees);
    COUNT_SHARED(depot->hits, hits(counts.allocations + counts.frees, GET(tally->misses)));
    COUNT_SHARED(depot->tally.misses, GET(tally->misses));
    COUNT_SHARED(depot->tally.exchanges, GET(tally->exchanges));
    COUNT_SHARED(depot->tally.sampled, GET(tally->sampled));
    COUNT_SHARED(depot->tally.sampled_bytes, GET(tally->sampled_bytes));
    SET(cache->tallies[class_].misses, 0);
    SET(cache->tallies[class_].exchanges, 0);
    SET(cache->tallies[class_].sampled, 0);
    SET(cache->tallies[class_].sampled_bytes, 0);
    weft__bin_restart(&cache->bins[class_]);
  }
  for (unsigned event = 0; event < EVENTS; event++) {
    COUNT_SHARED(cache->slab->events[event], GET(cache->events[event]));
    SET(cache->events[event], 0);
  }
}

weft_status weft_ctx_slab_stats(const weft_ctx *ctx, struct weft_slab_context_figures *out, size_t size) {
  const struct slab_cache *cache = (const struct slab_cache *)(const void *)ctx;
  if (cache == NULL || out == NULL)
    return WEFT_E_INVALID;
  os_lock_take(&cache->slab->caches_lock); /* so that nothing is settled meanwhile */
  struct weft_slab_context_figures stats = {
      .node = node_at(cache->home),
      .allocations = GET(cache->events[EVENT_MAPPED_ALLOCATION]),
      .frees = GET(cache->events[EVENT_MAPPED_FREE]) + GET(cache->events[EVENT_FREE_REMOTE]),
      .remote_frees = GET(cache->events[EVENT_FREE_REMOTE]),
      .refused_limit = GET(cache->events[EVENT_REFUSED_LIMIT]),
      .foreign_frees = GET(cache->events[EVENT_FREE_FOREIGN]),
      .interior_frees = GET(cache->events[EVENT_FREE_INTERIOR]),
      .repeated_frees = GET(cache->events[EVENT_FREE_REPEATED]),
      .missized_frees = GET(cache->events[EVENT_FREE_MISSIZED]),
  };
  stats.refused = stats.refused_limit + GET(cache->events[EVENT_REFUSED_MEMORY]);
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    uint64_t misses = GET_FIRST(cache->tallies[class_].misses);
    struct bin_counts counts = weft__bin_counts(&cache->bins[class_]);
    stats.allocations += counts.allocations;
    stats.frees += counts.frees;
    stats.magazine_misses += misses;
    stats.magazine_hits += hits(counts.allocations + counts.frees, misses);
    stats.exchanges += GET(cache->tallies[class_].exchanges);
    stats.cached_bytes += (uint64_t)class_usable(class_) * counts.cached;
  }
  os_lock_give(&cache->slab->caches_lock);
  return copy_out(out, size, &stats, sizeof stats);
}

/* Classes */

/* Adds what the open contexts of the class's node have counted, other than allocations. */
static void add_contexts(const weft_slab *slab, unsigned class_, struct weft_slab_class_figures *out, uint64_t *sampled,
                         uint64_t *sampled_bytes) {
  for (const struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next) {
    if (node_at(cache->home) != out->node)
      continue;
    const struct slab_tally *tally = &cache->tallies[class_];
    uint64_t misses = GET_FIRST(tally->misses);
    *sampled_bytes += GET_FIRST(tally->sampled_bytes);
    *sampled += GET_FIRST(tally->sampled);
    struct bin_counts counts = weft__bin_counts(&cache->bins[class_]);
    out->live_objects += counts.allocations - counts.frees; /* modulo 2^64 until all are added */
    out->frees += counts.frees;
    out->magazine_misses += misses;
    out->magazine_hits += hits(counts.allocations + counts.frees, misses);
    out->exchanges += GET(tally->exchanges);
    out->cached_objects += counts.cached;
  }
}

/* Under caches_lock. Allocations are read after all frees, and are no fewer. Live objects come from one reading a context,
 * whose two counts belong together; what moves from one context to another while they are read, one after the
 * other, can bring the sum below 0 and above what there is, and so it is held within these. Misses, and what is noted of
 * sizes, are read before what they are a part of. The acquiring loads hold that order (a fence would too, and
 * ThreadSanitizer does not know fences). */
static void read_class(weft_slab *slab, unsigned node, unsigned class_, struct weft_slab_class_figures *out) {
  struct slab_depot *depot = depot_at(slab, node, class_);
  size_t bytes = class_usable(class_), whole = weft__classes[class_].bytes;
  *out = (struct weft_slab_class_figures){.node = node,
                                          .bytes = bytes,
                                          .alignment = class_ < CLASSES ? whole & -whole : PAGE_BYTES,
                                          .frees = GET_FIRST(depot->frees),
                                          .magazine_hits = GET(depot->hits),
                                          .magazine_misses = GET(depot->tally.misses),
                                          .exchanges = GET(depot->tally.exchanges),
                                          .lock_waits = GET(depot->lock.waits),
                                          .slabs_returned = GET_FIRST(depot->census.returned),
                                          .slabs_made = GET(depot->census.made)};
  uint64_t sampled_bytes = GET_FIRST(depot->tally.sampled_bytes), sampled = GET_FIRST(depot->tally.sampled);
  out->live_objects = GET(depot->allocations) - out->frees;
  add_contexts(slab, class_, out, &sampled, &sampled_bytes);
  out->allocations = GET(depot->allocations);
  for (const struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next)
    if (node_at(cache->home) == node)
      out->allocations += GET(cache->bins[class_].allocations);
  out->slabs = less(out->slabs_made, out->slabs_returned);
  uint64_t objects = GET(depot->objects);
  if (out->live_objects > objects)
    out->live_objects = out->live_objects > INT64_MAX ? 0 : objects;
  out->free_objects = less(objects, out->live_objects + out->cached_objects);
  out->live_bytes = out->live_objects * bytes;
  out->cached_bytes = out->cached_objects * bytes;
  out->free_bytes = out->free_objects * bytes;
  out->active_bytes = class_ < CLASSES ? GET(depot->census.bytes) : objects * whole;
  out->resident_bytes = less(out->active_bytes, class_ < CLASSES ? GET(depot->census.untouched) : 0);
  out->internal_fragmentation = rest_of((double)sampled_bytes, (double)sampled * (double)bytes);
  out->external_fragmentation = rest_of((double)out->live_bytes, (double)out->active_bytes);
}

size_t weft_slab_classes(const weft_slab *slab) {
  return slab == NULL ? 0 : (size_t)slab->n_nodes * BINS;
}

weft_status weft_slab_class_stats(const weft_slab *read_slab, size_t i, struct weft_slab_class_figures *out, size_t size) {
  weft_slab *slab = (weft_slab *)read_slab; /* for its locks */
  if (slab == NULL || out == NULL || i >= weft_slab_classes(slab))
    return WEFT_E_INVALID;
  struct weft_slab_class_figures stats;
  os_lock_take(&slab->caches_lock);
  read_class(slab, (unsigned)(i / BINS), (unsigned)(i % BINS), &stats);
  os_lock_give(&slab->caches_lock);
  return copy_out(out, size, &stats, sizeof stats);
}

/* The whole */

/* Under caches_lock. */
static void add_class(struct weft_slab_figures *stats, const struct weft_slab_class_figures *class) {
  stats->live_objects += class->live_objects;
  stats->live_bytes += class->live_bytes;
  stats->cached_bytes += class->cached_bytes;
  stats->free_bytes += class->free_bytes;
  stats->allocations += class->allocations;
  stats->frees += class->frees;
  stats->magazine_hits += class->magazine_hits;
  stats->magazine_misses += class->magazine_misses;
  stats->exchanges += class->exchanges;
  stats->lock_waits += class->lock_waits;
  stats->slabs_made += class->slabs_made;
  stats->slabs_returned += class->slabs_returned;
  stats->internal_fragmentation += class->internal_fragmentation * (double)class->live_bytes; /* divided at the end */
}

/* Adds a node's slabs to stats, and to *untouched what of their memory nothing has ever left. */
static void add_node(weft_slab *slab, unsigned n, struct weft_slab_figures *stats, uint64_t *untouched) {
  struct slab_node *node = &slab->nodes[n];
  uint64_t cut = 0;
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    struct weft_slab_class_figures class;
    read_class(slab, n, class_, &class);
    add_class(stats, &class);
    if (class_ >= CLASSES) {
      cut += class.active_bytes;
      continue;
    }
    stats->active_bytes += class.active_bytes;
    *untouched += GET(node->depots[class_].census.untouched);
  }
  uint64_t bytes = GET(node->runs_census.bytes);
  stats->active_bytes += bytes;
  stats->free_bytes += less(bytes, cut);
  *untouched += GET(node->runs_census.untouched);
  stats->slabs_returned += GET_FIRST(node->runs_census.returned);
  stats->slabs_made += GET(node->runs_census.made);
  stats->lock_waits += GET(node->runs_lock.waits);
}

/* Under caches_lock. */
static void add_events(const weft_slab *slab, struct weft_slab_figures *stats) {
  uint64_t events[EVENTS];
  for (unsigned event = 0; event < EVENTS; event++) {
    events[event] = GET(slab->events[event]);
    for (const struct slab_cache *cache = slab->caches; cache != NULL; cache = cache->next)
      events[event] += GET(cache->events[event]);
  }
  stats->remote_frees = events[EVENT_FREE_REMOTE];
  stats->refused = events[EVENT_REFUSED_MEMORY] + events[EVENT_REFUSED_LIMIT];
  stats->refused_limit = events[EVENT_REFUSED_LIMIT];
  stats->foreign_frees = events[EVENT_FREE_FOREIGN];
  stats->interior_frees = events[EVENT_FREE_INTERIOR];
  stats->repeated_frees = events[EVENT_FREE_REPEATED];
  stats->missized_frees = events[EVENT_FREE_MISSIZED];
}

static void add_mapped(weft_slab *slab, struct weft_slab_figures *stats) {
  os_lock_take(&slab->registry_lock);
  stats->mapped = slab->mapped_allocations - slab->mapped_frees;
  stats->allocations += slab->mapped_allocations;
  stats->frees += slab->mapped_frees;
  stats->live_objects += stats->mapped;
  stats->live_bytes += slab->mapped_bytes - stats->mapped * ANNOTATE_RED_ZONE;
  stats->active_bytes += slab->mapped_memory + slab->kept_bytes;
  stats->free_bytes += slab->kept_bytes;
  os_lock_give(&slab->registry_lock);
}

weft_status weft_slab_stats(const weft_slab *read_slab, struct weft_slab_figures *out, size_t size) {
  weft_slab *slab = (weft_slab *)read_slab; /* for its locks */
  if (slab == NULL || out == NULL)
    return WEFT_E_INVALID;
  struct weft_slab_figures stats = {.reserved_bytes = slab->range_bytes};
  uint64_t untouched = 0;
  os_lock_take(&slab->caches_lock);
  stats.contexts = slab->n_caches;
  for (unsigned node = 0; node < slab->n_nodes; node++)
    add_node(slab, node, &stats, &untouched);
  add_events(slab, &stats);
  os_lock_give(&slab->caches_lock);
  if (stats.live_bytes > 0)
    stats.internal_fragmentation /= (double)stats.live_bytes;
  add_mapped(slab, &stats);
  stats.external_fragmentation = rest_of((double)stats.live_bytes, (double)stats.active_bytes);
  stats.slabs = less(stats.slabs_made, stats.slabs_returned);
  stats.lock_waits += GET(slab->registry_lock.waits) + GET(slab->caches_lock.waits);
  stats.committed_bytes = GET(slab->committed);
  stats.peak_committed_bytes = GET(slab->peak_committed);
  stats.resident_bytes = less(stats.committed_bytes, untouched);
  stats.double_frees = GET(slab->double_frees);
  return copy_out(out, size, &stats, sizeof stats);
}
