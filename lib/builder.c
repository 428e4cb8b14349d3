/* SPDX-License-Identifier: MIT
 *
 * Indexes being built: rows that are appended, the steps of the work dealt out to threads, the end; and weft_index_build,
 * which is all of that at once. The steps themselves are build.c's.
 */
#include "lib/append.h"
#include "lib/build.h"
#include "lib/direct.h"
#include "lib/steps.h"

#include <string.h>

enum step { STEP_OPEN, STEP_HASH, STEP_PLACE, STEP_SCATTER, STEP_PLAN, STEP_PARTS, STEPS };

struct weft_index_builder {
  weft_index *index; /* with the columns as they are built from */
  bool copy_keys;
  bool borrowed;             /* the keys are a caller's */
  struct appended *appended; /* [n_keys] the keys' copies, when there are any */
  struct bytes hashes;       /* that came with the rows */
  uint64_t rows;
  struct index_build build;

  struct steps steps;
  weft_status status; /* of the appending */
};

static const struct steps_plan steps_of_building; /* below */

/* ---- Beginning and end ---- */

void weft_index_options_init(struct weft_index_options *options, size_t size) {
  const struct weft_index_options defaults = {.size = size};
  if (!options)
    return;
  memset(options, 0, size);
  memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static weft_status read_options(weft_ctx *ctx, const char *who, const struct weft_index_options *options,
                                struct weft_index_options *mine) {
  weft_index_options_init(mine, sizeof *mine);
  if (options) {
    size_t least = offsetof(struct weft_index_options, seed) + sizeof options->seed;
    WEFT_TRY(weft__options_read(ctx, who, options, options->size, least, mine, sizeof *mine));
  }
  if (!mine->has_seed)
    weft__os_random(&mine->seed, sizeof mine->seed);
  return WEFT_OK;
}

static weft_status open_builder(weft_ctx *ctx, const char *who, const struct weft_index_options *options,
                                weft_index_builder **out) {
  struct weft_index_options mine;
  WEFT_TRY(read_options(ctx, who, options, &mine));
  weft_index_builder *builder = weft_zalloc(ctx, sizeof *builder);
  weft_index *index = builder ? weft_zalloc(ctx, sizeof *index) : NULL;
  if (!index) {
    weft_status status = ctx->cache.status;
    (void)!weft_free(ctx, builder);
    return status;
  }
  index->slab = ctx->cache.slab;
  index->how = (struct key_hash){.seed = mine.seed, .mask = ctx->key_mask};
  os_lock_init(&index->lock);
  weft__slab_ref(index->slab);
  builder->index = index;
  builder->copy_keys = mine.copy_keys;
  weft__steps_open(&builder->steps, &steps_of_building, STEPS, builder);
  *out = builder;
  return WEFT_OK;
}

weft_status weft_index_builder_open(weft_ctx *ctx, const struct weft_index_options *options, weft_index_builder **out) {
  static const char who[] = "weft_index_builder_open";
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL", who);
  return open_builder(ctx, who, options, out);
}

/* Frees the builder alone. */
static void end_builder(weft_index_builder *builder) {
  weft_slab *slab = builder->index->slab;
  if (builder->build.index)
    weft__build_close(slab, &builder->build);
  for (size_t k = 0; builder->appended && k < builder->index->n_keys; k++)
    weft__appended_close(slab, &builder->appended[k]);
  (void)!weft_slab_free(slab, builder->appended);
  (void)!weft_slab_free(slab, builder->hashes.at);
  weft__steps_close(&builder->steps);
  (void)!weft_slab_free(slab, builder);
}

void weft_index_builder_free(weft_index_builder *builder) {
  if (!builder)
    return;
  weft_index *index = builder->index;
  weft_slab *slab = index->slab;
  weft__slab_ref(slab); /* the index's own may be the last */
  end_builder(builder);
  weft__index_end(index);
  weft__slab_unref(slab);
}

/* ---- Rows ---- */

/* Makes the first batch's columns the builder's. */
static weft_status first_batch(weft_ctx *ctx, weft_index_builder *builder, const struct weft_column *keys, size_t n_keys) {
  weft_index *index = builder->index;
  index->keys = weft_alloc(ctx, n_keys * sizeof *keys);
  if (!index->keys)
    return ctx->cache.status;
  memcpy(index->keys, keys, n_keys * sizeof *keys);
  index->n_keys = n_keys;
  builder->borrowed = true;
  return WEFT_OK;
}

/* Adds rows to the copies. */
static weft_status append_keys(weft_ctx *ctx, weft_index_builder *builder, const struct weft_column *keys, size_t at) {
  for (size_t k = 0; k < builder->index->n_keys; k++)
    WEFT_TRY(weft__append(ctx, &keys[k], 0, keys[k].rows, at, &builder->appended[k]));
  return WEFT_OK;
}

/* Turns what is borrowed into copies. */
static weft_status copy_borrowed(weft_ctx *ctx, weft_index_builder *builder) {
  weft_index *index = builder->index;
  builder->appended = weft_zalloc(ctx, index->n_keys * sizeof *builder->appended);
  if (!builder->appended)
    return ctx->cache.status;
  builder->borrowed = false;
  return append_keys(ctx, builder, index->keys, 0);
}

static weft_status check_append(weft_ctx *ctx, const char *who, const weft_index_builder *builder,
                                const struct weft_column *keys, size_t n_keys, const uint64_t *hashes) {
  const weft_index *index = builder->index;
  WEFT_TRY(weft__keys_check(ctx, who, keys, n_keys));
  if (builder->status != WEFT_OK || steps_begun(&builder->steps))
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s", who, builder->status ? "a call before has failed" : "work has begun");
  if (index->n_keys == 0)
    return WEFT_OK;
  WEFT_TRY(weft__keys_match(ctx, who, index->keys, index->n_keys, keys, n_keys));
  if (builder->rows + keys[0].rows >= WEFT_NO_ROW)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "%s: %zu rows behind %llu, and at most %u can be", who, keys[0].rows,
                      (unsigned long long)builder->rows, WEFT_NO_ROW - 1);
  if (keys[0].rows > 0 && builder->rows > 0 && !hashes != !builder->hashes.at)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: hashes is %sNULL, unlike those of the rows before", who,
                      hashes ? "not " : "");
  return WEFT_OK;
}

