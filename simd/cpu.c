/* SPDX-License-Identifier: MIT
 *
 * Reading cpuid, and what each table of kernels needs of it. Everything but weft__cpu_read is pure.
 */
#include "simd/cpu.h"

#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define HAS_CPUID 1
#else
#define HAS_CPUID 0
#endif

/* The word of the record that a feature's bit is in. */
enum word { LEAF1_ECX, LEAF7_EBX, LEAF7_ECX, EXT1_ECX, XCR0, WORDS };

/* Exactly what -march=x86-64-v2, -v3, -v4 and the flags of avx512vbmi let a compiler emit (x86-64 psABI,
 * "Micro-Architecture Levels"), and the register state that the system must save. A table needs its own rows and those of
 * the x86 tables before it. */
static const struct feature {
  enum simd_isa isa;
  enum word word;
  uint64_t bits;
  const char *name;
} features[] = {
    {SIMD_SSE, LEAF1_ECX, 1u << 0, "sse3"},
    {SIMD_SSE, LEAF1_ECX, 1u << 9, "ssse3"},
    {SIMD_SSE, LEAF1_ECX, 1u << 13, "cx16"},
    {SIMD_SSE, LEAF1_ECX, 1u << 19, "sse4.1"},
    {SIMD_SSE, LEAF1_ECX, 1u << 20, "sse4.2"},
    {SIMD_SSE, LEAF1_ECX, 1u << 23, "popcnt"},
    {SIMD_SSE, EXT1_ECX, 1u << 0, "lahf"},
    {SIMD_AVX2, LEAF1_ECX, 1u << 12, "fma"},
    {SIMD_AVX2, LEAF1_ECX, 1u << 22, "movbe"},
    {SIMD_AVX2, LEAF1_ECX, 1u << 27, "osxsave"},
    {SIMD_AVX2, LEAF1_ECX, 1u << 28, "avx"},
    {SIMD_AVX2, LEAF1_ECX, 1u << 29, "f16c"},
    {SIMD_AVX2, LEAF7_EBX, 1u << 3, "bmi1"},
    {SIMD_AVX2, LEAF7_EBX, 1u << 5, "avx2"},
    {SIMD_AVX2, LEAF7_EBX, 1u << 8, "bmi2"},
    {SIMD_AVX2, EXT1_ECX, 1u << 5, "lzcnt"},
    {SIMD_AVX2, XCR0, 0x06, "xcr0:ymm"},
    {SIMD_AVX512, LEAF7_EBX, 1u << 16, "avx512f"},
    {SIMD_AVX512, LEAF7_EBX, 1u << 17, "avx512dq"},
    {SIMD_AVX512, LEAF7_EBX, 1u << 28, "avx512cd"},
    {SIMD_AVX512, LEAF7_EBX, 1u << 30, "avx512bw"},
    {SIMD_AVX512, LEAF7_EBX, 1u << 31, "avx512vl"},
    {SIMD_AVX512, XCR0, 0xe0, "xcr0:zmm"},
    {SIMD_AVX512VBMI, LEAF7_EBX, 1u << 21, "avx512ifma"},
    {SIMD_AVX512VBMI, LEAF7_ECX, 1u << 1, "avx512vbmi"},
    {SIMD_AVX512VBMI, LEAF7_ECX, 1u << 6, "avx512vbmi2"},
    {SIMD_AVX512VBMI, LEAF7_ECX, 1u << 12, "avx512bitalg"},
    {SIMD_AVX512VBMI, LEAF7_ECX, 1u << 14, "avx512vpopcntdq"},
};

const char *weft__isa_name(enum simd_isa isa) {
  static const char *const names[SIMD_ISAS] = {"scalar", "sse", "avx2", "avx512", "avx512vbmi", "neon"};
  return (unsigned)isa < SIMD_ISAS ? names[isa] : "unknown";
}

#if HAS_CPUID
static void read_text(uint32_t leaf, char *out) {
  uint32_t words[4] = {0};
  __get_cpuid(leaf, &words[0], &words[1], &words[2], &words[3]);
  memcpy(out, words, sizeof words);
}

static void read_brand(char brand[49]) {
  for (uint32_t i = 0; i < 3; i++)
    read_text(0x80000002u + i, brand + 16 * i);
  brand[48] = '\0';
  size_t blanks = strspn(brand, " ");
  memmove(brand, brand + blanks, strlen(brand + blanks) + 1);
  for (size_t end = strlen(brand); end > 0 && brand[end - 1] == ' '; end--)
    brand[end - 1] = '\0';
}

