/* SPDX-License-Identifier: MIT
 *
 * How much decoding may take: encodings made by hand that claim billions of rows in some hundred bytes, and every limit on
 * what may be allocated for right ones.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "attempts.h"
#include "contexts.h"
#include "golden/golden.h"
#include "made.h"
#include "repair.h"
#include "suite.h"

#define MANY (UINT32_MAX - 1)

static struct guard_pool pool;
static weft_slab *slab;
static weft_ctx *ctx;

static void open_ctx(void) {
  struct weft_ctx_options options = ctx_defaults();
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  options.slab = slab;
  ctx = ctx_with(&options);
}

/* Nothing is left. */
static void close_ctx(void) {
  weft_ctx_free(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  guard_close(&pool);
}

static uint64_t peak_bytes(void) {
  struct weft_slab_figures figures;
  ck_assert_int_eq(weft_slab_stats(slab, &figures, sizeof figures), WEFT_OK);
  return figures.peak_committed_bytes;
}

/* ---- Made by hand ---- */

static uint8_t encoding[MADE_BYTES];

enum {
  RAW = WEFT_CODEC_RAW,
  CONST = WEFT_CODEC_CONST,
  RLE = WEFT_CODEC_RLE,
  DICT = WEFT_CODEC_DICT,
  STRINGS = WEFT_CODEC_STRINGS,
  VALUES = WEFT_ROLE_VALUES,
  VALIDITY = WEFT_ROLE_VALIDITY,
  ZONE_MIN = WEFT_ROLE_ZONE_MIN,
  ZONE_MAX = WEFT_ROLE_ZONE_MAX,
  ZONE_NULLS = WEFT_ROLE_ZONE_NULLS,
  ENDS = WEFT_ROLE_ENDS,
  DICTIONARY = WEFT_ROLE_DICTIONARY,
  CODES = WEFT_ROLE_CODES
};

static const struct made constant = {"a constant", WEFT_U32, 4, MANY, 1, {MADE_WORD(CONST, VALUES, 4, 0, MANY, 4, 7)}};

static const struct made dictionary = {"a dictionary of a constant",
                                       WEFT_U64,
                                       8,
                                       MANY,
                                       3,
                                       {MADE_WORD(DICT, VALUES, 8, 2, MANY, 0, 0),
                                        MADE_WORD(CONST, DICTIONARY, 8, 0, MANY, 8, 7),
                                        MADE_WORD(CONST, CODES, 4, 0, MANY, 4, 1000000)}};

/* Dictionaries of dictionaries, as deep as streams go. */
static struct made nest_of_dictionaries(void) {
  struct made made = {"dictionaries in dictionaries", WEFT_U32, 4, MANY, 0, {{0}}};
  for (int depth = 0; depth < 8; depth++)
    made.streams[made.n++] = (struct made_stream)MADE_WORD(DICT, depth == 0 ? VALUES : DICTIONARY, 4, 2, MANY, 0, 0);
  made.streams[made.n++] = (struct made_stream)MADE_WORD(CONST, DICTIONARY, 4, 0, MANY, 4, 7);
  for (int depth = 0; depth < 8; depth++)
    made.streams[made.n++] = (struct made_stream)MADE_WORD(CONST, CODES, 4, 0, MANY, 4, 99);
  return made;
}

/* Runs whose ends are by runs, whose ends are, and so on. */
static struct made nest_of_runs(void) {
  struct made made = {"runs in runs", WEFT_U32, 4, MANY, 0, {{0}}};
  for (int depth = 0; depth < 7; depth++) {
    made.streams[made.n++] = (struct made_stream)MADE_WORD(RLE, depth == 0 ? VALUES : ENDS, 4, 2, MANY, 0, 0);
    made.streams[made.n++] = (struct made_stream)MADE_WORD(CONST, VALUES, 4, 0, MANY, 4, 7);
  }
  made.streams[made.n++] = (struct made_stream)MADE_WORD(CONST, ENDS, 4, 0, MANY, 4, 7);
  return made;
}

static weft_status decode(size_t bytes, const struct weft_decode_options *options, weft_decoded **decoded) {
  uint8_t *at = guard_take(&pool, GUARD_HIGH, bytes, 0, NULL);
  memcpy(at, encoding, bytes);
  return weft_decode(ctx, at, bytes, options, decoded);
}

static struct weft_decode_options rows_of(uint64_t first, uint64_t rows) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.first_row = first;
  options.rows = rows;
  options.max_bytes = 1 << 20;
  return options;
}

