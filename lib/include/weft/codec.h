/* SPDX-License-Identifier: MIT
 *
 * Codecs: a column of up to 2^32 - 2 rows, encoded in one piece of memory, and back, whole or in part. The bytes are
 * described in docs/format.md and are the same whatever CPU or instruction set wrote them. Files of many columns and chunks
 * are in <weft/file.h>.
 *
 * An encoding is a tree of codecs: the outermost turns the column's values into streams that are smaller or simpler, and
 * hands those on. Every value comes back with the very bits that it had, floats included (-0.0, NaNs' payloads); what lay
 * under a null does not come back, and takes no room.
 */
#ifndef WEFT_CODEC_H
#define WEFT_CODEC_H

#include <weft/base.h>
#include <weft/column.h>

WEFT_BEGIN_DECLS

/* How a stream of values is encoded. The numbers are those of the format. */
enum weft_codec {
  WEFT_CODEC_AUTO = 0,    /* for options: the encoder chooses */
  WEFT_CODEC_RAW = 1,     /* the values as they are */
  WEFT_CODEC_CONST = 2,   /* one value, n times */
  WEFT_CODEC_BITPACK = 3, /* blocks of 1024 integers, each block in as many bits a value as its largest needs */
  WEFT_CODEC_FOR = 4,     /* the same of what is above the block's base (frame of reference) */
  WEFT_CODEC_DELTA = 5,   /* the same of the differences between neighbours */
  WEFT_CODEC_RLE = 6,     /* runs of equal values: one value a run, and where the runs end */
  WEFT_CODEC_DICT = 7,    /* a dictionary of the distinct values, and a code a value */
  WEFT_CODEC_STRINGS = 8, /* strings: where each ends, and their bytes */
  WEFT_CODEC_SPLIT = 9    /* floats: the first bytes of all, the second bytes of all, and so on, each a stream */
  /* 10 (a table of symbols for strings) and 11 (ALP, for decimals in floats) are kept for later */
};

/* The name of a codec, such as "delta"; "unknown" for other numbers. Static string, any thread. */
WEFT_API const char *weft_codec_name(unsigned codec);

/* Codecs one upon another, the last of which packs or copies. */
#define WEFT_CODEC_DEPTH 3

/* One choice of WEFT_CODEC_AUTO: a codec that was considered for a stream, and the bytes that it was expected to take. */
struct weft_choice {
  uint32_t stream; /* number of the choice, from 0 on, in the order in which streams are encoded */
  uint8_t depth;   /* 0: of the column's values themselves */
  uint8_t codec;   /* enum weft_codec */
  bool chosen;
  uint64_t values; /* of the stream */
  uint64_t bytes;  /* expected */
};

/* Where an encoder notes what it considered. */
struct weft_choices {
  struct weft_choice *list; /* [capacity] */
  size_t capacity;
  size_t n; /* set by weft_encode: how many there were, of which the first `capacity` are in list */
};

struct weft_encode_options {
  size_t size; /* sizeof this struct where the caller was compiled; set by weft_encode_options_init */
  /* The codecs from the outermost on (enum weft_codec); AUTO where the encoder is to choose, there and below: {DICT, RLE,
   * BITPACK} has the codes of a dictionary as runs whose values are packed. The next codec is for the codes of DICT, the
   * values of RLE, the ends of STRINGS, each byte of SPLIT; what follows a codec without parts is not looked at, and other
   * parts are AUTO's. A codec that cannot encode the stream that it meets is WEFT_E_INVALID; one that would take more than
   * weft_encode_bound gives way to RAW. All AUTO. */
  uint8_t codec[WEFT_CODEC_DEPTH];
  bool sorted_dictionary;   /* dictionaries in ascending order, rather than in order of first sight; false */
  bool zones;               /* record each block's least and greatest value and nulls, for 2^15 numbers or more; false */
  uint32_t dictionary_rows; /* most values of a dictionary, beyond which AUTO takes another codec; 2^20 */
  struct weft_choices *choices; /* what AUTO considered is noted there; NULL */
};

/* Fills options with the defaults given above. size is sizeof *options. NULL options: nothing happens. */
WEFT_API void weft_encode_options_init(struct weft_encode_options *options, size_t size);

