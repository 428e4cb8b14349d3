/* SPDX-License-Identifier: MIT
 *
 * Tries hostile bytes. A call that has failed must have set its outputs as documented, and says why with a number.
 */
#include "attempts.h"

#include <stdio.h>

#include "coded_say.h"

#define MOST_BYTES ((uint64_t)1 << 20)  /* that a call may allocate */
#define MOST_OUTPUT ((uint64_t)1 << 18) /* of buffers for it */
#define MOST_ROWS 70000                 /* of encodings that are gone through from end to end */

/* Whether a failure is one that bytes from anywhere may have. */
static bool is_documented(weft_status status) {
  return status == WEFT_E_CORRUPT || status == WEFT_E_UNSUPPORTED || status == WEFT_E_LIMIT || status == WEFT_E_OVERFLOW;
}

static const char *wrong_status(const weft_ctx *ctx, const char *what, weft_status status) {
  SAY_UNLESS(status == WEFT_OK || is_documented(status), "%s: %s: %s", what, weft_status_text(status),
             weft_ctx_message(ctx));
  SAY_UNLESS(status == WEFT_OK || strpbrk(weft_ctx_message(ctx), "0123456789"), "%s: message \"%s\" has no number", what,
             weft_ctx_message(ctx));
  return NULL;
}

struct attempt {
  weft_ctx *ctx;
  struct guard_pool *pool;
  const uint8_t *src;
  size_t bytes;
  struct weft_encoded_info info;
  weft_encoding *open; /* NULL: it cannot be opened */
  bool right;          /* it can be verified */
};

/* Twice by what is kept open. Of what is right, a read can be repeated, within the limit: what streams above a dictionary
 * hold from reads before decides how much of it they ask for. */
static const char *attempt_open(const struct attempt *a, const struct weft_decode_options *options,
                                const struct weft_buffers *room) {
  weft_status statuses[2];
  for (int i = 0; i < 2; i++) {
    struct weft_buffers buffers = *room;
    statuses[i] = weft_encoding_read(a->open, options, &buffers);
    SAY(wrong_status(a->ctx, "weft_encoding_read", statuses[i]));
  }
  bool repeats = statuses[1] == WEFT_OK || statuses[1] == WEFT_E_LIMIT;
  SAY_UNLESS(!a->right || statuses[0] != WEFT_OK || repeats, "weft_encoding_read once more: %s: %s",
             weft_status_text(statuses[1]), weft_ctx_message(a->ctx));
  struct weft_buffers again = *room;
  return wrong_status(a->ctx, "weft_encoding_room", weft_encoding_room(a->open, options, &again));
}

/* Into buffers of just the room that was asked for. */
static const char *attempt_into(const struct attempt *a, const struct weft_decode_options *options, size_t rows) {
  size_t kept = a->pool->taken;
  struct weft_buffers buffers = {.size = sizeof buffers};
  weft_status status = weft_decode_room(a->ctx, a->src, a->bytes, options, &buffers);
  SAY(wrong_status(a->ctx, "weft_decode_room", status));
  if (status != WEFT_OK || buffers.values_bytes > MOST_OUTPUT || buffers.data_bytes > MOST_OUTPUT || rows > MOST_OUTPUT)
    return NULL;
  buffers.values = guard_take(a->pool, GUARD_HIGH, buffers.values_bytes, 0, NULL);
  buffers.data = guard_take(a->pool, GUARD_HIGH, buffers.data_bytes, 0, NULL);
  buffers.offsets = guard_take(a->pool, GUARD_HIGH, (rows + 1) * buffers.offset_bytes, 0, NULL);
  buffers.validity = guard_take(a->pool, GUARD_HIGH, (rows + 7) / 8, 0, NULL);
  const char *say = a->open ? attempt_open(a, options, &buffers) : NULL;
  if (!say)
    say = wrong_status(a->ctx, "weft_decode_into", weft_decode_into(a->ctx, a->src, a->bytes, options, &buffers));
  guard_reset(a->pool, kept);
  return say;
}

/* What came of bytes that were taken for right must be right in itself. */
static const char *attempt_decode(const struct attempt *a, const struct weft_decode_options *options) {
  weft_decoded *decoded = (weft_decoded *)&decoded;
  weft_status status = weft_decode(a->ctx, a->src, a->bytes, options, &decoded);
  SAY(wrong_status(a->ctx, "weft_decode", status));
  SAY_UNLESS((status == WEFT_OK) == (decoded != NULL), "weft_decode: %s, and %p", weft_status_text(status),
             (void *)decoded);
  const char *say = NULL;
  if (decoded && weft_column_validate(a->ctx, weft_decoded_column(decoded)) != WEFT_OK)
    say = coded_say("what weft_decode gave: %s", weft_ctx_message(a->ctx));
  weft_decoded_free(decoded);
  return say;
}

