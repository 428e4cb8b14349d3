/* SPDX-License-Identifier: MIT
 *
 * The slab allocator: what all scratch and all outputs of the library come from, open to callers too. A weft_slab is one
 * reserved range of addresses and everything allocated in it; any number of contexts, on any threads, share it, each with
 * magazines of its own in front of it.
 *
 * In a library built with -fsanitize=address, and under Valgrind's memcheck in one built with WEFT_VALGRIND=ON, an access
 * to bytes that were not asked for, before, behind or after the free, is reported (by AddressSanitizer as use-after-poison,
 * without the stacks of allocation and free). Every object is then 16 bytes longer, which nobody may use and no figure
 * counts as live. weft_usable_size allows all that it returns. Wrong frees are still told by their status alone.
 *
 * Up to 64 KiB an allocation is an object of one of 72 size classes, up to 1 MiB a run of pages, above that a mapping of
 * its own.
 *
 * After fork a child has its own copy of all slabs, whatever other threads were doing. It may use them and the contexts of
 * the thread that forked, free what was live, create and free contexts, trim. A context of another thread it may use, and
 * free, if that thread was in no call on it at the fork; otherwise it must leave it alone: what such a context keeps free
 * is lost to the child, and what its call was about to give out or to free stays live or is lost, too. weft_slab_release
 * then says WEFT_E_BUSY, as of every context that has not been freed, and the memory goes when the child ends or executes a
 * program. fork waits until no other thread is in a call's slow part. It may be called from on_soft_limit, not from
 * node_of.
 */
#ifndef WEFT_SLAB_H
#define WEFT_SLAB_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/* How a free is checked. */
enum weft_check {
  WEFT_CHECK_STATE = 0, /* by a byte that is read and then written: two threads that free one object at the same instant may
                           both get WEFT_OK, and the second is found when the object reaches its slab */
  WEFT_CHECK_ATOMIC = 1 /* by a compare-and-swap, which lets one of them through; a free costs some 9 ns more */
};

/* Whether the system is asked for pages of 2 MiB. It may have none to give, and is never refused for that. */
enum weft_huge_pages {
  /* It is told nothing: its own settings hold. */
  WEFT_HUGE_PAGES_SYSTEM = 0,
  /* For slabs, whose 2 MiB are then taken at once, and for mapped allocations of 2 MiB and more. Random access to much
   * memory is faster; more is resident, and a trim splits them. */
  WEFT_HUGE_PAGES_ALWAYS = 1,
  WEFT_HUGE_PAGES_NEVER = 2
};

/* Settings of a slab; set up by weft_slab_options_init, then changed field by field. */
struct weft_slab_options {
  size_t size;          /* sizeof this struct where the caller was compiled; set by weft_slab_options_init */
  size_t reserve_bytes; /* address space to reserve (not memory), halved until the system grants it; 0: 1 TiB, but at most
                           a quarter of what RLIMIT_AS allows */
  size_t cache_bytes;   /* at most this much kept free in one context's magazines; 0: 16 MiB; and twice this by the slab, of
                           freed allocations above 1 MiB */
  size_t limit_bytes;   /* at most this much memory taken from the system at one time; 0: no limit */

  /* on_soft_limit is called each time that the memory taken passes this from below; 0 or NULL: never. On the thread whose
   * request passed it, once that is done, with no lock held: it may trim the slab, read its figures, free with
   * weft_slab_free, and use contexts other than that of the request, which is in the midst of a call. What it passes
   * itself, it is not told. */
  size_t soft_limit_bytes;
  void (*on_soft_limit)(void *user, weft_slab *slab, uint64_t committed_bytes);
  void *soft_limit_user; /* handed to it */

  uint32_t check;      /* enum weft_check */
  uint32_t huge_pages; /* enum weft_huge_pages */

  /* The number of the calling thread's node, called when a context is created or flushed and for requests without one, on
   * their threads; what it returns from nodes on counts as 0. NULL: always 0. */
  uint32_t nodes; /* of memory, at most 64, whose slabs, depots and figures are kept apart; 0: 1 */
  uint32_t (*node_of)(void *user);
  void *node_user; /* handed to it */
};

