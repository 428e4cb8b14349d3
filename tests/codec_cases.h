/* SPDX-License-Identifier: MIT
 *
 * What the checks of codecs' kernels share: cases (a kernel, how many values, where its arrays lie), sweeps through them,
 * arrays between guard pages, and bitmaps of every kind. Knows nothing of what a kernel does.
 */
#ifndef TESTS_CODEC_CASES_H
#define TESTS_CODEC_CASES_H

#include <check.h>
#include <stdio.h>

#include "guard.h"
#include "simd/codec_kernels.h"

/* Values of most cases: a whole block of packed ones and one more. */
#define CASE_MOST (SIMD_PACK_BLOCK + 1)

/* A kernel under test and a case of it. Arrays lie with `shift` bytes between them and the guard page of `side`. */
struct codec_case {
  const char *isa;
  const char *name;
  void (*kernel)(void); /* of the type that its kind has */
  size_t n;             /* values */
  size_t pick;          /* what the kind varies besides (bits, sizes, kinds of bitmaps), or CASE_ANY: drawn */
  enum guard_side side;
  size_t shift;
  struct rng rng;
};

#define CASE_ANY SIZE_MAX

/* c->pick, or a number up to `last` where that is CASE_ANY; failures show it as the length. */
size_t picked(struct codec_case *c, size_t last);

/* The bits of a word: the number that ends the kernel's name, 8 where it has none. */
unsigned case_width(const struct codec_case *c);

/* Calls `one` with n from `least` to `most` (some of them only, where WEFT_TEST_PERCENT says so), flush against a guard
 * page, small n against either; with some n, and arrays that lie 0 to 63 bytes off a guard page; with n as c has it,
 * `times` times, against both. */
void at_every_count(struct codec_case *c, size_t least, size_t most, void (*one)(struct codec_case *c));
void at_every_alignment(struct codec_case *c, size_t least, size_t most, void (*one)(struct codec_case *c));
void at_both_borders(struct codec_case *c, size_t times, void (*one)(struct codec_case *c));

/* Arrays of the case; unit: the bytes to whose multiples their addresses are aligned. Inputs hold garbage. Arrays of a
 * case are given back when the next begins. */
void *input(struct codec_case *c, size_t bytes, size_t unit);
void *output(struct codec_case *c, size_t bytes, size_t unit);

/* Fails unless out[bytes] is as expected, and what lies around out[bytes + slack] is as output() left it. */
void expect_output(struct codec_case *c, size_t unit, const void *out, const void *expected, size_t bytes, size_t slack);

/* Word i of an array of words of `width` bits. */
uint64_t word_of(const void *array, unsigned width, size_t i);
void put_word(void *array, unsigned width, size_t i, uint64_t word);

/* An input of (n + 63) / 64 words whose bits below n are of one of BITMAP_KINDS kinds, and garbage past them. */
#define BITMAP_KINDS 10
uint64_t *bitmap(struct codec_case *c, size_t n, size_t kind);
bool bit_is_set(const uint64_t *bits, size_t i);

/* Some number of 64 bits, often an extreme one. */
uint64_t some_word(struct rng *rng);

#endif
