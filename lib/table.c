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
  MOST_GROWTH = 16,
  BUCKET = sizeof(struct simd_bucket)
};

static_assert(sizeof(struct simd_bucket) == 64, "a bucket is one cache line");

static weft_status take_buckets(weft_ctx *ctx, size_t n, struct simd_bucket **out) {
  *out = weft_aligned_alloc(ctx, n * BUCKET, BUCKET);
  return *out ? WEFT_OK : ctx->cache.status;
}

void weft__table_close(weft_slab *slab, struct table *table) {
  (void)!weft_slab_free(slab, table->simd.buckets);
  (void)!weft_slab_free(slab, table->simd.overflow);
  *table = (struct table){0};
}

size_t weft__table_bytes(const struct table *table) {
  return ((size_t)table->simd.n_buckets + table->overflow_capacity) * BUCKET;
}

/* An empty table for so many keys; its overflow has the room that is to be expected. */
static weft_status table_open(weft_ctx *ctx, uint64_t keys, struct table *table) {
  uint64_t buckets = keys * LOAD_DENOMINATOR / LOAD_NUMERATOR + 1;
  *table = (struct table){.simd.n_buckets = (uint32_t)buckets,
                          .capacity = buckets * LOAD_NUMERATOR / LOAD_DENOMINATOR,
                          .overflow_capacity = (uint32_t)(buckets / 19 + ctx->batch_size)}; /* 5 %, and the spread */
  weft_status status = take_buckets(ctx, buckets, &table->simd.buckets);
  if (status == WEFT_OK) {
    memset(table->simd.buckets, 0xff, buckets * BUCKET);
    status = take_buckets(ctx, table->overflow_capacity, &table->simd.overflow);
  }
  if (status != WEFT_OK)
    weft__table_close(ctx->cache.slab, table);
  return status;
}

/* Makes room for n more overflow buckets. On failure the table is as it was. */
static weft_status overflow_room(weft_ctx *ctx, struct table *table, size_t n) {
  uint64_t wanted = table->simd.n_overflow + (uint64_t)n;
  if (wanted <= table->overflow_capacity)
    return WEFT_OK;
  wanted += wanted / 2;
  if (wanted > SIMD_NO_ID)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "a table of %u buckets overflows into more than %u", table->simd.n_buckets,
                      SIMD_NO_ID);
  struct simd_bucket *more;
  WEFT_TRY(take_buckets(ctx, wanted, &more));
  memcpy(more, table->simd.overflow, (size_t)table->simd.n_overflow * BUCKET);
  (void)!weft_free(ctx, table->simd.overflow);
  table->simd.overflow = more;
  table->overflow_capacity = (uint32_t)wanted;
  return WEFT_OK;
}

/* Enters a hash that may be there already, behind all entries of its place. The overflow has room. */
static void table_enter(struct table *table, uint64_t hash, uint32_t id) {
  struct simd_table *simd = &table->simd;
  struct simd_bucket *bucket = &simd->buckets[simd_place(hash, simd->n_buckets)];
  while (bucket->id[SIMD_SLOTS] != SIMD_NO_ID)
    bucket = &simd->overflow[bucket->id[SIMD_SLOTS]];
  unsigned slot = 0;
  while (slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID)
    slot++;
  if (slot == SIMD_SLOTS) {
    assert(simd->n_overflow < table->overflow_capacity);
    bucket = simd_overflow(simd, bucket);
    slot = 0;
  }
  bucket->hash[slot] = hash;
  bucket->id[slot] = id;
}