START_TEST(a_few_of_billions_of_rows_are_decoded_in_little_memory) {
  const struct made nest = nest_of_dictionaries(), *const cases[] = {&constant, &dictionary, &nest};
  open_ctx();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t bytes = made_encoding(cases[i], encoding);
    struct weft_decode_options options = rows_of(MANY - 5000, 5000);
    weft_decoded *decoded;
    weft_status status = decode(bytes, &options, &decoded);
    CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
    const struct weft_column *column = weft_decoded_column(decoded);
    const uint32_t *narrow = column->data;
    const uint64_t *wide = column->data;
    ck_assert_uint_eq(column->rows, 5000);
    for (size_t row = 0; row < 5000; row++)
      CASE_CHECK((column->width == 4 ? narrow[row] : wide[row]) == 7, row, "another value");
    weft_decoded_free(decoded);
  }
  ck_assert_uint_lt(peak_bytes(), 8 << 20);
  close_ctx();
}
END_TEST

START_TEST(billions_of_rows_are_refused_where_they_are_more_than_may_be_allocated) {
  const struct made nest = nest_of_dictionaries(), *const cases[] = {&constant, &dictionary, &nest};
  open_ctx();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t bytes = made_encoding(cases[i], encoding);
    struct weft_decode_options options = rows_of(0, UINT64_MAX);
    weft_decoded *decoded = (weft_decoded *)&decoded;
    weft_status status = decode(bytes, &options, &decoded);
    CASE_CHECK(status == WEFT_E_LIMIT && !decoded, 0, "%s", weft_status_text(status));
    CASE_CHECK(strstr(weft_ctx_message(ctx), "1048576"), 0, "%s", weft_ctx_message(ctx));
  }
  ck_assert_uint_lt(peak_bytes(), 8 << 20);
  close_ctx();
}
END_TEST

/* What is looked up one by one is bounded, or a dictionary as large as this would be gone through for hours. */
START_TEST(a_dictionary_that_may_not_be_decoded_is_not_looked_up_for_long) {
  open_ctx();
  const struct made nest = nest_of_dictionaries();
  size_t bytes = made_encoding(&nest, encoding);
  struct weft_decode_options options = rows_of(0, 200000);
  weft_decoded *decoded;
  ck_assert_int_eq(decode(bytes, &options, &decoded), WEFT_E_LIMIT);
  ck_assert_int_eq(weft_verify(ctx, encoding, bytes), WEFT_E_LIMIT);
  ck_assert_uint_lt(peak_bytes(), 8 << 20);
  close_ctx();
}
END_TEST

/* 4 GiB of addresses that are all the same memory. */
static uint8_t *map_again_and_again(size_t piece, size_t whole) {
  FILE *file = tmpfile();
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(ftruncate(fileno(file), (off_t)piece), 0);
  uint8_t *at = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(at, MAP_FAILED);
  for (size_t from = 0; from < whole; from += piece)
    ck_assert_ptr_ne(mmap(at + from, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(file), 0), MAP_FAILED);
  fclose(file);
  return at;
}

/* Where numbers of rows of 32 bits would begin anew. */
START_TEST(the_longest_constant_is_decoded_to_its_end) {
  if (rng_cases(100) < 100 || SIZE_MAX == UINT32_MAX)
    return; /* it would take minutes, or cannot be */
  const struct made made = {"the longest constant", WEFT_U8, 1, MANY, 1, {MADE_WORD(CONST, VALUES, 1, 0, MANY, 1, 7)}};
  size_t piece = 1 << 20, whole = (size_t)MANY + 2, bytes = made_encoding(&made, encoding);
  uint8_t *at = map_again_and_again(piece, whole);
  open_ctx();
  struct weft_buffers buffers = {.size = sizeof buffers, .values = at, .values_bytes = MANY};
  ck_assert_int_eq(weft_decode_into(ctx, encoding, bytes, NULL, &buffers), WEFT_OK);
  ck_assert_uint_eq(buffers.values_bytes, MANY);
  for (size_t i = 0; i < piece; i++)
    ck_assert_uint_eq(at[i], 7);
  munmap(at, whole);
  close_ctx();
}
END_TEST

