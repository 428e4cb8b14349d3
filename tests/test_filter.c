/* SPDX-License-Identifier: MIT
 *
 * Probes of which few match: the index makes a filter for them, after which each row finds what it would have found without
 * one; where many match, or the table is small, or memory is short, there is none.
 */
#include <pthread.h>

#include "keys.h"
#include "lib/index.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define BUILD_ROWS 60000 /* a table of 1.5 MB */
#define PROBE_ROWS 120000
#define THREADS 3

static struct tables tables;
static uint64_t build_numbers[BUILD_ROWS], probe_numbers[PROBE_ROWS];
static char build_text[BUILD_ROWS * 24], probe_text[PROBE_ROWS * 24];
static int32_t build_offsets[BUILD_ROWS + 1], probe_offsets[PROBE_ROWS + 1];
static uint8_t probe_valid[PROBE_ROWS / 8];
static uint32_t expected[PROBE_ROWS], found[THREADS][PROBE_ROWS];

/* Row i of the build has key i; a share of the probes has one of those, the others keys that are not there. Short strings
 * and long ones take turns. */
static void draw(uint32_t percent, bool nulls) {
  struct rng rng = {rng_case_seed(percent)};
  for (int32_t i = 0; i < BUILD_ROWS; i++) {
    build_numbers[i] = (uint64_t)i * RNG_STEP;
    build_offsets[i + 1] =
        build_offsets[i] + sprintf(build_text + build_offsets[i], "%s%d", i % 7 ? "k" : "a longer key ", i);
  }
  for (int32_t i = 0; i < PROBE_ROWS; i++) {
    bool there = rng_percent(&rng, percent), valid = !nulls || i % 11 != 0;
    int32_t key = (int32_t)rng_upto(&rng, BUILD_ROWS - 1) + (there ? 0 : BUILD_ROWS);
    probe_numbers[i] = (uint64_t)key * RNG_STEP;
    probe_offsets[i + 1] =
        probe_offsets[i] + sprintf(probe_text + probe_offsets[i], "%s%d", key % 7 ? "k" : "a longer key ", key);
    probe_valid[i / 8] = (uint8_t)((probe_valid[i / 8] & ~(1 << i % 8)) | valid << i % 8);
    expected[i] = there && valid ? (uint32_t)key : WEFT_NO_ROW;
  }
}

static struct weft_column column_of(bool strings, bool build) {
  if (strings)
    return build ? weft_column_offsets32(build_text, (size_t)build_offsets[BUILD_ROWS], build_offsets, BUILD_ROWS)
                 : weft_column_with_validity(
                       weft_column_offsets32(probe_text, (size_t)probe_offsets[PROBE_ROWS], probe_offsets, PROBE_ROWS),
                       probe_valid, 0);
  return build ? weft_column_fixed(build_numbers, WEFT_U64, BUILD_ROWS)
               : weft_column_with_validity(weft_column_fixed(probe_numbers, WEFT_U64, PROBE_ROWS), probe_valid, 0);
}

static void check_found(const uint32_t *rows) {
  for (size_t i = 0; i < PROBE_ROWS; i++)
    CASE_CHECK(rows[i] == expected[i], i, "row %u, not %u", rows[i], expected[i]);
}

static void check(weft_ctx *ctx, bool strings, uint32_t percent, bool nulls, uint64_t mask, bool filter) {
  char what[80];
  snprintf(what, sizeof what, "%s, %u %% there, mask %llx", strings ? "strings" : "numbers", percent,
           (unsigned long long)mask);
  guard_case = (struct guard_case){.what = what, .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  draw(percent, nulls);
  ctx->key_mask = mask;
  struct weft_column build = column_of(strings, true), probe = column_of(strings, false);
  weft_index *index = index_of(ctx, &build, 1);
  MUST(ctx, weft_index_lookup(ctx, index, &probe, 1, found[0]));
  check_found(found[0]);
  CASE_CHECK((index->filter != NULL) == filter, 0, "%s filter was made", filter ? "no" : "a");
  MUST(ctx, weft_index_lookup(ctx, index, &probe, 1, found[0]));
  check_found(found[0]);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
}

START_TEST(few_matches_are_found_by_way_of_a_filter) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  check(ctx, false, 1, false, UINT64_MAX, true);
  check(ctx, false, 0, true, UINT64_MAX, true);
  check(ctx, false, 30, true, UINT64_MAX, true);
  check(ctx, true, 1, true, UINT64_MAX, true);
  check(ctx, true, 20, false, UINT64_MAX << 40, true); /* some keys share a hash */
  check(ctx, true, 3, true, UINT64_MAX << 40, true);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(few_matches_are_found_among_selected_rows) {
  static uint32_t backwards[PROBE_ROWS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  ctx->key_mask = UINT64_MAX << 40;
  draw(2, true);
  for (uint32_t i = 0; i < PROBE_ROWS; i++)
    backwards[i] = PROBE_ROWS - 1 - i;
  guard_case = (struct guard_case){.what = "selected rows", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  struct weft_column build = column_of(true, true),
                     probe = weft_column_with_selection(column_of(true, false), backwards, PROBE_ROWS);
  weft_index *index = index_of(ctx, &build, 1);
  MUST(ctx, weft_index_lookup(ctx, index, &probe, 1, found[1]));
  for (size_t i = 0; i < PROBE_ROWS; i++)
    found[0][backwards[i]] = found[1][i];
  check_found(found[0]);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(many_matches_are_found_without) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  check(ctx, false, 60, false, UINT64_MAX, false);
  check(ctx, true, 100, true, UINT64_MAX, false);
  weft_ctx_free(ctx);
}
END_TEST

struct prober {
  pthread_t thread;
  const weft_ctx *original;
  const weft_index *index;
  uint32_t *found;
  weft_status status;
};

static void *look_up(void *arg) {
  struct prober *me = arg;
  struct weft_column probe = column_of(true, false);
  weft_ctx *ctx;
  me->status = weft_ctx_clone(me->original, &ctx);
  if (me->status != WEFT_OK)
    return NULL;
  me->status = weft_index_lookup(ctx, me->index, &probe, 1, me->found);
  weft_ctx_free(ctx);
  return NULL;
}

START_TEST(probers_that_see_few_matches_at_once_share_one_filter) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct prober probers[THREADS];
  draw(2, true);
  struct weft_column build = column_of(true, true);
  weft_index *index = index_of(ctx, &build, 1);
  guard_case = (struct guard_case){.what = "probers at once", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  for (size_t i = 0; i < THREADS; i++) {
    probers[i] = (struct prober){.original = ctx, .index = index, .found = found[i]};
    ck_assert_int_eq(pthread_create(&probers[i].thread, NULL, look_up, &probers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_join(probers[i].thread, NULL), 0);
    ck_assert_int_eq(probers[i].status, WEFT_OK);
    check_found(found[i]);
  }
  ck_assert(index->filter != NULL);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, few_matches_are_found_by_way_of_a_filter, 0, tables.n);
  tcase_add_loop_test(tcase, few_matches_are_found_among_selected_rows, 0, tables.n);
  tcase_add_loop_test(tcase, many_matches_are_found_without, 0, tables.n);
  tcase_add_loop_test(tcase, probers_that_see_few_matches_at_once_share_one_filter, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("filter", add_tests);
}
