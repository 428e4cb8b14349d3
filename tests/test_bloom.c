/* SPDX-License-Identifier: MIT
 *
 * What a Bloom filter holds: the very bytes that DuckDB writes into Parquet files for the same values; the bits that loops
 * over stock XXH64 set, for columns of every layout; answers like those loops'; errors at the rate that was asked for.
 */
#include <math.h>

#include "bloom_loop.h"
#include "columns.h"
#include "keys.h"
#include "oracle.h"
#include "suite.h"
#include "tables.h"

#define CASES 1500
#define MOST_COLUMNS 3
#define MILLION 1000000

static struct tables tables;
static struct guard_pool pool, out_pool;

static weft_bloom *bloom_of(weft_ctx *ctx, size_t bytes) {
  weft_bloom *bloom;
  MUST(ctx, weft_bloom_create_bytes(ctx, bytes, &bloom));
  return bloom;
}

static bool bit_at(const uint8_t *bits, size_t i) {
  return bits[i / 8] >> i % 8 & 1;
}

/* DuckDB's filters: see golden/duckdb.sql */

#define HEADER_BYTES 16
#define DUCK_ROWS 1000
#define DUCK_MOST 4096

struct duck {
  const char *name;
  uint8_t file[DUCK_MOST];
  const uint8_t *bytes;
  size_t n_bytes;
  struct weft_column column, strangers; /* what was inserted; as many values that were not */
};

/* The header is Thrift's compact protocol, in which the filter's size is an integer of two bytes, zigzag. */
static void read_duck(const char *name, struct duck *duck) {
  char path[1000];
  snprintf(path, sizeof path, "%s/duckdb_%s.bloom", WEFT_GOLDEN, name);
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be read", path);
  size_t n = fread(duck->file, 1, DUCK_MOST, file);
  fclose(file);
  duck->name = name;
  duck->bytes = duck->file + HEADER_BYTES;
  duck->n_bytes = ((size_t)(duck->file[1] & 0x7f) | (size_t)duck->file[2] << 7) / 2;
  ck_assert_msg(n == HEADER_BYTES + duck->n_bytes, "%s: %zu bytes, and the header tells of %zu", path, n, duck->n_bytes);
}

enum { DUCKS = 6 };
static void read_ducks(struct duck ducks[DUCKS]) {
  static int64_t i64[2 * DUCK_ROWS];
  static int16_t i16[2 * DUCK_ROWS];
  static int8_t i8[2 * DUCK_ROWS];
  static uint8_t u8[2 * DUCK_ROWS], validity[DUCK_ROWS / 8];
  static double f64[2 * DUCK_ROWS];
  static char text[16 * 2 * DUCK_ROWS];
  static int32_t offsets[2 * DUCK_ROWS + 1];
  memset(validity, 0, sizeof validity);
  for (int i = 0; i < 2 * DUCK_ROWS; i++) {
    bool own = i < DUCK_ROWS;
    i64[i] = (int64_t)i * i * i;
    i16[i] = (int16_t)(i * 31 - 16000);
    i8[i] = (int8_t)(own ? i % 200 - 100 : 100 + i % 27);
    u8[i] = (uint8_t)(own ? i % 200 + 50 : i % 50);
    f64[i] = i % 2 == 0 ? i / 8.0 : -i / 8.0;
    offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "key %d", i);
    if (own)
      validity[i / 8] = (uint8_t)(validity[i / 8] | (i % 10 != 3) << i % 8);
  }
  static const char *const names[DUCKS] = {"i64", "i16", "i8", "u8", "f64", "text"};
  const void *values[] = {i64, i16, i8, u8, f64};
  static const enum weft_type types[] = {WEFT_I64, WEFT_I16, WEFT_I8, WEFT_U8, WEFT_F64};
  for (size_t d = 0; d < DUCKS; d++) {
    read_duck(names[d], &ducks[d]);
    if (d == DUCKS - 1) {
      size_t bytes = (size_t)offsets[2 * DUCK_ROWS];
      ducks[d].column = weft_column_offsets32(text, bytes, offsets, DUCK_ROWS);
      ducks[d].strangers = weft_column_offsets32(text, bytes, offsets + DUCK_ROWS, DUCK_ROWS);
    } else {
      size_t width = column_type_width(types[d]);
      ducks[d].column = weft_column_fixed(values[d], types[d], DUCK_ROWS);
      ducks[d].strangers = weft_column_fixed((const char *)values[d] + DUCK_ROWS * width, types[d], DUCK_ROWS);
    }
  }
  ducks[0].column = weft_column_with_validity(ducks[0].column, validity, 0);
}

