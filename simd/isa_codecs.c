/* SPDX-License-Identifier: MIT
 *
 * One table of the kernels of codecs, compiled as isa_table.c is: once per instruction set, everything static but the table.
 * A kernel that a table does not name it has from the one below it (dispatch.c).
 */
#include <string.h>

#include "simd/codec_kernels.h"

#include "simd/kernels/bits.h"
#define CODEC_W 8
#include "simd/kernels/plain.h"
#define CODEC_W 16
#include "simd/kernels/plain.h"
#define CODEC_W 32
#include "simd/kernels/plain.h"
#define CODEC_W 64
#include "simd/kernels/plain.h"

#define PASTE(a, b) a##b
#define TABLE_OF(isa) PASTE(weft_codecs_, isa)
#define TEXT(isa) #isa
#define TEXT_OF(isa) TEXT(isa)

extern const struct simd_codecs TABLE_OF(SIMD_ISA);
#define PLAIN(kind, name) .name = plain_##name,
const struct simd_codecs TABLE_OF(SIMD_ISA) = {.isa = TEXT_OF(SIMD_ISA), SIMD_CODEC_LIST(PLAIN)};
