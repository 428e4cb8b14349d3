/* SPDX-License-Identifier: MIT
 *
 * Building an index: rows are hashed, brought together by part, and each part's are entered in the table; see build.h.
 *
 * An index begins as one of unique keys, whose ids are rows. The first part that meets a key again makes lists, where an id
 * is the place of a key's first row, and so do all parts after it; those before are made anew in the end.
 */
#include "lib/build.h"
#include "lib/filter.h"

#include <string.h>

enum {
  PART_ROWS = 16384, /* their buckets take 400 KB: they and the rows fit into the second-level cache */
  MOST_PART_BITS = 11,
  SLICE_ROWS = 262144, /* enough that few lines are left unfilled at its end */
  MOST_SLICES = 64,
  PART_ALIGN = SIMD_BLOCK, /* so that parts share no word of a bitmap, and no cache line of rows */
};

enum part_state { PART_OPEN, PART_UNIQUE, PART_LISTED };

static size_t parts_of(const struct index_build *build) {
  return (size_t)1 << build->bits;
}

static bool may_have_nulls(const struct weft_column *keys, size_t n_keys) {
  for (size_t k = 0; k < n_keys; k++)
    if (keys[k].base_validity || keys[k].row_validity)
      return true;
  return false;
}

weft_status weft__build_open(weft_ctx *ctx, weft_index *index, const uint64_t *given, struct index_build *build) {
  size_t rows = index->rows, slices = rows / SLICE_ROWS + 1;
  *build = (struct index_build){.index = index, .given = given, .slices = slices < MOST_SLICES ? slices : MOST_SLICES};
  os_lock_init(&build->lock);
  while (build->bits < MOST_PART_BITS && rows >> build->bits > PART_ROWS)
    build->bits++;
  /* Parts are filled up to whole words, for which so many rows leave no numbers. */
  if (rows >= SIMD_NO_ID - (PART_ALIGN << MOST_PART_BITS))
    build->bits = 0;
  build->slice_rows = (rows / build->slices + PART_ALIGN) / PART_ALIGN * PART_ALIGN;
  weft__keys_plan(ctx, index->keys, index->n_keys, &index->how);
  if (!index->how.exact && index->how.packing.stride != 0)
    WEFT_TRY(weft__index_take(ctx, rows, index->how.packing.stride, &index->packed));
  if (!given)
    WEFT_TRY(weft__index_take(ctx, rows, sizeof *build->hashes, &build->hashes));
  if (may_have_nulls(index->keys, index->n_keys))
    WEFT_TRY(weft__index_take(ctx, rows / SIMD_BLOCK + 1, sizeof *build->valid, &build->valid));
  WEFT_TRY(weft__index_take(ctx, build->slices << build->bits, sizeof *build->starts, &build->starts));
  WEFT_TRY(weft__index_take(ctx, parts_of(build), sizeof *build->first, &build->first));
  WEFT_TRY(weft__index_take(ctx, parts_of(build), sizeof *build->count, &build->count));
  WEFT_TRY(weft__index_take(ctx, parts_of(build), sizeof *build->overflowing, &build->overflowing));
  WEFT_TRY(weft__index_take(ctx, parts_of(build), sizeof *build->state, &build->state));
  return weft__index_take(ctx, parts_of(build), sizeof *build->spare, &build->spare);
}

void weft__build_close(weft_slab *slab, struct index_build *build) {
  void *parts[] = {build->hashes,      build->valid, build->starts,      build->first, build->count,
                   build->overflowing, build->state, build->part_hashes, build->spare};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    (void)!weft_slab_free(slab, parts[i]);
  os_lock_end(&build->lock);
}

/* ---- From rows to parts ---- */

/* Rows first .. last of a slice. */
static void slice_range(const struct index_build *build, size_t slice, size_t *first, size_t *last) {
  size_t rows = build->index->rows;
  *first = slice * build->slice_rows < rows ? slice * build->slice_rows : rows;
  *last = rows - *first < build->slice_rows ? rows : *first + build->slice_rows;
}

