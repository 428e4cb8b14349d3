/* SPDX-License-Identifier: MIT
 *
 * The spelling that kernels are written in: vectors of 64-bit lanes whose width follows the instruction set (8, 4 or 2
 * lanes), masks over them, and loads of short strings. Only isa_table.c and kernels/ include it; it has no scalar form.
 *
 * v64: V64_LANES lanes of 64 bits. m64: a mask with one entry per lane. Intrinsics of 512 bits come from the compiler, as
 * SIMDe lacks some; narrower ones from SIMDe, which turns them into the native ones, or on aarch64 into NEON.
 */
#ifndef SIMD_VEC_H
#define SIMD_VEC_H

#include <stdint.h>
#include <string.h>

#include <simde/x86/sse4.1.h>
#if defined(SIMD_ISA_avx512) || defined(SIMD_ISA_avx512vbmi)
#include <immintrin.h>
#elif defined(SIMD_ISA_avx2)
#include <simde/x86/avx2.h>
#endif

/* Byte shuffles that put the bytes of an XXH3 row of at most 16 bytes where its hash wants them, by length: first the low
 * word, then the high one. 0x80 gives a zero byte. See kernels/xxh3_short.h for the reason of each. */
#define Z 0x80
/* clang-format off */
static const uint8_t short_shuffles[17][16] __attribute__((aligned(64))) = {
    { Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 0,  Z,  0,  0,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 1,  Z,  0,  1,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 2,  Z,  0,  1,  Z,  Z,  Z,  Z,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 0,  1,  2,  3,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 1,  2,  3,  4,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 2,  3,  4,  5,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 3,  4,  5,  6,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 4,  5,  6,  7,  0,  1,  2,  3,   Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z},
    { 0,  1,  2,  3,  4,  5,  6,  7,   1,  2,  3,  4,  5,  6,  7,  8},
    { 0,  1,  2,  3,  4,  5,  6,  7,   2,  3,  4,  5,  6,  7,  8,  9},
    { 0,  1,  2,  3,  4,  5,  6,  7,   3,  4,  5,  6,  7,  8,  9, 10},
    { 0,  1,  2,  3,  4,  5,  6,  7,   4,  5,  6,  7,  8,  9, 10, 11},
    { 0,  1,  2,  3,  4,  5,  6,  7,   5,  6,  7,  8,  9, 10, 11, 12},
    { 0,  1,  2,  3,  4,  5,  6,  7,   6,  7,  8,  9, 10, 11, 12, 13},
    { 0,  1,  2,  3,  4,  5,  6,  7,   7,  8,  9, 10, 11, 12, 13, 14},
    { 0,  1,  2,  3,  4,  5,  6,  7,   8,  9, 10, 11, 12, 13, 14, 15}};
/* clang-format on */
#undef Z

#if defined(SIMD_ISA_avx512) || defined(SIMD_ISA_avx512vbmi)

#define V64_LANES 8
typedef __m512i v64;
typedef __mmask8 m64;

static inline v64 v64_set1(uint64_t x) {
  return _mm512_set1_epi64((long long)x);
}
static inline v64 v64_load(const uint64_t *p) {
  return _mm512_loadu_si512(p);
}
static inline void v64_store(uint64_t *p, v64 a) {
  _mm512_storeu_si512(p, a);
}
static inline v64 v64_add(v64 a, v64 b) {
  return _mm512_add_epi64(a, b);
}
static inline v64 v64_sub(v64 a, v64 b) {
  return _mm512_sub_epi64(a, b);
}
static inline v64 v64_xor(v64 a, v64 b) {
  return _mm512_xor_si512(a, b);
}
static inline v64 v64_and(v64 a, v64 b) {
  return _mm512_and_si512(a, b);
}
static inline v64 v64_or(v64 a, v64 b) {
  return _mm512_or_si512(a, b);
}
#define v64_shl(a, bits) _mm512_slli_epi64(a, bits)
#define v64_shr(a, bits) _mm512_srli_epi64(a, bits)
#define v64_rotl(a, bits) _mm512_rol_epi64(a, bits)
static inline v64 v64_mul_low32(v64 a, v64 b) {
  return _mm512_mul_epu32(a, b);
}
static inline v64 v64_mul(v64 a, v64 b) {
  return _mm512_mullo_epi64(a, b);
}
static inline m64 v64_gt(v64 a, v64 b) {
  return _mm512_cmpgt_epi64_mask(a, b);
}
static inline m64 v64_eq(v64 a, v64 b) {
  return _mm512_cmpeq_epi64_mask(a, b);
}
static inline v64 v64_select(m64 m, v64 a, v64 b) {
  return _mm512_mask_blend_epi64(m, b, a);
}
static inline uint64_t m64_bits(m64 m) {
  return m;
}
static inline v64 v64_swap_bytes(v64 a) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
  return _mm512_shuffle_epi8(a, order);
}

