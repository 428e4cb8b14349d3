/* SPDX-License-Identifier: MIT
 *
 * Grouping: equal keys get equal numbers.
 */
#ifndef WEFT_GROUP_H
#define WEFT_GROUP_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* Numbers the distinct keys of keys[0 .. n_keys) (columns with the same number of rows, at most 2^32 - 2, trusted) in the
 * order in which they first appear: group[i] is the number of row i's key, *groups how many there are, first_row[g] the
 * first row of group g. Keys are equal as in <weft/index.h>, save that nulls are equal to nulls (SQL's rule for GROUP BY).
 * group: [rows]. first_row: room for rows numbers, as many groups as there can be; may be NULL. They overlap no input. Both
 * may be NULL when there are no rows. The context's thread only. On failure *groups is 0 and the arrays are undefined.
 * WEFT_E_INVALID: ctx, keys, group or groups is NULL, n_keys is 0 or above 64, rows differ, or a column has no layout.
 * WEFT_E_OVERFLOW: more than 2^32 - 2 rows. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory, or none under the slab's limit. */
WEFT_API WEFT_MUST_CHECK weft_status weft_group(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys,
                                                uint32_t *group, size_t *groups, uint32_t *first_row);

/* Grouping by several threads:
 *
 *     weft_grouping_open(ctx, keys, n_keys, threads, group, &grouping);
 *     on each thread, with a context of its own: weft_grouping_work(thread_ctx, grouping);
 *     weft_grouping_close(ctx, grouping, &groups, first_row);
 */
typedef struct weft_grouping weft_grouping;

/* Begins what weft_group does, to be done by so many threads; of 65,536 rows or fewer, and of more than 2^32 - 2^24,
 * one does all. keys and group hold still until weft_grouping_close, which is due. The columns' structs are copied.
 * Memory until the end: a table with 26 bytes and 4 more for each key that it has room for, which is twice as many as
 * there are already at least, and as many as are to be expected, 16 times as many at the most (while it grows both
 * tables are there); and 24 bytes for each row that is worked on at a time: for each thread 131,072, for all a power of
 * two and a million at most; where nearly every row is a key of its own two thirds of the rows, and 16 million at most.
 * Of short keys that are not columns of fixed width of at most 8 bytes together, without nulls, 8 to 32 bytes more of
 * both. On failure *out is NULL. Statuses as weft_group; WEFT_E_INVALID also where out is NULL or threads is 0. */
WEFT_API WEFT_MUST_CHECK weft_status weft_grouping_open(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys,
                                                        size_t threads, uint32_t *group, weft_grouping **out);

/* Works, together with all other threads that call this, until all is done. ctx: the thread's own, of the slab of the
 * context that began. May be left out: weft_grouping_close does what is not done. WEFT_E_INVALID: an argument is NULL, or
 * ctx is of another slab. WEFT_E_NOMEM, WEFT_E_LIMIT: this thread or another came to it. */
WEFT_API WEFT_MUST_CHECK weft_status weft_grouping_work(weft_ctx *ctx, weft_grouping *grouping);

/* Ends it, when no thread is at work, and gives *groups and first_row, as weft_group does: the numbers are the same,
 * whatever the number of threads. The grouping is freed, on failure too. first_row: room for as many numbers as there are
 * groups; may be NULL. WEFT_E_INVALID: an argument is NULL (with ctx NULL nothing is freed). Else as weft_grouping_work;
 * then *groups is 0 and the arrays are undefined. */
WEFT_API WEFT_MUST_CHECK weft_status weft_grouping_close(weft_ctx *ctx, weft_grouping *grouping, size_t *groups,
                                                         uint32_t *first_row);

WEFT_END_DECLS

#endif
