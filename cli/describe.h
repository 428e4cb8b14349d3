/* SPDX-License-Identifier: MIT
 *
 * What a packed file holds, gathered chunk by chunk, and the ways to tell it.
 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "cli/output.h"
#include "cli/packed.h"
#include "cli/type.h"

#include <jansson.h>

/* Numbers of codecs, with room for those to come, and the place of what belongs to none: heads, tables of streams,
 * padding. */
#define DESCRIBE_CODECS 32
#define DESCRIBE_HEADS 0

/* A column of a chunk. */
struct piece {
  struct weft_chunk_info info;
  uint64_t decoded;                  /* bytes of its values */
  uint8_t cascade[WEFT_CODEC_DEPTH]; /* of the values, from the outermost codec on; 0 behind the last */
};

/* A stream, as all chunks have it that have one of this codec in this place: codecs of a place are nodes beside one
 * another. */
struct tree_node {
  uint8_t role, codec, depth;
  uint32_t place;         /* among the streams of this role that its parent is made of */
  size_t parent;          /* its number; SIZE_MAX: none */
  uint64_t bytes, values; /* its own, and what it holds */
  uint64_t chunks;        /* that have it */
};

struct described {
  const char *name;
  struct type type;
  uint64_t nulls, bytes, decoded;
  uint64_t by_codec[DESCRIBE_CODECS]; /* bytes of streams, their children's not counted; sum is bytes */
  struct piece *pieces;               /* [n_chunks] */
  struct tree_node *nodes;            /* [n_nodes], in no order */
  size_t n_nodes, capacity;
};

/* Zeroes may be freed. */
struct description {
  struct packed *packed;
  struct described *columns; /* [info.columns] */
  size_t n_chunks, capacity;
  uint64_t decoded; /* bytes of all values */
};

/* Reads what the file says of all its chunks. After a failure too, description_free must be called. */
enum cli_exit description_read(struct description *description, struct packed *packed);
void description_free(struct description *description);

/* Bytes of a node with all that it is made of. */
uint64_t description_bytes(const struct described *column, size_t node);

/* The next node behind `after` (SIZE_MAX: the first) of the tree in print order: parents before children. SIZE_MAX:
 * none. */
size_t description_next(const struct described *column, size_t after);

/* The name of a role, such as "dictionary". */
const char *description_role(unsigned role);

/* NULL: no memory, or a name that is not UTF-8. */
json_t *description_json(const struct description *description);

/* Writes a picture of it. */
enum cli_exit description_svg(const struct description *description, struct output *output);

#endif
