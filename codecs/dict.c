/* SPDX-License-Identifier: MIT
 *
 * DICT: the distinct values, a part, and a code a value, another. Of words, of bytes of one width, and of strings.
 * docs/format.md, "DICT". Here they are read; dict_encode.c writes them.
 */
#include "codecs/tree.h"

struct dict {
  struct codec_node *dictionary, *codes;
  uint64_t asked;  /* values read so far */
  uint64_t before; /* of them by reads before the present one, */
  uint32_t reads;  /* as many */
  bool has_values;
  uint8_t *values; /* the dictionary's, once they are worth decoding as a whole; NULL */
  uint32_t piece[CODEC_BLOCK];
};

static weft_status start(struct codec_in *in, struct codec_node *node) {
  if (node->children != 2 || node->bytes != 0 || node->n == 0)
    return weft__codec_corrupt(in, node, 0, "%u values by dictionary in %u parts and %llu bytes", node->n, node->children,
                               (unsigned long long)node->bytes);
  struct codec_node *dictionary = node->child[0], *codes = node->child[1];
  bool strings = in->type == WEFT_STRING && node->item == 0;
  if (dictionary->role != WEFT_ROLE_DICTIONARY || dictionary->item != node->item || dictionary->n == 0 ||
      dictionary->n > node->n || (dictionary->codec == WEFT_CODEC_STRINGS) != strings)
    return weft__codec_corrupt(in, node, 0, "a dictionary of %u values of %u bytes by %s, in role %u, for %u values of %u",
                               dictionary->n, dictionary->item, weft_codec_name(dictionary->codec), dictionary->role,
                               node->n, node->item);
  if (codes->role != WEFT_ROLE_CODES || codes->item != 4 || codes->n != node->n)
    return weft__codec_corrupt(in, node, 0, "%u codes of %u bytes, in role %u, for %u values", codes->n, codes->item,
                               codes->role, node->n);
  struct dict *dict;
  WEFT_TRY(weft__codec_scratch(in, 1, sizeof *dict, &dict));
  dict->dictionary = dictionary;
  dict->codes = codes;
  dict->asked = dict->before = 0;
  dict->reads = in->reads;
  dict->has_values = false;
  dict->values = NULL;
  node->state = dict;
  return WEFT_OK;
}

static weft_status wrong_code(struct codec_in *in, const struct codec_node *node, uint32_t first, const uint32_t *codes,
                              uint32_t n) {
  const struct dict *dict = node->state;
  uint32_t i = 0;
  while (i + 1 < n && codes[i] < dict->dictionary->n)
    i++;
  return weft__codec_corrupt(in, dict->codes, 0, "the code of value %u is %u, and the dictionary has %u", first + i,
                             codes[i], dict->dictionary->n);
}

weft_status weft__dict_codes(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, uint32_t *codes) {
  const struct dict *dict = node->state;
  for (uint32_t row = first, end = first + n, part; row < end; row += part, codes += part) {
    part = CODEC_BLOCK - row % CODEC_BLOCK;
    part = end - row < part ? end - row : part;
    WEFT_TRY(weft__codec_read(in, dict->codes, row, part, codes));
    if (in->codecs->range32(codes, part, 0).max >= dict->dictionary->n)
      return wrong_code(in, node, row, codes, part);
  }
  return WEFT_OK;
}

/* Looks up the values of codes one by one in the dictionary as it is encoded. */
static weft_status look_up(struct codec_in *in, const struct dict *dict, const uint32_t *codes, uint32_t n, uint8_t *out) {
  for (uint32_t i = 0; i < n; i++)
    WEFT_TRY(weft__codec_read(in, dict->dictionary, codes[i], 1, out + (size_t)i * dict->dictionary->item));
  return WEFT_OK;
}

static void copy_values(const uint8_t *values, const uint32_t *codes, uint32_t n, size_t item, uint8_t *out) {
  enum { USUAL = 16 }; /* UUIDs, decimals: copies of a constant number of bytes take no call */
  for (uint32_t i = 0; item == USUAL && i < n; i++)
    memcpy(out + (size_t)i * USUAL, values + (size_t)codes[i] * USUAL, USUAL);
  for (uint32_t i = 0; item != USUAL && i < n && item > 0; i++)
    memcpy(out + i * item, values + codes[i] * item, item);
}

static weft_status read_piece(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, uint8_t *out) {
  struct dict *dict = node->state;
  uint32_t size = dict->dictionary->n;
  size_t item = node->item;
  if (codec_is_word(item) && dict->has_values) {
    WEFT_TRY(weft__codec_read(in, dict->codes, first, n, dict->piece));
    bool right = CODEC_KERNEL(in->codecs, gather, item)(dict->values, size, dict->piece, n, out);
    return right ? WEFT_OK : wrong_code(in, node, first, dict->piece, n);
  }
  WEFT_TRY(weft__dict_codes(in, node, first, n, dict->piece));
  if (!dict->has_values)
    return look_up(in, dict, dict->piece, n, out);
  copy_values(dict->values, dict->piece, n, item, out);
  return WEFT_OK;
}

static weft_status read_values(struct codec_in *in, struct dict *dict) {
  uint32_t size = dict->dictionary->n;
  if (!dict->values)
    WEFT_TRY(weft__codec_scratch(in, size, dict->dictionary->item, &dict->values));
  WEFT_TRY(weft__codec_read(in, dict->dictionary, 0, size, dict->values));
  dict->has_values = true;
  return WEFT_OK;
}

/* Whether so many values are worth decoding the dictionary: where fewer than that share of its values are asked for, and no
 * more than that, they are looked up one by one. */
static bool are_worth(uint64_t asked, const struct dict *dict) {
  enum { SHARE = 16, MOST = 1 << 16 };
  return asked >= dict->dictionary->n / SHARE || asked >= MOST;
}

/* Decodes the dictionary where that is worth it. Where it is so only for what reads before this one have asked for, and the
 * dictionary may not be decoded, they begin to be counted anew: of equal reads one is not to fail where others did not. */
static weft_status prepare_values(struct codec_in *in, struct dict *dict, uint32_t n) {
  if (dict->reads != in->reads) {
    dict->before = dict->asked;
    dict->reads = in->reads;
  }
  dict->asked += n;
  if (dict->has_values || !are_worth(dict->asked, dict))
    return WEFT_OK;
  weft_status status = read_values(in, dict);
  if (status != WEFT_E_LIMIT || are_worth(dict->asked - dict->before, dict))
    return status;
  dict->asked -= dict->before;
  dict->before = 0;
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  struct dict *dict = node->state;
  if (dict->dictionary->codec == WEFT_CODEC_STRINGS)
    return weft__codec_corrupt(in, node, 0, "strings %u to %u where values of one width are due", first, first + n - 1);
  WEFT_TRY(prepare_values(in, dict, n));
  uint8_t *to = out;
  for (uint32_t row = first, end = first + n, part; row < end; row += part, to += (size_t)part * node->item) {
    part = CODEC_BLOCK - row % CODEC_BLOCK;
    part = end - row < part ? end - row : part;
    WEFT_TRY(read_piece(in, node, row, part, to));
  }
  return WEFT_OK;
}

const struct codec_operations weft__dict = {weft__dict_encode, start, read};
