/* SPDX-License-Identifier: MIT
 *
 * The slab against a model: a map of what should be live. Random calls of every kind, from several contexts that come and
 * go, right ones and wrong ones; each answer, the contents of the objects and the slab's figures must be the model's.
 */
#include <weft/ctx.h>

#include "tests/slabs.h"
#include "tests/suite.h"

enum {
  STEPS = 2000000, /* for each way to set up a slab */
  LIVE = 24000,
  MAP = 65536, /* a power of two, twice LIVE and more */
  CONTEXTS = 6,
  FREED = 1024,
  CHECKPOINT = 50000, /* steps */
  EDGE = 32,          /* bytes at either end of an object that are always marked and checked */
};
enum way { DEFAULTS, SMALL_RANGE, SMALL_MAGAZINES, NO_MAGAZINES, ATOMIC_AND_NODES, WAYS };
#define METADATA ((uint64_t)4 << 20) /* what may be left of magazines, states and bitmaps, for a node */
#define LIVE_BYTES ((size_t)96 << 20)

struct object {
  uint8_t *p;
  size_t bytes; /* asked for */
  size_t usable;
  uint64_t tag;
  bool whole; /* all bytes are marked, not only both ends */
  bool mapped;
};

static struct {
  weft_slab *slab;
  weft_ctx *contexts[CONTEXTS]; /* the first stays open; NULL: closed */
  struct object live[LIVE];
  uint32_t n_live;
  uint32_t map[MAP]; /* by address: 1 + the index in live; 0: empty. Linear probing */
  void *freed[FREED];
  size_t n_freed;
  enum way way;
  struct rng rng;
  uint64_t seed;
  size_t step;
  uint64_t live_bytes, context_bytes; /* usable */
  uint64_t allocations, frees, refused, contexts_open, mapped;
  uint64_t requests; /* that could be served by a magazine */
  uint64_t refused_for_range;
  uint64_t second_frees, second_frees_named;
} m;

/* Fails with what it takes to come here again. */
#define MODEL_EXPECT(condition, ...)                                                               \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      char text_[300];                                                                             \
      snprintf(text_, sizeof text_, __VA_ARGS__);                                                  \
      ck_abort_msg("seed 0x%" PRIx64 ", way %d, operation %zu: %s", m.seed, m.way, m.step, text_); \
    }                                                                                              \
  } while (0)

/* The map */

static uint32_t map_home(const void *p) {
  return (uint32_t)(((uintptr_t)p >> 4) * RNG_STEP >> 48) & (MAP - 1);
}

/* Where p is in the map, or the empty place where it would be. */
static uint32_t map_place(const void *p) {
  uint32_t at = map_home(p);
  while (m.map[at] != 0 && m.live[m.map[at] - 1].p != p)
    at = (at + 1) & (MAP - 1);
  return at;
}

static bool is_live(const void *p) {
  bool context = false;
  for (size_t i = 0; i < CONTEXTS; i++)
    context |= p == m.contexts[i];
  return context || m.map[map_place(p)] != 0;
}

static void map_remove(const void *p) {
  uint32_t hole = map_place(p);
  for (uint32_t at = (hole + 1) & (MAP - 1); m.map[at] != 0; at = (at + 1) & (MAP - 1)) {
    uint32_t home = map_home(m.live[m.map[at] - 1].p);
    if (((at - home) & (MAP - 1)) >= ((at - hole) & (MAP - 1))) {
      m.map[hole] = m.map[at];
      hole = at;
    }
  }
  m.map[hole] = 0;
}

/* Contents: words that depend on the tag and their place */

static uint8_t content(uint64_t tag, size_t at) {
  return (uint8_t)((tag + at / 8 * RNG_STEP) >> at % 8 * 8);
}

static void write_content(uint8_t *p, uint64_t tag, size_t from, size_t to) {
  for (; from < to && from % 8 != 0; from++)
    p[from] = content(tag, from);
  for (; from + 8 <= to; from += 8)
    for (size_t i = 0; i < 8; i++)
      p[from + i] = content(tag, from + i);
  for (; from < to; from++)
    p[from] = content(tag, from);
}

/* The first byte of p[from .. to) that is not the tag's; to when all are. */
static size_t wrong_content(const uint8_t *p, uint64_t tag, size_t from, size_t to) {
  while (from < to && p[from] == content(tag, from))
    from++;
  return from;
}

