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

WEFT_END_DECLS

#endif
