/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: an input is an encoding, decoded in every way, on one of the tables that this machine runs. The mutator
 * knows its structure.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/attempts.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_tables.h"
#include "tests/fuzz/mutate.h"

static struct guard_pool pool;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct rng rng = {rng_of_input(data, size)};
  struct attempts attempts;
  weft_ctx *ctx = next_table(&rng);
  if (pool.mapped > GUARD_AREAS / 2) /* sizes that keep changing leave areas behind */
    guard_close(&pool);
  guard_reset(&pool, 0);
  uint8_t *input = guard_take(&pool, GUARD_HIGH, size, 0, NULL);
  if (size > 0)
    memcpy(input, data, size);
  const char *wrong = attempt_encoding(ctx, &pool, &rng, input, size, &attempts);
  if (wrong)
    fail_input(wrong);
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  struct rng rng = {seed};
  return mutate_encoding(data, size, most, &rng);
}
