/* SPDX-License-Identifier: MIT
 *
 * The kernel xxh64 of a table with vectors of 256 bits or more: a row a lane, without a branch on lengths (which is what a
 * loop over XXH64 spends its time on: some 30 cycles a row in mispredicted branches). Included by isa_table.c.
 *
 * Rows below 32 bytes are done where they stand: every step that such a row can take is computed for all of them, and kept
 * by those that have it. Longer rows are put aside, in a list for each power of two of their number of 32-byte stripes, and
 * done when a list has enough of them: so the rows of a vector finish their stripes at about the same time.
 *
 * The bound is the multiplies, 19 for rows below 32 bytes and 39 from there to 63, a cycle each for eight lanes on a Zen 4;
 * what is measured is 60 and 100 cycles for eight rows. On four lanes a 64-bit multiply takes six instructions.
 */
#ifndef SIMD_KERNELS_XXH64_H
#define SIMD_KERNELS_XXH64_H

#include "simd/kernels/loop.h"
#include "simd/vec.h"

#define XXH64_PRIME_1 0x9e3779b185ebca87
#define XXH64_PRIME_2 0xc2b2ae3d27d4eb4f
#define XXH64_PRIME_3 0x165667b19e3779f9
#define XXH64_PRIME_4 0x85ebca77c2b2ae63
#define XXH64_PRIME_5 0x27d4eb2f165667c5

/* Two vectors go through together, step by step: the steps of one wait for one another, some 70 cycles in all, and the
 * machine does not see far enough ahead to fill the time with the next one. EACH: for both. */
#define XXH64_GROUPS 2
#define XXH64_ROWS (XXH64_GROUPS * V64_LANES)
#define EACH for (size_t g = 0; g < XXH64_GROUPS; g++)

/* Lists of rows of no stripe, of 1, 2-3, 4-7, ...; a row that would be in a list behind the last one (4 KiB or more)
 * goes to the loop, to which the branches of such a row are nothing. */
#define XXH64_STRIPE 32
#define XXH64_LISTS 8

/* With so many rows below 32 bytes a block is done where it stands, and what is longer once more. */
#define XXH64_MANY_SHORT 32

struct xxh64_list {
  size_t n; /* below XXH64_ROWS between blocks */
  uint32_t rows[XXH64_ROWS + SIMD_BLOCK];
};

struct xxh64_job {
  const struct simd_rows *batch;
  const uint64_t *seeds;
  bool seed_per_row;
  uint64_t *out;
  size_t loop_rows; /* done one by one */
  struct xxh64_list lists[XXH64_LISTS];
};

ALWAYS_INLINE v64 xxh64_round(v64 sum, v64 word) {
  sum = v64_add(sum, v64_mul(word, v64_set1(XXH64_PRIME_2)));
  return v64_mul(v64_rotl(sum, 31), v64_set1(XXH64_PRIME_1));
}

ALWAYS_INLINE v64 xxh64_word(v64 hash, v64 word) {
  hash = v64_xor(hash, xxh64_round(v64_set1(0), word));
  return v64_add(v64_mul(v64_rotl(hash, 27), v64_set1(XXH64_PRIME_1)), v64_set1(XXH64_PRIME_4));
}

ALWAYS_INLINE v64 xxh64_byte(v64 hash, v64 byte) {
  hash = v64_xor(hash, v64_mul_small(byte, v64_set1(XXH64_PRIME_5)));
  return v64_mul(v64_rotl(hash, 11), v64_set1(XXH64_PRIME_1));
}

/* What comes after the stripes: the row's last `rest` < 32 bytes, which are the first ones of words. */
ALWAYS_INLINE void xxh64_finish(v64 *hash, v64 (*words)[4], const v64 *rest) {
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
    v64 four = v64_mul_small(v64_and(last[g], v64_set1(0xffffffff)), v64_set1(XXH64_PRIME_1));
    four = v64_mul(v64_rotl(v64_xor(hash[g], four), 23), v64_set1(XXH64_PRIME_2));
    hash[g] = v64_select(has4[g], v64_add(four, v64_set1(XXH64_PRIME_3)), hash[g]);
    last[g] = v64_select(has4[g], v64_shr(last[g], 32), last[g]);
    bytes[g] = v64_and(rest[g], v64_set1(3));
  }
  EACH hash[g] = v64_select(v64_gt(bytes[g], v64_set1(0)), xxh64_byte(hash[g], v64_byte(last[g], 0)), hash[g]);
  EACH hash[g] = v64_select(v64_gt(bytes[g], v64_set1(1)), xxh64_byte(hash[g], v64_byte(last[g], 1)), hash[g]);
  EACH hash[g] = v64_select(v64_gt(bytes[g], v64_set1(2)), xxh64_byte(hash[g], v64_byte(last[g], 2)), hash[g]);

  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_shr(hash[g], 33)), v64_set1(XXH64_PRIME_2));
  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_shr(hash[g], 29)), v64_set1(XXH64_PRIME_3));
  EACH hash[g] = v64_xor(hash[g], v64_shr(hash[g], 32));
}

