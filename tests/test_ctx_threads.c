/* SPDX-License-Identifier: MIT
 *
 * Contexts on several threads: clones that hash at once while others read their statistics and their slab's. Meant for
 * ThreadSanitizer, and right without it. Threads record what they see; the test's own thread judges.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>

#include "contexts.h"
#include "lib/ctx.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define THREADS 4
#define ROWS 3000
#define ROUNDS 25

static struct tables tables;

/* The rows that all threads hash: strings of 0 to 40 bytes, every tenth null, read through a selection too. */
static uint8_t data[ROWS * 41];
static int32_t offsets[ROWS + 1];
static uint8_t validity[ROWS / 8 + 1];
static uint32_t selection[ROWS];
static uint64_t row_hashes[ROWS];
static uint64_t bytes_of_all;

static struct weft_column strings(void) {
  return weft_column_with_validity(weft_column_offsets32(data, (size_t)offsets[ROWS], offsets, ROWS), validity, 0);
}

static void fill_rows(void) {
  struct rng rng = {rng_case_seed(0)};
  rng_fill(&rng, data, sizeof data);
  bytes_of_all = 0;
  for (size_t i = 0; i < ROWS; i++) {
    offsets[i + 1] = offsets[i] + (int32_t)rng_upto(&rng, 40);
    bool valid = i % 10 != 0;
    validity[i / 8] = (uint8_t)(validity[i / 8] | valid << i % 8);
    selection[i] = (uint32_t)(ROWS - 1 - i);
    size_t bytes = (size_t)(offsets[i + 1] - offsets[i]);
    row_hashes[i] = valid ? XXH3_64bits_withSeed(data + offsets[i], bytes, 5) : 5;
    bytes_of_all += valid ? bytes : 0;
  }
}

struct worker {
  pthread_t thread;
  const weft_ctx *original;        /* cloned in the thread */
  weft_ctx *_Atomic clone;         /* for the readers; freed when they are done */
  _Atomic(size_t) wrong, failures; /* rows with another hash than libxxhash's; calls that failed */
  _Atomic bool done;
};

static void hash_rows(struct worker *me, weft_ctx *ctx, const struct weft_column *column, bool reversed) {
  static _Thread_local uint64_t out[ROWS];
  if (weft_hash64(ctx, WEFT_XXH3_64, column, 1, 5, out) != WEFT_OK)
    me->failures++;
  for (size_t i = 0; i < ROWS; i++)
    me->wrong += out[i] != row_hashes[reversed ? ROWS - 1 - i : i];
}

/* Clones, hashes ROUNDS times (every second time through the selection), allocates and frees a little. */
static void *work(void *argument) {
  struct worker *me = argument;
  weft_ctx *clone;
  struct weft_column plain = strings(), reversed = weft_column_with_selection(plain, selection, ROWS);
  if (weft_ctx_clone(me->original, &clone) != WEFT_OK) {
    me->failures++;
    me->done = true;
    return NULL;
  }
  me->clone = clone;
  for (int round = 0; round < ROUNDS; round++) {
    hash_rows(me, clone, round & 1 ? &reversed : &plain, round & 1);
    void *p = weft_alloc(clone, 100 + (size_t)round * 1000);
    if (!p || weft_free(clone, p) != WEFT_OK)
      me->failures++;
  }
  me->done = true;
  return NULL;
}

static void start(struct worker *workers, const weft_ctx *original, void *(*body)(void *)) {
  for (size_t i = 0; i < THREADS; i++) {
    workers[i].original = original;
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
  }
}

static void finish(struct worker *workers) {
  for (size_t i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    ck_assert_msg(workers[i].failures == 0, "thread %zu: %zu calls failed", i, (size_t)workers[i].failures);
    ck_assert_msg(workers[i].wrong == 0, "thread %zu: %zu wrong hashes", i, (size_t)workers[i].wrong);
  }
}

