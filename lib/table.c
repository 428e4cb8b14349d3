/* SPDX-License-Identifier: MIT
 *
 * The hash table's memory and growth, and distinct keys. The searching itself is in simd/kernels/table.h.
 */
#include "lib/table.h"

#include <assert.h>
#include <string.h>

/* A table grows when it would hold more than LOAD_NUMERATOR / LOAD_DENOMINATOR entries a bucket of five slots. At 2.6 (a
 * load of 0.52) 5 % of the buckets overflow and a unique key takes 64 / 2.6 + 64 * 0.05 / 2.6 = 25.8 bytes; a fuller table
 * pays for each byte saved with a walk to a second line. */
enum {
  LOAD_NUMERATOR = 13,
  LOAD_DENOMINATOR = 5,
  FIRST_KEYS = 16384,
  FEW_KEYS = 2048, /* the first, of fewer rows than that */
  MOST_GROWTH = 16,
  LEAST_PIECE_BITS = 4,
  SHARED_PIECE_BITS = 6, /* a writer enters a quarter of a piece at a time, and so leaves no more */
  MOST_PIECE_BITS = 12,
  MOST_WRITERS = 256, /* at once: each may have a piece that it has not filled */
  BUCKET = sizeof(struct simd_bucket)
};

static_assert(sizeof(struct simd_bucket) == 64, "a bucket is one cache line");

void weft__table_close(weft_slab *slab, struct table *table) {
  (void)!weft_slab_free(slab, table->simd.buckets);
  for (uint32_t i = 0; i < table->pieces; i++)
    (void)!weft_slab_free(slab, table->simd.overflow[i]);
  (void)!weft_slab_free(slab, table->simd.overflow);
  *table = (struct table){0};
}

size_t weft__table_bytes(const struct table *table) {
  size_t overflow = ((size_t)table->pieces << table->simd.overflow_bits) - table->trimmed;
  return (table->simd.n_buckets + overflow) * BUCKET + table->most_pieces * sizeof *table->simd.overflow;
}

weft_status weft__table_open(weft_ctx *ctx, uint64_t keys, uint64_t most_keys, uint32_t parts, struct table *table) {
  uint64_t buckets = (keys * LOAD_DENOMINATOR / LOAD_NUMERATOR / parts + 1) * parts;
  *table = (struct table){.simd.n_buckets = (uint32_t)buckets, .capacity = buckets * LOAD_NUMERATOR / LOAD_DENOMINATOR};
  unsigned bits = parts > 1 ? SHARED_PIECE_BITS : LEAST_PIECE_BITS;
  while (bits < MOST_PIECE_BITS && buckets >> bits > 64)
    bits++;
  table->simd.overflow_bits = bits;
  /* At worst a chain holds all keys, five a bucket; a writer leaves at most a quarter of a piece, and may begin anew
   * once. */
  table->most_pieces = (uint32_t)(most_keys / SIMD_SLOTS * 4 / 3 * 2 >> bits) + (parts > 1 ? MOST_WRITERS : 1) + 1;
  table->simd.buckets = weft_aligned_alloc(ctx, buckets * BUCKET, BUCKET);
  if (table->simd.buckets)
    table->simd.overflow = weft_alloc(ctx, table->most_pieces * sizeof *table->simd.overflow);
  if (table->simd.overflow) {
    weft__slab_advise(ctx->cache.slab, table->simd.buckets, buckets * BUCKET);
    return WEFT_OK;
  }
  weft_status status = ctx->cache.status;
  weft__table_close(ctx->cache.slab, table);
  return status;
}

