/* SPDX-License-Identifier: MIT
 *
 * Kernels that hash, of batches, of columns and of a few rows, of 64, 32 and 128 bits, behind one shape, and the check of a
 * call's results beside libxxhash's, for check_hash.c and check_column.c.
 */
#ifndef TESTS_HASH_KERNELS_H
#define TESTS_HASH_KERNELS_H

#include "guard.h"
#include "oracle.h"
#include "simd/kernels.h"

/* One of the nine functions, and one of the references. */
struct hash_kernel {
  const char *isa, *what;
  size_t word; /* bytes of a hash */
  simd_hash64_fn *hash64;
  simd_hash32_fn *hash32;
  simd_hash128_fn *hash128;
  simd_column64_fn *column64;
  simd_column32_fn *column32;
  simd_column128_fn *column128;
  simd_few64_fn *few64;
  simd_few32_fn *few32;
  simd_few128_fn *few128;
  reference_hash *reference;
  reference_hash128 *reference128;
};

/* Rows to hash: what they are, and how the kernel gets them. */
struct hash_rows {
  size_t rows;
  const uint8_t *const *bytes;      /* [rows] */
  const size_t *lengths;            /* [rows] of those that are not null */
  const bool *nulls;                /* [rows] */
  const struct simd_rows *batch;    /* the rows themselves; for a kernel of columns: room for them; of a few rows: NULL */
  const struct simd_column *column; /* of which they are the rows from number `first` on, which is 0 for a few rows */
  size_t first;
  enum guard_side side; /* against which out lies */
};

/* Hashes the rows with seeds of every kind that the kernel takes, and checks all that a call gives; guard_case says what
 * they are. */
void hash_kernel_check(const struct hash_kernel *kernel, struct guard_pool *pool, struct rng *rng,
                       const struct hash_rows *rows);

/* Defines check_<kind>_<fact> (see checks.h) by the function `fact` of a struct hash_kernel; `pool` is the file's own. */
#define DEFINE_HASH_CHECK(kind, name, fact)                                                                              \
  void check_##kind##_##fact(const char *isa, const char *what, simd_##kind##_fn *kernel, REFERENCE_##kind *reference) { \
    struct hash_kernel k = {.isa = isa, .what = what, .word = WORD_##kind, .kind = kernel};                              \
    k.FIELD_##kind = reference;                                                                                          \
    fact(&k);                                                                                                            \
    guard_close(&pool);                                                                                                  \
  }
#define WORD_hash64 sizeof(uint64_t)
#define WORD_hash32 sizeof(uint32_t)
#define WORD_hash128 sizeof(struct simd_hash128)
#define WORD_column64 WORD_hash64
#define WORD_column32 WORD_hash32
#define WORD_column128 WORD_hash128
#define WORD_few64 WORD_hash64
#define WORD_few32 WORD_hash32
#define WORD_few128 WORD_hash128
#define FIELD_hash64 reference
#define FIELD_hash32 reference
#define FIELD_hash128 reference128
#define FIELD_column64 reference
#define FIELD_column32 reference
#define FIELD_column128 reference128
#define FIELD_few64 reference
#define FIELD_few32 reference
#define FIELD_few128 reference128

#endif
