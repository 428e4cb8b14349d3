/* SPDX-License-Identifier: MIT
 *
 * Page runs: what is larger than the last class of objects and at most half a slab, cut from slabs of pages. Called by
 * depot.c and trim.c; one lock for all of a node. Knows no magazines.
 *
 * A slab's pages are a bitmap; a run is cut at the first place where it fits. Slabs with free pages hang in lists by the
 * length of their longest free stretch, so that one which certainly fits is found without a search.
 */
#include "alloc/bits.h"
#include "alloc/registry.h"

static uint32_t run_pages(unsigned class_) {
  return weft__classes[class_].bytes >> PAGE_SHIFT;
}

static struct slab_node *node_of(weft_slab *slab, uint32_t slot) {
  return &slab->nodes[node_at(GET(slab->hot[slot].home))];
}

static uint32_t floor_log2(size_t n) {
  return 63 - (uint32_t)__builtin_clzll(n);
}

/* Puts a slab into the list of its longest free stretch; a full one into none. */
static void list_slab(weft_slab *slab, uint32_t slot) {
  const uint64_t *cut = map_of(&slab->hot[slot])->cut;
  size_t longest = 0;
  for (size_t from = 0, end; from < SLAB_PAGES; from = end) {
    from = bits_next_clear(cut, from, SLAB_PAGES);
    end = bits_next_set(cut, from, SLAB_PAGES);
    if (end - from > longest)
      longest = end - from;
  }
  slab->cold[slot].list = RUN_LISTS;
  if (longest > 0) {
    slab->cold[slot].list = floor_log2(longest);
    weft__list_push(slab, &node_of(slab, slot)->runs[slab->cold[slot].list], slot);
  }
}

static void unlist_slab(weft_slab *slab, uint32_t slot) {
  if (slab->cold[slot].list < RUN_LISTS)
    weft__list_remove(slab, &node_of(slab, slot)->runs[slab->cold[slot].list], slot);
}

/* The page at which n may be cut from a slab at a multiple of align, SLAB_PAGES when there is none. ready: only where all
 * of them are memory. */
static size_t find_pages(const weft_slab *slab, uint32_t slot, size_t n, size_t align, bool ready) {
  const struct run_map *map = map_of(&slab->hot[slot]);
  size_t limit = ready ? slab->cold[slot].committed / PAGE_BYTES : SLAB_PAGES, page;
  if (ready && slab->cold[slot].purged > 0) {
    uint64_t taken[SLAB_PAGES / 64];
    for (size_t i = 0; i < SLAB_PAGES / 64; i++)
      taken[i] = map->cut[i] | map->purged[i];
    page = bits_find_clear(taken, 0, limit, n, align);
  } else {
    page = bits_find_clear(map->cut, 0, limit, n, align);
  }
  return page + n <= limit ? page : SLAB_PAGES;
}

/* A slab with n free pages at a multiple of align. In the list of n itself some may not fit: a few are tried. */
static uint32_t find_slab(const weft_slab *slab, const struct slab_node *node, size_t n, size_t align, bool ready,
                          size_t *page) {
  for (uint32_t list = floor_log2(n); list < RUN_LISTS; list++) {
    uint32_t slot = node->runs[list];
    for (int tries = 0; slot != NO_SLOT && tries < 8; tries++, slot = slab->cold[slot].next)
      if ((*page = find_pages(slab, slot, n, align, ready)) < SLAB_PAGES)
        return slot;
  }
  return NO_SLOT;
}

static uint32_t new_slab(weft_slab *slab, unsigned node, weft_status *status) {
  struct meta_piece **pieces = &slab->nodes[node].run_pieces;
  struct run_map *map = weft__piece_take(slab, pieces, sizeof *map, status);
  if (map == NULL)
    return NO_SLOT;
  uint32_t slot = weft__slots_take(slab, 1, status);
  if (slot == NO_SLOT) {
    weft__piece_give(pieces, map, sizeof *map, sizeof *map);
    return NO_SLOT;
  }
  slab->cold[slot].free = SLAB_PAGES;
  SET(slab->hot[slot].states, map->states);
  SET(slab->hot[slot].home, home_of(node, RUNS));
  atomic_store_explicit(&slab->hot[slot].kind, SLOT_RUNS, memory_order_release);
  atomic_store_explicit(&slab->hot[slot].reciprocal, class_reciprocal(PAGE_BYTES, 0), memory_order_release);
  ADD(slab->nodes[node].runs_census.made, 1);
  list_slab(slab, slot);
  return slot;
}

