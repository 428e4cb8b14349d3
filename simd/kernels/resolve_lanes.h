/* SPDX-License-Identifier: MIT
 *
 * V64_LANES rows of a column at once, for resolve.h.
 */
#ifndef SIMD_KERNELS_RESOLVE_LANES_H
#define SIMD_KERNELS_RESOLVE_LANES_H

#include "simd/kernels/resolve_singly.h"

#if defined(V64_LANES) && V64_LANES >= 4
#define RESOLVE_LANES

/* As struct place. Of views, bit i of strays: row i is neither inline nor in the known buffer, so p and spare are wrong. */
struct lanes {
  v64 p, bytes, spare;
  uint64_t strays;
};

/* The buffer that views out of line are in: number, start, and end less SIMD_EDGE. Most columns have one, or fill one after
 * the other. Once a batch's views are in a third, or change to and fro, they are `mixed`: the numbers of a block's buffers
 * are written down first (of null and inline rows 0), then looked up. */
struct known_buffer {
  bool any, mixed;
  uint64_t number, start, end;
  uint64_t numbers[SIMD_BLOCK];
};
#define NO_KNOWN_BUFFER .number = UINT64_MAX

/* View `row` of the column is out of line, and not in the known buffer. */
static void know_buffer(const struct simd_column *c, size_t row, struct known_buffer *known) {
  uint32_t number;
  memcpy(&number, (const uint8_t *)c->data + row * 16 + 8, sizeof number);
  known->mixed = known->any;
  known->any = true;
  known->number = number;
  known->start = (uintptr_t)c->buffers[number];
  known->end = known->start + c->buffer_bytes[number] - SIMD_EDGE;
}

/* Of views i and on, the lengths, 0 for null rows, and the words that hold the buffer's number and the offset. */
ALWAYS_INLINE void load_views(const struct simd_column *c, bool selected, bool nulls, const struct some_rows *some,
                              size_t i, v64 *bytes, v64 *places) {
  const uint8_t *views = c->data;
#define ROW(k) simde_mm_loadu_si128((const void *)(views + 16 * (selected ? some->rows[i + k] : some->row + i + k)))
  ROWS_TO_LANES(ROW, bytes, places);
#undef ROW
  *bytes = v64_and(*bytes, v64_set1(UINT32_MAX));
  if (nulls)
    *bytes = v64_keep_bits(some->valid >> i, *bytes);
}

/* Writes down the buffers of n views. */
ALWAYS_INLINE void number_views(const struct simd_column *c, bool selected, bool nulls, const struct some_rows *some,
                                size_t n, uint64_t *numbers) {
  for (size_t i = 0; i < n; i += V64_LANES) {
    v64 bytes, places;
    load_views(c, selected, nulls, some, i, &bytes, &places);
    v64_store(numbers + i, v64_keep(v64_gt(bytes, v64_set1(INLINE_BYTES)), v64_and(places, v64_set1(UINT32_MAX))));
  }
}

/* Which number the first of V64_LANES rows has, and how much more each of them. */
ALWAYS_INLINE v64 count_rows(bool selected, const struct some_rows *some, size_t i, size_t *first) {
  *first = selected ? 0 : some->row + i;
  return selected ? v64_load_u32(some->rows + i) : v64_count();
}

