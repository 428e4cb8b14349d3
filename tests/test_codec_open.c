/* SPDX-License-Identifier: MIT
 *
 * Encodings that are kept open: NULL and what else is refused, failures between reads, what is allocated, and limits. That
 * reads in every way give the same as calls for one read is checked wherever coded_wrong is (coded.h).
 */
#include "contexts.h"
#include "golden/golden.h"
#include "rng.h"
#include "suite.h"

#define MOST_ROWS 200000

static weft_ctx *ctx;
static weft_encoding *encoding;
static uint8_t *encoded;
static size_t encoded_bytes;

static uint64_t values[200000], offsets[MOST_ROWS + 1], data[200000];
static uint8_t validity[MOST_ROWS / 8];

static struct weft_buffers buffers_of(void) {
  return (struct weft_buffers){.size = sizeof(struct weft_buffers),
                               .values = values,
                               .values_bytes = sizeof values,
                               .offsets = offsets,
                               .offset_bytes = 4,
                               .data = data,
                               .data_bytes = sizeof data,
                               .validity = validity};
}

static struct weft_decode_options options_of(uint64_t first, uint64_t rows, uint32_t form) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  options.first_row = first;
  options.rows = rows;
  options.form = form;
  return options;
}

static weft_status read_rows(uint64_t first, uint64_t rows) {
  struct weft_decode_options options = options_of(first, rows, WEFT_FORM_VALUES);
  struct weft_buffers buffers = buffers_of();
  return weft_encoding_read(encoding, &options, &buffers);
}

static void open_golden(size_t i, uint64_t max_bytes) {
  encoded = golden_read(golden[i].name, "wfc", &encoded_bytes);
  guard_case = (struct guard_case){.what = golden[i].name, .rows = golden[i].rows};
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, max_bytes, &encoding), WEFT_OK);
}

/* One of those with rows. */
static void open_one(void) {
  size_t i = 0;
  while (golden[i].rows < 1000)
    i++;
  open_golden(i, 0);
}

static void encode(const struct weft_column *column, enum weft_codec codec) {
  struct weft_encode_options options;
  size_t room;
  weft_encode_options_init(&options, sizeof options);
  options.codec[0] = (uint8_t)codec;
  ck_assert_int_eq(weft_encode_bound(column, &room), WEFT_OK);
  encoded = malloc(room);
  ck_assert_int_eq(weft_encode(ctx, column, &options, encoded, room, &encoded_bytes), WEFT_OK);
}

static void close_all(void) {
  weft_encoding_free(encoding);
  free(encoded);
  encoding = NULL;
  encoded = NULL;
}

static void setup(void) {
  ctx = ctx_with(NULL);
}

static void teardown(void) {
  close_all();
  weft_ctx_free(ctx);
}

#define REFUSED(call, status, word)                                                                                 \
  do {                                                                                                              \
    ck_assert_int_eq(call, status);                                                                                 \
    ck_assert_msg(strstr(weft_ctx_message(ctx), word) != NULL, "\"%s\" lacks \"%s\"", weft_ctx_message(ctx), word); \
  } while (0)

START_TEST(null_is_refused_where_a_pointer_is_taken) {
  struct weft_buffers buffers = buffers_of();
  struct weft_encoded_info info;
  weft_encoding *out = (weft_encoding *)&out;
  open_one();
  ck_assert_int_eq(weft_encoding_open(NULL, encoded, encoded_bytes, 0, &out), WEFT_E_INVALID);
  ck_assert_ptr_null(out);
  out = (weft_encoding *)&out;
  REFUSED(weft_encoding_open(ctx, NULL, encoded_bytes, 0, &out), WEFT_E_INVALID, "src is NULL");
  ck_assert_ptr_null(out);
  REFUSED(weft_encoding_open(ctx, encoded, encoded_bytes, 0, NULL), WEFT_E_INVALID, "out is NULL");
  ck_assert_int_eq(weft_encoding_read(NULL, NULL, &buffers), WEFT_E_INVALID);
  ck_assert_int_eq(weft_encoding_room(NULL, NULL, &buffers), WEFT_E_INVALID);
  ck_assert_int_eq(weft_encoding_info(NULL, &info, sizeof info), WEFT_E_INVALID);
  REFUSED(weft_encoding_read(encoding, NULL, NULL), WEFT_E_INVALID, "weft_encoding_read: buffers is NULL");
  REFUSED(weft_encoding_room(encoding, NULL, NULL), WEFT_E_INVALID, "weft_encoding_room: buffers is NULL");
  REFUSED(weft_encoding_info(encoding, NULL, sizeof info), WEFT_E_INVALID, "info is NULL");
  weft_encoding_free(NULL);
}
END_TEST

