/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds `scatter` and `scatter_rows`, beside a loop that appends row by row. What goes to a
 * part begins anywhere in cache lines that it shares with others; inputs, outputs and lines end at guard pages.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define MOST_ROWS 3000
#define MOST_PARTS 64

static struct guard_pool pool;

struct output {
  uint64_t hashes[MOST_ROWS + MOST_PARTS * SIMD_LINES_ROWS];
  uint32_t rows[MOST_ROWS + MOST_PARTS * SIMD_LINES_ROWS];
  uint32_t next[MOST_PARTS];
};

/* The kernel that is checked: one of them. */
struct kernel {
  simd_scatter_fn *scatter;
  simd_scatter_rows_fn *rows;
};

struct plan {
  size_t n;
  unsigned bits;
  bool nulls;
  uint32_t first_row;
  size_t calls; /* over which the rows are spread, by multiples of SIMD_BLOCK */
};

static bool is_taken(const uint64_t *valid, size_t i) {
  return !valid || valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
}

static uint64_t *lay_hashes(struct rng *rng, const struct plan *plan, enum guard_side side) {
  uint64_t *hashes = guard_take(&pool, side, plan->n * sizeof *hashes, 0, rng);
  uint64_t mask = rng_percent(rng, 50) ? UINT64_MAX : UINT64_MAX >> rng_upto(rng, plan->bits + 3); /* few parts get rows */
  for (size_t i = 0; i < plan->n; i++)
    hashes[i] = rng_next(rng) & mask;
  return hashes;
}

/* first[part] for all: each behind the rows of the one before, and up to a line of rows that are nobody's. */
static size_t lay_parts(struct rng *rng, const struct plan *plan, const uint64_t *hashes, const uint64_t *valid,
                        uint32_t *first) {
  size_t at = 0;
  for (size_t part = 0; part < (size_t)1 << plan->bits; part++) {
    at += rng_upto(rng, SIMD_LINES_ROWS - 1);
    first[part] = (uint32_t)at;
    for (size_t i = 0; i < plan->n; i++)
      at += is_taken(valid, i) && (plan->bits == 0 ? 0 : hashes[i] >> (64 - plan->bits)) == part;
  }
  return at;
}

static void expect(const struct plan *plan, const uint64_t *hashes, const uint64_t *valid, const uint32_t *first,
                   struct output *out) {
  memcpy(out->next, first, sizeof *first << plan->bits);
  for (size_t i = 0; i < plan->n; i++) {
    size_t part = plan->bits == 0 ? 0 : (size_t)(hashes[i] >> (64 - plan->bits));
    if (!is_taken(valid, i))
      continue;
    out->hashes[out->next[part]] = hashes[i];
    out->rows[out->next[part]++] = plan->first_row + (uint32_t)i;
  }
}

/* Rows first .. next of a part: whole lines, ending at multiples of a line's rows, were written, the others wait. */
static void check_part(const struct simd_parts *to, size_t part, const struct output *want) {
  uint32_t first = to->first[part], end = want->next[part], whole = end / SIMD_LINES_ROWS * SIMD_LINES_ROWS;
  CASE_CHECK(to->next[part] == end, part, "the part's next row goes to %u, not %u", to->next[part], end);
  for (uint32_t i = first; i < end; i++) {
    const uint32_t *rows = i < whole   ? to->rows + i / SIMD_LINES_ROWS * SIMD_LINES_ROWS
                           : to->lines ? to->lines[part].rows
                                       : to->row_lines[part];
    CASE_CHECK(rows[i % SIMD_LINES_ROWS] == want->rows[i], i, "part %zu from %u: row %u, not %u", part, first,
               rows[i % SIMD_LINES_ROWS], want->rows[i]);
    if (!to->lines)
      continue;
    uint64_t hash = i < whole ? to->hashes[i] : to->lines[part].hashes[i % SIMD_LINES_ROWS];
    CASE_CHECK(hash == want->hashes[i], i, "part %zu from %u: hash %llx, not %llx", part, first, (unsigned long long)hash,
               (unsigned long long)want->hashes[i]);
  }
}

/* What was written where no row of a part belongs, and once the lines have ended, all that was to be. */
static void check_all(const struct simd_parts *to, size_t parts, const struct output *want, const struct output *before) {
  for (size_t part = 0; part < parts; part++)
    check_part(to, part, want);
  simd_parts_end(to, parts);
  for (size_t part = 0, at = 0; part < parts; at = want->next[part++]) {
    for (; at < to->first[part]; at++)
      CASE_CHECK(to->rows[at] == before->rows[at] && (!to->hashes || to->hashes[at] == before->hashes[at]), at,
                 "nobody's place was written");
    for (; at < want->next[part]; at++)
      CASE_CHECK(to->rows[at] == want->rows[at] && (!to->hashes || to->hashes[at] == want->hashes[at]), at,
                 "a row that waited was not written");
  }
}

