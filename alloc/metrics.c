/* SPDX-License-Identifier: MIT
 *
 * The figures as text: JSON, and OpenMetrics 1.0. Called by users; reads what figures.c and latency.c give to anyone, and
 * takes no memory: the text goes out piece by piece.
 */
#include "weft/slab.h"
#include <stdarg.h>
#include <stdio.h>

/* Text goes through a buffer to the user's function, until that refuses. */
struct sink {
  weft_write_function write;
  void *user;
  size_t used;
  bool refused;
  char text[1024];
};

static void flush(struct sink *sink) {
  if (sink->used > 0 && !sink->refused)
    sink->refused = !sink->write(sink->user, sink->text, sink->used);
  sink->used = 0;
}

/* What is put at once is shorter than the buffer. */
__attribute__((format(printf, 2, 3))) static void put(struct sink *sink, const char *format, ...) {
  for (int tries = 0; tries < 2; tries++) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof sink->text - sink->used;
    size_t bytes = (size_t)vsnprintf(sink->text + sink->used, room, format, arguments);
    va_end(arguments);
    if (bytes < room) {
      sink->used += bytes;
      return;
    }
    flush(sink);
  }
}

/* The figures, by the names of their fields and of their metric families */

enum type { BYTES, GAUGE, COUNTER, RATIO, HISTOGRAM };
static const char *const type_names[] = {"gauge", "gauge", "counter", "gauge", "histogram"};
static const char *const units[] = {"bytes", NULL, NULL, "ratio", "seconds"};

struct metric {
  const char *field;
  const char *family; /* after the prefix of its kind */
  const char *label;  /* or NULL; rows with labels, one after another, are of one family */
  const char *help;
  size_t offset;
  enum type type;
};

/* clang-format off */
#define ROW(type, field, family, label, help, kind) {#field, family, label, help, offsetof(struct kind, field), type}
#define WHOLE(type, field, family, help) ROW(type, field, family, NULL, help, weft_slab_figures)
#define FREES(field, reason) \
  ROW(COUNTER, field, "refused_frees", "reason=\"" reason "\"", "Frees and resizings refused.", weft_slab_figures)
