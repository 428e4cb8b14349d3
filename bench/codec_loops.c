/* SPDX-License-Identifier: MIT
 *
 * Runs written out value by value, as a user would: a peer of codec_abi.h, compiled once for each table of kernels with its
 * flags. Parameter, from the build: PEER_NAME, the table. An encoding is the number of runs, their values, their lengths.
 */
#include "codec_abi.h"

#include <string.h>

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
#define SYMBOL_OF(name) bench_fill_##name
#define SYMBOL(name) SYMBOL_OF(name)

/* FILL(T): fill_T, the loop of values of the type T, and runs_T, which finds the runs. */
#define FILL(T)                                                                         \
  static void fill_##T(const T *values, const uint32_t *lengths, size_t runs, T *out) { \
    for (size_t k = 0; k < runs; k++) {                                                 \
      const T value = values[k];                                                        \
      const uint32_t length = lengths[k];                                               \
      for (uint32_t i = 0; i < length; i++)                                             \
        out[i] = value;                                                                 \
      out += length;                                                                    \
    }                                                                                   \
  }                                                                                     \
  static size_t count_##T(const T *values, size_t n) {                                  \
    size_t runs = n > 0;                                                                \
    for (size_t i = 1; i < n; i++)                                                      \
      runs += values[i] != values[i - 1];                                               \
    return runs;                                                                        \
  }                                                                                     \
  static void runs_##T(const T *values, size_t n, T *runs, uint32_t *lengths) {         \
    for (size_t i = 0, start = 0; i < n; i++) {                                         \
      if (i + 1 < n && values[i + 1] == values[i])                                      \
        continue;                                                                       \
      *runs++ = values[i];                                                              \
      *lengths++ = (uint32_t)(i + 1 - start);                                           \
      start = i + 1;                                                                    \
    }                                                                                   \
  }

FILL(uint32_t)
FILL(uint64_t)

static const char *name(void) {
  return "fill loop " TEXT(PEER_NAME);
}

static int takes(const struct bench_codec_shape *s) {
  return s->data == BENCH_CODEC_RUNS && (s->bits == 32 || s->bits == 64);
}

static size_t bound(const struct bench_codec_shape *s) {
  return sizeof(uint64_t) + s->bytes + s->n * sizeof(uint32_t);
}

static size_t encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  uint64_t runs = s->bits == 32 ? count_uint32_t(values, s->n) : count_uint64_t(values, s->n);
  uint8_t *at = (uint8_t *)dst + sizeof runs, *lengths = at + runs * s->bits / 8;
  memcpy(dst, &runs, sizeof runs);
  if (s->bits == 32)
    runs_uint32_t(values, s->n, (uint32_t *)(void *)at, (uint32_t *)(void *)lengths);
  else
    runs_uint64_t(values, s->n, (uint64_t *)(void *)at, (uint32_t *)(void *)lengths);
  return sizeof runs + runs * (s->bits / 8 + sizeof(uint32_t));
}

static void decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  (void)bytes;
  uint64_t runs;
  memcpy(&runs, src, sizeof runs);
  const uint8_t *at = (const uint8_t *)src + sizeof runs;
  const uint32_t *lengths = (const uint32_t *)(const void *)(at + runs * s->bits / 8);
  if (s->bits == 32)
    fill_uint32_t((const uint32_t *)(const void *)at, lengths, runs, values);
  else
    fill_uint64_t((const uint64_t *)(const void *)at, lengths, runs, values);
}

const struct bench_codec_peer SYMBOL(PEER_NAME);
const struct bench_codec_peer SYMBOL(PEER_NAME) = {BENCH_CODEC_ABI, name, takes, bound, encode, decode};
