/* SPDX-License-Identifier: MIT
 *
 * The spelling that kernels are written in: vectors of 64-bit lanes whose width follows the instruction set (8, 4 or 2
 * lanes), masks over them, and loads of strings. Only isa_table.c and kernels/ include it; it has no scalar form.
 *
 * v64: V64_LANES lanes of 64 bits. m64: a mask with one entry per lane, made by v64_gt, v64_eq, v64_has_bit or m64_of_bits
 * and used by v64_select and m64_bits: on AVX2 only its lanes' top bits count (v64_keep wants one of v64_gt or v64_eq,
 * whose lanes are all ones). Intrinsics of 512 bits come from the compiler, as SIMDe lacks some; narrower ones from SIMDe,
 * which turns them into the native ones, or on aarch64 into NEON. With two lanes there is what XXH32 and the hash table
 * need.
 */
#ifndef SIMD_VEC_H
#define SIMD_VEC_H

#include <stdint.h>
#include <string.h>

#include "simd/kernels.h"

#include <simde/x86/sse4.1.h>
#if defined(SIMD_ISA_avx512) || defined(SIMD_ISA_avx512vbmi)
#include <immintrin.h>
#elif defined(SIMD_ISA_avx2)
#include <simde/x86/avx2.h>
#endif

/* Word i of an array of 64-bit words of any kind. */
ALWAYS_INLINE int64_t word_at(const void *words, size_t i) {
  int64_t word;
  memcpy(&word, (const char *)words + i * sizeof word, sizeof word);
  return word;
}

#if defined(SIMD_ISA_avx512) || defined(SIMD_ISA_avx512vbmi)

#define V64_LANES 8
typedef __m512i v64;
typedef __mmask8 m64;

ALWAYS_INLINE v64 v64_set1(uint64_t x) {
  return _mm512_set1_epi64((long long)x);
}
ALWAYS_INLINE v64 v64_load(const uint64_t *p) {
  return _mm512_loadu_si512(p);
}
ALWAYS_INLINE void v64_store(uint64_t *p, v64 a) {
  _mm512_storeu_si512(p, a);
}
ALWAYS_INLINE v64 v64_add(v64 a, v64 b) {
  return _mm512_add_epi64(a, b);
}
ALWAYS_INLINE v64 v64_sub(v64 a, v64 b) {
  return _mm512_sub_epi64(a, b);
}
ALWAYS_INLINE v64 v64_xor(v64 a, v64 b) {
  return _mm512_xor_si512(a, b);
}
ALWAYS_INLINE v64 v64_and(v64 a, v64 b) {
  return _mm512_and_si512(a, b);
}
ALWAYS_INLINE v64 v64_or(v64 a, v64 b) {
  return _mm512_or_si512(a, b);
}
#define v64_shl(a, bits) _mm512_slli_epi64(a, bits)
#define v64_shr(a, bits) _mm512_srli_epi64(a, bits)
#define v64_rotl(a, bits) _mm512_rol_epi64(a, bits)
#define v64_rotl_bytes(a, bytes) _mm512_rol_epi64(a, 8 * (bytes))
ALWAYS_INLINE v64 v64_mul_low32(v64 a, v64 b) {
  return _mm512_mul_epu32(a, b);
}
ALWAYS_INLINE v64 v64_mul(v64 a, v64 b) {
  return _mm512_mullo_epi64(a, b);
}
ALWAYS_INLINE m64 v64_gt(v64 a, v64 b) {
  return _mm512_cmpgt_epi64_mask(a, b);
}
ALWAYS_INLINE m64 v64_eq(v64 a, v64 b) {
  return _mm512_cmpeq_epi64_mask(a, b);
}
ALWAYS_INLINE v64 v64_select(m64 m, v64 a, v64 b) {
  return _mm512_mask_blend_epi64(m, b, a);
}
ALWAYS_INLINE v64 v64_unpack_low(v64 a, v64 b) {
  return _mm512_unpacklo_epi64(a, b);
}
ALWAYS_INLINE v64 v64_unpack_high(v64 a, v64 b) {
  return _mm512_unpackhi_epi64(a, b);
}
ALWAYS_INLINE v64 v64_keep(m64 m, v64 a) {
  return _mm512_maskz_mov_epi64(m, a);
}
/* The low 32 bits of a, those of b above them. */
ALWAYS_INLINE v64 v64_low_halves(v64 a, v64 b) {
  return _mm512_mask_shuffle_epi32(a, 0xaaaa, b, _MM_PERM_CCAA);
}
ALWAYS_INLINE uint64_t v64_sum(v64 a) {
  return (uint64_t)_mm512_reduce_add_epi64(a);
}
ALWAYS_INLINE v64 v64_load_u8(const uint8_t *p) {
  return _mm512_cvtepu8_epi64(_mm_loadl_epi64((const void *)p));
}
ALWAYS_INLINE v64 v64_load_u16(const uint16_t *p) {
  return _mm512_cvtepu16_epi64(_mm_loadu_si128((const void *)p));
}
ALWAYS_INLINE v64 v64_load_u32(const uint32_t *p) {
  return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const void *)p));
}
#define V64_OF_EACH(WORD) _mm512_set_epi64(WORD(7), WORD(6), WORD(5), WORD(4), WORD(3), WORD(2), WORD(1), WORD(0))
ALWAYS_INLINE v64 v64_count(void) {
  return _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
}
#define v64_has_bit(a, bit) _mm512_test_epi64_mask(a, _mm512_set1_epi64(1LL << (bit)))
ALWAYS_INLINE uint64_t m64_bits(m64 m) {
  return m;
}
ALWAYS_INLINE m64 m64_of_bits(uint64_t bits) {
  return (m64)bits;
}
/* Of a what bits says, lane i by bit i; else 0. */
ALWAYS_INLINE v64 v64_keep_bits(uint64_t bits, v64 a) {
  return _mm512_maskz_mov_epi64((m64)bits, a);
}
ALWAYS_INLINE v64 v64_shl_each(v64 a, v64 bits) {
  return _mm512_sllv_epi64(a, bits);
}
ALWAYS_INLINE v64 v64_shr_each(v64 a, v64 bits) {
  return _mm512_srlv_epi64(a, bits);
}
/* a * b where a is below 2^32 */
ALWAYS_INLINE v64 v64_mul_small(v64 a, v64 b) {
  return _mm512_mullo_epi64(a, b);
}
/* Byte k of each lane: the other bytes of order have their top bits set, which gives zeros. */
ALWAYS_INLINE v64 v64_byte(v64 a, int k) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi64x(-248 + k, -256 + k));
  return _mm512_shuffle_epi8(a, order);
}
ALWAYS_INLINE v64 v64_swap_bytes(v64 a) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
  return _mm512_shuffle_epi8(a, order);
}

