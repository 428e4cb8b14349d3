/* SPDX-License-Identifier: MIT
 *
 * Aggregates over groups. Rows come in pieces that stay in the first cache: flat and without nulls, then as words of 64
 * bits, so that one loop for each kind, over three types instead of ten, adds them to the groups' cells. A single group's
 * piece is first made one cell, in vectors.
 */
#include "lib/flatten.h"
#include "lib/index.h"

#include <string.h>
#include <weft/aggregate.h>

enum {
  PIECE = 1024,
  ALL_SUMS = WEFT_SUM | WEFT_AVG | WEFT_SUM128,
  EXTREMES = WEFT_MIN | WEFT_MAX,
  ALL_KINDS = WEFT_COUNT | ALL_SUMS | EXTREMES
};

/* A cell is words of 64 bits: the count; the sum, if wanted; the least and the greatest value as order words, if wanted. A
 * sum of doubles has two words, the other being what rounding took from it. One of integers has in the cell its low 64
 * bits, of signed and narrow types a signed number; what passes them goes to a word apart, which is so seldom touched that
 * it would be a waste of cache lines among the others. */
enum { COUNT_WORD = 0, SUM_WORD = 1, MOST_WORDS = 5 };

struct weft_aggregate {
  weft_slab *slab;
  enum weft_type type;
  uint32_t kinds;
  unsigned extremes_word; /* where in a cell; 0: not wanted */
  unsigned shift;         /* a cell has 1 << shift words: it lies in one cache line */
  uint64_t *cells;        /* [room << shift] */
  uint64_t *highs;        /* [room], of integers where sums are wanted; behind the cells */
  size_t groups, room;
  bool failed;
};

static bool is_float(enum weft_type type) {
  return type == WEFT_F32 || type == WEFT_F64;
}

static bool is_signed(enum weft_type type) {
  return type <= WEFT_I64;
}

/* ---- Words ---- */

static double real_of(uint64_t word) {
  double real;
  memcpy(&real, &word, sizeof real);
  return real;
}

static uint64_t word_of(double real) {
  uint64_t word;
  memcpy(&word, &real, sizeof word);
  return word;
}

#define TOP_BIT ((uint64_t)1 << 63)

/* Order words compare as signed numbers: of a double with its sign set the other bits are turned over, and all NaNs are the
 * same positive one, above infinity; of u64 the top bit is. */
static inline uint64_t turn_real(uint64_t word) {
  return word ^ (0 - (word >> 63)) >> 1;
}

static inline uint64_t order_of(enum weft_type type, uint64_t word) {
  const uint64_t infinity = 0x7ff0000000000000, nan = 0x7ff8000000000000;
  if (is_float(type))
    return (word & ~TOP_BIT) > infinity ? nan : turn_real(word);
  return type == WEFT_U64 ? word ^ TOP_BIT : word;
}

static inline uint64_t of_order(enum weft_type type, uint64_t order) {
  return is_float(type) ? turn_real(order) : type == WEFT_U64 ? order ^ TOP_BIT : order;
}

static inline uint64_t word_at(const uint8_t *words, size_t i) {
  uint64_t word;
  memcpy(&word, words + i * sizeof word, sizeof word);
  return word;
}

/* Values of a type, at any alignment, as words: integers with their sign, floats as doubles. */
#define WIDEN(type, made_of)                               \
  for (size_t i = 0; i < n; i++) {                         \
    type value;                                            \
    memcpy(&value, from + i * sizeof value, sizeof value); \
    words[i] = made_of(value);                             \
  }                                                        \
  break
