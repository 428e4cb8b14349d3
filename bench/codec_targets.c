/* SPDX-License-Identifier: MIT
 *
 * See codec_targets.h.
 */
#include "codec_targets.h"

#include <fnmatch.h>
#include <stdio.h>

#define TABLE "Codecs, times faster"
#define SIZES "Codecs, sizes"

/* How many times faster than a peer weft's best table is meant to be; 0: it is only shown. Patterns as in fnmatch; the
 * first line that fits counts, and gives the row, which may have several lines. */
static const struct {
  const char *name, *contender, *peer;
  double times;
  const char *row;
} lines[] = {
    {"unpack u32 * l1", "*open", "memcpy", 0.95, "unpack + base, u32, L1, each width, kept open, than memcpy"},
    {"unpack u32 * l1", "*", "memcpy", 0, "unpack + base, u32, L1, each width, than memcpy"},
    {"unpack u32 * l1", "*open", "FastLanes*", 0.95, "unpack + base, u32, L1, each width, kept open, than FastLanes"},
    {"unpack u32 * l1", "*", "FastLanes*", 0, "unpack + base, u32, L1, each width, than FastLanes"},
    {"unpack u32 * l1", "*open", "simdcomp*", 0.95, "unpack + base, u32, L1, each width, kept open, than simdcomp"},
    {"unpack u32 * l1", "*", "simdcomp*", 0, "unpack + base, u32, L1, each width, than simdcomp"},
    {"unpack u32 * l2", "*", "memcpy", 0, "unpack + base, u32, L2, each width, than memcpy"},
    {"unpack u32 * dram", "*streaming", "TurboPFor*", 1.3,
     "unpack + base, u32, DRAM, each width, streaming stores, than TurboPFor"},
    {"unpack u32 * dram", "*streaming", "*", 0, NULL},
    {"unpack u32 w[1-9] dram", "*", "memcpy", 1.5, "unpack + base, u32, DRAM, each width up to 12 bits, than memcpy"},
    {"unpack u32 w1[0-2] dram", "*", "memcpy", 1.5, "unpack + base, u32, DRAM, each width up to 12 bits, than memcpy"},
    {"unpack u32 * dram", "*", "memcpy", 0.95, "unpack + base, u32, DRAM, each wider width, than memcpy"},
    {"unpack u64 * l1", "*open", "memcpy", 0.95, "unpack + base, u64, L1, each width, kept open, than memcpy"},
    {"unpack u64 * l1", "*", "memcpy", 0, "unpack + base, u64, L1, each width, than memcpy"},
    {"unpack u64 * l1", "*open", "FastLanes*", 0.95, "unpack + base, u64, L1, each width, kept open, than FastLanes"},
    {"unpack u64 * l1", "*", "FastLanes*", 0, "unpack + base, u64, L1, each width, than FastLanes"},
    {"unpack u64 * l2", "*", "memcpy", 0, "unpack + base, u64, L2, each width, than memcpy"},
    {"unpack u64 * dram", "*streaming", "TurboPFor*", 1.3,
     "unpack + base, u64, DRAM, each width, streaming stores, than TurboPFor"},
    {"unpack u64 * dram", "*streaming", "*", 0, NULL},
    {"unpack u64 w[1-9] dram", "*", "memcpy", 1.5, "unpack + base, u64, DRAM, each width up to 12 bits, than memcpy"},
    {"unpack u64 w1[0-2] dram", "*", "memcpy", 1.5, "unpack + base, u64, DRAM, each width up to 12 bits, than memcpy"},
    {"unpack u64 * dram", "*", "memcpy", 0.95, "unpack + base, u64, DRAM, each wider width, than memcpy"},
    {"pack u32 * l1", "*", "FastLanes*", 0.8, "pack + base, u32, L1, each width, than FastLanes"},
    {"pack u32 * dram", "*", "FastLanes*", 1, "pack + base, u32, DRAM, each width, than FastLanes"},
    {"pack u64 * l1", "*", "FastLanes*", 0.8, "pack + base, u64, L1, each width, than FastLanes"},
    {"pack u64 * dram", "*", "FastLanes*", 1, "pack + base, u64, DRAM, each width, than FastLanes"},
    {"delta u32 sorted l1", "*open", "TurboPFor*", 1.7, "delta, sorted, u32, L1, kept open, than TurboPFor"},
    {"delta u32 sorted l1", "*", "TurboPFor*", 0, "delta, sorted, u32, L1, than TurboPFor"},
    {"delta u32 sorted dram", "*", "TurboPFor*", 1.2, "delta, sorted, u32, DRAM, than TurboPFor"},
    {"delta u64 timestamps l1", "*open", "TurboPFor*", 1.7, "delta, timestamps, u64, L1, kept open, than TurboPFor"},
    {"delta u64 timestamps l1", "*", "TurboPFor*", 0, "delta, timestamps, u64, L1, than TurboPFor"},
    {"delta u64 timestamps dram", "*", "TurboPFor*", 1.2, "delta, timestamps, u64, DRAM, than TurboPFor"},
    {"rle u32 runs2 cache", "*", "fill loop*", 6, "RLE, u32, runs of 2, L1, than a fill loop"},
    {"rle u32 runs10 cache", "*", "fill loop*", 0, "RLE, u32, runs of 10, L1, than a fill loop"},
    {"rle u32 runs100 cache", "*", "fill loop*", 1, "RLE, u32, runs of 100, L1, than a fill loop"},
    {"rle u64 runs2 cache", "*", "fill loop*", 6, "RLE, u64, runs of 2, L1, than a fill loop"},
    {"rle u64 runs10 cache", "*", "fill loop*", 0, "RLE, u64, runs of 10, L1, than a fill loop"},
    {"rle u64 runs100 cache", "*", "fill loop*", 1, "RLE, u64, runs of 100, L1, than a fill loop"},
    {"dict-encode strings d100", "*", "unordered_map", 0, "dictionary encode, 100 distinct strings, than unordered_map"},
    {"dict-encode strings d10k", "*", "unordered_map", 5, "dictionary encode, 10,000 distinct strings, than unordered_map"},
    {"dict-encode strings d100k", "*", "unordered_map", 0,
     "dictionary encode, 100,000 distinct strings, than unordered_map"},
    {"column * decode", "auto", "lz4", 5, "real columns decoded, each of them, than lz4"},
};

