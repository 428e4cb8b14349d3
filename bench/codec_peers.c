/* SPDX-License-Identifier: MIT
 *
 * See codec_peers.h. The packages' libraries are called by pointers, through the few functions that this takes; nothing of
 * them is needed to build.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "codec_peers.h"
#include "joins.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what) {
  fprintf(stderr, "bench_codec: %s\n", what);
  exit(1);
}

static int takes_all(const struct bench_codec_shape *s) {
  (void)s;
  return 1;
}

/* Memory of the last call's size or more, so that no peer is timed while it asks the system for some. */
struct scratch {
  void *at;
  size_t bytes;
};

static void *scratch_of(struct scratch *scratch, size_t bytes) {
  if (scratch->bytes < bytes) {
    free(scratch->at);
    scratch->at = bench_memory(bytes);
    scratch->bytes = bytes;
  }
  return scratch->at;
}

/* memcpy */

static const char *memcpy_name(void) {
  return "memcpy";
}

static size_t memcpy_bound(const struct bench_codec_shape *s) {
  return s->bytes;
}

static size_t memcpy_encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  memcpy(dst, values, s->bytes);
  return s->bytes;
}

static void memcpy_decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  (void)s;
  memcpy(values, src, bytes);
}

static const struct bench_codec_peer memcpy_peer = {BENCH_CODEC_ABI, memcpy_name,   takes_all,
                                                    memcpy_bound,    memcpy_encode, memcpy_decode};

/* lz4 */

static struct {
  int (*bound)(int bytes);
  int (*compress)(const char *src, char *dst, int bytes, int room);
  int (*decompress)(const char *src, char *dst, int bytes, int room);
} lz4;

static const char *lz4_name(void) {
  return "lz4";
}

static size_t lz4_bound(const struct bench_codec_shape *s) {
  return (size_t)lz4.bound((int)s->bytes);
}

static size_t lz4_encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  return (size_t)lz4.compress(values, dst, (int)s->bytes, lz4.bound((int)s->bytes));
}

static void lz4_decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  if (lz4.decompress(src, values, (int)bytes, (int)s->bytes) < 0)
    fail("lz4 does not read what it wrote");
}

static const struct bench_codec_peer lz4_peer = {BENCH_CODEC_ABI, lz4_name, takes_all, lz4_bound, lz4_encode, lz4_decode};

/* zstd, with contexts that are kept, as its manual advises */

#define ZSTD_LEVEL 1

static struct {
  void *(*create_encoder)(void);
  void *(*create_decoder)(void);
  size_t (*bound)(size_t bytes);
  size_t (*compress)(void *encoder, void *dst, size_t room, const void *src, size_t bytes, int level);
  size_t (*decompress)(void *decoder, void *dst, size_t room, const void *src, size_t bytes);
  void *encoder, *decoder;
} zstd;

static const char *zstd_name(void) {
  return "zstd 1";
}

static size_t zstd_bound(const struct bench_codec_shape *s) {
  return zstd.bound(s->bytes);
}

static size_t zstd_encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  return zstd.compress(zstd.encoder, dst, zstd.bound(s->bytes), values, s->bytes, ZSTD_LEVEL);
}

static void zstd_decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  if (zstd.decompress(zstd.decoder, values, s->bytes, src, bytes) != s->bytes)
    fail("zstd does not read what it wrote");
}

static const struct bench_codec_peer zstd_peer = {BENCH_CODEC_ABI, zstd_name,   takes_all,
                                                  zstd_bound,      zstd_encode, zstd_decode};

/* streamvbyte: of signed numbers their zigzag, of sorted ones the differences */

static struct {
  size_t (*encode)(const uint32_t *in, uint32_t n, uint8_t *out);
  size_t (*decode)(const uint8_t *in, uint32_t *out, uint32_t n);
  size_t (*delta_encode)(const uint32_t *in, uint32_t n, uint8_t *out, uint32_t before);
  size_t (*delta_decode)(const uint8_t *in, uint32_t *out, uint32_t n, uint32_t before);
  void (*zigzag)(const int32_t *in, uint32_t *out, size_t n);
  void (*unzigzag)(const uint32_t *in, int32_t *out, size_t n);
  struct scratch scratch;
} svb;

