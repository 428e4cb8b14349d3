/* SPDX-License-Identifier: MIT
 *
 * Bloom filters, by hashes: probes and insertions in filters of every cache and of DRAM, beside a loop that tests or sets
 * the eight bits one by one, as code without vectors does. Half of the probes are of hashes that were inserted.
 */
#include "bench.h"

#include <weft/weft.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE "Bloom filters by hashes: times faster than a loop over bits"

enum { PIECE = 16384 };
enum { LOOP, WEFT }; /* contenders; WEFT + i: the table of kernels number i */

static const struct {
  const char *name;
  size_t bytes, pieces; /* so many hashes that the filter's lines are not those just used */
} sizes[] = {{"16k", 16 << 10, 4}, {"256k", 256 << 10, 8}, {"2m", 2 << 20, 32}, {"128m", 128 << 20, 512}};
#define SIZES (sizeof sizes / sizeof *sizes)

struct comparison {
  size_t bytes, pieces;
  bool inserts;
  uint64_t *hashes; /* [pieces * PIECE] */
  uint8_t *loops;   /* the loop's filter */
  size_t n_tables;
  weft_ctx *ctx[WEFT_MAX_ISAS];
  weft_bloom *blooms[WEFT_MAX_ISAS];
  uint8_t bits[PIECE / 8];
};

