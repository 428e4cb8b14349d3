/* SPDX-License-Identifier: MIT
 *
 * Key columns: what may be a key, what a key's hash is, when two are equal.
 */
#include "lib/keys.h"

#include <string.h>

enum { BATCH_ALIGN = 64 };

static size_t round_up(size_t bytes) {
  return (bytes + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

static void *take(char **at, size_t bytes) {
  void *p = *at;
  *at += round_up(bytes);
  return p;
}

weft_status weft__scratch_open(weft_ctx *ctx, struct key_scratch **out) {
  size_t rows = ctx->batch_size, words = rows / SIMD_BLOCK * sizeof(uint64_t);
  size_t bytes = round_up(sizeof(struct key_scratch)) + rows * (2 * sizeof(uint64_t) + 5 * sizeof(uint32_t) + PACKED_MOST) +
                 6 * round_up(words) + rows * (sizeof(uint8_t *) + sizeof(uint64_t) + SIMD_EDGE) + round_up(words);
  char *at = weft_alloc(ctx, bytes);
  *out = NULL;
  if (!at)
    return ctx->cache.status;
  struct key_scratch *s = take(&at, sizeof *s);
  s->hashes = take(&at, rows * sizeof *s->hashes);
  s->packed = take(&at, rows * PACKED_MOST);
  s->ids = take(&at, rows * sizeof *s->ids);
  s->others = take(&at, rows * sizeof *s->others);
  s->later = take(&at, rows * sizeof *s->later);
  s->selected = take(&at, rows * sizeof *s->selected);
  s->valid = take(&at, words);
  s->candidates = take(&at, words);
  s->differ = take(&at, words);
  s->bits = take(&at, words);
  s->unlike = take(&at, words);
  s->look = take(&at, words);
  s->other.ptrs = take(&at, rows * sizeof *s->other.ptrs);
  s->other.bytes = take(&at, rows * sizeof *s->other.bytes);
  s->other.edges = take(&at, rows * sizeof *s->other.edges);
  s->other.valid = take(&at, words);
  s->picked = take(&at, rows * sizeof *s->picked);
  s->places = take(&at, rows * sizeof *s->places);
  s->probed = s->met = 0;
  *out = s;
  return WEFT_OK;
}

void weft__scratch_close(weft_ctx *ctx, struct key_scratch *scratch) {
  (void)!weft_free(ctx, scratch);
}

weft_status weft__keys_check(weft_ctx *ctx, const char *who, const struct weft_column *keys, size_t n_keys) {
  WEFT_TRY(weft__columns_check(ctx, who, keys, n_keys));
  if (n_keys > MAX_KEYS)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %zu key columns, and at most %d can be", who, n_keys, MAX_KEYS);
  if (keys[0].rows >= WEFT_NO_ROW)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "%s: %zu rows, and at most %u can be", who, keys[0].rows, WEFT_NO_ROW - 1);
  return WEFT_OK;
}

weft_status weft__keys_match(weft_ctx *ctx, const char *who, const struct weft_column *build, size_t n_build,
                             const struct weft_column *keys, size_t n_keys) {
  if (n_build != n_keys)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %zu key columns, and the index has %zu", who, n_keys, n_build);
  for (size_t i = 0; i < n_keys; i++) {
    if (keys[i].type != build[i].type)
      return weft__fail(ctx, WEFT_E_INVALID, "%s: key column %zu is of type %d, the index's of type %d", who, i,
                        (int)keys[i].type, (int)build[i].type);
    if (keys[i].width != build[i].width)
      return weft__fail(ctx, WEFT_E_INVALID, "%s: key column %zu is %zu bytes wide, the index's %zu", who, i, keys[i].width,
                        build[i].width);
  }
  return WEFT_OK;
}

bool weft__keys_exact(const struct weft_column *keys, size_t n_keys, bool nulls_equal) {
  size_t bytes = 0;
  for (size_t k = 0; k < n_keys; k++) {
    bool may_be_null = keys[k].base_validity || keys[k].row_validity;
    if (keys[k].layout != WEFT_FIXED || keys[k].width > 8 || (nulls_equal && may_be_null))
      return false;
    bytes += keys[k].width;
  }
  return bytes <= 8 && n_keys <= PACKED_COLUMNS; /* or they would be hashed one after another, which is no bijection */
}

void weft__keys_plan(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, struct key_hash *how) {
  if (!how->exact || n_keys > 1)
    weft__packing_choose(ctx, keys, n_keys, how->nulls_equal, &how->packing);
}

/* -0.0 becomes 0.0, and every NaN the same one. */
static uint32_t plain_f32(uint32_t bits) {
  return bits << 1 == 0 ? 0 : (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
}

static uint64_t plain_f64(uint64_t bits) {
  const uint64_t infinity = 0x7ff0000000000000;
  return bits << 1 == 0 ? 0 : (bits & 0x7fffffffffffffff) > infinity ? infinity | infinity >> 1 : bits;
}

/* Rows of floating-point numbers, which are resolved to their little-endian bytes, move to the batch's edges, where equal
 * numbers have equal bytes. */
static void make_floats_plain(enum weft_type type, struct simd_rows *batch) {
  for (size_t i = 0; i < batch->rows; i++) {
    if (batch->bytes[i] == 0)
      continue;
    if (type == WEFT_F32) {
      uint32_t bits;
      memcpy(&bits, batch->ptrs[i], sizeof bits);
      bits = (uint32_t)from_little(plain_f32((uint32_t)from_little(bits, 32)), 32);
      memcpy(batch->edges[i], &bits, sizeof bits);
    } else {
      uint64_t bits;
      memcpy(&bits, batch->ptrs[i], sizeof bits);
      bits = from_little(plain_f64(from_little(bits, 64)), 64);
      memcpy(batch->edges[i], &bits, sizeof bits);
    }
    batch->ptrs[i] = batch->edges[i];
  }
}

static void resolve_key(weft_ctx *ctx, const struct simd_column *column, enum weft_type type, size_t first, size_t n,
                        struct simd_rows *batch) {
  batch->prefetch = ctx->prefetch_distance;
  ctx->kernels->resolve(column, first, n, batch);
  if (type == WEFT_F32 || type == WEFT_F64)
    make_floats_plain(type, batch);
}

static void resolve_rows(weft_ctx *ctx, const struct weft_column *key, size_t first, size_t n, struct simd_rows *batch) {
  struct simd_column column = weft__column_simd(key);
  resolve_key(ctx, &column, key->type, first, n, batch);
}

/* Values without nulls, hashed as the bytes that they are, need not be resolved where no one will compare them, or where
 * they are packed as they lie. */
static bool needs_no_rows(const struct key_hash *how, const struct weft_column *key) {
  bool plain = !key->base_validity && !key->row_validity && key->type != WEFT_F32 && key->type != WEFT_F64;
  bool contiguous = key->layout == WEFT_FIXED && !key->selection && !column_is_turned(key);
  return plain && (how->packing.stride != 0 ? contiguous : how->exact);
}

/* Nulls that are values: a null left its seed as it was, so that (NULL, 7) and (7, NULL) would always collide. */
static void mix_nulls(const struct simd_rows *batch, uint64_t *hashes) {
  for (size_t first = 0; first < batch->rows; first += SIMD_BLOCK)
    for (uint64_t nulls = ~batch->valid[first / SIMD_BLOCK]; nulls != 0; nulls &= nulls - 1) {
      uint64_t *hash = &hashes[first + (size_t)__builtin_ctzll(nulls)];
      *hash = (*hash + 0x9e3779b97f4a7c15) * 0xd1342543de82ef95;
    }
}

/* Packs the columns that need_no_rows, a block of rows at a time, which stays in the first-level cache. */
static void pack_as_they_lie(const struct key_hash *how, const struct weft_column *keys, size_t n_keys, size_t first,
                             size_t n, uint8_t *to) {
  for (size_t at = 0; at < n; at += SIMD_BLOCK)
    for (size_t k = 0; k < n_keys; k++)
      if (needs_no_rows(how, &keys[k]) && keys[k].width > 0)
        weft__pack_values(&how->packing, k, (const uint8_t *)keys[k].data + (first + at) * keys[k].width, keys[k].width,
                          n - at < SIMD_BLOCK ? n - at : SIMD_BLOCK, to + at * how->packing.stride);
}

/* Hashes of packed keys of 8 bytes. */
static void hash_packed(const weft_ctx *ctx, const struct key_hash *how, size_t n, struct key_scratch *scratch,
                        struct simd_rows *batch) {
  const struct simd_column column = {.layout = SIMD_FIXED,
                                     .base_rows = n,
                                     .width = sizeof(uint64_t),
                                     .data_bytes = n * sizeof(uint64_t),
                                     .data = scratch->packed};
  (void)ctx->kernels->xxh3_64_column(&column, 0, n, &how->seed, false, scratch->hashes, batch);
}

/* hash: the hashes are not known. */
ONE_COPY void read_keys(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys,
                        size_t first, size_t n, bool hash, struct key_scratch *scratch) {
  struct simd_rows *batch = &ctx->batch;
  struct ctx_work work = {0};
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  memset(scratch->valid, 0xff, words * sizeof *scratch->valid);
  scratch->has_nulls = scratch->cut = false;
  bool pack = how->packing.stride != 0 && (hash || !how->exact), by_column = hash && !(pack && how->exact);
  if (pack)
    weft__pack_open(&how->packing, n, scratch->packed);
  for (size_t k = 0; k < n_keys; k++) {
    size_t simd_rows = ctx->kernels->vector_bits > 64 ? n : 0;
    if (needs_no_rows(how, &keys[k])) {
      struct simd_column column = weft__column_simd(&keys[k]);
      batch->prefetch = ctx->prefetch_distance;
      batch->total_bytes = n * keys[k].width;
      if (by_column)
        simd_rows = ctx->kernels->xxh3_64_column(&column, first, n, k == 0 ? &how->seed : scratch->hashes, k > 0,
                                                 scratch->hashes, batch);
      batch->has_nulls = false;
    } else {
      resolve_rows(ctx, &keys[k], first, n, batch);
      if (by_column)
        simd_rows = ctx->kernels->xxh3_64(batch, k == 0 ? &how->seed : scratch->hashes, k > 0, scratch->hashes);
      if (pack)
        scratch->cut |= weft__pack_batch(&how->packing, keys, k, batch, scratch->packed);
    }
    if (batch->has_nulls) {
      for (size_t w = 0; w < words; w++)
        scratch->valid[w] &= batch->valid[w];
      scratch->has_nulls = true;
      if (hash && how->nulls_equal)
        mix_nulls(batch, scratch->hashes);
    }
    ctx_work_add(&work, keys[k].selection, n, batch->total_bytes, simd_rows);
  }
  if (pack)
    pack_as_they_lie(how, keys, n_keys, first, n, scratch->packed);
  if (hash && !by_column)
    hash_packed(ctx, how, n, scratch, batch);
  if (hash && how->mask != UINT64_MAX)
    for (size_t i = 0; i < n; i++)
      scratch->hashes[i] &= how->mask;
  weft__ctx_count(ctx, &work);
}

void weft__keys_hash(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys, size_t first,
                     size_t n, struct key_scratch *scratch) {
  read_keys(ctx, how, keys, n_keys, first, n, true, scratch);
}

void weft__keys_resolve(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys,
                        size_t first, size_t n, struct key_scratch *scratch) {
  read_keys(ctx, how, keys, n_keys, first, n, false, scratch);
}

/* Resolves rows[i] of a column, where wanted has bit i; the others become null rows. */
static void resolve_listed(weft_ctx *ctx, const struct weft_column *key, const uint32_t *rows, const uint64_t *wanted,
                           size_t n, struct simd_rows *batch, struct key_scratch *scratch) {
  struct simd_column column = weft__column_simd(key);
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  memcpy(scratch->bits, wanted, words * sizeof *scratch->bits);
  const uint32_t *selection = rows;
  if (key->selection) {
    selection = scratch->selected;
    for (size_t i = 0; i < n; i++) {
      uint64_t *word = &scratch->bits[i / SIMD_BLOCK], bit = (uint64_t)1 << i % SIMD_BLOCK;
      scratch->selected[i] = 0;
      if (!(*word & bit))
        continue;
      uint32_t row = rows[i];
      size_t at = key->row_bit_offset + row;
      if (key->row_validity && !(key->row_validity[at / 8] >> at % 8 & 1))
        *word &= ~bit;
      else
        scratch->selected[i] = key->selection[row];
    }
  }
  for (size_t w = 0; w < words; w++)
    scratch->bits[w] = from_little(scratch->bits[w], 64);
  column.selection = selection;
  column.row_validity = (const uint8_t *)scratch->bits;
  column.row_bit_offset = 0;
  resolve_key(ctx, &column, key->type, 0, n, batch);
}

void weft__keys_compare(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys,
                        size_t first, const uint32_t *rows, size_t n, const struct weft_column *build,
                        const uint8_t *packed, const uint32_t *which, const uint32_t *row_of, struct key_scratch *scratch) {
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  if (packed && rows)
    weft__packed_gather(&how->packing, packed, rows, n, scratch->packed);
  if (packed && !weft__packed_compare(&how->packing, scratch->packed, rows || scratch->cut, n, packed, which,
                                      scratch->candidates, scratch->unlike, scratch->look)) {
    memcpy(scratch->differ, scratch->unlike, words * sizeof *scratch->differ);
    return;
  }
  const uint64_t *wanted = packed ? scratch->look : scratch->candidates;
  memset(scratch->differ, 0, words * sizeof *scratch->differ);
  for (size_t i = 0; row_of && i < n; i++)
    scratch->others[i] = wanted[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1 ? row_of[which[i]] : 0;
  for (size_t k = 0; k < n_keys; k++) {
    if (rows)
      resolve_listed(ctx, &keys[k], rows, wanted, n, &ctx->batch, scratch);
    else if (n_keys > 1)
      resolve_rows(ctx, &keys[k], first, n, &ctx->batch);
    resolve_listed(ctx, &build[k], scratch->others, wanted, n, &scratch->other, scratch);
    ctx->kernels->differ(&ctx->batch, &scratch->other, scratch->differ);
  }
  for (size_t w = 0; w < words; w++)
    scratch->differ[w] = (scratch->differ[w] & wanted[w]) | (packed ? scratch->unlike[w] : 0);
}

bool weft__keys_equal(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, size_t row,
                      const struct weft_column *build, uint32_t build_row, struct key_scratch *scratch) {
  scratch->others[0] = build_row;
  scratch->candidates[0] = 1;
  scratch->differ[0] = 0;
  for (size_t k = 0; k < n_keys; k++) {
    resolve_rows(ctx, &keys[k], row, 1, &ctx->batch);
    resolve_listed(ctx, &build[k], scratch->others, scratch->candidates, 1, &scratch->other, scratch);
    ctx->kernels->differ(&ctx->batch, &scratch->other, scratch->differ);
  }
  return !(scratch->differ[0] & 1);
}
