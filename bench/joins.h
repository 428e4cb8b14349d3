/* SPDX-License-Identifier: MIT
 *
 * The peers of bench_join: std::unordered_map, in maps.cc, and DuckDB's shared library, in duckdb.c. Keys are numbers, or
 * strings of Arrow's layout; what a probe gives is the number of pairs and the sums of both row numbers, so that nothing
 * can be left out.
 */
#ifndef BENCH_JOINS_H
#define BENCH_JOINS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Keys of rows: numbers[rows], or where that is NULL the strings bytes[offsets[i] .. offsets[i + 1]). */
struct keys {
  size_t rows;
  const uint64_t *numbers;
  const char *bytes;
  const int32_t *offsets; /* [rows + 1] */
};

struct join_sums {
  uint64_t pairs, build, probe;
};

/* A map from keys to their rows; the keys are distinct. */
struct map;
struct map *map_build(const struct keys *keys);
void map_free(struct map *map);

/* Joins rows first .. first + n of keys. */
struct join_sums map_probe(const struct map *map, const struct keys *keys, size_t first, size_t n);

/* Numbers keys in the order in which they first appear; returns how many there are. */
size_t map_group(const struct keys *keys, uint32_t *group);

/* DuckDB on one thread, its library loaded from a file. NULL, with a message on stderr: it cannot be. */
struct duckdb;
struct duckdb *duckdb_load(const char *library);
const char *duckdb_version(const struct duckdb *duckdb);

/* Makes a table of rows (k, r): keys and row numbers. Replaces one of the same name. */
void duckdb_table(struct duckdb *duckdb, const char *name, const struct keys *keys);

/* Count, and sums of row numbers, of the inner join of two tables. */
struct join_sums duckdb_join(struct duckdb *duckdb, const char *build, const char *probe);

#ifdef __cplusplus
}
#endif
#endif
