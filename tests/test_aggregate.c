/* SPDX-License-Identifier: MIT
 *
 * Aggregates beside loops over __int128 and long double: random columns of every type, nulls and selections, on every
 * table; whole, in pieces and merged; sums beyond 64 bits; what floats are ordered by.
 */
#include <float.h>
#include <math.h>

#include "columns.h"
#include "keys.h"
#include "lib/column.h"
#include "suite.h"
#include "tables.h"

#define CASES 1500
#define GROUPS 1100
#define POOL 40 /* values that rows are drawn from */

static struct tables tables;
static struct guard_pool pool;

/* What a naive loop knows of a group. */
struct naive {
  uint64_t count, nans, infinities[2]; /* below 0, above */
  __int128 whole, whole_min, whole_max;
  long double real, magnitude; /* of finite values */
  double real_min, real_max;   /* of those that are no NaN; -0.0 below 0.0 */
};

static bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

static __int128 whole_at(enum weft_type type, const void *value) {
#define AS(type)                           \
  do {                                     \
    type whole_;                           \
    memcpy(&whole_, value, sizeof whole_); \
    return whole_;                         \
  } while (0)
  switch (type) {
  case WEFT_I8: AS(int8_t);
  case WEFT_I16: AS(int16_t);
  case WEFT_I32: AS(int32_t);
  case WEFT_I64: AS(int64_t);
  case WEFT_U8: AS(uint8_t);
  case WEFT_U16: AS(uint16_t);
  case WEFT_U32: AS(uint32_t);
  default: AS(uint64_t);
  }
#undef AS
}

static double real_at(enum weft_type type, const void *value) {
  double real;
  float narrow;
  memcpy(&real, value, type == WEFT_F64 ? sizeof real : 1);
  memcpy(&narrow, value, sizeof narrow);
  return type == WEFT_F64 ? real : (double)narrow;
}

static bool is_less(double a, double b) {
  return a < b || (a == b && signbit(a) && !signbit(b));
}

static void naive_add(struct naive *to, enum weft_type type, const void *value) {
  bool first = to->count == to->nans;
  to->count++;
  if (!is_float(type)) {
    __int128 whole = whole_at(type, value);
    to->whole += whole;
    to->whole_min = first || whole < to->whole_min ? whole : to->whole_min;
    to->whole_max = first || whole > to->whole_max ? whole : to->whole_max;
    return;
  }
  double real = real_at(type, value);
  if (isnan(real)) {
    to->nans++;
    return;
  }
  to->real_min = first || is_less(real, to->real_min) ? real : to->real_min;
  to->real_max = first || is_less(to->real_max, real) ? real : to->real_max;
  if (isinf(real)) {
    to->infinities[real > 0]++;
  } else {
    to->real += (long double)real;
    to->magnitude += (long double)fabs(real);
  }
}

