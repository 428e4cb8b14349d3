/* SPDX-License-Identifier: MIT
 *
 * Gathering: random rows of columns of every layout, with nulls and selections, beside the truth of their rows, in guarded
 * memory of just the room that is asked for; what is refused.
 */
#include "columns.h"
#include "keys.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;

/* A case: a column, numbers of its rows, and what came of them. */
static struct test_column truth;
static uint32_t numbers[6000];
static size_t n;
static struct weft_buffers out;

/* Numbers that join might give: rows, at times none; those a join cannot tell, too. */
static void draw_numbers(struct rng *rng) {
  static const unsigned percents[] = {0, 0, 3, 50, 100};
  unsigned none = percents[rng_upto(rng, sizeof percents / sizeof *percents - 1)];
  n = column_rows_draw(rng);
  for (size_t i = 0; i < n; i++)
    numbers[i] = truth.rows == 0 || rng_percent(rng, none) ? WEFT_NO_ROW - (uint32_t)rng_percent(rng, 10)
                                                           : (uint32_t)rng_upto(rng, truth.rows - 1);
}

static bool is_null(size_t i) {
  return numbers[i] >= WEFT_UNKNOWN_ROW || truth.nulls[numbers[i]];
}

static size_t length_of(size_t i) {
  return is_null(i) ? 0 : truth.lengths[numbers[i]];
}

/* Memory for a gather of just that room. */
static void take_room(struct rng *rng, bool wide, bool no_validity) {
  enum guard_side side = rng_percent(rng, 80) ? GUARD_HIGH : GUARD_LOW;
  out.offset_bytes = wide ? sizeof(int64_t) : sizeof(int32_t);
  out.values = guard_take(&pool, side, out.values_bytes, 0, rng);
  out.offsets = guard_take(&pool, side, (n + 1) * out.offset_bytes, 0, rng);
  out.validity = no_validity ? NULL : guard_take(&pool, side, (n + 7) / 8, 0, rng);
}

static void check_nulls(void) {
  size_t nulls = 0;
  for (size_t i = 0; i < n; i++) {
    nulls += is_null(i);
    CASE_CHECK(!out.validity || (out.validity[i / 8] >> i % 8 & 1) == !is_null(i), i, "null: %d", is_null(i));
  }
  for (size_t i = n; out.validity && i % 8 != 0; i++)
    CASE_CHECK(!(out.validity[i / 8] >> i % 8 & 1), i, "a bit past the rows is set");
  CASE_CHECK(out.nulls == nulls, 0, "%llu nulls, not %zu", (unsigned long long)out.nulls, nulls);
}

static void check_bytes(size_t i, const uint8_t *at, size_t bytes) {
  CASE_CHECK(bytes == length_of(i), i, "%zu bytes, not %zu", bytes, length_of(i));
  CASE_CHECK(bytes == 0 || memcmp(at, truth.bytes[numbers[i]], bytes) == 0, i, "its bytes differ");
}

static void check_fixed(size_t width) {
  const uint8_t *values = out.values;
  CASE_CHECK(out.values_bytes == n * width, 0, "%zu bytes", out.values_bytes);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; is_null(i) && k < width; k++)
      CASE_CHECK(values[i * width + k] == 0, i, "a null's byte %zu is %u", k, values[i * width + k]);
    if (!is_null(i))
      check_bytes(i, values + i * width, width);
  }
}

static int64_t offset_at(size_t i) {
  int32_t narrow;
  int64_t wide;
  if (out.offset_bytes == sizeof wide)
    return memcpy(&wide, (uint8_t *)out.offsets + i * sizeof wide, sizeof wide), wide;
  return memcpy(&narrow, (uint8_t *)out.offsets + i * sizeof narrow, sizeof narrow), narrow;
}

