/* SPDX-License-Identifier: MIT
 *
 * The kernel xxh64 of a table with vectors of 256 bits or more: a row a lane, without a branch on lengths (which is what
 * a loop over XXH64 spends its time on: some 30 cycles a row in mispredicted branches). Included by isa_table.c.
 *
 * Of rows below 32 bytes every step that such a row can take is computed for all of them, and kept by those that have
 * it. Longer rows go through their stripes of 32 bytes first.
 *
 * The bound is the multiplies, 19 for rows below 32 bytes and 39 from there to 63; a 64-bit one takes six instructions with
 * AVX2. By llvm-mca (znver4) 16 rows below 32 bytes take 73 cycles with AVX-512, 8 take 128 with AVX2; on a Zen 4 118 and
 * 150 are measured.
 */
#ifndef SIMD_KERNELS_XXH64_H
#define SIMD_KERNELS_XXH64_H

#include "simd/kernels/lanes.h"
#include "simd/kernels/xxh3_secret.h"

/* Two vectors go through together, step by step: the steps of one wait for one another, some 70 cycles in all, and the
 * machine does not see far enough ahead to fill the time with the next one. EACH: for both. */
#define XXH64_GROUPS 2
#define XXH64_ROWS (XXH64_GROUPS * V64_LANES)
#define EACH for (size_t g = 0; g < XXH64_GROUPS; g++)

#define XXH64_STRIPE 32

struct xxh64_job {
  const struct simd_rows *batch;
  const uint64_t *seeds;
  bool seed_per_row;
  uint64_t *out;
};

ALWAYS_INLINE v64 xxh64_round(v64 sum, v64 word) {
  sum = v64_add(sum, v64_mul(word, v64_set1(PRIME64_2)));
  return v64_mul(v64_rotl(sum, 31), v64_set1(PRIME64_1));
}

ALWAYS_INLINE v64 xxh64_word(v64 hash, v64 word) {
  hash = v64_xor(hash, xxh64_round(v64_set1(0), word));
  return v64_add(v64_mul(v64_rotl(hash, 27), v64_set1(PRIME64_1)), v64_set1(PRIME64_4));
}

ALWAYS_INLINE v64 xxh64_byte(v64 hash, v64 byte) {
  hash = v64_xor(hash, v64_mul_small(byte, v64_set1(PRIME64_5)));
  return v64_mul(v64_rotl(hash, 11), v64_set1(PRIME64_1));
}

ALWAYS_INLINE v64 xxh64_half_word(v64 hash, v64 half) {
  hash = v64_xor(hash, v64_mul_small(half, v64_set1(PRIME64_1)));
  return v64_add(v64_mul(v64_rotl(hash, 23), v64_set1(PRIME64_2)), v64_set1(PRIME64_3));
}

ALWAYS_INLINE void xxh64_avalanche(v64 *hash) {
  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_shr(hash[g], 33)), v64_set1(PRIME64_2));
  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_shr(hash[g], 29)), v64_set1(PRIME64_3));
  EACH hash[g] = v64_xor(hash[g], v64_shr(hash[g], 32));
}

/* What comes after the stripes: the row's last `rest` < 32 bytes, which are the first ones of words. */
ALWAYS_INLINE void xxh64_rest(v64 *hash, v64 (*words)[4], const v64 *rest) {
  m64 has8[XXH64_GROUPS], has16[XXH64_GROUPS], has24[XXH64_GROUPS], has4[XXH64_GROUPS];
  EACH {
    has8[g] = v64_gt(rest[g], v64_set1(7)), has16[g] = v64_gt(rest[g], v64_set1(15));
    has24[g] = v64_gt(rest[g], v64_set1(23)), has4[g] = v64_has_bit(rest[g], 2);
  }
  EACH hash[g] = v64_select(has8[g], xxh64_word(hash[g], words[g][0]), hash[g]);
  EACH hash[g] = v64_select(has16[g], xxh64_word(hash[g], words[g][1]), hash[g]);
  EACH hash[g] = v64_select(has24[g], xxh64_word(hash[g], words[g][2]), hash[g]);

  v64 last[XXH64_GROUPS], bytes[XXH64_GROUPS];
  EACH {
    last[g] =
        v64_select(has24[g], words[g][3], v64_select(has16[g], words[g][2], v64_select(has8[g], words[g][1], words[g][0])));
    v64 half = v64_and(last[g], v64_set1(0xffffffff));
    hash[g] = v64_select(has4[g], xxh64_half_word(hash[g], half), hash[g]);
    last[g] = v64_select(has4[g], v64_shr(last[g], 32), last[g]);
    bytes[g] = v64_and(rest[g], v64_set1(3));
  }
  EACH hash[g] = v64_select(v64_gt(bytes[g], v64_set1(0)), xxh64_byte(hash[g], v64_byte(last[g], 0)), hash[g]);
  EACH hash[g] = v64_select(v64_gt(bytes[g], v64_set1(1)), xxh64_byte(hash[g], v64_byte(last[g], 1)), hash[g]);
  EACH hash[g] = v64_select(v64_gt(bytes[g], v64_set1(2)), xxh64_byte(hash[g], v64_byte(last[g], 2)), hash[g]);
}