START_TEST(runs_whose_ends_are_runs_are_refused) {
  open_ctx();
  const struct made nest = nest_of_runs();
  size_t bytes = made_encoding(&nest, encoding);
  struct weft_decode_options options = rows_of(MANY / 2, 1);
  weft_decoded *decoded;
  ck_assert_int_eq(decode(bytes, &options, &decoded), WEFT_E_CORRUPT);
  ck_assert_msg(strstr(weft_ctx_message(ctx), "ends are rle"), "%s", weft_ctx_message(ctx));
  close_ctx();
}
END_TEST

/* What the header and the table say suffices to refuse each of n. */
static void check_refused(const struct made *cases, size_t n) {
  open_ctx();
  for (size_t i = 0; i < n; i++) {
    size_t bytes = made_encoding(&cases[i], encoding);
    struct rng rng = {i};
    struct attempts attempts;
    const char *say = attempt_encoding(ctx, &pool, &rng, encoding, bytes, &attempts);
    CASE_CHECK(!say, 0, "%s", say);
    CASE_CHECK(attempts.describe == WEFT_E_CORRUPT, 0, "%s", weft_status_text(attempts.describe));
  }
  close_ctx();
}

START_TEST(values_of_another_width_than_the_types_are_refused) {
  static const struct made cases[] = {
      {"u32 in u8", WEFT_U8, 1, 100, 1, {MADE_WORD(CONST, VALUES, 4, 0, 100, 4, 7)}},
      {"u8 in u64", WEFT_U64, 8, 100, 1, {MADE_WORD(RAW, VALUES, 1, 0, 100, 100, 7)}},
      {"u64 in 3 bytes", WEFT_FIXED_BYTES, 3, 100, 1, {MADE_WORD(CONST, VALUES, 8, 0, 100, 8, 7)}},
      {"u32 as strings", WEFT_STRING, 0, 100, 1, {MADE_WORD(CONST, VALUES, 4, 0, 100, 4, 7)}},
      {"a dictionary of u64 in u32",
       WEFT_U32,
       4,
       100,
       3,
       {MADE_WORD(DICT, VALUES, 8, 2, 100, 0, 0), MADE_WORD(CONST, DICTIONARY, 8, 0, 3, 8, 7),
        MADE_WORD(CONST, CODES, 4, 0, 100, 4, 1)}}};
  check_refused(cases, sizeof cases / sizeof *cases);
}
END_TEST

START_TEST(streams_that_a_column_cannot_have_are_refused) {
  static const struct made cases[] = {
      {"words of a width that is not said", WEFT_U64, 8, 100, 1, {MADE_WORD(RAW, VALUES, 0, 0, 100, 800, 7)}},
      {"zones of strings",
       WEFT_STRING,
       0,
       100,
       4,
       {MADE_WORD(STRINGS, VALUES, 0, 1, 100, 0, 0), MADE_WORD(CONST, ENDS, 4, 0, 100, 4, 0),
        MADE_WORD(RAW, ZONE_MIN, 0, 0, 1, 0, 0), MADE_WORD(RAW, ZONE_MAX, 0, 0, 1, 0, 0)}},
      {"zones of bytes",
       WEFT_FIXED_BYTES,
       3,
       100,
       3,
       {MADE_WORD(CONST, VALUES, 0, 0, 100, 3, 7), MADE_WORD(CONST, ZONE_MIN, 0, 0, 1, 3, 7),
        MADE_WORD(CONST, ZONE_MAX, 0, 0, 1, 3, 7)}},
      {"nulls of blocks where none is",
       WEFT_U32,
       4,
       100,
       4,
       {MADE_WORD(CONST, VALUES, 4, 0, 100, 4, 7), MADE_WORD(CONST, ZONE_MIN, 4, 0, 1, 4, 7),
        MADE_WORD(CONST, ZONE_MAX, 4, 0, 1, 4, 7), MADE_WORD(CONST, ZONE_NULLS, 4, 0, 1, 4, 0)}},
      {"zones without nulls where one is",
       WEFT_U32,
       4,
       100,
       4,
       {MADE_WORD(CONST, VALUES, 4, 0, 99, 4, 7), MADE_WORD(CONST, VALIDITY, 4, 0, 1, 4, 5),
        MADE_WORD(CONST, ZONE_MIN, 4, 0, 1, 4, 7), MADE_WORD(CONST, ZONE_MAX, 4, 0, 1, 4, 7)}}};
  check_refused(cases, sizeof cases / sizeof *cases);
}
END_TEST

