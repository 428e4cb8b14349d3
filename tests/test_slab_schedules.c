/* SPDX-License-Identifier: MIT
 *
 * The slab's code under every schedule of two or three threads with a few preemptions: magazines that pass between
 * contexts, second frees at one instant, contexts that close, memory that goes back to the system meanwhile.
 */
#include "tests/race.h"
#include "tests/slab_world.h"
#include "tests/suite.h"

/* The scheduler itself */

static unsigned outcomes;
static void race_begin(void) {
  race_count = 0;
}
static void race_end(void) {
  outcomes |= 1u << race_count;
}

START_TEST(a_race_shows_both_of_its_outcomes_and_a_lock_one) {
  struct schedule racing = {"race", race_begin, {race_add, race_add}, race_end, 1};
  outcomes = 0;
  schedule_explore(&racing);
  ck_assert_uint_eq(outcomes, 1u << 1 | 1u << 2);
  struct schedule locked = {"lock", race_begin, {race_add_locked, race_add_locked, race_add_locked}, race_end, 3};
  outcomes = 0;
  schedule_explore(&locked);
  ck_assert_uint_eq(outcomes, 1u << 3);
}
END_TEST

/* Scenarios. The class of 32 KiB has magazines of 20, the runs of 1 MiB ones of 2. */

/* A class of which a slab holds more than three contexts' magazines do, and the largest of runs. */
enum { LARGE = CLASSES - 25, LARGEST_RUN = BINS - 1, PLACES = 300 };
#define ENOUGH ((size_t)8 << 20)

static void take_a(void) {
  world_take(0);
}
static void take_b(void) {
  world_take(1);
}
static void take_c(void) {
  world_take(2);
}
static void give_a(void) {
  world_give(0);
}
static void close_b(void) {
  world_close(1);
}
static void close_c(void) {
  world_close(2);
}
static void trim(void) {
  weft__depot_trim(world.slab);
}
static void take_without_c(void) {
  world_take_as(2, WITHOUT);
}
static void take_aligned_b(void) {
  world_take_as(1, ALIGNED);
}
static void give_without_a(void) {
  void *p = seen.held[0][--seen.n_held[0]];
  SEEN_EXPECT(weft_slab_free(world.slab, p) == WEFT_OK, "not freed");
}
static void take_and_give_a(void) {
  world_take(0);
  world_give(0);
}
static void read_figures(void) {
  struct weft_slab_figures stats;
  SEEN_EXPECT(weft_slab_stats(world.slab, &stats, sizeof stats) == WEFT_OK, "no figures");
  SEEN_EXPECT(stats.allocations >= stats.frees && stats.live_objects <= 100, "%" PRIu64 " allocations, %" PRIu64 " frees",
              stats.allocations, stats.frees);
}

/* Frees objects in context i until both of its magazines are full, and holds one more, whose free must go to the depot. */
static void fill_magazines(int i) {
  const struct slab_bin *bin = &world.caches[i].bins[world.class_];
  uint32_t most = weft__classes[world.class_].rounds;
  do {
    void *p = weft__slab_alloc(world.slab, weft__classes[world.class_].bytes);
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(weft_free(world_ctx(i), p), WEFT_OK);
  } while (bin_count(bin) < most || GET(bin->previous_count) < most);
  seen.held[i][seen.n_held[i]++] = weft__slab_alloc(world.slab, weft__classes[world.class_].bytes);
}

/* Loads a magazine in context i, with nothing in it but one object. */
static void give_out_and_back(int i) {
  world_take(i);
  world_give(i);
}

/* Lets context i go to the depot for objects once more; it holds none of them after it. */
static void refill_once(int i) {
  const _Atomic uint64_t *supply = &world.caches[i].bins[world.class_].supply;
  const uint64_t before = GET(*supply);
  do
    ck_assert_int_eq(weft_slab_free(world.slab, weft_alloc(world_ctx(i), weft__classes[world.class_].bytes)), WEFT_OK);
  while (GET(*supply) == before);
}

/* Lets context i ask for whole magazines, and leaves it with an empty one. */
static void ask_for_whole(int i) {
  const struct slab_bin *bin = &world.caches[i].bins[world.class_];
  while (bin->batch < weft__classes[world.class_].rounds)
    refill_once(i);
  while (bin_count(bin) > 0)
    ck_assert_int_eq(weft_slab_free(world.slab, weft_alloc(world_ctx(i), weft__classes[world.class_].bytes)), WEFT_OK);
}

static void nothing(void) {}
static void a_holds_one_free(void) {
  give_out_and_back(0);
}
static void a_is_full(void) {
  fill_magazines(0);
}
static void a_and_c_are_full(void) {
  fill_magazines(0);
  fill_magazines(2);
}

