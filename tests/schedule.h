/* SPDX-License-Identifier: MIT
 *
 * Interleavings of a few logical threads, tried one after another: all that switch away from a thread which could go on at
 * most so many times (Musuvathi and Qadeer: Iterative context bounding for systematic testing of multithreaded programs,
 * 2007).
 *
 * The code under test is compiled by the target weft_scheduled: its locks are schedule.c's, and the compiler reports every
 * access to memory, as it does for ThreadSanitizer, whose run-time library schedule.c takes the place of. Logical threads
 * are coroutines of one real thread. A switch may come before each lock and before each access to what two threads access
 * and one writes; a switch at any other place has the same effect as one at the next of these.
 */
#ifndef TESTS_SCHEDULE_H
#define TESTS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEDULE_THREADS = 3 };

struct schedule {
  const char *name;
  void (*begin)(void);                     /* puts the world into its first state; the same addresses each time */
  void (*threads[SCHEDULE_THREADS])(void); /* NULL: one thread less */
  void (*end)(void);                       /* checks what the threads have left */
  unsigned preemptions;
};

/* Runs every schedule there is. Returns how many. A deadlock fails the running Check test. */
uint64_t schedule_explore(const struct schedule *schedule);

/* How many steps the present schedule has taken. */
uint64_t schedule_now(void);

/* In a logical thread: lets others run until ready. */
void schedule_wait(bool (*ready)(void));

/* The present schedule in words, for messages; static storage. */
const char *schedule_text(void);

#endif
