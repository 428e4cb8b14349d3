/* SPDX-License-Identifier: MIT
 *
 * positions: the numbers of the bits that are set. Included by isa_codecs.c, after orders.h.
 */
#ifndef SIMD_KERNELS_POSITIONS_H
#define SIMD_KERNELS_POSITIONS_H

#include "simd/kernels/orders.h"

/* So many bits of a word are stored one by one, whether they are there or not: with few bits in a word no branch goes by
 * how many. */
#define POSITIONS_FEW 4

/* Stores base + the place of each of 8 bits, and garbage up to 8 numbers. */
ALWAYS_INLINE void store_positions(uint64_t bits, uint32_t base, uint32_t *to) {
  simde__m128i order = simde_mm_loadl_epi64((const void *)&places[bits]);
#if V64_LANES == 4
  store_wide(to, simde_mm256_add_epi32(simde_mm256_set1_epi32((int32_t)base), simde_mm256_cvtepu8_epi32(order)));
#else
  const simde__m128i bases = simde_mm_set1_epi32((int32_t)base);
  store_wide(to, simde_mm_add_epi32(bases, simde_mm_cvtepu8_epi32(order)));
  store_wide(to + 4, simde_mm_add_epi32(bases, simde_mm_cvtepu8_epi32(simde_mm_srli_si128(order, 4))));
#endif
}

static size_t move_positions(const uint64_t *bits, size_t n, uint32_t base, uint32_t *out) {
  uint32_t *to = out;
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = bits[first / 64];
    if (n - first < 64)
      word &= ((uint64_t)1 << (n - first)) - 1;
    uint32_t row = base + (uint32_t)first;
    unsigned count = (unsigned)__builtin_popcountll(word);
    if (count <= POSITIONS_FEW) {
      for (unsigned k = 0; k < POSITIONS_FEW; k++, word &= word - 1) {
        ONE_BY_ONE(word);
        to[k] = row + (uint32_t)__builtin_ctzll(word | (uint64_t)1 << 63);
      }
      to += count;
    } else {
      for (unsigned i = 0; i < 8; i++, row += 8, word >>= 8) {
        ONE_BY_ONE(i);
        store_positions(word & 0xff, row, to);
        to += __builtin_popcountll(word & 0xff);
      }
    }
  }
  return (size_t)(to - out);
}

#endif
