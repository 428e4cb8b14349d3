/* SPDX-License-Identifier: MIT
 *
 * One line on a terminal that says how far long work has come.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Begins. Nothing is ever drawn unless wanted is true and stderr is a terminal. total_bytes: of all input; 0: unknown. */
void progress_start(bool wanted, uint64_t total_bytes);

/* Says anew how much there is. */
void progress_total(uint64_t total_bytes);

/* Draws, when a second has passed since the start and a tenth of one since the last time. */
void progress_update(uint64_t rows, uint64_t bytes);

/* Rows that have been written so far, for the next progress_update: where few that are read lead to many. */
void progress_output(uint64_t rows);

/* Seconds since the start. */
double progress_seconds(void);

/* Wipes what was drawn, so that another line can be written there. */
void progress_clear(void);

#endif
