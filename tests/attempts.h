/* SPDX-License-Identifier: MIT
 *
 * Every way of decoding, tried on bytes that nobody vouches for, in guarded memory: each ends with a status that is
 * documented for them, within its bounds of memory, and what it gives is a column. What is wrong is said in words
 * (coded_say.h).
 */
#ifndef TESTS_ATTEMPTS_H
#define TESTS_ATTEMPTS_H

#include "coded.h"

/* What two of the calls made of the bytes. */
struct attempts {
  weft_status describe, verify; /* verify WEFT_OK too where there are too many rows to go through */
};

/* Tries weft_describe, weft_verify, weft_zones, weft_decode_room, weft_decode_into, weft_decode, and one weft_encoding all
 * along, on src[bytes], with rows and selections drawn by rng. Memory is of the pool, and given back to it. */
const char *attempt_encoding(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const uint8_t *src, size_t bytes,
                             struct attempts *out);

/* Tries a file, file[bytes]: as each kind of source, all there is is asked for. *all: WEFT_OK, or the first failure of
 * opening, going on and weft_reader_verify. */
const char *attempt_file(weft_ctx *ctx, struct rng *rng, const uint8_t *file, size_t bytes, weft_status *all);

#endif
