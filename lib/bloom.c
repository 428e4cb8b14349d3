/* SPDX-License-Identifier: MIT
 *
 * Bloom filters: their size, memory and figures, and batches of rows on their way through the hash to the kernels, which
 * alone know how a filter is laid out (simd/kernels/bloom.h).
 */
#include "lib/column.h"

#include <string.h>
#include <weft/bloom.h>

struct weft_bloom {
  weft_slab *slab;
  uint8_t *blocks; /* aligned to 64, so that none lies in two cache lines */
  uint32_t n_blocks;
};

/* ---- How large ---- */

/* The rate of a filter with so many keys to a block, at most MOST_KEYS: of a block with j keys, a word lacks a bit at
 * (31/32)^j, and j is Poisson's. The weights begin at 1, instead of e^-keys, and are divided by their sum, which stays far
 * below the largest double. */
#define MOST_KEYS 600.0
static double rate_of(double keys) {
  double weight = 1, weights = 1, unset = 1, rate = 0;
  for (double j = 1; j <= keys || weight > weights * 1e-18; j++) {
    weight *= keys / j;
    unset *= 31.0 / 32;
    double set = 1 - unset, set4 = set * set * set * set;
    weights += weight;
    rate += weight * set4 * set4;
  }
  return rate / weights;
}

/* Bisects: the rate grows with the keys. 60 halvings leave nothing of the range. */
static double keys_a_block(double rate) {
  double low = 0, high = MOST_KEYS;
  for (int i = 0; i < 60; i++) {
    double middle = (low + high) / 2;
    if (rate_of(middle) <= rate)
      low = middle;
    else
      high = middle;
  }
  return low;
}

weft_status weft_bloom_size(uint64_t rows, double rate, size_t *bytes) {
  if (!bytes)
    return WEFT_E_INVALID;
  *bytes = 0;
  if (!(rate > 0 && rate < 1))
    return WEFT_E_INVALID;
  double keys = keys_a_block(rate), blocks = rows > 0 ? (double)rows / keys : 1;
  if (!(blocks <= (double)(WEFT_BLOOM_MOST / SIMD_BLOOM_BLOCK - 1)))
    return WEFT_E_OVERFLOW;
  uint64_t n = (uint64_t)blocks;
  n += (double)n < blocks;
  if (n > SIZE_MAX / 2 / SIMD_BLOOM_BLOCK)
    return WEFT_E_OVERFLOW;
  *bytes = (size_t)n * SIMD_BLOOM_BLOCK;
  return WEFT_OK;
}

/* ---- Creating and freeing ---- */

/* A filter whose blocks are anything. */
static weft_status open_filter(weft_ctx *ctx, const char *who, size_t bytes, weft_bloom **out) {
  if (bytes == 0 || bytes % SIMD_BLOOM_BLOCK != 0 || bytes > WEFT_BLOOM_MOST)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %zu bytes, and a filter has a multiple of 32 up to 2^36 - 32", who, bytes);
  weft_slab *slab = ctx->cache.slab;
  weft_bloom *bloom = weft_alloc(ctx, sizeof *bloom);
  if (!bloom)
    return ctx->cache.status;
  *bloom = (weft_bloom){.slab = slab, .n_blocks = (uint32_t)(bytes / SIMD_BLOOM_BLOCK)};
  bloom->blocks = weft_aligned_alloc(ctx, bytes, 64);
  if (!bloom->blocks) {
    weft_status status = ctx->cache.status;
    (void)!weft_free(ctx, bloom);
    return status;
  }
  weft__slab_advise(slab, bloom->blocks, bytes);
  weft__slab_ref(slab);
  *out = bloom;
  return WEFT_OK;
}

static weft_status check_out(weft_ctx *ctx, const char *who, weft_bloom **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  return out ? WEFT_OK : weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL", who);
}

static size_t bytes_of(const weft_bloom *bloom) {
  return (size_t)bloom->n_blocks * SIMD_BLOOM_BLOCK;
}

