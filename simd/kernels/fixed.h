/* SPDX-License-Identifier: MIT
 *
 * Hashes of contiguous values of 1, 2, 4, 8, 12 or 16 bytes: xxh3_64_fixed, xxh3_128_fixed, xxh64_fixed, xxh32_fixed. Each
 * writes out[n] and returns how many values it did in vectors. Values may lie at any address, nothing behind them is read;
 * out may be seeds, of which there are n with seed_per_row, else one. Included by isa_table.c, after xxh64.h and xxh32.h
 * where a table has those kernels.
 *
 * All branches of a hash depend on the length alone, so with it known what is left is straight code, a value a lane. By
 * llvm-mca (znver4) 16 keys of 64 bits take 12 cycles by XXH3 and 16 by XXH64 with AVX-512 (15 and 19 measured), 8 take 15
 * and 30 with AVX2 (17 and 34). On tables with two lanes the compiler gets plain loops, but for XXH32, and on all for XXH3
 * of 128 bits.
 */
#ifndef SIMD_KERNELS_FIXED_H
#define SIMD_KERNELS_FIXED_H

#include "simd/kernels.h"
#include "simd/kernels/xxh3_row.h"

/* FIXED(name, seed_word, hash_word, WAY): the function name_fixed; the words are the types of seeds and hashes, WAY one of
 * the functions below, which must see the width as a constant. Flat: gcc stops inlining where there are so many loops. */
#define FIXED(name, seed_word, hash_word, WAY)                                                                            \
  FLAT_COPY size_t name##_fixed(const uint8_t *values, size_t width, size_t n, const seed_word *seeds, bool seed_per_row, \
                                hash_word *out) {                                                                         \
    switch (width) {                                                                                                      \
    case 1: return WAY(values, 1, n, seeds, seed_per_row, out);                                                           \
    case 2: return WAY(values, 2, n, seeds, seed_per_row, out);                                                           \
    case 4: return WAY(values, 4, n, seeds, seed_per_row, out);                                                           \
    case 8: return WAY(values, 8, n, seeds, seed_per_row, out);                                                           \
    case 12: return WAY(values, 12, n, seeds, seed_per_row, out);                                                         \
    default: return WAY(values, 16, n, seeds, seed_per_row, out);                                                         \
    }                                                                                                                     \
  }

/* FIXED_LOOP(name, seed_word, hash_word, SEEDLESS, SEEDED, SINGLY): the function name_fixed_loop over SEEDLESS(p, bytes),
 * SEEDED(p, bytes, seed). SINGLY(width): vectors of two lanes gain nothing. */
#define WIDTH_4_OR_8(width) ((width) == 4 || (width) == 8)
#define NO_WIDTH(width) false
#define FIXED_LOOP(name, seed_word, hash_word, SEEDLESS, SEEDED, SINGLY)                                        \
  ALWAYS_INLINE size_t name##_fixed_loop(const uint8_t *values, size_t width, size_t n, const seed_word *seeds, \
                                         bool seed_per_row, hash_word *out) {                                   \
    const seed_word seed = n != 0 ? seeds[0] : 0;                                                               \
    if (seed_per_row)                                                                                           \
      for (size_t i = 0; i < n; i++) {                                                                          \
        if (SINGLY(width))                                                                                      \
          ONE_BY_ONE(i);                                                                                        \
        out[i] = SEEDED(values + i * width, width, seeds[i]);                                                   \
      }                                                                                                         \
    else if (seed != 0)                                                                                         \
      for (size_t i = 0; i < n; i++) {                                                                          \
        if (SINGLY(width))                                                                                      \
          ONE_BY_ONE(i);                                                                                        \
        out[i] = SEEDED(values + i * width, width, seed);                                                       \
      }                                                                                                         \
    else                                                                                                        \
      for (size_t i = 0; i < n; i++) {                                                                          \
        if (SINGLY(width))                                                                                      \
          ONE_BY_ONE(i);                                                                                        \
        out[i] = SEEDLESS(values + i * width, width);                                                           \
      }                                                                                                         \
    return 0;                                                                                                   \
  }

/* Values of 12 bytes are loaded as 16, and so not in vectors when none follows. */
#define FIXED_SPARE(width) ((width) == 12)

/* FIXED_LANES(name, word, vec, LANES, HASH): the function name_fixed_lanes over HASH(p, width, hash), which turns seeds
 * into hashes of FIXED_GROUPS vectors of type vec, of LANES lanes each. What does not fill them goes through copies, by the
 * same loops. */
