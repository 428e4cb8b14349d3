/* SPDX-License-Identifier: MIT
 *
 * The context's inside, for the files of lib/: knobs, kernels, scratch of the batches, counters, and how a call fails.
 */
#ifndef LIB_CTX_H
#define LIB_CTX_H

#include "alloc/cache.h"
#include "simd/dispatch.h"

#include <stdatomic.h>
#include <string.h>
#include <weft/ctx.h>

/* One writer, the context's thread; read by any. Relaxed loads and stores suffice, and cost what plain ones do. All rows
 * are those in vector code and the others: a third count of them could be read at another instant than its parts. */
struct ctx_counters {
  _Atomic uint64_t bytes, rows_selected, simd_rows, scalar_rows, simd_ops, scalar_ops;
};

struct weft_ctx {
  struct slab_cache cache; /* first: alloc/ knows a context as this */
  const struct simd_kernels *kernels;
  uint32_t batch_size;
  uint32_t prefetch_distance; /* 0 when prefetching is off */
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

/* Adds an operation on rows of one column to it, of which simd_rows were done in vector code. */
static inline void ctx_work_add(struct ctx_work *work, bool selected, size_t rows, uint64_t bytes, size_t simd_rows) {
  work->rows += rows;
  work->bytes += bytes;
  work->rows_selected += selected ? rows : 0;
  work->simd_rows += simd_rows;
  work->simd_ops += simd_rows != 0;
  work->scalar_ops += simd_rows == 0;
}

static inline void ctx_add(_Atomic uint64_t *counter, uint64_t n) {
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* Counts one operation on a few rows, all done in vector code or none. */
static inline void ctx_count_few(weft_ctx *ctx, uint64_t rows, struct simd_done done) {
  if (!ctx->collect_stats)
    return;
  struct ctx_counters *to = &ctx->counters;
  ctx_add(&to->bytes, done.bytes);
  ctx_add(done.vector_rows != 0 ? &to->simd_rows : &to->scalar_rows, rows);
  ctx_add(done.vector_rows != 0 ? &to->simd_ops : &to->scalar_ops, 1);
}

/* Counts a column that was encoded or decoded: in vector code where the table has any. */
static inline void ctx_count_column(weft_ctx *ctx, bool selected, size_t rows, uint64_t bytes) {
  struct simd_done done = {.vector_rows = ctx->kernels->vector_bits > 64 ? rows : 0, .bytes = bytes};
  ctx_count_few(ctx, rows, done);
  if (selected && ctx->collect_stats)
    ctx_add(&ctx->counters.rows_selected, rows);
}

/* What a context says of the last failed call: taken before a request that may well be refused, given back when it was. */
struct ctx_words {
  weft_status status;
  char message[sizeof((struct slab_cache *)0)->message];
};
static inline struct ctx_words ctx_words(const weft_ctx *ctx) {
  struct ctx_words words = {.status = ctx->cache.status};
  memcpy(words.message, ctx->cache.message, sizeof words.message);
  return words;
}
static inline void ctx_say(weft_ctx *ctx, const struct ctx_words *words) {
  ctx->cache.status = words->status;
  memcpy(ctx->cache.message, words->message, sizeof words->message);
}

/* Sets the context's message and returns status. ctx NULL: the message of this thread. */
weft_status weft__fail(weft_ctx *ctx, weft_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What weft__fail does, for a failure inside a call that was made by another: the words take the place of the name of the
 * inner one, which the caller does not know, before its message. WEFT_OK: nothing happens. */
weft_status weft__fail_within(weft_ctx *ctx, weft_status status, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* Copies a caller's options, which may be of an older version of the library (shorter, but at least `least` bytes) or of a
 * newer one (longer, and zero past what is known), over the defaults in mine[known], whose size becomes `known`. who: the
 * call. */
weft_status weft__options_read(weft_ctx *ctx, const char *who, const void *options, size_t size, size_t least, void *mine,
                               size_t known);

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

#endif
