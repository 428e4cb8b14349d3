/* SPDX-License-Identifier: MIT
 *
 * Memory back to the system: what the depots keep, spare slabs, mapped allocations that are kept, and the free pages inside
 * slabs that are in use. Called by users, and by cache.c and direct.c when a request cannot be served. Knows no magazines.
 */
#include "alloc/registry.h"

/* Locks what the slot's slab belongs to, for this one slab, so that others may work between two of them. */
static void purge_slot(weft_slab *slab, uint32_t slot) {
  const struct slab_hot *hot = &slab->hot[slot];
  uint8_t kind = GET(hot->kind);
  uint16_t home = GET(hot->home);
  if (!GET(hot->loose))
    return;
  if (kind == SLOT_OBJECTS && class_at(home) < CLASSES) { /* read at two instants, perhaps of two slabs */
    struct slab_depot *depot = depot_at(slab, node_at(home), class_at(home));
    os_lock_take(&depot->lock);
    if (GET(hot->kind) == SLOT_OBJECTS && GET(hot->home) == depot->home)
      weft__objects_purge(slab, depot, slot);
    os_lock_give(&depot->lock);
  } else if (kind == SLOT_RUNS) {
    weft__runs_purge(slab, &slab->nodes[node_at(home)], slot);
  }
}

uint64_t weft__depot_trim(weft_slab *slab) {
  uint64_t before = GET(slab->returned);
  ADD_SHARED(slab->trims, 1);
  weft__depots_empty(slab);
  weft__mapped_trim(slab);
  os_lock_take(&slab->registry_lock);
  size_t known = slab->known;
  os_lock_give(&slab->registry_lock);
  for (size_t slot = 0; slot < known; slot++)
    purge_slot(slab, (uint32_t)slot);
  return GET(slab->returned) - before;
}

weft_status weft_slab_trim(weft_slab *slab, size_t *bytes) {
  if (bytes != NULL)
    *bytes = 0;
  if (slab == NULL)
    return WEFT_E_INVALID;
  uint64_t returned = weft__depot_trim(slab);
  if (bytes != NULL)
    *bytes = (size_t)returned;
  return WEFT_OK;
}
