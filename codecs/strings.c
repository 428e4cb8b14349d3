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
  uint32_t ends[CODEC_BLOCK];
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

/* offsets[i] = ends[i] - begin. False: an end lies before the one before it, which is `before` for the first. */
static bool widen32(const uint32_t *ends, uint32_t n, uint32_t begin, uint32_t before, int64_t *offsets) {
  uint32_t wrong = ends[0] < before;
  offsets[0] = ends[0] - begin;
  for (uint32_t i = 1; i < n; i++) {
    wrong |= ends[i] < ends[i - 1];
    offsets[i] = ends[i] - begin;
  }
  return !wrong;
}

/* The same of ends of 8 bytes, which lie in offsets[n]. */
static bool rebase64(int64_t *offsets, uint32_t n, uint64_t begin, uint64_t before) {
  uint64_t wrong = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t end = (uint64_t)offsets[i];
    wrong |= end < before;
    before = end;
    offsets[i] = (int64_t)(end - begin);
  }
  return !wrong;
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

weft_status weft__strings_read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, int64_t *offsets,
                               const uint8_t **data) {
  struct strings *state = node->state;
  struct codec_node *ends = node->child[0];
  uint64_t begin, before;
  if (node->codec != WEFT_CODEC_STRINGS)
    return weft__codec_corrupt(in, node, 0, "strings are due, not values of %u bytes", node->item);
  *data = node->section;
  offsets[0] = 0;
  if (n == 0)
    return WEFT_OK;
  WEFT_TRY(read_begin(in, node, first, &begin));
  before = begin;
  int64_t *to = offsets + 1;
  for (uint32_t row = first, end = first + n, part; row < end; row += part, to += part) {
    part = CODEC_BLOCK - row % CODEC_BLOCK;
    part = end - row < part ? end - row : part;
    WEFT_TRY(weft__codec_read(in, ends, row, part, ends->item == 4 ? (void *)state->ends : to));
    bool ascend = ends->item == 4 ? widen32(state->ends, part, (uint32_t)begin, (uint32_t)before, to)
                                  : rebase64(to, part, begin, before);
    before = begin + (uint64_t)to[part - 1];
    if (!ascend || before > node->bytes || (row + part == node->n && before != node->bytes))
      return weft__codec_corrupt(in, node, 0,
                                 "strings %u to %u do not end one after another in %llu bytes, the last at %llu", row,
                                 row + part - 1, (unsigned long long)node->bytes, (unsigned long long)before);
  }
  *data = node->section + begin;
  state->read = first + n;
  state->end = before;
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  (void)out;
  return weft__codec_corrupt(in, node, 0, "strings %u to %u where values of one width are due", first, first + n - 1);
}

const struct codec_operations weft__strings = {NULL, start, read};
