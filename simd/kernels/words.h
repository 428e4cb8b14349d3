/* SPDX-License-Identifier: MIT
 *
 * The spelling that the kernels of bit-packing are written in, for words of CODEC_W bits: a vector of VEC_BYTES (64, 32 or
 * 16) bytes of them in GNU C, whose +, -, &, <<, >> the compiler turns into the instruction set's. Included by pack.h once
 * per width. Tables with vectors exist for little-endian machines alone, whose words lie as the packed ones do.
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

/* The words shifted right by s < CODEC_W bits. What comes in from above is anything. */
ALWAYS_INLINE VEC NAME(right)(VEC words, unsigned s) {
#if CODEC_W == 8
  return (VEC)((WIDE)words >> (uint16_t)s); /* there are no shifts of bytes: those of pairs of bytes */
#else
  return words >> (WORD)s;
#endif
}

#if defined(VEC_FUNNEL) && CODEC_W > 8
/* 0, 1, 2, ..., from where a number of bits becomes a vector by a load alone. */
static const WORD NAME(counts)[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                      32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                      48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
#endif

/* The same, but what comes in from above is the lower bits of high; with s = 0 it is low, or low | high. */
ALWAYS_INLINE VEC NAME(funnel)(VEC low, VEC high, unsigned s) {
#ifdef VEC_FUNNEL
  KEEP_SINGLE(s); /* else gcc compiles a loop of its own for steps of 1 bit */
#endif
#if CODEC_W == 8
  VEC from_low = NAME(splat)(0xffu >> s);
  WIDE left = (WIDE)high << (uint16_t)(8 - s);
  return (NAME(right)(low, s) & from_low) | ((VEC)left & ~from_low);
#elif !defined(VEC_FUNNEL)
  return low >> (WORD)s | high << (WORD)(-s % CODEC_W);
#elif CODEC_W == 16
  return (VEC)_mm512_shrdv_epi16((__m512i)low, (__m512i)high, (__m512i)NAME(splat)(NAME(counts)[s]));
#elif CODEC_W == 32
  return (VEC)_mm512_shrdv_epi32((__m512i)low, (__m512i)high, (__m512i)NAME(splat)(NAME(counts)[s]));
#else
  return (VEC)_mm512_shrdv_epi64((__m512i)low, (__m512i)high, (__m512i)NAME(splat)(NAME(counts)[s]));
#endif
}
