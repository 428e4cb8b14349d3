/* SPDX-License-Identifier: MIT
 *
 * The tree of an encoding: its header and its table of streams, written and read, and which codec a stream goes to. The one
 * place where codecs meet. docs/format.md, "An encoding".
 */
#include "codecs/tree.h"

#include <stdarg.h>
#include <stdio.h>

const uint8_t weft__codec_auto[WEFT_CODEC_DEPTH];

static const struct codec_operations *const operations[] = {
    [WEFT_CODEC_RAW] = &weft__raw,   [WEFT_CODEC_CONST] = &weft__const,     [WEFT_CODEC_BITPACK] = &weft__bitpack,
    [WEFT_CODEC_FOR] = &weft__for,   [WEFT_CODEC_DELTA] = &weft__delta,     [WEFT_CODEC_RLE] = &weft__rle,
    [WEFT_CODEC_DICT] = &weft__dict, [WEFT_CODEC_STRINGS] = &weft__strings, [WEFT_CODEC_SPLIT] = &weft__split,
};
#define OPERATIONS (sizeof operations / sizeof *operations)

const char *weft_codec_name(unsigned codec) {
  static const char *const names[] = {"auto", "raw", "const", "bitpack", "for", "delta", "rle", "dict", "strings", "split"};
  return codec < sizeof names / sizeof *names ? names[codec] : "unknown";
}

weft_status weft__codec_fail(weft_ctx *ctx, weft_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  weft__cache_message_v((struct slab_cache *)ctx, format, arguments);
  va_end(arguments);
  return status;
}

weft_status weft__codec_corrupt(struct codec_in *in, const struct codec_node *node, uint64_t at, const char *format, ...) {
  char text[160];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: stream %d (%s), byte %llu: %s", in->who, (int)(node - in->nodes),
                          weft_codec_name(node->codec), (unsigned long long)(node->offset + at), text);
}

/* ---- Encoding ---- */

weft_status weft__codec_encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                               const uint8_t *cascade, unsigned depth) {
  enum weft_codec codec = depth < WEFT_CODEC_DEPTH ? (enum weft_codec)cascade[0] : WEFT_CODEC_AUTO;
  if (codec == WEFT_CODEC_AUTO)
    cascade = weft__codec_auto;
  out->instead = 0;
  out->chosen = codec == WEFT_CODEC_AUTO && values->n > 0;
  if (values->n == 0)
    codec = WEFT_CODEC_RAW;
  else if (codec == WEFT_CODEC_AUTO)
    WEFT_TRY(weft__codec_choose(out, values, role, depth, &codec));
  if (codec == WEFT_CODEC_STRINGS || codec >= OPERATIONS)
    return weft__codec_fail(out->ctx, WEFT_E_INVALID, "weft_encode: codec %s (%d) is not for values of %u bytes",
                            weft_codec_name(codec), codec, values->item);
  return operations[codec]->encode(out, values, role, cascade, depth);
}

static weft_status no_room(struct codec_out *out, size_t bytes) {
  return weft__codec_fail(out->ctx, WEFT_E_SPACE, "weft_encode: there is room for %zu bytes, and at least %zu are needed",
                          out->cap, bytes);
}

weft_status weft__codec_begin(struct codec_out *out, enum weft_codec codec, enum weft_role role, size_t item, uint32_t n,
                              unsigned children, unsigned *node) {
  if (out->n_nodes == WEFT_NODES)
    return weft__codec_fail(out->ctx, WEFT_E_SPACE, "weft_encode: more than %d streams", WEFT_NODES);
  *node = out->n_nodes++;
  out->nodes[*node] = (struct codec_entry){
      (uint8_t)codec, (uint8_t)role, codec_is_word(item) ? (uint8_t)item : 0, (uint8_t)children, n, out->used, 0};
  return WEFT_OK;
}

void weft__codec_end(struct codec_out *out, unsigned node) {
  struct codec_entry *entry = &out->nodes[node];
  uint64_t begin = entry->bytes;
  entry->bytes = out->used - begin;
  entry->check = codec_check(out->kernels, out->at + begin, entry->bytes, 0);
}

weft_status weft__codec_room(struct codec_out *out, size_t bytes, uint8_t **room) {
  if (bytes > out->cap - out->used)
    return no_room(out, out->used + bytes);
  *room = out->at + out->used;
  out->used += bytes;
  return WEFT_OK;
}

static const uint8_t magic[4] = {'w', 'f', 'c', 1};

weft_status weft__codec_open_out(struct codec_out *out) {
  out->used = out->n_nodes = out->streams = 0;
  uint8_t *header;
  return weft__codec_room(out, CODEC_HEADER_BYTES, &header);
}

