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

#include <stdlib.h>
#include <string.h>

#define FLAT static __attribute__((noinline, flatten)) void

/* Without a seed, as users who want none call it: that is the faster function. */
#define HASH_XXH3(p, n) XXH3_64bits(p, n)
#define HASH_XXH64(p, n) XXH64(p, n, 0)
#define HASH_XXH32(p, n) XXH32(p, n, 0)
#define HASH_XXH128(p, n) XXH3_128bits(p, n)
#define SEEDED_XXH3(p, n, seed) XXH3_64bits_withSeed(p, n, seed)
#define SEEDED_XXH64(p, n, seed) XXH64(p, n, seed)

/* Row k of a layout as the arguments "bytes, length"; r is a copy of the struct rows, so that all it points to is known not
 * to change. */
#define OFFSETS32(k) r.data + r.offsets[k], (size_t)(r.offsets[(k) + 1] - r.offsets[k])
#define OFFSETS64(k) r.data + r.offsets64[k], (size_t)(r.offsets64[(k) + 1] - r.offsets64[k])
#define POINTERS(k) r.ptrs[k], r.lengths[k]
#define VIEWS(k) view_bytes(r.buffers, &r.views[k]), (size_t)r.views[k].length
#define SELECTED(k) OFFSETS32(r.selection[k])
#define FIXED(k, width) r.data + (k) * (width), width

/* Gives a macro its arguments after they were expanded, for those above stand for two. */
#define CALL(HASH, ...) HASH(__VA_ARGS__)

static inline const void *view_bytes(const uint8_t *const *buffers, const struct weft_view *v) {
  return v->length <= (int32_t)sizeof v->as.inlined ? v->as.inlined : buffers[v->as.ref.buffer] + v->as.ref.offset;
}

/* LOOP(name, hash_t, EXPRESSION): the function name, a loop that gives out[i] the expression, of k = first + i. */
#define LOOP(name, hash_t, ...)                                              \
  FLAT name(const struct keys *keys, size_t first, size_t n, void *hashes) { \
    const struct rows r = *keys->columns[0];                                 \
    hash_t *out = hashes;                                                    \
    for (size_t i = 0; i < n; i++) {                                         \
      size_t k = first + i;                                                  \
      out[i] = __VA_ARGS__;                                                  \
    }                                                                        \
  }

/* The same in calls of a few rows, of which nothing is left here but a loop within a loop: no call is cheaper. */
#define LOOP_OF_CALLS(name, hash_t, ...)                                     \
  FLAT name(const struct keys *keys, size_t first, size_t n, void *hashes) { \
    const struct rows r = *keys->columns[0];                                 \
    const size_t call = keys->call;                                          \
    hash_t *out = hashes;                                                    \
    for (size_t done = 0; done < n; done += call)                            \
      for (size_t i = done; i < done + call && i < n; i++) {                 \
        size_t k = first + i;                                                \
        out[i] = __VA_ARGS__;                                                \
      }                                                                      \
  }

/* Composite keys: the hash of one column is the seed of the next. */
#define LOOP_OF_KEYS(name, N, HASH, SEEDED)                                                    \
  FLAT name(const struct keys *keys, size_t first, size_t n, void *hashes) {                   \
    KEYS(N)                                                                                    \
    uint64_t *out = hashes;                                                                    \
    for (size_t k = first; k < first + n; k++) {                                               \
      uint64_t hash = HASH(a.data + k * 8, 8);                                                 \
      hash = SEEDED(b.data + b.offsets[k], (size_t)(b.offsets[k + 1] - b.offsets[k]), hash);   \
      if ((N) > 2)                                                                             \
        hash = SEEDED(c.data + k * 4, 4, hash);                                                \
      if ((N) > 3)                                                                             \
        hash = SEEDED(d.data + d.offsets[k], (size_t)(d.offsets[k + 1] - d.offsets[k]), hash); \
      out[k - first] = hash;                                                                   \
    }                                                                                          \
  }

