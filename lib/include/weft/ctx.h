/* SPDX-License-Identifier: MIT
 *
 * The context: the CPU features a thread may use, its knobs, its statistics and its end of the slab.
 * One context a thread at a time; clones of one context share its slab and its choice of kernels.
 */
#ifndef WEFT_CTX_H
#define WEFT_CTX_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/* Settings of a context; set up by weft_ctx_options_init, then changed field by field. What is looked up in more than 4 MiB
 * is asked for a batch at once, unless prefetch_distance is 0; copies of keys that are compared are so whatever it is. */
struct weft_ctx_options {
  size_t size;                /* sizeof this struct where the caller was compiled; set by weft_ctx_options_init */
  const char *isa;            /* exactly this table of kernels, such as "avx2"; NULL: WEFT_ISA, else the best */
  uint32_t batch_size;        /* rows worked on at one time; 64 to 65536, rounded up to a multiple of 64; 1024 */
  bool enable_prefetch;       /* ask for rows before they are needed; true */
  uint32_t prefetch_distance; /* how many rows before, to 4096; 24. Rows in order: a fixed way ahead. 0: never */
  bool collect_stats;         /* count rows, bytes and operations; true */
  weft_slab *slab;            /* the slab to allocate from; NULL: one of the context's own, shared with its clones */
};

/* Fills options with the defaults given above. size is sizeof *options. NULL options: nothing happens. */
WEFT_API void weft_ctx_options_init(struct weft_ctx_options *options, size_t size);

/* Creates a context. options may be NULL for the defaults. The environment variable WEFT_ISA sets the choice of kernels
 * to the table that it names; options->isa goes before it. Freed by weft_ctx_free. Any thread. On failure *out is NULL and
 * weft_ctx_message(NULL) tells the reason on this thread.
 * WEFT_E_INVALID: out is NULL, options->size is none this library knows, or a knob is out of its range.
 * WEFT_E_CONFIG: no table has the name that options->isa or WEFT_ISA gives.
 * WEFT_E_UNSUPPORTED: this CPU, or this build, lacks the table of that name.
 * WEFT_E_NOMEM, WEFT_E_LIMIT: no memory, or none under the slab's limit. */
WEFT_API WEFT_MUST_CHECK weft_status weft_ctx_create(const struct weft_ctx_options *options, weft_ctx **out);

/* Creates a context with the same knobs, kernels and slab; its statistics start from zero. ctx may be in use by its own
 * thread meanwhile. On failure *out is NULL and weft_ctx_message(NULL) tells the reason.
 * WEFT_E_INVALID: ctx or out is NULL. WEFT_E_NOMEM, WEFT_E_LIMIT: as weft_ctx_create. */
WEFT_API WEFT_MUST_CHECK weft_status weft_ctx_clone(const weft_ctx *ctx, weft_ctx **out);

/* Ends a context; NULL is fine. A slab of the context's own goes with the last of its contexts and outputs, and with it
 * whatever weft_alloc gave out and nobody freed. No other thread may be using the context. */
WEFT_API void weft_ctx_free(weft_ctx *ctx);

/* The slab that ctx allocates from: options.slab, or its own, which lives as long as one of its contexts or outputs: for
 * its figures, trims and the like. The caller gets no reference. NULL when ctx is NULL. Any thread. */
WEFT_API weft_slab *weft_ctx_slab(const weft_ctx *ctx);

#define WEFT_MAX_ISAS 8

/* One table of kernels: is it there, and can it run here? */
struct weft_isa {
  const char *name;    /* "scalar", "sse", "avx2", "avx512", "avx512vbmi", "neon"; static */
  bool built;          /* compiled into this library */
  bool supported;      /* and this CPU and operating system can run it */
  const char *missing; /* what is lacking, such as "bmi2 avx512bw"; "" when supported */
};

struct weft_features {
  const char *cpu;                         /* vendor and model as the CPU tells them */
  const char *isa;                         /* the table in use */
  const char *reason;                      /* why that one, as a sentence */
  uint32_t vector_bits;                    /* width of its vectors; 64 for scalar */
  uint32_t isas;                           /* how many of isa_list hold something */
  struct weft_isa isa_list[WEFT_MAX_ISAS]; /* every table that weft knows, plainest first */
};

/* Fills *out, of which size (sizeof *out) bytes are written; its strings live as long as ctx. Any thread.
 * WEFT_E_INVALID: ctx or out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_ctx_features(const weft_ctx *ctx, struct weft_features *out, size_t size);

/* What a context has done since it was created or last reset. A row of a composite key of k columns counts k times. An
 * operation is one batch of rows through one kernel, or a column encoded or decoded by one call, which counts the bytes of
 * its decoded values. Counts stay zero when collect_stats is off. */
struct weft_stats {
  uint64_t rows;          /* rows processed: simd_rows + scalar_rows */
  uint64_t bytes;         /* bytes of values processed */
  uint64_t rows_selected; /* rows, of those, that were reached through a selection */
  uint64_t simd_rows;     /* rows done in vector code, nulls among them */
  uint64_t scalar_rows;   /* rows done one by one */
  uint64_t simd_ops;      /* batches in which vector code did at least one row */
  uint64_t scalar_ops;    /* batches done wholly one by one */
  double simd_row_ratio;  /* simd_rows / rows; 0 when there are none */
  double simd_op_ratio;   /* simd_ops / (simd_ops + scalar_ops); 0 when there are none */
};

/* Fills *out, of which size (sizeof *out) bytes are written. Any thread, also while ctx works on its own: each count is
 * then one that was true during the call, and rows the sum of its two parts. WEFT_E_INVALID: ctx or out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_ctx_stats(const weft_ctx *ctx, struct weft_stats *out, size_t size);

/* Sets the counts to zero. The context's thread only. NULL is fine. */
WEFT_API void weft_ctx_stats_reset(weft_ctx *ctx);

/* Adds the counts of *from to *into and computes the ratios anew; size (sizeof *into) is that of both. NULL for either:
 * nothing happens. */
WEFT_API void weft_stats_merge(struct weft_stats *into, const struct weft_stats *from, size_t size);

/* What the last failure of a call on this context was, with the numbers in it; "" when there was none. ctx NULL: the last
 * failure on this thread of a call that had no context (weft_ctx_create, weft_ctx_clone, weft_slab_create,
 * weft_slab_release, weft_slab_free); a call that is refused for a NULL leaves no words. Never NULL. The text holds until
 * the next failure. The context's thread only. */
WEFT_API const char *weft_ctx_message(const weft_ctx *ctx);

WEFT_END_DECLS

#endif
