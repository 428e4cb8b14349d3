/* SPDX-License-Identifier: MIT
 *
 * Columns of every shape whose offsets, lengths, views or selections were damaged: weft_column_validate refuses them, or
 * they are safe to hash. Their memory ends at guard pages, so that a fault let through is met on the spot.
 */
#include "columns.h"
#include "contexts.h"
#include "suite.h"
#include "tables.h"

#define ROWS_MAX 200

static struct tables tables;
static struct guard_pool pool;
static uint64_t hashes[2][ROWS_MAX];

/* Numbers at the edges of what fields hold, and small ones, which are right now and then. */
static int64_t draw_damage(struct rng *rng) {
  static const int64_t edges[] = {-1, INT32_MAX, INT32_MIN, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX, INT64_MIN};
  size_t kind = rng_upto(rng, 2);
  return kind == 0 ? edges[rng_upto(rng, 6)] : kind == 1 ? (int64_t)rng_upto(rng, 40) : (int64_t)rng_next(rng);
}

static void damage_view(struct rng *rng, struct weft_view *view) {
  int32_t number = (int32_t)draw_damage(rng);
  switch (rng_upto(rng, 3)) {
  case 0: view->length = number; break;
  case 1: view->as.ref.buffer = number; break;
  case 2: view->as.ref.offset = number; break;
  default: view->as.ref.prefix[rng_upto(rng, 3)] ^= 1;
  }
}

/* One row's number or two's, whichever the layout has. Of pointers only what no memory can hold: whether there is memory at
 * a pointer is the caller's word. */
static void damage_row(struct rng *rng, struct weft_column *column) {
  size_t row = rng_upto(rng, column->base_rows - 1);
  switch (column->layout) {
  case WEFT_OFFSETS32: ((int32_t *)column->aux)[row + rng_upto(rng, 1)] = (int32_t)draw_damage(rng); break;
  case WEFT_OFFSETS64: ((int64_t *)column->aux)[row + rng_upto(rng, 1)] = draw_damage(rng); break;
  case WEFT_VIEWS: damage_view(rng, &((struct weft_view *)column->data)[row]); break;
  case WEFT_POINTERS:
    if (rng_percent(rng, 50))
      ((const void **)column->data)[row] = NULL;
    else
      ((size_t *)column->aux)[row] = SIZE_MAX - rng_upto(rng, 100);
    break;
  default: column->base_rows = row; /* selections point past it */
  }
}

static void damage(struct rng *rng, struct weft_column *column) {
  if (column->selection && column->rows > 0 && rng_percent(rng, 40))
    ((uint32_t *)column->selection)[rng_upto(rng, column->rows - 1)] = (uint32_t)draw_damage(rng);
  if (column->base_rows > 0 && (column->selection || column->layout != WEFT_FIXED) && rng_percent(rng, 70))
    damage_row(rng, column);
  if (rng_percent(rng, 10))
    column->data_bytes = rng_upto(rng, column->data_bytes);
  if (column->n_buffers > 0 && rng_percent(rng, 10))
    column->n_buffers = rng_upto(rng, column->n_buffers);
}

START_TEST(what_validation_lets_through_is_safe_to_hash) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 64), *scalar = ctx_on("scalar", 0);
  size_t accepted = 0, refused = 0;
  for (size_t i = 0; i < 10000; i++) {
    uint64_t seed = rng_case_seed(i);
    struct rng rng = {seed};
    struct column_spec spec = column_spec_draw(&rng, column_rows_draw(&rng) % 200);
    struct test_column test;
    guard_reset(&pool, 0);
    column_build(&pool, &rng, &spec, &test);
    guard_case = (struct guard_case){.what = column_layout_name(spec.layout),
                                     .isa = tables.list[_i]->isa,
                                     .rows = spec.rows,
                                     .length = test.longest,
                                     .seed = seed};
    damage(&rng, &test.column);
    weft_status status = weft_column_validate(ctx, &test.column);
    if (status != WEFT_OK) {
      CASE_CHECK(status == WEFT_E_INVALID || status == WEFT_E_OVERFLOW, 0, "%s", weft_status_text(status));
      CASE_CHECK(strstr(weft_ctx_message(ctx), "row") != NULL || strstr(weft_ctx_message(ctx), "selection[") != NULL, 0,
                 "the message names no row: %s", weft_ctx_message(ctx));
      refused++;
      continue;
    }
    accepted++;
    ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &test.column, 1, seed, hashes[0]), WEFT_OK);
    ck_assert_int_eq(weft_hash64(scalar, WEFT_XXH3_64, &test.column, 1, seed, hashes[1]), WEFT_OK);
    for (size_t row = 0; row < spec.rows; row++)
      CASE_CHECK(hashes[0][row] == hashes[1][row], row, "%llx, and %llx on scalar", (unsigned long long)hashes[0][row],
                 (unsigned long long)hashes[1][row]);
  }
  ck_assert_msg(accepted > 1000 && refused > 1000, "%zu accepted, %zu refused", accepted, refused);
  weft_ctx_free(scalar);
  weft_ctx_free(ctx);
  guard_close(&pool);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, what_validation_lets_through_is_safe_to_hash, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("hostile", add_tests);
}
