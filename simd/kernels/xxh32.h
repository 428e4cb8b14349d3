/* SPDX-License-Identifier: MIT
 *
 * The kernel xxh32 of a table with vectors: a row a lane, without a branch on lengths. Included by isa_table.c.
 *
 * Of rows below 32 bytes every step that such a row can take is computed for all of them, a stripe of 16 bytes among
 * them, and kept by those that have it. Longer rows go through their stripes first.
 *
 * By llvm-mca (znver4) 32 rows below 32 bytes take 113 cycles with AVX-512, 16 take 93 with AVX2 and 8 take 97 with SSE;
 * on a Zen 4 205, 147 and 127 are measured. NEON: 40 instructions a row.
 */
#ifndef SIMD_KERNELS_XXH32_H
#define SIMD_KERNELS_XXH32_H

#include "simd/kernels/lanes.h"
#include "simd/vec32.h"

#define XXH32_PRIME_1 0x9e3779b1
#define XXH32_PRIME_2 0x85ebca77
#define XXH32_PRIME_3 0xc2b2ae3d
#define XXH32_PRIME_4 0x27d4eb2f
#define XXH32_PRIME_5 0x165667b1

/* Vectors that go through together, as in xxh64.h. */
#define XXH32_GROUPS 2
#define XXH32_ROWS (XXH32_GROUPS * V32_LANES)
#define EACH for (size_t g = 0; g < XXH32_GROUPS; g++)

#define XXH32_STRIPE 16

struct xxh32_job {
  const struct simd_rows *batch;
  const uint32_t *seeds;
  bool seed_per_row;
  uint32_t *out;
};

ALWAYS_INLINE v32 xxh32_round(v32 sum, v32 word) {
  sum = v32_add(sum, v32_mul(word, v32_set1(XXH32_PRIME_2)));
  return v32_mul(v32_rotl(sum, 13), v32_set1(XXH32_PRIME_1));
}

ALWAYS_INLINE v32 xxh32_word(v32 hash, v32 word) {
  hash = v32_add(hash, v32_mul(word, v32_set1(XXH32_PRIME_3)));
  return v32_mul(v32_rotl(hash, 17), v32_set1(XXH32_PRIME_4));
}

ALWAYS_INLINE v32 xxh32_byte(v32 hash, v32 byte) {
  hash = v32_add(hash, v32_mul(byte, v32_set1(XXH32_PRIME_5)));
  return v32_mul(v32_rotl(hash, 11), v32_set1(XXH32_PRIME_1));
}

ALWAYS_INLINE void xxh32_start(v32 seed, v32 sums[4]) {
  sums[0] = v32_add(seed, v32_set1(XXH32_PRIME_1 + XXH32_PRIME_2));
  sums[1] = v32_add(seed, v32_set1(XXH32_PRIME_2));
  sums[2] = seed;
  sums[3] = v32_add(seed, v32_set1(0 - XXH32_PRIME_1));
}

ALWAYS_INLINE v32 xxh32_merge(const v32 sums[4]) {
  return v32_add(v32_add(v32_rotl(sums[0], 1), v32_rotl(sums[1], 7)),
                 v32_add(v32_rotl(sums[2], 12), v32_rotl(sums[3], 18)));
}

ALWAYS_INLINE void xxh32_avalanche(v32 *hash) {
  EACH hash[g] = v32_mul(v32_xor(hash[g], v32_shr(hash[g], 15)), v32_set1(XXH32_PRIME_2));
  EACH hash[g] = v32_mul(v32_xor(hash[g], v32_shr(hash[g], 13)), v32_set1(XXH32_PRIME_3));
  EACH hash[g] = v32_xor(hash[g], v32_shr(hash[g], 16));
}

/* What comes after the stripes: the row's last `rest` < 16 bytes, which are the first ones of words. */
ALWAYS_INLINE void xxh32_rest(v32 *hash, v32 (*words)[4], const v32 *rest) {
  m32 has4[XXH32_GROUPS], has8[XXH32_GROUPS], has12[XXH32_GROUPS];
  EACH {
    has4[g] = v32_gt(rest[g], v32_set1(3)), has8[g] = v32_gt(rest[g], v32_set1(7));
    has12[g] = v32_gt(rest[g], v32_set1(11));
  }
  EACH hash[g] = v32_select(has4[g], xxh32_word(hash[g], words[g][0]), hash[g]);
  EACH hash[g] = v32_select(has8[g], xxh32_word(hash[g], words[g][1]), hash[g]);
  EACH hash[g] = v32_select(has12[g], xxh32_word(hash[g], words[g][2]), hash[g]);

  v32 last[XXH32_GROUPS], bytes[XXH32_GROUPS];
  EACH {
    last[g] =
        v32_select(has12[g], words[g][3], v32_select(has8[g], words[g][2], v32_select(has4[g], words[g][1], words[g][0])));
    bytes[g] = v32_and(rest[g], v32_set1(3));
  }
  EACH hash[g] = v32_select(v32_gt(bytes[g], v32_set1(0)), xxh32_byte(hash[g], v32_byte(last[g], 0)), hash[g]);
  EACH hash[g] = v32_select(v32_gt(bytes[g], v32_set1(1)), xxh32_byte(hash[g], v32_byte(last[g], 1)), hash[g]);
  EACH hash[g] = v32_select(v32_gt(bytes[g], v32_set1(2)), xxh32_byte(hash[g], v32_byte(last[g], 2)), hash[g]);
}

