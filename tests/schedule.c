/* SPDX-License-Identifier: MIT
 *
 * The scheduler of schedule.h: a depth-first search through all choices, each schedule run from the start.
 */
#include "tests/schedule.h"

#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

enum {
  STACK = 256 << 10,
  CHOICES = 1 << 16,
  GRANULES = 1 << 16, /* places of 8 bytes that the threads may access, in all; a power of two */
  NOBODY = -1,
};

/* What a logical thread waits for: a lock, or a condition, or neither. */
static struct logical {
  ucontext_t context;
  pthread_mutex_t *lock;
  bool (*ready)(void);
  bool done;
} logicals[SCHEDULE_THREADS];
static _Alignas(64) char stacks[SCHEDULE_THREADS][STACK];

static const struct schedule *present;
static ucontext_t home;
static int running = NOBODY, next;
static unsigned preempted;
static uint64_t steps;

/* The choices of the present schedule so far, and of the one before it beyond. */
static struct choice { uint16_t pick, of; } choices[CHOICES];
static size_t n_choices, depth;

static struct {
  uint64_t step;
  int to;
} switches[32];
static size_t n_switches;

/* Who accesses what. shared is that of the pass before, so that a schedule means the same throughout a pass. */
static struct granule {
  uintptr_t at; /* address / 8; 0: none */
  uint8_t readers, writers;
  bool shared;
} granules[GRANULES];
static size_t n_granules;
static bool grew;

uint64_t schedule_now(void) {
  return steps;
}

const char *schedule_text(void) {
  static char text[1000];
  size_t n = (size_t)snprintf(text, sizeof text, "%s:", present->name);
  for (size_t i = 0; i < n_switches && i < sizeof switches / sizeof switches[0] && n < sizeof text; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, " step %" PRIu64 " to thread %d,", switches[i].step, switches[i].to);
  return text;
}

static size_t choose(size_t of) {
  if (of == 1)
    return 0;
  if (depth == n_choices) {
    if (n_choices == CHOICES)
      ck_abort_msg("%s: too many choices", present->name);
    choices[n_choices++] = (struct choice){0, (uint16_t)of};
  }
  if (choices[depth].of != of)
    ck_abort_msg("%s: the same choices led elsewhere", schedule_text());
  return choices[depth++].pick;
}

static bool enabled(int i) {
  const struct logical *logical = &logicals[i];
  if (present->threads[i] == NULL || logical->done)
    return false;
  if (logical->lock != NULL)
    return *(int *)(void *)logical->lock == 0;
  return logical->ready == NULL || logical->ready();
}

/* Chooses who runs next: first, if it is a thread, when nothing else is picked. NOBODY: none can. */
static int choose_thread(int first) {
  int able[SCHEDULE_THREADS];
  size_t n = 0;
  if (first != NOBODY)
    able[n++] = first;
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    if (i != first && enabled(i))
      able[n++] = i;
  return n == 0 ? NOBODY : able[choose(n)];
}

static void switch_home(int to) {
  next = to;
  swapcontext(&logicals[running].context, &home);
}

/* Where the running thread may be preempted. */
static void point(void) {
  if (preempted >= present->preemptions)
    return;
  int to = choose_thread(running);
  if (to == running)
    return;
  preempted++;
  switch_home(to);
}

void schedule_wait(bool (*ready)(void)) {
  logicals[running].ready = ready;
  if (!ready())
    switch_home(NOBODY);
  logicals[running].ready = NULL;
}

/* Locks: the first word is 1 + the owner. */

int schedule_lock_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes);
int schedule_lock_end(pthread_mutex_t *lock);
int schedule_lock(pthread_mutex_t *lock);
int schedule_unlock(pthread_mutex_t *lock);

int schedule_lock_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes) {
  (void)attributes;
  memset(lock, 0, sizeof *lock);
  return 0;
}

int schedule_lock_end(pthread_mutex_t *lock) {
  (void)lock;
  return 0;
}