static void check_strings(void) {
  CASE_CHECK(offset_at(0) == 0, 0, "the first offset is %lld", (long long)offset_at(0));
  for (size_t i = 0; i < n; i++)
    check_bytes(i, (uint8_t *)out.values + offset_at(i), (size_t)(offset_at(i + 1) - offset_at(i)));
  CASE_CHECK(out.values_bytes == (size_t)offset_at(n), 0, "%zu bytes", out.values_bytes);
}

/* The views make a column, which is valid as one of the source's buffers. */
static void check_views(weft_ctx *ctx) {
  const uint8_t *data = truth.column.data;
  bool own = truth.column.layout == WEFT_VIEWS;
  struct weft_column views = weft_column_with_validity(
      weft_column_views(out.values, n, own ? truth.column.buffers : &data,
                        own ? truth.column.buffer_bytes : &truth.column.data_bytes, own ? truth.column.n_buffers : 1),
      out.validity, 0);
  MUST(ctx, weft_column_validate(ctx, &views));
  for (size_t i = 0; i < n; i++) {
    const struct weft_view *view = (const struct weft_view *)out.values + i;
    bool inlined = view->length <= 12;
    check_bytes(i, inlined ? view->as.inlined : views.buffers[view->as.ref.buffer] + view->as.ref.offset,
                (size_t)view->length);
    for (int32_t k = view->length; inlined && k < 12; k++)
      CASE_CHECK(view->as.inlined[k] == 0, i, "byte %d behind an inlined string is not 0", k);
  }
}

static void check_form(weft_ctx *ctx, enum weft_form form, struct rng *rng) {
  bool fixed = truth.column.layout == WEFT_FIXED, nulls = false;
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) {
    bytes += length_of(i);
    nulls |= is_null(i);
  }
  out = (struct weft_buffers){.size = sizeof out, .nulls = 77};
  MUST(ctx, weft_gather_room(ctx, form, &truth.column, numbers, n, &out));
  size_t expected = fixed ? n * truth.column.width : form == WEFT_FORM_VIEWS ? n * 16 : bytes;
  CASE_CHECK(out.values_bytes == expected && out.data_bytes == 0 && out.offset_bytes == 4 && out.nulls == 77, 0,
             "room: %zu bytes, not %zu", out.values_bytes, expected);
  take_room(rng, rng_percent(rng, 50), !nulls && rng_percent(rng, 50));
  if (expected > 0) {
    out.values_bytes--;
    REFUSED(ctx, weft_gather(ctx, form, &truth.column, numbers, n, &out), WEFT_E_SPACE, "and takes");
    out.values_bytes++;
  }
  MUST(ctx, weft_gather(ctx, form, &truth.column, numbers, n, &out));
  check_nulls();
  if (fixed)
    check_fixed(truth.column.width);
  else if (form == WEFT_FORM_VALUES)
    check_strings();
  else
    check_views(ctx);
}

static void draw_case(const char *isa, size_t i, struct rng *rng) {
  *rng = (struct rng){rng_case_seed(i)};
  struct column_spec spec = column_spec_draw(rng, column_rows_draw(rng));
  guard_case = (struct guard_case){.what = column_layout_name(spec.layout),
                                   .isa = isa,
                                   .rows = spec.rows,
                                   .length = spec.length,
                                   .seed = rng_case_seed(i)};
  guard_reset(&pool, 0);
  column_build(&pool, rng, &spec, &truth);
  draw_numbers(rng);
}

START_TEST(random_rows_of_random_columns_are_gathered_right) {
  weft_ctx *ctxs[KNOBS];
  struct rng rng;
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(4000); i < cases; i++) {
    draw_case(tables.list[_i]->isa, i, &rng);
    weft_ctx *ctx = ctxs[rng_upto(&rng, KNOBS - 1)];
    check_form(ctx, WEFT_FORM_VALUES, &rng);
    if (truth.column.layout != WEFT_FIXED && truth.column.layout != WEFT_POINTERS)
      check_form(ctx, WEFT_FORM_VIEWS, &rng);
  }
  ctxs_close(ctxs);
  guard_close(&pool);
}
END_TEST

