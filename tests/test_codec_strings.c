/* SPDX-License-Identifier: MIT
 *
 * Strings as bytes and ends, and by dictionary: what is read is what was encoded; which of the two is chosen, and at what
 * cost. On every table.
 */
#include "codec_rig.h"
#include "suite.h"
#include "tables.h"

#include <weft/group.h>

static struct tables tables;
static struct rig rig;

START_TEST(strings_are_given_back) {
  static const uint8_t cascades[][WEFT_CODEC_DEPTH] = {
      {AUTO}, {RAW}, {STRINGS}, {STRINGS, DELTA}, {STRINGS, FOR}, {DICT}, {DICT, RLE, BITPACK}, {DICT, RAW}, {AUTO, RLE}};
  static const uint8_t expected[] = {AUTO, STRINGS, STRINGS, STRINGS, STRINGS, DICT, DICT, DICT, AUTO};
  rig_open(&rig, tables.list[_i]->isa, 4000 + (size_t)_i);
  for (size_t c = 0; c < sizeof cascades / sizeof *cascades; c++)
    for (size_t k = 0; k < COUNTS; k++)
      for (uint32_t distinct = 1; distinct < 100000; distinct *= 40) {
        struct codec_strings strings = rig_strings(&rig, counts[k], distinct);
        rig.options.sorted_dictionary = k % 2;
        char what[40];
        snprintf(what, sizeof what, "%s, %s, %u distinct", weft_codec_name(cascades[c][0]), weft_codec_name(cascades[c][1]),
                 distinct);
        guard_case.what = what;
        rig_encode_strings(&rig, &strings, cascades[c]);
        unsigned codec = rig.in.values->codec;
        CASE_CHECK(expected[c] == AUTO || codec == (strings.n == 0 ? STRINGS : expected[c]), 0, "%s",
                   weft_codec_name(codec));
        rig_expect_strings(&rig, &strings);
        rig_done(&rig);
      }
  rig_close(&rig);
}
END_TEST

START_TEST(the_parts_of_strings_go_by_the_cascade) {
  rig_open(&rig, NULL, 0);
  struct codec_strings strings = rig_strings(&rig, 2000, 100);
  static const uint8_t deltas[] = {STRINGS, DELTA, AUTO}, raw[] = {RAW, AUTO, AUTO}, runs[] = {DICT, RLE, BITPACK};
  rig_encode_strings(&rig, &strings, deltas);
  ck_assert_uint_eq(rig.in.values->child[0]->codec, DELTA);
  rig_done(&rig);
  rig_encode_strings(&rig, &strings, raw);
  ck_assert_uint_eq(rig.in.values->child[0]->codec, RAW);
  rig_done(&rig);
  rig_encode_strings(&rig, &strings, runs);
  ck_assert_uint_eq(rig.in.values->child[0]->codec, STRINGS);
  ck_assert_uint_eq(rig.in.values->child[1]->codec, RLE);
  ck_assert_uint_eq(rig.in.values->child[1]->child[0]->codec, BITPACK);
  rig_done(&rig);
  rig_close(&rig);
}
END_TEST

START_TEST(a_sorted_dictionary_of_strings_is_in_the_order_of_bytes) {
  static const char text[] = "bananaabanana\0aaaaaaaaab";
  static const int64_t offsets[] = {0, 6, 7, 13, 14, 22, 22, 23, 24}; /* banana a banana \0 aaaaaaaa "" a b */
  static const uint8_t cascade[] = {DICT, AUTO, AUTO};
  rig_open(&rig, NULL, 0);
  rig.options.sorted_dictionary = true;
  struct codec_strings strings = {.data = (const uint8_t *)text, .offsets = offsets, .n = 8};
  rig_encode_strings(&rig, &strings, cascade);
  MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
  int64_t ends[7];
  struct codec_text found;
  ck_assert_uint_eq(rig.in.values->child[0]->n, 6);
  MUST(rig.ctx, weft__strings_read(&rig.in, rig.in.values->child[0], 0, 6, ends, 8, &found));
  static const int64_t expected[] = {0, 0, 1, 2, 10, 11, 17}; /* "" \0 a aaaaaaaa b banana */
  for (size_t i = 0; i < 7; i++)
    ck_assert_int_eq(ends[i], expected[i]);
  ck_assert(memcmp(found.data, "\0aaaaaaaaabbanana", 17) == 0);
  rig_done(&rig);
  rig_close(&rig);
}
END_TEST

