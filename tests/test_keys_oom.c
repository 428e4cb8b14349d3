/* SPDX-License-Identifier: MIT
 *
 * No memory for index, join, group, partition, aggregates and sketches: each call is run once for each memory request
 * that it makes, that request failing. It must end with the documented status and outputs, leave nothing behind, and
 * succeed when it is called again. As test_oom.c, with tables large enough to grow, keys that collide, and copies of
 * keys.
 */
#include "alloc/cache.h"
#include "keys.h"
#include "lib/index.h"
#include "rng.h"
#include "suite.h"

#define ROWS 40000                        /* more than a first table holds */
#define FEW 300                           /* where hashes are of few bits */
#define ROUND_ROWS ((size_t)65536 + 8192) /* and of them a round, behind the rows that one thread numbers */

/* The columns that operations work on. */
static struct weft_column unique_numbers, repeated_numbers, repeated_strings, null_numbers, few_strings, few_numbers;
static struct weft_column round_strings;

static void fill_columns(void) {
  static uint64_t numbers[ROWS], halves[ROWS];
  static char text[ROWS * 8];
  static int32_t offsets[ROWS + 1];
  static uint8_t validity[ROWS / 8];
  for (int32_t i = 0; i < ROWS; i++) {
    numbers[i] = (uint64_t)i * RNG_STEP;
    halves[i] = (uint64_t)i / 2;
    offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "k%d", i / 2);
    validity[i / 8] = 0xfe;
  }
  unique_numbers = weft_column_fixed(numbers, WEFT_U64, ROWS);
  repeated_numbers = weft_column_fixed(halves, WEFT_U64, ROWS);
  null_numbers = weft_column_with_validity(repeated_numbers, validity, 0);
  repeated_strings = weft_column_offsets32(text, (size_t)offsets[ROWS], offsets, ROWS);
  few_strings = weft_column_offsets32(text, (size_t)offsets[FEW], offsets, FEW);
  few_numbers = weft_column_fixed(numbers, WEFT_U64, FEW);
  /* The round has keys that the rows before have not. */
  static uint32_t round[ROUND_ROWS];
  for (size_t i = 0; i < ROUND_ROWS; i++)
    round[i] = (uint32_t)(i % 65536 % (200 + 200 * (i / 65536)));
  round_strings = weft_column_with_selection(repeated_strings, round, ROUND_ROWS);
}

struct rig {
  weft_slab *slab;
  weft_ctx *ctx;
  weft_index *index; /* of repeated_strings, made before requests are counted */
};

/* True for success; else it was for want of memory, and the message has the bytes that were not to be had. */
static bool went_well(const struct rig *rig, weft_status status) {
  ck_assert_msg(status == WEFT_OK || status == WEFT_E_NOMEM, "%s: %s", guard_case_text(), weft_status_text(status));
  if (status != WEFT_OK)
    ck_assert_msg(strpbrk(weft_ctx_message(rig->ctx), "123456789") != NULL, "%s: message \"%s\" has no number",
                  guard_case_text(), weft_ctx_message(rig->ctx));
  return status == WEFT_OK;
}

static bool build(struct rig *rig, const struct weft_column *keys, size_t n_keys, bool copy, uint64_t mask, uint64_t n) {
  struct weft_index_options options;
  weft_index_options_init(&options, sizeof options);
  options.copy_keys = copy;
  weft_index *index = rig->index;
  rig->ctx->key_mask = mask;
  bool ok = went_well(rig, weft_index_build(rig->ctx, keys, n_keys, &options, &index));
  rig->ctx->key_mask = UINT64_MAX;
  ck_assert(ok == (index != NULL));
  if (ok)
    ck_assert_uint_eq(figures_of(index).keys, n);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  return ok;
}

static bool build_unique(struct rig *rig) {
  return build(rig, &unique_numbers, 1, false, UINT64_MAX, ROWS);
}

