/* SPDX-License-Identifier: MIT
 *
 * See machine.h. Linux has all of it; elsewhere nothing is pinned and nothing seems interrupted.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#endif

static uint64_t read_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t machine_now(void) {
  return read_clock(CLOCK_MONOTONIC);
}

uint64_t machine_used(void) {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t machine_thread_used(void) {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* One addition of a register: the empty assembly keeps the compiler from folding it with the next. An immediate would not
 * do, newer cores add those while renaming, in no time. */
#define ADD1                      \
  __asm__ volatile("" : "+r"(x)); \
  x += step;
#define ADD16 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1 ADD1
#define ADDS_PER_TURN 64
#define ADD_TURNS 5000

double machine_ghz(void) {
  uint64_t x = 1, step = 3;
  __asm__ volatile("" : "+r"(step));
  uint64_t start = machine_now();
  for (int i = 0; i < ADD_TURNS; i++) {
    ADD16 ADD16 ADD16 ADD16
  }
  uint64_t ns = machine_now() - start;
  __asm__ volatile("" : : "r"(x));
  return (double)ADDS_PER_TURN * ADD_TURNS / (double)(ns ? ns : 1);
}

#ifdef __linux__
/* The cores that the process may use, as it began. */
static const cpu_set_t *own_cores(void) {
  static cpu_set_t cores;
  static bool known;
  if (!known && sched_getaffinity(0, sizeof cores, &cores))
    CPU_ZERO(&cores);
  known = true;
  return &cores;
}

static int last_core(const cpu_set_t *cores) {
  int core = CPU_SETSIZE - 1;
  while (core >= 0 && !CPU_ISSET((size_t)core, cores))
    core--;
  return core;
}

static int main_core = -1; /* the first that machine_pin chose */
#endif

int machine_pin(int core) {
#ifdef __linux__
  cpu_set_t set;
  if (core < 0)
    core = last_core(own_cores());
  if (core < 0 || core >= CPU_SETSIZE)
    return -1;
  own_cores(); /* before they are fewer */
  if (main_core < 0)
    main_core = core;
  CPU_ZERO(&set);
  CPU_SET((size_t)core, &set);
  return sched_setaffinity(0, sizeof set, &set) ? -1 : core;
#else
  (void)core;
  return -1;
#endif
}

void machine_unpin(void) {
#ifdef __linux__
  sched_setaffinity(0, sizeof *own_cores(), own_cores());
#endif
}

int machine_other_core(size_t i) {
#ifdef __linux__
  const cpu_set_t *cores = own_cores();
  int except = main_core >= 0 ? main_core : last_core(cores);
  for (int core = 0; core < CPU_SETSIZE; core++)
    if (CPU_ISSET((size_t)core, cores) && core != except && i-- == 0)
      return core;
#else
  (void)i;
#endif
  return -1;
}

/* By the page tables: the counters in /proc/self/status may be some hundred pages behind. */
size_t machine_resident(void) {
  FILE *f = fopen("/proc/self/smaps_rollup", "r");
  if (!f)
    return 0;
  char line[128];
  size_t kib = 0;
  while (!kib && fgets(line, sizeof line, f))
    sscanf(line, "Rss: %zu kB", &kib);
  fclose(f);
  return kib << 10;
}

long machine_interruptions(bool all) {
#ifdef __linux__
  struct rusage usage;
  return getrusage(all ? RUSAGE_SELF : RUSAGE_THREAD, &usage) ? 0 : usage.ru_nivcsw;
#else
  (void)all;
  return 0;
#endif
}

/* A line of /sys/devices/system/cpu/cpu0/cache/index<index>/<name>, without its newline; "" when there is none. */
static const char *cache_line(int index, const char *name, char line[32]) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
  FILE *f = fopen(path, "r");
  if (!f || !fgets(line, 32, f))
    line[0] = 0;
  if (f)
    fclose(f);
  line[strcspn(line, "\n")] = 0;
  return line;
}

/* From /sys, not sysconf: in virtual machines the latter multiplies a shared cache by the cores of the host. */
size_t machine_cache_bytes(int level) {
  char line[32];
  for (int index = 0; cache_line(index, "level", line)[0]; index++) {
    int found = line[0] - '0';
    if (found != level || strcmp(cache_line(index, "type", line), "Instruction") == 0)
      continue;
    size_t bytes = 0;
    char scale = 0;
    if (sscanf(cache_line(index, "size", line), "%zu%c", &bytes, &scale) < 1)
      return 0;
    return scale == 'K' ? bytes << 10 : scale == 'M' ? bytes << 20 : bytes;
  }
  return 0;
}

const char *machine_system(void) {
  static char text[sizeof(struct utsname)];
  struct utsname name;
  int major = 0, minor = 0;
  if (uname(&name) < 0)
    return "unknown system";
  sscanf(name.release, "%d.%d", &major, &minor);
  snprintf(text, sizeof text, "%s %d.%d %s", name.sysname, major, minor, name.machine);
  return text;
}

const char *machine_compiler(void) {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}
