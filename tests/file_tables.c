/* SPDX-License-Identifier: MIT
 *
 * Tables for the suites of files: drawing, writing, checking.
 */
#include "file_tables.h"

#include <math.h>

#include "lib/column.h"

const char *const table_names[MOST_COLUMNS] = {"a", "be", "käse", "a column", "e"};

/* Values that repeat, so that every codec has its chance; of numbers, floats among them, also all there are. */
static const struct column_values *draw_values(struct guard_pool *pool, struct rng *rng, size_t width, bool strings) {
  enum { MOST = 40 };
  struct column_values *values = guard_take(pool, GUARD_HIGH, sizeof *values, 0, NULL);
  const uint8_t **bytes = guard_take(pool, GUARD_HIGH, MOST * sizeof *bytes, 0, NULL);
  size_t *lengths = guard_take(pool, GUARD_HIGH, MOST * sizeof *lengths, 0, NULL);
  bool common = rng_percent(rng, 50);
  for (size_t i = 0; i < MOST; i++) {
    lengths[i] = strings ? rng_upto(rng, 70) : width;
    uint8_t *value = guard_take(pool, GUARD_HIGH, lengths[i], 0, rng);
    if (strings && common)
      memset(value, 'x', lengths[i] < 31 ? lengths[i] : 31);
    bytes[i] = value;
  }
  *values = (struct column_values){.n = 1 + rng_upto(rng, MOST - 1), .bytes = bytes, .lengths = lengths};
  return values;
}

static void draw_column(struct guard_pool *pool, struct table *table, size_t i) {
  struct rng *rng = &table->rng;
  struct column_spec spec = column_spec_draw(rng, table->rows);
  if (spec.lengths == LENGTHS_EDGES || spec.lengths == LENGTHS_BLOCKS)
    spec.lengths = LENGTHS_0_32; /* megabytes, else */
  spec.length %= 100;
  if (rng_percent(rng, 60)) {
    bool strings = spec.layout != WEFT_FIXED;
    uint32_t *picks = guard_take(pool, GUARD_HIGH, table->rows * sizeof *picks, 0, NULL);
    spec.values =
        draw_values(pool, rng, spec.type == WEFT_FIXED_BYTES ? spec.length : column_type_width(spec.type), strings);
    size_t last = rng_upto(rng, spec.values->n - 1);
    for (size_t row = 0; row < table->rows; row++) {
      if (!rng_percent(rng, 80))
        last = rng_upto(rng, spec.values->n - 1);
      picks[row] = (uint32_t)last;
    }
    spec.picks = picks;
  }
  column_build(pool, rng, &spec, &table->truth[i]);
  table->columns[i] = table->truth[i].column;
  table->fields[i] = field_of(table_names[i], &table->columns[i]);
}

void table_draw(struct guard_pool *pool, struct table *table, size_t number, const char *isa) {
  static const size_t many[] = {1023, 1024, 1025, 2047, 2048, 2049, 3000, 5000};
  *table = (struct table){.rng = {rng_case_seed(number)}};
  guard_reset(pool, 0);
  table->rows = rng_percent(&table->rng, 50) ? rng_upto(&table->rng, 130) : many[rng_upto(&table->rng, 7)];
  table->n = 1 + rng_upto(&table->rng, MOST_COLUMNS - 1);
  table->chunk_rows = 1024 * (1 + (uint32_t)rng_upto(&table->rng, 2));
  guard_case = (struct guard_case){.what = "file", .isa = isa, .rows = table->rows, .seed = rng_case_seed(number)};
  for (size_t i = 0; i < table->n; i++)
    draw_column(pool, table, i);
}

void table_write(weft_ctx *ctx, struct table *table, const struct weft_writer_options *options, size_t step,
                 struct file *to) {
  weft_writer *writer;
  to->n = 0;
  FILE_MUST(ctx, weft_writer_open(ctx, table->fields, table->n, options, file_take, to, &writer));
  for (size_t row = 0; row < table->rows;) {
    struct weft_column slices[MOST_COLUMNS];
    size_t n = step ? step : 1 + rng_upto(&table->rng, 2500);
    n = n < table->rows - row ? n : table->rows - row;
    for (size_t i = 0; i < table->n; i++)
      slices[i] = weft__column_slice(&table->columns[i], row, n);
    FILE_MUST(ctx, weft_writer_append(writer, slices, table->n));
    row += n;
  }
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
}

