/* SPDX-License-Identifier: MIT
 *
 * Aggregates over groups: the calls. Rows come in pieces that stay in the first cache, flat and without nulls, to cells.c.
 */
#include "lib/aggregate.h"

#include "lib/few.h"
#include "lib/flatten.h"
#include "lib/index.h"

/* Makes room for groups. */
static weft_status reserve(weft_ctx *ctx, const char *who, weft_aggregate *a, size_t groups) {
  if (groups >= WEFT_NO_ROW)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "%s: %zu groups, and at most %u can be", who, groups, WEFT_NO_ROW - 1);
  if (groups > a->room) {
    size_t grown = a->groups + a->groups / 2, room = groups < grown ? grown : groups;
    bool highs = a->kinds & ALL_SUMS && !is_float(a->type);
    uint64_t *cells;
    WEFT_TRY(weft__index_take(ctx, (room << a->shift) + (highs ? room : 0), sizeof *cells, &cells));
    if (a->groups > 0)
      memcpy(cells, a->cells, (a->groups << a->shift) * sizeof *cells);
    weft__cells_clear(a, cells + (a->groups << a->shift), room - a->groups);
    if (highs) {
      uint64_t *to = cells + (room << a->shift);
      memset(to, 0, room * sizeof *to);
      if (a->groups > 0)
        memcpy(to, a->highs, a->groups * sizeof *to);
      a->highs = to;
    }
    (void)!weft_slab_free(a->slab, a->cells);
    a->cells = cells;
    a->room = room;
  }
  a->groups = groups > a->groups ? groups : a->groups;
  return WEFT_OK;
}

/* Groups of nulls are looked at here, and all where there are few; others when their cells are asked for. */
static weft_status add_piece(weft_ctx *ctx, weft_aggregate *a, struct few *few, const struct weft_column *column,
                             size_t first, size_t n, const uint32_t *group, size_t n_groups) {
  const struct simd_codecs *codecs = ctx->kernels->codecs;
  uint32_t chosen[AGGREGATE_PIECE + SIMD_SLACK / sizeof(uint32_t)];
  const uint32_t *of_rows = group;
  struct flat flat;
  WEFT_TRY(weft__flatten(ctx, column, first, n, true, &flat));
  bool here = group && (flat.valid || n_groups == 1 || few->copies > 0),
       fit = !here || codecs->range32(group, n, 0).max < n_groups;
  if (fit && group && flat.valid) {
    codecs->compact32(group, flat.valid, n, chosen);
    of_rows = chosen;
  }
  fit = fit && weft__cells_add(ctx, a, few, flat.data, of_rows, flat.values, n_groups);
  weft__flat_close(ctx, &flat);
  if (fit)
    return WEFT_OK;
  return weft__fail(ctx, WEFT_E_INVALID, "weft_aggregate_add: group %llu in rows %zu to %zu, and there are %zu groups",
                    (unsigned long long)codecs->range32(group, n, 0).max, first, first + n - 1, n_groups);
}

