/* SPDX-License-Identifier: MIT
 *
 * weft's batch hashes against loops over xxHash: every table of kernels, rows of many lengths and layouts, from the cache
 * and from DRAM, in large batches and in calls of 1 to 1000 rows. What the figures should be is said in hash_targets.c.
 */
#include "bench.h"
#include "hash_case.h"
#include "hash_targets.h"
#include "outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const layout_words[] = {
    [ROWS_OFFSETS32] = "offsets32", [ROWS_OFFSETS64] = "offsets64", [ROWS_POINTERS] = "pointers",
    [ROWS_SCATTERED] = "scattered", [ROWS_VIEWS] = "views",         [ROWS_SELECTION] = "selection",
    [ROWS_SHUFFLED] = "shuffled",   [ROWS_FIXED] = "fixed"};

static const struct law short_strings = {"1-16", "strings of 1 to 16 B", LAW_UNIFORM, 1, 16},
                        strings32 = {"1-32", "strings of 1 to 32 B", LAW_UNIFORM, 1, 32},
                        names_law = {"names", "package names", LAW_NAMES, 1, 73},
                        urls = {"urls", "URLs of 20 to 80 B", LAW_UNIFORM, 20, 80},
                        longer = {"150-310", "strings of 150 to 310 B", LAW_UNIFORM, 150, 310},
                        u64 = {"u64", "integers of 64 bits", LAW_INTEGERS, 8, 8},
                        u32 = {"u32", "integers of 32 bits", LAW_INTEGERS, 4, 4};

/* What is measured beside those, in one layout only. */
static const struct law other_laws[] = {
    {"64-256", "strings of 64 to 256 B", LAW_UNIFORM, 64, 256},
    {"1k", "strings of 1 to 2 KiB", LAW_UNIFORM, 1024, 2048},
    {"mixed", "nine of ten strings 1 to 32 B, one 1 B to 2 KiB", LAW_MIXED, 1, 2048},
    {"sorted", "package names, sorted, each many times", LAW_SORTED, 1, 73},
    {"repeated", "strings of 1 to 16 B, each up to 16 times in a row", LAW_REPEATED, 1, 16},
    {"u8", "integers of 8 bits", LAW_INTEGERS, 1, 1},
    {"u16", "integers of 16 bits", LAW_INTEGERS, 2, 2},
    {"b12", "values of 12 B", LAW_INTEGERS, 12, 12},
    {"b16", "values of 16 B", LAW_INTEGERS, 16, 16},
    {"replayed", "control: the same 2,000 strings of 1 to 16 B again and again, which a predictor learns", LAW_REPLAYED, 1,
     16},
};

static const struct {
  const char *table;
  const struct peer *loop;
} loops[] = {
#define PEER(name) {#name, &bench_peer_##name},
    BENCH_PEERS
#undef PEER
};

/* The whole program. */
struct program {
  struct bench *bench;
  struct law_names names;
  struct rows_spec specs[MOST_KEYS]; /* of the last case's rows, which the next one often wants again */
  struct rows *rows[MOST_KEYS];
  const char *const *tables; /* [n_tables] */
  size_t n_tables;
  weft_ctx *ctx[WEFT_MAX_ISAS];            /* [n_tables] */
  const struct peer *loops[WEFT_MAX_ISAS]; /* [n_tables] */
  const void *outside[MOST_OUTSIDE];       /* struct bench_peer_outside */
  size_t n_outside;
};

static weft_ctx *make_ctx(const struct weft_ctx_options *options) {
  weft_ctx *ctx;
  if (weft_ctx_create(options, &ctx)) {
    fprintf(stderr, "bench_hash: %s\n", weft_ctx_message(NULL));
    exit(1);
  }
  return ctx;
}

static struct weft_ctx_options options_of(const char *table) {
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.isa = table;
  return options;
}

