/* SPDX-License-Identifier: MIT
 *
 * The main of every Check suite here: one test case, its tests added by a function, run as CK_* in the environment say.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"

static inline int suite_main(const char *name, void (*add_tests)(TCase *tcase)) {
  guard_catch();
  Suite *suite = suite_create(name);
  TCase *tcase = tcase_create(name);
  tcase_set_timeout(tcase, 120);
  add_tests(tcase);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