START_TEST(a_magazine_passes_whole_from_a_context_that_frees_to_others_that_allocate) {
  world_open(LARGE, ENOUGH, a_is_full);
  world_explore("drain and refill", 3, give_a, take_b, NULL);
  world_explore("drain and two refills", 1, give_a, take_b, take_c);
}
END_TEST

static void two_are_on_the_shelf(void) {
  fill_magazines(0);
  for (int i = 0; i < 2; i++) {
    world_give(0);
    fill_magazines(0);
  }
  ask_for_whole(1);
  ask_for_whole(2);
  while (depot_at(world.slab, 0, world.class_)->full_count < 2) {
    world_give(0);
    fill_magazines(0);
  }
}

/* Without a context, when the slabs have no more. */
static void the_shelf_is_taken_one_by_one(void) {
  static void *p[PLACES];
  size_t n = 0;
  fill_magazines(0);
  world_give(0);
  fill_magazines(0);
  ck_assert_ptr_nonnull(depot_at(world.slab, 0, world.class_)->full);
  while (depot_at(world.slab, 0, world.class_)->full != NULL && n < PLACES)
    p[n++] = weft__slab_alloc(world.slab, weft__classes[world.class_].bytes);
  while (n > 0)
    ck_assert_int_eq(weft_slab_free(world.slab, p[--n]), WEFT_OK);
}

START_TEST(a_magazine_that_was_taken_one_by_one_is_off_the_shelf) {
  world_open(LARGE, ENOUGH, the_shelf_is_taken_one_by_one);
  world_explore("drain to an empty shelf and two refills", 1, give_a, take_b, take_c);
}
END_TEST

START_TEST(two_contexts_take_whole_magazines_at_once) {
  world_open(LARGE, ENOUGH, two_are_on_the_shelf);
  world_explore("two whole refills", 3, take_b, take_c, NULL);
  world_explore("drain and two whole refills", 2, give_a, take_b, take_c);
}
END_TEST

START_TEST(two_contexts_take_the_first_objects_of_a_class_at_once) {
  world_open(LARGE, ENOUGH, nothing);
  world_explore("two new contexts", 2, take_a, take_b, NULL);
}
END_TEST

/* Threads that meet in the registry alone, each at the first allocation of its kind: slots and metadata are theirs. */
static const size_t first_sizes[SCHEDULE_THREADS] = {1000, 5000, 90000};
static void take_first(int i) {
  void *p = weft_alloc(world_ctx(i), first_sizes[i]);
  SEEN_EXPECT(p != NULL, "thread %d: %s", i, world.caches[i].message);
  seen.held[i][seen.n_held[i]++] = p;
}
static void take_first_a(void) {
  take_first(0);
}
static void take_first_b(void) {
  take_first(1);
}
static void take_first_c(void) {
  take_first(2);
}
static void take_mapped_c(void) {
  seen.held[2][seen.n_held[2]++] = weft_alloc(world_ctx(2), 5 << 20);
}
static void check_firsts(void) {
  EXPECT(seen.failure[0] == 0, "%s: %s", schedule_text(), seen.failure);
  struct weft_slab_figures stats;
  EXPECT(weft_slab_stats(world.slab, &stats, sizeof stats) == WEFT_OK && stats.live_objects == 3,
         "%s: %" PRIu64 " are live", schedule_text(), stats.live_objects);
  for (int i = 0; i < SCHEDULE_THREADS; i++) {
    const uint32_t slot = slot_of(world.slab, seen.held[i][0]);
    EXPECT(GET(world.slab->hot[slot].kind) != SLOT_META, "%s: an object in metadata", schedule_text());
    for (int k = 0; k < i; k++) {
      const uint32_t other = slot_of(world.slab, seen.held[k][0]);
      const slab_state *states = GET(world.slab->hot[slot].states), *others = GET(world.slab->hot[other].states);
      EXPECT(slot != other && (states == NULL || states != others), "%s: threads %d and %d share a slot or metadata",
             schedule_text(), i, k);
      for (unsigned class_ = 0; class_ < BINS; class_++) {
        const struct slab_round *rounds = GET(world.caches[i].bins[class_].low);
        for (unsigned theirs = 0; theirs < BINS; theirs++)
          EXPECT(rounds == weft__no_rounds.rounds || rounds != GET(world.caches[k].bins[theirs].low),
                 "%s: threads %d and %d share a magazine", schedule_text(), i, k);
      }
    }
  }
  for (int i = 0; i < SCHEDULE_THREADS; i++)
    EXPECT(weft_free(world_ctx(i), seen.held[i][0]) == WEFT_OK, "%s: %s", schedule_text(), world.caches[i].message);
}

