/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds that go by bitmaps and by runs (changes, compact, expand, spread, positions and fill)
 * beside loops over single bits.
 */
#include "codec_checks.h"

static uint8_t expected[5000 * sizeof(uint64_t)];
static uint64_t expected_bits[(CASE_MOST + 63) / 64];

/* Calls `one` with every kind of bitmap, at counts about the edges of words and vectors. */
static void with_every_kind_of_bitmap(struct codec_case *c, void (*one)(struct codec_case *c)) {
  const size_t counts[] = {1, 8, 16, 63, 64, 65, 127, 128, 130, 320, 1000, CASE_MOST, 4999};
  for (c->pick = 0; c->pick < BITMAP_KINDS; c->pick++)
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      c->n = counts[k];
      at_both_borders(c, 1, one);
    }
}

#define BITMAP_FACTS(kind, does, in_or_of)                                               \
  void check_##kind##_##does##_at_every_row_count(struct codec_case *c) {                \
    at_every_count(c, 0, CASE_MOST, kind##_one);                                         \
  }                                                                                      \
  void check_##kind##_##does##_##in_or_of##_every_kind_of_bitmap(struct codec_case *c) { \
    with_every_kind_of_bitmap(c, kind##_one);                                            \
  }                                                                                      \
  void check_##kind##_##does##_at_every_alignment(struct codec_case *c) {                \
    at_every_alignment(c, 0, CASE_MOST, kind##_one);                                     \
  }

static size_t bits_set(const uint64_t *bits, size_t first, size_t n) {
  size_t count = 0;
  for (size_t i = first; i < n; i++)
    count += bit_is_set(bits, i);
  return count;
}

static void compact_one(struct codec_case *c) {
  simd_compact_fn *kernel = (simd_compact_fn *)c->kernel;
  unsigned width = case_width(c);
  uint64_t *bits = bitmap(c, c->n, picked(c, BITMAP_KINDS - 1));
  uint8_t *in = input(c, c->n * width / 8, 1);
  size_t count = 0;
  for (size_t i = 0; i < c->n; i++)
    if (bit_is_set(bits, i))
      put_word(expected, width, count++, word_of(in, width, i));
  uint8_t *out = output(c, count * width / 8 + SIMD_SLACK, 1);
  size_t kept = kernel(in, bits, c->n, out);
  CASE_CHECK(kept == count, 0, "kept %zu of %zu", kept, count);
  expect_output(c, 1, out, expected, count * width / 8, SIMD_SLACK);
}
BITMAP_FACTS(compact, keeps_what_is_set, in)

static void expand_one(struct codec_case *c) {
  simd_expand_fn *kernel = (simd_expand_fn *)c->kernel;
  unsigned width = case_width(c);
  uint64_t *bits = bitmap(c, c->n, picked(c, BITMAP_KINDS - 1));
  size_t count = bits_set(bits, 0, c->n), next = 0;
  uint8_t *in = input(c, count * width / 8 + SIMD_SLACK, 1), *out = output(c, c->n * width / 8, 1);
  for (size_t i = 0; i < c->n; i++)
    put_word(expected, width, i, bit_is_set(bits, i) ? word_of(in, width, next++) : 0);
  size_t used = kernel(in, bits, c->n, out);
  CASE_CHECK(used == count, 0, "used %zu of %zu", used, count);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}
BITMAP_FACTS(expand, fills_what_is_set, in)

static void spread_one(struct codec_case *c) {
  simd_spread_fn *kernel = (simd_spread_fn *)c->kernel;
  unsigned width = case_width(c);
  uint64_t *bits = bitmap(c, c->n, picked(c, BITMAP_KINDS - 1));
  size_t runs = c->n > 0 ? 1 + bits_set(bits, 1, c->n) : 0, run = 0;
  uint8_t *in = input(c, runs * width / 8 + SIMD_SLACK, 1), *out = output(c, c->n * width / 8, 1);
  for (size_t i = 0; i < c->n; i++) {
    if (i > 0 && bit_is_set(bits, i))
      run++;
    put_word(expected, width, i, word_of(in, width, run));
  }
  kernel(in, bits, c->n, out);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}
BITMAP_FACTS(spread, repeats_each_run, of)

static void positions_one(struct codec_case *c) {
  simd_positions_fn *kernel = (simd_positions_fn *)c->kernel;
  uint64_t *bits = bitmap(c, c->n, picked(c, BITMAP_KINDS - 1));
  uint32_t base = rng_percent(&c->rng, 20) ? 0 : (uint32_t)rng_next(&c->rng); /* numbers may go round */
  size_t count = 0;
  for (size_t i = 0; i < c->n; i++)
    if (bit_is_set(bits, i))
      put_word(expected, 32, count++, base + (uint32_t)i);
  uint32_t *out = output(c, count * sizeof *out + SIMD_SLACK, sizeof *out);
  size_t listed = kernel(bits, c->n, base, out);
  CASE_CHECK(listed == count, 0, "listed %zu of %zu", listed, count);
  expect_output(c, sizeof *out, out, expected, count * sizeof *out, SIMD_SLACK);
}
BITMAP_FACTS(positions, lists_what_is_set, in)