static void fill(struct object *object) {
  object->tag = rng_next(&m.rng);
  object->whole = object->bytes <= 256 || rng_upto(&m.rng, 31) == 0;
  size_t edge = object->bytes < EDGE || object->whole ? object->bytes : EDGE;
  write_content(object->p, object->tag, 0, edge);
  write_content(object->p, object->tag, object->bytes - edge, object->bytes);
}

/* That the first bytes of p are what was filled into object. */
static void check_content(const struct object *object, const uint8_t *p, size_t bytes) {
  size_t edge = object->whole || bytes < EDGE ? bytes : EDGE;
  size_t bad = wrong_content(p, object->tag, 0, edge);
  MODEL_EXPECT(bad == edge, "byte %zu of %zu at %p is another's", bad, object->bytes, (const void *)p);
  if (object->whole || bytes < object->bytes || bytes <= EDGE)
    return;
  bad = wrong_content(p, object->tag, bytes - EDGE, bytes);
  MODEL_EXPECT(bad == bytes, "byte %zu of %zu at %p is another's", bad, object->bytes, (const void *)p);
}

/* What the calls work on */

static weft_ctx *some_context(void) {
  weft_ctx *ctx;
  do
    ctx = m.contexts[rng_upto(&m.rng, CONTEXTS - 1)];
  while (ctx == NULL);
  return ctx;
}

/* 0 … 4 MiB: what is larger comes less often, as its bytes cost more time, and not at all while too many are live. */
static size_t some_size(void) {
  size_t kind = rng_upto(&m.rng, 9999);
  if (kind < 8000)
    return rng_upto(&m.rng, 256);
  if (kind < 9700 || m.live_bytes > LIVE_BYTES)
    return rng_upto(&m.rng, 4096);
  if (kind < 9960)
    return rng_upto(&m.rng, CLASS_MAX_BYTES);
  return kind < 9992 ? rng_upto(&m.rng, RUN_MAX_BYTES) : rng_upto(&m.rng, 4 << 20);
}

/* Whether a call was refused, which may be only where the range is small, and leaves all as it was. */
static bool refused(const void *p, size_t bytes, const weft_ctx *ctx) {
  if (p != NULL)
    return false;
  MODEL_EXPECT(m.way == SMALL_RANGE && bytes > 4096, "%zu bytes: %s", bytes, weft_ctx_message(ctx));
  m.refused++;
  m.refused_for_range++;
  return true;
}

static void add_object(uint8_t *p, size_t bytes, size_t align, weft_ctx *ctx) {
  MODEL_EXPECT((uintptr_t)p % align == 0 && (uintptr_t)p % (bytes >= 512 ? 64 : 16) == 0, "%zu bytes at %zu: %p", bytes,
               align, (void *)p);
  uint32_t place = map_place(p);
  MODEL_EXPECT(m.map[place] == 0, "%p was given out twice", (void *)p);
  struct object *object = &m.live[m.n_live++];
  m.map[place] = m.n_live;
  *object = (struct object){.p = p, .bytes = bytes, .usable = weft_usable_size(ctx, p)};
  MODEL_EXPECT(object->usable >= bytes && object->usable > 0, "%zu bytes: %zu usable", bytes, object->usable);
  object->mapped = annotate_room(bytes) > RUN_MAX_BYTES || align > RUN_MAX_BYTES;
  m.mapped += object->mapped;
  m.requests += !object->mapped;
  m.allocations++;
  m.live_bytes += object->usable;
}

/* with_context: by weft_free and its kin, which a magazine may serve. */
static void remove_object(struct object *object, bool with_context) {
  map_remove(object->p);
  m.freed[m.n_freed++ % FREED] = object->p;
  m.mapped -= object->mapped;
  m.requests += with_context && !object->mapped;
  m.frees++;
  m.live_bytes -= object->usable;
  struct object *last = &m.live[--m.n_live];
  if (object != last) {
    m.map[map_place(last->p)] = (uint32_t)(object - m.live) + 1;
    *object = *last;
  }
}

/* The calls */

