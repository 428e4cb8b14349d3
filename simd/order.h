/* SPDX-License-Identifier: MIT
 *
 * The order of bytes: numbers are hashed and packed as little-endian bytes on every machine, and held in the machine's own
 * order everywhere else. For kernels and lib/.
 */
#ifndef SIMD_ORDER_H
#define SIMD_ORDER_H

#include <stdint.h>

/* For conditions, so that what either machine does is compiled on both. */
#define SIMD_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* A word of `width` bits as loaded, whose bytes are in little-endian order, as a number; and the reverse. */
static inline uint64_t from_little(uint64_t word, unsigned width) {
  return SIMD_BIG_ENDIAN ? __builtin_bswap64(word) >> (64 - width) : word;
}

#endif