static bool same_real(double a, double b) {
  return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static bool sum_is_right(const struct naive *n, double sum) {
  if (n->nans > 0 || (n->infinities[0] > 0 && n->infinities[1] > 0))
    return isnan(sum);
  if (n->infinities[0] + n->infinities[1] > 0)
    return isinf(sum) && (sum > 0) == (n->infinities[1] > 0);
  const long double u = (long double)DBL_EPSILON / 2, count = (long double)n->count;
  long double bound = u * fabsl(n->real) + 2 * count * count * u * u * n->magnitude;
  return fabsl((long double)sum - n->real) <= bound + count * LDBL_EPSILON * n->magnitude;
}

static void check_extreme(enum weft_type type, const struct naive *n, bool max, const void *out, size_t g) {
  const uint8_t *at = (const uint8_t *)out + g * column_type_width(type);
  if (!is_float(type)) {
    __int128 expected = max ? n->whole_max : n->whole_min;
    CASE_CHECK(whole_at(type, at) == expected, g, "%s %lld, not %lld", max ? "max" : "min", (long long)whole_at(type, at),
               (long long)expected);
    return;
  }
  double expected = (max ? n->nans > 0 : n->nans == n->count) ? (double)NAN : max ? n->real_max : n->real_min;
  CASE_CHECK(same_real(real_at(type, at), expected), g, "%s %g, not %g", max ? "max" : "min", real_at(type, at), expected);
}

static void check_group(enum weft_type type, enum weft_aggregate_kind kind, const struct naive *n, const void *out,
                        size_t g) {
  double real = kind == WEFT_AVG || (kind == WEFT_SUM && is_float(type)) ? ((const double *)out)[g] : 0;
  if (kind == WEFT_COUNT) {
    CASE_CHECK(((const uint64_t *)out)[g] == n->count, g, "count %llu, not %llu",
               (unsigned long long)((const uint64_t *)out)[g], (unsigned long long)n->count);
  } else if (kind == WEFT_MIN || kind == WEFT_MAX) {
    check_extreme(type, n, kind == WEFT_MAX, out, g);
  } else if (kind == WEFT_SUM128) {
    struct weft_int128 sum = ((const struct weft_int128 *)out)[g];
    CASE_CHECK((__int128)((unsigned __int128)sum.high << 64 | sum.low) == n->whole, g, "sum high %lld low %llu",
               (long long)sum.high, (unsigned long long)sum.low);
  } else if (kind == WEFT_AVG && is_float(type)) {
    struct naive sum = *n;
    double total = real * (double)n->count, slack = fabs(total) * 4 * DBL_EPSILON;
    CASE_CHECK(sum_is_right(&sum, total) || fabsl((long double)total - n->real) <= (long double)slack, g, "average %g",
               real);
  } else if (kind == WEFT_AVG) {
    long double expected = (long double)n->whole / (long double)n->count;
    CASE_CHECK(fabsl((long double)real - expected) <= fabsl(expected) * 2 * (long double)DBL_EPSILON, g,
               "average %.20g, not %.20Lg", real, expected);
  } else if (is_float(type)) {
    CASE_CHECK(sum_is_right(n, real), g, "sum %.20g, not %.20Lg", real, n->real);
  } else {
    bool below = type <= WEFT_I64;
    __int128 sum = below ? (__int128)((const int64_t *)out)[g] : (__int128)((const uint64_t *)out)[g];
    CASE_CHECK(sum == n->whole, g, "sum %lld, not %lld", (long long)sum, (long long)n->whole);
  }
}

/* A sum that passes its 64 bits; the first of such groups, or SIZE_MAX. */
static size_t first_overflow(enum weft_type type, const struct naive *naive, size_t groups) {
  __int128 least = type <= WEFT_I64 ? INT64_MIN : 0, most = type <= WEFT_I64 ? INT64_MAX : (__int128)UINT64_MAX;
  for (size_t g = 0; g < groups && !is_float(type); g++)
    if (naive[g].whole < least || naive[g].whole > most)
      return g;
  return SIZE_MAX;
}

static uint32_t kept(enum weft_type type, uint32_t kinds) {
  const uint32_t sums = WEFT_SUM | WEFT_AVG | (is_float(type) ? 0 : WEFT_SUM128);
  const uint32_t extremes = WEFT_MIN | WEFT_MAX;
  return WEFT_COUNT | (kinds & extremes ? extremes : 0) | (kinds & sums ? sums : 0);
}

static void check_all(weft_ctx *ctx, weft_aggregate *aggregate, enum weft_type type, uint32_t kinds,
                      const struct naive *naive, size_t groups, struct rng *rng) {
  CASE_CHECK(weft_aggregate_groups(aggregate) == groups, 0, "%zu groups", weft_aggregate_groups(aggregate));
  for (uint32_t kind = WEFT_COUNT; kind <= WEFT_SUM128; kind *= 2) {
    if (!(kept(type, kinds) & kind))
      continue;
    size_t width = kind == WEFT_SUM128 ? 16 : kind == WEFT_MIN || kind == WEFT_MAX ? column_type_width(type) : 8;
    size_t keep = pool.taken;
    void *out = guard_take(&pool, GUARD_HIGH, groups * width, 0, rng);
    uint8_t *valid = guard_take(&pool, GUARD_HIGH, (groups + 7) / 8, 0, rng);
    bool asked = rng_percent(rng, 70);
    size_t overflow = kind == WEFT_SUM ? first_overflow(type, naive, groups) : SIZE_MAX;
    if (overflow != SIZE_MAX) {
      char text[40];
      snprintf(text, sizeof text, "group %zu ", overflow);
      REFUSED(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_SUM, out, valid), WEFT_E_OVERFLOW, text);
      guard_reset(&pool, keep);
      continue;
    }
    MUST(ctx, weft_aggregate_finish(ctx, aggregate, (enum weft_aggregate_kind)kind, out, asked ? valid : NULL));
    for (size_t g = 0; g < groups; g++) {
      bool has = kind == WEFT_COUNT || naive[g].count > 0;
      CASE_CHECK(!asked || (valid[g / 8] >> g % 8 & 1) == has, g, "kind %u: valid is %d", kind, !has);
      if (has)
        check_group(type, (enum weft_aggregate_kind)kind, &naive[g], out, g);
      else
        for (size_t i = 0; i < width; i++)
          CASE_CHECK(((const uint8_t *)out)[g * width + i] == 0, g, "kind %u: a null is not 0", kind);
    }
    for (size_t g = groups; asked && g % 8 != 0; g++)
      CASE_CHECK(!(valid[g / 8] >> g % 8 & 1), g, "a bit past the groups is set");
    guard_reset(&pool, keep);
  }
}

