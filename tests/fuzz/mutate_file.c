/* SPDX-License-Identifier: MIT
 *
 * Files: an encoding within is changed and the file put together around it, chunks are left out and repeated, and what
 * describes them is changed.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"
#include "tests/repair.h"

enum { MOST = 1 << 16, HEAD = 16, ENTRY = 16, COLUMN = 12, FOOTER = 24, TRAILER = 32, CHUNKS = 16, COLUMNS = 16 };

/* A chunk: what its entry says of each column, and the encodings. */
struct chunk {
  const uint8_t *entry;
  size_t entry_bytes;
  size_t said[COLUMNS]; /* where in the entry each column's part begins */
  const uint8_t *encoding[COLUMNS];
  size_t bytes[COLUMNS];
};

struct pieces {
  const uint8_t *head, *pairs;
  size_t head_bytes, pairs_bytes, columns, n;
  uint8_t type[COLUMNS], width[COLUMNS];
  struct chunk chunks[CHUNKS];
  uint8_t footer[FOOTER];
};

static size_t round_up(size_t n, size_t align) {
  return (n + align - 1) / align * align;
}

static bool take_head(const uint8_t *data, size_t size, struct pieces *pieces) {
  pieces->head = data;
  pieces->head_bytes = size < HEAD ? 0 : (size_t)little_get(data + 12, 4);
  pieces->columns = size < HEAD ? 0 : (size_t)little_get(data + 10, 2);
  if (pieces->head_bytes < HEAD + 8 || pieces->head_bytes > size || pieces->columns > COLUMNS)
    return false;
  size_t at = HEAD;
  for (size_t i = 0; i < pieces->columns; i++) {
    if (at + 9 > pieces->head_bytes)
      return false;
    pieces->type[i] = data[at];
    pieces->width[i] = data[at + 4];
    at += 9 + (size_t)little_get(data + at + 2, 2);
  }
  return true;
}

/* Bytes of what an entry says of column i. */
static size_t said_bytes(const struct pieces *pieces, size_t i, const uint8_t *p) {
  if (!(p[0] & 1))
    return COLUMN;
  if (pieces->type[i] != 12)
    return COLUMN + 2 * (size_t)pieces->width[i];
  return COLUMN + 2 + (size_t)p[COLUMN] + p[COLUMN + 1 + p[COLUMN]];
}

/* The chunk at *at, which is moved past it. */
static bool take_chunk(const uint8_t *data, size_t size, size_t *at, struct pieces *pieces) {
  struct chunk *chunk = &pieces->chunks[pieces->n];
  if (size - *at < 4 + ENTRY + 300 || memcmp(data + *at, "WFTC", 4) != 0 || pieces->n == CHUNKS)
    return false;
  chunk->entry = data + *at + 4;
  chunk->entry_bytes = (size_t)little_get(chunk->entry, 4);
  size_t said = ENTRY, place = *at + 4 + chunk->entry_bytes + 8;
  if (chunk->entry_bytes > size - *at - 300)
    return false;
  for (size_t i = 0; i < pieces->columns; i++) {
    if (said + COLUMN > chunk->entry_bytes)
      return false;
    const uint8_t *p = chunk->entry + said;
    uint64_t bytes = little_get(p + 4, 8);
    place = round_up(place, bytes < 4096 ? 8 : 64);
    if (place > size || bytes > size - place)
      return false;
    chunk->said[i] = said;
    chunk->encoding[i] = data + place;
    chunk->bytes[i] = (size_t)bytes;
    place += (size_t)bytes;
    said += said_bytes(pieces, i, p);
  }
  *at = round_up(place, 8);
  pieces->n++;
  return *at <= size;
}

static bool take_apart(const uint8_t *data, size_t size, struct pieces *pieces) {
  pieces->n = 0;
  if (size > MOST || !take_head(data, size, pieces))
    return false;
  size_t at = round_up(pieces->head_bytes, 8), entries = 0;
  if (at > size)
    return false;
  while (take_chunk(data, size, &at, pieces))
    entries += pieces->chunks[pieces->n - 1].entry_bytes;
  if (size - at < FOOTER + TRAILER + entries || memcmp(data + at, "WFTF", 4) != 0)
    return false;
  memcpy(pieces->footer, data + at, FOOTER);
  pieces->pairs = data + at + FOOTER;
  pieces->pairs_bytes = size - at - FOOTER - TRAILER - entries;
  return true;
}

/* What is being put together. */
struct built {
  uint8_t *at;
  size_t n, most;
  bool full;
};

static void put(struct built *built, const void *bytes, size_t n) {
  built->full |= n > built->most - built->n;
  if (!built->full && n > 0) {
    if (bytes)
      memcpy(built->at + built->n, bytes, n);
    else
      memset(built->at + built->n, 0, n);
    built->n += n;
  }
}

