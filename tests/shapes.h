/* SPDX-License-Identifier: MIT
 *
 * Random tables of keys for index, join and group, in guarded memory, and what must come of them: found by nested loops
 * over the plain values, with the rules of equality of <weft/index.h> written down a second time.
 */
#ifndef TESTS_SHAPES_H
#define TESTS_SHAPES_H

#include <weft/weft.h>

#include "columns.h"

#define SHAPE_KEYS 4
#define SHAPE_ROWS 5000
#define SHAPE_PROBES 2

/* One side's key columns. classes[k][row] tells the row's value in column k: equal values, and no others, have equal
 * numbers, on all sides of a shape; a null has NULL_CLASS. */
#define NULL_CLASS UINT32_MAX
struct side {
  size_t rows;
  struct weft_column keys[SHAPE_KEYS];
  struct test_column truth[SHAPE_KEYS];
  uint32_t classes[SHAPE_KEYS][SHAPE_ROWS];
};

struct shape {
  uint64_t seed;
  struct rng rng; /* for what the test draws itself */
  size_t n_keys;
  uint64_t key_mask;          /* of hashes: all ones, or few, so that keys collide */
  char text[40 * SHAPE_KEYS]; /* the key columns in words */
  struct side build, probes[SHAPE_PROBES];
};

/* What shape_draw is asked for. */
enum shape_wish {
  SHAPE_ANY,
  SHAPE_FOR_SQL, /* no NaN, which SQLite takes for a null */
  SHAPE_NARROW,  /* two columns or more, of values of few bytes */
};

/* Draws the i-th random shape; sets guard_case, isa aside. The memory of the build side is build_pool's, that of the probe
 * sides probe_pool's; both are reset first. */
void shape_draw(struct guard_pool *build_pool, struct guard_pool *probe_pool, size_t i, enum shape_wish wish,
                struct shape *out);

/* Says whether a row of one side has the key of a row of another: NULL_CLASS equals nothing. */
bool rows_match(const struct shape *shape, const struct side *a, size_t row_a, const struct side *b, size_t row_b);

/* Pairs of rows; the arrays are malloc's, and serve again and again. */
struct pairs {
  uint32_t *build, *probe;
  size_t n, capacity;
};
void pairs_add(struct pairs *pairs, uint32_t build, uint32_t probe);
void pairs_free(struct pairs *pairs);

/* The pairs that a probe batch must give: probe rows in their order, a probe row's build rows in theirs. matched[build
 * rows] is set where a build row has met a probe row, and stays as it is elsewhere. */
void naive_join(const struct shape *shape, const struct side *probe, enum weft_join_kind kind, bool *matched,
                struct pairs *out);

/* What a right or full join gives at its end. */
void naive_unmatched(const struct shape *shape, const bool *matched, struct pairs *out);

/* The first build row of each probe row's key. */
void naive_lookup(const struct shape *shape, const struct side *probe, uint32_t *first_row);

/* group[rows] and first_row[groups] of a side's rows, nulls being equal; returns the number of groups. */
size_t naive_group(const struct shape *shape, const struct side *side, uint32_t *group, uint32_t *first_row);

#endif