START_TEST(what_is_no_encoding_is_not_opened) {
  weft_encoding *out = (weft_encoding *)&out;
  open_one();
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes - 1, 0, &out), WEFT_E_CORRUPT);
  ck_assert_ptr_null(out);
  encoded[3]++;
  out = (weft_encoding *)&out;
  REFUSED(weft_encoding_open(ctx, encoded, encoded_bytes, 0, &out), WEFT_E_UNSUPPORTED, "weft_encoding_open: byte 3");
  ck_assert_ptr_null(out);
}
END_TEST

/* Sections' sums are compared when a read asks for it. */
START_TEST(damage_that_one_read_meets_is_not_the_next_ones) {
  static uint32_t numbers[3072];
  for (uint32_t i = 0; i < 3072; i++)
    numbers[i] = i * i;
  struct weft_column column = weft_column_fixed(numbers, WEFT_U32, 3072);
  encode(&column, WEFT_CODEC_FOR);
  encoded[32 + 1 + 1] = 99; /* bits of the words of block 1 */
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, 0, &encoding), WEFT_OK);
  for (int i = 0; i < 3; i++) {
    struct weft_decode_options sums = options_of(0, 1, WEFT_FORM_VALUES);
    struct weft_buffers buffers = buffers_of();
    sums.check_sums = true;
    ck_assert_int_eq(read_rows(2048, 1024), WEFT_OK);
    ck_assert_mem_eq(values, numbers + 2048, 1024 * sizeof *numbers);
    REFUSED(read_rows(0, 3072), WEFT_E_CORRUPT, "weft_encoding_read: stream 0");
    REFUSED(read_rows(1100, 20), WEFT_E_CORRUPT, "99 bits");
    REFUSED(weft_encoding_read(encoding, &sums, &buffers), WEFT_E_CORRUPT, "checksum");
    ck_assert_int_eq(read_rows(900, 100), WEFT_OK);
    ck_assert_mem_eq(values, numbers + 900, 100 * sizeof *numbers);
  }
}
END_TEST

/* Wrong in each way that a call can be. */
static void fail_often(const struct golden *g, uint32_t form) {
  static const uint32_t selection[] = {0, UINT32_MAX};
  struct weft_decode_options options = options_of(g->rows, 1, form);
  struct weft_buffers buffers = buffers_of(), none = {.size = sizeof none};
  if (form != WEFT_FORM_DICTIONARY)
    ck_assert_int_eq(weft_encoding_read(encoding, &options, &buffers), WEFT_E_INVALID);
  options = options_of(0, UINT64_MAX, form);
  options.selection = selection;
  options.selected = 2;
  buffers = buffers_of();
  if (form != WEFT_FORM_DICTIONARY)
    ck_assert_int_eq(weft_encoding_read(encoding, &options, &buffers), WEFT_E_INVALID);
  options = options_of(0, UINT64_MAX, 99);
  ck_assert_int_eq(weft_encoding_read(encoding, &options, &buffers), WEFT_E_INVALID);
  options = options_of(0, UINT64_MAX, form);
  options.size = 1;
  ck_assert_int_eq(weft_encoding_read(encoding, &options, &buffers), WEFT_E_INVALID);
  options.size = sizeof options;
  weft_status status = weft_encoding_read(encoding, &options, &none);
  ck_assert(status == WEFT_E_INVALID || status == WEFT_E_SPACE || status == WEFT_OK);
  buffers = buffers_of();
  buffers.values_bytes = 1;
  buffers.data_bytes = 0;
  status = weft_encoding_read(encoding, &options, &buffers);
  ck_assert(status == WEFT_E_SPACE || (status == WEFT_OK && buffers.values_bytes <= 1));
}

static bool has_form(const struct weft_encoded_info *info, uint32_t form) {
  return form == WEFT_FORM_VALUES || (form == WEFT_FORM_VIEWS && info->type == WEFT_STRING) ||
         (form >= WEFT_FORM_CODES && info->dictionary_rows > 0);
}

