/* SPDX-License-Identifier: MIT
 *
 * See codec_case.h.
 */
#include "codec_case.h"
#include "codec_targets.h"
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define DRAM_BYTES ((size_t)200 * 1000 * 1000)
#define DRAM_PERIOD 64 /* chunks */
#define CACHED_PIECES 1024
#define SAMPLED DRAM_PERIOD /* chunks whose values are compared, of many that are alike */
#define ALIGN VALUES_ALIGN

/* In turn: chunks of so many bytes of values; how many of them; how many in a piece. */
static const struct {
  const char *word;
  size_t chunk_bytes, chunks, calls;
} memories[] = {[MEMORY_L1] = {"l1", 16 * KIB, 1, 32},
                [MEMORY_L2] = {"l2", 256 * KIB, 1, 2},
                [MEMORY_CACHE] = {"cache", 16 * KIB, 64, 16},
                [MEMORY_DRAM] = {"dram", 256 * KIB, 0, 1},
                [MEMORY_WHOLE] = {"whole", 0, 0, 1}};

/* What all cases write to, one after another: grown where it must be, and touched then, so that no page is asked for
 * while a clock runs. */
static struct output {
  struct area {
    uint8_t *at;
    size_t bytes;
  } values, offsets, views, validity, encoded;
} out;

