/* SPDX-License-Identifier: MIT
 *
 * Gathers what describe.c, describe_json.c and describe_svg.c tell: of each column its chunks, and one tree of all its
 * streams.
 */
#include "cli/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *description_role(unsigned role) {
  static const char *const roles[] = {
      [WEFT_ROLE_VALUES] = "values",         [WEFT_ROLE_VALIDITY] = "validity",     [WEFT_ROLE_ZONE_MIN] = "zone_min",
      [WEFT_ROLE_ZONE_MAX] = "zone_max",     [WEFT_ROLE_ZONE_NULLS] = "zone_nulls", [WEFT_ROLE_ENDS] = "ends",
      [WEFT_ROLE_DICTIONARY] = "dictionary", [WEFT_ROLE_CODES] = "codes",           [WEFT_ROLE_BYTE] = "byte",
  };
  return role < sizeof roles / sizeof roles[0] ? roles[role] : "unknown";
}

/* The node of that place and codec, made where it is not there yet. */
static enum cli_exit find_node(const struct description *description, struct described *column,
                               const struct tree_node *wanted, size_t *found) {
  for (*found = 0; *found < column->n_nodes; (*found)++) {
    const struct tree_node *node = &column->nodes[*found];
    if (node->parent == wanted->parent && node->role == wanted->role && node->place == wanted->place &&
        node->codec == wanted->codec)
      return CLI_OK;
  }
  if (column->n_nodes == column->capacity) {
    void *nodes = column->nodes;
    size_t capacity = column->capacity * 2 + 16;
    CLI_TRY(memory_resize(description->packed->ctx, &nodes, capacity, sizeof *column->nodes,
                          description->packed->source.name, "streams"));
    column->nodes = nodes;
    column->capacity = capacity;
  }
  column->nodes[column->n_nodes++] = *wanted;
  return CLI_OK;
}

/* Adds the streams of one encoding. Each lies behind its parent, one deeper. */
static enum cli_exit add_streams(const struct description *description, struct described *column,
                                 const struct weft_encoded_info *info) {
  size_t parents[WEFT_NODES + 1] = {SIZE_MAX}; /* by depth: the node that streams of that depth are made for */
  uint32_t places[WEFT_NODES + 1][WEFT_ROLE_BYTE + 1] = {{0}};
  uint64_t streams = 0;
  unsigned deepest = 0; /* that the next one can be */
  for (uint32_t i = 0; i < info->n_nodes; i++) {
    const struct weft_encoded_node *from = &info->nodes[i];
    unsigned depth = from->depth < deepest ? from->depth : deepest;
    unsigned role = from->role <= WEFT_ROLE_BYTE ? from->role : WEFT_ROLE_VALUES;
    struct tree_node node = {.role = (uint8_t)role, .codec = from->codec, .depth = (uint8_t)depth};
    size_t number;
    node.parent = parents[depth];
    node.place = places[depth][role]++;
    CLI_TRY(find_node(description, column, &node, &number));
    column->nodes[number].bytes += from->bytes;
    column->nodes[number].values += from->values;
    column->nodes[number].chunks++;
    column->by_codec[from->codec < DESCRIBE_CODECS ? from->codec : DESCRIBE_HEADS] += from->bytes;
    streams += from->bytes;
    deepest = depth + 1;
    parents[deepest] = number;
    memset(places[deepest], 0, sizeof places[deepest]);
  }
  column->by_codec[DESCRIBE_HEADS] += info->bytes - (streams < info->bytes ? streams : info->bytes);
  return CLI_OK;
}

/* The codecs on the way from the values to what packs or copies. */
static void read_cascade(const struct weft_encoded_info *info, uint8_t cascade[WEFT_CODEC_DEPTH]) {
  unsigned role = WEFT_ROLE_VALUES, depth = 0;
  memset(cascade, 0, WEFT_CODEC_DEPTH);
  for (uint32_t i = 0; i < info->n_nodes && depth < WEFT_CODEC_DEPTH; i++) {
    const struct weft_encoded_node *node = &info->nodes[i];
    if (node->depth < depth)
      return;
    if (node->depth != depth || node->role != role)
      continue;
    cascade[depth++] = node->codec;
    if (node->codec == WEFT_CODEC_DICT)
      role = WEFT_ROLE_CODES;
    else if (node->codec == WEFT_CODEC_RLE)
      role = WEFT_ROLE_VALUES;
    else if (node->codec == WEFT_CODEC_STRINGS)
      role = WEFT_ROLE_ENDS;
    else
      return;
  }
}

