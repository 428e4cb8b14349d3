/* SPDX-License-Identifier: MIT
 *
 * The kernels of codecs for words of CODEC_W bits in plain C: the scalar table's, and the oracle of the others. Included by
 * isa_codecs.c once per width; every name ends in the width.
 */
#define NAME_OF(name, width) plain_##name##width
#define NAME_OF_EXPANDED(name, width) NAME_OF(name, width)
#define NAME(name) NAME_OF_EXPANDED(name, CODEC_W)
#define WORD_OF(width) uint##width##_t
#define WORD_OF_EXPANDED(width) WORD_OF(width)
#define WORD WORD_OF_EXPANDED(CODEC_W)
#define WORD_BYTES (CODEC_W / 8)
#define ROW_LANES (SIMD_PACK_BLOCK / CODEC_W)

/* Word i of an array in the machine's order; of packed ones, in little-endian order. */
static inline WORD NAME(load)(const void *words, size_t i) {
  WORD word;
  memcpy(&word, (const uint8_t *)words + i * WORD_BYTES, WORD_BYTES);
  return word;
}

static inline void NAME(store)(void *words, size_t i, WORD word) {
  memcpy((uint8_t *)words + i * WORD_BYTES, &word, WORD_BYTES);
}

static inline WORD NAME(packed)(const uint8_t *words, size_t i) {
  return (WORD)from_little(NAME(load)(words, i), CODEC_W);
}

static inline void NAME(store_packed)(uint8_t *words, size_t i, WORD word) {
  NAME(store)(words, i, (WORD)from_little(word, CODEC_W));
}

static inline WORD NAME(mask)(unsigned bits) {
  return bits == 0 ? 0 : (WORD)((WORD)-1 >> (CODEC_W - bits));
}

static void NAME(unpack)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, void *out) {
  if (n < SIMD_PACK_BLOCK || bits == 0) {
    for (size_t i = 0; i < n; i++)
      NAME(store)(out, i, (WORD)(base + bits_at(in, i * bits, bits)));
    return;
  }
  WORD mask = NAME(mask)(bits);
  for (unsigned row = 0; row < CODEC_W; row++) {
    unsigned bit = row * bits, s = bit % CODEC_W, t = (CODEC_W - s) % CODEC_W;
    const uint8_t *low = in + bit / CODEC_W * (SIMD_PACK_BLOCK / 8);
    const uint8_t *high = in + (bit + bits - 1) / CODEC_W * (SIMD_PACK_BLOCK / 8); /* the same, or the next */
    for (unsigned lane = 0; lane < ROW_LANES; lane++) {
      WORD word = (WORD)(NAME(packed)(low, lane) >> s | (WORD)(NAME(packed)(high, lane) << t));
      NAME(store)(out, row * ROW_LANES + lane, (WORD)((WORD)base + (word & mask)));
    }
  }
}

static void NAME(pack)(const void *in, size_t n, unsigned bits, uint64_t base, uint8_t *out) {
  WORD mask = NAME(mask)(bits);
  memset(out, 0, (n * bits + 7) / 8);
  if (n < SIMD_PACK_BLOCK || bits == 0) {
    for (size_t i = 0; i < n && bits > 0; i++)
      put_bits(out, i * bits, bits, (WORD)(NAME(load)(in, i) - (WORD)base) & mask);
    return;
  }
  for (unsigned row = 0; row < CODEC_W; row++) {
    unsigned bit = row * bits, s = bit % CODEC_W;
    uint8_t *low = out + bit / CODEC_W * (SIMD_PACK_BLOCK / 8), *high = low + SIMD_PACK_BLOCK / 8;
    for (unsigned lane = 0; lane < ROW_LANES; lane++) {
      WORD value = (WORD)(NAME(load)(in, row * ROW_LANES + lane) - (WORD)base) & mask;
      NAME(store_packed)(low, lane, (WORD)(NAME(packed)(low, lane) | (WORD)(value << s)));
      if (s + bits > CODEC_W)
        NAME(store_packed)(high, lane, (WORD)(value >> (CODEC_W - s)));
    }
  }
}

