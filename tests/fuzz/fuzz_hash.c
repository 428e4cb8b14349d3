/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: columns made from the input's bytes, hashed by every public call on every table that this machine runs, each
 * row held against libxxhash. All memory is guarded, so that a read or write beyond it is seen without a sanitizer too.
 *
 * An input, a byte each unless said otherwise, zeros past its end:
 *   rows (two bytes above 199), columns, seed (8 bytes where its first says so), knobs, 8 bytes of what stays random;
 *   for each column: layout, type, selection, flags, share of nulls, first bits of the two bitmaps, shift, lead and trail;
 *   number of values, the length of each (two bytes above 239); then which value each row is.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/hash_calls.h"
#include "tests/tables.h"

#define COLUMNS_MAX 3
#define VALUES_MAX 16
#define ROWS_MAX 1100
#define VALUE_BYTES (240 + 16 * 256) /* what take_wide stays below, for lengths */
#define COLUMN_BYTES (1 << 19)

static struct guard_pool pool;

static void fail(const char *what, size_t row, const char *why) {
  fprintf(stderr, "%s: %s row=%zu: %s\n", guard_case_text(), what, row, why);
  abort();
}

/* Contexts of every table that runs here, each with these batch sizes and prefetch distances. */
#define KNOBS 4
static struct table {
  const char *isa;
  weft_ctx *ctxs[KNOBS];
} tables[SIMD_ISAS];
static int n_tables;

static void open_tables(void) {
  static const uint32_t batch_sizes[KNOBS] = {64, 128, 1024, 65536}, distances[KNOBS] = {0, 4096, 24, 1};
  struct tables here = tables_here();
  for (; n_tables < here.n; n_tables++) {
    struct table *table = &tables[n_tables];
    table->isa = here.list[n_tables]->isa;
    for (size_t i = 0; i < KNOBS; i++) {
      struct weft_ctx_options options;
      weft_ctx_options_init(&options, sizeof options);
      options.isa = table->isa;
      options.batch_size = batch_sizes[i];
      options.prefetch_distance = distances[i];
      if (weft_ctx_create(&options, &table->ctxs[i]) != WEFT_OK)
        fail("weft_ctx_create", 0, weft_ctx_message(NULL));
    }
  }
}

/* What an input says. */
struct fuzz_case {
  size_t rows, n_columns;
  uint64_t seed;
  size_t knobs;
  bool in_place; /* seeds are overwritten */
  struct rng rng;
  struct weft_column columns[COLUMNS_MAX];
  struct test_column truth[COLUMNS_MAX];
};

/* Values of the column, and which of them each row is. Those of fixed width have that width. */
static void take_values(struct input *input, struct fuzz_case *c, struct column_spec *spec, struct column_values *values) {
  static uint8_t garbage[VALUES_MAX][VALUE_BYTES];
  static const uint8_t *bytes[VALUES_MAX];
  static size_t lengths[VALUES_MAX];
  static uint32_t picks[ROWS_MAX];
  size_t limit = COLUMN_BYTES / (c->rows + 1), numeric = column_type_width(spec->type);
  *values = (struct column_values){.n = 1 + take(input) % VALUES_MAX, .bytes = bytes, .lengths = lengths};
  for (size_t i = 0; i < values->n; i++) {
    bool fixed = spec->layout == WEFT_FIXED;
    lengths[i] = fixed && i > 0 ? lengths[0] : fixed && numeric ? numeric : take_wide(input, 240, 256) % limit;
    rng_fill(&c->rng, garbage[i], lengths[i]);
    bytes[i] = garbage[i];
  }
  for (size_t i = 0; i < c->rows; i++)
    picks[i] = (uint32_t)((input->left > 0 ? take(input) : rng_next(&c->rng)) % values->n);
  spec->length = lengths[0];
  spec->values = values;
  spec->picks = picks;
}

static void take_column(struct input *input, struct fuzz_case *c) {
  struct column_spec spec = {.rows = c->rows};
  struct column_values values;
  spec.layout = (enum weft_layout)(WEFT_FIXED + take(input) % WEFT_VIEWS);
  spec.type = (enum weft_type)(WEFT_I8 + take(input) % WEFT_FIXED_BYTES);
  spec.selection = (enum choice)(take(input) % CHOICE_KINDS);
  size_t flags = take(input);
  spec.base_nulls = flags & 1;
  spec.row_nulls = flags & 2;
  spec.side = flags & 4 ? GUARD_LOW : GUARD_HIGH;
  spec.scattered = flags & 8;
  spec.null_percent = (unsigned)(take(input) % 101);
  spec.base_bit = take(input);
  spec.row_bit = take(input);
  spec.shift = take(input) % 64;
  spec.lead = take(input) % 64;
  spec.trail = take(input) % 64;
  take_values(input, c, &spec, &values);
  column_build(&pool, &c->rng, &spec, &c->truth[c->n_columns]);
  c->columns[c->n_columns] = c->truth[c->n_columns].column;
  c->n_columns++;
}