/* The most bytes that weft_encode takes for a column: its values, offsets and validity as they are, 1 % and 128 bytes.
 * O(1) but for strings by pointers or views and for columns with a selection, whose lengths are added up. The column is
 * trusted. Any thread. On failure *bytes is 0. WEFT_E_INVALID: column or bytes is NULL, or the column has no layout.
 * WEFT_E_OVERFLOW: more than 2^32 - 2 rows. */
WEFT_API WEFT_MUST_CHECK weft_status weft_encode_bound(const struct weft_column *column, size_t *bytes);

/* Encodes a column (of any layout, trusted) into dst[cap]; *bytes is what it took. cap may be less than
 * weft_encode_bound, as most columns take less. options may be NULL for the defaults. dst needs no alignment (at a
 * multiple of 64 it is decoded fastest) and overlaps nothing. The context's thread only. On failure *bytes is 0 and dst
 * undefined. WEFT_E_SPACE: cap does not do. WEFT_E_INVALID: ctx, column, dst or bytes is NULL, the column has no layout,
 * or the options name a codec that cannot be, or have a size that this library does not know. WEFT_E_OVERFLOW: more than
 * 2^32 - 2 rows. WEFT_E_NOMEM, WEFT_E_LIMIT: no scratch memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_encode(weft_ctx *ctx, const struct weft_column *column,
                                                 const struct weft_encode_options *options, void *dst, size_t cap,
                                                 size_t *bytes);

/* What a stream of an encoding is to the one that it is part of. */
enum weft_role {
  WEFT_ROLE_VALUES = 0,     /* of the column; or of runs */
  WEFT_ROLE_VALIDITY = 1,   /* of the column: bitmap, or the numbers of rows that are null, or of those that are not */
  WEFT_ROLE_ZONE_MIN = 2,   /* of the column: the least value of each block of 1024 rows */
  WEFT_ROLE_ZONE_MAX = 3,   /* the greatest */
  WEFT_ROLE_ZONE_NULLS = 4, /* nulls of each block */
  WEFT_ROLE_ENDS = 5,       /* of runs, and of strings */
  WEFT_ROLE_DICTIONARY = 6,
  WEFT_ROLE_CODES = 7,
  WEFT_ROLE_BYTE = 8 /* of SPLIT, from the lowest on */
};

/* One stream of an encoding. */
struct weft_encoded_node {
  uint8_t codec;       /* enum weft_codec */
  uint8_t role;        /* enum weft_role */
  uint8_t depth;       /* 0: the column's own streams */
  uint8_t children;    /* streams that it is made of: they follow it, each with its own behind it */
  uint32_t value_bits; /* of one value; 0 for strings, and for values of a width that is none of a number's */
  uint64_t values;
  uint64_t offset; /* of its own bytes, from the encoding's first */
  uint64_t bytes;  /* its own, without those of its children */
};
#define WEFT_NODES 96

/* What an encoding says of itself. */
struct weft_encoded_info {
  enum weft_type type;
  uint32_t width; /* of a value in bytes; 0 for strings */
  uint64_t rows;
  uint64_t nulls;
  uint64_t data_bytes;      /* of all values decoded: of fixed width that of all rows, of strings their bytes */
  uint64_t dictionary_rows; /* values in the dictionary; 0: it has none, and WEFT_FORM_CODES cannot be had */
  uint64_t bytes;           /* of the encoding */
  bool has_zones;
  uint32_t n_nodes;
  struct weft_encoded_node nodes[WEFT_NODES]; /* [n_nodes], in the order of the format */
};

/* Reads the header and the table of streams of src[bytes] and checks them, sections' bytes unread: O(1). size is sizeof
 * *info, of which no more is written. Any thread may use it, ctx being its own. On failure *info is zeros.
 * WEFT_E_CORRUPT: src is no encoding, or is damaged there; weft_ctx_message says what and at which offset.
 * WEFT_E_UNSUPPORTED: a version or a codec that this library does not know. WEFT_E_INVALID: ctx, src or info is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_describe(weft_ctx *ctx, const void *src, size_t bytes,
                                                   struct weft_encoded_info *info, size_t size);

/* What decoding gives. */
enum weft_form {
  WEFT_FORM_VALUES = 0,     /* the values; strings as offsets and bytes */
  WEFT_FORM_VIEWS = 1,      /* strings as views: equal strings of a dictionary share their bytes */
  WEFT_FORM_CODES = 2,      /* numbers of values in the dictionary */
  WEFT_FORM_DICTIONARY = 3, /* the dictionary's values, whatever the rows */
};

