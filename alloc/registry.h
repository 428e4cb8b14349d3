/* SPDX-License-Identifier: MIT
 *
 * What a weft_slab is made of. For the files of alloc/ alone.
 *
 *   range      one reserved range of addresses, cut into slots of 2 MiB. A pointer's slot is (p - base) >> SLAB_SHIFT.
 *   slot       holds a slab of objects of one class, a slab of page runs, the registry's own small things, or (with its
 *              neighbours) one mapped allocation. Its memory is taken from the system bit by bit, from its start on.
 *   descriptor of a slot: a hot half, all that weft_free reads, and a cold half, all that the depot works on.
 *   state      a byte per object (per page, in a slab of runs), apart from the objects.
 *   magazine   a stack of free objects of one class, in a context's bin or in the depot.
 *   depot      of a node and a class: magazines, and the slabs with free objects. One lock; every object moves under it.
 *   node       of memory. A slab of objects or runs belongs to one, that of the thread whose request made it, and its
 *              objects are only ever cached by contexts of that node: those freed elsewhere go straight home, to their own
 *              depot.
 *
 * An object is in one place: given out (state live); in a magazine; or free in its slab (its bit is set, or its run's pages
 * are clear), or hidden: it touches a purged page, one whose memory alone has gone back to the system. The registry, slots
 * and what lies in META slots, has a lock of its own. Locks are taken in this order: caches, one depot, runs of its node,
 * registry. Around a fork all of them are held, of all slabs.
 */
#ifndef ALLOC_REGISTRY_H
#define ALLOC_REGISTRY_H

#include "alloc/bits.h"
#include "alloc/cache.h"
#include "alloc/latency.h"
#include "alloc/os.h"

enum {
  MAX_NODES = 64,
  RUN_LISTS = 10,
  SPARE_RUNS = 8,         /* wholly uncut slabs of runs that are kept back */
  MAPPED_KEPT = 16,       /* freed mapped allocations whose memory is kept, and */
  MAPPED_SHARE = 2,       /* how often cache_bytes they may have together */
  COMMIT_STEP = 64 << 10, /* memory is taken by at least this much, a multiple of any system's page */
  /* Of a META slot; the rest is left free, and all of it readable: a free that is wrong anyway may read a slot's
   * reciprocal, lose its core, and read states of the slab that came next, with an index of the one before. */
  META_BYTES = SLAB_BYTES - SLAB_BYTES / 16,
  MAGAZINE_SHELF = 1 << 20, /* a depot keeps full magazines up to so many bytes of objects, but 2 at least */
};
#define RUNS 255u /* in place of a class: its pages' classes stand in its map */
#define NO_SLOT UINT32_MAX
#ifdef ANNOTATE_VALGRIND /* which keeps books on reserved addresses too: of a terabyte, gigabytes of them */
#define RESERVE_DEFAULT (UINT64_C(4) << 30)
#else
#define RESERVE_DEFAULT (UINT64_C(1) << 40)
#endif
#define RESERVE_LEAST ((size_t)256 << 20)
#define CACHE_DEFAULT ((size_t)16 << 20)

enum slot_kind {
  SLOT_UNUSED = 0,
  SLOT_OBJECTS,
  SLOT_RUNS,
  SLOT_META,
  SLOT_MAPPED,       /* first of a mapped allocation */
  SLOT_MAPPED_REST,  /* the others of it */
  SLOT_MAPPED_FREED, /* was a first one, and unused since */
};

/* Read by every free, also of pointers that nobody gave out: hence atomic, and readable for every slot of the range. */
struct slab_hot {
  /* Of the class of a slab of objects; of runs: of a page; 0 for any other slot. */
  _Alignas(32) _Atomic uint64_t reciprocal;
  slab_state *_Atomic states; /* of objects, the class's spread apart, and one for the slab's end; [SLAB_PAGES] for runs */
  _Atomic uint8_t kind;
  _Atomic bool loose;    /* of objects or runs: something has been freed, or grown, since the last purge */
  _Atomic uint16_t home; /* of a slab of objects: home_of its node and class; of runs: home_of its node and RUNS */
};

