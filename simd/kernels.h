/* SPDX-License-Identifier: MIT
 *
 * The table of kernels: what lib/ and codecs/ call, filled in by isa_table.c once per instruction set. Plain C types only.
 * Kernels never allocate, never fail, keep no state and know nothing of contexts; sizes and pointers were checked above.
 */
#ifndef SIMD_KERNELS_H
#define SIMD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "simd/codec_kernels.h"
#include "simd/order.h"

/* For functions of kernels whose arguments say, as constants, which code there is to be: gcc keeps large ones as calls,
 * which decide again for every row. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* For functions of kernels that are called in several places: gcc would make a copy for each of their constants. */
#if defined(__clang__)
#define ONE_COPY static __attribute__((noinline))
#else
#define ONE_COPY static __attribute__((noinline, noclone))
#endif

/* For loops over functions that have many callers, which gcc does not inline: such a call takes as long as a short row.
 * (gcc does not flatten copies that it makes, either.) */
#define FLAT_COPY __attribute__((flatten)) ONE_COPY

/* In a loop over i, makes the compiler leave it a loop and make no vectors of it: those of two lanes, and of products of 64
 * bits, are no faster, and their code is many times as long. */
#ifdef SIMD_ISA_scalar
#define ONE_BY_ONE(i) (void)0
#else
#define ONE_BY_ONE(i) __asm__("" : "+r"(i))
#endif

/* Rows of a batch come in blocks of 64, one word of a bitmap; capacities of batches are multiples of it. */
#define SIMD_BLOCK 64

enum simd_layout { SIMD_FIXED, SIMD_OFFSETS32, SIMD_OFFSETS64, SIMD_POINTERS, SIMD_VIEWS };

/* A column as kernels see it: the fields of struct weft_column that are needed to reach its bytes. */
struct simd_column {
  enum simd_layout layout;
  bool turned; /* SIMD_FIXED: numbers of a big-endian machine, whose bytes count in the reverse order */
  size_t base_rows;
  size_t width;      /* SIMD_FIXED */
  size_t data_bytes; /* readable at data: what offsets lead into, or all fixed values, or all views */
  const void *data;
  const void *aux;
  const uint8_t *const *buffers; /* SIMD_VIEWS: one at least, as rows that are in none are looked up as if in the first */
  const size_t *buffer_bytes;
  const uint8_t *base_validity;
  size_t base_bit_offset;
  const uint32_t *selection;
  const uint8_t *row_validity;
  size_t row_bit_offset;
};

/* A batch of rows, resolved: where each row's bytes are. Its arrays are the context's scratch. Of every row at least
 * SIMD_EDGE bytes may be read at ptrs[i], whatever its length: `resolve` copies the rows for which that does not hold to
 * edges. Arrays are filled up to a multiple of SIMD_BLOCK rows with empty rows that may be read too. */
#define SIMD_EDGE 32
struct simd_rows {
  size_t rows;
  const uint8_t **ptrs; /* [capacity] */
  uint64_t *bytes;      /* [capacity] */
  uint64_t *valid; /* [capacity / 64] bit i: row i is not null; a null row is resolved as an empty one. Past the rows: 1 */
  uint8_t (*edges)[SIMD_EDGE]; /* [capacity] */
  bool has_nulls;              /* any bit of valid below rows is 0 */
  uint64_t total_bytes;
  size_t prefetch; /* rows ahead to prefetch; 0: do not. Set by the caller, as the arrays are; `resolve` may clear it */
  /* Set by `resolve`, where rows follow one another in memory: what to ask for while row i is worked on, `step` bytes at
   * next.at + i * step, and the same of what leads to them. NULL: nothing. */
  struct simd_next {
    const uint8_t *at, *lead;
    size_t step, lead_step;
  } next;
};

/* False, and known to be, on a little-endian machine. */
static inline bool simd_is_turned(const struct simd_column *column) {
  return SIMD_BIG_ENDIAN && column->turned;
}

