/* SPDX-License-Identifier: MIT
 *
 * Indexes: looking rows up in them, their figures, their end.
 */
#include "lib/direct.h"
#include "lib/filter.h"

#include <limits.h>
#include <string.h>

/* Of a prober's rows: how many there must have been before their share of matches counts, and which share is few. */
enum { LEAST_SEEN = 4096, FEW_SHARE = 8 };

weft_status weft__index_take(weft_ctx *ctx, size_t n, size_t each, void *out) {
  void *p = weft_aligned_alloc(ctx, n > 0 ? n * each : 1, 64);
  memcpy(out, &p, sizeof p);
  if (!p)
    return ctx->cache.status;
  weft__slab_advise(ctx->cache.slab, p, n * each);
  return WEFT_OK;
}

void weft__index_end(weft_index *index) {
  weft_slab *slab = index->slab;
  weft__table_close(slab, &index->table);
  (void)!weft_slab_free(slab, index->direct);
  (void)!weft_slab_free(slab, index->row_list);
  (void)!weft_slab_free(slab, index->last);
  (void)!weft_slab_free(slab, index->packed);
  (void)!weft_slab_free(slab, index->filter);
  for (size_t i = 0; index->copies && i < 2 * index->n_keys; i++)
    (void)!weft_slab_free(slab, index->copies[i]);
  (void)!weft_slab_free(slab, index->copies);
  (void)!weft_slab_free(slab, index->keys);
  os_lock_end(&index->lock);
  (void)!weft_slab_free(slab, index);
  weft__slab_unref(slab);
}

weft_status weft_index_free(weft_index *index) {
  if (!index)
    return WEFT_OK;
  os_lock_take(&index->lock);
  bool busy = index->open_joins > 0;
  os_lock_give(&index->lock);
  if (busy)
    return WEFT_E_BUSY;
  weft__index_end(index);
  return WEFT_OK;
}

weft_status weft_index_info(const weft_index *index, struct weft_index_figures *out, size_t size) {
  if (!index || !out)
    return WEFT_E_INVALID;
  size_t lists = index->row_list ? index->places * sizeof *index->row_list + index->places / CHAR_BIT : 0;
  size_t table = index->direct ? index->span * sizeof *index->direct : weft__table_bytes(&index->table);
  size_t packed = index->packed ? (size_t)index->rows * index->how.packing.stride : 0;
  struct weft_index_figures info = {.rows = index->rows,
                                    .keys = index->count,
                                    .null_rows = index->null_rows,
                                    .bytes = table + lists + index->copied_bytes + packed + weft__filter_bytes(index),
                                    .seed = index->how.seed,
                                    .overflowing = index->overflowing};
  memset(out, 0, size);
  memcpy(out, &info, size < sizeof info ? size : sizeof info);
  return WEFT_OK;
}

/* The first entry of the hash of row first + i was another key's: tries the others. Packed keys that say it all may be all
 * that the index has of its keys. */
static uint32_t settle_collision(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, size_t first,
                                 size_t i, uint64_t hash, struct key_scratch *scratch) {
  const struct key_packing *packing = &index->how.packing;
  struct table_walk walk = {0};
  uint32_t id;
  bool found = false;
  while (!found && (id = weft__table_next(&index->table.simd, hash, &walk)) != SIMD_NO_ID) {
    uint32_t row = index_first_row(index, id);
    found = packing_is_whole(packing) ? packed_equal(packing, scratch->packed, i, index->packed, row)
                                      : weft__keys_equal(ctx, keys, index->n_keys, first + i, index->keys, row, scratch);
  }
  return id;
}

