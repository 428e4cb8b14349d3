/* SPDX-License-Identifier: MIT
 *
 * The checks of each kind of kernel, run by test_kernels.c for every kernel of SIMD_KERNEL_LIST on every table. A check
 * fails the running Check test. FACTS_<kind>(FACT, name) lists the facts that hold for a kernel of that kind, as calls
 * FACT(kind, name, fact); fact names a function check_<kind>_<fact>. A new kind of kernel needs its own list here, else
 * test_kernels.c does not compile.
 */
#ifndef TESTS_CHECKS_H
#define TESTS_CHECKS_H

#include "guard.h"
#include "oracle.h"
#include "simd/kernels.h"

#define FACTS_resolve(FACT, name)                                 \
  FACT(resolve, name, finds_rows_of_every_length_at_both_borders) \
  FACT(resolve, name, finds_rows_at_every_alignment)              \
  FACT(resolve, name, finds_the_rows_of_random_columns)           \
  FACT(resolve, name, stays_within_exact_data_of_few_bytes)       \
  FACT(resolve, name, resolves_empty_rows_at_forbidden_addresses) \
  FACT(resolve, name, takes_null_rows_for_empty_ones)             \
  FACT(resolve, name, fills_an_empty_batch_with_no_rows)

#define FACTS_hash(FACT, kind, name)                                    \
  FACT(kind, name, equals_the_reference_at_every_length)                \
  FACT(kind, name, equals_the_reference_on_rows_to_64_kib)              \
  FACT(kind, name, equals_the_reference_at_every_row_count)             \
  FACT(kind, name, equals_the_reference_on_random_batches)              \
  FACT(kind, name, equals_the_reference_with_an_outlier_in_every_place) \
  FACT(kind, name, leaves_the_seed_of_a_null_row)
#define FACTS_hash64(FACT, name) FACTS_hash(FACT, hash64, name)
#define FACTS_hash32(FACT, name) FACTS_hash(FACT, hash32, name)
#define FACTS_hash128(FACT, name) FACTS_hash(FACT, hash128, name)

#define FACTS_few(FACT, kind, name) FACT(kind, name, equals_the_reference_below_SIMD_FEW_rows_of_every_layout)
#define FACTS_few64(FACT, name) FACTS_few(FACT, few64, name)
#define FACTS_few32(FACT, name) FACTS_few(FACT, few32, name)
#define FACTS_few128(FACT, name) FACTS_few(FACT, few128, name)

#define FACTS_column(FACT, kind, name)                                        \
  FACT(kind, name, equals_the_reference_at_every_row_count_of_every_layout)   \
  FACT(kind, name, equals_the_reference_at_every_length_in_every_layout)      \
  FACT(kind, name, equals_the_reference_where_some_rows_mislead_about_others) \
  FACT(kind, name, equals_the_reference_on_every_fixed_width)                 \
  FACT(kind, name, equals_the_reference_on_parts_of_random_columns)
#define FACTS_column64(FACT, name) FACTS_column(FACT, column64, name)
#define FACTS_column32(FACT, name) FACTS_column(FACT, column32, name)
#define FACTS_column128(FACT, name) FACTS_column(FACT, column128, name)

#define FACTS_combine128(FACT, name) FACT(combine128, name, joins_two_hashes_at_every_row_count)

#define FACTS_find(FACT, name)                                      \
  FACT(find, name, finds_the_first_of_each_hash_at_every_row_count) \
  FACT(find, name, finds_at_the_end_of_chains_of_every_length)      \
  FACT(find, name, finds_in_far_tables)                             \
  FACT(find, name, finds_no_hash_in_empty_slots)

#define FACTS_insert(FACT, name)                            \
  FACT(insert, name, numbers_new_hashes_at_every_row_count) \
  FACT(insert, name, appends_to_chains_of_every_length)     \
  FACT(insert, name, numbers_in_far_tables)                 \
  FACT(insert, name, enters_hashes_that_look_like_empty_memory)

#define FACTS_scatter(FACT, name)                               \
  FACT(scatter, name, brings_parts_together_at_every_row_count) \
  FACT(scatter, name, brings_many_rows_together)

#define FACTS_scatter_rows(FACT, name)                               \
  FACT(scatter_rows, name, brings_parts_together_at_every_row_count) \
  FACT(scatter_rows, name, brings_many_rows_together)

