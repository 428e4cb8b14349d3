/* SPDX-License-Identifier: MIT
 *
 * Slabs of objects of one class: their bitmaps of free objects, their growth, their end. Called by depot.c under the lock
 * of the class's depot. Knows no magazines.
 */
#include "alloc/bits.h"
#include "alloc/registry.h"

/* A slab's metadata is its state bytes, one more than objects (for the end of the slab, where none fits), and its
 * bitmap. */
static size_t states_bytes(unsigned class_) {
  return ((size_t)weft__classes[class_].objects + 64) & ~(size_t)63;
}
static size_t meta_bytes(unsigned class_) {
  return states_bytes(class_) + states_bytes(class_) / 8;
}

/* Takes more memory for a slab that has no free object, and makes the objects that then fit free. */
static bool grow_slab(weft_slab *slab, struct slab_depot *depot, uint32_t slot, weft_status *status) {
  const struct size_class *class = &weft__classes[class_at(depot->home)];
  struct slab_cold *cold = &slab->cold[slot];
  if (!weft__memory_grow(slab, slot, (size_t)(cold->made + 1) * class->bytes, status))
    return false;
  uint32_t made = (uint32_t)cold->committed / class->bytes;
  bits_fill(cold->bitmap, cold->made, made - cold->made);
  cold->scan = cold->made / 64;
  cold->free = made - cold->made;
  cold->made = made;
  weft__list_push(slab, &depot->partial, slot);
  depot->growing = made < class->objects ? slot : NO_SLOT;
  return true;
}

static bool new_slab(weft_slab *slab, struct slab_depot *depot, weft_status *status) {
  unsigned class_ = class_at(depot->home);
  char *meta = weft__piece_take(slab, &depot->pieces, meta_bytes(class_), status);
  if (meta == NULL)
    return false;
  uint32_t slot = weft__slots_take(slab, 1, status);
  if (slot != NO_SLOT) {
    slab->cold[slot].bitmap = (uint64_t *)(void *)(meta + states_bytes(class_));
    if (grow_slab(slab, depot, slot, status)) {
      struct slab_hot *hot = &slab->hot[slot];
      SET(hot->states, (slab_state *)(void *)meta);
      SET(hot->home, depot->home);
      SET(hot->kind, SLOT_OBJECTS);
      atomic_store_explicit(&hot->reciprocal, weft__classes[class_].reciprocal, memory_order_release);
      ADD_SHARED(slab->slabs, 1);
      return true;
    }
    weft__slots_give(slab, slot, 1, SLOT_UNUSED);
  }
  weft__piece_give(&depot->pieces, meta, meta_bytes(class_));
  return false;
}

/* Gives back a slab, in no list, whose objects are all free. */
static void end_slab(weft_slab *slab, struct slab_depot *depot, uint32_t slot) {
  struct slab_cold *cold = &slab->cold[slot];
  if (depot->growing == slot)
    depot->growing = NO_SLOT;
  slab_state *states = GET(slab->hot[slot].states);
  SET(slab->hot[slot].reciprocal, 0);
  SET(slab->hot[slot].kind, SLOT_UNUSED);
  weft__piece_give(&depot->pieces, (void *)states, meta_bytes(class_at(depot->home)));
  weft__memory_give(slab, slot_start(slab, slot), cold->committed);
  weft__slots_give(slab, slot, 1, SLOT_UNUSED);
  ADD_SHARED(slab->slabs, -(uint64_t)1);
}

/* Moves up to want free objects out of a slab, so that the one at the lowest address will be the first to be given out. */
static uint32_t take_from(weft_slab *slab, unsigned class_, uint32_t slot, struct slab_round *rounds, uint32_t want) {
  struct slab_cold *cold = &slab->cold[slot];
  char *start = slot_start(slab, slot);
  slab_state *states = GET(slab->hot[slot].states);
  size_t bytes = weft__classes[class_].bytes;
  uint32_t n = cold->free < want ? cold->free : want;
  uint32_t word = cold->scan;
  for (uint32_t i = 0; i < n; word++) {
    uint64_t bits = cold->bitmap[word];
    for (; bits != 0 && i < n; bits &= bits - 1, i++) {
      uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(bits);
      SET(rounds[n - 1 - i].object, start + index * bytes);
      SET(rounds[n - 1 - i].state, states + index);
    }
    cold->bitmap[word] = bits;
    cold->scan = word;
  }
  cold->free -= n;
  return n;
}

uint32_t weft__objects_take(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                            bool may_grow, weft_status *status) {
  uint32_t got = 0;
  while (got < want) {
    uint32_t slot = depot->partial;
    if (slot != NO_SLOT) {
      got += take_from(slab, class_at(depot->home), slot, rounds + got, want - got);
      if (slab->cold[slot].free == 0)
        weft__list_remove(slab, &depot->partial, slot);
    } else if (depot->spare != NO_SLOT) {
      weft__list_push(slab, &depot->partial, depot->spare);
      depot->spare = NO_SLOT;
    } else if (got > 0 || !may_grow) {
      break;
    } else if (depot->growing != NO_SLOT ? !grow_slab(slab, depot, depot->growing, status)
                                         : !new_slab(slab, depot, status)) {
      break;
    }
  }
  return got;
}

/* Puts one object back. false: freed by two threads at one instant, and the other's went through here first, or was given
 * out again since. */
static bool give_one(weft_slab *slab, struct slab_depot *depot, const struct slab_round *round) {
  slab_state *state = GET(round->state);
  uint32_t slot = slot_of(slab, GET(round->object));
  const struct slab_hot *hot = &slab->hot[slot];
  struct slab_cold *cold = &slab->cold[slot];
  size_t index = (uintptr_t)state - (uintptr_t)GET(hot->states);
  if (GET(hot->kind) != SLOT_OBJECTS || GET(hot->home) != depot->home || index >= cold->made)
    return false;
  uint64_t bit = UINT64_C(1) << (index % 64);
  if (GET(*state) == STATE_LIVE || (cold->bitmap[index / 64] & bit) != 0)
    return false;
  cold->bitmap[index / 64] |= bit;
  if (index / 64 < cold->scan)
    cold->scan = (uint32_t)(index / 64);
  if (cold->free++ == 0)
    weft__list_push(slab, &depot->partial, slot);
  if (cold->free < cold->made)
    return true;
  weft__list_remove(slab, &depot->partial, slot);
  if (depot->spare == NO_SLOT)
    depot->spare = slot;
  else
    end_slab(slab, depot, slot);
  return true;
}

uint32_t weft__objects_give(weft_slab *slab, struct slab_depot *depot, const struct slab_round *rounds, uint32_t n) {
  uint32_t given = 0;
  for (uint32_t i = 0; i < n; i++)
    given += give_one(slab, depot, &rounds[i]);
  return given;
}

void weft__objects_trim(weft_slab *slab, struct slab_depot *depot) {
  if (depot->spare != NO_SLOT)
    end_slab(slab, depot, depot->spare);
  depot->spare = NO_SLOT;
}