/* Runs the kernel over all rows, in several calls. */
static void run(const struct kernel *kernel, const struct plan *plan, const uint64_t *hashes, const uint16_t *part_of,
                const uint64_t *valid, const struct simd_parts *to) {
  size_t step = (plan->n / plan->calls + SIMD_BLOCK) / SIMD_BLOCK * SIMD_BLOCK;
  for (size_t at = 0, n; at < plan->n; at += n) {
    n = plan->n - at < step ? plan->n - at : step;
    if (kernel->rows)
      kernel->rows(part_of + at, n, plan->first_row + (uint32_t)at, to);
    else
      kernel->scatter(hashes + at, valid ? valid + at / SIMD_BLOCK : NULL, n, plan->first_row + (uint32_t)at, to);
  }
}

static uint16_t *lay_numbers(struct rng *rng, const struct plan *plan, enum guard_side side, const uint64_t *hashes) {
  uint16_t *part_of = guard_take(&pool, side, plan->n * sizeof *part_of, 0, rng);
  for (size_t i = 0; i < plan->n; i++)
    part_of[i] = (uint16_t)(plan->bits == 0 ? 0 : hashes[i] >> (64 - plan->bits));
  return part_of;
}

static void check_plan(const char *isa, struct kernel kernel, uint64_t seed, struct rng *rng, const struct plan *plan) {
  static struct output want, before;
  static uint32_t first[MOST_PARTS];
  size_t parts = (size_t)1 << plan->bits;
  enum guard_side side = rng_percent(rng, 50) ? GUARD_LOW : GUARD_HIGH;
  guard_case = (struct guard_case){.what = "scatter", .isa = isa, .rows = plan->n, .length = parts, .seed = seed};
  guard_reset(&pool, 0);
  uint64_t *hashes = lay_hashes(rng, plan, side);
  uint16_t *part_of = lay_numbers(rng, plan, side, hashes);
  bool nulls = plan->nulls && kernel.scatter;
  uint64_t *valid = nulls ? guard_take(&pool, side, (plan->n + 63) / 64 * sizeof *valid, 0, rng) : NULL;
  size_t rows = (lay_parts(rng, plan, hashes, valid, first) + SIMD_LINES_ROWS - 1) / SIMD_LINES_ROWS * SIMD_LINES_ROWS;
  struct simd_parts to = {.bits = plan->bits, .first = first};
  to.next = guard_take(&pool, side, parts * sizeof *to.next, 0, rng);
  memcpy(to.next, first, parts * sizeof *to.next);
  to.rows = guard_take(&pool, side, rows * sizeof *to.rows, 0, rng);
  memcpy(before.rows, to.rows, rows * sizeof *to.rows);
  if (kernel.scatter) {
    to.lines = guard_take(&pool, side, parts * sizeof *to.lines, 0, rng);
    to.hashes = guard_take(&pool, side, rows * sizeof *to.hashes, 0, rng);
    memcpy(before.hashes, to.hashes, rows * sizeof *to.hashes);
  } else {
    to.row_lines = guard_take(&pool, side, parts * sizeof *to.row_lines, 0, rng);
  }
  memcpy(&want, &before, sizeof want);
  expect(plan, hashes, valid, first, &want);
  run(&kernel, plan, hashes, part_of, valid, &to);
  check_all(&to, parts, &want, &before);
}

static void brings_parts_together_at_every_row_count(const char *isa, struct kernel kernel) {
  for (size_t rows = 0; rows <= 260; rows = rng_count_after(rows))
    for (size_t k = 0; k < 4; k++) {
      uint64_t seed = rng_case_seed(rows * 4 + k);
      struct rng rng = {seed};
      struct plan plan = {.n = rows, .bits = (unsigned)rng_upto(&rng, 6), .nulls = k % 2 == 1, .calls = 1 + k};
      plan.first_row = (uint32_t)rng_next(&rng);
      check_plan(isa, kernel, seed, &rng, &plan);
    }
}

static void brings_many_rows_together(const char *isa, struct kernel kernel) {
  for (size_t k = 0; k < 24; k++) {
    uint64_t seed = rng_case_seed(k);
    struct rng rng = {seed};
    struct plan plan = {.n = MOST_ROWS - k, .bits = (unsigned)k % 7, .nulls = k % 2 == 1, .calls = 1 + k % 5};
    check_plan(isa, kernel, seed, &rng, &plan);
  }
}

#define KERNEL_scatter .scatter
#define KERNEL_scatter_rows .rows
#define DEFINE(kind, name, fact)                                          \
  void check_##kind##_##fact(const char *isa, simd_##kind##_fn *kernel) { \
    fact(isa, (struct kernel){KERNEL_##kind = kernel});                   \
    guard_close(&pool);                                                   \
  }
FACTS_scatter(DEFINE, any) FACTS_scatter_rows(DEFINE, any)
