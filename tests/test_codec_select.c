/* SPDX-License-Identifier: MIT
 *
 * What the encoder chooses of columns that a sample may take for something else.
 */
#include "contexts.h"
#include "suite.h"

#include <math.h>

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

/* A chance repeat: of 2^18 numbers, most of them there once, a sample has now and then a pair or two, as if half of them
 * came twice. */
START_TEST(a_pair_met_by_chance_does_not_promise_a_dictionary) {
  enum { ROWS = 1 << 18, SEEDS = 48 };
  static uint64_t values[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    struct rng rng = {seed};
    guard_case = (struct guard_case){.what = "seed", .rows = ROWS, .seed = seed};
    for (size_t i = 0; i < ROWS; i++) /* of 2^21 numbers any one */
      values[i] = rng_upto(&rng, (1 << 21) - 1) * RNG_STEP;
    struct weft_column column = weft_column_fixed(values, WEFT_U64, ROWS);
    size_t bytes;
    CASE_CHECK(!chooses_twice(ctx, &column, &bytes), 0, "a dictionary was made and given up");
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Numbers of any length up to 20 bits: short ones come again and again, long ones hardly ever, so that a few show few. */
START_TEST(numbers_of_unlike_frequency_do_not_promise_a_dictionary) {
  enum { ROWS = 1 << 18, SEEDS = 16 };
  static uint64_t values[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    struct rng rng = {seed};
    guard_case = (struct guard_case){.what = "seed", .rows = ROWS, .seed = seed};
    for (size_t i = 0; i < ROWS; i++)
      values[i] = rng_next(&rng) >> (44 + rng_upto(&rng, 10));
    struct weft_column column = weft_column_fixed(values, WEFT_U64, ROWS);
    size_t bytes;
    CASE_CHECK(!chooses_twice(ctx, &column, &bytes), 0, "a dictionary was made and given up");
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Columns of all kinds, each by a number. */
enum kind {
  RANDOM,
  PACKED,
  OUTLIERS,
  SORTED,
  TIMES,
  RUNS2,
  RUNS10,
  RUNS100,
  SPARSE,
  DRAWN10,
  DRAWN1000,
  DRAWN9000,
  SIZES,
  MULTIPLES,
  HALVES,
  WALK,
  KINDS
};
static const char *const kind_names[KINDS] = {"random", "packed",    "outliers", "sorted",  "times",     "runs2",
                                              "runs10", "runs100",   "sparse",   "drawn10", "drawn1000", "drawn9000",
                                              "sizes",  "multiples", "halves",   "walk"};

/* Of columns that all but vanish, such as one number in a thousand that is not 0, a few blocks tell little, and a
 * thousandth of the values' bytes more or less is no matter. */
enum { KIND_ROWS = 1 << 16, NO_MATTER = KIND_ROWS * 8 / 1000 };

/* Value i of a column of a kind; *last: the one before. */
static uint64_t value_of(enum kind kind, size_t i, struct rng *rng, uint64_t last) {
  uint64_t random = rng_next(rng), other = rng_next(rng);
  switch (kind) {
  case PACKED: return 1000000 + random % 8192;
  case OUTLIERS: return other % 100 == 0 ? random >> 16 : random % 32;
  case SORTED: return last + random % 64;
  case TIMES: return (last ? last : 1700000000000000) + 1 + random % 4096;
  case RUNS2: return other % 2 ? last : random % 65536;
  case RUNS10: return other % 10 ? last : random >> 32;
  case RUNS100: return other % 100 ? last : random >> 32;
  case SPARSE: return other % 1000 ? 0 : random;
  case DRAWN10: return random % 10 * RNG_STEP;
  case DRAWN1000: return random % 1000 * RNG_STEP;
  case DRAWN9000: return random % 9000 * RNG_STEP;
  case SIZES: return random >> (40 + other % 20);
  case MULTIPLES: return random % 65536 * 65536;
  case HALVES: return i < KIND_ROWS / 2 ? last + random % 16 : random % 4096;
  default: return random;
  }
}

static struct weft_column make_column(enum kind kind, uint64_t seed, void *memory) {
  uint64_t *numbers = memory, last = 0;
  double *floats = memory, at = 0;
  struct rng rng = {seed};
  for (size_t i = 0; i < KIND_ROWS; i++) {
    if (kind == WALK)
      floats[i] = at += (double)rng_upto(&rng, 2000) / 1000 - 1;
    else
      numbers[i] = last = value_of(kind, i, &rng, last);
  }
  return weft_column_fixed(memory, kind == WALK ? WEFT_F64 : WEFT_U64, KIND_ROWS);
}

/* An encoding by a cascade; SIZE_MAX: there is none. */
static size_t bytes_by(weft_ctx *ctx, const struct weft_column *column, unsigned first, unsigned second, unsigned third) {
  static uint8_t encoding[KIND_ROWS * 8 + KIND_ROWS];
  struct weft_encode_options options;
  size_t bytes;
  weft_encode_options_init(&options, sizeof options);
  options.codec[0] = (uint8_t)first;
  options.codec[1] = (uint8_t)second;
  options.codec[2] = (uint8_t)third;
  return weft_encode(ctx, column, &options, encoding, sizeof encoding, &bytes) == WEFT_OK ? bytes : SIZE_MAX;
}

/* Every codec upon every codec upon every codec, but what does not look at the next. */
static size_t least_bytes(weft_ctx *ctx, const struct weft_column *column, unsigned codec[3]) {
  size_t least = SIZE_MAX;
  for (unsigned first = WEFT_CODEC_RAW; first <= WEFT_CODEC_SPLIT; first++) {
    bool parts = first >= WEFT_CODEC_RLE;
    for (unsigned second = WEFT_CODEC_RAW; second <= (parts ? WEFT_CODEC_SPLIT : WEFT_CODEC_RAW); second++)
      for (unsigned third = WEFT_CODEC_RAW; third <= (second >= WEFT_CODEC_RLE ? WEFT_CODEC_DELTA : WEFT_CODEC_RAW);
           third++) {
        size_t bytes = bytes_by(ctx, column, first, second, third);
        if (bytes < least) {
          least = bytes;
          codec[0] = first, codec[1] = second, codec[2] = third;
        }
      }
  }
  return least;
}

START_TEST(the_choice_takes_at_most_a_twentieth_more_than_the_best_of_all_cascades) {
  static uint64_t values[KIND_ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  for (enum kind kind = 0; kind < KINDS; kind++) {
    struct weft_column column = make_column(kind, kind, values);
    guard_case = (struct guard_case){.what = kind_names[kind], .rows = KIND_ROWS, .seed = kind};
    unsigned codec[3] = {0};
    size_t chosen = bytes_by(ctx, &column, WEFT_CODEC_AUTO, 0, 0), least = least_bytes(ctx, &column, codec);
    CASE_CHECK((double)chosen <= 1.05 * (double)least || chosen < least + NO_MATTER, 0, "%zu bytes, and %zu by %s, %s, %s",
               chosen, least, weft_codec_name(codec[0]), weft_codec_name(codec[1]), weft_codec_name(codec[2]));
  }
  weft_ctx_free(ctx);
}
END_TEST

/* What is noted of the choices is what is encoded: for each stream one codec is chosen, which is the stream's in the
 * encoding, and of the column's own values it says the bytes that come of it. */
START_TEST(the_choices_noted_are_those_of_the_encoding_and_three_deep_at_most) {
  static uint64_t values[KIND_ROWS];
  static uint8_t encoding[KIND_ROWS * 8 + KIND_ROWS];
  static struct weft_choice list[256];
  weft_ctx *ctx = ctx_with(NULL);
  for (enum kind kind = 0; kind < KINDS; kind++) {
    struct weft_column column = make_column(kind, kind, values);
    guard_case = (struct guard_case){.what = kind_names[kind], .rows = KIND_ROWS, .seed = kind};
    struct weft_choices choices = {.list = list, .capacity = 256};
    struct weft_encode_options options;
    struct weft_encoded_info info;
    size_t bytes;
    weft_encode_options_init(&options, sizeof options);
    options.choices = &choices;
    ck_assert_int_eq(weft_encode(ctx, &column, &options, encoding, sizeof encoding, &bytes), WEFT_OK);
    ck_assert_int_eq(weft_describe(ctx, encoding, bytes, &info, sizeof info), WEFT_OK);
    CASE_CHECK(choices.n <= choices.capacity, 0, "%zu choices", choices.n);
    size_t stream = 0;
    for (size_t i = 0; i < choices.n; i++) {
      CASE_CHECK(list[i].stream == stream, i, "stream %u, not %zu", list[i].stream, stream);
      stream += i + 1 == choices.n || list[i + 1].stream != list[i].stream;
    }
    CASE_CHECK(stream == info.n_nodes, 0, "%zu streams, and %u in the encoding", stream, info.n_nodes);
    for (size_t i = 0; i < choices.n; i++) {
      const struct weft_encoded_node *node = &info.nodes[list[i].stream];
      bool is_its = list[i].codec == node->codec;
      CASE_CHECK(list[i].chosen == is_its && list[i].depth == node->depth && list[i].values == node->values, i,
                 "%s %s, of %llu values at depth %u, and the encoding has %s, of %llu at %u",
                 weft_codec_name(list[i].codec), list[i].chosen ? "chosen" : "not chosen",
                 (unsigned long long)list[i].values, list[i].depth, weft_codec_name(node->codec),
                 (unsigned long long)node->values, node->depth);
      CASE_CHECK(list[i].depth < WEFT_CODEC_DEPTH, i, "depth %u", list[i].depth);
      if (list[i].chosen && list[i].stream == 0)
        CASE_CHECK(fabs((double)bytes - (double)list[i].bytes) < (double)bytes / 5 + NO_MATTER, i,
                   "%llu bytes said, %zu taken", (unsigned long long)list[i].bytes, bytes);
    }
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, one_value_that_comes_again_and_again_does_not_promise_a_dictionary);
  tcase_add_test(tcase, a_pair_met_by_chance_does_not_promise_a_dictionary);
  tcase_add_test(tcase, numbers_of_unlike_frequency_do_not_promise_a_dictionary);
  tcase_add_test(tcase, the_choice_takes_at_most_a_twentieth_more_than_the_best_of_all_cascades);
  tcase_add_test(tcase, the_choices_noted_are_those_of_the_encoding_and_three_deep_at_most);
}

int main(void) {
  return suite_main("codec_select", add_tests);
}