/* Looks again at the rows whose bits are set in scratch->differ, bit i being row places[i], or where that is NULL i. */
static void settle_all(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, const uint64_t *hashes,
                       size_t first, size_t n, const uint32_t *places, struct key_scratch *scratch) {
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  memcpy(scratch->unlike, scratch->differ, words * sizeof *scratch->unlike); /* settle_collision uses the other */
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w]; bits != 0; bits &= bits - 1) {
      size_t at = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits), i = places ? places[at] : at;
      scratch->ids[i] = settle_collision(ctx, index, keys, first, i, hashes[i], scratch);
    }
}

/* The same as verify for rows of which few met a hash: those alone are resolved again, and compared. */
static void verify_few(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, const uint64_t *hashes,
                       size_t first, size_t n, struct key_scratch *scratch) {
  uint32_t *places = scratch->places, *rows = scratch->later;
  size_t met = 0;
  for (size_t i = 0; i < n; i++)
    if (scratch->ids[i] != SIMD_NO_ID) {
      places[met] = (uint32_t)i;
      rows[met] = (uint32_t)(first + i);
      scratch->others[met++] = index_first_row(index, scratch->ids[i]);
    }
  if (met == 0)
    return;
  fill_bits(scratch->candidates, met);
  weft__keys_compare(ctx, &index->how, keys, index->n_keys, 0, rows, met, index->keys, NULL, scratch->others, NULL,
                     scratch);
  settle_all(ctx, index, keys, hashes, first, met, places, scratch);
}

/* Compares each row that met a hash with the first row of that hash's key. all: each has, and that row is its id. */
static void verify(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, const uint64_t *hashes,
                   size_t first, size_t n, bool all, struct key_scratch *scratch) {
  uint64_t any = all;
  if (all) {
    memcpy(scratch->others, scratch->ids, n * sizeof *scratch->others);
    fill_bits(scratch->candidates, n);
  }
  for (size_t start = 0; !all && start < n; start += SIMD_BLOCK) {
    uint64_t bits = 0;
    for (size_t k = 0, i = start; k < SIMD_BLOCK && i < n; k++, i++) {
      uint32_t id = scratch->ids[i];
      scratch->others[i] = id != SIMD_NO_ID ? index_first_row(index, id) : 0;
      bits |= (uint64_t)(id != SIMD_NO_ID) << k;
    }
    scratch->candidates[start / SIMD_BLOCK] = bits;
    any |= bits;
  }
  if (any == 0)
    return;
  weft__keys_compare(ctx, &index->how, keys, index->n_keys, first, NULL, n, index->keys, index->packed, scratch->others,
                     NULL, scratch);
  settle_all(ctx, index, keys, hashes, first, n, NULL, scratch);
}

/* Whether so few of the rows so far met a hash that packing all would take longer than resolving those again. Packed keys
 * that say it all are needed, and take next to nothing. */
static bool are_few(const weft_index *index, const struct key_scratch *scratch) {
  return !index->how.exact && !packing_is_whole(&index->how.packing) && scratch->probed > LEAST_SEEN &&
         scratch->met < scratch->probed / FEW_SHARE;
}

void weft__index_probe(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, const uint64_t *hashes,
                       size_t first, size_t n, struct key_scratch *scratch) {
  if (index->direct) {
    weft__direct_probe(ctx, index, &keys[0], first, n, scratch);
    return;
  }
  struct key_hash how = index->how;
  bool few = are_few(index, scratch);
  if (few)
    how.packing.stride = 0;
  if (hashes) {
    weft__keys_resolve(ctx, &how, keys, index->n_keys, first, n, scratch);
  } else {
    weft__keys_hash(ctx, &how, keys, index->n_keys, first, n, scratch);
    hashes = scratch->hashes;
  }
  bool all = weft__filter_find(ctx, index, hashes, n, scratch) == n && !index->row_list && !scratch->has_nulls;
  if (scratch->has_nulls)
    for (size_t i = 0; i < n; i++)
      if (!(scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1))
        scratch->ids[i] = SIMD_NO_ID;
  if (few)
    verify_few(ctx, index, keys, hashes, first, n, scratch);
  else if (!how.exact)
    verify(ctx, index, keys, hashes, first, n, all, scratch);
}

