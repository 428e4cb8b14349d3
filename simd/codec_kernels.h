/* SPDX-License-Identifier: MIT
 *
 * The kernels of codecs/: blocks of integers packed and unpacked, runs, nulls, dictionaries, bytes of floats. Filled in by
 * isa_codecs.c once per instruction set. As in kernels.h: plain C types, no failing, no state, no allocating.
 *
 * A kernel exists for words of 8, 16, 32 and 64 bits, as name8 to name64 (of floats' bytes for 32 and 64 alone); the arrays
 * of values that it takes as void * have elements of that width, in the machine's byte order, at any alignment. Unless said
 * otherwise exactly the n elements are read or written, and inputs overlap no outputs. Packed bits are little-endian.
 * Bitmaps are arrays of uint64_t, (n + 63) / 64 of them are read, and bits past n do not count.
 */
#ifndef SIMD_CODEC_KERNELS_H
#define SIMD_CODEC_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of a block. Value i of a full block is in lane i % L of row i / L, L = 1024 / W lanes of words of W bits. With
 * bits b a lane's W values are b words; word k of all lanes lie next to each other, word k of lane l at k * L + l. A block
 * of n < 1024 values is n * b bits, value i from bit i * b on. */
#define SIMD_PACK_BLOCK 1024

/* out[i] = base + value i of the packed block of n values, n <= SIMD_PACK_BLOCK, of `bits` bits each, bits <= the width.
 * Reads (n * bits + 7) / 8 bytes at in, any alignment. */
typedef void simd_unpack_fn(const uint8_t *in, size_t n, unsigned bits, uint64_t base, void *out);

/* The reverse: packs the low `bits` bits of in[i] - base. Writes (n * bits + 7) / 8 bytes at out. */
typedef void simd_pack_fn(const void *in, size_t n, unsigned bits, uint64_t base, uint8_t *out);

/* As unpack, but out[i] = before + the sum of (base + value j) over j <= i. */
typedef void simd_undelta_fn(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint64_t before, void *out);

/* out[i] = in[i] - in[i - 1], in[-1] being `before`. */
typedef void simd_delta_fn(const void *in, size_t n, uint64_t before, void *out);

/* The least and the greatest of in[n], n > 0, in the order of in[i] ^ flip as unsigned: flip 0 orders as unsigned, the top
 * bit as signed. Both as in the input, without flip. */
struct simd_range {
  uint64_t min, max;
};
typedef struct simd_range simd_range_fn(const void *in, size_t n, uint64_t flip);

/* Bit i of bits[(n + 63) / 64] is set where in[i] differs from in[i - 1], in[-1] being `before`; bits past n are 0. Returns
 * how many are set. */
typedef size_t simd_changes_fn(const void *in, size_t n, uint64_t before, uint64_t *bits);

/* The values of in[n] whose bits are set, one after another. Returns how many. out has room for them and SIMD_SLACK bytes
 * more, of which any may be written. */
#define SIMD_SLACK 64
typedef size_t simd_compact_fn(const void *in, const uint64_t *bits, size_t n, void *out);

/* The reverse: out[i] is the next value of in where bit i is set, else 0. Returns how many values of in were used; of in,
 * SIMD_SLACK bytes beyond those may be read. */
typedef size_t simd_expand_fn(const void *in, const uint64_t *bits, size_t n, void *out);

/* Runs by a bitmap of their starts: out[i] = in[bits set among 1 .. i]: in[0] is the value of the run that row 0 is in,
 * whatever bit 0 says. Of in, SIMD_SLACK bytes beyond the last that is used may be read. */
typedef void simd_spread_fn(const void *in, const uint64_t *bits, size_t n, void *out);

/* Runs by their ends: out[i - first] = in[k] for every row i in first .. last, k being the first run with ends[k] > i.
 * ends[runs] ascends strictly, ends[0] > first, ends[runs - 1] >= last; runs > 0 where last > first. Nothing past last is
 * written. */
