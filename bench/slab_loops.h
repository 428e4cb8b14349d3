/* SPDX-License-Identifier: MIT
 *
 * The loops that bench_slab times: one source, compiled once for each kind of allocator. What is allocated is written to
 * where its user would begin, in its first byte. A checked loop fills objects instead, and looks when it frees them whether
 * they are still whole.
 */
#ifndef BENCH_SLAB_LOOPS_H
#define BENCH_SLAB_LOOPS_H

#include "slab_peers.h"

#include <stdatomic.h>

/* A step of a loop. */
struct op {
  uint32_t slot;
  uint32_t bytes; /* at least 16 */
};

/* Objects on their way from the thread that allocates to the thread that frees, in batches. */
enum { RING_BATCH = 64, RING_SLOTS = 16 * RING_BATCH };
struct ring {
  _Alignas(64) _Atomic size_t written;
  _Alignas(64) _Atomic size_t read;
  _Alignas(64) void *slots[RING_SLOTS];
};

/* What a loop works on. */
struct job {
  const struct op *ops;
  size_t n;    /* ops */
  void **live; /* [slots] */
  size_t slots;
  struct ring *ring; /* produce and consume */
  bool checked;
  bool broken; /* set by a checked loop: an object was not whole, or lay at an address that it may not have */
  uint64_t sum;
};

typedef void loop_function(const struct hand *hand, struct job *job);

loop_function loop_pairs;   /* allocates and frees ops[i].bytes */
loop_function loop_batches; /* allocates slots of them, then frees them in the order of ops[i].slot; and again */
loop_function loop_scratch; /* the same; before they are freed, a word of each cache line is written, then read */
loop_function loop_churn;   /* frees live[slot], which may be NULL, and allocates anew */
loop_function loop_empty;   /* frees live[slots]; what it leaves are NULLs */
loop_function loop_produce; /* allocates; into the ring */
loop_function loop_consume; /* from the ring; frees */

/* sum of live[k][i] over all k, for each i: slots vectors of n words. */
void loop_lockstep(struct job *job);

/* Ends the program. */
_Noreturn void loop_no_memory(size_t bytes);

#endif
