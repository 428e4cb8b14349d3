/* SPDX-License-Identifier: MIT
 *
 * What a file says of its columns' least and greatest values, where the rules have corners: floats, signs, zones.
 */
#include <math.h>

#include "file_tables.h"
#include "lib/file.h"

static struct guard_pool pool;
static struct file file;

/* What the footer says of one column of doubles. */
static struct weft_chunk_info info_of_doubles(weft_ctx *ctx, const double *values, size_t rows, bool zones) {
  struct weft_writer_options options = writer_defaults(65536);
  struct table table = {.rows = rows, .n = 1, .columns = {weft_column_fixed(values, WEFT_F64, rows)}};
  struct weft_chunk_info info;
  weft_reader *reader;
  options.encode.zones = zones;
  table.fields[0] = field_of("d", &table.columns[0]);
  table_write(ctx, &table, &options, 0, &file);
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
      table_write(ctx, &table, &options, 40000, &file);
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
    table.fields[0] = field_of(table_names[0], &table.columns[0]);
    table_write(ctx, &table, &options, table.rows, &file);
    table_check(ctx, &table, &file, SOURCE_READ);
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

/* Strings of 2 MB, in pieces that shrink until they fit. */
START_TEST(ranges_of_strings_are_found_in_little_memory) {
  enum { STRINGS = 2000, LENGTH = 1000 };
  weft_ctx *ctx = ctx_with(NULL);
  static uint8_t text[STRINGS][LENGTH], encoding[STRINGS * (LENGTH + 100)];
  static const uint8_t codecs[] = {WEFT_CODEC_STRINGS, WEFT_CODEC_DICT};
  const void *ptrs[STRINGS];
  size_t lengths[STRINGS], bytes;
  struct rng rng = {3};
  struct weft_field field = {.name = "s", .type = WEFT_STRING};
  for (size_t i = 0; i < STRINGS; i++) {
    rng_fill(&rng, text[i], 8);
    text[i][0] = (uint8_t)(1 + i * 7919 % 254);
    ptrs[i] = text[i];
    lengths[i] = LENGTH;
  }
  memset(text[777], 0, 40);
  memset(text[1500], 255, 33);
  struct weft_column column = weft_column_ptrs(ptrs, lengths, STRINGS);
  for (size_t i = 0; i < sizeof codecs; i++) {
    struct weft_encode_options options;
    struct weft_encoded_info described;
    struct file_range range = {0};
    struct weft_chunk_info info;
    weft_encode_options_init(&options, sizeof options);
    options.codec[0] = codecs[i];
    FILE_MUST(ctx, weft_encode(ctx, &column, &options, encoding, sizeof encoding, &bytes));
    FILE_MUST(ctx, weft_describe(ctx, encoding, bytes, &described, sizeof described));
    ck_assert_uint_eq(described.nodes[0].codec, codecs[i]);
    ck_assert_int_eq(weft__range_decode(ctx, &field, encoding, bytes, &described, 100, &range), WEFT_E_LIMIT);
    FILE_MUST(ctx, weft__range_decode(ctx, &field, encoding, bytes, &described, i ? 8 << 20 : 200000, &range));
    weft__range_end(&field, &range, &info);
    ck_assert(info.cut_min && info.cut_max && info.min_bytes == 32 && info.max_bytes == 32);
    ck_assert_mem_eq(info.min, text[777], 32);
    ck_assert_mem_eq(info.max, text[1500], 32);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, ranges_of_strings_are_found_in_little_memory);
  tcase_add_test(tcase, a_zero_counts_for_both_of_its_signs_and_nans_are_the_greatest);
  tcase_add_test(tcase, blocks_of_negative_numbers_are_below_those_of_positive_ones);
  tcase_add_test(tcase, ranges_by_zones_are_those_of_the_values);
}

int main(void) {
  return suite_main("file_ranges", add_tests);
}
