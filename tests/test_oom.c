/* SPDX-License-Identifier: MIT
 *
 * No memory: every function of contexts, slabs and hashes is run once for each memory request that it makes, that
 * request failing. It must end with the documented status and outputs, leave the slab fit for the same call again, and
 * leak nothing. (The idea is SQLite's; see its page "How SQLite Is Tested", out-of-memory testing.) test_public.c lists
 * who does so for which function.
 */
#include <string.h>

#include "alloc/cache.h"
#include "contexts.h"
#include "suite.h"

/* What an operation works on: made before requests are counted, the allocations among it by its own context. */
struct rig {
  weft_slab *slab;
  weft_ctx *ctx;
  void *small, *run, *mapped; /* live allocations of the sizes below */
};
#define SMALL_BYTES 100
#define RUN_BYTES (40 * 1024)
#define MAPPED_BYTES (1200 * 1024)

/* An operation: true when it succeeded (and undid what it made), false when it failed as documented for want of memory. */
typedef bool operation(struct rig *rig);

static const uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz";
static const uint32_t vowels[] = {0, 4, 8, 14, 20};

static struct weft_column some_column(void) {
  return weft_column_with_selection(weft_column_bytes(letters, 2, 13), vowels, 2);
}

/* Status OK or no memory, nothing else; true for OK. */
static bool went_well(weft_status status) {
  ck_assert_msg(status == WEFT_OK || status == WEFT_E_NOMEM, "%s", weft_status_text(status));
  return status == WEFT_OK;
}

static bool open_ctx(struct rig *rig) {
  struct weft_ctx_options options = ctx_defaults();
  options.slab = rig->slab;
  weft_ctx *ctx = rig->ctx;
  if (!went_well(weft_ctx_create(&options, &ctx))) {
    ck_assert_ptr_null(ctx);
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(NULL), weft_status_text(WEFT_E_NOMEM)));
    return false;
  }
  weft_ctx_free(ctx);
  return true;
}

static bool clone_ctx(struct rig *rig) {
  weft_ctx *clone = rig->ctx;
  if (!went_well(weft_ctx_clone(rig->ctx, &clone))) {
    ck_assert_ptr_null(clone);
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(NULL), weft_status_text(WEFT_E_NOMEM)));
    return false;
  }
  weft_ctx_free(clone);
  return true;
}

/* A NULL where memory was asked for: a message with the number of bytes. */
static bool was_allocated(struct rig *rig, void *p, size_t bytes) {
  if (p) {
    memset(p, 0xAA, bytes);
    ck_assert_uint_ge(weft_usable_size(rig->ctx, p), bytes);
    ck_assert_int_eq(weft_free(rig->ctx, p), WEFT_OK);
    return true;
  }
  char number[30];
  snprintf(number, sizeof number, "%zu", bytes);
  ck_assert_msg(strstr(weft_ctx_message(rig->ctx), number) != NULL, "message \"%s\" lacks %s", weft_ctx_message(rig->ctx),
                number);
  return false;
}

static bool alloc_small(struct rig *rig) {
  return was_allocated(rig, weft_alloc(rig->ctx, SMALL_BYTES), SMALL_BYTES);
}

static bool alloc_run(struct rig *rig) {
  return was_allocated(rig, weft_alloc(rig->ctx, RUN_BYTES), RUN_BYTES);
}

static bool alloc_mapped(struct rig *rig) {
  return was_allocated(rig, weft_alloc(rig->ctx, MAPPED_BYTES), MAPPED_BYTES);
}

static bool holds_only(const uint8_t *bytes, uint8_t value, size_t n) {
  return n == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, n - 1) == 0);
}

static bool zalloc_some(struct rig *rig) {
  uint8_t *p = weft_zalloc(rig->ctx, 3000);
  ck_assert(!p || holds_only(p, 0, 3000));
  return was_allocated(rig, p, 3000);
}

static bool zalloc_mapped(struct rig *rig) {
  return was_allocated(rig, weft_zalloc(rig->ctx, MAPPED_BYTES), MAPPED_BYTES);
}

static bool aligned_page(struct rig *rig) {
  void *p = weft_aligned_alloc(rig->ctx, 5000, 4096);
  ck_assert_uint_eq((uintptr_t)p % 4096, 0);
  return was_allocated(rig, p, 5000);
}

