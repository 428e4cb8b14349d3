/* SPDX-License-Identifier: MIT
 *
 * Batch hashing through the public calls, on every table that this machine runs: columns of every layout and shape from
 * guarded memory, against libxxhash called row by row.
 */
#include "contexts.h"
#include "hash_calls.h"
#include "suite.h"
#include "tables.h"

#define MAX_COLUMNS 4

static struct tables tables;
static struct guard_pool pool;

/* One case: columns, and how the outputs lie. */
struct hash_case {
  const char *isa;
  uint64_t seed;
  struct rng rng;
  size_t rows, n_columns;
  enum guard_side side;
  bool in_place; /* weft_hash64_seeded: out is seeds */
  struct test_column truth[MAX_COLUMNS];
  struct weft_column columns[MAX_COLUMNS];
};

static void check_call(weft_ctx *ctx, const struct hash_call *call, struct hash_case *c) {
  size_t kept = pool.taken, word = hash_call_word(call);
  uint64_t seed = rng_percent(&c->rng, 20) ? 0 : rng_next(&c->rng);
  uint64_t *seeds = guard_take(&pool, GUARD_HIGH, c->rows * sizeof *seeds, 0, &c->rng);
  XXH128_hash_t *truth = guard_take(&pool, GUARD_HIGH, c->rows * sizeof *truth, 0, NULL);
  bool seeded = call->function == HASH64_SEEDED;
  void *out = seeded && c->in_place ? seeds : guard_take(&pool, c->side, c->rows * word, 0, &c->rng);
  bool open_ended = out != seeds && c->side == GUARD_LOW; /* no guard page right behind out: see to the bytes there */
  uint64_t after[8];
  memcpy(after, (char *)out + c->rows * word, open_ended ? sizeof after : 0);
  for (size_t row = 0; row < c->rows; row++) {
    if (rng_percent(&c->rng, 10))
      seeds[row] = 0;
    truth[row] = hash_call_expected(call, c->truth, c->n_columns, row, seeded ? seeds[row] : seed);
  }

  weft_status status = hash_call_run(ctx, call, c->columns, c->n_columns, seed, seeds, out);
  CASE_CHECK(status == WEFT_OK, 0, "%s: %s: %s", call->what, weft_status_text(status), weft_ctx_message(ctx));
  for (size_t row = 0; row < c->rows; row++) {
    XXH128_hash_t hash = hash_call_result(call, out, row);
    CASE_CHECK(hashes_agree(hash, truth[row]), row,
               "%s, %zu columns, first of %zu bytes%s: hash %llx %llx, reference %llx %llx", call->what, c->n_columns,
               c->truth[0].lengths[row], c->truth[0].nulls[row] ? " (null)" : "", (unsigned long long)hash.high64,
               (unsigned long long)hash.low64, (unsigned long long)truth[row].high64, (unsigned long long)truth[row].low64);
  }
  if (open_ended)
    CASE_CHECK(memcmp(after, (char *)out + c->rows * word, sizeof after) == 0, c->rows, "%s wrote past out[rows]",
               call->what);
  guard_reset(&pool, kept);
}

/* Starts a case of its own memory and randomness. */
static void open_case(struct hash_case *c, int table, size_t i, size_t rows) {
  *c = (struct hash_case){.isa = tables.list[table]->isa, .seed = rng_case_seed(i), .rows = rows};
  c->rng.state = c->seed;
  c->side = GUARD_HIGH;
  guard_reset(&pool, 0);
}

static void add_column(struct hash_case *c, const struct column_spec *spec) {
  column_build(&pool, &c->rng, spec, &c->truth[c->n_columns]);
  c->columns[c->n_columns] = c->truth[c->n_columns].column;
  c->n_columns++;
}

static void check_case(weft_ctx *ctx, struct hash_case *c) {
  guard_case = (struct guard_case){.what = column_layout_name(c->columns[0].layout),
                                   .isa = c->isa,
                                   .rows = c->rows,
                                   .length = c->truth[0].longest,
                                   .seed = c->seed};
  for (size_t k = 0; k < c->n_columns; k++) {
    weft_status status = weft_column_validate(ctx, &c->columns[k]);
    CASE_CHECK(status == WEFT_OK, 0, "column %zu is not valid: %s", k, weft_ctx_message(ctx));
  }
  for (size_t i = 0; i < HASH_CALLS; i++)
    check_call(ctx, &hash_calls[i], c);
}

