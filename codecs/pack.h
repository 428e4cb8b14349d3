/* SPDX-License-Identifier: MIT
 *
 * Packed blocks as they lie in their section, for the two files that write and read them.
 */
#ifndef CODECS_PACK_H
#define CODECS_PACK_H

#include "codecs/codec.h"

/* Flags of a section. */
enum { ALIGNED = 1, PATCHED = 2 };

/* Where the arrays of a section lie, from its first byte. */
struct layout {
  size_t widths, offsets, bases, firsts, first_patch, end; /* end: of the directory */
};

static inline struct layout layout_of(unsigned codec, size_t blocks, unsigned item, bool patched) {
  struct layout at = {.widths = 1};
  at.offsets = at.widths + blocks;
  at.bases = at.offsets + 4 * blocks;
  at.firsts = at.bases + (codec != WEFT_CODEC_BITPACK ? item * blocks : 0);
  at.first_patch = at.firsts + (codec == WEFT_CODEC_DELTA ? item * blocks : 0);
  at.end = at.first_patch + (patched ? 4 * (blocks + 1) : 0);
  return at;
}

static inline size_t packed_bytes(size_t n, unsigned bits) {
  return (n * bits + 7) / 8;
}

/* What the operations of BITPACK, FOR and DELTA begin with. */
codec_encode_fn weft__bitpack_encode, weft__for_encode, weft__delta_encode;

#endif
