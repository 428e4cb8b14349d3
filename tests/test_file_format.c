/* SPDX-License-Identifier: MIT
 *
 * The bytes of files: those of the example that the format's description gives, byte by byte; and that the sums are those
 * of stock xxHash, found as the description says.
 */
#include <xxhash.h>

#include "files.h"

static weft_ctx *ctx;
static struct file file;

/* As the description has it: one column of i16, one metadata entry. */
static void make_example(void) {
  static const int16_t values[] = {3, -1, 7};
  struct weft_column column = weft_column_fixed(values, WEFT_I16, 3);
  struct weft_field field = {.name = "n", .type = WEFT_I16};
  struct weft_writer_options options = writer_defaults(1024);
  options.encode.codec[0] = WEFT_CODEC_RAW;
  weft_writer *writer;
  file.n = 0;
  FILE_MUST(ctx, weft_writer_open(ctx, &field, 1, &options, file_take, &file, &writer));
  FILE_MUST(ctx, weft_writer_metadata(writer, "by", "weft", 4));
  FILE_MUST(ctx, weft_writer_append(writer, &column, 1));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
}

static void set_up(void) {
  ctx = ctx_with(NULL);
  make_example();
}

static void tear_down(void) {
  weft_ctx_free(ctx);
  file_close(&file);
}

/* The bytes that the example's lines show; each begins with where they are. */
static size_t read_example(uint8_t *bytes, size_t room) {
  FILE *page = fopen(WEFT_FORMAT, "r");
  char line[200];
  bool within = false;
  size_t n = 0;
  ck_assert_msg(page != NULL, "%s cannot be read", WEFT_FORMAT);
  while (fgets(line, sizeof line, page)) {
    if (strncmp(line, "```", 3) == 0) {
      within = strcmp(line, "```hex of a file\n") == 0;
      continue;
    }
    unsigned at, byte;
    int used, more;
    if (!within || sscanf(line, "%4x %n", &at, &used) != 1)
      continue;
    ck_assert_msg(at == n, "a line begins at %04x, the one before ends at %04zx", at, n);
    for (const char *p = line + used; p < line + 30 && sscanf(p, "%2x%n", &byte, &more) == 1 && more == 2; p += 3) {
      ck_assert_uint_lt(n, room);
      bytes[n++] = (uint8_t)byte;
    }
  }
  fclose(page);
  return n;
}

START_TEST(the_example_is_what_is_written) {
  uint8_t bytes[1000];
  size_t n = read_example(bytes, sizeof bytes);
  ck_assert_uint_gt(n, 200);
  for (size_t i = 0; i < n && i < file.n; i++)
    ck_assert_msg(bytes[i] == file.bytes[i], "byte %04zx is %02x, in the example %02x", i, file.bytes[i], bytes[i]);
  ck_assert_uint_eq(n, file.n);
}
END_TEST

START_TEST(the_example_is_read_back) {
  struct file example = {.bytes = malloc(1000), .room = 1000};
  example.n = read_example(example.bytes, 1000);
  for (int kind = 0; kind < SOURCE_KINDS; kind++)
    FILE_MUST(ctx, file_verify(ctx, &example, (enum source_kind)kind, 0));
  file_close(&example);
}
END_TEST

static uint64_t number_at(size_t at) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; i++)
    number |= (uint64_t)file.bytes[at + i] << 8 * i;
  return number;
}

START_TEST(sums_are_xxh3_with_the_heads_as_seed) {
  uint64_t head = XXH3_64bits_withSeed(file.bytes, 0x1a, 0);
  ck_assert_uint_eq(number_at(0x1a), head);
  ck_assert_uint_eq(number_at(0x34), XXH3_64bits_withSeed(file.bytes + 0x58, 62, head));
  ck_assert_uint_eq(number_at(0x4c), XXH3_64bits_withSeed(file.bytes + 0x2c, 0x20, head));
  ck_assert_uint_eq(number_at(0xef), XXH3_64bits_withSeed(file.bytes + 0x98, 0xef - 0x98, head));
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, set_up, tear_down);
  tcase_add_test(tcase, the_example_is_what_is_written);
  tcase_add_test(tcase, the_example_is_read_back);
  tcase_add_test(tcase, sums_are_xxh3_with_the_heads_as_seed);
}

int main(void) {
  return suite_main("file_format", add_tests);
}
