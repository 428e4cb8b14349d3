/* SPDX-License-Identifier: MIT
 *
 * What this CPU and its operating system can do, as a record that a pure function turns into a choice of table.
 * Read by dispatch.c; tests feed recorded machines to weft__isa_missing and weft__isa_best.
 */
#ifndef SIMD_CPU_H
#define SIMD_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The words of cpuid that matter, and XCR0. All zero on machines that have no cpuid. */
struct simd_cpu {
  uint32_t leaf1_eax, leaf1_ecx, leaf1_edx; /* signature; features */
  uint32_t leaf7_ebx, leaf7_ecx;            /* structured extended features, subleaf 0 */
  uint32_t ext1_ecx;                        /* leaf 0x80000001 */
  uint64_t xcr0;                            /* 0 where OSXSAVE is not set */
  char vendor[13];                          /* "GenuineIntel", "AuthenticAMD", …; without cpuid the architecture */
  char brand[49];                           /* leaves 0x80000002 to 4, trimmed; may be "" */
  bool is_aarch64;
};

/* The tables, plainest first. */
enum simd_isa { SIMD_SCALAR, SIMD_SSE, SIMD_AVX2, SIMD_AVX512, SIMD_AVX512VBMI, SIMD_NEON, SIMD_ISAS };

const char *weft__isa_name(enum simd_isa isa);

/* Reads the machine that runs this. */
void weft__cpu_read(struct simd_cpu *cpu);

/* Writes the names of the features that a table needs and the CPU or its system lacks to missing[bytes], separated by
 * blanks (cut at bytes - 1); returns how many lack. missing may be NULL when bytes is 0. Pure. */
size_t weft__isa_missing(const struct simd_cpu *cpu, enum simd_isa isa, char *missing, size_t bytes);

/* True for chips on which 512-bit vectors lower the clock by more than they bring. Pure. */
bool weft__cpu_throttles_avx512(const struct simd_cpu *cpu);

/* The best table for a CPU, of those in the set built (bit 1 << isa). SIMD_SCALAR is always in. Pure. */
enum simd_isa weft__isa_best(const struct simd_cpu *cpu, uint32_t built);

#endif
