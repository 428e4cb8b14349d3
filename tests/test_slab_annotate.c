/* SPDX-License-Identifier: MIT
 *
 * What memory checkers are told of the slab: which bytes are open, and that an access to any other is found. In builds with
 * AddressSanitizer, where a child dies of it, and, with WEFT_VALGRIND, under memcheck (memcheck.sh), which goes on.
 */
#include "tests/one_slab.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The checker */

static bool closed(const void *p) {
#if defined(ANNOTATE_ASAN)
  return __asan_address_is_poisoned(p);
#else
  char bits;
  return VALGRIND_GET_VBITS(p, &bits, 1) == 3;
#endif
}

#if defined(ANNOTATE_ASAN)
/* Without the names of functions, which take much of a second a report. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "symbolize=0";
}
#endif

static volatile uint8_t seen; /* Valgrind leaves loads out that nobody uses */

static void touch(uint8_t *p, bool write) {
  if (write)
    *(volatile uint8_t *)p = 1;
  else
    seen = *(const volatile uint8_t *)p;
}

/* What the checker says of a read or write of one byte; "" when it says nothing. */
static const char *said_of(uint8_t *p, bool write) {
  static char text[8192];
  text[0] = 0;
#if defined(ANNOTATE_ASAN)
  int ends[2], status;
  ck_assert_int_eq(pipe(ends), 0);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    touch(p, write);
    _exit(EXIT_SUCCESS);
  }
  close(ends[1]);
  size_t n = 0;
  for (ssize_t got; n < sizeof text - 1 && (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0;)
    n += (size_t)got;
  text[n] = 0;
  close(ends[0]);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
    ck_assert_str_eq(text, "");
#else
  unsigned long before = VALGRIND_COUNT_ERRORS;
  touch(p, write);
  if (VALGRIND_COUNT_ERRORS > before)
    snprintf(text, sizeof text, "%s", write ? "an invalid write" : "an invalid read");
#endif
  return text;
}

static void expect_found(void *p, size_t bytes, const char *where) {
#if defined(ANNOTATE_ASAN)
  const char *const words[] = {"READ of size 1", "WRITE of size 1"};
#else
  const char *const words[] = {"an invalid read", "an invalid write"};
#endif
  for (int write = 0; write < 2; write++) {
    const char *said = said_of(p, write);
    EXPECT(strstr(said, words[write]) != NULL, "%s %s of %zu bytes: \"%s\"", write ? "writing" : "reading", where, bytes,
           said);
#if defined(ANNOTATE_ASAN)
    EXPECT(strstr(said, "use-after-poison") != NULL, "%s of %zu bytes: \"%s\"", where, bytes, said);
#endif
  }
}

/* Steps through what lies between two ends: every byte near them. */
static size_t next_byte(size_t i, size_t end) {
  return i < 300 || i + 300 >= end ? i + 1 : i + 251;
}

/* Of an object of bytes, exactly those are open. The byte before the first object of a slot is another slot's, or no
 * memory. */
static void expect_open(const uint8_t *p, size_t bytes) {
  size_t asked = bytes == 0 ? 1 : bytes;
  struct slab_place place;
  EXPECT(p != NULL, "%zu bytes: %s", bytes, f.cache.message);
  ck_assert_int_eq(weft__slab_find(f.slab, p, &place), WEFT_OK);
  EXPECT(place.bytes >= asked, "%zu bytes: %zu usable", bytes, place.bytes);
  for (size_t i = 0; i < asked; i = next_byte(i, asked))
    EXPECT(!closed(p + i), "%zu bytes: byte %zu is closed", bytes, i);
  size_t end = place.bytes + ANNOTATE_RED_ZONE;
  for (size_t i = asked; i < end; i = next_byte(i - asked, end - asked) + asked)
    EXPECT(closed(p + i), "%zu bytes: byte %zu is open", bytes, i);
  EXPECT(((uintptr_t)p & (SLAB_BYTES - 1)) == 0 || closed(p - 1), "%zu bytes: the byte before is open", bytes);
}

static void expect_closed(const uint8_t *p, size_t bytes, const char *where) {
  for (size_t i = 0; i < bytes; i = next_byte(i, bytes))
    EXPECT(closed(p + i), "%s: byte %zu of %zu is open", where, i, bytes);
}

/* Which bytes are open */

