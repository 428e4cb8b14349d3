/* SPDX-License-Identifier: MIT
 *
 * Loads the files of --peer, shared libraries that export one struct which begins with its version (peer_abi.h,
 * codec_abi.h). Used by bench_hash.c and codec_peers.c.
 */
#ifndef BENCH_OUTSIDE_H
#define BENCH_OUTSIDE_H

#include <stddef.h>
#include <stdint.h>

#define MOST_OUTSIDE 8 /* as many as a contender can be compared with */

/* Loads files, a list divided by commas, or none where it is NULL, and puts the address of each one's symbol into
 * peers[MOST_OUTSIDE]; returns how many there are. Ends the program, with a message, over one that cannot be loaded, lacks
 * the symbol or has another version (a uint32_t) there, or too many. They stay loaded. */
size_t outside_load(const char *files, const char *symbol, uint32_t version, const void **peers);

#endif
