/* SPDX-License-Identifier: MIT
 *
 * The frame of every benchmark: options, the machine's description, contenders timed in turn, medians, text and JSON.
 * Used by the bench_* programs; it knows nothing of what they measure. How it measures is told in README.md.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A program's run: made by bench_open, ended by bench_close. */
struct bench;

/* An option of one program, beside the frame's own: --name ARGUMENT, kept in *value; argument NULL: it takes none, and
 * *value is "" where it is given. */
struct bench_option {
  const char *name;
  const char *argument;
  const char *help;
  const char **value;
};

/* "This contender is so many times faster than that one", and its place in the summary that --markdown prints: the tables
 * have titles; a row stands for one target and may gather many cases, of which the worst one is shown. */
struct bench_against {
  size_t peer;       /* index of the other contender, or BENCH_NOTHING: the time alone is judged, by bound_ns */
  double target;     /* how many times faster it should be; 0: no target */
  double bound_ns;   /* how many ns a unit it may take more than the other at most; 0: no bound, and none is printed */
  bool share;        /* the summary tells the share of the peer's time, in a table with a line for each target */
  const char *table; /* title; NULL: the summary leaves this out */
  char row[80];
  int order; /* of the row among the table's: lower ones stand above */
  const char *column;
};

#define BENCH_AGAINST 8
#define BENCH_NOTHING SIZE_MAX

struct bench_contender {
  char name[40];                               /* "weft avx2" */
  struct bench_against against[BENCH_AGAINST]; /* in the order in which they are printed */
  size_t n_against;
};

/* What one piece of a case's work holds. */
struct bench_amount {
  double units; /* rows, calls, operations */
  double bytes; /* of data, for GB/s; 0: none is printed */
};

/* One comparison: contenders that do the same work and give equal results. The work is cut into pieces, of about 20 to
 * 500 µs each, so that a clock reading disappears in one; a slice is as many pieces as fill about 1.5 ms. */
struct bench_case {
  const char *name;  /* words that --filter picks by: "1-16 offsets32 xxh3 cache" */
  const char *about; /* a line under the name; NULL: none */
  const char *unit;  /* "row" */
  const struct bench_contender *contenders;
  size_t n_contenders;
  uint64_t pieces; /* 0 .. pieces - 1, visited in order and then again */
  bool same;       /* in a round all contenders do the same pieces; else each goes on where the one before stopped, so that
                    * memory comes round only after all the rest of it */
  bool whole; /* pieces are whole jobs of milliseconds or more, which on a busy machine somebody always interrupts: none is
                * left out, and what is timed is the core's time that the process used, not the wall's */
  bool threads; /* the work uses several, and pieces in which one of them was interrupted are left out, as long as there are
                 * others in a slice */
  void *state;  /* handed to the functions below */

  /* Compares the contender's results with the reference; false, with a message on stderr: it differs, and the program
   * prints no figure of this case and fails. Called for each contender, before any is timed. */
  bool (*check)(void *state, size_t contender);
  /* Gets a piece ready, untimed (such as: into the cache), and tells its amount. */
  struct bench_amount (*prepare)(void *state, uint64_t piece);
  /* Does a piece of work, timed. */
  void (*work)(void *state, size_t contender, uint64_t piece);
  /* Called between two rounds when every piece was visited. May be NULL. */
  void (*lap)(void *state);
};

/* Reads the options and prints the machine. options[n_options] may be NULL. Ends the program on --help (0) and on a
 * wrong option (2). purpose: a sentence for --help. Never NULL. */
struct bench *bench_open(int argc, char **argv, const char *purpose, const struct bench_option *options, size_t n_options);

/* The tables of kernels to measure: those that this CPU can run, or the ones named by --isa; plainest first. */
const char *const *bench_tables(const struct bench *bench, size_t *n);

/* Is this case to be run? With --list: prints its name and says no. on_request: only where --filter is given. */
bool bench_wants(struct bench *bench, const char *name, bool on_request);

/* Checks, warms, measures and prints a case; the wanted time is that of --seconds. */
void bench_run(struct bench *bench, const struct bench_case *c);

/* A figure that is no time, such as a share or a ratio of bytes; of a case, and of one of its contenders. */
struct bench_value {
  const char *name;      /* of the case */
  const char *about;     /* with the name, a heading above the figure; NULL: it stands among the case's others */
  const char *contender; /* "weft" */
  const char *unit;      /* "% magazine hits" */
  double *samples;       /* [n], sorted on return; the median counts */
  size_t n;              /* at least 1 */
  double least, most;    /* what it should be; 0: no such target */
  const char *table;     /* place in the summary, as a bench_against's */
  const char *row;
  int order;
  const char *column;
};

/* Prints it. */
void bench_value(struct bench *bench, const struct bench_value *value);

/* How long each case is measured. */
double bench_seconds(const struct bench *bench);

/* A remark among the results: on stdout, or on stderr with --json. */
void bench_note(const struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the run and gives the exit status: 0, 1 when a contender's results differed, 2 when --filter picked nothing. */
int bench_close(struct bench *bench);

/* Memory that a benchmark cannot do without: ends the program when there is none. bytes 0 gives 1. */
void *bench_memory(size_t bytes);

#endif
