/* SPDX-License-Identifier: MIT
 *
 * Mapped allocations: larger than any run, each in slots of its own. Called by cache.c and direct.c. One allocation is one
 * mapping for the system; what its last slot has beyond it stays unreadable.
 *
 * To take memory, have it filled with zeros page by page, and give it back costs more than most uses of it. So the last few
 * that were freed are kept with their memory, for requests that would waste at most an eighth of it.
 */
#include "alloc/registry.h"
#include <string.h>

static size_t slots_for(size_t bytes) {
  return (bytes + SLAB_BYTES - 1) >> SLAB_SHIFT;
}

static size_t whole_pages(const weft_slab *slab, size_t bytes) {
  return (bytes + slab->page_bytes - 1) & ~(slab->page_bytes - 1);
}

static void describe(weft_slab *slab, uint32_t first, size_t bytes) {
  size_t n = slots_for(bytes);
  SET(slab->cold[first].bytes, bytes);
  for (size_t slot = first + 1; slot < first + n; slot++) {
    SET(slab->cold[slot].first, first);
    SET(slab->hot[slot].kind, SLOT_MAPPED_REST);
  }
  atomic_store_explicit(&slab->hot[first].kind, SLOT_MAPPED, memory_order_release);
}

static bool too_large(const weft_slab *slab, size_t bytes, weft_status *status) {
  *status = WEFT_E_NOMEM;
  return bytes > slab->range_bytes;
}

/* Those that are kept, under the registry's lock */

static uint32_t unkeep(weft_slab *slab, size_t i) {
  uint32_t first = slab->kept[i];
  slab->kept_bytes -= slab->cold[first].committed;
  slab->n_kept--;
  memmove(slab->kept + i, slab->kept + i + 1, (slab->n_kept - i) * sizeof slab->kept[0]);
  return first;
}

/* The one that fits bytes best, of equals the one last freed. NO_SLOT: none does. */
static uint32_t take_kept(weft_slab *slab, size_t bytes) {
  size_t best = slab->n_kept, least = bytes + bytes / 8 + 1;
  for (size_t i = slab->n_kept; i-- > 0;) {
    size_t has = slab->cold[slab->kept[i]].committed;
    if (has >= bytes && has < least) {
      best = i;
      least = has;
    }
  }
  return best < slab->n_kept ? unkeep(slab, best) : NO_SLOT;
}

/* Keeps a freed one, and tells which are to be given back for it, or itself, in ended[MAPPED_KEPT]. */
static size_t keep(weft_slab *slab, uint32_t first, uint32_t *ended) {
  size_t bytes = slab->cold[first].committed, n = 0;
  size_t most = slab->cache_bytes < SIZE_MAX / MAPPED_SHARE ? slab->cache_bytes * MAPPED_SHARE : SIZE_MAX;
  if (bytes > most || GET(slab->armed)) {
    ended[n++] = first;
    return n;
  }
  while (slab->n_kept == MAPPED_KEPT || slab->kept_bytes > most - bytes)
    ended[n++] = unkeep(slab, 0);
  for (size_t slot = first + 1; slot < first + slab->cold[first].slots; slot++)
    SET(slab->hot[slot].kind, SLOT_UNUSED);
  slab->kept[slab->n_kept++] = first;
  slab->kept_bytes += bytes;
  return n;
}

/* Gives back n that are neither live nor kept, without the lock. */
static void end(weft_slab *slab, const uint32_t *first, size_t n) {
  for (size_t i = 0; i < n; i++) {
    weft__memory_end(slab, first[i]);
    weft__slots_give(slab, first[i], slab->cold[first[i]].slots, SLOT_MAPPED_FREED);
  }
}

void weft__mapped_trim(weft_slab *slab) {
  uint32_t ended[MAPPED_KEPT];
  size_t n = 0;
  os_lock_take(&slab->registry_lock);
  while (slab->n_kept > 0)
    ended[n++] = unkeep(slab, slab->n_kept - 1);
  os_lock_give(&slab->registry_lock);
  end(slab, ended, n);
}

bool weft__mapped_is_used(const weft_slab *slab, const void *p) {
  return slab->cold[slot_of(slab, p)].made > 0;
}

/* Takes slots and memory from the system. */
static uint32_t new_mapping(weft_slab *slab, size_t bytes, weft_status *status) {
  size_t n = slots_for(bytes);
  uint32_t first = weft__slots_take(slab, n, status);
  if (first == NO_SLOT)
    return NO_SLOT;
  if (!weft__memory_take(slab, slot_start(slab, first), bytes, status)) {
    weft__slots_give(slab, first, n, SLOT_UNUSED);
    return NO_SLOT;
  }
  weft__memory_advise(slab, slot_start(slab, first), bytes);
  annotate_fresh(slot_start(slab, first), bytes);
  slab->cold[first].committed = bytes;
  slab->cold[first].slots = (uint32_t)n;
  return first;
}