/* Enters all of a place of a table into a larger one: in order, so that entries of one hash keep theirs. */
static weft_status move_place(weft_ctx *ctx, const struct table *from, const struct simd_bucket *bucket, struct table *to) {
  for (;;) {
    WEFT_TRY(overflow_room(ctx, to, SIMD_SLOTS));
    for (unsigned slot = 0; slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID; slot++)
      table_enter(to, bucket->hash[slot], bucket->id[slot]);
    if (bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
      return WEFT_OK;
    bucket = &from->simd.overflow[bucket->id[SIMD_SLOTS]];
  }
}

/* Replaces a table by one for so many keys. Places are prefixes of hashes, so both are walked from front to back. On
 * failure the table is as it was. */
static weft_status table_grow(weft_ctx *ctx, struct table *table, uint64_t keys) {
  struct table larger;
  WEFT_TRY(table_open(ctx, keys, &larger));
  for (size_t i = 0; i < table->simd.n_buckets; i++) {
    weft_status status = move_place(ctx, table, &table->simd.buckets[i], &larger);
    if (status != WEFT_OK) {
      weft__table_close(ctx->cache.slab, &larger);
      return status;
    }
  }
  weft__table_close(ctx->cache.slab, table);
  *table = larger;
  return WEFT_OK;
}

uint32_t weft__table_next(const struct table *table, uint64_t hash, struct table_walk *walk) {
  if (!walk->bucket)
    walk->bucket = &table->simd.buckets[simd_place(hash, table->simd.n_buckets)];
  for (;;) {
    for (; walk->slot < SIMD_SLOTS; walk->slot++) {
      if (walk->bucket->id[walk->slot] == SIMD_NO_ID)
        return SIMD_NO_ID;
      if (walk->bucket->hash[walk->slot] == hash)
        return walk->bucket->id[walk->slot++];
    }
    if (walk->bucket->id[SIMD_SLOTS] == SIMD_NO_ID)
      return SIMD_NO_ID;
    walk->bucket = &table->simd.overflow[walk->bucket->id[SIMD_SLOTS]];
    walk->slot = 0;
  }
}

weft_status weft__distinct_open(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const struct key_hash *how,
                                uint64_t total, struct distinct *out) {
  *out = (struct distinct){.how = *how, .keys = keys, .n_keys = n_keys, .in_order = true};
  return table_open(ctx, total < FIRST_KEYS ? total : FIRST_KEYS, &out->table);
}

void weft__distinct_close(weft_slab *slab, struct distinct *distinct) {
  weft__table_close(slab, &distinct->table);
  (void)!weft_slab_free(slab, distinct->first_row);
  distinct->first_row = NULL;
}

/* How many keys to make room for when `needed` must fit: as many as all rows will bring if they go on as they have so far,
 * but within a factor, as a file's start may mislead. */
static uint64_t keys_to_expect(const struct distinct *distinct, uint64_t needed, uint64_t total) {
  double share = distinct->rows ? (double)distinct->count / (double)distinct->rows : 1;
  double expected = share * (double)total * 1.02;
  uint64_t least = 2 * needed, most = MOST_GROWTH * needed;
  uint64_t keys = expected < (double)most ? (uint64_t)expected : most;
  keys = keys > least ? keys : least;
  return keys < total ? keys : total > needed ? total : needed;
}

/* Makes room for the keys of n more rows. */
static weft_status make_room(weft_ctx *ctx, struct distinct *distinct, size_t n) {
  uint64_t needed = distinct->count + (uint64_t)n, total = distinct->keys[0].rows;
  if (needed > distinct->table.capacity) {
    WEFT_TRY(table_grow(ctx, &distinct->table, keys_to_expect(distinct, needed, total)));
    if (distinct->first_row) {
      uint32_t *more = weft_realloc(ctx, distinct->first_row, (distinct->table.capacity + 1) * sizeof *more);
      if (!more)
        return ctx->cache.status;
      distinct->first_row = more;
    }
  }
  return overflow_room(ctx, &distinct->table, n);
}

/* Ends the identity of keys and rows: from here on first_row says it. */
static weft_status write_first_rows(weft_ctx *ctx, struct distinct *distinct) {
  if (distinct->first_row)
    return WEFT_OK;
  distinct->first_row = weft_alloc(ctx, (distinct->table.capacity + 1) * sizeof *distinct->first_row);
  if (!distinct->first_row)
    return ctx->cache.status;
  for (uint32_t id = 0; id < distinct->count; id++)
    distinct->first_row[id] = id;
  return WEFT_OK;
}

/* Rows with nulls are left out: their hashes are squeezed out for the kernel, its ids spread again. */
static size_t insert_valid(weft_ctx *ctx, struct distinct *distinct, size_t n, struct key_scratch *scratch) {
  size_t packed = 0;
  for (size_t i = 0; i < n; i++) {
    scratch->hashes[packed] = scratch->hashes[i];
    packed += scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
  }
  size_t added = ctx->kernels->insert(&distinct->table.simd, scratch->hashes, packed, ctx->prefetch_distance,
                                      distinct->count, scratch->ids);
  for (size_t i = n; i-- > 0;) {
    if (!(scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1)) {
      scratch->ids[i] = SIMD_NO_ID;
      continue;
    }
    packed--;
    scratch->ids[i] = scratch->ids[packed];
    scratch->hashes[i] = scratch->hashes[packed];
  }
  return added;
}

/* A row whose hash is that of another key: finds its key among the entries of the hash, or enters it. */
static void settle_collision(weft_ctx *ctx, struct distinct *distinct, size_t row, size_t i, struct key_scratch *scratch) {
  struct table_walk walk = {0};
  uint64_t hash = scratch->hashes[i];
  uint32_t id;
  while ((id = weft__table_next(&distinct->table, hash, &walk)) != SIMD_NO_ID)
    if (weft__keys_equal(ctx, distinct->keys, distinct->n_keys, row, distinct->keys, distinct->first_row[id], scratch))
      break;
  if (id == SIMD_NO_ID) {
    id = distinct->count++;
    distinct->first_row[id] = (uint32_t)row;
    distinct->in_order = false;
    table_enter(&distinct->table, hash, id);
  }
  scratch->ids[i] = id;
}

/* Fills scratch->others with the first row of each row's key, and candidates with the rows that are not that row itself.
 * fresh: some rows may be first rows, or have no id. Returns whether there are candidates. */
static bool find_candidates(const struct distinct *distinct, size_t first, size_t n, bool fresh,
                            struct key_scratch *scratch) {
  const uint32_t *ids = scratch->ids, *first_row = distinct->first_row;
  uint32_t *others = scratch->others;
  uint64_t any = 0;
  if (!fresh) {
    for (size_t i = 0; i < n; i++)
      others[i] = first_row[ids[i]];
    for (size_t start = 0; start < n; start += SIMD_BLOCK)
      scratch->candidates[start / SIMD_BLOCK] = n - start < SIMD_BLOCK ? ((uint64_t)1 << (n - start)) - 1 : UINT64_MAX;
    return true;
  }
  for (size_t start = 0; start < n; start += SIMD_BLOCK) {
    uint64_t bits = 0;
    for (size_t k = 0, i = start; k < SIMD_BLOCK && i < n; k++, i++) {
      others[i] = ids[i] != SIMD_NO_ID ? first_row[ids[i]] : 0;
      bits |= (uint64_t)(ids[i] != SIMD_NO_ID && others[i] != first + i) << k;
    }
    scratch->candidates[start / SIMD_BLOCK] = bits;
    any |= bits;
  }
  return any != 0;
}

/* Compares each row of a batch that met a hash with the first row of that hash's key. */
static void verify(weft_ctx *ctx, struct distinct *distinct, size_t first, size_t n, bool fresh,
                   struct key_scratch *scratch) {
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  if (!find_candidates(distinct, first, n, fresh, scratch))
    return;
  weft__keys_compare(ctx, distinct->keys, distinct->n_keys, first, n, true, distinct->keys, scratch);
  for (size_t w = 0; w < words; w++)
    scratch->bits[w] = scratch->candidates[w] & scratch->differ[w];
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = scratch->bits[w]; bits != 0; bits &= bits - 1) {
      size_t i = w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits);
      settle_collision(ctx, distinct, first + i, i, scratch);
    }
}