ALWAYS_INLINE struct lanes lanes_of_views(const struct simd_column *c, bool selected, bool nulls, bool mixed,
                                          const struct some_rows *some, size_t i, const struct known_buffer *known) {
  size_t first;
  v64 rows = count_rows(selected, some, i, &first), bytes, places, start, end;
  uint64_t inlined = (uintptr_t)c->data + first * 16 + 4, inlined_end = (uintptr_t)c->data + c->data_bytes - SIMD_EDGE;
  load_views(c, selected, nulls, some, i, &bytes, &places);
  m64 far = v64_gt(bytes, v64_set1(INLINE_BYTES));
  struct lanes lanes = {.bytes = bytes};
  if (mixed) {
    const uint64_t *numbers = known->numbers + i;
#define START(k) word_at(c->buffers, numbers[k])
#define BYTES(k) word_at(c->buffer_bytes, numbers[k])
    start = V64_OF_EACH(START);
    end = v64_add(start, v64_sub(V64_OF_EACH(BYTES), v64_set1(SIMD_EDGE)));
#undef START
#undef BYTES
  } else {
    start = v64_set1(known->start), end = v64_set1(known->end);
    m64 near = v64_eq(v64_and(places, v64_set1(UINT32_MAX)), v64_set1(known->number));
    lanes.strays = m64_bits(far) & ~m64_bits(near);
  }
  lanes.p = v64_select(far, v64_add(start, v64_shr(places, 32)), v64_add(v64_set1(inlined), v64_shl(rows, 4)));
  lanes.spare = v64_sub(v64_select(far, end, v64_set1(inlined_end)), lanes.p);
  return lanes;
}

ALWAYS_INLINE struct lanes lanes_of_pointers(const struct simd_column *c, bool selected, bool nulls,
                                             const struct some_rows *some, size_t i) {
  const uint64_t *ptrs = c->data, *lengths = c->aux;
  struct lanes lanes = {.strays = 0};
  lanes.bytes = selected ? v64_pick(lengths, some->rows + i) : v64_load(lengths + some->row + i);
  lanes.p = selected ? v64_pick(ptrs, some->rows + i) : v64_load(ptrs + some->row + i);
  if (nulls)
    lanes.bytes = v64_keep_bits(some->valid >> i, lanes.bytes);
  lanes.p = v64_select(v64_eq(lanes.bytes, v64_set1(0)), v64_set1((uintptr_t)nothing), lanes.p);
  lanes.spare =
      CHECKED_READS ? v64_set1(UINT64_MAX) : v64_sub(v64_set1(PAGE - SIMD_EDGE), v64_and(lanes.p, v64_set1(PAGE - 1)));
  return lanes;
}

/* Of layouts whose rows lie one after the other: their starts as counted from the data's, and their lengths. */
ALWAYS_INLINE void load_offsets(const struct simd_column *c, enum simd_layout layout, bool selected,
                                const struct some_rows *some, size_t i, v64 *start, v64 *bytes) {
  const uint32_t *rows = some->rows + (selected ? i : 0), *offsets32 = c->aux;
  const uint64_t *offsets64 = c->aux;
  size_t row = some->row + i;
  v64 end;
  if (layout == SIMD_FIXED) {
    size_t first;
    v64 count = count_rows(selected, some, i, &first);
    *start = v64_add(v64_set1(first * c->width), v64_mul_small(count, v64_set1(c->width)));
    *bytes = v64_set1(c->width);
    return;
  }
  if (layout == SIMD_OFFSETS32 && selected) {
#define BOTH(k) word_at(offsets32 + rows[k], 0)
    v64 both = V64_OF_EACH(BOTH);
#undef BOTH
    *start = v64_and(both, v64_set1(UINT32_MAX)), end = v64_shr(both, 32);
  } else if (layout == SIMD_OFFSETS32) {
    *start = v64_load_u32(offsets32 + row), end = v64_load_u32(offsets32 + row + 1);
  } else if (selected) {
#define ROW(k) simde_mm_loadu_si128((const void *)(offsets64 + rows[k]))
    ROWS_TO_LANES(ROW, start, &end);
#undef ROW
  } else {
    *start = v64_load(offsets64 + row), end = v64_load(offsets64 + row + 1);
  }
  *bytes = v64_sub(end, *start);
}

