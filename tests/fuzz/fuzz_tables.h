/* SPDX-License-Identifier: MIT
 *
 * For fuzz targets of which an input goes to one table of kernels: which one follows from the input, as all that is random
 * about it does.
 */
#ifndef TESTS_FUZZ_TABLES_H
#define TESTS_FUZZ_TABLES_H

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include <weft/weft.h>

#include "tests/guard.h"
#include "tests/tables.h"

static inline uint64_t rng_of_input(const uint8_t *data, size_t size) {
  return XXH3_64bits(data, size);
}

static inline void fail_input(const char *why) {
  fprintf(stderr, "%s: %s\n", guard_case_text(), why);
  abort();
}

/* A context on the table that rng draws. */
static inline weft_ctx *next_table(struct rng *rng) {
  static weft_ctx *ctxs[SIMD_ISAS];
  static const char *isas[SIMD_ISAS];
  static int n;
  if (n == 0) {
    struct tables here = tables_here();
    for (; n < here.n; n++) {
      struct weft_ctx_options options;
      weft_ctx_options_init(&options, sizeof options);
      options.isa = isas[n] = here.list[n]->isa;
      if (weft_ctx_create(&options, &ctxs[n]) != WEFT_OK)
        fail_input(weft_ctx_message(NULL));
    }
  }
  size_t i = rng_upto(rng, (size_t)n - 1);
  guard_case = (struct guard_case){.isa = isas[i], .seed = rng->state};
  return ctxs[i];
}

#endif
