/* SPDX-License-Identifier: MIT
 *
 * The rules of readers one by one: metadata, failing sources, sources of unknown length, and what arguments may be.
 */
#include "file_rules.h"

static void expect_pair(const weft_reader *reader, size_t entry, const char *key, const void *value, size_t bytes) {
  const char *got;
  const void *has;
  size_t n;
  FILE_MUST(ctx, weft_reader_metadata(reader, entry, &got, &has, &n));
  ck_assert_str_eq(got, key);
  ck_assert_uint_eq(n, bytes);
  ck_assert(bytes == 0 || memcmp(has, value, bytes) == 0);
}

START_TEST(metadata_come_back_in_the_order_in_which_they_were_last_set) {
  weft_writer *writer = open_writer();
  static const uint8_t zeros[1000];
  FILE_MUST(ctx, weft_writer_metadata(writer, "first", "1", 1));
  FILE_MUST(ctx, weft_writer_metadata(writer, "zeros", zeros, sizeof zeros));
  FILE_MUST(ctx, weft_writer_metadata(writer, "", "no key", 6));
  FILE_MUST(ctx, weft_writer_append(writer, &column, 1));
  FILE_MUST(ctx, weft_writer_metadata(writer, "schlüssel", "", 0));
  FILE_MUST(ctx, weft_writer_metadata(writer, "first", "again", 5));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
  for (int kind = 0; kind < SOURCE_KINDS; kind++) {
    weft_reader *reader = open_reader((enum source_kind)kind);
    const char *key;
    const void *value;
    size_t bytes;
    uint64_t chunk = 0;
    while (kind == SOURCE_FORWARD && chunk != UINT64_MAX) {
      ck_assert_uint_eq(info_of(reader).metadata, 0);
      ck_assert_int_eq(weft_reader_metadata(reader, 0, &key, &value, &bytes), WEFT_E_INVALID);
      FILE_MUST(ctx, weft_reader_next(reader, &chunk));
    }
    ck_assert_uint_eq(info_of(reader).metadata, 4);
    expect_pair(reader, 0, "zeros", zeros, sizeof zeros);
    expect_pair(reader, 1, "", "no key", 6);
    expect_pair(reader, 2, "schlüssel", "", 0);
    expect_pair(reader, 3, "first", "again", 5);
    ck_assert_int_eq(weft_reader_metadata(reader, 4, &key, &value, &bytes), WEFT_E_INVALID);
    ck_assert_int_eq(weft_reader_metadata(reader, 0, NULL, &value, &bytes), WEFT_E_INVALID);
    ck_assert_int_eq(weft_reader_metadata(reader, 0, &key, NULL, &bytes), WEFT_E_INVALID);
    ck_assert_int_eq(weft_reader_metadata(reader, 0, &key, &value, NULL), WEFT_E_INVALID);
    weft_reader_free(reader);
  }
}
END_TEST

START_TEST(metadata_take_16_mib_and_no_more_and_a_refused_entry_changes_nothing) {
  weft_writer *writer = open_writer();
  uint8_t *much = calloc(1, WEFT_METADATA_BYTES + 1);
  FILE_MUST(ctx, weft_writer_metadata(writer, "k", much, WEFT_METADATA_BYTES - 1));
  FILE_MUST(ctx, weft_writer_metadata(writer, "k", much, WEFT_METADATA_BYTES - 1));
  ck_assert_int_eq(weft_writer_metadata(writer, "l", much, 0), WEFT_E_LIMIT);
  ck_assert_int_eq(weft_writer_metadata(writer, "k", much, WEFT_METADATA_BYTES), WEFT_E_LIMIT);
  ck_assert_int_eq(weft_writer_metadata(writer, "k", much, SIZE_MAX), WEFT_E_LIMIT);
  ck_assert_int_eq(weft_writer_metadata(writer, "\xff", much, 1), WEFT_E_INVALID);
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
  weft_reader *reader = open_reader(SOURCE_READ);
  ck_assert_uint_eq(info_of(reader).metadata, 1);
  expect_pair(reader, 0, "k", much, WEFT_METADATA_BYTES - 1);
  weft_reader_free(reader);
  free(much);
}
END_TEST