#define FIXED_LANES(name, word, vec, LANES, HASH)                                                           \
  ALWAYS_INLINE size_t name##_fixed_lanes(const uint8_t *values, size_t width, size_t n, const word *seeds, \
                                          bool seed_per_row, word *out) {                                   \
    enum { STEP = FIXED_GROUPS * LANES };                                                                   \
    const vec seed = vec##_set1(n != 0 ? seeds[0] : 0);                                                     \
    const size_t rows = n, least = STEP + FIXED_SPARE(width);                                               \
    vec hash[FIXED_GROUPS];                                                                                 \
    uint8_t last[16 * STEP];                                                                                \
    word words[STEP], *behind = out;                                                                        \
    size_t left = 0, done = 0;                                                                              \
    for (;;) {                                                                                              \
      if (seed_per_row)                                                                                     \
        for (; n - done >= least; done += STEP) {                                                           \
          EACH hash[g] = vec##_load(seeds + done + g * LANES);                                              \
          HASH(values + done * width, width, hash);                                                         \
          EACH vec##_store(out + done + g * LANES, hash[g]);                                                \
        }                                                                                                   \
      else /* a loop of its own, from which what the seed alone decides is taken out */                     \
        for (; n - done >= least; done += STEP) {                                                           \
          EACH hash[g] = seed;                                                                              \
          HASH(values + done * width, width, hash);                                                         \
          EACH vec##_store(out + done + g * LANES, hash[g]);                                                \
        }                                                                                                   \
      if (left != 0 || done == n)                                                                           \
        break;                                                                                              \
      left = n - done;                                                                                      \
      memset(last, 0, sizeof last);                                                                         \
      memset(words, 0, sizeof words);                                                                       \
      memcpy(last, values + done * width, left * width);                                                    \
      if (seed_per_row)                                                                                     \
        memcpy(words, seeds + done, left * sizeof *words);                                                  \
      behind = out + done;                                                                                  \
      values = last, seeds = out = words, n = least, done = 0;                                              \
    }                                                                                                       \
    memcpy(behind, words, left * sizeof *words);                                                            \
    return rows;                                                                                            \
  }

/* Vectors that go through together, as in xxh64.h: a tenth faster with AVX2. */
#define FIXED_GROUPS 2
#define EACH for (size_t g = 0; g < FIXED_GROUPS; g++)

#if defined(V64_LANES) && V64_LANES > 2

/* V64_LANES values of `width` <= 8 bytes. */
ALWAYS_INLINE v64 fixed_load64(const uint8_t *p, size_t width) {
  const void *any = p;
  return width == 1 ? v64_load_u8(any) : width == 2 ? v64_load_u16(any) : width == 4 ? v64_load_u32(any) : v64_load(any);
}

/* Of one or two bytes. */
ALWAYS_INLINE void xxh3_fixed_upto2(const uint8_t *p, size_t width, v64 *hash) {
  const uint64_t secret = (xxh3_secret[0] ^ xxh3_secret[0] >> 32) & 0xffffffff;
  EACH {
    v64 x = fixed_load64(p + g * V64_LANES * width, width);
    /* From bit 0 on: last byte; length; first byte; last byte again. */
    x = width == 1 ? v64_mul_low32(x, v64_set1(0x01010001)) : v64_or(v64_shl(x, 16), v64_shr(x, 8));
    x = v64_xor(x, v64_xor(v64_add(v64_set1(secret), hash[g]), v64_set1(width << 8)));
    hash[g] = v64_mul(v64_xor(x, v64_shr(x, 33)), v64_set1(PRIME64_2));
  }
  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_shr(hash[g], 29)), v64_set1(PRIME64_3));
  EACH hash[g] = v64_xor(hash[g], v64_shr(hash[g], 32));
}

/* Of four or eight bytes. */
ALWAYS_INLINE void xxh3_fixed_upto8(const uint8_t *p, size_t width, v64 *hash) {
  const uint64_t secret = xxh3_secret[1] ^ xxh3_secret[2];
  EACH {
    v64 x = fixed_load64(p + g * V64_LANES * width, width);
    x = width == 4 ? v64_or(x, v64_shl(x, 32)) : v64_rotl_bytes(x, 4);
    /* The seed's low half, its bytes swapped, is xored into its high half. */
    v64 swapped = v64_and(v64_swap_bytes(hash[g]), v64_set1(0xffffffff00000000));
    x = v64_xor(x, v64_sub(v64_set1(secret), v64_xor(hash[g], swapped)));
    hash[g] = v64_mul(v64_xor(x, v64_xor(v64_rotl(x, 49), v64_rotl_bytes(x, 3))), v64_set1(PRIME_MX2));
  }
  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_add(v64_shr(hash[g], 35), v64_set1(width))), v64_set1(PRIME_MX2));
  EACH hash[g] = v64_xor(hash[g], v64_shr(hash[g], 28));
}

