/* SPDX-License-Identifier: MIT
 *
 * The kernel `differ`: which rows of two batches are not equal. Included by isa_table.c, after vec.h where there are
 * vectors.
 */
#ifndef SIMD_KERNELS_DIFFER_H
#define SIMD_KERNELS_DIFFER_H

#include "simd/kernels/loop.h"

#ifdef V64_LANES
typedef simde__m128i row16;

/* Ones, then zeros: 16 bytes from differ_mask + 16 - n on are n ones and 16 - n zeros. */
static const uint8_t differ_mask[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* Rows of at most 32 bytes, both of the same length: the first 16 and the last 16, which overlap; those of a row of up to
 * 16 are the first ones twice, cut by the mask. */
static inline bool short_rows_differ(const uint8_t *a, const uint8_t *b, size_t bytes) {
  size_t head = bytes < sizeof(row16) ? bytes : sizeof(row16), tail = bytes - head;
  row16 mask = simde_mm_loadu_si128((const void *)(differ_mask + 16 - head));
  row16 first = simde_mm_xor_si128(simde_mm_loadu_si128((const void *)a), simde_mm_loadu_si128((const void *)b));
  row16 last =
      simde_mm_xor_si128(simde_mm_loadu_si128((const void *)(a + tail)), simde_mm_loadu_si128((const void *)(b + tail)));
  row16 both = simde_mm_and_si128(simde_mm_or_si128(first, last), mask);
  return !simde_mm_testz_si128(both, both);
}
#define DIFFER_SHORT 32
#else
#define DIFFER_SHORT 0
static inline bool short_rows_differ(const uint8_t *a, const uint8_t *b, size_t bytes) {
  return memcmp(a, b, bytes) != 0;
}
#endif

static void differ(const struct simd_rows *a, const struct simd_rows *b, uint64_t *out) {
  size_t rows = a->rows, ahead = b->prefetch, asked = ahead != 0 && ahead < rows ? rows - ahead : 0;
  prefetch_start(b);
  for (size_t first = 0; first < rows; first += SIMD_BLOCK) {
    uint64_t bits = 0;
    size_t end = rows - first < SIMD_BLOCK ? rows : first + SIMD_BLOCK;
    for (size_t i = first; i < end; i++) {
      if (i < asked)
        __builtin_prefetch(b->ptrs[i + ahead]);
      size_t bytes = a->bytes[i];
      bool other = true;
      if (bytes == b->bytes[i])
        other = bytes <= DIFFER_SHORT ? short_rows_differ(a->ptrs[i], b->ptrs[i], bytes)
                                      : memcmp(a->ptrs[i], b->ptrs[i], bytes) != 0;
      bits |= (uint64_t)other << (i - first);
    }
    out[first / SIMD_BLOCK] |= bits | (a->valid[first / SIMD_BLOCK] ^ b->valid[first / SIMD_BLOCK]);
  }
}

#endif