#elif defined(SIMD_ISA_avx2)

#define V64_LANES 4
typedef simde__m256i v64;
typedef simde__m256i m64;

ALWAYS_INLINE v64 v64_set1(uint64_t x) {
  return simde_mm256_set1_epi64x((int64_t)x);
}
ALWAYS_INLINE v64 v64_load(const uint64_t *p) {
  return simde_mm256_loadu_si256((const void *)p);
}
ALWAYS_INLINE void v64_store(uint64_t *p, v64 a) {
  simde_mm256_storeu_si256((void *)p, a);
}
ALWAYS_INLINE v64 v64_add(v64 a, v64 b) {
  return simde_mm256_add_epi64(a, b);
}
ALWAYS_INLINE v64 v64_sub(v64 a, v64 b) {
  return simde_mm256_sub_epi64(a, b);
}
ALWAYS_INLINE v64 v64_xor(v64 a, v64 b) {
  return simde_mm256_xor_si256(a, b);
}
ALWAYS_INLINE v64 v64_and(v64 a, v64 b) {
  return simde_mm256_and_si256(a, b);
}
ALWAYS_INLINE v64 v64_or(v64 a, v64 b) {
  return simde_mm256_or_si256(a, b);
}
#define v64_shl(a, bits) simde_mm256_slli_epi64(a, bits)
#define v64_shr(a, bits) simde_mm256_srli_epi64(a, bits)
ALWAYS_INLINE v64 v64_mul_low32(v64 a, v64 b) {
  return simde_mm256_mul_epu32(a, b);
}
ALWAYS_INLINE v64 v64_mul(v64 a, v64 b) {
  /* The two cross products in one 32-bit multiply, added across the word, above the low product. */
  v64 cross = simde_mm256_mullo_epi32(a, simde_mm256_shuffle_epi32(b, 0xb1));
  v64 high = v64_add(v64_shl(cross, 32), simde_mm256_and_si256(cross, v64_set1(0xffffffff00000000)));
  return v64_add(v64_mul_low32(a, b), high);
}
ALWAYS_INLINE m64 v64_gt(v64 a, v64 b) {
  return simde_mm256_cmpgt_epi64(a, b);
}
ALWAYS_INLINE m64 v64_eq(v64 a, v64 b) {
  return simde_mm256_cmpeq_epi64(a, b);
}
ALWAYS_INLINE v64 v64_unpack_low(v64 a, v64 b) {
  return simde_mm256_unpacklo_epi64(a, b);
}
ALWAYS_INLINE v64 v64_unpack_high(v64 a, v64 b) {
  return simde_mm256_unpackhi_epi64(a, b);
}
ALWAYS_INLINE v64 v64_keep(m64 m, v64 a) {
  return simde_mm256_and_si256(m, a);
}
ALWAYS_INLINE v64 v64_low_halves(v64 a, v64 b) {
  return simde_mm256_blend_epi32(a, simde_mm256_shuffle_epi32(b, 0xa0), 0xaa);
}
ALWAYS_INLINE uint64_t v64_sum(v64 a) {
  simde__m128i half = simde_mm_add_epi64(simde_mm256_castsi256_si128(a), simde_mm256_extracti128_si256(a, 1));
  return (uint64_t)simde_mm_extract_epi64(half, 0) + (uint64_t)simde_mm_extract_epi64(half, 1);
}
ALWAYS_INLINE v64 v64_load_u8(const uint8_t *p) {
  int32_t bytes;
  memcpy(&bytes, p, sizeof bytes);
  return simde_mm256_cvtepu8_epi64(simde_mm_cvtsi32_si128(bytes));
}
ALWAYS_INLINE v64 v64_load_u16(const uint16_t *p) {
  return simde_mm256_cvtepu16_epi64(simde_mm_loadl_epi64((const void *)p));
}
ALWAYS_INLINE v64 v64_load_u32(const uint32_t *p) {
  return simde_mm256_cvtepu32_epi64(simde_mm_loadu_si128((const void *)p));
}
ALWAYS_INLINE v64 v64_select(m64 m, v64 a, v64 b) {
  return simde_mm256_castpd_si256(
      simde_mm256_blendv_pd(simde_mm256_castsi256_pd(b), simde_mm256_castsi256_pd(a), simde_mm256_castsi256_pd(m)));
}
#define v64_has_bit(a, bit) v64_shl(a, 63 - (bit))
ALWAYS_INLINE uint64_t m64_bits(m64 m) {
  return (uint64_t)simde_mm256_movemask_pd(simde_mm256_castsi256_pd(m));
}
#define V64_OF_EACH(WORD) simde_mm256_set_epi64x(WORD(3), WORD(2), WORD(1), WORD(0))
ALWAYS_INLINE v64 v64_count(void) {
  return simde_mm256_set_epi64x(3, 2, 1, 0);
}
ALWAYS_INLINE m64 m64_of_bits(uint64_t bits) {
  return simde_mm256_sllv_epi64(v64_set1(bits), simde_mm256_set_epi64x(60, 61, 62, 63));
}
ALWAYS_INLINE v64 v64_keep_bits(uint64_t bits, v64 a) {
  const v64 own = simde_mm256_set_epi64x(8, 4, 2, 1);
  return v64_and(v64_eq(v64_and(v64_set1(bits), own), own), a);
}
/* a * b where a is below 2^32 */
ALWAYS_INLINE v64 v64_mul_small(v64 a, v64 b) {
  return v64_add(v64_mul_low32(a, b), v64_shl(v64_mul_low32(a, v64_shr(b, 32)), 32));
}
ALWAYS_INLINE v64 v64_shl_each(v64 a, v64 bits) {
  return simde_mm256_sllv_epi64(a, bits);
}
ALWAYS_INLINE v64 v64_shr_each(v64 a, v64 bits) {
  return simde_mm256_srlv_epi64(a, bits);
}
ALWAYS_INLINE v64 v64_byte(v64 a, int k) {
  return simde_mm256_shuffle_epi8(a, simde_mm256_set_epi64x(-248 + k, -256 + k, -248 + k, -256 + k));
}
/* v64_rotl by 1 to 7 whole bytes, which is one instruction. */
ALWAYS_INLINE v64 v64_rotl_bytes(v64 a, unsigned bytes) {
  const uint64_t order = 0x0706050403020100, low = order << 8 * bytes | order >> (64 - 8 * bytes);
  const uint64_t high = low + 0x0808080808080808;
  return simde_mm256_shuffle_epi8(a, simde_mm256_set_epi64x((int64_t)high, (int64_t)low, (int64_t)high, (int64_t)low));
}
ALWAYS_INLINE v64 v64_swap_bytes(v64 a) {
  const v64 order = simde_mm256_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607);
  return simde_mm256_shuffle_epi8(a, order);
}

