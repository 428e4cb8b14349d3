/* SPDX-License-Identifier: MIT
 *
 * Groups numbered by several threads at once: their numbers and first rows are those of a loop over the keys, whatever the
 * number of threads, and a builder of an index works by threads alike. Meant for ThreadSanitizer, and right without it.
 */
#include <pthread.h>
#include <string.h>

#include "keys.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define ROWS 140000
#define MOST_KEYS 100000
#define MOST_THREADS 8

static struct tables tables;

/* Rows of strings and of numbers by a selection, some null in one, some in the other, and which key each row has. */
static char text[MOST_KEYS * 8];
static int32_t offsets[MOST_KEYS + 1];
static uint64_t numbers[MOST_KEYS];
static uint32_t selection[ROWS];
static uint8_t string_valid[MOST_KEYS / 8 + 1], number_valid[ROWS / 8 + 1];
static uint32_t wanted[ROWS], wanted_first[ROWS], group[ROWS], first_row[ROWS];
static size_t wanted_groups;
static struct weft_column keys[2];

static uint32_t key_of(uint32_t row) {
  bool has_string = string_valid[selection[row] / 8] >> selection[row] % 8 & 1;
  bool has_number = number_valid[row / 8] >> row % 8 & 1;
  return (has_string ? selection[row] : MOST_KEYS) * 2 + has_number;
}

/* Without a number's validity the key is the string's; with none of both two rows are alike. A number repeats its
 * string's. */
static void draw(size_t n_keys, struct rng *rng) {
  static uint32_t number_of[2 * MOST_KEYS + 2];
  int32_t at = 0;
  for (size_t i = 0; i < MOST_KEYS; i++) {
    offsets[i] = at;
    at += sprintf(text + at, "%zu", i);
    numbers[i] = i * RNG_STEP;
    bool valid = i % 17 != 3;
    string_valid[i / 8] = (uint8_t)((string_valid[i / 8] & ~(1 << i % 8)) | valid << i % 8);
  }
  offsets[MOST_KEYS] = at;
  memset(number_of, 0xff, sizeof number_of);
  wanted_groups = 0;
  for (uint32_t row = 0; row < ROWS; row++) {
    bool valid = rng_percent(rng, 97);
    number_valid[row / 8] = (uint8_t)((number_valid[row / 8] & ~(1 << row % 8)) | valid << row % 8);
    selection[row] = (uint32_t)rng_upto(rng, n_keys - 1);
    if (!(string_valid[selection[row] / 8] >> selection[row] % 8 & 1))
      selection[row] = 3; /* of null strings the number is the same, too */
    uint32_t key = key_of(row);
    if (number_of[key] == UINT32_MAX) {
      wanted_first[wanted_groups] = row;
      number_of[key] = (uint32_t)wanted_groups++;
    }
    wanted[row] = number_of[key];
  }
  struct weft_column strings = weft_column_offsets32(text, (size_t)at, offsets, MOST_KEYS);
  keys[0] = weft_column_with_selection(weft_column_with_validity(strings, string_valid, 0), selection, ROWS);
  struct weft_column column = weft_column_with_selection(weft_column_fixed(numbers, WEFT_U64, MOST_KEYS), selection, ROWS);
  keys[1] = weft_column_with_validity(column, number_valid, 0);
}

struct worker {
  pthread_t thread;
  weft_ctx *ctx;
  weft_grouping *grouping;
  weft_index_builder *builder;
  weft_status status;
};

static void *work(void *arg) {
  struct worker *me = arg;
  me->status = me->grouping ? weft_grouping_work(me->ctx, me->grouping) : weft_index_work(me->ctx, me->builder);
  return NULL;
}

static void work_together(const weft_ctx *ctx, size_t threads, weft_grouping *grouping, weft_index_builder *builder) {
  struct worker workers[MOST_THREADS];
  for (size_t i = 0; i < threads; i++) {
    workers[i] = (struct worker){.grouping = grouping, .builder = builder};
    ck_assert_int_eq(weft_ctx_clone(ctx, &workers[i].ctx), WEFT_OK);
  }
  for (size_t i = 0; i < threads; i++)
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  for (size_t i = 0; i < threads; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    ck_assert_int_eq(workers[i].status, WEFT_OK);
    weft_ctx_free(workers[i].ctx);
  }
}

