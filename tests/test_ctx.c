/* SPDX-License-Identifier: MIT
 *
 * Contexts: options and their rules, cloning, features, messages, statuses.
 */
#include <string.h>

#include "contexts.h"
#include "suite.h"

/* Creation is refused with status, *out is NULL, and the message has word. */
static void refused(const struct weft_ctx_options *options, weft_status status, const char *word) {
  weft_ctx *ctx = (weft_ctx *)&ctx;
  ck_assert_int_eq(weft_ctx_create(options, &ctx), status);
  ck_assert_ptr_null(ctx);
  ck_assert_msg(strstr(weft_ctx_message(NULL), word) != NULL, "message \"%s\" lacks \"%s\"", weft_ctx_message(NULL), word);
}

/* How many batches a context makes of rows rows: shows its batch size from outside. */
static uint64_t batches_of(weft_ctx *ctx, size_t rows) {
  static const uint8_t values[65536 + 1];
  static uint64_t out[65536 + 1];
  struct weft_column column = weft_column_bytes(values, 1, rows);
  weft_ctx_stats_reset(ctx);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 0, out), WEFT_OK);
  struct weft_stats stats = stats_of(ctx);
  return stats.simd_ops + stats.scalar_ops;
}

static struct weft_slab_figures slab_stats_of(const weft_slab *slab) {
  struct weft_slab_figures stats;
  ck_assert_int_eq(weft_slab_stats(slab, &stats, sizeof stats), WEFT_OK);
  return stats;
}

/* Options. */

START_TEST(options_start_as_documented) {
  struct weft_ctx_options options = ctx_defaults();
  ck_assert_uint_eq(options.size, sizeof options);
  ck_assert_ptr_null(options.isa);
  ck_assert_uint_eq(options.batch_size, 1024);
  ck_assert(options.enable_prefetch);
  ck_assert_uint_eq(options.prefetch_distance, 24);
  ck_assert(options.collect_stats);
  ck_assert_ptr_null(options.slab);
}
END_TEST

START_TEST(options_of_an_older_caller_are_not_written_past_their_size) {
  struct weft_ctx_options options;
  memset(&options, 0xAB, sizeof options);
  weft_ctx_options_init(&options, offsetof(struct weft_ctx_options, batch_size));
  ck_assert_uint_eq(options.size, offsetof(struct weft_ctx_options, batch_size));
  ck_assert_uint_eq(options.batch_size, 0xABABABAB);
}
END_TEST

START_TEST(options_of_a_newer_caller_are_zero_past_what_is_known_and_accepted) {
  struct {
    struct weft_ctx_options known;
    uint64_t unknown[4];
  } options;
  memset(&options, 0xAB, sizeof options);
  weft_ctx_options_init(&options.known, sizeof options);
  ck_assert_uint_eq(options.known.size, sizeof options);
  for (size_t i = 0; i < 4; i++)
    ck_assert_uint_eq(options.unknown[i], 0);
  weft_ctx_free(ctx_with(&options.known));
}
END_TEST

START_TEST(a_newer_setting_that_is_in_use_is_refused) {
  struct {
    struct weft_ctx_options known;
    uint64_t unknown[4];
  } options;
  weft_ctx_options_init(&options.known, sizeof options);
  options.unknown[3] = 1;
  char size[30];
  snprintf(size, sizeof size, "%zu", sizeof options);
  refused(&options.known, WEFT_E_INVALID, size);
}
END_TEST

START_TEST(options_smaller_than_the_first_version_are_refused) {
  struct weft_ctx_options options = ctx_defaults();
  static const size_t sizes[] = {0, 1, sizeof(size_t), sizeof options - 1};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    options.size = sizes[i];
    char size[30];
    snprintf(size, sizeof size, "%zu", sizes[i]);
    refused(&options, WEFT_E_INVALID, size);
  }
}
END_TEST

