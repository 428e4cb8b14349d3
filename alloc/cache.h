/* SPDX-License-Identifier: MIT
 *
 * A context's end of the slab: its magazines, its counters, its message. lib/ctx.c embeds struct slab_cache as the first
 * member of weft_ctx, which is all that alloc/ knows of a context. The fields are for alloc/ alone, message aside.
 */
#ifndef ALLOC_CACHE_H
#define ALLOC_CACHE_H

#include "alloc/classes.h"
#include "weft/slab.h"
#include <stdarg.h>
#include <stdatomic.h>

/* Passes a failure on; for the floors above, which all see this file. */
#define WEFT_TRY(call)         \
  do {                         \
    weft_status try_ = (call); \
    if (try_ != WEFT_OK)       \
      return try_;             \
  } while (0)

/* A state byte, one per object or page, kept apart from the objects. Only a live object's is odd. */
typedef _Atomic uint8_t slab_state;
enum {
  STATE_UNUSED = 0, /* never given out */
  STATE_LIVE = 1,
  STATE_FREED = 2,  /* and not given out since */
  STATE_INSIDE = 4, /* a page of a run, not its first */
};

/* One free object. Atomic so that the two halves are read and written as 8 bytes each (one access of 16 would miss the
 * store buffer's forwarding); a magazine has one owner at a time. */
struct slab_round {
  void *_Atomic object;
  slab_state *_Atomic state;
};

struct slab_magazine {
  struct slab_magazine *next; /* in a list of the depot */
  uint32_t count;             /* rounds in it, on its way to the depot, on the shelf there, and back */
  struct slab_round end; /* below the first: no object, and a state that is live, so that who takes the top stops here */
  struct slab_round rounds[];
};

/* What a bin without a magazine has for one. */
struct slab_no_rounds {
  struct slab_round end;
  struct slab_round rounds[1]; /* never used */
};
extern __attribute__((visibility("hidden"))) struct slab_no_rounds weft__no_rounds;
extern __attribute__((visibility("hidden"))) slab_state weft__always_live;

/* A context's free objects of one class: a cache line. They lie in the loaded magazine, from low up to top, the next one to
 * be given out being below top; up to high there may be more. What other threads read for statistics is atomic, with the
 * context's thread as the only writer; whatever a trip to the depot changes, it changes between two steps of version. */
struct slab_bin {
  _Alignas(64) struct slab_round *_Atomic top;
  struct slab_round *_Atomic low; /* all three weft__no_rounds.rounds: no magazine is loaded */
  struct slab_round *high;
  struct slab_magazine *previous; /* or NULL */
  _Atomic uint64_t allocations;
  _Atomic uint64_t supply;         /* objects that came from the depot, less those that went there (modulo 2^64) */
  _Atomic uint32_t version;        /* odd while the fields above change together */
  uint32_t seen;                   /* allocations at the last weighing of the bins */
  uint32_t heat;                   /* those before it, each weighing counting half of the one after */
  _Atomic uint16_t previous_count; /* rounds in previous */
  uint16_t batch;                  /* rounds that the next trip to the depot asks for */
};

/* What a context counts of a class beside the bin's own counters, which are its magazines' at the same time. A depot has
 * one too, of the contexts that have closed. */
struct slab_tally {
  _Atomic uint64_t misses;        /* allocations and frees that the magazines could not serve */
  _Atomic uint64_t exchanges;     /* magazines moved to or from the depot */
  _Atomic uint64_t sampled;       /* allocations whose size was noted */
  _Atomic uint64_t sampled_bytes; /* asked for by them */
};

/* What contexts count of everything else, and the slab: of those that have closed, and of calls without a context. */
enum slab_event {
  EVENT_REFUSED_MEMORY,
  EVENT_REFUSED_LIMIT,
  EVENT_FREE_FOREIGN,
  EVENT_FREE_INTERIOR,
  EVENT_FREE_REPEATED,
  EVENT_FREE_MISSIZED,
  EVENT_FREE_REMOTE,
  EVENT_MAPPED_ALLOCATION,
  EVENT_MAPPED_FREE,
  EVENTS
};

