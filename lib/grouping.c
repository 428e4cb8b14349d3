/* SPDX-License-Identifier: MIT
 *
 * Grouping by several threads. Each numbers the keys of slices; the slices' keys, in the order of the slices, are numbered
 * once more by one of them, which gives each the number that its first row of all calls for; and the rows' numbers are
 * looked up. So the numbers are weft_group's, whatever the threads.
 */
#include "lib/column.h"
#include "lib/group.h"
#include "lib/steps.h"

#include <string.h>

enum { STEP_SLICES, STEP_MERGE, STEP_ROWS, STEPS };
enum { LEAST_SLICE = 65536 }; /* rows, below which threads wait for one another longer than they work */

struct slice {
  size_t first, rows;
  size_t keys;
  uint32_t *first_row; /* [keys] in the slice, of each of its keys */
  uint32_t *number;    /* [keys] of each; part of merged */
};

struct weft_grouping {
  weft_slab *slab;
  uint32_t *group;
  size_t n_keys, n_slices;
  struct slice *slices;
  uint32_t *listed; /* [listed_keys] first rows of the slices' keys, one slice after another */
  uint32_t *merged; /* [listed_keys] and their keys' numbers */
  uint32_t *firsts; /* [groups] of each key, where its first row stands in listed */
  size_t listed_keys, groups;
  struct steps steps;
  struct weft_column keys[];
};

static weft_status take(weft_ctx *ctx, size_t n, uint32_t **out) {
  *out = weft_alloc(ctx, n > 0 ? n * sizeof **out : 1);
  return *out ? WEFT_OK : ctx->cache.status;
}

static weft_status number_slice(weft_ctx *ctx, weft_grouping *grouping, struct slice *slice) {
  struct weft_column *keys = weft_alloc(ctx, grouping->n_keys * sizeof *keys);
  if (!keys)
    return ctx->cache.status;
  for (size_t k = 0; k < grouping->n_keys; k++)
    keys[k] = weft__column_slice(&grouping->keys[k], slice->first, slice->rows);
  weft_status status = take(ctx, slice->rows, &slice->first_row);
  if (status == WEFT_OK)
    status = weft__group(ctx, keys, grouping->n_keys, grouping->group + slice->first, &slice->keys, slice->first_row);
  (void)!weft_free(ctx, keys);
  return status;
}

/* Rows listed[n] of a column. selected[n] and valid[(n + 7) / 8]: memory for what a column with a selection needs, whose
 * numbers are not looked at where a row is null. */
static struct weft_column listed_rows(const struct weft_column *key, const uint32_t *listed, size_t n, uint32_t *selected,
                                      uint8_t *valid) {
  struct weft_column column = *key;
  column.selection = NULL;
  column.row_validity = NULL;
  column.rows = column.base_rows;
  if (!key->selection)
    return weft_column_with_selection(column, listed, n);
  memset(valid, 0, (n + 7) / 8);
  for (size_t i = 0; i < n; i++) {
    size_t bit = key->row_bit_offset + listed[i];
    bool there = !key->row_validity || (key->row_validity[bit / 8] >> bit % 8 & 1);
    selected[i] = there ? key->selection[listed[i]] : 0;
    valid[i / 8] |= (uint8_t)(there << i % 8);
  }
  column = weft_column_with_selection(column, selected, n);
  return weft_column_with_validity(column, valid, 0);
}

/* Numbers the listed rows' keys. */
static weft_status number_listed(weft_ctx *ctx, weft_grouping *grouping) {
  size_t n = grouping->listed_keys, n_keys = grouping->n_keys;
  size_t each = n * sizeof(uint32_t) + (n + 7) / 8 + sizeof(uint32_t);
  each -= each % sizeof(uint32_t);
  struct weft_column *keys = weft_alloc(ctx, n_keys * (sizeof *keys + each));
  if (!keys)
    return ctx->cache.status;
  uint8_t *room = (uint8_t *)(keys + n_keys);
  for (size_t k = 0; k < n_keys; k++, room += each)
    keys[k] = listed_rows(&grouping->keys[k], grouping->listed, n, (uint32_t *)(void *)room, room + n * sizeof(uint32_t));
  weft_status status = weft__group(ctx, keys, n_keys, grouping->merged, &grouping->groups, grouping->firsts);
  (void)!weft_free(ctx, keys);
  return status;
}

static weft_status merge(weft_ctx *ctx, weft_grouping *grouping) {
  for (size_t i = 0; i < grouping->n_slices; i++)
    grouping->listed_keys += grouping->slices[i].keys;
  WEFT_TRY(take(ctx, grouping->listed_keys, &grouping->listed));
  WEFT_TRY(take(ctx, grouping->listed_keys, &grouping->merged));
  WEFT_TRY(take(ctx, grouping->listed_keys, &grouping->firsts));
  uint32_t *at = grouping->listed;
  for (size_t i = 0; i < grouping->n_slices; i++) {
    struct slice *slice = &grouping->slices[i];
    slice->number = grouping->merged + (at - grouping->listed);
    for (size_t k = 0; k < slice->keys; k++)
      *at++ = (uint32_t)slice->first + slice->first_row[k];
  }
  return number_listed(ctx, grouping);
}

static weft_status do_unit(weft_ctx *ctx, void *owner, unsigned step, size_t unit) {
  weft_grouping *grouping = owner;
  struct slice *slice = &grouping->slices[unit];
  if (step == STEP_SLICES)
    return number_slice(ctx, grouping, slice);
  if (step == STEP_MERGE)
    return merge(ctx, grouping);
  uint32_t *group = grouping->group + slice->first;
  for (size_t i = 0; i < slice->rows; i++)
    group[i] = slice->number[group[i]];
  return WEFT_OK;
}

static size_t units_of(const void *owner, unsigned step) {
  const weft_grouping *grouping = owner;
  return grouping->n_slices == 0 ? 0 : step == STEP_MERGE ? 1 : grouping->n_slices;
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
  weft_grouping *grouping = weft_zalloc(ctx, head + n_slices * sizeof *grouping->slices);
  if (!grouping)
    return ctx->cache.status;
  grouping->slab = ctx->cache.slab;
  grouping->group = group;
  grouping->n_keys = n_keys;
  grouping->n_slices = n_slices;
  grouping->slices = (struct slice *)(void *)((uint8_t *)grouping + head);
  memcpy(grouping->keys, keys, n_keys * sizeof *keys);
  for (size_t i = 0; i < n_slices; i++) {
    size_t first = rows / n_slices * i, end = i + 1 < n_slices ? rows / n_slices * (i + 1) : rows;
    grouping->slices[i] = (struct slice){.first = first, .rows = end - first};
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
  for (size_t i = 0; i < grouping->n_slices; i++)
    (void)!weft_slab_free(slab, grouping->slices[i].first_row);
  (void)!weft_slab_free(slab, grouping->listed);
  (void)!weft_slab_free(slab, grouping->merged);
  (void)!weft_slab_free(slab, grouping->firsts);
  weft__steps_close(&grouping->steps);
  (void)!weft_slab_free(slab, grouping);
  weft__slab_unref(slab);
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
  for (size_t g = 0; status == WEFT_OK && first_row && g < grouping->groups; g++)
    first_row[g] = grouping->listed[grouping->firsts[g]];
  end_grouping(grouping);
  return status;
}
