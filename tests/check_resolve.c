/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kind `resolve`: columns of every layout in guarded memory, resolved into arrays that end at
 * guard pages; each row's bytes, the sums and masks, the padding, and that SIMD_EDGE bytes can be read of every row.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>

#include "batches.h"
#include "columns.h"

static struct guard_pool pool;

static bool bit(const uint64_t *words, size_t i) {
  return words[i / 64] >> (i & 63) & 1;
}

static void read_edge(const struct simd_rows *batch, size_t i) {
  const volatile uint8_t *p = batch->ptrs[i];
  for (size_t k = 0; k < SIMD_EDGE; k++)
    (void)p[k];
}

/* Resolves rows first … first + n of a column and compares them with its truth. */
static void check_batch(simd_resolve_fn *kernel, struct rng *rng, const struct test_column *truth, size_t first, size_t n) {
  size_t kept = pool.taken;
  struct simd_column column = kernel_view(&truth->column);
  struct simd_rows batch = batch_take(&pool, rng, n);
  kernel(&column, first, n, &batch);

  uint64_t total = 0;
  bool nulls = false;
  ck_assert_uint_eq(batch.rows, n);
  for (size_t i = 0; i < n; i++) {
    size_t row = first + i, bytes = truth->lengths[row];
    CASE_CHECK(bit(batch.valid, i) == !truth->nulls[row], row, "null is %d", truth->nulls[row]);
    CASE_CHECK(batch.bytes[i] == bytes, row, "%llu bytes, not %zu", (unsigned long long)batch.bytes[i], bytes);
    CASE_CHECK(bytes == 0 || memcmp(batch.ptrs[i], truth->bytes[row], bytes) == 0, row, "other bytes than the column's");
    read_edge(&batch, i);
    total += bytes;
    nulls |= truth->nulls[row];
  }
  for (size_t i = n; i % SIMD_BLOCK; i++) {
    CASE_CHECK(batch.bytes[i] == 0, i, "padding is no empty row");
    read_edge(&batch, i);
  }
  CASE_CHECK(batch.total_bytes == total, 0, "total %llu, not %llu", (unsigned long long)batch.total_bytes,
             (unsigned long long)total);
  CASE_CHECK(batch.has_nulls == nulls, 0, "has_nulls is %d", batch.has_nulls);
  guard_reset(&pool, kept);
}

/* Builds the column of a spec and resolves all of it. */
static void check_spec(const char *isa, simd_resolve_fn *kernel, uint64_t seed, struct rng *rng,
                       const struct column_spec *spec) {
  struct test_column truth;
  guard_reset(&pool, 0);
  column_build(&pool, rng, spec, &truth);
  guard_case = (struct guard_case){
      .what = column_layout_name(spec->layout), .isa = isa, .rows = spec->rows, .length = truth.longest, .seed = seed};
  check_batch(kernel, rng, &truth, 0, truth.rows);
}

static void finds_rows_of_every_length_at_both_borders(const char *isa, simd_resolve_fn *kernel) {
  for (size_t length = 0; length <= 1025; length = rng_count_after(length))
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++)
      for (int variant = 0; variant < 4; variant++) {
        uint64_t seed = rng_case_seed(length);
        struct rng rng = {seed};
        struct column_spec spec = {.layout = (enum weft_layout)layout,
                                   .type = WEFT_FIXED_BYTES,
                                   .rows = variant & 1 ? 5 : 1,
                                   .lengths = LENGTHS_EQUAL,
                                   .length = length,
                                   .side = variant & 2 ? GUARD_LOW : GUARD_HIGH,
                                   .scattered = true};
        check_spec(isa, kernel, seed, &rng, &spec);
      }
}

static void finds_rows_at_every_alignment(const char *isa, simd_resolve_fn *kernel) {
  for (size_t shift = 0; shift < 64; shift++)
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++)
      for (int side = GUARD_LOW; side <= GUARD_HIGH; side++)
        for (int lengths = 0; lengths < LENGTHS_KINDS; lengths++) {
          uint64_t seed = rng_case_seed(shift);
          struct rng rng = {seed};
          struct column_spec spec = {.layout = (enum weft_layout)layout,
                                     .type = WEFT_FIXED_BYTES,
                                     .rows = 70,
                                     .lengths = (enum lengths)lengths,
                                     .length = 1 + shift % 20,
                                     .side = (enum guard_side)side,
                                     .shift = shift};
          check_spec(isa, kernel, seed, &rng, &spec);
        }
}

