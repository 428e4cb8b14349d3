/* SPDX-License-Identifier: MIT
 *
 * Packed blocks of 1024 words: BITPACK, FOR and DELTA, which differ in what they pack: the words, what is above the block's
 * base, or the differences from word to word above the least of them. (Zigzag would never take fewer bits than that.) Words
 * that would widen their block are patches: packed as anything, and put right afterwards. docs/format.md, "Packed blocks".
 * Here they are read; pack_encode.c writes them.
 */
#include "codecs/pack.h"

#define NO_BLOCK SIZE_MAX

struct packed {
  struct layout at;
  const uint8_t *bits; /* the packed words */
  size_t bits_bytes;
  const uint8_t *places, *patches;
  uint32_t n_patches; /* 0: not even their directory */
  size_t cached;      /* the block whose words are in `block`; NO_BLOCK */
  uint64_t block[CODEC_BLOCK];
};

static weft_status start(struct codec_in *in, struct codec_node *node) {
  unsigned item = node->item;
  if (!codec_is_word(item) || node->children != 0 || node->n == 0)
    return weft__codec_corrupt(in, node, 0, "%u values of %u bytes in %u streams, not words in packed blocks", node->n,
                               item, node->children);
  struct packed *packed;
  WEFT_TRY(weft__codec_scratch(in, 1, sizeof *packed, &packed));
  node->state = packed;
  packed->cached = NO_BLOCK;
  packed->n_patches = 0;
  size_t blocks = codec_blocks(node->n);
  unsigned flags = node->bytes > 0 ? node->section[0] : 0;
  struct layout at = layout_of(node->codec, blocks, item, flags & PATCHED);
  size_t pad = flags & ALIGNED ? -(node->offset + at.end) % CODEC_ALIGN : 0, start = at.end + pad;
  if (flags > (ALIGNED | PATCHED) || node->bytes < start)
    return weft__codec_corrupt(in, node, 0, "flags %u, and %llu bytes for a directory of %zu", flags,
                               (unsigned long long)node->bytes, start);
  for (size_t i = at.end; i < start; i++)
    if (node->section[i] != 0)
      return weft__codec_corrupt(in, node, i, "padding is %u", node->section[i]);
  packed->at = at;
  packed->bits = node->section + start;
  packed->bits_bytes = node->bytes - start;
  if (flags & PATCHED) {
    packed->n_patches = (uint32_t)codec_get(node->section + at.first_patch + 4 * blocks, 4);
    uint64_t bytes = (uint64_t)packed->n_patches * (2 + item);
    if (packed->n_patches == 0 || bytes > packed->bits_bytes)
      return weft__codec_corrupt(in, node, at.first_patch + 4 * blocks, "%u patches in %zu bytes", packed->n_patches,
                                 packed->bits_bytes);
    packed->bits_bytes -= bytes;
    packed->places = packed->bits + packed->bits_bytes;
    packed->patches = packed->places + 2 * (size_t)packed->n_patches;
  }
  size_t last = blocks - 1;
  uint64_t bytes = CODEC_BLOCK / 8 * codec_get(node->section + at.offsets + 4 * last, 4) +
                   packed_bytes(codec_block_values(node->n, last), node->section[at.widths + last]);
  if (bytes != packed->bits_bytes)
    return weft__codec_corrupt(in, node, at.offsets + 4 * last, "packed words end at byte %llu of %zu",
                               (unsigned long long)bytes, packed->bits_bytes);
  return WEFT_OK;
}

/* A block of the directory, checked. */
struct block {
  const uint8_t *bits;
  size_t n;
  unsigned width;
  uint64_t base, first;
  uint32_t patch, patches; /* patches[patch .. patch + patches) are its */
};

