/* SPDX-License-Identifier: MIT
 *
 * The choice of a table as a pure function, fed the cpuid words of real processors (and of the virtual ones that lie or
 * leave out). Knows simd/cpu.h; runs the same on any machine.
 */
#include <string.h>

#include "simd/cpu.h"
#include "suite.h"

/* A record: what cpuid answered, and XCR0 as a usual kernel sets it (x87, SSE and AVX state 0x7; with AVX-512's 0xe7). */
#define INTEL .vendor = "GenuineIntel"
#define AMD .vendor = "AuthenticAMD"
#define ALL_BUILT ((1u << SIMD_ISAS) - 1)

static const struct simd_cpu core2 = {/* Core 2 Duo E6750 */
                                      INTEL, .leaf1_eax = 0x000006FB, .leaf1_ecx = 0x0000E3FD, .leaf1_edx = 0xBFEBFBFF,
                                      .ext1_ecx = 0x00000001};
static const struct simd_cpu nehalem = {/* Core i5-750 */
                                        INTEL, .leaf1_eax = 0x000106E5, .leaf1_ecx = 0x0098E3FD, .leaf1_edx = 0xBFEBFBFF,
                                        .ext1_ecx = 0x00000001};
static const struct simd_cpu sandy_bridge =
    {/* Core i7-2600 */
     INTEL, .leaf1_eax = 0x000206A7, .leaf1_ecx = 0x1FBAE3FF, .leaf1_edx = 0xBFEBFBFF, .ext1_ecx = 0x00000001, .xcr0 = 0x7};
static const struct simd_cpu haswell = {/* Core i7-4770 */
                                        INTEL,
                                        .leaf1_eax = 0x000306C3,
                                        .leaf1_ecx = 0x7FFAFBFF,
                                        .leaf1_edx = 0xBFEBFBFF,
                                        .leaf7_ebx = 0x000027AB,
                                        .ext1_ecx = 0x00000021,
                                        .xcr0 = 0x7};
static const struct simd_cpu skylake_x = {/* Core i9-7900X */
                                          INTEL,
                                          .leaf1_eax = 0x00050654,
                                          .leaf1_ecx = 0x7FFEFBBF,
                                          .leaf1_edx = 0xBFEBFBFF,
                                          .leaf7_ebx = 0xD39FFFFB,
                                          .ext1_ecx = 0x00000121,
                                          .xcr0 = 0xE7};
static const struct simd_cpu cascade_lake = {/* Core i9-10980XE */
                                             INTEL,
                                             .leaf1_eax = 0x00050657,
                                             .leaf1_ecx = 0x7FFEFBBF,
                                             .leaf1_edx = 0xBFEBFBFF,
                                             .leaf7_ebx = 0xD39FFFFB,
                                             .leaf7_ecx = 0x00000800,
                                             .ext1_ecx = 0x00000121,
                                             .xcr0 = 0xE7};
static const struct simd_cpu cannon_lake = {/* Core i3-8121U: VBMI and IFMA, but no VBMI2 */
                                            INTEL,
                                            .leaf1_eax = 0x00060663,
                                            .leaf1_ecx = 0x7FFAFBBF,
                                            .leaf1_edx = 0xBFEBFBFF,
                                            .leaf7_ebx = 0xF2BF67EB,
                                            .leaf7_ecx = 0x0000000E,
                                            .ext1_ecx = 0x00000121,
                                            .xcr0 = 0xE7};
static const struct simd_cpu ice_lake = {/* Core i7-1065G7 */
                                         INTEL,
                                         .leaf1_eax = 0x000706E5,
                                         .leaf1_ecx = 0x7FFAFBBF,
                                         .leaf1_edx = 0xBFEBFBFF,
                                         .leaf7_ebx = 0xF2BF27EF,
                                         .leaf7_ecx = 0x40405F4E,
                                         .ext1_ecx = 0x00000121,
                                         .xcr0 = 0x2E7};
static const struct simd_cpu piledriver = {/* FX-8350: AVX and FMA, but no AVX2 */
                                           AMD,
                                           .leaf1_eax = 0x00600F20,
                                           .leaf1_ecx = 0x3E98320B,
                                           .leaf1_edx = 0x178BFBFF,
                                           .leaf7_ebx = 0x00000008,
                                           .ext1_ecx = 0x01EBBFFF,
                                           .xcr0 = 0x7};
