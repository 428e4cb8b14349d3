/* SPDX-License-Identifier: MIT
 *
 * Bitmaps of 64-bit words: where the next bit is, ranges, runs of clear bits. For alloc/ alone.
 */
#ifndef ALLOC_BITS_H
#define ALLOC_BITS_H

#include <stddef.h>
#include <stdint.h>

/* The first bit at or after from that is set (flip 0) or clear (flip all ones); limit when there is none before limit. */
static inline size_t bits_next(const uint64_t *bits, size_t from, size_t limit, uint64_t flip) {
  for (size_t at = from; at < limit; at = (at | 63) + 1) {
    uint64_t word = (bits[at / 64] ^ flip) >> (at % 64);
    if (word != 0) {
      at += (size_t)__builtin_ctzll(word);
      return at < limit ? at : limit;
    }
  }
  return limit;
}

static inline size_t bits_next_set(const uint64_t *bits, size_t from, size_t limit) {
  return bits_next(bits, from, limit, 0);
}

static inline size_t bits_next_clear(const uint64_t *bits, size_t from, size_t limit) {
  return bits_next(bits, from, limit, UINT64_MAX);
}

/* Sets the bits from .. from + n. */
static inline void bits_fill(uint64_t *bits, size_t from, size_t n) {
  for (size_t end = from + n; from < end;) {
    size_t in_word = 64 - from % 64;
    size_t k = in_word < end - from ? in_word : end - from;
    bits[from / 64] |= (UINT64_MAX >> (64 - k)) << (from % 64);
    from += k;
  }
}

/* Clears them. */
static inline void bits_clear(uint64_t *bits, size_t from, size_t n) {
  for (size_t end = from + n; from < end;) {
    size_t in_word = 64 - from % 64;
    size_t k = in_word < end - from ? in_word : end - from;
    bits[from / 64] &= ~((UINT64_MAX >> (64 - k)) << (from % 64));
    from += k;
  }
}

/* How many of the bits from .. to are set. */
static inline size_t bits_count(const uint64_t *bits, size_t from, size_t to) {
  size_t n = 0;
  for (size_t at = from; at < to; at = (at | 63) + 1) {
    uint64_t word = bits[at / 64] >> (at % 64);
    if (to - at < 64 - at % 64)
      word &= (UINT64_C(1) << (to - at)) - 1;
    n += (size_t)__builtin_popcountll(word);
  }
  return n;
}

/* The first multiple of align at or after from where n bits are clear, counting those at limit and beyond as clear; so the
 * caller checks that the result + n is in his bounds. */
static inline size_t bits_find_clear(const uint64_t *bits, size_t from, size_t limit, size_t n, size_t align) {
  for (;;) {
    size_t at = (bits_next_clear(bits, from, limit) + align - 1) & ~(align - 1);
    if (at >= limit)
      return at;
    size_t stop = n < limit - at ? at + n : limit;
    size_t set = bits_next_set(bits, at, stop);
    if (set == stop)
      return at;
    from = set + 1;
  }
}

#endif