/* Encodes n strings, of so many distinct ones, as AUTO has it. Its notes must name both codecs, and which was chosen. */
static enum weft_codec chosen_for(uint32_t n, uint32_t distinct) {
  struct weft_choice list[20];
  struct weft_choices choices = {.list = list, .capacity = 20};
  rig_open(&rig, NULL, 0);
  rig.options.choices = &choices;
  struct codec_strings strings = rig_strings(&rig, n, distinct);
  rig_encode_strings(&rig, &strings, weft__codec_auto);
  enum weft_codec codec = (enum weft_codec)rig.in.values->codec;
  ck_assert_uint_ge(choices.n, 2);
  ck_assert_uint_eq(list[0].codec, DICT);
  ck_assert_uint_eq(list[1].codec, STRINGS);
  for (size_t i = 0; i < 2; i++) {
    ck_assert(list[i].chosen == (list[i].codec == codec));
    ck_assert_uint_eq(list[i].values, n);
    ck_assert_uint_eq(list[i].stream, 0);
  }
  uint64_t expected = list[codec == STRINGS].bytes, taken = rig.out.used - CODEC_HEADER_BYTES;
  ck_assert_msg(taken < expected * 21 / 20 + 50 && taken > expected * 19 / 20 - 50,
                "%u strings, %u distinct: %llu bytes, expected were %llu", n, distinct, (unsigned long long)taken,
                (unsigned long long)expected);
  rig_done(&rig);
  rig_close(&rig);
  return codec;
}

START_TEST(strings_that_repeat_go_to_a_dictionary_and_others_do_not) {
  ck_assert_int_eq(chosen_for(50000, 1), DICT);
  ck_assert_int_eq(chosen_for(50000, 3000), DICT);
  ck_assert_int_eq(chosen_for(50000, 10000000), STRINGS);
  ck_assert_int_eq(chosen_for(600, 20), DICT);
  ck_assert_int_eq(chosen_for(600, 10000000), STRINGS);
}
END_TEST

START_TEST(one_string_again_and_again_takes_its_bytes_once_and_a_constant) {
  rig_open(&rig, NULL, 0);
  struct codec_strings strings = rig_strings(&rig, 5000, 1);
  rig_encode_strings(&rig, &strings, weft__codec_auto);
  ck_assert_uint_eq(rig.in.values->codec, DICT);
  ck_assert_uint_eq(rig.in.values->child[1]->codec, CONST);
  ck_assert_uint_lt(rig.out.used, 200);
  rig_done(&rig);
  rig_close(&rig);
}
END_TEST

/* As weft_group; notes how many rows it was asked for at the most. */
static size_t most_grouped;
static weft_status group_noted(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, uint32_t *codes, size_t *count,
                               uint32_t *first) {
  most_grouped = keys->rows > most_grouped ? keys->rows : most_grouped;
  return weft_group(ctx, keys, n_keys, codes, count, first);
}

/* Strings of 16 bytes, string i being said by numbers[i]; of none where that is 0, if zeros are empty. */
static struct codec_strings strings_of(const uint64_t *numbers, uint32_t n, bool zeros_are_empty) {
  enum { WIDTH = 16, MOST = 1 << 16 };
  static uint8_t data[MOST * WIDTH];
  static int64_t offsets[MOST + 1];
  for (uint32_t i = 0; i < n; i++) {
    struct rng rng = {numbers[i]};
    rng_fill(&rng, data + offsets[i], WIDTH);
    offsets[i + 1] = offsets[i] + (zeros_are_empty && numbers[i] == 0 ? 0 : WIDTH);
  }
  return (struct codec_strings){.data = data, .offsets = offsets, .n = n};
}