static const struct simd_cpu zen3 = {/* Ryzen 9 5950X */
                                     AMD,
                                     .leaf1_eax = 0x00A20F10,
                                     .leaf1_ecx = 0x7ED8320B,
                                     .leaf1_edx = 0x178BFBFF,
                                     .leaf7_ebx = 0x219C97A9,
                                     .leaf7_ecx = 0x0040068C,
                                     .ext1_ecx = 0x75C237FF,
                                     .xcr0 = 0x207};
static const struct simd_cpu zen4 = {/* Ryzen 7 7700X */
                                     AMD,
                                     .leaf1_eax = 0x00A60F12,
                                     .leaf1_ecx = 0x7EF8320B,
                                     .leaf1_edx = 0x178BFBFF,
                                     .leaf7_ebx = 0xF1BF97A9,
                                     .leaf7_ecx = 0x00405FCE,
                                     .ext1_ecx = 0x75C237FF,
                                     .xcr0 = 0x2E7};
static const struct simd_cpu aarch64 = {.vendor = "aarch64", .is_aarch64 = true};

/* Machines as hypervisors and settings make them: a real record, changed in the one place that is named. */
static struct simd_cpu ice_lake_whose_system_saves_no_zmm(void) {
  struct simd_cpu cpu = ice_lake;
  cpu.xcr0 = 0x7;
  return cpu;
}

static struct simd_cpu ice_lake_whose_system_saves_half_of_zmm(void) {
  struct simd_cpu cpu = ice_lake;
  cpu.xcr0 = 0x67; /* opmask and the upper halves, not registers 16 to 31 */
  return cpu;
}

static struct simd_cpu haswell_without_bmi2(void) {
  struct simd_cpu cpu = haswell;
  cpu.leaf7_ebx &= ~(1u << 8);
  return cpu;
}

static struct simd_cpu ice_lake_with_half_of_avx512(void) {
  struct simd_cpu cpu = ice_lake;
  cpu.leaf7_ebx &= ~(1u << 17 | 1u << 30 | 1u << 31); /* F and CD stay; DQ, BW, VL go */
  return cpu;
}

static struct simd_cpu haswell_without_osxsave(void) {
  struct simd_cpu cpu = haswell;
  cpu.leaf1_ecx |= 1u << 31;    /* the hypervisor's bit */
  cpu.leaf1_ecx &= ~(1u << 27); /* OSXSAVE: XCR0 cannot be read */
  cpu.xcr0 = 0;
  return cpu;
}

static void best_is(struct simd_cpu cpu, enum simd_isa isa) {
  ck_assert_str_eq(weft__isa_name(weft__isa_best(&cpu, ALL_BUILT)), weft__isa_name(isa));
}

/* CHOICE: the table that a record gets when all are built; test is a sentence. */
#define CHOICE(test, cpu, isa) \
  START_TEST(test) {           \
    best_is(cpu, isa);         \
  }                            \
  END_TEST
#define CHOICES(CHOICE)                                                                                      \
  CHOICE(core_2_gets_scalar, core2, SIMD_SCALAR)                                                             \
  CHOICE(nehalem_gets_sse, nehalem, SIMD_SSE)                                                                \
  CHOICE(sandy_bridge_gets_sse, sandy_bridge, SIMD_SSE)                                                      \
  CHOICE(piledriver_gets_sse, piledriver, SIMD_SSE)                                                          \
  CHOICE(haswell_gets_avx2, haswell, SIMD_AVX2)                                                              \
  CHOICE(zen_3_gets_avx2, zen3, SIMD_AVX2)                                                                   \
  CHOICE(skylake_x_gets_avx2_by_the_deny_list, skylake_x, SIMD_AVX2)                                         \
  CHOICE(cascade_lake_gets_avx512, cascade_lake, SIMD_AVX512)                                                \
  CHOICE(cannon_lake_gets_avx512, cannon_lake, SIMD_AVX512)                                                  \
  CHOICE(ice_lake_gets_avx512vbmi, ice_lake, SIMD_AVX512VBMI)                                                \
  CHOICE(zen_4_gets_avx512vbmi, zen4, SIMD_AVX512VBMI)                                                       \
  CHOICE(avx512_without_its_state_in_xcr0_gets_avx2, ice_lake_whose_system_saves_no_zmm(), SIMD_AVX2)        \
  CHOICE(avx512_with_half_its_state_in_xcr0_gets_avx2, ice_lake_whose_system_saves_half_of_zmm(), SIMD_AVX2) \
  CHOICE(avx2_without_bmi2_gets_sse, haswell_without_bmi2(), SIMD_SSE)                                       \
  CHOICE(half_of_avx512_gets_avx2, ice_lake_with_half_of_avx512(), SIMD_AVX2)                                \
  CHOICE(a_guest_without_osxsave_gets_sse, haswell_without_osxsave(), SIMD_SSE)                              \
  CHOICE(aarch64_gets_neon, aarch64, SIMD_NEON)                                                              \
  CHOICE(a_machine_of_which_nothing_is_known_gets_scalar, (struct simd_cpu){.leaf1_eax = 0}, SIMD_SCALAR)
