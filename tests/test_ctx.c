/* SPDX-License-Identifier: MIT
 *
 * Contexts: options and their rules, cloning, features, messages, statuses, and NULL wherever a pointer is taken.
 */
#include "contexts.h"
#include "public.h"
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

/* Messages, statuses, NULL. */

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

static bool see(void *user, const struct weft_slab_object *object) {
  return user == object;
}

static bool write(void *user, const char *text, size_t bytes) {
  return user == NULL && bytes > 0 && text != NULL;
}

static void null_figures_are_refused(weft_slab *slab, const weft_ctx *ctx) {
  struct weft_slab_class_figures class;
  struct weft_slab_context_figures context;
  struct weft_latencies latencies;
  ck_assert_uint_eq(weft_slab_classes(NULL), 0);
  ck_assert_int_eq(weft_slab_class_stats(NULL, 0, &class, sizeof class), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_class_stats(slab, 0, NULL, sizeof class), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_slab_stats(NULL, &context, sizeof context), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_slab_stats(ctx, NULL, sizeof context), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_visit(NULL, see, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_visit(slab, NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_latencies(NULL, WEFT_LATENCY_MAPPED, &latencies, sizeof latencies), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_latencies(slab, WEFT_LATENCY_MAPPED, NULL, sizeof latencies), WEFT_E_INVALID);
  ck_assert_uint_eq(weft_latencies_quantile(NULL, sizeof(struct weft_latencies), 0.5), 0);
  ck_assert_int_eq(weft_slab_write_json(NULL, write, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_write_json(slab, NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_write_prometheus(NULL, write, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_write_prometheus(slab, NULL, NULL), WEFT_E_INVALID);
}

/* NULL for each pointer of each public function, alone: the status that the headers give, or nothing at all. */
START_TEST(null_is_answered_as_documented_by_every_function) {
  weft_ctx *ctx = ctx_with(NULL), *none;
  uint64_t out[1] = {0};
  uint32_t out32[1] = {0};
  struct weft_fingerprint out128[1] = {{0, 0}};
  struct weft_column column = weft_column_bytes("a", 1, 1);
  struct weft_features features;
  struct weft_stats stats = {0};
  struct weft_slab_figures slab_stats;
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
  ck_assert_int_eq(weft_slab_create(NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_create(NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_clone(NULL, &none), WEFT_E_INVALID);
  ck_assert_ptr_null(none);
  ck_assert_int_eq(weft_ctx_clone(ctx, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_features(NULL, &features, sizeof features), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_features(ctx, NULL, sizeof features), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_stats(NULL, &stats, sizeof stats), WEFT_E_INVALID);
  ck_assert_int_eq(weft_ctx_stats(ctx, NULL, sizeof stats), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_stats(NULL, &slab_stats, sizeof slab_stats), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_stats(slab, NULL, sizeof slab_stats), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_trim(NULL, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_trim(slab, NULL), WEFT_OK);
  weft_flush(NULL);
  null_figures_are_refused(slab, ctx);
  ck_assert_int_eq(weft_column_validate(NULL, &column), WEFT_E_INVALID);
  ck_assert_int_eq(weft_column_validate(ctx, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(NULL, WEFT_XXH3_64, &column, 1, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, NULL, 1, 0, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 0, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64_seeded(NULL, WEFT_XXH3_64, &column, 1, out, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64_seeded(ctx, WEFT_XXH3_64, NULL, 1, out, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64_seeded(ctx, WEFT_XXH3_64, &column, 1, NULL, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash64_seeded(ctx, WEFT_XXH3_64, &column, 1, out, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash32(NULL, &column, 1, 0, out32), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash32(ctx, NULL, 1, 0, out32), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash32(ctx, &column, 1, 0, NULL), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash128(NULL, &column, 1, 0, out128), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash128(ctx, NULL, 1, 0, out128), WEFT_E_INVALID);
  ck_assert_int_eq(weft_hash128(ctx, &column, 1, 0, NULL), WEFT_E_INVALID);
  ck_assert_ptr_null(weft_alloc(NULL, 1));
  ck_assert_ptr_null(weft_zalloc(NULL, 1));
  ck_assert_ptr_null(weft_aligned_alloc(NULL, 1, 16));
  ck_assert_ptr_null(weft_realloc(NULL, NULL, 1));
  ck_assert_int_eq(weft_free(NULL, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_free(ctx, NULL), WEFT_OK);
  ck_assert_int_eq(weft_free_sized(NULL, out, 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_free_sized(ctx, NULL, 1), WEFT_OK);
  ck_assert_uint_eq(weft_usable_size(NULL, out), 0);
  ck_assert_uint_eq(weft_usable_size(ctx, NULL), 0);
  ck_assert_int_eq(weft_slab_free(NULL, out), WEFT_E_INVALID);
  ck_assert_int_eq(weft_slab_free(slab, NULL), WEFT_OK);
  ck_assert_int_eq(weft_slab_release(NULL), WEFT_OK);
  ck_assert_ptr_nonnull(weft_ctx_message(NULL));
  weft_ctx_free(NULL);
  ck_assert_ptr_null(weft_ctx_slab(NULL));
  weft_ctx_stats_reset(NULL);
  weft_ctx_options_init(NULL, sizeof(struct weft_ctx_options));
  weft_slab_options_init(NULL, sizeof(struct weft_slab_options));
  weft_stats_merge(NULL, NULL, sizeof(struct weft_stats));
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  weft_ctx_free(ctx);
}
END_TEST

/* The functions of the test above, those without a pointer that may not be NULL, which test_column.c goes through, and
 * those whose own suites do it: test_index_rules.c, test_join_rules.c, test_group.c, test_aggregate.c, test_distinct.c,
 * test_bloom_rules.c, test_partition.c, test_codec_rules.c, test_codec_open.c, test_writer_rules.c,
 * test_reader_rules.c. */
START_TEST(no_public_function_is_left_out) {
  static const char *const names[] = {"weft_slab_create",
                                      "weft_ctx_create",
                                      "weft_ctx_clone",
                                      "weft_ctx_features",
                                      "weft_ctx_stats",
                                      "weft_slab_stats",
                                      "weft_slab_trim",
                                      "weft_flush",
                                      "weft_slab_classes",
                                      "weft_slab_class_stats",
                                      "weft_ctx_slab_stats",
                                      "weft_slab_visit",
                                      "weft_slab_latencies",
                                      "weft_latencies_quantile",
                                      "weft_latency_bound",
                                      "weft_slab_write_json",
                                      "weft_slab_write_prometheus",
                                      "weft_column_validate",
                                      "weft_hash64",
                                      "weft_hash64_seeded",
                                      "weft_hash32",
                                      "weft_hash128",
                                      "weft_alloc",
                                      "weft_zalloc",
                                      "weft_aligned_alloc",
                                      "weft_realloc",
                                      "weft_free",
                                      "weft_free_sized",
                                      "weft_usable_size",
                                      "weft_slab_free",
                                      "weft_slab_release",
                                      "weft_ctx_message",
                                      "weft_ctx_free",
                                      "weft_ctx_slab",
                                      "weft_ctx_stats_reset",
                                      "weft_stats_merge",
                                      "weft_ctx_options_init",
                                      "weft_column_fixed",
                                      "weft_column_bytes",
                                      "weft_column_ptrs",
                                      "weft_slab_options_init",
                                      "weft_column_offsets32",
                                      "weft_column_offsets64",
                                      "weft_column_views",
                                      "weft_column_with_selection",
                                      "weft_version",
                                      "weft_status_text",
                                      "weft_column_with_validity",
                                      "weft_bloom_size",
                                      "weft_bloom_create",
                                      "weft_bloom_create_bytes",
                                      "weft_bloom_from_bytes",
                                      "weft_bloom_free",
                                      "weft_bloom_bytes",
                                      "weft_bloom_insert",
                                      "weft_bloom_insert_hashes",
                                      "weft_bloom_contains",
                                      "weft_bloom_contains_hashes",
                                      "weft_bloom_merge",
                                      "weft_bloom_info",
                                      "weft_codec_name",
                                      "weft_decode",
                                      "weft_decode_into",
                                      "weft_decode_options_init",
                                      "weft_decode_room",
                                      "weft_decoded_column",
                                      "weft_decoded_free",
                                      "weft_encoding_free",
                                      "weft_encoding_info",
                                      "weft_encoding_open",
                                      "weft_encoding_read",
                                      "weft_encoding_room",
                                      "weft_describe",
                                      "weft_encode",
                                      "weft_encode_bound",
                                      "weft_encode_options_init",
                                      "weft_aggregate_add",
                                      "weft_aggregate_finish",
                                      "weft_aggregate_free",
                                      "weft_aggregate_groups",
                                      "weft_aggregate_merge",
                                      "weft_aggregate_open",
                                      "weft_distinct_add",
                                      "weft_distinct_add_hashes",
                                      "weft_distinct_estimate",
                                      "weft_distinct_free",
                                      "weft_distinct_merge",
                                      "weft_distinct_open",
                                      "weft_distinct_read",
                                      "weft_distinct_write",
                                      "weft_gather",
                                      "weft_gather_room",
                                      "weft_group",
                                      "weft_grouping_close",
                                      "weft_grouping_open",
                                      "weft_grouping_work",
                                      "weft_index_append",
                                      "weft_index_builder_free",
                                      "weft_index_builder_open",
                                      "weft_index_hash",
                                      "weft_index_seal",
                                      "weft_index_work",
                                      "weft_index_build",
                                      "weft_index_contains",
                                      "weft_index_free",
                                      "weft_index_info",
                                      "weft_index_lookup",
                                      "weft_index_options_init",
                                      "weft_join_close",
                                      "weft_join_finish",
                                      "weft_join_next",
                                      "weft_join_open",
                                      "weft_join_probe",
                                      "weft_partition",
                                      "weft_join_probe_hashed",
                                      "weft_reader_chunk",
                                      "weft_reader_decode",
                                      "weft_reader_encoding",
                                      "weft_reader_field",
                                      "weft_reader_find",
                                      "weft_reader_free",
                                      "weft_reader_info",
                                      "weft_reader_metadata",
                                      "weft_reader_next",
                                      "weft_reader_open",
                                      "weft_reader_verify",
                                      "weft_verify",
                                      "weft_zones",
                                      "weft_writer_append",
                                      "weft_writer_append_encoded",
                                      "weft_writer_finish",
                                      "weft_writer_free",
                                      "weft_writer_metadata",
                                      "weft_writer_open",
                                      "weft_writer_options_init"};
  covers_every_public_function(names, sizeof names / sizeof *names);
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
                          the_library_is_of_the_headers_version,
                          null_is_answered_as_documented_by_every_function,
                          no_public_function_is_left_out};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_test(tcase, tests[i]);
}

int main(void) {
  return suite_main("ctx", add_tests);
}
