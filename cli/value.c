/* SPDX-License-Identifier: MIT
 *
 * Text to values and values to text. What is read as a number and printed again must be the same text wherever
 * value_is_whole or value_is_real said so: the types that columns get without being asked rest on that. Knows nothing of
 * columns.
 */
#include "cli/value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest text of a number that is read. */
#define LONGEST ((size_t)1000)

/* Every decimal number of at most 15 digits comes back from the double nearest to it (DBL_DIG). */
#define DIGITS_KEPT 15

static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/* Digits alone. False: another byte, none at all, or more than 64 bits. */
static bool parse_digits(const char *text, size_t bytes, uint64_t *out) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) {
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (!is_digit(text[i]) || (i >= 19 && value > (UINT64_MAX - digit) / 10)) /* 19 digits are below 2^64 */
      return false;
    value = value * 10 + digit;
  }
  *out = value;
  return bytes > 0;
}

bool value_is_whole(const char *text, size_t bytes, struct whole *out) {
  out->negative = bytes > 1 && text[0] == '-';
  const char *digits = text + out->negative;
  bytes -= out->negative;
  if (bytes == 0 || bytes > 20 || (digits[0] == '0' && (bytes > 1 || out->negative)))
    return false;
  return parse_digits(digits, bytes, &out->magnitude) && (!out->negative || out->magnitude <= (uint64_t)INT64_MAX + 1);
}

/* A double as a quotient m / 10^places of at most 15 digits, as few places as there can be; both are exact then, so the
 * quotient is the double nearest to that decimal number. False: it is none, or %g would write an exponent. */
static bool as_decimal(double real, uint64_t *m, unsigned *places) {
  double size = fabs(real);
  *m = *places = 0;
  if (!(size >= 1e-4 && size < 1e15))
    return size == 0;
  for (*places = 0; *places <= DIGITS_KEPT; (*places)++) {
    double scaled = size * tens[*places];
    if (scaled >= 1e15 - 1)
      return false;
    *m = (uint64_t)(scaled + 0.5);
    if ((double)*m / tens[*places] == size)
      return true;
  }
  return false;
}

