/* SPDX-License-Identifier: MIT
 *
 * Magazines of a context: loading, exchanging and emptying them, and sharing cache_bytes out among the classes. Called by
 * cache.c when a magazine runs empty or full; calls the depot.
 */
#include "alloc/bins.h"

/* What a bin holds. A change of several fields is one for readers: they see an odd version, or another one after than
 * before; the releasing stores keep each field behind the version's first step. */

static void set(struct slab_bin *bin, struct slab_round *low, struct slab_round *top, uint32_t previous_count,
                uint64_t supply) {
  uint32_t version = GET(bin->version);
  SET(bin->version, version + 1);
  atomic_store_explicit(&bin->low, low, memory_order_release);
  atomic_store_explicit(&bin->top, top, memory_order_release);
  atomic_store_explicit(&bin->previous_count, (uint16_t)previous_count, memory_order_release);
  atomic_store_explicit(&bin->supply, supply, memory_order_release);
  atomic_store_explicit(&bin->version, version + 2, memory_order_release);
}

slab_state weft__always_live = STATE_LIVE;
struct slab_no_rounds weft__no_rounds = {{NULL, &weft__always_live}, {{NULL, NULL}}};
#define NO_ROUNDS (weft__no_rounds.rounds)

static uint32_t rounds_between(const struct slab_round *low, const struct slab_round *high) {
  return (uint32_t)(((uintptr_t)high - (uintptr_t)low) / sizeof *low); /* for readers, perhaps of two magazines */
}

static uint32_t count_of(const struct slab_bin *bin) {
  return rounds_between(GET(bin->low), GET(bin->top));
}

static uint32_t credit_of(const struct slab_bin *bin) {
  return rounds_between(GET(bin->low), bin->high);
}

static struct slab_round *rounds_of(struct slab_magazine *magazine) {
  return magazine == NULL ? NO_ROUNDS : magazine->rounds;
}

static struct slab_magazine *loaded(const struct slab_bin *bin) {
  struct slab_round *low = GET(bin->low);
  return low == NO_ROUNDS ? NULL : (struct slab_magazine *)(void *)((char *)low - offsetof(struct slab_magazine, rounds));
}

struct bin_counts weft__bin_counts(const struct slab_bin *bin) {
  for (int tries = 1;; tries++) {
    uint32_t version = atomic_load_explicit(&bin->version, memory_order_acquire);
    uint64_t allocations = atomic_load_explicit(&bin->allocations, memory_order_acquire);
    const struct slab_round *low = atomic_load_explicit(&bin->low, memory_order_acquire);
    const struct slab_round *top = atomic_load_explicit(&bin->top, memory_order_acquire);
    uint32_t cached = atomic_load_explicit(&bin->previous_count, memory_order_acquire);
    uint64_t supply = atomic_load_explicit(&bin->supply, memory_order_acquire);
    uint32_t count = rounds_between(low, top);
    /* Where an allocation's two steps lie on both sides of this reading it is repeated, and at last taken as it is: frees
     * are then one off. A count that is none is of two magazines. */
    bool whole = GET(bin->version) == version && version % 2 == 0 && count <= MAX_ROUNDS;
    if (whole && (GET(bin->allocations) == allocations || tries > 100)) {
      cached += count;
      return (struct bin_counts){allocations, allocations - (supply - cached), cached};
    }
    if (tries % 16 == 0) /* the context's thread may have lost its core between the two steps of version */
      weft__os_yield();
  }
}

/* Loads a magazine of count rounds, or NULL, in place of what is loaded, whose rounds have gone elsewhere; it may hold no
 * more for now. */
static void load(struct slab_bin *bin, struct slab_magazine *magazine, uint32_t count, uint64_t supply) {
  struct slab_round *low = rounds_of(magazine);
  bin->high = low + count;
  set(bin, low, bin->high, GET(bin->previous_count), supply);
}

/* Takes the loaded magazine out, with its rounds counted in it. */
static struct slab_magazine *unload(struct slab_bin *bin) {
  struct slab_magazine *magazine = loaded(bin);
  if (magazine != NULL) {
    magazine->count = count_of(bin);
    load(bin, NULL, 0, GET(bin->supply) - magazine->count);
  }
  return magazine;
}

/* A quarter of a magazine and more, so many that their states fill cache lines. */
static uint32_t step_of(unsigned class_) {
  uint32_t line = 64u >> weft__classes[class_].spread;
  return class_ < CLASSES ? (weft__classes[class_].rounds / 4 + line - 1) & ~(line - 1)
                          : (weft__classes[class_].rounds + 3u) / 4;
}