/* Makes room for n more overflow buckets, n being at most those of a piece. */
static weft_status make_room(weft_ctx *ctx, struct table_writer *writer, size_t n) {
  if (writer->end - writer->simd.n_overflow >= n)
    return WEFT_OK;
  struct table *table = writer->table;
  unsigned bits = table->simd.overflow_bits;
  struct simd_bucket *piece = weft_aligned_alloc(ctx, (size_t)BUCKET << bits, BUCKET);
  if (!piece)
    return ctx->cache.status;
  if (writer->lock)
    os_lock_take(writer->lock);
  assert(table->pieces < table->most_pieces);
  uint32_t first = table->pieces << bits;
  table->simd.overflow[table->pieces++] = piece;
  if (writer->lock)
    os_lock_give(writer->lock);
  if (first != writer->end) { /* another writer has come between: what is left is left */
    writer->taken = table_writer_taken(writer);
    writer->begin = writer->simd.n_overflow = first;
  }
  writer->end = first + ((uint32_t)1 << bits);
  return WEFT_OK;
}

/* Memory that can be done without: a refusal leaves no message. */
static void *try_buckets(weft_ctx *ctx, size_t bytes) {
  struct ctx_words words = ctx_words(ctx);
  void *p = weft_aligned_alloc(ctx, bytes, BUCKET);
  if (!p)
    ctx_say(ctx, &words);
  return p;
}

void weft__table_trim(weft_ctx *ctx, struct table *table, uint32_t next, uint32_t end) {
  const size_t whole = (size_t)1 << table->simd.overflow_bits;
  for (size_t used; next < end; next += (uint32_t)(whole - used)) {
    struct simd_bucket **piece = &table->simd.overflow[next >> table->simd.overflow_bits], *shorter = NULL;
    used = next & (whole - 1);
    if (used > 0 && !(shorter = try_buckets(ctx, used * BUCKET)))
      continue;
    if (shorter)
      memcpy(shorter, *piece, used * BUCKET);
    (void)!weft_slab_free(ctx->cache.slab, *piece);
    *piece = shorter;
    table->trimmed += (uint32_t)(whole - used);
  }
}

void weft__table_finish(weft_ctx *ctx, struct table *table) {
  struct simd_bucket **fewer = try_buckets(ctx, (table->pieces + 1) * sizeof *fewer);
  if (!fewer)
    return;
  memcpy(fewer, table->simd.overflow, table->pieces * sizeof *fewer);
  (void)!weft_slab_free(ctx->cache.slab, table->simd.overflow);
  table->simd.overflow = fewer;
  table->most_pieces = table->pieces + 1;
}

/* Rows that are entered at once: for the worst of them there is room in a piece, of which a writer leaves at most so
 * much. */
static size_t step_of(const struct table *table) {
  size_t piece = (size_t)1 << table->simd.overflow_bits;
  return piece < 64 ? piece : piece / 4;
}

weft_status weft__table_insert(weft_ctx *ctx, struct table_writer *writer, const uint64_t *hashes, const uint32_t *rows,
                               size_t n, uint32_t next_id, uint32_t *ids, size_t *entered) {
  size_t step = step_of(writer->table);
  *entered = 0;
  for (size_t at = 0, part; at < n; at += part) {
    part = n - at < step ? n - at : step;
    WEFT_TRY(make_room(ctx, writer, part));
    *entered += ctx->kernels->insert(&writer->simd, hashes + at, rows ? rows + at : NULL, part, ctx->prefetch_distance,
                                     next_id + (uint32_t)*entered, ids + at);
  }
  return WEFT_OK;
}

weft_status weft__table_enter(weft_ctx *ctx, struct table_writer *writer, uint64_t hash, uint32_t id) {
  struct simd_table *simd = &writer->simd;
  struct simd_bucket *bucket = &simd->buckets[simd_place(hash, simd->n_buckets)];
  WEFT_TRY(make_room(ctx, writer, 1));
  while (bucket->id[SIMD_SLOTS] != SIMD_NO_ID)
    bucket = simd_overflow_bucket(simd, bucket->id[SIMD_SLOTS]);
  unsigned slot = 0;
  while (slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID)
    slot++;
  if (slot == SIMD_SLOTS) {
    bucket = simd_overflow(simd, bucket);
    slot = 0;
  }
  bucket->hash[slot] = hash;
  bucket->id[slot] = id;
  return WEFT_OK;
}

