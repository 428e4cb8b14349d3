/* SPDX-License-Identifier: MIT
 *
 * The frame of the kernels that hash a row a lane (xxh64.h, xxh32.h): which rows of a batch are done when and how. It
 * knows lengths and places alone; rows, seeds and hashes are the kernel's own affair.
 *
 * Rows below LANES_SHORT bytes are done where they stand. Longer rows are put aside, in a list for each power of two of
 * their length, and done when a list has enough of them: so the rows of a vector come to their ends at about the same
 * time, and no vector waits for one long row. What is left at the end of the batch is done together, in the order of the
 * lists.
 */
#ifndef SIMD_KERNELS_LANES_H
#define SIMD_KERNELS_LANES_H

#include "simd/kernels/column.h"
#include "simd/vec.h"

#define LANES_SHORT 32

/* Lists of rows below 32 bytes, of 32 to 63, 64 to 127, ..., at most; a row that would be in a list behind a kernel's last
 * one (with all of them 4 KiB or more) goes to the loop, to which the branches of such a row are nothing. */
#define LANES_LISTS 8

/* With so many rows below LANES_SHORT in it a block is done where it stands, the longer rows in vain. */
#define LANES_MANY_SHORT 32

/* Rows that a kernel does together, at most. */
#define LANES_MOST 32

struct lanes_lists {
  size_t asked;          /* rows whose share of what comes next has been asked for */
  size_t n[LANES_LISTS]; /* below the kernel's `together` between blocks */
  uint32_t rows[LANES_LISTS][LANES_MOST + SIMD_BLOCK];
};

/* A kernel. job is what its functions know of the batch. */
struct lanes_kernel {
  size_t together; /* rows that it does together */
  unsigned lists;  /* that it has, at most LANES_LISTS */
  /* The rows of the block from row `first` on whose bits are set, all below LANES_SHORT; the others' hashes are their
   * seeds: that is right for nulls, and leaves rows that are put aside their seeds where out is seeds. Asks for the share
   * of as many rows from `asked` on. */
  void (*in_place)(const void *job, size_t first, uint64_t rows, size_t asked);
  /* rows[together], not null, all of list `number` or behind it; those of list 0 are of no other. */
  void (*listed)(const void *job, unsigned number, const uint32_t *rows);
  /* The rows first .. end, one by one. */
  void (*loop)(const void *job, size_t first, size_t end);
};

/* Bit i: row i of the SIMD_BLOCK rows has `bytes` bytes or more. *all: the lengths ored. */
ALWAYS_INLINE uint64_t lanes_above(const uint64_t *lengths, size_t bytes, v64 *all) {
  uint64_t mask = 0;
  const v64 limit = v64_set1(bytes - 1);
  *all = v64_set1(0);
  for (size_t i = 0; i < SIMD_BLOCK; i += V64_LANES) {
    v64 length = v64_load(lengths + i);
    *all = v64_or(*all, length);
    mask |= m64_bits(v64_gt(length, limit)) << i;
  }
  return mask;
}

/* Asks for the share of what comes next that falls to n rows of which it has not been asked yet. */
ALWAYS_INLINE void lanes_ask(const struct simd_rows *batch, struct lanes_lists *lists, size_t n) {
  if (lists->asked < batch->rows)
    prefetch_ahead(batch, lists->asked, n);
  lists->asked += n;
}

/* Puts aside the rows of the block from row `first` on whose bits are set, none of which belongs to a list before
 * `number`, and does what has come together. all: the block's lengths ored. Returns how many rows the loop did. */
ALWAYS_INLINE size_t lanes_put_aside(const struct lanes_kernel *kernel, const void *job, const struct simd_rows *batch,
                                     size_t first, uint64_t rows, v64 all, unsigned number, struct lanes_lists *lists) {
  for (; rows != 0 && number < kernel->lists; number++) {
    size_t limit = (size_t)LANES_SHORT << number, n = lists->n[number];
    uint64_t longer = m64_bits(v64_gt(all, v64_set1(limit - 1)));
    if (longer != 0)
      longer = rows & lanes_above(batch->bytes + first, limit, &all);
    uint32_t *list = lists->rows[number];
    for (uint64_t these = rows & ~longer; these != 0; these &= these - 1)
      list[n++] = (uint32_t)(first + (size_t)__builtin_ctzll(these));
    for (; n >= kernel->together; n -= kernel->together) {
      lanes_ask(batch, lists, kernel->together);
      kernel->listed(job, number, list + n - kernel->together);
    }
    lists->n[number] = n;
    rows = longer;
  }
  size_t looped = (size_t)__builtin_popcountll(rows);
  for (; rows != 0; rows &= rows - 1) {
    size_t row = first + (size_t)__builtin_ctzll(rows);
    kernel->loop(job, row, row + 1);
  }
  return looped;
}

