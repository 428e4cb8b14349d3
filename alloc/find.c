/* SPDX-License-Identifier: MIT
 *
 * What a pointer is: the check behind every free that is not plainly right, and behind usable sizes. Reads descriptors and
 * state bytes, takes no lock, changes nothing. Called by cache.c and direct.c.
 */
#include "alloc/registry.h"

static weft_status judge(unsigned state, bool at_start) {
  if (!at_start)
    return WEFT_E_INVALID;
  return state == STATE_LIVE ? WEFT_OK : WEFT_E_DOUBLE_FREE;
}

static weft_status find_object(const weft_slab *slab, uint32_t slot, uint32_t offset, struct slab_place *place) {
  const struct slab_hot *hot = &slab->hot[slot];
  uint16_t home = GET(hot->home);
  const struct size_class *class = &weft__classes[class_at(home)];
  bool at_start;
  uint32_t index = class_index(class->reciprocal, offset, &at_start);
  slab_state *states = GET(hot->states);
  slab_state *state = states + ((size_t)index << class->spread);
  if (states == NULL || index >= class->objects || GET(*state) == STATE_UNUSED)
    return WEFT_E_FOREIGN;
  place->class_ = class_at(home);
  place->node = node_at(home);
  place->state = state;
  place->start = slot_start(slab, slot) + (size_t)index * class->bytes;
  place->bytes = class_usable(place->class_);
  return judge(GET(*state), at_start);
}

static weft_status find_run(const weft_slab *slab, uint32_t slot, uint32_t offset, struct slab_place *place) {
  const struct run_map *map = (const struct run_map *)(const void *)GET(slab->hot[slot].states);
  uint32_t page = offset >> PAGE_SHIFT;
  while (map != NULL && page > 0 && GET(map->states[page]) == STATE_INSIDE)
    page--; /* 255 times at most: no run is longer than half a slab */
  if (map == NULL || GET(map->states[page]) == STATE_UNUSED)
    return WEFT_E_FOREIGN;
  place->class_ = GET(map->classes[page]);
  place->node = node_at(GET(slab->hot[slot].home));
  place->state = GET(slab->hot[slot].states) + page;
  place->start = slot_start(slab, slot) + (size_t)page * PAGE_BYTES;
  place->bytes = class_usable(place->class_);
  return judge(GET(map->states[page]), offset == page * PAGE_BYTES);
}

static weft_status find_mapped(const weft_slab *slab, uint32_t slot, uint32_t offset, struct slab_place *place) {
  uint32_t first = place->kind == SLOT_MAPPED_REST ? GET(slab->cold[slot].first) : slot;
  size_t inside = ((size_t)(slot - first) << SLAB_SHIFT) + offset;
  if (inside >= GET(slab->cold[first].bytes))
    return WEFT_E_FOREIGN;
  bool freed = place->kind == SLOT_MAPPED_FREED;
  place->kind = SLOT_MAPPED;
  place->start = slot_start(slab, first);
  place->bytes = GET(slab->cold[first].bytes) - ANNOTATE_RED_ZONE;
  if (freed && inside > 0)
    return WEFT_E_FOREIGN;
  return judge(freed ? STATE_FREED : STATE_LIVE, inside == 0);
}

weft_status weft__slab_find(const weft_slab *slab, const void *p, struct slab_place *place) {
  *place = (struct slab_place){.kind = SLOT_UNUSED};
  if ((uintptr_t)p - slab->base >= slab->range_bytes)
    return WEFT_E_FOREIGN;
  uint32_t slot = slot_of(slab, p);
  uint32_t offset = (uint32_t)((uintptr_t)p - slab->base) & (SLAB_BYTES - 1);
  place->kind = atomic_load_explicit(&slab->hot[slot].kind, memory_order_acquire);
  switch (place->kind) {
  case SLOT_OBJECTS: return find_object(slab, slot, offset, place);
  case SLOT_RUNS: return find_run(slab, slot, offset, place);
  case SLOT_MAPPED:
  case SLOT_MAPPED_REST:
  case SLOT_MAPPED_FREED: return find_mapped(slab, slot, offset, place);
  default: return WEFT_E_FOREIGN;
  }
}
