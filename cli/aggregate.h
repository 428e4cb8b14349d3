/* SPDX-License-Identifier: MIT
 *
 * Sums, least and greatest numbers, group by group, by the library's aggregates: of whole numbers and of others apart, as a
 * column may have both.
 */
#ifndef CLI_AGGREGATE_H
#define CLI_AGGREGATE_H

#include "cli/fields.h"
#include "cli/number.h"

enum aggregate_kind { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };
enum { AGGREGATE_N_KINDS = 3 };

/* "sum", "min", "max". */
extern const char *const aggregate_names[AGGREGATE_N_KINDS];

/* A column of numbers: those of some rows, and what became of rows before. Zeroes have none. */
struct values {
  unsigned kinds; /* bit k: enum aggregate_kind k is wanted */
  struct {
    void *numbers;  /* [capacity] of int64_t, then of double */
    uint8_t *valid; /* bitmap of the rows that have such a number */
    bool any;       /* a row had one: else there are no groups */
    weft_aggregate *groups;
  } parts[2];
  size_t capacity;
};

/* Makes room for the numbers of rows; name is their input's. */
enum cli_exit values_reserve(weft_ctx *ctx, struct values *values, size_t rows, const char *name);

/* Sets the number of a row below the room that was made. */
void values_set(struct values *values, size_t row, const struct number *number);

/* Takes the numbers of n rows into their groups: group[n], below groups. */
enum cli_exit values_add(weft_ctx *ctx, struct values *values, const uint32_t *group, size_t n, size_t groups);

void values_free(weft_ctx *ctx, struct values *values);

/* One column of the output. Zeroes but for kind and value are one without results. */
struct aggregate {
  enum aggregate_kind kind;
  size_t value; /* number of the column of values */
  struct {
    void *of;       /* [groups] struct weft_int128 or int64_t, then double */
    uint8_t *valid; /* bitmap of groups; NULL: none has such a number */
  } results[2];
};

/* Fetches what came of the column's numbers in each group, for aggregate_write. */
enum cli_exit aggregate_finish(weft_ctx *ctx, struct aggregate *aggregate, const struct values *values, size_t groups);

/* Writes a group's field, null where it had no number. CLI_DATA, and a message that names the column, where a sum passes
 * what a double holds. */
enum cli_exit aggregate_write(const struct aggregate *aggregate, size_t group, struct output *output,
                              const struct field_style *style, const char *column, size_t column_bytes);

void aggregate_free(weft_ctx *ctx, struct aggregate *aggregate);

#endif