START_TEST(the_same_values_give_the_same_bytes_as_duckdb_writes) {
  static struct duck ducks[DUCKS];
  read_ducks(ducks);
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t d = 0; d < DUCKS; d++) {
    weft_bloom *bloom = bloom_of(ctx, ducks[d].n_bytes);
    MUST(ctx, weft_bloom_insert(ctx, bloom, &ducks[d].column, 1));
    size_t bytes;
    const uint8_t *own = weft_bloom_bytes(bloom, &bytes);
    ck_assert_uint_eq(bytes, ducks[d].n_bytes);
    for (size_t i = 0; i < bytes; i++)
      ck_assert_msg(own[i] == ducks[d].bytes[i], "%s: byte %zu is %x, not %x", ducks[d].name, i, own[i], ducks[d].bytes[i]);
    weft_bloom_free(bloom);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Of 1000 strangers at most 12 are taken for members: DuckDB made the filters larger than their rate of 0.01 asks for. */
START_TEST(filters_of_duckdbs_have_its_values_and_few_others) {
  static struct duck ducks[DUCKS];
  read_ducks(ducks);
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t d = 0; d < DUCKS; d++) {
    weft_bloom *bloom;
    uint8_t own[DUCK_ROWS / 8], strangers[DUCK_ROWS / 8];
    MUST(ctx, weft_bloom_from_bytes(ctx, ducks[d].bytes, ducks[d].n_bytes, &bloom));
    MUST(ctx, weft_bloom_contains(ctx, bloom, &ducks[d].column, 1, own));
    MUST(ctx, weft_bloom_contains(ctx, bloom, &ducks[d].strangers, 1, strangers));
    size_t taken = 0, narrow = ducks[d].column.width == 1;
    for (size_t i = 0; i < DUCK_ROWS; i++) {
      bool null = d == 0 && i % 10 == 3;
      ck_assert_msg(bit_at(own, i) == !null, "%s: row %zu", ducks[d].name, i);
      taken += bit_at(strangers, i);
    }
    ck_assert_msg(taken <= (narrow ? DUCK_ROWS / 10 : 12), "%s: %zu strangers", ducks[d].name, taken);
    weft_bloom_free(bloom);
  }
  weft_ctx_free(ctx);
}
END_TEST

/* Random columns */

struct keys {
  size_t n, rows;
  struct test_column truth[MOST_COLUMNS];
  struct weft_column columns[MOST_COLUMNS];
};

static void draw_keys(struct rng *rng, size_t rows, struct keys *keys) {
  guard_reset(&pool, 0);
  keys->n = rng_percent(rng, 70) ? 1 : 1 + rng_upto(rng, MOST_COLUMNS - 1);
  keys->rows = rows;
  for (size_t c = 0; c < keys->n; c++) {
    struct column_spec spec = column_spec_draw(rng, rows);
    column_build(&pool, rng, &spec, &keys->truth[c]);
    keys->columns[c] = keys->truth[c].column;
  }
}

/* Parquet's INT32 of a smaller integer, whose bytes come the least first. */
static size_t as_int32(enum weft_type type, const uint8_t *little, uint8_t to[4]) {
  int32_t value = type == WEFT_U8    ? little[0]
                  : type == WEFT_I8  ? (int8_t)little[0]
                  : type == WEFT_U16 ? (uint16_t)(little[0] | little[1] << 8)
                                     : (int16_t)(little[0] | little[1] << 8);
  for (int i = 0; i < 4; i++)
    to[i] = (uint8_t)((uint32_t)value >> 8 * i);
  return 4;
}

/* False for a row with a null. */
static bool loop_hash(const struct keys *keys, size_t row, uint64_t *hash) {
  *hash = 0;
  for (size_t c = 0; c < keys->n; c++) {
    const struct test_column *column = &keys->truth[c];
    enum weft_type type = column->column.type;
    const void *bytes = column->bytes[row];
    size_t length = column->lengths[row];
    uint8_t number[8], wide[4];
    if (column->nulls[row])
      return false;
    if (type < WEFT_FIXED_BYTES)
      bytes = little_endian(bytes, length, number);
    if (type == WEFT_I8 || type == WEFT_U8 || type == WEFT_I16 || type == WEFT_U16) {
      length = as_int32(type, bytes, wide);
      bytes = wide;
    }
    *hash = reference_xxh64(bytes, length, *hash);
  }
  return true;
}

