/* SPDX-License-Identifier: MIT
 *
 * weft's batch hashes against loops over xxHash: every table of kernels, rows of many lengths and layouts, from the cache
 * and from DRAM, in large batches and in calls of a few rows. The targets printed beside the figures are in hash_targets.
 */
#include "bench.h"
#include "peer.h"
#include "rows.h"

#include <weft/weft.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKED_ROWS 500000
#define MOST_CONTENDERS (2 * WEFT_MAX_ISAS + 2)

enum algo { XXH3, XXH64_, XXH32_, ALGOS };
static const char *const algo_names[ALGOS] = {"xxh3", "xxh64", "xxh32"};

static const char *const layout_names[] = {
    [ROWS_OFFSETS] = "offsets32",   [ROWS_POINTERS] = "pointers", [ROWS_VIEWS] = "views",
    [ROWS_SELECTION] = "selection", [ROWS_SHUFFLED] = "shuffled", [ROWS_FIXED] = "fixed"};

static const struct rows_law laws[] = {
    {"1-16", "strings of 1 to 16 B", ROWS_UNIFORM, 1, 16},
    {"1-32", "strings of 1 to 32 B", ROWS_UNIFORM, 1, 32},
    {"names", "package names", ROWS_NAMES, 1, 73},
    {"urls", "URLs of 20 to 80 B", ROWS_UNIFORM, 20, 80},
    {"64-256", "strings of 64 to 256 B", ROWS_UNIFORM, 64, 256},
    {"1k", "strings of 1 to 2 KiB", ROWS_UNIFORM, 1024, 2048},
    {"mixed", "nine of ten strings 1 to 32 B, one 1 B to 2 KiB", ROWS_MIXED, 1, 2048},
    {"repeated", "strings of 1 to 16 B, each up to 16 times in a row", ROWS_REPEATED, 1, 16},
    {"u64", "integers of 64 bits", ROWS_INTEGERS, 8, 8},
    {"u32", "integers of 32 bits", ROWS_INTEGERS, 4, 4},
    {"replayed", "control: the same 2,000 strings of 1 to 16 B again and again, which a predictor learns", ROWS_REPLAYED, 1,
     16},
};

enum peer_kind { LOOP, BASELINE, LIB }; /* the loop with the table's flags; in a baseline build; of calls into libxxhash */

/* How many times faster than a peer weft is meant to be. Patterns as in fnmatch; the first line that fits counts. Lines
 * that name rows are about offsets32 and integers; the floor for any rows ("*") is about every layout. */
static const struct hash_target {
  const char *rows, *algo, *table, *memory;
  enum peer_kind peer;
  double times;
} hash_targets[] = {
    {"1-16", "xxh3", "avx512*", "cache", LOOP, 4.5},
    {"1-16", "xxh3", "avx512*", "dram", LOOP, 4},
    {"1-16", "xxh3", "avx2", "cache", LOOP, 2.5},
    {"1-32", "xxh3", "avx512*", "cache", LOOP, 3.5},
    {"1-32", "xxh3", "avx512*", "dram", LOOP, 3},
    {"1-32", "xxh3", "avx2", "cache", LOOP, 2},
    {"names", "xxh3", "avx512*", "cache", LOOP, 3},
    {"names", "xxh3", "avx512*", "dram", LOOP, 2.5},
    {"names", "xxh3", "avx2", "cache", LOOP, 1.6},
    {"urls", "xxh3", "avx512*", "cache", LOOP, 2.3},
    {"urls", "xxh3", "avx512*", "dram", LOOP, 1.5},
    {"urls", "xxh3", "avx2", "cache", LOOP, 1.4},
    {"64-256", "xxh3", "avx512*", "cache", LOOP, 2},
    {"64-256", "xxh3", "avx512*", "dram", LOOP, 1.4},
    {"64-256", "xxh3", "avx2", "cache", LOOP, 1.4},
    {"1k", "xxh3", "avx512*", "*", LOOP, 1},
    {"1k", "xxh3", "avx2", "cache", LOOP, 1},
    {"names", "xxh64", "avx512*", "*", LOOP, 4.5},
    {"names", "xxh64", "avx2", "cache", LOOP, 2.2},
    {"1-32", "xxh64", "avx512*", "cache", LOOP, 6.5},
    {"1-32", "xxh64", "avx512*", "dram", LOOP, 6},
    {"1-32", "xxh64", "avx2", "cache", LOOP, 2.2},
    {"u64", "xxh3", "avx512*", "*", LOOP, 1},
    {"u64", "xxh64", "avx512*", "cache", LOOP, 4},
    {"u64", "xxh64", "avx512*", "dram", LOOP, 1},
    {"u64", "xxh[36]*", "avx2", "cache", LOOP, 1},
    {"u64", "xxh3", "avx512*", "cache", BASELINE, 5},
    {"u64", "xxh64", "avx512*", "cache", BASELINE, 5},
    {"u64", "xxh3", "avx512*", "dram", BASELINE, 1.5},
    {"u64", "xxh64", "avx512*", "dram", BASELINE, 1.5},
    {"u64", "xxh3", "avx2", "cache", BASELINE, 2.5},
    {"u64", "xxh64", "avx2", "cache", BASELINE, 2.5},
    {"*", "*", "sse", "*", LOOP, 0.95},
    {"*", "*", "neon", "*", LOOP, 0.95},
    {"*", "*", "scalar", "*", LOOP, 0.95},
};
/* Calls of 1 to 7 rows, on every table, against calls into the shared library. */
#define FEW_ROWS_TARGET 0.95

