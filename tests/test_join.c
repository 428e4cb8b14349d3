/* SPDX-License-Identifier: MIT
 *
 * Joins beside nested loops: random tables of every type and layout, indexes built in every way, every kind of join,
 * capacities and batch sizes, on every table of kernels that this machine runs; with hashes cut to few bits too, so that
 * different keys collide.
 */
#include "built.h"
#include "shapes.h"
#include "suite.h"
#include "tables.h"

#define CASES 1200
#define MOST_CAPACITY 5000

static struct tables tables;
static struct guard_pool build_pool, probe_pool, hash_pool, out_pool;
static struct shape shape;
static struct pairs expected;

/* How a join's pairs are fetched: capacities of their own for each call where least < most; one array may be left out. */
struct fetch {
  size_t least, most;
  bool no_build, no_probe;
};

static struct fetch draw_fetch(struct rng *rng) {
  static const size_t ranges[][2] = {{1, 1},   {1, 7},       {1, MOST_CAPACITY},
                                     {63, 65}, {1000, 1100}, {MOST_CAPACITY, MOST_CAPACITY}};
  size_t i = rng_upto(rng, sizeof ranges / sizeof *ranges - 1);
  struct fetch fetch = {.least = ranges[i][0], .most = ranges[i][1]};
  fetch.no_build = rng_percent(rng, 10);
  fetch.no_probe = rng_percent(rng, 10);
  return fetch;
}

static void check_pair(const char *what, const struct fetch *fetch, size_t at, const uint32_t *build,
                       const uint32_t *probe) {
  CASE_CHECK(at < expected.n, at, "%s: a pair (%u, %u) after all %zu", what, fetch->no_build ? 0 : *build,
             fetch->no_probe ? 0 : *probe, expected.n);
  CASE_CHECK(fetch->no_build || *build == expected.build[at], at, "%s: build row %u, not %u", what, *build,
             expected.build[at]);
  CASE_CHECK(fetch->no_probe || *probe == expected.probe[at], at, "%s: probe row %u, not %u", what, *probe,
             expected.probe[at]);
}

/* Fetches pairs until there are none and holds them against those expected, in order. Each call's arrays end at guard
 * pages. */
static void drain(weft_join *join, struct rng *rng, const struct fetch *fetch, const char *what) {
  size_t at = 0, n;
  guard_reset(&out_pool, 0);
  uint32_t *build_end =
      (uint32_t *)guard_take(&out_pool, GUARD_HIGH, MOST_CAPACITY * sizeof *build_end, 0, NULL) + MOST_CAPACITY;
  uint32_t *probe_end =
      (uint32_t *)guard_take(&out_pool, GUARD_HIGH, MOST_CAPACITY * sizeof *probe_end, 0, NULL) + MOST_CAPACITY;
  bool drained = false;
  do {
    size_t capacity = fetch->least + rng_upto(rng, fetch->most - fetch->least);
    uint32_t *build = build_end - capacity, *probe = probe_end - capacity;
    weft_status status = weft_join_next(join, fetch->no_build ? NULL : build, fetch->no_probe ? NULL : probe, capacity, &n);
    CASE_CHECK(status == WEFT_OK, at, "%s: %s", what, weft_status_text(status));
    CASE_CHECK(n <= capacity && (n == 0 || !drained), at, "%s: %zu pairs of a capacity of %zu%s", what, n, capacity,
               drained ? " after the last" : "");
    for (size_t k = 0; k < n; k++)
      check_pair(what, fetch, at + k, build + k, probe + k);
    at += n;
    drained = n < capacity;
  } while (n > 0);
  CASE_CHECK(at == expected.n, at, "%s: %zu pairs, not %zu", what, at, expected.n);
}

