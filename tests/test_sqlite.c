/* SPDX-License-Identifier: MIT
 *
 * Index, join and group beside SQLite: the same random tables loaded through prepared statements, the same joins and groups
 * as SQL, results compared as sorted multisets. A null, and what equals what, is then SQLite's word and not our own.
 */
#include <inttypes.h>
#include <sqlite3.h>

#include "built.h"
#include "shapes.h"
#include "suite.h"
#include "tables.h"

#define CASES 500

static struct tables tables;
static struct guard_pool build_pool, probe_pool;
static struct shape shape;
static sqlite3 *db;
static weft_ctx *ctxs[SIMD_ISAS];

/* A multiset of pairs; a group is its first row and its count. */
static int compare_pairs(const void *x, const void *y) {
  const uint64_t *a = x, *b = y;
  return (*a > *b) - (*a < *b);
}

struct bag {
  uint64_t *list;
  size_t n, capacity;
};

static void bag_add(struct bag *bag, uint32_t a, uint32_t b) {
  if (bag->n == bag->capacity) {
    bag->capacity = 2 * bag->capacity + 1000;
    bag->list = realloc(bag->list, bag->capacity * sizeof *bag->list);
    ck_assert_ptr_nonnull(bag->list);
  }
  bag->list[bag->n++] = (uint64_t)a << 32 | b;
}

static void check_bags(const char *what, struct bag *ours, struct bag *theirs) {
  if (ours->n > 1)
    qsort(ours->list, ours->n, sizeof *ours->list, compare_pairs);
  if (theirs->n > 1)
    qsort(theirs->list, theirs->n, sizeof *theirs->list, compare_pairs);
  for (size_t i = 0; i < ours->n && i < theirs->n; i++)
    CASE_CHECK(ours->list[i] == theirs->list[i], i, "%s (mask %" PRIx64 "): (%u, %u), SQLite has (%u, %u)", what,
               shape.key_mask, (uint32_t)(ours->list[i] >> 32), (uint32_t)ours->list[i], (uint32_t)(theirs->list[i] >> 32),
               (uint32_t)theirs->list[i]);
  CASE_CHECK(ours->n == theirs->n, 0, "%s (mask %" PRIx64 "): %zu, SQLite has %zu", what, shape.key_mask, ours->n,
             theirs->n);
}

/* SQLite's side */

static void must(int rc, const char *sql) {
  if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
    ck_abort_msg("%s: SQLite: %s", sql, sqlite3_errmsg(db));
}

