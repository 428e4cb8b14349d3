/* SPDX-License-Identifier: MIT
 *
 * The context's inside, for the files of lib/: knobs, kernels, scratch of the batches, counters, and how a call fails.
 */
#ifndef LIB_CTX_H
#define LIB_CTX_H

#include "alloc/cache.h"
#include "simd/dispatch.h"

#include <stdatomic.h>
#include <weft/ctx.h>

/* One writer, the context's thread; read by any. Relaxed loads and stores suffice, and cost what plain ones do. */
struct ctx_counters {
  _Atomic uint64_t rows, bytes, rows_selected, simd_rows, scalar_rows, simd_ops, scalar_ops;
};

struct weft_ctx {
  struct slab_cache cache; /* first: alloc/ knows a context as this */
  const struct simd_kernels *kernels;
  uint32_t batch_size;
  uint32_t prefetch_distance; /* 0 when prefetching is off */
  bool enable_prefetch;
  bool collect_stats;
  uint64_t
      key_mask; /* of the hashes of keys of new indexes and groups: all ones; tests make it less, so that keys collide */
  struct simd_rows batch; /* the arrays lie behind this struct, batch_size rows of each */
  struct ctx_counters counters;
  struct simd_cpu cpu;
  char cpu_text[64];
  char reason[128];
  char missing[SIMD_ISAS][256]; /* by ISA, for weft_ctx_features */
#ifndef NDEBUG
  atomic_bool in_use; /* a call is running: a second one on another thread breaks the thread rule */
#endif
};

/* What one call has done, added to the counters at its end. */
struct ctx_work {
  uint64_t rows, bytes, rows_selected, simd_rows, simd_ops, scalar_ops;
};

void weft__ctx_count(weft_ctx *ctx, const struct ctx_work *work);

/* Sets the context's message and returns status. ctx NULL: the message of this thread. */
weft_status weft__fail(weft_ctx *ctx, weft_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Around a call that uses the context: in a debug build a second thread inside is an assertion's failure. */
#ifdef NDEBUG
static inline void ctx_enter(weft_ctx *ctx) {
  (void)ctx;
}
static inline void ctx_leave(weft_ctx *ctx) {
  (void)ctx;
}
#else
#define ctx_enter weft__ctx_enter
#define ctx_leave weft__ctx_leave
void weft__ctx_enter(weft_ctx *ctx);
void weft__ctx_leave(weft_ctx *ctx);
#endif

#define WEFT_TRY(call)         \
  do {                         \
    weft_status try_ = (call); \
    if (try_ != WEFT_OK)       \
      return try_;             \
  } while (0)

#endif
