/* SPDX-License-Identifier: MIT
 *
 * The guard-page harness: the one way by which tests hand data to kernels and to the functions above them. Memory lies
 * flush against a page that can be neither read nor written, before it or after it, and so a masked load, a gather or an
 * inlined word access that leaves it dies at once, where address sanitizers see nothing. A death prints the case at hand.
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "rng.h"

/* Against which of its two guard pages an array lies. */
enum guard_side { GUARD_LOW, GUARD_HIGH };

/* Areas of memory, each between two guard pages, taken one by one and given back all at once. */
#define GUARD_AREAS 2048
struct guard_pool {
  struct guard_area {
    uint8_t *first; /* directly after the lower guard page */
    size_t bytes;   /* up to the upper guard page; whole pages */
  } areas[GUARD_AREAS];
  size_t mapped; /* areas that exist */
  size_t taken;  /* of those, areas[0 .. taken) are in use */
};

/* An array of bytes in an area of its own, filled with garbage from rng (with 0xA5 where rng is NULL), as are the 64 bytes
 * beyond its open end. shift: bytes left between the array and its guard page, 0 for flush. bytes 0 gives a pointer that
 * lies on the guarded border itself. Ends the test when there is no memory. */
void *guard_take(struct guard_pool *pool, enum guard_side side, size_t bytes, size_t shift, struct rng *rng);

/* Gives back all that was taken after the first `keep` areas; the areas stay mapped for the next who takes. */
void guard_reset(struct guard_pool *pool, size_t keep);

/* Unmaps all. */
void guard_close(struct guard_pool *pool);

/* What is being tested: the words that every failure message carries. Printed by the harness when the test dies of a
 * signal, and by CASE_FAIL. length is the longest row of the case, or the one length that all rows have. */
struct guard_case {
  const char *what; /* kernel, layout or function */
  const char *isa;
  size_t rows;
  size_t length;
  uint64_t seed;
};
extern struct guard_case guard_case;

/* The case as text: "xxh64 isa=avx2 rows=67 length=12 seed=0x1234"; static storage. */
const char *guard_case_text(void);

/* Makes SIGSEGV and SIGBUS, SIGILL and SIGFPE print the case before they take their usual course. */
void guard_catch(void);

/* Fails the running test with the case, the row and a formatted text; needs <check.h>. CASE_CHECK: unless condition
 * holds. */
#define CASE_FAIL(row, ...)                                                       \
  do {                                                                            \
    char case_text_[256];                                                         \
    snprintf(case_text_, sizeof case_text_, __VA_ARGS__);                         \
    ck_abort_msg("%s row=%zu: %s", guard_case_text(), (size_t)(row), case_text_); \
  } while (0)
#define CASE_CHECK(condition, row, ...) \
  do {                                  \
    if (!(condition))                   \
      CASE_FAIL(row, __VA_ARGS__);      \
  } while (0)

#endif
