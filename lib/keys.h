/* SPDX-License-Identifier: MIT
 *
 * Key columns, as index, join and group see them: checked, hashed and compared a batch at a time. The rules of equality of
 * <weft/index.h> live here and nowhere else.
 */
#ifndef LIB_KEYS_H
#define LIB_KEYS_H

#include "lib/packing.h"

enum { MAX_KEYS = 64 };

/* How keys are hashed and packed: a table and all who probe it do it alike. */
struct key_hash {
  uint64_t seed;
  uint64_t mask;    /* all ones; tests leave few bits, so that different keys collide */
  bool nulls_equal; /* a null is a value like others (group), rather than a row that is left out (index) */
  bool exact;       /* equal hashes are equal keys: nothing needs to be compared */
  struct key_packing packing;
};

/* What is needed to work through one batch of keys; arrays of ctx->batch_size rows. */
struct key_scratch {
  uint64_t *hashes;
  uint8_t *packed;    /* PACKED_MOST bytes a row */
  uint32_t *ids;      /* per row of the batch: a key's id, or SIMD_NO_ID */
  uint32_t *others;   /* per row: the row to compare it with */
  uint32_t *later;    /* the kernels' own, and numbers of rows once they are done */
  uint32_t *selected; /* others, mapped through a column's selection */
  uint64_t *valid;    /* bitmap: no column's value is null */
  uint64_t *candidates, *differ;
  uint64_t *unlike, *look; /* candidates that differ by their packed keys; and that those do not settle */
  uint64_t *bits;          /* validity of the rows to compare with */
  bool has_nulls;          /* a bit of valid below the batch's rows is 0 */
  bool cut;                /* a string of packed is */
  struct simd_rows other;
  /* Of probing, where few rows match: hashes that a filter lets through, and whose they are; rows probed so far, and those
   * whose hash was met. */
  uint64_t *picked;
  uint32_t *places;
  uint64_t probed, met;
};

/* Sets n bits; of the last word the others become 0. */
static inline void fill_bits(uint64_t *bits, size_t n) {
  for (size_t w = 0; w < n / SIMD_BLOCK; w++)
    bits[w] = UINT64_MAX;
  if (n % SIMD_BLOCK != 0)
    bits[n / SIMD_BLOCK] = ((uint64_t)1 << n % SIMD_BLOCK) - 1;
}

weft_status weft__scratch_open(weft_ctx *ctx, struct key_scratch **out);
void weft__scratch_close(weft_ctx *ctx, struct key_scratch *scratch);

/* weft__columns_check, and the limits on the number of key columns and of rows. */
weft_status weft__keys_check(weft_ctx *ctx, const char *who, const struct weft_column *keys, size_t n_keys);

/* Checks that keys[n_keys] may be compared with build[n_build]: as many columns, of the same types and widths. */
weft_status weft__keys_match(weft_ctx *ctx, const char *who, const struct weft_column *build, size_t n_build,
                             const struct weft_column *keys, size_t n_keys);

/* Whether equal hashes are to be equal keys: XXH3 of a fixed width of at most 8 bytes never gives two values the same hash;
 * for each width it is a chain of invertible steps (xors with shifts of itself, odd multiplications), whatever the seed.
 * Several columns of at most 8 bytes together are packed where there is a plan (weft__keys_plan), and hashed as one value.
 * A null that counts as a value may meet a value's hash. */
bool weft__keys_exact(const struct weft_column *keys, size_t n_keys, bool nulls_equal);

/* Chooses how->packing, where how has all else. Uses ctx->batch. */
void weft__keys_plan(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, struct key_hash *how);

/* Hashes rows first .. first + n of keys into scratch->hashes, and fills scratch->valid and has_nulls, and where keys are
 * packed scratch->packed. With one key column that may have to be compared itself (it is not exact, nor packed but for
 * strings) ctx->batch holds the resolved rows afterwards. */
void weft__keys_hash(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys, size_t first,
                     size_t n, struct key_scratch *scratch);

/* The same without the hashes, for rows whose hashes are known. */
void weft__keys_resolve(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys,
                        size_t first, size_t n, struct key_scratch *scratch);

/* Compares row first + i of keys, or where rows is not NULL row rows[i], with row scratch->others[i] of build for those
 * i < n whose bit in scratch->candidates is set; scratch->differ has the bits of those that differ. Where rows is NULL
 * weft__keys_hash or _resolve was called last, with the same rows. packed: build's rows as `how` packs them, by which[i],
 * and where rows are given, and so keys are build, by rows[i]; NULL: they are not packed. row_of: NULL, or what others are
 * found by, where they are needed: row_of[which[i]]. */
void weft__keys_compare(weft_ctx *ctx, const struct key_hash *how, const struct weft_column *keys, size_t n_keys,
                        size_t first, const uint32_t *rows, size_t n, const struct weft_column *build,
                        const uint8_t *packed, const uint32_t *which, const uint32_t *row_of, struct key_scratch *scratch);

/* Whether one row of keys equals one of build. Uses the first element of scratch's others, selected, candidates, differ and
 * bits, and other. */
bool weft__keys_equal(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, size_t row,
                      const struct weft_column *build, uint32_t build_row, struct key_scratch *scratch);

#endif
