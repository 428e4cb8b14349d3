/* SPDX-License-Identifier: MIT
 *
 * The selector: which codec a stream of words goes to. A few of its blocks are measured as each codec would have them, with
 * the same code that encodes; what that says of the whole is compared. docs/internals/codecs.md has the rules' measurements.
 */
#include "codecs/tree.h"

/* Of a stream one block in SAMPLE_STEP is measured, but some always. */
#define SAMPLE_STEP 64
#define SAMPLE_LEAST 4
#define SAMPLE_MOST 32

/* Values whose distinct ones are counted, and the slots of the table that counts them. */
#define COUNTED 1024
#define SLOTS 4096

/* A dictionary costs many times the time of packing, so it must save a tenth. */
#define DICT_WORTH(bytes) ((bytes) - (bytes) / 10)

/* Blocks of a stream that stand for the whole. */
struct sample {
  const struct codec_values *values;
  size_t blocks, step;
};

static struct sample sample_of(const struct codec_values *values) {
  size_t blocks = codec_blocks(values->n), taken = blocks / SAMPLE_STEP;
  taken = taken < SAMPLE_LEAST ? SAMPLE_LEAST : taken > SAMPLE_MOST ? SAMPLE_MOST : taken;
  taken = taken > blocks ? blocks : taken;
  return (struct sample){values, taken, blocks / taken};
}

/* Block i of a sample: its words, and how many. Blocks in the middle of equal parts, so that neither end counts for more. */
static const void *sample_block(const struct sample *sample, size_t i, size_t *n) {
  size_t block = i * sample->step + sample->step / 2;
  *n = codec_block_values(sample->values->n, block);
  return (const uint8_t *)sample->values->at + block * CODEC_BLOCK * sample->values->item;
}

static size_t sampled(const struct sample *sample) {
  size_t sum = 0, n;
  for (size_t i = 0; i < sample->blocks; i++, sum += n)
    sample_block(sample, i, &n);
  return sum;
}

/* What was measured of `of` values, said of n. */
static uint64_t scaled(uint64_t measured, uint64_t of, uint64_t n) {
  return of == 0 ? 0 : (uint64_t)((double)measured * (double)n / (double)of);
}

/* Bytes of all the stream as packed blocks. */
static uint64_t packed_bytes(const struct codec_out *out, const struct sample *sample, enum weft_codec codec) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < sample->blocks; i++) {
    size_t n;
    const void *words = sample_block(sample, i, &n);
    bytes += weft__packed_cost(out->codecs, codec, words, n, sample->values->item, sample->values->is_signed);
  }
  return CODEC_ENTRY_BYTES + 1 + scaled(bytes, sampled(sample), sample->values->n);
}

/* Whether BITPACK may take less than FOR, of which it is the same without the bases: by one block. */
static bool bases_are_idle(const struct codec_out *out, const struct sample *sample) {
  size_t n;
  const struct codec_values *values = sample->values;
  const void *words = sample_block(sample, 0, &n);
  return weft__packed_cost(out->codecs, WEFT_CODEC_BITPACK, words, n, values->item, values->is_signed) <=
         weft__packed_cost(out->codecs, WEFT_CODEC_FOR, words, n, values->item, values->is_signed);
}

static bool is_constant(const struct codec_values *values) {
  const uint8_t *at = values->at;
  return memcmp(at, at + values->item, (size_t)(values->n - 1) * values->item) == 0;
}

/* The bytes of a stream of words for which no more than packing is left: a part of another. */
static uint64_t leaf_bytes(const struct codec_out *out, const struct codec_values *values) {
  if (values->n == 0)
    return CODEC_ENTRY_BYTES;
  uint64_t least = CODEC_ENTRY_BYTES + (uint64_t)values->n * values->item;
  const struct sample sample = {values, codec_blocks(values->n), 1};
  for (enum weft_codec codec = WEFT_CODEC_FOR; codec <= WEFT_CODEC_DELTA; codec++) {
    uint64_t bytes = packed_bytes(out, &sample, codec);
    least = bytes < least ? bytes : least;
  }
  return least;
}

/* Runs must be fewer than the values by one in so many, to be looked at. */
#define MOST_RUNS 32

/* Bytes of all the stream as runs, 0: too many: the sampled blocks' runs are gathered and measured as their streams would be. room: of
 * SAMPLE_MOST blocks of words and twice as many numbers. */