int schedule_lock(pthread_mutex_t *lock) {
  int *owner = (int *)(void *)lock;
  if (running == NOBODY)
    return 0;
  steps++;
  point();
  if (*owner != 0) {
    logicals[running].lock = lock;
    switch_home(NOBODY);
    logicals[running].lock = NULL;
  }
  *owner = 1 + running;
  return 0;
}

int schedule_unlock(pthread_mutex_t *lock) {
  if (running != NOBODY)
    *(int *)(void *)lock = 0;
  return 0;
}

/* Accesses */

static void note(uintptr_t at, bool write) {
  size_t place = (at * 0x9E3779B97F4A7C15u >> 40) & (GRANULES - 1);
  while (granules[place].at != at && granules[place].at != 0)
    place = (place + 1) & (GRANULES - 1);
  struct granule *granule = &granules[place];
  if (granule->at == 0 && ++n_granules > GRANULES / 2)
    ck_abort_msg("%s: too many places", present->name);
  granule->at = at;
  uint8_t me = (uint8_t)(1 << running);
  if (write)
    granule->writers |= me;
  else
    granule->readers |= me;
  if (granule->shared) {
    point();
    return;
  }
  uint8_t all = granule->readers | granule->writers;
  grew |= granule->writers != 0 && (all & (all - 1)) != 0;
}

static void access_memory(const volatile void *address, size_t bytes, bool write) {
  uintptr_t at = (uintptr_t)address;
  if (running == NOBODY || at - (uintptr_t)stacks < sizeof stacks)
    return;
  steps++;
  for (uintptr_t granule = at / 8; granule <= (at + bytes - 1) / 8; granule++)
    note(granule, write);
}

/* What the compiler calls. Sequentially consistent, whatever order the code asks for: one real thread. */

void __tsan_init(void);
void __tsan_init(void) {}
void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller) {
  (void)caller;
}
void __tsan_func_exit(void);
void __tsan_func_exit(void) {}
void __tsan_read_range(void *at, size_t bytes);
void __tsan_read_range(void *at, size_t bytes) {
  access_memory(at, bytes, false);
}
void __tsan_write_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes) {
  access_memory(at, bytes, true);
}

/* NAME of the hook, BYTES accessed, whether it WRITEs. */
#define PLAIN(NAME, BYTES, WRITE)    \
  void __tsan_##NAME(void *at);      \
  void __tsan_##NAME(void *at) {     \
    access_memory(at, BYTES, WRITE); \
  }
