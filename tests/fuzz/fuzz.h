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

#endif