START_TEST(a_read_that_failed_changes_nothing_for_the_next) {
  const struct golden *g = &golden[_i];
  struct weft_encoded_info info;
  open_golden((size_t)_i, 0);
  ck_assert_int_eq(weft_encoding_info(encoding, &info, sizeof info), WEFT_OK);
  for (uint32_t form = 0; form < 4; form++) {
    struct weft_decode_options options = options_of(0, UINT64_MAX, form);
    struct weft_buffers first = buffers_of(), second = buffers_of();
    if (!has_form(&info, form))
      continue;
    uint64_t *kept = malloc(sizeof values);
    memset(values, 0, sizeof values);
    ck_assert_int_eq(weft_encoding_read(encoding, &options, &first), WEFT_OK);
    memcpy(kept, values, sizeof values);
    fail_often(g, form);
    memset(values, 0, sizeof values);
    ck_assert_int_eq(weft_encoding_read(encoding, &options, &second), WEFT_OK);
    CASE_CHECK(memcmp(kept, values, sizeof values) == 0 && first.nulls == second.nulls, form, "other values");
    free(kept);
  }
}
END_TEST

/* Far rows are read twice, and then an early bit is turned: whoever counts them a third time counts another number. */
START_TEST(valid_rows_before_a_block_are_not_counted_for_every_read) {
  enum { ROWS = 100000, LAST = 100 };
  static uint32_t numbers[ROWS];
  static uint8_t valid[ROWS / 8];
  struct rng rng = {.state = rng_case_seed(5)};
  struct weft_encoded_info info;
  rng_fill(&rng, valid, sizeof valid);
  rng_fill(&rng, numbers, sizeof numbers);
  struct weft_column column = weft_column_with_validity(weft_column_fixed(numbers, WEFT_U32, ROWS), valid, 0);
  encode(&column, WEFT_CODEC_RAW);
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, 0, &encoding), WEFT_OK);
  ck_assert_int_eq(weft_encoding_info(encoding, &info, sizeof info), WEFT_OK);
  const struct weft_encoded_node *bitmap = &info.nodes[info.n_nodes - 1];
  ck_assert(bitmap->role == WEFT_ROLE_VALIDITY && bitmap->codec == WEFT_CODEC_RAW && bitmap->value_bits == 8);
  for (int i = 0; i < 3; i++) {
    const uint32_t *read = (const uint32_t *)values;
    ck_assert_int_eq(read_rows(0, LAST), WEFT_OK);
    encoded[bitmap->offset + 500] ^= i == 2;
    ck_assert_msg(read_rows(ROWS - LAST, LAST) == WEFT_OK, "read %d: %s", i, weft_ctx_message(ctx));
    for (uint32_t k = 0; k < LAST; k++)
      ck_assert_uint_eq(read[k], valid[(ROWS - LAST + k) / 8] >> (ROWS - LAST + k) % 8 & 1 ? numbers[ROWS - LAST + k] : 0);
  }
}
END_TEST

/* ---- What is allocated ---- */

static uint64_t allocations(void) {
  struct weft_slab_context_figures figures;
  ck_assert_int_eq(weft_ctx_slab_stats(ctx, &figures, sizeof figures), WEFT_OK);
  return figures.allocations;
}

/* All forms; of rows from first on, or of some chosen ones. The first failure, whatever comes of the others. */
static weft_status read_forms(const struct weft_encoded_info *info, uint64_t first, bool chosen) {
  static const uint32_t selection[] = {0, 2, 2, 1, 0};
  weft_status all = WEFT_OK;
  for (uint32_t form = 0; form < 4; form++) {
    struct weft_decode_options options = options_of(first, UINT64_MAX, form);
    struct weft_buffers buffers = buffers_of();
    if (!has_form(info, form) || (chosen && form == WEFT_FORM_DICTIONARY))
      continue;
    options.selection = chosen ? selection : NULL;
    options.selected = chosen ? 5 : 0;
    weft_status status = weft_encoding_read(encoding, &options, &buffers);
    all = all == WEFT_OK ? status : all;
  }
  return all;
}

static weft_status read_all(const struct weft_encoded_info *info) {
  weft_status status = read_forms(info, 0, false), chosen = info->rows >= 3 ? read_forms(info, 0, true) : WEFT_OK;
  return status == WEFT_OK ? chosen : status;
}

