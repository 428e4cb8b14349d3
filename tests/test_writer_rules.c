/* SPDX-License-Identifier: MIT
 *
 * The rules of writers one by one: what fields, options and columns may be, what breaks a file, failing sinks.
 */
#include "file_rules.h"

static weft_status try_fields(const struct weft_field *fields, size_t n) {
  weft_writer *writer = (weft_writer *)&file;
  weft_status status = weft_writer_open(ctx, fields, n, NULL, file_take, &file, &writer);
  ck_assert((status == WEFT_OK) == (writer != NULL));
  weft_writer_free(writer);
  return status;
}

static weft_status try_name(const char *name) {
  return try_fields(&(struct weft_field){.name = name, .type = WEFT_U8}, 1);
}

START_TEST(names_of_columns_are_utf8_of_1_to_65535_bytes) {
  static char longest[65537];
  memset(longest, 'x', 65536);
  ck_assert_int_eq(try_name(longest), WEFT_E_INVALID);
  longest[65535] = '\0';
  ck_assert_int_eq(try_name(longest), WEFT_OK);
  ck_assert_int_eq(try_name(""), WEFT_E_INVALID);
  ck_assert_int_eq(try_name(NULL), WEFT_E_INVALID);
  static const char *const right[] = {"x",           " ", "ä", "\xe2\x82\xac", "\xf0\x9f\xa7\xb5", "\xf4\x8f\xbf\xbf",
                                      "\xef\xbf\xbf"};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++)
    ck_assert_msg(try_name(right[i]) == WEFT_OK, "%zu: %s", i, weft_ctx_message(ctx));
  static const char *const wrong[] = {
      "\x80",         "\xc3",         "a\xc3x",    "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
      "\xed\xa0\x80", "\xe2\x82",     "\xff",      "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
      "\xe2\x28\xa1", "\xbf\xbf\xbf", "\x9f later"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ck_assert_msg(try_name(wrong[i]) == WEFT_E_INVALID, "%zu is taken", i);
    says("weft_writer_open: field 0 has a name that is no UTF-8");
  }
}
END_TEST

START_TEST(two_columns_may_not_have_one_name) {
  struct weft_field fields[] = {{"a", WEFT_U8, 0}, {"b", WEFT_U8, 0}, {"ab", WEFT_U8, 0}, {"b", WEFT_U16, 0}};
  ck_assert_int_eq(try_fields(fields, 3), WEFT_OK);
  ck_assert_int_eq(try_fields(fields, 4), WEFT_E_INVALID);
  says("columns 1 and 3");
}
END_TEST

START_TEST(types_and_widths_of_fields_must_agree) {
  static const uint32_t widths[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 0, 0};
  for (int type = -1; type < 15; type++)
    for (uint32_t width = 0; width < 10; width++) {
      struct weft_field one = {.name = "x", .type = (enum weft_type)type, .width = width};
      bool is_type = type >= WEFT_I8 && type <= WEFT_STRING;
      bool right = is_type && (width == 0 || type == WEFT_FIXED_BYTES || width == widths[type]);
      ck_assert_msg(try_fields(&one, 1) == (right ? WEFT_OK : WEFT_E_INVALID), "type %d, width %u", type, width);
    }
}
END_TEST

START_TEST(a_file_has_1_to_65535_columns_of_which_each_is_found_by_name) {
  enum { MANY = WEFT_FILE_COLUMNS };
  struct weft_field *fields = calloc(MANY + 1, sizeof *fields);
  char(*names)[8] = calloc(MANY + 1, sizeof *names);
  struct weft_column *columns = calloc(MANY, sizeof *columns);
  for (size_t i = 0; i <= MANY; i++) {
    snprintf(names[i], sizeof names[i], "c%zu", i);
    fields[i] = (struct weft_field){.name = names[i], .type = WEFT_U32};
  }
  for (size_t i = 0; i < MANY; i++)
    columns[i] = weft_column_fixed(numbers + i % 1000, WEFT_U32, 2);
  ck_assert_int_eq(try_fields(fields, 0), WEFT_E_INVALID);
  ck_assert_int_eq(try_fields(fields, MANY + 1), WEFT_E_INVALID);
  weft_writer *writer;
  file.n = 0;
  FILE_MUST(ctx, weft_writer_open(ctx, fields, MANY, NULL, file_take, &file, &writer));
  FILE_MUST(ctx, weft_writer_append(writer, columns, MANY));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
  weft_reader *reader = open_reader(SOURCE_READ);
  for (size_t i = 0; i < MANY; i++) {
    ck_assert_uint_eq(weft_reader_find(reader, names[i]), i);
    if (i % 1000)
      continue;
    weft_decoded *decoded;
    FILE_MUST(ctx, weft_reader_decode(reader, 0, i, NULL, &decoded));
    ck_assert_mem_eq(weft_decoded_column(decoded)->data, numbers + i % 1000, 8);
    weft_decoded_free(decoded);
  }
  ck_assert_uint_eq(weft_reader_find(reader, names[MANY]), SIZE_MAX);
  ck_assert_uint_eq(weft_reader_find(reader, ""), SIZE_MAX);
  weft_reader_free(reader);
  free(fields);
  free(names);
  free(columns);
}
END_TEST

