/* SPDX-License-Identifier: MIT
 *
 * From an encoding back to a column, whole or in part: the calls that describe and decode. Values of fixed width are here,
 * strings in decode_strings.c; lib/encoding.c keeps an encoding open for many reads.
 */
#include "lib/decode.h"

void weft_decode_options_init(struct weft_decode_options *options, size_t size) {
  const struct weft_decode_options defaults = {.size = size, .rows = UINT64_MAX, .max_bytes = DECODE_MAX_BYTES};
  if (!options)
    return;
  memset(options, 0, size);
  memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

/* ---- What a call asks for ---- */

static weft_status open_in(weft_ctx *ctx, const char *who, const void *src, size_t bytes, uint64_t budget,
                           struct codec_in *in) {
  if (!src)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: src is NULL", who);
  in->ctx = ctx;
  in->kernels = ctx->kernels;
  in->codecs = ctx->kernels->codecs;
  in->who = who;
  in->budget = budget;
  in->at = src;
  in->bytes = bytes;
  return weft__codec_open(in);
}

static const struct codec_node *dictionary_of(const struct codec_in *in) {
  return in->values->codec == WEFT_CODEC_DICT && in->values->children > 0 ? in->values->child[0] : NULL;
}

static weft_status check_rows(struct decoding *d) {
  const struct weft_decode_options *options = &d->options;
  uint64_t rows = d->in.rows, first = options->first_row;
  if (options->form == WEFT_FORM_DICTIONARY) {
    const struct codec_node *dictionary = dictionary_of(&d->in);
    if (!dictionary)
      return weft__fail(d->ctx, WEFT_E_INVALID, "%s: the column has no dictionary, its codec is %s", d->in.who,
                        weft_codec_name(d->in.values->codec));
    d->first = 0;
    d->n = d->rows = dictionary->n;
    return WEFT_OK;
  }
  uint64_t wanted = options->rows == UINT64_MAX && first <= rows ? rows - first : options->rows;
  if (first > rows)
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: options.first_row is %llu, and there are %llu rows", d->in.who,
                      (unsigned long long)first, (unsigned long long)rows);
  if (wanted > rows - first)
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: options.rows is %llu from row %llu on, and there are %llu rows",
                      d->in.who, (unsigned long long)wanted, (unsigned long long)first, (unsigned long long)rows);
  d->first = (uint32_t)first;
  d->n = d->rows = (uint32_t)wanted;
  if (!options->selection && options->selected == 0)
    return WEFT_OK;
  if (!options->selection || options->selected > CODEC_MAX_ROWS)
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: options.selection is %p, of %zu rows", d->in.who,
                      (const void *)options->selection, options->selected);
  d->n = (uint32_t)options->selected;
  return WEFT_OK;
}

static weft_status check_sums(const struct codec_in *in) {
  for (unsigned i = 0; i < in->n_nodes; i++) {
    const struct codec_node *node = &in->nodes[i];
    uint64_t sum = codec_check(in->kernels, node->section, (size_t)node->bytes, 0);
    if (sum != node->check)
      return weft__fail(
          in->ctx, WEFT_E_CORRUPT, "%s: stream %u (%s), bytes %llu to %llu: their checksum is %016llx, not %016llx",
          in->who, i, weft_codec_name(node->codec), (unsigned long long)node->offset,
          (unsigned long long)(node->offset + node->bytes), (unsigned long long)sum, (unsigned long long)node->check);
  }
  return WEFT_OK;
}

weft_status weft__decode_options_read(weft_ctx *ctx, const char *who, const struct weft_decode_options *options,
                                      struct weft_decode_options *mine) {
  if (options && options->size == sizeof *mine) { /* as nearly always: nothing is left to default */
    *mine = *options;
  } else {
    size_t least = offsetof(struct weft_decode_options, streaming) + sizeof options->streaming;
    weft_decode_options_init(mine, sizeof *mine);
    if (options)
      WEFT_TRY(weft__options_read(ctx, who, options, options->size, least, mine, sizeof *mine));
  }
  if (mine->max_bytes == 0)
    mine->max_bytes = DECODE_MAX_BYTES;
  return WEFT_OK;
}