/* A case: a column whose values are drawn from a few, groups for its rows, and what a loop makes of them. */
struct drawn {
  struct test_column truth;
  enum weft_type type;
  uint32_t kinds, *group;
  size_t groups;
  struct naive naive[GROUPS];
};

static void draw_value(struct rng *rng, enum weft_type type, unsigned wild, uint64_t *word) {
  static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, -NAN, 1e300, 5e-324, -1.5};
  static const uint64_t edges[] = {0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, 0x80, 0x8000, 0x80000000};
  *word = rng_percent(rng, wild) ? rng_next(rng) : rng_upto(rng, 100);
  if (!is_float(type)) {
    *word = rng_percent(rng, wild) ? edges[rng_upto(rng, 7)] : *word;
    *word =
        from_little(*word, 64) == *word ? *word : *word << (64 - 8 * column_type_width(type)); /* low bytes come first */
    return;
  }
  double real = (double)(int64_t)*word * 0.001 * (rng_percent(rng, 50) ? -1 : 1);
  if (rng_percent(rng, wild / 10))
    real = special[rng_upto(rng, 8)];
  float narrow = (float)real;
  memcpy(word, &real, sizeof real);
  if (type == WEFT_F32)
    memcpy(word, &narrow, sizeof narrow);
}

static void draw(struct rng *rng, const char *isa, uint64_t seed, struct drawn *d) {
  static uint64_t words[POOL];
  static const uint8_t *bytes[POOL];
  static size_t lengths[POOL];
  static uint32_t picks[8192];
  static const size_t counts[] = {1, 1, 2, 3, 64, 65, 1000, GROUPS};
  struct column_spec spec = column_spec_draw(rng, column_rows_draw(rng));
  unsigned wild = (unsigned)rng_upto(rng, 2) * 50;
  guard_reset(&pool, 0);
  d->type = (enum weft_type)(WEFT_I8 + rng_upto(rng, WEFT_F64 - WEFT_I8));
  for (size_t i = 0; i < POOL; i++) {
    draw_value(rng, d->type, wild, &words[i]);
    bytes[i] = (const uint8_t *)&words[i];
    lengths[i] = column_type_width(d->type);
  }
  for (size_t i = 0; i < spec.rows; i++)
    picks[i] = (uint32_t)rng_upto(rng, POOL - 1);
  const struct column_values values = {POOL, bytes, lengths};
  spec.layout = WEFT_FIXED;
  spec.type = d->type;
  spec.lengths = LENGTHS_EQUAL;
  spec.length = lengths[0];
  spec.values = &values;
  spec.picks = picks;
  guard_case = (struct guard_case){.what = "aggregate", .isa = isa, .rows = spec.rows, .length = spec.length, .seed = seed};
  column_build(&pool, rng, &spec, &d->truth);
  d->groups = counts[rng_upto(rng, 7)];
  const uint32_t all = WEFT_COUNT | WEFT_MIN | WEFT_MAX | WEFT_SUM | WEFT_AVG | (is_float(d->type) ? 0 : WEFT_SUM128);
  do
    d->kinds = (uint32_t)rng_next(rng) & all;
  while (d->kinds == 0);
  d->group = guard_take(&pool, GUARD_HIGH, spec.rows * sizeof *d->group, 0, rng);
  memset(d->naive, 0, sizeof d->naive);
  for (size_t i = 0; i < spec.rows; i++) {
    d->group[i] = (uint32_t)rng_upto(rng, d->groups - 1);
    if (!d->truth.nulls[i])
      naive_add(&d->naive[d->group[i]], d->type, d->truth.bytes[i]);
  }
}

