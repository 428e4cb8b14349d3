/* SPDX-License-Identifier: MIT
 *
 * What a Bloom filter promises beside its answers: sizes, as the specification's table has them; how long it lives; what
 * counts as a key; statuses with numbers in their messages; each allocation failing once.
 */
#include <math.h>

#include "alloc/cache.h"
#include "keys.h"
#include "oracle.h"
#include "suite.h"
#include "tables.h"

#define MILLION 1000000

static struct tables tables;

static weft_bloom *bloom_of(weft_ctx *ctx, size_t bytes) {
  weft_bloom *bloom;
  MUST(ctx, weft_bloom_create_bytes(ctx, bytes, &bloom));
  return bloom;
}

static bool has_number(weft_ctx *ctx, const weft_bloom *bloom, enum weft_type type, const void *value) {
  uint8_t bits = 0xff;
  struct weft_column column = weft_column_fixed(value, type, 1);
  MUST(ctx, weft_bloom_contains(ctx, bloom, &column, 1, &bits));
  ck_assert_uint_le(bits, 1);
  return bits;
}

/* Sizes */

/* BloomFilter.md, "Sizing an SBBF". */
START_TEST(sizes_are_those_of_the_specifications_table) {
  static const struct {
    double rate, bits;
  } table[] = {{0.1, 6.0}, {0.01, 10.5}, {0.001, 16.9}, {0.0001, 26.4}, {0.00001, 41}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    size_t bytes;
    MUST(NULL, weft_bloom_size(MILLION, table[i].rate, &bytes));
    ck_assert_uint_eq(bytes % 32, 0);
    double bits = (double)bytes * 8 / MILLION;
    ck_assert_msg(fabs(bits - table[i].bits) < 0.06, "%g bits for a rate of %g, not %g", bits, table[i].rate,
                  table[i].bits);
  }
}
END_TEST

START_TEST(sizes_grow_with_rows_and_as_the_rate_falls) {
  size_t before = 0, bytes;
  for (uint64_t rows = 0; rows < 5000; rows++, before = bytes) {
    MUST(NULL, weft_bloom_size(rows, 0.01, &bytes));
    ck_assert(bytes >= before && bytes <= before + 32 && bytes >= 32);
  }
  before = SIZE_MAX;
  for (double rate = 1e-15; rate < 1; rate *= 1.5, before = bytes) {
    MUST(NULL, weft_bloom_size(100000, rate, &bytes));
    ck_assert(bytes <= before);
  }
  MUST(NULL, weft_bloom_size(100000, nextafter(1, 0), &bytes));
  ck_assert(bytes >= 32 && bytes <= before);
}
END_TEST

START_TEST(sizes_past_the_largest_filter_are_refused) {
  size_t bytes = 5;
  ck_assert_int_eq(weft_bloom_size(UINT64_MAX, 0.01, &bytes), WEFT_E_OVERFLOW);
  ck_assert_uint_eq(bytes, 0);
  ck_assert_int_eq(weft_bloom_size((uint64_t)1 << 40, 0.5, &bytes), WEFT_E_OVERFLOW);
  ck_assert_int_eq(weft_bloom_size(1000, 1e-300, &bytes), WEFT_E_OVERFLOW);
  if (sizeof bytes == sizeof(uint64_t)) {
    MUST(NULL, weft_bloom_size((uint64_t)1 << 35, 0.01, &bytes));
    ck_assert(bytes > (uint64_t)1 << 35 && bytes <= WEFT_BLOOM_MOST);
  }
}
END_TEST