struct weft_decode_options {
  size_t size;               /* sizeof this struct where the caller was compiled; set by weft_decode_options_init */
  uint64_t first_row;        /* the first row wanted; 0 */
  uint64_t rows;             /* how many; UINT64_MAX, the default, is all from first_row on */
  const uint32_t *selection; /* selection[selected]: the rows wanted, in this order, each any number of times, counted from
                                first_row on and below rows; NULL: all of them */
  size_t selected;
  uint32_t form;      /* enum weft_form; VALUES */
  uint64_t max_bytes; /* most bytes that the call may allocate, scratch too: 2^30, for which 0 stands too */
  bool streaming;     /* write past the caches, for output that is larger than they and not read at once; false */
  bool check_sums;    /* compare the checksums of all sections first, whatever the rows: damage is then told; false */
};

/* Fills options with the defaults given above. size is sizeof *options. NULL options: nothing happens. */
WEFT_API void weft_decode_options_init(struct weft_decode_options *options, size_t size);

/* The caller's memory for weft_decode_into, and what came of it. n is the number of rows decoded: those selected, else
 * those of the range (of WEFT_FORM_DICTIONARY, info.dictionary_rows). Memory of one kind may not overlap another's, nor
 * src. All of the room may be written to, also where less is used. */
struct weft_buffers {
  size_t size; /* sizeof this struct where the caller was compiled */
  /* Fixed width: values[n]. Codes: uint32_t[n]. Views: struct weft_view[n], aligned to 4. Strings as values: their
   * bytes. */
  void *values;
  size_t values_bytes; /* room at values; afterwards what was used */
  void *offsets;       /* strings as values: [n + 1], of offset_bytes each, from 0 on, aligned to it. Else not used */
  size_t offset_bytes; /* 4 (int32_t) or 8 (int64_t) */
  void *data;          /* views: the bytes that they lead to, as buffer 0; else not used */
  size_t data_bytes;   /* room at data; afterwards what was used */
  uint8_t *validity;   /* bitmap, (n + 7) / 8 bytes, the bits past n being 0; may be NULL where the column has no nulls */
  uint64_t nulls;      /* set: null rows among the n; their values are zeros, their codes 0, their strings empty */
};

/* The room that weft_decode_into needs: sets values_bytes and data_bytes, and offset_bytes to 4 or 8 as the bytes ask
 * for. For fixed widths and codes from the header alone; for strings it may decode where they end. The rest of buffers
 * stays. The context's thread only. Statuses as weft_decode_into. */
WEFT_API WEFT_MUST_CHECK weft_status weft_decode_room(weft_ctx *ctx, const void *src, size_t bytes,
                                                      const struct weft_decode_options *options, struct weft_buffers *room);

/* Decodes src[bytes], or the part that options (NULL: the defaults) say, into buffers. Only the blocks that hold wanted
 * rows are read. src is not trusted, and needs no alignment; what it says is checked as it is met, its sections' checksums
 * only where options ask for it: without, damage may come out as other values. The context's thread only. On failure the
 * buffers' memory is undefined, and nothing beyond it was touched. WEFT_E_CORRUPT: src contradicts itself;
 * weft_ctx_message says what and at which offset. WEFT_E_UNSUPPORTED: as weft_describe. WEFT_E_SPACE: a buffer is too
 * small; the message has the bytes it takes. WEFT_E_INVALID: a pointer that is NULL and may not be, rows beyond those
 * there are, a form that this column does not have. WEFT_E_OVERFLOW: offsets of 4 bytes, or views, for more than 2^31 - 1
 * bytes. WEFT_E_LIMIT: scratch beyond max_bytes, or the slab's limit. WEFT_E_NOMEM: no memory. */
WEFT_API WEFT_MUST_CHECK weft_status weft_decode_into(weft_ctx *ctx, const void *src, size_t bytes,
                                                      const struct weft_decode_options *options,
                                                      struct weft_buffers *buffers);

