/* SPDX-License-Identifier: MIT
 *
 * The operating system, as far as alloc/ needs it: addresses, memory, locks. The only file of the library that asks it for
 * memory; another system is another os.c. Sizes are multiples of weft__os_page_bytes() unless it says otherwise.
 */
#ifndef ALLOC_OS_H
#define ALLOC_OS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __has_builtin
#define OS_HAS_TSC __has_builtin(__builtin_ia32_rdtsc)
#else
#define OS_HAS_TSC 0
#endif

size_t weft__os_page_bytes(void);

/* How many bytes of addresses this process may ever have; SIZE_MAX when nobody has set a limit. */
size_t weft__os_address_limit(void);

/* Reserves bytes of addresses at a multiple of align (a power of two): no memory yet, and not to be touched. NULL: no. */
void *weft__os_reserve(size_t bytes, size_t align);

/* Makes reserved addresses readable, as zeros; still no memory. */
bool weft__os_show(void *at, size_t bytes);

/* Takes memory for reserved addresses: readable, writable, zero. false: the system has none. */
bool weft__os_commit(void *at, size_t bytes);

/* Gives memory back: the addresses are reserved again, and zero when next committed. */
void weft__os_decommit(void *at, size_t bytes);

/* Gives back the memory alone: the addresses stay readable and writable, and are zero again. false: it could not be done,
 * as where it is locked, and nothing has changed. */
bool weft__os_purge(void *at, size_t bytes);

/* Wants, or does not want, memory in pages of 2 MiB where they lie whole in it; the system may think otherwise. */
void weft__os_huge_pages(void *at, size_t bytes, bool wanted);

/* Ends a reservation. */
void weft__os_release(void *at, size_t bytes);

/* A clock that never goes back, in nanoseconds. */
uint64_t weft__os_nanoseconds(void);

/* A clock that is cheap to read, in ticks of a length that stays; of another core it may differ a little. */
static inline uint64_t os_ticks(void) {
#if OS_HAS_TSC
  return __builtin_ia32_rdtsc();
#else
  return weft__os_nanoseconds();
#endif
}

/* Fills out[bytes] with numbers that nobody can foresee. Where the system has none to give: what little is at hand. */
void weft__os_random(void *out, size_t bytes);

/* Lets other threads have the core. */
void weft__os_yield(void);
/* Waits for about so many microseconds. */
void weft__os_nap(unsigned microseconds);

/* Has functions called around every fork of this process from now on: before it, and after it in the parent and in the
 * child. false: no memory for that. */
bool weft__os_at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));

/* A lock between threads of one process. */
struct os_lock {
  pthread_mutex_t mutex;
  _Atomic uint64_t waits; /* times that a thread found it taken */
};
#define OS_LOCK_INIT \
  { PTHREAD_MUTEX_INITIALIZER, 0 } /* for static ones */

static inline void os_lock_init(struct os_lock *lock) {
  pthread_mutex_init(&lock->mutex, NULL);
  atomic_init(&lock->waits, 0);
}
static inline void os_lock_end(struct os_lock *lock) {
  pthread_mutex_destroy(&lock->mutex);
}
static inline void os_lock_take(struct os_lock *lock) {
#ifndef WEFT_SLAB_PLAIN
  if (pthread_mutex_trylock(&lock->mutex) == 0)
    return;
  atomic_fetch_add_explicit(&lock->waits, 1, memory_order_relaxed);
#endif
  pthread_mutex_lock(&lock->mutex);
}
static inline void os_lock_give(struct os_lock *lock) {
  pthread_mutex_unlock(&lock->mutex);
}

#endif
