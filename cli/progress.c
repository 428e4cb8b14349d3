/* SPDX-License-Identifier: MIT
 *
 * Progress on stderr. Called by the subcommands, and by message.c before it writes. There is one terminal, so the state is
 * static.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
  bool on;
  bool drawn;
  uint64_t total_bytes, rows_out;
  double started, last; /* seconds */
} progress;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_start(bool wanted, uint64_t total_bytes) {
  progress.on = wanted && isatty(STDERR_FILENO);
  progress.total_bytes = total_bytes;
  progress.started = progress.last = now();
}

void progress_total(uint64_t total_bytes) {
  progress.total_bytes = total_bytes;
}

void progress_update(uint64_t rows, uint64_t bytes) {
  if (!progress.on)
    return;
  double t = now(), seconds = t - progress.started;
  if (seconds < 1 || (progress.drawn && t - progress.last < 0.1))
    return;
  progress.last = t;
  progress.drawn = true;
  fprintf(stderr, "\r\033[K%" PRIu64 " rows, %.1f MB, %.1f MB/s", rows, (double)bytes / 1e6, (double)bytes / 1e6 / seconds);
  if (progress.total_bytes > 0)
    fprintf(stderr, ", %.0f %%", 100 * (double)bytes / (double)progress.total_bytes);
  if (progress.rows_out > 0)
    fprintf(stderr, ", %" PRIu64 " rows out", progress.rows_out);
  fflush(stderr);
}

void progress_output(uint64_t rows) {
  progress.rows_out = rows;
}

double progress_seconds(void) {
  return now() - progress.started;
}

void progress_clear(void) {
  if (!progress.drawn)
    return;
  progress.drawn = false;
  fputs("\r\033[K", stderr);
  fflush(stderr);
}
