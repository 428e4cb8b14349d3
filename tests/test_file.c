/* SPDX-License-Identifier: MIT
 *
 * Files, written and read back: random tables of every type and layout, appended in any pieces and read from every kind of
 * source, value by value beside the truth, with what the footer says of them.
 */
#include <math.h>

#include "codecs/codec.h"
#include "files.h"
#include "lib/column.h"
#include "tables.h"

#define MOST_COLUMNS 5

static struct tables tables;
static struct guard_pool pool;
static struct file file, other;

/* One case: a table, whose columns have the same rows, and the file of it. */
struct table {
  struct rng rng;
  size_t rows, n;
  struct test_column truth[MOST_COLUMNS];
  struct weft_column columns[MOST_COLUMNS];
  struct weft_field fields[MOST_COLUMNS];
  uint32_t chunk_rows;
};

static const char *const names[MOST_COLUMNS] = {"a", "be", "käse", "a column", "e"};

/* Values that repeat, so that every codec has its chance; of numbers, floats among them, also all there are. */
static const struct column_values *draw_values(struct rng *rng, size_t width, bool strings) {
  enum { MOST = 40 };
  struct column_values *values = guard_take(&pool, GUARD_HIGH, sizeof *values, 0, NULL);
  const uint8_t **bytes = guard_take(&pool, GUARD_HIGH, MOST * sizeof *bytes, 0, NULL);
  size_t *lengths = guard_take(&pool, GUARD_HIGH, MOST * sizeof *lengths, 0, NULL);
  bool common = rng_percent(rng, 50);
  for (size_t i = 0; i < MOST; i++) {
    lengths[i] = strings ? rng_upto(rng, 70) : width;
    uint8_t *value = guard_take(&pool, GUARD_HIGH, lengths[i], 0, rng);
    if (strings && common)
      memset(value, 'x', lengths[i] < 31 ? lengths[i] : 31);
    bytes[i] = value;
  }
  *values = (struct column_values){.n = 1 + rng_upto(rng, MOST - 1), .bytes = bytes, .lengths = lengths};
  return values;
}

static void draw_column(struct table *table, size_t i) {
  struct rng *rng = &table->rng;
  struct column_spec spec = column_spec_draw(rng, table->rows);
  if (spec.lengths == LENGTHS_EDGES || spec.lengths == LENGTHS_BLOCKS)
    spec.lengths = LENGTHS_0_32; /* megabytes, else */
  spec.length %= 100;
  if (rng_percent(rng, 60)) {
    bool strings = spec.layout != WEFT_FIXED;
    uint32_t *picks = guard_take(&pool, GUARD_HIGH, table->rows * sizeof *picks, 0, NULL);
    spec.values = draw_values(rng, spec.type == WEFT_FIXED_BYTES ? spec.length : column_type_width(spec.type), strings);
    size_t last = rng_upto(rng, spec.values->n - 1);
    for (size_t row = 0; row < table->rows; row++) {
      if (!rng_percent(rng, 80))
        last = rng_upto(rng, spec.values->n - 1);
      picks[row] = (uint32_t)last;
    }
    spec.picks = picks;
  }
  column_build(&pool, rng, &spec, &table->truth[i]);
  table->columns[i] = table->truth[i].column;
  table->fields[i] = field_of(names[i], &table->columns[i]);
}

static void draw_table(struct table *table, size_t number, const char *isa) {
  static const size_t many[] = {1023, 1024, 1025, 2047, 2048, 2049, 3000, 5000};
  *table = (struct table){.rng = {rng_case_seed(number)}};
  guard_reset(&pool, 0);
  table->rows = rng_percent(&table->rng, 50) ? rng_upto(&table->rng, 130) : many[rng_upto(&table->rng, 7)];
  table->n = 1 + rng_upto(&table->rng, MOST_COLUMNS - 1);
  table->chunk_rows = 1024 * (1 + (uint32_t)rng_upto(&table->rng, 2));
  guard_case = (struct guard_case){.what = "file", .isa = isa, .rows = table->rows, .seed = rng_case_seed(number)};
  for (size_t i = 0; i < table->n; i++)
    draw_column(table, i);
}

