/* SPDX-License-Identifier: MIT
 *
 * Packed keys: which keys have them, how columns are put in, how they are compared. See packing.h.
 */
#include "lib/packing.h"

enum { STRING_BYTES = PACKED_STRING - 1, STRING_NULL = 255, LENGTH_SHIFT = SIMD_BIG_ENDIAN ? 0 : 56 };

/* Cold: what is done once for an index is compiled for size. */
__attribute__((cold)) static bool mostly_short(weft_ctx *ctx, const struct weft_column *key) {
  size_t n = key->rows < ctx->batch_size ? key->rows : ctx->batch_size, few = 0;
  struct simd_column column = weft__column_simd(key);
  ctx->batch.prefetch = ctx->prefetch_distance;
  ctx->kernels->resolve(&column, (key->rows - n) / 2, n, &ctx->batch);
  for (size_t i = 0; i < n; i++)
    few += ctx->batch.bytes[i] <= STRING_BYTES;
  return few > n / 2;
}

/* Bytes that all columns take; above PACKED_MOST: too many. */
__attribute__((cold)) static size_t place_columns(const struct weft_column *keys, size_t n_keys, struct key_packing *out) {
  size_t at = 0;
  for (unsigned fixed = 0; fixed < 2; fixed++)
    for (size_t k = 0; k < n_keys; k++) {
      if ((keys[k].layout == WEFT_FIXED) != fixed)
        continue;
      if (k >= PACKED_COLUMNS || at > PACKED_MOST)
        return PACKED_MOST + 1;
      out->at[k] = (uint8_t)at;
      out->strings = (uint8_t)(out->strings + !fixed);
      if (fixed && keys[k].width > PACKED_MOST)
        return PACKED_MOST + 1;
      at += fixed ? keys[k].width : PACKED_STRING;
    }
  return at;
}

__attribute__((cold)) void weft__packing_choose(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys,
                                                bool nulls_equal, struct key_packing *out) {
  struct key_packing packing = {0};
  size_t bytes = place_columns(keys, n_keys, &packing), stride = 8;
  bool short_enough = true;
  *out = (struct key_packing){0};
  for (size_t k = 0; k < n_keys; k++)
    packing.null_bits |= nulls_equal && keys[k].layout == WEFT_FIXED && (keys[k].base_validity || keys[k].row_validity);
  if (packing.null_bits) {
    packing.nulls = (uint8_t)bytes;
    bytes += (n_keys + 7) / 8;
  }
  for (size_t k = 0; bytes <= PACKED_MOST && k < n_keys; k++)
    short_enough = short_enough && (keys[k].layout == WEFT_FIXED || mostly_short(ctx, &keys[k]));
  if (bytes > PACKED_MOST || !short_enough)
    return;
  while (stride < bytes)
    stride *= 2;
  packing.stride = (uint8_t)stride;
  packing.padded = bytes < stride || packing.null_bits;
  *out = packing;
}

void weft__pack_open(const struct key_packing *packing, size_t n, uint8_t *to) {
  if (packing->padded)
    memset(to, 0, n * packing->stride);
}

/* A resolved row, of which 16 bytes may be read whatever its length. plain: it is no null, and shorter than 16. */
ALWAYS_INLINE void put_string(const struct simd_rows *batch, size_t i, bool plain, uint8_t *to) {
  static const uint8_t masks[2 * STRING_BYTES + 1] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  uint64_t mask[2], words[2], bytes = batch->bytes[i], length = plain || bytes <= STRING_BYTES ? bytes : 16 + bytes % 239;
  memcpy(mask, masks + STRING_BYTES - (plain || bytes < STRING_BYTES ? bytes : STRING_BYTES), sizeof mask);
  memcpy(words, batch->ptrs[i], sizeof words);
  if (!plain && !(batch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1))
    length = STRING_NULL;
  words[0] &= mask[0];
  words[1] = (words[1] & mask[1]) | length << LENGTH_SHIFT;
  memcpy(to, words, sizeof words);
}

/* Values from where ptrs lead, or, where that is NULL, one after another. width is a constant where it can be. */
ALWAYS_INLINE void put_each(const uint8_t *const *ptrs, const uint8_t *values, size_t width, size_t n, size_t stride,
                            uint8_t *to) {
  for (size_t i = 0; i < n; i++)
    memcpy(to + i * stride, ptrs ? ptrs[i] : values + i * width, width);
}

void weft__pack_values(const struct key_packing *packing, size_t k, const uint8_t *values, size_t width, size_t n,
                       uint8_t *to) {
  size_t stride = packing->stride;
  to += packing->at[k];
  switch (width) {
  case 1: put_each(NULL, values, 1, n, stride, to); break;
  case 2: put_each(NULL, values, 2, n, stride, to); break;
  case 4: put_each(NULL, values, 4, n, stride, to); break;
  case 8: put_each(NULL, values, 8, n, stride, to); break;
  default: put_each(NULL, values, width, n, stride, to); break;
  }
}

