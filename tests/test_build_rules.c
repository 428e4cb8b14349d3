/* SPDX-License-Identifier: MIT
 *
 * What is refused of an index in the making: NULL for each pointer, and options of another size.
 */
#include "keys.h"
#include "suite.h"

static uint64_t values[4] = {1, 2, 3, 4};

static weft_index_builder *opened(weft_ctx *ctx) {
  weft_index_builder *builder;
  MUST(ctx, weft_index_builder_open(ctx, NULL, &builder));
  return builder;
}

START_TEST(null_is_refused_where_a_pointer_is_taken) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column keys = weft_column_fixed(values, WEFT_U64, 4);
  uint64_t hashes[4];
  weft_index *index = (weft_index *)values;
  weft_index_builder *builder = (weft_index_builder *)values;
  ck_assert_int_eq(weft_index_builder_open(NULL, NULL, &builder), WEFT_E_INVALID);
  ck_assert_ptr_null(builder);
  REFUSED(ctx, weft_index_builder_open(ctx, NULL, NULL), WEFT_E_INVALID, "weft_index_builder_open: out is NULL");
  builder = opened(ctx);
  ck_assert_int_eq(weft_index_append(NULL, builder, &keys, 1, NULL), WEFT_E_INVALID);
  REFUSED(ctx, weft_index_append(ctx, NULL, &keys, 1, NULL), WEFT_E_INVALID, "weft_index_append: builder is NULL");
  REFUSED(ctx, weft_index_append(ctx, builder, NULL, 1, NULL), WEFT_E_INVALID, "weft_index_append: ");
  ck_assert_int_eq(weft_index_hash(NULL, 0, &keys, 1, hashes), WEFT_E_INVALID);
  REFUSED(ctx, weft_index_hash(ctx, 0, NULL, 1, hashes), WEFT_E_INVALID, "weft_index_hash: ");
  REFUSED(ctx, weft_index_hash(ctx, 0, &keys, 1, NULL), WEFT_E_INVALID, "weft_index_hash: hashes is NULL");
  MUST(ctx, weft_index_append(ctx, builder, &keys, 1, NULL));
  ck_assert_int_eq(weft_index_work(NULL, builder), WEFT_E_INVALID);
  REFUSED(ctx, weft_index_work(ctx, NULL), WEFT_E_INVALID, "weft_index_work: builder is NULL");
  ck_assert_int_eq(weft_index_seal(NULL, builder, &index), WEFT_E_INVALID);
  ck_assert_ptr_null(index);
  REFUSED(ctx, weft_index_seal(ctx, builder, NULL), WEFT_E_INVALID, "weft_index_seal: out is NULL");
  index = (weft_index *)values;
  REFUSED(ctx, weft_index_seal(ctx, NULL, &index), WEFT_E_INVALID, "weft_index_seal: builder is NULL");
  ck_assert_ptr_null(index);
  MUST(ctx, weft_index_seal(ctx, builder, &index));
  ck_assert_uint_eq(figures_of(index).rows, 4);
  ck_assert_int_eq(weft_index_free(index), WEFT_OK);
  weft_index_builder_free(NULL);
  weft_ctx_free(ctx);
}
END_TEST

/* Both calls that take options say which of them was made. */
START_TEST(options_of_another_size_are_refused_in_the_name_of_the_call) {
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_column keys = weft_column_fixed(values, WEFT_U64, 4);
  struct weft_index_options options = index_defaults();
  weft_index *index;
  weft_index_builder *builder;
  options.size = 3;
  REFUSED(ctx, weft_index_build(ctx, &keys, 1, &options, &index), WEFT_E_INVALID, "weft_index_build: options.size is 3");
  REFUSED(ctx, weft_index_builder_open(ctx, &options, &builder), WEFT_E_INVALID,
          "weft_index_builder_open: options.size is 3");
  ck_assert(!index && !builder);
  weft_ctx_free(ctx);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, null_is_refused_where_a_pointer_is_taken);
  tcase_add_test(tcase, options_of_another_size_are_refused_in_the_name_of_the_call);
}

int main(void) {
  return suite_main("build_rules", add_tests);
}
