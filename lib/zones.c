/* SPDX-License-Identifier: MIT
 *
 * Least and greatest values and nulls by block of 1024 rows.
 */
#include "lib/zones.h"

#include "codecs/codec.h"

/* The least and the greatest float of width bits. -0.0 is less than 0.0 here: a least zero is made -0.0, a greatest 0.0. */
#define FLOAT_RANGE(name, type, nan)                                              \
  static bool name(const uint8_t *values, size_t n, uint8_t *min, uint8_t *max) { \
    const type none = (nan);                                                      \
    type least = none, greatest = none, value;                                    \
    bool some = false, odd = false;                                               \
    for (size_t i = 0; i < n; i++) {                                              \
      memcpy(&value, values + i * sizeof value, sizeof value);                    \
      if (value != value) {                                                       \
        odd = true;                                                               \
        continue;                                                                 \
      }                                                                           \
      least = !some || value < least ? value : least;                             \
      greatest = !some || value > greatest ? value : greatest;                    \
      some = true;                                                                \
    }                                                                             \
    least = some && least == 0 ? (type)-0.0 : least;                              \
    greatest = some && greatest == 0 ? (type)0.0 : greatest;                      \
    memcpy(min, &least, sizeof least);                                            \
    memcpy(max, odd ? &none : &greatest, sizeof greatest);                        \
    return some;                                                                  \
  }
FLOAT_RANGE(range_f32, float, __builtin_nanf(""))
FLOAT_RANGE(range_f64, double, __builtin_nan(""))

bool weft__range(const struct simd_codecs *codecs, enum weft_type type, const void *values, size_t n, void *min,
                 void *max) {
  if (type == WEFT_F32)
    return range_f32(values, n, min, max);
  if (type == WEFT_F64)
    return range_f64(values, n, min, max);
  bool is_signed = type <= WEFT_I64;
  unsigned item = 1u << ((unsigned)type - (is_signed ? WEFT_I8 : WEFT_U8));
  struct simd_range range = CODEC_KERNEL(codecs, range, item)(values, n, is_signed ? (uint64_t)1 << (8 * item - 1) : 0);
  codec_set_word(min, 0, item, range.min);
  codec_set_word(max, 0, item, range.max);
  return true;
}

weft_status weft__zones_find(weft_ctx *ctx, enum weft_type type, const struct flat *flat, struct zones *zones) {
  size_t width = flat->width, done = 0;
  zones->n = codec_blocks(flat->rows);
  zones->min = weft_alloc(ctx, zones->n * width);
  zones->max = weft_alloc(ctx, zones->n * width);
  zones->nulls = weft_alloc(ctx, zones->n * sizeof *zones->nulls);
  if (!zones->min || !zones->max || !zones->nulls) {
    weft_status status = ctx->cache.status;
    weft__zones_close(ctx, zones);
    return status;
  }
  for (size_t b = 0; b < zones->n; b++) {
    size_t rows = codec_block_values(flat->rows, b), valid = 0;
    for (size_t i = b * CODEC_BLOCK / 64; flat->valid && i < (b * CODEC_BLOCK + rows + 63) / 64; i++)
      valid += (size_t)__builtin_popcountll(flat->valid[i]);
    valid = flat->valid ? valid : rows;
    zones->nulls[b] = (uint32_t)(rows - valid);
    uint8_t *min = (uint8_t *)zones->min + b * width, *max = (uint8_t *)zones->max + b * width;
    memset(min, 0, width);
    memset(max, 0, width);
    if (valid > 0)
      weft__range(ctx->kernels->codecs, type, (const uint8_t *)flat->data + done * width, valid, min, max);
    done += valid;
  }
  return WEFT_OK;
}

void weft__zones_close(weft_ctx *ctx, struct zones *zones) {
  void *const owned[] = {zones->min, zones->max, zones->nulls};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    (void)!weft_free(ctx, owned[i]);
  *zones = (struct zones){0};
}
