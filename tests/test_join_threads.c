/* SPDX-License-Identifier: MIT
 *
 * One index, several probers at once, each on a clone in a thread of its own: their pairs together are those of one prober,
 * and their matches are on one record. Meant for ThreadSanitizer, and right without it. Threads record what they see; the
 * test's own thread judges.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "keys.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define THREADS 4
#define BUILD_ROWS 5000
#define PROBE_ROWS 3000 /* of each thread */
#define ALL_PROBES (THREADS * PROBE_ROWS)
#define BATCH 700
#define ROUNDS 6

static struct tables tables;

/* Keys are numbers as strings; each occurs about twice in the build, every tenth row is null, a third of the probes are
 * absent. */
struct strings {
  char text[ALL_PROBES * 8];
  int32_t offsets[ALL_PROBES + 1];
  uint8_t validity[ALL_PROBES / 8 + 1];
  uint32_t numbers[ALL_PROBES]; /* UINT32_MAX: null */
};
static struct strings build, probe;
static uint32_t order[ALL_PROBES];

static void fill(struct strings *s, size_t rows, size_t last, struct rng *rng) {
  int32_t at = 0;
  for (size_t i = 0; i < rows; i++) {
    uint32_t number = (uint32_t)rng_upto(rng, last);
    bool valid = i % 10 != 0;
    s->offsets[i] = at;
    at += sprintf(s->text + at, "%u", number);
    s->offsets[i + 1] = at;
    s->validity[i / 8] = (uint8_t)(s->validity[i / 8] | valid << i % 8);
    s->numbers[i] = valid ? number : UINT32_MAX;
  }
}

static struct weft_column column_of(const struct strings *s, size_t rows) {
  return weft_column_with_validity(weft_column_offsets32(s->text, (size_t)s->offsets[rows], s->offsets, rows), s->validity,
                                   0);
}

/* What of the matches each probe row must come to: how many, and the sum of their rows. */
static size_t expected_count[ALL_PROBES];
static uint64_t expected_sum[ALL_PROBES];
static bool expected_met[BUILD_ROWS];

static void fill_all(void) {
  struct rng rng = {rng_case_seed(0)};
  fill(&build, BUILD_ROWS, 2500, &rng);
  fill(&probe, ALL_PROBES, 3700, &rng);
  for (size_t p = 0; p < ALL_PROBES; p++) {
    order[p] = (uint32_t)p;
    for (size_t b = 0; b < BUILD_ROWS; b++) {
      if (probe.numbers[p] == UINT32_MAX || probe.numbers[p] != build.numbers[b])
        continue;
      expected_count[p]++;
      expected_sum[p] += b;
      expected_met[b] |= p < ALL_PROBES / 2; /* the second half of the threads only looks */
    }
  }
}

struct worker {
  pthread_t thread;
  size_t number;
  const weft_ctx *original; /* cloned in the thread */
  weft_index *index;
  enum weft_join_kind kind;
  size_t failures;
  size_t count[PROBE_ROWS]; /* what came of each probe row */
  uint64_t sum[PROBE_ROWS];
};

/* Pairs of a batch that starts at the worker's row first; of a right or full join, matched rows only. */
static void drain(struct worker *me, weft_join *join, size_t first) {
  uint32_t build_row[333], probe_row[333], last = 0;
  size_t n;
  do {
    if (weft_join_next(join, build_row, probe_row, 333, &n) != WEFT_OK) {
      me->failures++;
      return;
    }
    for (size_t k = 0; k < n; k++) {
      me->failures += probe_row[k] < last || probe_row[k] >= BATCH;
      last = probe_row[k];
      if (build_row[k] == WEFT_NO_ROW || probe_row[k] >= BATCH)
        continue;
      me->count[first + probe_row[k]]++;
      me->sum[first + probe_row[k]] += build_row[k];
    }
  } while (n > 0);
}

