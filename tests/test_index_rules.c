/* SPDX-License-Identifier: MIT
 *
 * What an index promises beside its answers: how long it lives and whose memory it takes, its figures, statuses with
 * numbers in their messages, limits.
 */
#include <inttypes.h>

#include "keys.h"
#include "lib/index.h"
#include "rng.h"
#include "suite.h"
#include "tables.h"

#define MILLION 1000000

static struct tables tables;

/* Life and memory */

START_TEST(an_empty_index_holds_nothing) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct weft_column empty = weft_column_offsets64(NULL, 0, NULL, 0);
  int32_t offsets[] = {0, 0, 1};
  struct weft_column two = weft_column_offsets32("a", 1, offsets, 2);
  weft_index *index = index_of(ctx, &empty, 1);
  uint32_t first_row[2] = {5, 5};
  uint8_t bits = 0xff;
  MUST(ctx, weft_index_lookup(ctx, index, &two, 1, first_row));
  MUST(ctx, weft_index_contains(ctx, index, &two, 1, &bits));
  ck_assert(first_row[0] == WEFT_NO_ROW && first_row[1] == WEFT_NO_ROW && bits == 0);
  MUST(ctx, weft_index_lookup(ctx, index, &empty, 1, NULL));
  MUST(ctx, weft_index_contains(ctx, index, &empty, 1, NULL));
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(an_index_outlives_its_context) {
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(tables.list[_i]->isa, 0, &slab), *other = ctx_with(NULL);
  uint64_t values[] = {3, 1, 2, 1};
  struct weft_column keys = weft_column_fixed(values, WEFT_U64, 4);
  weft_index *index = index_of(ctx, &keys, 1);
  weft_ctx_free(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_E_BUSY);
  uint32_t first_row[4], expected[] = {0, 1, 2, 1};
  MUST(other, weft_index_lookup(other, index, &keys, 1, first_row));
  ck_assert(memcmp(first_row, expected, sizeof expected) == 0);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  ck_assert_uint_eq(live_objects(slab), 0);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  weft_ctx_free(other);
}
END_TEST

START_TEST(an_index_may_be_the_last_that_holds_a_contexts_own_slab) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t value = 3;
  struct weft_column keys = weft_column_fixed(&value, WEFT_U64, 1);
  weft_index *index = index_of(ctx, &keys, 1);
  weft_ctx_free(ctx);
  ck_assert_uint_eq(figures_of(index).keys, 1);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  ck_assert_int_eq(weft_index_free(NULL), WEFT_OK);
}
END_TEST