/* Writes the table, `step` rows an append (0: any numbers of rows). */
static void write_table(weft_ctx *ctx, struct table *table, const struct weft_writer_options *options, size_t step,
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

static void check_file(weft_ctx *ctx, const struct table *table, struct file *from, enum source_kind kind) {
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
    ck_assert_str_eq(field.name, names[i]);
    ck_assert_int_eq(field.type, table->fields[i].type);
    ck_assert_uint_eq(field.width, table->columns[i].width);
    ck_assert_uint_eq(weft_reader_find(reader, names[i]), i);
  }
  ck_assert_uint_eq(weft_reader_find(reader, "none"), SIZE_MAX);
  weft_reader_free(reader);
}

START_TEST(random_tables_come_back_from_every_kind_of_source) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(400); i < cases; i++) {
    struct table table;
    draw_table(&table, i, tables.list[_i]->isa);
    weft_ctx *ctx = ctxs[rng_upto(&table.rng, KNOBS - 1)];
    struct weft_writer_options options = writer_defaults(table.chunk_rows);
    options.encode.zones = rng_percent(&table.rng, 70);
    write_table(ctx, &table, &options, 0, &file);
    for (int kind = 0; kind < SOURCE_KINDS; kind++)
      check_file(ctx, &table, &file, (enum source_kind)kind);
  }
  ctxs_close(ctxs);
  file_close(&file);
  guard_close(&pool);
}
END_TEST

START_TEST(the_bytes_of_a_file_do_not_depend_on_how_its_rows_were_appended) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t i = 0, cases = rng_cases(150); i < cases; i++) {
    struct table table;
    draw_table(&table, i, tables.list[_i]->isa);
    struct weft_writer_options options = writer_defaults(table.chunk_rows);
    write_table(ctx, &table, &options, table.rows, &file);
    write_table(ctx, &table, &options, 1 + rng_upto(&table.rng, 700), &other);
    CASE_CHECK(file.n == other.n && memcmp(file.bytes, other.bytes, file.n) == 0, 0, "files of %zu and %zu bytes", file.n,
               other.n);
  }
  weft_ctx_free(ctx);
  file_close(&file);
  file_close(&other);
  guard_close(&pool);
}
END_TEST

START_TEST(chunks_encoded_elsewhere_are_read_as_those_that_the_writer_encodes) {
  weft_ctx *ctx = ctx_with(NULL);
  static uint8_t room[MOST_COLUMNS][1 << 19];
  for (size_t number = 0, cases = rng_cases(150); number < cases; number++) {
    struct table table;
    draw_table(&table, number, "any");
    if (table.rows == 0)
      continue;
    weft_writer *writer;
    const void *encodings[MOST_COLUMNS];
    size_t bytes[MOST_COLUMNS], first = rng_upto(&table.rng, table.rows - 1);
    struct weft_writer_options options = writer_defaults(table.chunk_rows);
    options.encode.zones = rng_percent(&table.rng, 50);
    struct weft_column slices[MOST_COLUMNS];
    file.n = 0;
    FILE_MUST(ctx, weft_writer_open(ctx, table.fields, table.n, &options, file_take, &file, &writer));
    for (size_t i = 0; i < table.n; i++) {
      slices[i] = weft__column_slice(&table.columns[i], 0, first);
      struct weft_column rest = weft__column_slice(&table.columns[i], first, table.rows - first);
      encodings[i] = room[i];
      FILE_MUST(ctx, weft_encode(ctx, &rest, &options.encode, room[i], sizeof room[i], &bytes[i]));
    }
    FILE_MUST(ctx, weft_writer_append(writer, slices, table.n));
    FILE_MUST(ctx, weft_writer_append_encoded(writer, encodings, bytes, table.n));
    FILE_MUST(ctx, weft_writer_finish(writer));
    weft_writer_free(writer);
    check_file(ctx, &table, &file, (enum source_kind)(number % SOURCE_KINDS));
  }
  weft_ctx_free(ctx);
  file_close(&file);
  guard_close(&pool);
}
END_TEST

