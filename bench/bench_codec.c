/* SPDX-License-Identifier: MIT
 *
 * weft's codecs against memcpy, lz4, zstd, streamvbyte, loops and the files of --peer: blocks packed and unpacked at
 * every width, differences, runs, dictionaries, nulls, bytes of floats; columns, made and real, by every codec and by
 * the selector. What the figures should be is said in codec_targets.c.
 */
#include "codec_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t by_for[WEFT_CODEC_DEPTH] = {WEFT_CODEC_FOR}, by_delta[WEFT_CODEC_DEPTH] = {WEFT_CODEC_DELTA},
                     by_runs[WEFT_CODEC_DEPTH] = {WEFT_CODEC_RLE}, by_dict[WEFT_CODEC_DEPTH] = {WEFT_CODEC_DICT},
                     by_split[WEFT_CODEC_DEPTH] = {WEFT_CODEC_SPLIT};

/* "u32", "f64" */
static const char *type_word(enum weft_type type) {
  switch (type) {
  case WEFT_U32: return "u32";
  case WEFT_U64: return "u64";
  case WEFT_F32: return "f32";
  default: return "f64";
  }
}

/* Every table, the best one also with streaming stores (from DRAM) or reading what is kept open (in L1), and all peers. */
static void compare(struct program *p, const char *name, const struct values *v, enum memory memory, bool encode,
                    const uint8_t codec[WEFT_CODEC_DEPTH]) {
  struct codec_case c;
  case_begin(&c, p, v, memory, encode);
  case_tables(&c, codec);
  if (memory == MEMORY_DRAM && !encode) {
    char streaming[40];
    snprintf(streaming, sizeof streaming, "%s streaming", p->tables[p->n_tables - 1]);
    size_t side = case_weft(&c, p->n_tables - 1, codec, streaming);
    c.sides[side].decode.streaming = c.sides[side].best = true;
  }
  if (memory == MEMORY_L1 && !encode)
    case_open(&c, codec);
  case_peers(&c, memory == MEMORY_WHOLE || v->validity || v->data == BENCH_CODEC_FLOATS);
  if (v->data == BENCH_CODEC_RUNS)
    for (size_t i = 0; i < p->n_tables; i++)
      case_peer(&c, codec_fill_loop(p->tables[i]), p->tables[i]);
  if (v->data == BENCH_CODEC_STRINGS)
    case_peer(&c, &codec_map_peer, NULL);
  case_run(&c, name);
  case_end(&c);
}

/* Frame of reference, each width. */
static void run_packed(struct program *p, enum weft_type type, bool encode) {
  static const enum memory memories[] = {MEMORY_L1, MEMORY_L2, MEMORY_DRAM};
  size_t width = values_width(type);
  for (size_t m = 0; m < sizeof memories / sizeof memories[0]; m++)
    for (unsigned bits = 1; bits <= 8 * width; bits++) {
      enum memory memory = memories[m];
      char name[64];
      snprintf(name, sizeof name, "%s %s w%u %s", encode ? "pack" : "unpack", type_word(type), bits, memory_word(memory));
      /* Packing has no targets within L2. */
      if (!bench_wants(p->bench, name, encode && memory == MEMORY_L2))
        continue;
      struct values *v = values_packed(type, bits, memory_rows(memory, width), memory_period(memory, width));
      compare(p, name, v, memory, encode, by_for);
      values_free(v);
    }
}

/* Differences: of sorted numbers, and of times in microseconds that are some thousands apart. */
static void run_increasing(struct program *p, enum weft_type type, bool encode) {
  static const enum memory memories[] = {MEMORY_L1, MEMORY_L2, MEMORY_DRAM};
  enum { SORTED_BITS = 6, TIME_BITS = 12 };
  const uint64_t now = 1700000000000000;
  bool times = type == WEFT_U64;
  size_t width = values_width(type);
  for (size_t m = 0; m < sizeof memories / sizeof memories[0]; m++) {
    char name[64];
    snprintf(name, sizeof name, "%s %s %s %s", encode ? "delta-encode" : "delta", type_word(type),
             times ? "timestamps" : "sorted", memory_word(memories[m]));
    if (!bench_wants(p->bench, name, false))
      continue;
    struct values *v = values_increasing(type, times ? TIME_BITS : SORTED_BITS, times ? now : 0,
                                         memory_rows(memories[m], width), memory_period(memories[m], width));
    compare(p, name, v, memories[m], encode, by_delta);
    values_free(v);
  }
}

static void run_runs(struct program *p, enum weft_type type, bool encode) {
  static const enum memory memories[] = {MEMORY_CACHE, MEMORY_DRAM};
  static const size_t means[] = {2, 10, 100};
  size_t width = values_width(type);
  for (size_t m = 0; m < sizeof memories / sizeof memories[0]; m++)
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++) {
      char name[64];
      snprintf(name, sizeof name, "%s %s runs%zu %s", encode ? "rle-encode" : "rle", type_word(type), means[i],
               memory_word(memories[m]));
      if (!bench_wants(p->bench, name, false))
        continue;
      struct values *v = values_runs(type, means[i], memory_rows(memories[m], width), memory_period(memories[m], width));
      compare(p, name, v, memories[m], encode, by_runs);
      values_free(v);
    }
}

