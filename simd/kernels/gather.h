/* SPDX-License-Identifier: MIT
 *
 * gather of words of CODEC_W bits. Included by moves.h once per width. All codes of a stretch are checked before any is looked
 * up. Where a dictionary fits into registers (IN_REGISTERS bytes of it), one instruction looks a vector of codes up; else
 * they are loaded one by one.
 */
#if V64_LANES == 8

/* Two registers, and the lanes of 32 bits, of codes, whose upper parts do not count. */
#define REGISTER_WORDS (128 / WORD_BYTES)
#define LOOK_UP(codes) PER_WIDTH(_mm512_permutex2var_epi, )(low, codes, high)

static bool NAME(gather_few)(const void *dictionary, size_t size, const uint32_t *codes, size_t n, void *out) {
  uint64_t words[16] = {0};
  memcpy(words, dictionary, size * WORD_BYTES);
  const __m512i low = load_wide(words), high = load_wide(words + 8);
  uint8_t *to = out;
  __m512i greatest = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += 16) {
    __mmask16 left = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : (__mmask16)-1;
    __m512i some = _mm512_maskz_loadu_epi32(left, codes + i);
    greatest = _mm512_max_epu32(greatest, some);
#if CODEC_W == 64
    __m512i first = LOOK_UP(_mm512_cvtepu32_epi64(_mm512_castsi512_si256(some)));
    __m512i second = LOOK_UP(_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(some, 1)));
    _mm512_mask_storeu_epi64(to + i * 8, (__mmask8)left, first);
    _mm512_mask_storeu_epi64(to + i * 8 + 64, (__mmask8)(left >> 8), second);
#elif CODEC_W == 32
    _mm512_mask_storeu_epi32(to + i * 4, left, LOOK_UP(some));
#else
    PER_WIDTH(_mm512_mask_cvtepi32_storeu_epi, )(to + i * WORD_BYTES, left, LOOK_UP(some));
#endif
  }
  return _mm512_reduce_max_epu32(greatest) < size;
}
#undef LOOK_UP

#endif
