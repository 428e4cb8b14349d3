/* SPDX-License-Identifier: MIT
 *
 * A file for bench_codec --peer, for test_codec.cmake: it copies numbers. LIAR: but for the last byte of many.
 */
#include "codec_abi.h"

#include <string.h>

#ifdef LIAR
#define NAME "liar"
#else
#define NAME "copy"
#endif

static const char *name(void) {
  return NAME;
}

static int takes(const struct bench_codec_shape *s) {
  return s->data == BENCH_CODEC_NUMBERS;
}

static size_t bound(const struct bench_codec_shape *s) {
  return s->bytes;
}

static size_t encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  memcpy(dst, values, s->bytes);
  return s->bytes;
}

static void decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  (void)s;
#ifdef LIAR
  bytes -= s->n > 100;
#endif
  memcpy(values, src, bytes);
}

const struct bench_codec_peer bench_codec_peer = {BENCH_CODEC_ABI, name, takes, bound, encode, decode};