START_TEST(a_hundred_thousand_keys_of_metadata_are_told_apart) {
  enum { KEYS = 100000 };
  weft_writer *writer = open_writer();
  char key[20];
  for (uint32_t i = 0; i < KEYS; i++) {
    snprintf(key, sizeof key, "key %u", i);
    FILE_MUST(ctx, weft_writer_metadata(writer, key, &i, sizeof i));
  }
  FILE_MUST(ctx, weft_writer_metadata(writer, "key 77", "again", 5));
  FILE_MUST(ctx, weft_writer_metadata(writer, "key 99999", "at the end", 10));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
  weft_reader *reader = open_reader(SOURCE_READ);
  ck_assert_uint_eq(info_of(reader).metadata, KEYS);
  for (uint32_t i = 0, entry = 0; i < KEYS - 1; i++) {
    snprintf(key, sizeof key, "key %u", i);
    if (i != 77)
      expect_pair(reader, entry++, key, &i, sizeof i);
  }
  expect_pair(reader, KEYS - 2, "key 77", "again", 5);
  expect_pair(reader, KEYS - 1, "key 99999", "at the end", 10);
  weft_reader_free(reader);
}
END_TEST

START_TEST(messages_name_the_call_the_column_and_the_chunk) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_MAPPED);
  struct weft_chunk_info info;
  const void *encoding;
  size_t bytes;
  weft_decoded *decoded;
  char where[200];
  FILE_MUST(ctx, weft_reader_chunk(reader, 1, 0, &info, sizeof info));
  file.bytes[info.offset + 40] ^= 1; /* in its section: decoding may not see it */
  snprintf(where, sizeof where, "weft_reader_verify: column \"n\" of chunk 1, from offset %d on: stream 0 (",
           (int)info.offset);
  ck_assert_int_eq(weft_reader_verify(reader, 1), WEFT_E_CORRUPT);
  says(where);
  file.bytes[info.offset] ^= 1; /* in its header */
  ck_assert_int_eq(weft_reader_encoding(reader, 1, 0, &encoding, &bytes), WEFT_E_CORRUPT);
  says("weft_reader_encoding: column \"n\" of chunk 1, from offset ");
  ck_assert_int_eq(weft_reader_decode(reader, 1, 0, NULL, &decoded), WEFT_E_CORRUPT);
  says("weft_reader_decode: column \"n\" of chunk 1, from offset ");
  says(" on: byte 0: no encoding");
  ck_assert_int_eq(weft_reader_decode(reader, 3, 0, NULL, &decoded), WEFT_E_INVALID);
  says("weft_reader_decode: there is no chunk 3");
  ck_assert_int_eq(weft_reader_decode(reader, 1, 1, NULL, &decoded), WEFT_E_INVALID);
  says("weft_reader_decode: column 1 of 1");
  weft_reader_free(reader);
  struct weft_source nothing = {.mapped = "", .bytes = 0};
  ck_assert_int_eq(weft_reader_open(ctx, &nothing, 0, &reader), WEFT_E_CORRUPT);
  says("weft_reader_open: offset 0: the file is empty");
}
END_TEST

START_TEST(verifying_takes_no_more_memory_than_the_reader_may) {
  write_file();
  struct weft_source source = file_source(&file, SOURCE_MAPPED);
  weft_reader *reader;
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 2000, &reader));
  ck_assert_int_eq(weft_reader_verify(reader, 0), WEFT_E_LIMIT);
  weft_reader_free(reader);
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 1 << 20, &reader));
  FILE_MUST(ctx, weft_reader_verify(reader, 0));
  weft_reader_free(reader);
}
END_TEST

START_TEST(each_call_of_the_source_may_fail) {
  write_file();
  for (int kind = 0; kind < SOURCE_KINDS; kind++) {
    size_t failures = 0;
    weft_status status;
    do {
      file.fail_at = kind == SOURCE_MAPPED ? 1 : failures + 1;
      status = file_verify(ctx, &file, (enum source_kind)kind, 0);
      ck_assert(status == WEFT_OK || status == WEFT_E_IO);
      failures += status != WEFT_OK;
    } while (status != WEFT_OK);
    ck_assert_uint_eq(failures > 5, kind != SOURCE_MAPPED);
  }
  file.fail_at = 0;
}
END_TEST

/* Gives less than was asked for, or says that it gave more. */
static size_t given;
static bool read_other(void *user, uint64_t offset, void *dst, size_t n, size_t *got) {
  bool fine = file_read(user, offset, dst, n, got);
  *got = given;
  return fine;
}

