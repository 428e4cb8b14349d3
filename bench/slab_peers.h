/* SPDX-License-Identifier: MIT
 *
 * The allocators of bench_slab, all in one process: weft's from the static library, glibc's, and those of shared libraries
 * that are loaded by name, each with symbols of its own.
 */
#ifndef BENCH_SLAB_PEERS_H
#define BENCH_SLAB_PEERS_H

#include "bench.h"

#include <weft/weft.h>

enum allocator_kind {
  KIND_WEFT,    /* weft_alloc and weft_free of the static library, called by name */
  KIND_MALLOC,  /* malloc and free of some library, called by pointer */
  KIND_CONTEXT, /* weft_alloc and weft_free of another build of weft, called by pointer */
  KINDS,
};

/* What one thread allocates with. */
struct hand {
  enum allocator_kind kind;
  weft_ctx *ctx; /* the thread's; NULL: KIND_MALLOC */
  void *(*alloc)(size_t bytes);
  void (*free)(void *p);
  void *(*context_alloc)(weft_ctx *ctx, size_t bytes);
  weft_status (*context_free)(weft_ctx *ctx, void *p);
};

struct allocator {
  const char *name;
  struct hand hand; /* of the main thread */
  weft_slab *slab;  /* KIND_WEFT: what hand.ctx allocates from */
  weft_status (*clone)(const weft_ctx *ctx, weft_ctx **out);
  void (*close)(weft_ctx *ctx);
  void (*trim)(struct allocator *a); /* gives free memory back to the system; NULL: it has no such call */
  void *trim_function;
};

enum { ALLOCATOR_WEFT, ALLOCATOR_GLIBC, MOST_ALLOCATORS = 6 };

/* Files of the peers, by options or their sonames. */
struct allocator_files {
  const char *mimalloc, *jemalloc, *tcmalloc;
  const char *weft; /* another build of weft; NULL: none */
  bool required;    /* a peer that cannot be loaded ends the program with 2; else it is left out, with a note */
};

/* Fills list with weft, glibc, and what can be loaded; returns how many. May start the program anew, once, with more room
 * for the threads' own data of libraries that are loaded late. */
size_t allocators_load(const struct bench *bench, const struct allocator_files *files, char **argv,
                       struct allocator list[MOST_ALLOCATORS]);
/* weft with a slab of these options; NULL: the defaults. */
void allocator_open_weft(struct allocator *a, const char *name, const struct weft_slab_options *options);
void allocators_close(struct allocator *list, size_t n);

/* A hand for another thread, which uses the same memory. */
struct hand allocator_hand(const struct allocator *a);
void allocator_hand_close(const struct allocator *a, struct hand *hand);

#endif