weft_status weft__table_move(weft_ctx *ctx, const struct table *from, struct table_writer *to, unsigned bits, size_t part) {
  enum { CHAINS_AHEAD = 16 /* buckets */ };
  const struct simd_table *simd = &from->simd;
  size_t mine = to->simd.n_buckets >> bits;
  assert(mine << bits == to->simd.n_buckets);
  memset(to->simd.buckets + part * mine, 0xff, mine * BUCKET);
  /* Places are prefixes of hashes, so both are walked from front to back; the first and the last bucket of the range may
   * have other parts' entries, too. */
  uint64_t buckets = simd->n_buckets, round_up = ((uint64_t)1 << bits) - 1, end = ((part + 1) * buckets + round_up) >> bits;
  for (uint64_t i = part * buckets >> bits; i < end; i++) {
    const struct simd_bucket *bucket = &simd->buckets[i], *later = i + CHAINS_AHEAD < end ? bucket + CHAINS_AHEAD : bucket;
    if (later->id[SIMD_SLOTS] != SIMD_NO_ID)
      __builtin_prefetch(simd_overflow_bucket(simd, later->id[SIMD_SLOTS]));
    for (;; bucket = simd_overflow_bucket(simd, bucket->id[SIMD_SLOTS])) {
      for (unsigned slot = 0; slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID; slot++)
        if (simd_part(bucket->hash[slot], bits) == part)
          WEFT_TRY(weft__table_enter(ctx, to, bucket->hash[slot], bucket->id[slot]));
      if (bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
        break;
    }
  }
  return WEFT_OK;
}

void weft__table_relabel(const struct simd_table *table, unsigned bits, size_t part, const uint32_t *id_of, uint32_t base) {
  size_t n = table->n_buckets >> bits;
  for (struct simd_bucket *first = table->buckets + part * n, *end = first + n; first < end; first++)
    for (struct simd_bucket *bucket = first;; bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS])) {
      for (unsigned slot = 0; slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID; slot++)
        bucket->id[slot] = base + id_of[bucket->id[slot]];
      if (bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
        break;
    }
}

/* Replaces the table by one for so many keys. On failure it is as it was. */
static weft_status grow(weft_ctx *ctx, struct distinct *distinct, uint64_t keys) {
  struct table larger;
  WEFT_TRY(weft__table_open(ctx, keys, keys, 1, &larger));
  struct table_writer writer = table_writer(&larger, NULL);
  weft_status status = weft__table_move(ctx, &distinct->table, &writer, 0, 0);
  if (status != WEFT_OK) {
    weft__table_close(ctx->cache.slab, &larger);
    return status;
  }
  weft__table_close(ctx->cache.slab, &distinct->table);
  distinct->table = larger;
  distinct->writer = writer;
  distinct->writer.table = &distinct->table;
  return WEFT_OK;
}