#define FACTS_bloom_insert(FACT, name) FACT(bloom_insert, name, sets_the_bits_of_the_specification_at_every_row_count)

#define FACTS_bloom_find(FACT, name)                                 \
  FACT(bloom_find, name, finds_what_a_loop_finds_at_every_row_count) \
  FACT(bloom_find, name, misses_a_hash_that_lacks_one_bit)

#define FACTS_differ(FACT, name)                                           \
  FACT(differ, name, sees_one_changed_byte_at_every_place_of_every_length) \
  FACT(differ, name, sees_changes_at_every_alignment)                      \
  FACT(differ, name, judges_each_row_of_batches_of_every_row_count)        \
  FACT(differ, name, takes_a_null_for_equal_to_a_null_alone)               \
  FACT(differ, name, tells_a_null_from_an_empty_row)

/* Declares check_<kind>_<fact>, once per kind: a kernel of the kind by its table and its function; of hashes its name too,
 * and the reference of that name. */
#define DECLARE(kind, name, fact) void check_##kind##_##fact(const char *isa, simd_##kind##_fn *kernel);
#define REFERENCE_hash64 reference_hash
#define REFERENCE_hash32 reference_hash
#define REFERENCE_hash128 reference_hash128
#define REFERENCE_column64 reference_hash
#define REFERENCE_column32 reference_hash
#define REFERENCE_column128 reference_hash128
#define REFERENCE_few64 reference_hash
#define REFERENCE_few32 reference_hash
#define REFERENCE_few128 reference_hash128
#define DECLARE_HASH(kind, name, fact) \
  void check_##kind##_##fact(const char *isa, const char *what, simd_##kind##_fn *kernel, REFERENCE_##kind *reference);
FACTS_resolve(DECLARE, any) FACTS_find(DECLARE, any) FACTS_insert(DECLARE, any) FACTS_scatter(DECLARE, any)
    FACTS_scatter_rows(DECLARE, any) FACTS_bloom_insert(DECLARE, any) FACTS_bloom_find(DECLARE, any)
        FACTS_differ(DECLARE, any) FACTS_combine128(DECLARE, any) FACTS_hash64(DECLARE_HASH, any)
            FACTS_hash32(DECLARE_HASH, any) FACTS_hash128(DECLARE_HASH, any) FACTS_column64(DECLARE_HASH, any)
                FACTS_column32(DECLARE_HASH, any) FACTS_column128(DECLARE_HASH, any) FACTS_few64(DECLARE_HASH, any)
                    FACTS_few32(DECLARE_HASH, any) FACTS_few128(DECLARE_HASH, any)
#undef DECLARE
#undef DECLARE_HASH

/* How test_kernels.c calls a check: by kind. */
#define CALL_resolve(table, name, fact) check_resolve_##fact((table)->isa, (table)->name)
#define CALL_find(table, name, fact) check_find_##fact((table)->isa, (table)->name)
#define CALL_insert(table, name, fact) check_insert_##fact((table)->isa, (table)->name)
#define CALL_scatter(table, name, fact) check_scatter_##fact((table)->isa, (table)->name)
#define CALL_scatter_rows(table, name, fact) check_scatter_rows_##fact((table)->isa, (table)->name)
#define CALL_bloom_insert(table, name, fact) check_bloom_insert_##fact((table)->isa, (table)->name)
#define CALL_bloom_find(table, name, fact) check_bloom_find_##fact((table)->isa, (table)->name)
#define CALL_differ(table, name, fact) check_differ_##fact((table)->isa, (table)->name)
#define CALL_combine128(table, name, fact) check_combine128_##fact((table)->isa, (table)->name)
#define CALL_hash64(table, name, fact) check_hash64_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_hash32(table, name, fact) check_hash32_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_hash128(table, name, fact) check_hash128_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_column64(table, name, fact) check_column64_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_column32(table, name, fact) check_column32_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_column128(table, name, fact) check_column128_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_few64(table, name, fact) check_few64_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_few32(table, name, fact) check_few32_##fact((table)->isa, #name, (table)->name, reference_##name)
#define CALL_few128(table, name, fact) check_few128_##fact((table)->isa, #name, (table)->name, reference_##name)

#endif
