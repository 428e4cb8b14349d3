/* SPDX-License-Identifier: MIT
 *
 * The checks of the kernel kinds `find` and `insert`: tables entered by plain code, beside a list of the same entries that
 * is searched from its start. Buckets, hashes and outputs end at guard pages.
 */
#include "checks.h"

#include <check.h>
#include <stdio.h>

#define MOST_HASHES 1200
#define MOST_ENTRIES 2400
#define MOST_BUCKETS (SIMD_FAR_BYTES / sizeof(struct simd_bucket) + 8)

static struct guard_pool pool;

/* What a table is to hold, in the order of insertion. */
struct entry {
  uint64_t hash;
  uint32_t id;
};

struct entries {
  struct entry list[MOST_ENTRIES];
  size_t n;
};

/* A case: the hashes that tables are drawn from, few of them when chains are to be long. */
struct plan {
  size_t n;        /* hashes handed to the kernel */
  size_t entries;  /* in the table beforehand */
  size_t distinct; /* hashes that there are */
  uint32_t n_buckets;
  uint32_t first_id;
  size_t ahead;
  enum guard_side side;
  uint64_t hashes[MOST_HASHES];
};

static const struct entry *first_of(const struct entries *entries, uint64_t hash) {
  for (size_t i = 0; i < entries->n; i++)
    if (entries->list[i].hash == hash)
      return &entries->list[i];
  return NULL;
}

static size_t place_of(const struct simd_table *table, uint64_t hash) {
  return (size_t)((unsigned __int128)(hash >> 32) * table->n_buckets >> 32);
}

/* The table of a list: each place's entries in order, five a bucket, the overflow taken bucket by bucket. The overflow has
 * room for `more` hashes beyond those of the list, and not a byte more; its pieces are of one bucket, of a few, or one. */
static struct simd_table lay_table(struct rng *rng, const struct plan *plan, const struct entries *entries, size_t more) {
  struct simd_table table = {.n_buckets = plan->n_buckets};
  size_t bucket_bytes = table.n_buckets * sizeof *table.buckets;
  struct simd_bucket *overflow = guard_take(&pool, GUARD_HIGH, (entries->n + 1) * sizeof *overflow, 0, rng);
  table.buckets = guard_take(&pool, plan->side, bucket_bytes, 0, rng);
  memset(table.buckets, 0xff, bucket_bytes);
  for (size_t i = 0; i < entries->n; i++) {
    struct simd_bucket *bucket = &table.buckets[place_of(&table, entries->list[i].hash)];
    while (bucket->id[SIMD_SLOTS] != SIMD_NO_ID)
      bucket = &overflow[bucket->id[SIMD_SLOTS]];
    size_t slot = 0;
    while (slot < SIMD_SLOTS && bucket->id[slot] != SIMD_NO_ID)
      slot++;
    if (slot == SIMD_SLOTS) {
      bucket->id[SIMD_SLOTS] = table.n_overflow;
      bucket = &overflow[table.n_overflow++];
      memset(bucket, 0xff, sizeof *bucket);
      slot = 0;
    }
    bucket->hash[slot] = entries->list[i].hash;
    bucket->id[slot] = entries->list[i].id;
  }
  size_t buckets = table.n_overflow + more, used = table.n_overflow * sizeof *overflow;
  static const unsigned bits[] = {0, 1, 4, 31};
  table.overflow_bits = bits[rng_upto(rng, 3)];
  size_t pieces = buckets == 0 ? 0 : ((buckets - 1) >> table.overflow_bits) + 1;
  struct simd_bucket *at = guard_take(&pool, plan->side, buckets * sizeof *overflow, 0, rng);
  memcpy(at, overflow, used);
  table.overflow = guard_take(&pool, plan->side, pieces * sizeof *table.overflow, 0, rng);
  for (size_t i = 0; i < pieces; i++)
    table.overflow[i] = at + (i << table.overflow_bits);
  return table;
}

/* Hashes that meet in places, differ in their low bits alone, and the ones that look like empty memory. */
static uint64_t draw_hash(struct rng *rng, size_t distinct) {
  static const uint64_t corners[] = {0, UINT64_MAX, 1, UINT64_MAX - 1, UINT32_MAX, (uint64_t)UINT32_MAX << 32};
  size_t which = rng_upto(rng, distinct - 1);
  if (which < sizeof corners / sizeof *corners)
    return corners[which];
  return which % 3 == 0 ? which : which % 3 == 1 ? UINT64_MAX - which : which * RNG_STEP;
}