static weft_aggregate *opened(weft_ctx *ctx, enum weft_type type, uint32_t kinds) {
  weft_aggregate *aggregate;
  MUST(ctx, weft_aggregate_open(ctx, type, kinds, &aggregate));
  return aggregate;
}

START_TEST(aggregates_of_random_columns_equal_loops) {
  static struct drawn d;
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    struct rng rng = {rng_case_seed(i)};
    weft_ctx *ctx = ctxs[i % KNOBS];
    draw(&rng, tables.list[_i]->isa, rng_case_seed(i), &d);
    weft_aggregate *aggregate = opened(ctx, d.type, d.kinds);
    bool no_numbers = d.groups == 1 && rng_percent(&rng, 50);
    MUST(ctx, weft_aggregate_add(ctx, aggregate, &d.truth.column, no_numbers ? NULL : d.group, d.groups));
    check_all(ctx, aggregate, d.type, d.kinds, d.naive, d.groups, &rng);
    weft_aggregate_free(aggregate);
  }
  ctxs_close(ctxs);
}
END_TEST

/* Each part's groups are numbered by its own first sight, as threads would, and grow batch by batch. */
START_TEST(parts_that_are_merged_equal_the_whole) {
  static struct drawn d;
  static uint32_t own[8192], map[2][GROUPS], number[2][GROUPS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    struct rng rng = {rng_case_seed(i)};
    draw(&rng, tables.list[_i]->isa, rng_case_seed(i), &d);
    weft_aggregate *parts[2] = {opened(ctx, d.type, d.kinds), opened(ctx, d.type, d.kinds)};
    size_t groups[2] = {0, 0};
    memset(number, 0xff, sizeof number);
    for (size_t first = 0, n; first < d.truth.rows; first += n) {
      size_t part = rng_upto(&rng, 1);
      n = 1 + rng_upto(&rng, d.truth.rows - first - 1);
      for (size_t r = first; r < first + n; r++) {
        uint32_t *mine = &number[part][d.group[r]];
        if (*mine == UINT32_MAX) {
          map[part][groups[part]] = d.group[r];
          *mine = (uint32_t)groups[part]++;
        }
        own[r] = *mine;
      }
      struct weft_column slice = weft__column_slice(&d.truth.column, first, n);
      MUST(ctx, weft_aggregate_add(ctx, parts[part], &slice, own + first, groups[part]));
    }
    weft_aggregate *whole = opened(ctx, d.type, d.kinds);
    for (size_t part = 0; part < 2; part++)
      MUST(ctx, weft_aggregate_merge(ctx, whole, parts[part], map[part], d.groups));
    check_all(ctx, whole, d.type, d.kinds, d.naive, d.groups, &rng);
    weft_aggregate *copy = opened(ctx, d.type, d.kinds);
    MUST(ctx, weft_aggregate_merge(ctx, copy, whole, NULL, d.groups));
    check_all(ctx, copy, d.type, d.kinds, d.naive, d.groups, &rng);
    weft_aggregate_free(copy);
    weft_aggregate_free(whole);
    weft_aggregate_free(parts[0]);
    weft_aggregate_free(parts[1]);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Rows in two groups: 0, and another. */
static void check_sum128(weft_ctx *ctx, enum weft_type type, const void *values, size_t rows, size_t groups, int64_t high,
                         uint64_t low) {
  static uint32_t group[4096];
  struct weft_int128 sum[2];
  uint64_t narrow[2];
  struct weft_column column = weft_column_fixed(values, type, rows);
  weft_aggregate *aggregate = opened(ctx, type, WEFT_SUM);
  MUST(ctx, weft_aggregate_add(ctx, aggregate, &column, group, groups));
  MUST(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_SUM128, sum, NULL));
  ck_assert_int_eq(sum[0].high, high);
  ck_assert_uint_eq(sum[0].low, low);
  REFUSED(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_SUM, narrow, NULL), WEFT_E_OVERFLOW, "group 0 ");
  weft_aggregate_free(aggregate);
}

