/* SPDX-License-Identifier: MIT
 *
 * Index, join and group over more rows than a first table holds, so that it grows in the middle: keys in orders that
 * mislead its guesses, as numbers, bytes, strings and pairs, and with hashes cut so that different keys collide. The truth
 * is found by addressing arrays with the key's number.
 */
#include <inttypes.h>

#include "keys.h"
#include "lib/index.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define MOST_ROWS 150000
#define PROBES 2000

static struct tables tables;

/* How keys repeat: the number of a row's key, below rows. */
static uint32_t unique(uint32_t row, uint32_t rows) {
  return rows - 1 - row;
}
static uint32_t in_threes(uint32_t row, uint32_t rows) {
  (void)rows;
  return row / 3;
}
static uint32_t in_turn(uint32_t row, uint32_t rows) {
  return row % (rows / 3);
}
static uint32_t few_then_unique(uint32_t row, uint32_t rows) {
  return row < rows / 2 ? row % 100 : row;
}
static uint32_t unique_then_again(uint32_t row, uint32_t rows) {
  return row < rows - rows / 4 ? row : row - rows / 2;
}
static uint32_t scattered(uint32_t row, uint32_t rows) {
  return (uint32_t)((row + 1) * RNG_STEP >> 32) % rows;
}

static const struct order {
  const char *name;
  uint32_t (*key)(uint32_t row, uint32_t rows);
} orders[] = {{"unique", unique},
              {"in threes", in_threes},
              {"in turn", in_turn},
              {"few, then unique", few_then_unique},
              {"unique, then again", unique_then_again},
              {"scattered", scattered}};
#define ORDERS ((int)(sizeof orders / sizeof *orders))

/* Keys of these numbers, as columns. */
enum form { NUMBERS, BYTES, STRINGS, TWO_COLUMNS, CLOSE_NUMBERS, FORMS };

struct big {
  uint32_t numbers[MOST_ROWS];
  uint64_t values[MOST_ROWS];
  uint32_t high[MOST_ROWS], low[MOST_ROWS];
  uint8_t bytes[MOST_ROWS][12];
  char text[MOST_ROWS * 16];
  int32_t offsets[MOST_ROWS + 1];
  struct weft_column keys[2];
  size_t n_keys;
};
static struct big build, probe;

/* The same number gives the same key on both sides. */
static void lay_keys(enum form form, uint32_t rows, struct big *big) {
  int32_t at = 0;
  for (uint32_t i = 0; i < rows; i++) {
    uint32_t number = big->numbers[i];
    big->values[i] = number * RNG_STEP;
    big->high[i] = number >> 8;
    big->low[i] = number & 255;
    memcpy(big->bytes[i], "abcdefgh", 8);
    memcpy(big->bytes[i] + 8, &number, sizeof number);
    big->offsets[i] = at;
    if (form == STRINGS)
      at += sprintf(big->text + at, "k%" PRIu32, number);
    big->offsets[i + 1] = at;
  }
  big->n_keys = form == TWO_COLUMNS ? 2 : 1;
  big->keys[0] = form == NUMBERS         ? weft_column_fixed(big->values, WEFT_U64, rows)
                 : form == CLOSE_NUMBERS ? weft_column_fixed(big->numbers, WEFT_U32, rows)
                 : form == BYTES         ? weft_column_bytes(big->bytes, 12, rows)
                 : form == STRINGS       ? weft_column_offsets32(big->text, (size_t)at, big->offsets, rows)
                                         : weft_column_fixed(big->high, WEFT_U32, rows);
  big->keys[1] = weft_column_fixed(big->low, WEFT_U32, rows);
}

/* The rows of each key in order: rows[start[k] .. start[k + 1]). */
static uint32_t start[2 * MOST_ROWS + 1], rows_of[MOST_ROWS], keys_seen;

static void list_truth(uint32_t rows) {
  static uint32_t next[2 * MOST_ROWS + 1];
  memset(start, 0, sizeof start);
  for (uint32_t row = 0; row < rows; row++)
    start[build.numbers[row] + 1]++;
  keys_seen = 0;
  for (uint32_t k = 0; k < 2 * MOST_ROWS; k++) {
    keys_seen += start[k + 1] > 0;
    start[k + 1] += start[k];
  }
  memcpy(next, start, sizeof next);
  for (uint32_t row = 0; row < rows; row++)
    rows_of[next[build.numbers[row]]++] = row;
}

static uint32_t first_of(uint32_t number) {
  return start[number] < start[number + 1] ? rows_of[start[number]] : WEFT_NO_ROW;
}

static void check_lookup(weft_ctx *ctx, const weft_index *index, const struct big *side, uint32_t rows) {
  static uint32_t first_row[MOST_ROWS];
  MUST(ctx, weft_index_lookup(ctx, index, side->keys, side->n_keys, first_row));
  for (uint32_t row = 0; row < rows; row++)
    CASE_CHECK(first_row[row] == first_of(side->numbers[row]), row, "key %u: first row %u, not %u", side->numbers[row],
               first_row[row], first_of(side->numbers[row]));
}

