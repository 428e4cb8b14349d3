/* SPDX-License-Identifier: MIT
 *
 * Indexes built in any of the ways there are: at once, or batch by batch, with hashes or without, by one thread or by
 * several. What comes of it is to be the same.
 */
#ifndef TESTS_BUILT_H
#define TESTS_BUILT_H

#include <pthread.h>

#include "keys.h"
#include "lib/column.h"
#include "rng.h"

#define MOST_BUILDERS 4

struct build_worker {
  pthread_t thread;
  weft_ctx *ctx;
  weft_index_builder *builder;
  weft_status status;
};

static inline void *build_work(void *argument) {
  struct build_worker *me = argument;
  me->status = weft_index_work(me->ctx, me->builder);
  return NULL;
}

/* So many threads work on the index, each on a clone of ctx. The first failure's status is returned; after it none may
 * have been told that all is well. */
static inline weft_status build_together(const weft_ctx *ctx, weft_index_builder *builder, size_t threads) {
  struct build_worker workers[MOST_BUILDERS];
  weft_status status = WEFT_OK;
  size_t n = 0, well = 0;
  for (; n < threads && status == WEFT_OK; n++) {
    workers[n] = (struct build_worker){.builder = builder};
    status = weft_ctx_clone(ctx, &workers[n].ctx);
    if (status != WEFT_OK)
      break;
    ck_assert_int_eq(pthread_create(&workers[n].thread, NULL, build_work, &workers[n]), 0);
  }
  for (size_t i = 0; i < n; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    weft_ctx_free(workers[i].ctx);
    well += workers[i].status == WEFT_OK;
    status = status == WEFT_OK ? workers[i].status : status;
  }
  ck_assert_msg(well == 0 || well == n, "%zu of %zu threads were told that all is well", well, n);
  return status;
}

/* Appends all rows in batches of random sizes, some of none, out of arrays that are gone afterwards; with hashes where
 * hashed. */
static inline weft_status append_batches(weft_ctx *ctx, weft_index_builder *builder, const struct weft_column *keys,
                                         size_t n_keys, uint64_t seed, bool hashed, struct rng *rng) {
  size_t rows = keys[0].rows, most = rng_percent(rng, 30) ? 2 : rng_percent(rng, 50) ? 1 + rows / 3 : 1 + rows;
  if (rows / most > 50)
    most = rows / 50;
  struct weft_column part[SIMD_BLOCK];
  uint64_t *hashes = calloc(rows + 1, sizeof *hashes);
  weft_status status = WEFT_OK;
  size_t at = 0;
  do {
    size_t n = rng_upto(rng, most < rows - at ? most : rows - at);
    for (size_t k = 0; k < n_keys; k++)
      part[k] = weft__column_slice(&keys[k], at, n);
    if (hashed)
      status = weft_index_hash(ctx, seed, part, n_keys, hashes);
    if (status == WEFT_OK)
      status = weft_index_append(ctx, builder, part, n_keys, hashed ? hashes : NULL);
    memset(part, 0x5a, sizeof part);
    at += n;
  } while (at < rows && status == WEFT_OK);
  free(hashes);
  return status;
}

/* An index of keys, in a way that is drawn. mask: of its hashes. On failure *out is NULL. */
static inline weft_status build_anyhow(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys,
                                       const struct weft_index_options *options, uint64_t mask, struct rng *rng,
                                       weft_index **out) {
  weft_index_builder *builder = NULL;
  size_t threads = rng_upto(rng, MOST_BUILDERS);
  bool hashed = rng_percent(rng, 50);
  struct weft_index_options mine = *options;
  mine.has_seed = true; /* for the hashes */
  mine.seed = options->has_seed ? options->seed : rng_next(rng);
  ctx->key_mask = mask;
  weft_status status;
  *out = NULL;
  if (rng_percent(rng, 40)) {
    status = weft_index_build(ctx, keys, n_keys, options, out);
  } else {
    status = weft_index_builder_open(ctx, &mine, &builder);
    if (status == WEFT_OK)
      status = append_batches(ctx, builder, keys, n_keys, mine.seed, hashed, rng);
    if (status == WEFT_OK && threads > 0)
      status = build_together(ctx, builder, threads);
    if (status == WEFT_OK)
      status = weft_index_seal(ctx, builder, out);
    else
      weft_index_builder_free(builder);
  }
  ctx->key_mask = UINT64_MAX;
  ck_assert((status == WEFT_OK) == (*out != NULL));
  return status;
}

/* Hands over probe keys, with their hashes or without. hashes[rows] stay until the batch is drained. mask: as the
 * index's. */
static inline void probe_anyhow(weft_ctx *ctx, weft_join *join, const weft_index *index, uint64_t mask,
                                const struct weft_column *keys, size_t n_keys, uint64_t *hashes, struct rng *rng) {
  if (rng_percent(rng, 50)) {
    MUST(ctx, weft_join_probe(join, keys, n_keys));
    return;
  }
  ctx->key_mask = mask;
  MUST(ctx, weft_index_hash(ctx, figures_of(index).seed, keys, n_keys, hashes));
  ctx->key_mask = UINT64_MAX;
  MUST(ctx, weft_join_probe_hashed(join, keys, n_keys, hashes));
}

#endif