struct slab_cold {
  _Alignas(64) size_t committed; /* bytes from the slot's start that are memory; of a mapped one, perhaps beyond the slot */
  uint64_t *bitmap;              /* objects: set where free; pages: set where cut */
  uint32_t next;                 /* slots in a list of the depot, or of runs */
  uint32_t prev;
  uint32_t free;          /* bits of free objects; pages not cut */
  uint32_t made;          /* objects: how many have ever been free; mapped: 1 where it was given out before */
  uint32_t scan;          /* objects: no bit is set below this one */
  uint32_t list;          /* runs: the list that it is in */
  uint32_t slots;         /* mapped: how many it has, perhaps more than it needs */
  uint32_t touched;       /* bytes from the slot's start up to the furthest object or run that has left it */
  uint32_t purged;        /* pages */
  uint32_t hidden;        /* free objects that touch one of those, of which no bit is set */
  _Atomic uint32_t first; /* mapped, rest: the first of them; read without a lock, as bytes is, also by wrong frees */
  _Atomic size_t bytes;   /* mapped: usable bytes */
};

/* Out-of-band part of a slab of runs. */
struct run_map {
  slab_state states[SLAB_PAGES];
  _Atomic uint8_t classes[SLAB_PAGES]; /* of the run that starts here, as a bin's number */
  uint64_t cut[SLAB_PAGES / 64];
  uint64_t purged[SLAB_PAGES / 64];
};

static inline struct run_map *map_of(const struct slab_hot *hot) {
  return (struct run_map *)(void *)atomic_load_explicit(&hot->states, memory_order_relaxed);
}

/* The end of a piece of metadata that is kept for the next slab of the same kind. Its start, the state bytes, stays as it
 * was: a magazine may hold the twin of an object that was freed twice at once, and look at its state. */
struct meta_piece {
  struct meta_piece *next;
  size_t used; /* bytes of its start that may be other than 0; up to here all others are */
};

/* What there is of slabs of one kind, a class's or a node's slabs of runs; written under the lock over them. */
struct slab_census {
  _Atomic uint64_t made;      /* slabs, ever */
  _Atomic uint64_t returned;  /* of these, to the system */
  _Atomic uint64_t bytes;     /* of their memory */
  _Atomic uint64_t untouched; /* of these, behind the furthest object or run that has left each slab */
};

struct slab_depot {
  _Alignas(64) struct os_lock lock;
  uint16_t home; /* its node and class */
  struct slab_magazine *full;
  struct slab_magazine *empty;
  struct meta_piece *pieces; /* states and bitmaps of slabs that were given back */
  uint32_t full_count;
  uint32_t partial;             /* first slab with free objects, other than spare */
  uint32_t hidden;              /* first slab whose free objects are all hidden */
  uint32_t growing;             /* the slab, at most one, that is not wholly memory yet */
  uint32_t spare;               /* a slab whose objects are all free, kept back */
  _Atomic uint64_t allocations; /* without a context, and of contexts that have closed */
  _Atomic uint64_t frees;       /* those too, and by contexts of other nodes */
  _Atomic uint64_t hits;        /* of contexts that have closed */
  struct slab_tally tally;      /* of those too, and the sizes of requests without one */
  struct slab_census census;    /* of objects, not of runs */
  _Atomic uint64_t
      objects; /* in all slabs, those that have ever been free, less the hidden ones; of runs, those cut, under runs_lock */
};

/* What one memory node has. */
struct slab_node {
  _Alignas(64) struct os_lock runs_lock; /* over the slabs of runs */
  struct slab_census runs_census;
  uint32_t runs[RUN_LISTS]; /* those whose longest uncut run is of 2^i pages and more */
  uint32_t spare_runs;      /* wholly uncut ones, kept back */
  uint32_t n_spare_runs;
  struct meta_piece *run_pieces;
  struct slab_latency latencies[WEFT_LATENCY_KINDS];
  struct slab_depot depots[BINS];
};