/* Cases by the thousand, of columns columns each (0: two to four). */
static void check_random(int table, size_t cases, size_t columns) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[table]->isa, ctxs);
  for (size_t i = 0; i < cases; i++) {
    struct hash_case c;
    open_case(&c, table, i, 0);
    c.rows = column_rows_draw(&c.rng);
    c.side = rng_percent(&c.rng, 70) ? GUARD_HIGH : GUARD_LOW;
    c.in_place = rng_percent(&c.rng, 50);
    size_t n = columns ? columns : 2 + rng_upto(&c.rng, 2);
    for (size_t k = 0; k < n; k++) {
      struct column_spec spec = column_spec_draw(&c.rng, c.rows);
      add_column(&c, &spec);
    }
    check_case(ctxs[rng_upto(&c.rng, KNOBS - 1)], &c);
  }
  ctxs_close(ctxs);
  guard_close(&pool);
}

START_TEST(random_columns_hash_as_libxxhash_does_row_by_row) {
  check_random(_i, 2000, 1);
}
END_TEST

START_TEST(composite_keys_hash_as_libxxhash_chained_by_seeds) {
  check_random(_i, 900, 0);
}
END_TEST

START_TEST(rows_of_every_length_hash_right_in_every_layout) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  for (size_t length = 0; length <= 1025; length++)
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++) {
      struct hash_case c;
      open_case(&c, _i, length, 1 + length % 10);
      struct column_spec spec = {.layout = (enum weft_layout)layout,
                                 .type = WEFT_FIXED_BYTES,
                                 .rows = c.rows,
                                 .lengths = LENGTHS_EQUAL,
                                 .length = length,
                                 .side = length & 1 ? GUARD_LOW : GUARD_HIGH,
                                 .scattered = true};
      add_column(&c, &spec);
      check_case(ctx, &c);
    }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(long_rows_to_64_kib_hash_right_in_every_layout) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  static const size_t lengths[] = {4095, 4096, 4097, 10000, 65535, 65536};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++) {
      struct hash_case c;
      open_case(&c, _i, i, 3);
      struct column_spec spec = {.layout = (enum weft_layout)layout,
                                 .type = WEFT_FIXED_BYTES,
                                 .rows = c.rows,
                                 .lengths = LENGTHS_EQUAL,
                                 .length = lengths[i],
                                 .side = GUARD_HIGH,
                                 .scattered = i & 1};
      add_column(&c, &spec);
      check_case(ctx, &c);
    }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(columns_of_every_row_count_hash_right_in_every_layout) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0; i < 135; i++)
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++) {
      static const size_t edges[] = {1023, 1024, 1025, 5000};
      struct hash_case c;
      open_case(&c, _i, i, i <= 130 ? i : edges[i - 131]);
      struct column_spec spec = column_spec_draw(&c.rng, c.rows);
      spec.layout = (enum weft_layout)layout;
      add_column(&c, &spec);
      check_case(ctxs[i % KNOBS], &c);
    }
  ctxs_close(ctxs);
  guard_close(&pool);
}
END_TEST

START_TEST(calls_of_one_to_seven_rows_hash_right_in_every_layout) {
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0; i < 40 * 7; i++)
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++) {
      struct hash_case c;
      open_case(&c, _i, i, 1 + i % 7);
      struct column_spec spec = column_spec_draw(&c.rng, c.rows);
      spec.layout = (enum weft_layout)layout;
      c.in_place = rng_percent(&c.rng, 50);
      add_column(&c, &spec);
      check_case(ctxs[i % KNOBS], &c);
    }
  ctxs_close(ctxs);
  guard_close(&pool);
}
END_TEST