/* Rows below 32 bytes; of longer ones, which may be among them, the hash is garbage. hash: the seeds; then the hashes. */
ALWAYS_INLINE void xxh64_short(const uint8_t *const *ptrs, const v64 *length, v64 *hash) {
  v64 words[XXH64_GROUPS][4];
  EACH {
    v64_load_rows(ptrs + g * V64_LANES, 0, words[g]);
    hash[g] = v64_add(v64_add(hash[g], v64_set1(PRIME64_5)), length[g]);
  }
  xxh64_rest(hash, words, length);
  xxh64_avalanche(hash);
}

/* Of words, the 32 bytes that end with a row, makes words that begin with its last `rest` bytes; behind those is
 * garbage. */
ALWAYS_INLINE void xxh64_align(v64 *words, v64 rest) {
  v64 skip = v64_sub(v64_set1(XXH64_STRIPE), rest), down = v64_shl(v64_and(skip, v64_set1(7)), 3);
  v64 up = v64_sub(v64_set1(64), down);
  m64 one = v64_has_bit(skip, 3), two = v64_has_bit(skip, 4);
  v64 a = v64_select(one, words[1], words[0]), b = v64_select(one, words[2], words[1]);
  v64 c = v64_select(one, words[3], words[2]), d = words[3];
  a = v64_select(two, c, a), b = v64_select(two, d, b);
  words[0] = v64_or(v64_shr_each(a, down), v64_shl_each(b, up));
  words[1] = v64_or(v64_shr_each(b, down), v64_shl_each(c, up));
  words[2] = v64_or(v64_shr_each(c, down), v64_shl_each(d, up));
  words[3] = v64_shr_each(d, down);
}

/* Rows of 32 bytes or more, of `least` stripes or more each. hash: the seeds; then the hashes. Of stripes past a row's
 * last one the row's last 32 bytes are read in their place. */
ALWAYS_INLINE void xxh64_long(const uint8_t *const *ptrs, const v64 *start, const v64 *length, size_t least, v64 *hash) {
  v64 words[XXH64_GROUPS][4], sums[XXH64_GROUPS][4], last[XXH64_GROUPS], rest[XXH64_GROUPS];
  const uint8_t *at[XXH64_ROWS];
  _Static_assert(sizeof *at == sizeof(uint64_t), "addresses are computed in lanes");
  EACH {
    sums[g][0] = v64_add(hash[g], v64_set1(PRIME64_1 + PRIME64_2));
    sums[g][1] = v64_add(hash[g], v64_set1(PRIME64_2));
    sums[g][2] = hash[g];
    sums[g][3] = v64_sub(hash[g], v64_set1(PRIME64_1));
    last[g] = v64_sub(length[g], v64_set1(XXH64_STRIPE));
  }
  size_t done = 0;
  do {
    EACH {
      v64_load_rows(ptrs + g * V64_LANES, done * XXH64_STRIPE, words[g]);
      for (size_t k = 0; k < 4; k++)
        sums[g][k] = xxh64_round(sums[g][k], words[g][k]);
    }
  } while (++done < least);
  for (;; done++) {
    m64 more[XXH64_GROUPS];
    uint64_t any = 0;
    EACH {
      more[g] = v64_gt(length[g], v64_set1(done * XXH64_STRIPE + XXH64_STRIPE - 1));
      any |= m64_bits(more[g]);
    }
    if (any == 0)
      break;
    EACH v64_store((uint64_t *)(void *)(at + g * V64_LANES),
                   v64_add(start[g], v64_select(more[g], v64_set1(done * XXH64_STRIPE), last[g])));
    EACH {
      v64_load_rows(at + g * V64_LANES, 0, words[g]);
      for (size_t k = 0; k < 4; k++)
        sums[g][k] = v64_select(more[g], xxh64_round(sums[g][k], words[g][k]), sums[g][k]);
    }
  }
  EACH hash[g] = v64_add(v64_add(v64_rotl(sums[g][0], 1), v64_rotl(sums[g][1], 7)),
                         v64_add(v64_rotl(sums[g][2], 12), v64_rotl(sums[g][3], 18)));
  for (size_t k = 0; k < 4; k++)
    EACH {
      hash[g] = v64_xor(hash[g], xxh64_round(v64_set1(0), sums[g][k]));
      hash[g] = v64_add(v64_mul(hash[g], v64_set1(PRIME64_1)), v64_set1(PRIME64_4));
    }
  uint64_t any = 0;
  EACH {
    hash[g] = v64_add(hash[g], length[g]);
    rest[g] = v64_and(length[g], v64_set1(XXH64_STRIPE - 1));
    any |= m64_bits(v64_gt(rest[g], v64_set1(0)));
    v64_store((uint64_t *)(void *)(at + g * V64_LANES), v64_add(start[g], last[g]));
  }
  if (any != 0) {
    EACH {
      v64_load_rows(at + g * V64_LANES, 0, words[g]);
      xxh64_align(words[g], rest[g]);
    }
    xxh64_rest(hash, words, rest);
  }
  xxh64_avalanche(hash);
}