#define MANY 50000
static uint64_t numbers[MANY];

static enum weft_codec encoded_as(const struct codec_strings *strings) {
  most_grouped = 0;
  rig.out.group = group_noted;
  rig_encode_strings(&rig, strings, weft__codec_auto);
  enum weft_codec codec = (enum weft_codec)rig.in.values->codec;
  rig_expect_strings(&rig, strings);
  rig_done(&rig);
  return codec;
}

/* Distinct strings, or every other is the same one. */
static struct codec_strings many_strings(bool half_are_one, bool which_is_empty) {
  for (uint32_t i = 0; i < MANY; i++)
    numbers[i] = half_are_one && i % 2 == 0 ? 0 : rng_next(&rig.rng);
  return strings_of(numbers, MANY, which_is_empty);
}

START_TEST(distinct_strings_are_not_all_numbered_to_find_that_out) {
  rig_open(&rig, NULL, 0);
  for (int half = 0; half < 2; half++) {
    struct codec_strings strings = many_strings(half, true);
    ck_assert_int_eq(encoded_as(&strings), STRINGS);
    ck_assert_uint_le(most_grouped, MANY / 16);
  }
  rig_close(&rig);
}
END_TEST

START_TEST(one_string_in_half_of_the_rows_makes_a_dictionary_though_the_others_are_distinct) {
  rig_open(&rig, NULL, 0);
  struct codec_strings strings = many_strings(true, false);
  ck_assert_int_eq(encoded_as(&strings), DICT);
  rig_close(&rig);
}
END_TEST

START_TEST(strings_that_come_some_two_times_each_make_a_dictionary_though_few_are_met_again) {
  rig_open(&rig, NULL, 0);
  for (uint32_t i = 0; i < MANY; i++)
    numbers[i] = rng_upto(&rig.rng, MANY / 2);
  struct codec_strings strings = strings_of(numbers, MANY, false);
  ck_assert_int_eq(encoded_as(&strings), DICT);
  rig_close(&rig);
}
END_TEST

START_TEST(a_sample_that_promises_too_much_does_not_make_a_dictionary) {
  rig_open(&rig, NULL, 0);
  for (uint32_t i = 0; i < MANY; i++)
    numbers[i] = rng_next(&rig.rng);
  for (uint32_t i = 0; i < 64; i++) /* where the sample is taken, equal ones */
    for (uint32_t k = 0; k < 32; k++)
      numbers[(uint64_t)i * (MANY - 32) / 63 + k] = k % 4;
  struct codec_strings strings = strings_of(numbers, MANY, false);
  ck_assert_int_eq(encoded_as(&strings), STRINGS);
  ck_assert_uint_eq(most_grouped, MANY); /* it was believed */
  rig_close(&rig);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, strings_are_given_back, 0, tables.n);
  tcase_add_test(tcase, the_parts_of_strings_go_by_the_cascade);
  tcase_add_test(tcase, a_sorted_dictionary_of_strings_is_in_the_order_of_bytes);
  tcase_add_test(tcase, strings_that_repeat_go_to_a_dictionary_and_others_do_not);
  tcase_add_test(tcase, one_string_again_and_again_takes_its_bytes_once_and_a_constant);
  tcase_add_test(tcase, distinct_strings_are_not_all_numbered_to_find_that_out);
  tcase_add_test(tcase, one_string_in_half_of_the_rows_makes_a_dictionary_though_the_others_are_distinct);
  tcase_add_test(tcase, strings_that_come_some_two_times_each_make_a_dictionary_though_few_are_met_again);
  tcase_add_test(tcase, a_sample_that_promises_too_much_does_not_make_a_dictionary);
}

int main(void) {
  tables = tables_here();
  return suite_main("codec_strings", add_tests);
}