/* One of the registry's arrays over slots: memory as far as slots have been in use. */
struct registry_array {
  char *at;
  size_t memory; /* bytes */
  size_t bits_per_slot;
};

struct weft_slab {
  uintptr_t base;
  size_t range_bytes;
  struct slab_hot *hot;   /* [slots] */
  struct slab_cold *cold; /* [known] */
  uint64_t *used;         /* bits [known]: slots in use */
  size_t slots;
  size_t reservation_bytes; /* from base on: the range and the registry behind it */
  size_t page_bytes;        /* of the system */
  size_t cache_bytes;
  size_t limit_bytes;
  size_t soft_limit_bytes; /* SIZE_MAX: none */
  void (*on_soft_limit)(void *user, weft_slab *slab, uint64_t committed_bytes);
  void *soft_limit_user;
  enum weft_check check;
  enum weft_huge_pages huge_pages;
  _Atomic uint64_t committed;
  _Atomic uint64_t returned; /* bytes given back to the system, ever */
  _Atomic uint64_t trims;    /* how many there have been */
  _Atomic uint64_t peak_committed;
  _Atomic uint64_t references;
  _Atomic uint64_t double_frees;   /* found in the depot */
  _Atomic uint64_t events[EVENTS]; /* without a context, and of contexts that have closed */
  _Atomic bool armed;              /* weft__slab_fail_at was called */
  _Atomic uint64_t countdown;
  _Atomic uint64_t requests;

  struct os_lock registry_lock;    /* over the rest of this paragraph */
  struct registry_array arrays[3]; /* hot, cold, used */
  size_t known;                    /* slots, from the first on, whose descriptors are memory */
  size_t first_unused;             /* no slot before this one is unused */
  char *meta; /* free part of the current META slot: committed up to meta_memory, its end is meta_end */
  char *meta_memory;
  char *meta_end;
  uint64_t mapped_allocations;
  uint64_t mapped_frees;
  uint64_t mapped_bytes;
  uint64_t mapped_memory;     /* of live ones: one that had been kept may be larger than it needs */
  uint32_t kept[MAPPED_KEPT]; /* first slots of freed mapped allocations that have their memory still, the oldest first */
  uint32_t n_kept;
  size_t kept_bytes;

  weft_slab *next_slab; /* of the process, under fork.c's lock */
  weft_slab *prev_slab;

  struct os_lock caches_lock;
  struct slab_cache *caches;
  uint64_t n_caches;

  uint64_t start_ticks; /* both clocks at the slab's creation */
  uint64_t start_nanoseconds;
  _Atomic uint64_t tick_rate; /* of latency.c; 0: not known yet */

  uint32_t n_nodes;
  uint32_t (*node_of)(void *user); /* the calling thread's node; NULL: 0 */
  void *node_user;
  struct slab_node nodes[];
};

/* Shorthands for the relaxed atomics of counters and state bytes. */
#define GET(at) atomic_load_explicit(&(at), memory_order_relaxed)
#define SET(at, value) atomic_store_explicit(&(at), (value), memory_order_relaxed)
#define ADD(at, n) SET(at, GET(at) + (n)) /* for the only writer */
#define ADD_SHARED(at, n) atomic_fetch_add_explicit(&(at), (n), memory_order_relaxed)

/* The same for counters that serve nothing but figures: a build that is to show what they cost leaves them out. (Slabs and
 * objects in them are counted in it too: a slab that is released is held against them, and tests are.) */
#ifdef WEFT_SLAB_PLAIN
#define COUNT(at, n) ((void)&(at), (void)(n))
#define COUNT_SHARED(at, n) ((void)&(at), (void)(n))
#else
#define COUNT(at, n) ADD(at, n)
#define COUNT_SHARED(at, n) ADD_SHARED(at, n)
#endif

