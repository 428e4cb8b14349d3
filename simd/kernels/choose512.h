/* SPDX-License-Identifier: MIT
 *
 * compact and expand of words of CODEC_W bits by the instructions that do just that, and spread, the words' places being
 * counted by instructions too. Included by moves.h once per width: MOVE_BY_MASK says whether the former are there,
 * MOVE_BY_COUNT the latter.
 */
#if MOVE_BY_MASK

#define MASK_8 __mmask64
#define MASK_16 __mmask32
#define MASK_32 __mmask16
#define MASK_64 __mmask8
#define MASK_LANES (64 / WORD_BYTES)
typedef PER_WIDTH(MASK_, ) NAME(mask);

/* The bits of MASK_LANES rows from row i on, a multiple of that. */
ALWAYS_INLINE NAME(mask) NAME(mask_at)(const uint64_t *bits, size_t i) {
  NAME(mask) mask;
  memcpy(&mask, (const uint8_t *)bits + i / 8, sizeof mask);
  return mask;
}

#if CODEC_W <= 16 /* of wider words the tables' is faster: 52 GB/s for 42 on a Zen 4 */

static size_t NAME(compact)(const void *in, const uint64_t *bits, size_t n, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t i = 0;
  for (; i + MASK_LANES <= n; i += MASK_LANES, from += 64) {
    NAME(mask) set = NAME(mask_at)(bits, i);
    store_wide(to, PER_WIDTH(_mm512_maskz_compress_epi, )(set, load_wide(from)));
    to += (unsigned)__builtin_popcountll(set) * WORD_BYTES;
  }
  if (i < n) {
    NAME(mask) set = (NAME(mask))(NAME(mask_at)(bits, i) & (((uint64_t)1 << (n - i)) - 1));
    store_wide(to, PER_WIDTH(_mm512_maskz_compress_epi, )(set, PER_WIDTH(_mm512_maskz_loadu_epi, )(set, from)));
    to += (unsigned)__builtin_popcountll(set) * WORD_BYTES;
  }
  return (size_t)(to - (uint8_t *)out) / WORD_BYTES;
}

#endif

static size_t NAME(expand)(const void *in, const uint64_t *bits, size_t n, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t i = 0;
  for (; i + MASK_LANES <= n; i += MASK_LANES, to += 64) {
    NAME(mask) set = NAME(mask_at)(bits, i);
    store_wide(to, PER_WIDTH(_mm512_maskz_expand_epi, )(set, load_wide(from)));
    from += (unsigned)__builtin_popcountll(set) * WORD_BYTES;
  }
  if (i < n) {
    NAME(mask) left = (NAME(mask))(((uint64_t)1 << (n - i)) - 1), set = NAME(mask_at)(bits, i) & left;
    PER_WIDTH(_mm512_mask_storeu_epi, )(to, left, PER_WIDTH(_mm512_maskz_expand_epi, )(set, load_wide(from)));
    from += (unsigned)__builtin_popcountll(set) * WORD_BYTES;
  }
  return (size_t)(from - (const uint8_t *)in) / WORD_BYTES;
}

#undef MASK_8
#undef MASK_16
#undef MASK_32
#undef MASK_64
#undef MASK_LANES

#endif

#if MOVE_BY_COUNT

/* Of 16 rows, and of words of 8 bits 64, whose places have no room in fewer. */
#if CODEC_W == 16
#define SPREAD __m256i
#define SPREAD_VECTOR(name) _mm256_##name
#else
#define SPREAD __m512i
#define SPREAD_VECTOR(name) _mm512_##name
#endif
#if CODEC_W == 8
#define SPREAD_MASK __mmask64
#else
#define SPREAD_MASK __mmask16
#endif
#define SPREAD_ROWS (sizeof(SPREAD) / WORD_BYTES)

/* Lane j: in[how many of bits 0 to j - 1 are set]. */
ALWAYS_INLINE SPREAD NAME(ranked)(const uint8_t *in, uint64_t bits) {
#if CODEC_W == 8
  /* The bits of a lane's own byte, and those of the bytes below. */
  const __m512i own_byte = _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404,
                                            0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
  const __m512i below = _mm512_set1_epi64(0x7f3f1f0f07030100);
  uint64_t counts = (uint64_t)_mm_cvtsi128_si64(_mm_popcnt_epi8(_mm_cvtsi64_si128((long long)bits)));
  __m512i bytes = _mm512_permutexvar_epi8(own_byte, _mm512_set1_epi64((long long)bits));
  __m512i before = _mm512_permutexvar_epi8(own_byte, _mm512_set1_epi64((long long)(counts * 0x0101010101010100)));
  __m512i rank = _mm512_add_epi8(before, _mm512_popcnt_epi8(_mm512_and_si512(bytes, below)));
#elif CODEC_W == 16
  const __m256i below =
      _mm256_set_epi16(0x7fff, 0x3fff, 0x1fff, 0xfff, 0x7ff, 0x3ff, 0x1ff, 0xff, 0x7f, 0x3f, 0x1f, 0xf, 7, 3, 1, 0);
  __m256i rank = _mm256_popcnt_epi16(_mm256_and_si256(_mm256_set1_epi16((short)bits), below));
#else
  const __m512i below =
      _mm512_set_epi32(0x7fff, 0x3fff, 0x1fff, 0xfff, 0x7ff, 0x3ff, 0x1ff, 0xff, 0x7f, 0x3f, 0x1f, 0xf, 7, 3, 1, 0);
  __m512i rank = _mm512_popcnt_epi32(_mm512_and_si512(_mm512_set1_epi32((int)bits), below));
#endif
  SPREAD words;
  memcpy(&words, in, sizeof words);
  return PER_WIDTH(SPREAD_VECTOR(permutexvar_epi), )(rank, words);
}

static void NAME(spread)(const void *in, const uint64_t *bits, size_t n, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t i = 0;
  /* As where spread goes by orders there is to be a next row. */
  for (; i + SPREAD_ROWS < n; i += SPREAD_ROWS, to += sizeof(SPREAD)) {
#if CODEC_W == 8
    uint64_t set = bits[i / 64] >> 1 | bits[i / 64 + 1] << 63;
#else
    uint32_t set; /* no more than the words of the bitmap, as there is a next row */
    memcpy(&set, (const uint8_t *)bits + i / 8, sizeof set);
    set = (uint16_t)(set >> 1);
#endif
    SPREAD words = NAME(ranked)(from, set);
    memcpy(to, &words, sizeof words);
    from += (unsigned)__builtin_popcountll(set) * WORD_BYTES;
  }
  if (i < n) {
    SPREAD words = NAME(ranked)(from, bits[i / 64] >> i % 64 >> 1);
    PER_WIDTH(SPREAD_VECTOR(mask_storeu_epi), )(to, (SPREAD_MASK)(UINT64_MAX >> (64 - (n - i))), words);
  }
}

#undef SPREAD
#undef SPREAD_VECTOR
#undef SPREAD_MASK
#undef SPREAD_ROWS

#endif