START_TEST(sums_beyond_64_bits_are_exact_and_refused_where_64_are_asked_for) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  static int64_t least[4096], most[4096];
  static uint64_t all[4096];
  for (size_t i = 0; i < 4096; i++) {
    least[i] = INT64_MIN;
    most[i] = INT64_MAX;
    all[i] = UINT64_MAX;
  }
  for (size_t groups = 1; groups <= 2; groups++) {
    check_sum128(ctx, WEFT_I64, least, 4096, groups, -2048, 0);
    check_sum128(ctx, WEFT_I64, least, 3, groups, -2, (uint64_t)1 << 63);
    check_sum128(ctx, WEFT_I64, most, 4096, groups, 2047, 0 - (uint64_t)4096);
    check_sum128(ctx, WEFT_U64, all, 4096, groups, 4095, 0 - (uint64_t)4096);
    check_sum128(ctx, WEFT_U64, all, 2, groups, 1, UINT64_MAX - 1);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(sums_that_pass_64_bits_on_their_way_come_back) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  int64_t values[] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN, -5}, sum[2];
  uint32_t group[6] = {0};
  double average;
  struct weft_column column = weft_column_fixed(values, WEFT_I64, 6);
  for (size_t groups = 1; groups <= 2; groups++) {
    weft_aggregate *aggregate = opened(ctx, WEFT_I64, WEFT_SUM);
    MUST(ctx, weft_aggregate_add(ctx, aggregate, &column, group, groups));
    MUST(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_SUM, sum, NULL));
    ck_assert_int_eq(sum[0], INT64_MAX - 7);
    weft_aggregate_free(aggregate);
  }
  column = weft_column_fixed(values + 5, WEFT_I64, 1);
  weft_aggregate *aggregate = opened(ctx, WEFT_I64, WEFT_AVG);
  MUST(ctx, weft_aggregate_add(ctx, aggregate, &column, NULL, 1));
  MUST(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_AVG, &average, NULL));
  ck_assert_double_eq(average, -5);
  weft_aggregate_free(aggregate);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(sums_of_doubles_lose_nothing_to_rounding_on_the_way) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  static double values[30000], sum[2];
  static uint32_t group[30000];
  for (size_t i = 0; i < 30000; i++)
    values[i] = i % 3 == 0 ? 1e17 : i % 3 == 1 ? 1 : -1e17;
  struct weft_column column = weft_column_fixed(values, WEFT_F64, 30000);
  for (size_t groups = 1; groups <= 2; groups++) {
    weft_aggregate *aggregate = opened(ctx, WEFT_F64, WEFT_SUM);
    MUST(ctx, weft_aggregate_add(ctx, aggregate, &column, group, groups));
    MUST(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_SUM, sum, NULL));
    ck_assert_double_eq(sum[0], 10000);
    weft_aggregate_free(aggregate);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(rows_of_no_bytes_are_counted) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  static uint32_t group[3000];
  uint64_t counts[3], expected[3] = {0};
  for (size_t i = 0; i < 3000; i++)
    expected[group[i] = i % 7 == 0 ? 2 : 0]++;
  struct weft_column column = weft_column_bytes(NULL, 0, 3000);
  weft_aggregate *aggregate = opened(ctx, WEFT_FIXED_BYTES, WEFT_COUNT);
  MUST(ctx, weft_aggregate_add(ctx, aggregate, &column, group, 3));
  MUST(ctx, weft_aggregate_finish(ctx, aggregate, WEFT_COUNT, counts, NULL));
  ck_assert_mem_eq(counts, expected, sizeof counts);
  weft_aggregate_free(aggregate);
  weft_ctx_free(ctx);
}
END_TEST