/* The event of a free that is refused with status. */
static inline enum slab_event free_event(weft_status status) {
  return status == WEFT_E_FOREIGN   ? EVENT_FREE_FOREIGN
         : status == WEFT_E_INVALID ? EVENT_FREE_INTERIOR
                                    : EVENT_FREE_REPEATED;
}
/* The event of a request that is refused with status. */
static inline enum slab_event refusal_event(weft_status status) {
  return status == WEFT_E_LIMIT ? EVENT_REFUSED_LIMIT : EVENT_REFUSED_MEMORY;
}
/* Notes how much of an object was asked for. */
static inline void sample_request(struct slab_tally *tally, size_t bytes) {
  COUNT(tally->sampled, 1);
  COUNT(tally->sampled_bytes, bytes);
}
/* Under the lock over the slabs of census: a slab's memory is left out of it, and added anew once it has changed. */
static inline void census_add(struct slab_census *census, const struct slab_cold *cold, const uint64_t *purged,
                              uint64_t sign) {
  size_t touched = cold->touched / PAGE_BYTES, end = cold->committed / PAGE_BYTES;
  size_t untouched = end - touched - (cold->purged > 0 ? bits_count(purged, touched, end) : 0);
  COUNT(census->bytes, sign * (cold->committed - (uint64_t)cold->purged * PAGE_BYTES));
  COUNT(census->untouched, sign * untouched * PAGE_BYTES);
}
static inline void census_leave(struct slab_census *census, const struct slab_cold *cold, const uint64_t *purged) {
  census_add(census, cold, purged, -(uint64_t)1);
}
static inline void census_join(struct slab_census *census, const struct slab_cold *cold, const uint64_t *purged) {
  census_add(census, cold, purged, 1);
}
/* An object or run that ends at end bytes of its slab leaves it. */
static inline void touch_slab(const weft_slab *slab, struct slab_cold *cold, struct slab_census *census,
                              const uint64_t *purged, size_t end) {
  if (end <= cold->touched)
    return;
  census_leave(census, cold, purged);
  cold->touched = (uint32_t)((end + slab->page_bytes - 1) & ~(slab->page_bytes - 1));
  census_join(census, cold, purged);
}

static inline size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}
static inline char *slot_start(const weft_slab *slab, size_t slot) {
  return (char *)slab->base + (slot << SLAB_SHIFT); /* NOLINT: the range is one object to us */
}
static inline uint32_t slot_of(const weft_slab *slab, const void *p) {
  return (uint32_t)(((uintptr_t)p - slab->base) >> SLAB_SHIFT);
}
static inline uint16_t home_of(unsigned node, unsigned class_) {
  return (uint16_t)(node << 8 | class_);
}
static inline unsigned node_at(uint16_t home) {
  return home >> 8;
}
static inline unsigned class_at(uint16_t home) {
  return home & 255;
}
static inline struct slab_depot *depot_at(weft_slab *slab, unsigned node, unsigned class_) {
  return &slab->nodes[node].depots[class_];
}
/* The calling thread's node. */
static inline unsigned weft__node(const weft_slab *slab) {
  uint32_t node = slab->node_of == NULL ? 0 : slab->node_of(slab->node_user);
  return node < slab->n_nodes ? node : 0;
}

/* memory.c */

/* Memory from the system under the slab's limit; bytes is a multiple of its page. false: *status says why. */
bool weft__memory_take(weft_slab *slab, void *at, size_t bytes, weft_status *status);
void weft__memory_give(weft_slab *slab, void *at, size_t bytes);
/* Asks for huge pages for memory of a slab or a mapped allocation, if the slab is to have them and one may fit. */
void weft__memory_advise(weft_slab *slab, void *at, size_t bytes);
/* All that the slot has, and what it has not: purged pages are not given back twice. */
void weft__memory_end(weft_slab *slab, uint32_t slot);
/* Gives back the pages from .. to of a slot, but for those that purged[SLAB_PAGES / 64] tells to be gone, and records it
 * there. Ends are multiples of the system's page. */
