/* SPDX-License-Identifier: MIT
 *
 * An encoding that is open, and what a read of it asks for, found in it. For lib/decode.c, which has the calls of one read
 * and values of fixed width, lib/decode_strings.c, and lib/encoding.c, which has the calls of many reads.
 */
#ifndef LIB_DECODE_H
#define LIB_DECODE_H

#include "lib/ctx.h"
#include "lib/validity.h"

#define DECODE_MAX_BYTES ((uint64_t)1 << 30) /* unless the caller says otherwise */

struct decoding {
  weft_ctx *ctx;
  struct codec_in in;
  struct validity validity;
  struct source *source; /* of lib/decode_strings.c; NULL: no strings were read yet */
  /* The read. */
  struct weft_decode_options options;
  uint32_t first, rows; /* the range */
  uint32_t n;           /* rows that come out: of the range, or selected */
  bool has_nulls;       /* some may be null */
  uint64_t nulls;       /* rows so far that were */
  /* Of the piece at hand, at most CODEC_BLOCK rows: which are valid, and where the values of those are. */
  uint64_t bits[CODEC_BLOCK / 64];
  uint32_t valid; /* of its rows */
  uint32_t rank;  /* without a selection: of the first */
  uint32_t picks[CODEC_BLOCK];
};

/* Puts rows at .. at + n of those that come out, n <= CODEC_BLOCK, at hand: bits, valid, rank or picks. at is a multiple of
 * CODEC_BLOCK, and pieces follow one another. */
weft_status weft__decode_piece(struct decoding *d, uint32_t at, uint32_t n);

/* Writes bits to the piece's place in the validity bitmap, where there is one. */
weft_status weft__decode_validity(const struct decoding *d, uint32_t at, uint32_t n, struct weft_buffers *buffers);

/* The same of all rows that come out, of which none is null. */
void weft__decode_all_valid(const struct decoding *d, struct weft_buffers *buffers);

/* What becomes of strings: their room is found, they are decoded, or all is gone through and nothing written. */
enum decode_mode { DECODE_ROOM, DECODE_VALUES, DECODE_CHECK };

/* Strings as values or as views. Buffers' memory is touched by DECODE_VALUES alone; DECODE_ROOM sets values_bytes,
 * data_bytes and offset_bytes to what they must be; DECODE_CHECK needs no buffers. */
weft_status weft__decode_strings(struct decoding *d, struct weft_buffers *buffers, enum decode_mode mode);

/* Opens the encoding, and finds in it what options (NULL: the defaults) ask for. In any case weft__codec_close(&d->in)
 * is due afterwards. */
weft_status weft__decoding_open(struct decoding *d, weft_ctx *ctx, const char *who, const void *src, size_t bytes,
                                const struct weft_decode_options *options);

/* Starts its values and validity, once. */
weft_status weft__decoding_start(struct decoding *d);

/* Opens and starts it, for reads of which the first is still to be found; all may allocate max_bytes together. In any case
 * weft__codec_close(&d->in) is due afterwards. */
weft_status weft__decoding_begin(struct decoding *d, weft_ctx *ctx, const char *who, const void *src, size_t bytes,
                                 uint64_t max_bytes);

/* Finds what the next read asks for, options.max_bytes apart. Whatever became of the one before. */
weft_status weft__decoding_again(struct decoding *d, const char *who, const struct weft_decode_options *options);

/* Reads what was found into buffers, or finds the room for that (never DECODE_CHECK). The encoding is started, but may not
 * be yet for the room of what is no string. */
weft_status weft__decoding_read(struct decoding *d, struct weft_buffers *buffers, enum decode_mode mode);

/* The caller's options, of whatever size that is known, or the defaults. */
weft_status weft__decode_options_read(weft_ctx *ctx, const char *who, const struct weft_decode_options *options,
                                      struct weft_decode_options *mine);

/* WEFT_E_INVALID unless buffers are there and of a size that is known. */
weft_status weft__check_buffers(weft_ctx *ctx, const char *who, const struct weft_buffers *buffers);

/* What weft_describe gives, of an encoding that is open. */
void weft__encoding_info(const struct codec_in *in, struct weft_encoded_info *info, size_t size);

/* weft_verify in at most max_bytes. */
weft_status weft__verify(weft_ctx *ctx, const void *src, size_t bytes, uint64_t max_bytes);

#endif
