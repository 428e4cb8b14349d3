/* SPDX-License-Identifier: MIT
 *
 * Indexes of many parts, built batch by batch and by one to four threads, around the sizes at which parts are divided:
 * what joins give on them is what lists made of the rows' numbers give. And builds that come to an end of the memory, in
 * any thread. Meant for ThreadSanitizer, and right without it.
 */
#include "alloc/cache.h"
#include "built.h"
#include "suite.h"
#include "tables.h"

#define MOST_ROWS (131072 + 1)
#define PROBES 2000
#define MOST_PAIRS 400000 /* of a case */

static struct tables tables;

/* Rows of one side: each has the key of a number, or is null. */
struct rows {
  size_t n;
  uint32_t number[MOST_ROWS]; /* UINT32_MAX: null */
  uint64_t wide[MOST_ROWS];
  uint32_t narrow[MOST_ROWS];
  char text[MOST_ROWS * 24];
  int32_t offsets[MOST_ROWS + 1];
  uint8_t valid[MOST_ROWS / 8 + 1];
};
static struct rows build, probe;

/* What keys are made of: numbers that say it all by their hashes; numbers that lie close together; strings, most of them
 * short, or long; two columns. */
enum sort { SPARSE, DENSE, SHORT, LONG, TWO, SORTS };
/* How often: each number once; three times; all rows the same; anything, some of them null. */
enum often { ONCE, THRICE, SAME, ANY, OFTEN };

static void fill(struct rows *rows, size_t n, enum often often, enum sort sort, size_t numbers, struct rng *rng) {
  int32_t at = 0;
  rows->n = n;
  memset(rows->valid, 0xff, sizeof rows->valid);
  for (size_t i = 0; i < n; i++) {
    uint32_t number = (uint32_t)(often == ONCE     ? i
                                 : often == THRICE ? i % (n / 3 + 1)
                                 : often == SAME   ? 0
                                                   : rng_upto(rng, numbers));
    bool null = often == ANY && i % 50 == 7;
    rows->number[i] = null ? UINT32_MAX : number;
    rows->wide[i] = sort == DENSE ? number : (number + 1) * RNG_STEP;
    rows->narrow[i] = number % 7;
    rows->offsets[i] = at;
    at += sprintf(rows->text + at, sort == LONG ? "somewhat longer %u" : "k%u", number);
    if (null)
      rows->valid[i / 8] = (uint8_t)(rows->valid[i / 8] & ~(1 << i % 8));
  }
  rows->offsets[n] = at;
}

static size_t columns_of(const struct rows *rows, enum sort sort, bool nulls, struct weft_column keys[2]) {
  struct weft_column wide = weft_column_fixed(rows->wide, WEFT_U64, rows->n),
                     text = weft_column_offsets32(rows->text, (size_t)rows->offsets[rows->n], rows->offsets, rows->n);
  keys[0] = sort == SHORT || sort == LONG ? text : wide;
  if (nulls)
    keys[0] = weft_column_with_validity(keys[0], rows->valid, 0);
  keys[1] = weft_column_fixed(rows->narrow, WEFT_U32, rows->n);
  return sort == TWO ? 2 : 1;
}

/* The pairs that must come: of each probe row the build rows of its number, in order. */
enum { NUMBERS = 2 * MOST_ROWS }; /* that keys have at the most */
static uint32_t next[MOST_ROWS], first[NUMBERS], expected_build[MOST_PAIRS], expected_probe[MOST_PAIRS];
static size_t expected;

static void expect_pairs(enum weft_join_kind kind) {
  bool nulls = false;
  memset(first, 0xff, sizeof first);
  for (size_t i = build.n; i-- > 0;) {
    nulls |= build.number[i] == UINT32_MAX;
    if (build.number[i] == UINT32_MAX)
      continue;
    next[i] = first[build.number[i]];
    first[build.number[i]] = (uint32_t)i;
  }
  expected = 0;
  for (size_t i = 0; i < probe.n; i++) {
    uint32_t number = probe.number[i], at = number < NUMBERS ? first[number] : WEFT_NO_ROW;
    bool pairs = kind <= WEFT_JOIN_FULL, alone = at == WEFT_NO_ROW;
    if (alone && (kind == WEFT_JOIN_INNER || kind == WEFT_JOIN_RIGHT || kind == WEFT_JOIN_SEMI))
      continue;
    if (!alone && kind == WEFT_JOIN_ANTI)
      continue;
    if (alone && kind == WEFT_JOIN_MARK && build.n > 0 && (nulls || number == UINT32_MAX))
      at = WEFT_UNKNOWN_ROW;
    do {
      CASE_CHECK(expected < MOST_PAIRS, i, "more pairs than %d", MOST_PAIRS);
      expected_probe[expected] = (uint32_t)i;
      expected_build[expected++] = at;
      at = alone ? WEFT_NO_ROW : next[at];
    } while (pairs && at != WEFT_NO_ROW);
  }
}

