/* SPDX-License-Identifier: MIT
 *
 * Joins: pairs from an index's answers, resumable at any pair. The probing itself is index.c's.
 */
#include "lib/index.h"

#include <string.h>
#include <weft/join.h>

enum { NONE = SIMD_NO_ID };

struct weft_join {
  weft_ctx *ctx;
  weft_index *index;
  enum weft_join_kind kind;
  struct key_scratch *scratch; /* its ids are those of the batch in hand */
  size_t rows;                 /* of the probe batch; 0: drained */
  size_t first, n;             /* rows in hand: first .. first + n of the probe batch */
  size_t at;                   /* of those, the one whose pairs come next */
  uint32_t given;              /* pairs that row has had already */
  bool finished;
  uint64_t *unmatched; /* after finish: bit of a build row that has not been delivered and has no match */
  size_t unmatched_at; /* word to look at next */
  struct weft_column keys[];
};

static bool is_matching(enum weft_join_kind kind) {
  return kind == WEFT_JOIN_RIGHT || kind == WEFT_JOIN_FULL;
}

/* The record of matches: of the index's slab, as it outlives the prober that asks for it, and that one's slab too. */
static weft_status open_matched(weft_ctx *ctx, weft_index *index) {
  weft_status status;
  index->matched = weft__slab_take(index->slab, index->places, &status);
  if (!index->matched)
    return weft__fail(ctx, status, "weft_join_open: the record of matches of %u keys, of %u bytes: %s", index->count,
                      index->places, weft_status_text(status));
  memset((void *)index->matched, 0, index->places);
  index->finished = false;
  return WEFT_OK;
}

/* Registers a prober with its index; the first right or full one brings the record of matches. */
static weft_status enter_index(weft_ctx *ctx, weft_index *index, bool matching) {
  weft_status status = WEFT_OK;
  os_lock_take(&index->lock);
  if (matching && !index->matched)
    status = open_matched(ctx, index);
  if (status == WEFT_OK) {
    index->open_joins++;
    index->matching_joins += matching;
  }
  os_lock_give(&index->lock);
  weft__slab_tell(index->slab); /* not before: what is told may use the index */
  return status;
}

static void leave_index(weft_index *index, bool matching) {
  os_lock_take(&index->lock);
  index->open_joins--;
  index->matching_joins -= matching;
  if (index->matching_joins == 0 && index->matched) {
    (void)!weft_slab_free(index->slab, (void *)index->matched);
    index->matched = NULL;
  }
  os_lock_give(&index->lock);
}

weft_status weft_join_open(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind, weft_join **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!index || !out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_join_open: %s is NULL", index ? "out" : "index");
  if ((int)kind < WEFT_JOIN_INNER || (int)kind > WEFT_JOIN_ANTI)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_join_open: no kind of join has the number %d", (int)kind);
  size_t bytes = sizeof(struct weft_join) + index->n_keys * sizeof(struct weft_column);
  weft_join *join = weft_zalloc(ctx, bytes);
  if (!join)
    return ctx->cache.status;
  join->ctx = ctx;
  join->index = index;
  join->kind = kind;
  weft_status status = weft__scratch_open(ctx, &join->scratch);
  if (status == WEFT_OK)
    status = enter_index(ctx, index, is_matching(kind));
  if (status != WEFT_OK) {
    if (join->scratch)
      weft__scratch_close(ctx, join->scratch);
    (void)!weft_free(ctx, join);
    return status;
  }
  *out = join;
  return WEFT_OK;
}

void weft_join_close(weft_join *join) {
  if (!join)
    return;
  weft_ctx *ctx = join->ctx;
  leave_index(join->index, is_matching(join->kind));
  weft__scratch_close(ctx, join->scratch);
  (void)!weft_free(ctx, join->unmatched);
  (void)!weft_free(ctx, join);
}

static bool is_drained(const weft_join *join) {
  return join->at == join->n && join->first + join->n == join->rows;
}

