/* SPDX-License-Identifier: MIT
 *
 * How fuzz targets that make a case of their own take it from an input: number by number, zeros once it has ended.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
  const uint8_t *next;
  size_t left;
};

static inline size_t take(struct input *input) {
  if (input->left == 0)
    return 0;
  input->left--;
  return *input->next++;
}

static inline uint64_t take_word(struct input *input) {
  uint64_t word = 0;
  for (int i = 0; i < 8; i++)
    word = word << 8 | take(input);
  return word;
}

/* Small numbers are one byte; those from `wide` on go up in steps, and a second byte counts within them. */
static inline size_t take_wide(struct input *input, size_t wide, size_t step) {
  size_t first = take(input);
  return first < wide ? first : wide + (first - wide) * step + take(input) % step;
}

#endif
