/* SPDX-License-Identifier: MIT
 *
 * How many distinct values there are, judged by some of them: for the selector, and for the choice of a dictionary of
 * strings. docs/internals/codecs.md has what it was compared with.
 */
#include "codecs/codec.h"

void weft__draw_count(struct codec_draw *draw, const uint32_t *times, size_t n) {
  uint64_t met[CODEC_RARE + 2] = {0}; /* values by how often: CODEC_RARE + 1 and more together */
  for (size_t i = 0; i < n; i++)
    met[times[i] <= CODEC_RARE ? times[i] : CODEC_RARE + 1]++;
  draw->once += met[1];
  draw->twice += met[2];
  draw->met += met[CODEC_RARE + 1];
  for (unsigned k = 1; k <= CODEC_RARE; k++) {
    draw->met += met[k];
    draw->rare += met[k];
    draw->rare_drawn += k * met[k];
    draw->rare_pairs += k * (k - 1) * met[k];
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

/* Values drawn, and where they are found. */
struct drawn {
  uint64_t *words; /* [n] */
  uint32_t *times; /* [n] how often words[i] was met: 0 but where it was met first */
  uint16_t *slots; /* [1 << slot_bits] 1 + the number of the word that is there, 0: none */
  size_t n;
  unsigned slot_bits;
};

/* Draws one value of each of as many equal parts of the stream, each time at another place of its part, so that what comes
 * back every so many values is not always met at the same of its places. They are read before they are counted, many at a
 * time, as most come from memory. What is no word is told by its hash. */
static void draw_words(const struct codec_out *out, const struct codec_values *values, struct drawn *drawn) {
  const uint32_t golden_ratio = 0x9e3779b9;
  size_t part = values->n / drawn->n, item = values->item;
  for (size_t i = 0; i < drawn->n; i++) {
    size_t place = i * part + (size_t)((uint64_t)((uint32_t)i * golden_ratio) * part >> 32);
    drawn->words[i] = codec_is_word(item) ? codec_word(values->at, place, (unsigned)item)
                                          : codec_check(out->kernels, (const uint8_t *)values->at + place * item, item, 0);
  }
}

static void count_words(struct drawn *drawn) {
  size_t mask = ((size_t)1 << drawn->slot_bits) - 1;
  memset(drawn->slots, 0, (mask + 1) * sizeof *drawn->slots);
  for (size_t i = 0; i < drawn->n; i++) {
    uint64_t word = drawn->words[i];
    size_t slot = (size_t)(word * 0x9e3779b97f4a7c15 >> (64 - drawn->slot_bits));
    while (drawn->slots[slot] != 0 && drawn->words[drawn->slots[slot] - 1] != word)
      slot = (slot + 1) & mask;
    drawn->times[i] = 0;
    if (drawn->slots[slot] == 0)
      drawn->slots[slot] = (uint16_t)(i + 1);
    drawn->times[drawn->slots[slot] - 1]++;
  }
}

/* Bytes of the distinct values, judged by those drawn, which are put together where they lie. */
static uint64_t values_bytes(const struct codec_out *out, const struct codec_values *values, struct drawn *drawn,
                             uint64_t distinct) {
  unsigned item = values->item;
  uint64_t raw = distinct * item;
  size_t n = 0, packed = 0;
  if (!codec_is_word(item))
    return raw;
  for (size_t i = 0; i < drawn->n; i++)
    if (drawn->times[i] > 0)
      codec_set_word(drawn->words, n++, item, drawn->words[i]);
  for (size_t b = 0; b < codec_blocks(n); b++)
    packed += weft__packed_cost(out->codecs, WEFT_CODEC_FOR, (const uint8_t *)drawn->words + b * CODEC_BLOCK * item,
                                codec_block_values(n, b), item, values->is_signed);
  uint64_t bytes = (uint64_t)((double)packed * (double)distinct / (double)n);
  return bytes < raw ? bytes : raw;
}

weft_status weft__draw_values(struct codec_out *out, const struct codec_values *values, size_t counted,
                              struct codec_guess *guess) {
  struct codec_draw draw = {.drawn = counted};
  struct drawn drawn = {.n = counted, .slot_bits = codec_bits(2 * counted)};
  size_t slots = (size_t)1 << drawn.slot_bits;
  WEFT_TRY(
      codec_alloc(out->ctx, counted, sizeof *drawn.words + sizeof *drawn.times, slots * sizeof *drawn.slots, &drawn.words));
  drawn.times = (uint32_t *)(drawn.words + counted);
  drawn.slots = (uint16_t *)(drawn.times + counted);
  draw_words(out, values, &drawn);
  count_words(&drawn);
  weft__draw_count(&draw, drawn.times, counted);
  guess->distinct = weft__draw_distinct(values->n, &draw);
  guess->unsure = draw.once > counted / 4;
  guess->bytes = values_bytes(out, values, &drawn, guess->distinct);
  return codec_free(out->ctx, drawn.words, WEFT_OK);
}
