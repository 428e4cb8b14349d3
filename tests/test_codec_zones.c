/* SPDX-License-Identifier: MIT
 *
 * Zones: which rows and forms they may be asked for, and where there are none.
 */
#include "keys.h"
#include "suite.h"

enum { MANY = 40000 };

static uint32_t many[MANY];
static uint8_t encoded[200000];

/* The encoding's bytes, of MANY numbers, a hundred different ones. */
static size_t encode(weft_ctx *ctx, bool zones, enum weft_codec codec) {
  struct weft_encode_options options;
  struct weft_column column = weft_column_fixed(many, WEFT_U32, MANY);
  size_t bytes;
  weft_encode_options_init(&options, sizeof options);
  options.zones = zones;
  options.codec[0] = (uint8_t)codec;
  for (uint32_t i = 0; i < MANY; i++)
    many[i] = i * 7919 % 100;
  MUST(ctx, weft_encode(ctx, &column, &options, encoded, sizeof encoded, &bytes));
  return bytes;
}

static struct weft_decode_options decode_defaults(void) {
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  return options;
}

START_TEST(zones_that_were_not_recorded_are_refused) {
  uint32_t out[50];
  weft_ctx *ctx = ctx_with(NULL);
  size_t bytes = encode(ctx, false, WEFT_CODEC_AUTO);
  REFUSED(ctx, weft_zones(ctx, encoded, bytes, NULL, out, out, out), WEFT_E_INVALID, "none");
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(zones_are_of_whole_blocks) {
  uint32_t out[50];
  weft_ctx *ctx = ctx_with(NULL);
  size_t bytes = encode(ctx, true, WEFT_CODEC_AUTO);
  static const struct {
    uint64_t first, rows;
    weft_status status;
  } cases[] = {
      {0, UINT64_MAX, WEFT_OK},        {1024, 2048, WEFT_OK},     {39936, 64, WEFT_OK},        {MANY, 0, WEFT_E_INVALID},
      {1, UINT64_MAX, WEFT_E_INVALID}, {0, 1000, WEFT_E_INVALID}, {39936, 65, WEFT_E_INVALID}, {2048, 0, WEFT_OK}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct weft_decode_options options = decode_defaults();
    options.first_row = cases[i].first;
    options.rows = cases[i].rows;
    weft_status status = weft_zones(ctx, encoded, bytes, &options, out, NULL, out);
    ck_assert_msg(status == cases[i].status, "rows from %llu: %s", (unsigned long long)cases[i].first,
                  weft_status_text(status));
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(zones_are_neither_selected_nor_of_another_form) {
  static const uint32_t selection[] = {1};
  uint32_t out[50];
  weft_ctx *ctx = ctx_with(NULL);
  size_t bytes = encode(ctx, true, WEFT_CODEC_DICT);
  struct weft_decode_options options = decode_defaults();
  options.form = WEFT_FORM_DICTIONARY;
  REFUSED(ctx, weft_zones(ctx, encoded, bytes, &options, out, out, out), WEFT_E_INVALID, "form");
  options.form = WEFT_FORM_VALUES;
  options.rows = 2048;
  options.selection = selection;
  options.selected = 1;
  REFUSED(ctx, weft_zones(ctx, encoded, bytes, &options, out, out, out), WEFT_E_INVALID, "selection");
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, zones_that_were_not_recorded_are_refused);
  tcase_add_test(tcase, zones_are_of_whole_blocks);
  tcase_add_test(tcase, zones_are_neither_selected_nor_of_another_form);
}

int main(void) {
  return suite_main("codec_zones", add_tests);
}
