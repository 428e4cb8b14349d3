/* SPDX-License-Identifier: MIT
 *
 * STRINGS: where each string ends, a part, and the bytes of all one after another, the section. docs/format.md, "STRINGS".
 */
#include "codecs/codec.h"

/* ---- Encoding ---- */

static uint64_t bytes_of(const struct codec_strings *strings) {
  return (uint64_t)(strings->offsets[strings->n] - strings->offsets[0]);
}

static weft_status put_ends(struct codec_out *out, const struct codec_strings *strings, const uint8_t *cascade,
                            unsigned depth) {
  uint32_t n = strings->n, item = bytes_of(strings) > UINT32_MAX ? 8 : 4;
  int64_t first = strings->offsets[0];
  void *ends;
  WEFT_TRY(codec_alloc(out->ctx, n, item, 0, &ends));
  uint32_t *narrow = ends;
  uint64_t *wide = ends;
  for (uint32_t i = 0; item == 4 && i < n; i++)
    narrow[i] = (uint32_t)(strings->offsets[i + 1] - first);
  for (uint32_t i = 0; item == 8 && i < n; i++)
    wide[i] = (uint64_t)(strings->offsets[i + 1] - first);
  const struct codec_values values = {.at = ends, .n = n, .item = item};
  return codec_free(out->ctx, ends, weft__codec_encode(out, &values, WEFT_ROLE_ENDS, cascade, depth));
}

weft_status weft__strings_encode(struct codec_out *out, const struct codec_strings *strings, enum weft_role role,
                                 const uint8_t *cascade, unsigned depth) {
  unsigned node;
  uint8_t *section;
  uint64_t bytes = bytes_of(strings);
  WEFT_TRY(weft__codec_begin(out, WEFT_CODEC_STRINGS, role, 0, strings->n, 1, &node));
  WEFT_TRY(weft__codec_room(out, (size_t)bytes, &section));
  if (bytes > 0)
    memcpy(section, strings->data + strings->offsets[0], (size_t)bytes);
  weft__codec_end(out, node);
  return put_ends(out, strings, cascade, depth + 1);
}

/* ---- Decoding ---- */

struct strings {
  uint32_t read; /* the string that was read last, counted from 1; 0: none */
  uint64_t end;  /* where it ends */
  uint64_t ends[CODEC_BLOCK];
};

static weft_status start(struct codec_in *in, struct codec_node *node) {
  const struct codec_node *ends = node->child[0];
  if (node->item != 0 || node->children != 1)
    return weft__codec_corrupt(in, node, 0, "strings of %u bytes in %u parts", node->item, node->children);
  if (ends->role != WEFT_ROLE_ENDS || (ends->item != 4 && ends->item != 8) || ends->n != node->n)
    return weft__codec_corrupt(in, node, 0, "%u ends of %u bytes in role %u for %u strings", ends->n, ends->item,
                               ends->role, node->n);
  if (node->n == 0 && node->bytes != 0)
    return weft__codec_corrupt(in, node, 0, "%llu bytes of no string", (unsigned long long)node->bytes);
  struct strings *state;
  WEFT_TRY(weft__codec_scratch(in, 1, sizeof *state, &state));
  state->read = 0;
  state->end = 0;
  node->state = state;
  return WEFT_OK;
}

/* Whether no end lies before the one before it, which is `before` for the first. */
static bool ascend32(const uint32_t *ends, uint32_t n, uint32_t before) {
  uint32_t wrong = ends[0] < before;
  for (uint32_t i = 1; i < n; i++)
    wrong |= ends[i] < ends[i - 1] ? 1u : 0u;
  return wrong == 0;
}

static bool ascend64(const uint64_t *ends, uint32_t n, uint64_t before) {
  uint64_t wrong = ends[0] < before;
  for (uint32_t i = 1; i < n; i++)
    wrong |= ends[i] < ends[i - 1];
  return wrong == 0;
}

/* Offsets of `width` bytes: ends of `item` bytes counted from `begin` on. Where the widths are equal, they are in place. */
static void put_offsets(const void *ends, unsigned item, uint32_t n, uint64_t begin, void *offsets, unsigned width) {
  const uint32_t *narrow = ends;
  const uint64_t *wide = ends;
  uint32_t *offset32 = offsets;
  uint64_t *offset64 = offsets;
  if (item == width && begin == 0)
    return;
  for (uint32_t i = 0; item == 4 && width == 4 && i < n; i++)
    offset32[i] -= (uint32_t)begin;
  for (uint32_t i = 0; item == 4 && width == 8 && i < n; i++)
    offset64[i] = narrow[i] - (uint32_t)begin;
  for (uint32_t i = 0; item == 8 && width == 4 && i < n; i++)
    offset32[i] = (uint32_t)(wide[i] - begin);
  for (uint32_t i = 0; item == 8 && width == 8 && i < n; i++)
    offset64[i] -= begin;
}

/* Where the string before row `first` ends. */
static weft_status read_begin(struct codec_in *in, const struct codec_node *node, uint32_t first, uint64_t *begin) {
  const struct strings *state = node->state;
  *begin = first == state->read ? state->end : 0;
  if (first == 0 || first == state->read)
    return WEFT_OK;
  uint32_t narrow;
  bool is_narrow = node->child[0]->item == 4;
  WEFT_TRY(weft__codec_read(in, node->child[0], first - 1, 1, is_narrow ? (void *)&narrow : begin));
  *begin = is_narrow ? narrow : *begin;
  return WEFT_OK;
}

weft_status weft__strings_read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *offsets,
                               unsigned width, struct codec_text *text) {
  struct strings *state = node->state;
  struct codec_node *ends = node->child[0];
  uint64_t begin, before;
  if (node->codec != WEFT_CODEC_STRINGS)
    return weft__codec_corrupt(in, node, 0, "strings are due, not values of %u bytes", node->item);
  *text = (struct codec_text){node->section, 0};
  codec_set_word(offsets, 0, width, 0);
  if (n == 0)
    return WEFT_OK;
  unsigned item = ends->item;
  WEFT_TRY(read_begin(in, node, first, &begin));
  before = begin;
  uint8_t *to = (uint8_t *)offsets + width;
  for (uint32_t row = first, end = first + n, part; row < end; row += part, to += (size_t)part * width) {
    part = CODEC_BLOCK - row % CODEC_BLOCK;
    part = end - row < part ? end - row : part;
    void *at = item == width ? (void *)to : state->ends;
    WEFT_TRY(weft__codec_read(in, ends, row, part, at));
    bool ascend = item == 4 ? ascend32(at, part, (uint32_t)before) : ascend64(at, part, before);
    before = codec_word(at, part - 1, item);
    if (!ascend || before > node->bytes || (row + part == node->n && before != node->bytes))
      return weft__codec_corrupt(in, node, 0,
                                 "strings %u to %u do not end one after another in %llu bytes, the last at %llu", row,
                                 row + part - 1, (unsigned long long)node->bytes, (unsigned long long)before);
    put_offsets(at, item, part, begin, to, width);
  }
  text->data = node->section + begin;
  text->bytes = before - begin;
  state->read = first + n;
  state->end = before;
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  (void)out;
  return weft__codec_corrupt(in, node, 0, "strings %u to %u where values of one width are due", first, first + n - 1);
}

const struct codec_operations weft__strings = {NULL, start, read};
