/* SPDX-License-Identifier: MIT
 *
 * Fewer values than a block of CODEC_W = 32 or 64 bits, which lie bit behind bit, unpacked by vectors of 32 bytes. Included
 * by few.h.
 */

/* Four values of 64 bits may begin with the second half of a byte: two vectors at a time, with a plan each. */
#define FEW_PARTS (CODEC_W / 32)
#define FEW_VALUES 8
#define FEW_BYTES (FEW_PARTS * VEC_BYTES)

/* Up to FEW_NEAR bits, a value is within the word from the byte on that it begins in; up to FEW_CLOSE bits, those of a
 * vector are within 16 bytes, else those of either half. */
#define FEW_NEAR (CODEC_W - 7)
#define FEW_CLOSE (CODEC_W == 32 ? 16 : 31)

struct NAME(near) {
  VEC bytes[FEW_PARTS], right[FEW_PARTS]; /* each lane's, of the 16 behind its half of the vector; bits to shift by */
  size_t from[FEW_PARTS][2];              /* where those 16 begin; close: both halves' are the first */
};

ALWAYS_INLINE VEC NAME(times)(VEC counts, unsigned bits) {
#if CODEC_W == 32
  return counts * bits;
#else
  return (VEC)simde_mm256_mul_epu32((simde__m256i)counts, (simde__m256i)NAME(splat)(bits));
#endif
}

ALWAYS_INLINE struct NAME(near) NAME(plan_near)(unsigned bits, bool close) {
  const WORD together = close ? VEC_LANES : VEC_LANES / 2; /* lanes that have the same 16 bytes */
  struct NAME(near) plan;
  for (unsigned k = 0; k < FEW_PARTS; k++) {
    const VEC within = NAME(count)() % together, first = NAME(count)() + k * VEC_LANES - within;
    VEC bit = NAME(times)(within, bits) + (NAME(times)(first, bits) & 7), byte = bit >> 3;
    byte |= byte << 8;
    byte |= byte << 16;
#if CODEC_W == 64
    byte |= byte << 32;
#endif
    plan.bytes[k] = byte + (WORD)0x0706050403020100;
    plan.right[k] = bit & 7;
    plan.from[k][0] = k * VEC_LANES * bits / 8;
    plan.from[k][1] = (k * VEC_LANES + VEC_LANES / 2) * bits / 8;
  }
  return plan;
}

/* FEW_VALUES values, from byte `at` on. Where `clamped`, no 16 bytes are taken from beyond `last`, but those from there
 * on. */
ALWAYS_INLINE void NAME(near_step)(const uint8_t *in, size_t at, const struct NAME(near) * plan, VEC mask, VEC bases,
                                   uint8_t *out, bool close, bool clamped, size_t last) {
  for (unsigned k = 0; k < FEW_PARTS; k++, out += VEC_BYTES) {
    size_t lower = at + plan->from[k][0], upper = at + plan->from[k][1];
    VEC_INTEGER bytes = (VEC_INTEGER)plan->bytes[k];
    if (clamped) {
      const size_t past_lower = lower > last ? lower - last : 0, past_upper = upper > last ? upper - last : 0;
      lower -= past_lower;
      upper -= past_upper;
      bytes = simde_mm256_add_epi8(bytes, close ? simde_mm256_set1_epi8((int8_t)past_lower)
                                                : simde_mm256_set_m128i(simde_mm_set1_epi8((int8_t)past_upper),
                                                                        simde_mm_set1_epi8((int8_t)past_lower)));
    }
    VEC_INTEGER words = close ? simde_mm256_broadcastsi128_si256(simde_mm_loadu_si128((const void *)(in + lower)))
                              : VEC_OF_16(in + lower, in + upper);
    NAME(store)(out, (((VEC)VEC_SHUFFLE(words, bytes) >> plan->right[k]) & mask) + bases);
  }
}

ALWAYS_INLINE void NAME(unpack_near)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint8_t *out, bool close) {
  const struct NAME(near) plan = NAME(plan_near)(bits, close);
  const VEC mask = NAME(low_bits)(bits), bases = NAME(splat)(base);
  const size_t reach = plan.from[FEW_PARTS - 1][!close] + 16;
  uint8_t copy[16] = {0}, few[FEW_VALUES * WORD_BYTES];
  size_t bytes = (n * bits + 7) / 8, at = 0;
  if (bytes < sizeof copy) {
    copy_few(copy, in, bytes);
    in = copy;
    bytes = sizeof copy;
  }
  const size_t whole = n / FEW_VALUES * bits, free = bytes >= reach ? bytes - reach + 1 : 0;
  const size_t safe = whole < free ? whole : free;
  /* By four steps: where loops of many steps end is mispredicted, which costs as much as a tenth of a block. */
  while (at + 3 * bits < safe)
    for (unsigned k = 0; k < 4; k++, at += bits, out += sizeof few)
      NAME(near_step)(in, at, &plan, mask, bases, out, close, false, 0);
  for (; at < safe; at += bits, out += sizeof few)
    NAME(near_step)(in, at, &plan, mask, bases, out, close, false, 0);
  for (; at < whole; at += bits, out += sizeof few)
    NAME(near_step)(in, at, &plan, mask, bases, out, close, true, bytes - 16);
  if (n % FEW_VALUES > 0) {
    NAME(near_step)(in, at, &plan, mask, bases, few, close, true, bytes - 16);
    copy_few(out, few, n % FEW_VALUES * WORD_BYTES);
  }
}

/* Any number of bits: each lane's value is in one or two words of the input, counted from a byte's begin or middle. */
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