static size_t rounded(size_t bytes) {
  return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static void area(struct area *a, size_t bytes) {
  if (a->bytes >= bytes)
    return;
  free(a->at);
  *a = (struct area){values_memory(bytes), bytes};
  memset(a->at, 0, bytes);
}

void case_die(const weft_ctx *ctx, const char *what) {
  fprintf(stderr, "bench_codec: %s: %s\n", what, weft_ctx_message(ctx));
  exit(1);
}

const char *memory_word(enum memory memory) {
  return memories[memory].word;
}

size_t memory_rows(enum memory memory, size_t width) {
  size_t cached = 4 * machine_cache_bytes(3), dram = cached > DRAM_BYTES ? cached : DRAM_BYTES;
  if (memory == MEMORY_DRAM)
    return (dram + MIB - 1) / MIB * MIB / width;
  return memories[memory].chunk_bytes * memories[memory].chunks / width;
}

size_t memory_period(enum memory memory, size_t width) {
  return memory == MEMORY_DRAM ? DRAM_PERIOD * memories[memory].chunk_bytes / width : 0;
}

/* Chunks */

static size_t first_row(const struct codec_case *c, size_t chunk) {
  return chunk * c->chunk_rows;
}

static size_t chunk_rows(const struct codec_case *c, size_t chunk) {
  size_t left = c->v->rows - first_row(c, chunk);
  return left < c->chunk_rows ? left : c->chunk_rows;
}

static size_t chunk_bytes(const struct codec_case *c, size_t chunk) {
  return values_bytes(c->v, first_row(c, chunk), chunk_rows(c, chunk));
}

/* Chunks that share a place are those of the caches. */
static bool in_cache(const struct codec_case *c) {
  return c->memory <= MEMORY_CACHE;
}

static size_t place_of(const struct codec_case *c, size_t chunk) {
  return in_cache(c) ? 0 : chunk;
}

/* Where the values of a chunk begin among those of all, with room for the lengths of strings. */
static size_t value_at(const struct codec_case *c, size_t chunk) {
  size_t first = first_row(c, chunk);
  size_t bytes = c->v->offsets ? (size_t)c->v->offsets[first] + (sizeof(uint32_t) * first) : first * c->v->width;
  return rounded(bytes) + (c->v->offsets ? chunk * ALIGN : 0);
}

static struct bench_codec_shape shape_of(const struct codec_case *c, size_t chunk) {
  const struct values *v = c->v;
  size_t n = chunk_rows(c, chunk), first = first_row(c, chunk);
  return (struct bench_codec_shape){
      .data = v->data,
      .bits = (uint32_t)(8 * v->width),
      .is_signed = v->type >= WEFT_I8 && v->type <= WEFT_I64,
      .n = n,
      .bytes = v->offsets ? (size_t)(v->offsets[first + n] - v->offsets[first]) + n * sizeof(uint32_t) : n * v->width};
}

/* A chunk as peers take it. */
static const void *peer_values(const struct codec_case *c, size_t chunk) {
  return c->texts ? c->texts + value_at(c, chunk) : c->v->values + first_row(c, chunk) * c->v->width;
}

static void make_texts(struct codec_case *c) {
  const struct values *v = c->v;
  if (!v->offsets || c->texts)
    return;
  c->texts = values_memory(value_at(c, c->chunks - 1) + chunk_bytes(c, c->chunks - 1));
  for (size_t chunk = 0; chunk < c->chunks; chunk++) {
    size_t n = chunk_rows(c, chunk), first = first_row(c, chunk);
    uint32_t *lengths = (uint32_t *)(void *)(c->texts + value_at(c, chunk));
    for (size_t i = 0; i < n; i++)
      lengths[i] = (uint32_t)(v->offsets[first + i + 1] - v->offsets[first + i]);
    memcpy(lengths + n, v->values + v->offsets[first], (size_t)(v->offsets[first + n] - v->offsets[first]));
  }
}

void case_begin(struct codec_case *c, struct program *program, const struct values *v, enum memory memory, bool encode) {
  *c = (struct codec_case){.program = program, .v = v, .memory = memory, .encode = encode, .calls = memories[memory].calls};
  size_t bytes = memories[memory].chunk_bytes;
  c->chunk_rows = bytes ? bytes / v->width : COLUMN_CHUNK;
  c->chunks = (v->rows + c->chunk_rows - 1) / c->chunk_rows;
  c->stored = encode && memory == MEMORY_DRAM && c->chunks > DRAM_PERIOD ? DRAM_PERIOD : c->chunks;
}

/* Encodings */

size_t case_encode(weft_ctx *ctx, const struct values *v, size_t first, size_t n, const struct weft_encode_options *options,
                   void *dst, size_t room) {
  struct weft_column column = values_column(v, first, n);
  size_t bytes;
  weft_status status = weft_encode(ctx, &column, options, dst, room, &bytes);
  if (status == WEFT_E_INVALID)
    return 0;
  if (status)
    case_die(ctx, v->name);
  return bytes;
}

static size_t bound_of(const struct codec_case *c, const struct side *side, size_t chunk) {
  struct bench_codec_shape shape = shape_of(c, chunk);
  if (side->peer)
    return side->peer->bound(&shape);
  struct weft_column column = values_column(c->v, first_row(c, chunk), chunk_rows(c, chunk));
  size_t bytes;
  if (weft_encode_bound(&column, &bytes))
    case_die(NULL, "no bound");
  return bytes;
}

static size_t encode_chunk(const struct codec_case *c, const struct side *side, size_t chunk, void *dst, size_t room) {
  struct bench_codec_shape shape = shape_of(c, chunk);
  if (side->peer)
    return side->peer->encode(&shape, peer_values(c, chunk), dst);
  return case_encode(side->ctx, c->v, first_row(c, chunk), shape.n, &side->encode, dst, room);
}

/* Stored chunks' encodings; false: the codecs do not take the values. What repeats itself is encoded once and copied. */
static bool fill_store(struct codec_case *c, const struct side *side, struct store *s) {
  size_t used = 0, most = 0, made = c->memory == MEMORY_DRAM && c->stored > DRAM_PERIOD ? DRAM_PERIOD : c->stored;
  for (size_t chunk = 0; chunk < c->chunks; chunk++) {
    size_t bound = rounded(bound_of(c, side, chunk));
    most = bound > most ? bound : most;
  }
  c->most_encoded = most > c->most_encoded ? most : c->most_encoded;
  /* Pages that are not used are never touched. */
  *s = (struct store){.bytes = values_memory(most * c->stored),
                      .at = bench_memory(c->stored * sizeof *s->at),
                      .size = bench_memory(c->stored * sizeof *s->size)};
  for (size_t chunk = 0; chunk < c->stored; chunk++) {
    s->at[chunk] = used;
    if (chunk < made)
      s->size[chunk] = encode_chunk(c, side, chunk, s->bytes + used, most);
    else
      memcpy(s->bytes + used, s->bytes + s->at[chunk % made], s->size[chunk] = s->size[chunk % made]);
    if (s->size[chunk] == 0)
      return false;
    used += rounded(s->size[chunk]);
  }
  return true;
}

static void free_store(struct store *s) {
  free(s->bytes);
  free(s->at);
  free(s->size);
}

/* Sides */

/* The store that a side shares with one before it; n_stores: none. */
static size_t shared_store(const struct codec_case *c, const struct side *side) {
  for (size_t i = 0; !side->peer && i < c->n; i++)
    if (!c->sides[i].peer && memcmp(side->encode.codec, c->sides[i].encode.codec, sizeof side->encode.codec) == 0)
      return c->sides[i].store;
  return c->n_stores;
}

static size_t add_side(struct codec_case *c, struct side side, const char *name) {
  if (c->n == MOST_SIDES) {
    fprintf(stderr, "bench_codec: too many contenders\n");
    exit(2);
  }
  side.store = shared_store(c, &side);
  if (side.store == c->n_stores) {
    if (!fill_store(c, &side, &c->stores[side.store])) {
      free_store(&c->stores[side.store]);
      return MOST_SIDES;
    }
    c->n_stores++;
  }
  c->sides[c->n] = side;
  snprintf(c->contenders[c->n].name, sizeof c->contenders[0].name, "%s", name);
  return c->n++;
}

size_t case_weft(struct codec_case *c, size_t table, const uint8_t codec[WEFT_CODEC_DEPTH], const char *name) {
  struct side side = {.ctx = c->program->ctx[table], .table = c->program->tables[table]};
  weft_encode_options_init(&side.encode, sizeof side.encode);
  weft_decode_options_init(&side.decode, sizeof side.decode);
  memcpy(side.encode.codec, codec, sizeof side.encode.codec);
  return add_side(c, side, name);
}

size_t case_tables(struct codec_case *c, const uint8_t codec[WEFT_CODEC_DEPTH]) {
  size_t last = MOST_SIDES;
  for (size_t i = 0; i < c->program->n_tables; i++) {
    char name[40];
    snprintf(name, sizeof name, "weft %s", c->program->tables[i]);
    last = case_weft(c, i, codec, name);
  }
  if (last != MOST_SIDES)
    c->sides[last].best = true;
  return last;
}

void case_open(struct codec_case *c, const uint8_t codec[WEFT_CODEC_DEPTH]) {
  char name[40];
  size_t table = c->program->n_tables - 1;
  snprintf(name, sizeof name, "weft %s open", c->program->tables[table]);
  size_t number = case_weft(c, table, codec, name);
  if (number == MOST_SIDES)
    return;
  struct side *side = &c->sides[number];
  const struct store *s = &c->stores[side->store];
  side->best = true;
  side->open = bench_memory(c->chunks * sizeof(weft_encoding *));
  for (size_t chunk = 0; chunk < c->chunks; chunk++)
    if (weft_encoding_open(side->ctx, s->bytes + s->at[chunk], s->size[chunk], 0, &side->open[chunk]))
      case_die(side->ctx, c->v->name);
}

void case_peer(struct codec_case *c, const struct bench_codec_peer *peer, const char *table) {
  for (size_t chunk = 0; chunk < c->chunks; chunk++) {
    struct bench_codec_shape shape = shape_of(c, chunk);
    if (!peer->takes(&shape))
      return;
  }
  make_texts(c);
  char name[31];
  snprintf(name, sizeof name, "%s", peer->name());
  add_side(c, (struct side){.peer = peer, .table = table}, name);
}

void case_peers(struct codec_case *c, bool all) {
  const struct codec_peers *peers = &c->program->peers;
  for (size_t i = 0; i < peers->n; i++)
    if (all || i == 0 || i >= peers->outside)
      case_peer(c, peers->list[i], NULL);
}

/* Work */

static void decode_weft(const struct codec_case *c, const struct side *side, size_t chunk, const uint8_t *src,
                        size_t bytes) {
  const struct values *v = c->v;
  size_t place = place_of(c, chunk), n = chunk_rows(c, chunk);
  struct weft_buffers b = {.size = sizeof b, .values = out.values.at + value_at(c, place), .values_bytes = n * v->width};
  if (v->validity)
    b.validity = out.validity.at + place * ((c->chunk_rows + 7) / 8);
  if (v->offsets) {
    b.values_bytes = chunk_bytes(c, chunk);
    b.offsets = out.offsets.at + place * (c->chunk_rows + 1) * sizeof *v->offsets;
    b.offset_bytes = sizeof *v->offsets;
  }
  if (side->decode.form == WEFT_FORM_VIEWS) {
    b.data = b.values;
    b.data_bytes = b.values_bytes;
    b.values = out.views.at + place * c->chunk_rows * sizeof(struct weft_view);
    b.values_bytes = n * sizeof(struct weft_view);
  }
  if (side->open ? weft_encoding_read(side->open[chunk], &side->decode, &b)
                 : weft_decode_into(side->ctx, src, bytes, &side->decode, &b))
    case_die(side->ctx, v->name);
}

static void decode_chunk(const struct codec_case *c, const struct side *side, size_t chunk, const uint8_t *src,
                         size_t bytes) {
  if (!side->peer) {
    decode_weft(c, side, chunk, src, bytes);
    return;
  }
  struct bench_codec_shape shape = shape_of(c, chunk);
  side->peer->decode(&shape, src, bytes, out.values.at + value_at(c, place_of(c, chunk)));
}

static void work(void *state, size_t contender, uint64_t piece) {
  const struct codec_case *c = state;
  const struct side *side = &c->sides[contender];
  const struct store *s = &c->stores[side->store];
  for (size_t i = 0; i < c->calls; i++) {
    size_t chunk = (size_t)(piece * c->calls + i) % c->chunks;
    if (c->encode)
      encode_chunk(c, side, chunk, out.encoded.at + place_of(c, chunk) * c->most_encoded, c->most_encoded);
    else
      decode_chunk(c, side, chunk, s->bytes + s->at[chunk], s->size[chunk]);
  }
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  const struct codec_case *c = state;
  struct bench_amount amount = {0, 0};
  for (size_t i = 0; i < c->calls; i++) {
    size_t chunk = (size_t)(piece * c->calls + i) % c->chunks;
    amount.units += c->in_calls ? 1 : (double)chunk_rows(c, chunk);
    amount.bytes += (double)chunk_bytes(c, chunk);
  }
  return amount;
}

/* Checks */

static bool right_strings(const struct codec_case *c, size_t first, size_t n, const int32_t *got, const uint8_t *bytes) {
  const int32_t *want = c->v->offsets + first;
  for (size_t i = 0; i <= n; i++)
    if (got[i] != want[i] - want[0])
      return false;
  return memcmp(bytes, c->v->values + want[0], (size_t)(want[n] - want[0])) == 0;
}

static bool right_views(const struct codec_case *c, size_t first, size_t n, const struct weft_view *got,
                        const uint8_t *bytes) {
  const int32_t *want = c->v->offsets + first;
  for (size_t i = 0; i < n; i++) {
    int32_t length = want[i + 1] - want[i];
    const uint8_t *text =
        got[i].length <= (int32_t)sizeof got[i].as.inlined ? got[i].as.inlined : bytes + got[i].as.ref.offset;
    if (got[i].length != length || memcmp(text, c->v->values + want[i], (size_t)length) != 0)
      return false;
  }
  return true;
}

static bool right_validity(const struct codec_case *c, size_t first, size_t n, const uint8_t *got) {
  for (size_t i = 0; i < n; i++)
    if ((got[i / 8] >> i % 8 & 1) != (c->v->validity[(first + i) / 8] >> (first + i) % 8 & 1))
      return false;
  return true;
}

static bool right_chunk(const struct codec_case *c, const struct side *side, size_t chunk) {
  size_t place = place_of(c, chunk), first = first_row(c, chunk), n = chunk_rows(c, chunk);
  const uint8_t *values = out.values.at + value_at(c, place);
  if (side->peer)
    return memcmp(values, peer_values(c, chunk), shape_of(c, chunk).bytes) == 0;
  if (side->decode.form == WEFT_FORM_VIEWS)
    return right_views(c, first, n, (const struct weft_view *)(const void *)out.views.at + place * c->chunk_rows, values);
  if (c->v->offsets)
    return right_strings(c, first, n, (const int32_t *)(const void *)out.offsets.at + place * (c->chunk_rows + 1), values);
  if (c->v->validity && !right_validity(c, first, n, out.validity.at + place * ((c->chunk_rows + 7) / 8)))
    return false;
  return memcmp(values, c->v->values + first * c->v->width, n * c->v->width) == 0;
}

static bool check(void *state, size_t contender) {
  const struct codec_case *c = state;
  const struct side *side = &c->sides[contender];
  const struct store *s = &c->stores[side->store];
  for (size_t chunk = 0; chunk < c->chunks; chunk++) {
    if (chunk >= SAMPLED && chunk + 1 < c->chunks && c->memory == MEMORY_DRAM)
      continue;
    const uint8_t *src = c->encode ? out.encoded.at : s->bytes + s->at[chunk];
    size_t bytes = c->encode ? encode_chunk(c, side, chunk, out.encoded.at, c->most_encoded) : s->size[chunk];
    memset(out.values.at + value_at(c, place_of(c, chunk)), 0xa5, chunk_bytes(c, chunk));
    decode_chunk(c, side, chunk, src, bytes);
    if (right_chunk(c, side, chunk))
      continue;
    fprintf(stderr, "bench_codec: values %zu to %zu, of %zu bytes encoded, come back wrong\n", first_row(c, chunk),
            first_row(c, chunk) + chunk_rows(c, chunk), bytes);
    return false;
  }
  return true;
}

/* Running */

size_t case_bytes(const struct codec_case *c, size_t side) {
  const struct store *s = &c->stores[c->sides[side].store];
  size_t bytes = 0;
  for (size_t chunk = 0; chunk < c->stored; chunk++)
    bytes += s->size[chunk];
  return bytes;
}

size_t case_raw_bytes(const struct codec_case *c) {
  size_t bytes = 0;
  for (size_t chunk = 0; chunk < c->stored; chunk++)
    bytes += chunk_bytes(c, chunk);
  return bytes;
}

static void compare(struct codec_case *c, const char *name) {
  for (size_t i = 0; i < c->n; i++) {
    const struct side *side = &c->sides[i];
    struct bench_contender *own = &c->contenders[i];
    for (size_t j = 0; !side->peer && j < c->n; j++) {
      const struct side *peer = &c->sides[j];
      if (!peer->peer || own->n_against == BENCH_AGAINST || (peer->table && strcmp(peer->table, side->table) != 0) ||
          (!side->best && !peer->table && peer->peer != c->program->peers.list[0]))
        continue;
      struct bench_against *against = &own->against[own->n_against++];
      against->peer = j;
      codec_target(name, own->name, c->contenders[j].name, side->best, side->table, against);
    }
  }
}

/* "encoded: 13.1 % weft, 100.0 % memcpy". */
static void say_sizes(const struct codec_case *c, char *text, size_t room) {
  size_t used = (size_t)snprintf(text, room, "%s%sencoded:", c->v->about, c->v->about[0] ? "; " : "");
  double raw = (double)case_raw_bytes(c);
  for (size_t store = 0, side = 0; store < c->n_stores && used < room; store++) {
    while (c->sides[side].store != store)
      side++;
    used +=
        (size_t)snprintf(text + used, room - used, "%s %.2f %% %s", store ? "," : "",
                         100 * (double)case_bytes(c, side) / raw, c->sides[side].peer ? c->contenders[side].name : "weft");
  }
}

void case_run(struct codec_case *c, const char *name) {
  char about[1000];
  size_t places = in_cache(c) ? 1 : c->chunks, last = places - 1;
  area(&out.values, value_at(c, last) + chunk_bytes(c, last) + c->chunk_rows * sizeof(uint32_t));
  area(&out.offsets, c->v->offsets ? places * (c->chunk_rows + 1) * sizeof *c->v->offsets : 0);
  area(&out.views, c->v->offsets ? places * c->chunk_rows * sizeof(struct weft_view) : 0);
  area(&out.validity, c->v->validity ? places * ((c->chunk_rows + 7) / 8) : 0);
  area(&out.encoded, (c->encode ? places : 1) * c->most_encoded);
  say_sizes(c, about, sizeof about);
  compare(c, name);
  const struct bench_case frame_case = {.name = name,
                                        .about = about,
                                        .unit = c->in_calls ? "call" : "value",
                                        .contenders = c->contenders,
                                        .n_contenders = c->n,
                                        .pieces = in_cache(c) ? CACHED_PIECES : c->chunks,
                                        .same = c->memory != MEMORY_DRAM,
                                        .whole = c->memory == MEMORY_WHOLE,
                                        .state = c,
                                        .check = check,
                                        .prepare = prepare,
                                        .work = work};
  bench_run(c->program->bench, &frame_case);
}

void case_end(struct codec_case *c) {
  for (size_t i = 0; i < c->n; i++) {
    for (size_t chunk = 0; c->sides[i].open && chunk < c->chunks; chunk++)
      weft_encoding_free(c->sides[i].open[chunk]);
    free(c->sides[i].open);
  }
  for (size_t i = 0; i < c->n_stores; i++)
    free_store(&c->stores[i]);
  free(c->texts);
}