/* ---- Right ones ---- */

static weft_status decode_within(const uint8_t *at, size_t bytes, uint32_t form, bool some, uint64_t most, size_t *output) {
  static const uint32_t selection[] = {0, 2, 1, 1};
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.form = form;
  options.max_bytes = most;
  options.selection = some ? selection : NULL;
  options.selected = some ? 4 : 0;
  weft_decoded *decoded;
  weft_status status = weft_decode(ctx, at, bytes, &options, &decoded);
  if (status == WEFT_OK) {
    const struct weft_column *column = weft_decoded_column(decoded);
    *output = column->base_rows * column->width + (column->selection ? column->rows * sizeof(uint32_t) : 0);
  }
  weft_decoded_free(decoded);
  return status;
}

START_TEST(a_limit_of_0_bytes_stands_for_the_default) {
  size_t refused = 0;
  open_ctx();
  for (size_t i = 0; i < golden_count; i++) {
    size_t bytes, output;
    weft_encoding *kept;
    uint8_t *at = golden_read(golden[i].name, "wfc", &bytes);
    refused += decode_within(at, bytes, WEFT_FORM_VALUES, false, 1, &output) == WEFT_E_LIMIT;
    CASE_CHECK(decode_within(at, bytes, WEFT_FORM_VALUES, false, 0, &output) == WEFT_OK, i, "%s", weft_ctx_message(ctx));
    CASE_CHECK(weft_encoding_open(ctx, at, bytes, 0, &kept) == WEFT_OK, i, "%s", weft_ctx_message(ctx));
    weft_encoding_free(kept);
    free(at);
  }
  ck_assert_uint_gt(refused, golden_count / 2);
  close_ctx();
}
END_TEST

/* From one number of bytes on a limit suffices, and below it does not. */
START_TEST(a_limit_is_refused_until_it_suffices) {
  open_ctx();
  size_t bytes, output = 0;
  struct weft_encoded_info info;
  uint8_t *at = golden_read(golden[_i].name, "wfc", &bytes);
  ck_assert_int_eq(weft_describe(ctx, at, bytes, &info, sizeof info), WEFT_OK);
  for (uint32_t k = 0; k < 8; k++) {
    uint32_t form = k / 2;
    bool some = k % 2 != 0, has = form == WEFT_FORM_VALUES || (form == WEFT_FORM_VIEWS && info.type == WEFT_STRING) ||
                                  (form >= WEFT_FORM_CODES && info.dictionary_rows > 0);
    if (!has || (some && info.rows < 3))
      continue;
    guard_case = (struct guard_case){.what = golden[_i].name, .rows = info.rows, .length = k};
    uint64_t low = 0, high = 1 << 22; /* low does not suffice, or is 0; high does */
    while (high - low > 1) {
      uint64_t middle = low + (high - low) / 2;
      weft_status status = decode_within(at, bytes, form, some, middle, &output);
      CASE_CHECK(status == WEFT_OK || status == WEFT_E_LIMIT, middle, "%s", weft_status_text(status));
      *(status == WEFT_OK ? &high : &low) = middle;
    }
    CASE_CHECK(decode_within(at, bytes, form, some, high, &output) == WEFT_OK, high, "does not suffice");
    CASE_CHECK(high >= output, high, "suffices for %zu bytes", output);
    for (uint64_t less = 1; less < low; less += 1 + low / 20) /* 0 is no limit of its own */
      CASE_CHECK(decode_within(at, bytes, form, some, less, &output) == WEFT_E_LIMIT, less, "suffices, and %llu does not",
                 (unsigned long long)low);
    for (uint64_t more = high; more < high + 50000; more += 999)
      CASE_CHECK(decode_within(at, bytes, form, some, more, &output) == WEFT_OK, more, "does not suffice, and %llu does",
                 (unsigned long long)high);
  }
  free(at);
  close_ctx();
}
END_TEST

