/* SPDX-License-Identifier: MIT
 *
 * Fewer values than a block of CODEC_W bits, which lie bit behind bit, unpacked by vectors of up to 32 bytes. Included by
 * pack.h once per width. A step takes FEW_VALUES values, which begin and end with whole bytes, and may read FEW_BYTES bytes
 * from their first on: as many as theirs or more. A plan has what `bits` decides of each lane.
 */
#if CODEC_W <= 16

/* 16 bytes of the input are behind a half of the output, or behind all of it: their bytes are moved to words twice as
 * wide, once for the lower and once for the upper half of the values, and `factors` moves each value up to bit 7, from
 * where on it is narrowed. */
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
    plan.factors[k] = (WIDE)VEC_SHUFFLE((VEC_INTEGER)block_splat64(0x0102040810204080), (VEC_INTEGER)place);
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

#elif VEC_BYTES == 32

#include "simd/kernels/few256.h"

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
  _Pragma("GCC unroll 4") for (unsigned i = 0, bit = 0; i < FEW_VALUES; i++, bit += plan->bits) {
    uint64_t value = load_64(in + bit / 8) >> bit % 8;
#if CODEC_W == 64
    value |= (uint64_t)in[bit / 8 + 8] << 1 << (63 - bit % 8);
#endif
    WORD word = (WORD)((value & mask[0]) + bases[0]);
    memcpy(out + i * WORD_BYTES, &word, sizeof word);
  }
}

#endif

/* bits > 0 */
static void NAME(unpack_few)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint8_t *out) {
#ifdef FEW_NEAR
  if (bits <= FEW_NEAR) {
    if (bits <= FEW_CLOSE)
      NAME(unpack_near)(in, n, bits, base, out, true);
    else
      NAME(unpack_near)(in, n, bits, base, out, false);
    return;
  }
#endif
  const struct NAME(plan) plan = NAME(plan)(bits);
  const VEC mask = NAME(low_bits)(bits), bases = NAME(splat)(base);
  const ptrdiff_t step = (ptrdiff_t)(FEW_VALUES * bits / 8);
  ptrdiff_t bytes = (ptrdiff_t)(n * bits + 7) / 8; /* that may be read */
  uint8_t copy[2 * FEW_BYTES] = {0}, last[FEW_VALUES * WORD_BYTES];
  for (;;) {
    const ptrdiff_t whole = (ptrdiff_t)(n / FEW_VALUES) * step, past = bytes - FEW_BYTES + 1,
                    stop = whole < past ? whole : past;
    const uint8_t *begun = out;
    for (ptrdiff_t at = 0; at < stop; at += step, in += step, out += FEW_VALUES * WORD_BYTES)
      NAME(few_step)(in, &plan, mask, bases, out);
    n -= (size_t)(out - begun) / WORD_BYTES;
    bytes -= (out - begun) / (FEW_VALUES * WORD_BYTES) * step;
    if (bytes >= FEW_BYTES || n == 0)
      break;
    copy_few(copy, in, (size_t)bytes); /* the same from a copy that more may be read of */
    in = copy;
    bytes = sizeof copy;
  }
  if (n > 0) {
    NAME(few_step)(in, &plan, mask, bases, last);
    copy_few(out, last, n * WORD_BYTES);
  }
}

#undef FEW_VALUES
#undef FEW_BYTES
#undef FEW_PARTS
#undef FEW_NEAR
#undef FEW_CLOSE
