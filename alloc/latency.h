/* SPDX-License-Identifier: MIT
 *
 * How long things take: histograms of ticks, one of each kind for a node, filled by any thread. For alloc/ alone; what a
 * tick is says os.h.
 *
 * Below 8 a bucket holds one value, from there on 8 share each doubling, so that a bucket is at most 1/8 as wide as what it
 * holds; the last takes all from 2^40 on (minutes).
 */
#ifndef ALLOC_LATENCY_H
#define ALLOC_LATENCY_H

#include "alloc/cache.h"
#include "alloc/os.h"

enum {
  TICK_BUCKETS = 8 * 38 + 1,
  TIMED_TRIPS = 8, /* of so many trips past the magazines one is timed */
};

struct slab_latency {
  _Atomic uint64_t buckets[TICK_BUCKETS];
  _Atomic uint64_t sum; /* of ticks */
  _Atomic uint64_t max;
};

/* The bucket of a value below 2^60, and the least value of a bucket. */
static inline unsigned latency_bucket(uint64_t value) {
  if (value < 8)
    return (unsigned)value;
  unsigned shift = 60 - (unsigned)__builtin_clzll(value);
  return 8 * (shift + 1) + (unsigned)(value >> shift & 7);
}
static inline uint64_t latency_least(unsigned bucket) {
  return bucket < 8 ? bucket : (uint64_t)(8 + bucket % 8) << (bucket / 8 - 1);
}

/* Adds one that took so many ticks. Any thread. */
void weft__latency_record(weft_slab *slab, unsigned node, enum weft_latency_kind kind, uint64_t ticks);

/* Times what lies between the two calls: begin is 0 where it is not to be timed. Slow work is always timed, trips of a
 * context one in TIMED_TRIPS. */
static inline uint64_t latency_begin(void) {
#ifdef WEFT_SLAB_PLAIN
  return 0;
#else
  return os_ticks() | 1;
#endif
}
static inline uint64_t latency_begin_trip(struct slab_cache *cache) {
  return cache->trips++ % TIMED_TRIPS == 0 ? latency_begin() : 0;
}
static inline void latency_end(weft_slab *slab, unsigned node, enum weft_latency_kind kind, uint64_t begin) {
  if (begin != 0)
    weft__latency_record(slab, node, kind, os_ticks() - begin);
}

#endif
