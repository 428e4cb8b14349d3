/* SPDX-License-Identifier: MIT
 *
 * How many distinct values there are, judged by some of them: for the selector, and for the choice of a dictionary of
 * strings. docs/internals/codecs.md has what it was compared with.
 */
#include "codecs/codec.h"

void weft__draw_note(struct codec_draw *draw, unsigned times) {
  draw->met += times == 1;
  draw->once += times == 1;
  draw->once -= times == 2;
  draw->twice += times == 2;
  draw->twice -= times == 3;
  if (times <= CODEC_RARE) {
    draw->rare += times == 1;
    draw->rare_drawn++;
    draw->rare_pairs += 2 * (times - 1);
  } else if (times == CODEC_RARE + 1) {
    draw->rare--;
    draw->rare_drawn -= CODEC_RARE;
    draw->rare_pairs -= CODEC_RARE * (CODEC_RARE - 1);
  }
}

/* How many values were not drawn at all, were there no end to them, by the share of all that were (their coverage) and how
 * unlike each other in frequency those met rarely are: A. Chao, S.-M. Lee, "Estimating the number of classes via sample
 * coverage", 1992, for great differences. Some values were met twice or more. */
static double not_drawn(const struct codec_draw *draw) {
  double once = (double)draw->once, rare = (double)draw->rare, drawn = (double)draw->rare_drawn;
  double coverage = 1 - once / drawn, pairs = (double)draw->rare_pairs / (drawn * (drawn - 1));
  double variation = rare / coverage * pairs - 1;
  if (variation < 0)
    variation = 0;
  variation *= 1 + once * pairs / coverage;
  return rare / coverage - rare + once / coverage * variation;
}

/* Of those not drawn, further draws meet a share of 1 - exp(-t) (A. Chao et al., "Rarefaction and extrapolation with Hill
 * numbers", 2014), for which a few terms of the series do. Where none comes back often, and few do, they do so in pairs, of
 * which the draw met as many as the square of its share: each stands for one value less. */
uint64_t weft__draw_distinct(uint64_t n, const struct codec_draw *draw) {
  if (draw->drawn >= n || draw->met == draw->drawn)
    return draw->drawn >= n ? draw->met : n;
  double whole = (double)n, share = whole / (double)draw->drawn, once = (double)draw->once, more = once * (share - 1);
  if (draw->once > 0 && draw->once < draw->rare_drawn) {
    double others = not_drawn(draw), t = more / others, terms = t + t * t / 2 + t * t * t / 6;
    more = others * (terms / (1 + terms));
  }
  double all = (double)draw->met + more, pairs = (double)draw->twice * share * share;
  if (draw->once + 2 * draw->twice == draw->drawn && pairs < whole / 2 && whole - pairs < all)
    all = whole - pairs;
  return all < whole ? (uint64_t)all : n;
}

/* A word that tells value i from others: itself, or its hash. */
static uint64_t identity(const struct codec_out *out, const struct codec_values *values, size_t i) {
  if (codec_is_word(values->item))
    return codec_word(values->at, i, values->item);
  return codec_check(out->kernels, (const uint8_t *)values->at + i * values->item, values->item, 0);
}

/* Which value stands for part i of `counted` equal parts of n: each time at another place of its part, so that what
 * comes back every so many values is not always met at the same of its places. */
static size_t place_drawn(size_t i, size_t n, size_t counted) {
  const uint32_t golden_ratio = 0x9e3779b9;
  size_t part = n / counted;
  return i * part + (size_t)((uint64_t)((uint32_t)i * golden_ratio) * part >> 32);
}

/* Values drawn, and where they are found: one in each of as many equal parts of the stream. */
struct drawn {
  uint64_t *words;
  uint16_t *slots, *times; /* 1 + the number of the word that is there, 0: none; how often words[i] was met */
  unsigned slot_bits;
};

static void count_drawn(struct drawn *drawn, struct codec_draw *draw) {
  size_t mask = ((size_t)1 << drawn->slot_bits) - 1;
  memset(drawn->slots, 0, (mask + 1) * sizeof *drawn->slots);
  for (size_t i = 0; i < draw->drawn; i++) {
    uint64_t word = drawn->words[i];
    size_t slot = (size_t)(word * 0x9e3779b97f4a7c15 >> (64 - drawn->slot_bits));
    while (drawn->slots[slot] != 0 && drawn->words[drawn->slots[slot] - 1] != word)
      slot = (slot + 1) & mask;
    drawn->times[i] = 0;
    if (drawn->slots[slot] == 0)
      drawn->slots[slot] = (uint16_t)(i + 1);
    weft__draw_note(draw, ++drawn->times[drawn->slots[slot] - 1]);
  }
}

/* Bytes of the distinct values, judged by those drawn, which are put together where they lie. */
static uint64_t values_bytes(const struct codec_out *out, const struct codec_values *values, struct drawn *drawn,
                             const struct codec_draw *draw, uint64_t distinct) {
  unsigned item = values->item;
  uint64_t raw = distinct * item;
  size_t n = 0, packed = 0;
  if (!codec_is_word(item))
    return raw;
  for (size_t i = 0; i < draw->drawn; i++)
    if (drawn->times[i] > 0)
      codec_set_word(drawn->words, n++, item, drawn->words[i]);
  for (size_t b = 0; b < codec_blocks(n); b++)
    packed += weft__packed_cost(out->codecs, WEFT_CODEC_FOR, (const uint8_t *)drawn->words + b * CODEC_BLOCK * item,
                                codec_block_values(n, b), item, values->is_signed);
  uint64_t bytes = (uint64_t)((double)packed * (double)distinct / (double)n);
  return bytes < raw ? bytes : raw;
}

/* The words are read before they are counted, many at a time, as most come from memory. */
weft_status weft__draw_values(struct codec_out *out, const struct codec_values *values, size_t counted,
                              struct codec_guess *guess) {
  struct codec_draw draw = {.drawn = counted};
  struct drawn drawn = {.slot_bits = codec_bits(2 * counted)};
  size_t slots = (size_t)1 << drawn.slot_bits;
  WEFT_TRY(
      codec_alloc(out->ctx, counted, sizeof *drawn.words + sizeof *drawn.times, slots * sizeof *drawn.slots, &drawn.words));
  drawn.times = (uint16_t *)(drawn.words + counted);
  drawn.slots = drawn.times + counted;
  for (size_t i = 0; i < counted; i++)
    drawn.words[i] = identity(out, values, place_drawn(i, values->n, counted));
  count_drawn(&drawn, &draw);
  guess->distinct = weft__draw_distinct(values->n, &draw);
  guess->bytes = values_bytes(out, values, &drawn, &draw, guess->distinct);
  return codec_free(out->ctx, drawn.words, WEFT_OK);
}
