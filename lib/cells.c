/* SPDX-License-Identifier: MIT
 *
 * Rows into the cells of an aggregate's groups: a loop for each kind, over values of 32 bits as they lie and over words of 64
 * bits, which other values are made first. Where cells are many, those of a piece are asked for at
 * once (a million groups: 4 ns a row, without 8). A single group's rows are first made one cell, as each would wait for the one
 * before.
 */
#include "lib/aggregate.h"

/* n <= AGGREGATE_PIECE values without nulls, of a form: WEFT_I32, WEFT_U32, or words: WEFT_I64, WEFT_U64, WEFT_F64. */
struct piece {
  enum weft_type form;
  const uint8_t *values; /* at any alignment */
  const uint32_t *group;
  size_t n;
};

static inline uint64_t load(enum weft_type form, const uint8_t *values, size_t i) {
  uint64_t word;
  uint32_t half;
  if (form != WEFT_I32 && form != WEFT_U32) {
    memcpy(&word, values + i * sizeof word, sizeof word);
    return word;
  }
  memcpy(&half, values + i * sizeof half, sizeof half);
  return form == WEFT_I32 ? (uint64_t)(int64_t)(int32_t)half : half;
}

/* Other values as words: integers with their sign, floats as doubles. Returns their form, or the type itself when it is one. */
#define WIDEN(type, made_of)                               \
  for (size_t i = 0; i < n; i++) {                         \
    type value;                                            \
    memcpy(&value, from + i * sizeof value, sizeof value); \
    words[i] = made_of(value);                             \
  }                                                        \
  break
static enum weft_type widen(enum weft_type type, const uint8_t *from, size_t n, uint64_t *words) {
  switch (type) {
  case WEFT_I8: WIDEN(int8_t, (uint64_t)(int64_t));
  case WEFT_I16: WIDEN(int16_t, (uint64_t)(int64_t));
  case WEFT_U8: WIDEN(uint8_t, );
  case WEFT_U16: WIDEN(uint16_t, );
  case WEFT_F32: WIDEN(float, word_of);
  default: return type;
  }
  return is_float(type) ? WEFT_F64 : WEFT_I64;
}
#undef WIDEN

/* ---- Sums ---- */

/* Of 128 bits, low word first. */
static inline void add_whole(uint64_t *sum, uint64_t low, uint64_t high) {
  uint64_t total = sum[0] + low;
  sum[1] += high + (total < low);
  sum[0] = total;
}

/* Knuth's TwoSum: the rounding error of a sum, exactly. */
static inline void add_real(uint64_t *sum, double real) {
  double before = real_of(sum[0]), total = before + real, part = total - before;
  sum[0] = word_of(total);
  sum[1] = word_of(real_of(sum[1]) + ((before - (total - part)) + (real - part)));
}

/* ---- Cells ---- */

void weft__cells_clear(const weft_aggregate *a, uint64_t *cells, size_t n) {
  memset(cells, 0, (n << a->shift) * sizeof *cells);
  for (size_t i = 0; i < n && a->extremes_word; i++) {
    cells[(i << a->shift) + a->extremes_word] = INT64_MAX;
    cells[(i << a->shift) + a->extremes_word + 1] = TOP_BIT;
  }
}

static void set_whole_sum(weft_aggregate *a, size_t group, const uint64_t *sum) {
  cell_of(a, group)[SUM_WORD] = sum[0];
  a->highs[group] = sum[1] + (a->type != WEFT_U64 ? sum[0] >> 63 : 0);
}

void weft__cells_merge(weft_aggregate *a, size_t group, const uint64_t *cell, const uint64_t *sum) {
  uint64_t *into = cell_of(a, group);
  into[COUNT_WORD] += cell[COUNT_WORD];
  if (a->kinds & ALL_SUMS && is_float(a->type)) {
    add_real(into + SUM_WORD, real_of(sum[0]));
    into[SUM_WORD + 1] = word_of(real_of(into[SUM_WORD + 1]) + real_of(sum[1]));
  } else if (a->kinds & ALL_SUMS) {
    uint64_t whole[2];
    whole_sum(a, group, whole);
    add_whole(whole, sum[0], sum[1]);
    set_whole_sum(a, group, whole);
  }
  if (a->extremes_word) {
    const uint64_t *extremes = cell + a->extremes_word;
    into += a->extremes_word;
    into[0] = (int64_t)extremes[0] < (int64_t)into[0] ? extremes[0] : into[0];
    into[1] = (int64_t)extremes[1] > (int64_t)into[1] ? extremes[1] : into[1];
  }
}