static bool same_specs(const struct program *p, const struct rows_spec *specs, size_t n) {
  for (size_t i = 0; i < MOST_KEYS; i++) {
    const struct rows_spec *a = &p->specs[i], *b = &specs[i];
    if ((i < n) != (p->rows[i] != NULL))
      return false;
    if (i < n && (a->law != b->law || a->layout != b->layout || a->nulls != b->nulls || a->seeds != b->seeds))
      return false;
  }
  return true;
}

/* Puts those rows into p->rows, unless they are there already. */
static void take_rows(struct program *p, const struct rows_spec *specs, size_t n) {
  if (same_specs(p, specs, n))
    return;
  for (size_t i = 0; i < MOST_KEYS; i++) {
    rows_free(p->rows[i]);
    p->rows[i] = NULL;
  }
  memcpy(p->specs, specs, n * sizeof *specs);
  rows_make(specs, n, &p->names, p->rows);
}

/* The case of a comparison if it is wanted, with its rows. Its name: rows, layout, nulls or seeds, algorithm, kind.
 * keys: all but the columns. */
static bool begin(struct program *p, struct hash_case *c, const struct rows_spec *specs, struct keys keys, const char *kind,
                  bool in_cache, char name[100]) {
  const char *algo = hash_words[keys.algo], *nulls = specs->nulls ? "-nulls" : "";
  const char *seeds = specs->seeds ? "-seeds" : keys.seed ? "-seed" : "";
  if (keys.n > 1)
    snprintf(name, 100, "keys%zu mixed %s %s", keys.n, algo, kind);
  else
    snprintf(name, 100, "%s %s%s%s %s %s", specs->law->name, layout_words[specs->layout], nulls, seeds, algo, kind);
  bool on_request = specs->law->kind == LAW_REPLAYED || strncmp(kind, "control", 7) == 0;
  if (!bench_wants(p->bench, name, on_request))
    return false;
  take_rows(p, specs, keys.n);
  *c = (struct hash_case){.keys = keys, .in_cache = in_cache};
  memcpy(c->keys.columns, p->rows, sizeof p->rows);
  return true;
}

/* Every table against its own loop, the baseline loop and the shared library. */
static void compare_tables(struct program *p, const struct rows_spec *specs, struct keys keys, bool in_cache) {
  char kind[24], name[100];
  snprintf(kind, sizeof kind, keys.call ? "calls-of-%zu" : in_cache ? "cache" : "dram", keys.call);
  struct hash_case c;
  if (!begin(p, &c, specs, keys, kind, in_cache, name))
    return;
  size_t n = p->n_tables, baseline = 2 * n, lib = 2 * n + 1;
  for (size_t i = 0; i < n; i++)
    hash_case_add(&c, (struct side){.ctx = p->ctx[i]}, "weft %s", p->tables[i]);
  for (size_t i = 0; i < n; i++)
    hash_case_add(&c, (struct side){.peer = p->loops[i]}, "loop %s", p->tables[i]);
  hash_case_add(&c, (struct side){.peer = &bench_peer_baseline}, "loop baseline");
  hash_case_add(&c, (struct side){.peer = &bench_peer_lib}, "libxxhash");
  for (size_t i = 0; i < n; i++) {
    struct bench_against *loop = hash_case_against(&c, i, n + i), *plain = hash_case_against(&c, i, baseline);
    struct bench_against *calls = hash_case_against(&c, i, lib);
    if (keys.call) {
      hash_target_calls(&c, p->tables[i], calls, loop);
    } else if (keys.seed) {
      hash_target_seed(&c, p->tables[i], loop);
    } else {
      hash_target(&c, p->tables[i], LOOP, loop);
      hash_target(&c, p->tables[i], BASELINE, plain);
    }
  }
  hash_case_run(&c, p->bench, name);
}

/* The same rows from cache and DRAM, with each algorithm before end. */
static void compare_algos(struct program *p, const struct rows_spec *specs, size_t n_keys, enum algo end) {
  for (enum algo algo = 0; algo < end; algo++)
    for (int in_cache = 1; in_cache >= 0; in_cache--)
      compare_tables(p, specs, (struct keys){.algo = algo, .n = n_keys}, in_cache);
}