static const struct {
  const char *table;
  const struct peer *loop;
} loops[] = {
#define PEER(name) {#name, &bench_peer_##name},
    BENCH_PEERS
#undef PEER
};

/* One contender of a case: weft with a context, or a peer. */
struct side {
  weft_ctx *ctx;
  const struct peer *peer;
};

/* A case, as the frame's functions see it. */
struct comparison {
  struct rows *rows;
  enum algo algo;
  bool in_cache;
  size_t call; /* rows in a call; 0: a piece at once */
  void *out;   /* [piece_rows], of the algorithm's hashes */
  struct side sides[MOST_CONTENDERS];
};

/* The whole program. */
struct program {
  struct bench *bench;
  struct rows_names names;
  struct rows *rows;         /* those of the last case: the next one often wants the same */
  const char *const *tables; /* [n_tables] */
  size_t n_tables;
  weft_ctx *ctx[WEFT_MAX_ISAS];            /* [n_tables] */
  const struct peer *loops[WEFT_MAX_ISAS]; /* [n_tables] */
};

static size_t hash_bytes(enum algo algo) {
  return algo == XXH32_ ? sizeof(uint32_t) : sizeof(uint64_t);
}

static void die(const weft_ctx *ctx) {
  fprintf(stderr, "bench_hash: %s\n", weft_ctx_message(ctx));
  exit(1);
}

/* Rows first .. first + n by one contender. The column is made anew, as a caller has to. */
static void hash_rows(const struct comparison *c, const struct side *side, size_t first, size_t n, void *out) {
  if (side->peer) {
    if (c->algo == XXH32_)
      side->peer->xxh32(c->rows, first, n, out);
    else
      (c->algo == XXH3 ? side->peer->xxh3_64 : side->peer->xxh64)(c->rows, first, n, out);
    return;
  }
  struct weft_column column = rows_column(c->rows, first, n);
  if (c->algo == XXH32_ ? weft_hash32(side->ctx, &column, 1, 0, out)
                        : weft_hash64(side->ctx, c->algo == XXH3 ? WEFT_XXH3_64 : WEFT_XXH64, &column, 1, 0, out))
    die(side->ctx);
}

static void hash_piece(void *state, size_t contender, uint64_t piece) {
  const struct comparison *c = state;
  const struct side *side = &c->sides[contender];
  size_t first = (size_t)piece * c->rows->piece_rows, rows = c->rows->piece_rows;
  if (!c->call) {
    hash_rows(c, side, first, rows, c->out);
    return;
  }
  size_t size = hash_bytes(c->algo);
  for (size_t i = 0; i < rows; i += c->call)
    hash_rows(c, side, first + i, c->call < rows - i ? c->call : rows - i, (char *)c->out + i * size);
}

static struct bench_amount prepare_piece(void *state, uint64_t piece) {
  const struct comparison *c = state;
  const struct rows *r = c->rows;
  if (c->in_cache) {
    rows_touch(r, (size_t)piece);
    rows_touch_bytes(c->out, r->piece_rows * hash_bytes(c->algo));
  }
  size_t units = c->call ? (r->piece_rows + c->call - 1) / c->call : r->piece_rows;
  return (struct bench_amount){(double)units, (double)r->piece_bytes[piece]};
}

static void recut(void *state) {
  rows_recut(((struct comparison *)state)->rows);
}

