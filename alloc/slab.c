/* SPDX-License-Identifier: MIT
 *
 * A slab's life, its range and its registry: reservation, memory under the limit, slots, metadata. Called by the rest of
 * alloc/ and, for creating and releasing, by users. Knows no classes, no magazines.
 */
#include "alloc/bits.h"
#include "alloc/registry.h"
#include <string.h>

static size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/* Memory */

bool weft__fault(weft_slab *slab) {
  if (!GET(slab->armed))
    return false;
  ADD_SHARED(slab->requests, 1);
  uint64_t left = GET(slab->countdown);
  while (left > 0 && !atomic_compare_exchange_weak(&slab->countdown, &left, left - 1))
    continue;
  return left == 1;
}

void weft__slab_fail_at(weft_slab *slab, uint64_t countdown) {
  SET(slab->countdown, countdown);
  SET(slab->armed, true);
}

uint64_t weft__slab_requests(const weft_slab *slab) {
  return GET(slab->requests);
}

/* The slab whose soft limit this thread has passed in the present call, and whether it is being told so. */
static _Thread_local weft_slab *soft_limit_passed;
static _Thread_local bool soft_limit_telling;

void weft__slab_tell(weft_slab *slab) {
  if (soft_limit_passed != slab || soft_limit_telling)
    return;
  soft_limit_passed = NULL;
  soft_limit_telling = true;
  slab->on_soft_limit(slab->soft_limit_user, slab, GET(slab->committed));
  soft_limit_telling = false;
}

/* Called once the system has given what was counted, with what had been taken before. */
static void note_taken(weft_slab *slab, uint64_t before, size_t bytes) {
  if (before <= slab->soft_limit_bytes && before + bytes > slab->soft_limit_bytes && !soft_limit_telling)
    soft_limit_passed = slab;
  uint64_t committed = GET(slab->committed), peak = GET(slab->peak_committed);
  while (peak < committed && !atomic_compare_exchange_weak(&slab->peak_committed, &peak, committed))
    continue;
}

/* Counts bytes as taken, where the limit has room for them. *before: what had been taken. */
static bool charge(weft_slab *slab, size_t bytes, uint64_t *before, weft_status *status) {
  uint64_t taken = GET(slab->committed);
  do { /* counted only where it fits: a request that is refused must not fill the limit for others meanwhile */
    if (slab->limit_bytes > 0 && (taken > slab->limit_bytes || bytes > slab->limit_bytes - taken)) {
      *status = WEFT_E_LIMIT;
      return false;
    }
  } while (!atomic_compare_exchange_weak(&slab->committed, &taken, taken + bytes));
  *before = taken;
  return true;
}

static void discharge(weft_slab *slab, size_t bytes) {
  ADD_SHARED(slab->committed, -(uint64_t)bytes);
  ADD_SHARED(slab->returned, bytes);
}

bool weft__memory_take(weft_slab *slab, void *at, size_t bytes, weft_status *status) {
  uint64_t before;
  if (!charge(slab, bytes, &before, status))
    return false;
  if (!weft__fault(slab) && weft__os_commit(at, bytes)) {
    note_taken(slab, before, bytes);
    if (slab->huge_pages == WEFT_HUGE_PAGES_NEVER)
      weft__os_huge_pages(at, bytes, false);
    return true;
  }
  *status = WEFT_E_NOMEM;
  ADD_SHARED(slab->committed, -(uint64_t)bytes);
  return false;
}

void weft__memory_give(weft_slab *slab, void *at, size_t bytes) {
  annotate_gone(at, bytes);
  weft__os_decommit(at, bytes);
  discharge(slab, bytes);
}

void weft__memory_advise(weft_slab *slab, void *at, size_t bytes) {
  if (slab->huge_pages == WEFT_HUGE_PAGES_ALWAYS && bytes >= SLAB_BYTES)
    weft__os_huge_pages(at, bytes, true);
}