/* Fills options with the defaults. size is sizeof *options. NULL options: nothing happens. */
WEFT_API void weft_slab_options_init(struct weft_slab_options *options, size_t size);

/* Creates a slab. options may be NULL for the defaults. The caller holds one reference and ends it with
 * weft_slab_release. On failure *out is NULL.
 * WEFT_E_INVALID: out is NULL, or options->size is none this library knows, or reserve_bytes is not 0 and under 256 MiB, or
 * check is no enum weft_check, or huge_pages no enum weft_huge_pages, or there are more than 64 nodes.
 * WEFT_E_NOMEM: the system grants not even 256 MiB of addresses, or no memory for the registry or the first slab's handlers
 * around fork.
 * WEFT_E_LIMIT: limit_bytes does not even hold the registry: 72 KiB where pages are of 4 KiB, and 45 KiB for each further
 * node. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_create(const struct weft_slab_options *options, weft_slab **out);

/* Gives up the caller's reference, and with it all memory of the slab. NULL is fine.
 * WEFT_E_BUSY: contexts, outputs or allocations are still live; nothing has changed. weft_ctx_message(NULL) says how many
 * there are, weft_slab_visit shows them. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_release(weft_slab *slab);

/* Allocates bytes (0 counts as 1) from the context's slab; aligned to 16 bytes, to 64 from 512 bytes up.
 * NULL: no memory, or the slab's limit is reached (weft_ctx_message says which, with the numbers), or ctx is NULL.
 * The context's thread only. The memory is uninitialised, and freed by weft_free or weft_slab_free. */
WEFT_API void *weft_alloc(weft_ctx *ctx, size_t bytes);

/* weft_alloc, and every byte 0. */
WEFT_API void *weft_zalloc(weft_ctx *ctx, size_t bytes);

/* weft_alloc at a multiple of align, a power of two of at most 2 MiB; NULL for any other align too. */
WEFT_API void *weft_aligned_alloc(weft_ctx *ctx, size_t bytes, size_t align);

/* Resizes p to bytes (0 counts as 1), keeping the first min(old, new) bytes; the result may have moved, and is aligned as
 * weft_alloc's. p NULL: weft_alloc. NULL on failure, and p is then untouched; also when p is not a live pointer of this
 * slab. */
WEFT_API void *weft_realloc(weft_ctx *ctx, void *p, size_t bytes);

/* Frees p, which any context of the same slab, or weft_slab_free, may do. NULL is fine. O(1). The context's thread only. On
 * every failure nothing has changed: WEFT_E_FOREIGN: p lies in no memory that this slab has given out; nor in any that has
 * since gone back to the system. WEFT_E_INVALID: ctx is NULL, or p points inside an object and not at its start.
 * WEFT_E_DOUBLE_FREE: p was freed before and not given out since.
 *
 * What may slip through: p freed again after it was given out anew, which frees it under its new owner. And, up to 64 KiB
 * with WEFT_CHECK_STATE, p freed by two threads at the same instant: both may get WEFT_OK. The second free is then found
 * when p is given out or reaches its slab again (double_frees counts it); but until then two threads that allocate at one
 * instant may both get p, and where p's slab has gone back to the system meanwhile, an allocation may get memory that is no
 * more, or is another's. With WEFT_CHECK_ATOMIC, and above 64 KiB, one of the two gets WEFT_E_DOUBLE_FREE. Nor is a free of
 * what the library has allocated for itself in the same slab, a context for one, told from any other. */
WEFT_API WEFT_MUST_CHECK weft_status weft_free(weft_ctx *ctx, void *p);

/* weft_free by a caller who knows the size. As weft_free, and WEFT_E_INVALID also when bytes does not fit p's size class:
 * bytes must be what p was allocated with (or last resized to). */
WEFT_API WEFT_MUST_CHECK weft_status weft_free_sized(weft_ctx *ctx, void *p, size_t bytes);

/* How many bytes may be used at p, at least what was asked for; 0 when p is NULL or not a live pointer of this slab.
 * The context's thread only. */