ONE_COPY void xxh64_listed(const void *opaque, unsigned number, const uint32_t *rows) {
  const struct xxh64_job *job = opaque;
  const struct simd_rows *batch = job->batch;
  const uint8_t *ptrs[XXH64_ROWS];
  v64 hash[XXH64_GROUPS], length[XXH64_GROUPS], start[XXH64_GROUPS];
  uint64_t hashes[XXH64_ROWS];
  for (size_t i = 0; i < XXH64_ROWS; i++)
    ptrs[i] = batch->ptrs[rows[i]];
  EACH {
    const uint32_t *these = rows + g * V64_LANES;
    hash[g] = job->seed_per_row ? v64_pick(job->seeds, these) : v64_set1(job->seeds[0]);
    length[g] = v64_pick(batch->bytes, these);
    start[g] = v64_pick(batch->ptrs, these);
  }
  if (number == 0)
    xxh64_short(ptrs, length, hash);
  else
    xxh64_long(ptrs, start, length, (size_t)1 << (number - 1), hash);
  EACH v64_store(hashes + g * V64_LANES, hash[g]);
  for (size_t i = 0; i < XXH64_ROWS; i++)
    job->out[rows[i]] = hashes[i];
}

ALWAYS_INLINE void xxh64_in_place(const void *opaque, size_t first, uint64_t rows, size_t asked) {
  const struct xxh64_job *job = opaque;
  const struct simd_rows *batch = job->batch;
  v64 seed[XXH64_GROUPS], hash[XXH64_GROUPS], length[XXH64_GROUPS];
  EACH seed[g] = v64_set1(job->seeds[0]);
  size_t end = first + SIMD_BLOCK < batch->rows ? first + SIMD_BLOCK : batch->rows;
  for (size_t i = first; i < end; i += XXH64_ROWS, rows >>= XXH64_ROWS) {
    uint64_t edge[XXH64_ROWS];
    size_t n = end - i < XXH64_ROWS ? end - i : XXH64_ROWS;
    prefetch_ahead(batch, asked + (i - first), XXH64_ROWS);
    if (job->seed_per_row && n == XXH64_ROWS) {
      EACH seed[g] = v64_load(job->seeds + i + g * V64_LANES);
    } else if (job->seed_per_row) {
      memset(edge, 0, sizeof edge);
      memcpy(edge, job->seeds + i, n * sizeof *edge);
      EACH seed[g] = v64_load(edge + g * V64_LANES);
    }
    EACH hash[g] = seed[g], length[g] = v64_load(batch->bytes + i + g * V64_LANES);
    xxh64_short(batch->ptrs + i, length, hash);
    uint64_t *to = n == XXH64_ROWS ? job->out + i : edge;
    EACH v64_store(to + g * V64_LANES, v64_select(m64_of_bits(rows >> g * V64_LANES), hash[g], seed[g]));
    if (n < XXH64_ROWS)
      memcpy(job->out + i, edge, n * sizeof *edge);
  }
}

static void xxh64_loop(const void *opaque, size_t first, size_t end) {
  const struct xxh64_job *job = opaque;
  xxh64_rows(job->batch, first, end, job->seeds, job->seed_per_row, job->out);
}

static size_t xxh64(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, uint64_t *out) {
  /* With four lanes rows of 512 bytes or more gain nothing in the cache, and lose a third of their speed from DRAM. */
  static const struct lanes_kernel kernel = {.together = XXH64_ROWS,
                                             .lists = V64_LANES == 4 ? 5 : LANES_LISTS,
                                             .in_place = xxh64_in_place,
                                             .listed = xxh64_listed,
                                             .loop = xxh64_loop};
  const struct xxh64_job job = {batch, seeds, seed_per_row, out};
  return lanes_batch(&kernel, &job, batch);
}

/* With four lanes a loop that foresees lengths takes 3 to 5 ns for a row of up to 16 bytes, this kernel 5.5 (Zen 4);
 * with eight it is never faster. */
ALWAYS_INLINE bool xxh64_loop_wins(const struct sample *sample) {
  return V64_LANES == 4 && lanes_loop_wins(sample, 16);
}

#undef EACH
#endif