CHOICES(CHOICE)
#undef CHOICE

/* What weft__isa_missing says of a table, as a sentence's object. */
static void missing_is(struct simd_cpu cpu, enum simd_isa isa, const char *names, size_t n) {
  char missing[256];
  ck_assert_uint_eq(weft__isa_missing(&cpu, isa, missing, sizeof missing), n);
  ck_assert_str_eq(missing, names);
  ck_assert_uint_eq(weft__isa_missing(&cpu, isa, NULL, 0), n);
}

START_TEST(skylake_x_is_denied_and_yet_able) {
  ck_assert(weft__cpu_throttles_avx512(&skylake_x));
  missing_is(skylake_x, SIMD_AVX512, "", 0);
}
END_TEST

START_TEST(only_early_steppings_of_model_85_are_denied) {
  const struct simd_cpu *others[] = {&haswell, &cascade_lake, &cannon_lake, &ice_lake, &zen3, &zen4, &aarch64};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    ck_assert_msg(!weft__cpu_throttles_avx512(others[i]), "record %zu", i);
  struct simd_cpu same_signature_elsewhere = skylake_x;
  memcpy(same_signature_elsewhere.vendor, "AuthenticAMD", 13);
  ck_assert(!weft__cpu_throttles_avx512(&same_signature_elsewhere));
}
END_TEST

START_TEST(scalar_lacks_nothing_anywhere) {
  missing_is((struct simd_cpu){.leaf1_eax = 0}, SIMD_SCALAR, "", 0);
  missing_is(aarch64, SIMD_SCALAR, "", 0);
}
END_TEST

START_TEST(what_is_missing_is_named) {
  missing_is(haswell_without_bmi2(), SIMD_AVX2, "bmi2", 1);
  missing_is(nehalem, SIMD_SSE, "", 0);
  missing_is(core2, SIMD_SSE, "sse4.1 sse4.2 popcnt", 3);
  missing_is(cannon_lake, SIMD_AVX512VBMI, "avx512vbmi2 avx512bitalg avx512vpopcntdq", 3);
  missing_is(ice_lake_whose_system_saves_no_zmm(), SIMD_AVX512, "xcr0:zmm", 1);
  missing_is(ice_lake_with_half_of_avx512(), SIMD_AVX512, "avx512dq avx512bw avx512vl", 3);
  missing_is(haswell_without_osxsave(), SIMD_AVX2, "osxsave xcr0:ymm", 2);
  missing_is(aarch64, SIMD_AVX2, "x86-64", 1);
  missing_is(zen4, SIMD_NEON, "aarch64", 1);
}
END_TEST

/* Every single feature that the flags of a table let a compiler emit: without it the table must be out of reach. The bits
 * are those of the x86-64 psABI's levels, written down here a second time. */