static void check_groups(weft_ctx *ctx, size_t n_keys, size_t threads) {
  size_t groups;
  weft_grouping *grouping;
  memset(group, 0xff, sizeof group);
  ck_assert_int_eq(weft_grouping_open(ctx, keys, 2, threads, group, &grouping), WEFT_OK);
  work_together(ctx, threads, grouping, NULL);
  ck_assert_int_eq(weft_grouping_close(ctx, grouping, &groups, first_row), WEFT_OK);
  ck_assert_msg(groups == wanted_groups, "%zu keys, %zu threads: %zu groups, not %zu", n_keys, threads, groups,
                wanted_groups);
  for (size_t i = 0; i < ROWS; i++)
    if (group[i] != wanted[i])
      ck_abort_msg("%zu keys, %zu threads: row %zu has group %u, not %u", n_keys, threads, i, group[i], wanted[i]);
  for (size_t g = 0; g < groups; g++)
    if (first_row[g] != wanted_first[g])
      ck_abort_msg("%zu keys, %zu threads: group %zu begins with row %u, not %u", n_keys, threads, g, first_row[g],
                   wanted_first[g]);
}

START_TEST(threads_number_groups_as_a_loop_does) {
  static const size_t key_counts[] = {1, 40, 1000, MOST_KEYS};
  struct rng rng = {rng_case_seed((size_t)_i)};
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t k = 0; k < sizeof key_counts / sizeof *key_counts; k++) {
    draw(key_counts[k], &rng);
    for (size_t threads = 1; threads <= 4; threads += k == 2 ? 1 : 3)
      check_groups(ctx, key_counts[k], threads);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* ---- Keys that come and go ---- */

/* Rows for some rounds. Some keys are drawn from all, most from a window that moves along: so that a round has keys
 * from before, and new ones, once and several times. Or first there is a rush of new keys, with few old ones among
 * them, so that the round in which it ends takes many of its rows for newcomers without a look. Or keys come in an
 * order, each several times in a row, with some old ones between. */
enum draw { MOVING, RUSH_FIRST, IN_ORDER, DRAWS };
#define MANY_ROWS 530000
#define WINDOW 30000
#define RUSH 90000

/* How keys are made of their ids, and compared. */
static const struct kind {
  const char *name;
  size_t long_below; /* of strings: ids below have 16 bytes and more, of which the first 15 are alike */
  size_t long_each;  /* and so has one in so many; 0: none */
  uint64_t mask;     /* of hashes, so that keys collide, with first bits so that there are parts; 0: all ones */
  bool text, nulls;
  bool halves; /* numbers in two columns of 32 bits, neither of which tells keys apart */
  bool floats; /* of which one key is 0.0 or -0.0, and one any NaN */
} kinds[] = {
    {.name = "numbers"},
    {.name = "numbers, a null", .nulls = true},
    {.name = "two columns of numbers", .halves = true},
    {.name = "floats, a null", .floats = true, .nulls = true},
    {.name = "short strings", .text = true},
    {.name = "long strings, a null", .text = true, .long_below = MOST_KEYS, .nulls = true},
    {.name = "strings, some long", .text = true, .long_each = 3},
    {.name = "strings, long at first", .text = true, .long_below = MOST_KEYS / 4},
    {.name = "numbers that collide", .mask = 0xffff000000000000},
    {.name = "strings that collide", .text = true, .long_each = 2, .mask = 0xffff000000000000, .nulls = true},
};
#define KINDS_OF_KEYS ((int)(sizeof kinds / sizeof *kinds))

static uint32_t ids[MANY_ROWS], many_wanted[MANY_ROWS], many_first[MANY_ROWS], many_group[MANY_ROWS], many_rows[MANY_ROWS];
static uint64_t many_numbers[MANY_ROWS];
static uint8_t many_valid[MANY_ROWS / 8 + 1];
static char many_text[MOST_KEYS * 24];

static uint32_t many_halves[2][MANY_ROWS];
static double many_floats[MANY_ROWS];

static void draw_halves_and_floats(void) {
  for (size_t row = 0; row < MANY_ROWS; row++) {
    uint64_t nan = 0x7ff0000000000001 + row;
    many_halves[0][row] = ids[row] % 317;
    many_halves[1][row] = ids[row] / 317;
    many_floats[row] = ids[row] == 0 && row % 2 ? -0.0 : 0.25 * ids[row];
    if (ids[row] == 9)
      memcpy(&many_floats[row], &nan, sizeof nan);
  }
}

/* Returns how many columns the key has. */
static size_t keys_of_kind(const struct kind *kind, struct weft_column key[2]) {
  struct weft_column column = weft_column_fixed(many_numbers, WEFT_U64, MANY_ROWS);
  int32_t at = 0;
  for (size_t i = 0; i < MOST_KEYS; i++) {
    bool is_long = i < kind->long_below || (kind->long_each && i % kind->long_each == 0);
    offsets[i] = at;
    at += sprintf(many_text + at, is_long ? "fifteen bytes, %zu" : "%zu", i);
  }
  offsets[MOST_KEYS] = at;
  if (kind->text)
    column = weft_column_with_selection(weft_column_offsets32(many_text, (size_t)at, offsets, MOST_KEYS), ids, MANY_ROWS);
  draw_halves_and_floats();
  if (kind->floats)
    column = weft_column_fixed(many_floats, WEFT_F64, MANY_ROWS);
  if (kind->halves)
    column = weft_column_fixed(many_halves[0], WEFT_U32, MANY_ROWS);
  key[0] = kind->nulls ? weft_column_with_validity(column, many_valid, 0) : column;
  key[1] = weft_column_fixed(many_halves[1], WEFT_U32, MANY_ROWS);
  return kind->halves ? 2 : 1;
}

/* Key 5 is null where there are nulls. Returns how many keys the rows have. */
static size_t draw_many(struct rng *rng, enum draw draw) {
  static uint32_t number_of[MOST_KEYS];
  uint32_t next = 0;
  memset(number_of, 0xff, sizeof number_of);
  memset(many_valid, 0xff, sizeof many_valid);
  for (size_t row = 0; row < MANY_ROWS; row++) {
    size_t moving = row / 10 * (MOST_KEYS - WINDOW) / (MANY_ROWS / 10) + rng_upto(rng, WINDOW - 1);
    uint32_t id = (uint32_t)(rng_percent(rng, 30) ? rng_upto(rng, MOST_KEYS - 1) : moving);
    if (draw == RUSH_FIRST && row < RUSH)
      id = (uint32_t)(rng_percent(rng, 1) ? rng_upto(rng, row) : row);
    if (draw == IN_ORDER)
      id = (uint32_t)((rng_percent(rng, 3) ? rng_upto(rng, row) : row) * MOST_KEYS / MANY_ROWS);
    ids[row] = id;
    many_numbers[row] = id * RNG_STEP;
    if (id == 5)
      many_valid[row / 8] &= (uint8_t) ~(1 << row % 8);
    if (number_of[id] == UINT32_MAX) {
      many_first[next] = (uint32_t)row;
      number_of[id] = next++;
    }
    many_wanted[row] = number_of[id];
  }
  return next;
}

static void check_many(weft_ctx *ctx, const struct kind *kind, size_t threads, size_t n_wanted) {
  struct weft_column key[2];
  size_t n_keys = keys_of_kind(kind, key);
  weft_grouping *grouping;
  size_t groups;
  guard_case = (struct guard_case){.what = kind->name, .isa = ctx->kernels->isa, .rows = MANY_ROWS};
  memset(many_group, 0xff, sizeof many_group);
  ctx->key_mask = kind->mask ? kind->mask : UINT64_MAX;
  MUST(ctx, weft_grouping_open(ctx, key, n_keys, threads, many_group, &grouping));
  work_together(ctx, threads, grouping, NULL);
  MUST(ctx, weft_grouping_close(ctx, grouping, &groups, many_rows));
  CASE_CHECK(groups == n_wanted, 0, "%zu threads: %zu groups, not %zu", threads, groups, n_wanted);
  for (size_t row = 0; row < MANY_ROWS; row++)
    CASE_CHECK(many_group[row] == many_wanted[row], row, "%zu threads: group %u, not %u", threads, many_group[row],
               many_wanted[row]);
  for (size_t g = 0; g < groups; g++)
    CASE_CHECK(many_rows[g] == many_first[g], g, "%zu threads: the group begins with row %u, not %u", threads, many_rows[g],
               many_first[g]);
}

START_TEST(keys_that_come_and_go_are_numbered_in_the_order_of_their_first_rows) {
  const struct kind *kind = &kinds[_i % KINDS_OF_KEYS];
  const char *isa = tables.list[_i / KINDS_OF_KEYS]->isa;
  struct rng rng = {rng_case_seed((size_t)_i)};
  weft_ctx *ctx = ctx_on(isa, 0), *small = ctx_on(isa, 64);
  for (int draw = 0; draw < DRAWS; draw++) {
    size_t groups = draw_many(&rng, (enum draw)draw);
    bool turned = (draw + _i / KINDS_OF_KEYS) % 2;
    check_many(turned ? small : ctx, kind, turned ? 3 : 8, groups);
  }
  weft_ctx_free(ctx);
  weft_ctx_free(small);
}
END_TEST

/* ---- Many keys ---- */

/* Enough for a table of hundreds of parts, that grows, and ids that no smaller test has. */
#define MILLIONS_OF_ROWS 3400000
#define MILLIONS_OF_KEYS 2800000

START_TEST(millions_of_keys_are_numbered_by_their_first_rows) {
  static uint64_t values[MILLIONS_OF_ROWS];
  static uint32_t numbers_of_rows[MILLIONS_OF_ROWS], rows_of_groups[MILLIONS_OF_ROWS];
  const size_t share = rng_cases(100) < 100 ? 8 : 1, rows = MILLIONS_OF_ROWS / share, n_keys = MILLIONS_OF_KEYS / share;
  weft_ctx *ctx = ctx_with(NULL);
  weft_grouping *grouping;
  size_t groups;
  for (size_t row = 0; row < rows; row++)
    values[row] = row % n_keys * RNG_STEP;
  struct weft_column key = weft_column_fixed(values, WEFT_U64, rows);
  MUST(ctx, weft_grouping_open(ctx, &key, 1, 3, numbers_of_rows, &grouping));
  work_together(ctx, 3, grouping, NULL);
  MUST(ctx, weft_grouping_close(ctx, grouping, &groups, rows_of_groups));
  ck_assert_uint_eq(groups, n_keys);
  for (size_t row = 0; row < rows; row++)
    CASE_CHECK(numbers_of_rows[row] == row % n_keys, row, "group %u", numbers_of_rows[row]);
  for (size_t g = 0; g < groups; g++)
    CASE_CHECK(rows_of_groups[g] == g, g, "the group begins with row %u", rows_of_groups[g]);
  weft_ctx_free(ctx);
}
END_TEST

/* ---- No memory ---- */

#define LIMIT ((size_t)12 << 20) /* less than the table takes */

static void *try_to_work(void *arg) {
  struct worker *me = arg;
  me->status = weft_grouping_work(me->ctx, me->grouping);
  return NULL;
}

START_TEST(all_threads_are_told_of_the_limit_that_one_came_to_and_nothing_is_left) {
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(tables.list[_i]->isa, LIMIT, &slab);
  uint64_t before = live_objects(slab);
  for (size_t row = 0; row < MANY_ROWS; row++)
    many_numbers[row] = row * RNG_STEP;
  struct weft_column key = weft_column_fixed(many_numbers, WEFT_U64, MANY_ROWS);
  struct worker workers[4];
  weft_grouping *grouping;
  size_t groups = 7;
  MUST(ctx, weft_grouping_open(ctx, &key, 1, 4, many_group, &grouping));
  for (size_t i = 0; i < 4; i++) {
    workers[i] = (struct worker){.grouping = grouping};
    MUST(ctx, weft_ctx_clone(ctx, &workers[i].ctx));
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, try_to_work, &workers[i]), 0);
  }
  for (size_t i = 0; i < 4; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    ck_assert_int_eq(workers[i].status, WEFT_E_LIMIT);
    weft_ctx_free(workers[i].ctx);
  }
  ck_assert_int_eq(weft_grouping_close(ctx, grouping, &groups, NULL), WEFT_E_LIMIT);
  ck_assert_uint_eq(groups, 0);
  ck_assert_uint_eq(live_objects(slab), before);
  close_slab(ctx, slab);
}
END_TEST

