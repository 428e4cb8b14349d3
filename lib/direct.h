/* SPDX-License-Identifier: MIT
 *
 * Direct arrays: where the keys of an index are integers that lie close together, an array from key to id takes the
 * place of the hash table. For build.c and index.c.
 */
#ifndef LIB_DIRECT_H
#define LIB_DIRECT_H

#include "lib/index.h"

/* Whether the keys of index, whose how, keys and rows are set, lie so close together that an array takes less memory than a
 * table: then index->least and index->span are set. */
bool weft__direct_pays(weft_ctx *ctx, weft_index *index);

/* Builds such an index. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory. */
weft_status weft__direct_build(weft_ctx *ctx, weft_index *index);

/* weft__index_probe of such an index. */
void weft__direct_probe(weft_ctx *ctx, const weft_index *index, const struct weft_column *key, size_t first, size_t n,
                        struct key_scratch *scratch);

#endif
