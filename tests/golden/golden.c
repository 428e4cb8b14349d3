/* SPDX-License-Identifier: MIT
 *
 * What golden files hold. Knows nothing of encodings.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  RAW = WEFT_CODEC_RAW,
  CONST = WEFT_CODEC_CONST,
  BITPACK = WEFT_CODEC_BITPACK,
  FOR = WEFT_CODEC_FOR,
  DELTA = WEFT_CODEC_DELTA,
  RLE = WEFT_CODEC_RLE,
  DICT = WEFT_CODEC_DICT,
  STRINGS = WEFT_CODEC_STRINGS,
  SPLIT = WEFT_CODEC_SPLIT
};

/* Each codec and each type, cascades, both forms of runs, every form of nulls, blocks that are full and that are not. */
const struct golden golden[] = {
    {"i8_empty", WEFT_I8, 0, GOLDEN_MIXED, {0}, 0, 0, 0, 0},
    {"i8_raw", WEFT_I8, 30, GOLDEN_SPECIAL, {RAW}, 0, 0, 0, 0},
    {"i16_raw", WEFT_I16, 30, GOLDEN_SPECIAL, {RAW}, 0, 0, 0, 0},
    {"i32_raw", WEFT_I32, 9, GOLDEN_SPECIAL, {RAW}, 0, 0, 0, 0},
    {"u64_raw", WEFT_U64, 9, GOLDEN_SPECIAL, {RAW}, 0, 0, 0, 0},
    {"f32_raw", WEFT_F32, 12, GOLDEN_SPECIAL, {RAW}, 0, 0, 0, 0},
    {"f64_raw", WEFT_F64, 12, GOLDEN_SPECIAL, {RAW}, 0, 0, 0, 0},
    {"bytes_raw", WEFT_FIXED_BYTES, 9, GOLDEN_MIXED, {RAW}, 0, 5, 0, 0},
    {"bytes0", WEFT_FIXED_BYTES, 9, GOLDEN_MIXED, {0}, GOLDEN_THIRDS, 0, 0, 0},
    {"bytes4_dict", WEFT_FIXED_BYTES, 100, GOLDEN_RUNS, {DICT}, 0, 4, 1, 0},
    {"bytes1000", WEFT_FIXED_BYTES, 3, GOLDEN_CONSTANT, {0}, 0, 1000, 0, 0},
    {"i32_const", WEFT_I32, 3000, GOLDEN_CONSTANT, {CONST}, 0, 0, 0, 0},
    {"f64_const", WEFT_F64, 5, GOLDEN_CONSTANT, {CONST}, GOLDEN_THIRDS, 0, 0, 0},
    {"bytes3_const", WEFT_FIXED_BYTES, 7, GOLDEN_CONSTANT, {CONST}, 0, 3, 0, 0},
    {"u8_bitpack", WEFT_U8, 1031, GOLDEN_MIXED, {BITPACK}, 0, 0, 0, 0},
    {"u16_bitpack", WEFT_U16, 1024, GOLDEN_MIXED, {BITPACK}, 0, 0, 0, 0},
    {"u32_bitpack_short", WEFT_U32, 77, GOLDEN_MIXED, {BITPACK}, 0, 0, 0, 0},
    {"u64_bitpack_patches", WEFT_U64, 1100, GOLDEN_PATCHES, {BITPACK}, 0, 0, 0, 0},
    {"i8_for", WEFT_I8, 1024, GOLDEN_MIXED, {FOR}, 0, 0, 0, 0},
    {"i16_for", WEFT_I16, 1025, GOLDEN_RAMP, {FOR}, 0, 0, 0, 0},
    {"i32_for_patches", WEFT_I32, 1050, GOLDEN_PATCHES, {FOR}, 0, 0, 0, 0},
    {"i64_for_extremes", WEFT_I64, 20, GOLDEN_SPECIAL, {FOR}, 0, 0, 0, 0},
    {"i8_delta", WEFT_I8, 130, GOLDEN_RAMP, {DELTA}, 0, 0, 0, 0},
    {"u16_delta", WEFT_U16, 1024, GOLDEN_MIXED, {DELTA}, 0, 0, 0, 0},
    {"u32_delta_patches", WEFT_U32, 1100, GOLDEN_JUMPS, {DELTA}, 0, 0, 0, 0},
    {"i64_delta_times", WEFT_I64, 1500, GOLDEN_TIMES, {DELTA}, 0, 0, 0, 0},
    {"u32_aligned", WEFT_U32, 1040, GOLDEN_SPECIAL, {FOR}, 0, 0, 0, 0},
    {"i32_rle_ends", WEFT_I32, 4000, GOLDEN_RUNS, {RLE}, 0, 0, 0, 0},
    {"u8_rle_starts", WEFT_U8, 1300, GOLDEN_SHORT, {RLE, BITPACK}, 0, 0, 0, 0},
    {"f32_rle_raw", WEFT_F32, 500, GOLDEN_RUNS, {RLE, RAW}, 0, 0, 0, 0},
    {"u64_dict", WEFT_U64, 300, GOLDEN_MIXED, {DICT}, 0, 0, 0, 0},
    {"i32_dict_sorted", WEFT_I32, 200, GOLDEN_SPECIAL, {DICT, BITPACK}, 0, 0, 1, 0},
    {"f64_dict", WEFT_F64, 200, GOLDEN_SPECIAL, {DICT, RLE, BITPACK}, 0, 0, 0, 0},
    {"bytes16_dict", WEFT_FIXED_BYTES, 150, GOLDEN_RUNS, {DICT, RLE}, GOLDEN_FEW, 16, 0, 0},
    {"u32_dict_const", WEFT_U32, 50, GOLDEN_CONSTANT, {DICT, CONST}, 0, 0, 0, 0},
    {"string_strings", WEFT_STRING, 70, GOLDEN_MIXED, {STRINGS}, 0, 0, 0, 0},
    {"string_delta", WEFT_STRING, 60, GOLDEN_SHORT, {STRINGS, DELTA}, GOLDEN_THIRDS, 0, 0, 0},
    {"string_raw", WEFT_STRING, 20, GOLDEN_RAMP, {RAW}, 0, 0, 0, 0},
    {"string_dict", WEFT_STRING, 900, GOLDEN_RUNS, {DICT}, 0, 0, 0, 0},
    {"string_dict_sorted", WEFT_STRING, 300, GOLDEN_MIXED, {DICT, RLE, FOR}, GOLDEN_FEW, 0, 1, 0},
    {"string_constant", WEFT_STRING, 5000, GOLDEN_CONSTANT, {0}, 0, 0, 0, 0},
    {"string_empty", WEFT_STRING, 0, GOLDEN_MIXED, {0}, 0, 0, 0, 0},
    {"f32_split", WEFT_F32, 300, GOLDEN_RAMP, {SPLIT}, 0, 0, 0, 0},
    {"f64_split", WEFT_F64, 200, GOLDEN_SPECIAL, {SPLIT, DICT}, 0, 0, 0, 0},
    {"u32_null_bitmap", WEFT_U32, 1030, GOLDEN_CONSTANT, {0}, GOLDEN_THIRDS, 0, 0, 0},
    {"i16_null_rows", WEFT_I16, 2000, GOLDEN_RUNS, {0}, GOLDEN_FEW, 0, 0, 0},
    {"u64_valid_rows", WEFT_U64, 2000, GOLDEN_RAMP, {0}, GOLDEN_MOST, 0, 0, 0},
    {"f64_null", WEFT_F64, 1500, GOLDEN_RAMP, {0}, GOLDEN_NULL, 0, 0, 0},
    {"string_null", WEFT_STRING, 40, GOLDEN_RAMP, {0}, GOLDEN_NULL, 0, 0, 0},
    {"i32_zones", WEFT_I32, 33000, GOLDEN_BLOCKS, {RLE}, GOLDEN_VALID, 0, 0, 1},
    {"f64_zones", WEFT_F64, 32768, GOLDEN_CONSTANT, {0}, GOLDEN_FEW, 0, 0, 1},
};
const size_t golden_count = sizeof golden / sizeof *golden;