/* Sharing cache_bytes out among the bins: each is charged for what loaded may hold, its credit, and previous does hold. */

static void set_credit(struct slab_cache *cache, unsigned class_, uint32_t rounds) {
  struct slab_bin *bin = &cache->bins[class_];
  cache->charged += ((size_t)rounds - credit_of(bin)) * weft__classes[class_].bytes; /* modulo 2^64 where it shrinks */
  bin->high = GET(bin->low) + rounds;
}

/* Exchanges loaded and previous. Credit beyond what loaded holds lapses. */
static void swap(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  struct slab_magazine *now = bin->previous;
  uint32_t count = count_of(bin), previous_count = GET(bin->previous_count);
  set_credit(cache, class_, count); /* the sum of the two stays */
  bin->previous = loaded(bin);
  struct slab_round *low = rounds_of(now);
  bin->high = low + previous_count;
  set(bin, low, bin->high, count, GET(bin->supply));
}

/* Gives all of a bin's objects to the depot. */
static void retire_bin(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  for (int i = 0; i < 2; i++) {
    set_credit(cache, class_, 0);
    struct slab_magazine *magazine = unload(bin);
    if (magazine != NULL)
      weft__depot_retire(cache->slab, &cache->depots[class_], magazine);
    swap(cache, class_);
  }
  bin->batch = 0;
}

void weft__bins_flush(struct slab_cache *cache) {
  for (unsigned class_ = 0; class_ < BINS; class_++)
    retire_bin(cache, class_);
}

/* A trim asks every cache for what it keeps; each gives it, once, when it comes this way. */
static void heed_trim(struct slab_cache *cache) {
  uint64_t trims = GET(cache->slab->trims);
  if (cache->trims == trims)
    return;
  cache->trims = trims;
  weft__bins_flush(cache);
}

/* Takes back all credit that is not used, and tells which bin that holds something, other than except, is used least. */
static unsigned weigh_bins(struct slab_cache *cache, unsigned except) {
  unsigned coldest = BINS;
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    struct slab_bin *bin = &cache->bins[class_];
    uint32_t allocations = (uint32_t)GET(bin->allocations);
    bin->heat = bin->heat / 2 + (allocations - bin->seen);
    bin->seen = allocations;
    set_credit(cache, class_, count_of(bin));
    bool holds = credit_of(bin) > 0 || GET(bin->previous_count) > 0;
    if (holds && class_ != except && (coldest == BINS || bin->heat < cache->bins[coldest].heat))
      coldest = class_;
  }
  return coldest;
}

/* Lets a bin's loaded magazine hold rounds more than it does, at the expense of bins that are used less where need be: then
 * some more than needed is made free at once, since weighing takes a while. */
static bool extend_credit(struct slab_cache *cache, unsigned class_, uint32_t rounds) {
  size_t bytes = (size_t)rounds * weft__classes[class_].bytes, spare = cache->cache_bytes / 8;
  if (bytes > cache->cache_bytes)
    return false;
  if (bytes > cache->cache_bytes - cache->charged) {
    unsigned coldest = weigh_bins(cache, class_);
    while (bytes + spare > cache->cache_bytes - cache->charged && coldest < BINS) {
      retire_bin(cache, coldest);
      coldest = weigh_bins(cache, class_);
    }
    if (bytes > cache->cache_bytes - cache->charged)
      return false;
  }
  set_credit(cache, class_, credit_of(&cache->bins[class_]) + rounds);
  return true;
}

/* Whether the bin has a magazine loaded, or now gets one. */
static bool has_magazine(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  if (loaded(bin) == NULL && weft__classes[class_].bytes <= cache->cache_bytes)
    load(bin, weft__depot_magazine(cache->slab, &cache->depots[class_]), 0, GET(bin->supply));
  return loaded(bin) != NULL;
}

/* Allocating */

/* Loads a magazine that holds something, if there can be one. Its batches double, from a quarter of a magazine on. */
static bool refill(struct slab_cache *cache, unsigned class_, weft_status *status) {
  struct slab_bin *bin = &cache->bins[class_];
  uint32_t most = weft__classes[class_].rounds;
  heed_trim(cache);
  if (GET(bin->previous_count) > 0) {
    swap(cache, class_);
    return true;
  }
  COUNT(cache->tallies[class_].misses, 1);
  if (!has_magazine(cache, class_))
    return false;
  uint32_t batch = bin->batch == 0 ? step_of(class_) : 2 * (uint32_t)bin->batch;
  bin->batch = (uint16_t)(batch < most ? batch : most);
  set_credit(cache, class_, 0);
  if (!extend_credit(cache, class_, bin->batch) && !extend_credit(cache, class_, 1))
    return false;
  uint32_t credit = credit_of(bin);
  struct slab_magazine *empty = loaded(bin);
  struct slab_magazine *filled = weft__depot_refill(cache->slab, &cache->depots[class_], empty, credit, status);
  if (filled != empty)
    COUNT(cache->tallies[class_].exchanges, 1);
  load(bin, filled, filled->count, GET(bin->supply) + filled->count);
  bin->high = filled->rounds + credit;
  return filled->count > 0;
}

