/* SPDX-License-Identifier: MIT
 *
 * From the name of a table, or from none, to the table of kernels. Used by lib/ctx.c.
 */
#ifndef SIMD_DISPATCH_H
#define SIMD_DISPATCH_H

#include "simd/cpu.h"
#include "simd/kernels.h"

/* The tables that are compiled in: bit 1 << isa. */
uint32_t weft__isas_built(void);

/* The table of an ISA; NULL when it is not compiled in. Whether the CPU can run it is the caller's to check. */
const struct simd_kernels *weft__kernels(enum simd_isa isa);

/* The ISA of a name; SIMD_ISAS when no table has that name. */
enum simd_isa weft__isa_by_name(const char *name);

#endif
