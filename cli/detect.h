/* SPDX-License-Identifier: MIT
 *
 * The type that a column of text can have without losing anything: its values printed again are the text that stood there.
 */
#ifndef CLI_DETECT_H
#define CLI_DETECT_H

#include "cli/type.h"

/* What the fields so far allow. */
struct detect {
  bool any;                    /* there was one */
  bool whole, real;            /* all may be whole numbers, doubles */
  bool negative;               /* there was a whole number below 0 */
  uint64_t greatest, furthest; /* of whole numbers: from 0 on, and below 0 by their magnitude */
};

void detect_begin(struct detect *detect);

/* One more field that is not null. */
void detect_field(struct detect *detect, const char *text, size_t bytes);

/* The narrowest type of whole numbers that holds all, unsigned where none is below 0; else f64; else, and of no fields,
 * string. */
struct type detect_type(const struct detect *detect);

#endif
