/* SPDX-License-Identifier: MIT
 *
 * The threads that encode. One thread fills chunks, hands them over and writes them; what it shares with the others is the
 * ring's counters, under a lock that is taken twice for each column of a chunk. Called by pack.c; only the thread that
 * opened prints.
 */
#include "cli/encoders.h"
#include "cli/convert.h"
#include "cli/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct chunk *chunk_at(const struct encoders *encoders, uint64_t number) {
  return &encoders->chunks[number % encoders->n_chunks];
}

/* Encodes into memory of the worst size, and keeps a copy of the size that it took. */
static weft_status encode(const struct encoders *encoders, weft_ctx *ctx, const struct weft_column *column,
                          const uint8_t *codec, struct encoded *out) {
  struct weft_encode_options options = encoders->options;
  size_t bound;
  memcpy(options.codec, codec, sizeof options.codec);
  weft_status status = weft_encode_bound(column, &bound);
  if (status != WEFT_OK)
    return status;
  void *room = weft_aligned_alloc(ctx, bound, 64);
  if (!room)
    return WEFT_E_NOMEM;
  status = weft_encode(ctx, column, &options, room, bound, &out->n);
  if (status == WEFT_OK) {
    out->bytes = weft_alloc(ctx, out->n);
    if (out->bytes)
      memcpy(out->bytes, room, out->n);
    else
      status = WEFT_E_NOMEM;
  }
  memory_free(ctx, room);
  return status;
}

static void encode_column(const struct encoders *encoders, weft_ctx *ctx, struct chunk *chunk, size_t column) {
  const struct encoder_column *plan = &encoders->columns[column];
  struct encoded *out = &chunk->encoded[column];
  struct converted converted = {.column = chunk->columns[column]};
  size_t row = SIZE_MAX;
  *out = (struct encoded){.bad_row = SIZE_MAX};
  if (encoders->is_text) {
    out->status = convert_column(ctx, &chunk->columns[column], plan->type, !encoders->nulls, &converted, &row);
    out->bad_row = out->status == WEFT_E_INVALID ? row : SIZE_MAX;
  }
  if (out->status == WEFT_OK)
    out->status = encode(encoders, ctx, &converted.column, plan->codec, out);
  if (out->status != WEFT_OK)
    snprintf(out->message, sizeof out->message, "%s", memory_words(ctx, out->status));
  convert_free(ctx, &converted);
}

/* Takes the next column there is, and encodes it. False: there is none. The lock is held before and after. */
static bool work(struct encoders *encoders, weft_ctx *ctx) {
  if (encoders->next_chunk == encoders->submitted)
    return false;
  struct chunk *chunk = chunk_at(encoders, encoders->next_chunk);
  size_t column = encoders->next_column++;
  if (encoders->next_column == encoders->n_columns) {
    encoders->next_chunk++;
    encoders->next_column = 0;
  }
  pthread_mutex_unlock(&encoders->mutex);
  encode_column(encoders, ctx, chunk, column);
  pthread_mutex_lock(&encoders->mutex);
  if (--chunk->left == 0)
    pthread_cond_signal(&encoders->done);
  return true;
}

static void *encoder_main(void *argument) {
  struct encoder *encoder = argument;
  struct encoders *encoders = encoder->encoders;
  pthread_mutex_lock(&encoders->mutex);
  while (!encoders->stop)
    if (!work(encoders, encoder->ctx))
      pthread_cond_wait(&encoders->work, &encoders->mutex);
  pthread_mutex_unlock(&encoders->mutex);
  return NULL;
}

/* Chunks in memory: the one that is filled, and as many as it takes to have a column for every thread. */
static size_t ring_size(size_t n_columns, size_t threads) {
  return threads == 1 ? 1 : 1 + (threads + n_columns - 1) / n_columns;
}

