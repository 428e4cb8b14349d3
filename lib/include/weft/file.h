/* SPDX-License-Identifier: MIT
 *
 * Files of encoded columns: several named columns, in chunks of up to 2^20 rows, with metadata, statistics and a footer
 * by which any chunk is found. Written and read through callbacks, so that a file may be anything that bytes go to. The
 * bytes are described in docs/format.md.
 */
#ifndef WEFT_FILE_H
#define WEFT_FILE_H

#include <weft/base.h>
#include <weft/codec.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* A column of a file. */
struct weft_field {
  const char *name;    /* UTF-8 without a zero byte, 1 to 65,535 bytes, no two columns' alike, all together 2^24 bytes */
  enum weft_type type; /* which strings' layout was written does not count: a column of strings is one of strings */
  uint32_t width;      /* of WEFT_FIXED_BYTES; of other types 0 when writing, and their width (strings: 0) when reading */
};

/* Most rows of a chunk, columns of a file, and bytes of all metadata (keys and values). */
#define WEFT_CHUNK_ROWS 1048576
#define WEFT_FILE_COLUMNS 65535
#define WEFT_METADATA_BYTES 16777216

/* A writer: used by one thread at a time, with the context that it was created with. */
typedef struct weft_writer weft_writer;

/* Takes bytes[n] for the writer's user, after those before; false: it could not, and the writing fails with WEFT_E_IO. A
 * writer calls it with what belongs together, rather than for every few bytes, and keeps nothing back but rows that
 * gather. */
typedef bool (*weft_sink)(void *user, const void *bytes, size_t n);

struct weft_writer_options {
  size_t size;         /* sizeof this struct where the caller was compiled; by weft_writer_options_init */
  uint32_t chunk_rows; /* rows of a chunk, 1024 to WEFT_CHUNK_ROWS, a multiple of 1024; WEFT_CHUNK_ROWS */
  /* How columns are encoded; its defaults, with zones. choices, if not NULL, must last as long as the writer, and has
   * those of the last column encoded. Last here, as it may grow. */
  struct weft_encode_options encode;
};

/* Fills options with the defaults given above. size is sizeof *options. NULL options: nothing happens. */
WEFT_API void weft_writer_options_init(struct weft_writer_options *options, size_t size);

/* Opens a writer of n_fields columns and writes the file's head. The fields are copied. options may be NULL for the
 * defaults. ctx must outlive the writer. The context's thread only. On failure *out is NULL. WEFT_E_INVALID: ctx,
 * fields, sink or out is NULL, n_fields is 0 or above WEFT_FILE_COLUMNS, a field is not as its comments say (the message
 * names it), an option is out of its bounds. WEFT_E_IO: sink returned false. WEFT_E_NOMEM, WEFT_E_LIMIT: no memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_writer_open(weft_ctx *ctx, const struct weft_field *fields, size_t n_fields,
                                                      const struct weft_writer_options *options, weft_sink sink, void *user,
                                                      weft_writer **out);

/* Sets the metadata value[bytes] of a key (UTF-8, zero-terminated); a key set before is replaced, and comes last then.
 * Until weft_writer_finish. A new key takes time by its own bytes and the value's, one that was set before by those of all
 * metadata. The context's thread only. On failure nothing has changed. WEFT_E_INVALID: an argument is NULL (value too, of
 * 0 bytes), the key is no UTF-8, or the file is finished. WEFT_E_LIMIT: more than WEFT_METADATA_BYTES, or no memory by the
 * slab's limit. WEFT_E_NOMEM: no memory. The status of a call that broke the file. */
WEFT_API WEFT_MUST_CHECK weft_status weft_writer_metadata(weft_writer *writer, const char *key, const void *value,
                                                          size_t bytes);