static const char *const every_type[] = {"i8_raw",    "i16_raw",           "i32_raw", "i64_for_extremes", "u8_bitpack",
                                         "u16_delta", "u32_bitpack_short", "u64_raw", "f32_raw",          "f64_raw",
                                         "bytes_raw", "string_delta",      NULL};
static const char *const three_chunks[] = {"i64_delta_times", "string_dict", "i16_null_rows", NULL};
static const char *const one[] = {"f64_const", NULL};

const struct golden_file golden_files[] = {
    {"every_type", 40, true, every_type}, {"three_chunks", 2060, false, three_chunks}, {"no_rows", 0, true, one}};
const size_t golden_files_count = sizeof golden_files / sizeof *golden_files;

const struct golden *golden_of(const char *name) {
  for (size_t i = 0; i < golden_count; i++)
    if (strcmp(golden[i].name, name) == 0)
      return &golden[i];
  fprintf(stderr, "no golden encoding is %s\n", name);
  abort();
}

static int64_t number_of(enum golden_values values, uint32_t row) {
  int64_t i = row;
  switch (values) {
  case GOLDEN_CONSTANT: return -7;
  case GOLDEN_RAMP: return 3 * i - 50;
  case GOLDEN_PATCHES: return i % 300 == 99 ? 37 * i % 61 + (INT64_C(5) << 28) : 37 * i % 61;
  case GOLDEN_JUMPS: return 4 * i + i % 5 + (i / 300 << 20);
  case GOLDEN_TIMES: return INT64_C(1700000000000) + 250 * i + i % 5;
  case GOLDEN_RUNS: return (i / 40) * (i / 40) % 13;
  case GOLDEN_SHORT: return i / 4 * 2 % 11 + (i % 4 == 3 ? 20 : 0);
  case GOLDEN_BLOCKS: return i / 1024 - 20;
  default: return 37 * i % 61;
  }
}