START_TEST(every_width_from_0_to_40_is_gathered) {
  static uint8_t bytes[100 * 40], values[300 * 40], validity[38];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  struct rng rng = {rng_case_seed(0)};
  rng_fill(&rng, bytes, sizeof bytes);
  for (size_t i = 0; i < 300; i++)
    numbers[i] = i % 7 == 0 ? WEFT_NO_ROW : (uint32_t)rng_upto(&rng, 99);
  for (size_t width = 0; width <= 40; width++) {
    struct weft_column column = weft_column_bytes(bytes, width, 100);
    struct weft_buffers to = {.size = sizeof to, .values = values, .values_bytes = sizeof values, .validity = validity};
    memset(values, 0xa5, sizeof values);
    MUST(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, numbers, 300, &to));
    ck_assert_uint_eq(to.values_bytes, 300 * width);
    ck_assert_uint_eq(to.nulls, 43);
    for (size_t i = 0; i < 300; i++) {
      static const uint8_t zeros[40];
      ck_assert_mem_eq(values + i * width, i % 7 == 0 ? zeros : bytes + numbers[i] * width, width);
    }
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_join_and_a_gather_give_the_joined_rows) {
  static const char text[] = "onetwothree";
  static const int32_t offsets[] = {0, 3, 6, 11};
  static const uint64_t build[] = {1, 2, 3}, probe[] = {3, 9, 1, 2, 2};
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column names = weft_column_offsets32(text, 11, offsets, 3), keys = weft_column_fixed(build, WEFT_U64, 3),
                     others = weft_column_fixed(probe, WEFT_U64, 5);
  weft_index *index = index_of(ctx, &keys, 1);
  weft_join *join = join_on(ctx, index, WEFT_JOIN_LEFT);
  size_t pairs;
  MUST(ctx, weft_join_probe(join, &others, 1));
  MUST(ctx, weft_join_next(join, numbers, NULL, 10, &pairs));
  char values[32];
  int32_t ends[6];
  uint8_t validity;
  struct weft_buffers to = {.size = sizeof to,
                            .values = values,
                            .values_bytes = sizeof values,
                            .offsets = ends,
                            .offset_bytes = 4,
                            .validity = &validity};
  MUST(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &names, numbers, pairs, &to));
  ck_assert_uint_eq(to.values_bytes, 14);
  ck_assert_mem_eq(values, "threeonetwotwo", 14);
  ck_assert_uint_eq(validity, 0x1d);
  weft_join_close(join);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(what_cannot_be_gathered_is_refused_with_numbers) {
  static const uint32_t fixed[] = {1, 2, 3}, rows[] = {0, 3}, null[] = {WEFT_NO_ROW, 1};
  static const void *ptrs[] = {"a", "b"};
  static const size_t lengths[] = {1, 1};
  static const int64_t far[] = {0, (int64_t)1 << 31, ((int64_t)1 << 31) + 13};
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column column = weft_column_fixed(fixed, WEFT_U32, 3), none = {.rows = 3},
                     pointers = weft_column_ptrs(ptrs, lengths, 2);
  uint32_t values[4];
  struct weft_buffers to = {.size = sizeof to, .values = values, .values_bytes = sizeof values}, bad = to;
  ck_assert_int_eq(weft_gather(NULL, WEFT_FORM_VALUES, &column, rows, 1, &to), WEFT_E_INVALID);
  ck_assert_int_eq(weft_gather_room(NULL, WEFT_FORM_VALUES, &column, rows, 1, &to), WEFT_E_INVALID);
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, NULL, rows, 1, &to), WEFT_E_INVALID, "NULL");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &none, rows, 1, &to), WEFT_E_INVALID, "no layout");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, NULL, 1, &to), WEFT_E_INVALID, "rows is NULL");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, rows, 1, NULL), WEFT_E_INVALID, "buffers is NULL");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, rows, 2, &to), WEFT_E_INVALID, "rows[0 .. 2)");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, null, 2, &to), WEFT_E_INVALID, "validity is NULL");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VIEWS, &column, rows, 1, &to), WEFT_E_INVALID, "layout 1");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VIEWS, &pointers, rows, 1, &to), WEFT_E_INVALID, "layout 4");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_CODES, &pointers, rows, 1, &to), WEFT_E_INVALID, "form 2");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &pointers, rows, 1, &to), WEFT_E_INVALID, "offsets is NULL");
  bad.offsets = values;
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &pointers, rows, 1, &bad), WEFT_E_INVALID, "offset_bytes is 0");
  bad = to;
  bad.size = 4;
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, rows, 1, &bad), WEFT_E_INVALID, "buffers.size is 4");
  REFUSED(ctx, weft_gather_room(ctx, WEFT_FORM_VALUES, &column, rows, 1, &bad), WEFT_E_INVALID, "buffers.size is 4");
  bad = to;
  bad.values = NULL;
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, rows, 1, &bad), WEFT_E_INVALID, "values is NULL");
  bad.values_bytes = 3;
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, rows, 1, &bad), WEFT_E_SPACE, "3 bytes, and takes 4");
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &column, rows, SIZE_MAX / 2, &to), WEFT_E_OVERFLOW, "4 bytes");
  struct weft_column strings = weft_column_offsets64("", (size_t)far[2], far, 2);
  static const uint32_t both[] = {0, 0};
  bad = to;
  MUST(ctx, weft_gather_room(ctx, WEFT_FORM_VALUES, &strings, both, 2, &bad)); /* which reads no bytes */
  ck_assert_uint_eq(bad.values_bytes, (size_t)1 << 32);
  ck_assert_uint_eq(bad.offset_bytes, 8);
  bad.offsets = numbers;
  bad.offset_bytes = 4;
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VALUES, &strings, both, 2, &bad), WEFT_E_OVERFLOW, "4294967296 bytes");
  weft_ctx_free(ctx);
}
END_TEST

