/* SPDX-License-Identifier: MIT
 *
 * The figures as text: JSON held against jansson, OpenMetrics against a reader written from its specification, both against
 * the figures themselves. With a path as argument it only
 * writes a text there, for other readers.
 */
#include "tests/one_slab.h"
#include "tests/openmetrics.h"
#include <jansson.h>
#include <math.h>

static void *held[3000];

/* Everything that a text can hold: both kinds of objects, a mapped one, refusals, and times. */
static void fill(void) {
  for (int i = 0; i < 3000; i++)
    held[i] = weft_alloc(f.ctx, i % 300 == 0 ? 100000 : (size_t)i);
  for (int i = 0; i < 1000; i++) {
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
    held[i] = NULL;
  }
  held[0] = weft_alloc(f.ctx, FITS(5 << 20));
  ck_assert_int_eq(weft_free(f.ctx, (char *)held[2000] + 1), WEFT_E_INVALID);
  ck_assert_int_eq(weft_free(f.ctx, &f), WEFT_E_FOREIGN);
  SET(f.slab->tick_rate, UINT64_C(1) << 32); /* for the same times at each reading */
  for (unsigned kind = 0; kind < WEFT_LATENCY_KINDS; kind++)
    for (uint64_t ticks = 1; ticks < UINT64_C(1) << 60; ticks *= 3)
      weft__latency_record(f.slab, 0, (enum weft_latency_kind)kind, ticks);
}

static void empty(void) {
  for (int i = 0; i < 3000; i++)
    ck_assert_int_eq(weft_free(f.ctx, held[i]), WEFT_OK);
}

struct text {
  char at[1 << 20];
  size_t n;
  size_t most; /* refused beyond that many calls; 0: never */
  size_t calls;
};
static struct text text;

static bool append(void *user, const char *part, size_t bytes) {
  struct text *to = user;
  EXPECT(bytes > 0 && to->n + bytes < sizeof to->at, "%zu bytes after %zu", bytes, to->n);
  memcpy(to->at + to->n, part, bytes);
  to->n += bytes;
  to->at[to->n] = 0;
  return ++to->calls != to->most;
}

typedef weft_status writer(const weft_slab *slab, weft_write_function write, void *user);

static const char *written(writer *write) {
  text.n = text.most = text.calls = 0;
  ck_assert_int_eq(write(f.slab, append, &text), WEFT_OK);
  return text.at;
}

/* OpenMetrics */

START_TEST(the_reader_of_openmetrics_refuses_what_breaks_a_rule) {
#define H "# TYPE h histogram\n"
  static const char *const broken[] = {
      "",
      "a 1\n# EOF\n",                                                                   /* of no family */
      "# TYPE a gauge\na 1\n",                                                          /* no end */
      "# TYPE a gauge\na 1\n# EOF",                                                     /* no end of the last line */
      "# TYPE a gauge\na 1\n# EOF\na 2\n",                                              /* after the end */
      "# TYPE a gauge\n\na 1\n# EOF\n",                                                 /* an empty line */
      "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n# EOF\n",                /* family in two pieces */
      "# TYPE a gauge\na 1\n# TYPE b gauge\n# HELP a a\n# EOF\n",                       /* the same by its help */
      "# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n",                                   /* two types */
      "# TYPE a gauge\na 1\n# HELP a late\n# EOF\n",                                    /* help after samples */
      "# TYPE a guage\na 1\n# EOF\n",                                                   /* no such type */
      "# TYPE a counter\na 1\n# EOF\n",                                                 /* no _total */
      "# TYPE a gauge\na_total 1\n# EOF\n",                                             /* _total of a gauge */
      "# TYPE a counter\na_total -1\n# EOF\n",                                          /* below 0 */
      "# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n",                                   /* unit not in the name */
      "# TYPE a gauge\na 1\na 1\n# EOF\n",                                              /* twice */
      "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n# EOF\n",                                  /* a label twice */
      "# TYPE a gauge\na{x=1} 1\n# EOF\n",                                              /* no quotes */
      "# TYPE a gauge\na{x=\"\\t\"} 1\n# EOF\n",                                        /* no such escape */
      "# TYPE a gauge\na{1x=\"\"} 1\n# EOF\n",                                          /* no such name */
      "# TYPE a gauge\na one\n# EOF\n",                                                 /* no number */
      "# TYPE a gauge\na  1\n# EOF\n",                                                  /* two spaces */
      "# HELP a \\t\n# EOF\n",                                                          /* no such escape */
      "#TYPE a gauge\na 1\n# EOF\n",                                                    /* no space */
      H "h_bucket{le=\"1.0\"} 1\nh_count 1\nh_sum 1\n# EOF\n",                          /* no +Inf */
      H "h_bucket{le=\"+Inf\"} 1\nh_count 2\nh_sum 1\n# EOF\n",                         /* another count */
      H "h_bucket{le=\"+Inf\"} 1\nh_count 1\n# EOF\n",                                  /* no sum */
      H "h_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n# EOF\n", /* falls */
      H "h_bucket{le=\"2.0\"} 0\nh_bucket{le=\"1.0\"} 0\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n# EOF\n", /* falls */
      H "h_bucket 1\nh_count 1\nh_sum 1\n# EOF\n",                  /* no bound */
      H "h_bucket{le=\"+Inf\"} 1.5\nh_count 1.5\nh_sum 1\n# EOF\n", /* no whole number */
  };
  int line;
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
    ck_assert_msg(openmetrics_broken_rule(broken[i], &line) != NULL, "accepted: %s", broken[i]);
  static const char right[] =
      "# HELP a_bytes A \\\\ text.\n# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes{x=\"\\\"\"} 1\n"
      "a_bytes{x=\"2\",y=\"\"} -0.5\n# TYPE b counter\nb_total 1e+10\n" H
      "h_bucket{k=\"1\",le=\"1e-05\"} 1\nh_bucket{k=\"1\",le=\"+Inf\"} 1\nh_count{k=\"1\"} 1\n"
      "h_sum{k=\"1\"} 0.5\nh_bucket{k=\"2\",le=\"+Inf\"} 0\nh_count{k=\"2\"} 0\nh_sum{k=\"2\"} 0\n"
      "# EOF\n";
  const char *rule = openmetrics_broken_rule(right, &line);
  ck_assert_msg(rule == NULL, "line %d: %s", line, rule);
}
END_TEST

