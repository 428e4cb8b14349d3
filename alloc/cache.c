/* SPDX-License-Identifier: MIT
 *
 * A context's magazines, and with them weft_alloc and weft_free and their kin. Works on one struct slab_cache, its thread's
 * own, and goes to the depot when a magazine runs empty or full.
 */
#include "alloc/registry.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LIKELY(condition) __builtin_expect(!!(condition), 1)

static struct slab_cache *cache_of(weft_ctx *ctx) {
  return (struct slab_cache *)(void *)ctx;
}

/* Messages */

static _Thread_local char thread_message[sizeof((struct slab_cache *)NULL)->message];

void weft__cache_message_v(struct slab_cache *cache, const char *format, va_list arguments) {
  vsnprintf(cache != NULL ? cache->message : thread_message, sizeof thread_message, format, arguments);
}

void weft__cache_message(struct slab_cache *cache, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  weft__cache_message_v(cache, format, arguments);
  va_end(arguments);
}

const char *weft__cache_words(const struct slab_cache *cache) {
  return cache != NULL ? cache->message : thread_message;
}

static void *refuse(struct slab_cache *cache, size_t bytes, weft_status status) {
  weft_slab *slab = cache->slab;
  unsigned long long taken = GET(slab->committed);
  ADD_SHARED(slab->refused, 1);
  cache->status = status;
  if (status == WEFT_E_LIMIT)
    weft__cache_message(cache, "allocation of %zu bytes: the slab has taken %llu bytes of its limit of %zu", bytes, taken,
                        slab->limit_bytes);
  else
    weft__cache_message(cache, "allocation of %zu bytes: no more memory or addresses to be had, the slab has taken %llu",
                        bytes, taken);
  return NULL;
}

/* verb: what was to be done with p. */
static weft_status complain(struct slab_cache *cache, const char *verb, const void *p, weft_status status,
                            const struct slab_place *place) {
  cache->status = status;
  if (status == WEFT_E_FOREIGN)
    weft__cache_message(cache, "%s of %p: in no memory that this slab has given out", verb, p);
  else if (status == WEFT_E_DOUBLE_FREE)
    weft__cache_message(cache, "%s of %p: an object of %zu bytes, freed before", verb, p, place->bytes);
  else
    weft__cache_message(cache, "%s of %p: inside an object of %zu bytes at %p, byte %zu of it", verb, p, place->bytes,
                        (void *)place->start, (size_t)((const char *)p - place->start));
  return status;
}

/* The two fast steps */

static inline uint32_t count_of(const struct slab_bin *bin) {
  return (uint32_t)(GET(bin->frees) - GET(bin->allocations)) - GET(bin->floor);
}

static void set_count(struct slab_bin *bin, uint32_t count) {
  SET(bin->floor, (uint32_t)(GET(bin->frees) - GET(bin->allocations)) - count);
}

/* Takes an object out of the bin. false: none is loaded, or (the one that was freed twice at once) its twin is live. */
static inline bool pop(struct slab_bin *bin, void **object) {
  uint64_t allocations = GET(bin->allocations);
  uint32_t count = (uint32_t)(GET(bin->frees) - allocations) - GET(bin->floor);
  if (count == 0)
    return false;
  struct slab_round *round = &bin->loaded->rounds[count - 1];
  slab_state *state = GET(round->state);
  if (GET(*state) == STATE_LIVE)
    return false;
  SET(*state, STATE_LIVE);
  SET(bin->allocations, allocations + 1);
  *object = GET(round->object);
  return true;
}

/* Puts a live object into the bin, if there is room. */
static inline bool push(struct slab_bin *bin, void *object, slab_state *state) {
  uint64_t frees = GET(bin->frees);
  uint32_t count = (uint32_t)(frees - GET(bin->allocations)) - GET(bin->floor);
  if (count >= bin->credit)
    return false;
  struct slab_round *round = &bin->loaded->rounds[count];
  SET(*state, STATE_FREED);
  SET(round->object, object);
  SET(round->state, state);
  SET(bin->frees, frees + 1);
  return true;
}

/* Sharing cache_bytes out among the bins */

static void set_credit(struct slab_cache *cache, unsigned class_, uint32_t rounds) {
  struct slab_bin *bin = &cache->bins[class_];
  cache->charged += ((size_t)rounds - bin->credit) * weft__classes[class_].bytes; /* modulo 2^64 where it shrinks */
  bin->credit = rounds;
}

