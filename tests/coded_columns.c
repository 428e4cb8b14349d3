/* SPDX-License-Identifier: MIT
 *
 * Draws columns for codecs: numbers of a shape, made values of a type, laid out by columns.c, with nulls.
 */
#include <stdio.h>

#include "coded.h"

/* The numbers of a column as they come. */
struct numbers {
  struct rng *rng;
  enum value_shape shape;
  unsigned bits; /* of a value */
  uint64_t base, last, step, few[40];
  size_t left, distinct; /* rows left of a run */
  unsigned small;        /* bits */
};

static uint64_t low_bits(unsigned bits) {
  return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t extreme(struct rng *rng, unsigned bits) {
  uint64_t top = UINT64_C(1) << (bits - 1);
  const uint64_t words[] = {0, 1, 2, top - 1, top, top + 1, low_bits(bits) - 1, low_bits(bits)};
  return words[rng_upto(rng, sizeof words / sizeof *words - 1)];
}

static struct numbers numbers_of(struct rng *rng, enum value_shape shape, unsigned bits) {
  static const uint64_t steps[] = {0, 1, 7, 1000, UINT64_C(1) << 40};
  struct numbers numbers = {.rng = rng, .shape = shape, .bits = bits};
  numbers.base = rng_percent(rng, 30) ? extreme(rng, bits) : rng_next(rng);
  numbers.last = numbers.base;
  numbers.step = steps[rng_upto(rng, 4)];
  numbers.small = (unsigned)rng_upto(rng, bits);
  static const size_t distinct[] = {1, 2, 3, 17, 40};
  numbers.distinct = distinct[rng_upto(rng, 4)];
  for (size_t i = 0; i < numbers.distinct; i++)
    numbers.few[i] = rng_next(rng);
  return numbers;
}

static uint64_t next_number(struct numbers *numbers) {
  struct rng *rng = numbers->rng;
  switch (numbers->shape) {
  case SHAPE_CONSTANT: return numbers->base;
  case SHAPE_SMALL: return numbers->base + (rng_next(rng) & low_bits(numbers->small));
  case SHAPE_ASCENDING: return numbers->last += rng_upto(rng, numbers->step);
  case SHAPE_WALK: return numbers->last += rng_upto(rng, 2 * numbers->step) - numbers->step;
  case SHAPE_RUNS:
    if (numbers->left-- == 0) {
      numbers->left = rng_upto(rng, 3 * numbers->distinct);
      numbers->last = numbers->few[rng_upto(rng, numbers->distinct - 1)] + rng_upto(rng, numbers->step);
    }
    return numbers->last;
  case SHAPE_FEW: return numbers->few[rng_upto(rng, numbers->distinct - 1)];
  case SHAPE_OUTLIERS: return rng_percent(rng, 2) ? rng_next(rng) : numbers->base + (rng_next(rng) & 31);
  case SHAPE_EXTREMES: return extreme(rng, numbers->bits);
  default: return rng_next(rng);
  }
}

static double fraction(uint64_t number) {
  return (double)(int64_t)(number % 1000003) / 8;
}

/* Floats whose bits codecs may not touch: both zeros, infinities, the least and greatest, NaNs of both kinds and signs. */
static void put_f64(uint64_t number, enum value_shape shape, uint8_t *to) {
  static const uint64_t odd[] = {0,
                                 UINT64_C(1) << 63,
                                 0x7ff0000000000000,
                                 0xfff0000000000000,
                                 0x7ff0000000000001,
                                 0x7ff8000000000000,
                                 0xfff8dead0000beef,
                                 1,
                                 0x7fefffffffffffff};
  double plain = fraction(number);
  uint64_t bits = shape == SHAPE_EXTREMES ? odd[number % 9] : number;
  memcpy(to, shape >= SHAPE_EXTREMES ? (const void *)&bits : (const void *)&plain, 8);
}

static void put_f32(uint64_t number, enum value_shape shape, uint8_t *to) {
  static const uint32_t odd[] = {0, 0x80000000, 0x7f800000, 0xff800000, 0x7f800001, 0x7fc00000, 0xffc0beef, 1, 0x7f7fffff};
  float plain = (float)fraction(number);
  uint32_t bits = shape == SHAPE_EXTREMES ? odd[number % 9] : (uint32_t)number;
  memcpy(to, shape >= SHAPE_EXTREMES ? (const void *)&bits : (const void *)&plain, 4);
}

static void put_integer(uint64_t number, size_t width, uint8_t *to) {
  uint8_t word8 = (uint8_t)number;
  uint16_t word16 = (uint16_t)number;
  uint32_t word32 = (uint32_t)number;
  memcpy(to,
         width == 1   ? (const void *)&word8
         : width == 2 ? (const void *)&word16
         : width == 4 ? (const void *)&word32
                      : (const void *)&number,
         width);
}

/* The bytes of a value, at most MOST(spec), at `to`. */
static size_t put_value(const struct coded_spec *spec, uint64_t number, uint8_t *to) {
  size_t width = column_type_width(spec->type);
  struct rng own = {number};
  if (spec->type == WEFT_STRING)
    width = rng_percent(&own, 2) ? rng_upto(&own, 4 * spec->width) : rng_upto(&own, spec->width);
  else if (spec->type == WEFT_FIXED_BYTES)
    width = spec->width;
  if (spec->type == WEFT_F32)
    put_f32(number, spec->values, to);
  else if (spec->type == WEFT_F64)
    put_f64(number, spec->values, to);
  else if (spec->type < WEFT_F32)
    put_integer(number, width, to);
  else
    rng_fill(&own, to, width);
  return width;
}

static size_t most_bytes(const struct coded_spec *spec) {
  return spec->type == WEFT_STRING ? 4 * spec->width : spec->type == WEFT_FIXED_BYTES ? spec->width : 8;
}

/* Equal numbers share a value, as far as they are neighbours or the first of all. */
static void draw_values(struct guard_pool *pool, struct rng *rng, const struct coded_spec *spec,
                        struct column_values *values, uint32_t *picks) {
  size_t most = most_bytes(spec), rows = spec->rows > 0 ? spec->rows : 1, used = 0;
  uint8_t *room = guard_take(pool, GUARD_HIGH, rows * most, 0, NULL);
  const uint8_t **bytes = guard_take(pool, GUARD_HIGH, rows * sizeof *bytes, 0, NULL);
  size_t *lengths = guard_take(pool, GUARD_HIGH, rows * sizeof *lengths, 0, NULL), width = column_type_width(spec->type);
  uint64_t *known = guard_take(pool, GUARD_HIGH, rows * sizeof *known, 0, NULL);
  struct numbers numbers = numbers_of(rng, spec->values, width > 0 ? (unsigned)(8 * width) : 64);
  values->n = 0;
  for (size_t i = 0; i < rows; i++) {
    uint64_t number = spec->n_given > 0 ? spec->given[i % spec->n_given] : next_number(&numbers);
    size_t n = values->n, same = n > 0 && known[n - 1] == number ? n - 1 : 0;
    if (n == 0 || known[same] != number) {
      known[n] = number;
      bytes[n] = room + used;
      lengths[n] = put_value(spec, number, room + used);
      used += lengths[n];
      same = values->n++;
    }
    if (i < spec->rows)
      picks[i] = (uint32_t)same;
  }
  values->bytes = bytes;
  values->lengths = lengths;
}

static bool is_null(struct rng *rng, enum null_shape shape, size_t i, size_t rows, bool before) {
  switch (shape) {
  case NULLS_ARE_ALL: return true;
  case NULLS_ARE_MANY: return rng_percent(rng, 40);
  case NULLS_ARE_RARE: return rng_percent(rng, 1);
  case NULLS_ARE_RUNS: return rng_percent(rng, 3) ? !before : before;
  case NULLS_ARE_ONE: return i == rows / 2;
  case NULLS_ARE_ALL_BUT_ONE: return i != rows / 3;
  default: return false;
  }
}

/* Nulls over rows that have values all the same, which no one may see. */
static void add_nulls(struct guard_pool *pool, struct rng *rng, enum null_shape shape, struct test_column *column) {
  size_t rows = column->rows, offset = rng_percent(rng, 50) ? 0 : rng_upto(rng, 100);
  uint8_t *bits = guard_take(pool, GUARD_HIGH, (offset + rows + 7) / 8, 0, rng);
  bool null = false;
  for (size_t i = 0; i < rows; i++) {
    size_t bit = i + offset;
    null = is_null(rng, shape, i, rows, null);
    bits[bit / 8] = (uint8_t)(null ? bits[bit / 8] & ~(1 << bit % 8) : bits[bit / 8] | 1 << bit % 8);
    column->nulls[i] = null;
    column->bytes[i] = null ? NULL : column->bytes[i];
    column->lengths[i] = null ? 0 : column->lengths[i];
  }
  column->column = weft_column_with_validity(column->column, bits, offset);
}

void coded_build(struct guard_pool *pool, struct rng *rng, const struct coded_spec *spec, struct test_column *out) {
  uint32_t *picks = guard_take(pool, GUARD_HIGH, spec->rows * sizeof *picks, 0, NULL);
  struct column_values values;
  draw_values(pool, rng, spec, &values, picks);
  struct column_spec drawn = column_spec_draw(rng, spec->rows);
  drawn.layout = spec->type != WEFT_STRING ? WEFT_FIXED
                 : spec->plain             ? WEFT_OFFSETS32
                                           : (enum weft_layout)(WEFT_OFFSETS32 + rng_upto(rng, 3));
  drawn.type = spec->type;
  drawn.length = spec->width;
  drawn.selection = spec->plain ? CHOICE_NONE : drawn.selection;
  drawn.base_nulls = spec->nulls == NULLS_ARE_WILD;
  drawn.row_nulls = spec->nulls == NULLS_ARE_WILD && rng_percent(rng, 50);
  drawn.values = &values;
  drawn.picks = picks;
  column_build(pool, rng, &drawn, out);
  if (spec->nulls != NULLS_ARE_NONE && spec->nulls != NULLS_ARE_WILD)
    add_nulls(pool, rng, spec->nulls, out);
}

struct coded_spec coded_spec_draw(struct rng *rng, size_t rows) {
  static const uint16_t widths[] = {0, 1, 2, 3, 4, 5, 8, 16, 17};
  struct coded_spec spec = {.rows = rows};
  spec.type = (enum weft_type)(WEFT_I8 + rng_upto(rng, WEFT_STRING - WEFT_I8));
  if (spec.type == WEFT_STRING)
    spec.width = rng_percent(rng, 10) ? 200 : rng_upto(rng, 30);
  else if (spec.type == WEFT_FIXED_BYTES)
    spec.width = rng_percent(rng, 4) ? 1000 : widths[rng_upto(rng, 8)];
  spec.values = (enum value_shape)rng_upto(rng, VALUE_SHAPES - 1);
  spec.nulls = rng_percent(rng, 40) ? NULLS_ARE_NONE : (enum null_shape)rng_upto(rng, NULL_SHAPES - 1);
  spec.plain = rng_percent(rng, 30);
  return spec;
}

struct weft_encode_options coded_options_draw(struct rng *rng) {
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  if (rng_percent(rng, 60))
    for (int i = 0; i < WEFT_CODEC_DEPTH; i++)
      options.codec[i] = (uint8_t)rng_upto(rng, WEFT_CODEC_SPLIT);
  options.sorted_dictionary = rng_percent(rng, 50);
  options.zones = rng_percent(rng, 50);
  options.dictionary_rows = rng_percent(rng, 70) ? options.dictionary_rows : (uint32_t)rng_upto(rng, 30);
  return options;
}

const char *coded_type_name(enum weft_type type) {
  static const char *const names[] = {"none", "i8",  "i16", "i32", "i64",   "u8",    "u16",
                                      "u32",  "u64", "f32", "f64", "bytes", "string"};
  return (size_t)type < sizeof names / sizeof *names ? names[type] : "unknown";
}

const char *coded_spec_text(const struct coded_spec *spec) {
  static const char *const shapes[] = {"constant", "small",    "ascending", "walk", "runs",
                                       "few",      "outliers", "extremes",  "any"};
  static const char *const nulls[] = {"no", "all", "many", "rare", "runs of", "one", "all but one", "wild"};
  static char text[120];
  snprintf(text, sizeof text, "%s(%zu) %s, %s nulls%s", coded_type_name(spec->type), spec->width, shapes[spec->values],
           nulls[spec->nulls], spec->plain ? ", plain" : "");
  return text;
}
