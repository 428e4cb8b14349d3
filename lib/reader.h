/* SPDX-License-Identifier: MIT
 *
 * The reader's inside: reader.c has its calls, reader_footer.c reads what describes a file, reader_forward.c goes through
 * one of unknown length.
 */
#ifndef LIB_READER_H
#define LIB_READER_H

#include "lib/file.h"

/* A chunk: what its entry says, and where things follow from that. */
struct reader_chunk {
  uint64_t first_row, rows;
  uint64_t at;  /* of its frame in the file */
  uint64_t end; /* where the next one begins */
  const uint8_t *entry;
  size_t entry_bytes;
};

/* A column of a chunk. */
struct reader_place {
  uint64_t at;          /* of its encoding in the file */
  const uint8_t *stats; /* in the entry */
};

struct weft_reader {
  weft_ctx *ctx;
  struct weft_source source;
  uint64_t max_bytes, taken; /* what may be allocated, and is */
  struct file_schema schema;
  uint64_t head_end; /* where the first frame begins */
  uint64_t rows, n_chunks;
  uint64_t bytes; /* of the file; of unknown length: 0 until its end */

  uint8_t *footer;
  size_t footer_bytes; /* without the trailer */
  uint32_t n_pairs;
  const uint8_t **pairs;       /* [n_pairs] metadata, in the footer */
  struct reader_chunk *chunks; /* [n_chunks]; of unknown length the present one */
  struct reader_place *places; /* [n_chunks * columns]; of unknown length those of the present one */

  /* Bytes of the file, from buffer_at on, at an address that has the same remainder by FILE_ALIGN_LARGE. */
  uint8_t *buffer;
  size_t buffer_room, buffer_bytes;
  uint64_t buffer_at;

  /* Of unknown length. */
  bool forward, present, at_end; /* present: there is a chunk */
  uint64_t present_chunk;
  uint64_t chain; /* of the entries so far */
  uint8_t *entry; /* the present one, its room */
  size_t entry_room;
  weft_status status; /* what ended it */
};

/* Memory of the reader's, count * size bytes, aligned to FILE_ALIGN_LARGE. weft__reader_drop gives it back. */
weft_status weft__reader_take(weft_reader *reader, size_t count, size_t size, void *out_pointer);
void weft__reader_drop(weft_reader *reader, void *p, size_t bytes);

/* Puts n bytes of the file at dst. Where the length is unknown *got may be less, at its end; elsewhere got may be NULL.
 * WEFT_E_IO. */
weft_status weft__reader_fetch(weft_reader *reader, uint64_t offset, void *dst, size_t n, size_t *got);

/* Reads the head and the padding behind it. */
weft_status weft__reader_head(weft_reader *reader);

/* Reads the footer of a file of known length. */
weft_status weft__reader_footer(weft_reader *reader);

/* Checks the last FILE_TRAILER_BYTES of footer[bytes], which is at offset `at` of the file and ends with it, and its
 * sum. */
weft_status weft__reader_trailer(weft_reader *reader, const uint8_t *footer, size_t bytes, uint64_t at);

/* Reads the footer's metadata, footer and footer_bytes being set; *end is where it ends. */
weft_status weft__reader_pairs(weft_reader *reader, uint64_t footer_at, size_t *end);

/* Reads an entry, which is at `offset` of the file, of chunk->at and first_row, into chunk and places[columns]. No
 * encoding may end past `limit` of the file. */
weft_status weft__reader_entry(weft_reader *reader, const uint8_t *entry, size_t room, uint64_t offset, uint64_t limit,
                               struct reader_chunk *chunk, struct reader_place *places);

bool weft__all_zeros(const uint8_t *bytes, size_t n);

#endif
