/* SPDX-License-Identifier: MIT
 *
 * The tests' random numbers: splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), so
 * that one 64-bit seed, printed when a test fails, is the whole state.
 */
#ifndef TESTS_RNG_H
#define TESTS_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RNG_STEP 0x9E3779B97F4A7C15u

struct rng {
  uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng) {
  uint64_t z = rng->state += RNG_STEP;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* A number in 0 … last, both included. The bias of the remainder is below 2^-32 for all that the tests ask for. */
static inline size_t rng_upto(struct rng *rng, size_t last) {
  return (size_t)(rng_next(rng) % ((uint64_t)last + 1));
}

/* True in percent of 100 cases. */
static inline bool rng_percent(struct rng *rng, unsigned percent) {
  return rng_upto(rng, 99) < percent;
}

static inline void rng_fill(struct rng *rng, void *to, size_t bytes) {
  uint8_t *p = to;
  while (bytes) {
    uint64_t word = rng_next(rng);
    size_t n = bytes < sizeof word ? bytes : sizeof word;
    memcpy(p, &word, n);
    p += n;
    bytes -= n;
  }
}

/* The seed of the i-th case. The start is fixed, so that a failure comes again; WEFT_TEST_SEED in the environment sets
 * another one. Set to the seed that a test of random cases printed when it failed, its first case is the one that
 * failed. */
static inline uint64_t rng_case_seed(size_t i) {
  const char *given = getenv("WEFT_TEST_SEED");
  uint64_t start = given && *given ? strtoull(given, NULL, 0) : 0x7765667431u;
  return start + i * 0xD1342543DE82EF95u;
}

/* As many of `full` cases or steps of a long test as the build is quick enough for, 1 at least: WEFT_TEST_PERCENT in the
 * environment, which tests/CMakeLists.txt sets where a case takes many times as long: under sanitizers and emulators, and
 * unoptimised. */
static inline size_t rng_cases(size_t full) {
  const char *percent = getenv("WEFT_TEST_PERCENT");
  size_t cases = full * (percent && *percent ? strtoull(percent, NULL, 10) : 100) / 100;
  return cases > 0 ? cases : 1;
}

/* The count of rows or bytes that follows n in a test of every count: where cases are few, past 34, only those that are
 * next to a multiple of 32, and every seventh. */
static inline size_t rng_count_after(size_t n) {
  bool few = rng_cases(100) < 100;
  do
    n++;
  while (few && n > 34 && (n + 1) % 32 > 2 && n % 7 != 0);
  return n;
}

#endif
