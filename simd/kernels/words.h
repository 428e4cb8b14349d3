/* SPDX-License-Identifier: MIT
 *
 * The spelling that the kernels of bit-packing are written in, for words of CODEC_W bits: a vector of VEC_BYTES (64, 32 or 16)
 * bytes of them in GNU C, whose +, -, &, <<, >> the compiler turns into the instruction set's. Included by pack.h once per
 * width. Tables with vectors exist for little-endian machines alone, whose words lie as the packed ones do.
 */
typedef WORD VEC __attribute__((vector_size(VEC_BYTES)));

ALWAYS_INLINE VEC NAME(load)(const void *from) {
  VEC words;
  memcpy(&words, from, sizeof words);
  return words;
}

ALWAYS_INLINE void NAME(store)(void *to, VEC words) {
  memcpy(to, &words, sizeof words);
}

ALWAYS_INLINE VEC NAME(splat)(uint64_t word) {
  return (VEC){0} + (WORD)word;
}

/* The low `bits` bits of each word. */
ALWAYS_INLINE VEC NAME(low_bits)(unsigned bits) {
  return NAME(splat)(bits == 0 ? 0 : (uint64_t)-1 >> (64 - bits));
}

/* 0, 1, 2, ... */
ALWAYS_INLINE VEC NAME(count)(void) {
  VEC count;
  for (unsigned i = 0; i < VEC_LANES; i++)
    count[i] = (WORD)i;
  return count;
}

/* How far the words of a vector are shifted, of which the remainder by CODEC_W counts: a vector of that where there is an
 * instruction that takes two words' bits, else a number. */
#if defined(VEC_FUNNEL) && CODEC_W > 8
typedef VEC SHIFT;

ALWAYS_INLINE SHIFT NAME(shift_of)(unsigned bits) {
  return NAME(splat)(bits);
}

/* The bits from bit s on of low's words, and above them high's. With s = 0 that is low; else, below, low | high. */
ALWAYS_INLINE VEC NAME(funnel)(VEC low, VEC high, SHIFT s) {
#if CODEC_W == 16
  return (VEC)_mm512_shrdv_epi16((__m512i)low, (__m512i)high, (__m512i)s);
#elif CODEC_W == 32
  return (VEC)_mm512_shrdv_epi32((__m512i)low, (__m512i)high, (__m512i)s);
#else
  return (VEC)_mm512_shrdv_epi64((__m512i)low, (__m512i)high, (__m512i)s);
#endif
}
#else
typedef unsigned SHIFT;

ALWAYS_INLINE SHIFT NAME(shift_of)(unsigned bits) {
  return bits;
}

ALWAYS_INLINE VEC NAME(funnel)(VEC low, VEC high, SHIFT s) {
#if CODEC_W == 8
  /* There are no shifts of bytes: those of pairs of bytes, less what comes from the neighbour. */
  WIDE l = (WIDE)low >> (uint16_t)(s % 8), h = (WIDE)high << (uint16_t)(8 - s % 8);
  VEC from_low = NAME(splat)(0xffu >> s % 8);
  return ((VEC)l & from_low) | ((VEC)h & ~from_low);
#else
  return low >> (WORD)(s % CODEC_W) | high << (WORD)(-s % CODEC_W);
#endif
}
#endif
