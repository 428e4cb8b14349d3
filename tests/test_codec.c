/* SPDX-License-Identifier: MIT
 *
 * Codecs: columns of every type, layout and shape, with nulls and selections, in guarded memory, encoded on every table to
 * the same bytes, and decoded in every way beside the plain truth of their rows.
 */
#include <math.h>

#include "coded.h"
#include "contexts.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;
static weft_ctx *ctxs[SIMD_ISAS];

/* Contexts stay open over all cases of a test. */
static void open_ctxs(void) {
  for (int i = 0; i < tables.n; i++)
    ctxs[i] = ctx_on(tables.list[i]->isa, 0);
}

static void close_ctxs(void) {
  for (int i = 0; i < tables.n; i++)
    weft_ctx_free(ctxs[i]);
  guard_close(&pool);
}

static const char *cascade_text(const struct weft_encode_options *options) {
  static char text[60];
  const uint8_t *codec = options->codec;
  snprintf(text, sizeof text, "%s-%s-%s", weft_codec_name(codec[0]), weft_codec_name(codec[1]), weft_codec_name(codec[2]));
  return text;
}

static void say_case(const struct coded_spec *spec, const struct weft_encode_options *options, const char *isa,
                     uint64_t seed) {
  static char what[200];
  snprintf(what, sizeof what, "%s by %s", coded_spec_text(spec), cascade_text(options));
  guard_case = (struct guard_case){.what = what, .isa = isa, .rows = spec->rows, .length = spec->width, .seed = seed};
}

/* Encodes the column on every table, to the same bytes or the same refusal, and decodes it on each. The status of
 * encoding. */
static weft_status round_trip(const struct coded_spec *spec, const struct weft_encode_options *options, uint64_t seed,
                              size_t ways) {
  struct rng rng = {seed};
  struct test_column truth;
  struct coded first = {0};
  weft_status status = WEFT_OK;
  guard_reset(&pool, 0);
  coded_build(&pool, &rng, spec, &truth);
  for (int i = 0; i < tables.n; i++) {
    struct coded coded;
    const char *wrong;
    say_case(spec, options, tables.list[i]->isa, seed);
    weft_status here = coded_encode(ctxs[i], &pool, &rng, &truth, options, &coded, &wrong);
    CASE_CHECK(!wrong, 0, "%s", wrong);
    if (i == 0) {
      status = here;
      first = coded;
    }
    CASE_CHECK(here == status, 0, "%s, and %s on the table before", weft_status_text(here), weft_status_text(status));
    CASE_CHECK(coded.bytes == first.bytes && (coded.bytes == 0 || memcmp(coded.at, first.at, first.bytes) == 0), 0,
               "%zu bytes that are not the %zu of the table %s", coded.bytes, first.bytes, tables.list[0]->isa);
    if (here != WEFT_OK)
      continue;
    wrong = coded_wrong(ctxs[i], &pool, &rng, &coded, options, ways);
    CASE_CHECK(!wrong, 0, "%s", wrong);
  }
  return status;
}

static struct weft_encode_options by_codec(uint8_t codec) {
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  options.codec[0] = codec;
  return options;
}

/* ---- */

START_TEST(a_random_column_comes_back_in_every_way_by_every_table) {
  static const size_t edges[] = {1023, 1024, 1025, 2047, 2048, 2049, 3071, 3072};
  open_ctxs();
  for (size_t i = 0; i < rng_cases(700); i++) {
    struct rng rng = {rng_case_seed((size_t)_i * 100000 + i)};
    size_t rows = rng_percent(&rng, 30)   ? edges[rng_upto(&rng, 7)]
                  : rng_percent(&rng, 40) ? rng_upto(&rng, 3072)
                                          : rng_upto(&rng, 200);
    struct coded_spec spec = coded_spec_draw(&rng, rows);
    struct weft_encode_options options = coded_options_draw(&rng);
    if (spec.width > 100 && rows > 1100)
      spec.rows = 1100;
    weft_status status = round_trip(&spec, &options, rng.state, 3);
    if (status == WEFT_E_INVALID && options.codec[0] != WEFT_CODEC_AUTO) {
      memset(options.codec, 0, sizeof options.codec);
      status = round_trip(&spec, &options, rng.state, 3);
    }
    CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctxs[0]));
  }
  close_ctxs();
}
END_TEST