static void compare_calls(struct program *p, const struct rows_spec *spec) {
  static const size_t calls[] = {1, 2, 3, 4, 5, 6, 7, 16, 32, 100, 1000};
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    compare_tables(p, spec, (struct keys){.algo = XXH3, .n = 1, .call = calls[i]}, true);
}

/* The best of the chosen tables at several prefetch distances, each against the loop and against no prefetching. Where one
 * row follows the other all distances but 0 are the same to weft: that is only on or off. */
static void compare_distances(struct program *p, const struct rows_spec *spec) {
  static const uint32_t curve[] = {0, 4, 16, 64}, off_and_on[] = {0, 16};
  const bool follow = rows_follow(spec);
  const uint32_t *distances = follow ? off_and_on : curve;
  const size_t n = follow ? sizeof off_and_on / sizeof off_and_on[0] : sizeof curve / sizeof curve[0];
  const char *table = p->tables[p->n_tables - 1];
  char name[100];
  struct hash_case c;
  if (!begin(p, &c, spec, (struct keys){.algo = XXH3, .n = 1}, "prefetch", false, name))
    return;
  for (size_t i = 0; i < n; i++) {
    struct weft_ctx_options options = options_of(table);
    options.prefetch_distance = distances[i];
    if (follow && distances[i])
      hash_case_add(&c, (struct side){.ctx = make_ctx(&options)}, "%s on", table);
    else
      hash_case_add(&c, (struct side){.ctx = make_ctx(&options)}, "%s distance %u", table, (unsigned)distances[i]);
  }
  hash_case_add(&c, (struct side){.peer = p->loops[p->n_tables - 1]}, "loop %s", table);
  for (size_t i = 0; i < n; i++) {
    struct bench_against *loop = hash_case_against(&c, i, n);
    hash_target_prefetch(&c, table, distances[i], loop, i ? hash_case_against(&c, i, 0) : NULL);
  }
  hash_case_run(&c, p->bench, name);
  for (size_t i = 0; i < n; i++)
    weft_ctx_free(c.sides[i].ctx);
}

/* The best table with statistics and without, in large batches, which hide what counting costs, and in calls of a few rows,
 * which show it. The context without is there twice: how far those two are apart is noise. */
static void compare_statistics(struct program *p, const struct rows_spec *spec, size_t call) {
  const char *table = p->tables[p->n_tables - 1], *kind = call ? "statistics-of-calls" : "statistics";
  char name[100];
  struct hash_case c;
  if (!begin(p, &c, spec, (struct keys){.algo = XXH3, .n = 1, .call = call}, kind, true, name))
    return;
  struct weft_ctx_options options = options_of(table);
  hash_case_add(&c, (struct side){.ctx = make_ctx(&options)}, "%s on", table);
  options.collect_stats = false;
  hash_case_add(&c, (struct side){.ctx = make_ctx(&options)}, "%s off", table);
  hash_case_add(&c, (struct side){.ctx = make_ctx(&options)}, "%s off again", table);
  hash_target_statistics(call, table, hash_case_against(&c, 0, 1));
  hash_case_against(&c, 2, 1);
  hash_case_run(&c, p->bench, name);
  for (size_t i = 0; i < c.n; i++)
    weft_ctx_free(c.sides[i].ctx);
}

/* Is the frame fair? The best table's loop and kernels, each twice and far apart in a field of other contenders: they
 * should be 1.00 times as fast as themselves. */
