/* SPDX-License-Identifier: MIT
 *
 * One table of the kernels of codecs, compiled as isa_table.c is: once per instruction set, everything static but the
 * table. A kernel that a table does not name it has from the one below it (dispatch.c).
 */
#include <string.h>

#include "simd/codec_kernels.h"
#include "simd/kernels.h"

#define PASTE(a, b) a##b
#define TABLE_OF(isa) PASTE(weft_codecs_, isa)
#define TEXT(isa) #isa
#define TEXT_OF(isa) TEXT(isa)

extern const struct simd_codecs TABLE_OF(SIMD_ISA);

#if defined(SIMD_ISA_scalar) || defined(SIMD_ISA_avx2)
#include "simd/kernels/groups.h"
#endif

#ifdef SIMD_ISA_scalar

#include "simd/kernels/bits.h"
#define CODEC_W 8
#include "simd/kernels/plain.h"
#define CODEC_W 16
#include "simd/kernels/plain.h"
#define CODEC_W 32
#include "simd/kernels/plain.h"
#define CODEC_W 64
#include "simd/kernels/plain.h"

#define PLAIN(kind, name) .name = plain_##name,
const struct simd_codecs TABLE_OF(SIMD_ISA) = {.isa = TEXT_OF(SIMD_ISA), SIMD_CODEC_LIST(PLAIN)};

#else

#include "simd/kernels/orders.h"
#define CODEC_W 64
#include "simd/kernels/moves.h"
#define CODEC_W 32
#include "simd/kernels/moves.h"
#define CODEC_W 16
#include "simd/kernels/moves.h"
#define CODEC_W 8
#include "simd/kernels/moves.h"
#if V64_LANES < 8
#include "simd/kernels/planes.h"
#include "simd/kernels/positions.h"
#endif
#if defined(SIMD_ISA_sse) || defined(SIMD_ISA_avx2)
#include "simd/kernels/stream.h"
#endif

#ifndef SIMD_ISA_avx512
#include "simd/kernels/integers.h"
#define CODEC_W 64
#include "simd/kernels/pack.h"
#define CODEC_W 32
#include "simd/kernels/pack.h"
#define CODEC_W 16
#include "simd/kernels/pack.h"
#define CODEC_W 8
#include "simd/kernels/pack.h"
#endif

/* What pack.h has for a table. */
#define BLOCK(kind, name) .name = block_##name,
#if defined(SIMD_ISA_avx512)
#define BLOCKS
#elif defined(SIMD_ISA_avx512vbmi)
#define BLOCKS SIMD_EACH_WIDTH(BLOCK, unpack) SIMD_EACH_WIDTH(BLOCK, pack) SIMD_EACH_WIDTH(BLOCK, undelta)
#else
#define BLOCKS                   \
  SIMD_EACH_WIDTH(BLOCK, unpack) \
  SIMD_EACH_WIDTH(BLOCK, pack) SIMD_EACH_WIDTH(BLOCK, undelta) SIMD_EACH_WIDTH(BLOCK, delta) SIMD_EACH_WIDTH(BLOCK, range)
#endif

/* What moves.h and the others have for a table. */
#define MOVE(kind, name) .name = move_##name,
#define MOVE_8(kind) MOVE(kind, kind##8)
#define MOVE_16(kind) MOVE(kind, kind##16)
#define MOVE_32(kind) MOVE(kind, kind##32)
#define MOVE_64(kind) MOVE(kind, kind##64)
#define MOVE_RUNS SIMD_EACH_WIDTH(MOVE, changes) SIMD_EACH_WIDTH(MOVE, fill) MOVE(positions, positions)
#define MOVE_PLANES MOVE_32(split) MOVE_64(split) MOVE_32(unsplit) MOVE_64(unsplit)
#if defined(SIMD_ISA_avx512vbmi)
#define MOVES_8 MOVE_8(compact) MOVE_8(expand) MOVE_8(spread) MOVE_8(gather)
#define MOVES_16 MOVE_16(compact) MOVE_16(expand) MOVE_16(spread)
#define MOVES_32 MOVE_32(spread)
#define MOVES_64
#define MOVES_MORE
#elif defined(SIMD_ISA_avx512)
#define MOVES_8
#define MOVES_16 MOVE_16(gather)
#define MOVES_32 MOVE_32(expand) MOVE_32(gather)
#define MOVES_64 MOVE_64(expand) MOVE_64(spread) MOVE_64(gather)
#define MOVES_MORE SIMD_EACH_WIDTH(MOVE, changes)
#elif defined(SIMD_ISA_avx2)
#define MOVES_8
#define MOVES_16
#define MOVES_32 MOVE_32(compact) MOVE_32(expand) MOVE_32(spread) MOVE_32(gather)
#define MOVES_64 MOVE_64(compact) MOVE_64(expand) MOVE_64(spread)
#define MOVES_MORE MOVE_RUNS MOVE_PLANES MOVE(stream, stream) MOVE(sums, sums64) MOVE(reals, reals32) MOVE(reals, reals64)
#else
#define MOVES_8 MOVE_8(compact) MOVE_8(expand) MOVE_8(spread)
#define MOVES_16 MOVE_16(compact) MOVE_16(expand) MOVE_16(spread)
#define MOVES_32 MOVE_32(compact) MOVE_32(expand) MOVE_32(spread) MOVE_32(gather)
#define MOVES_64 MOVE_64(gather)
#ifdef SIMD_ISA_sse
#define MOVES_MORE MOVE_RUNS MOVE_PLANES MOVE(stream, stream)
#else
#define MOVES_MORE MOVE_RUNS MOVE_PLANES
#endif
#endif

const struct simd_codecs TABLE_OF(SIMD_ISA) = {.isa = TEXT_OF(SIMD_ISA),
                                               BLOCKS MOVES_8 MOVES_16 MOVES_32 MOVES_64 MOVES_MORE};

#endif
