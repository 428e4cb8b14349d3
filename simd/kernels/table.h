/* SPDX-License-Identifier: MIT
 *
 * The kernels of the hash table: find and insert, over batches of hashes, and scatter, which brings together what goes to
 * the same part of it; of rows alone, which partitions consist of, scatter_rows does. Included by isa_table.c, after vec.h
 * where there are vectors.
 *
 * A probe is bound by the miss of its bucket's line, so the loops ask for lines well ahead and hold no branch that waits
 * for one: all slots are compared at once, what is found (or where the search goes on) is selected by a count of zeros, and
 * the few rows whose place has overflowed are put aside for a second pass.
 */
#ifndef SIMD_KERNELS_TABLE_H
#define SIMD_KERNELS_TABLE_H

#include "simd/kernels.h"

/* Bit k: slot k has this hash. Bits past the slots may be set. */
static inline unsigned slots_with(const struct simd_bucket *bucket, uint64_t hash) {
  unsigned bits = 0, k = 0;
#ifdef V64_LANES
  const v64 wanted = v64_set1(hash);
  for (; k + V64_LANES <= (V64_LANES == 8 ? 8 : SIMD_SLOTS); k += V64_LANES)
    bits |= (unsigned)m64_bits(v64_eq(v64_load(bucket->hash + k), wanted)) << k;
#endif
  for (; k < SIMD_SLOTS; k++)
    bits |= (unsigned)(bucket->hash[k] == hash) << k;
  return bits;
}

/* The first slot with this hash; SIMD_SLOTS when there is none. An empty slot may be it, whose id is SIMD_NO_ID. */
static inline unsigned slot_with(const struct simd_bucket *bucket, uint64_t hash) {
  return (unsigned)__builtin_ctz(slots_with(bucket, hash) | 1u << SIMD_SLOTS);
}

/* Always inlined, all: of a call that does nothing but ask for memory gcc makes none. */
ALWAYS_INLINE void ask_for_bucket(const struct simd_table *table, uint64_t hash) {
  __builtin_prefetch(&table->buckets[simd_place(hash, table->n_buckets)]);
}

/* How a batch asks for its buckets: those of a near table `ahead` rows on, for the rows before `asked`; those of a far one
 * a part of the batch at once, to the second-level cache, and from there likewise. */
enum { ASKED_AT_ONCE = 1024 };
struct asking {
  bool far;
  size_t ahead, asked;
};

ALWAYS_INLINE struct asking begin_asking(const struct simd_table *table, const uint64_t *hashes, size_t n, size_t ahead) {
  const bool far = ahead != 0 && table->n_buckets > SIMD_FAR_BYTES / sizeof *table->buckets;
  if (far)
    return (struct asking){true, SIMD_NEAR, n > SIMD_NEAR ? n - SIMD_NEAR : 0};
  for (size_t i = 0; i < ahead && i < n; i++)
    ask_for_bucket(table, hashes[i]);
  return (struct asking){false, ahead, ahead != 0 && n > ahead ? n - ahead : 0};
}

/* The end of the part of n rows that begins at i; of a near table all are one. */
ALWAYS_INLINE size_t next_part(const struct simd_table *table, const struct asking *asking, const uint64_t *hashes,
                               size_t n, size_t i) {
  size_t end = !asking->far || n - i < ASKED_AT_ONCE ? n : i + ASKED_AT_ONCE;
  for (; asking->far && i < end; i++)
    simd_ask_far(&table->buckets[simd_place(hashes[i], table->n_buckets)]);
  return end;
}

static void find(const struct simd_table *table, const uint64_t *hashes, size_t n, size_t ahead, uint32_t *ids,
                 uint32_t *later) {
  size_t n_later = 0;
  const struct asking asking = begin_asking(table, hashes, n, ahead);
  for (size_t i = 0; i < n;)
    for (size_t end = next_part(table, &asking, hashes, n, i); i < end; i++) {
      if (i < asking.asked)
        ask_for_bucket(table, hashes[i + asking.ahead]);
      const struct simd_bucket *bucket = &table->buckets[simd_place(hashes[i], table->n_buckets)];
      unsigned slot = slot_with(bucket, hashes[i]);
      uint32_t id = bucket->id[slot];
      ids[i] = id;
      later[n_later] = (uint32_t)i;
      n_later += (slot == SIMD_SLOTS) & (id != SIMD_NO_ID);
    }
  for (size_t k = 0; k < n_later; k++) {
    enum { AHEAD = 8 };
    if (k + AHEAD < n_later)
      __builtin_prefetch(simd_overflow_bucket(table, ids[later[k + AHEAD]]));
    size_t i = later[k];
    unsigned slot;
    uint32_t id = ids[i];
    do {
      const struct simd_bucket *bucket = simd_overflow_bucket(table, id);
      slot = slot_with(bucket, hashes[i]);
      id = bucket->id[slot];
    } while (slot == SIMD_SLOTS && id != SIMD_NO_ID);
    ids[i] = id;
  }
}