static bool build_repeated(struct rig *rig) {
  return build(rig, &repeated_numbers, 1, false, UINT64_MAX, ROWS / 2);
}

static bool build_with_nulls(struct rig *rig) {
  return build(rig, &null_numbers, 1, false, UINT64_MAX, ROWS / 2);
}

static bool build_copy(struct rig *rig) {
  return build(rig, &repeated_strings, 1, true, UINT64_MAX, ROWS / 2);
}

static bool build_copy_of_two_columns(struct rig *rig) {
  struct weft_column keys[] = {null_numbers, repeated_strings};
  return build(rig, keys, 2, true, UINT64_MAX, ROWS / 2);
}

static bool build_packed(struct rig *rig) {
  struct weft_column keys[] = {repeated_numbers, null_numbers};
  return build(rig, keys, 2, true, UINT64_MAX, ROWS / 2);
}

static bool build_colliding(struct rig *rig) {
  struct weft_column keys[] = {few_strings, few_numbers};
  return build(rig, keys, 2, true, 0xf, FEW);
}

/* Two batches and their hashes; whatever fails, the builder's end gives all back. */
static bool build_by_batches(struct rig *rig) {
  static uint64_t hashes[ROWS];
  struct weft_index_options options = index_defaults();
  weft_index_builder *builder = NULL;
  weft_index *index = rig->index;
  options.has_seed = true;
  bool ok = went_well(rig, weft_index_builder_open(rig->ctx, &options, &builder));
  ck_assert(ok == (builder != NULL));
  for (int batch = 0; ok && batch < 2; batch++)
    ok = went_well(rig, weft_index_hash(rig->ctx, 0, &repeated_strings, 1, hashes)) &&
         went_well(rig, weft_index_append(rig->ctx, builder, &repeated_strings, 1, hashes));
  ok = ok && went_well(rig, weft_index_work(rig->ctx, builder));
  if (ok)
    ok = went_well(rig, weft_index_seal(rig->ctx, builder, &index));
  else
    weft_index_builder_free(builder);
  if (ok) {
    ck_assert_uint_eq(figures_of(index).keys, ROWS / 2);
    ck_assert_uint_eq(figures_of(index).rows, 2 * ROWS);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  return ok;
}

static bool look_up(struct rig *rig) {
  static uint32_t first_row[ROWS];
  memset(first_row, 0, sizeof first_row);
  if (!went_well(rig, weft_index_lookup(rig->ctx, rig->index, &repeated_strings, 1, first_row)))
    return false;
  for (uint32_t i = 0; i < ROWS; i++)
    CASE_CHECK(first_row[i] == i / 2 * 2, i, "first row %u", first_row[i]);
  return true;
}

static bool contains(struct rig *rig) {
  static uint8_t bits[ROWS / 8];
  memset(bits, 0, sizeof bits);
  if (!went_well(rig, weft_index_contains(rig->ctx, rig->index, &repeated_strings, 1, bits)))
    return false;
  for (size_t i = 0; i < sizeof bits; i++)
    CASE_CHECK(bits[i] == 0xff, 8 * i, "bits %x", bits[i]);
  return true;
}

/* A failure of next or finish is no end: the call is repeated, and must then give what it owes. */
static bool fetch(struct rig *rig, weft_join *join, size_t expected) {
  bool ok = true;
  size_t pairs = 0, n = 1;
  while (n > 0) {
    static uint32_t rows[2][5000];
    if (!went_well(rig, weft_join_next(join, rows[0], rows[1], 5000, &n))) {
      ck_assert_uint_eq(n, 0);
      ck_assert(ok);
      ok = false;
      n = 1;
      continue;
    }
    pairs += n;
  }
  ck_assert_msg(pairs == expected, "%s: %zu pairs, not %zu", guard_case_text(), pairs, expected);
  return ok;
}

static bool join_all(struct rig *rig, enum weft_join_kind kind, size_t pairs, size_t unmatched) {
  weft_join *join = (weft_join *)rig;
  bool ok = went_well(rig, weft_join_open(rig->ctx, rig->index, kind, &join));
  ck_assert(ok == (join != NULL));
  if (!ok) {
    ck_assert_int_eq(rig->index->open_joins, 0);
    return false;
  }
  MUST(rig->ctx, weft_join_probe(join, &few_strings, 1));
  ok = fetch(rig, join, pairs);
  if (!went_well(rig, weft_join_finish(join))) {
    ck_assert(ok);
    ok = false;
    MUST(rig->ctx, weft_join_finish(join));
  }
  ok &= fetch(rig, join, unmatched);
  weft_join_close(join);
  return ok;
}

static bool join_inner(struct rig *rig) {
  return join_all(rig, WEFT_JOIN_INNER, 2 * FEW, 0);
}

static bool join_semi(struct rig *rig) {
  return join_all(rig, WEFT_JOIN_SEMI, FEW, 0);
}

static bool join_mark(struct rig *rig) {
  return join_all(rig, WEFT_JOIN_MARK, FEW, 0);
}

static bool join_full(struct rig *rig) {
  return join_all(rig, WEFT_JOIN_FULL, 2 * FEW, ROWS - FEW);
}

static bool group(struct rig *rig, const struct weft_column *keys, size_t n_keys, uint64_t mask, size_t expected) {
  static uint32_t number[ROWS], first_row[ROWS];
  size_t groups = 99;
  rig->ctx->key_mask = mask;
  bool ok = went_well(rig, weft_group(rig->ctx, keys, n_keys, number, &groups, first_row));
  rig->ctx->key_mask = UINT64_MAX;
  ck_assert_msg(groups == (ok ? expected : 0), "%s: %zu groups", guard_case_text(), groups);
  return ok;
}

static bool group_unique(struct rig *rig) {
  return group(rig, &unique_numbers, 1, UINT64_MAX, ROWS);
}

static bool group_strings(struct rig *rig) {
  return group(rig, &repeated_strings, 1, UINT64_MAX, ROWS / 2);
}

/* Short strings, each a key of its own but for the last ones: a table that grows twice, and a round without a look. */
static bool grouping_of_new_keys(struct rig *rig) {
  enum { ALL = 136000, NEW = 134000 };
  static char text[ALL * 8];
  static int32_t offsets[ALL + 1];
  static uint32_t number[ALL];
  for (int32_t i = 0; i < ALL && offsets[ALL] == 0; i++)
    offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "k%d", i % NEW);
  struct weft_column strings = weft_column_offsets32(text, (size_t)offsets[ALL], offsets, ALL);
  size_t groups = 99;
  weft_grouping *grouping;
  if (!went_well(rig, weft_grouping_open(rig->ctx, &strings, 1, 2, number, &grouping)))
    return false;
  bool worked = went_well(rig, weft_grouping_work(rig->ctx, grouping));
  bool ok = went_well(rig, weft_grouping_close(rig->ctx, grouping, &groups, NULL));
  ck_assert_msg(groups == (ok ? NEW : 0), "%s: %zu groups", guard_case_text(), groups);
  ck_assert(worked || !ok);
  ck_assert(!ok || (number[NEW - 1] == NEW - 1 && number[ALL - 1] == ALL - 1 - NEW));
  return ok;
}

