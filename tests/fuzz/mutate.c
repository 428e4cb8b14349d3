/* SPDX-License-Identifier: MIT
 *
 * Encodings: streams are changed, copied, left out, made shorter and longer.
 */
#include "tests/fuzz/mutate.h"

#include "tests/fuzz/fuzz.h"
#include "tests/repair.h"

#define STREAMS 96
#define MOST (1 << 16)

/* The codecs, roles and types of the format, and a few numbers that are none. */
#define CODECS 12
#define ROLES 10
#define TYPES 14

struct stream {
  uint8_t entry[ENCODING_ENTRY];
  uint8_t *section;
  size_t bytes;
};

struct pieces {
  uint8_t header[ENCODING_HEADER];
  struct stream streams[STREAMS];
  size_t n;
};

uint64_t mutate_number(uint64_t about, struct rng *rng) {
  static const uint64_t edges[] = {
      0,          1,        2,    3,     7,     8,     63,       64,        127,      128,      255,        256,
      1023,       1024,     1025, 32768, 65535, 65536, 1u << 20, INT32_MAX, 1u << 31, 1u << 30, UINT32_MAX, UINT32_MAX - 1,
      UINT64_MAX, INT64_MAX};
  switch (rng_upto(rng, 4)) {
  case 0: return about + 1;
  case 1: return about - 1;
  case 2: return about ^ (uint64_t)1 << rng_upto(rng, 31);
  case 3: return rng_upto(rng, 2) == 0 ? rng_next(rng) : about + rng_upto(rng, 2048) - 1024;
  default: return edges[rng_upto(rng, sizeof edges / sizeof *edges - 1)];
  }
}

void mutate_bytes(uint8_t *data, size_t size, struct rng *rng) {
  for (size_t i = 0, n = 1 + rng_upto(rng, 2); i < n && size > 0; i++) {
    static const uint8_t widths[] = {1, 1, 2, 4, 8};
    unsigned width = widths[rng_upto(rng, 4)];
    size_t at = rng_upto(rng, size - 1);
    width = size - at < width ? 1 : width;
    little_put(data + at, mutate_number(little_get(data + at, width), rng), width);
  }
}

static bool take_apart(uint8_t *data, size_t size, struct pieces *pieces) {
  size_t table = size < ENCODING_HEADER ? 0 : (size_t)data[7] * ENCODING_ENTRY;
  if (table == 0 || table > size - ENCODING_HEADER || data[7] > STREAMS)
    return false;
  memcpy(pieces->header, data, ENCODING_HEADER);
  pieces->n = data[7];
  size_t at = ENCODING_HEADER, end = size - table;
  for (size_t i = 0; i < pieces->n; i++) {
    struct stream *stream = &pieces->streams[i];
    memcpy(stream->entry, data + end + i * ENCODING_ENTRY, ENCODING_ENTRY);
    uint64_t bytes = little_get(stream->entry + 8, 8);
    stream->bytes = bytes < end - at ? (size_t)bytes : end - at;
    stream->section = data + at;
    at += stream->bytes;
  }
  return true;
}

/* Puts pieces together in data[most]; 0: there is no room. `lie`: the entries' bytes stay as they are. */
static size_t put_together(const struct pieces *pieces, bool lie, uint8_t *data, size_t most) {
  static uint8_t built[MOST];
  size_t at = ENCODING_HEADER, bytes = at + pieces->n * ENCODING_ENTRY;
  for (size_t i = 0; i < pieces->n; i++)
    bytes += pieces->streams[i].bytes;
  if (bytes > most || bytes > MOST)
    return 0;
  memcpy(built, pieces->header, ENCODING_HEADER);
  built[7] = (uint8_t)pieces->n;
  for (size_t i = 0; i < pieces->n; i++) {
    memcpy(built + at, pieces->streams[i].section, pieces->streams[i].bytes);
    at += pieces->streams[i].bytes;
  }
  for (size_t i = 0; i < pieces->n; i++, at += ENCODING_ENTRY) {
    memcpy(built + at, pieces->streams[i].entry, ENCODING_ENTRY);
    if (!lie)
      little_put(built + at + 8, pieces->streams[i].bytes, 8);
  }
  memcpy(data, built, bytes);
  return bytes;
}

/* Streams from number i on that belong to it. */
static size_t tree_size(const struct pieces *pieces, size_t i) {
  size_t due = 1, n = 0;
  while (due > 0 && i + n < pieces->n) {
    due += pieces->streams[i + n].entry[3];
    due--;
    n++;
  }
  return n;
}

static void change_entry(struct pieces *pieces, size_t i, bool *lie, struct rng *rng) {
  uint8_t *entry = pieces->streams[i].entry;
  switch (rng_upto(rng, 6)) {
  case 0: entry[0] = (uint8_t)rng_upto(rng, CODECS); break;
  case 1: entry[1] = (uint8_t)rng_upto(rng, ROLES); break;
  case 2: entry[2] = (uint8_t)((1u << rng_upto(rng, 4)) & 15); break;
  case 3: entry[3] = (uint8_t)rng_upto(rng, 9); break;
  case 4: little_put(entry + 4, pieces->streams[rng_upto(rng, pieces->n - 1)].entry[4], 4); break;
  case 5:
    *lie = true;
    little_put(entry + 8, mutate_number(little_get(entry + 8, 8), rng), 8);
    break;
  default: little_put(entry + 4, mutate_number(little_get(entry + 4, 4), rng), 4);
  }
}

