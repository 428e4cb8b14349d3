/* SPDX-License-Identifier: MIT
 *
 * Packed blocks of 1024 words: BITPACK, FOR and DELTA, which differ in what they pack: the words, what is above the block's
 * base, or the differences from word to word above the least of them. (Zigzag would never take fewer bits than that.) Words
 * that would widen their block are patches: packed as anything, and put right afterwards. docs/format.md, "Packed blocks".
 */
#include "codecs/codec.h"

enum { ALIGNED = 1, PATCHED = 2 };

/* Bytes of packed words from which on they are aligned. */
#define ALIGN_FROM 4096

/* Where the arrays of a section lie, from its first byte. */
struct layout {
  size_t widths, offsets, bases, firsts, first_patch, end; /* end: of the directory */
};

static struct layout layout_of(unsigned codec, size_t blocks, unsigned item, bool patched) {
  struct layout at = {.widths = 1};
  at.offsets = at.widths + blocks;
  at.bases = at.offsets + 4 * blocks;
  at.firsts = at.bases + (codec != WEFT_CODEC_BITPACK ? item * blocks : 0);
  at.first_patch = at.firsts + (codec == WEFT_CODEC_DELTA ? item * blocks : 0);
  at.end = at.first_patch + (patched ? 4 * (blocks + 1) : 0);
  return at;
}

static uint64_t word_mask(unsigned item) {
  return UINT64_MAX >> (64 - 8 * item);
}

static size_t packed_bytes(size_t n, unsigned bits) {
  return (n * bits + 7) / 8;
}

/* ---- Encoding ---- */

/* How one block is packed. */
struct plan {
  uint64_t base;
  uint16_t patches;
  uint8_t bits;
};

/* Finds the bits that take the fewest bytes, given how many of n words have each length: shorter ones make patches. */
static struct plan cheapest(const uint32_t *lengths, size_t n, unsigned item) {
  unsigned longest = 8 * item;
  while (longest > 0 && lengths[longest] == 0)
    longest--;
  struct plan best = {.bits = (uint8_t)longest};
  size_t least = packed_bytes(n, longest), patches = 0;
  for (unsigned bits = longest; bits-- > 0;) {
    patches += lengths[bits + 1];
    size_t bytes = packed_bytes(n, bits) + patches * (2 + item);
    if (bytes < least) {
      least = bytes;
      best.bits = (uint8_t)bits;
      best.patches = (uint16_t)patches;
    }
  }
  return best;
}

/* The bits within which all but 3 in 32 of the numbers counted lie: more outliers are no gain as patches, and fewer
 * would be missed in blocks that have one or two of them among the words looked at. */
static unsigned most_within(const uint32_t *lengths, size_t counted) {
  unsigned bits = 64;
  for (size_t beyond = 0; bits > 0 && (beyond += lengths[bits]) <= 3 * counted / 32;)
    bits--;
  return bits;
}

/* Of three words of a block the one in the middle: hardly ever an outlier. */
static uint64_t middle_word(const void *words, size_t n, unsigned item, uint64_t flip) {
  uint64_t a = codec_word(words, n / 4, item) ^ flip, b = codec_word(words, n / 2, item) ^ flip;
  uint64_t c = codec_word(words, n / 4 * 3, item) ^ flip, low = a < b ? a : b, high = a < b ? b : a;
  return (c < low ? low : c > high ? high : c) ^ flip;
}

/* Every so many words of a block are looked at for whether patches would pay, and the bits less that are worth them. */
enum { STEP = 32, WORTH = 2 };

/* The bits of the distance, up or down, within which most words are from one of them. */
static unsigned spread_of(const void *words, size_t n, unsigned item, uint64_t from) {
  uint32_t lengths[65] = {0};
  uint64_t mask = word_mask(item), top = mask ^ mask >> 1;
  for (size_t i = 0; i < n; i += STEP) {
    uint64_t distance = (codec_word(words, i, item) - from) & mask;
    lengths[codec_bits((distance & top ? -distance : distance) & mask)]++;
  }
  return most_within(lengths, (n + STEP - 1) / STEP);
}

/* The least of the words from base on up to base and the mask. */
static uint64_t least_within(const void *words, size_t n, unsigned item, uint64_t base, uint64_t window) {
  uint64_t mask = word_mask(item), least = window;
  for (size_t i = 0; i < n; i++) {
    uint64_t above = (codec_word(words, i, item) - base) & mask;
    least = above < least ? above : least;
  }
  return (base + least) & mask;
}

