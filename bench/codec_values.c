/* SPDX-License-Identifier: MIT
 *
 * Made columns of codec_values.h. They are the same in every run. Where they are to be larger than the caches, they
 * repeat a stretch that is: it takes a fraction of the time to make, and no codec looks that far back.
 */
#include "codec_values.h"
#include "laws.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 1024
#define SHORTEST 4
#define LONGEST 24

void *values_memory(size_t bytes) {
  bytes = (bytes + BENCH_CODEC_SLACK + VALUES_ALIGN - 1) / VALUES_ALIGN * VALUES_ALIGN;
  void *p = aligned_alloc(VALUES_ALIGN, bytes);
  if (!p) {
    fprintf(stderr, "no memory for %zu bytes\n", bytes);
    exit(2);
  }
  return p;
}

size_t values_width(enum weft_type type) {
  return weft_column_fixed(NULL, type, 0).width;
}

static void store(struct values *v, size_t i, uint64_t value) {
  uint8_t *p = v->values + i * v->width;
  uint16_t value16 = (uint16_t)value;
  uint32_t value32 = (uint32_t)value;
  switch (v->width) {
  case 1: *p = (uint8_t)value; break;
  case 2: memcpy(p, &value16, sizeof value16); break;
  case 4: memcpy(p, &value32, sizeof value32); break;
  default: memcpy(p, &value, sizeof value);
  }
}

static struct values *make(enum weft_type type, enum bench_codec_data data, size_t rows, size_t period) {
  struct values *v = bench_memory(sizeof *v);
  *v = (struct values){.type = type, .data = data, .rows = rows, .width = values_width(type), .period = period};
  v->values = values_memory(rows * v->width);
  return v;
}

/* Rows that are made; the others follow by repeat(). */
static size_t made_rows(const struct values *v) {
  return v->period && v->period < v->rows ? v->period : v->rows;
}

static struct values *repeat(struct values *v) {
  for (size_t have = made_rows(v), more; have < v->rows; have += more) {
    more = have < v->rows - have ? have : v->rows - have;
    memcpy(v->values + have * v->width, v->values, more * v->width);
  }
  return v;
}