/* With 128 bits: the hashes of two columns are hashed together. */
#define LOOP_OF_KEYS128(name, N)                                                                  \
  FLAT name(const struct keys *keys, size_t first, size_t n, void *hashes) {                      \
    KEYS(N)                                                                                       \
    XXH128_hash_t *out = hashes;                                                                  \
    for (size_t k = first; k < first + n; k++) {                                                  \
      XXH128_hash_t pair[2] = {XXH3_128bits(a.data + k * 8, 8)};                                  \
      pair[1] = XXH3_128bits(b.data + b.offsets[k], (size_t)(b.offsets[k + 1] - b.offsets[k]));   \
      pair[0] = XXH3_128bits(pair, sizeof pair);                                                  \
      if ((N) > 2) {                                                                              \
        pair[1] = XXH3_128bits(c.data + k * 4, 4);                                                \
        pair[0] = XXH3_128bits(pair, sizeof pair);                                                \
      }                                                                                           \
      if ((N) > 3) {                                                                              \
        pair[1] = XXH3_128bits(d.data + d.offsets[k], (size_t)(d.offsets[k + 1] - d.offsets[k])); \
        pair[0] = XXH3_128bits(pair, sizeof pair);                                                \
      }                                                                                           \
      out[k - first] = pair[0];                                                                   \
    }                                                                                             \
  }

/* Copies of the columns of a composite key; those that it has not are the first one, and unused. */
#define KEYS(N)                                                                               \
  const struct rows a = *keys->columns[0], b = *keys->columns[1];                             \
  const struct rows c = *keys->columns[(N) > 2 ? 2 : 0], d = *keys->columns[(N) > 3 ? 3 : 0]; \
  (void)c, (void)d;

/* What was asked for has no loop here: an error of the caller's. */
static void no_loop(const struct keys *keys, size_t first, size_t n, void *out) {
  (void)keys, (void)first, (void)n, (void)out;
  abort();
}

