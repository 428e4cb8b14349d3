/* SPDX-License-Identifier: MIT
 *
 * The case of bench_slab that measures memory: what stays resident of a heap of which a random 70 % was freed and which was
 * then trimmed, by the allocator's own means. Each allocator has a process of its own, which has allocated nothing before.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"
#include "machine.h"
#include "slab_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAP_BYTES ((size_t)200 << 20)
#define MOST_SAMPLES 9
#define RESIDENT_TARGET 1.3

/* A page stays as long as one object lives that it has a byte of. Of objects that share a page with seven others, hardly
 * any is freed with 70 % of them; of 4 KiB each lives in two. So the target is for sizes of which the large ones have most
 * of the bytes. */
static const struct {
  const char *name, *about, *row;
  struct sizes sizes;
  bool on_request;
  bool target;
} heaps[] = {
    {"resident uniform-16-32k",
     "200 MiB of 16 B to 32 KiB, uniform, written; a random 70 % freed, then trimmed",
     "16 B to 32 KiB, uniform",
     {16, 32768, true},
     false,
     true},
    {"resident 16-32k",
     "200 MiB of 16 B to 32 KiB, log-uniform, written; a random 70 % freed, then trimmed",
     "16 B to 32 KiB, log-uniform",
     {16, 32768, false},
     false,
     false},
    {"resident 16-1k",
     "200 MiB of 16 B to 1 KiB, uniform, written; a random 70 % freed, then trimmed",
     "16 B to 1 KiB, uniform",
     {16, 1024, true},
     true,
     false},
};

static void die(const char *what) {
  fprintf(stderr, "bench_slab: %s\n", what);
  exit(1);
}

/* Steps for a heap: sizes, and in slot whether it is to be freed. In memory of its own, as are the pointers: no
 * allocator may have anything to do with it. */
static void *pages(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    die("no memory for a list of objects");
  memset(p, 0xff, bytes); /* resident before it counts */
  return p;
}

struct heap {
  struct op *ops;
  void **live;
  size_t n, live_bytes; /* after the frees */
};

static struct heap plan_heap(const struct sizes *sizes) {
  size_t room = HEAP_BYTES / 128; /* the mean is above that */
  struct heap h = {.ops = pages(room * sizeof *h.ops), .live = pages(room * sizeof *h.live)};
  for (size_t bytes = 0; bytes < HEAP_BYTES && h.n < room; h.n++) {
    struct op *op = &h.ops[h.n];
    op->bytes = case_bytes(sizes);
    op->slot = case_number() % 100 < 70;
    bytes += op->bytes;
    h.live_bytes += op->slot ? 0 : op->bytes;
  }
  return h;
}

static void *take(const struct hand *hand, size_t bytes) {
  void *p = hand->kind == KIND_WEFT      ? weft_alloc(hand->ctx, bytes)
            : hand->kind == KIND_CONTEXT ? hand->context_alloc(hand->ctx, bytes)
                                         : hand->alloc(bytes);
  if (!p)
    loop_no_memory(bytes);
  return p;
}

static void give(const struct hand *hand, void *p) {
  weft_status status = WEFT_OK;
  switch (hand->kind) {
  case KIND_WEFT: status = weft_free(hand->ctx, p); break;
  case KIND_CONTEXT: status = hand->context_free(hand->ctx, p); break;
  default: hand->free(p);
  }
  if (status != WEFT_OK)
    die("a free was refused");
}

/* Resident bytes for each live one. */
static double measure(struct allocator *a, const struct sizes *sizes) {
  struct heap h = plan_heap(sizes);
  size_t before = machine_resident();
  for (size_t i = 0; i < h.n; i++) {
    h.live[i] = take(&a->hand, h.ops[i].bytes);
    memset(h.live[i], (int)(i & 0xff), h.ops[i].bytes);
  }
  for (size_t i = 0; i < h.n; i++)
    if (h.ops[i].slot)
      give(&a->hand, h.live[i]);
  if (a->trim)
    a->trim(a);
  size_t after = machine_resident();
  for (size_t i = 0; i < h.n; i++) {
    const unsigned char *bytes = h.live[i];
    for (size_t k = 0; !h.ops[i].slot && k < h.ops[i].bytes; k++)
      if (bytes[k] != (i & 0xff))
        die("an object's contents are gone after a trim");
  }
  return ((double)after - (double)before) / (double)h.live_bytes;
}

struct answer {
  double resident;
  struct weft_slab_figures figures;
};

/* measure() in a child. */
static struct answer measure_apart(struct program *p, size_t allocator, const struct sizes *sizes, uint64_t seed) {
  int ends[2], status;
  struct answer answer = {0};
  fflush(NULL);
  if (pipe(ends))
    die("no pipe");
  pid_t child = fork();
  if (child < 0)
    die("no process");
  if (child == 0) {
    case_seed(seed);
    answer.resident = measure(&p->allocators[allocator], sizes);
    case_figures(p, &answer.figures);
    _exit(write(ends[1], &answer, sizeof answer) == sizeof answer ? 0 : 1);
  }
  close(ends[1]);
  bool whole = read(ends[0], &answer, sizeof answer) == sizeof answer;
  close(ends[0]);
  if (waitpid(child, &status, 0) != child || status != 0 || !whole)
    die("a process that measured memory failed");
  return answer;
}

static void run_heap(struct program *p, size_t heap, size_t samples) {
  if (!bench_wants(p->bench, heaps[heap].name, heaps[heap].on_request))
    return;
  for (size_t i = 0; i < p->n; i++) {
    double resident[MOST_SAMPLES], hits[MOST_SAMPLES];
    for (size_t s = 0; s < samples; s++) {
      struct answer answer = measure_apart(p, i, &heaps[heap].sizes, s + 1);
      const struct weft_slab_figures *f = &answer.figures;
      resident[s] = answer.resident;
      hits[s] = 100 * (double)f->magazine_hits / (double)(f->magazine_hits + f->magazine_misses + 1);
    }
    struct bench_value value = {.name = heaps[heap].name,
                                .about = i == 0 ? heaps[heap].about : NULL,
                                .contender = p->allocators[i].name,
                                .unit = "bytes resident for each live one",
                                .samples = resident,
                                .n = samples,
                                .most = i == ALLOCATOR_WEFT && heaps[heap].target ? RESIDENT_TARGET : 0,
                                .table = "Slab, bytes resident for each live one after 70 % was freed and trimmed",
                                .row = heaps[heap].row,
                                .order = (int)heap,
                                .column = p->allocators[i].name};
    bench_value(p->bench, &value);
    if (i != ALLOCATOR_WEFT)
      continue;
    value.about = NULL;
    value.unit = "% magazine hits";
    value.samples = hits;
    value.most = 0;
    value.least = LEAST_HITS;
    value.column = "magazine hits, %";
    bench_value(p->bench, &value);
  }
}

void run_resident(struct program *p) {
  double wanted = 4 * bench_seconds(p->bench);
  size_t samples = wanted < 1 ? 1 : wanted > MOST_SAMPLES ? MOST_SAMPLES : (size_t)wanted;
  for (size_t heap = 0; heap < sizeof heaps / sizeof heaps[0]; heap++)
    run_heap(p, heap, samples);
}
