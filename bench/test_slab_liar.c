/* SPDX-License-Identifier: MIT
 *
 * An allocator whose objects overlap, for test_slab.cmake: it gives out the same few places again and again. It has the
 * names that bench_slab looks for in jemalloc.
 */
#include <stddef.h>

void *malloc(size_t bytes);
void free(void *p);
int mallctl(const char *name, void *old, size_t *old_bytes, void *new, size_t new_bytes);

static _Alignas(64) char places[4 << 20];

void *malloc(size_t bytes) {
  static size_t next;
  next = (next + 1024) % (sizeof places / 2);
  return bytes < sizeof places / 2 ? places + next : NULL;
}

void free(void *p) {
  (void)p;
}

int mallctl(const char *name, void *old, size_t *old_bytes, void *new, size_t new_bytes) {
  (void)name;
  (void)old;
  (void)old_bytes;
  (void)new;
  (void)new_bytes;
  return 0;
}
