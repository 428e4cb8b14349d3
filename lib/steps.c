/* SPDX-License-Identifier: MIT
 *
 * Steps of shared work: units are dealt out under a lock. Who finds none while others are at the last of a step waits
 * for them: at first awake, as units take a tenth of a millisecond and a core that has gone to sleep takes longer to be
 * back, several milliseconds on a virtual machine; then asleep for a moment again and again.
 */
#include "lib/steps.h"

enum { YIELDS = 4000, NAP = 50, MOST_NAP = 1600 /* microseconds */ };

/* Goes on to the next step that has units. */
static void next_step(struct steps *steps) {
  atomic_fetch_add_explicit(&steps->turn, 1, memory_order_relaxed);
  steps->next = 0;
  for (steps->units = 0; steps->step < steps->steps && steps->units == 0;) {
    steps->units = steps->plan->units(steps->owner, steps->step);
    steps->step += steps->units == 0;
  }
}

void weft__steps_open(struct steps *steps, const struct steps_plan *plan, unsigned n_steps, void *owner) {
  *steps = (struct steps){.plan = plan, .steps = n_steps, .owner = owner};
  os_lock_init(&steps->lock);
}

void weft__steps_close(struct steps *steps) {
  os_lock_end(&steps->lock);
}

/* Notes that a unit is done; the last one of a step begins the next. */
static void unit_done(struct steps *steps, weft_status status) {
  steps->at_work--;
  if (status != WEFT_OK && steps->status == WEFT_OK)
    steps->status = status;
  if (steps->status != WEFT_OK) /* those that wait leave when nobody is at work any more */
    atomic_fetch_add_explicit(&steps->turn, 1, memory_order_relaxed);
  if (steps->at_work > 0 || steps->next < steps->units || steps->status != WEFT_OK)
    return;
  steps->step++;
  next_step(steps);
}

/* Waits for the turn after this one. Relaxed will do: who is back takes the lock before reading anything else. */
static void wait_for_turn(const struct steps *steps, unsigned turn) {
  unsigned nap = NAP;
  for (int i = 0; atomic_load_explicit(&steps->turn, memory_order_relaxed) == turn; i++)
    if (i < YIELDS) {
      weft__os_yield();
    } else {
      weft__os_nap(nap);
      nap = nap < MOST_NAP ? nap * 2 : nap;
    }
}

weft_status weft__steps_work(weft_ctx *ctx, struct steps *steps) {
  os_lock_take(&steps->lock);
  if (steps->units == 0 && steps->step == 0)
    next_step(steps);
  while (steps->status == WEFT_OK ? steps->step < steps->steps : steps->at_work > 0) {
    bool taken = steps->status == WEFT_OK && steps->next < steps->units;
    unsigned step = steps->step, turn = atomic_load_explicit(&steps->turn, memory_order_relaxed);
    size_t unit = steps->next;
    steps->next += taken;
    steps->at_work += taken;
    os_lock_give(&steps->lock);
    weft_status status = WEFT_OK;
    if (taken)
      status = steps->plan->work(ctx, steps->owner, step, unit);
    else
      wait_for_turn(steps, turn);
    os_lock_take(&steps->lock);
    if (taken)
      unit_done(steps, status);
  }
  weft_status status = steps->status;
  os_lock_give(&steps->lock);
  return status;
}
