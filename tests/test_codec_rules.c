/* SPDX-License-Identifier: MIT
 *
 * The calls of codecs: options and their sizes, NULL wherever a pointer is taken, buffers and what is asked of them, rows
 * that there are not, and the statuses that all of that has.
 */
#include "contexts.h"
#include "suite.h"

enum { ROWS = 3000 };

static weft_ctx *ctx;
static uint32_t numbers[ROWS];
static uint8_t validity[(ROWS + 7) / 8];
static const char *const words[] = {"one", "two", "three and something that no view holds", ""};
static const void *ptrs[ROWS];
static size_t lengths[ROWS];

/* Encodings: of numbers, of numbers with nulls, of strings by a dictionary, and of strings without. */
enum { NUMBERS, NULLS, CODED, STRINGS, ENCODINGS };
static struct encoding {
  struct weft_column column;
  uint8_t bytes[200000];
  size_t n;
} encodings[ENCODINGS];

static void open_encodings(void) {
  ctx = ctx_with(NULL);
  for (size_t i = 0; i < ROWS; i++) {
    numbers[i] = (uint32_t)(i * i);
    ptrs[i] = words[i % 4];
    lengths[i] = strlen(words[i % 4]);
    validity[i / 8] = (uint8_t)(validity[i / 8] | (i % 3 != 0) << i % 8);
  }
  encodings[NUMBERS].column = weft_column_fixed(numbers, WEFT_U32, ROWS);
  encodings[NULLS].column = weft_column_with_validity(encodings[NUMBERS].column, validity, 0);
  encodings[CODED].column = encodings[STRINGS].column = weft_column_ptrs(ptrs, lengths, ROWS);
  for (int i = 0; i < ENCODINGS; i++) {
    struct encoding *e = &encodings[i];
    struct weft_encode_options options;
    weft_encode_options_init(&options, sizeof options);
    options.codec[0] = i == STRINGS ? WEFT_CODEC_STRINGS : i == CODED ? WEFT_CODEC_DICT : WEFT_CODEC_AUTO;
    ck_assert_int_eq(weft_encode(ctx, &e->column, &options, e->bytes, sizeof e->bytes, &e->n), WEFT_OK);
  }
}

static void close_encodings(void) {
  weft_ctx_free(ctx);
}

/* The call had that status, and its message has the word. */
#define REFUSED(call, status, word)                                                                                 \
  do {                                                                                                              \
    ck_assert_int_eq(call, status);                                                                                 \
    ck_assert_msg(strstr(weft_ctx_message(ctx), word) != NULL, "\"%s\" lacks \"%s\"", weft_ctx_message(ctx), word); \
  } while (0)

static struct weft_decode_options decode_defaults(void) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  return options;
}

static struct weft_encode_options encode_defaults(void) {
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  return options;
}

/* ---- Options ---- */

START_TEST(options_start_as_documented) {
  static const uint8_t all_auto[WEFT_CODEC_DEPTH];
  struct weft_encode_options encode = encode_defaults();
  struct weft_decode_options decode = decode_defaults();
  ck_assert_uint_eq(encode.size, sizeof encode);
  ck_assert_mem_eq(encode.codec, all_auto, sizeof all_auto);
  ck_assert(!encode.sorted_dictionary && !encode.zones && !encode.choices);
  ck_assert_uint_eq(encode.dictionary_rows, 1 << 20);
  ck_assert_uint_eq(decode.size, sizeof decode);
  ck_assert_uint_eq(decode.first_row, 0);
  ck_assert_uint_eq(decode.rows, UINT64_MAX);
  ck_assert(!decode.selection && decode.selected == 0 && !decode.streaming && !decode.check_sums);
  ck_assert_uint_eq(decode.form, WEFT_FORM_VALUES);
  ck_assert_uint_eq(decode.max_bytes, 1 << 30);
  weft_encode_options_init(NULL, sizeof encode);
  weft_decode_options_init(NULL, sizeof decode);
}
END_TEST

