/* SPDX-License-Identifier: MIT
 *
 * The selector: which codec a stream of words goes to. A few of its blocks are measured as each codec would have them, with
 * the same code that encodes; what that says of the whole is compared. docs/internals/codecs.md has the rules'
 * measurements.
 */
#include "codecs/tree.h"

/* So many blocks of a stream are measured, of a small part of another fewer; and where they leave it open which codec is
 * best, one in SAMPLE_STEP, but at least the first number and at most SAMPLE_MOST. */
#define SAMPLE_FIRST 6
#define SAMPLE_PART 3
#define SAMPLE_SMALL 32 /* blocks of a small part */
#define SAMPLE_MOST 32
#define SAMPLE_STEP 32

/* How many values are drawn to say how many are distinct: so many, as few as will do; and where they promise a dictionary,
 * more, one in DRAWN_SHARE at the most. */
#define DRAWN_LEAST 64
#define DRAWN_FIRST 2048
#define DRAWN_MOST 16384
#define DRAWN_SHARE 16

/* Blocks of a stream that stand for the whole. */
struct sample {
  const struct codec_values *values;
  size_t blocks, step;
};

static struct sample sample_of(const struct codec_values *values, size_t most) {
  size_t blocks = codec_blocks(values->n), taken = blocks < most ? blocks : most;
  return (struct sample){values, taken, blocks / taken};
}

static struct sample larger_sample(const struct codec_values *values) {
  size_t taken = codec_blocks(values->n) / SAMPLE_STEP;
  return sample_of(values, taken < SAMPLE_FIRST ? SAMPLE_FIRST : taken < SAMPLE_MOST ? taken : SAMPLE_MOST);
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
  return 1 + scaled(bytes, sampled(sample), sample->values->n);
}

static bool is_constant(const struct codec_values *values) {
  const uint8_t *at = values->at;
  return memcmp(at, at + values->item, (size_t)(values->n - 1) * values->item) == 0;
}

/* The bytes of n values of a part of another stream, by those of it that are at hand, packed or as they are. */
static uint64_t leaf_bytes(const struct codec_out *out, const struct codec_values *values, uint64_t n) {
  uint64_t least = (uint64_t)values->n * values->item;
  const struct sample sample = {values, codec_blocks(values->n), 1};
  if (values->n == 0)
    return CODEC_ENTRY_BYTES;
  for (enum weft_codec codec = WEFT_CODEC_FOR; codec <= WEFT_CODEC_DELTA; codec++) {
    uint64_t bytes = packed_bytes(out, &sample, codec);
    least = bytes < least ? bytes : least;
  }
  return CODEC_ENTRY_BYTES + scaled(least, values->n, n);
}

/* Runs must be fewer than the values by one in so many, to be looked at. */
#define MOST_RUNS 32

/* The first values of runs in the sampled blocks. */
struct run_starts {
  uint64_t bits[SAMPLE_MOST][CODEC_BLOCK / 64];
  size_t runs, of;
};

static void find_runs(const struct codec_out *out, const struct sample *sample, struct run_starts *starts) {
  unsigned item = sample->values->item;
  size_t n;
  starts->runs = starts->of = 0;
  for (size_t i = 0; i < sample->blocks; i++, starts->of += n) {
    const void *words = sample_block(sample, i, &n);
    starts->runs += CODEC_KERNEL(out->codecs, changes, item)(words, n, codec_word(words, 0, item), starts->bits[i]);
    starts->runs += i == 0; /* blocks go on with the last run of the one before, more likely than not */
    starts->bits[i][0] |= i == 0;
  }
}

/* Bytes of all the stream as runs: those of the sampled blocks are gathered and measured as their streams would be. room:
 * for as many words, and their places. */
static uint64_t run_bytes(const struct codec_out *out, const struct sample *sample, const struct run_starts *starts,
                          uint8_t *room) {
  unsigned item = sample->values->item;
  uint32_t *ends = (uint32_t *)(void *)(room + (starts->runs * item + 2 * SIMD_SLACK - 1) / SIMD_SLACK * SIMD_SLACK);
  size_t runs = 0, of = 0, n;
  for (size_t i = 0; i < sample->blocks; i++, of += n) {
    const void *words = sample_block(sample, i, &n);
    size_t more = CODEC_KERNEL(out->codecs, compact, item)(words, starts->bits[i], n, room + runs * item);
    out->codecs->positions(starts->bits[i], n, (uint32_t)of, ends + runs);
    runs += more;
  }
  uint64_t all = scaled(runs, of, sample->values->n);
  const struct codec_values values = {
      .at = room, .n = (uint32_t)runs, .item = item, .is_signed = sample->values->is_signed};
  const struct codec_values positions = {.at = ends, .n = (uint32_t)runs, .item = sizeof *ends};
  uint64_t by_ends = leaf_bytes(out, &positions, all);
  uint64_t by_bits = sample->values->n / 8 + 4 * codec_blocks(sample->values->n);
  return CODEC_ENTRY_BYTES + leaf_bytes(out, &values, all) + (by_ends < by_bits ? by_ends : by_bits);
}

