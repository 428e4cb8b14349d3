/* SPDX-License-Identifier: MIT
 *
 * stream: a copy by stores that leave the caches alone. Included by isa_codecs.c where there are such stores.
 */
#ifndef SIMD_KERNELS_STREAM_H
#define SIMD_KERNELS_STREAM_H

#include "simd/vec.h"

/* A cache line at a time, as what is left of a line that is not filled at once is read and written back by the CPU. */
static void move_stream(const void *in, size_t bytes, void *out) {
  const size_t line = 64;
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t head = -(uintptr_t)to % line;
  if (bytes < head + line) {
    memcpy(to, from, bytes);
    return;
  }
  memcpy(to, from, head);
  size_t at = head;
  for (; at + line <= bytes; at += line)
    for (size_t k = 0; k < line; k += sizeof(__m128i))
      _mm_stream_si128((__m128i *)(void *)(to + at + k), _mm_loadu_si128((const void *)(from + at + k)));
  memcpy(to + at, from + at, bytes - at);
  _mm_sfence();
}

#endif
