/* SPDX-License-Identifier: MIT
 *
 * Joins: pairs of a build row of an index and a probe row, delivered in pieces of any size.
 *
 *     weft_join_open(ctx, index, WEFT_JOIN_LEFT, &join);
 *     for each batch of probe keys:
 *       weft_join_probe(join, keys, n_keys);
 *       while (weft_join_next(join, build, probe, capacity, &n) == WEFT_OK && n > 0)
 *         use build[0 .. n), probe[0 .. n)
 *     weft_join_close(join);
 */
#ifndef WEFT_JOIN_H
#define WEFT_JOIN_H

#include <weft/base.h>
#include <weft/index.h>

WEFT_BEGIN_DECLS

enum weft_join_kind {
  WEFT_JOIN_INNER = 0, /* every pair of rows with equal keys */
  WEFT_JOIN_LEFT = 1,  /* and each probe row without a match, with build WEFT_NO_ROW */
  WEFT_JOIN_RIGHT = 2, /* the pairs, and after weft_join_finish each build row without a match, with probe WEFT_NO_ROW */
  WEFT_JOIN_FULL = 3,  /* both */
  WEFT_JOIN_SEMI = 4,  /* each probe row that has a match, once, with the first build row */
  WEFT_JOIN_ANTI = 5,  /* each probe row that has none, with build WEFT_NO_ROW */
  WEFT_JOIN_MARK = 6   /* each probe row, once, with whether it has a match: SQL's IN, see below */
};

/* A mark join answers "is the key among the build rows' keys?" with three values. build[k] is
 *   the first build row with that key: yes;
 *   WEFT_NO_ROW: no;
 *   WEFT_UNKNOWN_ROW: there is no match, but there are build rows, and the key has a null, or a build row's has.
 * So build[k] < WEFT_UNKNOWN_ROW is what a WHERE ... IN lets pass, build[k] == WEFT_NO_ROW what a WHERE ... NOT IN does. Of
 * one key column that is SQL's answer. Of several, SQL's is "no" too where every build row differs from the key in a column
 * in which neither has a null: WEFT_UNKNOWN_ROW then says that only comparing these rows can tell. */

/* One prober of an index. Several, each on its own context and thread, may probe one index at once. */
typedef struct weft_join weft_join;

/* Opens a prober. It uses ctx until weft_join_close, on ctx's thread. All right and full joins that are open on an index at
 * one time are probers of one join: they share the record of which build rows were matched, which goes when the last of
 * them is closed. So open all before the first is closed, and keep the one that is to finish open until then. On failure
 * *out is NULL. WEFT_E_INVALID: ctx, index or out is NULL, or kind is no kind. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_join_open(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind,
                                                    weft_join **out);

/* Hands over the next batch of probe rows, whose numbers start from 0 again. The columns' structs are copied, what they
 * point to must hold still until the batch is drained. Batches may have any number of rows up to 2^32 - 2. WEFT_E_INVALID:
 * an argument is NULL, the number of key columns or a type differs from the build's, rows differ, a column has no layout,
 * or weft_join_finish was called. WEFT_E_BUSY: the batch before is not drained. WEFT_E_OVERFLOW: too many rows. */
WEFT_API WEFT_MUST_CHECK weft_status weft_join_probe(weft_join *join, const struct weft_column *keys, size_t n_keys);

/* The same for rows whose hashes are known: hashes[rows], what weft_index_hash gave for these keys with the seed of the
 * index (weft_index_info), trusted. They are read until the batch is drained. hashes may be NULL when there are no
 * rows, else that is WEFT_E_INVALID. */
WEFT_API WEFT_MUST_CHECK weft_status weft_join_probe_hashed(weft_join *join, const struct weft_column *keys, size_t n_keys,
                                                            const uint64_t *hashes);

/* Delivers up to capacity more pairs: build[k], probe[k] for k < *n. Probe rows come in their order, a probe row's build
 * rows in theirs. *n is less than capacity only when the batch is drained, and 0 when it was before. build or probe may be
 * NULL where the caller needs only the other (or only the count); they do not overlap. WEFT_E_INVALID: join or n is NULL,
 * or capacity is 0. */
WEFT_API WEFT_MUST_CHECK weft_status weft_join_next(weft_join *join, uint32_t *build, uint32_t *probe, size_t capacity,
                                                    size_t *n);

/* Ends probing. For right and full joins weft_join_next then delivers each build row that no prober matched, with probe
 * WEFT_NO_ROW, in the order of build rows. Called once in all, on one prober, after every prober's batches are drained
 * (their threads having been joined, or the like); for other kinds it does nothing more than forbid further batches.
 * WEFT_E_INVALID: join is NULL. WEFT_E_BUSY: this prober's batch is not drained, or another prober has finished already.
 * WEFT_E_NOMEM, WEFT_E_LIMIT: no memory for the list of those rows; nothing has changed, the call may be repeated. */
WEFT_API WEFT_MUST_CHECK weft_status weft_join_finish(weft_join *join);

/* Closes a prober; NULL is fine. The context's thread only. */
WEFT_API void weft_join_close(weft_join *join);

WEFT_END_DECLS

#endif
