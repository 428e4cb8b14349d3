/* SPDX-License-Identifier: MIT
 *
 * Bits and bytes for the kernels of codecs: bits that lie one behind the other, and what needs no width.
 */
#ifndef SIMD_KERNELS_BITS_H
#define SIMD_KERNELS_BITS_H

#include <stdint.h>
#include <string.h>

#include "simd/order.h"

/* The `bits` bits, at most 64, from bit `at` on. Reads no byte that holds none of them. */
static inline uint64_t bits_at(const uint8_t *in, size_t at, unsigned bits) {
  uint64_t value = 0;
  for (unsigned got = 0; got < bits;) {
    unsigned shift = (unsigned)(at + got) % 8;
    value |= (uint64_t)(in[(at + got) / 8] >> shift) << got;
    got += 8 - shift;
  }
  return bits == 64 || bits == 0 ? value : value & (((uint64_t)1 << bits) - 1);
}

/* Sets those bits, which were 0, to value, which has no others. */
static inline void put_bits(uint8_t *out, size_t at, unsigned bits, uint64_t value) {
  for (unsigned put = 0; put < bits;) {
    unsigned shift = (unsigned)(at + put) % 8;
    out[(at + put) / 8] |= (uint8_t)(value >> put << shift);
    put += 8 - shift;
  }
}

static size_t plain_positions(const uint64_t *bits, size_t n, uint32_t base, uint32_t *out) {
  size_t count = 0;
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = bits[first / 64];
    if (n - first < 64)
      word &= ((uint64_t)1 << (n - first)) - 1;
    for (; word != 0; word &= word - 1)
      out[count++] = base + (uint32_t)first + (uint32_t)__builtin_ctzll(word);
  }
  return count;
}

static void plain_stream(const void *in, size_t bytes, void *out) {
  memcpy(out, in, bytes);
}

#endif
