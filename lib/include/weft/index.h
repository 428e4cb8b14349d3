/* SPDX-License-Identifier: MIT
 *
 * Indexes over key columns, and what is asked of them row by row. Joins are in <weft/join.h>.
 *
 * Keys are one or several columns; a row's key is its value in each. Two keys are equal when every column's values are:
 * strings and bytes by length and bytes, numbers by value, -0.0 being 0.0 and all NaNs equal. A key with a null in any
 * column equals nothing (SQL's rule for joins): its row is in no answer, but counts as unmatched in right and full joins.
 */
#ifndef WEFT_INDEX_H
#define WEFT_INDEX_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* A table over the keys of some rows, the build side. Immutable once built, and read by any number of threads at once.
 * After fork a child may go on with it as with the slab it is in, and open and close joins on it if no other thread was
 * doing so, or finishing one, at the fork. */
typedef struct weft_index weft_index;

struct weft_index_options {
  size_t size;    /* sizeof this struct where the caller was compiled; set by weft_index_options_init */
  bool copy_keys; /* copy the keys' memory, rather than borrow it until the index is freed; false */
  bool has_seed;  /* hash with `seed`, rather than with one drawn from the system's randomness; false */
  uint64_t seed;  /* whoever knows it can make keys that all meet in one place: set none where keys come from strangers */
};

/* Fills options with the defaults given above. size is sizeof *options. NULL options: nothing happens. */
WEFT_API void weft_index_options_init(struct weft_index_options *options, size_t size);

/* Builds an index of keys[0 .. n_keys), all with the same number of rows, at most 2^32 - 2, trusted (see
 * weft_column_validate). options may be NULL for the defaults. The columns' structs are copied; the memory that they point
 * to is borrowed until weft_index_free, unless options->copy_keys (or the keys are such that their hashes say it all:
 * columns of numbers or of fixed bytes, of at most 8 bytes together; strings are borrowed whatever their length). Freed by
 * weft_index_free. The context's thread only. On failure *out is NULL: WEFT_E_INVALID: ctx, keys or out is NULL, n_keys is
 * 0 or above 64, rows differ, a column has no layout, or options->size is none this library knows. WEFT_E_OVERFLOW: more
 * than 2^32 - 2 rows. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory, or none under the slab's limit. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_build(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys,
                                                      const struct weft_index_options *options, weft_index **out);

/* ---- Building from several batches of rows, and by several threads ---- */

/* An index in the making:
 *
 *     weft_index_builder_open(ctx, &options, &builder);
 *     for each batch of rows: weft_index_append(ctx, builder, keys, n_keys, NULL);
 *     on any number of threads, each with a context of its own: weft_index_work(thread_ctx, builder);
 *     weft_index_seal(ctx, builder, &index);
 */
typedef struct weft_index_builder weft_index_builder;