/* In batches of 64; in one of 65536 rows and one of the rest. */
START_TEST(rows_of_all_classes_hash_right_in_the_smallest_and_the_largest_batches) {
  static const struct {
    uint32_t batch_size;
    size_t rows;
    enum weft_layout layout;
    enum lengths lengths;
  } sizes[] = {{64, 5000, WEFT_VIEWS, LENGTHS_EDGES},
               {64, 5000, WEFT_OFFSETS64, LENGTHS_BLOCKS},
               {65536, 66000, WEFT_OFFSETS32, LENGTHS_BLOCKS}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    weft_ctx *ctx = ctx_on(tables.list[_i]->isa, sizes[i].batch_size);
    struct hash_case c;
    open_case(&c, _i, i, sizes[i].rows);
    struct column_spec spec = {
        .layout = sizes[i].layout, .rows = c.rows, .lengths = sizes[i].lengths, .length = i, .side = GUARD_HIGH};
    add_column(&c, &spec);
    check_case(ctx, &c);
    weft_ctx_free(ctx);
  }
  guard_close(&pool);
}
END_TEST

START_TEST(every_numeric_type_hashes_at_every_misalignment) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  for (int type = WEFT_I8; type <= WEFT_F64; type++)
    for (size_t shift = 0; shift < 16; shift++)
      for (size_t rows = 0; rows < 140; rows += 1 + rows / 3) {
        struct hash_case c;
        open_case(&c, _i, rows, rows);
        struct column_spec spec = {
            .layout = WEFT_FIXED, .type = (enum weft_type)type, .rows = rows, .side = GUARD_HIGH, .shift = shift};
        add_column(&c, &spec);
        check_case(ctx, &c);
      }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(bytes_of_any_width_hash_right_with_selections_and_nulls) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 128);
  for (size_t width = 0; width <= 260; width += width < 40 ? 1 : 20)
    for (int selection = 0; selection < CHOICE_KINDS; selection++)
      for (int nulls = 0; nulls < 4; nulls++) {
        struct hash_case c;
        open_case(&c, _i, width, 150);
        struct column_spec spec = {.layout = WEFT_FIXED,
                                   .type = WEFT_FIXED_BYTES,
                                   .rows = c.rows,
                                   .lengths = LENGTHS_EQUAL,
                                   .length = width,
                                   .selection = (enum choice)selection,
                                   .base_nulls = nulls & 1,
                                   .row_nulls = nulls & 2,
                                   .null_percent = 30,
                                   .base_bit = width,
                                   .row_bit = 3 * width,
                                   .side = GUARD_HIGH};
        add_column(&c, &spec);
        check_case(ctx, &c);
      }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(one_column_may_serve_as_every_part_of_a_key) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  struct hash_case c;
  open_case(&c, _i, 1, 100);
  struct column_spec spec = column_spec_draw(&c.rng, c.rows);
  add_column(&c, &spec);
  for (c.n_columns = 1; c.n_columns < MAX_COLUMNS; c.n_columns++) {
    c.truth[c.n_columns] = c.truth[0];
    c.columns[c.n_columns] = c.columns[0];
  }
  check_case(ctx, &c);
  weft_ctx_free(ctx);
}
END_TEST

