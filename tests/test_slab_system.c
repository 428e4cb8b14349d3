/* SPDX-License-Identifier: MIT
 *
 * The slab on a system that fails: each call to it in turn, and many at random. The linker puts the functions here before
 * those of alloc/os.c (--wrap), and so every memory that the slab takes or gives back is counted here too.
 */
#include <weft/ctx.h>

#include "alloc/bits.h"
#include "tests/slabs.h"
#include "tests/suite.h"

enum call { RESERVE, SHOW, COMMIT, PURGE, CALLS };

static struct {
  uint64_t calls[CALLS];
  uint64_t asked;   /* calls in all since the countdown was set */
  uint64_t fail_at; /* that call fails; 0: none */
  unsigned percent; /* of calls that fail */
  uint64_t failed;
  struct rng rng;
  uint64_t taken; /* bytes committed and not given back */
} os;

static bool fails(enum call call) {
  os.calls[call]++;
  os.asked++;
  bool failed = os.asked == os.fail_at || (os.percent > 0 && rng_percent(&os.rng, os.percent));
  os.failed += failed;
  return failed;
}

void *__real_weft__os_reserve(size_t bytes, size_t align);
void *__wrap_weft__os_reserve(size_t bytes, size_t align);
bool __real_weft__os_show(void *at, size_t bytes);
bool __wrap_weft__os_show(void *at, size_t bytes);
bool __real_weft__os_commit(void *at, size_t bytes);
bool __wrap_weft__os_commit(void *at, size_t bytes);
bool __real_weft__os_purge(void *at, size_t bytes);
bool __wrap_weft__os_purge(void *at, size_t bytes);
void __real_weft__os_decommit(void *at, size_t bytes);
void __wrap_weft__os_decommit(void *at, size_t bytes);
void __real_weft__os_release(void *at, size_t bytes);
void __wrap_weft__os_release(void *at, size_t bytes);

void *__wrap_weft__os_reserve(size_t bytes, size_t align) {
  return fails(RESERVE) ? NULL : __real_weft__os_reserve(bytes, align);
}

bool __wrap_weft__os_show(void *at, size_t bytes) {
  return !fails(SHOW) && __real_weft__os_show(at, bytes);
}

bool __wrap_weft__os_commit(void *at, size_t bytes) {
  if (fails(COMMIT) || !__real_weft__os_commit(at, bytes))
    return false;
  os.taken += bytes;
  return true;
}

bool __wrap_weft__os_purge(void *at, size_t bytes) {
  return !fails(PURGE) && __real_weft__os_purge(at, bytes);
}

void __wrap_weft__os_decommit(void *at, size_t bytes) {
  __real_weft__os_decommit(at, bytes);
  os.taken -= bytes;
}

void __wrap_weft__os_release(void *at, size_t bytes) {
  __real_weft__os_release(at, bytes);
  os.taken = 0; /* one slab at a time */
}

/* Starts anew with a system that fails at one call (0: at none), or at percent of all. */
static void system_fails(uint64_t at, unsigned percent) {
  os.asked = os.failed = 0;
  os.fail_at = at;
  os.percent = percent;
}

#define SYSTEM_EXPECT(condition, ...)                                                                                  \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      char text_[300];                                                                                                 \
      snprintf(text_, sizeof text_, __VA_ARGS__);                                                                      \
      ck_abort_msg("call %" PRIu64 " of %" PRIu64 " (%u percent) fails: %s", os.fail_at, os.asked, os.percent, text_); \
    }                                                                                                                  \
  } while (0)

/* The work: allocations of every kind, in two contexts, and what has become of them */

enum { HELD = 400, STEPS = 160 };
static struct {
  uint8_t *p;
  size_t bytes;
} held[HELD];
static size_t n_held;
static uint64_t refused; /* by the slab in work, as it must count them itself */
static weft_ctx *ctxs[2];

/* Memory that was purged is the slab's no more, though no mapping says so. */
static uint64_t purged_bytes(const weft_slab *slab) {
  uint64_t pages = 0;
  for (size_t slot = 0; slot < slab->known; slot++)
    if (bits_next_set(slab->used, slot, slot + 1) == slot)
      pages += slab->cold[slot].purged;
  return pages * PAGE_BYTES;
}

static void check_slab(const weft_slab *slab) {
  struct weft_slab_figures stats = stats_of(slab);
  uint64_t contexts = (uint64_t)(ctxs[0] != NULL) + (ctxs[1] != NULL);
  SYSTEM_EXPECT(stats.live_objects == n_held + contexts, "%" PRIu64 " objects are live, not %zu", stats.live_objects,
                n_held);
  SYSTEM_EXPECT(stats.contexts == contexts, "%" PRIu64 " contexts are open", stats.contexts);
  uint64_t taken = os.taken - purged_bytes(slab);
  SYSTEM_EXPECT(stats.committed_bytes == taken, "%" PRIu64 " bytes are committed, not %" PRIu64, stats.committed_bytes,
                taken);
  SYSTEM_EXPECT(stats.refused == refused, "%" PRIu64 " were refused, not %" PRIu64, stats.refused, refused);
  for (size_t i = 0; i < n_held; i++) {
    size_t bad = unmarked(held[i].p, i, held[i].bytes < 200 ? held[i].bytes : 200);
    SYSTEM_EXPECT(bad == held[i].bytes || bad == 200, "byte %zu of %zu is another's", bad, held[i].bytes);
  }
}

