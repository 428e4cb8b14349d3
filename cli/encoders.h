/* SPDX-License-Identifier: MIT
 *
 * Chunks of rows, encoded column by column by several threads and written in their order: the file is the same however many
 * there are. All functions are for the thread that opened; it helps encoding where it would have to wait.
 */
#ifndef CLI_ENCODERS_H
#define CLI_ENCODERS_H

#include "cli/sink.h"
#include "cli/store.h"
#include "cli/type.h"

#include <pthread.h>

/* How a column is encoded. */
struct encoder_column {
  struct type type;
  uint8_t codec[WEFT_CODEC_DEPTH];
};

/* What became of a column of a chunk. */
struct encoded {
  void *bytes;
  size_t n;
  weft_status status;
  size_t bad_row;    /* of the chunk, where the status is of a field that is no value of the type; else SIZE_MAX */
  char message[256]; /* of the context that it failed on */
};

/* Rows. Whoever fills it sets rows and columns, and store or arrays behind them. */
struct chunk {
  struct store store; /* fields of tables: opened when the chunk is first handed out, without rows each time */
  void **arrays;      /* [n_columns] memory for values; NULL: none yet */
  struct weft_column *views;
  const struct weft_column *columns; /* [n_columns] text, or values of the type */
  size_t rows;
  struct encoded *encoded; /* [n_columns] */
  size_t left;             /* columns not encoded yet */
};

struct encoders;

struct encoder {
  struct encoders *encoders;
  weft_ctx *ctx;
  pthread_t thread;
};

/* Zeroes may be closed. */
struct encoders {
  struct memory *memory;
  const struct encoder_column
      *columns;              /* [n_columns] of the caller's, who fills them before the first chunk is submitted */
  const struct names *names; /* the same */
  size_t n_columns;
  struct weft_encode_options options; /* of all columns, but for their codecs */
  bool is_text;                       /* chunks hold the text of fields, */
  bool nulls;                         /* which the table says to be null or not; where it does not, see convert.h */
  const char *input;                  /* for messages */
  weft_writer *writer;                /* the caller's, before the first chunk is submitted, */
  const struct sink *sink;            /* and where it writes to */

  struct chunk *chunks; /* [n_chunks], a ring */
  size_t n_chunks;
  const void **encodings;   /* [n_columns] of the chunk that is written, */
  size_t *sizes;            /* and their bytes */
  struct encoder *encoders; /* [n_encoders], and the thread that opened */
  size_t n_encoders;
  struct weft_stats stats; /* of all but its context; whole when closed */

  pthread_mutex_t mutex; /* guards what follows, and the chunks' left */
  pthread_cond_t work, done;
  bool has_locks, stop;
  uint64_t submitted, written; /* chunks */
  uint64_t next_chunk;         /* the next column to encode is this chunk's */
  size_t next_column;
};

/* Begins: the fields above the ring are the caller's to set before. threads: at least 1. After a failure too,
 * encoders_close must be called. */
enum cli_exit encoders_open(struct encoders *encoders, size_t threads);

/* The chunk to fill next: of a full ring the oldest is written first. The same until it is submitted. */
enum cli_exit encoders_chunk(struct encoders *encoders, struct chunk **out);

/* Hands it over to be encoded; rows > 0. */
void encoders_submit(struct encoders *encoders);

/* Writes all that were submitted. */
enum cli_exit encoders_finish(struct encoders *encoders);

/* Ends the threads, after the columns that they are at. What is left are the stats, and zeroes, which may be closed
 * again. */
void encoders_close(struct encoders *encoders);

#endif