static bool grouping(struct rig *rig) { /* half of the round's keys are new; and keys collide */
  static uint32_t number[ROUND_ROWS], first_row[ROUND_ROWS];
  size_t groups = 99;
  weft_grouping *grouping;
  rig->ctx->key_mask = 0xff00000000000000;
  bool opened = went_well(rig, weft_grouping_open(rig->ctx, &round_strings, 1, 2, number, &grouping));
  rig->ctx->key_mask = UINT64_MAX;
  if (!opened)
    return false;
  bool worked = went_well(rig, weft_grouping_work(rig->ctx, grouping));
  bool ok = went_well(rig, weft_grouping_close(rig->ctx, grouping, &groups, first_row));
  ck_assert_msg(groups == (ok ? 200 : 0), "%s: %zu groups", guard_case_text(), groups);
  ck_assert(worked || !ok);
  ck_assert(!ok || first_row[199] == 65536 + 398);
  return ok;
}

static bool group_with_nulls(struct rig *rig) {
  return group(rig, &null_numbers, 1, UINT64_MAX, ROWS / 2 + 1);
}

static bool group_packed(struct rig *rig) {
  struct weft_column keys[] = {unique_numbers, null_numbers};
  return group(rig, keys, 2, UINT64_MAX, ROWS);
}