static weft_status find_block(struct codec_in *in, const struct codec_node *node, size_t b, struct block *block) {
  const struct packed *packed = node->state;
  const uint8_t *section = node->section;
  unsigned item = node->item;
  block->n = codec_block_values(node->n, b);
  block->width = section[packed->at.widths + b];
  uint64_t offset = CODEC_BLOCK / 8 * codec_get(section + packed->at.offsets + 4 * b, 4);
  if (block->width > 8 * item)
    return weft__codec_corrupt(in, node, packed->at.widths + b, "block %zu has words of %u bits, at most %u", b,
                               block->width, 8 * item);
  if (offset + packed_bytes(block->n, block->width) > packed->bits_bytes)
    return weft__codec_corrupt(in, node, packed->at.offsets + 4 * b, "block %zu begins at byte %llu of %zu, and takes %zu",
                               b, (unsigned long long)offset, packed->bits_bytes, packed_bytes(block->n, block->width));
  block->bits = packed->bits + offset;
  block->base = node->codec == WEFT_CODEC_BITPACK ? 0 : codec_get(section + packed->at.bases + item * b, item);
  block->first = node->codec == WEFT_CODEC_DELTA ? codec_get(section + packed->at.firsts + item * b, item) : 0;
  block->patch = block->patches = 0;
  if (packed->n_patches == 0)
    return WEFT_OK;
  const uint8_t *first_patch = section + packed->at.first_patch + 4 * b;
  uint32_t from = (uint32_t)codec_get(first_patch, 4), to = (uint32_t)codec_get(first_patch + 4, 4);
  if (from > to || to > packed->n_patches || to - from > block->n)
    return weft__codec_corrupt(in, node, packed->at.first_patch + 4 * b, "block %zu has patches %u to %u of %u", b, from,
                               to, packed->n_patches);
  block->patch = from;
  block->patches = to - from;
  return WEFT_OK;
}

static weft_status apply_patches(struct codec_in *in, const struct codec_node *node, const struct block *block, void *out) {
  const struct packed *packed = node->state;
  for (uint32_t i = block->patch; i < block->patch + block->patches; i++) {
    size_t place = codec_get(packed->places + 2 * (size_t)i, 2);
    if (place >= block->n)
      return weft__codec_corrupt(in, node, (uint64_t)(packed->places - node->section) + 2 * (size_t)i,
                                 "a patch at %zu of a block of %zu", place, block->n);
    codec_set_word(out, place, node->item, codec_get(packed->patches + (size_t)i * node->item, node->item));
  }
  return WEFT_OK;
}

/* A block of DELTA with patches: its differences are put right, and summed as a block that is packed in all bits of a word,
 * which is nothing but its words. */
static weft_status sum_patched(struct codec_in *in, const struct codec_node *node, const struct block *block, void *out) {
  uint64_t differences[CODEC_BLOCK];
  unsigned item = node->item;
  CODEC_KERNEL(in->codecs, unpack, item)(block->bits, block->n, block->width, block->base, differences);
  WEFT_TRY(apply_patches(in, node, block, differences));
  codec_set_word(differences, 0, item, 0);
  codec_order(differences, block->n, item);
  CODEC_KERNEL(in->codecs, undelta, item)((const uint8_t *)differences, block->n, 8 * item, 0, block->first, out);
  return WEFT_OK;
}

/* A block of DELTA without patches. Its words must begin with the one that is told apart, or it would read otherwise by
 * itself. */
static weft_status sum_block(struct codec_in *in, const struct codec_node *node, const struct block *block, size_t b,
                             void *out) {
  unsigned item = node->item, bits = block->width;
  uint64_t base = block->base, first = block->first;
  CODEC_KERNEL(in->codecs, undelta, item)(block->bits, block->n, bits, base, first - base, out);
  if (codec_word(out, 0, item) == first)
    return WEFT_OK;
  const struct packed *packed = node->state;
  return weft__codec_corrupt(in, node, packed->at.firsts + item * b, "block %zu begins with %llu, and its words with %llu",
                             b, (unsigned long long)first, (unsigned long long)codec_word(out, 0, item));
}

static weft_status read_block(struct codec_in *in, const struct codec_node *node, size_t b, void *out) {
  struct block block;
  const struct packed *packed = node->state;
  WEFT_TRY(find_block(in, node, b, &block));
  codec_prefetch(packed->bits, (size_t)(block.bits - packed->bits), packed_bytes(block.n, block.width), packed->bits_bytes);
  if (node->codec == WEFT_CODEC_DELTA)
    return block.patches == 0 ? sum_block(in, node, &block, b, out) : sum_patched(in, node, &block, out);
  CODEC_KERNEL(in->codecs, unpack, node->item)(block.bits, block.n, block.width, block.base, out);
  return block.patches > 0 ? apply_patches(in, node, &block, out) : WEFT_OK;
}