/* Strings as values and as views, and numbers; a million rows. */
static void run_dictionary(struct program *p, bool encode) {
  static const struct {
    size_t distinct;
    const char *word;
  } dictionaries[] = {{100, "d100"}, {10000, "d10k"}, {100000, "d100k"}};
  const char *what = encode ? "dict-encode" : "dict-decode";
  for (size_t i = 0; i < 2 * sizeof dictionaries / sizeof dictionaries[0]; i++) {
    size_t distinct = dictionaries[i / 2].distinct;
    bool strings = i % 2 == 0;
    char name[64];
    snprintf(name, sizeof name, "%s %s %s", what, strings ? "strings" : "u64", dictionaries[i / 2].word);
    if (bench_wants(p->bench, name, false)) {
      struct values *v =
          strings ? values_strings(distinct, COLUMN_CHUNK, 0) : values_drawn(WEFT_U64, distinct, COLUMN_CHUNK, 0);
      compare(p, name, v, MEMORY_WHOLE, encode, by_dict);
      values_free(v);
    }
    snprintf(name, sizeof name, "%s views %s", what, dictionaries[i / 2].word);
    if (encode || !strings || !bench_wants(p->bench, name, false))
      continue;
    struct values *v = values_strings(distinct, COLUMN_CHUNK, 0);
    struct codec_case c;
    case_begin(&c, p, v, MEMORY_WHOLE, false);
    case_tables(&c, by_dict);
    for (size_t k = 0; k < c.n; k++)
      c.sides[k].decode.form = WEFT_FORM_VIEWS;
    case_peers(&c, true);
    case_run(&c, name);
    case_end(&c);
    values_free(v);
  }
}

static void run_nulls(struct program *p, bool encode) {
  static const struct {
    unsigned share; /* of 1024 */
    const char *word;
  } nulls[] = {{10, "rare"}, {102, "tenth"}, {512, "half"}, {1014, "most"}};
  for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
    char name[64];
    snprintf(name, sizeof name, "nulls%s u32 w13 %s l2", encode ? "-encode" : "", nulls[i].word);
    if (!bench_wants(p->bench, name, false))
      continue;
    struct values *v = values_packed(WEFT_U32, 13, memory_rows(MEMORY_L2, sizeof(uint32_t)), 0);
    values_make_nulls(v, nulls[i].share);
    compare(p, name, v, MEMORY_L2, encode, by_for);
    values_free(v);
  }
}

static void run_split(struct program *p, enum weft_type type, bool encode) {
  static const enum memory memories[] = {MEMORY_L1, MEMORY_L2, MEMORY_DRAM};
  for (size_t m = 0; m < sizeof memories / sizeof memories[0]; m++) {
    char name[64];
    snprintf(name, sizeof name, "split%s %s %s", encode ? "-encode" : "", type_word(type), memory_word(memories[m]));
    if (!bench_wants(p->bench, name, false))
      continue;
    size_t width = values_width(type);
    struct values *v = values_walk(type, memory_rows(memories[m], width), memory_period(memories[m], width));
    compare(p, name, v, memories[m], encode, by_split);
    values_free(v);
  }
}

static void run_all(struct program *p) {
  for (int encode = 0; encode <= 1; encode++) {
    run_packed(p, WEFT_U32, encode);
    run_packed(p, WEFT_U64, encode);
    run_increasing(p, WEFT_U32, encode);
    run_increasing(p, WEFT_U64, encode);
    run_runs(p, WEFT_U32, encode);
    run_runs(p, WEFT_U64, encode);
    run_dictionary(p, encode);
    run_nulls(p, encode);
    run_split(p, WEFT_F32, encode);
    run_split(p, WEFT_F64, encode);
  }
  run_calls(p);
}

int main(int argc, char **argv) {
  struct program p = {0};
  struct codec_files files = {"liblz4.so.1", "libzstd.so.1", "libstreamvbyte.so.0", NULL, false};
  const char *required = NULL, *packages = NULL, *columns = NULL;
  const struct bench_option options[] = {
      {"peer", "FILES", "other codecs, shared libraries as codec_abi.h tells: fastlanes.so,theirs.so", &files.outside},
      {"lz4", "FILE", "its library (liblz4.so.1)", &files.lz4},
      {"zstd", "FILE", "its library (libzstd.so.1)", &files.zstd},
      {"streamvbyte", "FILE", "its library (libstreamvbyte.so.0)", &files.streamvbyte},
      {"require-peers", NULL, "fail where one of these libraries cannot be loaded; else it is left out", &required},
      {"packages", "FILE", "a package index, what apt-cache dumpavail prints: columns of names, sections, sizes",
       &packages},
      {"column", "LIST", "columns NAME=TYPE:FILE,... of raw values, i8 to f64, little-endian, or of lines", &columns}};
  p.bench = bench_open(argc, argv, "Measures weft's codecs against memcpy, lz4, zstd, streamvbyte, and others.", options,
                       sizeof options / sizeof options[0]);
  files.required = required != NULL;
  p.tables = bench_tables(p.bench, &p.n_tables);
  codec_peers_load(p.bench, &files, &p.peers);
  for (size_t i = 0; i < p.n_tables; i++) {
    struct weft_ctx_options of_table;
    weft_ctx_options_init(&of_table, sizeof of_table);
    of_table.isa = p.tables[i];
    if (weft_ctx_create(&of_table, &p.ctx[i]))
      case_die(NULL, p.tables[i]);
  }
  run_all(&p);
  run_columns(&p, packages, columns);
  for (size_t i = 0; i < p.n_tables; i++)
    weft_ctx_free(p.ctx[i]);
  return bench_close(p.bench);
}
