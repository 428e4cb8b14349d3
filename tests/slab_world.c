/* SPDX-License-Identifier: MIT
 *
 * The world of slab_world.h, and the system under it: one arena that stays where it is, so that a schedule can start anew
 * from a copy of what the slab had there. What objects hold is of no interest to the slab, and is not copied.
 */
#include "tests/slab_world.h"
#include "alloc/bits.h"

#include <sys/mman.h>

enum { COMMITS = sizeof world.commits / sizeof world.commits[0], PLACES = 4096 };

struct slab_world world;
struct world_seen seen;
void *world_twin;
uint64_t world_twice_freed, world_taken_twice;
static struct world_seen seen_copy;

#define ARENA_BYTES (RESERVE_LEAST + (4 << 20))

/* The system: see --wrap in tests/CMakeLists.txt. */
size_t __wrap_weft__os_page_bytes(void);
void *__wrap_weft__os_reserve(size_t bytes, size_t align);
bool __wrap_weft__os_show(void *at, size_t bytes);
bool __wrap_weft__os_commit(void *at, size_t bytes);
void __wrap_weft__os_decommit(void *at, size_t bytes);
bool __wrap_weft__os_purge(void *at, size_t bytes);
void __wrap_weft__os_release(void *at, size_t bytes);
void __wrap_weft__os_yield(void);

size_t __wrap_weft__os_page_bytes(void) {
  return 4096;
}
void *__wrap_weft__os_reserve(size_t bytes, size_t align) {
  return bytes <= ARENA_BYTES && align <= SLAB_BYTES ? world.arena : NULL;
}
bool __wrap_weft__os_show(void *at, size_t bytes) {
  return at != NULL && bytes > 0;
}
/* More than a step is for objects alone, and those need not be zero here. */
bool __wrap_weft__os_commit(void *at, size_t bytes) {
  if (bytes > COMMIT_STEP)
    return true;
  memset(at, 0, bytes);
  if (world.copy == NULL && world.n_commits < COMMITS) {
    world.commits[world.n_commits].at = at;
    world.commits[world.n_commits++].bytes = bytes;
  }
  return true;
}
void __wrap_weft__os_decommit(void *at, size_t bytes) {
  (void)at;
  (void)bytes;
}
static uint64_t yielded_at;
static bool others_went_on(void) {
  return schedule_now() > yielded_at;
}
void __wrap_weft__os_yield(void) {
  yielded_at = schedule_now();
  schedule_wait(others_went_on);
}
bool __wrap_weft__os_purge(void *at, size_t bytes) {
  return at != NULL && bytes > 0;
}
void __wrap_weft__os_release(void *at, size_t bytes) {
  (void)at;
  (void)bytes;
}

static void for_each_commit(bool to_copy) {
  char *copy = world.copy;
  for (size_t i = 0; i < world.n_commits; i++) {
    if (to_copy)
      memcpy(copy, world.commits[i].at, world.commits[i].bytes);
    else
      memcpy(world.commits[i].at, copy, world.commits[i].bytes);
    copy += world.commits[i].bytes;
  }
}

/* What logical threads do */

void world_take(int i) {
  world_take_as(i, WITH);
}

void world_take_as(int i, enum world_way way) {
  uint64_t began = schedule_now();
  size_t bytes = weft__classes[world.class_].bytes;
  void *p = way == WITH      ? weft_alloc(world_ctx(i), bytes)
            : way == WITHOUT ? weft__slab_alloc(world.slab, bytes)
                             : weft_aligned_alloc(world_ctx(i), bytes, 2 * PAGE_BYTES);
  SEEN_EXPECT(p != NULL, "thread %d: %s", i, world.caches[i].message);
  for (int other = 0; other < SCHEDULE_THREADS; other++)
    for (size_t k = 0; k < seen.n_held[other]; k++)
      if (seen.held[other][k] == p) {
        seen.taken_twice = true;
        seen.at_once |=
            seen.taken[other].p == p && (seen.taken[other].ended > began || seen.taken[other].began < seen.free_ended);
      }
  seen.taken[i].p = p;
  seen.taken[i].began = began;
  seen.taken[i].ended = schedule_now();
  seen.held[i][seen.n_held[i]++] = p;
}

