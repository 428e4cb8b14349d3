/* SPDX-License-Identifier: MIT
 *
 * Rows sorted by length into classes, each of which is then hashed without a branch on the length: a loop over rows as they
 * come mispredicts about once a row, some 20 cycles. Included by the hash kernels.
 *
 * A chunk of rows is sorted at a time: few enough that its bytes stay in the nearest caches until their class has its turn.
 */
#ifndef SIMD_KERNELS_CLASSES_H
#define SIMD_KERNELS_CLASSES_H

#include "simd/kernels/loop.h"

/* A row of a class: its number in the chunk, and its length << 16 (65535 for any above). */
typedef uint32_t class_entry;

static inline size_t entry_row(class_entry e) {
  return e & 0xffff;
}
static inline size_t entry_bytes(class_entry e) {
  return e >> 16;
}

/* The rows of one class, in two lists: `rows` from its start on, and from its end downwards the rows that came by the other
 * hand (see class_add). Both may be written 16 entries at a time. */
#define CLASS_ROOM (CHUNK + 32)
struct class_rows {
  class_entry rows[CLASS_ROOM];
  uint32_t n, n_back;
};

/* Appends row i of the chunk to its class; class_of: by length, the last of its entries for all from 255 on. Rows of even
 * number go to the front list, others to the back one: a count that was just stored takes some five cycles to load, and
 * neighbours are often of one class. */
static inline void class_add(const uint8_t class_of[256], size_t i, uint64_t bytes, struct class_rows *classes) {
  uint32_t length = bytes < 65535 ? (uint32_t)bytes : 65535, entry = (uint32_t)i | length << 16;
  struct class_rows *class = &classes[class_of[length < 255 ? length : 255]];
  if (i % 2 == 0)
    class->rows[class->n++] = entry;
  else
    class->rows[CLASS_ROOM - ++class->n_back] = entry;
}

/* Makes one list of both, filled up to a multiple of `lanes` <= 8 with its last row; returns its rows. */
static inline size_t class_close(struct class_rows *class, size_t lanes) {
  size_t n = class->n + class->n_back;
  memmove(class->rows + class->n, class->rows + CLASS_ROOM - class->n_back, class->n_back * sizeof(class_entry));
  for (size_t i = n; i % lanes != 0; i++)
    class->rows[i] = class->rows[n - 1];
  class->n = class->n_back = 0;
  return n;
}

#endif
