/* SPDX-License-Identifier: MIT
 *
 * What the codecs are meant to reach, and where it stands in the summary. Used by codec_case.c and codec_sizes.c.
 */
#ifndef BENCH_CODEC_TARGETS_H
#define BENCH_CODEC_TARGETS_H

#include "bench.h"

/* Sets target and place of a comparison of weft's contender with a peer in a case of that name; neither, where there is
 * none. judged: else only the place. */
void codec_target(const char *name, const char *contender, const char *peer, bool judged, const char *table,
                  struct bench_against *against);

/* Figures that are no times. */
enum codec_figure {
  FIGURE_SIZE_DELTA,    /* size over TurboPFor's, of sorted numbers */
  FIGURE_SIZE_SELECTED, /* size over the best of all cascades */
  FIGURE_SIZE_BOUND,    /* size over raw + 1 % + 128 bytes */
  FIGURE_SIZE_ZSTD,     /* size over zstd's, of integers */
  FIGURES
};

/* Fills in bounds and place of such a figure of a column. */
void codec_figure(enum codec_figure figure, const char *column, struct bench_value *value);

/* What the encoding by the selector's own choice, given to the encoder, is of the encoding with the selector: at least. */
#define SELECTOR_SHARE 0.9

#endif
