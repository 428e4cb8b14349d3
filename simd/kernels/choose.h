/* SPDX-License-Identifier: MIT
 *
 * compact, expand and spread of words of CODEC_W bits by tables: a step puts the words of CHOOSE_ROWS rows in the order
 * that the rows' bits decide. Included by moves.h once per width; with MOVE_SPREAD_ALONE there is nothing but spread.
 *
 * Bound: a store and three loads a step; from one step to the next only a sum of counted bits is waited for.
 */
#if CODEC_W <= 16
#define CHOOSE_ROWS 8
#define CHOSEN simde__m128i
#else
#define CHOOSE_ROWS (8 * WIDE_BYTES > 8 * CODEC_W ? 8 : 8 * WIDE_BYTES / CODEC_W)
#define CHOSEN v64
#endif

/* Words of `from`, of which CHOOSE_ROWS are read, in an order of orders.h. */
ALWAYS_INLINE CHOSEN NAME(in_order)(const uint8_t *from, const uint64_t *order) {
#if CODEC_W == 8
  return simde_mm_shuffle_epi8(simde_mm_loadl_epi64((const void *)from), simde_mm_loadl_epi64((const void *)order));
#elif CODEC_W == 16
  simde__m128i numbers = simde_mm_loadl_epi64((const void *)order), bytes = simde_mm_unpacklo_epi8(numbers, numbers);
  bytes = simde_mm_add_epi8(simde_mm_add_epi8(bytes, bytes), simde_mm_set1_epi16(0x0100));
  return simde_mm_shuffle_epi8(simde_mm_loadu_si128((const void *)from), bytes);
#elif V64_LANES == 8
  return _mm512_permutexvar_epi64(_mm512_cvtepu8_epi64(_mm_loadl_epi64((const void *)order)), load_wide(from));
#elif V64_LANES == 4
  v64 numbers = simde_mm256_cvtepu8_epi32(simde_mm_loadl_epi64((const void *)order));
  return simde_mm256_permutevar8x32_epi32(load_wide(from), numbers);
#else
  return simde_mm_shuffle_epi8(load_wide(from), load_wide(order));
#endif
}

#if CODEC_W == 8
#define PUT(to, words) simde_mm_storel_epi64((void *)(to), words)
#elif CODEC_W == 16
#define PUT(to, words) simde_mm_storeu_si128((void *)(to), words)
#else
#define PUT(to, words) store_wide(to, words)
#endif

#if CHOOSE_ROWS == 8
#define RANKS_OF(bits) &ranks[bits]
#define PLACES_OF(bits) &places[bits]
#else
#define RANKS_OF(bits) &four_ranks[FOUR_WORDS * ((bits)&7)]
#define PLACES_OF(bits) &four_places[FOUR_WORDS * ((bits)&15)]
#endif
#define COUNT_OF(bits) (unsigned)__builtin_popcount(CHOOSE_ROWS == 8 ? (bits) : (bits)&15)

#ifndef MOVE_SPREAD_ALONE
/* Zero where the row's bit is not set. */
ALWAYS_INLINE CHOSEN NAME(kept)(CHOSEN words, unsigned bits) {
#if CODEC_W == 8
  const simde__m128i own = simde_mm_set_epi64x(0, (int64_t)0x8040201008040201);
  return simde_mm_and_si128(words, simde_mm_cmpeq_epi8(simde_mm_and_si128(simde_mm_set1_epi8((int8_t)bits), own), own));
#elif CODEC_W == 16
  const simde__m128i own = simde_mm_set_epi16(128, 64, 32, 16, 8, 4, 2, 1);
  return simde_mm_and_si128(words, simde_mm_cmpeq_epi16(simde_mm_and_si128(simde_mm_set1_epi16((int16_t)bits), own), own));
#elif CODEC_W == 64
  return v64_keep_bits(bits, words);
#elif V64_LANES == 4
  const v64 own = simde_mm256_set_epi32(128, 64, 32, 16, 8, 4, 2, 1);
  return v64_and(words, simde_mm256_cmpeq_epi32(v64_and(simde_mm256_set1_epi32((int32_t)bits), own), own));
#else
  return simde_mm_and_si128(words, m32_of_bits(bits));
#endif
}

static size_t NAME(compact)(const void *in, const uint64_t *bits, size_t n, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t i = n / 8 * 8;
  for (const uint8_t *eight = (const uint8_t *)bits, *end = eight + n / 8; eight < end; eight++) {
    unsigned set = *eight;
    for (unsigned k = 0; k < 8; k += CHOOSE_ROWS, set >>= CHOOSE_ROWS) {
      PUT(to, NAME(in_order)(from, PLACES_OF(set)));
      from += CHOOSE_ROWS * WORD_BYTES;
      to += COUNT_OF(set) * WORD_BYTES;
    }
  }
  for (; i < n; i++, from += WORD_BYTES) {
    ONE_BY_ONE(i);
    memcpy(to, from, WORD_BYTES);
    to += bit_at(bits, i) * WORD_BYTES;
  }
  return (size_t)(to - (uint8_t *)out) / WORD_BYTES;
}

static size_t NAME(expand)(const void *in, const uint64_t *bits, size_t n, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  size_t i = n / 8 * 8;
  for (const uint8_t *eight = (const uint8_t *)bits, *end = eight + n / 8; eight < end; eight++) {
    unsigned set = *eight;
    for (unsigned k = 0; k < 8; k += CHOOSE_ROWS, set >>= CHOOSE_ROWS) {
      PUT(to, NAME(kept)(NAME(in_order)(from, RANKS_OF(set)), set));
      from += COUNT_OF(set) * WORD_BYTES;
      to += CHOOSE_ROWS * WORD_BYTES;
    }
  }
  for (; i < n; i++, to += WORD_BYTES) {
    ONE_BY_ONE(i);
    WORD word;
    memcpy(&word, from, WORD_BYTES);
    word = (WORD)(word & (WORD)-bit_at(bits, i));
    memcpy(to, &word, WORD_BYTES);
    from += bit_at(bits, i) * WORD_BYTES;
  }
  return (size_t)(from - (const uint8_t *)in) / WORD_BYTES;
}
#endif

static void NAME(spread)(const void *in, const uint64_t *bits, size_t n, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  /* A row's order goes by the bits of the rows behind the step's first, and the next step begins where its first row is; so
   * there is to be a next row. */
  size_t steps = n == 0 ? 0 : (n - 1) / 8, i = 8 * steps;
  for (const uint8_t *eight = (const uint8_t *)bits, *end = eight + steps; eight < end; eight++) {
    unsigned set = eight_bits_on(eight);
    for (unsigned k = 0; k < 8; k += CHOOSE_ROWS, set >>= CHOOSE_ROWS) {
      PUT(to, NAME(in_order)(from, RANKS_OF(set)));
      from += COUNT_OF(set) * WORD_BYTES;
      to += CHOOSE_ROWS * WORD_BYTES;
    }
  }
  for (size_t first = i; i < n; i++, to += WORD_BYTES) {
    ONE_BY_ONE(i);
    from += i > first ? bit_at(bits, i) * WORD_BYTES : 0;
    memcpy(to, from, WORD_BYTES);
  }
}

#undef PUT
#undef RANKS_OF
#undef PLACES_OF
#undef COUNT_OF
#undef CHOOSE_ROWS
#undef CHOSEN
