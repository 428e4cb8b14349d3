/* SPDX-License-Identifier: MIT
 *
 * No memory from the system, by limits on the process: slabs and contexts are refused at every shortage, and leave nothing;
 * and the limit of a slab, which has a status of its own.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "contexts.h"
#include "suite.h"

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
  tcase_add_test(tcase, a_slab_without_addresses_is_refused);
  tcase_add_test(tcase, a_context_without_addresses_for_its_slab_is_refused);
  tcase_add_test(tcase, a_context_with_a_slab_of_its_own_is_refused_at_every_shortage_and_leaves_nothing);
  tcase_add_test(tcase, a_slab_of_a_contexts_own_goes_with_its_last_context);
  tcase_add_test(tcase, a_context_over_the_slabs_limit_is_refused_with_that_status);
}

int main(void) {
  return suite_main("oom_system", add_tests);
}
