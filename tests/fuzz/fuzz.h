/* SPDX-License-Identifier: MIT
 *
 * What a fuzz target is to those that drive it: libFuzzer, and driver.c in every other build.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Tries one input, of any bytes. Returns 0; what is wrong is told on stderr, and ends the program by abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where a target has it: changes the input data[size], in room for `most` bytes, to another that gets past the first
 * checks. Returns its size. The same for the same seed. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* Changes bytes without knowing what they are. The driver's, for targets that have a mutator. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

#endif