static void allocate(size_t bytes) {
  weft_ctx *ctx = some_context();
  size_t align = 1, how = rng_upto(&m.rng, 99);
  uint8_t *p;
  if (how < 70) {
    p = weft_alloc(ctx, bytes);
  } else if (how < 80) {
    p = weft_realloc(ctx, NULL, bytes);
  } else if (how < 90) {
    align = (size_t)1 << rng_upto(&m.rng, rng_percent(&m.rng, 1) ? 21 : 13);
    p = weft_aligned_alloc(ctx, bytes, align);
  } else {
    p = weft_zalloc(ctx, bytes);
    for (size_t i = 0; p != NULL && i<bytes; i += bytes> 4096 && i % 64 == 63 ? 509 : 1)
      MODEL_EXPECT(p[i] == 0, "zeroed %zu bytes: byte %zu is %u", bytes, i, p[i]);
  }
  if (refused(p, bytes > align ? bytes : align, ctx))
    return;
  add_object(p, bytes, align, ctx);
  fill(&m.live[m.n_live - 1]);
}

static void resize(struct object *object, size_t bytes) {
  weft_ctx *ctx = some_context();
  struct object old = *object;
  uint8_t *p = weft_realloc(ctx, old.p, bytes);
  if (refused(p, bytes, ctx)) {
    check_content(object, old.p, old.bytes);
    return;
  }
  check_content(&old, p, bytes < old.bytes ? bytes : old.bytes);
  if (p != old.p) {
    remove_object(object, true);
    add_object(p, bytes, 1, ctx);
    object = &m.live[m.n_live - 1];
  } else {
    size_t usable = weft_usable_size(ctx, p);
    MODEL_EXPECT(usable >= bytes, "resizing %zu to %zu bytes: %zu usable", old.bytes, bytes, usable);
    m.live_bytes += usable - old.usable;
    object->bytes = bytes;
    object->usable = usable;
  }
  fill(object);
}

/* What is mapped is rare among all that is live, and is resized in place. */
static void resize_mapped(void) {
  if (m.live_bytes > LIVE_BYTES || m.n_live == LIVE)
    return;
  uint32_t n = m.n_live;
  allocate(RUN_MAX_BYTES + 1 + rng_upto(&m.rng, 2 << 20));
  if (m.n_live > n)
    resize(&m.live[n], RUN_MAX_BYTES + 1 + rng_upto(&m.rng, 3 << 20));
}

static void free_object(struct object *object) {
  weft_ctx *ctx = some_context();
  uint8_t *p = object->p;
  size_t bytes = object->bytes, how = rng_upto(&m.rng, 99);
  check_content(object, p, bytes);
  weft_status status = how < 80 ? weft_free(ctx, p) : how < 95 ? weft_free_sized(ctx, p, bytes) : weft_slab_free(m.slab, p);
  MODEL_EXPECT(status == WEFT_OK, "free of %zu bytes at %p: %s: %s", bytes, (void *)p, weft_status_text(status),
               weft_ctx_message(ctx));
  remove_object(object, how < 95);
}

static void check_object(const struct object *object) {
  size_t usable = weft_usable_size(some_context(), object->p);
  MODEL_EXPECT(usable == object->usable, "%zu bytes at %p: %zu usable, not %zu", object->bytes, (void *)object->p, usable,
               object->usable);
  check_content(object, object->p, object->bytes);
}

/* Any of the calls that must refuse p, and give this status. */
static weft_status refusing_call(void *p) {
  weft_ctx *ctx = some_context();
  size_t how = rng_upto(&m.rng, 9);
  if (how < 5)
    return weft_free(ctx, p);
  if (how < 7)
    return weft_slab_free(m.slab, p);
  MODEL_EXPECT(weft_usable_size(ctx, p) == 0, "%p has a usable size", p);
  MODEL_EXPECT(weft_realloc(ctx, p, 100) == NULL, "%p was resized", p);
  return weft_free_sized(ctx, p, rng_upto(&m.rng, 1000));
}

static void refuse_foreign(void) {
  static char ours[64];
  char *base = (char *)m.slab->base; /* the range's end and beyond are the registry, and what lies behind */
  char *foreign[] = {ours + rng_upto(&m.rng, sizeof ours - 1), base - 1 - rng_upto(&m.rng, 1 << 20),
                     base + m.slab->range_bytes + rng_upto(&m.rng, 1 << 20), (char *)&foreign};
  char *p = foreign[rng_upto(&m.rng, 3)];
  weft_status status = refusing_call(p);
  MODEL_EXPECT(status == WEFT_E_FOREIGN, "%p, not the slab's: %s", (void *)p, weft_status_text(status));
}

