/* SPDX-License-Identifier: MIT
 *
 * HyperLogLog sketches. A row is one access to a byte of the registers, which stay in the first or the second cache; its
 * hash takes longer.
 */
#include "lib/keys.h"

#include <string.h>
#include <weft/distinct.h>

enum { LEAST_PRECISION = 4, MOST_PRECISION = 18, USUAL_PRECISION = 14, HEADER_BYTES = 8, VERSION = 1 };

struct weft_distinct {
  weft_slab *slab;
  unsigned precision;
  uint8_t registers[]; /* [1 << precision] */
};

static const uint8_t magic[4] = {'W', 'H', 'L', 'L'};

static size_t registers_of(const weft_distinct *d) {
  return (size_t)1 << d->precision;
}

static weft_status create(weft_ctx *ctx, unsigned precision, weft_distinct **out) {
  weft_distinct *d = weft_zalloc(ctx, sizeof *d + ((size_t)1 << precision));
  if (!d)
    return ctx->cache.status;
  d->slab = ctx->cache.slab;
  d->precision = precision;
  weft__slab_ref(d->slab);
  *out = d;
  return WEFT_OK;
}

weft_status weft_distinct_open(weft_ctx *ctx, unsigned precision, weft_distinct **out) {
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!out)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_distinct_open: out is NULL");
  precision = precision == 0 ? USUAL_PRECISION : precision;
  if (precision < LEAST_PRECISION || precision > MOST_PRECISION)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_distinct_open: precision %u, and it can be %d to %d", precision,
                      LEAST_PRECISION, MOST_PRECISION);
  return create(ctx, precision, out);
}

/* A register is written whether it grows or not: whether it does is what no predictor knows while a sketch is young, and
 * later the stores cost nothing. */
void weft_distinct_add_hashes(weft_distinct *d, const uint64_t *hashes, size_t rows) {
  if (!d || !hashes)
    return;
  unsigned precision = d->precision;
  const uint64_t end = (uint64_t)1 << (precision - 1); /* stops the count of zeros */
  for (size_t i = 0; i < rows; i++) {
    uint8_t *at = &d->registers[hashes[i] >> (64 - precision)];
    uint8_t rank = (uint8_t)(__builtin_clzll(hashes[i] << precision | end) + 1);
    *at = *at < rank ? rank : *at;
  }
}

weft_status weft_distinct_add(weft_ctx *ctx, weft_distinct *d, const struct weft_column *columns, size_t n_columns) {
  static const char who[] = "weft_distinct_add";
  if (!ctx)
    return WEFT_E_INVALID;
  if (!d)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: distinct is NULL", who);
  WEFT_TRY(weft__keys_check(ctx, who, columns, n_columns));
  /* Without a plan: hashes are weft_hash64's, column by column; exact says that nothing is compared. */
  const struct key_hash how = {.mask = UINT64_MAX, .exact = weft__keys_exact(columns, n_columns, false)};
  struct key_scratch *scratch;
  WEFT_TRY(weft__scratch_open(ctx, &scratch));
  ctx_enter(ctx);
  for (size_t first = 0; first < columns[0].rows; first += ctx->batch_size) {
    size_t n = columns[0].rows - first < ctx->batch_size ? columns[0].rows - first : ctx->batch_size, kept = n;
    weft__keys_hash(ctx, &how, columns, n_columns, first, n, scratch);
    if (scratch->has_nulls) {
      kept = 0;
      for (size_t i = 0; i < n; i++) {
        scratch->hashes[kept] = scratch->hashes[i];
        kept += scratch->valid[i / SIMD_BLOCK] >> i % SIMD_BLOCK & 1;
      }
    }
    weft_distinct_add_hashes(d, scratch->hashes, kept);
  }
  ctx_leave(ctx);
  weft__scratch_close(ctx, scratch);
  return WEFT_OK;
}

/* A register of a finer sketch, its number being within a coarser one's: the bits that only the finer one takes for the
 * number come before its zeros in the coarser one. */
static uint8_t coarsened(uint8_t value, size_t i, unsigned bits) {
  uint64_t within = i & (((uint64_t)1 << bits) - 1);
  if (value == 0 || bits == 0)
    return value;
  return (uint8_t)(within == 0 ? value + bits : (unsigned)__builtin_clzll(within) - (64 - bits) + 1);
}

weft_status weft_distinct_merge(weft_ctx *ctx, weft_distinct *into, const weft_distinct *from) {
  if (!ctx)
    return WEFT_E_INVALID;
  if (!into || !from)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_distinct_merge: %s is NULL", into ? "from" : "into");
  if (from->precision < into->precision)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_distinct_merge: a sketch of precision %u into one of %u", from->precision,
                      into->precision);
  unsigned bits = from->precision - into->precision;
  for (size_t i = 0; i < registers_of(from); i++) {
    uint8_t value = coarsened(from->registers[i], i, bits), *at = &into->registers[i >> bits];
    *at = *at < value ? value : *at;
  }
  return WEFT_OK;
}

