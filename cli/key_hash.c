/* SPDX-License-Identifier: MIT
 *
 * Keys as ClickHouse and Spark hash them. Called by partition.c.
 *
 * ClickHouse: src/Functions/FunctionsHashing.h (ImplXxHash64, FunctionAnyHash), with the values of its test 00803_xxhash:
 * XXH64, seed 0, of each argument's bytes, numbers little-endian in the width of their type; the hashes of several
 * arguments are combined one by one by CityHash's function of 128 bits. The hash of a null is null, and in no part.
 *
 * Spark: sql/catalyst/.../expressions/hash.scala (XxHash64, HashExpression): XXH64, seed 42, each column's hash being the
 * seed for the next; tinyint and smallint are hashed as int, -0.0 as 0.0, every NaN as Java's; a null leaves the seed.
 */
#include "cli/key_hash.h"

#include "cli/fields.h"
#include "cli/options.h"
#include "cli/value.h"

#include <inttypes.h>
#include <string.h>

#define SPARK_SEED 42

/* One NAME[=TYPE] of the list. */
static enum cli_exit take_key(weft_ctx *ctx, struct key_hash *key, const char *item, size_t bytes) {
  size_t name = bytes;
  struct type type = type_of(WEFT_STRING, 0);
  for (size_t at = bytes; at > 0 && name == bytes; at--)
    if (item[at - 1] == '=')
      name = at - 1;
  if (name < bytes && !type_parse(item + name + 1, bytes - name - 1, &type))
    return options_fail("partition", "--key '%.*s': '%.*s' is none of " TYPE_NAMES, (int)bytes, item,
                        (int)(bytes - name - 1), item + name + 1);
  if (key->rules == KEY_SPARK && type_is_whole(type.type) && !type_is_signed(type.type))
    return options_fail("partition", "--key '%.*s': Spark has no unsigned numbers", (int)bytes, item);
  key->types[key->names.n] = type;
  return names_add(ctx, &key->names, item, name, "--key");
}

enum cli_exit key_hash_open(weft_ctx *ctx, const char *list, enum key_rules rules, struct key_hash *out) {
  struct names items = {0};
  void *types = NULL, *converted = NULL, *columns = NULL;
  *out = (struct key_hash){.rules = rules};
  enum cli_exit code = names_parse(ctx, "--key", list, &items);
  if (code == CLI_OK)
    code = memory_resize(ctx, &types, items.n, sizeof *out->types, "--key", "columns");
  out->types = types;
  if (code == CLI_OK)
    code = memory_resize(ctx, &converted, items.n, sizeof *out->converted, "--key", "columns");
  out->converted = converted;
  if (code == CLI_OK)
    code = memory_resize(ctx, &columns, items.n, sizeof *out->columns, "--key", "columns");
  out->columns = columns;
  for (size_t i = 0; code == CLI_OK && i < items.n; i++) {
    size_t bytes;
    const char *item = names_at(&items, i, &bytes);
    code = take_key(ctx, out, item, bytes);
  }
  names_free(ctx, &items);
  return code;
}

/* Spark's tinyint and smallint: int. */
static weft_status widen(weft_ctx *ctx, struct type type, struct converted *converted) {
  struct weft_column *column = &converted->column;
  int32_t *wide = weft_alloc(ctx, column->rows * sizeof *wide);
  if (!wide)
    return WEFT_E_NOMEM;
  for (size_t i = 0; i < column->rows; i++)
    wide[i] = type.type == WEFT_I8 ? ((const int8_t *)converted->values)[i] : ((const int16_t *)converted->values)[i];
  memory_free(ctx, converted->values);
  converted->values = wide;
  bool nulls = column->base_validity != NULL;
  *column = weft_column_fixed(wide, WEFT_I32, column->rows);
  if (nulls)
    *column = weft_column_with_validity(*column, converted->valid, 0);
  return WEFT_OK;
}

/* -0.0 to 0.0, and every NaN to that of Java's floatToIntBits and doubleToLongBits. */
static void normalize(struct type type, struct converted *converted) {
  for (size_t i = 0; i < converted->column.rows; i++)
    if (type.type == WEFT_F32) {
      float *value = (float *)converted->values + i;
      const uint32_t zero = 0, nan = 0x7fc00000;
      if (*value == 0 || *value != *value)
        memcpy(value, *value == 0 ? &zero : &nan, sizeof nan);
    } else {
      double *value = (double *)converted->values + i;
      const uint64_t zero = 0, nan = UINT64_C(0x7ff8000000000000);
      if (*value == 0 || *value != *value)
        memcpy(value, *value == 0 ? &zero : &nan, sizeof nan);
    }
}

