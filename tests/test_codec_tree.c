/* SPDX-License-Identifier: MIT
 *
 * Codecs one by one and one upon another: what is read is what was encoded, whole, by ranges and row by row, at every count
 * around the edges of blocks; which form they take; what they refuse. On every table.
 */
#include "codec_rig.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct rig rig;

static void check_round_trip(const struct codec_values *values, const uint8_t *cascade) {
  rig_encode(&rig, values, cascade);
  unsigned expected = values->n == 0 ? RAW : cascade[0];
  CASE_CHECK(expected == AUTO || rig.in.values->codec == expected, 0, "codec %s, not %s",
             weft_codec_name(rig.in.values->codec), weft_codec_name(expected));
  rig_expect(&rig, values);
  rig_done(&rig);
}

/* By one codec, values of every kind and width that it takes. */
static void check_codec(enum weft_codec codec, size_t table) {
  static const uint32_t items[] = {1, 2, 4, 8, 0, 3, 16, 40};
  bool any_width = codec == RAW || codec == CONST || codec == DICT;
  const uint8_t cascade[WEFT_CODEC_DEPTH] = {(uint8_t)codec};
  rig_open(&rig, tables.list[table]->isa, table);
  guard_case.what = weft_codec_name(codec);
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    if ((!any_width && !codec_is_word(items[i])) || (codec == SPLIT && items[i] < 4))
      continue;
    for (int kind = 0; kind < VALUE_KINDS; kind++)
      for (size_t k = 0; k < COUNTS && (codec != CONST || kind == VALUES_CONSTANT); k++) {
        struct codec_values values = rig_values(&rig, (enum value_kind)kind, items[i], counts[k]);
        values.is_signed = codec_is_word(items[i]) && k % 2 == 0;
        rig.options.sorted_dictionary = k % 3 == 0;
        check_round_trip(&values, cascade);
      }
  }
  rig_close(&rig);
}

START_TEST(raw_gives_back_what_it_was_given) {
  check_codec(RAW, (size_t)_i);
}
END_TEST

START_TEST(const_gives_back_what_it_was_given) {
  check_codec(CONST, (size_t)_i);
}
END_TEST

START_TEST(bitpack_gives_back_what_it_was_given) {
  check_codec(BITPACK, (size_t)_i);
}
END_TEST

START_TEST(for_gives_back_what_it_was_given) {
  check_codec(FOR, (size_t)_i);
}
END_TEST

START_TEST(delta_gives_back_what_it_was_given) {
  check_codec(DELTA, (size_t)_i);
}
END_TEST

START_TEST(a_delta_whose_first_steps_are_outliers_is_given_back) {
  static const uint8_t cascade[WEFT_CODEC_DEPTH] = {DELTA};
  uint32_t words[CODEC_BLOCK];
  rig_open(&rig, tables.list[_i]->isa, 3000 + (size_t)_i);
  guard_case.what = "delta";
  for (size_t outliers = 0; outliers < 4; outliers++) {
    uint32_t word = 0;
    for (size_t i = 0; i < CODEC_BLOCK; i++)
      words[i] = word += i <= outliers ? 1u << 30 : 1 + (uint32_t)rng_upto(&rig.rng, 7);
    const struct codec_values values = {.at = words, .n = CODEC_BLOCK, .item = 4};
    check_round_trip(&values, cascade);
  }
  rig_close(&rig);
}
END_TEST

START_TEST(rle_gives_back_what_it_was_given) {
  check_codec(RLE, (size_t)_i);
}
END_TEST

START_TEST(dict_gives_back_what_it_was_given) {
  check_codec(DICT, (size_t)_i);
}
END_TEST

START_TEST(split_gives_back_what_it_was_given) {
  check_codec(SPLIT, (size_t)_i);
}
END_TEST

START_TEST(the_selector_gives_back_what_it_was_given) {
  check_codec(AUTO, (size_t)_i);
}
END_TEST

START_TEST(any_codecs_one_upon_another_give_back_what_they_were_given) {
  static const uint8_t codecs[] = {AUTO, RAW, BITPACK, FOR, DELTA, RLE, DICT, SPLIT};
  rig_open(&rig, tables.list[_i]->isa, 1000 + (size_t)_i);
  for (size_t i = 0; i < 600; i++) {
    uint8_t cascade[WEFT_CODEC_DEPTH];
    for (size_t depth = 0; depth < WEFT_CODEC_DEPTH; depth++)
      cascade[depth] = codecs[rng_upto(&rig.rng, sizeof codecs - (depth == 0 ? 1 : 2))]; /* parts may be bytes */
    const uint32_t item = cascade[0] == SPLIT ? 4u << rng_upto(&rig.rng, 1) : 1u << rng_upto(&rig.rng, 3);
    enum value_kind kind = (enum value_kind)rng_upto(&rig.rng, VALUE_KINDS - 1);
    struct codec_values values = rig_values(&rig, kind, item, (uint32_t)rng_upto(&rig.rng, 5000));
    values.is_signed = rng_percent(&rig.rng, 50);
    char what[40];
    snprintf(what, sizeof what, "%s, %s, %s", weft_codec_name(cascade[0]), weft_codec_name(cascade[1]),
             weft_codec_name(cascade[2]));
    guard_case.what = what;
    check_round_trip(&values, cascade);
  }
  rig_close(&rig);
}
END_TEST