/* Rows below 32 bytes; of longer ones, which may be among them, the hash is garbage. hash: the seeds; then the hashes. */
ALWAYS_INLINE void xxh64_short(const uint8_t *const *ptrs, const v64 *length, v64 *hash) {
  v64 words[XXH64_GROUPS][4];
  EACH {
    v64_load_rows(ptrs + g * V64_LANES, 0, words[g]);
    hash[g] = v64_add(v64_add(hash[g], v64_set1(XXH64_PRIME_5)), length[g]);
  }
  xxh64_finish(hash, words, length);
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
    sums[g][0] = v64_add(hash[g], v64_set1(XXH64_PRIME_1 + XXH64_PRIME_2));
    sums[g][1] = v64_add(hash[g], v64_set1(XXH64_PRIME_2));
    sums[g][2] = hash[g];
    sums[g][3] = v64_sub(hash[g], v64_set1(XXH64_PRIME_1));
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
      hash[g] = v64_add(v64_mul(hash[g], v64_set1(XXH64_PRIME_1)), v64_set1(XXH64_PRIME_4));
    }
  EACH v64_store((uint64_t *)(void *)(at + g * V64_LANES), v64_add(start[g], last[g]));
  EACH {
    v64_load_rows(at + g * V64_LANES, 0, words[g]);
    rest[g] = v64_and(length[g], v64_set1(XXH64_STRIPE - 1));
    xxh64_align(words[g], rest[g]);
    hash[g] = v64_add(hash[g], length[g]);
  }
  xxh64_finish(hash, words, rest);
}

/* Does rows[XXH64_ROWS]: of `least` stripes or more; 0: of none. */
static void xxh64_listed(const struct xxh64_job *job, size_t least, const uint32_t *rows) {
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
  if (least == 0)
    xxh64_short(ptrs, length, hash);
  else
    xxh64_long(ptrs, start, length, least, hash);
  EACH v64_store(hashes + g * V64_LANES, hash[g]);
  for (size_t i = 0; i < XXH64_ROWS; i++)
    job->out[rows[i]] = hashes[i];
}

ALWAYS_INLINE void xxh64_one(struct xxh64_job *job, size_t row) {
  job->out[row] = XXH64(job->batch->ptrs[row], job->batch->bytes[row], job->seeds[job->seed_per_row ? row : 0]);
  job->loop_rows++;
}

/* Bit i: row i of the SIMD_BLOCK rows has `bytes` bytes or more. *all: the lengths ored. */
ALWAYS_INLINE uint64_t xxh64_above(const uint64_t *lengths, size_t bytes, v64 *all) {
  uint64_t mask = 0;
  const v64 limit = v64_set1(bytes - 1);
  *all = v64_set1(0);
  for (size_t i = 0; i < SIMD_BLOCK; i += V64_LANES) {
    v64 length = v64_load(lengths + i);
    *all = v64_or(*all, length);
    mask |= m64_bits(v64_gt(length, limit)) << i;
  }
  return mask;
}

/* Puts aside the rows of the block from row `first` on whose bits are set, none of which belongs to a list before `number`,
 * and does what fills two vectors. all: the block's lengths ored. */
ALWAYS_INLINE void xxh64_put_aside(struct xxh64_job *job, size_t first, uint64_t rows, v64 all, unsigned number) {
  for (; rows != 0 && number < XXH64_LISTS; number++) {
    struct xxh64_list *list = &job->lists[number];
    size_t limit = (size_t)XXH64_STRIPE << number;
    uint64_t longer = m64_bits(v64_gt(all, v64_set1(limit - 1)));
    if (longer != 0)
      longer = rows & xxh64_above(job->batch->bytes + first, limit, &all);
    size_t n = list->n;
    for (uint64_t these = rows & ~longer; these != 0; these &= these - 1)
      list->rows[n++] = (uint32_t)(first + (size_t)__builtin_ctzll(these));
    for (; n >= XXH64_ROWS; n -= XXH64_ROWS)
      xxh64_listed(job, (size_t)1 << number >> 1, list->rows + n - XXH64_ROWS);
    list->n = n;
    rows = longer;
  }
  for (; rows != 0; rows &= rows - 1)
    xxh64_one(job, first + (size_t)__builtin_ctzll(rows));
}

/* Does rows[n], behind which XXH64_ROWS more may be written: of `least` stripes or more; 0: of none. */
static void xxh64_rest(struct xxh64_job *job, size_t least, uint32_t *rows, size_t n) {
  size_t done = 0;
  for (; n - done >= XXH64_ROWS / 2; done += XXH64_ROWS) {
    for (; n - done < XXH64_ROWS; n++)
      rows[n] = rows[n - 1];
    xxh64_listed(job, least, rows + done);
  }
  for (; done < n; done++)
    xxh64_one(job, rows[done]);
}

