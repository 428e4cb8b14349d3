/* SPDX-License-Identifier: MIT
 *
 * Strings out of an encoding: as offsets and bytes, or as views. They come from a stream of strings, or by way of codes
 * from a dictionary that is one.
 */
#include "lib/decode.h"
#include "lib/view.h"

/* Bytes that are copied at once, of strings that may be shorter: what lies behind them may be read, and written where there
 * is room, as the next string comes there. No string of a dictionary is longer than the one, or they take both. */
#define STEP 32
_Static_assert(STEP <= CODEC_AFTER_STRINGS, "may be read behind any string");

/* Where strings come from, and those of the piece at hand, nulls left out. */
struct source {
  struct codec_node *node;  /* of STRINGS */
  struct codec_node *codes; /* of DICT, whose dictionary node is; NULL: none */
  /* The dictionary, read once, by the first call that needs it: string i from offsets[i] on. */
  struct codec_text dictionary;
  int64_t *offsets;
  bool has_offsets;
  uint64_t longest;        /* bytes that a string of the dictionary has at most */
  struct weft_view *views; /* of its strings, made by the first call that wants views */
  uint32_t code[CODEC_BLOCK + 1];
  struct codec_text text;         /* of a piece of a range */
  const uint8_t *at[CODEC_BLOCK]; /* of strings that were picked */
  int64_t ends[CODEC_BLOCK + 1];  /* string i of the piece is ends[i + 1] - ends[i] bytes, ends[0] being 0 */
};

static weft_status too_long(const struct decoding *d, uint64_t bytes) {
  return weft__fail(d->ctx, WEFT_E_OVERFLOW, "%s: %llu bytes of strings, more than offsets of 32 bits reach", d->in.who,
                    (unsigned long long)bytes);
}

static bool is_picked(const struct decoding *d) {
  return d->options.selection && d->options.form != WEFT_FORM_DICTIONARY;
}

/* A bound on what the n strings that end at `bytes` have at most. In numbers of 32 bits, of which compilers make vectors,
 * in a function of its own: where they know offsets[0], they carry each from step to step instead. */
ONE_COPY uint64_t longest_of(const int64_t *offsets, uint32_t n, uint64_t bytes) {
  uint32_t most = 0;
  if (bytes > UINT32_MAX)
    return bytes;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t length = (uint32_t)offsets[i + 1] - (uint32_t)offsets[i];
    most = length > most ? length : most;
  }
  return most;
}

/* Finds where each string of the dictionary is. */
static weft_status read_dictionary(struct codec_in *in, struct source *source) {
  uint32_t n = source->node->n;
  if (source->has_offsets)
    return WEFT_OK;
  if (!source->offsets)
    WEFT_TRY(weft__codec_scratch(in, (size_t)n + 1, sizeof *source->offsets, &source->offsets));
  WEFT_TRY(weft__strings_read(in, source->node, 0, n, source->offsets, sizeof *source->offsets, &source->dictionary));
  source->longest = longest_of(source->offsets, n, source->dictionary.bytes);
  source->has_offsets = true;
  return WEFT_OK;
}