/* Hands over columns whose structs are gone after the call. */
static void probe_side(weft_ctx *ctx, weft_join *join, const weft_index *index, const struct side *side) {
  struct weft_column keys[SHAPE_KEYS];
  guard_reset(&hash_pool, 0);
  uint64_t *hashes = guard_take(&hash_pool, GUARD_HIGH, side->rows * sizeof *hashes, 0, &shape.rng);
  memcpy(keys, side->keys, sizeof keys);
  probe_anyhow(ctx, join, index, shape.key_mask, keys, shape.n_keys, hashes, &shape.rng);
  memset(keys, 0x5a, sizeof keys);
}

static void check_join(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind) {
  static bool matched[SHAPE_ROWS];
  char what[100];
  struct fetch fetch = draw_fetch(&shape.rng);
  weft_join *join = join_on(ctx, index, kind);
  memset(matched, 0, sizeof matched);
  for (size_t p = 0; p < SHAPE_PROBES; p++) {
    snprintf(what, sizeof what, "%s join, mask %llx, capacities %zu to %zu, batch %zu", kind_name(kind),
             (unsigned long long)shape.key_mask, fetch.least, fetch.most, p);
    naive_join(&shape, &shape.probes[p], kind, matched, &expected);
    probe_side(ctx, join, index, &shape.probes[p]);
    drain(join, &shape.rng, &fetch, what);
  }
  MUST(ctx, weft_join_finish(join));
  expected.n = 0;
  if (kind == WEFT_JOIN_RIGHT || kind == WEFT_JOIN_FULL)
    naive_unmatched(&shape, matched, &expected);
  snprintf(what, sizeof what, "%s join, its end", kind_name(kind));
  drain(join, &shape.rng, &fetch, what);
  weft_join_close(join);
}

/* Builds the shape's index, by any means that may not matter: and takes the memory of the keys away where it is not
 * needed. */
static weft_index *build_index(weft_ctx *ctx) {
  struct weft_column keys[SHAPE_KEYS];
  struct weft_index_options options;
  weft_index_options_init(&options, sizeof options);
  options.copy_keys = rng_percent(&shape.rng, 40);
  options.has_seed = rng_percent(&shape.rng, 50);
  options.seed = rng_percent(&shape.rng, 50) ? 0 : rng_next(&shape.rng);
  weft_index *index;
  memcpy(keys, shape.build.keys, sizeof keys);
  MUST(ctx, build_anyhow(ctx, keys, shape.n_keys, &options, shape.key_mask, &shape.rng, &index));
  memset(keys, 0x5a, sizeof keys);
  bool by_hash = shape.n_keys == 1 && shape.build.keys[0].layout == WEFT_FIXED && shape.build.keys[0].width <= 8 &&
                 shape.key_mask == UINT64_MAX;
  if (options.copy_keys || by_hash)
    guard_close(&build_pool);
  return index;
}

static void draw_case(const char *isa, size_t i) {
  shape_draw(&build_pool, &probe_pool, i, SHAPE_ANY, &shape);
  guard_case.isa = isa;
}

static void close_case(void) {
  guard_close(&build_pool);
  guard_close(&probe_pool);
  guard_close(&hash_pool);
  guard_close(&out_pool);
  pairs_free(&expected);
}

START_TEST(joins_of_every_kind_equal_nested_loops) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    draw_case(tables.list[_i]->isa, i);
    weft_index *index = build_index(ctxs[rng_upto(&shape.rng, KNOBS - 1)]);
    for (int kind = 0; kind < KINDS; kind++)
      check_join(ctxs[rng_upto(&shape.rng, KNOBS - 1)], index, (enum weft_join_kind)kind);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  ctxs_close(ctxs);
  close_case();
}
END_TEST

/* What the random shapes have been through. */
static struct coverage {
  bool layouts[WEFT_VIEWS + 1][WEFT_VIEWS + 1]; /* of build and probe, single keys */
  bool types[WEFT_STRING + 1];
  bool keys[SHAPE_KEYS + 1];
  bool edges[13][3]; /* build rows: powers of two, and by one off */
  size_t collisions, empty_builds, empty_probes, selected, base_nulls, row_nulls, unique, all_equal;
} seen;

