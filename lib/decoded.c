/* SPDX-License-Identifier: MIT
 *
 * weft_decode: decoding into memory of the slab's, and the column that comes of it.
 */
#include "lib/ctx.h"

#include <string.h>
#include <weft/codec.h>
#include <weft/slab.h>

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
  const void *src;
  size_t bytes;
  struct weft_decode_options options; /* max_bytes: what may be allocated still */
  uint64_t rows;                      /* that come out */
  struct weft_encoded_info *info;
  weft_decoded *decoded;
};

static weft_status take(struct call *call, uint64_t bytes, void **out) {
  *out = NULL;
  if (bytes > call->options.max_bytes)
    return weft__fail(call->ctx, WEFT_E_LIMIT, "weft_decode: %llu bytes more, and options.max_bytes leaves %llu",
                      (unsigned long long)bytes, (unsigned long long)call->options.max_bytes);
  *out = weft_alloc(call->ctx, bytes > 0 ? bytes : 1);
  if (!*out)
    return call->ctx->cache.status;
  call->options.max_bytes -= bytes;
  call->decoded->owned[call->decoded->n_owned++] = *out;
  return WEFT_OK;
}

/* Decodes one form into memory that is taken for it; *column is what lies there. */
static weft_status decode_form(struct call *call, uint32_t form, uint64_t rows, bool nulls, struct weft_buffers *buffers,
                               struct weft_column *column) {
  bool strings = call->info->type == WEFT_STRING && form != WEFT_FORM_CODES;
  struct weft_decode_options options = call->options;
  options.form = form;
  *buffers = (struct weft_buffers){.size = sizeof *buffers};
  WEFT_TRY(weft_decode_room(call->ctx, call->src, call->bytes, &options, buffers));
  WEFT_TRY(take(call, buffers->values_bytes, &buffers->values));
  if (strings && form == WEFT_FORM_VIEWS)
    WEFT_TRY(take(call, buffers->data_bytes, &buffers->data));
  else if (strings)
    WEFT_TRY(take(call, (rows + 1) * buffers->offset_bytes, &buffers->offsets));
  void *validity = NULL;
  if (nulls)
    WEFT_TRY(take(call, (rows + 7) / 8, &validity));
  buffers->validity = validity;
  options.max_bytes = call->options.max_bytes;
  call->options.check_sums = options.check_sums = false; /* they were compared above */
  WEFT_TRY(weft_decode_into(call->ctx, call->src, call->bytes, &options, buffers));
  weft_decoded *decoded = call->decoded;
  size_t n = (size_t)rows;
  if (form == WEFT_FORM_CODES) {
    *column = weft_column_fixed(buffers->values, WEFT_U32, n);
  } else if (!strings) {
    *column = call->info->type == WEFT_FIXED_BYTES ? weft_column_bytes(buffers->values, call->info->width, n)
                                                   : weft_column_fixed(buffers->values, call->info->type, n);
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

static weft_status decode(struct call *call) {
  struct weft_buffers buffers, codes;
  struct weft_column *column = &call->decoded->column;
  bool nulls = call->info->nulls > 0;
  if (call->options.form == WEFT_FORM_CODES && call->info->dictionary_rows == 0)
    call->options.form = WEFT_FORM_VALUES;
  if (call->options.form == WEFT_FORM_DICTIONARY) {
    call->options.selection = NULL;
    call->options.selected = 0;
    return decode_form(call, WEFT_FORM_DICTIONARY, call->info->dictionary_rows, false, &buffers, column);
  }
  if (call->options.form != WEFT_FORM_CODES) {
    WEFT_TRY(decode_form(call, call->options.form, call->rows, nulls, &buffers, column));
    if (nulls)
      *column = weft_column_with_validity(*column, buffers.validity, 0);
    return WEFT_OK;
  }
  struct weft_column unused;
  WEFT_TRY(decode_form(call, WEFT_FORM_CODES, call->rows, nulls, &codes, &unused));
  call->options.selection = NULL;
  call->options.selected = 0;
  WEFT_TRY(decode_form(call, WEFT_FORM_DICTIONARY, call->info->dictionary_rows, false, &buffers, column));
  *column = weft_column_with_selection(*column, codes.values, (size_t)call->rows);
  if (nulls)
    *column = weft_column_with_validity(*column, codes.validity, 0);
  return WEFT_OK;
}

weft_status weft_decode(weft_ctx *ctx, const void *src, size_t bytes, const struct weft_decode_options *options,
                        weft_decoded **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_decode: out is NULL");
  struct call call = {.ctx = ctx, .src = src, .bytes = bytes};
  weft_decode_options_init(&call.options, sizeof call.options);
  if (options) {
    size_t least = offsetof(struct weft_decode_options, streaming) + sizeof options->streaming;
    WEFT_TRY(weft__options_read(ctx, "weft_decode", options, options->size, least, &call.options, sizeof call.options));
  }
  struct weft_encoded_info info;
  weft_status status = weft_describe(ctx, src, bytes, &info, sizeof info);
  if (status != WEFT_OK)
    return weft__fail_within(ctx, status, "weft_decode");
  call.info = &info;
  uint64_t first = call.options.first_row, left = first <= info.rows ? info.rows - first : 0;
  call.rows = call.options.selection ? call.options.selected : call.options.rows < left ? call.options.rows : left;
  call.decoded = weft_zalloc(ctx, sizeof *call.decoded);
  if (!call.decoded)
    return ctx->cache.status;
  call.decoded->slab = ctx->cache.slab;
  weft__slab_ref(ctx->cache.slab);
  status = decode(&call);
  if (status != WEFT_OK) {
    weft_decoded_free(call.decoded);
    return weft__fail_within(ctx, status, "weft_decode");
  }
  *out = call.decoded;
  return WEFT_OK;
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