static weft_status make_views(struct decoding *d, struct source *source) {
  uint32_t n = source->node->n;
  if (source->views)
    return WEFT_OK;
  if (source->dictionary.bytes > INT32_MAX)
    return too_long(d, source->dictionary.bytes);
  WEFT_TRY(weft__codec_scratch(&d->in, n, sizeof *source->views, &source->views));
  for (uint32_t i = 0; i < n; i++) {
    int64_t from = source->offsets[i];
    source->views[i] = view_of(source->dictionary.data + from, (uint64_t)(source->offsets[i + 1] - from), (uint64_t)from);
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
  source->text = (struct codec_text){source->node->section, 0};
  source->ends[0] = 0;
  if (!source->codes)
    return WEFT_OK;
  WEFT_TRY(read_dictionary(in, source));
  return d->options.form == WEFT_FORM_VIEWS && mode == DECODE_VALUES ? make_views(d, source) : WEFT_OK;
}

/* ---- A piece's strings ---- */

static weft_status find_coded(struct decoding *d, struct source *source) {
  source->code[d->valid] = 0; /* looked at, where a null is the last */
  if (!is_picked(d))
    return d->valid > 0 ? weft__dict_codes(&d->in, source->codes, d->rank, d->valid, source->code) : WEFT_OK;
  for (uint32_t i = 0; i < d->valid; i++)
    WEFT_TRY(weft__dict_codes(&d->in, source->codes, d->picks[i], 1, source->code + i));
  return WEFT_OK;
}

static weft_status find_picked(struct decoding *d, struct source *source) {
  for (uint32_t i = 0; i < d->valid; i++) {
    int64_t ends[2];
    WEFT_TRY(weft__strings_read(&d->in, source->node, d->picks[i], 1, ends, sizeof *ends, &source->text));
    source->at[i] = source->text.data;
    source->ends[i + 1] = source->ends[i] + ends[1];
  }
  return WEFT_OK;
}

/* Finds the strings of a piece: their codes, or where they are and end. */
static weft_status find_piece(struct decoding *d, struct source *source, uint32_t at, uint32_t n) {
  WEFT_TRY(weft__decode_piece(d, at, n));
  if (source->codes)
    return find_coded(d, source);
  if (is_picked(d))
    return find_picked(d, source);
  return d->valid == 0 ? WEFT_OK
                       : weft__strings_read(&d->in, source->node, d->rank, d->valid, source->ends, sizeof *source->ends,
                                            &source->text);
}

/* Bytes of the piece's strings. */
static uint64_t bytes_of(const struct decoding *d, const struct source *source) {
  if (!source->codes)
    return (uint64_t)source->ends[d->valid];
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < d->valid; i++)
    bytes += (uint64_t)(source->offsets[source->code[i] + 1] - source->offsets[source->code[i]]);
  return bytes;
}

/* ---- Offsets and bytes ---- */

/* Where strings go. */
struct target {
  uint8_t *at;
  uint64_t used, room; /* bytes */
};

/* Entry i of offsets, or of ends, of `width` bytes. */
ALWAYS_INLINE void put_end(void *ends, size_t width, size_t i, uint64_t end) {
  if (width == 4)
    ((int32_t *)ends)[i] = (int32_t)end;
  else
    ((int64_t *)ends)[i] = (int64_t)end;
}

/* Copies strings of code[n], `step` bytes at a time, and puts down where each ends in the target, as long as there is room
 * for whatever BATCH of them may take. Returns how many they were. */
ALWAYS_INLINE uint32_t copy_by(const struct source *source, uint32_t n, size_t step, struct target *target, void *ends,
                               size_t width) {
  enum { BATCH = 8 };
  const uint8_t *data = source->dictionary.data;
  const int64_t *offsets = source->offsets;
  uint8_t *const begin = target->at;
  uint64_t used = target->used, most = BATCH * source->longest + step;
  uint32_t i = 0;
  for (; n - i >= BATCH && target->room - used >= most; i += BATCH)
    for (uint32_t k = i; k < i + BATCH; k++) {
      size_t code = source->code[k];
      uint64_t from = (uint64_t)offsets[code], length = (uint64_t)offsets[code + 1] - from;
      memcpy(begin + used, data + from, step);
      for (uint64_t done = step; step == STEP && done < length; done += step)
        memcpy(begin + used + done, data + from + done, step);
      put_end(ends, width, k, used += length);
    }
  target->used = used;
  return i;
}

ALWAYS_INLINE uint32_t copy_most(const struct source *source, uint32_t n, struct target *target, void *ends, size_t width) {
  if (source->longest <= 8)
    return copy_by(source, n, 8, target, ends, width);
  return source->longest <= 16 ? copy_by(source, n, 16, target, ends, width)
                               : copy_by(source, n, STEP, target, ends, width);
}

/* Whether each of code[n] is one more than the one before, as where strings are first met. */
static bool are_consecutive(const uint32_t *code, uint32_t n) {
  uint32_t first = code[0], wrong = 0;
  if (code[n - 1] - first != n - 1)
    return false;
  for (uint32_t i = 0; i < n; i++)
    wrong |= code[i] ^ (first + i);
  return wrong == 0;
}

/* Copies the strings of consecutive codes at once. Returns how many: n, or none where there is too little room. */
ALWAYS_INLINE uint32_t copy_run(const struct source *source, uint32_t n, struct target *target, void *ends, size_t width) {
  const int64_t *offsets = source->offsets + source->code[0];
  const int64_t from = offsets[0];
  uint64_t bytes = (uint64_t)(offsets[n] - from), used = target->used, base = used - (uint64_t)from;
  if (bytes == 0 || bytes > target->room - used)
    return 0;
  memcpy(target->at + used, source->dictionary.data + from, bytes);
  for (uint32_t i = 0; i < n; i++)
    put_end(ends, width, i, base + (uint64_t)offsets[i + 1]);
  target->used += bytes;
  return n;
}

