/* SPDX-License-Identifier: MIT
 *
 * Threads that stay, each on a core of its own, and do jobs together. Used by slab_threads.c,
 * slab_loops.c and join_threads.c.
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include <stdbool.h>
#include <stddef.h>

struct crew;

/* How many threads can have a core each. */
size_t crew_most(void);

/* threads, at least 1 and at most crew_most(); the calling one is number 0, and stays on the core that it is on. */
struct crew *crew_open(size_t threads);
void crew_close(struct crew *crew);

/* Every thread does part(state, its number); returns when all have. */
void crew_run(struct crew *crew, void (*part)(void *state, size_t thread), void *state);

/* From within a part: waits until all threads are there. */
void crew_meet(struct crew *crew);

/* What a waiting thread does between two looks: nothing, but for giving its core away now and then. */
void crew_pause(unsigned *turns);

#endif
