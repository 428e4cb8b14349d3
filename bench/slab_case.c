/* SPDX-License-Identifier: MIT
 *
 * See slab_case.h.
 */
#include "slab_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES "Slab, times faster than"
#define OPTIONS "Slab, times faster than with options or in another build"

static uint64_t random_state;

void case_seed(uint64_t seed) {
  random_state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t case_number(void) {
  uint64_t x = random_state += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

uint32_t case_bytes(const struct sizes *sizes) {
  double u = (double)(case_number() >> 11) * 0x1p-53, least = (double)sizes->least, most = (double)sizes->most;
  double bytes = sizes->even ? least + u * (most - least + 1) : least * exp2(u * log2(most / least));
  return (uint32_t)(bytes < most ? bytes : most);
}

struct op *case_ops(size_t n, size_t slots, enum order order, const struct sizes *sizes) {
  struct op *ops = bench_memory(n * sizeof *ops);
  for (size_t i = 0; i < n; i++) {
    size_t slot = order == RANDOM ? (size_t)(case_number() % slots) : i % slots;
    ops[i] = (struct op){(uint32_t)slot, case_bytes(sizes)};
    if (order == SHUFFLED) { /* inside out (Durstenfeld 1964) */
      size_t other = i - (size_t)(case_number() % (slot + 1));
      ops[i].slot = ops[other].slot;
      ops[other].slot = (uint32_t)slot;
    }
  }
  return ops;
}

void case_contenders(struct program *p, const struct target *target) {
  struct bench_contender *weft = &p->contenders[ALLOCATOR_WEFT];
  memset(p->contenders, 0, sizeof p->contenders);
  for (size_t i = 0; i < p->n; i++) {
    const struct allocator *a = &p->allocators[i];
    snprintf(p->contenders[i].name, sizeof p->contenders[i].name, "%s", a->name);
    if (i == ALLOCATOR_WEFT)
      continue;
    struct bench_against *against = &weft->against[weft->n_against++];
    bool peer = a->hand.kind == KIND_MALLOC;
    double most = strcmp(a->name, "jemalloc") == 0 ? target->share_of_jemalloc : target->share;
    *against = (struct bench_against){.peer = i, .target = peer && most > 0 ? 1 / most : 0};
    if (!target->row)
      continue;
    against->table = peer ? TIMES : OPTIONS;
    against->column = a->name;
    against->order = target->order;
    snprintf(against->row, sizeof against->row, "%s", target->row);
  }
}

void case_figures(const struct program *p, struct weft_slab_figures *figures) {
  if (weft_slab_stats(p->allocators[ALLOCATOR_WEFT].slab, figures, sizeof *figures)) {
    fprintf(stderr, "bench_slab: no figures of the slab\n");
    exit(1);
  }
}

void case_hits(struct program *p, const char *name, const struct target *target, const struct weft_slab_figures *before) {
  struct weft_slab_figures now;
  case_figures(p, &now);
  double hits = (double)(now.magazine_hits - before->magazine_hits);
  double misses = (double)(now.magazine_misses - before->magazine_misses);
  if (hits + misses <= 0) /* the case was not run: a result was wrong */
    return;
  double percent = 100 * hits / (hits + misses);
  struct bench_value value = {.name = name,
                              .contender = p->allocators[ALLOCATOR_WEFT].name,
                              .unit = "% magazine hits",
                              .samples = &percent,
                              .n = 1,
                              .least = target->share > 0 ? LEAST_HITS : 0,
                              .table = target->share > 0 ? TIMES : NULL,
                              .row = target->row,
                              .order = target->order,
                              .column = "magazine hits, %"};
  bench_value(p->bench, &value);
}
