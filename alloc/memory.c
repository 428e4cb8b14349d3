/* SPDX-License-Identifier: MIT
 *
 * What of a slab's range is memory: taken under the limits, given back, purged. Called by whoever cuts memory up: slots.c,
 * objects.c, runs.c, mapped.c. Knows no classes.
 */
#include "alloc/bits.h"
#include "alloc/registry.h"

bool weft__fault(weft_slab *slab) {
  if (!GET(slab->armed))
    return false;
  ADD_SHARED(slab->requests, 1);
  uint64_t left = GET(slab->countdown);
  while (left > 0 && !atomic_compare_exchange_weak(&slab->countdown, &left, left - 1))
    continue;
  return left == 1;
}

void weft__slab_fail_at(weft_slab *slab, uint64_t countdown) {
  SET(slab->countdown, countdown);
  SET(slab->armed, true);
}

uint64_t weft__slab_requests(const weft_slab *slab) {
  return GET(slab->requests);
}

/* The slab whose soft limit this thread has passed in the present call, and whether it is being told so. */
static _Thread_local weft_slab *soft_limit_passed;
static _Thread_local bool soft_limit_telling;

void weft__slab_tell(weft_slab *slab) {
  if (soft_limit_passed != slab || soft_limit_telling)
    return;
  soft_limit_passed = NULL;
  soft_limit_telling = true;
  slab->on_soft_limit(slab->soft_limit_user, slab, GET(slab->committed));
  soft_limit_telling = false;
}

/* Called once the system has given what was counted, with what had been taken before. */
static void note_taken(weft_slab *slab, uint64_t before, size_t bytes) {
  if (before <= slab->soft_limit_bytes && before + bytes > slab->soft_limit_bytes && !soft_limit_telling)
    soft_limit_passed = slab;
  uint64_t committed = GET(slab->committed), peak = GET(slab->peak_committed);
  while (peak < committed && !atomic_compare_exchange_weak(&slab->peak_committed, &peak, committed))
    continue;
}

/* Counts bytes as taken, where the limit has room for them. *before: what had been taken. */
static bool charge(weft_slab *slab, size_t bytes, uint64_t *before, weft_status *status) {
  uint64_t taken = GET(slab->committed);
  do { /* counted only where it fits: a request that is refused must not fill the limit for others meanwhile */
    if (slab->limit_bytes > 0 && (taken > slab->limit_bytes || bytes > slab->limit_bytes - taken)) {
      *status = WEFT_E_LIMIT;
      return false;
    }
  } while (!atomic_compare_exchange_weak(&slab->committed, &taken, taken + bytes));
  *before = taken;
  return true;
}

static void discharge(weft_slab *slab, size_t bytes) {
  ADD_SHARED(slab->committed, -(uint64_t)bytes);
  ADD_SHARED(slab->returned, bytes);
}

bool weft__memory_take(weft_slab *slab, void *at, size_t bytes, weft_status *status) {
  uint64_t before;
  if (!charge(slab, bytes, &before, status))
    return false;
  if (!weft__fault(slab) && weft__os_commit(at, bytes)) {
    note_taken(slab, before, bytes);
    if (slab->huge_pages == WEFT_HUGE_PAGES_NEVER)
      weft__os_huge_pages(at, bytes, false);
    return true;
  }
  *status = WEFT_E_NOMEM;
  ADD_SHARED(slab->committed, -(uint64_t)bytes);
  return false;
}

void weft__memory_give(weft_slab *slab, void *at, size_t bytes) {
  annotate_gone(at, bytes);
  weft__os_decommit(at, bytes);
  discharge(slab, bytes);
}

void weft__memory_advise(weft_slab *slab, void *at, size_t bytes) {
  if (slab->huge_pages == WEFT_HUGE_PAGES_ALWAYS && bytes >= SLAB_BYTES)
    weft__os_huge_pages(at, bytes, true);
}

void weft__slab_advise(const weft_slab *slab, void *at, size_t bytes) {
  size_t whole = bytes / SLAB_BYTES * SLAB_BYTES;
  if (slab->huge_pages != WEFT_HUGE_PAGES_NEVER && whole > 0 && (uintptr_t)at % SLAB_BYTES == 0)
    weft__os_huge_pages(at, whole, true);
}

void weft__memory_end(weft_slab *slab, uint32_t slot) {
  const struct slab_cold *cold = &slab->cold[slot];
  annotate_gone(slot_start(slab, slot), cold->committed);
  if (cold->committed > 0)
    weft__os_decommit(slot_start(slab, slot), cold->committed);
  discharge(slab, cold->committed - (size_t)cold->purged * PAGE_BYTES);
}

void weft__pages_purge(weft_slab *slab, uint32_t slot, uint64_t *purged, size_t from, size_t to) {
  for (size_t end; from < to; from = end) {
    from = bits_next_clear(purged, from, to);
    end = bits_next_set(purged, from, to);
    size_t bytes = (end - from) * PAGE_BYTES;
    if (bytes == 0 || !weft__os_purge(slot_start(slab, slot) + from * PAGE_BYTES, bytes))
      continue;
    bits_fill(purged, from, end - from);
    slab->cold[slot].purged += (uint32_t)(end - from);
    discharge(slab, bytes);
  }
}

bool weft__pages_restore(weft_slab *slab, uint32_t slot, uint64_t *purged, size_t from, size_t to, weft_status *status) {
  size_t n = bits_count(purged, from, to);
  uint64_t before;
  if (!charge(slab, n * PAGE_BYTES, &before, status))
    return false;
  note_taken(slab, before, n * PAGE_BYTES);
  bits_clear(purged, from, to - from);
  slab->cold[slot].purged -= (uint32_t)n;
  return true;
}

bool weft__memory_grow(weft_slab *slab, uint32_t slot, size_t end, weft_status *status) {
  struct slab_cold *cold = &slab->cold[slot];
  char *at = slot_start(slab, slot) + cold->committed;
  size_t least = round_up(end, COMMIT_STEP);
  size_t more = least > 2 * cold->committed ? least : 2 * cold->committed;
  if (more > SLAB_BYTES || slab->huge_pages == WEFT_HUGE_PAGES_ALWAYS)
    more = SLAB_BYTES;
  if (weft__memory_take(slab, at, more - cold->committed, status)) {
    annotate_fresh(at, more - cold->committed);
    cold->committed = more;
    weft__memory_advise(slab, slot_start(slab, slot), more);
    return true;
  }
  if (more == least || !weft__memory_take(slab, at, least - cold->committed, status))
    return false;
  annotate_fresh(at, least - cold->committed);
  cold->committed = least;
  return true;
}
