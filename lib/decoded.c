/* SPDX-License-Identifier: MIT
 *
 * weft_decode: decoding into memory of the slab's, and the column that comes of it.
 */
#include "lib/decode.h"

struct weft_decoded {
  weft_slab *slab;
  struct weft_column column;
  const uint8_t *data; /* views: their one buffer */
  size_t data_bytes;
  void *owned[8];
  int n_owned;
};

/* A call under way. */
struct call {
  weft_ctx *ctx;
  struct decoding d; /* its budget is what may be allocated still */
  struct weft_decode_options options;
  weft_decoded *decoded;
};

static weft_status take(struct call *call, uint64_t bytes, void **out) {
  uint64_t *budget = &call->d.in.budget;
  *out = NULL;
  if (bytes > *budget)
    return weft__fail(call->ctx, WEFT_E_LIMIT, "weft_decode: %llu bytes more, and options.max_bytes, %llu, leaves %llu",
                      (unsigned long long)bytes, (unsigned long long)call->options.max_bytes, (unsigned long long)*budget);
  *out = weft_alloc(call->ctx, bytes > 0 ? bytes : 1);
  if (!*out)
    return call->ctx->cache.status;
  *budget -= bytes;
  call->decoded->owned[call->decoded->n_owned++] = *out;
  return WEFT_OK;
}

static weft_status read(struct call *call, struct weft_buffers *buffers, enum decode_mode mode) {
  WEFT_TRY(weft__decoding_again(&call->d, "weft_decode", &call->options));
  call->options.check_sums = false; /* they were compared */
  return weft__decoding_read(&call->d, buffers, mode);
}

/* Decodes what options ask for into memory that is taken for it; *column is what lies there. */
static weft_status decode_form(struct call *call, struct weft_buffers *buffers, struct weft_column *column) {
  const struct codec_in *in = &call->d.in;
  uint32_t form = call->options.form;
  bool strings = in->type == WEFT_STRING && form != WEFT_FORM_CODES;
  *buffers = (struct weft_buffers){.size = sizeof *buffers};
  WEFT_TRY(read(call, buffers, DECODE_ROOM));
  size_t n = call->d.n;
  WEFT_TRY(take(call, buffers->values_bytes, &buffers->values));
  if (strings && form == WEFT_FORM_VIEWS)
    WEFT_TRY(take(call, buffers->data_bytes, &buffers->data));
  else if (strings)
    WEFT_TRY(take(call, ((uint64_t)n + 1) * buffers->offset_bytes, &buffers->offsets));
  void *validity = NULL;
  if (form != WEFT_FORM_DICTIONARY && in->values->n < in->rows)
    WEFT_TRY(take(call, ((uint64_t)n + 7) / 8, &validity));
  buffers->validity = validity;
  WEFT_TRY(read(call, buffers, DECODE_VALUES));
  weft_decoded *decoded = call->decoded;
  if (form == WEFT_FORM_CODES) {
    *column = weft_column_fixed(buffers->values, WEFT_U32, n);
  } else if (!strings) {
    *column = in->type == WEFT_FIXED_BYTES ? weft_column_bytes(buffers->values, in->width, n)
                                           : weft_column_fixed(buffers->values, in->type, n);
  } else if (form == WEFT_FORM_VIEWS) {
    decoded->data = buffers->data;
    decoded->data_bytes = buffers->data_bytes;
    *column = weft_column_views(buffers->values, n, &decoded->data, &decoded->data_bytes, 1);
  } else if (buffers->offset_bytes == 4) {
    *column = weft_column_offsets32(buffers->values, buffers->values_bytes, buffers->offsets, n);
  } else {
    *column = weft_column_offsets64(buffers->values, buffers->values_bytes, buffers->offsets, n);
  }
  return WEFT_OK;
}

static weft_status decode_dictionary(struct call *call) {
  struct weft_buffers buffers;
  call->options.form = WEFT_FORM_DICTIONARY;
  call->options.selection = NULL;
  call->options.selected = 0;
  return decode_form(call, &buffers, &call->decoded->column);
}

static weft_status decode(struct call *call) {
  struct weft_buffers buffers;
  struct weft_column *column = &call->decoded->column, codes;
  if (call->options.form == WEFT_FORM_CODES && call->d.in.values->codec != WEFT_CODEC_DICT)
    call->options.form = WEFT_FORM_VALUES;
  if (call->options.form == WEFT_FORM_DICTIONARY)
    return decode_dictionary(call);
  if (call->options.form == WEFT_FORM_CODES) {
    WEFT_TRY(decode_form(call, &buffers, &codes));
    WEFT_TRY(decode_dictionary(call));
    *column = weft_column_with_selection(*column, codes.data, codes.rows);
  } else {
    WEFT_TRY(decode_form(call, &buffers, column));
  }
  if (buffers.validity)
    *column = weft_column_with_validity(*column, buffers.validity, 0);
  return WEFT_OK;
}

/* weft_decode, its pointers checked. */
static weft_status run(struct call *call, const void *src, size_t bytes) {
  weft_ctx *ctx = call->ctx;
  WEFT_TRY(weft__decoding_begin(&call->d, ctx, "weft_decode", src, bytes, call->options.max_bytes));
  call->decoded = weft_zalloc(ctx, sizeof *call->decoded);
  if (!call->decoded)
    return ctx->cache.status;
  call->decoded->slab = ctx->cache.slab;
  weft__slab_ref(ctx->cache.slab);
  return decode(call);
}

weft_status weft_decode(weft_ctx *ctx, const void *src, size_t bytes, const struct weft_decode_options *options,
                        weft_decoded **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_decode: out is NULL");
  struct call call;
  call.ctx = ctx;
  call.decoded = NULL;
  WEFT_TRY(weft__decode_options_read(ctx, "weft_decode", options, &call.options));
  ctx_enter(ctx);
  weft_status status = run(&call, src, bytes);
  weft__codec_close(&call.d.in);
  ctx_leave(ctx);
  if (status == WEFT_OK)
    *out = call.decoded;
  else
    weft_decoded_free(call.decoded);
  return weft__fail_within(ctx, status, "weft_decode");
}

const struct weft_column *weft_decoded_column(const weft_decoded *decoded) {
  return decoded ? &decoded->column : NULL;
}

void weft_decoded_free(weft_decoded *decoded) {
  if (!decoded)
    return;
  weft_slab *slab = decoded->slab;
  for (int i = 0; i < decoded->n_owned; i++)
    (void)!weft_slab_free(slab, decoded->owned[i]);
  (void)!weft_slab_free(slab, decoded);
  weft__slab_unref(slab);
}