static void run_sql(const char *sql) {
  must(sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

/* Columns without a type, so that SQLite converts nothing. */
static void open_db(void) {
  must(sqlite3_open(":memory:", &db), "open");
  run_sql("CREATE TABLE b(r INTEGER PRIMARY KEY, k0, k1, k2, k3)");
  run_sql("CREATE TABLE p(r INTEGER PRIMARY KEY, k0, k1, k2, k3)");
}

/* Integers of 64 bits without a sign are bound by their pattern: only equality matters. */
static int64_t as_integer(enum weft_type type, const uint8_t *bytes) {
  int8_t i8;
  int16_t i16;
  int32_t i32;
  uint16_t u16;
  uint32_t u32;
  int64_t i64;
  switch (type) {
  case WEFT_I8: return memcpy(&i8, bytes, sizeof i8), i8;
  case WEFT_I16: return memcpy(&i16, bytes, sizeof i16), i16;
  case WEFT_I32: return memcpy(&i32, bytes, sizeof i32), i32;
  case WEFT_U8: return *bytes;
  case WEFT_U16: return memcpy(&u16, bytes, sizeof u16), u16;
  case WEFT_U32: return memcpy(&u32, bytes, sizeof u32), u32;
  default: return memcpy(&i64, bytes, sizeof i64), i64;
  }
}

static int bind_value(sqlite3_stmt *statement, int at, enum weft_type type, bool text, const uint8_t *bytes,
                      size_t length) {
  float narrow;
  double wide;
  switch (type) {
  case WEFT_F32: memcpy(&narrow, bytes, sizeof narrow); return sqlite3_bind_double(statement, at, (double)narrow);
  case WEFT_F64: memcpy(&wide, bytes, sizeof wide); return sqlite3_bind_double(statement, at, wide);
  case WEFT_FIXED_BYTES:
  case WEFT_STRING:
    if (length == 0)
      bytes = (const uint8_t *)"";
    return text ? sqlite3_bind_text(statement, at, (const char *)bytes, (int)length, SQLITE_STATIC)
                : sqlite3_bind_blob(statement, at, bytes, (int)length, SQLITE_STATIC);
  default: return sqlite3_bind_int64(statement, at, as_integer(type, bytes));
  }
}

/* Text may hold no zero byte in SQLite; a column that does is one of blobs, on both sides. */
static bool is_text(size_t k) {
  const struct side *sides[] = {&shape.build, &shape.probes[0]};
  for (size_t s = 0; s < 2; s++)
    for (size_t row = 0; row < sides[s]->rows; row++)
      if (sides[s]->truth[k].lengths[row] > 0 && memchr(sides[s]->truth[k].bytes[row], 0, sides[s]->truth[k].lengths[row]))
        return false;
  return shape.build.keys[k].type == WEFT_STRING;
}

static void load(const struct side *side, const bool *text, const char *sql) {
  sqlite3_stmt *statement;
  must(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), sql);
  for (size_t row = 0; row < side->rows; row++) {
    must(sqlite3_bind_int64(statement, 1, (int64_t)row), sql);
    for (size_t k = 0; k < shape.n_keys; k++) {
      const struct test_column *truth = &side->truth[k];
      int at = (int)k + 2;
      must(truth->nulls[row]
               ? sqlite3_bind_null(statement, at)
               : bind_value(statement, at, side->keys[k].type, text[k], truth->bytes[row], truth->lengths[row]),
           sql);
    }
    must(sqlite3_step(statement), sql);
    must(sqlite3_reset(statement), sql);
  }
  must(sqlite3_finalize(statement), sql);
}

static void load_shape(void) {
  bool text[SHAPE_KEYS];
  for (size_t k = 0; k < shape.n_keys; k++)
    text[k] = is_text(k);
  run_sql("BEGIN; DELETE FROM b; DELETE FROM p");
  load(&shape.build, text, "INSERT INTO b VALUES (?, ?, ?, ?, ?)");
  load(&shape.probes[0], text, "INSERT INTO p VALUES (?, ?, ?, ?, ?)");
  run_sql("COMMIT");
}

/* The rows of a query of two columns, a null being no row. */
static void ask(const char *sql, struct bag *out) {
  sqlite3_stmt *statement;
  out->n = 0;
  must(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), sql);
  int rc;
  while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
    uint32_t values[2];
    for (int c = 0; c < 2; c++)
      values[c] =
          sqlite3_column_type(statement, c) == SQLITE_NULL ? WEFT_NO_ROW : (uint32_t)sqlite3_column_int64(statement, c);
    bag_add(out, values[0], values[1]);
  }
  must(rc, sql);
  must(sqlite3_finalize(statement), sql);
}

/* "b.k0 = p.k0 AND …" */
static const char *condition(void) {
  static char text[100];
  int at = 0;
  for (size_t k = 0; k < shape.n_keys; k++)
    at += snprintf(text + at, sizeof text - (size_t)at, "%sb.k%zu = p.k%zu", k ? " AND " : "", k, k);
  return text;
}

