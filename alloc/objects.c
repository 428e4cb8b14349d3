/* SPDX-License-Identifier: MIT
 *
 * Slabs of objects of one class: their bitmaps of free objects, their growth, their end. Called by depot.c and trim.c under
 * the lock of the class's depot. Knows no magazines.
 *
 * A page that only free objects touch can be purged. Those objects are then hidden: their bits are clear, so that whoever
 * takes objects finds none whose memory is gone, and looks at no page. A slab with free objects is in the list partial as
 * long as one of them is not hidden, else in the list hidden.
 */
#include "alloc/bits.h"
#include "alloc/registry.h"
#include <string.h>

/* A slab's metadata is its state bytes, its bitmap, and the bitmap of its purged pages. */
static size_t bitmap_words(unsigned class_) {
  return weft__classes[class_].objects / 64 + 1;
}
static size_t meta_bytes(unsigned class_) {
  return class_states_bytes(&weft__classes[class_]) + bitmap_words(class_) * sizeof(uint64_t) + SLAB_PAGES / 8;
}
static uint64_t *purged_of(const weft_slab *slab, uint32_t slot, unsigned class_) {
  return slab->cold[slot].bitmap + bitmap_words(class_);
}

/* Puts a slab into the list that its free objects ask for, or takes it out. */
static void list_slab(weft_slab *slab, struct slab_depot *depot, uint32_t slot) {
  if (slab->cold[slot].free > 0)
    weft__list_push(slab, &depot->partial, slot);
  else if (slab->cold[slot].hidden > 0)
    weft__list_push(slab, &depot->hidden, slot);
}
static void unlist_slab(weft_slab *slab, struct slab_depot *depot, uint32_t slot) {
  if (slab->cold[slot].free > 0)
    weft__list_remove(slab, &depot->partial, slot);
  else if (slab->cold[slot].hidden > 0)
    weft__list_remove(slab, &depot->hidden, slot);
}

/* Takes more memory for a slab that has no free object, and makes the objects that then fit free. */
static bool grow_slab(weft_slab *slab, struct slab_depot *depot, uint32_t slot, weft_status *status) {
  const struct size_class *class = &weft__classes[class_at(depot->home)];
  struct slab_cold *cold = &slab->cold[slot];
  const uint64_t *purged = purged_of(slab, slot, class_at(depot->home));
  census_leave(&depot->census, cold, purged);
  bool grown = weft__memory_grow(slab, slot, (size_t)(cold->made + 1) * class->bytes, status);
  census_join(&depot->census, cold, purged);
  if (!grown)
    return false;
  uint32_t made = (uint32_t)cold->committed / class->bytes;
  ADD(depot->objects, made - cold->made);
  unlist_slab(slab, depot, slot);
  bits_fill(cold->bitmap, cold->made, made - cold->made);
  cold->scan = cold->made / 64;
  cold->free = made - cold->made;
  cold->made = made;
  list_slab(slab, depot, slot);
  SET(slab->hot[slot].loose, true);
  depot->growing = made < class->objects ? slot : NO_SLOT;
  return true;
}

static bool new_slab(weft_slab *slab, struct slab_depot *depot, weft_status *status) {
  unsigned class_ = class_at(depot->home);
  uint64_t begin = latency_begin();
  char *meta = weft__piece_take(slab, &depot->pieces, meta_bytes(class_), status);
  if (meta == NULL)
    return false;
  uint32_t slot = weft__slots_take(slab, 1, status);
  if (slot != NO_SLOT) {
    slab->cold[slot].bitmap = (uint64_t *)(void *)(meta + class_states_bytes(&weft__classes[class_]));
    if (grow_slab(slab, depot, slot, status)) {
      struct slab_hot *hot = &slab->hot[slot];
      SET(hot->states, (slab_state *)(void *)meta);
      SET(hot->home, depot->home);
      atomic_store_explicit(&hot->kind, SLOT_OBJECTS, memory_order_release);
      atomic_store_explicit(&hot->reciprocal, weft__classes[class_].reciprocal, memory_order_release);
      ADD(depot->census.made, 1);
      latency_end(slab, node_at(depot->home), WEFT_LATENCY_NEW_SLAB, begin);
      return true;
    }
    weft__slots_give(slab, slot, 1, SLOT_UNUSED);
  }
  weft__piece_give(&depot->pieces, meta, meta_bytes(class_), 0);
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
  /* What was not made is still zeros: a slab that did not grow far costs little the next time. */
  unsigned class_ = class_at(depot->home);
  ADD(depot->objects, -(uint64_t)(cold->made - cold->hidden));
  ADD(depot->census.returned, 1);
  census_leave(&depot->census, cold, purged_of(slab, slot, class_));
  memset(cold->bitmap, 0, cold->made / 8 + 1);
  memset(purged_of(slab, slot, class_), 0, SLAB_PAGES / 8);
  weft__piece_give(&depot->pieces, (void *)states, meta_bytes(class_), (size_t)cold->made << weft__classes[class_].spread);
  weft__memory_end(slab, slot);
  weft__slots_give(slab, slot, 1, SLOT_UNUSED);
}