/* Every size to 600, and the edges of every class above. */
static size_t next_size(size_t bytes) {
  if (bytes < 600)
    return bytes + 1;
  for (unsigned class_ = 0; class_ < BINS; class_++)
    for (size_t at = class_usable(class_) - 1; at <= class_usable(class_) + 1 && class_ > 0; at++)
      if (at > bytes)
        return at;
  return bytes + (1 << 20) - 5000;
}

START_TEST(what_was_asked_for_is_open_and_no_byte_more) {
  for (size_t bytes = 0; bytes < 5 << 20; bytes = next_size(bytes)) {
    size_t align = (size_t)16 << bytes % 5;
    uint8_t *p[] = {weft_alloc(f.ctx, bytes), weft_zalloc(f.ctx, bytes), weft_aligned_alloc(f.ctx, bytes, align),
                    weft__slab_alloc(f.slab, bytes)};
    for (int way = 0; way < 4; way++)
      expect_open(p[way], bytes);
    ck_assert_uint_eq((uintptr_t)p[2] % align, 0);
    ck_assert_int_eq(weft_free(f.ctx, p[0]) | weft_free_sized(f.ctx, p[1], bytes), WEFT_OK);
    ck_assert_int_eq(weft_slab_free(f.slab, p[2]) | weft_free(f.ctx, p[3]), WEFT_OK);
  }
}
END_TEST

START_TEST(memory_that_was_never_given_out_is_closed) {
  static const size_t sizes[] = {100, 5000, 70000};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    uint8_t *p = weft_alloc(f.ctx, sizes[s]);
    uint32_t slot = slot_of(f.slab, p);
    uint8_t *memory = (uint8_t *)slot_start(f.slab, slot);
    size_t committed = f.slab->cold[slot].committed, unopened = 0;
    for (size_t i = 0; i < committed; i++)
      unopened += closed(memory + i);
    ck_assert_uint_eq(committed - unopened, sizes[s]);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

START_TEST(what_is_freed_is_closed_wherever_it_waits) {
  for (size_t kind = 0; kind < KINDS; kind++) {
    size_t bytes = kinds[kind];
    uint8_t *beside[2] = {weft_alloc(f.ctx, bytes), NULL}, *p[3];
    for (int way = 0; way < 3; way++)
      p[way] = weft_alloc(f.ctx, bytes);
    beside[1] = weft_alloc(f.ctx, bytes);
    ck_assert_int_eq(weft_free(f.ctx, p[0]) | weft_slab_free(f.slab, p[1]) | weft_free_sized(f.ctx, p[2], bytes), WEFT_OK);
    for (int way = 0; way < 3 && bytes < 9 << 20; way++)
      expect_closed(p[way], bytes, "freed");
    weft_flush(f.ctx);
    for (int way = 0; way < 3 && bytes < 9 << 20; way++)
      expect_closed(p[way], bytes, "in its slab");
    if (bytes <= 500000) {
      ck_assert_int_eq(weft_slab_trim(f.slab, NULL), WEFT_OK); /* their slab stays, with a live neighbour */
      for (int way = 0; way < 3; way++)
        expect_closed(p[way], bytes, "trimmed");
    }
    for (int i = 0; i < 2; i++) {
      expect_open(beside[i], bytes);
      ck_assert_int_eq(weft_free(f.ctx, beside[i]), WEFT_OK);
    }
  }
}
END_TEST

START_TEST(without_magazines_what_is_freed_is_closed) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  for (options.check = WEFT_CHECK_STATE; options.check <= WEFT_CHECK_ATOMIC; options.check++)
    for (options.cache_bytes = 1; options.cache_bytes < 1 << 20; options.cache_bytes *= 50000) {
      fixture_close(&f);
      fixture_open_with(&f, &options);
      uint8_t *beside = weft_alloc(f.ctx, 1000), *p = weft_alloc(f.ctx, 1000);
      ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
      expect_closed(p, 1000, "freed");
      expect_open(beside, 1000);
      ck_assert_int_eq(weft_free(f.ctx, beside), WEFT_OK);
    }
}
END_TEST

static size_t next_mark(size_t i) {
  return i < 300 ? i + 1 : i + 251;
}
static void put_marks(uint8_t *p, size_t bytes) {
  for (size_t i = 0; i < bytes; i = next_mark(i))
    p[i] = mark_byte(1, i);
}
static void expect_marks(const uint8_t *p, size_t bytes) {
  for (size_t i = 0; i < bytes; i = next_mark(i))
    EXPECT(p[i] == mark_byte(1, i), "byte %zu of %zu was not kept", i, bytes);
}