static const char *svb_name(void) {
  return "streamvbyte";
}

static int svb_takes(const struct bench_codec_shape *s) {
  return s->bits == 32 && s->data != BENCH_CODEC_FLOATS;
}

static bool is_sorted(const struct bench_codec_shape *s) {
  return s->data == BENCH_CODEC_SORTED || s->data == BENCH_CODEC_INCREASING;
}

static size_t svb_bound(const struct bench_codec_shape *s) {
  return s->n / 4 + 1 + 4 * s->n + 16;
}

static size_t svb_encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  if (is_sorted(s))
    return svb.delta_encode(values, (uint32_t)s->n, dst, 0);
  if (!s->is_signed)
    return svb.encode(values, (uint32_t)s->n, dst);
  uint32_t *zigzag = scratch_of(&svb.scratch, s->bytes);
  svb.zigzag(values, zigzag, s->n);
  return svb.encode(zigzag, (uint32_t)s->n, dst);
}

static void svb_decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  (void)bytes;
  if (is_sorted(s)) {
    svb.delta_decode(src, values, (uint32_t)s->n, 0);
    return;
  }
  if (!s->is_signed) {
    svb.decode(src, values, (uint32_t)s->n);
    return;
  }
  uint32_t *zigzag = scratch_of(&svb.scratch, s->bytes);
  svb.decode(src, zigzag, (uint32_t)s->n);
  svb.unzigzag(zigzag, values, s->n);
}

static const struct bench_codec_peer svb_peer = {BENCH_CODEC_ABI, svb_name, svb_takes, svb_bound, svb_encode, svb_decode};

/* The dictionary of std::unordered_map: codes[n], the number of strings, their lengths, their bytes */

static struct { struct scratch offsets, places; } map;

static const char *map_name(void) {
  return "unordered_map";
}

static int map_takes(const struct bench_codec_shape *s) {
  return s->data == BENCH_CODEC_STRINGS;
}

static size_t map_bound(const struct bench_codec_shape *s) {
  return s->bytes + 4 * s->n + 4;
}

static size_t map_encode(const struct bench_codec_shape *s, const void *values, void *dst) {
  const uint32_t *lengths = values;
  int32_t *offsets = scratch_of(&map.offsets, (s->n + 1) * sizeof *offsets);
  offsets[0] = 0;
  for (size_t i = 0; i < s->n; i++)
    offsets[i + 1] = offsets[i] + (int32_t)lengths[i];
  const struct keys keys = {.rows = s->n, .bytes = (const char *)(lengths + s->n), .offsets = offsets};
  uint32_t *codes = dst, *n = codes + s->n, *their_lengths = n + 1;
  *n = (uint32_t)map_group(&keys, codes);
  char *bytes = (char *)(their_lengths + *n);
  /* Codes are given out in the order of first sight. */
  for (uint32_t i = 0, next = 0; next < *n; i++) {
    if (codes[i] != next)
      continue;
    memcpy(bytes, keys.bytes + offsets[i], lengths[i]);
    bytes += lengths[i];
    their_lengths[next++] = lengths[i];
  }
  return (size_t)(bytes - (char *)dst);
}

static void map_decode(const struct bench_codec_shape *s, const void *src, size_t bytes, void *values) {
  (void)bytes;
  const uint32_t *codes = src, n = codes[s->n], *their_lengths = codes + s->n + 1;
  const char **places = scratch_of(&map.places, n * sizeof *places), *at = (const char *)(their_lengths + n);
  for (uint32_t i = 0; i < n; at += their_lengths[i++])
    places[i] = at;
  uint32_t *lengths = values;
  char *out = (char *)(lengths + s->n);
  for (size_t i = 0; i < s->n; i++) {
    lengths[i] = their_lengths[codes[i]];
    memcpy(out, places[codes[i]], lengths[i]);
    out += lengths[i];
  }
}

