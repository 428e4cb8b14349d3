/* SPDX-License-Identifier: MIT
 *
 * Draws shapes: first the values that each key column may have, then keys as tuples of them, then rows as keys, then
 * columns of any layout that hold these rows. And the nested loops. Knows the public headers and guarded memory only.
 */
#include "shapes.h"

#include <math.h>
#include <stdio.h>

#include "suite.h"

#define MOST_KEYS (SHAPE_ROWS / 3) /* that one side draws its rows from */
#define MOST_TUPLES (2 * MOST_KEYS)
#define MOST_VALUES MOST_TUPLES
#define MOST_BYTES 300 /* of a value */

/* The values of one key column, on all sides. */
struct values {
  enum weft_type type;
  size_t width; /* of WEFT_FIXED_BYTES */
  size_t n;
  uint8_t memory[MOST_VALUES][MOST_BYTES];
  const uint8_t *bytes[MOST_VALUES];
  size_t lengths[MOST_VALUES];
  uint32_t classes[MOST_VALUES];
};

/* The keys that rows are drawn from: tuples[t][k] is a value of column k. */
struct tuples {
  size_t n;
  uint32_t list[MOST_TUPLES][SHAPE_KEYS];
};

static double as_double(enum weft_type type, const uint8_t *bytes) {
  float narrow;
  double wide;
  if (type == WEFT_F32) {
    memcpy(&narrow, bytes, sizeof narrow);
    return (double)narrow;
  }
  memcpy(&wide, bytes, sizeof wide);
  return wide;
}

/* An order in which exactly equal values compare as 0: floating-point numbers by value, with every NaN last, others by
 * length and bytes. */
static const struct values *ordered;
static int compare_values(const void *x, const void *y) {
  const struct values *v = ordered;
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  if (v->type == WEFT_F32 || v->type == WEFT_F64) {
    double p = as_double(v->type, v->bytes[a]), q = as_double(v->type, v->bytes[b]);
    if (isnan(p) || isnan(q))
      return isnan(p) - isnan(q);
    return (p > q) - (p < q);
  }
  if (v->lengths[a] != v->lengths[b])
    return v->lengths[a] < v->lengths[b] ? -1 : 1;
  return memcmp(v->bytes[a], v->bytes[b], v->lengths[a]);
}

static void classify(struct values *v) {
  uint32_t order[MOST_VALUES], class = 0;
  for (uint32_t i = 0; i < v->n; i++)
    order[i] = i;
  ordered = v;
  qsort(order, v->n, sizeof *order, compare_values);
  for (size_t i = 0; i < v->n; i++) {
    if (i > 0 && compare_values(&order[i - 1], &order[i]) != 0)
      class ++;
    v->classes[order[i]] = class;
  }
}

static const uint32_t f32_corners[] = {0,          0x80000000, 0x7fc00000, 0xffc00000, 0x7f800001, 0x7fffffff,
                                       0xff800001, 0x7f800000, 0xff800000, 1,          0x80000001, 0x3f800000};
static const uint64_t f64_corners[] = {0,
                                       0x8000000000000000,
                                       0x7ff8000000000000,
                                       0xfff8000000000000,
                                       0x7ff0000000000001,
                                       0x7fffffffffffffff,
                                       0xfff0000000000001,
                                       0x7ff0000000000000,
                                       0xfff0000000000000,
                                       1,
                                       0x8000000000000001,
                                       0x3ff0000000000000};
#define CORNERS 12

static void draw_float(struct rng *rng, enum weft_type type, enum shape_wish wish, uint8_t *to) {
  size_t corner = rng_upto(rng, CORNERS - 1), width = type == WEFT_F32 ? sizeof(float) : sizeof(double);
  do {
    if (rng_percent(rng, 60))
      memcpy(to, type == WEFT_F32 ? (const void *)&f32_corners[corner] : &f64_corners[corner], width);
    else
      rng_fill(rng, to, width);
    corner = 0;
  } while (wish == SHAPE_FOR_SQL && isnan(as_double(type, to)));
}

/* How the bytes of a column's values come about: numbers that count up; anything; all alike but for one byte. */
enum style { COUNTING, RANDOM, ONE_BYTE_OFF, STYLES };

