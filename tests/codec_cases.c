/* SPDX-License-Identifier: MIT
 *
 * Cases of codecs' kernels: sweeps and arrays. Knows pages; nothing of what a kernel does.
 */
#include "codec_cases.h"

#define UNTOUCHED 0xA5 /* what guard_take fills with that is given no numbers */
#define AROUND 64      /* bytes beyond an array that it fills */

static struct guard_pool pool;

unsigned case_width(const struct codec_case *c) {
  const char *digits = c->name + strcspn(c->name, "0123456789");
  return *digits ? (unsigned)strtoul(digits, NULL, 10) : 8;
}

size_t picked(struct codec_case *c, size_t last) {
  guard_case.length = c->pick == CASE_ANY ? rng_upto(&c->rng, last) : c->pick;
  return guard_case.length;
}

static size_t percent(void) {
  size_t part = rng_cases(100);
  return part < 100 ? part : 100;
}

static void run_one(struct codec_case *c, size_t number, void (*one)(struct codec_case *c)) {
  uint64_t seed = rng_case_seed(number);
  c->rng = (struct rng){seed};
  guard_case = (struct guard_case){c->name, c->isa, c->n, 0, seed};
  one(c);
  guard_reset(&pool, 0);
}

void at_both_borders(struct codec_case *c, size_t times, void (*one)(struct codec_case *c)) {
  c->shift = 0;
  for (size_t i = 0; i < 2 * times; i++) {
    c->side = i % 2 == 0 ? GUARD_HIGH : GUARD_LOW;
    run_one(c, i, one);
  }
}

void at_every_count(struct codec_case *c, size_t least, size_t most, void (*one)(struct codec_case *c)) {
  const size_t small = 140, step = 100 / percent();
  c->shift = 0;
  for (size_t n = least; n <= most; n += n > small && n + 2 * step < most ? step : 1)
    for (size_t border = 0; border < 2; border++) {
      if (n > small && (n ^ n / 64) % 2 == border)
        continue; /* the other border has the counts that differ from n by 64 */
      c->n = n;
      c->side = border ? GUARD_HIGH : GUARD_LOW;
      run_one(c, 2 * n + border, one);
    }
}

void at_every_alignment(struct codec_case *c, size_t least, size_t most, void (*one)(struct codec_case *c)) {
  const size_t counts[] = {most, 100, 33, 200};
  for (size_t shift = 0; shift < 64; shift++)
    for (size_t k = 0; k < (percent() == 100 ? 4 : 2); k++) {
      c->n = counts[k] < least ? least : counts[k] > most ? most : counts[k];
      c->shift = shift;
      c->side = (k + shift / 32) % 2 ? GUARD_LOW : GUARD_HIGH;
      run_one(c, 4 * shift + k, one);
    }
}

static size_t shift_in_units(const struct codec_case *c, size_t unit) {
  return c->shift / unit * unit;
}

void *input(struct codec_case *c, size_t bytes, size_t unit) {
  return guard_take(&pool, c->side, bytes, shift_in_units(c, unit), &c->rng);
}

void *output(struct codec_case *c, size_t bytes, size_t unit) {
  return guard_take(&pool, c->side, bytes, shift_in_units(c, unit), NULL);
}

void expect_output(struct codec_case *c, size_t unit, const void *out, const void *expected, size_t bytes, size_t slack) {
  const uint8_t *is = out, *wanted = expected;
  size_t word_bytes = case_width(c) / 8;
  if (memcmp(is, wanted, bytes) != 0)
    for (size_t i = 0; i < bytes; i++)
      CASE_CHECK(is[i] == wanted[i], i / word_bytes, "byte %zu is 0x%02x and should be 0x%02x", i, is[i], wanted[i]);
  size_t shift = shift_in_units(c, unit), before = c->side == GUARD_LOW ? shift : AROUND,
         after = c->side == GUARD_LOW ? AROUND : shift;
  for (size_t i = 0; i < before; i++)
    CASE_CHECK(is[-1 - (ptrdiff_t)i] == UNTOUCHED, 0, "wrote %zu bytes before its output", i + 1);
  for (size_t i = 0; i < after; i++)
    CASE_CHECK(is[bytes + slack + i] == UNTOUCHED, bytes / word_bytes, "wrote %zu bytes past its output", i + 1);
}

uint64_t word_of(const void *array, unsigned width, size_t i) {
  uint8_t word8;
  uint16_t word16;
  uint32_t word32;
  uint64_t word64;
  const uint8_t *at = (const uint8_t *)array + i * width / 8;
  switch (width) {
  case 8: memcpy(&word8, at, sizeof word8); return word8;
  case 16: memcpy(&word16, at, sizeof word16); return word16;
  case 32: memcpy(&word32, at, sizeof word32); return word32;
  default: memcpy(&word64, at, sizeof word64); return word64;
  }
}

void put_word(void *array, unsigned width, size_t i, uint64_t word) {
  uint8_t word8 = (uint8_t)word;
  uint16_t word16 = (uint16_t)word;
  uint32_t word32 = (uint32_t)word;
  uint8_t *at = (uint8_t *)array + i * width / 8;
  switch (width) {
  case 8: memcpy(at, &word8, sizeof word8); break;
  case 16: memcpy(at, &word16, sizeof word16); break;
  case 32: memcpy(at, &word32, sizeof word32); break;
  default: memcpy(at, &word, sizeof word);
  }
}

bool bit_is_set(const uint64_t *bits, size_t i) {
  return bits[i / 64] >> i % 64 & 1;
}

static void set_bit(uint64_t *bits, size_t i, bool set) {
  bits[i / 64] = (bits[i / 64] & ~(UINT64_C(1) << i % 64)) | (uint64_t)set << i % 64;
}

uint64_t *bitmap(struct codec_case *c, size_t n, size_t kind) {
  uint64_t *bits = input(c, (n + 63) / 64 * sizeof *bits, sizeof *bits); /* garbage: the kind of even odds */
  size_t run = 1 + rng_upto(&c->rng, 200);
  bool set = rng_percent(&c->rng, 50);
  for (size_t i = 0; i < n && kind > 0; i++) {
    switch (kind) {
    case 1: set = false; break;
    case 2: set = true; break;
    case 3: set = rng_percent(&c->rng, 2); break;
    case 4: set = rng_percent(&c->rng, 98); break;
    case 5: set = !set; break;
    case 6: set = rng_percent(&c->rng, 1) ? !set : set; break;
    case 7: set = i == n - 1; break;
    case 8: set = i % run == 0; break;
    default: set = rng_percent(&c->rng, i % 64 == 0 ? 30 : 2) ? !set : set;
    }
    set_bit(bits, i, set);
  }
  return bits;
}

uint64_t some_word(struct rng *rng) {
  static const uint64_t extremes[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(0x8080808080808080), INT64_MAX};
  uint64_t word = rng_next(rng);
  return word % 3 == 0 ? extremes[word / 3 % (sizeof extremes / sizeof *extremes)] : word;
}