/* LOOPS(algo, HASH, hash_t): loops over every layout, and the choice of one. */
#define LOOPS(algo, HASH, hash_t)                                                                          \
  LOOP(algo##_offsets32, hash_t, CALL(HASH, OFFSETS32(k)))                                                 \
  LOOP(algo##_offsets64, hash_t, CALL(HASH, OFFSETS64(k)))                                                 \
  LOOP(algo##_pointers, hash_t, CALL(HASH, POINTERS(k)))                                                   \
  LOOP(algo##_views, hash_t, CALL(HASH, VIEWS(k)))                                                         \
  LOOP(algo##_selected, hash_t, CALL(HASH, SELECTED(k)))                                                   \
  LOOP(algo##_1, hash_t, CALL(HASH, FIXED(k, 1)))                                                          \
  LOOP(algo##_2, hash_t, CALL(HASH, FIXED(k, 2)))                                                          \
  LOOP(algo##_4, hash_t, CALL(HASH, FIXED(k, 4)))                                                          \
  LOOP(algo##_8, hash_t, CALL(HASH, FIXED(k, 8)))                                                          \
  LOOP(algo##_12, hash_t, CALL(HASH, FIXED(k, 12)))                                                        \
  LOOP(algo##_16, hash_t, CALL(HASH, FIXED(k, 16)))                                                        \
  LOOP(algo##_offsets32_nulls, hash_t, rows_valid(r.validity, k) ? CALL(HASH, OFFSETS32(k)) : (hash_t){0}) \
  LOOP(algo##_8_nulls, hash_t, rows_valid(r.validity, k) ? CALL(HASH, FIXED(k, 8)) : (hash_t){0})          \
  LOOP_OF_CALLS(algo##_offsets32_calls, hash_t, CALL(HASH, OFFSETS32(k)))                                  \
  LOOP_OF_CALLS(algo##_8_calls, hash_t, CALL(HASH, FIXED(k, 8)))                                           \
  static peer_hash *algo##_fixed(size_t width) {                                                           \
    switch (width) {                                                                                       \
    case 1: return algo##_1;                                                                               \
    case 2: return algo##_2;                                                                               \
    case 4: return algo##_4;                                                                               \
    case 8: return algo##_8;                                                                               \
    case 12: return algo##_12;                                                                             \
    case 16: return algo##_16;                                                                             \
    default: return no_loop;                                                                               \
    }                                                                                                      \
  }                                                                                                        \
  static peer_hash *algo##_loop(const struct keys *keys) {                                                 \
    const struct rows *r = keys->columns[0];                                                               \
    bool is_8 = r->width == 8, is_offsets32 = r->spec.layout == ROWS_OFFSETS32;                            \
    if (keys->call)                                                                                        \
      return is_8 ? algo##_8_calls : is_offsets32 ? algo##_offsets32_calls : no_loop;                      \
    if (r->validity)                                                                                       \
      return is_8 ? algo##_8_nulls : is_offsets32 ? algo##_offsets32_nulls : no_loop;                      \
    switch (r->spec.layout) {                                                                              \
    case ROWS_OFFSETS32: return algo##_offsets32;                                                          \
    case ROWS_OFFSETS64: return algo##_offsets64;                                                          \
    case ROWS_POINTERS:                                                                                    \
    case ROWS_SCATTERED: return algo##_pointers;                                                           \
    case ROWS_VIEWS: return algo##_views;                                                                  \
    case ROWS_SELECTION:                                                                                   \
    case ROWS_SHUFFLED: return algo##_selected;                                                            \
    case ROWS_FIXED: break;                                                                                \
    }                                                                                                      \
    return algo##_fixed(r->width);                                                                         \
  }

/* SEEDED_LOOPS(algo, HASH, SEEDED): the loops in which rows have a seed, ONE_SEED or each its own, of algorithms of 64
 * bits. The one seed is a constant, as in a program that always takes the same: the compiler may make the most of it. */
#define SEEDED_LOOPS(algo, HASH, SEEDED)                                                                         \
  LOOP(algo##_offsets32_seed, uint64_t, CALL(SEEDED, OFFSETS32(k), ONE_SEED))                                    \
  LOOP(algo##_8_seed, uint64_t, CALL(SEEDED, FIXED(k, 8), ONE_SEED))                                             \
  LOOP(algo##_offsets32_seeds, uint64_t, CALL(SEEDED, OFFSETS32(k), r.seeds[k]))                                 \
  LOOP(algo##_8_seeds, uint64_t, CALL(SEEDED, FIXED(k, 8), r.seeds[k]))                                          \
  LOOP_OF_KEYS(algo##_keys2, 2, HASH, SEEDED)                                                                    \
  LOOP_OF_KEYS(algo##_keys3, 3, HASH, SEEDED)                                                                    \
  LOOP_OF_KEYS(algo##_keys4, 4, HASH, SEEDED)                                                                    \
  static peer_hash *algo##_seeded_loop(const struct keys *keys) {                                                \
    const struct rows *r = keys->columns[0];                                                                     \
    if (keys->n > 1)                                                                                             \
      return keys->n == 2 ? algo##_keys2 : keys->n == 3 ? algo##_keys3 : algo##_keys4;                           \
    if (keys->seed == ONE_SEED)                                                                                  \
      return r->width == 8 ? algo##_8_seed : r->spec.layout == ROWS_OFFSETS32 ? algo##_offsets32_seed : no_loop; \
    return r->width == 8 ? algo##_8_seeds : r->spec.layout == ROWS_OFFSETS32 ? algo##_offsets32_seeds : no_loop; \
  }

LOOPS(xxh3, HASH_XXH3, uint64_t)
LOOPS(xxh64, HASH_XXH64, uint64_t)
LOOPS(xxh128, HASH_XXH128, XXH128_hash_t)
LOOPS(xxh32, HASH_XXH32, uint32_t)
SEEDED_LOOPS(xxh3, HASH_XXH3, SEEDED_XXH3)
SEEDED_LOOPS(xxh64, HASH_XXH64, SEEDED_XXH64)
LOOP_OF_KEYS128(xxh128_keys2, 2)
LOOP_OF_KEYS128(xxh128_keys3, 3)
LOOP_OF_KEYS128(xxh128_keys4, 4)

static bool is_seeded(const struct keys *keys) {
  return keys->n > 1 || keys->columns[0]->seeds || keys->seed != 0;
}

static void hash_xxh3(const struct keys *keys, size_t first, size_t n, void *out) {
  (is_seeded(keys) ? xxh3_seeded_loop(keys) : xxh3_loop(keys))(keys, first, n, out);
}

static void hash_xxh64(const struct keys *keys, size_t first, size_t n, void *out) {
  (is_seeded(keys) ? xxh64_seeded_loop(keys) : xxh64_loop(keys))(keys, first, n, out);
}

static void hash_xxh128(const struct keys *keys, size_t first, size_t n, void *out) {
  peer_hash *of_keys = keys->n == 2 ? xxh128_keys2 : keys->n == 3 ? xxh128_keys3 : xxh128_keys4;
  (keys->columns[0]->seeds || keys->seed != 0 ? no_loop : keys->n > 1 ? of_keys : xxh128_loop(keys))(keys, first, n, out);
}

static void hash_xxh32(const struct keys *keys, size_t first, size_t n, void *out) {
  (is_seeded(keys) ? no_loop : xxh32_loop(keys))(keys, first, n, out);
}

#define PEER_SYMBOL(name) bench_peer_##name
#define PEER_OF(name) PEER_SYMBOL(name)
const struct peer PEER_OF(PEER_NAME) = {{hash_xxh3, hash_xxh64, hash_xxh128, hash_xxh32}};
