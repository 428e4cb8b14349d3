/* SPDX-License-Identifier: MIT
 *
 * The kernel xxh3_64 of the tables with vectors of 4 lanes or more. A chunk of rows is done
 *   in order, when nearly all of its rows have at most 32 bytes (xxh3_upto32.h), the others set aside;
 *   else sorted into classes by length, each class in vectors (xxh3_upto32.h, xxh3_upto240.h);
 * rows above 240 bytes by xxHash's own loop, with the secret of a seed derived once. Included by isa_table.c.
 */
#ifndef SIMD_KERNELS_XXH3_H
#define SIMD_KERNELS_XXH3_H

#include "simd/kernels/classes.h"
#include "simd/kernels/loop.h"
#include "simd/kernels/xxh3_upto240.h"
#include "simd/kernels/xxh3_upto32.h"
#include "simd/kernels/xxh3_ways.h"

enum xxh3_class { UPTO16, UPTO32, UPTO64, UPTO128, UPTO240, ABOVE240, XXH3_CLASSES };
/* clang-format off */
static const uint8_t xxh3_class_of[256] = {
    TIMES_16(UPTO16), UPTO16, TIMES_16(UPTO32), TIMES_32(UPTO64), TIMES_32(UPTO128), TIMES_32(UPTO128),
    TIMES_32(UPTO240), TIMES_32(UPTO240), TIMES_32(UPTO240), TIMES_16(UPTO240),
    ABOVE240, ABOVE240, ABOVE240, TIMES_4(ABOVE240), TIMES_4(ABOVE240), TIMES_4(ABOVE240)};
/* clang-format on */

/* What a kernel call hashes with: the one seed worked into secrets; with a seed per row these are of seed 0. */
struct xxh3_job {
  const struct simd_rows *batch;
  bool seed_per_row;
  uint64_t seed; /* the only one */
  struct xxh3_flips flips;
  struct xxh3_secrets secrets;
  uint64_t long_secret[24];
};

/* A chunk of it, from row `first` of the batch on. Arrays begin at the chunk. */
struct xxh3_chunk {
  size_t first, n;
  const uint8_t *const *ptrs;
  const uint64_t *bytes;
  const uint64_t *seeds;
  uint64_t *out;
  size_t asked; /* rows whose share of what comes next has been asked for */
  struct class_rows classes[XXH3_CLASSES];
};

/* Bit i: row i of the SIMD_BLOCK rows has more than `most` bytes. */
ALWAYS_INLINE uint64_t above(const uint64_t *bytes, size_t most) {
  uint64_t mask = 0;
  for (size_t i = 0; i < SIMD_BLOCK; i += V64_LANES)
    mask |= m64_bits(v64_gt(v64_load(bytes + i), v64_set1(most))) << i;
  return mask;
}

/* What a block of rows is read by, in order. They are stored and loaded again: what compilers keep in vectors they take out
 * with the shuffles that the kernel is short of. */
struct xxh3_places {
  const uint8_t *shuffles[SIMD_BLOCK]; /* in short_shuffles */
  const uint8_t *tails[SIMD_BLOCK];    /* where long_too: the last 16 bytes of a row above 16, the first of others */
};

ALWAYS_INLINE void xxh3_places(const uint8_t *const *ptrs, const uint64_t *bytes, bool long_too,
                               struct xxh3_places *places) {
  const v64 shuffles_at = v64_set1((uintptr_t)short_shuffles), limit = v64_set1(16);
  for (size_t i = 0; i < SIMD_BLOCK; i += V64_LANES) {
    v64 length = v64_load(bytes + i), cut = length;
    if (long_too) {
      m64 longer = v64_gt(length, limit);
      v64 start = v64_load((const uint64_t *)(const void *)(ptrs + i));
      v64_store((uint64_t *)(void *)(places->tails + i), v64_add(start, v64_keep(longer, v64_sub(length, limit))));
      cut = v64_select(longer, limit, length);
    }
    v64_store((uint64_t *)(void *)(places->shuffles + i), v64_add(shuffles_at, v64_shl(cut, 4)));
  }
}

/* Puts the rows of a block whose bits are set into their classes. */
static inline void put_aside(struct xxh3_chunk *c, size_t block, uint64_t rows) {
  for (; rows != 0; rows &= rows - 1) {
    size_t i = block + (size_t)__builtin_ctzll(rows);
    class_add(xxh3_class_of, i, c->bytes[i], c->classes);
  }
}

/* Stores V64_LANES hashes of which n are rows'. */
ALWAYS_INLINE void store_hashes(uint64_t *out, v64 hashes, size_t n) {
  uint64_t lanes[V64_LANES];
  if (n >= V64_LANES) {
    v64_store(out, hashes);
    return;
  }
  v64_store(lanes, hashes);
  memcpy(out, lanes, n * sizeof *lanes);
}

/* A block in order, as rows of at most 32 bytes, or of 16, where long_too is false (a constant, as seed_per_row is); longer
 * ones get a wrong hash. */
