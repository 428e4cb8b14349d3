/* SPDX-License-Identifier: MIT
 *
 * Columns for codecs: values, nulls and layouts are drawn, each column beside the plain truth of its rows; and what must
 * come of encoding it and of decoding it in every way, all in guarded memory. What is wrong is said in words, so that
 * suites and fuzz targets fail each in their way.
 */
#ifndef TESTS_CODED_H
#define TESTS_CODED_H

#include <weft/weft.h>

#include "columns.h"

/* Where values come from: numbers in such an order, of which integers have the low bytes, floats a fraction or the bits,
 * strings and bytes what is random by the number: equal numbers are equal values. */
enum value_shape {
  SHAPE_CONSTANT,
  SHAPE_SMALL,     /* above a base, within some bits */
  SHAPE_ASCENDING, /* by small steps */
  SHAPE_WALK,      /* up and down */
  SHAPE_RUNS,
  SHAPE_FEW, /* some distinct ones in any order */
  SHAPE_OUTLIERS,
  SHAPE_EXTREMES,
  SHAPE_ANY,
  VALUE_SHAPES
};

enum null_shape {
  NULLS_ARE_NONE,
  NULLS_ARE_ALL,
  NULLS_ARE_MANY,
  NULLS_ARE_RARE,
  NULLS_ARE_RUNS,
  NULLS_ARE_ONE,
  NULLS_ARE_ALL_BUT_ONE,
  NULLS_ARE_WILD, /* with garbage in their places, of the layout and of the selection */
  NULL_SHAPES
};

struct coded_spec {
  enum weft_type type; /* WEFT_STRING too */
  size_t width;        /* of WEFT_FIXED_BYTES; about the longest of strings */
  size_t rows;
  enum value_shape values;
  enum null_shape nulls;
  bool plain;            /* no selection; strings by offsets of 32 bits */
  const uint64_t *given; /* [n_given] the numbers, again and again, instead of `values`; none where n_given is 0 */
  size_t n_given;
};

/* Builds the column of a spec; all memory is of the pool. */
void coded_build(struct guard_pool *pool, struct rng *rng, const struct coded_spec *spec, struct test_column *out);

/* A spec of rows rows in which all else is drawn, and options, in which the codecs are AUTO or any. */
struct coded_spec coded_spec_draw(struct rng *rng, size_t rows);
struct weft_encode_options coded_options_draw(struct rng *rng);

/* "i32 outliers, one null": static storage. */
const char *coded_spec_text(const struct coded_spec *spec);
const char *coded_type_name(enum weft_type type);

/* An encoding, flush against a guard page, and what was encoded. */
struct coded {
  const uint8_t *at;
  size_t bytes;
  const struct test_column *truth;
  struct weft_encoded_info info;
  weft_encoding *open; /* read by way of it; NULL: by calls for one read */
};

/* Encodes truth's column into memory of the pool that has as many bytes as weft_encode_bound says, then into no more than
 * it took, and describes it. The status is weft_encode's first; *wrong is set where something is, else NULL. */
weft_status coded_encode(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const struct test_column *truth,
                         const struct weft_encode_options *options, struct coded *out, const char **wrong);

/* The value of row i of a column of any layout but pointers, read plainly. */
struct coded_value {
  const uint8_t *at;
  size_t bytes;
  bool null;
};
struct coded_value coded_value_of(const struct weft_column *column, size_t i);

/* A way of decoding. */
struct way {
  uint32_t form;
  uint64_t first, rows; /* within those there are, or UINT64_MAX */
  const uint32_t *selection;
  size_t selected;
  bool streaming, check_sums;
  enum guard_side side; /* of the guard page that buffers lie at */
  size_t shift;         /* bytes from it */
};

/* Draws a way that the encoding has; the selection is of the pool. */
struct way coded_way_draw(struct guard_pool *pool, struct rng *rng, const struct coded *coded);

/* "values of rows 5 to 9": static storage. */
const char *coded_way_text(const struct way *way);

/* What is wrong with weft_decode_room and weft_decode_into (where coded->open is one: weft_encoding_room and
 * weft_encoding_read), and with weft_decode, in that way; NULL: nothing. Static storage. */
const char *coded_wrong_into(weft_ctx *ctx, struct guard_pool *pool, const struct coded *coded, const struct way *way);
const char *coded_wrong_decoded(weft_ctx *ctx, const struct coded *coded, const struct way *way);

/* What is wrong with the dictionary, where there is one. */
const char *coded_wrong_dictionary(weft_ctx *ctx, const struct coded *coded, bool sorted);

/* What is wrong with weft_zones, of blocks of 1024 rows from first_block on, n of them (the last may end with the rows). */
const char *coded_wrong_zones(weft_ctx *ctx, struct guard_pool *pool, const struct coded *coded, size_t first_block,
                              size_t n);

/* All of these and weft_verify: the whole in every form, and `ways` ways that are drawn, each also by way of the encoding
 * kept open for all of them. */
const char *coded_wrong(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const struct coded *coded,
                        const struct weft_encode_options *options, size_t ways);

#endif
