/* SPDX-License-Identifier: MIT
 *
 * Columns: what the constructors build and refuse, and that weft_column_validate finds every fault, with a message that
 * names the row and the bound.
 */
#include <stdarg.h>

#include "columns.h"
#include "contexts.h"
#include "suite.h"

static weft_ctx *ctx;
static struct guard_pool pool;

static void set_up(void) {
  ctx = ctx_with(NULL);
}

static void tear_down(void) {
  weft_ctx_free(ctx);
}

/* Validation ends with status and a message that has each of the n words, in this order. */
static void refused(struct weft_column column, weft_status status, int n, ...) {
  ck_assert_int_eq(weft_column_validate(ctx, &column), status);
  const char *message = weft_ctx_message(ctx), *at = message;
  va_list words;
  va_start(words, n);
  for (int i = 0; i < n; i++) {
    const char *word = va_arg(words, const char *);
    at = strstr(at, word);
    ck_assert_msg(at != NULL, "message \"%s\" lacks \"%s\"", message, word);
    at += strlen(word);
  }
  va_end(words);
}

static void valid(struct weft_column column) {
  weft_status status = weft_column_validate(ctx, &column);
  ck_assert_msg(status == WEFT_OK, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
}

/* Constructors. */

START_TEST(a_fixed_column_has_the_width_of_its_type) {
  static const size_t widths[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
  uint64_t values[3] = {0};
  for (int type = WEFT_I8; type <= WEFT_F64; type++) {
    struct weft_column column = weft_column_fixed(values, (enum weft_type)type, 3);
    ck_assert_int_eq(column.layout, WEFT_FIXED);
    ck_assert_int_eq(column.type, type);
    ck_assert_uint_eq(column.width, widths[type]);
    ck_assert_uint_eq(column.rows, 3);
    ck_assert_uint_eq(column.base_rows, 3);
    ck_assert_ptr_eq(column.data, values);
    valid(column);
  }
}
END_TEST

START_TEST(a_type_that_is_no_number_gives_no_column) {
  static const int wrong[] = {WEFT_NO_TYPE, WEFT_FIXED_BYTES, WEFT_STRING, 13, 1000, -1};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct weft_column column = weft_column_fixed("", (enum weft_type)wrong[i], 1);
    ck_assert_int_eq(column.layout, WEFT_NO_LAYOUT);
    refused(column, WEFT_E_INVALID, 1, "no layout");
  }
}
END_TEST

START_TEST(a_column_of_bytes_may_have_any_width_and_none) {
  ck_assert_int_eq(weft_column_bytes("abc", 3, 1).type, WEFT_FIXED_BYTES);
  ck_assert_uint_eq(weft_column_bytes("abc", 3, 1).width, 3);
  valid(weft_column_bytes("abc", 3, 1));
  valid(weft_column_bytes(NULL, 0, 1000));
}
END_TEST

START_TEST(string_columns_keep_what_they_were_given) {
  static const int32_t offsets32[] = {1, 2, 4};
  static const int64_t offsets64[] = {1, 2, 4};
  const void *ptrs[] = {"a", "bc"};
  const size_t lengths[] = {1, 2};
  struct weft_column a = weft_column_offsets32("xabc", 4, offsets32, 2);
  struct weft_column b = weft_column_offsets64("xabc", 4, offsets64, 2);
  struct weft_column c = weft_column_ptrs(ptrs, lengths, 2);
  ck_assert(a.layout == WEFT_OFFSETS32 && a.type == WEFT_STRING && a.aux == offsets32 && a.data_bytes == 4 && a.rows == 2);
  ck_assert(b.layout == WEFT_OFFSETS64 && b.type == WEFT_STRING && b.aux == offsets64 && b.data_bytes == 4 && b.rows == 2);
  ck_assert(c.layout == WEFT_POINTERS && c.type == WEFT_STRING && c.data == ptrs && c.aux == lengths && c.rows == 2);
  valid(a);
  valid(b);
  valid(c);
}
END_TEST

START_TEST(a_view_is_16_bytes_with_its_prefix_behind_the_length) {
  ck_assert_uint_eq(sizeof(struct weft_view), 16);
  ck_assert_uint_eq(offsetof(struct weft_view, as.inlined), 4);
  ck_assert_uint_eq(offsetof(struct weft_view, as.ref.prefix), 4);
  ck_assert_uint_eq(offsetof(struct weft_view, as.ref.buffer), 8);
  ck_assert_uint_eq(offsetof(struct weft_view, as.ref.offset), 12);
}
END_TEST

START_TEST(validity_covers_the_layout_before_a_selection_and_the_rows_after_it) {
  uint8_t base = 1, row = 2;
  uint32_t selection[] = {0, 0, 0};
  struct weft_column column = weft_column_with_validity(weft_column_bytes("", 0, 1), &base, 5);
  column = weft_column_with_selection(column, selection, 3);
  column = weft_column_with_validity(column, &row, 6);
  ck_assert_ptr_eq(column.base_validity, &base);
  ck_assert_uint_eq(column.base_bit_offset, 5);
  ck_assert_ptr_eq(column.row_validity, &row);
  ck_assert_uint_eq(column.row_bit_offset, 6);
  ck_assert_uint_eq(column.rows, 3);
  ck_assert_uint_eq(column.base_rows, 1);
}
END_TEST

START_TEST(a_second_selection_gives_no_column) {
  uint32_t selection[] = {0};
  struct weft_column column = weft_column_with_selection(weft_column_bytes("a", 1, 1), selection, 1);
  column = weft_column_with_selection(column, selection, 1);
  ck_assert_int_eq(column.layout, WEFT_NO_LAYOUT);
  refused(column, WEFT_E_INVALID, 1, "no layout");
}
END_TEST

START_TEST(a_second_selection_on_an_empty_one_gives_no_column) {
  uint32_t selection[] = {0};
  struct weft_column column = weft_column_with_selection(weft_column_bytes("a", 1, 1), NULL, 0);
  ck_assert_uint_eq(column.rows, 0);
  valid(column);
  ck_assert_int_eq(weft_column_with_selection(column, selection, 1).layout, WEFT_NO_LAYOUT);
}
END_TEST

START_TEST(a_selection_of_no_column_gives_no_column) {
  uint32_t selection[] = {0};
  struct weft_column none = weft_column_fixed("", WEFT_STRING, 1);
  ck_assert_int_eq(weft_column_with_selection(none, selection, 1).layout, WEFT_NO_LAYOUT);
  ck_assert_int_eq(weft_column_with_validity(none, NULL, 0).layout, WEFT_NO_LAYOUT);
}
END_TEST

START_TEST(a_null_selection_of_rows_is_refused) {
  struct weft_column column = weft_column_with_selection(weft_column_bytes("a", 1, 1), NULL, 1);
  ck_assert_int_eq(weft_column_validate(ctx, &column), WEFT_E_INVALID);
}
END_TEST

/* Validation: what is right. */

START_TEST(random_columns_with_garbage_in_their_null_rows_are_valid) {
  for (size_t i = 0; i < 1500; i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    struct column_spec spec = column_spec_draw(&rng, column_rows_draw(&rng));
    struct test_column truth;
    guard_reset(&pool, 0);
    column_build(&pool, &rng, &spec, &truth);
    guard_case = (struct guard_case){.what = column_layout_name(spec.layout), .rows = spec.rows, .seed = seed};
    weft_status status = weft_column_validate(ctx, &truth.column);
    CASE_CHECK(status == WEFT_OK, 0, "%s", weft_ctx_message(ctx));
  }
  guard_close(&pool);
}
END_TEST

START_TEST(offsets_may_end_exactly_at_the_data_and_start_after_its_beginning) {
  static const int64_t offsets[] = {3, 3, 5};
  valid(weft_column_offsets64("abcde", 5, offsets, 2));
}
END_TEST

/* Validation: NULLs. */

START_TEST(a_null_context_or_column_is_invalid) {
  struct weft_column column = weft_column_bytes("a", 1, 1);
  ck_assert_int_eq(weft_column_validate(NULL, &column), WEFT_E_INVALID);
  ck_assert_int_eq(weft_column_validate(ctx, NULL), WEFT_E_INVALID);
  ck_assert_uint_gt(strlen(weft_ctx_message(ctx)), 0);
}
END_TEST

START_TEST(null_arrays_of_rows_are_invalid_in_every_layout) {
  static const int32_t offsets32[] = {0, 1};
  static const int64_t offsets64[] = {0, 1};
  static const size_t lengths[] = {1};
  static const void *const ptrs[] = {"a"};
  refused(weft_column_fixed(NULL, WEFT_U64, 7), WEFT_E_INVALID, 2, "NULL", "7");
  refused(weft_column_bytes(NULL, 3, 7), WEFT_E_INVALID, 2, "NULL", "7");
  refused(weft_column_offsets32("a", 1, NULL, 7), WEFT_E_INVALID, 2, "NULL", "7");
  refused(weft_column_offsets64("a", 1, NULL, 7), WEFT_E_INVALID, 2, "NULL", "7");
  refused(weft_column_offsets32(NULL, 1, offsets32, 1), WEFT_E_INVALID, 2, "NULL", "1");
  refused(weft_column_offsets64(NULL, 1, offsets64, 1), WEFT_E_INVALID, 2, "NULL", "1");
  refused(weft_column_ptrs(NULL, lengths, 7), WEFT_E_INVALID, 2, "NULL", "7");
  refused(weft_column_ptrs(ptrs, NULL, 7), WEFT_E_INVALID, 2, "NULL", "7");
  refused(weft_column_views(NULL, 7, NULL, NULL, 0), WEFT_E_INVALID, 2, "NULL", "7");
}
END_TEST

START_TEST(a_null_pointer_to_a_string_with_bytes_is_invalid) {
  static const void *const ptrs[] = {"a", NULL, NULL};
  static const size_t lengths[] = {1, 0, 5};
  refused(weft_column_ptrs(ptrs, lengths, 3), WEFT_E_INVALID, 3, "row 2", "NULL", "5");
}
END_TEST

/* Validation: offsets. */

START_TEST(offsets_that_decrease_are_invalid) {
  static const int32_t offsets32[] = {0, 4, 3, 5};
  static const int64_t offsets64[] = {0, 4, 3, 5};
  refused(weft_column_offsets32("abcde", 5, offsets32, 3), WEFT_E_INVALID, 3, "row 1", "4", "3");
  refused(weft_column_offsets64("abcde", 5, offsets64, 3), WEFT_E_INVALID, 3, "row 1", "4", "3");
}
END_TEST

START_TEST(offsets_past_the_data_are_invalid) {
  static const int32_t offsets32[] = {0, 2, 6};
  static const int64_t offsets64[] = {0, 2, 6};
  refused(weft_column_offsets32("abcde", 5, offsets32, 2), WEFT_E_INVALID, 3, "row 1", "6", "5");
  refused(weft_column_offsets64("abcde", 5, offsets64, 2), WEFT_E_INVALID, 3, "row 1", "6", "5");
}
END_TEST

START_TEST(negative_offsets_are_invalid) {
  static const int32_t first32[] = {-1, 2}, later32[] = {0, -7};
  static const int64_t first64[] = {-1, 2}, later64[] = {0, INT64_MIN};
  refused(weft_column_offsets32("abcde", 5, first32, 1), WEFT_E_INVALID, 2, "row 0", "-1");
  refused(weft_column_offsets64("abcde", 5, first64, 1), WEFT_E_INVALID, 2, "row 0", "-1");
  refused(weft_column_offsets32("abcde", 5, later32, 1), WEFT_E_INVALID, 2, "row 0", "-7");
  refused(weft_column_offsets64("abcde", 5, later64, 1), WEFT_E_INVALID, 2, "row 0", "-9223372036854775808");
}
END_TEST

START_TEST(an_offset_of_63_bits_is_past_the_data) {
  static const int64_t offsets[] = {0, INT64_MAX};
  refused(weft_column_offsets64("abcde", 5, offsets, 1), WEFT_E_INVALID, 3, "row 0", "9223372036854775807", "5");
}
END_TEST

START_TEST(misaligned_offsets_are_invalid) {
  static const int64_t room[4] = {0};
  const void *odd32 = (const char *)room + 2, *odd64 = (const char *)room + 4;
  refused(weft_column_offsets32("a", 1, odd32, 1), WEFT_E_INVALID, 1, "4");
  refused(weft_column_offsets64("a", 1, odd64, 1), WEFT_E_INVALID, 1, "8");
}
END_TEST

/* Validation: views. */

static struct weft_view view(int32_t length, const char *prefix, int32_t buffer, int32_t offset) {
  struct weft_view v = {.length = length};
  memcpy(v.as.ref.prefix, prefix, 4);
  v.as.ref.buffer = buffer;
  v.as.ref.offset = offset;
  return v;
}

static const uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz";
static const uint8_t *const buffers[] = {letters, letters};
static const size_t buffer_bytes[] = {26, 20};

static struct weft_column two_views(struct weft_view *views, struct weft_view second) {
  views[0] = view(26, "abcd", 0, 0);
  views[1] = second;
  return weft_column_views(views, 2, buffers, buffer_bytes, 2);
}

START_TEST(views_that_end_with_their_buffer_are_valid) {
  struct weft_view views[2];
  valid(two_views(views, view(20, "abcd", 1, 0)));
  valid(two_views(views, view(13, "hijk", 1, 7)));
}
END_TEST

START_TEST(views_past_their_buffer_are_invalid) {
  struct weft_view views[2];
  refused(two_views(views, view(21, "abcd", 1, 0)), WEFT_E_INVALID, 5, "row 1", "21", "0", "buffer 1", "20");
  refused(two_views(views, view(13, "ijkl", 1, 8)), WEFT_E_INVALID, 5, "row 1", "13", "8", "buffer 1", "20");
  refused(two_views(views, view(13, "ijkl", 1, INT32_MAX)), WEFT_E_INVALID, 2, "row 1", "2147483647");
  refused(two_views(views, view(INT32_MAX, "abcd", 1, INT32_MAX)), WEFT_E_INVALID, 2, "row 1", "2147483647");
}
END_TEST

START_TEST(views_into_buffers_that_are_not_there_are_invalid) {
  struct weft_view views[2];
  refused(two_views(views, view(13, "abcd", 2, 0)), WEFT_E_INVALID, 3, "row 1", "buffer 2", "2");
  refused(two_views(views, view(13, "abcd", -1, 0)), WEFT_E_INVALID, 2, "row 1", "-1");
  refused(two_views(views, view(13, "abcd", INT32_MAX, 0)), WEFT_E_INVALID, 2, "row 1", "2147483647");
}
END_TEST

START_TEST(long_views_without_any_buffers_are_invalid) {
  struct weft_view one = view(13, "abcd", 0, 0);
  static const uint8_t *const missing[] = {NULL};
  refused(weft_column_views(&one, 1, NULL, NULL, 0), WEFT_E_INVALID, 3, "row 0", "buffer 0", "0");
  refused(weft_column_views(&one, 1, NULL, buffer_bytes, 1), WEFT_E_INVALID, 3, "row 0", "buffer 0", "NULL");
  refused(weft_column_views(&one, 1, buffers, NULL, 1), WEFT_E_INVALID, 3, "row 0", "buffer 0", "NULL");
  refused(weft_column_views(&one, 1, missing, buffer_bytes, 1), WEFT_E_INVALID, 3, "row 0", "buffer 0", "NULL");
}
END_TEST

START_TEST(views_of_negative_length_or_offset_are_invalid) {
  struct weft_view views[2];
  refused(two_views(views, view(-1, "abcd", 0, 0)), WEFT_E_INVALID, 2, "row 1", "-1");
  refused(two_views(views, view(INT32_MIN, "abcd", 0, 0)), WEFT_E_INVALID, 2, "row 1", "-2147483648");
  refused(two_views(views, view(13, "abcd", 0, -5)), WEFT_E_INVALID, 2, "row 1", "-5");
}
END_TEST

START_TEST(inline_views_need_no_buffers) {
  struct weft_view one = {.length = 12};
  memcpy(one.as.inlined, "abcdefghijkl", 12);
  valid(weft_column_views(&one, 1, NULL, NULL, 0));
}
END_TEST

START_TEST(misaligned_views_are_invalid) {
  static const uint64_t room[8] = {0};
  refused(weft_column_views((const void *)((const char *)room + 2), 1, NULL, NULL, 0), WEFT_E_INVALID, 1, "4");
}
END_TEST

/* Validation: selections. */

START_TEST(selected_rows_out_of_the_layout_are_invalid) {
  uint32_t selection[] = {0, 2, 3}, last[] = {UINT32_MAX};
  struct weft_column column = weft_column_bytes("abc", 1, 3);
  refused(weft_column_with_selection(column, selection, 3), WEFT_E_INVALID, 3, "selection[2]", "3", "3");
  refused(weft_column_with_selection(column, last, 1), WEFT_E_INVALID, 3, "selection[0]", "4294967295", "3");
}
END_TEST

START_TEST(a_selection_from_no_rows_at_all_is_invalid) {
  uint32_t selection[] = {0};
  refused(weft_column_with_selection(weft_column_bytes("", 1, 0), selection, 1), WEFT_E_INVALID, 3, "selection[0]", "0",
          "0");
}
END_TEST

START_TEST(a_wild_number_in_a_null_row_of_a_selection_is_valid) {
  uint32_t selection[] = {0, 0xFFFFFFFF, 2};
  uint8_t bits = 5;
  struct weft_column column = weft_column_with_selection(weft_column_bytes("abc", 1, 3), selection, 3);
  valid(weft_column_with_validity(column, &bits, 0));
}
END_TEST

START_TEST(a_misaligned_selection_is_invalid) {
  static const uint32_t room[4] = {0};
  const void *odd = (const char *)room + 1;
  refused(weft_column_with_selection(weft_column_bytes("abc", 1, 3), odd, 2), WEFT_E_INVALID, 1, "4");
}
END_TEST

/* Validation: sizes that no memory could hold. */

START_TEST(rows_and_widths_that_overflow_are_refused) {
  static const int32_t offsets32[] = {0};
  static const int64_t offsets64[] = {0};
  static const size_t lengths[] = {0};
  static const void *const ptrs[] = {NULL};
  struct weft_view one = {.length = 0};
  refused(weft_column_fixed("", WEFT_U64, SIZE_MAX / 4), WEFT_E_OVERFLOW, 2, "4611686018427387903", "8");
  refused(weft_column_bytes("", SIZE_MAX / 2, 3), WEFT_E_OVERFLOW, 2, "3", "9223372036854775807");
  refused(weft_column_bytes("", SIZE_MAX, SIZE_MAX), WEFT_E_OVERFLOW, 1, "18446744073709551615");
  refused(weft_column_offsets32("", 0, offsets32, SIZE_MAX), WEFT_E_OVERFLOW, 1, "18446744073709551615");
  refused(weft_column_offsets64("", 0, offsets64, SIZE_MAX / 8), WEFT_E_OVERFLOW, 1, "2305843009213693951");
  refused(weft_column_ptrs(ptrs, lengths, SIZE_MAX / 8), WEFT_E_OVERFLOW, 1, "2305843009213693951");
  refused(weft_column_views(&one, SIZE_MAX / 16, NULL, NULL, 0), WEFT_E_OVERFLOW, 1, "1152921504606846975");
}
END_TEST

START_TEST(a_selection_that_overflows_is_refused) {
  uint32_t selection[] = {0};
  struct weft_column column = weft_column_with_selection(weft_column_bytes("a", 1, 1), selection, SIZE_MAX / 4);
  refused(column, WEFT_E_OVERFLOW, 1, "4611686018427387903");
}
END_TEST

START_TEST(data_that_no_memory_holds_is_refused) {
  static const int64_t offsets[] = {0, 1};
  refused(weft_column_offsets64("a", SIZE_MAX, offsets, 1), WEFT_E_OVERFLOW, 1, "18446744073709551615");
}
END_TEST

START_TEST(lengths_that_pass_the_end_of_memory_are_refused) {
  const void *ptrs[] = {"a", "b"};
  size_t lengths[] = {1, SIZE_MAX};
  refused(weft_column_ptrs(ptrs, lengths, 2), WEFT_E_OVERFLOW, 2, "row 1", "18446744073709551615");
  lengths[1] = (size_t)PTRDIFF_MAX + 1;
  refused(weft_column_ptrs(ptrs, lengths, 2), WEFT_E_OVERFLOW, 2, "row 1", "9223372036854775808");
  ptrs[1] = (const void *)(UINTPTR_MAX - 10);
  lengths[1] = 12;
  refused(weft_column_ptrs(ptrs, lengths, 2), WEFT_E_OVERFLOW, 2, "row 1", "12 bytes");
}
END_TEST

START_TEST(a_bitmap_that_starts_past_all_memory_is_refused) {
  uint8_t bits = 1;
  uint32_t selection[] = {0};
  struct weft_column column = weft_column_bytes("a", 1, 1);
  refused(weft_column_with_validity(column, &bits, SIZE_MAX), WEFT_E_OVERFLOW, 1, "18446744073709551615");
  column = weft_column_with_selection(column, selection, 1);
  refused(weft_column_with_validity(column, &bits, SIZE_MAX - 1), WEFT_E_OVERFLOW, 1, "18446744073709551614");
}
END_TEST

START_TEST(a_layout_that_is_none_is_refused) {
  struct weft_column column = weft_column_bytes("a", 1, 1);
  static const int wrong[] = {0, 6, 1000, -1};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    column.layout = (enum weft_layout)wrong[i];
    refused(column, WEFT_E_INVALID, 1, "no layout");
  }
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {a_fixed_column_has_the_width_of_its_type,
                          a_type_that_is_no_number_gives_no_column,
                          a_column_of_bytes_may_have_any_width_and_none,
                          string_columns_keep_what_they_were_given,
                          a_view_is_16_bytes_with_its_prefix_behind_the_length,
                          validity_covers_the_layout_before_a_selection_and_the_rows_after_it,
                          a_second_selection_gives_no_column,
                          a_second_selection_on_an_empty_one_gives_no_column,
                          a_selection_of_no_column_gives_no_column,
                          a_null_selection_of_rows_is_refused,
                          random_columns_with_garbage_in_their_null_rows_are_valid,
                          offsets_may_end_exactly_at_the_data_and_start_after_its_beginning,
                          a_null_context_or_column_is_invalid,
                          null_arrays_of_rows_are_invalid_in_every_layout,
                          a_null_pointer_to_a_string_with_bytes_is_invalid,
                          offsets_that_decrease_are_invalid,
                          offsets_past_the_data_are_invalid,
                          negative_offsets_are_invalid,
                          an_offset_of_63_bits_is_past_the_data,
                          misaligned_offsets_are_invalid,
                          views_that_end_with_their_buffer_are_valid,
                          views_past_their_buffer_are_invalid,
                          views_into_buffers_that_are_not_there_are_invalid,
                          long_views_without_any_buffers_are_invalid,
                          views_of_negative_length_or_offset_are_invalid,
                          inline_views_need_no_buffers,
                          misaligned_views_are_invalid,
                          selected_rows_out_of_the_layout_are_invalid,
                          a_selection_from_no_rows_at_all_is_invalid,
                          a_wild_number_in_a_null_row_of_a_selection_is_valid,
                          a_misaligned_selection_is_invalid,
                          rows_and_widths_that_overflow_are_refused,
                          a_selection_that_overflows_is_refused,
                          data_that_no_memory_holds_is_refused,
                          lengths_that_pass_the_end_of_memory_are_refused,
                          a_bitmap_that_starts_past_all_memory_is_refused,
                          a_layout_that_is_none_is_refused};
  tcase_add_checked_fixture(tcase, set_up, tear_down);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("column", add_tests);
}
