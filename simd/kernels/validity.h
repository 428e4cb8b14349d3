/* SPDX-License-Identifier: MIT
 *
 * Which rows of a column are not null, 64 at a time. For the kernels that read columns.
 */
#ifndef SIMD_KERNELS_VALIDITY_H
#define SIMD_KERNELS_VALIDITY_H

#include "simd/kernels.h"

/* 64 bits of a bitmap from bit `first` on, of which n <= 64 are wanted and the others 0. Reads only bytes that hold wanted
 * bits. */
static inline uint64_t bitmap_word(const uint8_t *bits, size_t first, size_t n) {
  const uint8_t *p = bits + first / 8;
  unsigned shift = first % 8;
  uint64_t word = 0;
  size_t bytes = (shift + n + 7) / 8;
  if (bytes >= sizeof word)
    memcpy(&word, p, sizeof word), word = from_little(word, 64);
  else
    for (size_t i = 0; i < bytes; i++)
      word |= (uint64_t)p[i] << 8 * i;
  word >>= shift;
  if (bytes > sizeof word)
    word |= (uint64_t)p[sizeof word] << (64 - shift);
  return n < 64 ? word & (((uint64_t)1 << n) - 1) : word;
}

/* The same of bits first + rows[n]. */
static inline uint64_t bitmap_bits(const uint8_t *bits, size_t first, const uint32_t *rows, size_t n) {
  uint64_t word = 0;
  for (size_t i = 0; i < n; i++) {
    size_t bit = first + rows[i];
    word |= (uint64_t)(bits[bit / 8] >> bit % 8 & 1) << i;
  }
  return word;
}

/* Which of n <= SIMD_BLOCK rows from `first` on are not null. Of a selection with nulls, *rows becomes one that may be
 * looked at, in `plain`: where a null row's number may be anything, row 0. */
static uint64_t validity(const struct simd_column *column, size_t first, size_t n, const uint32_t **rows, uint32_t *plain) {
  uint64_t word = n < SIMD_BLOCK ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
  if (column->row_validity) {
    word = bitmap_word(column->row_validity, column->row_bit_offset + first, n);
    if (column->selection) {
      for (size_t i = 0; i < n; i++)
        plain[i] = (*rows)[i] & (uint32_t)(0 - (word >> i & 1));
      *rows = plain;
    }
  }
  if (!column->base_validity || word == 0) /* when all are null there may be no row 0 */
    return word;
  return word & (column->selection ? bitmap_bits(column->base_validity, column->base_bit_offset, *rows, n)
                                   : bitmap_word(column->base_validity, column->base_bit_offset + first, n));
}

#endif