void weft__memory_end(weft_slab *slab, uint32_t slot) {
  const struct slab_cold *cold = &slab->cold[slot];
  annotate_gone(slot_start(slab, slot), cold->committed);
  if (cold->committed > 0)
    weft__os_decommit(slot_start(slab, slot), cold->committed);
  discharge(slab, cold->committed - (size_t)cold->purged * PAGE_BYTES);
}

void weft__pages_purge(weft_slab *slab, uint32_t slot, uint64_t *purged, size_t from, size_t to) {
  for (size_t end; from < to; from = end) {
    from = bits_next_clear(purged, from, to);
    end = bits_next_set(purged, from, to);
    size_t bytes = (end - from) * PAGE_BYTES;
    if (bytes == 0 || !weft__os_purge(slot_start(slab, slot) + from * PAGE_BYTES, bytes))
      continue;
    bits_fill(purged, from, end - from);
    slab->cold[slot].purged += (uint32_t)(end - from);
    discharge(slab, bytes);
  }
}

bool weft__pages_restore(weft_slab *slab, uint32_t slot, uint64_t *purged, size_t from, size_t to, weft_status *status) {
  size_t n = bits_count(purged, from, to);
  uint64_t before;
  if (!charge(slab, n * PAGE_BYTES, &before, status))
    return false;
  note_taken(slab, before, n * PAGE_BYTES);
  bits_clear(purged, from, to - from);
  slab->cold[slot].purged -= (uint32_t)n;
  return true;
}

bool weft__memory_grow(weft_slab *slab, uint32_t slot, size_t end, weft_status *status) {
  struct slab_cold *cold = &slab->cold[slot];
  char *at = slot_start(slab, slot) + cold->committed;
  size_t least = round_up(end, COMMIT_STEP);
  size_t more = least > 2 * cold->committed ? least : 2 * cold->committed;
  if (more > SLAB_BYTES || slab->huge_pages == WEFT_HUGE_PAGES_ALWAYS)
    more = SLAB_BYTES;
  if (weft__memory_take(slab, at, more - cold->committed, status)) {
    annotate_fresh(at, more - cold->committed);
    cold->committed = more;
    weft__memory_advise(slab, slot_start(slab, slot), more);
    return true;
  }
  if (more == least || !weft__memory_take(slab, at, least - cold->committed, status))
    return false;
  annotate_fresh(at, least - cold->committed);
  cold->committed = least;
  return true;
}

/* Slots, under the registry's lock */

