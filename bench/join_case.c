/* SPDX-License-Identifier: MIT
 *
 * See join_case.h.
 */
#include "join_case.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAIRS = 4096 };

void die(const weft_ctx *ctx) {
  fprintf(stderr, "bench_join: %s\n", weft_ctx_message(ctx));
  exit(1);
}

size_t case_rows(const struct program *p, size_t rows) {
  return rows / p->divisor ? rows / p->divisor : 1;
}

double case_target(const struct program *p, double target) {
  return p->divisor == 1 ? target : 0;
}

void case_open(const struct program *p, struct comparison *c, bool best_alone) {
  size_t first = best_alone ? p->n_tables - 1 : 0;
  c->program = p;
  c->n = c->n_tables = p->n_tables - first;
  for (size_t i = 0; i < c->n; i++) {
    struct weft_ctx_options options;
    weft_ctx_options_init(&options, sizeof options);
    options.isa = p->tables[first + i];
    if (weft_ctx_create(&options, &c->ctx[i]))
      die(NULL);
    snprintf(c->contenders[i].name, sizeof c->contenders[i].name, "weft %s", options.isa);
    c->sides[i] = (enum peer)(WEFT + i);
  }
}

void case_close(struct comparison *c) {
  for (size_t i = 0; i < c->n_tables; i++)
    weft_ctx_free(c->ctx[i]);
  keys_free(&c->build);
  keys_free(&c->probe);
}

void case_peer(struct comparison *c, enum peer peer, double target, const char *table, const char *row, int order) {
  struct bench_contender *own = &c->contenders[c->n];
  if (peer == DUCKDB)
    snprintf(own->name, sizeof own->name, "DuckDB %.20s", duckdb_version(c->program->duckdb));
  else
    snprintf(own->name, sizeof own->name, "%s", peer == MAP ? "unordered_map" : "sort-merge");
  for (size_t i = 0; i < c->n_tables; i++) {
    struct bench_contender *weft = &c->contenders[i];
    struct bench_against *against = &weft->against[weft->n_against++];
    *against = (struct bench_against){.peer = c->n,
                                      .target = case_target(c->program, target),
                                      .share = row && target > 0,
                                      .table = row ? table : NULL,
                                      .order = order,
                                      .column = own->name};
    snprintf(against->row, sizeof against->row, "%s", row ? row : "");
  }
  c->sides[c->n++] = peer;
}

weft_ctx *case_ctx(const struct comparison *c, size_t contender) {
  return c->ctx[c->sides[contender] - WEFT];
}

size_t columns_of(const struct keys *keys, size_t first, size_t n, struct weft_column columns[MOST_KEY_COLUMNS]) {
  size_t k = 0;
  for (; k < MOST_KEY_COLUMNS && keys->numbers[k]; k++)
    columns[k] = weft_column_fixed(keys->numbers[k] + first, WEFT_U64, n);
  if (k)
    return k;
  columns[0] = weft_column_offsets32(keys->bytes, (size_t)keys->offsets[keys->rows], keys->offsets + first, n);
  return 1;
}

weft_index *index_of(weft_ctx *ctx, const struct keys *keys) {
  struct weft_column columns[MOST_KEY_COLUMNS];
  weft_index *index;
  if (weft_index_build(ctx, columns, columns_of(keys, 0, keys->rows, columns), NULL, &index))
    die(ctx);
  return index;
}

void free_index(weft_index *index) {
  if (weft_index_free(index)) {
    fprintf(stderr, "bench_join: an index is still in use\n");
    exit(1);
  }
}

double index_bytes(const weft_index *index) {
  struct weft_index_figures figures;
  if (weft_index_info(index, &figures, sizeof figures))
    die(NULL);
  return (double)figures.bytes / (double)figures.rows;
}

/* Values of more bytes than the caches near have are asked for all at once, as weft_gather does; fewer come sooner
 * without. */
enum { FAR_BYTES = 4 << 20 };
static struct wide sum_values(struct wide sum, const struct keys *keys, size_t first, const uint32_t *rows, size_t n) {
  const uint64_t *values = keys->values;
  for (size_t i = 0; values && keys->rows > FAR_BYTES / sizeof *values && i < n; i++)
    __builtin_prefetch(values + first + rows[i], 0, 2);
  for (size_t i = 0; i < n; i++)
    wide_add(&sum, values ? values[first + rows[i]] : first + rows[i]);
  return sum;
}

struct join_sums join_rows(weft_ctx *ctx, weft_index *index, const struct keys *build, const struct keys *probe,
                           size_t first, size_t n) {
  struct join_sums sums = {.pairs = 0};
  struct weft_column columns[MOST_KEY_COLUMNS];
  uint32_t build_rows[PAIRS], probe_rows[PAIRS];
  size_t pairs;
  weft_join *join;
  if (weft_join_open(ctx, index, WEFT_JOIN_INNER, &join) ||
      weft_join_probe(join, columns, columns_of(probe, first, n, columns)))
    die(ctx);
  do {
    if (weft_join_next(join, build_rows, probe_rows, PAIRS, &pairs))
      die(ctx);
    sums.build = sum_values(sums.build, build, 0, build_rows, pairs);
    sums.probe = sum_values(sums.probe, probe, first, probe_rows, pairs);
    sums.pairs += pairs;
  } while (pairs == PAIRS);
  weft_join_close(join);
  return sums;
}
