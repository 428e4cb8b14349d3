/* SPDX-License-Identifier: MIT
 *
 * One Bloom filter, several threads, each with a context of its own: they probe it at once, and build it of filters of
 * their own. Meant for ThreadSanitizer, and right without it. Threads record what they see; the test's own thread
 * judges.
 */
#include <pthread.h>

#include "keys.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define THREADS 4
#define ROWS 20000 /* the even ones are inserted */
#define ROUNDS 5

static struct tables tables;
static uint64_t numbers[ROWS], inserted[ROWS / 2], hashes[ROWS];
static char text[ROWS * 8];
static int32_t offsets[ROWS + 1];
static uint32_t even[ROWS / 2];

static void fill_columns(void) {
  for (int32_t i = 0; i < ROWS; i++) {
    numbers[i] = (uint64_t)i * RNG_STEP;
    offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "k%d", i);
    if (i % 2 == 0) {
      even[i / 2] = (uint32_t)i;
      inserted[i / 2] = numbers[i];
    }
  }
}

static struct weft_column all_keys(bool strings) {
  return strings ? weft_column_offsets32(text, (size_t)offsets[ROWS], offsets, ROWS)
                 : weft_column_fixed(numbers, WEFT_U64, ROWS);
}

static struct weft_column inserted_keys(bool strings) {
  return strings ? weft_column_with_selection(all_keys(true), even, ROWS / 2)
                 : weft_column_fixed(inserted, WEFT_U64, ROWS / 2);
}

struct worker {
  pthread_t thread;
  size_t number;
  const weft_ctx *original; /* cloned in the thread */
  weft_bloom *bloom;
  bool strings;
  size_t failures;
  uint8_t bits[(ROWS + 7) / 8];
};

/* Runs body on all threads. */
static void work(struct worker *workers, const weft_ctx *ctx, weft_bloom *bloom, bool strings, void *(*body)(void *)) {
  for (size_t i = 0; i < THREADS; i++) {
    workers[i] = (struct worker){.number = i, .original = ctx, .bloom = bloom, .strings = strings};
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    ck_assert_msg(workers[i].failures == 0, "thread %zu: %zu failures", i, workers[i].failures);
  }
}

/* By columns and by hashes in turns; figures in between. */
static void *probe(void *argument) {
  struct worker *me = argument;
  struct weft_column keys = all_keys(me->strings);
  weft_ctx *ctx;
  if (weft_ctx_clone(me->original, &ctx) != WEFT_OK) {
    me->failures++;
    return NULL;
  }
  for (size_t round = 0; round < ROUNDS; round++) {
    struct weft_bloom_figures figures;
    memset(me->bits, 0x5a, sizeof me->bits);
    if ((round + me->number) % 2 == 0)
      me->failures += weft_bloom_contains(ctx, me->bloom, &keys, 1, me->bits) != WEFT_OK;
    else
      me->failures += weft_bloom_contains_hashes(ctx, me->bloom, hashes, ROWS, me->bits) != WEFT_OK;
    me->failures += weft_bloom_info(me->bloom, &figures, sizeof figures) != WEFT_OK || figures.set_bits == 0;
  }
  weft_ctx_free(ctx);
  return NULL;
}

START_TEST(probers_at_once_are_answered_as_one) {
  static struct worker workers[THREADS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (int strings = 0; strings <= 1; strings++) {
    struct weft_column some = inserted_keys(strings), keys = all_keys(strings);
    weft_bloom *bloom;
    uint8_t expected[(ROWS + 7) / 8];
    MUST(ctx, weft_bloom_create(ctx, ROWS / 2, 0.01, &bloom));
    MUST(ctx, weft_bloom_insert(ctx, bloom, &some, 1));
    MUST(ctx, weft_bloom_contains(ctx, bloom, &keys, 1, expected));
    MUST(ctx, weft_hash64(ctx, WEFT_XXH64, &keys, 1, 0, hashes));
    for (size_t i = 0; i < ROWS; i += 2)
      CASE_CHECK(expected[i / 8] >> i % 8 & 1, i, "%zu was inserted and is not there", i);
    work(workers, ctx, bloom, strings, probe);
    for (size_t i = 0; i < THREADS; i++)
      ck_assert_mem_eq(workers[i].bits, expected, sizeof expected);
    weft_bloom_free(bloom);
  }
  weft_ctx_free(ctx);
}
END_TEST

static pthread_mutex_t merging = PTHREAD_MUTEX_INITIALIZER;

/* A share of the keys into a filter of the thread's own, which is merged into that of all. */
static void *build(void *argument) {
  struct worker *me = argument;
  struct weft_column share =
      weft_column_with_selection(all_keys(me->strings), even + me->number * (ROWS / 2 / THREADS), ROWS / 2 / THREADS);
  weft_ctx *ctx;
  weft_bloom *mine;
  size_t bytes;
  (void)weft_bloom_bytes(me->bloom, &bytes);
  if (weft_ctx_clone(me->original, &ctx) != WEFT_OK) {
    me->failures++;
    return NULL;
  }
  if (weft_bloom_create_bytes(ctx, bytes, &mine) == WEFT_OK) {
    me->failures += weft_bloom_insert(ctx, mine, &share, 1) != WEFT_OK;
    pthread_mutex_lock(&merging);
    me->failures += weft_bloom_merge(ctx, me->bloom, mine) != WEFT_OK;
    pthread_mutex_unlock(&merging);
    weft_bloom_free(mine);
  } else {
    me->failures++;
  }
  weft_ctx_free(ctx);
  return NULL;
}

START_TEST(a_filter_merged_from_those_of_threads_is_that_of_one) {
  static struct worker workers[THREADS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (int strings = 0; strings <= 1; strings++) {
    struct weft_column some = inserted_keys(strings);
    weft_bloom *one, *merged;
    size_t bytes;
    MUST(ctx, weft_bloom_create(ctx, ROWS / 2, 0.01, &one));
    MUST(ctx, weft_bloom_insert(ctx, one, &some, 1));
    const uint8_t *expected = weft_bloom_bytes(one, &bytes);
    MUST(ctx, weft_bloom_create_bytes(ctx, bytes, &merged));
    work(workers, ctx, merged, strings, build);
    ck_assert_mem_eq(weft_bloom_bytes(merged, NULL), expected, bytes);
    weft_bloom_free(one);
    weft_bloom_free(merged);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, probers_at_once_are_answered_as_one, 0, tables.n);
  tcase_add_loop_test(tcase, a_filter_merged_from_those_of_threads_is_that_of_one, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  fill_columns();
  return suite_main("bloom_threads", add_tests);
}
