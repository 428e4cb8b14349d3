/* SPDX-License-Identifier: MIT
 *
 * Blocks of words of CODEC_W bits, packed and unpacked by vectors. Included by isa_codecs.c once per width, the greatest
 * first, as the narrower ones use the types of the wider; every name ends in the width.
 */
#define NAME_OF(name, width) block_##name##width
#define NAME_OF_EXPANDED(name, width) NAME_OF(name, width)
#define NAME(name) NAME_OF_EXPANDED(name, CODEC_W)
#define WORD_OF(width) uint##width##_t
#define WORD_OF_EXPANDED(width) WORD_OF(width)
#define WORD WORD_OF_EXPANDED(CODEC_W)
#define VEC NAME(words)
#define WORD_BYTES (CODEC_W / 8)
#define VEC_LANES (VEC_BYTES / WORD_BYTES)
#if CODEC_W == 8
#define WIDE_W 16
#elif CODEC_W == 16
#define WIDE_W 32
#endif
#define WIDE_WORD WORD_OF_EXPANDED(WIDE_W)
#define WIDE_NAME(name) NAME_OF_EXPANDED(name, WIDE_W)
#define WIDE WIDE_NAME(words)
#define WITH_WIDTH(MACRO, a, b, width) MACRO(a, b, width)

#include "simd/kernels/words.h"

/* Of a row of a block, packed or not; and of what of it is gone through at a time, for which there are registers. */
#define ROW_BYTES (SIMD_PACK_BLOCK / 8)
#define PART_VECS (VEC_BYTES == 64 ? 2 : 4)
#define PART_BYTES (PART_VECS * VEC_BYTES)
#define ROW_PARTS (ROW_BYTES / PART_BYTES)

/* A full block, for 0 < bits < CODEC_W. The words that values begin in are held in registers; where a row's values go on
 * into the next ones, those are loaded. The branch on that costs less than to load and shift two words for every row. */
static void NAME(unpack_block)(const uint8_t *in, unsigned bits, uint64_t base, uint8_t *out) {
  const VEC mask = NAME(low_bits)(bits), bases = NAME(splat)(base);
  for (unsigned part = 0; part < ROW_PARTS; part++, in += PART_BYTES, out += PART_BYTES) {
    const uint8_t *from = in;
    uint8_t *to = out;
    unsigned used = 0; /* bits of the words held */
    VEC low[PART_VECS];
    for (unsigned k = 0; k < PART_VECS; k++)
      low[k] = NAME(load)(from + k * VEC_BYTES);
    LOOP_ROLLED
    for (unsigned row = 1; row < CODEC_W; row++, to += ROW_BYTES) {
      if (used + bits < CODEC_W) {
        for (unsigned k = 0; k < PART_VECS; k++)
          NAME(store)(to + k * VEC_BYTES, (NAME(right)(low[k], used) & mask) + bases);
        used += bits;
      } else {
        from += ROW_BYTES;
        for (unsigned k = 0; k < PART_VECS; k++) {
          VEC high = NAME(load)(from + k * VEC_BYTES);
          NAME(store)(to + k * VEC_BYTES, (NAME(funnel)(low[k], high, used) & mask) + bases);
          low[k] = high;
        }
        used += bits - CODEC_W;
      }
    }
    for (unsigned k = 0; k < PART_VECS; k++)
      NAME(store)(to + k * VEC_BYTES, (NAME(right)(low[k], used) & mask) + bases);
  }
}

/* The reverse. `last` has the last CODEC_W bits of each lane, the latest on top. */
static void NAME(pack_block)(const uint8_t *in, unsigned bits, uint64_t base, uint8_t *out) {
  const VEC bases = NAME(splat)(-base);
  for (unsigned part = 0; part < ROW_PARTS; part++, in += PART_BYTES, out += PART_BYTES) {
    VEC last[PART_VECS] = {{0}};
    const uint8_t *from = in;
    uint8_t *to = out;
    unsigned held = 0; /* bits of `last` that are not stored yet */
    LOOP_ROLLED
    for (unsigned row = 0; row < CODEC_W; row++, from += ROW_BYTES) {
      held += bits;
      const bool full = held >= CODEC_W;
      for (unsigned k = 0; k < PART_VECS; k++) {
        VEC words = NAME(load)(from + k * VEC_BYTES) + bases;
        if (full)
          NAME(store)(to + k * VEC_BYTES, NAME(funnel)(last[k], words, (CODEC_W + bits - held) % CODEC_W));
        last[k] = NAME(funnel)(last[k], words, bits);
      }
      if (full) {
        held -= CODEC_W;
        to += ROW_BYTES;
      }
    }
  }
}

