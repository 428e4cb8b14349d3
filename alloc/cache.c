/* SPDX-License-Identifier: MIT
 *
 * A context's magazines, and with them weft_alloc and weft_free and their kin. Works on one struct slab_cache, its thread's
 * own, and goes to bins.c when a magazine runs empty or full.
 */
#include "alloc/bins.h"
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

void weft__refusal_message(struct slab_cache *cache, const weft_slab *slab, const char *what, size_t bytes,
                           weft_status status) {
  unsigned long long taken = GET(slab->committed);
  if (status == WEFT_E_LIMIT)
    weft__cache_message(cache, "%s of %zu bytes: %s: the slab has taken %llu bytes of its limit of %zu", what, bytes,
                        weft_status_text(status), taken, slab->limit_bytes);
  else
    weft__cache_message(cache, "%s of %zu bytes: %s: no more memory or addresses to be had, the slab has taken %llu", what,
                        bytes, weft_status_text(status), taken);
}

static void *refuse(struct slab_cache *cache, size_t bytes, weft_status status) {
  COUNT(cache->events[refusal_event(status)], 1);
  cache->status = status;
  weft__refusal_message(cache, cache->slab, "allocation", bytes, status);
  return NULL;
}

void weft__free_message(struct slab_cache *cache, const char *verb, const void *p, weft_status status,
                        const struct slab_place *place) {
  if (status == WEFT_E_FOREIGN)
    weft__cache_message(cache, "%s of %p: in no memory that this slab has given out", verb, p);
  else if (status == WEFT_E_DOUBLE_FREE)
    weft__cache_message(cache, "%s of %p: an object of %zu bytes, freed before", verb, p, place->bytes);
  else
    weft__cache_message(cache, "%s of %p: inside an object of %zu bytes at %p, byte %zu of it", verb, p, place->bytes,
                        (void *)place->start, (size_t)((const char *)p - place->start));
}

static weft_status complain(struct slab_cache *cache, const char *verb, const void *p, weft_status status,
                            const struct slab_place *place) {
  cache->status = status;
  COUNT(cache->events[free_event(status)], 1);
  weft__free_message(cache, verb, p, status, place);
  return status;
}

static void *take_mapped(struct slab_cache *cache, size_t bytes, weft_status *status) {
  void *mapped = weft__mapped_take(cache->slab, bytes == 0 ? 1 : bytes, status);
  if (mapped != NULL)
    COUNT(cache->events[EVENT_MAPPED_ALLOCATION], 1);
  return mapped;
}

/* A sampled allocation that its magazine serves; the next free of its class will be timed, too. */
static void *take_sampled(struct slab_cache *cache, unsigned class_, size_t bytes) {
  struct slab_bin *bin = &cache->bins[class_];
  uint64_t begin = latency_begin();
  void *object;
  if (!bin_take_top(bin, true, &object))
    return NULL;
  latency_end(cache->slab, node_at(cache->home), WEFT_LATENCY_ALLOC_FAST, begin);
  sample_request(&cache->tallies[class_], bytes - ANNOTATE_RED_ZONE);
  weft__bin_lapse(cache, class_);
  cache->timed = class_;
  return object;
}

/* class_ BINS: mapped. One request counts as one miss, and as none where it is refused. */
static void *take(struct slab_cache *cache, unsigned class_, size_t bytes, size_t align, weft_status *status) {
  if (class_ == BINS)
    return take_mapped(cache, bytes, status);
  void *object = align > PAGE_BYTES ? NULL : take_sampled(cache, class_, bytes);
  if (object != NULL)
    return object;
  struct slab_tally *tally = &cache->tallies[class_];
  uint64_t misses = GET(tally->misses), begin = latency_begin_trip(cache);
  object =
      align > PAGE_BYTES ? weft__bin_take_aligned(cache, class_, align, status) : weft__bin_take(cache, class_, status);
  latency_end(cache->slab, node_at(cache->home), WEFT_LATENCY_ALLOC_SLOW, begin);
  if (object != NULL)
    sample_request(tally, bytes - ANNOTATE_RED_ZONE);
  else
    SET(tally->misses, misses);
  return object;
}

