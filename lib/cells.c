/* SPDX-License-Identifier: MIT
 *
 * Rows into the cells of an aggregate's groups: a loop for each kind and width of values, which looks at groups and asks
 * for their cells ahead. A single group's rows are first made one cell, as each would wait for the one before.
 */
#include "lib/few.h"

static void set_form(enum weft_type type, struct piece *p) {
  static const uint8_t forms[] = {
      [WEFT_I8] = BYTES1,  [WEFT_U8] = BYTES1,  [WEFT_I16] = BYTES2, [WEFT_U16] = BYTES2,  [WEFT_I32] = BYTES4,
      [WEFT_U32] = BYTES4, [WEFT_I64] = BYTES8, [WEFT_U64] = BYTES8, [WEFT_F32] = SINGLES, [WEFT_F64] = DOUBLES};
  p->form = type <= WEFT_F64 ? forms[type] : BYTES8; /* only counted */
  p->flip = p->form == BYTES8 ? (type == WEFT_U64 ? TOP_BIT : 0)
            : is_signed(type) ? (uint64_t)1 << ((8u << p->form) - 1)
                              : 0;
}

#define WIDEN(form, type)                                \
  for (size_t i = 0; i < p->n; i++) {                    \
    type word = (type)load(form, values, i, flip);       \
    memcpy(words + i * sizeof word, &word, sizeof word); \
  }                                                      \
  break
/* Values that are narrower than 4 bytes become integers of that width, floats doubles; others stay what and where they are.
 * What is not a sum by groups goes by way of it: one ns more for four values, and half of the code. */
static void widen(struct piece *p, uint8_t *words) {
  const uint8_t *values = p->values;
  const uint64_t flip = p->flip;
  switch (p->form) {
  case BYTES1: WIDEN(BYTES1, uint32_t);
  case BYTES2: WIDEN(BYTES2, uint32_t);
  case SINGLES: WIDEN(SINGLES, uint64_t);
  default: return;
  }
  p->form = p->form == SINGLES ? DOUBLES : BYTES4;
  p->flip = flip ? (uint64_t)1 << 31 : 0;
  p->values = words;
}
#undef WIDEN

/* ---- Cells ---- */

void weft__cells_clear(const weft_aggregate *a, uint64_t *cells, size_t n) {
  memset(cells, 0, (n << a->shift) * sizeof *cells);
  for (size_t i = 0; i < n && a->extremes_word; i++) {
    cells[(i << a->shift) + a->extremes_word] = INT64_MAX;
    cells[(i << a->shift) + a->extremes_word + 1] = TOP_BIT;
  }
}

void weft__cells_add_whole(weft_aggregate *a, size_t group, const uint64_t *sum) {
  uint64_t whole[2];
  whole_sum(a, group, whole);
  add_whole(whole, sum[0], sum[1]);
  cell_of(a, group)[SUM_WORD] = whole[0];
  a->highs[group] = whole[1] + (a->type != WEFT_U64 ? whole[0] >> 63 : 0);
}

void weft__cells_add_real(weft_aggregate *a, size_t group, const uint64_t *sum) {
  uint64_t *into = cell_of(a, group) + SUM_WORD;
  add_real(into, real_of(sum[0]));
  into[1] = word_of(real_of(into[1]) + real_of(sum[1]));
}

void weft__cells_merge(weft_aggregate *a, size_t group, const uint64_t *cell, const uint64_t *sum) {
  uint64_t *into = cell_of(a, group);
  into[COUNT_WORD] += cell[COUNT_WORD];
  if (a->kinds & ALL_SUMS)
    (is_float(a->type) ? weft__cells_add_real : weft__cells_add_whole)(a, group, sum);
  if (a->extremes_word) {
    const uint64_t *extremes = cell + a->extremes_word;
    into += a->extremes_word;
    into[0] = (int64_t)extremes[0] < (int64_t)into[0] ? extremes[0] : into[0];
    into[1] = (int64_t)extremes[1] > (int64_t)into[1] ? extremes[1] : into[1];
  }
}

/* ---- Rows ---- */

/* Of a row ahead the group is looked at and its cell asked for in the same loop. On a Zen 4 a pass of its own over groups,
 * which finds none in the caches, took a quarter of a sum's time; not to ask for cells took extremes in 100,000 groups a
 * third longer, and spared a tenth where all cells were in the caches. */
#define FOR_ROWS(a, p)                                             \
  const uint8_t *values = (p)->values;                             \
  const uint32_t *group = (p)->group, *asked = group + (p)->ahead; \
  uint64_t *const cells = (a)->cells;                              \
  const unsigned shift = (a)->shift;                               \
  const size_t n_groups = (p)->n_groups;                           \
  for (size_t i = (p)->first, n = (p)->n; i < n; i++)
