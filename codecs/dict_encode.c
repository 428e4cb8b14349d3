/* SPDX-License-Identifier: MIT
 *
 * DICT, written: the distinct values of words, of bytes of one width, and of strings, and a code a value. Whether strings
 * go to STRINGS is chosen here too, as it takes the distinct strings to say.
 */
#include "codecs/tree.h"

/* ---- Distinct values ---- */

/* The values to be encoded, words or bytes or strings, and what they are numbered by. */
struct distinct {
  weft_ctx *ctx;
  const struct codec_values *values;   /* or NULL */
  const struct codec_strings *strings; /* or NULL */
  uint32_t n;
  uint32_t count;  /* of distinct values */
  uint32_t *codes; /* [n] */
  uint32_t *first; /* [count] of each distinct value a row */
};

static struct weft_column column_of_words(const struct codec_values *values) {
  enum weft_type type = values->item == 1   ? WEFT_U8
                        : values->item == 2 ? WEFT_U16
                        : values->item == 4 ? WEFT_U32
                                            : WEFT_U64; /* floats too, so that bits count */
  return weft_column_fixed(values->at, type, values->n);
}

static struct weft_column column_of(const struct distinct *d) {
  if (d->strings)
    return weft_column_offsets64(d->strings->data, (size_t)d->strings->offsets[d->n], d->strings->offsets, d->n);
  if (codec_is_word(d->values->item))
    return column_of_words(d->values);
  return weft_column_bytes(d->values->at, d->values->item, d->n);
}

static weft_status number_values(struct codec_out *out, struct distinct *d) {
  const struct weft_column column = column_of(d);
  size_t count = 0;
  WEFT_TRY(codec_alloc(d->ctx, d->n, sizeof *d->codes, 0, &d->codes));
  WEFT_TRY(codec_alloc(d->ctx, d->n, sizeof *d->first, 0, &d->first));
  WEFT_TRY(out->group(d->ctx, &column, 1, d->codes, &count, d->first));
  d->count = (uint32_t)count;
  if (count > out->options->dictionary_rows)
    out->no_dictionary = true;
  return WEFT_OK;
}

static weft_status free_distinct(struct distinct *d, weft_status status) {
  status = codec_free(d->ctx, d->codes, status);
  return codec_free(d->ctx, d->first, status);
}

static const uint8_t *bytes_of(const struct distinct *d, uint32_t code, size_t *bytes) {
  uint32_t row = d->first[code];
  if (d->values) {
    *bytes = d->values->item;
    return (const uint8_t *)d->values->at + (size_t)row * d->values->item;
  }
  const int64_t *offsets = d->strings->offsets + row;
  *bytes = (size_t)(offsets[1] - offsets[0]);
  return d->strings->data + offsets[0];
}

/* ---- In ascending order ---- */

/* A distinct value on its way to its place: words as unsigned numbers in their order, of others the first 8 bytes. */
struct entry {
  uint64_t key;
  uint32_t code;
};

static uint64_t key_of(const struct distinct *d, uint32_t code) {
  size_t bytes;
  const uint8_t *at = bytes_of(d, code, &bytes);
  if (d->values && codec_is_word(bytes)) {
    uint64_t word = codec_word(at, 0, (unsigned)bytes);
    if (d->values->is_bytes)
      return __builtin_bswap64(word) >> (64 - 8 * bytes);
    return word ^ (d->values->is_signed ? (uint64_t)1 << (8 * bytes - 1) : 0);
  }
  uint64_t key = 0;
  for (size_t i = 0; i < 8; i++)
    key = key << 8 | (i < bytes ? at[i] : 0);
  return key;
}

/* Whether a is to come before b: words never have one key, and others are compared whole where they do. */
static bool is_before(const struct distinct *d, const struct entry *a, const struct entry *b) {
  if (a->key != b->key)
    return a->key < b->key;
  size_t a_bytes, b_bytes;
  const uint8_t *a_at = bytes_of(d, a->code, &a_bytes), *b_at = bytes_of(d, b->code, &b_bytes);
  int order = memcmp(a_at, b_at, a_bytes < b_bytes ? a_bytes : b_bytes);
  return order != 0 ? order < 0 : a_bytes < b_bytes;
}

static void merge(const struct distinct *d, const struct entry *from, size_t middle, size_t end, struct entry *to) {
  size_t low = 0, high = middle;
  for (size_t i = 0; i < end; i++) {
    bool take_low = low < middle && (high == end || !is_before(d, &from[high], &from[low]));
    to[i] = from[take_low ? low++ : high++];
  }
}

/* Sorts entries[count] by merging runs of doubling length, to and fro between them and as many of room. Returns where they
 * end up. */