#else

#define V64_LANES 2
typedef simde__m128i v64;
typedef simde__m128i m64;

ALWAYS_INLINE v64 v64_set1(uint64_t x) {
  return simde_mm_set1_epi64x((int64_t)x);
}
ALWAYS_INLINE v64 v64_load(const uint64_t *p) {
  return simde_mm_loadu_si128((const void *)p);
}
ALWAYS_INLINE void v64_store(uint64_t *p, v64 a) {
  simde_mm_storeu_si128((void *)p, a);
}
ALWAYS_INLINE v64 v64_add(v64 a, v64 b) {
  return simde_mm_add_epi64(a, b);
}
ALWAYS_INLINE v64 v64_sub(v64 a, v64 b) {
  return simde_mm_sub_epi64(a, b);
}
ALWAYS_INLINE v64 v64_or(v64 a, v64 b) {
  return simde_mm_or_si128(a, b);
}
ALWAYS_INLINE v64 v64_pick(const void *from, const uint32_t *rows) { /* see below */
  return simde_mm_set_epi64x(word_at(from, rows[1]), word_at(from, rows[0]));
}
#ifdef SIMD_ISA_sse
ALWAYS_INLINE m64 v64_gt(v64 a, v64 b) {
  return _mm_cmpgt_epi64(a, b);
}
#else
ALWAYS_INLINE m64 v64_gt(v64 a, v64 b) {
  return simde__m128i_from_neon_u64(vcgtq_s64(simde__m128i_to_neon_i64(a), simde__m128i_to_neon_i64(b)));
}
#endif
ALWAYS_INLINE m64 v64_eq(v64 a, v64 b) {
  return simde_mm_cmpeq_epi64(a, b);
}
ALWAYS_INLINE v64 v64_select(m64 m, v64 a, v64 b) {
  return simde_mm_blendv_epi8(b, a, m);
}
ALWAYS_INLINE uint64_t m64_bits(m64 m) {
  return (uint64_t)simde_mm_movemask_pd(simde_mm_castsi128_pd(m));
}