/* The first PROBES probe rows, some of them without a match, in a right join with 1000 pairs a call; then the rest. */
static void check_join(weft_ctx *ctx, weft_index *index, uint32_t rows) {
  static uint32_t build_row[1000], probe_row[1000];
  static bool met[2 * MOST_ROWS];
  weft_join *join = join_on(ctx, index, WEFT_JOIN_RIGHT);
  size_t n;
  MUST(ctx, weft_join_probe(join, probe.keys, probe.n_keys));
  uint32_t row = 0, given = 0, left = 0;
  memset(met, 0, sizeof met);
  do {
    MUST(ctx, weft_join_next(join, build_row, probe_row, 1000, &n));
    for (size_t k = 0; k < n; k++, given++) {
      while (row < PROBES && given == start[probe.numbers[row] + 1] - start[probe.numbers[row]]) {
        row++;
        given = 0;
      }
      CASE_CHECK(row < PROBES && probe_row[k] == row && build_row[k] == rows_of[start[probe.numbers[row]] + given], row,
                 "pair (%u, %u)", build_row[k], probe_row[k]);
      met[probe.numbers[row]] = true;
    }
  } while (n > 0);
  MUST(ctx, weft_join_finish(join));
  do {
    MUST(ctx, weft_join_next(join, build_row, probe_row, 1000, &n));
    for (size_t k = 0; k < n; k++, left++) {
      while (left < rows && met[build.numbers[left]])
        left++;
      CASE_CHECK(build_row[k] == left && probe_row[k] == WEFT_NO_ROW, left, "unmatched row %u", build_row[k]);
    }
  } while (n > 0);
  while (left < rows && met[build.numbers[left]])
    left++;
  CASE_CHECK(left == rows, left, "the unmatched rows end early");
  weft_join_close(join);
}

static void check_group(weft_ctx *ctx, uint32_t rows) {
  static uint32_t group[MOST_ROWS], first_row[MOST_ROWS], number_of[2 * MOST_ROWS];
  size_t groups;
  uint32_t next = 0;
  MUST(ctx, weft_group(ctx, build.keys, build.n_keys, group, &groups, first_row));
  memset(number_of, 0xff, sizeof number_of);
  for (uint32_t row = 0; row < rows; row++) {
    uint32_t *number = &number_of[build.numbers[row]];
    if (*number == UINT32_MAX) {
      CASE_CHECK(next < groups && first_row[next] == row, row, "group %u of %zu starts elsewhere", next, groups);
      *number = next++;
    }
    CASE_CHECK(group[row] == *number, row, "group %u, not %u", group[row], *number);
  }
  CASE_CHECK(groups == next, 0, "%zu groups, not %u", groups, next);
}

static void check_case(weft_ctx *ctx, const struct order *order, enum form form, uint32_t rows, uint64_t mask) {
  struct rng rng = {rng_case_seed(rows)};
  char what[100];
  snprintf(what, sizeof what, "%s, form %d, mask %" PRIx64, order->name, form, mask);
  guard_case = (struct guard_case){.what = what, .isa = ctx->kernels->isa, .rows = rows, .seed = rng.state};
  for (uint32_t row = 0; row < rows; row++)
    build.numbers[row] = order->key(row, rows);
  for (uint32_t row = 0; row < PROBES; row++) /* about half of them absent */
    probe.numbers[row] =
        rng_percent(&rng, 50) ? build.numbers[rng_upto(&rng, rows - 1)] : (uint32_t)rng_upto(&rng, 2 * rows - 1);
  lay_keys(form, rows, &build);
  lay_keys(form, PROBES, &probe);
  list_truth(rows);
  ctx->key_mask = mask;
  check_group(ctx, rows);
  weft_index *index = index_of(ctx, build.keys, build.n_keys);
  struct weft_index_figures figures = figures_of(index);
  CASE_CHECK(figures.rows == rows && figures.keys == keys_seen && figures.null_rows == 0, 0,
             "%" PRIu64 " rows, %" PRIu64 " keys, not %u", figures.rows, figures.keys, keys_seen);
  check_lookup(ctx, index, &build, rows);
  check_lookup(ctx, index, &probe, PROBES);
  check_join(ctx, index, rows);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
}

START_TEST(tables_that_grow_lose_nothing) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (int order = 0; order < ORDERS; order++)
    check_case(ctx, &orders[order], NUMBERS, MOST_ROWS, UINT64_MAX);
  for (int form = BYTES; form < FORMS; form++)
    for (int order = 0; order < ORDERS; order++)
      check_case(ctx, &orders[order], (enum form)form, 40000, UINT64_MAX);
  weft_ctx_free(ctx);
}
END_TEST

/* 4096 hashes for some 20,000 keys: places overflow, entries of one hash move to a larger table together. */
START_TEST(tables_of_colliding_keys_that_grow_lose_nothing) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (int order = 0; order < ORDERS; order++)
    check_case(ctx, &orders[order], order % 2 ? BYTES : NUMBERS, 20000, UINT64_C(0xfff) << 52);
  weft_ctx_free(ctx);
}
END_TEST

/* Hashes that differ, and lead to a sixteenth of the buckets: nearly all entries are in the overflow. */
START_TEST(tables_whose_keys_crowd_into_few_places_lose_nothing) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (int order = 0; order < ORDERS; order++)
    check_case(ctx, &orders[order], order % 2 ? NUMBERS : BYTES, 40000, UINT64_MAX >> 4);
  weft_ctx_free(ctx);
}
END_TEST

/* Sizes around the one at which a table grows for the first time, 16384 keys, and around batches. */
START_TEST(the_first_growth_may_come_at_any_row) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  for (uint32_t rows = 16384 - 70; rows <= 16384 + 70; rows += 10)
    check_case(ctx, &orders[rows / 10 % 2 ? 0 : 3], BYTES, rows, UINT64_MAX);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, tables_that_grow_lose_nothing, 0, tables.n);
  tcase_add_loop_test(tcase, tables_of_colliding_keys_that_grow_lose_nothing, 0, tables.n);
  tcase_add_loop_test(tcase, tables_whose_keys_crowd_into_few_places_lose_nothing, 0, tables.n);
  tcase_add_loop_test(tcase, the_first_growth_may_come_at_any_row, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("growth", add_tests);
}