static void draw_bytes(struct rng *rng, enum style style, size_t i, size_t length, uint8_t *to) {
  rng_fill(rng, to, style == RANDOM ? length : 0);
  if (style == COUNTING) {
    memset(to, 0, length);
    for (size_t k = 0; k < length && k < sizeof i; k++)
      to[k] = (uint8_t)(i >> 8 * k);
  } else if (style == ONE_BYTE_OFF) {
    memset(to, 'a', length);
    if (length > 0 && i > 0)
      to[rng_percent(rng, 30) ? length - 1 : rng_upto(rng, length - 1)] = (uint8_t)rng_upto(rng, 255);
  }
}

static size_t draw_string_length(struct rng *rng, size_t most) {
  static const size_t edges[] = {0, 1, 3, 4, 8, 11, 12, 13, 15, 16, 17, 31, 32, 33, 240, 241};
  size_t length = rng_percent(rng, 30) ? edges[rng_upto(rng, sizeof edges / sizeof *edges - 1)] : rng_upto(rng, most);
  return length < most ? length : most;
}

static void draw_values(struct rng *rng, enum shape_wish wish, size_t n, struct values *v) {
  static const size_t widths[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 32, 33, 40, 64, 65};
  static const size_t narrow[] = {0, 1, 3, 4, 8, 9, 15, 16};
  static const size_t longest[] = {3, 12, 16, 32, 40, 40, MOST_BYTES};
  v->type = (enum weft_type)(WEFT_I8 + rng_upto(rng, WEFT_STRING - WEFT_I8));
  if (rng_percent(rng, 25))
    v->type = WEFT_STRING;
  v->width = v->type == WEFT_FIXED_BYTES ? widths[rng_upto(rng, sizeof widths / sizeof *widths - 1)] : 0;
  v->n = n < MOST_VALUES ? n : MOST_VALUES;
  size_t most = longest[rng_upto(rng, sizeof longest / sizeof *longest - 1)];
  if (wish == SHAPE_NARROW) {
    v->width = v->width != 0 ? narrow[rng_upto(rng, sizeof narrow / sizeof *narrow - 1)] : 0;
    most = rng_percent(rng, 80) ? 16 : 20;
  }
  enum style style = (enum style)rng_upto(rng, STYLES - 1);
  for (size_t i = 0; i < v->n; i++) {
    size_t length = v->type == WEFT_STRING        ? draw_string_length(rng, most)
                    : v->type == WEFT_FIXED_BYTES ? v->width
                                                  : column_type_width(v->type);
    if (v->type == WEFT_F32 || v->type == WEFT_F64)
      draw_float(rng, v->type, wish, v->memory[i]);
    else
      draw_bytes(rng, style, i, length, v->memory[i]);
    v->bytes[i] = v->memory[i];
    v->lengths[i] = length;
  }
  classify(v);
}

/* Half of the keys of several columns differ from the one before in one column alone. */
static void draw_tuples(struct rng *rng, const struct values *values, size_t n_keys, size_t n, struct tuples *out) {
  out->n = n;
  for (size_t t = 0; t < n; t++) {
    bool near = n_keys > 1 && t > 0 && rng_percent(rng, 50);
    size_t changed = rng_upto(rng, n_keys - 1);
    for (size_t k = 0; k < n_keys; k++) {
      if (near && k != changed)
        out->list[t][k] = out->list[t - 1][k];
      else
        out->list[t][k] = (uint32_t)(k == 0 && !near ? t % values[k].n : rng_upto(rng, values[k].n - 1));
    }
  }
}

/* Any layout that the type may have; few nulls mostly, as a key is null when one column is. */
static struct column_spec draw_spec(struct rng *rng, const struct values *values, size_t rows) {
  struct column_spec spec = column_spec_draw(rng, rows);
  static const unsigned percents[] = {1, 5, 20, 100};
  spec.layout = values->type == WEFT_STRING
                    ? (enum weft_layout)(WEFT_OFFSETS32 + rng_upto(rng, WEFT_VIEWS - WEFT_OFFSETS32))
                    : WEFT_FIXED;
  spec.type = values->type;
  spec.length = values->width;
  spec.null_percent = percents[rng_percent(rng, 5) ? 3 : rng_upto(rng, 2)];
  spec.base_nulls = rng_percent(rng, 25);
  spec.row_nulls = rng_percent(rng, 25);
  return spec;
}

/* The tuples of a side's rows: first[0 .. n) of them, at random, or each in turn. */
static void draw_rows(struct rng *rng, size_t first, size_t n, bool in_turn, size_t rows, uint32_t *out) {
  for (size_t i = 0; i < rows; i++)
    out[i] = (uint32_t)(first + (in_turn ? i % n : rng_upto(rng, n - 1)));
}

