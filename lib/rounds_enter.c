/* SPDX-License-Identifier: MIT
 *
 * Numbering keys in rounds: newcomers are entered in the table, part by part, each in the order of the rows.
 */
#include "lib/rounds.h"

#include <string.h>

/* One part at work; of a batch of newcomers the scratch has hashes, ids: those of the first with the same key; and places:
 * their own ids. */
struct part {
  struct rounds *rounds;
  struct table_writer writer;
  struct key_scratch *scratch;
  uint32_t added[ROUND_CHUNKS]; /* new keys of each chunk */
};

uint32_t weft__round_search(weft_ctx *ctx, const struct rounds *rounds, const struct simd_table *table, uint64_t hash,
                            size_t row, struct key_scratch *scratch) {
  uint32_t new_ids = rounds->new_ids, id;
  struct table_walk walk = {0};
  do
    id = weft__table_next(table, hash, &walk);
  while (id != SIMD_NO_ID &&
         !weft__keys_equal(ctx, rounds->keys, rounds->n_keys, row, rounds->keys,
                           id < new_ids ? distinct_first_row(&rounds->distinct, id) : rounds->row[id - new_ids], scratch));
  return id;
}

/* Newcomer i's hash is another key's: finds its key among the entries of the hash, or enters it. */
static weft_status settle(weft_ctx *ctx, struct part *part, size_t i) {
  const struct rounds *rounds = part->rounds;
  struct key_scratch *scratch = part->scratch;
  uint32_t mine = scratch->places[i], row = rounds->row[mine - rounds->new_ids];
  scratch->ids[i] = weft__round_search(ctx, rounds, &part->writer.simd, scratch->hashes[i], row, scratch);
  if (scratch->ids[i] != SIMD_NO_ID)
    return WEFT_OK;
  scratch->ids[i] = mine;
  return weft__table_enter(ctx, &part->writer, scratch->hashes[i], mine);
}

/* Compares the candidates among n newcomers, whose hashes others of the round had, with those, as places tell. */
static void compare_newcomers(weft_ctx *ctx, const struct rounds *rounds, size_t n, struct key_scratch *scratch) {
  const struct key_hash *how = &rounds->distinct.how;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  uint32_t *mine = scratch->later, *others = scratch->others;
  memset(scratch->unlike, 0, words * sizeof *scratch->unlike);
  if (rounds->packed) {
    weft__packed_gather(&how->packing, rounds->packed, mine, n, scratch->packed);
    if (!weft__packed_compare(&how->packing, scratch->packed, true, n, rounds->packed, others, scratch->candidates,
                              scratch->unlike, scratch->look))
      return;
    memcpy(scratch->candidates, scratch->look, words * sizeof *scratch->candidates);
  }
  for (size_t i = 0; i < n; i++) {
    bool wanted = scratch->candidates[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
    mine[i] = wanted ? rounds->row[mine[i]] : 0;
    others[i] = wanted ? rounds->row[others[i]] : 0;
  }
  weft__keys_compare(ctx, how, rounds->keys, rounds->n_keys, 0, mine, n, rounds->keys, NULL, NULL, NULL, scratch);
  for (size_t w = 0; w < words; w++)
    scratch->unlike[w] |= scratch->differ[w];
}

/* Looks at the keys of newcomers that met a hash: together at those that met one of the round, and singly at those that met
 * one of a key before, of which there are few: other keys of that hash, or where nobody looked for them some. */
static weft_status verify_entered(weft_ctx *ctx, struct part *part, size_t n) {
  struct key_scratch *scratch = part->scratch;
  uint32_t new_ids = part->rounds->new_ids;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  for (size_t start = 0; start < n; start += SIMD_BLOCK) {
    uint64_t bits = 0, others = 0;
    for (size_t k = 0, i = start; k < SIMD_BLOCK && i < n; k++, i++) {
      uint32_t id = scratch->ids[i], mine = scratch->places[i];
      scratch->later[i] = mine - new_ids;
      scratch->others[i] = id < new_ids ? 0 : id - new_ids;
      bits |= (uint64_t)(id != mine && id >= new_ids) << k;
      others |= (uint64_t)(id < new_ids) << k;
    }
    scratch->candidates[start / SIMD_BLOCK] = bits;
    scratch->picked[start / SIMD_BLOCK] = others;
  }
  compare_newcomers(ctx, part->rounds, n, scratch);
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w] | scratch->picked[w]; bits != 0; bits &= bits - 1)
      WEFT_TRY(settle(ctx, part, w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits)));
  return WEFT_OK;
}