weft_status weft__build_hash(weft_ctx *ctx, struct index_build *build, size_t slice) {
  const weft_index *index = build->index;
  uint32_t *count = build->starts + (slice << build->bits);
  size_t first, last;
  struct key_scratch *scratch;
  slice_range(build, slice, &first, &last);
  memset(count, 0, parts_of(build) * sizeof *count);
  WEFT_TRY(weft__scratch_open(ctx, &scratch));
  for (size_t at = first, n; at < last; at += n) {
    n = last - at < ctx->batch_size ? last - at : ctx->batch_size;
    const uint64_t *hashes = build->given ? build->given + at : build->hashes + at;
    if (index->packed)
      scratch->packed = index->packed + at * index->how.packing.stride;
    if (!build->given) {
      scratch->hashes = build->hashes + at;
      weft__keys_hash(ctx, &index->how, index->keys, index->n_keys, at, n, scratch);
    } else if (build->valid || index->packed) {
      weft__keys_resolve(ctx, &index->how, index->keys, index->n_keys, at, n, scratch);
    }
    if (build->valid)
      memcpy(build->valid + at / SIMD_BLOCK, scratch->valid, (n + SIMD_BLOCK - 1) / SIMD_BLOCK * sizeof *scratch->valid);
    for (size_t i = 0; i < n; i++)
      count[simd_part(hashes[i], build->bits)] += !build->valid || (scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1);
  }
  weft__scratch_close(ctx, scratch);
  return WEFT_OK;
}