static void check_large(weft_ctx *ctx, const uint32_t *numbers, enum source_kind kind) {
  static const size_t expected[] = {WEFT_CHUNK_ROWS, WEFT_CHUNK_ROWS, 5};
  struct weft_source source = file_source(&file, kind);
  weft_reader *reader;
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  for (uint64_t k = 0, chunk; k < 3; k++) {
    weft_decoded *decoded;
    if (kind == SOURCE_FORWARD)
      FILE_MUST(ctx, weft_reader_next(reader, &chunk));
    FILE_MUST(ctx, weft_reader_decode(reader, k, 0, NULL, &decoded));
    const struct weft_column *column = weft_decoded_column(decoded);
    ck_assert_uint_eq(column->rows, expected[k]);
    ck_assert(memcmp(column->data, numbers + k * WEFT_CHUNK_ROWS, column->rows * sizeof *numbers) == 0);
    weft_decoded_free(decoded);
    FILE_MUST(ctx, weft_reader_verify(reader, k));
  }
  weft_reader_free(reader);
}

START_TEST(a_chunk_has_2_to_the_20_rows_unless_told_otherwise) {
  weft_ctx *ctx = ctx_with(NULL);
  size_t rows = 2 * WEFT_CHUNK_ROWS + 5;
  uint32_t *numbers = malloc(rows * sizeof *numbers);
  struct rng rng = {1};
  rng_fill(&rng, numbers, rows * sizeof *numbers); /* 4 MiB a chunk, encoded too */
  struct table table = {.rows = rows, .n = 1, .columns = {weft_column_fixed(numbers, WEFT_U32, rows)}};
  table.fields[0] = field_of("n", &table.columns[0]);
  write_table(ctx, &table, NULL, WEFT_CHUNK_ROWS + 3, &file);
  for (int kind = 0; kind < SOURCE_KINDS; kind++)
    check_large(ctx, numbers, (enum source_kind)kind);
  free(numbers);
  weft_ctx_free(ctx);
  file_close(&file);
}
END_TEST

/* What the footer says of one column of doubles. */
static struct weft_chunk_info info_of_doubles(weft_ctx *ctx, const double *values, size_t rows, bool zones) {
  struct weft_writer_options options = writer_defaults(65536);
  struct table table = {.rows = rows, .n = 1, .columns = {weft_column_fixed(values, WEFT_F64, rows)}};
  struct weft_chunk_info info;
  weft_reader *reader;
  options.encode.zones = zones;
  table.fields[0] = field_of("d", &table.columns[0]);
  write_table(ctx, &table, &options, 0, &file);
  struct weft_source source = file_source(&file, SOURCE_READ);
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  FILE_MUST(ctx, weft_reader_chunk(reader, 0, 0, &info, sizeof info));
  FILE_MUST(ctx, weft_reader_verify(reader, 0));
  weft_reader_free(reader);
  return info;
}

