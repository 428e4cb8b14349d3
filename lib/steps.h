/* SPDX-License-Identifier: MIT
 *
 * Work that several threads share: steps one after another, each of units that any thread may do. For builder.c and
 * grouping.c; the library starts no threads, those that call take what there is.
 */
#ifndef LIB_STEPS_H
#define LIB_STEPS_H

#include "alloc/os.h"
#include "lib/ctx.h"

struct steps {
  const struct steps_plan *plan;
  unsigned steps;
  void *owner;
  struct os_lock lock; /* over what follows */
  unsigned step;
  size_t next, units;    /* of the step: the next to be taken, and how many there are */
  size_t at_work;        /* threads that have taken one */
  weft_status status;    /* that one of them came to */
  _Atomic unsigned turn; /* counts steps, and a failure: read without the lock too */
};

struct steps_plan {
  /* Units of a step, which may be 0; asked when the steps before it are done. */
  size_t (*units)(const void *owner, unsigned step);
  weft_status (*work)(weft_ctx *ctx, void *owner, unsigned step, size_t unit);
};

void weft__steps_open(struct steps *steps, const struct steps_plan *plan, unsigned n_steps, void *owner);
void weft__steps_close(struct steps *steps);

/* Works until all is done, or a unit has failed and none is being worked on; then returns that one's status. */
weft_status weft__steps_work(weft_ctx *ctx, struct steps *steps);

/* Whether work has begun. */
static inline bool steps_begun(const struct steps *steps) {
  return steps->step > 0 || steps->next > 0;
}

#endif