/* Newton's square root of 0 < x < 1, so that the library needs no libm. From above it falls until it can fall no more. */
static double root(double x) {
  double y = 1, next = (1 + x) / 2;
  while (next < y) {
    y = next;
    next = (y + x / y) / 2;
  }
  return y;
}

/* Ertl's sigma, of the share of registers that are 0, below 1; and tau, of those that are not full. Each sums up a series
 * until it changes no more. */
static double sigma(double x) {
  double sum = x, before, weight = 1;
  do {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  } while (sum != before);
  return sum;
}

static double tau(double x) {
  if (x == 0 || x == 1)
    return 0;
  double sum = 1 - x, before, weight = 1;
  do {
    x = root(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  } while (sum != before);
  return sum / 3;
}

double weft_distinct_estimate(const weft_distinct *d) {
  if (!d)
    return 0;
  const double half_log2 = 0.7213475204444817; /* 1 / (2 ln 2) */
  uint32_t counts[66 - LEAST_PRECISION] = {0};
  unsigned most = 65 - d->precision;
  for (size_t i = 0; i < registers_of(d); i++)
    counts[d->registers[i]]++;
  double m = (double)registers_of(d);
  if (counts[0] == registers_of(d))
    return 0;
  double z = m * tau(1 - (double)counts[most] / m);
  for (unsigned k = most - 1; k >= 1; k--)
    z = 0.5 * (z + (double)counts[k]);
  z += m * sigma((double)counts[0] / m);
  return half_log2 * m * m / z;
}

weft_status weft_distinct_write(weft_ctx *ctx, const weft_distinct *d, void *out, size_t capacity, size_t *bytes) {
  if (!ctx)
    return WEFT_E_INVALID;
  if (!d || !bytes)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_distinct_write: %s is NULL", d ? "bytes" : "distinct");
  *bytes = HEADER_BYTES + registers_of(d);
  if (!out)
    return WEFT_OK;
  if (capacity < *bytes)
    return weft__fail(ctx, WEFT_E_SPACE, "weft_distinct_write: room for %zu bytes, and there are %zu", capacity, *bytes);
  uint8_t header[HEADER_BYTES] = {magic[0], magic[1], magic[2], magic[3], VERSION, (uint8_t)d->precision};
  memcpy(out, header, sizeof header);
  memcpy((uint8_t *)out + sizeof header, d->registers, registers_of(d));
  return WEFT_OK;
}

weft_status weft_distinct_read(weft_ctx *ctx, const void *src, size_t bytes, weft_distinct **out) {
  static const char who[] = "weft_distinct_read";
  const uint8_t *from = src;
  if (out)
    *out = NULL;
  if (!ctx)
    return WEFT_E_INVALID;
  if (!src || !out)
    return weft__fail(ctx, WEFT_E_INVALID, "%s: %s is NULL", who, src ? "out" : "src");
  if (bytes < HEADER_BYTES || memcmp(from, magic, sizeof magic) != 0)
    return weft__fail(ctx, WEFT_E_CORRUPT, "%s: %zu bytes that do not start as a sketch does", who, bytes);
  if (from[4] != VERSION)
    return weft__fail(ctx, WEFT_E_UNSUPPORTED, "%s: a sketch of version %u, and known is %d", who, from[4], VERSION);
  unsigned precision = from[5];
  if (precision < LEAST_PRECISION || precision > MOST_PRECISION || from[6] != 0 || from[7] != 0)
    return weft__fail(ctx, WEFT_E_CORRUPT, "%s: %zu bytes, and a header of precision %u and %u, %u where zeros are due",
                      who, bytes, precision, from[6], from[7]);
  if (bytes != HEADER_BYTES + ((size_t)1 << precision))
    return weft__fail(ctx, WEFT_E_CORRUPT, "%s: %zu bytes, and a sketch of precision %u has %zu", who, bytes, precision,
                      HEADER_BYTES + ((size_t)1 << precision));
  for (size_t i = HEADER_BYTES; i < bytes; i++)
    if (from[i] > 65 - precision)
      return weft__fail(ctx, WEFT_E_CORRUPT, "%s: register %zu is %u, and %u at the most", who, i - HEADER_BYTES, from[i],
                        65 - precision);
  WEFT_TRY(create(ctx, precision, out));
  memcpy((*out)->registers, from + HEADER_BYTES, registers_of(*out));
  return WEFT_OK;
}

void weft_distinct_free(weft_distinct *d) {
  if (!d)
    return;
  weft_slab *slab = d->slab;
  (void)!weft_slab_free(slab, d);
  weft__slab_unref(slab);
}