/* The first half million rows, or all, equal to what the shared library gives? */
static bool check_contender(void *state, size_t contender) {
  const struct comparison *c = state;
  const struct side lib = {.peer = &bench_peer_lib};
  size_t rows = c->rows->piece_rows, size = hash_bytes(c->algo);
  char *want = bench_memory(rows * size), *got = c->out;
  bool right = true;
  for (size_t piece = 0; right && piece < c->rows->pieces && piece * rows < CHECKED_ROWS; piece++) {
    memset(got, 0xa5, rows * size);
    hash_rows(c, &lib, piece * rows, rows, want);
    hash_piece(state, contender, piece);
    for (size_t i = 0; right && i < rows; i++)
      if (memcmp(want + i * size, got + i * size, size)) {
        fprintf(stderr, "bench_hash: row %zu, of %zu bytes, has a wrong hash\n", piece * rows + i,
                rows_length(c->rows, piece * rows + i));
        right = false;
      }
  }
  free(want);
  return right;
}

static double target_of(const struct rows *rows, enum algo algo, const char *table, bool in_cache, enum peer_kind peer) {
  const char *memory = in_cache ? "cache" : "dram";
  bool plain = rows->layout == ROWS_OFFSETS || rows->layout == ROWS_FIXED;
  if (rows->law->kind == ROWS_REPLAYED)
    return 0;
  for (size_t i = 0; i < sizeof hash_targets / sizeof hash_targets[0]; i++) {
    const struct hash_target *t = &hash_targets[i];
    if (t->peer == peer && (plain || t->rows[0] == '*') && fnmatch(t->rows, rows->law->name, 0) == 0 &&
        fnmatch(t->algo, algo_names[algo], 0) == 0 && fnmatch(t->table, table, 0) == 0 &&
        fnmatch(t->memory, memory, 0) == 0)
      return t->times;
  }
  return 0;
}

static weft_ctx *make_ctx(const char *table, uint32_t prefetch_distance, bool set_distance) {
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.isa = table;
  if (set_distance)
    options.prefetch_distance = prefetch_distance;
  weft_ctx *ctx;
  if (weft_ctx_create(&options, &ctx))
    die(NULL);
  return ctx;
}

/* Those rows, made if the last case had others. */
static struct rows *take_rows(struct program *p, const struct rows_law *law, enum rows_layout layout) {
  if (!p->rows || p->rows->law != law || p->rows->layout != layout) {
    rows_free(p->rows);
    p->rows = rows_make(law, layout, &p->names);
  }
  return p->rows;
}

static void run_comparison(struct program *p, struct comparison *c, const char *name,
                           const struct bench_contender *contenders, size_t n) {
  const struct rows *r = c->rows;
  char about[200];
  snprintf(about, sizeof about, "%s; %zu rows, %zu in a piece", r->law->about, r->rows, r->piece_rows);
  c->out = bench_memory(r->piece_rows * hash_bytes(c->algo));
  const struct bench_case frame_case = {.name = name,
                                        .about = about,
                                        .unit = c->call ? "call" : "row",
                                        .contenders = contenders,
                                        .n_contenders = n,
                                        .pieces = r->pieces,
                                        .same = c->in_cache,
                                        .state = c,
                                        .check = check_contender,
                                        .prepare = prepare_piece,
                                        .work = hash_piece,
                                        .lap = recut};
  bench_run(p->bench, &frame_case);
  free(c->out);
}

/* Every table against its own loop, the baseline loop and the shared library. call: rows in a call, 0 for large batches. */
static void compare_tables(struct program *p, const struct rows_law *law, enum rows_layout layout, enum algo algo,
                           bool in_cache, size_t call) {
  char memory[24], name[80];
  snprintf(memory, sizeof memory, call ? "calls-of-%zu" : in_cache ? "cache" : "dram", call);
  snprintf(name, sizeof name, "%s %s %s %s", law->name, layout_names[layout], algo_names[algo], memory);
  if (!bench_wants(p->bench, name, law->kind == ROWS_REPLAYED))
    return;
  struct comparison c = {.rows = take_rows(p, law, layout), .algo = algo, .in_cache = in_cache, .call = call};
  struct bench_contender contenders[MOST_CONTENDERS] = {0};
  size_t n = p->n_tables, baseline = 2 * n, lib = 2 * n + 1;
  for (size_t i = 0; i < n; i++) {
    const char *table = p->tables[i];
    struct bench_contender *weft = &contenders[i];
    snprintf(weft->name, sizeof weft->name, "weft %s", table);
    snprintf(contenders[n + i].name, sizeof weft->name, "loop %s", table);
    weft->against[0] = (struct bench_against){n + i, call ? 0 : target_of(c.rows, algo, table, in_cache, LOOP)};
    weft->against[1] = (struct bench_against){baseline, call ? 0 : target_of(c.rows, algo, table, in_cache, BASELINE)};
    weft->against[2] = (struct bench_against){lib, call ? FEW_ROWS_TARGET : 0};
    weft->n_against = 3;
    c.sides[i].ctx = p->ctx[i];
    c.sides[n + i].peer = p->loops[i];
  }
  snprintf(contenders[baseline].name, sizeof contenders[0].name, "loop baseline");
  snprintf(contenders[lib].name, sizeof contenders[0].name, "libxxhash");
  c.sides[baseline].peer = &bench_peer_baseline;
  c.sides[lib].peer = &bench_peer_lib;
  run_comparison(p, &c, name, contenders, 2 * n + 2);
}