START_TEST(options_of_a_size_that_is_not_known_are_refused) {
  struct encoding *e = &encodings[NUMBERS];
  struct weft_encode_options encode = encode_defaults();
  struct weft_decode_options decode = decode_defaults();
  struct weft_buffers room = {.size = sizeof room};
  static uint8_t out[50000];
  size_t bytes;
  encode.size = decode.size = 1;
  REFUSED(weft_encode(ctx, &e->column, &encode, out, sizeof out, &bytes), WEFT_E_INVALID, "size");
  REFUSED(weft_decode_room(ctx, e->bytes, e->n, &decode, &room), WEFT_E_INVALID,
          "weft_decode_room: options.size is 1, and the least that is known is");
  room.size = 8;
  REFUSED(weft_decode_room(ctx, e->bytes, e->n, NULL, &room), WEFT_E_INVALID, "size is 8");
  REFUSED(weft_decode_into(ctx, e->bytes, e->n, NULL, &room), WEFT_E_INVALID, "size is 8");
}
END_TEST

/* A newer library's caller, who leaves what this one does not know at zero, and one who does not. */
START_TEST(options_of_a_newer_caller_are_taken_where_what_is_not_known_is_zero) {
  const struct encoding *e = &encodings[NUMBERS];
  struct {
    struct weft_decode_options known;
    uint64_t newer;
  } options;
  static uint32_t out[ROWS];
  weft_decoded *decoded = NULL;
  weft_encoding *encoding;
  weft_decode_options_init(&options.known, sizeof options);
  options.known.rows = 10;
  for (int i = 0; i < 2; i++) {
    weft_status expected = i == 0 ? WEFT_OK : WEFT_E_INVALID;
    struct weft_buffers into = {.size = sizeof into, .values = out, .values_bytes = sizeof out}, kept = into;
    options.newer = (uint64_t)i;
    ck_assert_int_eq(weft_decode_into(ctx, e->bytes, e->n, &options.known, &into), expected);
    ck_assert_int_eq(weft_encoding_open(ctx, e->bytes, e->n, 0, &encoding), WEFT_OK);
    ck_assert_int_eq(weft_encoding_read(encoding, &options.known, &kept), expected);
    weft_encoding_free(encoding);
    ck_assert_msg(weft_decode(ctx, e->bytes, e->n, &options.known, &decoded) == expected, "%s", weft_ctx_message(ctx));
    ck_assert((decoded != NULL) == (expected == WEFT_OK));
    weft_decoded_free(decoded);
  }
}
END_TEST

START_TEST(codecs_that_cannot_be_are_refused) {
  static const struct {
    uint8_t codec[WEFT_CODEC_DEPTH];
    int encoding;
    const char *word;
  } cases[] = {
      {{10}, NUMBERS, "codec[0] is 10"},          {{WEFT_CODEC_DICT, 0, 255}, NUMBERS, "codec[2] is 255"},
      {{WEFT_CODEC_STRINGS}, NUMBERS, "strings"}, {{WEFT_CODEC_CONST}, NUMBERS, "differ"},
      {{WEFT_CODEC_DELTA}, STRINGS, "delta"},     {{WEFT_CODEC_DICT, WEFT_CODEC_SPLIT, WEFT_CODEC_SPLIT}, CODED, "split"}};
  static uint8_t out[50000];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t bytes = 1;
    struct weft_encode_options options = encode_defaults();
    memcpy(options.codec, cases[i].codec, sizeof options.codec);
    REFUSED(weft_encode(ctx, &encodings[cases[i].encoding].column, &options, out, sizeof out, &bytes), WEFT_E_INVALID,
            cases[i].word);
    ck_assert_uint_eq(bytes, 0);
  }
}
END_TEST