static bool is_unique(const struct side *side) {
  for (size_t a = 0; a < side->rows; a++)
    for (size_t b = 0; b < a; b++)
      if (rows_match(&shape, side, a, side, b))
        return false;
  return side->rows > 1;
}

static void see_shape(void) {
  const struct side *build = &shape.build, *probe = &shape.probes[0];
  size_t n = build->rows;
  seen.keys[shape.n_keys] = true;
  seen.collisions += shape.key_mask != UINT64_MAX;
  seen.empty_builds += n == 0;
  seen.empty_probes += n > 0 && probe->rows == 0;
  seen.unique += n < 300 && is_unique(build);
  seen.all_equal += n > 1 && probe->rows > 1 && expected.n == n * probe->rows;
  for (size_t k = 0; k < 13; k++)
    for (size_t off = 0; off < 3; off++)
      seen.edges[k][off] |= n + 1 == ((size_t)1 << k) + off;
  for (size_t k = 0; k < shape.n_keys; k++) {
    seen.layouts[build->keys[k].layout][probe->keys[k].layout] = true;
    seen.types[build->keys[k].type] = true;
    seen.selected += build->keys[k].selection != NULL;
    seen.base_nulls += build->keys[k].base_validity != NULL;
    seen.row_nulls += build->keys[k].row_validity != NULL;
  }
}

/* Without this the shapes could quietly become narrower than they are believed to be. */
START_TEST(the_random_shapes_are_of_every_sort) {
  static bool matched[SHAPE_ROWS];
  if (getenv("WEFT_TEST_SEED") || rng_cases(CASES) < CASES) {
    printf("not tested here: WEFT_TEST_SEED asks for other shapes, or WEFT_TEST_PERCENT for few\n");
    return;
  }
  for (size_t i = 0; i < CASES; i++) {
    draw_case("-", i);
    naive_join(&shape, &shape.probes[0], WEFT_JOIN_INNER, matched, &expected);
    see_shape();
  }
  for (int a = WEFT_OFFSETS32; a <= WEFT_VIEWS; a++)
    for (int b = WEFT_OFFSETS32; b <= WEFT_VIEWS; b++)
      ck_assert_msg(seen.layouts[a][b], "no build in layout %d with a probe in layout %d", a, b);
  for (int type = WEFT_I8; type <= WEFT_STRING; type++)
    ck_assert_msg(seen.types[type], "no key of type %d", type);
  for (size_t n = 1; n <= SHAPE_KEYS; n++)
    ck_assert_msg(seen.keys[n], "no keys of %zu columns", n);
  for (size_t k = 0; k < 13; k++)
    for (size_t off = 0; off < 3; off++)
      ck_assert_msg(seen.edges[k][off], "no build of %zu rows", ((size_t)1 << k) + off - 1);
  const size_t counts[] = {seen.collisions, seen.empty_builds, seen.empty_probes, seen.selected,
                           seen.base_nulls, seen.row_nulls,    seen.unique,       seen.all_equal};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    ck_assert_msg(counts[i] >= CASES / 100, "sort %zu came up %zu times", i, counts[i]);
  close_case();
}
END_TEST