static bool aligned_slab(struct rig *rig) {
  void *p = weft_aligned_alloc(rig->ctx, 5000, 2 * 1024 * 1024);
  ck_assert_uint_eq((uintptr_t)p % (2 * 1024 * 1024), 0);
  return was_allocated(rig, p, 5000);
}

/* *p resized; untouched where that failed. */
static bool was_resized(struct rig *rig, void **p, size_t before, size_t after) {
  size_t kept = before < after ? before : after;
  memset(*p, 0x5C, before);
  uint8_t *q = weft_realloc(rig->ctx, *p, after);
  const uint8_t *bytes = q ? q : *p;
  ck_assert(holds_only(bytes, 0x5C, q ? kept : before));
  ck_assert_uint_ge(weft_usable_size(rig->ctx, bytes), q ? after : before);
  if (q) {
    *p = weft_realloc(rig->ctx, q, before); /* back, so that the operation can be run again */
    if (!*p)
      *p = q;
  }
  return q != NULL;
}

static bool realloc_small_to_run(struct rig *rig) {
  return was_resized(rig, &rig->small, SMALL_BYTES, RUN_BYTES);
}

static bool realloc_run_to_mapped(struct rig *rig) {
  return was_resized(rig, &rig->run, RUN_BYTES, MAPPED_BYTES);
}

static bool realloc_mapped_to_bigger(struct rig *rig) {
  return was_resized(rig, &rig->mapped, MAPPED_BYTES, 3 * MAPPED_BYTES);
}

static bool realloc_null(struct rig *rig) {
  return was_allocated(rig, weft_realloc(rig->ctx, NULL, 777), 777);
}

/* Functions that ask for no memory: they may not fail, whatever fails. */

static bool hash64_rows(struct rig *rig) {
  struct weft_column column = some_column();
  uint64_t out[2];
  return weft_hash64(rig->ctx, WEFT_XXH3_64, &column, 1, 0, out) == WEFT_OK &&
         weft_hash64(rig->ctx, WEFT_XXH64, &column, 1, 0, out) == WEFT_OK;
}

static bool hash64_seeded_rows(struct rig *rig) {
  struct weft_column column = some_column();
  uint64_t out[2] = {1, 2};
  return weft_hash64_seeded(rig->ctx, WEFT_XXH3_64, &column, 1, out, out) == WEFT_OK;
}

static bool hash32_rows(struct rig *rig) {
  struct weft_column column = some_column();
  uint32_t out[2];
  return weft_hash32(rig->ctx, &column, 1, 0, out) == WEFT_OK;
}

static bool hash128_rows(struct rig *rig) {
  struct weft_column columns[2] = {some_column(), some_column()};
  struct weft_fingerprint out[2];
  return weft_hash128(rig->ctx, columns, 2, 0, out) == WEFT_OK;
}

static bool validate_column(struct rig *rig) {
  struct weft_column column = some_column();
  return weft_column_validate(rig->ctx, &column) == WEFT_OK;
}

static bool read_features(struct rig *rig) {
  struct weft_features features;
  return weft_ctx_features(rig->ctx, &features, sizeof features) == WEFT_OK;
}

static bool read_stats(struct rig *rig) {
  struct weft_stats stats;
  weft_ctx_stats_reset(rig->ctx);
  return weft_ctx_stats(rig->ctx, &stats, sizeof stats) == WEFT_OK && *weft_ctx_message(rig->ctx) == '\0';
}

static bool read_slab_stats(struct rig *rig) {
  struct weft_slab_figures stats;
  return weft_slab_stats(rig->slab, &stats, sizeof stats) == WEFT_OK;
}

static bool trim_slab(struct rig *rig) {
  weft_flush(rig->ctx);
  return weft_slab_trim(rig->slab, NULL) == WEFT_OK;
}

static bool read_class_stats(struct rig *rig) {
  struct weft_slab_class_figures stats;
  return weft_slab_class_stats(rig->slab, weft_slab_classes(rig->slab) - 1, &stats, sizeof stats) == WEFT_OK;
}

static bool see(void *user, const struct weft_slab_object *object) {
  *(size_t *)user += object->bytes;
  return true;
}

static bool visit_slab(struct rig *rig) {
  size_t bytes = 0;
  return weft_slab_visit(rig->slab, see, &bytes) == WEFT_OK && bytes > RUN_BYTES;
}

