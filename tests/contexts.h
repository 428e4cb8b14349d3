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

/* Contexts of one table with different knobs: results may not depend on them. */
#define KNOBS 4
static inline void ctxs_open(const char *isa, weft_ctx *ctxs[KNOBS]) {
  static const uint32_t batches[KNOBS] = {64, 128, 1024, 65536}, distances[KNOBS] = {0, 4096, 24, 1};
  for (size_t i = 0; i < KNOBS; i++) {
    struct weft_ctx_options options = ctx_defaults();
    options.isa = isa;
    options.batch_size = batches[i];
    options.prefetch_distance = distances[i];
    options.enable_prefetch = i != 3;
    ctxs[i] = ctx_with(&options);
  }
}

static inline void ctxs_close(weft_ctx *ctxs[KNOBS]) {
  for (size_t i = 0; i < KNOBS; i++)
    weft_ctx_free(ctxs[i]);
}

static inline struct weft_stats stats_of(const weft_ctx *ctx) {
  struct weft_stats stats;
  ck_assert_int_eq(weft_ctx_stats(ctx, &stats, sizeof stats), WEFT_OK);
  return stats;
}

#endif