#elif defined(SIMD_ISA_avx2)

#define V64_LANES 4
typedef simde__m256i v64;
typedef simde__m256i m64;

static inline v64 v64_set1(uint64_t x) {
  return simde_mm256_set1_epi64x((int64_t)x);
}
static inline v64 v64_load(const uint64_t *p) {
  return simde_mm256_loadu_si256((const void *)p);
}
static inline void v64_store(uint64_t *p, v64 a) {
  simde_mm256_storeu_si256((void *)p, a);
}
static inline v64 v64_add(v64 a, v64 b) {
  return simde_mm256_add_epi64(a, b);
}
static inline v64 v64_sub(v64 a, v64 b) {
  return simde_mm256_sub_epi64(a, b);
}
static inline v64 v64_xor(v64 a, v64 b) {
  return simde_mm256_xor_si256(a, b);
}
static inline v64 v64_and(v64 a, v64 b) {
  return simde_mm256_and_si256(a, b);
}
static inline v64 v64_or(v64 a, v64 b) {
  return simde_mm256_or_si256(a, b);
}
#define v64_shl(a, bits) simde_mm256_slli_epi64(a, bits)
#define v64_shr(a, bits) simde_mm256_srli_epi64(a, bits)
static inline v64 v64_mul_low32(v64 a, v64 b) {
  return simde_mm256_mul_epu32(a, b);
}
static inline v64 v64_mul(v64 a, v64 b) {
  /* The two cross products in one 32-bit multiply, added across the word, above the low product. */
  v64 cross = simde_mm256_mullo_epi32(a, simde_mm256_shuffle_epi32(b, 0xb1));
  v64 high = v64_add(v64_shl(cross, 32), simde_mm256_and_si256(cross, v64_set1(0xffffffff00000000)));
  return v64_add(v64_mul_low32(a, b), high);
}
static inline m64 v64_gt(v64 a, v64 b) {
  return simde_mm256_cmpgt_epi64(a, b);
}
static inline m64 v64_eq(v64 a, v64 b) {
  return simde_mm256_cmpeq_epi64(a, b);
}
static inline v64 v64_select(m64 m, v64 a, v64 b) {
  return simde_mm256_blendv_epi8(b, a, m);
}
static inline uint64_t m64_bits(m64 m) {
  return (uint64_t)simde_mm256_movemask_pd(simde_mm256_castsi256_pd(m));
}
static inline v64 v64_swap_bytes(v64 a) {
  const v64 order = simde_mm256_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607);
  return simde_mm256_shuffle_epi8(a, order);
}

#else

#define V64_LANES 2
typedef simde__m128i v64;
typedef simde__m128i m64;