WEFT_API size_t weft_usable_size(weft_ctx *ctx, const void *p);

/* weft_free for code that has no context, on any thread; slower, as it takes a lock. Statuses as weft_free, and
 * weft_ctx_message(NULL) has the details. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_free(weft_slab *slab, void *p);

/* Gives all that ctx keeps free in its magazines to the slab, and takes the calling thread's memory node for its own from
 * here on. For a context that will be idle, or has come to another node. NULL is fine. The context's thread only. */
WEFT_API void weft_flush(weft_ctx *ctx);

/* Gives memory that nobody uses back to the system: slabs that are wholly free, freed allocations above 1 MiB that were
 * kept for the next ones, and in the other slabs the pages on which nothing is live. *bytes, which may be NULL, tells how
 * much went back meanwhile, by whichever thread. What contexts keep in their magazines they give to the slab the next time
 * that a magazine runs empty or full; those that are idle keep it until then, or until weft_flush, and it takes another
 * trim to bring it to the system. Memory that has gone back is counted again, and held against the limit, once an
 * allocation needs it. Any thread, at any time: no lock is held for longer than one class's spare magazines or one slab's
 * pages take. A request that finds no memory, or would pass the limit, does all of this itself before it is refused.
 * WEFT_E_INVALID: slab is NULL, and *bytes is 0. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_trim(weft_slab *slab, size_t *bytes);

/* Figures of a slab. Contexts that run are read one after the other: each of a context's counts is one that was true at
 * some instant of the call, frees give or take one, but what moves from one context to another meanwhile may be missed, or
 * counted twice. Memory is divided like this:
 *
 *   committed  what the system has been asked for: the registry, and
 *   active     what objects lie in: slabs and mapped allocations. It is
 *   live       usable bytes of objects given out,
 *   cached     of objects free in contexts' magazines,
 *   free       of objects free in the depot or in their slab, of memory that is not cut into runs, and of mapped
 *              allocations that are kept for the next ones, and
 *              the ends of slabs, too small for one more object, those of mapped allocations larger than was asked for,
 *              and after a trim the parts of free objects whose other parts lie on pages that it gave back.
 *
 * Pages inside slabs that a trim gave back are not committed, nor is what lies on them free. The library's own objects are
 * live ones like the caller's: each open context is one, and what indexes and other outputs hold.
 *
 * External fragmentation is the share of active memory that is not live: 1 - live / active. Internal fragmentation is the
 * share of live memory that nobody asked for, an estimate: the sizes that were asked for are noted where a request finds no
 * object in a magazine, and in a share of the others; from them comes a mean for each class, and the classes' means are
 * weighted by their live bytes. Mapped allocations are left out of it. Both are 0 where there is nothing to divide by. */
struct weft_slab_figures {
  uint64_t reserved_bytes;  /* addresses reserved */
  uint64_t committed_bytes; /* memory taken from the system: slabs, page runs, mapped allocations, the registry */
  uint64_t live_bytes;
  uint64_t live_objects;
  uint64_t cached_bytes; /* of contexts that are running, nearly */
  uint64_t allocations;  /* since creation */
  uint64_t frees;
  uint64_t magazine_hits;   /* allocations and frees served by a magazine */
  uint64_t magazine_misses; /* those that went to the depot */
  uint64_t exchanges;       /* magazines moved to or from the depot */
  uint64_t slabs;           /* 2 MiB slabs in use */
  uint64_t mapped;          /* live allocations above 1 MiB, mapped on their own */
  uint64_t contexts;        /* contexts that are open */
  uint64_t refused;         /* requests refused for want of memory or by the limit */
  uint64_t double_frees;    /* second frees, at one instant with the first on another thread, that were found only later */
  uint64_t peak_committed_bytes; /* the most that committed_bytes has been. A peak of live bytes is not kept: it would cost
                                    every allocation a sum over all contexts */
  uint64_t resident_bytes; /* at most this much of the committed memory has been touched: all of the registry and of mapped
                              allocations, and slabs up to the furthest object or run that has ever left them */
  uint64_t active_bytes;
  uint64_t free_bytes;
  uint64_t slabs_made; /* since creation */
  uint64_t slabs_returned;
  uint64_t lock_waits;     /* times that a thread found a lock of the slab's taken: a depot's or any other */
  uint64_t remote_frees;   /* frees by contexts of another node than the object's */
  uint64_t refused_limit;  /* of the refused requests, those by the limit */
  uint64_t foreign_frees;  /* refused frees and resizings: of what this slab has not given out, */
  uint64_t interior_frees; /* of what points inside an object, */
  uint64_t repeated_frees; /* of what was freed before, */
  uint64_t missized_frees; /* and by weft_free_sized with a size that does not fit */
  double internal_fragmentation;
  double external_fragmentation;
};

