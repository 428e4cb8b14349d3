/* SPDX-License-Identifier: MIT
 *
 * Bloom filters: a set of keys in about ten bits each, which answers "not there", or "there" and is wrong at a rate that
 * was chosen. The split-block Bloom filter of Apache Parquet, byte for byte (parquet-format, BloomFilter.md), so that
 * filters in Parquet files can be probed, and filters for them built.
 */
#ifndef WEFT_BLOOM_H
#define WEFT_BLOOM_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* A filter: blocks of 32 bytes, each eight words of 32 bits. A key's hash chooses a block with its first 32 bits, and with
 * its last 32 one bit in each word. Probed by any number of threads at once, when none inserts; inserted into by one thread
 * at a time. Threads that build one filter have each a filter of its own, of the same size, and merge them. It holds a
 * reference to the slab of the context that made it, not to the context. */
typedef struct weft_bloom weft_bloom;

/* The largest filter, in bytes: 2^31 - 1 blocks. (The header before a filter in a Parquet file tells its size in 31 bits,
 * so there the largest has 2^31 - 32 bytes.) */
#define WEFT_BLOOM_MOST (((uint64_t)1 << 36) - 32)

/* The bytes of the smallest filter that, with `rows` distinct keys in it, takes a key that is not there for one that is at
 * the given rate: whole blocks, with L keys to a block where
 *
 *     rate = sum over j of L^j e^-L / j! * (1 - (31/32)^j)^8
 *
 * which counts how unevenly keys fall on blocks: 10.5 bits a key for 0.01, 16.9 for 0.001, as in the specification's table.
 * (The formula of its earlier versions, -8 / ln(1 - rate^(1/8)) bits, does not: its 9.7 bits for 0.01 give 0.0146.) Some
 * readers and writers of Parquet take powers of two alone, of 32 bytes at least: the next one above is no
 * worse. Any thread. On failure *bytes is 0. WEFT_E_INVALID: bytes is NULL, or rate is not above 0 and below 1.
 * WEFT_E_OVERFLOW: more than WEFT_BLOOM_MOST, or than memory can hold. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_size(uint64_t rows, double rate, size_t *bytes);

/* Creates an empty filter of weft_bloom_size(rows, rate) bytes. Freed by weft_bloom_free. The context's thread only. On
 * failure *out is NULL. WEFT_E_INVALID: ctx or out is NULL, or rate is not above 0 and below 1. WEFT_E_OVERFLOW: as
 * weft_bloom_size. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory, or none under the slab's limit. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_create(weft_ctx *ctx, uint64_t rows, double rate, weft_bloom **out);

/* Creates an empty filter of `bytes` bytes, a multiple of 32 from 32 to WEFT_BLOOM_MOST; else WEFT_E_INVALID. The rest as
 * weft_bloom_create. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_create_bytes(weft_ctx *ctx, size_t bytes, weft_bloom **out);

/* Creates a filter from the bytes of one, which are copied: of a Parquet file those behind the BloomFilterHeader (its
 * numBytes), or what weft_bloom_bytes gave. from is of any alignment; NULL is WEFT_E_INVALID. Any bytes make a filter. The
 * rest as weft_bloom_create_bytes. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_from_bytes(weft_ctx *ctx, const void *from, size_t bytes, weft_bloom **out);

/* Frees a filter; NULL is fine. Any thread, when no other uses it. */
WEFT_API void weft_bloom_free(weft_bloom *bloom);

/* The filter's bytes, the same on every machine, and in *bytes (may be NULL) how many: what is written into a file. They
 * belong to the filter, stay where they are until it is freed, and change when it is inserted into. Any thread. bloom NULL:
 * NULL, and 0. */
WEFT_API const uint8_t *weft_bloom_bytes(const weft_bloom *bloom, size_t *bytes);

/* Inserts the rows of columns[0 .. n_columns), trusted (see weft_column_validate). A row's hash is XXH64 with seed 0 of
 * its value, as Parquet encodes it plainly: numbers as their little-endian bytes, those of 8 and 16 bits as the 32 bits
 * that Parquet stores them in, strings as their bytes without a length. So -0.0 is not 0.0, and a NaN equals one of the
 * same bits alone. Several columns are a composite key, as in weft_hash64 (Parquet has no such filters). A row with a
 * null in any column is not inserted.
 * The context's thread only, ctx any context, and no other thread in the filter. On failure nothing was inserted.
 * WEFT_E_INVALID: an argument is NULL, n_columns is 0, rows differ, or a column has no layout. WEFT_E_OVERFLOW: rows of a
 * column, times their width, are more than memory can hold. Never WEFT_E_NOMEM. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_insert(weft_ctx *ctx, weft_bloom *bloom, const struct weft_column *columns,
                                                       size_t n_columns);

/* The same by hashes[n], computed earlier, by any function whose first 32 bits and last 32 are as good as XXH64's: a
 * filter's keys are inserted and probed by the same one. hashes is aligned to 8, and may be NULL when n is 0.
 * WEFT_E_INVALID: ctx or bloom is NULL, or hashes is and n is not 0. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_insert_hashes(weft_ctx *ctx, weft_bloom *bloom, const uint64_t *hashes,
                                                              size_t n);

/* Which rows of columns[0 .. n_columns) may be in the filter: bit i & 7 of bits[i >> 3] is 0 where row i was never
 * inserted, and 1 where it was, or by the filter's rate of errors. A row with a null in any column is not there. bits has
 * (rows + 7) / 8 bytes, those past the last row being 0; it overlaps nothing, and may be NULL when there are no rows.
 * Columns are hashed as by weft_bloom_insert, whose keys have to be of the same types (8 and 16 bits count as 32). The
 * context's thread only, ctx any context. On failure bits is untouched. Statuses as weft_bloom_insert; WEFT_E_INVALID
 * also when bits is NULL and there are rows. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_contains(weft_ctx *ctx, const weft_bloom *bloom,
                                                         const struct weft_column *columns, size_t n_columns,
                                                         uint8_t *bits);

/* The same by hashes[n], as weft_bloom_insert_hashes takes them; bits has (n + 7) / 8 bytes. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_contains_hashes(weft_ctx *ctx, const weft_bloom *bloom,
                                                                const uint64_t *hashes, size_t n, uint8_t *bits);

/* Inserts into one filter all that is in another of the same size: the bytes become those of a filter with the keys of
 * both. from may be `into`. The context's thread only, and no other thread in `into`. WEFT_E_INVALID: an argument is
 * NULL, or sizes differ; nothing has changed. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_merge(weft_ctx *ctx, weft_bloom *into, const weft_bloom *from);

/* Figures of a filter. */
struct weft_bloom_figures {
  uint64_t bytes;
  uint64_t set_bits; /* of 8 * bytes */
  double rate;       /* at which keys that are not there are taken for ones that are, by the bits that are set */
};

/* Fills *out, of which size (sizeof *out) bytes are written; reads the whole filter. The rate is the mean over blocks of
 * the product of the eight words' shares of set bits: what a key with a random hash meets. Any thread, when none inserts.
 * WEFT_E_INVALID: bloom or out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_bloom_info(const weft_bloom *bloom, struct weft_bloom_figures *out, size_t size);

WEFT_END_DECLS

#endif