static enum cli_exit add_column(struct description *description, uint64_t chunk, size_t number) {
  struct packed *packed = description->packed;
  struct described *column = &description->columns[number];
  struct piece *piece = &column->pieces[description->n_chunks];
  struct weft_encoded_info info;
  const void *encoding;
  size_t bytes;
  CLI_TRY(packed_chunk(packed, chunk, number, &piece->info));
  weft_status status = weft_reader_encoding(packed->reader, chunk, number, &encoding, &bytes);
  if (status == WEFT_OK)
    status = weft_describe(packed->ctx, encoding, bytes, &info, sizeof info);
  if (status != WEFT_OK)
    return packed_fail(packed, status);
  piece->decoded = info.data_bytes;
  read_cascade(&info, piece->cascade);
  column->nulls += info.nulls;
  column->bytes += info.bytes;
  column->decoded += info.data_bytes;
  description->decoded += info.data_bytes;
  return add_streams(description, column, &info);
}

static enum cli_exit reserve(struct description *description) {
  size_t capacity = description->capacity * 2 + 8;
  if (description->n_chunks < description->capacity)
    return CLI_OK;
  for (size_t i = 0; i < description->packed->info.columns; i++) {
    void *pieces = description->columns[i].pieces;
    CLI_TRY(memory_resize(description->packed->ctx, &pieces, capacity, sizeof(struct piece),
                          description->packed->source.name, "chunks"));
    description->columns[i].pieces = pieces;
  }
  description->capacity = capacity;
  return CLI_OK;
}

static enum cli_exit open_columns(struct description *description) {
  struct packed *packed = description->packed;
  size_t n = packed->info.columns;
  void *columns = NULL;
  CLI_TRY(memory_resize(packed->ctx, &columns, n, sizeof *description->columns, packed->source.name, "columns"));
  memset(columns, 0, n * sizeof *description->columns);
  description->columns = columns;
  for (size_t i = 0; i < n; i++) {
    struct weft_field field;
    CLI_TRY(packed_field(packed, i, &field));
    description->columns[i].name = field.name;
    description->columns[i].type = type_of(field.type, field.width);
  }
  return CLI_OK;
}

enum cli_exit description_read(struct description *description, struct packed *packed) {
  *description = (struct description){.packed = packed};
  CLI_TRY(open_columns(description));
  for (;;) {
    uint64_t chunk;
    CLI_TRY(packed_next(packed, &chunk));
    if (chunk == UINT64_MAX)
      return CLI_OK;
    CLI_TRY(reserve(description));
    for (size_t i = 0; i < packed->info.columns; i++)
      CLI_TRY(add_column(description, chunk, i));
    description->n_chunks++;
  }
}

void description_free(struct description *description) {
  if (!description->columns)
    return;
  for (size_t i = 0; i < description->packed->info.columns; i++) {
    memory_free(description->packed->ctx, description->columns[i].pieces);
    memory_free(description->packed->ctx, description->columns[i].nodes);
  }
  memory_free(description->packed->ctx, description->columns);
}

uint64_t description_bytes(const struct described *column, size_t node) {
  uint64_t bytes = 0;
  for (size_t i = node; i < column->n_nodes; i++) {
    size_t up = i;
    while (up != node && up != SIZE_MAX)
      up = column->nodes[up].parent;
    bytes += up == node ? column->nodes[i].bytes : 0;
  }
  return bytes;
}

/* Siblings stand by role, place and number; parents have lower numbers than their children. */
static bool before(const struct described *column, size_t a, size_t b) {
  const struct tree_node *x = &column->nodes[a], *y = &column->nodes[b];
  if (x->role != y->role)
    return x->role < y->role;
  return x->place != y->place ? x->place < y->place : a < b;
}

/* The first child of a node, or that behind the child `after`. */
static size_t child(const struct described *column, size_t parent, size_t after) {
  size_t best = SIZE_MAX;
  for (size_t i = 0; i < column->n_nodes; i++)
    if (column->nodes[i].parent == parent && (after == SIZE_MAX || before(column, after, i)) &&
        (best == SIZE_MAX || before(column, i, best)))
      best = i;
  return best;
}

size_t description_next(const struct described *column, size_t after) {
  size_t next = child(column, after, SIZE_MAX);
  while (next == SIZE_MAX && after != SIZE_MAX) {
    size_t parent = column->nodes[after].parent;
    next = child(column, parent, after);
    after = parent;
  }
  return next;
}
