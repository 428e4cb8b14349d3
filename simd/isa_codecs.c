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

#define VECTOR(kind, name) .name = vec_##name,

const struct simd_codecs TABLE_OF(SIMD_ISA) = {.isa = TEXT_OF(SIMD_ISA),
#ifndef SIMD_ISA_avx512
                                               SIMD_EACH_WIDTH(VECTOR, unpack) SIMD_EACH_WIDTH(VECTOR, pack)
                                                   SIMD_EACH_WIDTH(VECTOR, undelta)
#ifndef SIMD_ISA_avx512vbmi
                                                       SIMD_EACH_WIDTH(VECTOR, delta) SIMD_EACH_WIDTH(VECTOR, range)
#endif
#endif
};

#endif