/* Returns whether one of them is cut. */
static bool put_strings(const struct simd_rows *batch, size_t stride, uint8_t *to) {
  size_t n = batch->rows;
  uint64_t bits = 0;
  for (size_t i = 0; i < n; i++)
    bits |= batch->bytes[i];
  if (bits <= STRING_BYTES && !batch->has_nulls) /* so is each length */
    for (size_t i = 0; i < n; i++)
      put_string(batch, i, true, to + i * stride);
  else
    for (size_t i = 0; i < n; i++)
      put_string(batch, i, false, to + i * stride);
  return bits > STRING_BYTES;
}

bool weft__pack_batch(const struct key_packing *packing, const struct weft_column *keys, size_t k,
                      const struct simd_rows *batch, uint8_t *to) {
  size_t n = batch->rows, stride = packing->stride;
  if (keys[k].layout != WEFT_FIXED)
    return put_strings(batch, stride, to + packing->at[k]);
  if (keys[k].width == 8)
    put_each(batch->ptrs, NULL, 8, n, stride, to + packing->at[k]);
  else if (keys[k].width == 4)
    put_each(batch->ptrs, NULL, 4, n, stride, to + packing->at[k]);
  else
    put_each(batch->ptrs, NULL, keys[k].width, n, stride, to + packing->at[k]);
  for (size_t first = 0; packing->null_bits && batch->has_nulls && first < n; first += SIMD_BLOCK)
    for (uint64_t nulls = ~batch->valid[first / SIMD_BLOCK]; nulls != 0; nulls &= nulls - 1) {
      uint8_t *key = to + (first + (size_t)__builtin_ctzll(nulls)) * stride, *byte = key + packing->nulls + k / 8;
      memset(key + packing->at[k], 0, keys[k].width);
      *byte = (uint8_t)(*byte | 1 << k % 8);
    }
  return false;
}

void weft__packed_add(const struct key_packing *packing, const uint8_t *mine, const uint32_t *ids, size_t n, uint32_t next,
                      uint8_t *packed) {
  for (size_t i = 0; i < n; i++)
    if (ids[i] == next)
      packed_copy(packing, mine, i, packed, next++);
}

void weft__packed_gather(const struct key_packing *packing, const uint8_t *packed, const uint32_t *rows, size_t n,
                         uint8_t *out) {
  for (size_t i = 0; i < n; i++)
    simd_ask_far(packed + (size_t)rows[i] * packing->stride);
  for (size_t i = 0; i < n; i++)
    packed_copy(packing, packed, rows[i], out, i);
}

ALWAYS_INLINE uint64_t difference(const uint8_t *a, const uint8_t *b, size_t bytes) {
  uint64_t differ = 0;
  for (size_t at = 0; at < bytes; at += sizeof differ) {
    uint64_t x, y;
    memcpy(&x, a + at, sizeof x);
    memcpy(&y, b + at, sizeof y);
    differ |= x ^ y;
  }
  return differ;
}

/* Bit i: string s of mine[i] is cut. */
static uint64_t cut_strings(size_t stride, unsigned s, const uint8_t *mine, size_t n) {
  const uint8_t *length = mine + s * PACKED_STRING + STRING_BYTES;
  uint64_t bits = 0;
  for (size_t i = 0; i < n; i++)
    bits |= (uint64_t)((uint8_t)(length[i * stride] - PACKED_STRING) < STRING_NULL - PACKED_STRING) << i;
  return bits;
}

/* stride is a constant. */
ALWAYS_INLINE bool compare_each(unsigned strings, size_t stride, const uint8_t *mine, size_t n, const uint8_t *packed,
                                const uint32_t *which, const uint64_t *candidates, uint64_t *unlike, uint64_t *look) {
  uint64_t any = 0;
  for (size_t i = 0; i < n; i++)
    simd_ask_far(packed + which[i] * stride);
  for (size_t start = 0; start < n; start += SIMD_BLOCK) {
    uint64_t differ = 0, cut = 0, here = candidates[start / SIMD_BLOCK];
    size_t in_block = here == 0 ? 0 : n - start < SIMD_BLOCK ? n - start : SIMD_BLOCK;
    const uint32_t *others = which + start;
    const uint8_t *keys = mine + start * stride;
    for (size_t k = 0; k < in_block; k++) {
      if (start + k + SIMD_NEAR < n)
        __builtin_prefetch(packed + others[k + SIMD_NEAR] * stride);
      differ |= (uint64_t)(difference(keys + k * stride, packed + others[k] * stride, stride) != 0) << k;
    }
    for (unsigned s = 0; s < strings; s++)
      cut |= cut_strings(stride, s, keys, in_block);
    cut &= here & ~differ;
    unlike[start / SIMD_BLOCK] = differ & here;
    look[start / SIMD_BLOCK] = cut;
    any |= cut;
  }
  return any != 0;
}

bool weft__packed_compare(const struct key_packing *packing, const uint8_t *mine, bool cut, size_t n, const uint8_t *packed,
                          const uint32_t *which, const uint64_t *candidates, uint64_t *unlike, uint64_t *look) {
  unsigned strings = cut ? packing->strings : 0;
  switch (packing->stride) {
  case 8: return compare_each(0, 8, mine, n, packed, which, candidates, unlike, look);
  case 16: return compare_each(strings, 16, mine, n, packed, which, candidates, unlike, look);
  default: return compare_each(strings, 32, mine, n, packed, which, candidates, unlike, look);
  }
}