/* Gives back a slab, in no list, of which nothing is cut. */
static void end_slab(weft_slab *slab, uint32_t slot) {
  struct run_map *map = map_of(&slab->hot[slot]);
  struct slab_census *census = &node_of(slab, slot)->runs_census;
  ADD(census->returned, 1);
  census_leave(census, &slab->cold[slot], map->purged);
  SET(slab->hot[slot].reciprocal, 0);
  SET(slab->hot[slot].kind, SLOT_UNUSED);
  weft__piece_give(&node_of(slab, slot)->run_pieces, map, sizeof *map, sizeof *map);
  weft__memory_end(slab, slot);
  weft__slots_give(slab, slot, 1, SLOT_UNUSED);
}

/* Keeps some slabs of which nothing is cut, gives others back. */
static void list_or_end(weft_slab *slab, uint32_t slot) {
  struct slab_node *node = node_of(slab, slot);
  if (slab->cold[slot].free < SLAB_PAGES) {
    list_slab(slab, slot);
  } else if (node->n_spare_runs < SPARE_RUNS) {
    weft__list_push(slab, &node->spare_runs, slot);
    node->n_spare_runs++;
  } else {
    end_slab(slab, slot);
  }
}

static uint32_t pop_spare(weft_slab *slab, struct slab_node *node) {
  uint32_t slot = node->spare_runs;
  weft__list_remove(slab, &node->spare_runs, slot);
  node->n_spare_runs--;
  return slot;
}

/* Cuts n pages. A state byte of a run's first page says what the run is; those of the others only that they are not
 * first. */
static void cut_run(weft_slab *slab, uint32_t slot, size_t page, unsigned class_, struct slab_round *round) {
  size_t n = run_pages(class_);
  struct run_map *map = map_of(&slab->hot[slot]);
  unlist_slab(slab, slot);
  bits_fill(map->cut, page, n);
  slab->cold[slot].free -= (uint32_t)n;
  touch_slab(slab, &slab->cold[slot], &node_of(slab, slot)->runs_census, map->purged, (page + n) * PAGE_BYTES);
  list_slab(slab, slot);
  SET(map->classes[page], (uint8_t)class_);
  for (size_t i = page + 1; i < page + n; i++)
    SET(map->states[i], STATE_INSIDE);
  SET(round->object, slot_start(slab, slot) + page * PAGE_BYTES);
  SET(round->state, map->states + page);
}

/* Makes the pages, which are free, memory. */
static bool ready_pages(weft_slab *slab, uint32_t slot, size_t page, size_t n, bool may_grow, weft_status *status) {
  size_t unit = weft__purge_pages(slab), from = page & ~(unit - 1), to = (page + n + unit - 1) & ~(unit - 1);
  uint64_t *purged = map_of(&slab->hot[slot])->purged;
  bool gone = slab->cold[slot].purged > 0 && bits_next_set(purged, from, to) < to;
  bool grows = (page + n) * PAGE_BYTES > slab->cold[slot].committed;
  if (!gone && !grows)
    return true;
  SET(slab->hot[slot].loose, true);
  struct slab_census *census = &node_of(slab, slot)->runs_census;
  census_leave(census, &slab->cold[slot], purged);
  bool done = may_grow && (!grows || weft__memory_grow(slab, slot, (page + n) * PAGE_BYTES, status)) &&
              (!gone || weft__pages_restore(slab, slot, purged, from, to, status));
  census_join(census, &slab->cold[slot], purged);
  return done;
}

static bool take_one(weft_slab *slab, uint16_t home, size_t align, struct slab_round *round, bool may_grow,
                     weft_status *status) {
  struct slab_node *node = &slab->nodes[node_at(home)];
  size_t page, n = run_pages(class_at(home));
  uint64_t begin = 0;
  uint32_t slot = find_slab(slab, node, n, align, false, &page);
  if (slot == NO_SLOT)
    page = 0; /* of a slab of which nothing is cut */
  if (slot == NO_SLOT && node->spare_runs != NO_SLOT) {
    slot = pop_spare(slab, node);
    list_slab(slab, slot);
  } else if (slot == NO_SLOT && may_grow) {
    begin = latency_begin();
    slot = new_slab(slab, node_at(home), status);
  }
  if (slot == NO_SLOT)
    return false;
  if (!ready_pages(slab, slot, page, n, may_grow, status)) {
    unlist_slab(slab, slot);
    list_or_end(slab, slot);
    slot = find_slab(slab, node, n, align, true, &page);
    begin = 0;
    if (slot == NO_SLOT)
      return false;
  }
  latency_end(slab, node_at(home), WEFT_LATENCY_NEW_SLAB, begin);
  cut_run(slab, slot, page, class_at(home), round);
  return true;
}