static enum cli_exit open_ring(struct encoders *encoders, size_t threads) {
  weft_ctx *ctx = encoders->memory->ctx;
  size_t n = ring_size(encoders->n_columns, threads);
  void *chunks = NULL, *encodings = NULL, *sizes = NULL;
  CLI_TRY(memory_resize(ctx, &encodings, encoders->n_columns, sizeof(void *), encoders->input, "chunks"));
  encoders->encodings = encodings;
  CLI_TRY(memory_resize(ctx, &sizes, encoders->n_columns, sizeof(size_t), encoders->input, "chunks"));
  encoders->sizes = sizes;
  CLI_TRY(memory_resize(ctx, &chunks, n, sizeof *encoders->chunks, encoders->input, "chunks"));
  memset(chunks, 0, n * sizeof *encoders->chunks);
  encoders->chunks = chunks;
  encoders->n_chunks = n;
  for (size_t i = 0; i < n; i++) {
    void *encoded = NULL;
    CLI_TRY(memory_resize(ctx, &encoded, encoders->n_columns, sizeof(struct encoded), encoders->input, "chunks"));
    memset(encoded, 0, encoders->n_columns * sizeof(struct encoded));
    encoders->chunks[i].encoded = encoded;
  }
  return CLI_OK;
}

static enum cli_exit open_threads(struct encoders *encoders, size_t n) {
  weft_ctx *ctx = encoders->memory->ctx;
  void *memory = NULL;
  pthread_mutex_init(&encoders->mutex, NULL); /* with default attributes these three never fail */
  pthread_cond_init(&encoders->work, NULL);
  pthread_cond_init(&encoders->done, NULL);
  encoders->has_locks = true;
  if (n == 0)
    return CLI_OK;
  CLI_TRY(memory_resize(ctx, &memory, n, sizeof *encoders->encoders, encoders->input, "threads"));
  encoders->encoders = memory;
  for (; encoders->n_encoders < n; encoders->n_encoders++) {
    struct encoder *encoder = &encoders->encoders[encoders->n_encoders];
    *encoder = (struct encoder){.encoders = encoders};
    weft_status status = weft_ctx_clone(ctx, &encoder->ctx);
    if (status != WEFT_OK)
      return memory_status(NULL, status, "threads");
    int failed = pthread_create(&encoder->thread, NULL, encoder_main, encoder);
    if (failed != 0) {
      weft_ctx_free(encoder->ctx);
      return cli_fail(CLI_IO, "thread %zu of %zu: %s", encoders->n_encoders + 1, n, strerror(failed));
    }
  }
  return CLI_OK;
}

enum cli_exit encoders_open(struct encoders *encoders, size_t threads) {
  CLI_TRY(open_ring(encoders, threads));
  return open_threads(encoders, threads - 1);
}

static enum cli_exit tell(const struct encoders *encoders, size_t column, const struct encoded *encoded) {
  size_t bytes;
  char what[512]; /* longer names are cut */
  const char *name = names_at(encoders->names, column, &bytes);
  snprintf(what, sizeof what, "%s: column '%.*s'", encoders->input, bytes > 200 ? 200 : (int)bytes, name);
  if (encoded->bad_row != SIZE_MAX)
    return cli_fail(CLI_DATA, "%s: row %zu of chunk %" PRIu64 " is not what it was: the file changed while it was read",
                    what, encoded->bad_row, encoders->written);
  return cli_fail(memory_code(encoded->status), "%s: %s", what, encoded->message);
}

/* Gives the ring's memory for this chunk's encodings back. */
static void forget(struct encoders *encoders, struct chunk *chunk) {
  for (size_t i = 0; i < encoders->n_columns; i++) {
    memory_free(encoders->memory->ctx, chunk->encoded[i].bytes);
    chunk->encoded[i].bytes = NULL;
  }
}