static void compare_alike(struct program *p, const struct rows_spec *spec, bool in_cache) {
  size_t best = p->n_tables - 1, loop[2], weft[2];
  const struct weft_ctx_options options = options_of(p->tables[best]);
  char name[100];
  struct hash_case c;
  const char *kind = in_cache ? "control-cache" : "control-dram";
  if (!begin(p, &c, spec, (struct keys){.algo = XXH3, .n = 1}, kind, in_cache, name))
    return;
  for (int twin = 0; twin < 2; twin++) {
    weft[twin] = hash_case_add(&c, (struct side){.ctx = make_ctx(&options)}, "weft %s %c", p->tables[best], 'a' + twin);
    for (size_t i = 0; i < best; i++)
      hash_case_add(&c, (struct side){.peer = p->loops[i]}, "loop %s", p->tables[i]);
    loop[twin] = hash_case_add(&c, (struct side){.peer = p->loops[best]}, "loop %s %c", p->tables[best], 'a' + twin);
  }
  hash_case_against(&c, weft[0], weft[1]);
  hash_case_against(&c, loop[0], loop[1]);
  hash_case_run(&c, p->bench, name);
  weft_ctx_free(c.sides[weft[0]].ctx);
  weft_ctx_free(c.sides[weft[1]].ctx);
}

/* The best table against the loops of --peer. */
static void compare_outside(struct program *p, const struct law *law, bool in_cache) {
  const struct rows_spec spec = {law, ROWS_OFFSETS32, false, false};
  const char *table = p->tables[p->n_tables - 1], *kind = in_cache ? "peers-cache" : "peers-dram";
  char name[100];
  struct hash_case c;
  if (!p->n_outside || !begin(p, &c, &spec, (struct keys){.algo = XXH3, .n = 1}, kind, in_cache, name))
    return;
  size_t weft = hash_case_add(&c, (struct side){.ctx = p->ctx[p->n_tables - 1]}, "weft %s", table);
  for (size_t i = 0; i < p->n_outside; i++) {
    const struct bench_peer_outside *outside = p->outside[i];
    size_t peer = hash_case_add(&c, (struct side){.outside = outside}, "%.30s", outside->name);
    hash_target_outside(table, outside->name, hash_case_against(&c, weft, peer));
  }
  hash_case_run(&c, p->bench, name);
}

static void compare_laws(struct program *p) {
  const struct law *first[] = {&short_strings, &strings32, &names_law, &urls};
  for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
    compare_algos(p, &(struct rows_spec){first[i], ROWS_OFFSETS32, false, false}, 1, ALGOS);
  compare_algos(p, &(struct rows_spec){&u64, ROWS_FIXED, false, false}, 1, ALGOS);
  compare_algos(p, &(struct rows_spec){&u32, ROWS_FIXED, false, false}, 1, ALGOS);
  compare_algos(p, &(struct rows_spec){&longer, ROWS_OFFSETS32, false, false}, 1, XXH64_);
  for (size_t i = 0; i < sizeof other_laws / sizeof other_laws[0]; i++) {
    enum rows_layout layout = other_laws[i].kind == LAW_INTEGERS ? ROWS_FIXED : ROWS_OFFSETS32;
    compare_algos(p, &(struct rows_spec){&other_laws[i], layout, false, false}, 1, ALGOS);
  }
}

static void compare_layouts(struct program *p, const struct law *law) {
  static const enum rows_layout layouts[] = {ROWS_OFFSETS64, ROWS_POINTERS, ROWS_VIEWS, ROWS_SELECTION};
  for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
    for (int in_cache = 1; in_cache >= 0; in_cache--)
      compare_tables(p, &(struct rows_spec){law, layouts[i], false, false}, (struct keys){.algo = XXH3, .n = 1}, in_cache);
  static const enum rows_layout random[] = {ROWS_SHUFFLED, ROWS_SCATTERED};
  for (size_t i = 0; i < sizeof random / sizeof random[0]; i++) {
    const struct rows_spec spec = {law, random[i], false, false};
    compare_tables(p, &spec, (struct keys){.algo = XXH3, .n = 1}, false);
    compare_distances(p, &spec);
  }
  compare_distances(p, &(struct rows_spec){law, ROWS_OFFSETS32, false, false});
}

