/* SPDX-License-Identifier: MIT
 *
 * The checks of kernels that hash rows of a column, many or few, of 64, 32 and 128 bits: columns of every layout in guarded
 * memory, hashed whole and in parts. Which rows such a kernel does in which way is its own affair: of what is here, much is
 * made so that a choice by some rows is wrong for others, and nothing asks what was chosen.
 */
#include "checks.h"

#include <check.h>

#include "batches.h"
#include "columns.h"
#include "hash_kernels.h"
#include "length_edges.h"

static struct guard_pool pool;

/* Hashes rows first .. first + n of a column, which are the rows from .. from + n of the truth. */
static void check_part(const struct hash_kernel *k, struct rng *rng, const struct test_column *truth,
                       const struct simd_column *column, size_t first, size_t from, size_t n, enum guard_side side) {
  size_t kept = pool.taken;
  struct simd_rows batch = batch_take(&pool, rng, n);
  const struct hash_rows rows = {.rows = n,
                                 .bytes = truth->bytes + from,
                                 .lengths = truth->lengths + from,
                                 .nulls = truth->nulls + from,
                                 .batch = &batch,
                                 .column = column,
                                 .first = first,
                                 .side = side};
  guard_case.rows = n;
  hash_kernel_check(k, &pool, rng, &rows);
  guard_reset(&pool, kept);
}

/* Hashes all rows of a column; every other time as those behind rows that are not there, which nobody may then read.
 * Without a selection its nulls are those of the layout's rows, or of the rows, which are the same. */
static void check_all(const struct hash_kernel *k, struct rng *rng, const struct test_column *truth, enum guard_side side) {
  size_t first = rng_percent(rng, 50) ? 0 : rng_upto(rng, 200);
  struct simd_column column = kernel_view(&truth->column);
  if (!column.selection && rng_percent(rng, 50)) {
    column.row_validity = column.base_validity, column.row_bit_offset = column.base_bit_offset;
    column.base_validity = NULL;
  }
  column = kernel_view_behind(column, first);
  check_part(k, rng, truth, &column, first, 0, truth->rows, side);
}

static void build(const struct hash_kernel *k, uint64_t seed, struct rng *rng, const struct column_spec *spec,
                  struct test_column *truth) {
  guard_reset(&pool, 0);
  column_build(&pool, rng, spec, truth);
  guard_case = (struct guard_case){.what = k->what, .isa = k->isa, .length = truth->longest, .seed = seed};
}

static void check_spec(const struct hash_kernel *k, uint64_t seed, struct rng *rng, const struct column_spec *spec) {
  struct test_column truth;
  build(k, seed, rng, spec, &truth);
  check_all(k, rng, &truth, spec->side);
}

/* A column of some layout of which all else is drawn. */
static void check_drawn(const struct hash_kernel *k, size_t i, enum weft_layout layout, size_t rows) {
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  struct column_spec spec = column_spec_draw(&rng, rows);
  spec.layout = layout;
  check_spec(k, seed, &rng, &spec);
}

static void equals_the_reference_at_every_row_count_of_every_layout(const struct hash_kernel *k) {
  for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++) {
    for (size_t rows = 0; rows <= 70; rows = rng_count_after(rows))
      check_drawn(k, rows, (enum weft_layout)layout, rows);
    for (size_t rows = 1023; rows <= 1025; rows++)
      check_drawn(k, rows + (size_t)layout, (enum weft_layout)layout, rows);
  }
}

/* All rows of one length: few enough to be done one by one, and more. */
static void check_length(const struct hash_kernel *k, size_t length, enum weft_layout layout, size_t most_rows) {
  uint64_t seed = rng_case_seed(length);
  struct rng rng = {seed};
  struct column_spec spec = {.layout = layout,
                             .type = WEFT_FIXED_BYTES,
                             .rows = rng_upto(&rng, most_rows),
                             .lengths = LENGTHS_EQUAL,
                             .length = length,
                             .side = (length + (size_t)layout) % 2 ? GUARD_LOW : GUARD_HIGH,
                             .scattered = true};
  check_spec(k, seed, &rng, &spec);
}

static void equals_the_reference_at_every_length_in_every_layout(const struct hash_kernel *k) {
  static const size_t longer[] = {385, 512, 513, 1024, 1025, 4095, 4096, 65535, 65536, 65537, 65536 + 12, 65536 + 100};
  for (size_t length = 0; length <= 300; length = rng_count_after(length))
    for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++)
      check_length(k, length, (enum weft_layout)layout, 40);
  for (size_t i = 0; i < sizeof longer / sizeof *longer; i++)
    check_length(k, longer[i], (enum weft_layout)(WEFT_FIXED + i % 5), 20);
}

/* Which length the rows have, by their place. A kernel that judges by some rows (take_sample of simd/kernels/column.h,
 * of plain batches from SIMD_FEW rows on) takes two runs of neighbours, a third of the way and two thirds through: here
 * those are apart from all others, or from rows of any length; wherever else it may look, runs of rows of one length
 * mislead it. Were fewer rows marked than the kernel takes, it would see the others too and not be misled, so that marks
 * are of every size of its. */
