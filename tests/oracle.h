/* SPDX-License-Identifier: MIT
 *
 * What a hash must be: stock libxxhash (the shared library, nothing inlined) under the names that the kernels have in
 * SIMD_KERNEL_LIST. A new hash kernel gets its reference_<name> here, else the suites do not compile.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

#ifdef XXH_INLINE_ALL
#error "the oracle must be the library's own code"
#endif

/* A hash of bytes[n]; 32-bit hashes take the low half of the seed and fill the low half of the result. */
typedef uint64_t reference_hash(const void *bytes, size_t n, uint64_t seed);

static inline uint64_t reference_xxh3_64(const void *bytes, size_t n, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, n, seed);
}

static inline uint64_t reference_xxh64(const void *bytes, size_t n, uint64_t seed) {
  return XXH64(bytes, n, seed);
}

static inline uint64_t reference_xxh32(const void *bytes, size_t n, uint64_t seed) {
  return XXH32(bytes, n, (XXH32_hash_t)seed);
}

#endif
