/* SPDX-License-Identifier: MIT
 *
 * A list of column names.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli/memory.h"

/* Zeroes are an empty list. */
struct names {
  char *bytes;  /* the names, one behind the other */
  size_t *ends; /* [n] */
  size_t n;
  size_t bytes_capacity, capacity;
};

/* Adds a name; text may be NULL when bytes is 0. whose: for the message. */
enum cli_exit names_add(weft_ctx *ctx, struct names *names, const char *text, size_t bytes, const char *whose);

/* Adds all of another list. */
enum cli_exit names_add_all(weft_ctx *ctx, struct names *names, const struct names *others, const char *whose);

/* Adds one with suffix behind it as often as it takes to differ from all before. */
enum cli_exit names_add_unlike(weft_ctx *ctx, struct names *names, const char *text, size_t bytes, const char *suffix,
                               const char *whose);

/* Cuts a list as the option gives it: one record of CSV, so that a name in quotes may hold a comma. text NULL: no names.
 * After a failure too, names_free may be called. */
enum cli_exit names_parse(weft_ctx *ctx, const char *option, const char *text, struct names *names);

/* Name number i, not terminated; *bytes is its length. */
const char *names_at(const struct names *names, size_t i, size_t *bytes);

/* Is name number i this one? */
bool names_is(const struct names *names, size_t i, const char *text, size_t bytes);

/* The number of the first name that is this one; n where none is. */
size_t names_find(const struct names *names, const char *text, size_t bytes);

void names_free(weft_ctx *ctx, struct names *names);

#endif
