/* SPDX-License-Identifier: MIT
 *
 * Values of typed columns: out of the text of a field, and back into text.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "cli/number.h"
#include "cli/type.h"

/* A whole number of up to 64 bits, by sign and magnitude. */
struct whole {
  bool negative;
  uint64_t magnitude;
};

/* Reads a whole number that value_print would print so: no sign but a minus before what is not 0, no zero before other
 * digits. False: the text is none, or more than 64 bits. */
bool value_is_whole(const char *text, size_t bytes, struct whole *out);

/* Is it the text of a double that value_print would print so? */
bool value_is_real(const char *text, size_t bytes);

/* Reads a value of a type, in any way of writing it, into out[type.width] (not for strings). NULL, or what the text is
 * instead, to be put behind it. */
const char *value_parse(struct type type, const char *text, size_t bytes, void *out);

/* What value_parse would say. */
const char *value_problem(struct type type, const char *text, size_t bytes);

/* The text of a number: a whole one in decimal; another in the fewest digits that lead back to it, as printf's %g, or
 * nan, inf, -inf. Returns the bytes of it. */
size_t value_print(enum weft_type type, const void *value, char text[NUMBER_TEXT]);

#endif
