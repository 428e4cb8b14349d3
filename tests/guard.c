/* SPDX-License-Identifier: MIT
 *
 * The guard-page harness. Knows pages and signals; nothing of columns and kernels.
 */
#include "guard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard_case guard_case;

/* Bytes of garbage past the open end of an array: more than any load is wide. */
#define OPEN_END 64

static size_t page_bytes(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

/* Bytes left before the upper guard page besides: 0, or what WEFT_TEST_ROOM says, for emulators that read all of a masked
 * load. */
static size_t room(void) {
  const char *bytes = getenv("WEFT_TEST_ROOM");
  return bytes ? (size_t)strtoul(bytes, NULL, 10) : 0;
}

static void die(const char *why) {
  fprintf(stderr, "guard pages: %s (%s)\n", why, guard_case_text());
  abort();
}

static void map_area(struct guard_area *area, size_t bytes) {
  size_t page = page_bytes();
  area->bytes = (bytes + page - 1) / page * page;
  uint8_t *map = mmap(NULL, area->bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    die("no memory");
  area->first = map + page;
  if (mprotect(area->first, area->bytes, PROT_READ | PROT_WRITE) != 0)
    die("mprotect failed");
}

static void unmap_area(struct guard_area *area) {
  size_t page = page_bytes();
  munmap(area->first - page, area->bytes + 2 * page);
}

/* The next area of at least bytes: one that is mapped already where there is one, so that random tests by the thousand do
 * not spend their time in the kernel. */
static struct guard_area *next_area(struct guard_pool *pool, size_t bytes) {
  for (size_t i = pool->taken; i < pool->mapped; i++) {
    if (pool->areas[i].bytes < bytes)
      continue;
    struct guard_area found = pool->areas[i];
    pool->areas[i] = pool->areas[pool->taken];
    pool->areas[pool->taken] = found;
    return &pool->areas[pool->taken++];
  }
  if (pool->mapped == GUARD_AREAS)
    die("more areas than a pool holds");
  struct guard_area *fresh = &pool->areas[pool->mapped];
  map_area(fresh, bytes);
  struct guard_area first_free = pool->areas[pool->taken];
  pool->areas[pool->taken] = *fresh;
  if (fresh != &pool->areas[pool->taken])
    *fresh = first_free;
  pool->mapped++;
  return &pool->areas[pool->taken++];
}

void *guard_take(struct guard_pool *pool, enum guard_side side, size_t bytes, size_t shift, struct rng *rng) {
  if (side == GUARD_HIGH)
    shift += room();
  struct guard_area *area = next_area(pool, bytes + shift + OPEN_END);
  uint8_t *array = side == GUARD_LOW ? area->first + shift : area->first + area->bytes - bytes - shift;
  size_t before = (size_t)(array - area->first), after = area->bytes - before - bytes;
  uint8_t *from = array - (before < OPEN_END ? before : OPEN_END);
  uint8_t *to = array + bytes + (after < OPEN_END ? after : OPEN_END);
  if (rng)
    rng_fill(rng, from, (size_t)(to - from));
  else
    memset(from, 0xA5, (size_t)(to - from));
  return array;
}

void guard_reset(struct guard_pool *pool, size_t keep) {
  if (pool->taken > keep)
    pool->taken = keep;
}

void guard_close(struct guard_pool *pool) {
  for (size_t i = 0; i < pool->mapped; i++)
    unmap_area(&pool->areas[i]);
  pool->mapped = pool->taken = 0;
}

const char *guard_case_text(void) {
  static char text[256];
  snprintf(text, sizeof text, "%s isa=%s rows=%zu length=%zu seed=0x%llx", guard_case.what ? guard_case.what : "-",
           guard_case.isa ? guard_case.isa : "-", guard_case.rows, guard_case.length, (unsigned long long)guard_case.seed);
  return text;
}

static struct sigaction usual[NSIG];

/* snprintf in a signal handler is no risk here: these signals come from the tested code itself, not from inside libc. */
static void print_case(int number, siginfo_t *info, void *context) {
  (void)context;
  char text[400];
  int n =
      snprintf(text, sizeof text, "\nsignal %d at address %p while testing %s\n", number, info->si_addr, guard_case_text());
  if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
    _exit(70);
  sigaction(number, &usual[number], NULL); /* the instruction runs again and meets the usual handler */
}

void guard_catch(void) {
  static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  struct sigaction action = {0};
  action.sa_sigaction = print_case;
  action.sa_flags = SA_SIGINFO;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaction(numbers[i], &action, &usual[numbers[i]]);
}