/* Fills batch with rows first .. first + n of column; n is at most the capacity of the arrays. */
typedef void simd_resolve_fn(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch);

/* Hashes a batch into out[batch->rows]; the seed of row i is seeds[i] when seed_per_row, else seeds[0]; a null row's hash
 * is its seed. With seed_per_row out may be seeds. Returns the number of rows done in vector code. */
typedef size_t simd_hash64_fn(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row, uint64_t *out);
typedef size_t simd_hash32_fn(const struct simd_rows *batch, const uint32_t *seeds, bool seed_per_row, uint32_t *out);

/* A hash of 128 bits; lib/ hands out memory of struct weft_fingerprint for it. */
struct simd_hash128 {
  uint64_t low, high;
};

/* The same; a null row's hash is {seed, 0}, and out may not overlap seeds. */
typedef size_t simd_hash128_fn(const struct simd_rows *batch, const uint64_t *seeds, bool seed_per_row,
                               struct simd_hash128 *out);

/* Joins n rows' hashes in one more column to those before: acc[i] becomes the hash of the 32 bytes acc[i], next[i]. */
typedef void simd_combine128_fn(const struct simd_hash128 *next, size_t n, uint64_t seed, struct simd_hash128 *acc);

/* The same from a column: rows first .. first + n, of which `batch` has room for, are resolved into it when that pays, else
 * hashed where they lie. Sets batch->total_bytes, and leaves the rest of it undefined. */
typedef size_t simd_column64_fn(const struct simd_column *column, size_t first, size_t n, const uint64_t *seeds,
                                bool seed_per_row, uint64_t *out, struct simd_rows *batch);
typedef size_t simd_column32_fn(const struct simd_column *column, size_t first, size_t n, const uint32_t *seeds,
                                bool seed_per_row, uint32_t *out, struct simd_rows *batch);
typedef size_t simd_column128_fn(const struct simd_column *column, size_t first, size_t n, const uint64_t *seeds,
                                 bool seed_per_row, struct simd_hash128 *out, struct simd_rows *batch);

/* The same for n < SIMD_FEW rows without nulls and selection, so few that to choose a way would take longer than to go the
 * plainest. lead: what leads to rows at data, by layout. Returned in two registers: */
struct simd_done {
  uint64_t bytes;     /* of the rows together */
  size_t vector_rows; /* rows done in vector code: all or none */
};
#define SIMD_FEW 64
typedef struct simd_done simd_few64_fn(enum simd_layout layout, const void *data, const void *lead, size_t n, uint64_t seed,
                                       uint64_t *out);
typedef struct simd_done simd_few32_fn(enum simd_layout layout, const void *data, const void *lead, size_t n, uint32_t seed,
                                       uint32_t *out);
typedef struct simd_done simd_few128_fn(enum simd_layout layout, const void *data, const void *lead, size_t n,
                                        uint64_t seed, struct simd_hash128 *out);

/* The lead of a layout's rows: their width (as an address), their offsets or lengths (aux), or the views' buffers. */
static inline const void *simd_lead(enum simd_layout layout, const void *aux, const uint8_t *const *buffers, size_t width) {
  return layout == SIMD_FIXED ? (const void *)width : layout == SIMD_VIEWS ? (const void *)buffers : aux;
}

/* A hash table's bucket: one cache line. The slots fill up from the first on; an empty one has SIMD_NO_ID for its id. The
 * last word leads to the next bucket of the place, in the table's overflow, when all slots are taken. Memory set to 0xff is
 * empty buckets. */
#define SIMD_SLOTS 5
#define SIMD_NO_ID UINT32_MAX
struct simd_bucket {
  uint64_t hash[SIMD_SLOTS];
  uint32_t id[SIMD_SLOTS + 1]; /* id[SIMD_SLOTS]: number of an overflow bucket, or SIMD_NO_ID */
};

/* The bucket of a hash is its first 32 bits scaled to n_buckets. Buckets are aligned to 64 bytes. The overflow is made of
 * pieces of 1 << overflow_bits buckets, so that it grows, by several threads at once too, and nothing moves. */