weft_status weft__codec_close_out(struct codec_out *out, const struct codec_head *head) {
  uint8_t *table = NULL, *header = out->at;
  WEFT_TRY(weft__codec_room(out, (size_t)out->n_nodes * CODEC_ENTRY_BYTES, &table));
  for (unsigned i = 0; i < out->n_nodes; i++) {
    const struct codec_entry *entry = &out->nodes[i];
    uint8_t *p = table + (size_t)i * CODEC_ENTRY_BYTES;
    p[0] = entry->codec;
    p[1] = entry->role;
    p[2] = entry->item;
    p[3] = entry->children;
    codec_put(p + 4, entry->n, 4);
    codec_put(p + 8, entry->bytes, 8);
    codec_put(p + 16, entry->check, 8);
  }
  memcpy(header, magic, sizeof magic);
  header[4] = (uint8_t)head->type;
  header[5] = (uint8_t)head->nulls;
  header[6] = 0;
  header[7] = (uint8_t)out->n_nodes;
  codec_put(header + 8, head->rows, 4);
  codec_put(header + 12, head->width, 4);
  codec_put(header + 16, head->data_bytes, 8);
  uint64_t sum = codec_check(out->kernels, header, 24, 0);
  sum = codec_check(out->kernels, table, (size_t)out->n_nodes * CODEC_ENTRY_BYTES, sum);
  codec_put(header + 24, sum, 8);
  return WEFT_OK;
}

/* ---- Decoding: header and table ---- */

static weft_status corrupt(const struct codec_in *in, uint64_t at, const char *what, uint64_t found, uint64_t bound) {
  return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: byte %llu: %s is %llu, not %llu", in->who, (unsigned long long)at,
                          what, (unsigned long long)found, (unsigned long long)bound);
}

/* Bytes of a value of a type, of which FIXED_BYTES has its own; UINT32_MAX: no type. */
static uint32_t width_of(unsigned type, uint32_t width) {
  if (type == WEFT_FIXED_BYTES || type == WEFT_STRING)
    return type == WEFT_STRING ? 0 : width;
  size_t known = weft_column_fixed(NULL, (enum weft_type)type, 0).width;
  return known != 0 ? (uint32_t)known : UINT32_MAX;
}

/* Checks that there is a header, of this version, and the table that it speaks of. */
static weft_status find_table(struct codec_in *in, size_t *table) {
  const uint8_t *p = in->at;
  if (in->bytes < CODEC_HEADER_BYTES)
    return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: %s: %zu bytes, and a header has %d", in->who,
                            in->bytes == 0 ? "nothing is there" : "cut off, or no encoding", in->bytes, CODEC_HEADER_BYTES);
  if (memcmp(p, magic, 3) != 0)
    return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: byte 0: no encoding: it begins with %02x %02x %02x, not \"wfc\"",
                            in->who, p[0], p[1], p[2]);
  if (p[3] != magic[3])
    return weft__codec_fail(in->ctx, WEFT_E_UNSUPPORTED, "%s: byte 3: version %u of the format, known is %u", in->who, p[3],
                            magic[3]);
  in->n_nodes = p[7];
  *table = (size_t)in->n_nodes * CODEC_ENTRY_BYTES;
  if (in->n_nodes == 0 || in->n_nodes > WEFT_NODES || *table > in->bytes - CODEC_HEADER_BYTES)
    return weft__codec_fail(in->ctx, WEFT_E_CORRUPT,
                            "%s: byte 7: %u streams, not 1 to %d, or with a table of %zu bytes where %zu are", in->who,
                            in->n_nodes, WEFT_NODES, *table, in->bytes - CODEC_HEADER_BYTES);
  return WEFT_OK;
}

