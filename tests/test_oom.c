/* SPDX-License-Identifier: MIT
 *
 * No memory: every public function is run once for each memory request that it makes, that request failing. It must end
 * with the documented status and outputs, leave the slab fit for the same call again, and leak nothing. (The idea is
 * SQLite's; see its page "How SQLite Is Tested", out-of-memory testing.)
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc/cache.h"
#include "contexts.h"
#include "public.h"
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

/* The functions that have no slab and no context to ask, those whose memory is no slab's (see the tests below), and those
 * of keys, filters, codecs and files, which test_keys_oom.c, test_bloom_rules.c, test_codec_oom.c and test_file_oom.c sweep. */
START_TEST(no_public_function_is_left_out_of_the_sweep) {
  const char *names[OPERATIONS + 160] = {"weft_slab_create",
                                         "weft_slab_release",
                                         "weft_slab_options_init",
                                         "weft_ctx_options_init",
                                         "weft_stats_merge",
                                         "weft_status_text",
                                         "weft_version",
                                         "weft_column_fixed",
                                         "weft_column_offsets32",
                                         "weft_column_offsets64",
                                         "weft_column_ptrs",
                                         "weft_column_views",
                                         "weft_column_with_validity",
                                         "weft_index_options_init",
                                         "weft_index_info",
                                         "weft_index_build",
                                         "weft_index_free",
                                         "weft_index_lookup",
                                         "weft_index_contains",
                                         "weft_join_open",
                                         "weft_join_probe",
                                         "weft_join_probe_hashed",
                                         "weft_gather",
                                         "weft_gather_room",
                                         "weft_join_next",
                                         "weft_join_finish",
                                         "weft_join_close",
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
                                         "weft_describe",
                                         "weft_encode",
                                         "weft_encoding_free",
                                         "weft_encoding_info",
                                         "weft_encoding_open",
                                         "weft_encoding_read",
                                         "weft_encoding_room",
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
                                         "weft_partition",
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
  size_t n = 0;
  while (names[n])
    n++;
  for (int i = 0; i < OPERATIONS; i++)
    names[n++] = operations[i].function;
  covers_every_public_function(names, n);
}
END_TEST

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#else
#define THREAD_SANITIZER 0
#endif

/* A slab's own memory comes from the system, and a limit on the process makes that fail: RLIMIT_AS on addresses,
 * RLIMIT_DATA on memory to write to. False where the limit does not work: emulators do not know it. */
static bool limit(int resource, size_t bytes) {
  struct rlimit limit;
  if (THREAD_SANITIZER && resource == RLIMIT_DATA) {
    printf("not tested here: the thread sanitizer needs memory of its own\n");
    return false;
  }
  if (getrlimit(resource, &limit) != 0)
    return false;
  limit.rlim_cur = bytes;
  if (setrlimit(resource, &limit) != 0)
    return false;
  size_t much = (size_t)256 << 20;
  void *p = mmap(NULL, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return true;
  munmap(p, much);
  printf("not tested here: the system has no limits on memory\n");
  return false;
}

static void unlimit(int resource) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(resource, &limit);
  }
}

/* Bytes of addresses that this process has mapped, and of those it may write to, as Linux counts them; 0: unknown. */
static size_t mapped_bytes(size_t *writable) {
  size_t pages = 0, data = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%zu %*u %*u %*u %*u %zu", &pages, &data) != 2)
    pages = data = 0;
  if (file)
    fclose(file);
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (writable)
    *writable = data * page;
  return pages * page;
}

#define STACK_BYTES ((size_t)1 << 20) /* more than the stack of a test */
#define NO_SLAB ((size_t)200 << 20)   /* less than the least slab that there is */

START_TEST(a_slab_without_addresses_is_refused) {
  weft_slab *slab = (weft_slab *)&slab;
  if (!limit(RLIMIT_AS, 1 << 20))
    return;
  weft_status status = weft_slab_create(NULL, &slab);
  unlimit(RLIMIT_AS);
  ck_assert_int_eq(status, WEFT_E_NOMEM);
  ck_assert_ptr_null(slab);
}
END_TEST