/* Makes the descriptors of the slots before end memory. */
static bool know_slots(weft_slab *slab, size_t end, weft_status *status) {
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
  if (!know_slots(slab, first + n, status))
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

/* Life */

void weft_slab_options_init(struct weft_slab_options *options, size_t size) {
  if (options == NULL)
    return;
  memset(options, 0, size);
  options->size = size;
}

/* Whether this version knows all that options set: they hold at least the first version's fields, and a newer version's,
 * longer, are zero where this one's end. */
static bool options_known(const struct weft_slab_options *options) {
  if (options->size < sizeof *options)
    return false;
  for (size_t i = sizeof *options; i < options->size; i++)
    if (((const char *)options)[i] != 0)
      return false;
  return true;
}

/* Reserves the range and the registry behind it: weft_slab itself, then its arrays. On success only *layout is set, a
 * weft_slab to be copied to the head of the registry, which is returned; its first pages are memory. */
static weft_slab *reserve(size_t range_bytes, size_t nodes, size_t page, weft_slab *layout) {
  if (range_bytes > PTRDIFF_MAX) /* so that no sum below overflows: the registry is a small part of the range */
    return NULL;
  size_t slots = range_bytes >> SLAB_SHIFT;
  size_t head = round_up(sizeof(weft_slab) + nodes * sizeof(struct slab_node), page);
  size_t hot = round_up(slots * sizeof(struct slab_hot), page);
  size_t cold = round_up(slots * sizeof(struct slab_cold), page);
  size_t used = round_up((slots + 7) / 8, page);
  size_t total = range_bytes + head + hot + cold + used;
  char *base = weft__os_reserve(total, SLAB_BYTES);
  if (base == NULL)
    return NULL;
  char *registry = base + range_bytes;
  *layout = (weft_slab){.base = (uintptr_t)base,
                        .range_bytes = range_bytes,
                        .slots = slots,
                        .hot = (struct slab_hot *)(void *)(registry + head),
                        .cold = (struct slab_cold *)(void *)(registry + head + hot),
                        .used = (uint64_t *)(void *)(registry + head + hot + cold),
                        .reservation_bytes = total,
                        .page_bytes = page,
                        .n_nodes = (uint32_t)nodes,
                        .arrays = {{registry + head, 0, 8 * sizeof(struct slab_hot)},
                                   {registry + head + hot, 0, 8 * sizeof(struct slab_cold)},
                                   {registry + head + hot + cold, 0, 1}}};
  if (weft__os_show(layout->hot, hot) && weft__os_commit(registry, head))
    return (weft_slab *)(void *)registry;
  weft__os_release(base, total);
  return NULL;
}

static void start_node(struct slab_node *node, unsigned number) {
  os_lock_init(&node->runs_lock);
  for (unsigned i = 0; i < RUN_LISTS; i++)
    node->runs[i] = NO_SLOT;
  node->spare_runs = NO_SLOT;
  for (unsigned class_ = 0; class_ < BINS; class_++) {
    struct slab_depot *depot = &node->depots[class_];
    os_lock_init(&depot->lock);
    depot->home = home_of(number, class_);
    depot->partial = depot->hidden = depot->growing = depot->spare = NO_SLOT;
  }
}

/* Ends a slab that is in no list. */
static void end_slab(weft_slab *slab) {
  os_lock_end(&slab->registry_lock);
  os_lock_end(&slab->caches_lock);
  for (unsigned n = 0; n < slab->n_nodes; n++) {
    os_lock_end(&slab->nodes[n].runs_lock);
    for (unsigned class_ = 0; class_ < BINS; class_++)
      os_lock_end(&depot_at(slab, n, class_)->lock);
  }
  for (size_t slot = 0; slot < slab->known && ANNOTATE_RED_ZONE > 0; slot++)
    annotate_gone(slot_start(slab, slot), slab->cold[slot].committed);
  weft__os_release((void *)slab->base, slab->reservation_bytes);
}

/* A failure without a context: its words are the thread's. */
__attribute__((format(printf, 2, 3))) static weft_status refuse_slab(weft_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  weft__cache_message_v(NULL, format, arguments);
  va_end(arguments);
  return status;
}

static weft_status check_options(const struct weft_slab_options *options) {
  if (!options_known(options))
    return refuse_slab(
        WEFT_E_INVALID,
        "weft_slab_create: options.size is %zu, of which %zu bytes are known: weft_slab_options_init sets it",
        options->size, sizeof *options);
  if (options->reserve_bytes != 0 && options->reserve_bytes < RESERVE_LEAST)
    return refuse_slab(WEFT_E_INVALID, "weft_slab_create: options.reserve_bytes is %zu, under the least, %zu",
                       options->reserve_bytes, RESERVE_LEAST);
  if (options->check > WEFT_CHECK_ATOMIC)
    return refuse_slab(WEFT_E_INVALID, "weft_slab_create: options.check is %u, above %d", options->check,
                       WEFT_CHECK_ATOMIC);
  if (options->huge_pages > WEFT_HUGE_PAGES_NEVER)
    return refuse_slab(WEFT_E_INVALID, "weft_slab_create: options.huge_pages is %u, above %d", options->huge_pages,
                       WEFT_HUGE_PAGES_NEVER);
  if (options->nodes > MAX_NODES)
    return refuse_slab(WEFT_E_INVALID, "weft_slab_create: options.nodes is %u, above %d", options->nodes, MAX_NODES);
  return WEFT_OK;
}

weft_status weft_slab_create(const struct weft_slab_options *options, weft_slab **out) {
  struct weft_slab_options set;
  weft_slab_options_init(&set, sizeof set);
  if (out == NULL)
    return refuse_slab(WEFT_E_INVALID, "weft_slab_create: out is NULL");
  *out = NULL;
  if (options != NULL) {
    weft_status known = check_options(options);
    if (known != WEFT_OK)
      return known;
    memcpy(&set, options, sizeof set);
  }
  /* Not more than a quarter of what the process may have: the caller has other uses for addresses, other slabs too. */
  size_t range = set.reserve_bytes != 0 ? set.reserve_bytes : RESERVE_DEFAULT;
  while (range > RESERVE_LEAST && set.reserve_bytes == 0 && range > weft__os_address_limit() / 4)
    range /= 2;
  weft_slab layout, *slab = NULL;
  for (; slab == NULL && range >= RESERVE_LEAST; range /= 2)
    slab = reserve(range & ~(size_t)(SLAB_BYTES - 1), set.nodes == 0 ? 1 : set.nodes, weft__os_page_bytes(), &layout);
  if (slab == NULL)
    return refuse_slab(WEFT_E_NOMEM, "weft_slab_create: the system grants not even %zu bytes of addresses", RESERVE_LEAST);

  memcpy(slab, &layout, sizeof layout);
  slab->limit_bytes = set.limit_bytes;
  slab->soft_limit_bytes = SIZE_MAX; /* the registry passes none */
  slab->on_soft_limit = set.on_soft_limit;
  slab->soft_limit_user = set.soft_limit_user;
  slab->cache_bytes = set.cache_bytes != 0 ? set.cache_bytes : CACHE_DEFAULT;
  slab->check = (enum weft_check)set.check;
  slab->huge_pages = (enum weft_huge_pages)set.huge_pages;
  slab->node_of = set.node_of;
  slab->node_user = set.node_user;
  slab->references = 1;
  slab->start_ticks = os_ticks();
  slab->start_nanoseconds = weft__os_nanoseconds();
  slab->committed = (size_t)((char *)slab->hot - (char *)slab);
  os_lock_init(&slab->registry_lock);
  os_lock_init(&slab->caches_lock);
  for (unsigned n = 0; n < slab->n_nodes; n++)
    start_node(&slab->nodes[n], n);
  weft_status status;
  if (!know_slots(slab, 1, &status)) { /* which sees whether the limit holds as much as the registry */
    refuse_slab(status, "weft_slab_create: the registry begins with %zu bytes, and the limit is %zu (0: none)",
                slab->committed, slab->limit_bytes);
    end_slab(slab);
    return status;
  }
  if (!weft__fork_enter(slab)) {
    end_slab(slab);
    return refuse_slab(WEFT_E_NOMEM, "weft_slab_create: no memory for the handlers around fork");
  }
  if (set.soft_limit_bytes > 0 && set.on_soft_limit != NULL)
    slab->soft_limit_bytes = set.soft_limit_bytes;
  *out = slab;
  return WEFT_OK;
}

void weft__slab_ref(weft_slab *slab) {
  ADD_SHARED(slab->references, 1);
}

void weft__slab_unref(weft_slab *slab) {
  if (atomic_fetch_sub(&slab->references, 1) > 1)
    return;
  weft__fork_leave(slab);
  end_slab(slab);
}

weft_status weft_slab_release(weft_slab *slab) {
  if (slab == NULL)
    return WEFT_OK;
  struct weft_slab_figures stats;
  uint64_t one = 1;
  weft_status status = weft_slab_stats(slab, &stats, sizeof stats);
  if (status != WEFT_OK)
    return status;
  if (stats.live_objects > 0 || !atomic_compare_exchange_strong(&slab->references, &one, 0))
    return WEFT_E_BUSY;
  weft__fork_leave(slab);
  end_slab(slab);
  return WEFT_OK;
}