static inline size_t weft__purge_pages(const weft_slab *slab) { /* the least that can be purged */
  return slab->page_bytes > PAGE_BYTES ? slab->page_bytes / PAGE_BYTES : 1;
}
void weft__pages_purge(weft_slab *slab, uint32_t slot, uint64_t *purged, size_t from, size_t to);
/* Takes again, under the limit, those of the pages that are gone. false: none is taken, and *status says why. */
bool weft__pages_restore(weft_slab *slab, uint32_t slot, uint64_t *purged, size_t from, size_t to, weft_status *status);
/* Makes the slot's first end bytes memory, and, where the system and the limit have it, as much again. */
bool weft__memory_grow(weft_slab *slab, uint32_t slot, size_t end, weft_status *status);
/* Whether this request is the one that a test wants to fail. */
bool weft__fault(weft_slab *slab);

/* slots.c: slots, metadata, lists of slots */

/* Makes the descriptors of the slots before end memory. Under the registry's lock. */
bool weft__slots_know(weft_slab *slab, size_t end, weft_status *status);
/* n slots in a row, their descriptors zeroed. NO_SLOT: none, *status says why. */
uint32_t weft__slots_take(weft_slab *slab, size_t n, weft_status *status);
/* Gives slots back whose memory has been given back, leaving kind in the first one's descriptor. */
void weft__slots_give(weft_slab *slab, uint32_t first, size_t n, enum slot_kind kind);
/* Takes exactly the n slots from first on, descriptors zeroed; false: they are not all unused, or no memory. */
bool weft__slots_extend(weft_slab *slab, uint32_t first, size_t n);

/* bytes of zeroed metadata at a multiple of 64. NULL: none. It is never given back. */
void *weft__meta_take(weft_slab *slab, size_t bytes, weft_status *status);
/* The same from a list of kept pieces of that very size, if there are any. */
void *weft__piece_take(weft_slab *slab, struct meta_piece **list, size_t bytes, weft_status *status);
void weft__piece_give(struct meta_piece **list, void *piece, size_t bytes, size_t used);

/* Slots in a doubly linked list. */
void weft__list_push(weft_slab *slab, uint32_t *list, uint32_t slot);
void weft__list_remove(weft_slab *slab, uint32_t *list, uint32_t slot);

/* fork.c: the slabs of the process */

/* false: no memory for the handlers that the first slab of the process brings. */
bool weft__fork_enter(weft_slab *slab);
void weft__fork_leave(weft_slab *slab);

/* objects.c: slabs of one class, under the depot's lock. runs.c: the same for runs, under the runs' lock. */

/* Up to want free objects (of the class, or runs) into rounds, more than one only where that takes no more memory.
 * may_grow: whether it may take memory for the first. 0: none, and *status says why. */
uint32_t weft__objects_take(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                            bool may_grow, weft_status *status);
uint32_t weft__runs_take(weft_slab *slab, uint16_t home, size_t align, struct slab_round *rounds, uint32_t want,
                         bool may_grow, weft_status *status);
/* Frees n objects into their slabs. Returns how many: those already free there, and live ones, are left out. */
uint32_t weft__objects_give(weft_slab *slab, struct slab_depot *depot, const struct slab_round *rounds, uint32_t n);
uint32_t weft__runs_give(weft_slab *slab, uint16_t home, const struct slab_round *rounds, uint32_t n);
/* Gives spare slabs back to the system. */
void weft__objects_trim(weft_slab *slab, struct slab_depot *depot);
void weft__runs_trim(weft_slab *slab, struct slab_node *node);
/* Gives the free pages of a slab that is in use back to the system. It is the depot's; or of runs, of the node, if it is
 * that still once the lock is had. */
void weft__objects_purge(weft_slab *slab, struct slab_depot *depot, uint32_t slot);
void weft__runs_purge(weft_slab *slab, struct slab_node *node, uint32_t slot);