static void finds_the_rows_of_random_columns(const char *isa, simd_resolve_fn *kernel) {
  for (size_t i = 0; i < rng_cases(2400); i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    struct column_spec spec = column_spec_draw(&rng, column_rows_draw(&rng));
    struct test_column truth;
    guard_reset(&pool, 0);
    column_build(&pool, &rng, &spec, &truth);
    guard_case = (struct guard_case){
        .what = column_layout_name(spec.layout), .isa = isa, .rows = spec.rows, .length = truth.longest, .seed = seed};
    check_batch(kernel, &rng, &truth, 0, truth.rows);
    for (size_t part = 0; part < 3; part++) {
      size_t first = rng_upto(&rng, truth.rows);
      check_batch(kernel, &rng, &truth, first, rng_upto(&rng, truth.rows - first));
    }
  }
}

/* Columns of fewer bytes than one edge, ending at a guard page: nothing past the data may be read, and little before it. */
static void stays_within_exact_data_of_few_bytes(const char *isa, simd_resolve_fn *kernel) {
  for (size_t i = 0; i < rng_cases(4000); i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    struct column_spec spec = column_spec_draw(&rng, rng_upto(&rng, 6));
    spec.lengths = LENGTHS_EQUAL;
    spec.length = rng_upto(&rng, 6);
    spec.shift = spec.lead = spec.trail = 0;
    check_spec(isa, kernel, seed, &rng, &spec);
  }
}

/* An empty row may lie anywhere: NULL, or where the last page has just ended. */
static void resolves_empty_rows_at_forbidden_addresses(const char *isa, simd_resolve_fn *kernel) {
  for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++)
    for (int side = GUARD_LOW; side <= GUARD_HIGH; side++)
      for (size_t rows = 0; rows <= 130; rows = rng_count_after(rows)) {
        uint64_t seed = rng_case_seed(rows);
        struct rng rng = {seed};
        struct column_spec spec = {.layout = (enum weft_layout)layout,
                                   .type = WEFT_FIXED_BYTES,
                                   .rows = rows,
                                   .lengths = LENGTHS_EQUAL,
                                   .side = (enum guard_side)side,
                                   .scattered = true};
        check_spec(isa, kernel, seed, &rng, &spec);
      }
}

static void takes_null_rows_for_empty_ones(const char *isa, simd_resolve_fn *kernel) {
  for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++)
    for (int which = 0; which < 4; which++)
      for (size_t i = 0; i < 200; i++) {
        uint64_t seed = rng_case_seed(i);
        struct rng rng = {seed};
        struct column_spec spec = column_spec_draw(&rng, i);
        spec.layout = (enum weft_layout)layout;
        spec.selection = which == 0 ? CHOICE_NONE : CHOICE_RANDOM;
        spec.base_nulls = which != 2;
        spec.row_nulls = which >= 2;
        spec.null_percent = i % 3 == 0 ? 100 : 40;
        check_spec(isa, kernel, seed, &rng, &spec);
      }
}

static void fills_an_empty_batch_with_no_rows(const char *isa, simd_resolve_fn *kernel) {
  for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++) {
    uint64_t seed = rng_case_seed(0);
    struct rng rng = {seed};
    struct column_spec spec = column_spec_draw(&rng, 10);
    spec.layout = (enum weft_layout)layout;
    struct test_column truth;
    guard_reset(&pool, 0);
    column_build(&pool, &rng, &spec, &truth);
    guard_case = (struct guard_case){.what = column_layout_name(spec.layout), .isa = isa, .seed = seed};
    for (size_t first = 0; first <= truth.rows; first++)
      check_batch(kernel, &rng, &truth, first, 0);
  }
}

#define DEFINE_RESOLVE(kind, name, fact)                                  \
  void check_##kind##_##fact(const char *isa, simd_##kind##_fn *kernel) { \
    fact(isa, kernel);                                                    \
    guard_close(&pool);                                                   \
  }
FACTS_resolve(DEFINE_RESOLVE, any)
