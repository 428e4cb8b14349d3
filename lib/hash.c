/* SPDX-License-Identifier: MIT
 *
 * Batch hashing: walks the columns batch by batch, each batch resolved to addresses and lengths and handed to the kernel of
 * the context's table. What a kernel does with it is simd/'s affair.
 */
#include "lib/column.h"

#include <weft/hash.h>

/* One call: which kernel (one of the two), from which seeds to where; word is the size of both in bytes. */
struct hash_job {
  simd_hash64_fn *hash64;
  simd_hash32_fn *hash32;
  const void *seeds;
  bool seed_per_row;
  void *out;
  size_t word;
};

/* Hashes the resolved batch of one column into place `first`, from the seeds at the same place. */
static size_t hash_batch(const struct hash_job *job, const struct simd_rows *batch, const void *seeds, bool seed_per_row,
                         size_t first) {
  char *out = (char *)job->out + first * job->word;
  const char *from = (const char *)seeds + (seed_per_row ? first * job->word : 0);
  return job->hash64 ? job->hash64(batch, (const void *)from, seed_per_row, (void *)out)
                     : job->hash32(batch, (const void *)from, seed_per_row, (void *)out);
}

/* All columns of a batch before the next batch: hashes of one column, the seeds of the next, stay in the first cache. */
static void hash_columns(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns, const struct hash_job *job) {
  struct ctx_work work = {0};
  struct simd_rows *batch = &ctx->batch;
  size_t rows = columns[0].rows;
  for (size_t first = 0; first < rows; first += ctx->batch_size) {
    size_t n = rows - first < ctx->batch_size ? rows - first : ctx->batch_size;
    for (size_t c = 0; c < n_columns; c++) {
      struct simd_column column = weft__column_simd(&columns[c]);
      ctx->kernels->resolve(&column, first, n, batch);
      batch->prefetch = weft__column_is_scattered(&columns[c]) ? ctx->prefetch_distance : 0;
      size_t simd_rows = c == 0 ? hash_batch(job, batch, job->seeds, job->seed_per_row, first)
                                : hash_batch(job, batch, job->out, true, first);
      work.rows += n;
      work.bytes += batch->total_bytes;
      work.rows_selected += columns[c].selection ? n : 0;
      work.simd_rows += simd_rows;
      work.simd_ops += simd_rows != 0;
      work.scalar_ops += simd_rows == 0;
    }
  }
  weft__ctx_count(ctx, &work);
}

static weft_status hash(weft_ctx *ctx, const char *who, const struct weft_column *columns, size_t n_columns,
                        const struct hash_job *job) {
  WEFT_TRY(weft__columns_check(ctx, who, columns, n_columns));
  if (columns[0].rows == 0)
    return WEFT_OK;
  if (!job->out || !job->seeds)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s is NULL, and there are %zu rows", who, job->out ? "seeds" : "out",
                      columns[0].rows);
  ctx_enter(ctx);
  hash_columns(ctx, columns, n_columns, job);
  ctx_leave(ctx);
  return WEFT_OK;
}

static simd_hash64_fn *kernel64(const weft_ctx *ctx, enum weft_algo algo) {
  switch (algo) {
  case WEFT_XXH3_64: return ctx->kernels->xxh3_64;
  case WEFT_XXH64: return ctx->kernels->xxh64;
  }
  return NULL;
}

static weft_status hash64(weft_ctx *ctx, const char *who, enum weft_algo algo, const struct weft_column *columns,
                          size_t n_columns, const uint64_t *seeds, bool seed_per_row, uint64_t *out) {
  if (!ctx)
    return WEFT_E_INVALID;
  struct hash_job job = {
      .hash64 = kernel64(ctx, algo), .seeds = seeds, .seed_per_row = seed_per_row, .out = out, .word = sizeof *out};
  if (!job.hash64)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: no algorithm has the number %d", who, (int)algo);
  return hash(ctx, who, columns, n_columns, &job);
}

weft_status weft_hash64(weft_ctx *ctx, enum weft_algo algo, const struct weft_column *columns, size_t n_columns,
                        uint64_t seed, uint64_t *out) {
  return hash64(ctx, "weft_hash64", algo, columns, n_columns, &seed, false, out);
}

weft_status weft_hash64_seeded(weft_ctx *ctx, enum weft_algo algo, const struct weft_column *columns, size_t n_columns,
                               const uint64_t *seeds, uint64_t *out) {
  return hash64(ctx, "weft_hash64_seeded", algo, columns, n_columns, seeds, true, out);
}

weft_status weft_hash32(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns, uint32_t seed, uint32_t *out) {
  if (!ctx)
    return WEFT_E_INVALID;
  struct hash_job job = {.hash32 = ctx->kernels->xxh32, .seeds = &seed, .out = out, .word = sizeof *out};
  return hash(ctx, "weft_hash32", columns, n_columns, &job);
}
