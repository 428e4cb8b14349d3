/* SPDX-License-Identifier: MIT
 *
 * Groups: rows numbered by their string keys, by two threads at once, and two columns summed up group by group; then an
 * estimate of how many distinct rows there are, from a sketch of 16 KiB.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

/* Rows enough for two threads; up to 65,536 one would do all. */
enum { ROWS = 200000, CITIES = 4, CITY_BYTES = 8 };

/* Row i: a city, how many pieces were sold there (of every tenth row that is not known: null), and at what price. */
static char city_bytes[ROWS * CITY_BYTES];
static int32_t city_offsets[ROWS + 1], pieces[ROWS];
static uint8_t pieces_known[(ROWS + 7) / 8];
static double price[ROWS];
static uint32_t group[ROWS], first_row[ROWS]; /* what grouping gives */

static void make_rows(void) {
  static const char *const cities[CITIES] = {"Lyon", "Bruges", "Norwich", "Como"};
  for (int32_t i = 0; i < ROWS; i++) {
    const char *city = cities[i % 7 % CITIES];
    memcpy(city_bytes + city_offsets[i], city, strlen(city));
    city_offsets[i + 1] = city_offsets[i] + (int32_t)strlen(city);
    pieces[i] = i % 1000 - 10;
    pieces_known[i / 8] = (uint8_t)(pieces_known[i / 8] | (i % 10 != 0) << i % 8);
    price[i] = 0.25 * (i % 64);
  }
}

/* The second thread, with a context of its own on the same slab. */
struct worker {
  weft_ctx *ctx;
  weft_grouping *grouping;
};

static void *work(void *argument) {
  struct worker *worker = argument;
  return weft_grouping_work(worker->ctx, worker->grouping) == WEFT_OK ? NULL : worker; /* and weft_grouping_close tells */
}

/* group[i] is the number of row i's city, first_row[g] the first row of group g. */
static weft_status number_rows(weft_ctx *ctx, weft_ctx *other, const struct weft_column *key, size_t *groups) {
  struct worker worker = {.ctx = other};
  pthread_t thread;
  weft_status status = weft_grouping_open(ctx, key, 1, 2, group, &worker.grouping);
  if (status != WEFT_OK)
    return status;
  bool started = pthread_create(&thread, NULL, work, &worker) == 0; /* where it is not, this thread does all */
  status = weft_grouping_work(ctx, worker.grouping);
  if (started)
    pthread_join(thread, NULL);
  weft_status closed = weft_grouping_close(ctx, worker.grouping, groups, first_row); /* and frees it, on failure too */
  return status == WEFT_OK ? closed : status; /* it knows of other threads' failures */
}

/* One aggregate a column. Batch by batch it would be fed in a loop; those of several threads are merged. */
static weft_status print_groups(weft_ctx *ctx, size_t groups) {
  const struct weft_column of_prices = weft_column_fixed(price, WEFT_F64, ROWS);
  const struct weft_column of_pieces =
      weft_column_with_validity(weft_column_fixed(pieces, WEFT_I32, ROWS), pieces_known, 0);
  uint64_t count[CITIES];
  int64_t sum[CITIES]; /* as many groups as there are cities */
  int32_t least[CITIES], greatest[CITIES];
  double average[CITIES];
  weft_aggregate *a = NULL, *b = NULL;
  weft_status status;
  if ((status = weft_aggregate_open(ctx, WEFT_I32, WEFT_COUNT | WEFT_SUM | WEFT_MIN | WEFT_MAX, &a)) == WEFT_OK &&
      (status = weft_aggregate_open(ctx, WEFT_F64, WEFT_AVG, &b)) == WEFT_OK &&
      (status = weft_aggregate_add(ctx, a, &of_pieces, group, groups)) == WEFT_OK &&
      (status = weft_aggregate_add(ctx, b, &of_prices, group, groups)) == WEFT_OK &&
      (status = weft_aggregate_finish(ctx, a, WEFT_COUNT, count, NULL)) == WEFT_OK && /* NULL: nobody asks for nulls */
      (status = weft_aggregate_finish(ctx, a, WEFT_SUM, sum, NULL)) == WEFT_OK &&
      (status = weft_aggregate_finish(ctx, a, WEFT_MIN, least, NULL)) == WEFT_OK &&
      (status = weft_aggregate_finish(ctx, a, WEFT_MAX, greatest, NULL)) == WEFT_OK)
    status = weft_aggregate_finish(ctx, b, WEFT_AVG, average, NULL);
  weft_aggregate_free(a);
  weft_aggregate_free(b);
  for (size_t g = 0; status == WEFT_OK && g < groups; g++) {
    const int32_t *at = &city_offsets[first_row[g]];
    printf("%.*s: %" PRIu64 " known, sum %" PRId64 ", %" PRId32 " to %" PRId32 ", average price %.4f\n",
           (int)(at[1] - at[0]), city_bytes + at[0], count[g], sum[g], least[g], greatest[g], average[g]);
  }
  return status;
}

/* Of several columns a row is one value; here there are 4000 of them, 1000 numbers in each city. */
static weft_status print_distinct(weft_ctx *ctx, const struct weft_column *city) {
  const struct weft_column row[2] = {*city, weft_column_fixed(pieces, WEFT_I32, ROWS)};
  weft_distinct *distinct;
  weft_status status = weft_distinct_open(ctx, 0, &distinct);
  if (status != WEFT_OK)
    return status;
  status = weft_distinct_add(ctx, distinct, row, 2);
  if (status == WEFT_OK)
    printf("about %.0f distinct pairs of city and pieces\n", weft_distinct_estimate(distinct));
  weft_distinct_free(distinct);
  return status;
}

static weft_status run(weft_ctx *ctx, weft_ctx *other) {
  size_t groups = 0;
  make_rows();
  const struct weft_column city = weft_column_offsets32(city_bytes, (size_t)city_offsets[ROWS], city_offsets, ROWS);
  weft_status status = number_rows(ctx, other, &city, &groups);
  if (status == WEFT_OK)
    status = print_groups(ctx, groups);
  return status == WEFT_OK ? print_distinct(ctx, &city) : status;
}

int main(void) {
  weft_ctx *ctx = NULL, *other = NULL;
  weft_status status = weft_ctx_create(NULL, &ctx);
  if (status == WEFT_OK)
    status = weft_ctx_clone(ctx, &other);
  if (status == WEFT_OK)
    status = run(ctx, other);
  if (status != WEFT_OK)
    fprintf(stderr, "group: %s: %s\n", weft_status_text(status), weft_ctx_message(other ? ctx : NULL));
  weft_ctx_free(other);
  weft_ctx_free(ctx);
  return status == WEFT_OK ? 0 : 1;
}