/* bits = CODEC_W, either way, any number of words. By 32 bytes at most: with 64, as fast from caches, what comes from
 * memory comes later. */
__attribute__((noinline)) static void NAME(add)(const uint8_t *in, size_t n, uint64_t base, uint8_t *out) {
  typedef WORD NAME(summed) __attribute__((vector_size(SUM_BYTES)));
  const NAME(summed) bases = (NAME(summed)){0} + (WORD)base;
  NAME(summed) words = bases;
  size_t at = 0, bytes = n * WORD_BYTES;
  _Pragma("GCC unroll 2") for (; at + SUM_BYTES <= bytes; at += SUM_BYTES) {
    memcpy(&words, in + at, sizeof words);
    words += bases;
    memcpy(out + at, &words, sizeof words);
  }
  if (at < bytes) {
    copy_few(&words, in + at, bytes - at);
    words += bases;
    copy_few(out + at, &words, bytes - at);
  }
}

/* Fewer than a block, bits > 0: value by value through 64 bits. */
static void NAME(pack_few)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint8_t *out) {
  uint64_t mask = (uint64_t)-1 >> (64 - bits), held = 0;
  unsigned holds = 0; /* bits, below 64 */
  for (size_t i = 0; i < n; i++) {
    WORD word;
    memcpy(&word, in + i * WORD_BYTES, sizeof word);
    uint64_t value = (word - base) & mask;
    held |= value << holds;
    holds += bits;
    if (holds >= 64) {
      memcpy(out, &held, sizeof held);
      out += sizeof held;
      holds -= 64;
      held = holds == 0 ? 0 : value >> (bits - holds);
    }
  }
  copy_few(out, &held, (holds + 7) / 8);
}

static void NAME(pack)(const void *in, size_t n, unsigned bits, uint64_t base, uint8_t *out) {
  if (bits == 0)
    return;
  if (bits == CODEC_W)
    NAME(add)(in, n, -base, out);
  else if (n < SIMD_PACK_BLOCK)
    NAME(pack_few)(in, n, bits, base, out);
  else
    NAME(pack_block)(in, bits, base, out);
}

#if VEC_BYTES == 64
#include "simd/kernels/few512.h"
#else
#include "simd/kernels/few.h"
#endif

/* bits = 0 */
static void NAME(fill)(size_t n, uint64_t base, uint8_t *out) {
  const VEC bases = NAME(splat)(base);
  for (; n >= VEC_LANES; n -= VEC_LANES, out += VEC_BYTES)
    NAME(store)(out, bases);
  copy_few(out, &bases, n * WORD_BYTES);
}

static void NAME(unpack)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, void *out) {
  if (bits == 0)
    NAME(fill)(n, base, out);
  else if (bits == CODEC_W)
    NAME(add)(in, n, base, out);
  else if (n < SIMD_PACK_BLOCK)
    NAME(unpack_few)(in, n, bits, base, out);
  else
    NAME(unpack_block)(in, bits, base, out);
}

#include "simd/kernels/delta.h"

#undef NAME_OF
#undef NAME_OF_EXPANDED
#undef NAME
#undef WORD_OF
#undef WORD_OF_EXPANDED
#undef WORD
#undef VEC
#undef VEC_LANES
#undef WORD_BYTES
#undef WIDE_W
#undef WIDE_WORD
#undef WIDE_NAME
#undef WIDE
#undef WITH_WIDTH
#undef ROW_BYTES
#undef PART_VECS
#undef PART_BYTES
#undef ROW_PARTS
#undef CODEC_W
