/* SPDX-License-Identifier: MIT
 *
 * Grouping: the distinct keys of rows, numbered in the order of their first rows.
 */
#include "lib/group.h"
#include "alloc/os.h"
#include "lib/table.h"

#include <string.h>
#include <weft/group.h>

/* Gives keys that met a collision the numbers that their first rows call for: a key's old number is replaced when its first
 * row comes by. Packed keys, which are in the old order, go, and are made no more. */
static weft_status renumber(weft_ctx *ctx, struct distinct *distinct, uint32_t *group) {
  uint32_t *number = weft_alloc(ctx, distinct->count * sizeof *number), next = 0;
  if (!number)
    return ctx->cache.status;
  memset(number, 0xff, distinct->count * sizeof *number);
  for (size_t row = 0; row < distinct->rows; row++) {
    uint32_t *mine = &number[group[row]];
    if (*mine == SIMD_NO_ID) {
      distinct->first_row[next] = (uint32_t)row;
      *mine = next++;
    }
    group[row] = *mine;
  }
  weft__table_relabel(&distinct->table.simd, 0, 0, number, 0);
  distinct->in_order = true;
  (void)!weft_free(ctx, distinct->packed);
  distinct->packed = NULL;
  distinct->how.packing = (struct key_packing){0};
  return weft_free(ctx, number);
}

static weft_status group_rows(weft_ctx *ctx, struct distinct *distinct, size_t rows, uint32_t *group) {
  struct key_scratch *scratch;
  weft_status status = weft__scratch_open(ctx, &scratch);
  if (status != WEFT_OK)
    return status;
  for (size_t first = 0; first < rows && status == WEFT_OK; first += ctx->batch_size) {
    size_t n = rows - first < ctx->batch_size ? rows - first : ctx->batch_size;
    status = weft__distinct_add(ctx, distinct, n, scratch);
    if (status == WEFT_OK)
      memcpy(group + first, scratch->ids, n * sizeof *group);
  }
  weft__scratch_close(ctx, scratch);
  return status != WEFT_OK || distinct->in_order ? status : renumber(ctx, distinct, group);
}

struct key_hash weft__group_hash(const weft_ctx *ctx, const struct weft_column *keys, size_t n_keys) {
  struct key_hash how = {.mask = ctx->key_mask,
                         .nulls_equal = true,
                         .exact = ctx->key_mask == UINT64_MAX && weft__keys_exact(keys, n_keys, true)};
  weft__os_random(&how.seed, sizeof how.seed);
  return how;
}

weft_status weft__group(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const struct key_hash *how,
                        size_t rows, uint32_t *group, struct distinct *distinct) {
  WEFT_TRY(weft__distinct_open(ctx, keys, n_keys, how, rows, distinct));
  weft_status status = group_rows(ctx, distinct, rows, group);
  if (status != WEFT_OK)
    weft__distinct_close(ctx->cache.slab, distinct);
  return status;
}

weft_status weft__group_check(weft_ctx *ctx, const char *who, const struct weft_column *keys, size_t n_keys,
                              const uint32_t *group) {
  WEFT_TRY(weft__keys_check(ctx, who, keys, n_keys));
  if (keys[0].rows > 0 && !group)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: group is NULL, and there are %zu rows", who, keys[0].rows);
  return WEFT_OK;
}

weft_status weft_group(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, uint32_t *group, size_t *groups,
                       uint32_t *first_row) {
  if (groups)
    *groups = 0;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!groups)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_group: groups is NULL");
  WEFT_TRY(weft__group_check(ctx, "weft_group", keys, n_keys, group));
  if (keys[0].rows == 0)
    return WEFT_OK;
  ctx_enter(ctx);
  struct distinct distinct;
  struct key_hash how = weft__group_hash(ctx, keys, n_keys);
  weft_status status = weft__group(ctx, keys, n_keys, &how, keys[0].rows, group, &distinct);
  if (status == WEFT_OK) {
    *groups = distinct.count;
    distinct_write_first_rows(&distinct, first_row);
    weft__distinct_close(ctx->cache.slab, &distinct);
  }
  ctx_leave(ctx);
  return status;
}