/* Probes the worker's rows in batches, through selections. */
static void probe_rows(struct worker *me, weft_ctx *ctx, enum weft_join_kind kind) {
  weft_join *join;
  if (weft_join_open(ctx, me->index, kind, &join) != WEFT_OK) {
    me->failures++;
    return;
  }
  for (size_t first = 0; first < PROBE_ROWS; first += BATCH) {
    size_t n = PROBE_ROWS - first < BATCH ? PROBE_ROWS - first : BATCH;
    struct weft_column all = column_of(&probe, ALL_PROBES);
    struct weft_column keys = weft_column_with_selection(all, order + me->number * PROBE_ROWS + first, n);
    if (weft_join_probe(join, &keys, 1) != WEFT_OK)
      me->failures++;
    drain(me, join, first);
  }
  weft_join_close(join);
}

static void *probe_once(void *argument) {
  struct worker *me = argument;
  weft_ctx *clone;
  if (weft_ctx_clone(me->original, &clone) != WEFT_OK) {
    me->failures++;
    return NULL;
  }
  probe_rows(me, clone, me->kind);
  weft_ctx_free(clone);
  return NULL;
}

static void start(struct worker *workers, const weft_ctx *original, weft_index *index, enum weft_join_kind kind,
                  void *(*body)(void *), size_t n) {
  for (size_t i = 0; i < n; i++) {
    workers[i] = (struct worker){.number = i, .original = original, .index = index, .kind = kind};
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
  }
}

static void finish(struct worker *workers, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    ck_assert_msg(workers[i].failures == 0, "thread %zu: %zu failures", i, workers[i].failures);
  }
}

/* times: how often each row was probed. */
static void check_rows(const struct worker *workers, size_t n, size_t times) {
  for (size_t i = 0; i < n; i++)
    for (size_t row = 0; row < PROBE_ROWS; row++) {
      size_t p = i * PROBE_ROWS + row;
      CASE_CHECK(workers[i].count[row] == times * expected_count[p] && workers[i].sum[row] == times * expected_sum[p], row,
                 "thread %zu row %zu: %zu matches of sum %llu, not %zu of %llu", i, row, workers[i].count[row],
                 (unsigned long long)workers[i].sum[row], times * expected_count[p],
                 (unsigned long long)(times * expected_sum[p]));
    }
}

static weft_index *index_here(weft_ctx *ctx, uint64_t mask) {
  struct weft_column keys = column_of(&build, BUILD_ROWS);
  ctx->key_mask = mask;
  weft_index *index = index_of(ctx, &keys, 1);
  ctx->key_mask = UINT64_MAX;
  return index;
}

