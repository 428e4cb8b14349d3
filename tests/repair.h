/* SPDX-License-Identifier: MIT
 *
 * Makes the checksums of damaged encodings and files right again, so that what is behind them is met. Written from
 * docs/format.md with stock xxHash, and without weft.
 */
#ifndef TESTS_REPAIR_H
#define TESTS_REPAIR_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of `bytes` bytes, little-endian. */
uint64_t little_get(const uint8_t *p, unsigned bytes);
void little_put(uint8_t *p, uint64_t value, unsigned bytes);

/* Bytes of an encoding's header, and of a stream's entry in its table. */
#define ENCODING_HEADER 32
#define ENCODING_ENTRY 24

/* The sums of the sections as the table has them, as far as they lie within bytes, and that of header and table. Nothing
 * happens where no table fits. */
void repair_encoding(uint8_t *at, size_t bytes);

/* The sums of head, chunks and footer, as far as they can be followed from the start, and those of the chunks' encodings.
 * The footer's entries become those of the chunks where they are as long. */
void repair_file(uint8_t *at, size_t bytes);

#endif