static void refuse_inside(const struct object *object) {
  size_t at = 1 + rng_upto(&m.rng, object->usable - 2);
  weft_status status = refusing_call(object->p + at);
  MODEL_EXPECT(status == WEFT_E_INVALID, "byte %zu of %zu at %p: %s", at, object->usable, (void *)object->p,
               weft_status_text(status));
  size_t wrong = object->usable + 1 + rng_upto(&m.rng, 100);
  status = weft_free_sized(some_context(), object->p, wrong);
  MODEL_EXPECT(status == WEFT_E_INVALID, "%zu bytes at %p as %zu: %s", object->bytes, (void *)object->p, wrong,
               weft_status_text(status));
}

/* What was freed is freed again: its memory may have gone back to the system, or be part of another run by now. */
static void refuse_freed(void) {
  void *p = m.freed[rng_upto(&m.rng, FREED - 1)];
  if (p == NULL || is_live(p))
    return;
  weft_status status = refusing_call(p);
  MODEL_EXPECT(status == WEFT_E_DOUBLE_FREE || status == WEFT_E_FOREIGN || status == WEFT_E_INVALID, "%p, freed before: %s",
               p, weft_status_text(status));
  m.second_frees++;
  m.second_frees_named += status == WEFT_E_DOUBLE_FREE;
}

static void refuse_too_much(void) {
  weft_ctx *ctx = some_context();
  MODEL_EXPECT(weft_alloc(ctx, SIZE_MAX / 2) == NULL, "half of all addresses were given out");
  MODEL_EXPECT(weft_ctx_message(ctx)[0] != 0, "no message");
  m.refused++;
}

static void trim(void) {
  uint64_t before = stats_of(m.slab).committed_bytes;
  size_t bytes = SIZE_MAX;
  MODEL_EXPECT(weft_slab_trim(m.slab, &bytes) == WEFT_OK, "not trimmed");
  uint64_t after = stats_of(m.slab).committed_bytes;
  MODEL_EXPECT(before - after == bytes, "%zu bytes were given back, %" PRIu64 " counted", bytes, before - after);
}

static void open_or_close_context(void) {
  weft_ctx **at = &m.contexts[1 + rng_upto(&m.rng, CONTEXTS - 2)];
  size_t bytes = weft_usable_size(m.contexts[0], m.contexts[0]);
  if (*at == NULL) {
    MODEL_EXPECT(weft_ctx_clone(m.contexts[0], at) == WEFT_OK, "%s", weft_ctx_message(NULL));
    m.allocations++;
    m.contexts_open++;
    m.context_bytes += bytes;
  } else {
    weft_ctx_free(*at);
    *at = NULL;
    m.frees++;
    m.contexts_open--;
    m.context_bytes -= bytes;
  }
}

/* Figures and contents as a whole */

static void check_figures(void) {
  struct weft_slab_figures stats = stats_of(m.slab);
  const struct {
    const char *name;
    uint64_t is, expected;
  } figures[] = {{"live_objects", stats.live_objects, m.n_live + m.contexts_open},
                 {"live_bytes", stats.live_bytes, m.live_bytes + m.context_bytes},
                 {"allocations", stats.allocations, m.allocations},
                 {"frees", stats.frees, m.frees},
                 {"mapped", stats.mapped, m.mapped},
                 {"contexts", stats.contexts, m.contexts_open},
                 {"refused", stats.refused, m.refused},
                 {"double_frees", stats.double_frees, 0}};
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
    MODEL_EXPECT(figures[i].is == figures[i].expected, "%s: %" PRIu64 ", not %" PRIu64, figures[i].name, figures[i].is,
                 figures[i].expected);
  uint64_t hits_and_misses = stats.magazine_hits + stats.magazine_misses;
  bool nodes = m.way == ATOMIC_AND_NODES; /* what is freed on another node is no business of the magazines */
  MODEL_EXPECT(nodes ? hits_and_misses <= m.requests : hits_and_misses == m.requests,
               "%" PRIu64 " hits and misses, not %" PRIu64, hits_and_misses, m.requests);
  MODEL_EXPECT(stats.committed_bytes >= stats.live_bytes + stats.cached_bytes, "%" PRIu64 " bytes committed",
               stats.committed_bytes);
  MODEL_EXPECT(stats.cached_bytes <= m.contexts_open * m.slab->cache_bytes, "%" PRIu64 " bytes cached", stats.cached_bytes);
}