static struct entry *sort_entries(const struct distinct *d, struct entry *entries, struct entry *room) {
  size_t count = d->count;
  for (size_t length = 1; length < count; length *= 2) {
    for (size_t at = 0; at < count; at += 2 * length) {
      size_t left = count - at, end = left < 2 * length ? left : 2 * length;
      merge(d, entries + at, length < end ? length : end, end, room + at);
    }
    struct entry *sorted = room;
    room = entries;
    entries = sorted;
  }
  return entries;
}

/* Gives the distinct values the codes that their order calls for. */
static weft_status sort_values(struct distinct *d) {
  struct entry *entries;
  uint32_t *place, *first;
  WEFT_TRY(codec_alloc(d->ctx, d->count, 2 * sizeof *entries + 2 * sizeof *place, 0, &entries));
  place = (uint32_t *)(entries + 2 * (size_t)d->count);
  first = place + d->count;
  for (uint32_t i = 0; i < d->count; i++)
    entries[i] = (struct entry){key_of(d, i), i};
  const struct entry *sorted = sort_entries(d, entries, entries + d->count);
  for (uint32_t i = 0; i < d->count; i++) {
    place[sorted[i].code] = i;
    first[i] = d->first[sorted[i].code];
  }
  memcpy(d->first, first, d->count * sizeof *first);
  for (uint32_t i = 0; i < d->n; i++)
    d->codes[i] = place[d->codes[i]];
  return codec_free(d->ctx, entries, WEFT_OK);
}

/* ---- Encoding ---- */

/* The distinct values as a stream, or as strings. */
static weft_status put_dictionary(struct codec_out *out, const struct distinct *d, unsigned depth) {
  uint8_t *data;
  struct codec_values values = *d->values;
  size_t item = values.item, bytes;
  WEFT_TRY(codec_alloc(d->ctx, d->count, item, 0, &data));
  for (uint32_t i = 0; i < d->count && item > 0; i++)
    memcpy(data + i * item, bytes_of(d, i, &bytes), item);
  values.at = data;
  values.n = d->count;
  return codec_free(d->ctx, data, weft__codec_encode(out, &values, WEFT_ROLE_DICTIONARY, weft__codec_auto, depth));
}

static uint64_t string_bytes(const struct distinct *d) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < d->count; i++) {
    size_t bytes;
    bytes_of(d, i, &bytes);
    sum += bytes;
  }
  return sum;
}

static weft_status put_string_dictionary(struct codec_out *out, const struct distinct *d, unsigned depth) {
  int64_t *offsets;
  size_t head = sizeof *offsets;
  WEFT_TRY(codec_alloc(d->ctx, d->count, sizeof *offsets, head + (size_t)string_bytes(d), &offsets));
  uint8_t *data = (uint8_t *)(offsets + d->count + 1);
  const struct codec_strings strings = {.data = data, .offsets = offsets, .n = d->count};
  offsets[0] = 0;
  for (uint32_t i = 0; i < d->count; i++) {
    size_t bytes;
    const uint8_t *at = bytes_of(d, i, &bytes);
    if (bytes > 0)
      memcpy(data + offsets[i], at, bytes);
    offsets[i + 1] = offsets[i] + (int64_t)bytes;
  }
  return codec_free(d->ctx, offsets, weft__strings_encode(out, &strings, WEFT_ROLE_DICTIONARY, weft__codec_auto, depth));
}

/* Appends what was numbered. */
static weft_status put(struct codec_out *out, struct distinct *d, enum weft_role role, const uint8_t *cascade,
                       unsigned depth) {
  unsigned node;
  if (out->options->sorted_dictionary)
    WEFT_TRY(sort_values(d));
  WEFT_TRY(weft__codec_begin(out, WEFT_CODEC_DICT, role, d->values ? d->values->item : 0, d->n, 2, &node));
  weft__codec_end(out, node);
  WEFT_TRY(d->strings ? put_string_dictionary(out, d, depth + 1) : put_dictionary(out, d, depth + 1));
  const struct codec_values codes = {.at = d->codes, .n = d->n, .item = sizeof *d->codes};
  return weft__codec_encode(out, &codes, WEFT_ROLE_CODES, cascade + 1, depth + 1);
}

/* Bytes of the codes as they will be packed, judged by some of their blocks: those of values in order of first sight lie
 * close to each other where the values come again in the same order. */
static uint64_t codes_cost(const struct codec_out *out, const struct distinct *d) {
  enum { MOST = 12 };
  size_t blocks = codec_blocks(d->n), taken = blocks < MOST ? blocks : MOST, rows = 0;
  uint64_t above_base = 0, deltas = 0;
  if (d->count == 1)
    return CODEC_ENTRY_BYTES + sizeof *d->codes;
  for (size_t i = 0; i < taken; i++) {
    size_t b = i * blocks / taken, n = codec_block_values(d->n, b);
    const uint32_t *codes = d->codes + b * CODEC_BLOCK;
    above_base += weft__packed_cost(out->codecs, WEFT_CODEC_FOR, codes, n, sizeof *codes, false);
    deltas += weft__packed_cost(out->codecs, WEFT_CODEC_DELTA, codes, n, sizeof *codes, false);
    rows += n;
  }
  uint64_t least = above_base < deltas ? above_base : deltas;
  return CODEC_ENTRY_BYTES + (uint64_t)((double)least * d->n / (double)rows);
}

