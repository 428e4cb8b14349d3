/* SPDX-License-Identifier: MIT
 *
 * Golden encodings and files, cut off at every byte and with every bit flipped: found by weft_verify and
 * weft_reader_verify, and harmless to everything that does not look, with the sums as they were and with sums made right
 * again.
 */
#include "attempts.h"
#include "contexts.h"
#include "golden/golden.h"
#include "repair.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;
static weft_ctx *ctxs[SIMD_ISAS];

/* The file, and a copy that ends at a guard page. */
static uint8_t *whole, *damaged;
static size_t bytes;

static void open_file(const char *name, const char *extension) {
  for (int i = 0; i < tables.n; i++)
    ctxs[i] = ctx_on(tables.list[i]->isa, 0);
  whole = golden_read(name, extension, &bytes);
  damaged = guard_take(&pool, GUARD_HIGH, bytes, 0, NULL);
  memcpy(damaged, whole, bytes);
  guard_case = (struct guard_case){.what = name, .rows = bytes};
}

static void close_file(void) {
  for (int i = 0; i < tables.n; i++)
    weft_ctx_free(ctxs[i]);
  free(whole);
  guard_close(&pool);
}

/* One case in so many is tried, where the build is slow. */
static size_t step(void) {
  size_t part = rng_cases(100);
  return part >= 100 ? 1 : 100 / part;
}

/* The next table's context. */
static weft_ctx *next_ctx(size_t i) {
  guard_case.isa = tables.list[i % (size_t)tables.n]->isa;
  return ctxs[i % (size_t)tables.n];
}

/* A file whose head claims to be longer than what may be allocated is refused for that. */
static bool is_found(weft_status status, bool is_file) {
  return status == WEFT_E_CORRUPT || status == WEFT_E_UNSUPPORTED || (is_file && status == WEFT_E_LIMIT);
}

/* Tries a damaged encoding, or file: what weft_verify, or weft_reader_verify and the calls before it, say. */
static weft_status attempt(bool is_file, size_t i, const uint8_t *at, size_t n, const char **say) {
  struct rng rng = {rng_case_seed(i)};
  struct attempts attempts;
  weft_status all = WEFT_OK;
  guard_case.seed = rng.state;
  if (is_file) {
    *say = attempt_file(next_ctx(i), &rng, at, n, &all);
    return all;
  }
  *say = attempt_encoding(next_ctx(i), &pool, &rng, at, n, &attempts);
  return *say ? WEFT_OK : attempts.verify;
}

static void cut_everywhere(bool is_file) {
  for (size_t n = 0; n < bytes; n += n < 64 ? 1 : step()) {
    const char *say;
    size_t kept = pool.taken;
    uint8_t *cut = guard_take(&pool, GUARD_HIGH, n, 0, NULL);
    memcpy(cut, whole, n);
    weft_status status = attempt(is_file, n, cut, n, &say);
    CASE_CHECK(!say, n, "%s", say);
    CASE_CHECK(is_found(status, is_file), n, "cut off there: %s", weft_status_text(status));
    guard_reset(&pool, kept);
  }
}

/* Whether weft_decode_room, which stands for all calls that decode, and weft_decode find what is wrong where sums are to be
 * compared, though no row is asked for. */
static bool sums_are_compared(weft_ctx *ctx) {
  struct weft_decode_options options;
  struct weft_buffers room = {.size = sizeof room};
  weft_decoded *decoded;
  weft_decode_options_init(&options, sizeof options);
  options.check_sums = true;
  options.rows = 0;
  return is_found(weft_decode_room(ctx, damaged, bytes, &options, &room), false) &&
         is_found(weft_decode(ctx, damaged, bytes, &options, &decoded), false);
}

/* Encodings are tried with right sums alone, as what decodes them compares no others than the header's unless it is told
 * to. */