/* Exchanges loaded and previous. Credit beyond what loaded holds lapses. */
static void swap(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  struct slab_magazine *loaded = bin->loaded;
  uint32_t count = count_of(bin), previous_count = GET(bin->previous_count);
  set_credit(cache, class_, count);
  bin->credit = previous_count; /* the sum of the two stays */
  bin->loaded = bin->previous;
  set_count(bin, previous_count);
  bin->previous = loaded;
  SET(bin->previous_count, count);
}

/* Gives all of a bin's objects to the depot. */
static void retire_bin(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  for (int i = 0; i < 2; i++) {
    if (bin->loaded != NULL) {
      bin->loaded->count = count_of(bin);
      set_count(bin, 0);
      weft__depot_retire(cache->slab, &cache->depots[class_], bin->loaded);
      bin->loaded = NULL;
    }
    set_credit(cache, class_, 0);
    swap(cache, class_);
  }
  bin->batch = 0;
}

static void retire_bins(struct slab_cache *cache) {
  for (unsigned class_ = 0; class_ < BINS; class_++)
    retire_bin(cache, class_);
}

/* A trim asks every cache for what it keeps; each gives it, once, when it comes this way. */
static void heed_trim(struct slab_cache *cache) {
  uint64_t trims = GET(cache->slab->trims);
  if (cache->trims == trims)
    return;
  cache->trims = trims;
  retire_bins(cache);
}

/* Takes back all credit that is not used, and tells which bin that holds something, other than except, is used least. */
static unsigned weigh_bins(struct slab_cache *cache, unsigned except) {
  unsigned coldest = BINS;
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    struct slab_bin *bin = &cache->bins[class_];
    uint64_t requests = GET(bin->allocations) + GET(bin->frees);
    bin->heat = bin->heat / 2 + (requests - bin->seen);
    bin->seen = requests;
    set_credit(cache, class_, count_of(bin));
    bool holds = bin->credit > 0 || GET(bin->previous_count) > 0;
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
  set_credit(cache, class_, cache->bins[class_].credit + rounds);
  return true;
}

/* Whether the bin has a magazine loaded, or now gets one. */
static bool has_magazine(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  if (bin->loaded == NULL && weft__classes[class_].bytes <= cache->cache_bytes)
    bin->loaded = weft__depot_magazine(cache->slab, &cache->depots[class_]);
  return bin->loaded != NULL;
}

/* Allocating where the loaded magazine has nothing */

/* Loads a magazine that holds something, if there can be one. Its batches double, from a quarter of a magazine on. */
static bool refill(struct slab_cache *cache, unsigned class_, weft_status *status) {
  struct slab_bin *bin = &cache->bins[class_];
  uint32_t most = weft__classes[class_].rounds;
  heed_trim(cache);
  if (GET(bin->previous_count) > 0) {
    swap(cache, class_);
    return true;
  }
  ADD(cache->misses, 1);
  if (!has_magazine(cache, class_))
    return false;
  bin->batch = bin->batch == 0 ? (most + 3) / 4 : 2 * bin->batch > most ? most : 2 * bin->batch;
  set_credit(cache, class_, 0);
  if (!extend_credit(cache, class_, bin->batch) && !extend_credit(cache, class_, 1))
    return false;
  struct slab_magazine *filled = weft__depot_refill(cache->slab, &cache->depots[class_], bin->loaded, bin->credit, status);
  if (filled != bin->loaded)
    ADD(cache->exchanges, 1);
  bin->loaded = filled;
  set_count(bin, filled->count);
  return filled->count > 0;
}

/* Gives out an object that came straight from the depot, past the magazines. */
static void *give_out(struct slab_bin *bin, const struct slab_round *round) {
  uint32_t count = count_of(bin);
  SET(*GET(round->state), STATE_LIVE);
  ADD(bin->allocations, 1);
  set_count(bin, count);
  return GET(round->object);
}

static void *take_object(struct slab_cache *cache, unsigned class_, weft_status *status) {
  struct slab_bin *bin = &cache->bins[class_];
  do {
    for (void *object; count_of(bin) > 0; set_count(bin, count_of(bin) - 1)) {
      if (pop(bin, &object))
        return object;
      weft__depot_twins(cache->slab, &cache->depots[class_], 1);
    }
  } while (refill(cache, class_, status));
  struct slab_round round;
  if (weft__depot_take(cache->slab, &cache->depots[class_], &round, 1, status) == 0)
    return NULL;
  return give_out(bin, &round);
}