/* ---- Files ---- */

struct file {
  uint8_t bytes[20000];
  size_t n;
};

static bool take(void *user, const void *bytes, size_t n) {
  struct file *file = user;
  memcpy(file->bytes + file->n, bytes, n);
  file->n += n;
  return true;
}

/* A column of the file says by itself that it has billions of rows; it is also damaged, so that whoever goes through it
 * before looking at the rows says something else. */
START_TEST(a_column_of_more_rows_than_its_chunk_is_refused_before_it_is_gone_through) {
  static struct file file;
  open_ctx();
  struct weft_field field = {.name = "n", .type = WEFT_U32};
  static const uint32_t values[2000];
  struct weft_column column = weft_column_fixed(values, WEFT_U32, 2000);
  weft_writer *writer;
  ck_assert_int_eq(weft_writer_open(ctx, &field, 1, NULL, take, &file, &writer), WEFT_OK);
  ck_assert_int_eq(weft_writer_append(writer, &column, 1), WEFT_OK);
  ck_assert_int_eq(weft_writer_finish(writer), WEFT_OK);
  weft_writer_free(writer);
  struct weft_source source = {.bytes = file.n, .mapped = file.bytes};
  weft_reader *reader;
  ck_assert_int_eq(weft_reader_open(ctx, &source, 0, &reader), WEFT_OK);
  struct weft_chunk_info info;
  ck_assert_int_eq(weft_reader_chunk(reader, 0, 0, &info, sizeof info), WEFT_OK);
  weft_reader_free(reader);
  size_t bytes = made_encoding(&constant, encoding);
  ck_assert_uint_eq(bytes, info.bytes);
  memcpy(file.bytes + info.offset, encoding, bytes);
  repair_file(file.bytes, file.n);
  ck_assert_int_eq(weft_reader_open(ctx, &source, 0, &reader), WEFT_OK);
  ck_assert_int_eq(weft_reader_verify(reader, 0), WEFT_E_CORRUPT);
  ck_assert_msg(strstr(weft_ctx_message(ctx), "4294967294 rows"), "%s", weft_ctx_message(ctx));
  file.bytes[info.offset + ENCODING_HEADER] ^= 1;
  ck_assert_int_eq(weft_reader_verify(reader, 0), WEFT_E_CORRUPT);
  ck_assert_msg(strstr(weft_ctx_message(ctx), "4294967294 rows"), "%s", weft_ctx_message(ctx));
  weft_reader_free(reader);
  close_ctx();
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, a_few_of_billions_of_rows_are_decoded_in_little_memory);
  tcase_add_test(tcase, billions_of_rows_are_refused_where_they_are_more_than_may_be_allocated);
  tcase_add_test(tcase, a_dictionary_that_may_not_be_decoded_is_not_looked_up_for_long);
  tcase_add_test(tcase, runs_whose_ends_are_runs_are_refused);
  tcase_add_test(tcase, the_longest_constant_is_decoded_to_its_end);
  tcase_add_test(tcase, values_of_another_width_than_the_types_are_refused);
  tcase_add_test(tcase, streams_that_a_column_cannot_have_are_refused);
  tcase_add_test(tcase, a_limit_of_0_bytes_stands_for_the_default);
  tcase_add_loop_test(tcase, a_limit_is_refused_until_it_suffices, 0, (int)golden_count);
  tcase_add_test(tcase, a_column_of_more_rows_than_its_chunk_is_refused_before_it_is_gone_through);
}

int main(void) {
  return suite_main("codec_limits", add_tests);
}
