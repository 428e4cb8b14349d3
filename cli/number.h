/* SPDX-License-Identifier: MIT
 *
 * Numbers as tables have them: whole ones of 64 bits exactly, all others as doubles.
 */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weft/aggregate.h>

enum number_kind { NUMBER_NONE, NUMBER_WHOLE, NUMBER_REAL };

struct number {
  enum number_kind kind;
  union {
    int64_t whole;
    double real; /* finite */
  } as;
};

/* Room that any number's text fits in. */
#define NUMBER_TEXT ((size_t)48)

/* Reads a number: a sign, digits with or without a point, an exponent; nothing else beside it. NULL, or what the text is
 * instead, to be put behind it. */
const char *number_parse(const char *text, size_t bytes, struct number *out);

/* Below, equal to or above 0 as a is to b: exactly, also between a whole number and a double. Neither is NUMBER_NONE. */
int number_compare(const struct number *a, const struct number *b);

/* The shortest text from which number_parse makes an equal number; the bytes of it. */
size_t number_print(const struct number *number, char text[NUMBER_TEXT]);

/* A sum of whole numbers and of others. */
struct number_sum {
  struct weft_int128 whole;
  double real;
  bool has_whole, has_real;
};

/* The text of a sum of at least one number. 0: it passes what a double holds. */
size_t number_sum_print(const struct number_sum *sum, char text[NUMBER_TEXT]);

#endif