#define CELL (cells + ((size_t)group[i] << shift))
#define ASK                 \
  if (asked[i] >= n_groups) \
    return false;           \
  __builtin_prefetch((const void *)((uintptr_t)cells + ((size_t)asked[i] << shift) * sizeof *cells), 1)

ALWAYS_INLINE bool count_rows(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    ASK;
    CELL[COUNT_WORD]++;
  }
  (void)values;
  return true;
}

ALWAYS_INLINE bool sum_signed(enum form form, const weft_aggregate *a, const struct piece *p) {
  const uint64_t flip = form == BYTES8 ? 0 : p->flip;
  FOR_ROWS(a, p) {
    ASK;
    uint64_t *cell = CELL;
    int64_t value = (int64_t)load(form, values, i, flip), sum;
    if (__builtin_expect(__builtin_add_overflow((int64_t)cell[SUM_WORD], value, &sum), 0))
      a->highs[group[i]] += value < 0 ? UINT64_MAX : 1;
    cell[SUM_WORD] = (uint64_t)sum;
    cell[COUNT_WORD]++;
  }
  return true;
}

ALWAYS_INLINE bool sum_unsigned(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    ASK;
    uint64_t *cell = CELL;
    if (__builtin_expect(__builtin_add_overflow(cell[SUM_WORD], load(BYTES8, values, i, 0), &cell[SUM_WORD]), 0))
      a->highs[group[i]]++;
    cell[COUNT_WORD]++;
  }
  return true;
}

ALWAYS_INLINE bool sum_reals(enum form form, const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    ASK;
    uint64_t *cell = CELL;
    add_real(cell + SUM_WORD, real_of(load(form, values, i, 0)));
    cell[COUNT_WORD]++;
  }
  return true;
}

/* As words that compare as signed numbers. */
ALWAYS_INLINE int64_t order_word(enum form form, const struct piece *p, size_t i) {
  uint64_t word = load(form, p->values, i, p->flip);
  return (int64_t)(form >= SINGLES ? order_of(WEFT_F64, word) : word);
}

/* Branches, as a group of many rows seldom has a new extreme, and one of few waits for its cell. */
ALWAYS_INLINE bool extremes_of(enum form form, const weft_aggregate *a, const struct piece *p) {
  const uint64_t counted = !(a->kinds & ALL_SUMS);
  const size_t at = a->extremes_word;
  FOR_ROWS(a, p) {
    ASK;
    uint64_t *cell = CELL;
    int64_t order = order_word(form, p, i);
    cell[COUNT_WORD] += counted;
    if (order < (int64_t)cell[at])
      cell[at] = (uint64_t)order;
    if (order > (int64_t)cell[at + 1])
      cell[at + 1] = (uint64_t)order;
  }
  (void)values;
  return true;
}

/* Each in a function of its own: together they would share out the registers. False: a group is none, and some rows were
 * added. */
#define LOOP(name, loop)                                               \
  ONE_COPY bool name(const weft_aggregate *a, const struct piece *p) { \
    return loop;                                                       \
  }
LOOP(count, count_rows(a, p))
LOOP(sum1, sum_signed(BYTES1, a, p))
LOOP(sum2, sum_signed(BYTES2, a, p))
LOOP(sum4, sum_signed(BYTES4, a, p))
LOOP(sum8, sum_signed(BYTES8, a, p))
LOOP(sum8u, sum_unsigned(a, p))
LOOP(sum_singles, sum_reals(SINGLES, a, p))
LOOP(sum_doubles, sum_reals(DOUBLES, a, p))
LOOP(extremes4, extremes_of(BYTES4, a, p))
LOOP(extremes8, extremes_of(BYTES8, a, p))
LOOP(extremes_doubles, extremes_of(DOUBLES, a, p))
#undef LOOP

ONE_COPY bool add_sums(const weft_aggregate *a, const struct piece *p) {
  switch (p->form) {
  case BYTES1: return sum1(a, p);
  case BYTES2: return sum2(a, p);
  case BYTES4: return sum4(a, p);
  case SINGLES: return sum_singles(a, p);
  case DOUBLES: return sum_doubles(a, p);
  default: return (p->flip ? sum8u : sum8)(a, p);
  }
}

static bool add_rows(const weft_aggregate *a, const struct piece *p) {
  bool right = true;
  if (a->kinds & ALL_SUMS)
    right = add_sums(a, p);
  else if (!a->extremes_word)
    right = count(a, p);
  if (!right || !a->extremes_word)
    return right;
  return (p->form == BYTES4 ? extremes4 : p->form == DOUBLES ? extremes_doubles : extremes8)(a, p);
}