/* Rows enough for every table of few groups, and for its counts of 16 bits to go to the cells in between. Of kind 1
 * integers are all the least of their type, of kind 2 the greatest. */
#define MANY 70000
static void draw_many(struct rng *rng, struct drawn *d, size_t groups, unsigned kind, uint8_t *values, uint8_t *valid) {
  static uint32_t group[MANY];
  size_t width = column_type_width(d->type);
  const unsigned spread = (unsigned)rng_upto(rng, 2);
  d->group = group;
  d->groups = groups;
  memset(d->naive, 0, sizeof d->naive);
  for (size_t i = 0; i < MANY; i++) {
    uint64_t word = 0, top = (uint64_t)1 << (8 * width - 1), least = d->type <= WEFT_I64 ? top : 0;
    draw_value(rng, d->type, kind == 0 ? 50 : 0, &word);
    if (!is_float(d->type) && kind > 0)
      word = (kind == 1 ? least : least - 1) << (from_little(1, 64) == 1 ? 0 : 64 - 8 * width);
    memcpy(values + i * width, &word, width);
    group[i] = (uint32_t)(spread == 0 ? rng_upto(rng, groups - 1) : spread == 1 ? i / 100 % groups : groups - 1);
    bool null = valid && rng_percent(rng, 30);
    if (valid)
      valid[i / 8] = (uint8_t)((valid[i / 8] & ~(1u << i % 8)) | (unsigned)!null << i % 8);
    if (!null)
      naive_add(&d->naive[group[i]], d->type, values + i * width);
  }
}

START_TEST(few_groups_of_many_rows_equal_loops) {
  static const size_t counts[] = {2, 3, 31, 32, 33, 64, 65, 128, 129, 256, 257, 512, 513, 1024, 1025};
  static struct drawn d;
  static uint8_t values[MANY * sizeof(uint64_t)], bits[MANY / 8 + 1];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t i = 0; i < 15 * 10; i++) {
    struct rng rng = {rng_case_seed(i)};
    uint8_t *valid = rng_percent(&rng, 30) ? bits : NULL;
    guard_reset(&pool, 0);
    guard_case =
        (struct guard_case){.what = "few groups", .isa = tables.list[_i]->isa, .rows = MANY, .seed = rng_case_seed(i)};
    d.type = (enum weft_type)(WEFT_I8 + i % 10);
    draw_many(&rng, &d, counts[i / 10], (unsigned)rng_upto(&rng, 2), values, valid);
    const uint32_t sums = WEFT_SUM | (is_float(d.type) ? 0 : WEFT_SUM128), kinds[] = {sums, WEFT_MIN, sums | WEFT_MAX, 1};
    struct weft_column column = weft_column_fixed(values, d.type, MANY);
    if (valid)
      column = weft_column_with_validity(column, valid, 0);
    for (size_t k = 0; k < 4; k++) {
      weft_aggregate *aggregate = opened(ctx, d.type, kinds[k]);
      MUST(ctx, weft_aggregate_add(ctx, aggregate, &column, d.group, d.groups));
      check_all(ctx, aggregate, d.type, kinds[k], d.naive, d.groups, &rng);
      weft_aggregate_free(aggregate);
    }
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, aggregates_of_random_columns_equal_loops, 0, tables.n);
  tcase_add_loop_test(tcase, few_groups_of_many_rows_equal_loops, 0, tables.n);
  tcase_add_loop_test(tcase, parts_that_are_merged_equal_the_whole, 0, tables.n);
  tcase_add_loop_test(tcase, sums_beyond_64_bits_are_exact_and_refused_where_64_are_asked_for, 0, tables.n);
  tcase_add_loop_test(tcase, sums_that_pass_64_bits_on_their_way_come_back, 0, tables.n);
  tcase_add_loop_test(tcase, sums_of_doubles_lose_nothing_to_rounding_on_the_way, 0, tables.n);
  tcase_add_loop_test(tcase, rows_of_no_bytes_are_counted, 0, tables.n);
}

int main(void) {
  return suite_main("aggregate", add_tests);
}
