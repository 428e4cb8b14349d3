/* SPDX-License-Identifier: MIT
 *
 * The validity of an encoding's rows, read in memory that does not grow with them: bits of any rows, and how many values
 * lie before them.
 */
#ifndef LIB_VALIDITY_H
#define LIB_VALIDITY_H

#include "codecs/codec.h"

/* What is known of the rows, block by block. */
struct validity {
  struct codec_in *in;
  struct codec_node *node; /* the stream; NULL: no row is null */
  uint32_t *ranks;         /* [blocks + 1] valid rows before each block, once they are worth it; else NULL */
  size_t ranked;           /* of them that are counted, those of the first blocks */
  bool has_jumped;         /* the valid rows before a block were counted from the first on */
  size_t block;            /* the one at hand; SIZE_MAX: none */
  uint32_t rank;           /* valid rows before it */
  uint64_t bits[CODEC_BLOCK / 64];
  size_t positions; /* the block of the stream of positions that is in position[]; SIZE_MAX: none */
  uint32_t position[CODEC_BLOCK];
};

/* Starts the stream. weft__codec_open was called on in. */
weft_status weft__validity_open(struct codec_in *in, struct validity *validity);

/* Bits of rows row .. row + n, n <= CODEC_BLOCK, from bit 0 of bits[CODEC_BLOCK / 64] on, the others 0; *rank: valid
 * rows before. Fast where row is that of the call before, plus its n. */
weft_status weft__validity_read(struct validity *validity, uint32_t row, uint32_t n, uint64_t *bits, uint32_t *rank);

/* Makes every block be found at once, for rows in any order. 4 bytes a block. */
weft_status weft__validity_index(struct validity *validity);

/* Whether a row is valid, and where its value is then. weft__validity_index was called. */
weft_status weft__validity_find(struct validity *validity, uint32_t row, bool *valid, uint32_t *rank);

static inline uint32_t bits_count(const uint64_t *bits, size_t n) {
  uint32_t count = 0;
  for (size_t i = 0; i < n / 64; i++)
    count += (uint32_t)__builtin_popcountll(bits[i]);
  return n % 64 == 0 ? count : count + (uint32_t)__builtin_popcountll(bits[n / 64] << (64 - n % 64));
}

#endif
