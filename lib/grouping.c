/* SPDX-License-Identifier: MIT
 *
 * Grouping by several threads: what they call. How keys are numbered is in rounds.h.
 */
#include "lib/rounds.h"
#include "lib/steps.h"

#include <string.h>

struct weft_grouping {
  weft_slab *slab;
  struct rounds rounds;
  struct steps steps; /* the first rows, and those of each round */
  struct weft_column keys[];
};

static weft_status do_unit(weft_ctx *ctx, void *owner, unsigned step, size_t unit) {
  struct rounds *rounds = &((weft_grouping *)owner)->rounds;
  if (step == 0)
    return weft__rounds_begin(ctx, rounds);
  return weft__round_work(ctx, rounds, (step - 1) % ROUND_STEPS, unit);
}

static size_t units_of(const void *owner, unsigned step) {
  const struct rounds *rounds = &((const weft_grouping *)owner)->rounds;
  if (step == 0)
    return rounds->rows > 0;
  return weft__round_units(rounds, (step - 1) % ROUND_STEPS);
}

static const struct steps_plan steps_of_grouping = {.units = units_of, .work = do_unit};

static void end_grouping(weft_grouping *grouping) {
  weft_slab *slab = grouping->slab;
  weft__rounds_close(slab, &grouping->rounds);
  weft__steps_close(&grouping->steps);
  (void)!weft_slab_free(slab, grouping);
  weft__slab_unref(slab);
}

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
  weft_grouping *grouping = weft_alloc(ctx, sizeof *grouping + n_keys * sizeof *keys);
  if (!grouping)
    return ctx->cache.status;
  struct key_hash how = weft__group_hash(ctx, keys, n_keys);
  grouping->slab = ctx->cache.slab;
  weft__slab_ref(grouping->slab);
  memcpy(grouping->keys, keys, n_keys * sizeof *keys);
  weft__rounds_open(grouping->keys, n_keys, &how, threads, group, &grouping->rounds);
  unsigned steps = 1 + (unsigned)weft__rounds_count(&grouping->rounds) * ROUND_STEPS;
  weft__steps_open(&grouping->steps, &steps_of_grouping, steps, grouping);
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

weft_status weft_grouping_close(weft_ctx *ctx, weft_grouping *grouping, size_t *groups, uint32_t *first_row) {
  if (groups)
    *groups = 0;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!grouping)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_grouping_close: grouping is NULL");
  weft_status status =
      groups ? weft_grouping_work(ctx, grouping) : weft__fail(ctx, WEFT_E_INVALID, "weft_grouping_close: groups is NULL");
  const struct distinct *distinct = &grouping->rounds.distinct;
  if (status == WEFT_OK) {
    *groups = distinct->count;
    distinct_write_first_rows(distinct, first_row);
  }
  end_grouping(grouping);
  return status;
}