static uint64_t mixed(uint64_t x) { /* splitmix64 */
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static void must(const weft_ctx *ctx, weft_status status) {
  if (status == WEFT_OK)
    return;
  fprintf(stderr, "bench_bloom: %s: %s\n", weft_status_text(status), weft_ctx_message(ctx));
  exit(1);
}

/* The loop: parquet-format, BloomFilter.md. On a big-endian machine its filter is other bytes, and the check fails. */
static const uint32_t salt[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

static uint8_t *loop_block(const struct comparison *c, uint64_t hash) {
  return c->loops + ((hash >> 32) * (c->bytes / 32) >> 32) * 32;
}

static bool loop_finds(const struct comparison *c, uint64_t hash) {
  const uint8_t *block = loop_block(c, hash);
  for (size_t k = 0; k < 8; k++) {
    uint32_t word;
    memcpy(&word, block + 4 * k, sizeof word);
    if (!(word >> ((uint32_t)hash * salt[k] >> 27) & 1))
      return false;
  }
  return true;
}

static void loop_insert(const struct comparison *c, uint64_t hash) {
  uint8_t *block = loop_block(c, hash);
  for (size_t k = 0; k < 8; k++) {
    uint32_t word;
    memcpy(&word, block + 4 * k, sizeof word);
    word |= (uint32_t)1 << ((uint32_t)hash * salt[k] >> 27);
    memcpy(block + 4 * k, &word, sizeof word);
  }
}

static void work(void *state, size_t contender, uint64_t piece) {
  struct comparison *c = state;
  const uint64_t *hashes = c->hashes + piece * PIECE;
  if (contender != LOOP) {
    weft_ctx *ctx = c->ctx[contender - WEFT];
    weft_bloom *bloom = c->blooms[contender - WEFT];
    must(ctx, c->inserts ? weft_bloom_insert_hashes(ctx, bloom, hashes, PIECE)
                         : weft_bloom_contains_hashes(ctx, bloom, hashes, PIECE, c->bits));
  } else if (c->inserts) {
    for (size_t i = 0; i < PIECE; i++)
      loop_insert(c, hashes[i]);
  } else {
    for (size_t i = 0; i < PIECE; i += 8) {
      unsigned byte = 0;
      for (size_t k = 0; k < 8; k++)
        byte |= (unsigned)loop_finds(c, hashes[i + k]) << k;
      c->bits[i / 8] = (uint8_t)byte;
    }
  }
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  (void)state;
  (void)piece;
  return (struct bench_amount){PIECE, 0};
}

/* The filters, filled alike, are the same byte for byte; of every 16th piece the answers are too. */
static bool check(void *state, size_t contender) {
  struct comparison *c = state;
  static uint8_t wanted[PIECE / 8];
  if (contender == LOOP)
    return true;
  if (memcmp(weft_bloom_bytes(c->blooms[contender - WEFT], NULL), c->loops, c->bytes) != 0)
    return false;
  for (size_t piece = 0; !c->inserts && piece < c->pieces; piece += 16) {
    work(c, LOOP, piece);
    memcpy(wanted, c->bits, sizeof wanted);
    work(c, contender, piece);
    if (memcmp(wanted, c->bits, sizeof wanted) != 0)
      return false;
  }
  return true;
}

static void open_comparison(struct comparison *c, const char *const *tables, size_t n_tables) {
  size_t keys = c->bytes * 8 / 11; /* a rate of about 0.01 */
  c->hashes = bench_memory(c->pieces * PIECE * sizeof *c->hashes);
  c->loops = bench_memory(c->bytes);
  memset(c->loops, 0, c->bytes);
  for (size_t i = 0; i < keys; i++)
    loop_insert(c, mixed(i));
  for (size_t i = 0; i < c->pieces * PIECE; i++) {
    uint64_t drawn = mixed(~(uint64_t)i);
    c->hashes[i] = drawn & 1 ? mixed((drawn >> 1) % keys) : mixed(keys + i);
  }
  c->n_tables = n_tables;
  for (size_t t = 0; t < n_tables; t++) {
    struct weft_ctx_options options;
    weft_ctx_options_init(&options, sizeof options);
    options.isa = tables[t];
    must(NULL, weft_ctx_create(&options, &c->ctx[t]));
    must(c->ctx[t], weft_bloom_from_bytes(c->ctx[t], c->loops, c->bytes, &c->blooms[t]));
  }
}

static void close_comparison(struct comparison *c) {
  for (size_t t = 0; t < c->n_tables; t++) {
    weft_bloom_free(c->blooms[t]);
    weft_ctx_free(c->ctx[t]);
  }
  free(c->loops);
  free(c->hashes);
}

static void measure(struct bench *bench, size_t size, bool inserts, const char *const *tables, size_t n_tables) {
  static struct comparison c;
  struct bench_contender contenders[WEFT_MAX_ISAS + 1] = {{.name = "loop"}};
  char name[60], about[100];
  snprintf(name, sizeof name, "%s %s", inserts ? "insert" : "probe", sizes[size].name);
  if (!bench_wants(bench, name, false))
    return;
  c = (struct comparison){.bytes = sizes[size].bytes, .pieces = sizes[size].pieces, .inserts = inserts};
  open_comparison(&c, tables, n_tables);
  for (size_t t = 0; t < n_tables; t++) {
    struct bench_contender *contender = &contenders[WEFT + t];
    snprintf(contender->name, sizeof contender->name, "weft %s", tables[t]);
    struct bench_against *against = &contender->against[contender->n_against++];
    *against = (struct bench_against){.peer = LOOP, .table = TITLE, .order = inserts, .column = tables[t]};
    snprintf(against->row, sizeof against->row, "%s, a filter of %s", inserts ? "insert" : "probe", sizes[size].name);
  }
  snprintf(about, sizeof about, "hashes, %s, a filter of %zu bytes, %zu keys in it", inserts ? "inserted again" : "probed",
           c.bytes, c.bytes * 8 / 11);
  struct bench_case bench_case = {.name = name,
                                  .about = about,
                                  .unit = "hash",
                                  .contenders = contenders,
                                  .n_contenders = 1 + n_tables,
                                  .pieces = c.pieces,
                                  .state = &c,
                                  .check = check,
                                  .prepare = prepare,
                                  .work = work};
  bench_run(bench, &bench_case);
  close_comparison(&c);
}

int main(int argc, char **argv) {
  struct bench *bench = bench_open(argc, argv, "Measures Bloom filters against a loop over bits.", NULL, 0);
  size_t n_tables;
  const char *const *tables = bench_tables(bench, &n_tables);
  for (size_t size = 0; size < SIZES; size++)
    for (int inserts = 0; inserts <= 1; inserts++)
      measure(bench, size, inserts, tables, n_tables);
  return bench_close(bench);
}