START_TEST(batch_sizes_from_64_to_65536_are_accepted_and_no_others) {
  struct weft_ctx_options options = ctx_defaults();
  static const struct {
    uint32_t batch_size;
    const char *refused_with;
  } cases[] = {{0, "0"}, {63, "63"}, {64, NULL}, {65536, NULL}, {65537, "65537"}, {UINT32_MAX, "4294967295"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    options.batch_size = cases[i].batch_size;
    if (cases[i].refused_with)
      refused(&options, WEFT_E_INVALID, cases[i].refused_with);
    else
      weft_ctx_free(ctx_with(&options));
  }
}
END_TEST

START_TEST(batch_sizes_are_rounded_up_to_a_multiple_of_64) {
  static const uint32_t sizes[][2] = {{64, 64}, {65, 128}, {100, 128}, {1000, 1024}, {1024, 1024}, {65535, 65536}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    weft_ctx *ctx = ctx_on(NULL, sizes[i][0]);
    ck_assert_uint_eq(batches_of(ctx, sizes[i][1]), 1);
    ck_assert_uint_eq(batches_of(ctx, sizes[i][1] + 1), 2);
    weft_ctx_free(ctx);
  }
}
END_TEST

START_TEST(prefetch_distances_to_4096_are_accepted_and_no_others) {
  struct weft_ctx_options options = ctx_defaults();
  options.prefetch_distance = 4097;
  refused(&options, WEFT_E_INVALID, "4097");
  options.prefetch_distance = 4096;
  weft_ctx_free(ctx_with(&options));
  options.prefetch_distance = 0;
  weft_ctx_free(ctx_with(&options));
}
END_TEST

/* Slabs and clones. */

START_TEST(a_context_lives_in_the_slab_that_it_is_given) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  weft_ctx *ctx = ctx_with(&options);
  ck_assert_uint_eq(slab_stats_of(slab).contexts, 1);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_E_BUSY);
  weft_ctx_free(ctx);
  ck_assert_uint_eq(slab_stats_of(slab).contexts, 0);
  ck_assert_uint_eq(slab_stats_of(slab).live_objects, 0);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