/* Reads statistics of every clone and of the slab until all are done; counts may only grow, and never past the end. */
static void read_while_they_work(struct worker *workers, const weft_slab *slab) {
  uint64_t seen[THREADS] = {0};
  bool all_done;
  do {
    all_done = true;
    for (size_t i = 0; i < THREADS; i++) {
      all_done &= workers[i].done;
      const weft_ctx *clone = workers[i].clone;
      if (!clone)
        continue;
      struct weft_stats stats = stats_of(clone);
      struct weft_features features;
      ck_assert_int_eq(weft_ctx_features(clone, &features, sizeof features), WEFT_OK);
      ck_assert_uint_ge(stats.rows, seen[i]);
      ck_assert_uint_le(stats.rows, ROWS * ROUNDS);
      ck_assert_uint_le(stats.bytes, bytes_of_all * ROUNDS);
      seen[i] = stats.rows;
    }
    struct weft_slab_figures slab_stats;
    ck_assert_int_eq(weft_slab_stats(slab, &slab_stats, sizeof slab_stats), WEFT_OK);
    ck_assert_uint_ge(slab_stats.contexts, 1);
    ck_assert_uint_le(slab_stats.contexts, THREADS + 1);
  } while (!all_done);
}

START_TEST(clones_hash_at_once_while_their_statistics_and_the_slabs_are_read) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  options.isa = tables.list[_i]->isa;
  weft_ctx *original = ctx_with(&options);
  struct worker workers[THREADS] = {0};
  start(workers, original, work);
  read_while_they_work(workers, slab);
  finish(workers);

  struct weft_stats sum = {0};
  for (size_t i = 0; i < THREADS; i++) {
    struct weft_stats stats = stats_of(workers[i].clone);
    weft_stats_merge(&sum, &stats, sizeof(struct weft_stats));
    weft_ctx_free(workers[i].clone);
  }
  ck_assert_uint_eq(sum.rows, THREADS * ROWS * ROUNDS);
  ck_assert_uint_eq(sum.rows_selected, THREADS * ROWS * (ROUNDS / 2));
  ck_assert_uint_eq(sum.bytes, THREADS * bytes_of_all * ROUNDS);
  weft_ctx_free(original);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

/* Many small calls: the counts change as often as they can. */
static void *hash_few_rows(void *argument) {
  struct worker *me = argument;
  uint64_t out[8];
  struct weft_column column = weft_column_fixed(row_hashes, WEFT_U64, 8);
  for (size_t i = 0; i < 50000; i++)
    me->failures += weft_hash64(me->clone, WEFT_XXH3_64, &column, 1, 5, out) != WEFT_OK;
  me->done = true;
  return NULL;
}

START_TEST(statistics_read_meanwhile_add_up) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct worker me = {.clone = ctx};
  ck_assert_int_eq(pthread_create(&me.thread, NULL, hash_few_rows, &me), 0);
  while (!me.done) {
    struct weft_stats stats = stats_of(ctx);
    if (stats.simd_rows + stats.scalar_rows != stats.rows || stats.simd_row_ratio > 1)
      ck_abort_msg("isa=%s: %llu + %llu rows are not %llu, ratio %.17g", tables.list[_i]->isa,
                   (unsigned long long)stats.simd_rows, (unsigned long long)stats.scalar_rows,
                   (unsigned long long)stats.rows, stats.simd_row_ratio);
  }
  ck_assert_int_eq(pthread_join(me.thread, NULL), 0);
  ck_assert_uint_eq(me.failures, 0);
  ck_assert_uint_eq(stats_of(ctx).rows, 8 * 50000);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(an_original_is_cloned_while_it_works) {
  weft_ctx *original = ctx_on(tables.list[_i]->isa, 0);
  struct worker workers[THREADS] = {0}, me = {0};
  struct weft_column plain = strings();
  start(workers, original, work);
  for (int round = 0; round < ROUNDS; round++)
    hash_rows(&me, original, &plain, false);
  finish(workers);
  ck_assert_uint_eq(me.wrong + me.failures, 0);
  ck_assert_uint_eq(stats_of(original).rows, ROWS * ROUNDS);
  for (size_t i = 0; i < THREADS; i++)
    weft_ctx_free(workers[i].clone);
  weft_ctx_free(original);
}
END_TEST

