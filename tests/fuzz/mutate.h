/* SPDX-License-Identifier: MIT
 *
 * Mutators that know the format (docs/format.md): they take an encoding or a file apart, change something, put it together
 * again, and mostly make its checksums right. What they cannot take apart they change as bytes.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include "tests/rng.h"

/* The change is made in place, in room for `most` bytes; the new size is returned. */
size_t mutate_encoding(uint8_t *data, size_t size, size_t most, struct rng *rng);
size_t mutate_file(uint8_t *data, size_t size, size_t most, struct rng *rng);

/* Changes some bytes of data[size] to others that are often the edge of something. */
void mutate_bytes(uint8_t *data, size_t size, struct rng *rng);

/* A number that is often the edge of something, or near `about`. */
uint64_t mutate_number(uint64_t about, struct rng *rng);

#endif
