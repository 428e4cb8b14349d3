/* SPDX-License-Identifier: MIT
 *
 * Direct arrays, see direct.h. Keys are taken as 64 bits, signed ones with their sign, and their distance from the least
 * one is the place in the array; what is compared then is the distance, as an unsigned number.
 */
#include "lib/direct.h"

#include "simd/order.h"
#include <string.h>

/* An array of so many places a row takes less than two thirds of a table's memory, and a key's place lies in a line with
 * its neighbours'. */
enum { MOST_PLACES_A_ROW = 4, SPARE_PLACES = 1024, SAMPLE_ROWS = 1024, AHEAD = 24 };

static bool is_signed(enum weft_type type) {
  return type == WEFT_I8 || type == WEFT_I16 || type == WEFT_I32 || type == WEFT_I64;
}

#define WIDEN(type)                                          \
  for (size_t i = 0; i < n; i++) {                           \
    type value;                                              \
    memcpy(&value, values + i * sizeof value, sizeof value); \
    out[i] = (uint64_t)(int64_t)value;                       \
  }                                                          \
  break

/* Values that lie one after another, as 64 bits. */
static void widen(enum weft_type type, const uint8_t *values, size_t n, uint64_t *out) {
  switch (type) {
  case WEFT_I8: WIDEN(int8_t);
  case WEFT_I16: WIDEN(int16_t);
  case WEFT_I32: WIDEN(int32_t);
  case WEFT_U8: WIDEN(uint8_t);
  case WEFT_U16: WIDEN(uint16_t);
  case WEFT_U32: WIDEN(uint32_t);
  default: memcpy(out, values, n * sizeof *out);
  }
}

/* Rows first .. first + n as 64 bits in scratch->hashes; which are valid, in scratch->valid. A null's value is 0. */
static void read_keys(weft_ctx *ctx, const struct weft_column *key, size_t first, size_t n, struct key_scratch *scratch) {
  uint64_t *out = scratch->hashes;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  scratch->has_nulls = false;
  if (!key->selection && !key->base_validity && !key->row_validity) {
    memset(scratch->valid, 0xff, words * sizeof *scratch->valid);
    widen(key->type, (const uint8_t *)key->data + first * key->width, n, out);
    return;
  }
  struct simd_column column = weft__column_simd(key);
  struct simd_rows *batch = &ctx->batch;
  unsigned shift = 64 - 8 * (unsigned)key->width;
  batch->prefetch = ctx->prefetch_distance;
  ctx->kernels->resolve(&column, first, n, batch);
  memcpy(scratch->valid, batch->valid, words * sizeof *scratch->valid);
  scratch->has_nulls = batch->has_nulls;
  for (size_t i = 0; i < n; i++) {
    uint64_t value;
    memcpy(&value, batch->ptrs[i], sizeof value); /* SIMD_EDGE bytes may be read */
    value = from_little(value, 64) << shift;
    value = is_signed(key->type) ? (uint64_t)((int64_t)value >> shift) : value >> shift;
    out[i] = batch->bytes[i] != 0 ? value : 0;
  }
}

/* Widens range to the keys of rows first .. last that are not null, turned by flip, so that they compare as unsigned. */
static void widen_range(weft_ctx *ctx, const struct weft_column *key, size_t first, size_t last, uint64_t flip,
                        struct key_scratch *scratch, struct simd_range *range) {
  for (size_t n; first < last; first += n) {
    n = last - first < ctx->batch_size ? last - first : ctx->batch_size;
    read_keys(ctx, key, first, n, scratch);
    uint64_t min = range->min, max = range->max;
    for (size_t i = 0; i < n; i++) {
      uint64_t value = scratch->hashes[i] ^ flip;
      bool valid = scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
      min = valid && value < min ? value : min;
      max = valid && value > max ? value : max;
    }
    *range = (struct simd_range){min, max};
  }
}

bool weft__direct_pays(weft_ctx *ctx, weft_index *index) {
  const struct weft_column *key = &index->keys[0];
  if (!index->how.exact || index->n_keys > 1 || key->type < WEFT_I8 || key->type > WEFT_U64 || index->rows == 0)
    return false;
  struct ctx_words words = ctx_words(ctx);
  struct key_scratch *scratch;
  if (weft__scratch_open(ctx, &scratch) != WEFT_OK) {
    ctx_say(ctx, &words); /* if there is no memory, the table's building will say so */
    return false;
  }
  uint64_t most = (uint64_t)MOST_PLACES_A_ROW * index->rows + SPARE_PLACES;
  uint64_t flip = is_signed(key->type) ? (uint64_t)1 << 63 : 0;
  struct simd_range range = {.min = UINT64_MAX, .max = 0};
  size_t sample = index->rows < SAMPLE_ROWS ? index->rows : SAMPLE_ROWS, start = (index->rows - sample) / 2;
  widen_range(ctx, key, start, start + sample, flip, scratch, &range);
  if (range.max < range.min || range.max - range.min < most)
    widen_range(ctx, key, 0, index->rows, flip, scratch, &range);
  weft__scratch_close(ctx, scratch);
  if (range.max < range.min) /* nulls alone */
    range.min = range.max = flip;
  index->least = range.min ^ flip;
  index->span = range.max - range.min + 1;
  return range.max - range.min < most;
}