/* Finds what d->options ask for. */
static weft_status find(struct decoding *d) {
  uint32_t form = d->options.form;
  if (form > WEFT_FORM_DICTIONARY || (form == WEFT_FORM_VIEWS && d->in.type != WEFT_STRING))
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: options.form is %u, which a column of type %d does not have", d->in.who,
                      form, d->in.type);
  if (form == WEFT_FORM_CODES && !dictionary_of(&d->in))
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: options.form is CODES, and the column's codec is %s", d->in.who,
                      weft_codec_name(d->in.values->codec));
  WEFT_TRY(check_rows(d));
  d->has_nulls = d->in.validity && form != WEFT_FORM_DICTIONARY;
  d->nulls = 0;
  return d->options.check_sums ? check_sums(&d->in) : WEFT_OK;
}

weft_status weft__decoding_open(struct decoding *d, weft_ctx *ctx, const char *who, const void *src, size_t bytes,
                                const struct weft_decode_options *options) {
  d->ctx = ctx;
  d->source = NULL;
  d->in.scratch = NULL;
  WEFT_TRY(weft__decode_options_read(ctx, who, options, &d->options));
  WEFT_TRY(open_in(ctx, who, src, bytes, d->options.max_bytes, &d->in));
  return find(d);
}

weft_status weft__decoding_start(struct decoding *d) {
  WEFT_TRY(weft__codec_start(&d->in, d->in.values));
  return weft__validity_open(&d->in, &d->validity);
}

weft_status weft__decoding_begin(struct decoding *d, weft_ctx *ctx, const char *who, const void *src, size_t bytes,
                                 uint64_t max_bytes) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.max_bytes = max_bytes;
  WEFT_TRY(weft__decoding_open(d, ctx, who, src, bytes, &options));
  return weft__decoding_start(d);
}

weft_status weft__decoding_again(struct decoding *d, const char *who, const struct weft_decode_options *options) {
  d->in.who = who;
  d->in.reads++;
  WEFT_TRY(weft__decode_options_read(d->ctx, who, options, &d->options));
  return find(d);
}

/* ---- Pieces ---- */

static void all_valid(struct decoding *d, uint32_t n) {
  for (uint32_t i = 0; i < CODEC_BLOCK / 64; i++) {
    uint32_t in_word = n <= 64 * i ? 0 : n - 64 * i;
    d->bits[i] = in_word >= 64 ? UINT64_MAX : ((uint64_t)1 << in_word) - 1;
  }
  d->valid = n;
}

static weft_status pick_piece(struct decoding *d, uint32_t at, uint32_t n) {
  const uint32_t *selection = d->options.selection + at;
  memset(d->bits, 0, sizeof d->bits);
  d->valid = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (selection[i] >= d->rows)
      return weft__fail(d->ctx, WEFT_E_INVALID, "%s: options.selection[%u] is %u, and there are %u rows", d->in.who, at + i,
                        selection[i], d->rows);
    bool valid = true;
    uint32_t rank = d->first + selection[i];
    if (d->has_nulls)
      WEFT_TRY(weft__validity_find(&d->validity, rank, &valid, &rank));
    d->bits[i / 64] |= (uint64_t)valid << i % 64;
    d->picks[d->valid] = rank;
    d->valid += valid;
  }
  return WEFT_OK;
}

weft_status weft__decode_piece(struct decoding *d, uint32_t at, uint32_t n) {
  if (d->options.selection && d->options.form != WEFT_FORM_DICTIONARY) {
    WEFT_TRY(pick_piece(d, at, n));
  } else if (d->has_nulls) {
    WEFT_TRY(weft__validity_read(&d->validity, d->first + at, n, d->bits, &d->rank));
    d->valid = bits_count(d->bits, CODEC_BLOCK);
  } else {
    all_valid(d, n);
    d->rank = d->first + at;
  }
  d->nulls += n - d->valid;
  return WEFT_OK;
}

weft_status weft__decode_validity(const struct decoding *d, uint32_t at, uint32_t n, struct weft_buffers *buffers) {
  if (!buffers->validity)
    return d->valid == n
               ? WEFT_OK
               : weft__fail(d->ctx, WEFT_E_INVALID, "%s: buffers.validity is NULL, and the rows have nulls", d->in.who);
  uint8_t *to = buffers->validity + at / 8;
  for (uint32_t i = 0; i < (n + 7) / 8; i++)
    to[i] = (uint8_t)(d->bits[i / 8] >> i % 8 * 8);
  return WEFT_OK;
}

