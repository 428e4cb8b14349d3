/* SPDX-License-Identifier: MIT
 *
 * A library with the names that bench_join and bench_aggregate look for in DuckDB's, for test_join.cmake and
 * test_aggregate.cmake: whatever it is asked, it answers 7.
 */
#include <stddef.h>
#include <stdint.h>

struct hugeint {
  uint64_t lower;
  int64_t upper;
};

const char *duckdb_library_version(void);
int duckdb_open(const char *path, void **database);
int duckdb_connect(void *database, void **connection);
void duckdb_disconnect(void **connection);
void duckdb_close(void **database);
int duckdb_query(void *connection, const char *query, void *result);
const char *duckdb_result_error(void *result);
struct hugeint duckdb_value_hugeint(void *result, uint64_t column, uint64_t row);
void duckdb_destroy_result(void *result);
int duckdb_appender_create(void *connection, const char *schema, const char *table, void **appender);
int duckdb_append_uint64(void *appender, uint64_t number);
int duckdb_append_varchar_length(void *appender, const char *text, uint64_t bytes);
int duckdb_appender_end_row(void *appender);
int duckdb_appender_destroy(void **appender);

const char *duckdb_library_version(void) {
  return "liar";
}

int duckdb_open(const char *path, void **database) {
  (void)path;
  *database = NULL;
  return 0;
}

int duckdb_connect(void *database, void **connection) {
  (void)database;
  *connection = NULL;
  return 0;
}

void duckdb_disconnect(void **connection) {
  (void)connection;
}

void duckdb_close(void **database) {
  (void)database;
}

int duckdb_query(void *connection, const char *query, void *result) {
  (void)connection;
  (void)query;
  (void)result;
  return 0;
}

const char *duckdb_result_error(void *result) {
  (void)result;
  return "";
}

struct hugeint duckdb_value_hugeint(void *result, uint64_t column, uint64_t row) {
  (void)result;
  (void)column;
  (void)row;
  return (struct hugeint){7, 0};
}

void duckdb_destroy_result(void *result) {
  (void)result;
}

int duckdb_appender_create(void *connection, const char *schema, const char *table, void **appender) {
  (void)connection;
  (void)schema;
  (void)table;
  *appender = NULL;
  return 0;
}

int duckdb_append_uint64(void *appender, uint64_t number) {
  (void)appender;
  (void)number;
  return 0;
}

int duckdb_append_varchar_length(void *appender, const char *text, uint64_t bytes) {
  (void)appender;
  (void)text;
  (void)bytes;
  return 0;
}

int duckdb_appender_end_row(void *appender) {
  (void)appender;
  return 0;
}

int duckdb_appender_destroy(void **appender) {
  (void)appender;
  return 0;
}
