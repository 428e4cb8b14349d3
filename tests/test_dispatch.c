/* SPDX-License-Identifier: MIT
 *
 * The choice of a table for a context: WEFT_ISA, options.isa, which of them wins, what is refused and with which words.
 * Expectations come from the tables that the machine at hand has, so that the suite passes on any.
 */
#include <xxhash.h>

#include "contexts.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct simd_cpu cpu;

static void clear_environment(void) {
  unsetenv("WEFT_ISA");
}

static void set_environment(const char *isa) {
  ck_assert_int_eq(setenv("WEFT_ISA", isa, 1), 0);
}

static struct weft_features features_of(const weft_ctx *ctx) {
  struct weft_features features;
  ck_assert_int_eq(weft_ctx_features(ctx, &features, sizeof features), WEFT_OK);
  return features;
}

/* A context asked for isa (NULL: not asked) gets the table `got`, and its reason has word. */
static void gets(const char *isa, const char *got, const char *word) {
  weft_ctx *ctx = ctx_on(isa, 0);
  struct weft_features features = features_of(ctx);
  ck_assert_str_eq(features.isa, got);
  ck_assert_msg(strstr(features.reason, word) != NULL, "reason \"%s\" lacks \"%s\"", features.reason, word);
  weft_ctx_free(ctx);
}

static void refused(const char *isa, weft_status status, const char *word) {
  struct weft_ctx_options options = ctx_defaults();
  options.isa = isa;
  weft_ctx *ctx = (weft_ctx *)&ctx;
  ck_assert_int_eq(weft_ctx_create(&options, &ctx), status);
  ck_assert_ptr_null(ctx);
  ck_assert_msg(strstr(weft_ctx_message(NULL), word) != NULL, "message \"%s\" lacks \"%s\"", weft_ctx_message(NULL), word);
}

START_TEST(without_a_wish_the_best_table_is_taken) {
  gets(NULL, weft__isa_name(weft__isa_best(&cpu, weft__isas_built())), "best");
}
END_TEST

START_TEST(the_environment_lowers_the_choice) {
  set_environment(tables.list[_i]->isa);
  gets(NULL, tables.list[_i]->isa, "WEFT_ISA");
}
END_TEST

START_TEST(the_option_asks_for_one_exactly) {
  gets(tables.list[_i]->isa, tables.list[_i]->isa, "options.isa");
}
END_TEST

START_TEST(the_option_goes_before_the_environment) {
  set_environment("scalar");
  gets(tables.list[_i]->isa, tables.list[_i]->isa, "options.isa");
  set_environment("no-such-table");
  gets(tables.list[_i]->isa, tables.list[_i]->isa, "options.isa");
}
END_TEST

START_TEST(an_empty_environment_variable_is_none) {
  set_environment("");
  gets(NULL, weft__isa_name(weft__isa_best(&cpu, weft__isas_built())), "best");
}
END_TEST

/* Near misses of names, and one that is too long for any message. */
START_TEST(an_unknown_name_is_a_setting_error_that_quotes_it) {
  static const char *const names[] = {"avx", "AVX2", "avx2 ", " avx2", "avx1024", "scalar,sse", "native", "0"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\"", names[i]);
    refused(names[i], WEFT_E_CONFIG, quoted);
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(NULL), "options.isa"));
    set_environment(names[i]);
    refused(NULL, WEFT_E_CONFIG, quoted);
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(NULL), "WEFT_ISA"));
    clear_environment();
  }
}
END_TEST

START_TEST(an_empty_option_is_an_unknown_name) {
  refused("", WEFT_E_CONFIG, "options.isa");
}
END_TEST

START_TEST(an_unknown_option_fails_though_the_environment_names_a_table) {
  set_environment("scalar");
  refused("no-such-table", WEFT_E_CONFIG, "no-such-table");
}
END_TEST

START_TEST(a_name_without_end_is_refused_all_the_same) {
  static char name[100000];
  memset(name, 'x', sizeof name - 1);
  refused(name, WEFT_E_CONFIG, "xxxxxxxx");
  set_environment(name);
  refused(NULL, WEFT_E_CONFIG, "xxxxxxxx");
}
END_TEST

/* Every table that weft knows and this machine cannot run, by option and by environment. On an x86-64 CPU that has all,
 * that is neon, which is not built; on older ones (see the emulator runs) also tables that are. */