void world_give(int i) {
  void *p = seen.held[i][--seen.n_held[i]];
  weft_status status = weft_free(world_ctx(i), p);
  SEEN_EXPECT(status == WEFT_OK || p == world_twin, "thread %d: %s", i, weft_status_text(status));
}

void world_close(int i) {
  weft__cache_close(&world.caches[i]);
  weft__slab_unref(world.slab);
  world.open[i] = false;
}

void world_free_twin(int i, bool with_context) {
  weft_status status = with_context ? weft_free(world_ctx(i), world_twin) : weft_slab_free(world.slab, world_twin);
  seen.free_ended = schedule_now();
  seen.free_calls++;
  seen.freed += status == WEFT_OK;
  SEEN_EXPECT(status == WEFT_OK || status == WEFT_E_DOUBLE_FREE, "thread %d: %s", i, weft_status_text(status));
}

/* Counts how often each object of the class is in some place; index 0 is the first object of the first slab. */
static struct {
  void *at;
  unsigned magazines, held;
  bool in_slab;
} places[PLACES];
static size_t n_places;

static size_t place_of(const void *p) {
  for (size_t i = 0; i < n_places; i++)
    if (places[i].at == p)
      return i;
  ck_abort_msg("%s: %p is no object", schedule_text(), p);
}

static struct weft_slab_figures figures(void) {
  struct weft_slab_figures stats;
  EXPECT(weft_slab_stats(world.slab, &stats, sizeof stats) == WEFT_OK, "%s: no figures", schedule_text());
  return stats;
}

static void add_place(uint32_t slot, size_t at, bool in_slab) {
  EXPECT(n_places < PLACES, "%s: too many objects", schedule_text());
  places[n_places].at = slot_start(world.slab, slot) + at;
  places[n_places].magazines = places[n_places].held = 0;
  places[n_places++].in_slab = in_slab;
}

/* All objects of the class. Of runs there is one class in the world, and so each is cut where one of its size would be. */
static void list_objects(void) {
  size_t bytes = weft__classes[world.class_].bytes;
  n_places = 0;
  for (uint32_t slot = 0; slot < world.slab->known; slot++) {
    const struct slab_cold *cold = &world.slab->cold[slot];
    const struct slab_hot *hot = &world.slab->hot[slot];
    uint32_t clear = 0;
    if (GET(hot->kind) == SLOT_OBJECTS) {
      EXPECT(GET(hot->home) == home_of(0, world.class_), "%s: a slab of another class", schedule_text());
      const uint64_t *purged = cold->bitmap + weft__classes[world.class_].objects / 64 + 1;
      uint32_t hidden = 0;
      for (uint32_t i = 0; i < cold->made; i++) {
        size_t first = i * bytes / PAGE_BYTES, end = ((i + 1) * bytes - 1) / PAGE_BYTES + 1;
        bool in_slab = cold->bitmap[i / 64] >> i % 64 & 1, is_hidden = bits_next_set(purged, first, end) < end;
        clear += in_slab;
        hidden += is_hidden;
        EXPECT(!in_slab || !is_hidden, "%s: slab %u: object %u is free without memory", schedule_text(), slot, i);
        add_place(slot, i * bytes, in_slab || is_hidden);
      }
      EXPECT(hidden == cold->hidden, "%s: slab %u: %u hidden, counted as %u", schedule_text(), slot, hidden, cold->hidden);
    } else if (GET(hot->kind) == SLOT_RUNS) {
      const struct run_map *map = map_of(hot);
      for (uint32_t page = 0; page < SLAB_PAGES; page++) {
        bool in_slab = (map->cut[page / 64] >> page % 64 & 1) == 0;
        clear += in_slab;
        if ((size_t)page * PAGE_BYTES % bytes == 0)
          add_place(slot, (size_t)page * PAGE_BYTES, in_slab);
      }
    } else {
      continue;
    }
    EXPECT(clear == cold->free, "%s: slab %u: %u free, counted as %u", schedule_text(), slot, clear, cold->free);
  }
}

static uint64_t list_rounds(const struct slab_round *rounds, uint32_t count) {
  if (rounds == NULL)
    return 0;
  EXPECT(count <= weft__classes[world.class_].rounds, "%s: a magazine of %u", schedule_text(), count);
  for (uint32_t i = 0; i < count; i++)
    places[place_of(GET(rounds[i].object))].magazines++;
  return 1;
}