enum pattern { SAMPLED_APART, SAMPLED_AMONG_ALL, RISING, FALLING, RUNS, PATTERNS };
static const uint8_t sampled_runs[] = {16, 24, 32};

static bool is_sampled(size_t i, size_t n, size_t run) {
  size_t half = run / 2;
  return (i + half >= n / 3 && i < n / 3 + half) || (i + half >= 2 * n / 3 && i < 2 * n / 3 + half);
}

/* Draws picks[n], numbers of length_edges. */
static void draw_picks(struct rng *rng, enum pattern pattern, size_t n, uint32_t *picks) {
  size_t some = rng_upto(rng, LENGTH_EDGES - 1), other = rng_upto(rng, LENGTH_EDGES - 1), run = rng_upto(rng, 24);
  size_t sampled = sampled_runs[rng_upto(rng, sizeof sampled_runs - 1)];
  for (size_t i = 0; i < n; i++) {
    size_t any = rng_upto(rng, LENGTH_EDGES - 1), pick = some;
    switch (pattern) {
    case SAMPLED_APART: pick = is_sampled(i, n, sampled) ? some : other; break;
    case SAMPLED_AMONG_ALL: pick = is_sampled(i, n, sampled) ? some : any; break;
    case RISING: pick = i * LENGTH_EDGES / n; break;
    case FALLING: pick = LENGTH_EDGES - 1 - i * LENGTH_EDGES / n; break;
    default: /* RUNS */
      if (run-- == 0)
        some = any, run = rng_upto(rng, 24);
    }
    picks[i] = (uint32_t)pick;
  }
}

/* plain: without nulls and selection, as those batches are that are sampled. */
#define PATTERN_ROWS 1100
static void check_pattern(const struct hash_kernel *k, size_t i, enum weft_layout layout, enum pattern pattern, size_t rows,
                          bool plain) {
  static uint8_t text[LENGTH_EDGES + 300];
  const uint8_t *bytes[LENGTH_EDGES];
  size_t lengths[LENGTH_EDGES];
  uint32_t picks[PATTERN_ROWS];
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  rng_fill(&rng, text, sizeof text);
  for (size_t e = 0; e < LENGTH_EDGES; e++)
    bytes[e] = text + e, lengths[e] = length_edges[e];
  draw_picks(&rng, pattern, rows, picks);
  const struct column_values values = {.n = LENGTH_EDGES, .bytes = bytes, .lengths = lengths};
  struct column_spec spec = column_spec_draw(&rng, rows);
  spec.layout = layout, spec.values = &values, spec.picks = picks;
  spec.selection = plain || rng_percent(&rng, 80) ? CHOICE_NONE : spec.selection;
  spec.base_nulls = !plain && rng_percent(&rng, 20);
  check_spec(k, seed, &rng, &spec);
}

static void equals_the_reference_where_some_rows_mislead_about_others(const struct hash_kernel *k) {
  for (int layout = WEFT_OFFSETS32; layout <= WEFT_VIEWS; layout++) {
    for (size_t i = 0; i < 150; i++)
      check_pattern(k, i, (enum weft_layout)layout, (enum pattern)(i % PATTERNS), 8 + i, false);
    for (size_t i = 0; i < 150; i++)
      check_pattern(k, i, (enum weft_layout)layout, (enum pattern)(i % PATTERNS), SIMD_FEW + 2 * i, true);
    for (size_t i = 0; i < PATTERNS; i++)
      check_pattern(k, i, (enum weft_layout)layout, (enum pattern)i, 1000 + 20 * i, true);
  }
}

/* Values of one width. shape: which of four selections and four ways of nulls; SHAPES: drawn. */
#define SHAPES 16
static void check_width(const struct hash_kernel *k, size_t i, size_t width, size_t rows, size_t shape) {
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  struct column_spec spec = column_spec_draw(&rng, rows);
  spec.layout = WEFT_FIXED;
  spec.type = WEFT_FIXED_BYTES;
  spec.length = width;
  if (shape < SHAPES) {
    spec.selection = (enum choice)(shape / 4);
    spec.base_nulls = shape & 1;
    spec.row_nulls = shape & 2;
  }
  check_spec(k, seed, &rng, &spec);
}

static void equals_the_reference_on_every_fixed_width(const struct hash_kernel *k) {
  static const size_t keys[] = {1, 2, 4, 8, 16};
  for (size_t width = 0; width <= 40; width++)
    for (size_t shape = 0; shape < SHAPES; shape++) {
      struct rng rng = {rng_case_seed(width * SHAPES + shape)};
      check_width(k, width, width, rng_upto(&rng, 80), shape);
    }
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    for (size_t rows = 0; rows <= 130; rows = rng_count_after(rows))
      check_width(k, rows, keys[i], rows, SHAPES);
    for (size_t shape = 0; shape < SHAPES; shape += 5)
      for (size_t rows = 1023; rows <= 1025; rows++)
        check_width(k, rows, keys[i], rows, shape);
  }
}