struct slab_hot;
struct slab_depot;

struct slab_cache {
  weft_slab *slab;
  uintptr_t base;             /* of the slab's range */
  size_t range_bytes;         /* of it; 0 where every free is to be an atomic one, which the fast step is not */
  const struct slab_hot *hot; /* the slabs' descriptors */
  struct slab_depot *depots;  /* [BINS], those of its memory node */
  uint16_t home;              /* home_of the node and class 0 */
  _Alignas(64) struct slab_bin bins[BINS];
  size_t charged;          /* bytes that the magazines could hold */
  size_t cache_bytes;      /* bytes that they may */
  uint64_t trims;          /* of the slab, that this cache has heeded */
  struct slab_cache *next; /* the slab's open caches */
  struct slab_cache *prev;
  struct slab_tally tallies[BINS];
  _Atomic uint64_t events[EVENTS];
  uint32_t trips;     /* past the magazines, of which some are timed */
  unsigned timed;     /* the class whose next free is to be timed; BINS: none */
  weft_status status; /* of the last failure of this cache */
  char message[256];  /* and its words, "" when there was none */
};

/* Opens a cache on slab in memory of the caller's, aligned to 64, zeroed inside; takes a reference on slab. Never fails.
 * Used by one thread at a time from here on. */
void weft__cache_open(struct slab_cache *cache, weft_slab *slab);

/* Ends a cache: its free objects go to the depot, its counters to the slab. The reference on the slab stays. */
void weft__cache_close(struct slab_cache *cache);

/* Sets cache->message, or where cache is NULL that of this thread, of calls that have no context; cut at its end. */
__attribute__((format(printf, 2, 3))) void weft__cache_message(struct slab_cache *cache, const char *format, ...);
__attribute__((format(printf, 2, 0))) void weft__cache_message_v(struct slab_cache *cache, const char *format,
                                                                 va_list arguments);

/* The message of a request, what of bytes, that slab has refused with WEFT_E_LIMIT or WEFT_E_NOMEM. */
void weft__refusal_message(struct slab_cache *cache, const weft_slab *slab, const char *what, size_t bytes,
                           weft_status status);

/* The message set last; "" when there was none. */
const char *weft__cache_words(const struct slab_cache *cache);

/* weft_alloc without a cache, on any thread, under the depot's lock. NULL: *status (which may be NULL) tells
 * WEFT_E_NOMEM from WEFT_E_LIMIT. weft__slab_tell is left to the caller, who may hold a lock. */
void *weft__slab_take(weft_slab *slab, size_t bytes, weft_status *status);
static inline void *weft__slab_alloc(weft_slab *slab, size_t bytes) {
  return weft__slab_take(slab, bytes, NULL);
}

/* Asks for huge pages for an allocation that is used whole and in random order, unless the slab is to have none. */
void weft__slab_advise(const weft_slab *slab, void *at, size_t bytes);

/* Calls on_soft_limit, if the present call has passed the slab's soft limit on this thread. At the end of every call of a
 * user's that may take memory, with no lock held. */
void weft__slab_tell(weft_slab *slab);

/* References on a slab. The last unref gives all of its memory back to the system, live objects and all. */
void weft__slab_ref(weft_slab *slab);
void weft__slab_unref(weft_slab *slab);

/* For tests: the countdown-th memory request (of an object, or of the slab to the system) from now fails, once; 0: none.
 * From the first call on, caches that are opened have no magazines, so that every object is a request. */
void weft__slab_fail_at(weft_slab *slab, uint64_t countdown);

/* Requests since the first call of weft__slab_fail_at. */
uint64_t weft__slab_requests(const weft_slab *slab);

#endif