static void check_keys(weft_ctx *ctx, struct rng *rng, const struct keys *keys, uint32_t n_blocks) {
  static uint8_t expected[1 << 16];
  size_t bytes = (size_t)n_blocks * BLOOM_BLOCK_BYTES, n_bits = (keys->rows + 7) / 8;
  weft_bloom *bloom = bloom_of(ctx, bytes);
  memset(expected, 0, bytes);
  MUST(ctx, weft_bloom_insert(ctx, bloom, keys->columns, keys->n));
  for (size_t row = 0; row < keys->rows; row++) {
    uint64_t hash;
    if (loop_hash(keys, row, &hash))
      loop_insert(expected, n_blocks, hash);
  }
  const uint8_t *own = weft_bloom_bytes(bloom, NULL);
  for (size_t i = 0; i < bytes; i++)
    CASE_CHECK(own[i] == expected[i], i, "byte %zu of %zu is %x, not %x", i, bytes, own[i], expected[i]);
  /* A filter that has half of what was inserted, whatever that is. */
  for (size_t i = 0; i < bytes; i++)
    expected[i] &= (uint8_t)(rng_next(rng) | rng_next(rng) | rng_next(rng) | rng_next(rng));
  weft_bloom_free(bloom);
  MUST(ctx, weft_bloom_from_bytes(ctx, expected, bytes, &bloom));
  guard_reset(&out_pool, 0);
  uint8_t *bits = guard_take(&out_pool, rng_percent(rng, 50) ? GUARD_LOW : GUARD_HIGH, n_bits, 0, rng);
  MUST(ctx, weft_bloom_contains(ctx, bloom, keys->columns, keys->n, bits));
  for (size_t row = 0; row < 8 * n_bits; row++) {
    uint64_t hash;
    bool there = row < keys->rows && loop_hash(keys, row, &hash) && loop_finds(expected, n_blocks, hash);
    CASE_CHECK(bit_at(bits, row) == there, row, "not %d, of %u blocks", there, n_blocks);
  }
  weft_bloom_free(bloom);
}

START_TEST(random_columns_are_hashed_inserted_and_found_as_by_a_loop) {
  static struct keys keys;
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0, n = rng_cases(CASES); i < n; i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    size_t rows = column_rows_draw(&rng);
    draw_keys(&rng, rows, &keys);
    guard_case = (struct guard_case){.what = "weft_bloom", .isa = tables.list[_i]->isa, .rows = rows, .seed = seed};
    uint32_t n_blocks = 1 + (uint32_t)rng_upto(&rng, rng_percent(&rng, 50) ? 3 : 1000);
    check_keys(ctxs[rng_upto(&rng, KNOBS - 1)], &rng, &keys, n_blocks);
  }
  ctxs_close(ctxs);
  guard_close(&pool);
  guard_close(&out_pool);
}
END_TEST

/* Filters larger than the second cache, whose blocks are asked for ahead. */
START_TEST(hashes_are_inserted_and_found_as_by_a_loop_in_filters_of_every_size) {
  enum { ROWS = 5003, MOST = 2 << 20 };
  static uint8_t expected[MOST];
  static uint64_t hashes[ROWS];
  static uint8_t bits[(ROWS + 7) / 8];
  struct rng rng = {rng_case_seed(0)};
  weft_ctx *ctxs[KNOBS];
  ctxs_open(tables.list[_i]->isa, ctxs);
  for (size_t i = 0; i < ROWS; i++)
    hashes[i] = rng_next(&rng);
  for (size_t bytes = 32; bytes <= MOST; bytes *= 4) {
    for (size_t k = 0; k < KNOBS; k++) {
      uint32_t n_blocks = (uint32_t)(bytes / BLOOM_BLOCK_BYTES);
      weft_bloom *bloom = bloom_of(ctxs[k], bytes);
      memset(expected, 0, bytes);
      for (size_t i = 0; i < ROWS / 2; i++)
        loop_insert(expected, n_blocks, hashes[i]);
      MUST(ctxs[k], weft_bloom_insert_hashes(ctxs[k], bloom, hashes, ROWS / 2));
      ck_assert(memcmp(weft_bloom_bytes(bloom, NULL), expected, bytes) == 0);
      MUST(ctxs[k], weft_bloom_contains_hashes(ctxs[k], bloom, hashes, ROWS, bits));
      for (size_t i = 0; i < ROWS; i++)
        ck_assert_msg(bit_at(bits, i) == loop_finds(expected, n_blocks, hashes[i]), "row %zu of %zu bytes", i, bytes);
      ck_assert_uint_eq(bits[ROWS / 8] >> ROWS % 8, 0);
      weft_bloom_free(bloom);
    }
  }
  ctxs_close(ctxs);
}
END_TEST

/* Rates */

/* How many of a million numbers that were not inserted are taken for ones that were. */
static double strangers_taken(weft_ctx *ctx, const weft_bloom *bloom) {
  static uint64_t strangers[MILLION];
  static uint8_t bits[MILLION / 8];
  size_t taken = 0;
  for (size_t i = 0; i < MILLION; i++)
    strangers[i] = MILLION + i;
  struct weft_column column = weft_column_fixed(strangers, WEFT_U64, MILLION);
  MUST(ctx, weft_bloom_contains(ctx, bloom, &column, 1, bits));
  for (size_t i = 0; i < MILLION; i++)
    taken += bit_at(bits, i);
  return (double)taken / MILLION;
}

