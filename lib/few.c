/* SPDX-License-Identifier: MIT
 *
 * Sums, counts and extremes of rows in few groups. A row that adds to what the row before has just stored waits some eight
 * cycles for that store; of several copies of a group's words it is another one's turn. Called by cells.c, piece by piece.
 */
#include "lib/few.h"

/* What an aggregate has to add up, and for which numbers of groups here: in several copies up to `copied` of them, in one,
 * which still spares a row the check of a carry and half of its stores, up to `most`; where there are `rows` for each group
 * at least, as fewer are not worth the table. Copies of all groups take 2 to 4 KB: of more, loads wait for stores that lie
 * a multiple of 4 KB away. */
enum { COPIES = 8, EXTREMES_COPIES = 4 };
enum way { COUNTS, EXTREMES_ALONE, NARROW, WIDE, REALS };
static const struct {
  uint16_t copied, most;
  uint8_t copies, rows;
} laws[] = {[COUNTS] = {64, FEW_COUNTS, COPIES, 64},
            [EXTREMES_ALONE] = {128, 128, EXTREMES_COPIES, 64},
            [NARROW] = {32, FEW_WORDS, COPIES, 64},
            [WIDE] = {32, FEW_WORDS / 2, SIMD_SUM_COPIES, 64},
            [REALS] = {32, 32, SIMD_REAL_COPIES, 128}};

/* A sum's word has the count in its last 16 bits and below it a sum of 32-bit numbers, which fewer than 2^16 rows cannot
 * pass. Of 64-bit values there is a second word, for their upper halves. */
enum { SUM_BITS = 48 };

static enum way way_of(const weft_aggregate *a) {
  if (!(a->kinds & ALL_SUMS))
    return a->extremes_word ? EXTREMES_ALONE : COUNTS;
  return is_float(a->type) ? REALS : a->type == WEFT_I64 || a->type == WEFT_U64 ? WIDE : NARROW;
}

static void clear(const weft_aggregate *a, size_t n_groups, struct few *few) {
  const enum way way = way_of(a);
  const size_t entries = n_groups * few->copies;
  if (way >= NARROW)
    memset(few->words, 0, entries * (way == NARROW ? 1 : 2) * sizeof *few->words);
  if (way < NARROW || way == REALS)
    memset(few->counts, 0, entries * sizeof *few->counts);
  few->left = way == NARROW || way == WIDE ? ((size_t)1 << (64 - SUM_BITS)) - 1 : UINT32_MAX;
}

/* To check groups in a pass of its own takes vectors: without any, it costs more than the copies gain. Words are added as
 * pairs from 256 bits on; with SSE sums of 64-bit values would gain a third too, those of doubles a tenth, for 2.3 KB. */
void weft__few_open(weft_ctx *ctx, const weft_aggregate *a, size_t n_groups, size_t rows, struct few *few) {
  const enum way way = way_of(a);
  few->copies = 0;
  if (ctx->kernels->vector_bits < (way >= WIDE ? 256u : 128u) || n_groups < 2 || n_groups > laws[way].most ||
      rows / laws[way].rows < n_groups)
    return;
  few->copies = n_groups <= laws[way].copied ? laws[way].copies : 1;
  clear(a, n_groups, few);
}

/* ---- Rows ---- */

/* ROW(row, copy) for each of n rows, four or eight at a time, so that copies are constants. */
#define FOUR(i, k, ROW) ROW(i, k) ROW(i + 1, k + 1) ROW(i + 2, k + 2) ROW(i + 3, k + 3)
#define EIGHT(i, k, ROW) FOUR(i, k, ROW) FOUR(i + 4, k + 4, ROW)
#define ROWS(n, at_once, SOME, ROW)                \
  do {                                             \
    size_t i = 0;                                  \
    for (; i + (at_once) <= (n); i += (at_once)) { \
      SOME(i, 0, ROW)                              \
    }                                              \
    for (; i < (n); i++) {                         \
      ROW(i, i % (at_once))                        \
    }                                              \
  } while (0)

ALWAYS_INLINE void count_rows(bool copied, const struct piece *p, uint32_t *counts) {
  const uint32_t *group = p->group;
  const size_t n = p->n;
#define ROW(i, copy) counts[copied ? (size_t)group[i] * COPIES + (copy) : (size_t)group[i]]++;
  if (copied)
    ROWS(n, COPIES, EIGHT, ROW);
  else
    ROWS(n, 4, FOUR, ROW);
#undef ROW
}

ALWAYS_INLINE void sum_narrow(enum form form, bool copied, const struct piece *p, uint64_t *words) {
  const uint64_t flip = p->flip, one = (uint64_t)1 << SUM_BITS;
  const uint8_t *values = p->values;
  const uint32_t *group = p->group;
  const size_t n = p->n;
#define ROW(i, copy) \
  words[copied ? (size_t)group[i] * COPIES + (copy) : (size_t)group[i]] += (load(form, values, i, 0) ^ flip) + one;
  if (copied)
    ROWS(n, COPIES, EIGHT, ROW);
  else
    ROWS(n, 4, FOUR, ROW);
#undef ROW
}

