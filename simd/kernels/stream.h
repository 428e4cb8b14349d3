/* SPDX-License-Identifier: MIT
 *
 * stream: a copy by stores that leave the caches alone. Included by isa_codecs.c where there are such stores.
 */
#ifndef SIMD_KERNELS_STREAM_H
#define SIMD_KERNELS_STREAM_H

#include "simd/vec.h"

#ifdef SIMD_ISA_avx2
typedef __m256i stream_words;
#define STREAM_STORE(to, from) _mm256_stream_si256((void *)(to), _mm256_loadu_si256((const void *)(from)))
#else
typedef __m128i stream_words;
#define STREAM_STORE(to, from) _mm_stream_si128((void *)(to), _mm_loadu_si128((const void *)(from)))
#endif

/* A cache line at a time, as what is left of a line that is not filled at once is read and written back by the CPU. */
static void move_stream(const void *in, size_t bytes, void *out) {
  const size_t line = 64;
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t head = -(uintptr_t)to % line;
  if (bytes == 0)
    _mm_sfence();
  if (bytes < head + line) {
    memcpy(to, from, bytes);
    return;
  }
  memcpy(to, from, head);
  size_t at = head;
  for (; at + line <= bytes; at += line)
    for (size_t k = 0; k < line; k += sizeof(stream_words))
      STREAM_STORE(to + at + k, from + at + k);
  memcpy(to + at, from + at, bytes - at);
}

#endif
