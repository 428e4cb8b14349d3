/* SPDX-License-Identifier: MIT
 *
 * Sums, least and greatest numbers, group by group.
 */
#ifndef CLI_AGGREGATE_H
#define CLI_AGGREGATE_H

#include "cli/fields.h"
#include "cli/number.h"

enum aggregate_kind { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };
enum { AGGREGATE_N_KINDS = 3 };

/* "sum", "min", "max". */
extern const char *const aggregate_names[AGGREGATE_N_KINDS];

/* One column of the output. Zeroes but for kind and value are one without groups. */
struct aggregate {
  enum aggregate_kind kind;
  size_t value;            /* number of the column of values */
  struct number_sum *sums; /* [room of groups], of sums */
  struct number *extremes; /* [room of groups], of the others */
};

/* Makes room for groups from the first to the last, each of which starts with no number. */
enum cli_exit aggregate_reserve(weft_ctx *ctx, struct aggregate *aggregate, size_t first, size_t last);

/* Takes a row's number into its group. */
void aggregate_add(struct aggregate *aggregate, size_t group, const struct number *number);

/* Writes a group's field, null where it had no number. CLI_DATA, and a message that names the column, where a sum passes
 * what a double holds. */
enum cli_exit aggregate_write(const struct aggregate *aggregate, size_t group, struct output *output,
                              const struct field_style *style, const char *column, size_t column_bytes);

void aggregate_free(weft_ctx *ctx, struct aggregate *aggregate);

#endif