static void flip_everywhere(bool is_file, bool repaired) {
  for (size_t bit = 0; bit < 8 * bytes; bit += step()) {
    const char *say = NULL;
    weft_status status;
    damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (repaired && is_file)
      repair_file(damaged, bytes);
    else if (repaired)
      repair_encoding(damaged, bytes);
    if (is_file || repaired)
      status = attempt(is_file, bit, damaged, bytes, &say);
    else
      status = weft_verify(next_ctx(bit), damaged, bytes);
    CASE_CHECK(is_file || repaired || sums_are_compared(next_ctx(bit)), bit / 8, "bit %zu flipped, and not found", bit % 8);
    CASE_CHECK(!say, bit / 8, "bit %zu flipped: %s", bit % 8, say);
    CASE_CHECK(repaired || is_found(status, is_file), bit / 8, "bit %zu flipped: %s", bit % 8, weft_status_text(status));
    if (repaired)
      memcpy(damaged, whole, bytes);
    else
      damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
}

START_TEST(sums_that_are_right_stay_as_they_are_when_they_are_repaired) {
  bool is_file = _i >= (int)golden_count;
  open_file(is_file ? golden_files[_i - (int)golden_count].name : golden[_i].name, is_file ? "weft" : "wfc");
  if (is_file)
    repair_file(damaged, bytes);
  else
    repair_encoding(damaged, bytes);
  ck_assert_mem_eq(damaged, whole, bytes);
  const char *say;
  weft_status status = attempt(is_file, 0, damaged, bytes, &say);
  CASE_CHECK(!say && status == WEFT_OK, 0, "%s, %s", weft_status_text(status), say ? say : "");
  close_file();
}
END_TEST

START_TEST(an_encoding_that_is_cut_off_is_found_and_harmless) {
  open_file(golden[_i].name, "wfc");
  cut_everywhere(false);
  close_file();
}
END_TEST

START_TEST(an_encoding_with_any_bit_flipped_is_found) {
  open_file(golden[_i].name, "wfc");
  flip_everywhere(false, false);
  close_file();
}
END_TEST

START_TEST(an_encoding_with_any_bit_flipped_and_right_sums_is_harmless) {
  open_file(golden[_i].name, "wfc");
  flip_everywhere(false, true);
  close_file();
}
END_TEST

START_TEST(a_file_that_is_cut_off_is_found_and_harmless) {
  open_file(golden_files[_i].name, "weft");
  cut_everywhere(true);
  close_file();
}
END_TEST

START_TEST(a_file_with_any_bit_flipped_is_found_and_harmless) {
  open_file(golden_files[_i].name, "weft");
  flip_everywhere(true, false);
  close_file();
}
END_TEST

START_TEST(a_file_with_any_bit_flipped_and_right_sums_is_harmless) {
  open_file(golden_files[_i].name, "weft");
  flip_everywhere(true, true);
  close_file();
}
END_TEST

static void add_tests(TCase *tcase) {
  int encodings = (int)golden_count, files = (int)golden_files_count;
  tables = tables_here();
  tcase_add_loop_test(tcase, sums_that_are_right_stay_as_they_are_when_they_are_repaired, 0, encodings + files);
  tcase_add_loop_test(tcase, an_encoding_that_is_cut_off_is_found_and_harmless, 0, encodings);
  tcase_add_loop_test(tcase, an_encoding_with_any_bit_flipped_is_found, 0, encodings);
  tcase_add_loop_test(tcase, an_encoding_with_any_bit_flipped_and_right_sums_is_harmless, 0, encodings);
  tcase_add_loop_test(tcase, a_file_that_is_cut_off_is_found_and_harmless, 0, files);
  tcase_add_loop_test(tcase, a_file_with_any_bit_flipped_is_found_and_harmless, 0, files);
  tcase_add_loop_test(tcase, a_file_with_any_bit_flipped_and_right_sums_is_harmless, 0, files);
}

int main(void) {
  return suite_main("codec_corrupt", add_tests);
}