static void widen(enum weft_type type, const uint8_t *from, size_t n, uint64_t *words) {
  switch (type) {
  case WEFT_I8: WIDEN(int8_t, (uint64_t)(int64_t));
  case WEFT_I16: WIDEN(int16_t, (uint64_t)(int64_t));
  case WEFT_I32: WIDEN(int32_t, (uint64_t)(int64_t));
  case WEFT_U8: WIDEN(uint8_t, );
  case WEFT_U16: WIDEN(uint16_t, );
  case WEFT_U32: WIDEN(uint32_t, );
  case WEFT_F32: WIDEN(float, word_of);
  default: break;
  }
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

static double total_of(const uint64_t *sum) {
  double total = real_of(sum[0]);
  return total - total == 0 ? total + real_of(sum[1]) : total; /* no infinity: its error is a NaN */
}

/* By way of the magnitude: the low word of a small negative number is large. */
static double real_of_whole(const uint64_t *sum) {
  uint64_t minus = 0 - (sum[1] >> 63), low = (sum[0] ^ minus) - minus, high = (sum[1] ^ minus) + (minus & (low == 0));
  double magnitude = (double)high * 18446744073709551616.0 + (double)low;
  return minus ? -magnitude : magnitude;
}

/* ---- Cells ---- */

static uint64_t *cell_of(const weft_aggregate *a, size_t group) {
  return a->cells + (group << a->shift);
}

static void clear_cells(const weft_aggregate *a, uint64_t *cells, size_t n) {
  memset(cells, 0, (n << a->shift) * sizeof *cells);
  for (size_t i = 0; i < n && a->extremes_word; i++) {
    cells[(i << a->shift) + a->extremes_word] = INT64_MAX;
    cells[(i << a->shift) + a->extremes_word + 1] = TOP_BIT;
  }
}

/* A group's sum of integers in 128 bits; and the reverse. */
static void whole_sum(const weft_aggregate *a, size_t group, uint64_t *sum) {
  sum[0] = cell_of(a, group)[SUM_WORD];
  sum[1] = a->highs[group] - (a->type != WEFT_U64 ? sum[0] >> 63 : 0);
}

static void set_whole_sum(weft_aggregate *a, size_t group, const uint64_t *sum) {
  cell_of(a, group)[SUM_WORD] = sum[0];
  a->highs[group] = sum[1] + (a->type != WEFT_U64 ? sum[0] >> 63 : 0);
}

/* Adds a cell to a group, its sum (a double's, or of 128 bits) given apart. */
static void merge_cell(weft_aggregate *a, size_t group, const uint64_t *cell, const uint64_t *sum) {
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

/* Makes room for groups. */
static weft_status reserve(weft_ctx *ctx, const char *who, weft_aggregate *a, size_t groups) {
  if (groups >= WEFT_NO_ROW)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "%s: %zu groups, and at most %u can be", who, groups, WEFT_NO_ROW - 1);
  if (groups > a->room) {
    size_t grown = a->groups + a->groups / 2, room = groups < grown ? grown : groups;
    bool highs = a->kinds & ALL_SUMS && !is_float(a->type);
    uint64_t *cells;
    WEFT_TRY(weft__index_take(ctx, (room << a->shift) + (highs ? room : 0), sizeof *cells, &cells));
    if (a->groups > 0)
      memcpy(cells, a->cells, (a->groups << a->shift) * sizeof *cells);
    clear_cells(a, cells + (a->groups << a->shift), room - a->groups);
    if (highs) {
      uint64_t *to = cells + (room << a->shift);
      memset(to, 0, room * sizeof *to);
      if (a->groups > 0)
        memcpy(to, a->highs, a->groups * sizeof *to);
      a->highs = to;
    }
    (void)!weft_slab_free(a->slab, a->cells);
    a->cells = cells;
    a->room = room;
  }
  a->groups = groups > a->groups ? groups : a->groups;
  return WEFT_OK;
}

/* ---- Rows ---- */

/* n <= PIECE values without nulls, as words at any alignment, and their groups. */
struct piece {
  const uint8_t *words;
  const uint32_t *group;
  size_t n;
};

#define FOR_ROWS(a, p)                \
  const uint8_t *words = (p)->words;  \
  const uint32_t *group = (p)->group; \
  uint64_t *const cells = (a)->cells; \
  const unsigned shift = (a)->shift;  \
  for (size_t i = 0, n = (p)->n; i < n; i++)

static void count_rows(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    cells[((size_t)group[i] << shift) + COUNT_WORD]++;
  }
  (void)words;
}