/* By one of the two calls, which go the same way. */
static const char *attempt_way(const struct attempt *a, struct rng *rng, const struct weft_decode_options *options) {
  static char text[600];
  uint64_t rows = options->form == WEFT_FORM_DICTIONARY ? a->info.dictionary_rows
                  : options->selection                  ? options->selected
                  : options->rows == UINT64_MAX         ? a->info.rows - options->first_row
                                                        : options->rows;
  const char *say = rng_percent(rng, 50) ? attempt_into(a, options, (size_t)rows) : attempt_decode(a, options);
  if (!say)
    return NULL;
  snprintf(text, sizeof text, "form %u of rows %llu, %lld, %zu selected: %s", options->form,
           (unsigned long long)options->first_row, (long long)options->rows, options->selected, say);
  return text;
}

/* The whole, a range, some rows. */
static const char *attempt_form(const struct attempt *a, struct rng *rng, uint32_t form) {
  struct weft_decode_options options;
  uint32_t selection[20];
  uint64_t rows = a->info.rows;
  weft_decode_options_init(&options, sizeof options);
  options.form = form;
  options.max_bytes = MOST_BYTES;
  options.streaming = rng_percent(rng, 30);
  options.check_sums = rng_percent(rng, 10);
  if (rows <= MOST_ROWS)
    SAY(attempt_way(a, rng, &options));
  options.first_row = rng_upto(rng, (size_t)rows);
  options.rows = rng_upto(rng, (size_t)(rows - options.first_row < 2100 ? rows - options.first_row : 2100));
  SAY(attempt_way(a, rng, &options));
  options.first_row = 0;
  options.rows = rows;
  options.selection = selection;
  options.selected = rows > 0 ? rng_upto(rng, 20) : 0;
  for (size_t i = 0; i < options.selected; i++)
    selection[i] = (uint32_t)rng_upto(rng, (size_t)rows - 1);
  return attempt_way(a, rng, &options);
}

static const char *attempt_zones(const struct attempt *a, struct rng *rng) {
  size_t blocks = ((size_t)a->info.rows + 1023) / 1024, kept = a->pool->taken, most = 70;
  struct weft_decode_options options;
  weft_decode_options_init(&options, sizeof options);
  size_t first = blocks > 0 ? rng_upto(rng, blocks - 1) : 0, n = blocks - first < most ? blocks - first : most;
  options.first_row = 1024 * first;
  options.rows = first + n == blocks ? UINT64_MAX : 1024 * n;
  options.max_bytes = MOST_BYTES;
  uint8_t *min = guard_take(a->pool, GUARD_HIGH, n * a->info.width, 0, NULL);
  uint8_t *max = guard_take(a->pool, GUARD_HIGH, n * a->info.width, 0, NULL);
  uint32_t *nulls = guard_take(a->pool, GUARD_HIGH, n * sizeof *nulls, 0, NULL);
  weft_status status = weft_zones(a->ctx, a->src, a->bytes, &options, min, max, nulls);
  guard_reset(a->pool, kept);
  return wrong_status(a->ctx, "weft_zones", status);
}

static const char *attempt_forms(const struct attempt *a, struct rng *rng) {
  SAY(attempt_form(a, rng, WEFT_FORM_VALUES));
  if (a->info.type == WEFT_STRING)
    SAY(attempt_form(a, rng, WEFT_FORM_VIEWS));
  if (a->info.dictionary_rows > 0)
    SAY(attempt_form(a, rng, WEFT_FORM_CODES));
  if (a->info.dictionary_rows > 0)
    SAY(attempt_form(a, rng, WEFT_FORM_DICTIONARY));
  return a->info.has_zones && a->info.width <= 8 ? attempt_zones(a, rng) : NULL;
}

const char *attempt_encoding(weft_ctx *ctx, struct guard_pool *pool, struct rng *rng, const uint8_t *src, size_t bytes,
                             struct attempts *out) {
  static const struct weft_encoded_info none;
  struct attempt a = {.ctx = ctx, .pool = pool, .src = src, .bytes = bytes};
  memset(&a.info, 0xA5, sizeof a.info);
  out->describe = weft_describe(ctx, src, bytes, &a.info, sizeof a.info);
  SAY(wrong_status(ctx, "weft_describe", out->describe));
  if (out->describe != WEFT_OK) {
    SAY_UNLESS(memcmp(&a.info, &none, sizeof none) == 0, "weft_describe failed, and said something");
    out->verify = weft_verify(ctx, src, bytes);
    SAY_UNLESS(out->verify == out->describe, "weft_verify: %s, weft_describe: %s", weft_status_text(out->verify),
               weft_status_text(out->describe));
    return attempt_decode(&a, NULL);
  }
  out->verify = a.info.rows <= MOST_ROWS ? weft_verify(ctx, src, bytes) : WEFT_OK;
  SAY(wrong_status(ctx, "weft_verify", out->verify));
  a.right = a.info.rows <= MOST_ROWS && out->verify == WEFT_OK;
  weft_status status = weft_encoding_open(ctx, src, bytes, MOST_BYTES, &a.open);
  SAY(wrong_status(ctx, "weft_encoding_open", status));
  SAY_UNLESS((status == WEFT_OK) == (a.open != NULL), "weft_encoding_open: %s, and %p", weft_status_text(status),
             (void *)a.open);
  const char *say = attempt_forms(&a, rng);
  weft_encoding_free(a.open);
  return say;
}
