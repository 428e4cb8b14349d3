/* SPDX-License-Identifier: MIT
 *
 * The spelling of vec.h for lanes of 32 bits. Only kernels/ include it.
 *
 * v32: V32_LANES lanes of 32 bits, twice as many as a v64 has. m32: a mask with one entry per lane, made by v32_gt,
 * v32_has_bit or m32_of_bits and used by v32_select and m32_bits alone: on AVX2 and SSE only its lanes' top bits count.
 */
#ifndef SIMD_VEC32_H
#define SIMD_VEC32_H

#include "simd/vec.h"

#define V32_LANES (2 * V64_LANES)

/* Moves the last bytes of 16 to the front: from ends_shuffle + n on there are 16 - n places, then ones whose byte is
 * zero. */
static const uint8_t ends_shuffle[32] = {0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,
                                         255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

#if V64_LANES == 8

typedef __m512i v32;
typedef __mmask16 m32;

ALWAYS_INLINE v32 v32_set1(uint32_t x) {
  return _mm512_set1_epi32((int)x);
}
ALWAYS_INLINE v32 v32_load(const uint32_t *p) {
  return _mm512_loadu_si512(p);
}
ALWAYS_INLINE v32 v32_load_u8(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p));
}
ALWAYS_INLINE v32 v32_load_u16(const uint16_t *p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p));
}
ALWAYS_INLINE void v32_store(uint32_t *p, v32 a) {
  _mm512_storeu_si512(p, a);
}
ALWAYS_INLINE v32 v32_add(v32 a, v32 b) {
  return _mm512_add_epi32(a, b);
}
ALWAYS_INLINE v32 v32_xor(v32 a, v32 b) {
  return _mm512_xor_si512(a, b);
}
ALWAYS_INLINE v32 v32_and(v32 a, v32 b) {
  return _mm512_and_si512(a, b);
}
ALWAYS_INLINE v32 v32_mul(v32 a, v32 b) {
  return _mm512_mullo_epi32(a, b);
}
#define v32_shr(a, bits) _mm512_srli_epi32(a, bits)
#define v32_rotl(a, bits) _mm512_rol_epi32(a, bits)
ALWAYS_INLINE m32 v32_gt(v32 a, v32 b) {
  return _mm512_cmpgt_epi32_mask(a, b);
}
#define v32_has_bit(a, bit) _mm512_test_epi32_mask(a, _mm512_set1_epi32((int)(1u << (bit))))
ALWAYS_INLINE v32 v32_select(m32 m, v32 a, v32 b) {
  return _mm512_mask_blend_epi32(m, b, a);
}
ALWAYS_INLINE uint64_t m32_bits(m32 m) {
  return m;
}
ALWAYS_INLINE m32 m32_of_bits(uint64_t bits) {
  return (m32)bits;
}
ALWAYS_INLINE v32 v32_byte(v32 a, int k) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi32(-244 + k, -248 + k, -252 + k, -256 + k));
  return _mm512_shuffle_epi8(a, order);
}
/* The low halves of two vectors' lanes; the high ones. */
ALWAYS_INLINE v32 v32_narrow(v64 low, v64 high) {
  const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  return _mm512_permutex2var_epi32(low, even, high);
}
ALWAYS_INLINE v32 v32_narrow_high(v64 low, v64 high) {
  const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  return _mm512_permutex2var_epi32(low, odd, high);
}

#elif V64_LANES == 4

typedef simde__m256i v32;
typedef simde__m256i m32;

