/* SPDX-License-Identifier: MIT
 *
 * Contexts: creation, cloning, the choice of a table of kernels, features, statistics, messages.
 */
#include "lib/ctx.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(offsetof(struct weft_ctx, cache) == 0, "alloc/ takes a context for its slab_cache");
static_assert((int)SIMD_ISAS <= WEFT_MAX_ISAS, "weft_features must hold every table");

enum { MIN_BATCH = SIMD_BLOCK, MAX_BATCH = 65536, MAX_DISTANCE = 4096, ALIGNMENT = 64 };

weft_status weft__fail(weft_ctx *ctx, weft_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  weft__cache_message_v(ctx ? &ctx->cache : NULL, format, arguments);
  va_end(arguments);
  return status;
}

weft_status weft__fail_within(weft_ctx *ctx, weft_status status, const char *format, ...) {
  char outer[160], inner[sizeof ctx->cache.message];
  va_list arguments;
  if (status == WEFT_OK)
    return status;
  va_start(arguments, format);
  vsnprintf(outer, sizeof outer, format, arguments);
  va_end(arguments);
  memcpy(inner, ctx->cache.message, sizeof inner);
  const char *end = strncmp(inner, "weft_", 5) == 0 ? strstr(inner, ": ") : NULL;
  return weft__fail(ctx, status, "%s: %s", outer, end ? end + 2 : inner);
}

const char *weft_ctx_message(const weft_ctx *ctx) {
  return weft__cache_words(ctx ? &ctx->cache : NULL);
}

#ifndef NDEBUG
void weft__ctx_enter(weft_ctx *ctx) {
  bool was = atomic_exchange(&ctx->in_use, true);
  assert(!was && "a context is used by two threads at one time");
  (void)was;
}

void weft__ctx_leave(weft_ctx *ctx) {
  atomic_store(&ctx->in_use, false);
}
#endif

