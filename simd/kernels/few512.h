/* SPDX-License-Identifier: MIT
 *
 * Fewer values than a block of CODEC_W bits, which lie bit behind bit, unpacked by vectors of 64 bytes. Included by pack.h
 * once per width.
 */

/* Of each byte of 8: how many values begin before its own, and 8 times which byte of its value it is. */
#if CODEC_W == 8
#define FEW_BEFORE 0x0706050403020100
#define FEW_OFFSET 0
#elif CODEC_W == 16
#define FEW_BEFORE 0x0303020201010000
#define FEW_OFFSET 0x0800080008000800
#elif CODEC_W == 32
#define FEW_BEFORE 0x0101010100000000
#define FEW_OFFSET 0x1810080018100800
#else
#define FEW_BEFORE 0
#define FEW_OFFSET 0x3830282018100800
#endif

/* The values of 8 bytes of the output begin in one byte of the input and are within 8 from there on, or, where they
 * begin in the middle of it, within 9. */
struct NAME(plan) {
  __m512i bytes; /* where the 8 bytes come from */
  __m512i first; /* for each 8, which bit of them is the first */
  __m512i
      shifts; /* for each byte of the output, from which bit of the 8 on it is; where 9 are needed, from the first bit on */
  VEC mask, bases;
};

ALWAYS_INLINE VEC NAME(few)(__m512i in, const struct NAME(plan) * plan, bool nine) {
  __m512i bytes = _mm512_permutexvar_epi8(plan->bytes, in);
  if (nine) {
    __m512i next = _mm512_permutexvar_epi8(_mm512_add_epi8(plan->bytes, _mm512_set1_epi8(8)), in);
    bytes = _mm512_shrdv_epi64(bytes, next, plan->first);
    if (CODEC_W == 64)
      return ((VEC)bytes & plan->mask) + plan->bases;
  }
  return ((VEC)_mm512_multishift_epi64_epi8(plan->shifts, bytes) & plan->mask) + plan->bases;
}

ALWAYS_INLINE void NAME(unpack_plan)(const uint8_t *in, size_t n, unsigned bits, struct NAME(plan) plan, uint8_t *out,
                                     bool nine) {
  const size_t step = VEC_LANES * bits / 8;
  size_t bytes = (n * bits + 7) / 8;
  for (; n >= VEC_LANES && bytes >= VEC_BYTES; n -= VEC_LANES, bytes -= step, in += step, out += VEC_BYTES)
    NAME(store)(out, NAME(few)(_mm512_loadu_si512(in), &plan, nine));
  /* Less than 64 bytes, or less than a vector of values, are left: one load has them all. */
  __m512i left = _mm512_maskz_loadu_epi8(bytes < VEC_BYTES ? ((uint64_t)1 << bytes) - 1 : (uint64_t)-1, in);
  LOOP_ROLLED
  for (; n >= VEC_LANES; n -= VEC_LANES, out += VEC_BYTES) {
    NAME(store)(out, NAME(few)(left, &plan, nine));
    plan.bytes = _mm512_add_epi8(plan.bytes, _mm512_set1_epi8((char)step));
  }
  _mm512_mask_storeu_epi8(out, ((uint64_t)1 << n * WORD_BYTES) - 1, (__m512i)NAME(few)(left, &plan, nine));
}

/* bits > 0 */
static void NAME(unpack_few)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint8_t *out) {
  const uint64_t each_byte = 0x0101010101010101, byte_count = 0x0706050403020100;
  const unsigned eight = 64 / CODEC_W * bits; /* bits of the values of 8 bytes */
  const unsigned odd = eight & -eight;        /* where not whole bytes, they begin with every odd'th bit of a byte */
  block_words64 bit = block_count64() * eight, first = bit & 7,
                shifts = block_splat64(FEW_BEFORE * (uint64_t)bits + FEW_OFFSET);
  struct NAME(plan) plan = {.bytes = (__m512i)((bit >> 3) * each_byte + byte_count),
                            .first = (__m512i)first,
                            .shifts = (__m512i)(shifts + first * each_byte),
                            .mask = NAME(low_bits)(bits),
                            .bases = NAME(splat)(base)};
  if (CODEC_W >= 32 && odd < 8 && eight + 8 - odd > 64) {
    plan.shifts = (__m512i)shifts;
    NAME(unpack_plan)(in, n, bits, plan, out, true);
  } else {
    NAME(unpack_plan)(in, n, bits, plan, out, false);
  }
}

#undef FEW_BEFORE
#undef FEW_OFFSET
