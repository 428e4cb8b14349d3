/* SPDX-License-Identifier: MIT
 *
 * The frame of an encoding, for lib/encode.c, and what tree.c asks of the selector.
 */
#ifndef CODECS_TREE_H
#define CODECS_TREE_H

#include "codecs/codec.h"

/* What the header says besides the streams. */
struct codec_head {
  enum weft_type type;
  enum codec_nulls nulls;
  uint32_t rows;
  uint32_t width;
  uint64_t data_bytes;
};

/* Leaves room for the header; the column's own streams are encoded then, in the order of their roles, each at depth 0. */
weft_status weft__codec_open_out(struct codec_out *out);

/* Writes table and header: out->used bytes are the encoding. */
weft_status weft__codec_close_out(struct codec_out *out, const struct codec_head *head);

/* The codec for a stream of at least one value, at a depth from which WEFT_CODEC_DEPTH - depth codecs may follow (at
 * least one that packs or copies always may). */
weft_status weft__codec_choose(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                               unsigned depth, enum weft_codec *codec);

/* Notes that a codec was considered for stream number `stream`. */
void weft__codec_consider(struct codec_out *out, uint32_t stream, unsigned depth, enum weft_codec codec, uint32_t values,
                          uint64_t bytes, bool chosen);

#endif