const struct bench_codec_peer codec_map_peer = {BENCH_CODEC_ABI, map_name, map_takes, map_bound, map_encode, map_decode};

/* Fill loops */

#define PEER(name) extern const struct bench_codec_peer bench_fill_##name;
BENCH_PEERS
#undef PEER

const struct bench_codec_peer *codec_fill_loop(const char *table) {
#define PEER(name)               \
  if (strcmp(table, #name) == 0) \
    return &bench_fill_##name;
  BENCH_PEERS
#undef PEER
  return NULL;
}

/* Loading */

struct symbol {
  const char *name;
  void *place;
};

/* The reason, in dlerror()'s words, why the library cannot be had; NULL: its functions are in their places. */
static const char *load(const char *file, const struct symbol *symbols, size_t n) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  for (size_t i = 0; library && i < n; i++)
    if (!(*(void **)symbols[i].place = dlsym(library, symbols[i].name)))
      library = NULL;
  return library ? NULL : dlerror();
}

static const char *load_lz4(const char *file) {
  const struct symbol symbols[] = {
      {"LZ4_compressBound", &lz4.bound}, {"LZ4_compress_default", &lz4.compress}, {"LZ4_decompress_safe", &lz4.decompress}};
  return load(file, symbols, sizeof symbols / sizeof symbols[0]);
}

static const char *load_zstd(const char *file) {
  const struct symbol symbols[] = {{"ZSTD_createCCtx", &zstd.create_encoder},
                                   {"ZSTD_createDCtx", &zstd.create_decoder},
                                   {"ZSTD_compressBound", &zstd.bound},
                                   {"ZSTD_compressCCtx", &zstd.compress},
                                   {"ZSTD_decompressDCtx", &zstd.decompress}};
  const char *reason = load(file, symbols, sizeof symbols / sizeof symbols[0]);
  if (reason)
    return reason;
  zstd.encoder = zstd.create_encoder();
  zstd.decoder = zstd.create_decoder();
  return zstd.encoder && zstd.decoder ? NULL : "no memory for its contexts";
}

static const char *load_svb(const char *file) {
  const struct symbol symbols[] = {{"streamvbyte_encode", &svb.encode},
                                   {"streamvbyte_delta_encode", &svb.delta_encode},
                                   {"zigzag_encode", &svb.zigzag},
                                   {"streamvbyte_decode", &svb.decode},
                                   {"streamvbyte_delta_decode", &svb.delta_decode},
                                   {"zigzag_decode", &svb.unzigzag}};
  return load(file, symbols, sizeof symbols / sizeof symbols[0]);
}

void codec_peers_load(const struct bench *bench, const struct codec_files *files, struct codec_peers *peers) {
  const struct {
    const struct bench_codec_peer *peer;
    const char *(*load)(const char *file);
    const char *file;
  } libraries[] = {
      {&lz4_peer, load_lz4, files->lz4}, {&zstd_peer, load_zstd, files->zstd}, {&svb_peer, load_svb, files->streamvbyte}};
  *peers = (struct codec_peers){.n = 1, .list = {&memcpy_peer}};
  for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
    const char *reason = libraries[i].load(libraries[i].file), *name = libraries[i].peer->name();
    if (!reason) {
      peers->list[peers->n++] = libraries[i].peer;
      continue;
    }
    if (files->required) {
      fprintf(stderr, "bench_codec: %s: %s\n", name, reason);
      exit(2);
    }
    bench_note(bench, "%s is left out: %s\n", name, reason);
  }
  const void *outside[MOST_OUTSIDE];
  size_t others = outside_load(files->outside, "bench_codec_peer", BENCH_CODEC_ABI, outside);
  peers->outside = peers->n;
  for (size_t i = 0; i < others; i++)
    peers->list[peers->n++] = outside[i];
}
