/* SPDX-License-Identifier: MIT
 *
 * What the writer and the reader of files share: the format's numbers (docs/format.md, "The file"), its schema, and what it
 * says of each column of a chunk. Knows nothing of sinks and sources.
 */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include "codecs/codec.h"
#include "lib/ctx.h"

#include <weft/file.h>

#define FILE_MAGIC "\x89WFT\r\n\x1a\n" /* what a transfer as text damages */
#define FILE_END_MAGIC "\x89WFTEND\n"
#define FILE_CHUNK_MAGIC "WFTC"
#define FILE_FOOTER_MAGIC "WFTF"
#define FILE_VERSION 1

enum {
  FILE_MAGIC_BYTES = 8,
  FILE_MARK_BYTES = 4, /* of chunks and the footer */
  FILE_SUM_BYTES = 8,
  FILE_HEAD_BYTES = 16,    /* before the fields */
  FILE_FIELD_BYTES = 9,    /* of a field, its name aside */
  FILE_ENTRY_BYTES = 16,   /* of a chunk's entry, before the columns */
  FILE_COLUMN_BYTES = 12,  /* of a column in it, without a range */
  FILE_FOOTER_BYTES = 24,  /* before the metadata */
  FILE_PAIR_BYTES = 9,     /* of metadata, key and value aside */
  FILE_TRAILER_BYTES = 32, /* the file's last */
  FILE_TRAILER_SUM = 16,   /* where the footer's sum is in it, which covers what is before */
  FILE_STRING_BYTES = 32,  /* most of a string that a range has */
  FILE_COLUMN_MOST = FILE_COLUMN_BYTES + 2 * (1 + FILE_STRING_BYTES),
  FILE_ALIGN = 8, /* of whatever begins anew; of encodings from FILE_LARGE bytes on FILE_ALIGN_LARGE */
  FILE_LARGE = 4096,
  FILE_ALIGN_LARGE = 64
};

/* Bytes from `at` on to the next multiple of align, a power of two. */
static inline size_t file_padding(uint64_t at, size_t align) {
  return (size_t)(0 - at) & (align - 1);
}

/* Those before an encoding of so many bytes. */
static inline size_t file_encoding_padding(uint64_t at, uint64_t bytes) {
  return file_padding(at, bytes < FILE_LARGE ? FILE_ALIGN : FILE_ALIGN_LARGE);
}

static inline uint64_t file_sum(const weft_ctx *ctx, const void *bytes, size_t n, uint64_t seed) {
  return codec_check(ctx->kernels, bytes, n, seed);
}

/* A file's columns, and its head's bytes, in which their names are. */
struct file_schema {
  struct weft_field *fields; /* [n] */
  size_t n;
  uint8_t *head;
  size_t head_bytes;
  uint64_t sum;    /* the head's, which is the seed of all other sums of the file */
  uint32_t *names; /* [mask + 1] numbers of columns by the sums of their names; UINT32_MAX: none */
  uint32_t mask;
  uint64_t seed;
};

/* The schema of a writer's fields, which are checked. On failure *out is closed. WEFT_E_INVALID: a field is not as
 * struct weft_field says. WEFT_E_NOMEM, WEFT_E_LIMIT. */
weft_status weft__schema_make(weft_ctx *ctx, const struct weft_field *fields, size_t n, struct file_schema *out);

/* The most memory that weft__schema_read takes, head included. */
size_t weft__schema_room(size_t head_bytes, size_t n);

/* Bytes of the head, from its first FILE_HEAD_BYTES; *n: its columns. WEFT_E_CORRUPT: it is none. */
weft_status weft__schema_head(weft_ctx *ctx, const uint8_t *start, size_t *head_bytes, size_t *n);

/* The schema of a whole head, an allocation of ctx's that is *out's from here on. On failure *out is closed.
 * WEFT_E_CORRUPT: it is damaged. WEFT_E_UNSUPPORTED: it is of another version. WEFT_E_NOMEM, WEFT_E_LIMIT. */
weft_status weft__schema_read(weft_ctx *ctx, uint8_t *head, size_t head_bytes, struct file_schema *out);

/* The number of the column of that name; SIZE_MAX: none. */
size_t weft__schema_find(const weft_ctx *ctx, const struct file_schema *schema, const char *name, size_t bytes);

void weft__schema_close(weft_ctx *ctx, struct file_schema *schema);

bool weft__is_utf8(const uint8_t *text, size_t bytes);

/* What an entry says of a column: the fields of struct weft_chunk_info save first_row, rows and offset. Writes at most
 * FILE_COLUMN_MOST bytes at `to` and returns how many. */
size_t weft__stats_put(const struct weft_field *field, const struct weft_chunk_info *info, uint8_t *to);

/* The reverse, of a column of `rows` rows at from[room]; returns how many bytes it takes, 0 where they are none that
 * weft__stats_put could have written. */
size_t weft__stats_get(const struct weft_field *field, uint64_t rows, const uint8_t *from, size_t room,
                       struct weft_chunk_info *info);

/* The least and greatest value of a column's rows, gathered piece by piece; begun with zeros. */
struct file_range {
  bool any, has_nan;
  uint64_t min, max; /* numbers: words, of floats those of doubles; strings: their first 8 bytes, big end first */
  uint8_t least[FILE_STRING_BYTES], most[FILE_STRING_BYTES];
  uint32_t least_bytes, most_bytes; /* of strings, FILE_STRING_BYTES + 1 for all above that */
};

/* Adds the rows of a column of the field's type; of fixed bytes there is no range. WEFT_E_NOMEM, WEFT_E_LIMIT. */
weft_status weft__range_add(weft_ctx *ctx, const struct weft_field *field, const struct weft_column *column,
                            struct file_range *range);

/* Adds those of an encoding that has been described: from its zones, its dictionary, or by decoding it piece by piece, in
 * at most max_bytes. Statuses as weft_decode. */
weft_status weft__range_decode(weft_ctx *ctx, const struct weft_field *field, const void *encoding, size_t bytes,
                               const struct weft_encoded_info *described, uint64_t max_bytes, struct file_range *range);

/* Puts what was gathered into info's min, max and what belongs to them. */
void weft__range_end(const struct weft_field *field, const struct file_range *range, struct weft_chunk_info *info);

#endif