START_TEST(threads_that_meet_in_the_registry_alone_share_nothing) {
  world_open(LARGE, ENOUGH, nothing);
  world_explore_to("first allocations of three kinds", 1, take_first_a, take_first_b, take_first_c, check_firsts);
  world_explore_to("first allocations and a mapped one", 1, take_first_a, take_first_b, take_mapped_c, check_firsts);
}
END_TEST

static bool mail_is_there(void) {
  return seen.n_held[1] > 0;
}
static void produce(void) {
  for (int i = 0; i < 2; i++) {
    world_take(0);
    seen.held[1][seen.n_held[1]++] = seen.held[0][--seen.n_held[0]];
  }
}
static void consume(void) {
  for (int i = 0; i < 2; i++) {
    schedule_wait(mail_is_there);
    world_give(1);
  }
}

START_TEST(what_one_context_allocates_another_frees) {
  world_open(LARGE, 3 * weft__classes[LARGE].bytes, nothing);
  world_explore("producer and consumer", 2, produce, consume, NULL);
}
END_TEST

START_TEST(a_context_closes_while_another_refills) {
  world_open(LARGE, ENOUGH, a_and_c_are_full);
  world_explore("close and refill", 2, take_b, close_c, NULL);
  world_explore("close and drain", 3, give_a, close_c, NULL);
}
END_TEST

START_TEST(contexts_close_while_others_close_and_figures_are_read) {
  world_open(LARGE, ENOUGH, a_and_c_are_full);
  world_explore("two contexts close", 2, close_b, close_c, NULL);
  world_explore("close and figures", 1, close_c, read_figures, NULL);
}
END_TEST

START_TEST(memory_goes_back_while_contexts_refill_and_drain) {
  world_open(LARGE, ENOUGH, a_is_full);
  world_explore("trim and refill", 2, take_b, trim, NULL);
  world_explore("trim and drain and refill", 1, give_a, take_b, trim);
}
END_TEST

START_TEST(runs_pass_between_contexts) {
  world_open(LARGEST_RUN, ENOUGH, a_is_full);
  world_explore("runs: drain and refill", 3, give_a, take_b, NULL);
  world_explore("runs: trim and refill", 2, take_b, trim, NULL);
  world_explore("runs: an aligned one, and a free without a context", 2, take_aligned_b, give_without_a, NULL);
}
END_TEST

/* Second frees at one instant, of an object that stays in use by its contexts' magazines. */

static void twin_is_live(void) {
  void *stays = weft__slab_alloc(world.slab, weft__classes[world.class_].bytes);
  seen.held[2][seen.n_held[2]++] = stays;
  world_twin = weft__slab_alloc(world.slab, weft__classes[world.class_].bytes);
  give_out_and_back(0);
  give_out_and_back(1);
}
static void free_twin_a(void) {
  world_free_twin(0, true);
}
static void free_twin_b(void) {
  world_free_twin(1, true);
}
static void free_twin_without(void) {
  world_free_twin(2, false);
}
static void free_twin_and_take_a(void) {
  world_free_twin(0, true);
  world_take(0);
}
static void free_twin_and_take_b(void) {
  world_free_twin(1, true);
  world_take(1);
}

static bool both_are_done(void) {
  return seen.free_calls == 2;
}
static void free_twin_wait_and_take_a(void) {
  world_free_twin(0, true);
  schedule_wait(both_are_done);
  world_take(0);
}
static void free_twin_wait_and_take_b(void) {
  world_free_twin(1, true);
  schedule_wait(both_are_done);
  world_take(1);
}

START_TEST(an_object_freed_by_two_at_one_instant_is_found_in_every_schedule) {
  world_open(LARGE, ENOUGH, twin_is_live);
  world_explore("two frees of one object", 3, free_twin_a, free_twin_b, NULL);
  ck_assert_uint_gt(world_twice_freed, 0);
  world_explore("three frees of one object", 2, free_twin_a, free_twin_b, free_twin_without);
}
END_TEST

START_TEST(an_atomic_check_lets_one_of_two_frees_through_in_every_schedule) {
  world_open_atomic(LARGE, ENOUGH, twin_is_live);
  world_explore("atomic frees of one object", 2, free_twin_a, free_twin_b, free_twin_without);
  ck_assert_uint_eq(world_twice_freed, 0);
  world_explore("atomic frees, then two allocations", 3, free_twin_wait_and_take_a, free_twin_wait_and_take_b, NULL);
  ck_assert_uint_eq(world_twice_freed + world_taken_twice, 0);
  world_open_atomic(LARGE, ENOUGH, a_is_full);
  world_explore("atomic drain and refill", 2, give_a, take_b, NULL);
}
END_TEST