/* The build row of a semi join is the first one: SQL's min. */
#define SEMI_JOIN "SELECT (SELECT min(r) FROM b WHERE %s), p.r FROM p WHERE EXISTS (SELECT 1 FROM b WHERE %s)"
static const char *const joins[KINDS] = {"SELECT b.r, p.r FROM p JOIN b ON %s",
                                         "SELECT b.r, p.r FROM p LEFT JOIN b ON %s",
                                         "SELECT b.r, p.r FROM p RIGHT JOIN b ON %s",
                                         "SELECT b.r, p.r FROM p FULL JOIN b ON %s",
                                         SEMI_JOIN,
                                         "SELECT NULL, p.r FROM p WHERE NOT EXISTS (SELECT 1 FROM b WHERE %s)"};

/* Says of p's rows whether their keys are among b's: SQL's IN. Of several columns a mark join says "unknown" more often:
 * wherever a null is about. */
static void ask_mark(struct bag *out) {
  static const char *const mine[] = {"p.k0", "p.k0, p.k1", "p.k0, p.k1, p.k2", "p.k0, p.k1, p.k2, p.k3"},
                           *const all[] = {"k0", "k0, k1", "k0, k1, k2", "k0, k1, k2, k3"};
  char sql[1000], my_null[100], a_null[100];
  int at = 0, in = 0;
  for (size_t k = 0; k < shape.n_keys; k++) {
    at += snprintf(my_null + at, sizeof my_null - (size_t)at, "%sp.k%zu IS NULL", k ? " OR " : "", k);
    in += snprintf(a_null + in, sizeof a_null - (size_t)in, "%sk%zu IS NULL", k ? " OR " : "", k);
  }
  if (shape.n_keys == 1)
    my_null[0] = a_null[0] = '0';
  if (shape.n_keys == 1)
    my_null[1] = a_null[1] = 0;
  snprintf(sql, sizeof sql,
           "SELECT CASE WHEN EXISTS (SELECT 1 FROM b WHERE %s) THEN (SELECT min(r) FROM b WHERE %s) "
           "WHEN ((%s) IN (SELECT %s FROM b)) IS NULL OR "
           "EXISTS (SELECT 1 FROM b) AND (%s OR EXISTS (SELECT 1 FROM b WHERE %s)) THEN %u END, p.r FROM p",
           condition(), condition(), mine[shape.n_keys - 1], all[shape.n_keys - 1], my_null, a_null, WEFT_UNKNOWN_ROW);
  ask(sql, out);
}

static void ask_join(enum weft_join_kind kind, struct bag *out) {
  char sql[500];
  if (kind == WEFT_JOIN_MARK) {
    ask_mark(out);
    return;
  }
  snprintf(sql, sizeof sql, joins[kind], condition(), condition());
  ask(sql, out);
}

/* Ours */

static void join(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind, struct bag *out) {
  weft_join *prober = join_on(ctx, index, kind);
  MUST(ctx, weft_join_probe(prober, shape.probes[0].keys, shape.n_keys));
  out->n = 0;
  for (int finished = 0; finished <= 1; finished++) {
    uint32_t build[997], probe[997];
    size_t n;
    if (finished)
      MUST(ctx, weft_join_finish(prober));
    do {
      MUST(ctx, weft_join_next(prober, build, probe, 997, &n));
      for (size_t i = 0; i < n; i++)
        bag_add(out, build[i], probe[i]);
    } while (n > 0);
  }
  weft_join_close(prober);
}

static void draw_case(size_t i) {
  shape_draw(&build_pool, &probe_pool, i, SHAPE_FOR_SQL, &shape);
  load_shape();
}

static void open_suite(void) {
  open_db();
  for (int t = 0; t < tables.n; t++)
    ctxs[t] = ctx_on(tables.list[t]->isa, t % 2 ? 64 : 0);
}

static void close_suite(struct bag *ours, struct bag *theirs) {
  for (int t = 0; t < tables.n; t++)
    weft_ctx_free(ctxs[t]);
  must(sqlite3_close(db), "close");
  free(ours->list);
  free(theirs->list);
  guard_close(&build_pool);
  guard_close(&probe_pool);
}