uint32_t weft__table_next(const struct simd_table *table, uint64_t hash, struct table_walk *walk) {
  if (!walk->bucket)
    walk->bucket = &table->buckets[simd_place(hash, table->n_buckets)];
  for (;;) {
    for (; walk->slot < SIMD_SLOTS; walk->slot++) {
      if (walk->bucket->id[walk->slot] == SIMD_NO_ID)
        return SIMD_NO_ID;
      if (walk->bucket->hash[walk->slot] == hash)
        return walk->bucket->id[walk->slot++];
    }
    if (walk->bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
      return SIMD_NO_ID;
    walk->bucket = simd_overflow_bucket(table, walk->bucket->id[SIMD_SLOTS]);
    walk->slot = 0;
  }
}

/* Ends the identity of keys and rows: from here on first_row says it. */
static weft_status write_first_rows(weft_ctx *ctx, struct distinct *distinct) {
  if (distinct->first_row)
    return WEFT_OK;
  distinct->first_row = weft_alloc(ctx, distinct->room * sizeof *distinct->first_row);
  if (!distinct->first_row)
    return ctx->cache.status;
  for (uint32_t id = 0; id < distinct->count; id++)
    distinct->first_row[id] = id;
  return WEFT_OK;
}

void weft__distinct_close(weft_slab *slab, struct distinct *distinct) {
  weft__table_close(slab, &distinct->table);
  (void)!weft_slab_free(slab, distinct->first_row);
  (void)!weft_slab_free(slab, distinct->packed);
  distinct->first_row = NULL;
  distinct->packed = NULL;
}

weft_status weft__distinct_open(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const struct key_hash *how,
                                uint64_t total, struct distinct *out) {
  *out = (struct distinct){.how = *how, .keys = keys, .n_keys = n_keys, .total = total, .in_order = true};
  uint64_t first = total >= FIRST_KEYS ? FIRST_KEYS : total < FEW_KEYS ? total : FEW_KEYS;
  WEFT_TRY(weft__table_open(ctx, first, first, 1, &out->table));
  memset(out->table.simd.buckets, 0xff, (size_t)out->table.simd.n_buckets * BUCKET);
  out->room = out->table.capacity + 1;
  out->writer = table_writer(&out->table, NULL);
  if (total > 0 && how->packing.stride == 0)
    weft__keys_plan(ctx, keys, n_keys, &out->how);
  if (how->exact || out->how.packing.stride == 0)
    return WEFT_OK;
  weft_status status = write_first_rows(ctx, out);
  if (status == WEFT_OK) {
    out->packed = weft_alloc(ctx, out->room * out->how.packing.stride);
    status = out->packed ? WEFT_OK : ctx->cache.status;
  }
  if (status != WEFT_OK)
    weft__distinct_close(ctx->cache.slab, out);
  return status;
}

/* If all keys were equally frequent, d of them among the first r rows would be r / x in all, where d / r = (1 - e^-x) /
 * x, which with u = 1 - d / r is x = 2 u + 4/3 u^2 + 10/9 u^3 + ...; where some are more frequent than others there are
 * more, and the table grows again. As long as all rows are keys, so are the others; but within a factor, as a file's
 * start may mislead. */
uint64_t weft__distinct_expect(const struct distinct *distinct, uint64_t needed, uint64_t total) {
  double rows = (double)distinct->rows, u = rows > 0 ? 1 - (double)distinct->count / rows : 0;
  double expected = u > 0 ? rows / (u * (2 + u * (4.0 / 3 + u * (10.0 / 9)))) * 1.1 : (double)total;
  uint64_t least = 2 * needed, most = MOST_GROWTH * needed;
  uint64_t keys = expected < (double)most ? (uint64_t)expected : most;
  keys = keys > least ? keys : least;
  return keys < total ? keys : total > needed ? total : needed;
}

/* An array made longer. NULL: there is no memory, and it is as it was. */
static void *lengthen(weft_ctx *ctx, void *array, size_t bytes) {
  void *longer = weft_realloc(ctx, array, bytes);
  if (longer)
    weft__slab_advise(ctx->cache.slab, longer, bytes);
  return longer;
}

/* Makes what there is of first_row and packed long enough. */
static weft_status make_longer(weft_ctx *ctx, struct distinct *distinct, uint64_t keys) {
  if (keys < distinct->room)
    return WEFT_OK;
  if (distinct->first_row) {
    uint32_t *first_row = lengthen(ctx, distinct->first_row, (keys + 1) * sizeof *first_row);
    if (!first_row)
      return ctx->cache.status;
    distinct->first_row = first_row;
  }
  if (distinct->packed) {
    uint8_t *packed = lengthen(ctx, distinct->packed, (keys + 1) * distinct->how.packing.stride);
    if (!packed)
      return ctx->cache.status;
    distinct->packed = packed;
  }
  distinct->room = keys + 1;
  return WEFT_OK;
}

weft_status weft__distinct_reserve(weft_ctx *ctx, struct distinct *distinct, uint64_t keys) {
  WEFT_TRY(make_longer(ctx, distinct, keys));
  return write_first_rows(ctx, distinct);
}

/* Makes room for the keys of n more rows. */
static weft_status expect_keys(weft_ctx *ctx, struct distinct *distinct, size_t n) {
  uint64_t needed = distinct->count + (uint64_t)n;
  if (needed <= distinct->table.capacity)
    return WEFT_OK;
  WEFT_TRY(grow(ctx, distinct, weft__distinct_expect(distinct, needed, distinct->total)));
  return make_longer(ctx, distinct, distinct->table.capacity);
}

/* A row whose hash is that of another key: finds its key among the entries of the hash, or enters it. */
static weft_status settle_collision(weft_ctx *ctx, struct distinct *distinct, size_t row, size_t i,
                                    struct key_scratch *scratch) {
  struct table_walk walk = {0};
  uint64_t hash = scratch->hashes[i];
  uint32_t id;
  while ((id = weft__table_next(&distinct->writer.simd, hash, &walk)) != SIMD_NO_ID)
    if (weft__keys_equal(ctx, distinct->keys, distinct->n_keys, row, distinct->keys, distinct->first_row[id], scratch))
      break;
  if (id == SIMD_NO_ID) {
    id = distinct->count++;
    distinct->first_row[id] = (uint32_t)row;
    if (distinct->packed)
      packed_copy(&distinct->how.packing, scratch->packed, i, distinct->packed, id);
    distinct->in_order = false;
    WEFT_TRY(weft__table_enter(ctx, &distinct->writer, hash, id));
  }
  scratch->ids[i] = id;
  return WEFT_OK;
}

/* Gives candidates the rows that are not their key's first ones: new keys are numbered from `next` on. */
static void find_candidates(size_t n, uint32_t next, struct key_scratch *scratch) {
  for (size_t start = 0; start < n; start += SIMD_BLOCK) {
    uint64_t bits = 0;
    for (size_t k = 0, i = start; k < SIMD_BLOCK && i < n; k++, i++) {
      bool is_new = scratch->ids[i] == next;
      next += is_new;
      bits |= (uint64_t)!is_new << k;
    }
    scratch->candidates[start / SIMD_BLOCK] = bits;
  }
}

/* Compares each row of a batch that met a hash with the first row of that hash's key. next: the number of the batch's first
 * new key; any: there is one. */
static weft_status verify(weft_ctx *ctx, struct distinct *distinct, size_t first, size_t n, uint32_t next, bool any,
                          struct key_scratch *scratch) {
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  if (any)
    find_candidates(n, next, scratch);
  else
    fill_bits(scratch->candidates, n);
  weft__keys_compare(ctx, &distinct->how, distinct->keys, distinct->n_keys, first, NULL, n, distinct->keys,
                     distinct->packed, scratch->ids, distinct->first_row, scratch);
  for (size_t w = 0; w < words; w++)
    scratch->unlike[w] = scratch->differ[w]; /* settle_collision uses the others */
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->unlike[w]; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      WEFT_TRY(settle_collision(ctx, distinct, first + i, i, scratch));
    }
  return WEFT_OK;
}

weft_status weft__distinct_add(weft_ctx *ctx, struct distinct *distinct, size_t n, struct key_scratch *scratch) {
  size_t first = distinct->rows;
  size_t added;
  WEFT_TRY(expect_keys(ctx, distinct, n));
  weft__keys_hash(ctx, &distinct->how, distinct->keys, distinct->n_keys, first, n, scratch);
  WEFT_TRY(weft__table_insert(ctx, &distinct->writer, scratch->hashes, NULL, n, distinct->count, scratch->ids, &added));
  if (added < n)
    WEFT_TRY(write_first_rows(ctx, distinct));
  if (added > 0 && distinct->first_row) {
    uint32_t next = distinct->count;
    for (size_t i = 0; i < n; i++) {
      distinct->first_row[next] = (uint32_t)(first + i);
      next += scratch->ids[i] == next;
    }
    if (distinct->packed)
      weft__packed_add(&distinct->how.packing, scratch->packed, scratch->ids, n, distinct->count, distinct->packed);
  }
  uint32_t next = distinct->count;
  distinct->count += (uint32_t)added;
  distinct->rows += n;
  return added < n && !distinct->how.exact ? verify(ctx, distinct, first, n, next, added > 0, scratch) : WEFT_OK;
}
