/* SPDX-License-Identifier: MIT
 *
 * Batch hashing: walks the columns batch by batch, each handed to the column kernel of the context's table; a call of a few
 * rows goes a shorter way. What a kernel does with its rows is simd/'s affair.
 */
#include "lib/column.h"

#include <weft/hash.h>

/* One call: which kernel (one of the three), from which seeds to where; word is the size of a hash in bytes, and of a seed
 * where there is one for each row. */
struct hash_job {
  simd_column64_fn *hash64;
  simd_column32_fn *hash32;
  simd_column128_fn *hash128;
  simd_combine128_fn *combine128; /* beside hash128 */
  const void *seeds;
  bool seed_per_row;
  void *out;
  size_t word;
};

/* Hashes rows first .. first + n of a further column and joins the hashes to those of the columns before, in out[n]: so
 * many at a time that their hashes stay in the first cache. */
#define JOINED 256
static size_t join128(const struct hash_job *job, const struct simd_column *column, size_t first, size_t n,
                      struct simd_rows *batch, struct simd_hash128 *out) {
  struct simd_hash128 hashes[JOINED];
  const uint64_t *seed = job->seeds;
  size_t simd_rows = 0, bytes = 0;
  for (size_t i = 0; i < n; i += JOINED) {
    size_t here = n - i < JOINED ? n - i : JOINED;
    simd_rows += job->hash128(column, first + i, here, seed, false, hashes, batch);
    job->combine128(hashes, here, *seed, out + i);
    bytes += batch->total_bytes;
  }
  batch->total_bytes = bytes;
  return simd_rows;
}

/* Hashes rows first .. first + n of one column. Of the first column the seeds are the job's; of a further one they are the
 * hashes before it, or these, of 128 bits, are joined. */
static size_t hash_rows(const struct hash_job *job, const struct simd_column *column, bool further, size_t first, size_t n,
                        struct simd_rows *batch) {
  void *out = (char *)job->out + first * job->word;
  const void *seeds = further ? out : (const char *)job->seeds + (job->seed_per_row ? first * job->word : 0);
  bool seed_per_row = further || job->seed_per_row;
  if (job->hash64)
    return job->hash64(column, first, n, seeds, seed_per_row, out, batch);
  if (job->hash32)
    return job->hash32(column, first, n, seeds, seed_per_row, out, batch);
  return further ? join128(job, column, first, n, batch, out) : job->hash128(column, first, n, seeds, false, out, batch);
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
      batch->prefetch = ctx->prefetch_distance;
      size_t simd_rows = hash_rows(job, &column, c > 0, first, n, batch);
      ctx_work_add(&work, columns[c].selection, n, batch->total_bytes, simd_rows);
    }
  }
  weft__ctx_count(ctx, &work);
}

/* A call of a few rows spends its time on what surrounds them. So there is a short way, for one column without nulls and
 * selection whose bytes are hashed as they lie, that keeps to what such a call needs; all others, those with a fault among
 * them, go the long way. Few branches: after the last row's, which were mispredicted, each is waited for. */
#define FEW_WIDTH 4096
static inline bool is_few(const weft_ctx *ctx, const struct weft_column *column, size_t n_columns, const void *out) {
  if (!ctx || !column || n_columns != 1 || !out || !column->data || column_is_turned(column))
    return false;
  uintptr_t selected = (uintptr_t)column->selection | (uintptr_t)column->base_validity | (column->rows ^ column->base_rows);
  return selected == 0 && column->rows - 1 < SIMD_FEW - 1 && column->width <= FEW_WIDTH &&
         (unsigned)column->layout - WEFT_FIXED <= WEFT_VIEWS - WEFT_FIXED;
}

/* The whole of such a call; FEW: the kernel of the table. */
#define HASH_FEW(FEW, ctx, column, seed, out)                                                                \
  do {                                                                                                       \
    enum simd_layout layout_ = (enum simd_layout)((column)->layout - WEFT_FIXED);                            \
    const void *lead_ = simd_lead(layout_, (column)->aux, (column)->buffers, (column)->width);               \
    ctx_enter(ctx);                                                                                          \
    struct simd_done done_ = (ctx)->kernels->FEW(layout_, (column)->data, lead_, (column)->rows, seed, out); \
    ctx_count_few(ctx, (column)->rows, done_);                                                               \
    ctx_leave(ctx);                                                                                          \
    return WEFT_OK;                                                                                          \
  } while (0)

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

static simd_column64_fn *kernel64(const weft_ctx *ctx, enum weft_algo algo) {
  switch (algo) {
  case WEFT_XXH3_64: return ctx->kernels->xxh3_64_column;
  case WEFT_XXH64: return ctx->kernels->xxh64_column;
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

/* The long ways are no part of the functions that try the short one: what they save and clear would be done for both. */
__attribute__((noinline)) static weft_status hash64_one_seed(weft_ctx *ctx, enum weft_algo algo,
                                                             const struct weft_column *columns, size_t n_columns,
                                                             uint64_t seed, uint64_t *out) {
  return hash64(ctx, "weft_hash64", algo, columns, n_columns, &seed, false, out);
}

weft_status weft_hash64(weft_ctx *ctx, enum weft_algo algo, const struct weft_column *columns, size_t n_columns,
                        uint64_t seed, uint64_t *out) {
  if (is_few(ctx, columns, n_columns, out)) {
    if (algo == WEFT_XXH3_64)
      HASH_FEW(xxh3_64_few, ctx, columns, seed, out);
    if (algo == WEFT_XXH64)
      HASH_FEW(xxh64_few, ctx, columns, seed, out);
  }
  return hash64_one_seed(ctx, algo, columns, n_columns, seed, out);
}

weft_status weft_hash64_seeded(weft_ctx *ctx, enum weft_algo algo, const struct weft_column *columns, size_t n_columns,
                               const uint64_t *seeds, uint64_t *out) {
  return hash64(ctx, "weft_hash64_seeded", algo, columns, n_columns, seeds, true, out);
}

__attribute__((noinline)) static weft_status hash32(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns,
                                                    uint32_t seed, uint32_t *out) {
  if (!ctx)
    return WEFT_E_INVALID;
  struct hash_job job = {.hash32 = ctx->kernels->xxh32_column, .seeds = &seed, .out = out, .word = sizeof *out};
  return hash(ctx, "weft_hash32", columns, n_columns, &job);
}

weft_status weft_hash32(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns, uint32_t seed, uint32_t *out) {
  if (is_few(ctx, columns, n_columns, out))
    HASH_FEW(xxh32_few, ctx, columns, seed, out);
  return hash32(ctx, columns, n_columns, seed, out);
}

__attribute__((noinline)) static weft_status hash128(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns,
                                                     uint64_t seed, struct weft_fingerprint *out) {
  if (!ctx)
    return WEFT_E_INVALID;
  struct hash_job job = {.hash128 = ctx->kernels->xxh3_128_column,
                         .combine128 = ctx->kernels->combine128,
                         .seeds = &seed,
                         .out = out,
                         .word = sizeof *out};
  return hash(ctx, "weft_hash128", columns, n_columns, &job);
}

weft_status weft_hash128(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns, uint64_t seed,
                         struct weft_fingerprint *out) {
  if (is_few(ctx, columns, n_columns, out))
    HASH_FEW(xxh3_128_few, ctx, columns, seed, (struct simd_hash128 *)(void *)out);
  return hash128(ctx, columns, n_columns, seed, out);
}
