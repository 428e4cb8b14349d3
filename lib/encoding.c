/* SPDX-License-Identifier: MIT
 *
 * Encodings that are kept open: opened and started once, then read any number of times, as by the calls of lib/decode.c,
 * whose code it is.
 */
#include "lib/decode.h"

struct weft_encoding {
  struct decoding d;
};

weft_status weft_encoding_open(weft_ctx *ctx, const void *src, size_t bytes, uint64_t max_bytes, weft_encoding **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_encoding_open: out is NULL");
  const char *who = "weft_encoding_open";
  weft_encoding *encoding = weft_alloc(ctx, sizeof *encoding);
  if (!encoding)
    return weft__fail_within(ctx, ctx->cache.status, "%s", who);
  ctx_enter(ctx);
  weft_status status = weft__decoding_begin(&encoding->d, ctx, who, src, bytes, max_bytes);
  ctx_leave(ctx);
  if (status == WEFT_OK)
    *out = encoding;
  else
    weft_encoding_free(encoding);
  return weft__fail_within(ctx, status, "%s", who);
}

void weft_encoding_free(weft_encoding *encoding) {
  if (!encoding)
    return;
  weft_ctx *ctx = encoding->d.ctx;
  weft__codec_close(&encoding->d.in);
  (void)!weft_free(ctx, encoding);
}

weft_status weft_encoding_info(const weft_encoding *encoding, struct weft_encoded_info *info, size_t size) {
  if (!encoding)
    return WEFT_E_INVALID;
  if (!info)
    return weft__fail(encoding->d.ctx, WEFT_E_INVALID, "weft_encoding_info: info is NULL");
  weft__encoding_info(&encoding->d.in, info, size);
  return WEFT_OK;
}

static weft_status run(weft_encoding *encoding, const char *who, const struct weft_decode_options *options,
                       struct weft_buffers *buffers, enum decode_mode mode) {
  if (!encoding)
    return WEFT_E_INVALID;
  struct decoding *d = &encoding->d;
  weft_ctx *ctx = d->ctx;
  WEFT_TRY(weft__check_buffers(ctx, who, buffers));
  ctx_enter(ctx);
  weft_status status = weft__decoding_again(d, who, options);
  if (status == WEFT_OK)
    status = weft__decoding_read(d, buffers, mode);
  ctx_leave(ctx);
  return status == WEFT_OK ? status : weft__fail_within(ctx, status, "%s", who);
}

weft_status weft_encoding_room(weft_encoding *encoding, const struct weft_decode_options *options,
                               struct weft_buffers *room) {
  return run(encoding, "weft_encoding_room", options, room, DECODE_ROOM);
}

weft_status weft_encoding_read(weft_encoding *encoding, const struct weft_decode_options *options,
                               struct weft_buffers *buffers) {
  return run(encoding, "weft_encoding_read", options, buffers, DECODE_VALUES);
}
