/* SPDX-License-Identifier: MIT
 *
 * CONST: one value, n times.
 */
#include "codecs/codec.h"

static weft_status encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                          const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  unsigned node;
  uint8_t *section;
  const uint8_t *at = values->at;
  if (values->n == 0 || (!out->chosen && memcmp(at, at + values->item, (size_t)(values->n - 1) * values->item) != 0))
    return weft__codec_fail(out->ctx, WEFT_E_INVALID, "weft_encode: codec const is for one value, and the %u values differ",
                            values->n);
  WEFT_TRY(weft__codec_begin(out, WEFT_CODEC_CONST, role, values->item, values->n, 0, &node));
  WEFT_TRY(weft__codec_room(out, values->item, &section));
  codec_copy(section, at, 1, values->item);
  weft__codec_end(out, node);
  return WEFT_OK;
}

static weft_status start(struct codec_in *in, struct codec_node *node) {
  if (node->children != 0 || node->bytes != node->item || node->n == 0)
    return weft__codec_corrupt(in, node, 0, "%u times one value of %u bytes in %llu bytes and %u streams", node->n,
                               node->item, (unsigned long long)node->bytes, node->children);
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  (void)first;
  if (codec_is_word(node->item)) {
    static const uint8_t none[1]; /* words of no bits above the value for their base */
    uint64_t value = codec_get(node->section, node->item);
    for (size_t at = 0; at < n; at += CODEC_BLOCK) {
      size_t part = n - at < CODEC_BLOCK ? n - at : CODEC_BLOCK;
      CODEC_KERNEL(in->codecs, unpack, node->item)(none, part, 0, value, (uint8_t *)out + at * node->item);
    }
    return WEFT_OK;
  }
  for (uint32_t i = 0; i < n && node->item > 0; i++)
    memcpy((uint8_t *)out + (size_t)i * node->item, node->section, node->item);
  return WEFT_OK;
}

const struct codec_operations weft__const = {encode, start, read};
