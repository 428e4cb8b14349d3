/* SPDX-License-Identifier: MIT
 *
 * From the samples of many rounds to figures, and from figures to text and JSON. Used by bench.c.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "bench.h"

#include <jansson.h>
#include <stdio.h>

/* Of some samples: the median, and the 10th and 90th percentile. */
struct spread {
  double p10, median, p90;
};

/* What is known of one contender when a case is done. */
struct figures {
  struct spread ns;                    /* per unit, over the rounds */
  double cycles;                       /* per unit, at the median */
  double gb_per_s;                     /* at the median; 0: the case has no bytes */
  struct spread ratio[BENCH_AGAINST];  /* peer's time / own time, per round; all 0 against BENCH_NOTHING */
  struct spread excess[BENCH_AGAINST]; /* own time - peer's time in ns a unit, per round; nothing takes 0 */
};

/* samples[n] in any order, sorted on return; n is at least 1. Interpolates between neighbours. */
struct spread spread_of(double *samples, size_t n);

/* samples[rounds][contenders] are ns per unit; scratch[rounds]. bytes_per_unit may be 0. */
struct figures figures_of(const struct bench_case *c, size_t contender, const double *samples, size_t rounds, double ghz,
                          double bytes_per_unit, double *scratch);

/* Is there a target or bound in the contender's comparison k, and is it met? */
bool figures_judged(const struct bench_against *against);
bool figures_met(const struct bench_against *against, const struct figures *f, size_t k);

/* Is a figure that is no time within its bounds? */
bool figures_value_met(const struct bench_value *value, const struct spread *spread);
void figures_value_print(FILE *out, const struct bench_value *value, const struct spread *spread);
json_t *figures_value_json(const struct bench_value *value, const struct spread *spread);

/* One line of figures. */
void figures_print(FILE *out, const struct bench_case *c, size_t contender, const struct figures *f);

/* The same as an object; the caller owns it. */
json_t *figures_json(const struct bench_case *c, size_t contender, const struct figures *f, size_t rounds, double ghz);

#endif