static void check_values(weft_ctx *ctx, const struct table *table, size_t column, const struct weft_chunk_info *info,
                         const struct weft_column *decoded) {
  const struct test_column *truth = &table->truth[column];
  struct simd_column source = weft__column_simd(decoded);
  source.turned = false; /* numbers as they lie */
  CASE_CHECK(decoded->rows == info->rows, info->first_row, "%zu rows, not %llu", decoded->rows,
             (unsigned long long)info->rows);
  for (size_t first = 0; first < decoded->rows; first += ctx->batch_size) {
    size_t n = decoded->rows - first < ctx->batch_size ? decoded->rows - first : ctx->batch_size;
    ctx->kernels->resolve(&source, first, n, &ctx->batch);
    for (size_t i = 0; i < n; i++) {
      size_t row = (size_t)info->first_row + first + i;
      bool valid = ctx->batch.valid[i / 64] >> i % 64 & 1;
      CASE_CHECK(valid == !truth->nulls[row], row, "column %zu: null %s", column, valid ? "lost" : "invented");
      CASE_CHECK(
          !valid || (ctx->batch.bytes[i] == truth->lengths[row] &&
                     (truth->lengths[row] == 0 || memcmp(ctx->batch.ptrs[i], truth->bytes[row], truth->lengths[row]) == 0)),
          row, "column %zu: another value", column);
    }
  }
}

/* Less than 0, 0, more than 0: the order of two numbers of a type. */
static int compare_numbers(enum weft_type type, const void *a, const void *b) {
#define COMPARE(number, T)            \
  case number: {                      \
    T x, y;                           \
    memcpy(&x, a, sizeof x);          \
    memcpy(&y, b, sizeof y);          \
    return x < y ? -1 : (int)(x > y); \
  }
  switch (type) {
    COMPARE(WEFT_I8, int8_t)
    COMPARE(WEFT_I16, int16_t)
    COMPARE(WEFT_I32, int32_t)
    COMPARE(WEFT_I64, int64_t)
    COMPARE(WEFT_U8, uint8_t)
    COMPARE(WEFT_U16, uint16_t)
    COMPARE(WEFT_U32, uint32_t)
    COMPARE(WEFT_U64, uint64_t)
    COMPARE(WEFT_F32, float)
  default: {
    COMPARE(WEFT_F64, double)
  }
  }
#undef COMPARE
}

static bool is_nan_of(enum weft_type type, const void *value) {
  float f;
  double d;
  memcpy(&f, value, type == WEFT_F32 ? sizeof f : 0);
  memcpy(&d, value, type == WEFT_F64 ? sizeof d : 0);
  return type == WEFT_F32 ? isnan(f) : type == WEFT_F64 && isnan(d);
}

/* The order of the strings a[..] and b[..]. */
static int compare_strings(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes) {
  size_t both = a_bytes < b_bytes ? a_bytes : b_bytes;
  int order = both ? memcmp(a, b, both) : 0;
  return order ? order : a_bytes < b_bytes ? -1 : a_bytes > b_bytes;
}

/* Least and greatest of the rows of a chunk: their numbers; SIZE_MAX: there is none. */
struct extremes {
  size_t min, max, nulls;
  bool nan;
};

static struct extremes find_extremes(const struct test_column *truth, enum weft_type type, size_t first, size_t rows) {
  struct extremes e = {.min = SIZE_MAX};
  for (size_t row = first; row < first + rows; row++) {
    e.nulls += truth->nulls[row];
    if (truth->nulls[row])
      continue;
    if (is_nan_of(type, truth->bytes[row])) {
      e.nan = true;
      continue;
    }
    if (e.min == SIZE_MAX)
      e.min = e.max = row;
    const uint8_t *value = truth->bytes[row], *min = truth->bytes[e.min], *max = truth->bytes[e.max];
    size_t bytes = truth->lengths[row];
    bool string = type == WEFT_STRING;
    if ((string ? compare_strings(value, bytes, min, truth->lengths[e.min]) : compare_numbers(type, value, min)) < 0)
      e.min = row;
    if ((string ? compare_strings(value, bytes, max, truth->lengths[e.max]) : compare_numbers(type, value, max)) > 0)
      e.max = row;
  }
  return e;
}

static void check_string(const struct test_column *truth, size_t row, const uint8_t *bytes, uint32_t n, bool cut) {
  size_t length = truth->lengths[row], kept = length < 32 ? length : 32;
  CASE_CHECK(n == kept && cut == (length > 32) && memcmp(bytes, truth->bytes[row], kept) == 0, row,
             "said to have %u bytes%s, has %zu, or others", n, cut ? " and more" : "", length);
}