static void draw_plan(struct rng *rng, size_t n, struct plan *plan) {
  static const size_t distincts[] = {1, 2, 7, 40, 400, 4000}, distances[] = {0, 1, 8, 24, 64, 4096};
  static const uint32_t buckets[] = {1, 2, 3, 17, 64, 300};
  plan->n = n;
  plan->distinct = distincts[rng_upto(rng, 5)];
  plan->n_buckets = buckets[rng_upto(rng, 5)];
  plan->entries = rng_percent(rng, 15) ? 0 : rng_upto(rng, n > 130 ? MOST_ENTRIES / 2 : 200);
  plan->first_id = rng_percent(rng, 70) ? (uint32_t)rng_upto(rng, 5000) : SIMD_NO_ID - 3 * MOST_HASHES - MOST_ENTRIES;
  plan->ahead = distances[rng_upto(rng, 5)];
  plan->side = rng_percent(rng, 50) ? GUARD_LOW : GUARD_HIGH;
  for (size_t i = 0; i < n; i++)
    plan->hashes[i] = draw_hash(rng, plan->distinct);
}

/* Entries, ids rising from first_id; repeated: a hash may have several. */
static void draw_entries(struct rng *rng, const struct plan *plan, bool repeated, struct entries *entries) {
  entries->n = 0;
  for (size_t i = 0; i < plan->entries; i++) {
    uint64_t hash = draw_hash(rng, plan->distinct);
    if (!repeated && first_of(entries, hash))
      continue;
    entries->list[entries->n] = (struct entry){.hash = hash, .id = plan->first_id + (uint32_t)entries->n};
    entries->n++;
  }
}

static void start_case(const char *what, const char *isa, uint64_t seed, const struct plan *plan) {
  guard_reset(&pool, 0);
  guard_case = (struct guard_case){.what = what, .isa = isa, .rows = plan->n, .length = plan->entries, .seed = seed};
}

static uint64_t *lay_hashes(struct rng *rng, const struct plan *plan) {
  uint64_t *hashes = guard_take(&pool, plan->side, plan->n * sizeof *hashes, 0, rng);
  memcpy(hashes, plan->hashes, plan->n * sizeof *hashes);
  return hashes;
}

static void check_find_plan(const char *isa, simd_find_fn *kernel, uint64_t seed, struct rng *rng,
                            const struct plan *plan) {
  static struct entries entries;
  start_case("find", isa, seed, plan);
  draw_entries(rng, plan, true, &entries);
  struct simd_table table = lay_table(rng, plan, &entries, 0), before = table;
  uint64_t *hashes = lay_hashes(rng, plan);
  uint32_t *ids = guard_take(&pool, plan->side, plan->n * sizeof *ids, 0, rng);
  uint32_t *later = guard_take(&pool, plan->side, plan->n * sizeof *later, 0, rng);
  kernel(&table, hashes, plan->n, plan->ahead, ids, later);
  for (size_t i = 0; i < plan->n; i++) {
    const struct entry *entry = first_of(&entries, plan->hashes[i]);
    uint32_t expected = entry ? entry->id : SIMD_NO_ID;
    CASE_CHECK(ids[i] == expected, i, "hash %llx in %u buckets, %zu ahead: id %u, not %u",
               (unsigned long long)plan->hashes[i], plan->n_buckets, plan->ahead, ids[i], expected);
  }
  CASE_CHECK(memcmp(&table, &before, sizeof table) == 0, 0, "find changed the table");
}

/* Walks every place of a table: its entries must be those of the list that belong there, in their order, without a gap;
 * each overflow bucket is in one chain. */