/* Puts garbage into all elements of an array but first .. first + n. */
static void spoil_array(struct rng *rng, const void *array, size_t element_bytes, size_t elements, size_t first, size_t n) {
  uint8_t *p = (uint8_t *)(uintptr_t)array;
  rng_fill(rng, p, first * element_bytes);
  rng_fill(rng, p + (first + n) * element_bytes, (elements - first - n) * element_bytes);
}

/* Makes garbage of all rows but first .. first + n: wild addresses, lengths, offsets, views, numbers of rows. */
static void spoil_others(struct rng *rng, const struct test_column *truth, size_t first, size_t n) {
  const struct weft_column *c = &truth->column;
  size_t rows = truth->rows;
  if (c->selection) {
    spoil_array(rng, c->selection, sizeof *c->selection, rows, first, n);
    return;
  }
  switch (c->layout) {
  case WEFT_FIXED: spoil_array(rng, c->data, c->width, rows, first, n); break;
  case WEFT_OFFSETS32: spoil_array(rng, c->aux, sizeof(int32_t), rows + 1, first, n + 1); break;
  case WEFT_OFFSETS64: spoil_array(rng, c->aux, sizeof(int64_t), rows + 1, first, n + 1); break;
  case WEFT_POINTERS:
    spoil_array(rng, c->data, sizeof(void *), rows, first, n);
    spoil_array(rng, c->aux, sizeof(size_t), rows, first, n);
    break;
  default: spoil_array(rng, c->data, sizeof(struct weft_view), rows, first, n);
  }
}

/* Parts within parts of a column, of which the rest is garbage. */
static void equals_the_reference_on_parts_of_random_columns(const struct hash_kernel *k) {
  for (size_t i = 0; i < 200; i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    struct column_spec spec = column_spec_draw(&rng, column_rows_draw(&rng));
    struct test_column truth;
    build(k, seed, &rng, &spec, &truth);
    struct simd_column column = kernel_view(&truth.column);
    size_t first = 0, n = truth.rows;
    for (size_t part = 0; part < 3; part++) {
      size_t skipped = rng_upto(&rng, n / 2);
      first += skipped;
      n = rng_upto(&rng, n - skipped);
      spoil_others(&rng, &truth, first, n);
      check_part(k, &rng, &truth, &column, first, first, n, spec.side);
    }
  }
}

/* A few rows without nulls and selection. */
static void check_few(const struct hash_kernel *k, size_t i, const struct column_spec *shape) {
  uint64_t seed = rng_case_seed(i);
  struct rng rng = {seed};
  struct column_spec spec = column_spec_draw(&rng, shape->rows);
  spec.selection = CHOICE_NONE, spec.base_nulls = spec.row_nulls = false;
  spec.layout = shape->layout, spec.type = shape->type, spec.side = shape->side;
  spec.lengths = shape->lengths, spec.length = shape->length;
  struct test_column truth;
  build(k, seed, &rng, &spec, &truth);
  struct simd_column column = kernel_view(&truth.column);
  const struct hash_rows rows = {.rows = truth.rows,
                                 .bytes = truth.bytes,
                                 .lengths = truth.lengths,
                                 .nulls = truth.nulls,
                                 .column = &column,
                                 .side = spec.side};
  guard_case.rows = truth.rows;
  hash_kernel_check(k, &pool, &rng, &rows);
}

/* Lengths drawn in each way, 0 to 300 mostly; then each length by itself. */
static void equals_the_reference_below_SIMD_FEW_rows_of_every_layout(const struct hash_kernel *k) {
  for (int layout = WEFT_FIXED; layout <= WEFT_VIEWS; layout++)
    for (int side = GUARD_LOW; side <= GUARD_HIGH; side++) {
      struct column_spec shape = {
          .layout = (enum weft_layout)layout, .type = WEFT_FIXED_BYTES, .side = (enum guard_side)side};
      for (shape.rows = 0; shape.rows < SIMD_FEW; shape.rows++)
        for (int lengths = 0; lengths < LENGTHS_EQUAL; lengths++) {
          shape.lengths = (enum lengths)lengths;
          shape.length = length_edges[(shape.rows * LENGTHS_EQUAL + (size_t)lengths) % LENGTH_EDGES];
          check_few(k, shape.rows, &shape);
        }
      shape.lengths = LENGTHS_EQUAL;
      for (shape.length = 0; shape.length <= 300; shape.length = rng_count_after(shape.length)) {
        shape.rows = 1 + (shape.length + 7 * (size_t)side) % (SIMD_FEW - 1);
        check_few(k, shape.length, &shape);
      }
    }
}

FACTS_few64(DEFINE_HASH_CHECK, any) FACTS_few32(DEFINE_HASH_CHECK, any) FACTS_few128(DEFINE_HASH_CHECK, any)
    FACTS_column64(DEFINE_HASH_CHECK, any) FACTS_column32(DEFINE_HASH_CHECK, any) FACTS_column128(DEFINE_HASH_CHECK, any)