/* ---- Runs ---- */

/* Encodes 20,000 values of a kind as runs; how many parts the stream has: 2, ends too, or 1, the bitmap. */
static unsigned parts_of_runs(enum value_kind kind) {
  static const uint8_t cascade[] = {RLE, AUTO, AUTO};
  rig_open(&rig, NULL, 0);
  struct codec_values values = rig_values(&rig, kind, 8, 20000);
  rig_encode(&rig, &values, cascade);
  unsigned parts = rig.in.values->children;
  ck_assert_uint_eq(rig.in.values->child[0]->role, WEFT_ROLE_VALUES);
  rig_expect(&rig, &values);
  rig_done(&rig);
  rig_close(&rig);
  return parts;
}

START_TEST(short_runs_are_a_bitmap) {
  ck_assert_uint_eq(parts_of_runs(VALUES_RUNS_2), 1);
}
END_TEST

START_TEST(long_runs_are_ends) {
  ck_assert_uint_eq(parts_of_runs(VALUES_RUNS_100), 2);
}
END_TEST

START_TEST(short_runs_of_one_length_are_ends_because_these_take_no_bits) {
  ck_assert_uint_eq(parts_of_runs(VALUES_RUNS_EVEN), 2);
}
END_TEST

START_TEST(rows_of_runs_are_found_backwards_forwards_and_anywhere) {
  static const uint8_t cascade[] = {RLE, AUTO, AUTO};
  rig_open(&rig, tables.list[_i]->isa, 2000 + (size_t)_i);
  guard_case.what = "rle";
  for (uint32_t step = 1; step < 40000; step = step * 5 + 3) {
    struct codec_values values = rig_values(&rig, VALUES_RUNS_100, 4, 300000); /* some 3 blocks of runs */
    rig_encode(&rig, &values, cascade);
    ck_assert_uint_gt(rig.in.values->child[0]->n, 2 * CODEC_BLOCK);
    MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
    for (size_t i = 0; i < 2000; i++) {
      size_t row = i * step % values.n;
      row = step % 2 ? row : values.n - 1 - row;
      uint32_t value, right = (uint32_t)codec_word(values.at, row, 4);
      MUST(rig.ctx, weft__codec_read(&rig.in, rig.in.values, (uint32_t)row, 1, &value));
      CASE_CHECK(value == right, row, "%08x, not %08x, step %u", value, right, step);
    }
    rig_done(&rig);
  }
  rig_close(&rig);
}
END_TEST

/* ---- Dictionaries ---- */

/* The dictionary of a stream of words, of the type that `like` has. */
static void expect_dictionary(struct codec_values like, const void *words, uint32_t n, bool sorted, const void *expected,
                              uint32_t expected_n) {
  static const uint8_t cascade[] = {DICT, AUTO, AUTO};
  uint8_t out[100];
  like.at = words;
  like.n = n;
  rig.options.sorted_dictionary = sorted;
  rig_encode(&rig, &like, cascade);
  MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
  struct codec_node *dictionary = rig.in.values->child[0];
  ck_assert_uint_eq(dictionary->n, expected_n);
  MUST(rig.ctx, weft__codec_read(&rig.in, dictionary, 0, expected_n, out));
  ck_assert_msg(memcmp(out, expected, expected_n * like.item) == 0, "the dictionary of width %u, signed %d, sorted %d",
                like.item, like.is_signed, sorted);
  rig_done(&rig);
}

START_TEST(a_dictionary_is_in_order_of_first_sight) {
  rig_open(&rig, NULL, 0);
  const uint16_t words[] = {5, 9, 5, 3, 9, 65535, 3};
  expect_dictionary((struct codec_values){.item = 2}, words, 7, false, (uint16_t[]){5, 9, 3, 65535}, 4);
  expect_dictionary((struct codec_values){.item = 3}, "ccaabbccaaaa", 4, false, "ccaabbaaa", 3);
  rig_close(&rig);
}
END_TEST

