/* SPDX-License-Identifier: MIT
 *
 * The selector: which codec a stream of words goes to. A few of its blocks are measured as each codec would have them, with
 * the same code that encodes; what that says of the whole is compared. docs/internals/codecs.md has the rules'
 * measurements.
 */
#include "codecs/tree.h"

/* So many blocks of a stream are measured, and where they leave it open which codec is best, so many more. */
#define SAMPLE_FIRST 6
#define SAMPLE_MOST 32
/* and one in SAMPLE_STEP at the most, but those first ones always. */
#define SAMPLE_STEP 32

/* Values whose distinct ones are counted, and the slots of the table that counts them. */
#define COUNTED 1024
#define SLOTS 4096

/* Blocks of a stream that stand for the whole. */
struct sample {
  const struct codec_values *values;
  size_t blocks, step;
};

static struct sample sample_of(const struct codec_values *values, size_t most) {
  size_t blocks = codec_blocks(values->n), taken = blocks / SAMPLE_STEP;
  taken = taken < SAMPLE_FIRST ? SAMPLE_FIRST : taken > most ? most : taken;
  taken = taken > blocks ? blocks : taken;
  return (struct sample){values, taken, blocks / taken};
}

/* Block i of a sample: its words, and how many. Blocks in the middle of equal parts, so that neither end counts for
 * more. */
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

/* Bytes of all the stream as runs, 0: too many: the sampled blocks' runs are gathered and measured as their streams
 * would be. room: of SAMPLE_MOST blocks of words and twice as many numbers. */
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

/* A word that tells value i from others: itself, or its hash. */
static uint64_t identity(const struct codec_out *out, const struct codec_values *values, size_t i) {
  if (codec_is_word(values->item))
    return codec_word(values->at, i, values->item);
  return codec_check(out->kernels, (const uint8_t *)values->at + i * values->item, values->item, 0);
}

/* Which value stands for part i of `counted` equal parts of n: each time at another place of its part, so that what
 * comes back every so many values is not always met at the same of its places. */
static size_t drawn(size_t i, size_t n, size_t counted) {
  const uint32_t golden_ratio = 0x9e3779b9;
  size_t part = n / counted;
  return i * part + (size_t)((uint64_t)((uint32_t)i * golden_ratio) * part >> 32);
}

/* How many distinct values there are, by how often one is met again among COUNTED that are spread over the stream. */
static uint64_t distinct_values(const struct codec_out *out, const struct codec_values *values) {
  uint16_t slots[SLOTS], times[SLOTS]; /* 1 + the number of the part whose value is there, 0: none; how often it was met */
  size_t n = values->n, counted = n < COUNTED ? n : COUNTED;
  struct codec_draw draw = {.drawn = counted};
  memset(slots, 0, sizeof slots);
  for (size_t i = 0; i < counted; i++) {
    uint64_t word = identity(out, values, drawn(i, n, counted));
    size_t slot = (size_t)(word * 0x9e3779b97f4a7c15 >> 52);
    while (slots[slot] != 0 && identity(out, values, drawn(slots[slot] - 1u, n, counted)) != word)
      slot = (slot + 1) % SLOTS;
    bool is_new = slots[slot] == 0;
    if (is_new) {
      slots[slot] = (uint16_t)(i + 1);
      times[slot] = 0;
    }
    times[slot]++;
    draw.met += is_new;
    draw.once += is_new;
    draw.once -= times[slot] == 2;
    draw.twice += times[slot] == 2;
    draw.twice -= times[slot] == 3;
  }
  return codec_distinct(n, &draw);
}