/* A run's free is one step: pages that went back with one free could be cut anew while a magazine gives out the other's. */
START_TEST(a_run_is_freed_once) {
  world_open(LARGEST_RUN, ENOUGH, twin_is_live);
  world_explore("frees of a run", 2, free_twin_a, free_twin_b, free_twin_without);
  ck_assert_uint_eq(world_twice_freed, 0);
}
END_TEST

static void twin_is_mapped(void) {
  world_twin = weft__slab_alloc(world.slab, RUN_MAX_BYTES + 1);
}

/* They meet under the registry's lock. */
START_TEST(a_mapped_allocation_is_freed_once) {
  world_open(LARGE, ENOUGH, twin_is_mapped);
  world_explore("frees of a mapped allocation", 2, free_twin_a, free_twin_b, free_twin_without);
  ck_assert_uint_eq(world_twice_freed, 0);
}
END_TEST

static bool a_is_closed(void) {
  return both_are_done() && !world.open[0] && seen.n_held[1] > 0;
}
static void wait_and_take_without_c(void) {
  schedule_wait(a_is_closed);
  take_without_c();
}
static void free_twin_wait_and_close_a(void) {
  world_free_twin(0, true);
  schedule_wait(both_are_done);
  world_close(0);
}

/* One of the two frees takes it to its slab, the other to a magazine. */
START_TEST(an_object_freed_by_two_that_a_magazine_gives_out_is_not_given_out_by_its_slab) {
  world_open(LARGE, ENOUGH, twin_is_live);
  world_explore("two frees, a close, two allocations", 2, free_twin_wait_and_close_a, free_twin_wait_and_take_b, NULL);
  world_explore("two frees, a close, two allocations", 2, free_twin_wait_and_close_a, free_twin_wait_and_take_b,
                wait_and_take_without_c);
}
END_TEST

/* check_world holds the threads to it. */
START_TEST(an_object_freed_by_two_is_given_out_once_unless_two_calls_on_it_meet_again) {
  world_open(LARGE, ENOUGH, twin_is_live);
  world_explore("two frees, then two allocations", 1, free_twin_wait_and_take_a, free_twin_wait_and_take_b, NULL);
  ck_assert_uint_gt(world_twice_freed, 0);
  ck_assert_uint_eq(world_taken_twice, 0); /* two meetings take two preemptions */
  world_explore("two frees, then two allocations", 3, free_twin_wait_and_take_a, free_twin_wait_and_take_b, NULL);
  world_explore("frees and allocations", 3, free_twin_and_take_a, free_twin_and_take_b, NULL);
  ck_assert_uint_lt(world_taken_twice, world_twice_freed);
}
END_TEST

START_TEST(figures_hold_while_contexts_work) {
  world_open(LARGE, ENOUGH, a_is_full);
  world_explore("figures", 1, give_a, take_b, read_figures);
}
END_TEST

START_TEST(figures_hold_while_the_first_object_is_given_out) {
  world_open(LARGE, ENOUGH, a_holds_one_free);
  world_explore("figures of one object", 3, take_and_give_a, read_figures, NULL);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, a_race_shows_both_of_its_outcomes_and_a_lock_one);
  tcase_add_test(tcase, a_magazine_passes_whole_from_a_context_that_frees_to_others_that_allocate);
  tcase_add_test(tcase, two_contexts_take_the_first_objects_of_a_class_at_once);
  tcase_add_test(tcase, threads_that_meet_in_the_registry_alone_share_nothing);
  tcase_add_test(tcase, what_one_context_allocates_another_frees);
  tcase_add_test(tcase, a_context_closes_while_another_refills);
  tcase_add_test(tcase, memory_goes_back_while_contexts_refill_and_drain);
  tcase_add_test(tcase, runs_pass_between_contexts);
  tcase_add_test(tcase, an_object_freed_by_two_at_one_instant_is_found_in_every_schedule);
  tcase_add_test(tcase, an_atomic_check_lets_one_of_two_frees_through_in_every_schedule);
  tcase_add_test(tcase, a_run_is_freed_once);
  tcase_add_test(tcase, a_mapped_allocation_is_freed_once);
  tcase_add_test(tcase, an_object_freed_by_two_is_given_out_once_unless_two_calls_on_it_meet_again);
  tcase_add_test(tcase, a_magazine_that_was_taken_one_by_one_is_off_the_shelf);
  tcase_add_test(tcase, two_contexts_take_whole_magazines_at_once);
  tcase_add_test(tcase, contexts_close_while_others_close_and_figures_are_read);
  tcase_add_test(tcase, an_object_freed_by_two_that_a_magazine_gives_out_is_not_given_out_by_its_slab);
  tcase_add_test(tcase, figures_hold_while_the_first_object_is_given_out);
  tcase_add_test(tcase, figures_hold_while_contexts_work);
}

int main(void) {
  return suite_main("slab_schedules", add_tests);
}