START_TEST(every_codec_has_a_name) {
  static const char *const names[] = {"auto", "raw", "const", "bitpack", "for", "delta", "rle", "dict", "strings", "split"};
  for (unsigned i = 0; i <= WEFT_CODEC_SPLIT; i++)
    ck_assert_str_eq(weft_codec_name(i), names[i]);
  ck_assert_str_eq(weft_codec_name(WEFT_CODEC_SPLIT + 1), "unknown");
  ck_assert_str_eq(weft_codec_name(UINT32_MAX), "unknown");
}
END_TEST

/* ---- NULL ---- */

START_TEST(null_is_refused_where_a_pointer_is_taken) {
  static uint8_t out[50000];
  struct encoding *e = &encodings[NUMBERS];
  struct weft_encoded_info info;
  struct weft_buffers buffers = {.size = sizeof buffers};
  struct weft_column none = weft_column_fixed(NULL, WEFT_STRING, 1);
  size_t bytes = 1;
  ck_assert_int_eq(weft_encode_bound(NULL, &bytes), WEFT_E_INVALID);
  ck_assert_uint_eq(bytes, 0);
  ck_assert_int_eq(weft_encode_bound(&e->column, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_encode_bound(&none, &bytes), WEFT_E_INVALID);
  bytes = 1;
  ck_assert_int_eq(weft_encode(NULL, &e->column, NULL, out, sizeof out, &bytes), WEFT_E_INVALID);
  ck_assert_uint_eq(bytes, 0);
  REFUSED(weft_encode(ctx, NULL, NULL, out, sizeof out, &bytes), WEFT_E_INVALID, "column is NULL");
  REFUSED(weft_encode(ctx, &e->column, NULL, NULL, sizeof out, &bytes), WEFT_E_INVALID, "dst is NULL");
  REFUSED(weft_encode(ctx, &e->column, NULL, out, sizeof out, NULL), WEFT_E_INVALID, "bytes is NULL");
  ck_assert_int_eq(weft_encode(ctx, &none, NULL, out, sizeof out, &bytes), WEFT_E_INVALID);
  ck_assert_int_eq(weft_describe(NULL, e->bytes, e->n, &info, sizeof info), WEFT_E_INVALID);
  REFUSED(weft_describe(ctx, NULL, e->n, &info, sizeof info), WEFT_E_INVALID, "src is NULL");
  REFUSED(weft_describe(ctx, e->bytes, e->n, NULL, sizeof info), WEFT_E_INVALID, "info is NULL");
  ck_assert_int_eq(weft_decode_room(NULL, e->bytes, e->n, NULL, &buffers), WEFT_E_INVALID);
  REFUSED(weft_decode_room(ctx, NULL, e->n, NULL, &buffers), WEFT_E_INVALID, "src is NULL");
  REFUSED(weft_decode_room(ctx, e->bytes, e->n, NULL, NULL), WEFT_E_INVALID, "buffers is NULL");
  ck_assert_int_eq(weft_decode_into(NULL, e->bytes, e->n, NULL, &buffers), WEFT_E_INVALID);
  REFUSED(weft_decode_into(ctx, NULL, e->n, NULL, &buffers), WEFT_E_INVALID, "src is NULL");
  REFUSED(weft_decode_into(ctx, e->bytes, e->n, NULL, NULL), WEFT_E_INVALID, "buffers is NULL");
  ck_assert_int_eq(weft_verify(NULL, e->bytes, e->n), WEFT_E_INVALID);
  REFUSED(weft_verify(ctx, NULL, e->n), WEFT_E_INVALID, "src is NULL");
  ck_assert_int_eq(weft_zones(NULL, e->bytes, e->n, NULL, out, out, NULL), WEFT_E_INVALID);
  REFUSED(weft_zones(ctx, NULL, e->n, NULL, out, out, NULL), WEFT_E_INVALID, "src is NULL");
}
END_TEST

START_TEST(null_is_refused_by_weft_decode_which_leaves_null) {
  struct encoding *e = &encodings[NUMBERS];
  weft_decoded *decoded = (weft_decoded *)&decoded;
  ck_assert_int_eq(weft_decode(NULL, e->bytes, e->n, NULL, &decoded), WEFT_E_INVALID);
  ck_assert_ptr_null(decoded);
  decoded = (weft_decoded *)&decoded;
  REFUSED(weft_decode(ctx, NULL, e->n, NULL, &decoded), WEFT_E_INVALID, "src is NULL");
  ck_assert_ptr_null(decoded);
  REFUSED(weft_decode(ctx, e->bytes, e->n, NULL, NULL), WEFT_E_INVALID, "out is NULL");
  ck_assert_ptr_null(weft_decoded_column(NULL));
  weft_decoded_free(NULL);
}
END_TEST

/* ---- Encoding ---- */

START_TEST(a_buffer_that_is_too_small_is_refused_at_every_size) {
  static uint8_t out[200000];
  for (int i = 0; i < ENCODINGS; i++) {
    struct encoding *e = &encodings[i];
    struct weft_encode_options options = encode_defaults();
    options.codec[0] = i == STRINGS ? WEFT_CODEC_STRINGS : i == CODED ? WEFT_CODEC_DICT : WEFT_CODEC_AUTO;
    for (size_t cap = 0; cap < e->n; cap += 1 + cap / 50) {
      size_t bytes = 1;
      memset(out, 0xA5, sizeof out);
      REFUSED(weft_encode(ctx, &e->column, &options, out, cap, &bytes), WEFT_E_SPACE, "bytes");
      ck_assert_uint_eq(bytes, 0);
      for (size_t k = cap; k < cap + 100; k++)
        ck_assert_msg(out[k] == 0xA5, "%zu bytes of room, and byte %zu is written", cap, k);
    }
  }
}
END_TEST

START_TEST(more_rows_than_an_encoding_holds_are_refused) {
  size_t bytes = 1;
  static uint8_t out[100];
  struct weft_column column = weft_column_bytes(out, 0, (size_t)UINT32_MAX);
  ck_assert_int_eq(weft_encode_bound(&column, &bytes), WEFT_E_OVERFLOW);
  ck_assert_uint_eq(bytes, 0);
  REFUSED(weft_encode(ctx, &column, NULL, out, sizeof out, &bytes), WEFT_E_OVERFLOW, "4294967294");
  column = weft_column_bytes(out, 0, (size_t)UINT32_MAX - 1);
  ck_assert_int_eq(weft_encode_bound(&column, &bytes), WEFT_OK);
  ck_assert_uint_eq(bytes, 128);
}
END_TEST

/* ---- Decoding ---- */

START_TEST(rows_that_are_not_there_are_refused) {
  static const struct {
    uint64_t first, rows;
    size_t selected; /* the last of these is the number of rows */
    const char *word;
  } cases[] = {{ROWS + 1, UINT64_MAX, 0, "first_row is 3001, and there are 3000"},
               {0, ROWS + 1, 0, "rows is 3001 from row 0 on, and there are 3000"},
               {ROWS, 1, 0, "rows is 1 from row 3000 on"},
               {1, ROWS, 0, "rows is 3000 from row 1 on"},
               {UINT64_MAX, 1, 0, "first_row is 18446744073709551615, and there are 3000"},
               {1, UINT64_MAX - 1, 0, "rows is 18446744073709551614 from row 1 on"},
               {0, UINT64_MAX, 3, "selection[2]"},
               {10, 100, 2, "selection[1] is 100"}};
  static uint32_t out[ROWS + 10], selection[10];
  for (int e = 0; e < 2; e++)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      struct weft_decode_options options = decode_defaults();
      static uint8_t bits[ROWS];
      struct weft_buffers buffers = {.size = sizeof buffers, .values = out, .values_bytes = sizeof out, .validity = bits};
      options.first_row = cases[i].first;
      options.rows = cases[i].rows;
      options.selection = cases[i].selected > 0 ? selection : NULL;
      options.selected = cases[i].selected;
      if (cases[i].selected > 0)
        selection[cases[i].selected - 1] = cases[i].rows == UINT64_MAX ? ROWS : (uint32_t)cases[i].rows;
      REFUSED(weft_decode_into(ctx, encodings[e].bytes, encodings[e].n, &options, &buffers), WEFT_E_INVALID, cases[i].word);
      memset(selection, 0, sizeof selection);
    }
}
END_TEST

