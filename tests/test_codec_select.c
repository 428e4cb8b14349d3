/* SPDX-License-Identifier: MIT
 *
 * What the encoder chooses of columns that a sample may take for something else.
 */
#include "contexts.h"
#include "suite.h"

/* Encodes a column by AUTO; whether a dictionary was made and then given up, so that the values were chosen for twice. */
static bool chooses_twice(weft_ctx *ctx, const struct weft_column *column, size_t *bytes) {
  static uint8_t encoding[4 << 20];
  struct weft_choice list[64];
  struct weft_choices choices = {.list = list, .capacity = 64};
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  options.choices = &choices;
  ck_assert_int_eq(weft_encode(ctx, column, &options, encoding, sizeof encoding, bytes), WEFT_OK);
  for (size_t i = 0; i < choices.n; i++)
    if (list[i].depth == 0 && list[i].stream != 0)
      return true;
  return false;
}

/* One value every so many rows, the others distinct: a sample with such a step sees nothing else, and any other sees it
 * again and again. */
START_TEST(one_value_that_comes_again_and_again_does_not_promise_a_dictionary) {
  enum { ROWS = 1 << 18 };
  static uint64_t values[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  for (size_t period = 2; period <= 4096; period *= 2) {
    struct rng rng = {period};
    guard_case = (struct guard_case){.what = "period", .rows = ROWS, .length = period};
    for (size_t i = 0; i < ROWS; i++)
      values[i] = i % period == 0 ? 5 : rng_next(&rng) >> 14;
    struct weft_column column = weft_column_fixed(values, WEFT_U64, ROWS);
    size_t bytes;
    CASE_CHECK(!chooses_twice(ctx, &column, &bytes), 0, "a dictionary was made and given up");
    CASE_CHECK(bytes <= ROWS / 8 * 51, 0, "%zu bytes", bytes);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, one_value_that_comes_again_and_again_does_not_promise_a_dictionary);
}

int main(void) {
  return suite_main("codec_select", add_tests);
}
