/* SPDX-License-Identifier: MIT
 *
 * The lengths at which xxHash's ways of hashing begin and end: of XXH3 17, 33, 65, 97, 129, 241 and those of up to 16
 * bytes, stripes of 32 and 64 bytes; of XXH64 stripes of 32, words of 8 and 4; of XXH32 stripes of 16, words of 4. A kernel
 * that sorts rows by length goes wrong there first.
 */
#ifndef TESTS_LENGTH_EDGES_H
#define TESTS_LENGTH_EDGES_H

#include <stdint.h>

static const uint16_t length_edges[] = {0,  1,  2,  3,  4,  5,  7,  8,   9,   12,  15,  16,  17,  20,  24,  31,  32, 33,
                                        40, 48, 63, 64, 65, 96, 97, 100, 128, 129, 160, 161, 192, 240, 241, 256, 257};
#define LENGTH_EDGES (sizeof length_edges / sizeof *length_edges)

#endif
