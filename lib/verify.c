/* SPDX-License-Identifier: MIT
 *
 * weft_verify: every checksum of an encoding compared, every value decoded, the zones held against the values, and all held
 * against what writers must do, some of which decoding does without.
 */
#include "lib/decode.h"
#include "lib/zones.h"

/* The zones of a block, and the values that they are of. */
static weft_status check_zone(struct codec_in *in, uint32_t block, const void *values, uint32_t valid, uint32_t nulls) {
  uint8_t min[8] = {0}, max[8] = {0}, said_min[8], said_max[8];
  uint32_t said_nulls = 0;
  if (!in->zone_min)
    return WEFT_OK;
  WEFT_TRY(weft__codec_read(in, in->zone_min, block, 1, said_min));
  WEFT_TRY(weft__codec_read(in, in->zone_max, block, 1, said_max));
  if (in->zone_nulls)
    WEFT_TRY(weft__codec_read(in, in->zone_nulls, block, 1, &said_nulls));
  if (valid > 0)
    weft__range(in->codecs, in->type, values, valid, min, max);
  if (memcmp(min, said_min, in->width) == 0 && memcmp(max, said_max, in->width) == 0 && nulls == said_nulls)
    return WEFT_OK;
  return weft__codec_corrupt(in, in->zone_min, 0, "block %u: min, max or nulls are not those of its values", block);
}

static weft_status start_zones(struct codec_in *in) {
  struct codec_node *const zones[] = {in->zone_min, in->zone_max, in->zone_nulls};
  for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
    if (zones[i])
      WEFT_TRY(weft__codec_start(in, zones[i]));
  return WEFT_OK;
}

/* What decoding does without. */
static weft_status check_streams(struct codec_in *in) {
  if (in->validity && in->values->n == in->rows)
    return weft__codec_corrupt(in, in->validity, 0, "validity, and none of %u rows is null", in->rows);
  for (unsigned i = 0; i < in->n_nodes; i++) {
    const struct codec_node *node = &in->nodes[i];
    if (node->codec == WEFT_CODEC_BITPACK || node->codec == WEFT_CODEC_FOR || node->codec == WEFT_CODEC_DELTA)
      WEFT_TRY(weft__packed_check(in, node));
  }
  return WEFT_OK;
}

static weft_status check_fixed(struct codec_in *in, struct validity *validity) {
  enum { PIECE = 1 << 16 };
  size_t width = in->width, wide = PIECE / (width > 0 ? width : 1);
  uint32_t step = wide >= CODEC_BLOCK ? CODEC_BLOCK : wide > 0 ? (uint32_t)wide : 1;
  void *values;
  WEFT_TRY(weft__codec_scratch(in, step, width > 0 ? width : 1, &values));
  for (uint32_t row = 0, n; row < in->rows; row += n) {
    n = in->rows - row < step ? in->rows - row : step;
    uint32_t valid = n, rank = row;
    if (validity->node) {
      uint64_t bits[CODEC_BLOCK / 64];
      WEFT_TRY(weft__validity_read(validity, row, n, bits, &rank));
      valid = bits_count(bits, CODEC_BLOCK);
    }
    WEFT_TRY(weft__codec_read(in, in->values, rank, valid, values));
    WEFT_TRY(check_zone(in, row / CODEC_BLOCK, values, valid, n - valid));
  }
  return WEFT_OK;
}

static weft_status verify(struct decoding *d) {
  struct codec_in *in = &d->in;
  WEFT_TRY(start_zones(in));
  WEFT_TRY(check_streams(in));
  return in->type == WEFT_STRING ? weft__decode_strings(d, NULL, DECODE_CHECK) : check_fixed(in, &d->validity);
}

weft_status weft__verify(weft_ctx *ctx, const void *src, size_t bytes, uint64_t max_bytes) {
  struct decoding d;
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.check_sums = true;
  options.max_bytes = max_bytes;
  ctx_enter(ctx);
  weft_status status = weft__decoding_open(&d, ctx, "weft_verify", src, bytes, &options);
  if (status == WEFT_OK)
    status = weft__decoding_start(&d);
  if (status == WEFT_OK)
    status = verify(&d);
  weft__codec_close(&d.in);
  ctx_leave(ctx);
  return weft__fail_within(ctx, status, "weft_verify");
}

weft_status weft_verify(weft_ctx *ctx, const void *src, size_t bytes) {
  return ctx ? weft__verify(ctx, src, bytes, DECODE_MAX_BYTES) : WEFT_E_INVALID;
}
