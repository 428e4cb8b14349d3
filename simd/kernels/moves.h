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

/* CHOOSE_ROWS: the rows that an order of orders.h is for, where compact, expand and spread go by those; CHOSEN: what it gives.
 * CHOOSE_BY_MASK: compact and expand are one instruction. */
#if defined(SIMD_ISA_avx512vbmi)
#define CHOOSE_BY_MASK (CODEC_W <= 16)
#elif V64_LANES == 8
#define CHOOSE_BY_MASK (CODEC_W >= 32)
#define MOVE_RUNS
#if CODEC_W == 64
#define CHOOSE_ROWS 8
#define CHOSEN v64
#endif
#elif V64_LANES == 4
#define CHOOSE_BY_MASK 0
#define MOVE_RUNS
#if CODEC_W >= 32
#define CHOOSE_ROWS (CODEC_W == 32 ? 8 : 4)
#define CHOSEN v64
#endif
#else
#define CHOOSE_BY_MASK 0
#define MOVE_RUNS
#if CODEC_W <= 32
#define CHOOSE_ROWS (CODEC_W == 32 ? 4 : 8)
#define CHOSEN simde__m128i
#endif
#endif
#if CODEC_W == 8
#define MASK_TYPE __mmask64
#elif CODEC_W == 16
#define MASK_TYPE __mmask32
#elif CODEC_W == 32
#define MASK_TYPE __mmask16
#else
#define MASK_TYPE __mmask8
#endif

#include "simd/kernels/choose.h"
#ifdef MOVE_RUNS
#include "simd/kernels/runs.h"
#endif
#if 0
#include "simd/kernels/gather.h"
#endif

#undef CHOOSE_BY_MASK
#undef CHOOSE_ROWS
#undef CHOSEN
#undef MASK_TYPE
#undef MOVE_RUNS
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
