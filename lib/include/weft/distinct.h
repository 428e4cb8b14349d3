/* SPDX-License-Identifier: MIT
 *
 * Estimates of how many distinct values there are, from sketches of a few KiB that can be merged and stored: HyperLogLog
 * (Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, the analysis of a near-optimal cardinality estimation algorithm, 2007)
 * over 64-bit hashes, with the improved raw estimator of O. Ertl: New cardinality estimation algorithms for HyperLogLog
 * sketches (arXiv:1702.01284, 2017, algorithm 6), which needs no tables and no switch between small and large counts.
 */
#ifndef WEFT_DISTINCT_H
#define WEFT_DISTINCT_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* A sketch: one byte for each of m = 2^precision registers. */
typedef struct weft_distinct weft_distinct;

/* Opens a sketch of nothing. precision: 4 to 18, or 0 for 14, which takes 16 KiB. The standard error of its estimates is
 * 1.04 / sqrt(m) of the true count, 0.81 in 100 for 14, 0.20 for 18, and less for counts below some 2 m. Used by one thread
 * at a time; freed by weft_distinct_free. On failure *out is NULL. WEFT_E_INVALID: ctx or out is NULL, or precision is none
 * of these. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory, or none under the slab's limit. */
WEFT_API WEFT_MUST_CHECK weft_status weft_distinct_open(weft_ctx *ctx, unsigned precision, weft_distinct **out);

/* Adds the rows of columns[0 .. n_columns) (as keys: see <weft/group.h>, trusted), a row of several columns being one
 * value. A row with a null is left out, as by SQL's count(distinct). Values are equal as in <weft/index.h>. They are
 * hashed by weft_hash64 with WEFT_XXH3_64 and seed 0, floats once -0.0 is 0.0 and every NaN the same (0x7fc00000,
 * 0x7ff8000000000000). ctx: any context, on its thread. On failure nothing has changed. WEFT_E_INVALID: ctx, distinct
 * or columns is NULL, n_columns is 0 or above 64, rows differ, or a column has no layout. WEFT_E_OVERFLOW: more than
 * 2^32 - 2 rows. WEFT_E_NOMEM, WEFT_E_LIMIT: no scratch memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_distinct_add(weft_ctx *ctx, weft_distinct *distinct,
                                                       const struct weft_column *columns, size_t n_columns);

/* Adds values by their hashes[rows]: good ones of 64 bits, such as weft_hash64's, of all values of a sketch by the same
 * algorithm and seed. NULL distinct or hashes, or no rows: nothing happens. */
WEFT_API void weft_distinct_add_hashes(weft_distinct *distinct, const uint64_t *hashes, size_t rows);

/* Makes into the sketch of what either had: the same, bit by bit, as if all had been added to one. from may be of any slab,
 * and of a greater precision. WEFT_E_INVALID, and nothing has changed: an argument is NULL, or from is of a lesser
 * precision than into. */
WEFT_API WEFT_MUST_CHECK weft_status weft_distinct_merge(weft_ctx *ctx, weft_distinct *into, const weft_distinct *from);

/* How many distinct values there were, about; 0 when there were none, or distinct is NULL; infinity when every register is
 * full, for which some 2^64 values are needed. O(m). */
WEFT_API double weft_distinct_estimate(const weft_distinct *distinct);

/* Writes the sketch to out[capacity], *bytes = 8 + m bytes; with out NULL only *bytes is set. The format: the letters
 * "WHLL", a byte of the version, 1, one of the precision, two that are 0, and the m registers. Register i, of the values
 * whose hashes start with the bits of i, is the most zeros, plus one, that such a hash has after those bits, 65 - precision
 * when all are, and 0 where there is no value. WEFT_E_INVALID: ctx, distinct or bytes is NULL. WEFT_E_SPACE: capacity is
 * less; nothing is written but *bytes. */
WEFT_API WEFT_MUST_CHECK weft_status weft_distinct_write(weft_ctx *ctx, const weft_distinct *distinct, void *out,
                                                         size_t capacity, size_t *bytes);

/* Opens a sketch from what weft_distinct_write wrote to src[bytes], which may be anything: a sketch that is returned is
 * one. On failure *out is NULL. WEFT_E_INVALID: an argument is NULL. WEFT_E_CORRUPT: it is no sketch, and the message
 * says why. WEFT_E_UNSUPPORTED: it is one of a later version. WEFT_E_NOMEM, WEFT_E_LIMIT: as weft_distinct_open. */
WEFT_API WEFT_MUST_CHECK weft_status weft_distinct_read(weft_ctx *ctx, const void *src, size_t bytes, weft_distinct **out);

/* Frees it; NULL is fine. Any thread. */
WEFT_API void weft_distinct_free(weft_distinct *distinct);

WEFT_END_DECLS

#endif