/* The first and the second half of values of 16 bytes; of 12, the first 8 bytes, and the last 4 before something else. */
ALWAYS_INLINE void fixed_load128(const uint8_t *p, size_t width, v64 *low, v64 *high) {
  const uint8_t *ptrs[V64_LANES];
  if (width == 16) {
    v64_load_pair_values(p, low, high);
    return;
  }
  for (size_t i = 0; i < V64_LANES; i++)
    ptrs[i] = p + i * width;
  v64_load_pairs(ptrs, low, high);
}

ALWAYS_INLINE void xxh3_fixed_upto16(const uint8_t *p, size_t width, v64 *hash) {
  const uint64_t *s = xxh3_secret;
  EACH {
    v64 low, high;
    fixed_load128(p + g * V64_LANES * width, width, &low, &high);
    if (width == 12)
      high = v64_or(v64_shr(low, 32), v64_shl(high, 32)); /* the last 8 bytes */
    low = v64_xor(low, v64_add(v64_set1(s[3] ^ s[4]), hash[g]));
    high = v64_xor(high, v64_sub(v64_set1(s[5] ^ s[6]), hash[g]));
    hash[g] = v64_add(v64_add(v64_swap_bytes(low), v64_set1(width)), v64_add(high, v64_mul_fold(low, high)));
  }
  EACH hash[g] = v64_mul(v64_xor(hash[g], v64_shr(hash[g], 37)), v64_set1(PRIME_MX1));
  EACH hash[g] = v64_xor(hash[g], v64_shr(hash[g], 32));
}

ALWAYS_INLINE void xxh3_fixed(const uint8_t *p, size_t width, v64 *hash) {
  if (width < 4)
    xxh3_fixed_upto2(p, width, hash);
  else if (width <= 8)
    xxh3_fixed_upto8(p, width, hash);
  else
    xxh3_fixed_upto16(p, width, hash);
}

ALWAYS_INLINE void xxh64_fixed_step(const uint8_t *p, size_t width, v64 *hash) {
  v64 x[FIXED_GROUPS], y[FIXED_GROUPS];
  EACH {
    const uint8_t *from = p + g * V64_LANES * width;
    if (width > 8)
      fixed_load128(from, width, &x[g], &y[g]);
    else
      x[g] = fixed_load64(from, width);
    hash[g] = v64_add(hash[g], v64_set1(PRIME64_5 + width));
  }
  switch (width) {
  case 16:
    EACH hash[g] = xxh64_word(hash[g], x[g]);
    EACH hash[g] = xxh64_word(hash[g], y[g]);
    break;
  case 12:
    EACH hash[g] = xxh64_word(hash[g], x[g]);
    EACH hash[g] = xxh64_half_word(hash[g], v64_and(y[g], v64_set1(UINT32_MAX)));
    break;
  case 8: EACH hash[g] = xxh64_word(hash[g], x[g]); break;
  case 4: EACH hash[g] = xxh64_half_word(hash[g], x[g]); break;
  case 2:
    EACH hash[g] = xxh64_byte(hash[g], v64_byte(x[g], 0));
    EACH hash[g] = xxh64_byte(hash[g], v64_shr(x[g], 8));
    break;
  default: EACH hash[g] = xxh64_byte(hash[g], x[g]); break;
  }
  xxh64_avalanche(hash);
}

FIXED_LANES(xxh3_64, uint64_t, v64, V64_LANES, xxh3_fixed)
FIXED_LANES(xxh64, uint64_t, v64, V64_LANES, xxh64_fixed_step)
FIXED(xxh3_64, uint64_t, uint64_t, xxh3_64_fixed_lanes)
FIXED(xxh64, uint64_t, uint64_t, xxh64_fixed_lanes)

#else

FIXED_LOOP(xxh3_64, uint64_t, uint64_t, xxh3_64_seedless, xxh3_64_seeded, WIDTH_4_OR_8)
FIXED_LOOP(xxh64, uint64_t, uint64_t, XXH64_SEEDLESS, XXH64, NO_WIDTH)
FIXED(xxh3_64, uint64_t, uint64_t, xxh3_64_fixed_loop)
FIXED(xxh64, uint64_t, uint64_t, xxh64_fixed_loop)