void weft__decode_all_valid(const struct decoding *d, struct weft_buffers *buffers) {
  if (!buffers->validity)
    return;
  memset(buffers->validity, 0xff, d->n / 8);
  if (d->n % 8 != 0)
    buffers->validity[d->n / 8] = (uint8_t)((1 << d->n % 8) - 1);
}

/* ---- Values of fixed width ---- */

static weft_status need_room(const struct decoding *d, const char *what, const void *at, uint64_t room, uint64_t bytes) {
  if (bytes > 0 && !at)
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: buffers.%s is NULL, and takes %llu bytes", d->in.who, what,
                      (unsigned long long)bytes);
  if (bytes > room)
    return weft__fail(d->ctx, WEFT_E_SPACE, "%s: buffers.%s has %llu bytes, and takes %llu", d->in.who, what,
                      (unsigned long long)room, (unsigned long long)bytes);
  return WEFT_OK;
}

/* The stream that comes out, and the bytes of a value: codes are asked of the dictionary's stream. */
static struct codec_node *stream_of(struct decoding *d, size_t *width) {
  bool codes = d->options.form == WEFT_FORM_CODES;
  *width = codes ? sizeof(uint32_t) : d->in.width;
  return d->options.form == WEFT_FORM_DICTIONARY ? d->in.values->child[0] : d->in.values;
}

/* Values of the piece's valid rows, one after another. */
static weft_status read_values(struct decoding *d, struct codec_node *node, void *out) {
  if (d->valid == 0)
    return WEFT_OK;
  if (d->options.form == WEFT_FORM_CODES) {
    for (uint32_t i = 0; d->options.selection && i < d->valid; i++)
      WEFT_TRY(weft__dict_codes(&d->in, node, d->picks[i], 1, (uint32_t *)out + i));
    return d->options.selection ? WEFT_OK : weft__dict_codes(&d->in, node, d->rank, d->valid, out);
  }
  if (d->options.selection && d->options.form != WEFT_FORM_DICTIONARY)
    return weft__codec_pick(&d->in, node, d->picks, d->valid, out);
  return weft__codec_read(&d->in, node, d->rank, d->valid, out);
}

/* Moves the piece's values, which lie one after another at out, to their rows, from the last on; nulls become zeros. */
static void spread_values(const struct decoding *d, uint8_t *out, uint32_t n, size_t width) {
  uint32_t next = d->valid;
  for (uint32_t i = n; i-- > 0;) {
    if (d->bits[i / 64] >> i % 64 & 1)
      memmove(out + i * width, out + --next * width, width);
    else
      memset(out + i * width, 0, width);
  }
}

static weft_status decode_piece(struct decoding *d, struct codec_node *node, size_t width, uint32_t at, uint32_t n,
                                uint8_t *out) {
  WEFT_TRY(weft__decode_piece(d, at, n));
  if (d->valid == n)
    return read_values(d, node, out);
  if (!codec_is_word(width)) {
    WEFT_TRY(read_values(d, node, out));
    spread_values(d, out, n, width);
    return WEFT_OK;
  }
  _Alignas(uint64_t) uint8_t dense[CODEC_BLOCK * sizeof(uint64_t) + SIMD_SLACK]; /* codes are written as numbers */
  WEFT_TRY(read_values(d, node, dense));
  CODEC_KERNEL(d->in.codecs, expand, width)(dense, d->bits, n, out);
  return WEFT_OK;
}

/* Rows without nulls and selection are read at once, or where they are to go past the caches by way of a block that is in
 * them. One fence for all: each waits until all that was stored is in memory. */
static weft_status decode_plain(struct decoding *d, struct codec_node *node, size_t width, uint8_t *out) {
  _Alignas(64) uint8_t piece[CODEC_BLOCK * sizeof(uint64_t)];
  if (!d->options.streaming || width > sizeof(uint64_t)) {
    d->valid = d->n;
    d->rank = d->first;
    return read_values(d, node, out);
  }
  weft_status status = WEFT_OK;
  for (uint32_t at = 0, n; status == WEFT_OK && at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    d->valid = n;
    d->rank = d->first + at;
    codec_prefetch(out, at * width, n * width, d->n * width);
    status = read_values(d, node, piece);
    if (status == WEFT_OK)
      d->in.codecs->stream(piece, n * width, out + at * width);
  }
  d->in.codecs->stream(piece, 0, out);
  return status;
}

