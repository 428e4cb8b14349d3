/* SPDX-License-Identifier: MIT
 *
 * Joins at their limits: of the slab's memory, which may be reached at any call and leaves nothing behind, and of skew,
 * where work stays linear in the pairs.
 */
#include <time.h>

#include "keys.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;

static const uint32_t ten[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint32_t evens[] = {0, 2, 4, 6, 8, 10, 12};

struct rig {
  weft_slab *slab;
  weft_ctx *ctx;
  weft_index *index;
};

static void close_rig(struct rig *rig) {
  ck_assert_int_eq(weft_index_free(rig->index), WEFT_OK);
  close_slab(rig->ctx, rig->slab);
}

/* Rows enough that the index, and the record of its matches, need memory of the system. */

#define LIMIT ((size_t)48 << 20)
#define BIG_ROWS 1000000
static uint32_t big[BIG_ROWS];

static struct rig open_limited_rig(void) {
  struct rig rig;
  for (uint32_t i = 0; i < BIG_ROWS; i++)
    big[i] = i;
  struct weft_column keys = weft_column_fixed(big, WEFT_U32, BIG_ROWS);
  rig.ctx = ctx_on_slab(NULL, LIMIT, &rig.slab);
  rig.index = index_of(rig.ctx, &keys, 1);
  return rig;
}

/* Takes all memory that there is, in pieces of 4096 bytes and more; gives it back. */
struct hog {
  void *pieces[3000];
  size_t n;
};

static void hog_all(weft_ctx *ctx, struct hog *hog) {
  hog->n = 0;
  for (size_t bytes = (size_t)8 << 20; bytes >= 4096;) {
    void *p = hog->n < 3000 ? weft_alloc(ctx, bytes) : NULL;
    if (p)
      hog->pieces[hog->n++] = p;
    else
      bytes /= 2;
  }
  ck_assert_uint_lt(hog->n, 3000);
}

static void hog_none(weft_ctx *ctx, struct hog *hog) {
  while (hog->n > 0)
    ck_assert_int_eq(weft_free(ctx, hog->pieces[--hog->n]), WEFT_OK);
}

START_TEST(a_join_that_reaches_the_slabs_limit_as_it_opens_leaves_nothing) {
  static struct hog hog;
  struct rig rig = open_limited_rig();
  hog_all(rig.ctx, &hog);
  uint64_t before = live_objects(rig.slab);
  for (int kind = 0; kind < KINDS; kind++) {
    weft_join *join = (weft_join *)&rig;
    REFUSED(rig.ctx, weft_join_open(rig.ctx, rig.index, (enum weft_join_kind)kind, &join), WEFT_E_LIMIT, "50331648");
    ck_assert_ptr_null(join);
    ck_assert_uint_eq(live_objects(rig.slab), before);
  }
  hog_none(rig.ctx, &hog);
  weft_join_close(join_on(rig.ctx, rig.index, WEFT_JOIN_FULL));
  close_rig(&rig);
}
END_TEST

/* The record of matches is what does not fit: a byte a key, from the index's slab. */
START_TEST(a_record_of_matches_over_the_slabs_limit_is_refused_with_numbers) {
  static struct hog hog;
  struct rig rig = open_limited_rig();
  weft_slab *slab;
  weft_ctx *stranger = ctx_on_slab(NULL, 0, &slab);
  hog_all(rig.ctx, &hog);
  uint64_t before = live_objects(rig.slab);
  weft_join *join = (weft_join *)&rig;
  REFUSED(stranger, weft_join_open(stranger, rig.index, WEFT_JOIN_RIGHT, &join), WEFT_E_LIMIT, "1000000");
  ck_assert_ptr_null(join);
  ck_assert_uint_eq(live_objects(rig.slab), before);
  weft_join_close(join_on(stranger, rig.index, WEFT_JOIN_INNER)); /* which keeps no record */
  hog_none(rig.ctx, &hog);
  weft_join_close(join_on(stranger, rig.index, WEFT_JOIN_RIGHT));
  close_slab(stranger, slab);
  close_rig(&rig);
}
END_TEST

START_TEST(a_finish_that_reaches_the_slabs_limit_may_be_repeated) {
  static struct hog hog;
  struct rig rig = open_limited_rig();
  struct weft_column keys = weft_column_fixed(evens, WEFT_U32, 7);
  weft_join *join = join_on(rig.ctx, rig.index, WEFT_JOIN_RIGHT);
  size_t n;
  MUST(rig.ctx, weft_join_probe(join, &keys, 1));
  MUST(rig.ctx, weft_join_next(join, NULL, NULL, 100, &n));
  ck_assert_uint_eq(n, 7);
  hog_all(rig.ctx, &hog);
  uint64_t before = live_objects(rig.slab);
  for (int round = 0; round < 2; round++) {
    REFUSED(rig.ctx, weft_join_finish(join), WEFT_E_LIMIT, "50331648");
    MUST(rig.ctx, weft_join_next(join, NULL, NULL, 100, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(live_objects(rig.slab), before);
  }
  hog_none(rig.ctx, &hog);
  MUST(rig.ctx, weft_join_probe(join, &keys, 1)); /* it has not ended */
  MUST(rig.ctx, weft_join_next(join, NULL, NULL, 100, &n));
  MUST(rig.ctx, weft_join_finish(join));
  MUST(rig.ctx, weft_join_next(join, NULL, NULL, 2 * BIG_ROWS, &n));
  ck_assert_uint_eq(n, BIG_ROWS - 7);
  weft_join_close(join);
  close_rig(&rig);
}
END_TEST

/* Skew */

#define SKEWED_BUILD 100000
#define SKEWED_PROBE 5

static double cpu_seconds(void) {
  return (double)clock() / CLOCKS_PER_SEC;
}

/* Every build row with every probe row, one by one. Work that grew with the rows for each pair would be 5e10 steps. */
static void join_skewed(struct weft_column build_column, struct weft_column probe_column) {
  weft_ctx *ctx = ctx_on(tables.list[tables.n - 1]->isa, 0);
  double before = cpu_seconds();
  weft_index *index = index_of(ctx, &build_column, 1);
  struct weft_index_figures figures = figures_of(index);
  ck_assert_uint_eq(figures.rows, SKEWED_BUILD);
  ck_assert_uint_eq(figures.keys, 1);
  ck_assert_uint_eq(figures.overflowing, 0); /* one entry, however many rows */
  ck_assert_uint_lt(figures.bytes, 2 * SKEWED_BUILD * sizeof(uint32_t) + 2000000);
  weft_join *join = join_on(ctx, index, WEFT_JOIN_FULL);
  MUST(ctx, weft_join_probe(join, &probe_column, 1));
  size_t calls = 0, n;
  for (;; calls++) {
    uint32_t build, probe;
    MUST(ctx, weft_join_next(join, &build, &probe, 1, &n));
    if (n == 0)
      break;
    CASE_CHECK(build == calls % SKEWED_BUILD && probe == calls / SKEWED_BUILD, calls, "pair (%u, %u)", build, probe);
  }
  ck_assert_uint_eq(calls, (size_t)SKEWED_BUILD * SKEWED_PROBE);
  ck_assert_uint_eq(stats_of(ctx).rows, SKEWED_BUILD + SKEWED_PROBE); /* each row was hashed once */
  MUST(ctx, weft_join_finish(join));
  MUST(ctx, weft_join_next(join, NULL, NULL, 1, &n));
  ck_assert_uint_eq(n, 0);
  weft_join_close(join);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  ck_assert_msg(cpu_seconds() - before < 10, "%zu pairs took %.1f s", calls, cpu_seconds() - before);
  weft_ctx_free(ctx);
}

START_TEST(one_number_on_both_sides_takes_time_linear_in_its_pairs) {
  static uint64_t same[SKEWED_BUILD];
  join_skewed(weft_column_fixed(same, WEFT_U64, SKEWED_BUILD), weft_column_fixed(same, WEFT_U64, SKEWED_PROBE));
}
END_TEST

START_TEST(one_string_on_both_sides_takes_time_linear_in_its_pairs) {
  static const void *ptrs[SKEWED_BUILD];
  static size_t lengths[SKEWED_BUILD];
  for (size_t i = 0; i < SKEWED_BUILD; i++) {
    ptrs[i] = "/usr/share/doc/a/path/that/is/the/same/everywhere";
    lengths[i] = strlen(ptrs[i]);
  }
  join_skewed(weft_column_ptrs(ptrs, lengths, SKEWED_BUILD), weft_column_ptrs(ptrs, lengths, SKEWED_PROBE));
}
END_TEST

/* Many probe rows with few pairs, fetched one by one: the rows without a pair may not be gone through again. */
START_TEST(rows_without_pairs_are_passed_once) {
  weft_ctx *ctx = ctx_on(NULL, 65536);
  static uint32_t absent[SKEWED_BUILD];
  for (uint32_t i = 0; i < SKEWED_BUILD; i++)
    absent[i] = i % 1000 == 0 ? i % 10 : 1000 + i;
  struct weft_column build_column = weft_column_fixed(ten, WEFT_U32, 10),
                     probe_column = weft_column_fixed(absent, WEFT_U32, SKEWED_BUILD);
  weft_index *index = index_of(ctx, &build_column, 1);
  double before = cpu_seconds();
  for (int kind = 0; kind < KINDS; kind++) {
    weft_join *join = join_on(ctx, index, (enum weft_join_kind)kind);
    MUST(ctx, weft_join_probe(join, &probe_column, 1));
    size_t pairs = 0, n;
    do {
      uint32_t build, probe;
      MUST(ctx, weft_join_next(join, &build, &probe, 1, &n));
      pairs += n;
    } while (n > 0);
    bool all = kind == WEFT_JOIN_LEFT || kind == WEFT_JOIN_FULL || kind == WEFT_JOIN_MARK;
    ck_assert_uint_eq(pairs, all ? SKEWED_BUILD : kind == WEFT_JOIN_ANTI ? SKEWED_BUILD - 100 : 100);
    weft_join_close(join);
  }
  ck_assert_uint_eq(stats_of(ctx).rows, 10 + KINDS * SKEWED_BUILD);
  ck_assert_msg(cpu_seconds() - before < 10, "took %.1f s", cpu_seconds() - before);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {a_join_that_reaches_the_slabs_limit_as_it_opens_leaves_nothing,
                          a_record_of_matches_over_the_slabs_limit_is_refused_with_numbers,
                          a_finish_that_reaches_the_slabs_limit_may_be_repeated,
                          one_number_on_both_sides_takes_time_linear_in_its_pairs,
                          one_string_on_both_sides_takes_time_linear_in_its_pairs,
                          rows_without_pairs_are_passed_once};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  tables = tables_here();
  return suite_main("join_limits", add_tests);
}
