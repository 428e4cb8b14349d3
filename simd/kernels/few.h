/* SPDX-License-Identifier: MIT
 *
 * Fewer values than a block of CODEC_W bits, which lie bit behind bit, unpacked. Included by pack.h once per width. A step takes
 * FEW_VALUES values, which begin and end with whole bytes, and may read FEW_BYTES bytes from their first on: as many as theirs
 * or more. A plan has what `bits` decides of each lane.
 */
#if VEC_BYTES == 64 && CODEC_W <= 16

/* The values of 8 bytes of the output are within 8 bytes of the input, as they begin with a byte or its second half: `bytes`
 * moves these into place, `shifts` has for each byte of the output from which bit of the 8 bytes on it is. */
#define FEW_VALUES VEC_LANES
#define FEW_BYTES VEC_BYTES

struct NAME(plan) {
  __m512i bytes, shifts;
};

ALWAYS_INLINE struct NAME(plan) NAME(plan)(unsigned bits) {
  const uint64_t each_byte = 0x0101010101010101, byte_count = 0x0706050403020100;
  vec_words64 first = vec_count64() * (64 / CODEC_W) * bits; /* bit of each 8 bytes' first value */
#if CODEC_W == 8
  uint64_t shifts = byte_count * bits;
#else
  uint64_t shifts = (uint64_t)0x0303020201010000 * bits + 0x0800080008000800;
#endif
  return (struct NAME(plan)){(__m512i)((first >> 3) * each_byte + byte_count), (__m512i)((first & 7) * each_byte + shifts)};
}

ALWAYS_INLINE void NAME(few_step)(const uint8_t *in, const struct NAME(plan) * plan, VEC mask, VEC bases, uint8_t *out) {
  __m512i bytes = _mm512_permutexvar_epi8(plan->bytes, _mm512_loadu_si512(in));
  NAME(store)(out, ((VEC)_mm512_multishift_epi64_epi8(plan->shifts, bytes) & mask) + bases);
}

#elif CODEC_W <= 16

/* 16 bytes of the input are behind a half of the output, or behind all of it: their bytes are moved to words twice as wide,
 * once for the lower and once for the upper half of the values, and `factors` moves each value up to bit 7, from where on it
 * is narrowed. */
#define FEW_VALUES VEC_LANES
#define FEW_BYTES VEC_BYTES

struct NAME(plan) {
  VEC_INTEGER bytes[2];
  WIDE factors[2], mask;
  size_t second; /* offset of the 16 bytes behind the second half */
};

ALWAYS_INLINE struct NAME(plan) NAME(plan)(unsigned bits) {
  const WIDE_WORD half = 8 / WORD_BYTES; /* of the values of 16 bytes */
  struct NAME(plan) plan = {.mask = WIDE_NAME(low_bits)(bits), .second = half * bits / 4u};
  for (unsigned k = 0; k < 2; k++) {
    WIDE bit = (WIDE_NAME(count)() % half + (WIDE_WORD)(half * k)) * (WIDE_WORD)bits;
    plan.bytes[k] = (VEC_INTEGER)((bit >> 3) * (WIDE_WORD)0x01010101 + (WIDE_WORD)0x03020100);
    /* 128 >> bit % 8 in the lowest byte of each word, 0 in the others, whose indices have the top bit. */
    WIDE place = (bit & 7) | (WIDE_WORD)0x80808000;
    plan.factors[k] = (WIDE)VEC_SHUFFLE((VEC_INTEGER)vec_splat64(0x0102040810204080), (VEC_INTEGER)place);
  }
  return plan;
}

ALWAYS_INLINE void NAME(few_step)(const uint8_t *in, const struct NAME(plan) * plan, VEC mask, VEC bases, uint8_t *out) {
  (void)mask;
  VEC_INTEGER bytes = VEC_OF_16(in, in + plan->second);
  WIDE lower = ((WIDE)VEC_SHUFFLE(bytes, plan->bytes[0]) * plan->factors[0]) >> 7 & plan->mask;
  WIDE upper = ((WIDE)VEC_SHUFFLE(bytes, plan->bytes[1]) * plan->factors[1]) >> 7 & plan->mask;
  NAME(store)(out, (VEC)WITH_WIDTH(VEC_NARROW, (VEC_INTEGER)lower, (VEC_INTEGER)upper, WIDE_W) + bases);
}

#elif VEC_BYTES == 64

/* Each lane's value is in one or two words of the input, which one load has all. */
#define FEW_VALUES VEC_LANES
#define FEW_BYTES VEC_BYTES

struct NAME(plan) {
  VEC low, high, bit; /* the word that has the value's first bit, the one that has its last, and where the first is */
};

ALWAYS_INLINE struct NAME(plan) NAME(plan)(unsigned bits) {
  VEC bit = NAME(count)() * bits;
  return (struct NAME(plan)){bit / CODEC_W, (bit + bits - 1) / CODEC_W, bit};
}