static const struct metric whole[] = {
    WHOLE(BYTES, reserved_bytes, "reserved_bytes", "Addresses reserved."),
    WHOLE(BYTES, committed_bytes, "committed_bytes", "Memory taken from the system."),
    WHOLE(BYTES, peak_committed_bytes, "committed_peak_bytes", "The most memory that was taken from the system."),
    WHOLE(BYTES, resident_bytes, "resident_bytes", "Committed memory that may have been touched."),
    WHOLE(BYTES, active_bytes, "active_bytes", "Memory of slabs and mapped allocations."),
    WHOLE(BYTES, live_bytes, "live_bytes", "Usable bytes of objects given out."),
    WHOLE(BYTES, cached_bytes, "cached_bytes", "Bytes of free objects in magazines of contexts."),
    WHOLE(BYTES, free_bytes, "free_bytes", "Bytes of free objects in the depot and in slabs, and of free pages."),
    WHOLE(GAUGE, live_objects, "live_objects", "Objects given out."),
    WHOLE(GAUGE, slabs, "slabs", "Slabs in use."),
    WHOLE(GAUGE, mapped, "mapped", "Live allocations mapped on their own."),
    WHOLE(GAUGE, contexts, "contexts", "Contexts that are open."),
    WHOLE(COUNTER, allocations, "allocations", "Allocations."),
    WHOLE(COUNTER, frees, "frees", "Frees."),
    WHOLE(COUNTER, remote_frees, "remote_frees", "Frees by contexts of another memory node."),
    WHOLE(COUNTER, magazine_hits, "magazine_hits", "Allocations and frees served by a magazine."),
    WHOLE(COUNTER, magazine_misses, "magazine_misses", "Allocations and frees that went to the depot."),
    WHOLE(COUNTER, exchanges, "exchanges", "Magazines moved to or from the depot."),
    WHOLE(COUNTER, lock_waits, "lock_waits", "Times that a lock was found taken."),
    WHOLE(COUNTER, slabs_made, "slabs_made", "Slabs made."),
    WHOLE(COUNTER, slabs_returned, "slabs_returned", "Slabs given back to the system."),
    WHOLE(COUNTER, refused, "refused_requests", "Requests refused for want of memory or by the limit."),
    WHOLE(COUNTER, refused_limit, "refused_requests_by_limit", "Requests refused by the limit."),
    FREES(foreign_frees, "foreign"),
    FREES(interior_frees, "interior"),
    FREES(repeated_frees, "repeated"),
    FREES(missized_frees, "missized"),
    WHOLE(COUNTER, double_frees, "late_double_frees", "Second frees that were found only when the object reached its slab."),
    WHOLE(RATIO, internal_fragmentation, "internal_fragmentation_ratio", "Share of live memory not asked for, estimated."),
    WHOLE(RATIO, external_fragmentation, "external_fragmentation_ratio", "Share of active memory that is not live."),
};
#define CLASS(type, field, family, help) ROW(type, field, family, NULL, help, weft_slab_class_figures)
static const struct metric per_class[] = {
    CLASS(BYTES, live_bytes, "live_bytes", "Usable bytes of objects given out."),
    CLASS(BYTES, cached_bytes, "cached_bytes", "Bytes of free objects in magazines of contexts."),
    CLASS(BYTES, free_bytes, "free_bytes", "Bytes of free objects in the depot and in slabs."),
    CLASS(BYTES, active_bytes, "active_bytes", "Memory of slabs; of runs, those that are cut."),
    CLASS(BYTES, resident_bytes, "resident_bytes", "What of it has been touched."),
    CLASS(GAUGE, live_objects, "live_objects", "Objects given out."),
    CLASS(GAUGE, cached_objects, "cached_objects", "Free objects in magazines of contexts."),
    CLASS(GAUGE, free_objects, "free_objects", "Free objects in the depot and in slabs."),
    CLASS(GAUGE, slabs, "slabs", "Slabs in use."),
    CLASS(COUNTER, allocations, "allocations", "Allocations."),
    CLASS(COUNTER, frees, "frees", "Frees."),
    CLASS(COUNTER, magazine_hits, "magazine_hits", "Allocations and frees served by a magazine."),
    CLASS(COUNTER, magazine_misses, "magazine_misses", "Allocations and frees that went to the depot."),
    CLASS(COUNTER, exchanges, "exchanges", "Magazines moved to or from the depot."),
    CLASS(COUNTER, lock_waits, "lock_waits", "Times that the lock of the depot was found taken."),
    CLASS(COUNTER, slabs_made, "slabs_made", "Slabs made."),
    CLASS(COUNTER, slabs_returned, "slabs_returned", "Slabs given back to the system."),
    CLASS(RATIO, internal_fragmentation, "internal_fragmentation_ratio", "Share of an object not asked for, estimated."),
    CLASS(RATIO, external_fragmentation, "external_fragmentation_ratio", "Share of active memory that is not live."),
};
/* clang-format on */
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const latency_names[WEFT_LATENCY_KINDS] = {"alloc_fast", "free_fast", "alloc_slow",
                                                              "free_slow",  "new_slab",  "mapped"};

/* Without printf's %f, whose point is the locale's. */
static void put_value(struct sink *sink, const struct metric *metric, const void *figures) {
  const char *at = (const char *)figures + metric->offset;
  if (metric->type == RATIO) {
    unsigned millionths = (unsigned)(*(const double *)(const void *)at * 1e6 + 0.5);
    put(sink, "%u.%06u", millionths / 1000000, millionths % 1000000);
  } else {
    put(sink, "%llu", (unsigned long long)*(const uint64_t *)(const void *)at);
  }
}

/* Reads class i; false: it has never been used, and is left out. */
static bool read_used(const weft_slab *slab, size_t i, struct weft_slab_class_figures *class) {
  return weft_slab_class_stats(slab, i, class, sizeof *class) == WEFT_OK &&
         (class->allocations > 0 || class->active_bytes > 0);
}

/* JSON */

