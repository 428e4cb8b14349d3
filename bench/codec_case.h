/* SPDX-License-Identifier: MIT
 *
 * One comparison of codecs: values that are cut into chunks, each encoded on its own, and contenders that encode or decode
 * them: contexts of weft's with a cascade or WEFT_CODEC_AUTO, and peers (codec_abi.h). Filled by bench_codec.c and its
 * siblings, measured by the frame.
 */
#ifndef BENCH_CODEC_CASE_H
#define BENCH_CODEC_CASE_H

#include "bench.h"
#include "codec_peers.h"
#include "codec_values.h"

#define MOST_SIDES 32

/* The whole program. */
struct program {
  struct bench *bench;
  const char *const *tables; /* [n_tables], the best one last */
  size_t n_tables;
  weft_ctx *ctx[WEFT_MAX_ISAS];
  struct codec_peers peers;
};

/* Where values come from and go to. */
enum memory {
  MEMORY_L1,    /* the same 16 KiB again and again */
  MEMORY_L2,    /* the same 256 KiB */
  MEMORY_CACHE, /* 64 times 16 KiB, one after another, into the same 16 KiB: of 1 MiB no predictor learns where runs end */
  MEMORY_DRAM,  /* 200 MB, or four times the last cache, by 256 KiB, and as much to write to */
  MEMORY_WHOLE, /* a column in chunks of 2^20 rows; whole jobs */
};
const char *memory_word(enum memory memory);

/* How many values of so many bytes a case of that memory takes, and after how many they may repeat themselves. */
size_t memory_rows(enum memory memory, size_t width);
size_t memory_period(enum memory memory, size_t width);

/* Who encodes or decodes: one of weft's contexts, or a peer. */
struct side {
  weft_ctx *ctx;
  struct weft_encode_options encode;
  struct weft_decode_options decode;
  const struct bench_codec_peer *peer; /* NULL: weft */
  const char *table;                   /* of weft; of a peer that is compiled with that table's flags, else NULL */
  bool best;                           /* weft: compared with all peers, and judged */
  size_t store;                        /* number of its encodings */
  weft_encoding **open;                /* [chunks] kept open, and read; NULL: each is decoded by a call that opens it */
};

/* Encodings of chunks by one codec; weft's are the same from every table. */
struct store {
  uint8_t *bytes;
  size_t *at, *size; /* [chunks]: at multiples of 64 */
};

struct codec_case {
  struct program *program;
  const struct values *v;
  enum memory memory;
  bool encode, in_calls; /* a unit is a call, not a value */
  size_t chunk_rows, chunks;
  size_t calls;  /* chunks in a piece */
  size_t stored; /* chunks that are encoded beforehand */
  size_t n, n_stores;
  struct side sides[MOST_SIDES];
  struct bench_contender contenders[MOST_SIDES];
  struct store stores[MOST_SIDES];
  uint8_t *texts;      /* strings as peers take them: chunk i at text_at(i); NULL: there are none */
  size_t most_encoded; /* most bytes that any side takes for a chunk while it encodes */
};

/* A case over v, which it does not own. */
void case_begin(struct codec_case *c, struct program *program, const struct values *v, enum memory memory, bool encode);

/* Adds a context of weft's with a cascade of codecs under that name; decoding options may be changed afterwards. Returns
 * its number; MOST_SIDES: the codecs do not take these values. */
size_t case_weft(struct codec_case *c, size_t table, const uint8_t codec[WEFT_CODEC_DEPTH], const char *name);

/* Adds every table, as "weft TABLE", with the same codecs, the best one marked; returns its number. */
size_t case_tables(struct codec_case *c, const uint8_t codec[WEFT_CODEC_DEPTH]);

/* Adds the best table once more, as "weft TABLE open": its encodings, which are few, are opened beforehand. */
void case_open(struct codec_case *c, const uint8_t codec[WEFT_CODEC_DEPTH]);

/* Adds a peer, compiled for a table or (NULL) for none in particular; nothing, if it does not take the values. */
void case_peer(struct codec_case *c, const struct bench_codec_peer *peer, const char *table);

/* Adds all peers of the program, or only memcpy and those of --peer, which are as fast: in a round all do equally much. */
void case_peers(struct codec_case *c, bool all);

/* Has the frame check, measure and print it: sides marked best beside all peers, others beside memcpy, and none beside
 * peers of another table; targets are those of codec_targets.h. Every contender's values are compared with those that
 * were given. */
void case_run(struct codec_case *c, const char *name);

/* Frees what belongs to the case. */
void case_end(struct codec_case *c);

/* Bytes that a side's encodings take, and the values as they are. */
size_t case_bytes(const struct codec_case *c, size_t side);
size_t case_raw_bytes(const struct codec_case *c);

/* weft's encoding of some rows by these options into dst; 0: its codecs do not take these values. Ends the program when
 * weft fails otherwise. */
size_t case_encode(weft_ctx *ctx, const struct values *v, size_t first, size_t n, const struct weft_encode_options *options,
                   void *dst, size_t room);

/* Ends the program, with what the context says. */
void case_die(const weft_ctx *ctx, const char *what) __attribute__((noreturn));

#define COLUMN_CHUNK ((size_t)1 << 20) /* rows of MEMORY_WHOLE */

/* codec_calls.c: partial blocks, and calls of one block. */
void run_calls(struct program *p);

/* codec_sizes.c: sizes and speeds of made columns and of those of codec_columns.c; the selector. */
void run_columns(struct program *p, const char *packages, const char *files);

#endif