START_TEST(forms_that_a_column_has_not_are_refused) {
  static const struct {
    int encoding;
    uint32_t form;
  } cases[] = {{NUMBERS, WEFT_FORM_VIEWS},      {NUMBERS, WEFT_FORM_CODES},
               {NUMBERS, WEFT_FORM_DICTIONARY}, {STRINGS, WEFT_FORM_CODES},
               {STRINGS, WEFT_FORM_DICTIONARY}, {NUMBERS, 4},
               {STRINGS, UINT32_MAX},           {CODED, 4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct encoding *e = &encodings[cases[i].encoding];
    struct weft_decode_options options = decode_defaults();
    struct weft_buffers buffers = {.size = sizeof buffers};
    options.form = cases[i].form;
    ck_assert_int_eq(weft_decode_room(ctx, e->bytes, e->n, &options, &buffers), WEFT_E_INVALID);
    ck_assert_int_eq(weft_decode_into(ctx, e->bytes, e->n, &options, &buffers), WEFT_E_INVALID);
  }
}
END_TEST

START_TEST(codes_of_a_column_without_a_dictionary_are_its_values_in_weft_decode) {
  struct encoding *e = &encodings[NUMBERS];
  struct weft_decode_options options = decode_defaults();
  options.form = WEFT_FORM_CODES;
  weft_decoded *decoded;
  ck_assert_int_eq(weft_decode(ctx, e->bytes, e->n, &options, &decoded), WEFT_OK);
  const struct weft_column *column = weft_decoded_column(decoded);
  ck_assert(column->type == WEFT_U32 && !column->selection && column->rows == ROWS);
  ck_assert_mem_eq(column->data, numbers, sizeof numbers);
  weft_decoded_free(decoded);
}
END_TEST

START_TEST(buffers_that_are_missing_are_refused) {
  static uint8_t out[200000], offsets[8 * (ROWS + 1)];
  struct weft_decode_options options = decode_defaults();
  struct weft_buffers buffers = {.size = sizeof buffers};
  REFUSED(weft_decode_into(ctx, encodings[NUMBERS].bytes, encodings[NUMBERS].n, NULL, &buffers), WEFT_E_INVALID, "values");
  buffers.values = out;
  buffers.values_bytes = sizeof out;
  REFUSED(weft_decode_into(ctx, encodings[NULLS].bytes, encodings[NULLS].n, NULL, &buffers), WEFT_E_INVALID, "validity");
  buffers.offset_bytes = 4;
  REFUSED(weft_decode_into(ctx, encodings[STRINGS].bytes, encodings[STRINGS].n, NULL, &buffers), WEFT_E_INVALID, "offsets");
  buffers.offsets = offsets;
  buffers.offset_bytes = 5;
  REFUSED(weft_decode_into(ctx, encodings[STRINGS].bytes, encodings[STRINGS].n, NULL, &buffers), WEFT_E_INVALID, "5");
  options.form = WEFT_FORM_VIEWS;
  REFUSED(weft_decode_into(ctx, encodings[STRINGS].bytes, encodings[STRINGS].n, &options, &buffers), WEFT_E_SPACE, "data");
}
END_TEST

START_TEST(offsets_may_be_of_8_bytes) {
  static uint8_t out[200000];
  static int64_t offsets[ROWS + 1];
  for (int i = CODED; i <= STRINGS; i++) {
    struct weft_buffers buffers = {
        .size = sizeof buffers, .values = out, .values_bytes = sizeof out, .offsets = offsets, .offset_bytes = 8};
    ck_assert_int_eq(weft_decode_into(ctx, encodings[i].bytes, encodings[i].n, NULL, &buffers), WEFT_OK);
    int64_t at = 0;
    for (size_t row = 0; row <= ROWS; row++) {
      ck_assert_int_eq(offsets[row], at);
      at += row < ROWS ? (int64_t)lengths[row] : 0;
    }
    ck_assert_int_eq(at, (int64_t)buffers.values_bytes);
  }
}
END_TEST

/* A selection of no rows is no rows, and one that is NULL is no selection. */
/* That of all rows' strings is in the header: in less memory than the dictionary's offsets take. */
START_TEST(the_room_of_all_strings_takes_no_dictionary) {
  enum { DISTINCT = 20000 };
  static int32_t offsets[DISTINCT + 1];
  static uint32_t data[DISTINCT];
  static uint8_t bytes[DISTINCT * 16];
  size_t n;
  struct weft_encode_options encode = encode_defaults();
  struct weft_decode_options decode = decode_defaults();
  struct weft_buffers room = {.size = sizeof room};
  for (uint32_t i = 0; i < DISTINCT; i++) {
    data[i] = i;
    offsets[i + 1] = (int32_t)((i + 1) * sizeof *data);
  }
  encode.codec[0] = WEFT_CODEC_DICT;
  struct weft_column column = weft_column_offsets32(data, sizeof data, offsets, DISTINCT);
  ck_assert_int_eq(weft_encode(ctx, &column, &encode, bytes, sizeof bytes, &n), WEFT_OK);
  decode.max_bytes = 8 * DISTINCT;
  weft_status status = weft_decode_room(ctx, bytes, n, &decode, &room);
  ck_assert_msg(status == WEFT_OK, "%s", weft_ctx_message(ctx));
  ck_assert(room.values_bytes == sizeof data && room.offset_bytes == 4 && room.data_bytes == 0);
}
END_TEST

START_TEST(no_rows_may_be_selected) {
  static const uint32_t none[1];
  struct weft_decode_options options = decode_defaults();
  options.selection = none;
  for (int i = 0; i < ENCODINGS; i++) {
    weft_decoded *decoded;
    ck_assert_int_eq(weft_decode(ctx, encodings[i].bytes, encodings[i].n, &options, &decoded), WEFT_OK);
    ck_assert_uint_eq(weft_decoded_column(decoded)->rows, 0);
    weft_decoded_free(decoded);
  }
  options.selection = NULL;
  options.selected = 3;
  weft_decoded *decoded;
  ck_assert_int_eq(weft_decode(ctx, encodings[0].bytes, encodings[0].n, &options, &decoded), WEFT_E_INVALID);
}
END_TEST

START_TEST(values_of_no_bytes_need_no_memory) {
  uint8_t encoded[300];
  struct weft_column column = weft_column_with_validity(weft_column_bytes(NULL, 0, 100), validity, 0);
  size_t bytes;
  ck_assert_int_eq(weft_encode(ctx, &column, NULL, encoded, sizeof encoded, &bytes), WEFT_OK);
  uint8_t out_validity[13];
  for (int i = 0; i < 2; i++) {
    struct weft_decode_options options = decode_defaults();
    struct weft_buffers buffers = {.size = sizeof buffers, .validity = out_validity};
    options.streaming = i == 1;
    ck_assert_int_eq(weft_decode_into(ctx, encoded, bytes, &options, &buffers), WEFT_OK);
    ck_assert_uint_eq(buffers.nulls, 34);
    ck_assert_int_eq(memcmp(out_validity, validity, 12), 0);
  }
}
END_TEST

/* ---- The rest ---- */

START_TEST(a_description_for_an_older_caller_is_not_written_past_its_size) {
  struct weft_encoded_info info;
  size_t size = offsetof(struct weft_encoded_info, bytes);
  memset(&info, 0xA5, sizeof info);
  ck_assert_int_eq(weft_describe(ctx, encodings[NUMBERS].bytes, encodings[NUMBERS].n, &info, size), WEFT_OK);
  ck_assert_uint_eq(info.rows, ROWS);
  for (size_t i = size; i < sizeof info; i++)
    ck_assert_uint_eq(((const uint8_t *)&info)[i], 0xA5);
}
END_TEST

/* The message begins with the call that was made, and has the words. */
static void says(const char *call, const char *words_) {
  const char *message = weft_ctx_message(ctx);
  size_t n = strlen(call);
  ck_assert_msg(strncmp(message, call, n) == 0 && strncmp(message + n, ": ", 2) == 0 && strstr(message + n, words_),
                "\"%s\" is not from %s, or lacks \"%s\"", message, call, words_);
}

START_TEST(messages_of_weft_decode_name_it) {
  static uint8_t bytes[sizeof encodings[0].bytes];
  const struct encoding *e = &encodings[NUMBERS];
  struct weft_decode_options options = decode_defaults();
  weft_decoded *decoded;
  memcpy(bytes, e->bytes, e->n);
  bytes[0] ^= 1;
  ck_assert_int_eq(weft_decode(ctx, bytes, e->n, NULL, &decoded), WEFT_E_CORRUPT);
  says("weft_decode", "byte 0: no encoding");
  options.first_row = ROWS + 1;
  ck_assert_int_eq(weft_decode(ctx, e->bytes, e->n, &options, &decoded), WEFT_E_INVALID);
  says("weft_decode", "options.first_row is 3001");
  options = decode_defaults();
  options.max_bytes = 10;
  ck_assert_int_eq(weft_decode(ctx, e->bytes, e->n, &options, &decoded), WEFT_E_LIMIT);
  says("weft_decode", "max_bytes");
}
END_TEST

START_TEST(what_is_no_encoding_is_told_in_words) {
  static uint8_t bytes[sizeof encodings[0].bytes];
  const struct encoding *e = &encodings[NUMBERS];
  struct weft_encoded_info info;
  memcpy(bytes, e->bytes, e->n);
  ck_assert_int_eq(weft_describe(ctx, bytes, 0, &info, sizeof info), WEFT_E_CORRUPT);
  says("weft_describe", "nothing is there: 0 bytes, and a header has 32");
  ck_assert_int_eq(weft_describe(ctx, bytes, 31, &info, sizeof info), WEFT_E_CORRUPT);
  says("weft_describe", "cut off, or no encoding: 31 bytes");
  ck_assert_int_eq(weft_describe(ctx, bytes, 32, &info, sizeof info), WEFT_E_CORRUPT);
  says("weft_describe", "byte 7: ");
  ck_assert_int_eq(weft_describe(ctx, bytes, e->n + 1, &info, sizeof info), WEFT_E_CORRUPT);
  says("weft_describe", "bytes behind its end");
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_encodings, close_encodings);
  const TTest *tests[] = {options_start_as_documented,
                          options_of_a_size_that_is_not_known_are_refused,
                          options_of_a_newer_caller_are_taken_where_what_is_not_known_is_zero,
                          codecs_that_cannot_be_are_refused,
                          every_codec_has_a_name,
                          null_is_refused_where_a_pointer_is_taken,
                          null_is_refused_by_weft_decode_which_leaves_null,
                          a_buffer_that_is_too_small_is_refused_at_every_size,
                          more_rows_than_an_encoding_holds_are_refused,
                          rows_that_are_not_there_are_refused,
                          forms_that_a_column_has_not_are_refused,
                          codes_of_a_column_without_a_dictionary_are_its_values_in_weft_decode,
                          buffers_that_are_missing_are_refused,
                          offsets_may_be_of_8_bytes,
                          the_room_of_all_strings_takes_no_dictionary,
                          no_rows_may_be_selected,
                          values_of_no_bytes_need_no_memory,
                          a_description_for_an_older_caller_is_not_written_past_its_size,
                          messages_of_weft_decode_name_it,
                          what_is_no_encoding_is_told_in_words};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("codec_rules", add_tests);
}
