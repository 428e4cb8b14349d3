/* SPDX-License-Identifier: MIT
 *
 * Least and greatest values and nulls by block of 1024 rows, for the encoder and for the footers of files.
 */
#ifndef LIB_ZONES_H
#define LIB_ZONES_H

#include "lib/flatten.h"

struct zones {
  size_t n;        /* blocks */
  void *min, *max; /* [n] values of the type, in the machine's order */
  uint32_t *nulls; /* [n] */
};

/* Of rows of numbers, flat and dense. Closed by weft__zones_close; after a failure it is closed. */
weft_status weft__zones_find(weft_ctx *ctx, enum weft_type type, const struct flat *flat, struct zones *zones);
void weft__zones_close(weft_ctx *ctx, struct zones *zones);

/* The least and the greatest of values[n] of a numeric type, n > 0, at *min and *max, as weft_zones has them: floats in
 * the order of numbers, a zero standing for both of its signs; NaNs are left out, and make a max of NaN. False: all are
 * NaN, and both are. */
bool weft__range(const struct simd_codecs *codecs, enum weft_type type, const void *values, size_t n, void *min, void *max);

#endif