/* Lists what all magazines hold. Returns how many there are. */
static uint64_t list_magazines(void) {
  const struct slab_depot *depot = depot_at(world.slab, 0, world.class_);
  uint64_t magazines = 0, full = 0;
  for (const struct slab_magazine *magazine = depot->full; magazine != NULL && full < 1000; magazine = magazine->next)
    full += list_rounds(magazine->rounds, magazine->count);
  EXPECT(full == depot->full_count, "%s: %" PRIu64 " full magazines, counted as %u", schedule_text(), full,
         depot->full_count);
  magazines += full;
  for (const struct slab_magazine *magazine = depot->empty; magazine != NULL && magazines < 1000; magazine = magazine->next)
    magazines++;
  for (int i = 0; i < SCHEDULE_THREADS; i++) {
    const struct slab_bin *bin = &world.caches[i].bins[world.class_];
    if (world.open[i]) {
      magazines += list_rounds(GET(bin->low) == weft__no_rounds.rounds ? NULL : GET(bin->low), bin_count(bin));
      magazines += list_rounds(bin->previous == NULL ? NULL : bin->previous->rounds, GET(bin->previous_count));
    }
  }
  return magazines;
}

/* All metadata is magazines and the states and bitmaps of slabs: that none is lost. */
static void check_metadata(uint64_t magazines) {
  uint64_t pieces = figures().slabs, piece;
  const struct meta_piece *kept;
  if (world.class_ < CLASSES) {
    const struct size_class *class = &weft__classes[world.class_];
    piece = class_states_bytes(class) + (class->objects / 64 + 1) * sizeof(uint64_t) + SLAB_PAGES / 8;
    kept = depot_at(world.slab, 0, world.class_)->pieces;
  } else {
    piece = sizeof(struct run_map);
    kept = world.slab->nodes[0].run_pieces;
  }
  for (; kept != NULL; kept = kept->next)
    pieces++;
  uint64_t rounds = weft__classes[world.class_].rounds;
  uint64_t magazine = (sizeof(struct slab_magazine) + rounds * sizeof(struct slab_round) + 63) & ~UINT64_C(63);
  uint64_t used = (uint64_t)(META_BYTES - (world.slab->meta_end - world.slab->meta));
  piece = (piece + 63) & ~UINT64_C(63);
  EXPECT(world.slab->meta == NULL || used == magazines * magazine + pieces * piece,
         "%s: %" PRIu64 " bytes of metadata, but %" PRIu64 " magazines and %" PRIu64 " slabs", schedule_text(), used,
         magazines, pieces);
}

/* Frees of twin that were one too many. */
static uint64_t twins(void) {
  return seen.freed > 1 ? seen.freed - 1 : 0;
}

/* Every context that is open is in the slab's list, and no other. */
static void check_contexts(const struct weft_slab_figures *stats) {
  uint64_t open = 0, listed = 0;
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    open += world.open[i];
  for (const struct slab_cache *cache = world.slab->caches; cache != NULL && listed < 10; cache = cache->next)
    listed++;
  EXPECT(stats->contexts == open && listed == open,
         "%s: %" PRIu64 " contexts are open, %" PRIu64 " listed, counted as %" PRIu64, schedule_text(), open, listed,
         stats->contexts);
}

static void check_world(void) {
  EXPECT(seen.failure[0] == 0, "%s: %s", schedule_text(), seen.failure);
  EXPECT(!seen.taken_twice || (world_twin != NULL && seen.at_once), "%s: an object was given out twice", schedule_text());
  world_taken_twice += seen.taken_twice;
  world_twice_freed += seen.freed > 1;
  if (seen.taken_twice)
    return; /* where a twin was given out twice at one instant, the figures cannot be right */
  struct weft_slab_figures stats = figures();
  uint64_t held = 0;
  check_contexts(&stats);
  list_objects();
  uint64_t magazines = list_magazines();
  check_metadata(magazines);
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    for (size_t k = 0; k < seen.n_held[i]; k++, held++)
      places[place_of(seen.held[i][k])].held++;
  uint64_t left = twins() - stats.double_frees; /* twins that the slab has yet to find */
  for (size_t i = 0; i < n_places; i++) {
    unsigned in_all = places[i].magazines + places[i].held + places[i].in_slab;
    EXPECT(in_all == 1 || (places[i].at == world_twin && in_all == 1 + left),
           "%s: object %zu is in %u magazines, held %u times%s", schedule_text(), i, places[i].magazines, places[i].held,
           places[i].in_slab ? ", and in its slab" : "");
  }
  EXPECT(stats.allocations - stats.frees + left == held, "%s: %" PRIu64 " held, %" PRIu64 " - %" PRIu64 " counted",
         schedule_text(), held, stats.allocations, stats.frees);
}

