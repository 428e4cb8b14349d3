/* SPDX-License-Identifier: MIT
 *
 * os.h for POSIX systems: one private anonymous mapping for a reservation, mprotect to commit, madvise to give back.
 */
#include "alloc/os.h"
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

size_t weft__os_page_bytes(void) {
  long bytes = sysconf(_SC_PAGESIZE);
  return bytes > 0 ? (size_t)bytes : 4096;
}

size_t weft__os_address_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > SIZE_MAX)
    return SIZE_MAX;
  return (size_t)limit.rlim_cur;
}

void *weft__os_reserve(size_t bytes, size_t align) {
  if (bytes > SIZE_MAX - align)
    return NULL;
  char *at = mmap(NULL, bytes + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  size_t before = (size_t)(-(uintptr_t)at & (align - 1));
  if (before > 0)
    munmap(at, before);
  munmap(at + before + bytes, align - before);
  return at + before;
}

bool weft__os_show(void *at, size_t bytes) {
  return mprotect(at, bytes, PROT_READ) == 0;
}

bool weft__os_commit(void *at, size_t bytes) {
  return mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0;
}

void weft__os_decommit(void *at, size_t bytes) {
  /* A fresh mapping in place of the old one drops the pages and their protection in one step. It can fail when the
   * process has all the mappings that the system grants; then the pages alone go, which madvise can always do. */
  if (mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    madvise(at, bytes, MADV_DONTNEED);
}

bool weft__os_purge(void *at, size_t bytes) {
  return madvise(at, bytes, MADV_DONTNEED) == 0;
}

void weft__os_huge_pages(void *at, size_t bytes, bool wanted) {
#ifdef MADV_HUGEPAGE
  madvise(at, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#else
  (void)at, (void)bytes, (void)wanted;
#endif
}

void weft__os_release(void *at, size_t bytes) {
  munmap(at, bytes);
}

void weft__os_yield(void) {
  sched_yield();
}

void weft__os_nap(unsigned microseconds) {
  const struct timespec nap = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
  nanosleep(&nap, NULL);
}

bool weft__os_at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void)) {
  return pthread_atfork(before, in_parent, in_child) == 0;
}

uint64_t weft__os_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void weft__os_random(void *out, size_t bytes) {
  if (getentropy(out, bytes) == 0) /* for at most 256 bytes */
    return;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t state = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)(uintptr_t)out;
  for (size_t i = 0; i < bytes; i++) {
    state = state * 6364136223846793005 + 1442695040888963407;
    ((unsigned char *)out)[i] = (unsigned char)(state >> 56);
  }
}
