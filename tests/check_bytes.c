/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds gather, split, unsplit and stream, which move whole values and bytes.
 */
#include "codec_checks.h"

static uint8_t expected[CASE_MOST * sizeof(uint64_t)];

static const size_t sizes[] = {1,  2,  3,  4,  5,   7,   8,   9,   15,  16,  17,  31,  32,   33,   47,   48,
                               49, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 300, 1000, 4096, 4097, 70000};
#define SIZES (sizeof sizes / sizeof *sizes)

/* A dictionary of sizes[pick] values, and codes that are below that. */
struct lookup {
  size_t size;
  uint8_t *dictionary;
  uint32_t *codes;
  uint8_t *out;
};

static struct lookup lookup_of(struct codec_case *c) {
  unsigned width = case_width(c);
  struct lookup l = {.size = sizes[c->pick == CASE_ANY ? rng_upto(&c->rng, SIZES - 1) : c->pick]};
  guard_case.length = l.size;
  l.dictionary = input(c, l.size * width / 8, 1);
  l.codes = input(c, c->n * sizeof *l.codes, sizeof *l.codes);
  l.out = output(c, c->n * width / 8, 1);
  for (size_t i = 0; i < c->n; i++)
    l.codes[i] = (uint32_t)(rng_percent(&c->rng, 20) ? l.size - 1 : rng_upto(&c->rng, l.size - 1));
  return l;
}

static void expect_gather(struct codec_case *c, const struct lookup *l, size_t size) {
  simd_gather_fn *kernel = (simd_gather_fn *)c->kernel;
  unsigned width = case_width(c);
  for (size_t i = 0; i < c->n; i++)
    put_word(expected, width, i, word_of(l->dictionary, width, l->codes[i]));
  CASE_CHECK(kernel(l->dictionary, size, l->codes, c->n, l->out), 0, "refused good codes");
  expect_output(c, 1, l->out, expected, c->n * width / 8, 0);
}

static void gather_one(struct codec_case *c) {
  struct lookup l = lookup_of(c);
  /* A size is no 32-bit number. */
  expect_gather(c, &l, rng_percent(&c->rng, 95) ? l.size : (size_t)(UINT64_C(1) << 32) + rng_upto(&c->rng, 3));
}

void check_gather_looks_codes_up_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, gather_one);
}

void check_gather_looks_codes_up_in_dictionaries_of_every_size(struct codec_case *c) {
  const size_t counts[] = {7, 64, 100, 1000};
  for (c->pick = 0; c->pick < SIZES; c->pick++)
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      c->n = counts[k];
      at_both_borders(c, 1, gather_one);
    }
}

void check_gather_looks_codes_up_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, gather_one);
}

static void gather_with_a_bad_code(struct codec_case *c) {
  simd_gather_fn *kernel = (simd_gather_fn *)c->kernel;
  struct lookup l = lookup_of(c);
  const uint32_t bad[] = {(uint32_t)l.size, (uint32_t)l.size + 1, UINT32_C(1) << 31, UINT32_MAX};
  CASE_CHECK(!kernel(l.dictionary, 0, l.codes, c->n, l.out), 0, "took codes of no values");
  CASE_CHECK(kernel(l.dictionary, 0, l.codes, 0, l.out), 0, "refused no codes of no values");
  for (size_t i = 0; i < c->n; i++) {
    uint32_t good = l.codes[i];
    l.codes[i] = bad[rng_upto(&c->rng, 3)];
    CASE_CHECK(!kernel(l.dictionary, l.size, l.codes, c->n, l.out), i, "took code %u", l.codes[i]);
    l.codes[i] = good;
  }
  expect_gather(c, &l, l.size); /* and around out nothing was touched */
}

void check_gather_refuses_a_bad_code_in_every_place(struct codec_case *c) {
  const size_t counts[] = {1, 15, 64, 133};
  for (c->pick = 0; c->pick < SIZES; c->pick++)
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      c->n = counts[k];
      at_both_borders(c, 1, gather_with_a_bad_code);
    }
}

static void split_one(struct codec_case *c) {
  simd_split_fn *kernel = (simd_split_fn *)c->kernel;
  unsigned width = case_width(c);
  uint8_t *in = input(c, c->n * width / 8, 1), *planes[8];
  for (unsigned k = 0; k < width / 8; k++)
    planes[k] = output(c, c->n, 1);
  kernel(in, c->n, planes);
  for (unsigned k = 0; k < width / 8; k++) {
    for (size_t i = 0; i < c->n; i++)
      expected[i] = (uint8_t)(word_of(in, width, i) >> 8 * k);
    guard_case.length = k;
    expect_output(c, 1, planes[k], expected, c->n, 0);
  }
}

void check_split_takes_bytes_apart_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, split_one);
}

void check_split_takes_bytes_apart_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, split_one);
}

static void unsplit_one(struct codec_case *c) {
  simd_unsplit_fn *kernel = (simd_unsplit_fn *)c->kernel;
  unsigned width = case_width(c);
  const uint8_t *planes[8];
  for (unsigned k = 0; k < width / 8; k++)
    planes[k] = input(c, c->n, 1);
  uint8_t *out = output(c, c->n * width / 8, 1);
  for (size_t i = 0; i < c->n; i++) {
    uint64_t word = 0;
    for (unsigned k = 0; k < width / 8; k++)
      word |= (uint64_t)planes[k][i] << 8 * k;
    put_word(expected, width, i, word);
  }
  kernel(planes, c->n, out);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}

void check_unsplit_puts_bytes_together_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, unsplit_one);
}

void check_unsplit_puts_bytes_together_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, unsplit_one);
}

static void stream_one(struct codec_case *c) {
  simd_stream_fn *kernel = (simd_stream_fn *)c->kernel;
  uint8_t *in = input(c, c->n, 1), *out = output(c, c->n, 1);
  kernel(in, c->n, out);
  expect_output(c, 1, out, in, c->n, 0);
}

void check_stream_copies_any_number_of_bytes(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, stream_one);
}

void check_stream_copies_to_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, stream_one);
}

void check_stream_copies_whole_pages(struct codec_case *c) {
  for (c->n = 16000; c->n < 40000; c->n += 4001)
    at_both_borders(c, 1, stream_one);
}