START_TEST(rates_are_above_0_and_below_1) {
  static const double bad[] = {0, 1, -0.5, 2, (double)NAN, (double)INFINITY, -(double)INFINITY};
  weft_ctx *ctx = ctx_with(NULL);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    size_t bytes = 5;
    weft_bloom *bloom = (weft_bloom *)&bytes;
    ck_assert_int_eq(weft_bloom_size(10, bad[i], &bytes), WEFT_E_INVALID);
    ck_assert_uint_eq(bytes, 0);
    REFUSED(ctx, weft_bloom_create(ctx, 10, bad[i], &bloom), WEFT_E_INVALID, "weft_bloom_create: a rate of");
    ck_assert_ptr_null(bloom);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_filter_has_the_size_that_was_said) {
  weft_ctx *ctx = ctx_with(NULL);
  size_t said, bytes;
  weft_bloom *bloom;
  MUST(ctx, weft_bloom_size(12345, 0.02, &said));
  MUST(ctx, weft_bloom_create(ctx, 12345, 0.02, &bloom));
  const uint8_t *at = weft_bloom_bytes(bloom, &bytes);
  ck_assert_uint_eq(bytes, said);
  for (size_t i = 0; i < bytes; i++)
    ck_assert_uint_eq(at[i], 0);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(bytes_are_a_multiple_of_32) {
  static const size_t bad[] = {0, 1, 31, 33, 48, SIZE_MAX};
  weft_ctx *ctx = ctx_with(NULL);
  const uint8_t bytes[64] = {0};
  char number[30];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    weft_bloom *bloom = (weft_bloom *)&number;
    snprintf(number, sizeof number, "%zu bytes", bad[i]);
    REFUSED(ctx, weft_bloom_create_bytes(ctx, bad[i], &bloom), WEFT_E_INVALID, number);
    ck_assert_ptr_null(bloom);
    REFUSED(ctx, weft_bloom_from_bytes(ctx, bytes, bad[i], &bloom), WEFT_E_INVALID, number);
    ck_assert_ptr_null(bloom);
  }
  weft_bloom *bloom = bloom_of(ctx, 96);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

/* Life */

START_TEST(a_filter_outlives_its_context) {
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(tables.list[_i]->isa, 0, &slab), *other = ctx_with(NULL);
  uint64_t value = 3;
  struct weft_column column = weft_column_fixed(&value, WEFT_U64, 1);
  weft_bloom *bloom = bloom_of(ctx, 32);
  MUST(ctx, weft_bloom_insert(ctx, bloom, &column, 1));
  weft_ctx_free(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_E_BUSY);
  ck_assert(has_number(other, bloom, WEFT_U64, &value));
  weft_bloom_free(bloom);
  ck_assert_uint_eq(live_objects(slab), 0);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  weft_ctx_free(other);
}
END_TEST

START_TEST(a_filter_may_be_the_last_that_holds_a_contexts_own_slab) {
  weft_ctx *ctx = ctx_with(NULL);
  weft_bloom *bloom = bloom_of(ctx, 64);
  weft_ctx_free(ctx);
  size_t bytes;
  ck_assert(weft_bloom_bytes(bloom, &bytes)[63] == 0 && bytes == 64);
  weft_bloom_free(bloom);
  weft_bloom_free(NULL);
}
END_TEST

START_TEST(bytes_are_copied_from_any_address) {
  weft_ctx *ctx = ctx_with(NULL);
  uint8_t bytes[33], before[33];
  for (uint8_t i = 0; i < sizeof bytes; i++)
    before[i] = bytes[i] = i;
  weft_bloom *bloom;
  MUST(ctx, weft_bloom_from_bytes(ctx, bytes + 1, 32, &bloom));
  memset(bytes, 0, sizeof bytes);
  ck_assert(memcmp(weft_bloom_bytes(bloom, NULL), before + 1, 32) == 0);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

/* Keys */

START_TEST(rows_with_a_null_are_not_inserted_and_not_there) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  uint64_t values[] = {7, 7, 7, 7};
  uint8_t first = 0x06, second = 0x05, bits = 0xff; /* (NULL, 7) (7, NULL) (7, 7) (NULL, NULL) */
  struct weft_column column = weft_column_fixed(values, WEFT_U64, 4);
  struct weft_column keys[] = {weft_column_with_validity(column, &first, 0), weft_column_with_validity(column, &second, 0)};
  struct weft_column all_null = weft_column_with_validity(column, (const uint8_t[]){0}, 0);
  weft_bloom *bloom = bloom_of(ctx, 320);
  struct weft_bloom_figures figures;
  MUST(ctx, weft_bloom_insert(ctx, bloom, &all_null, 1));
  MUST(ctx, weft_bloom_info(bloom, &figures, sizeof figures));
  ck_assert(figures.set_bits == 0 && figures.rate == 0);
  MUST(ctx, weft_bloom_insert(ctx, bloom, keys, 2));
  MUST(ctx, weft_bloom_info(bloom, &figures, sizeof figures));
  ck_assert_uint_eq(figures.set_bits, 8);
  MUST(ctx, weft_bloom_contains(ctx, bloom, keys, 2, &bits));
  ck_assert_uint_eq(bits, 4);
  /* A filter that has everything has no null. */
  uint8_t full[32];
  memset(full, 0xff, sizeof full);
  weft_bloom_free(bloom);
  MUST(ctx, weft_bloom_from_bytes(ctx, full, sizeof full, &bloom));
  MUST(ctx, weft_bloom_contains(ctx, bloom, keys, 2, &bits));
  ck_assert_uint_eq(bits, 4);
  MUST(ctx, weft_bloom_contains(ctx, bloom, &all_null, 1, &bits));
  ck_assert_uint_eq(bits, 0);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(small_integers_are_those_of_32_bits) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  int8_t i8 = -3;
  int16_t i16 = -3;
  int32_t i32 = -3;
  int64_t i64 = -3;
  uint8_t u8 = 0xfd;
  uint16_t u16 = 0xfffd;
  uint32_t u32 = 0xfd;
  weft_bloom *bloom = bloom_of(ctx, 3200);
  struct weft_column column = weft_column_fixed(&i8, WEFT_I8, 1);
  MUST(ctx, weft_bloom_insert(ctx, bloom, &column, 1));
  ck_assert(has_number(ctx, bloom, WEFT_I8, &i8) && has_number(ctx, bloom, WEFT_I16, &i16));
  ck_assert(has_number(ctx, bloom, WEFT_I32, &i32) && !has_number(ctx, bloom, WEFT_I64, &i64));
  ck_assert(!has_number(ctx, bloom, WEFT_U8, &u8) && !has_number(ctx, bloom, WEFT_U16, &u16));
  column = weft_column_fixed(&u32, WEFT_U32, 1);
  MUST(ctx, weft_bloom_insert(ctx, bloom, &column, 1));
  ck_assert(has_number(ctx, bloom, WEFT_U8, &u8) && !has_number(ctx, bloom, WEFT_U16, &u16));
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(minus_zero_is_not_zero) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  double zero = 0, minus_zero = -0.0;
  struct weft_column column = weft_column_fixed(&zero, WEFT_F64, 1);
  weft_bloom *bloom = bloom_of(ctx, 3200);
  MUST(ctx, weft_bloom_insert(ctx, bloom, &column, 1));
  ck_assert(has_number(ctx, bloom, WEFT_F64, &zero) && !has_number(ctx, bloom, WEFT_F64, &minus_zero));
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(hashes_of_the_public_call_are_those_of_the_filter) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0);
  enum { ROWS = 1500 };
  static uint64_t values[ROWS], hashes[ROWS];
  for (size_t i = 0; i < ROWS; i++)
    values[i] = i * i;
  struct weft_column column = weft_column_fixed(values, WEFT_U64, ROWS);
  weft_bloom *a = bloom_of(ctx, 3200), *b = bloom_of(ctx, 3200);
  MUST(ctx, weft_hash64(ctx, WEFT_XXH64, &column, 1, 0, hashes));
  ck_assert(hashes[7] == reference_xxh64((const uint8_t[]){49, 0, 0, 0, 0, 0, 0, 0}, 8, 0));
  MUST(ctx, weft_bloom_insert(ctx, a, &column, 1));
  MUST(ctx, weft_bloom_insert_hashes(ctx, b, hashes, ROWS));
  ck_assert(memcmp(weft_bloom_bytes(a, NULL), weft_bloom_bytes(b, NULL), 3200) == 0);
  weft_bloom_free(a);
  weft_bloom_free(b);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(rows_count_in_the_statistics_once) {
  weft_ctx *ctx = ctx_with(NULL);
  static uint64_t values[3000];
  static uint8_t bits[3000 / 8];
  struct weft_column column = weft_column_fixed(values, WEFT_U64, 3000);
  weft_bloom *bloom = bloom_of(ctx, 3200);
  MUST(ctx, weft_bloom_insert(ctx, bloom, &column, 1));
  struct weft_stats stats = stats_of(ctx);
  ck_assert(stats.rows == 3000 && stats.bytes == 24000);
  MUST(ctx, weft_bloom_contains(ctx, bloom, &column, 1, bits));
  stats = stats_of(ctx);
  ck_assert(stats.rows == 6000 && stats.bytes == 48000);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

/* Failures */

START_TEST(null_is_answered_as_documented) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t value = 3, word[4];
  uint8_t bits = 0x5a;
  size_t bytes = 5;
  struct weft_bloom_figures figures;
  struct weft_column column = weft_column_fixed(&value, WEFT_U64, 1);
  weft_bloom *bloom = bloom_of(ctx, 32), *out = bloom;
  ck_assert_int_eq(weft_bloom_size(1, 0.1, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_bloom_create(NULL, 1, 0.1, &out), WEFT_E_INVALID);
  ck_assert_ptr_null(out);
  ck_assert_int_eq(weft_bloom_create_bytes(NULL, 32, &out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_bloom_from_bytes(NULL, word, 32, &out), WEFT_E_INVALID);
  REFUSED(ctx, weft_bloom_create(ctx, 1, 0.1, NULL), WEFT_E_INVALID, "weft_bloom_create: out is NULL");
  REFUSED(ctx, weft_bloom_create_bytes(ctx, 32, NULL), WEFT_E_INVALID, "weft_bloom_create_bytes: out is NULL");
  REFUSED(ctx, weft_bloom_from_bytes(ctx, word, 32, NULL), WEFT_E_INVALID, "weft_bloom_from_bytes: out is NULL");
  out = bloom;
  REFUSED(ctx, weft_bloom_from_bytes(ctx, NULL, 32, &out), WEFT_E_INVALID, "weft_bloom_from_bytes: from is NULL");
  ck_assert_ptr_null(out);
  ck_assert_ptr_null(weft_bloom_bytes(NULL, NULL));
  ck_assert_ptr_null(weft_bloom_bytes(NULL, &bytes));
  ck_assert_uint_eq(bytes, 0);
  ck_assert_int_eq(weft_bloom_info(NULL, &figures, sizeof figures), WEFT_E_INVALID);
  ck_assert_int_eq(weft_bloom_info(bloom, NULL, sizeof figures), WEFT_E_INVALID);
  ck_assert_int_eq(weft_bloom_insert(NULL, bloom, &column, 1), WEFT_E_INVALID);
  REFUSED(ctx, weft_bloom_insert(ctx, NULL, &column, 1), WEFT_E_INVALID, "weft_bloom_insert: bloom is NULL");
  REFUSED(ctx, weft_bloom_insert(ctx, bloom, NULL, 1), WEFT_E_INVALID, "weft_bloom_insert: ");
  ck_assert_int_eq(weft_bloom_contains(NULL, bloom, &column, 1, &bits), WEFT_E_INVALID);
  REFUSED(ctx, weft_bloom_contains(ctx, NULL, &column, 1, &bits), WEFT_E_INVALID, "weft_bloom_contains: bloom is NULL");
  REFUSED(ctx, weft_bloom_contains(ctx, bloom, NULL, 1, &bits), WEFT_E_INVALID, "weft_bloom_contains: ");
  REFUSED(ctx, weft_bloom_contains(ctx, bloom, &column, 1, NULL), WEFT_E_INVALID, "bits is NULL, and there are 1 rows");
  ck_assert_int_eq(weft_bloom_insert_hashes(NULL, bloom, &value, 1), WEFT_E_INVALID);
  REFUSED(ctx, weft_bloom_insert_hashes(ctx, NULL, &value, 1), WEFT_E_INVALID, "weft_bloom_insert_hashes: bloom");
  REFUSED(ctx, weft_bloom_insert_hashes(ctx, bloom, NULL, 9), WEFT_E_INVALID, "hashes is NULL, and there are 9 rows");
  ck_assert_int_eq(weft_bloom_contains_hashes(NULL, bloom, &value, 1, &bits), WEFT_E_INVALID);
  REFUSED(ctx, weft_bloom_contains_hashes(ctx, NULL, &value, 1, &bits), WEFT_E_INVALID,
          "weft_bloom_contains_hashes: bloom");
  REFUSED(ctx, weft_bloom_contains_hashes(ctx, bloom, NULL, 9, &bits), WEFT_E_INVALID, "hashes is NULL");
  REFUSED(ctx, weft_bloom_contains_hashes(ctx, bloom, &value, 1, NULL), WEFT_E_INVALID, "bits is NULL");
  ck_assert_int_eq(weft_bloom_merge(NULL, bloom, bloom), WEFT_E_INVALID);
  REFUSED(ctx, weft_bloom_merge(ctx, NULL, bloom), WEFT_E_INVALID, "weft_bloom_merge: ");
  REFUSED(ctx, weft_bloom_merge(ctx, bloom, NULL), WEFT_E_INVALID, "weft_bloom_merge: ");
  ck_assert_uint_eq(bits, 0x5a);
  MUST(ctx, weft_bloom_info(bloom, &figures, sizeof figures));
  ck_assert_uint_eq(figures.set_bits, 0);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(no_rows_need_no_arrays) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column none = weft_column_offsets64(NULL, 0, NULL, 0);
  weft_bloom *bloom = bloom_of(ctx, 32);
  MUST(ctx, weft_bloom_insert(ctx, bloom, &none, 1));
  MUST(ctx, weft_bloom_contains(ctx, bloom, &none, 1, NULL));
  MUST(ctx, weft_bloom_insert_hashes(ctx, bloom, NULL, 0));
  MUST(ctx, weft_bloom_contains_hashes(ctx, bloom, NULL, 0, NULL));
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(columns_that_contradict_each_other_are_refused_and_nothing_is_inserted) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t values[2] = {1, 2};
  uint8_t bits = 0x5a;
  struct weft_column uneven[] = {weft_column_fixed(values, WEFT_U64, 2), weft_column_fixed(values, WEFT_U64, 1)};
  struct weft_column bad = weft_column_fixed(values, WEFT_STRING, 2);
  weft_bloom *bloom = bloom_of(ctx, 32);
  struct weft_bloom_figures figures;
  REFUSED(ctx, weft_bloom_insert(ctx, bloom, uneven, 2), WEFT_E_INVALID, "weft_bloom_insert: ");
  REFUSED(ctx, weft_bloom_insert(ctx, bloom, uneven, 0), WEFT_E_INVALID, "weft_bloom_insert: ");
  REFUSED(ctx, weft_bloom_insert(ctx, bloom, &bad, 1), WEFT_E_INVALID, "weft_bloom_insert: ");
  REFUSED(ctx, weft_bloom_contains(ctx, bloom, uneven, 2, &bits), WEFT_E_INVALID, "weft_bloom_contains: ");
  REFUSED(ctx, weft_bloom_contains(ctx, bloom, &bad, 1, &bits), WEFT_E_INVALID, "weft_bloom_contains: ");
  MUST(ctx, weft_bloom_info(bloom, &figures, sizeof figures));
  ck_assert(figures.set_bits == 0 && bits == 0x5a);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(filters_of_two_sizes_are_not_merged) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t hash = 5;
  weft_bloom *a = bloom_of(ctx, 32), *b = bloom_of(ctx, 64);
  struct weft_bloom_figures figures;
  MUST(ctx, weft_bloom_insert_hashes(ctx, b, &hash, 1));
  REFUSED(ctx, weft_bloom_merge(ctx, a, b), WEFT_E_INVALID, "filters of 32 and 64 bytes");
  MUST(ctx, weft_bloom_info(a, &figures, sizeof figures));
  ck_assert_uint_eq(figures.set_bits, 0);
  weft_bloom_free(a);
  weft_bloom_free(b);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(figures_are_written_to_the_callers_size_and_no_further) {
  weft_ctx *ctx = ctx_with(NULL);
  struct {
    struct weft_bloom_figures figures;
    uint64_t more;
  } out;
  memset(&out, 0xA5, sizeof out);
  weft_bloom *bloom = bloom_of(ctx, 32);
  MUST(ctx, weft_bloom_info(bloom, &out.figures, sizeof out.figures.bytes));
  ck_assert(out.figures.bytes == 32 && out.figures.set_bits == 0xA5A5A5A5A5A5A5A5);
  MUST(ctx, weft_bloom_info(bloom, &out.figures, sizeof out));
  ck_assert(out.figures.set_bits == 0 && out.more == 0xA5A5A5A5A5A5A5A5);
  weft_bloom_free(bloom);
  weft_ctx_free(ctx);
}
END_TEST

/* No memory */

static weft_status create(weft_ctx *ctx, int which, weft_bloom **out) {
  static const uint8_t bytes[64];
  return which == 0   ? weft_bloom_create(ctx, 100000, 0.01, out)
         : which == 1 ? weft_bloom_create_bytes(ctx, 4096, out)
                      : weft_bloom_from_bytes(ctx, bytes, sizeof bytes, out);
}

START_TEST(each_request_of_a_new_filter_may_fail_once) {
  uint64_t failures = 0;
  bool reached = true;
  for (uint64_t nth = 1; reached; nth++) {
    weft_slab *slab;
    ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
    weft__slab_fail_at(slab, 0); /* before the context opens, so that it has no magazines, and every object is a request */
    struct weft_ctx_options options = ctx_defaults();
    options.slab = slab;
    weft_ctx *ctx = ctx_with(&options);
    weft_bloom *bloom = (weft_bloom *)&slab;
    uint64_t live = live_objects(slab), requests = weft__slab_requests(slab);
    weft__slab_fail_at(slab, nth);
    weft_status status = create(ctx, _i, &bloom);
    reached = weft__slab_requests(slab) - requests >= nth;
    bool ok = status == WEFT_OK; /* also where a request failed that could be done without */
    ck_assert_msg(ok || (reached && status == WEFT_E_NOMEM), "request %d: %s", (int)nth, weft_status_text(status));
    ck_assert(ok == (bloom != NULL));
    failures += !ok;
    if (!ok)
      ck_assert_ptr_nonnull(strpbrk(weft_ctx_message(ctx), "123456789"));
    weft_bloom_free(bloom);
    ck_assert_uint_eq(live_objects(slab), live);
    weft__slab_fail_at(slab, 0);
    MUST(ctx, create(ctx, _i, &bloom));
    weft_bloom_free(bloom);
    close_slab(ctx, slab);
  }
  ck_assert_uint_ge(failures, 2);
}
END_TEST

START_TEST(a_limit_on_the_slab_is_a_limit_on_filters) {
  weft_slab *slab;
  weft_ctx *ctx = ctx_on_slab(NULL, (size_t)16 << 20, &slab);
  weft_bloom *bloom = (weft_bloom *)&slab;
  uint64_t live = live_objects(slab);
  REFUSED(ctx, weft_bloom_create_bytes(ctx, (size_t)64 << 20, &bloom), WEFT_E_LIMIT, "67108864");
  ck_assert_ptr_null(bloom);
  ck_assert_uint_eq(live_objects(slab), live);
  close_slab(ctx, slab);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {sizes_are_those_of_the_specifications_table,
                          sizes_grow_with_rows_and_as_the_rate_falls,
                          sizes_past_the_largest_filter_are_refused,
                          rates_are_above_0_and_below_1,
                          a_filter_has_the_size_that_was_said,
                          bytes_are_a_multiple_of_32,
                          a_filter_may_be_the_last_that_holds_a_contexts_own_slab,
                          bytes_are_copied_from_any_address,
                          rows_count_in_the_statistics_once,
                          null_is_answered_as_documented,
                          no_rows_need_no_arrays,
                          columns_that_contradict_each_other_are_refused_and_nothing_is_inserted,
                          filters_of_two_sizes_are_not_merged,
                          figures_are_written_to_the_callers_size_and_no_further,
                          a_limit_on_the_slab_is_a_limit_on_filters};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
  tcase_add_loop_test(tcase, a_filter_outlives_its_context, 0, tables.n);
  tcase_add_loop_test(tcase, rows_with_a_null_are_not_inserted_and_not_there, 0, tables.n);
  tcase_add_loop_test(tcase, small_integers_are_those_of_32_bits, 0, tables.n);
  tcase_add_loop_test(tcase, minus_zero_is_not_zero, 0, tables.n);
  tcase_add_loop_test(tcase, hashes_of_the_public_call_are_those_of_the_filter, 0, tables.n);
  tcase_add_loop_test(tcase, each_request_of_a_new_filter_may_fail_once, 0, 3);
}

int main(void) {
  tables = tables_here();
  return suite_main("bloom_rules", add_tests);
}