static void expect_doubles(const struct weft_chunk_info *info, double min, double max) {
  static const uint8_t nan_bytes[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
  uint64_t nan_word = codec_get(nan_bytes, 8);
  ck_assert(info->has_range);
  ck_assert_mem_eq(info->min, &min, sizeof min);
  ck_assert_mem_eq(info->max, isnan(max) ? (const void *)&nan_word : &max, sizeof max);
}

START_TEST(a_zero_counts_for_both_of_its_signs_and_nans_are_the_greatest) {
  weft_ctx *ctx = ctx_with(NULL);
  for (int zones = 0; zones < 2; zones++) {
    struct weft_chunk_info info = info_of_doubles(ctx, (const double[]){0.0, 5, 7}, 3, zones);
    expect_doubles(&info, -0.0, 7);
    info = info_of_doubles(ctx, (const double[]){-0.0, -5, -7}, 3, zones);
    expect_doubles(&info, -7, 0.0);
    info = info_of_doubles(ctx, (const double[]){3, (double)NAN, 1, -(double)NAN, (double)INFINITY}, 5, zones);
    expect_doubles(&info, 1, (double)NAN);
    info = info_of_doubles(ctx, (const double[]){(double)NAN, -(double)NAN}, 2, zones);
    ck_assert(!info.has_range);
    for (size_t nan = 0; nan < 40000; nan += 3333) { /* in any block, alone in the last one */
      static double many[40001];
      for (size_t i = 0; i < 40000; i++)
        many[i] = i == nan ? (double)NAN : (double)(i + 1);
      info = info_of_doubles(ctx, many, 40000, zones);
      expect_doubles(&info, nan ? 1 : 2, (double)NAN);
    }
  }
  weft_ctx_free(ctx);
  file_close(&file);
}
END_TEST

START_TEST(blocks_of_negative_numbers_are_below_those_of_positive_ones) {
  weft_ctx *ctx = ctx_with(NULL);
  static int32_t numbers[40000];
  for (int zones = 0; zones < 2; zones++)
    for (int sign = -1; sign <= 1; sign += 2) {
      struct weft_writer_options options = writer_defaults(65536);
      struct table table = {.rows = 40000, .n = 1, .columns = {weft_column_fixed(numbers, WEFT_I32, 40000)}};
      struct weft_source source;
      struct weft_chunk_info info;
      weft_reader *reader;
      for (int i = 0; i < 40000; i++)
        numbers[i] = sign * (i - 20000);
      options.encode.zones = zones;
      table.fields[0] = field_of("i", &table.columns[0]);
      write_table(ctx, &table, &options, 40000, &file);
      source = file_source(&file, SOURCE_READ);
      FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
      FILE_MUST(ctx, weft_reader_chunk(reader, 0, 0, &info, sizeof info));
      int32_t min = sign > 0 ? -20000 : -19999, max = min + 39999;
      ck_assert_mem_eq(info.min, &min, sizeof min);
      ck_assert_mem_eq(info.max, &max, sizeof max);
      FILE_MUST(ctx, weft_reader_verify(reader, 0));
      weft_reader_free(reader);
    }
  weft_ctx_free(ctx);
  file_close(&file);
}
END_TEST

/* So many rows that there are zones, whole blocks of nulls among them. */
START_TEST(ranges_by_zones_are_those_of_the_values) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_writer_options options = writer_defaults(65536);
  for (size_t type = WEFT_I8; type <= WEFT_F64; type++) {
    struct table table = {.rng = {type}, .rows = 70000, .n = 1};
    struct column_spec spec = {.layout = WEFT_FIXED, .type = (enum weft_type)type, .rows = table.rows};
    guard_reset(&pool, 0);
    guard_case = (struct guard_case){.what = "zones", .rows = table.rows, .length = type};
    column_build(&pool, &table.rng, &spec, &table.truth[0]);
    uint8_t *valid = guard_take(&pool, GUARD_HIGH, table.rows / 8 + 1, 0, &table.rng);
    memset(valid + 3 * 128, 0, 5 * 128);
    for (size_t row = 0; row < table.rows; row++)
      table.truth[0].nulls[row] = !(valid[row / 8] >> row % 8 & 1);
    table.columns[0] = weft_column_with_validity(table.truth[0].column, valid, 0);
    table.fields[0] = field_of(names[0], &table.columns[0]);
    write_table(ctx, &table, &options, table.rows, &file);
    check_file(ctx, &table, &file, SOURCE_READ);
    struct weft_source source = file_source(&file, SOURCE_READ);
    struct weft_encoded_info described;
    const void *encoding;
    size_t bytes;
    weft_reader *reader;
    FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
    FILE_MUST(ctx, weft_reader_encoding(reader, 0, 0, &encoding, &bytes));
    FILE_MUST(ctx, weft_describe(ctx, encoding, bytes, &described, sizeof described));
    ck_assert(described.has_zones);
    weft_reader_free(reader);
  }
  weft_ctx_free(ctx);
  file_close(&file);
  guard_close(&pool);
}
END_TEST

