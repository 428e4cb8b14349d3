/* SPDX-License-Identifier: MIT
 *
 * A list of column names.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli/memory.h"

struct names {
  char *bytes;  /* the names, one behind the other */
  size_t *ends; /* [n] */
  size_t n;
};

/* Cuts a list as --column gives it: one record of CSV, so that a name in quotes may hold a comma. text NULL: no names.
 * After a failure too, names_free may be called. */
enum cli_exit names_parse(weft_ctx *ctx, const char *text, struct names *names);

/* Name number i, not terminated; *bytes is its length. */
const char *names_at(const struct names *names, size_t i, size_t *bytes);

void names_free(weft_ctx *ctx, struct names *names);

#endif
