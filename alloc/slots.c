/* SPDX-License-Identifier: MIT
 *
 * The slots of a slab's range and their descriptors, the metadata that is cut from slots of its own, lists of slots. Called
 * by the rest of alloc/. Knows no classes, no magazines.
 */
#include "alloc/bits.h"
#include "alloc/registry.h"
#include <string.h>

/* Slots, under the registry's lock */

bool weft__slots_know(weft_slab *slab, size_t end, weft_status *status) {
  if (end <= slab->known)
    return true;
  end = round_up(end, slab->page_bytes / sizeof(struct slab_hot));
  if (end > slab->slots)
    end = slab->slots;
  for (size_t i = 0; i < sizeof slab->arrays / sizeof slab->arrays[0]; i++) {
    struct registry_array *array = &slab->arrays[i];
    size_t memory = round_up((end * array->bits_per_slot + 7) / 8, slab->page_bytes);
    if (memory <= array->memory)
      continue;
    if (!weft__memory_take(slab, array->at + array->memory, memory - array->memory, status))
      return false;
    array->memory = memory;
  }
  slab->known = end;
  return true;
}

/* Marks n unused slots from first on as used. */
static bool claim_slots(weft_slab *slab, size_t first, size_t n, weft_status *status) {
  if (first > slab->slots || n > slab->slots - first) {
    *status = WEFT_E_NOMEM;
    return false;
  }
  if (!weft__slots_know(slab, first + n, status))
    return false;
  bits_fill(slab->used, first, n);
  for (size_t slot = first; slot < first + n; slot++) {
    memset(&slab->cold[slot], 0, offsetof(struct slab_cold, first)); /* all but what is read without a lock */
    SET(slab->cold[slot].first, 0);
    SET(slab->cold[slot].bytes, 0);
    SET(slab->hot[slot].kind, SLOT_UNUSED);
    SET(slab->hot[slot].loose, false);
  }
  if (first == slab->first_unused)
    slab->first_unused = first + n;
  return true;
}

static uint32_t take_slots(weft_slab *slab, size_t n, weft_status *status) {
  size_t first = bits_find_clear(slab->used, slab->first_unused, slab->known, n, 1);
  return claim_slots(slab, first, n, status) ? (uint32_t)first : NO_SLOT;
}

static void give_slots(weft_slab *slab, uint32_t first, size_t n) {
  bits_clear(slab->used, first, n);
  if (first < slab->first_unused)
    slab->first_unused = first;
}

uint32_t weft__slots_take(weft_slab *slab, size_t n, weft_status *status) {
  os_lock_take(&slab->registry_lock);
  uint32_t first = take_slots(slab, n, status);
  os_lock_give(&slab->registry_lock);
  return first;
}

bool weft__slots_extend(weft_slab *slab, uint32_t first, size_t n) {
  weft_status status;
  os_lock_take(&slab->registry_lock);
  size_t end = first + n < slab->known ? first + n : slab->known;
  bool unused = first >= end || bits_next_set(slab->used, first, end) == end;
  bool done = unused && claim_slots(slab, first, n, &status);
  os_lock_give(&slab->registry_lock);
  return done;
}

void weft__slots_give(weft_slab *slab, uint32_t first, size_t n, enum slot_kind kind) {
  for (size_t slot = first; slot < first + n; slot++) {
    SET(slab->hot[slot].reciprocal, 0);
    SET(slab->hot[slot].kind, slot == first ? (uint8_t)kind : (uint8_t)SLOT_UNUSED);
  }
  os_lock_take(&slab->registry_lock);
  give_slots(slab, first, n);
  os_lock_give(&slab->registry_lock);
}

/* Metadata: cut from the start of META slots, one after another, whose memory grows by steps */

static char *take_meta(weft_slab *slab, size_t bytes, weft_status *status) {
  if (bytes > (size_t)(slab->meta_end - slab->meta)) {
    uint32_t slot = take_slots(slab, 1, status);
    if (slot == NO_SLOT)
      return NULL;
    if (!weft__os_show(slot_start(slab, slot), SLAB_BYTES)) {
      give_slots(slab, slot, 1);
      *status = WEFT_E_NOMEM;
      return NULL;
    }
    SET(slab->hot[slot].kind, SLOT_META);
    slab->meta = slab->meta_memory = slot_start(slab, slot);
    slab->meta_end = slab->meta + META_BYTES;
  }
  size_t memory = (size_t)(slab->meta_memory - slab->meta);
  if (bytes > memory) {
    size_t more = round_up(bytes - memory, COMMIT_STEP);
    if (!weft__memory_take(slab, slab->meta_memory, more, status))
      return NULL;
    slab->meta_memory += more;
  }
  char *piece = slab->meta;
  slab->meta += bytes;
  return piece;
}

void *weft__meta_take(weft_slab *slab, size_t bytes, weft_status *status) {
  os_lock_take(&slab->registry_lock);
  char *piece = take_meta(slab, round_up(bytes, 64), status);
  os_lock_give(&slab->registry_lock);
  return piece;
}

void *weft__piece_take(weft_slab *slab, struct meta_piece **list, size_t bytes, weft_status *status) {
  struct meta_piece *piece = *list;
  if (piece == NULL)
    return weft__meta_take(slab, bytes, status);
  *list = piece->next;
  /* By atomic words: a wrong free of what was in the slab before may be looking at its state bytes. */
  _Atomic uint64_t *words = (_Atomic uint64_t *)(void *)((char *)(piece + 1) - bytes);
  for (size_t i = 0, n = (piece->used + sizeof *words - 1) / sizeof *words; i < n; i++)
    SET(words[i], 0);
  memset(piece, 0, sizeof *piece);
  return (void *)words;
}

void weft__piece_give(struct meta_piece **list, void *piece, size_t bytes, size_t used) {
  struct meta_piece *last = (struct meta_piece *)(void *)((char *)piece + bytes) - 1;
  last->next = *list;
  last->used = used < bytes - sizeof *last ? used : bytes - sizeof *last;
  *list = last;
}

/* Lists of slots */

void weft__list_push(weft_slab *slab, uint32_t *list, uint32_t slot) {
  slab->cold[slot].next = *list;
  slab->cold[slot].prev = NO_SLOT;
  if (*list != NO_SLOT)
    slab->cold[*list].prev = slot;
  *list = slot;
}

void weft__list_remove(weft_slab *slab, uint32_t *list, uint32_t slot) {
  struct slab_cold *cold = &slab->cold[slot];
  if (cold->next != NO_SLOT)
    slab->cold[cold->next].prev = cold->prev;
  if (cold->prev != NO_SLOT)
    slab->cold[cold->prev].next = cold->next;
  else
    *list = cold->next;
}
