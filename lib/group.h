/* SPDX-License-Identifier: MIT
 *
 * Numbering keys, for group.c and grouping.c.
 */
#ifndef LIB_GROUP_H
#define LIB_GROUP_H

#include "lib/table.h"

#include <weft/group.h>

/* How keys that have passed are hashed, here and wherever their numbers are looked up. */
struct key_hash weft__group_hash(const weft_ctx *ctx, const struct weft_column *keys, size_t n_keys);

/* Numbers the first rows of keys that have passed, one at least, as weft_group does: group[rows], and *distinct, which has
 * the keys by their numbers, and is the caller's to close. On failure there is nothing to close. */
weft_status weft__group(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, const struct key_hash *how,
                        size_t rows, uint32_t *group, struct distinct *distinct);

static inline uint32_t distinct_first_row(const struct distinct *distinct, uint32_t id) {
  return distinct->first_row ? distinct->first_row[id] : id;
}

/* out may be NULL. */
static inline void distinct_write_first_rows(const struct distinct *distinct, uint32_t *out) {
  for (uint32_t id = 0; out && id < distinct->count; id++)
    out[id] = distinct_first_row(distinct, id);
}

/* Checks keys, and that there is a place for their numbers. who names the call in messages. */
weft_status weft__group_check(weft_ctx *ctx, const char *who, const struct weft_column *keys, size_t n_keys,
                              const uint32_t *group);

#endif