/* Begins an index without rows. options may be NULL for the defaults. The builder is of ctx's slab; it is ended by
 * weft_index_seal or weft_index_builder_free. On failure *out is NULL. WEFT_E_INVALID: ctx or out is NULL, or options->size
 * is none this library knows. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_builder_open(weft_ctx *ctx, const struct weft_index_options *options,
                                                             weft_index_builder **out);

/* Adds the rows of keys[0 .. n_keys) behind those that are there: row numbers go on. The first batch says how many key
 * columns there are and of which types. Without options->copy_keys a first batch is borrowed, as by weft_index_build; with
 * it, and when a second batch comes, keys are copied, and no memory of the caller's is needed any longer. hashes: NULL, or
 * what weft_index_hash gave for these rows with the builder's seed; trusted, and copied; either all batches come with them
 * or none. One thread at a time, and none at work. WEFT_E_INVALID, and nothing has changed: an argument is
 * NULL, columns or types differ from the first batch's, rows differ, a column has no layout, work has begun, hashes are
 * there for some batches only. WEFT_E_OVERFLOW, likewise: more than 2^32 - 2 rows together. WEFT_E_NOMEM, WEFT_E_LIMIT: no
 * memory; the builder can only be freed. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_append(weft_ctx *ctx, weft_index_builder *builder,
                                                       const struct weft_column *keys, size_t n_keys,
                                                       const uint64_t *hashes);

/* Works on the index, together with all other threads that call this: takes slices of the rows, then parts of the table,
 * until all is done, and returns when it is. A thread that comes late finds less to do. Which index comes of it, and in
 * which order each key has its rows, does not depend on how many there are. ctx: the thread's own, of the builder's slab.
 * May be left out: weft_index_seal does what is not done. WEFT_E_INVALID: an argument is NULL, or ctx is of another slab.
 * WEFT_E_NOMEM, WEFT_E_LIMIT, WEFT_E_OVERFLOW: this thread or another came to it; the builder can only be freed. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_work(weft_ctx *ctx, weft_index_builder *builder);

/* Ends the builder, which is freed, and gives the index. No thread is at work. On failure *out is NULL, and the builder is
 * freed too. WEFT_E_INVALID: ctx, builder or out is NULL (with ctx or out NULL nothing is freed), or nothing was appended.
 * WEFT_E_NOMEM, WEFT_E_LIMIT, WEFT_E_OVERFLOW: as weft_index_work. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_seal(weft_ctx *ctx, weft_index_builder *builder, weft_index **out);

/* Frees a builder and what it holds; NULL is fine. Any thread, when none is at work. */
WEFT_API void weft_index_builder_free(weft_index_builder *builder);

/* The hashes that an index with this seed has of keys[0 .. n_keys): what weft_index_append and weft_join_probe_hashed
 * take. hashes[rows]; a row with a null gets some hash, which is not used. The context's thread only. Statuses as
 * weft_index_lookup. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_hash(weft_ctx *ctx, uint64_t seed, const struct weft_column *keys,
                                                     size_t n_keys, uint64_t *hashes);

/* Frees an index; NULL is fine. Any thread, when no other uses the index.
 * WEFT_E_BUSY: a join is open on it; nothing has changed. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_free(weft_index *index);

/* Figures of an index. */
struct weft_index_figures {
  uint64_t rows;        /* build rows, those with nulls too */
  uint64_t keys;        /* distinct keys without nulls */
  uint64_t null_rows;   /* rows with a null in their key */
  uint64_t bytes;       /* memory of the table, of row lists, packed and copied keys, and of the filter that probes of which
                           few match may make */
  uint64_t seed;        /* of its hash */
  uint64_t overflowing; /* buckets beyond the first of their place: a measure of crowding */
};

/* Fills *out, of which size (sizeof *out) bytes are written. Any thread, beside probes too. WEFT_E_INVALID: index or
 * out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_info(const weft_index *index, struct weft_index_figures *out, size_t size);

/* Looks up each row of keys[0 .. n_keys): first_row[i] is the first build row whose key equals that of row i, or
 * WEFT_NO_ROW. keys must have the build keys' types (and widths, of fixed bytes); layouts may differ. first_row[rows]
 * may be NULL when there are no rows, and overlaps nothing. The context's thread only, ctx any context. On failure
 * first_row is undefined. WEFT_E_INVALID: an argument is NULL, the number of key columns or a type differs from the
 * build's, rows differ, a column has no layout. WEFT_E_OVERFLOW: more than 2^32 - 2 rows. WEFT_E_NOMEM, WEFT_E_LIMIT: no
 * scratch memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_lookup(weft_ctx *ctx, const weft_index *index,
                                                       const struct weft_column *keys, size_t n_keys, uint32_t *first_row);

/* The same, answered by a bitmap: bit i & 7 of bits[i >> 3] is 1 where row i has an equal. bits has (rows + 7) / 8 bytes;
 * bits past the last row are 0. */
WEFT_API WEFT_MUST_CHECK weft_status weft_index_contains(weft_ctx *ctx, const weft_index *index,
                                                         const struct weft_column *keys, size_t n_keys, uint8_t *bits);

WEFT_END_DECLS

#endif
