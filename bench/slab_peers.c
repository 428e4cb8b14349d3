/* SPDX-License-Identifier: MIT
 *
 * See slab_peers.h. Libraries are loaded with RTLD_LOCAL: their malloc and free stay theirs, the program's stay glibc's.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "slab_peers.h"
#include "machine.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define STATIC_TLS "glibc.rtld.optional_static_tls=65536"

static void die(const char *what) {
  fprintf(stderr, "bench_slab: %s\n", what);
  exit(2);
}

/* Trimming */

static void trim_weft(struct allocator *a) {
  weft_flush(a->hand.ctx);
  if (weft_slab_trim(a->slab, NULL))
    die(weft_ctx_message(NULL));
}

#ifdef __GLIBC__
static void trim_glibc(struct allocator *a) {
  (void)a;
  malloc_trim(0);
}
#endif

static void trim_mimalloc(struct allocator *a) {
  void (*collect)(bool force);
  *(void **)(void *)&collect = a->trim_function;
  collect(true);
}

static void trim_jemalloc(struct allocator *a) {
  int (*control)(const char *name, void *old, size_t *old_bytes, void *new, size_t new_bytes);
  *(void **)(void *)&control = a->trim_function;
  if (control("thread.tcache.flush", NULL, NULL, NULL, 0) || control("arena.4096.purge", NULL, NULL, NULL, 0))
    die("jemalloc refuses to purge"); /* 4096: MALLCTL_ARENAS_ALL */
}

static void trim_tcmalloc(struct allocator *a) {
  void (*release)(void);
  *(void **)(void *)&release = a->trim_function;
  release();
}

/* Loading */

/* A library of malloc's kind, and the names that its functions have. */
struct library {
  const char *name, *file, *alloc, *free, *trim_symbol;
  void (*trim)(struct allocator *a);
};

/* The loader keeps a little room for data of threads in libraries that come late, which is too little for some; how much is
 * settled when a program starts. Does not return where the program could be started anew. */
static void start_anew(char **argv) {
  const char *given = getenv("GLIBC_TUNABLES");
  if (given && strstr(given, STATIC_TLS))
    return;
  char tunables[1024];
  int length = snprintf(tunables, sizeof tunables, "%s%s" STATIC_TLS, given ? given : "", given ? ":" : "");
  if (length >= (int)sizeof tunables || setenv("GLIBC_TUNABLES", tunables, 1))
    return;
  machine_unpin();
  execv("/proc/self/exe", argv);
}

/* NULL, and the reason in dlerror()'s words or those of *reason: it cannot be. */
static void *open_library(const char *file, char **argv, const char **reason) {
  void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  *reason = handle ? NULL : dlerror();
  if (!handle && *reason && strstr(*reason, "static TLS"))
    start_anew(argv);
  return handle;
}

static bool find(void *handle, const char *symbol, void *place, const char **reason) {
  *(void **)place = dlsym(handle, symbol);
  *reason = *(void **)place ? NULL : dlerror();
  return *(void **)place != NULL;
}

static bool load_malloc(const struct library *library, char **argv, struct allocator *a, const char **reason) {
  *a = (struct allocator){.name = library->name, .hand.kind = KIND_MALLOC, .trim = library->trim};
  void *handle = open_library(library->file, argv, reason);
  return handle && find(handle, library->alloc, &a->hand.alloc, reason) &&
         find(handle, library->free, &a->hand.free, reason) &&
         find(handle, library->trim_symbol, &a->trim_function, reason);
}

static bool load_weft(const char *file, char **argv, struct allocator *a, const char **reason) {
  weft_status (*create)(const struct weft_ctx_options *options, weft_ctx **out);
  *a = (struct allocator){.name = "weft FILE", .hand.kind = KIND_CONTEXT};
  void *handle = open_library(file, argv, reason);
  if (!handle || !find(handle, "weft_ctx_create", &create, reason) || !find(handle, "weft_ctx_clone", &a->clone, reason) ||
      !find(handle, "weft_ctx_free", &a->close, reason) || !find(handle, "weft_alloc", &a->hand.context_alloc, reason) ||
      !find(handle, "weft_free", &a->hand.context_free, reason))
    return false;
  *reason = create(NULL, &a->hand.ctx) ? "no context" : NULL;
  return !*reason;
}

void allocator_open_weft(struct allocator *a, const char *name, const struct weft_slab_options *options) {
  *a = (struct allocator){
      .name = name, .hand.kind = KIND_WEFT, .clone = weft_ctx_clone, .close = weft_ctx_free, .trim = trim_weft};
  struct weft_ctx_options of_context;
  weft_ctx_options_init(&of_context, sizeof of_context);
  if (weft_slab_create(options, &a->slab))
    die(weft_ctx_message(NULL));
  of_context.slab = a->slab;
  if (weft_ctx_create(&of_context, &a->hand.ctx))
    die(weft_ctx_message(NULL));
}

size_t allocators_load(const struct bench *bench, const struct allocator_files *files, char **argv,
                       struct allocator list[MOST_ALLOCATORS]) {
  const struct library libraries[] = {
      {"mimalloc", files->mimalloc, "mi_malloc", "mi_free", "mi_collect", trim_mimalloc},
      {"jemalloc", files->jemalloc, "malloc", "free", "mallctl", trim_jemalloc},
      {"tcmalloc", files->tcmalloc, "tc_malloc", "tc_free", "MallocExtension_ReleaseFreeMemory", trim_tcmalloc},
  };
  const char *reason;
  size_t n = ALLOCATOR_GLIBC + 1;
  allocator_open_weft(&list[ALLOCATOR_WEFT], "weft", NULL);
  list[ALLOCATOR_GLIBC] = (struct allocator){.name = "glibc", .hand = {.kind = KIND_MALLOC, .alloc = malloc, .free = free}};
#ifdef __GLIBC__
  list[ALLOCATOR_GLIBC].trim = trim_glibc;
#endif
  for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
    if (load_malloc(&libraries[i], argv, &list[n], &reason)) {
      n++;
      continue;
    }
    if (files->required) {
      fprintf(stderr, "bench_slab: %s: %s\n", libraries[i].name, reason);
      exit(2);
    }
    bench_note(bench, "%s is left out: %s\n", libraries[i].name, reason);
  }
  if (files->weft && !load_weft(files->weft, argv, &list[n++], &reason))
    die(reason);
  return n;
}

void allocators_close(struct allocator *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (list[i].hand.ctx)
      list[i].close(list[i].hand.ctx);
    if (list[i].slab && weft_slab_release(list[i].slab))
      die("objects of weft's are still live");
  }
}

struct hand allocator_hand(const struct allocator *a) {
  struct hand hand = a->hand;
  if (a->hand.ctx && a->clone(a->hand.ctx, &hand.ctx))
    die("no context for a thread");
  return hand;
}

void allocator_hand_close(const struct allocator *a, struct hand *hand) {
  if (hand->ctx)
    a->close(hand->ctx);
}