/* Does what is left in the lists: the longer rows together, the shortest of them first. */
static void xxh64_flush(struct xxh64_job *job) {
  uint32_t rows[XXH64_LISTS * XXH64_ROWS];
  size_t n = 0;
  for (unsigned number = 1; number < XXH64_LISTS; number++)
    for (size_t i = 0; i < job->lists[number].n; i++)
      rows[n++] = job->lists[number].rows[i];
  xxh64_rest(job, 1, rows, n);
  xxh64_rest(job, 0, job->lists[0].rows, job->lists[0].n);
}

/* What is done in place for a block of n rows that are all put aside: asks for the bytes of rows to come, and does the
 * nulls. */
ALWAYS_INLINE void xxh64_leave_seeds(struct xxh64_job *job, size_t first, size_t n, uint64_t valid) {
  prefetch_ahead(job->batch, first, n);
  if (valid == UINT64_MAX)
    return;
  for (size_t i = first; i < first + n; i++)
    job->out[i] = job->seeds[job->seed_per_row ? i : 0];
}

/* Does the rows of the block from row `first` on whose bits are set, all below 32 bytes, where they stand. The others get
 * their seeds: that is the hash of a null, and what a row that is put aside still needs if out is seeds. */
ALWAYS_INLINE void xxh64_in_place(struct xxh64_job *job, size_t first, uint64_t rows) {
  const struct simd_rows *batch = job->batch;
  v64 seed[XXH64_GROUPS], hash[XXH64_GROUPS], length[XXH64_GROUPS];
  EACH seed[g] = v64_set1(job->seeds[0]);
  size_t end = first + SIMD_BLOCK < batch->rows ? first + SIMD_BLOCK : batch->rows;
  for (size_t i = first; i < end; i += XXH64_ROWS, rows >>= XXH64_ROWS) {
    uint64_t edge[XXH64_ROWS];
    size_t n = end - i < XXH64_ROWS ? end - i : XXH64_ROWS;
    prefetch_ahead(batch, i, XXH64_ROWS);
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

/* Does the processor guess these SIMD_BLOCK lengths (all: ored), and the loop gain by it? Lengths that mostly repeat
 * after V64_LANES rows are all alike or have a pattern. With eight lanes the loop is slower all the same; with four it
 * is faster up to 16 bytes, and where there is no rest after the stripes: 3 to 5 ns a row, this kernel 5.5 (Zen 4). */
ALWAYS_INLINE bool xxh64_guessed(const uint64_t *lengths, v64 all) {
#if V64_LANES == 8
  (void)lengths, (void)all;
  return false;
#else
  m64 slow = v64_and(v64_gt(all, v64_set1(16)), v64_gt(v64_and(all, v64_set1(XXH64_STRIPE - 1)), v64_set1(0)));
  if (m64_bits(slow) != 0)
    return false;
  unsigned repeats = 0;
  for (size_t i = 0; i < SIMD_BLOCK - V64_LANES; i += V64_LANES)
    repeats += (unsigned)__builtin_popcountll(m64_bits(v64_eq(v64_load(lengths + i), v64_load(lengths + i + V64_LANES))));
  return repeats >= SIMD_BLOCK * 3 / 4;
#endif
}

static size_t xxh64(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, uint64_t *out) {
  struct xxh64_job job; /* of the lists only the counts are set: the rest is 3 KiB */
  job.batch = batch, job.seeds = seeds, job.seed_per_row = seed_per_row, job.out = out, job.loop_rows = 0;
  for (size_t i = 0; i < XXH64_LISTS; i++)
    job.lists[i].n = 0;
  prefetch_start(batch);
  if (batch->rows < XXH64_ROWS / 2) {
    xxh64_rows(batch, 0, batch->rows, seeds, seed_per_row, out);
    return 0;
  }
  for (size_t first = 0; first < batch->rows; first += SIMD_BLOCK) {
    v64 all;
    size_t left = batch->rows - first, n = left < SIMD_BLOCK ? left : SIMD_BLOCK;
    uint64_t above = xxh64_above(batch->bytes + first, XXH64_STRIPE, &all), valid = batch->valid[first / SIMD_BLOCK];
    if (n < SIMD_BLOCK)
      valid &= ((uint64_t)1 << n) - 1;
    if (xxh64_guessed(batch->bytes + first, all)) {
      xxh64_rows(batch, first, first + n, seeds, seed_per_row, out);
      job.loop_rows += n;
    } else if (SIMD_BLOCK - __builtin_popcountll(above) >= XXH64_MANY_SHORT) {
      xxh64_in_place(&job, first, ~above & valid);
      xxh64_put_aside(&job, first, above, all, 1);
    } else {
      xxh64_leave_seeds(&job, first, n, valid);
      xxh64_put_aside(&job, first, valid, all, 0);
    }
  }
  xxh64_flush(&job);
  return batch->rows - job.loop_rows;
}

#undef EACH
#endif