/* ---- Rows ---- */

#define FOR_ROWS(a, p)                 \
  const uint8_t *values = (p)->values; \
  const uint32_t *group = (p)->group;  \
  uint64_t *const cells = (a)->cells;  \
  const unsigned shift = (a)->shift;   \
  for (size_t i = 0, n = (p)->n; i < n; i++)
#define CELL (cells + ((size_t)group[i] << shift))

static void count_rows(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    CELL[COUNT_WORD]++;
  }
  (void)values;
}

ALWAYS_INLINE void sum_signed(enum weft_type form, const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    uint64_t *cell = CELL;
    int64_t value = (int64_t)load(form, values, i), sum;
    if (__builtin_expect(__builtin_add_overflow((int64_t)cell[SUM_WORD], value, &sum), 0))
      a->highs[group[i]] += value < 0 ? UINT64_MAX : 1;
    cell[SUM_WORD] = (uint64_t)sum;
    cell[COUNT_WORD]++;
  }
}

static void sum_unsigned(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    uint64_t *cell = CELL;
    if (__builtin_expect(__builtin_add_overflow(cell[SUM_WORD], load(WEFT_U64, values, i), &cell[SUM_WORD]), 0))
      a->highs[group[i]]++;
    cell[COUNT_WORD]++;
  }
}

static void sum_reals(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    uint64_t *cell = CELL;
    add_real(cell + SUM_WORD, real_of(load(WEFT_F64, values, i)));
    cell[COUNT_WORD]++;
  }
}

/* Branches, as a group of many rows seldom has a new extreme, and one of few waits for its cell. */
ALWAYS_INLINE void extremes_of(enum weft_type form, const weft_aggregate *a, const struct piece *p) {
  const uint64_t counted = !(a->kinds & ALL_SUMS);
  const size_t at = a->extremes_word;
  FOR_ROWS(a, p) {
    uint64_t *cell = CELL;
    int64_t order = (int64_t)order_of(form, load(form, values, i));
    cell[COUNT_WORD] += counted;
    if (order < (int64_t)cell[at])
      cell[at] = (uint64_t)order;
    if (order > (int64_t)cell[at + 1])
      cell[at + 1] = (uint64_t)order;
  }
}

static void add_sums(const weft_aggregate *a, const struct piece *p) {
  switch (p->form) {
  case WEFT_I32: sum_signed(WEFT_I32, a, p); break;
  case WEFT_U32: sum_signed(WEFT_U32, a, p); break;
  case WEFT_U64: sum_unsigned(a, p); break;
  case WEFT_F64: sum_reals(a, p); break;
  default: sum_signed(WEFT_I64, a, p);
  }
}

static void add_extremes(const weft_aggregate *a, const struct piece *p) {
  switch (p->form) {
  case WEFT_I32: extremes_of(WEFT_I32, a, p); break;
  case WEFT_U32: extremes_of(WEFT_U32, a, p); break;
  case WEFT_U64: extremes_of(WEFT_U64, a, p); break;
  case WEFT_F64: extremes_of(WEFT_F64, a, p); break;
  default: extremes_of(WEFT_I64, a, p);
  }
}

/* ---- Rows of one group ---- */

/* Of 64 bits the halves apart, of signed words after adding 2^63 to each, so that nothing overflows. */
ALWAYS_INLINE void sum_wholes(enum weft_type form, const struct piece *p, uint64_t *sum) {
  const uint64_t flip = form == WEFT_I64 ? TOP_BIT : 0;
  const bool halves = form == WEFT_I64 || form == WEFT_U64;
  uint64_t low = 0, high = 0;
  for (size_t i = 0; i < p->n; i++) {
    uint64_t word = load(form, p->values, i) ^ flip;
    low += halves ? word & UINT32_MAX : word;
    high += halves ? word >> 32 : 0;
  }
  add_whole(sum, low, form == WEFT_I32 ? 0 - (low >> 63) : 0);
  add_whole(sum, high << 32, high >> 32);
  if (flip) /* n * 2^63 less */
    add_whole(sum, 0 - (uint64_t)p->n * flip, 0 - ((uint64_t)p->n + 1) / 2);
}