START_TEST(a_context_without_addresses_for_its_slab_is_refused) {
  weft_ctx *ctx = (weft_ctx *)&ctx;
  if (!limit(RLIMIT_AS, 1 << 20))
    return;
  weft_status status = weft_ctx_create(NULL, &ctx);
  unlimit(RLIMIT_AS);
  ck_assert_int_eq(status, WEFT_E_NOMEM);
  ck_assert_ptr_null(ctx);
  ck_assert_uint_gt(strlen(weft_ctx_message(NULL)), 0);
}
END_TEST

/* Each step allows a page more, so that creation comes a bit further, first of the slab, then of the context in it. The
 * first steps lie below what is mapped already: Linux counts the stack as writable, and not towards the limit. */
START_TEST(a_context_with_a_slab_of_its_own_is_refused_at_every_shortage_and_leaves_nothing) {
  size_t writable, before = mapped_bytes(&writable), failures = 0, page = (size_t)sysconf(_SC_PAGESIZE);
  size_t start = writable > STACK_BYTES ? writable - STACK_BYTES : page; /* 0 would be no limit */
  bool without_slab = false, without_ctx = false;
  weft_ctx *ctx = NULL;
  for (size_t pages = 0; !ctx; pages++) {
    if (!limit(RLIMIT_DATA, start + pages * page))
      return;
    weft_status status = weft_ctx_create(NULL, &ctx);
    unlimit(RLIMIT_DATA);
    failures += status != WEFT_OK;
    ck_assert_msg(status == WEFT_OK || (status == WEFT_E_NOMEM && !ctx), "%zu pages: %s", pages, weft_status_text(status));
    without_slab |= status && strstr(weft_ctx_message(NULL), "slab");
    without_ctx |= status && strstr(weft_ctx_message(NULL), "for a context");
    ck_assert_uint_lt(pages, 10000);
  }
  weft_ctx_free(ctx);
  ck_assert(without_slab && without_ctx);
  ck_assert_msg(mapped_bytes(NULL) < before + NO_SLAB, "%zu failures left slabs behind", failures);
}
END_TEST

START_TEST(a_slab_of_a_contexts_own_goes_with_its_last_context) {
  size_t before = mapped_bytes(NULL);
  for (int i = 0; i < 10; i++) {
    weft_ctx *ctx = ctx_with(NULL), *clone;
    ck_assert_int_eq(weft_ctx_clone(ctx, &clone), WEFT_OK);
    ck_assert_ptr_nonnull(weft_alloc(ctx, 100)); /* never freed: goes with the slab */
    weft_ctx_free(i & 1 ? ctx : clone);
    weft_ctx_free(i & 1 ? clone : ctx);
  }
  ck_assert_uint_lt(mapped_bytes(NULL), before + NO_SLAB);
}
END_TEST

/* The limit of a slab is no lack of memory, and has a status of its own. */
START_TEST(a_context_over_the_slabs_limit_is_refused_with_that_status) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.limit_bytes = 1024 * 1024;
  weft_slab *slab;
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_OK);
  struct weft_ctx_options ctx_options = ctx_defaults();
  ctx_options.slab = slab;
  ctx_options.batch_size = 65536; /* more than 2 MiB of scratch */
  weft_ctx *ctx = (weft_ctx *)&ctx;
  ck_assert_int_eq(weft_ctx_create(&ctx_options, &ctx), WEFT_E_LIMIT);
  ck_assert_ptr_null(ctx);
  ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, each_request_of_each_function_may_fail_once, 0, OPERATIONS);
  tcase_add_test(tcase, no_public_function_is_left_out_of_the_sweep);
  tcase_add_test(tcase, a_slab_without_addresses_is_refused);
  tcase_add_test(tcase, a_context_without_addresses_for_its_slab_is_refused);
  tcase_add_test(tcase, a_context_with_a_slab_of_its_own_is_refused_at_every_shortage_and_leaves_nothing);
  tcase_add_test(tcase, a_slab_of_a_contexts_own_goes_with_its_last_context);
  tcase_add_test(tcase, a_context_over_the_slabs_limit_is_refused_with_that_status);
}

int main(void) {
  return suite_main("oom", add_tests);
}