static bool group_colliding(struct rig *rig) { /* numbered anew at its end */
  return group(rig, &few_strings, 1, 0xf, FEW / 2);
}

static bool partition(struct rig *rig) {
  static uint32_t rows[ROWS];
  size_t offsets[4];
  if (!went_well(rig, weft_partition(rig->ctx, unique_numbers.data, ROWS, WEFT_PARTS_MODULO, 3, rows, offsets)))
    return false;
  ck_assert_uint_eq(offsets[3], ROWS);
  return true;
}

/* Of numbers some of which are null, through a selection: flattening needs memory; twice, so that the groups grow; and
 * merged. A piece that fails spoils the aggregate. */
static bool aggregate(struct rig *rig) {
  static uint32_t numbers[ROWS], even[ROWS / 2];
  struct weft_column column = weft_column_with_selection(null_numbers, even, ROWS / 2);
  weft_aggregate *into = NULL, *from = NULL;
  for (uint32_t i = 0; i < ROWS / 2; i++) {
    numbers[i] = i % 1000;
    even[i] = 2 * i;
  }
  bool opened = went_well(rig, weft_aggregate_open(rig->ctx, WEFT_U64, WEFT_SUM | WEFT_MAX, &into)) &&
                went_well(rig, weft_aggregate_open(rig->ctx, WEFT_U64, WEFT_SUM | WEFT_MAX, &from));
  bool ok = opened && went_well(rig, weft_aggregate_add(rig->ctx, from, &few_numbers, numbers, 1000)) &&
            went_well(rig, weft_aggregate_add(rig->ctx, from, &column, numbers, 30000));
  if (opened && !ok) {
    weft_status status = weft_aggregate_merge(rig->ctx, into, from, NULL, 30000);
    ck_assert(status == WEFT_OK || strstr(weft_ctx_message(rig->ctx), "a call before has failed"));
  }
  ok = ok && went_well(rig, weft_aggregate_merge(rig->ctx, into, from, NULL, 30000));
  uint64_t counts[30000];
  if (ok) {
    MUST(rig->ctx, weft_aggregate_finish(rig->ctx, into, WEFT_COUNT, counts, NULL));
    ck_assert_uint_eq(counts[0], 1); /* rows 0, 2000, 4000 and so on are null */
    ck_assert_uint_eq(counts[1], 1 + 20);
  }
  weft_aggregate_free(into);
  weft_aggregate_free(from);
  return ok;
}

static bool distinct(struct rig *rig) {
  weft_distinct *sketch = NULL, *again = NULL;
  uint8_t bytes[8 + 1024];
  size_t n = sizeof bytes;
  bool ok = went_well(rig, weft_distinct_open(rig->ctx, 10, &sketch)) &&
            went_well(rig, weft_distinct_add(rig->ctx, sketch, &repeated_strings, 1));
  if (sketch)
    MUST(rig->ctx, weft_distinct_write(rig->ctx, sketch, bytes, sizeof bytes, &n));
  ok = ok && went_well(rig, weft_distinct_read(rig->ctx, bytes, n, &again));
  ck_assert(ok == (again != NULL));
  weft_distinct_free(sketch);
  weft_distinct_free(again);
  return ok;
}

