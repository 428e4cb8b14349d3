/* SPDX-License-Identifier: MIT
 *
 * How a codec that is none of weft's is measured by `bench_codec --peer FILE.so,FILE.so`: such a file is a shared library
 * that exports one symbol, bench_codec_peer, of this type: a version and five functions. It is compiled by whoever has the
 * codec's code, for this machine (-O3 -march=native), and needs nothing of weft's but this header:
 *
 *   #include "codec_abi.h"
 *   static const char *name(void) { return "theirs"; }
 *   static int takes(const struct bench_codec_shape *s) { return s->data == BENCH_CODEC_NUMBERS && s->bits == 32; }
 *   static size_t bound(const struct bench_codec_shape *s) { return their_bound(s->n); }
 *   static size_t encode(const struct bench_codec_shape *s, const void *values, void *dst) {
 *     return their_pack32(values, s->n, dst);
 *   }
 *   static void decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
 *     their_unpack32(src, s->n, values);
 *   }
 *   const struct bench_codec_peer bench_codec_peer = {BENCH_CODEC_ABI, name, takes, bound, encode, decode};
 */
#ifndef BENCH_CODEC_ABI_H
#define BENCH_CODEC_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_CODEC_ABI 1

/* What is known of values before they are looked at. */
enum bench_codec_data {
  BENCH_CODEC_NUMBERS = 0,    /* integers; neighbours often lie in a range that is narrower than their type's */
  BENCH_CODEC_SORTED = 1,     /* integers that never decrease, but where one set of values follows another */
  BENCH_CODEC_INCREASING = 2, /* integers each greater than the one before, but there */
  BENCH_CODEC_RUNS = 3,       /* integers, equal ones side by side */
  BENCH_CODEC_FLOATS = 4,
  BENCH_CODEC_STRINGS = 5 /* uint32_t lengths[n], and after them the bytes of one string after the other */
};

/* One call's values. */
struct bench_codec_shape {
  uint32_t data;      /* enum bench_codec_data */
  uint32_t bits;      /* of a number: 8, 16, 32 or 64, in the machine's order; 0: strings */
  uint32_t is_signed; /* of integers: 1 or 0 */
  size_t n;
  size_t bytes; /* of all values, with strings' lengths */
};

/* Memory is aligned to 64 bytes. BENCH_CODEC_SLACK bytes after values and encoded bytes may be read and, where these are
 * written, overwritten. */
#define BENCH_CODEC_SLACK 4096

struct bench_codec_peer {
  uint32_t abi; /* BENCH_CODEC_ABI */

  /* Up to 30 characters; targets are known for names that begin with FastLanes, simdcomp and TurboPFor. */
  const char *(*name)(void);

  /* Has the peer a codec for values of this shape? 0: it is left out of the case. */
  int (*takes)(const struct bench_codec_shape *shape);

  /* The most bytes that encode takes for them. */
  size_t (*bound)(const struct bench_codec_shape *shape);

  /* Encodes values into dst, of bound(shape) bytes; returns how many it took. All that decode has to know but the shape is
   * to be found there: widths, bases. */
  size_t (*encode)(const struct bench_codec_shape *shape, const void *values, void *dst);

  /* Decodes src, of as many bytes as encode returned. */
  void (*decode)(const struct bench_codec_shape *shape, const void *src, size_t bytes, void *values);
};

extern const struct bench_codec_peer bench_codec_peer;

#ifdef __cplusplus
}
#endif

#endif
