/* SPDX-License-Identifier: MIT
 *
 * The kernels of the split-block Bloom filter (Parquet's BloomFilter.md), over batches of hashes. Included by isa_table.c,
 * after vec.h where there are vectors.
 *
 * A hash touches one block of 32 bytes, which lies in one cache line. Nothing waits for it: no branch depends on what a
 * block holds, so a filter beyond the caches is bound by how many lines can be under way at once. In a cache it is bound by
 * the instructions, some 15 for a hash: the eight bits come of one product by the salts, one shift down and one up.
 */
#ifndef SIMD_KERNELS_BLOOM_H
#define SIMD_KERNELS_BLOOM_H

#include "simd/kernels.h"

/* BloomFilter.md, "Technical Approach": odd numbers, one for each word of a block. */
static const uint32_t bloom_salt[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                       0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

#ifdef SIMD_ISA_scalar

ALWAYS_INLINE void bloom_set(uint8_t *block, uint32_t key) {
  for (size_t k = 0; k < 8; k++) {
    uint32_t word, bit = (uint32_t)1 << (key * bloom_salt[k] >> 27);
    memcpy(&word, block + k * sizeof word, sizeof word);
    word |= (uint32_t)from_little(bit, 32);
    memcpy(block + k * sizeof word, &word, sizeof word);
  }
}

ALWAYS_INLINE uint64_t bloom_has(const uint8_t *block, uint32_t key) {
  uint64_t has = 1;
  for (size_t k = 0; k < 8; k++) {
    uint32_t word;
    memcpy(&word, block + k * sizeof word, sizeof word);
    has &= from_little(word, 32) >> (key * bloom_salt[k] >> 27);
  }
  return has;
}

#elif V64_LANES > 2

ALWAYS_INLINE simde__m256i bloom_bits(uint32_t key) {
  const simde__m256i salt = simde_mm256_loadu_si256((const void *)bloom_salt);
  simde__m256i bit = simde_mm256_srli_epi32(simde_mm256_mullo_epi32(simde_mm256_set1_epi32((int32_t)key), salt), 27);
  return simde_mm256_sllv_epi32(simde_mm256_set1_epi32(1), bit);
}

ALWAYS_INLINE void bloom_set(uint8_t *block, uint32_t key) {
  simde__m256i words = simde_mm256_loadu_si256((const void *)block);
  simde_mm256_storeu_si256((void *)block, simde_mm256_or_si256(words, bloom_bits(key)));
}

ALWAYS_INLINE uint64_t bloom_has(const uint8_t *block, uint32_t key) {
  return (uint64_t)simde_mm256_testc_si256(simde_mm256_loadu_si256((const void *)block), bloom_bits(key));
}

#else

/* The bits in words k to k + 4 of a block. */
ALWAYS_INLINE simde__m128i bloom_bits(uint32_t key, size_t k) {
  const simde__m128i salt = simde_mm_loadu_si128((const void *)(bloom_salt + k));
  simde__m128i product = simde_mm_mullo_epi32(simde_mm_set1_epi32((int32_t)key), salt);
#ifdef SIMD_ISA_neon
  int32x4_t bit = vreinterpretq_s32_u32(vshrq_n_u32(simde__m128i_to_neon_u32(product), 27));
  return simde__m128i_from_neon_u32(vshlq_u32(vdupq_n_u32(1), bit));
#else
  /* SSE shifts all lanes alike, so four of the five bits become a float's exponent, and the float an integer. */
  __m128i exponent = _mm_and_si128(_mm_srli_epi32(product, 4), _mm_set1_epi32(15 << 23));
  __m128i low = _mm_cvttps_epi32(_mm_castsi128_ps(_mm_add_epi32(exponent, _mm_set1_epi32(127 << 23))));
  return _mm_castps_si128(
      _mm_blendv_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(_mm_slli_epi32(low, 16)), _mm_castsi128_ps(product)));
#endif
}

ALWAYS_INLINE void bloom_set(uint8_t *block, uint32_t key) {
  for (size_t k = 0; k < 8; k += 4) {
    simde__m128i words = simde_mm_loadu_si128((const void *)(block + k * sizeof key));
    simde_mm_storeu_si128((void *)(block + k * sizeof key), simde_mm_or_si128(words, bloom_bits(key, k)));
  }
}

ALWAYS_INLINE uint64_t bloom_has(const uint8_t *block, uint32_t key) {
  simde__m128i low = simde_mm_andnot_si128(simde_mm_loadu_si128((const void *)block), bloom_bits(key, 0));
  simde__m128i high = simde_mm_andnot_si128(simde_mm_loadu_si128((const void *)(block + 16)), bloom_bits(key, 4));
  simde__m128i missing = simde_mm_or_si128(low, high);
#ifdef SIMD_ISA_neon
  return vmaxvq_u32(simde__m128i_to_neon_u32(missing)) == 0;
#else
  return (uint64_t)_mm_testz_si128(missing, missing);
#endif
}

#endif

static inline size_t bloom_at(uint64_t hash, uint32_t n_blocks) {
  return simd_place(hash, n_blocks) * SIMD_BLOOM_BLOCK;
}

/* Hashes below this number ask for the block of the one `ahead` further on. (The first blocks of all come as they may.) */
static inline size_t bloom_asked(size_t n, size_t ahead) {
  return ahead != 0 && ahead < n ? n - ahead : 0;
}

static void bloom_insert(uint8_t *blocks, uint32_t n_blocks, const uint64_t *hashes, size_t n, size_t ahead) {
  size_t asked = bloom_asked(n, ahead);
  for (size_t i = 0; i < n; i++) {
    if (i < asked)
      __builtin_prefetch(blocks + bloom_at(hashes[i + ahead], n_blocks), 1);
    bloom_set(blocks + bloom_at(hashes[i], n_blocks), (uint32_t)hashes[i]);
  }
}

static void bloom_find(const uint8_t *blocks, uint32_t n_blocks, const uint64_t *hashes, size_t n, size_t ahead,
                       uint64_t *bits) {
  size_t asked = bloom_asked(n, ahead);
  for (size_t first = 0; first < n; first += SIMD_BLOCK) {
    size_t end = n - first < SIMD_BLOCK ? n : first + SIMD_BLOCK;
    uint64_t word = 0;
    for (size_t i = first; i < end; i++) {
      if (i < asked)
        __builtin_prefetch(blocks + bloom_at(hashes[i + ahead], n_blocks));
      word |= (bloom_has(blocks + bloom_at(hashes[i], n_blocks), (uint32_t)hashes[i]) & 1) << i % SIMD_BLOCK;
    }
    bits[first / SIMD_BLOCK] = word;
  }
}

#endif
