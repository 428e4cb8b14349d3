/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds unpack, pack, undelta, delta and range. The layout of packed blocks is read and written
 * here one bit at a time, by its description in simd/codec_kernels.h.
 */
#include "codec_checks.h"

static uint8_t expected[CASE_MOST * sizeof(uint64_t)];

/* The bit of a packed block, from its first on, in which bit j of value i is. */
static size_t place_in_block(size_t n, unsigned width, unsigned bits, size_t i, unsigned j) {
  if (n < SIMD_PACK_BLOCK)
    return i * bits + j;
  size_t lanes = SIMD_PACK_BLOCK / width, lane = i % lanes, in_lane = i / lanes * bits + j;
  return (in_lane / width * lanes + lane) * width + in_lane % width;
}

static uint64_t low_bits(unsigned bits) {
  return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t packed_value(const uint8_t *in, size_t n, unsigned width, unsigned bits, size_t i) {
  uint64_t value = 0;
  for (unsigned j = 0; j < bits; j++) {
    size_t place = place_in_block(n, width, bits, i, j);
    value |= (uint64_t)(in[place / 8] >> place % 8 & 1) << j;
  }
  return value;
}

/* `running` adds up: undelta. */
static void unpack_words(const uint8_t *in, size_t n, unsigned width, unsigned bits, uint64_t base, uint64_t before,
                         bool running) {
  uint64_t sum = before;
  for (size_t i = 0; i < n; i++) {
    uint64_t value = base + packed_value(in, n, width, bits, i);
    sum += value;
    put_word(expected, width, i, running ? sum : value);
  }
}

static void unpack_one(struct codec_case *c) {
  simd_unpack_fn *kernel = (simd_unpack_fn *)c->kernel;
  unsigned width = case_width(c), bits = (unsigned)picked(c, width);
  uint64_t base = some_word(&c->rng);
  uint8_t *in = input(c, (c->n * bits + 7) / 8, 1); /* garbage, as any bits are values */
  uint8_t *out = output(c, c->n * width / 8, 1);
  kernel(in, c->n, bits, base, out);
  unpack_words(in, c->n, width, bits, base, 0, false);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}

static void undelta_one(struct codec_case *c) {
  simd_undelta_fn *kernel = (simd_undelta_fn *)c->kernel;
  unsigned width = case_width(c), bits = (unsigned)picked(c, width);
  uint64_t base = some_word(&c->rng), before = some_word(&c->rng);
  uint8_t *in = input(c, (c->n * bits + 7) / 8, 1);
  uint8_t *out = output(c, c->n * width / 8, 1);
  kernel(in, c->n, bits, base, before, out);
  unpack_words(in, c->n, width, bits, base, before, true);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}

static void pack_one(struct codec_case *c) {
  simd_pack_fn *kernel = (simd_pack_fn *)c->kernel;
  unsigned width = case_width(c), bits = (unsigned)picked(c, width);
  uint64_t base = some_word(&c->rng);
  size_t bytes = (c->n * bits + 7) / 8;
  uint8_t *in = input(c, c->n * width / 8, 1); /* values that have more bits than are packed among them */
  uint8_t *out = output(c, bytes, 1);
  memset(expected, 0, bytes);
  for (size_t i = 0; i < c->n; i++) {
    uint64_t value = rng_percent(&c->rng, 50) ? base + (some_word(&c->rng) & low_bits(bits)) : word_of(in, width, i);
    put_word(in, width, i, value);
    for (unsigned j = 0; j < bits; j++) {
      size_t place = place_in_block(c->n, width, bits, i, j);
      expected[place / 8] |= (uint8_t)(((value - base) >> j & 1) << place % 8);
    }
  }
  kernel(in, c->n, bits, base, out);
  expect_output(c, 1, out, expected, bytes, 0);
}

static void at_every_width_of_bits(struct codec_case *c, void (*one)(struct codec_case *c)) {
  const size_t counts[] = {1, 9, 65, 511, 1000, SIMD_PACK_BLOCK - 1, SIMD_PACK_BLOCK};
  unsigned width = case_width(c);
  for (c->pick = 0; c->pick <= width; c->pick++)
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      c->n = counts[k];
      at_both_borders(c, 1, one);
    }
}

