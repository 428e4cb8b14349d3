/* SPDX-License-Identifier: MIT
 *
 * What race.c holds: an addition that is a race, and one under a lock.
 */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include <pthread.h>

extern unsigned race_count;
void race_add(void);
void race_add_locked(void);

#endif