void *weft__mapped_take(weft_slab *slab, size_t bytes, weft_status *status) {
  uint64_t begin = latency_begin();
  if (too_large(slab, bytes, status))
    return NULL;
  bytes = whole_pages(slab, bytes);
  os_lock_take(&slab->registry_lock);
  uint32_t first = take_kept(slab, bytes);
  if (first != NO_SLOT) {
    slab->cold[first].made = 1;
  } else {
    os_lock_give(&slab->registry_lock);
    first = new_mapping(slab, bytes, status);
    if (first == NO_SLOT)
      return NULL;
    os_lock_take(&slab->registry_lock);
  }
  describe(slab, first, bytes);
  slab->mapped_allocations++;
  slab->mapped_bytes += bytes;
  slab->mapped_memory += slab->cold[first].committed;
  os_lock_give(&slab->registry_lock);
  latency_end(slab, 0, WEFT_LATENCY_MAPPED, begin);
  return slot_start(slab, first);
}

weft_status weft__mapped_give(weft_slab *slab, uint32_t slot) {
  uint32_t ended[MAPPED_KEPT];
  size_t n = 0;
  os_lock_take(&slab->registry_lock);
  bool live = GET(slab->hot[slot].kind) == SLOT_MAPPED;
  if (live) {
    size_t bytes = GET(slab->cold[slot].bytes);
    annotate_taken_back(slot_start(slab, slot), bytes - ANNOTATE_RED_ZONE);
    SET(slab->hot[slot].kind, SLOT_MAPPED_FREED);
    slab->mapped_frees++;
    slab->mapped_bytes -= bytes;
    slab->mapped_memory -= slab->cold[slot].committed;
    n = keep(slab, slot, ended);
  }
  os_lock_give(&slab->registry_lock);
  end(slab, ended, n);
  return live ? WEFT_OK : WEFT_E_DOUBLE_FREE;
}

/* Takes an allocation for a resize: until it is live again, others find it freed. false: it is. */
static bool claim(weft_slab *slab, uint32_t slot) {
  os_lock_take(&slab->registry_lock);
  bool live = GET(slab->hot[slot].kind) == SLOT_MAPPED;
  if (live)
    SET(slab->hot[slot].kind, SLOT_MAPPED_FREED);
  os_lock_give(&slab->registry_lock);
  return live;
}

static bool resize(weft_slab *slab, uint32_t slot, size_t bytes, weft_status *status) {
  bytes = whole_pages(slab, bytes);
  char *start = slot_start(slab, slot);
  struct slab_cold *cold = &slab->cold[slot];
  size_t has = cold->committed, old_slots = cold->slots, n = slots_for(bytes);
  uint32_t next = slot + (uint32_t)old_slots;
  if (n > old_slots && !weft__slots_extend(slab, next, n - old_slots))
    return false;
  if (bytes > has && !weft__memory_take(slab, start + has, bytes - has, status)) {
    if (n > old_slots)
      weft__slots_give(slab, next, n - old_slots, SLOT_UNUSED);
    return false;
  }
  if (bytes > has) {
    weft__memory_advise(slab, start, bytes);
    annotate_fresh(start + has, bytes - has);
  }
  os_lock_take(&slab->registry_lock);
  slab->mapped_bytes += bytes - GET(cold->bytes);
  slab->mapped_memory += bytes - has;
  cold->committed = bytes;
  cold->slots = (uint32_t)n;
  describe(slab, slot, bytes);
  os_lock_give(&slab->registry_lock);
  if (bytes < has)
    weft__memory_give(slab, start + bytes, has - bytes);
  if (n < old_slots)
    weft__slots_give(slab, slot + (uint32_t)n, old_slots - n, SLOT_UNUSED);
  return true;
}

bool weft__mapped_resize(weft_slab *slab, uint32_t slot, size_t bytes, weft_status *status) {
  if (too_large(slab, bytes, status))
    return false;
  if (!claim(slab, slot)) {
    *status = WEFT_E_DOUBLE_FREE;
    return false;
  }
  bool done = resize(slab, slot, bytes, status);
  if (!done)
    atomic_store_explicit(&slab->hot[slot].kind, SLOT_MAPPED, memory_order_release);
  return done;
}
