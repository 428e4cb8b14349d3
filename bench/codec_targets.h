/* SPDX-License-Identifier: MIT
 *
 * What the codecs are meant to reach, and where it stands in the summary. Used by the cases of bench_codec.
 */
#ifndef BENCH_CODEC_TARGETS_H
#define BENCH_CODEC_TARGETS_H

#include "bench.h"

/* Sets target and place of a comparison of weft's contender with a peer in a case of that name; neither, where there is
 * none. table: the contender's table of kernels, the column. judged: else only the place is set. */
void codec_target(const char *name, const char *contender, const char *peer, bool judged, const char *table,
                  struct bench_against *against);

/* Calls of 1000 values against calls of a block of 1024, a value of each. */
void codec_target_partial(const char *table, bool judged, struct bench_against *against);

/* Encoding a column with the selector against encoding it by the cascade that it chose. */
void codec_target_selector(const char *table, struct bench_against *against);

/* Figures that are no times: sizes, and what they should be at most a part of. */
enum codec_figure {
  FIGURE_DELTA,    /* sorted numbers: TurboPFor's */
  FIGURE_SELECTED, /* the selector's: the best of all cascades' */
  FIGURE_BOUND,    /* any codec's: raw + 1 % + 128 bytes */
  FIGURE_ZSTD,     /* the selector's, of integers: zstd's */
  FIGURES
};

/* Fills in unit, bound and place. */
void codec_figure(enum codec_figure figure, struct bench_value *value);

#endif