/* A new extreme is rare: rows but compare with what is there. */
ALWAYS_INLINE void extremes_of(enum form form, bool counted, const weft_aggregate *a, const struct piece *p,
                               uint32_t *counts) {
  const uint64_t flip = p->flip;
  const uint8_t *values = p->values;
  const uint32_t *group = p->group;
  const size_t n = p->n;
  const unsigned shift = a->shift;
  uint64_t *const extremes = a->cells + a->extremes_word;
#define ROW(i, copy)                                                              \
  {                                                                               \
    const size_t g = group[i];                                                    \
    uint64_t *cell = extremes + (g << shift), word = load(form, values, i, flip); \
    int64_t order = (int64_t)(form == DOUBLES ? order_of(WEFT_F64, word) : word); \
    if (counted)                                                                  \
      counts[g * EXTREMES_COPIES + (copy)]++;                                     \
    if (__builtin_expect(order < (int64_t)cell[0], 0))                            \
      cell[0] = (uint64_t)order;                                                  \
    if (__builtin_expect(order > (int64_t)cell[1], 0))                            \
      cell[1] = (uint64_t)order;                                                  \
  }
  ROWS(n, EXTREMES_COPIES, FOUR, ROW);
#undef ROW
}

/* Each in a function of its own, as in cells.c. */
ONE_COPY void count(const struct piece *p, uint32_t *counts) {
  count_rows(false, p, counts);
}
ONE_COPY void count_copied(const struct piece *p, uint32_t *counts) {
  count_rows(true, p, counts);
}
#define SUMS(name, form)                                                \
  ONE_COPY void name(const struct piece *p, uint64_t *words) {          \
    sum_narrow(form, false, p, words);                                  \
  }                                                                     \
  ONE_COPY void name##_copied(const struct piece *p, uint64_t *words) { \
    sum_narrow(form, true, p, words);                                   \
  }
SUMS(sum1, BYTES1)
SUMS(sum2, BYTES2)
SUMS(sum4, BYTES4)
#undef SUMS
#define EXTREMES_OF(name, form)                                                                    \
  ONE_COPY void name(const weft_aggregate *a, const struct piece *p) {                             \
    extremes_of(form, false, a, p, NULL);                                                          \
  }                                                                                                \
  ONE_COPY void counted_##name(const weft_aggregate *a, const struct piece *p, uint32_t *counts) { \
    extremes_of(form, true, a, p, counts);                                                         \
  }
EXTREMES_OF(extremes4, BYTES4)
EXTREMES_OF(extremes8, BYTES8)
EXTREMES_OF(extremes_doubles, DOUBLES)
#undef EXTREMES_OF

static void add_sums(weft_ctx *ctx, struct few *few, const struct piece *p) {
  const struct simd_codecs *codecs = ctx->kernels->codecs;
  const bool copied = few->copies > 1;
  switch (p->form) {
  case BYTES1: (copied ? sum1_copied : sum1)(p, few->words); break;
  case BYTES2: (copied ? sum2_copied : sum2)(p, few->words); break;
  case BYTES4: (copied ? sum4_copied : sum4)(p, few->words); break;
  case BYTES8: codecs->sums64(p->values, few->less, p->group, p->n, copied, few->words); break;
  case SINGLES: codecs->reals32(p->values, p->group, p->n, few->words, few->counts); break;
  default: codecs->reals64(p->values, p->group, p->n, few->words, few->counts);
  }
}

void weft__few_add(weft_ctx *ctx, weft_aggregate *a, struct few *few, const struct piece *p) {
  if (p->n > few->left)
    weft__few_close(a, p->n_groups, few);
  few->left -= p->n;
  few->less = p->form == BYTES8 ? TOP_BIT ^ p->flip : p->flip;
  switch (way_of(a)) {
  case COUNTS: (few->copies > 1 ? count_copied : count)(p, few->counts); return;
  case EXTREMES_ALONE:
    (p->form == BYTES4    ? counted_extremes4
     : p->form == DOUBLES ? counted_extremes_doubles
                          : counted_extremes8)(a, p, few->counts);
    return;
  default: add_sums(ctx, few, p);
  }
  if (a->extremes_word)
    (p->form == BYTES4 ? extremes4 : p->form == DOUBLES ? extremes_doubles : extremes8)(a, p);
}

/* ---- Tables into cells ---- */

static void close_whole(weft_aggregate *a, size_t group, const struct few *few, bool wide) {
  const uint64_t *words = few->words + group * few->copies * (wide ? 2 : 1);
  __extension__ typedef unsigned __int128 wide_word;
  uint64_t low = 0, high = 0, sum[2] = {0};
  for (unsigned k = 0; k < few->copies; k++) {
    low += words[wide ? 2 * k : k];
    high += wide ? words[2 * k + 1] : 0;
  }
  const uint64_t count = low >> SUM_BITS;
  if (count == 0)
    return;
  wide_word over = 0 - (wide_word)count * few->less;
  add_whole(sum, low & (((uint64_t)1 << SUM_BITS) - 1), 0);
  add_whole(sum, high << 32, high >> 32);
  add_whole(sum, (uint64_t)over, (uint64_t)(over >> 64));
  cell_of(a, group)[COUNT_WORD] += count;
  weft__cells_add_whole(a, group, sum);
}

static void close_counts(weft_aggregate *a, size_t group, const uint32_t *counts, unsigned copies) {
  for (unsigned k = 0; k < copies; k++)
    cell_of(a, group)[COUNT_WORD] += counts[k];
}

void weft__few_close(weft_aggregate *a, size_t n_groups, struct few *few) {
  const enum way way = way_of(a);
  const unsigned copies = few->copies;
  if (copies == 0)
    return;
  for (size_t g = 0; g < n_groups; g++) {
    const size_t at = g * copies;
    if (way == NARROW || way == WIDE)
      close_whole(a, g, few, way == WIDE);
    else
      close_counts(a, g, few->counts + at, copies);
    for (size_t k = at; k < at + copies && way == REALS; k++)
      if (few->counts[k] > 0)
        weft__cells_add_real(a, g, few->words + 2 * k);
  }
  clear(a, n_groups, few);
}