weft_status weft__build_place(weft_ctx *ctx, struct index_build *build) {
  weft_index *index = build->index;
  size_t parts = parts_of(build), at = 0, end = 0, rows = 0;
  for (size_t part = 0; part < parts; part++) {
    size_t start = at;
    for (size_t slice = 0; slice < build->slices; slice++) {
      uint32_t *count = &build->starts[(slice << build->bits) + part], n = *count;
      *count = (uint32_t)at;
      at += n;
    }
    build->first[part] = (uint32_t)start;
    build->count[part] = (uint32_t)(at - start);
    rows += at - start;
    end = at;
    at = (at + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
  }
  index->null_rows = index->rows - (uint32_t)rows;
  index->places = (uint32_t)end;
  memset(build->state, PART_OPEN, parts);
  WEFT_TRY(weft__index_take(ctx, at, sizeof *build->part_hashes, &build->part_hashes));
  return weft__index_take(ctx, at, sizeof *index->row_list, &index->row_list);
}

weft_status weft__build_scatter(weft_ctx *ctx, struct index_build *build, size_t slice) {
  size_t parts = parts_of(build), first, last;
  struct simd_parts to = {.bits = build->bits,
                          .first = build->starts + (slice << build->bits),
                          .hashes = build->part_hashes,
                          .rows = build->index->row_list};
  struct simd_lines *lines;
  WEFT_TRY(weft__index_take(ctx, parts, sizeof *lines + sizeof *to.next, &lines));
  to.lines = lines;
  to.next = (uint32_t *)(lines + parts);
  memcpy(to.next, to.first, parts * sizeof *to.next);
  slice_range(build, slice, &first, &last);
  for (size_t at = first, n; at < last; at += n) {
    n = last - at < ctx->batch_size ? last - at : ctx->batch_size;
    ctx->kernels->scatter((build->given ? build->given : build->hashes) + at,
                          build->valid ? build->valid + at / SIMD_BLOCK : NULL, n, (uint32_t)at, &to);
  }
  simd_parts_end(&to, parts);
  return weft_free(ctx, lines);
}

/* ---- A part's rows, entered in the table ---- */

/* One part at work. */
struct part {
  const struct index_build *build;
  size_t number, n;
  const uint64_t *hashes; /* [n] */
  uint32_t *rows;         /* [n] */
  uint32_t *ids;          /* [n], where keys are numbered from 0 on in their order of appearance */
  uint32_t *first_row;    /* [n + 1] of each key, likewise; NULL: the id is the first row */
  uint32_t keys;
  struct table_writer writer;
  struct key_scratch *scratch;
};

static uint32_t first_row_of(const struct part *part, uint32_t id) {
  return part->first_row ? part->first_row[id] : id;
}

static void empty_buckets(const struct part *part) {
  const struct simd_table *table = &part->writer.simd;
  size_t buckets = table->n_buckets >> part->build->bits;
  memset(table->buckets + part->number * buckets, 0xff, buckets * sizeof *table->buckets);
}

/* Row at + i, whose hash is another key's: finds its key among the entries of that hash, or enters it. *again: it was
 * there. */
static weft_status settle(weft_ctx *ctx, struct part *part, size_t at, size_t i, bool *again) {
  const weft_index *index = part->build->index;
  struct key_scratch *scratch = part->scratch;
  uint32_t row = part->rows[at + i], id;
  struct table_walk walk = {0};
  while ((id = weft__table_next(&part->writer.simd, part->hashes[at + i], &walk)) != SIMD_NO_ID)
    if (weft__keys_equal(ctx, part->build->index->keys, index->n_keys, row, part->build->index->keys,
                         first_row_of(part, id), scratch))
      break;
  *again |= id != SIMD_NO_ID;
  if (id == SIMD_NO_ID) {
    id = row;
    if (part->first_row) {
      id = part->keys;
      part->first_row[id] = row;
    }
    part->keys++;
    WEFT_TRY(weft__table_enter(ctx, &part->writer, part->hashes[at + i], id));
  }
  if (part->ids)
    part->ids[at + i] = id;
  return WEFT_OK;
}

/* Compares rows at .. at + n, whose hashes have the entries ids[n], with those' first rows. *again: one of them was a key
 * that was there. */
static weft_status verify(weft_ctx *ctx, struct part *part, size_t at, size_t n, const uint32_t *ids, bool *again) {
  struct key_scratch *scratch = part->scratch;
  size_t words = (n + SIMD_BLOCK - 1) / SIMD_BLOCK;
  for (size_t start = 0; start < n; start += SIMD_BLOCK) {
    uint64_t bits = 0;
    for (size_t k = 0, i = start; k < SIMD_BLOCK && i < n; k++, i++) {
      uint32_t row = scratch->others[i] = first_row_of(part, ids[i]);
      bits |= (uint64_t)(row != part->rows[at + i]) << k;
    }
    scratch->candidates[start / SIMD_BLOCK] = bits;
  }
  const struct weft_column *keys = part->build->index->keys;
  weft__keys_compare(ctx, &part->build->index->how, keys, part->build->index->n_keys, 0, part->rows + at, n, keys,
                     part->build->index->packed, scratch->others, NULL, scratch);
  uint64_t *differ = scratch->unlike; /* scratch->differ is settle's */
  for (size_t w = 0; w < words; w++) {
    *again |= (scratch->candidates[w] & ~scratch->differ[w]) != 0;
    differ[w] = scratch->differ[w];
  }
  for (size_t w = 0; w < words; w++)
    for (uint64_t bits = differ[w]; bits != 0; bits &= bits - 1)
      WEFT_TRY(settle(ctx, part, at, w * SIMD_BLOCK + (size_t)__builtin_ctzll(bits), again));
  return WEFT_OK;
}

/* Enters all rows with themselves for ids. *again: a key came again, and they are not all entered. */
static weft_status enter_unique(weft_ctx *ctx, struct part *part, bool *again) {
  bool exact = part->build->index->how.exact;
  uint32_t *ids = part->scratch->ids;
  empty_buckets(part);
  *again = false;
  for (size_t at = 0, n; at < part->n && !*again; at += n) {
    size_t entered;
    n = part->n - at < ctx->batch_size ? part->n - at : ctx->batch_size;
    WEFT_TRY(weft__table_insert(ctx, &part->writer, part->hashes + at, part->rows + at, n, 0, ids, &entered));
    part->keys += (uint32_t)entered;
    if (entered < n && exact)
      *again = true;
    else if (entered < n)
      WEFT_TRY(verify(ctx, part, at, n, ids, again));
  }
  return WEFT_OK;
}

/* Enters all rows, and numbers their keys. */
static weft_status enter_keys(weft_ctx *ctx, struct part *part) {
  bool again = false;
  empty_buckets(part);
  part->keys = 0;
  part->writer.taken = 0; /* what was taken before this is in no chain any more */
  part->writer.begin = part->writer.simd.n_overflow;
  for (size_t at = 0, n; at < part->n; at += n) {
    size_t entered;
    n = part->n - at < ctx->batch_size ? part->n - at : ctx->batch_size;
    uint32_t *ids = part->ids + at, next = part->keys;
    WEFT_TRY(weft__table_insert(ctx, &part->writer, part->hashes + at, NULL, n, next, ids, &entered));
    for (size_t i = 0; i < n; i++) {
      part->first_row[next] = part->rows[at + i];
      next += ids[i] == next;
    }
    part->keys = next;
    if (entered < n && !part->build->index->how.exact)
      WEFT_TRY(verify(ctx, part, at, n, ids, &again));
  }
  return WEFT_OK;
}

/* Brings a part's rows together by key, each key's in their order: a counting sort. first_row is used up. */
static weft_status list_rows(weft_ctx *ctx, struct part *part) {
  uint32_t *starts, *rows = part->first_row, start = 0;
  uint64_t *last = part->build->index->last;
  size_t base = part->build->first[part->number];
  WEFT_TRY(weft__index_take(ctx, (size_t)part->keys + 1, sizeof *starts, &starts));
  memset(starts, 0, ((size_t)part->keys + 1) * sizeof *starts);
  for (size_t i = 0; i < part->n; i++)
    starts[part->ids[i]]++;
  for (size_t id = 0; id < part->keys; id++) {
    uint32_t n = starts[id];
    starts[id] = start;
    start += n;
    last[(base + start - 1) / SIMD_BLOCK] |= (uint64_t)1 << (base + start - 1) % SIMD_BLOCK;
  }
  weft__table_relabel(&part->writer.simd, part->build->bits, part->number, starts, (uint32_t)base);
  memcpy(rows, part->rows, part->n * sizeof *rows);
  for (size_t i = 0; i < part->n; i++)
    part->rows[starts[part->ids[i]]++] = rows[i];
  return weft_free(ctx, starts);
}

/* The bitmap that ends the lists, made by the first part that needs it. */
static weft_status open_lists(weft_ctx *ctx, struct index_build *build) {
  weft_index *index = build->index;
  if (atomic_load_explicit(&build->listed, memory_order_acquire))
    return WEFT_OK;
  size_t words = index->places / SIMD_BLOCK + 1;
  uint64_t *last;
  WEFT_TRY(weft__index_take(ctx, words, sizeof *last, &last));
  memset(last, 0, words * sizeof *last);
  os_lock_take(&build->lock);
  if (!index->last) {
    index->last = last;
    last = NULL;
    atomic_store_explicit(&build->listed, true, memory_order_release);
  }
  os_lock_give(&build->lock);
  return weft_free(ctx, last);
}

static weft_status open_part(weft_ctx *ctx, struct index_build *build, size_t number, struct part *part) {
  weft_index *index = build->index;
  *part = (struct part){.build = build,
                        .number = number,
                        .n = build->count[number],
                        .hashes = build->part_hashes + build->first[number],
                        .rows = index->row_list + build->first[number],
                        .writer = table_writer(&index->table, &build->lock)};
  os_lock_take(&build->lock);
  if (build->n_spare > 0)
    table_writer_go_on(&part->writer, build->spare[--build->n_spare]);
  os_lock_give(&build->lock);
  return weft__scratch_open(ctx, &part->scratch);
}

/* state PART_OPEN: it is not done. */
static void close_part(weft_ctx *ctx, struct index_build *build, struct part *part, enum part_state state) {
  os_lock_take(&build->lock);
  build->spare[build->n_spare++] = table_writer_rest(&part->writer);
  build->state[part->number] = (uint8_t)state;
  build->overflowing[part->number] = table_writer_taken(&part->writer);
  if (state != PART_OPEN)
    build->distinct += part->keys;
  os_lock_give(&build->lock);
  (void)!weft_free(ctx, part->ids);
  (void)!weft_free(ctx, part->first_row);
  if (part->scratch)
    weft__scratch_close(ctx, part->scratch);
}

/* Numbers the keys of a part, for lists. */
static weft_status number_keys(weft_ctx *ctx, struct index_build *build, struct part *part) {
  WEFT_TRY(open_lists(ctx, build));
  WEFT_TRY(weft__index_take(ctx, part->n, sizeof *part->ids, &part->ids));
  WEFT_TRY(weft__index_take(ctx, part->n + 1, sizeof *part->first_row, &part->first_row));
  return enter_keys(ctx, part);
}

weft_status weft__build_part(weft_ctx *ctx, struct index_build *build, size_t number) {
  if (build->state[number] != PART_OPEN)
    return WEFT_OK;
  struct part part;
  enum part_state state = PART_UNIQUE;
  bool again = atomic_load_explicit(&build->listed, memory_order_acquire);
  weft_status status = open_part(ctx, build, number, &part);
  if (status == WEFT_OK && !again)
    status = enter_unique(ctx, &part, &again);
  if (status == WEFT_OK && again) {
    state = PART_LISTED;
    status = number_keys(ctx, build, &part);
    if (status == WEFT_OK)
      status = list_rows(ctx, &part);
  }
  close_part(ctx, build, &part, status == WEFT_OK ? state : PART_OPEN);
  return status;
}

/* Keys to make room for when one part has so many: a part is a sample of the hashes, and so of the keys, however many rows
 * each has. */
static uint64_t keys_to_expect(uint64_t keys, size_t parts) {
  uint64_t spread = 8;
  while (spread * spread < 9 * keys)
    spread++;
  return (keys + spread) * parts;
}

/* Opens the table: for as many keys as there are rows, unless the first part shows that there are fewer. */
weft_status weft__build_plan(weft_ctx *ctx, struct index_build *build) {
  weft_index *index = build->index;
  uint32_t rows = index->rows - index->null_rows, parts = (uint32_t)parts_of(build);
  (void)!weft_free(ctx, build->hashes);
  build->hashes = NULL;
  WEFT_TRY(weft__table_open(ctx, rows, rows, parts, &index->table));
  if (parts == 1)
    return WEFT_OK;
  struct part part;
  bool again = false, too_large = false;
  weft_status status = open_part(ctx, build, 0, &part);
  if (status == WEFT_OK)
    status = enter_unique(ctx, &part, &again);
  if (status == WEFT_OK && again)
    status = number_keys(ctx, build, &part);
  if (status == WEFT_OK && (again || part.n == 0))
    too_large = keys_to_expect(part.keys, parts) < rows - rows / 4;
  if (status == WEFT_OK && again && !too_large)
    status = list_rows(ctx, &part);
  uint64_t keys = keys_to_expect(part.keys, parts);
  close_part(ctx, build, &part, status != WEFT_OK || too_large ? PART_OPEN : again ? PART_LISTED : PART_UNIQUE);
  if (!too_large)
    return status;
  weft__table_close(index->slab, &index->table);
  build->n_spare = 0;
  return weft__table_open(ctx, keys, rows, parts, &index->table);
}

weft_status weft__build_seal(weft_ctx *ctx, struct index_build *build) {
  weft_index *index = build->index;
  for (size_t part = 0; build->listed && part < parts_of(build); part++) {
    if (build->state[part] != PART_UNIQUE)
      continue;
    build->state[part] = PART_OPEN;
    build->distinct -= build->count[part];
    WEFT_TRY(weft__build_part(ctx, build, part));
  }
  for (size_t i = 0; i < build->n_spare; i++)
    weft__table_trim(ctx, &index->table, build->spare[i].next, build->spare[i].end);
  weft__table_finish(ctx, &index->table);
  index->count = (uint32_t)build->distinct;
  for (size_t part = 0; part < parts_of(build); part++)
    index->overflowing += build->overflowing[part];
  index->filter_blocks = weft__filter_blocks(index->count);
  if (!build->listed) {
    (void)!weft_slab_free(index->slab, index->row_list);
    index->row_list = NULL;
    index->places = index->rows;
  }
  return WEFT_OK;
}