/* The same; 0: there are too many. */
static weft_status find_run_bytes(struct codec_out *out, const struct sample *sample, uint64_t *bytes) {
  struct run_starts starts;
  uint8_t *room;
  *bytes = 0;
  find_runs(out, sample, &starts);
  if (starts.runs > starts.of - starts.of / MOST_RUNS)
    return WEFT_OK;
  WEFT_TRY(codec_alloc(out->ctx, starts.runs, sample->values->item + sizeof(uint32_t), 3 * SIMD_SLACK, &room));
  *bytes = run_bytes(out, sample, &starts, room);
  return codec_free(out->ctx, room, WEFT_OK);
}

/* Bytes of all the stream as dictionary and codes. */
static uint64_t dictionary_bytes(const struct codec_values *values, const struct codec_guess *guess) {
  uint64_t bits = codec_bits(guess->distinct - 1);
  return 3 * CODEC_ENTRY_BYTES + guess->bytes + ((uint64_t)values->n * bits + 7) / 8 + codec_blocks(values->n) * 5;
}

/* How many values must be drawn that a dictionary which pays is not missed: of D distinct values met equally often, s have
 * s * s / 2 D pairs, so 4 are expected of s * s = 8 D, and none is met one time in 50. D: the greatest power of two that
 * pays, if the distinct values take what the average one does. */
static size_t draws_for(const struct codec_values *values, uint64_t instead) {
  size_t most = 1, draws = DRAWN_LEAST;
  for (unsigned bits = 1; bits < 32; bits++) {
    const uint64_t distinct = (uint64_t)1 << bits;
    const struct codec_guess guess = {.distinct = distinct, .bytes = scaled(instead, values->n, distinct)};
    if (codec_pays(dictionary_bytes(values, &guess), instead))
      most = (size_t)distinct;
  }
  while (draws < DRAWN_FIRST && draws * draws / 8 < most)
    draws += draws / 8;
  return draws < values->n ? draws : values->n;
}

/* Bytes as dictionary and codes of a stream whose best other codec takes `instead`. A dictionary that is promised by one
 * pair among few values may be a chance: more of them are asked, still far fewer than it takes to make one. */
static weft_status find_dictionary_bytes(struct codec_out *out, const struct codec_values *values, uint64_t instead,
                                         uint64_t *bytes) {
  size_t first = draws_for(values, instead), more = values->n / DRAWN_SHARE;
  more = more < DRAWN_MOST ? more : DRAWN_MOST;
  struct codec_guess guess;
  WEFT_TRY(weft__draw_values(out, values, first, &guess));
  *bytes = dictionary_bytes(values, &guess);
  if (!codec_pays(*bytes, instead) || !guess.unsure || more < 2 * first)
    return WEFT_OK;
  WEFT_TRY(weft__draw_values(out, values, more, &guess));
  *bytes = dictionary_bytes(values, &guess);
  return WEFT_OK;
}

/* Bytes of a block of one plane: packed, or as runs, whose places take a byte each or a bit a value. */
static size_t plane_cost(const struct codec_out *out, const uint8_t *plane, size_t n) {
  uint64_t bits[CODEC_BLOCK / 64];
  size_t cost = weft__packed_cost(out->codecs, WEFT_CODEC_FOR, plane, n, 1, false);
  cost = cost < n ? cost : n;
  if (cost <= n / 8)
    return cost;
  size_t runs = out->codecs->changes8(plane, n, plane[0], bits) + 1, places = runs < n / 8 ? runs : n / 8;
  size_t as_runs = places + cost * runs / n;
  return as_runs < cost ? as_runs : cost;
}

