/* SPDX-License-Identifier: MIT
 *
 * See summary.h. A cell of a table shows the worst of the comparisons that have its row and column: the one that is
 * farthest below its target or, where there is none, the lowest.
 */
#include "summary.h"
#include "bench.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A comparison: one of the ratios of a contender, both as --json printed them; or a figure that is no time. */
struct entry {
  const json_t *result, *ratio;
};

struct entries {
  struct entry *list;
  size_t n, room;
};

/* Distinct texts, in the order of their numbers, and where these are equal, in that in which they came. */
struct texts {
  const char *list[256];
  double order[256];
  size_t n;
};

struct range {
  double least, most;
};

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "?";
}

static double number_of(const json_t *object, const char *key) {
  return json_number_value(json_object_get(object, key));
}

static bool has(const json_t *object, const char *key) {
  return json_object_get(object, key) != NULL;
}

static bool missed(const struct entry *e) {
  return json_is_false(json_object_get(e->ratio, "met"));
}

static void widen(struct range *range, double value) {
  range->least = value < range->least ? value : range->least;
  range->most = value > range->most ? value : range->most;
}

static void add_text(struct texts *texts, const char *text, double order) {
  for (size_t i = 0; i < texts->n; i++)
    if (strcmp(texts->list[i], text) == 0)
      return;
  if (texts->n == sizeof texts->list / sizeof texts->list[0])
    return;
  size_t at = texts->n++;
  for (; at && texts->order[at - 1] > order; at--) {
    texts->list[at] = texts->list[at - 1];
    texts->order[at] = texts->order[at - 1];
  }
  texts->list[at] = text;
  texts->order[at] = order;
}

static void add_entry(struct entries *entries, struct entry e) {
  if (entries->n == entries->room) {
    entries->room = 2 * entries->room + 64;
    struct entry *more = bench_memory(entries->room * sizeof *more);
    if (entries->n)
      memcpy(more, entries->list, entries->n * sizeof *more);
    free(entries->list);
    entries->list = more;
  }
  entries->list[entries->n++] = e;
}

/* All arrays of the file in one; NULL, with a message, when it has no results. */
static json_t *read_results(const char *path) {
  FILE *f = fopen(path, "r");
  if (!f) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return NULL;
  }
  json_t *all = json_array(), *array;
  json_error_t error;
  while ((array = json_loadf(f, JSON_DISABLE_EOF_CHECK, &error))) {
    json_array_extend(all, array);
    json_decref(array);
    int c;
    while ((c = fgetc(f)) == '\n' || c == ' ')
      ;
    ungetc(c, f);
    if (c == EOF)
      break;
  }
  fclose(f);
  if (array && json_array_size(all))
    return all;
  fprintf(stderr, "%s: %s\n", path, array ? "no results in it" : error.text);
  json_decref(all);
  return NULL;
}

/* How far an entry is from what it should be: above 1 is better. Without a target, the ratio itself. */
static double standing(const struct entry *e) {
  if (has(e->ratio, "bound_ns"))
    return 1 + number_of(e->ratio, "bound_ns") - number_of(json_object_get(e->ratio, "excess_ns"), "median");
  double target = number_of(e->ratio, "target"), median = number_of(e->ratio, "median");
  if (has(e->ratio, "most"))
    return number_of(e->ratio, "most") / median;
  if (has(e->ratio, "least"))
    return median / number_of(e->ratio, "least");
  return target > 0 ? median / target : median;
}

static const struct entry *worst(const struct entries *entries, const char *table, const char *row, const char *column) {
  const struct entry *found = NULL;
  for (size_t i = 0; i < entries->n; i++) {
    const struct entry *e = &entries->list[i];
    if (strcmp(text_of(e->ratio, "table"), table) == 0 && strcmp(text_of(e->ratio, "row"), row) == 0 &&
        strcmp(text_of(e->ratio, "column"), column) == 0 && (!found || standing(e) < standing(found)))
      found = e;
  }
  return found;
}