static void sum_signed(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    uint64_t *cell = cells + ((size_t)group[i] << shift);
    int64_t value = (int64_t)word_at(words, i), sum;
    if (__builtin_expect(__builtin_add_overflow((int64_t)cell[SUM_WORD], value, &sum), 0))
      a->highs[group[i]] += value < 0 ? UINT64_MAX : 1;
    cell[SUM_WORD] = (uint64_t)sum;
    cell[COUNT_WORD]++;
  }
}

static void sum_unsigned(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    uint64_t *cell = cells + ((size_t)group[i] << shift);
    if (__builtin_expect(__builtin_add_overflow(cell[SUM_WORD], word_at(words, i), &cell[SUM_WORD]), 0))
      a->highs[group[i]]++;
    cell[COUNT_WORD]++;
  }
}

static void sum_reals(const weft_aggregate *a, const struct piece *p) {
  FOR_ROWS(a, p) {
    uint64_t *cell = cells + ((size_t)group[i] << shift);
    add_real(cell + SUM_WORD, real_of(word_at(words, i)));
    cell[COUNT_WORD]++;
  }
}

/* Whether a value is an extreme no predictor knows while groups are young: so both are written always. */
static inline void extremes_of(const weft_aggregate *a, enum weft_type type, const struct piece *p) {
  const uint64_t counted = !(a->kinds & ALL_SUMS);
  const size_t at = a->extremes_word;
  FOR_ROWS(a, p) {
    uint64_t *cell = cells + ((size_t)group[i] << shift);
    int64_t order = (int64_t)order_of(type, word_at(words, i));
    int64_t least = (int64_t)cell[at], greatest = (int64_t)cell[at + 1];
    cell[at] = (uint64_t)(order < least ? order : least);
    cell[at + 1] = (uint64_t)(order > greatest ? order : greatest);
    cell[COUNT_WORD] += counted;
  }
}

static void add_extremes(const weft_aggregate *a, const struct piece *p) {
  if (is_float(a->type))
    extremes_of(a, WEFT_F64, p);
  else if (a->type == WEFT_U64)
    extremes_of(a, WEFT_U64, p);
  else
    extremes_of(a, WEFT_I64, p);
}

static void add_to_groups(const weft_aggregate *a, const struct piece *p) {
  if (a->kinds & ALL_SUMS) {
    if (is_float(a->type))
      sum_reals(a, p);
    else if (a->type == WEFT_U64)
      sum_unsigned(a, p);
    else
      sum_signed(a, p);
  } else if (!a->extremes_word) {
    count_rows(a, p);
  }
  if (a->extremes_word)
    add_extremes(a, p);
}

/* The sum of a piece's words: of integers the halves apart, of signed ones after adding 2^63 to each, so that nothing
 * overflows; doubles in lanes, as an addition waits for the one before. */
static void sum_wholes(const struct piece *p, uint64_t flip, uint64_t *sum) {
  uint64_t low = 0, high = 0;
  for (size_t i = 0; i < p->n; i++) {
    uint64_t word = word_at(p->words, i) ^ flip;
    low += word & UINT32_MAX;
    high += word >> 32;
  }
  add_whole(sum, low, 0);
  add_whole(sum, high << 32, high >> 32);
  if (flip) /* n * 2^63 less */
    add_whole(sum, 0 - (uint64_t)p->n * flip, 0 - ((uint64_t)p->n + 1) / 2);
}

#define LANES 8
static void sum_lanes(const struct piece *p, uint64_t *sum) {
  double totals[LANES] = {0}, lost[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= p->n; i += LANES)
    for (unsigned k = 0; k < LANES; k++) {
      double real = real_of(word_at(p->words, i + k)), total = totals[k] + real, part = total - totals[k];
      lost[k] += (totals[k] - (total - part)) + (real - part);
      totals[k] = total;
    }
  for (unsigned k = 0; k < LANES; k++) {
    add_real(sum, totals[k]);
    sum[1] = word_of(real_of(sum[1]) + lost[k]);
  }
  for (; i < p->n; i++)
    add_real(sum, real_of(word_at(p->words, i)));
}

