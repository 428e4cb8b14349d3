/* SPDX-License-Identifier: MIT
 *
 * Every public function: which file is to give it NULL for each of its pointers, and which to make each of its memory
 * requests fail. Here are the first kind for contexts, slabs and hashes.
 */
#include <string.h>

#include "contexts.h"
#include "suite.h"

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

/* Files of this folder that call the function: the one that has it with NULL (no file: it takes no pointer, or only one to
 * text), and the one with requests failing (no file: it makes none). That a call is there is all that is looked at below:
 * whether it is with NULL, or with requests failing, is for the file's tests to show. */
static const struct function {
  const char *name, *with_null, *without_memory;
} functions[] = {
    {"weft_aggregate_add", "test_aggregate_rules.c", "test_keys_oom.c"},
    {"weft_aggregate_finish", "test_aggregate_rules.c", "test_keys_oom.c"},
    {"weft_aggregate_free", "test_aggregate_rules.c", "test_keys_oom.c"},
    {"weft_aggregate_groups", "test_aggregate_rules.c", NULL},
    {"weft_aggregate_merge", "test_aggregate_rules.c", "test_keys_oom.c"},
    {"weft_aggregate_open", "test_aggregate_rules.c", "test_keys_oom.c"},
    {"weft_aligned_alloc", "test_public.c", "test_oom.c"},
    {"weft_alloc", "test_public.c", "test_oom.c"},
    {"weft_bloom_bytes", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_contains", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_contains_hashes", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_create", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_create_bytes", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_free", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_from_bytes", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_info", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_insert", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_insert_hashes", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_merge", "test_bloom_rules.c", "test_bloom_rules.c"},
    {"weft_bloom_size", "test_bloom_rules.c", NULL},
    {"weft_codec_name", NULL, NULL},
    {"weft_column_bytes", "test_column.c", "test_oom.c"},
    {"weft_column_fixed", "test_column.c", "test_keys_oom.c"},
    {"weft_column_offsets32", "test_column.c", "test_keys_oom.c"},
    {"weft_column_offsets64", "test_column.c", "test_bloom_rules.c"},
    {"weft_column_ptrs", "test_column.c", NULL},
    {"weft_column_validate", "test_column.c", "test_oom.c"},
    {"weft_column_views", "test_column.c", NULL},
    {"weft_column_with_selection", "test_column.c", "test_oom.c"},
    {"weft_column_with_validity", "test_column.c", "test_keys_oom.c"},
    {"weft_ctx_clone", "test_public.c", "test_oom.c"},
    {"weft_ctx_create", "test_public.c", "test_oom.c"},
    {"weft_ctx_features", "test_public.c", "test_oom.c"},
    {"weft_ctx_free", "test_public.c", "test_oom.c"},
    {"weft_ctx_message", "test_public.c", "test_oom.c"},
    {"weft_ctx_options_init", "test_public.c", NULL},
    {"weft_ctx_slab", "test_public.c", "test_oom.c"},
    {"weft_ctx_slab_stats", "test_public.c", "test_oom.c"},
    {"weft_ctx_stats", "test_public.c", "test_oom.c"},
    {"weft_ctx_stats_reset", "test_public.c", "test_oom.c"},
    {"weft_decode", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_decode_into", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_decode_options_init", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_decode_room", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_decoded_column", "test_codec_rules.c", NULL},
    {"weft_decoded_free", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_describe", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_distinct_add", "test_distinct.c", "test_keys_oom.c"},
    {"weft_distinct_add_hashes", "test_distinct.c", NULL},
    {"weft_distinct_estimate", "test_distinct.c", NULL},
    {"weft_distinct_free", "test_distinct.c", "test_keys_oom.c"},
    {"weft_distinct_merge", "test_distinct.c", NULL},
    {"weft_distinct_open", "test_distinct.c", "test_keys_oom.c"},
    {"weft_distinct_read", "test_distinct.c", "test_keys_oom.c"},
    {"weft_distinct_write", "test_distinct.c", "test_keys_oom.c"},
    {"weft_encode", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_encode_bound", "test_codec_rules.c", NULL},
    {"weft_encode_options_init", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_encoding_free", "test_codec_open.c", "test_codec_oom.c"},
    {"weft_encoding_info", "test_codec_open.c", "test_codec_oom.c"},
    {"weft_encoding_open", "test_codec_open.c", "test_codec_oom.c"},
    {"weft_encoding_read", "test_codec_open.c", "test_codec_oom.c"},
    {"weft_encoding_room", "test_codec_open.c", NULL},
    {"weft_flush", "test_public.c", "test_oom.c"},
    {"weft_free", "test_public.c", "test_oom.c"},
    {"weft_free_sized", "test_public.c", "test_oom.c"},
    {"weft_gather", "test_gather.c", NULL},
    {"weft_gather_room", "test_gather.c", NULL},
    {"weft_group", "test_group.c", "test_keys_oom.c"},
    {"weft_grouping_close", "test_grouping.c", "test_keys_oom.c"},
    {"weft_grouping_open", "test_grouping.c", "test_keys_oom.c"},
    {"weft_grouping_work", "test_grouping.c", "test_keys_oom.c"},
    {"weft_hash128", "test_public.c", "test_oom.c"},
    {"weft_hash32", "test_public.c", "test_oom.c"},
    {"weft_hash64", "test_public.c", "test_oom.c"},
    {"weft_hash64_seeded", "test_public.c", "test_oom.c"},
    {"weft_index_append", "test_build_rules.c", "test_keys_oom.c"},
    {"weft_index_build", "test_index_rules.c", "test_keys_oom.c"},
    {"weft_index_builder_free", "test_build_rules.c", "test_keys_oom.c"},
    {"weft_index_builder_open", "test_build_rules.c", "test_keys_oom.c"},
    {"weft_index_contains", "test_index_rules.c", "test_keys_oom.c"},
    {"weft_index_free", "test_index_rules.c", "test_keys_oom.c"},
    {"weft_index_hash", "test_build_rules.c", "test_keys_oom.c"},
    {"weft_index_info", "test_index_rules.c", NULL},
    {"weft_index_lookup", "test_index_rules.c", "test_keys_oom.c"},
    {"weft_index_options_init", "test_index_rules.c", "test_keys_oom.c"},
    {"weft_index_seal", "test_build_rules.c", "test_keys_oom.c"},
    {"weft_index_work", "test_build_rules.c", "test_keys_oom.c"},
    {"weft_join_close", "test_join_rules.c", "test_keys_oom.c"},
    {"weft_join_finish", "test_join_rules.c", "test_keys_oom.c"},
    {"weft_join_next", "test_join_rules.c", "test_keys_oom.c"},
    {"weft_join_open", "test_join_rules.c", "test_keys_oom.c"},
    {"weft_join_probe", "test_join_rules.c", "test_keys_oom.c"},
    {"weft_join_probe_hashed", "test_join_rules.c", NULL},
    {"weft_latencies_quantile", "test_public.c", NULL},
    {"weft_latency_bound", NULL, NULL},
    {"weft_partition", "test_partition.c", "test_keys_oom.c"},
    {"weft_reader_chunk", "test_reader_rules.c", NULL},
    {"weft_reader_decode", "test_reader_rules.c", "test_file_oom.c"},
    {"weft_reader_encoding", "test_reader_rules.c", "test_file_oom.c"},
    {"weft_reader_field", "test_reader_rules.c", NULL},
    {"weft_reader_find", "test_reader_rules.c", NULL},
    {"weft_reader_free", "test_reader_rules.c", "test_file_oom.c"},
    {"weft_reader_info", "test_reader_rules.c", "files.h"},
    {"weft_reader_metadata", "test_reader_rules.c", NULL},
    {"weft_reader_next", "test_reader_rules.c", "files.h"},
    {"weft_reader_open", "test_reader_rules.c", "test_file_oom.c"},
    {"weft_reader_verify", "test_reader_rules.c", "files.h"},
    {"weft_realloc", "test_public.c", "test_oom.c"},
    {"weft_slab_class_stats", "test_public.c", "test_oom.c"},
    {"weft_slab_classes", "test_public.c", "test_oom.c"},
    {"weft_slab_create", "test_public.c", "test_oom.c"},
    {"weft_slab_free", "test_public.c", "test_oom.c"},
    {"weft_slab_latencies", "test_public.c", NULL},
    {"weft_slab_options_init", "test_public.c", NULL},
    {"weft_slab_release", "test_public.c", "test_oom.c"},
    {"weft_slab_stats", "test_public.c", "test_oom.c"},
    {"weft_slab_trim", "test_public.c", "test_oom.c"},
    {"weft_slab_visit", "test_public.c", "test_oom.c"},
    {"weft_slab_write_json", "test_public.c", "test_oom.c"},
    {"weft_slab_write_prometheus", "test_public.c", "test_oom.c"},
    {"weft_stats_merge", "test_public.c", NULL},
    {"weft_status_text", NULL, NULL},
    {"weft_usable_size", "test_public.c", "test_oom.c"},
    {"weft_verify", "test_codec_rules.c", "test_codec_oom.c"},
    {"weft_version", NULL, NULL},
    {"weft_writer_append", "test_writer_rules.c", "test_file_oom.c"},
    {"weft_writer_append_encoded", "test_writer_rules.c", "test_file_oom.c"},
    {"weft_writer_finish", "test_writer_rules.c", "test_file_oom.c"},
    {"weft_writer_free", "test_writer_rules.c", "test_file_oom.c"},
    {"weft_writer_metadata", "test_writer_rules.c", "test_file_oom.c"},
    {"weft_writer_open", "test_writer_rules.c", "test_file_oom.c"},
    {"weft_writer_options_init", "test_writer_rules.c", NULL},
    {"weft_zalloc", "test_public.c", "test_oom.c"},
    {"weft_zones", "test_codec_rules.c", "test_codec_oom.c"},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

START_TEST(the_list_has_every_public_function_and_no_other) {
  FILE *map = fopen(WEFT_MAP, "r");
  ck_assert_msg(map != NULL, "%s cannot be read", WEFT_MAP);
  char line[200], symbol[100];
  size_t n = 0;
  for (; fgets(line, sizeof line, map);) {
    if (sscanf(line, " weft_%90[a-z0-9_];", symbol) != 1)
      continue;
    ck_assert_msg(n < FUNCTIONS && strcmp(functions[n].name + strlen("weft_"), symbol) == 0,
                  "weft_%s is not in its place in the list, or is not there", symbol);
    n++;
  }
  fclose(map);
  ck_assert_msg(n == FUNCTIONS, "%s is not public", functions[n].name);
}
END_TEST

/* Whether a file of this folder has the name with a parenthesis behind it. */
static bool calls(const char *file, const char *name) {
  static char text[1 << 17];
  char path[500], call[120];
  snprintf(path, sizeof path, "%s/%s", WEFT_TEST_FOLDER, file);
  snprintf(call, sizeof call, "%s(", name);
  FILE *source = fopen(path, "r");
  ck_assert_msg(source != NULL, "%s cannot be read", path);
  size_t n = fread(text, 1, sizeof text - 1, source);
  fclose(source);
  ck_assert_uint_lt(n, sizeof text - 1);
  text[n] = '\0';
  return strstr(text, call) != NULL;
}

START_TEST(each_function_is_called_where_the_list_says) {
  for (size_t i = 0; i < FUNCTIONS; i++) {
    const char *files[] = {functions[i].with_null, functions[i].without_memory};
    for (size_t k = 0; k < 2; k++)
      ck_assert_msg(!files[k] || calls(files[k], functions[i].name), "%s is not called in %s", functions[i].name, files[k]);
  }
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, null_is_answered_as_documented_by_every_function);
  tcase_add_test(tcase, the_list_has_every_public_function_and_no_other);
  tcase_add_test(tcase, each_function_is_called_where_the_list_says);
}

int main(void) {
  return suite_main("public", add_tests);
}