/* Copies the strings of code[n], which may fill the room to its last byte. False: there is too little. */
static bool copy_coded(const struct source *source, uint32_t n, struct target *target, void *ends, size_t width) {
  uint32_t i = 0;
  if (n > 0 && are_consecutive(source->code, n))
    i = width == 4 ? copy_run(source, n, target, ends, 4) : copy_run(source, n, target, ends, 8);
  else
    i = width == 4 ? copy_most(source, n, target, ends, 4) : copy_most(source, n, target, ends, 8);
  for (; i < n; i++) {
    int64_t from = source->offsets[source->code[i]];
    uint64_t length = (uint64_t)(source->offsets[source->code[i] + 1] - from);
    if (length > target->room - target->used)
      return false;
    if (length > 0)
      memcpy(target->at + target->used, source->dictionary.data + from, length);
    put_end(ends, width, i, target->used += length);
  }
  return true;
}

/* Copies a piece's strings that have no codes. False: there is too little room. */
static bool copy_strings(const struct decoding *d, const struct source *source, struct target *target) {
  uint64_t bytes = bytes_of(d, source);
  if (bytes > target->room - target->used)
    return false;
  if (bytes == 0)
    return true;
  uint8_t *to = target->at + target->used;
  if (!is_picked(d))
    memcpy(to, source->text.data, bytes);
  for (uint32_t i = 0; is_picked(d) && i < d->valid; i++)
    memcpy(to + source->ends[i], source->at[i], (size_t)(source->ends[i + 1] - source->ends[i]));
  target->used += bytes;
  return true;
}