START_TEST(a_table_that_cannot_run_here_is_unsupported_and_says_what_is_missing) {
  int refusals = 0;
  for (int i = 0; i < SIMD_ISAS; i++) {
    enum simd_isa isa = (enum simd_isa)i;
    char missing[160];
    bool built = weft__isas_built() >> i & 1;
    if (weft__isa_missing(&cpu, isa, missing, sizeof missing) == 0 && built)
      continue;
    const char *word = built ? missing : "build";
    refused(weft__isa_name(isa), WEFT_E_UNSUPPORTED, word);
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(NULL), weft__isa_name(isa)));
    set_environment(weft__isa_name(isa));
    refused(NULL, WEFT_E_UNSUPPORTED, word);
    clear_environment();
    refusals++;
  }
  ck_assert_int_gt(refusals, 0); /* no machine is both x86-64 and aarch64 */
}
END_TEST

START_TEST(contexts_on_different_tables_work_side_by_side) {
  weft_ctx *ctxs[SIMD_ISAS];
  static const char text[] = "the quick brown fox jumps over the lazy dog";
  static uint64_t out[SIMD_ISAS][44];
  struct weft_column column = weft_column_bytes(text, 1, 43);
  for (int i = 0; i < tables.n; i++)
    ctxs[i] = ctx_on(tables.list[i]->isa, 0);
  for (int round = 0; round < 3; round++)
    for (int i = 0; i < tables.n; i++)
      ck_assert_int_eq(weft_hash64(ctxs[i], WEFT_XXH3_64, &column, 1, 7, out[i]), WEFT_OK);
  for (int i = 0; i < tables.n; i++) {
    ck_assert_str_eq(features_of(ctxs[i]).isa, tables.list[i]->isa);
    for (size_t row = 0; row < 43; row++)
      ck_assert_msg(out[i][row] == XXH3_64bits_withSeed(text + row, 1, 7), "isa=%s row=%zu", tables.list[i]->isa, row);
  }
  for (int i = 0; i < tables.n; i++)
    weft_ctx_free(ctxs[i]);
}
END_TEST

START_TEST(a_clone_keeps_its_table_whatever_the_environment_says_by_then) {
  weft_ctx *ctx = ctx_on(tables.list[_i]->isa, 0), *clone;
  set_environment("no-such-table");
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  ck_assert_str_eq(features_of(clone).isa, tables.list[_i]->isa);
  weft_ctx_free(clone);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(features_agree_with_detection_table_by_table) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_features features = features_of(ctx);
  ck_assert_uint_eq(features.isas, SIMD_ISAS);
  for (int i = 0; i < SIMD_ISAS; i++) {
    bool built = weft__isas_built() >> i & 1;
    bool able = weft__isa_missing(&cpu, (enum simd_isa)i, NULL, 0) == 0;
    ck_assert_msg(features.isa_list[i].built == built, "%s", features.isa_list[i].name);
    ck_assert_msg(features.isa_list[i].supported == (built && able), "%s", features.isa_list[i].name);
  }
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, clear_environment, clear_environment);
  tcase_add_test(tcase, without_a_wish_the_best_table_is_taken);
  tcase_add_loop_test(tcase, the_environment_lowers_the_choice, 0, tables.n);
  tcase_add_loop_test(tcase, the_option_asks_for_one_exactly, 0, tables.n);
  tcase_add_loop_test(tcase, the_option_goes_before_the_environment, 0, tables.n);
  tcase_add_test(tcase, an_empty_environment_variable_is_none);
  tcase_add_test(tcase, an_unknown_name_is_a_setting_error_that_quotes_it);
  tcase_add_test(tcase, an_empty_option_is_an_unknown_name);
  tcase_add_test(tcase, an_unknown_option_fails_though_the_environment_names_a_table);
  tcase_add_test(tcase, a_name_without_end_is_refused_all_the_same);
  tcase_add_test(tcase, a_table_that_cannot_run_here_is_unsupported_and_says_what_is_missing);
  tcase_add_test(tcase, contexts_on_different_tables_work_side_by_side);
  tcase_add_loop_test(tcase, a_clone_keeps_its_table_whatever_the_environment_says_by_then, 0, tables.n);
  tcase_add_test(tcase, features_agree_with_detection_table_by_table);
}

int main(void) {
  tables = tables_here();
  weft__cpu_read(&cpu);
  return suite_main("dispatch", add_tests);
}