/* An encoding that is kept open, for many reads of it: its header and table are checked once, and what a read had to make
 * of it (a dictionary's values, where values lie among nulls) is there for the next. */
typedef struct weft_encoding weft_encoding;

/* Opens src[bytes], which is not copied: it must stay as it is until weft_encoding_free. All that opening and reads
 * allocate is at most max_bytes (0: 2^30), some 20 KiB of the handle's own apart, and stays allocated: reads that repeat
 * themselves soon take no more. It belongs to the context and its thread, and is freed before the context; one src may be
 * open more than once. On failure *out is NULL. WEFT_E_INVALID: ctx, src or out is NULL. Other statuses as
 * weft_decode_into. */
WEFT_API WEFT_MUST_CHECK weft_status weft_encoding_open(weft_ctx *ctx, const void *src, size_t bytes, uint64_t max_bytes,
                                                        weft_encoding **out);

/* As weft_describe. WEFT_E_INVALID: a pointer is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_encoding_info(const weft_encoding *encoding, struct weft_encoded_info *info,
                                                        size_t size);

/* As weft_decode_room. */
WEFT_API WEFT_MUST_CHECK weft_status weft_encoding_room(weft_encoding *encoding, const struct weft_decode_options *options,
                                                        struct weft_buffers *room);

/* As weft_decode_into, options.max_bytes not being looked at: other rows, another form or a selection with every call, in
 * any order. After a failure the encoding may be read on. */
WEFT_API WEFT_MUST_CHECK weft_status weft_encoding_read(weft_encoding *encoding, const struct weft_decode_options *options,
                                                        struct weft_buffers *buffers);

/* Closes it; NULL is fine. The context's thread only. */
WEFT_API void weft_encoding_free(weft_encoding *encoding);

/* A decoded column and its memory. */
typedef struct weft_decoded weft_decoded;

/* Decodes into memory of the slab's, at most options->max_bytes of it. Where WEFT_FORM_CODES cannot be had, because the
 * column has no dictionary, it gives values. *out is freed by weft_decoded_free. Statuses and rules as weft_decode_into; on
 * failure *out is NULL. */
WEFT_API WEFT_MUST_CHECK weft_status weft_decode(weft_ctx *ctx, const void *src, size_t bytes,
                                                 const struct weft_decode_options *options, weft_decoded **out);

/* The column, which lives as long as decoded: fixed, by offsets of 32 bits (of 64 where there are more than 2^31 - 1
 * bytes), by views; in the form CODES the dictionary's values with the codes as selection. With validity where it has
 * nulls: row_validity in the form CODES, else base_validity. NULL for NULL. Any thread. */
WEFT_API const struct weft_column *weft_decoded_column(const weft_decoded *decoded);

/* Frees it; NULL is fine. Any thread. */
WEFT_API void weft_decoded_free(weft_decoded *decoded);

/* Least and greatest values by block of 1024 rows, as struct weft_encode_options' zones recorded them. min and max have
 * (rows + 1023) / 1024 values of the column's type, nulls as many numbers; each may be NULL. Of a block of nulls alone min
 * and max are 0. Floats are ordered as numbers; NaNs count for neither, and where a block has them its max is a NaN; a zero
 * counts for both of its signs. options: first_row and rows, both multiples of 1024 (or the end), choose blocks; max_bytes;
 * no selection, and no form but VALUES. Statuses as weft_decode_into; WEFT_E_INVALID too where there are no zones (see
 * info.has_zones). */
WEFT_API WEFT_MUST_CHECK weft_status weft_zones(weft_ctx *ctx, const void *src, size_t bytes,
                                                const struct weft_decode_options *options, void *min, void *max,
                                                uint32_t *nulls);

/* Checks src[bytes] to its end: checksums of header and sections, that everything decodes, that zones are those of the
 * values, and that it is written as docs/format.md has it, also where decoding does without (gaps between blocks, bits
 * behind the last value). In memory that does not grow with the rows (a dictionary's apart, which is bound by max_bytes of
 * 1 GiB). The context's thread only. Statuses as weft_decode_into; the message of WEFT_E_CORRUPT has stream and byte. */
WEFT_API WEFT_MUST_CHECK weft_status weft_verify(weft_ctx *ctx, const void *src, size_t bytes);

WEFT_END_DECLS

#endif
