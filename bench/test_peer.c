/* SPDX-License-Identifier: MIT
 *
 * A file for bench_hash --peer, for test_hash.cmake: its hash is a row's length. LIAR: and the number of calls so far, so
 * that rows do not have the same hash in every call.
 */
#include "peer_abi.h"

#ifdef LIAR
#define NAME "liar"
#else
#define NAME "length"
#endif

static void hash(const uint8_t *data, const int32_t *offsets, size_t rows, uint64_t *out) {
  static uint64_t calls;
  (void)data;
#ifdef LIAR
  calls++;
#endif
  for (size_t i = 0; i < rows; i++)
    out[i] = calls + (uint64_t)(offsets[i + 1] - offsets[i]);
}

const struct bench_peer_outside bench_peer_outside = {BENCH_PEER_ABI, NAME, hash};
