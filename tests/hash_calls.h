/* SPDX-License-Identifier: MIT
 *
 * The public calls that hash, behind one shape, and what stock xxHash says they must give: for whatever puts columns
 * through all of them.
 */
#ifndef TESTS_HASH_CALLS_H
#define TESTS_HASH_CALLS_H

#include <weft/weft.h>

#include "columns.h"
#include "oracle.h"

struct hash_call {
  const char *what;
  enum { HASH64, HASH64_SEEDED, HASH32, HASH128 } function;
  enum weft_algo algo;
  reference_hash *reference; /* NULL: that of 128 bits */
};

static const struct hash_call hash_calls[] = {
    {"weft_hash64 XXH3", HASH64, WEFT_XXH3_64, reference_xxh3_64},
    {"weft_hash64 XXH64", HASH64, WEFT_XXH64, reference_xxh64},
    {"weft_hash64_seeded XXH3", HASH64_SEEDED, WEFT_XXH3_64, reference_xxh3_64},
    {"weft_hash64_seeded XXH64", HASH64_SEEDED, WEFT_XXH64, reference_xxh64},
    {"weft_hash32", HASH32, WEFT_XXH3_64, reference_xxh32},
    {"weft_hash128", HASH128, WEFT_XXH3_64, NULL},
};
#define HASH_CALLS (sizeof hash_calls / sizeof *hash_calls)

/* Bytes of one hash. */
static inline size_t hash_call_word(const struct hash_call *call) {
  return call->function == HASH128  ? sizeof(struct weft_fingerprint)
         : call->function == HASH32 ? sizeof(uint32_t)
                                    : sizeof(uint64_t);
}

/* seed is for those that take one, seeds[rows] for the others. */
static inline weft_status hash_call_run(weft_ctx *ctx, const struct hash_call *call, const struct weft_column *columns,
                                        size_t n_columns, uint64_t seed, const uint64_t *seeds, void *out) {
  switch (call->function) {
  case HASH64: return weft_hash64(ctx, call->algo, columns, n_columns, seed, out);
  case HASH64_SEEDED: return weft_hash64_seeded(ctx, call->algo, columns, n_columns, seeds, out);
  case HASH32: return weft_hash32(ctx, columns, n_columns, (uint32_t)seed, out);
  default: return weft_hash128(ctx, columns, n_columns, seed, out);
  }
}

/* Hash `row` of what a call gave; hashes of fewer than 128 bits are in the low half. */
static inline XXH128_hash_t hash_call_result(const struct hash_call *call, const void *out, size_t row) {
  if (call->function == HASH32)
    return (XXH128_hash_t){((const uint32_t *)out)[row], 0};
  if (call->function != HASH128)
    return (XXH128_hash_t){((const uint64_t *)out)[row], 0};
  const struct weft_fingerprint *wide = (const struct weft_fingerprint *)out + row;
  return (XXH128_hash_t){wide->low, wide->high};
}

/* What that must be, for a row with this seed. */
static inline XXH128_hash_t hash_call_expected(const struct hash_call *call, const struct test_column *columns,
                                               size_t n_columns, size_t row, uint64_t seed) {
  XXH128_hash_t so_far = {call->function == HASH32 ? (uint32_t)seed : seed, 0};
  for (size_t k = 0; k < n_columns; k++) {
    bool null = columns[k].nulls[row];
    const void *bytes = columns[k].bytes[row];
    size_t length = columns[k].lengths[row];
    uint8_t number[8];
    if (columns[k].column.type < WEFT_FIXED_BYTES && !null)
      bytes = little_endian(bytes, length, number);
    if (call->reference) {
      so_far.low64 = null ? so_far.low64 : call->reference(bytes, length, so_far.low64);
      continue;
    }
    XXH128_hash_t hash = null ? (XXH128_hash_t){seed, 0} : reference_xxh3_128(bytes, length, seed);
    so_far = k == 0 ? hash : reference_combined(so_far, hash, seed);
  }
  return so_far;
}

static inline bool hashes_agree(XXH128_hash_t a, XXH128_hash_t b) {
  return a.low64 == b.low64 && a.high64 == b.high64;
}

#endif