/* Rows i and on of some. */
ALWAYS_INLINE struct lanes lanes_of(const struct simd_column *c, enum simd_layout layout, bool selected, bool nulls,
                                    bool mixed, const struct some_rows *some, size_t i, const struct known_buffer *known) {
  if (layout == SIMD_VIEWS)
    return lanes_of_views(c, selected, nulls, mixed, some, i, known);
  if (layout == SIMD_POINTERS)
    return lanes_of_pointers(c, selected, nulls, some, i);
  v64 start, bytes;
  load_offsets(c, layout, selected, some, i, &start, &bytes);
  if (nulls && layout != SIMD_FIXED) /* a null of fixed width has its place, where row 0 may not be in memory */
    start = v64_keep_bits(some->valid >> i, start);
  if (nulls)
    bytes = v64_keep_bits(some->valid >> i, bytes);
  return (struct lanes){.p = v64_add(v64_set1((uintptr_t)c->data), start),
                        .bytes = bytes,
                        .spare = v64_sub(v64_set1(c->data_bytes - SIMD_EDGE), start)};
}

/* The first n rows of some, a multiple of V64_LANES. Adds the sum of their lengths to *total. Returns the strays; when
 * there are any, all is to be done again. */
ALWAYS_INLINE uint64_t resolve_lanes(const struct simd_column *c, enum simd_layout layout, bool selected, bool nulls,
                                     bool mixed, const struct some_rows *some, size_t n, struct known_buffer *known,
                                     struct simd_rows *batch, uint64_t *total) {
  const uint8_t **ptrs = batch->ptrs + some->at;
  uint64_t *bytes = batch->bytes + some->at, edges = 0, strays = 0;
  size_t ahead = batch->prefetch;
  v64 sum = v64_set1(0);
  if (mixed)
    number_views(c, selected, nulls, some, n, known->numbers);
  for (size_t i = 0; i < n; i += V64_LANES) {
    if (selected && i + V64_LANES <= some->asked)
      for (size_t k = 0; k < V64_LANES; k++)
        ask_for(c, layout, some->selection[i + ahead + k]);
    struct lanes lanes = lanes_of(c, layout, selected, nulls, mixed, some, i, known);
    memcpy(ptrs + i, &lanes.p, sizeof lanes.p);
    v64_store(bytes + i, lanes.bytes);
    if (layout == SIMD_VIEWS && !mixed)
      strays |= lanes.strays << i;
    if (!is_row_of_rows(layout, selected, nulls)) {
      sum = v64_add(sum, lanes.bytes);
      edges |= m64_bits(v64_has_bit(lanes.spare, 63)) << i;
    }
  }
  if (strays != 0)
    return strays;
  if (is_row_of_rows(layout, selected, nulls))
    *total += finish_row_of_rows(c, layout, some, n, batch);
  else
    *total += v64_sum(sum);
  for (; edges != 0; edges &= edges - 1)
    copy_to_edge(batch, some->at + (size_t)__builtin_ctzll(edges));
  return 0;
}

/* The last rows, too few for all lanes. */
static __attribute__((noinline)) uint64_t resolve_last(const struct simd_column *c, const struct some_rows *some, size_t i,
                                                       struct simd_rows *batch) {
#define CASE(layout) \
  case SIMD_##layout: return resolve_singly(c, SIMD_##layout, some->rows != NULL, true, some, i, batch);
  switch (c->layout) { EACH_LAYOUT(CASE) }
#undef CASE
  return 0;
}

ALWAYS_INLINE uint64_t resolve_some(const struct simd_column *c, enum simd_layout layout, bool selected, bool nulls,
                                    const struct some_rows *some, struct known_buffer *known, struct simd_rows *batch) {
  size_t n = some->n - some->n % V64_LANES;
  uint64_t total = 0, strays = 1;
  while (strays != 0) {
    if (layout == SIMD_VIEWS && known->mixed)
      strays = resolve_lanes(c, layout, selected, nulls, true, some, n, known, batch, &total);
    else
      strays = resolve_lanes(c, layout, selected, nulls, false, some, n, known, batch, &total);
    if (layout == SIMD_VIEWS && strays != 0) {
      size_t i = (size_t)__builtin_ctzll(strays);
      know_buffer(c, selected ? some->rows[i] : some->row + i, known);
    }
  }
  return n == some->n ? total : total + resolve_last(c, some, n, batch);
}

#endif
#endif