/* Fills *out, of which size (sizeof *out) bytes are written. Any thread.
 * WEFT_E_INVALID: slab or out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_stats(const weft_slab *slab, struct weft_slab_figures *out, size_t size);

/* Figures of the objects of one size on one memory node, named and read as those of the slab. */
struct weft_slab_class_figures {
  uint64_t node;
  uint64_t bytes;     /* of an object, all of them usable */
  uint64_t alignment; /* that all objects have */
  uint64_t live_objects;
  uint64_t live_bytes;
  uint64_t cached_objects;
  uint64_t cached_bytes;
  uint64_t free_objects; /* in the depot and in slabs, on pages that are memory */
  uint64_t free_bytes;
  uint64_t active_bytes;   /* of slabs; above 64 KiB, where slabs are not of one class: of runs that are cut */
  uint64_t resident_bytes; /* of those, as the slab's; of runs all */
  uint64_t allocations;
  uint64_t frees;
  uint64_t magazine_hits;
  uint64_t magazine_misses;
  uint64_t exchanges;
  uint64_t lock_waits; /* for the lock of this class's depot */
  uint64_t slabs;      /* up to 64 KiB, as the next two */
  uint64_t slabs_made;
  uint64_t slabs_returned;
  double internal_fragmentation; /* of the sizes noted, not weighted */
  double external_fragmentation;
};

/* How many classes weft_slab_class_stats knows: those of the first node from the smallest up, then the next node's. The
 * same for the whole life of the slab; 0 when slab is NULL. Any thread. */
WEFT_API size_t weft_slab_classes(const weft_slab *slab);

/* Fills *out with the figures of class i, size (sizeof *out) bytes of it. Any thread.
 * WEFT_E_INVALID: slab or out is NULL, or there is no class i. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_class_stats(const weft_slab *slab, size_t i,
                                                           struct weft_slab_class_figures *out, size_t size);

/* What one context has done since it was created, or weft_flush last moved it to another node; named as the figures of the
 * slab. */
struct weft_slab_context_figures {
  uint64_t node; /* that it belongs to */
  uint64_t allocations;
  uint64_t frees; /* whoever allocated */
  uint64_t cached_bytes;
  uint64_t magazine_hits;
  uint64_t magazine_misses;
  uint64_t exchanges;
  uint64_t remote_frees;
  uint64_t refused;
  uint64_t refused_limit;
  uint64_t foreign_frees;
  uint64_t interior_frees;
  uint64_t repeated_frees;
  uint64_t missized_frees;
};

/* Fills *out, of which size (sizeof *out) bytes are written. Any thread, while the context is open.
 * WEFT_E_INVALID: ctx or out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_ctx_slab_stats(const weft_ctx *ctx, struct weft_slab_context_figures *out,
                                                         size_t size);

/* What is timed. */
enum weft_latency_kind {
  WEFT_LATENCY_ALLOC_FAST = 0, /* allocations, a sampled share of those that a magazine served at once */
  WEFT_LATENCY_FREE_FAST = 1,  /* frees, the same */
  WEFT_LATENCY_ALLOC_SLOW = 2, /* of the others, except mapped ones, one in 8 of each context's */
  WEFT_LATENCY_FREE_SLOW = 3,
  WEFT_LATENCY_NEW_SLAB = 4, /* making a slab, with its first memory; all of them */
  WEFT_LATENCY_MAPPED = 5,   /* mapped allocations; all of them */
  WEFT_LATENCY_KINDS = 6
};

