/* SPDX-License-Identifier: MIT
 *
 * How the checks of coded.h say what is wrong: each returns NULL, or words in static storage. And what they share besides.
 */
#ifndef TESTS_CODED_SAY_H
#define TESTS_CODED_SAY_H

#include "coded.h"

const char *coded_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline bool coded_bit(const uint8_t *bits, size_t i) {
  return bits[i / 8] >> i % 8 & 1;
}

/* Returns from a function that says what is wrong. */
#define SAY_UNLESS(condition, ...)   \
  do {                               \
    if (!(condition))                \
      return coded_say(__VA_ARGS__); \
  } while (0)
#define SAY(call)              \
  do {                         \
    const char *say_ = (call); \
    if (say_)                  \
      return say_;             \
  } while (0)

#endif
