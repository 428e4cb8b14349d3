/* SPDX-License-Identifier: MIT
 *
 * A packed file that is read: mapped where it lies on a disk, else from its begin to its end.
 */
#ifndef CLI_PACKED_H
#define CLI_PACKED_H

#include "cli/memory.h"
#include "cli/names.h"
#include "cli/source.h"

#include <weft/file.h>

/* Zeroes, but for source.fd = -1, may be closed. */
struct packed {
  weft_ctx *ctx;
  struct source source;
  weft_reader *reader;
  struct weft_file_info info; /* of a mapped file; of another only columns, until packed_next has come to its end */
  void *map;
  size_t map_bytes;
  uint64_t next, taken; /* chunks handed out; bytes read or behind us */
  enum cli_exit code;   /* what stopped the reading of a pipe; its message has been printed */
};

/* Opens path, "-" being stdin. After a failure too, packed_close must be called. */
enum cli_exit packed_open(struct packed *packed, weft_ctx *ctx, const char *path);

bool packed_is_mapped(const struct packed *packed);

/* Name and type of a column. */
enum cli_exit packed_field(const struct packed *packed, size_t column, struct weft_field *field);

/* The number of the column that has name number i. CLI_DATA, and a message, where none has. */
enum cli_exit packed_find(const struct packed *packed, const struct names *names, size_t i, size_t *column);

/* What the file says of a column of a chunk. */
enum cli_exit packed_chunk(const struct packed *packed, uint64_t chunk, size_t column, struct weft_chunk_info *info);

/* The number of the next chunk; UINT64_MAX behind the last. Of a pipe only this one is there until the next call. */
enum cli_exit packed_next(struct packed *packed, uint64_t *chunk);

/* A status of the reader's as a failure of the command: the file and the message. */
enum cli_exit packed_fail(const struct packed *packed, weft_status status);

/* Its exit code: a version of the format that is not known is a matter of the data. */
enum cli_exit packed_code(weft_status status);

void packed_close(struct packed *packed);

#endif