static void lay_side(struct guard_pool *pool, struct rng *rng, const struct values *values, const struct tuples *tuples,
                     const uint32_t *tuple_of_row, size_t n_keys, struct side *side) {
  for (size_t k = 0; k < n_keys; k++) {
    struct column_values list = {.n = values[k].n, .bytes = values[k].bytes, .lengths = values[k].lengths};
    struct column_spec spec = draw_spec(rng, &values[k], side->rows);
    struct test_column truth;
    uint32_t picks[SHAPE_ROWS];
    for (size_t i = 0; i < side->rows; i++)
      picks[i] = tuples->list[tuple_of_row[i]][k];
    spec.values = &list;
    spec.picks = picks;
    column_build(pool, rng, &spec, &truth);
    side->truth[k] = truth;
    side->keys[k] = truth.column;
    for (size_t i = 0; i < side->rows; i++)
      side->classes[k][i] = truth.nulls[i] ? NULL_CLASS : values[k].classes[picks[i]];
  }
}

/* Mostly few rows; every power of two up to 4096, one less and one more. */
static size_t draw_row_count(struct rng *rng) {
  if (rng_percent(rng, 8))
    return rng_upto(rng, 1);
  if (rng_percent(rng, 35))
    return ((size_t)1 << rng_upto(rng, 12)) + rng_upto(rng, 2) - 1;
  return rng_percent(rng, 2) ? rng_upto(rng, SHAPE_ROWS) : rng_upto(rng, 150);
}

static uint64_t draw_key_mask(struct rng *rng) {
  static const uint64_t masks[] = {0xf, UINT64_C(0xf) << 60, UINT64_C(0xf00000000000000f), UINT64_C(3) << 40, 0};
  return rng_percent(rng, 50) ? UINT64_MAX : masks[rng_upto(rng, sizeof masks / sizeof *masks - 1)];
}

static void write_text(const struct values *values, struct shape *out) {
  static const char *const types[] = {"none", "i8",  "i16", "i32", "i64",   "u8",    "u16",
                                      "u32",  "u64", "f32", "f64", "bytes", "string"};
  int at = snprintf(out->text, sizeof out->text, "%zu keys", out->n_keys);
  for (size_t k = 0; k < out->n_keys; k++)
    at += snprintf(out->text + at, sizeof out->text - (size_t)at, " %s:%s/%s", types[values[k].type],
                   column_layout_name(out->build.keys[k].layout), column_layout_name(out->probes[0].keys[k].layout));
}

void shape_draw(struct guard_pool *build_pool, struct guard_pool *probe_pool, size_t i, enum shape_wish wish,
                struct shape *out) {
  static struct values values[SHAPE_KEYS];
  static struct tuples tuples;
  static uint32_t rows[SHAPE_ROWS];
  struct rng *rng = &out->rng;
  out->seed = rng->state = rng_case_seed(i);
  out->key_mask = draw_key_mask(rng);
  out->n_keys = rng_percent(rng, 50) ? 1 : 1 + rng_upto(rng, SHAPE_KEYS - 1);
  if (wish == SHAPE_NARROW)
    out->n_keys = 2 + rng_upto(rng, SHAPE_KEYS - 2);
  guard_reset(build_pool, 0);
  guard_reset(probe_pool, 0);

  struct side *sides[] = {&out->build, &out->probes[0], &out->probes[1]};
  static const size_t keys[] = {1, 3, 8, 40, 200, MOST_KEYS};
  size_t n = keys[rng_upto(rng, sizeof keys / sizeof *keys - 1)];
  bool in_turn = rng_percent(rng, 40); /* with many keys: each build row has its own */
  for (size_t s = 0; s < 3; s++) {
    sides[s]->rows = draw_row_count(rng);
    if (out->key_mask != UINT64_MAX && rng_percent(rng, 96)) /* where keys collide, the work is quadratic */
      sides[s]->rows %= 150;
  }
  for (size_t s = 1; s < 3; s++)
    while (sides[0]->rows * sides[s]->rows > 1000000 || sides[0]->rows * sides[s]->rows / n > 50000 /* pairs */)
      sides[s]->rows /= 2;
  for (size_t k = 0; k < out->n_keys; k++)
    draw_values(rng, wish, k == 0 || rng_percent(rng, 50) ? 2 * n : 1 + rng_upto(rng, 5), &values[k]);
  draw_tuples(rng, values, out->n_keys, 2 * n, &tuples);
  for (size_t s = 0; s < 3; s++) { /* probe rows may have keys that no build row has, and the other way around */
    size_t first = s == 0 ? 0 : rng_upto(rng, rng_percent(rng, 60) ? n / 10 : n);
    draw_rows(rng, first, n, in_turn, sides[s]->rows, rows);
    lay_side(s == 0 ? build_pool : probe_pool, rng, values, &tuples, rows, out->n_keys, sides[s]);
  }
  write_text(values, out);
  guard_case =
      (struct guard_case){.what = out->text, .rows = out->build.rows, .length = out->probes[0].rows, .seed = out->seed};
}