/* Whether patches would pay is guessed from some words: how far most of them are from one in the middle; outliers may
 * lie above, and below, as the one negative step of a sorted sequence that starts anew. What pays is then counted. */
static struct plan plan_block(const struct simd_codecs *codecs, const void *words, size_t n, unsigned item, uint64_t flip,
                              bool has_base) {
  struct simd_range range = CODEC_KERNEL(codecs, range, item)(words, n, has_base ? flip : 0);
  uint64_t mask = word_mask(item), base = has_base ? range.min : 0;
  struct plan plan = {.base = base, .bits = (uint8_t)codec_bits((range.max - base) & mask)};
  if (plan.bits < 3 || n < 128)
    return plan;
  uint64_t middle = has_base ? middle_word(words, n, item, flip) : 0;
  unsigned within = spread_of(words, n, item, middle) + has_base; /* twice as many words lie up or down */
  if (within + WORTH > plan.bits)
    return plan;
  if (has_base) /* twice as far, for the few that were left out of most */
    base = least_within(words, n, item, middle - ((uint64_t)1 << within), UINT64_MAX >> (63 - within));
  uint32_t lengths[65] = {0};
  for (size_t i = 0; i < n; i++)
    lengths[codec_bits((codec_word(words, i, item) - base) & mask)]++;
  struct plan patched = cheapest(lengths, n, item);
  patched.base = base;
  bool less = packed_bytes(n, patched.bits) + patched.patches * (2 + item) + 8 < packed_bytes(n, plan.bits);
  return less ? patched : plan;
}

/* What is to be packed of a block: its words, or for DELTA their differences, made in room[CODEC_BLOCK]. The first is none:
 * the block's plan is that of the others, and whatever it is, it is to become the plan's base. */
static const void *block_words(const struct simd_codecs *codecs, enum weft_codec codec, const struct codec_values *values,
                               size_t first, size_t n, uint64_t *room) {
  const void *words = (const uint8_t *)values->at + first * values->item;
  if (codec != WEFT_CODEC_DELTA)
    return words;
  CODEC_KERNEL(codecs, delta, values->item)(words, n, codec_word(words, 0, values->item), room);
  return room;
}

static uint64_t flip_of(enum weft_codec codec, const struct codec_values *values) {
  return codec == WEFT_CODEC_DELTA || values->is_signed ? (uint64_t)1 << (8 * values->item - 1) : 0;
}

static struct plan plan_words(const struct simd_codecs *codecs, enum weft_codec codec, const struct codec_values *values,
                              const void *words, size_t n) {
  size_t skip = codec == WEFT_CODEC_DELTA && n > 1;
  return plan_block(codecs, (const uint8_t *)words + skip * values->item, n - skip, values->item, flip_of(codec, values),
                    codec != WEFT_CODEC_BITPACK);
}

size_t weft__packed_cost(const struct simd_codecs *codecs, enum weft_codec codec, const void *words, size_t n,
                         unsigned item, bool is_signed) {
  uint64_t room[CODEC_BLOCK];
  const struct codec_values block = {.at = words, .n = (uint32_t)n, .item = item, .is_signed = is_signed};
  const void *packs = block_words(codecs, codec, &block, 0, n, room);
  struct plan plan = plan_words(codecs, codec, &block, packs, n);
  size_t directory = layout_of(codec, 1, item, plan.patches > 0).end - layout_of(codec, 0, item, false).end;
  return directory + packed_bytes(n, plan.bits) + plan.patches * (2 + item);
}

/* Notes the words of a block that its bits do not hold. Patches lie in two arrays: places in their blocks, and words. */
static size_t put_patches(const void *words, size_t n, unsigned item, const struct plan *plan, uint8_t *places,
                          uint8_t *patches) {
  uint64_t mask = word_mask(item);
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t word = codec_word(words, i, item);
    if (codec_bits((word - plan->base) & mask) <= plan->bits)
      continue;
    codec_put(places + 2 * count, i, 2);
    codec_put(patches + item * count, word, item);
    count++;
  }
  return count;
}