ALWAYS_INLINE void xxh3_in_order(const struct xxh3_job *job, struct xxh3_chunk *c, size_t block, bool seed_per_row,
                                 bool long_too) {
  struct xxh3_flips flips = job->flips;
  struct xxh3_places places;
  const uint8_t *const *ptrs = c->ptrs + block;
  const uint64_t *bytes = c->bytes + block;
  size_t n = c->n - block < SIMD_BLOCK ? c->n - block : SIMD_BLOCK;
  xxh3_places(ptrs, bytes, long_too, &places);
  for (size_t i = 0; i < n; i += V64_LANES) {
    prefetch_ahead(job->batch, c->first + c->asked + i, V64_LANES);
    if (seed_per_row)
      flips = xxh3_flips(v64_load(c->seeds + block + i));
    v64 hashes = xxh3_upto32(ptrs + i, places.shuffles + i, places.tails + i, v64_load(bytes + i), &flips, long_too);
    store_hashes(c->out + block + i, hashes, n - i);
  }
  c->asked += n;
}

/* Sorts the rows of a block into their classes. */
static inline void xxh3_sort(struct xxh3_chunk *c, size_t block) {
  size_t end = c->n - block < SIMD_BLOCK ? c->n : block + SIMD_BLOCK;
#if V64_LANES == 8
  /* 16 rows a step. A list is written 16 entries at a time, the rows of its class first. */
  const __m512i limit = _mm512_set1_epi32(0xffff);
  __m512i rows = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  rows = _mm512_add_epi32(rows, _mm512_set1_epi32((int)block));
  class_entry *ends[XXH3_CLASSES];
  for (size_t k = 0; k < XXH3_CLASSES; k++)
    ends[k] = c->classes[k].rows + c->classes[k].n;
  for (size_t i = block; i < end; i += 16) {
    __m256i low = _mm512_cvtusepi64_epi32(v64_load(c->bytes + i)),
            high = _mm512_cvtusepi64_epi32(v64_load(c->bytes + i + 8));
    __m512i length = _mm512_min_epu32(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1), limit);
    __m512i entries = _mm512_or_si512(rows, _mm512_slli_epi32(length, 16));
    uint32_t left = end - i < 16 ? (1u << (end - i)) - 1 : 0xffff, mine;
#define TAKE(class, most)                                                                  \
  mine = left & _mm512_cmple_epu32_mask(length, _mm512_set1_epi32(most));                  \
  left &= ~mine;                                                                           \
  _mm512_storeu_si512(ends[class], _mm512_maskz_compress_epi32((__mmask16)mine, entries)); \
  ends[class] += __builtin_popcount(mine);
    TAKE(UPTO16, 16)
    TAKE(UPTO32, 32)
    TAKE(UPTO64, 64)
    TAKE(UPTO128, 128)
    TAKE(UPTO240, 240)
    TAKE(ABOVE240, 0xffff)
#undef TAKE
    rows = _mm512_add_epi32(rows, _mm512_set1_epi32(16));
  }
  for (size_t k = 0; k < XXH3_CLASSES; k++)
    c->classes[k].n = (uint32_t)(ends[k] - c->classes[k].rows);
#else
  for (size_t i = block; i < end; i++)
    class_add(xxh3_class_of, i, c->bytes[i], c->classes);
#endif
}

/* V64_LANES rows of a list, all of class `class` (a constant, as seed_per_row is). */
ALWAYS_INLINE v64 xxh3_some_rows(const struct xxh3_job *job, const struct xxh3_chunk *c, enum xxh3_class class,
                                 const class_entry *list, bool seed_per_row) {
  static const size_t most[] = {[UPTO64] = 64, [UPTO128] = 128, [UPTO240] = 240};
  const uint8_t *ptrs[V64_LANES], *shuffles[V64_LANES], *tails[V64_LANES];
  size_t lengths[V64_LANES];
  uint64_t seeds[V64_LANES];
  struct xxh3_flips flips = job->flips;
  for (size_t i = 0; i < V64_LANES; i++) {
    size_t row = entry_row(list[i]);
    ptrs[i] = c->ptrs[row];
    lengths[i] = entry_bytes(list[i]);
    if (class == UPTO16)
      shuffles[i] = short_shuffles[lengths[i]];
    else
      tails[i] = ptrs[i] + lengths[i] - 16;
    if (seed_per_row)
      seeds[i] = c->seeds[row];
  }
  v64 length = v64_shr(v64_load_u32(list), 16);
  if (class > UPTO32)
    return xxh3_upto240(most[class], ptrs, lengths, length, &job->secrets, seed_per_row ? seeds : NULL);
  if (seed_per_row)
    flips = xxh3_flips(v64_load(seeds));
  return class == UPTO16 ? xxh3_upto32(ptrs, shuffles, NULL, length, &flips, false)
                         : xxh3_17to32(ptrs, tails, length, &flips);
}

