/* SPDX-License-Identifier: MIT
 *
 * Probes of which few match: the index makes a filter for them, after which each row finds what it would have found without
 * one; where many match, or the table is small, or memory is short, there is none. Those with threads are meant for
 * ThreadSanitizer too.
 */
#include <pthread.h>

#include "alloc/cache.h"
#include "keys.h"
#include "lib/index.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define BUILD_ROWS 60000 /* a table of 1.5 MB */
#define PROBE_ROWS 120000
#define BATCH 7000
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
  uint64_t bytes = figures_of(index).bytes;
  MUST(ctx, weft_index_lookup(ctx, index, &probe, 1, found[0]));
  check_found(found[0]);
  CASE_CHECK((index->filter != NULL) == filter, 0, "%s filter was made", filter ? "no" : "a");
  bytes += filter ? index->filter_blocks * SIMD_BLOOM_BLOCK : 0;
  CASE_CHECK(figures_of(index).bytes == bytes, 0, "%llu bytes, not %llu", (unsigned long long)figures_of(index).bytes,
             (unsigned long long)bytes);
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

/* Half of the probes have a string that is there, and few of those its number. */
static uint32_t build_small[BUILD_ROWS], probe_small[PROBE_ROWS];

static void draw_pairs(void) {
  struct rng rng = {rng_case_seed(50)};
  draw(50, true);
  for (uint32_t i = 0; i < BUILD_ROWS; i++)
    build_small[i] = i % 251;
  for (size_t i = 0; i < PROBE_ROWS; i++) {
    bool same = rng_percent(&rng, 4);
    probe_small[i] = expected[i] % 251 + !same;
    expected[i] = same ? expected[i] : WEFT_NO_ROW;
  }
}

