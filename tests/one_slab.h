/* SPDX-License-Identifier: MIT
 *
 * For suites whose tests each have one slab, f, with a cache on it: opened before a test and closed, wholly free, after it.
 */
#ifndef TESTS_ONE_SLAB_H
#define TESTS_ONE_SLAB_H

#include "tests/slabs.h"
#include "tests/suite.h"

static struct fixture f;

static inline void open_f(void) {
  fixture_open(&f);
}

static inline void close_f(void) {
  fixture_close(&f);
}

#endif
