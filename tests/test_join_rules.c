/* SPDX-License-Identifier: MIT
 *
 * What a join promises beside its pairs: statuses with numbers in their messages, what may follow what, who owns what.
 */
#include "keys.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;

static const uint32_t ten[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint32_t evens[] = {0, 2, 4, 6, 8, 10, 12};

/* Build rows 0 to 9 and probe rows 0, 2, … 12, of unsigned numbers. */
static struct weft_column build_keys(void) {
  return weft_column_fixed(ten, WEFT_U32, 10);
}

static struct weft_column probe_keys(void) {
  return weft_column_fixed(evens, WEFT_U32, 7);
}

struct rig {
  weft_slab *slab;
  weft_ctx *ctx;
  weft_index *index;
};

static struct rig open_rig(void) {
  struct rig rig;
  struct weft_column keys = build_keys();
  rig.ctx = ctx_on_slab(NULL, 0, &rig.slab);
  rig.index = index_of(rig.ctx, &keys, 1);
  return rig;
}

static void close_rig(struct rig *rig) {
  ck_assert_int_eq(weft_index_free(rig->index), WEFT_OK);
  close_slab(rig->ctx, rig->slab);
}

/* Fetches all that is left, at most 100 pairs; returns how many. */
static size_t drain(weft_ctx *ctx, weft_join *join, uint32_t *build, uint32_t *probe) {
  size_t n, more;
  MUST(ctx, weft_join_next(join, build, probe, 100, &n));
  MUST(ctx, weft_join_next(join, NULL, NULL, 1, &more));
  ck_assert_uint_eq(more, 0);
  return n;
}

static size_t probe_all(weft_ctx *ctx, weft_join *join, uint32_t *build, uint32_t *probe) {
  struct weft_column keys = probe_keys();
  MUST(ctx, weft_join_probe(join, &keys, 1));
  return drain(ctx, join, build, probe);
}

START_TEST(null_and_unknown_arguments_are_refused) {
  struct rig rig = open_rig();
  struct weft_column keys = probe_keys();
  weft_join *join = (weft_join *)&rig;
  size_t n = 99;
  ck_assert_int_eq(weft_join_open(NULL, rig.index, WEFT_JOIN_INNER, &join), WEFT_E_INVALID);
  ck_assert_ptr_null(join);
  join = (weft_join *)&rig;
  REFUSED(rig.ctx, weft_join_open(rig.ctx, NULL, WEFT_JOIN_INNER, &join), WEFT_E_INVALID, "index is NULL");
  ck_assert_ptr_null(join);
  REFUSED(rig.ctx, weft_join_open(rig.ctx, rig.index, WEFT_JOIN_INNER, NULL), WEFT_E_INVALID, "out is NULL");
  REFUSED(rig.ctx, weft_join_open(rig.ctx, rig.index, (enum weft_join_kind)7, &join), WEFT_E_INVALID, "7");
  REFUSED(rig.ctx, weft_join_open(rig.ctx, rig.index, (enum weft_join_kind) - 1, &join), WEFT_E_INVALID, "-1");
  ck_assert_int_eq(weft_join_probe(NULL, &keys, 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_join_next(NULL, NULL, NULL, 1, &n), WEFT_E_INVALID);
  ck_assert_uint_eq(n, 0);
  ck_assert_int_eq(weft_join_finish(NULL), WEFT_E_INVALID);
  weft_join_close(NULL);
  join = join_on(rig.ctx, rig.index, WEFT_JOIN_INNER);
  REFUSED(rig.ctx, weft_join_probe(join, NULL, 1), WEFT_E_INVALID, "NULL");
  REFUSED(rig.ctx, weft_join_next(join, NULL, NULL, 1, NULL), WEFT_E_INVALID, "n is NULL");
  n = 99;
  REFUSED(rig.ctx, weft_join_next(join, NULL, NULL, 0, &n), WEFT_E_INVALID, "capacity is 0");
  ck_assert_uint_eq(n, 0);
  weft_join_close(join);
  close_rig(&rig);
}
END_TEST

START_TEST(probe_keys_of_another_shape_than_the_builds_are_refused) {
  struct rig rig = open_rig();
  weft_join *join = join_on(rig.ctx, rig.index, WEFT_JOIN_INNER);
  struct weft_column good = probe_keys(), two[] = {good, weft_column_fixed(evens, WEFT_U32, 6)}, none = {.rows = 3};
  struct weft_column type = weft_column_fixed(evens, WEFT_I32, 7), bytes = weft_column_bytes(evens, 4, 7);
  two[1].rows = 6;
  REFUSED(rig.ctx, weft_join_probe(join, &good, 0), WEFT_E_INVALID, "0 columns");
  REFUSED(rig.ctx, weft_join_probe(join, two, 2), WEFT_E_INVALID, "column 1 has 6 rows, column 0 has 7");
  two[1] = good;
  REFUSED(rig.ctx, weft_join_probe(join, two, 2), WEFT_E_INVALID, "2 key columns, and the index has 1");
  REFUSED(rig.ctx, weft_join_probe(join, &none, 1), WEFT_E_INVALID, "no layout");
  REFUSED(rig.ctx, weft_join_probe(join, &type, 1), WEFT_E_INVALID, "key column 0 is of type 3, the index's of type 7");
  REFUSED(rig.ctx, weft_join_probe(join, &bytes, 1), WEFT_E_INVALID, "type 11");
  uint32_t build[100], probe[100];
  ck_assert_uint_eq(drain(rig.ctx, join, build, probe), 0); /* nothing that was refused has become the batch */
  ck_assert_uint_eq(probe_all(rig.ctx, join, build, probe), 5);
  weft_join_close(join);
  close_rig(&rig);
}
END_TEST

START_TEST(probe_bytes_of_another_width_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column wide = weft_column_bytes("abcdefghi", 9, 1), narrow = weft_column_bytes("abcdefghi", 3, 3);
  weft_index *index = index_of(ctx, &wide, 1);
  weft_join *join = join_on(ctx, index, WEFT_JOIN_LEFT);
  REFUSED(ctx, weft_join_probe(join, &narrow, 1), WEFT_E_INVALID, "3 bytes wide, the index's 9");
  weft_join_close(join);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Rows of no bytes need no memory, so that there may be as many as one likes. */
START_TEST(more_than_2_to_the_32_less_2_probe_rows_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column some = weft_column_bytes(NULL, 0, 3), many = weft_column_bytes(NULL, 0, UINT32_MAX);
  weft_index *index = index_of(ctx, &some, 1);
  weft_join *join = join_on(ctx, index, WEFT_JOIN_LEFT);
  REFUSED(ctx, weft_join_probe(join, &many, 1), WEFT_E_OVERFLOW, "4294967295 rows, and at most 4294967294");
  many.rows = many.base_rows = (size_t)1 << 40;
  REFUSED(ctx, weft_join_probe(join, &many, 1), WEFT_E_OVERFLOW, "1099511627776");
  many.rows = many.base_rows = UINT32_MAX - 1;
  MUST(ctx, weft_join_probe(join, &many, 1)); /* and may be given up halfway */
  uint32_t build[7], probe[7];
  size_t n;
  MUST(ctx, weft_join_next(join, build, probe, 7, &n));
  ck_assert_uint_eq(n, 7);
  for (uint32_t i = 0; i < 7; i++)
    ck_assert(build[i] == i % 3 && probe[i] == i / 3);
  weft_join_close(join);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_probe_without_the_hashes_that_it_says_it_has_is_refused) {
  struct rig rig = open_rig();
  struct weft_column keys = probe_keys(), none = weft_column_fixed(NULL, WEFT_U32, 0);
  weft_join *join = join_on(rig.ctx, rig.index, WEFT_JOIN_INNER);
  uint64_t hashes[7];
  uint32_t build[100], probe[100];
  ck_assert_int_eq(weft_join_probe_hashed(NULL, &keys, 1, hashes), WEFT_E_INVALID);
  REFUSED(rig.ctx, weft_join_probe_hashed(join, &keys, 1, NULL), WEFT_E_INVALID, "hashes is NULL, and there are 7 rows");
  REFUSED(rig.ctx, weft_join_probe_hashed(join, NULL, 1, hashes), WEFT_E_INVALID, "weft_join_probe_hashed");
  MUST(rig.ctx, weft_join_probe_hashed(join, &none, 1, NULL));
  ck_assert_uint_eq(drain(rig.ctx, join, build, probe), 0);
  MUST(rig.ctx, weft_index_hash(rig.ctx, figures_of(rig.index).seed, &keys, 1, hashes));
  MUST(rig.ctx, weft_join_probe_hashed(join, &keys, 1, hashes));
  REFUSED(rig.ctx, weft_join_probe_hashed(join, &keys, 1, hashes), WEFT_E_BUSY, "7 of the 7 rows");
  ck_assert_uint_eq(drain(rig.ctx, join, build, probe), 5);
  ck_assert_uint_eq(probe_all(rig.ctx, join, build, probe), 5);
  weft_join_close(join);
  close_rig(&rig);
}
END_TEST

/* SQL's IN: a null is in no empty list, and may be in any other; a list with a null may hold anything. */
#define NO WEFT_NO_ROW
#define UNKNOWN WEFT_UNKNOWN_ROW
START_TEST(a_mark_join_says_yes_no_and_unknown) {
  static const uint8_t but_last = 0x3f;
  static const uint8_t bits[] = {0xfe, 0xff};
  static const struct {
    size_t build_rows;
    bool build_null, probe_null;
    uint32_t wanted[7]; /* of keys 0, 2, ... 12 */
  } cases[] = {
      {10, false, false, {0, 2, 4, 6, 8, NO, NO}},
      {10, false, true, {0, 2, 4, 6, 8, NO, UNKNOWN}},
      {10, true, true, {UNKNOWN, 2, 4, 6, 8, UNKNOWN, UNKNOWN}},
      {1, true, false, {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
      {0, false, true, {NO, NO, NO, NO, NO, NO, NO}},
  };
  weft_ctx *ctx = ctx_with(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct weft_column build = weft_column_fixed(ten, WEFT_U32, cases[i].build_rows), keys = probe_keys();
    if (cases[i].build_null)
      build = weft_column_with_validity(build, bits, 0);
    if (cases[i].probe_null)
      keys = weft_column_with_validity(keys, &but_last, 0);
    weft_index *index = index_of(ctx, &build, 1);
    weft_join *join = join_on(ctx, index, WEFT_JOIN_MARK);
    uint32_t found[7], probe[7];
    size_t n;
    MUST(ctx, weft_join_probe(join, &keys, 1));
    MUST(ctx, weft_join_next(join, found, probe, 7, &n));
    ck_assert_uint_eq(n, 7);
    for (uint32_t k = 0; k < 7; k++)
      ck_assert_msg(found[k] == cases[i].wanted[k] && probe[k] == k, "case %zu: row %u is %u, not %u", i, k, found[k],
                    cases[i].wanted[k]);
    weft_join_close(join);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_batch_that_is_not_drained_keeps_the_next_one_out) {
  struct rig rig = open_rig();
  struct weft_column keys = probe_keys();
  weft_join *join = join_on(rig.ctx, rig.index, WEFT_JOIN_LEFT);
  uint32_t build, probe, rows = 0;
  size_t n;
  MUST(rig.ctx, weft_join_probe(join, &keys, 1));
  REFUSED(rig.ctx, weft_join_probe(join, &keys, 1), WEFT_E_BUSY, "7 of the 7 rows");
  for (;;) {
    MUST(rig.ctx, weft_join_next(join, &build, &probe, 1, &n));
    if (n == 0)
      break;
    ck_assert_uint_eq(probe, rows++);
    if (rows == 3) {
      REFUSED(rig.ctx, weft_join_probe(join, &keys, 1), WEFT_E_BUSY, "4 of the 7 rows");
      REFUSED(rig.ctx, weft_join_finish(join), WEFT_E_BUSY, "7 rows");
    }
  }
  ck_assert_uint_eq(rows, 7);
  MUST(rig.ctx, weft_join_probe(join, &keys, 1));
  weft_join_close(join);
  close_rig(&rig);
}
END_TEST

START_TEST(before_a_batch_and_after_one_there_are_no_pairs) {
  struct rig rig = open_rig();
  for (int kind = 0; kind < KINDS; kind++) {
    weft_join *join = join_on(rig.ctx, rig.index, (enum weft_join_kind)kind);
    struct weft_column empty = weft_column_fixed(NULL, WEFT_U32, 0);
    uint32_t build[100], probe[100];
    ck_assert_uint_eq(drain(rig.ctx, join, build, probe), 0);
    MUST(rig.ctx, weft_join_probe(join, &empty, 1));
    ck_assert_uint_eq(drain(rig.ctx, join, build, probe), 0);
    MUST(rig.ctx, weft_join_probe(join, &empty, 1)); /* a batch without rows is drained from the start */
    ck_assert_uint_gt(probe_all(rig.ctx, join, build, probe), 0);
    ck_assert_uint_eq(drain(rig.ctx, join, build, probe), 0);
    weft_join_close(join);
  }
  close_rig(&rig);
}
END_TEST

START_TEST(after_finish_there_is_no_further_batch) {
  struct rig rig = open_rig();
  struct weft_column keys = probe_keys();
  for (int kind = 0; kind < KINDS; kind++) {
    weft_join *join = join_on(rig.ctx, rig.index, (enum weft_join_kind)kind);
    MUST(rig.ctx, weft_join_finish(join));
    REFUSED(rig.ctx, weft_join_probe(join, &keys, 1), WEFT_E_INVALID, "weft_join_finish was called");
    weft_join_close(join);
  }
  close_rig(&rig);
}
END_TEST

START_TEST(a_right_or_full_join_is_finished_once_whichever_prober_does_it) {
  struct rig rig = open_rig();
  uint32_t build[100], probe[100];
  weft_join *right = join_on(rig.ctx, rig.index, WEFT_JOIN_RIGHT), *full = join_on(rig.ctx, rig.index, WEFT_JOIN_FULL);
  ck_assert_uint_eq(probe_all(rig.ctx, right, build, probe), 5);
  MUST(rig.ctx, weft_join_finish(full));
  REFUSED(rig.ctx, weft_join_finish(full), WEFT_E_BUSY, "finished already");
  REFUSED(rig.ctx, weft_join_finish(right), WEFT_E_BUSY, "finished already");
  ck_assert_uint_eq(drain(rig.ctx, full, build, probe), 5);
  for (uint32_t i = 0; i < 5; i++)
    ck_assert(build[i] == 2 * i + 1 && probe[i] == WEFT_NO_ROW);
  ck_assert_uint_eq(drain(rig.ctx, right, build, probe), 0);
  weft_join_close(right);
  weft_join_close(full);
  close_rig(&rig);
}
END_TEST

START_TEST(the_record_of_matches_starts_anew_when_its_last_prober_has_closed) {
  struct rig rig = open_rig();
  uint32_t build[100], probe[100];
  for (int round = 0; round < 3; round++) {
    weft_join *join = join_on(rig.ctx, rig.index, WEFT_JOIN_RIGHT);
    if (round != 1)
      ck_assert_uint_eq(probe_all(rig.ctx, join, build, probe), 5);
    MUST(rig.ctx, weft_join_finish(join));
    ck_assert_uint_eq(drain(rig.ctx, join, build, probe), round == 1 ? 10 : 5);
    weft_join_close(join);
  }
  close_rig(&rig);
}
END_TEST

START_TEST(probers_of_other_kinds_leave_the_record_of_matches_alone) {
  static const enum weft_join_kind others[] = {WEFT_JOIN_INNER, WEFT_JOIN_LEFT, WEFT_JOIN_SEMI, WEFT_JOIN_ANTI};
  struct rig rig = open_rig();
  uint32_t build[100], probe[100];
  weft_join *right = join_on(rig.ctx, rig.index, WEFT_JOIN_RIGHT);
  for (size_t i = 0; i < 4; i++) {
    weft_join *other = join_on(rig.ctx, rig.index, others[i]);
    probe_all(rig.ctx, other, build, probe);
    MUST(rig.ctx, weft_join_finish(other));
    ck_assert_uint_eq(drain(rig.ctx, other, build, probe), 0);
    weft_join_close(other);
  }
  MUST(rig.ctx, weft_join_finish(right));
  ck_assert_uint_eq(drain(rig.ctx, right, build, probe), 10);
  weft_join_close(right);
  close_rig(&rig);
}
END_TEST

START_TEST(an_index_is_busy_while_a_join_of_any_kind_is_open) {
  struct rig rig = open_rig();
  uint32_t build[100], probe[100];
  for (int kind = 0; kind < KINDS; kind++) {
    weft_join *first = join_on(rig.ctx, rig.index, (enum weft_join_kind)kind);
    weft_join *second = join_on(rig.ctx, rig.index, (enum weft_join_kind)kind);
    ck_assert_int_eq(weft_index_free(rig.index), WEFT_E_BUSY);
    weft_join_close(first);
    ck_assert_int_eq(weft_index_free(rig.index), WEFT_E_BUSY);
    ck_assert_uint_gt(probe_all(rig.ctx, second, build, probe), 0); /* and whole */
    weft_join_close(second);
  }
  close_rig(&rig);
}
END_TEST

START_TEST(a_join_that_is_closed_in_the_middle_leaves_nothing) {
  struct rig rig = open_rig();
  struct weft_column keys = probe_keys();
  uint64_t before = live_objects(rig.slab);
  for (int kind = 0; kind < KINDS; kind++)
    for (int stage = 0; stage < 4; stage++) {
      weft_join *join = join_on(rig.ctx, rig.index, (enum weft_join_kind)kind);
      uint32_t build[100], probe[100];
      size_t n;
      if (stage >= 1)
        MUST(rig.ctx, weft_join_probe(join, &keys, 1));
      if (stage >= 2)
        MUST(rig.ctx, weft_join_next(join, build, probe, stage == 2 ? 1 : 100, &n));
      if (stage >= 3) {
        MUST(rig.ctx, weft_join_finish(join));
        MUST(rig.ctx, weft_join_next(join, build, probe, 1, &n));
      }
      weft_join_close(join);
      ck_assert_uint_eq(live_objects(rig.slab), before);
    }
  close_rig(&rig);
}
END_TEST

/* The record of matches is the index's, and outlives the prober that came first, its context and its context's slab. */
START_TEST(probers_may_live_on_slabs_of_their_own) {
  struct rig rig = open_rig();
  uint32_t build[100], probe[100];
  weft_slab *slab;
  weft_ctx *stranger = ctx_on_slab(NULL, 0, &slab);
  weft_join *first = join_on(stranger, rig.index, WEFT_JOIN_FULL);
  weft_join *second = join_on(rig.ctx, rig.index, WEFT_JOIN_FULL);
  ck_assert_uint_eq(probe_all(stranger, first, build, probe), 7);
  weft_join_close(first);
  close_slab(stranger, slab);
  MUST(rig.ctx, weft_join_finish(second));
  ck_assert_uint_eq(drain(rig.ctx, second, build, probe), 5);
  for (uint32_t i = 0; i < 5; i++)
    ck_assert_uint_eq(build[i], 2 * i + 1);
  weft_join_close(second);
  close_rig(&rig);
}
END_TEST

/* A batch size and a cut of hashes are a context's own; what an index was built with is what counts. */
START_TEST(an_index_is_probed_by_contexts_with_other_knobs) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[0]->isa, ctxs);
  struct weft_column build_column = build_keys();
  for (size_t a = 0; a < KNOBS; a++) {
    weft_index *index = index_of(ctxs[a], &build_column, 1);
    for (size_t b = 0; b < KNOBS; b++) {
      uint32_t build[100], probe[100];
      weft_join *join = join_on(ctxs[b], index, WEFT_JOIN_INNER);
      ctxs[b]->key_mask = 1;
      ck_assert_uint_eq(probe_all(ctxs[b], join, build, probe), 5);
      ctxs[b]->key_mask = UINT64_MAX;
      weft_join_close(join);
    }
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  ctxs_close(ctxs);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {null_and_unknown_arguments_are_refused,
                          a_probe_without_the_hashes_that_it_says_it_has_is_refused,
                          a_mark_join_says_yes_no_and_unknown,
                          probe_keys_of_another_shape_than_the_builds_are_refused,
                          probe_bytes_of_another_width_are_refused,
                          more_than_2_to_the_32_less_2_probe_rows_are_refused,
                          a_batch_that_is_not_drained_keeps_the_next_one_out,
                          before_a_batch_and_after_one_there_are_no_pairs,
                          after_finish_there_is_no_further_batch,
                          a_right_or_full_join_is_finished_once_whichever_prober_does_it,
                          the_record_of_matches_starts_anew_when_its_last_prober_has_closed,
                          probers_of_other_kinds_leave_the_record_of_matches_alone,
                          an_index_is_busy_while_a_join_of_any_kind_is_open,
                          a_join_that_is_closed_in_the_middle_leaves_nothing,
                          probers_may_live_on_slabs_of_their_own,
                          an_index_is_probed_by_contexts_with_other_knobs};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  tables = tables_here();
  return suite_main("join_rules", add_tests);
}