static bool count_bytes(void *user, const char *text, size_t bytes) {
  *(size_t *)user += bytes;
  return text != NULL;
}

/* Latencies are among what is written. */
static bool write_slab(struct rig *rig) {
  size_t bytes = 0;
  return weft_slab_write_json(rig->slab, count_bytes, &bytes) == WEFT_OK &&
         weft_slab_write_prometheus(rig->slab, count_bytes, &bytes) == WEFT_OK && bytes > 1000;
}

static bool read_context_stats(struct rig *rig) {
  struct weft_slab_context_figures stats;
  return weft_ctx_slab_stats(rig->ctx, &stats, sizeof stats) == WEFT_OK;
}

/* A full turn of frees by each way, and the rig's memory made anew: what fails here is an allocation, never a free. */
static bool free_by_each_way(struct rig *rig) {
  ck_assert_int_eq(weft_free(rig->ctx, rig->small), WEFT_OK);
  ck_assert_int_eq(weft_free_sized(rig->ctx, rig->run, RUN_BYTES), WEFT_OK);
  ck_assert_int_eq(weft_slab_free(rig->slab, rig->mapped), WEFT_OK);
  rig->small = weft_alloc(rig->ctx, SMALL_BYTES);
  rig->run = weft_alloc(rig->ctx, RUN_BYTES);
  rig->mapped = weft_alloc(rig->ctx, MAPPED_BYTES);
  return rig->small && rig->run && rig->mapped;
}

/* A second context that holds memory while it goes. */
static bool whole_life(struct rig *rig) {
  weft_ctx *clone;
  if (!went_well(weft_ctx_clone(rig->ctx, &clone)))
    return false;
  void *p[40];
  bool all = true;
  for (size_t i = 0; i < 40; i++) {
    p[i] = weft_alloc(clone, 16 + i * i * 30);
    all &= p[i] != NULL;
  }
  for (size_t i = 0; i < 40; i++)
    ck_assert_int_eq(weft_free(i & 1 ? clone : rig->ctx, p[i]), WEFT_OK);
  ck_assert_ptr_eq(weft_ctx_slab(clone), weft_ctx_slab(rig->ctx));
  weft_ctx_free(clone);
  return all;
}

/* What the sweep must have seen of an operation at its end: no request; requests, and failures of the call; requests, each
 * of which had a second way when it failed (a block that cannot grow in place is moved). */
enum wants { NO_MEMORY, MEMORY, MEMORY_EITHER_WAY };

static const struct {
  const char *function;
  operation *run;
  enum wants wants;
} operations[] = {
    {"weft_ctx_create", open_ctx, MEMORY},
    {"weft_ctx_clone", clone_ctx, MEMORY},
    {"weft_ctx_free", whole_life, MEMORY},
    {"weft_ctx_slab", whole_life, MEMORY},
    {"weft_alloc", alloc_small, MEMORY},
    {"weft_alloc", alloc_run, MEMORY},
    {"weft_alloc", alloc_mapped, MEMORY},
    {"weft_zalloc", zalloc_some, MEMORY},
    {"weft_zalloc", zalloc_mapped, MEMORY},
    {"weft_aligned_alloc", aligned_page, MEMORY},
    {"weft_aligned_alloc", aligned_slab, MEMORY},
    {"weft_realloc", realloc_small_to_run, MEMORY},
    {"weft_realloc", realloc_run_to_mapped, MEMORY},
    {"weft_realloc", realloc_mapped_to_bigger, MEMORY_EITHER_WAY},
    {"weft_realloc", realloc_null, MEMORY},
    {"weft_free", free_by_each_way, MEMORY},
    {"weft_free_sized", free_by_each_way, MEMORY},
    {"weft_slab_free", free_by_each_way, MEMORY},
    {"weft_usable_size", alloc_small, MEMORY},
    {"weft_hash64", hash64_rows, NO_MEMORY},
    {"weft_hash64_seeded", hash64_seeded_rows, NO_MEMORY},
    {"weft_hash32", hash32_rows, NO_MEMORY},
    {"weft_hash128", hash128_rows, NO_MEMORY},
    {"weft_column_validate", validate_column, NO_MEMORY},
    {"weft_column_bytes", validate_column, NO_MEMORY},
    {"weft_column_with_selection", validate_column, NO_MEMORY},
    {"weft_ctx_features", read_features, NO_MEMORY},
    {"weft_ctx_stats", read_stats, NO_MEMORY},
    {"weft_ctx_stats_reset", read_stats, NO_MEMORY},
    {"weft_ctx_message", read_stats, NO_MEMORY},
    {"weft_slab_stats", read_slab_stats, NO_MEMORY},
    {"weft_slab_trim", trim_slab, NO_MEMORY},
    {"weft_flush", trim_slab, NO_MEMORY},
    {"weft_slab_classes", read_class_stats, NO_MEMORY},
    {"weft_slab_class_stats", read_class_stats, NO_MEMORY},
    {"weft_ctx_slab_stats", read_context_stats, NO_MEMORY},
    {"weft_slab_visit", visit_slab, NO_MEMORY},
    {"weft_slab_latencies", write_slab, NO_MEMORY},
    {"weft_latencies_quantile", write_slab, NO_MEMORY},
    {"weft_latency_bound", write_slab, NO_MEMORY},
    {"weft_slab_write_json", write_slab, NO_MEMORY},
    {"weft_slab_write_prometheus", write_slab, NO_MEMORY},
};
#define OPERATIONS ((int)(sizeof operations / sizeof *operations))