/* What meets each codec in its own way, at every number of rows. */
static const struct {
  struct coded_spec spec;
  uint8_t codec;
} counted[] = {
    {{.type = WEFT_U8, .values = SHAPE_SMALL}, WEFT_CODEC_BITPACK},
    {{.type = WEFT_I16, .values = SHAPE_SMALL, .nulls = NULLS_ARE_MANY}, WEFT_CODEC_FOR},
    {{.type = WEFT_U32, .values = SHAPE_OUTLIERS}, WEFT_CODEC_FOR},
    {{.type = WEFT_I64, .values = SHAPE_WALK}, WEFT_CODEC_DELTA},
    {{.type = WEFT_I32, .values = SHAPE_RUNS}, WEFT_CODEC_RLE},
    {{.type = WEFT_U64, .values = SHAPE_FEW, .nulls = NULLS_ARE_RARE}, WEFT_CODEC_DICT},
    {{.type = WEFT_STRING, .width = 20, .values = SHAPE_FEW, .plain = true}, WEFT_CODEC_DICT},
    {{.type = WEFT_STRING, .width = 20, .values = SHAPE_ANY, .nulls = NULLS_ARE_RUNS}, WEFT_CODEC_STRINGS},
    {{.type = WEFT_F64, .values = SHAPE_SMALL}, WEFT_CODEC_SPLIT},
    {{.type = WEFT_F32, .values = SHAPE_EXTREMES, .nulls = NULLS_ARE_ONE}, WEFT_CODEC_SPLIT},
    {{.type = WEFT_FIXED_BYTES, .width = 3, .values = SHAPE_FEW}, WEFT_CODEC_AUTO},
};
#define COUNTED ((int)(sizeof counted / sizeof *counted))

START_TEST(every_number_of_rows_comes_back) {
  size_t step = rng_cases(100) >= 100 ? 1 : 9;
  open_ctxs();
  for (size_t rows = 0; rows <= 1030; rows += rows < 70 || rows > 1020 ? 1 : step) {
    struct coded_spec spec = counted[_i].spec;
    struct weft_encode_options options = by_codec(counted[_i].codec);
    spec.rows = rows;
    weft_status status = round_trip(&spec, &options, rng_case_seed(rows), 0);
    CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctxs[0]));
  }
  close_ctxs();
}
END_TEST

START_TEST(every_shape_of_values_and_nulls_of_a_type_comes_back_at_the_edges_of_blocks) {
  static const size_t edges[] = {0, 1, 2, 63, 64, 65, 1023, 1024, 1025, 2048, 3072};
  enum { EDGES = sizeof edges / sizeof *edges };
  open_ctxs();
  size_t all = VALUE_SHAPES * NULL_SHAPES * EDGES, part = rng_cases(all) < all ? 10 : 2;
  for (size_t i = (size_t)_i % part; i < all; i += part) {
    struct coded_spec spec = {.type = (enum weft_type)(WEFT_I8 + _i), .width = _i % 2 ? 16 : 5};
    spec.values = (enum value_shape)(i % VALUE_SHAPES);
    spec.nulls = (enum null_shape)(i / VALUE_SHAPES % NULL_SHAPES);
    spec.rows = edges[i / VALUE_SHAPES / NULL_SHAPES];
    struct weft_encode_options options = by_codec(WEFT_CODEC_AUTO);
    weft_status status = round_trip(&spec, &options, rng_case_seed(i), 1);
    CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctxs[0]));
  }
  close_ctxs();
}
END_TEST

/* The widths of a value that have ways of their own. */
START_TEST(fixed_bytes_of_every_width_come_back) {
  static const size_t widths[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 70000};
  open_ctxs();
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
    for (int shape = SHAPE_CONSTANT; shape <= SHAPE_ANY; shape += SHAPE_FEW) {
      struct coded_spec spec = {.type = WEFT_FIXED_BYTES,
                                .width = widths[i],
                                .rows = widths[i] > 1000 ? 40
                                        : widths[i] > 40 ? 1025
                                                         : 2100,
                                .values = (enum value_shape)shape,
                                .nulls = i % 2 ? NULLS_ARE_MANY : NULLS_ARE_NONE};
      struct weft_encode_options options = by_codec(WEFT_CODEC_AUTO);
      weft_status status = round_trip(&spec, &options, rng_case_seed(i), 2);
      CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctxs[0]));
    }
  close_ctxs();
}
END_TEST

/* Whether a codec takes a column of several different values, of which not all may be equal. */
static bool takes(uint8_t codec, enum weft_type type, size_t width, bool constant) {
  size_t bytes = type == WEFT_STRING ? 0 : type == WEFT_FIXED_BYTES ? width : column_type_width(type);
  bool word = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  switch (codec) {
  case WEFT_CODEC_CONST: return constant && type != WEFT_STRING;
  case WEFT_CODEC_BITPACK:
  case WEFT_CODEC_FOR:
  case WEFT_CODEC_DELTA:
  case WEFT_CODEC_RLE: return word;
  case WEFT_CODEC_STRINGS: return type == WEFT_STRING;
  case WEFT_CODEC_SPLIT: return word && (bytes == 4 || bytes == 8);
  default: return true;
  }
}