weft_status weft_join_probe(weft_join *join, const struct weft_column *keys, size_t n_keys) {
  static const char who[] = "weft_join_probe";
  if (!join)
    return WEFT_E_INVALID;
  weft_ctx *ctx = join->ctx;
  if (join->finished)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: weft_join_finish was called", who);
  if (!is_drained(join))
    return weft__fail(ctx, WEFT_E_BUSY, "%s: %zu of the %zu rows before are not drained", who,
                      join->rows - join->first - join->at, join->rows);
  WEFT_TRY(weft__keys_check(ctx, who, keys, n_keys));
  WEFT_TRY(weft__keys_match(ctx, who, join->index->keys, join->index->n_keys, keys, n_keys));
  memcpy(join->keys, keys, n_keys * sizeof *keys);
  join->rows = keys[0].rows;
  join->first = join->n = join->at = 0;
  join->given = 0;
  return WEFT_OK;
}

/* Where pairs go: build and probe may be NULL. */
struct pairs {
  uint32_t *build, *probe;
  size_t capacity, n;
};

static inline void put(struct pairs *pairs, uint32_t build, uint32_t probe) {
  if (pairs->build)
    pairs->build[pairs->n] = build;
  if (pairs->probe)
    pairs->probe[pairs->n] = probe;
  pairs->n++;
}

/* The rows of one key for one probe row, from the pair on that is due; false when the capacity ends before they do. */
static bool put_rows(weft_join *join, uint32_t id, uint32_t probe, struct pairs *pairs) {
  const weft_index *index = join->index;
  const uint32_t *rows = index->row_list ? index->row_list + id : &id;
  uint32_t count = index_key_rows(index, id);
  while (join->given < count) {
    if (pairs->n == pairs->capacity)
      return false;
    put(pairs, rows[join->given++], probe);
  }
  join->given = 0;
  return true;
}

/* Pairs of the rows in hand, until they or the capacity end. */
static void put_batch(weft_join *join, struct pairs *pairs) {
  const weft_index *index = join->index;
  const uint32_t *ids = join->scratch->ids;
  bool pairs_wanted = join->kind <= WEFT_JOIN_FULL;
  bool alone_wanted = join->kind == WEFT_JOIN_LEFT || join->kind == WEFT_JOIN_FULL || join->kind == WEFT_JOIN_ANTI;
  for (; join->at < join->n; join->at++) {
    uint32_t id = ids[join->at], probe = (uint32_t)(join->first + join->at);
    if (id == NONE ? !alone_wanted : join->kind == WEFT_JOIN_ANTI)
      continue;
    if (pairs->n == pairs->capacity)
      return;
    if (id == NONE)
      put(pairs, WEFT_NO_ROW, probe);
    else if (!pairs_wanted)
      put(pairs, index_first_row(index, id), probe);
    else if (!put_rows(join, id, probe, pairs))
      return;
  }
}

/* The same where each key is one row and only pairs are wanted: without a branch that depends on a row. */
static void put_unique_batch(weft_join *join, struct pairs *pairs) {
  const uint32_t *ids = join->scratch->ids;
  size_t n = pairs->n;
  for (size_t i = join->at; i < join->n; i++) {
    pairs->build[n] = ids[i];
    pairs->probe[n] = (uint32_t)(join->first + i);
    n += ids[i] != NONE;
  }
  pairs->n = n;
  join->at = join->n;
}

/* Probes the next rows of the batch. Marks their keys as matched where that is recorded. */
static void take_rows(weft_join *join) {
  weft_ctx *ctx = join->ctx;
  join->first += join->n;
  size_t left = join->rows - join->first;
  join->n = left < ctx->batch_size ? left : ctx->batch_size;
  join->at = 0;
  ctx_enter(ctx);
  weft__index_probe(ctx, join->index, join->keys, join->first, join->n, join->scratch);
  ctx_leave(ctx);
  if (!is_matching(join->kind))
    return;
  const uint32_t *ids = join->scratch->ids;
  for (size_t i = 0; i < join->n; i++)
    if (ids[i] != NONE)
      atomic_store_explicit(&join->index->matched[ids[i]], 1, memory_order_relaxed);
}