uint32_t weft__runs_take(weft_slab *slab, uint16_t home, size_t align, struct slab_round *rounds, uint32_t want,
                         bool may_grow, weft_status *status) {
  struct slab_node *node = &slab->nodes[node_at(home)];
  size_t align_pages = align <= PAGE_BYTES ? 1 : align / PAGE_BYTES;
  uint32_t got = 0;
  os_lock_take(&node->runs_lock);
  while (got < want && take_one(slab, home, align_pages, rounds + got, may_grow && got == 0, status))
    got++;
  ADD(node->depots[class_at(home)].objects, got);
  os_lock_give(&node->runs_lock);
  return got;
}

/* Puts one run back. false: freed by two threads at one instant, as in objects.c. */
static bool give_one(weft_slab *slab, uint16_t home, const struct slab_round *round) {
  slab_state *state = GET(round->state);
  unsigned class_ = class_at(home);
  uint32_t slot = slot_of(slab, GET(round->object));
  if (GET(slab->hot[slot].kind) != SLOT_RUNS || node_at(GET(slab->hot[slot].home)) != node_at(home))
    return false;
  struct run_map *map = map_of(&slab->hot[slot]);
  size_t page = (uintptr_t)state - (uintptr_t)map->states, n = run_pages(class_);
  if (page >= SLAB_PAGES || (map->cut[page / 64] >> (page % 64) & 1) == 0 || GET(map->classes[page]) != class_ ||
      (GET(*state) != STATE_FREED && GET(*state) != STATE_UNUSED))
    return false;
  unlist_slab(slab, slot);
  bits_clear(map->cut, page, n);
  slab->cold[slot].free += (uint32_t)n;
  if (!GET(slab->hot[slot].loose))
    SET(slab->hot[slot].loose, true);
  for (size_t inside = page + 1; inside < page + n; inside++)
    SET(map->states[inside], STATE_UNUSED);
  list_or_end(slab, slot);
  return true;
}

uint32_t weft__runs_give(weft_slab *slab, uint16_t home, const struct slab_round *rounds, uint32_t n) {
  struct slab_node *node = &slab->nodes[node_at(home)];
  uint32_t given = 0;
  os_lock_take(&node->runs_lock);
  for (uint32_t i = 0; i < n; i++)
    given += give_one(slab, home, &rounds[i]);
  ADD(node->depots[class_at(home)].objects, -(uint64_t)given);
  os_lock_give(&node->runs_lock);
  return given;
}

void weft__runs_trim(weft_slab *slab, struct slab_node *node) {
  os_lock_take(&node->runs_lock);
  while (node->spare_runs != NO_SLOT)
    end_slab(slab, pop_spare(slab, node));
  os_lock_give(&node->runs_lock);
}

void weft__runs_purge(weft_slab *slab, struct slab_node *node, uint32_t slot) {
  os_lock_take(&node->runs_lock);
  struct slab_hot *hot = &slab->hot[slot];
  if (GET(hot->kind) == SLOT_RUNS && node_of(slab, slot) == node) {
    struct run_map *map = map_of(&slab->hot[slot]);
    size_t limit = slab->cold[slot].committed / PAGE_BYTES, unit = weft__purge_pages(slab);
    SET(hot->loose, false);
    census_leave(&node->runs_census, &slab->cold[slot], map->purged);
    for (size_t from = 0, end; (from = bits_next_clear(map->cut, from, limit)) < limit; from = end) {
      end = bits_next_set(map->cut, from, limit);
      size_t first = (from + unit - 1) & ~(unit - 1), last = end & ~(unit - 1);
      if (first < last)
        weft__pages_purge(slab, slot, map->purged, first, last);
    }
    census_join(&node->runs_census, &slab->cold[slot], map->purged);
  }
  os_lock_give(&node->runs_lock);
}
