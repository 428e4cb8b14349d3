/* SPDX-License-Identifier: MIT
 *
 * Pre-filters: where few probes match, most are told so by a Bloom filter of a byte a key, before the table is looked at.
 * For index.c.
 */
#ifndef LIB_FILTER_H
#define LIB_FILTER_H

#include "lib/index.h"

/* Blocks of a filter for so many keys. */
uint32_t weft__filter_blocks(uint32_t keys);

/* What an index's filter takes; 0 while it has none. Any thread, also while one makes it. */
size_t weft__filter_bytes(const weft_index *index);

/* Looks up hashes[n] of rows of which scratch->valid tells those without nulls, as the kernel find does, to scratch->ids;
 * by way of the filter if that pays, as the prober's rows so far show. Returns how many met a hash. */
size_t weft__filter_find(weft_ctx *ctx, const weft_index *index, const uint64_t *hashes, size_t n,
                         struct key_scratch *scratch);

#endif
