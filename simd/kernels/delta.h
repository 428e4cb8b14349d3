/* SPDX-License-Identifier: MIT
 *
 * Differences between neighbours and their sums, the least and the greatest, for words of CODEC_W bits. Included by pack.h
 * once per width.
 */
typedef WORD NAME(summands) __attribute__((vector_size(SUM_BYTES)));
#define SUMMANDS NAME(summands)
#define SUM_LANES (SUM_BYTES / WORD_BYTES)

/* Each lane's sum of the 2^(step + 1) words up to it, from those of 2^step. */
#define SUM_STEP(step)                                                                   \
  do {                                                                                   \
    SUMMANDS slid = (SUMMANDS)SUM_SLIDE(steps[step], words, (1 << (step)) * WORD_BYTES); \
    steps[step] = words;                                                                 \
    words += slid;                                                                       \
  } while (0)

/* out[n] becomes its running sums. Each vector's words are added up with the SUM_LANES - 1 before them, vectors
 * overlapping, so that from one vector of sums to the next there is but an addition. Four vectors at a time save moves
 * between registers. */
static void NAME(sum)(uint8_t *out, size_t n, uint64_t before) {
  SUMMANDS sums = (SUMMANDS){0} + (WORD)before, steps[5] = {{0}};
  for (; n >= 4 * SUM_LANES; n -= 4 * SUM_LANES) {
    for (unsigned k = 0; k < 4; k++, out += SUM_BYTES) {
      SUMMANDS words;
      memcpy(&words, out, sizeof words);
      SUM_STEP(0);
#if SUM_LANES > 2
      SUM_STEP(1);
#endif
#if SUM_LANES > 4
      SUM_STEP(2);
#endif
#if SUM_LANES > 8
      SUM_STEP(3);
#endif
#if SUM_LANES > 16
      SUM_STEP(4);
#endif
      sums += words;
      memcpy(out, &sums, sizeof sums);
    }
  }
  WORD sum = sums[SUM_LANES - 1];
  LOOP_ROLLED
  for (; n > 0; n--, out += WORD_BYTES) {
    WORD word;
    memcpy(&word, out, sizeof word);
    sum = (WORD)(sum + word);
    KEEP_SINGLE(sum);
    memcpy(out, &sum, sizeof sum);
  }
}

static void NAME(undelta)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint64_t before, void *out) {
  NAME(unpack)(in, n, bits, base, out);
  NAME(sum)(out, n, before);
}

#undef SUM_STEP
#undef SUM_LANES
#undef SUMMANDS

#if VEC_BYTES < 64

static void NAME(delta)(const void *in, size_t n, uint64_t before, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  WORD last = (WORD)before;
  if (n > VEC_LANES) {
    /* One by itself, then vectors of neighbours, of which the last two may overlap. */
    WORD first;
    memcpy(&first, from, sizeof first);
    last = (WORD)(first - last);
    memcpy(to, &last, sizeof last);
    for (size_t i = 1; i < n; i += VEC_LANES) {
      size_t at = (i < n - VEC_LANES ? i : n - VEC_LANES) * WORD_BYTES;
      NAME(store)(to + at, NAME(load)(from + at) - NAME(load)(from + at - WORD_BYTES));
    }
    return;
  }
  LOOP_ROLLED
  for (size_t i = 0; i < n; i++) {
    WORD word, difference;
    memcpy(&word, from + i * WORD_BYTES, sizeof word);
    difference = (WORD)(word - last);
    KEEP_SINGLE(difference);
    memcpy(to + i * WORD_BYTES, &difference, sizeof difference);
    last = word;
  }
}

#if CODEC_W == 64
/* Words of 64 bits can be compared as signed ones alone: their top bits are flipped. */
typedef int64_t NAME(signed_words) __attribute__((vector_size(VEC_BYTES)));
#define RANGE_FLIP ((uint64_t)1 << 63)

ALWAYS_INLINE VEC NAME(least)(VEC a, VEC b) {
  return (VEC)VEC_CHOOSE((VEC_INTEGER)((NAME(signed_words))a < (NAME(signed_words))b), (VEC_INTEGER)a, (VEC_INTEGER)b);
}

ALWAYS_INLINE VEC NAME(greatest)(VEC a, VEC b) {
  return (VEC)VEC_CHOOSE((VEC_INTEGER)((NAME(signed_words))a > (NAME(signed_words))b), (VEC_INTEGER)a, (VEC_INTEGER)b);
}
#else
#define RANGE_FLIP 0

ALWAYS_INLINE VEC NAME(least)(VEC a, VEC b) {
  return (VEC)WITH_WIDTH(VEC_MIN, (VEC_INTEGER)a, (VEC_INTEGER)b, CODEC_W);
}

ALWAYS_INLINE VEC NAME(greatest)(VEC a, VEC b) {
  return (VEC)WITH_WIDTH(VEC_MAX, (VEC_INTEGER)a, (VEC_INTEGER)b, CODEC_W);
}
#endif

/* Vectors of values, the last of which may overlap the one before; then the lanes of what they leave, or few values. */
static struct simd_range NAME(range)(const void *in, size_t n, uint64_t flip) {
  const uint8_t *lows = in, *highs = in;
  VEC left[2];
  if (n >= VEC_LANES) {
    const uint8_t *from = in;
    const VEC flips = NAME(splat)(flip ^ RANGE_FLIP);
    VEC least = NAME(load)(from) ^ flips, greatest = least;
    for (size_t i = VEC_LANES; i < n; i += VEC_LANES) {
      VEC words = NAME(load)(from + (i < n - VEC_LANES ? i : n - VEC_LANES) * WORD_BYTES) ^ flips;
      least = NAME(least)(least, words);
      greatest = NAME(greatest)(greatest, words);
    }
    left[0] = least ^ flips;
    left[1] = greatest ^ flips;
    lows = (const uint8_t *)&left[0];
    highs = (const uint8_t *)&left[1];
    n = VEC_LANES;
  }
  WORD least = (WORD)-1, greatest = 0;
  LOOP_ROLLED
  for (size_t at = 0; at < n * WORD_BYTES; at += WORD_BYTES) {
    WORD low, high;
    memcpy(&low, lows + at, sizeof low);
    memcpy(&high, highs + at, sizeof high);
    low ^= (WORD)flip;
    high ^= (WORD)flip;
    KEEP_SINGLE(low);
    least = low < least ? low : least;
    greatest = high > greatest ? high : greatest;
  }
  return (struct simd_range){(WORD)(least ^ (WORD)flip), (WORD)(greatest ^ (WORD)flip)};
}

#undef RANGE_FLIP

#endif