static weft_status enter_batch(weft_ctx *ctx, struct part *part, size_t n) {
  struct rounds *rounds = part->rounds;
  struct key_scratch *scratch = part->scratch;
  size_t entered;
  WEFT_TRY(weft__table_insert(ctx, &part->writer, scratch->hashes, scratch->places, n, 0, scratch->ids, &entered));
  if (entered < n && !rounds->distinct.how.exact)
    WEFT_TRY(verify_entered(ctx, part, n));
  for (size_t i = 0; i < n; i++) {
    uint32_t mine = scratch->places[i], place = mine - rounds->new_ids;
    rounds->met[place] = scratch->ids[i];
    part->added[place / ROUND_CHUNK] += scratch->ids[i] == mine;
  }
  return WEFT_OK;
}

/* Enters a part's newcomers chunk by chunk, and so in the order of their rows. */
static weft_status enter_newcomers(weft_ctx *ctx, struct part *part, size_t number) {
  const struct rounds *rounds = part->rounds;
  struct key_scratch *scratch = part->scratch;
  size_t n = 0;
  for (size_t chunk = 0; chunk < round_chunks(rounds); chunk++) {
    struct places places = round_places(rounds, chunk, number);
    for (size_t at = places.first, some; at < places.end; at += some) {
      some = least(places.end - at, ctx->batch_size - n);
      memcpy(scratch->hashes + n, rounds->hashes + at, some * sizeof *rounds->hashes);
      for (size_t k = 0; k < some; k++)
        scratch->places[n + k] = rounds->new_ids + (uint32_t)(at + k);
      n += some;
      if (n < ctx->batch_size)
        continue;
      WEFT_TRY(enter_batch(ctx, part, n));
      n = 0;
    }
  }
  return n == 0 ? WEFT_OK : enter_batch(ctx, part, n);
}

weft_status weft__round_enter(weft_ctx *ctx, struct rounds *rounds, size_t first, size_t end) {
  bool moves = rounds->larger.simd.buckets != NULL;
  struct part part = {.rounds = rounds,
                      .writer = table_writer(moves ? &rounds->larger : &rounds->distinct.table, &rounds->lock)};
  WEFT_TRY(weft__scratch_open(ctx, &part.scratch));
  os_lock_take(&rounds->lock);
  if (rounds->n_spare > 0)
    table_writer_go_on(&part.writer, rounds->spare[--rounds->n_spare]);
  os_lock_give(&rounds->lock);
  weft_status status = WEFT_OK;
  for (size_t number = first; number < end && status == WEFT_OK; number++) {
    if (moves)
      status = weft__table_move(ctx, &rounds->distinct.table, &part.writer, rounds->bits, number);
    if (status == WEFT_OK)
      status = enter_newcomers(ctx, &part, number);
  }
  os_lock_take(&rounds->lock);
  rounds->spare[rounds->n_spare++] = table_writer_rest(&part.writer);
  os_lock_give(&rounds->lock);
  for (size_t chunk = 0; chunk < round_chunks(rounds); chunk++)
    if (part.added[chunk] > 0)
      atomic_fetch_add_explicit(&rounds->chunks[chunk].added, part.added[chunk], memory_order_relaxed);
  weft__scratch_close(ctx, part.scratch);
  return status;
}
