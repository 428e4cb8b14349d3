/* SPDX-License-Identifier: MIT
 *
 * Grouping by several threads. Each numbers the keys of slices; the slices' keys are merged part by part, by all of them,
 * and numbered in the order of the slices, which gives each the number that its first row of all calls for; and the rows'
 * numbers are looked up. So the numbers are weft_group's, whatever the threads.
 */
#include "lib/column.h"
#include "lib/merge.h"
#include "lib/steps.h"

#include <string.h>

enum { STEP_SLICES, STEP_PLAN, STEP_CLEAR, STEP_PARTS, STEP_NUMBER, STEP_ROWS, STEPS };
enum {
  LEAST_SLICE = 65536, /* rows, below which threads wait for one another longer than they work */
  CHUNK = 65536        /* numbers cleared, or rows whose numbers are looked up, at once */
};

struct weft_grouping {
  weft_slab *slab;
  uint32_t *group;
  size_t groups;
  struct merge merge;
  struct steps steps;
  struct weft_column keys[];
};

static weft_status number_slice(weft_ctx *ctx, weft_grouping *grouping, struct slice *slice) {
  const struct merge *merge = &grouping->merge;
  struct weft_column *keys = weft_alloc(ctx, merge->n_keys * sizeof *keys);
  if (!keys)
    return ctx->cache.status;
  for (size_t k = 0; k < merge->n_keys; k++)
    keys[k] = weft__column_slice(&grouping->keys[k], slice->first, slice->rows);
  /* Not in place: what it counts would lie in a cache line with another thread's. */
  struct distinct distinct;
  weft_status status = weft__group(ctx, keys, merge->n_keys, &merge->how, grouping->group + slice->first, &distinct);
  if (status == WEFT_OK)
    slice->distinct = distinct;
  slice->distinct.keys = NULL;
  (void)!weft_free(ctx, keys);
  return status;
}

static size_t chunks_of(size_t n) {
  return (n + CHUNK - 1) / CHUNK;
}

/* How many of n are in a chunk. */
static size_t chunk_size(size_t n, size_t chunk) {
  return n - chunk * CHUNK < CHUNK ? n - chunk * CHUNK : CHUNK;
}

/* Where a slice begins. Slices are of the same length but for the last, which has what is left, too. */
static size_t slice_start(const struct merge *merge, size_t slice) {
  size_t rows = merge->keys[0].rows;
  return slice < merge->n_slices ? rows / merge->n_slices * slice : rows;
}

/* Rows behind the first slice, whose numbers are what they will be. */
static size_t rows_left(const struct merge *merge) {
  return merge->keys[0].rows - slice_start(merge, 1);
}

/* Replaces numbers of a slice's keys by their numbers among all. */
static void look_numbers_up(weft_ctx *ctx, const struct merge *merge, const struct slice *slice, uint32_t *group,
                            size_t n) {
  const uint32_t *number = merge_numbers(merge, slice);
  bool far = ctx->prefetch_distance != 0 && slice->distinct.count > SIMD_FAR_BYTES / sizeof *number;
  for (size_t end; n > 0; group += end, n -= end) {
    end = n < ctx->batch_size ? n : ctx->batch_size;
    for (size_t i = 0; far && i < end; i++)
      simd_ask_far(&number[group[i]]);
    for (size_t i = 0; i < end; i++)
      group[i] = number[group[i]];
  }
}

static void number_rows(weft_ctx *ctx, weft_grouping *grouping, size_t chunk) {
  const struct merge *merge = &grouping->merge;
  size_t row = slice_start(merge, 1) + chunk * CHUNK, end = row + chunk_size(rows_left(merge), chunk);
  for (size_t slice = 1; row < end; slice++) {
    size_t next = slice_start(merge, slice + 1), last = next < end ? next : end;
    if (row >= last)
      continue;
    look_numbers_up(ctx, merge, &merge->slices[slice], grouping->group + row, last - row);
    row = last;
  }
}

static void clear_numbers(const struct merge *merge, size_t chunk) {
  size_t n = chunk_size(merge->n_numbers, chunk);
  memset(merge->number + chunk * CHUNK, 0xff, n * sizeof *merge->number);
}

static weft_status do_unit(weft_ctx *ctx, void *owner, unsigned step, size_t unit) {
  weft_grouping *grouping = owner;
  struct merge *merge = &grouping->merge;
  switch (step) {
  case STEP_SLICES: return number_slice(ctx, grouping, &merge->slices[unit]);
  case STEP_PLAN: return weft__merge_plan(ctx, merge);
  case STEP_CLEAR: clear_numbers(merge, unit); return WEFT_OK;
  case STEP_PARTS: return weft__merge_part(ctx, merge, unit);
  case STEP_NUMBER: grouping->groups = weft__merge_number(merge); return WEFT_OK;
  default: number_rows(ctx, grouping, unit); return WEFT_OK;
  }
}