/* Nulls, one seed, a seed for each row, and keys of several columns: against loops that do the same row by row. */
static void compare_keys(struct program *p) {
  const struct rows_spec nulls[] = {{&names_law, ROWS_OFFSETS32, true, false}, {&u64, ROWS_FIXED, true, false}};
  const struct rows_spec seeds[] = {{&names_law, ROWS_OFFSETS32, false, true}, {&u64, ROWS_FIXED, false, true}};
  const struct rows_spec seed[] = {{&names_law, ROWS_OFFSETS32, false, false},
                                   {&u64, ROWS_FIXED, false, false},
                                   {&longer, ROWS_OFFSETS32, false, false}};
  const struct rows_spec keys[MOST_KEYS] = {{&u64, ROWS_FIXED, false, false},
                                            {&names_law, ROWS_OFFSETS32, false, false},
                                            {&u32, ROWS_FIXED, false, false},
                                            {&short_strings, ROWS_OFFSETS32, false, false}};
  for (size_t i = 0; i < 2; i++)
    compare_algos(p, &nulls[i], 1, ALGOS);
  for (size_t i = 0; i < 3; i++)
    compare_tables(p, &seed[i], (struct keys){.algo = XXH3, .n = 1, .seed = ONE_SEED}, true);
  for (size_t i = 0; i < 2; i++)
    compare_algos(p, &seeds[i], 1, XXH3_128);
  for (size_t n = 2; n <= MOST_KEYS; n++)
    compare_algos(p, keys, n, XXH32_);
}

static void compare_all(struct program *p) {
  const struct law *of_layouts[] = {&short_strings, &names_law, &urls};
  const struct rows_spec few[] = {{&short_strings, ROWS_OFFSETS32, false, false},
                                  {&names_law, ROWS_OFFSETS32, false, false},
                                  {&u64, ROWS_FIXED, false, false}};
  compare_laws(p);
  for (size_t i = 0; i < sizeof of_layouts / sizeof of_layouts[0]; i++)
    compare_layouts(p, of_layouts[i]);
  compare_keys(p);
  for (size_t i = 0; i < sizeof few / sizeof few[0]; i++) {
    compare_calls(p, &few[i]);
    compare_statistics(p, &few[i], 0);
    compare_statistics(p, &few[i], 4);
    compare_alike(p, &few[i], true);
    compare_alike(p, &few[i], false);
  }
  for (int in_cache = 1; in_cache >= 0; in_cache--) {
    compare_outside(p, &names_law, in_cache);
    compare_outside(p, &strings32, in_cache);
  }
}

static const struct peer *loop_of(const char *table) {
  for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++)
    if (strcmp(loops[i].table, table) == 0)
      return loops[i].loop;
  fprintf(stderr, "bench_hash: no loop was compiled for the table %s\n", table);
  exit(1);
}

int main(int argc, char **argv) {
  struct program p = {0};
  const char *names = NULL, *peers = NULL;
  const struct bench_option options[] = {
      {"names", "FILE", "package names, one a line or as 'Package: NAME' (made up, with recorded lengths)", &names},
      {"peer", "FILES", "other hashes, shared libraries as peer_abi.h tells: wyhash.so,theirs.so", &peers}};
  p.bench = bench_open(argc, argv, "Measures weft's batch hashes against loops over xxHash.", options, 2);
  p.tables = bench_tables(p.bench, &p.n_tables);
  p.n_outside = outside_load(peers, "bench_peer_outside", BENCH_PEER_ABI, p.outside);
  if (names)
    law_names_read(names, &p.names);
  else
    law_names_make_up(&p.names);
  for (size_t i = 0; i < p.n_tables; i++) {
    const struct weft_ctx_options of_table = options_of(p.tables[i]);
    p.ctx[i] = make_ctx(&of_table);
    p.loops[i] = loop_of(p.tables[i]);
  }
  if (names)
    bench_note(p.bench, "names: drawn from the %zu in %s\n", p.names.n, names);
  else
    bench_note(p.bench, "names: made up, with the lengths of Debian 12's package names (real ones: --names FILE)\n");
  compare_all(&p);
  for (size_t i = 0; i < MOST_KEYS; i++)
    rows_free(p.rows[i]);
  law_names_free(&p.names);
  for (size_t i = 0; i < p.n_tables; i++)
    weft_ctx_free(p.ctx[i]);
  return bench_close(p.bench);
}