/* Rows below 32 bytes; of longer ones, which may be among them, the hash is garbage. hash: the seeds; then the hashes. */
ALWAYS_INLINE void xxh32_short(const uint8_t *const *ptrs, const v32 *length, v32 *hash) {
  v32 words[XXH32_GROUPS][4], stripe[XXH32_GROUPS][4], sums[XXH32_GROUPS][4], rest[XXH32_GROUPS];
  EACH {
    v32_load_long_rows(ptrs + g * V32_LANES, stripe[g], words[g]);
    m32 has_stripe = v32_has_bit(length[g], 4);
    xxh32_start(hash[g], sums[g]);
    for (size_t k = 0; k < 4; k++) {
      sums[g][k] = xxh32_round(sums[g][k], stripe[g][k]);
      words[g][k] = v32_select(has_stripe, words[g][k], stripe[g][k]);
    }
    hash[g] = v32_select(has_stripe, xxh32_merge(sums[g]), v32_add(hash[g], v32_set1(XXH32_PRIME_5)));
    hash[g] = v32_add(hash[g], length[g]);
    rest[g] = v32_and(length[g], v32_set1(XXH32_STRIPE - 1));
  }
  xxh32_rest(hash, words, rest);
  xxh32_avalanche(hash);
}

/* Rows of 32 bytes or more, of `least` stripes or more each. hash: the seeds; then the hashes. Of stripes past a row's last
 * one the row's last 16 bytes are read in their place. */
ALWAYS_INLINE void xxh32_long(const struct simd_rows *batch, const uint32_t *rows, size_t least, v32 *hash) {
  enum { HALVES = 2 * XXH32_GROUPS };
  v64 start[HALVES], last[HALVES];
  v32 words[XXH32_GROUPS][4], sums[XXH32_GROUPS][4], length[XXH32_GROUPS], rest[XXH32_GROUPS];
  const uint8_t *at[XXH32_ROWS];
  uint8_t skip[XXH32_ROWS];
  _Static_assert(sizeof *at == sizeof(uint64_t), "addresses are computed in lanes");
  for (size_t i = 0; i < XXH32_ROWS; i++)
    at[i] = batch->ptrs[rows[i]];
  EACH xxh32_start(hash[g], sums[g]);
  size_t done = 0;
  do {
    EACH {
      v32_load_rows(at + g * V32_LANES, done * XXH32_STRIPE, words[g]);
      for (size_t k = 0; k < 4; k++)
        sums[g][k] = xxh32_round(sums[g][k], words[g][k]);
    }
  } while (++done < least);
  for (size_t h = 0; h < HALVES; h++) {
    start[h] = v64_pick(batch->ptrs, rows + h * V64_LANES);
    last[h] = v64_pick(batch->bytes, rows + h * V64_LANES);
  }
  EACH length[g] = v32_narrow(last[2 * g], last[2 * g + 1]);
  for (size_t h = 0; h < HALVES; h++)
    last[h] = v64_sub(last[h], v64_set1(XXH32_STRIPE));
  for (;; done++) {
    m32 more[XXH32_GROUPS];
    uint64_t any = 0;
    EACH {
      more[g] = v32_gt(length[g], v32_set1((uint32_t)(done * XXH32_STRIPE + XXH32_STRIPE - 1)));
      any |= m32_bits(more[g]);
    }
    if (any == 0)
      break;
    const v64 offset = v64_set1(done * XXH32_STRIPE);
    for (size_t h = 0; h < HALVES; h++)
      v64_store((uint64_t *)(void *)(at + h * V64_LANES),
                v64_add(start[h], v64_select(v64_gt(offset, last[h]), last[h], offset)));
    EACH {
      v32_load_rows(at + g * V32_LANES, 0, words[g]);
      for (size_t k = 0; k < 4; k++)
        sums[g][k] = v32_select(more[g], xxh32_round(sums[g][k], words[g][k]), sums[g][k]);
    }
  }
  uint64_t any = 0;
  EACH {
    hash[g] = v32_add(xxh32_merge(sums[g]), length[g]);
    rest[g] = v32_and(length[g], v32_set1(XXH32_STRIPE - 1));
    any |= m32_bits(v32_gt(rest[g], v32_set1(0)));
  }
  if (any != 0) {
    for (size_t i = 0; i < XXH32_ROWS; i++) {
      at[i] = batch->ptrs[rows[i]] + batch->bytes[rows[i]];
      skip[i] = (uint8_t)(XXH32_STRIPE - batch->bytes[rows[i]] % XXH32_STRIPE);
    }
    EACH v32_load_ends(at + g * V32_LANES, skip + g * V32_LANES, words[g]);
    xxh32_rest(hash, words, rest);
  }
  xxh32_avalanche(hash);
}

