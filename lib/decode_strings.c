/* SPDX-License-Identifier: MIT
 *
 * Strings out of an encoding: as offsets and bytes, or as views. They come from a stream of strings, or by way of codes
 * from a dictionary that is one.
 */
#include "lib/decode.h"

/* Where strings come from, and those of the piece at hand, nulls left out. */
struct source {
  struct codec_node *node;  /* of STRINGS */
  struct codec_node *codes; /* of DICT, whose dictionary node is; NULL: none */
  /* Of the dictionary, made once, by the first read that needs it: string i is dictionary[offsets[i] .. offsets[i + 1]). */
  const uint8_t *dictionary;
  int64_t *offsets;
  bool has_offsets;
  struct weft_view *views;
  const uint8_t *data; /* of a piece of a range, all in one go */
  bool together;       /* the piece's strings lie one after another at data */
  uint64_t bytes;      /* of the piece's strings */
  const uint8_t *at[CODEC_BLOCK];
  uint32_t code[CODEC_BLOCK];
  int64_t ends[CODEC_BLOCK + 1]; /* together: offsets from data */
  uint64_t length[CODEC_BLOCK];
};

static struct weft_view view_of(const uint8_t *at, uint64_t length, uint64_t offset) {
  struct weft_view view = {.length = (int32_t)length};
  if (length <= sizeof view.as.inlined) {
    memcpy(view.as.inlined, at, length);
  } else {
    memcpy(view.as.ref.prefix, at, sizeof view.as.ref.prefix);
    view.as.ref.buffer = 0;
    view.as.ref.offset = (int32_t)offset;
  }
  return view;
}

static weft_status too_long(const struct decoding *d, uint64_t bytes) {
  return weft__fail(d->ctx, WEFT_E_OVERFLOW, "%s: %llu bytes of strings, more than offsets of 32 bits reach", d->in.who,
                    (unsigned long long)bytes);
}

/* Finds where each string of the dictionary is. */
static weft_status read_offsets(struct codec_in *in, struct source *source) {
  uint32_t n = source->node->n;
  if (source->has_offsets)
    return WEFT_OK;
  if (!source->offsets)
    WEFT_TRY(weft__codec_scratch(in, (size_t)n + 1, sizeof *source->offsets, &source->offsets));
  WEFT_TRY(weft__strings_read(in, source->node, 0, n, source->offsets, &source->dictionary));
  source->has_offsets = true;
  return WEFT_OK;
}

static weft_status make_views(struct decoding *d, struct source *source) {
  uint32_t n = source->node->n;
  if (source->views)
    return WEFT_OK;
  if (source->offsets[n] > INT32_MAX)
    return too_long(d, (uint64_t)source->offsets[n]);
  WEFT_TRY(weft__codec_scratch(&d->in, n, sizeof *source->views, &source->views));
  for (uint32_t i = 0; i < n; i++) {
    int64_t from = source->offsets[i];
    source->views[i] = view_of(source->dictionary + from, (uint64_t)(source->offsets[i + 1] - from), (uint64_t)from);
  }
  return WEFT_OK;
}

static weft_status open_source(struct decoding *d, enum decode_mode mode) {
  struct codec_in *in = &d->in;
  bool coded = in->values->codec == WEFT_CODEC_DICT;
  if (!d->source) {
    WEFT_TRY(weft__codec_scratch(in, 1, sizeof *d->source, &d->source));
    d->source->offsets = NULL;
    d->source->has_offsets = false;
    d->source->views = NULL;
  }
  struct source *source = d->source;
  source->node = coded ? in->values->child[0] : in->values;
  source->codes = coded && d->options.form != WEFT_FORM_DICTIONARY ? in->values : NULL;
  if (!source->codes)
    return WEFT_OK;
  WEFT_TRY(read_offsets(in, source));
  return d->options.form == WEFT_FORM_VIEWS && mode == DECODE_VALUES ? make_views(d, source) : WEFT_OK;
}

/* ---- A piece's strings ---- */

static weft_status find_coded(struct decoding *d, struct source *source) {
  if (d->options.selection)
    for (uint32_t i = 0; i < d->valid; i++)
      WEFT_TRY(weft__dict_codes(&d->in, source->codes, d->picks[i], 1, source->code + i));
  else if (d->valid > 0)
    WEFT_TRY(weft__dict_codes(&d->in, source->codes, d->rank, d->valid, source->code));
  source->together = false;
  source->bytes = 0;
  for (uint32_t i = 0; i < d->valid; i++) {
    int64_t from = source->offsets[source->code[i]], to = source->offsets[source->code[i] + 1];
    source->at[i] = source->dictionary + from;
    source->length[i] = (uint64_t)(to - from);
    source->bytes += source->length[i];
  }
  return WEFT_OK;
}

