/* SPDX-License-Identifier: MIT
 *
 * The machine under the benchmarks: its name, caches and clock, one core to stay on. All of the operating system that the
 * benchmarks touch is here.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of a clock that only goes forward. */
uint64_t machine_now(void);

/* Nanoseconds of a core that this process has used, all of its threads together: what others took of it does not count. */
uint64_t machine_used(void);

/* The same, of the calling thread alone. */
uint64_t machine_thread_used(void);

/* Cycles per nanosecond, now: a chain of additions, each waiting one cycle for the one before. Takes about 0.1 ms. */
double machine_ghz(void);

/* Stays on a core: the given one, or, when core is negative, the last that this process may use (the first ones serve most
 * interrupts). Returns the core, -1 when the system refused. */
int machine_pin(int core);

/* Lets the thread use all cores again that the process had. */
void machine_unpin(void);

/* The i-th of the cores that this process had, beside the one that machine_pin first chose or, where it was not called yet,
 * would choose; -1: there are no more. */
int machine_other_core(size_t i);

/* Bytes of memory that this process has in use. 0: unknown. */
size_t machine_resident(void);

/* How often this thread, or all of the process together, lost a core to another since it began; a slice during which that
 * grew is measured again. */
long machine_interruptions(bool all);

/* Bytes of a cache level of the first core; 0: unknown. */
size_t machine_cache_bytes(int level);

/* "Linux 6.1 x86_64" and "gcc 12.2.0" (which compiled the benchmark), in static memory. */
const char *machine_system(void);
const char *machine_compiler(void);

#endif