#define PLAINS(BYTES)                        \
  PLAIN(read##BYTES, BYTES, false)           \
  PLAIN(write##BYTES, BYTES, true)           \
  PLAIN(unaligned_read##BYTES, BYTES, false) \
  PLAIN(unaligned_write##BYTES, BYTES, true)
PLAINS(1)
PLAINS(2)
PLAINS(4)
PLAINS(8)
PLAINS(16)

/* Of T, a type of BITS: an operation NAME that returns what was there. */
#define MODIFY(BITS, T, NAME, NEW)                                  \
  T __tsan_atomic##BITS##_##NAME(volatile T *at, T by, int order);  \
  T __tsan_atomic##BITS##_##NAME(volatile T *at, T by, int order) { \
    access_memory(at, sizeof *at, true);                            \
    T was = *at;                                                    \
    (void)order;                                                    \
    *at = (T)(NEW);                                                 \
    return was;                                                     \
  }
#define COMPARE(BITS, T, NAME)                                                                       \
  int __tsan_atomic##BITS##_##NAME(volatile T *at, T *expected, T desired, int order, int or_else);  \
  int __tsan_atomic##BITS##_##NAME(volatile T *at, T *expected, T desired, int order, int or_else) { \
    access_memory(at, sizeof *at, true);                                                             \
    (void)order;                                                                                     \
    (void)or_else;                                                                                   \
    if (*at != *expected) {                                                                          \
      *expected = *at;                                                                               \
      return 0;                                                                                      \
    }                                                                                                \
    *at = desired;                                                                                   \
    return 1;                                                                                        \
  }
#define ATOMICS(BITS, T)                                                                                        \
  T __tsan_atomic##BITS##_load(const volatile T *at, int order);                                                \
  T __tsan_atomic##BITS##_load(const volatile T *at, int order) {                                               \
    (void)order;                                                                                                \
    access_memory(at, sizeof *at, false);                                                                       \
    return *at;                                                                                                 \
  }                                                                                                             \
  void __tsan_atomic##BITS##_store(volatile T *at, T value, int order);                                         \
  void __tsan_atomic##BITS##_store(volatile T *at, T value, int order) {                                        \
    (void)order;                                                                                                \
    access_memory(at, sizeof *at, true);                                                                        \
    *at = value;                                                                                                \
  }                                                                                                             \
  MODIFY(BITS, T, exchange, by)                                                                                 \
  MODIFY(BITS, T, fetch_add, was + by)                                                                          \
  MODIFY(BITS, T, fetch_sub, was - by)                                                                          \
  MODIFY(BITS, T, fetch_and, was &by)                                                                           \
  MODIFY(BITS, T, fetch_or, was | by)                                                                           \
  MODIFY(BITS, T, fetch_xor, was ^ by)                                                                          \
  COMPARE(BITS, T, compare_exchange_strong)                                                                     \
  COMPARE(BITS, T, compare_exchange_weak)                                                                       \
  T __tsan_atomic##BITS##_compare_exchange_val(volatile T *at, T expected, T desired, int order, int or_else);  \
  T __tsan_atomic##BITS##_compare_exchange_val(volatile T *at, T expected, T desired, int order, int or_else) { \
    __tsan_atomic##BITS##_compare_exchange_strong(at, &expected, desired, order, or_else);                      \
    return expected;                                                                                            \
  }
ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

/* The search */

static void enter(int i) {
  present->threads[i]();
  logicals[i].done = true;
  next = NOBODY;
}

static void run_once(void) {
  present->begin();
  depth = n_switches = 0;
  steps = preempted = 0;
  for (int i = 0; i < SCHEDULE_THREADS; i++) {
    struct logical *logical = &logicals[i];
    *logical = (struct logical){.done = false};
    getcontext(&logical->context);
    logical->context.uc_stack.ss_sp = stacks[i];
    logical->context.uc_stack.ss_size = STACK;
    logical->context.uc_link = &home;
    makecontext(&logical->context, (void (*)(void))enter, 1, i);
  }
  for (next = choose_thread(NOBODY); next != NOBODY;) {
    running = next;
    if (n_switches < sizeof switches / sizeof switches[0]) {
      switches[n_switches].step = steps;
      switches[n_switches].to = running;
    }
    n_switches++;
    swapcontext(&home, &logicals[running].context);
    running = NOBODY;
    if (next == NOBODY)
      next = choose_thread(NOBODY);
  }
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    if (present->threads[i] != NULL && !logicals[i].done)
      ck_abort_msg("%s: thread %d waits for ever", schedule_text(), i);
  present->end();
}

/* The next path through the choices. false: there is none. */
static bool advance(void) {
  while (n_choices > 0 && choices[n_choices - 1].pick + 1 == choices[n_choices - 1].of)
    n_choices--;
  if (n_choices == 0)
    return false;
  choices[n_choices - 1].pick++;
  return true;
}

uint64_t schedule_explore(const struct schedule *schedule) {
  uint64_t n;
  present = schedule;
  n_granules = 0;
  memset(granules, 0, sizeof granules);
  do {
    for (size_t i = 0; i < GRANULES; i++) {
      uint8_t all = granules[i].readers | granules[i].writers;
      granules[i].shared = granules[i].writers != 0 && (all & (all - 1)) != 0;
    }
    grew = false;
    n = n_choices = 0;
    do {
      run_once();
      n++;
    } while (advance());
  } while (grew);
  return n;
}
