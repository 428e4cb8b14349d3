/* SPDX-License-Identifier: MIT
 *
 * Joins: pairs from an index's answers, resumable at any pair. The probing itself is index.c's.
 */
#include "lib/index.h"

#include <string.h>
#include <weft/join.h>

/* RUN: build rows of a key that are copied at once. SECOND_ASKED: the row whose line is asked for beside the first's, so
 * that ten rows of a key are there when they are due (10 M build rows: 35 ns a probe, without it 48). */
enum { NONE = SIMD_NO_ID, RUN = 4, SECOND_ASKED = 9 };

struct weft_join {
  weft_ctx *ctx;
  weft_index *index;
  enum weft_join_kind kind;
  const uint64_t *hashes;      /* [rows] of the probe batch, where they are known; else NULL */
  struct key_scratch *scratch; /* its ids are those of the batch in hand; semi and mark: the first rows */
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
  if ((int)kind < WEFT_JOIN_INNER || (int)kind > WEFT_JOIN_MARK)
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

ONE_COPY weft_status take_batch(weft_join *join, const char *who, const struct weft_column *keys, size_t n_keys,
                                const uint64_t *hashes, bool hashed) {
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
  if (hashed && !hashes && keys[0].rows > 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: hashes is NULL, and there are %zu rows", who, keys[0].rows);
  memcpy(join->keys, keys, n_keys * sizeof *keys);
  join->hashes = hashes;
  join->rows = keys[0].rows;
  join->first = join->n = join->at = 0;
  join->given = 0;
  return WEFT_OK;
}

weft_status weft_join_probe(weft_join *join, const struct weft_column *keys, size_t n_keys) {
  return take_batch(join, "weft_join_probe", keys, n_keys, NULL, false);
}

weft_status weft_join_probe_hashed(weft_join *join, const struct weft_column *keys, size_t n_keys, const uint64_t *hashes) {
  return take_batch(join, "weft_join_probe_hashed", keys, n_keys, hashes, true);
}

/* ---- The next rows of the batch ---- */

/* Asks for the line of an id's list that row number k of it is in; an id of no key leads nowhere. Always inlined: of a call
 * that does nothing else gcc makes none. */
ALWAYS_INLINE void ask_for_list(const weft_index *index, uint32_t id, size_t k) {
  __builtin_prefetch((const void *)((uintptr_t)index->row_list + (id + k) * sizeof *index->row_list));
}

/* Marks keys as matched. Rows without a match mark nothing that is looked at: a branch on them could not be foreseen. */
static void mark_matches(const weft_join *join) {
  _Atomic uint8_t *matched = join->index->matched, nowhere;
  const uint32_t *ids = join->scratch->ids;
  size_t ahead = join->ctx->prefetch_distance;
  for (size_t i = 0; i < join->n; i++) {
    if (ahead != 0 && i + ahead < join->n)
      __builtin_prefetch((const void *)((uintptr_t)matched + ids[i + ahead]), 1);
    _Atomic uint8_t *mark = ids[i] != NONE ? &matched[ids[i]] : &nowhere;
    atomic_store_explicit(mark, 1, memory_order_relaxed);
  }
}

/* Turns ids into the keys' first rows, for joins that want no others. */
static void find_first_rows(const weft_join *join) {
  const weft_index *index = join->index;
  uint32_t *ids = join->scratch->ids;
  size_t ahead = join->ctx->prefetch_distance;
  for (size_t i = 0; index->row_list && i < join->n; i++) {
    if (ahead != 0 && i + ahead < join->n)
      ask_for_list(index, ids[i + ahead], 0);
    uint32_t row = index->row_list[ids[i] != NONE ? ids[i] : 0];
    ids[i] = ids[i] != NONE ? row : NONE;
  }
}

/* Of a mark join: rows without a match of which that cannot be said for sure. */
static void find_unknown(const weft_join *join) {
  const weft_index *index = join->index;
  const struct key_scratch *scratch = join->scratch;
  bool all = index->null_rows > 0;
  if (index->rows == 0 || !(all || scratch->has_nulls))
    return;
  for (size_t i = 0; i < join->n; i++) {
    bool null = !(scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1);
    scratch->ids[i] = scratch->ids[i] == NONE && (all || null) ? WEFT_UNKNOWN_ROW : scratch->ids[i];
  }
}

/* Probes the next rows of the batch. */
static void take_rows(weft_join *join) {
  weft_ctx *ctx = join->ctx;
  join->first += join->n;
  size_t left = join->rows - join->first;
  join->n = left < ctx->batch_size ? left : ctx->batch_size;
  join->at = 0;
  ctx_enter(ctx);
  weft__index_probe(ctx, join->index, join->keys, join->hashes ? join->hashes + join->first : NULL, join->first, join->n,
                    join->scratch);
  ctx_leave(ctx);
  if (is_matching(join->kind))
    mark_matches(join);
  if (join->kind == WEFT_JOIN_SEMI || join->kind == WEFT_JOIN_MARK)
    find_first_rows(join);
  if (join->kind == WEFT_JOIN_MARK)
    find_unknown(join);
}

/* ---- Their pairs ---- */

/* Pairs of the rows in hand where each has at most one: its build row is its id. A row without a match has WEFT_NO_ROW for
 * an id, which is what goes with it. Stores each pair, and keeps it or not. */
static size_t put_single(weft_join *join, uint32_t *build, uint32_t *probe, size_t room) {
  size_t left = join->n - join->at, rows = left < room ? left : room, n = 0;
  const uint32_t *ids = join->scratch->ids + join->at;
  uint32_t first = (uint32_t)(join->first + join->at);
  enum weft_join_kind kind = join->kind;
  join->at += rows;
  if (kind == WEFT_JOIN_LEFT || kind == WEFT_JOIN_FULL || kind == WEFT_JOIN_MARK) {
    memcpy(build, ids, rows * sizeof *ids);
    for (size_t i = 0; i < rows; i++)
      probe[i] = first + (uint32_t)i;
    return rows;
  }
  for (size_t i = 0; i < rows; i++) {
    build[n] = ids[i];
    probe[n] = first + (uint32_t)i;
    n += (ids[i] == NONE) == (kind == WEFT_JOIN_ANTI);
  }
  return n;
}

/* RUN build rows of a key, or what lies behind them, and as often the probe row. */
ALWAYS_INLINE void put_run(const uint32_t *rows, uint32_t row, uint32_t *build, uint32_t *probe) {
  memcpy(build, rows, RUN * sizeof *build);
  for (size_t k = 0; k < RUN; k++)
    probe[k] = row;
}

/* Pairs of the rows in hand, by lists: whole runs of them, of which the next row's overwrite what is too much, while there
 * is room for that. How many a row has, none too, takes no branch until they are more than a run. */
static size_t put_runs(weft_join *join, uint32_t *build, uint32_t *probe, size_t room) {
  const weft_index *index = join->index;
  const uint32_t *ids = join->scratch->ids, *lists = index->row_list;
  size_t at = join->at, end = join->n, n = 0, ahead = join->ctx->prefetch_distance;
  uint32_t first = (uint32_t)join->first, alone = join->kind != WEFT_JOIN_INNER && join->kind != WEFT_JOIN_RIGHT;
  for (; at < end && n + RUN <= room; at++) {
    uint32_t keep = ids[at] != NONE ? UINT32_MAX : 0, id = ids[at] & keep, row = first + (uint32_t)at;
    if (ahead != 0 && at + ahead < end) {
      ask_for_list(index, ids[at + ahead], 0);
      ask_for_list(index, ids[at + ahead], SECOND_ASKED);
    }
    uint32_t count = index_key_rows(index, id) & keep;
    size_t whole = count > RUN ? (count + RUN - 1) / RUN * RUN : RUN;
    if (id + whole > index->places || n + whole > room)
      break;
    put_run(lists + id, row, build + n, probe + n);
    for (size_t k = RUN; k < count; k += RUN)
      put_run(lists + id + k, row, build + n + k, probe + n + k);
    build[n] |= ~keep;
    n += count + (alone & ~keep);
  }
  join->at = at;
  return n;
}

/* Pairs of one row, from the one on that is due. */
static size_t put_rest(weft_join *join, uint32_t *build, uint32_t *probe, size_t room) {
  const weft_index *index = join->index;
  uint32_t id = join->scratch->ids[join->at], row = (uint32_t)(join->first + join->at), none = NONE;
  bool alone = join->kind != WEFT_JOIN_INNER && join->kind != WEFT_JOIN_RIGHT;
  size_t count = id != NONE ? index_key_rows(index, id) : alone, left = count - join->given;
  size_t n = left < room ? left : room;
  memcpy(build, id != NONE ? index->row_list + id + join->given : &none, n * sizeof *build);
  for (size_t k = 0; k < n; k++)
    probe[k] = row;
  join->at += n == left;
  join->given = n == left ? 0 : join->given + (uint32_t)n;
  return n;
}

/* Where pairs go: build and probe may be NULL. */
struct pairs {
  uint32_t *build, *probe;
  size_t capacity, n;
};

/* Pairs of the rows in hand, until they or the capacity end. What the caller does not want goes to scratch. */
static void put_batch(weft_join *join, struct pairs *pairs) {
  bool lists = join->index->row_list && join->kind <= WEFT_JOIN_FULL;
  while (join->at < join->n && pairs->n < pairs->capacity) {
    size_t room = pairs->capacity - pairs->n;
    if ((!pairs->build || !pairs->probe) && room > join->ctx->batch_size)
      room = join->ctx->batch_size;
    uint32_t *build = pairs->build ? pairs->build + pairs->n : join->scratch->others;
    uint32_t *probe = pairs->probe ? pairs->probe + pairs->n : join->scratch->later;
    size_t n = 0;
    if (!lists)
      n = put_single(join, build, probe, room);
    else if (join->given == 0)
      n = put_runs(join, build, probe, room);
    if (lists && join->at < join->n && n < room)
      n += put_rest(join, build + n, probe + n, room - n);
    pairs->n += n;
  }
}

/* Build rows without a match, from unmatched_at on. */
static void put_unmatched(weft_join *join, struct pairs *pairs) {
  size_t words = ((size_t)join->index->rows + SIMD_BLOCK - 1) / SIMD_BLOCK;
  for (; join->unmatched_at < words; join->unmatched_at++) {
    uint64_t *word = &join->unmatched[join->unmatched_at];
    for (; *word != 0; *word &= *word - 1) {
      if (pairs->n == pairs->capacity)
        return;
      if (pairs->build)
        pairs->build[pairs->n] = (uint32_t)(join->unmatched_at * SIMD_BLOCK + (size_t)__builtin_ctzll(*word));
      if (pairs->probe)
        pairs->probe[pairs->n] = WEFT_NO_ROW;
      pairs->n++;
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
  while (!is_drained(join) && pairs.n < capacity) {
    if (join->at == join->n)
      take_rows(join);
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
  fill_bits(join->unmatched, index->rows);
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