/* Rows of the summary, behind those of the lines. */
enum order { PARTIAL = 100, SELECTOR, FIGURE };

static void place(struct bench_against *against, const char *table, int order, const char *row) {
  against->table = TABLE;
  against->order = order;
  against->column = table;
  snprintf(against->row, sizeof against->row, "%s", row);
}

void codec_target(const char *name, const char *contender, const char *peer, bool judged, const char *table,
                  struct bench_against *against) {
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    if (fnmatch(lines[i].name, name, 0) || fnmatch(lines[i].contender, contender, 0) || fnmatch(lines[i].peer, peer, 0))
      continue;
    if (!lines[i].row)
      return;
    against->target = judged ? lines[i].times : 0;
    place(against, table, (int)i, lines[i].row);
    return;
  }
}

void codec_target_partial(const char *table, bool judged, struct bench_against *against) {
  against->target = judged ? 0.7 : 0;
  place(against, table, PARTIAL, "1000 values in a block, than 1024");
}

void codec_target_selector(const char *table, struct bench_against *against) {
  against->target = 0.9;
  place(against, table, SELECTOR, "encoding with the selector, than with its choice given; each column");
}

void codec_figure(enum codec_figure figure, struct bench_value *value) {
  static const struct {
    const char *unit, *row;
    double most;
  } figures[FIGURES] = {
      [FIGURE_DELTA] = {"of TurboPFor's bytes", "delta, over TurboPFor's", 1.02},
      [FIGURE_SELECTED] = {"of the best cascade's bytes", "the selector's, over the best cascade's, each column", 1.05},
      [FIGURE_BOUND] = {"of raw + 1 % + 128 bytes", "any codec's, over raw + 1 % + 128 bytes, each column", 1},
      [FIGURE_ZSTD] = {"of zstd's bytes", "integers and times, over zstd's, each column", 1},
  };
  value->unit = figures[figure].unit;
  value->most = figures[figure].most;
  value->table = SIZES;
  value->row = figures[figure].row;
  value->order = FIGURE + (int)figure;
  value->column = "weft";
}
