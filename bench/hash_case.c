/* SPDX-License-Identifier: MIT
 *
 * See hash_case.h.
 */
#include "hash_case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKED_ROWS 500000

const char *const hash_functions[ALGOS] = {"XXH3_64bits", "XXH64", "XXH3_128bits", "XXH32"};
const char *const hash_words[ALGOS] = {"xxh3", "xxh64", "xxh128", "xxh32"};

static size_t hash_bytes(enum algo algo) {
  return algo == XXH32_ ? sizeof(uint32_t) : algo == XXH3_128 ? sizeof(struct weft_fingerprint) : sizeof(uint64_t);
}

static weft_status hash_columns(weft_ctx *ctx, const struct keys *keys, const struct weft_column *columns,
                                const uint64_t *seeds, void *out) {
  enum weft_algo algo = keys->algo == XXH3 ? WEFT_XXH3_64 : WEFT_XXH64;
  if (keys->algo == XXH32_)
    return weft_hash32(ctx, columns, keys->n, (uint32_t)keys->seed, out);
  if (keys->algo == XXH3_128)
    return weft_hash128(ctx, columns, keys->n, keys->seed, out);
  return seeds ? weft_hash64_seeded(ctx, algo, columns, keys->n, seeds, out)
               : weft_hash64(ctx, algo, columns, keys->n, keys->seed, out);
}

/* Calls of some rows each, written as a caller would who has them in that layout: a call costs some ns, and nothing of the
 * benchmark's may be among them. */
static weft_status hash_calls(weft_ctx *ctx, const struct keys *keys, size_t first, size_t n, void *out) {
  const struct rows *r = keys->columns[0];
  size_t call = keys->call, size = hash_bytes(keys->algo);
  weft_status status = WEFT_OK;
  for (size_t done = 0; done < n && !status; done += call) {
    size_t rows = call < n - done ? call : n - done;
    struct weft_column column = r->width ? weft_column_fixed(r->data + (first + done) * 8, WEFT_U64, rows)
                                         : weft_column_offsets32(r->data, r->data_bytes, r->offsets + first + done, rows);
    status = hash_columns(ctx, keys, &column, NULL, (char *)out + done * size);
  }
  return status;
}

/* Rows first .. first + n by weft. The columns are made anew, as a caller has to. */
static weft_status hash_rows(weft_ctx *ctx, const struct keys *keys, size_t first, size_t n, void *out) {
  if (keys->call)
    return hash_calls(ctx, keys, first, n, out);
  struct weft_column columns[MOST_KEYS];
  for (size_t i = 0; i < keys->n; i++)
    columns[i] = rows_column(keys->columns[i], first, n);
  const uint64_t *seeds = keys->columns[0]->seeds;
  return hash_columns(ctx, keys, columns, seeds ? seeds + first : NULL, out);
}

static void hash_side(const struct hash_case *c, const struct side *side, size_t first, size_t n, void *out) {
  const struct rows *r = c->keys.columns[0];
  if (side->peer) {
    side->peer->hash[c->keys.algo](&c->keys, first, n, out);
  } else if (side->outside) {
    side->outside->hash(r->data, r->offsets + first, n, out);
  } else if (hash_rows(side->ctx, &c->keys, first, n, out)) {
    fprintf(stderr, "bench_hash: %s\n", weft_ctx_message(side->ctx));
    exit(1);
  }
}

static void hash_piece(void *state, size_t contender, uint64_t piece) {
  const struct hash_case *c = state;
  size_t rows = c->keys.columns[0]->piece_rows;
  hash_side(c, &c->sides[contender], (size_t)piece * rows, rows, c->out);
}