static void random_step(uint32_t target) {
  size_t kind = rng_upto(&m.rng, 99999);
  struct object *object = m.n_live > 0 ? &m.live[rng_upto(&m.rng, m.n_live - 1)] : NULL;
  if (kind >= 99980)
    open_or_close_context();
  else if (kind >= 99977)
    trim();
  else if (kind >= 99970)
    weft_flush(some_context());
  else if (kind >= 99968)
    refuse_too_much();
  else if (kind >= 99950)
    resize_mapped();
  else if (kind >= 98000)
    refuse_foreign();
  else if (kind >= 95000)
    refuse_freed();
  else if (object == NULL || (m.n_live < LIVE && kind % 100 < (m.n_live < target ? 60u : 20u)))
    allocate(some_size());
  else if (kind < 5000)
    refuse_inside(object);
  else if (kind < 12000)
    check_object(object);
  else if (kind < 25000)
    resize(object, rng_percent(&m.rng, 50) ? some_size() : rng_upto(&m.rng, 2 * object->bytes) % (4 << 20));
  else
    free_object(object);
}

/* Contexts and requests without one come from four nodes, of which the slab knows three. */
static uint32_t some_node(void *user) {
  (void)user;
  return (uint32_t)(m.step / 64 % 4);
}

static void open_model(enum way way) {
  struct weft_slab_options options;
  weft_slab_options_init(&options, sizeof options);
  options.reserve_bytes = way == SMALL_RANGE ? 256 << 20 : 0;
  options.cache_bytes = way == SMALL_MAGAZINES ? 300000 : way == NO_MAGAZINES ? 1 : 0;
  if (way == ATOMIC_AND_NODES) {
    options.check = WEFT_CHECK_ATOMIC;
    options.nodes = 3;
    options.node_of = some_node;
  }
  ck_assert_int_eq(weft_slab_create(&options, &m.slab), WEFT_OK);
  struct weft_ctx_options settings;
  weft_ctx_options_init(&settings, sizeof settings);
  settings.slab = m.slab;
  ck_assert_int_eq(weft_ctx_create(&settings, &m.contexts[0]), WEFT_OK);
  m.allocations = m.contexts_open = 1;
  m.context_bytes = weft_usable_size(m.contexts[0], m.contexts[0]);
  m.way = way;
  m.seed = rng_case_seed(0);
  m.rng.state = m.seed + way;
}

START_TEST(every_answer_content_and_figure_is_the_models) {
  size_t steps = rng_cases(STEPS);
  uint32_t target = 0;
  open_model((enum way)_i);
  printf("slab_model: way %d, %zu operations from seed 0x%" PRIx64 "\n", _i, steps, m.seed);
  for (m.step = 0; m.step < steps; m.step++) {
    if (m.step % CHECKPOINT == 0) { /* the number of live objects goes up and down */
      target = rng_percent(&m.rng, 20) ? 0 : (uint32_t)rng_upto(&m.rng, LIVE - 1);
      check_figures();
    }
    random_step(target);
  }
  check_figures();
  while (m.n_live > 0)
    free_object(&m.live[m.n_live - 1]);
  check_figures();
  MODEL_EXPECT(m.second_frees_named * 100 >= m.second_frees * 50, "%" PRIu64 " of %" PRIu64 " second frees were named so",
               m.second_frees_named, m.second_frees);
  MODEL_EXPECT(m.refused_for_range * 1000 <= m.allocations, "%" PRIu64 " refusals in %" PRIu64 " allocations",
               m.refused_for_range, m.allocations);
  for (size_t i = 0; i < CONTEXTS; i++)
    weft_ctx_free(m.contexts[i]);
  weft__depot_trim(m.slab);
  struct weft_slab_figures stats = stats_of(m.slab);
  MODEL_EXPECT(stats.slabs == 0 && stats.mapped == 0, "%" PRIu64 " slabs are left", stats.slabs);
  printf("slab_model: way %d, %" PRIu64 " bytes of metadata in the end\n", _i, stats.committed_bytes);
  MODEL_EXPECT(stats.committed_bytes < METADATA * (m.way == ATOMIC_AND_NODES ? 3 : 1), "%" PRIu64 " bytes are left",
               stats.committed_bytes);
  ck_assert_int_eq(weft_slab_release(m.slab), WEFT_OK);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, every_answer_content_and_figure_is_the_models, 0, WAYS);
}

int main(void) {
  return suite_main("slab_model", add_tests);
}
