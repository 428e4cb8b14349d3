/* SPDX-License-Identifier: MIT
 *
 * RAW: the values as they are, in the format's byte order. Of any width; what every other codec gives way to.
 */
#include "codecs/codec.h"

static weft_status encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                          const uint8_t *cascade, unsigned depth) {
  (void)cascade, (void)depth;
  unsigned node;
  uint8_t *section;
  WEFT_TRY(weft__codec_begin(out, WEFT_CODEC_RAW, role, values->item, values->n, 0, &node));
  WEFT_TRY(weft__codec_room(out, (size_t)values->n * values->item, &section));
  codec_copy(section, values->at, values->n, values->item);
  weft__codec_end(out, node);
  return WEFT_OK;
}

static weft_status start(struct codec_in *in, struct codec_node *node) {
  if (node->children != 0 || node->bytes != (uint64_t)node->n * node->item)
    return weft__codec_corrupt(in, node, 0, "%u values of %u bytes in %llu bytes and %u streams", node->n, node->item,
                               (unsigned long long)node->bytes, node->children);
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  (void)in;
  codec_copy(out, node->section + (size_t)first * node->item, n, node->item);
  return WEFT_OK;
}

const struct codec_operations weft__raw = {encode, start, read};