START_TEST(a_source_that_gives_other_than_was_asked_for_has_failed) {
  write_file();
  weft_reader *reader;
  for (given = 15; given < 18; given += 2) {
    struct weft_source source = {.read = read_other, .user = &file, .bytes = file.n};
    ck_assert_int_eq(weft_reader_open(ctx, &source, 0, &reader), WEFT_E_IO);
    ck_assert_ptr_null(reader);
  }
  given = 17;
  struct weft_source endless = {.read = read_other, .user = &file, .bytes = UINT64_MAX};
  ck_assert_int_eq(weft_reader_open(ctx, &endless, 0, &reader), WEFT_E_IO);
}
END_TEST

START_TEST(of_a_source_of_unknown_length_only_the_present_chunk_is_there) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_FORWARD);
  struct weft_chunk_info info;
  const void *encoding;
  size_t bytes;
  ck_assert_int_eq(weft_reader_chunk(reader, 0, 0, &info, sizeof info), WEFT_E_INVALID);
  for (uint64_t expected = 0; expected < 3; expected++) {
    uint64_t chunk;
    FILE_MUST(ctx, weft_reader_next(reader, &chunk));
    ck_assert_uint_eq(chunk, expected);
    ck_assert_uint_eq(info_of(reader).rows + info_of(reader).chunks + info_of(reader).bytes, 0);
    FILE_MUST(ctx, weft_reader_chunk(reader, chunk, 0, &info, sizeof info));
    FILE_MUST(ctx, weft_reader_encoding(reader, chunk, 0, &encoding, &bytes));
    ck_assert_uint_eq(info.first_row, 1024 * chunk);
    ck_assert_int_eq(weft_reader_chunk(reader, chunk + 1, 0, &info, sizeof info), WEFT_E_INVALID);
    ck_assert_int_eq(weft_reader_encoding(reader, chunk - 1, 0, &encoding, &bytes), WEFT_E_INVALID);
    ck_assert_ptr_null(encoding);
  }
  for (int again = 0; again < 2; again++) {
    uint64_t chunk = 0;
    FILE_MUST(ctx, weft_reader_next(reader, &chunk));
    ck_assert_uint_eq(chunk, UINT64_MAX);
  }
  ck_assert_uint_eq(info_of(reader).rows, ROWS);
  ck_assert_uint_eq(info_of(reader).bytes, file.n);
  ck_assert_int_eq(weft_reader_verify(reader, 2), WEFT_E_INVALID);
  weft_reader_free(reader);
}
END_TEST

START_TEST(a_failure_of_next_is_final) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_FORWARD);
  uint64_t chunk;
  file.fail_at = file.calls + 1;
  ck_assert_int_eq(weft_reader_next(reader, &chunk), WEFT_E_IO);
  ck_assert_uint_eq(chunk, UINT64_MAX);
  ck_assert_int_eq(weft_reader_next(reader, &chunk), WEFT_E_IO);
  says("a call before failed");
  weft_reader_free(reader);
  file.fail_at = 0;
}
END_TEST

START_TEST(figures_are_written_to_the_callers_size_and_no_further) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_MAPPED);
  struct weft_file_info info;
  struct weft_chunk_info chunk;
  memset(&info, 0xee, sizeof info);
  memset(&chunk, 0xee, sizeof chunk);
  FILE_MUST(ctx, weft_reader_info(reader, &info, offsetof(struct weft_file_info, chunks)));
  FILE_MUST(ctx, weft_reader_chunk(reader, 2, 0, &chunk, offsetof(struct weft_chunk_info, nulls)));
  ck_assert_uint_eq(info.rows, ROWS);
  ck_assert_uint_eq(info.chunks, 0xeeeeeeeeeeeeeeee);
  ck_assert_uint_eq(chunk.rows, ROWS - 2048);
  ck_assert_uint_eq(chunk.nulls, 0xeeeeeeeeeeeeeeee);
  weft_reader_free(reader);
}
END_TEST

START_TEST(columns_decoded_outlive_the_reader) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_READ);
  weft_decoded *decoded;
  FILE_MUST(ctx, weft_reader_decode(reader, 1, 0, NULL, &decoded));
  weft_reader_free(reader);
  ck_assert_mem_eq(weft_decoded_column(decoded)->data, numbers + 1024, 4096);
  weft_decoded_free(decoded);
}
END_TEST