static weft_status read_header(struct codec_in *in) {
  const uint8_t *p = in->at;
  size_t table = 0;
  WEFT_TRY(find_table(in, &table));
  uint64_t sum = codec_check(in->kernels, p, 24, 0);
  sum = codec_check(in->kernels, p + in->bytes - table, table, sum);
  if (sum != codec_get(p + 24, 8)) /* the table being the last bytes, others behind it look like damage to it */
    return weft__codec_fail(
        in->ctx, WEFT_E_CORRUPT,
        "%s: byte 24: header and table have checksum %016llx, not %016llx: damaged, or cut off, or there "
        "are bytes behind its end",
        in->who, (unsigned long long)sum, (unsigned long long)codec_get(p + 24, 8));
  in->type = (enum weft_type)p[4];
  in->nulls = (enum codec_nulls)p[5];
  in->rows = (uint32_t)codec_get(p + 8, 4);
  in->width = (uint32_t)codec_get(p + 12, 4);
  in->data_bytes = codec_get(p + 16, 8);
  uint32_t width = width_of(p[4], in->width);
  if (width == UINT32_MAX)
    return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: byte 4: type %u, which is none", in->who, p[4]);
  if (width != in->width)
    return corrupt(in, 12, "the width of a value of the type", in->width, width);
  if (p[5] > VALID_POSITIONS)
    return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: byte 5: nulls in form %u, which is none", in->who, p[5]);
  if (p[6] != 0)
    return corrupt(in, 6, "a byte without meaning", p[6], 0);
  if (in->rows > CODEC_MAX_ROWS)
    return weft__codec_fail(in->ctx, WEFT_E_CORRUPT, "%s: byte 8: %u rows, and at most %u can be", in->who, in->rows,
                            CODEC_MAX_ROWS);
  if (in->type != WEFT_STRING && in->data_bytes != (uint64_t)in->rows * in->width)
    return corrupt(in, 16, "the number of bytes decoded", in->data_bytes, (uint64_t)in->rows * in->width);
  return WEFT_OK;
}

/* Reads the table, in which the parts of a stream follow it, each with its own behind it: open[] are the streams whose
 * parts are still to come. */
static weft_status read_table(struct codec_in *in) {
  const uint8_t *table = in->at + in->bytes - (size_t)in->n_nodes * CODEC_ENTRY_BYTES;
  uint64_t offset = CODEC_HEADER_BYTES, end = (uint64_t)(table - in->at);
  struct codec_node *open[CODEC_MAX_DEPTH];
  unsigned left[CODEC_MAX_DEPTH], depth = 0;
  for (unsigned i = 0; i < in->n_nodes; i++) {
    const uint8_t *p = table + (size_t)i * CODEC_ENTRY_BYTES;
    uint64_t at = (uint64_t)(p - in->at);
    struct codec_node *node = &in->nodes[i];
    while (depth > 0 && left[depth - 1] == 0)
      depth--;
    *node = (struct codec_node){.codec = p[0], .role = p[1], .depth = (uint8_t)depth, .children = p[3]};
    node->item = p[2] != 0 || in->type == WEFT_STRING ? p[2] : in->width;
    node->n = (uint32_t)codec_get(p + 4, 4);
    node->bytes = codec_get(p + 8, 8);
    node->check = codec_get(p + 16, 8);
    node->offset = offset;
    node->section = in->at + offset;
    if (node->codec >= OPERATIONS || !operations[node->codec])
      return weft__codec_fail(in->ctx, WEFT_E_UNSUPPORTED, "%s: byte %llu: codec %u is not known", in->who,
                              (unsigned long long)at, node->codec);
    if (p[2] != 0 ? !codec_is_word(p[2]) : codec_is_word(in->width)) /* one way to say a width */
      return corrupt(in, at + 2, "the width of words", p[2], p[2] != 0 ? 8 : in->width);
    if (node->bytes > end - offset)
      return corrupt(in, at + 8, "the end of a section", offset + node->bytes, end);
    offset += node->bytes;
    if (depth > 0) {
      struct codec_node *parent = open[depth - 1];
      parent->child[parent->children - left[depth - 1]--] = node;
    }
    if (node->children > CODEC_CHILDREN || (node->children > 0 && depth == CODEC_MAX_DEPTH))
      return corrupt(in, at + 3, "the number of a stream's parts", node->children, CODEC_CHILDREN);
    if (node->children > 0) {
      open[depth] = node;
      left[depth++] = node->children;
    }
  }
  while (depth > 0 && left[depth - 1] == 0)
    depth--;
  if (depth > 0)
    return corrupt(in, 7, "the number of streams, too few for their parts,", in->n_nodes, in->n_nodes + left[depth - 1]);
  if (offset != end)
    return corrupt(in, offset, "the end of the last section", offset, end);
  return WEFT_OK;
}