static void check_join(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind, const struct weft_column *keys,
                       size_t n_keys, uint64_t mask, struct rng *rng) {
  static uint64_t hashes[MOST_ROWS];
  static uint32_t build_row[5000], probe_row[5000];
  weft_join *join = join_on(ctx, index, kind);
  size_t at = 0, n, capacity = 1 + rng_upto(rng, 4999);
  expect_pairs(kind);
  probe_anyhow(ctx, join, index, mask, keys, n_keys, hashes, rng);
  do {
    MUST(ctx, weft_join_next(join, build_row, probe_row, capacity, &n));
    for (size_t k = 0; k < n; k++)
      CASE_CHECK(at + k < expected && build_row[k] == expected_build[at + k] && probe_row[k] == expected_probe[at + k],
                 at + k, "%s join, capacity %zu: pair (%u, %u)", kind_name(kind), capacity, build_row[k], probe_row[k]);
    at += n;
  } while (n > 0);
  CASE_CHECK(at == expected, at, "%s join: %zu pairs, not %zu", kind_name(kind), at, expected);
  weft_join_close(join);
}

/* One case: `rows` rows, probed by keys of which some are there. */
static void check_case(weft_ctx *ctx, size_t rows, enum sort sort, enum often often, uint64_t mask, struct rng *rng) {
  static char what[100];
  struct weft_column keys[2];
  struct weft_index_options options = index_defaults();
  weft_index *index;
  snprintf(what, sizeof what, "sort %d, often %d, mask %llx", (int)sort, (int)often, (unsigned long long)mask);
  guard_case = (struct guard_case){.what = what, .isa = ctx->kernels->isa, .rows = rows, .seed = rng->state};
  fill(&build, rows, often, sort, rng_percent(rng, 50) ? rows : rows / 10, rng);
  size_t n_keys = columns_of(&build, sort, often == ANY, keys);
  options.copy_keys = rng_percent(rng, 50);
  MUST(ctx, build_anyhow(ctx, keys, n_keys, &options, mask, rng, &index));
  size_t probes = often == SAME && rows > 200 ? MOST_PAIRS / rows : PROBES;
  fill(&probe, probes, ANY, sort, rows + rows / 4, rng);
  columns_of(&probe, sort, true, keys);
  for (int kind = 0; kind < KINDS; kind++)
    check_join(ctx, index, (enum weft_join_kind)kind, keys, n_keys, mask, rng);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
}

START_TEST(indexes_around_the_sizes_of_parts_join_as_lists_do) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct rng rng = {rng_case_seed((size_t)_i)};
  static const uint64_t few = UINT64_C(0xfff) << 52; /* some hundred keys of each hash, in every part */
  for (size_t parts = 1; parts <= 8; parts *= 2)
    for (size_t off = 0; off < 3; off++)
      for (size_t k = 0, cases = rng_cases(5); k < cases; k++) {
        enum sort sort = (enum sort)rng_upto(&rng, SORTS - 1);
        enum often often = (enum often)rng_upto(&rng, OFTEN - 1);
        bool collide = parts <= 2 && rng_percent(&rng, 10);
        check_case(ctx, 16384 * parts + off - 1, sort, often, collide ? few : UINT64_MAX, &rng);
      }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(small_and_empty_indexes_join_as_lists_do) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  struct rng rng = {rng_case_seed((size_t)_i)};
  for (size_t k = 0, cases = rng_cases(300); k < cases; k++)
    check_case(ctx, k % 5 == 0 ? k % 2 : rng_upto(&rng, 400), (enum sort)rng_upto(&rng, SORTS - 1),
               (enum often)rng_upto(&rng, OFTEN - 1), rng_percent(&rng, 50) ? UINT64_MAX : 0xf, &rng);
  weft_ctx_free(ctx);
}
END_TEST

/* Memory that ends: under a limit of the slab, or at one request after the other. */

#define END_ROWS 40000