/* A column's text as values of its type. */
static enum cli_exit convert(weft_ctx *ctx, struct key_hash *key, size_t column, const struct rows *rows,
                             const char *input) {
  const struct weft_column *text = &rows->columns[column];
  struct type type = key->types[column];
  struct converted *to = &key->converted[column];
  const char *field;
  size_t row, bytes, title_bytes;
  weft_status status = convert_column(ctx, text, type, key->empty_is_null, to, &row);
  if (status == WEFT_E_INVALID) {
    field_text(text, row, &field, &bytes);
    return field_refuse(text, row, type, value_problem(type, field, bytes), input, rows->lines[row], &key->names, column);
  }
  for (row = 0; status == WEFT_OK && key->rules == KEY_CLICKHOUSE && row < text->rows; row++)
    if (!convert_field(text, row, key->empty_is_null && type.type != WEFT_STRING, &field, &bytes)) {
      const char *title = names_at(&key->names, column, &title_bytes);
      return cli_fail(CLI_DATA, "%s:%" PRIu64 ": column '%.*s' is null, whose hash in ClickHouse is null and in no part",
                      input, rows->lines[row], (int)title_bytes, title);
    }
  bool spark = key->rules == KEY_SPARK && status == WEFT_OK;
  if (spark && (type.type == WEFT_I8 || type.type == WEFT_I16))
    status = widen(ctx, type, to);
  if (spark && (type.type == WEFT_F32 || type.type == WEFT_F64))
    normalize(type, to);
  key->columns[column] = to->column;
  return status == WEFT_OK ? CLI_OK : memory_status(ctx, status, input);
}

/* Hash128to64 of CityHash 1.0.2. */
static uint64_t combine(uint64_t low, uint64_t high) {
  const uint64_t factor = UINT64_C(0x9ddfea08eb382d69);
  uint64_t mixed = (low ^ high) * factor;
  mixed = ((mixed ^ mixed >> 47) ^ high) * factor;
  return (mixed ^ mixed >> 47) * factor;
}

static weft_status hash_as_clickhouse(weft_ctx *ctx, struct key_hash *key, size_t rows, uint64_t *hashes) {
  weft_status status = weft_hash64(ctx, WEFT_XXH64, &key->columns[0], 1, 0, hashes);
  for (size_t i = 1; status == WEFT_OK && i < key->names.n; i++) {
    status = weft_hash64(ctx, WEFT_XXH64, &key->columns[i], 1, 0, key->next);
    for (size_t row = 0; status == WEFT_OK && row < rows; row++)
      hashes[row] = combine(hashes[row], key->next[row]);
  }
  return status;
}

enum cli_exit key_hash_rows(weft_ctx *ctx, struct key_hash *key, const struct rows *rows, const char *input,
                            uint64_t *hashes) {
  enum cli_exit code = CLI_OK;
  weft_status status = WEFT_OK;
  if (rows->rows > key->capacity) {
    void *next = key->next;
    CLI_TRY(memory_resize(ctx, &next, rows->rows, sizeof *key->next, input, "hashes"));
    key->next = next;
    key->capacity = rows->rows;
  }
  memset(key->converted, 0, key->names.n * sizeof *key->converted);
  for (size_t i = 0; code == CLI_OK && i < key->names.n; i++)
    code = convert(ctx, key, i, rows, input);
  if (code == CLI_OK && key->rules == KEY_CLICKHOUSE)
    status = hash_as_clickhouse(ctx, key, rows->rows, hashes);
  else if (code == CLI_OK)
    status = weft_hash64(ctx, key->rules == KEY_SPARK ? WEFT_XXH64 : WEFT_XXH3_64, key->columns, key->names.n,
                         key->rules == KEY_SPARK ? SPARK_SEED : 0, hashes);
  for (size_t i = 0; i < key->names.n; i++)
    convert_free(ctx, &key->converted[i]);
  return status == WEFT_OK ? code : memory_status(ctx, status, input);
}

void key_hash_free(weft_ctx *ctx, struct key_hash *key) {
  names_free(ctx, &key->names);
  memory_free(ctx, key->types);
  memory_free(ctx, key->converted);
  memory_free(ctx, key->columns);
  memory_free(ctx, key->next);
}