ALWAYS_INLINE v32 v32_set1(uint32_t x) {
  return simde_mm256_set1_epi32((int32_t)x);
}
ALWAYS_INLINE v32 v32_load(const uint32_t *p) {
  return simde_mm256_loadu_si256((const void *)p);
}
ALWAYS_INLINE v32 v32_load_u8(const uint8_t *p) {
  return simde_mm256_cvtepu8_epi32(simde_mm_loadl_epi64((const void *)p));
}
ALWAYS_INLINE v32 v32_load_u16(const uint16_t *p) {
  return simde_mm256_cvtepu16_epi32(simde_mm_loadu_si128((const void *)p));
}
ALWAYS_INLINE void v32_store(uint32_t *p, v32 a) {
  simde_mm256_storeu_si256((void *)p, a);
}
ALWAYS_INLINE v32 v32_add(v32 a, v32 b) {
  return simde_mm256_add_epi32(a, b);
}
ALWAYS_INLINE v32 v32_xor(v32 a, v32 b) {
  return simde_mm256_xor_si256(a, b);
}
ALWAYS_INLINE v32 v32_and(v32 a, v32 b) {
  return simde_mm256_and_si256(a, b);
}
ALWAYS_INLINE v32 v32_mul(v32 a, v32 b) {
  return simde_mm256_mullo_epi32(a, b);
}
#define v32_shr(a, bits) simde_mm256_srli_epi32(a, bits)
#define v32_rotl(a, bits) simde_mm256_or_si256(simde_mm256_slli_epi32(a, bits), simde_mm256_srli_epi32(a, 32 - (bits)))
ALWAYS_INLINE m32 v32_gt(v32 a, v32 b) {
  return simde_mm256_cmpgt_epi32(a, b);
}
#define v32_has_bit(a, bit) simde_mm256_slli_epi32(a, 31 - (bit))
ALWAYS_INLINE v32 v32_select(m32 m, v32 a, v32 b) {
  return simde_mm256_castps_si256(
      simde_mm256_blendv_ps(simde_mm256_castsi256_ps(b), simde_mm256_castsi256_ps(a), simde_mm256_castsi256_ps(m)));
}
ALWAYS_INLINE uint64_t m32_bits(m32 m) {
  return (uint64_t)simde_mm256_movemask_ps(simde_mm256_castsi256_ps(m));
}
ALWAYS_INLINE m32 m32_of_bits(uint64_t bits) {
  return simde_mm256_sllv_epi32(v32_set1((uint32_t)bits), simde_mm256_set_epi32(24, 25, 26, 27, 28, 29, 30, 31));
}
ALWAYS_INLINE v32 v32_byte(v32 a, int k) {
  return simde_mm256_shuffle_epi8(
      a, simde_mm256_set_epi32(-244 + k, -248 + k, -252 + k, -256 + k, -244 + k, -248 + k, -252 + k, -256 + k));
}
/* An instruction for floats, as integers have none that takes from two vectors. */
#define SHUFFLE(low, high, kept) \
  simde_mm256_castps_si256(simde_mm256_shuffle_ps(simde_mm256_castsi256_ps(low), simde_mm256_castsi256_ps(high), kept))
ALWAYS_INLINE v32 v32_narrow(v64 low, v64 high) {
  return simde_mm256_permute4x64_epi64(SHUFFLE(low, high, 0x88), 0xd8);
}
ALWAYS_INLINE v32 v32_narrow_high(v64 low, v64 high) {
  return simde_mm256_permute4x64_epi64(SHUFFLE(low, high, 0xdd), 0xd8);
}
#undef SHUFFLE

#else

typedef simde__m128i v32;
typedef simde__m128i m32;