weft_status weft_aggregate_open(weft_ctx *ctx, enum weft_type type, uint32_t kinds, weft_aggregate **out) {
  static const char who[] = "weft_aggregate_open";
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL", who);
  if (kinds == 0 || (kinds & ~(uint32_t)ALL_KINDS) != 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: kinds 0x%x, and there are those of 0x%x", who, kinds, (unsigned)ALL_KINDS);
  bool numeric = type >= WEFT_I8 && type <= WEFT_F64;
  if (numeric ? is_float(type) && kinds & WEFT_SUM128 : type != WEFT_FIXED_BYTES || kinds != WEFT_COUNT)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: type %d cannot have all of the kinds 0x%x", who, (int)type, kinds);
  weft_aggregate *a = weft_zalloc(ctx, sizeof *a);
  if (!a)
    return ctx->cache.status;
  unsigned words = kinds & ALL_SUMS ? SUM_WORD + (is_float(type) ? 2 : 1) : SUM_WORD;
  if (kinds & EXTREMES) {
    a->extremes_word = words;
    words += 2;
  }
  while (1u << a->shift < words)
    a->shift++;
  a->slab = ctx->cache.slab;
  a->type = type;
  a->kinds = kinds;
  weft__slab_ref(a->slab);
  *out = a;
  return WEFT_OK;
}

/* What every call checks. */
static weft_status check(weft_ctx *ctx, const char *who, const weft_aggregate *a) {
  if (!a)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: aggregate is NULL", who);
  if (a->failed)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: a call before has failed", who);
  return WEFT_OK;
}

static weft_status check_slab(weft_ctx *ctx, const char *who, const weft_aggregate *a) {
  WEFT_TRY(check(ctx, who, a));
  if (ctx->cache.slab != a->slab)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: ctx is of another slab than the aggregate", who);
  return WEFT_OK;
}

weft_status weft_aggregate_add(weft_ctx *ctx, weft_aggregate *a, const struct weft_column *column, const uint32_t *group,
                               size_t n_groups) {
  static const char who[] = "weft_aggregate_add";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(check_slab(ctx, who, a));
  WEFT_TRY(weft__columns_check(ctx, who, column, 1));
  if (column->type != a->type)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: a column of type %d, and the aggregate's is %d", who, (int)column->type,
                      (int)a->type);
  if (column->rows > 0 && (n_groups == 0 || (!group && n_groups > 1)))
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s, and there are %zu rows", who, group ? "0 groups" : "group is NULL",
                      column->rows);
  WEFT_TRY(reserve(ctx, who, a, n_groups));
  ctx_enter(ctx);
  weft_status status = WEFT_OK;
  struct few few;
  weft__few_open(ctx, a, n_groups, column->rows, &few);
  for (size_t first = 0; first < column->rows && status == WEFT_OK; first += AGGREGATE_PIECE) {
    size_t n = column->rows - first < AGGREGATE_PIECE ? column->rows - first : AGGREGATE_PIECE;
    status = add_piece(ctx, a, &few, column, first, n, group ? group + first : NULL, n_groups);
  }
  weft__few_close(a, n_groups, &few);
  a->failed = status != WEFT_OK;
  ctx_leave(ctx);
  return status;
}

weft_status weft_aggregate_merge(weft_ctx *ctx, weft_aggregate *into, weft_aggregate *from, const uint32_t *map,
                                 size_t n_groups) {
  static const char who[] = "weft_aggregate_merge";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(check_slab(ctx, who, into));
  WEFT_TRY(check(ctx, who, from));
  if (from == into || from->type != into->type || from->kinds != into->kinds)
    return weft__fail(ctx, WEFT_E_INVALID,
                      "%s: from is into, or of type %d and kinds 0x%x, and into of type %d and kinds 0x%x", who,
                      (int)from->type, from->kinds, (int)into->type, into->kinds);
  for (size_t g = 0; g < from->groups; g++)
    if ((map ? map[g] : g) >= n_groups)
      return weft__fail(ctx, WEFT_E_INVALID, "%s: group %zu goes to group %zu, and there are %zu groups", who, g,
                        map ? (size_t)map[g] : g, n_groups);
  WEFT_TRY(reserve(ctx, who, into, n_groups));
  ctx_enter(ctx);
  for (size_t g = 0; g < from->groups; g++) {
    uint64_t sum[2] = {0};
    const uint64_t *cell = cell_of(from, g);
    if (from->highs)
      whole_sum(from, g, sum);
    else if (from->kinds & ALL_SUMS)
      memcpy(sum, cell + SUM_WORD, sizeof sum);
    weft__cells_merge(into, map ? map[g] : g, cell, sum);
  }
  ctx_leave(ctx);
  return WEFT_OK;
}

size_t weft_aggregate_groups(const weft_aggregate *a) {
  return a ? a->groups : 0;
}

static double total_of(const uint64_t *sum) {
  double total = real_of(sum[0]);
  return total - total == 0 ? total + real_of(sum[1]) : total; /* no infinity: its error is a NaN */
}

/* By way of the magnitude: the low word of a small negative number is large. */
static double real_of_whole(const uint64_t *sum) {
  uint64_t minus = 0 - (sum[1] >> 63), low = (sum[0] ^ minus) - minus, high = (sum[1] ^ minus) + (minus & (low == 0));
  double magnitude = (double)high * 18446744073709551616.0 + (double)low;
  return minus ? -magnitude : magnitude;
}

