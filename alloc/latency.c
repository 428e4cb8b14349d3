/* SPDX-License-Identifier: MIT
 *
 * The histograms of latency.h, filled and read. Ticks become nanoseconds when they are read: the rate is taken from the
 * system's clock, between the slab's creation and the reading.
 */
#include "alloc/latency.h"
#include "alloc/registry.h"
#include <string.h>

void weft__latency_record(weft_slab *slab, unsigned node, enum weft_latency_kind kind, uint64_t ticks) {
  struct slab_latency *latency = &slab->nodes[node].latencies[kind];
  if (ticks > INT64_MAX) /* the clocks of two cores differ, and the thread has moved */
    ticks = 0;
  unsigned bucket = ticks < UINT64_C(1) << 40 ? latency_bucket(ticks) : TICK_BUCKETS - 1;
  ADD_SHARED(latency->buckets[bucket], 1);
  ADD_SHARED(latency->sum, ticks);
  uint64_t max = GET(latency->max);
  while (ticks > max && !atomic_compare_exchange_weak(&latency->max, &max, ticks))
    continue;
}

/* Nanoseconds per tick. The first rate that is taken over long enough, for an error of some 1e-5, stays: by a later one a
 * bucket could move, and counts that have been read would shrink. */
static double tick_nanoseconds(weft_slab *slab) {
  uint64_t rate = GET(slab->tick_rate); /* in 2^-32 */
  if (rate == 0) {
    uint64_t ticks = os_ticks() - slab->start_ticks, nanoseconds = weft__os_nanoseconds() - slab->start_nanoseconds;
    if (ticks == 0 || ticks > INT64_MAX)
      return 1;
    rate = (uint64_t)((double)nanoseconds / (double)ticks * 0x1p32);
    if (nanoseconds > 10 * 1000 * 1000)
      SET(slab->tick_rate, rate);
  }
  return (double)rate * 0x1p-32;
}

uint64_t weft_latency_bound(size_t bucket) {
  return bucket < WEFT_LATENCY_BUCKETS - 1 ? latency_least((unsigned)bucket + 1) : UINT64_MAX;
}

/* Adds a node's; a bucket of ticks goes to that of its middle. */
static void add(const struct slab_latency *from, double nanoseconds, struct weft_latencies *to) {
  for (unsigned i = 0; i < TICK_BUCKETS; i++) {
    uint64_t count = GET(from->buckets[i]);
    double middle = (double)latency_least(i) + (i < 16 ? 0 : (double)(latency_least(i + 1) - latency_least(i)) / 2);
    uint64_t value = (uint64_t)(middle * nanoseconds);
    to->buckets[value < weft_latency_bound(WEFT_LATENCY_BUCKETS - 2) ? latency_bucket(value) : WEFT_LATENCY_BUCKETS - 1] +=
        count;
    to->count += count;
  }
  to->sum_ns += (uint64_t)((double)GET(from->sum) * nanoseconds);
  uint64_t max = (uint64_t)((double)GET(from->max) * nanoseconds);
  if (max > to->max_ns)
    to->max_ns = max;
}

weft_status weft_slab_latencies(const weft_slab *read_slab, enum weft_latency_kind kind, struct weft_latencies *out,
                                size_t size) {
  weft_slab *slab = (weft_slab *)read_slab; /* for its rate of ticks */
  if (slab == NULL || out == NULL || (unsigned)kind >= WEFT_LATENCY_KINDS)
    return WEFT_E_INVALID;
  struct weft_latencies latencies;
  memset(&latencies, 0, sizeof latencies);
  double nanoseconds = tick_nanoseconds(slab);
  for (unsigned node = 0; node < slab->n_nodes; node++)
    add(&slab->nodes[node].latencies[kind], nanoseconds, &latencies);
  memset(out, 0, size);
  memcpy(out, &latencies, size < sizeof latencies ? size : sizeof latencies);
  return WEFT_OK;
}

uint64_t weft_latencies_quantile(const struct weft_latencies *latencies, size_t size, double quantile) {
  if (latencies == NULL || size <= offsetof(struct weft_latencies, buckets) || latencies->count == 0)
    return 0;
  double rank = quantile * (double)latencies->count;
  uint64_t below = 0;
  size_t known = (size - offsetof(struct weft_latencies, buckets)) / sizeof latencies->buckets[0];
  for (size_t i = 0; i < known && i < WEFT_LATENCY_BUCKETS; i++) {
    below += latencies->buckets[i];
    if (below > 0 && (double)below >= rank)
      return weft_latency_bound(i) < latencies->max_ns ? weft_latency_bound(i) : latencies->max_ns;
  }
  return latencies->max_ns;
}