ONE_COPY void xxh32_listed(const void *opaque, unsigned number, const uint32_t *rows) {
  const struct xxh32_job *job = opaque;
  const struct simd_rows *batch = job->batch;
  uint32_t words[XXH32_ROWS]; /* seeds, then hashes */
  v32 hash[XXH32_GROUPS];
  for (size_t i = 0; i < XXH32_ROWS; i++)
    words[i] = job->seeds[job->seed_per_row ? rows[i] : 0];
  EACH hash[g] = v32_load(words + g * V32_LANES);
  if (number == 0) {
    const uint8_t *ptrs[XXH32_ROWS];
    v32 length[XXH32_GROUPS];
    for (size_t i = 0; i < XXH32_ROWS; i++)
      ptrs[i] = batch->ptrs[rows[i]];
    EACH {
      const uint32_t *these = rows + g * V32_LANES;
      length[g] = v32_narrow(v64_pick(batch->bytes, these), v64_pick(batch->bytes, these + V64_LANES));
    }
    xxh32_short(ptrs, length, hash);
  } else {
    xxh32_long(batch, rows, (size_t)1 << number, hash);
  }
  EACH v32_store(words + g * V32_LANES, hash[g]);
  for (size_t i = 0; i < XXH32_ROWS; i++)
    job->out[rows[i]] = words[i];
}

ALWAYS_INLINE void xxh32_in_place(const void *opaque, size_t first, uint64_t rows, size_t asked) {
  const struct xxh32_job *job = opaque;
  const struct simd_rows *batch = job->batch;
  v32 seed[XXH32_GROUPS], hash[XXH32_GROUPS], length[XXH32_GROUPS];
  EACH seed[g] = v32_set1(job->seeds[0]);
  size_t end = first + SIMD_BLOCK < batch->rows ? first + SIMD_BLOCK : batch->rows;
  for (size_t i = first; i < end; i += XXH32_ROWS, rows >>= XXH32_ROWS) {
    uint32_t edge[XXH32_ROWS];
    size_t n = end - i < XXH32_ROWS ? end - i : XXH32_ROWS;
    prefetch_ahead(batch, asked + (i - first), XXH32_ROWS);
    if (job->seed_per_row && n == XXH32_ROWS) {
      EACH seed[g] = v32_load(job->seeds + i + g * V32_LANES);
    } else if (job->seed_per_row) {
      memset(edge, 0, sizeof edge);
      memcpy(edge, job->seeds + i, n * sizeof *edge);
      EACH seed[g] = v32_load(edge + g * V32_LANES);
    }
    EACH {
      const uint64_t *bytes = batch->bytes + i + g * V32_LANES;
      hash[g] = seed[g], length[g] = v32_narrow(v64_load(bytes), v64_load(bytes + V64_LANES));
    }
    xxh32_short(batch->ptrs + i, length, hash);
    uint32_t *to = n == XXH32_ROWS ? job->out + i : edge;
    EACH v32_store(to + g * V32_LANES, v32_select(m32_of_bits(rows >> g * V32_LANES), hash[g], seed[g]));
    if (n < XXH32_ROWS)
      memcpy(job->out + i, edge, n * sizeof *edge);
  }
}

static void xxh32_loop(const void *opaque, size_t first, size_t end) {
  const struct xxh32_job *job = opaque;
  xxh32_rows(job->batch, first, end, job->seeds, job->seed_per_row, job->out);
}

static size_t xxh32(const struct simd_rows *batch, const uint32_t *seeds, bool seed_per_row, uint32_t *out) {
  static const struct lanes_kernel kernel = {
      .together = XXH32_ROWS, .lists = LANES_LISTS, .in_place = xxh32_in_place, .listed = xxh32_listed, .loop = xxh32_loop};
  const struct xxh32_job job = {batch, seeds, seed_per_row, out};
  return lanes_batch(&kernel, &job, batch);
}

/* With four lanes a loop that foresees lengths takes 2.7 to 3.7 ns for a row of up to 8 bytes, this kernel 4.2 (Zen 4);
 * with more it is never faster. */
ALWAYS_INLINE bool xxh32_loop_wins(const struct sample *sample) {
  return V32_LANES == 4 && lanes_loop_wins(sample, 8);
}

#undef EACH
#endif