START_TEST(an_index_of_this_table_serves_probers_of_every_table) {
  weft_ctx *builder = ctx_on(tables.list[_i]->isa, 64), *probers[SIMD_ISAS];
  for (int t = 0; t < tables.n; t++)
    probers[t] = ctx_on(tables.list[t]->isa, 128);
  for (size_t i = 0, cases = rng_cases(100); i < cases; i++) {
    draw_case(tables.list[_i]->isa, i);
    weft_index *index = build_index(builder);
    for (int t = 0; t < tables.n; t++)
      check_join(probers[t], index, WEFT_JOIN_FULL);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  for (int t = 0; t < tables.n; t++)
    weft_ctx_free(probers[t]);
  weft_ctx_free(builder);
  close_case();
}
END_TEST

/* A shape with a fair number of pairs, of several build rows a probe row and of none. */
static weft_index *open_capacity_case(weft_ctx *ctx, enum weft_join_kind kind) {
  static bool matched[SHAPE_ROWS];
  for (size_t i = 0;; i++) {
    draw_case(tables.list[0]->isa, i);
    naive_join(&shape, &shape.probes[0], kind, matched, &expected);
    if (expected.n > 1500 && expected.n < 5000 && shape.probes[0].rows > 100 && shape.n_keys == 1)
      return build_index(ctx);
  }
}

START_TEST(every_capacity_from_1_to_5000_gives_the_same_pairs) {
  static const enum weft_join_kind kinds[] = {WEFT_JOIN_LEFT, WEFT_JOIN_INNER};
  weft_ctx *ctx = ctx_on(tables.list[0]->isa, 64); /* the pairs are made above the kernels, so one table will do */
  for (size_t k = 0; k < 2; k++) {
    weft_index *index = open_capacity_case(ctx, kinds[k]);
    weft_join *join = join_on(ctx, index, kinds[k]);
    for (size_t capacity = 1; capacity <= MOST_CAPACITY; capacity = rng_count_after(capacity)) {
      struct fetch fetch = {.least = capacity, .most = capacity};
      char what[100];
      snprintf(what, sizeof what, "%s join, capacity %zu", kind_name(kinds[k]), capacity);
      probe_side(ctx, join, index, &shape.probes[0]);
      drain(join, &shape.rng, &fetch, what);
    }
    weft_join_close(join);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  weft_ctx_free(ctx);
  close_case();
}
END_TEST

/* One context's scratch serves all of its joins, whose batches are at different rows. */
START_TEST(joins_of_every_kind_take_turns_on_one_context) {
  static bool matched[SHAPE_ROWS];
  static struct pairs all[KINDS];
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  for (size_t i = 0, cases = rng_cases(150); i < cases; i++) {
    weft_join *joins[KINDS];
    size_t at[KINDS] = {0}, left = 0;
    draw_case(tables.list[_i]->isa, i);
    weft_index *index = build_index(ctx);
    for (int kind = 0; kind < KINDS; kind++) {
      naive_join(&shape, &shape.probes[0], (enum weft_join_kind)kind, matched, &all[kind]);
      left += all[kind].n;
      joins[kind] = join_on(ctx, index, (enum weft_join_kind)kind);
      MUST(ctx, weft_join_probe(joins[kind], shape.probes[0].keys, shape.n_keys));
    }
    while (left > 0) {
      int kind = (int)rng_upto(&shape.rng, KINDS - 1);
      uint32_t build[300], probe[300];
      size_t n;
      MUST(ctx, weft_join_next(joins[kind], build, probe, 1 + rng_upto(&shape.rng, 299), &n));
      CASE_CHECK(at[kind] + n <= all[kind].n, at[kind], "%s join: too many pairs", kind_name((enum weft_join_kind)kind));
      for (size_t k = 0; k < n; k++)
        CASE_CHECK(build[k] == all[kind].build[at[kind] + k] && probe[k] == all[kind].probe[at[kind] + k], at[kind] + k,
                   "%s join: pair (%u, %u)", kind_name((enum weft_join_kind)kind), build[k], probe[k]);
      at[kind] += n;
      left -= n;
    }
    for (int kind = 0; kind < KINDS; kind++)
      weft_join_close(joins[kind]);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  for (int kind = 0; kind < KINDS; kind++)
    pairs_free(&all[kind]);
  weft_ctx_free(ctx);
  close_case();
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, the_random_shapes_are_of_every_sort);
  tcase_add_loop_test(tcase, joins_of_every_kind_equal_nested_loops, 0, tables.n);
  tcase_add_loop_test(tcase, an_index_of_this_table_serves_probers_of_every_table, 0, tables.n);
  tcase_add_test(tcase, every_capacity_from_1_to_5000_gives_the_same_pairs);
  tcase_add_loop_test(tcase, joins_of_every_kind_take_turns_on_one_context, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("join", add_tests);
}
