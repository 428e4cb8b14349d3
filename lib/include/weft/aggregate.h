/* SPDX-License-Identifier: MIT
 *
 * Aggregates: counts, sums, least and greatest values and averages of a column's rows, group by group.
 */
#ifndef WEFT_AGGREGATE_H
#define WEFT_AGGREGATE_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* What is kept of each group's values, nulls not counting (SQL's rules). Of no values the count is 0, all else null.
 *
 * Sums of integers are exact, in 128 bits: neither the order of rows nor a passing overflow changes them. Sums of floats
 * are taken in doubles, of f32 too, each addition's rounding error being added up beside it (the algorithm Sum2 of Ogita,
 * Rump, Oishi: Accurate sum and dot product, SIAM J. Sci. Comput. 26, 2005). For n values x of a group, in whatever order
 * they are added and merged, the result is within u |sum x| + 2 n^2 u^2 sum |x|, u = 2^-53, of their true sum: the second
 * term is below the first unless the values all but cancel out. A sum that passes a double's range on the way is an
 * infinity or a NaN.
 *
 * Floats are ordered as PostgreSQL and DuckDB have them: a NaN is greater than all numbers and equal to all NaNs (so the
 * greatest value is a NaN where there is one, the least where there is nothing else), -0.0 is below 0.0. */
enum weft_aggregate_kind {
  WEFT_COUNT = 1,  /* uint64_t: values that are not null */
  WEFT_SUM = 2,    /* int64_t of i8 to i64, uint64_t of u8 to u64, double of floats */
  WEFT_MIN = 4,    /* of the column's type */
  WEFT_MAX = 8,    /* of the column's type */
  WEFT_AVG = 16,   /* double: the sum divided by the count; of integers within 2 units in the last place */
  WEFT_SUM128 = 32 /* struct weft_int128, of integers alone */
};

/* A two's complement integer of 128 bits: high * 2^64 + low. */
struct weft_int128 {
  uint64_t low;
  int64_t high;
};

typedef struct weft_aggregate weft_aggregate;

/* Opens an aggregate without groups, for values of a type: WEFT_I8 to WEFT_F64, and where only counts are wanted also
 * WEFT_FIXED_BYTES (weft_column_bytes(NULL, 0, rows) counts rows). kinds: of enum weft_aggregate_kind, what is wanted,
 * added up; a count is always kept, each of WEFT_SUM, WEFT_AVG and WEFT_SUM128 gives all three, each of WEFT_MIN and
 * WEFT_MAX both. A group takes 8 bytes with a count alone, with sums of integers 24 and with extremes too 40, with sums of
 * floats 32, with extremes alone 32, with both 64; half as many again where groups come batch by batch.
 * Used by one thread at a time; freed by weft_aggregate_free. On failure *out is NULL.
 * WEFT_E_INVALID: ctx or out is NULL, kinds is 0 or has other bits, or one that this type cannot have.
 * WEFT_E_NOMEM, WEFT_E_LIMIT: no memory, or none under the slab's limit. */
WEFT_API WEFT_MUST_CHECK weft_status weft_aggregate_open(weft_ctx *ctx, enum weft_type type, uint32_t kinds,
                                                         weft_aggregate **out);

/* Adds the rows of a column (trusted, of the aggregate's type): row i to the group group[i], below n_groups, as
 * weft_group numbers them. group may be NULL when n_groups is 1 or there are no rows. The aggregate has n_groups groups
 * from then on, or as many as it had, if those were more. ctx: of the aggregate's slab, on its own thread.
 * WEFT_E_INVALID: ctx, aggregate or column is NULL, ctx is of another slab, the column has no layout or another type,
 * group is NULL, or n_groups is 0 and there are rows; WEFT_E_OVERFLOW: more than 2^32 - 2 groups; WEFT_E_NOMEM,
 * WEFT_E_LIMIT: no memory for the groups: nothing has changed. WEFT_E_INVALID: a group is not below n_groups, or a
 * selection passes the column's rows; WEFT_E_NOMEM, WEFT_E_LIMIT: no memory to look up a selection or nulls: an unknown
 * part of the rows was added, and the aggregate can only be freed: all other calls refuse it. */
WEFT_API WEFT_MUST_CHECK weft_status weft_aggregate_add(weft_ctx *ctx, weft_aggregate *aggregate,
                                                        const struct weft_column *column, const uint32_t *group,
                                                        size_t n_groups);

/* Adds the groups of from, which stay as they are, to those of into: group g of from to the group map[g], below n_groups;
 * with map NULL to group g. from: of the same type and kinds, of any slab, another than into, used by no other thread.
 * into has n_groups groups from then on, or as many as it had, if those were more.
 * On failure nothing has changed. WEFT_E_INVALID: an argument is NULL or refused as by weft_aggregate_add, type or kinds
 * differ, from is into, or a group is not below n_groups. WEFT_E_OVERFLOW, WEFT_E_NOMEM, WEFT_E_LIMIT: as there. */
WEFT_API WEFT_MUST_CHECK weft_status weft_aggregate_merge(weft_ctx *ctx, weft_aggregate *into, weft_aggregate *from,
                                                          const uint32_t *map, size_t n_groups);

/* How many groups there are; 0 of NULL. The aggregate's thread only. */
WEFT_API size_t weft_aggregate_groups(const weft_aggregate *aggregate);

/* Reads what is wanted of every group so far; any number of times, and rows may be added afterwards. kind: one that the
 * aggregate keeps. out[groups], aligned, of the C type said at enum weft_aggregate_kind; 0 for a null. valid: bit g & 7 of
 * valid[g >> 3] is 0 where group g's is null; (groups + 7) / 8 bytes, bits past the last group are 0; NULL where nobody
 * asks. Both may be NULL when there are no groups. On failure out and valid are undefined, the aggregate is as it was.
 * WEFT_E_INVALID: ctx, aggregate or out is NULL, kind is none of those kept, or a call before has failed.
 * WEFT_E_OVERFLOW: WEFT_SUM of integers, and one passes 64 bits: the message names the group (WEFT_SUM128 gives it). */
WEFT_API WEFT_MUST_CHECK weft_status weft_aggregate_finish(weft_ctx *ctx, weft_aggregate *aggregate,
                                                           enum weft_aggregate_kind kind, void *out, uint8_t *valid);

/* Frees it; NULL is fine. Any thread. */
WEFT_API void weft_aggregate_free(weft_aggregate *aggregate);

WEFT_END_DECLS

#endif
