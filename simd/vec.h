/* SPDX-License-Identifier: MIT
 *
 * The spelling that kernels are written in: vectors of 64-bit lanes whose width follows the instruction set (8, 4 or 2
 * lanes), masks over them, and loads of short strings. Only isa_table.c and kernels/ include it; it has no scalar form.
 *
 * v64: V64_LANES lanes of 64 bits. m64: a mask with one entry per lane, made by v64_gt, v64_eq, v64_has_bit or
 * m64_of_bits and used by v64_select and m64_bits alone: on AVX2 only its lanes' top bits count. Intrinsics of 512 bits
 * come from the compiler, as SIMDe lacks some; narrower ones from SIMDe, which turns them into the native ones, or on
 * aarch64 into NEON. What only kernels that do not pay at two lanes use is missing there.
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

/* Word i of an array of 64-bit words of any kind, for v64_pick: lane i gets word rows[i]. That is not done by storing
 * them one by one and loading them at once: the load would wait until the last of the stores has reached the cache. */
static inline int64_t word_at(const void *words, size_t i) {
  int64_t word;
  memcpy(&word, (const char *)words + i * sizeof word, sizeof word);
  return word;
}

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
static inline v64 v64_pick(const void *from, const uint32_t *rows) {
  return _mm512_set_epi64(word_at(from, rows[7]), word_at(from, rows[6]), word_at(from, rows[5]), word_at(from, rows[4]),
                          word_at(from, rows[3]), word_at(from, rows[2]), word_at(from, rows[1]), word_at(from, rows[0]));
}
#define v64_has_bit(a, bit) _mm512_test_epi64_mask(a, _mm512_set1_epi64(1LL << (bit)))
static inline uint64_t m64_bits(m64 m) {
  return m;
}
static inline m64 m64_of_bits(uint64_t bits) {
  return (m64)bits;
}
static inline v64 v64_shl_each(v64 a, v64 bits) {
  return _mm512_sllv_epi64(a, bits);
}
static inline v64 v64_shr_each(v64 a, v64 bits) {
  return _mm512_srlv_epi64(a, bits);
}
/* a * b where a is below 2^32 */
static inline v64 v64_mul_small(v64 a, v64 b) {
  return _mm512_mullo_epi64(a, b);
}
/* Byte k of each lane: the other bytes of order have their top bits set, which gives zeros. */
static inline v64 v64_byte(v64 a, int k) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi64x(-248 + k, -256 + k));
  return _mm512_shuffle_epi8(a, order);
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
  return simde_mm256_castpd_si256(
      simde_mm256_blendv_pd(simde_mm256_castsi256_pd(b), simde_mm256_castsi256_pd(a), simde_mm256_castsi256_pd(m)));
}
#define v64_has_bit(a, bit) v64_shl(a, 63 - (bit))
static inline uint64_t m64_bits(m64 m) {
  return (uint64_t)simde_mm256_movemask_pd(simde_mm256_castsi256_pd(m));
}
static inline v64 v64_pick(const void *from, const uint32_t *rows) {
  return simde_mm256_set_epi64x(word_at(from, rows[3]), word_at(from, rows[2]), word_at(from, rows[1]),
                                word_at(from, rows[0]));
}
static inline m64 m64_of_bits(uint64_t bits) {
  return simde_mm256_sllv_epi64(v64_set1(bits), simde_mm256_set_epi64x(60, 61, 62, 63));
}
/* a * b where a is below 2^32 */
static inline v64 v64_mul_small(v64 a, v64 b) {
  return v64_add(v64_mul_low32(a, b), v64_shl(v64_mul_low32(a, v64_shr(b, 32)), 32));
}
static inline v64 v64_shl_each(v64 a, v64 bits) {
  return simde_mm256_sllv_epi64(a, bits);
}
static inline v64 v64_shr_each(v64 a, v64 bits) {
  return simde_mm256_srlv_epi64(a, bits);
}
static inline v64 v64_byte(v64 a, int k) {
  return simde_mm256_shuffle_epi8(a, simde_mm256_set_epi64x(-248 + k, -256 + k, -248 + k, -256 + k));
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
static inline v64 v64_pick(const void *from, const uint32_t *rows) {
  return simde_mm_set_epi64x(word_at(from, rows[1]), word_at(from, rows[0]));
}
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

#if V64_LANES > 2
/* Loads 32 bytes from `offset` on at each of ptrs[V64_LANES]: lane i of words[k] is the k-th word of row i. */
static inline void v64_load_rows(const uint8_t *const *ptrs, size_t offset, v64 words[4]) {
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