#define PACKING_FACTS(kind, does)                                             \
  void check_##kind##_##does##_at_every_row_count(struct codec_case *c) {     \
    at_every_count(c, 0, SIMD_PACK_BLOCK, kind##_one);                        \
  }                                                                           \
  void check_##kind##_##does##_at_every_width_of_bits(struct codec_case *c) { \
    at_every_width_of_bits(c, kind##_one);                                    \
  }                                                                           \
  void check_##kind##_##does##_at_every_alignment(struct codec_case *c) {     \
    at_every_alignment(c, 0, SIMD_PACK_BLOCK, kind##_one);                    \
  }
PACKING_FACTS(unpack, reads_the_layout)
PACKING_FACTS(pack, writes_the_layout)
PACKING_FACTS(undelta, adds_up)

static void delta_one(struct codec_case *c) {
  simd_delta_fn *kernel = (simd_delta_fn *)c->kernel;
  unsigned width = case_width(c);
  uint64_t before = some_word(&c->rng), last = before;
  uint8_t *in = input(c, c->n * width / 8, 1), *out = output(c, c->n * width / 8, 1);
  for (size_t i = 0; i < c->n; i++) {
    put_word(expected, width, i, word_of(in, width, i) - last);
    last = word_of(in, width, i);
  }
  kernel(in, c->n, before, out);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}

void check_delta_subtracts_neighbours_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, delta_one);
}

void check_delta_subtracts_neighbours_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, delta_one);
}

/* Fails unless the kernel finds the extremes of in[c->n], as unsigned numbers and as signed ones. */
static void expect_range(struct codec_case *c, const void *in) {
  simd_range_fn *kernel = (simd_range_fn *)c->kernel;
  unsigned width = case_width(c);
  for (int is_signed = 0; is_signed < 2; is_signed++) {
    uint64_t flip = is_signed ? UINT64_C(1) << (width - 1) : 0, min = UINT64_MAX, max = 0;
    for (size_t i = 0; i < c->n; i++) {
      uint64_t value = word_of(in, width, i) ^ flip;
      min = value < min ? value : min;
      max = value > max ? value : max;
    }
    struct simd_range range = kernel(in, c->n, flip);
    CASE_CHECK(range.min == (min ^ flip) && range.max == (max ^ flip), 0,
               "flip 0x%llx: 0x%llx to 0x%llx and should be 0x%llx to 0x%llx", (unsigned long long)flip,
               (unsigned long long)range.min, (unsigned long long)range.max, (unsigned long long)(min ^ flip),
               (unsigned long long)(max ^ flip));
  }
}

static void range_one(struct codec_case *c) {
  uint8_t *in = input(c, c->n * case_width(c) / 8, 1);
  if (rng_percent(&c->rng, 50))
    for (size_t i = 0; i < c->n; i++)
      put_word(in, case_width(c), i, some_word(&c->rng));
  expect_range(c, in);
}

static void range_in_every_place(struct codec_case *c) {
  unsigned width = case_width(c);
  uint8_t *in = input(c, c->n * width / 8, 1);
  uint64_t middle = rng_next(&c->rng) & (low_bits(width) >> 2);
  middle += rng_percent(&c->rng, 50) ? UINT64_C(1) << (width - 1) : 2;
  for (size_t i = 0; i < c->n; i++)
    put_word(in, width, i, middle);
  for (size_t i = 0; i < c->n; i++) {
    put_word(in, width, i, middle + 1);
    expect_range(c, in);
    put_word(in, width, i, middle - 1);
    expect_range(c, in);
    put_word(in, width, i, middle);
  }
}

void check_range_finds_the_extremes_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 1, CASE_MOST, range_one);
}

void check_range_finds_the_extremes_in_every_place(struct codec_case *c) {
  const size_t counts[] = {3, 17, 65, 200, 333};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    c->n = counts[k];
    at_both_borders(c, 1, range_in_every_place);
  }
}

void check_range_finds_the_extremes_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 1, CASE_MOST, range_one);
}
