/* SPDX-License-Identifier: MIT
 *
 * What batch hashes are meant to reach, and where it stands in the summary. Used by bench_hash.c.
 */
#ifndef BENCH_HASH_TARGETS_H
#define BENCH_HASH_TARGETS_H

#include "hash_case.h"

enum peer_kind { LOOP, BASELINE }; /* the loop with the table's flags; in a baseline build */

/* Sets target and place of a comparison of a table's batch of many rows with a loop; neither, where there is none. */
void hash_target(const struct hash_case *c, const char *table, enum peer_kind peer, struct bench_against *against);

/* Rows that all have one seed that is not 0, against the loop with the table's flags. */
void hash_target_seed(const struct hash_case *c, const char *table, struct bench_against *against);

/* Calls of 1 to 7 rows against calls into the shared library, and in ns against the loop of the table's flags; calls of
 * more rows against that loop alone. */
void hash_target_calls(const struct hash_case *c, const char *table, struct bench_against *lib, struct bench_against *loop);

/* A context that counts against one that does not, in calls of so many rows (0: in large batches). */
void hash_target_statistics(size_t call, const char *table, struct bench_against *against);

/* A point of the curve over prefetch_distance, against the loop and (NULL for the point 0 itself) against distance 0. Where
 * one row follows the other all distances but 0 are the same point. */
void hash_target_prefetch(const struct hash_case *c, const char *table, uint32_t distance, struct bench_against *loop,
                          struct bench_against *unprefetched);

/* Another hash's loop. */
void hash_target_outside(const char *table, const char *name, struct bench_against *against);

#endif