static size_t insert(struct simd_table *table, const uint64_t *hashes, const uint32_t *rows, size_t n, size_t ahead,
                     uint32_t next_id, uint32_t *ids) {
  size_t entered = 0;
  const struct asking asking = begin_asking(table, hashes, n, ahead);
  for (size_t i = 0; i < n;)
    for (size_t end = next_part(table, &asking, hashes, n, i); i < end; i++) {
      if (i < asking.asked)
        ask_for_bucket(table, hashes[i + asking.ahead]);
      uint64_t hash = hashes[i];
      struct simd_bucket *bucket = &table->buckets[simd_place(hash, table->n_buckets)];
      unsigned slot = slot_with(bucket, hash);
      while (slot == SIMD_SLOTS && bucket->id[SIMD_SLOTS] != SIMD_NO_ID) {
        bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS]);
        slot = slot_with(bucket, hash);
      }
      uint32_t id = slot < SIMD_SLOTS ? bucket->id[slot] : SIMD_NO_ID;
      if (id == SIMD_NO_ID) {
        unsigned used = 0;
        for (unsigned k = 0; k < SIMD_SLOTS; k++)
          used += bucket->id[k] != SIMD_NO_ID;
        if (used == SIMD_SLOTS) {
          bucket = simd_overflow(table, bucket);
          used = 0;
        }
        id = rows ? rows[i] : next_id + (uint32_t)entered;
        entered++;
        bucket->hash[used] = hash;
        bucket->id[used] = id;
      }
      ids[i] = id;
    }
  return entered;
}

/* Wider vectors bring rows together no faster: these tables have it from the one below them. */
#if defined(SIMD_ISA_avx2) || defined(SIMD_ISA_avx512)
#define scatter NULL
#define scatter_rows NULL
#else

/* Whole lines, which are read again only when all rows have been brought together: past the caches. */
ALWAYS_INLINE void write_past_caches(void *to, const void *line, size_t bytes) {
#if defined(__SSE2__) && !defined(SIMD_ISA_scalar)
  for (size_t k = 0; k < bytes / sizeof(__m128i); k++)
    _mm_stream_si128((__m128i *)to + k, _mm_load_si128((const __m128i *)line + k));
#else
  memcpy(to, line, bytes);
#endif
}

/* A part's line, full now, to where it starts in `all`; values before `before` are another part's, or another slice's. */
ALWAYS_INLINE void write_line(void *all, const void *line, size_t start, size_t before, size_t width) {
  if (before == 0)
    write_past_caches((char *)all + start * width, line, SIMD_LINES_ROWS * width);
  else
    memcpy((char *)all + (start + before) * width, (const char *)line + before * width, (SIMD_LINES_ROWS - before) * width);
}

/* By hashes, which go along; or where `alone` is true by part_of. */
ALWAYS_INLINE void scatter_by(bool alone, const uint64_t *hashes, const uint16_t *part_of, const uint64_t *valid, size_t n,
                              uint32_t first_row, const struct simd_parts *parts) {
  for (size_t i = 0; i < n; i++) {
    size_t part = alone ? part_of[i] : simd_part(hashes[i], parts->bits);
    uint32_t *rows = alone ? parts->row_lines[part] : parts->lines[part].rows;
    uint32_t at = parts->next[part], in_line = at % SIMD_LINES_ROWS;
    bool taken = !valid || valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
    if (!alone)
      parts->lines[part].hashes[in_line] = hashes[i];
    rows[in_line] = first_row + (uint32_t)i;
    parts->next[part] = at + taken;
    if (in_line != SIMD_LINES_ROWS - 1 || !taken)
      continue;
    uint32_t start = at - in_line, first = parts->first[part], before = start >= first ? 0 : first - start;
    if (!alone)
      write_line(parts->hashes, parts->lines[part].hashes, start, before, sizeof *hashes);
    write_line(parts->rows, rows, start, before, sizeof *rows);
  }
#if defined(__SSE2__) && !defined(SIMD_ISA_scalar)
  _mm_sfence();
#endif
}

static void scatter(const uint64_t *hashes, const uint64_t *valid, size_t n, uint32_t first_row,
                    const struct simd_parts *parts) {
  scatter_by(false, hashes, NULL, valid, n, first_row, parts);
}

static void scatter_rows(const uint16_t *part, size_t n, uint32_t first_row, const struct simd_parts *parts) {
  scatter_by(true, NULL, part, NULL, n, first_row, parts);
}

#endif
#endif