/* An order word as a value of the type. */
static void write_value(enum weft_type type, uint64_t order, size_t g, void *out) {
  uint64_t word = of_order(type, order);
  switch (type) {
  case WEFT_I8:
  case WEFT_U8: ((uint8_t *)out)[g] = (uint8_t)word; break;
  case WEFT_I16:
  case WEFT_U16: ((uint16_t *)out)[g] = (uint16_t)word; break;
  case WEFT_I32:
  case WEFT_U32: ((uint32_t *)out)[g] = (uint32_t)word; break;
  case WEFT_F32: ((float *)out)[g] = (float)real_of(word); break;
  default: ((uint64_t *)out)[g] = word; break;
  }
}

/* Writes group g's sum, or what follows from it. False: it passes 64 bits. */
static bool write_sum(const weft_aggregate *a, enum weft_aggregate_kind kind, size_t g, void *out) {
  const uint64_t *cell = cell_of(a, g);
  uint64_t sum[2], sign;
  double total;
  if (is_float(a->type)) {
    total = total_of(cell + SUM_WORD);
    sum[0] = word_of(total);
    sum[1] = sign = 0;
  } else {
    whole_sum(a, g, sum);
    total = real_of_whole(sum);
    sign = is_signed(a->type) ? 0 - (sum[0] >> 63) : 0;
  }
  if (kind == WEFT_AVG)
    ((double *)out)[g] = cell[COUNT_WORD] > 0 ? total / (double)cell[COUNT_WORD] : 0;
  else if (kind == WEFT_SUM)
    ((uint64_t *)out)[g] = sum[0];
  else
    ((struct weft_int128 *)out)[g] = (struct weft_int128){sum[0], (int64_t)sum[1]};
  return kind != WEFT_SUM || sum[1] == sign;
}

static weft_status write_group(weft_ctx *ctx, const weft_aggregate *a, enum weft_aggregate_kind kind, size_t g, void *out) {
  const uint64_t *cell = cell_of(a, g);
  if (kind == WEFT_COUNT)
    ((uint64_t *)out)[g] = cell[COUNT_WORD];
  else if (kind & EXTREMES)
    write_value(a->type, cell[COUNT_WORD] == 0 ? order_of(a->type, 0) : cell[a->extremes_word + (kind == WEFT_MAX)], g,
                out);
  else if (!write_sum(a, kind, g, out))
    return weft__fail(ctx, WEFT_E_OVERFLOW, "weft_aggregate_finish: the sum of group %zu passes 64 bits", g);
  return WEFT_OK;
}

weft_status weft_aggregate_finish(weft_ctx *ctx, weft_aggregate *a, enum weft_aggregate_kind kind, void *out,
                                  uint8_t *valid) {
  static const char who[] = "weft_aggregate_finish";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(check(ctx, who, a));
  uint32_t kept = WEFT_COUNT | (a->extremes_word ? EXTREMES : 0);
  if (a->kinds & ALL_SUMS)
    kept |= !is_float(a->type) ? ALL_SUMS : WEFT_SUM | WEFT_AVG;
  if (kind == 0 || ((uint32_t)kind & ((uint32_t)kind - 1)) != 0 || !(kept & (uint32_t)kind))
    return weft__fail(ctx, WEFT_E_INVALID, "%s: kind 0x%x is none of 0x%x, which are kept", who, (unsigned)kind, kept);
  if (!out && a->groups > 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL, and there are %zu groups", who, a->groups);
  ctx_enter(ctx);
  weft_status status = WEFT_OK;
  if (valid)
    memset(valid, 0, (a->groups + 7) / 8);
  for (size_t g = 0; g < a->groups && status == WEFT_OK; g++) {
    bool has = kind == WEFT_COUNT || cell_of(a, g)[COUNT_WORD] > 0;
    if (valid)
      valid[g / 8] = (uint8_t)(valid[g / 8] | has << g % 8);
    status = write_group(ctx, a, kind, g, out);
  }
  ctx_leave(ctx);
  return status;
}

void weft_aggregate_free(weft_aggregate *a) {
  if (!a)
    return;
  weft_slab *slab = a->slab;
  (void)!weft_slab_free(slab, a->cells);
  (void)!weft_slab_free(slab, a);
  weft__slab_unref(slab);
}