START_TEST(resizing_opens_and_closes_in_place_and_elsewhere) {
  static const size_t sizes[] = {90,      83,      96,      1,       500,     504,     70000,         72000, 70001,
                                 1 << 20, 3 << 20, 9 << 20, 5 << 20, 5000001, 2 << 20, (2 << 20) + 9, 100,   1000};
  for (size_t from = 0; from < sizeof sizes / sizeof sizes[0]; from++) {
    uint8_t *p = weft_alloc(f.ctx, sizes[from]);
    size_t has = sizes[from];
    put_marks(p, has);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
      uint8_t *before = p;
      p = weft_realloc(f.ctx, p, sizes[s]);
      expect_open(p, sizes[s]);
      if (p != before && has <= RUN_MAX_BYTES - ANNOTATE_RED_ZONE)
        expect_closed(before, has, "where it was");
      expect_marks(p, has < sizes[s] ? has : sizes[s]);
      put_marks(p, sizes[s]);
      has = sizes[s];
    }
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

START_TEST(who_asks_how_much_is_usable_may_use_it) {
  for (size_t kind = 0; kind < KINDS; kind++) {
    uint8_t *p = weft_alloc(f.ctx, kinds[kind]);
    size_t usable = weft_usable_size(f.ctx, p);
    ck_assert_uint_ge(usable, kinds[kind]);
    expect_open(p, usable);
    mark(p, kind, 0, usable);
    p = weft_realloc(f.ctx, p, usable + 5000);
    ck_assert_uint_eq(unmarked(p, kind, usable), usable);
    expect_open(p, usable + 5000);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

/* What lies at those addresses next is no business of the slab's. */
START_TEST(a_slab_that_is_released_leaves_its_addresses_open) {
  enum { N = 200 };
  struct fixture own;
  fixture_open(&own);
  void *p[N];
  for (size_t i = 0; i < N; i++)
    p[i] = weft_alloc(own.ctx, kinds[i % KINDS]);
  uint8_t *base = (uint8_t *)own.slab->base;
  size_t bytes = own.slab->known * SLAB_BYTES;
  for (size_t i = 0; i < N; i++)
    ck_assert_int_eq(weft_free(own.ctx, p[i]), WEFT_OK);
  fixture_close(&own);
  ck_assert_ptr_eq(mmap(base, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                   base);
  for (size_t i = 0; i < bytes; i += 512)
    EXPECT(!closed(base + i), "byte %zu is closed", i);
  munmap(base, bytes);
}
END_TEST

/* What is found */

START_TEST(an_access_past_an_end_or_before_a_start_is_found) {
  static const size_t sizes[] = {1, 16, 100, 4096 + 48, 65000, 70000, 100000, RUN_MAX_BYTES - 16, 3000000, (4 << 20) - 16};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    uint8_t *first = weft_alloc(f.ctx, sizes[s]), *p = weft_alloc(f.ctx, sizes[s]), *beside = p > first ? p : first;
    expect_found(p + sizes[s], sizes[s], "past the end");
    if (((uintptr_t)beside & (SLAB_BYTES - 1)) != 0)
      expect_found(beside - 1, sizes[s], "before the start");
    ck_assert_str_eq(said_of(p, true), "");
    ck_assert_str_eq(said_of(p + sizes[s] - 1, true), "");
    ck_assert_int_eq(weft_free(f.ctx, p) | weft_free(f.ctx, first), WEFT_OK);
  }
}
END_TEST

START_TEST(an_access_past_the_end_of_each_class_is_found) {
  for (unsigned class_ = 1; class_ < BINS; class_++) {
    uint8_t *p = weft_aligned_alloc(f.ctx, class_usable(class_), class_ < CLASSES ? 16 : PAGE_BYTES);
    EXPECT(weft_usable_size(f.ctx, p) == class_usable(class_), "class %u: %zu usable", class_, weft_usable_size(f.ctx, p));
    expect_found(p + class_usable(class_), class_usable(class_), "past the end");
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  }
}
END_TEST

START_TEST(an_access_after_the_free_is_found) {
  static const size_t sizes[] = {1, 100, 5000, 65000, 70000, 500000, 3000000};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    uint8_t *p = weft_alloc(f.ctx, sizes[s]);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
    expect_found(p, sizes[s], "after the free");
    expect_found(p + sizes[s] - 1, sizes[s], "after the free");
  }
}
END_TEST

START_TEST(a_wrong_free_is_told_by_its_status_alone) {
  uint8_t *p = weft_alloc(f.ctx, 100);
#if defined(ANNOTATE_VALGRIND)
  unsigned long before = VALGRIND_COUNT_ERRORS;
#endif
  ck_assert_int_eq(weft_free(f.ctx, p + 16), WEFT_E_INVALID);
  ck_assert_int_eq(weft_free(f.ctx, &f), WEFT_E_FOREIGN);
  ck_assert_int_eq(weft_free_sized(f.ctx, p, 1000), WEFT_E_INVALID);
  expect_open(p, 100);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
  ck_assert_int_eq(weft_free(f.ctx, p), WEFT_E_DOUBLE_FREE);
  ck_assert_int_eq(weft_slab_free(f.slab, p), WEFT_E_DOUBLE_FREE);
  ck_assert_ptr_null(weft_realloc(f.ctx, p, 10));
  ck_assert_uint_eq(weft_usable_size(f.ctx, p), 0);
  expect_closed(p, 100, "freed");
#if defined(ANNOTATE_VALGRIND)
  ck_assert_uint_eq(VALGRIND_COUNT_ERRORS, before);
#endif
}
END_TEST

#if defined(ANNOTATE_VALGRIND)
/* Which bits of a byte memcheck takes for uninitialised. */
static unsigned unknown_bits(const uint8_t *p) {
  unsigned char bits;
  EXPECT(VALGRIND_GET_VBITS(p, &bits, 1) == 1, "%p is closed", (const void *)p);
  return bits;
}

START_TEST(bytes_that_nobody_has_written_are_uninitialised) {
  static const size_t sizes[] = {100, 5000, 70000, 3000000};
  for (size_t i = 0; i < 8; i++) { /* each size twice, for it may be given another's bytes */
    size_t bytes = sizes[i / 2], more = bytes + bytes / 2;
    uint8_t *p = weft_alloc(f.ctx, bytes);
    ck_assert_uint_eq(unknown_bits(p) & unknown_bits(p + bytes - 1), 255);
    memset(p, 3, bytes);
    p = weft_realloc(f.ctx, p, more);
    ck_assert_uint_eq(unknown_bits(p) | unknown_bits(p + bytes - 1), 0);
    ck_assert_uint_eq(unknown_bits(p + bytes) & unknown_bits(p + more - 1), 255);
    unsigned long before = VALGRIND_COUNT_ERRORS;
    if (p[bytes] > 3)
      memset(p, 4, 1);
    ck_assert_uint_eq(VALGRIND_COUNT_ERRORS, before + 1);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
    p = weft_zalloc(f.ctx, bytes);
    for (size_t at = 0; at < bytes; at = next_byte(at, bytes))
      EXPECT(unknown_bits(p + at) == 0, "byte %zu of %zu zeros is uninitialised", at, bytes);
    ck_assert_int_eq(weft_free(f.ctx, p), WEFT_OK);
    ck_assert_int_eq(weft_slab_trim(f.slab, NULL), WEFT_OK);
  }
}
END_TEST
#endif

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  tcase_add_test(tcase, what_was_asked_for_is_open_and_no_byte_more);
  tcase_add_test(tcase, memory_that_was_never_given_out_is_closed);
  tcase_add_test(tcase, what_is_freed_is_closed_wherever_it_waits);
  tcase_add_test(tcase, without_magazines_what_is_freed_is_closed);
  tcase_add_test(tcase, resizing_opens_and_closes_in_place_and_elsewhere);
  tcase_add_test(tcase, who_asks_how_much_is_usable_may_use_it);
  tcase_add_test(tcase, a_slab_that_is_released_leaves_its_addresses_open);
  tcase_add_test(tcase, an_access_past_an_end_or_before_a_start_is_found);
  tcase_add_test(tcase, an_access_past_the_end_of_each_class_is_found);
  tcase_add_test(tcase, an_access_after_the_free_is_found);
  tcase_add_test(tcase, a_wrong_free_is_told_by_its_status_alone);
#if defined(ANNOTATE_VALGRIND)
  tcase_add_test(tcase, bytes_that_nobody_has_written_are_uninitialised);
#endif
}

int main(void) {
  return suite_main("slab_annotate", add_tests);
}
