/* SPDX-License-Identifier: MIT
 *
 * Mapped allocations: larger than any run, each in slots of its own, its memory taken and given back with it. Called by
 * cache.c. One allocation is one mapping for the system; what its last slot has beyond it stays unreadable.
 */
#include "alloc/registry.h"

static size_t slots_for(size_t bytes) {
  return (bytes + SLAB_BYTES - 1) >> SLAB_SHIFT;
}

static void describe(weft_slab *slab, uint32_t first, size_t bytes) {
  size_t n = slots_for(bytes);
  SET(slab->cold[first].bytes, bytes);
  slab->cold[first].slots = (uint32_t)n;
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

void *weft__mapped_take(weft_slab *slab, size_t bytes, weft_status *status) {
  if (too_large(slab, bytes, status))
    return NULL;
  bytes = (bytes + slab->page_bytes - 1) & ~(slab->page_bytes - 1);
  size_t n = slots_for(bytes);
  uint32_t first = weft__slots_take(slab, n, status);
  if (first == NO_SLOT)
    return NULL;
  char *start = slot_start(slab, first);
  if (!weft__memory_take(slab, start, bytes, status)) {
    weft__slots_give(slab, first, n, SLOT_UNUSED);
    return NULL;
  }
  weft__memory_advise(slab, start, bytes);
  os_lock_take(&slab->registry_lock);
  describe(slab, first, bytes);
  slab->mapped_allocations++;
  slab->mapped_bytes += bytes;
  os_lock_give(&slab->registry_lock);
  return start;
}

weft_status weft__mapped_give(weft_slab *slab, uint32_t slot) {
  os_lock_take(&slab->registry_lock);
  bool live = GET(slab->hot[slot].kind) == SLOT_MAPPED;
  size_t bytes = GET(slab->cold[slot].bytes);
  if (live) {
    SET(slab->hot[slot].kind, SLOT_MAPPED_FREED);
    slab->mapped_frees++;
    slab->mapped_bytes -= bytes;
  }
  os_lock_give(&slab->registry_lock);
  if (!live)
    return WEFT_E_DOUBLE_FREE;
  weft__memory_give(slab, slot_start(slab, slot), bytes);
  weft__slots_give(slab, slot, slab->cold[slot].slots, SLOT_MAPPED_FREED);
  return WEFT_OK;
}

/* Only the thread that owns the allocation calls this, so that its descriptor holds still. */
bool weft__mapped_resize(weft_slab *slab, uint32_t slot, size_t bytes, weft_status *status) {
  if (too_large(slab, bytes, status))
    return false;
  bytes = (bytes + slab->page_bytes - 1) & ~(slab->page_bytes - 1);
  char *start = slot_start(slab, slot);
  size_t old = GET(slab->cold[slot].bytes), old_slots = slab->cold[slot].slots, n = slots_for(bytes);
  uint32_t next = slot + (uint32_t)old_slots;
  if (n > old_slots && !weft__slots_extend(slab, next, n - old_slots))
    return false;
  if (bytes > old && !weft__memory_take(slab, start + old, bytes - old, status)) {
    if (n > old_slots)
      weft__slots_give(slab, next, n - old_slots, SLOT_UNUSED);
    return false;
  }
  if (bytes > old)
    weft__memory_advise(slab, start, bytes);
  os_lock_take(&slab->registry_lock);
  describe(slab, slot, bytes);
  slab->mapped_bytes += bytes - old;
  os_lock_give(&slab->registry_lock);
  if (bytes < old)
    weft__memory_give(slab, start + bytes, old - bytes);
  if (n < old_slots)
    weft__slots_give(slab, slot + (uint32_t)n, old_slots - n, SLOT_UNUSED);
  return true;
}