/* Moves up to want free objects out of a slab, so that the one at the lowest address will be the first to be given out. */
static uint32_t take_from(weft_slab *slab, struct slab_depot *depot, uint32_t slot, struct slab_round *rounds,
                          uint32_t want) {
  struct slab_cold *cold = &slab->cold[slot];
  char *start = slot_start(slab, slot);
  slab_state *states = GET(slab->hot[slot].states);
  unsigned class_ = class_at(depot->home);
  size_t bytes = weft__classes[class_].bytes;
  uint32_t n = cold->free < want ? cold->free : want;
  uint32_t word = cold->scan;
  for (uint32_t i = 0; i < n; word++) {
    uint64_t bits = cold->bitmap[word];
    for (; bits != 0 && i < n; bits &= bits - 1, i++) {
      uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(bits);
      SET(rounds[n - 1 - i].object, start + index * bytes);
      SET(rounds[n - 1 - i].state, states + ((size_t)index << weft__classes[class_].spread));
    }
    cold->bitmap[word] = bits;
    cold->scan = word;
  }
  cold->free -= n;
  touch_slab(slab, cold, &depot->census, purged_of(slab, slot, class_),
             (size_t)((char *)GET(rounds[0].object) - start) + bytes);
  return n;
}

/* Hides every object that touches a purged page, or shows those that are hidden. The ends of a stretch of pages may cut an
 * object in two, which then belongs to both stretches, or to one of them alone. */
static void set_hidden(weft_slab *slab, uint32_t slot, unsigned class_, bool hidden) {
  struct slab_cold *cold = &slab->cold[slot];
  const uint64_t *purged = purged_of(slab, slot, class_);
  size_t bytes = weft__classes[class_].bytes, n = cold->free + cold->hidden;
  for (size_t page = 0, end; (page = bits_next_set(purged, page, SLAB_PAGES)) < SLAB_PAGES; page = end) {
    end = bits_next_clear(purged, page, SLAB_PAGES);
    size_t first = page * PAGE_BYTES / bytes, last = (end * PAGE_BYTES - 1) / bytes;
    if (last >= cold->made)
      last = cold->made - 1;
    if (hidden)
      bits_clear(cold->bitmap, first, last + 1 - first);
    else
      bits_fill(cold->bitmap, first, last + 1 - first);
  }
  cold->free = (uint32_t)(hidden ? bits_count(cold->bitmap, 0, cold->made) : n);
  cold->hidden = (uint32_t)(n - cold->free);
  cold->scan = 0;
}

static bool is_hidden(const weft_slab *slab, uint32_t slot, unsigned class_, size_t index) {
  size_t start = index * weft__classes[class_].bytes, end = start + weft__classes[class_].bytes;
  size_t stop = (end - 1) / PAGE_BYTES + 1;
  return bits_next_set(purged_of(slab, slot, class_), start / PAGE_BYTES, stop) < stop;
}

void weft__objects_purge(weft_slab *slab, struct slab_depot *depot, uint32_t slot) {
  struct slab_cold *cold = &slab->cold[slot];
  unsigned class_ = class_at(depot->home);
  if (depot->spare == slot)
    return;
  SET(slab->hot[slot].loose, false);
  if (cold->free + cold->hidden == 0)
    return;
  uint64_t hidden = cold->hidden;
  unlist_slab(slab, depot, slot);
  set_hidden(slab, slot, class_, false);
  census_leave(&depot->census, cold, purged_of(slab, slot, class_));
  size_t bytes = weft__classes[class_].bytes, unit = weft__purge_pages(slab);
  for (size_t from = 0, end; (from = bits_next_set(cold->bitmap, from, cold->made)) < cold->made; from = end) {
    end = bits_next_clear(cold->bitmap, from, cold->made);
    /* What lies behind a whole slab's last object is nobody's: the page with that object's end goes as well. */
    size_t last = end * bytes + (end == weft__classes[class_].objects ? unit * PAGE_BYTES - 1 : 0);
    size_t first_page = ((from * bytes + PAGE_BYTES - 1) / PAGE_BYTES + unit - 1) & ~(unit - 1);
    size_t end_page = (last / PAGE_BYTES) & ~(unit - 1);
    if (first_page < end_page)
      weft__pages_purge(slab, slot, purged_of(slab, slot, class_), first_page, end_page);
  }
  census_join(&depot->census, cold, purged_of(slab, slot, class_));
  set_hidden(slab, slot, class_, true);
  ADD(depot->objects, hidden - cold->hidden);
  list_slab(slab, depot, slot);
}