static weft_status find_picked(struct decoding *d, struct source *source) {
  source->together = false;
  source->bytes = 0;
  for (uint32_t i = 0; i < d->valid; i++) {
    int64_t ends[2];
    WEFT_TRY(weft__strings_read(&d->in, source->node, d->picks[i], 1, ends, &source->at[i]));
    source->length[i] = (uint64_t)ends[1];
    source->bytes += source->length[i];
  }
  return WEFT_OK;
}

static weft_status find_range(struct decoding *d, struct source *source) {
  source->together = true;
  source->ends[0] = 0;
  if (d->valid > 0)
    WEFT_TRY(weft__strings_read(&d->in, source->node, d->rank, d->valid, source->ends, &source->data));
  source->bytes = (uint64_t)source->ends[d->valid];
  return WEFT_OK;
}

static weft_status find_piece(struct decoding *d, struct source *source, uint32_t at, uint32_t n) {
  WEFT_TRY(weft__decode_piece(d, at, n));
  if (source->codes)
    return find_coded(d, source);
  return d->options.selection && d->options.form != WEFT_FORM_DICTIONARY ? find_picked(d, source) : find_range(d, source);
}

static uint64_t length_of(const struct source *source, uint32_t i) {
  return source->together ? (uint64_t)(source->ends[i + 1] - source->ends[i]) : source->length[i];
}

static const uint8_t *place_of(const struct source *source, uint32_t i) {
  return source->together ? source->data + source->ends[i] : source->at[i];
}

/* Copies a piece's strings to `to`, where room bytes may be written. Short ones 16 bytes at a time, where both sides have
 * that many. */
static void copy_strings(const struct decoding *d, const struct source *source, uint8_t *to, uint64_t room) {
  enum { STEP = 16 };
  if (source->together) {
    memcpy(to, source->data, source->bytes);
    return;
  }
  const uint8_t *end = d->in.at + d->in.bytes, *to_end = to + room;
  for (uint32_t i = 0; i < d->valid; i++) {
    uint64_t length = source->length[i];
    const uint8_t *at = source->at[i];
    if (length <= STEP && end - at >= STEP && to_end - to >= STEP)
      memcpy(to, at, STEP);
    else
      memcpy(to, at, length);
    to += length;
  }
}

/* ---- Offsets and bytes ---- */

static void put_offset(const struct weft_buffers *buffers, size_t i, uint64_t offset) {
  if (buffers->offset_bytes == 4)
    ((int32_t *)buffers->offsets)[i] = (int32_t)offset;
  else
    ((int64_t *)buffers->offsets)[i] = (int64_t)offset;
}

static void put_offsets(const struct decoding *d, const struct source *source, const struct weft_buffers *buffers,
                        uint32_t at, uint32_t n, uint64_t used) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (d->valid == n || (d->bits[i / 64] >> i % 64 & 1))
      used += length_of(source, value++);
    put_offset(buffers, (size_t)at + i + 1, used);
  }
}

static weft_status no_room(const struct decoding *d, const char *what, size_t room, uint64_t needed) {
  return weft__fail(d->ctx, WEFT_E_SPACE, "%s: buffers.%s has %zu bytes, and takes %llu or more", d->in.who, what, room,
                    (unsigned long long)needed);
}

/* Whether all rows' strings come out, so that the header has said how many bytes they are. */
static bool is_whole(const struct decoding *d) {
  return !d->options.selection && d->rows == d->in.rows && d->options.form != WEFT_FORM_DICTIONARY;
}

static weft_status check_bytes(const struct decoding *d, uint64_t used, bool ended) {
  if (!is_whole(d) || (ended ? used == d->in.data_bytes : used <= d->in.data_bytes))
    return WEFT_OK;
  return weft__fail(d->ctx, WEFT_E_CORRUPT, "%s: byte 16: the header says %llu bytes of strings, there are %llu", d->in.who,
                    (unsigned long long)d->in.data_bytes, (unsigned long long)used);
}