/* Contexts come and go on all threads; the last to go, whichever it is, ends the slab that they share. */
static void *come_and_go(void *argument) {
  struct worker *me = argument;
  struct weft_column plain = strings();
  for (int round = 0; round < ROUNDS; round++) {
    weft_ctx *clone;
    if (weft_ctx_clone(me->original, &clone) != WEFT_OK) {
      me->failures++;
      continue;
    }
    hash_rows(me, clone, &plain, false);
    weft_ctx_free(clone);
  }
  return NULL;
}

START_TEST(clones_come_and_go_on_all_threads) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  weft_ctx *original = ctx_with(&options);
  struct worker workers[THREADS] = {0};
  start(workers, original, come_and_go);
  finish(workers);
  struct weft_slab_figures stats;
  ck_assert_int_eq(weft_slab_stats(slab, &stats, sizeof stats), WEFT_OK);
  ck_assert_uint_eq(stats.contexts, 1);
  weft_ctx_free(original);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

/* One context handed from thread to thread: created here, used there, freed by a third. */
static void *use_it(void *argument) {
  struct worker *me = argument;
  struct weft_column plain = strings();
  hash_rows(me, me->clone, &plain, false);
  return NULL;
}

static void *free_it(void *argument) {
  struct worker *me = argument;
  weft_ctx_free(me->clone);
  return NULL;
}

START_TEST(a_context_moves_between_threads) {
  struct worker me = {.clone = ctx_with(NULL)};
  void *(*const bodies[])(void *) = {use_it, use_it, free_it};
  for (size_t i = 0; i < 3; i++) {
    ck_assert_int_eq(pthread_create(&me.thread, NULL, bodies[i], &me), 0);
    ck_assert_int_eq(pthread_join(me.thread, NULL), 0);
  }
  ck_assert_uint_eq(me.wrong + me.failures, 0);
}
END_TEST

static void *fail_to_create(void *argument) {
  struct weft_ctx_options options = ctx_defaults();
  weft_ctx *ctx;
  options.isa = "table-of-another-thread";
  *(bool *)argument =
      weft_ctx_create(&options, &ctx) == WEFT_E_CONFIG && strstr(weft_ctx_message(NULL), "table-of-another-thread") != NULL;
  return NULL;
}

START_TEST(a_failure_without_a_context_is_told_to_its_own_thread) {
  weft_ctx *ctx;
  bool told = false;
  pthread_t thread;
  ck_assert_int_eq(weft_ctx_clone(NULL, &ctx), WEFT_E_INVALID);
  char mine[256];
  snprintf(mine, sizeof mine, "%s", weft_ctx_message(NULL));
  ck_assert_int_eq(pthread_create(&thread, NULL, fail_to_create, &told), 0);
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  ck_assert(told);
  ck_assert_str_eq(weft_ctx_message(NULL), mine);
}
END_TEST

#ifndef NDEBUG
/* A debug build checks the rule of one thread at a time: a call from inside another one must stop the program. */
START_TEST(a_debug_build_stops_a_second_call_into_a_context_in_use) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t out[ROWS];
  struct weft_column plain = strings();
  weft__ctx_enter(ctx);
  ck_abort_msg("status %d", weft_hash64(ctx, WEFT_XXH3_64, &plain, 1, 0, out));
}
END_TEST
#endif

static void add_tests(TCase *tcase) {
#ifndef NDEBUG
  tcase_add_test_raise_signal(tcase, a_debug_build_stops_a_second_call_into_a_context_in_use, SIGABRT);
#endif
  tcase_add_loop_test(tcase, clones_hash_at_once_while_their_statistics_and_the_slabs_are_read, 0, tables.n);
  tcase_add_loop_test(tcase, statistics_read_meanwhile_add_up, 0, tables.n);
  tcase_add_loop_test(tcase, an_original_is_cloned_while_it_works, 0, tables.n);
  tcase_add_test(tcase, clones_come_and_go_on_all_threads);
  tcase_add_test(tcase, a_context_moves_between_threads);
  tcase_add_test(tcase, a_failure_without_a_context_is_told_to_its_own_thread);
}

int main(void) {
  tables = tables_here();
  fill_rows();
  return suite_main("ctx_threads", add_tests);
}
