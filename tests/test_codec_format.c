/* SPDX-License-Identifier: MIT
 *
 * The example of an encoding that the format's description gives: its bytes are decoded to the values that stand below it,
 * its sums are those of stock xxHash, and it is what the encoder makes of those values.
 */
#include <stdio.h>
#include <stdlib.h>

#include "contexts.h"
#include "repair.h"
#include "suite.h"

/* What the page shows. */
static struct example {
  uint8_t bytes[1000];
  size_t n;
  int32_t values[100];
  uint8_t valid[100 / 8 + 1];
  size_t rows;
} example;

/* Bytes, each line of which begins with where they are, and ends with words about them. */
static void read_bytes(const char *line) {
  unsigned at, byte;
  int used, more;
  ck_assert_msg(sscanf(line, "%4x %n", &at, &used) == 1, "no place: %s", line);
  ck_assert_msg(at == example.n, "a line begins at %04x, the one before ends at %04zx", at, example.n);
  for (const char *p = line + used; p < line + 30 && sscanf(p, "%2x%n", &byte, &more) == 1 && more == 2; p += 3) {
    ck_assert_uint_lt(example.n, sizeof example.bytes);
    example.bytes[example.n++] = (uint8_t)byte;
  }
}

/* A number, or "null". */
static void read_value(const char *line) {
  char *end;
  bool is_null = strcmp(line, "null\n") == 0;
  example.values[example.rows] = (int32_t)strtol(line, &end, 10);
  ck_assert_msg(is_null || (end != line && *end == '\n'), "no value: %s", line);
  if (!is_null)
    example.valid[example.rows / 8] = (uint8_t)(example.valid[example.rows / 8] | 1 << example.rows % 8);
  example.rows++;
}

static void read_page(void) {
  FILE *page = fopen(WEFT_FORMAT, "r");
  char line[200];
  enum { TEXT, BYTES, VALUES, OTHER } within = TEXT;
  ck_assert_msg(page != NULL, "%s cannot be read", WEFT_FORMAT);
  memset(&example, 0, sizeof example);
  while (fgets(line, sizeof line, page)) {
    if (strncmp(line, "```", 3) == 0)
      within = within != TEXT                                 ? TEXT
               : strcmp(line, "```hex of an encoding\n") == 0 ? BYTES
               : strcmp(line, "```values\n") == 0             ? VALUES
                                                              : OTHER;
    else if (within == BYTES)
      read_bytes(line);
    else if (within == VALUES)
      read_value(line);
  }
  fclose(page);
  ck_assert_uint_gt(example.n, 32);
  ck_assert_uint_gt(example.rows, 1);
}

START_TEST(the_example_is_decoded_to_its_values) {
  weft_ctx *ctx = ctx_with(NULL);
  int32_t values[100];
  uint8_t valid[sizeof example.valid];
  struct weft_buffers buffers = {
      .size = sizeof buffers, .values = values, .values_bytes = sizeof values, .validity = valid};
  weft_status status = weft_decode_into(ctx, example.bytes, example.n, NULL, &buffers);
  ck_assert_msg(status == WEFT_OK, "%s", weft_ctx_message(ctx));
  ck_assert_uint_eq(buffers.values_bytes, example.rows * sizeof *values);
  ck_assert_mem_eq(values, example.values, example.rows * sizeof *values);
  ck_assert_mem_eq(valid, example.valid, (example.rows + 7) / 8);
  ck_assert_int_eq(weft_verify(ctx, example.bytes, example.n), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(the_examples_sums_are_xxh3) {
  uint8_t bytes[sizeof example.bytes];
  memcpy(bytes, example.bytes, example.n);
  repair_encoding(bytes, example.n);
  ck_assert_mem_eq(bytes, example.bytes, example.n);
}
END_TEST

START_TEST(the_example_is_what_is_written) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_encode_options options;
  uint8_t bytes[1000];
  size_t n;
  weft_encode_options_init(&options, sizeof options);
  options.codec[0] = WEFT_CODEC_FOR;
  struct weft_column column = weft_column_fixed(example.values, WEFT_I32, example.rows);
  column = weft_column_with_validity(column, example.valid, 0);
  ck_assert_int_eq(weft_encode(ctx, &column, &options, bytes, sizeof bytes, &n), WEFT_OK);
  for (size_t i = 0; i < n && i < example.n; i++)
    ck_assert_msg(bytes[i] == example.bytes[i], "byte %04zx is %02x, in the example %02x", i, bytes[i], example.bytes[i]);
  ck_assert_uint_eq(n, example.n);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_bit_past_the_examples_last_value_is_overlooked_by_decoding_and_found_by_weft_verify) {
  weft_ctx *ctx = ctx_with(NULL);
  int32_t values[100];
  uint8_t valid[sizeof example.valid];
  struct weft_buffers buffers = {
      .size = sizeof buffers, .values = values, .values_bytes = sizeof values, .validity = valid};
  example.bytes[0x2b] |= 0x80;
  repair_encoding(example.bytes, example.n);
  ck_assert_int_eq(weft_decode_into(ctx, example.bytes, example.n, NULL, &buffers), WEFT_OK);
  ck_assert_mem_eq(values, example.values, example.rows * sizeof *values);
  ck_assert_int_eq(weft_verify(ctx, example.bytes, example.n), WEFT_E_CORRUPT);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "byte 43: the last block has bits past its 5 values of 3 bits"));
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, read_page, NULL);
  tcase_add_test(tcase, the_example_is_decoded_to_its_values);
  tcase_add_test(tcase, the_examples_sums_are_xxh3);
  tcase_add_test(tcase, the_example_is_what_is_written);
  tcase_add_test(tcase, a_bit_past_the_examples_last_value_is_overlooked_by_decoding_and_found_by_weft_verify);
}

int main(void) {
  return suite_main("codec_format", add_tests);
}