static inline v64 v64_set1(uint64_t x) {
  return simde_mm_set1_epi64x((int64_t)x);
}
static inline v64 v64_load(const uint64_t *p) {
  return simde_mm_loadu_si128((const void *)p);
}
static inline void v64_store(uint64_t *p, v64 a) {
  simde_mm_storeu_si128((void *)p, a);
}
static inline v64 v64_add(v64 a, v64 b) {
  return simde_mm_add_epi64(a, b);
}
static inline v64 v64_sub(v64 a, v64 b) {
  return simde_mm_sub_epi64(a, b);
}
static inline v64 v64_xor(v64 a, v64 b) {
  return simde_mm_xor_si128(a, b);
}
static inline v64 v64_and(v64 a, v64 b) {
  return simde_mm_and_si128(a, b);
}
static inline v64 v64_or(v64 a, v64 b) {
  return simde_mm_or_si128(a, b);
}
#define v64_shl(a, bits) simde_mm_slli_epi64(a, bits)
#define v64_shr(a, bits) simde_mm_srli_epi64(a, bits)
static inline v64 v64_mul_low32(v64 a, v64 b) {
  return simde_mm_mul_epu32(a, b);
}
static inline v64 v64_mul(v64 a, v64 b) {
  v64 cross = v64_add(v64_mul_low32(a, v64_shr(b, 32)), v64_mul_low32(v64_shr(a, 32), b));
  return v64_add(v64_mul_low32(a, b), v64_shl(cross, 32));
}
#ifdef SIMD_ISA_sse
static inline m64 v64_gt(v64 a, v64 b) {
  return _mm_cmpgt_epi64(a, b);
}
#else
static inline m64 v64_gt(v64 a, v64 b) {
  return simde__m128i_from_neon_u64(vcgtq_s64(simde__m128i_to_neon_i64(a), simde__m128i_to_neon_i64(b)));
}
#endif
static inline m64 v64_eq(v64 a, v64 b) {
  return simde_mm_cmpeq_epi64(a, b);
}
static inline v64 v64_select(m64 m, v64 a, v64 b) {
  return simde_mm_blendv_epi8(b, a, m);
}
static inline uint64_t m64_bits(m64 m) {
  return (uint64_t)simde_mm_movemask_pd(simde_mm_castsi128_pd(m));
}
static inline v64 v64_swap_bytes(v64 a) {
  return simde_mm_shuffle_epi8(a, simde_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
}

#endif

#ifndef v64_rotl
#define v64_rotl(a, bits) v64_or(v64_shl(a, bits), v64_shr(a, 64 - (bits)))
#endif

/* High half xor low half of the 128-bit products. */
static inline v64 v64_mul_fold(v64 a, v64 b) {
  const v64 low32 = v64_set1(0xffffffff);
  v64 a_high = v64_shr(a, 32), b_high = v64_shr(b, 32);
  v64 low = v64_mul_low32(a, b), high = v64_mul_low32(a_high, b_high);
  v64 cross1 = v64_mul_low32(a_high, b), cross2 = v64_mul_low32(a, b_high);
  /* No sum overflows: (2^32-1)^2 + 2 (2^32-1) < 2^64. */
  v64 middle = v64_add(v64_add(v64_shr(low, 32), v64_and(cross1, low32)), cross2);
  v64 upper = v64_add(v64_add(v64_shr(cross1, 32), v64_shr(middle, 32)), high);
  v64 lower = v64_or(v64_shl(middle, 32), v64_and(low, low32));
  return v64_xor(upper, lower);
}

/* Loads the 16 bytes at each of ptrs[V64_LANES] and shuffles them by bytes[i] <= 16 (short_shuffles): lane i of *low and
 * *high holds row i. */
static inline void v64_load_short(const uint8_t *const *ptrs, const uint64_t *bytes, v64 *low, v64 *high) {
#if V64_LANES == 2
#define ROW(i)                                                       \
  simde_mm_shuffle_epi8(simde_mm_loadu_si128((const void *)ptrs[i]), \
                        simde_mm_load_si128((const void *)short_shuffles[bytes[i]]))
  simde__m128i even = ROW(0), odd = ROW(1);
  *low = simde_mm_unpacklo_epi64(even, odd);
  *high = simde_mm_unpackhi_epi64(even, odd);
#elif V64_LANES == 4
#define ROW(i)                                                       \
  simde_mm_shuffle_epi8(simde_mm_loadu_si128((const void *)ptrs[i]), \
                        simde_mm_load_si128((const void *)short_shuffles[bytes[i]]))
  v64 even = simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(ROW(0)), ROW(2), 1);
  v64 odd = simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(ROW(1)), ROW(3), 1);
  *low = simde_mm256_unpacklo_epi64(even, odd);
  *high = simde_mm256_unpackhi_epi64(even, odd);
#else
#define ROW(i) \
  _mm_shuffle_epi8(_mm_loadu_si128((const void *)ptrs[i]), _mm_load_si128((const void *)short_shuffles[bytes[i]]))
#define FOUR(i)                                                                                                        \
  _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(ROW(i)), ROW((i) + 2), 1)), \
                     _mm256_inserti128_si256(_mm256_castsi128_si256(ROW((i) + 4)), ROW((i) + 6), 1), 1)
  v64 even = FOUR(0), odd = FOUR(1);
  *low = _mm512_unpacklo_epi64(even, odd);
  *high = _mm512_unpackhi_epi64(even, odd);
#undef FOUR
#endif
#undef ROW
}

#endif
