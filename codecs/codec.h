/* SPDX-License-Identifier: MIT
 *
 * What all codecs share: streams of values on their way in and out, the tree of an encoding, and how codecs hand streams on
 * to each other without knowing each other (tree.c calls them by number). docs/format.md describes the bytes.
 *
 * A stream is n values of `item` bytes each: words of 1, 2, 4 or 8 in the machine's order, or bytes of any other width. An
 * encoder appends its stream's own bytes, its section, and then its parts, each a stream again; a decoder reads any range
 * of its stream from its section and by reading its parts.
 */
#ifndef CODECS_CODEC_H
#define CODECS_CODEC_H

#include "alloc/cache.h"
#include "simd/kernels.h"

#include <string.h>
#include <weft/codec.h>
#include <weft/slab.h>

#define CODEC_BLOCK SIMD_PACK_BLOCK
#define CODEC_HEADER_BYTES 32
#define CODEC_ENTRY_BYTES 24 /* of a stream in the table at the end */
#define CODEC_MAX_ROWS (UINT32_MAX - 1)
#define CODEC_CHILDREN 8
#define CODEC_MAX_DEPTH 8 /* of streams in streams; encoders stay far below */
#define CODEC_ALIGN 64    /* of packed words within an encoding, where there are many */

/* How the validity of an encoding's rows is written. */
enum codec_nulls {
  NULLS_NONE = 0,
  NULLS_BITMAP = 1,    /* bytes of a bitmap */
  NULLS_POSITIONS = 2, /* the rows that are null */
  VALID_POSITIONS = 3, /* the rows that are not */
};

/* ---- Little-endian numbers in memory of any alignment. ---- */

/* The widths of words each by a load of their own: what is put together in memory from parts waits for them. */
static inline uint64_t codec_get(const uint8_t *p, unsigned bytes) {
  uint64_t value = 0;
  uint32_t half;
  uint16_t quarter;
  for (unsigned i = 0; SIMD_BIG_ENDIAN && i < bytes; i++)
    value |= (uint64_t)p[i] << 8 * i;
  if (SIMD_BIG_ENDIAN)
    return value;
  switch (bytes) {
  case 1: return *p;
  case 2: memcpy(&quarter, p, 2); return quarter;
  case 4: memcpy(&half, p, 4); return half;
  case 8: memcpy(&value, p, 8); return value;
  default: memcpy(&value, p, bytes); return value;
  }
}

static inline void codec_put(uint8_t *p, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++)
    p[i] = (uint8_t)(value >> 8 * i);
}

/* Values of `item` bytes from the format's order to the machine's, or back. */
static inline void codec_order(void *values, size_t n, unsigned item) {
  if (!SIMD_BIG_ENDIAN || (item != 2 && item != 4 && item != 8))
    return;
  for (size_t i = 0; i < n; i++) {
    uint8_t *p = (uint8_t *)values + i * item;
    for (unsigned k = 0; k < item / 2; k++) {
      uint8_t byte = p[k];
      p[k] = p[item - 1 - k];
      p[item - 1 - k] = byte;
    }
  }
}

static inline void codec_copy(void *to, const void *from, size_t n, unsigned item) {
  memcpy(to, from, n * item);
  codec_order(to, n, item);
}

/* A word of an array in the machine's order, and back. */
static inline uint64_t codec_word(const void *values, size_t i, unsigned item) {
  const uint8_t *p = (const uint8_t *)values + i * item;
  switch (item) {
  case 1: return *p;
  case 2: {
    uint16_t word;
    memcpy(&word, p, 2);
    return word;
  }
  case 4: {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
  }
  default: {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
  }
  }
}

static inline void codec_set_word(void *values, size_t i, unsigned item, uint64_t value) {
  uint8_t *p = (uint8_t *)values + i * item;
  uint16_t word16 = (uint16_t)value;
  uint32_t word32 = (uint32_t)value;
  switch (item) {
  case 1: *p = (uint8_t)value; break;
  case 2: memcpy(p, &word16, 2); break;
  case 4: memcpy(p, &word32, 4); break;
  default: memcpy(p, &value, 8);
  }
}

/* Whether values of that many bytes are words, and so may be packed. */
static inline bool codec_is_word(size_t item) {
  return item == 1 || item == 2 || item == 4 || item == 8;
}