/* Finds the column's own streams: each of its role, once, in the roles' order, with as many values as the rows ask for. */
static weft_status find_roots(struct codec_in *in) {
  struct codec_node **const places[] = {&in->values, &in->validity, &in->zone_min, &in->zone_max, &in->zone_nulls};
  unsigned next = WEFT_ROLE_VALUES;
  for (unsigned i = 0; i < in->n_nodes; i++) {
    struct codec_node *node = &in->nodes[i];
    if (node->depth != 0)
      continue;
    if (node->role < next || node->role > WEFT_ROLE_ZONE_NULLS)
      return weft__codec_corrupt(in, node, 0, "its role is %u, at least %u is due", node->role, next);
    next = node->role + 1u;
    *places[node->role] = node;
  }
  if (!in->values || (in->validity == NULL) != (in->nulls == NULLS_NONE))
    return corrupt(in, 7, "the first stream's role, or the validity's form,", in->nulls, in->validity != NULL);
  if (in->values->item != in->width)
    return weft__codec_corrupt(in, in->values, 0, "its values have %u bytes, those of the type %u", in->values->item,
                               in->width);
  uint64_t values = in->values->n, rows = in->rows, validity = in->validity ? in->validity->n : 0;
  bool right = in->nulls == NULLS_NONE        ? values == rows
               : in->nulls == NULLS_BITMAP    ? values <= rows && validity == (rows + 7) / 8
               : in->nulls == NULLS_POSITIONS ? values + validity == rows
                                              : values == validity && values <= rows;
  if (!right || (in->validity && in->validity->item != (in->nulls == NULLS_BITMAP ? 1 : 4)))
    return weft__codec_corrupt(in, in->values, 0, "%llu values and %llu of validity for %llu rows",
                               (unsigned long long)values, (unsigned long long)validity, (unsigned long long)rows);
  for (unsigned role = WEFT_ROLE_ZONE_MIN; role <= WEFT_ROLE_ZONE_NULLS; role++) {
    const struct codec_node *zone = *places[role];
    if (zone && (zone->n != codec_blocks(rows) || zone->item != (role == WEFT_ROLE_ZONE_NULLS ? 4 : in->width)))
      return weft__codec_corrupt(in, zone, 0, "%u values of %u bytes for %zu blocks", zone->n, zone->item,
                                 codec_blocks(rows));
  }
  if (!in->zone_min != !in->zone_max || (in->zone_nulls != NULL) != (in->zone_min && values < rows))
    return corrupt(in, 7, "the number of streams, of zones some,", in->n_nodes, in->n_nodes + 1);
  if (in->zone_min && (in->type == WEFT_STRING || in->type == WEFT_FIXED_BYTES))
    return weft__codec_corrupt(in, in->zone_min, 0, "zones of values that are no numbers");
  return WEFT_OK;
}

weft_status weft__codec_open(struct codec_in *in) {
  in->scratch = NULL;
  in->reads = 0;
  in->values = in->validity = in->zone_min = in->zone_max = in->zone_nulls = NULL;
  WEFT_TRY(read_header(in));
  WEFT_TRY(read_table(in));
  return find_roots(in);
}

/* ---- Decoding: streams ---- */

weft_status weft__codec_start(struct codec_in *in, struct codec_node *node) {
  for (unsigned i = 0; i < node->children; i++)
    WEFT_TRY(weft__codec_start(in, node->child[i]));
  return operations[node->codec]->start(in, node);
}

weft_status weft__codec_read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  return n == 0 ? WEFT_OK : operations[node->codec]->read(in, node, first, n, out);
}

weft_status weft__codec_pick(struct codec_in *in, struct codec_node *node, const uint32_t *rows, uint32_t n, void *out) {
  uint8_t *to = out;
  for (uint32_t i = 0, run; i < n; i += run, to += (size_t)run * node->item) {
    for (run = 1; i + run < n && rows[i + run] == rows[i] + run;)
      run++;
    WEFT_TRY(weft__codec_read(in, node, rows[i], run, to));
  }
  return WEFT_OK;
}

/* What stands before each piece of scratch memory, which keeps it aligned. */
struct scratch {
  _Alignas(16) struct scratch *next;
};

weft_status weft__codec_scratch(struct codec_in *in, size_t count, size_t bytes, void *out_pointer) {
  size_t whole;
  if (__builtin_mul_overflow(count, bytes, &whole) || __builtin_add_overflow(whole, sizeof(struct scratch), &whole) ||
      whole > in->budget)
    return weft__codec_fail(in->ctx, WEFT_E_LIMIT, "%s: scratch for %zu times %zu bytes, and max_bytes leaves %llu",
                            in->who, count, bytes, (unsigned long long)in->budget);
  struct scratch *scratch = weft_alloc(in->ctx, whole);
  if (!scratch)
    return ((struct slab_cache *)in->ctx)->status;
  in->budget -= whole;
  scratch->next = in->scratch;
  in->scratch = scratch;
  void *memory = scratch + 1;
  memcpy(out_pointer, &memory, sizeof memory);
  return WEFT_OK;
}

void weft__codec_close(struct codec_in *in) {
  for (struct scratch *scratch = in->scratch, *next; scratch; scratch = next) {
    next = scratch->next;
    weft_status status = weft_free(in->ctx, scratch);
    (void)status; /* its own memory, which nobody else can have freed */
  }
  in->scratch = NULL;
}