static weft_status open_empty(weft_ctx *ctx, const char *who, size_t bytes, weft_bloom **out) {
  WEFT_TRY(open_filter(ctx, who, bytes, out));
  memset((*out)->blocks, 0, bytes);
  return WEFT_OK;
}

weft_status weft_bloom_create(weft_ctx *ctx, uint64_t rows, double rate, weft_bloom **out) {
  static const char who[] = "weft_bloom_create";
  WEFT_TRY(check_out(ctx, who, out));
  size_t bytes;
  weft_status status = weft_bloom_size(rows, rate, &bytes);
  if (status == WEFT_E_INVALID)
    return weft__fail(ctx, status, "%s: a rate of %g, and it has to be above 0 and below 1", who, rate);
  if (status != WEFT_OK)
    return weft__fail(ctx, status, "%s: %llu rows at a rate of %g take more than the largest filter has", who,
                      (unsigned long long)rows, rate);
  return open_empty(ctx, who, bytes, out);
}

weft_status weft_bloom_create_bytes(weft_ctx *ctx, size_t bytes, weft_bloom **out) {
  static const char who[] = "weft_bloom_create_bytes";
  WEFT_TRY(check_out(ctx, who, out));
  return open_empty(ctx, who, bytes, out);
}

weft_status weft_bloom_from_bytes(weft_ctx *ctx, const void *from, size_t bytes, weft_bloom **out) {
  static const char who[] = "weft_bloom_from_bytes";
  WEFT_TRY(check_out(ctx, who, out));
  if (!from)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: from is NULL", who);
  WEFT_TRY(open_filter(ctx, who, bytes, out));
  memcpy((*out)->blocks, from, bytes);
  return WEFT_OK;
}

void weft_bloom_free(weft_bloom *bloom) {
  if (!bloom)
    return;
  weft_slab *slab = bloom->slab;
  (void)!weft_slab_free(slab, bloom->blocks);
  (void)!weft_slab_free(slab, bloom);
  weft__slab_unref(slab);
}

const uint8_t *weft_bloom_bytes(const weft_bloom *bloom, size_t *bytes) {
  if (bytes)
    *bytes = bloom ? bytes_of(bloom) : 0;
  return bloom ? bloom->blocks : NULL;
}

/* ---- Rows ---- */

/* So many rows at a time that their hashes stay in the first cache. */
#define CHUNK 1024
struct chunk {
  uint64_t hashes[CHUNK];
  uint64_t valid[CHUNK / SIMD_BLOCK];
  bool has_nulls;
};

/* Parquet's integers of 8 and 16 bits are stored, and hashed, as ones of 32. Rows of them, resolved to their little-endian
 * bytes, move to the batch's edges in that form. */
static bool is_narrow(const struct weft_column *column) {
  return column->type == WEFT_I8 || column->type == WEFT_U8 || column->type == WEFT_I16 || column->type == WEFT_U16;
}

static void widen(enum weft_type type, struct simd_rows *batch) {
  bool with_sign = type == WEFT_I8 || type == WEFT_I16, one = type == WEFT_I8 || type == WEFT_U8;
  for (size_t i = 0; i < batch->rows; i++) {
    const uint8_t *p = batch->ptrs[i];
    uint8_t low = p[0], high = one ? 0 : p[1], sign = one ? low : high;
    uint8_t fill = with_sign && sign >= 0x80 ? 0xff : 0;
    const uint8_t wide[] = {low, one ? fill : high, fill, fill};
    batch->ptrs[i] = memcpy(batch->edges[i], wide, sizeof wide);
    batch->bytes[i] = batch->bytes[i] != 0 ? sizeof wide : 0;
  }
}