static uint64_t read_xcr0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}
#endif

void weft__cpu_read(struct simd_cpu *cpu) {
  memset(cpu, 0, sizeof *cpu);
#if HAS_CPUID
  uint32_t a, b, c, d;
  if (__get_cpuid(0, &a, &b, &c, &d)) {
    memcpy(cpu->vendor, &b, 4);
    memcpy(cpu->vendor + 4, &d, 4);
    memcpy(cpu->vendor + 8, &c, 4);
  }
  if (__get_cpuid(1, &cpu->leaf1_eax, &b, &cpu->leaf1_ecx, &cpu->leaf1_edx) && (cpu->leaf1_ecx >> 27 & 1))
    cpu->xcr0 = read_xcr0();
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    cpu->leaf7_ebx = b;
    cpu->leaf7_ecx = c;
  }
  if (__get_cpuid(0x80000001u, &a, &b, &c, &d))
    cpu->ext1_ecx = c;
  if ((uint32_t)__get_cpuid_max(0x80000000u, NULL) >= 0x80000004u) /* an int in clang's cpuid.h */
    read_brand(cpu->brand);
#elif defined(__aarch64__)
  cpu->is_aarch64 = true;
  memcpy(cpu->vendor, "aarch64", sizeof "aarch64");
#elif defined(__s390x__)
  memcpy(cpu->vendor, "s390x", sizeof "s390x");
#else
  memcpy(cpu->vendor, "unknown", sizeof "unknown");
#endif
}

/* Appends name to missing[bytes], which holds *used characters; cuts what does not fit. */
static void append(char *missing, size_t bytes, size_t *used, const char *name) {
  if (*used > 0 && *used + 1 < bytes)
    missing[(*used)++] = ' ';
  for (; *name && *used + 1 < bytes; name++)
    missing[(*used)++] = *name;
  if (bytes > 0)
    missing[*used] = '\0';
}

size_t weft__isa_missing(const struct simd_cpu *cpu, enum simd_isa isa, char *missing, size_t bytes) {
  const uint64_t words[WORDS] = {[LEAF1_ECX] = cpu->leaf1_ecx,
                                 [LEAF7_EBX] = cpu->leaf7_ebx,
                                 [LEAF7_ECX] = cpu->leaf7_ecx,
                                 [EXT1_ECX] = cpu->ext1_ecx,
                                 [XCR0] = cpu->xcr0};
  size_t lacking = 0, used = 0;
  if (bytes > 0)
    missing[0] = '\0';
  if (isa == SIMD_SCALAR)
    return 0;
  if ((isa == SIMD_NEON) != cpu->is_aarch64) {
    append(missing, bytes, &used, isa == SIMD_NEON ? "aarch64" : "x86-64");
    return 1;
  }
  if (isa == SIMD_NEON)
    return 0;
  for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
    const struct feature *f = &features[i];
    if (f->isa > isa || (words[f->word] & f->bits) == f->bits)
      continue;
    append(missing, bytes, &used, f->name);
    lacking++;
  }
  return lacking;
}

bool weft__cpu_throttles_avx512(const struct simd_cpu *cpu) {
  /* Skylake-X and Skylake-SP (family 6, model 85, up to stepping 4) fall to their lowest frequency licence on 512-bit
   * multiplies, for milliseconds and the whole core; their successors of the same model (Cascade Lake from stepping 5 on)
   * by far less. */
  uint32_t family = cpu->leaf1_eax >> 8 & 15;
  uint32_t model = (cpu->leaf1_eax >> 4 & 15) | (cpu->leaf1_eax >> 12 & 0xf0);
  uint32_t stepping = cpu->leaf1_eax & 15;
  return strcmp(cpu->vendor, "GenuineIntel") == 0 && family == 6 && model == 85 && stepping <= 4;
}

enum simd_isa weft__isa_best(const struct simd_cpu *cpu, uint32_t built) {
  enum simd_isa best = SIMD_SCALAR;
  for (int i = SIMD_SCALAR; i < SIMD_ISAS; i++) {
    enum simd_isa isa = (enum simd_isa)i;
    bool throttled = (isa == SIMD_AVX512 || isa == SIMD_AVX512VBMI) && weft__cpu_throttles_avx512(cpu);
    if ((built >> i & 1) && !throttled && weft__isa_missing(cpu, isa, NULL, 0) == 0)
      best = isa;
  }
  return best;
}