ALWAYS_INLINE v32 v32_set1(uint32_t x) {
  return simde_mm_set1_epi32((int32_t)x);
}
ALWAYS_INLINE v32 v32_load(const uint32_t *p) {
  return simde_mm_loadu_si128((const void *)p);
}
ALWAYS_INLINE v32 v32_load_u8(const uint8_t *p) {
  int32_t bytes;
  memcpy(&bytes, p, sizeof bytes);
  return simde_mm_cvtepu8_epi32(simde_mm_cvtsi32_si128(bytes));
}
ALWAYS_INLINE v32 v32_load_u16(const uint16_t *p) {
  return simde_mm_cvtepu16_epi32(simde_mm_loadl_epi64((const void *)p));
}
ALWAYS_INLINE void v32_store(uint32_t *p, v32 a) {
  simde_mm_storeu_si128((void *)p, a);
}
ALWAYS_INLINE v32 v32_add(v32 a, v32 b) {
  return simde_mm_add_epi32(a, b);
}
ALWAYS_INLINE v32 v32_xor(v32 a, v32 b) {
  return simde_mm_xor_si128(a, b);
}
ALWAYS_INLINE v32 v32_and(v32 a, v32 b) {
  return simde_mm_and_si128(a, b);
}
ALWAYS_INLINE v32 v32_mul(v32 a, v32 b) {
  return simde_mm_mullo_epi32(a, b);
}
#define v32_shr(a, bits) simde_mm_srli_epi32(a, bits)
#define v32_rotl(a, bits) simde_mm_or_si128(simde_mm_slli_epi32(a, bits), simde_mm_srli_epi32(a, 32 - (bits)))
ALWAYS_INLINE m32 v32_gt(v32 a, v32 b) {
  return simde_mm_cmpgt_epi32(a, b);
}
#ifdef SIMD_ISA_sse
#define v32_has_bit(a, bit) _mm_slli_epi32(a, 31 - (bit))
ALWAYS_INLINE v32 v32_select(m32 m, v32 a, v32 b) {
  return _mm_castps_si128(_mm_blendv_ps(_mm_castsi128_ps(b), _mm_castsi128_ps(a), _mm_castsi128_ps(m)));
}
ALWAYS_INLINE v32 v32_narrow(v64 low, v64 high) {
  return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0x88));
}
ALWAYS_INLINE v32 v32_narrow_high(v64 low, v64 high) {
  return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0xdd));
}
#else
#define v32_has_bit(a, bit) \
  simde__m128i_from_neon_u32(vtstq_u32(simde__m128i_to_neon_u32(a), vdupq_n_u32(UINT32_C(1) << (bit))))
ALWAYS_INLINE v32 v32_select(m32 m, v32 a, v32 b) {
  return simde__m128i_from_neon_u32(
      vbslq_u32(simde__m128i_to_neon_u32(m), simde__m128i_to_neon_u32(a), simde__m128i_to_neon_u32(b)));
}
ALWAYS_INLINE v32 v32_narrow(v64 low, v64 high) {
  return simde__m128i_from_neon_u32(vuzp1q_u32(simde__m128i_to_neon_u32(low), simde__m128i_to_neon_u32(high)));
}
ALWAYS_INLINE v32 v32_narrow_high(v64 low, v64 high) {
  return simde__m128i_from_neon_u32(vuzp2q_u32(simde__m128i_to_neon_u32(low), simde__m128i_to_neon_u32(high)));
}
#endif
ALWAYS_INLINE uint64_t m32_bits(m32 m) {
  return (uint64_t)simde_mm_movemask_ps(simde_mm_castsi128_ps(m));
}
ALWAYS_INLINE m32 m32_of_bits(uint64_t bits) {
  const v32 lanes = simde_mm_set_epi32(8, 4, 2, 1);
  return simde_mm_cmpeq_epi32(v32_and(v32_set1((uint32_t)bits), lanes), lanes);
}
ALWAYS_INLINE v32 v32_byte(v32 a, int k) {
  return simde_mm_shuffle_epi8(a, simde_mm_set_epi32(-244 + k, -248 + k, -252 + k, -256 + k));
}

#endif