static void check_table_holds(const struct simd_table *table, const struct entries *entries) {
  static bool chained[MOST_ENTRIES], taken[MOST_BUCKETS];
  size_t found = 0;
  memset(chained, 0, sizeof chained);
  memset(taken, 0, sizeof taken);
  for (size_t i = 0; i < entries->n; i++)
    taken[place_of(table, entries->list[i].hash)] = true;
  for (size_t place = 0; place < table->n_buckets; place++) {
    const struct simd_bucket *bucket = &table->buckets[place];
    size_t slot = 0;
    for (size_t i = 0; taken[place] && i < entries->n; i++) {
      const struct entry *entry = &entries->list[i];
      if (place_of(table, entry->hash) != place)
        continue;
      if (slot == SIMD_SLOTS) {
        uint32_t next = bucket->id[SIMD_SLOTS];
        CASE_CHECK(next < table->n_overflow && !chained[next], i, "place %zu goes on in bucket %u of %u", place, next,
                   table->n_overflow);
        chained[next] = true;
        bucket = simd_overflow_bucket(table, next);
        slot = 0;
      }
      CASE_CHECK(bucket->hash[slot] == entry->hash && bucket->id[slot] == entry->id, i,
                 "place %zu slot %zu holds hash %llx id %u, not hash %llx id %u", place, slot,
                 (unsigned long long)bucket->hash[slot], bucket->id[slot], (unsigned long long)entry->hash, entry->id);
      slot++;
      found++;
    }
    for (; slot < SIMD_SLOTS; slot++)
      CASE_CHECK(bucket->id[slot] == SIMD_NO_ID && bucket->hash[slot] == UINT64_MAX, place, "slot %zu is not empty", slot);
    CASE_CHECK(bucket->id[SIMD_SLOTS] == SIMD_NO_ID, place, "the last bucket leads to another");
  }
  CASE_CHECK(found == entries->n, 0, "%zu entries of %zu", found, entries->n);
  for (size_t i = 0; i < table->n_overflow; i++)
    CASE_CHECK(chained[i], i, "an overflow bucket in no chain");
}

static void check_insert_plan(const char *isa, simd_insert_fn *kernel, uint64_t seed, struct rng *rng,
                              const struct plan *plan) {
  static struct entries entries;
  start_case("insert", isa, seed, plan);
  draw_entries(rng, plan, false, &entries);
  size_t before = entries.n;
  uint32_t next_id = plan->first_id + (uint32_t)before;
  struct simd_table table = lay_table(rng, plan, &entries, plan->n);
  uint64_t *hashes = lay_hashes(rng, plan);
  uint32_t *ids = guard_take(&pool, plan->side, plan->n * sizeof *ids, 0, rng);
  bool by_rows = rng_percent(rng, 50);
  for (size_t i = 0; i < plan->n; i++)
    ids[i] = next_id + 3 * (uint32_t)i; /* row numbers, which the ids replace */
  size_t added = kernel(&table, hashes, by_rows ? ids : NULL, plan->n, plan->ahead, next_id, ids);
  for (size_t i = 0; i < plan->n; i++) {
    const struct entry *entry = first_of(&entries, plan->hashes[i]);
    if (!entry) {
      entry = &entries.list[entries.n];
      uint32_t id = by_rows ? next_id + 3 * (uint32_t)i : plan->first_id + (uint32_t)entries.n;
      entries.list[entries.n] = (struct entry){.hash = plan->hashes[i], .id = id};
      entries.n++;
    }
    CASE_CHECK(ids[i] == entry->id, i, "hash %llx in %u buckets, %zu ahead: id %u, not %u",
               (unsigned long long)plan->hashes[i], plan->n_buckets, plan->ahead, ids[i], entry->id);
  }
  CASE_CHECK(added == entries.n - before, 0, "%zu inserted, not %zu", added, entries.n - before);
  check_table_holds(&table, &entries);
}

/* A check of one drawn case, by either kind. */
#define RUN_DRAWN(kind, isa, kernel, i, rows)            \
  do {                                                   \
    static struct plan plan;                             \
    uint64_t seed = rng_case_seed(i);                    \
    struct rng rng = {seed};                             \
    draw_plan(&rng, rows, &plan);                        \
    check_##kind##_plan(isa, kernel, seed, &rng, &plan); \
  } while (0)

/* As RUN_DRAWN, with every hash in one place, so that all but the first five are in a chain. */
#define RUN_CHAINED(kind, isa, kernel, i, rows)          \
  do {                                                   \
    static struct plan plan;                             \
    uint64_t seed = rng_case_seed(i);                    \
    struct rng rng = {seed};                             \
    draw_plan(&rng, rows, &plan);                        \
    plan.n_buckets = 1;                                  \
    plan.distinct = 4000;                                \
    plan.entries = i;                                    \
    check_##kind##_plan(isa, kernel, seed, &rng, &plan); \
  } while (0)

