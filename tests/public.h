/* SPDX-License-Identifier: MIT
 *
 * Holds a list of function names against the export map (WEFT_MAP, its path, set by tests/CMakeLists.txt), so that a suite
 * which is to cover every public function says so when one is added.
 */
#ifndef TESTS_PUBLIC_H
#define TESTS_PUBLIC_H

#include <check.h>
#include <stdio.h>
#include <string.h>

/* Fails unless each weft_… symbol of the map is among names[n]. */
static inline void covers_every_public_function(const char *const *names, size_t n) {
  FILE *map = fopen(WEFT_MAP, "r");
  ck_assert_msg(map != NULL, "%s cannot be read", WEFT_MAP);
  char line[200], symbol[100];
  size_t symbols = 0;
  while (fgets(line, sizeof line, map)) {
    if (sscanf(line, " weft_%90[a-z0-9_];", symbol) != 1)
      continue;
    bool found = false;
    for (size_t i = 0; i < n && !found; i++)
      found = strcmp(names[i] + strlen("weft_"), symbol) == 0;
    ck_assert_msg(found, "weft_%s is not covered", symbol);
    symbols++;
  }
  fclose(map);
  ck_assert_uint_gt(symbols, 30);
}

#endif