/* Published values of the empty string, so that the oracle itself is not beyond doubt. */
START_TEST(an_empty_row_has_the_published_hash) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  struct weft_column column = weft_column_bytes("", 0, 1);
  uint64_t hash = 0;
  uint32_t narrow = 0;
  struct weft_fingerprint wide = {0, 0};
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 0, &hash), WEFT_OK);
  ck_assert_uint_eq(hash, UINT64_C(0x2D06800538D394C2));
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, &column, 1, 0, &hash), WEFT_OK);
  ck_assert_uint_eq(hash, UINT64_C(0xEF46DB3751D8E999));
  ck_assert_int_eq(weft_hash32(ctx, &column, 1, 0, &narrow), WEFT_OK);
  ck_assert_uint_eq(narrow, 0x02CC5D05);
  ck_assert_int_eq(weft_hash128(ctx, &column, 1, 0, &wide), WEFT_OK);
  ck_assert_uint_eq(wide.high, UINT64_C(0x99AA06D3014798D8));
  ck_assert_uint_eq(wide.low, UINT64_C(0x6001C324468D497F));
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_number_hashes_as_its_little_endian_bytes) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  int32_t value = 0x01020304;
  struct weft_column column = weft_column_fixed(&value, WEFT_I32, 1);
  uint64_t hash = 0;
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, &column, 1, 42, &hash), WEFT_OK);
  ck_assert_uint_eq(hash, XXH64("\x04\x03\x02\x01", 4, 42));
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(minus_zero_hashes_as_its_bytes_and_not_as_zero) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  double values[2] = {0.0, -0.0};
  struct weft_column column = weft_column_fixed(values, WEFT_F64, 2);
  uint64_t hashes[2] = {0};
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 0, hashes), WEFT_OK);
  ck_assert_uint_eq(hashes[0], XXH3_64bits(little_endian(&values[0], 8, (uint8_t[8]){0}), 8));
  ck_assert_uint_eq(hashes[1], XXH3_64bits(little_endian(&values[1], 8, (uint8_t[8]){0}), 8));
  ck_assert_uint_ne(hashes[0], hashes[1]);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_null_hashes_to_its_seed) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t value = 7, hash = 0;
  struct weft_fingerprint wide = {1, 1};
  uint8_t none = 0;
  struct weft_column column = weft_column_with_validity(weft_column_fixed(&value, WEFT_U64, 1), &none, 0);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 12345, &hash), WEFT_OK);
  ck_assert_uint_eq(hash, 12345);
  ck_assert_int_eq(weft_hash128(ctx, &column, 1, 12345, &wide), WEFT_OK);
  ck_assert_uint_eq(wide.low, 12345);
  ck_assert_uint_eq(wide.high, 0);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(null_and_seven_hashes_like_seven_and_null) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t value = 7, hashes[2] = {0};
  uint8_t none = 0;
  struct weft_column seven = weft_column_fixed(&value, WEFT_U64, 1);
  struct weft_column null = weft_column_with_validity(seven, &none, 0);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, (struct weft_column[]){null, seven}, 2, 1, &hashes[0]), WEFT_OK);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, (struct weft_column[]){seven, null}, 2, 1, &hashes[1]), WEFT_OK);
  ck_assert_uint_eq(hashes[0], hashes[1]);
  ck_assert_uint_eq(hashes[0], XXH64(little_endian(&value, 8, (uint8_t[8]){0}), 8, 1));
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(fingerprints_tell_null_and_seven_from_seven_and_null) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t value = 7;
  uint8_t none = 0;
  struct weft_fingerprint prints[2] = {{0, 0}, {0, 0}};
  struct weft_column seven = weft_column_fixed(&value, WEFT_U64, 1);
  struct weft_column null = weft_column_with_validity(seven, &none, 0);
  ck_assert_int_eq(weft_hash128(ctx, (struct weft_column[]){null, seven}, 2, 1, &prints[0]), WEFT_OK);
  ck_assert_int_eq(weft_hash128(ctx, (struct weft_column[]){seven, null}, 2, 1, &prints[1]), WEFT_OK);
  ck_assert_mem_ne(&prints[0], &prints[1], sizeof prints[0]);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(fingerprints_of_a_key_hash_the_fingerprints_of_its_columns) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t values[2] = {7, 8};
  struct weft_fingerprint wide = {0, 0};
  struct weft_column columns[2] = {weft_column_fixed(&values[0], WEFT_U64, 1), weft_column_fixed(&values[1], WEFT_U64, 1)};
  ck_assert_int_eq(weft_hash128(ctx, columns, 2, 5, &wide), WEFT_OK);
  XXH128_hash_t halves[2] = {XXH3_128bits_withSeed(little_endian(&values[0], 8, (uint8_t[8]){0}), 8, 5),
                             XXH3_128bits_withSeed(little_endian(&values[1], 8, (uint8_t[8]){0}), 8, 5)};
  XXH128_hash_t joined = reference_combined(halves[0], halves[1], 5);
  ck_assert_uint_eq(wide.low, joined.low64);
  ck_assert_uint_eq(wide.high, joined.high64);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_validity_of_null_bits_means_that_no_row_is_null) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t value = 7, hash = 0;
  struct weft_column column = weft_column_with_validity(weft_column_fixed(&value, WEFT_U64, 1), NULL, 9);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, &column, 1, 1, &hash), WEFT_OK);
  ck_assert_uint_eq(hash, XXH64(little_endian(&value, 8, (uint8_t[8]){0}), 8, 1));
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(columns_without_rows_need_no_memory_at_all) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  const struct weft_column columns[] = {
      weft_column_fixed(NULL, WEFT_U64, 0),
      weft_column_bytes(NULL, 9, 0),
      weft_column_offsets32(NULL, 0, NULL, 0),
      weft_column_offsets64(NULL, 0, NULL, 0),
      weft_column_ptrs(NULL, NULL, 0),
      weft_column_views(NULL, 0, NULL, NULL, 0),
      weft_column_with_selection(weft_column_fixed(NULL, WEFT_U64, 0), NULL, 0),
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    ck_assert_int_eq(weft_column_validate(ctx, &columns[i]), WEFT_OK);
    ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &columns[i], 1, 0, NULL), WEFT_OK);
    ck_assert_int_eq(weft_hash64_seeded(ctx, WEFT_XXH3_64, &columns[i], 1, NULL, NULL), WEFT_OK);
    ck_assert_int_eq(weft_hash32(ctx, &columns[i], 1, 0, NULL), WEFT_OK);
    ck_assert_int_eq(weft_hash128(ctx, &columns[i], 1, 0, NULL), WEFT_OK);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(all_rows_null_over_a_layout_without_rows_hash_to_the_seed) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64);
  uint32_t wild[200];
  uint8_t none[25] = {0};
  uint64_t out[200];
  memset(wild, 0xEE, sizeof wild);
  const struct weft_column bases[] = {
      weft_column_fixed(NULL, WEFT_U64, 0),      weft_column_offsets32(NULL, 0, NULL, 0),
      weft_column_offsets64(NULL, 0, NULL, 0),   weft_column_ptrs(NULL, NULL, 0),
      weft_column_views(NULL, 0, NULL, NULL, 0),
  };
  for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
    struct weft_column column = weft_column_with_validity(weft_column_with_selection(bases[i], wild, 200), none, 0);
    ck_assert_int_eq(weft_column_validate(ctx, &column), WEFT_OK);
    ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 99, out), WEFT_OK);
    for (size_t row = 0; row < 200; row++)
      ck_assert_msg(out[row] == 99, "isa=%s layout %zu row=%zu", tables.list[_i]->isa, i, row);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {random_columns_hash_as_libxxhash_does_row_by_row,
                          composite_keys_hash_as_libxxhash_chained_by_seeds,
                          rows_of_every_length_hash_right_in_every_layout,
                          long_rows_to_64_kib_hash_right_in_every_layout,
                          columns_of_every_row_count_hash_right_in_every_layout,
                          calls_of_one_to_seven_rows_hash_right_in_every_layout,
                          rows_of_all_classes_hash_right_in_the_smallest_and_the_largest_batches,
                          every_numeric_type_hashes_at_every_misalignment,
                          bytes_of_any_width_hash_right_with_selections_and_nulls,
                          one_column_may_serve_as_every_part_of_a_key,
                          an_empty_row_has_the_published_hash,
                          a_number_hashes_as_its_little_endian_bytes,
                          minus_zero_hashes_as_its_bytes_and_not_as_zero,
                          a_null_hashes_to_its_seed,
                          null_and_seven_hashes_like_seven_and_null,
                          fingerprints_tell_null_and_seven_from_seven_and_null,
                          fingerprints_of_a_key_hash_the_fingerprints_of_its_columns,
                          a_validity_of_null_bits_means_that_no_row_is_null,
                          columns_without_rows_need_no_memory_at_all,
                          all_rows_null_over_a_layout_without_rows_hash_to_the_seed};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_loop_test(tcase, tests[i], 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("hash", add_tests);
}
