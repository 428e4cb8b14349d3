/* SPDX-License-Identifier: MIT
 *
 * Contexts for tests: made with an option or two changed, ended with a check that they could be.
 */
#ifndef TESTS_CONTEXTS_H
#define TESTS_CONTEXTS_H

#include <check.h>
#include <weft/weft.h>

static inline struct weft_ctx_options ctx_defaults(void) {
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  return options;
}

static inline weft_ctx *ctx_with(const struct weft_ctx_options *options) {
  weft_ctx *ctx;
  weft_status status = weft_ctx_create(options, &ctx);
  ck_assert_msg(status == WEFT_OK, "weft_ctx_create: %s: %s", weft_status_text(status), weft_ctx_message(NULL));
  ck_assert_ptr_nonnull(ctx);
  return ctx;
}

/* A context on one table of kernels; batch_size 0: the default. */
static inline weft_ctx *ctx_on(const char *isa, uint32_t batch_size) {
  struct weft_ctx_options options = ctx_defaults();
  options.isa = isa;
  if (batch_size)
    options.batch_size = batch_size;
  return ctx_with(&options);
}

static inline struct weft_stats stats_of(const weft_ctx *ctx) {
  struct weft_stats stats;
  ck_assert_int_eq(weft_ctx_stats(ctx, &stats, sizeof stats), WEFT_OK);
  return stats;
}

#endif