/* A build by threads and a full join on it. *pairs is how many came. */
static weft_status build_and_join(weft_ctx *ctx, size_t threads, enum sort sort, struct rng *rng, size_t *pairs) {
  static uint32_t rows[2][5000];
  struct weft_column keys[2];
  struct weft_index_options options = index_defaults();
  weft_index_builder *builder;
  weft_index *index;
  weft_join *join = NULL;
  size_t n_keys = columns_of(&build, sort, true, keys), n = 1;
  *pairs = 0;
  WEFT_TRY(weft_index_builder_open(ctx, &options, &builder));
  weft_status status = append_batches(ctx, builder, keys, n_keys, 0, false, rng);
  if (status == WEFT_OK)
    status = build_together(ctx, builder, threads);
  if (status != WEFT_OK) {
    weft_index_builder_free(builder);
    return status;
  }
  WEFT_TRY(weft_index_seal(ctx, builder, &index));
  status = weft_join_open(ctx, index, WEFT_JOIN_FULL, &join);
  if (status == WEFT_OK)
    status = weft_join_probe(join, keys, n_keys);
  for (bool finished = false; status == WEFT_OK && !finished; finished = n == 0) {
    for (n = 1; status == WEFT_OK && n > 0; *pairs += n)
      status = weft_join_next(join, rows[0], rows[1], 5000, &n);
    if (status == WEFT_OK)
      status = weft_join_finish(join);
    for (n = 1; status == WEFT_OK && n > 0; *pairs += n)
      status = weft_join_next(join, rows[0], rows[1], 5000, &n);
  }
  weft_join_close(join);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  return status;
}

/* Rows of keys that come three times, each row meeting its key's, and each null alone on both sides. */
static size_t fill_for_the_end(enum sort sort, struct rng *rng) {
  static size_t count[END_ROWS + 1];
  size_t pairs = 0;
  fill(&build, END_ROWS, ANY, sort, END_ROWS / 3, rng);
  memset(count, 0, sizeof count);
  for (size_t i = 0; i < END_ROWS; i++)
    if (build.number[i] == UINT32_MAX)
      pairs += 2;
    else
      pairs += 2 * count[build.number[i]]++ + 1;
  return pairs;
}

START_TEST(a_limit_in_the_midst_of_a_build_or_a_join_is_told_and_all_is_given_back) {
  struct rng rng = {rng_case_seed((size_t)_i)};
  enum sort sort = (enum sort)_i;
  size_t wanted = fill_for_the_end(sort, &rng), refused = 0;
  bool done = false;
  for (size_t limit = (size_t)1 << 20; !done; limit += (size_t)3 << 17) {
    weft_slab *slab;
    size_t pairs;
    weft_ctx *ctx = ctx_on_slab(NULL, limit, &slab);
    weft_status status = build_and_join(ctx, 1 + rng_upto(&rng, MOST_BUILDERS - 1), sort, &rng, &pairs);
    ck_assert_msg(status == WEFT_OK || status == WEFT_E_LIMIT, "limit %zu: %s", limit, weft_status_text(status));
    done = status == WEFT_OK;
    refused += !done;
    ck_assert_msg(!done || pairs == wanted, "%zu pairs, not %zu", pairs, wanted);
    close_slab(ctx, slab);
  }
  ck_assert_uint_ge(refused, 3);
}
END_TEST

START_TEST(each_request_of_a_build_by_three_threads_may_fail) {
  struct rng rng = {rng_case_seed((size_t)_i)};
  enum sort sort = (enum sort)_i;
  size_t wanted = fill_for_the_end(sort, &rng), refused = 0;
  bool reached = true;
  for (uint64_t nth = 1; reached; nth += 1 + rng_upto(&rng, 200 / rng_cases(100))) {
    weft_slab *slab;
    size_t pairs;
    ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
    weft__slab_fail_at(slab, 0); /* before a context opens, so that it has no magazines and every object is a request */
    struct weft_ctx_options options = ctx_defaults();
    options.slab = slab;
    weft_ctx *ctx = ctx_with(&options);
    uint64_t before = weft__slab_requests(slab);
    weft__slab_fail_at(slab, nth);
    weft_status status = build_and_join(ctx, 3, sort, &rng, &pairs);
    reached = weft__slab_requests(slab) - before >= nth;
    ck_assert_msg(status == WEFT_OK || status == WEFT_E_NOMEM, "request %llu: %s", (unsigned long long)nth,
                  weft_status_text(status));
    ck_assert_msg(status != WEFT_OK || pairs == wanted, "%zu pairs, not %zu", pairs, wanted);
    refused += status != WEFT_OK;
    weft__slab_fail_at(slab, 0);
    close_slab(ctx, slab);
  }
  ck_assert_uint_ge(refused, 1);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, indexes_around_the_sizes_of_parts_join_as_lists_do, 0, tables.n);
  tcase_add_loop_test(tcase, small_and_empty_indexes_join_as_lists_do, 0, tables.n);
  tcase_add_loop_test(tcase, a_limit_in_the_midst_of_a_build_or_a_join_is_told_and_all_is_given_back, 0, SORTS);
  tcase_add_loop_test(tcase, each_request_of_a_build_by_three_threads_may_fail, 0, SORTS);
}

int main(void) {
  tables = tables_here();
  return suite_main("build_threads", add_tests);
}