START_TEST(reads_that_repeat_themselves_allocate_nothing) {
  struct weft_encoded_info info;
  open_golden((size_t)_i, 0);
  ck_assert_int_eq(weft_encoding_info(encoding, &info, sizeof info), WEFT_OK);
  ck_assert_int_eq(read_all(&info), WEFT_OK);
  uint64_t before = allocations();
  for (uint64_t i = 0; i < 1000; i++) {
    uint64_t left = info.rows < 20 ? info.rows : 20, first = info.rows - i % (left + 1);
    ck_assert_int_eq(i % 100 == 0 ? read_all(&info) : read_forms(&info, first, false), WEFT_OK);
  }
  CASE_CHECK(allocations() == before, 0, "%llu allocations", (unsigned long long)(allocations() - before));
}
END_TEST

START_TEST(reads_that_fail_again_and_again_allocate_nothing) {
  struct weft_encoded_info info;
  open_golden((size_t)_i, 0);
  ck_assert_int_eq(weft_encoding_info(encoding, &info, sizeof info), WEFT_OK);
  size_t table = encoded_bytes - info.n_nodes * 24, step = rng_cases(100) < 100 ? 31 : 3;
  weft_encoding_free(encoding);
  encoding = NULL;
  for (size_t at = 32; at < table; at += step) {
    encoded[at] ^= 0x80;
    if (weft_encoding_open(ctx, encoded, encoded_bytes, 0, &encoding) == WEFT_OK) {
      for (int i = 0; i < 2; i++)
        (void)!read_all(&info);
      uint64_t before = allocations();
      for (int i = 0; i < 2; i++)
        (void)!read_all(&info);
      CASE_CHECK(allocations() == before, at, "%llu allocations", (unsigned long long)(allocations() - before));
    }
    weft_encoding_free(encoding);
    encoded[at] ^= 0x80;
  }
  encoding = NULL;
}
END_TEST

START_TEST(a_dictionary_that_cannot_be_decoded_is_allocated_for_once) {
  enum { ROWS = 9000, DISTINCT = 3000 };
  static uint32_t numbers[ROWS];
  struct weft_encoded_info info;
  for (uint32_t i = 0; i < ROWS; i++)
    numbers[i] = i * 7919 % DISTINCT;
  struct weft_column column = weft_column_fixed(numbers, WEFT_U32, ROWS);
  encode(&column, WEFT_CODEC_DICT);
  ck_assert_int_eq(weft_describe(ctx, encoded, encoded_bytes, &info, sizeof info), WEFT_OK);
  const struct weft_encoded_node *dictionary = &info.nodes[1];
  ck_assert(dictionary->role == WEFT_ROLE_DICTIONARY && dictionary->codec != WEFT_CODEC_RAW);
  encoded[dictionary->offset + 1] = 99; /* bits of its words */
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, 0, &encoding), WEFT_OK);
  REFUSED(read_rows(0, ROWS), WEFT_E_CORRUPT, "99 bits");
  uint64_t before = allocations();
  REFUSED(read_rows(0, ROWS), WEFT_E_CORRUPT, "99 bits");
  ck_assert_uint_eq(allocations(), before);
}
END_TEST

/* From one number of bytes on a limit suffices for all reads together, and below it does not. */
START_TEST(a_limit_of_all_reads_is_refused_until_it_suffices) {
  uint64_t low = 0, high = 1 << 20;
  struct weft_encoded_info info;
  size_t i = (size_t)_i;
  encoded = golden_read(golden[i].name, "wfc", &encoded_bytes);
  guard_case = (struct guard_case){.what = golden[i].name, .rows = golden[i].rows};
  while (high - low > 1) {
    uint64_t middle = low + (high - low) / 2;
    weft_status status = weft_encoding_open(ctx, encoded, encoded_bytes, middle, &encoding), again;
    ck_assert((status == WEFT_OK) == (encoding != NULL));
    if (status == WEFT_OK) {
      ck_assert_int_eq(weft_encoding_info(encoding, &info, sizeof info), WEFT_OK);
      status = read_all(&info);
      again = read_all(&info);
      CASE_CHECK(again == status, middle, "%s, and then %s", weft_status_text(status), weft_status_text(again));
    }
    CASE_CHECK(status == WEFT_OK || status == WEFT_E_LIMIT, middle, "%s", weft_status_text(status));
    *(status == WEFT_OK ? &high : &low) = middle;
    weft_encoding_free(encoding);
    encoding = NULL;
  }
  for (uint64_t more = high; more < high + 50000; more += 999) {
    ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, more, &encoding), WEFT_OK);
    CASE_CHECK(read_all(&info) == WEFT_OK, more, "does not suffice, and %llu does", (unsigned long long)high);
    weft_encoding_free(encoding);
    encoding = NULL;
  }
}
END_TEST