static uint64_t low_bits(unsigned bits) {
  return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

struct values *values_packed(enum weft_type type, unsigned bits, size_t rows, size_t period) {
  struct values *v = make(type, BENCH_CODEC_NUMBERS, rows, period);
  uint64_t state = bits, mask = low_bits(bits), base = 0;
  for (size_t i = 0; i < made_rows(v); i++) {
    if (i % BLOCK == 0)
      base = bits < 8 * v->width ? law_random(&state) & (low_bits((unsigned)(8 * v->width)) >> 1 & ~mask) : 0;
    /* Each block has the least and the greatest value of its range. */
    uint64_t above = i % BLOCK == 0 ? 0 : i % BLOCK == 1 ? mask : law_random(&state) & mask;
    store(v, i, base + above);
  }
  return repeat(v);
}

struct values *values_increasing(enum weft_type type, unsigned bits, uint64_t base, size_t rows, size_t period) {
  struct values *v = make(type, BENCH_CODEC_INCREASING, rows, period);
  uint64_t state = bits, value = base;
  for (size_t i = 0; i < made_rows(v); i++)
    store(v, i, value += 1 + (law_random(&state) & low_bits(bits)));
  return repeat(v);
}

struct values *values_runs(enum weft_type type, size_t mean, size_t rows, size_t period) {
  struct values *v = make(type, BENCH_CODEC_RUNS, rows, period);
  uint64_t state = mean, value = 0;
  for (size_t i = 0, left = 0; i < made_rows(v); i++, left--) {
    if (left == 0) {
      left = 1 + law_below(&state, 2 * mean - 1);
      value = law_random(&state);
    }
    store(v, i, value);
  }
  return repeat(v);
}

struct values *values_drawn(enum weft_type type, size_t distinct, size_t rows, size_t period) {
  struct values *v = make(type, BENCH_CODEC_NUMBERS, rows, period);
  uint64_t state = distinct, *list = bench_memory(distinct * sizeof *list);
  for (size_t i = 0; i < distinct; i++)
    list[i] = law_random(&state);
  for (size_t i = 0; i < made_rows(v); i++)
    store(v, i, list[law_below(&state, distinct)]);
  free(list);
  return repeat(v);
}

struct values *values_strings(size_t distinct, size_t rows, size_t period) {
  struct values *v = make(WEFT_NO_TYPE, BENCH_CODEC_STRINGS, 0, period);
  free(v->values);
  v->type = WEFT_STRING;
  v->rows = rows;
  uint64_t state = distinct;
  char *texts = bench_memory(distinct * LONGEST);
  uint8_t *lengths = bench_memory(distinct);
  for (size_t i = 0; i < distinct; i++) {
    lengths[i] = (uint8_t)(SHORTEST + law_below(&state, LONGEST - SHORTEST + 1));
    for (size_t k = 0; k < LONGEST; k++)
      texts[i * LONGEST + k] = (char)('a' + law_below(&state, 26));
  }
  v->values = values_memory(rows * LONGEST);
  v->offsets = values_memory((rows + 1) * sizeof *v->offsets);
  size_t used = 0;
  uint64_t first_state = state;
  for (size_t i = 0; i < rows; i++) {
    if (period && i % period == 0)
      state = first_state;
    size_t k = law_below(&state, distinct);
    v->offsets[i] = (int32_t)used;
    memcpy(v->values + used, texts + k * LONGEST, lengths[k]);
    used += lengths[k];
  }
  v->offsets[rows] = (int32_t)used;
  free(texts);
  free(lengths);
  return v;
}

struct values *values_walk(enum weft_type type, size_t rows, size_t period) {
  struct values *v = make(type, BENCH_CODEC_FLOATS, rows, period);
  uint64_t state = 1;
  double value = 20;
  for (size_t i = 0; i < made_rows(v); i++) {
    value += ldexp((double)(int64_t)law_random(&state), -63) / 64;
    float value32 = (float)value;
    memcpy(v->values + i * v->width, v->width == 4 ? (const void *)&value32 : (const void *)&value, v->width);
  }
  return repeat(v);
}

void values_make_nulls(struct values *v, unsigned share) {
  size_t made = made_rows(v), bytes = (v->rows + 7) / 8;
  uint64_t state = share;
  v->validity = values_memory(bytes);
  memset(v->validity, 0xff, bytes);
  for (size_t i = 0; i < made; i++)
    if (law_below(&state, 1024) < share)
      v->validity[i / 8] &= (uint8_t) ~(1u << i % 8);
  for (size_t i = made / 8; made < v->rows && i < bytes; i++)
    v->validity[i] = v->validity[i - made / 8];
  for (size_t i = 0; i < v->rows; i++)
    if (!(v->validity[i / 8] >> i % 8 & 1))
      memset(v->values + i * v->width, 0, v->width);
}

void values_make_outliers(struct values *v, unsigned one_in) {
  uint64_t state = one_in;
  for (size_t i = 0; i < made_rows(v); i++)
    if (law_below(&state, one_in) == 0)
      store(v, i, law_random(&state));
  repeat(v);
}

void values_free(struct values *v) {
  if (!v)
    return;
  free(v->values);
  free(v->offsets);
  free(v->validity);
  free(v);
}

struct weft_column values_column(const struct values *v, size_t first, size_t n) {
  if (v->offsets)
    return weft_column_offsets32(v->values, (size_t)v->offsets[v->rows], v->offsets + first, n);
  struct weft_column column = weft_column_fixed(v->values + first * v->width, v->type, n);
  return v->validity ? weft_column_with_validity(column, v->validity + first / 8, first % 8) : column;
}

size_t values_bytes(const struct values *v, size_t first, size_t n) {
  if (v->offsets)
    return (size_t)(v->offsets[first + n] - v->offsets[first]) + n * sizeof(uint32_t);
  return n * v->width + (v->validity ? (n + 7) / 8 : 0);
}
