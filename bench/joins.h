/* SPDX-License-Identifier: MIT
 *
 * The peers of bench_join: std::unordered_map and a sort-merge join, in maps.cc, and DuckDB's shared library, in duckdb.c,
 * which is one of bench_aggregate's too.
 * Keys are numbers, or strings of Arrow's layout; a join gives the number of pairs and the sums of a payload of both sides,
 * so that nothing can be left out.
 */
#ifndef BENCH_JOINS_H
#define BENCH_JOINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOST_KEY_COLUMNS 4

/* Keys of rows: numbers[0][rows] and as many further columns as are not NULL, or where there is none the strings
 * bytes[offsets[i] .. offsets[i + 1]). */
struct keys {
  size_t rows;
  const uint64_t *numbers[MOST_KEY_COLUMNS];
  const char *bytes;
  const int32_t *offsets; /* [rows + 1] */
  const uint64_t *values; /* [rows] payload, below 2^63; NULL: the row numbers */
};

/* 128 bits: sums of 64-bit values are exact, as DuckDB's are. */
struct wide {
  uint64_t low, high;
};

static inline void wide_add(struct wide *sum, uint64_t value) {
  sum->low += value;
  sum->high += sum->low < value;
}

/* Adds the payload of a group to the sum of all groups', and keeps the greatest. */
static inline void wide_gather(struct wide *sum, struct wide *most, struct wide value) {
  wide_add(sum, value.low);
  sum->high += value.high;
  if (value.high > most->high || (value.high == most->high && value.low > most->low))
    *most = value;
}

struct join_sums {
  uint64_t pairs;
  struct wide build, probe;
};

static inline bool same_sums(struct join_sums a, struct join_sums b) {
  return a.pairs == b.pairs && a.build.low == b.build.low && a.build.high == b.build.high && a.probe.low == b.probe.low &&
         a.probe.high == b.probe.high;
}

/* Of the rows of each group: how many groups there are, the sums of the counts and of their squares, and where rows have a
 * payload the sum and the greatest of the groups' sums of it. */
struct group_sums {
  uint64_t groups, rows, squares;
  struct wide payload, most;
};

/* A map from keys of one column to their rows; the keys are distinct. */
struct map;
struct map *map_build(const struct keys *keys);
void map_free(struct map *map);

/* Joins rows first .. first + n of probe, build being what the map was built of. */
struct join_sums map_probe(const struct map *map, const struct keys *build, const struct keys *probe, size_t first,
                           size_t n);

/* Numbers keys of one column in the order in which they first appear; returns how many there are. */
size_t map_group(const struct keys *keys, uint32_t *group);

/* A join of keys of one column: sorts keys with row numbers on both sides, and merges. */
struct join_sums merge_join(const struct keys *build, const struct keys *probe);

/* DuckDB on one thread, its library loaded from a file. NULL, with a message on stderr: it cannot be. */
struct duckdb;
struct duckdb *duckdb_load(const char *library);
void duckdb_unload(struct duckdb *duckdb); /* NULL is fine */
const char *duckdb_version(const struct duckdb *duckdb);

/* Makes a table of rows (k0, .., v): keys and, where there are values, the payload. Replaces one of the same name. */
void duckdb_table(struct duckdb *duckdb, const char *name, const struct keys *keys);
void duckdb_drop(struct duckdb *duckdb, const char *name);

/* Count, and sums of the payloads, of the inner join of two tables with so many key columns. */
struct join_sums duckdb_join(struct duckdb *duckdb, const char *build, const char *probe, size_t columns);

/* Groups of a table with one key column; payload: and of each the sum of its payload. */
struct group_sums duckdb_group(struct duckdb *duckdb, const char *table, bool payload);

/* How many distinct keys a table with one key column has. */
uint64_t duckdb_distinct(struct duckdb *duckdb, const char *table);

/* Its approximation of that. */
uint64_t duckdb_sketch(struct duckdb *duckdb, const char *table);

/* How many groups a table with one key column has, the greatest of the least and the least of the greatest values. */
void duckdb_extremes(struct duckdb *duckdb, const char *table, struct wide values[3]);

#ifdef __cplusplus
}
#endif
#endif