static double value_of(const char *sample) {
  double value = -1;
  ck_assert_msg(openmetrics_value(text.at, sample, &value), "no sample %s", sample);
  return value;
}

START_TEST(openmetrics_keeps_its_rules_and_has_the_figures) {
  fill();
  int line;
  const char *rule = openmetrics_broken_rule(written(weft_slab_write_prometheus), &line);
  ck_assert_msg(rule == NULL, "line %d: %s", line, rule);
  struct weft_slab_figures stats = stats_of(f.slab);
  struct weft_slab_class_figures class;
  struct weft_latencies latencies;
  ck_assert_int_eq(weft_slab_class_stats(f.slab, class_for(500), &class, sizeof class), WEFT_OK);
  ck_assert_int_eq(weft_slab_latencies(f.slab, WEFT_LATENCY_MAPPED, &latencies, sizeof latencies), WEFT_OK);
  ck_assert_double_eq(value_of("weft_slab_live_bytes"), (double)stats.live_bytes);
  ck_assert_double_eq(value_of("weft_slab_active_bytes"), (double)stats.active_bytes);
  ck_assert_double_eq(value_of("weft_slab_committed_peak_bytes"), (double)stats.peak_committed_bytes);
  ck_assert_double_eq(value_of("weft_slab_allocations_total"), (double)stats.allocations);
  ck_assert_double_eq(value_of("weft_slab_mapped"), 1);
  ck_assert_double_eq(value_of("weft_slab_refused_frees_total{reason=\"interior\"}"), 1);
  ck_assert_double_eq(value_of("weft_slab_refused_frees_total{reason=\"foreign\"}"), 1);
  ck_assert_double_eq(value_of("weft_slab_refused_frees_total{reason=\"repeated\"}"), 0);
  ck_assert(fabs(value_of("weft_slab_external_fragmentation_ratio") - stats.external_fragmentation) < 1e-6);
  char sample[80];
  snprintf(sample, sizeof sample, "weft_slab_class_frees_total{node=\"0\",class=\"%" PRIu64 "\"}", class.bytes);
  ck_assert_double_eq(value_of(sample), (double)class.frees);
  snprintf(sample, sizeof sample, "weft_slab_class_live_objects{node=\"0\",class=\"%d\"}", FITS(106496));
  ck_assert_double_eq(value_of(sample), 6);
  ck_assert_double_eq(value_of("weft_slab_latency_seconds_count{kind=\"mapped\"}"), (double)latencies.count);
  ck_assert(fabs(value_of("weft_slab_latency_seconds_sum{kind=\"mapped\"}") / (double)latencies.sum_ns * 1e9 - 1) < 1e-4);
  uint64_t below = 0;
  for (size_t i = 0; weft_latency_bound(i) <= 1024; i++)
    below += latencies.buckets[i];
  ck_assert_double_eq(value_of("weft_slab_latency_seconds_bucket{kind=\"mapped\",le=\"1.024e-06\"}"), (double)below);
  double unused;
  ck_assert(!openmetrics_value(text.at, "weft_slab_class_frees_total{node=\"0\",class=\"1048576\"}", &unused));
  empty();
}
END_TEST

START_TEST(bounds_of_buckets_are_written_as_floats_are_in_go) {
  written(weft_slab_write_prometheus);
  static const char *const bounds[] = {"1.6e-08", "1.024e-06", "6.5536e-05", "0.000131072", "1.073741824", "17.179869184"};
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    char sample[100];
    snprintf(sample, sizeof sample, "weft_slab_latency_seconds_bucket{kind=\"free_slow\",le=\"%s\"}", bounds[i]);
    ck_assert_double_eq(value_of(sample), 0);
  }
}
END_TEST

/* JSON */