static void *take_or_trim(struct slab_cache *cache, size_t bytes, size_t align) {
  weft_status status = WEFT_E_NOMEM;
  if (weft__fault(cache->slab))
    return refuse(cache, bytes, status);
  size_t room = annotate_room(bytes);
  unsigned class_ = room > RUN_MAX_BYTES || align > RUN_MAX_BYTES ? BINS : weft__class_aligned(room, align);
  void *object = take(cache, class_, room, align, &status);
  if (object != NULL)
    return annotate_given(object, bytes);
  weft__bins_flush(cache);
  uint64_t returned = weft__depot_trim(cache->slab);
  cache->trims = GET(cache->slab->trims);
  if (returned > 0 && (object = take(cache, class_, room, align, &status)) != NULL)
    return annotate_given(object, bytes);
  return refuse(cache, bytes, status);
}

static __attribute__((noinline)) void *alloc_slow(struct slab_cache *cache, size_t bytes, size_t align) {
  if (cache == NULL)
    return NULL;
  void *object = take_or_trim(cache, bytes, align);
  weft__slab_tell(cache->slab);
  return object;
}

/* Allocates what is no object, or where the magazine has none. */
static __attribute__((noinline)) void *alloc_other(struct slab_cache *cache, size_t bytes) {
  size_t room = annotate_room(bytes);
  if (cache != NULL && room > CLASS_MAX_BYTES && room <= RUN_MAX_BYTES) {
    void *run;
    if (bin_pop(&cache->bins[run_class_of(room)], &run))
      return annotate_given(run, bytes);
  }
  return alloc_slow(cache, bytes, 1);
}

void *weft_alloc(weft_ctx *ctx, size_t bytes) {
  struct slab_cache *cache = cache_of(ctx);
  size_t room = annotate_room(bytes);
  if (LIKELY(cache != NULL && room <= CLASS_MAX_BYTES)) {
    void *object;
    if (LIKELY(bin_pop(&cache->bins[class_of(room)], &object)))
      return annotate_given(object, bytes);
  }
  return alloc_other(cache, bytes);
}

void *weft_zalloc(weft_ctx *ctx, size_t bytes) {
  void *object = weft_alloc(ctx, bytes);
  /* Mapped memory comes as zeros from the system. */
  if (object == NULL)
    return NULL;
  if (annotate_room(bytes) > RUN_MAX_BYTES && !weft__mapped_is_used(cache_of(ctx)->slab, object))
    return annotate_zeros(object, bytes);
  return memset(object, 0, bytes);
}

void *weft_aligned_alloc(weft_ctx *ctx, size_t bytes, size_t align) {
  struct slab_cache *cache = cache_of(ctx);
  if (align != 0 && (align & (align - 1)) == 0 && align <= MAX_ALIGN) {
    void *object;
    size_t room = annotate_room(bytes);
    bool fits = cache != NULL && room <= RUN_MAX_BYTES && align <= PAGE_BYTES;
    if (fits && bin_pop(&cache->bins[weft__class_aligned(room, align)], &object))
      return annotate_given(object, bytes);
    return alloc_slow(cache, bytes, align);
  }
  weft__cache_message(cache, "allocation of %zu bytes: alignment %zu is no power of two up to %d", bytes, align, MAX_ALIGN);
  if (cache != NULL)
    cache->status = WEFT_E_INVALID;
  return NULL;
}

/* Freeing */

/* Frees an object that is marked so past the magazines: into another node's depot, or where no magazine is to be had.
 * false: it was freed before. */
static bool free_home(struct slab_cache *cache, void *p, const struct slab_place *place, bool local) {
  struct slab_round round = {p, place->state};
  struct slab_depot *depot = depot_at(cache->slab, place->node, place->class_);
  annotate_taken_back(p, place->bytes);
  if (weft__depot_give(cache->slab, depot, &round, 1) == 0)
    return false;
  if (local) {
    weft__bin_count_free(&cache->bins[place->class_]);
  } else {
    ADD_SHARED(depot->frees, 1);
    COUNT(cache->events[EVENT_FREE_REMOTE], 1);
  }
  return true;
}

