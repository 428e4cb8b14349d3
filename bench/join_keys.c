/* SPDX-License-Identifier: MIT
 *
 * See join_keys.h.
 */
#include "join_keys.h"
#include "bench.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15;

/* splitmix64 (Steele, Lea, Flood 2014): a bijection of a counter, so that of distinct counters it is distinct. */
static uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static uint64_t next_number(void) {
  return mixed(state += 0x9e3779b97f4a7c15);
}

/* 0 to 1, without 1. */
static double next_share(void) {
  return (double)(next_number() >> 11) * 0x1p-53;
}

static uint64_t number_of(uint64_t id) {
  return mixed(id + 0x51ed270b);
}

static uint64_t id_of(const uint32_t *ids, size_t row) {
  return ids ? ids[row] : row;
}

/* Each column has its share of the number's bits. */
static void make_numbers(struct key_set *set, struct key_law law, const uint32_t *ids) {
  size_t rows = set->keys.rows;
  unsigned bits = (unsigned)((KEY_BITS + law.columns - 1) / law.columns);
  for (size_t k = 0; k < law.columns; k++) {
    uint64_t *numbers = bench_memory(rows * sizeof *numbers);
    for (size_t i = 0; i < rows; i++) {
      uint64_t id = id_of(ids, i);
      uint64_t part = law.columns == 1 ? id : id >> k * bits & ((UINT64_C(1) << bits) - 1);
      numbers[i] = law.kind == KEYS_DENSE ? id + 1 : number_of(part + (k << 32));
    }
    set->keys.numbers[k] = set->numbers[k] = numbers;
  }
}

static void make_text(struct key_set *set, int length, const uint32_t *ids) {
  size_t rows = set->keys.rows, most = (size_t)(length < 0 ? -length : length), used = 0;
  set->bytes = bench_memory(rows * most);
  set->offsets = bench_memory((rows + 1) * sizeof *set->offsets);
  for (size_t i = 0; i < rows; i++) {
    uint64_t id = id_of(ids, i), bits = number_of(id);
    size_t bytes = length > 0 ? most : 8 + bits % (most - 7);
    char *text = set->bytes + used;
    set->offsets[i] = (int32_t)used;
    for (size_t k = 0; k < bytes; k++)
      text[k] = (char)('a' + (k < KEY_BITS / 4 ? id >> 4 * k & 15 : bits >> k % 32 & 15));
    used += bytes;
  }
  set->offsets[rows] = (int32_t)used;
  set->keys.bytes = set->bytes;
  set->keys.offsets = set->offsets;
}

struct key_set keys_make(struct key_law law, size_t rows, const uint32_t *ids) {
  struct key_set set = {.keys = {.rows = rows}};
  if (law.kind == KEYS_TEXT)
    make_text(&set, law.bytes, ids);
  else
    make_numbers(&set, law, ids);
  return set;
}

struct key_set keys_read(const char *path) {
  size_t bytes = 0, rows = 0;
  char *text = text_read(path, &bytes);
  if (!text || !bytes || bytes > INT32_MAX) {
    fprintf(stderr, "%s: %s\n", path, !text ? strerror(errno) : bytes ? "more than 2 GiB" : "no lines");
    exit(2);
  }
  for (size_t i = 0; i < bytes; i++)
    rows += text[i] == '\n' || i == bytes - 1;
  struct key_set set = {.bytes = text, .offsets = bench_memory((rows + 1) * sizeof *set.offsets)};
  size_t used = 0;
  rows = 0;
  set.offsets[0] = 0;
  for (size_t i = 0; i < bytes; i++) {
    if (text[i] != '\n')
      text[used++] = text[i];
    if (text[i] == '\n' || i == bytes - 1)
      set.offsets[++rows] = (int32_t)used;
  }
  set.keys = (struct keys){.rows = rows, .bytes = set.bytes, .offsets = set.offsets};
  return set;
}

void keys_pay(struct key_set *set, unsigned bits) {
  set->values = bench_memory(set->keys.rows * sizeof *set->values);
  for (size_t i = 0; i < set->keys.rows; i++)
    set->values[i] = next_number() >> (64 - bits);
  set->keys.values = set->values;
}