static void put_fields(struct sink *sink, const struct metric *metrics, size_t n, const void *figures) {
  for (size_t i = 0; i < n; i++) {
    put(sink, "%s\"%s\":", i == 0 ? "" : ",", metrics[i].field);
    put_value(sink, &metrics[i], figures);
  }
}

static void put_classes(struct sink *sink, const weft_slab *slab) {
  const char *comma = "";
  for (size_t i = 0; i < weft_slab_classes(slab) && !sink->refused; i++) {
    struct weft_slab_class_figures class;
    if (!read_used(slab, i, &class))
      continue;
    put(sink, "%s\n{\"node\":%llu,\"bytes\":%llu,\"alignment\":%llu,", comma, (unsigned long long)class.node,
        (unsigned long long)class.bytes, (unsigned long long)class.alignment);
    put_fields(sink, per_class, COUNT_OF(per_class), &class);
    put(sink, "}");
    comma = ",";
  }
}

static void put_latency(struct sink *sink, const char *name, const struct weft_latencies *latencies) {
  put(sink, "\n\"%s\":{\"count\":%llu,\"sum_ns\":%llu,\"max_ns\":%llu", name, (unsigned long long)latencies->count,
      (unsigned long long)latencies->sum_ns, (unsigned long long)latencies->max_ns);
  static const struct {
    const char *name;
    double quantile;
  } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
  for (size_t i = 0; i < COUNT_OF(quantiles); i++)
    put(sink, ",\"%s_ns\":%llu", quantiles[i].name,
        (unsigned long long)weft_latencies_quantile(latencies, sizeof *latencies, quantiles[i].quantile));
  put(sink, ",\"buckets\":[");
  const char *comma = "";
  for (size_t i = 0; i < WEFT_LATENCY_BUCKETS; i++) {
    unsigned long long bound = weft_latency_bound(i), count = latencies->buckets[i];
    if (count > 0 && bound < UINT64_MAX)
      put(sink, "%s[%llu,%llu]", comma, bound, count);
    else if (count > 0)
      put(sink, "%s[null,%llu]", comma, count);
    comma = count > 0 ? "," : comma;
  }
  put(sink, "]}");
}

weft_status weft_slab_write_json(const weft_slab *slab, weft_write_function write, void *user) {
  struct weft_slab_figures figures;
  if (write == NULL || weft_slab_stats(slab, &figures, sizeof figures) != WEFT_OK)
    return WEFT_E_INVALID;
  struct sink sink = {.write = write, .user = user};
  put(&sink, "{\"slab\":{");
  put_fields(&sink, whole, COUNT_OF(whole), &figures);
  put(&sink, "},\n\"classes\":[");
  put_classes(&sink, slab);
  put(&sink, "],\n\"latencies\":{");
  for (unsigned kind = 0; kind < WEFT_LATENCY_KINDS && !sink.refused; kind++) {
    struct weft_latencies latencies;
    if (weft_slab_latencies(slab, (enum weft_latency_kind)kind, &latencies, sizeof latencies) == WEFT_OK)
      put_latency(&sink, latency_names[kind], &latencies);
    put(&sink, kind + 1 < WEFT_LATENCY_KINDS ? "," : "}}\n");
  }
  flush(&sink);
  return sink.refused ? WEFT_E_IO : WEFT_OK;
}

/* OpenMetrics */

static void put_family(struct sink *sink, const char *prefix, const struct metric *metric) {
  put(sink, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, metric->family, metric->help, prefix, metric->family,
      type_names[metric->type]);
  if (units[metric->type] != NULL)
    put(sink, "# UNIT %s%s %s\n", prefix, metric->family, units[metric->type]);
}

/* labels: between its braces, "" for none. */
static void put_sample(struct sink *sink, const char *prefix, const struct metric *metric, const char *labels,
                       const void *figures) {
  put(sink, "%s%s%s%s%s%s ", prefix, metric->family, metric->type == COUNTER ? "_total" : "", labels[0] == 0 ? "" : "{",
      labels, labels[0] == 0 ? "" : "}");
  put_value(sink, metric, figures);
  put(sink, "\n");
}