#endif

#if V64_LANES > 2

#ifndef v64_rotl
#define v64_rotl(a, bits) v64_or(v64_shl(a, bits), v64_shr(a, 64 - (bits)))
#endif

/* High half xor low half of the 128-bit products. */
ALWAYS_INLINE v64 v64_mul_fold(v64 a, v64 b) {
  v64 a_high = v64_shr(a, 32), b_high = v64_shr(b, 32);
  v64 low = v64_mul_low32(a, b), high = v64_mul_low32(a_high, b_high);
  v64 cross1 = v64_mul_low32(a_high, b), cross2 = v64_mul_low32(a, b_high);
  /* Neither sum overflows: (2^32-1)^2 + 2^32-1 < 2^64. */
  v64 middle1 = v64_add(v64_shr(low, 32), cross1);
  v64 middle2 = v64_add(v64_and(middle1, v64_set1(0xffffffff)), cross2);
  v64 upper = v64_add(v64_add(high, v64_shr(middle1, 32)), v64_shr(middle2, 32));
  return v64_xor(upper, v64_low_halves(low, middle2));
}

/* Puts 16 bytes of each of V64_LANES rows, ROW(i), into lanes: lane i of low and high has row i's first and last 8. */
#if V64_LANES == 4
#define ROWS_TO_LANES(ROW, low, high)                                                        \
  do {                                                                                       \
    v64 even = simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(ROW(0)), ROW(2), 1); \
    v64 odd = simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(ROW(1)), ROW(3), 1);  \
    *(low) = simde_mm256_unpacklo_epi64(even, odd);                                          \
    *(high) = simde_mm256_unpackhi_epi64(even, odd);                                         \
  } while (0)
