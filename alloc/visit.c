/* SPDX-License-Identifier: MIT
 *
 * A walk over all live objects: copies some at a time out of a slot's descriptor under the lock over it, and shows them
 * with no lock held. Called by users; changes nothing.
 *
 * An object that is live all the time keeps its slot from ending, so it is in the copy that its place in the slot falls
 * into. A slot that ends between two copies, and holds something else in the next, has only objects made meanwhile.
 */
#include "alloc/registry.h"

enum { BATCH = 128 };

struct batch {
  struct weft_slab_object objects[BATCH];
  uint32_t n;
  uint32_t next; /* the object or page of the slot at which to go on */
  bool ended;    /* there is no more in the slot */
};

static void add(struct batch *batch, char *start, size_t bytes, unsigned node, enum weft_slab_kind kind) {
  batch->objects[batch->n++] = (struct weft_slab_object){start, bytes, node, kind};
}

static void copy_objects(weft_slab *slab, uint32_t slot, struct batch *batch) {
  const struct slab_hot *hot = &slab->hot[slot];
  uint16_t home = GET(hot->home);
  if (node_at(home) >= slab->n_nodes || class_at(home) >= CLASSES)
    return; /* read between two lives of the slot */
  struct slab_depot *depot = depot_at(slab, node_at(home), class_at(home));
  const struct size_class *class = &weft__classes[class_at(home)];
  os_lock_take(&depot->lock);
  if (GET(hot->kind) == SLOT_OBJECTS && GET(hot->home) == home) {
    slab_state *states = GET(hot->states);
    uint32_t made = slab->cold[slot].made;
    for (; batch->next < made && batch->n < BATCH; batch->next++)
      if (GET(states[(size_t)batch->next << class->spread]) == STATE_LIVE)
        add(batch, slot_start(slab, slot) + (size_t)batch->next * class->bytes, class_usable(class_at(home)), node_at(home),
            WEFT_SLAB_OBJECT);
    batch->ended = batch->next >= made;
  }
  os_lock_give(&depot->lock);
}

static void copy_runs(weft_slab *slab, uint32_t slot, struct batch *batch) {
  const struct slab_hot *hot = &slab->hot[slot];
  unsigned node = node_at(GET(hot->home));
  if (node >= slab->n_nodes)
    return;
  os_lock_take(&slab->nodes[node].runs_lock);
  if (GET(hot->kind) == SLOT_RUNS && node_at(GET(hot->home)) == node) {
    const struct run_map *map = map_of(hot);
    for (; batch->next < SLAB_PAGES && batch->n < BATCH; batch->next++)
      if (GET(map->states[batch->next]) == STATE_LIVE)
        add(batch, slot_start(slab, slot) + (size_t)batch->next * PAGE_BYTES, class_usable(GET(map->classes[batch->next])),
            node, WEFT_SLAB_RUN);
    batch->ended = batch->next >= SLAB_PAGES;
  }
  os_lock_give(&slab->nodes[node].runs_lock);
}

static void copy_mapped(weft_slab *slab, uint32_t slot, struct batch *batch) {
  os_lock_take(&slab->registry_lock);
  if (GET(slab->hot[slot].kind) == SLOT_MAPPED)
    add(batch, slot_start(slab, slot), GET(slab->cold[slot].bytes) - ANNOTATE_RED_ZONE, 0, WEFT_SLAB_MAPPED);
  os_lock_give(&slab->registry_lock);
}

/* The next objects of a slot. */
static void copy(weft_slab *slab, uint32_t slot, struct batch *batch) {
  batch->n = 0;
  batch->ended = true;
  switch (atomic_load_explicit(&slab->hot[slot].kind, memory_order_acquire)) {
  case SLOT_OBJECTS: copy_objects(slab, slot, batch); break;
  case SLOT_RUNS: copy_runs(slab, slot, batch); break;
  case SLOT_MAPPED: copy_mapped(slab, slot, batch); break;
  default: break;
  }
}

weft_status weft_slab_visit(weft_slab *slab, weft_visit_function visit, void *user) {
  if (slab == NULL || visit == NULL)
    return WEFT_E_INVALID;
  os_lock_take(&slab->registry_lock);
  size_t slots = slab->known;
  os_lock_give(&slab->registry_lock);
  for (uint32_t slot = 0; slot < slots; slot++) {
    struct batch batch;
    batch.next = 0;
    do {
      copy(slab, slot, &batch);
      for (uint32_t i = 0; i < batch.n; i++)
        if (!visit(user, &batch.objects[i]))
          return WEFT_OK;
    } while (!batch.ended);
  }
  return WEFT_OK;
}
