/* SPDX-License-Identifier: MIT
 *
 * Files, written and read back: random tables, appended in any pieces and read from every kind of source, value by value
 * beside the truth, with what the footer says of them.
 */
#include "file_tables.h"
#include "lib/column.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;
static struct file file, other;

START_TEST(random_tables_come_back_from_every_kind_of_source) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(400); i < cases; i++) {
    struct table table;
    table_draw(&pool, &table, i, tables.list[_i]->isa);
    weft_ctx *ctx = ctxs[rng_upto(&table.rng, KNOBS - 1)];
    struct weft_writer_options options = writer_defaults(table.chunk_rows);
    options.encode.zones = rng_percent(&table.rng, 70);
    table_write(ctx, &table, &options, 0, &file);
    for (int kind = 0; kind < SOURCE_KINDS; kind++)
      table_check(ctx, &table, &file, (enum source_kind)kind);
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
    table_draw(&pool, &table, i, tables.list[_i]->isa);
    struct weft_writer_options options = writer_defaults(table.chunk_rows);
    table_write(ctx, &table, &options, table.rows, &file);
    table_write(ctx, &table, &options, 1 + rng_upto(&table.rng, 700), &other);
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
    table_draw(&pool, &table, number, "any");
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
    table_check(ctx, &table, &file, (enum source_kind)(number % SOURCE_KINDS));
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
  table_write(ctx, &table, NULL, WEFT_CHUNK_ROWS + 3, &file);
  for (int kind = 0; kind < SOURCE_KINDS; kind++)
    check_large(ctx, numbers, (enum source_kind)kind);
  free(numbers);
  weft_ctx_free(ctx);
  file_close(&file);
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
    table.fields[i] = field_of(table_names[i], &table.columns[i]);
  struct weft_writer_options options = writer_defaults(1024);
  table_write(ctx, &table, &options, 2048, &file);
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
    table.fields[table.n - 1] = field_of(table_names[table.n - 1], &table.columns[table.n - 1]);
    table_write(ctx, &table, NULL, 1, &file);
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
  tcase_add_test(tcase, encodings_of_4096_bytes_begin_at_multiples_of_64_and_all_at_multiples_of_8);
  tcase_add_test(tcase, a_file_of_one_row_and_few_columns_is_small);
}

int main(void) {
  return suite_main("file", add_tests);
}