/* Does rows[n], behind which LANES_MOST more may be written, of list `number` or behind it. Returns how many the loop
 * did. */
ALWAYS_INLINE size_t lanes_rest(const struct lanes_kernel *kernel, const void *job, const struct simd_rows *batch,
                                unsigned number, uint32_t *rows, size_t n, struct lanes_lists *lists) {
  size_t done = 0;
  for (; n - done >= kernel->together / 2; done += kernel->together) {
    for (; n - done < kernel->together; n++)
      rows[n] = rows[n - 1];
    lanes_ask(batch, lists, kernel->together);
    kernel->listed(job, number, rows + done);
  }
  for (size_t i = done; i < n; i++)
    kernel->loop(job, rows[i], rows[i] + 1);
  return n - done;
}

/* Does what is left in the lists: the longer rows together, the shortest of them first. Returns how many rows the loop
 * did. */
ALWAYS_INLINE size_t lanes_flush(const struct lanes_kernel *kernel, const void *job, const struct simd_rows *batch,
                                 struct lanes_lists *lists) {
  uint32_t rows[LANES_LISTS * LANES_MOST];
  size_t n = 0;
  for (unsigned number = 1; number < kernel->lists; number++)
    for (size_t i = 0; i < lists->n[number]; i++)
      rows[n++] = lists->rows[number][i];
  return lanes_rest(kernel, job, batch, 1, rows, n, lists) +
         lanes_rest(kernel, job, batch, 0, lists->rows[0], lists->n[0], lists);
}

/* Is a loop faster, as it is on rows of up to `bytes` bytes where the processor foresees their lengths? Those of
 * neighbours in the sample are equal, but for few. */
ALWAYS_INLINE bool lanes_loop_wins(const struct sample *sample, size_t bytes) {
  size_t longer = 0, changes = 0;
  for (size_t i = 0; i < sample->n; i++) {
    longer += sample->bytes[i] > bytes;
    changes += i % sample->run != 0 && sample->bytes[i] != sample->bytes[i - 1];
  }
  return longer == 0 && changes <= sample->n / 16;
}

/* Does a batch. Returns how many rows were done in vectors. */
ALWAYS_INLINE size_t lanes_batch(const struct lanes_kernel *kernel, const void *job, const struct simd_rows *batch) {
  struct lanes_lists lists; /* 3 KiB, of which only the counts need to be set */
  lists.asked = 0;
  memset(lists.n, 0, sizeof lists.n);
  size_t looped = 0;
  prefetch_start(batch);
  if (batch->rows < kernel->together / 2) {
    kernel->loop(job, 0, batch->rows);
    return 0;
  }
  for (size_t first = 0; first < batch->rows; first += SIMD_BLOCK) {
    v64 all;
    size_t left = batch->rows - first, n = left < SIMD_BLOCK ? left : SIMD_BLOCK;
    uint64_t live = n < SIMD_BLOCK ? ((uint64_t)1 << n) - 1 : UINT64_MAX, valid = batch->valid[first / SIMD_BLOCK] & live;
    uint64_t above = lanes_above(batch->bytes + first, LANES_SHORT, &all);
    if (valid != live || SIMD_BLOCK - __builtin_popcountll(above) >= LANES_MANY_SHORT) {
      kernel->in_place(job, first, ~above & valid, lists.asked);
      lists.asked += n;
      looped += lanes_put_aside(kernel, job, batch, first, above, all, 1, &lists);
    } else {
      looped += lanes_put_aside(kernel, job, batch, first, valid, all, 0, &lists);
    }
  }
  return batch->rows - looped - lanes_flush(kernel, job, batch, &lists);
}

#endif
