/* SPDX-License-Identifier: MIT
 *
 * Whole files in memory, and lines of them. Used by names.c and codec_columns.c.
 */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>

/* A whole file and a NUL behind it, freed with free(); NULL, and the reason in errno: it cannot be read. */
char *text_read(const char *path, size_t *bytes);

#endif