/* Gives out an object that came straight from the depot, past the magazines. NULL: its twin is live. */
static void *give_out(struct slab_cache *cache, unsigned class_, const struct slab_round *round) {
  struct slab_bin *bin = &cache->bins[class_];
  if (!weft__depot_make_live(cache->slab, &cache->depots[class_], round))
    return NULL;
  set(bin, GET(bin->low), GET(bin->top), GET(bin->previous_count), GET(bin->supply) + 1);
  ADD(bin->allocations, 1);
  return GET(round->object);
}

/* Drops the uppermost object of the loaded magazine, which is live already. */
static void drop_twin(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  set(bin, GET(bin->low), GET(bin->top) - 1, GET(bin->previous_count), GET(bin->supply) - 1);
  weft__depot_twins(cache->slab, &cache->depots[class_], 1);
}

void *weft__bin_take(struct slab_cache *cache, unsigned class_, weft_status *status) {
  struct slab_bin *bin = &cache->bins[class_];
  void *object = NULL;
  do {
    while (count_of(bin) > 0) {
      if (bin_take_top(bin, true, &object))
        return object;
      drop_twin(cache, class_);
    }
  } while (refill(cache, class_, status));
  struct slab_round round;
  while (object == NULL && weft__depot_take(cache->slab, &cache->depots[class_], &round, 1, status) == 1)
    object = give_out(cache, class_, &round);
  return object;
}

void *weft__bin_take_aligned(struct slab_cache *cache, unsigned class_, size_t align, weft_status *status) {
  struct slab_round round;
  void *object = NULL;
  COUNT(cache->tallies[class_].misses, 1);
  while (object == NULL && weft__depot_take_aligned(cache->slab, &cache->depots[class_], align, &round, status) == 1)
    object = give_out(cache, class_, &round);
  return object;
}

/* Freeing */

/* By more credit, by the previous magazine, by giving the older of the two to the depot. */
bool weft__bin_make_room(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  uint32_t most = weft__classes[class_].rounds, step = step_of(class_);
  heed_trim(cache);
  if (!has_magazine(cache, class_)) {
    COUNT(cache->tallies[class_].misses, 1);
    return false;
  }
  uint32_t count = count_of(bin);
  if (count == most && bin->previous == NULL)
    bin->previous = weft__depot_magazine(cache->slab, &cache->depots[class_]);
  if (count == most && bin->previous != NULL && GET(bin->previous_count) == 0) {
    swap(cache, class_);
    count = 0;
  }
  if (count < most && extend_credit(cache, class_, step < most - count ? step : most - count))
    return true;
  COUNT(cache->tallies[class_].misses, 1);
  if (GET(bin->previous_count) > 0)
    swap(cache, class_);
  if (count_of(bin) == 0)
    return false;
  set_credit(cache, class_, 0);
  struct slab_magazine *full = unload(bin);
  load(bin, weft__depot_drain(cache->slab, &cache->depots[class_], full), 0, GET(bin->supply));
  COUNT(cache->tallies[class_].exchanges, 1);
  return extend_credit(cache, class_, step) || extend_credit(cache, class_, 1);
}

void weft__bin_open(struct slab_bin *bin) {
  bin->high = NO_ROUNDS;
  SET(bin->low, NO_ROUNDS);
  SET(bin->top, NO_ROUNDS);
}

void weft__bin_lapse(struct slab_cache *cache, unsigned class_) {
  set_credit(cache, class_, count_of(&cache->bins[class_]));
}

void weft__bin_count_free(struct slab_bin *bin) {
  set(bin, GET(bin->low), GET(bin->top), GET(bin->previous_count), GET(bin->supply) - 1);
}

void weft__bin_restart(struct slab_bin *bin) {
  SET(bin->allocations, 0);
  set(bin, GET(bin->low), GET(bin->top), 0, 0);
  bin->seen = 0;
}

void weft__bin_abandon(struct slab_bin *bin) {
  uint32_t version = GET(bin->version);
  if (version % 2 == 0)
    return;
  SET(bin->top, GET(bin->low));
  SET(bin->previous_count, 0);
  SET(bin->version, version + 1);
}
