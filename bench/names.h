/* SPDX-License-Identifier: MIT
 *
 * How many of the 63,666 package names in Debian 12's index (main, amd64) have each length; the mean is 17.1 bytes. Used by
 * names.c where no file of names is given. Made with
 *   apt-cache dumpavail | awk '/^Package: /{n[length($2)]++} END{for (i = 1; i <= 73; i++) print n[i] + 0}'
 */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include <stdint.h>

#define NAMES_COUNTED 63666

/* [length - 1] */
static const uint16_t names_counts[] = {
    0,    69,   489,  886,  1164, 1484, 2046, 2201, 2307, 2755, 3258, 3251, 3353, 3584, 3484, 3303, 3118, 2704, 2802,
    2425, 2518, 2117, 1855, 1638, 1509, 1292, 1106, 1010, 818,  793,  633,  624,  515,  451,  397,  309,  281,  244,
    177,  133,  136,  91,   59,   85,   46,   35,   32,   25,   14,   10,   8,    8,    4,    2,    2,    2,    1,
    0,    1,    1,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    1};

#endif