/* As RUN_DRAWN, in tables that are far, so that lines are asked for at once; guarded, where a prefetch harms nothing. */
#define RUN_FAR(kind, isa, kernel)                                                             \
  do {                                                                                         \
    static const size_t rows[] = {1, SIMD_NEAR, SIMD_NEAR + 1, 1023, 1024, 1025, MOST_HASHES}; \
    static struct plan plan;                                                                   \
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {                                  \
      uint64_t seed = rng_case_seed(i);                                                        \
      struct rng rng = {seed};                                                                 \
      draw_plan(&rng, rows[i], &plan);                                                         \
      plan.n_buckets = SIMD_FAR_BYTES / sizeof(struct simd_bucket) + 1 + (uint32_t)i;          \
      plan.ahead = 1 + i % 2 * 23;                                                             \
      check_##kind##_plan(isa, kernel, seed, &rng, &plan);                                     \
    }                                                                                          \
  } while (0)

static void finds_in_far_tables(const char *isa, simd_find_fn *kernel) {
  RUN_FAR(find, isa, kernel);
}

static void numbers_in_far_tables(const char *isa, simd_insert_fn *kernel) {
  RUN_FAR(insert, isa, kernel);
}

static void finds_the_first_of_each_hash_at_every_row_count(const char *isa, simd_find_fn *kernel) {
  for (size_t rows = 0; rows <= 130; rows = rng_count_after(rows))
    for (size_t k = 0; k < 5; k++)
      RUN_DRAWN(find, isa, kernel, rows * 5 + k, rows);
  for (size_t k = 0; k < 10; k++)
    RUN_DRAWN(find, isa, kernel, k, 1000);
}

static void finds_at_the_end_of_chains_of_every_length(const char *isa, simd_find_fn *kernel) {
  for (size_t entries = 0; entries <= 100; entries++)
    for (size_t k = 0; k < 3; k++)
      RUN_CHAINED(find, isa, kernel, entries, 1 + 60 * k);
}

/* An empty slot's memory reads as the hash of all ones, whose id is none. */
static void finds_no_hash_in_empty_slots(const char *isa, simd_find_fn *kernel) {
  static struct plan plan;
  for (size_t entries = 0; entries <= 40; entries++) {
    uint64_t seed = rng_case_seed(entries);
    struct rng rng = {seed};
    draw_plan(&rng, 70, &plan);
    plan.n_buckets = 1 + (uint32_t)entries % 5;
    plan.distinct = 1; /* the hash 0 alone is in the table */
    plan.entries = entries;
    for (size_t i = 0; i < plan.n; i++)
      plan.hashes[i] = i % 3 == 0 ? 0 : UINT64_MAX;
    check_find_plan(isa, kernel, seed, &rng, &plan);
  }
}

static void numbers_new_hashes_at_every_row_count(const char *isa, simd_insert_fn *kernel) {
  for (size_t rows = 0; rows <= 130; rows = rng_count_after(rows))
    for (size_t k = 0; k < 5; k++)
      RUN_DRAWN(insert, isa, kernel, rows * 5 + k, rows);
  for (size_t k = 0; k < 10; k++)
    RUN_DRAWN(insert, isa, kernel, k, 1000);
}

static void appends_to_chains_of_every_length(const char *isa, simd_insert_fn *kernel) {
  for (size_t entries = 0; entries <= 100; entries++)
    for (size_t k = 0; k < 3; k++)
      RUN_CHAINED(insert, isa, kernel, entries, 1 + 60 * k);
}

/* The hashes of memory without entries: all zeros, all ones. */
static void enters_hashes_that_look_like_empty_memory(const char *isa, simd_insert_fn *kernel) {
  static struct plan plan;
  for (size_t entries = 0; entries <= 40; entries++) {
    uint64_t seed = rng_case_seed(entries);
    struct rng rng = {seed};
    draw_plan(&rng, 70, &plan);
    plan.n_buckets = 1 + (uint32_t)entries % 5;
    plan.distinct = 4000;
    plan.entries = entries;
    for (size_t i = 0; i < plan.n; i++)
      plan.hashes[i] = i % 4 == 0 ? 0 : i % 4 == 1 ? UINT64_MAX : draw_hash(&rng, plan.distinct);
    check_insert_plan(isa, kernel, seed, &rng, &plan);
  }
}

#define DEFINE(kind, name, fact)                                          \
  void check_##kind##_##fact(const char *isa, simd_##kind##_fn *kernel) { \
    fact(isa, kernel);                                                    \
    guard_close(&pool);                                                   \
  }
FACTS_find(DEFINE, any) FACTS_insert(DEFINE, any)