/* Bytes that were words get their order back. */
static void turn_values(uint8_t *values, size_t n, size_t width) {
  uint8_t piece[CODEC_BLOCK * sizeof(uint64_t)];
  for (size_t at = 0, part; at < n; at += part, values += part * width) {
    part = codec_block_values(n, at / CODEC_BLOCK);
    memcpy(piece, values, part * width);
    codec_copy(values, piece, part, (unsigned)width);
  }
}

static weft_status decode_fixed(struct decoding *d, struct weft_buffers *buffers) {
  size_t width;
  struct codec_node *node = stream_of(d, &width);
  WEFT_TRY(need_room(d, "values", buffers->values, buffers->values_bytes, (uint64_t)d->n * width));
  uint8_t nothing[1], *out = buffers->values ? buffers->values : nothing; /* where values have no bytes */
  bool plain = !d->has_nulls && (!d->options.selection || d->options.form == WEFT_FORM_DICTIONARY);
  if (plain)
    weft__decode_all_valid(d, buffers);
  if (plain && d->n > 0)
    WEFT_TRY(decode_plain(d, node, width, out));
  for (uint32_t at = 0, n; !plain && at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    WEFT_TRY(decode_piece(d, node, width, at, n, out + at * width));
    WEFT_TRY(weft__decode_validity(d, at, n, buffers));
  }
  if (codec_is_turned(d->in.type, width) && d->options.form != WEFT_FORM_CODES)
    turn_values(out, d->n, width);
  buffers->values_bytes = d->n * width;
  return WEFT_OK;
}

/* ---- Public calls ---- */

static bool has_strings(const struct decoding *d) {
  return d->in.type == WEFT_STRING && d->options.form != WEFT_FORM_CODES;
}

weft_status weft__check_buffers(weft_ctx *ctx, const char *who, const struct weft_buffers *buffers) {
  if (!buffers)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: buffers is NULL", who);
  if (buffers->size != sizeof *buffers)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: buffers.size is %zu, and this library knows %zu", who, buffers->size,
                      sizeof *buffers);
  return WEFT_OK;
}

weft_status weft__decoding_read(struct decoding *d, struct weft_buffers *buffers, enum decode_mode mode) {
  if (mode == DECODE_ROOM && !has_strings(d)) {
    size_t width;
    stream_of(d, &width);
    buffers->values_bytes = d->n * width;
    buffers->data_bytes = buffers->offset_bytes = 0;
    return WEFT_OK;
  }
  if (d->options.selection && d->has_nulls)
    WEFT_TRY(weft__validity_index(&d->validity));
  WEFT_TRY(has_strings(d) ? weft__decode_strings(d, buffers, mode) : decode_fixed(d, buffers));
  if (mode == DECODE_VALUES) {
    buffers->nulls = d->nulls;
    ctx_count_column(d->ctx, d->options.selection, d->n, buffers->values_bytes);
  }
  return WEFT_OK;
}

static weft_status run(weft_ctx *ctx, const char *who, const void *src, size_t bytes,
                       const struct weft_decode_options *options, struct weft_buffers *buffers, enum decode_mode mode) {
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(weft__check_buffers(ctx, who, buffers));
  struct decoding d;
  ctx_enter(ctx);
  weft_status status = weft__decoding_open(&d, ctx, who, src, bytes, options);
  if (status == WEFT_OK && (mode == DECODE_VALUES || has_strings(&d)))
    status = weft__decoding_start(&d);
  if (status == WEFT_OK)
    status = weft__decoding_read(&d, buffers, mode);
  weft__codec_close(&d.in);
  ctx_leave(ctx);
  return weft__fail_within(ctx, status, "%s", who);
}

weft_status weft_decode_room(weft_ctx *ctx, const void *src, size_t bytes, const struct weft_decode_options *options,
                             struct weft_buffers *room) {
  return run(ctx, "weft_decode_room", src, bytes, options, room, DECODE_ROOM);
}