/* mapped.c: allocations of slots of their own */

void *weft__mapped_take(weft_slab *slab, size_t bytes, weft_status *status);
/* Whether a mapped allocation's memory may be other than zeros. For who has just got it. */
bool weft__mapped_is_used(const weft_slab *slab, const void *p);
/* Gives the memory that is kept back to the system. */
void weft__mapped_trim(weft_slab *slab);
/* WEFT_E_DOUBLE_FREE when another thread was faster. */
weft_status weft__mapped_give(weft_slab *slab, uint32_t slot);
bool weft__mapped_resize(weft_slab *slab, uint32_t slot, size_t bytes, weft_status *status);

/* depot.c: magazines */

/* Up to want objects into rounds, wherever the depot has them; as weft__objects_take. */
uint32_t weft__depot_take(weft_slab *slab, struct slab_depot *depot, struct slab_round *rounds, uint32_t want,
                          weft_status *status);
/* One run, at a multiple of align, past the shelf and the class's lock. */
uint32_t weft__depot_take_aligned(weft_slab *slab, struct slab_depot *depot, size_t align, struct slab_round *round,
                                  weft_status *status);
/* Frees n objects into their slabs. Returns how many: as weft__objects_give. */
uint32_t weft__depot_give(weft_slab *slab, struct slab_depot *depot, const struct slab_round *rounds, uint32_t n);
/* Corrects the figures for n objects, already counted as freed, that proved to be freed before. */
void weft__depot_twins(weft_slab *slab, struct slab_depot *depot, uint32_t n);
/* Marks an object live that came past the magazines. false: its twin, freed at one instant with it, was given out from a
 * magazine meanwhile; it is dropped. */
bool weft__depot_make_live(weft_slab *slab, struct slab_depot *depot, const struct slab_round *round);
/* An empty magazine; NULL: no memory for it. */
struct slab_magazine *weft__depot_magazine(weft_slab *slab, struct slab_depot *depot);
/* Takes back a magazine of any count, its objects going to their slabs. */
void weft__depot_retire(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *magazine);
/* For an empty magazine, one with 1 to capacity objects: a full one from the shelf, or the same one filled. */
struct slab_magazine *weft__depot_refill(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *empty,
                                         uint32_t capacity, weft_status *status);
/* For a full magazine, an empty one; the same one emptied, when the shelf is full. */
struct slab_magazine *weft__depot_drain(weft_slab *slab, struct slab_depot *depot, struct slab_magazine *full);
/* Gives the depots' magazines to their slabs, and spare slabs to the system. */
void weft__depots_empty(weft_slab *slab);

/* trim.c: memory back to the system */

/* Gives everything back to the system that nobody holds, and asks the contexts for what they hold. Tells how many bytes
 * went back meanwhile. */
uint64_t weft__depot_trim(weft_slab *slab);

/* figures.c */

/* Under caches_lock: adds what a context has counted to its depots and to the slab, and begins it anew. All of its bins are
 * empty. */
void weft__cache_settle(struct slab_cache *cache);

/* find.c: what a pointer is */

struct slab_place {
  enum slot_kind kind; /* OBJECTS, RUNS or MAPPED where status is OK, INVALID or DOUBLE_FREE */
  unsigned class_;
  unsigned node;
  slab_state *state; /* NULL: mapped */
  char *start;       /* of the object */
  size_t bytes;      /* usable */
};

/* WEFT_OK: p is the start of a live object. Else WEFT_E_FOREIGN, WEFT_E_INVALID (inside an object) or
 * WEFT_E_DOUBLE_FREE. Takes no lock. */
weft_status weft__slab_find(const weft_slab *slab, const void *p, struct slab_place *place);

/* The message of a wrong free of p, or of what verb says was to be done with it, by what weft__slab_find told; in
 * cache.c. */
void weft__free_message(struct slab_cache *cache, const char *verb, const void *p, weft_status status,
                        const struct slab_place *place);

#endif