/* Whether values of a type come and go with their bytes turned: those that are bytes, where words have the highest
 * first. */
static inline bool codec_is_turned(enum weft_type type, size_t item) {
  return SIMD_BIG_ENDIAN && type == WEFT_FIXED_BYTES && item > 1 && codec_is_word(item);
}

static inline size_t codec_blocks(size_t n) {
  return (n + CODEC_BLOCK - 1) / CODEC_BLOCK;
}

static inline size_t codec_block_values(size_t n, size_t block) {
  size_t left = n - block * CODEC_BLOCK;
  return left < CODEC_BLOCK ? left : CODEC_BLOCK;
}

static inline unsigned codec_bits(uint64_t value) {
  return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

/* Takes a line of each page, ahead of `bytes` bytes that are about to be read or written at `at` of an array of `whole`: a
 * page that is met for the first time in long costs its translation, which stores wait for in turn, and memory's own
 * prefetching ends with a page. Always inlined: of a call that does nothing else gcc makes none. */
ALWAYS_INLINE void codec_prefetch(const uint8_t *array, size_t at, size_t bytes, size_t whole) {
  const size_t page = 4096, ahead = 2 * page, in_cache = 8 * page; /* where there is nothing to win */
  for (size_t k = at + ahead; whole > in_cache && k < at + ahead + bytes && k < whole; k += page)
    __builtin_prefetch(array + k);
}

/* The kernel of a word's width: CODEC_KERNEL(codecs, unpack, 4) is codecs->unpack32. */
#define CODEC_KERNEL(codecs, kind, item) \
  ((item) == 1   ? (codecs)->kind##8     \
   : (item) == 2 ? (codecs)->kind##16    \
   : (item) == 4 ? (codecs)->kind##32    \
                 : (codecs)->kind##64)

/* ---- Encoding ---- */

/* A stream to be encoded. */
struct codec_values {
  const void *at;
  uint32_t n;
  uint32_t item;  /* bytes of a value */
  bool is_signed; /* words in signed order */
  bool is_float;
  bool is_bytes; /* words made of bytes, lowest first, that are ordered as bytes */
};

/* Strings to be encoded: string i is data[offsets[i] .. offsets[i + 1]); offsets[0] need not be 0. */
struct codec_strings {
  const uint8_t *data;
  const int64_t *offsets; /* [n + 1] */
  uint32_t n;
};

/* Numbers distinct values: codes[n] by first sight, *count of them, first[*count] their first places (room for n). */
typedef weft_status codec_group_fn(weft_ctx *ctx, const struct weft_column *keys, size_t n_keys, uint32_t *codes,
                                   size_t *count, uint32_t *first);

struct codec_out {
  weft_ctx *ctx;
  const struct simd_kernels *kernels;
  const struct simd_codecs *codecs;
  const struct weft_encode_options *options;
  codec_group_fn *group;
  uint8_t *at; /* where the encoding begins */
  size_t used; /* bytes of it so far */
  size_t cap;
  uint32_t streams;   /* encoded so far: numbers of choices */
  bool no_dictionary; /* a dictionary grew too large: none is chosen any more */
  bool chosen;        /* AUTO chose the codec of the stream at hand, and looked at all of what it takes for CONST */
  uint64_t instead;   /* where AUTO chose DICT: bytes that the next best is expected to take; 0: DICT was asked for */
  unsigned n_nodes;
  struct codec_entry {
    uint8_t codec, role, item, children; /* item: bytes of a word; 0 for others */
    uint32_t n;
    uint64_t bytes;
    uint64_t check;
  } nodes[WEFT_NODES];
};

/* Encodes a stream. cascade[WEFT_CODEC_DEPTH - depth]: the codecs asked for, from this stream's on, AUTO past its end.
 * WEFT_E_SPACE: more than out->cap. */
weft_status weft__codec_encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                               const uint8_t *cascade, unsigned depth);

/* The same of strings: as STRINGS, or as DICT whose dictionary is that. */
weft_status weft__codec_encode_strings(struct codec_out *out, const struct codec_strings *strings, enum weft_role role,
                                       const uint8_t *cascade, unsigned depth);

/* Strings as STRINGS, their ends by cascade[0 ..]. */
weft_status weft__strings_encode(struct codec_out *out, const struct codec_strings *strings, enum weft_role role,
                                 const uint8_t *cascade, unsigned depth);

/* The bytes that a block of n words, at most CODEC_BLOCK, takes as BITPACK, FOR or DELTA, its part of the directory
 * included. */
size_t weft__packed_cost(const struct simd_codecs *codecs, enum weft_codec codec, const void *words, size_t n,
                         unsigned item, bool is_signed);

/* What takes several times the time of packing, a dictionary or split bytes, must save a twentieth. */
static inline bool codec_pays(uint64_t bytes, uint64_t instead) {
  return bytes + bytes / 20 < instead;
}

/* Values drawn from among others: how many, and how many distinct ones. What is said of the values not drawn goes by those
 * met at most CODEC_RARE times: how many they are, draws of them, ordered pairs of equal draws, and those met once and
 * twice. */
#define CODEC_RARE 10
struct codec_draw {
  uint64_t drawn, met, rare, rare_drawn, rare_pairs, once, twice;
};

/* Adds values of which each was drawn times[i] times; 0: it is none. */
void weft__draw_count(struct codec_draw *draw, const uint32_t *times, size_t n);

/* How many distinct values there are among n of which draw->drawn were drawn. */
uint64_t weft__draw_distinct(uint64_t n, const struct codec_draw *draw);

/* What values drawn from all over a stream say of it: how many distinct ones it has, and the bytes that these take. */
struct codec_guess {
  uint64_t distinct, bytes;
  bool unsure; /* more than a quarter of what was drawn was met once */
};

/* Draws `counted` of a stream's values, at most 2^15 and at most all. WEFT_E_NOMEM, WEFT_E_LIMIT. */
weft_status weft__draw_values(struct codec_out *out, const struct codec_values *values, size_t counted,
                              struct codec_guess *guess);

/* A cascade of AUTO alone. */
extern const uint8_t weft__codec_auto[WEFT_CODEC_DEPTH];

/* Opens the next stream of out, whose section begins at out->used; *node is its number. WEFT_E_SPACE: no stream is left. */
weft_status weft__codec_begin(struct codec_out *out, enum weft_codec codec, enum weft_role role, size_t item, uint32_t n,
                              unsigned children, unsigned *node);

/* Ends its section, before its parts are encoded. */
void weft__codec_end(struct codec_out *out, unsigned node);

/* Room for bytes more of the section at *room, undefined. WEFT_E_SPACE. */
weft_status weft__codec_room(struct codec_out *out, size_t bytes, uint8_t **room);

/* An encoder's memory, count times bytes and `more` bytes, undefined inside, for codec_free. WEFT_E_NOMEM, WEFT_E_LIMIT. */
static inline weft_status codec_alloc(weft_ctx *ctx, size_t count, size_t bytes, size_t more, void *out_pointer) {
  size_t whole;
  if (__builtin_mul_overflow(count, bytes, &whole) || __builtin_add_overflow(whole, more, &whole))
    whole = SIZE_MAX; /* which is refused */
  void *memory = weft_alloc(ctx, whole);
  memcpy(out_pointer, &memory, sizeof memory);
  return memory ? WEFT_OK : ((struct slab_cache *)ctx)->status;
}

/* Gives it back, NULL being none, at the end of what had that status. */
static inline weft_status codec_free(weft_ctx *ctx, void *memory, weft_status status) {
  weft_status freed = weft_free(ctx, memory);
  return status != WEFT_OK ? status : freed;
}

/* The XXH3 of bytes[n], its seed being another's or 0. */
static inline uint64_t codec_check(const struct simd_kernels *kernels, const void *bytes, size_t n, uint64_t seed) {
  uint64_t sum;
  kernels->xxh3_64_few(SIMD_POINTERS, &bytes, &n, 1, seed, &sum);
  return sum;
}

/* ---- Decoding ---- */

struct codec_node {
  uint8_t codec, role, depth, children;
  uint32_t item; /* bytes of a value; of strings 0 */
  uint32_t n;
  uint64_t offset; /* of its section in the encoding */
  uint64_t bytes;
  uint64_t check;
  const uint8_t *section;
  struct codec_node *child[CODEC_CHILDREN];
  void *state; /* of its codec, made by its start */
};

struct codec_in {
  weft_ctx *ctx;
  const struct simd_kernels *kernels;
  const struct simd_codecs *codecs;
  const char *who; /* for messages: the public call */
  uint64_t budget; /* bytes that may be allocated still */
  void *scratch;   /* what was allocated, a list */
  uint32_t reads;  /* that went before the present one: as many as the encoding is kept open for */
  const uint8_t *at;
  size_t bytes;
  enum weft_type type;
  uint32_t width;
  uint32_t rows;
  uint64_t data_bytes;
  enum codec_nulls nulls;
  unsigned n_nodes;
  struct codec_node nodes[WEFT_NODES];
  /* The column's own streams; NULL: it has none of that role. */
  struct codec_node *values, *validity, *zone_min, *zone_max, *zone_nulls;
};

/* Reads header and table of in->at[in->bytes] and checks them; the fields up to bytes are set by the caller. Any status
 * that weft_describe documents. */
weft_status weft__codec_open(struct codec_in *in);

/* Gives back what was allocated for in. Between open and close, streams may be read any number of times. */
void weft__codec_close(struct codec_in *in);

/* Makes a stream and its parts ready to be read: checks the shape of their sections. Once for a stream. */
weft_status weft__codec_start(struct codec_in *in, struct codec_node *node);

/* Puts values first .. first + n of a started stream of words (or of bytes of one width) at out[n]. */
weft_status weft__codec_read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out);