START_TEST(a_sorted_dictionary_is_in_the_order_of_its_type) {
  rig_open(&rig, NULL, 0);
  const uint16_t words[] = {5, 9, 5, 3, 9, 65535, 3};
  const int64_t numbers[] = {1, INT64_MIN, -1, INT64_MAX, 0, -1};
  expect_dictionary((struct codec_values){.item = 2}, words, 7, true, (uint16_t[]){3, 5, 9, 65535}, 4);
  expect_dictionary((struct codec_values){.item = 2, .is_signed = true}, words, 7, true, (uint16_t[]){65535, 3, 5, 9}, 4);
  expect_dictionary((struct codec_values){.item = 8, .is_signed = true}, numbers, 6, true,
                    (int64_t[]){INT64_MIN, -1, 0, 1, INT64_MAX}, 5);
  expect_dictionary((struct codec_values){.item = 3}, "ccaabbccaaaa", 4, true, "aaaabbcca", 3);
  rig_close(&rig);
}
END_TEST

START_TEST(bytes_are_sorted_past_their_eighth) {
  rig_open(&rig, NULL, 0);
  expect_dictionary((struct codec_values){.item = 10}, "xxxxxxxxbbxxxxxxxxbaxxxxxxxxbbaxxxxxxxzz", 4, true,
                    "axxxxxxxzzxxxxxxxxbaxxxxxxxxbb", 3);
  rig_close(&rig);
}
END_TEST

START_TEST(a_thousand_values_are_sorted) {
  static const uint8_t cascade[] = {DICT, AUTO, AUTO};
  rig_open(&rig, NULL, 0);
  for (uint32_t n = 1; n < 1100; n = n * 5 / 4 + 1) {
    uint32_t sorted[1100];
    struct codec_values values = rig_values(&rig, VALUES_RANDOM, 4, n);
    rig.options.sorted_dictionary = true;
    rig_encode(&rig, &values, cascade);
    MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
    MUST(rig.ctx, weft__codec_read(&rig.in, rig.in.values->child[0], 0, rig.in.values->child[0]->n, sorted));
    for (uint32_t i = 1; i < rig.in.values->child[0]->n; i++)
      CASE_CHECK(sorted[i - 1] < sorted[i], i, "%u before %u", sorted[i - 1], sorted[i]);
    rig_done(&rig);
  }
  rig_close(&rig);
}
END_TEST

START_TEST(zeros_of_both_signs_and_nans_of_all_bits_are_values_of_their_own) {
  rig_open(&rig, NULL, 0);
  const uint64_t bits[] = {0, (uint64_t)1 << 63, 0x7ff8000000000001, 0x7ff8000000000002, 0xfff8000000000001, 0};
  expect_dictionary((struct codec_values){.item = 8, .is_float = true}, bits, 6, false, bits, 5);
  rig_close(&rig);
}
END_TEST

START_TEST(a_dictionary_that_grows_too_large_gives_way_to_another_codec) {
  static const uint8_t cascade[] = {DICT, RLE, AUTO};
  rig_open(&rig, NULL, 0);
  struct codec_values values = rig_values(&rig, VALUES_RANDOM, 4, 3000);
  rig.options.dictionary_rows = 2000;
  rig_encode(&rig, &values, cascade);
  ck_assert_uint_ne(rig.in.values->codec, DICT);
  ck_assert(rig.out.no_dictionary);
  rig_expect(&rig, &values);
  rig_done(&rig);
  struct codec_strings strings = rig_strings(&rig, 3000, 1000000);
  rig_encode_strings(&rig, &strings, cascade);
  ck_assert_uint_eq(rig.in.values->codec, STRINGS);
  rig_expect_strings(&rig, &strings);
  rig_done(&rig);
  rig_close(&rig);
}
END_TEST

START_TEST(few_values_of_a_large_dictionary_are_read_without_room_for_it) {
  static const uint8_t cascade[] = {DICT, AUTO, AUTO};
  rig_open(&rig, tables.list[_i]->isa, 3000 + (size_t)_i);
  struct codec_values values = rig_values(&rig, VALUES_RANDOM, 8, 100000);
  rig_encode(&rig, &values, cascade);
  rig.in.budget = 100000;
  MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
  for (uint32_t row = 7; row < values.n; row += 9999) {
    uint64_t value;
    MUST(rig.ctx, weft__codec_read(&rig.in, rig.in.values, row, 1, &value));
    CASE_CHECK(value == codec_word(values.at, row, 8), row, "%llx", (unsigned long long)value);
  }
  uint64_t *all = rig_array(&rig, 100000 * sizeof *all);
  REFUSED(rig.ctx, weft__codec_read(&rig.in, rig.in.values, 0, values.n, all), WEFT_E_LIMIT, "100000 times 8");
  rig_done(&rig);
  rig_close(&rig);
}
END_TEST