/* The second string lies within what 32 bits reach of an address that nobody reads, the third not. */
START_TEST(views_of_strings_beyond_2_gib_are_refused) {
  static char text[64] = "thirteen bytes and thirteen more";
  int64_t far = ((int64_t)1 << 31) - 14;
  int64_t offsets[] = {far, far + 13, far + 13, far + 26};
  static const uint32_t rows[] = {0, 1, 2};
  weft_ctx *ctx = ctx_with(NULL);
  const void *start = (const void *)((uintptr_t)text - (uintptr_t)far);
  struct weft_column strings = weft_column_offsets64(start, (size_t)far + sizeof text, offsets, 3);
  struct weft_view views[3];
  struct weft_buffers to = {.size = sizeof to, .values = views, .values_bytes = sizeof views};
  MUST(ctx, weft_gather(ctx, WEFT_FORM_VIEWS, &strings, rows, 2, &to));
  ck_assert_int_eq(views[0].length, 13);
  ck_assert_mem_eq(views[0].as.ref.prefix, "thir", 4);
  ck_assert_int_eq(views[0].as.ref.offset, (int32_t)far);
  to.values_bytes = sizeof views;
  REFUSED(ctx, weft_gather(ctx, WEFT_FORM_VIEWS, &strings, rows, 3, &to), WEFT_E_OVERFLOW, "more than 32 bits");
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, random_rows_of_random_columns_are_gathered_right, 0, tables.n);
  tcase_add_loop_test(tcase, every_width_from_0_to_40_is_gathered, 0, tables.n);
  tcase_add_test(tcase, a_join_and_a_gather_give_the_joined_rows);
  tcase_add_test(tcase, what_cannot_be_gathered_is_refused_with_numbers);
  tcase_add_test(tcase, views_of_strings_beyond_2_gib_are_refused);
}

int main(void) {
  tables = tables_here();
  return suite_main("gather", add_tests);
}