/* All rows in group 0: one cell is made of them. */
static void add_to_one(weft_ctx *ctx, weft_aggregate *a, const struct piece *p) {
  uint64_t cell[MOST_WORDS], sum[2] = {0}, order[PIECE];
  clear_cells(a, cell, 1);
  cell[COUNT_WORD] = p->n;
  if (a->kinds & ALL_SUMS && is_float(a->type))
    sum_lanes(p, sum);
  else if (a->kinds & ALL_SUMS)
    sum_wholes(p, a->type == WEFT_U64 ? 0 : TOP_BIT, sum);
  if (a->extremes_word && p->n > 0) {
    const void *words = p->words;
    uint64_t flip = a->type == WEFT_U64 ? 0 : TOP_BIT;
    for (size_t i = 0; i < p->n && is_float(a->type); i++) {
      order[i] = order_of(WEFT_F64, word_at(p->words, i));
      words = order;
    }
    struct simd_range range = ctx->kernels->codecs->range64(words, p->n, flip);
    cell[a->extremes_word] = range.min ^ flip ^ TOP_BIT;
    cell[a->extremes_word + 1] = range.max ^ flip ^ TOP_BIT;
  }
  merge_cell(a, 0, cell, sum);
}

static weft_status add_piece(weft_ctx *ctx, weft_aggregate *a, const struct weft_column *column, size_t first, size_t n,
                             const uint32_t *group, size_t n_groups) {
  const struct simd_codecs *codecs = ctx->kernels->codecs;
  uint32_t chosen[PIECE + SIMD_SLACK / sizeof(uint32_t)];
  struct flat flat;
  uint64_t greatest = group ? codecs->range32(group, n, 0).max : 0;
  if (greatest >= n_groups)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_aggregate_add: group %llu in rows %zu to %zu, and there are %zu groups",
                      (unsigned long long)greatest, first, first + n - 1, n_groups);
  WEFT_TRY(weft__flatten(ctx, column, first, n, true, &flat));
  if (group && flat.valid) {
    codecs->compact32(group, flat.valid, n, chosen);
    group = chosen;
  }
  uint64_t words[PIECE];
  struct piece piece = {.words = flat.data, .group = group, .n = flat.values};
  if (flat.width < sizeof *words && a->kinds != WEFT_COUNT) {
    widen(a->type, flat.data, flat.values, words);
    piece.words = (const uint8_t *)words;
  }
  if (n_groups == 1)
    add_to_one(ctx, a, &piece);
  else
    add_to_groups(a, &piece);
  weft__flat_close(ctx, &flat);
  return WEFT_OK;
}

/* ---- Calls ---- */

