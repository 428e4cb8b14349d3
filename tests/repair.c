/* SPDX-License-Identifier: MIT
 *
 * Walks through encodings and files, trusting nothing.
 */
#include "repair.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

uint64_t little_get(const uint8_t *p, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++)
    value |= (uint64_t)p[i] << 8 * i;
  return value;
}

void little_put(uint8_t *p, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++)
    p[i] = (uint8_t)(value >> 8 * i);
}

void repair_encoding(uint8_t *at, size_t bytes) {
  size_t table = bytes < ENCODING_HEADER ? 0 : (size_t)at[7] * ENCODING_ENTRY;
  if (table == 0 || table > bytes - ENCODING_HEADER)
    return;
  uint8_t *entries = at + bytes - table;
  size_t end = bytes - table, offset = ENCODING_HEADER;
  for (uint8_t *entry = entries; entry < at + bytes; entry += ENCODING_ENTRY) {
    uint64_t section = little_get(entry + 8, 8);
    if (section > end - offset)
      break;
    little_put(entry + 16, XXH3_64bits(at + offset, (size_t)section), 8);
    offset += (size_t)section;
  }
  uint64_t header = XXH3_64bits(at, 24);
  little_put(at + 24, XXH3_64bits_withSeed(entries, table, header), 8);
}

/* ---- Files ---- */

enum { HEAD = 16, FIELD = 8, ENTRY = 16, COLUMN = 12, FOOTER = 24, TRAILER = 32, COLUMNS = 64, ALIGN = 8 };

/* A file under repair: what was found of it. */
struct walk {
  uint8_t *at;
  size_t bytes, next; /* next: where the walk stands */
  uint64_t seed;      /* the head's sum */
  size_t columns;
  uint8_t type[COLUMNS], width[COLUMNS]; /* width: of a number */
  size_t entries_bytes;
};

static bool walk_head(struct walk *w) {
  size_t head = w->bytes < HEAD ? 0 : (size_t)little_get(w->at + 12, 4), at = HEAD;
  if (head < HEAD + 8 || head > w->bytes)
    return false;
  w->columns = (size_t)little_get(w->at + 10, 2);
  for (size_t i = 0; i < w->columns && i < COLUMNS; i++) {
    if (head - 8 - at < FIELD)
      break;
    w->type[i] = w->at[at];
    uint64_t width = little_get(w->at + at + 4, 4), name = little_get(w->at + at + 2, 2);
    w->width[i] = width <= 8 ? (uint8_t)width : 0;
    if (name + 1 > head - 8 - at - FIELD)
      break;
    at += FIELD + (size_t)name + 1;
  }
  w->seed = XXH3_64bits(w->at, head - 8);
  little_put(w->at + head - 8, w->seed, 8);
  w->next = (head + ALIGN - 1) / ALIGN * ALIGN;
  return w->columns <= COLUMNS && w->next <= w->bytes;
}

/* Bytes of what an entry says of column i, at p[room]; 0: it does not fit. */
static size_t column_bytes(const struct walk *w, size_t i, const uint8_t *p, size_t room) {
  size_t bytes = COLUMN;
  if (room < COLUMN)
    return 0;
  if (p[0] & 1 && w->type[i] == 12) {
    if (room < bytes + 1 || room < bytes + 1 + p[bytes] + 1u)
      return 0;
    bytes += 1 + (size_t)p[bytes];
    bytes += 1 + (size_t)p[bytes];
  } else if (p[0] & 1) {
    bytes += 2 * (size_t)w->width[i];
  }
  return bytes <= room ? bytes : 0;
}

/* The chunk at w->next: its encodings, then its entry. False: there is none, or its end is not within the file. */
static bool walk_chunk(struct walk *w) {
  uint8_t *frame = w->at + w->next, *entry = frame + 4, *end = w->at + w->bytes;
  if (w->bytes - w->next < 4 + ENTRY + 8 || memcmp(frame, "WFTC", 4) != 0)
    return false;
  size_t bytes = (size_t)little_get(entry, 4);
  if (bytes < ENTRY || bytes > (size_t)(end - entry) - 8)
    return false;
  size_t at = w->next + 4 + bytes + 8;
  uint8_t *p = entry + ENTRY;
  uint64_t chain = w->seed;
  bool whole = true;
  for (size_t i = 0; i < w->columns && whole; i++) {
    size_t said = column_bytes(w, i, p, (size_t)(entry + bytes - p));
    uint64_t encoded = said > 0 ? little_get(p + 4, 8) : 0;
    size_t align = encoded < 4096 ? ALIGN : 64;
    at = (at + align - 1) / align * align;
    whole = said > 0 && at <= w->bytes && encoded <= w->bytes - at;
    if (!whole)
      break;
    repair_encoding(w->at + at, (size_t)encoded);
    chain = XXH3_64bits_withSeed(w->at + at, (size_t)encoded, chain);
    at += (size_t)encoded;
    p += said;
  }
  if (whole)
    little_put(entry + 8, chain, 8);
  little_put(entry + bytes, XXH3_64bits_withSeed(entry, bytes, w->seed), 8);
  w->entries_bytes += bytes;
  w->next = (at + ALIGN - 1) / ALIGN * ALIGN;
  return whole && w->next <= w->bytes;
}

/* The entries of the chunks up to `end`, once more at `to`. */
static void copy_entries(const struct walk *w, size_t first, size_t end, uint8_t *to) {
  struct walk again = *w;
  again.next = first;
  while (again.next < end) {
    const uint8_t *entry = again.at + again.next + 4;
    size_t bytes = (size_t)little_get(entry, 4);
    memcpy(to, entry, bytes);
    to += bytes;
    if (!walk_chunk(&again))
      break;
  }
}

void repair_file(uint8_t *at, size_t bytes) {
  struct walk w = {.at = at, .bytes = bytes};
  if (!walk_head(&w))
    return;
  size_t first = w.next;
  while (walk_chunk(&w))
    ;
  if (bytes < w.next || bytes - w.next < FOOTER + TRAILER || memcmp(at + w.next, "WFTF", 4) != 0)
    return;
  uint8_t *trailer = at + bytes - TRAILER;
  if (w.entries_bytes <= (size_t)(trailer - at) - w.next - FOOTER)
    copy_entries(&w, first, w.next, trailer - w.entries_bytes);
  little_put(trailer + 16, XXH3_64bits_withSeed(at + w.next, bytes - TRAILER + 16 - w.next, w.seed), 8);
}
