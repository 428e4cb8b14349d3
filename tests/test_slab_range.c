/* SPDX-License-Identifier: MIT
 *
 * A slab that runs out of addresses: the smallest range, filled with each kind of allocation, emptied in part or wholly,
 * filled again; and its slots in fragments.
 */
#include "tests/slabs.h"
#include "tests/suite.h"

enum { RANGE = 256 << 20, SLOTS = RANGE / SLAB_BYTES, MOST = 1 << 20 };

static struct fixture f;
static void *held[MOST];
static size_t n_held;

static void open_f(void) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = RANGE;
  fixture_open_with(&f, &options);
}

static void close_f(void) {
  fixture_close(&f);
}

static void expect_refusal(size_t bytes) {
  uint64_t refused = stats_of(f.slab).refused;
  f.cache.message[0] = 0;
  ck_assert_msg(weft_alloc(f.ctx, bytes) == NULL, "%zu bytes were given out of a full range", bytes);
  ck_assert_int_eq(f.cache.status, WEFT_E_NOMEM);
  ck_assert_msg(strstr(f.cache.message, "addresses") != NULL, "%s", f.cache.message);
  ck_assert_uint_eq(stats_of(f.slab).refused, refused + 1);
  weft_status status = WEFT_OK;
  ck_assert_ptr_null(weft__slab_take(f.slab, bytes, &status));
  ck_assert_int_eq(status, WEFT_E_NOMEM);
}

/* Allocates until refused; a first and a last word tell each from the others. */
static void fill(size_t bytes) {
  for (; n_held < MOST; n_held++) {
    uint64_t *p = weft_alloc(f.ctx, bytes);
    if (p == NULL)
      break;
    held[n_held] = p;
    p[0] = p[bytes / 8 - 1] = n_held;
  }
  EXPECT(n_held < MOST, "%zu bytes: never refused", bytes);
}

static void check_words(size_t bytes) {
  for (size_t i = 0; i < n_held; i++) {
    const uint64_t *p = held[i];
    EXPECT(p[0] == i && p[bytes / 8 - 1] == i, "object %zu of %zu bytes is another's", i, bytes);
  }
}

static void free_all(void) {
  while (n_held > 0)
    EXPECT(weft_free(f.ctx, held[--n_held]) == WEFT_OK, "%s", f.cache.message);
}

/* The share of the range that a full one gives, in percent: mapped ones of 3 MB take two slots each, and
 * the slots of metadata, which stay, may cost one of 50 MB. */
static const struct {
  size_t bytes;
  uint64_t share;
} fills[] = {{640, 96},    {5000, 96},          {32768, 96},   {40960, 96},
             {250000, 90}, {FITS(1 << 20), 96}, {3 << 20, 72}, {FITS(50 << 20), 78}};

START_TEST(a_range_filled_with_one_kind_refuses_every_kind_and_serves_all_again) {
  size_t bytes = fills[_i].bytes;
  uint64_t n = 0;
  for (int round = 0; round < 3; round++) {
    fill(bytes);
    /* Metadata takes a slot, and runs of another size in magazines let some pages between them go to waste. */
    ck_assert_msg((n_held + (bytes > RUN_MAX_BYTES)) * 100 >= n * 98, "round %d: %zu objects of %zu bytes after %" PRIu64,
                  round, n_held, bytes, n);
    n = n_held;
    struct weft_slab_figures stats = stats_of(f.slab);
    uint64_t bytes_held = stats.live_bytes + n * ANNOTATE_RED_ZONE;
    ck_assert_msg(stats.live_objects == n && bytes_held * 100 >= fills[_i].share * RANGE && bytes_held <= RANGE,
                  "%zu bytes: %" PRIu64 " objects of %" PRIu64 " bytes", bytes, stats.live_objects, stats.live_bytes);
    for (size_t kind = 0; kind < sizeof fills / sizeof fills[0]; kind++)
      if (fills[kind].bytes >= bytes)
        expect_refusal(fills[kind].bytes);
    check_words(bytes);
    if (round == 1) { /* every other one, and they are served again */
      for (size_t i = 0; i < n; i += 2)
        EXPECT(weft_free(f.ctx, held[i]) == WEFT_OK, "%s", f.cache.message);
      for (size_t i = 0; i < n; i += 2) {
        uint64_t *p = held[i] = weft_alloc(f.ctx, bytes);
        EXPECT(p != NULL, "object %zu of %zu bytes: %s", i, bytes, f.cache.message);
        p[0] = p[bytes / 8 - 1] = i;
      }
      expect_refusal(bytes);
      check_words(bytes);
    }
    free_all();
    size_t other = fills[(size_t)(_i + round + 1) % (sizeof fills / sizeof fills[0])].bytes;
    fill(other); /* what it has held is no hindrance to others */
    uint64_t share = stats_of(f.slab).live_bytes * 100 / RANGE;
    ck_assert_msg(share >= 70, "%zu after %zu bytes: %" PRIu64 " percent of the range", other, bytes, share);
    free_all();
  }
}
END_TEST