START_TEST(seeds_are_drawn_unless_given) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t value = 3;
  struct weft_column keys = weft_column_fixed(&value, WEFT_U64, 1);
  weft_index *a = index_of(ctx, &keys, 1), *b = index_of(ctx, &keys, 1), *c;
  struct weft_index_options options = index_defaults();
  ck_assert(!options.has_seed && !options.copy_keys);
  options.has_seed = true;
  options.seed = 0;
  MUST(ctx, weft_index_build(ctx, &keys, 1, &options, &c));
  ck_assert_uint_ne(figures_of(a).seed, figures_of(b).seed);
  ck_assert_uint_eq(figures_of(c).seed, 0);
  weft_index *all[] = {a, b, c};
  for (size_t i = 0; i < 3; i++)
    ck_assert_int_eq(weft_index_free(all[i]), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* What the overflow takes is drawn with the seed: of 65,536 keys 0.035 bytes a key more or less. */
START_TEST(a_unique_number_takes_no_more_than_26_bytes) {
  static const size_t rows[] = {65536, 100000, MILLION};
  weft_ctx *ctx = ctx_with(NULL);
  static uint64_t values[MILLION];
  for (uint64_t i = 0; i < MILLION; i++)
    values[i] = i * RNG_STEP;
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    struct weft_column keys = weft_column_fixed(values, WEFT_U64, rows[r]);
    weft_index *index = index_of(ctx, &keys, 1);
    struct weft_index_figures figures = figures_of(index);
    double bytes = (double)figures.bytes / (double)rows[r];
    printf("index of %zu unique u64 keys: %.2f bytes a key, %" PRIu64 " buckets overflow\n", rows[r], bytes,
           figures.overflowing);
    ck_assert_msg(bytes <= 26, "%.2f bytes a key of %zu", bytes, rows[r]);
    ck_assert_uint_eq(figures.keys, rows[r]);
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Buckets that the table's places lead to beyond their first. */
static uint64_t overflow_chained(const struct simd_table *table) {
  uint64_t n = 0;
  for (size_t i = 0; i < table->n_buckets; i++) {
    const struct simd_bucket *bucket = &table->buckets[i];
    for (; bucket->id[SIMD_SLOTS] != SIMD_NO_ID; n++)
      bucket = simd_overflow_bucket(table, bucket->id[SIMD_SLOTS]);
  }
  return n;
}

/* With a key that comes again, in the last part that has rows or in some other, all parts before it are made anew. */
START_TEST(buckets_that_overflow_count_once_in_parts_that_are_made_anew) {
  enum { ROWS = 300000 };
  static uint64_t values[ROWS];
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_index_options options = index_defaults();
  options.has_seed = true;
  uint64_t most = 0;
  for (uint64_t twice = 0; twice < 20; twice++) {
    weft_index *index;
    for (uint64_t i = 0; i < ROWS; i++)
      values[i] = i * RNG_STEP;
    if (twice > 0) /* twice 0: all are unique */
      values[ROWS - 1] = values[twice];
    struct weft_column keys = weft_column_fixed(values, WEFT_U64, ROWS);
    MUST(ctx, weft_index_build(ctx, &keys, 1, &options, &index));
    struct weft_index_figures figures = figures_of(index);
    uint64_t chained = overflow_chained(&index->table.simd);
    ck_assert_msg(figures.overflowing == chained && chained > 0, "key %" PRIu64 " twice: %" PRIu64 " buckets, not %" PRIu64,
                  twice, figures.overflowing, chained);
    ck_assert_uint_eq(figures.keys, twice > 0 ? ROWS - 1 : ROWS);
    most = chained > most ? chained : most;
    ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  }
  ck_assert_uint_lt(most, ROWS / 20);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(figures_are_written_to_the_callers_size_and_no_further) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t value = 3;
  struct weft_column keys = weft_column_fixed(&value, WEFT_U64, 1);
  weft_index *index = index_of(ctx, &keys, 1);
  struct weft_index_figures figures;
  memset(&figures, 0x5a, sizeof figures);
  ck_assert_int_eq(weft_index_info(index, &figures, sizeof(uint64_t)), WEFT_OK);
  ck_assert_uint_eq(figures.rows, 1);
  ck_assert_uint_eq(figures.keys, UINT64_C(0x5a5a5a5a5a5a5a5a));
  ck_assert_int_eq(weft_index_info(NULL, &figures, sizeof figures), WEFT_E_INVALID);
  ck_assert_int_eq(weft_index_info(index, NULL, sizeof figures), WEFT_E_INVALID);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Refusals */

START_TEST(builds_from_what_is_no_key_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t values[4] = {0};
  struct weft_column keys[] = {weft_column_fixed(values, WEFT_U64, 4), weft_column_fixed(values, WEFT_U64, 3), {.rows = 4}};
  struct weft_column many = weft_column_bytes(NULL, 0, UINT32_MAX);
  weft_index *index = (weft_index *)&ctx;
  ck_assert_int_eq(weft_index_build(NULL, keys, 1, NULL, &index), WEFT_E_INVALID);
  ck_assert_ptr_null(index);
  REFUSED(ctx, weft_index_build(ctx, keys, 1, NULL, NULL), WEFT_E_INVALID, "out is NULL");
  index = (weft_index *)&ctx;
  REFUSED(ctx, weft_index_build(ctx, NULL, 1, NULL, &index), WEFT_E_INVALID, "NULL");
  ck_assert_ptr_null(index);
  REFUSED(ctx, weft_index_build(ctx, keys, 0, NULL, &index), WEFT_E_INVALID, "0 columns");
  REFUSED(ctx, weft_index_build(ctx, keys, 2, NULL, &index), WEFT_E_INVALID, "column 1 has 3 rows, column 0 has 4");
  REFUSED(ctx, weft_index_build(ctx, keys + 2, 1, NULL, &index), WEFT_E_INVALID, "column 0 has no layout");
  REFUSED(ctx, weft_index_build(ctx, &many, 1, NULL, &index), WEFT_E_OVERFLOW, "4294967295 rows, and at most 4294967294");
  many.rows = many.base_rows = (size_t)1 << 33;
  REFUSED(ctx, weft_index_build(ctx, &many, 1, NULL, &index), WEFT_E_OVERFLOW, "8589934592");
  ck_assert_ptr_null(index);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(options_of_other_sizes_are_read_as_far_as_they_are_known) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t value = 3;
  struct weft_column keys = weft_column_fixed(&value, WEFT_U64, 1);
  struct {
    struct weft_index_options known;
    uint64_t newer;
  } options = {.newer = 1};
  weft_index *index = (weft_index *)&ctx;
  weft_index_options_init(&options.known, sizeof options.known);
  ck_assert_uint_eq(options.newer, 1);
  options.known.size = sizeof options;
  REFUSED(ctx, weft_index_build(ctx, &keys, 1, &options.known, &index), WEFT_E_INVALID, "options.size");
  ck_assert_ptr_null(index);
  options.newer = 0;
  MUST(ctx, weft_index_build(ctx, &keys, 1, &options.known, &index));
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  options.known.size = 8;
  REFUSED(ctx, weft_index_build(ctx, &keys, 1, &options.known, &index), WEFT_E_INVALID, "options.size is 8");
  weft_index_options_init(NULL, sizeof options.known);
  weft_ctx_free(ctx);
}
END_TEST

/* Both calls refuse alike. */
#define BOTH_REFUSED(ctx, index, keys, n, status, text)                          \
  do {                                                                           \
    uint32_t rows_[8];                                                           \
    uint8_t bits_[8];                                                            \
    REFUSED(ctx, weft_index_lookup(ctx, index, keys, n, rows_), status, text);   \
    REFUSED(ctx, weft_index_contains(ctx, index, keys, n, bits_), status, text); \
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "weft_index_contains")); \
  } while (0)

START_TEST(lookups_of_other_keys_than_the_builds_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  static const uint8_t bytes[64];
  struct weft_column build[] = {weft_column_bytes(bytes, 5, 4), weft_column_fixed(bytes, WEFT_I32, 4)};
  struct weft_column keys[] = {build[0], build[1], build[1]};
  weft_index *index = index_of(ctx, build, 2);
  uint32_t first_row[4];
  ck_assert_int_eq(weft_index_lookup(NULL, index, keys, 2, first_row), WEFT_E_INVALID);
  ck_assert_int_eq(weft_index_contains(NULL, index, keys, 2, (uint8_t *)first_row), WEFT_E_INVALID);
  BOTH_REFUSED(ctx, NULL, keys, 2, WEFT_E_INVALID, "index is NULL");
  BOTH_REFUSED(ctx, index, NULL, 2, WEFT_E_INVALID, "NULL");
  BOTH_REFUSED(ctx, index, keys, 0, WEFT_E_INVALID, "0 columns");
  BOTH_REFUSED(ctx, index, keys, 1, WEFT_E_INVALID, "1 key columns, and the index has 2");
  BOTH_REFUSED(ctx, index, keys, 3, WEFT_E_INVALID, "3 key columns, and the index has 2");
  keys[0] = weft_column_bytes(bytes, 6, 4);
  BOTH_REFUSED(ctx, index, keys, 2, WEFT_E_INVALID, "key column 0 is 6 bytes wide, the index's 5");
  keys[0] = build[0];
  keys[1] = weft_column_fixed(bytes, WEFT_F32, 4);
  BOTH_REFUSED(ctx, index, keys, 2, WEFT_E_INVALID, "key column 1 is of type 9, the index's of type 3");
  keys[1] = weft_column_fixed(bytes, WEFT_I32, 3);
  BOTH_REFUSED(ctx, index, keys, 2, WEFT_E_INVALID, "column 1 has 3 rows, column 0 has 4");
  REFUSED(ctx, weft_index_lookup(ctx, index, build, 2, NULL), WEFT_E_INVALID, "4 rows");
  REFUSED(ctx, weft_index_contains(ctx, index, build, 2, NULL), WEFT_E_INVALID, "4 rows");
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(lookups_of_more_than_2_to_the_32_less_2_rows_are_refused) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column some = weft_column_bytes(NULL, 0, 3), many = weft_column_bytes(NULL, 0, UINT32_MAX);
  weft_index *index = index_of(ctx, &some, 1);
  BOTH_REFUSED(ctx, index, &many, 1, WEFT_E_OVERFLOW, "4294967295 rows, and at most 4294967294");
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* Limits */

static char text[MILLION * 8];
static int32_t offsets[MILLION + 1];

static struct weft_column strings(bool unique) {
  for (int32_t i = 0; i < MILLION; i++) {
    char digits[12];
    snprintf(digits, sizeof digits, "%08d", unique ? i : i % 1000);
    memcpy(text + (size_t)i * 8, digits, 8);
    offsets[i + 1] = 8 * (i + 1);
  }
  return weft_column_offsets32(text, sizeof text, offsets, MILLION);
}

/* At every limit from too little for a context on: the status says so, and nothing is left of it; in the end it fits. */
START_TEST(a_build_that_reaches_the_slabs_limit_leaves_nothing) {
  size_t refused = 0;
  for (int copy = 0; copy <= 1; copy++)
    for (int unique = 0; unique <= 1; unique++) {
      struct weft_column keys = strings(unique);
      weft_status status = WEFT_E_LIMIT;
      for (size_t limit = (size_t)3 << 20; status != WEFT_OK; limit += (size_t)3 << 20) {
        weft_slab *slab;
        weft_ctx *ctx = ctx_on_slab(NULL, limit, &slab);
        uint64_t before = live_objects(slab);
        struct weft_index_options options = index_defaults();
        weft_index *index = (weft_index *)&slab;
        char number[30];
        options.copy_keys = copy;
        snprintf(number, sizeof number, "%zu", limit);
        status = weft_index_build(ctx, &keys, 1, &options, &index);
        if (status != WEFT_OK) {
          ck_assert_msg(status == WEFT_E_LIMIT, "limit %zu: %s", limit, weft_status_text(status));
          ck_assert_ptr_null(index);
          ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), number));
          refused++;
        }
        ck_assert(index || live_objects(slab) == before);
        ck_assert_int_eq(weft_index_free(index), WEFT_OK);
        close_slab(ctx, slab);
        ck_assert_uint_lt(limit, (size_t)200 << 20);
      }
    }
  ck_assert_uint_gt(refused, 20);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {an_index_may_be_the_last_that_holds_a_contexts_own_slab,
                          seeds_are_drawn_unless_given,
                          a_unique_number_takes_no_more_than_26_bytes,
                          buckets_that_overflow_count_once_in_parts_that_are_made_anew,
                          figures_are_written_to_the_callers_size_and_no_further,
                          builds_from_what_is_no_key_are_refused,
                          options_of_other_sizes_are_read_as_far_as_they_are_known,
                          lookups_of_other_keys_than_the_builds_are_refused,
                          lookups_of_more_than_2_to_the_32_less_2_rows_are_refused,
                          a_build_that_reaches_the_slabs_limit_leaves_nothing};
  tcase_add_loop_test(tcase, an_empty_index_holds_nothing, 0, tables.n);
  tcase_add_loop_test(tcase, an_index_outlives_its_context, 0, tables.n);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  tables = tables_here();
  return suite_main("index_rules", add_tests);
}