weft_status weft_decode_into(weft_ctx *ctx, const void *src, size_t bytes, const struct weft_decode_options *options,
                             struct weft_buffers *buffers) {
  return run(ctx, "weft_decode_into", src, bytes, options, buffers, DECODE_VALUES);
}

void weft__encoding_info(const struct codec_in *in, struct weft_encoded_info *info, size_t size) {
  const struct codec_node *dictionary = dictionary_of(in);
  struct weft_encoded_info mine = {.type = in->type,
                                   .width = in->width,
                                   .rows = in->rows,
                                   .nulls = in->rows - in->values->n,
                                   .data_bytes = in->data_bytes,
                                   .dictionary_rows = dictionary ? dictionary->n : 0,
                                   .bytes = in->bytes,
                                   .has_zones = in->zone_min != NULL,
                                   .n_nodes = in->n_nodes};
  for (unsigned i = 0; i < in->n_nodes; i++) {
    const struct codec_node *node = &in->nodes[i];
    mine.nodes[i] = (struct weft_encoded_node){.codec = node->codec,
                                               .role = node->role,
                                               .depth = node->depth,
                                               .children = node->children,
                                               .value_bits = codec_is_word(node->item) ? 8 * node->item : 0,
                                               .values = node->n,
                                               .offset = node->offset,
                                               .bytes = node->bytes};
  }
  memset(info, 0, size);
  memcpy(info, &mine, size < sizeof mine ? size : sizeof mine);
}

weft_status weft_describe(weft_ctx *ctx, const void *src, size_t bytes, struct weft_encoded_info *info, size_t size) {
  if (!ctx)
    return WEFT_E_INVALID;
  if (!info)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_describe: info is NULL");
  memset(info, 0, size);
  struct codec_in in;
  WEFT_TRY(open_in(ctx, "weft_describe", src, bytes, 0, &in));
  weft__encoding_info(&in, info, size);
  return WEFT_OK;
}

static weft_status read_zones(struct decoding *d, void *min, void *max, uint32_t *nulls) {
  uint32_t first = d->first / CODEC_BLOCK, n = (uint32_t)codec_blocks(d->rows);
  struct codec_in *in = &d->in;
  if (!in->zone_min)
    return weft__fail(d->ctx, WEFT_E_INVALID, "weft_zones: none were recorded");
  if (d->options.selection || d->options.form != WEFT_FORM_VALUES)
    return weft__fail(d->ctx, WEFT_E_INVALID, "weft_zones: options.selection or options.form is set");
  if (d->first % CODEC_BLOCK != 0 || (d->rows % CODEC_BLOCK != 0 && d->first + d->rows != in->rows))
    return weft__fail(d->ctx, WEFT_E_INVALID, "weft_zones: rows %u to %u, not whole blocks of %d", d->first,
                      d->first + d->rows, CODEC_BLOCK);
  if (min)
    WEFT_TRY(weft__codec_start(in, in->zone_min));
  if (min)
    WEFT_TRY(weft__codec_read(in, in->zone_min, first, n, min));
  if (max)
    WEFT_TRY(weft__codec_start(in, in->zone_max));
  if (max)
    WEFT_TRY(weft__codec_read(in, in->zone_max, first, n, max));
  if (nulls)
    memset(nulls, 0, n * sizeof *nulls);
  if (!nulls || !in->zone_nulls)
    return WEFT_OK;
  WEFT_TRY(weft__codec_start(in, in->zone_nulls));
  return weft__codec_read(in, in->zone_nulls, first, n, nulls);
}

weft_status weft_zones(weft_ctx *ctx, const void *src, size_t bytes, const struct weft_decode_options *options, void *min,
                       void *max, uint32_t *nulls) {
  if (!ctx)
    return WEFT_E_INVALID;
  struct decoding d;
  ctx_enter(ctx);
  weft_status status = weft__decoding_open(&d, ctx, "weft_zones", src, bytes, options);
  if (status == WEFT_OK)
    status = read_zones(&d, min, max, nulls);
  weft__codec_close(&d.in);
  ctx_leave(ctx);
  return weft__fail_within(ctx, status, "weft_zones");
}