START_TEST(each_codec_takes_the_types_that_it_is_for_and_refuses_the_others) {
  open_ctxs();
  uint8_t codec = (uint8_t)(_i % (WEFT_CODEC_SPLIT + 1));
  bool constant = _i > WEFT_CODEC_SPLIT;
  for (int type = WEFT_I8; type <= WEFT_STRING; type++)
    for (size_t width = 3; width <= 8; width++) {
      struct coded_spec spec = {.type = (enum weft_type)type,
                                .width = width,
                                .rows = 1500,
                                .values = constant ? SHAPE_CONSTANT : SHAPE_WALK,
                                .nulls = width % 2 ? NULLS_ARE_RARE : NULLS_ARE_NONE};
      struct weft_encode_options options = by_codec(codec);
      uint64_t seed = 2; /* of a walk that moves */
      weft_status status = round_trip(&spec, &options, seed, 1);
      weft_status due = takes(codec, spec.type, width, constant) ? WEFT_OK : WEFT_E_INVALID;
      CASE_CHECK(status == due, 0, "%s, not %s", weft_status_text(status), weft_status_text(due));
      if (type != WEFT_FIXED_BYTES && type != WEFT_STRING)
        break;
    }
  close_ctxs();
}
END_TEST

/* Depth 3 is far more cascades than types of values, so each type has every cascade on one small column. */
START_TEST(every_cascade_comes_back_or_is_refused_by_every_table) {
  open_ctxs();
  size_t of_each[WEFT_CODEC_SPLIT + 1] = {0}, step = rng_cases(100) >= 100 ? 1 : 7;
  for (size_t i = 0; i < 1000; i += step) {
    struct coded_spec spec = {.type = (enum weft_type)(WEFT_I8 + _i), .width = 4, .rows = 1100, .values = SHAPE_RUNS};
    struct weft_encode_options options = by_codec((uint8_t)(i / 100));
    options.codec[1] = (uint8_t)(i / 10 % 10);
    options.codec[2] = (uint8_t)(i % 10);
    weft_status status = round_trip(&spec, &options, rng_case_seed(i % 3), 0);
    CASE_CHECK(status == WEFT_OK || (status == WEFT_E_INVALID && strlen(weft_ctx_message(ctxs[0])) > 20), 0, "%s: %s",
               weft_status_text(status), weft_ctx_message(ctxs[0]));
    of_each[i / 100] += status == WEFT_OK;
  }
  for (uint8_t codec = 0; codec <= WEFT_CODEC_SPLIT; codec++) /* CONST meets runs, which differ */
    CASE_CHECK((of_each[codec] > 0) == takes(codec, (enum weft_type)(WEFT_I8 + _i), 4, false), 0,
               "%zu cascades begin with %s", of_each[codec], weft_codec_name(codec));
  close_ctxs();
}
END_TEST

static const char *choices_wrong(const struct weft_choices *choices) {
  size_t chosen = 0;
  for (size_t i = 0; i < choices->n; i++)
    chosen += choices->list[i].chosen;
  uint32_t streams = choices->n > 0 ? choices->list[choices->n - 1].stream + 1 : 0;
  return choices->n > 0 && chosen == streams ? NULL : "not one codec is chosen for each stream";
}

START_TEST(what_the_encoder_chose_from_is_noted_as_far_as_there_is_room) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_choice list[200];
  struct weft_choices choices = {.list = list, .capacity = 200};
  struct weft_encode_options options = by_codec(WEFT_CODEC_AUTO);
  options.choices = &choices;
  for (size_t i = 0; i < 50; i++) {
    struct rng rng = {rng_case_seed(i)};
    struct coded_spec spec = coded_spec_draw(&rng, 2000);
    spec.nulls = NULLS_ARE_NONE;
    spec.width = 8;
    struct test_column truth;
    struct coded coded;
    const char *wrong;
    guard_reset(&pool, 0);
    coded_build(&pool, &rng, &spec, &truth);
    say_case(&spec, &options, NULL, rng.state);
    weft_status status = coded_encode(ctx, &pool, &rng, &truth, &options, &coded, &wrong);
    CASE_CHECK(status == WEFT_OK && !wrong, 0, "%s", wrong);
    size_t n = choices.n;
    CASE_CHECK(!choices_wrong(&choices), 0, "%s", choices_wrong(&choices));
    struct weft_choice before = list[1];
    choices.capacity = 1;
    list[0].values = 7;
    status = coded_encode(ctx, &pool, &rng, &truth, &options, &coded, &wrong);
    CASE_CHECK(status == WEFT_OK && choices.n == n && memcmp(&before, &list[1], sizeof before) == 0, 0,
               "%zu choices in room for 1", choices.n);
    CASE_CHECK(list[0].values == 2000, 0, "the first choice is of %llu values", (unsigned long long)list[0].values);
    choices.capacity = 200;
  }
  weft_ctx_free(ctx);
  guard_close(&pool);
}
END_TEST