void keys_free(struct key_set *set) {
  for (size_t k = 0; k < MOST_KEY_COLUMNS; k++)
    free(set->numbers[k]);
  free(set->bytes);
  free(set->offsets);
  free(set->values);
}

static void shuffle(uint32_t *ids, size_t n) {
  for (size_t i = n; i > 1; i--) {
    size_t other = (size_t)(next_number() % i);
    uint32_t id = ids[i - 1];
    ids[i - 1] = ids[other];
    ids[other] = id;
  }
}

uint32_t *ids_each(size_t rows, size_t keys) {
  uint32_t *ids = bench_memory(rows * sizeof *ids);
  for (size_t i = 0; i < rows; i++)
    ids[i] = (uint32_t)(i % keys);
  shuffle(ids, rows);
  return ids;
}

/* The inverse of the continuous law's distribution: keys^u, and keys * u^(1 / (1 - exponent)). */
uint32_t *ids_drawn(size_t rows, size_t keys, double exponent) {
  uint32_t *order = ids_each(keys, keys), *ids = bench_memory(rows * sizeof *ids);
  for (size_t i = 0; i < rows; i++) {
    double u = next_share();
    double k = exponent >= 1  ? pow((double)keys, u) - 1
               : exponent > 0 ? (double)keys * pow(u, 1 / (1 - exponent))
                              : (double)keys * u;
    ids[i] = order[(size_t)k < keys ? (size_t)k : keys - 1];
  }
  free(order);
  return ids;
}

void ids_miss(uint32_t *ids, size_t rows, size_t keys, double share) {
  for (size_t i = 0; i < rows; i++)
    if (next_share() >= share)
      ids[i] = (uint32_t)(keys + next_number() % keys);
}

struct join_sums ids_join(size_t keys, const uint32_t *build_ids, const struct keys *build, const uint32_t *probe_ids,
                          const struct keys *probe) {
  struct join_sums sums = {.pairs = 0};
  struct per_key {
    uint64_t rows;
    struct wide sum;
  } *of = bench_memory(keys * sizeof *of);
  memset(of, 0, keys * sizeof *of);
  for (size_t i = 0; i < build->rows; i++) {
    of[build_ids[i]].rows++;
    wide_add(&of[build_ids[i]].sum, build->values[i]);
  }
  for (size_t i = 0; i < probe->rows; i++) {
    if (probe_ids[i] >= keys)
      continue;
    const struct per_key *key = &of[probe_ids[i]];
    sums.pairs += key->rows;
    wide_add(&sums.build, key->sum.low);
    sums.build.high += key->sum.high;
    for (uint64_t k = 0; k < key->rows; k++)
      wide_add(&sums.probe, probe->values[i]);
  }
  free(of);
  return sums;
}

struct group_sums ids_group(size_t keys, const uint32_t *ids, const struct keys *rows) {
  struct group_sums sums = {.rows = rows->rows};
  uint32_t *count = bench_memory(keys * sizeof *count);
  struct wide *payload = bench_memory(keys * sizeof *payload);
  memset(count, 0, keys * sizeof *count);
  memset(payload, 0, keys * sizeof *payload);
  for (size_t i = 0; i < rows->rows; i++) {
    count[ids[i]]++;
    if (rows->values)
      wide_add(&payload[ids[i]], rows->values[i]);
  }
  for (size_t k = 0; k < keys; k++) {
    sums.groups += count[k] > 0;
    sums.squares += (uint64_t)count[k] * count[k];
    wide_gather(&sums.payload, &sums.most, payload[k]);
  }
  free(payload);
  free(count);
  return sums;
}

uint32_t *ids_number(size_t keys, const uint32_t *ids, size_t rows) {
  uint32_t *number_of_key = bench_memory(keys * sizeof *number_of_key), *numbers = bench_memory(rows * sizeof *numbers);
  uint32_t n = 0;
  memset(number_of_key, 0xff, keys * sizeof *number_of_key);
  for (size_t i = 0; i < rows; i++) {
    if (number_of_key[ids[i]] == UINT32_MAX)
      number_of_key[ids[i]] = n++;
    numbers[i] = number_of_key[ids[i]];
  }
  free(number_of_key);
  return numbers;
}
