/* SPDX-License-Identifier: MIT
 *
 * changes and fill of words of CODEC_W bits. Included by moves.h once per width.
 */

/* Bit k: row k differs from the row before it, for 64 rows from `in` on; that row is read too. */
ALWAYS_INLINE uint64_t NAME(differ64)(const uint8_t *in) {
  uint64_t bits = 0;
#define HERE(k) load_wide(in + (k)*WORD_BYTES)
#define BEFORE(k) load_wide(in + (k)*WORD_BYTES - WORD_BYTES)
#if V64_LANES == 8
#define DIFFER(k) (uint64_t) PER_WIDTH(_mm512_cmpneq_epi, _mask)(HERE(k), BEFORE(k))
  for (unsigned k = 0; k < 64; k += 64 / WORD_BYTES)
    bits |= DIFFER(k) << k;
  return bits;
#undef DIFFER
#elif V64_LANES == 4
#define SAME(k) PER_WIDTH(simde_mm256_cmpeq_epi, )(HERE(k), BEFORE(k))
#if CODEC_W == 8
  for (unsigned k = 0; k < 64; k += 32)
    bits |= (uint64_t)(uint32_t)simde_mm256_movemask_epi8(SAME(k)) << k;
#elif CODEC_W == 16
  for (unsigned k = 0; k < 64; k += 32) {
    v64 bytes = simde_mm256_permute4x64_epi64(simde_mm256_packs_epi16(SAME(k), SAME(k + 16)), 0xd8);
    bits |= (uint64_t)(uint32_t)simde_mm256_movemask_epi8(bytes) << k;
  }
#elif CODEC_W == 32
  for (unsigned k = 0; k < 64; k += 8) {
    ONE_BY_ONE(k);
    bits |= m32_bits(SAME(k)) << k;
  }
#else
  for (unsigned k = 0; k < 64; k += 8) {
    ONE_BY_ONE(k);
    bits |= (m64_bits(SAME(k)) | m64_bits(SAME(k + 4)) << 4) << k;
  }
#endif
#else
#define SAME(k) PER_WIDTH(simde_mm_cmpeq_epi, )(HERE(k), BEFORE(k))
#if CODEC_W == 8
#define SAME16(k) SAME(k)
#elif CODEC_W == 16
#define SAME16(k) simde_mm_packs_epi16(SAME(k), SAME((k) + 8))
#else
#if CODEC_W == 32
#define SAME4(k) SAME(k)
#else
#define SAME4(k) v32_narrow(SAME(k), SAME((k) + 2))
#endif
#define SAME16(k)                                                      \
  simde_mm_packs_epi16(simde_mm_packs_epi32(SAME4(k), SAME4((k) + 4)), \
                       simde_mm_packs_epi32(SAME4((k) + 8), SAME4((k) + 12)))
#endif
  for (unsigned k = 0; k < 64; k += 16) {
    ONE_BY_ONE(k);
    bits |= (uint64_t)(uint32_t)simde_mm_movemask_epi8(SAME16(k)) << k;
  }
#undef SAME16
#undef SAME4
#endif
#undef HERE
#undef BEFORE
#undef SAME
  return ~bits;
}

static size_t NAME(changes)(const void *in, size_t n, uint64_t before, uint64_t *bits) {
  const uint8_t *rows = in;
  uint64_t word = n > 0 && NAME(word_at)(in, 0) != (WORD)before;
  size_t count = 0;
  if (n <= 64) {
    for (size_t i = 1; i < n; i++) {
      ONE_BY_ONE(i);
      word |= (uint64_t)(NAME(word_at)(in, i) != NAME(word_at)(in, i - 1)) << i;
    }
    if (n > 0)
      bits[0] = word;
    return (size_t)__builtin_popcountll(word);
  }
  /* Row 1 is the first that has one before it, and the last 64 rows end with row n - 1. */
  for (size_t i = 0; i < n; i += 64) {
    size_t first = i == 0 ? 1 : i < n - 64 ? i : n - 64;
    uint64_t differ = NAME(differ64)(rows + first * WORD_BYTES);
    word = i == 0 ? word | differ << 1 : differ >> (i - first);
    bits[i / 64] = word;
    count += (size_t)__builtin_popcountll(word);
  }
  return count;
}

#if V64_LANES < 8

/* A run is stored a line of the cache at a time, past its end too, where the next run is put then: of runs that are no
 * longer none is mispredicted. The last runs, past whose ends there is no room for that, are stored by smaller steps. */
static void NAME(fill)(const void *in, const uint32_t *ends, size_t runs, uint32_t first, uint32_t last, void *out) {
  const size_t line = 64;
  uint8_t *to = out, *stop = to + (size_t)(last - first) * WORD_BYTES;
  for (size_t run = 0; run < runs && to < stop; run++) {
    uint64_t word = NAME(word_at)(in, run);
    uint8_t *end = ends[run] < last ? (uint8_t *)out + (size_t)(ends[run] - first) * WORD_BYTES : stop;
    v64 words = v64_set1(word * (UINT64_MAX / (WORD)-1));
    if ((size_t)(stop - end) >= line) {
      do {
        for (size_t k = 0; k < line; k += WIDE_BYTES)
          store_wide(to + k, words);
        to += line;
      } while (to < end);
      to = end;
    }
    for (; (size_t)(end - to) >= WIDE_BYTES; to += WIDE_BYTES)
      store_wide(to, words);
    for (; to < end; to += WORD_BYTES) {
      ONE_BY_ONE(to);
      memcpy(to, &word, WORD_BYTES);
    }
  }
}

#endif