START_TEST(options_choose_rows_of_a_chunk) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_READ);
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.first_row = 100;
  options.rows = 7;
  weft_decoded *decoded;
  FILE_MUST(ctx, weft_reader_decode(reader, 1, 0, &options, &decoded));
  ck_assert_uint_eq(weft_decoded_column(decoded)->rows, 7);
  ck_assert_mem_eq(weft_decoded_column(decoded)->data, numbers + 1124, 28);
  weft_decoded_free(decoded);
  weft_reader_free(reader);
}
END_TEST

START_TEST(opening_a_reader_answers_null_as_documented) {
  write_file();
  struct weft_source source = file_source(&file, SOURCE_READ), none = {.bytes = 100};
  struct weft_source endless = {.bytes = UINT64_MAX}, both = {.bytes = UINT64_MAX, .mapped = file.bytes, .read = file_read};
  weft_reader *reader = (weft_reader *)&file;
  ck_assert_int_eq(weft_reader_open(NULL, &source, 0, &reader), WEFT_E_INVALID);
  ck_assert_ptr_null(reader);
  ck_assert_int_eq(weft_reader_open(ctx, NULL, 0, &reader), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_open(ctx, &source, 0, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_open(ctx, &none, 0, &reader), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_open(ctx, &endless, 0, &reader), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_open(ctx, &both, 0, &reader), WEFT_E_INVALID);
  weft_reader_free(NULL);
}
END_TEST

START_TEST(readers_answer_null_and_numbers_that_are_none_as_documented) {
  write_file();
  weft_reader *reader = open_reader(SOURCE_READ);
  struct weft_file_info info;
  struct weft_chunk_info chunk_info;
  struct weft_field got;
  const char *key;
  const void *p;
  size_t bytes;
  uint64_t chunk;
  weft_decoded *decoded = (weft_decoded *)&file;
  ck_assert_int_eq(weft_reader_info(NULL, &info, sizeof info), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_info(reader, NULL, sizeof info), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_field(NULL, 0, &got), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_field(reader, 0, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_field(reader, 1, &got), WEFT_E_INVALID);
  ck_assert_uint_eq(weft_reader_find(NULL, "n"), SIZE_MAX);
  ck_assert_uint_eq(weft_reader_find(reader, NULL), SIZE_MAX);
  ck_assert_int_eq(weft_reader_metadata(NULL, 0, &key, &p, &bytes), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_chunk(NULL, 0, 0, &chunk_info, sizeof chunk_info), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_chunk(reader, 0, 0, NULL, sizeof chunk_info), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_chunk(reader, 3, 0, &chunk_info, sizeof chunk_info), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_chunk(reader, 0, 1, &chunk_info, sizeof chunk_info), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_next(NULL, &chunk), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_next(reader, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_next(reader, &chunk), WEFT_E_INVALID); /* its length is known */
  ck_assert_int_eq(weft_reader_encoding(NULL, 0, 0, &p, &bytes), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_encoding(reader, 0, 0, NULL, &bytes), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_encoding(reader, 0, 0, &p, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_encoding(reader, 3, 0, &p, &bytes), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_encoding(reader, 0, 1, &p, &bytes), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_decode(NULL, 0, 0, NULL, &decoded), WEFT_E_INVALID);
  ck_assert_ptr_null(decoded);
  ck_assert_int_eq(weft_reader_decode(reader, 0, 0, NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_decode(reader, UINT64_MAX, 0, NULL, &decoded), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_verify(NULL, 0), WEFT_E_INVALID);
  ck_assert_int_eq(weft_reader_verify(reader, 3), WEFT_E_INVALID);
  weft_reader_free(reader);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {metadata_come_back_in_the_order_in_which_they_were_last_set,
                          metadata_take_16_mib_and_no_more_and_a_refused_entry_changes_nothing,
                          a_hundred_thousand_keys_of_metadata_are_told_apart,
                          messages_name_the_call_the_column_and_the_chunk,
                          verifying_takes_no_more_memory_than_the_reader_may,
                          each_call_of_the_source_may_fail,
                          a_source_that_gives_other_than_was_asked_for_has_failed,
                          of_a_source_of_unknown_length_only_the_present_chunk_is_there,
                          a_failure_of_next_is_final,
                          figures_are_written_to_the_callers_size_and_no_further,
                          columns_decoded_outlive_the_reader,
                          options_choose_rows_of_a_chunk,
                          opening_a_reader_answers_null_as_documented,
                          readers_answer_null_and_numbers_that_are_none_as_documented};
  tcase_add_checked_fixture(tcase, set_up, tear_down);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("reader_rules", add_tests);
}