weft_status weft_aggregate_open(weft_ctx *ctx, enum weft_type type, uint32_t kinds, weft_aggregate **out) {
  static const char who[] = "weft_aggregate_open";
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL", who);
  if (kinds == 0 || (kinds & ~(uint32_t)ALL_KINDS) != 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: kinds 0x%x, and there are those of 0x%x", who, kinds, (unsigned)ALL_KINDS);
  bool numeric = type >= WEFT_I8 && type <= WEFT_F64;
  if (numeric ? is_float(type) && kinds & WEFT_SUM128 : type != WEFT_FIXED_BYTES || kinds != WEFT_COUNT)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: type %d cannot have all of the kinds 0x%x", who, (int)type, kinds);
  weft_aggregate *a = weft_zalloc(ctx, sizeof *a);
  if (!a)
    return ctx->cache.status;
  unsigned words = kinds & ALL_SUMS ? SUM_WORD + (is_float(type) ? 2 : 1) : SUM_WORD;
  if (kinds & EXTREMES) {
    a->extremes_word = words;
    words += 2;
  }
  while (1u << a->shift < words)
    a->shift++;
  a->slab = ctx->cache.slab;
  a->type = type;
  a->kinds = kinds;
  weft__slab_ref(a->slab);
  *out = a;
  return WEFT_OK;
}

/* What every call checks. */
static weft_status check(weft_ctx *ctx, const char *who, const weft_aggregate *a) {
  if (!a)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: aggregate is NULL", who);
  if (a->failed)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: a call before has failed", who);
  return WEFT_OK;
}

static weft_status check_slab(weft_ctx *ctx, const char *who, const weft_aggregate *a) {
  WEFT_TRY(check(ctx, who, a));
  if (ctx->cache.slab != a->slab)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: ctx is of another slab than the aggregate", who);
  return WEFT_OK;
}

weft_status weft_aggregate_add(weft_ctx *ctx, weft_aggregate *a, const struct weft_column *column, const uint32_t *group,
                               size_t n_groups) {
  static const char who[] = "weft_aggregate_add";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(check_slab(ctx, who, a));
  WEFT_TRY(weft__columns_check(ctx, who, column, 1));
  if (column->type != a->type)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: a column of type %d, and the aggregate's is %d", who, (int)column->type,
                      (int)a->type);
  if (column->rows > 0 && (n_groups == 0 || (!group && n_groups > 1)))
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s, and there are %zu rows", who, group ? "0 groups" : "group is NULL",
                      column->rows);
  WEFT_TRY(reserve(ctx, who, a, n_groups));
  ctx_enter(ctx);
  weft_status status = WEFT_OK;
  for (size_t first = 0; first < column->rows && status == WEFT_OK; first += PIECE) {
    size_t n = column->rows - first < PIECE ? column->rows - first : PIECE;
    status = add_piece(ctx, a, column, first, n, group ? group + first : NULL, n_groups);
  }
  a->failed = status != WEFT_OK;
  ctx_leave(ctx);
  return status;
}

weft_status weft_aggregate_merge(weft_ctx *ctx, weft_aggregate *into, weft_aggregate *from, const uint32_t *map,
                                 size_t n_groups) {
  static const char who[] = "weft_aggregate_merge";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(check_slab(ctx, who, into));
  WEFT_TRY(check(ctx, who, from));
  if (from == into || from->type != into->type || from->kinds != into->kinds)
    return weft__fail(ctx, WEFT_E_INVALID,
                      "%s: from is into, or of type %d and kinds 0x%x, and into of type %d and kinds 0x%x", who,
                      (int)from->type, from->kinds, (int)into->type, into->kinds);
  for (size_t g = 0; g < from->groups; g++)
    if ((map ? map[g] : g) >= n_groups)
      return weft__fail(ctx, WEFT_E_INVALID, "%s: group %zu goes to group %zu, and there are %zu groups", who, g,
                        map ? (size_t)map[g] : g, n_groups);
  WEFT_TRY(reserve(ctx, who, into, n_groups));
  ctx_enter(ctx);
  for (size_t g = 0; g < from->groups; g++) {
    uint64_t sum[2] = {0};
    const uint64_t *cell = cell_of(from, g);
    if (from->highs)
      whole_sum(from, g, sum);
    else if (from->kinds & ALL_SUMS)
      memcpy(sum, cell + SUM_WORD, sizeof sum);
    merge_cell(into, map ? map[g] : g, cell, sum);
  }
  ctx_leave(ctx);
  return WEFT_OK;
}

size_t weft_aggregate_groups(const weft_aggregate *a) {
  return a ? a->groups : 0;
}

/* An order word as a value of the type. */
static void write_value(enum weft_type type, uint64_t order, size_t g, void *out) {
  uint64_t word = of_order(type, order);
  switch (type) {
  case WEFT_I8:
  case WEFT_U8: ((uint8_t *)out)[g] = (uint8_t)word; break;
  case WEFT_I16:
  case WEFT_U16: ((uint16_t *)out)[g] = (uint16_t)word; break;
  case WEFT_I32:
  case WEFT_U32: ((uint32_t *)out)[g] = (uint32_t)word; break;
  case WEFT_F32: ((float *)out)[g] = (float)real_of(word); break;
  default: ((uint64_t *)out)[g] = word; break;
  }
}