/* ---- Rows of one group ---- */

/* Signed ones after adding to each what makes the least of them 0: n times that is too much in the end. Of 64 bits the
 * halves apart, so that nothing overflows. */
ALWAYS_INLINE void sum_wholes(enum form form, const struct piece *p, uint64_t *sum) {
  __extension__ typedef unsigned __int128 wide;
  const uint64_t flip = form == BYTES8 ? TOP_BIT ^ p->flip : p->flip, n = p->n;
  uint64_t low = 0, high = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t word = load(form, p->values, i, 0) ^ flip;
    low += form == BYTES8 ? word & UINT32_MAX : word;
    high += form == BYTES8 ? word >> 32 : 0;
  }
  add_whole(sum, low, 0);
  add_whole(sum, high << 32, high >> 32);
  wide over = 0 - (wide)n * flip;
  add_whole(sum, (uint64_t)over, (uint64_t)(over >> 64));
}

/* In lanes, as an addition waits for the one before. */
#define LANES 8
static void sum_lanes(const struct piece *p, uint64_t *sum) {
  double totals[LANES] = {0}, lost[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= p->n; i += LANES)
    for (unsigned k = 0; k < LANES; k++) {
      double real = real_of(load(DOUBLES, p->values, i + k, 0)), total = totals[k] + real, part = total - totals[k];
      lost[k] += (totals[k] - (total - part)) + (real - part);
      totals[k] = total;
    }
  for (unsigned k = 0; k < LANES; k++) {
    add_real(sum, totals[k]);
    sum[1] = word_of(real_of(sum[1]) + lost[k]);
  }
  for (; i < p->n; i++)
    add_real(sum, real_of(load(DOUBLES, p->values, i, 0)));
}

static void sum_of(const struct piece *p, uint64_t *sum) {
  switch (p->form) {
  case BYTES4: sum_wholes(BYTES4, p, sum); break;
  case DOUBLES: sum_lanes(p, sum); break;
  default: sum_wholes(BYTES8, p, sum);
  }
}

/* The extremes of p->n > 0 values, as order words: of integers by the kernels that find ranges. */
static void range_of(const struct simd_codecs *codecs, const struct piece *p, uint64_t *extremes) {
  struct simd_range range;
  int64_t least = INT64_MAX, most = INT64_MIN;
  switch (p->form) {
  case BYTES4:
    range = codecs->range32(p->values, p->n, p->flip);
    least = p->flip ? (int32_t)range.min : (int64_t)range.min;
    most = p->flip ? (int32_t)range.max : (int64_t)range.max;
    break;
  case DOUBLES:
    for (size_t i = 0; i < p->n; i++) {
      int64_t order = order_word(DOUBLES, p, i);
      least = order < least ? order : least;
      most = order > most ? order : most;
    }
    break;
  default:
    range = codecs->range64(p->values, p->n, p->flip ^ TOP_BIT);
    least = (int64_t)(range.min ^ p->flip);
    most = (int64_t)(range.max ^ p->flip);
  }
  extremes[0] = (uint64_t)least;
  extremes[1] = (uint64_t)most;
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

bool weft__cells_add(weft_ctx *ctx, weft_aggregate *a, struct few *few, const void *values, const uint32_t *group, size_t n,
                     size_t n_groups) {
  struct piece p = {.values = values, .group = group, .n = n, .n_groups = n_groups};
  uint8_t words[AGGREGATE_PIECE * sizeof(uint64_t)];
  set_form(a->type, &p);
  if (a->extremes_word || (n_groups == 1 && a->kinds != WEFT_COUNT))
    widen(&p, words);
  if (n_groups == 1) {
    add_to_one(ctx, a, &p);
    return true;
  }
  if (few->copies > 0) {
    weft__few_add(ctx, a, few, &p);
    return true;
  }
  p.ahead = ctx->prefetch_distance < n ? ctx->prefetch_distance : n;
  for (size_t i = 0; i < p.ahead; i++)
    if (group[i] >= n_groups)
      return false;
  /* A million groups: sums of i64 in 4.2 ns a row, without 6.3; of doubles in 5.3, without 9. */
  if (ctx->prefetch_distance != 0 && (a->groups << a->shift) * sizeof *a->cells > SIMD_FAR_BYTES)
    for (size_t i = 0; i < n; i++)
      simd_ask_far((const void *)((uintptr_t)a->cells + ((size_t)group[i] << a->shift) * sizeof *a->cells));
  p.n -= p.ahead;
  if (!add_rows(a, &p))
    return false;
  p.first = p.n; /* these have none ahead of them */
  p.n = n;
  p.ahead = 0;
  return add_rows(a, &p);
}
