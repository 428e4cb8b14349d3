/* SPDX-License-Identifier: MIT
 *
 * The frame of bench.h: options, the machine, and the rounds of slices. Figures are made in figures.c.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"
#include "figures.h"
#include "machine.h"
#include "summary.h"

#include <weft/weft.h>

#include <assert.h>
#include <fnmatch.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_NS 1.5e6
#define LONG_NS 5e7 /* in so long a piece what it takes to get used to it is nothing */
#define LEAST_ROUNDS 5
#define MOST_ROUNDS 20000
#define MOST_OWN_OPTIONS 8
#define MOST_TRIES 1000 /* at a slice all of whose pieces were interrupted */

struct bench {
  const char *program;
  const char *filter; /* NULL: every case */
  const char *isa;    /* NULL: every table that can run */
  double seconds;
  bool list, json, failed;
  int core;
  size_t picked;
  size_t met, missed; /* targets */
  const char *tables[WEFT_MAX_ISAS];
  size_t n_tables;
  weft_ctx *ctx; /* holds the strings of features */
  struct weft_features features;
  json_t *results;
};

static void fail_usage(const struct bench *b, const char *what, const char *which) {
  fprintf(stderr, "%s: %s%s; see --help\n", b->program, what, which);
  exit(2);
}

void *bench_memory(size_t bytes) {
  void *p = malloc(bytes ? bytes : 1);
  if (!p) {
    fprintf(stderr, "no memory for %zu bytes\n", bytes);
    exit(2);
  }
  return p;
}

static void print_help(const struct bench *b, const char *purpose, const struct bench_option *options, size_t n_options) {
  printf("Usage: %s [options]\n%s\n\n"
         "  --filter WORDS     only cases that have each of these words in their name; a word may be a pattern: '1-* xxh3 "
         "cache'\n"
         "  --list             print the names of the cases and measure nothing\n"
         "  --seconds S        how long to measure each case (1)\n"
         "  --isa NAMES        only these tables of kernels: avx2,sse\n"
         "  --core N           stay on this core (the last one)\n"
         "  --json             print an array of objects in place of text\n"
         "  --markdown FILE    measure nothing: print tables of what --json printed to FILE, in one run or several\n"
         "  --help             print this\n",
         b->program, purpose);
  for (size_t i = 0; i < n_options; i++) {
    char head[64];
    snprintf(head, sizeof head, "--%s %s", options[i].name, options[i].argument ? options[i].argument : "");
    printf("  %-18s %s\n", head, options[i].help);
  }
  printf("\nExit status: 0 done, 1 a contender's results were wrong, 2 wrong usage.\n");
}

static double number(const struct bench *b, const char *text, double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= least && value <= most))
    fail_usage(b, "not a number that can be: ", text);
  return value;
}

enum { FILTER = 256, LIST, SECONDS, ISA, CORE, JSON, MARKDOWN, HELP, OWN };

static void read_options(struct bench *b, int argc, char **argv, const char *purpose, const struct bench_option *options,
                         size_t n_options) {
  const struct option frame[] = {
      {"filter", required_argument, NULL, FILTER},     {"list", no_argument, NULL, LIST},
      {"seconds", required_argument, NULL, SECONDS},   {"isa", required_argument, NULL, ISA},
      {"core", required_argument, NULL, CORE},         {"json", no_argument, NULL, JSON},
      {"markdown", required_argument, NULL, MARKDOWN}, {"help", no_argument, NULL, HELP},
  };
  enum { FRAME = sizeof frame / sizeof frame[0] };
  struct option all[FRAME + MOST_OWN_OPTIONS + 1];
  assert(n_options <= MOST_OWN_OPTIONS);
  memcpy(all, frame, sizeof frame);
  for (size_t i = 0; i < n_options; i++)
    all[FRAME + i] =
        (struct option){options[i].name, options[i].argument ? required_argument : no_argument, NULL, OWN + (int)i};
  all[FRAME + n_options] = (struct option){0};
  for (int o; (o = getopt_long(argc, argv, "", all, NULL)) != -1;) {
    if (o == FILTER)
      b->filter = optarg;
    else if (o == LIST)
      b->list = true;
    else if (o == SECONDS)
      b->seconds = number(b, optarg, 0.001, 3600);
    else if (o == ISA)
      b->isa = optarg;
    else if (o == CORE)
      b->core = (int)number(b, optarg, 0, 65535);
    else if (o == JSON)
      b->json = true;
    else if (o == MARKDOWN)
      exit(summary_print(optarg));
    else if (o >= OWN)
      *options[o - OWN].value = optarg ? optarg : "";
    else {
      if (o == HELP)
        print_help(b, purpose, options, n_options);
      exit(o == HELP ? 0 : 2);
    }
  }
  if (optind < argc)
    fail_usage(b, "no such argument: ", argv[optind]);
}