static uint64_t run_bytes(const struct codec_out *out, const struct sample *sample, uint8_t *room) {
  unsigned item = sample->values->item;
  uint8_t *run_values = room;
  uint32_t *ends = (uint32_t *)(void *)(room + (size_t)SAMPLE_MOST * CODEC_BLOCK * 8 + SIMD_SLACK);
  uint64_t bits[CODEC_BLOCK / 64];
  size_t runs = 0, of = 0, n;
  for (size_t i = 0; i < sample->blocks; i++, of += n) {
    const void *words = sample_block(sample, i, &n);
    CODEC_KERNEL(out->codecs, changes, item)(words, n, codec_word(words, 0, item), bits);
    bits[0] |= i == 0; /* blocks go on with the last run of the one before, more likely than not */
    size_t more = CODEC_KERNEL(out->codecs, compact, item)(words, bits, n, run_values + runs * item);
    out->codecs->positions(bits, n, (uint32_t)of, ends + runs);
    runs += more;
  }
  if (runs > of - of / MOST_RUNS)
    return 0;
  uint64_t all = scaled(runs, of, sample->values->n);
  const struct codec_values values = {
      .at = run_values, .n = (uint32_t)runs, .item = item, .is_signed = sample->values->is_signed};
  const struct codec_values positions = {.at = ends, .n = (uint32_t)runs, .item = sizeof *ends};
  uint64_t by_ends = scaled(leaf_bytes(out, &positions), runs, all);
  uint64_t by_bits = sample->values->n / 8 + 4 * codec_blocks(sample->values->n);
  return CODEC_ENTRY_BYTES + scaled(leaf_bytes(out, &values), runs, all) + (by_ends < by_bits ? by_ends : by_bits);
}

/* Which value stands for part i of `counted` equal parts of n values: each time at another place of its part, so that nothing that
 * comes back every so many values is met at one of its places alone. */
static size_t drawn(size_t i, size_t n, size_t counted) {
  const uint32_t golden_ratio = 0x9e3779b9;
  size_t part = n / counted;
  return i * part + (size_t)((uint64_t)(uint32_t)(i * golden_ratio) * part >> 32);
}

/* How many distinct values there are, by how often one is met again among COUNTED that are drawn: of D equally frequent ones m
 * draws meet d = D (1 - exp(-m / D)), solved by bisection. Fewer than there are where some are frequent; but then their codes
 * take fewer bits too. */
static uint64_t distinct_values(const struct codec_values *values) {
  uint16_t slots[SLOTS]; /* 1 + number of the draw of the value there; 0: none */
  size_t n = values->n, counted = n < COUNTED ? n : COUNTED, distinct = 0;
  memset(slots, 0, sizeof slots);
  for (size_t i = 0; i < counted; i++) {
    uint64_t word = codec_word(values->at, drawn(i, n, counted), values->item);
    size_t slot = (size_t)(word * 0x9e3779b97f4a7c15 >> 52);
    while (slots[slot] != 0 && codec_word(values->at, drawn(slots[slot] - 1u, n, counted), values->item) != word)
      slot = (slot + 1) % SLOTS;
    distinct += slots[slot] == 0;
    slots[slot] = slots[slot] != 0 ? slots[slot] : (uint16_t)(i + 1);
  }
  if (counted == n)
    return distinct;
  if (distinct == counted)
    return n;
  double low = (double)distinct, high = (double)n;
  for (int i = 0; i < 40; i++) {
    double middle = (low + high) / 2, ratio = (double)counted / middle, missed = 1;
    for (int k = 0; k < 64; k++)
      missed *= 1 / (1 + ratio / 64); /* about exp(-ratio) */
    if (middle * (1 - missed) < (double)distinct)
      low = middle;
    else
      high = middle;
  }
  return (uint64_t)low;
}

static uint64_t dictionary_bytes(const struct codec_values *values) {
  uint64_t distinct = distinct_values(values), bits = codec_bits(distinct - 1);
  return (3 * CODEC_ENTRY_BYTES) + distinct * values->item + ((uint64_t)values->n * bits + 7) / 8 +
         codec_blocks(values->n) * 5;
}

/* Bytes of floats split: each plane of the sampled blocks as packed bytes. */
static uint64_t split_bytes(const struct codec_out *out, const struct sample *sample) {
  uint8_t planes[8][CODEC_BLOCK], *to[8];
  unsigned item = sample->values->item;
  uint64_t bytes = 0;
  for (unsigned k = 0; k < 8; k++)
    to[k] = planes[k];
  for (size_t i = 0; i < sample->blocks; i++) {
    size_t n;
    const void *words = sample_block(sample, i, &n);
    (item == 4 ? out->codecs->split32 : out->codecs->split64)(words, n, to);
    for (unsigned k = 0; k < item; k++) {
      size_t cost = weft__packed_cost(out->codecs, WEFT_CODEC_FOR, planes[k], n, 1, false);
      bytes += cost < n ? cost : n;
    }
  }
  return (1 + item) * CODEC_ENTRY_BYTES + scaled(bytes, sampled(sample), sample->values->n);
}