/* The best of the chosen tables at several prefetch distances, each against no prefetching. */
static void compare_distances(struct program *p, const struct rows_law *law, enum rows_layout layout) {
  static const uint32_t distances[] = {0, 4, 16, 64};
  enum { N = sizeof distances / sizeof distances[0] };
  char name[80];
  snprintf(name, sizeof name, "%s %s xxh3 prefetch", law->name, layout_names[layout]);
  if (!bench_wants(p->bench, name, false))
    return;
  size_t best = p->n_tables - 1;
  struct comparison c = {.rows = take_rows(p, law, layout), .algo = XXH3};
  struct bench_contender contenders[N + 1] = {0};
  for (size_t i = 0; i < N; i++) {
    snprintf(contenders[i].name, sizeof contenders[i].name, "%s distance %u", p->tables[best], (unsigned)distances[i]);
    contenders[i].against[0].peer = N;
    contenders[i].against[1].peer = 0;
    contenders[i].n_against = i ? 2 : 1;
    c.sides[i].ctx = make_ctx(p->tables[best], distances[i], true);
  }
  snprintf(contenders[N].name, sizeof contenders[N].name, "loop %s", p->tables[best]);
  c.sides[N].peer = p->loops[best];
  run_comparison(p, &c, name, contenders, N + 1);
  for (size_t i = 0; i < N; i++)
    weft_ctx_free(c.sides[i].ctx);
}

static bool is_one_of(const struct rows_law *law, const char *names) {
  const char *found = strstr(names, law->name);
  size_t n = strlen(law->name);
  return found && (found == names || found[-1] == ' ') && (found[n] == ' ' || !found[n]);
}

static void run_law(struct program *p, const struct rows_law *law) {
  enum rows_layout plain = law->kind == ROWS_INTEGERS ? ROWS_FIXED : ROWS_OFFSETS;
  for (enum algo algo = 0; algo < ALGOS; algo++)
    for (int in_cache = 1; in_cache >= 0; in_cache--)
      compare_tables(p, law, plain, algo, in_cache, 0);
  if (is_one_of(law, "1-16 u64"))
    for (size_t call = 1; call <= 7; call++)
      compare_tables(p, law, plain, XXH3, true, call);
  if (!is_one_of(law, "1-16 names urls"))
    return;
  compare_distances(p, law, plain);
  static const enum rows_layout layouts[] = {ROWS_POINTERS, ROWS_VIEWS, ROWS_SELECTION};
  for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
    for (int in_cache = 1; in_cache >= 0; in_cache--)
      compare_tables(p, law, layouts[i], XXH3, in_cache, 0);
  compare_tables(p, law, ROWS_SHUFFLED, XXH3, false, 0);
  compare_distances(p, law, ROWS_SHUFFLED);
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
  const char *names = NULL;
  const struct bench_option options[] = {
      {"names", "FILE", "package names, one a line or as 'Package: NAME' (made from recorded lengths)", &names}};
  p.bench = bench_open(argc, argv, "Measures weft's batch hashes against loops over xxHash.", options, 1);
  p.tables = bench_tables(p.bench, &p.n_tables);
  if (names)
    rows_names_read(names, &p.names);
  for (size_t i = 0; i < p.n_tables; i++) {
    p.ctx[i] = make_ctx(p.tables[i], 0, false);
    p.loops[i] = loop_of(p.tables[i]);
  }
  if (p.names.n)
    bench_note(p.bench, "names: drawn from the %zu in %s\n", p.names.n, names);
  else
    bench_note(p.bench, "names: made up, with the lengths of Debian 12's package names (real ones: --names FILE)\n");
  for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++)
    run_law(&p, &laws[i]);
  rows_free(p.rows);
  rows_names_free(&p.names);
  for (size_t i = 0; i < p.n_tables; i++)
    weft_ctx_free(p.ctx[i]);
  return bench_close(p.bench);
}
