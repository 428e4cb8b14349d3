/* SPDX-License-Identifier: MIT
 *
 * One table of the kernels of codecs, compiled as isa_table.c is: once per instruction set, everything static but the table.
 * A kernel that a table does not name it has from the one below it (dispatch.c).
 */
#include <string.h>

#include "simd/codec_kernels.h"
#include "simd/kernels.h"

#define PASTE(a, b) a##b
#define TABLE_OF(isa) PASTE(weft_codecs_, isa)
#define TEXT(isa) #isa
#define TEXT_OF(isa) TEXT(isa)

extern const struct simd_codecs TABLE_OF(SIMD_ISA);

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
#endif
#ifdef SIMD_ISA_sse
#include "simd/kernels/stream.h"
#endif

#define VECTOR(kind, name) .name = vec_##name,
#define MOVE(kind, name) .name = move_##name,
const struct simd_codecs TABLE_OF(SIMD_ISA) = {
    .isa = TEXT_OF(SIMD_ISA),
#ifndef SIMD_ISA_avx512
    SIMD_EACH_WIDTH(VECTOR, unpack) SIMD_EACH_WIDTH(VECTOR, pack) SIMD_EACH_WIDTH(VECTOR, undelta)
#ifndef SIMD_ISA_avx512vbmi
        SIMD_EACH_WIDTH(VECTOR, delta) SIMD_EACH_WIDTH(VECTOR, range)
#endif
#endif
#ifndef SIMD_ISA_avx512vbmi
            SIMD_EACH_WIDTH(MOVE, changes) SIMD_EACH_WIDTH(MOVE, fill) MOVE(positions, positions)
#endif
#if defined(SIMD_ISA_avx512vbmi)
                MOVE(compact, compact8) MOVE(compact, compact16) MOVE(expand, expand8) MOVE(expand, expand16)
#elif V64_LANES == 8
    MOVE(compact, compact32) MOVE(compact, compact64) MOVE(expand, expand32) MOVE(expand, expand64) MOVE(spread, spread64)
#elif V64_LANES == 4
    MOVE(compact, compact32) MOVE(compact, compact64) MOVE(expand, expand32) MOVE(expand, expand64) MOVE(spread, spread32)
        MOVE(spread, spread64)
#else
    MOVE(compact, compact8) MOVE(compact, compact16) MOVE(compact, compact32) MOVE(expand, expand8) MOVE(expand, expand16)
        MOVE(expand, expand32) MOVE(spread, spread8) MOVE(spread, spread16) MOVE(spread, spread32)
#endif
#if V64_LANES < 8
                    MOVE(split, split32) MOVE(split, split64) MOVE(unsplit, unsplit32) MOVE(unsplit, unsplit64)
#endif
#ifdef SIMD_ISA_sse
                        MOVE(stream, stream)
#endif
};

#endif