static const double rates[] = {0.5, 0.1, 0.01, 0.001};
#define RATES ((int)(sizeof rates / sizeof *rates))

/* Of 1,000,000 strangers 1000 at the least are taken, with a standard deviation of 32: 10 in 100 is three times that. */
START_TEST(a_million_keys_are_answered_within_a_tenth_of_the_promised_rate) {
  static uint64_t numbers[MILLION];
  weft_ctx *ctx = ctx_with(NULL);
  weft_bloom *bloom;
  struct weft_bloom_figures figures;
  for (size_t i = 0; i < MILLION; i++)
    numbers[i] = i;
  struct weft_column column = weft_column_fixed(numbers, WEFT_U64, MILLION);
  MUST(ctx, weft_bloom_create(ctx, MILLION, rates[_i], &bloom));
  MUST(ctx, weft_bloom_insert(ctx, bloom, &column, 1));
  double observed = strangers_taken(ctx, bloom);
  MUST(ctx, weft_bloom_info(bloom, &figures, sizeof figures));
  ck_assert_msg(fabs(observed / rates[_i] - 1) < 0.1, "%g of them, not %g", observed, rates[_i]);
  ck_assert_msg(fabs(figures.rate / rates[_i] - 1) < 0.03, "its figures say %g, not %g", figures.rate, rates[_i]);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(figures_count_bits_and_tell_the_rate_of_the_filter_as_it_is) {
  weft_ctx *ctx = ctx_with(NULL);
  uint8_t bytes[96] = {0};
  memset(bytes + 32, 0xff, 32); /* between a block without a bit and one with 8 of 32 in each word */
  for (size_t i = 64; i < 96; i++)
    bytes[i] = 0x11;
  weft_bloom *bloom;
  struct weft_bloom_figures figures;
  MUST(ctx, weft_bloom_from_bytes(ctx, bytes, sizeof bytes, &bloom));
  MUST(ctx, weft_bloom_info(bloom, &figures, sizeof figures));
  ck_assert_uint_eq(figures.bytes, 96);
  ck_assert_uint_eq(figures.set_bits, 256 + 64);
  ck_assert_msg(fabs(figures.rate - (1 + pow(0.25, 8)) / 3) < 1e-15, "%.17g", figures.rate);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_merged_filter_is_that_of_all_keys) {
  enum { ROWS = 3000, BYTES = 96 * 32 };
  static uint64_t hashes[ROWS];
  struct rng rng = {rng_case_seed(1)};
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  for (size_t i = 0; i < ROWS; i++)
    hashes[i] = rng_next(&rng);
  weft_bloom *all = bloom_of(ctx, BYTES), *some = bloom_of(ctx, BYTES), *others = bloom_of(ctx, BYTES);
  MUST(ctx, weft_bloom_insert_hashes(ctx, all, hashes, ROWS));
  MUST(ctx, weft_bloom_insert_hashes(ctx, some, hashes, ROWS / 4));
  MUST(ctx, weft_bloom_insert_hashes(ctx, others, hashes + ROWS / 4, ROWS - ROWS / 4));
  ck_assert(memcmp(weft_bloom_bytes(some, NULL), weft_bloom_bytes(all, NULL), BYTES) != 0);
  MUST(ctx, weft_bloom_merge(ctx, some, others));
  ck_assert(memcmp(weft_bloom_bytes(some, NULL), weft_bloom_bytes(all, NULL), BYTES) == 0);
  MUST(ctx, weft_bloom_merge(ctx, some, some));
  ck_assert(memcmp(weft_bloom_bytes(some, NULL), weft_bloom_bytes(all, NULL), BYTES) == 0);
  weft_bloom_free(all);
  weft_bloom_free(some);
  weft_bloom_free(others);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, the_same_values_give_the_same_bytes_as_duckdb_writes, 0, tables.n);
  tcase_add_loop_test(tcase, filters_of_duckdbs_have_its_values_and_few_others, 0, tables.n);
  tcase_add_loop_test(tcase, random_columns_are_hashed_inserted_and_found_as_by_a_loop, 0, tables.n);
  tcase_add_loop_test(tcase, hashes_are_inserted_and_found_as_by_a_loop_in_filters_of_every_size, 0, tables.n);
  tcase_add_loop_test(tcase, a_million_keys_are_answered_within_a_tenth_of_the_promised_rate, 0, RATES);
  tcase_add_test(tcase, figures_count_bits_and_tell_the_rate_of_the_filter_as_it_is);
  tcase_add_loop_test(tcase, a_merged_filter_is_that_of_all_keys, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("bloom", add_tests);
}