START_TEST(no_table_survives_the_loss_of_a_flag_that_its_build_passes) {
  static const struct {
    enum simd_isa isa;
    size_t word; /* offset in the record */
    uint32_t bits;
  } needs[] = {
      {SIMD_SSE, offsetof(struct simd_cpu, leaf1_ecx), 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23},
      {SIMD_SSE, offsetof(struct simd_cpu, ext1_ecx), 1u << 0},
      {SIMD_AVX2, offsetof(struct simd_cpu, leaf1_ecx), 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29},
      {SIMD_AVX2, offsetof(struct simd_cpu, leaf7_ebx), 1u << 3 | 1u << 5 | 1u << 8},
      {SIMD_AVX2, offsetof(struct simd_cpu, ext1_ecx), 1u << 5},
      {SIMD_AVX512, offsetof(struct simd_cpu, leaf7_ebx), 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31},
      {SIMD_AVX512VBMI, offsetof(struct simd_cpu, leaf7_ebx), 1u << 21},
      {SIMD_AVX512VBMI, offsetof(struct simd_cpu, leaf7_ecx), 1u << 1 | 1u << 6 | 1u << 12 | 1u << 14},
  };
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
    for (uint32_t bit = 1; bit; bit <<= 1) {
      if (!(needs[i].bits & bit))
        continue;
      struct simd_cpu cpu = zen4;
      uint32_t word;
      memcpy(&word, (char *)&cpu + needs[i].word, sizeof word);
      ck_assert_msg(word & bit, "the record lacks bit %x of need %zu", bit, i);
      word &= ~bit;
      memcpy((char *)&cpu + needs[i].word, &word, sizeof word);
      ck_assert_int_lt((int)weft__isa_best(&cpu, ALL_BUILT), (int)needs[i].isa);
      for (int isa = (int)needs[i].isa; isa <= SIMD_AVX512VBMI; isa++)
        ck_assert_msg(weft__isa_missing(&cpu, (enum simd_isa)isa, NULL, 0) == 1, "%s without bit %x of need %zu",
                      weft__isa_name((enum simd_isa)isa), bit, i);
    }
}
END_TEST

START_TEST(no_table_survives_a_state_that_xcr0_does_not_save) {
  for (unsigned bit = 1; bit < 8; bit++) {
    if (bit == 3 || bit == 4)
      continue; /* MPX's */
    struct simd_cpu cpu = zen4;
    cpu.xcr0 &= ~(UINT64_C(1) << bit);
    best_is(cpu, bit < 3 ? SIMD_SSE : SIMD_AVX2);
  }
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_cut) {
  char missing[16];
  memset(missing, '#', sizeof missing);
  ck_assert_uint_eq(weft__isa_missing(&core2, SIMD_SSE, missing, 8), 3);
  ck_assert_uint_eq(strlen(missing), 7);
  ck_assert_int_eq(strncmp(missing, "sse4.1 sse4.2 popcnt", 7), 0);
  ck_assert_int_eq(missing[8], '#');
  ck_assert_uint_eq(weft__isa_missing(&core2, SIMD_SSE, missing, 1), 3);
  ck_assert_str_eq(missing, "");
}
END_TEST

START_TEST(a_table_that_is_not_built_is_not_chosen) {
  ck_assert_int_eq((int)weft__isa_best(&zen4, ALL_BUILT & ~(1u << SIMD_AVX512VBMI)), SIMD_AVX512);
  ck_assert_int_eq((int)weft__isa_best(&zen4, 1u << SIMD_SCALAR | 1u << SIMD_SSE), SIMD_SSE);
  ck_assert_int_eq((int)weft__isa_best(&zen4, 1u << SIMD_SCALAR), SIMD_SCALAR);
  ck_assert_int_eq((int)weft__isa_best(&aarch64, 1u << SIMD_SCALAR | 1u << SIMD_AVX2), SIMD_SCALAR);
}
END_TEST

START_TEST(this_machine_can_run_what_is_chosen_for_it) {
  struct simd_cpu cpu;
  weft__cpu_read(&cpu);
  enum simd_isa best = weft__isa_best(&cpu, ALL_BUILT);
  ck_assert_uint_eq(weft__isa_missing(&cpu, best, NULL, 0), 0);
  ck_assert_uint_gt(strlen(cpu.vendor), 0);
  ck_assert_ptr_nonnull(memchr(cpu.brand, '\0', sizeof cpu.brand));
}
END_TEST

static void add_tests(TCase *tcase) {
#define CHOICE(test, cpu, isa) tcase_add_test(tcase, test);
  CHOICES(CHOICE)
  tcase_add_test(tcase, skylake_x_is_denied_and_yet_able);
  tcase_add_test(tcase, only_early_steppings_of_model_85_are_denied);
  tcase_add_test(tcase, scalar_lacks_nothing_anywhere);
  tcase_add_test(tcase, what_is_missing_is_named);
  tcase_add_test(tcase, no_table_survives_the_loss_of_a_flag_that_its_build_passes);
  tcase_add_test(tcase, no_table_survives_a_state_that_xcr0_does_not_save);
  tcase_add_test(tcase, a_text_that_does_not_fit_is_cut);
  tcase_add_test(tcase, a_table_that_is_not_built_is_not_chosen);
  tcase_add_test(tcase, this_machine_can_run_what_is_chosen_for_it);
}

int main(void) {
  return suite_main("detect", add_tests);
}