static void check_info(const struct table *table, size_t column, const struct weft_chunk_info *info) {
  const struct test_column *truth = &table->truth[column];
  enum weft_type type = table->fields[column].type;
  size_t first = (size_t)info->first_row;
  if (type == WEFT_FIXED_BYTES) {
    CASE_CHECK(!info->has_range, first, "a range of fixed bytes");
    return;
  }
  struct extremes e = find_extremes(truth, type, first, (size_t)info->rows);
  CASE_CHECK(info->nulls == e.nulls, first, "%llu nulls, not %zu", (unsigned long long)info->nulls, e.nulls);
  CASE_CHECK(info->has_range == (e.min != SIZE_MAX), first, "column %zu: a range is %s", column,
             info->has_range ? "invented" : "missing");
  if (!info->has_range)
    return;
  if (type == WEFT_STRING) {
    check_string(truth, e.min, info->min, info->min_bytes, info->cut_min);
    check_string(truth, e.max, info->max, info->max_bytes, info->cut_max);
    return;
  }
  size_t width = column_type_width(type);
  CASE_CHECK(info->min_bytes == width && info->max_bytes == width, first, "a range of %u and %u bytes", info->min_bytes,
             info->max_bytes);
  CASE_CHECK(compare_numbers(type, info->min, truth->bytes[e.min]) == 0, e.min, "column %zu has another minimum", column);
  CASE_CHECK(e.nan ? is_nan_of(type, info->max) : compare_numbers(type, info->max, truth->bytes[e.max]) == 0, e.max,
             "column %zu has another maximum", column);
}

/* One chunk: its values, what is said of it, and that it verifies. Returns its rows. */
static uint64_t check_chunk(weft_ctx *ctx, const struct table *table, weft_reader *reader, uint64_t chunk,
                            uint64_t first_row) {
  struct weft_chunk_info info = {0};
  for (size_t i = 0; i < table->n; i++) {
    weft_decoded *decoded;
    FILE_MUST(ctx, weft_reader_chunk(reader, chunk, i, &info, sizeof info));
    CASE_CHECK(info.first_row == first_row, first_row, "the chunk begins at %llu", (unsigned long long)info.first_row);
    FILE_MUST(ctx, weft_reader_decode(reader, chunk, i, NULL, &decoded));
    check_values(ctx, table, i, &info, weft_decoded_column(decoded));
    check_info(table, i, &info);
    weft_decoded_free(decoded);
  }
  FILE_MUST(ctx, weft_reader_verify(reader, chunk));
  return info.rows;
}

void table_check(weft_ctx *ctx, const struct table *table, struct file *from, enum source_kind kind) {
  struct weft_source source = file_source(from, kind);
  struct weft_file_info info;
  weft_reader *reader;
  uint64_t rows = 0, chunks = 0, chunk = 0;
  guard_case.what = source_names[kind];
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  FILE_MUST(ctx, weft_reader_info(reader, &info, sizeof info));
  while (kind == SOURCE_FORWARD || chunks < info.chunks) {
    if (kind == SOURCE_FORWARD)
      FILE_MUST(ctx, weft_reader_next(reader, &chunk));
    else
      chunk = chunks;
    if (chunk == UINT64_MAX)
      break;
    CASE_CHECK(chunk == chunks, (size_t)rows, "chunk %llu is said to be %llu", (unsigned long long)chunks,
               (unsigned long long)chunk);
    rows += check_chunk(ctx, table, reader, chunk, rows);
    chunks++;
  }
  FILE_MUST(ctx, weft_reader_info(reader, &info, sizeof info));
  CASE_CHECK(info.rows == table->rows && rows == table->rows && info.chunks == chunks && info.bytes == from->n &&
                 info.columns == table->n,
             (size_t)rows, "%llu rows, %llu chunks, %llu bytes, %u columns; %zu bytes are there",
             (unsigned long long)info.rows, (unsigned long long)info.chunks, (unsigned long long)info.bytes, info.columns,
             from->n);
  for (size_t i = 0; i < table->n; i++) {
    struct weft_field field;
    FILE_MUST(ctx, weft_reader_field(reader, i, &field));
    ck_assert_str_eq(field.name, table_names[i]);
    ck_assert_int_eq(field.type, table->fields[i].type);
    ck_assert_uint_eq(field.width, table->columns[i].width);
    ck_assert_uint_eq(weft_reader_find(reader, table_names[i]), i);
  }
  ck_assert_uint_eq(weft_reader_find(reader, "none"), SIZE_MAX);
  weft_reader_free(reader);
}
