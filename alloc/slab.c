/* SPDX-License-Identifier: MIT
 *
 * A slab's life: its options, its reservation, its nodes, its references. Called by users, and by lib/ for contexts and
 * outputs.
 */
#include "alloc/registry.h"
#include <string.h>

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
  if (!weft__slots_know(slab, 1, &status)) { /* which sees whether the limit holds as much as the registry */
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
    return refuse_slab(
        WEFT_E_BUSY,
        "weft_slab_release: %llu objects of %llu bytes are live, open contexts among them %llu; %llu references held",
        (unsigned long long)stats.live_objects, (unsigned long long)stats.live_bytes, (unsigned long long)stats.contexts,
        (unsigned long long)GET(slab->references));
  weft__fork_leave(slab);
  end_slab(slab);
  return WEFT_OK;
}