weft_status weft__distinct_add(weft_ctx *ctx, struct distinct *distinct, size_t n, struct key_scratch *scratch) {
  size_t first = distinct->rows;
  WEFT_TRY(make_room(ctx, distinct, n));
  weft__keys_hash(ctx, &distinct->how, distinct->keys, distinct->n_keys, first, n, scratch);
  bool leave_out = scratch->has_nulls && !distinct->how.nulls_equal;
  size_t added = leave_out ? insert_valid(ctx, distinct, n, scratch)
                           : ctx->kernels->insert(&distinct->table.simd, scratch->hashes, n, ctx->prefetch_distance,
                                                  distinct->count, scratch->ids);
  assert(distinct->table.simd.n_overflow <= distinct->table.overflow_capacity);
  if (added < n)
    WEFT_TRY(write_first_rows(ctx, distinct));
  if (added > 0 && distinct->first_row) {
    uint32_t next = distinct->count;
    for (size_t i = 0; i < n; i++) {
      distinct->first_row[next] = (uint32_t)(first + i);
      next += scratch->ids[i] == next;
    }
  }
  distinct->count += (uint32_t)added;
  distinct->rows += n;
  if (added < n && !distinct->how.exact)
    verify(ctx, distinct, first, n, added > 0 || leave_out, scratch);
  return WEFT_OK;
}
