/* SPDX-License-Identifier: MIT
 *
 * How a hash that is none of xxHash's is measured by `bench_hash --peer FILE.so,FILE.so`: such a file is a shared library
 * that exports one symbol, bench_peer_outside, of this type. It is compiled by whoever has the hash's code, for this
 * machine (-O3 -march=native), and needs nothing of weft's but this header:
 *
 *   #include "peer_abi.h"
 *   static void hash(const uint8_t *data, const int32_t *offsets, size_t rows, uint64_t *out) {
 *     for (size_t i = 0; i < rows; i++)
 *       out[i] = their_hash(data + offsets[i], offsets[i + 1] - offsets[i]);
 *   }
 *   const struct bench_peer_outside bench_peer_outside = {BENCH_PEER_ABI, "their hash", hash};
 */
#ifndef BENCH_PEER_ABI_H
#define BENCH_PEER_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_PEER_ABI 1

struct bench_peer_outside {
  uint32_t abi;     /* BENCH_PEER_ABI */
  const char *name; /* up to 30 characters */

  /* Hashes the strings data[offsets[i] .. offsets[i + 1]) for i < rows into out[i]; offsets[0] need not be 0. 64 bytes
   * behind the last string may be read. Hashes of 32 bits are widened, by zeros. A row has the same hash whatever the call
   * it is in: that is all that is checked. */
  void (*hash)(const uint8_t *data, const int32_t *offsets, size_t rows, uint64_t *out);
};

extern const struct bench_peer_outside bench_peer_outside;

#ifdef __cplusplus
}
#endif

#endif
