/* SPDX-License-Identifier: MIT
 *
 * What the kernels of bit-packing use of an instruction set besides GNU C: vectors of VEC_BYTES bytes, and for sums along a
 * vector ones of SUM_BYTES. The only vectors of 64 bytes are those of avx512vbmi: the others with 512 bits take too many
 * instructions for what they would win, and have these kernels from avx2.
 *
 * VEC_FUNNEL: the funnel shift is an instruction. VEC_INTEGER: the intrinsics' type. VEC_SHUFFLE: bytes of each 16 by index, 0
 * where it has its top bit. VEC_CHOOSE: bytes of `set` where the mask has ones, else of `clear`. VEC_OF_16: the 16 bytes at low,
 * and where a vector has room those at high above them. VEC_NARROW: words of `width` bits in half of that, for each 16 bytes
 * those of low before those of high. VEC_MIN, VEC_MAX: of unsigned words, up to 32 bits. SUM_SLIDE: words moved up by k bytes,
 * into whose place the last k of before come.
 */
#ifndef SIMD_KERNELS_INTEGERS_H
#define SIMD_KERNELS_INTEGERS_H

#ifdef SIMD_ISA_avx512vbmi
#include <immintrin.h>
#include <simde/x86/avx2.h>
#define VEC_BYTES 64
#define VEC_FUNNEL
#elif defined(SIMD_ISA_avx2)
#include <simde/x86/avx2.h>
#define VEC_BYTES 32
#define VEC_INTEGER simde__m256i
#define VEC_SHUFFLE(bytes, indices) simde_mm256_shuffle_epi8(bytes, indices)
#define VEC_CHOOSE(mask, set, clear) simde_mm256_blendv_epi8(clear, set, mask)
#define VEC_OF_16(low, high) simde_mm256_loadu2_m128i((const void *)(high), (const void *)(low))
#define VEC_MIN(a, b, width) simde_mm256_min_epu##width(a, b)
#define VEC_MAX(a, b, width) simde_mm256_max_epu##width(a, b)
#define VEC_NARROW(low, high, width) simde_mm256_packus_epi##width(low, high)
#else
#include <simde/x86/sse4.1.h>
#define VEC_BYTES 16
#define VEC_INTEGER simde__m128i
#define VEC_SHUFFLE(bytes, indices) simde_mm_shuffle_epi8(bytes, indices)
#define VEC_CHOOSE(mask, set, clear) simde_mm_blendv_epi8(clear, set, mask)
#define VEC_OF_16(low, high) simde_mm_loadu_si128((const void *)(low))
#define VEC_MIN(a, b, width) simde_mm_min_epu##width(a, b)
#define VEC_MAX(a, b, width) simde_mm_max_epu##width(a, b)
#define VEC_NARROW(low, high, width) simde_mm_packus_epi##width(low, high)
#endif

#if VEC_BYTES == 16
#define SUM_BYTES 16
#define SUM_SLIDE(before, words, k) simde_mm_alignr_epi8((simde__m128i)(words), (simde__m128i)(before), 16 - (k))
#else
#define SUM_BYTES 32
#define SUM_MIDDLE(before, words) simde_mm256_permute2x128_si256((simde__m256i)(before), (simde__m256i)(words), 0x21)
#define SUM_SLIDE_BYTES(before, words, k) \
  simde_mm256_alignr_epi8((simde__m256i)(words), SUM_MIDDLE(before, words), 16 - (k))
#ifdef SIMD_ISA_avx512vbmi
#define SUM_SLIDE(before, words, k)                  \
  ((k) < 4 ? SUM_SLIDE_BYTES(before, words, (k) % 4) \
           : _mm256_alignr_epi32((__m256i)(words), (__m256i)(before), (8 - (k) / 4) % 8))
#else
#define SUM_SLIDE(before, words, k) SUM_SLIDE_BYTES(before, words, k)
#endif
#endif

/* For loops over rows, or over the few words that vectors leave: written out or made of vectors they are many times longer
 * and not faster. */
#define LOOP_ROLLED _Pragma("GCC unroll 1")
#define KEEP_SINGLE(word) __asm__("" : "+r"(word))

/* memcpy, not inlined: of so few bytes gcc makes loops. */
__attribute__((noinline)) static void copy_few(void *to, const void *from, size_t bytes) {
  memcpy(to, from, bytes);
}

ALWAYS_INLINE uint64_t load_64(const void *from) {
  uint64_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

#endif