/* Hashes rows first .. first + n <= CHUNK of columns. */
static void hash_rows(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns, size_t first, size_t n,
                      struct chunk *chunk) {
  const uint64_t seed = 0, *seeds = &seed;
  struct simd_rows *batch = &ctx->batch;
  struct ctx_work work = {0};
  chunk->has_nulls = false;
  memset(chunk->valid, 0xff, sizeof chunk->valid);
  for (size_t c = 0; c < n_columns; c++, seeds = chunk->hashes) {
    struct simd_column column = weft__column_simd(&columns[c]);
    size_t simd_rows;
    batch->prefetch = ctx->prefetch_distance;
    if (!is_narrow(&columns[c]) && !column.base_validity && !column.row_validity) {
      simd_rows = ctx->kernels->xxh64_column(&column, first, n, seeds, c > 0, chunk->hashes, batch);
    } else {
      ctx->kernels->resolve(&column, first, n, batch);
      if (is_narrow(&columns[c]))
        widen(columns[c].type, batch);
      simd_rows = ctx->kernels->xxh64(batch, seeds, c > 0, chunk->hashes);
      chunk->has_nulls |= batch->has_nulls;
      for (size_t w = 0; w * SIMD_BLOCK < n; w++)
        chunk->valid[w] &= batch->valid[w];
    }
    ctx_work_add(&work, columns[c].selection, n, batch->total_bytes, simd_rows);
  }
  weft__ctx_count(ctx, &work);
}

/* How far ahead blocks are asked for: those in the second cache come soon enough. */
#define NEAR_BYTES ((size_t)512 << 10)
static size_t ahead_in(const weft_ctx *ctx, const weft_bloom *bloom) {
  return bytes_of(bloom) > NEAR_BYTES ? ctx->prefetch_distance : 0;
}

/* Without the hashes of rows that are null; how many are left. */
static size_t drop_nulls(struct chunk *chunk, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    chunk->hashes[kept] = chunk->hashes[i];
    kept += chunk->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
  }
  return kept;
}

/* Writes the answers of n <= CHUNK rows to bits. valid: NULL, or which rows are not null. */
static void find_chunk(const weft_ctx *ctx, const weft_bloom *bloom, const uint64_t *hashes, const uint64_t *valid,
                       size_t n, uint8_t *bits) {
  uint64_t words[CHUNK / SIMD_BLOCK];
  ctx->kernels->bloom_find(bloom->blocks, bloom->n_blocks, hashes, n, ahead_in(ctx, bloom), words);
  for (size_t w = 0; w * SIMD_BLOCK < n; w++)
    words[w] = from_little(valid ? words[w] & valid[w] : words[w], 64);
  memcpy(bits, words, (n + 7) / 8);
}

/* What inserting and probing rows share. bits: NULL where they are inserted, into `into`. */
static weft_status each_chunk(weft_ctx *ctx, const weft_bloom *bloom, weft_bloom *into, const struct weft_column *columns,
                              size_t n_columns, uint8_t *bits) {
  size_t rows = columns[0].rows, most = ctx->batch_size < CHUNK ? ctx->batch_size : CHUNK;
  struct chunk chunk;
  ctx_enter(ctx);
  for (size_t first = 0, n; first < rows; first += n) {
    n = rows - first < most ? rows - first : most;
    hash_rows(ctx, columns, n_columns, first, n, &chunk);
    if (!into) {
      find_chunk(ctx, bloom, chunk.hashes, chunk.has_nulls ? chunk.valid : NULL, n, bits + first / 8);
      continue;
    }
    size_t kept = chunk.has_nulls ? drop_nulls(&chunk, n) : n;
    ctx->kernels->bloom_insert(into->blocks, into->n_blocks, chunk.hashes, kept, ahead_in(ctx, into));
  }
  ctx_leave(ctx);
  return WEFT_OK;
}

static weft_status check_filter(weft_ctx *ctx, const char *who, const weft_bloom *bloom) {
  if (!ctx)
    return WEFT_E_INVALID;
  return bloom ? WEFT_OK : weft__fail(ctx, WEFT_E_INVALID, "%s: bloom is NULL", who);
}

static weft_status check_array(weft_ctx *ctx, const char *who, const char *name, const void *array, size_t n) {
  return array || n == 0 ? WEFT_OK
                         : weft__fail(ctx, WEFT_E_INVALID, "%s: %s is NULL, and there are %zu rows", who, name, n);
}