/* Takes memory again for hidden objects, as many as share a step of it with the first one. */
static bool show_slab(weft_slab *slab, struct slab_depot *depot, uint32_t slot, weft_status *status) {
  unsigned class_ = class_at(depot->home);
  size_t bytes = weft__classes[class_].bytes, unit = weft__purge_pages(slab);
  uint64_t *purged = purged_of(slab, slot, class_);
  size_t page = bits_next_set(purged, 0, SLAB_PAGES);
  size_t last = (page * PAGE_BYTES / bytes + 1) * bytes - 1; /* byte of the object that the page's first byte is in */
  size_t least = (last / PAGE_BYTES + unit) & ~(unit - 1);
  size_t most = bits_next_clear(purged, page, SLAB_PAGES);
  if (most > page + COMMIT_STEP / PAGE_BYTES)
    most = page + COMMIT_STEP / PAGE_BYTES;
  uint64_t hidden = slab->cold[slot].hidden;
  /* Shown while the old pages are known: afterwards nothing tells which objects were hidden by them. */
  unlist_slab(slab, depot, slot);
  set_hidden(slab, slot, class_, false);
  census_leave(&depot->census, &slab->cold[slot], purged);
  bool shown = (most > least && weft__pages_restore(slab, slot, purged, page, most, status)) ||
               weft__pages_restore(slab, slot, purged, page, least, status);
  census_join(&depot->census, &slab->cold[slot], purged);
  set_hidden(slab, slot, class_, true);
  ADD(depot->objects, hidden - slab->cold[slot].hidden);
  list_slab(slab, depot, slot);
  SET(slab->hot[slot].loose, true);
  return shown;
}

/* Takes memory for objects where no slab has one that is memory. */
static bool more_objects(weft_slab *slab, struct slab_depot *depot, weft_status *status) {
  if (depot->hidden != NO_SLOT && show_slab(slab, depot, depot->hidden, status))
    return true;
  return depot->growing != NO_SLOT ? grow_slab(slab, depot, depot->growing, status) : new_slab(slab, depot, status);
}

uint32_t weft__objects_take(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                            bool may_grow, weft_status *status) {
  uint32_t got = 0;
  while (got < want) {
    uint32_t slot = depot->partial;
    if (slot != NO_SLOT) {
      got += take_from(slab, depot, slot, rounds + got, want - got);
      if (slab->cold[slot].free == 0) {
        weft__list_remove(slab, &depot->partial, slot);
        list_slab(slab, depot, slot);
      }
    } else if (depot->spare != NO_SLOT) {
      weft__list_push(slab, &depot->partial, depot->spare);
      depot->spare = NO_SLOT;
    } else if (got > 0 || !may_grow || !more_objects(slab, depot, status)) {
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
  size_t index = ((uintptr_t)state - (uintptr_t)GET(hot->states)) >> weft__classes[class_at(depot->home)].spread;
  if (GET(hot->kind) != SLOT_OBJECTS || GET(hot->home) != depot->home || index >= cold->made)
    return false;
  uint64_t bit = UINT64_C(1) << (index % 64);
  if (GET(*state) == STATE_LIVE || (cold->bitmap[index / 64] & bit) != 0 ||
      (cold->hidden > 0 && is_hidden(slab, slot, class_at(depot->home), index)))
    return false;
  if (cold->free == 0)
    unlist_slab(slab, depot, slot);
  cold->bitmap[index / 64] |= bit;
  if (index / 64 < cold->scan)
    cold->scan = (uint32_t)(index / 64);
  if (cold->free++ == 0)
    list_slab(slab, depot, slot);
  if (!GET(hot->loose))
    SET(slab->hot[slot].loose, true);
  if (cold->free + cold->hidden < cold->made)
    return true;
  unlist_slab(slab, depot, slot);
  if (depot->spare == NO_SLOT && cold->hidden == 0)
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