/* Armed before the context opens, so that it has no magazines and every object is a request. */
static struct rig open_rig(void) {
  struct rig rig = {0};
  ck_assert_int_eq(weft_slab_create(NULL, &rig.slab), WEFT_OK);
  weft__slab_fail_at(rig.slab, 0);
  struct weft_ctx_options options = ctx_defaults();
  options.slab = rig.slab;
  rig.ctx = ctx_with(&options);
  rig.small = weft_alloc(rig.ctx, SMALL_BYTES);
  rig.run = weft_alloc(rig.ctx, RUN_BYTES);
  rig.mapped = weft_alloc(rig.ctx, MAPPED_BYTES);
  ck_assert(rig.small && rig.run && rig.mapped);
  return rig;
}

/* Nothing leaked: with the rig's own memory gone, the slab is empty and may be released. */
static void close_rig(struct rig *rig) {
  struct weft_slab_figures stats;
  ck_assert_int_eq(weft_free(rig->ctx, rig->small), WEFT_OK);
  ck_assert_int_eq(weft_free(rig->ctx, rig->run), WEFT_OK);
  ck_assert_int_eq(weft_free(rig->ctx, rig->mapped), WEFT_OK);
  weft_ctx_free(rig->ctx);
  ck_assert_int_eq(weft_slab_stats(rig->slab, &stats, sizeof stats), WEFT_OK);
  ck_assert_uint_eq(stats.live_objects, 0);
  ck_assert_uint_eq(stats.live_bytes, 0);
  ck_assert_uint_eq(stats.mapped, 0);
  ck_assert_uint_eq(stats.contexts, 0);
  ck_assert_int_eq(weft_slab_release(rig->slab), WEFT_OK);
}

START_TEST(each_request_of_each_function_may_fail_once) {
  bool reached;
  uint64_t failures = 0, nth = 1;
  do {
    struct rig rig = open_rig();
    char what[100];
    snprintf(what, sizeof what, "%s, request %llu", operations[_i].function, (unsigned long long)nth);
    guard_case = (struct guard_case){.what = what};
    uint64_t before = weft__slab_requests(rig.slab);
    weft__slab_fail_at(rig.slab, nth);
    bool ok = operations[_i].run(&rig);
    reached = weft__slab_requests(rig.slab) - before >= nth;
    ck_assert_msg(ok || reached, "%s: failed, and no request had", what);
    failures += !ok;
    weft__slab_fail_at(rig.slab, 0);
    ck_assert_msg(operations[_i].run(&rig), "%s: once failed, it fails again with memory at hand", what);
    close_rig(&rig);
    nth++;
  } while (reached);
  ck_assert_msg((operations[_i].wants == MEMORY) == (failures > 0), "%s: %llu failures", operations[_i].function,
                (unsigned long long)failures);
  ck_assert_msg((operations[_i].wants == NO_MEMORY) == (nth == 2), "%s made %llu requests", operations[_i].function,
                (unsigned long long)nth - 2);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, each_request_of_each_function_may_fail_once, 0, OPERATIONS);
}

int main(void) {
  return suite_main("oom", add_tests);
}