static size_t units_of(const void *owner, unsigned step) {
  const weft_grouping *grouping = owner;
  const struct merge *merge = &grouping->merge;
  if (merge->n_slices == 0)
    return 0;
  switch (step) {
  case STEP_SLICES: return merge->n_slices;
  case STEP_PARTS: return (size_t)1 << merge->bits;
  case STEP_CLEAR: return chunks_of(merge->n_numbers);
  case STEP_ROWS: return chunks_of(rows_left(merge));
  default: return 1;
  }
}

static const struct steps_plan steps_of_grouping = {.steps = STEPS, .units = units_of, .work = do_unit};

weft_status weft_grouping_open(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, size_t threads,
                               uint32_t *group, weft_grouping **out) {
  static const char who[] = "weft_grouping_open";
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out || threads == 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s", who, out ? "threads is 0" : "out is NULL");
  WEFT_TRY(weft__group_check(ctx, who, keys, n_keys, group));
  size_t rows = keys[0].rows, most = rows / LEAST_SLICE + (rows > 0), n_slices = threads < most ? threads : most;
  size_t head = sizeof(struct weft_grouping) + n_keys * sizeof *keys;
  weft_grouping *grouping = weft_zalloc(ctx, head + n_slices * sizeof(struct slice));
  if (!grouping)
    return ctx->cache.status;
  grouping->slab = ctx->cache.slab;
  grouping->group = group;
  memcpy(grouping->keys, keys, n_keys * sizeof *keys);
  grouping->merge = (struct merge){.keys = grouping->keys,
                                   .n_keys = n_keys,
                                   .how = weft__group_hash(ctx, keys, n_keys),
                                   .slices = (struct slice *)(void *)((uint8_t *)grouping + head),
                                   .n_slices = n_slices};
  for (size_t i = 0; i < n_slices; i++) {
    size_t first = slice_start(&grouping->merge, i);
    grouping->merge.slices[i] = (struct slice){.first = first, .rows = slice_start(&grouping->merge, i + 1) - first};
  }
  weft__steps_open(&grouping->steps, &steps_of_grouping, grouping);
  weft__slab_ref(grouping->slab);
  *out = grouping;
  return WEFT_OK;
}

weft_status weft_grouping_work(weft_ctx *ctx, weft_grouping *grouping) {
  if (!ctx)
    return WEFT_E_INVALID;
  if (!grouping)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_grouping_work: grouping is NULL");
  if (ctx->cache.slab != grouping->slab)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_grouping_work: the context is of another slab than the grouping's");
  ctx_enter(ctx);
  weft_status status = weft__steps_work(ctx, &grouping->steps);
  ctx_leave(ctx);
  return status;
}

static void end_grouping(weft_grouping *grouping) {
  weft_slab *slab = grouping->slab;
  for (size_t i = 0; i < grouping->merge.n_slices; i++)
    weft__distinct_close(slab, &grouping->merge.slices[i].distinct);
  (void)!weft_slab_free(slab, grouping->merge.number);
  weft__steps_close(&grouping->steps);
  (void)!weft_slab_free(slab, grouping);
  weft__slab_unref(slab);
}

/* A key is new where its number is the next one; others have lower ones. */
static void write_first_rows(const struct merge *merge, uint32_t *first_row) {
  uint32_t next = 0;
  for (size_t i = 0; i < merge->n_slices; i++) {
    const struct slice *slice = &merge->slices[i];
    const uint32_t *number = merge_numbers(merge, slice);
    for (uint32_t key = 0; key < slice->distinct.count; key++)
      if (!number || number[key] == next)
        first_row[next++] = (uint32_t)slice->first + distinct_first_row(&slice->distinct, key);
  }
}

weft_status weft_grouping_close(weft_ctx *ctx, weft_grouping *grouping, size_t *groups, uint32_t *first_row) {
  if (groups)
    *groups = 0;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!grouping)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_grouping_close: grouping is NULL");
  weft_status status =
      groups ? weft_grouping_work(ctx, grouping) : weft__fail(ctx, WEFT_E_INVALID, "weft_grouping_close: groups is NULL");
  if (status == WEFT_OK)
    *groups = grouping->groups;
  if (status == WEFT_OK && first_row)
    write_first_rows(&grouping->merge, first_row);
  end_grouping(grouping);
  return status;
}
