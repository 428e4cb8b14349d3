/* SPDX-License-Identifier: MIT
 *
 * A benchmark of work whose cost is known, for test_frame.cmake to check the frame by: chains of additions, a cycle each.
 */
#include "bench.h"

#include <stdio.h>

#define TURNS 20000

/* Additions that each wait for the one before, this many times TURNS; the loop's own count runs beside them. */
struct chains {
  uint32_t times[3];
  uint64_t sum[3];
  bool liar; /* the last contender gives wrong results */
};

static uint64_t chain(uint32_t times) {
  uint64_t x = 0, step = 3;
  __asm__ volatile("" : "+r"(step));
  for (uint32_t i = 0; i < times * TURNS; i += 8) {
#define ADD  \
  x += step; \
  __asm__ volatile("" : "+r"(x));
    ADD ADD ADD ADD ADD ADD ADD ADD
  }
  return x;
}

static void add(void *state, size_t contender, uint64_t piece) {
  struct chains *c = state;
  (void)piece;
  c->sum[contender] = chain(c->times[contender]) / c->times[contender];
}

static bool check(void *state, size_t contender) {
  struct chains *c = state;
  add(c, contender, 0);
  return c->sum[contender] + (c->liar && contender == 2) == 3 * TURNS;
}

static struct bench_amount prepare(void *state, uint64_t piece) {
  (void)state;
  (void)piece;
  return (struct bench_amount){TURNS, 8.0 * TURNS};
}

int main(int argc, char **argv) {
  struct bench *bench = bench_open(argc, argv, "Measures chains of additions.", NULL, 0);
  struct chains chains = {.times = {1, 2, 4}};
  const struct bench_contender contenders[] = {{"one", {{.peer = 1, .target = 1.5}, {.peer = 2, .target = 100}}, 2},
                                               {"two", {{.peer = 0, .bound_ns = 100}}, 1},
                                               {"four", {{.peer = BENCH_NOTHING, .bound_ns = 0.001}}, 1}};
  struct bench_case c = {.name = "chains honest",
                         .unit = "addition",
                         .contenders = contenders,
                         .n_contenders = 3,
                         .pieces = 50,
                         .same = true,
                         .state = &chains,
                         .check = check,
                         .prepare = prepare,
                         .work = add};
  if (bench_wants(bench, c.name, false))
    bench_run(bench, &c);
  if (bench_wants(bench, "value", true)) {
    double few[] = {3, 1, 2}, many[] = {5};
    struct bench_value value = {.name = "value", .contender = "one", .unit = "links", .samples = few, .n = 3, .most = 1.5};
    bench_value(bench, &value);
    value.samples = many;
    value.n = 1;
    value.most = 0;
    value.least = 5;
    bench_value(bench, &value);
  }
  c.name = "chains liar";
  chains.liar = true;
  if (bench_wants(bench, c.name, true))
    bench_run(bench, &c);
  return bench_close(bench);
}
