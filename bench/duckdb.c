/* SPDX-License-Identifier: MIT
 *
 * DuckDB as a peer of bench_join, through the few functions of its C interface (duckdb.h, stable since 1.0) that a join
 * takes. Its library is loaded when it is asked for: nothing of it is needed to build.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"
#include "joins.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* duckdb_result: six words, all but its address none of our business. */
struct result {
  void *words[6];
};

struct duckdb {
  void *database, *connection;
  const char *(*version)(void);
  int (*open)(const char *path, void **database);
  int (*connect)(void *database, void **connection);
  int (*query)(void *connection, const char *query, struct result *result);
  const char *(*error)(struct result *result);
  int64_t (*value)(struct result *result, uint64_t column, uint64_t row);
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
      {"duckdb_query", &d->query},
      {"duckdb_result_error", &d->error},
      {"duckdb_value_int64", &d->value},
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

const char *duckdb_version(const struct duckdb *d) {
  return d->version();
}

void duckdb_table(struct duckdb *d, const char *name, const struct keys *keys) {
  char query[128];
  snprintf(query, sizeof query, "CREATE OR REPLACE TABLE %s (k %s, r UBIGINT)", name,
           keys->numbers ? "UBIGINT" : "VARCHAR");
  run(d, query, NULL);
  void *appender;
  int failed = d->appender_create(d->connection, NULL, name, &appender);
  for (size_t i = 0; !failed && i < keys->rows; i++) {
    if (keys->numbers)
      failed = d->append_number(appender, keys->numbers[i]);
    else
      failed =
          d->append_text(appender, keys->bytes + keys->offsets[i], (uint64_t)(keys->offsets[i + 1] - keys->offsets[i]));
    failed = failed || d->append_number(appender, i) || d->end_row(appender);
  }
  if (d->appender_destroy(&appender) || failed) {
    fprintf(stderr, "DuckDB: the table %s could not be filled\n", name);
    exit(1);
  }
}

struct join_sums duckdb_join(struct duckdb *d, const char *build, const char *probe) {
  char query[256];
  struct result result;
  snprintf(query, sizeof query, "SELECT count(*), sum(b.r)::BIGINT, sum(p.r)::BIGINT FROM %s p JOIN %s b ON p.k = b.k",
           probe, build);
  run(d, query, &result);
  struct join_sums sums = {(uint64_t)d->value(&result, 0, 0), (uint64_t)d->value(&result, 1, 0),
                           (uint64_t)d->value(&result, 2, 0)};
  d->destroy_result(&result);
  return sums;
}
