/* SPDX-License-Identifier: MIT
 *
 * What is kept of the numbers of each group. Called by group.c; knows nothing of keys.
 */
#include "cli/aggregate.h"

#include <string.h>

const char *const aggregate_names[AGGREGATE_N_KINDS] = {
    [AGGREGATE_SUM] = "sum", [AGGREGATE_MIN] = "min", [AGGREGATE_MAX] = "max"};

enum cli_exit aggregate_reserve(weft_ctx *ctx, struct aggregate *aggregate, size_t first, size_t last) {
  bool sum = aggregate->kind == AGGREGATE_SUM;
  size_t bytes = sum ? sizeof *aggregate->sums : sizeof *aggregate->extremes;
  void *states = sum ? (void *)aggregate->sums : (void *)aggregate->extremes;
  CLI_TRY(memory_resize(ctx, &states, last, bytes, aggregate_names[aggregate->kind], "groups"));
  memset((char *)states + first * bytes, 0, (last - first) * bytes);
  if (sum)
    aggregate->sums = states;
  else
    aggregate->extremes = states;
  return CLI_OK;
}

void aggregate_add(struct aggregate *aggregate, size_t group, const struct number *number) {
  if (number->kind == NUMBER_NONE)
    return;
  if (aggregate->kind == AGGREGATE_SUM) {
    number_sum_add(&aggregate->sums[group], number);
    return;
  }
  struct number *extreme = &aggregate->extremes[group];
  if (extreme->kind == NUMBER_NONE) {
    *extreme = *number;
    return;
  }
  int order = number_compare(number, extreme);
  if (aggregate->kind == AGGREGATE_MIN ? order < 0 : order > 0)
    *extreme = *number;
}

enum cli_exit aggregate_write(const struct aggregate *aggregate, size_t group, struct output *output,
                              const struct field_style *style, const char *column, size_t column_bytes) {
  char text[NUMBER_TEXT];
  size_t bytes;
  if (aggregate->kind == AGGREGATE_SUM) {
    const struct number_sum *sum = &aggregate->sums[group];
    if (!sum->has_whole && !sum->has_real)
      return field_write_null(output, style);
    bytes = number_sum_print(sum, text);
    if (bytes == 0)
      return cli_fail(CLI_DATA, "--sum: the sum of column '%.*s' in group %zu is more than a double holds",
                      (int)column_bytes, column, group + 1);
  } else {
    if (aggregate->extremes[group].kind == NUMBER_NONE)
      return field_write_null(output, style);
    bytes = number_print(&aggregate->extremes[group], text);
  }
  return field_write(output, style, text, bytes);
}

void aggregate_free(weft_ctx *ctx, struct aggregate *aggregate) {
  memory_free(ctx, aggregate->sums);
  memory_free(ctx, aggregate->extremes);
}