static enum cli_exit write_chunk(struct encoders *encoders, struct chunk *chunk) {
  for (size_t i = 0; i < encoders->n_columns; i++) {
    if (chunk->encoded[i].status != WEFT_OK)
      return tell(encoders, i, &chunk->encoded[i]);
    encoders->encodings[i] = chunk->encoded[i].bytes;
    encoders->sizes[i] = chunk->encoded[i].n;
  }
  weft_status status =
      weft_writer_append_encoded(encoders->writer, encoders->encodings, encoders->sizes, encoders->n_columns);
  return sink_status(encoders->sink, status);
}

/* Waits for the oldest chunk, working meanwhile, and writes it. */
static enum cli_exit write_oldest(struct encoders *encoders) {
  struct chunk *chunk = chunk_at(encoders, encoders->written);
  pthread_mutex_lock(&encoders->mutex);
  while (chunk->left > 0)
    if (!work(encoders, encoders->memory->ctx))
      pthread_cond_wait(&encoders->done, &encoders->mutex);
  pthread_mutex_unlock(&encoders->mutex);
  CLI_TRY(write_chunk(encoders, chunk));
  forget(encoders, chunk);
  encoders->written++;
  return CLI_OK;
}

enum cli_exit encoders_chunk(struct encoders *encoders, struct chunk **out) {
  if (encoders->submitted - encoders->written == encoders->n_chunks)
    CLI_TRY(write_oldest(encoders));
  struct chunk *chunk = *out = chunk_at(encoders, encoders->submitted);
  if (!encoders->is_text)
    return CLI_OK;
  if (!chunk->store.ctx)
    return store_open(&chunk->store, encoders->memory->ctx, encoders->n_columns, encoders->nulls, encoders->input);
  return CLI_OK;
}

void encoders_submit(struct encoders *encoders) {
  pthread_mutex_lock(&encoders->mutex);
  chunk_at(encoders, encoders->submitted)->left = encoders->n_columns;
  encoders->submitted++;
  pthread_cond_broadcast(&encoders->work);
  pthread_mutex_unlock(&encoders->mutex);
}

enum cli_exit encoders_finish(struct encoders *encoders) {
  while (encoders->written < encoders->submitted)
    CLI_TRY(write_oldest(encoders));
  return CLI_OK;
}

static void close_chunk(struct encoders *encoders, struct chunk *chunk) {
  weft_ctx *ctx = encoders->memory->ctx;
  if (chunk->encoded)
    forget(encoders, chunk);
  memory_free(ctx, chunk->encoded);
  if (chunk->store.ctx)
    store_close(&chunk->store);
  for (size_t i = 0; chunk->arrays && i < encoders->n_columns; i++)
    memory_free(ctx, chunk->arrays[i]);
  memory_free(ctx, chunk->arrays);
  memory_free(ctx, chunk->views);
}

void encoders_close(struct encoders *encoders) {
  if (!encoders->memory)
    return;
  if (encoders->has_locks) {
    pthread_mutex_lock(&encoders->mutex);
    encoders->stop = true;
    pthread_cond_broadcast(&encoders->work);
    pthread_mutex_unlock(&encoders->mutex);
  }
  for (size_t i = 0; i < encoders->n_encoders; i++) {
    struct weft_stats stats;
    pthread_join(encoders->encoders[i].thread, NULL);
    if (weft_ctx_stats(encoders->encoders[i].ctx, &stats, sizeof stats) == WEFT_OK)
      weft_stats_merge(&encoders->stats, &stats, sizeof stats);
    weft_ctx_free(encoders->encoders[i].ctx);
  }
  if (encoders->has_locks) {
    pthread_cond_destroy(&encoders->done);
    pthread_cond_destroy(&encoders->work);
    pthread_mutex_destroy(&encoders->mutex);
  }
  for (size_t i = 0; i < encoders->n_chunks; i++)
    close_chunk(encoders, &encoders->chunks[i]);
  memory_free(encoders->memory->ctx, encoders->chunks);
  memory_free(encoders->memory->ctx, encoders->encodings);
  memory_free(encoders->memory->ctx, encoders->sizes);
  memory_free(encoders->memory->ctx, encoders->encoders);
  *encoders = (struct encoders){.stats = encoders->stats};
}
