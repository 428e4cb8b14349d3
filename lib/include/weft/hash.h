/* SPDX-License-Identifier: MIT
 *
 * Batch hashing: the hash of every row of a column, bit-identical to xxHash's own functions on each row's bytes
 * (xxHash fast digest algorithm, specification 0.2.0, for XXH32 and XXH64; xxhash.h of xxHash 0.8 for XXH3).
 */
#ifndef WEFT_HASH_H
#define WEFT_HASH_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

enum weft_algo {
  WEFT_XXH3_64 = 0, /* XXH3_64bits_withSeed */
  WEFT_XXH64 = 1    /* XXH64 */
};

/* Hashes the rows of columns[0 .. n_columns) into out[rows].
 *
 * A row of one column hashes as its bytes, a fixed-width value as its little-endian bytes (of -0.0 and NaN too: bytes are
 * hashed, not numbers). With several columns the rows are composite keys: a row's hash of one column is its seed for the
 * next, seed being that of the first; so stock xxHash can recompute it. A null leaves the seed as it is, so a null in a
 * column alone hashes to seed, and (NULL, 7) hashes like (7, NULL).
 *
 * columns: n_columns >= 1, all with the same number of rows, trusted (see weft_column_validate).
 * out: aligned to 8, may overlap no input; may be NULL when there are no rows.
 * The context's thread only; columns and outputs are used until the call returns. On failure out is untouched.
 * WEFT_E_INVALID: ctx, columns or out is NULL, n_columns is 0, algo is no algorithm, the columns' rows differ, or a column
 * has no layout. WEFT_E_OVERFLOW: rows of a column, times their width, are more than memory can hold. Never WEFT_E_NOMEM:
 * the scratch memory is the context's. */
WEFT_API WEFT_MUST_CHECK weft_status weft_hash64(weft_ctx *ctx, enum weft_algo algo, const struct weft_column *columns,
                                                 size_t n_columns, uint64_t seed, uint64_t *out);

/* weft_hash64 with a seed for each row: seeds[rows]. out may be seeds itself; it may not overlap it otherwise.
 * WEFT_E_INVALID also when seeds is NULL and there are rows. */
WEFT_API WEFT_MUST_CHECK weft_status weft_hash64_seeded(weft_ctx *ctx, enum weft_algo algo,
                                                        const struct weft_column *columns, size_t n_columns,
                                                        const uint64_t *seeds, uint64_t *out);

/* weft_hash64 with XXH32: 32-bit seeds and hashes; out is aligned to 4. */
WEFT_API WEFT_MUST_CHECK weft_status weft_hash32(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns,
                                                 uint32_t seed, uint32_t *out);

/* A hash of 128 bits: two rows with the same one may be taken for the same row, for telling duplicates and for naming
 * content (of honest data: XXH3 resists no one who looks for a collision). low and high are those of XXH128_hash_t. */
struct weft_fingerprint {
  uint64_t low, high;
};

/* Hashes the rows of columns[0 .. n_columns) into out[rows], as XXH3_128bits_withSeed. Columns, NULL, the thread rule,
 * statuses and what out holds after a failure are those of weft_hash64; out is aligned to 8 and may overlap no input.
 *
 * Several columns: a row has the hash of its first column; each further column, with its own hash H of the same seed, makes
 * of the hash A so far the XXH3_128bits_withSeed, seed again, of 32 bytes: A.low, A.high, H.low, H.high, little-endian. So
 * stock xxHash can recompute it. It is not weft_hash64's chain, in which a hash is the seed for the next column, because a
 * seed has 64 bits: two keys whose first columns met in those would meet for good. A null has for its hash in its column
 * {seed, 0}, which takes part like any other: (NULL, 7) and (7, NULL) differ, unlike in weft_hash64. */
WEFT_API WEFT_MUST_CHECK weft_status weft_hash128(weft_ctx *ctx, const struct weft_column *columns, size_t n_columns,
                                                  uint64_t seed, struct weft_fingerprint *out);

WEFT_END_DECLS

#endif
