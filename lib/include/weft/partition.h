/* SPDX-License-Identifier: MIT
 *
 * Partitions: the numbers of rows, brought together by hashes.
 */
#ifndef WEFT_PARTITION_H
#define WEFT_PARTITION_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/* Which part a row is in, by its hash. */
enum weft_parts {
  WEFT_PARTS_BITS = 0,   /* the first n bits of the hash: 2^n parts, n from 0 to 16 */
  WEFT_PARTS_MODULO = 1, /* the hash modulo n, n from 1 to 65536: ClickHouse's hash % n */
  WEFT_PARTS_PMOD = 2 /* the same of the hash as a signed number, the remainder being 0 at least: Spark's pmod(hash, n) */
};

/* The parts of other systems come from hashes by weft_hash64 with WEFT_XXH64. ClickHouse's xxHash64(key) % n, of one
 * column in the type that it has there: seed 0 and WEFT_PARTS_MODULO. (Its hashes of several columns are combined by
 * CityHash 1.0.2's Hash128to64, for which there is no public function.) Spark's pmod(xxhash64(a, b, ...), n): all columns
 * in one call, seed 42 and WEFT_PARTS_PMOD; before that the caller makes WEFT_I32 of bytes, shorts and booleans, 0.0 of
 * -0.0, and of NaNs those with the bits 0x7fc00000 and 0x7ff8000000000000; it has no unsigned types. A key that is null,
 * in all its columns, hashes to the seed, so that all such rows are in one part: of Spark's as there, in part 42 modulo n,
 * and in part 0 by seed 0, where ClickHouse's hash is null and in no part. */

/* Brings rows together that are in the same part, in the order that they have: rows_out[offsets[p] .. offsets[p + 1]) are
 * the numbers of the rows of part p, ascending; as a selection (weft_column_with_selection) they are the part's columns.
 *
 * hashes[rows]: of any 64-bit hash, such as weft_hash64's; at most 2^32 - 2 rows. rows_out[rows] and offsets[parts + 1]
 * overlap neither hashes nor each other. hashes and rows_out may be NULL when there are no rows; offsets is filled all the
 * same. Takes scratch memory of 2 bytes a row and up to 72 a part. The context's thread only. On failure the outputs are
 * undefined. WEFT_E_INVALID: ctx, hashes, rows_out or offsets is NULL, by is no way, or n outside its range.
 * WEFT_E_OVERFLOW: more than 2^32 - 2 rows. WEFT_E_NOMEM, WEFT_E_LIMIT: no scratch memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_partition(weft_ctx *ctx, const uint64_t *hashes, size_t rows, enum weft_parts by,
                                                    uint32_t n, uint32_t *rows_out, size_t *offsets);

WEFT_END_DECLS

#endif
