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

/* A number of at most 8 bytes as it lies in memory, as its little-endian bytes, which is what it hashes as; in to. */
static inline const void *little_endian(const void *number, size_t bytes, uint8_t to[8]) {
  const uint8_t *from = number;
  for (size_t i = 0; i < bytes; i++)
    to[i] = from[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : bytes - 1 - i];
  return to;
}

/* A hash of bytes[n]; 32-bit hashes take the low half of the seed and fill the low half of the result. */
typedef uint64_t reference_hash(const void *bytes, size_t n, uint64_t seed);

/* One of 128 bits. */
typedef XXH128_hash_t reference_hash128(const void *bytes, size_t n, uint64_t seed);

static inline uint64_t reference_xxh3_64(const void *bytes, size_t n, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, n, seed);
}

static inline uint64_t reference_xxh64(const void *bytes, size_t n, uint64_t seed) {
  return XXH64(bytes, n, seed);
}

static inline uint64_t reference_xxh32(const void *bytes, size_t n, uint64_t seed) {
  return XXH32(bytes, n, (XXH32_hash_t)seed);
}

static inline XXH128_hash_t reference_xxh3_128(const void *bytes, size_t n, uint64_t seed) {
  return XXH3_128bits_withSeed(bytes, n, seed);
}

/* A column's kernel, and that of a few rows, give what the kernel of batches gives. */
#define reference_xxh3_64_column reference_xxh3_64
#define reference_xxh64_column reference_xxh64
#define reference_xxh32_column reference_xxh32
#define reference_xxh3_128_column reference_xxh3_128
#define reference_xxh3_64_few reference_xxh3_64
#define reference_xxh64_few reference_xxh64
#define reference_xxh32_few reference_xxh32
#define reference_xxh3_128_few reference_xxh3_128

/* What weft_hash128 makes of the hash of the columns so far and that of one more, in xxHash's words. */
static inline XXH128_hash_t reference_combined(XXH128_hash_t so_far, XXH128_hash_t next, uint64_t seed) {
  const uint64_t words[4] = {so_far.low64, so_far.high64, next.low64, next.high64};
  uint8_t bytes[sizeof words];
  for (size_t i = 0; i < 4; i++)
    little_endian(&words[i], 8, bytes + 8 * i);
  return XXH3_128bits_withSeed(bytes, sizeof bytes, seed);
}

#endif