START_TEST(a_range_filled_with_all_kinds_refuses_and_serves_again) {
  struct rng rng = {rng_case_seed(0)};
  for (int round = 0; round < 3; round++) {
    uint64_t refusals = 0;
    while (refusals < 200) {
      size_t bytes = fills[rng_upto(&rng, 6)].bytes;
      uint64_t *p = weft_alloc(f.ctx, bytes);
      refusals += p == NULL;
      ck_assert_msg(p != NULL || f.cache.status == WEFT_E_NOMEM, "%s", f.cache.message);
      if (n_held > 0 && (p == NULL || rng_percent(&rng, 20))) { /* room for another kind */
        size_t i = rng_upto(&rng, n_held - 1);
        EXPECT(weft_free(f.ctx, held[i]) == WEFT_OK, "%s", f.cache.message);
        held[i] = held[--n_held];
      }
      if (p != NULL)
        held[n_held++] = p;
    }
    ck_assert_uint_eq(stats_of(f.slab).live_objects, n_held);
    free_all();
  }
  fill(FITS(50 << 20));
  ck_assert_uint_eq(n_held, 5);
  free_all();
}
END_TEST

START_TEST(slots_in_fragments_serve_what_fits_them) {
  enum { ONE = 1536 << 10, TWO = 3 << 20 };
  fill(ONE); /* a slot each */
  size_t n = n_held;
  ck_assert_msg(n >= SLOTS - 1 && n <= SLOTS, "%zu slots of %d", n, (int)SLOTS);
  for (size_t i = 2; i < n; i += 4)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  expect_refusal(TWO); /* a quarter of the range is free, and no two slots in a row */
  for (size_t i = 1; i < n; i += 4) {
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
    held[i] = NULL;
  }
  size_t pairs = 0;
  while ((held[n + pairs] = weft_alloc(f.ctx, TWO)) != NULL)
    pairs++;
  size_t expected = 0; /* slots i and i + 1 are free for each i of 1 modulo 4 */
  for (size_t i = 1; i + 1 < n; i += 4)
    expected++;
  ck_assert_uint_eq(pairs, expected);
  for (size_t i = 2; i < n; i += 4)
    held[i] = NULL;
  n_held = n + pairs;
  for (size_t i = 0; i < n_held; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
  n_held = 0;
  void *all = weft_alloc(f.ctx, FITS((size_t)(SLOTS - 1) * SLAB_BYTES));
  ck_assert_msg(all != NULL, "%s", f.cache.message);
  ck_assert_int_eq(weft_free(f.ctx, all), WEFT_OK);
}
END_TEST

START_TEST(a_resize_that_finds_no_addresses_leaves_the_object) {
  size_t bytes = FITS(3 << 20);
  uint8_t *p = weft_alloc(f.ctx, bytes);
  mark(p, 1, 0, bytes);
  fill(1536 << 10);
  ck_assert_ptr_null(weft_realloc(f.ctx, p, 9 << 20));
  ck_assert_int_eq(f.cache.status, WEFT_E_NOMEM);
  ck_assert_uint_eq(weft_usable_size(f.ctx, p), bytes);
  ck_assert_uint_eq(unmarked(p, 1, bytes), bytes);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  free_all();
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_loop_test(tcase, a_range_filled_with_one_kind_refuses_every_kind_and_serves_all_again, 0,
                      sizeof fills / sizeof fills[0]);
  tcase_add_test(tcase, a_range_filled_with_all_kinds_refuses_and_serves_again);
  tcase_add_test(tcase, slots_in_fragments_serve_what_fits_them);
  tcase_add_test(tcase, a_resize_that_finds_no_addresses_leaves_the_object);
}

int main(void) {
  return suite_main("slab_range", add_tests);
}
