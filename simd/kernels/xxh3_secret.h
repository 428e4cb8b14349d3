/* SPDX-License-Identifier: MIT
 *
 * The constants of XXH64 and XXH3 (xxhash.h of xxHash 0.8): multipliers, and the first 192 bytes of XXH3's default secret,
 * as words. Included by the kernels.
 */
#ifndef SIMD_KERNELS_XXH3_SECRET_H
#define SIMD_KERNELS_XXH3_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "simd/order.h"

#define PRIME64_1 0x9e3779b185ebca87
#define PRIME64_2 0xc2b2ae3d27d4eb4f
#define PRIME64_3 0x165667b19e3779f9
#define PRIME64_4 0x85ebca77c2b2ae63
#define PRIME64_5 0x27d4eb2f165667c5
#define PRIME_MX1 0x165667919e3779f9
#define PRIME_MX2 0x9fb21c651e98df25

static const uint64_t xxh3_secret[24] = {
    0xbe4ba423396cfeb8, 0x1cad21f72c81017c, 0xdb979083e96dd4de, 0x1f67b3b7a4a44072, 0x78e5c0cc4ee679cb, 0x2172ffcc7dd05a82,
    0x8e2443f7744608b8, 0x4c263a81e69035e0, 0xcb00c391bb52283c, 0xa32e531b8b65d088, 0x4ef90da297486471, 0xd8acdea946ef1938,
    0x3f349ce33f76faa8, 0x1d4f0bc7c7bbdcf9, 0x3159b4cd4be0518a, 0x647378d9c97e9fc8, 0xc3ebd33483acc5ea, 0xeb6313faffa081c5,
    0x49daf0b751dd0d17, 0x9e68d429265516d3, 0xfca1477d58be162b, 0xce31d07ad1b8f88f, 0x280416958f3acb45, 0x7e404bbbcafbd7af};

/* The secret that rows above 240 bytes are hashed with, of a seed, as xxHash wants its bytes: its functions derive it for
 * each row anew. */
#define XXH3_LONG_SECRET sizeof xxh3_secret
static inline void xxh3_long_secret(uint64_t seed, uint64_t secret[24]) {
  for (size_t i = 0; i < 24; i++)
    secret[i] = from_little(i % 2 ? xxh3_secret[i] - seed : xxh3_secret[i] + seed, 64);
}

#endif