static void *take_aligned_run(struct slab_cache *cache, unsigned class_, size_t align, weft_status *status) {
  struct slab_round round;
  ADD(cache->misses, 1);
  if (weft__depot_take_aligned(cache->slab, &cache->depots[class_], align, &round, status) == 0)
    return NULL;
  return give_out(&cache->bins[class_], &round);
}

static void *take(struct slab_cache *cache, size_t bytes, size_t align, weft_status *status) {
  if (bytes > RUN_MAX_BYTES || align > RUN_MAX_BYTES)
    return weft__mapped_take(cache->slab, bytes == 0 ? 1 : bytes, status);
  unsigned class_ = weft__class_aligned(bytes, align);
  return align > PAGE_BYTES ? take_aligned_run(cache, class_, align, status) : take_object(cache, class_, status);
}

static void *take_or_trim(struct slab_cache *cache, size_t bytes, size_t align) {
  weft_status status = WEFT_E_NOMEM;
  if (weft__fault(cache->slab))
    return refuse(cache, bytes, status);
  uint64_t misses = GET(cache->misses); /* one request counts once, and none where it is refused */
  void *object = take(cache, bytes, align, &status);
  if (object != NULL)
    return object;
  retire_bins(cache);
  SET(cache->misses, misses);
  uint64_t returned = weft__depot_trim(cache->slab);
  cache->trims = GET(cache->slab->trims);
  if (returned > 0 && (object = take(cache, bytes, align, &status)) != NULL)
    return object;
  SET(cache->misses, misses);
  return refuse(cache, bytes, status);
}

static __attribute__((noinline)) void *alloc_slow(struct slab_cache *cache, size_t bytes, size_t align) {
  if (cache == NULL)
    return NULL;
  void *object = take_or_trim(cache, bytes, align);
  weft__slab_tell(cache->slab);
  return object;
}

void *weft_alloc(weft_ctx *ctx, size_t bytes) {
  struct slab_cache *cache = cache_of(ctx);
  if (LIKELY(cache != NULL && bytes <= CLASS_MAX_BYTES)) {
    void *object;
    if (LIKELY(pop(&cache->bins[class_of(bytes)], &object)))
      return object;
  }
  return alloc_slow(cache, bytes, 1);
}

void *weft_zalloc(weft_ctx *ctx, size_t bytes) {
  void *object = weft_alloc(ctx, bytes);
  /* Mapped memory comes as zeros from the system. */
  if (object == NULL || (bytes > RUN_MAX_BYTES && !weft__mapped_is_used(cache_of(ctx)->slab, object)))
    return object;
  return memset(object, 0, bytes);
}

void *weft_aligned_alloc(weft_ctx *ctx, size_t bytes, size_t align) {
  struct slab_cache *cache = cache_of(ctx);
  if (align != 0 && (align & (align - 1)) == 0 && align <= MAX_ALIGN)
    return alloc_slow(cache, bytes, align);
  weft__cache_message(cache, "allocation of %zu bytes: alignment %zu is no power of two up to %d", bytes, align, MAX_ALIGN);
  if (cache != NULL)
    cache->status = WEFT_E_INVALID;
  return NULL;
}

/* Freeing where the loaded magazine has no room */

/* Makes room in the loaded magazine: by more credit, by the previous magazine, by giving the older of the two to the depot.
 * false: there can be none. */
