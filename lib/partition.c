/* SPDX-License-Identifier: MIT
 *
 * Partitions: two passes over the rows. The first finds each row's part and counts, the second puts row numbers in their
 * places, straight or, where that pays, by the kernel that collects whole cache lines.
 */
#include "lib/ctx.h"

#include <string.h>
#include <weft/partition.h>

enum { MOST_BITS = 16, LINES_PARTS = 512, LINES_ROWS = 1 << 20, LINES_ROWS_A_PART = 128 };

/* How hashes become numbers of parts. */
struct dividing {
  unsigned bits;       /* by bits, where n is 0 */
  uint64_t n;          /* by modulo */
  uint64_t reciprocal; /* floor((2^64 - 1) / n) */
  uint64_t flip;       /* of a signed hash h, h + 2^63 is divided, */
  uint64_t shift;      /* and the remainder of -2^63 added */
};

static struct dividing dividing_by(enum weft_parts by, uint32_t n) {
  if (by == WEFT_PARTS_BITS)
    return (struct dividing){.bits = n};
  struct dividing d = {.n = n, .reciprocal = UINT64_MAX / n};
  if (by == WEFT_PARTS_PMOD) {
    d.flip = (uint64_t)1 << 63;
    d.shift = (n - d.flip % n) % n;
  }
  return d;
}

/* With r the reciprocal, 2^64 / n - 1 <= r <= 2^64 / n, so that h r / 2^64 is above h / n - 1, and not above h / n: its
 * whole part is the quotient or one less. Two multiplications; Lemire's fastmod, exact for 64 bits, takes four (Lemire,
 * Kaser and Kurz, Faster remainder by direct computation, 2019), and 1.70 ns a row for these 1.55 on a Zen 4. */
static inline uint64_t part_of(const struct dividing *d, uint64_t hash) {
  __extension__ typedef unsigned __int128 wide;
  hash ^= d->flip;
  uint64_t rest = hash - (uint64_t)((wide)hash * d->reciprocal >> 64) * d->n;
  rest = (rest < d->n ? rest : rest - d->n) + d->shift;
  return rest < d->n ? rest : rest - d->n;
}

static void count_parts(const struct dividing *d, const uint64_t *hashes, size_t rows, uint16_t *part, uint32_t *count) {
  if (d->n == 0) {
    for (size_t i = 0; i < rows; i++) {
      part[i] = (uint16_t)simd_part(hashes[i], d->bits);
      count[part[i]]++;
    }
    return;
  }
  for (size_t i = 0; i < rows; i++) {
    part[i] = (uint16_t)part_of(d, hashes[i]);
    count[part[i]]++;
  }
}

/* Scratch of a call, in one piece. */
struct scratch {
  uint32_t (*lines)[SIMD_LINES_ROWS]; /* [parts], or none */
  uint32_t *next, *first;             /* [parts] */
  uint16_t *part;                     /* [rows] */
};

/* Collecting lines costs a store and a mispredicted branch in 16 rows; storing each row costs the miss of a line for every
 * part that is not in the caches. On a Zen 4, ns a row of 15 | 255 | 1023 | 4095 parts: 32,768 rows (and any in the caches)
 * straight 2.3 | 2.2 | 2.2 | 2.3, by lines 3.3 | 3.3 | 3.2 | 3.7; 2^25 rows straight 2.3 | 2.6 | 4.5 | 5.6, by lines 3.5 |
 * 3.4 | 3.5 | 4.5; of few rows a part, lines never fill. A loop that divides, twice, takes 5.1 | 5.5 | 6.5 | 7.1. */
static bool lines_pay(size_t rows, size_t parts) {
  return parts >= LINES_PARTS && rows >= LINES_ROWS && rows / parts >= LINES_ROWS_A_PART;
}