/* Marks an object as freed; false: another thread was faster. */
static bool mark_freed(slab_state *state) {
  uint8_t live = STATE_LIVE;
  return atomic_compare_exchange_strong(state, &live, STATE_FREED);
}

/* A run's free is always a single step, as it costs little beside a run's use: pages that went back with one of two frees
 * at one instant could be cut anew while a magazine gave out the run that the other free left there. */
static bool free_object(struct slab_cache *cache, void *p, const struct slab_place *place) {
  struct slab_bin *bin = &cache->bins[place->class_];
  bool local = home_of(place->node, 0) == cache->home, atomic = cache->range_bytes == 0 || place->class_ >= CLASSES;
  if (atomic && !mark_freed(place->state))
    return false;
  if (local && bin_push(bin, p, place->state)) {
    annotate_taken_back(p, place->bytes);
    return true;
  }
  uint64_t begin = latency_begin_trip(cache), fast = 0;
  bool freed = local && weft__bin_make_room(cache, place->class_);
  if (freed) {
    if (cache->timed == place->class_) { /* it is here to have its fast step timed */
      cache->timed = BINS;
      begin = 0;
      fast = latency_begin();
    }
    (void)bin_push(bin, p, place->state);
    latency_end(cache->slab, place->node, WEFT_LATENCY_FREE_FAST, fast);
    annotate_taken_back(p, place->bytes);
  } else {
    freed = (atomic || mark_freed(place->state)) && free_home(cache, p, place, local);
  }
  latency_end(cache->slab, node_at(cache->home), WEFT_LATENCY_FREE_SLOW, begin);
  return freed;
}