/* Zones are recorded of columns of many blocks. */
START_TEST(zones_are_those_of_the_rows_of_each_block) {
  open_ctxs();
  for (size_t i = 0; i < rng_cases(20); i++) {
    struct rng rng = {rng_case_seed(i)};
    struct coded_spec spec = {.type = (enum weft_type)(WEFT_I8 + _i), .rows = 32768 + rng_upto(&rng, 3000)};
    spec.values = (enum value_shape)rng_upto(&rng, VALUE_SHAPES - 1);
    spec.nulls = (enum null_shape)rng_upto(&rng, NULL_SHAPES - 1);
    struct weft_encode_options options = by_codec(WEFT_CODEC_AUTO);
    options.zones = true;
    struct test_column truth;
    struct coded coded;
    const char *wrong;
    int table = (int)i % tables.n;
    guard_reset(&pool, 0);
    coded_build(&pool, &rng, &spec, &truth);
    say_case(&spec, &options, tables.list[table]->isa, rng_case_seed(i));
    weft_status status = coded_encode(ctxs[table], &pool, &rng, &truth, &options, &coded, &wrong);
    CASE_CHECK(status == WEFT_OK && !wrong, 0, "%s", wrong);
    CASE_CHECK(coded.info.has_zones, 0, "there are no zones");
    size_t blocks = (spec.rows + 1023) / 1024, first = rng_upto(&rng, blocks - 1);
    wrong = coded_wrong_zones(ctxs[table], &pool, &coded, 0, blocks);
    CASE_CHECK(!wrong, 0, "%s", wrong);
    wrong = coded_wrong_zones(ctxs[table], &pool, &coded, first, 1 + rng_upto(&rng, blocks - first - 1));
    CASE_CHECK(!wrong, 0, "from block %zu on: %s", first, wrong);
    wrong = coded_wrong(ctxs[table], &pool, &rng, &coded, &options, 2);
    CASE_CHECK(!wrong, 0, "%s", wrong);
  }
  close_ctxs();
}
END_TEST

/* Of a block whose least or greatest is a zero, whichever sign it has: the one that no zero is below, or above. */
START_TEST(a_zero_counts_for_both_of_its_signs) {
  enum { ROWS = 33 * 1024 };
  static double values[ROWS], min[33], max[33];
  static uint8_t encoded[400000];
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_encode_options options = by_codec(WEFT_CODEC_AUTO);
  options.zones = true;
  for (size_t i = 0; i < ROWS; i++)
    values[i] = i % 2 ? (i / 1024 % 2 ? 0.0 : -0.0) : (i / 1024 % 3 ? 1.0 : -1.0);
  struct weft_column column = weft_column_fixed(values, WEFT_F64, ROWS);
  size_t bytes;
  ck_assert_int_eq(weft_encode(ctx, &column, &options, encoded, sizeof encoded, &bytes), WEFT_OK);
  ck_assert_int_eq(weft_zones(ctx, encoded, bytes, NULL, min, max, NULL), WEFT_OK);
  for (size_t i = 0; i < 33; i++) {
    bool negative = i % 3 == 0; /* -1 and zeros, else zeros and 1 */
    ck_assert_msg(negative ? min[i] == -1.0 : min[i] == 0 && signbit(min[i]), "min of block %zu is %g", i, min[i]);
    ck_assert_msg(negative ? max[i] == 0 && !signbit(max[i]) : max[i] == 1.0, "max of block %zu is %g", i, max[i]);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, a_random_column_comes_back_in_every_way_by_every_table, 0, 2);
  tcase_add_loop_test(tcase, every_number_of_rows_comes_back, 0, COUNTED);
  tcase_add_loop_test(tcase, every_shape_of_values_and_nulls_of_a_type_comes_back_at_the_edges_of_blocks, 0, WEFT_STRING);
  tcase_add_test(tcase, fixed_bytes_of_every_width_come_back);
  tcase_add_loop_test(tcase, each_codec_takes_the_types_that_it_is_for_and_refuses_the_others, 0,
                      2 * (WEFT_CODEC_SPLIT + 1));
  tcase_add_loop_test(tcase, every_cascade_comes_back_or_is_refused_by_every_table, 0, WEFT_STRING);
  tcase_add_test(tcase, what_the_encoder_chose_from_is_noted_as_far_as_there_is_room);
  tcase_add_test(tcase, a_zero_counts_for_both_of_its_signs);
  tcase_add_loop_test(tcase, zones_are_those_of_the_rows_of_each_block, 0, WEFT_F64);
}

int main(void) {
  return suite_main("codec", add_tests);
}