static void take_case(struct input *input, struct fuzz_case *c) {
  *c = (struct fuzz_case){.rows = take_wide(input, 200, 16)};
  size_t columns = 1 + take(input) % COLUMNS_MAX, seed = take(input), knobs = take(input);
  c->seed = seed < 64 ? seed : take_word(input);
  c->knobs = knobs % KNOBS;
  c->in_place = knobs & 128;
  c->rng.state = take_word(input);
  while (c->n_columns < columns)
    take_column(input, c);
}

/* One call on one table. Hashes and seeds lie flush against a guard page. */
static void check_on(const struct table *table, const struct hash_call *call, const struct fuzz_case *c,
                     const uint64_t *seeds, const XXH128_hash_t *truth) {
  size_t kept = pool.taken, bytes = c->rows * hash_call_word(call);
  weft_ctx *ctx = table->ctxs[c->knobs];
  const uint64_t *given = seeds;
  void *out = guard_take(&pool, GUARD_HIGH, bytes, 0, NULL);
  if (call->function == HASH64_SEEDED && c->in_place) {
    memcpy(out, seeds, bytes);
    given = out;
  }
  guard_case.isa = table->isa;
  struct weft_stats before, after;
  if (weft_ctx_stats(ctx, &before, sizeof before) != WEFT_OK)
    fail("weft_ctx_stats", 0, weft_ctx_message(ctx));
  if (hash_call_run(ctx, call, c->columns, c->n_columns, c->seed, given, out) != WEFT_OK)
    fail(call->what, 0, weft_ctx_message(ctx));
  for (size_t row = 0; row < c->rows; row++)
    if (!hashes_agree(hash_call_result(call, out, row), truth[row]))
      fail(call->what, row, "not the hash that libxxhash gives");
  if (weft_ctx_stats(ctx, &after, sizeof after) != WEFT_OK)
    fail("weft_ctx_stats", 0, weft_ctx_message(ctx));
  uint64_t rows = c->rows * c->n_columns;
  if (after.rows - before.rows != rows || after.simd_rows - before.simd_rows > rows)
    fail(call->what, 0, "counted other rows than it was given");
  guard_reset(&pool, kept);
}

static void check_call(const struct hash_call *call, const struct fuzz_case *c, const uint64_t *seeds) {
  size_t kept = pool.taken;
  XXH128_hash_t *truth = guard_take(&pool, GUARD_HIGH, c->rows * sizeof *truth, 0, NULL);
  for (size_t row = 0; row < c->rows; row++)
    truth[row] =
        hash_call_expected(call, c->truth, c->n_columns, row, call->function == HASH64_SEEDED ? seeds[row] : c->seed);
  for (int i = 0; i < n_tables; i++)
    check_on(&tables[i], call, c, seeds, truth);
  guard_reset(&pool, kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct fuzz_case c;
  struct input input = {data, size};
  if (n_tables == 0)
    open_tables();
  if (pool.mapped > GUARD_AREAS / 2) /* sizes that keep changing leave areas behind */
    guard_close(&pool);
  guard_reset(&pool, 0);
  take_case(&input, &c);
  guard_case = (struct guard_case){
      .what = column_layout_name(c.columns[0].layout), .rows = c.rows, .length = c.truth[0].longest, .seed = c.seed};
  for (size_t k = 0; k < c.n_columns; k++)
    if (weft_column_validate(tables[0].ctxs[0], &c.columns[k]) != WEFT_OK)
      fail("weft_column_validate", 0, weft_ctx_message(tables[0].ctxs[0]));
  uint64_t *seeds = guard_take(&pool, GUARD_HIGH, c.rows * sizeof *seeds, 0, &c.rng);
  for (size_t row = 0; row < c.rows; row++)
    seeds[row] = seeds[row] % 8 == 0 ? c.seed : seeds[row];
  for (size_t i = 0; i < HASH_CALLS; i++)
    check_call(&hash_calls[i], &c, seeds);
  return 0;
}