/* Asks for the place of a key, which may be none of the array's: a null's, a probe's. Always inlined: of a call that does
 * nothing else gcc makes none. */
ALWAYS_INLINE void ask_for(const weft_index *index, uint64_t key) {
  __builtin_prefetch((const void *)((uintptr_t)index->direct + (key - index->least) * sizeof *index->direct));
}

/* Does what follows for each row that is not null, in order, `place` being that of its key. */
#define EACH_PLACE(ctx, index, scratch, row, place, ...)                                            \
  do {                                                                                              \
    for (size_t first_ = 0, n_; first_ < (index)->rows; first_ += n_) {                             \
      n_ = (index)->rows - first_ < (ctx)->batch_size ? (index)->rows - first_ : (ctx)->batch_size; \
      read_keys(ctx, &(index)->keys[0], first_, n_, scratch);                                       \
      for (size_t i_ = 0; i_ < n_; i_++) {                                                          \
        if (i_ + AHEAD < n_)                                                                        \
          ask_for(index, (scratch)->hashes[i_ + AHEAD]);                                            \
        if (!((scratch)->valid[i_ / SIMD_BLOCK] >> i_ % SIMD_BLOCK & 1))                            \
          continue;                                                                                 \
        uint32_t row = (uint32_t)(first_ + i_);                                                     \
        uint64_t place = (scratch)->hashes[i_] - (index)->least;                                    \
        (void)row;                                                                                  \
        __VA_ARGS__                                                                                 \
      }                                                                                             \
    }                                                                                               \
  } while (0)

/* Gives each key's place its row. false: a key came again. */
static bool enter_unique(weft_ctx *ctx, weft_index *index, struct key_scratch *scratch) {
  memset(index->direct, 0xff, index->span * sizeof *index->direct);
  uint32_t keys = 0;
  EACH_PLACE(ctx, index, scratch, row, place, {
    if (index->direct[place] != SIMD_NO_ID)
      return false;
    index->direct[place] = row;
    keys++;
  });
  index->count = keys;
  index->null_rows = index->rows - keys;
  index->places = index->rows;
  return true;
}

/* Turns counts of rows by place into where their lists begin; the rows' number is returned. */
static uint32_t starts_of(uint32_t *direct, uint64_t span) {
  uint32_t start = 0;
  for (uint64_t place = 0; place < span; place++) {
    uint32_t n = direct[place];
    direct[place] = start;
    start += n;
  }
  return start;
}

/* Turns the ends of lists, which are the starts of the next ones, into starts again, places without rows into SIMD_NO_ID;
 * and marks the lists' last rows. */
static void close_lists(weft_index *index) {
  uint32_t start = 0;
  for (uint64_t place = 0; place < index->span; place++) {
    uint32_t end = index->direct[place];
    index->direct[place] = end != start ? start : SIMD_NO_ID;
    if (end != start)
      index->last[(end - 1) / SIMD_BLOCK] |= (uint64_t)1 << (end - 1) % SIMD_BLOCK;
    index->count += end != start;
    start = end;
  }
}

/* Lists each key's rows: a counting sort. */
static weft_status list_rows(weft_ctx *ctx, weft_index *index, struct key_scratch *scratch) {
  memset(index->direct, 0, index->span * sizeof *index->direct);
  EACH_PLACE(ctx, index, scratch, row, place, { index->direct[place]++; });
  index->places = starts_of(index->direct, index->span);
  index->null_rows = index->rows - index->places;
  WEFT_TRY(weft__index_take(ctx, index->places, sizeof *index->row_list, &index->row_list));
  WEFT_TRY(weft__index_take(ctx, index->places / SIMD_BLOCK + 1, sizeof *index->last, &index->last));
  memset(index->last, 0, (index->places / SIMD_BLOCK + 1) * sizeof *index->last);
  EACH_PLACE(ctx, index, scratch, row, place, { index->row_list[index->direct[place]++] = row; });
  close_lists(index);
  return WEFT_OK;
}

weft_status weft__direct_build(weft_ctx *ctx, weft_index *index) {
  struct key_scratch *scratch;
  WEFT_TRY(weft__index_take(ctx, index->span, sizeof *index->direct, &index->direct));
  WEFT_TRY(weft__scratch_open(ctx, &scratch));
  weft_status status = enter_unique(ctx, index, scratch) ? WEFT_OK : list_rows(ctx, index, scratch);
  weft__scratch_close(ctx, scratch);
  ctx_count_column(ctx, index->keys[0].selection, index->rows, index->rows * index->keys[0].width);
  return status;
}

void weft__direct_probe(weft_ctx *ctx, const weft_index *index, const struct weft_column *key, size_t first, size_t n,
                        struct key_scratch *scratch) {
  read_keys(ctx, key, first, n, scratch);
  for (size_t i = 0; i < n && i < AHEAD; i++)
    ask_for(index, scratch->hashes[i]);
  for (size_t i = 0; i < n; i++) {
    if (i + AHEAD < n)
      ask_for(index, scratch->hashes[i + AHEAD]);
    uint64_t place = scratch->hashes[i] - index->least;
    bool there = place < index->span && (scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1);
    uint32_t id = index->direct[there ? place : 0];
    scratch->ids[i] = there ? id : SIMD_NO_ID;
  }
  ctx_count_column(ctx, key->selection, n, n * key->width);
}
