/* SPDX-License-Identifier: MIT
 *
 * gather of words of CODEC_W bits. Included by moves.h once per width. Codes are looked up by loads, a stretch of them
 * after all of it has been checked; or where the dictionary fits into two registers, a vector of codes by an instruction,
 * which reads no memory, and checked at the end. (A Zen 4 loads 4.4 words a nanosecond, 2.7 by its gathering instruction.)
 */
/* The greatest of codes[n]. */
#ifndef GREATEST
#define GREATEST
ONE_COPY uint32_t greatest_of(const uint32_t *codes, size_t n) {
  uint32_t greatest = 0;
  for (size_t i = 0; i < n; i++)
    greatest = codes[i] > greatest ? codes[i] : greatest;
  return greatest;
}
#endif

#if V64_LANES == 8

/* Lanes of 32 bits have more of a code than counts. */
#define LOOK_UP(codes) PER_WIDTH(_mm512_permutex2var_epi, )(low, codes, high)
#define FEW_WORDS (128 / WORD_BYTES)

static bool NAME(gather_few)(const void *dictionary, size_t size, const uint32_t *codes, size_t n, uint8_t *out) {
  uint64_t words[16] = {0};
  memcpy(words, dictionary, size * WORD_BYTES);
  const __m512i low = load_wide(words), high = load_wide(words + 8);
  __m512i greatest = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += 16) {
    __mmask16 left = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : (__mmask16)-1;
    __m512i some = _mm512_maskz_loadu_epi32(left, codes + i);
    greatest = _mm512_max_epu32(greatest, some);
    uint8_t *to = out + i * WORD_BYTES;
#if CODEC_W == 64
    _mm512_mask_storeu_epi64(to, (__mmask8)left, LOOK_UP(_mm512_cvtepu32_epi64(_mm512_castsi512_si256(some))));
    some = LOOK_UP(_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(some, 1)));
    _mm512_mask_storeu_epi64(to + 64, (__mmask8)(left >> 8), some);
#elif CODEC_W == 32
    _mm512_mask_storeu_epi32(to, left, LOOK_UP(some));
#else
    PER_WIDTH(_mm512_mask_cvtepi32_storeu_epi, )(to, left, LOOK_UP(some));
#endif
  }
  return _mm512_reduce_max_epu32(greatest) < size;
}
#undef LOOK_UP

#elif V64_LANES == 4

#define FEW_WORDS 16

static bool NAME(gather_few)(const void *dictionary, size_t size, const uint32_t *codes, size_t n, uint8_t *out) {
  uint32_t words[FEW_WORDS] = {0}, last[8] = {0};
  memcpy(words, dictionary, size * WORD_BYTES);
  memcpy(last, codes + n / 8 * 8, n % 8 * sizeof *codes);
  const v64 low = load_wide(words), high = load_wide(words + 8);
  v64 greatest = load_wide(last);
  for (size_t i = 0; i < n; i += 8) {
    v64 some = load_wide(n - i < 8 ? last : codes + i);
    greatest = simde_mm256_max_epu32(greatest, some);
    v64 from_low = simde_mm256_permutevar8x32_epi32(low, some), from_high = simde_mm256_permutevar8x32_epi32(high, some);
    v64 found = v32_select(v32_has_bit(some, 3), from_high, from_low);
    if (n - i < 8) {
      store_wide(last, found);
      memcpy(out + 4 * i, last, (n - i) * WORD_BYTES);
    } else {
      store_wide(out + 4 * i, found);
    }
  }
  store_wide(words, greatest);
  return greatest_of(words, 8) < size;
}

#endif

static bool NAME(gather)(const void *dictionary, size_t size, const uint32_t *codes, size_t n, void *out) {
  const size_t stretch = 512;
  uint8_t *to = out;
#ifdef FEW_WORDS
  if (size <= FEW_WORDS)
    return n == 0 || (size > 0 && NAME(gather_few)(dictionary, size, codes, n, out));
#endif
  for (size_t first = 0; first < n; first += stretch) {
    size_t end = n - first < stretch ? n : first + stretch, i = first;
    if (greatest_of(codes + first, end - first) >= size)
      return false;
    for (; i + 4 <= end; i += 4) {
      ONE_BY_ONE(i);
      WORD words[4];
      for (unsigned k = 0; k < 4; k++)
        words[k] = NAME(word_at)(dictionary, codes[i + k]);
      for (unsigned k = 0; k < 4; k++)
        memcpy(to + (i + k) * WORD_BYTES, &words[k], WORD_BYTES);
    }
    for (; i < end; i++) {
      ONE_BY_ONE(i);
      WORD word = NAME(word_at)(dictionary, codes[i]);
      memcpy(to + i * WORD_BYTES, &word, WORD_BYTES);
    }
  }
  return true;
}
#undef FEW_WORDS