/* The same of values anywhere: out[i] = value rows[i]; every rows[i] is below node->n. */
weft_status weft__codec_pick(struct codec_in *in, struct codec_node *node, const uint32_t *rows, uint32_t n, void *out);

/* Memory until weft__codec_close, undefined inside, counted against in->budget. An encoding may be read any number of
 * times, and reads may fail, so each purpose asks for its memory once. WEFT_E_LIMIT, WEFT_E_NOMEM. */
weft_status weft__codec_scratch(struct codec_in *in, size_t count, size_t bytes, void *out_pointer);

/* WEFT_E_CORRUPT with a message: what is wrong at a byte of a stream's section. */
weft_status weft__codec_corrupt(struct codec_in *in, const struct codec_node *node, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Any status with a message. */
weft_status weft__codec_fail(weft_ctx *ctx, weft_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Strings one after another, in a section of STRINGS. Past them so many bytes may be read: the table comes behind all
 * sections, and has an entry of STRINGS and one of the ends. */
#define CODEC_AFTER_STRINGS (2 * CODEC_ENTRY_BYTES)
struct codec_text {
  const uint8_t *data;
  uint64_t bytes;
};

/* Strings first .. first + n of a started stream of STRINGS: string i from text->data[offsets[i]] to offsets[i + 1],
 * offsets[0] being 0. offsets[n + 1] of `width` bytes, 4 or 8: of 4, they are right where text->bytes is below 2^32. */
weft_status weft__strings_read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *offsets,
                               unsigned width, struct codec_text *text);

/* Holds a started stream of BITPACK, FOR or DELTA against what writers must do and reading does without: blocks without
 * gaps, places that ascend, no bit that says nothing. */
weft_status weft__packed_check(struct codec_in *in, const struct codec_node *node) __attribute__((cold));

/* Codes first .. first + n of a started stream of DICT, each below the number of values in its dictionary, child[0]. */
weft_status weft__dict_codes(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, uint32_t *codes);

/* ---- What a codec is to tree.c ---- */

/* Appends a stream of a codec, its parts too, which go by cascade[1 ..]. */
typedef weft_status codec_encode_fn(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                                    const uint8_t *cascade, unsigned depth);

struct codec_operations {
  codec_encode_fn *encode;
  /* Checks the shape of its section, of which the length is known to be within the encoding, and the number, the sizes and
   * the widths of its parts, which were started before; makes node->state. */
  weft_status (*start)(struct codec_in *in, struct codec_node *node);
  weft_status (*read)(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out);
};

codec_encode_fn weft__dict_encode; /* for dict.c */

extern const struct codec_operations weft__raw, weft__const, weft__bitpack, weft__for, weft__delta, weft__rle, weft__dict,
    weft__strings, weft__split;

#endif