/* Bytes of a block of words split. */
static size_t split_cost(const struct codec_out *out, const void *words, size_t n, unsigned item) {
  uint8_t planes[8][CODEC_BLOCK], *to[8];
  size_t bytes = 0;
  for (unsigned k = 0; k < 8; k++)
    to[k] = planes[k];
  (item == 4 ? out->codecs->split32 : out->codecs->split64)(words, n, to);
  for (unsigned k = 0; k < item; k++)
    bytes += plane_cost(out, planes[k], n);
  return bytes;
}

/* Bytes of words split, given what the best that packs them takes; 0: after two blocks it is far from that. */
static uint64_t split_bytes(const struct codec_out *out, const struct sample *sample, uint64_t packed) {
  unsigned item = sample->values->item;
  uint64_t bytes = 0, all = 0;
  size_t of = 0, n;
  for (size_t i = 0; i < sample->blocks; i++, of += n) {
    const void *words = sample_block(sample, i, &n);
    bytes += split_cost(out, words, n, item);
    all = (1 + item) * CODEC_ENTRY_BYTES + scaled(bytes, of + n, sample->values->n);
    if (i == 1 && all > packed + packed / 4)
      return 0;
  }
  return all;
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

/* Bytes of the codecs that pack. Returns whether one of them, or RAW, is the best in every block. FOR and BITPACK are one
 * but for the bases, so BITPACK is measured only where the first block says that it may take less. */
static bool measure_packed(const struct codec_out *out, const struct sample *sample, struct costs *costs) {
  const struct codec_values *values = sample->values;
  uint64_t bytes[WEFT_CODEC_DELTA + 1] = {0};
  enum weft_codec first = WEFT_CODEC_BITPACK, winner = WEFT_CODEC_AUTO;
  bool agreed = true;
  for (size_t i = 0; i < sample->blocks; i++) {
    size_t n, cost[WEFT_CODEC_DELTA + 1];
    const void *words = sample_block(sample, i, &n);
    for (enum weft_codec c = first; c <= WEFT_CODEC_DELTA; c++)
      bytes[c] += cost[c] = weft__packed_cost(out->codecs, c, words, n, values->item, values->is_signed);
    if (i == 0 && cost[WEFT_CODEC_BITPACK] > cost[WEFT_CODEC_FOR])
      first = WEFT_CODEC_FOR;
    enum weft_codec best = cost[WEFT_CODEC_FOR] <= cost[WEFT_CODEC_DELTA] ? WEFT_CODEC_FOR : WEFT_CODEC_DELTA;
    best = cost[best] < n * values->item ? best : WEFT_CODEC_RAW;
    agreed &= i == 0 || best == winner;
    winner = best;
  }
  costs->of[WEFT_CODEC_BITPACK] = 0;
  for (enum weft_codec c = first; c <= WEFT_CODEC_DELTA; c++)
    costs->of[c] = CODEC_ENTRY_BYTES + 1 + scaled(bytes[c], sampled(sample), values->n);
  return agreed;
}

/* The best so far. A dictionary, which takes longest, must be better than words split too. */
static enum weft_codec least(const struct costs *costs) {
  enum weft_codec best = WEFT_CODEC_RAW;
  for (enum weft_codec c = WEFT_CODEC_CONST; c <= WEFT_CODEC_RLE; c++)
    if (costs->of[c] != 0 && costs->of[c] < costs->of[best])
      best = c;
  for (enum weft_codec c = WEFT_CODEC_SPLIT; c >= WEFT_CODEC_DICT; c--)
    if (costs->of[c] != 0 && codec_pays(costs->of[c], costs->of[best]))
      best = c;
  return best;
}

/* Whether the best is better than all others by so much that more blocks would not change it, or, of those that pack and
 * RAW, is so in every block (agreed). FOR and BITPACK are one, as either is the other but for the bases; and SPLIT and DICT
 * must be better than others to be chosen. */
static bool is_clear(const struct costs *costs, bool agreed) {
  enum weft_codec best = least(costs);
  uint64_t bytes = costs->of[best];
  bool packs = best >= WEFT_CODEC_BITPACK && best <= WEFT_CODEC_DELTA;
  if (best == WEFT_CODEC_RAW)
    return true; /* nothing saves anything */
  for (enum weft_codec c = WEFT_CODEC_RAW; c <= WEFT_CODEC_SPLIT; c++) {
    bool same = c == best || (c == WEFT_CODEC_BITPACK && best == WEFT_CODEC_FOR) ||
                (c == WEFT_CODEC_FOR && best == WEFT_CODEC_BITPACK);
    bool settled = agreed && packs && c <= WEFT_CODEC_DELTA;
    uint64_t bound = c == WEFT_CODEC_DICT || c == WEFT_CODEC_SPLIT ? bytes : bytes + bytes / 4;
    if (!same && !settled && costs->of[c] != 0 && costs->of[c] < bound)
      return false;
  }
  return true;
}

/* What may be asked of a stream, by its role and its depth. */
struct allowed {
  bool split, runs, dictionary;
};

static struct allowed allowed_for(const struct codec_out *out, const struct codec_values *values, enum weft_role role,
                                  unsigned depth) {
  bool parts = depth + 1 < WEFT_CODEC_DEPTH; /* that are packed */
  bool repeats = parts && role != WEFT_ROLE_ENDS && (role != WEFT_ROLE_VALIDITY || values->item == 1);
  bool numbers = role != WEFT_ROLE_CODES && role != WEFT_ROLE_DICTIONARY && role != WEFT_ROLE_VALIDITY;
  return (struct allowed){.split = parts && (values->item == 4 || values->item == 8),
                          .runs = repeats,
                          .dictionary = repeats && numbers && !out->no_dictionary && values->item > 1};
}

/* Costs of the codecs that a sample of the stream tells of. *agreed: see measure_packed. Where runs are best, words are not
 * split: runs of each byte take more than runs of words, and few blocks do not tell by how much. */
static weft_status measure(struct codec_out *out, const struct sample *sample, const struct allowed *allowed,
                           struct costs *costs, bool *agreed) {
  costs->of[WEFT_CODEC_RLE] = costs->of[WEFT_CODEC_SPLIT] = 0;
  *agreed = measure_packed(out, sample, costs);
  if (allowed->runs)
    WEFT_TRY(find_run_bytes(out, sample, &costs->of[WEFT_CODEC_RLE]));
  if (allowed->split && least(costs) != WEFT_CODEC_RLE)
    costs->of[WEFT_CODEC_SPLIT] = split_bytes(out, sample, costs->of[least(costs)]);
  return WEFT_OK;
}

static weft_status find_costs(struct codec_out *out, const struct codec_values *values, enum weft_role role, unsigned depth,
                              struct costs *costs) {
  memset(costs, 0, sizeof *costs);
  costs->of[WEFT_CODEC_RAW] = CODEC_ENTRY_BYTES + (uint64_t)values->n * values->item;
  if (is_constant(values)) {
    costs->of[WEFT_CODEC_CONST] = CODEC_ENTRY_BYTES + values->item;
    return WEFT_OK;
  }
  const struct allowed allowed = allowed_for(out, values, role, depth);
  bool few = depth > 0 && codec_blocks(values->n) < SAMPLE_SMALL;
  const struct sample first = sample_of(values, few ? SAMPLE_PART : SAMPLE_FIRST), more = larger_sample(values);
  bool is_word = codec_is_word(values->item), agreed, has_more = is_word && more.blocks > first.blocks;
  if (is_word)
    WEFT_TRY(measure(out, &first, &allowed, costs, &agreed));
  if (has_more && !is_clear(costs, agreed)) {
    WEFT_TRY(measure(out, &more, &allowed, costs, &agreed));
    has_more = false;
  }
  uint64_t instead = costs->of[least(costs)];
  if (!allowed.dictionary || instead < values->n / 8) /* codes take a bit each at the least */
    return WEFT_OK;
  WEFT_TRY(find_dictionary_bytes(out, values, instead, &costs->of[WEFT_CODEC_DICT]));
  if (has_more && !is_clear(costs, agreed))
    WEFT_TRY(measure(out, &more, &allowed, costs, &agreed));
  return WEFT_OK;
}

weft_status weft__codec_choose(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                               unsigned depth, enum weft_codec *codec) {
  struct costs costs;
  WEFT_TRY(find_costs(out, values, role, depth, &costs));
  enum weft_codec best = least(&costs);
  out->instead = 0;
  if (best == WEFT_CODEC_DICT) {
    struct costs others = costs;
    others.of[WEFT_CODEC_DICT] = 0;
    out->instead = others.of[least(&others)];
  }
  uint32_t stream = out->streams++;
  for (enum weft_codec c = WEFT_CODEC_RAW; c <= WEFT_CODEC_SPLIT; c++)
    if (costs.of[c] != 0)
      weft__codec_consider(out, stream, depth, c, values->n, costs.of[c], c == best);
  *codec = best;
  return WEFT_OK;
}