/* Value i of a block without patches, that is not DELTA's. */
static uint64_t read_one(const struct block *block, size_t i, unsigned item) {
  unsigned width = block->width, bits = 8 * item;
  uint64_t value = 0;
  if (width > 0 && block->n == CODEC_BLOCK) {
    size_t lanes = CODEC_BLOCK / bits, lane = i % lanes, bit = i / lanes * width;
    unsigned shift = (unsigned)(bit % bits);
    value = codec_get(block->bits + (bit / bits * lanes + lane) * item, item) >> shift;
    if (shift + width > bits)
      value |= codec_get(block->bits + ((bit / bits + 1) * lanes + lane) * item, item) << (bits - shift);
  } else if (width > 0) {
    size_t bit = i * width;
    unsigned shift = (unsigned)(bit % 8), bytes = (shift + width + 7) / 8;
    value = codec_get(block->bits + bit / 8, bytes < 8 ? bytes : 8) >> shift;
    if (bytes > 8)
      value |= (uint64_t)block->bits[bit / 8 + 8] << (64 - shift);
  }
  return block->base + (width < 64 ? value & (((uint64_t)1 << width) - 1) : value);
}

/* Values from `from` on of block b, n of them, not the whole block: one by one where they are few, else by way of the
 * block's words, which are kept for the next. */
static weft_status read_part(struct codec_in *in, const struct codec_node *node, size_t b, size_t from, size_t n,
                             void *out) {
  enum { FEW = 16 };
  struct packed *packed = node->state;
  unsigned item = node->item;
  if (packed->cached != b && node->codec == WEFT_CODEC_DELTA && from == 0 && n == 1) {
    struct block block; /* its first value, by which runs are searched for, is told apart */
    WEFT_TRY(find_block(in, node, b, &block));
    codec_set_word(out, 0, item, block.first);
    return WEFT_OK;
  }
  if (packed->cached != b && n <= FEW && node->codec != WEFT_CODEC_DELTA) {
    struct block block;
    WEFT_TRY(find_block(in, node, b, &block));
    for (size_t i = 0; block.patches == 0 && i < n; i++)
      codec_set_word(out, i, item, read_one(&block, from + i, item));
    if (block.patches == 0)
      return WEFT_OK;
  }
  if (packed->cached != b) {
    packed->cached = NO_BLOCK;
    WEFT_TRY(read_block(in, node, b, packed->block));
    packed->cached = b;
  }
  memcpy(out, (const uint8_t *)packed->block + from * item, n * item);
  return WEFT_OK;
}

/* Whole blocks from b on, up to `end`, of FOR or BITPACK without patches: returns the first that is not read, as find_block
 * is to say what is wrong with it. In the first-level cache a call takes as long for a block's checks as for a tenth of its
 * words, unless all that is the same for every block is found once. */
static size_t read_whole(const struct codec_in *in, const struct codec_node *node, size_t b, size_t end, uint8_t *out) {
  const struct packed *packed = node->state;
  const uint8_t *widths = node->section + packed->at.widths, *offsets = node->section + packed->at.offsets;
  const uint8_t *bases = node->codec == WEFT_CODEC_BITPACK ? NULL : node->section + packed->at.bases;
  const uint8_t *bits = packed->bits;
  size_t bits_bytes = packed->bits_bytes, item = node->item, words = CODEC_BLOCK * item, out_bytes = (end - b) * words;
  simd_unpack_fn *unpack = CODEC_KERNEL(in->codecs, unpack, item);
  for (size_t at = 0; b < end; b++, at += words) {
    unsigned width = widths[b];
    uint64_t offset = CODEC_BLOCK / 8 * codec_get(offsets + 4 * b, 4), packed_block = packed_bytes(CODEC_BLOCK, width);
    if (width > 8 * item || offset + packed_block > bits_bytes)
      break;
    codec_prefetch(bits, offset, packed_block, bits_bytes);
    codec_prefetch(out, at, words, out_bytes);
    unpack(bits + offset, CODEC_BLOCK, width, bases ? codec_get(bases + item * b, (unsigned)item) : 0, out + at);
  }
  return b;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  const struct packed *packed = node->state;
  uint8_t *to = out;
  size_t i = first, end = (size_t)first + n;
  if (i % CODEC_BLOCK == 0 && packed->n_patches == 0 && node->codec != WEFT_CODEC_DELTA) {
    i = CODEC_BLOCK * read_whole(in, node, i / CODEC_BLOCK, end / CODEC_BLOCK, to);
    to += (i - first) * node->item;
  }
  while (i < end) {
    size_t b = i / CODEC_BLOCK, from = i % CODEC_BLOCK, in_block = codec_block_values(node->n, b);
    size_t part = end - i < in_block - from ? end - i : in_block - from;
    codec_prefetch(out, (i - first) * node->item, part * node->item, n * (size_t)node->item);
    WEFT_TRY(part == in_block ? read_block(in, node, b, to) : read_part(in, node, b, from, part, to));
    to += part * node->item;
    i += part;
  }
  return WEFT_OK;
}