START_TEST(probers_at_once_give_the_pairs_of_one) {
  static struct worker workers[THREADS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 128);
  static const uint64_t masks[] = {UINT64_MAX, UINT64_C(0xfff) << 52};
  for (size_t m = 0; m < 2; m++) {
    weft_index *index = index_here(ctx, masks[m]);
    for (int kind = WEFT_JOIN_INNER; kind <= WEFT_JOIN_LEFT; kind++) {
      start(workers, ctx, index, (enum weft_join_kind)kind, probe_once, THREADS);
      finish(workers, THREADS);
      check_rows(workers, THREADS, 1);
    }
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* The first half of the threads probes for a full join, the others for an inner one, which leaves no mark; this thread's
 * own prober, open all along, finishes when they have ended. */
START_TEST(probers_of_a_full_join_share_one_record_of_matches) {
  static struct worker workers[THREADS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 128);
  weft_index *index = index_here(ctx, UINT64_MAX);
  for (int kind = WEFT_JOIN_RIGHT; kind <= WEFT_JOIN_FULL; kind++) {
    weft_join *last = join_on(ctx, index, (enum weft_join_kind)kind);
    for (size_t i = 0; i < THREADS; i++) {
      bool marks = i < THREADS / 2;
      workers[i] = (struct worker){.number = i, .original = ctx, .index = index};
      workers[i].kind = marks ? (enum weft_join_kind)kind : WEFT_JOIN_INNER;
      ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, probe_once, &workers[i]), 0);
    }
    ck_assert_int_eq(weft_index_free(index), WEFT_E_BUSY);
    finish(workers, THREADS);
    check_rows(workers, THREADS, 1);
    MUST(ctx, weft_join_finish(last));
    uint32_t build_row[100], probe_row[100], row = 0;
    size_t n;
    do {
      MUST(ctx, weft_join_next(last, build_row, probe_row, 100, &n));
      for (size_t k = 0; k < n; k++, row++) {
        while (row < BUILD_ROWS && expected_met[row])
          row++;
        ck_assert_msg(build_row[k] == row && probe_row[k] == WEFT_NO_ROW, "unmatched row %u, not %u", build_row[k], row);
      }
    } while (n > 0);
    while (row < BUILD_ROWS && expected_met[row])
      row++;
    ck_assert_uint_eq(row, BUILD_ROWS);
    weft_join_close(last);
  }
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Probers that come and go on all threads, so that the record of matches does too; lookups and figures in between. */
static void *come_and_go(void *argument) {
  struct worker *me = argument;
  static const enum weft_join_kind kinds[] = {WEFT_JOIN_FULL, WEFT_JOIN_INNER, WEFT_JOIN_RIGHT};
  for (size_t round = 0; round < ROUNDS; round++) {
    weft_ctx *clone;
    uint32_t first_row[100];
    struct weft_index_figures figures;
    struct weft_column some = column_of(&probe, 100);
    if (weft_ctx_clone(me->original, &clone) != WEFT_OK) {
      me->failures++;
      continue;
    }
    probe_rows(me, clone, kinds[round % 3]);
    me->failures += weft_index_lookup(clone, me->index, &some, 1, first_row) != WEFT_OK;
    me->failures += weft_index_info(me->index, &figures, sizeof figures) != WEFT_OK || figures.rows != BUILD_ROWS;
    for (size_t i = 0; i < 100; i++)
      me->failures += (first_row[i] != WEFT_NO_ROW) != (expected_count[i] > 0);
    weft_ctx_free(clone);
  }
  return NULL;
}

START_TEST(probers_come_and_go_on_all_threads) {
  static struct worker workers[THREADS];
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(tables.list[_i]->isa, 0, &slab);
  weft_index *index = index_here(ctx, UINT64_MAX);
  uint64_t before = live_objects(slab);
  start(workers, ctx, index, WEFT_JOIN_INNER, come_and_go, THREADS);
  finish(workers, THREADS);
  check_rows(workers, THREADS, ROUNDS);
  ck_assert_uint_eq(live_objects(slab), before);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  close_slab(ctx, slab);
}
END_TEST

/* Builds and groups at once share nothing but the slab. */
static void *build_and_group(void *argument) {
  struct worker *me = argument;
  static _Thread_local uint32_t group[BUILD_ROWS];
  struct weft_column keys = column_of(&build, BUILD_ROWS);
  weft_ctx *clone;
  if (weft_ctx_clone(me->original, &clone) != WEFT_OK) {
    me->failures++;
    return NULL;
  }
  for (size_t round = 0; round < ROUNDS; round++) {
    weft_index *index;
    struct weft_index_figures figures;
    size_t groups = 0;
    if (weft_group(clone, &keys, 1, group, &groups, NULL) != WEFT_OK ||
        weft_index_build(clone, &keys, 1, NULL, &index) != WEFT_OK) {
      me->failures++;
      continue;
    }
    me->failures +=
        weft_index_info(index, &figures, sizeof figures) != WEFT_OK || figures.keys + 1 != groups; /* and null */
    me->failures += figures.null_rows != BUILD_ROWS / 10;
    me->failures += weft_index_free(index) != WEFT_OK;
  }
  weft_ctx_free(clone);
  return NULL;
}

START_TEST(builds_and_groups_at_once_do_not_meet) {
  static struct worker workers[THREADS];
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(tables.list[_i]->isa, 0, &slab);
  start(workers, ctx, NULL, WEFT_JOIN_INNER, build_and_group, THREADS);
  finish(workers, THREADS);
  close_slab(ctx, slab);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, probers_at_once_give_the_pairs_of_one, 0, tables.n);
  tcase_add_loop_test(tcase, probers_of_a_full_join_share_one_record_of_matches, 0, tables.n);
  tcase_add_loop_test(tcase, probers_come_and_go_on_all_threads, 0, tables.n);
  tcase_add_loop_test(tcase, builds_and_groups_at_once_do_not_meet, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  fill_all();
  return suite_main("join_threads", add_tests);
}