bool rows_match(const struct shape *shape, const struct side *a, size_t row_a, const struct side *b, size_t row_b) {
  for (size_t k = 0; k < shape->n_keys; k++)
    if (a->classes[k][row_a] == NULL_CLASS || a->classes[k][row_a] != b->classes[k][row_b])
      return false;
  return true;
}

void pairs_add(struct pairs *pairs, uint32_t build, uint32_t probe) {
  if (pairs->n == pairs->capacity) {
    pairs->capacity = 2 * pairs->capacity + 1000;
    pairs->build = realloc(pairs->build, pairs->capacity * sizeof *pairs->build);
    pairs->probe = realloc(pairs->probe, pairs->capacity * sizeof *pairs->probe);
    ck_assert(pairs->build && pairs->probe);
  }
  pairs->build[pairs->n] = build;
  pairs->probe[pairs->n++] = probe;
}

void pairs_free(struct pairs *pairs) {
  free(pairs->build);
  free(pairs->probe);
  *pairs = (struct pairs){.n = 0};
}

/* Whether a mark join cannot tell that a row without a match has none. */
static bool is_unknown(const struct shape *shape, const struct side *probe, size_t row) {
  bool null = false;
  for (size_t k = 0; k < shape->n_keys; k++) {
    null |= probe->classes[k][row] == NULL_CLASS;
    for (size_t b = 0; b < shape->build.rows; b++)
      null |= shape->build.classes[k][b] == NULL_CLASS;
  }
  return null && shape->build.rows > 0;
}

void naive_join(const struct shape *shape, const struct side *probe, enum weft_join_kind kind, bool *matched,
                struct pairs *out) {
  bool every = kind <= WEFT_JOIN_FULL;
  bool lonely = kind == WEFT_JOIN_LEFT || kind == WEFT_JOIN_FULL || kind == WEFT_JOIN_ANTI;
  out->n = 0;
  for (uint32_t row = 0; row < probe->rows; row++) {
    bool found = false;
    for (uint32_t build = 0; build < shape->build.rows; build++) {
      if (!rows_match(shape, &shape->build, build, probe, row))
        continue;
      matched[build] = true;
      if (every || ((kind == WEFT_JOIN_SEMI || kind == WEFT_JOIN_MARK) && !found))
        pairs_add(out, build, row);
      found = true;
    }
    if (!found && lonely)
      pairs_add(out, WEFT_NO_ROW, row);
    if (!found && kind == WEFT_JOIN_MARK)
      pairs_add(out, is_unknown(shape, probe, row) ? WEFT_UNKNOWN_ROW : WEFT_NO_ROW, row);
  }
}

void naive_unmatched(const struct shape *shape, const bool *matched, struct pairs *out) {
  out->n = 0;
  for (uint32_t row = 0; row < shape->build.rows; row++)
    if (!matched[row])
      pairs_add(out, row, WEFT_NO_ROW);
}

void naive_lookup(const struct shape *shape, const struct side *probe, uint32_t *first_row) {
  for (size_t row = 0; row < probe->rows; row++) {
    first_row[row] = WEFT_NO_ROW;
    for (uint32_t build = 0; build < shape->build.rows && first_row[row] == WEFT_NO_ROW; build++)
      if (rows_match(shape, &shape->build, build, probe, row))
        first_row[row] = build;
  }
}

static bool same_group(const struct shape *shape, const struct side *side, size_t a, size_t b) {
  for (size_t k = 0; k < shape->n_keys; k++)
    if (side->classes[k][a] != side->classes[k][b])
      return false;
  return true;
}

size_t naive_group(const struct shape *shape, const struct side *side, uint32_t *group, uint32_t *first_row) {
  size_t groups = 0;
  for (size_t row = 0; row < side->rows; row++) {
    size_t g = 0;
    while (g < groups && !same_group(shape, side, row, first_row[g]))
      g++;
    if (g == groups)
      first_row[groups++] = (uint32_t)row;
    group[row] = (uint32_t)g;
  }
  return groups;
}
