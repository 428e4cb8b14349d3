/* SPDX-License-Identifier: MIT
 *
 * DuckDB as a peer of bench_join and bench_aggregate, through the few functions of its C interface (duckdb.h, stable since
 * 1.0) that their queries take. Its library is loaded when it is asked for: nothing of it is needed to build.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"
#include "joins.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* duckdb_result: six words, all but its address none of our business. */
struct result {
  void *words[6];
};

struct duckdb {
  void *database, *connection;
  const char *(*version)(void);
  int (*open)(const char *path, void **database);
  int (*connect)(void *database, void **connection);
  void (*disconnect)(void **connection);
  void (*close)(void **database);
  int (*query)(void *connection, const char *query, struct result *result);
  const char *(*error)(struct result *result);
  struct wide (*value)(struct result *result, uint64_t column, uint64_t row);
  void (*destroy_result)(struct result *result);
  int (*appender_create)(void *connection, const char *schema, const char *table, void **appender);
  int (*append_number)(void *appender, uint64_t number);
  int (*append_text)(void *appender, const char *text, uint64_t bytes);
  int (*end_row)(void *appender);
  int (*appender_destroy)(void **appender);
};

static void run(struct duckdb *d, const char *query, struct result *result) {
  struct result own = {{NULL}};
  struct result *used = result ? result : &own;
  if (d->query(d->connection, query, used) != 0) {
    fprintf(stderr, "DuckDB: %s: %s\n", query, d->error(used));
    exit(1);
  }
  if (!result)
    d->destroy_result(used);
}

struct duckdb *duckdb_load(const char *library) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    fprintf(stderr, "DuckDB: %s\n", dlerror());
    return NULL;
  }
  struct duckdb *d = bench_memory(sizeof *d);
  *d = (struct duckdb){.database = NULL};
  const struct {
    const char *name;
    void *place;
  } functions[] = {
      {"duckdb_library_version", &d->version},
      {"duckdb_open", &d->open},
      {"duckdb_connect", &d->connect},
      {"duckdb_disconnect", &d->disconnect},
      {"duckdb_close", &d->close},
      {"duckdb_query", &d->query},
      {"duckdb_result_error", &d->error},
      {"duckdb_value_hugeint", &d->value},
      {"duckdb_destroy_result", &d->destroy_result},
      {"duckdb_appender_create", &d->appender_create},
      {"duckdb_append_uint64", &d->append_number},
      {"duckdb_append_varchar_length", &d->append_text},
      {"duckdb_appender_end_row", &d->end_row},
      {"duckdb_appender_destroy", &d->appender_destroy},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    *(void **)functions[i].place = dlsym(handle, functions[i].name);
    if (!*(void **)functions[i].place) {
      fprintf(stderr, "DuckDB: %s has no %s\n", library, functions[i].name);
      free(d);
      return NULL;
    }
  }
  if (d->open(NULL, &d->database) != 0 || d->connect(d->database, &d->connection) != 0) {
    fprintf(stderr, "DuckDB: %s: no database could be opened\n", library);
    free(d);
    return NULL;
  }
  run(d, "SET threads=1", NULL);
  return d;
}

/* The library itself stays: it has threads and data of its own. */
void duckdb_unload(struct duckdb *d) {
  if (!d)
    return;
  d->disconnect(&d->connection);
  d->close(&d->database);
  free(d);
}

const char *duckdb_version(const struct duckdb *d) {
  return d->version();
}

static size_t key_columns(const struct keys *keys) {
  size_t n = 1;
  while (n < MOST_KEY_COLUMNS && keys->numbers[n])
    n++;
  return n;
}

static int append_row(struct duckdb *d, void *appender, const struct keys *keys, size_t columns, size_t row) {
  int failed = 0;
  if (keys->numbers[0])
    for (size_t k = 0; k < columns; k++)
      failed |= d->append_number(appender, keys->numbers[k][row]);
  else
    failed =
        d->append_text(appender, keys->bytes + keys->offsets[row], (uint64_t)(keys->offsets[row + 1] - keys->offsets[row]));
  if (keys->values)
    failed |= d->append_number(appender, keys->values[row]);
  return failed | d->end_row(appender);
}

