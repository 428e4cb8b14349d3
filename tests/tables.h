/* SPDX-License-Identifier: MIT
 *
 * The tables of kernels that this machine can run, for suites that go through all of them in one process. Tables that
 * are built and cannot run here are named on stdout, with what is missing: a run shows what it did not test.
 * WEFT_TEST_TABLE in the environment is the name of the one table to run, where the others have been run elsewhere;
 * without any table to run the suite has failed.
 */
#ifndef TESTS_TABLES_H
#define TESTS_TABLES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simd/dispatch.h"

struct tables {
  const struct simd_kernels *list[SIMD_ISAS];
  int n;
};

static inline struct tables tables_here(void) {
  struct tables tables = {.n = 0};
  struct simd_cpu cpu;
  const char *only = getenv("WEFT_TEST_TABLE");
  weft__cpu_read(&cpu);
  for (int i = 0; i < SIMD_ISAS; i++) {
    enum simd_isa isa = (enum simd_isa)i;
    char missing[256];
    if (!(weft__isas_built() >> i & 1) || (only && *only && strcmp(only, weft__isa_name(isa)) != 0))
      continue;
    if (weft__isa_missing(&cpu, isa, missing, sizeof missing) == 0)
      tables.list[tables.n++] = weft__kernels(isa);
    else
      printf("not tested here: %s, this CPU lacks %s\n", weft__isa_name(isa), missing);
  }
  if (tables.n == 0) {
    fprintf(stderr, "there is no table to test: WEFT_TEST_TABLE is '%s'\n", only ? only : "");
    exit(EXIT_FAILURE);
  }
  return tables;
}

#endif