/* ---- What writers must do, and readers do without ---- */

/* Value 0 of a block as it is packed, which begins with it. */
static uint64_t first_packed(const struct block *block, unsigned item) {
  size_t bytes = packed_bytes(block->n, block->width);
  if (block->width == 0)
    return 0;
  return codec_get(block->bits, bytes < item ? (unsigned)bytes : item) & UINT64_MAX >> (64 - block->width);
}

/* The places of a block's patches ascend, and no patch is of a value that DELTA tells apart. */
static weft_status check_places(struct codec_in *in, const struct codec_node *node, const struct block *block, size_t b) {
  const struct packed *packed = node->state;
  size_t least = node->codec == WEFT_CODEC_DELTA;
  for (uint32_t i = block->patch; i < block->patch + block->patches; i++) {
    const uint8_t *at = packed->places + 2 * (size_t)i;
    size_t place = codec_get(at, 2);
    if (place < least || place >= block->n)
      return weft__codec_corrupt(in, node, (uint64_t)(at - node->section),
                                 "block %zu of %zu values has a patch at %zu, at least %zu is due", b, block->n, place,
                                 least);
    least = place + 1;
  }
  return WEFT_OK;
}

weft_status weft__packed_check(struct codec_in *in, const struct codec_node *node) {
  const struct packed *packed = node->state;
  const uint8_t *offsets = node->section + packed->at.offsets, *patches = node->section + packed->at.first_patch;
  uint64_t units = 0;
  struct block block = {.bits = NULL};
  for (size_t b = 0; b < codec_blocks(node->n); b++) {
    WEFT_TRY(find_block(in, node, b, &block));
    if (codec_get(offsets + 4 * b, 4) != units)
      return weft__codec_corrupt(in, node, packed->at.offsets + 4 * b,
                                 "block %zu begins at %llu times 128 bytes, and the one before ends at %llu", b,
                                 (unsigned long long)codec_get(offsets + 4 * b, 4), (unsigned long long)units);
    if (b == 0 && packed->n_patches > 0 && block.patch != 0)
      return weft__codec_corrupt(in, node, (uint64_t)(patches - node->section), "the first patch of block 0 is number %u",
                                 block.patch);
    if (node->codec == WEFT_CODEC_DELTA && first_packed(&block, node->item) != 0)
      return weft__codec_corrupt(in, node, (uint64_t)(block.bits - node->section),
                                 "block %zu begins with a difference that is not 0", b);
    WEFT_TRY(check_places(in, node, &block, b));
    units += block.width;
  }
  size_t bits = block.n * block.width;
  if (bits % 8 != 0 && block.bits[bits / 8] >> bits % 8 != 0)
    return weft__codec_corrupt(in, node, (uint64_t)(block.bits + bits / 8 - node->section),
                               "the last block has bits past its %zu values of %u bits", block.n, block.width);
  return WEFT_OK;
}

const struct codec_operations weft__bitpack = {weft__bitpack_encode, start, read},
                              weft__for = {weft__for_encode, start, read}, weft__delta = {weft__delta_encode, start, read};