START_TEST(encodings_of_4096_bytes_begin_at_multiples_of_64_and_all_at_multiples_of_8) {
  weft_ctx *ctx = ctx_with(NULL);
  static uint64_t noise[2048], few[2048];
  struct rng rng = {1};
  rng_fill(&rng, noise, sizeof noise);
  struct table table = {.rows = 2048,
                        .n = 4,
                        .columns = {weft_column_fixed(few, WEFT_U64, 2048), weft_column_fixed(noise, WEFT_U64, 2048),
                                    weft_column_fixed(few, WEFT_U64, 2048), weft_column_fixed(noise, WEFT_U64, 2048)}};
  for (size_t i = 0; i < table.n; i++)
    table.fields[i] = field_of(names[i], &table.columns[i]);
  struct weft_writer_options options = writer_defaults(1024);
  write_table(ctx, &table, &options, 2048, &file);
  for (int kind = 0; kind < SOURCE_KINDS - 1; kind++) {
    struct weft_source source = file_source(&file, (enum source_kind)kind);
    weft_reader *reader;
    FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
    for (size_t chunk = 0; chunk < 2; chunk++)
      for (size_t i = 0; i < table.n; i++) {
        struct weft_chunk_info info;
        const void *encoding;
        size_t bytes;
        FILE_MUST(ctx, weft_reader_chunk(reader, chunk, i, &info, sizeof info));
        FILE_MUST(ctx, weft_reader_encoding(reader, chunk, i, &encoding, &bytes));
        ck_assert_uint_eq(info.bytes, bytes);
        ck_assert_uint_eq(info.offset % (i % 2 ? 64 : 8), 0);
        ck_assert(i % 2 ? bytes >= 4096 : bytes < 4096);
        if (kind == SOURCE_READ)
          ck_assert_uint_eq((uintptr_t)encoding % 64, info.offset % 64);
      }
    weft_reader_free(reader);
  }
  weft_ctx_free(ctx);
  file_close(&file);
}
END_TEST

START_TEST(a_file_of_one_row_and_few_columns_is_small) {
  weft_ctx *ctx = ctx_with(NULL);
  static const uint32_t number[] = {42};
  struct table table = {.rows = 1};
  size_t sizes[MOST_COLUMNS + 1], encoded = 0;
  for (table.n = 1; table.n <= MOST_COLUMNS; table.n++) {
    table.columns[table.n - 1] = weft_column_fixed(number, WEFT_U32, 1);
    table.fields[table.n - 1] = field_of(names[table.n - 1], &table.columns[table.n - 1]);
    write_table(ctx, &table, NULL, 1, &file);
    uint8_t room[1000];
    struct weft_writer_options options = writer_defaults(1024);
    FILE_MUST(ctx, weft_encode(ctx, &table.columns[0], &options.encode, room, sizeof room, &encoded));
    sizes[table.n] = file.n - table.n * encoded;
  }
  ck_assert_msg(sizes[1] < 200, "%zu bytes beside one column's %zu", sizes[1], encoded);
  ck_assert_msg(sizes[MOST_COLUMNS] < 200 + MOST_COLUMNS * 64, "%zu bytes beside %d columns", sizes[MOST_COLUMNS],
                MOST_COLUMNS);
  weft_ctx_free(ctx);
  file_close(&file);
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, random_tables_come_back_from_every_kind_of_source, 0, tables.n);
  tcase_add_loop_test(tcase, the_bytes_of_a_file_do_not_depend_on_how_its_rows_were_appended, 0, tables.n);
  tcase_add_test(tcase, chunks_encoded_elsewhere_are_read_as_those_that_the_writer_encodes);
  tcase_add_test(tcase, a_chunk_has_2_to_the_20_rows_unless_told_otherwise);
  tcase_add_test(tcase, a_zero_counts_for_both_of_its_signs_and_nans_are_the_greatest);
  tcase_add_test(tcase, blocks_of_negative_numbers_are_below_those_of_positive_ones);
  tcase_add_test(tcase, ranges_by_zones_are_those_of_the_values);
  tcase_add_test(tcase, encodings_of_4096_bytes_begin_at_multiples_of_64_and_all_at_multiples_of_8);
  tcase_add_test(tcase, a_file_of_one_row_and_few_columns_is_small);
}

int main(void) {
  return suite_main("file", add_tests);
}
