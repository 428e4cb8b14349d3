/* SPDX-License-Identifier: MIT
 *
 * For the kernels of codecs that go by bitmaps: the orders in which values are taken, by the bits of a few rows; and the
 * kernel positions. Included by isa_codecs.c. Tables with vectors exist for little-endian machines alone: byte k of a word
 * is number k of an order, and byte i / 8 of a bitmap has the bits of rows i to i + 7.
 */
#ifndef SIMD_KERNELS_ORDERS_H
#define SIMD_KERNELS_ORDERS_H

#include "simd/vec32.h"

/* Number j: how many of the 7 bits below bit j are set. */
#define RANK(bits, j) (((bits) >> (j)&1) * (UINT64_C(0x0101010101010100) << 8 * (j)))
#define RANKS(bits) \
  (RANK(bits, 0) + RANK(bits, 1) + RANK(bits, 2) + RANK(bits, 3) + RANK(bits, 4) + RANK(bits, 5) + RANK(bits, 6))

/* Number k: which bit is the k-th that is set; 0 where there are fewer. */
#define PLACE(bits, j, next) ((next) << 8 * ((bits) >> (j)&1) | ((bits) >> (j)&1) * (j))
#define PLACES_FROM_4(bits) PLACE(bits, 4, PLACE(bits, 5, PLACE(bits, 6, PLACE(bits, 7, UINT64_C(0)))))
#define PLACES(bits) PLACE(bits, 0, PLACE(bits, 1, PLACE(bits, 2, PLACE(bits, 3, PLACES_FROM_4(bits)))))

#define OF_4(order, bits) order((bits)), order((bits) + 1), order((bits) + 2), order((bits) + 3)
#define OF_16(order, bits) OF_4(order, bits), OF_4(order, (bits) + 4), OF_4(order, (bits) + 8), OF_4(order, (bits) + 12)
#define OF_64(order, bits) \
  OF_16(order, bits), OF_16(order, (bits) + 16), OF_16(order, (bits) + 32), OF_16(order, (bits) + 48)

/* The first four numbers of an order as those of the bytes of words of 32 bits, and of the halves of words of 64. */
#define NUMBER(order, k) ((order) >> 8 * (k)&0xff)
#define BYTES_OF(order, k) (NUMBER(order, k) * 0x04040404 + 0x03020100)
#define HALVES_OF(order, k) ((NUMBER(order, k) * 0x0202 + 0x0100) << 16 * (k))
#define FOUR_OF_BYTES(order) BYTES_OF(order, 0) | BYTES_OF(order, 1) << 32, BYTES_OF(order, 2) | BYTES_OF(order, 3) << 32
#define FOUR_OF_HALVES(order) HALVES_OF(order, 0) | HALVES_OF(order, 1) | HALVES_OF(order, 2) | HALVES_OF(order, 3)

#if V64_LANES == 4
#define FOUR(order) FOUR_OF_HALVES(order)
#define FOUR_WORDS 1
#else
#define FOUR(order) FOUR_OF_BYTES(order)
#define FOUR_WORDS 2
#endif
#define FOUR_RANKS(bits) FOUR(RANKS(bits))
#define FOUR_PLACES(bits) FOUR(PLACES(bits))

#ifndef SIMD_ISA_avx512vbmi
static const uint64_t ranks[256] = {OF_64(RANKS, 0), OF_64(RANKS, 64), OF_64(RANKS, 0), OF_64(RANKS, 64)};
#endif
#if V64_LANES < 8
static const uint64_t places[256] = {OF_64(PLACES, 0), OF_64(PLACES, 64), OF_64(PLACES, 128), OF_64(PLACES, 192)};
static const uint64_t four_ranks[8 * FOUR_WORDS] = {OF_4(FOUR_RANKS, 0), OF_4(FOUR_RANKS, 4)};
static const uint64_t four_places[16 * FOUR_WORDS] = {OF_16(FOUR_PLACES, 0)};
#endif

#define WIDE_BYTES (8 * V64_LANES)

ALWAYS_INLINE v64 load_wide(const void *from) {
  return v64_load(from);
}

ALWAYS_INLINE void store_wide(void *to, v64 words) {
  v64_store(to, words);
}

ALWAYS_INLINE size_t bit_at(const uint64_t *bits, size_t i) {
  return bits[i / 64] >> i % 64 & 1;
}

/* The bits of 8 rows from the second of a byte's rows on. The next byte is read too. */
ALWAYS_INLINE unsigned eight_bits_on(const uint8_t *eight) {
  uint16_t two;
  memcpy(&two, eight, sizeof two);
  return (uint8_t)(two >> 1);
}

/* The greatest of codes[n], n > 0. */
ONE_COPY uint32_t greatest_of(const uint32_t *codes, size_t n) {
  uint32_t greatest = 0;
  for (size_t i = 0; i < n; i++)
    greatest = codes[i] > greatest ? codes[i] : greatest;
  return greatest;
}

#ifndef SIMD_ISA_avx512vbmi
/* Stores base + the place of each of the bits. */
#if V64_LANES == 8
#define POSITIONS_AT_ONCE 16
ALWAYS_INLINE void store_positions(uint64_t bits, uint32_t base, uint32_t *to) {
  const __m512i count = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  _mm512_storeu_si512(to,
                      _mm512_maskz_compress_epi32((__mmask16)bits, _mm512_add_epi32(_mm512_set1_epi32((int)base), count)));
}
#else
#define POSITIONS_AT_ONCE 8
ALWAYS_INLINE void store_positions(uint64_t bits, uint32_t base, uint32_t *to) {
  simde__m128i order = simde_mm_loadl_epi64((const void *)&places[bits & 0xff]);
#if V64_LANES == 4
  store_wide(to, simde_mm256_add_epi32(simde_mm256_set1_epi32((int32_t)base), simde_mm256_cvtepu8_epi32(order)));
#else
  const simde__m128i bases = simde_mm_set1_epi32((int32_t)base);
  store_wide(to, simde_mm_add_epi32(bases, simde_mm_cvtepu8_epi32(order)));
  store_wide(to + 4, simde_mm_add_epi32(bases, simde_mm_cvtepu8_epi32(simde_mm_srli_si128(order, 4))));
#endif
}
#endif

static size_t move_positions(const uint64_t *bits, size_t n, uint32_t base, uint32_t *out) {
  uint32_t *to = out;
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = bits[first / 64];
    if (n - first < 64)
      word &= ((uint64_t)1 << (n - first)) - 1;
    if (word == 0)
      continue;
    for (unsigned i = 0; i < 64; i += POSITIONS_AT_ONCE, word >>= POSITIONS_AT_ONCE) {
      store_positions(word, base + (uint32_t)first + i, to);
      to += __builtin_popcountll(word & ((1u << POSITIONS_AT_ONCE) - 1));
    }
  }
  return (size_t)(to - out);
}
#endif

#endif