/* Writes group g's sum, or what follows from it. False: it passes 64 bits. */
static bool write_sum(const weft_aggregate *a, enum weft_aggregate_kind kind, size_t g, void *out) {
  const uint64_t *cell = cell_of(a, g);
  uint64_t sum[2], sign;
  double total;
  if (is_float(a->type)) {
    total = total_of(cell + SUM_WORD);
    sum[0] = word_of(total);
    sum[1] = sign = 0;
  } else {
    whole_sum(a, g, sum);
    total = real_of_whole(sum);
    sign = is_signed(a->type) ? 0 - (sum[0] >> 63) : 0;
  }
  if (kind == WEFT_AVG)
    ((double *)out)[g] = cell[COUNT_WORD] > 0 ? total / (double)cell[COUNT_WORD] : 0;
  else if (kind == WEFT_SUM)
    ((uint64_t *)out)[g] = sum[0];
  else
    ((struct weft_int128 *)out)[g] = (struct weft_int128){sum[0], (int64_t)sum[1]};
  return kind != WEFT_SUM || sum[1] == sign;
}

static weft_status write_group(weft_ctx *ctx, const weft_aggregate *a, enum weft_aggregate_kind kind, size_t g, void *out) {
  const uint64_t *cell = cell_of(a, g);
  if (kind == WEFT_COUNT)
    ((uint64_t *)out)[g] = cell[COUNT_WORD];
  else if (kind & EXTREMES)
    write_value(a->type, cell[COUNT_WORD] == 0 ? order_of(a->type, 0) : cell[a->extremes_word + (kind == WEFT_MAX)], g,
                out);
  else if (!write_sum(a, kind, g, out))
    return weft__fail(ctx, WEFT_E_OVERFLOW, "weft_aggregate_finish: the sum of group %zu passes 64 bits", g);
  return WEFT_OK;
}

weft_status weft_aggregate_finish(weft_ctx *ctx, weft_aggregate *a, enum weft_aggregate_kind kind, void *out,
                                  uint8_t *valid) {
  static const char who[] = "weft_aggregate_finish";
  if (!ctx)
    return WEFT_E_INVALID;
  WEFT_TRY(check(ctx, who, a));
  uint32_t kept = WEFT_COUNT | (a->extremes_word ? EXTREMES : 0);
  if (a->kinds & ALL_SUMS)
    kept |= !is_float(a->type) ? ALL_SUMS : WEFT_SUM | WEFT_AVG;
  if (kind == 0 || ((uint32_t)kind & ((uint32_t)kind - 1)) != 0 || !(kept & (uint32_t)kind))
    return weft__fail(ctx, WEFT_E_INVALID, "%s: kind 0x%x is none of 0x%x, which are kept", who, (unsigned)kind, kept);
  if (!out && a->groups > 0)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: out is NULL, and there are %zu groups", who, a->groups);
  ctx_enter(ctx);
  weft_status status = WEFT_OK;
  if (valid)
    memset(valid, 0, (a->groups + 7) / 8);
  for (size_t g = 0; g < a->groups && status == WEFT_OK; g++) {
    bool has = kind == WEFT_COUNT || cell_of(a, g)[COUNT_WORD] > 0;
    if (valid)
      valid[g / 8] = (uint8_t)(valid[g / 8] | has << g % 8);
    status = write_group(ctx, a, kind, g, out);
  }
  ctx_leave(ctx);
  return status;
}

void weft_aggregate_free(weft_aggregate *a) {
  if (!a)
    return;
  weft_slab *slab = a->slab;
  (void)!weft_slab_free(slab, a->cells);
  (void)!weft_slab_free(slab, a);
  weft__slab_unref(slab);
}
