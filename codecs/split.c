/* SPDX-License-Identifier: MIT
 *
 * SPLIT: words of 4 or 8 bytes, floats above all, as one stream for each of their bytes: that of exponents has few values,
 * whatever the mantissas are. docs/format.md, "SPLIT".
 */
#include "codecs/codec.h"

#define MOST_PLANES 8

static bool has_planes(size_t item) {
  return item == 4 || item == MOST_PLANES;
}

static weft_status put_planes(struct codec_out *out, const struct codec_values *values, uint8_t *const *planes,
                              enum weft_role role, const uint8_t *cascade, unsigned depth) {
  unsigned node;
  (values->item == 4 ? out->codecs->split32 : out->codecs->split64)(values->at, values->n, planes);
  WEFT_TRY(weft__codec_begin(out, WEFT_CODEC_SPLIT, role, values->item, values->n, values->item, &node));
  weft__codec_end(out, node);
  for (unsigned k = 0; k < values->item; k++) {
    const struct codec_values plane = {.at = planes[k], .n = values->n, .item = 1};
    WEFT_TRY(weft__codec_encode(out, &plane, WEFT_ROLE_BYTE, cascade + 1, depth + 1));
  }
  return WEFT_OK;
}

static weft_status encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                          const uint8_t *cascade, unsigned depth) {
  if (!has_planes(values->item))
    return weft__codec_fail(out->ctx, WEFT_E_INVALID, "weft_encode: codec split is for 4 and 8 bytes, and a value has %u",
                            values->item);
  uint8_t *memory, *planes[MOST_PLANES];
  WEFT_TRY(codec_alloc(out->ctx, values->n, values->item, 0, &memory));
  for (unsigned k = 0; k < values->item; k++)
    planes[k] = memory + (size_t)k * values->n;
  return codec_free(out->ctx, memory, put_planes(out, values, planes, role, cascade, depth));
}

typedef uint8_t plane_block[CODEC_BLOCK];

static weft_status start(struct codec_in *in, struct codec_node *node) {
  if (!has_planes(node->item) || node->children != node->item || node->bytes != 0 || node->n == 0)
    return weft__codec_corrupt(in, node, 0, "%u values of %u bytes in %u parts and %llu bytes", node->n, node->item,
                               node->children, (unsigned long long)node->bytes);
  for (unsigned k = 0; k < node->children; k++) {
    const struct codec_node *plane = node->child[k];
    if (plane->role != WEFT_ROLE_BYTE || plane->item != 1 || plane->n != node->n)
      return weft__codec_corrupt(in, node, 0, "part %u has %u values of %u bytes in role %u for the bytes of %u", k,
                                 plane->n, plane->item, plane->role, node->n);
  }
  plane_block *planes;
  WEFT_TRY(weft__codec_scratch(in, node->children, sizeof *planes, &planes));
  node->state = planes;
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  plane_block *planes = node->state;
  const uint8_t *from[MOST_PLANES];
  uint8_t *to = out;
  for (unsigned k = 0; k < node->children; k++)
    from[k] = planes[k];
  for (uint32_t row = first, end = first + n, part; row < end; row += part, to += (size_t)part * node->item) {
    part = CODEC_BLOCK - row % CODEC_BLOCK; /* blocks of the planes */
    part = end - row < part ? end - row : part;
    for (unsigned k = 0; k < node->children; k++)
      WEFT_TRY(weft__codec_read(in, node->child[k], row, part, planes[k]));
    (node->item == 4 ? in->codecs->unsplit32 : in->codecs->unsplit64)(from, part, to);
  }
  return WEFT_OK;
}

const struct codec_operations weft__split = {encode, start, read};