static void pad(struct built *built, size_t align) {
  put(built, NULL, round_up(built->n, align) - built->n);
}

static void put_entry(struct built *built, const struct pieces *pieces, const struct chunk *chunk) {
  size_t from = built->n;
  put(built, chunk->entry, chunk->entry_bytes);
  for (size_t i = 0; i < pieces->columns && !built->full; i++)
    little_put(built->at + from + chunk->said[i] + 4, chunk->bytes[i], 8);
}

/* The file, with sums that are still to be repaired; 0: no room. */
static size_t put_together(const struct pieces *pieces, uint8_t *data, size_t most) {
  static uint8_t memory[MOST];
  struct built built = {.at = memory, .most = most < MOST ? most : MOST};
  put(&built, pieces->head, pieces->head_bytes);
  pad(&built, 8);
  for (size_t k = 0; k < pieces->n; k++) {
    const struct chunk *chunk = &pieces->chunks[k];
    put(&built, "WFTC", 4);
    put_entry(&built, pieces, chunk);
    put(&built, NULL, 8);
    for (size_t i = 0; i < pieces->columns; i++) {
      pad(&built, chunk->bytes[i] < 4096 ? 8 : 64);
      put(&built, chunk->encoding[i], chunk->bytes[i]);
    }
    pad(&built, 8);
  }
  size_t footer = built.n;
  put(&built, pieces->footer, FOOTER);
  put(&built, pieces->pairs, pieces->pairs_bytes);
  for (size_t k = 0; k < pieces->n; k++)
    put_entry(&built, pieces, &pieces->chunks[k]);
  uint8_t trailer[TRAILER] = "........\1\0\0\0\0\0\0\0........\x89WFTEND";
  trailer[TRAILER - 1] = '\n';
  little_put(trailer, built.n - footer, 8);
  put(&built, trailer, TRAILER);
  if (built.full)
    return 0;
  memcpy(data, memory, built.n);
  return built.n;
}

/* Chunks are left out, repeated, or changed in order; the footer counts them again. */
static void change_chunks(struct pieces *pieces, struct rng *rng) {
  size_t from = rng_upto(rng, pieces->n - 1), to = rng_upto(rng, pieces->n - 1);
  uint64_t rows = 0;
  if (rng_percent(rng, 40))
    pieces->chunks[from] = pieces->chunks[--pieces->n];
  else if (rng_percent(rng, 50) && pieces->n < CHUNKS)
    pieces->chunks[pieces->n++] = pieces->chunks[from];
  else
    pieces->chunks[to] = pieces->chunks[from];
  for (size_t k = 0; k < pieces->n; k++)
    rows += little_get(pieces->chunks[k].entry + 4, 4);
  little_put(pieces->footer + 8, pieces->n, 8);
  little_put(pieces->footer + 16, rows, 8);
}

size_t mutate_file(uint8_t *data, size_t size, size_t most, struct rng *rng) {
  static struct pieces pieces;
  static uint8_t encoding[MOST];
  bool apart = take_apart(data, size, &pieces);
  size_t way = rng_upto(rng, 9), bytes = 0;
  if (apart && pieces.n > 0 && way < 6) {
    struct chunk *chunk = &pieces.chunks[rng_upto(rng, pieces.n - 1)];
    size_t i = rng_upto(rng, pieces.columns - 1);
    if (way == 0) {
      change_chunks(&pieces, rng);
    } else if (way == 1) { /* another column's encoding */
      size_t other = rng_upto(rng, pieces.columns - 1);
      chunk->encoding[i] = chunk->encoding[other];
      chunk->bytes[i] = chunk->bytes[other];
    } else {
      memcpy(encoding, chunk->encoding[i], chunk->bytes[i]);
      chunk->bytes[i] = mutate_encoding(encoding, chunk->bytes[i], sizeof encoding, rng);
      chunk->encoding[i] = encoding;
    }
    bytes = put_together(&pieces, data, most);
  } else if (way < 9) { /* of what describes: the head, entries, the footer */
    size_t footer = size > TRAILER ? size - TRAILER : 0, from = rng_upto(rng, footer > 0 ? footer - 1 : 0);
    from = apart && rng_percent(rng, 40) ? rng_upto(rng, pieces.head_bytes - 1) : from;
    if (apart && pieces.n > 0 && rng_percent(rng, 40)) {
      const struct chunk *chunk = &pieces.chunks[rng_upto(rng, pieces.n - 1)];
      from = (size_t)(chunk->entry - data) + rng_upto(rng, chunk->entry_bytes - 1);
    }
    if (size > 0)
      mutate_bytes(data + from, size - from < 16 ? size - from : 16, rng);
  } else {
    bytes = LLVMFuzzerMutate(data, size, most);
  }
  size = bytes > 0 ? bytes : size;
  if (rng_percent(rng, 97))
    repair_file(data, size);
  return size;
}