ALWAYS_INLINE void NAME(few_step)(const uint8_t *in, const struct NAME(plan) * plan, VEC mask, VEC bases, uint8_t *out) {
  __m512i words = _mm512_loadu_si512(in);
#if CODEC_W == 32
  __m512i low = _mm512_permutexvar_epi32((__m512i)plan->low, words);
  __m512i high = _mm512_permutexvar_epi32((__m512i)plan->high, words);
  VEC values = (VEC)_mm512_shrdv_epi32(low, high, (__m512i)plan->bit);
#else
  __m512i low = _mm512_permutexvar_epi64((__m512i)plan->low, words);
  __m512i high = _mm512_permutexvar_epi64((__m512i)plan->high, words);
  VEC values = (VEC)_mm512_shrdv_epi64(low, high, (__m512i)plan->bit);
#endif
  NAME(store)(out, (values & mask) + bases);
}

#elif VEC_BYTES == 32

/* The same. Four values of 64 bits may begin with the second half of a byte: two loads of four each, with a plan each. */
#define FEW_PARTS (CODEC_W / 32)
#define FEW_VALUES 8
#define FEW_BYTES (FEW_PARTS * VEC_BYTES)

struct NAME(plan) {
  VEC low[FEW_PARTS], high[FEW_PARTS]; /* the words' 32-bit halves, by number */
  VEC right[FEW_PARTS], left[FEW_PARTS];
  size_t second;
};

/* The numbers of the 32-bit halves of words of those numbers. */
ALWAYS_INLINE VEC NAME(halves)(VEC words) {
#if CODEC_W == 32
  return words;
#else
  return words * 0x0000000200000002 + 0x0000000100000000;
#endif
}

ALWAYS_INLINE struct NAME(plan) NAME(plan)(unsigned bits) {
  struct NAME(plan) plan = {.second = bits / 2};
  for (unsigned k = 0; k < FEW_PARTS; k++) {
    VEC bit = NAME(count)() * bits + k * bits * 4 % 8;
    plan.low[k] = NAME(halves)(bit / CODEC_W);
    plan.high[k] = NAME(halves)((bit + bits - 1) / CODEC_W);
    plan.right[k] = bit % CODEC_W;
    plan.left[k] = -bit % CODEC_W;
  }
  return plan;
}

ALWAYS_INLINE void NAME(few_step)(const uint8_t *in, const struct NAME(plan) * plan, VEC mask, VEC bases, uint8_t *out) {
  for (unsigned k = 0; k < FEW_PARTS; k++, in += plan->second, out += VEC_BYTES) {
    simde__m256i words = (simde__m256i)NAME(load)(in);
    VEC low = (VEC)simde_mm256_permutevar8x32_epi32(words, (simde__m256i)plan->low[k]);
    VEC high = (VEC)simde_mm256_permutevar8x32_epi32(words, (simde__m256i)plan->high[k]);
    NAME(store)(out, ((low >> plan->right[k] | high << plan->left[k]) & mask) + bases);
  }
}

#else

/* Vectors of 16 bytes have no shifts of each lane's own: value by value. */
#define FEW_VALUES 8
#define FEW_BYTES (CODEC_W + 8)

struct NAME(plan) {
  unsigned bits;
};

ALWAYS_INLINE struct NAME(plan) NAME(plan)(unsigned bits) {
  return (struct NAME(plan)){bits};
}

ALWAYS_INLINE void NAME(few_step)(const uint8_t *in, const struct NAME(plan) * plan, VEC mask, VEC bases, uint8_t *out) {
  for (unsigned i = 0, bit = 0; i < FEW_VALUES; i++, bit += plan->bits) {
    uint64_t value = load_64(in + bit / 8) >> bit % 8;
#if CODEC_W == 64
    value |= (uint64_t)in[bit / 8 + 8] << 1 << (63 - bit % 8);
#endif
    WORD word = (WORD)((value & mask[0]) + bases[0]);
    memcpy(out + i * WORD_BYTES, &word, sizeof word);
  }
}

#endif

static void NAME(unpack_few)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint8_t *out) {
  const struct NAME(plan) plan = NAME(plan)(bits);
  const VEC mask = NAME(low_bits)(bits), bases = NAME(splat)(base);
  const size_t step = FEW_VALUES * bits / 8;
  const uint8_t *end = in + (n * bits + 7) / 8;
  for (; n >= FEW_VALUES && end - in >= FEW_BYTES; n -= FEW_VALUES, in += step, out += FEW_VALUES * WORD_BYTES)
    NAME(few_step)(in, &plan, mask, bases, out);
  /* FEW_BYTES or less are left: the same from a copy that more may be read of. */
  uint8_t copy[2 * FEW_BYTES] = {0}, last[FEW_VALUES * WORD_BYTES];
  memcpy(copy, in, (size_t)(end - in));
  for (in = copy; n >= FEW_VALUES; n -= FEW_VALUES, in += step, out += FEW_VALUES * WORD_BYTES)
    NAME(few_step)(in, &plan, mask, bases, out);
  NAME(few_step)(in, &plan, mask, bases, last);
  memcpy(out, last, n * WORD_BYTES);
}

#undef FEW_VALUES
#undef FEW_BYTES
#undef FEW_PARTS
