/* SPDX-License-Identifier: MIT
 *
 * Every kernel of SIMD_KERNEL_LIST, on every table that this machine runs, against the facts of its kind (checks.h). Made
 * from the list, so that a new kernel is tested from the day it has an entry there.
 */
#include "checks.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;

/* FACT: one test. KERNEL: the tests of a kernel, by its kind. */
#define FACT(kind, name, fact)                \
  START_TEST(name##_##fact) {                 \
    CALL_##kind(tables.list[_i], name, fact); \
  }                                           \
  END_TEST
#define KERNEL(kind, name) FACTS_##kind(FACT, name)
SIMD_KERNEL_LIST(KERNEL)
#undef FACT
#undef KERNEL

START_TEST(every_table_has_every_kernel) {
  const struct simd_kernels *table = tables.list[_i];
#define KERNEL(kind, name) ck_assert_msg(table->name != NULL, "%s has no " #name, table->isa);
  SIMD_KERNEL_LIST(KERNEL)
#undef KERNEL
}
END_TEST

START_TEST(every_table_bears_the_name_of_its_isa) {
  for (int i = 0; i < SIMD_ISAS; i++) {
    const struct simd_kernels *table = weft__kernels((enum simd_isa)i);
    ck_assert_int_eq(table != NULL, weft__isas_built() >> i & 1);
    if (table)
      ck_assert_str_eq(table->isa, weft__isa_name((enum simd_isa)i));
  }
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, every_table_bears_the_name_of_its_isa);
  tcase_add_loop_test(tcase, every_table_has_every_kernel, 0, tables.n);
#define FACT(kind, name, fact) tcase_add_loop_test(tcase, name##_##fact, 0, tables.n);
#define KERNEL(kind, name) FACTS_##kind(FACT, name)
  SIMD_KERNEL_LIST(KERNEL)
}

int main(void) {
  tables = tables_here();
  return suite_main("kernels", add_tests);
}
