/* SPDX-License-Identifier: MIT
 *
 * A decoding call: what was asked for, found in the encoding. For lib/decode.c, which has the public calls and values of
 * fixed width, and lib/decode_strings.c.
 */
#ifndef LIB_DECODE_H
#define LIB_DECODE_H

#include "lib/ctx.h"
#include "lib/validity.h"

struct decoding {
  weft_ctx *ctx;
  struct weft_decode_options options;
  struct codec_in in;
  uint32_t first, rows; /* the range */
  uint32_t n;           /* rows that come out: of the range, or selected */
  struct validity validity;
  /* Of the piece at hand, at most CODEC_BLOCK rows: which are valid, and where the values of those are. */
  uint64_t bits[CODEC_BLOCK / 64];
  uint32_t valid; /* of its rows */
  uint32_t rank;  /* without a selection: of the first */
  uint32_t picks[CODEC_BLOCK];
  uint64_t nulls; /* rows so far that were null */
};

/* Puts rows at .. at + n of those that come out, n <= CODEC_BLOCK, at hand: bits, valid, rank or picks. at is a multiple of
 * CODEC_BLOCK, and pieces follow one another. */
weft_status weft__decode_piece(struct decoding *d, uint32_t at, uint32_t n);

/* Writes bits to the piece's place in the validity bitmap, where there is one. */
weft_status weft__decode_validity(const struct decoding *d, uint32_t at, uint32_t n, struct weft_buffers *buffers);

/* What becomes of strings: their room is found, they are decoded, or all is gone through and nothing written. */
enum decode_mode { DECODE_ROOM, DECODE_VALUES, DECODE_CHECK };

/* Strings as values or as views. Buffers' memory is touched by DECODE_VALUES alone; DECODE_ROOM sets values_bytes,
 * data_bytes and offset_bytes to what they must be; DECODE_CHECK needs no buffers. */
weft_status weft__decode_strings(struct decoding *d, struct weft_buffers *buffers, enum decode_mode mode);

/* Opens the encoding, finds in it what options (NULL: the defaults) ask for; and starts its values and validity. In any
 * case weft__codec_close(&d->in) is due afterwards. */
weft_status weft__decoding_open(struct decoding *d, weft_ctx *ctx, const char *who, const void *src, size_t bytes,
                                const struct weft_decode_options *options);
weft_status weft__decoding_start(struct decoding *d);

/* weft_verify in at most max_bytes. */
weft_status weft__verify(weft_ctx *ctx, const void *src, size_t bytes, uint64_t max_bytes);

#endif