static void NAME(undelta)(const uint8_t *in, size_t n, unsigned bits, uint64_t base, uint64_t before, void *out) {
  NAME(unpack)(in, n, bits, base, out);
  WORD sum = (WORD)before;
  for (size_t i = 0; i < n; i++) {
    sum = (WORD)(sum + NAME(load)(out, i));
    NAME(store)(out, i, sum);
  }
}

static void NAME(delta)(const void *in, size_t n, uint64_t before, void *out) {
  WORD last = (WORD)before;
  for (size_t i = 0; i < n; i++) {
    WORD value = NAME(load)(in, i);
    NAME(store)(out, i, (WORD)(value - last));
    last = value;
  }
}

static struct simd_range NAME(range)(const void *in, size_t n, uint64_t flip) {
  WORD least = (WORD)(NAME(load)(in, 0) ^ (WORD)flip), greatest = least;
  for (size_t i = 1; i < n; i++) {
    WORD value = (WORD)(NAME(load)(in, i) ^ (WORD)flip);
    least = value < least ? value : least;
    greatest = value > greatest ? value : greatest;
  }
  return (struct simd_range){(WORD)(least ^ (WORD)flip), (WORD)(greatest ^ (WORD)flip)};
}

static size_t NAME(changes)(const void *in, size_t n, uint64_t before, uint64_t *bits) {
  WORD last = (WORD)before;
  size_t count = 0;
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = 0;
    for (size_t i = first; i < n && i < first + 64; i++) {
      WORD value = NAME(load)(in, i);
      word |= (uint64_t)(value != last) << (i - first);
      count += value != last;
      last = value;
    }
    bits[first / 64] = word;
  }
  return count;
}

static size_t NAME(compact)(const void *in, const uint64_t *bits, size_t n, void *out) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    NAME(store)(out, count, NAME(load)(in, i)); /* whether it stays or not, as a branch would be mispredicted */
    count += bits[i / 64] >> i % 64 & 1;
  }
  return count;
}

static size_t NAME(expand)(const void *in, const uint64_t *bits, size_t n, void *out) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    size_t set = bits[i / 64] >> i % 64 & 1;
    NAME(store)(out, i, NAME(load)(in, count) & (WORD)-set);
    count += set;
  }
  return count;
}

static void NAME(spread)(const void *in, const uint64_t *bits, size_t n, void *out) {
  size_t run = 0;
  for (size_t i = 0; i < n; i++) {
    run += i > 0 && (bits[i / 64] >> i % 64 & 1);
    NAME(store)(out, i, NAME(load)(in, run));
  }
}

static void NAME(fill)(const void *in, const uint32_t *ends, size_t runs, uint32_t first, uint32_t last, void *out) {
  uint32_t row = first;
  for (size_t run = 0; run < runs && row < last; run++) {
    WORD value = NAME(load)(in, run);
    for (uint32_t end = ends[run] < last ? ends[run] : last; row < end; row++)
      NAME(store)(out, row - first, value);
  }
}

static bool NAME(gather)(const void *dictionary, size_t size, const uint32_t *codes, size_t n, void *out) {
  for (size_t i = 0; i < n; i++) {
    if (codes[i] >= size)
      return false;
    NAME(store)(out, i, NAME(load)(dictionary, codes[i]));
  }
  return true;
}

#if CODEC_W >= 32
static void NAME(split)(const void *in, size_t n, uint8_t *const *planes) {
  for (size_t i = 0; i < n; i++)
    for (unsigned k = 0; k < WORD_BYTES; k++)
      planes[k][i] = (uint8_t)(NAME(load)(in, i) >> 8 * k);
}

static void NAME(unsplit)(const uint8_t *const *planes, size_t n, void *out) {
  for (size_t i = 0; i < n; i++) {
    WORD value = 0;
    for (unsigned k = 0; k < WORD_BYTES; k++)
      value |= (WORD)planes[k][i] << 8 * k;
    NAME(store)(out, i, value);
  }
}
#endif

#undef NAME_OF
#undef NAME_OF_EXPANDED
#undef NAME
#undef WORD_OF
#undef WORD_OF_EXPANDED
#undef WORD
#undef WORD_BYTES
#undef ROW_LANES
#undef CODEC_W
