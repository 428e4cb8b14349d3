/* SPDX-License-Identifier: MIT
 *
 * See slab_loops.h. A body takes its allocator's kind, and whether it checks, as constants, and is inlined for each of
 * them; the pointers of a hand are then locals of the loop.
 */
#include "slab_loops.h"
#include "crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define WORD (sizeof(uint64_t))
#define LINE_WORDS (64 / WORD)

_Noreturn void loop_no_memory(size_t bytes) {
  fprintf(stderr, "bench_slab: no memory for an object of %zu bytes\n", bytes);
  exit(2);
}

static _Noreturn __attribute__((noinline, cold)) void refused(weft_status status) {
  fprintf(stderr, "bench_slab: a free was refused: %s\n", weft_status_text(status));
  exit(1);
}

/* An object of known contents: its size, words made of its address, and its size again in the bytes that are left. */

static uint64_t word_of(const uint64_t *words, size_t i) {
  return (uintptr_t)words * UINT64_C(0x9e3779b97f4a7c15) + i;
}

static void tag(void *p, size_t bytes, struct job *job) {
  uint64_t *words = p;
  if ((uintptr_t)p % 16)
    job->broken = true;
  words[0] = bytes;
  for (size_t i = 1; i < bytes / WORD; i++)
    words[i] = word_of(words, i);
  memset(words + bytes / WORD, (int)(bytes & 0xff), bytes % WORD);
}

/* What is no longer live has size 0: so of two objects at one address the second to be freed is found. */
static void untag(void *p, struct job *job) {
  if (!p)
    return;
  uint64_t *words = p, bytes = words[0];
  if (bytes == 0)
    job->broken = true;
  for (size_t i = 1; i < bytes / WORD && !job->broken; i++)
    job->broken = words[i] != word_of(words, i);
  const unsigned char *rest = (const unsigned char *)(words + bytes / WORD);
  for (size_t i = 0; i < bytes % WORD && !job->broken; i++)
    job->broken = rest[i] != (bytes & 0xff);
  words[0] = 0;
}

INLINED void *take(enum allocator_kind kind, bool checked, struct hand h, size_t bytes, struct job *job) {
  void *p = kind == KIND_WEFT      ? weft_alloc(h.ctx, bytes)
            : kind == KIND_CONTEXT ? h.context_alloc(h.ctx, bytes)
                                   : h.alloc(bytes);
  if (!LIKELY(p))
    loop_no_memory(bytes);
  if (checked)
    tag(p, bytes, job);
  else
    *(char *)p = 1;
  return p;
}

INLINED void give(enum allocator_kind kind, bool checked, struct hand h, void *p, struct job *job) {
  if (checked)
    untag(p, job);
  if (kind == KIND_MALLOC) {
    h.free(p);
    return;
  }
  weft_status status = kind == KIND_WEFT ? weft_free(h.ctx, p) : h.context_free(h.ctx, p);
  if (!LIKELY(status == WEFT_OK))
    refused(status);
}

INLINED void pairs(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  for (size_t i = 0; i < job->n; i++)
    give(kind, checked, h, take(kind, checked, h, job->ops[i].bytes, job), job);
}

INLINED void batches(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  void **live = job->live;
  size_t slots = job->slots;
  for (size_t at = 0; at < job->n; at += slots) {
    const struct op *ops = job->ops + at;
    for (size_t i = 0; i < slots; i++)
      live[i] = take(kind, checked, h, ops[i].bytes, job);
    for (size_t i = 0; i < slots; i++)
      give(kind, checked, h, live[ops[i].slot], job);
  }
}

static uint64_t use(uint64_t *words, size_t bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes / WORD; i += LINE_WORDS)
    words[i] = i;
  __asm__ volatile("" : : : "memory");
  for (size_t i = 0; i < bytes / WORD; i += LINE_WORDS)
    sum += words[i];
  return sum;
}

INLINED void scratch(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  void **live = job->live;
  size_t slots = job->slots;
  for (size_t at = 0; at < job->n; at += slots) {
    const struct op *ops = job->ops + at;
    for (size_t i = 0; i < slots; i++) {
      live[i] = take(kind, checked, h, ops[i].bytes, job);
      if (!checked)
        job->sum += use(live[i], ops[i].bytes);
    }
    for (size_t i = 0; i < slots; i++)
      give(kind, checked, h, live[ops[i].slot], job);
  }
}

INLINED void churn(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  void **live = job->live;
  const struct op *ops = job->ops;
  for (size_t i = 0; i < job->n; i++) {
    void **slot = &live[ops[i].slot];
    give(kind, checked, h, *slot, job);
    *slot = take(kind, checked, h, ops[i].bytes, job);
  }
}

INLINED void empty(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  for (size_t i = 0; i < job->slots; i++) {
    give(kind, checked, h, job->live[i], job);
    job->live[i] = NULL;
  }
}

INLINED void produce(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  struct ring *ring = job->ring;
  size_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
  unsigned turns = 0;
  for (size_t i = 0; i < job->n; i += RING_BATCH) {
    while (at - atomic_load_explicit(&ring->read, memory_order_acquire) > RING_SLOTS - RING_BATCH)
      crew_pause(&turns);
    for (size_t k = 0; k < RING_BATCH; k++)
      ring->slots[(at + k) % RING_SLOTS] = take(kind, checked, h, job->ops[i + k].bytes, job);
    at += RING_BATCH;
    atomic_store_explicit(&ring->written, at, memory_order_release);
  }
}

INLINED void consume(enum allocator_kind kind, bool checked, struct hand h, struct job *job) {
  struct ring *ring = job->ring;
  size_t at = atomic_load_explicit(&ring->read, memory_order_relaxed);
  unsigned turns = 0;
  for (size_t i = 0; i < job->n; i += RING_BATCH) {
    while (atomic_load_explicit(&ring->written, memory_order_acquire) == at)
      crew_pause(&turns);
    for (size_t k = 0; k < RING_BATCH; k++)
      give(kind, checked, h, ring->slots[(at + k) % RING_SLOTS], job);
    at += RING_BATCH;
    atomic_store_explicit(&ring->read, at, memory_order_release);
  }
}

/* LOOP(name): loop_<name> out of the body <name>, once for each kind of allocator, checked and not. */
#define FOR_KIND(name, constant)         \
  case constant:                         \
    if (job->checked)                    \
      name(constant, true, *hand, job);  \
    else                                 \
      name(constant, false, *hand, job); \
    break;
#define LOOP(name)                                             \
  void loop_##name(const struct hand *hand, struct job *job) { \
    switch (hand->kind) {                                      \
      FOR_KIND(name, KIND_WEFT)                                \
      FOR_KIND(name, KIND_MALLOC)                              \
      FOR_KIND(name, KIND_CONTEXT)                             \
    case KINDS: break;                                         \
    }                                                          \
  }

LOOP(pairs)
LOOP(batches)
LOOP(scratch)
LOOP(churn)
LOOP(empty)
LOOP(produce)
LOOP(consume)

void loop_lockstep(struct job *job) {
  uint64_t sum = 0;
  for (size_t i = 0; i < job->n; i++)
    for (size_t k = 0; k < job->slots; k++)
      sum += ((const uint64_t *)job->live[k])[i];
  job->sum = sum;
}