/* The least, the greatest and what is around them, of a width in bytes. */
static uint64_t special_integer(uint32_t row, size_t width) {
  uint64_t top = UINT64_C(1) << (8 * width - 1);
  const uint64_t words[] = {0, top, top - 1, UINT64_MAX, 1, top + 1, 2};
  return words[row % 7];
}

static uint64_t special_f64(uint32_t row) {
  static const uint64_t bits[] = {0x0000000000000000, 0x8000000000000000, 0x7ff0000000000000, 0xfff0000000000000,
                                  0x7ff8000000000000, 0xfff800000000beef, 0x7ff0000000000001, 0x0000000000000001,
                                  0x7fefffffffffffff, 0x3ff0000000000000, 0xc00921fb54442d18};
  return bits[row % 11];
}

static uint32_t special_f32(uint32_t row) {
  static const uint32_t bits[] = {0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc0beef,
                                  0x7f800001, 0x00000001, 0x7f7fffff, 0x3f800000, 0xc0490fdb};
  return bits[row % 11];
}

static size_t put_float(const struct golden *g, uint32_t row, uint8_t *to) {
  double number = (double)number_of(g->values, row) / 4;
  float single = (float)number;
  uint64_t bits64 = special_f64(row);
  uint32_t bits32 = special_f32(row);
  if (g->type == WEFT_F64)
    return memcpy(to, g->values == GOLDEN_SPECIAL ? (const void *)&bits64 : (const void *)&number, 8), 8;
  return memcpy(to, g->values == GOLDEN_SPECIAL ? (const void *)&bits32 : (const void *)&single, 4), 4;
}

static size_t put_integer(uint64_t number, size_t width, uint8_t *to) {
  uint8_t word8 = (uint8_t)number;
  uint16_t word16 = (uint16_t)number;
  uint32_t word32 = (uint32_t)number;
  const void *const words[] = {NULL, &word8, &word16, NULL, &word32, NULL, NULL, NULL, &number};
  memcpy(to, words[width], width);
  return width;
}