START_TEST(a_clone_shares_the_slab) {
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = slab;
  weft_ctx *ctx = ctx_with(&options), *clone;
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  ck_assert_uint_eq(slab_stats_of(slab).contexts, 2);
  ck_assert_ptr_eq(weft_ctx_slab(ctx), slab);
  ck_assert_ptr_eq(weft_ctx_slab(clone), slab);
  void *p = weft_alloc(ctx, 100);
  ck_assert_ptr_nonnull(p);
  ck_assert_int_eq(weft_free(clone, p), WEFT_OK);
  weft_ctx_free(ctx);
  weft_ctx_free(clone);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

START_TEST(a_clone_starts_its_statistics_from_zero) {
  weft_ctx *ctx = ctx_with(NULL), *clone;
  ck_assert_uint_gt(batches_of(ctx, 10), 0);
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  struct weft_stats zero = {0}, stats = stats_of(clone);
  ck_assert_mem_eq(&stats, &zero, sizeof zero);
  ck_assert_uint_eq(stats_of(ctx).rows, 10);
  weft_ctx_free(clone);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_clone_has_the_knobs_and_kernels_of_its_original) {
  weft_ctx *ctx = ctx_on("scalar", 192), *clone;
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  ck_assert_uint_eq(batches_of(clone, 192), 1);
  ck_assert_uint_eq(batches_of(clone, 193), 2);
  struct weft_features features;
  ck_assert_int_eq(weft_ctx_features(clone, &features, sizeof features), WEFT_OK);
  ck_assert_str_eq(features.isa, "scalar");
  weft_ctx_free(clone);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_clone_outlives_its_original) {
  weft_ctx *ctx = ctx_with(NULL), *clone;
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  void *p = weft_alloc(ctx, 1000);
  ck_assert_ptr_nonnull(p);
  weft_ctx_free(ctx);
  memset(p, 1, 1000);
  ck_assert_uint_eq(batches_of(clone, 10), 1);
  ck_assert_int_eq(weft_free(clone, p), WEFT_OK);
  weft_ctx_free(clone);
}
END_TEST

START_TEST(a_clone_has_no_message_of_its_original) {
  weft_ctx *ctx = ctx_with(NULL), *clone;
  ck_assert_int_eq(weft_column_validate(ctx, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
  ck_assert_str_eq(weft_ctx_message(clone), "");
  weft_ctx_free(clone);
  weft_ctx_free(ctx);
}
END_TEST

/* Features. */

START_TEST(features_list_every_table_plainest_first) {
  static const char *const names[] = {"scalar", "sse", "avx2", "avx512", "avx512vbmi", "neon"};
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_features features;
  ck_assert_int_eq(weft_ctx_features(ctx, &features, sizeof features), WEFT_OK);
  ck_assert_uint_eq(features.isas, sizeof names / sizeof *names);
  for (size_t i = 0; i < features.isas; i++)
    ck_assert_str_eq(features.isa_list[i].name, names[i]);
  ck_assert(features.isa_list[0].built && features.isa_list[0].supported);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_table_is_supported_or_something_is_missing) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_features features;
  ck_assert_int_eq(weft_ctx_features(ctx, &features, sizeof features), WEFT_OK);
  for (size_t i = 0; i < features.isas; i++) {
    const struct weft_isa *isa = &features.isa_list[i];
    ck_assert_msg(!isa->supported || isa->built, "%s is supported and not built", isa->name);
    ck_assert_msg(isa->supported == (*isa->missing == '\0'), "%s: supported is %d, missing is \"%s\"", isa->name,
                  isa->supported, isa->missing);
  }
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(features_tell_the_table_in_use_and_why) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_features features;
  ck_assert_int_eq(weft_ctx_features(ctx, &features, sizeof features), WEFT_OK);
  bool listed = false;
  for (size_t i = 0; i < features.isas; i++)
    listed |= strcmp(features.isa_list[i].name, features.isa) == 0 && features.isa_list[i].supported;
  ck_assert_msg(listed, "%s is not a supported table", features.isa);
  ck_assert_uint_gt(strlen(features.reason), 0);
  ck_assert_uint_gt(strlen(features.cpu), 0);
  ck_assert(features.vector_bits >= 64 && features.vector_bits % 64 == 0);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(the_scalar_table_has_64_bits) {
  weft_ctx *ctx = ctx_on("scalar", 0);
  struct weft_features features;
  ck_assert_int_eq(weft_ctx_features(ctx, &features, sizeof features), WEFT_OK);
  ck_assert_uint_eq(features.vector_bits, 64);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(features_are_written_to_the_callers_size_and_no_further) {
  weft_ctx *ctx = ctx_with(NULL);
  struct {
    struct weft_features known;
    uint64_t unknown[2];
  } features;
  memset(&features, 0xAB, sizeof features);
  ck_assert_int_eq(weft_ctx_features(ctx, &features.known, offsetof(struct weft_features, vector_bits)), WEFT_OK);
  ck_assert_uint_gt(strlen(features.known.reason), 0);
  ck_assert_uint_eq(features.known.vector_bits, 0xABABABAB);
  ck_assert_int_eq(weft_ctx_features(ctx, &features.known, sizeof features), WEFT_OK);
  ck_assert_uint_eq(features.unknown[1], 0);
  weft_ctx_free(ctx);
}
END_TEST

/* Messages, statuses. */

START_TEST(a_new_context_has_no_message) {
  weft_ctx *ctx = ctx_with(NULL);
  ck_assert_str_eq(weft_ctx_message(ctx), "");
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(a_message_holds_until_the_next_failure) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column columns[2] = {weft_column_bytes("", 0, 11), weft_column_bytes("", 0, 22)};
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, columns, 2, 0, NULL), WEFT_E_INVALID);
  char first[256];
  snprintf(first, sizeof first, "%s", weft_ctx_message(ctx));
  ck_assert_msg(strstr(first, "22") && strstr(first, "11"), "\"%s\" lacks the rows", first);
  ck_assert_uint_eq(batches_of(ctx, 10), 1);
  ck_assert_str_eq(weft_ctx_message(ctx), first);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, columns, 0, 0, NULL), WEFT_E_INVALID);
  ck_assert_str_ne(weft_ctx_message(ctx), first);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(calls_that_fail_leave_out_untouched) {
  weft_ctx *ctx = ctx_with(NULL);
  uint64_t out[2] = {1, 2}, seeds[2] = {3, 4};
  uint32_t out32[2] = {5, 6};
  struct weft_fingerprint out128[2] = {{7, 8}, {9, 10}};
  struct weft_column good = weft_column_bytes("ab", 1, 2), bad = weft_column_fixed("ab", WEFT_STRING, 2);
  struct weft_column uneven[2] = {good, weft_column_bytes("a", 1, 1)}, second_bad[2] = {good, bad};
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &bad, 1, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, uneven, 2, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH64, second_bad, 2, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, (enum weft_algo)2, &good, 1, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, (enum weft_algo) - 1, &good, 1, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64_seeded(ctx, WEFT_XXH64, uneven, 2, seeds, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64_seeded(ctx, WEFT_XXH64, &good, 1, NULL, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash32(ctx, uneven, 2, 0, out32), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash128(ctx, second_bad, 2, 0, out128), WEFT_E_INVALID);
  ck_assert(out[0] == 1 && out[1] == 2 && out32[0] == 5 && out32[1] == 6);
  ck_assert(out128[0].low == 7 && out128[0].high == 8 && out128[1].low == 9 && out128[1].high == 10);
  weft_ctx_free(ctx);
}
END_TEST

START_TEST(status_values_are_pinned) {
  static const weft_status pinned[] = {WEFT_OK,        WEFT_E_INVALID,     WEFT_E_NOMEM,      WEFT_E_OVERFLOW, WEFT_E_SPACE,
                                       WEFT_E_CORRUPT, WEFT_E_UNSUPPORTED, WEFT_E_CONFIG,     WEFT_E_FOREIGN,  WEFT_E_IO,
                                       WEFT_E_BUSY,    WEFT_E_LIMIT,       WEFT_E_DOUBLE_FREE};
  ck_assert_uint_eq(sizeof pinned / sizeof *pinned, 13);
  for (int i = 0; i < 13; i++)
    ck_assert_int_eq((int)pinned[i], i);
}
END_TEST

START_TEST(every_status_has_a_text_of_its_own) {
  for (int i = 0; i < 13; i++)
    for (int j = 0; j < i; j++)
      ck_assert_str_ne(weft_status_text((weft_status)i), weft_status_text((weft_status)j));
}
END_TEST

START_TEST(a_number_that_is_no_status_has_a_text_all_the_same) {
  static const int none[] = {-1, 13, 1000};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    ck_assert_uint_gt(strlen(weft_status_text((weft_status)none[i])), 0);
}
END_TEST

START_TEST(the_library_is_of_the_headers_version) {
  ck_assert_str_eq(weft_version(), WEFT_VERSION_TEXT);
}
END_TEST

static void add_tests(TCase *tcase) {
  const TTest *tests[] = {options_start_as_documented,
                          options_of_an_older_caller_are_not_written_past_their_size,
                          options_of_a_newer_caller_are_zero_past_what_is_known_and_accepted,
                          a_newer_setting_that_is_in_use_is_refused,
                          options_smaller_than_the_first_version_are_refused,
                          batch_sizes_from_64_to_65536_are_accepted_and_no_others,
                          batch_sizes_are_rounded_up_to_a_multiple_of_64,
                          prefetch_distances_to_4096_are_accepted_and_no_others,
                          a_context_lives_in_the_slab_that_it_is_given,
                          a_clone_shares_the_slab,
                          a_clone_starts_its_statistics_from_zero,
                          a_clone_has_the_knobs_and_kernels_of_its_original,
                          a_clone_outlives_its_original,
                          a_clone_has_no_message_of_its_original,
                          features_list_every_table_plainest_first,
                          a_table_is_supported_or_something_is_missing,
                          features_tell_the_table_in_use_and_why,
                          the_scalar_table_has_64_bits,
                          features_are_written_to_the_callers_size_and_no_further,
                          a_new_context_has_no_message,
                          a_message_holds_until_the_next_failure,
                          calls_that_fail_leave_out_untouched,
                          status_values_are_pinned,
                          every_status_has_a_text_of_its_own,
                          a_number_that_is_no_status_has_a_text_all_the_same,
                          the_library_is_of_the_headers_version};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("ctx", add_tests);
}