static weft_status append_rows(weft_ctx *ctx, const char *who, weft_index_builder *builder, const struct weft_column *keys,
                               size_t n_keys, const uint64_t *hashes) {
  WEFT_TRY(check_append(ctx, who, builder, keys, n_keys, hashes));
  weft_index *index = builder->index;
  size_t rows = keys[0].rows;
  weft_status status = WEFT_OK;
  if (hashes)
    status = weft__append_bytes(ctx, &builder->hashes, hashes, rows * sizeof *hashes);
  bool first = index->n_keys == 0;
  if (status == WEFT_OK && first)
    status = first_batch(ctx, builder, keys, n_keys);
  if (status == WEFT_OK && builder->borrowed && (!first || builder->copy_keys))
    status = copy_borrowed(ctx, builder);
  if (status == WEFT_OK && !first)
    status = append_keys(ctx, builder, keys, (size_t)builder->rows);
  builder->rows += rows;
  builder->status = status;
  return status;
}

weft_status weft_index_append(weft_ctx *ctx, weft_index_builder *builder, const struct weft_column *keys, size_t n_keys,
                              const uint64_t *hashes) {
  if (!ctx)
    return WEFT_E_INVALID;
  if (!builder)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_index_append: builder is NULL");
  ctx_enter(ctx);
  weft_status status = append_rows(ctx, "weft_index_append", builder, keys, n_keys, hashes);
  ctx_leave(ctx);
  return status;
}

/* ---- Work ---- */

/* The columns that the index is built from: of copies those that have been appended. */
static void set_columns(weft_index_builder *builder) {
  weft_index *index = builder->index;
  for (size_t k = 0; builder->appended && k < index->n_keys; k++) {
    struct weft_field field = {.type = index->keys[k].type, .width = (uint32_t)index->keys[k].width};
    index->keys[k] = weft__appended_column(&builder->appended[k], &field, (size_t)builder->rows);
  }
  index->rows = (uint32_t)builder->rows;
  index->how.exact = index->how.mask == UINT64_MAX && weft__keys_exact(index->keys, index->n_keys, false);
}

