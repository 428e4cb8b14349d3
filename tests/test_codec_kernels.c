/* SPDX-License-Identifier: MIT
 *
 * Every kernel of SIMD_CODEC_LIST, on every table that this machine runs, against the facts of its kind (codec_checks.h).
 * Made from the list, so that a new kernel is tested from the day it has an entry there.
 */
#include "codec_checks.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;

/* FACT: one test. KERNEL: the tests of a kernel, by its kind. */
#define FACT(kind, name_, fact)                                                                                          \
  START_TEST(name_##_##fact) {                                                                                           \
    const struct simd_codecs *table = tables.list[_i]->codecs;                                                           \
    struct codec_case c = {.isa = table->isa, .name = #name_, .kernel = (void (*)(void))table->name_, .pick = CASE_ANY}; \
    check_##kind##_##fact(&c);                                                                                           \
  }                                                                                                                      \
  END_TEST
#define KERNEL(kind, name) FACTS_##kind(FACT, name)
SIMD_CODEC_LIST(KERNEL)
#undef FACT
#undef KERNEL

START_TEST(every_table_has_every_kernel_of_codecs) {
  const struct simd_codecs *table = tables.list[_i]->codecs;
  ck_assert_str_eq(table->isa, tables.list[_i]->isa);
#define KERNEL(kind, name) ck_assert_msg(table->name != NULL, "%s has no " #name, table->isa);
  SIMD_CODEC_LIST(KERNEL)
#undef KERNEL
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, every_table_has_every_kernel_of_codecs, 0, tables.n);
#define FACT(kind, name, fact) tcase_add_loop_test(tcase, name##_##fact, 0, tables.n);
#define KERNEL(kind, name) FACTS_##kind(FACT, name)
  SIMD_CODEC_LIST(KERNEL)
}

int main(void) {
  tables = tables_here();
  return suite_main("codec_kernels", add_tests);
}