/* Bytes of all the stream as dictionary and codes, given those that it takes when packed. */
static uint64_t dictionary_bytes(const struct codec_out *out, const struct codec_values *values, uint64_t packed) {
  uint64_t distinct = distinct_values(out, values), bits = codec_bits(distinct - 1),
           raw = (uint64_t)values->n * values->item;
  uint64_t each = packed != 0 && packed < raw ? packed : raw; /* of as many values as there are */
  return 3 * CODEC_ENTRY_BYTES + scaled(each, values->n, distinct) + ((uint64_t)values->n * bits + 7) / 8 +
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

static weft_status find_run_bytes(struct codec_out *out, const struct sample *sample, uint64_t *bytes) {
  uint8_t *room;
  WEFT_TRY(codec_alloc(out->ctx, SAMPLE_MOST * CODEC_BLOCK, 8 + 4, 2 * SIMD_SLACK, &room));
  *bytes = run_bytes(out, sample, room);
  return codec_free(out->ctx, room, WEFT_OK);
}

/* Costs of the codecs that a sample of the stream tells of. */
static weft_status measure(struct codec_out *out, const struct sample *sample, bool may_split, bool may_repeat,
                           struct costs *costs) {
  for (enum weft_codec codec = WEFT_CODEC_FOR; codec <= WEFT_CODEC_DELTA; codec++)
    costs->of[codec] = packed_bytes(out, sample, codec);
  costs->of[WEFT_CODEC_BITPACK] = bases_are_idle(out, sample) ? packed_bytes(out, sample, WEFT_CODEC_BITPACK) : 0;
  if (may_split && sample->values->is_float)
    costs->of[WEFT_CODEC_SPLIT] = split_bytes(out, sample);
  return may_split && may_repeat ? find_run_bytes(out, sample, &costs->of[WEFT_CODEC_RLE]) : WEFT_OK;
}

/* The best so far. */
static enum weft_codec least(const struct costs *costs) {
  enum weft_codec best = WEFT_CODEC_RAW;
  for (enum weft_codec c = WEFT_CODEC_CONST; c <= WEFT_CODEC_SPLIT; c++)
    if (c != WEFT_CODEC_DICT && costs->of[c] != 0 && costs->of[c] < costs->of[best])
      best = c;
  return best;
}

/* Whether the best is better than all others by so much that more blocks would not change it. FOR and BITPACK are one,
 * as either is the other but for the bases. */
static bool is_clear(const struct costs *costs) {
  enum weft_codec best = least(costs);
  uint64_t bound = costs->of[best] + costs->of[best] / 4;
  for (enum weft_codec c = WEFT_CODEC_RAW; c <= WEFT_CODEC_SPLIT; c++) {
    bool same = c == best || (c == WEFT_CODEC_BITPACK && best == WEFT_CODEC_FOR) ||
                (c == WEFT_CODEC_FOR && best == WEFT_CODEC_BITPACK);
    if (!same && costs->of[c] != 0 && costs->of[c] < bound)
      return best == WEFT_CODEC_RAW; /* nothing saves anything */
  }
  return true;
}

static weft_status find_costs(struct codec_out *out, const struct codec_values *values, enum weft_role role, unsigned depth,
                              struct costs *costs) {
  memset(costs, 0, sizeof *costs);
  costs->of[WEFT_CODEC_RAW] = CODEC_ENTRY_BYTES + (uint64_t)values->n * values->item;
  if (is_constant(values)) {
    costs->of[WEFT_CODEC_CONST] = CODEC_ENTRY_BYTES + values->item;
    return WEFT_OK;
  }
  bool may_split = depth + 1 < WEFT_CODEC_DEPTH; /* into parts that are packed */
  bool may_repeat = role != WEFT_ROLE_ENDS && (role != WEFT_ROLE_VALIDITY || values->item == 1);
  if (codec_is_word(values->item)) {
    const struct sample first = sample_of(values, SAMPLE_FIRST), more = sample_of(values, SAMPLE_MOST);
    WEFT_TRY(measure(out, &first, may_split, may_repeat, costs));
    if (more.blocks > first.blocks && !is_clear(costs))
      WEFT_TRY(measure(out, &more, may_split, may_repeat, costs));
  }
  bool may_number = role != WEFT_ROLE_CODES && role != WEFT_ROLE_DICTIONARY && role != WEFT_ROLE_VALIDITY;
  bool a_bit_each = costs->of[least(costs)] < values->n / 8; /* which codes take at the least */
  if (may_split && may_repeat && may_number && !a_bit_each && !out->no_dictionary && values->item > 1)
    costs->of[WEFT_CODEC_DICT] = dictionary_bytes(out, values, costs->of[WEFT_CODEC_FOR]);
  return WEFT_OK;
}

weft_status weft__codec_choose(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                               unsigned depth, enum weft_codec *codec) {
  struct costs costs;
  WEFT_TRY(find_costs(out, values, role, depth, &costs));
  enum weft_codec best = least(&costs);
  out->instead = 0;
  if (costs.of[WEFT_CODEC_DICT] != 0 && codec_dictionary_pays(costs.of[WEFT_CODEC_DICT], costs.of[best])) {
    out->instead = costs.of[best];
    best = WEFT_CODEC_DICT;
  }
  uint32_t stream = out->streams++;
  for (enum weft_codec c = WEFT_CODEC_RAW; c <= WEFT_CODEC_SPLIT; c++)
    if (costs.of[c] != 0)
      weft__codec_consider(out, stream, depth, c, values->n, costs.of[c], c == best);
  *codec = best;
  return WEFT_OK;
}
