/* SPDX-License-Identifier: MIT
 *
 * The tables that were compiled in (SIMD_HAS_<isa>, set by simd/CMakeLists.txt), by number and by name.
 */
#include "simd/dispatch.h"

#include <pthread.h>
#include <string.h>

extern const struct simd_kernels weft_kernels_scalar, weft_kernels_sse, weft_kernels_avx2, weft_kernels_avx512,
    weft_kernels_neon;
extern const struct simd_codecs weft_codecs_scalar, weft_codecs_sse, weft_codecs_avx2, weft_codecs_avx512,
    weft_codecs_avx512vbmi, weft_codecs_neon;

static const struct {
  const struct simd_kernels *kernels; /* NULL: those of the table below */
  const struct simd_codecs *codecs;
} tables[SIMD_ISAS] = {
#ifdef SIMD_HAS_scalar
    [SIMD_SCALAR] = {&weft_kernels_scalar, &weft_codecs_scalar},
#endif
#ifdef SIMD_HAS_sse
    [SIMD_SSE] = {&weft_kernels_sse, &weft_codecs_sse},
#endif
#ifdef SIMD_HAS_avx2
    [SIMD_AVX2] = {&weft_kernels_avx2, &weft_codecs_avx2},
#endif
#ifdef SIMD_HAS_avx512
    [SIMD_AVX512] = {&weft_kernels_avx512, &weft_codecs_avx512},
#endif
#ifdef SIMD_HAS_avx512vbmi
    [SIMD_AVX512VBMI] = {NULL, &weft_codecs_avx512vbmi},
#endif
#ifdef SIMD_HAS_neon
    [SIMD_NEON] = {&weft_kernels_neon, &weft_codecs_neon},
#endif
};

uint32_t weft__isas_built(void) {
  uint32_t built = 0;
  for (int i = 0; i < SIMD_ISAS; i++)
    built |= (uint32_t)(tables[i].codecs != NULL) << i;
  return built;
}

/* The tables whole: a kernel that one lacks it has from the one below it. */
static struct simd_kernels whole[SIMD_ISAS];
static struct simd_codecs whole_codecs[SIMD_ISAS];
static pthread_once_t made_whole = PTHREAD_ONCE_INIT;

#define BORROW(kind, name) \
  if (mine->name == NULL)  \
    mine->name = below->name;

static void borrow_kernels(struct simd_kernels *mine, const struct simd_kernels *below) {
  SIMD_KERNEL_LIST(BORROW)
}

static void borrow_codecs(struct simd_codecs *mine, const struct simd_codecs *below) {
  SIMD_CODEC_LIST(BORROW)
}

#undef BORROW

static void make_whole(void) {
  int below = SIMD_ISAS;
  for (int isa = 0; isa < SIMD_ISAS; isa++) {
    if (tables[isa].codecs == NULL)
      continue;
    whole_codecs[isa] = *tables[isa].codecs;
    whole[isa] = *(tables[isa].kernels ? tables[isa].kernels : &whole[below]);
    if (below < SIMD_ISAS) {
      borrow_kernels(&whole[isa], &whole[below]);
      borrow_codecs(&whole_codecs[isa], &whole_codecs[below]);
    }
    whole[isa].isa = whole_codecs[isa].isa;
    whole[isa].codecs = &whole_codecs[isa];
    below = isa;
  }
}

const struct simd_kernels *weft__kernels(enum simd_isa isa) {
  pthread_once(&made_whole, make_whole);
  return (unsigned)isa < SIMD_ISAS && tables[isa].codecs != NULL ? &whole[isa] : NULL;
}

enum simd_isa weft__isa_by_name(const char *name) {
  for (int i = 0; i < SIMD_ISAS; i++)
    if (strcmp(name, weft__isa_name((enum simd_isa)i)) == 0)
      return (enum simd_isa)i;
  return SIMD_ISAS;
}