/* All rows of a class. */
ALWAYS_INLINE void xxh3_class_rows(const struct xxh3_job *job, struct xxh3_chunk *c, enum xxh3_class class,
                                   bool seed_per_row) {
  const class_entry *list = c->classes[class].rows;
  size_t n = class_close(&c->classes[class], V64_LANES);
  for (size_t first = 0; first < n; first += SIMD_BLOCK) {
    uint64_t hashes[SIMD_BLOCK];
    size_t here = n - first < SIMD_BLOCK ? n - first : SIMD_BLOCK;
    for (size_t k = 0; k < here; k += V64_LANES) {
      if (c->asked < c->n) {
        prefetch_ahead(job->batch, c->first + c->asked, V64_LANES);
        c->asked += V64_LANES;
      }
      v64_store(hashes + k, xxh3_some_rows(job, c, class, list + first + k, seed_per_row));
    }
    for (size_t k = 0; k < here; k++) /* apart: right behind their vectors, hashes would be taken out of them one by one */
      c->out[entry_row(list[first + k])] = hashes[k];
  }
}

/* Rows above 240 bytes; returns their number. */
static size_t xxh3_long_rows(const struct xxh3_job *job, struct xxh3_chunk *c) {
  size_t n = class_close(&c->classes[ABOVE240], 1);
  for (size_t k = 0; k < n; k++) {
    size_t row = entry_row(c->classes[ABOVE240].rows[k]);
    const uint8_t *p = c->ptrs[row];
    uint64_t bytes = c->bytes[row];
    if (bytes <= 240)
      __builtin_unreachable();
    if (job->seed_per_row)
      c->out[row] = xxh3_64_seeded(p, bytes, c->seeds[row]);
    else if (job->seed == 0)
      c->out[row] = xxh3_64_seedless(p, bytes);
    else
      c->out[row] = xxh3_64_long(p, bytes, job->long_secret);
  }
  return n;
}

/* Hashes a chunk; returns the number of rows done in vectors. A block is done in order when that puts
 * aside at most a quarter of its rows. */
ALWAYS_INLINE size_t xxh3_chunk_rows(const struct xxh3_job *job, struct xxh3_chunk *c, bool seed_per_row) {
  for (size_t block = 0; block < c->n; block += SIMD_BLOCK) {
    size_t n = c->n - block < SIMD_BLOCK ? c->n - block : SIMD_BLOCK;
    uint64_t above32 = above(c->bytes + block, 32);
    if ((size_t)__builtin_popcountll(above32) * 4 > n) {
      xxh3_sort(c, block);
    } else if (above(c->bytes + block, 16) == 0) {
      xxh3_in_order(job, c, block, seed_per_row, false);
    } else {
      xxh3_in_order(job, c, block, seed_per_row, true);
      put_aside(c, block, above32);
    }
  }
  xxh3_class_rows(job, c, UPTO16, seed_per_row);
  xxh3_class_rows(job, c, UPTO32, seed_per_row);
  xxh3_class_rows(job, c, UPTO64, seed_per_row);
  xxh3_class_rows(job, c, UPTO128, seed_per_row);
  xxh3_class_rows(job, c, UPTO240, seed_per_row);
  return c->n - xxh3_long_rows(job, c);
}

static size_t xxh3_one_seed(const struct xxh3_job *job, struct xxh3_chunk *c) {
  return xxh3_chunk_rows(job, c, false);
}

static size_t xxh3_many_seeds(const struct xxh3_job *job, struct xxh3_chunk *c) {
  return xxh3_chunk_rows(job, c, true);
}

static size_t xxh3_64(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, uint64_t *out) {
  if (batch->total_bytes > SORTED_MEAN * batch->rows) {
    xxh3_64_rows(batch, 0, batch->rows, seeds, seed_per_row, out);
    return 0;
  }
  if (batch->rows == 0)
    return 0;
  uint64_t seed = seed_per_row ? 0 : seeds[0], row_seeds[CHUNK];
  struct xxh3_job job = {.batch = batch, .seed_per_row = seed_per_row, .seed = seed};
  job.flips = xxh3_flips(v64_set1(seed));
  job.secrets = xxh3_secrets(seed);
  xxh3_long_secret(seed, job.long_secret);
  struct xxh3_chunk chunk;
  for (size_t k = 0; k < XXH3_CLASSES; k++)
    chunk.classes[k].n = chunk.classes[k].n_back = 0;
  size_t done = 0;
  prefetch_start(batch);
  size_t rows = chunk_rows(batch);
  for (size_t first = 0; first < batch->rows; first += rows) {
    size_t left = batch->rows - first;
    chunk.first = first;
    chunk.n = left < rows ? left : rows;
    chunk.ptrs = batch->ptrs + first;
    chunk.bytes = batch->bytes + first;
    chunk.out = out + first;
    chunk.seeds = row_seeds;
    chunk.asked = 0;
    if (seed_per_row) /* out may be seeds */
      memcpy(row_seeds, seeds + first, chunk.n * sizeof *seeds);
    done += seed_per_row ? xxh3_many_seeds(&job, &chunk) : xxh3_one_seed(&job, &chunk);
    if (batch->has_nulls)
      NULLS_KEEP_SEEDS(batch, first, chunk.n, seed_per_row ? row_seeds : &seed, seed_per_row, chunk.out, NULL_IS_SEED);
  }
  return done;
}

#endif
