/* SPDX-License-Identifier: MIT
 *
 * Requests without a context, each straight to the depot. Called by lib/ for contexts and outputs, and by users on threads
 * that have no context.
 */
#include "alloc/registry.h"

void *weft__slab_take(weft_slab *slab, size_t bytes, weft_status *status) {
  weft_status ignored;
  if (status == NULL)
    status = &ignored;
  *status = WEFT_E_NOMEM;
  if (!weft__fault(slab)) {
    struct slab_round round;
    size_t room = annotate_room(bytes);
    bool mapped = room > RUN_MAX_BYTES;
    struct slab_depot *depot = mapped ? NULL : depot_at(slab, weft__node(slab), weft__class_aligned(room, 1));
    for (int tries = 0; tries < 2; tries++) {
      if (tries > 0 && weft__depot_trim(slab) == 0)
        break;
      if (mapped) {
        void *p = weft__mapped_take(slab, room, status);
        if (p != NULL)
          return annotate_given(p, bytes);
      }
      while (!mapped && weft__depot_take(slab, depot, &round, 1, status) == 1)
        if (weft__depot_make_live(slab, depot, &round)) {
          ADD_SHARED(depot->allocations, 1);
          COUNT_SHARED(depot->tally.sampled, 1);
          COUNT_SHARED(depot->tally.sampled_bytes, bytes);
          return annotate_given(GET(round.object), bytes);
        }
    }
  }
  COUNT_SHARED(slab->events[refusal_event(*status)], 1);
  return NULL;
}

static weft_status free_place(weft_slab *slab, void *p, const struct slab_place *place) {
  if (place->kind == SLOT_MAPPED)
    return weft__mapped_give(slab, slot_of(slab, p));
  uint8_t live = STATE_LIVE;
  struct slab_round round = {p, place->state};
  struct slab_depot *depot = depot_at(slab, place->node, place->class_);
  if (!atomic_compare_exchange_strong(place->state, &live, STATE_FREED))
    return WEFT_E_DOUBLE_FREE;
  annotate_taken_back(p, place->bytes);
  if (weft__depot_give(slab, depot, &round, 1) == 0)
    return WEFT_E_DOUBLE_FREE;
  ADD_SHARED(depot->frees, 1);
  return WEFT_OK;
}

weft_status weft_slab_free(weft_slab *slab, void *p) {
  struct slab_place place;
  if (slab == NULL)
    return WEFT_E_INVALID;
  if (p == NULL)
    return WEFT_OK;
  weft_status status = weft__slab_find(slab, p, &place);
  if (status == WEFT_OK)
    status = free_place(slab, p, &place);
  if (status != WEFT_OK) {
    COUNT_SHARED(slab->events[free_event(status)], 1);
    weft__free_message(NULL, "free", p, status, &place);
  }
  return status;
}