/* The offsets of a piece of n rows, the first of which begins at byte `used`, by the ends of those that are valid. */
static void put_offsets(const struct decoding *d, const struct source *source, const struct weft_buffers *buffers,
                        uint32_t at, uint32_t n, uint64_t used) {
  size_t next = (size_t)at + 1, value = 0;
  for (uint32_t i = 0; i < n; i++) {
    value += d->valid == n || (d->bits[i / 64] >> i % 64 & 1);
    put_end(buffers->offsets, buffers->offset_bytes, next + i, used + (uint64_t)source->ends[value]);
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

/* Whether strings may end at a byte of the buffers. */
static weft_status check_end(const struct decoding *d, const struct weft_buffers *buffers, uint64_t end, bool ended) {
  WEFT_TRY(check_bytes(d, end, ended));
  if (end > (buffers->offset_bytes == 4 ? INT32_MAX : INT64_MAX))
    return too_long(d, end);
  if (end > buffers->values_bytes || (end > 0 && !buffers->values))
    return no_room(d, "values", buffers->values ? buffers->values_bytes : 0, end);
  return WEFT_OK;
}

/* The room that strings have, of which no check above is needed. */
static struct target open_target(const struct decoding *d, const struct weft_buffers *buffers) {
  uint64_t room = buffers->values ? buffers->values_bytes : 0, most = buffers->offset_bytes == 4 ? INT32_MAX : INT64_MAX;
  room = room < most ? room : most;
  room = is_whole(d) && d->in.data_bytes < room ? d->in.data_bytes : room;
  return (struct target){buffers->values, 0, room};
}

static weft_status put_piece(struct decoding *d, struct source *source, struct weft_buffers *buffers, uint32_t at,
                             uint32_t n, struct target *target) {
  uint64_t used = target->used;
  bool is_full = d->valid == n, fits;
  if (source->codes && is_full) {
    uint8_t *offsets = (uint8_t *)buffers->offsets + ((size_t)at + 1) * buffers->offset_bytes;
    fits = copy_coded(source, n, target, offsets, buffers->offset_bytes);
  } else if (source->codes) {
    struct target piece = {target->at ? target->at + used : NULL, 0, target->room - used};
    fits = copy_coded(source, d->valid, &piece, source->ends + 1, sizeof *source->ends);
    target->used += piece.used;
  } else {
    fits = copy_strings(d, source, target);
  }
  if (!fits) {
    uint64_t end = used + bytes_of(d, source);
    WEFT_TRY(check_end(d, buffers, end, false));
    return no_room(d, "values", buffers->values_bytes, end);
  }
  if (!source->codes || !is_full)
    put_offsets(d, source, buffers, at, n, used);
  return weft__decode_validity(d, at, n, buffers);
}

/* A range of strings without nulls that lie together as they are to come out. */
static weft_status put_range(struct decoding *d, struct source *source, struct weft_buffers *buffers, uint64_t *used) {
  WEFT_TRY(weft__strings_read(&d->in, source->node, d->first, d->n, buffers->offsets, (unsigned)buffers->offset_bytes,
                              &source->text));
  *used = source->text.bytes;
  WEFT_TRY(check_end(d, buffers, *used, true));
  if (*used > 0 && d->options.streaming) {
    d->in.codecs->stream(source->text.data, *used, buffers->values);
    d->in.codecs->stream(source->text.data, 0, buffers->values); /* the fence */
  } else if (*used > 0) {
    memcpy(buffers->values, source->text.data, *used);
  }
  weft__decode_all_valid(d, buffers);
  return WEFT_OK;
}

static weft_status put_values(struct decoding *d, struct source *source, struct weft_buffers *buffers, uint64_t *used) {
  if (!buffers->offsets || (buffers->offset_bytes != 4 && buffers->offset_bytes != 8))
    return weft__fail(d->ctx, WEFT_E_INVALID, "%s: buffers.offsets is %p, of %zu bytes each", d->in.who, buffers->offsets,
                      buffers->offset_bytes);
  if (!source->codes && !is_picked(d) && !d->has_nulls)
    return put_range(d, source, buffers, used);
  struct target target = open_target(d, buffers);
  put_end(buffers->offsets, buffers->offset_bytes, 0, 0);
  for (uint32_t at = 0, n; at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    WEFT_TRY(find_piece(d, source, at, n));
    WEFT_TRY(put_piece(d, source, buffers, at, n, &target));
  }
  *used = target.used;
  return WEFT_OK;
}

static weft_status decode_values(struct decoding *d, struct source *source, struct weft_buffers *buffers,
                                 enum decode_mode mode) {
  uint64_t used = 0;
  if (mode == DECODE_VALUES)
    WEFT_TRY(put_values(d, source, buffers, &used));
  for (uint32_t at = 0, n; mode != DECODE_VALUES && at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    WEFT_TRY(find_piece(d, source, at, n));
    used += bytes_of(d, source);
    WEFT_TRY(check_bytes(d, used, false));
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

/* Views of a piece of n rows' strings by their codes; nulls are zeros. Returns how many bytes the strings are. */
static uint64_t put_coded_views(const struct decoding *d, const struct source *source, struct weft_view *views,
                                uint32_t n) {
  uint64_t bytes = 0;
  uint32_t value = 0;
  for (uint32_t i = 0; d->valid == n && i < n; i++) {
    const struct weft_view *view = &source->views[source->code[i]];
    bytes += (uint64_t)view->length;
    views[i] = *view;
  }
  for (uint32_t i = 0; d->valid < n && i < n; i++) {
    uint64_t words[2], is_valid = d->bits[i / 64] >> i % 64 & 1;
    memcpy(words, &source->views[source->code[value]], sizeof words);
    words[0] &= -is_valid;
    words[1] &= -is_valid;
    memcpy(&views[i], words, sizeof words);
    bytes += (uint64_t)views[i].length;
    value += (uint32_t)is_valid;
  }
  return bytes;
}

/* Views of a piece of n rows' strings that have no codes; those too long for a view follow the data there is. */
static weft_status put_views(const struct decoding *d, const struct source *source, const struct weft_buffers *buffers,
                             struct weft_view *views, uint32_t n, struct target *data) {
  uint8_t *const begin = data->at;
  const bool picked = is_picked(d), full = d->valid == n;
  const uint8_t *text = source->text.data;
  const uint64_t room = data->room;
  uint64_t used = data->used;
  uint32_t value = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!full && !(d->bits[i / 64] >> i % 64 & 1)) {
      views[i] = (struct weft_view){0};
      continue;
    }
    const uint8_t *at = picked ? source->at[value] : text + source->ends[value];
    uint64_t length = (uint64_t)(source->ends[value + 1] - source->ends[value]);
    uint64_t end = used + (length & -(uint64_t)(length > VIEW_INLINED));
    if (end > room)
      return end > INT32_MAX ? too_long(d, end) : no_room(d, "data", buffers->data ? buffers->data_bytes : 0, end);
    views[i] = view_of(at, length, used);
    if (room - end >= STEP) { /* also of what a view has in itself: which it is cannot be foreseen */
      memcpy(begin + used, at, STEP);
      for (uint64_t done = STEP; done < length; done += STEP)
        memcpy(begin + used + done, at + done, STEP);
    } else if (length > VIEW_INLINED) {
      memcpy(begin + used, at, length);
    }
    used = end;
    value++;
  }
  data->used = used;
  return WEFT_OK;
}

/* Bytes of the piece's strings that are too long for a view. */
static uint64_t referred_bytes(const struct decoding *d, const struct source *source) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < d->valid; i++) {
    uint64_t length = (uint64_t)(source->ends[i + 1] - source->ends[i]);
    bytes += length > VIEW_INLINED ? length : 0;
  }
  return bytes;
}