#endif

#if TABLE_BORROWS
/* No XXH32 here. */
#elif defined(V64_LANES)

/* hash: of no bytes, with the length added. */
ALWAYS_INLINE void xxh32_fixed_upto8(const uint8_t *p, size_t width, v32 *hash) {
  v32 x[FIXED_GROUPS], y[FIXED_GROUPS];
  EACH {
    const uint8_t *from = p + g * V32_LANES * width;
    const void *any = from;
    if (width == 8) {
      v64 a = v64_load(any), b = v64_load((const void *)(from + sizeof a));
      x[g] = v32_narrow(a, b), y[g] = v32_narrow_high(a, b);
    } else {
      x[g] = width == 1 ? v32_load_u8(any) : width == 2 ? v32_load_u16(any) : v32_load(any);
    }
  }
  switch (width) {
  case 8:
    EACH hash[g] = xxh32_word(hash[g], x[g]);
    EACH hash[g] = xxh32_word(hash[g], y[g]);
    break;
  case 4: EACH hash[g] = xxh32_word(hash[g], x[g]); break;
  case 2:
    EACH hash[g] = xxh32_byte(hash[g], v32_byte(x[g], 0));
    EACH hash[g] = xxh32_byte(hash[g], v32_shr(x[g], 8));
    break;
  default: EACH hash[g] = xxh32_byte(hash[g], x[g]); break;
  }
}

ALWAYS_INLINE void xxh32_fixed_step(const uint8_t *p, size_t width, v32 *hash) {
  if (width > 8) {
    EACH {
      const uint8_t *ptrs[V32_LANES];
      v32 words[4], sums[4];
      for (size_t i = 0; i < V32_LANES; i++)
        ptrs[i] = p + (g * V32_LANES + i) * width;
      v32_load_rows(ptrs, 0, words);
      if (width == 12) {
        hash[g] = v32_add(hash[g], v32_set1(XXH32_PRIME_5 + 12));
        for (size_t k = 0; k < 3; k++)
          hash[g] = xxh32_word(hash[g], words[k]);
        continue;
      }
      xxh32_start(hash[g], sums);
      for (size_t k = 0; k < 4; k++)
        sums[k] = xxh32_round(sums[k], words[k]);
      hash[g] = v32_add(xxh32_merge(sums), v32_set1(16));
    }
  } else {
    EACH hash[g] = v32_add(hash[g], v32_set1((uint32_t)(XXH32_PRIME_5 + width)));
    xxh32_fixed_upto8(p, width, hash);
  }
  xxh32_avalanche(hash);
}

FIXED_LANES(xxh32, uint32_t, v32, V32_LANES, xxh32_fixed_step)
FIXED(xxh32, uint32_t, uint32_t, xxh32_fixed_lanes)

#else

FIXED_LOOP(xxh32, uint32_t, uint32_t, XXH32_SEEDLESS, XXH32, NO_WIDTH)
FIXED(xxh32, uint32_t, uint32_t, xxh32_fixed_loop)

#endif

/* Without a seed; with one, which is rare, the width need not be a constant. */
ALWAYS_INLINE size_t xxh3_128_fixed_loop(const uint8_t *values, size_t width, size_t n, const uint64_t *seeds,
                                         bool seed_per_row, struct simd_hash128 *out) {
  (void)seeds, (void)seed_per_row;
  for (size_t i = 0; i < n; i++) {
    ONE_BY_ONE(i); /* in vectors of four lanes they take as long */
    out[i] = xxh3_128_seedless(values + i * width, width);
  }
  return 0;
}
FIXED(xxh3_128_seedless, uint64_t, struct simd_hash128, xxh3_128_fixed_loop)

FLAT_COPY size_t xxh3_128_fixed(const uint8_t *values, size_t width, size_t n, const uint64_t *seeds, bool seed_per_row,
                                struct simd_hash128 *out) {
  if (!seed_per_row && n != 0 && seeds[0] == 0)
    return xxh3_128_seedless_fixed(values, width, n, seeds, seed_per_row, out);
  for (size_t i = 0; i < n; i++)
    out[i] = xxh3_128_seeded(values + i * width, width, seeds[seed_per_row ? i : 0]);
  return 0;
}

#undef EACH
#endif