/* Marks of in[c->n] beside loops. */
static void expect_changes(struct codec_case *c, const void *in, uint64_t before) {
  simd_changes_fn *kernel = (simd_changes_fn *)c->kernel;
  unsigned width = case_width(c);
  size_t words = (c->n + 63) / 64, count = 0;
  uint64_t *bits = output(c, words * sizeof *bits, sizeof *bits);
  memset(expected_bits, 0, sizeof expected_bits);
  put_word(expected, width, 0, before);
  uint64_t last = word_of(expected, width, 0);
  for (size_t i = 0; i < c->n; i++) {
    bool differs = word_of(in, width, i) != last;
    last = word_of(in, width, i);
    expected_bits[i / 64] |= (uint64_t)differs << i % 64;
    count += differs;
  }
  size_t marked = kernel(in, c->n, before, bits);
  CASE_CHECK(marked == count, 0, "marked %zu of %zu", marked, count);
  expect_output(c, sizeof *bits, bits, expected_bits, words * sizeof *bits, 0);
}

static void changes_one(struct codec_case *c) {
  unsigned width = case_width(c), percent = (unsigned)picked(c, 8) * 15;
  uint8_t *in = input(c, c->n * width / 8, 1);
  uint64_t value = some_word(&c->rng), before = rng_percent(&c->rng, 50) ? value : some_word(&c->rng);
  for (size_t i = 0; i < c->n; i++) {
    if (rng_percent(&c->rng, percent))
      value = some_word(&c->rng);
    put_word(in, width, i, value);
  }
  expect_changes(c, in, before);
}

static void changes_of_one_bit(struct codec_case *c) {
  unsigned width = case_width(c), bit = (unsigned)picked(c, width - 1);
  uint8_t *in = input(c, c->n * width / 8, 1);
  uint64_t value = some_word(&c->rng), before = value;
  for (size_t i = 0; i < c->n; i++) {
    if (rng_percent(&c->rng, 30))
      value ^= UINT64_C(1) << bit;
    put_word(in, width, i, value);
  }
  expect_changes(c, in, before);
}

void check_changes_marks_changes_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, changes_one);
}

void check_changes_marks_a_change_of_any_one_bit(struct codec_case *c) {
  const size_t counts[] = {5, 64, 77, 200, 1000};
  for (c->pick = 0; c->pick < case_width(c); c->pick++)
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      c->n = counts[k];
      at_both_borders(c, 1, changes_of_one_bit);
    }
}

void check_changes_marks_changes_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, changes_one);
}

/* Runs of pick rows, or of up to so many as are drawn; of them n rows from some row on, which may begin amid a run, end
 * amid one, and leave runs behind them unused. */
static void fill_one(struct codec_case *c) {
  simd_fill_fn *kernel = (simd_fill_fn *)c->kernel;
  unsigned width = case_width(c);
  static uint32_t ends_of[CASE_MOST + 4];
  const size_t scales[] = {1, 2, 9, 40, 70, 400};
  size_t runs = 0, most = scales[rng_upto(&c->rng, 5)], length = picked(c, most), more = rng_upto(&c->rng, 3);
  uint32_t first = rng_percent(&c->rng, 30) ? 0 : (uint32_t)rng_upto(&c->rng, UINT32_MAX / 2), row = first;
  uint32_t last = first + (uint32_t)c->n;
  while (row < last || more-- > 0) {
    size_t rows = c->pick != CASE_ANY ? length : 1 + rng_upto(&c->rng, most - 1);
    row += (uint32_t)rows;
    ends_of[runs++] = row;
  }
  uint32_t *ends = input(c, runs * sizeof *ends, sizeof *ends);
  memcpy(ends, ends_of, runs * sizeof *ends);
  uint8_t *in = input(c, runs * width / 8, 1), *out = output(c, c->n * width / 8, 1);
  for (size_t i = 0, run = 0; i < c->n; i++) {
    while (ends[run] <= first + i)
      run++;
    put_word(expected, width, i, word_of(in, width, run));
  }
  kernel(in, ends, runs, first, last, out);
  expect_output(c, 1, out, expected, c->n * width / 8, 0);
}

void check_fill_repeats_each_run_at_every_row_count(struct codec_case *c) {
  at_every_count(c, 0, CASE_MOST, fill_one);
}

void check_fill_repeats_runs_of_every_length(struct codec_case *c) {
  for (c->pick = 1; c->pick <= 300; c->pick++) {
    c->n = c->pick < 10 ? 100 : 400;
    at_both_borders(c, 1, fill_one);
  }
}

void check_fill_repeats_each_run_at_every_alignment(struct codec_case *c) {
  at_every_alignment(c, 0, CASE_MOST, fill_one);
}