static weft_status do_unit(weft_ctx *ctx, void *owner, unsigned step, size_t unit) {
  weft_index_builder *builder = owner;
  struct index_build *build = &builder->build;
  switch (step) {
  case STEP_OPEN:
    set_columns(builder);
    if (weft__direct_pays(ctx, builder->index))
      return weft__direct_build(ctx, builder->index);
    return weft__build_open(ctx, builder->index, (uint64_t *)(void *)builder->hashes.at, build);
  case STEP_HASH: return weft__build_hash(ctx, build, unit);
  case STEP_PLACE: return weft__build_place(ctx, build);
  case STEP_SCATTER: return weft__build_scatter(ctx, build, unit);
  case STEP_PLAN: return weft__build_plan(ctx, build);
  default: return weft__build_part(ctx, build, unit);
  }
}

static size_t units_of(const void *owner, unsigned step) {
  const weft_index_builder *builder = owner;
  if (builder->index->direct)
    return 0;
  switch (step) {
  case STEP_HASH:
  case STEP_SCATTER: return builder->build.slices;
  case STEP_PARTS: return (size_t)1 << builder->build.bits;
  default: return 1;
  }
}

static const struct steps_plan steps_of_building = {.units = units_of, .work = do_unit};

static weft_status work(weft_ctx *ctx, const char *who, weft_index_builder *builder) {
  if (!builder)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: builder is NULL", who);
  if (ctx->cache.slab != builder->index->slab)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: the context is of another slab than the builder's", who);
  if (builder->index->n_keys == 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: nothing was appended", who);
  if (builder->status != WEFT_OK)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: a call before has failed", who);
  ctx_enter(ctx);
  weft_status status = weft__steps_work(ctx, &builder->steps);
  ctx_leave(ctx);
  return status;
}

weft_status weft_index_work(weft_ctx *ctx, weft_index_builder *builder) {
  return ctx ? work(ctx, "weft_index_work", builder) : WEFT_E_INVALID;
}

/* ---- The end ---- */

/* Gives the index what it needs of the keys: of copies nothing where hashes or packed keys say it all, else bytes and
 * offsets. */
static void keep_keys(weft_index_builder *builder) {
  weft_index *index = builder->index;
  bool needed = builder->appended && !index->how.exact && !packing_is_whole(&index->how.packing);
  for (size_t k = 0; needed && k < index->n_keys; k++) {
    struct appended *from = &builder->appended[k];
    index->copies[2 * k] = from->values.at;
    index->copies[2 * k + 1] = from->offsets.at;
    index->copied_bytes += from->values.room + from->offsets.room;
    from->values.at = from->offsets.at = NULL;
  }
  for (size_t k = 0; builder->appended && k < index->n_keys; k++)
    index->keys[k].base_validity = NULL;
}

weft_status weft_index_seal(weft_ctx *ctx, weft_index_builder *builder, weft_index **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out || !builder)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_index_seal: %s is NULL", out ? "builder" : "out");
  weft_index *index = builder->index;
  weft_status status = work(ctx, "weft_index_seal", builder);
  if (status == WEFT_OK && !index->direct)
    status = weft__build_seal(ctx, &builder->build);
  if (status == WEFT_OK && builder->appended && !(index->copies = weft_zalloc(ctx, 2 * index->n_keys * sizeof(void *))))
    status = ctx->cache.status;
  if (status != WEFT_OK) {
    weft_index_builder_free(builder);
    return status;
  }
  keep_keys(builder);
  end_builder(builder);
  *out = index;
  return WEFT_OK;
}

weft_status weft_index_build(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys,
                             const struct weft_index_options *options, weft_index **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  static const char who[] = "weft_index_build";
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL", who);
  weft_index_builder *builder;
  WEFT_TRY(open_builder(ctx, who, options, &builder));
  weft_status status = append_rows(ctx, who, builder, keys, n_keys, NULL);
  if (status == WEFT_OK)
    return weft_index_seal(ctx, builder, out);
  weft_index_builder_free(builder);
  return status;
}
