/* SPDX-License-Identifier: MIT
 *
 * See laws.h. Bytes of strings are random, but for names that were read: a hash takes no branch on them, only on lengths.
 */
#include "laws.h"
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define REPLAYED 2000

uint64_t law_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint32_t law_below(uint64_t *state, uint64_t n) {
  return (uint32_t)(((law_random(state) >> 32) * n) >> 32);
}

struct drawer {
  const struct law *law;
  const struct law_names *names;
  struct law_name *sorted; /* LAW_SORTED: the names in order */
  size_t at;               /* LAW_SORTED: the next of them */
  size_t mean_run;         /* LAW_SORTED: how often one comes in a row, on average */
  uint64_t seed, state;
  size_t drawn;
  uint32_t again; /* how often the last string comes once more */
  const uint8_t *bytes;
  uint32_t length;
  uint64_t text[LAW_LONGEST / 8];
};

static int compare_names(const void *a, const void *b) {
  const struct law_name *x = a, *y = b;
  int order = memcmp(x->bytes, y->bytes, x->length < y->length ? x->length : y->length);
  return order ? order : (x->length > y->length) - (x->length < y->length);
}

struct drawer *drawer_make(const struct law *law, const struct law_names *names, size_t rows, uint64_t seed) {
  struct drawer *d = bench_memory(sizeof *d);
  d->law = law;
  d->names = names;
  d->seed = d->state = seed;
  d->sorted = NULL;
  d->at = d->drawn = d->again = d->length = 0;
  d->bytes = (const uint8_t *)d->text;
  if (law->kind == LAW_SORTED) {
    d->mean_run = rows / names->n + 1;
    d->sorted = bench_memory(names->n * sizeof *d->sorted);
    memcpy(d->sorted, names->list, names->n * sizeof *d->sorted);
    qsort(d->sorted, names->n, sizeof *d->sorted, compare_names);
  }
  return d;
}

void drawer_free(struct drawer *d) {
  free(d->sorted);
  free(d);
}

uint32_t drawer_length(struct drawer *d) {
  const struct law *law = d->law;
  switch (law->kind) {
  case LAW_MIXED: return 1 + law_below(&d->state, law_below(&d->state, 10) ? 32 : law->high);
  case LAW_INTEGERS: return law->low;
  default: return law->low + law_below(&d->state, law->high - law->low + 1);
  }
}

static void draw_name(struct drawer *d, const struct law_name *name) {
  d->bytes = (const uint8_t *)name->bytes;
  d->length = name->length;
}

static void draw(struct drawer *d) {
  switch (d->law->kind) {
  case LAW_NAMES: draw_name(d, &d->names->list[law_below(&d->state, d->names->n)]); return;
  case LAW_SORTED:
    draw_name(d, &d->sorted[d->at]);
    d->at = (d->at + 1) % d->names->n;
    d->again = law_below(&d->state, 2 * d->mean_run - 1);
    return;
  default: break;
  }
  d->length = drawer_length(d);
  for (uint32_t i = 0; i < (d->length + 7) / 8; i++)
    d->text[i] = law_random(&d->state);
  if (d->law->kind == LAW_INTEGERS)
    d->text[0] |= 1;
  if (d->law->kind == LAW_REPEATED)
    d->again = law_below(&d->state, 16);
}

const uint8_t *drawer_next(struct drawer *d, uint32_t *length) {
  if (d->law->kind == LAW_REPLAYED && d->drawn++ % REPLAYED == 0)
    d->state = d->seed;
  if (d->again)
    d->again--;
  else
    draw(d);
  *length = d->length;
  return d->bytes;
}

double law_mean(const struct law *law, const struct law_names *names) {
  double sum = 0, n = 0;
  if (law->kind == LAW_NAMES || law->kind == LAW_SORTED) {
    for (; n < (double)names->n; n++)
      sum += names->list[(size_t)n].length;
    return sum / n;
  }
  struct drawer *d = drawer_make(law, names, 0, 1);
  for (; n < 100000; n++)
    sum += drawer_length(d);
  drawer_free(d);
  return sum / n;
}
