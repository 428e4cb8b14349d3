/* SPDX-License-Identifier: MIT
 *
 * The loops of peer.h; compiled several times, each time with other flags. Parameters, from the build: PEER_NAME, the peer;
 * PEER_LIB, when it calls the shared library and inlines nothing; PEER_SCALAR, when xxHash may use no vectors.
 *
 * Each loop is what a user would write over that layout. A program of theirs has one loop and inlines xxHash there; here
 * there are many, and so the compiler is told to (FLAT), or it would call a shared copy and the loop would be slower.
 */
#include "peer.h"

#ifndef PEER_LIB
#define XXH_INLINE_ALL
#endif
#ifdef PEER_SCALAR
#define XXH_VECTOR 0
#endif
#include <xxhash.h>

#include <string.h>

#define FLAT static __attribute__((noinline, flatten)) void

static const void *view_bytes(const struct rows *r, const struct weft_view *v) {
  return v->length <= (int32_t)sizeof v->as.inlined ? v->as.inlined : r->buffers[v->as.ref.buffer] + v->as.ref.offset;
}

/* PEER_LOOPS(algo, HASH, hash_t): the function algo, which hashes rows of any layout by HASH(bytes, length) to hash_t. */
#define PEER_LOOPS(algo, HASH, hash_t)                                                    \
  FLAT algo##_offsets(const struct rows *r, size_t first, size_t n, hash_t *out) {        \
    const int32_t *offsets = r->offsets + first;                                          \
    for (size_t i = 0; i < n; i++)                                                        \
      out[i] = HASH(r->data + offsets[i], (size_t)(offsets[i + 1] - offsets[i]));         \
  }                                                                                       \
  FLAT algo##_pointers(const struct rows *r, size_t first, size_t n, hash_t *out) {       \
    for (size_t i = 0; i < n; i++)                                                        \
      out[i] = HASH(r->ptrs[first + i], r->lengths[first + i]);                           \
  }                                                                                       \
  FLAT algo##_views(const struct rows *r, size_t first, size_t n, hash_t *out) {          \
    for (size_t i = 0; i < n; i++) {                                                      \
      const struct weft_view *v = &r->views[first + i];                                   \
      out[i] = HASH(view_bytes(r, v), (size_t)v->length);                                 \
    }                                                                                     \
  }                                                                                       \
  FLAT algo##_selected(const struct rows *r, size_t first, size_t n, hash_t *out) {       \
    for (size_t i = 0; i < n; i++) {                                                      \
      const int32_t *offset = r->offsets + r->selection[first + i];                       \
      out[i] = HASH(r->data + offset[0], (size_t)(offset[1] - offset[0]));                \
    }                                                                                     \
  }                                                                                       \
  FLAT algo##_u64(const struct rows *r, size_t first, size_t n, hash_t *out) {            \
    for (size_t i = 0; i < n; i++)                                                        \
      out[i] = HASH(r->data + (first + i) * 8, 8);                                        \
  }                                                                                       \
  FLAT algo##_u32(const struct rows *r, size_t first, size_t n, hash_t *out) {            \
    for (size_t i = 0; i < n; i++)                                                        \
      out[i] = HASH(r->data + (first + i) * 4, 4);                                        \
  }                                                                                       \
  static void algo(const struct rows *r, size_t first, size_t n, hash_t *out) {           \
    switch (r->layout) {                                                                  \
    case ROWS_OFFSETS: algo##_offsets(r, first, n, out); return;                          \
    case ROWS_POINTERS: algo##_pointers(r, first, n, out); return;                        \
    case ROWS_VIEWS: algo##_views(r, first, n, out); return;                              \
    case ROWS_SELECTION:                                                                  \
    case ROWS_SHUFFLED: algo##_selected(r, first, n, out); return;                        \
    case ROWS_FIXED: (r->width == 8 ? algo##_u64 : algo##_u32)(r, first, n, out); return; \
    }                                                                                     \
  }

/* Without a seed, as users who want none call it: that is the faster function. */
#define HASH_XXH3(p, n) XXH3_64bits(p, n)
#define HASH_XXH64(p, n) XXH64(p, n, 0)
#define HASH_XXH32(p, n) XXH32(p, n, 0)

PEER_LOOPS(xxh3_64, HASH_XXH3, uint64_t)
PEER_LOOPS(xxh64, HASH_XXH64, uint64_t)
PEER_LOOPS(xxh32, HASH_XXH32, uint32_t)

#define PEER_SYMBOL(name) bench_peer_##name
#define PEER_OF(name) PEER_SYMBOL(name)
const struct peer PEER_OF(PEER_NAME) = {xxh3_64, xxh64, xxh32};
