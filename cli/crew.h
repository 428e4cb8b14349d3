/* SPDX-License-Identifier: MIT
 *
 * Threads for work that the library deals out itself: each calls the same function with a context of its own.
 */
#ifndef CLI_CREW_H
#define CLI_CREW_H

#include <weft/weft.h>

/* Least rows that are worth several threads: some ten milliseconds' work. */
#define CREW_LEAST_ROWS ((size_t)1 << 18)

typedef weft_status crew_work_fn(weft_ctx *ctx, void *what);

/* Calls work on so many threads, of which this is one, the others with clones of ctx; returns when all are done, with what
 * work returned here. Of threads that cannot be had the others do the work. stats: those of the clones are added. */
weft_status crew_run(weft_ctx *ctx, size_t threads, crew_work_fn *work, void *what, struct weft_stats *stats);

#endif
