/* SPDX-License-Identifier: MIT
 *
 * What the suites of index, join and group share: calls that must succeed, plain key columns, and slabs that tell what
 * leaked.
 */
#ifndef TESTS_KEYS_H
#define TESTS_KEYS_H

#include <stdio.h>
#include <string.h>

#include "contexts.h"
#include "guard.h"
#include "lib/ctx.h"

/* The checks below touch Check only when they fail: it takes a system call for each assertion that holds. */

/* Fails the test unless a call succeeded. */
#define MUST(ctx, call)                                                                                         \
  do {                                                                                                          \
    weft_status must_ = (call);                                                                                 \
    if (must_ != WEFT_OK)                                                                                       \
      ck_abort_msg("%s: %s: %s: %s", guard_case_text(), #call, weft_status_text(must_), weft_ctx_message(ctx)); \
  } while (0)

/* Fails the test unless a call failed with a status, and with a message that has a text in it. */
#define REFUSED(ctx, call, status, text)                                                           \
  do {                                                                                             \
    weft_status refused_ = (call);                                                                 \
    if (refused_ != (status))                                                                      \
      ck_abort_msg("%s: %s, not %s", #call, weft_status_text(refused_), weft_status_text(status)); \
    if (!strstr(weft_ctx_message(ctx), text))                                                      \
      ck_abort_msg("%s: message \"%s\" lacks \"%s\"", #call, weft_ctx_message(ctx), text);         \
  } while (0)

static inline struct weft_index_options index_defaults(void) {
  struct weft_index_options options;
  weft_index_options_init(&options, sizeof options);
  return options;
}

static inline weft_index *index_of(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys) {
  weft_index *index;
  MUST(ctx, weft_index_build(ctx, keys, n_keys, NULL, &index));
  return index;
}

static inline struct weft_index_figures figures_of(const weft_index *index) {
  struct weft_index_figures figures;
  MUST(NULL, weft_index_info(index, &figures, sizeof figures));
  return figures;
}

static inline weft_join *join_on(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind) {
  weft_join *join;
  MUST(ctx, weft_join_open(ctx, index, kind, &join));
  return join;
}

static inline const char *kind_name(enum weft_join_kind kind) {
  static const char *const names[] = {"inner", "left", "right", "full", "semi", "anti", "mark"};
  return names[kind];
}
#define KINDS 7

/* A slab, limited to limit_bytes unless that is 0, and a context on it. */
static inline weft_ctx *ctx_on_slab(const char *isa, size_t limit_bytes, weft_slab **slab) {
  struct weft_slab_options slab_options;
  weft_slab_options_init(&slab_options, sizeof slab_options);
  slab_options.limit_bytes = limit_bytes;
  ck_assert_int_eq(weft_slab_create(&slab_options, slab), WEFT_OK);
  struct weft_ctx_options options = ctx_defaults();
  options.isa = isa;
  options.slab = *slab;
  return ctx_with(&options);
}

static inline uint64_t live_objects(const weft_slab *slab) {
  struct weft_slab_figures stats;
  ck_assert_int_eq(weft_slab_stats(slab, &stats, sizeof stats), WEFT_OK);
  return stats.live_objects;
}

/* Ends both; nothing may be left on the slab. */
static inline void close_slab(weft_ctx *ctx, weft_slab *slab) {
  weft_ctx_free(ctx);
  ck_assert_uint_eq(live_objects(slab), 0);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}

#endif