/* What lookup and contains share: probes all rows, and hands each batch's ids to write. */
static weft_status look_up(weft_ctx *ctx, const char *who, const weft_index *index, const struct weft_column *keys,
                           size_t n_keys, void *out,
                           void (*write)(const weft_index *, const uint32_t *ids, size_t first, size_t n, void *out)) {
  if (!ctx)
    return WEFT_E_INVALID;
  if (!index)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: index is NULL", who);
  WEFT_TRY(weft__keys_check(ctx, who, keys, n_keys));
  WEFT_TRY(weft__keys_match(ctx, who, index->keys, index->n_keys, keys, n_keys));
  size_t rows = keys[0].rows;
  if (rows == 0)
    return WEFT_OK;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: the output is NULL, and there are %zu rows", who, rows);
  struct key_scratch *scratch;
  WEFT_TRY(weft__scratch_open(ctx, &scratch));
  ctx_enter(ctx);
  for (size_t first = 0; first < rows; first += ctx->batch_size) {
    size_t n = rows - first < ctx->batch_size ? rows - first : ctx->batch_size;
    weft__index_probe(ctx, index, keys, NULL, first, n, scratch);
    write(index, scratch->ids, first, n, out);
  }
  ctx_leave(ctx);
  weft__scratch_close(ctx, scratch);
  return WEFT_OK;
}

static void write_rows(const weft_index *index, const uint32_t *ids, size_t first, size_t n, void *out) {
  uint32_t *rows = (uint32_t *)out + first;
  for (size_t i = 0; i < n; i++)
    rows[i] = ids[i] != SIMD_NO_ID ? index_first_row(index, ids[i]) : WEFT_NO_ROW;
}

static void write_bits(const weft_index *index, const uint32_t *ids, size_t first, size_t n, void *out) {
  (void)index;
  uint8_t *bits = (uint8_t *)out + first / 8; /* batches start at whole bytes */
  memset(bits, 0, (n + 7) / 8);
  for (size_t i = 0; i < n; i++)
    bits[i / 8] = (uint8_t)(bits[i / 8] | (ids[i] != SIMD_NO_ID) << i % 8);
}

weft_status weft_index_lookup(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, size_t n_keys,
                              uint32_t *first_row) {
  return look_up(ctx, "weft_index_lookup", index, keys, n_keys, first_row, write_rows);
}

weft_status weft_index_contains(weft_ctx *ctx, const weft_index *index, const struct weft_column *keys, size_t n_keys,
                                uint8_t *bits) {
  return look_up(ctx, "weft_index_contains", index, keys, n_keys, bits, write_bits);
}

weft_status weft_index_hash(weft_ctx *ctx, uint64_t seed, const struct weft_column *keys, size_t n_keys, uint64_t *hashes) {
  static const char who[] = "weft_index_hash";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(weft__keys_check(ctx, who, keys, n_keys));
  size_t rows = keys[0].rows;
  if (rows > 0 && !hashes)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: hashes is NULL, and there are %zu rows", who, rows);
  struct key_hash how = {
      .seed = seed, .mask = ctx->key_mask, .exact = ctx->key_mask == UINT64_MAX && weft__keys_exact(keys, n_keys, false)};
  struct key_scratch *scratch;
  WEFT_TRY(weft__scratch_open(ctx, &scratch));
  ctx_enter(ctx);
  if (rows > 0)
    weft__keys_plan(ctx, keys, n_keys, &how);
  for (size_t first = 0; first < rows; first += ctx->batch_size) {
    size_t n = rows - first < ctx->batch_size ? rows - first : ctx->batch_size;
    scratch->hashes = hashes + first;
    weft__keys_hash(ctx, &how, keys, n_keys, first, n, scratch);
  }
  ctx_leave(ctx);
  weft__scratch_close(ctx, scratch);
  return WEFT_OK;
}