START_TEST(chunks_have_1024_to_2_to_the_20_rows_in_steps_of_1024) {
  static const uint32_t right[] = {1024, 2048, 1047552, 1048576}, wrong[] = {0, 1, 1023, 1025, 1536, 1049600, UINT32_MAX};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    struct weft_writer_options options = writer_defaults(right[i]);
    weft_writer *writer;
    FILE_MUST(ctx, weft_writer_open(ctx, &field, 1, &options, file_take, &file, &writer));
    weft_writer_free(writer);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct weft_writer_options options = writer_defaults(wrong[i]);
    weft_writer *writer;
    ck_assert_int_eq(weft_writer_open(ctx, &field, 1, &options, file_take, &file, &writer), WEFT_E_INVALID);
    ck_assert_ptr_null(writer);
    says("chunk_rows");
  }
}
END_TEST

START_TEST(options_start_as_documented_and_no_further_than_their_size) {
  struct weft_writer_options options;
  memset(&options, 0xee, sizeof options);
  weft_writer_options_init(&options, sizeof options);
  ck_assert_uint_eq(options.size, sizeof options);
  ck_assert_uint_eq(options.chunk_rows, WEFT_CHUNK_ROWS);
  ck_assert(options.encode.zones && options.encode.size == sizeof options.encode);
  ck_assert_uint_eq(options.encode.codec[0], WEFT_CODEC_AUTO);
  memset(&options, 0xee, sizeof options);
  weft_writer_options_init(&options, offsetof(struct weft_writer_options, encode));
  ck_assert_uint_eq(options.chunk_rows, WEFT_CHUNK_ROWS);
  ck_assert_uint_eq(options.encode.dictionary_rows, 0xeeeeeeeeu);
  weft_writer_options_init(NULL, sizeof options);
  struct {
    struct weft_writer_options options;
    uint8_t newer[16];
  } longer;
  weft_writer_options_init(&longer.options, sizeof longer);
  weft_writer *writer;
  FILE_MUST(ctx, weft_writer_open(ctx, &field, 1, &longer.options, file_take, &file, &writer));
  weft_writer_free(writer);
  longer.newer[15] = 1;
  ck_assert_int_eq(weft_writer_open(ctx, &field, 1, &longer.options, file_take, &file, &writer), WEFT_E_INVALID);
}
END_TEST

START_TEST(columns_that_are_not_the_files_break_it) {
  struct weft_column same[] = {column, column}, wrong_type = weft_column_fixed(numbers, WEFT_I32, 5), none = {0};
  struct weft_column bytes = weft_column_bytes(numbers, 4, 5);
  const struct {
    const struct weft_column *columns;
    size_t n;
  } wrong[] = {{NULL, 1}, {same, 2}, {same, 0}, {&wrong_type, 1}, {&none, 1}, {&bytes, 1}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    weft_writer *writer = open_writer();
    ck_assert_int_eq(weft_writer_append(writer, wrong[i].columns, wrong[i].n), WEFT_E_INVALID);
    ck_assert_int_eq(weft_writer_append(writer, &column, 1), WEFT_E_INVALID);
    says("a call before failed");
    ck_assert_int_eq(weft_writer_metadata(writer, "k", "v", 1), WEFT_E_INVALID);
    ck_assert_int_eq(weft_writer_finish(writer), WEFT_E_INVALID);
    weft_writer_free(writer);
  }
}
END_TEST