/* What a call gave. A refusal has its status and its words. */
static void keep(struct slab_cache *cache, uint8_t *p, size_t bytes) {
  if (p == NULL) {
    SYSTEM_EXPECT(os.failed > 0, "%zu bytes: %s", bytes, cache->message);
    SYSTEM_EXPECT(cache->status == WEFT_E_NOMEM && strstr(cache->message, "no more memory") != NULL, "%zu bytes: %s: %s",
                  bytes, weft_status_text(cache->status), cache->message);
    refused++;
    return;
  }
  mark(p, n_held, 0, bytes < 200 ? bytes : 200);
  p[bytes == 0 ? 0 : bytes - 1] = bytes <= 200 ? p[bytes == 0 ? 0 : bytes - 1] : 1;
  held[n_held].p = p;
  held[n_held++].bytes = bytes;
}

static void grow_last(struct slab_cache *cache, weft_ctx *ctx) {
  size_t last = n_held - 1, bytes = held[last].bytes * 2 + 1;
  uint8_t *p = weft_realloc(ctx, held[last].p, bytes);
  if (p == NULL) {
    keep(cache, NULL, bytes);
    return;
  }
  held[last].p = p;
  mark(p, last, held[last].bytes < 200 ? held[last].bytes : 200, bytes < 200 ? bytes : 200);
  held[last].bytes = bytes;
}

static void open_contexts(weft_slab *slab) {
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.slab = slab;
  weft_status status = weft_ctx_create(&options, &ctxs[0]);
  if (status == WEFT_OK)
    status = weft_ctx_clone(ctxs[0], &ctxs[1]);
  if (status == WEFT_OK)
    return;
  SYSTEM_EXPECT(os.failed > 0 && status == WEFT_E_NOMEM &&
                    strstr(weft_ctx_message(NULL), "no memory for a context") != NULL,
                "a context: %s: %s", weft_status_text(status), weft_ctx_message(NULL));
  refused++;
}

static void work(weft_slab *slab) {
  static const size_t sizes[] = {16, 100, 1000, 5000, 30000, 40000, 300000, 1 << 20, (1 << 20) + 1, 5 << 20};
  open_contexts(slab);
  check_slab(slab);
  for (size_t step = 0; step < STEPS; step++) {
    weft_ctx *ctx = ctxs[step / 3 % 2] != NULL ? ctxs[step / 3 % 2] : ctxs[0];
    struct slab_cache *cache = (struct slab_cache *)(void *)ctx;
    if (ctx == NULL)
      return;
    size_t bytes = sizes[step % (sizeof sizes / sizeof sizes[0])];
    if (step % 7 == 6 && n_held > 0 && held[n_held - 1].bytes < 4 << 20)
      grow_last(cache, ctx);
    else if (step % 11 == 10)
      keep(cache, weft_aligned_alloc(ctx, bytes, (size_t)1 << step % 22), bytes);
    else if (step % 13 == 12)
      keep(cache, weft_zalloc(ctx, bytes), bytes);
    else
      keep(cache, weft_alloc(ctx, bytes), bytes);
    if (step % 5 == 4 && n_held > 0)
      SYSTEM_EXPECT(weft_free(ctx, held[--n_held].p) == WEFT_OK, "%s", cache->message);
    if (step % 40 == 39) {
      weft_flush(ctx);
      SYSTEM_EXPECT(weft_slab_trim(slab, NULL) == WEFT_OK, "not trimmed");
    }
    if (step % 8 == 7)
      check_slab(slab);
  }
}

/* Gives all back: what then is left are the registry and metadata alone. */
static void end_work(weft_slab *slab) {
  check_slab(slab);
  for (; n_held > 0; n_held--)
    SYSTEM_EXPECT(weft_slab_free(slab, held[n_held - 1].p) == WEFT_OK, "an object was not freed");
  for (size_t i = 0; i < 2; i++) {
    weft_ctx_free(ctxs[i]);
    ctxs[i] = NULL;
  }
  weft__depot_trim(slab);
  check_slab(slab);
  SYSTEM_EXPECT(stats_of(slab).slabs == 0, "%" PRIu64 " slabs are left", stats_of(slab).slabs);
  size_t slots = 0;
  for (size_t slot = 0; (slot = bits_next_set(slab->used, slot, slab->known)) < slab->known; slot++, slots++)
    SYSTEM_EXPECT(GET(slab->hot[slot].kind) == SLOT_META, "slot %zu, of kind %u, is lost", slot, GET(slab->hot[slot].kind));
  SYSTEM_EXPECT(slots <= 1, "%zu slots of metadata", slots);
}

