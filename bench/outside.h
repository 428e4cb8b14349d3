/* SPDX-License-Identifier: MIT
 *
 * Loads the files of --peer (peer_abi.h). Used by bench_hash.c.
 */
#ifndef BENCH_OUTSIDE_H
#define BENCH_OUTSIDE_H

#include "peer_abi.h"

#define MOST_OUTSIDE 8 /* as many as a contender can be compared with */

/* Loads files, a list divided by commas, or none where it is NULL, into peers[MOST_OUTSIDE]; returns how many. Ends the
 * program, with a message, over one that cannot be loaded or is no peer, or too many. They stay loaded. */
size_t outside_load(const char *files, const struct bench_peer_outside **peers);

#endif