/* Bytes of the distinct values, judged by the first of them. */
static uint64_t values_cost(const struct codec_out *out, const struct distinct *d) {
  uint64_t raw = (uint64_t)d->count * d->values->item, first[CODEC_BLOCK];
  unsigned item = d->values->item;
  if (!codec_is_word(item))
    return CODEC_ENTRY_BYTES + raw;
  uint32_t n = d->count < CODEC_BLOCK ? d->count : CODEC_BLOCK;
  for (uint32_t i = 0; i < n; i++)
    codec_set_word(first, i, item, codec_word(d->values->at, d->first[i], item));
  size_t packed = weft__packed_cost(out->codecs, WEFT_CODEC_FOR, first, n, item, d->values->is_signed);
  uint64_t bytes = (uint64_t)((double)packed * d->count / n);
  return CODEC_ENTRY_BYTES + (bytes < raw ? bytes : raw);
}

weft_status weft__dict_encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                              const uint8_t *cascade, unsigned depth) {
  struct distinct d = {.ctx = out->ctx, .values = values, .n = values->n};
  uint64_t instead = out->instead;
  weft_status status = number_values(out, &d);
  bool pays = status == WEFT_OK && d.count <= out->options->dictionary_rows;
  if (pays && instead != 0 && !codec_pays(values_cost(out, &d) + codes_cost(out, &d), instead)) {
    out->no_dictionary = true; /* the selector's guess was wrong */
    pays = false;
  }
  if (pays)
    status = put(out, &d, role, cascade, depth);
  status = free_distinct(&d, status);
  return pays || status != WEFT_OK ? status : weft__codec_encode(out, values, role, weft__codec_auto, depth);
}

/* ---- Encoding strings ---- */

/* Bytes of the ends of n of the strings, as they will be packed, judged by some of their blocks. */
static uint64_t ends_cost(const struct codec_out *out, const struct codec_strings *strings, uint32_t n) {
  enum { MOST = 64 };
  size_t blocks = codec_blocks(strings->n), taken = blocks < MOST ? blocks : MOST, rows = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < taken; i++) {
    size_t b = i * blocks / taken, in_block = codec_block_values(strings->n, b);
    bytes += weft__packed_cost(out->codecs, WEFT_CODEC_DELTA, strings->offsets + b * CODEC_BLOCK + 1, in_block,
                               sizeof *strings->offsets, false);
    rows += in_block;
  }
  return CODEC_ENTRY_BYTES + (uint64_t)((double)bytes * n / (double)rows);
}

/* Bytes of a dictionary of so many strings, of so many bytes in all. */
static uint64_t strings_cost(const struct codec_out *out, const struct codec_strings *strings, uint32_t count,
                             uint64_t bytes) {
  return 2 * CODEC_ENTRY_BYTES + bytes + ends_cost(out, strings, count);
}

/* A sample of strings: all of them, or some in stretches of neighbours. */
struct sample {
  uint32_t n;
  uint32_t *rows, *codes, *first, *times;
};

static void sample_rows(struct sample *sample, uint32_t n) {
  enum { STRETCH = 32 };
  uint32_t stretches = sample->n / STRETCH;
  for (uint32_t i = 0; i < sample->n; i++)
    sample->rows[i] =
        sample->n == n ? i : (uint32_t)((uint64_t)(i / STRETCH) * (n - STRETCH) / (stretches - 1)) + i % STRETCH;
}

static struct codec_draw draw_of(const struct sample *sample, size_t found) {
  struct codec_draw draw = {.drawn = sample->n};
  memset(sample->times, 0, found * sizeof *sample->times);
  for (uint32_t i = 0; i < sample->n; i++)
    sample->times[sample->codes[i]]++;
  weft__draw_count(&draw, sample->times, found);
  return draw;
}

static weft_status cost_of_sample(struct codec_out *out, const struct codec_strings *strings, struct sample *sample,
                                  uint64_t *cost) {
  const int64_t *offsets = strings->offsets;
  struct weft_column column = weft_column_offsets64(strings->data, (size_t)offsets[strings->n], offsets, strings->n);
  size_t found;
  uint64_t bytes = 0;
  sample_rows(sample, strings->n);
  column = weft_column_with_selection(column, sample->rows, sample->n);
  WEFT_TRY(out->group(out->ctx, &column, 1, sample->codes, &found, sample->first));
  const struct codec_draw draw = draw_of(sample, found);
  uint64_t distinct = weft__draw_distinct(strings->n, &draw);
  for (size_t i = 0; i < found; i++) {
    const int64_t *ends = offsets + sample->rows[sample->first[i]];
    bytes += (uint64_t)(ends[1] - ends[0]);
  }
  bytes = (uint64_t)((double)bytes * (double)distinct / (double)found);
  *cost = strings_cost(out, strings, (uint32_t)distinct, bytes) + strings->n / 8;
  return WEFT_OK;
}