#else
#define ROWS_TO_LANES(ROW, low, high)                       \
  do {                                                      \
    v64 even = v64_of_four(ROW(0), ROW(2), ROW(4), ROW(6)); \
    v64 odd = v64_of_four(ROW(1), ROW(3), ROW(5), ROW(7));  \
    *(low) = _mm512_unpacklo_epi64(even, odd);              \
    *(high) = _mm512_unpackhi_epi64(even, odd);             \
  } while (0)
ALWAYS_INLINE v64 v64_of_four(__m128i a, __m128i b, __m128i c, __m128i d) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1)),
                            _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1), 1);
}
#endif

/* Loads the 16 bytes at each of ptrs[V64_LANES]. */
ALWAYS_INLINE void v64_load_pairs(const uint8_t *const *ptrs, v64 *low, v64 *high) {
#define ROW(i) simde_mm_loadu_si128((const void *)ptrs[i])
  ROWS_TO_LANES(ROW, low, high);
#undef ROW
}

/* The same, each row's bytes shuffled by the 16 indices at shuffles[i], aligned to 16 (0x80 and above: a zero byte). */
ALWAYS_INLINE void v64_load_shuffled(const uint8_t *const *ptrs, const uint8_t *const *shuffles, v64 *low, v64 *high) {
#define ROW(i) \
  simde_mm_shuffle_epi8(simde_mm_loadu_si128((const void *)ptrs[i]), simde_mm_load_si128((const void *)shuffles[i]))
  ROWS_TO_LANES(ROW, low, high);
#undef ROW
}

#ifdef V64_OF_EACH
/* Lane i: word rows[i] of an array of 64-bit words. Not by storing them one by one and loading them at once: the load would
 * wait until the last of the stores has reached the cache. V64_OF_EACH(WORD): lane i is WORD(i). */
ALWAYS_INLINE v64 v64_pick(const void *from, const uint32_t *rows) {
#define WORD(i) word_at(from, rows[i])
  return V64_OF_EACH(WORD);
#undef WORD
}
#endif

/* Loads V64_LANES values of 16 bytes that lie one behind the other. */
ALWAYS_INLINE void v64_load_pair_values(const uint8_t *p, v64 *low, v64 *high) {
#if V64_LANES == 4
  const uint8_t *const ptrs[] = {p, p + 16, p + 32, p + 48};
  v64_load_pairs(ptrs, low, high);
#else
  v64 a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 64);
  *low = _mm512_permutex2var_epi64(a, _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0), b);
  *high = _mm512_permutex2var_epi64(a, _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1), b);
#endif
}

/* Loads 32 bytes from `offset` on at each of ptrs[V64_LANES]: lane i of words[k] is the k-th word of row i. */
ALWAYS_INLINE void v64_load_rows(const uint8_t *const *ptrs, size_t offset, v64 words[4]) {
#if V64_LANES == 4
#define HALF(i, half) simde_mm_loadu_si128((const void *)(ptrs[i] + offset + 16 * (half)))
  for (int half = 0; half < 2; half++) {
    v64 even = simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(HALF(0, half)), HALF(2, half), 1);
    v64 odd = simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(HALF(1, half)), HALF(3, half), 1);
    words[2 * half] = simde_mm256_unpacklo_epi64(even, odd);
    words[2 * half + 1] = simde_mm256_unpackhi_epi64(even, odd);
  }
#else
  /* Two rows a register, so that what crosses its quarters afterwards leaves the rows in order. */
#define ROW(i) _mm256_loadu_si256((const void *)(ptrs[i] + offset))
#define TWO(i, j) _mm512_inserti64x4(_mm512_castsi256_si512(ROW(i)), ROW(j), 1)
  v64 r02 = TWO(0, 2), r46 = TWO(4, 6), r13 = TWO(1, 3), r57 = TWO(5, 7);
#undef ROW
#undef TWO
#define HALF(a, b, half) _mm512_shuffle_i64x2(a, b, (half) ? 0xdd : 0x88)
  v64 even = HALF(r02, r46, 0), odd = HALF(r13, r57, 0);
  words[0] = _mm512_unpacklo_epi64(even, odd);
  words[1] = _mm512_unpackhi_epi64(even, odd);
  even = HALF(r02, r46, 1), odd = HALF(r13, r57, 1);
  words[2] = _mm512_unpacklo_epi64(even, odd);
  words[3] = _mm512_unpackhi_epi64(even, odd);
#endif
#undef HALF
}

#endif

#endif