/* Rows of 16 bytes, row[i] in quarter i / 4 of rows[i % 4], to words: lane i of words[k] is word k of row i. */
ALWAYS_INLINE void v32_turn(const v32 rows[4], v32 words[4]) {
#if V64_LANES == 8
#define UNPACK(width, half, a, b) _mm512_unpack##half##_epi##width(a, b)
#elif V64_LANES == 4
#define UNPACK(width, half, a, b) simde_mm256_unpack##half##_epi##width(a, b)
#else
#define UNPACK(width, half, a, b) simde_mm_unpack##half##_epi##width(a, b)
#endif
  v32 low01 = UNPACK(32, lo, rows[0], rows[1]), low23 = UNPACK(32, lo, rows[2], rows[3]);
  v32 high01 = UNPACK(32, hi, rows[0], rows[1]), high23 = UNPACK(32, hi, rows[2], rows[3]);
  words[0] = UNPACK(64, lo, low01, low23), words[1] = UNPACK(64, hi, low01, low23);
  words[2] = UNPACK(64, lo, high01, high23), words[3] = UNPACK(64, hi, high01, high23);
#undef UNPACK
}

/* QUARTERS(row, i): row(i), row(i + 4), ... of 16 bytes in one vector. */
#if V64_LANES == 8
#define QUARTERS(row, i)                                                                                               \
  _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(row(i)), row((i) + 4), 1)), \
                     _mm256_inserti128_si256(_mm256_castsi128_si256(row((i) + 8)), row((i) + 12), 1), 1)
#elif V64_LANES == 4
#define QUARTERS(row, i) simde_mm256_inserti128_si256(simde_mm256_castsi128_si256(row(i)), row((i) + 4), 1)
#else
#define QUARTERS(row, i) row(i)
#endif

/* Loads 16 bytes from `offset` on at each of ptrs[V32_LANES]: lane i of words[k] is the k-th word of row i. */
ALWAYS_INLINE void v32_load_rows(const uint8_t *const *ptrs, size_t offset, v32 words[4]) {
#define ROW(i) simde_mm_loadu_si128((const void *)(ptrs[i] + offset))
  const v32 rows[4] = {QUARTERS(ROW, 0), QUARTERS(ROW, 1), QUARTERS(ROW, 2), QUARTERS(ROW, 3)};
#undef ROW
  v32_turn(rows, words);
}

/* Loads 32 bytes at each of ptrs[V32_LANES]: lane i of low[k] is the k-th word of row i, of high[k] the one 16 bytes on. */
ALWAYS_INLINE void v32_load_long_rows(const uint8_t *const *ptrs, v32 low[4], v32 high[4]) {
#if V64_LANES == 8
  v32 lows[4], highs[4];
#define ROW(i) _mm256_loadu_si256((const void *)ptrs[i])
  for (int i = 0; i < 4; i++) {
    v32 a = _mm512_inserti64x4(_mm512_castsi256_si512(ROW(i)), ROW(i + 4), 1);
    v32 b = _mm512_inserti64x4(_mm512_castsi256_si512(ROW(i + 8)), ROW(i + 12), 1);
    lows[i] = _mm512_shuffle_i64x2(a, b, 0x88), highs[i] = _mm512_shuffle_i64x2(a, b, 0xdd);
  }
#undef ROW
  v32_turn(lows, low);
  v32_turn(highs, high);
#else
  v32_load_rows(ptrs, 0, low);
  v32_load_rows(ptrs, 16, high);
#endif
}

/* As v32_load_rows, of the 16 bytes before each of ends[V32_LANES], but the first skip[i] <= 16 of them are left out and
 * zeros put behind. */
ALWAYS_INLINE void v32_load_ends(const uint8_t *const *ends, const uint8_t *skip, v32 words[4]) {
#define ROW(i)                                                              \
  simde_mm_shuffle_epi8(simde_mm_loadu_si128((const void *)(ends[i] - 16)), \
                        simde_mm_loadu_si128((const void *)(ends_shuffle + skip[i])))
  const v32 rows[4] = {QUARTERS(ROW, 0), QUARTERS(ROW, 1), QUARTERS(ROW, 2), QUARTERS(ROW, 3)};
#undef ROW
  v32_turn(rows, words);
}
#undef QUARTERS

#endif