/* Bytes of a dictionary and its codes, judged by a sample of so many strings. Codes take a bit each at the least; what they
 * do take is known once there are any. */
static weft_status guess_cost(struct codec_out *out, const struct codec_strings *strings, uint32_t n, uint64_t *cost) {
  struct sample sample = {.n = n};
  WEFT_TRY(codec_alloc(out->ctx, n, 4 * sizeof *sample.rows, 0, &sample.rows));
  sample.codes = sample.rows + n;
  sample.first = sample.codes + n;
  sample.times = sample.first + n;
  return codec_free(out->ctx, sample.rows, cost_of_sample(out, strings, &sample, cost));
}

/* Numbers strings where that may pay. *as_dictionary: it does. Costs of both are noted. As it takes long to number strings
 * that are distinct, larger and larger samples must have promised that it is worth it, each of which takes little of the
 * time that the next one takes. */
static weft_status choose(struct codec_out *out, const struct codec_strings *strings, struct distinct *d, unsigned depth,
                          bool *as_dictionary) {
  enum { FIRST = 2048, STEP = 16, SHARE = 8 };
  uint64_t all = (uint64_t)(strings->offsets[strings->n] - strings->offsets[0]);
  uint64_t plain = 2 * CODEC_ENTRY_BYTES + all + ends_cost(out, strings, strings->n), coded = 0;
  uint32_t stream = out->streams++;
  *as_dictionary = false;
  if (!out->no_dictionary) {
    for (uint64_t n = FIRST; n == FIRST || (codec_pays(coded, plain) && n <= strings->n / SHARE); n *= STEP)
      WEFT_TRY(guess_cost(out, strings, n < strings->n ? (uint32_t)n : strings->n, &coded));
    if (codec_pays(coded, plain)) {
      WEFT_TRY(number_values(out, d));
      coded = strings_cost(out, strings, d->count, string_bytes(d)) + codes_cost(out, d);
      *as_dictionary = codec_pays(coded, plain) && !out->no_dictionary;
    }
    weft__codec_consider(out, stream, depth, WEFT_CODEC_DICT, strings->n, coded, *as_dictionary);
  }
  weft__codec_consider(out, stream, depth, WEFT_CODEC_STRINGS, strings->n, plain, !*as_dictionary);
  return WEFT_OK;
}

/* Strings by dictionary, or, where codec is AUTO and that does not pay, or there are too many, as they are. */
static weft_status encode_numbered(struct codec_out *out, const struct codec_strings *strings, enum weft_role role,
                                   enum weft_codec codec, const uint8_t *cascade, unsigned depth) {
  struct distinct d = {.ctx = out->ctx, .strings = strings, .n = strings->n};
  bool as_dictionary = true;
  weft_status status = codec == WEFT_CODEC_AUTO ? choose(out, strings, &d, depth, &as_dictionary) : number_values(out, &d);
  as_dictionary &= status == WEFT_OK && d.count <= out->options->dictionary_rows;
  if (as_dictionary)
    status = put(out, &d, role, cascade, depth);
  status = free_distinct(&d, status);
  if (as_dictionary || status != WEFT_OK)
    return status;
  return weft__strings_encode(out, strings, role, weft__codec_auto, depth);
}

weft_status weft__codec_encode_strings(struct codec_out *out, const struct codec_strings *strings, enum weft_role role,
                                       const uint8_t *cascade, unsigned depth) {
  enum weft_codec codec = depth < WEFT_CODEC_DEPTH ? (enum weft_codec)cascade[0] : WEFT_CODEC_AUTO;
  if (strings->n == 0)
    return weft__strings_encode(out, strings, role, weft__codec_auto, depth);
  switch (codec) {
  case WEFT_CODEC_AUTO: return encode_numbered(out, strings, role, codec, weft__codec_auto, depth);
  case WEFT_CODEC_DICT: return encode_numbered(out, strings, role, codec, cascade, depth);
  case WEFT_CODEC_STRINGS: return weft__strings_encode(out, strings, role, cascade + 1, depth);
  case WEFT_CODEC_RAW: return weft__strings_encode(out, strings, role, cascade, depth); /* its ends RAW */
  default:
    return weft__codec_fail(out->ctx, WEFT_E_INVALID, "weft_encode: codec %s (%d) is not for strings",
                            weft_codec_name(codec), codec);
  }
}