void weft_ctx_options_init(struct weft_ctx_options *options, size_t size) {
  const struct weft_ctx_options defaults = {
      .size = size, .batch_size = 1024, .enable_prefetch = true, .prefetch_distance = 24, .collect_stats = true};
  if (!options)
    return;
  memset(options, 0, size);
  memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

weft_status weft__options_read(weft_ctx *ctx, const char *who, const void *options, size_t size, size_t least, void *mine,
                               size_t known) {
  if (size < least)
    return weft__fail(
        ctx, WEFT_E_INVALID,
        "%s: options.size is %zu, and the least that is known is %zu: a call whose name ends in _options_init sets it", who,
        size, least);
  for (size_t i = known; i < size; i++)
    if (((const char *)options)[i] != 0)
      return weft__fail(ctx, WEFT_E_INVALID,
                        "%s: options.size is %zu, with settings past byte %zu that this version does not know", who, size,
                        known);
  memcpy(mine, options, size < known ? size : known);
  memcpy(mine, &known, sizeof known); /* the size, which all options begin with: mine may be read in their turn */
  return WEFT_OK;
}

/* The caller's options over the defaults, in their ranges. */
static weft_status read_options(const struct weft_ctx_options *options, struct weft_ctx_options *mine) {
  weft_ctx_options_init(mine, sizeof *mine);
  if (!options)
    return WEFT_OK;
  size_t least = offsetof(struct weft_ctx_options, slab) + sizeof options->slab;
  WEFT_TRY(weft__options_read(NULL, "weft_ctx_create", options, options->size, least, mine, sizeof *mine));
  if (mine->batch_size < MIN_BATCH || mine->batch_size > MAX_BATCH)
    return weft__fail(NULL, WEFT_E_INVALID, "options.batch_size is %u, not in %d to %d", mine->batch_size, MIN_BATCH,
                      MAX_BATCH);
  if (mine->prefetch_distance > MAX_DISTANCE)
    return weft__fail(NULL, WEFT_E_INVALID, "options.prefetch_distance is %u, above %d", mine->prefetch_distance,
                      MAX_DISTANCE);
  return WEFT_OK;
}

/* Finds the table that was asked for, or the best; says why in reason[bytes]. */
static weft_status choose_isa(const struct simd_cpu *cpu, const char *asked, enum simd_isa *isa, char *reason,
                              size_t bytes) {
  const char *source = "options.isa", *name = asked;
  if (!name) {
    source = "WEFT_ISA";
    name = getenv("WEFT_ISA");
  }
  uint32_t built = weft__isas_built();
  if (!name || (!asked && !*name)) {
    *isa = weft__isa_best(cpu, built);
    bool spared = weft__cpu_throttles_avx512(cpu) && weft__isa_missing(cpu, SIMD_AVX512, NULL, 0) == 0;
    (void)snprintf(reason, bytes, "the best that this CPU and its system support%s",
                   spared ? ", short of AVX-512, which lowers its clock" : "");
    return WEFT_OK;
  }
  *isa = weft__isa_by_name(name);
  if (*isa == SIMD_ISAS)
    return weft__fail(NULL, WEFT_E_CONFIG, "%s is \"%.40s\": the tables are scalar, sse, avx2, avx512, avx512vbmi, neon",
                      source, name);
  if (!(built >> *isa & 1))
    return weft__fail(NULL, WEFT_E_UNSUPPORTED, "%s is \"%s\": that table is not in this build", source, name);
  char missing[160];
  if (weft__isa_missing(cpu, *isa, missing, sizeof missing) > 0)
    return weft__fail(NULL, WEFT_E_UNSUPPORTED, "%s is \"%s\": this CPU or its system lacks %s", source, name, missing);
  (void)snprintf(reason, bytes, "%s asks for it", source);
  return WEFT_OK;
}

/* Bytes of a context and of its batch's arrays. Each array's size is a multiple of ALIGNMENT, capacity being one of 64. */
static size_t ctx_bytes(size_t capacity) {
  size_t head = (sizeof(struct weft_ctx) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  size_t bitmap = (capacity / SIMD_BLOCK * sizeof(uint64_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return head + capacity * (sizeof(uint8_t *) + sizeof(uint64_t) + SIMD_EDGE) + bitmap;
}

static void *take(char **at, size_t bytes) {
  void *p = *at;
  *at += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return p;
}

/* Allocates a context of capacity rows a batch on slab and opens its cache; all else is zero. */
static weft_status ctx_allocate(weft_slab *slab, size_t capacity, weft_ctx **out) {
  size_t bytes = ctx_bytes(capacity);
  weft_status status;
  weft_ctx *ctx = weft__slab_take(slab, bytes, &status);
  weft__slab_tell(slab);
  if (!ctx) {
    weft__refusal_message(NULL, slab, "no memory for a context", bytes, status);
    return status;
  }
  memset(ctx, 0, bytes);
  weft__cache_open(&ctx->cache, slab);
  char *at = (char *)ctx;
  take(&at, sizeof *ctx);
  ctx->batch.ptrs = take(&at, capacity * sizeof *ctx->batch.ptrs);
  ctx->batch.bytes = take(&at, capacity * sizeof *ctx->batch.bytes);
  ctx->batch.edges = take(&at, capacity * sizeof *ctx->batch.edges);
  ctx->batch.valid = take(&at, capacity / SIMD_BLOCK * sizeof *ctx->batch.valid);
  assert(at == (char *)ctx + bytes);
  ctx->batch_size = (uint32_t)capacity;
  ctx->key_mask = UINT64_MAX;
  *out = ctx;
  return WEFT_OK;
}

weft_status weft_ctx_create(const struct weft_ctx_options *options, weft_ctx **out) {
  if (!out)
    return weft__fail(NULL, WEFT_E_INVALID, "weft_ctx_create: out is NULL");
  *out = NULL;
  struct weft_ctx_options mine;
  WEFT_TRY(read_options(options, &mine));
  struct simd_cpu cpu;
  weft__cpu_read(&cpu);
  enum simd_isa isa;
  char reason[sizeof((struct weft_ctx *)NULL)->reason];
  WEFT_TRY(choose_isa(&cpu, mine.isa, &isa, reason, sizeof reason));

  weft_slab *slab = mine.slab;
  if (!slab) {
    weft_status status = weft_slab_create(NULL, &slab);
    if (status != WEFT_OK)
      return status;
  }
  weft_ctx *ctx = NULL;
  weft_status status = ctx_allocate(slab, (mine.batch_size + SIMD_BLOCK - 1) / SIMD_BLOCK * SIMD_BLOCK, &ctx);
  if (!mine.slab)
    weft__slab_unref(slab); /* the context holds it from here on; without one it goes */
  if (status != WEFT_OK)
    return status;
  ctx->kernels = weft__kernels(isa);
  ctx->prefetch_distance = mine.enable_prefetch ? mine.prefetch_distance : 0;
  ctx->collect_stats = mine.collect_stats;
  ctx->cpu = cpu;
  (void)snprintf(ctx->cpu_text, sizeof ctx->cpu_text, "%s%s%s", cpu.vendor, *cpu.brand ? " " : "", cpu.brand);
  memcpy(ctx->reason, reason, sizeof reason);
  for (int i = 0; i < SIMD_ISAS; i++)
    weft__isa_missing(&cpu, (enum simd_isa)i, ctx->missing[i], sizeof ctx->missing[i]);
  *out = ctx;
  return WEFT_OK;
}

weft_status weft_ctx_clone(const weft_ctx *ctx, weft_ctx **out) {
  if (out)
    *out = NULL;
  if (!ctx || !out)
    return weft__fail(NULL, WEFT_E_INVALID, "weft_ctx_clone: %s is NULL", ctx ? "out" : "ctx");
  weft_ctx *clone;
  WEFT_TRY(ctx_allocate(ctx->cache.slab, ctx->batch_size, &clone));
  /* Only what never changes after creation is read: the original may be at work. */
  clone->kernels = ctx->kernels;
  clone->prefetch_distance = ctx->prefetch_distance;
  clone->collect_stats = ctx->collect_stats;
  clone->key_mask = ctx->key_mask;
  clone->cpu = ctx->cpu;
  memcpy(clone->cpu_text, ctx->cpu_text, sizeof clone->cpu_text);
  memcpy(clone->reason, ctx->reason, sizeof clone->reason);
  memcpy(clone->missing, ctx->missing, sizeof clone->missing);
  *out = clone;
  return WEFT_OK;
}

weft_slab *weft_ctx_slab(const weft_ctx *ctx) {
  return ctx ? ctx->cache.slab : NULL;
}

void weft_ctx_free(weft_ctx *ctx) {
  if (!ctx)
    return;
  weft_slab *slab = ctx->cache.slab;
  weft__cache_close(&ctx->cache);
  (void)!weft_slab_free(slab, ctx);
  weft__slab_unref(slab);
}

weft_status weft_ctx_features(const weft_ctx *ctx, struct weft_features *out, size_t size) {
  if (!ctx || !out)
    return WEFT_E_INVALID;
  struct weft_features features = {.cpu = ctx->cpu_text,
                                   .isa = ctx->kernels->isa,
                                   .reason = ctx->reason,
                                   .vector_bits = ctx->kernels->vector_bits,
                                   .isas = SIMD_ISAS};
  for (int i = 0; i < SIMD_ISAS; i++) {
    bool built = weft__isas_built() >> i & 1, able = ctx->missing[i][0] == '\0';
    features.isa_list[i] = (struct weft_isa){.name = weft__isa_name((enum simd_isa)i),
                                             .built = built,
                                             .supported = built && able,
                                             .missing = built || !able ? ctx->missing[i] : "build"};
  }
  memset(out, 0, size);
  memcpy(out, &features, size < sizeof features ? size : sizeof features);
  return WEFT_OK;
}

void weft__ctx_count(weft_ctx *ctx, const struct ctx_work *work) {
  if (!ctx->collect_stats)
    return;
  ctx_add(&ctx->counters.bytes, work->bytes);
  ctx_add(&ctx->counters.rows_selected, work->rows_selected);
  ctx_add(&ctx->counters.simd_rows, work->simd_rows);
  ctx_add(&ctx->counters.scalar_rows, work->rows - work->simd_rows);
  ctx_add(&ctx->counters.simd_ops, work->simd_ops);
  ctx_add(&ctx->counters.scalar_ops, work->scalar_ops);
}

static void set_ratios(struct weft_stats *stats) {
  uint64_t ops = stats->simd_ops + stats->scalar_ops;
  stats->simd_row_ratio = stats->rows ? (double)stats->simd_rows / (double)stats->rows : 0;
  stats->simd_op_ratio = ops ? (double)stats->simd_ops / (double)ops : 0;
}

weft_status weft_ctx_stats(const weft_ctx *ctx, struct weft_stats *out, size_t size) {
  if (!ctx || !out)
    return WEFT_E_INVALID;
  const struct ctx_counters *c = &ctx->counters;
  struct weft_stats stats = {.bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed),
                             .rows_selected = atomic_load_explicit(&c->rows_selected, memory_order_relaxed),
                             .simd_rows = atomic_load_explicit(&c->simd_rows, memory_order_relaxed),
                             .scalar_rows = atomic_load_explicit(&c->scalar_rows, memory_order_relaxed),
                             .simd_ops = atomic_load_explicit(&c->simd_ops, memory_order_relaxed),
                             .scalar_ops = atomic_load_explicit(&c->scalar_ops, memory_order_relaxed)};
  stats.rows = stats.simd_rows + stats.scalar_rows;
  set_ratios(&stats);
  memset(out, 0, size);
  memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
  return WEFT_OK;
}

void weft_ctx_stats_reset(weft_ctx *ctx) {
  if (!ctx)
    return;
  _Atomic uint64_t *counters[] = {&ctx->counters.bytes,       &ctx->counters.rows_selected, &ctx->counters.simd_rows,
                                  &ctx->counters.scalar_rows, &ctx->counters.simd_ops,      &ctx->counters.scalar_ops};
  for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
    atomic_store_explicit(counters[i], 0, memory_order_relaxed);
}

void weft_stats_merge(struct weft_stats *into, const struct weft_stats *from, size_t size) {
  if (!into || !from)
    return;
  struct weft_stats sum = {0}, add = {0};
  size_t known = size < sizeof sum ? size : sizeof sum;
  memcpy(&sum, into, known);
  memcpy(&add, from, known);
  sum.rows += add.rows;
  sum.bytes += add.bytes;
  sum.rows_selected += add.rows_selected;
  sum.simd_rows += add.simd_rows;
  sum.scalar_rows += add.scalar_rows;
  sum.simd_ops += add.simd_ops;
  sum.scalar_ops += add.scalar_ops;
  set_ratios(&sum);
  memcpy(into, &sum, known);
}
