/* SPDX-License-Identifier: MIT
 *
 * Packed keys: copies of keys whose columns lie apart, of a few bytes each, which are compared in their place. For keys.c,
 * which knows what a key is, and for index and group, which keep them.
 */
#ifndef LIB_PACKING_H
#define LIB_PACKING_H

#include "lib/column.h"

#include <string.h>

/* A key of more bytes than so many is not packed: its copy would take more than the table and a second cache line. */
enum { PACKED_MOST = 32, PACKED_COLUMNS = PACKED_MOST + 1 };

/* A packed key: of each column its place, in which equal values have equal bytes. First the strings, PACKED_STRING bytes
 * each: the first 15 bytes, zeros behind them, and a byte that tells the length: below 16 the length itself, so that all of
 * the string is there, else above; of a null 255. Then the values of fixed width; then, where nulls are equal and there may
 * be some, a bit for each column whose value is null, and so zero; zeros to the end. */
enum { PACKED_STRING = 16 };
struct key_packing {
  uint8_t stride;  /* bytes: 8, 16 or 32; 0: keys are not packed */
  uint8_t strings; /* how many there are; 0: packed keys that are equal are equal keys */
  bool padded;     /* there are bytes that no column fills */
  bool null_bits;  /* there are: column k's is bit k & 7 of byte nulls + k / 8 */
  uint8_t nulls;
  uint8_t at[PACKED_COLUMNS]; /* of each column */
};

/* Chooses for keys[n_keys], which nothing but comparing tells from one another. Packed are those of at most PACKED_MOST
 * bytes, strings being shorter than 16 mostly, as those in the midst of the rows show. Uses ctx->batch. */
void weft__packing_choose(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, bool nulls_equal,
                          struct key_packing *out);

/* Makes n packed keys at `to` such that columns can be put in. */
void weft__pack_open(const struct key_packing *packing, size_t n, uint8_t *to);

/* Puts in column k: a resolved batch, returning whether one of its strings is cut; or values[n] of a fixed width, one after
 * another. */
bool weft__pack_batch(const struct key_packing *packing, const struct weft_column *keys, size_t k,
                      const struct simd_rows *batch, uint8_t *to);
void weft__pack_values(const struct key_packing *packing, size_t k, const uint8_t *values, size_t width, size_t n,
                       uint8_t *to);

/* Copies those of mine[n] whose ids are new ones, which count up from `next` on, to packed[id]. */
void weft__packed_add(const struct key_packing *packing, const uint8_t *mine, const uint32_t *ids, size_t n, uint32_t next,
                      uint8_t *packed);

/* Compares mine[i] with packed[which[i]] for those i < n whose bit in candidates is set: those that differ get bits in
 * unlike, those whose keys have to be looked at in look. cut: strings of mine may be. Returns whether there are any of the
 * latter. All of which[n] lead to packed keys. */
bool weft__packed_compare(const struct key_packing *packing, const uint8_t *mine, bool cut, size_t n, const uint8_t *packed,
                          const uint32_t *which, const uint64_t *candidates, uint64_t *unlike, uint64_t *look);

/* Copies packed[rows[i]] to out[i]. */
void weft__packed_gather(const struct key_packing *packing, const uint8_t *packed, const uint32_t *rows, size_t n,
                         uint8_t *out);

static inline bool packed_equal(const struct key_packing *packing, const uint8_t *a, size_t i, const uint8_t *b, size_t k) {
  return memcmp(a + i * packing->stride, b + k * packing->stride, packing->stride) == 0;
}

/* Copies packed key i of `from` to place `at` of `to`. */
static inline void packed_copy(const struct key_packing *packing, const uint8_t *from, size_t i, uint8_t *to, size_t at) {
  for (size_t byte = 0; byte < packing->stride; byte += sizeof(uint64_t))
    memcpy(to + at * packing->stride + byte, from + i * packing->stride + byte, sizeof(uint64_t));
}

/* Whether packed keys say it all: none has a string that may be cut. */
static inline bool packing_is_whole(const struct key_packing *packing) {
  return packing->stride != 0 && packing->strings == 0;
}

#endif