/* Some are empty, some fit into a view, some do not. */
static size_t put_string(int64_t number, uint8_t *to) {
  int n = (int)(number < 0 ? -number : number), bytes = 0;
  char *text = (char *)to;
  switch (n % 6) {
  case 0: break;
  case 1: bytes = snprintf(text, GOLDEN_BYTES, "v%d", n); break;
  case 2: bytes = snprintf(text, GOLDEN_BYTES, "%d bottles", n); break; /* 9 to 12 bytes */
  case 3: bytes = snprintf(text, GOLDEN_BYTES, "The value in this row is %d.", n); break;
  case 4: bytes = snprintf(text, GOLDEN_BYTES, "\xc3\xa9%d", n); break;
  default: bytes = snprintf(text, GOLDEN_BYTES, "%d", n);
  }
  return (size_t)bytes;
}

size_t golden_value(const struct golden *g, uint32_t row, uint8_t *to) {
  int64_t number = number_of(g->values, row);
  size_t width = column_type_width(g->type);
  if (g->type == WEFT_STRING)
    return put_string(number, to);
  if (g->type == WEFT_F32 || g->type == WEFT_F64)
    return put_float(g, row, to);
  if (g->type != WEFT_FIXED_BYTES)
    return put_integer(g->values == GOLDEN_SPECIAL ? special_integer(row, width) : (uint64_t)number, width, to);
  for (uint32_t k = 0; k < g->width; k++)
    to[k] = (uint8_t)(number * 31 + k * 7);
  return g->width;
}

bool golden_is_null(const struct golden *g, uint32_t row) {
  switch (g->nulls) {
  case GOLDEN_THIRDS: return row % 3 == 1;
  case GOLDEN_FEW: return row % 90 == 44;
  case GOLDEN_MOST: return row % 90 != 44;
  case GOLDEN_NULL: return true;
  default: return false;
  }
}

static void *take(struct guard_pool *pool, size_t bytes) {
  return guard_take(pool, GUARD_HIGH, bytes, 0, NULL);
}

void golden_build(struct guard_pool *pool, const struct golden *g, uint32_t rows, struct test_column *out) {
  uint8_t value[GOLDEN_BYTES], *bits = take(pool, (rows + 7) / 8);
  size_t bytes = 0;
  *out = (struct test_column){.rows = rows};
  out->bytes = take(pool, rows * sizeof *out->bytes);
  out->lengths = take(pool, rows * sizeof *out->lengths);
  out->nulls = take(pool, rows * sizeof *out->nulls);
  int32_t *offsets = take(pool, (rows + 1) * sizeof *offsets);
  memset(bits, 0, (rows + 7) / 8);
  for (uint32_t i = 0; i < rows; i++) {
    out->nulls[i] = golden_is_null(g, i);
    bits[i / 8] = (uint8_t)(bits[i / 8] | !out->nulls[i] << i % 8);
    offsets[i] = (int32_t)bytes;
    bytes += golden_value(g, i, value);
  }
  offsets[rows] = (int32_t)bytes;
  uint8_t *data = take(pool, bytes);
  for (uint32_t i = 0; i < rows; i++) {
    size_t n = golden_value(g, i, value);
    if (n > 0)
      memcpy(data + offsets[i], value, n);
    out->bytes[i] = out->nulls[i] ? NULL : data + offsets[i];
    out->lengths[i] = out->nulls[i] ? 0 : n;
    out->longest = n > out->longest ? n : out->longest;
  }
  out->column = g->type == WEFT_STRING        ? weft_column_offsets32(data, bytes, offsets, rows)
                : g->type == WEFT_FIXED_BYTES ? weft_column_bytes(data, g->width, rows)
                                              : weft_column_fixed(data, g->type, rows);
  if (g->nulls != GOLDEN_VALID)
    out->column = weft_column_with_validity(out->column, bits, 0);
}

uint8_t *golden_read(const char *name, const char *extension, size_t *bytes) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s.%s", WEFT_GOLDEN, name, extension);
  FILE *file = fopen(path, "rb");
  enum { MOST = 1 << 17 };
  uint8_t *memory = malloc(MOST);
  *bytes = file && memory ? fread(memory, 1, MOST, file) : 0;
  if (!file || *bytes == 0 || *bytes == MOST) {
    fprintf(stderr, "%s cannot be read\n", path);
    exit(EXIT_FAILURE);
  }
  fclose(file);
  return memory;
}