typedef void simd_fill_fn(const void *in, const uint32_t *ends, size_t runs, uint32_t first, uint32_t last, void *out);

/* out[i] = dictionary[codes[i]]. False when a code is not below size: nothing was read there, and out is undefined. */
typedef bool simd_gather_fn(const void *dictionary, size_t size, const uint32_t *codes, size_t n, void *out);

/* planes[k][i] = byte k, from the lowest on, of in[i]; and the reverse. */
typedef void simd_split_fn(const void *in, size_t n, uint8_t *const *planes);
typedef void simd_unsplit_fn(const uint8_t *const *planes, size_t n, void *out);

/* The numbers base + i of the bits that are set below n, ascending. Returns how many. out has room for them and SIMD_SLACK
 * bytes more, of which any may be written. */
typedef size_t simd_positions_fn(const uint64_t *bits, size_t n, uint32_t base, uint32_t *out);

/* Copies bytes by stores that go past the caches where they can, and are in order with later ones once bytes was 0. */
typedef void simd_stream_fn(const void *in, size_t bytes, void *out);

/* Values to sums of their groups, for aggregates. Of a group's words there are so many copies, one after another, and row i
 * adds to copy i % copies: the next row need not wait for its store. group[n] are below what words has room for.
 *
 * sums: of values ^ flip as unsigned numbers, two words: their lower halves' sum, with as many times 2^48 as there were
 * rows, and their upper halves'. copied: SIMD_SUM_COPIES of each group; else one. The caller sees to it that in all fewer
 * than 2^16 rows are added. */
#define SIMD_SUM_COPIES 4
typedef void simd_sums_fn(const void *values, uint64_t flip, const uint32_t *group, size_t n, bool copied, uint64_t *words);

/* reals: of doubles, or of floats as doubles, two words: their sum, and that of what rounding took from it (Knuth's
 * TwoSum); and of each copy a count. The same bits on every table. */
#define SIMD_REAL_COPIES 8
typedef void simd_reals_fn(const void *values, const uint32_t *group, size_t n, uint64_t *words, uint32_t *counts);

#define SIMD_EACH_WIDTH(KERNEL, kind) \
  KERNEL(kind, kind##8) KERNEL(kind, kind##16) KERNEL(kind, kind##32) KERNEL(kind, kind##64)

/* Every kernel, as SIMD_KERNEL_LIST in kernels.h. */
#define SIMD_CODEC_LIST(KERNEL)    \
  SIMD_EACH_WIDTH(KERNEL, unpack)  \
  SIMD_EACH_WIDTH(KERNEL, pack)    \
  SIMD_EACH_WIDTH(KERNEL, undelta) \
  SIMD_EACH_WIDTH(KERNEL, delta)   \
  SIMD_EACH_WIDTH(KERNEL, range)   \
  SIMD_EACH_WIDTH(KERNEL, changes) \
  SIMD_EACH_WIDTH(KERNEL, compact) \
  SIMD_EACH_WIDTH(KERNEL, expand)  \
  SIMD_EACH_WIDTH(KERNEL, spread)  \
  SIMD_EACH_WIDTH(KERNEL, fill)    \
  SIMD_EACH_WIDTH(KERNEL, gather)  \
  KERNEL(split, split32)           \
  KERNEL(split, split64)           \
  KERNEL(unsplit, unsplit32)       \
  KERNEL(unsplit, unsplit64)       \
  KERNEL(positions, positions)     \
  KERNEL(stream, stream)           \
  KERNEL(sums, sums64)             \
  KERNEL(reals, reals32)           \
  KERNEL(reals, reals64)

#define SIMD_CODEC_FIELD(kind, name) simd_##kind##_fn *name;
struct simd_codecs {
  const char *isa;
  SIMD_CODEC_LIST(SIMD_CODEC_FIELD)
};
#undef SIMD_CODEC_FIELD

#endif