/* Appends the rows of columns[n], one of each field's type, in the fields' order, all with as many rows; of any layout,
 * trusted. Rows gather until they fill a chunk, which is then encoded and written; the columns' memory is the caller's
 * again when the call returns. The context's thread only. On failure the file is broken: every later call returns the
 * same status, and weft_writer_free is what is left to do. WEFT_E_INVALID: an argument is NULL, n is not the number of
 * fields, a column has no layout, its type or width is not its field's, rows differ, options.encode names codecs that
 * cannot encode it; or, and this breaks nothing, the file is finished. WEFT_E_OVERFLOW: more than 2^62 rows in the file,
 * or a chunk of more bytes than memory can hold. WEFT_E_IO: the sink returned false. WEFT_E_NOMEM, WEFT_E_LIMIT: no
 * memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_writer_append(weft_writer *writer, const struct weft_column *columns, size_t n);

/* Appends a chunk that was encoded elsewhere, on other threads with contexts of their own for instance: encodings[i] of
 * bytes[i] bytes, made by weft_encode of field i's type, all of the same 1 to WEFT_CHUNK_ROWS rows. Rows that were
 * gathered before are written first. Least and greatest values are found by the encodings' zones (see struct
 * weft_encode_options), else by decoding them. Statuses as weft_writer_append, WEFT_E_INVALID also where an encoding is
 * not as said; WEFT_E_CORRUPT: an encoding is damaged, where it was looked at: for all of it there is weft_verify.
 * WEFT_E_UNSUPPORTED: as weft_describe. */
WEFT_API WEFT_MUST_CHECK weft_status weft_writer_append_encoded(weft_writer *writer, const void *const *encodings,
                                                                const size_t *bytes, size_t n);

/* Writes what is gathered, and the footer: the file is whole. The context's thread only. Statuses as weft_writer_append. */
WEFT_API WEFT_MUST_CHECK weft_status weft_writer_finish(weft_writer *writer);

/* Frees a writer, finished or not; NULL is fine. The context's thread only. */
WEFT_API void weft_writer_free(weft_writer *writer);

/* A reader. Used by one thread at a time; several readers may read the same file. */
typedef struct weft_reader weft_reader;

/* Where a reader reads from. */
struct weft_source {
  /* Puts the n bytes from offset on at dst, and n at *got; false: it could not, WEFT_E_IO. With bytes unknown
   * (UINT64_MAX) every read goes on where the one before ended, and *got is less than n at the end of the file. Else no
   * read goes past it. */
  bool (*read)(void *user, uint64_t offset, void *dst, size_t n, size_t *got);
  void *user;
  uint64_t bytes;     /* of the file; UINT64_MAX: not known, as of a pipe: chunks come one after another */
  const void *mapped; /* the file's bytes where they lie in memory (read is not called then, and may be NULL); else NULL */
};

/* Opens a file: reads its footer, or of a source of unknown length its head. ctx must outlive the reader. max_bytes is
 * the most that the reader itself allocates, for head, footer, and encodings, of which it holds one at a time, or of a
 * source of unknown length those of a chunk, and up to twice their bytes: 0 stands for 2^30. A footer is allocated as
 * the file claims its length, a chunk of unknown length as its bytes come. The context's thread only. On failure *out is
 * NULL. WEFT_E_CORRUPT: no file of this format, or it is cut off or damaged; weft_ctx_message says what and at which
 * offset. WEFT_E_UNSUPPORTED: a version that this library does not know. WEFT_E_INVALID: an argument is NULL. WEFT_E_IO:
 * read returned false. WEFT_E_LIMIT: more than max_bytes, or the slab's limit. WEFT_E_NOMEM: no memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_open(weft_ctx *ctx, const struct weft_source *source, uint64_t max_bytes,
                                                      weft_reader **out);

/* Frees a reader; NULL is fine. Columns decoded stay. The context's thread only. */
WEFT_API void weft_reader_free(weft_reader *reader);

/* What a file says of itself. Of a source of unknown length all but columns is 0 until weft_reader_next has come to the
 * end. */
struct weft_file_info {
  uint64_t rows;
  uint64_t chunks;
  uint64_t bytes; /* of the file */
  uint32_t columns;
  uint32_t metadata; /* entries */
};

