/* SPDX-License-Identifier: MIT
 *
 * What the encoder chooses of columns that a sample may take for something else.
 */
#include "contexts.h"
#include "suite.h"

static size_t encoded_bytes(weft_ctx *ctx, const struct weft_column *column, enum weft_codec codec) {
  static uint8_t encoding[4 << 20];
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  options.codec[0] = (uint8_t)codec;
  size_t bytes;
  ck_assert_int_eq(weft_encode(ctx, column, &options, encoding, sizeof encoding, &bytes), WEFT_OK);
  return bytes;
}

/* Every so many rows one value, the others nearly all distinct: a sample with such a step sees nothing else. */
START_TEST(one_value_every_so_many_rows_is_not_taken_for_all) {
  enum { ROWS = 1 << 18 };
  static uint64_t values[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  for (size_t period = 2; period <= 4096; period *= 2) {
    struct rng rng = {period};
    guard_case = (struct guard_case){.what = "period", .rows = ROWS, .length = period};
    for (size_t i = 0; i < ROWS; i++)
      values[i] = i % period == 0 ? 5 : rng_next(&rng) >> 46;
    struct weft_column column = weft_column_fixed(values, WEFT_U64, ROWS);
    size_t packed = encoded_bytes(ctx, &column, WEFT_CODEC_FOR), chosen = encoded_bytes(ctx, &column, WEFT_CODEC_AUTO);
    CASE_CHECK(chosen <= packed + packed / 100, 0, "%zu bytes, and %zu packed", chosen, packed);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, one_value_every_so_many_rows_is_not_taken_for_all);
}

int main(void) {
  return suite_main("codec_select", add_tests);
}