static weft_status decode_values(struct decoding *d, struct source *source, struct weft_buffers *buffers,
                                 enum decode_mode mode) {
  uint64_t used = 0;
  if (mode == DECODE_VALUES) {
    if (!buffers->offsets || (buffers->offset_bytes != 4 && buffers->offset_bytes != 8))
      return weft__fail(d->ctx, WEFT_E_INVALID, "%s: buffers.offsets is %p, of %zu bytes each", d->in.who, buffers->offsets,
                        buffers->offset_bytes);
    put_offset(buffers, 0, 0);
  }
  for (uint32_t at = 0, n; at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    WEFT_TRY(find_piece(d, source, at, n));
    uint64_t end = used + source->bytes;
    WEFT_TRY(check_bytes(d, end, false));
    if (mode == DECODE_VALUES) {
      if (end > (buffers->offset_bytes == 4 ? INT32_MAX : INT64_MAX))
        return too_long(d, end);
      if (end > buffers->values_bytes || (source->bytes > 0 && !buffers->values))
        return no_room(d, "values", buffers->values ? buffers->values_bytes : 0, end);
      WEFT_TRY(weft__decode_validity(d, at, n, buffers));
      put_offsets(d, source, buffers, at, n, used);
      if (source->bytes > 0)
        copy_strings(d, source, (uint8_t *)buffers->values + used, buffers->values_bytes - used);
    }
    used = end;
  }
  WEFT_TRY(check_bytes(d, used, true));
  if (mode == DECODE_CHECK)
    return WEFT_OK;
  buffers->values_bytes = used;
  buffers->data_bytes = 0;
  if (mode == DECODE_ROOM)
    buffers->offset_bytes = used > INT32_MAX ? 8 : 4;
  return WEFT_OK;
}

/* ---- Views ---- */

/* Views of a piece's strings; those too long for a view follow `used` bytes of data already there. */
static weft_status put_views(struct decoding *d, const struct source *source, struct weft_buffers *buffers,
                             enum decode_mode mode, uint32_t at, uint32_t n, uint64_t *used) {
  struct weft_view *views = mode != DECODE_VALUES ? NULL : (struct weft_view *)buffers->values + at;
  uint32_t value = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct weft_view view = {0};
    if (d->valid == n || (d->bits[i / 64] >> i % 64 & 1)) {
      uint32_t v = value++;
      uint64_t length = length_of(source, v);
      if (source->codes && mode == DECODE_VALUES) {
        view = source->views[source->code[v]];
      } else if (!source->codes) {
        bool refers = length > sizeof view.as.inlined;
        uint64_t end = *used + (refers ? length : 0);
        if (end > INT32_MAX)
          return too_long(d, end);
        if (mode == DECODE_VALUES && refers && (end > buffers->data_bytes || !buffers->data))
          return no_room(d, "data", buffers->data ? buffers->data_bytes : 0, end);
        if (mode == DECODE_VALUES && refers)
          memcpy((uint8_t *)buffers->data + *used, place_of(source, v), length);
        if (mode == DECODE_VALUES)
          view = view_of(place_of(source, v), length, *used);
        *used = end;
      }
    }
    if (mode == DECODE_VALUES)
      views[i] = view;
  }
  return WEFT_OK;
}

static weft_status decode_views(struct decoding *d, struct source *source, struct weft_buffers *buffers,
                                enum decode_mode mode) {
  uint64_t used = 0, whole = 0, views = (uint64_t)d->n * sizeof(struct weft_view);
  if (mode == DECODE_VALUES && (views > buffers->values_bytes || (views > 0 && !buffers->values)))
    return no_room(d, "values", buffers->values ? buffers->values_bytes : 0, views);
  if (source->codes) {
    used = (uint64_t)source->offsets[source->node->n];
    if (mode == DECODE_VALUES && (used > buffers->data_bytes || (used > 0 && !buffers->data)))
      return no_room(d, "data", buffers->data ? buffers->data_bytes : 0, used);
    if (mode == DECODE_VALUES && used > 0)
      memcpy(buffers->data, source->dictionary, used);
  }
  for (uint32_t at = 0, n; at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    WEFT_TRY(find_piece(d, source, at, n));
    whole += source->bytes;
    WEFT_TRY(put_views(d, source, buffers, mode, at, n, &used));
    if (mode == DECODE_VALUES)
      WEFT_TRY(weft__decode_validity(d, at, n, buffers));
  }
  WEFT_TRY(check_bytes(d, whole, true));
  buffers->values_bytes = views;
  buffers->data_bytes = used;
  if (mode == DECODE_ROOM)
    buffers->offset_bytes = 0;
  return WEFT_OK;
}

weft_status weft__decode_strings(struct decoding *d, struct weft_buffers *buffers, enum decode_mode mode) {
  WEFT_TRY(open_source(d, mode));
  struct source *source = d->source;
  if (d->options.form == WEFT_FORM_VIEWS)
    return decode_views(d, source, buffers, mode);
  /* What the header says suffices where it will be found out if it lies. */
  if (mode == DECODE_ROOM && is_whole(d)) {
    buffers->values_bytes = d->in.data_bytes;
    buffers->data_bytes = 0;
    buffers->offset_bytes = d->in.data_bytes > INT32_MAX ? 8 : 4;
    return WEFT_OK;
  }
  return decode_values(d, source, buffers, mode);
}