/* Row by row: the lookup of a row's own key is the first row of its group, unless it has a null. */
static void check_lookups(weft_ctx *ctx, const weft_index *index, size_t threads) {
  ck_assert_int_eq(weft_index_lookup(ctx, index, keys, 2, first_row), WEFT_OK);
  for (size_t row = 0; row < ROWS; row++) {
    bool null = key_of((uint32_t)row) / 2 == MOST_KEYS || key_of((uint32_t)row) % 2 == 0;
    uint32_t expected = null ? WEFT_NO_ROW : wanted_first[wanted[row]];
    if (first_row[row] != expected)
      ck_abort_msg("%zu threads: row %zu finds row %u, not %u", threads, row, first_row[row], expected);
  }
}

START_TEST(threads_build_an_index_that_one_would) {
  static const size_t key_counts[] = {40, MOST_KEYS};
  struct rng rng = {rng_case_seed((size_t)_i)};
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t k = 0; k < sizeof key_counts / sizeof *key_counts; k++) {
    draw(key_counts[k], &rng);
    for (size_t threads = 1; threads <= 4; threads++) {
      weft_index_builder *builder;
      weft_index *index;
      ck_assert_int_eq(weft_index_builder_open(ctx, NULL, &builder), WEFT_OK);
      ck_assert_int_eq(weft_index_append(ctx, builder, keys, 2, NULL), WEFT_OK);
      work_together(ctx, threads, NULL, builder);
      ck_assert_int_eq(weft_index_seal(ctx, builder, &index), WEFT_OK);
      check_lookups(ctx, index, threads);
      ck_assert_int_eq(weft_index_free(index), WEFT_OK);
    }
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(what_cannot_be_grouped_is_refused_with_the_reason) {
  weft_ctx *ctx = ctx_with(NULL);
  weft_grouping *grouping = NULL;
  struct rng rng = {rng_case_seed(0)};
  size_t groups = 7;
  draw(40, &rng);
  ck_assert_int_eq(weft_grouping_open(NULL, keys, 2, 2, group, &grouping), WEFT_E_INVALID);
  ck_assert_int_eq(weft_grouping_open(ctx, keys, 2, 2, group, NULL), WEFT_E_INVALID);
  ck_assert_str_eq(weft_ctx_message(ctx), "weft_grouping_open: out is NULL");
  ck_assert_int_eq(weft_grouping_open(ctx, keys, 2, 0, group, &grouping), WEFT_E_INVALID);
  ck_assert_str_eq(weft_ctx_message(ctx), "weft_grouping_open: threads is 0");
  ck_assert_int_eq(weft_grouping_open(ctx, keys, 2, 2, NULL, &grouping), WEFT_E_INVALID);
  ck_assert_str_eq(weft_ctx_message(ctx), "weft_grouping_open: group is NULL, and there are 140000 rows");
  ck_assert_ptr_null(grouping);
  ck_assert_int_eq(weft_grouping_work(ctx, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_grouping_open(ctx, keys, 2, 2, group, &grouping), WEFT_OK);
  weft_ctx *stranger = ctx_with(NULL);
  ck_assert_int_eq(weft_grouping_work(stranger, grouping), WEFT_E_INVALID);
  weft_ctx_free(stranger);
  ck_assert_int_eq(weft_grouping_close(ctx, grouping, NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_grouping_close(ctx, NULL, &groups, NULL), WEFT_E_INVALID);
  ck_assert_uint_eq(groups, 0);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, threads_number_groups_as_a_loop_does, 0, tables.n);
  tcase_add_loop_test(tcase, keys_that_come_and_go_are_numbered_in_the_order_of_their_first_rows, 0,
                      tables.n * KINDS_OF_KEYS);
  tcase_add_test(tcase, millions_of_keys_are_numbered_by_their_first_rows);
  tcase_add_loop_test(tcase, all_threads_are_told_of_the_limit_that_one_came_to_and_nothing_is_left, 0, tables.n);
  tcase_add_loop_test(tcase, threads_build_an_index_that_one_would, 0, tables.n);
  tcase_add_test(tcase, what_cannot_be_grouped_is_refused_with_the_reason);
}

int main(void) {
  tables = tables_here();
  return suite_main("grouping", add_tests);
}