/* Places are counted from the cache line on in which rows_out begins. */
static void place(weft_ctx *ctx, const struct scratch *s, size_t rows, size_t parts, size_t before, uint32_t *rows_out) {
  if (!s->lines) {
    for (size_t i = 0; i < rows; i++)
      rows_out[s->next[s->part[i]]++] = (uint32_t)i;
    return;
  }
  struct simd_parts to = {.first = s->first,
                          .next = s->next,
                          .row_lines = s->lines,
                          .rows = (uint32_t *)((uintptr_t)rows_out - before * sizeof *rows_out)};
  ctx->kernels->scatter_rows(s->part, rows, 0, &to);
  simd_parts_end(&to, parts);
}

static weft_status partition(weft_ctx *ctx, const uint64_t *hashes, size_t rows, const struct dividing *d, size_t parts,
                             uint32_t *rows_out, size_t *offsets) {
  size_t before = (uintptr_t)rows_out % 64 / sizeof *rows_out;
  bool by_lines = lines_pay(rows, parts) && rows < UINT32_MAX - SIMD_LINES_ROWS;
  size_t a_part = 2 * sizeof(uint32_t) + (by_lines ? sizeof(uint32_t[SIMD_LINES_ROWS]) : 0), bytes;
  if (__builtin_mul_overflow(rows, sizeof(uint16_t), &bytes) || __builtin_add_overflow(bytes, parts * a_part, &bytes))
    return weft__fail(ctx, WEFT_E_OVERFLOW, "weft_partition: %zu rows need more memory than there can be", rows);
  char *p = weft_aligned_alloc(ctx, bytes, 64);
  if (!p)
    return ctx->cache.status;
  struct scratch s = {.lines = by_lines ? (void *)p : NULL};
  s.next = (void *)(p + (by_lines ? parts * sizeof *s.lines : 0));
  s.first = s.next + parts;
  s.part = (void *)(s.first + parts);
  memset(s.next, 0, parts * sizeof *s.next);
  count_parts(d, hashes, rows, s.part, s.next);
  size_t at = 0;
  for (size_t part = 0; part < parts; part++) {
    size_t count = s.next[part];
    offsets[part] = at;
    s.next[part] = s.first[part] = (uint32_t)(at + (by_lines ? before : 0));
    at += count;
  }
  offsets[parts] = at;
  place(ctx, &s, rows, parts, before, rows_out);
  return weft_free(ctx, p);
}

weft_status weft_partition(weft_ctx *ctx, const uint64_t *hashes, size_t rows, enum weft_parts by, uint32_t n,
                           uint32_t *rows_out, size_t *offsets) {
  if (!ctx)
    return WEFT_E_INVALID;
  if ((unsigned)by > WEFT_PARTS_PMOD)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_partition: no way to divide has the number %d", (int)by);
  if (by == WEFT_PARTS_BITS ? n > MOST_BITS : n == 0 || n > (uint32_t)1 << MOST_BITS)
    return weft__fail(ctx, WEFT_E_INVALID, "weft_partition: n is %u, and must be %s", n,
                      by == WEFT_PARTS_BITS ? "0 to 16 bits" : "1 to 65536 parts");
  if (!offsets || (rows > 0 && (!hashes || !rows_out)))
    return weft__fail(ctx, WEFT_E_INVALID, "weft_partition: %s is NULL, and there are %zu rows",
                      !offsets  ? "offsets"
                      : !hashes ? "hashes"
                                : "rows_out",
                      rows);
  if (rows > UINT32_MAX - 1)
    return weft__fail(ctx, WEFT_E_OVERFLOW, "weft_partition: %zu rows, and at most %u can be", rows, UINT32_MAX - 1);
  struct dividing d = dividing_by(by, n);
  ctx_enter(ctx);
  weft_status status = partition(ctx, hashes, rows, &d, by == WEFT_PARTS_BITS ? (size_t)1 << n : n, rows_out, offsets);
  ctx_leave(ctx);
  return status;
}