/* In lanes, as an addition waits for the one before. */
#define LANES 8
static void sum_lanes(const struct piece *p, uint64_t *sum) {
  double totals[LANES] = {0}, lost[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= p->n; i += LANES)
    for (unsigned k = 0; k < LANES; k++) {
      double real = real_of(load(WEFT_F64, p->values, i + k)), total = totals[k] + real, part = total - totals[k];
      lost[k] += (totals[k] - (total - part)) + (real - part);
      totals[k] = total;
    }
  for (unsigned k = 0; k < LANES; k++) {
    add_real(sum, totals[k]);
    sum[1] = word_of(real_of(sum[1]) + lost[k]);
  }
  for (; i < p->n; i++)
    add_real(sum, real_of(load(WEFT_F64, p->values, i)));
}

static void sum_of(const struct piece *p, uint64_t *sum) {
  switch (p->form) {
  case WEFT_I32: sum_wholes(WEFT_I32, p, sum); break;
  case WEFT_U32: sum_wholes(WEFT_U32, p, sum); break;
  case WEFT_U64: sum_wholes(WEFT_U64, p, sum); break;
  case WEFT_F64: sum_lanes(p, sum); break;
  default: sum_wholes(WEFT_I64, p, sum);
  }
}

/* The extremes of p->n > 0 values, as order words: of integers by the kernels that find ranges. */
static void range_of(const struct simd_codecs *codecs, const struct piece *p, uint64_t *extremes) {
  const uint64_t flip = p->form == WEFT_U64 ? 0 : TOP_BIT;
  uint64_t order[AGGREGATE_PIECE];
  const void *words = p->values;
  struct simd_range range;
  if (p->form == WEFT_I32 || p->form == WEFT_U32) {
    bool below = p->form == WEFT_I32;
    range = codecs->range32(p->values, p->n, below ? (uint64_t)1 << 31 : 0);
    extremes[0] = below ? (uint64_t)(int64_t)(int32_t)range.min : range.min;
    extremes[1] = below ? (uint64_t)(int64_t)(int32_t)range.max : range.max;
    return;
  }
  for (size_t i = 0; i < p->n && p->form == WEFT_F64; i++) {
    order[i] = order_of(WEFT_F64, load(WEFT_F64, p->values, i));
    words = order;
  }
  range = codecs->range64(words, p->n, flip);
  extremes[0] = range.min ^ flip ^ TOP_BIT;
  extremes[1] = range.max ^ flip ^ TOP_BIT;
}

static void add_to_one(weft_ctx *ctx, weft_aggregate *a, const struct piece *p) {
  uint64_t cell[MOST_WORDS], sum[2] = {0};
  weft__cells_clear(a, cell, 1);
  cell[COUNT_WORD] = p->n;
  if (a->kinds & ALL_SUMS)
    sum_of(p, sum);
  if (a->extremes_word && p->n > 0)
    range_of(ctx->kernels->codecs, p, cell + a->extremes_word);
  weft__cells_merge(a, 0, cell, sum);
}

void weft__cells_add(weft_ctx *ctx, weft_aggregate *a, const void *values, const uint32_t *group, size_t n, bool one) {
  uint64_t words[AGGREGATE_PIECE];
  struct piece piece = {.form = a->type, .values = values, .group = group, .n = n};
  if (a->kinds != WEFT_COUNT)
    piece.form = widen(a->type, values, n, words);
  if (piece.form != a->type)
    piece.values = (const uint8_t *)words;
  if (one) {
    add_to_one(ctx, a, &piece);
    return;
  }
  if (ctx->prefetch_distance != 0 && (a->groups << a->shift) * sizeof *words > SIMD_FAR_BYTES)
    for (size_t i = 0; i < n; i++)
      simd_ask_far(cell_of(a, group[i]));
  if (a->kinds & ALL_SUMS)
    add_sums(a, &piece);
  else if (!a->extremes_word)
    count_rows(a, &piece);
  if (a->extremes_word)
    add_extremes(a, &piece);
}