static void put_class_family(struct sink *sink, const weft_slab *slab, const struct metric *metric) {
  put_family(sink, "weft_slab_class_", metric);
  for (size_t i = 0; i < weft_slab_classes(slab) && !sink->refused; i++) {
    struct weft_slab_class_figures class;
    char labels[64];
    if (!read_used(slab, i, &class))
      continue;
    snprintf(labels, sizeof labels, "node=\"%llu\",class=\"%llu\"", (unsigned long long)class.node,
             (unsigned long long)class.bytes);
    put_sample(sink, "weft_slab_class_", metric, labels, &class);
  }
}

/* nanoseconds as seconds, as %g has them with all digits and a point: bounds of buckets are compared as text. */
static void put_bound(struct sink *sink, uint64_t nanoseconds) {
  char digits[24];
  bool small = nanoseconds < 100000;
  int n = small ? snprintf(digits, sizeof digits, "%llu", (unsigned long long)nanoseconds)
                : snprintf(digits, sizeof digits, "%09llu", (unsigned long long)(nanoseconds % 1000000000));
  int exponent = n - 10;
  while (n > 1 && digits[n - 1] == '0')
    n--;
  if (!small)
    put(sink, "%llu.%.*s", (unsigned long long)(nanoseconds / 1000000000), n, digits);
  else if (n == 1)
    put(sink, "%ce-%02d", digits[0], -exponent);
  else
    put(sink, "%c.%.*se-%02d", digits[0], n - 1, digits + 1, -exponent);
}

/* Bounds are powers of two, which are bounds of buckets too. */
static void put_histogram(struct sink *sink, const char *kind, const struct weft_latencies *latencies) {
  static const char name[] = "weft_slab_latency_seconds";
  unsigned long long below = 0;
  for (size_t i = 0; i < WEFT_LATENCY_BUCKETS; i++) {
    below += latencies->buckets[i];
    uint64_t bound = weft_latency_bound(i);
    if (bound < 16 || (bound & (bound - 1)) != 0 || bound > UINT64_C(1) << 34)
      continue;
    put(sink, "%s_bucket{kind=\"%s\",le=\"", name, kind);
    put_bound(sink, bound);
    put(sink, "\"} %llu\n", below);
  }
  put(sink, "%s_bucket{kind=\"%s\",le=\"+Inf\"} %llu\n", name, kind, below);
  put(sink, "%s_count{kind=\"%s\"} %llu\n", name, kind, below);
  put(sink, "%s_sum{kind=\"%s\"} %llu.%09llu\n", name, kind, (unsigned long long)(latencies->sum_ns / 1000000000),
      (unsigned long long)(latencies->sum_ns % 1000000000));
}

weft_status weft_slab_write_prometheus(const weft_slab *slab, weft_write_function write, void *user) {
  struct weft_slab_figures figures;
  if (write == NULL || weft_slab_stats(slab, &figures, sizeof figures) != WEFT_OK)
    return WEFT_E_INVALID;
  struct sink sink = {.write = write, .user = user};
  for (size_t i = 0; i < COUNT_OF(whole); i++) {
    if (i == 0 || whole[i].label == NULL || whole[i - 1].label == NULL)
      put_family(&sink, "weft_slab_", &whole[i]);
    put_sample(&sink, "weft_slab_", &whole[i], whole[i].label != NULL ? whole[i].label : "", &figures);
  }
  for (size_t i = 0; i < COUNT_OF(per_class) && !sink.refused; i++)
    put_class_family(&sink, slab, &per_class[i]);
  put_family(&sink, "weft_slab_",
             &(struct metric){.family = "latency_seconds", .help = "How long things take.", .type = HISTOGRAM});
  for (unsigned kind = 0; kind < WEFT_LATENCY_KINDS && !sink.refused; kind++) {
    struct weft_latencies latencies;
    if (weft_slab_latencies(slab, (enum weft_latency_kind)kind, &latencies, sizeof latencies) == WEFT_OK)
      put_histogram(&sink, latency_names[kind], &latencies);
  }
  put(&sink, "# EOF\n");
  flush(&sink);
  return sink.refused ? WEFT_E_IO : WEFT_OK;
}