/* Buckets of nanoseconds: below 8 of one value each, then 8 for every doubling, up to 2^36 (69 s); the last takes the
 * rest. */
enum { WEFT_LATENCY_BUCKETS = 8 * 34 + 1 };

/* A histogram of what is timed. Times are taken in ticks of the processor's, and what a tick is shows itself between the
 * slab's creation and the first reading at least 10 ms after it. */
struct weft_latencies {
  uint64_t count;
  uint64_t sum_ns;
  uint64_t max_ns;
  uint64_t
      buckets[WEFT_LATENCY_BUCKETS]; /* how many took less than weft_latency_bound(i), and not less than the one before */
};

/* The nanoseconds that everything in a bucket is below; UINT64_MAX for the last, and for none. Any thread. */
WEFT_API uint64_t weft_latency_bound(size_t bucket);

/* Fills *out, of which size (sizeof *out) bytes are written, with the times of kind on all nodes. Any thread.
 * WEFT_E_INVALID: slab or out is NULL, or there is no such kind. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_latencies(const weft_slab *slab, enum weft_latency_kind kind,
                                                         struct weft_latencies *out, size_t size);

/* The nanoseconds that the share quantile (0 to 1) of what was timed did not pass, up to a bucket's width; 0 when latencies
 * is NULL or empty. size is sizeof *latencies. Any thread. */
WEFT_API uint64_t weft_latencies_quantile(const struct weft_latencies *latencies, size_t size, double quantile);

/* Takes text[bytes] for the user, who goes on with it as he likes; false: it could not, and no more is wanted. */
typedef bool (*weft_write_function)(void *user, const char *text, size_t bytes);

/* Writes the figures of the slab, of every class that has been used, and the latencies, as one JSON object with the members
 * slab, classes (an array) and latencies (an object by kind); names are those of the fields here. buckets are the filled
 * ones: the bound in nanoseconds (null: none) and the count. Any thread; takes no memory, and no lock is held while write
 * runs. WEFT_E_IO: write returned false. WEFT_E_INVALID: slab or write is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_write_json(const weft_slab *slab, weft_write_function write, void *user);

/* Writes the same in the text form of OpenMetrics 1.0, to be served as application/openmetrics-text, which Prometheus
 * reads: families weft_slab_…, of classes weft_slab_class_… with the labels node and class (bytes), and the histogram
 * weft_slab_latency_seconds with the label kind. Names follow OpenMetrics where that differs from the fields' (units last,
 * _total of what is counted). Statuses as weft_slab_write_json. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_write_prometheus(const weft_slab *slab, weft_write_function write,
                                                                void *user);

/* What an object's memory is part of. */
enum weft_slab_kind {
  WEFT_SLAB_OBJECT = 0, /* a slab of objects of one size */
  WEFT_SLAB_RUN = 1,    /* a slab of runs of pages */
  WEFT_SLAB_MAPPED = 2  /* a mapping of its own */
};

/* A live object. */
struct weft_slab_object {
  void *start;
  size_t bytes;  /* usable */
  uint32_t node; /* of memory; 0 where it is mapped */
  uint32_t kind; /* enum weft_slab_kind */
};

/* Looks at one object, which lasts for the call; false: no more of them. */
typedef bool (*weft_visit_function)(void *user, const struct weft_slab_object *object);

/* Calls visit for every live object of the slab, by ascending address, until it returns false. The library's own (contexts,
 * indexes and other outputs) are shown too, and are not the caller's to free: weft_free would free them like any live
 * object. No lock is held meanwhile: visit may call what it likes, also to free an object of its own that it is shown. Any
 * thread, beside any others that allocate and free: what is live during the whole call is shown once, what is made or freed
 * meanwhile is shown or not, and what is shown was live at some instant of the call. So whoever uses an object's memory
 * sees to it himself that nobody frees it meanwhile. WEFT_OK also when visit returned false. WEFT_E_INVALID: slab or visit
 * is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_slab_visit(weft_slab *slab, weft_visit_function visit, void *user);

WEFT_END_DECLS

#endif
