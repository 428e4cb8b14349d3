/* SPDX-License-Identifier: MIT
 *
 * The spelling that the kernels of bit-packing are written in, for words of CODEC_W bits: a vector of VEC_BYTES (64, 32 or 16)
 * bytes of them, in GNU C, whose +, -, &, <<, >> the compiler turns into the instruction set's. Included by pack.h once per
 * width, after its macros. Tables with vectors exist for little-endian machines alone, whose words lie as the packed ones do.
 */
typedef WORD VEC __attribute__((vector_size(VEC_BYTES)));
#define VEC_LANES (VEC_BYTES / WORD_BYTES)

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

/* Words of which low has the lower and high the upper half, shifted right by s % CODEC_W bits, and their lower halves: in
 * other words the bits from bit s on of words that lie one behind the other. With s % CODEC_W = 0 that is low where high is
 * the same. */
ALWAYS_INLINE VEC NAME(funnel)(VEC low, VEC high, unsigned s) {
#if CODEC_W == 8
  /* There are no shifts of bytes: those of pairs of bytes, less what comes from the neighbour. */
  vec_words16 l = (vec_words16)low >> (uint16_t)(s % 8), h = (vec_words16)high << (uint16_t)(8 - s % 8);
  VEC from_low = NAME(splat)(0xffu >> s % 8);
  return ((VEC)l & from_low) | ((VEC)h & ~from_low);
#elif !defined(VEC_FUNNEL)
  return low >> (WORD)(s % CODEC_W) | high << (WORD)(-s % CODEC_W);
#elif CODEC_W == 16
  return (VEC)_mm512_shrdv_epi16((__m512i)low, (__m512i)high, (__m512i)NAME(splat)(s));
#elif CODEC_W == 32
  return (VEC)_mm512_shrdv_epi32((__m512i)low, (__m512i)high, (__m512i)NAME(splat)(s));
#else
  return (VEC)_mm512_shrdv_epi64((__m512i)low, (__m512i)high, (__m512i)NAME(splat)(s));
#endif
}
