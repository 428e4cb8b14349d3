/* SPDX-License-Identifier: MIT
 *
 * What the kernels of codecs that move words share, above all the orders in which words are taken by the bits of a few
 * rows. Included by isa_codecs.c. Tables with vectors exist for little-endian machines alone: byte k of a word is number k
 * of an order, and byte i / 8 of a bitmap has the bits of rows i to i + 7.
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

#endif
