/* SPDX-License-Identifier: MIT
 *
 * Numbering keys, for group.c and grouping.c.
 */
#ifndef LIB_GROUP_H
#define LIB_GROUP_H

#include "lib/ctx.h"

#include <weft/group.h>

/* weft_group of keys that have passed, with one row at least. */
weft_status weft__group(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, uint32_t *group, size_t *groups,
                        uint32_t *first_row);

/* Checks keys, and that there is a place for their numbers. who names the call in messages. */
weft_status weft__group_check(weft_ctx *ctx, const char *who, const struct weft_column *keys, size_t n_keys,
                              const uint32_t *group);

#endif