/* Frees what weft__slab_find found live. */
static weft_status free_place(struct slab_cache *cache, void *p, const struct slab_place *place) {
  bool mapped = place->kind == SLOT_MAPPED;
  bool freed = mapped ? weft__mapped_give(cache->slab, slot_of(cache->slab, p)) == WEFT_OK : free_object(cache, p, place);
  COUNT(cache->events[EVENT_MAPPED_FREE], freed && mapped);
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

/* Frees what is no object of this node, or where the magazine has no room. hot: p's slot, in which a live object begins
 * there by state. */
static __attribute__((noinline)) weft_status free_other(struct slab_cache *cache, void *p, const struct slab_hot *hot,
                                                        slab_state *state) {
  if ((GET(hot->home) ^ cache->home) == RUNS && GET(*state) == STATE_LIVE) {
    struct run_map *map = map_of(hot);
    size_t page = (size_t)(state - map->states); /* none of it where a wrong free found another slab in between */
    unsigned class_ = page < SLAB_PAGES ? GET(map->classes[page]) : BINS;
    struct slab_bin *bin = &cache->bins[class_ < BINS ? class_ : 0];
    if (class_ < BINS && bin_has_room(bin) && mark_freed(state)) {
      (void)bin_push(bin, p, state);
      annotate_taken_back(p, class_usable(class_));
      return WEFT_OK;
    }
  }
  return free_slow(cache, p);
}

weft_status weft_free(weft_ctx *ctx, void *p) {
  struct slab_cache *cache = cache_of(ctx);
  uintptr_t offset;
  if (LIKELY(cache != NULL && (offset = (uintptr_t)p - cache->base) < cache->range_bytes)) {
    const struct slab_hot *hot = &cache->hot[offset >> SLAB_SHIFT];
    bool at_start;
    uint64_t reciprocal = atomic_load_explicit(&hot->reciprocal, memory_order_acquire);
    uint32_t index = class_index(reciprocal, (uint32_t)offset & (SLAB_BYTES - 1), &at_start);
    if (LIKELY(at_start)) {
      slab_state *state = GET(hot->states) + class_state(reciprocal, index);
      unsigned class_ = GET(hot->home) ^ cache->home; /* BINS or more: RUNS, or of another node */
      if (LIKELY(class_ < BINS && GET(*state) == STATE_LIVE && bin_push(&cache->bins[class_], p, state))) {
        annotate_taken_back(p, class_usable(class_));
        return WEFT_OK;
      }
      return free_other(cache, p, hot, state);
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
                                        : weft__class_serves(place.class_, annotate_room(bytes));
  if (fits)
    return free_place(cache, p, &place);
  COUNT(cache->events[EVENT_FREE_MISSIZED], 1);
  weft__cache_message(cache, "free of %p: it was not allocated with %zu bytes, but has %zu", p, bytes, place.bytes);
  return cache->status = WEFT_E_INVALID;
}

/* Resizing */

/* Memory behind a smaller allocation may be another's once it is given back, so it is closed before. */
static bool resize_mapped(struct slab_cache *cache, void *p, const struct slab_place *place, size_t bytes,
                          weft_status *status) {
  size_t room = annotate_room(bytes);
  if (room <= RUN_MAX_BYTES)
    return false;
  bool shrinks = bytes < place->bytes;
  if (shrinks)
    annotate_resized(p, bytes, place->bytes);
  bool done = weft__mapped_resize(cache->slab, slot_of(cache->slab, p), room, status);
  if (done && !shrinks)
    annotate_resized(p, bytes, bytes);
  return done;
}

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
  bool mapped = place.kind == SLOT_MAPPED;
  bool stays =
      mapped ? resize_mapped(cache, p, &place, bytes, &status) : weft__class_serves(place.class_, annotate_room(bytes));
  if (stays && !mapped)
    annotate_resized(p, bytes, place.bytes);
  weft__slab_tell(cache->slab);
  if (stays)
    return p;
  if (status == WEFT_E_DOUBLE_FREE) { /* another thread has freed it meanwhile */
    complain(cache, "resizing", p, status, &place);
    return NULL;
  }
  void *moved = weft_alloc(ctx, bytes);
  if (moved == NULL)
    return NULL;
  size_t has = annotate_open(p, place.bytes);
  memcpy(moved, p, bytes < has ? bytes : has);
  (void)!free_place(cache, p, &place); /* where another thread has freed p meanwhile, the message says so */
  return moved;
}

size_t weft_usable_size(weft_ctx *ctx, const void *p) {
  struct slab_cache *cache = cache_of(ctx);
  struct slab_place place;
  if (cache == NULL || p == NULL || weft__slab_find(cache->slab, p, &place) != WEFT_OK)
    return 0;
  annotate_resized(place.start, place.bytes, place.bytes); /* who asks may use them all */
  return place.bytes;
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
  for (unsigned class_ = 0; class_ < BINS; class_++)
    weft__bin_open(&cache->bins[class_]);
  cache->timed = BINS;
  weft__slab_ref(slab);
  os_lock_take(&slab->caches_lock);
  cache->next = slab->caches;
  if (cache->next != NULL)
    cache->next->prev = cache;
  slab->caches = cache;
  slab->n_caches++;
  os_lock_give(&slab->caches_lock);
}

void weft__cache_close(struct slab_cache *cache) {
  weft_slab *slab = cache->slab;
  weft__bins_flush(cache);
  os_lock_take(&slab->caches_lock);
  if (cache->next != NULL)
    cache->next->prev = cache->prev;
  if (cache->prev != NULL)
    cache->prev->next = cache->next;
  else
    slab->caches = cache->next;
  slab->n_caches--;
  weft__cache_settle(cache);
  os_lock_give(&slab->caches_lock);
}

void weft_flush(weft_ctx *ctx) {
  struct slab_cache *cache = cache_of(ctx);
  if (cache == NULL)
    return;
  weft_slab *slab = cache->slab;
  cache->trims = GET(slab->trims);
  weft__bins_flush(cache);
  unsigned node = weft__node(slab);
  if (home_of(node, 0) == cache->home)
    return;
  os_lock_take(&slab->caches_lock);
  weft__cache_settle(cache); /* what it did was done on the old node */
  cache->depots = slab->nodes[node].depots;
  cache->home = home_of(node, 0);
  os_lock_give(&slab->caches_lock);
}