/* After that all goes back, and nothing is left. */
static void check_end(void) {
  check_world();
  bool sound = !seen.taken_twice;
  for (int i = 0; i < SCHEDULE_THREADS; i++) {
    while (world.open[i] && seen.n_held[i] > 0)
      world_give(i);
    if (world.open[i])
      world_close(i);
    while (seen.n_held[i] > 0)
      EXPECT(weft_slab_free(world.slab, seen.held[i][--seen.n_held[i]]) == WEFT_OK, "%s: not freed", schedule_text());
  }
  weft__depot_trim(world.slab);
  struct weft_slab_figures stats = figures();
  EXPECT(stats.slabs == 0, "%s: %" PRIu64 " slabs are left", schedule_text(), stats.slabs);
  EXPECT(!sound || (stats.live_objects == 0 && stats.double_frees == twins()),
         "%s: %" PRIu64 " live, %" PRIu64 " second frees", schedule_text(), stats.live_objects, stats.double_frees);
}

static void begin(void) {
  for_each_commit(false);
  memcpy((void *)world.caches, (void *)world.caches_copy, sizeof world.caches);
  seen = seen_copy;
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    world.open[i] = true;
}

static void open_checked(unsigned class_, size_t cache_bytes, void (*prepare)(void), enum weft_check check) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = RESERVE_LEAST;
  options.cache_bytes = cache_bytes;
  options.check = check;
  memset((void *)&world, 0, sizeof world);
  char *at =
      mmap(NULL, ARENA_BYTES + SLAB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ck_assert_ptr_ne(at, MAP_FAILED);
  world.arena = at + (-(uintptr_t)at & (SLAB_BYTES - 1));
  world.class_ = class_;
  ck_assert_int_eq(weft_slab_create(&options, &world.slab), WEFT_OK);
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    weft__cache_open(&world.caches[i], world.slab);
  world_twin = NULL;
  memset(&seen, 0, sizeof seen);
  prepare();
  static char copy[COMMITS * COMMIT_STEP];
  world.copy = copy;
  for_each_commit(true);
  memcpy((void *)world.caches_copy, (void *)world.caches, sizeof world.caches);
  seen_copy = seen;
}

void world_open(unsigned class_, size_t cache_bytes, void (*prepare)(void)) {
  open_checked(class_, cache_bytes, prepare, WEFT_CHECK_STATE);
}

void world_open_atomic(unsigned class_, size_t cache_bytes, void (*prepare)(void)) {
  open_checked(class_, cache_bytes, prepare, WEFT_CHECK_ATOMIC);
}

void world_explore(const char *name, unsigned preemptions, void (*a)(void), void (*b)(void), void (*c)(void)) {
  world_explore_to(name, preemptions, a, b, c, check_end);
}

void world_explore_to(const char *name, unsigned preemptions, void (*a)(void), void (*b)(void), void (*c)(void),
                      void (*end)(void)) {
  size_t percent = rng_cases(100);
  unsigned bound = percent >= 1000 ? preemptions + 1 : percent < 100 && preemptions > 1 ? preemptions - 1 : preemptions;
  struct schedule schedule = {name, begin, {a, b, c}, end, bound};
  world_taken_twice = world_twice_freed = 0;
  uint64_t n = schedule_explore(&schedule);
  printf("slab_schedules: %s: %" PRIu64 " schedules with up to %u preemptions\n", name, n, bound);
  if (world_twin != NULL)
    printf("slab_schedules:   %" PRIu64 " of them freed it twice, %" PRIu64 " gave it out twice\n", world_twice_freed,
           world_taken_twice);
  ck_assert_uint_gt(n, 5);
}