struct simd_table {
  struct simd_bucket *buckets;
  struct simd_bucket **overflow; /* its pieces */
  uint32_t n_buckets;
  uint32_t n_overflow; /* the overflow bucket to be taken next */
  unsigned overflow_bits;
};

/* What is read at random from more bytes than these waits for memory, or for a cache that is as far. Asked for at once, row
 * by row with nothing between, a batch's lines keep all of the second-level cache's requests under way (some 48), as a
 * loop that works on a row and asks for one further on cannot: 10 M keys probed in 8 ns a row in place of 12. Nearer ones
 * would cost the second pass for nothing. SIMD_NEAR: how far ahead what is in the second level is asked for, in rows. */
#define SIMD_FAR_BYTES ((size_t)4 << 20)
#define SIMD_NEAR 6
ALWAYS_INLINE void simd_ask_far(const void *line) {
  __builtin_prefetch(line, 0, 2);
}

static inline size_t simd_place(uint64_t hash, uint32_t n_buckets) {
  return (size_t)((hash >> 32) * n_buckets >> 32);
}

static inline struct simd_bucket *simd_overflow_bucket(const struct simd_table *table, uint32_t number) {
  return &table->overflow[number >> table->overflow_bits][number & (((uint32_t)1 << table->overflow_bits) - 1)];
}

/* The next bucket of a place whose last one, `bucket`, is full: taken from the overflow, which has room, and emptied. */
static inline struct simd_bucket *simd_overflow(struct simd_table *table, struct simd_bucket *bucket) {
  struct simd_bucket *next = simd_overflow_bucket(table, table->n_overflow);
  bucket->id[SIMD_SLOTS] = table->n_overflow++;
  memset(next, 0xff, sizeof *next);
  return next;
}

/* Finds hashes[n]: ids[i] is the id of the first entry with that very hash, in the order of insertion, or SIMD_NO_ID.
 * later[n] is scratch. ahead: prefetch the bucket of so many hashes on; 0: do not. */
typedef void simd_find_fn(const struct simd_table *table, const uint64_t *hashes, size_t n, size_t ahead, uint32_t *ids,
                          uint32_t *later);

/* Finds or inserts hashes[n]: as find, but a hash that is not there is entered, with the id rows[i], or where rows is NULL
 * with ids from next_id on in their order. Returns how many were. The overflow has room for n more buckets, ids stay below
 * SIMD_NO_ID. ids may be rows. */
typedef size_t simd_insert_fn(struct simd_table *table, const uint64_t *hashes, const uint32_t *rows, size_t n,
                              size_t ahead, uint32_t next_id, uint32_t *ids);

/* Rows brought together by parts: where each part's go. A part is the first `bits` bits of a row's hash, which goes along
 * with the row's number; or it is given for each row, and the numbers of rows are all that moves. */
#define SIMD_LINES_ROWS 16
struct simd_lines { /* what a part collects until whole cache lines can be written */
  _Alignas(64) uint64_t hashes[SIMD_LINES_ROWS];
  uint32_t rows[SIMD_LINES_ROWS];
};
struct simd_parts {
  unsigned bits;
  const uint32_t *first;                  /* [parts] where a part's rows begin in hashes and rows */
  uint32_t *next;                         /* [parts] where its next row goes: first, to begin with */
  struct simd_lines *lines;               /* [parts] of rows with hashes; or */
  uint32_t (*row_lines)[SIMD_LINES_ROWS]; /* [parts] of rows alone, aligned to 64 */
  uint64_t *hashes;                       /* aligned to 64, as rows is */
  uint32_t *rows;
};

static inline size_t simd_part(uint64_t hash, unsigned bits) {
  return (size_t)(hash >> 1 >> (63 - bits));
}

/* Puts hashes[n], and the numbers of their rows, from first_row on, behind those of their parts; rows whose bit in
 * valid[(n + 63) / 64] is 0 are left out (NULL: none is). What does not fill lines stays in parts->lines. */
