/* SPDX-License-Identifier: MIT
 *
 * From numbers of rows to the library's aggregates, and from those to fields. Called by group.c; knows nothing of keys.
 */
#include "cli/aggregate.h"

#include "cli/memory.h"

#include <string.h>

enum { WHOLE, REAL };

const char *const aggregate_names[AGGREGATE_N_KINDS] = {
    [AGGREGATE_SUM] = "sum", [AGGREGATE_MIN] = "min", [AGGREGATE_MAX] = "max"};

enum cli_exit values_reserve(weft_ctx *ctx, struct values *values, size_t rows, const char *name) {
  if (rows <= values->capacity)
    return CLI_OK;
  size_t room = rows + rows / 2;
  for (int part = WHOLE; part <= REAL; part++) {
    void *valid = values->parts[part].valid;
    CLI_TRY(memory_resize(ctx, &values->parts[part].numbers, room, sizeof(int64_t), name, "numbers"));
    CLI_TRY(memory_resize(ctx, &valid, room / 8 + 1, 1, name, "numbers"));
    values->parts[part].valid = valid;
  }
  values->capacity = room;
  return CLI_OK;
}

static void set_bit(uint8_t *bits, size_t i, bool is_set) {
  bits[i / 8] = (uint8_t)((bits[i / 8] & ~(1u << i % 8)) | (unsigned)is_set << i % 8);
}

void values_set(struct values *values, size_t row, const struct number *number) {
  set_bit(values->parts[WHOLE].valid, row, number->kind == NUMBER_WHOLE);
  set_bit(values->parts[REAL].valid, row, number->kind == NUMBER_REAL);
  if (number->kind == NUMBER_NONE)
    return;
  int part = number->kind == NUMBER_WHOLE ? WHOLE : REAL;
  values->parts[part].any = true;
  if (part == WHOLE)
    ((int64_t *)values->parts[part].numbers)[row] = number->as.whole;
  else
    ((double *)values->parts[part].numbers)[row] = number->as.real;
}

enum cli_exit values_add(weft_ctx *ctx, struct values *values, const uint32_t *group, size_t n, size_t groups) {
  static const enum weft_type types[] = {[WHOLE] = WEFT_I64, [REAL] = WEFT_F64};
  static const uint32_t kinds[] = {[AGGREGATE_SUM] = WEFT_SUM, [AGGREGATE_MIN] = WEFT_MIN, [AGGREGATE_MAX] = WEFT_MAX};
  for (int part = WHOLE; part <= REAL; part++) {
    weft_aggregate **to = &values->parts[part].groups;
    if (!values->parts[part].any)
      continue;
    struct weft_column column = weft_column_fixed(values->parts[part].numbers, types[part], n);
    column = weft_column_with_validity(column, values->parts[part].valid, 0);
    uint32_t wanted = 0;
    for (int kind = 0; kind < AGGREGATE_N_KINDS; kind++)
      wanted |= values->kinds >> kind & 1 ? kinds[kind] : 0;
    weft_status status = *to ? WEFT_OK : weft_aggregate_open(ctx, types[part], wanted, to);
    if (status == WEFT_OK)
      status = weft_aggregate_add(ctx, *to, &column, group, groups);
    if (status != WEFT_OK)
      return memory_status(ctx, status, "sums of groups");
  }
  return CLI_OK;
}

void values_free(weft_ctx *ctx, struct values *values) {
  for (int part = WHOLE; part <= REAL; part++) {
    weft_aggregate_free(values->parts[part].groups);
    memory_free(ctx, values->parts[part].valid);
    memory_free(ctx, values->parts[part].numbers);
  }
}

enum cli_exit aggregate_finish(weft_ctx *ctx, struct aggregate *aggregate, const struct values *values, size_t groups) {
  const char *name = aggregate_names[aggregate->kind];
  for (int part = WHOLE; part <= REAL; part++) {
    if (!values->parts[part].groups)
      continue;
    enum weft_aggregate_kind kind = aggregate->kind == AGGREGATE_MIN   ? WEFT_MIN
                                    : aggregate->kind == AGGREGATE_MAX ? WEFT_MAX
                                    : part == WHOLE                    ? WEFT_SUM128
                                                                       : WEFT_SUM;
    size_t bytes = kind == WEFT_SUM128 ? sizeof(struct weft_int128) : sizeof(int64_t);
    void *valid = NULL;
    CLI_TRY(memory_resize(ctx, &aggregate->results[part].of, groups, bytes, name, "groups"));
    CLI_TRY(memory_resize(ctx, &valid, groups / 8 + 1, 1, name, "groups"));
    aggregate->results[part].valid = valid;
    weft_status status = weft_aggregate_finish(ctx, values->parts[part].groups, kind, aggregate->results[part].of, valid);
    if (status != WEFT_OK)
      return memory_status(ctx, status, name);
  }
  return CLI_OK;
}

/* A group's sum of numbers of either kind. */
static struct number_sum sum_of(const struct aggregate *aggregate, size_t group, const bool has[2]) {
  struct number_sum sum = {.has_whole = has[WHOLE], .has_real = has[REAL]};
  if (has[WHOLE])
    sum.whole = ((const struct weft_int128 *)aggregate->results[WHOLE].of)[group];
  if (has[REAL])
    sum.real = ((const double *)aggregate->results[REAL].of)[group];
  return sum;
}

static struct number extreme_of(const struct aggregate *aggregate, size_t group, const bool has[2]) {
  struct number whole = {.kind = NUMBER_WHOLE}, real = {.kind = NUMBER_REAL};
  if (has[WHOLE])
    whole.as.whole = ((const int64_t *)aggregate->results[WHOLE].of)[group];
  if (has[REAL])
    real.as.real = ((const double *)aggregate->results[REAL].of)[group];
  if (!has[WHOLE] || !has[REAL])
    return has[WHOLE] ? whole : real;
  int order = number_compare(&whole, &real);
  return (aggregate->kind == AGGREGATE_MIN ? order <= 0 : order >= 0) ? whole : real;
}

enum cli_exit aggregate_write(const struct aggregate *aggregate, size_t group, struct output *output,
                              const struct field_style *style, const char *column, size_t column_bytes) {
  char text[NUMBER_TEXT];
  size_t bytes;
  bool has[2];
  for (int part = WHOLE; part <= REAL; part++)
    has[part] = aggregate->results[part].valid && aggregate->results[part].valid[group / 8] >> group % 8 & 1;
  if (!has[WHOLE] && !has[REAL])
    return field_write_null(output, style);
  if (aggregate->kind == AGGREGATE_SUM) {
    const struct number_sum sum = sum_of(aggregate, group, has);
    bytes = number_sum_print(&sum, text);
    if (bytes == 0)
      return cli_fail(CLI_DATA, "--sum: the sum of column '%.*s' in group %zu is more than a double holds",
                      (int)column_bytes, column, group + 1);
  } else {
    const struct number extreme = extreme_of(aggregate, group, has);
    bytes = number_print(&extreme, text);
  }
  return field_write(output, style, text, bytes);
}

void aggregate_free(weft_ctx *ctx, struct aggregate *aggregate) {
  for (int part = WHOLE; part <= REAL; part++) {
    memory_free(ctx, aggregate->results[part].of);
    memory_free(ctx, aggregate->results[part].valid);
  }
}