static struct bench_amount prepare_piece(void *state, uint64_t piece) {
  const struct hash_case *c = state;
  size_t rows = c->keys.columns[0]->piece_rows, call = c->keys.call;
  struct bench_amount amount = {(double)(call ? (rows + call - 1) / call : rows), 0};
  for (size_t i = 0; i < c->keys.n; i++) {
    if (c->in_cache)
      rows_touch(c->keys.columns[i], (size_t)piece);
    amount.bytes += (double)c->keys.columns[i]->piece_bytes[piece];
  }
  if (c->in_cache)
    rows_touch_bytes(c->out, rows * hash_bytes(c->keys.algo));
  return amount;
}

static void recut(void *state) {
  const struct hash_case *c = state;
  if (c->keys.n == 1)
    rows_recut(c->keys.columns[0]);
}

/* What a piece's hashes should be: the shared library's; another hash's are its own, got by two calls. */
static void want_piece(const struct hash_case *c, size_t contender, size_t first, size_t rows, void *want) {
  const struct side lib = {.peer = &bench_peer_lib}, *side = &c->sides[contender];
  if (!side->outside) {
    hash_side(c, &lib, first, rows, want);
    return;
  }
  hash_side(c, side, first, rows / 3, want);
  hash_side(c, side, first + rows / 3, rows - rows / 3, (char *)want + rows / 3 * hash_bytes(c->keys.algo));
}

static bool check_contender(void *state, size_t contender) {
  const struct hash_case *c = state;
  const struct rows *r = c->keys.columns[0];
  size_t rows = r->piece_rows, size = hash_bytes(c->keys.algo);
  char *want = bench_memory(rows * size), *got = c->out;
  bool right = true;
  for (size_t piece = 0; right && piece < r->pieces && piece * rows < CHECKED_ROWS; piece++) {
    memset(got, 0xa5, rows * size);
    want_piece(c, contender, piece * rows, rows, want);
    hash_piece(state, contender, piece);
    for (size_t i = 0; right && i < rows; i++)
      if (memcmp(want + i * size, got + i * size, size)) {
        fprintf(stderr, "bench_hash: row %zu, of %zu bytes, has a wrong hash\n", piece * rows + i,
                rows_length(r, piece * rows + i));
        right = false;
      }
  }
  free(want);
  return right;
}

size_t hash_case_add(struct hash_case *c, struct side side, const char *format, ...) {
  c->sides[c->n] = side;
  va_list args;
  va_start(args, format);
  vsnprintf(c->contenders[c->n].name, sizeof c->contenders[0].name, format, args);
  va_end(args);
  return c->n++;
}

struct bench_against *hash_case_against(struct hash_case *c, size_t contender, size_t peer) {
  struct bench_contender *own = &c->contenders[contender];
  struct bench_against *against = &own->against[own->n_against++];
  against->peer = peer;
  return against;
}

void hash_case_run(struct hash_case *c, struct bench *bench, const char *name) {
  const struct rows *r = c->keys.columns[0];
  char about[300] = "";
  for (size_t i = 0; i < c->keys.n; i++)
    snprintf(about + strlen(about), sizeof about - strlen(about), "%s%s", i ? " + " : "",
             c->keys.columns[i]->spec.law->about);
  snprintf(about + strlen(about), sizeof about - strlen(about), "%s%s; %zu rows, %zu in a piece",
           r->spec.nulls ? ", one in ten null" : "",
           r->spec.seeds  ? ", a seed a row"
           : c->keys.seed ? ", one seed"
                          : "",
           r->rows, r->piece_rows);
  c->out = bench_memory(r->piece_rows * hash_bytes(c->keys.algo));
  const struct bench_case frame_case = {.name = name,
                                        .about = about,
                                        .unit = c->keys.call ? "call" : "row",
                                        .contenders = c->contenders,
                                        .n_contenders = c->n,
                                        .pieces = r->pieces,
                                        .same = c->in_cache,
                                        .state = c,
                                        .check = check_contender,
                                        .prepare = prepare_piece,
                                        .work = hash_piece,
                                        .lap = recut};
  bench_run(bench, &frame_case);
  free(c->out);
}
