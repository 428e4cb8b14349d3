/* SPDX-License-Identifier: MIT
 *
 * The kernels of codecs that move words of CODEC_W bits and compute nothing with them. Included by isa_codecs.c once per
 * width, after orders.h; every name ends in the width. A kernel that is no faster here than in the table below is left out.
 */
#define NAME_OF(name, width) move_##name##width
#define NAME_OF_EXPANDED(name, width) NAME_OF(name, width)
#define NAME(name) NAME_OF_EXPANDED(name, CODEC_W)
#define WORD_OF(width) uint##width##_t
#define WORD_OF_EXPANDED(width) WORD_OF(width)
#define WORD WORD_OF_EXPANDED(CODEC_W)
#define WORD_BYTES (CODEC_W / 8)
#define PASTED(a, b, c) a##b##c
#define PASTED_EXPANDED(a, b, c) PASTED(a, b, c)
#define PER_WIDTH(before, after) PASTED_EXPANDED(before, CODEC_W, after)

ALWAYS_INLINE WORD NAME(word_at)(const void *words, size_t i) {
  WORD word;
  memcpy(&word, (const uint8_t *)words + i * WORD_BYTES, WORD_BYTES);
  return word;
}

/* Which of them a table has, each of which isa_codecs.c names. */
#if defined(SIMD_ISA_avx512vbmi)
#define MOVE_BY_MASK (CODEC_W <= 16)
#define MOVE_BY_COUNT (CODEC_W <= 32)
#define MOVE_BY_ORDER 0
#define MOVE_GATHER (CODEC_W == 8)
#elif V64_LANES == 8
#define MOVE_BY_MASK (CODEC_W >= 32)
#define MOVE_BY_COUNT 0
#define MOVE_BY_ORDER (CODEC_W == 64)
#define MOVE_SPREAD_ALONE
#define MOVE_GATHER (CODEC_W >= 16)
#elif V64_LANES == 4
#define MOVE_BY_ORDER (CODEC_W >= 32)
#define MOVE_GATHER (CODEC_W == 32)
#else
#define MOVE_BY_ORDER (CODEC_W <= 32)
#define MOVE_GATHER (CODEC_W >= 32)
#endif

#if MOVE_BY_ORDER
#include "simd/kernels/choose.h"
#endif
#if V64_LANES == 8
#include "simd/kernels/choose512.h"
#endif
#if MOVE_GATHER
#include "simd/kernels/gather.h"
#endif
#ifndef SIMD_ISA_avx512vbmi
#include "simd/kernels/runs.h"
#endif

#undef MOVE_BY_MASK
#undef MOVE_BY_COUNT
#undef MOVE_BY_ORDER
#undef MOVE_SPREAD_ALONE
#undef MOVE_GATHER
#undef NAME_OF
#undef NAME_OF_EXPANDED
#undef NAME
#undef WORD_OF
#undef WORD_OF_EXPANDED
#undef WORD
#undef WORD_BYTES
#undef PASTED
#undef PASTED_EXPANDED
#undef PER_WIDTH
#undef CODEC_W