void weft__codec_consider(struct codec_out *out, uint32_t stream, unsigned depth, enum weft_codec codec, uint32_t values,
                          uint64_t bytes, bool chosen) {
  struct weft_choices *choices = out->options->choices;
  if (!choices)
    return;
  if (choices->n < choices->capacity)
    choices->list[choices->n] = (struct weft_choice){stream, (uint8_t)depth, (uint8_t)codec, chosen, values, bytes};
  choices->n++;
}

/* The bytes expected of each codec; 0: it is none for the stream. */
struct costs {
  uint64_t of[WEFT_CODEC_SPLIT + 1];
};

static weft_status find_costs(struct codec_out *out, const struct codec_values *values, unsigned depth,
                              struct costs *costs) {
  memset(costs, 0, sizeof *costs);
  costs->of[WEFT_CODEC_RAW] = CODEC_ENTRY_BYTES + (uint64_t)values->n * values->item;
  if (is_constant(values)) {
    costs->of[WEFT_CODEC_CONST] = CODEC_ENTRY_BYTES + values->item;
    return WEFT_OK;
  }
  bool may_split = depth + 1 < WEFT_CODEC_DEPTH; /* into parts that are packed */
  if (codec_is_word(values->item)) {
    const struct sample sample = sample_of(values);
    for (enum weft_codec codec = WEFT_CODEC_FOR; codec <= WEFT_CODEC_DELTA; codec++)
      costs->of[codec] = packed_bytes(out, &sample, codec);
    if (bases_are_idle(out, &sample))
      costs->of[WEFT_CODEC_BITPACK] = packed_bytes(out, &sample, WEFT_CODEC_BITPACK);
    if (may_split && values->is_float)
      costs->of[WEFT_CODEC_SPLIT] = split_bytes(out, &sample);
    if (may_split) {
      uint8_t *room = weft_alloc(out->ctx, (size_t)SAMPLE_MOST * CODEC_BLOCK * (8 + 4) + 2 * SIMD_SLACK);
      if (!room)
        return ((struct slab_cache *)out->ctx)->status;
      costs->of[WEFT_CODEC_RLE] = run_bytes(out, &sample, room);
      CODEC_TRY(weft_free(out->ctx, room));
    }
    if (may_split && !out->no_dictionary && values->item > 1)
      costs->of[WEFT_CODEC_DICT] = dictionary_bytes(values);
  }
  return WEFT_OK;
}

/* The codec that takes the fewest bytes, but for DICT. */
static enum weft_codec best_but_dict(const struct costs *costs) {
  enum weft_codec best = WEFT_CODEC_RAW;
  for (enum weft_codec c = WEFT_CODEC_CONST; c <= WEFT_CODEC_SPLIT; c++)
    if (c != WEFT_CODEC_DICT && costs->of[c] != 0 && costs->of[c] < costs->of[best])
      best = c;
  return best;
}

weft_status weft__codec_cost(struct codec_out *out, const struct codec_values *values, unsigned depth, uint64_t *bytes) {
  struct costs costs;
  CODEC_TRY(find_costs(out, values, depth, &costs));
  *bytes = costs.of[best_but_dict(&costs)];
  return WEFT_OK;
}

weft_status weft__codec_choose(struct codec_out *out, const struct codec_values *values, unsigned depth,
                               enum weft_codec *codec) {
  struct costs costs;
  CODEC_TRY(find_costs(out, values, depth, &costs));
  enum weft_codec best = best_but_dict(&costs);
  out->dictionary_most = DICT_WORTH(costs.of[best]);
  if (costs.of[WEFT_CODEC_DICT] != 0 && costs.of[WEFT_CODEC_DICT] < out->dictionary_most)
    best = WEFT_CODEC_DICT;
  uint32_t stream = out->streams++;
  for (enum weft_codec c = WEFT_CODEC_RAW; c <= WEFT_CODEC_SPLIT; c++)
    if (costs.of[c] != 0)
      weft__codec_consider(out, stream, depth, c, values->n, costs.of[c], c == best);
  *codec = best;
  return WEFT_OK;
}