/* The payload is signed, as a sum of unsigned ones takes DuckDB a conversion more. */
void duckdb_table(struct duckdb *d, const char *name, const struct keys *keys) {
  size_t columns = key_columns(keys);
  char query[256];
  snprintf(query, sizeof query, "CREATE OR REPLACE TABLE %s (k0 %s", name, keys->numbers[0] ? "UBIGINT" : "VARCHAR");
  for (size_t k = 1; k < columns; k++)
    snprintf(query + strlen(query), sizeof query - strlen(query), ", k%zu UBIGINT", k);
  snprintf(query + strlen(query), sizeof query - strlen(query), "%s)", keys->values ? ", v BIGINT" : "");
  run(d, query, NULL);
  void *appender;
  int failed = d->appender_create(d->connection, NULL, name, &appender);
  for (size_t i = 0; !failed && i < keys->rows; i++)
    failed = append_row(d, appender, keys, columns, i);
  if (d->appender_destroy(&appender) || failed) {
    fprintf(stderr, "DuckDB: the table %s could not be filled\n", name);
    exit(1);
  }
}

void duckdb_drop(struct duckdb *d, const char *name) {
  char query[128];
  snprintf(query, sizeof query, "DROP TABLE %s", name);
  run(d, query, NULL);
}

/* The first n values of a query's first row. */
static void ask(struct duckdb *d, const char *query, struct wide *values, size_t n) {
  struct result result;
  run(d, query, &result);
  for (size_t i = 0; i < n; i++)
    values[i] = d->value(&result, i, 0);
  d->destroy_result(&result);
}

struct join_sums duckdb_join(struct duckdb *d, const char *build, const char *probe, size_t columns) {
  char query[512];
  struct wide values[3];
  snprintf(query, sizeof query,
           "SELECT count(*), coalesce(sum(b.v), 0), coalesce(sum(p.v), 0) FROM %s p JOIN %s b ON p.k0 = b.k0", probe,
           build);
  for (size_t k = 1; k < columns; k++)
    snprintf(query + strlen(query), sizeof query - strlen(query), " AND p.k%zu = b.k%zu", k, k);
  ask(d, query, values, 3);
  return (struct join_sums){values[0].low, values[1], values[2]};
}

struct group_sums duckdb_group(struct duckdb *d, const char *table, bool payload) {
  char query[256];
  struct wide values[5] = {{0, 0}};
  snprintf(query, sizeof query, "SELECT count(*), sum(n), sum(n * n)%s FROM (SELECT count(*) AS n%s FROM %s GROUP BY k0)",
           payload ? ", sum(s), max(s)" : "", payload ? ", sum(v) AS s" : "", table);
  ask(d, query, values, payload ? 5 : 3);
  return (struct group_sums){values[0].low, values[1].low, values[2].low, values[3], values[4]};
}

/* A number that an aggregate of a table's rows is. */
static uint64_t ask_number(struct duckdb *d, const char *aggregate, const char *table) {
  char query[128];
  struct wide value;
  snprintf(query, sizeof query, "SELECT %s FROM %s", aggregate, table);
  ask(d, query, &value, 1);
  return value.low;
}

uint64_t duckdb_distinct(struct duckdb *d, const char *table) {
  return ask_number(d, "count(DISTINCT k0)", table);
}

uint64_t duckdb_sketch(struct duckdb *d, const char *table) {
  return ask_number(d, "approx_count_distinct(k0)", table);
}

void duckdb_extremes(struct duckdb *d, const char *table, struct wide values[3]) {
  char query[256];
  snprintf(query, sizeof query,
           "SELECT count(*), max(a), min(b) FROM (SELECT min(v) AS a, max(v) AS b FROM %s GROUP BY k0)", table);
  ask(d, query, values, 3);
}