static size_t print_digits(uint64_t magnitude, char *text) {
  char reversed[20];
  size_t n = 0;
  do {
    reversed[n++] = (char)('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude > 0);
  for (size_t i = 0; i < n; i++)
    text[i] = reversed[n - 1 - i];
  return n;
}

static size_t print_decimal(bool negative, uint64_t m, unsigned places, char *text) {
  size_t n = negative;
  text[0] = '-';
  uint64_t ten = (uint64_t)tens[places];
  n += print_digits(m / ten, text + n);
  if (places == 0)
    return n;
  text[n] = '.';
  uint64_t behind = m % ten;
  for (unsigned i = places; i > 0; i--) {
    text[n + i] = (char)('0' + behind % 10);
    behind /= 10;
  }
  return n + places + 1;
}

/* 9 digits tell every float from its neighbours, 17 every double. 6 and 15 often do, and have the shorter texts in them,
 * but where numbers are so small that they lose digits. */
static size_t print_real(double real, bool is_float, char text[NUMBER_TEXT]) {
  uint64_t m;
  unsigned places;
  int bytes = 0;
  if (isnan(real))
    return (size_t)snprintf(text, NUMBER_TEXT, "nan");
  if (!is_float && as_decimal(real, &m, &places))
    return print_decimal(signbit(real), m, places, text);
  bool is_small = fabs(real) < (is_float ? (double)FLT_MIN : DBL_MIN);
  for (int precision = is_small ? 1 : is_float ? 6 : DIGITS_KEPT; precision <= (is_float ? 9 : 17); precision++) {
    bytes = snprintf(text, NUMBER_TEXT, "%.*g", precision, real);
    if (is_float ? strtof(text, NULL) == (float)real : strtod(text, NULL) == real)
      break;
  }
  return (size_t)bytes;
}

/* What strtod and strtof read is more than is meant here: blanks, hexadecimal, infinities of several names. */
static bool is_real_text(const char *text, size_t bytes) {
  size_t at = bytes > 0 && (text[0] == '-' || text[0] == '+'), digits = 0;
  if (bytes - at == 3 && (memcmp(text + at, "inf", 3) == 0 || memcmp(text + at, "nan", 3) == 0))
    return true;
  for (; at < bytes && is_digit(text[at]); at++)
    digits++;
  if (at < bytes && text[at] == '.')
    for (at++; at < bytes && is_digit(text[at]); at++)
      digits++;
  if (digits > 0 && at < bytes && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    at += at < bytes && (text[at] == '-' || text[at] == '+');
    for (digits = 0; at < bytes && is_digit(text[at]); at++)
      digits++;
  }
  return digits > 0 && at == bytes;
}

bool value_is_real(const char *text, size_t bytes) {
  char copy[NUMBER_TEXT], printed[NUMBER_TEXT];
  if (bytes >= sizeof copy || !is_real_text(text, bytes))
    return false;
  memcpy(copy, text, bytes);
  copy[bytes] = '\0';
  size_t n = print_real(strtod(copy, NULL), false, printed);
  return n == bytes && memcmp(printed, text, n) == 0;
}

static const char *parse_real(bool is_float, const char *text, size_t bytes, void *out) {
  char copy[LONGEST + 1];
  if (!is_real_text(text, bytes))
    return "is no number";
  if (bytes > LONGEST)
    return "is a number of more than 1000 characters";
  memcpy(copy, text, bytes);
  copy[bytes] = '\0';
  bool named = bytes >= 3 && (copy[bytes - 1] == 'f' || copy[bytes - 1] == 'n');
  if (is_float) {
    float real = strtof(copy, NULL);
    memcpy(out, &real, sizeof real);
    return isinf(real) && !named ? "is more than a float holds" : NULL;
  }
  double real = strtod(copy, NULL);
  memcpy(out, &real, sizeof real);
  return isinf(real) && !named ? "is more than a double holds" : NULL;
}

static void store_whole(uint32_t width, uint64_t bits, void *out) {
  switch (width) {
  case 1: memcpy(out, &(uint8_t){(uint8_t)bits}, 1); break;
  case 2: memcpy(out, &(uint16_t){(uint16_t)bits}, 2); break;
  case 4: memcpy(out, &(uint32_t){(uint32_t)bits}, 4); break;
  default: memcpy(out, &bits, 8); break;
  }
}

static const char *parse_whole(struct type type, const char *text, size_t bytes, void *out) {
  bool negative = bytes > 0 && text[0] == '-', sign = negative || (bytes > 0 && text[0] == '+');
  uint64_t magnitude, most = UINT64_MAX >> (64 - 8 * type.width);
  size_t digits = 0;
  while (sign + digits < bytes && is_digit(text[sign + digits]))
    digits++;
  if (digits == 0 || sign + digits < bytes)
    return "is no whole number";
  if (type_is_signed(type.type))
    most = (most >> 1) + negative;
  else if (negative)
    most = 0;
  size_t zeros = 0;
  while (zeros + 1 < digits && text[sign + zeros] == '0')
    zeros++;
  if (digits - zeros > 20 || !parse_digits(text + sign + zeros, digits - zeros, &magnitude) || magnitude > most)
    return "is outside the type";
  store_whole(type.width, negative ? 0 - magnitude : magnitude, out);
  return NULL;
}

const char *value_parse(struct type type, const char *text, size_t bytes, void *out) {
  if (type_is_whole(type.type))
    return parse_whole(type, text, bytes, out);
  if (type.type != WEFT_FIXED_BYTES)
    return parse_real(type.type == WEFT_F32, text, bytes, out);
  const char *problem = value_problem(type, text, bytes);
  if (!problem)
    memcpy(out, text, bytes);
  return problem;
}

const char *value_problem(struct type type, const char *text, size_t bytes) {
  uint64_t value; /* of any number's width */
  if (type_is_number(type.type))
    return value_parse(type, text, bytes, &value);
  return type.type == WEFT_FIXED_BYTES && bytes != type.width ? "has another length" : NULL;
}

static int64_t load_signed(enum weft_type type, const void *value) {
  int8_t i8;
  int16_t i16;
  int32_t i32;
  int64_t i64;
  switch (type) {
  case WEFT_I8: memcpy(&i8, value, sizeof i8); return i8;
  case WEFT_I16: memcpy(&i16, value, sizeof i16); return i16;
  case WEFT_I32: memcpy(&i32, value, sizeof i32); return i32;
  default: memcpy(&i64, value, sizeof i64); return i64;
  }
}

static uint64_t load_unsigned(enum weft_type type, const void *value) {
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  switch (type) {
  case WEFT_U8: memcpy(&u8, value, sizeof u8); return u8;
  case WEFT_U16: memcpy(&u16, value, sizeof u16); return u16;
  case WEFT_U32: memcpy(&u32, value, sizeof u32); return u32;
  default: memcpy(&u64, value, sizeof u64); return u64;
  }
}

size_t value_print(enum weft_type type, const void *value, char text[NUMBER_TEXT]) {
  if (type == WEFT_F32) {
    float real;
    memcpy(&real, value, sizeof real);
    return print_real((double)real, true, text);
  }
  if (type == WEFT_F64) {
    double real;
    memcpy(&real, value, sizeof real);
    return print_real(real, false, text);
  }
  if (!type_is_signed(type))
    return print_digits(load_unsigned(type, value), text);
  int64_t whole = load_signed(type, value);
  text[0] = '-';
  size_t sign = whole < 0;
  return sign + print_digits(whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole, text + sign);
}