START_TEST(joins_equal_those_of_sqlite) {
  struct bag ours = {.n = 0}, theirs = {.n = 0};
  open_suite();
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    weft_index *indexes[SIMD_ISAS];
    draw_case(i);
    for (int t = 0; t < tables.n; t++) {
      struct weft_index_options options = index_defaults();
      MUST(ctxs[t],
           build_anyhow(ctxs[t], shape.build.keys, shape.n_keys, &options, shape.key_mask, &shape.rng, &indexes[t]));
    }
    for (int kind = 0; kind < KINDS; kind++) {
      ask_join((enum weft_join_kind)kind, &theirs);
      for (int t = 0; t < tables.n; t++) {
        guard_case.isa = tables.list[t]->isa;
        join(ctxs[t], indexes[t], (enum weft_join_kind)kind, &ours);
        check_bags(kind_name((enum weft_join_kind)kind), &ours, &theirs);
      }
    }
    for (int t = 0; t < tables.n; t++)
      ck_assert_int_eq(weft_index_free(indexes[t]), WEFT_OK);
  }
  close_suite(&ours, &theirs);
}
END_TEST

START_TEST(groups_equal_those_of_sqlite) {
  static uint32_t group[SHAPE_ROWS], first_row[SHAPE_ROWS], count[SHAPE_ROWS];
  struct bag ours = {.n = 0}, theirs = {.n = 0};
  static const char *const queries[] = {
      "SELECT min(r), count(*) FROM b GROUP BY k0", "SELECT min(r), count(*) FROM b GROUP BY k0, k1",
      "SELECT min(r), count(*) FROM b GROUP BY k0, k1, k2", "SELECT min(r), count(*) FROM b GROUP BY k0, k1, k2, k3"};
  open_suite();
  for (size_t i = 0, cases = rng_cases(CASES); i < cases; i++) {
    draw_case(i);
    ask(queries[shape.n_keys - 1], &theirs);
    for (int t = 0; t < tables.n; t++) {
      size_t groups;
      guard_case.isa = tables.list[t]->isa;
      ctxs[t]->key_mask = shape.key_mask;
      MUST(ctxs[t], weft_group(ctxs[t], shape.build.keys, shape.n_keys, group, &groups, first_row));
      memset(count, 0, sizeof count);
      for (size_t row = 0; row < shape.build.rows; row++)
        count[group[row]]++;
      ours.n = 0;
      for (size_t g = 0; g < groups; g++)
        bag_add(&ours, first_row[g], count[g]);
      check_bags("groups", &ours, &theirs);
    }
  }
  close_suite(&ours, &theirs);
}
END_TEST

/* That the oracle is worth asking: of a version with right and full joins, and by the rules that we take it to have. */
START_TEST(sqlite_has_the_rules_that_are_asked_of_it) {
  struct bag theirs = {.n = 0};
  ck_assert_int_ge(sqlite3_libversion_number(), 3039000);
  open_db();
  run_sql("INSERT INTO b VALUES (0, NULL, 1, 0, 0), (1, 0.0, 1, 0, 0); INSERT INTO p VALUES (0, NULL, 1, 0, 0), (1, -0.0, "
          "1, 0, 0)");
  ask("SELECT b.r, p.r FROM p FULL JOIN b ON b.k0 = p.k0 ORDER BY 1, 2", &theirs);
  ck_assert_uint_eq(theirs.n, 3); /* (none, 0) (0, none) (1, 1) */
  run_sql("INSERT INTO b VALUES (2, NULL, 1, 0, 0)");
  ask("SELECT min(r), count(*) FROM b GROUP BY k0", &theirs);
  ck_assert_uint_eq(theirs.n, 2);
  free(theirs.list);
  must(sqlite3_close(db), "close");
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, sqlite_has_the_rules_that_are_asked_of_it);
  tcase_add_test(tcase, joins_equal_those_of_sqlite);
  tcase_add_test(tcase, groups_equal_those_of_sqlite);
}

int main(void) {
  tables = tables_here();
  return suite_main("sqlite", add_tests);
}
