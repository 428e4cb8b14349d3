/* SPDX-License-Identifier: MIT
 *
 * A reader of the text form of OpenMetrics 1.0, written from its specification: as far as counters, gauges and histograms
 * without exemplars and timestamps go. It holds a text against the rules, and finds values in it.
 */
#ifndef TESTS_OPENMETRICS_H
#define TESTS_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>

/* NULL: text keeps to the rules. Else the rule that it breaks; *line (from 1) is where. */
const char *openmetrics_broken_rule(const char *text, int *line);

/* The value of a sample, named with its labels as the text has them; false: there is no such one. */
bool openmetrics_value(const char *text, const char *sample, double *value);

#endif