/* Makes room for views at buffers->values, and of a dictionary all strings' bytes the data. */
static weft_status open_data(const struct decoding *d, const struct source *source, const struct weft_buffers *buffers,
                             uint64_t views, struct target *data) {
  uint64_t room = buffers->data ? buffers->data_bytes : 0, used = source->codes ? source->dictionary.bytes : 0;
  if (views > buffers->values_bytes || (views > 0 && !buffers->values))
    return no_room(d, "values", buffers->values ? buffers->values_bytes : 0, views);
  if (used > room)
    return no_room(d, "data", (size_t)room, used);
  if (used > 0)
    memcpy(buffers->data, source->dictionary.data, used);
  *data = (struct target){buffers->data, used, room < INT32_MAX ? room : INT32_MAX};
  return WEFT_OK;
}

/* One piece; *whole counts its strings' bytes. */
static weft_status view_piece(struct decoding *d, struct source *source, struct weft_buffers *buffers,
                              enum decode_mode mode, uint32_t at, uint32_t n, struct target *data, uint64_t *whole) {
  WEFT_TRY(find_piece(d, source, at, n));
  if (mode == DECODE_VALUES && source->codes) {
    *whole += put_coded_views(d, source, (struct weft_view *)buffers->values + at, n);
    return weft__decode_validity(d, at, n, buffers);
  }
  *whole += bytes_of(d, source);
  if (mode == DECODE_VALUES) {
    WEFT_TRY(put_views(d, source, buffers, (struct weft_view *)buffers->values + at, n, data));
    return weft__decode_validity(d, at, n, buffers);
  }
  data->used += source->codes ? 0 : referred_bytes(d, source);
  return data->used > INT32_MAX ? too_long(d, data->used) : WEFT_OK;
}

static weft_status decode_views(struct decoding *d, struct source *source, struct weft_buffers *buffers,
                                enum decode_mode mode) {
  uint64_t whole = 0, views = (uint64_t)d->n * sizeof(struct weft_view);
  struct target data = {NULL, source->codes ? source->dictionary.bytes : 0, 0};
  if (mode == DECODE_VALUES)
    WEFT_TRY(open_data(d, source, buffers, views, &data));
  for (uint32_t at = 0, n; at < d->n; at += n) {
    n = (uint32_t)codec_block_values(d->n, at / CODEC_BLOCK);
    WEFT_TRY(view_piece(d, source, buffers, mode, at, n, &data, &whole));
  }
  WEFT_TRY(check_bytes(d, whole, true));
  buffers->values_bytes = views;
  buffers->data_bytes = data.used;
  if (mode == DECODE_ROOM)
    buffers->offset_bytes = 0;
  return WEFT_OK;
}

weft_status weft__decode_strings(struct decoding *d, struct weft_buffers *buffers, enum decode_mode mode) {
  bool views = d->options.form == WEFT_FORM_VIEWS;
  /* What the header says suffices where it will be found out if it lies. */
  if (mode == DECODE_ROOM && !views && is_whole(d)) {
    buffers->values_bytes = d->in.data_bytes;
    buffers->data_bytes = 0;
    buffers->offset_bytes = d->in.data_bytes > INT32_MAX ? 8 : 4;
    return WEFT_OK;
  }
  WEFT_TRY(open_source(d, mode));
  return views ? decode_views(d, d->source, buffers, mode) : decode_values(d, d->source, buffers, mode);
}