/* ---- Refusals, and no memory ---- */

START_TEST(a_codec_refuses_values_that_it_is_not_for) {
  rig_open(&rig, NULL, 0);
  struct codec_values values = rig_values(&rig, VALUES_FEW, 3, 100);
  rig_begin(&rig);
  for (uint8_t codec = BITPACK; codec <= SPLIT; codec++)
    if (codec != DICT)
      REFUSED(rig.ctx, weft__codec_encode(&rig.out, &values, WEFT_ROLE_VALUES, &codec, 0), WEFT_E_INVALID, "3");
  values = rig_values(&rig, VALUES_FEW, 2, 100);
  const uint8_t split = SPLIT, strings = STRINGS;
  REFUSED(rig.ctx, weft__codec_encode(&rig.out, &values, WEFT_ROLE_VALUES, &split, 0), WEFT_E_INVALID, "2");
  REFUSED(rig.ctx, weft__codec_encode(&rig.out, &values, WEFT_ROLE_VALUES, &strings, 0), WEFT_E_INVALID, "strings");
  struct codec_strings some = rig_strings(&rig, 100, 10);
  for (uint8_t codec = CONST; codec <= SPLIT + 1; codec++)
    if (codec != DICT && codec != STRINGS)
      REFUSED(rig.ctx, weft__codec_encode_strings(&rig.out, &some, WEFT_ROLE_VALUES, &codec, 0), WEFT_E_INVALID, "strings");
  rig_close(&rig);
}
END_TEST

START_TEST(too_little_room_is_said_and_nothing_is_left) {
  static const uint8_t cascades[][WEFT_CODEC_DEPTH] = {{RLE}, {DICT}, {SPLIT}, {DICT, RLE}, {RLE, DICT}};
  rig_open(&rig, NULL, 0);
  for (size_t c = 0; c < sizeof cascades / sizeof *cascades; c++)
    for (int kind = 0; kind < VALUE_KINDS; kind += 3) {
      struct codec_values values = rig_values(&rig, (enum value_kind)kind, 4, 3000);
      rig_encode(&rig, &values, cascades[c]);
      size_t used = rig.out.used;
      rig_done(&rig);
      for (rig.out.cap = used - rig.out.n_nodes * CODEC_ENTRY_BYTES; rig.out.cap-- > CODEC_HEADER_BYTES;) {
        rig_begin(&rig);
        REFUSED(rig.ctx, weft__codec_encode(&rig.out, &values, WEFT_ROLE_VALUES, cascades[c], 0), WEFT_E_SPACE, "room");
        rig.out.cap -= rig.out.cap > 300 ? 200 : 0;
      }
      rig.out.cap = RIG_CAP;
    }
  rig_close(&rig); /* which looks for what is left */
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, raw_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, const_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, bitpack_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, for_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, delta_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, a_delta_whose_first_steps_are_outliers_is_given_back, 0, tables.n);
  tcase_add_loop_test(tcase, rle_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, dict_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, split_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, the_selector_gives_back_what_it_was_given, 0, tables.n);
  tcase_add_loop_test(tcase, any_codecs_one_upon_another_give_back_what_they_were_given, 0, tables.n);
  tcase_add_test(tcase, short_runs_are_a_bitmap);
  tcase_add_test(tcase, long_runs_are_ends);
  tcase_add_test(tcase, short_runs_of_one_length_are_ends_because_these_take_no_bits);
  tcase_add_loop_test(tcase, rows_of_runs_are_found_backwards_forwards_and_anywhere, 0, tables.n);
  tcase_add_test(tcase, a_dictionary_is_in_order_of_first_sight);
  tcase_add_test(tcase, a_sorted_dictionary_is_in_the_order_of_its_type);
  tcase_add_test(tcase, bytes_are_sorted_past_their_eighth);
  tcase_add_test(tcase, a_thousand_values_are_sorted);
  tcase_add_test(tcase, zeros_of_both_signs_and_nans_of_all_bits_are_values_of_their_own);
  tcase_add_test(tcase, a_dictionary_that_grows_too_large_gives_way_to_another_codec);
  tcase_add_loop_test(tcase, few_values_of_a_large_dictionary_are_read_without_room_for_it, 0, tables.n);
  tcase_add_test(tcase, a_codec_refuses_values_that_it_is_not_for);
  tcase_add_test(tcase, too_little_room_is_said_and_nothing_is_left);
}

int main(void) {
  tables = tables_here();
  return suite_main("codec_tree", add_tests);
}