/* Fills *info, of which size (sizeof *info) bytes are written. WEFT_E_INVALID: an argument is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_info(const weft_reader *reader, struct weft_file_info *info, size_t size);

/* Column number `column` into *field, whose name lives as long as the reader. WEFT_E_INVALID: an argument is NULL, or
 * there is no such column. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_field(const weft_reader *reader, size_t column, struct weft_field *field);

/* The number of the column of that name; SIZE_MAX when there is none, or an argument is NULL. */
WEFT_API size_t weft_reader_find(const weft_reader *reader, const char *name);

/* Metadata entry number `entry`, in the order in which they were set: *key and *value (bytes of them) live as long as
 * the reader. WEFT_E_INVALID: an argument is NULL, or there is no such entry. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_metadata(const weft_reader *reader, size_t entry, const char **key,
                                                          const void **value, size_t *bytes);

/* What the footer says of one column of one chunk. */
struct weft_chunk_info {
  uint64_t first_row; /* of the chunk in the file */
  uint64_t rows;
  uint64_t nulls;
  uint64_t offset; /* of the encoding in the file */
  uint64_t bytes;
  bool has_range;     /* min and max are known: the column is not of fixed bytes, and not all rows are null or NaN */
  uint32_t min_bytes; /* of min: the value's width; of strings up to 32 */
  uint32_t max_bytes; /* the same of max */
  uint8_t min[32];    /* a number as in memory here; the first bytes of the least string: no string is less */
  uint8_t max[32];    /* the same of the greatest: no string is greater, but for those that begin with it where cut_max */
  bool cut_min, cut_max; /* strings longer than 32 bytes, of which the rest is left out */
};

/* Fills *info for a chunk and a column, of which size (sizeof *info) bytes are written. Floats are ordered as in
 * weft_zones, strings by their bytes as unsigned. WEFT_E_INVALID: an argument is NULL, or there is no such chunk or
 * column (of a source of unknown length only the present one is there). */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_chunk(const weft_reader *reader, uint64_t chunk, size_t column,
                                                       struct weft_chunk_info *info, size_t size);

/* Goes on to the next chunk of a source of unknown length: *chunk is its number, UINT64_MAX at the end of the file, by
 * then the footer has been read and compared with what came. The chunk before is no longer there. Statuses as
 * weft_reader_open, and the same again after a failure. WEFT_E_INVALID: the length is known, or an argument is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_next(weft_reader *reader, uint64_t *chunk);

/* The encoding of a column of a chunk, *bytes bytes at *encoding, for weft_describe and weft_zones, for
 * weft_encoding_open where many reads are to come, or for weft_decode_into by several threads; valid until the next call
 * with this reader that reads (with mapped sources: as long as they are). It is at a multiple of 64 where it has 4096
 * bytes or more and the source, if mapped, is. Its checksums are not compared; that it has the type, rows and nulls that
 * the file says, is. On failure *encoding is NULL. Statuses as weft_reader_open; WEFT_E_INVALID as weft_reader_chunk. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_encoding(weft_reader *reader, uint64_t chunk, size_t column,
                                                          const void **encoding, size_t *bytes);

/* Decodes a column of a chunk: weft_decode of its encoding, options and all. On failure *out is NULL. Statuses as
 * weft_reader_encoding and weft_decode. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_decode(weft_reader *reader, uint64_t chunk, size_t column,
                                                        const struct weft_decode_options *options, weft_decoded **out);

/* Checks a chunk to its last byte: its frame, the sum of its encodings, weft_verify of each, in as many bytes as the reader
 * itself may take, that what the file says of them is so, and that what lies between them is zeros. The message has the
 * column's name and where it lies. Statuses as weft_verify and weft_reader_encoding. */
WEFT_API WEFT_MUST_CHECK weft_status weft_reader_verify(weft_reader *reader, uint64_t chunk);

WEFT_END_DECLS

#endif
