/* SPDX-License-Identifier: MIT
 *
 * See figures.h.
 */
#include "figures.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The value below which a share (0 to 1) of sorted[n] lies. */
static double percentile(const double *sorted, size_t n, double share) {
  double place = share * (double)(n - 1);
  size_t below = (size_t)place;
  if (below + 1 >= n)
    return sorted[n - 1];
  return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct spread spread_of(double *samples, size_t n) {
  qsort(samples, n, sizeof *samples, compare_doubles);
  return (struct spread){percentile(samples, n, 0.1), percentile(samples, n, 0.5), percentile(samples, n, 0.9)};
}

struct figures figures_of(const struct bench_case *c, size_t contender, const double *samples, size_t rounds, double ghz,
                          double bytes_per_unit, double *scratch) {
  const struct bench_contender *own = &c->contenders[contender];
  size_t n = c->n_contenders;
  struct figures f = {0};
  for (size_t r = 0; r < rounds; r++)
    scratch[r] = samples[r * n + contender];
  f.ns = spread_of(scratch, rounds);
  f.cycles = f.ns.median * ghz;
  f.gb_per_s = bytes_per_unit / f.ns.median;
  for (size_t k = 0; k < own->n_against; k++) {
    if (own->against[k].peer == BENCH_NOTHING) {
      f.excess[k] = f.ns;
      continue;
    }
    for (size_t r = 0; r < rounds; r++)
      scratch[r] = samples[r * n + own->against[k].peer] / samples[r * n + contender];
    f.ratio[k] = spread_of(scratch, rounds);
    for (size_t r = 0; r < rounds; r++)
      scratch[r] = samples[r * n + contender] - samples[r * n + own->against[k].peer];
    f.excess[k] = spread_of(scratch, rounds);
  }
  return f;
}

bool figures_judged(const struct bench_against *against) {
  return against->target > 0 || against->bound_ns > 0;
}

bool figures_met(const struct bench_against *against, const struct figures *f, size_t k) {
  return f->ratio[k].median >= against->target && (against->bound_ns <= 0 || f->excess[k].median <= against->bound_ns);
}

void figures_print(FILE *out, const struct bench_case *c, size_t contender, const struct figures *f) {
  const struct bench_contender *own = &c->contenders[contender];
  fprintf(out, "  %-22s %9.2f %9.2f", own->name, f->ns.median, f->cycles);
  if (f->gb_per_s > 0)
    fprintf(out, " %7.2f", f->gb_per_s);
  else
    fprintf(out, " %7s", "-");
  for (size_t k = 0; k < own->n_against; k++) {
    const struct bench_against *against = &own->against[k];
    const struct spread *r = &f->ratio[k], *e = &f->excess[k];
    fprintf(out, "%s", k ? ";" : " ");
    if (against->peer != BENCH_NOTHING) {
      fprintf(out, " %.2f", r->median);
      if (k == 0 || against->target > 0)
        fprintf(out, " (%.2f-%.2f)", r->p10, r->p90);
      fprintf(out, " %s%s", c->contenders[against->peer].name, against->bound_ns > 0 ? "," : "");
    }
    if (against->bound_ns > 0)
      fprintf(out, " %+.1f ns (%.1f to %.1f), bound %.1f", e->median, e->p10, e->p90, against->bound_ns);
    if (against->target > 0)
      fprintf(out, ", target %.2f", against->target);
    if (figures_judged(against))
      fprintf(out, " %s", figures_met(against, f, k) ? "met" : "MISSED");
  }
  fputc('\n', out);
}

static json_t *spread_json(const struct spread *s) {
  return json_pack("{s:f, s:f, s:f}", "median", s->median, "p10", s->p10, "p90", s->p90);
}

static void set_place(json_t *figure, const char *table, const char *row, int order, const char *column) {
  json_object_set_new(figure, "table", json_string(table));
  json_object_set_new(figure, "row", json_string(row));
  json_object_set_new(figure, "order", json_integer(order));
  json_object_set_new(figure, "column", json_string(column));
}

static json_t *against_json(const struct bench_case *c, const struct bench_against *against, const struct figures *f,
                            size_t k) {
  json_t *ratio = spread_json(&f->ratio[k]);
  if (against->peer != BENCH_NOTHING)
    json_object_set_new(ratio, "against", json_string(c->contenders[against->peer].name));
  if (against->target > 0)
    json_object_set_new(ratio, "target", json_real(against->target));
  if (against->bound_ns > 0) {
    json_object_set_new(ratio, "excess_ns", spread_json(&f->excess[k]));
    json_object_set_new(ratio, "bound_ns", json_real(against->bound_ns));
  }
  if (figures_judged(against))
    json_object_set_new(ratio, "met", json_boolean(figures_met(against, f, k)));
  if (against->share)
    json_object_set_new(ratio, "share", json_true());
  if (against->table)
    set_place(ratio, against->table, against->row, against->order, against->column);
  return ratio;
}

json_t *figures_json(const struct bench_case *c, size_t contender, const struct figures *f, size_t rounds, double ghz) {
  const struct bench_contender *own = &c->contenders[contender];
  json_t *ratios = json_array();
  for (size_t k = 0; k < own->n_against; k++)
    json_array_append_new(ratios, against_json(c, &own->against[k], f, k));
  json_t *object =
      json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:I, s:f, s:o}", "case", c->name, "contender", own->name, "unit",
                c->unit, "ns_per_unit", f->ns.median, "ns_p10", f->ns.p10, "ns_p90", f->ns.p90, "cycles_per_unit",
                f->cycles, "rounds", (json_int_t)rounds, "clock_ghz", ghz, "ratios", ratios);
  if (f->gb_per_s > 0)
    json_object_set_new(object, "gb_per_s", json_real(f->gb_per_s));
  return object;
}

/* Figures that are no times */

bool figures_value_met(const struct bench_value *value, const struct spread *spread) {
  return (value->least <= 0 || spread->median >= value->least) && (value->most <= 0 || spread->median <= value->most);
}

void figures_value_print(FILE *out, const struct bench_value *value, const struct spread *spread) {
  const char *verdict = figures_value_met(value, spread) ? "met" : "MISSED";
  if (value->about)
    fprintf(out, "\n%s\n%s\n", value->name, value->about);
  fprintf(out, "  %-22s %9.2f %s (%.2f-%.2f)", value->contender, spread->median, value->unit, spread->p10, spread->p90);
  if (value->least > 0)
    fprintf(out, ", at least %.2f %s", value->least, verdict);
  if (value->most > 0)
    fprintf(out, ", at most %.2f %s", value->most, verdict);
  fputc('\n', out);
}

json_t *figures_value_json(const struct bench_value *value, const struct spread *spread) {
  json_t *figure = spread_json(spread);
  if (value->least > 0)
    json_object_set_new(figure, "least", json_real(value->least));
  if (value->most > 0)
    json_object_set_new(figure, "most", json_real(value->most));
  if (value->least > 0 || value->most > 0)
    json_object_set_new(figure, "met", json_boolean(figures_value_met(value, spread)));
  if (value->table)
    set_place(figure, value->table, value->row, value->order, value->column);
  return json_pack("{s:s, s:s, s:s, s:o}", "case", value->name, "contender", value->contender, "unit", value->unit, "value",
                   figure);
}
