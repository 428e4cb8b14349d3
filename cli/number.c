/* SPDX-License-Identifier: MIT
 *
 * Reading, comparing, adding and printing numbers. Called by group.c and aggregate.c; knows nothing of tables.
 */
#include "cli/number.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest text of a double that is read. */
#define LONGEST ((size_t)1000)

static size_t digits(const char *text, size_t bytes) {
  size_t n = 0;
  while (n < bytes && isdigit((unsigned char)text[n]))
    n++;
  return n;
}

static size_t sign(const char *text, size_t bytes) {
  return bytes > 0 && (text[0] == '+' || text[0] == '-');
}

/* Is it a number, and is it whole? */
static bool is_number(const char *text, size_t bytes, bool *whole) {
  size_t at = sign(text, bytes);
  size_t before = digits(text + at, bytes - at), behind = 0;
  at += before;
  *whole = at == bytes;
  if (at < bytes && text[at] == '.') {
    behind = digits(text + at + 1, bytes - at - 1);
    at += 1 + behind;
  }
  if (before + behind == 0)
    return false;
  if (at < bytes && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    at += sign(text + at, bytes - at);
    size_t exponent = digits(text + at, bytes - at);
    if (exponent == 0)
      return false;
    at += exponent;
  }
  return at == bytes;
}

/* A sign and digits. False: more than 64 bits. */
static bool parse_whole(const char *text, size_t bytes, int64_t *out) {
  bool negative = text[0] == '-';
  uint64_t value = 0, most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
  for (size_t i = sign(text, bytes); i < bytes; i++) {
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (value > (most - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  *out = negative && value > 0 ? -(int64_t)(value - 1) - 1 : (int64_t)value;
  return true;
}

const char *number_parse(const char *text, size_t bytes, struct number *out) {
  char copy[LONGEST + 1];
  bool whole;
  if (!is_number(text, bytes, &whole))
    return "is no number";
  if (whole && parse_whole(text, bytes, &out->as.whole)) {
    out->kind = NUMBER_WHOLE;
    return NULL;
  }
  if (bytes > LONGEST)
    return "is a number of more than 1000 characters";
  memcpy(copy, text, bytes);
  copy[bytes] = '\0';
  out->kind = NUMBER_REAL;
  out->as.real = strtod(copy, NULL);
  return isfinite(out->as.real) ? NULL : "is more than a double holds";
}

static int compare_reals(double a, double b) {
  return (a > b) - (a < b);
}

/* A double of 2^63 and beyond is outside all whole numbers; others lose nothing but a fraction when they are made whole. */
static int compare_mixed(int64_t whole, double real) {
  const double bound = 9223372036854775808.0;
  if (real >= bound)
    return -1;
  if (real < -bound)
    return 1;
  int64_t truncated = (int64_t)real;
  if (whole != truncated)
    return whole < truncated ? -1 : 1;
  return compare_reals(0, real - (double)truncated);
}

int number_compare(const struct number *a, const struct number *b) {
  if (a->kind == NUMBER_WHOLE && b->kind == NUMBER_WHOLE)
    return (a->as.whole > b->as.whole) - (a->as.whole < b->as.whole);
  if (a->kind == NUMBER_WHOLE)
    return compare_mixed(a->as.whole, b->as.real);
  if (b->kind == NUMBER_WHOLE)
    return -compare_mixed(b->as.whole, a->as.real);
  return compare_reals(a->as.real, b->as.real);
}

/* 17 digits tell every double from its neighbours, and fewer often do. */
static size_t print_real(double real, char text[NUMBER_TEXT]) {
  int bytes = 0;
  for (int precision = 15; precision <= 17; precision++) {
    bytes = snprintf(text, NUMBER_TEXT, "%.*g", precision, real);
    if (strtod(text, NULL) == real)
      break;
  }
  return (size_t)bytes;
}

size_t number_print(const struct number *number, char text[NUMBER_TEXT]) {
  if (number->kind == NUMBER_WHOLE)
    return (size_t)snprintf(text, NUMBER_TEXT, "%" PRId64, number->as.whole);
  return print_real(number->as.real, text);
}

/* The magnitude of the whole part; returns whether it is negative. */
static bool magnitude(const struct number_sum *sum, uint64_t *high, uint64_t *low) {
  bool negative = sum->whole.high < 0;
  *high = (uint64_t)sum->whole.high;
  *low = sum->whole.low;
  if (negative) { /* two's complement: ~x + 1 */
    *low = ~*low + 1;
    *high = ~*high + (*low == 0);
  }
  return negative;
}

/* 128 bits in decimal: long division by 10^9, 32 bits at a time, yields nine digits a round. */
static size_t print_whole(const struct number_sum *sum, char text[NUMBER_TEXT]) {
  uint64_t high, low;
  bool negative = magnitude(sum, &high, &low);
  uint32_t words[4] = {(uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(low >> 32), (uint32_t)low}, nines[5];
  size_t n = 0;
  do {
    uint64_t rest = 0;
    for (size_t i = 0; i < 4; i++) {
      rest = rest << 32 | words[i];
      words[i] = (uint32_t)(rest / 1000000000);
      rest %= 1000000000;
    }
    nines[n++] = (uint32_t)rest;
  } while ((words[0] | words[1] | words[2] | words[3]) != 0);
  int bytes = snprintf(text, NUMBER_TEXT, "%s%" PRIu32, negative ? "-" : "", nines[n - 1]);
  while (--n > 0)
    bytes += snprintf(text + bytes, NUMBER_TEXT - (size_t)bytes, "%09" PRIu32, nines[n - 1]);
  return (size_t)bytes;
}

size_t number_sum_print(const struct number_sum *sum, char text[NUMBER_TEXT]) {
  if (!sum->has_real)
    return print_whole(sum, text);
  uint64_t high, low;
  bool negative = magnitude(sum, &high, &low);
  double whole = (double)high * 18446744073709551616.0 + (double)low;
  double total = (negative ? -whole : whole) + sum->real;
  return isfinite(total) ? print_real(total, text) : 0;
}