static bool make_room(struct slab_cache *cache, unsigned class_) {
  struct slab_bin *bin = &cache->bins[class_];
  uint32_t most = weft__classes[class_].rounds, step = (most + 3) / 4;
  heed_trim(cache);
  if (!has_magazine(cache, class_)) {
    ADD(cache->misses, 1);
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
  ADD(cache->misses, 1);
  if (GET(bin->previous_count) > 0)
    swap(cache, class_);
  if (count_of(bin) == 0)
    return false;
  bin->loaded->count = count_of(bin);
  set_count(bin, 0);
  set_credit(cache, class_, 0);
  bin->loaded = weft__depot_drain(cache->slab, &cache->depots[class_], bin->loaded);
  ADD(cache->exchanges, 1);
  return extend_credit(cache, class_, step) || extend_credit(cache, class_, 1);
}

/* Frees an object that is marked so past the magazines: into another node's depot, or where no magazine is to be had. false:
 * it was freed before. */
static bool free_home(struct slab_cache *cache, void *p, const struct slab_place *place, bool local) {
  struct slab_round round = {p, place->state};
  struct slab_bin *bin = &cache->bins[place->class_];
  struct slab_depot *depot = depot_at(cache->slab, place->node, place->class_);
  if (weft__depot_give(cache->slab, depot, &round, 1) == 0)
    return false;
  if (local) {
    uint32_t count = count_of(bin);
    ADD(bin->frees, 1);
    set_count(bin, count);
  } else {
    ADD_SHARED(depot->frees, 1);
  }
  return true;
}

/* Marks an object as freed; false: another thread was faster. */
static bool mark_freed(slab_state *state) {
  uint8_t live = STATE_LIVE;
  return atomic_compare_exchange_strong(state, &live, STATE_FREED);
}

static bool free_object(struct slab_cache *cache, void *p, const struct slab_place *place) {
  struct slab_bin *bin = &cache->bins[place->class_];
  bool local = home_of(place->node, 0) == cache->home, atomic = cache->range_bytes == 0;
  if (atomic && !mark_freed(place->state))
    return false;
  if (local && (push(bin, p, place->state) || (make_room(cache, place->class_) && push(bin, p, place->state))))
    return true;
  return (atomic || mark_freed(place->state)) && free_home(cache, p, place, local);
}

/* Frees what weft__slab_find found live. */
static weft_status free_place(struct slab_cache *cache, void *p, const struct slab_place *place) {
  bool freed = place->kind == SLOT_MAPPED ? weft__mapped_give(cache->slab, slot_of(cache->slab, p)) == WEFT_OK
                                          : free_object(cache, p, place);
  weft__slab_tell(cache->slab); /* magazines are memory too */
  return freed ? WEFT_OK : complain(cache, "free", p, WEFT_E_DOUBLE_FREE, place);
}

static __attribute__((noinline)) weft_status free_slow(struct slab_cache *cache, void *p) {
  struct slab_place place;
  if (cache == NULL)
    return WEFT_E_INVALID;
  if (p == NULL)
    return WEFT_OK;
  weft_status status = weft__slab_find(cache->slab, p, &place);
  return status == WEFT_OK ? free_place(cache, p, &place) : complain(cache, "free", p, status, &place);
}

weft_status weft_free(weft_ctx *ctx, void *p) {
  struct slab_cache *cache = cache_of(ctx);
  uintptr_t offset;
  if (LIKELY(cache != NULL && (offset = (uintptr_t)p - cache->base) < cache->range_bytes)) {
    const struct slab_hot *hot = &cache->hot[offset >> SLAB_SHIFT];
    bool at_start;
    uint32_t index = class_index(GET(hot->reciprocal), (uint32_t)offset & (SLAB_BYTES - 1), &at_start);
    if (LIKELY(at_start)) {
      slab_state *state = GET(hot->states) + index;
      unsigned class_ = GET(hot->home) ^ cache->home; /* BINS or more where the nodes differ */
      if (LIKELY(class_ < BINS && GET(*state) == STATE_LIVE && push(&cache->bins[class_], p, state)))
        return WEFT_OK;
    }
  }
  return free_slow(cache, p);
}

weft_status weft_free_sized(weft_ctx *ctx, void *p, size_t bytes) {
  struct slab_cache *cache = cache_of(ctx);
  struct slab_place place;
  if (cache == NULL || p == NULL)
    return free_slow(cache, p);
  weft_status status = weft__slab_find(cache->slab, p, &place);
  if (status != WEFT_OK)
    return complain(cache, "free", p, status, &place);
  size_t asked = bytes == 0 ? 1 : bytes;
  bool fits = place.kind == SLOT_MAPPED ? asked <= place.bytes && place.bytes - asked < cache->slab->page_bytes
                                        : weft__class_serves(place.class_, bytes);
  if (fits)
    return free_place(cache, p, &place);
  weft__cache_message(cache, "free of %p: it was not allocated with %zu bytes, but has %zu", p, bytes, place.bytes);
  return cache->status = WEFT_E_INVALID;
}

/* Resizing */

void *weft_realloc(weft_ctx *ctx, void *p, size_t bytes) {
  struct slab_cache *cache = cache_of(ctx);
  struct slab_place place;
  if (cache == NULL || p == NULL)
    return weft_alloc(ctx, bytes);
  weft_status status = weft__slab_find(cache->slab, p, &place);
  if (status != WEFT_OK) {
    complain(cache, "resizing", p, status, &place);
    return NULL;
  }
  bool stays = place.kind == SLOT_MAPPED
                   ? bytes > RUN_MAX_BYTES && weft__mapped_resize(cache->slab, slot_of(cache->slab, p), bytes, &status)
                   : weft__class_serves(place.class_, bytes);
  weft__slab_tell(cache->slab);
  if (stays)
    return p;
  void *moved = weft_alloc(ctx, bytes);
  if (moved == NULL)
    return NULL;
  memcpy(moved, p, bytes < place.bytes ? bytes : place.bytes);
  (void)!free_place(cache, p, &place); /* where another thread has freed p meanwhile, the message says so */
  return moved;
}

size_t weft_usable_size(weft_ctx *ctx, const void *p) {
  struct slab_cache *cache = cache_of(ctx);
  struct slab_place place;
  return cache != NULL && p != NULL && weft__slab_find(cache->slab, p, &place) == WEFT_OK ? place.bytes : 0;
}

/* Life */

void weft__cache_open(struct slab_cache *cache, weft_slab *slab) {
  memset((void *)cache, 0, sizeof *cache);
  cache->slab = slab;
  cache->base = slab->base;
  cache->range_bytes = slab->check == WEFT_CHECK_ATOMIC ? 0 : slab->range_bytes;
  cache->hot = slab->hot;
  unsigned node = weft__node(slab);
  cache->depots = slab->nodes[node].depots;
  cache->home = home_of(node, 0);
  cache->trims = GET(slab->trims);
  cache->cache_bytes = GET(slab->armed) ? 0 : slab->cache_bytes;
  weft__slab_ref(slab);
  os_lock_take(&slab->caches_lock);
  cache->next = slab->caches;
  if (cache->next != NULL)
    cache->next->prev = cache;
  slab->caches = cache;
  slab->n_caches++;
  os_lock_give(&slab->caches_lock);
}

/* Adds a cache's counters to the slab's and begins them anew, all of its bins being empty. Under the caches' lock. */
static void settle(struct slab_cache *cache) {
  weft_slab *slab = cache->slab;
  uint64_t requests = 0, misses = GET(cache->misses);
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    struct slab_bin *bin = &cache->bins[class_];
    requests += GET(bin->allocations) + GET(bin->frees);
    ADD_SHARED(cache->depots[class_].allocations, GET(bin->allocations));
    ADD_SHARED(cache->depots[class_].frees, GET(bin->frees));
    SET(bin->allocations, 0);
    SET(bin->frees, 0);
    SET(bin->floor, 0);
    bin->seen = 0;
  }
  /* A second free that the bitmap finds has missed and was no request. */
  slab->closed_hits += requests > misses ? requests - misses : 0;
  slab->closed_misses += misses;
  slab->closed_exchanges += GET(cache->exchanges);
  SET(cache->misses, 0);
  SET(cache->exchanges, 0);
}

void weft__cache_close(struct slab_cache *cache) {
  weft_slab *slab = cache->slab;
  retire_bins(cache);
  os_lock_take(&slab->caches_lock);
  if (cache->next != NULL)
    cache->next->prev = cache->prev;
  if (cache->prev != NULL)
    cache->prev->next = cache->next;
  else
    slab->caches = cache->next;
  slab->n_caches--;
  settle(cache);
  os_lock_give(&slab->caches_lock);
}

void weft_flush(weft_ctx *ctx) {
  struct slab_cache *cache = cache_of(ctx);
  if (cache == NULL)
    return;
  weft_slab *slab = cache->slab;
  cache->trims = GET(slab->trims);
  retire_bins(cache);
  unsigned node = weft__node(slab);
  if (home_of(node, 0) == cache->home)
    return;
  os_lock_take(&slab->caches_lock);
  settle(cache); /* what it did was done on the old node */
  cache->depots = slab->nodes[node].depots;
  cache->home = home_of(node, 0);
  os_lock_give(&slab->caches_lock);
}