weft_status weft_bloom_insert(weft_ctx *ctx, weft_bloom *bloom, const struct weft_column *columns, size_t n_columns) {
  static const char who[] = "weft_bloom_insert";
  WEFT_TRY(check_filter(ctx, who, bloom));
  WEFT_TRY(weft__columns_check(ctx, who, columns, n_columns));
  return each_chunk(ctx, bloom, bloom, columns, n_columns, NULL);
}

weft_status weft_bloom_contains(weft_ctx *ctx, const weft_bloom *bloom, const struct weft_column *columns, size_t n_columns,
                                uint8_t *bits) {
  static const char who[] = "weft_bloom_contains";
  WEFT_TRY(check_filter(ctx, who, bloom));
  WEFT_TRY(weft__columns_check(ctx, who, columns, n_columns));
  WEFT_TRY(check_array(ctx, who, "bits", bits, columns[0].rows));
  return each_chunk(ctx, bloom, NULL, columns, n_columns, bits);
}

weft_status weft_bloom_insert_hashes(weft_ctx *ctx, weft_bloom *bloom, const uint64_t *hashes, size_t n) {
  static const char who[] = "weft_bloom_insert_hashes";
  WEFT_TRY(check_filter(ctx, who, bloom));
  WEFT_TRY(check_array(ctx, who, "hashes", hashes, n));
  ctx->kernels->bloom_insert(bloom->blocks, bloom->n_blocks, hashes, n, ahead_in(ctx, bloom));
  return WEFT_OK;
}

weft_status weft_bloom_contains_hashes(weft_ctx *ctx, const weft_bloom *bloom, const uint64_t *hashes, size_t n,
                                       uint8_t *bits) {
  static const char who[] = "weft_bloom_contains_hashes";
  WEFT_TRY(check_filter(ctx, who, bloom));
  WEFT_TRY(check_array(ctx, who, "hashes", hashes, n));
  WEFT_TRY(check_array(ctx, who, "bits", bits, n));
  for (size_t first = 0; first < n; first += CHUNK)
    find_chunk(ctx, bloom, hashes + first, NULL, n - first < CHUNK ? n - first : CHUNK, bits + first / 8);
  return WEFT_OK;
}

/* ---- Whole filters ---- */

weft_status weft_bloom_merge(weft_ctx *ctx, weft_bloom *into, const weft_bloom *from) {
  static const char who[] = "weft_bloom_merge";
  WEFT_TRY(check_filter(ctx, who, into));
  WEFT_TRY(check_filter(ctx, who, from));
  if (into->n_blocks != from->n_blocks)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: filters of %zu and %zu bytes cannot be merged", who, bytes_of(into),
                      bytes_of(from));
  for (size_t at = 0; at < bytes_of(into); at += sizeof(uint64_t)) {
    uint64_t word, other;
    memcpy(&word, into->blocks + at, sizeof word);
    memcpy(&other, from->blocks + at, sizeof other);
    word |= other;
    memcpy(into->blocks + at, &word, sizeof word);
  }
  return WEFT_OK;
}

weft_status weft_bloom_info(const weft_bloom *bloom, struct weft_bloom_figures *out, size_t size) {
  if (!bloom || !out)
    return WEFT_E_INVALID;
  struct weft_bloom_figures info = {.bytes = bytes_of(bloom)};
  for (const uint8_t *p = bloom->blocks; p < bloom->blocks + info.bytes; p += SIMD_BLOOM_BLOCK) {
    uint64_t product = 1; /* at most 32^8 = 2^40 */
    for (size_t k = 0; k < SIMD_BLOOM_BLOCK; k += sizeof(uint32_t)) {
      uint32_t word;
      memcpy(&word, p + k, sizeof word);
      unsigned set = (unsigned)__builtin_popcount(word);
      product *= set;
      info.set_bits += set;
    }
    info.rate += (double)product;
  }
  info.rate /= (double)bloom->n_blocks * (double)((uint64_t)1 << 40);
  memcpy(out, &info, size < sizeof info ? size : sizeof info);
  return WEFT_OK;
}