/* Is word one of the words of list, which are divided by any of the characters of breaks? word may be a pattern. */
static bool has_word(const char *list, const char *breaks, const char *word) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", list);
  char *rest = NULL;
  for (char *w = strtok_r(copy, breaks, &rest); w; w = strtok_r(NULL, breaks, &rest))
    if (fnmatch(word, w, 0) == 0)
      return true;
  return false;
}

/* Fills b->tables; ends the program over a name of --isa that is no table, or none that runs here. */
static void choose_tables(struct bench *b) {
  struct weft_features *f = &b->features;
  if (weft_ctx_create(NULL, &b->ctx) || weft_ctx_features(b->ctx, f, sizeof *f)) {
    fprintf(stderr, "%s: %s\n", b->program, weft_ctx_message(NULL));
    exit(2);
  }
  char copy[256], *rest = NULL;
  snprintf(copy, sizeof copy, "%s", b->isa ? b->isa : "");
  for (char *w = strtok_r(copy, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
    bool known = false;
    for (uint32_t i = 0; i < f->isas; i++) {
      if (strcmp(f->isa_list[i].name, w))
        continue;
      known = true;
      if (!f->isa_list[i].supported)
        fail_usage(b, "this machine or build lacks the table ", w);
    }
    if (!known)
      fail_usage(b, "no table is called ", w);
  }
  for (uint32_t i = 0; i < f->isas; i++)
    if (f->isa_list[i].supported && (!b->isa || has_word(b->isa, ",", f->isa_list[i].name)))
      b->tables[b->n_tables++] = f->isa_list[i].name;
}

static const char *machine_text(const struct bench *b) {
  static char text[400];
  snprintf(text, sizeof text, "%s, L2 %zu KiB, L3 %zu KiB; %s; %s", b->features.cpu, machine_cache_bytes(2) >> 10,
           machine_cache_bytes(3) >> 10, machine_system(), machine_compiler());
  return text;
}

static void print_machine(const struct bench *b, double ghz) {
  const struct weft_features *f = &b->features;
  printf("%s, weft %s, table %s (%s)\n", b->program, weft_version(), f->isa, f->reason);
  printf("%s, %.2f GHz\n", machine_text(b), ghz);
  if (b->core >= 0)
    printf("pinned to core %d; ", b->core);
  else
    printf("NOT pinned to a core; ");
  printf("%g s a case in slices of %.1f ms, contenders in turn; medians, and 10th-90th percentile of the rounds' ratios\n",
         b->seconds, SLICE_NS / 1e6);
}

struct bench *bench_open(int argc, char **argv, const char *purpose, const struct bench_option *options, size_t n_options) {
  static struct bench run; /* of the process: what it holds is not lost where the program ends before bench_close */
  struct bench *b = &run;
  const char *slash = strrchr(argv[0], '/');
  *b = (struct bench){.program = slash ? slash + 1 : argv[0], .seconds = 1, .core = -1};
  read_options(b, argc, argv, purpose, options, n_options);
  choose_tables(b);
  b->results = json_array();
  if (b->list)
    return b;
  int wanted = b->core;
  b->core = machine_pin(wanted);
  if (wanted >= 0 && b->core < 0)
    fail_usage(b, "this process may not stay on the core of --core", "");
  double ghz[9];
  for (size_t i = 0; i < 9; i++)
    ghz[i] = machine_ghz();
  if (!b->json)
    print_machine(b, spread_of(ghz, 9).median);
  return b;
}

const char *const *bench_tables(const struct bench *b, size_t *n) {
  *n = b->n_tables;
  return b->tables;
}

bool bench_wants(struct bench *b, const char *name, bool on_request) {
  bool wanted = b->filter || !on_request || b->list;
  if (b->filter) {
    char words[256], *rest = NULL;
    snprintf(words, sizeof words, "%s", b->filter);
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
      wanted = wanted && has_word(name, " ", w);
  }
  b->picked += wanted;
  if (wanted && b->list)
    puts(name);
  return wanted && !b->list;
}

/* What a contender got done in a slice. */
struct slice {
  double ns;
  struct bench_amount amount;
  uint64_t left_out; /* pieces during which another process took the core: they do not count */
};

/* Pieces first .. first + n of a case by one contender; the piece before, untimed, brings the core from the habits of the
 * last contender to its own: predictors, code, clock. Where it does not warm up, it is left out. */
static struct slice time_pieces(const struct bench_case *c, size_t contender, uint64_t first, uint64_t n, bool warm_up) {
  struct slice s = {0}, interrupted = {0};
  for (uint64_t k = warm_up ? 0 : 1; k <= n; k++) {
    uint64_t piece = (first + k) % c->pieces;
    struct bench_amount a = c->prepare(c->state, piece);
    long interruptions = machine_interruptions(c->threads);
    uint64_t start = c->whole ? machine_used() : machine_now();
    c->work(c->state, contender, piece);
    uint64_t end = c->whole ? machine_used() : machine_now();
    if (k == 0)
      continue;
    bool was_interrupted = !c->whole && machine_interruptions(c->threads) != interruptions;
    struct slice *part = was_interrupted ? &interrupted : &s;
    part->ns += (double)(end - start);
    part->amount.units += a.units;
    part->amount.bytes += a.bytes;
    s.left_out += was_interrupted;
  }
  /* Of several threads one is always interrupted on a busy machine: then these pieces count after all. */
  return c->threads && s.amount.units <= 0 ? interrupted : s;
}

/* The rounds of one case. */
struct rounds {
  const struct bench_case *c;
  uint64_t slice;    /* timed pieces in a slice */
  bool *warm_up;     /* [contenders] */
  uint64_t next;     /* the first piece not yet visited in this lap */
  size_t n;          /* rounds done */
  double *samples;   /* [MOST_ROUNDS][contenders], ns per unit */
  double *ghz;       /* [MOST_ROUNDS] */
  uint64_t left_out; /* pieces that did not count */
  struct bench_amount amount;
};

/* How many pieces the contender in the middle of the field gets done in a slice's time, and who is to warm up before one.
 * Warms all of them up. */
static uint64_t slice_pieces(const struct bench_case *c, bool *warm_up) {
  double *ns = bench_memory(c->n_contenders * sizeof *ns);
  for (size_t i = 0; i < c->n_contenders; i++) {
    double best = time_pieces(c, i, 0, 1, false).ns;
    warm_up[i] = best < LONG_NS;
    if (warm_up[i])
      best = HUGE_VAL;
    for (int turn = 0; warm_up[i] && turn < 5; turn++) {
      struct slice one = time_pieces(c, i, 0, 1, true);
      best = !one.left_out && one.ns < best ? one.ns : best;
    }
    ns[i] = best;
  }
  double middle = spread_of(ns, c->n_contenders).median;
  free(ns);
  return middle < SLICE_NS ? (uint64_t)(SLICE_NS / (middle + 1)) + 1 : 1;
}

static void give_up(const struct bench_case *c) {
  fprintf(stderr, "%s: other processes take the core during every piece of work\n", c->name);
  exit(2);
}

/* One slice of each contender. Who comes first, and in which direction it goes, changes from round to round, so that nobody
 * always follows the same one. */
static void run_round(struct rounds *r) {
  const struct bench_case *c = r->c;
  size_t n = c->n_contenders;
  uint64_t step = r->slice + 1;
  if (r->next && r->next + (c->same ? step : step * n) > c->pieces) {
    if (c->lap)
      c->lap(c->state);
    r->next = 0;
  }
  for (size_t k = 0; k < n; k++) {
    size_t turn = (k + r->n / 2) % n;
    size_t contender = r->n & 1 ? n - 1 - turn : turn;
    struct slice s;
    uint64_t tries = 0;
    do {
      s = time_pieces(c, contender, r->next, r->slice, r->warm_up[contender]);
      if (!c->same)
        r->next += step;
      r->left_out += s.left_out;
    } while (s.amount.units <= 0 && ++tries < MOST_TRIES);
    if (s.amount.units <= 0)
      give_up(c);
    r->samples[r->n * n + contender] = s.ns / s.amount.units;
    r->amount.units += s.amount.units;
    r->amount.bytes += s.amount.bytes;
  }
  if (c->same)
    r->next += step;
  r->ghz[r->n++] = machine_ghz();
}

static void count_targets(struct bench *b, const struct bench_contender *contender, const struct figures *f) {
  for (size_t k = 0; k < contender->n_against; k++) {
    const struct bench_against *against = &contender->against[k];
    b->met += figures_judged(against) && figures_met(against, f, k);
    b->missed += figures_judged(against) && !figures_met(against, f, k);
  }
}

static void keep_result(struct bench *b, json_t *object) {
  json_object_set_new(object, "bench", json_string(b->program));
  json_object_set_new(object, "machine", json_string(machine_text(b)));
  json_object_set_new(object, "table_in_use", json_string(b->features.isa));
  json_array_append_new(b->results, object);
}

static void report(struct bench *b, const struct rounds *r) {
  const struct bench_case *c = r->c;
  double *scratch = bench_memory(r->n * sizeof *scratch);
  double ghz = spread_of(r->ghz, r->n).median;
  if (!b->json)
    printf("\n%s\n%s%s%zu rounds, %.2f GHz, %llu interrupted pieces left out\n"
           "  %-22s ns/%-6s cyc/%-5s    GB/s times faster than (10th-90th percentile)\n",
           c->name, c->about ? c->about : "", c->about ? "; " : "", r->n, ghz, (unsigned long long)r->left_out, "contender",
           c->unit, c->unit);
  for (size_t i = 0; i < c->n_contenders; i++) {
    struct figures f = figures_of(c, i, r->samples, r->n, ghz, r->amount.bytes / r->amount.units, scratch);
    count_targets(b, &c->contenders[i], &f);
    if (!b->json) {
      figures_print(stdout, c, i, &f);
      continue;
    }
    json_t *object = figures_json(c, i, &f, r->n, ghz);
    json_object_set_new(object, "pieces_left_out", json_integer((json_int_t)r->left_out));
    keep_result(b, object);
  }
  fflush(stdout);
  free(scratch);
}

void bench_run(struct bench *b, const struct bench_case *c) {
  bool right = true;
  for (size_t i = 0; i < c->n_contenders; i++) {
    if (c->check(c->state, i))
      continue;
    fprintf(stderr, "%s: %s: %s gives wrong results\n", b->program, c->name, c->contenders[i].name);
    right = false;
  }
  if (!right) {
    b->failed = true;
    return;
  }
  struct rounds r = {.c = c, .warm_up = bench_memory(c->n_contenders * sizeof *r.warm_up)};
  r.slice = slice_pieces(c, r.warm_up);
  /* Untouched pages of these cost nothing. */
  r.samples = bench_memory(MOST_ROUNDS * c->n_contenders * sizeof *r.samples);
  r.ghz = bench_memory(MOST_ROUNDS * sizeof *r.ghz);
  uint64_t end = machine_now() + (uint64_t)(b->seconds * 1e9);
  while (r.n < LEAST_ROUNDS || (machine_now() < end && r.n < MOST_ROUNDS))
    run_round(&r);
  report(b, &r);
  free(r.samples);
  free(r.ghz);
  free(r.warm_up);
}

void bench_value(struct bench *b, const struct bench_value *value) {
  struct spread spread = spread_of(value->samples, value->n);
  bool judged = value->least > 0 || value->most > 0, met = figures_value_met(value, &spread);
  b->met += judged && met;
  b->missed += judged && !met;
  if (b->json)
    keep_result(b, figures_value_json(value, &spread));
  else
    figures_value_print(stdout, value, &spread);
  fflush(stdout);
}

double bench_seconds(const struct bench *b) {
  return b->seconds;
}

void bench_note(const struct bench *b, const char *format, ...) {
  if (b->list)
    return;
  va_list args;
  va_start(args, format);
  vfprintf(b->json ? stderr : stdout, format, args);
  va_end(args);
}

int bench_close(struct bench *b) {
  int status = b->failed ? 1 : 0;
  if (!b->picked) {
    fprintf(stderr, "%s: no case has all the words of --filter '%s'; see --list\n", b->program, b->filter ? b->filter : "");
    status = 2;
  }
  if (b->json && !b->list) {
    json_dumpf(b->results, stdout, JSON_INDENT(2));
    putchar('\n');
  }
  if (!b->json && b->met + b->missed)
    printf("\n%zu targets met, %zu missed\n", b->met, b->missed);
  if (fflush(stdout) || ferror(stdout)) {
    fprintf(stderr, "%s: the results could not be written\n", b->program);
    status = 2;
  }
  json_decref(b->results);
  weft_ctx_free(b->ctx);
  return status;
}