/* Creates a slab; NULL: the system failed. */
static weft_slab *create(void) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = (size_t)1 << 30;
  weft_slab *slab = (weft_slab *)&options;
  os.taken = refused = 0;
  weft_status status = weft_slab_create(&options, &slab);
  if (status == WEFT_OK)
    return slab;
  SYSTEM_EXPECT(status == WEFT_E_NOMEM && slab == NULL && os.failed > 0, "creating: %s", weft_status_text(status));
  SYSTEM_EXPECT(strncmp(weft_ctx_message(NULL), "weft_slab_create: ", 18) == 0, "words: %s", weft_ctx_message(NULL));
  SYSTEM_EXPECT(os.taken == 0, "%" PRIu64 " bytes are lost", os.taken);
  return NULL;
}

static void release(weft_slab *slab) {
  weft_status status = weft_slab_release(slab);
  SYSTEM_EXPECT(status == WEFT_OK && os.taken == 0, "release: %s", weft_status_text(status));
}

START_TEST(each_call_to_the_system_fails_once_and_nothing_is_lost) {
  uint64_t n = 0, refusals = 0, kept = 0;
  for (bool failed = true; failed; n++) {
    system_fails(n, 0); /* first none, to see what is kept without failures */
    weft_slab *slab = create();
    if (slab == NULL)
      continue;
    work(slab);
    end_work(slab);
    failed = n == 0 || os.failed > 0;
    refusals += refused;
    SYSTEM_EXPECT(refused <= 1, "%" PRIu64 " were refused", refused);
    if (n == 0)
      kept = os.taken;
    SYSTEM_EXPECT(os.taken <= kept, "%" PRIu64 " bytes are kept, %" PRIu64 " without failures", os.taken, kept);
    system_fails(0, 0); /* and the slab works as if nothing had been */
    uint64_t before = refused;
    work(slab);
    SYSTEM_EXPECT(refused == before, "refused after the failure");
    end_work(slab);
    SYSTEM_EXPECT(os.taken <= kept, "%" PRIu64 " bytes are kept, %" PRIu64 " without failures", os.taken, kept);
    release(slab);
  }
  printf("slab_system: %" PRIu64 " calls failed in turn, %" PRIu64 " requests were refused\n", n - 2, refusals);
  ck_assert_uint_gt(n, 50);
  ck_assert_uint_gt(refusals, 0);
  for (int call = 0; call < CALLS; call++)
    ck_assert_msg(os.calls[call] > 0, "call %d never came here", call);
}
END_TEST

START_TEST(a_system_that_fails_at_random_costs_nothing_but_what_it_refuses) {
  uint64_t kept = 0;
  unsigned percents[] = {2, 10, 30, 60, 90, 100};
  system_fails(0, 0);
  weft_slab *slab = create();
  os.rng.state = rng_case_seed(0);
  for (size_t round = 0; round < 1 + rng_cases(120); round++) {
    system_fails(0, round == 0 ? 0 : percents[round % (sizeof percents / sizeof percents[0])]);
    work(slab);
    end_work(slab);
    if (round == 0)
      kept = os.taken;
    SYSTEM_EXPECT(os.taken <= kept,
                  "round %zu, seed 0x%" PRIx64 ": %" PRIu64 " bytes are kept, %" PRIu64 " without failures", round,
                  rng_case_seed(0), os.taken, kept);
  }
  ck_assert_uint_gt(refused, 0);
  system_fails(0, 0);
  uint64_t before = refused;
  work(slab);
  end_work(slab);
  ck_assert_uint_eq(refused, before);
  release(slab);
}
END_TEST

START_TEST(a_range_that_the_system_refuses_is_halved_until_it_grants_one) {
  struct weft_slab_options options;
  weft_slab *slab;
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = (size_t)1 << 30;
  for (uint64_t at = 1; at <= 3; at++) { /* the reservation, showing the registry, its first memory */
    system_fails(at, 0);
    ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_OK);
    ck_assert_uint_eq(stats_of(slab).reserved_bytes, options.reserve_bytes / 2);
    ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
  }
  system_fails(0, 100);
  uint64_t before = os.calls[RESERVE];
  ck_assert_int_eq(weft_slab_create(&options, &slab), WEFT_E_NOMEM);
  ck_assert_ptr_null(slab);
  ck_assert_uint_eq(os.calls[RESERVE], before + 3); /* 1 GiB, 512 MiB, 256 MiB */
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, each_call_to_the_system_fails_once_and_nothing_is_lost);
  tcase_add_test(tcase, a_system_that_fails_at_random_costs_nothing_but_what_it_refuses);
  tcase_add_test(tcase, a_range_that_the_system_refuses_is_halved_until_it_grants_one);
}

int main(void) {
  return suite_main("slab_system", add_tests);
}