/* Of what is shown as a share of the peer's time: at most. */
static bool is_share(const struct entry *e) {
  return has(e->ratio, "share");
}

/* "4.62 (4.58 to 4.66) of 4.50", or "3.20 ns (3.05 to 3.41) of 5 at most" where there is a bound of ns, and the like of
 * figures that are no times. In a table a miss is bold, and the spread is told. */
static void print_figure(const struct entry *e, bool in_table) {
  bool ns = has(e->ratio, "bound_ns");
  const json_t *figure = ns ? json_object_get(e->ratio, "excess_ns") : e->ratio;
  const char *bold = in_table && missed(e) ? "**" : "", *unit = ns ? " ns" : "";
  if (is_share(e) && has(e->ratio, "target")) {
    printf("%.2f of %.2f at most", 1 / number_of(figure, "median"), 1 / number_of(e->ratio, "target"));
    return;
  }
  printf("%s%.2f%s", bold, number_of(figure, "median"), unit);
  if (in_table)
    printf(" (%.2f to %.2f)", number_of(figure, "p10"), number_of(figure, "p90"));
  if (ns)
    printf(" of %.0f at most", number_of(e->ratio, "bound_ns"));
  else if (has(e->ratio, "most"))
    printf(" of %.2f at most", number_of(e->ratio, "most"));
  else if (has(e->ratio, "least"))
    printf(" of %.2f", number_of(e->ratio, "least"));
  else if (has(e->ratio, "target"))
    printf(" of %.2f", number_of(e->ratio, "target"));
  printf("%s", bold);
}

/* "| 1 in 100 matches | 0.21 (0.20 to 0.23) | 0.22 at most | yes |" */
static void print_line(const char *row, const struct entry *e) {
  const json_t *figure = e->ratio;
  double p10 = number_of(figure, "p10"), median = number_of(figure, "median"), p90 = number_of(figure, "p90");
  if (is_share(e))
    printf("| %s | %.2f (%.2f to %.2f) | ", row, 1 / median, 1 / p90, 1 / p10);
  else
    printf("| %s | %.2f (%.2f to %.2f) | ", row, median, p10, p90);
  if (has(figure, "most"))
    printf("%.2f at most", number_of(figure, "most"));
  else if (has(figure, "least") || (has(figure, "target") && !is_share(e)))
    printf("%.2f at least", number_of(figure, has(figure, "least") ? "least" : "target"));
  else if (has(figure, "target"))
    printf("%.2f at most", 1 / number_of(figure, "target"));
  printf(" | %s |\n", !has(figure, "met") ? "" : missed(e) ? "**no**" : "yes");
}

/* A line for each target, where one of the table's is a share. */
static bool print_lines(const struct entries *entries, const char *title, const struct texts *rows,
                        const struct texts *columns) {
  bool shares = false;
  for (size_t i = 0; i < entries->n; i++)
    shares = shares || (is_share(&entries->list[i]) && strcmp(text_of(entries->list[i].ratio, "table"), title) == 0);
  if (!shares)
    return false;
  printf("\n%s:\n\n| line | measured | target | met |\n|---|---|---|---|\n", title);
  for (size_t r = 0; r < rows->n; r++)
    for (size_t c = 0; c < columns->n; c++) {
      const struct entry *e = worst(entries, title, rows->list[r], columns->list[c]);
      if (e)
        print_line(rows->list[r], e);
    }
  return true;
}