static json_int_t integer(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  ck_assert_msg(json_is_integer(value), "%s is no whole number", name);
  return json_integer_value(value);
}

START_TEST(json_can_be_read_and_has_the_figures) {
  fill();
  json_error_t error;
  json_t *root = json_loads(written(weft_slab_write_json), JSON_REJECT_DUPLICATES, &error);
  ck_assert_msg(root != NULL, "line %d: %s", error.line, error.text);
  struct weft_slab_figures stats = stats_of(f.slab);
  const json_t *whole = json_object_get(root, "slab"), *classes = json_object_get(root, "classes"), *class;
  ck_assert_uint_eq(json_object_size(whole), sizeof stats / sizeof(uint64_t));
  ck_assert_int_eq(integer(whole, "live_bytes"), (json_int_t)stats.live_bytes);
  ck_assert_int_eq(integer(whole, "frees"), (json_int_t)stats.frees);
  ck_assert_int_eq(integer(whole, "interior_frees"), 1);
  double external = json_number_value(json_object_get(whole, "external_fragmentation"));
  ck_assert(fabs(external - stats.external_fragmentation) < 1e-6);
  json_int_t allocations = 0, live = 0;
  size_t i;
  json_array_foreach(classes, i, class) {
    ck_assert_uint_eq(json_object_size(class), sizeof(struct weft_slab_class_figures) / sizeof(uint64_t));
    allocations += integer(class, "allocations");
    live += integer(class, "live_bytes");
    ck_assert_int_gt(integer(class, "allocations"), 0);
  }
  ck_assert_int_eq(allocations, (json_int_t)stats.allocations - 1);
  ck_assert_int_eq(live, (json_int_t)stats.live_bytes - FITS(5 << 20));
  json_decref(root);
  empty();
}
END_TEST

START_TEST(json_has_each_filled_bucket) {
  fill();
  json_t *root = json_loads(written(weft_slab_write_json), 0, NULL);
  const json_t *all = json_object_get(root, "latencies");
  ck_assert_uint_eq(json_object_size(all), WEFT_LATENCY_KINDS);
  const json_t *mapped = json_object_get(all, "mapped"), *bucket;
  struct weft_latencies latencies;
  ck_assert_int_eq(weft_slab_latencies(f.slab, WEFT_LATENCY_MAPPED, &latencies, sizeof latencies), WEFT_OK);
  size_t i, at = 0;
  json_int_t count = 0;
  json_array_foreach(json_object_get(mapped, "buckets"), i, bucket) {
    while (latencies.buckets[at] == 0)
      at++;
    const json_t *bound = json_array_get(bucket, 0);
    if (at == WEFT_LATENCY_BUCKETS - 1)
      ck_assert(json_is_null(bound));
    else
      ck_assert_int_eq(json_integer_value(bound), (json_int_t)weft_latency_bound(at));
    count += json_integer_value(json_array_get(bucket, 1));
    at++;
  }
  ck_assert_int_eq(count, (json_int_t)latencies.count);
  ck_assert_int_eq(integer(mapped, "count"), count);
  ck_assert_uint_eq(at, WEFT_LATENCY_BUCKETS); /* the last was recorded */
  json_decref(root);
  empty();
}
END_TEST

/* Writing */

START_TEST(a_writer_that_returns_false_is_called_no_more) {
  writer *writers[] = {weft_slab_write_json, weft_slab_write_prometheus};
  fill();
  for (int w = 0; w < 2; w++) {
    written(writers[w]);
    size_t calls = text.calls;
    ck_assert_uint_gt(calls, 3);
    for (size_t most = 1; most <= calls; most++) {
      text.n = text.calls = 0;
      text.most = most;
      ck_assert_int_eq(writers[w](f.slab, append, &text), WEFT_E_IO);
      ck_assert_uint_eq(text.calls, most);
    }
  }
  empty();
}
END_TEST

/* For other readers, a file that the program is given */

static const char *path;

static bool to_file(void *user, const char *part, size_t bytes) {
  return fwrite(part, 1, bytes, user) == bytes;
}

START_TEST(openmetrics_goes_to_a_file) {
  fill();
  FILE *file = fopen(path, "w");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(weft_slab_write_prometheus(f.slab, to_file, file), WEFT_OK);
  ck_assert_int_eq(fclose(file), 0);
  empty();
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, open_f, close_f);
  if (path != NULL) {
    tcase_add_test(tcase, openmetrics_goes_to_a_file);
    return;
  }
  tcase_add_test(tcase, the_reader_of_openmetrics_refuses_what_breaks_a_rule);
  tcase_add_test(tcase, openmetrics_keeps_its_rules_and_has_the_figures);
  tcase_add_test(tcase, bounds_of_buckets_are_written_as_floats_are_in_go);
  tcase_add_test(tcase, json_can_be_read_and_has_the_figures);
  tcase_add_test(tcase, json_has_each_filled_bucket);
  tcase_add_test(tcase, a_writer_that_returns_false_is_called_no_more);
}

int main(int argc, char **argv) {
  path = argc > 1 ? argv[1] : NULL;
  return suite_main("slab_writers", add_tests);
}
