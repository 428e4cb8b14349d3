/* SPDX-License-Identifier: MIT
 *
 * For suites that encode streams and read them again without the public calls around them: a context, an encoding on its
 * way out, made by the encoders or by hand, and the same on its way in, flush against a guard page.
 */
#ifndef TESTS_CODEC_RIG_H
#define TESTS_CODEC_RIG_H

#include "codecs/tree.h"
#include "keys.h"
#include "rng.h"

/* Codecs, as cascades of them are long. */
#define AUTO WEFT_CODEC_AUTO
#define RAW WEFT_CODEC_RAW
#define CONST WEFT_CODEC_CONST
#define BITPACK WEFT_CODEC_BITPACK
#define FOR WEFT_CODEC_FOR
#define DELTA WEFT_CODEC_DELTA
#define RLE WEFT_CODEC_RLE
#define DICT WEFT_CODEC_DICT
#define STRINGS WEFT_CODEC_STRINGS
#define SPLIT WEFT_CODEC_SPLIT

#define RIG_CAP ((size_t)16 << 20)

struct rig {
  weft_slab *slab;
  weft_ctx *ctx;
  struct weft_encode_options options;
  struct codec_out out;
  struct codec_in in;
  struct guard_pool encodings, arrays;
  struct rng rng;
};

/* Opens a rig on one table of kernels, with the seed of case i. Closed, nothing of its slab may be left. */
void rig_open(struct rig *rig, const char *isa, size_t i);
void rig_close(struct rig *rig);

/* Begins an encoding; ends it: as that of a column of a type, in->at[in->bytes] and opened. */
void rig_begin(struct rig *rig);
void rig_end(struct rig *rig, enum weft_type type, uint32_t width, uint32_t rows);

/* rig_end, but for the opening, so that the encoding may be damaged first; it is then opened by rig_reopen. */
uint8_t *rig_finish(struct rig *rig, enum weft_type type, uint32_t width, uint32_t rows);
weft_status rig_reopen(struct rig *rig);

/* Encodes a column of one stream by a cascade, and opens it. */
void rig_encode(struct rig *rig, const struct codec_values *values, const uint8_t *cascade);
void rig_encode_strings(struct rig *rig, const struct codec_strings *strings, const uint8_t *cascade);

/* Ends reading. */
static inline void rig_done(struct rig *rig) {
  weft__codec_close(&rig->in);
  guard_reset(&rig->encodings, 0);
}

/* An array of words or bytes flush against a guard page. */
static inline void *rig_array(struct rig *rig, size_t bytes) {
  return guard_take(&rig->arrays, rng_percent(&rig->rng, 50) ? GUARD_LOW : GUARD_HIGH, bytes, 0, &rig->rng);
}

/* Reads rows first .. first + n of the started stream `values` of in, whatever it is, into arrays of just that size. */
weft_status rig_read(struct rig *rig, uint32_t first, uint32_t n);

/* Fails unless the started stream `values` of in reads as expected: all at once, in pieces of 1024, by ranges anywhere, and
 * picked. */
void rig_expect(struct rig *rig, const struct codec_values *expected);
void rig_expect_strings(struct rig *rig, const struct codec_strings *expected);

/* Numbers of values around the edges of bytes, words of bitmaps, and blocks. */
static const uint32_t counts[] = {0,   1,   2,    3,    7,    8,    9,    63,   64,   65,   127,  128, 129,
                                  500, 900, 1023, 1024, 1025, 2000, 2047, 2048, 2049, 3071, 3072, 3073};
#define COUNTS (sizeof counts / sizeof *counts)

/* What values are like. */
enum value_kind {
  VALUES_RANDOM,
  VALUES_CONSTANT,
  VALUES_FEW,       /* seven of them, in any order */
  VALUES_RUNS_2,    /* runs of 2 rows on average */
  VALUES_RUNS_100,  /* of 100 */
  VALUES_RUNS_EVEN, /* of 4 rows each */
  VALUES_ASCENDING,
  VALUES_EXTREME, /* the least and the greatest of each type among others */
  VALUE_KINDS
};

/* n values of that kind in a guarded array of the rig's. */
struct codec_values rig_values(struct rig *rig, enum value_kind kind, uint32_t item, uint32_t n);

/* n strings, of at most `distinct` different ones of up to 20 bytes, that do not begin at offset 0. */
struct codec_strings rig_strings(struct rig *rig, uint32_t n, uint32_t distinct);

#endif
