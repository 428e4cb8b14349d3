/* SPDX-License-Identifier: MIT
 *
 * A run of `weft pack`: what its parts share.
 */
#ifndef CLI_PACK_H
#define CLI_PACK_H

#include "cli/encoders.h"
#include "cli/names.h"
#include "cli/pack_options.h"
#include "cli/sink.h"

/* Most bytes of text, or of values, that a chunk is filled with: beyond them it ends at the next multiple of PACK_STEP
 * rows. */
#define PACK_CHUNK_BYTES ((size_t)128 << 20)
#define PACK_STEP ((size_t)1024)

struct pack {
  struct pack_options options;
  struct memory memory;
  struct names names;             /* of the columns */
  struct encoder_column *columns; /* [names.n] */
  struct output output;
  struct sink sink;
  weft_writer *writer;
  struct encoders encoders;
  uint64_t rows, bytes; /* done: rows, and bytes of all input */
};

/* With the names at hand: checks them and the settings, makes columns of the settings, and opens encoders. is_text:
 * columns are to come as text. Types of columns that no setting gives are 0. */
enum cli_exit pack_open_columns(struct pack *pack, bool is_text, const char *input);

/* With all types at hand: begins the file. */
enum cli_exit pack_open_writer(struct pack *pack);

/* Reads all tables, or arrays, and hands their rows to the encoders. */
enum cli_exit pack_tables(struct pack *pack);
enum cli_exit pack_arrays(struct pack *pack);

#endif