START_TEST(fixed_bytes_of_another_width_and_columns_of_other_rows_are_refused) {
  struct weft_field fields[] = {{"a", WEFT_FIXED_BYTES, 3}, {"b", WEFT_U32, 4}};
  struct weft_column wide[] = {weft_column_bytes(numbers, 4, 5), weft_column_fixed(numbers, WEFT_U32, 5)};
  struct weft_column more[] = {weft_column_bytes(numbers, 3, 5), weft_column_fixed(numbers, WEFT_U32, 6)};
  const struct weft_column *const wrong[] = {wide, more};
  for (size_t i = 0; i < 2; i++) {
    weft_writer *writer;
    FILE_MUST(ctx, weft_writer_open(ctx, fields, 2, NULL, file_take, &file, &writer));
    ck_assert_int_eq(weft_writer_append(writer, wrong[i], 2), WEFT_E_INVALID);
    says(i ? "rows" : "width 4");
    weft_writer_free(writer);
  }
}
END_TEST

START_TEST(encodings_that_are_not_the_files_are_refused) {
  static uint8_t right[20000], other[20000], fewer[20000];
  size_t right_bytes, other_bytes, fewer_bytes, none = 0;
  struct weft_column wrong_type = weft_column_fixed(numbers, WEFT_F32, ROWS), few = weft_column_fixed(numbers, WEFT_U32, 1);
  struct weft_column no_rows = weft_column_fixed(numbers, WEFT_U32, 0);
  static uint8_t empty[1000];
  size_t empty_bytes;
  FILE_MUST(ctx, weft_encode(ctx, &column, NULL, right, sizeof right, &right_bytes));
  FILE_MUST(ctx, weft_encode(ctx, &wrong_type, NULL, other, sizeof other, &other_bytes));
  FILE_MUST(ctx, weft_encode(ctx, &few, NULL, fewer, sizeof fewer, &fewer_bytes));
  FILE_MUST(ctx, weft_encode(ctx, &no_rows, NULL, empty, sizeof empty, &empty_bytes));
  struct weft_field fields[] = {{"a", WEFT_U32, 0}, {"b", WEFT_U32, 0}};
  const struct {
    const void *second;
    size_t bytes, n;
    weft_status status;
  } cases[] = {{right, right_bytes, 2, WEFT_OK},           {other, other_bytes, 2, WEFT_E_INVALID},
               {fewer, fewer_bytes, 2, WEFT_E_INVALID},    {empty, empty_bytes, 2, WEFT_E_INVALID},
               {right, right_bytes, 1, WEFT_E_INVALID},    {NULL, none, 2, WEFT_E_INVALID},
               {right, right_bytes - 1, 2, WEFT_E_CORRUPT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weft_writer *writer;
    const void *encodings[] = {right, cases[i].second};
    size_t bytes[] = {right_bytes, cases[i].bytes};
    FILE_MUST(ctx, weft_writer_open(ctx, fields, 2, NULL, file_take, &file, &writer));
    weft_status status = weft_writer_append_encoded(writer, encodings, bytes, cases[i].n);
    ck_assert_msg(status == cases[i].status, "case %zu: %s: %s", i, weft_status_text(status), weft_ctx_message(ctx));
    if (status != WEFT_OK)
      says(cases[i].n == 1 ? "weft_writer_append_encoded: n is" : "weft_writer_append_encoded: column \"b\": ");
    ck_assert_int_eq(weft_writer_finish(writer), cases[i].status);
    weft_writer_free(writer);
  }
  weft_writer *writer = open_writer();
  const void *encoding = empty;
  ck_assert_int_eq(weft_writer_append_encoded(writer, &encoding, &empty_bytes, 1), WEFT_E_INVALID);
  says("weft_writer_append_encoded: column \"n\": its encoding has 0 rows");
  weft_writer_free(writer);
}
END_TEST

START_TEST(a_finished_file_takes_nothing_more) {
  weft_writer *writer = open_writer();
  FILE_MUST(ctx, weft_writer_finish(writer));
  size_t n = file.n;
  ck_assert_int_eq(weft_writer_append(writer, &column, 1), WEFT_E_INVALID);
  says("finished");
  ck_assert_int_eq(weft_writer_append_encoded(writer, (const void *const[]){numbers}, (size_t[]){1}, 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_metadata(writer, "k", "v", 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_finish(writer), WEFT_E_INVALID);
  ck_assert_uint_eq(file.n, n);
  weft_writer_free(writer);
}
END_TEST

START_TEST(a_file_without_rows_is_a_file) {
  weft_writer *writer = open_writer();
  struct weft_column none = weft_column_fixed(NULL, WEFT_U32, 0);
  FILE_MUST(ctx, weft_writer_append(writer, &none, 1));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
  for (int kind = 0; kind < SOURCE_KINDS; kind++) {
    FILE_MUST(ctx, file_verify(ctx, &file, (enum source_kind)kind, 0));
    weft_reader *reader = open_reader((enum source_kind)kind);
    ck_assert_uint_eq(info_of(reader).rows + info_of(reader).chunks, 0);
    weft_reader_free(reader);
  }
}
END_TEST

START_TEST(each_call_of_the_sink_may_fail_and_breaks_the_file) {
  size_t calls = 0;
  for (size_t fail_at = 1;; fail_at++) {
    struct weft_writer_options options = writer_defaults(1024);
    weft_writer *writer;
    file = (struct file){.bytes = file.bytes, .room = file.room, .fail_at = fail_at};
    weft_status status = weft_writer_open(ctx, &field, 1, &options, file_take, &file, &writer);
    if (status != WEFT_OK) {
      ck_assert_int_eq(status, WEFT_E_IO);
      ck_assert_ptr_null(writer);
      continue;
    }
    status = weft_writer_append(writer, &column, 1);
    weft_status end = weft_writer_finish(writer);
    ck_assert_int_eq(status == WEFT_OK ? end : status, file.calls < fail_at ? WEFT_OK : WEFT_E_IO);
    calls = file.calls;
    if (calls >= fail_at) {
      ck_assert_int_eq(end, WEFT_E_IO);
      ck_assert_int_eq(weft_writer_append(writer, &column, 1), WEFT_E_IO);
      ck_assert_uint_eq(file.calls, fail_at); /* nothing is written behind a hole */
    }
    weft_writer_free(writer);
    if (calls < fail_at)
      break;
  }
  ck_assert_uint_ge(calls, 4);
  file.fail_at = 0;
  FILE_MUST(ctx, file_verify(ctx, &file, SOURCE_MAPPED, 0));
}
END_TEST

START_TEST(writers_answer_null_as_documented) {
  weft_writer *writer = (weft_writer *)&file;
  ck_assert_int_eq(weft_writer_open(NULL, &field, 1, NULL, file_take, &file, &writer), WEFT_E_INVALID);
  ck_assert_ptr_null(writer);
  ck_assert_int_eq(weft_writer_open(ctx, NULL, 1, NULL, file_take, &file, &writer), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_open(ctx, &field, 1, NULL, NULL, &file, &writer), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_open(ctx, &field, 1, NULL, file_take, &file, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_metadata(NULL, "k", "v", 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_append(NULL, &column, 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_append_encoded(NULL, (const void *const[]){numbers}, (size_t[]){1}, 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_finish(NULL), WEFT_E_INVALID);
  weft_writer_free(NULL);
  writer = open_writer();
  ck_assert_int_eq(weft_writer_metadata(writer, NULL, "v", 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_writer_metadata(writer, "k", NULL, 0), WEFT_E_INVALID);
  FILE_MUST(ctx, weft_writer_metadata(writer, "k", "v", 1));
  ck_assert_int_eq(weft_writer_append_encoded(writer, NULL, (size_t[]){1}, 1), WEFT_E_INVALID);
  weft_writer_free(writer);
  writer = open_writer();
  ck_assert_int_eq(weft_writer_append_encoded(writer, (const void *const[]){numbers}, NULL, 1), WEFT_E_INVALID);
  weft_writer_free(writer);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {names_of_columns_are_utf8_of_1_to_65535_bytes,
                          two_columns_may_not_have_one_name,
                          types_and_widths_of_fields_must_agree,
                          a_file_has_1_to_65535_columns_of_which_each_is_found_by_name,
                          chunks_have_1024_to_2_to_the_20_rows_in_steps_of_1024,
                          options_start_as_documented_and_no_further_than_their_size,
                          columns_that_are_not_the_files_break_it,
                          fixed_bytes_of_another_width_and_columns_of_other_rows_are_refused,
                          encodings_that_are_not_the_files_are_refused,
                          a_finished_file_takes_nothing_more,
                          a_file_without_rows_is_a_file,
                          each_call_of_the_sink_may_fail_and_breaks_the_file,
                          writers_answer_null_as_documented};
  tcase_add_checked_fixture(tcase, set_up, tear_down);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("writer_rules", add_tests);
}