static const struct {
  const char *name;
  bool (*run)(struct rig *rig);
  uint64_t least; /* requests: of those it is known to make, without one that an object given back by the index may serve */
} operations[] = {
    {"build of unique numbers", build_unique, 4},
    {"build of repeated numbers", build_repeated, 7},
    {"build of numbers and nulls", build_with_nulls, 7},
    {"build with a copy", build_copy, 10},
    {"build with a copy of two columns", build_copy_of_two_columns, 12},
    {"build with packed copies", build_packed, 12},
    {"build of keys that collide", build_colliding, 10},
    {"build by batches, with hashes", build_by_batches, 15},
    {"lookup", look_up, 1},
    {"contains", contains, 1},
    {"inner join", join_inner, 1},
    {"semi join", join_semi, 1},
    {"mark join", join_mark, 1},
    {"full join", join_full, 3},
    {"group of unique numbers", group_unique, 3},
    {"group of strings", group_strings, 4},
    {"grouping by a round, of keys that collide", grouping, 16},
    {"grouping by rounds, of new keys", grouping_of_new_keys, 8},
    {"group of numbers and nulls", group_with_nulls, 4},
    {"group of packed keys", group_packed, 6},
    {"group of keys that collide", group_colliding, 4},
    {"partition", partition, 1},
    {"aggregate", aggregate, 8},
    {"sketch of distinct values", distinct, 2},
};
#define OPERATIONS ((int)(sizeof operations / sizeof *operations))

/* Armed before the context opens, so that it has no magazines and every object is a request. */
static struct rig open_rig(void) {
  struct rig rig;
  ck_assert_int_eq(weft_slab_create(NULL, &rig.slab), WEFT_OK);
  weft__slab_fail_at(rig.slab, 0);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = rig.slab;
  rig.ctx = ctx_with(&options);
  rig.index = index_of(rig.ctx, &repeated_strings, 1);
  return rig;
}

START_TEST(each_request_of_each_call_may_fail_once) {
  bool reached = true;
  uint64_t failures = 0, nth = 0, stride = 1;
  if (operations[_i].run == grouping_of_new_keys && rng_cases(100) < 100)
    stride = 8; /* its rows are many */
  while (reached) {
    struct rig rig = open_rig();
    char what[100];
    snprintf(what, sizeof what, "%s, request %llu", operations[_i].name, (unsigned long long)(nth += stride));
    guard_case = (struct guard_case){.what = what, .isa = rig.ctx->kernels->isa};
    uint64_t requests = weft__slab_requests(rig.slab), live = live_objects(rig.slab);
    weft__slab_fail_at(rig.slab, nth);
    bool ok = operations[_i].run(&rig);
    reached = weft__slab_requests(rig.slab) - requests >= nth;
    ck_assert_msg(ok || reached, "%s: failed, and no request had", what);
    if (ok)
      ck_assert_msg(weft_ctx_message(rig.ctx)[0] == '\0', "%s: went well, and says %s", what, weft_ctx_message(rig.ctx));
    ck_assert_msg(live_objects(rig.slab) == live, "%s: objects are left", what);
    failures += !ok;
    weft__slab_fail_at(rig.slab, 0);
    ck_assert_msg(operations[_i].run(&rig), "%s: once failed, it fails again with memory at hand", what);
    ck_assert_int_eq(weft_index_free(rig.index), WEFT_OK);
    close_slab(rig.ctx, rig.slab);
  }
  ck_assert_msg(failures >= operations[_i].least, "%s: %llu requests failed it, at least %llu were to be expected",
                operations[_i].name, (unsigned long long)failures, (unsigned long long)operations[_i].least);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, each_request_of_each_call_may_fail_once, 0, OPERATIONS);
}

int main(void) {
  fill_columns();
  return suite_main("keys_oom", add_tests);
}
