/* SPDX-License-Identifier: MIT
 *
 * Packed blocks, written: which words of a block become patches, and how many bits the others take.
 */
#include "codecs/pack.h"

/* Bytes of packed words from which on they are aligned. */
#define ALIGN_FROM 4096

static uint64_t word_mask(unsigned item) {
  return UINT64_MAX >> (64 - 8 * item);
}

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

weft_status weft__bitpack_encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                                 const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  return encode(out, WEFT_CODEC_BITPACK, values, role);
}

weft_status weft__for_encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                             const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  return encode(out, WEFT_CODEC_FOR, values, role);
}

weft_status weft__delta_encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                               const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  return encode(out, WEFT_CODEC_DELTA, values, role);
}
