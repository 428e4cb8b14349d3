/* SPDX-License-Identifier: MIT
 *
 * What a split-block Bloom filter must be, bit by bit, as the specification says it (parquet-format, BloomFilter.md: mask,
 * filter_insert, filter_check).
 */
#ifndef TESTS_BLOOM_LOOP_H
#define TESTS_BLOOM_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOOM_BLOCK_BYTES 32

/* Which bit of a filter, counted from the first of its first byte, a hash has in word k of its block. */
static inline size_t loop_bit(uint64_t hash, uint32_t n_blocks, unsigned k) {
  static const uint32_t salt[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                   0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
  uint64_t block = (hash >> 32) * n_blocks >> 32;
  uint32_t y = (uint32_t)hash * salt[k];
  return (size_t)block * 8 * BLOOM_BLOCK_BYTES + 32 * k + (y >> 27);
}

static inline void loop_insert(uint8_t *blocks, uint32_t n_blocks, uint64_t hash) {
  for (unsigned k = 0; k < 8; k++) {
    size_t bit = loop_bit(hash, n_blocks, k);
    blocks[bit / 8] = (uint8_t)(blocks[bit / 8] | 1 << bit % 8);
  }
}

static inline bool loop_finds(const uint8_t *blocks, uint32_t n_blocks, uint64_t hash) {
  bool all = true;
  for (unsigned k = 0; k < 8; k++) {
    size_t bit = loop_bit(hash, n_blocks, k);
    all &= blocks[bit / 8] >> bit % 8 & 1;
  }
  return all;
}

#endif