/* Fills a section whose blocks were planned. */
static weft_status put_blocks(struct codec_out *out, enum weft_codec codec, const struct codec_values *values,
                              const struct plan *plans) {
  unsigned item = values->item;
  uint64_t room[CODEC_BLOCK];
  size_t blocks = codec_blocks(values->n), n_patches = 0, units = 0;
  for (size_t b = 0; b < blocks; b++)
    n_patches += plans[b].patches;
  for (size_t b = 0; b + 1 < blocks; b++)
    units += plans[b].bits;
  size_t packed = CODEC_BLOCK / 8 * units + packed_bytes(codec_block_values(values->n, blocks - 1), plans[blocks - 1].bits);
  bool aligned = packed >= ALIGN_FROM;
  struct layout at = layout_of(codec, blocks, item, n_patches > 0);
  size_t pad = aligned ? -(out->used + at.end) % CODEC_ALIGN : 0;
  uint8_t *section, *bits, *places;
  WEFT_TRY(weft__codec_room(out, at.end + pad + packed + n_patches * (2 + item), &section));
  memset(section + at.end, 0, pad);
  bits = section + at.end + pad;
  places = bits + packed;
  section[0] = (uint8_t)((aligned ? ALIGNED : 0) | (n_patches > 0 ? PATCHED : 0));
  size_t unit = 0, patch = 0;
  for (size_t b = 0; b < blocks; b++) {
    const struct plan *plan = &plans[b];
    size_t n = codec_block_values(values->n, b);
    const void *words = block_words(out->codecs, codec, values, b * CODEC_BLOCK, n, room);
    section[at.widths + b] = plan->bits;
    codec_put(section + at.offsets + 4 * b, unit, 4);
    if (codec != WEFT_CODEC_BITPACK)
      codec_put(section + at.bases + item * b, plan->base, item);
    if (codec == WEFT_CODEC_DELTA) {
      codec_put(section + at.firsts + item * b, codec_word(values->at, b * CODEC_BLOCK, item), item);
      codec_set_word(room, 0, item, plan->base);
    }
    CODEC_KERNEL(out->codecs, pack, item)(words, n, plan->bits, plan->base, bits + CODEC_BLOCK / 8 * unit);
    if (n_patches > 0) {
      codec_put(section + at.first_patch + 4 * b, patch, 4);
      if (plan->patches > 0)
        patch += put_patches(words, n, item, plan, places + 2 * patch, places + 2 * n_patches + item * patch);
      codec_put(section + at.first_patch + 4 * (b + 1), patch, 4);
    }
    unit += plan->bits;
  }
  return WEFT_OK;
}

static weft_status encode(struct codec_out *out, enum weft_codec codec, const struct codec_values *values,
                          enum weft_role role) {
  if (!codec_is_word(values->item))
    return weft__codec_fail(out->ctx, WEFT_E_INVALID, "weft_encode: codec %s packs words, and a value has %u bytes",
                            weft_codec_name(codec), values->item);
  size_t blocks = codec_blocks(values->n);
  uint64_t room[CODEC_BLOCK];
  struct plan *plans = weft_alloc(out->ctx, blocks * sizeof *plans);
  if (!plans)
    return ((struct slab_cache *)out->ctx)->status;
  for (size_t b = 0; b < blocks; b++) {
    size_t n = codec_block_values(values->n, b);
    const void *words = block_words(out->codecs, codec, values, b * CODEC_BLOCK, n, room);
    plans[b] = plan_words(out->codecs, codec, values, words, n);
  }
  unsigned node;
  weft_status status = weft__codec_begin(out, codec, role, values->item, values->n, 0, &node);
  if (status == WEFT_OK)
    status = put_blocks(out, codec, values, plans);
  if (status == WEFT_OK)
    weft__codec_end(out, node);
  weft_status freed = weft_free(out->ctx, plans);
  return status != WEFT_OK ? status : freed;
}

static weft_status encode_bitpack(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                                  const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  return encode(out, WEFT_CODEC_BITPACK, values, role);
}

static weft_status encode_for(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                              const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  return encode(out, WEFT_CODEC_FOR, values, role);
}

static weft_status encode_delta(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                                const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  return encode(out, WEFT_CODEC_DELTA, values, role);
}

/* ---- Decoding ---- */

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

const struct codec_operations weft__bitpack = {encode_bitpack, start, read}, weft__for = {encode_for, start, read},
                              weft__delta = {encode_delta, start, read};