/* Some values of a dictionary that may not be decoded as a whole are looked up, however often. */
START_TEST(of_equal_reads_none_comes_to_a_limit_that_others_did_not) {
  enum { ROWS = 200000, DISTINCT = 60000, FEW = 100 };
  static uint64_t numbers[ROWS];
  for (uint64_t i = 0; i < ROWS; i++)
    numbers[i] = i * 7919 % DISTINCT * 1000000007 * 1000003;
  struct weft_column column = weft_column_fixed(numbers, WEFT_U64, ROWS);
  encode(&column, WEFT_CODEC_DICT);
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, 60000, &encoding), WEFT_OK);
  for (uint64_t i = 0; i < 1000; i++) {
    weft_status status = read_rows(i * FEW, FEW);
    CASE_CHECK(status == WEFT_OK, i, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
    ck_assert_mem_eq(values, numbers + i * FEW, FEW * sizeof *numbers);
  }
  ck_assert_int_eq(read_rows(0, ROWS / 2), WEFT_E_LIMIT);
  ck_assert_int_eq(read_rows(0, FEW), WEFT_OK);
  ck_assert_mem_eq(values, numbers, FEW * sizeof *numbers);
}
END_TEST

/* ---- The rest ---- */

START_TEST(one_encoding_may_be_open_twice) {
  weft_encoding *other;
  open_one();
  struct weft_buffers buffers = buffers_of();
  ck_assert_int_eq(weft_encoding_open(ctx, encoded, encoded_bytes, 0, &other), WEFT_OK);
  ck_assert_int_eq(read_rows(0, UINT64_MAX), WEFT_OK);
  ck_assert_int_eq(weft_encoding_read(other, NULL, &buffers), WEFT_OK);
  weft_encoding_free(other);
  ck_assert_int_eq(read_rows(0, UINT64_MAX), WEFT_OK);
}
END_TEST

START_TEST(rows_read_are_counted_as_those_of_weft_decode_into) {
  struct weft_buffers buffers = buffers_of();
  open_one();
  weft_ctx_stats_reset(ctx);
  ck_assert_int_eq(weft_decode_into(ctx, encoded, encoded_bytes, NULL, &buffers), WEFT_OK);
  struct weft_stats once = stats_of(ctx);
  weft_ctx_stats_reset(ctx);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(read_rows(0, UINT64_MAX), WEFT_OK);
  struct weft_stats twice = stats_of(ctx);
  ck_assert_uint_gt(once.rows, 0);
  ck_assert_uint_eq(twice.rows, 2 * once.rows);
  ck_assert_uint_eq(twice.bytes, 2 * once.bytes);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, null_is_refused_where_a_pointer_is_taken);
  tcase_add_test(tcase, what_is_no_encoding_is_not_opened);
  tcase_add_test(tcase, damage_that_one_read_meets_is_not_the_next_ones);
  tcase_add_loop_test(tcase, a_read_that_failed_changes_nothing_for_the_next, 0, (int)golden_count);
  tcase_add_test(tcase, valid_rows_before_a_block_are_not_counted_for_every_read);
  tcase_add_loop_test(tcase, reads_that_repeat_themselves_allocate_nothing, 0, (int)golden_count);
  tcase_add_loop_test(tcase, reads_that_fail_again_and_again_allocate_nothing, 0, (int)golden_count);
  tcase_add_test(tcase, a_dictionary_that_cannot_be_decoded_is_allocated_for_once);
  tcase_add_loop_test(tcase, a_limit_of_all_reads_is_refused_until_it_suffices, 0, (int)golden_count);
  tcase_add_test(tcase, of_equal_reads_none_comes_to_a_limit_that_others_did_not);
  tcase_add_test(tcase, one_encoding_may_be_open_twice);
  tcase_add_test(tcase, rows_read_are_counted_as_those_of_weft_decode_into);
}

int main(void) {
  return suite_main("codec_open", add_tests);
}
