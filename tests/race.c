/* SPDX-License-Identifier: MIT
 *
 * A race, for the scheduler's own test: compiled as the code under test is.
 */
#include "tests/race.h"

unsigned race_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void race_add(void) {
  race_count++;
}

void race_add_locked(void) {
  pthread_mutex_lock(&lock);
  race_count++;
  pthread_mutex_unlock(&lock);
}
