/* SPDX-License-Identifier: MIT
 *
 * One table of kernels. Compiled once per instruction set with flags of its own and SIMD_ISA (its name) and
 * SIMD_ISA_<name> set; everything is static but the table, so that no code compiled for one CPU can be linked into
 * another's.
 */
#if !defined(SIMD_ISA_scalar) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vectors are loaded in the machine's order, which has to be little-endian"
#endif

#define XXH_INLINE_ALL
#ifdef SIMD_ISA_scalar
#define XXH_VECTOR XXH_SCALAR
#endif
#include <xxhash.h>

#ifndef SIMD_ISA_scalar
#include "simd/vec.h"
#endif
#include "simd/kernels/differ.h"
#include "simd/kernels/loop.h"
/* Lanes of 512 bits resolve no faster than those of 256 (0.2 ns a row of a fixed width or at offsets, 0.4 of a
 * selection, on a Zen 4), and take 38 KB. */
#if defined(SIMD_ISA_avx512) && defined(SIMD_HAS_avx2)
extern const struct simd_kernels weft_kernels_avx2;
static void resolve(const struct simd_column *column, size_t first, size_t n, struct simd_rows *batch) {
  weft_kernels_avx2.resolve(column, first, n, batch);
}
#else
#include "simd/kernels/resolve.h"
#endif
#include "simd/kernels/table.h"

/* Which kernels a table has: vector ones, or where those lose, and in the scalar table, plain ones. A column goes by the
 * loop when name_loop_wins says so of a sample of its lengths. */
#ifdef SIMD_ISA_scalar
#define TABLE_VECTOR_BITS 64
#else
#define TABLE_VECTOR_BITS (64 * V64_LANES)
#endif
#if TABLE_VECTOR_BITS > 128
#include "simd/kernels/xxh3.h"
#include "simd/kernels/xxh64.h"
#else
#ifdef SIMD_ISA_neon
/* Sorting rows by their way, as xxh3_scalar.h does, doubles the instructions of short rows, and what mispredictions it
 * saves on which ARM is not known here (docs/internals/hash.md). */
LOOP_KERNEL(xxh3_64, uint64_t)
#define xxh3_64 xxh3_64_loop
#define xxh3_loop_wins LOOP_ALWAYS_WINS
#else
#include "simd/kernels/xxh3_scalar.h"
#endif
/* With two lanes and no 64-bit multiply the vector kernel gains little where lengths cannot be guessed (12.5 ns a row
 * for the loop's 14.8 on rows of 1 to 32 bytes, SSE on a Zen 4) and loses twice as much where they can. */
LOOP_KERNEL(xxh64, uint64_t)
#define xxh64 xxh64_loop
#define xxh64_loop_wins LOOP_ALWAYS_WINS
#endif
/* XXH3 of 128 bits is xxHash's own code in loops, 39 KB of it: the table has it from the one below it, where it takes 0
 * to 4 % longer, and 10 % for rows of more than 1 KiB (a Zen 4). XXH32 would take 29 KB to be 6.8 times as fast as the
 * loop, and not 5. */
#ifdef SIMD_ISA_avx512
#define TABLE_BORROWS 1
#else
#define TABLE_BORROWS 0
#endif
#if TABLE_BORROWS
#define xxh32 NULL
#define xxh32_column NULL
#define xxh32_few NULL
#elif !defined(SIMD_ISA_scalar)
#include "simd/kernels/xxh32.h"
#else
LOOP_KERNEL(xxh32, uint32_t)
#define xxh32 xxh32_loop
#define xxh32_loop_wins LOOP_ALWAYS_WINS
#endif
#define XXH64_SEEDLESS(p, bytes) XXH64(p, bytes, 0)
#define XXH32_SEEDLESS(p, bytes) XXH32(p, bytes, 0)
#include "simd/kernels/fixed.h"

STRAIGHT_COLUMN(xxh3_64, uint64_t, uint64_t, NULL_IS_SEED)
STRAIGHT_COLUMN(xxh64, uint64_t, uint64_t, NULL_IS_SEED)
#if !TABLE_BORROWS
STRAIGHT_COLUMN(xxh32, uint32_t, uint32_t, NULL_IS_SEED)
COLUMN_KERNEL(xxh32, uint32_t, uint32_t, XXH32_SEEDLESS, xxh32_loop_wins)
#endif
COLUMN_KERNEL(xxh3_64, uint64_t, uint64_t, xxh3_64_seedless, xxh3_loop_wins)
COLUMN_KERNEL(xxh64, uint64_t, uint64_t, XXH64_SEEDLESS, xxh64_loop_wins)

#if TABLE_BORROWS
#define xxh3_128 NULL
#define xxh3_128_column NULL
#define xxh3_128_few NULL
#define combine128 NULL
#define bloom_insert NULL
#define bloom_find NULL
#else
#include "simd/kernels/bloom.h"
#include "simd/kernels/xxh3_128.h"
STRAIGHT_COLUMN(xxh3_128, uint64_t, struct simd_hash128, NULL_IS_SEED128)
COLUMN_KERNEL(xxh3_128, uint64_t, struct simd_hash128, xxh3_128_seedless, LOOP_ALWAYS_WINS)
#endif

#define PASTE(a, b) a##b
#define TABLE_OF(isa) PASTE(weft_kernels_, isa)
#define TEXT(isa) #isa
#define TEXT_OF(isa) TEXT(isa)
#define FIELD(kind, name) name,

extern const struct simd_kernels TABLE_OF(SIMD_ISA);
const struct simd_kernels TABLE_OF(SIMD_ISA) = {TEXT_OF(SIMD_ISA), TABLE_VECTOR_BITS, NULL, SIMD_KERNEL_LIST(FIELD)};