typedef void simd_scatter_fn(const uint64_t *hashes, const uint64_t *valid, size_t n, uint32_t first_row,
                             const struct simd_parts *parts);

/* Puts the numbers of rows, from first_row on, behind those of their parts, part[n]. What does not fill lines stays in
 * parts->row_lines. */
typedef void simd_scatter_rows_fn(const uint16_t *part, size_t n, uint32_t first_row, const struct simd_parts *parts);

/* Writes what stayed in the lines of all parts. */
static inline void simd_parts_end(const struct simd_parts *parts, size_t n_parts) {
  for (size_t part = 0; part < n_parts; part++) {
    uint32_t end = parts->next[part], from = end / SIMD_LINES_ROWS * SIMD_LINES_ROWS;
    from = from > parts->first[part] ? from : parts->first[part];
    uint32_t in_line = from % SIMD_LINES_ROWS, n = end - from;
    if (parts->hashes)
      memcpy(parts->hashes + from, parts->lines[part].hashes + in_line, n * sizeof *parts->hashes);
    const uint32_t *rows = parts->hashes ? parts->lines[part].rows : parts->row_lines[part];
    memcpy(parts->rows + from, rows + in_line, n * sizeof *rows);
  }
}

/* A Bloom filter of n_blocks blocks, one at least: words of 32 bits, little-endian, of which a hash's last 32 bits set one
 * bit each in the block that its first 32 bits, scaled, choose. */
#define SIMD_BLOOM_BLOCK 32
typedef void simd_bloom_insert_fn(uint8_t *blocks, uint32_t n_blocks, const uint64_t *hashes, size_t n, size_t ahead);

/* Bit i of bits[(n + 63) / 64]: all bits of hashes[i] are set. Bits past n are 0. ahead: as for find. */
typedef void simd_bloom_find_fn(const uint8_t *blocks, uint32_t n_blocks, const uint64_t *hashes, size_t n, size_t ahead,
                                uint64_t *bits);

/* Compares two batches of the same number of rows pairwise: sets bit i of differ[capacity / 64] where row i of one is null
 * and of the other not, or their bytes differ. Other bits stay; bits past the rows are undefined. */
typedef void simd_differ_fn(const struct simd_rows *a, const struct simd_rows *b, uint64_t *differ);

/* Every kernel: KERNEL(kind, name), kind being the function type simd_<kind>_fn. The tables, and the tests' harness
 * (which has a check per kind), are made from this list, so that no kernel can miss either. */
#define SIMD_KERNEL_LIST(KERNEL)     \
  KERNEL(resolve, resolve)           \
  KERNEL(hash64, xxh3_64)            \
  KERNEL(hash64, xxh64)              \
  KERNEL(hash32, xxh32)              \
  KERNEL(hash128, xxh3_128)          \
  KERNEL(column64, xxh3_64_column)   \
  KERNEL(column64, xxh64_column)     \
  KERNEL(column32, xxh32_column)     \
  KERNEL(column128, xxh3_128_column) \
  KERNEL(few64, xxh3_64_few)         \
  KERNEL(few64, xxh64_few)           \
  KERNEL(few32, xxh32_few)           \
  KERNEL(few128, xxh3_128_few)       \
  KERNEL(combine128, combine128)     \
  KERNEL(find, find)                 \
  KERNEL(insert, insert)             \
  KERNEL(scatter, scatter)           \
  KERNEL(scatter_rows, scatter_rows) \
  KERNEL(bloom_insert, bloom_insert) \
  KERNEL(bloom_find, bloom_find)     \
  KERNEL(differ, differ)

#define SIMD_KERNEL_FIELD(kind, name) simd_##kind##_fn *name;
struct simd_kernels {
  const char *isa;
  uint32_t vector_bits;
  const struct simd_codecs *codecs; /* set where the tables are made whole (dispatch.c) */
  SIMD_KERNEL_LIST(SIMD_KERNEL_FIELD)
};
#undef SIMD_KERNEL_FIELD

#endif