/* Build rows without a match, from unmatched_at on. */
static void put_unmatched(weft_join *join, struct pairs *pairs) {
  size_t words = ((size_t)join->index->rows + SIMD_BLOCK - 1) / SIMD_BLOCK;
  for (; join->unmatched_at < words; join->unmatched_at++) {
    uint64_t *word = &join->unmatched[join->unmatched_at];
    for (; *word != 0; *word &= *word - 1) {
      if (pairs->n == pairs->capacity)
        return;
      put(pairs, (uint32_t)(join->unmatched_at * SIMD_BLOCK + (size_t)__builtin_ctzll(*word)), WEFT_NO_ROW);
    }
  }
}

weft_status weft_join_next(weft_join *join, uint32_t *build, uint32_t *probe, size_t capacity, size_t *n) {
  if (n)
    *n = 0;
  if (!join)
    return WEFT_E_INVALID;
  if (!n || capacity == 0)
    return weft__fail(join->ctx, WEFT_E_INVALID, "weft_join_next: %s", n ? "capacity is 0" : "n is NULL");
  struct pairs pairs = {.build = build, .probe = probe, .capacity = capacity};
  bool simple =
      !join->index->row_list && (join->kind == WEFT_JOIN_INNER || join->kind == WEFT_JOIN_RIGHT) && build && probe;
  while (!is_drained(join) && pairs.n < capacity) {
    if (join->at == join->n)
      take_rows(join);
    if (simple && capacity - pairs.n >= join->n - join->at)
      put_unique_batch(join, &pairs);
    else
      put_batch(join, &pairs);
  }
  if (join->unmatched)
    put_unmatched(join, &pairs);
  *n = pairs.n;
  return WEFT_OK;
}

/* The bitmap of build rows whose keys no prober met; rows with nulls are among them. */
static weft_status list_unmatched(weft_join *join) {
  const weft_index *index = join->index;
  size_t words = ((size_t)index->rows + SIMD_BLOCK - 1) / SIMD_BLOCK;
  join->unmatched = weft_alloc(join->ctx, words * sizeof *join->unmatched);
  if (!join->unmatched)
    return join->ctx->cache.status;
  memset(join->unmatched, 0xff, words * sizeof *join->unmatched);
  if (index->rows % SIMD_BLOCK != 0)
    join->unmatched[words - 1] = ((uint64_t)1 << index->rows % SIMD_BLOCK) - 1;
  for (uint32_t id = 0; id < index->places; id++) {
    if (!atomic_load_explicit(&index->matched[id], memory_order_relaxed))
      continue;
    uint32_t count = index_key_rows(index, id);
    for (uint32_t k = 0; k < count; k++) {
      uint32_t row = index->row_list ? index->row_list[id + k] : id;
      join->unmatched[row / SIMD_BLOCK] &= ~((uint64_t)1 << row % SIMD_BLOCK);
    }
  }
  return WEFT_OK;
}

weft_status weft_join_finish(weft_join *join) {
  static const char who[] = "weft_join_finish";
  if (!join)
    return WEFT_E_INVALID;
  if (!is_drained(join))
    return weft__fail(join->ctx, WEFT_E_BUSY, "%s: %zu of the batch's %zu rows are not drained", who,
                      join->rows - join->first - join->at, join->rows);
  if (!is_matching(join->kind)) {
    join->finished = true;
    return WEFT_OK;
  }
  os_lock_take(&join->index->lock);
  bool before = join->index->finished;
  join->index->finished = true;
  os_lock_give(&join->index->lock);
  if (before)
    return weft__fail(join->ctx, WEFT_E_BUSY, "%s: a prober of this index has finished already", who);
  weft_status status = list_unmatched(join);
  join->finished = status == WEFT_OK;
  if (status != WEFT_OK) {
    os_lock_take(&join->index->lock);
    join->index->finished = false; /* so that it may be tried again */
    os_lock_give(&join->index->lock);
  }
  return status;
}