static void print_table(const struct entries *entries, const char *title) {
  struct texts rows = {.n = 0}, columns = {.n = 0};
  for (size_t i = 0; i < entries->n; i++) {
    const json_t *ratio = entries->list[i].ratio;
    if (strcmp(text_of(ratio, "table"), title))
      continue;
    add_text(&rows, text_of(ratio, "row"), number_of(ratio, "order"));
    add_text(&columns, text_of(ratio, "column"), 0);
  }
  if (print_lines(entries, title, &rows, &columns))
    return;
  printf("\n%s:\n\n| |", title);
  for (size_t c = 0; c < columns.n; c++)
    printf(" %s |", columns.list[c]);
  printf("\n|---|");
  for (size_t c = 0; c < columns.n; c++)
    printf("---|");
  putchar('\n');
  for (size_t r = 0; r < rows.n; r++) {
    printf("| %s |", rows.list[r]);
    for (size_t c = 0; c < columns.n; c++) {
      const struct entry *e = worst(entries, title, rows.list[r], columns.list[c]);
      putchar(' ');
      if (e)
        print_figure(e, true);
      printf(" |");
    }
    putchar('\n');
  }
}

/* Is what it is compared with "loop avx2", and its own column avx2? */
static bool is_own_loop(const struct entry *e) {
  const char *against = text_of(e->ratio, "against");
  return strncmp(against, "loop ", 5) == 0 && strcmp(against + 5, text_of(e->ratio, "column")) == 0;
}

/* One item for each case that has misses: all of them, and what each is compared with unless that is its table's loop. */
static void print_missed(const struct entries *entries, size_t judged) {
  size_t n = 0;
  for (size_t i = 0; i < entries->n; i++)
    n += missed(&entries->list[i]);
  printf("\n%zu of %zu comparisons meet their targets", judged - n, judged);
  puts(n ? "; these miss:" : ".");
  const char *last = "";
  for (size_t i = 0; i < entries->n; i++) {
    const struct entry *e = &entries->list[i];
    if (!missed(e))
      continue;
    const char *name = text_of(e->result, "case");
    if (strcmp(name, last))
      printf("\n- %s: ", name);
    else
      printf(", ");
    last = name;
    printf("%s ", text_of(e->result, "contender"));
    print_figure(e, false);
    if (has(e->result, "value"))
      printf(" (%s)", text_of(e->result, "unit"));
    else if (has(e->ratio, "against") && !is_own_loop(e))
      printf(" (%s)", text_of(e->ratio, "against"));
  }
  if (n)
    putchar('\n');
}

static void gather(const json_t *result, const json_t *ratio, struct entries *entries, struct texts *titles,
                   size_t *judged) {
  *judged += has(ratio, "met");
  add_entry(entries, (struct entry){result, ratio});
  if (has(ratio, "table"))
    add_text(titles, text_of(ratio, "table"), 0);
}

int summary_print(const char *path) {
  json_t *all = read_results(path);
  if (!all)
    return 2;
  struct entries entries = {0};
  struct texts titles = {.n = 0}, machines = {.n = 0};
  struct range ghz = {HUGE_VAL, 0}, rounds = {HUGE_VAL, 0};
  size_t judged = 0, i, k;
  json_t *result, *ratio;
  json_array_foreach(all, i, result) {
    add_text(&machines, text_of(result, "machine"), 0);
    if ((ratio = json_object_get(result, "value"))) {
      gather(result, ratio, &entries, &titles, &judged);
      continue;
    }
    widen(&ghz, number_of(result, "clock_ghz"));
    widen(&rounds, number_of(result, "rounds"));
    json_array_foreach(json_object_get(result, "ratios"), k, ratio) gather(result, ratio, &entries, &titles, &judged);
  }
  for (i = 0; i < machines.n; i++)
    printf("%s\n", machines.list[i]);
  if (rounds.most > 0)
    printf("%.2f to %.2f GHz; at least %.0f rounds a case; in brackets the 10th and the 90th percentile of the rounds\n",
           ghz.least, ghz.most, rounds.least);
  for (i = 0; i < titles.n; i++)
    print_table(&entries, titles.list[i]);
  print_missed(&entries, judged);
  free(entries.list);
  json_decref(all);
  return 0;
}