START_TEST(few_matches_of_a_string_and_a_number_are_found_by_way_of_a_filter) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  draw_pairs();
  struct weft_column build[] = {weft_column_fixed(build_small, WEFT_U32, BUILD_ROWS), column_of(true, true)};
  struct weft_column probe[] = {weft_column_fixed(probe_small, WEFT_U32, PROBE_ROWS), column_of(true, false)};
  guard_case = (struct guard_case){.what = "a string and a number", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  for (int shift = 0; shift <= 40; shift += 40) {
    ctx->key_mask = UINT64_MAX << shift; /* some keys share a hash */
    weft_index *index = index_of(ctx, build, 2);
    for (int i = 0; i < 2; i++) {
      MUST(ctx, weft_index_lookup(ctx, index, probe, 2, found[0]));
      check_found(found[0]);
      CASE_CHECK(index->filter != NULL, 0, "no filter was made");
    }
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
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
  weft_index *index;
  size_t number;
  uint32_t *found;
  size_t failures;
};

/* Each key occurs once, so a probe row has one pair at most. From first_batch on, the rows before it being the last.
 * hashes: the probe rows', or NULL. */
static size_t join_by_batches(weft_ctx *ctx, weft_index *index, size_t first_batch, const uint64_t *hashes,
                              uint32_t *rows) {
  static const size_t batches = (PROBE_ROWS + BATCH - 1) / BATCH;
  struct weft_column all = column_of(true, false);
  weft_join *join;
  size_t failures = 0;
  if (weft_join_open(ctx, index, WEFT_JOIN_INNER, &join) != WEFT_OK)
    return 1;
  memset(rows, 0xff, PROBE_ROWS * sizeof *rows);
  for (size_t i = 0; i < batches; i++) {
    static _Thread_local uint32_t order[BATCH], build_row[BATCH], probe_row[BATCH];
    size_t first = (first_batch + i) % batches * BATCH, n = PROBE_ROWS - first < BATCH ? PROBE_ROWS - first : BATCH;
    for (size_t k = 0; k < n; k++)
      order[k] = (uint32_t)(first + k);
    struct weft_column keys = weft_column_with_selection(all, order, n);
    failures +=
        (hashes ? weft_join_probe_hashed(join, &keys, 1, hashes + first) : weft_join_probe(join, &keys, 1)) != WEFT_OK;
    failures += weft_join_next(join, build_row, probe_row, BATCH, &n) != WEFT_OK;
    for (size_t k = 0; k < n; k++)
      rows[first + probe_row[k]] = build_row[k];
    failures += figures_of(index).keys != BUILD_ROWS;
  }
  weft_join_close(join);
  return failures;
}

static void *look_up(void *arg) {
  struct prober *me = arg;
  struct weft_column probe = column_of(true, false);
  weft_ctx *ctx;
  if (weft_ctx_clone(me->original, &ctx) != WEFT_OK) {
    me->failures++;
    return NULL;
  }
  me->failures += weft_index_lookup(ctx, me->index, &probe, 1, me->found) != WEFT_OK;
  weft_ctx_free(ctx);
  return NULL;
}

static void *join(void *arg) {
  struct prober *me = arg;
  weft_ctx *ctx;
  if (weft_ctx_clone(me->original, &ctx) != WEFT_OK) {
    me->failures++;
    return NULL;
  }
  me->failures += join_by_batches(ctx, me->index, me->number, NULL, me->found);
  weft_ctx_free(ctx);
  return NULL;
}

static void start(struct prober *prober, weft_ctx *ctx, weft_index *index, size_t number, void *(*body)(void *)) {
  *prober = (struct prober){.original = ctx, .index = index, .number = number, .found = found[number]};
  ck_assert_int_eq(pthread_create(&prober->thread, NULL, body, prober), 0);
}

static void finish(struct prober *prober) {
  ck_assert_int_eq(pthread_join(prober->thread, NULL), 0);
  ck_assert_uint_eq(prober->failures, 0);
  check_found(prober->found);
}

START_TEST(probers_that_see_few_matches_at_once_share_one_filter) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct prober probers[THREADS];
  draw(2, true);
  struct weft_column build = column_of(true, true);
  weft_index *index = index_of(ctx, &build, 1);
  guard_case = (struct guard_case){.what = "probers at once", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  for (size_t i = 0; i < THREADS; i++)
    start(&probers[i], ctx, index, i, look_up);
  for (size_t i = 0; i < THREADS; i++)
    finish(&probers[i]);
  ck_assert(index->filter != NULL);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Of the joins that begin at other rows one is the first to have seen enough of them, while the others probe, and read how
 * much the index takes. A join that comes later has the filter from its first sixteenth on. */
START_TEST(one_join_makes_the_filter_while_others_probe) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 128);
  struct prober probers[THREADS];
  draw(5, false);
  struct weft_column build = column_of(true, true);
  weft_index *index = index_of(ctx, &build, 1);
  guard_case = (struct guard_case){.what = "joins at once", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  for (size_t i = 0; i < THREADS; i++)
    start(&probers[i], ctx, index, i, join);
  for (size_t i = 0; i < THREADS; i++)
    finish(&probers[i]);
  const uint8_t *filter = index->filter;
  ck_assert(filter != NULL);
  start(&probers[0], ctx, index, 0, join);
  finish(&probers[0]);
  ck_assert(index->filter == filter);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

static void check_joined(weft_ctx *ctx, weft_index *index, const uint64_t *hashes) {
  ck_assert_uint_eq(join_by_batches(ctx, index, 0, hashes, found[0]), 0);
  check_found(found[0]);
  ck_assert_str_eq(weft_ctx_message(ctx), "");
}

START_TEST(a_join_that_is_given_hashes_finds_few_matches_by_way_of_a_filter) {
  static uint64_t hashes[PROBE_ROWS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  draw(2, true);
  struct weft_column build = column_of(true, true), probe = column_of(true, false);
  weft_index *index = index_of(ctx, &build, 1);
  guard_case = (struct guard_case){.what = "hashes given", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  MUST(ctx, weft_index_hash(ctx, figures_of(index).seed, &probe, 1, hashes));
  check_joined(ctx, index, hashes);
  ck_assert(index->filter != NULL);
  check_joined(ctx, index, hashes);
  check_joined(ctx, index, NULL);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Takes what memory is left under the slab's limit, in blocks of 4 KiB and more. */
static size_t take_all(weft_ctx *ctx, void *blocks[], size_t most) {
  size_t n = 0;
  for (size_t bytes = (size_t)1 << 20; bytes >= 4096; bytes /= 2)
    while (n < most && (blocks[n] = weft_alloc(ctx, bytes)))
      n++;
  ck_assert_uint_lt(n, most);
  return n;
}

/* The context that takes all is another one, so that the join's has its scratch. */
START_TEST(a_join_goes_on_without_a_filter_over_the_slabs_limit) {
  static void *blocks[20000];
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(tables.list[_i]->isa, (size_t)32 << 20, &slab), *taker;
  draw(3, true);
  struct weft_column build = column_of(true, true);
  weft_index *index = index_of(ctx, &build, 1);
  guard_case = (struct guard_case){.what = "at the limit", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  MUST(ctx, weft_ctx_clone(ctx, &taker));
  struct weft_column none = weft_column_with_selection(column_of(true, false), NULL, 0);
  weft_join *open = join_on(ctx, index, WEFT_JOIN_INNER); /* so that there has been room for one */
  MUST(ctx, weft_join_probe(open, &none, 1));
  weft_join_close(open);
  uint64_t live = live_objects(slab);
  size_t n = take_all(taker, blocks, sizeof blocks / sizeof *blocks);
  check_joined(ctx, index, NULL);
  ck_assert(index->filter == NULL);
  for (size_t i = 0; i < n; i++)
    ck_assert_int_eq(weft_free(taker, blocks[i]), WEFT_OK);
  ck_assert_uint_eq(live_objects(slab), live);
  check_joined(ctx, index, NULL);
  ck_assert(index->filter != NULL);
  ck_assert_uint_eq(live_objects(slab), live + 1);
  weft_ctx_free(taker);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  close_slab(ctx, slab);
}
END_TEST

/* Beside opening the join, making the filter is all that requests memory. */
START_TEST(a_join_whose_filter_fails_once_makes_it_later) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  weft__slab_fail_at(slab, 0); /* before the context opens, so that every object is a request */
  struct weft_ctx_options options = ctx_defaults();
  options.isa = tables.list[_i]->isa;
  options.slab = slab;
  weft_ctx *ctx = ctx_with(&options);
  draw(3, true);
  struct weft_column build = column_of(true, true);
  weft_index *index = index_of(ctx, &build, 1);
  guard_case = (struct guard_case){.what = "one request failing", .isa = ctx->kernels->isa, .rows = PROBE_ROWS};
  uint64_t live = live_objects(slab), opened = 0, opening = 0;
  for (int i = 0; i < 2; i++) { /* the first may request pages too */
    uint64_t before = weft__slab_requests(slab);
    weft_join_close(join_on(ctx, index, WEFT_JOIN_INNER));
    opened = weft__slab_requests(slab);
    opening = opened - before;
  }
  weft__slab_fail_at(slab, opening + 1);
  check_joined(ctx, index, NULL);
  ck_assert_uint_eq(weft__slab_requests(slab) - opened, opening + 2);
  ck_assert(index->filter != NULL);
  ck_assert_uint_eq(live_objects(slab), live + 1);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  close_slab(ctx, slab);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, few_matches_are_found_by_way_of_a_filter, 0, tables.n);
  tcase_add_loop_test(tcase, few_matches_are_found_among_selected_rows, 0, tables.n);
  tcase_add_loop_test(tcase, few_matches_of_a_string_and_a_number_are_found_by_way_of_a_filter, 0, tables.n);
  tcase_add_loop_test(tcase, a_join_that_is_given_hashes_finds_few_matches_by_way_of_a_filter, 0, tables.n);
  tcase_add_loop_test(tcase, many_matches_are_found_without, 0, tables.n);
  tcase_add_loop_test(tcase, probers_that_see_few_matches_at_once_share_one_filter, 0, tables.n);
  tcase_add_loop_test(tcase, one_join_makes_the_filter_while_others_probe, 0, tables.n);
  tcase_add_loop_test(tcase, a_join_goes_on_without_a_filter_over_the_slabs_limit, 0, tables.n);
  tcase_add_loop_test(tcase, a_join_whose_filter_fails_once_makes_it_later, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("filter", add_tests);
}