/* Rows, and every stream that has as many values, are made fewer or more; the bytes decoded with them. */
static void change_rows(struct pieces *pieces, struct rng *rng) {
  uint64_t rows = little_get(pieces->header + 8, 4), to = mutate_number(rows, rng) & UINT32_MAX;
  for (size_t i = 0; i < pieces->n; i++)
    if (little_get(pieces->streams[i].entry + 4, 4) == rows)
      little_put(pieces->streams[i].entry + 4, to, 4);
  little_put(pieces->header + 8, to, 4);
  if (pieces->header[4] != 12)
    little_put(pieces->header + 16, to * little_get(pieces->header + 12, 4), 8);
}

static void change_header(struct pieces *pieces, struct rng *rng) {
  uint8_t *header = pieces->header;
  switch (rng_upto(rng, 4)) {
  case 0: header[4] = (uint8_t)rng_upto(rng, TYPES); break;
  case 1: header[5] = (uint8_t)rng_upto(rng, 4); break;
  case 2: little_put(header + 12, mutate_number(little_get(header + 12, 4), rng), 4); break;
  case 3: little_put(header + 16, mutate_number(little_get(header + 16, 8), rng), 8); break;
  default: mutate_bytes(header, 24, rng);
  }
}

/* A section gets other bytes: changed, cut off, or others behind them, in spare[MOST]. */
static void change_section(struct pieces *pieces, size_t i, uint8_t *spare, struct rng *rng) {
  struct stream *stream = &pieces->streams[i];
  size_t most = stream->bytes + 64 < MOST ? stream->bytes + 64 : MOST;
  if (stream->bytes > MOST)
    return;
  memcpy(spare, stream->section, stream->bytes);
  stream->section = spare;
  switch (rng_upto(rng, 5)) {
  case 0: stream->bytes -= stream->bytes > 0 ? 1 + rng_upto(rng, stream->bytes - 1) : 0; break;
  case 1:
    for (size_t n = rng_upto(rng, most - stream->bytes); n > 0; n--)
      spare[stream->bytes++] = (uint8_t)rng_upto(rng, rng_percent(rng, 50) ? 255 : 1);
    break;
  case 2: stream->bytes = LLVMFuzzerMutate(spare, stream->bytes, most); break;
  default: mutate_bytes(spare, stream->bytes, rng);
  }
}

/* A stream and what belongs to it takes the place of another, or is left out, or is there twice. */
static void change_tree(struct pieces *pieces, struct rng *rng) {
  static struct stream copy[STREAMS];
  size_t from = rng_upto(rng, pieces->n - 1), taken = tree_size(pieces, from), to = rng_upto(rng, pieces->n - 1);
  size_t gone = rng_percent(rng, 60) ? tree_size(pieces, to) : 0;
  bool keeps_role = rng_percent(rng, 80);
  uint8_t role = pieces->streams[to].entry[1];
  taken = rng_percent(rng, 20) ? 0 : taken;
  if (pieces->n - gone + taken > STREAMS || pieces->n - gone + taken == 0)
    return;
  memcpy(copy, pieces->streams + from, taken * sizeof *copy);
  memmove(pieces->streams + to + taken, pieces->streams + to + gone, (pieces->n - to - gone) * sizeof *copy);
  memcpy(pieces->streams + to, copy, taken * sizeof *copy);
  if (taken > 0 && keeps_role)
    pieces->streams[to].entry[1] = role;
  pieces->n += taken - gone;
}

size_t mutate_encoding(uint8_t *data, size_t size, size_t most, struct rng *rng) {
  static struct pieces pieces;
  static uint8_t spare[MOST];
  bool lie = false;
  if (!take_apart(data, size, &pieces) || rng_percent(rng, 3)) {
    size = LLVMFuzzerMutate(data, size, most);
    if (rng_percent(rng, 70))
      repair_encoding(data, size);
    return size;
  }
  for (size_t i = 0, n = 1 + rng_upto(rng, 2); i < n; i++) {
    size_t k = rng_upto(rng, pieces.n - 1);
    switch (rng_upto(rng, 9)) {
    case 0: change_tree(&pieces, rng); break;
    case 1: change_rows(&pieces, rng); break;
    case 2: change_header(&pieces, rng); break;
    case 3:
    case 4: change_entry(&pieces, k, &lie, rng); break;
    default:
      if (i == 0) /* one section has the spare memory */
        change_section(&pieces, k, spare, rng);
    }
  }
  size_t bytes = put_together(&pieces, lie, data, most);
  if (bytes == 0)
    return size;
  if (rng_percent(rng, 97))
    repair_encoding(data, bytes);
  return bytes;
}
